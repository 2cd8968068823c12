package own

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
)

func (f *fixture) memcon(t *testing.T, author int64, text string, notes ...int64) Memcon {
	t.Helper()
	m, err := f.AddMemcon(Memcon{Line: line1, About: "a:1", Author: author, MemconHead: MemconHead{Title: "Call", Language: "en"}, Text: text}, notes)
	ok(t, err)
	return m
}

// TestMemcon goes the whole way of a memcon: notes, draft, review, correction.
func TestMemcon(t *testing.T) {
	f := newFixture(t)
	ada, ben, cleo := f.officer(t, "Ada").ID, f.officer(t, "Ben").ID, f.officer(t, "Cleo").ID
	note := func(by int64, text string) int64 {
		n, err := f.AddMemNote(MemNote{Line: line1, About: "a:1", Officer: by, Text: text})
		ok(t, err)
		return n.ID
	}
	own, lent, kept := note(ada, "He asked for time"), note(ben, "Until Monday"), note(cleo, "Not for Ada")
	_, err := f.AddMemcon(Memcon{Line: line1, About: "a:1", Author: ada, MemconHead: MemconHead{Title: "Call"}}, []int64{own, lent})
	refused(t, err, parley.Conflict) // Ben has not given it
	if n, err := f.GiveMemNotes(line1, "a:1", ben, ada); err != nil || n != 1 {
		t.Fatalf("given %d, %v", n, err)
	}
	_, err = f.AddMemcon(Memcon{Line: line1, About: "a:1", Author: ada, MemconHead: MemconHead{Title: "Call"}}, []int64{kept})
	refused(t, err, parley.Conflict)
	m := f.memcon(t, ada, "He asked for time until Monday.", own, lent)
	if len(m.Key) != 16 || m.Rev != 1 || m.State != MemconDraft {
		t.Errorf("begun %+v", m)
	}
	_, err = f.SaveMemcon(m.Key, 1, ada, m.MemconHead, m.Text, []int64{own})
	refused(t, err, parley.Conflict) // merged already
	f.reopen(t)
	notes, err := f.MemNotes(line1, "a:1", ada)
	ok(t, err)
	if len(notes) != 2 || notes[0].Text != "He asked for time" || notes[0].Memcon != m.ID || notes[1].Memcon != m.ID {
		t.Errorf("notes %+v", notes)
	}

	_, err = f.SubmitMemcon(m.Key, 1, ada)
	refused(t, err, parley.NotAllowed)
	m, err = f.SubmitMemcon(m.Key, 1, ben)
	ok(t, err)
	_, err = f.ReviewMemcon(m.Key, m.Rev, cleo)
	refused(t, err, parley.NotAllowed)
	_, err = f.ReviewMemcon(m.Key, m.Rev-1, ben)
	refused(t, err, parley.Conflict)
	m, err = f.ReturnMemcon(m.Key, m.Rev, ben, "Which Monday?")
	ok(t, err)
	if m.State != MemconReturned || m.Note != "Which Monday?" {
		t.Errorf("returned %+v", m)
	}
	_, err = f.ReviewMemcon(m.Key, m.Rev, ben)
	refused(t, err, parley.Conflict)
	m, err = f.SaveMemcon(m.Key, m.Rev, ada, m.MemconHead, "He asked for time until Monday 30.", nil)
	ok(t, err)
	m, err = f.SubmitMemcon(m.Key, m.Rev, ben)
	ok(t, err)
	if w, err := f.MemconsWaiting(ben); err != nil || len(w) != 1 || w[0].Text != "" || w[0].Title != "Call" {
		t.Errorf("waiting for Ben: %+v, %v", w, err)
	}
	m, err = f.ReviewMemcon(m.Key, m.Rev, ben)
	ok(t, err)
	if m.State != MemconReviewed || m.Version != 1 || m.Note != "" {
		t.Errorf("reviewed %+v", m)
	}
	_, err = f.SubmitMemcon(m.Key, m.Rev, cleo)
	refused(t, err, parley.Conflict)
	refused(t, f.DiscardMemcon(m.Key, m.Rev), parley.Conflict)

	// A correction leaves the first version as it was.
	h := m.MemconHead
	h.Reason = "It was Tuesday."
	m, err = f.SaveMemcon(m.Key, m.Rev, ada, h, "He asked for time until Tuesday.", nil)
	ok(t, err)
	m, err = f.SubmitMemcon(m.Key, m.Rev, cleo)
	ok(t, err)
	m, err = f.ReviewMemcon(m.Key, m.Rev, cleo)
	ok(t, err)
	vs, err := f.MemconVersions(m.ID)
	ok(t, err)
	if len(vs) != 2 || vs[0].Number != 1 || vs[0].Reviewer != ben || vs[1].Number != 2 || vs[1].Reviewer != cleo || vs[1].Reason != "It was Tuesday." || vs[0].Text != "" {
		t.Fatalf("versions %+v", vs)
	}
	first, err := f.MemconVersion(m.ID, vs[0].ID)
	ok(t, err)
	if first.Text != "He asked for time until Monday 30." || m.Text != "He asked for time until Tuesday." {
		t.Errorf("first %q, now %q", first.Text, m.Text)
	}
	_, err = f.MemconVersion(m.ID+1, vs[0].ID)
	refused(t, err, parley.NotFound)
	// Who reviewed reads it.
	rs, err := f.MemconReaders(m.ID)
	ok(t, err)
	if len(rs) != 2 || rs[0].Officer != ben || rs[1].Officer != cleo || rs[0].Rights != MayRead {
		t.Errorf("readers %+v", rs)
	}
	_, err = f.Memcon("none")
	refused(t, err, parley.NotFound)
}

