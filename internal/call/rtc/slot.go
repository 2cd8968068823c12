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
	since atomic.Int64 // when a packet was last written, Unix nanoseconds
	asked atomic.Int64 // when a picture was last asked for

	writing sync.Mutex // one packet at a time; of what follows
	run     run
	views   views

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

// Outcomes of send.
type outcome int

const (
	sent    outcome = iota
	skipped         // too late, twice, or of no codec of the browser
	keyless         // another camera, and no picture of it that stands by itself has come
)

// send writes one packet.
func (s *slot) send(p *rtp.Packet, now time.Time) (outcome, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.put(p, now)
}

// put is send, by who holds writing.
func (s *slot) put(p *rtp.Packet, now time.Time) (outcome, error) {
	write, ssrc, theirs, ok := s.bound(p.PayloadType)
	if !ok {
		return skipped, nil
	}
	h := rtp.Header{Version: 2, Marker: p.Marker, PayloadType: p.PayloadType, SequenceNumber: p.SequenceNumber, Timestamp: p.Timestamp, SSRC: p.SSRC}
	payload := p.Payload
	if s.kind == webrtc.RTPCodecTypeVideo {
		d, ok := readPicture(payload)
		if other := !s.run.going || s.run.source != p.SSRC; other && !(ok && d.key) {
			return keyless, nil
		}
		before := s.run.base
		if !s.run.place(&h, now) {
			return skipped, nil
		}
		if ok {
			payload = s.views.place(payload, d, s.run.base != before)
		}
	} else if len(payload) == 0 || !s.run.place(&h, now) {
		return skipped, nil
	}
	h.SSRC, h.PayloadType = ssrc, theirs
	if _, err := write.WriteRTP(&h, payload); err != nil {
		return skipped, err
	}
	s.since.Store(now.UnixNano())
	return sent, nil
}

// hush writes the silence that a voice leaves when it is taken out of the slot.
func (s *slot) hush(now time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.run.going || !s.busy(now) {
		return nil
	}
	for range silences {
		if _, err := s.put(&rtp.Packet{Header: rtp.Header{PayloadType: Opus, SSRC: s.run.source, SequenceNumber: s.run.top + 1 - s.run.seq, Timestamp: s.run.topTS + 960 - s.run.ts}, Payload: silence}, now); err != nil {
			return err
		}
	}
	s.since.Store(0) // and is not hushed again
	s.run.source = 0 // what comes next is another run
	return nil
}

// silence is 20 ms of it in Opus; silences is enough for a browser to lose one.
var silence = []byte{0xf8, 0xff, 0xfe}

const silences = 3

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
