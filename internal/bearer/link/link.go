package link

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"parley"
)

// Options is how a cable behaves, in each direction. The zero value is a
// perfect one.
type Options struct {
	Delay   time.Duration // one way
	Jitter  time.Duration // up to so much more, evenly spread
	Reorder bool          // UDP: jitter may reorder packets; otherwise order is kept
	Loss    float64       // share of packets lost, 0 to 1; on TCP each loss costs a retransmission's time instead
	Rate    int64         // bits per second; 0 is unlimited
	Queue   int           // bytes that wait for Rate before packets are dropped (UDP) or held back (TCP); 0 is 64 KiB
	Seed    uint64        // of losses and jitter; 0 is taken as 1
}

// Link is one cable, from an address of its own to a target.
type Link struct {
	addr   string
	ctx    context.Context // ends with Close; only the link's own work hangs on it
	stop   context.CancelFunc
	wg     sync.WaitGroup
	opts   atomic.Pointer[Options]
	shut   []func() error
	passed atomic.Uint64
	lost   atomic.Uint64

	mu   sync.Mutex
	open chan struct{} // closed while the cable is whole
	cut  bool
	rand *rand.Rand
	tcps map[net.Conn]struct{}
}

func newLink(o Options) *Link {
	if o.Seed == 0 {
		o.Seed = 1
	}
	l := &Link{open: make(chan struct{}), rand: rand.New(rand.NewPCG(o.Seed, 0)), tcps: map[net.Conn]struct{}{}}
	close(l.open)
	l.opts.Store(&o)
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// New lays a cable for network "udp" or "tcp" from listen ("127.0.0.1:0" takes
// a free port) to target. The error is of kind Unavailable or Malformed.
func New(network, listen, target string, o Options) (*Link, error) {
	l := newLink(o)
	var err error
	switch network {
	case "udp":
		err = l.startUDP(listen, target)
	case "tcp":
		err = l.startTCP(listen, target)
	default:
		err = parley.Errorf(parley.Malformed, "no link for network %q: want udp or tcp", network)
	}
	if err != nil {
		l.stop()
		return nil, err
	}
	return l, nil
}

// Addr is the near end: what to dial instead of the target.
func (l *Link) Addr() string { return l.addr }

// Cut pulls the cable (true) or puts it back. While it is pulled UDP packets
// vanish, those under way too, and TCP stalls: nothing is closed, nothing
// refused, and what was sent meanwhile arrives later, as by retransmission.
func (l *Link) Cut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cut == l.cut {
		return
	}
	l.cut = cut
	if cut {
		l.open = make(chan struct{})
	} else {
		close(l.open)
	}
}

// IsCut reports whether the cable is pulled.
func (l *Link) IsCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// Set changes how the cable behaves from now on; the seed stays.
func (l *Link) Set(o Options) { l.opts.Store(&o) }

// Reset breaks every TCP connection through the cable, as a rebooted
// middlebox does.
func (l *Link) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.tcps {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// Bytes returns how much has passed, and how much was swallowed, in both
// directions.
func (l *Link) Bytes() (passed, lost uint64) { return l.passed.Load(), l.lost.Load() }

// Close takes the cable away and waits for its goroutines.
func (l *Link) Close() error {
	l.stop()
	for _, f := range l.shut {
		f()
	}
	l.mu.Lock()
	for c := range l.tcps {
		c.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
	return nil
}

// whole waits until the cable is whole; false when the link is closed.
func (l *Link) whole() bool {
	for {
		l.mu.Lock()
		open, cut := l.open, l.cut
		l.mu.Unlock()
		if !cut {
			return l.ctx.Err() == nil
		}
		select {
		case <-open:
		case <-l.ctx.Done():
			return false
		}
	}
}

// until waits for t; false when the link is closed.
func (l *Link) until(t time.Time) bool {
	d := time.Until(t)
	if d <= 0 {
		return l.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// chance returns a number in [0, 1).
func (l *Link) chance() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.Float64()
}
