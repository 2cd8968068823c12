//go:build !unix

package udp

import (
	"net"
	"net/netip"
)

// Sender sends from one socket; here it waits for room.
type Sender struct{ conn *net.UDPConn }

// NewSender makes one of a socket that stays open.
func NewSender(c *net.UDPConn) (*Sender, error) { return &Sender{c}, nil }

// Send sends b to an address, with control data where oob is not nil.
func (s *Sender) Send(b, oob []byte, to netip.AddrPort) error {
	_, _, err := s.conn.WriteMsgUDPAddrPort(b, oob, to)
	return err
}
