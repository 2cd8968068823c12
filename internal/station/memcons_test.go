package station

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/own"
)

// heard is a log that a test reads.
type heardLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (h *heardLog) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func kind(t *testing.T, what string, err error, k parley.Kind) {
	t.Helper()
	if parley.KindOf(err) != k || err == nil {
		t.Errorf("%s: got %v, want %v", what, err, k)
	}
}

// TestMemcons goes the whole way of a memcon at a real station with a real line, and
// looks for it afterwards wherever it must not be.
func TestMemcons(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	var log heardLog
	a.halt()
	a.startWith(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	id := pairAll(t, a, b)
	if _, err := a.st.AskContact(ctx, a.envoy, id, leaderCall(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the contact is there", func() bool { return a.only(id).ID != "" })
	about := a.only(id).ID
	const secret = "Heliotrope" // nobody else says it
	author, reviewer, stranger := a.watch, a.envoy, a.chief
	add := func(name string, offices ...parley.Office) Officer {
		o, err := a.st.AddOfficer(ctx, Officer{}, name, offices)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	principal, second := add("Premier Ash", parley.Principal), add("Sgt Wren", parley.Watch)

	// Notes are their writer's own until he gives them.
	ok := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	ok("a note", a.st.TakeNote(ctx, author, id, about, secret+": he asked for time\r\nuntil Monday\u202e"))
	ok("another", a.st.TakeNote(ctx, second, id, about, "He was "+secret))
	kind(t, "a note without words", a.st.TakeNote(ctx, author, id, about, " \n"), parley.BadForm)
	kind(t, "a note of nobody", a.st.TakeNote(ctx, Officer{}, id, about, "x"), parley.NotAllowed)
	kind(t, "a note of nothing", a.st.TakeNote(ctx, author, id, "93ab40c1ee02d5f7:9", "x"), parley.NotFound)
	kind(t, "a control character", a.st.TakeNote(ctx, author, id, about, "x\x00"), parley.BadForm)
	notes := func(by Officer) []MemNote {
		t.Helper()
		ns, err := a.st.MemNotes(ctx, by, id, about)
		ok("notes", err)
		return ns
	}
	if len(notes(author)) != 1 || len(notes(stranger)) != 0 {
		t.Error("notes are seen by others, or not by their writer")
	}
	ok("giving", a.st.GiveNotes(ctx, second, id, about, author.ID))
	kind(t, "giving nothing", a.st.GiveNotes(ctx, stranger, id, about, author.ID), parley.Conflict)
	both := notes(author)
	if len(both) != 2 || both[1].By != "Sgt Wren" || both[1].Yours || both[1].Given != author.Name {
		t.Fatalf("notes %+v", both)
	}

	// The author merges them; nobody else knows of it.
	_, err := a.st.BeginMemcon(ctx, author, id, about, MemconText{Title: "two\nlines"})
	kind(t, "a title of two lines", err, parley.BadForm)
	m, err := a.st.BeginMemcon(ctx, author, id, about, MemconText{Title: secret + " call", Language: "en", Notes: []int64{both[0].ID, both[1].ID}})
	ok("beginning", err)
	hidden := func(by Officer, when string) {
		t.Helper()
		_, err := a.st.OpenMemcon(ctx, by, m.ID, "", false)
		_, none := a.st.OpenMemcon(ctx, by, "0000000000000000", "", false)
		if parley.KindOf(err) != parley.NotFound || none == nil || err.Error() != none.Error() {
			t.Errorf("%s, %s is told %v; of one that does not exist %v", when, by.Name, err, none)
		}
		list, err := a.st.Memcons(ctx, by, id, about)
		if err != nil || len(list) != 0 {
			t.Errorf("%s, %s sees %+v, %v", when, by.Name, list, err)
		}
		for what, err := range map[string]error{
			"share": a.st.ShareMemcon(ctx, by, m.ID, by.ID, "", true), "discard": a.st.DiscardMemcon(ctx, by, m.ID, m.Rev),
			"return": a.st.ReturnMemcon(ctx, by, m.ID, m.Rev, "x"), "hand": a.st.HandMemcon(ctx, by, m.ID, m.Rev, by.ID)} {
			kind(t, what, err, parley.NotFound)
		}
		rows, err := a.st.Audit(ctx, by, 500)
		if err != nil || slices.ContainsFunc(rows, func(r AuditRow) bool { return strings.Contains(r.Act, "memcon: ") }) || len(rows) == 0 {
			t.Errorf("%s, %s sees it in the audit: %v", when, by.Name, err)
		}
		bd, err := a.st.Board(ctx, by, id)
		if err != nil || slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Item == m.ID }) {
			t.Errorf("%s, %s sees it on the board: %v", when, by.Name, err)
		}
	}
	for _, by := range []Officer{reviewer, stranger, principal, second} {
		hidden(by, "begun")
	}
	_, err = a.st.OpenMemcon(ctx, Officer{Name: "local socket"}, m.ID, "", false)
	kind(t, "reading as nobody", err, parley.NotAllowed)
	open := func(by Officer, which string) Memcon {
		t.Helper()
		x, err := a.st.OpenMemcon(ctx, by, m.ID, which, false)
		ok(by.Name+" opens "+which, err)
		return x
	}
	m = open(author, "")
	if !strings.Contains(m.Shown.Text, secret+": he asked for time\nuntil Monday") || !strings.Contains(m.Shown.Text, "Z Sgt Wren: He was "+secret) || m.Class != "OUR SIDE ONLY" || !m.YouAuthor || len(m.Reads) != 1 {
		t.Errorf("begun as %+v, %+v", m, m.Shown)
	}

	// Two hands: the second is refused, with nothing lost.
	ok("a second hand", a.st.ShareMemcon(ctx, author, m.ID, second.ID, "", true))
	hers := open(second, "")
	first, err := a.st.SaveMemcon(ctx, author, m.ID, m.Rev, MemconText{Title: m.Title, Text: m.Shown.Text + "\nFirst."})
	ok("saving", err)
	_, err = a.st.SaveMemcon(ctx, second, m.ID, hers.Rev, MemconText{Title: m.Title, Text: m.Shown.Text + "\nSecond."})
	kind(t, "a stale change", err, parley.Conflict)
	over, err := a.st.SaveMemcon(ctx, second, m.ID, first.Rev, MemconText{Title: m.Title, Text: m.Shown.Text + "\nSecond."})
	ok("after looking", err)
	seen := open(author, "")
	if len(seen.Versions) != 1 || !seen.Versions[0].Over || !strings.HasSuffix(open(author, seen.Versions[0].Which).Shown.Text, "First.") {
		t.Errorf("what was written over is gone: %+v", seen.Versions)
	}
	for _, bad := range []MemconText{{Title: "", Text: "x"}, {Title: "x", Text: strings.Repeat("x", maxMemcon+1)}, {Title: "x", Text: "\x07"}, {Title: "x", Text: "\xff"}, {Title: "x", Text: "x", Language: "not a language"}} {
		_, err := a.st.SaveMemcon(ctx, author, m.ID, over.Rev, bad)
		kind(t, fmt.Sprintf("%.30q", bad.Text), err, parley.BadForm)
	}
	pages := strings.Repeat(secret+" was said of the strait. 会谈绝密。\u202eabc <script>\n", 200*50)
	over, err = a.st.SaveMemcon(ctx, author, m.ID, over.Rev, MemconText{Title: m.Title, Text: pages})
	ok("200 pages", err)
	over, err = a.st.SaveMemcon(ctx, author, m.ID, over.Rev, MemconText{Title: m.Title, Text: secret + ": 40 boats.\nTime until Monday."})
	ok("a short one", err)

	// Review by another.
	_, err = a.st.SubmitMemcon(ctx, author, m.ID, over.Rev, second.ID)
	kind(t, "review by who wrote", err, parley.NotAllowed)
	sent, err := a.st.SubmitMemcon(ctx, author, m.ID, over.Rev, reviewer.ID)
	ok("submitting", err)
	bd, err := a.st.Board(ctx, reviewer, id)
	if err != nil || !slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Act == "review-memcon" && x.Item == m.ID }) {
		t.Errorf("the reviewer is not told: %+v, %v", bd.DoNext, err)
	}
	ok("the office", a.st.ShareMemcon(ctx, author, m.ID, 0, parley.Principal, false))
	hidden(principal, "before its review")
	if x := open(reviewer, ""); !x.YouReview || x.YouWrite || len(x.Reads) != 0 {
		t.Errorf("the reviewer sees %+v", x)
	}
	_, err = a.st.SaveMemcon(ctx, reviewer, m.ID, sent.Rev, MemconText{Title: "x", Text: "x"})
	kind(t, "a reviewer who writes", err, parley.NotAllowed)
	done, err := a.st.ReviewMemcon(ctx, reviewer, m.ID, sent.Rev)
	ok("reviewing", err)
	bd, err = a.st.Board(ctx, principal, id)
	if err != nil || !slices.ContainsFunc(bd.DoNext, func(x Todo) bool { return x.Act == "read-memcon" && x.Item == m.ID }) {
		t.Errorf("the list is not told: %v", err)
	}
	if x := open(principal, ""); x.Shown.Number != 1 || x.Rev != 0 || x.YouDrafts || len(x.Reads) != 0 {
		t.Errorf("the principal sees %+v", x)
	}
	_, err = a.st.SaveMemcon(ctx, principal, m.ID, done.Rev, MemconText{Title: "x", Text: "x"})
	kind(t, "a reader who writes", err, parley.NotAllowed)
	kind(t, "a reader who shares", a.st.ShareMemcon(ctx, principal, m.ID, stranger.ID, "", false), parley.NotAllowed)
	hidden(stranger, "reviewed")

	// A correction is a version: the first stays, and who reads sees no draft of it.
	if done.Rev != 0 || done.Version != 1 {
		t.Errorf("who reviewed sees %+v", done)
	}
	done = open(author, "")
	_, err = a.st.SaveMemcon(ctx, author, m.ID, done.Rev, MemconText{Title: m.Title, Text: "x"})
	kind(t, "a correction without reason", err, parley.BadForm)
	fix, err := a.st.SaveMemcon(ctx, author, m.ID, done.Rev, MemconText{Title: "Corrected " + secret, Text: secret + ": 14 boats.\nTime until Monday.", Reason: "14, not 40."})
	ok("correcting", err)
	if x := open(principal, ""); x.Shown.Number != 1 || x.State != "reviewed" || x.Correction || strings.Contains(x.Title, "Corrected") || x.Note != "" {
		t.Errorf("the principal sees the correction before its review: %+v", x)
	}
	_, err = a.st.OpenMemcon(ctx, principal, m.ID, "draft", false)
	kind(t, "a draft for readers", err, parley.NotFound)
	fix, err = a.st.SubmitMemcon(ctx, author, m.ID, fix.Rev, reviewer.ID)
	ok("submitting it", err)
	ok("giving it back", a.st.ReturnMemcon(ctx, reviewer, m.ID, fix.Rev, "Say who."))
	fix = open(author, "")
	if fix.State != "returned" || fix.Note != "Say who." {
		t.Errorf("given back: %+v", fix)
	}
	fix, err = a.st.SubmitMemcon(ctx, author, m.ID, fix.Rev, reviewer.ID)
	ok("submitting again", err)
	fix, err = a.st.ReviewMemcon(ctx, reviewer, m.ID, fix.Rev)
	ok("reviewing it", err)
	x := open(principal, "")
	if want := []MemconPiece{{secret + ": ", ""}, {"40", "gone"}, {"14", "new"}, {" boats.\nTime until Monday.", ""}}; x.Shown.Number != 2 || x.Shown.Reason != "14, not 40." || !slices.Equal(x.Shown.Changes, want) {
		t.Errorf("what changed is lit as %+v", x.Shown)
	}
	if y := open(principal, "1"); !strings.Contains(y.Shown.Text, "40 boats") {
		t.Errorf("version 1 reads %q", y.Shown.Text)
	}
	if _, err := a.st.OpenMemcon(ctx, principal, m.ID, "2", true); err != nil {
		t.Error(err)
	}

	// Every reading is in the audit of those who may see it, and shown to the author.
	mine := open(author, "")
	if n := mine.ReadsAll; n != len(mine.Reads) || mine.Reads[1].How != "printed" || mine.Reads[1].Name != "Premier Ash" || mine.Reads[1].Number != 2 {
		t.Errorf("reads %+v", mine.Reads)
	}
	rows, err := a.st.Audit(ctx, author, 500)
	read := len(slices.DeleteFunc(rows, func(r AuditRow) bool { return r.Object != m.ID || r.Act != "memcon: read" && r.Act != "memcon: print" }))
	if err != nil || read != mine.ReadsAll {
		t.Errorf("the audit has %d readings, the author sees %d: %v", read, mine.ReadsAll, err)
	}

	// Off the list, it is not there; the author leaves, and another inherits.
	ok("off the list", a.st.UnshareMemcon(ctx, author, m.ID, 0, parley.Principal))
	hidden(principal, "off the list")
	_, err = a.st.InheritMemcons(ctx, reviewer, author.ID, second.ID)
	kind(t, "an heir named by an envoy", err, parley.NotAllowed)
	root := add("Ms Root", parley.Administrator)
	_, err = a.st.InheritMemcons(ctx, root, author.ID, second.ID)
	kind(t, "the heir of who is here", err, parley.NotAllowed)
	ok("removing", a.st.RemoveOfficer(ctx, Officer{}, author.ID))
	if x := open(reviewer, ""); !x.AuthorGone {
		t.Error("nobody sees that the author is gone")
	}
	_, err = a.st.InheritMemcons(ctx, root, author.ID, root.ID)
	kind(t, "an administrator who inherits", err, parley.NotAllowed)
	_, err = a.st.InheritMemcons(ctx, Officer{}, author.ID, root.ID)
	kind(t, "an heir named by nobody", err, parley.NotAllowed)
	if n, err := a.st.InheritMemcons(ctx, root, author.ID, second.ID); err != nil || n != 1 {
		t.Errorf("inherited %d, %v", n, err)
	}
	if x := open(second, ""); !x.YouAuthor || x.Author != "Sgt Wren" {
		t.Errorf("the heir sees %+v", x)
	}

	a.ofCall(id, second)
	nowhere(t, id, secret, m.ID, &log, a, b)
}

