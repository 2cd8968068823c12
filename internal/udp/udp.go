// Package udp sends datagrams from a socket at once or not at all.
//
// The net package waits until the socket has room. Who sends voice from the goroutine
// that heard it must not: what waits behind it is late, and of other calls.
package udp

import "errors"

// ErrFull says that the socket had no room, and that the datagram is lost.
var ErrFull = errors.New("the socket has no room")
