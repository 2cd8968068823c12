package line_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/store"
)

// files files any form of the station's own.
func (n *node) files(f form.Form) {
	h := &form.Header{Form: f.Name(), From: parley.Watch}
	if s, ok := form.Series(h.Form); ok {
		h.Series = s
	}
	n.filed++
	n.step(line.File{Item: line.Filed{ID: n.filed, At: n.w.now.UnixMilli(), Header: form.EncodeHeader(h), Fields: form.EncodeFields(f)}})
}

// amended is the charter in force at a node, amended.
func (n *node) amended(version uint64, change func(*charter.Charter)) []byte {
	r := n.e.Status().Rules
	c, h := *r.Charter, r.CharterHash
	c.Version, c.Supersedes, c.Rungs = version, &h, maps.Clone(c.Rungs)
	change(&c)
	return c.Encode()
}

func without(p parley.PartyCode) func(*charter.Charter) {
	return func(c *charter.Charter) {
		c.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(x charter.Party) bool { return x.Code == p })
		delete(c.Rungs, p)
	}
}

func words(s string) func(*charter.Charter) { return func(c *charter.Charter) { c.Recording = s } }

func (n *node) assents(doc []byte, send bool) { n.files(form.NewAssent(form.ToCharter, doc, send)) }

func (n *node) version() uint64 { return n.e.Status().Rules.Charter.Version }

func (w *world) wantCharter(version uint64, codes ...parley.PartyCode) {
	w.t.Helper()
	for _, c := range codes {
		if got := w.nodes[c].version(); got != version {
			w.t.Errorf("%s is under charter %d, want %d", c, got, version)
		}
	}
}

// readable lists to whom the newest epoch of party's log is sealed, as n holds it.
func (n *node) readable(party parley.PartyCode) (codes []parley.PartyCode) {
	for _, s := range must(store.EntriesUpTo(n.st, n.log(party).Gen, store.MaxIndex)) {
		if p, err := seal.Parse(s.Bytes); err == nil && p.Announces {
			codes = slices.Sorted(maps.Keys(must(seal.ParseEpoch(p.Body)).To))
		}
	}
	return codes
}

func TestCharterIsAmended(t *testing.T) {
	for _, codes := range [][]parley.PartyCode{{alder, birch}, {alder, birch, cedar}} {
		t.Run(fmt.Sprint(len(codes)), func(t *testing.T) {
			w := newWorld(t, codes...)
			w.connectAll()
			w.run(5 * time.Second)
			a := w.nodes[alder]
			doc := a.amended(2, words("everything is recorded"))
			a.assents(doc, true)
			w.run(3 * time.Second)
			w.wantCharter(1, codes...)
			for _, c := range codes {
				if p := w.nodes[c].e.Status().Documents; len(p) != 3 || len(p[2].By) != 1 || !bytes.Equal(p[2].Raw, doc) || p[2].InForce {
					t.Errorf("%s sees the proposals %+v", c, p)
				}
			}
			for i, c := range codes[1:] {
				if i == 1 {
					w.wantCharter(1, codes...) // cedar is silent so far
				}
				w.nodes[c].assents(doc, false)
				w.run(3 * time.Second)
			}
			w.wantCharter(2, codes...)
			for _, c := range codes { // what is kept gives the same after a start
				w.nodes[c].load()
			}
			w.wantCharter(2, codes...)
			w.wantSame()
		})
	}
}

func TestAnnexInForceBoundsPeers(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(5 * time.Second)
	an, h := w.founding.Annex, w.founding.Annex.Hash()
	an.Quotas, an.Supersedes, an.Version, an.Agree = map[charter.Bound]uint64{charter.EpochsPerDay: 2, charter.EntryBytesPerDay: 1 << 20}, &h, 2, w.codes
	doc := an.Encode()
	w.nodes[alder].files(form.NewAssent(form.ToAnnex, doc, true))
	w.run(2 * time.Second)
	w.nodes[birch].files(form.NewAssent(form.ToAnnex, doc, false))
	w.run(2 * time.Second)
	for range 60 {
		f := &form.Service{Subject: "long"}
		for len(f.Text) < 30_000 {
			f.Text += fmt.Sprintf("%x", w.rng.Uint64())
		}
		w.nodes[alder].files(f)
		w.run(500 * time.Millisecond)
	}
	if !w.nodes[birch].alarmed("quota") {
		t.Error("birch takes more than the annex in force allows")
	}
}

