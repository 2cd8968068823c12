// Package quic carries frames over QUIC v1 on one UDP port.
//
// Each class has a stream of its own in each direction, and the library sends
// the stream of the lowest class first, packet by packet. So a FLASH waits for
// nothing but what is inside the network already, and that is kept short by
// letting the low classes pause when the round trip grows.
//
// Voice goes beside the connection, as SRTP under its keys on the same port.
package quic
