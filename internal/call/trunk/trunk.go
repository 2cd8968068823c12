package trunk

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"
)

// The payload types of a trunk (spec/calls.md, 4.2).
const (
	PCMU = 0
	RED  = 63
	VP8  = 96
	Opus = 111
)

// Bounds that hold whatever the other side does (spec/calls.md, 4.5).
const (
	MaxSources   = 64   // of each side
	MaxPaths     = 16   // whose arrivals are told apart
	MaxDatagram  = 2048 // bytes of one that comes
	MaxFlow      = 1<<28 - 1
	window       = 512     // sequence numbers in which copies are recognized
	audioRate    = 120     // packets in a second of one voice
	videoRate    = 1500    // and of one picture
	reportRate   = 100     // RTCP packets in a second on one path
	byteRate     = 1 << 20 // bytes in a second on one path: 8 Mbit/s
	byteBurst    = 256 << 10
	pictureEvery = time.Second
	reportEvery  = 150 * time.Millisecond
)

// Path is a proved connection to the other station. Its methods must neither
// block nor call the trunk.
type Path interface {
	// Name tells the path from the others of the line: "QUIC 192.0.2.1:7101".
	Name() string
	// Datagram sends b now or not at all. It must not keep b.
	Datagram(b []byte) error
	// MTU is how many bytes a datagram may have now; more than MaxDatagram is
	// not used.
	MTU() int
}

// Slow is a Path that can tell how many datagrams of ours it has dropped because
// it carries less than it was asked to. Then less goes along with each packet.
type Slow interface {
	Unsent() uint64
}

// Options is what a trunk is made from. Its functions may call the trunk, and
// are called from the goroutine that is in Send, Receive, AskPicture or Tick.
type Options struct {
	// Flow names the call on the line: at most MaxFlow, the same on both sides.
	Flow uint32
	// Paths returns the live paths. It is asked for every packet; the slice is
	// only read.
	Paths func() []Path
	// Deliver takes each packet of the other side once: the original or, where
	// that was lost, what a later one carried of it. They may come out of order.
	// p and its payload are valid during the call only.
	Deliver func(p *rtp.Packet)
	// PictureAsked is told that the other side wants a new picture of a source of
	// ours, at most once in a second for each. May be nil.
	PictureAsked func(ssrc uint32)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Trunk is the media of one call with one station. Its methods may be called
// from any goroutine.
type Trunk struct {
	o Options

	out struct {
		sync.Mutex
		buf     []byte
		sources map[uint32]*ours
		paths   map[string]*pathOut
		first   uint32 // our first source: who reports
		red     control
		weighed time.Time
		counts  counts
	}
	in struct {
		sync.Mutex
		sources  map[uint32]*source
		paths    map[string]*pathIn
		counts   counts
		reported time.Time
	}
	scratch sync.Pool
}

// New returns a trunk that knows no source of the other side yet.
func New(o Options) *Trunk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PictureAsked == nil {
		o.PictureAsked = func(uint32) {}
	}
	o.Flow &= MaxFlow
	t := &Trunk{o: o}
	t.out.sources, t.out.paths = map[uint32]*ours{}, map[string]*pathOut{}
	t.out.red = newControl(o.Now())
	t.in.sources, t.in.paths = map[uint32]*source{}, map[string]*pathIn{}
	t.scratch.New = func() any { return new(scratch) }
	return t
}

// Flow returns the call that a datagram belongs to, for whoever holds several
// trunks. It says nothing about what follows.
func Flow(b []byte) (flow uint32, ok bool) {
	v, _, err := quicvarint.Parse(b)
	if err != nil || v > 2*MaxFlow+1 {
		return 0, false
	}
	return uint32(v / 2), true
}

// Sources says which sources the other side has declared, MaxSources at most;
// what is beyond is left out. Packets of others are dropped. What is known of a
// source that stays is kept.
func (t *Trunk) Sources(ssrcs []uint32) {
	t.in.Lock()
	defer t.in.Unlock()
	next := map[uint32]*source{}
	for _, ssrc := range ssrcs {
		if len(next) == MaxSources {
			break
		}
		if s := t.in.sources[ssrc]; s != nil {
			next[ssrc] = s
		} else {
			next[ssrc] = &source{ssrc: ssrc, bad: -1}
		}
	}
	for ssrc, s := range t.in.sources {
		if next[ssrc] == nil {
			t.forget(s)
		}
	}
	t.in.sources = next
}

// forget folds what is counted of a source that goes or begins anew into the
// sums. The lock is held.
func (t *Trunk) forget(s *source) {
	t.in.counts.add(s)
	for _, p := range t.in.paths {
		if ps := p.sources[s.ssrc]; ps != nil {
			p.lost += ps.lost(s)
			delete(p.sources, s.ssrc)
		}
	}
}

// Tick is called about five times in a second; more often does no harm. It sends
// reports and forgets paths that are gone.
func (t *Trunk) Tick(now time.Time) {
	live := t.o.Paths()
	t.in.Lock()
	var reports []rtcp.ReceptionReport
	if now.Sub(t.in.reported) >= reportEvery {
		t.in.reported = now
		reports = t.reports(now)
	}
	for name, p := range t.in.paths {
		if now.Sub(p.last) > forgetAfter && !among(live, name) {
			delete(t.in.paths, name)
		}
	}
	t.in.Unlock()
	t.out.Lock()
	defer t.out.Unlock()
	for name, p := range t.out.paths {
		if now.Sub(p.last) > forgetAfter && !among(live, name) {
			delete(t.out.paths, name)
		}
	}
	t.weigh(live, now)
	t.sendReports(live, reports, now)
}

// forgetAfter is for how long a path that is gone is still counted.
const forgetAfter = 30 * time.Second

func among(paths []Path, name string) bool {
	for _, p := range paths {
		if p.Name() == name {
			return true
		}
	}
	return false
}
