package quic

import (
	"context"
	"net"
	"sync"

	"github.com/quic-go/quic-go"

	"parley"
	"parley/internal/bearer"
)

// listener accepts what the port's transport has proved.
type listener struct {
	b     *Bearer
	port  *port
	q     *quic.Listener
	ready chan bearer.Conn
	ctx   context.Context // ends with Close; only the listener's own work hangs on it
	stop  context.CancelFunc
	wg    sync.WaitGroup
	once  sync.Once
}

// Listen binds addr and begins to accept. A bearer listens on one address at a
// time.
func (b *Bearer) Listen(_ context.Context, addr string) (bearer.Listener, error) {
	addr, err := bearer.ParseListen(addr)
	if err != nil {
		return nil, err
	}
	udp, err := net.ResolveUDPAddr("udp", addr) // numbers only: nothing is looked up
	if err != nil {
		return nil, bearer.Ended("listening for QUIC", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := b.listenPort(udp)
	if err != nil {
		return nil, err
	}
	q, err := p.tr.Listen(b.tls, b.conf)
	if err != nil {
		p.release()
		return nil, bearer.Ended("listening for QUIC", err)
	}
	b.port = p
	l := &listener{b: b, port: p, q: q, ready: make(chan bearer.Conn)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.wg.Go(l.run)
	return l, nil
}

// listenPort returns the port of an earlier listener when connections still
// hold it open at that address, else a new one.
func (b *Bearer) listenPort(addr *net.UDPAddr) (*port, error) {
	if b.port != nil && b.port.is(addr) && b.port.retain() {
		return b.port, nil
	}
	return openPort("udp", addr, b.reset, bearer.NewDoor())
}

func (l *listener) Addr() string { return l.port.udp.LocalAddr().String() }

func (l *listener) Accept(ctx context.Context) (bearer.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ctx.Done():
		return nil, parley.Errorf(parley.Unavailable, "no longer listening")
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.stop()
		l.q.Close()
		l.wg.Wait()
		l.port.release()
	})
	return nil
}

func (l *listener) run() {
	for {
		qc, err := l.q.Accept(l.ctx)
		if err != nil {
			return // closed: the library has no other error here
		}
		if s, ok := qc.Context().Value(strangerKey{}).(*bearer.Stranger); ok {
			s.Gone()
		}
		l.wg.Go(func() { l.greet(qc) })
	}
}

// greet offers a proved connection to Accept.
func (l *listener) greet(qc *quic.Conn) {
	key, err := bearer.PeerKeyHash(qc.ConnectionState().TLS)
	if err != nil || !l.port.door.Seat(key, l.b.o.Lines(key)) {
		qc.CloseWithError(codeRefused, "")
		return
	}
	if !l.port.retain() {
		l.port.door.Leave(key)
		qc.CloseWithError(codeClosed, "")
		return
	}
	c, err := start(qc, l.b.o, l.port, false, func() { l.port.door.Leave(key); l.port.release() })
	if err != nil {
		return
	}
	select {
	case l.ready <- c:
	case <-c.Done():
	case <-l.ctx.Done():
		c.Close(parley.Errorf(parley.Unavailable, "no longer listening"))
	}
}

// strangerKey finds the stranger of a handshake in its connection's context.
type strangerKey struct{}

// come is asked before a handshake costs anything.
func (p *port) come(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	ctx, away := context.WithCancel(ctx)
	s := p.door.Come(info.RemoteAddr, away)
	if s == nil {
		away()
		return nil, parley.Errorf(parley.Quota, "too many handshakes under way from %s", info.RemoteAddr)
	}
	context.AfterFunc(ctx, s.Gone) // the library ends ctx with the connection
	return context.WithValue(ctx, strangerKey{}, s), nil
}
