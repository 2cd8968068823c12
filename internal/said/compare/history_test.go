package compare

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
)

// line is what two parties wrote, an hour apart each.
type line struct {
	entries []contact.Entry
	n       map[parley.PartyCode]uint64
	now     time.Time
}

func (l *line) write(p parley.PartyCode, f form.Form, refs ...parley.Ref) parley.Ref {
	if err := f.Check(); err != nil {
		panic(err)
	}
	var gen parley.GenerationID
	gen[0] = p[0]
	ref := parley.Ref{Gen: gen, Index: l.n[p]}
	l.n[p]++
	l.now = l.now.Add(time.Hour)
	to := []parley.PartyCode{"birch"}
	if p == "birch" {
		to[0] = "alder"
	}
	l.entries = append(l.entries, contact.Entry{Ref: ref, Party: p, To: to, Refs: refs, Form: f, Time: l.now})
	return ref
}

func (l *line) opens(p parley.PartyCode, r parley.Ref) {
	l.write(p, &form.Opened{Wording: parley.ReceiptWording, Time: uint64(l.now.Unix()) / 60 * 60}, r)
}

func (l *line) history(topic string) []Public {
	cb, told := l.books()
	return History(topic, told, cb)
}

func (l *line) books() (*contact.Book, *said.Book) {
	cb := contact.Fold(l.entries)
	of := map[parley.Ref]said.Of{}
	for _, c := range cb.Contacts {
		for _, t := range c.Terms {
			of[t.Ref] = said.Of{Contact: c.Ref(), Parties: c.Parties}
		}
	}
	es := make([]said.Entry, len(l.entries))
	for i, e := range l.entries {
		es[i] = said.Entry(e)
	}
	return cb, said.Fold(es, func(r parley.Ref) (said.Of, bool) { x, ok := of[r]; return x, ok })
}

func of(topic, en, zh string) *said.Statement {
	return &said.Statement{Items: []said.Item{{Texts: []said.Said{{Lang: "en", Text: "They spoke."}, {Lang: "zh", Text: "双方通话。"}}}, {Topic: topic, Texts: []said.Said{{Lang: "en", Text: en}, {Lang: "zh", Text: zh}}}}}
}

