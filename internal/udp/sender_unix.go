//go:build unix

package udp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sender sends from one socket. Its method may be called from any goroutine.
type Sender struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	six  bool // the socket is one of IPv6, which writes addresses of IPv4 as its own
	ops  sync.Pool
}

// op is one datagram on its way into the kernel; it is used again, so that sending
// allocates nothing.
type op struct {
	b, oob []byte
	to     unix.Sockaddr
	four   unix.SockaddrInet4
	six    unix.SockaddrInet6
	err    error
	run    func(fd uintptr)
}

var errFamily = errors.New("the socket does not reach addresses of that family")

// NewSender makes one of a socket that stays open.
func NewSender(c *net.UDPConn) (*Sender, error) {
	s := &Sender{conn: c}
	var err error
	if s.raw, err = c.SyscallConn(); err != nil {
		return nil, err
	}
	var at unix.Sockaddr
	var failed error
	err = s.raw.Control(func(fd uintptr) { at, failed = unix.Getsockname(int(fd)) })
	if err = errors.Join(err, failed); err != nil {
		return nil, err
	}
	_, s.six = at.(*unix.SockaddrInet6)
	s.ops.New = func() any {
		o := new(op)
		o.run = func(fd uintptr) {
			_, o.err = unix.SendmsgN(int(fd), o.b, o.oob, o.to, unix.MSG_DONTWAIT)
		}
		return o
	}
	return s, nil
}

// Send sends b to an address, with control data where oob is not nil. It never waits:
// the error is ErrFull where the socket has no room.
func (s *Sender) Send(b, oob []byte, to netip.AddrPort) error {
	if to.Addr().Zone() != "" { // of one link: an interface has to be looked up
		_, _, err := s.conn.WriteMsgUDPAddrPort(b, oob, to)
		return err
	}
	if !to.IsValid() || !s.six && !to.Addr().Unmap().Is4() {
		return errFamily
	}
	o := s.ops.Get().(*op)
	o.b, o.oob, o.err = b, oob, nil
	if s.six {
		o.six.Port, o.six.Addr = int(to.Port()), to.Addr().As16()
		o.to = &o.six
	} else {
		o.four.Port, o.four.Addr = int(to.Port()), to.Addr().Unmap().As4()
		o.to = &o.four
	}
	err := s.raw.Control(o.run)
	if err == nil {
		err = o.err
	}
	o.b, o.oob = nil, nil
	s.ops.Put(o)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ENOBUFS) {
		return ErrFull
	}
	return err
}
