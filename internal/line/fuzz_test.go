package line_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/wire"
)

// meddler is a hostile hand in the link: its program says what becomes of each
// frame in turn. A frame that was altered and still parses reaches the engine,
// as one of a peer that lies would.
type meddler struct {
	w       *world
	program []byte
}

func (m *meddler) next() byte {
	if len(m.program) == 0 {
		return 0
	}
	b := m.program[0]
	m.program = m.program[1:]
	return b
}

// hands applies the next instruction to f.
func (m *meddler) hands(f flying) {
	raw := bytes.Clone(f.raw)
	switch m.next() % 8 {
	case 1: // lost
		return
	case 2: // one byte altered
		at := int(m.next())<<8 | int(m.next())
		raw[at%len(raw)] ^= m.next()
	case 3: // cut short
		raw = raw[:int(m.next())%len(raw)]
	case 4: // twice
		m.give(f.from, f.to, raw)
	case 5: // sent back to whoever sent it
		m.give(f.to, f.from, raw)
	case 6: // held back, behind all others
		m.w.queue = append(m.w.queue, f)
		return
	case 7: // other bytes in its place
		n := min(int(m.next()), len(m.program))
		raw, m.program = m.program[:n], m.program[n:]
	}
	m.give(f.from, f.to, raw)
}

// give delivers raw, or ends the path as the station does when it is no frame.
func (m *meddler) give(from, to parley.PartyCode, raw []byte) {
	n := m.w.nodes[to]
	id, ok := n.paths[from]
	if !ok {
		return
	}
	fr, err := wire.Parse(raw)
	if err != nil {
		m.w.disconnect(from, to)
		return
	}
	n.step(line.FrameIn{Path: id, Frame: fr, Size: len(raw)})
}

// FuzzFrames lets a program alter, drop, repeat, hold back and forge frames
// between two stations, and then leaves them alone: no engine fails, no
// unsigned byte makes a fork or changes a log, and all is delivered.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, 40))
	f.Add(bytes.Repeat([]byte{4, 6, 0}, 30))
	for at := range byte(6) {
		f.Add(bytes.Repeat([]byte{0, 2, 0, at * 43, 1 << (at % 8)}, 12))
	}
	f.Add(bytes.Repeat([]byte{5, 0, 0, 3, 9}, 12))
	f.Add([]byte{0, 0, 0, 0, 7, 5, 0x82, 3, 0xa0, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		w := newWorld(t, alder, birch)
		m := &meddler{w, program[:min(len(program), 400)]}
		w.connectAll()
		w.nodes[alder].dispatch(parley.Routine, "one")
		for i := 0; i < 200 && len(m.program) > 0; i++ {
			for n := 0; n < 50 && len(w.queue) > 0; n++ {
				f := w.queue[0]
				w.queue = w.queue[1:]
				m.hands(f)
			}
			w.now = w.now.Add(250 * time.Millisecond)
			for _, c := range w.codes {
				w.nodes[c].step(line.Tick{})
			}
			if i == 10 {
				w.nodes[birch].dispatch(parley.Flash, "two")
			}
			if w.nodes[alder].paths[birch] == 0 {
				w.connectAll()
			}
		}
		w.disconnect(alder, birch)
		w.nodes[alder].dispatch(parley.Immediate, "three")
		w.connectAll()
		w.run(20 * time.Second)
		if got := w.nodes[birch].subjects(alder); len(got) != 2 || !slices.Contains(got, "one") || !slices.Contains(got, "three") {
			t.Errorf("birch reads %v", got)
		}
		for i, c := range w.codes {
			for _, a := range w.nodes[c].alarms {
				if a.Code == "fork" {
					t.Errorf("%s took it for a fork: %s", c, a.Text)
				}
			}
			ours, theirs := w.nodes[c].log(c), w.nodes[w.codes[1-i]].log(c)
			if ours.Size != theirs.Size || ours.Root != theirs.Root {
				t.Errorf("the log of %s: %d and %d entries, roots %x and %x", c, ours.Size, theirs.Size, ours.Root[:4], theirs.Root[:4])
			}
		}
	})
}
