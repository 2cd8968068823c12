package charter

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"parley"
	"parley/internal/form"
)

// ground is a line of several logs on which acts are filed. What each party
// knows is what it was told.
type ground struct {
	t     *testing.T
	f     *Founding
	know  map[parley.PartyCode][]Act // in the order in which it learnt them
	sizes map[parley.PartyCode]uint64
	seen  map[parley.PartyCode]map[parley.GenerationID]uint64
	all   []Act
}

func genOf(p parley.PartyCode) (g parley.GenerationID) {
	copy(g[:], p)
	return g
}

func newGround(t *testing.T, parties ...Party) *ground {
	t.Helper()
	g := &ground{t: t, f: &Founding{Charter: DefaultCharter(parties...), Annex: DefaultAnnex()}, know: map[parley.PartyCode][]Act{},
		sizes: map[parley.PartyCode]uint64{}, seen: map[parley.PartyCode]map[parley.GenerationID]uint64{}}
	for _, p := range parties {
		g.seen[p.Code] = map[parley.GenerationID]uint64{}
	}
	return g
}

// files makes an entry of p and tells nobody.
func (g *ground) files(p parley.PartyCode, f form.Form) Act {
	a := Act{Ref: parley.Ref{Gen: genOf(p), Index: g.sizes[p]}, Party: p, Seen: maps.Clone(g.seen[p]), Form: f}
	g.sizes[p]++
	g.know[p] = append(g.know[p], a)
	g.all = append(g.all, a)
	return a
}

// tells makes to know all that from knows.
func (g *ground) tells(from parley.PartyCode, to ...parley.PartyCode) {
	for _, q := range to {
		for _, a := range g.know[from] {
			if a.Party != q && g.seen[q][a.Ref.Gen] <= a.Ref.Index {
				g.know[q] = append(g.know[q], a)
				g.seen[q][a.Ref.Gen] = a.Ref.Index + 1
			}
		}
	}
}

func (g *ground) chain(p parley.PartyCode) *Chain {
	c := NewChain(g.f)
	for _, a := range Order(g.know[p]) {
		c.Add(a)
	}
	return c
}

// wants fails unless the charter in force in what p knows has the version.
func (g *ground) wants(p parley.PartyCode, version uint64) *Rules {
	g.t.Helper()
	r := g.chain(p).At(View{All: true})
	if r.Charter.Version != version {
		g.t.Errorf("%s: charter %d is in force, want %d", p, r.Charter.Version, version)
	}
	return r
}

// next amends the charter in force: without parties, in version v, with words on
// recording that make it a document of its own.
func next(c *Charter, v uint64, words string, without ...parley.PartyCode) Charter {
	n, h := *c, c.Hash()
	n.Version, n.Supersedes, n.Recording = v, &h, words
	n.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(p Party) bool { return slices.Contains(without, p.Code) })
	n.Rungs = maps.Clone(c.Rungs)
	for _, p := range without {
		delete(n.Rungs, p)
	}
	return n
}

// links returns the charters in force one after the other, open what is proposed.
func links(c *Chain) []Document {
	return slices.DeleteFunc(c.Documents(), func(d Document) bool { return d.Kind != form.ToCharter || !d.InForce })
}

func open(c *Chain) []Document {
	return slices.DeleteFunc(c.Documents(), func(d Document) bool { return d.InForce })
}

func assent(c Charter) *form.Assent { return form.NewAssent(form.ToCharter, c.Encode(), true) }
func again(c Charter) *form.Assent  { return form.NewAssent(form.ToCharter, c.Encode(), false) }

func TestAmendmentBindsEachLogByItsOwnView(t *testing.T) {
	g := newGround(t, alder, birch, cedar)
	c2 := next(&g.f.Charter, 2, "everything is recorded")
	a := g.files("alder", assent(c2))
	g.tells("alder", "birch", "cedar")
	g.files("birch", again(c2))
	g.tells("birch", "alder")
	g.wants("alder", 1) // cedar is silent
	last := g.files("cedar", again(c2))
	g.wants("cedar", 1) // it has not seen birch's
	g.tells("cedar", "alder", "birch")
	g.tells("birch", "cedar")
	for _, p := range []parley.PartyCode{"alder", "birch", "cedar"} {
		r := g.wants(p, 2)
		if l := links(g.chain(p)); r.CharterHash != l[1].Hash || l[1].By["alder"] != a.Ref || l[1].By["cedar"] != last.Ref || len(l[1].By) != 3 {
			t.Errorf("%s: in force by %v", p, l[1].By)
		}
	}
	c := g.chain("alder")
	if v := c.At(last.View()).Charter.Version; v != 1 {
		t.Errorf("the last assent itself is ruled by %d, want 1", v)
	}
	after := View{Party: "cedar", Ref: parley.Ref{Gen: genOf("cedar"), Index: 1}, Seen: map[parley.GenerationID]uint64{genOf("alder"): 1}}
	if v := c.At(after).Charter.Version; v != 1 {
		t.Errorf("without having seen birch's assent cedar's log is ruled by %d, want 1", v)
	}
	after.Seen[genOf("birch")] = 1
	if v := c.At(after).Charter.Version; v != 2 {
		t.Errorf("after all assents cedar's log is ruled by %d, want 2", v)
	}
	if l := links(c); len(l) != 2 || l[1].Hash != c2.Hash() || l[0].By != nil || len(open(c)) != 0 {
		t.Errorf("the chain is %v, open %v", l, open(c))
	}
}

