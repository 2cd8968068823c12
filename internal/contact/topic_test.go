package contact

import (
	"testing"
	"time"

	"parley"
)

// TestEscalation: a topic rises from level to level, with the time at each, and
// does not fall by a request at a lower one. Exercises leave no trace.
func TestEscalation(t *testing.T) {
	w := newWorld(1, 2)
	ask := func(l Level, topics ...string) {
		r := w.request()
		r.Level, r.Topics = l, topics
		w.write("alder", r)
		w.now = w.now.Add(48 * time.Hour)
	}
	ask(Working, "strait")
	ask(Working, "strait", "grain")
	ask(Minister, "strait")
	ask(Commander, "strait")
	ask(Leader, "strait")
	for i := range w.logs["alder"] {
		if i == 1 {
			w.logs["alder"][i].Exercise = "QUIET HARBOUR"
		}
	}
	b := Fold(w.all())
	if len(b.Topics) != 1 || b.Topics[0].Name != "strait" {
		t.Fatalf("topics: %+v", b.Topics)
	}
	got := b.Topics[0].Levels
	if len(got) != 3 || got[0].Level != Working || got[1].Level != Minister || got[2].Level != Leader {
		t.Fatalf("levels: %+v", got)
	}
	if d := got[0].Until.Sub(got[0].From.Time); d != 96*time.Hour || !got[2].Until.IsZero() {
		t.Errorf("it was %s at the working level, and is still at the highest: %v", d, got[2].Until)
	}
}

// TestQuestionsStayOpen until each party that was asked has answered; the newest
// answer and stance of a side count.
func TestQuestionsStayOpen(t *testing.T) {
	w := newWorld(1, 3)
	q := w.write("alder", &Ask{Sort: Question, Topic: "strait", Text: "Who guards it?"})
	w.write("birch", &Answer{Outcome: Reserved}, q)
	w.now = w.now.Add(50 * time.Hour)
	a := Fold(w.all()).Topics[0].Asks[0]
	if open := a.Open(); len(open) != 1 || open[0] != "cedar" || a.Days(w.now) != 2 {
		t.Errorf("open for %v, %d days", open, a.Days(w.now))
	}
	w.write("birch", &Answer{Outcome: Answered, Text: "We do"}, q)
	w.write("cedar", &Answer{Outcome: Accepted}, q) // of a demand, and counts for nothing
	w.write("alder", &Answer{Outcome: Refused}, q)  // nobody answers himself
	w.write("birch", &Stance{Topic: "strait", Stand: Contested})
	w.write("birch", &Stance{Topic: "strait", Stand: Cooperate})
	x := Fold(w.all()).Topics[0]
	if got := x.Asks[0].Answers["birch"].Form.(*Answer).Outcome; got != Answered || len(x.Asks[0].Open()) != 1 || x.Asks[0].Answers["alder"] != nil {
		t.Errorf("birch has %s, open for %v", got, x.Asks[0].Open())
	}
	if got := x.Stance("birch").Form.(*Stance).Stand; got != Cooperate || x.Stance("alder") != nil {
		t.Errorf("birch stands %s", got)
	}
}

// TestRequestsWithoutEnd: who asks very often keeps nobody who reads the book busy for
// long, and a request of the other side still crosses one of his.
func TestRequestsWithoutEnd(t *testing.T) {
	const requests = 40_000
	ask := func(gen byte, i int, by, to parley.PartyCode) Entry {
		return Entry{Ref: parley.Ref{Gen: parley.GenerationID{gen}, Index: uint64(i)}, Party: by, To: []parley.PartyCode{to}, Time: time.Unix(1_790_000_000, 0),
			Form: &Request{Topics: []string{"Grain"}, Windows: []Window{{Start: 1, End: 2}}}}
	}
	var es []Entry
	for i := range requests {
		es = append(es, ask(2, i, "birch", "alder"))
	}
	es = append(es, ask(1, 0, "alder", "birch"))
	began := time.Now()
	b := Fold(es)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("%d requests took %v", requests, d)
	}
	crossed := 0
	for _, c := range b.Contacts {
		if c.Other != nil {
			crossed++
		}
	}
	if len(b.Contacts) != requests+1 || crossed != 2 {
		t.Errorf("%d contacts, %d of them crossed", len(b.Contacts), crossed)
	}
	for i := range es[:requests] { // all of them in the place of ours
		es[i].Refs, es[i].To = []parley.Ref{es[requests].Ref}, nil
	}
	began = time.Now()
	b = Fold(es)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("%d offers took %v", requests, d)
	}
	if len(b.Contacts) != 1 || len(b.Contacts[0].Open) != requests {
		t.Errorf("%d contacts, the first with %d open offers", len(b.Contacts), len(b.Contacts[0].Open))
	}
}
