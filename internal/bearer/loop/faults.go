package loop

import "time"

// Faults is what happens to frames. The shares are of 1 and drawn for each
// frame by itself; the zero value is none.
type Faults struct {
	Drop      float64
	Duplicate float64
	Reorder   float64 // the frame comes after the next one
	Corrupt   float64 // one bit of a frame that is not empty is turned
	// Delay says how long each frame takes; nil is no time. Order is kept.
	Delay func(frame []byte) time.Duration
	// Pass is asked of each frame first and drops it with false; nil passes all.
	Pass func(frame []byte) bool
}

// Fault sets what happens from now on, everywhere in this world.
func (n *Net) Fault(f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = f
}

// Cut pulls every cable, or puts them back: frames vanish, dialing gets no
// answer, and nobody is told.
func (n *Net) Cut(cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = cut
}

// fate is what was drawn for one frame.
type fate struct {
	lost, twice, later bool
	flip               int // bit to turn; -1 for none
	delay              func([]byte) time.Duration
}

func (n *Net) draw(frame []byte) fate {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.faults
	d := fate{flip: -1, delay: f.Delay}
	hit := func(share float64) bool { return share > 0 && n.rand.Float64() < share }
	d.lost = n.cut || hit(f.Drop) || (f.Pass != nil && !f.Pass(frame))
	d.twice = hit(f.Duplicate)
	d.later = hit(f.Reorder)
	if hit(f.Corrupt) && len(frame) > 0 {
		d.flip = n.rand.IntN(8 * len(frame))
	}
	return d
}
