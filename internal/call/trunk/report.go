package trunk

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/quic-go/quic-go/quicvarint"
)

const reportBlocks = 31 // of one packet: its count has five bits

// reports says how the sources of the other side have come since the last time.
// The lock of in is held.
func (t *Trunk) reports(now time.Time) (out []rtcp.ReceptionReport) {
	for _, s := range t.in.sources {
		expected := s.expected()
		if expected == s.prior.expected && s.received == s.prior.received {
			continue // nothing new
		}
		lost := uint64(0)
		if e, r := expected-s.prior.expected, s.received-s.prior.received; e > r && expected > s.prior.expected {
			lost = (e - r) * 256 / e
		}
		s.prior.expected, s.prior.received = expected, s.received
		total := uint64(0)
		if expected > s.received {
			total = min(expected-s.received, 1<<23-1)
		}
		out = append(out, rtcp.ReceptionReport{SSRC: s.ssrc, FractionLost: uint8(min(lost, 255)), TotalLost: uint32(total),
			LastSequenceNumber: uint32(s.max - 1<<16), Jitter: uint32(s.jitter.value)})
	}
	return out
}

// sendReports sends them on every path. The lock of out is held.
func (t *Trunk) sendReports(paths []Path, reports []rtcp.ReceptionReport, now time.Time) {
	for len(reports) > 0 {
		n := min(len(reports), reportBlocks)
		t.sendControl(paths, &rtcp.ReceiverReport{SSRC: t.out.first, Reports: reports[:n]}, now)
		reports = reports[n:]
	}
}

// sendControl sends one RTCP packet on every path. The lock of out is held.
func (t *Trunk) sendControl(paths []Path, p rtcp.Packet, now time.Time) {
	raw, err := p.Marshal()
	if err != nil {
		return // not one that we make
	}
	t.out.buf = append(quicvarint.Append(t.out.buf[:0], uint64(2*t.o.Flow+1)), raw...)
	t.everywhere(paths, t.out.buf, now)
}

// AskPicture asks the other side for a new picture of one of its sources, at
// most once in a second; what is asked for in between is not repeated later.
func (t *Trunk) AskPicture(ssrc uint32) {
	now := t.o.Now()
	t.in.Lock()
	s := t.in.sources[ssrc]
	if s == nil || !s.asked.IsZero() && now.Sub(s.asked) < pictureEvery {
		t.in.Unlock()
		return
	}
	s.asked = now
	t.in.Unlock()
	paths := t.o.Paths()
	t.out.Lock()
	defer t.out.Unlock()
	t.sendControl(paths, &rtcp.PictureLossIndication{SenderSSRC: t.out.first, MediaSSRC: ssrc}, now)
}

// receiveReports takes what came on the flow of RTCP.
func (t *Trunk) receiveReports(path string, b []byte, size int, now time.Time) {
	t.in.Lock()
	p := t.pathIn(path, now)
	why := none
	switch {
	case p == nil:
		why = ManyPaths
	case !p.bytes.Take(float64(size), byteRate, byteBurst, now) || !p.reports.Take(1, reportRate, reportRate, now):
		why = TooFast
	}
	t.in.counts.dropped[why]++
	t.in.Unlock()
	if why != none {
		return
	}
	var rr rtcp.ReceiverReport
	var pli rtcp.PictureLossIndication
	for len(b) > 0 {
		kind, packet, ok := splitControl(b)
		if !ok {
			t.drop(Malformed)
			return
		}
		b = b[len(packet):]
		switch {
		case kind == rtcp.TypeReceiverReport && rr.Unmarshal(packet) == nil:
			for _, r := range rr.Reports {
				t.told(r, now)
			}
		case kind == rtcp.TypePayloadSpecificFeedback && pli.Unmarshal(packet) == nil:
			t.pictureAsked(pli.MediaSSRC, now)
		}
	}
}

// splitControl returns the first of the RTCP packets that b holds. Only the
// types that we know are read further.
func splitControl(b []byte) (rtcp.PacketType, []byte, bool) {
	var h rtcp.Header
	if h.Unmarshal(b) != nil || len(b) < 4*(int(h.Length)+1) {
		return 0, nil, false
	}
	return h.Type, b[:4*(int(h.Length)+1)], true
}

// told takes the report of one source of ours. Copies and older ones are passed
// over; when the other side counts anew, so do we.
func (t *Trunk) told(r rtcp.ReceptionReport, now time.Time) {
	t.out.Lock()
	defer t.out.Unlock()
	o := t.out.sources[r.SSRC]
	if o == nil {
		return
	}
	expected := int32(r.LastSequenceNumber - o.told.highest)
	switch {
	case !o.told.any || expected > 1<<16 || expected < -maxDropout:
	case expected <= 0:
		return
	case o.speech:
		lost := min(max(int32(r.TotalLost-o.told.lost), 0), expected)
		t.out.red.told(int(expected), int(lost), now)
	}
	o.told.any, o.told.highest, o.told.lost = true, r.LastSequenceNumber, r.TotalLost
}

func (t *Trunk) pictureAsked(ssrc uint32, now time.Time) {
	t.out.Lock()
	o := t.out.sources[ssrc]
	if o == nil || !o.asked.IsZero() && now.Sub(o.asked) < pictureEvery {
		t.out.Unlock()
		return
	}
	o.asked = now
	t.out.Unlock()
	t.o.PictureAsked(ssrc)
}
