package sip

import (
	"math"
	"time"

	"github.com/pion/opus"
	"github.com/pion/rtp"
)

// Slots a phone hears at once: those of an exchange.
const Slots = 8

// Times and bounds of a slot's jitter buffer.
const (
	frame      = 160 // samples of 20 ms at 8 kHz
	ahead      = 2   // packets that are there before one is played: 40 ms
	mostAhead  = 6   // more than these, and the oldest are passed over
	maxHeld    = 16  // packets
	maxPayload = 1500
	fadeFrames = 3  // of lost sound that is filled in
	dryFrames  = 10 // without a packet until the buffer fills anew
)

// slot plays one voice: Opus or G.711, of one source after the other.
type slot struct {
	ssrc    uint32
	kind    uint8
	held    []held // by sequence number, the next first
	next    uint16 // the sequence number that is due
	playing bool
	dry     int
	fifo    []float32
	last    []float32 // what was played last, to fill in what is lost
	lost    int
	dec     *opus.Decoder
	down    decimator
	wide    []float32 // scratch: 120 ms at 48 kHz
}

type held struct {
	seq     uint16
	payload []byte
	came    time.Time
}

// take keeps a packet until it is due. What is late, or came already, is dropped.
func (s *slot) take(p *rtp.Packet, now time.Time) {
	if len(p.Payload) == 0 || len(p.Payload) > maxPayload || p.PayloadType != typeOpus && p.PayloadType != typePCMU {
		return
	}
	if p.SSRC != s.ssrc || p.PayloadType != s.kind {
		wide := s.wide
		*s = slot{ssrc: p.SSRC, kind: p.PayloadType, wide: wide, last: s.last[:0], fifo: s.fifo[:0]}
	}
	if s.playing && int16(p.SequenceNumber-s.next) < 0 {
		if int16(p.SequenceNumber-s.next) > -500 {
			return
		}
		s.playing, s.held = false, s.held[:0] // a new run
	}
	i := len(s.held)
	for i > 0 && int16(p.SequenceNumber-s.held[i-1].seq) <= 0 {
		if s.held[i-1].seq == p.SequenceNumber {
			return
		}
		i--
	}
	s.held = append(s.held, held{})
	copy(s.held[i+1:], s.held[i:])
	s.held[i] = held{p.SequenceNumber, append([]byte(nil), p.Payload...), now}
	if len(s.held) > maxHeld {
		s.drop(len(s.held) - maxHeld)
	}
}

// drop passes over the oldest packets.
func (s *slot) drop(n int) {
	s.next = s.held[n-1].seq + 1
	s.held = append(s.held[:0], s.held[n:]...)
}

// play puts the next 20 ms into out, and reports whether there is anything to hear.
func (s *slot) play(out *[frame]float32) bool {
	if !s.playing {
		if len(s.held) < ahead {
			return false
		}
		s.playing, s.dry, s.lost, s.next = true, 0, 0, s.held[0].seq
	}
	if len(s.held) > mostAhead {
		s.drop(len(s.held) - ahead)
	}
	for len(s.fifo) < frame {
		if !s.feed() {
			return s.playing && s.fill(out)
		}
	}
	copy(out[:], s.fifo)
	s.fifo = append(s.fifo[:0], s.fifo[frame:]...)
	s.last, s.lost = append(s.last[:0], out[:]...), 0
	return true
}

// feed decodes the packet that is due; false: it is not there.
func (s *slot) feed() bool {
	if len(s.held) == 0 {
		if s.dry++; s.dry >= dryFrames {
			s.playing = false
		}
		return false
	}
	s.dry = 0
	h := s.held[0]
	if gap := h.seq - s.next; gap > 0 && s.lost < fadeFrames && len(s.held) < 2*ahead {
		s.next++ // give what is late the time that its place has
		return false
	}
	s.held = append(s.held[:0], s.held[1:]...)
	s.next = h.seq + 1
	s.decode(h.payload)
	return true
}

// fill makes up for a lost packet: what was before, fading.
func (s *slot) fill(out *[frame]float32) bool {
	s.lost++
	if s.lost > fadeFrames || len(s.last) < frame {
		return false
	}
	for i := range out {
		s.last[i] *= float32(math.Pow(0.5, (float64(i)/frame+1)/2))
		out[i] = s.last[i]
	}
	return true
}

// decode appends the sound of a packet to the queue. A packet that is none is
// nothing.
func (s *slot) decode(b []byte) {
	const most = 6 * frame // 120 ms
	if s.kind == typePCMU {
		for _, x := range b[:min(len(b), most)] {
			s.fifo = append(s.fifo, float32(fromMu[x])/32768)
		}
		return
	}
	if s.dec == nil {
		d, err := opus.NewDecoderWithOutput(48000, 1)
		if err != nil {
			return
		}
		s.dec = &d
	}
	if s.wide == nil {
		s.wide = make([]float32, 6*most)
	}
	n := decodeOpus(s.dec, b, s.wide)
	if n < 0 {
		s.dec = nil // what state it is in nobody knows
		return
	}
	s.fifo = s.down.run(s.fifo, s.wide[:n])
}

// decodeOpus decodes what another side sent; -1: it cannot be. The decoder is young,
// and the bytes are foreign: a panic in it is a packet that cannot be decoded.
func decodeOpus(d *opus.Decoder, b []byte, out []float32) (n int) {
	defer func() {
		if recover() != nil {
			n = -1
		}
	}()
	n, err := d.DecodeToFloat32(b, out)
	if err != nil || n > len(out) {
		return -1
	}
	return n
}

// taps is the length of the filter before 48 kHz become 8.
const taps = 144

// lowPass passes what a phone carries: to 3.4 kHz; from 4 kHz on it is 60 dB down.
var lowPass = func() (h [taps]float32) {
	const cut = 3700.0 / 48000
	sum := 0.0
	var f [taps]float64
	for i := range f {
		x := float64(i) - (taps-1)/2.0
		w := 0.42 - 0.5*math.Cos(2*math.Pi*float64(i)/(taps-1)) + 0.08*math.Cos(4*math.Pi*float64(i)/(taps-1))
		f[i] = w * math.Sin(2*math.Pi*cut*x) / (math.Pi * x)
		sum += f[i]
	}
	for i := range f {
		h[i] = float32(f[i] / sum)
	}
	return h
}()

// decimator makes 8 kHz of 48 kHz.
type decimator struct {
	past [taps + 6*6*frame]float32
	n    int // of past that are there
}

func (d *decimator) run(out, in []float32) []float32 {
	for len(in) > 0 {
		k := copy(d.past[d.n:], in)
		d.n, in = d.n+k, in[k:]
		i := 0
		for ; i+taps <= d.n; i += 6 {
			var y float32
			for j, h := range lowPass {
				y += h * d.past[i+j]
			}
			out = append(out, y)
		}
		d.n = copy(d.past[:], d.past[i:d.n])
	}
	return out
}
