package quic

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"parley"
	"parley/internal/bearer"
)

// The library takes 32 datagrams, then blocks; it sends one at the head of each
// packet, before any stream, and drops none however long it waits. So late
// voice would go before a FLASH. Few are therefore given to it at a time, and
// the rest waits here, where the oldest makes room.
const (
	ahead   = 4                     // datagrams that may wait in the library
	look    = time.Millisecond      // how often we look whether it has sent some
	resting = 25 * time.Millisecond // no packet for so long: nothing waits there any more
)

// probe is too large on purpose: the library's refusal says what fits.
var probe = make([]byte, 1<<16)

// fits is the size that was asked last, and when.
type fits struct{ most, at atomic.Int64 }

// Datagrams asks the library at most once in a second.
func (c *conn) Datagrams() int {
	now := time.Now().UnixNano()
	if at := c.fits.at.Load(); at == 0 || now-at > int64(time.Second) {
		c.fits.most.Store(int64(c.ask()))
		c.fits.at.Store(now)
	}
	if c.Err() != nil {
		return 0
	}
	return int(c.fits.most.Load())
}

func (c *conn) ask() int {
	var large *quic.DatagramTooLargeError
	if errors.As(c.q.SendDatagram(probe), &large) {
		return min(int(large.MaxDatagramPayloadSize), bearer.DatagramMax)
	}
	return 0
}

func (c *conn) SendDatagram(b []byte) error {
	most := c.Datagrams()
	switch err := c.Err(); {
	case err != nil:
		return bearer.Gone(err)
	case most == 0:
		return bearer.NoDatagrams("the other side")
	case len(b) > most:
		return bearer.TooLarge(len(b), most)
	}
	now := time.Now()
	switch {
	case len(b) > bearer.DatagramSmall:
		c.out[1].Put(b)
	case len(b) > 0 && c.beside.takes(len(b), now):
		c.beside.send(besideType, b, now)
	case len(b) > 0 && c.beside.doubts(len(b), now):
		c.beside.send(besideType, b, now)
		c.out[0].PutSpare(b)
	default:
		c.out[0].Put(b)
	}
	if c.thrown() {
		c.begin(&c.throwing, c.throw)
	}
	return nil
}

// thrown reports whether datagrams wait for the library.
func (c *conn) thrown() bool { return c.out[0].Held()+c.out[1].Held() > 0 }

func (c *conn) HearDatagrams(f func(b []byte)) error {
	if c.Err() == nil && !c.q.ConnectionState().SupportsDatagrams.Remote {
		return parley.Errorf(parley.Unsupported, "the other side sends no datagrams")
	}
	c.ears.Set(f)
	return c.Err()
}

// hear hands on a datagram that has come.
func (c *conn) hear(b []byte) {
	if c.Err() == nil {
		c.ears.Hear(b)
	}
}

// catch takes datagrams from the library, whose own queue drops the newest.
func (c *conn) catch() {
	for {
		b, err := c.q.ReceiveDatagram(c.ctx)
		if err != nil {
			return // watch says why
		}
		c.hear(b)
	}
}

// mostPacket is more than the library puts in a packet.
const mostPacket = 1500

// urgency is until which packet the urgent classes have precedence over
// datagrams, and until which an urgent frame of several packets is being sent.
type urgency struct{ until, large atomic.Uint64 }

// urge is told of n bytes of an urgent class: what the library holds of
// datagrams goes first, so they take twice that many packets. What goes beside
// gives way sooner while they are sent, but only to a queue: where there is
// none it takes nothing from them, and in the connection it would.
func (c *conn) urge(n int) {
	sent := c.q.ConnectionStats().PacketsSent
	raise(&c.urgent.until, sent+2*ahead+uint64(n)/512+2)
	raise(&c.urgent.large, sent+uint64(n)/mostPacket)
}

func raise(v *atomic.Uint64, to uint64) {
	for {
		old := v.Load()
		if to <= old || v.CompareAndSwap(old, to) {
			return
		}
	}
}

// throw gives datagrams to the library: no more than ahead at a time, and while
// something urgent is on its way every second packet only, so that neither
// keeps the other waiting.
func (c *conn) throw() {
	var buf []byte
	p := &c.pacer
	t := time.NewTimer(look)
	defer t.Stop()
	for {
		for c.thrown() && !p.may(c.q.ConnectionStats().PacketsSent, c.urgent.until.Load(), time.Now()) {
			t.Reset(look)
			select {
			case <-t.C:
			case <-c.ctx.Done():
				return
			}
		}
		b, ok := c.out[0].TryTake(buf)
		if !ok {
			b, ok = c.out[1].TryTake(buf)
		}
		if !ok {
			if c.rest(&c.throwing, c.thrown) {
				return
			}
			continue
		}
		buf = b
		if err := c.q.SendDatagram(b); err != nil && c.q.Context().Err() != nil {
			return // watch says why
		}
		p.gave()
	}
}

// pacer reckons how many datagrams wait in the library: each packet it sends
// takes one along. Packets that only acknowledge take none, so this is a guess;
// the library's own bound holds beside it.
type pacer struct {
	sent    uint64 // packets, when last looked
	moved   time.Time
	waiting int
	since   uint64 // packets since the last datagram was given
}

// may reports whether one more may be given now.
func (p *pacer) may(sent, urgent uint64, now time.Time) bool {
	if n := sent - p.sent; n > 0 {
		p.waiting = max(0, p.waiting-int(min(n, ahead)))
		p.since += n
		p.sent, p.moved = sent, now
	}
	idle := now.Sub(p.moved) > resting && p.waiting == 0
	if sent < urgent && !idle {
		return p.since >= 2 && p.waiting < ahead
	}
	return p.waiting < ahead
}

func (p *pacer) gave() { p.waiting, p.since = p.waiting+1, 0 }
