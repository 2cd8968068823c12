package pair

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/wire"
)

// A middle carries every file between stations that are pairing, and changes
// what it likes: for each victim and each other party it either passes on what
// that party says or puts its own reveal in its place, chosen among candidates
// when it commits. It may also give a victim another charter. It does its acts
// in any order that the victims' stations allow.
type middle struct {
	rng     *rand.Rand
	parties []charter.Party
	reveals []*charter.Reveal // the victims', unknown to the middle before they leave a station
	victims []*State
	charter []charter.Charter
	fake    map[[2]int]*charter.Reveal // [victim, party] -> what stands in its place; nil: not chosen yet
	forge   map[[2]int]bool
	given   map[[2]int]bool // commitment given
	shown   map[[2]int]bool // reveal given
	pool    *pool
	coded   map[*charter.Reveal][]byte // the victims'
	bytes   [][]byte                   // of charter
}

const candidates = 16

var annexBytes = charter.DefaultAnnex().Encode()

// A pool is the middle's candidates by party, made and encoded once for all runs.
type pool struct {
	reveals [][]*charter.Reveal
	coded   map[*charter.Reveal][]byte
}

func stock(parties []charter.Party) *pool {
	p := &pool{reveals: make([][]*charter.Reveal, len(parties)), coded: map[*charter.Reveal][]byte{}}
	rng := seeded(1)
	for i, party := range parties {
		for range candidates {
			r := fakeReveal(rng, party)
			p.reveals[i], p.coded[r] = append(p.reveals[i], r), r.Encode()
		}
	}
	return p
}

func newMiddle(rng *rand.Rand, parties []charter.Party, pool *pool, honest bool) *middle {
	n := len(parties)
	m := &middle{rng: rng, parties: parties, victims: make([]*State, n), pool: pool, fake: map[[2]int]*charter.Reveal{},
		forge: map[[2]int]bool{}, given: map[[2]int]bool{}, shown: map[[2]int]bool{}, coded: map[*charter.Reveal][]byte{}}
	for i, p := range parties {
		m.reveals = append(m.reveals, fakeReveal(rng, p))
		c := charter.DefaultCharter(parties...)
		if !honest && rng.IntN(8) == 0 {
			c.Recording = "everything is recorded" // only who invites can be given a charter of its own making
		}
		m.charter, m.bytes = append(m.charter, c), append(m.bytes, c.Encode())
		for j := range parties {
			m.forge[[2]int{i, j}] = i != j && !honest && rng.IntN(3) > 0
		}
	}
	return m
}

// run plays to the end: no act is left.
func (m *middle) run() error {
	for {
		acts := m.acts()
		if len(acts) == 0 {
			return nil
		}
		if err := acts[m.rng.IntN(len(acts))](); err != nil {
			return fmt.Errorf("an act the stations should allow: %w", err)
		}
	}
}

// acts returns what the middle can do now.
func (m *middle) acts() (acts []func() error) {
	for v := range m.parties {
		if m.victims[v] == nil {
			acts = append(acts, func() error { return m.start(v) })
			continue
		}
		if m.committed(v) && !m.revealed(v) {
			acts = append(acts, m.victims[v].AddReveal)
		}
		for p := range m.parties {
			if p == v {
				continue
			}
			at := [2]int{v, p}
			switch {
			case !m.given[at] && (m.forge[at] || m.victims[p] != nil):
				acts = append(acts, func() error { return m.commit(at) })
			case m.given[at] && !m.shown[at] && m.committed(v) && (m.forge[at] || m.revealed(p)):
				acts = append(acts, func() error { return m.show(at) })
			}
		}
	}
	return acts
}

func (m *middle) committed(v int) bool { return len(m.victims[v].File.Commitments) == len(m.parties) }

func (m *middle) revealed(p int) bool {
	s := m.victims[p]
	return s != nil && s.File.Reveals[s.Us] != nil
}

func (m *middle) start(v int) (err error) {
	m.victims[v], err = NewInvite(testLine, m.charter[v], charter.DefaultAnnex(), m.reveals[v])
	return err
}

