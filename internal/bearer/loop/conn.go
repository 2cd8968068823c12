package loop

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/bearer"
)

// conn is one end. Its goroutines carry what it sends into the other's inbox.
type conn struct {
	*bearer.Life
	net      *Net
	peer     *conn
	queue    *bearer.Queue
	inbox    *bearer.Inbox
	thrown   *bearer.Ring // datagrams on their way from here
	ears     bearer.Ears
	key      [32]byte
	exporter [32]byte
	remote   string
	in, out  atomic.Uint64
	ctx      context.Context // ends with the connection
	stop     context.CancelFunc
	ended    func()
	wg       sync.WaitGroup
}

func newConn(n *Net, o bearer.Options, peerKey, exporter [32]byte, remote string, ended func()) *conn {
	c := &conn{Life: bearer.NewLife(), net: n, queue: bearer.NewQueue(o.QueueBytes), inbox: bearer.NewInbox(),
		thrown: bearer.NewRing(bearer.DatagramsHeld, 0), key: peerKey, exporter: exporter, remote: remote, ended: ended}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

func (c *conn) start() {
	c.wg.Go(c.carry)
	c.wg.Go(c.throw)
}

func (c *conn) Send(class bearer.Class, frame []byte) error {
	if err := c.Err(); err != nil {
		return bearer.Gone(err)
	}
	return c.queue.Put(class, frame)
}

func (c *conn) Recv(ctx context.Context) ([]byte, error) { return c.inbox.Get(ctx, c.Life) }
func (c *conn) PeerKey() [32]byte                        { return c.key }
func (c *conn) Exporter() [32]byte                       { return c.exporter }
func (c *conn) Queued(class bearer.Class) int            { return c.queue.Queued(class) }
func (c *conn) RemoteAddr() string                       { return c.remote }

func (c *conn) Stats() bearer.Stats {
	return bearer.Stats{BytesIn: c.in.Load(), BytesOut: c.out.Load(), Queued: c.queue.Total(), MTU: bearer.MaxFrame}
}

func (c *conn) Close(reason error) error {
	c.end(reason)
	c.wg.Wait()
	return nil
}

// end ends this end, and tells the other unless the cable is cut.
func (c *conn) end(reason error) {
	if !c.End(reason) {
		return
	}
	c.stop()
	c.queue.Close(bearer.Gone(c.Err()))
	c.ended()
	c.net.mu.Lock()
	cut := c.net.cut
	c.net.mu.Unlock()
	if !cut {
		c.peer.end(parley.Errorf(parley.Unavailable, "the other side closed the connection"))
	}
}

// carry gives the other end each frame as its fate says.
func (c *conn) carry() {
	var kept []byte // to come after the next one
	var keptClass bearer.Class
	for {
		class, frame, err := c.queue.Take(c.ctx)
		if err != nil {
			return
		}
		c.out.Add(uint64(len(frame)))
		f := c.net.draw(frame)
		if f.delay != nil && !c.rest(f.delay(frame)) {
			return
		}
		if f.lost {
			continue
		}
		frame = bytes.Clone(frame)
		if f.flip >= 0 {
			frame[f.flip/8] ^= 1 << (f.flip % 8)
		}
		if f.later && kept == nil {
			kept, keptClass = append(frame, 0)[:len(frame)], class // never nil
			continue
		}
		if !c.give(class, frame) || (f.twice && !c.give(class, bytes.Clone(frame))) {
			return
		}
		if kept != nil && !c.give(keptClass, kept) {
			return
		}
		kept = nil
	}
}

func (c *conn) give(class bearer.Class, frame []byte) bool {
	if frame == nil {
		frame = []byte{}
	}
	select {
	case <-c.Done():
		return false
	default:
	}
	if !c.peer.inbox.Put(c.peer.Done(), class, frame) {
		return false
	}
	c.peer.in.Add(uint64(len(frame)))
	return true
}

func (c *conn) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
