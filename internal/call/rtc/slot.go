package rtc

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// slot is one audio or video section towards a browser: pion's view of a track.
type slot struct {
	n     int
	kind  webrtc.RTPCodecType
	name  string       // of its stream, which the browser gives back with the track
	run   run          // of the writer alone
	since atomic.Int64 // when a packet was last written, Unix nanoseconds
	asked atomic.Int64 // when a picture was last asked for

	mu    sync.Mutex
	ssrc  uint32
	write webrtc.TrackLocalWriter // nil until negotiated
	types map[uint8]uint8         // our payload types to the browser's
}

// Bind is called when the codecs of the browser are known.
func (s *slot) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	types := map[uint8]uint8{}
	var main webrtc.RTPCodecParameters
	for _, p := range c.CodecParameters() {
		ours, ok := ourType(p.MimeType)
		if !ok {
			continue
		}
		types[ours] = uint8(p.PayloadType)
		if ours != PCMU {
			main = p
		}
	}
	if main.MimeType == "" {
		return main, webrtc.ErrUnsupportedCodec
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ssrc, s.write, s.types = uint32(c.SSRC()), c.WriteStream(), types
	return main, nil
}

// Unbind is called when the connection ends.
func (s *slot) Unbind(webrtc.TrackLocalContext) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write = nil
	return nil
}

func (s *slot) ID() string                { return s.name }
func (s *slot) RID() string               { return "" }
func (s *slot) StreamID() string          { return s.name }
func (s *slot) Kind() webrtc.RTPCodecType { return s.kind }

// bound returns what to write with, if the browser takes packets of this type.
func (s *slot) bound(ours uint8) (write webrtc.TrackLocalWriter, ssrc uint32, theirs uint8, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	theirs, ok = s.types[ours]
	return s.write, s.ssrc, theirs, ok && s.write != nil
}

// send writes one packet and reports whether it went out.
func (s *slot) send(p *rtp.Packet, now time.Time) (bool, error) {
	write, ssrc, theirs, ok := s.bound(p.PayloadType)
	if !ok {
		return false, nil
	}
	h := rtp.Header{Version: 2, Marker: p.Marker, PayloadType: p.PayloadType, SequenceNumber: p.SequenceNumber, Timestamp: p.Timestamp, SSRC: p.SSRC}
	if !s.run.place(&h, now) {
		return false, nil
	}
	h.SSRC, h.PayloadType = ssrc, theirs
	if _, err := write.WriteRTP(&h, p.Payload); err != nil {
		return false, err
	}
	s.since.Store(now.UnixNano())
	return true, nil
}

// busy reports whether something was written lately.
func (s *slot) busy(now time.Time) bool { return now.UnixNano()-s.since.Load() < int64(3*time.Second) }

// ourType is the payload type that packets of a codec have between desks.
func ourType(mime string) (uint8, bool) {
	switch mime {
	case webrtc.MimeTypeOpus:
		return Opus, true
	case webrtc.MimeTypePCMU:
		return PCMU, true
	case webrtc.MimeTypeVP8:
		return VP8, true
	}
	return 0, false
}
