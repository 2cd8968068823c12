package quic

import (
	"net"
	"net/netip"
	"sync"

	"github.com/quic-go/quic-go"

	"parley/internal/bearer"
)

// retryFrom is how many handshakes may be under way before a newcomer must
// first prove, by a retry, that it is at the address it sends from.
const retryFrom = 8

// port is one UDP socket. It is closed when nobody uses it any more: neither a
// listener nor a connection.
type port struct {
	udp  *net.UDPConn
	tr   *quic.Transport
	door *bearer.Door

	mu      sync.Mutex
	refs    int
	besides map[[mkiSize]byte]*beside
}

// openPort binds addr (nil: any address, a free port) and is held once. door is
// nil for a port that does not listen.
func openPort(network string, addr *net.UDPAddr, reset quic.StatelessResetKey, door *bearer.Door) (*port, error) {
	udp, err := net.ListenUDP(network, addr)
	if err != nil {
		return nil, bearer.Ended("opening a UDP port", err)
	}
	p := &port{udp: udp, door: door, refs: 1, besides: map[[mkiSize]byte]*beside{}}
	p.tr = &quic.Transport{Conn: udp, ConnectionIDLength: 8, StatelessResetKey: &reset}
	if door != nil {
		p.tr.VerifySourceAddress = func(net.Addr) bool { return door.Crowd() >= retryFrom }
		p.tr.ConnContext = p.come
	}
	go p.hearBeside()
	return p, nil
}

// reaches reports whether packets to ip can leave from here.
func (p *port) reaches(ip netip.Addr) bool {
	local := p.udp.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	ip = ip.Unmap()
	switch {
	case local.IsUnspecified():
		return local.Is6() || ip.Is4() // the empty IPv6 address is both
	case local.Unmap().Is4() != ip.Is4():
		return false
	default:
		return local.Unmap().IsLoopback() == ip.IsLoopback()
	}
}

// is reports whether the port is bound to addr.
func (p *port) is(addr *net.UDPAddr) bool {
	local := p.udp.LocalAddr().(*net.UDPAddr)
	everywhere := len(addr.IP) == 0 || addr.IP.IsUnspecified()
	return addr.Port == local.Port && (addr.IP.Equal(local.IP) || everywhere && local.IP.IsUnspecified())
}

// retain holds the port once more; false when it is closed.
func (p *port) retain() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refs == 0 {
		return false
	}
	p.refs++
	return true
}

// release gives back one hold, and closes the port after the last.
func (p *port) release() {
	p.mu.Lock()
	p.refs--
	last := p.refs == 0
	p.mu.Unlock()
	if last {
		p.tr.Close()
		p.udp.Close()
	}
}