func TestAnnexIsAmendedByAll(t *testing.T) {
	g := newGround(t, alder, birch)
	a2, h := g.f.Annex, g.f.Annex.Hash()
	a2.Quotas, a2.Supersedes, a2.Version, a2.Agree = map[Bound]uint64{EntriesPerSecond: 3}, &h, 2, []parley.PartyCode{"alder", "birch"}
	g.files("birch", form.NewAssent(form.ToAnnex, a2.Encode(), true))
	g.tells("birch", "alder")
	if o := open(g.chain("alder")); len(o) != 1 || o[0].Kind != form.ToAnnex || o[0].Dead {
		t.Fatalf("open: %+v", o)
	}
	g.files("alder", form.NewAssent(form.ToAnnex, a2.Encode(), false))
	if r := g.wants("alder", 1); r.Annex.Bound(EntriesPerSecond) != 3 || r.AnnexHash != a2.Hash() {
		t.Errorf("the annex in force allows %d entries a second", r.Annex.Bound(EntriesPerSecond))
	}
}

func TestAssentsThatDoNotCount(t *testing.T) {
	founding := newGround(t, alder, birch, cedar).f.Charter
	c2 := next(&founding, 2, "two")
	four := next(&founding, 2, "joined")
	four.Parties = append(slices.Clone(four.Parties), Party{Code: "dogwood", Name: "Dogwood", Languages: []string{"en"}})
	lower := next(&founding, 3, "three")
	annex := DefaultAnnex()
	h := annex.Hash()
	annex.Supersedes, annex.Version, annex.Agree = &h, 2, []parley.PartyCode{"alder", "birch"}
	garbage := form.NewAssent(form.ToCharter, []byte{0xa0}, true)
	for what, c := range map[string]struct {
		of   parley.PartyCode
		f    form.Form
		kind parley.Kind
	}{
		"a document nobody has":         {"alder", again(c2), parley.NotFound},
		"bytes that are no charter":     {"alder", garbage, parley.Malformed},
		"a base that is not in force":   {"alder", assent(next(&c2, 3, "x")), parley.Conflict},
		"a first charter":               {"alder", assent(DefaultCharter(alder, birch)), parley.Conflict},
		"a party that joins":            {"alder", assent(four), parley.NotAllowed},
		"removed by itself":             {"cedar", assent(next(&founding, 2, "x", "cedar")), parley.WrongParty},
		"an annex that not all agree":   {"alder", form.NewAssent(form.ToAnnex, annex.Encode(), true), parley.NotAllowed},
		"a rival that outranks nothing": {"birch", assent(c2), parley.Conflict},
		"a rival of one that lives":     {"birch", assent(next(&founding, 9, "nine")), parley.Conflict},
	} {
		g := newGround(t, alder, birch, cedar)
		g.files("birch", assent(lower))
		a := g.files(c.of, c.f)
		chain := NewChain(g.f)
		chain.Add(g.all[0])
		if changed, err := chain.Add(a); changed || parley.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: counts %v, %v; want %v", what, changed, err, c.kind)
		}
	}
	g := newGround(t, alder, birch, cedar)
	for what, f := range map[string]*form.Assent{"what is in force": again(g.f.Charter), "the annex in force": form.NewAssent(form.ToAnnex, g.f.AnnexBytes(), false)} {
		if changed, err := g.chain("alder").Add(g.files("alder", f)); changed || err != nil {
			t.Errorf("assent to %s: %v, %v; want nothing", what, changed, err)
		}
	}
	rewound := next(&c2, 2, "no higher")
	for _, p := range []parley.PartyCode{"alder", "birch", "cedar"} {
		g.files(p, assent(c2))
		g.tells(p, "alder", "birch", "cedar")
	}
	if _, err := g.chain("alder").Add(g.files("alder", assent(rewound))); parley.KindOf(err) != parley.Rewind {
		t.Errorf("a version that does not rise: %v, want rewind", err)
	}
}

