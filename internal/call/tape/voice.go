package tape

import (
	"encoding/binary"
	"slices"
	"time"
)

// voice is one file that is being written.
type voice struct {
	kind    uint64
	out     sealed
	ogg     ogg
	pcm     int64  // samples written, of PCMU
	open    []byte // encoded, and not sealed yet
	sealed  time.Time
	last    time.Time // when the last sound came
	waiting []packet  // by sequence number: something before them may still come

	known bool // a packet was written
	ssrc  uint32
	next  uint16 // the sequence number that follows
	ts    uint32 // of the last packet, and where it belongs
	pos   int64
}

// offer takes in a packet where its number puts it.
func (v *voice) offer(p packet) {
	if v.known && p.ssrc != v.ssrc || len(v.waiting) > 0 && p.ssrc != v.waiting[0].ssrc {
		// He comes from another desk: nothing of the one before is waited for.
		v.waiting = append(v.waiting, p)
		return
	}
	if d := int16(p.seq - v.next); v.known && d < 0 && d > -1000 && p.at.Sub(v.last) < 2*time.Second {
		return // too late, or twice
	}
	i := len(v.waiting)
	for i > 0 && v.waiting[i-1].ssrc == p.ssrc && int16(v.waiting[i-1].seq-p.seq) > 0 {
		i--
	}
	if i > 0 && v.waiting[i-1].ssrc == p.ssrc && v.waiting[i-1].seq == p.seq {
		return
	}
	v.waiting = slices.Insert(v.waiting, i, p)
}

// ripe writes what nothing before is missing of, or was waited for long enough.
func (v *voice) ripe(now, zero time.Time) error {
	n := 0
	for ; n < len(v.waiting); n++ {
		p := &v.waiting[n]
		follows := v.known && p.ssrc == v.ssrc && p.seq == v.next
		if !follows && now.Sub(p.at) < patience && len(v.waiting) < 64 {
			break
		}
		if err := v.write(p, zero); err != nil {
			return err
		}
	}
	v.waiting = slices.Delete(v.waiting, 0, n)
	return nil
}

func (v *voice) rate() int64 {
	if v.kind == PCMU {
		return pcmRate
	}
	return opusRate
}

func (v *voice) end() int64 {
	if v.kind == PCMU {
		return v.pcm
	}
	return v.ogg.end - preSkip
}

// write puts a packet where its RTP time puts it; where that has parted from its
// arrival, or the source is another, where its arrival does.
func (v *voice) write(p *packet, zero time.Time) error {
	long := int64(len(p.payload))
	if v.kind == Opus {
		if long = samplesOf(p.payload); long == 0 {
			return nil // no Opus
		}
	}
	came := int64(p.at.Sub(zero).Seconds() * float64(v.rate()))
	pos := came
	if v.known && p.ssrc == v.ssrc {
		if by := v.pos + int64(int32(p.ts-v.ts)); (by-came)*2 < v.rate() && (came-by)*2 < v.rate() {
			pos = by
		}
	}
	v.known, v.ssrc, v.next = true, p.ssrc, p.seq+1
	v.pos, v.ts = pos, p.ts
	if v.end()-pos > v.rate() {
		return nil // more sound than time
	}
	if gap := pos - v.end(); gap > 0 {
		if err := v.fill(p, gap); err != nil {
			return err
		}
	}
	if v.kind == PCMU {
		v.open = append(v.open, p.payload...)
		v.pcm += long
	} else {
		v.open = v.ogg.packet(v.open, p.payload, long)
	}
	v.last = p.at
	if len(v.open) >= mostOpen {
		return v.seal(p.at, 0)
	}
	return nil
}

// mostGap bounds the silence of one chunk, in samples of PCMU: a year.
const mostGap = 366 * 24 * 3600 * pcmRate

// fill keeps time in which nothing came. Of PCMU much of it is a chunk of its own: who
// comes by telephone after hours must not cost hours of our disk.
func (v *voice) fill(p *packet, gap int64) (err error) {
	if v.kind == Opus {
		full := func(b []byte) []byte {
			v.open = b
			if err == nil {
				err = v.flush(p.at)
			}
			return v.open
		}
		v.open = v.ogg.fill(v.open, p.payload[0], gap, full)
		return err
	}
	v.pcm += gap
	if gap <= pcmRate {
		v.open = append(v.open, still(gap)...)
		return nil
	}
	for err = v.flush(v.last); gap > 0 && err == nil; {
		n := min(gap, mostGap)
		err = v.out.write(gapChunk, p.at, binary.BigEndian.AppendUint64(nil, uint64(n)))
		gap -= n
	}
	return err
}

// seal writes what is open as a chunk.
func (v *voice) seal(now time.Time, flags byte) error {
	if v.kind == Opus {
		v.open = v.ogg.page(v.open, flags)
	}
	v.sealed = now
	return v.flush(v.last)
}

func (v *voice) flush(at time.Time) error {
	if len(v.open) == 0 {
		return nil
	}
	err := v.out.write(audioChunk, at, v.open)
	clear(v.open)
	v.open = v.open[:0]
	return err
}
