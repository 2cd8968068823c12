package trunk

import (
	"time"

	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"

	"parley/internal/call/pace"
)

// scratch is what one Receive works with.
type scratch struct {
	header rtp.Header
	blocks [redMost + 1]block
	out    [redMost + 1]rtp.Packet
	n      int
}

// pathIn is what came in on one path.
type pathIn struct {
	received, copies uint64
	lost             uint64 // of sources that are gone
	bytes, reports   pace.Bucket
	sources          map[uint32]*pathSource
	last             time.Time
}

// pathSource is what came of one source on one path.
type pathSource struct {
	base, max uint64
	came      bits
	received  uint64
	clock     float64
	jitter    jitter
}

// lost is how many packets came on some path since the first on this one, and
// not on this one.
func (ps *pathSource) lost(s *source) uint64 {
	if n := s.max - ps.base + 1; s.max >= ps.base && n > ps.received {
		return n - ps.received
	}
	return 0
}

func (p *pathIn) allLost(sources map[uint32]*source) uint64 {
	n := p.lost
	for ssrc, ps := range p.sources {
		if s := sources[ssrc]; s != nil {
			n += ps.lost(s)
		}
	}
	return n
}

// Receive takes one datagram that came in on a path, b being the caller's again
// afterwards. What is not as it should be is counted and dropped.
func (t *Trunk) Receive(path string, b []byte) {
	now := t.o.Now()
	v, n, err := quicvarint.Parse(b)
	if err != nil || v/2 != uint64(t.o.Flow) {
		t.drop(OtherFlow)
		return
	}
	if len(b) > MaxDatagram {
		t.drop(TooLarge)
		return
	}
	if v%2 == 1 {
		t.receiveReports(path, b[n:], len(b), now)
		return
	}
	s := t.scratch.Get().(*scratch)
	defer t.scratch.Put(s)
	if why := t.take(s, path, b[n:], len(b), now); why != none {
		t.drop(why)
	}
	for i := range s.n {
		t.o.Deliver(&s.out[i])
		s.out[i] = rtp.Packet{}
	}
}

func (t *Trunk) drop(why Reason) {
	t.in.Lock()
	t.in.counts.dropped[why]++
	t.in.Unlock()
}

// take puts into s what is to be delivered of one RTP packet.
func (t *Trunk) take(s *scratch, path string, b []byte, size int, now time.Time) Reason {
	s.n = 0
	t.in.Lock()
	defer t.in.Unlock()
	p := t.pathIn(path, now)
	switch {
	case p == nil:
		return ManyPaths
	case !p.bytes.Take(float64(size), byteRate, byteBurst, now):
		return TooFast
	}
	payload, ok := readPacket(b, &s.header)
	if !ok {
		return Malformed
	}
	h := &s.header
	src := t.in.sources[h.SSRC]
	switch {
	case src == nil:
		return Undeclared
	case h.PayloadType != Opus && h.PayloadType != RED && h.PayloadType != VP8 && h.PayloadType != PCMU:
		return PayloadType
	}
	seq, v := src.place(h.SequenceNumber, h.Timestamp, now)
	switch v {
	case late:
		return Late
	case jumped:
		return Jumped
	case renewed:
		t.forget(src)
		seq = src.start(h.SequenceNumber, h.Timestamp, now)
	}
	clock := clockOf(h.PayloadType)
	p.saw(src, seq, h.Timestamp, clock, now)
	if src.came.has(seq) {
		p.copies++
		return none
	}
	n := 1
	if h.PayloadType == RED {
		if n, ok = readRED(payload, &s.blocks); !ok {
			return Malformed
		}
		h.PayloadType = Opus
	} else {
		s.blocks[0] = block{payload: payload}
	}
	return src.give(s, n, seq, clock, now)
}

// give puts the n blocks of s, that of seq last, out unless they were before.
func (src *source) give(s *scratch, n int, seq uint64, clock float64, now time.Time) Reason {
	rate := float64(audioRate)
	if s.header.PayloadType == VP8 {
		rate = videoRate
	}
	for i := range n {
		own := i == n-1
		k := seq - uint64(n-1-i)
		b := &s.blocks[i]
		had := src.gave.has(k)
		if !own && (had || len(b.payload) == 0 || !src.within(k)) {
			continue
		}
		if !had && !src.rate.Take(1, rate, rate, now) {
			return TooFast
		}
		if own {
			src.came.set(k)
			src.received++
			src.jitter.came(s.header.Timestamp, now, clock)
			if had {
				continue // rebuilt before it came
			}
		} else {
			src.base = min(src.base, k)
			src.rebuilt++
		}
		src.gave.set(k)
		src.given++
		s.out[s.n] = rtp.Packet{Header: rtp.Header{Version: 2, Marker: own && s.header.Marker, PayloadType: s.header.PayloadType,
			SequenceNumber: uint16(k), Timestamp: s.header.Timestamp - b.offset, SSRC: src.ssrc}, Payload: b.payload}
		s.n++
	}
	return none
}

func (t *Trunk) pathIn(name string, now time.Time) *pathIn {
	p := t.in.paths[name]
	if p == nil {
		if len(t.in.paths) == MaxPaths {
			return nil
		}
		p = &pathIn{sources: map[uint32]*pathSource{}}
		t.in.paths[name] = p
	}
	p.last = now
	return p
}

// saw counts a packet of a source on this path.
func (p *pathIn) saw(s *source, seq uint64, ts uint32, clock float64, now time.Time) {
	p.received++
	ps := p.sources[s.ssrc]
	switch {
	case ps == nil:
		ps = &pathSource{base: seq, max: seq}
		p.sources[s.ssrc] = ps
	case seq > ps.max:
		ps.came.advance(ps.max, seq)
		ps.max = seq
	case ps.max-seq >= window:
		return
	default:
		ps.base = min(ps.base, seq)
	}
	if !ps.came.has(seq) {
		ps.came.set(seq)
		ps.received++
		ps.clock = clock
		ps.jitter.came(ts, now, clock)
	}
}

// readPacket reads an RTP packet into h, which is used again, and returns its
// payload, which lies in b. Contributors, extensions and padding are passed over.
func readPacket(b []byte, h *rtp.Header) ([]byte, bool) {
	n, err := h.Unmarshal(b)
	if err != nil || h.Version != 2 || n > len(b) {
		return nil, false
	}
	end := len(b)
	if h.Padding {
		if end == n || b[end-1] == 0 || int(b[end-1]) > end-n {
			return nil, false
		}
		end -= int(b[end-1])
	}
	return b[n:end], true
}
