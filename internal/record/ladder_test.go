package record

import (
	"testing"
	"time"

	"parley"
	"parley/internal/form"
)

func TestLadder(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	ours := parley.Ref{Gen: parley.GenerationID{1}, Index: 7}
	theirs := func(i uint64) parley.Ref { return parley.Ref{Gen: parley.GenerationID{2}, Index: i} }
	refer := func(i uint64, party parley.PartyCode, h form.Header, f form.Form) Referrer {
		h.Form, h.From = f.Name(), parley.Watch
		if h.Refs == nil {
			h.Refs = []parley.Ref{ours}
		}
		return Referrer{Ref: theirs(i), Party: party, Header: &h, Form: f, At: at(1000 + int64(i))}
	}
	answer := form.Header{Marker: parley.Answer}
	promises := func(_ parley.PartyCode, r parley.Rung) bool { return r == parley.Opened || r == parley.Answered }
	base := func() LadderInput {
		return LadderInput{Ref: ours, Writer: "alder", Header: &form.Header{Form: "dispatch"}, Filed: at(10), Released: at(20), Reader: "birch",
			Stored: []Stored{{"birch", 9, at(40)}, {"birch", 8, at(30)}, {"birch", 7, at(5)}, {"cedar", 8, at(1)}}, Promises: promises}
	}
	for _, c := range []struct {
		name   string
		change func(*LadderInput)
		want   [7]int64 // seconds of each rung, 0: not reached
	}{
		{"stored by the first receipt over it", func(*LadderInput) {}, [7]int64{10, 20, 30}},
		{"waiting", func(in *LadderInput) { in.Released, in.Stored = time.Time{}, nil }, [7]int64{10}},
		{"climbed", func(in *LadderInput) {
			in.Later = []Referrer{refer(1, "birch", form.Header{}, &form.Opened{Time: 60}), refer(2, "birch", form.Header{}, &form.Opened{Time: 120}),
				refer(3, "birch", form.Header{}, &form.Translated{Time: 180}), refer(4, "birch", form.Header{}, &form.Informed{Time: 240}), refer(5, "birch", answer, &form.Dispatch{})}
		}, [7]int64{10, 20, 30, 60, 180, 240, 1005}},
		{"another party's words", func(in *LadderInput) {
			in.Later = []Referrer{refer(1, "cedar", form.Header{}, &form.Opened{Time: 60}), refer(2, "alder", form.Header{}, &form.Opened{Time: 60})}
		}, [7]int64{10, 20, 30}},
		{"an exercise's words about what is real", func(in *LadderInput) {
			in.Later = []Referrer{refer(1, "birch", form.Header{Exercise: "NORTH"}, &form.Opened{Time: 60})}
		}, [7]int64{10, 20, 30}},
		{"a dispatch that only cites it", func(in *LadderInput) {
			in.Later = []Referrer{refer(1, "birch", form.Header{Marker: parley.Information}, &form.Dispatch{})}
		}, [7]int64{10, 20, 30}},
		{"an answer to another that cites it", func(in *LadderInput) {
			in.Later = []Referrer{refer(1, "birch", form.Header{Marker: parley.Answer, Refs: []parley.Ref{{Index: 1}, ours}}, &form.Dispatch{})}
		}, [7]int64{10, 20, 30}},
		{"a body that is not opened", func(in *LadderInput) {
			r := refer(1, "birch", form.Header{}, &form.Opened{Time: 60})
			r.Form = nil
			in.Later = []Referrer{r}
		}, [7]int64{10, 20, 30}},
	} {
		in := base()
		c.change(&in)
		got := Ladder(in)
		for i, want := range c.want {
			if s := got[i].At.Unix(); want != 0 && s != want || want == 0 && !got[i].At.IsZero() {
				t.Errorf("%s: %s at %v, want %d", c.name, got[i].Rung, got[i].At, want)
			}
			if got[i].At.IsZero() != (got[i].By == "") {
				t.Errorf("%s: %s at %v by %q", c.name, got[i].Rung, got[i].At, got[i].By)
			}
		}
	}
	rungs := Ladder(base())
	if r, ok := Outstanding(rungs); !ok || r != parley.Opened {
		t.Errorf("outstanding: %v, %v", r, ok)
	}
	if Overdue(rungs, 10*time.Second, at(30)) || !Overdue(rungs, 10*time.Second, at(31)) {
		t.Error("overdue is not from the objective on")
	}
}