// TestMemconTwoHands: of two who change one text at once the second is refused, and
// when he writes over it after all the first one's text is kept.
func TestMemconTwoHands(t *testing.T) {
	f := newFixture(t)
	ada, ben := f.officer(t, "Ada").ID, f.officer(t, "Ben").ID
	m := f.memcon(t, ada, "begun")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, errs[i] = f.SaveMemcon(m.Key, m.Rev, ada, m.MemconHead, fmt.Sprint("text ", i), nil)
		}()
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			refused(t, err, parley.Conflict)
		}
	}
	now, err := f.Memcon(m.Key)
	ok(t, err)
	if won != 1 || now.Rev != m.Rev+1 {
		t.Errorf("%d of 8 saved, rev %d", won, now.Rev)
	}
	over, err := f.SaveMemcon(m.Key, now.Rev, ben, now.MemconHead, "Ben's", nil)
	ok(t, err)
	vs, err := f.MemconVersions(m.ID)
	ok(t, err)
	if len(vs) != 1 || vs[0].Number != 0 || vs[0].Officer != ada {
		t.Fatalf("versions %+v", vs)
	}
	if v, err := f.MemconVersion(m.ID, vs[0].ID); err != nil || v.Text != now.Text {
		t.Errorf("kept %q, %v; it was %q", v.Text, err, now.Text)
	}
	same, err := f.SaveMemcon(m.Key, over.Rev, ada, over.MemconHead, over.Text, nil)
	ok(t, err)
	if same.Rev != over.Rev {
		t.Error("a change of nothing is a change")
	}
	_, err = f.SubmitMemcon(m.Key, over.Rev, ben)
	refused(t, err, parley.NotAllowed) // he wrote on it
	for i := range 2 * keptOver {
		by := []int64{ada, ben}[i%2]
		over, err = f.SaveMemcon(m.Key, over.Rev, by, over.MemconHead, fmt.Sprint("turn ", i), nil)
		ok(t, err)
	}
	if vs, err = f.MemconVersions(m.ID); err != nil || len(vs) != keptOver {
		t.Errorf("%d texts are kept, %v", len(vs), err)
	}
}

