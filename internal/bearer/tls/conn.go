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

// conn is one proved connection. Two goroutines serve it: one reads into the
// inbox, one writes from the queue.
type conn struct {
	*bearer.Life
	raw      *net.TCPConn
	wire     *wire
	tls      *stdtls.Conn
	queue    *bearer.Queue
	inbox    *bearer.Inbox
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
	return c.queue.Put(class, frame)
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

// write gives one frame after the other to TLS, the lowest class first. A frame
// whose writing has begun is finished: on a stream nothing can cut in. What waits
// besides and fits goes in the same record: an entry and its checkpoint wake the
// other end once.
func (c *conn) write(ctx context.Context) {
	buf := make([]byte, 0, record)
	for {
		_, frame, err := c.queue.TakePaced(ctx, c.hold)
		if err != nil {
			return
		}
		for more := true; more; {
			buf = bearer.AppendHeader(buf, len(frame))
			if buf, err = c.fill(buf, frame); err != nil {
				c.end(bearer.Ended("writing", err))
				return
			}
			frame, more = c.queue.TryFit(record-len(buf)-bearer.HeaderSize, c.hold)
		}
		if _, err := c.tls.Write(buf); err != nil {
			c.end(bearer.Ended("writing", err))
			return
		}
		buf = buf[:0]
	}
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

// wire is the socket under TLS: it counts, and lets a read wait no longer than
// idle.
type wire struct {
	net.Conn
	idle    time.Duration
	in, out atomic.Uint64
}

func (w *wire) Read(b []byte) (int, error) {
	w.SetReadDeadline(time.Now().Add(w.idle))
	n, err := w.Conn.Read(b)
	w.in.Add(uint64(n))
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.out.Add(uint64(n))
	return n, err
}
