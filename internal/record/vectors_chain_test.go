package record_test

import (
	"bytes"
	"slices"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/record/recordtest"
)

// chainPart is charter.md, Amendment: what acts make of a founding.
func chainPart() part {
	return part{name: "chain", about: "What is in force after acts, in the order given, in the view of everything (charter.md, Amendment); an error is that of the last act.", station: true, run: runChain, make: makeChain}
}

func runChain(in input) (object, error) {
	f, err := charter.ParseFounding(in.bytes("founding"))
	if err != nil {
		return nil, err
	}
	c, last := charter.NewChain(f), error(nil)
	for _, x := range in.list("acts") {
		o := input{t: in.t, in: x.(object)}
		a := charter.Act{Ref: parley.Ref{Gen: parley.GenerationID(o.bytes("generation")), Index: o.uint("index")}, Party: parley.PartyCode(o.text("party")),
			Rank: o.uint("rank"), Seen: map[parley.GenerationID]uint64{}}
		for _, s := range o.list("seen") {
			pair := toList(s)
			a.Seen[parley.GenerationID(unhex(in.t, pair[0].(string)))] = toUint(pair[1])
		}
		if a.Form, _, err = form.ParseBody(o.text("form"), o.bytes("body")); err != nil {
			return nil, err
		}
		_, last = c.Add(a)
	}
	if last != nil {
		return nil, last
	}
	r := c.At(charter.View{All: true})
	on := []any{}
	for _, p := range r.Parties() {
		on = append(on, string(p))
	}
	return object{"charter": hexOf(r.CharterHash[:]), "version": r.Charter.Version, "annex": hexOf(r.AnnexHash[:]), "on": on}, nil
}

// acts builds the acts of a chain vector: everybody has seen all that stands
// before, save where blind says not.
type acts struct {
	l    *recordtest.Line
	list []any
	size map[parley.PartyCode]uint64
}

func (a *acts) add(p string, f form.Form, blind ...string) {
	i := slices.IndexFunc(a.l.Parties, func(x *recordtest.Party) bool { return string(x.Code) == p })
	seen := []any{}
	for _, o := range a.l.Parties {
		if n := a.size[o.Code]; n > 0 && string(o.Code) != p && !slices.Contains(blind, string(o.Code)) {
			seen = append(seen, []any{hexOf(o.First.Gen[:]), n})
		}
	}
	code := a.l.Parties[i].Code
	a.list = append(a.list, object{"party": p, "generation": hexOf(a.l.Parties[i].First.Gen[:]), "index": a.size[code], "rank": 0, "seen": seen, "form": f.Name(), "body": hexOf(form.EncodeBody(f, 0))})
	a.size[code]++
}