// commit gives a victim a commitment in the place of a party: that party's own,
// or that of the candidate that looks best from what the middle knows now.
func (m *middle) commit(at [2]int) error {
	m.given[at] = true
	p := m.victims[at[0]].Pairing()
	code := m.parties[at[1]].Code
	if !m.forge[at] {
		p.Commitments[code] = m.victims[at[1]].File.Commitments[code]
		return m.victims[at[0]].Merge(p)
	}
	m.fake[at] = m.grind(at)
	p.Commitments[code] = m.fake[at].Commitment(testLine)
	return m.victims[at[0]].Merge(p)
}

func (m *middle) show(at [2]int) error {
	m.shown[at] = true
	p := m.victims[at[0]].Pairing()
	code := m.parties[at[1]].Code
	if m.forge[at] {
		p.Reveals[code] = m.fake[at].Encode()
	} else {
		p.Reveals[code] = m.victims[at[1]].File.Reveals[code]
	}
	return m.victims[at[0]].Merge(p)
}

// grind tries every candidate and takes the one whose words at the victim begin
// like those at another victim. What has not been revealed yet it must guess.
func (m *middle) grind(at [2]int) *charter.Reveal {
	other := (at[0] + 1 + m.rng.IntN(len(m.parties)-1)) % len(m.parties)
	want := m.guess(other, at, nil).first()
	best := m.rng.IntN(candidates)
	for i, r := range m.pool.reveals[at[1]] {
		if m.guess(at[0], at, r).first() == want {
			best = i
			break
		}
	}
	return m.pool.reveals[at[1]][best]
}

// guess is what the words of victim v will be over, as far as the middle knows.
func (m *middle) guess(v int, at [2]int, r *charter.Reveal) *over {
	f := &over{charter: m.bytes[v], reveals: make([][]byte, len(m.parties))}
	for p := range m.parties {
		seat := [2]int{v, p}
		known := m.pool.reveals[p][0]
		switch {
		case r != nil && seat == at:
			known = r
		case m.fake[seat] != nil:
			known = m.fake[seat]
		case !m.forge[seat] && m.revealed(p):
			known = m.reveals[p]
		}
		f.reveals[p] = m.encoded(known)
	}
	return f
}

func (m *middle) encoded(r *charter.Reveal) []byte {
	if b := m.pool.coded[r]; b != nil {
		return b
	}
	if m.coded[r] == nil {
		m.coded[r] = r.Encode()
	}
	return m.coded[r]
}

// over is what words are over (spec/pairing.md, 2).
type over struct {
	charter []byte
	reveals [][]byte
}

// first is the first few bits of the words: short enough that chance shows.
func (o *over) first() uint16 {
	c, a := sha256.Sum256(o.charter), sha256.Sum256(annexBytes)
	h := key.Hash("words", wire.Encode([]any{testLine, o.reveals, c[:], a[:]}))
	return (uint16(h[0])<<8 | uint16(h[1])) >> 6
}

// firstOf is the same of a founding.
func firstOf(f *charter.Founding) uint16 {
	n, err := strconv.ParseUint(f.Digits(), 10, 64)
	if err != nil {
		panic(err)
	}
	return uint16(n >> 45)
}

// outcome counts the different lines that the victims of a run came to, how many
// of them have the words of another, and how many the first ten bits of another.
type outcome struct{ lines, equal, near int }

// judge compares what officers would read to each other.
func (m *middle) judge(honest bool) (o outcome, err error) {
	lines := map[[32]byte]*charter.Founding{} // by founding hash
	for _, s := range m.victims {
		f, err := s.Complete()
		if err != nil {
			return o, fmt.Errorf("%s: %w", s.Us, err)
		}
		lines[f.Hash()] = f
	}
	if honest && len(lines) != 1 {
		return o, fmt.Errorf("nothing was replaced, and there are %d lines", len(lines))
	}
	words, near := map[[5]string]bool{}, map[uint16]bool{}
	for _, f := range lines {
		words[f.Words()], near[firstOf(f)] = true, true
	}
	return outcome{lines: len(lines), equal: len(lines) - len(words), near: len(lines) - len(near)}, nil
}

