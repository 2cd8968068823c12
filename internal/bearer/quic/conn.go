package quic

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"parley"
	"parley/internal/bearer"
)

// Codes a connection is closed with. They tell the other side no more.
const (
	codeClosed  quic.ApplicationErrorCode = 0
	codeRefused quic.ApplicationErrorCode = 1
	codeBroken  quic.ApplicationErrorCode = 2 // what came was not the protocol
)

// piece is how much of a low class is written before the path is looked at again.
const piece = 32 << 10

// conn is one proved connection: one goroutine per stream of the other side reads, one
// takes datagrams. One per class writes while something waits to be written, and one
// sends datagrams while any wait: on a line at rest there are none.
type conn struct {
	*bearer.Life
	q        *quic.Conn
	lanes    [bearer.Classes]lane
	inbox    *bearer.Inbox
	out      [2]*bearer.Ring // datagrams to be sent, the small ones first
	ears     bearer.Ears
	beside   *beside // nil where the other side has no datagrams
	urgent   urgency
	fits     fits
	pacer    pacer // owned by throw
	key      [32]byte
	exporter [32]byte
	idle     time.Duration
	ctx      context.Context // ends with the connection
	stop     context.CancelFunc
	wg       sync.WaitGroup
	ended    func()        // told once, when nothing of the connection is left
	gone     chan struct{} // closed after ended

	mu       sync.Mutex
	seen     [bearer.Classes]bool // classes whose stream has come
	throwing bool                 // throw runs
	over     bool                 // no goroutine begins any more
}

// lane is one class of what we send.
type lane struct {
	queue   *bearer.Queue
	stream  *quic.SendStream // nil before the first frame; owned by write
	writing bool             // write runs; under conn.mu
}

// start takes over a connection of p whose handshake is done; on error it is
// closed and ended has been called.
func start(qc *quic.Conn, o bearer.Options, p *port, dialed bool, ended func()) (*conn, error) {
	c := &conn{Life: bearer.NewLife(), q: qc, inbox: bearer.NewInbox(), idle: o.Idle,
		out:   [2]*bearer.Ring{bearer.NewRing(bearer.DatagramsHeld, bearer.SmallLate), bearer.NewRing(bearer.DatagramsHeld, bearer.LargeLate)},
		ended: ended, gone: make(chan struct{})}
	cs := qc.ConnectionState().TLS
	var err error
	if c.key, err = bearer.PeerKeyHash(cs); err == nil {
		c.exporter, err = bearer.ExporterOf(cs)
	}
	datagrams := qc.ConnectionState().SupportsDatagrams.Remote
	if err == nil && datagrams {
		var forget func()
		if c.beside, forget, err = p.besideOf(c, cs, dialed); err == nil {
			c.ended = func() { forget(); ended() }
		}
	}
	if err != nil {
		qc.CloseWithError(codeRefused, "")
		ended()
		return nil, err
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	for class := range c.lanes {
		c.lanes[class].queue = bearer.NewQueue(o.QueueBytes)
	}
	c.wg.Go(c.accept)
	if datagrams {
		c.wg.Go(c.catch)
		c.beside.saySomething(besideAsks, time.Now()) // so that it is known before anybody speaks
	}
	context.AfterFunc(qc.Context(), c.watch)
	return c, nil
}

// watch is told of the end, whoever brought it, and cleans up behind it.
func (c *conn) watch() {
	c.end(ended("the path", context.Cause(c.q.Context())), codeClosed)
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.wg.Wait()
	c.ended()
	close(c.gone)
}

// begin has f run, unless *runs says that it does. f ends by rest.
func (c *conn) begin(runs *bool, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !*runs && !c.over {
		*runs = true
		c.wg.Go(f)
	}
}

// rest reports whether whoever asks is to end: it is asked under the lock that begin
// takes whether something waits, so that nothing is left waiting.
func (c *conn) rest(runs *bool, waits func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	*runs = waits() && c.ctx.Err() == nil
	return !*runs
}

func (c *conn) Send(class bearer.Class, frame []byte) error {
	if err := c.Err(); err != nil {
		return bearer.Gone(err)
	}
	if class >= bearer.Classes {
		return parley.Errorf(parley.Malformed, "no class %d", class)
	}
	l := &c.lanes[class]
	if err := l.queue.Put(class, frame); err != nil {
		return err
	}
	c.begin(&l.writing, func() { c.write(class) })
	return nil
}

func (c *conn) Recv(ctx context.Context) ([]byte, error) { return c.inbox.Get(ctx, c.Life) }
func (c *conn) PeerKey() [32]byte                        { return c.key }
func (c *conn) Exporter() [32]byte                       { return c.exporter }
func (c *conn) RemoteAddr() string                       { return c.q.RemoteAddr().String() }

func (c *conn) Queued(class bearer.Class) int {
	if class >= bearer.Classes {
		return 0
	}
	return c.lanes[class].queue.Queued(class)
}

func (c *conn) Stats() bearer.Stats {
	s := c.q.ConnectionStats()
	st := bearer.Stats{RTT: s.SmoothedRTT, BytesIn: s.BytesReceived, BytesOut: s.BytesSent, MTU: bearer.MaxFrame}
	for i := range c.lanes {
		st.Queued += c.lanes[i].queue.Total()
	}
	st.DatagramsUnsent = c.out[0].Dropped() + c.out[1].Dropped()
	if m := c.beside; m != nil {
		st.BytesIn += m.bytesIn.Load()
		st.BytesOut += m.bytesOut.Load()
		st.DatagramsUnsent += m.refused.Load()
	}
	return st
}

func (c *conn) Close(reason error) error {
	c.end(reason, codeClosed)
	<-c.gone
	return nil
}

// end is Close without the wait, for the connection's own goroutines.
func (c *conn) end(reason error, code quic.ApplicationErrorCode) {
	if !c.End(reason) {
		return
	}
	c.stop()
	for i := range c.lanes {
		c.lanes[i].queue.Close(bearer.Gone(c.Err()))
	}
	c.q.CloseWithError(code, "")
}

// ended puts the library's errors in words and kinds.
func ended(what string, err error) error {
	var (
		idle *quic.IdleTimeoutError
		slow *quic.HandshakeTimeoutError
		app  *quic.ApplicationError
		tr   *quic.TransportError
		rst  *quic.StatelessResetError
	)
	switch {
	case errors.As(err, &idle), errors.As(err, &slow):
		return &parley.Error{Kind: parley.Unavailable, What: what + ": no answer", Err: err}
	case errors.As(err, &rst):
		return &parley.Error{Kind: parley.Unavailable, What: what + ": the other station has restarted", Err: err}
	case errors.As(err, &app) && app.Remote:
		return &parley.Error{Kind: parley.Unavailable, What: what + ": the other side closed the connection", Err: err}
	case errors.As(err, &tr) && tr.Remote && tr.ErrorCode.IsCryptoError():
		return bearer.Refused(what, uint8(tr.ErrorCode), err)
	}
	return bearer.Ended(what, err)
}
