package tls

import (
	"context"
	stdtls "crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"parley"
	"parley/internal/bearer"
)

// listener accepts TCP connections, and hands them out once they are proved.
type listener struct {
	b     *Bearer
	tcp   *net.TCPListener
	door  *bearer.Door
	ready chan bearer.Conn
	ctx   context.Context // ends with Close; only the listener's own work hangs on it
	stop  context.CancelFunc
	wg    sync.WaitGroup
}

// Listen binds addr and begins to accept.
func (b *Bearer) Listen(ctx context.Context, addr string) (bearer.Listener, error) {
	addr, err := bearer.ParseListen(addr)
	if err != nil {
		return nil, err
	}
	lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
	tcp, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, bearer.Ended("listening for TLS", err)
	}
	l := &listener{b: b, tcp: tcp.(*net.TCPListener), door: bearer.NewDoor(), ready: make(chan bearer.Conn)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.wg.Go(l.run)
	return l, nil
}

func (l *listener) Addr() string { return l.tcp.Addr().String() }

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
	l.stop()
	l.tcp.Close()
	l.wg.Wait()
	return nil
}

func (l *listener) run() {
	for {
		raw, err := l.tcp.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of descriptors, or a connection gone before we took it
			case <-time.After(20 * time.Millisecond):
				continue
			case <-l.ctx.Done():
				return
			}
		}
		s := l.door.Come(raw.RemoteAddr(), func() { raw.Close() })
		if s == nil {
			raw.SetLinger(0)
			raw.Close()
			continue
		}
		l.wg.Go(func() { l.greet(raw, s) })
	}
}

// greet makes the handshake and offers the connection to Accept.
func (l *listener) greet(raw *net.TCPConn, s *bearer.Stranger) {
	defer s.Gone()
	ctx, stop := context.WithTimeout(l.ctx, bearer.HandshakeLimit)
	defer stop()
	w := &wire{TCPConn: raw, idle: l.b.o.Idle}
	t := stdtls.Server(w, l.b.conf)
	if t.HandshakeContext(ctx) != nil {
		raw.Close()
		return
	}
	s.Gone()
	key, err := bearer.PeerKeyHash(t.ConnectionState())
	if err != nil || !l.door.Seat(key, l.b.o.Lines(key)) {
		raw.Close()
		return
	}
	c, err := start(raw, w, t, l.b.o, func() { l.door.Leave(key) })
	if err != nil {
		l.door.Leave(key)
		return
	}
	select {
	case l.ready <- c:
	case <-c.Done():
	case <-l.ctx.Done():
		c.Close(parley.Errorf(parley.Unavailable, "no longer listening"))
	}
}
