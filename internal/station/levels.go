package station

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"parley"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/seal"
)

// LevelRule is who arranges contacts at a level.
type LevelRule struct {
	Level   string   `json:"level"`
	Offices []string `json:"offices"` // none: the level is not for contacts of this line
	Agreed  bool     `json:"agreed"`  // by the charter; else as it is where nothing was agreed
}

// levelsOf reads the rule on levels of a charter. One that cannot be read binds
// nobody: the page of the charter shows it so.
func levelsOf(c *charter.Charter) contact.Levels {
	v, err := contact.ReadLevels(c.Unknown, c.HasOffice)
	if err != nil {
		return nil
	}
	return v
}

// checkLevels refuses to assent to a rule that nobody could keep: it would bind
// neither side, though it stands in the charter.
func checkLevels(kind uint64, raw []byte) error {
	if kind != form.ToCharter {
		return nil
	}
	c, err := charter.Parse(raw)
	if err != nil {
		return err
	}
	if _, err = contact.ReadLevels(c.Unknown, c.HasOffice); err != nil {
		return fmt.Errorf("who arranges contacts, by the charter that is proposed: %w", err)
	}
	return nil
}

// levels is the rule that binds what our side files.
func (l *liveLine) levels() contact.Levels { return levelsOf(l.charter()) }

// levelRules says who arranges contacts, from the highest level.
func (l *liveLine) levelRules() (out []LevelRule) {
	v := l.levels()
	for level := contact.Leader; ; level-- {
		x := LevelRule{Level: level.String(), Offices: []string{}, Agreed: v != nil}
		for _, o := range v.Offices(level) {
			x.Offices = append(x.Offices, string(o))
		}
		if out = append(out, x); level == contact.Working {
			return out
		}
	}
}

// seatAt returns the office in which an officer acts on a contact at a level, and
// to whom that goes; NotAllowed where he holds none that may.
func (l *liveLine) seatAt(by Officer, act string, level contact.Level) (from parley.Office, to []parley.Address, err error) {
	v := l.levels()
	offices, what := v.Offices(level), act+" at the level "+level.String()
	if len(offices) == 0 {
		return "", nil, parley.Errorf(parley.NotAllowed, "nobody may %s: by the charter that level is not for contacts of this line", what).WithHint("see who arranges contacts: parley charter show")
	}
	if !slices.ContainsFunc(offices, by.Holds) {
		return "", nil, parley.Errorf(parley.NotAllowed, "%s may not %s: it takes the office of %s", by.Name, what, strings.Join(codesList(offices), " or "))
	}
	from = l.officeOf(by)
	if i := slices.IndexFunc(by.Offices, func(o parley.Office) bool { return slices.Contains(offices, o) && l.charter().HasOffice(o) }); i >= 0 {
		from = by.Offices[i]
	}
	if v == nil || slices.Contains(offices, parley.Envoy) {
		return from, l.everyEnvoy(), nil
	}
	for _, p := range l.others() {
		to = append(to, parley.Address{Party: p, Office: offices[0]})
	}
	return from, to, nil
}

func codesList(offices []parley.Office) []string {
	out := make([]string, len(offices))
	for i, o := range offices {
		out[i] = string(o)
	}
	return out
}

// levelOf is the level at which a form arranges a contact, nil for a new one; ok is
// false for what does not.
func levelOf(c *contact.Contact, f form.Form, refs []parley.Ref) (l contact.Level, ok bool) {
	switch f.(type) {
	case *contact.Request, *contact.Reply, *contact.CallOff:
		return orNew(c).LevelOf(&contact.Entry{Form: f, Refs: refs})
	}
	return 0, false
}

func orNew(c *contact.Contact) *contact.Contact {
	if c == nil {
		return &contact.Contact{}
	}
	return c
}

// mayEver refuses who may not act on contacts at any level.
func (l *liveLine) mayEver(by Officer, act string) error {
	v := l.levels()
	var any []parley.Office
	for level := contact.Working; level <= contact.Leader; level++ {
		for _, o := range v.Offices(level) {
			if by.Holds(o) {
				return nil
			}
			if !slices.Contains(any, o) {
				any = append(any, o)
			}
		}
	}
	return parley.Errorf(parley.NotAllowed, "%s may not %s: it takes the office of %s", by.Name, act, strings.Join(codesList(any), " or "))
}

