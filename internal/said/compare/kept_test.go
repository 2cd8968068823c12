package compare

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"parley/internal/said"
)

func saying(texts ...string) said.Statement {
	var st said.Statement
	for i, t := range texts {
		st.Items = append(st.Items, said.Item{Topic: strings.Repeat("T", i), Texts: []said.Said{{Lang: "en", Text: t}}})
	}
	return st
}

// TestKept: the same texts are compared once, whoever asks and at whatever moment;
// another text, or another thing known, is another comparison.
func TestKept(t *testing.T) {
	k := new(Kept)
	ours, theirs := saying("The lane is open.", "12 ships pass."), saying("The lane is shut.", "14 ships pass.")
	known := Known{Us: "alder", Them: "birch", Wordings: [][]said.Said{{{Lang: "en", Text: "The lane is open to all."}}}}
	want := Compare(ours, theirs, known)
	if len(want.Marks) < 2 {
		t.Fatalf("the texts differ in nothing: %+v", want)
	}
	var wg sync.WaitGroup
	got := make([]Report, 16)
	for i := range got {
		wg.Go(func() { got[i] = k.Compare(ours, theirs, known) })
	}
	wg.Wait()
	for _, r := range got {
		if !reflect.DeepEqual(r, want) {
			t.Errorf("%+v, want %+v", r, want)
		}
		if &r.Marks[0] != &got[0].Marks[0] {
			t.Error("it was compared again")
		}
	}
	again := func(what string, o, th said.Statement, kn Known) {
		t.Helper()
		n := len(k.by)
		if r := k.Compare(o, th, kn); len(k.by) != n+1 || !reflect.DeepEqual(r, Compare(o, th, kn)) {
			t.Errorf("%s: it is taken for what was compared before: %+v", what, r)
		}
	}
	again("turned around", theirs, ours, known)
	again("another word", saying("The lane is open!", "12 ships pass."), theirs, known)
	other := known
	other.Facts.Initiator = "birch"
	again("other facts", ours, theirs, other)
	other = known
	other.Wordings = nil
	again("no wordings", ours, theirs, other)

	if got, want := k.Wordings(&ours, known), Wordings(&ours, known); len(got) != len(want) || len(want) == 0 || got[0].State != want[0].State || !reflect.DeepEqual(got[0].Lit, want[0].Lit) {
		t.Errorf("%+v, want %+v", got, want)
	}
	a, b := k.Words("en", "The lane is open.", "The lane is not open.")
	if x, y := Words("en", "The lane is open.", "The lane is not open."); !reflect.DeepEqual([2][]Span{a, b}, [2][]Span{x, y}) {
		t.Errorf("%v %v, want %v %v", a, b, x, y)
	}
	if r := (*Kept)(nil).Compare(ours, theirs, known); !reflect.DeepEqual(r, want) {
		t.Errorf("without keeping: %+v", r)
	}
}

// TestKeptIsBounded: what is kept stays within its bound, and the newest is kept.
func TestKeptIsBounded(t *testing.T) {
	k := new(Kept)
	ours := saying("One.")
	for i := range 2 * maxKept / 2_000 {
		k.Compare(ours, saying(strings.Repeat("x", i+1)), Known{})
	}
	if k.held > maxKept || len(k.by) != len(k.order) || len(k.by) < maxKept/2_100/2 {
		t.Errorf("%d findings of weight %d, %d in order", len(k.by), k.held, len(k.order))
	}
	n := len(k.by)
	if k.Compare(ours, saying(strings.Repeat("x", 2*maxKept/2_000)), Known{}); len(k.by) != n {
		t.Error("the newest is not kept")
	}
	sum := 0
	for _, f := range k.by {
		sum += f.weight
	}
	if sum != k.held {
		t.Errorf("the weights are %d, and counted as %d", sum, k.held)
	}
}
