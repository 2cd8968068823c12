package charter

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"parley"
	"parley/internal/form"
)

// An Act is an entry that may change what rules a line: an assent or a leave.
type Act struct {
	Ref   parley.Ref
	Party parley.PartyCode
	Rank  uint64                         // of its generation: 0 for the founding one, else the time of its certificate
	Seen  map[parley.GenerationID]uint64 // accumulated, at the entry
	Form  form.Form                      // *form.Assent or *form.Leave
}

// IsAct reports whether entries of the named form are acts.
func IsAct(name string) bool { return name == "assent" || name == "leave" }

// A View is what an entry of Party, at Ref, has before it. The zero View with
// All set is everything that was added.
type View struct {
	Party parley.PartyCode
	Ref   parley.Ref
	Rank  uint64
	Seen  map[parley.GenerationID]uint64
	All   bool
}

// View returns what the act has before it.
func (a *Act) View() View { return View{Party: a.Party, Ref: a.Ref, Rank: a.Rank, Seen: a.Seen} }

// has reports whether the view covers an entry.
func (v *View) has(a *Act) bool {
	switch {
	case v.All:
		return true
	case a.Party != v.Party:
		return v.Seen[a.Ref.Gen] > a.Ref.Index
	}
	return cmp.Or(cmp.Compare(a.Rank, v.Rank), bytes.Compare(a.Ref.Gen[:], v.Ref.Gen[:]), cmp.Compare(a.Ref.Index, v.Ref.Index)) < 0
}

// Rules are what is in force in one view. They are shared and never change.
type Rules struct {
	Charter     *Charter
	Annex       *Annex
	CharterHash [32]byte
	AnnexHash   [32]byte
	Left        map[parley.PartyCode]parley.Ref // who has left, by which entry
}

// In reports whether a party is on the line: named by the charter, and not left.
func (r *Rules) In(p parley.PartyCode) bool {
	_, named := r.Charter.Party(p)
	_, left := r.Left[p]
	return named && !left
}

// Parties returns who is on the line, in bytewise order of code.
func (r *Rules) Parties() []parley.PartyCode {
	return slices.DeleteFunc(r.Charter.Codes(), func(p parley.PartyCode) bool { return !r.In(p) })
}

// document is a charter or annex that somebody has assented to.
type document struct {
	kind    uint64
	hash    [32]byte
	base    [32]byte
	version uint64
	agree   []parley.PartyCode
	charter *Charter
	annex   *Annex
	raw     []byte
}

// outranks is the order among rivals: the higher version, then the lesser hash.
func (d *document) outranks(o *document) bool {
	if d.version != o.version {
		return d.version > o.version
	}
	return bytes.Compare(d.hash[:], o.hash[:]) < 0
}

// counted is an assent that counts.
type counted struct {
	Act
	doc *document
}

// Chain follows what rules a line from its founding on (spec/charter.md,
// Amendment). It holds no more than what counts.
type Chain struct {
	founding *document // of the charter
	annex    *document
	assents  []counted
	left     []Act
}

// NewChain returns the chain of a line in which nothing was amended yet.
func NewChain(f *Founding) *Chain {
	c, a := f.Charter, f.Annex
	return &Chain{founding: &document{kind: form.ToCharter, hash: HashCharter(f.CharterBytes()), charter: &c, raw: f.CharterBytes()},
		annex: &document{kind: form.ToAnnex, hash: HashAnnex(f.AnnexBytes()), annex: &a, raw: f.AnnexBytes()}}
}

// Add takes the next act: those it has seen were added before it. changed says
// that it counts. The error says why it does not; nothing changes then.
func (c *Chain) Add(a Act) (changed bool, err error) {
	v := a.View()
	if _, left := c.leftIn(&v)[a.Party]; left {
		return false, parley.Errorf(parley.NotAllowed, "%s has left the line: what it writes after that counts for nothing", a.Party)
	}
	a.Seen = maps.Clone(a.Seen)
	switch f := a.Form.(type) {
	case *form.Leave:
		c.left = append(c.left, a)
		return true, nil
	case *form.Assent:
		d, err := c.judge(&a, f, &v)
		if err != nil || d == nil {
			return false, err
		}
		a.Form = nil // what is kept of it is the document
		c.assents = append(c.assents, counted{a, d})
		return true, nil
	}
	return false, nil
}