// outside reports whether what arranges a contact is outside what was agreed: by
// the charter that ruled its writer when it was written. It is on the record all
// the same.
func (l *liveLine) outside(c *contact.Contact, e *contact.Entry) bool {
	level, ok := c.LevelOf(e)
	if !ok {
		return false
	}
	v, err := l.levelsOver(e)
	if err != nil {
		l.log.Error("finding the charter over an entry", "entry", e.Ref.String(), "err", err)
	}
	return err == nil && v.Outside(level, e.From)
}

// seatOf is the office in which somebody arranged.
func (l *liveLine) seatOf(c *contact.Contact, e *contact.Entry) ContactSeat {
	return ContactSeat{Office: string(e.From), Outside: l.outside(c, e)}
}

// levelsOver is the rule of the charter in force in an entry's view
// (spec/charter.md, Amendment).
func (l *liveLine) levelsOver(e *contact.Entry) (contact.Levels, error) {
	chain := l.books.rules.chain(l.runner.Status().Documents)
	v := chain[0].levels
	for _, d := range chain[1:] {
		for q, ref := range d.by {
			if ok, err := l.covers(e, q, ref); err != nil || !ok {
				return v, err
			}
		}
		v = d.levels
	}
	return v, nil
}

// covers reports whether an entry of q stands in the view of e.
func (l *liveLine) covers(e *contact.Entry, q parley.PartyCode, ref parley.Ref) (bool, error) {
	if q != e.Party {
		return l.books.rules.covers(l.store.Entries, e.Ref, ref)
	}
	if ref.Gen == e.Ref.Gen {
		return ref.Index < e.Ref.Index, nil
	}
	rank := 0
	for _, g := range l.runner.Status().Logs {
		switch {
		case g.Gen == ref.Gen:
			return rank < e.Rank, nil
		case g.Party == q:
			rank++
		}
	}
	return false, nil
}

// levelRuling is the rules on levels that were in force one after another, and
// what was found of which entries they bind.
type levelRuling struct {
	mu   sync.Mutex
	read map[[32]byte]contact.Levels // by hash of the charter
	seen map[[2]parley.Ref]*sight    // by the log (its first entry) and the entry looked for
}

// sight is from which entry on a log has seen an entry of another.
type sight struct {
	next uint64 // where to look on
	at   uint64
	ok   bool
}

// ruledLevels is a rule with the assents by which it came into force.
type ruledLevels struct {
	levels contact.Levels
	by     map[parley.PartyCode]parley.Ref
}

// chain is the rules in force, in their order, without those that changed nothing.
func (r *levelRuling) chain(docs []charter.Document) (out []ruledLevels) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read == nil {
		r.read, r.seen = map[[32]byte]contact.Levels{}, map[[2]parley.Ref]*sight{}
	}
	for _, d := range docs {
		if d.Kind != form.ToCharter || !d.InForce {
			continue
		}
		v, ok := r.read[d.Hash]
		if !ok {
			if c, err := charter.Parse(d.Raw); err == nil { // it is in force: it was read before
				v = levelsOf(&c)
			}
			r.read[d.Hash] = v
		}
		if n := len(out); n == 0 || !sameLevels(out[n-1].levels, v) {
			out = append(out, ruledLevels{v, d.By})
		}
	}
	return out
}

func sameLevels(a, b contact.Levels) bool {
	return (a == nil) == (b == nil) && maps.EqualFunc(a, b, slices.Equal[[]parley.Office])
}

// covers reports whether the log of e has seen an entry of another by e. Entries do
// not change, so each is looked at once.
func (r *levelRuling) covers(entries func(parley.GenerationID, uint64, int) ([]line.StoredEntry, error), e, of parley.Ref) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := [2]parley.Ref{{Gen: e.Gen}, of}
	s := r.seen[k]
	if s == nil {
		s = &sight{}
		r.seen[k] = s
	}
	for !s.ok && s.next <= e.Index {
		es, err := entries(e.Gen, s.next, 500)
		if err != nil {
			return false, err
		}
		if len(es) == 0 {
			break
		}
		for i := range es {
			if p, err := seal.Parse(es[i].Bytes); err == nil && p.Seen[of.Gen] > of.Index {
				s.at, s.ok = es[i].Index, true
				break
			}
		}
		s.next += uint64(len(es))
	}
	return s.ok && s.at <= e.Index, nil
}
