package record_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/record"
	"parley/internal/record/recordtest"
)

// TestChainIsFollowed: the report says which charter came into force by whose
// assents, which log is under it from where, and who is out; of a sealed record
// it says how far that could be followed.
func TestChainIsFollowed(t *testing.T) {
	l := recordtest.New(nil, "alder", "birch", "cedar")
	a, b, c := l.Parties[0].First, l.Parties[1].First, l.Parties[2].First
	now := uint64(recordtest.Start)
	tick := func() uint64 { now++; return now }
	for _, g := range []*recordtest.Log{a, b, c} {
		g.Announce(tick(), g.See())
	}
	f, err := charter.ParseFounding(l.Raw)
	if err != nil {
		t.Fatal(err)
	}
	two, h := f.Charter, f.Charter.Hash()
	two.Version, two.Supersedes, two.Recording = 2, &h, "everything is recorded"
	doc := two.Encode()
	head := form.Header{Form: "assent", From: parley.Watch}
	first := a.Write(tick(), head, form.NewAssent(form.ToCharter, doc, true))
	b.Write(tick(), head, form.NewAssent(form.ToCharter, doc, false))
	void := b.Write(tick(), head, &form.Assent{Hash: [32]byte{1}})
	c.Write(tick(), head, form.NewAssent(form.ToCharter, doc, false))
	under := a.Write(tick(), form.Header{Form: "seen", From: parley.Watch}, &form.Seen{})
	leave := c.Write(tick(), form.Header{Form: "leave", From: parley.Watch}, &form.Leave{Reason: "enough"})
	for _, g := range []*recordtest.Log{a, b, c} {
		g.Checkpoint()
	}
	verify := func(open bool) *record.Report {
		t.Helper()
		var file bytes.Buffer
		if _, err := record.WriteExport(&file, recordtest.Source{Line: l}, open); err != nil {
			t.Fatal(err)
		}
		r, err := record.Verify(&file, record.VerifyOptions{})
		if err != nil || r.Bad() != 0 {
			t.Fatalf("%v, %v", err, r.Errors)
		}
		return r
	}
	r := verify(true)
	i := slices.IndexFunc(r.Chain, func(x record.ChainReport) bool { return x.Kind == "charter" && x.Version == 2 })
	if i < 0 || len(r.Chain) != 3 {
		t.Fatalf("chain: %+v", r.Chain)
	}
	x := r.Chain[i]
	if len(x.By) != 3 || x.By[0] != (record.Assent{Party: "alder", Entry: first.String()}) {
		t.Errorf("in force by %+v", x.By)
	}
	binds := map[parley.PartyCode]uint64{}
	for _, b := range x.Binds {
		binds[b.Party] = b.From
	}
	if _, ok := binds["birch"]; ok || binds["alder"] != under.Index || binds["cedar"] != leave.Index {
		t.Errorf("it rules %v; want alder from %d, cedar from %d, birch not yet", binds, under.Index, leave.Index)
	}
	if len(r.Out) != 1 || r.Out[0] != (record.OutReport{Party: "cedar", Entry: leave.String()}) {
		t.Errorf("out: %+v", r.Out)
	}
	if len(r.Void) != 1 || r.Void[0].Entry != void.String() || r.Void[0].Kind != "not-found" {
		t.Errorf("void: %+v", r.Void)
	}
	for _, e := range r.List {
		want := uint64(1)
		if e.Entry == under.String() || e.Entry == leave.String() {
			want = 2
		}
		if e.Charter != want {
			t.Errorf("entry %s is said to be under charter %d, want %d", e.Entry, e.Charter, want)
		}
	}
	text := strings.Join(r.Lines(), "\n")
	for _, want := range []string{"charter 2 ", "rules log alder/", "has left the line", "counts for nothing", "under charter 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if r := verify(false); r.Unfollowed != 6 || len(r.Chain) != 2 || !strings.Contains(strings.Join(r.Lines(), "\n"), "followed as far as entries are opened") {
		t.Errorf("sealed: %d not followed, chain %+v", r.Unfollowed, r.Chain)
	}
}