func TestRivalAmendments(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, b, c := w.nodes[alder], w.nodes[birch], w.nodes[cedar]
	one, two := a.amended(2, words("of alder")), b.amended(2, words("of birch"))
	a.assents(one, true) // in the same moment
	b.assents(two, true)
	w.run(3 * time.Second)
	winner, loser := one, two
	if h1, h2 := charter.HashCharter(one), charter.HashCharter(two); slices.Compare(h1[:], h2[:]) > 0 {
		winner, loser = two, one
	}
	c.assents(winner, false)
	for _, n := range []*node{a, b} {
		n.assents(loser, false) // counts for nothing, with a reason
		n.assents(winner, false)
	}
	w.run(5 * time.Second)
	w.wantCharter(2, alder, birch, cedar)
	for _, n := range []*node{a, b, c} {
		if r := n.e.Status().Rules; r.CharterHash != charter.HashCharter(winner) {
			t.Errorf("%s is under another charter than the one that outranks", n.code)
		}
		if !n.alarmed("charter") {
			t.Errorf("%s is told nothing of the assent that does not count", n.code)
		}
	}
	w.wantSame()
}

func TestOneLeavesAndTheOthersGoOn(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, b, c := w.nodes[alder], w.nodes[birch], w.nodes[cedar]
	c.dispatch(parley.Routine, "last words")
	c.files(&form.Leave{Reason: "enough"})
	c.dispatch(parley.Routine, "after the end")
	w.run(5 * time.Second)
	for _, n := range []*node{a, b, c} {
		if out := n.e.Status().Out; !slices.Equal(out, []parley.PartyCode{cedar}) {
			t.Errorf("%s: out are %v, want cedar", n.code, out)
		}
		if n != c && !n.alarmed("left") {
			t.Errorf("%s is not told that cedar left", n.code)
		}
	}
	if got := a.subjects(cedar); !slices.Equal(got, []string{"last words"}) {
		t.Errorf("alder reads %v of cedar", got)
	}
	size, held := c.log(cedar).Size, c.log(alder).Size
	a.dispatch(parley.Routine, "without cedar")
	b.dispatch(parley.Flash, "neither has this")
	w.run(20 * time.Second)
	if got := c.log(cedar).Size; got != size {
		t.Errorf("cedar wrote %d entries after leaving", got-size)
	}
	if got := c.log(alder).Size; got != held {
		t.Errorf("cedar was given %d entries that are sealed without it", got-held)
	}
	if got := b.subjects(alder); !slices.Equal(got, []string{"without cedar"}) {
		t.Errorf("birch reads %v of alder", got)
	}
	for _, p := range []parley.PartyCode{alder, birch} {
		if to := a.readable(p); slices.Contains(to, cedar) || len(to) != 1 {
			t.Errorf("the newest epoch of %s is sealed to %v", p, to)
		}
		if l := a.log(p); l.Without[cedar].Cut[c.log(cedar).Gen] != size {
			t.Errorf("%s had seen %d of cedar's log when it sealed nothing more for it, want %d", p, l.Without[cedar].Cut[c.log(cedar).Gen], size)
		}
	}
	for _, n := range []*node{a, b, c} {
		n.load()
		if out := n.e.Status().Out; !slices.Equal(out, []parley.PartyCode{cedar}) {
			t.Errorf("%s after a start: out are %v, want cedar", n.code, out)
		}
		if n.alarmed("violation") {
			t.Errorf("%s saw a violation: %v", n.code, n.alarms)
		}
	}
	w.connectAll()
	w.run(30 * time.Second)
	before := a.log(alder).Size
	w.run(60 * time.Second)
	if n := a.log(alder).Size - before; n > 4 {
		t.Errorf("alder wrote %d entries in a quiet minute", n)
	}
}