func TestRivalsResolve(t *testing.T) {
	g := newGround(t, alder, birch)
	lo, hi := next(&g.f.Charter, 2, "of alder"), next(&g.f.Charter, 2, "of birch")
	if bytesLess(hi.Hash(), lo.Hash()) {
		lo, hi = hi, lo
	}
	g.files("alder", assent(hi)) // at once, each its own
	g.files("birch", assent(lo))
	g.tells("alder", "birch")
	g.tells("birch", "alder")
	if _, err := g.chain("birch").Add(g.files("birch", again(hi))); parley.KindOf(err) != parley.Conflict {
		t.Errorf("birch goes back to the one that is outranked: %v", err)
	}
	o := open(g.chain("alder"))
	if len(o) != 2 || !o[0].Dead || o[1].Dead {
		t.Fatalf("alder sees %+v, want its own dead and the other alive", o)
	}
	g.files("alder", again(lo))
	g.tells("alder", "birch")
	for _, p := range []parley.PartyCode{"alder", "birch"} {
		if r := g.wants(p, 2); r.CharterHash != lo.Hash() {
			t.Errorf("%s: the other one is in force", p)
		}
	}
}

func TestRivalsAreResolvedByAHigherVersion(t *testing.T) {
	g := newGround(t, alder, birch, cedar)
	one, two, three := next(&g.f.Charter, 2, "one"), next(&g.f.Charter, 2, "two"), next(&g.f.Charter, 3, "three")
	g.files("alder", assent(one))
	g.files("birch", assent(two))
	g.files("cedar", assent(three))
	g.tells("cedar", "alder", "birch")
	g.files("alder", again(three))
	g.files("birch", again(three))
	g.tells("alder", "birch", "cedar")
	g.tells("birch", "alder", "cedar")
	for _, p := range []parley.PartyCode{"alder", "birch", "cedar"} {
		g.wants(p, 3)
	}
}

func bytesLess(a, b [32]byte) bool { return slices.Compare(a[:], b[:]) < 0 }

func TestLeavingAndRemoving(t *testing.T) {
	g := newGround(t, alder, birch, cedar)
	stuck := next(&g.f.Charter, 2, "with cedar")
	g.files("alder", assent(stuck))
	g.tells("alder", "birch", "cedar")
	g.files("birch", again(stuck))
	leave := g.files("cedar", &form.Leave{Reason: "enough"})
	late := g.files("cedar", again(stuck))
	g.tells("cedar", "alder", "birch")
	g.tells("birch", "alder")
	r := g.wants("alder", 1)
	if r.In("cedar") || !slices.Equal(r.Parties(), []parley.PartyCode{"alder", "birch"}) || r.Left["cedar"] != leave.Ref {
		t.Errorf("after cedar left: %v, left %v", r.Parties(), r.Left)
	}
	c := NewChain(g.f)
	c.Add(leave)
	if _, err := c.Add(late); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("an assent after leaving: %v", err)
	}
	if _, err := g.chain("alder").Add(g.files("alder", assent(next(&g.f.Charter, 2, string(rune('a'+worse(stuck, &g.f.Charter))), "cedar")))); parley.KindOf(err) != parley.Conflict {
		t.Errorf("an assent that goes down in rank: %v, want conflict", err)
	}
	rest := next(&g.f.Charter, 3, "without cedar", "cedar") // the one before is dead: cedar left without assenting
	g.files("alder", assent(rest))
	g.tells("alder", "birch")
	g.files("birch", again(rest))
	g.tells("birch", "alder")
	g.wants("alder", 3)
	r = g.wants("birch", 3)
	if _, err := g.chain("birch").Add(g.files("birch", assent(next(r.Charter, 4, "alone", "alder")))); err == nil {
		t.Error("of two, one removes the other")
	}

	g = newGround(t, alder, birch, cedar)
	out := next(&g.f.Charter, 2, "cedar is out", "cedar")
	g.files("alder", assent(out))
	g.tells("alder", "birch", "cedar")
	g.files("cedar", &form.Assent{Hash: out.Hash()}) // not asked
	g.files("birch", again(out))
	g.tells("birch", "alder", "cedar")
	for _, p := range []parley.PartyCode{"alder", "birch", "cedar"} {
		if r := g.wants(p, 2); r.In("cedar") {
			t.Errorf("%s still has cedar on the line", p)
		}
	}
}

