package rtc

import (
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley/internal/call/pace"
)

// source is a microphone or a camera.
type source struct {
	source uint32        // its SSRC between desks
	theirs atomic.Uint32 // its SSRC in the browser; 0 until it is heard
	pace   pace.Bucket   // of the one goroutine that reads it
	rate   float64       // packets in a second; half of it at once
	jitter jitter
}

// faults is how many packets in a row may be of no codec that was agreed before
// the source is given up.
const faults = 1000

// track returns what is done with a new source of the browser: one microphone and
// one camera, where the offer has them, and no more.
func (d *Desk) track(w *wanted) func(*webrtc.TrackRemote, *webrtc.RTPReceiver) {
	return func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		from, allowed, pt := &d.voice, w.mic, uint8(Opus)
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			from, allowed, pt = &d.picture, w.camera, VP8
		}
		if !allowed || !from.theirs.CompareAndSwap(0, uint32(t.SSRC())) {
			d.counts.refused.Add(1)
			r.Stop() // nothing is lost by an error: it is not read either way
			return
		}
		d.spawn(func() { d.read(t, r, from, pt) })
		d.spawn(func() { drain(r) })
	}
}

// drain reads the reports of a source for pion, which takes its clock from them.
func drain(r *webrtc.RTPReceiver) {
	for {
		if _, _, err := r.ReadRTCP(); err != nil && over(err) {
			return
		}
	}
}

// over reports whether a reader has come to its end.
func over(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) }

// read passes on what a source sends.
func (d *Desk) read(t *webrtc.TrackRemote, r *webrtc.RTPReceiver, from *source, ours uint8) {
	params := r.GetParameters()
	types := map[uint8]bool{}
	for _, c := range params.Codecs {
		if pt, ok := ourType(c.MimeType); ok && pt == ours {
			types[uint8(c.PayloadType)] = true
		}
	}
	level := uint8(0)
	for _, x := range params.HeaderExtensions {
		if x.URI == levelURI {
			level = uint8(x.ID)
		}
	}
	b := make([]byte, 2048)
	for bad := 0; bad < faults; {
		n, _, err := t.Read(b)
		now := time.Now()
		if err != nil {
			if over(err) {
				return
			}
			bad++
			d.counts.refused.Add(1)
			continue
		}
		bad = 0
		if !from.pace.Take(1, from.rate, from.rate/2, now) {
			d.counts.refused.Add(1)
			continue
		}
		p, loud, ok := readPart(b[:n], types, level)
		if !ok {
			d.counts.refused.Add(1)
			continue
		}
		d.counts.heard.Add(1)
		hz, _ := rate(ours)
		from.jitter.heard(p.Timestamp, hz, now)
		p.SSRC, p.PayloadType = from.source, ours
		if ours == VP8 {
			d.ears.Picture(p)
		} else {
			d.ears.Voice(p, loud)
		}
	}
}

// readPart reads one packet of a browser: its own copy, without what only this
// connection understands. It refuses what is too long, of another type, or a voice
// that says nothing.
func readPart(b []byte, types map[uint8]bool, level uint8) (p *rtp.Packet, loud uint8, ok bool) {
	loud = 255
	if len(b) > maxPart {
		return nil, loud, false
	}
	var got rtp.Packet
	if err := got.Unmarshal(slices.Clone(b)); err != nil || !types[got.PayloadType] {
		return nil, loud, false
	}
	if x := got.GetExtension(level); level != 0 && len(x) > 0 {
		loud = x[0] & 0x7f
	}
	return &rtp.Packet{Header: rtp.Header{Version: 2, Marker: got.Marker, SequenceNumber: got.SequenceNumber, Timestamp: got.Timestamp}, Payload: got.Payload}, loud, true
}

// reports reads what the browser says of a slot.
func (d *Desk) reports(s *slot, sender *webrtc.RTPSender) {
	for {
		list, _, err := sender.ReadRTCP()
		if err != nil {
			if over(err) {
				return
			}
			d.counts.refused.Add(1)
			continue
		}
		now := time.Now()
		for _, p := range list {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				d.asked(s, now)
			case *rtcp.ReceiverReport:
				d.report(s, p.Reports, now)
			case *rtcp.SenderReport:
				d.report(s, p.Reports, now)
			}
		}
	}
}

// asked passes on a wish for a whole picture, five times a second at most.
func (d *Desk) asked(s *slot, now time.Time) {
	last := s.asked.Load()
	if s.kind != webrtc.RTPCodecTypeVideo || now.UnixNano()-last < int64(200*time.Millisecond) || !s.asked.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	d.telling.Lock()
	defer d.telling.Unlock()
	d.ears.PictureAsked(s.n)
}
