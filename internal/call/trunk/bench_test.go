package trunk

import (
	"testing"
	"time"

	"github.com/pion/rtp"
)

// sink is a path that hands what it is given to a trunk at once.
type sink struct {
	name string
	to   *Trunk
}

func (s *sink) Name() string { return s.name }
func (s *sink) MTU() int     { return 1200 }
func (s *sink) Datagram(b []byte) error {
	if s.to != nil {
		s.to.Receive(s.name, b)
	}
	return nil
}

// BenchmarkForward is one packet of speech on two paths with three packets
// carried again, from Send of one trunk to Deliver of the other.
func BenchmarkForward(b *testing.B) {
	now := time.Unix(1_795_000_000, 0)
	clock := func() time.Time { return now }
	n := 0
	to := New(Options{Flow: flow, Now: clock, Paths: func() []Path { return nil }, Deliver: func(*rtp.Packet) { n++ }})
	to.Sources([]uint32{7})
	paths := []Path{&sink{"one", to}, &sink{"two", to}}
	from := New(Options{Flow: flow, Now: clock, Paths: func() []Path { return paths }, Deliver: func(*rtp.Packet) {}})
	from.out.red.level = 3
	p := voice(7, 0)
	b.ReportAllocs()
	for b.Loop() {
		if err := from.Send(p); err != nil {
			b.Fatal(err)
		}
		p.SequenceNumber++
		p.Timestamp += 960
		now = now.Add(20 * time.Millisecond)
	}
	if n != b.N {
		b.Errorf("%d of %d came", n, b.N)
	}
}
