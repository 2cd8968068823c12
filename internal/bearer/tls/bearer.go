package tls

import (
	"context"
	stdtls "crypto/tls"
	"net"

	"parley/internal/bearer"
)

// Bearer is TLS over TCP. It holds nothing open itself.
type Bearer struct {
	o    bearer.Options
	conf *stdtls.Config
}

// New returns the bearer of o.
func New(o bearer.Options) *Bearer {
	o = o.Filled()
	return &Bearer{o, bearer.ConfigOf(o)}
}

// Name returns "TLS".
func (b *Bearer) Name() string { return "TLS" }

// Dial connects to addr within HandshakeLimit.
func (b *Bearer) Dial(ctx context.Context, addr string) (bearer.Conn, error) {
	to, err := bearer.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	return bearer.Insist(ctx, func(ctx context.Context) (bearer.Conn, error) {
		c, err := b.attempt(ctx, to.String())
		if err != nil {
			return nil, err
		}
		return c, nil
	})
}

func (b *Bearer) attempt(ctx context.Context, addr string) (*conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
	raw, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, bearer.Ended("dialing", err)
	}
	tcp := raw.(*net.TCPConn)
	w := &wire{TCPConn: tcp, idle: b.o.Idle}
	t := stdtls.Client(w, b.conf)
	if err := t.HandshakeContext(ctx); err != nil {
		tcp.Close()
		return nil, bearer.Ended("dialing "+addr, err)
	}
	return start(tcp, w, t, b.o, func() {})
}
