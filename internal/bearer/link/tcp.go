package link

import (
	"net"
	"sync"
	"time"

	"parley"
)

// segment is how much TCP carries at once here; retransmit is what the loss of
// one costs besides two delays.
const (
	segment    = 4 << 10
	retransmit = 200 * time.Millisecond
)

func (l *Link) startTCP(listen, target string) error {
	near, err := net.Listen("tcp", listen)
	if err != nil {
		return &parley.Error{Kind: parley.Unavailable, What: "link", Err: err}
	}
	l.addr = near.Addr().String()
	l.shut = append(l.shut, near.Close)
	l.wg.Go(func() {
		for {
			c, err := near.Accept()
			if err != nil {
				if l.ctx.Err() != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if !l.keep(c) {
				return
			}
			l.wg.Go(func() { l.join(c, target) })
		}
	})
	return nil
}

// keep lets Close and Reset reach c; false when the link is closed, and c too.
func (l *Link) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		c.Close()
		return false
	}
	l.tcps[c] = struct{}{}
	return true
}

func (l *Link) forget(c net.Conn) {
	l.mu.Lock()
	delete(l.tcps, c)
	l.mu.Unlock()
	c.Close()
}

// join carries one connection. A target that refuses makes it end.
func (l *Link) join(near net.Conn, target string) {
	defer l.forget(near)
	if !l.whole() {
		return
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	far, err := d.DialContext(l.ctx, "tcp", target)
	if err != nil || !l.keep(far) {
		return
	}
	defer l.forget(far)
	var wg sync.WaitGroup
	wg.Go(func() { l.carry(far, near) })
	wg.Go(func() { l.carry(near, far) })
	wg.Wait()
}

// held is one segment under way; no bytes: the end.
type held struct {
	due time.Time
	b   []byte
}

// carry copies from one end to the other, each segment when it is due. Order is
// kept; a pulled cable holds everything, the end of the connection too.
func (l *Link) carry(to, from net.Conn) {
	under := make(chan held, 4096)
	var wg sync.WaitGroup
	wg.Go(func() { l.deliver(to, under) })
	var s shaper
	buf := make([]byte, segment)
	for shaped := false; l.whole(); {
		o := l.opts.Load()
		if o.Rate > 0 && !shaped { // what waits must wait before the wire, not in the kernel behind it
			shaped = true
			from.(*net.TCPConn).SetReadBuffer(32 << 10)
		}
		n, err := from.Read(buf)
		if !l.whole() {
			break
		}
		if n > 0 {
			due, ok := l.admit(&s, n)
			if !ok {
				break
			}
			under <- held{due, append([]byte(nil), buf[:n]...)}
		}
		if err != nil {
			break
		}
	}
	under <- held{due: s.last}
	close(under)
	wg.Wait()
}

// admit waits for room before the wire. A lost segment comes a retransmission
// later.
func (l *Link) admit(s *shaper, n int) (time.Time, bool) {
	o := l.opts.Load()
	ordered := *o
	ordered.Reorder = false
	if o.Loss > 0 && l.chance() < o.Loss {
		ordered.Delay += retransmit + 2*o.Delay
	}
	for {
		if due, ok := s.enter(time.Now(), n, &ordered, l.chance); ok {
			return due, true
		}
		if !l.until(time.Now().Add(time.Millisecond)) {
			return time.Time{}, false
		}
	}
}

// deliver writes what is due. When the far end takes no more it drains the rest.
func (l *Link) deliver(to net.Conn, under <-chan held) {
	for h := range under {
		if !l.until(h.due) || !l.whole() {
			to.Close()
			break
		}
		if len(h.b) == 0 {
			to.(*net.TCPConn).CloseWrite()
			break
		}
		if _, err := to.Write(h.b); err != nil {
			to.Close()
			break
		}
		l.passed.Add(uint64(len(h.b)))
	}
	for range under {
	}
}
