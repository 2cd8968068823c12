package rtc

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// open opens the port. For a loopback address it is open everywhere and hears this
// machine alone: Firefox sends nothing from or to 127.0.0.1 in a call, but it does
// to any other address of its machine. Where that port is taken, it is the loopback
// one, as it was asked for.
func open(at *net.UDPAddr) (conn *net.UDPConn, near bool, err error) {
	if at.IP.IsLoopback() {
		network, wide := "udp6", net.IPv6unspecified
		if at.IP.To4() != nil {
			network, wide = "udp4", net.IPv4zero
		}
		if conn, err = net.ListenUDP(network, &net.UDPAddr{IP: wide, Port: at.Port}); err == nil {
			return conn, true, nil
		}
	}
	conn, err = net.ListenUDP("udp", at)
	return conn, false, err
}

// neighbours are the addresses of this machine. The kernel takes no packet from
// elsewhere that bears one of them as its source.
type neighbours struct {
	mu   sync.Mutex
	at   time.Time
	list map[netip.Addr]bool
}

// has reports whether an address is one of them; they are looked up again after a
// while.
func (n *neighbours) has(a netip.Addr, now time.Time) bool {
	if a.IsLoopback() {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.at) > 5*time.Second {
		n.at, n.list = now, map[netip.Addr]bool{}
		for _, h := range interfaces() {
			n.list[h] = true
		}
	}
	return n.list[a.WithZone("")]
}

// interfaces are the addresses of this machine, those of its loopback last.
func interfaces() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // there is nobody to announce to, or to hear
	}
	var out, loop []netip.Addr
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		switch ip = ip.Unmap(); {
		case !ok:
		case ip.IsLoopback():
			loop = append(loop, ip)
		default:
			out = append(out, ip)
		}
	}
	return append(out, loop...)
}