// judge decides whether an assent counts (rule 4): nil without error when it
// changes nothing.
func (c *Chain) judge(a *Act, f *form.Assent, v *View) (*document, error) {
	rules := c.At(*v)
	if base := rules.hash(f.Kind); f.Hash == base {
		return nil, nil
	}
	d, err := c.document(f, v)
	if err != nil {
		return nil, err
	}
	if err := rules.may(d); err != nil {
		return nil, err
	}
	if !slices.Contains(d.agree, a.Party) {
		return nil, parley.Errorf(parley.WrongParty, "%s is not among those who agree to it: %v", a.Party, d.agree)
	}
	s := c.standing(a.Party, d.kind, d.base, v)
	switch {
	case s == nil:
	case s == d:
		return nil, nil
	case !d.outranks(s):
		return nil, parley.Errorf(parley.Conflict, "%s has assented to a rival that outranks it: version %d, %x", a.Party, s.version, s.hash[:8])
	case !c.dead(s, a.Party, v):
		return nil, parley.Errorf(parley.Conflict, "%s has assented to a rival that may still come into force: version %d, %x", a.Party, s.version, s.hash[:8])
	}
	return d, nil
}

func (r *Rules) hash(kind uint64) [32]byte {
	if kind == form.ToAnnex {
		return r.AnnexHash
	}
	return r.CharterHash
}

// document returns what an assent is to, from the entry itself or from one that
// counts and is in the view.
func (c *Chain) document(f *form.Assent, v *View) (*document, error) {
	for i := range c.assents {
		if d := c.assents[i].doc; d.kind == f.Kind && d.hash == f.Hash && (v.has(&c.assents[i].Act) || len(f.Document) > 0) {
			return d, nil
		}
	}
	if len(f.Document) == 0 {
		return nil, parley.Errorf(parley.NotFound, "the document %x is not known: whoever assents first sends it along", f.Hash[:8])
	}
	return parseDocument(f.Kind, f.Document)
}

func parseDocument(kind uint64, raw []byte) (*document, error) {
	d := &document{kind: kind, raw: raw}
	var base *[32]byte
	if kind == form.ToAnnex {
		a, err := ParseAnnex(raw)
		if err != nil {
			return nil, err
		}
		d.annex, d.hash, base, d.version, d.agree = &a, HashAnnex(raw), a.Supersedes, a.Version, a.Agree
	} else {
		x, err := Parse(raw)
		if err != nil {
			return nil, err
		}
		d.charter, d.hash, base, d.version, d.agree = &x, HashCharter(raw), x.Supersedes, x.Version, x.Codes()
	}
	if base == nil {
		return nil, parley.Errorf(parley.Conflict, "it supersedes nothing: it is a first one, for a new line")
	}
	d.base = *base
	return d, nil
}

// leftIn returns who has left in a view.
func (c *Chain) leftIn(v *View) map[parley.PartyCode]parley.Ref {
	m := map[parley.PartyCode]parley.Ref{}
	for i := range c.left {
		if v.has(&c.left[i]) {
			m[c.left[i].Party] = c.left[i].Ref
		}
	}
	return m
}

// standing is the document that the last assent of a party that counts, of a
// kind and base, is to; nil when it has none in the view.
func (c *Chain) standing(p parley.PartyCode, kind uint64, base [32]byte, v *View) (d *document) {
	for i := range c.assents {
		if a := &c.assents[i]; a.Party == p && a.doc.kind == kind && a.doc.base == base && v.has(&a.Act) {
			d = a.doc
		}
	}
	return d
}

// by returns the first assents to d that count in a view.
func (c *Chain) by(d *document, v *View) map[parley.PartyCode]parley.Ref {
	m := map[parley.PartyCode]parley.Ref{}
	for i := range c.assents {
		a := &c.assents[i]
		if _, ok := m[a.Party]; !ok && a.doc == d && v.has(&a.Act) {
			m[a.Party] = a.Ref
		}
	}
	return m
}

// dead reports whether d can never be complete, by what p knows in a view: an
// agreeing party has left without assenting, or stands on one that outranks it.
func (c *Chain) dead(d *document, p parley.PartyCode, v *View) bool {
	left, by := c.leftIn(v), c.by(d, v)
	for _, q := range d.agree {
		if q == p {
			continue
		}
		_, assented := by[q]
		if _, gone := left[q]; gone && !assented {
			return true
		}
		if s := c.standing(q, d.kind, d.base, v); s != nil && s.outranks(d) {
			return true
		}
	}
	return false
}