func makeChain(m *maker) {
	l := recordtest.New(nil, "alder", "birch", "cedar")
	founding := func() *charter.Founding {
		f, err := charter.ParseFounding(l.Raw)
		if err != nil {
			m.t.Fatal(err)
		}
		return f
	}()
	base := founding.Charter
	next := func(c charter.Charter, v uint64, words string, without ...parley.PartyCode) charter.Charter {
		h := c.Hash()
		c.Version, c.Supersedes, c.Recording = v, &h, words
		c.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(p charter.Party) bool { return slices.Contains(without, p.Code) })
		rungs := map[parley.PartyCode][]parley.Rung{}
		for _, p := range c.Parties {
			rungs[p.Code] = c.Rungs[p.Code]
		}
		c.Rungs = rungs
		return c
	}
	yes := func(c charter.Charter) form.Form { return form.NewAssent(form.ToCharter, c.Encode(), true) }
	leave := &form.Leave{Reason: "enough"}
	play := func(do func(a *acts)) object {
		a := &acts{l: l, list: []any{}, size: map[parley.PartyCode]uint64{}}
		do(a)
		return object{"founding": hexOf(l.Raw), "acts": a.list}
	}
	two, rival := next(base, 2, "everything is recorded"), next(base, 2, "calls are recorded")
	lo, hi := two, rival
	if a, b := lo.Hash(), hi.Hash(); bytes.Compare(a[:], b[:]) > 0 {
		lo, hi = hi, lo
	}
	three := next(base, 3, "three")
	out := next(base, 2, "cedar is out", "cedar")
	all := func(a *acts, c charter.Charter) {
		for _, p := range []string{"alder", "birch", "cedar"} {
			a.add(p, yes(c))
		}
	}
	m.ok("nothing", play(func(a *acts) {}))
	m.ok("one is silent", play(func(a *acts) { a.add("alder", yes(two)); a.add("birch", yes(two)) }))
	m.ok("all assent", play(func(a *acts) { all(a, two) }))
	m.ok("two amendments", play(func(a *acts) { all(a, two); all(a, next(two, 3, "more")) }))
	m.ok("rivals, the lesser hash", play(func(a *acts) {
		a.add("alder", yes(hi))
		a.add("birch", yes(lo), "alder")
		a.add("cedar", yes(lo))
		a.add("alder", yes(lo))
	}))
	m.ok("rivals, the higher version", play(func(a *acts) {
		a.add("alder", yes(lo))
		a.add("birch", yes(hi), "alder")
		a.add("cedar", yes(three), "alder", "birch")
		a.add("alder", yes(three))
		a.add("birch", yes(three))
	}))
	m.ok("one leaves, the others amend", play(func(a *acts) {
		a.add("cedar", leave)
		a.add("alder", yes(out))
		a.add("birch", yes(out))
	}))
	m.ok("one is removed", play(func(a *acts) { a.add("alder", yes(out)); a.add("birch", yes(out)) }))
	an, h := founding.Annex, founding.Annex.Hash()
	an.Supersedes, an.Version, an.Agree, an.Quotas = &h, 2, []parley.PartyCode{"alder", "birch", "cedar"}, map[charter.Bound]uint64{charter.EntriesPerSecond: 7}
	m.ok("an annex", play(func(a *acts) {
		for _, p := range []string{"cedar", "birch", "alder"} {
			a.add(p, form.NewAssent(form.ToAnnex, an.Encode(), true))
		}
	}))
	m.ok("assent to what is in force", play(func(a *acts) { a.add("alder", form.NewAssent(form.ToCharter, founding.CharterBytes(), false)) }))
	bad := func(kind parley.Kind, name string, do func(a *acts)) { m.bad(kind, name, play(do)) }
	bad(parley.NotFound, "a document that nobody sent", func(a *acts) { a.add("alder", form.NewAssent(form.ToCharter, two.Encode(), false)) })
	bad(parley.Malformed, "a document that is none", func(a *acts) { a.add("alder", form.NewAssent(form.ToCharter, []byte{0xa0}, true)) })
	bad(parley.Conflict, "a base that is not in force", func(a *acts) { a.add("alder", yes(next(two, 3, "too early"))) })
	bad(parley.Conflict, "a base that is no longer in force", func(a *acts) { all(a, two); a.add("alder", yes(rival)) })
	bad(parley.Rewind, "a version that does not rise", func(a *acts) { all(a, three); a.add("alder", yes(next(three, 3, "again"))) })
	joined := next(base, 2, "four")
	joined.Parties = append(slices.Clone(joined.Parties), charter.Party{Code: "dogwood", Name: "Dogwood", Languages: []string{"en"}})
	bad(parley.NotAllowed, "a party that joins", func(a *acts) { a.add("alder", yes(joined)) })
	bad(parley.BadForm, "of two, one removes the other", func(a *acts) {
		a.add("cedar", leave)
		all(a, out)
		a.add("alder", yes(next(out, 3, "alone", "birch")))
	})
	bad(parley.WrongParty, "the one that is removed", func(a *acts) { a.add("cedar", yes(out)) })
	bad(parley.Conflict, "a rival that is outranked", func(a *acts) { a.add("alder", yes(lo)); a.add("alder", yes(hi)) })
	bad(parley.Conflict, "a rival of one that may still come into force", func(a *acts) { a.add("alder", yes(hi)); a.add("alder", yes(lo)) })
	bad(parley.NotAllowed, "after leaving", func(a *acts) { a.add("alder", leave); a.add("alder", yes(two)) })
	an.Agree = []parley.PartyCode{"alder", "birch"}
	bad(parley.NotAllowed, "an annex that not all agree", func(a *acts) { a.add("alder", form.NewAssent(form.ToAnnex, an.Encode(), true)) })
}
