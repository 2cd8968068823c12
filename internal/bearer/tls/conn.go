package tls

import (
	"context"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/bearer"
)

// record is how much is given to TLS at once: one TLS record.
const record = 16 << 10

// conn is one proved connection. One goroutine reads into the inbox. Whoever sends
// writes what waits by himself while the socket takes it at once (push); what it
// does not take, and what shall wait, is written by a goroutine of its own.
type conn struct {
	*bearer.Life
	raw      *net.TCPConn
	wire     *wire
	tls      *stdtls.Conn
	queue    *bearer.Queue
	corks    atomic.Int32
	turn     sync.Mutex // to take from the queue and to write
	inbox    *bearer.Inbox
	tap      atomic.Pointer[func([]byte) bool]
	key      [32]byte
	exporter [32]byte
	ended    func() // told once, after the end
	stop     context.CancelFunc
	wg       sync.WaitGroup
}

// start takes over a connection whose handshake is done; on error it is closed.
func start(raw *net.TCPConn, w *wire, t *stdtls.Conn, o bearer.Options, ended func()) (*conn, error) {
	c := &conn{Life: bearer.NewLife(), raw: raw, wire: w, tls: t, queue: bearer.NewQueue(o.QueueBytes),
		inbox: bearer.NewInbox(), ended: ended}
	var err error
	if c.key, err = bearer.PeerKeyHash(t.ConnectionState()); err == nil {
		c.exporter, err = bearer.ExporterOf(t.ConnectionState())
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	raw.SetNoDelay(true)
	keepLittleUnsent(raw)
	w.begin(c.queue.Nudge)
	var ctx context.Context
	ctx, c.stop = context.WithCancel(context.Background())
	c.wg.Go(c.read)
	c.wg.Go(func() { c.write(ctx) })
	return c, nil
}

func (c *conn) Send(class bearer.Class, frame []byte) error {
	if err := c.Err(); err != nil {
		return bearer.Gone(err)
	}
	if err := c.queue.Lay(class, frame); err != nil {
		return err
	}
	c.push()
	return nil
}

// Tap offers f what is read (bearer.Tapped).
func (c *conn) Tap(f func([]byte) bool) { c.tap.Store(&f) }

// Cork and Uncork: a few frames of one step go in one record (bearer.Corked).
func (c *conn) Cork() { c.corks.Add(1) }

// Uncork ends a Cork.
func (c *conn) Uncork() {
	c.corks.Add(-1)
	c.push()
}

func (c *conn) Recv(ctx context.Context) ([]byte, error) { return c.inbox.Get(ctx, c.Life) }
func (c *conn) SendDatagram([]byte) error                { return bearer.NoDatagrams("TLS") }
func (c *conn) Datagrams() int                           { return 0 }
func (c *conn) PeerKey() [32]byte                        { return c.key }
func (c *conn) Exporter() [32]byte                       { return c.exporter }
func (c *conn) Queued(class bearer.Class) int            { return c.queue.Queued(class) }
func (c *conn) RemoteAddr() string                       { return c.raw.RemoteAddr().String() }

// HearDatagrams has nothing to hear: on one stream nothing is late by itself.
func (c *conn) HearDatagrams(func([]byte)) error { return bearer.NoDatagrams("TLS") }

func (c *conn) Stats() bearer.Stats {
	rtt, _ := roundTrip(c.raw)
	return bearer.Stats{RTT: rtt, BytesIn: c.wire.in.Load(), BytesOut: c.wire.out.Load(), Queued: c.queue.Total(), MTU: bearer.MaxFrame}
}

func (c *conn) Close(reason error) error {
	c.end(reason)
	c.wg.Wait()
	return nil
}

// end is Close without the wait, for the connection's own goroutines. The
// socket is closed under TLS: a close_notify could block behind what the other
// side does not read, and a frame that is cut is seen by its length.
func (c *conn) end(reason error) {
	if !c.End(reason) {
		return
	}
	c.stop()
	c.queue.Close(bearer.Gone(c.Err()))
	c.raw.Close()
	c.ended()
}

func (c *conn) read() {
	for {
		frame, err := bearer.ReadFrame(c.tls)
		if err != nil {
			c.end(readError(err, c.wire.idle))
			return
		}
		if tap := c.tap.Load(); tap != nil && (*tap)(frame) {
			continue
		}
		if !c.inbox.Put(c.Done(), bearer.Control, frame) {
			return
		}
	}
}

func readError(err error, idle time.Duration) error {
	if errors.Is(err, io.EOF) {
		return parley.Errorf(parley.Unavailable, "the other side closed the connection")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return parley.Errorf(parley.Unavailable, "nothing arrived for %v", idle)
	}
	return bearer.Ended("reading", err)
}

// pushes is how many records a sender writes by himself at once.
const pushes = 4

// push writes what waits, in place of the goroutine that is there for it and as it
// would, for as long as nothing has to wait: for the socket, for a pause of a low
// class, for who writes already. What is left is that goroutine's.
func (c *conn) push() {
	if c.corks.Load() > 0 {
		return // Uncork pushes
	}
	if !c.turn.TryLock() {
		return // who has the turn looks again after it
	}
	for n := 0; n < pushes && writesAtOnce && c.one(); n++ {
	}
	c.turn.Unlock()
	if c.queue.Lowest() < bearer.Classes {
		c.queue.Nudge()
	}
}

// one writes one record of whole frames, if one may go without waiting. The caller
// has the turn.
func (c *conn) one() bool {
	if c.wire.owes() {
		return false
	}
	frame, ok := c.queue.TryFit(record-bearer.HeaderSize, c.hold)
	if !ok {
		return false
	}
	if err := c.together(frame); err != nil {
		c.wire.fail(err) // and the connection's own goroutine ends it
		return false
	}
	return true
}

// write gives one frame after the other to TLS, the lowest class first. A frame
// whose writing has begun is finished: on a stream nothing can cut in.
func (c *conn) write(ctx context.Context) {
	for {
		err := c.wire.pay()
		if err == nil {
			if c.queue.Await(ctx, c.hold, c.wire.owes) != nil {
				return
			}
			err = c.next()
		}
		if err != nil {
			c.end(bearer.Ended("writing", err))
			return
		}
	}
}

// next writes a frame, and what fits beside it, after what the socket owes.
func (c *conn) next() error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if err := c.wire.pay(); err != nil {
		return err
	}
	_, frame, ok := c.queue.TryTake(bearer.Classes)
	if !ok {
		return nil
	}
	if err := c.together(frame); err != nil {
		return err
	}
	return c.wire.pay()
}

