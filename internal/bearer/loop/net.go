package loop

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"

	"parley"
	"parley/internal/bearer"
)

// Net is a world of its own, in which bearers reach each other by any address.
type Net struct {
	mu        sync.Mutex
	seed      uint64
	rand      *rand.Rand
	faults    Faults
	cut       bool
	made      uint64 // connections, for their exporters
	listeners map[string]*listener
}

// NewNet returns an empty world. Equal seeds draw equal faults for equal
// histories.
func NewNet(seed uint64) *Net {
	return &Net{seed: seed, rand: rand.New(rand.NewPCG(seed, 0)), listeners: map[string]*listener{}}
}

// Bearer returns a bearer in this world. Of o, Idle has no meaning here.
func (n *Net) Bearer(o bearer.Options) *Bearer { return &Bearer{n, o.Filled()} }

// Pair returns both ends of a connection between a and b in a world of its own,
// which is returned for its faults.
func Pair(a, b bearer.Identity, seed uint64) (x, y bearer.Conn, n *Net) {
	n = NewNet(seed)
	p, q := n.join(bearer.Options{Identity: a}.Filled(), bearer.Options{Identity: b}.Filled(), "here", "there", func() {})
	return p, q, n
}

// Bearer is one station's access to a Net.
type Bearer struct {
	net *Net
	o   bearer.Options
}

// Name returns "loop".
func (b *Bearer) Name() string { return "loop" }

// Listen takes any address not taken; "" is given a free one.
func (b *Bearer) Listen(_ context.Context, addr string) (bearer.Listener, error) {
	n := b.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := len(n.listeners); addr == ""; i++ {
		if a := fmt.Sprintf("loop-%d", i); n.listeners[a] == nil {
			addr = a
		}
	}
	if n.listeners[addr] != nil {
		return nil, parley.Errorf(parley.Unavailable, "listening: address %q is taken", addr)
	}
	l := &listener{b: b, addr: addr, door: bearer.NewDoor(), ready: make(chan *conn, 64), closed: make(chan struct{})}
	n.listeners[addr] = l
	return l, nil
}

// Dial connects to a listener of the same Net.
func (b *Bearer) Dial(ctx context.Context, addr string) (bearer.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, bearer.Ended("dialing", err)
	}
	n := b.net
	n.mu.Lock()
	l, cut := n.listeners[addr], n.cut
	n.mu.Unlock()
	if l == nil || cut {
		return nil, parley.Errorf(parley.Unavailable, "dialing %q: no answer", addr)
	}
	us, them := bearer.KeyHash(b.o.Who()), bearer.KeyHash(l.b.o.Who())
	if !b.o.Allow(them) || !l.b.o.Allow(us) {
		return nil, parley.Errorf(parley.UnknownKey, "dialing %q: a key is of no line", addr)
	}
	if !l.door.Seat(us, l.b.o.Lines(us)) {
		return nil, parley.Errorf(parley.Unavailable, "dialing %q: it has too many connections of ours", addr)
	}
	near, far := n.join(b.o, l.b.o, "dialer", addr, func() { l.door.Leave(us) })
	if !l.offer(far) {
		near.Close(nil)
		far.Close(nil)
		return nil, parley.Errorf(parley.Unavailable, "dialing %q: no answer", addr)
	}
	return near, nil
}

// join makes both ends of a connection and starts them; left is told when the
// second has ended.
func (n *Net) join(x, y bearer.Options, xAddr, yAddr string, left func()) (*conn, *conn) {
	n.mu.Lock()
	n.made++
	var in [16]byte
	binary.BigEndian.PutUint64(in[:], n.seed)
	binary.BigEndian.PutUint64(in[8:], n.made)
	n.mu.Unlock()
	exporter := sha256.Sum256(in[:])
	a := newConn(n, x, bearer.KeyHash(y.Who()), exporter, yAddr, func() {})
	b := newConn(n, y, bearer.KeyHash(x.Who()), exporter, xAddr, left)
	a.peer, b.peer = b, a
	a.start()
	b.start()
	return a, b
}

type listener struct {
	b      *Bearer
	addr   string
	door   *bearer.Door
	ready  chan *conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) offer(c *conn) bool {
	select {
	case <-l.closed:
		return false
	default:
	}
	select {
	case l.ready <- c:
		return true
	default:
		return false
	}
}

func (l *listener) Addr() string { return l.addr }

func (l *listener) Accept(ctx context.Context) (bearer.Conn, error) {
	for {
		select {
		case c := <-l.ready:
			if c.Err() == nil {
				return c, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.closed:
			return nil, parley.Errorf(parley.Unavailable, "no longer listening")
		}
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.b.net.mu.Lock()
		delete(l.b.net.listeners, l.addr)
		l.b.net.mu.Unlock()
		close(l.closed)
		for {
			select {
			case c := <-l.ready:
				c.Close(parley.Errorf(parley.Unavailable, "no longer listening"))
			default:
				return
			}
		}
	})
	return nil
}
