package sim

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/store"
)

// secretSize is how much of a secret is looked for: all of a key, or a half of a seed.
const secretSize = 32

// headMost is how many bytes of CBOR may stand before a secret.
const headMost = 8

// secrets are the keys of the old line that anybody ever had: of entries, epochs,
// logs and receipts, and receiving keys.
type secrets struct {
	of    map[[secretSize]byte]string // what each is
	begin [1 << 16]bool               // how any of them begins, to look quickly
}

// add takes what is kept as a secret: a key, two, or one within a few bytes of CBOR.
func (x *secrets) add(v []byte, what string) {
	if x.of == nil {
		x.of = map[[secretSize]byte]string{}
	}
	for at := 0; at+secretSize <= len(v); at++ {
		if at <= headMost || at%secretSize == 0 {
			x.of[[secretSize]byte(v[at:])] = what
			x.begin[int(v[at])<<8|int(v[at+1])] = true
		}
	}
}

// in returns which secrets stand anywhere in b.
func (x *secrets) in(b []byte) (found []string) {
	for i := 0; i+secretSize <= len(b); i++ {
		if x.begin[int(b[i])<<8|int(b[i+1])] {
			if what, ok := x.of[[secretSize]byte(b[i:])]; ok {
				found = append(found, what)
			}
		}
	}
	return found
}

// keptSecret notes, on the old line, what must reach nobody else; and on the new one
// holds what is written to it: the two lines of a station share no key, and none of
// the old one is at the newcomer.
func (x *watch) keptSecret(s *station, b *line.Batch) {
	k := x.w.secrets
	if k == nil {
		return
	}
	if x.w.label == "" {
		for _, kv := range b.Keys {
			if kv.Secret {
				k.add(kv.Value, kv.Key)
			}
		}
		for i := range b.Entries {
			k.add(b.Entries[i].Key, "the key of entry "+parley.Ref{Gen: b.Entries[i].Gen, Index: b.Entries[i].Index}.String())
		}
		return
	}
	for _, kv := range b.Keys {
		if found := k.in(kv.Value); len(found) > 0 {
			x.w.fail("two lines share no key", "%s keeps as %s of the new line what is %s of the old one", s.code, kv.Key, found[0])
		}
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		if found := k.in(slices.Concat(e.Key, e.Bytes, e.Header, e.Body)); len(found) > 0 {
			x.w.fail("two lines share no key", "%s has in an entry of the new line %s of the old one", s.code, found[0])
		}
	}
}

// toldSecret holds what is said on the new line to what must not be said there.
func (x *watch) toldSecret(s *station, to parley.PartyCode, raw []byte) {
	if k := x.w.secrets; k != nil && x.w.label != "" {
		if found := k.in(raw); len(found) > 0 {
			x.w.fail("who joins can open nothing of before", "%s sends %s %s of the old line", s.code, to, found[0])
		}
	}
}

// finalJoin holds, at the end, the old line to what it was before somebody joined, the
// citations of the new one to it, and what the newcomer was given to both.
func (g *ground) finalJoin() {
	if g.join == nil {
		return
	}
	for _, s := range g.lines[0].stations {
		g.join.unchanged(s)
	}
	for _, s := range g.join.w.stations {
		if s.own != nil {
			g.join.judges(s)
		}
	}
	g.join.opens()
}

// unchanged holds what a station of the old line has of its record to what was there
// before: every entry octet for octet, and the order of what was settled.
func (j *join) unchanged(s *station) {
	x := s.w.watch
	for _, l := range s.own.Engine.Status().Logs {
		es, err := store.EntriesUpTo(s.disk, l.Gen, l.Size)
		must(err)
		for i := range es {
			e := &es[i]
			ref := parley.Ref{Gen: e.Gen, Index: e.Index}
			leaf, ok := j.before[ref]
			if !ok {
				continue
			}
			s.w.counts.Kept++
			if leaf != sha256.Sum256(e.Bytes) {
				s.w.fail("what was on the record before stays as it was", "%s holds entry %s otherwise", s.code, ref)
			}
			if c, ok := x.content[ref]; ok && e.Header != nil && c != contentOf(e) {
				s.w.fail("what was on the record before stays as it was", "%s reads entry %s otherwise", s.code, ref)
			}
		}
	}
	if x.loose {
		return
	}
	out := x.rules.out(s)
	for i, ref := range j.order {
		r, err := s.disk.Item(ref.Gen, ref.Index)
		if err != nil && out {
			continue // who is out, and lost it, gets nothing back
		}
		if err != nil || r.Settled && r.Pos != int64(i+1) || !r.Settled && !out && !s.w.ended() {
			s.w.fail("what was on the record before stays as it was", "%s has entry %s at position %d, settled %t; it was settled at %d: %v", s.code, ref, r.Pos, r.Settled, i+1, err)
			return
		}
	}
}

