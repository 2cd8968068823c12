package own

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley"
)

func items(text string) []ReadoutItem {
	return []ReadoutItem{{Texts: []ReadoutTongue{{Lang: "en", Text: text}}}}
}

// TestReadouts: every change is a version of its own, drafted again; other hands
// than the author's review and approve; what is approved keeps its bytes.
func TestReadouts(t *testing.T) {
	f := newFixture(t)
	line := parley.LineID{7}
	ada, bo, cy := f.officer(t, "Ada Marsh").ID, f.officer(t, "Bo Lind").ID, f.officer(t, "Cy Reed").ID
	save := func(seen, by int64, text string) (Readout, error) {
		return f.SaveReadout(Readout{Line: line, Contact: "c", Version: seen, Author: by, ReadoutText: ReadoutText{Items: items(text)}})
	}
	if _, err := f.Readout(line, "c", 0); parley.KindOf(err) != parley.NotFound {
		t.Errorf("none yet: %v", err)
	}
	one, err := save(0, ada, "They spoke of grain.")
	ok(t, err)
	if one.Version != 1 || one.State != ReadoutDrafted {
		t.Errorf("%+v", one)
	}
	if _, err := save(0, bo, "x"); parley.KindOf(err) != parley.Conflict {
		t.Errorf("saved over what was not seen: %v", err)
	}
	if _, err := f.ReviewReadout(line, "c", 1, ada); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("reviewed by its author: %v", err)
	}
	if _, err := f.ApproveReadout(line, "c", 1, cy, []byte("s")); parley.KindOf(err) != parley.Conflict {
		t.Errorf("approved before it was reviewed: %v", err)
	}
	_, err = f.ReviewReadout(line, "c", 1, bo)
	ok(t, err)
	if _, err := f.ReviewReadout(line, "c", 1, cy); parley.KindOf(err) != parley.Conflict {
		t.Errorf("reviewed twice: %v", err)
	}
	if _, err := f.ApproveReadout(line, "c", 1, ada, []byte("s")); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("approved by its author: %v", err)
	}
	_, err = f.ApproveReadout(line, "c", 1, cy, []byte("what is shown"))
	ok(t, err)
	f.reopen(t)
	got, err := f.Readout(line, "c", 0)
	ok(t, err)
	if got.State != ReadoutApproved || got.Reviewer != bo || got.Approver != cy || string(got.Statement) != "what is shown" || got.Items[0].Texts[0].Text != "They spoke of grain." {
		t.Errorf("%+v", got)
	}
	two, err := save(1, bo, "They spoke of fish.")
	ok(t, err)
	if two.State != ReadoutDrafted || two.Version != 2 {
		t.Errorf("an edit leaves it %+v", two)
	}
	if _, err := f.ReviewReadout(line, "c", 1, bo); parley.KindOf(err) != parley.Conflict {
		t.Errorf("an older version is reviewed: %v", err)
	}
	_, err = f.ReviewReadout(line, "c", 2, ada)
	ok(t, err)
	back, err := f.ReturnReadout(line, "c", 2, "say which fish")
	ok(t, err)
	if back.State != ReadoutDrafted || back.Note != "say which fish" || back.Reviewer != 0 {
		t.Errorf("returned: %+v", back)
	}
	if old, err := f.Readout(line, "c", 1); err != nil || old.State != ReadoutApproved {
		t.Errorf("the first version: %+v, %v", old, err)
	}
	all, err := f.Readouts(line, "c")
	ok(t, err)
	if len(all) != 2 || all[0].Version != 2 {
		t.Errorf("%d versions", len(all))
	}
	if other, err := f.Readouts(parley.LineID{8}, "c"); err != nil || len(other) != 0 {
		t.Errorf("of another line: %v, %v", other, err)
	}
}

