//go:build !linux

package tls

import (
	"net"
	"time"
)

// keepLittleUnsent bounds what the kernel holds, sent or not: less is possible
// where the system lets no one say "not yet sent".
func keepLittleUnsent(c *net.TCPConn) { c.SetWriteBuffer(64 << 10) }

// roundTrip is not known here.
func roundTrip(*net.TCPConn) (rtt, shortest time.Duration) { return 0, 0 }

// writesAtOnce says that every write may wait for the socket here.
const writesAtOnce = false

func writeSome(c *net.TCPConn, b []byte) (int, error) { return c.Write(b) }
