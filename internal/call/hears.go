package call

import (
	"cmp"
	"slices"

	"parley"
	"parley/internal/contact"
)

// A Sound is how loud somebody is heard.
type Sound int

// The sounds.
const (
	Nothing Sound = iota
	Low           // underneath an interpreter
	Full
)

// A Who is somebody on a call: which side's, and which of them.
type Who struct {
	Party parley.PartyCode
	ID    uint64
}

// A State is a call as one station knows it: the newest half of each side. It is
// never changed; Room makes another.
type State struct {
	Us     parley.PartyCode
	Halves map[parley.PartyCode]*Half
	Waited map[uint64]bool // those of our people who wait for third sides no longer
}

// Find returns a person and his side's half; nil where he is not on the call.
func (s *State) Find(w Who) (*Half, *Person) {
	h := s.Halves[w.Party]
	if h == nil {
		return nil, nil
	}
	return h, h.Person(w.ID)
}

// Where is the place of somebody once his side's state is counted in: a side on
// hold is in its side room, and nobody is on the floor before his side put him
// through.
func Where(h *Half, p *Person) Place {
	switch {
	case p.Place != Floor:
		return p.Place
	case !h.Through:
		return Lobby
	case h.Hold != "":
		return Aside
	}
	return Floor
}

// Hears says how a listener hears a voice when he chose a booth's language; ""
// is the floor (spec/calls.md, 3). It is what the listener's station lets through
// to him, and what the speaker's lets out.
func (s *State) Hears(listener, source Who, choice string) Sound {
	at, p := s.meet(listener, source)
	switch {
	case p == nil || p.Muted || p.Voice == 0:
		return Nothing
	case at != Floor:
		return Full
	}
	return s.onFloor(p, choice)
}

// Sees reports whether somebody sees the picture of another: where he could hear
// him at all, be that one muted or in whatever booth (spec/calls.md, 3).
func (s *State) Sees(viewer, source Who) bool {
	at, p := s.meet(viewer, source)
	return p != nil && p.Picture != 0 && (at != Floor || Speaks(p.Role))
}

// meet returns where somebody and another are together, and the other; nil where
// they are not, or where the first is not announced to the other's side.
func (s *State) meet(listener, source Who) (Place, *Person) {
	if listener == source {
		return 0, nil
	}
	lh, l := s.Find(listener)
	sh, p := s.Find(source)
	if l == nil || p == nil {
		return 0, nil
	}
	at := Where(sh, p)
	if at != Where(lh, l) {
		return 0, nil
	}
	if listener.Party != source.Party && (at != Floor && at != Watch || !s.announced(listener, l, source.Party)) {
		return 0, nil
	}
	return at, p
}

// onFloor is how a voice of the floor or of a booth sounds to whoever chose so.
func (s *State) onFloor(p *Person, choice string) Sound {
	switch {
	case !Speaks(p.Role):
		return Nothing
	case p.Booth != "":
		if p.OnAir && p.Booth == choice {
			return Full
		}
		return Nothing
	case choice == "" || p.Tongue == choice || !s.Staffed(choice):
		return Full
	}
	return Low
}

// Staffed reports whether somebody is on the air in a booth.
func (s *State) Staffed(tongue string) bool {
	for _, h := range s.Halves {
		for i := range h.People {
			p := &h.People[i]
			if p.OnAir && p.Booth == tongue && !p.Muted && !p.Away && p.Voice != 0 && Where(h, p) == Floor {
				return true
			}
		}
	}
	return false
}

// Booths are the languages into which somebody interprets, once each.
func (s *State) Booths() map[string][]Who {
	out := map[string][]Who{}
	for party, h := range s.Halves {
		for i := range h.People {
			if p := &h.People[i]; p.Booth != "" {
				out[p.Booth] = append(out[p.Booth], Who{party, p.ID})
			}
		}
	}
	return out
}