// first is the first dispatch of the new line, by the order of whoever has settled it;
// nil when nobody has.
func (j *join) first() *store.Row {
	for _, s := range j.w.on() {
		if s.own == nil || s.disk == nil {
			continue
		}
		rows, _, err := s.disk.Rows(store.Filter{Forms: []string{"dispatch"}, Order: store.ByPosition, Limit: 1})
		must(err)
		if len(rows) > 0 && rows[0].Settled {
			return &rows[0]
		}
	}
	return nil
}

// judges lets the officers of one station hold every citation on the new line to what
// they hold of the old one, and holds them to what was true.
func (j *join) judges(s *station) {
	w := j.w
	if r := j.first(); r != nil && !w.watch.loose {
		if d := dispatchOf(r); d == nil || d.Subject != citing {
			w.fail("the first dispatch cites the line before", "the first is %s", r.Ref())
		}
	}
	o := s.older()
	for _, text := range s.citations() {
		c, err := record.ParseCitation(text)
		if err != nil {
			w.fail("a citation can be read", "%s: %v", s.code, err)
			return
		}
		if o == nil || o.own == nil {
			continue // the newcomer cannot tell; it has the proof files
		}
		unheld, err := c.Check(held{o})
		truth := j.cited[text]
		w.counts.Cited++
		switch {
		case err != nil && parley.KindOf(err) != parley.BadProof && parley.KindOf(err) != parley.WrongLine:
			must(err)
		case truth && err != nil:
			w.fail("a true citation is found true", "%s: %v", s.code, err)
		case !truth && err == nil && len(unheld) == 0:
			w.fail("a false citation is noticed", "%s takes it for true", s.code)
		case len(unheld) > 0 && o.w.watch.losses == 0 && !o.w.watch.rules.out(o) && !o.w.ended():
			w.fail("a true citation is found true", "%s holds less than is cited of %d logs", s.code, len(unheld))
		case err != nil:
			w.counts.False++
		}
	}
}

// opens lets the newcomer verify the proof files that it was given, under the founding
// that the first citation which is true names: each opens the one entry, and no other
// key of the old line is in it; altered anywhere, or held to the founding of the new
// line, none verifies. Nothing else of the old line is known there.
func (j *join) opens() {
	w, s := j.w, j.newcomer
	var founding []byte
	for _, text := range s.citations() {
		if c, err := record.ParseCitation(text); err == nil && j.cited[text] && founding == nil {
			founding = c.Founding[:]
		}
	}
	other := w.founding.Hash()
	for _, f := range j.files {
		if founding != nil {
			rep, opened, err := record.OpenProof(f.b, record.VerifyOptions{Founding: founding})
			if err != nil || rep.Failures > 0 || opened == nil || opened.Ref != f.ref {
				w.fail("a proof file verifies at the newcomer", "%s's of entry %s: %v %+v", f.by, f.ref, err, rep)
				return
			}
			if d, ok := opened.Form.(*form.Dispatch); !ok || d.Text != f.text {
				w.fail("a proof file verifies at the newcomer", "%s's of entry %s opens another text", f.by, f.ref)
			}
			w.counts.Disclosed++
		}
		if _, _, err := record.OpenProof(f.b, record.VerifyOptions{Founding: other[:]}); parley.KindOf(err) != parley.WrongLine {
			w.fail("a proof file is of its own line only", "%s's of entry %s, held to the new line: %v", f.by, f.ref, err)
		}
		for range 4 {
			b := bytes.Clone(f.b)
			b[w.rng.IntN(len(b))] ^= byte(1 + w.rng.IntN(255))
			if rep, opened, err := record.OpenProof(b, record.VerifyOptions{}); err == nil && rep.Failures == 0 && opened != nil {
				w.fail("an altered proof file does not verify", "%s's of entry %s", f.by, f.ref)
			}
		}
		p := check(c2sp.ParseProof(f.b))
		if found := w.secrets.in(p.Extra); len(found) != 1 || found[0] != "the key of entry "+f.ref.String() {
			w.fail("a proof file opens one entry", "%s's of entry %s holds %v", f.by, f.ref, found)
		}
	}
	for _, l := range s.own.Engine.Status().Logs {
		if g := w.lines[0].watch.owner[l.Gen]; g != nil {
			w.fail("who joins can open nothing of before", "%s holds log %s of the old line", s.code, l.Gen)
		}
	}
}