// substitute tries what is left to the middle once it knows everything: another
// of its candidates in the place of one it committed to. It must burn.
func (m *middle) substitute() error {
	for at, fake := range m.fake {
		s := m.victims[at[0]]
		other := m.pool.reveals[at[1]][m.rng.IntN(candidates)]
		if other == fake || s.Stage() == Burnt {
			continue
		}
		p := s.Pairing()
		code := m.parties[at[1]].Code
		p.Reveals[code] = other.Encode()
		if m.rng.IntN(2) == 0 {
			p.Commitments[code] = other.Commitment(testLine)
		}
		if err := s.Merge(p); err == nil || s.Stage() != Burnt {
			return fmt.Errorf("a second reveal in the place of %s: error %v, stage %s", code, err, s.Stage())
		}
		if _, err := s.Confirm(InPerson); parley.KindOf(err) != parley.NotAllowed {
			return fmt.Errorf("confirming after that: %v", err)
		}
	}
	return nil
}

// play is one run.
func play(run int, parties []charter.Party, pool *pool) (o outcome, err error) {
	honest := run%16 == 0
	m := newMiddle(seeded(uint64(run)+2), parties, pool, honest)
	if err := m.run(); err != nil {
		return o, err
	}
	if o, err = m.judge(honest); err != nil {
		return o, err
	}
	return o, m.substitute()
}

// TestManInTheMiddle: in 10,000 pairings with somebody in between, words are
// never equal at two parties unless both came to the very same line; and to
// grind candidates gains nothing, which shows in the first ten bits.
func TestManInTheMiddle(t *testing.T) {
	for _, c := range []struct {
		name    string
		parties []charter.Party
		runs    int
	}{{"two", []charter.Party{alder, birch}, 10_000}, {"three", []charter.Party{alder, birch, cedar}, 1_000}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.runs /= slow
			if testing.Short() {
				c.runs /= 10
			}
			pool := stock(c.parties)
			var all outcome
			for run := range c.runs {
				o, err := play(run, c.parties, pool)
				if err != nil {
					t.Fatalf("run %d: %v", run, err)
				}
				all.lines, all.equal, all.near = all.lines+o.lines, all.equal+o.equal, all.near+o.near
			}
			t.Logf("%d runs came to %d lines: %d with the words of another, %d near", c.runs, all.lines, all.equal, all.near)
			if all.equal > 0 {
				t.Errorf("in %d runs parties read equal words in different lines", all.equal)
			}
			if all.lines < c.runs*3/2 {
				t.Errorf("only %d lines in %d runs: too little was tried", all.lines, c.runs)
			}
			if chance := (all.lines - c.runs) / 1024; all.near > 3*chance+12 {
				t.Errorf("%d lines are near another of their run, chance gives %d or so: grinding gains something", all.near, chance)
			}
		})
	}
}

// TestGrindingWithoutCommitments shows that the test above can fail: were
// nothing committed to, the same middle would win most of the time in ten bits.
func TestGrindingWithoutCommitments(t *testing.T) {
	parties := []charter.Party{alder, birch}
	pool := stock(parties)
	won := 0
	const runs = 100
	for run := range runs {
		m := newMiddle(seeded(uint64(run)), parties, pool, true)
		left, right := map[uint16]bool{}, false
		for _, r := range pool.reveals[1] { // Alder's words, by what stands in Birch's place
			left[(&over{m.bytes[0], [][]byte{m.encoded(m.reveals[0]), m.encoded(r)}}).first()] = true
		}
		for _, r := range pool.reveals[0] {
			right = right || left[(&over{m.bytes[1], [][]byte{m.encoded(r), m.encoded(m.reveals[1])}}).first()]
		}
		if right {
			won++
		}
	}
	if won < runs/10 {
		t.Errorf("the middle won %d of %d; want a fifth of them or so", won, runs)
	}
}
