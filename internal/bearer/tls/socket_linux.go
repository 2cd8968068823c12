package tls

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes not yet sent the kernel takes from us.
const unsent = 16 << 10

// keepLittleUnsent makes writes wait until the kernel has sent almost all it
// has, without making what is on its way smaller.
func keepLittleUnsent(c *net.TCPConn) {
	if rc, err := c.SyscallConn(); err == nil {
		rc.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent) })
	}
}

// roundTrip returns the smoothed round trip and the shortest; the shortest is 0
// when nothing is on its way, for then there is nothing to wait for.
func roundTrip(c *net.TCPConn) (rtt, shortest time.Duration) {
	rc, err := c.SyscallConn()
	if err != nil {
		return 0, 0
	}
	rc.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		rtt = time.Duration(info.Rtt) * time.Microsecond
		if info.Unacked > 0 {
			shortest = time.Duration(info.Min_rtt) * time.Microsecond
		}
	})
	return rtt, shortest
}

// writesAtOnce is whether writeSome is to be had.
const writesAtOnce = true

// writeSome writes as much of b as the socket takes now.
func writeSome(c *net.TCPConn, b []byte) (n int, err error) {
	rc, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	ended := rc.Write(func(fd uintptr) bool {
		for {
			n, err = unix.Write(int(fd), b)
			if err != unix.EINTR {
				return true
			}
		}
	})
	switch {
	case ended != nil:
		return 0, ended
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("write", err)
	}
	return n, nil
}