// records are made in memory that connections share: most of them write nothing.
var records = sync.Pool{New: func() any { return new([record]byte) }}

// together writes frame, and what waits besides and fits in the same record: an
// entry and its checkpoint wake the other end once. The caller has the turn.
func (c *conn) together(frame []byte) (err error) {
	b := records.Get().(*[record]byte)
	defer records.Put(b)
	buf := b[:0]
	for more := true; more; {
		buf = bearer.AppendHeader(buf, len(frame))
		if buf, err = c.fill(buf, frame); err != nil {
			return err
		}
		frame, more = c.queue.TryFit(record-len(buf)-bearer.HeaderSize, c.hold)
	}
	_, err = c.tls.Write(buf)
	return err
}

// fill appends frame to buf, writes each record that is full, and returns the rest.
func (c *conn) fill(buf, frame []byte) ([]byte, error) {
	for {
		n := copy(buf[len(buf):record], frame)
		if buf, frame = buf[:len(buf)+n], frame[n:]; len(frame) == 0 {
			return buf, nil
		}
		if _, err := c.tls.Write(buf); err != nil {
			return nil, err
		}
		if err := c.wire.pay(); err != nil { // a frame that is larger is written by the goroutine that may wait
			return nil, err
		}
		buf = buf[:0]
	}
}

func (c *conn) hold(class bearer.Class) time.Duration {
	if class < bearer.Routine {
		return 0
	}
	rtt, shortest := roundTrip(c.raw)
	return bearer.Hold(class, rtt, shortest)
}
