package rtc

import (
	"io"

	"github.com/pion/transport/v5/packetio"

	"parley"
)

// Bounds of what pion keeps for one browser, which may send under any number of
// SSRCs, and reports about any: each has a buffer.
const (
	mostStreams = 64       // a call has 2 sources, as many reports, and 11 slots
	mostHeld    = 96 << 10 // bytes that wait in one
)

// stream is a buffer of pion's, smaller than its own.
type stream struct{ *packetio.Buffer }

// buffer makes one, and ends the connection of a browser that wants too many.
func (d *Desk) buffer(packetio.BufferPacketType, uint32) io.ReadWriteCloser {
	if d.streams.Add(1) > mostStreams {
		d.end(parley.Errorf(parley.Quota, "the browser sends more than %d streams", mostStreams))
	}
	b := packetio.NewBuffer()
	b.SetLimitSize(mostHeld)
	return &stream{b}
}

func (s *stream) Read(b []byte) (int, error) {
	n, _, err := s.Buffer.Read(b, nil)
	return n, err
}

func (s *stream) Write(b []byte) (int, error) { return s.Buffer.Write(b, nil) }

// ReadWithAttributes and WriteWithAttributes keep what pion notes of a packet, such
// as when it came.
func (s *stream) ReadWithAttributes(b []byte, a packetio.Attributes) (int, packetio.Attributes, error) {
	return s.Buffer.Read(b, a)
}

func (s *stream) WriteWithAttributes(b []byte, a packetio.Attributes) (int, error) {
	return s.Buffer.Write(b, a)
}