// TestBonds: what was bound is there again after a start, sealed, and once.
func TestBonds(t *testing.T) {
	f := newFixture(t)
	ada := f.officer(t, "Ada Marsh").ID
	b := Bond{Line: parley.LineID{7}, Contact: "c", Commitment: [32]byte{1}, Version: 1, Officer: ada, Manual: true, BondText: BondText{Nonce: []byte("nonce of thirty two"), Statement: []byte("they spoke of 3 fish")}}
	_, err := f.Bind(b)
	ok(t, err)
	if _, err := f.Bind(b); err == nil {
		t.Error("one commitment is bound twice")
	}
	b.Commitment[0] = 2
	_, err = f.Bind(b)
	ok(t, err)
	f.reopen(t)
	got, err := f.Bonds(b.Line, "c")
	ok(t, err)
	if len(got) != 2 || got[0].Commitment[0] != 2 || !got[0].Manual || string(got[1].Statement) != "they spoke of 3 fish" || string(got[1].Nonce) != "nonce of thirty two" || got[1].At.IsZero() {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{f.path, f.path + "-wal"} {
		if raw, err := os.ReadFile(name); err == nil && (bytes.Contains(raw, []byte("they spoke of 3 fish")) || bytes.Contains(raw, []byte("nonce of thirty"))) {
			t.Errorf("%s shows what is sealed", name)
		}
	}
}

// TestWasRaised: an alarm is known by line, code and item, silenced or not.
func TestWasRaised(t *testing.T) {
	f := newFixture(t)
	_, _, err := f.Raise(Alarm{Line: parley.LineID{7}, Peer: "birch", Code: "draft-here", Item: "x"}, false)
	ok(t, err)
	for _, c := range []struct {
		line byte
		code string
		item string
		want bool
	}{{7, "draft-here", "x", true}, {7, "draft-here", "y", false}, {7, "embargo-over", "x", false}, {8, "draft-here", "x", false}} {
		if got, err := f.WasRaised(parley.LineID{c.line}, c.code, c.item); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
}

// TestOurWords: the texts of memcons and notes of a line, and of no other, each under
// a name of its own; what a version said, and what another hand wrote over, among them.
func TestOurWords(t *testing.T) {
	f := newFixture(t)
	ada, ben := f.officer(t, "Ada Marsh").ID, f.officer(t, "Ben").ID
	line := parley.LineID{7}
	m, err := f.AddMemcon(Memcon{Line: line, About: "c", Author: ada, MemconHead: MemconHead{Title: "a title"}, Text: "first"}, nil)
	ok(t, err)
	m, err = f.SaveMemcon(m.Key, m.Rev, ben, m.MemconHead, "second", nil) // over what Ada wrote
	ok(t, err)
	cleo := f.officer(t, "Cleo").ID
	m, err = f.SubmitMemcon(m.Key, m.Rev, cleo)
	ok(t, err)
	m, err = f.ReviewMemcon(m.Key, m.Rev, cleo)
	ok(t, err)
	m, err = f.SaveMemcon(m.Key, m.Rev, ada, MemconHead{Title: "a title", Reason: "r"}, "third", nil)
	ok(t, err)
	_, err = f.AddMemcon(Memcon{Line: parley.LineID{8}, About: "c", Author: ada, Text: "of another line"}, nil)
	ok(t, err)
	gone, err := f.AddMemcon(Memcon{Line: line, About: "c", Author: ada, Text: "discarded"}, nil)
	ok(t, err)
	ok(t, f.DiscardMemcon(gone.Key, gone.Rev))
	for _, text := range []string{"old", "newer", "newest"} {
		_, err = f.AddMemNote(MemNote{Line: line, About: "c", Officer: ada, Text: text})
		ok(t, err)
	}
	_, err = f.GiveMemNotes(line, "c", ada, ben)
	ok(t, err)
	got, err := f.OurWords(line, 2)
	ok(t, err)
	again, err := f.OurWords(line, 2)
	ok(t, err)
	if len(got) != 3 || !reflect.DeepEqual(got, again) {
		t.Fatalf("%+v, then %+v", got, again)
	}
	names := map[string]bool{}
	for _, x := range got {
		names[x.Name] = true
		if x.Key != "" && strings.Contains(x.Name, x.Key) {
			t.Errorf("the name %s tells the key", x.Name)
		}
	}
	x := got[0]
	if len(names) != 3 || x.Key != m.Key || !slices.Equal(x.Passed, []string{"a title", "second"}) || !slices.Equal(x.Draft, []string{"a title", "third", "a title", "first"}) {
		t.Errorf("the memcon: %+v", x)
	}
	if x := got[1]; x.Key != "" || !slices.Equal(x.Draft, []string{"newest"}) || !slices.Equal(x.Hands, []int64{ada, ben}) || got[2].Draft[0] != "newer" {
		t.Errorf("the notes: %+v", got[1:])
	}
}