// ofCall makes a memcon of a call that belongs to no contact.
func (p *party) ofCall(line string, by Officer) {
	p.t.Helper()
	ctx := context.Background()
	ring, err := p.st.Ring(ctx, p.watch, line, RingText{})
	if err == nil {
		eventually(p.t, 20*time.Second, "the call rings", func() bool { c, err := p.st.Call(ctx, line, ""); return err == nil && c.Phase == call.Ringing })
		var c Call
		if c, err = p.st.Call(ctx, line, ""); err == nil {
			ring = c.ID
			err = p.st.TakeNote(ctx, by, line, ring, "Nobody lifts. Heliotrope")
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
	ns, err := p.st.MemNotes(ctx, by, line, ring)
	if err != nil || len(ns) != 1 {
		p.t.Fatalf("notes of a call %+v, %v", ns, err)
	}
	if _, err := p.st.BeginMemcon(ctx, by, line, ring, MemconText{Title: "A call", Notes: []int64{ns[0].ID}}); err != nil {
		p.t.Fatal(err)
	}
	if ms, err := p.st.Memcons(ctx, by, line, ring); err != nil || len(ms) != 1 || ms[0].About != ring {
		p.t.Errorf("memcons of a call %+v, %v", ms, err)
	}
}

// nowhere looks for what is our side only in what went on the record at both sides,
// in the logs of the program, and in the clear on both disks.
func nowhere(t *testing.T, id, secret, key string, log *heardLog, ps ...*party) {
	t.Helper()
	for _, p := range ps {
		var b bytes.Buffer
		n, err := p.st.Export(context.Background(), p.envoy, id, true, &b)
		if err != nil || n == 0 || bytes.Contains(b.Bytes(), []byte(secret)) || bytes.Contains(b.Bytes(), []byte(key)) {
			t.Errorf("%s: it stands in the record of %d entries, or %v", p.code, n, err)
		}
		page, err := p.st.Record(context.Background(), id, Filter{Query: secret})
		if n := len(page.Settled) + len(page.Unsettled); err != nil || n != 0 {
			t.Errorf("%s: a search of the record finds %d entries, %v", p.code, n, err)
		}
		p.halt()
		err = filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			file, err := os.ReadFile(path)
			if bytes.Contains(file, []byte(secret)) {
				t.Errorf("%s has it in the clear", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if s := log.b.String(); strings.Contains(s, secret) || strings.Contains(s, key) || s == "" {
		t.Errorf("the log of the program (%d bytes) names it", len(s))
	}
}

// TestMemconChanges: the pieces make both texts, and say what a reader expects.
func TestMemconChanges(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"", "", ""}, {"a", "a", "a"}, {"", "a b", "[+a b+]"}, {"a b", "", "[-a b-]"},
		{"energy and infrastructure", "energy infrastructure", "energy [-and -]infrastructure"},
		{"双方讨论能源和基础设施。", "双方讨论能源基础设施。", "双方讨论能源[-和-]基础设施。"},
		{"one\ntwo\nthree\n", "one\nthree\nfour\n", "one\n[-two\n-]three\n[+four\n+]"},
		{"We will stop.\nAgreed.", "We may stop.\nAgreed.", "We [-will-][+may+] stop.\nAgreed."},
		{"will consider 40 boats", "agreed to 14 boats", "[-will consider 40-][+agreed to 14+] boats"}, {"a b c", "x b z", "[-a-][+x+] b [-c-][+z+]"},
		{"a\u202eb", "a\u202ec", "a\u202e[-b-][+c+]"},
	} {
		got := ""
		for _, p := range MemconChanges(c.before, c.after) {
			got += map[string]string{"": p.Text, "gone": "[-" + p.Text + "-]", "new": "[+" + p.Text + "+]"}[p.Kind]
		}
		if got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.before, c.after, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(7, 7))
	some := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString([]string{"a", "b ", "会", "\n", "word", ", ", "\xff", "é"}[r.IntN(8)])
		}
		return b.String()
	}
	check := func(before, after string) {
		t.Helper()
		var x, y strings.Builder
		for _, p := range MemconChanges(before, after) {
			if p.Kind != "new" {
				x.WriteString(p.Text)
			}
			if p.Kind != "gone" {
				y.WriteString(p.Text)
			}
		}
		if x.String() != before || y.String() != after {
			t.Fatalf("%.80q to %.80q: the pieces make %.80q and %.80q", before, after, x.String(), y.String())
		}
	}
	for range 2000 {
		check(some(r.IntN(30)), some(r.IntN(30)))
	}
	began := time.Now()
	check(some(200_000), some(200_000)) // 200 pages, all otherwise
	long := some(200_000)
	check(long, long[:50_000]+"x"+long[60_000:])
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("200 pages took %v", d)
	}
}

