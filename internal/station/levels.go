package station

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"parley"
	"parley/internal/call"
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
	return from, l.addressedAt(level), nil
}

// addressedAt is to whom an act at a level goes: every envoy, where the level names
// that office, else to the first that it names.
func (l *liveLine) addressedAt(level contact.Level) (to []parley.Address) {
	v := l.levels()
	offices := v.Offices(level)
	if v == nil || len(offices) == 0 || slices.Contains(offices, parley.Envoy) {
		return l.everyEnvoy()
	}
	for _, p := range l.others() {
		to = append(to, parley.Address{Party: p, Office: offices[0]})
	}
	return to
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

// mayAsk refuses to ask for a call that is recorded, or to agree to one, where the
// charter in force does not say that calls are recorded.
func (l *liveLine) mayAsk(c *contact.Contact, f form.Form, refs []parley.Ref) error {
	if !orNew(c).AsksTape(&contact.Entry{Form: f, Refs: refs}) {
		return nil
	}
	if rule := l.charter().Recording; rule != call.CallsAreRecorded {
		return parley.Errorf(parley.NotAllowed, "it asks for a call that each side records, and the charter in force does not say %q: it says %q", call.CallsAreRecorded, form.Visible(rule)).
			WithHint("ask without a recording, offer terms without one, or amend the charter first")
	}
	return nil
}

// seatOf is the office in which somebody arranged, and whether that, or what he
// asked for, is outside what was agreed: by the charter that ruled its writer when it
// was written. It is on the record all the same.
func (l *liveLine) seatOf(c *contact.Contact, e *contact.Entry) ContactSeat {
	v := ContactSeat{Office: string(e.From)}
	level, ok := c.LevelOf(e)
	if !ok {
		return v
	}
	rule, err := l.ruleOver(e)
	if err != nil {
		l.log.Error("finding the charter over an entry", "entry", e.Ref.String(), "err", err)
		return v
	}
	v.Tape = !rule.tapes && c.AsksTape(e)
	v.Outside = v.Tape || rule.levels.Outside(level, e.From)
	return v
}

// arrangedIn is seatOf of one entry; nil where it arranges no contact.
func (l *liveLine) arrangedIn(ref parley.Ref) (*ContactSeat, error) {
	b, err := l.book()
	if err != nil {
		return nil, err
	}
	for _, c := range b.Contacts {
		es := c.CallOffs
		for _, t := range c.Terms {
			es = append(append(es[:len(es):len(es)], t.Entry), t.Replies...)
		}
		if i := slices.IndexFunc(es, func(e *contact.Entry) bool { return e.Ref == ref }); i >= 0 {
			v := l.seatOf(c, es[i])
			return &v, nil
		}
	}
	return nil, nil
}

// ruleOver is what the charter in force in an entry's view says of contacts
// (spec/charter.md, Amendment).
func (l *liveLine) ruleOver(e *contact.Entry) (contactRule, error) {
	chain := l.books.rules.chain(l.runner.Status().Documents)
	v := chain[0]
	for _, d := range chain[1:] {
		for q, ref := range d.by {
			if ok, err := l.covers(e, q, ref); err != nil || !ok {
				return v, err
			}
		}
		v = d
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

// levelRuling is the rules on contacts that were in force one after another, and
// what was found of which entries they bind.
type levelRuling struct {
	mu   sync.Mutex
	read map[[32]byte]contactRule // by hash of the charter
	seen map[[2]parley.Ref]*sight // by the log (its first entry) and the entry looked for
}

// sight is from which entry on a log has seen an entry of another.
type sight struct {
	next uint64 // where to look on
	at   uint64
	ok   bool
}

// contactRule is what a charter says of contacts, with the assents by which it came
// into force.
type contactRule struct {
	levels contact.Levels
	tapes  bool // calls are recorded
	by     map[parley.PartyCode]parley.Ref
}

// chain is the rules in force, in their order, without those that changed nothing.
func (r *levelRuling) chain(docs []charter.Document) (out []contactRule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read == nil {
		r.read, r.seen = map[[32]byte]contactRule{}, map[[2]parley.Ref]*sight{}
	}
	for _, d := range docs {
		if d.Kind != form.ToCharter || !d.InForce {
			continue
		}
		v, ok := r.read[d.Hash]
		if !ok {
			if c, err := charter.Parse(d.Raw); err == nil { // it is in force: it was read before
				v = contactRule{levels: levelsOf(&c), tapes: c.Recording == call.CallsAreRecorded}
			}
			r.read[d.Hash] = v
		}
		v.by = d.By
		if n := len(out); n == 0 || !out[n-1].same(v) {
			out = append(out, v)
		}
	}
	return out
}

func (a contactRule) same(b contactRule) bool {
	return a.tapes == b.tapes && (a.levels == nil) == (b.levels == nil) && maps.EqualFunc(a.levels, b.levels, slices.Equal[[]parley.Office])
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