// At returns what is in force in a view.
func (c *Chain) At(v View) *Rules {
	d, a := c.follow(c.founding, &v), c.follow(c.annex, &v)
	return &Rules{Charter: d.charter, CharterHash: d.hash, Annex: a.annex, AnnexHash: a.hash, Left: c.leftIn(&v)}
}

// follow goes from a document to what has come into force over it in a view. The
// assent that completes an amendment stands after those that completed its base.
func (c *Chain) follow(d *document, v *View) *document {
	for i := range c.assents {
		if next := c.assents[i].doc; next.kind == d.kind && next.base == d.hash && len(c.by(next, v)) == len(next.agree) {
			d = next
		}
	}
	return d
}

// may refuses a document that cannot follow what is in force (rule 4, b and c).
func (r *Rules) may(d *document) error {
	version, word := r.Charter.Version, "charter"
	if d.kind == form.ToAnnex {
		version, word = r.Annex.version(), "annex"
	}
	switch {
	case d.base != r.hash(d.kind):
		return parley.Errorf(parley.Conflict, "it amends another %s than the one in force", word).
			WithHint("begin again from the one in force: parley charter show")
	case d.version <= version:
		return parley.Errorf(parley.Rewind, "it has version %d; the %s in force has %d", d.version, word, version)
	case d.kind == form.ToAnnex:
		if on := r.Parties(); !slices.Equal(on, d.agree) {
			return parley.Errorf(parley.NotAllowed, "it is agreed by %v; on the line are %v", d.agree, on)
		}
		return nil
	}
	for _, p := range d.agree {
		if _, ok := r.Charter.Party(p); !ok {
			return parley.Errorf(parley.NotAllowed, "it names %s, which is not on the line: nobody joins a line", p).
				WithHint("found a new line with all of them; it may cite this one")
		}
	}
	on := r.Parties()
	gone := slices.DeleteFunc(slices.Clone(on), func(p parley.PartyCode) bool { return slices.Contains(d.agree, p) })
	if len(gone) > 1 || len(gone) == 1 && len(on) < 3 {
		return parley.Errorf(parley.NotAllowed, "it leaves out %v: one party at a time is removed, by all others, of three or more", gone)
	}
	return nil
}

// Check reports whether encoded bytes may be proposed where these rules are in
// force, with the errors of rule 4, a to c.
func (r *Rules) Check(kind uint64, raw []byte) error {
	d, err := parseDocument(kind, raw)
	if err != nil {
		return err
	}
	return r.may(d)
}

// A Document is a charter or annex that the line was founded on, or that has an
// assent that counts.
type Document struct {
	Kind    uint64
	Hash    [32]byte
	Base    [32]byte
	Version uint64
	Raw     []byte
	Agree   []parley.PartyCode
	By      map[parley.PartyCode]parley.Ref // who has assented; nil for what was founded on
	InForce bool                            // it is in force, or was until the next one of the chain
	Dead    bool                            // it can never come into force
}

// Documents returns all of them, in the order in which they were made.
func (c *Chain) Documents() []Document {
	v, seen := View{All: true}, map[*document]bool{}
	out := []Document{{Kind: form.ToCharter, Hash: c.founding.hash, Version: 1, Raw: c.founding.raw, InForce: true},
		{Kind: form.ToAnnex, Hash: c.annex.hash, Version: 1, Raw: c.annex.raw, InForce: true}}
	for i := range c.assents {
		d := c.assents[i].doc
		if by := c.by(d, &v); !seen[d] {
			out = append(out, Document{Kind: d.kind, Hash: d.hash, Base: d.base, Version: d.version, Raw: d.raw, Agree: d.agree, By: by,
				InForce: len(by) == len(d.agree), Dead: c.dead(d, "", &v)})
		}
		seen[d] = true
	}
	return out
}

// Order sorts acts so that each stands after those it has seen: as they are to
// be added. What cannot be ordered is left out.
func Order(acts []Act) []Act {
	rest, out := slices.Clone(acts), make([]Act, 0, len(acts))
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(a Act) bool {
			v := a.View()
			return !slices.ContainsFunc(rest, func(b Act) bool { return b.Ref != a.Ref && v.has(&b) })
		})
		if i < 0 {
			return out
		}
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}