func TestOneOfTwoLeaves(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(5 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	b.files(&form.Leave{Reason: "a new line is founded"})
	w.run(15 * time.Second)
	if l := a.log(alder); l.Seen[a.log(birch).Gen] != b.log(birch).Size {
		t.Error("alder has written nothing that confirms the order of the leave")
	}
	size := a.log(alder).Size
	a.dispatch(parley.Flash, "to nobody")
	w.run(2 * time.Minute)
	if n := a.log(alder).Size; n != size {
		t.Errorf("alder wrote %d entries on a line that has ended", n-size)
	}
	w.wantSame()
}

func TestLeaveWhilePathsAreCut(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, b, c := w.nodes[alder], w.nodes[birch], w.nodes[cedar]
	w.disconnect(alder, birch) // all goes through cedar, who leaves
	w.disconnect(alder, cedar)
	c.files(&form.Leave{Reason: "enough"})
	w.run(5 * time.Second)
	a.dispatch(parley.Routine, "filed before alder knew")
	if len(b.e.Status().Out) != 1 || len(a.e.Status().Out) != 0 {
		t.Fatalf("birch says %v are out, alder %v", b.e.Status().Out, a.e.Status().Out)
	}
	w.connect(alder, birch)
	w.run(20 * time.Second)
	if len(a.e.Status().Out) != 1 {
		t.Error("alder has not learnt from birch that cedar left")
	}
	if got := b.subjects(alder); !slices.Equal(got, []string{"filed before alder knew"}) {
		t.Errorf("birch reads %v of alder", got)
	}
	w.connect(alder, cedar)
	w.run(10 * time.Second)
	a.dispatch(parley.Routine, "after")
	w.run(5 * time.Second)
	if got := b.subjects(alder); len(got) != 2 {
		t.Errorf("birch reads %v of alder", got)
	}
	if c.alarmed("violation") || a.alarmed("violation") || b.alarmed("violation") {
		t.Errorf("violations: %v %v %v", a.alarms, b.alarms, c.alarms)
	}
}

func TestOneIsRemovedByAllOthers(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, b, c := w.nodes[alder], w.nodes[birch], w.nodes[cedar]
	w.disconnect(alder, cedar)
	w.disconnect(birch, cedar)
	doc := a.amended(2, without(cedar))
	a.assents(doc, true)
	w.run(3 * time.Second)
	w.wantCharter(1, alder, birch)
	b.assents(doc, false)
	w.run(5 * time.Second)
	w.wantCharter(2, alder, birch)
	c.dispatch(parley.Routine, "cedar does not know yet")
	a.dispatch(parley.Routine, "between two")
	w.run(5 * time.Second)
	w.connect(alder, cedar)
	w.connect(birch, cedar)
	w.run(20 * time.Second)
	if !slices.Contains(c.e.Status().Out, cedar) || !c.alarmed("left") {
		t.Error("cedar does not know that it is removed")
	}
	if got := b.subjects(alder); !slices.Equal(got, []string{"between two"}) {
		t.Errorf("birch reads %v of alder", got)
	}
	if got := a.subjects(cedar); len(got) != 0 {
		t.Errorf("alder has taken %v of cedar after removing it", got)
	}
	if a.alarmed("violation") || b.alarmed("violation") {
		t.Errorf("violations: %v %v", a.alarms, b.alarms)
	}
}

// TestRecoveredStationFindsTheCharterAgain: a station that lost everything knows
// of no amendment until it can read its past.
func TestRecoveredStationFindsTheCharterAgain(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(5 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	doc := a.amended(2, words("everything is recorded"))
	a.assents(doc, true)
	w.run(2 * time.Second)
	b.assents(doc, false)
	w.run(2 * time.Second)
	w.wantCharter(2, alder, birch)
	b.lose()
	w.connect(alder, birch)
	w.run(20 * time.Second)
	if b.version() != 1 {
		t.Error("birch cannot read the assents and counts them")
	}
	a.step(line.GiveKeys{Gen: b.log(birch).Gen})
	w.run(20 * time.Second)
	w.wantCharter(2, alder, birch)
	b.load()
	w.wantCharter(2, birch)
}

// TestLostStationAccusesNobodyOfARemoval: a station that lost everything cannot
// read why a party was put out. It must not call that a violation, of its own
// earlier log least of all; a true one it calls so, also after a start.
func TestLostStationAccusesNobodyOfARemoval(t *testing.T) {
	w := newWorld(t, alder, birch, cedar)
	w.connectAll()
	w.run(5 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	doc := a.amended(2, without(cedar))
	a.assents(doc, true)
	w.run(2 * time.Second)
	b.assents(doc, false)
	w.run(5 * time.Second)
	b.lose()
	w.connect(alder, birch)
	w.run(20 * time.Second)
	if b.alarmed("violation") {
		t.Errorf("it accuses others of what it cannot read: %v", b.alarms)
	}
	a.step(line.GiveKeys{Gen: b.log(birch).Gen})
	w.run(20 * time.Second)
	b.load()
	if w.wantCharter(2, alder, birch); b.alarmed("violation") {
		t.Errorf("it accuses others of a removal to which it assented: %v", b.alarms)
	}
}