// TestMemconReads: what is read is in the list of reads and in the audit, or it is
// in neither.
func TestMemconReads(t *testing.T) {
	f := newFixture(t)
	ada, ben := f.officer(t, "Ada").ID, f.officer(t, "Ben", parley.Principal).ID
	m := f.memcon(t, ada, "x")
	ok(t, f.SetMemconReader(m.ID, MemconReader{Office: parley.Principal, Rights: MayRead, Adder: ada}))
	ok(t, f.SetMemconReader(m.ID, MemconReader{Officer: ben, Rights: MayRead, Adder: ada}))
	ok(t, f.SetMemconReader(m.ID, MemconReader{Officer: ben, Rights: MayWrite, Adder: ada}))
	if rs, err := f.MemconReaders(m.ID); err != nil || len(rs) != 2 {
		t.Errorf("readers %+v, %v", rs, err)
	}
	if u, err := f.MemconsUnread(ben, []parley.Office{parley.Principal}, 9); err != nil || len(u) != 0 {
		t.Errorf("unread though nobody reviewed it: %+v, %v", u, err)
	}
	m, err := f.SubmitMemcon(m.Key, m.Rev, ben)
	ok(t, err)
	m, err = f.ReviewMemcon(m.Key, m.Rev, ben)
	ok(t, err)
	for _, offices := range [][]parley.Office{nil, {parley.Principal}} {
		if u, err := f.MemconsUnread(ben, offices, 9); err != nil || len(u) != 1 {
			t.Errorf("unread %+v, %v", u, err)
		}
	}
	if u, err := f.MemconsUnread(99, []parley.Office{parley.Watch}, 9); err != nil || len(u) != 0 {
		t.Errorf("unread by a stranger %+v, %v", u, err)
	}
	for i := range 3 {
		f.now = f.now.Add(time.Minute)
		ok(t, f.ReadMemcon(&m, MemconRead{Officer: ben, Number: 1, How: "read"}, AuditRow{Officer: ben, Name: "Ben", Act: "memcon: read", Object: m.Key, Detail: fmt.Sprint(i)}))
	}
	reads, all, err := f.MemconReads(m.ID, 2)
	ok(t, err)
	if len(reads) != 2 || all != 3 || reads[0].At != f.now || reads[0].Officer != ben {
		t.Errorf("reads %+v of %d", reads, all)
	}
	if n, _, err := f.CheckAudit(); err != nil || n != 3 {
		t.Errorf("audit %d, %v", n, err)
	}
	if u, err := f.MemconsUnread(ben, nil, 9); err != nil || len(u) != 0 {
		t.Errorf("read, and still unread: %+v, %v", u, err)
	}
	_, err = f.db.Exec("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END")
	ok(t, err)
	if err := f.ReadMemcon(&m, MemconRead{Officer: ben, Number: 1, How: "read"}, AuditRow{Act: "memcon: read"}); err == nil {
		t.Error("read without audit")
	}
	if _, all, err := f.MemconReads(m.ID, 2); err != nil || all != 3 {
		t.Errorf("%d reads, %v", all, err)
	}
	ok(t, f.DropMemconReader(m.ID, ben, ""))
	refused(t, f.DropMemconReader(m.ID, ben, ""), parley.NotFound)
}