// worse finds words that make an amendment without cedar which d outranks.
func worse(d Charter, base *Charter) int {
	for i := 0; ; i++ {
		n := next(base, 2, string(rune('a'+i)), "cedar")
		if bytesLess(d.Hash(), n.Hash()) {
			return i
		}
	}
}

// TestNoTwoRivalsAreEverComplete lets parties assent, change sides, leave and
// learn of each other at random, some of them breaking every rule they can: in
// whatever anybody knows, the chains never contradict each other.
func TestNoTwoRivalsAreEverComplete(t *testing.T) {
	moved, forked := 0, 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 7))
		parties := []Party{alder, birch, cedar, {Code: "dogwood", Name: "Dogwood", Languages: []string{"en"}}}[:2+seed%3]
		g := newGround(t, parties...)
		docs := []Charter{g.f.Charter}
		for range 60 {
			p := parties[rng.IntN(len(parties))].Code
			switch n := rng.IntN(12); {
			case n < 5:
				g.tells(p, parties[rng.IntN(len(parties))].Code)
			case n < 6 && rng.IntN(6) == 0:
				g.files(p, &form.Leave{Reason: "enough"})
			case n < 8 && len(docs) < 12:
				base := docs[rng.IntN(len(docs))]
				var without []parley.PartyCode
				if rng.IntN(3) == 0 && len(base.Parties) > 2 {
					without = append(without, base.Parties[rng.IntN(len(base.Parties))].Code)
				}
				d := next(&base, base.Version+1+uint64(rng.IntN(2)), string(rune('a'+len(docs))), without...)
				docs = append(docs, d)
				g.files(p, assent(d))
			default:
				g.files(p, assent(docs[rng.IntN(len(docs))]))
			}
		}
		var longest []Document
		for _, p := range parties {
			l := links(g.chain(p.Code))
			for i := range min(len(l), len(longest)) {
				if l[i].Hash != longest[i].Hash {
					t.Fatalf("seed %d: %s has another charter %d in force than another party", seed, p.Code, i)
				}
			}
			if len(l) > len(longest) {
				longest = l
			}
		}
		g.know["all"] = g.all
		whole := links(g.chain("all"))
		for i := range longest {
			if whole[i].Hash != longest[i].Hash {
				t.Fatalf("seed %d: all that was filed gives another chain than a part of it", seed)
			}
		}
		if len(whole) > 1 {
			moved++
		}
		c := g.chain("all")
		bases := map[[32]byte]int{}
		for i := range c.assents {
			bases[c.assents[i].doc.base]++
		}
		if len(bases) > 0 && len(open(c)) > 1 {
			forked++
		}
	}
	if moved < 40 || forked < 20 {
		t.Errorf("%d lines were amended and %d had rivals: too few to show anything", moved, forked)
	}
}

func TestOrderOfActs(t *testing.T) {
	g := newGround(t, alder, birch)
	c2 := next(&g.f.Charter, 2, "two")
	g.files("alder", assent(c2))
	g.tells("alder", "birch")
	g.files("birch", again(c2))
	turned := slices.Clone(g.all)
	slices.Reverse(turned)
	if got := Order(turned); len(got) != 2 || got[0].Party != "alder" {
		t.Errorf("got %v", got)
	}
	turned[1].Seen = map[parley.GenerationID]uint64{genOf("birch"): 1} // each claims to have seen the other
	if got := Order(turned); len(got) != 0 {
		t.Errorf("acts that have seen each other: got %v", got)
	}
}

func TestAnnexAmendmentRefused(t *testing.T) {
	for what, change := range map[string]func(*Annex){
		"nobody agrees":      func(a *Annex) { a.Agree = nil },
		"no version":         func(a *Annex) { a.Version = 0 },
		"version 1":          func(a *Annex) { a.Version = 1 },
		"supersedes nothing": func(a *Annex) { a.Supersedes = nil },
		"out of order":       func(a *Annex) { a.Agree = []parley.PartyCode{"birch", "alder"} },
		"one twice":          func(a *Annex) { a.Agree = []parley.PartyCode{"alder", "alder"} },
		"one alone":          func(a *Annex) { a.Agree = []parley.PartyCode{"alder"} },
		"a code in capitals": func(a *Annex) { a.Agree = []parley.PartyCode{"Alder", "birch"} },
	} {
		a := DefaultAnnex()
		h := a.Hash()
		a.Supersedes, a.Version, a.Agree = &h, 2, []parley.PartyCode{"alder", "birch"}
		if _, err := ParseAnnex(a.Encode()); err != nil {
			t.Fatal(err)
		}
		change(&a)
		if _, err := ParseAnnex(a.Encode()); parley.KindOf(err) != parley.BadForm {
			t.Errorf("%s: %v, want bad-form", what, err)
		}
	}
}