// published is a line on which much was said of the corridor.
func published() *line {
	l := &line{n: map[parley.PartyCode]uint64{}, now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	at := func() uint64 { return uint64(l.now.Add(time.Hour).Unix()) }
	w := uint64(l.now.Add(48 * time.Hour).Unix())
	root := l.write("alder", &contact.Request{Level: contact.Minister, Topics: []string{"Rescue corridor", "Barges"}, Windows: []contact.Window{{Start: w, End: w + 3600}}})
	line := l.write("alder", &contact.Point{Kind: contact.Announcement, Step: contact.Propose, Text: "The ministers will speak."}, root)
	l.write("birch", &contact.Point{Kind: contact.Announcement, Step: contact.Agree}, root, line)
	l.write("birch", &contact.Point{Kind: contact.Announcement, Step: contact.Propose, Text: "Never agreed."}, root)
	l.write("alder", &said.Published{Statement: of("Rescue corridor", "The corridor protects energy and infrastructure.", "走廊保护能源和基础设施。"), At: at(), Where: "https://alder.example/1"}, root)
	l.write("birch", &said.Published{Statement: of("Rescue corridor", "Birch noted the corridor.", "桦方注意到走廊。"), At: at()}, root)
	own := l.write("alder", &said.Published{Statement: of("rescue corridor", "The corridor protects energy infrastructure.", "走廊保护能源基础设施。"), At: at()}, root)
	l.write("alder", &said.Published{Statement: of("Rescue corridor", "The corridor protects all energy infrastructure.", "走廊保护能源基础设施。"), At: at(), Text: "a word was missing"}, root, own)
	l.write("alder", &said.Published{Statement: of("Barges", "Barges wait.", "驳船等候。"), At: at()}, root)
	text := of("Rescue corridor", "The corridor is open to all.", "走廊向各方开放。")
	joint := l.write("birch", &said.Joint{Step: said.Offer, Statement: text}, root)
	signed := l.write("alder", &said.Joint{Step: said.Sign, Statement: text}, root, joint)
	l.opens("alder", joint)
	l.opens("birch", signed)
	l.write("birch", &said.Published{Kind: said.JointStatement, At: at()}, root, joint)
	l.write("alder", &said.Published{Kind: said.JointStatement, At: at()}, root, joint)
	ask := l.write("alder", &contact.Ask{Sort: contact.Clarification, Topic: "Rescue corridor", Text: "Is it meant?", Quote: "The corridor is closed.", Source: "a newspaper", Said: "2026-11-20"})
	l.write("birch", &contact.Answer{Outcome: contact.NotAuthoritative}, ask)
	l.write("alder", &contact.Ask{Sort: contact.Question, Topic: "Rescue corridor", Text: "Who guards it?"})
	return l
}

// TestHistory: all that was said in public of a topic stands in the order in which
// it was said, each beside what its side said before, with the words lit.
func TestHistory(t *testing.T) {
	var got []string
	list := published().history("Rescue corridor")
	for _, p := range list {
		s := fmt.Sprintf("%s %v %q", p.Manner, p.By, p.Texts[0].Text)
		for _, c := range p.Changes {
			s += fmt.Sprintf(" [%d %s %q %q]", p.Before, c.Lang, cut(list[p.Before].Text(c.Lang), c.Was), cut(p.Text(c.Lang), c.Now))
		}
		got = append(got, s)
	}
	want := []string{
		`clarification [birch] "The corridor is closed."`,
		`announcement [alder birch] "The ministers will speak."`,
		`readout [alder] "The corridor protects energy and infrastructure."`,
		`readout [birch] "Birch noted the corridor."`,
		`readout [alder] "The corridor protects energy infrastructure." [2 en ["and"] []] [2 zh ["和"] []]`,
		`correction [alder] "The corridor protects all energy infrastructure." [4 en [] ["all"]] [4 zh [] []]`,
		`joint [alder birch] "The corridor is open to all."`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the history is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if a := list[0].Asked; a == nil || a.Answers["birch"] == nil {
		t.Error("the clarification has no answer")
	}
	if list := published().history("Barges"); len(list) != 2 || list[0].Manner != Announcement || list[1].Text("zh") != "驳船等候。" {
		t.Errorf("of the other topic: %+v", list)
	}
	if list := published().history("Nothing"); len(list) != 0 {
		t.Errorf("of nothing: %+v", list)
	}
}

// TestHistoryIsOfTheSet: it is the same whatever the order in which entries came.
func TestHistoryIsOfTheSet(t *testing.T) {
	l := published()
	want := l.history("Rescue corridor")
	slices.Reverse(l.entries)
	got := l.history("Rescue corridor")
	for i := range want {
		want[i].Entry, got[i].Entry, want[i].Asked, got[i].Asked = nil, nil, nil, nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("backwards it is\n%+v\nwant\n%+v", got, want)
	}
}

// TestHistoryIsBounded: of very many statements the newest are listed, and what is
// laid side by side is laid so once.
func TestHistoryIsBounded(t *testing.T) {
	l := &line{n: map[parley.PartyCode]uint64{}, now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	w := uint64(l.now.Add(48 * time.Hour).Unix())
	root := l.write("alder", &contact.Request{Level: contact.Minister, Topics: []string{"Grain"}, Windows: []contact.Window{{Start: w, End: w + 3600}}})
	const more = 7
	for i := range maxPublic + more {
		l.write("birch", &said.Published{Statement: of("Grain", fmt.Sprintf("Birch sends %d ships.", i), "桦方派船。"), At: uint64(l.now.Unix())}, root)
	}
	list := l.history("Grain")
	if len(list) != maxPublic {
		t.Fatalf("%d statements are listed, want %d", len(list), maxPublic)
	}
	if first, last := list[0], list[len(list)-1]; first.Text("en") != fmt.Sprintf("Birch sends %d ships.", more) || first.Before != -1 || last.Text("en") != fmt.Sprintf("Birch sends %d ships.", maxPublic+more-1) || last.Before != maxPublic-2 || len(last.Changes[0].Now) != 1 {
		t.Errorf("it begins with %+v and ends with %+v", first, last)
	}
	looked, kept := 0, new(Kept)
	words := func(lang, a, b string) ([]Span, []Span) { looked++; return kept.Words(lang, a, b) }
	cb, told := l.books()
	if once := history("Grain", told, cb, words); !reflect.DeepEqual(once, list) || looked != 2*(maxPublic-1) {
		t.Errorf("%d pairs of texts were compared", looked)
	}
	n := len(kept.by)
	if twice := kept.History("Grain", told, cb); !reflect.DeepEqual(twice, list) || len(kept.by) != n {
		t.Errorf("the same was compared again: %d findings, then %d", n, len(kept.by))
	}
}