// TestMemconHeirs: the author hands over, or is gone and another inherits.
func TestMemconHeirs(t *testing.T) {
	f := newFixture(t)
	ada, ben, cleo := f.officer(t, "Ada").ID, f.officer(t, "Ben").ID, f.officer(t, "Cleo").ID
	m := f.memcon(t, ada, "x")
	m, err := f.HandMemcon(m.Key, m.Rev, ben)
	ok(t, err)
	_, err = f.HandMemcon(m.Key, m.Rev, ben)
	refused(t, err, parley.Conflict)
	if rs, _ := f.MemconReaders(m.ID); m.Author != ben || len(rs) != 1 || rs[0].Officer != ada {
		t.Errorf("handed over: %+v, %+v", m, rs)
	}
	_, err = f.AddMemNote(MemNote{Line: line1, About: "a:2", Officer: ben, Text: "given to Ada, who is here"})
	ok(t, err)
	_, err = f.GiveMemNotes(line1, "a:2", ben, ada)
	ok(t, err)
	dan := f.officer(t, "Dan").ID
	_, err = f.AddMemNote(MemNote{Line: line1, About: "a:3", Officer: ben, Text: "given to Dan, who leaves"})
	ok(t, err)
	_, err = f.GiveMemNotes(line1, "a:3", ben, dan)
	ok(t, err)
	ok(t, f.RemoveOfficer(dan))
	n, err := f.AddMemNote(MemNote{Line: line1, About: "a:1", Officer: ben, Text: "left"})
	ok(t, err)
	m, err = f.SubmitMemcon(m.Key, m.Rev, cleo)
	ok(t, err)
	_, err = f.InheritMemcons(ben, cleo)
	refused(t, err, parley.NotAllowed) // he is here
	_, err = f.InheritMemcons(77, cleo)
	refused(t, err, parley.NotFound)
	ok(t, f.RemoveOfficer(ben))
	_, err = f.InheritMemcons(ben, ben)
	refused(t, err, parley.NotAllowed)
	if k, err := f.InheritMemcons(ben, cleo); err != nil || k != 1 {
		t.Errorf("inherited %d, %v", k, err)
	}
	got, err := f.Memcon(m.Key)
	ok(t, err)
	if got.Author != cleo || got.State != MemconDraft || got.Reviewer != 0 || got.Text != "x" {
		t.Errorf("inherited %+v", got)
	}
	if ns, err := f.MemNotes(line1, "a:1", cleo); err != nil || len(ns) != 1 || ns[0].ID != n.ID {
		t.Errorf("notes %+v, %v", ns, err)
	}
	for _, c := range []struct {
		about string
		who   int64
		want  int
	}{{"a:2", cleo, 0}, {"a:2", ada, 1}, {"a:3", cleo, 1}} {
		if ns, err := f.MemNotes(line1, c.about, c.who); err != nil || len(ns) != c.want {
			t.Errorf("notes on %s for officer %d: %+v, %v; want %d", c.about, c.who, ns, err, c.want)
		}
	}
	ok(t, f.DiscardMemcon(got.Key, got.Rev))
	_, err = f.Memcon(got.Key)
	refused(t, err, parley.NotFound)
	if all, err := f.Memcons(line1, ""); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestMemconsAreSealed: no word of a note, a memcon or a version lies in the clear,
// and 200 pages are kept as they are.
func TestMemconsAreSealed(t *testing.T) {
	f := newFixture(t)
	ada, ben := f.officer(t, "Ada").ID, f.officer(t, "Ben").ID
	long := strings.Repeat("Heliotrope was said of the strait, 绝密会谈。\n", 12_000)
	_, err := f.AddMemNote(MemNote{Line: line1, About: "a:1", Officer: ada, Text: "Heliotrope"})
	ok(t, err)
	m := f.memcon(t, ada, long)
	h := m.MemconHead
	h.Title, h.Reason = "Heliotrope", "Heliotrope"
	m, err = f.SaveMemcon(m.Key, m.Rev, ben, h, long+"Heliotrope", nil)
	ok(t, err)
	f.reopen(t)
	got, err := f.Memcon(m.Key)
	ok(t, err)
	if got.Text != long+"Heliotrope" {
		t.Errorf("%d bytes of %d came back", len(got.Text), len(long)+10)
	}
	ok(t, f.Store.Close())
	files, err := filepath.Glob(filepath.Join(filepath.Dir(f.path), "*"))
	ok(t, err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		ok(t, err)
		if bytes.Contains(b, []byte("Heliotrope")) || bytes.Contains(b, []byte("绝密")) {
			t.Errorf("%s has it in the clear", name)
		}
	}
	f.Store = nil
	f.reopen(t)
}
