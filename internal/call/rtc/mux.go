package rtc

import (
	"net"
	"net/netip"
	"time"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"parley"
	"parley/internal/udp"
)

// shared is what pion wants of a port that many connections share.
type shared interface {
	Close() error
	GetConn(ufrag string, addr net.Addr) (net.PacketConn, error)
	RemoveConnByUfrag(ufrag string)
	GetListenAddresses() []net.Addr
}

// mux is pion's, with one candidate for each family of addresses instead of one
// for each interface. Candidates of one family read from one queue, in a goroutine
// each, and so put packets out of order; and what browsers are told is ours to say
// (answer.go), not what the gathering finds.
type mux struct{ shared }

// Stand-ins for "wherever the browser reached us"; no packet ever bears them.
var (
	anyIPv4 = netip.MustParseAddr("198.51.100.1") // RFC 5737
	anyIPv6 = netip.MustParseAddr("2001:db8::1")  // RFC 3849
)

func newMux(conn *net.UDPConn, near *neighbours, log logging.LoggerFactory) (*mux, error) {
	out, err := udp.NewSender(conn)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "the port of calls: %v", err)
	}
	return &mux{webrtc.NewICEUDPMux(log.NewLogger("mux"), &port{conn, out, near})}, nil
}

// GetListenAddresses says which candidates are gathered.
func (m *mux) GetListenAddresses() []net.Addr {
	return []net.Addr{&net.UDPAddr{IP: anyIPv4.AsSlice(), Port: 9}, &net.UDPAddr{IP: anyIPv6.AsSlice(), Port: 9}}
}

// port is the socket. It says that it listens everywhere, which keeps pion from
// comparing addresses.
type port struct {
	*net.UDPConn
	out  *udp.Sender
	near *neighbours
}

func (p *port) LocalAddr() net.Addr { return &net.UDPAddr{IP: net.IPv6unspecified} }

// ReadFromAddrPort spares an allocation for each packet.
func (p *port) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := p.ReadFromUDPAddrPort(b)
		if err != nil || p.near == nil || p.near.has(from.Addr().Unmap(), time.Now()) {
			return n, from, err
		}
	}
}

// WriteToAddrPort sends at once or not at all: who plays a packet does not wait.
func (p *port) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return len(b), p.out.Send(b, nil, to)
}
