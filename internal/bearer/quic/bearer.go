package quic

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/netip"
	"os"
	"sync"

	"github.com/quic-go/quic-go"

	"parley/internal/bearer"
)

// Receive windows: what one hostile peer can make a connection hold. All
// classes together fit into the connection's, so that none can shut out another.
const (
	streamWindow = 640 << 10
	connWindow   = 4 << 20
	uniStreams   = 16 // streams the other side may open; six are used
)

// Bearer is QUIC. Listening and dialing share one UDP port; before it listens
// each dialed connection has a port of its own.
type Bearer struct {
	o     bearer.Options
	tls   *tls.Config
	conf  *quic.Config
	reset quic.StatelessResetKey

	mu   sync.Mutex
	port *port // the one listened on; nil before
}

// New returns the bearer of o.
func New(o bearer.Options) *Bearer {
	o = o.Filled()
	// The library's only switch for a line it prints to standard error when it
	// may not have as large socket buffers as it likes.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	return &Bearer{
		o:     o,
		tls:   bearer.ConfigOf(o),
		reset: resetKey(o.Who()),
		conf: &quic.Config{
			Versions:                       []quic.Version{quic.Version1},
			HandshakeIdleTimeout:           bearer.HandshakeLimit / 2, // the library ends a handshake after twice this
			MaxIdleTimeout:                 o.Idle,
			InitialStreamReceiveWindow:     streamWindow / 2,
			MaxStreamReceiveWindow:         streamWindow,
			InitialConnectionReceiveWindow: connWindow / 2,
			MaxConnectionReceiveWindow:     connWindow,
			MaxIncomingStreams:             -1,
			MaxIncomingUniStreams:          uniStreams,
			EnableDatagrams:                true,
		},
	}
}

// resetKey lets a station that has restarted tell the other side at once that
// the old connection is no more (RFC 9000, 10.3). It must be the same after a
// restart, so it comes from the TLS key.
func resetKey(id bearer.Identity) (k quic.StatelessResetKey) {
	if priv, ok := id.Certificate.PrivateKey.(ed25519.PrivateKey); ok {
		k = sha256.Sum256(append([]byte("parley/v1 stateless reset\x00"), priv.Seed()...))
	}
	return k
}

// Name returns "QUIC".
func (b *Bearer) Name() string { return "QUIC" }

// Dial connects to addr within HandshakeLimit.
func (b *Bearer) Dial(ctx context.Context, addr string) (bearer.Conn, error) {
	to, err := bearer.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	p, err := b.portTo(to.Addr())
	if err != nil {
		return nil, err
	}
	qc, err := bearer.Insist(ctx, func(ctx context.Context) (*quic.Conn, error) {
		return p.tr.Dial(ctx, net.UDPAddrFromAddrPort(to), b.tls, b.conf)
	})
	if err != nil {
		p.release()
		return nil, ended("dialing "+addr, err)
	}
	return start(qc, b.o, p, true, p.release)
}

// portTo returns the port listened on when it can reach ip, else a new one.
func (b *Bearer) portTo(ip netip.Addr) (*port, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.port != nil && b.port.reaches(ip) && b.port.retain() {
		return b.port, nil
	}
	network := "udp4"
	if ip.Unmap().Is6() {
		network = "udp6"
	}
	return openPort(network, nil, b.reset, nil)
}
