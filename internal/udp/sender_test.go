package udp

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestSend: from a socket of each kind to each address that it reaches.
func TestSend(t *testing.T) {
	for _, tt := range []struct{ network, from, at, to string }{
		{"udp4", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"},
		{"udp4", "0.0.0.0:0", "127.0.0.1:0", "127.0.0.1"},
		{"udp", ":0", "127.0.0.1:0", "127.0.0.1"},
		{"udp", ":0", "127.0.0.1:0", "::ffff:127.0.0.1"},
		{"udp", ":0", "[::1]:0", "::1"},
		{"udp6", "[::1]:0", "[::1]:0", "::1"},
	} {
		far, err := net.ListenPacket("udp", tt.at)
		if err != nil {
			t.Logf("%s: %v", tt.at, err) // a machine without IPv6
			continue
		}
		defer far.Close()
		addr, err := net.ResolveUDPAddr(tt.network, tt.from)
		if err != nil {
			t.Fatal(err)
		}
		near, err := net.ListenUDP(tt.network, addr)
		if err != nil {
			t.Logf("%s: %v", tt.from, err)
			continue
		}
		defer near.Close()
		s, err := NewSender(near)
		if err != nil {
			t.Fatal(err)
		}
		to := netip.AddrPortFrom(netip.MustParseAddr(tt.to), uint16(far.LocalAddr().(*net.UDPAddr).Port))
		for _, says := range []string{"one", "", "three"} {
			if err := s.Send([]byte(says), nil, to); err != nil {
				t.Fatalf("%+v: %v", tt, err)
			}
			b := make([]byte, 16)
			far.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, from, err := far.ReadFrom(b)
			if err != nil || string(b[:n]) != says || from.(*net.UDPAddr).Port != near.LocalAddr().(*net.UDPAddr).Port {
				t.Errorf("%+v: %q from %v, %v; want %q", tt, b[:n], from, err, says)
			}
		}
		if n := testing.AllocsPerRun(100, func() { s.Send([]byte{1, 2, 3}, nil, to) }); n > 1 {
			t.Errorf("%+v: %v allocations a datagram", tt, n)
		}
		near.Close()
		if err := s.Send([]byte("gone"), nil, to); err == nil {
			t.Errorf("%+v: a socket that is closed sends", tt)
		}
	}
}

// onLoopback is a socket of IPv4 and its sender.
func onLoopback(t *testing.T) (*net.UDPConn, *Sender) {
	near, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	s, err := NewSender(near)
	if err != nil {
		t.Fatal(err)
	}
	return near, s
}

// TestSendNowhere: to an address of the other family, and to none, nothing is sent.
func TestSendNowhere(t *testing.T) {
	_, s := onLoopback(t)
	for _, to := range []netip.AddrPort{{}, netip.MustParseAddrPort("[::1]:9"), netip.MustParseAddrPort("[2001:db8::1]:9"), netip.MustParseAddrPort("[fe80::1%lo]:9")} {
		if err := s.Send([]byte("lost"), nil, to); err == nil {
			t.Errorf("something was sent to %v from a socket of IPv4", to)
		}
	}
}

// TestSendNeverWaits: a socket whose room is used up says so at once.
func TestSendNeverWaits(t *testing.T) {
	near, s := onLoopback(t)
	began := time.Now()
	for range 20_000 { // nobody reads: what the kernel cannot keep it drops or refuses
		if err := s.Send(make([]byte, 1200), nil, near.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil && err != ErrFull {
			t.Fatal(err)
		}
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("20000 datagrams took %v", d)
	}
}
