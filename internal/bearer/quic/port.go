package quic

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"

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
	p.tr = &quic.Transport{Conn: &heard{udp, ipv4.NewPacketConn(udp), p}, ConnectionIDLength: 8, StatelessResetKey: &reset}
	if door != nil {
		p.tr.VerifySourceAddress = func(net.Addr) bool { return door.Crowd() >= retryFrom }
		p.tr.ConnContext = p.come
	}
	return p, nil
}

// heard is the socket as the library has it, which reads it: what is no QUIC is heard
// as it is read, without a goroutine of its own that would have to wake for each.
type heard struct {
	*net.UDPConn
	batch *ipv4.PacketConn
	p     *port
}

// ReadBatch is what the library reads by. A packet keeps its place with the buffer it
// is in, so those that are QUIC move to the front as bytes.
func (h *heard) ReadBatch(ms []ipv4.Message, flags int) (n int, err error) {
	for n == 0 && err == nil {
		var came int
		came, err = h.batch.ReadBatch(ms, flags)
		for i := range max(0, came) {
			m := &ms[i]
			if b := m.Buffers[0][:m.N]; len(b) > 0 && b[0] == besideMark {
				h.p.hearBeside(b)
				continue
			}
			if to := &ms[n]; i != n {
				to.N, to.NN, to.Flags, to.Addr = copy(to.Buffers[0], m.Buffers[0][:m.N]), copy(to.OOB, m.OOB[:m.NN]), m.Flags, m.Addr
			}
			n++
		}
	}
	return n, err
}

// hearBeside takes what comes to the port and is no QUIC.
func (p *port) hearBeside(b []byte) {
	mki, ok := mkiOf(b)
	if !ok {
		return
	}
	p.mu.Lock()
	m := p.besides[mki]
	p.mu.Unlock()
	if m != nil {
		m.hear(b, time.Now())
	}
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
