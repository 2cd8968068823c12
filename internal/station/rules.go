package station

import (
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/store"
)

// rules are what is in force for what we write next (spec/charter.md,
// Amendment): what the line was founded on until its engine has started.
func (l *liveLine) rules() *charter.Rules {
	if r := l.runner.Status().Rules; r != nil {
		return r
	}
	return charter.NewChain(l.founding).At(charter.View{All: true})
}

func (l *liveLine) charter() *charter.Charter { return l.rules().Charter }

// others returns the codes of the other parties on the line.
func (l *liveLine) others() []parley.PartyCode {
	return slices.DeleteFunc(l.rules().Parties(), func(p parley.PartyCode) bool { return p == l.us })
}

// gone says why a party is no longer on the line: "left", "removed", or "".
func gone(r *charter.Rules, p parley.PartyCode) string {
	if _, left := r.Left[p]; left {
		return "left"
	}
	if !r.In(p) {
		return "removed"
	}
	return ""
}

// ended says why nothing is written on the line any more; "" where it goes on.
func (l *liveLine) ended() string {
	r := l.rules()
	switch {
	case gone(r, l.us) == "left":
		return "we have left the line"
	case gone(r, l.us) != "":
		return "we are no longer on the line: all others have assented to a charter without us"
	case len(l.others()) == 0:
		return "they have left the line"
	}
	return ""
}

func errEnded(why string) error {
	return parley.Errorf(parley.NotAllowed, "nothing is filed any more: %s", why).
		WithHint("the record stays and can be exported and proved; to talk again, found a new line: parley line invite")
}

// lingers is how long paths to a party that is out are dialed: it may still
// fetch what is sealed for it, and bring what it wrote before.
const lingers = 24 * time.Hour

// wanted reports whether a path to a peer is to be dialed.
func (l *liveLine) wanted(p parley.PartyCode) bool {
	r := l.rules()
	if r.In(p) && r.In(l.us) {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outSince.IsZero() {
		l.outSince = l.now()
	}
	return l.now().Sub(l.outSince) < lingers
}

// ownKey is a TLS key that a party told in an annex entry.
type ownKey struct {
	gen parley.GenerationID
	key [32]byte
}

// stoodKey keeps the newest TLS key of a party that a session has stood with.
const stoodKey = "stood/"

// takeAnnex obeys a party's own annex entry: its addresses and TLS key. The key
// before stays good until a session with the new one has stood, so that a
// station can change it while a path is up.
func (l *liveLine) takeAnnex(p parley.PartyCode, ref parley.Ref, a *form.Annex) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(a.Addresses) > 0 {
		l.addrs[p] = a.Addresses
	}
	if a.TLS == nil || slices.Contains(l.ownKeys[p], ownKey{ref.Gen, *a.TLS}) {
		return
	}
	l.ownKeys[p] = append(l.ownKeys[p], ownKey{ref.Gen, *a.TLS})
	l.pins[p][*a.TLS] = true
}

// takeAnnexes takes up at a start what the others have told of themselves.
func (l *liveLine) takeAnnexes() error {
	kvs, err := l.store.Values(stoodKey)
	if err != nil {
		return err
	}
	l.mu.Lock()
	for _, kv := range kvs {
		l.stood[parley.PartyCode(kv.Key[len(stoodKey):])] = [32]byte(kv.Value)
	}
	l.mu.Unlock()
	for _, p := range l.peers() { // apart, so that nobody's many entries hide another's
		rows, _, err := l.store.Rows(store.Filter{Forms: []string{"annex"}, Party: p, Order: store.ByArrival, Newest: true, Limit: 500})
		if err != nil {
			return err
		}
		for _, r := range slices.Backward(rows) {
			v, err := l.view(r)
			if err != nil {
				return err
			}
			if f, ok := v.form.(*form.Annex); ok {
				l.takeAnnex(p, r.Ref(), f)
			}
		}
	}
	return nil
}

// retire drops the TLS keys of a party that come before the newest one that a
// session has stood with, and those told in a log that is superseded: the
// certificate of a new generation binds a key anew. The caller holds mu and has
// pinned what the generations bind.
func (l *liveLine) retire(p parley.PartyCode, current parley.GenerationID, bound [32]byte) {
	older := []([32]byte){bound}
	for _, k := range l.ownKeys[p] {
		if k.gen != current {
			if k.key != bound {
				delete(l.pins[p], k.key)
			}
			continue
		}
		l.pins[p][k.key] = true
		if k.key == l.stood[p] {
			for _, o := range older {
				if o != k.key {
					delete(l.pins[p], o)
				}
			}
		}
		older = append(older, k.key)
	}
}

// stands notes that a session with a party's key stands: the keys it had before
// are good no longer.
func (l *liveLine) stands(p parley.PartyCode, k [32]byte) error {
	l.mu.Lock()
	told := slices.ContainsFunc(l.ownKeys[p], func(o ownKey) bool { return o.key == k }) && l.stood[p] != k
	if told {
		l.stood[p] = k
	}
	l.mu.Unlock()
	if !told {
		return nil
	}
	if err := keep(l.store, stoodKey+string(p), k[:]); err != nil {
		return err
	}
	return l.pinCertified()
}

// bindingOf returns the newest generation of a party and the TLS key that it binds.
func (l *liveLine) bindingOf(p parley.PartyCode, s line.Status) (gen parley.GenerationID, k [32]byte) {
	for _, g := range s.Logs {
		if g.Party != p || !g.Current {
			continue
		}
		if c, err := journal.ParseCertificate(g.Cert); err == nil {
			return g.Gen, c.TLS
		}
	}
	if r, ok := l.founding.Party(p); ok {
		return r.Generation, r.TLS
	}
	return gen, k
}