// plain seals nothing, for tests that keep nothing.
type plain struct{}

func (plain) Seal(_ string, b []byte) []byte          { return b }
func (plain) Open(_ string, b []byte) ([]byte, error) { return b, nil }

// FuzzOpenMemcon asks for memcons and texts by names of any kind, of a memcon with any
// text: what is not there is not found, and what is shown is of the one asked for.
func FuzzOpenMemcon(f *testing.F) {
	st, err := own.Open(filepath.Join(f.TempDir(), "own.db"), plain{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { st.Close() })
	s := &Station{own: st}
	o, err := st.AddOfficer("Ada", nil)
	if err != nil {
		f.Fatal(err)
	}
	other, err := st.AddOfficer("Ben", nil)
	if err != nil {
		f.Fatal(err)
	}
	by := officerView(o)
	for _, which := range []string{"", "draft", "1", "01", "over-1", "over-", "-1", "1\x00", "99999999999999999999", "\u202e"} {
		f.Add("", which, "one\ntwo", "one\nthree", false)
	}
	f.Add("x", "1", "\xff", "会谈", true)
	f.Fuzz(func(t *testing.T, key, which, first, second string, printed bool) {
		m, err := st.AddMemcon(own.Memcon{Author: by.ID, MemconHead: own.MemconHead{Title: "x"}, Text: first}, nil)
		if err == nil {
			m, err = st.SubmitMemcon(m.Key, m.Rev, other.ID)
		}
		if err == nil {
			m, err = st.ReviewMemcon(m.Key, m.Rev, other.ID)
		}
		if err == nil {
			m, err = st.SaveMemcon(m.Key, m.Rev, by.ID, m.MemconHead, second, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenMemcon(t.Context(), by, key, which, printed); parley.KindOf(err) != parley.NotFound {
			t.Errorf("%q is found, or %v", key, err)
		}
		v, err := s.OpenMemcon(t.Context(), by, m.Key, which, printed)
		switch {
		case err != nil && parley.KindOf(err) != parley.NotFound:
			t.Errorf("%q: %v", which, err)
		case err == nil && which != "" && v.Shown.Which != which:
			t.Errorf("asked for %q, shown %q", which, v.Shown.Which)
		}
		if _, err := s.OpenMemcon(t.Context(), officerView(other), m.Key, "draft", printed); parley.KindOf(err) != parley.NotFound {
			t.Errorf("a draft is shown to who only reads: %v", err)
		}
		MemconChanges(first, second)
	})
}