// announced reports whether somebody may hear another side: its station has taken
// in a half in which he stands, and so has that of every third side; those are
// waited for no longer than LostAt. Of our own half a claim to have taken in what we
// never said counts for nothing.
func (s *State) announced(w Who, p *Person, to parley.PartyCode) bool {
	own, waited := s.Halves[w.Party], w.Party == s.Us && s.Waited[w.ID]
	for party, h := range s.Halves {
		if party == w.Party || waited && party != to {
			continue
		}
		ok := false
		for _, seen := range h.Seen {
			ok = ok || seen.Party == string(w.Party) && seen.Run == own.Run && seen.Half >= p.Since && (seen.Half <= own.Number || w.Party != s.Us)
		}
		if !ok {
			return false
		}
	}
	return true
}

// Crosses reports whether the voice of one of our own people may leave our
// station: he is on the floor or at the watch's end, not muted, and not off the
// air in a booth.
func (s *State) Crosses(id uint64) bool {
	h, p := s.Find(Who{s.Us, id})
	if p == nil || p.Muted {
		return false
	}
	at := Where(h, p)
	return at == Watch || at == Floor && Speaks(p.Role) && (p.Booth == "" || p.OnAir)
}

// Shows reports whether the picture of one of our own people may leave our
// station: the same, be he muted or in whatever booth.
func (s *State) Shows(id uint64) bool {
	h, p := s.Find(Who{s.Us, id})
	if p == nil {
		return false
	}
	at := Where(h, p)
	return at == Watch || at == Floor && Speaks(p.Role)
}

// Taped reports whether our station tapes a voice where calls are recorded: of our
// own people those on the floor or on the air in a booth, of the others those of
// them that somebody of ours may hear there. Never the lobby, the side room, a side
// on hold, or the watch's end.
func (s *State) Taped(source Who) bool {
	h, p := s.Find(source)
	if p == nil || p.Muted || p.Voice == 0 || Where(h, p) != Floor || !Speaks(p.Role) || p.Booth != "" && !p.OnAir {
		return false
	}
	own := s.Halves[s.Us]
	return source.Party == s.Us || own != nil && slices.ContainsFunc(own.People, func(l Person) bool {
		return Where(own, &l) == Floor && s.announced(Who{s.Us, l.ID}, &l, source.Party)
	})
}

// maxLeap is how far a claim on the floor may be ahead of the next lower one: who
// leaps farther, to put the floor out of the others' reach, has not claimed it.
const maxLeap = 1 << 20

// claims returns the greatest claim on the floor that counts, and whose it is; 0
// where nobody has claimed it.
func (s *State) claims() (n uint64, by parley.PartyCode) {
	var parties []parley.PartyCode
	for p := range s.Halves {
		parties = append(parties, p)
	}
	slices.SortFunc(parties, func(a, b parley.PartyCode) int {
		return cmp.Or(cmp.Compare(s.Halves[a].Turn.Number, s.Halves[b].Turn.Number), cmp.Compare(b, a))
	})
	for i, p := range parties {
		m := s.Halves[p].Turn.Number
		if i > 0 && m > n+maxLeap {
			break
		}
		n, by = m, p
	}
	return n, by
}

// Turn returns who has the floor, and since when by his side's clock in
// milliseconds; ok is false while it is free.
func (s *State) Turn() (w Who, since uint64, ok bool) {
	n, by := s.claims()
	if n == 0 {
		return Who{}, 0, false
	}
	t := s.Halves[by].Turn
	if s.Halves[by].Person(t.Person) == nil {
		return Who{}, 0, false
	}
	return Who{by, t.Person}, t.At, true
}

// After returns the interpreter whose turn follows that of w where the call is
// interpreted consecutively: one of his own side.
func (s *State) After(w Who) (Who, bool) {
	h, p := s.Find(w)
	if p == nil || p.Role == contact.Interpreter {
		return Who{}, false
	}
	for i := range h.People {
		if q := &h.People[i]; q.Role == contact.Interpreter && Where(h, q) == Floor && q.Booth == "" {
			return Who{w.Party, q.ID}, true
		}
	}
	return Who{}, false
}
