package loop

import (
	"bytes"
	"time"

	"parley/internal/bearer"
)

// datagrams is how large one may be here: about what fits on the Internet.
const datagrams = 1200

func (c *conn) SendDatagram(b []byte) error {
	if err := c.Err(); err != nil {
		return bearer.Gone(err)
	}
	if len(b) > datagrams {
		return bearer.TooLarge(len(b), datagrams)
	}
	c.thrown.Put(b)
	return nil
}

func (c *conn) HearDatagrams(f func(b []byte)) error {
	c.ears.Set(f)
	return c.Err()
}

func (c *conn) Datagrams() int {
	if c.Err() != nil {
		return 0
	}
	return datagrams
}

// throw gives the other end each datagram as its fate says. None is corrupted:
// no transport hands on what fails its check. Delays are each for itself.
func (c *conn) throw() {
	var buf, kept []byte
	holds := false // kept comes after the next one
	for {
		b, ok := c.thrown.TryTake(buf)
		if !ok {
			select {
			case <-c.thrown.Wake():
				continue
			case <-c.ctx.Done():
				return
			}
		}
		buf = b
		f := c.net.draw(b)
		switch {
		case c.Err() != nil:
			return
		case f.lost:
			continue
		case f.later && !holds:
			kept, holds = append(kept[:0], b...), true
			continue
		}
		c.hand(b, f)
		if f.twice {
			c.hand(b, f)
		}
		if holds {
			c.hand(kept, f)
			holds = false
		}
	}
}

func (c *conn) hand(b []byte, f fate) {
	c.out.Add(uint64(len(b)))
	b = bytes.Clone(b)
	if f.delay == nil {
		c.arrive(b)
		return
	}
	time.AfterFunc(f.delay(b), func() { c.arrive(b) })
}

func (c *conn) arrive(b []byte) {
	if c.peer.Err() == nil {
		c.peer.in.Add(uint64(len(b)))
		c.peer.ears.Hear(b)
	}
}
