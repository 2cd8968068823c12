package trunk

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"

	"parley"
)

const headerSize = 12 // of RTP, without what we never send

// ours is one source of ours: its last packets, by their sequence number.
type ours struct {
	speech bool
	last   time.Time // when it last sent
	past   [redMost + 1]sent
	asked  time.Time // when its picture was asked for
	told   struct {  // what the other side reported last
		any           bool
		highest, lost uint32
	}
}

type sent struct {
	any     bool
	seq     uint16
	ts      uint32
	payload []byte
}

// pathOut is what went out on one path.
type pathOut struct {
	sent, failed uint64
	last         time.Time
	weighed      struct{ asked, failed, unsent uint64 }
}

// weigh looks whether every path is asked for more than it carries. The lock is
// held.
func (t *Trunk) weigh(paths []Path, now time.Time) {
	if now.Sub(t.out.weighed) < time.Second {
		return
	}
	t.out.weighed = now
	unsent := map[string]uint64{} // two connections may have one name
	for _, path := range paths {
		n := uint64(0)
		if s, ok := path.(Slow); ok {
			n = s.Unsent()
		}
		unsent[path.Name()] += n
	}
	least := 1.0
	for name, n := range unsent {
		share := 0.0 // also where nothing was asked of it
		if o := t.out.paths[name]; o != nil {
			if asked := o.sent + o.failed - o.weighed.asked; asked > 0 {
				dropped := o.failed - o.weighed.failed
				if n > o.weighed.unsent { // less: another connection
					dropped += n - o.weighed.unsent
				}
				share = min(1, float64(dropped)/float64(asked))
			}
			o.weighed.asked, o.weighed.failed, o.weighed.unsent = o.sent+o.failed, o.failed, n
		}
		least = min(least, share)
	}
	if len(unsent) > 0 {
		t.out.red.carried(least, now)
	}
}

// Send sends one packet of one of our sources on every path. Of its header only
// marker, payload type, sequence number, timestamp and source go. Errors:
// Unsupported for another payload type, Quota for a source too many, Oversize
// when it fits on no path, Unavailable when no path took it.
func (t *Trunk) Send(p *rtp.Packet) error {
	if p.PayloadType != Opus && p.PayloadType != VP8 && p.PayloadType != PCMU {
		return parley.Errorf(parley.Unsupported, "a packet of payload type %d", p.PayloadType)
	}
	paths, now := t.o.Paths(), t.o.Now()
	t.out.Lock()
	defer t.out.Unlock()
	o, err := t.ours(p.SSRC, now)
	if err != nil {
		return err
	}
	flow := uint64(2 * t.o.Flow)
	plain := quicvarint.Len(flow) + headerSize + len(p.Payload)
	room, largest := 0, 0
	for _, path := range paths {
		m := mtu(path)
		if largest = max(largest, m); m >= plain && (room == 0 || m < room) {
			room = m
		}
	}
	var earlier []block
	var blocks [redMost]block
	if p.PayloadType == Opus {
		earlier = o.earlier(p, t.out.red.level, room-plain, &blocks)
	}
	t.out.buf = appendPacket(quicvarint.Append(t.out.buf[:0], flow), p, earlier)
	if p.PayloadType == Opus {
		o.keep(p)
	}
	t.out.counts.sent++
	for _, e := range earlier {
		if len(e.payload) > 0 {
			t.out.counts.redundant++
		}
	}
	if room == 0 && len(paths) > 0 {
		t.out.counts.dropped[TooLarge]++
		return parley.Errorf(parley.Oversize, "a packet of %d bytes: at most %d fit on a path", plain, largest)
	}
	if t.everywhere(paths, t.out.buf, now) == 0 {
		return parley.Errorf(parley.Unavailable, "no path took the packet")
	}
	return nil
}

func mtu(p Path) int { return min(p.MTU(), MaxDatagram) }

// silentFor is after how long a source that says nothing makes room for another:
// everybody who comes back is a new one, and calls last for days.
const silentFor = 10 * time.Second

// ours finds a source of ours, or takes it in. The lock of out is held.
func (t *Trunk) ours(ssrc uint32, now time.Time) (*ours, error) {
	o := t.out.sources[ssrc]
	if o == nil {
		if len(t.out.sources) == MaxSources {
			t.makeRoom(now)
		}
		if len(t.out.sources) == MaxSources {
			return nil, parley.Errorf(parley.Quota, "more than %d sources on one trunk", MaxSources)
		}
		if len(t.out.sources) == 0 {
			t.out.first = ssrc
		}
		o = new(ours)
		t.out.sources[ssrc] = o
	}
	o.last = now
	return o, nil
}

// makeRoom forgets the source that has been silent for longest, if it was for long.
func (t *Trunk) makeRoom(now time.Time) {
	var oldest uint32
	least := now.Add(-silentFor)
	for ssrc, o := range t.out.sources {
		if !o.last.After(least) {
			oldest, least = ssrc, o.last
		}
	}
	delete(t.out.sources, oldest)
}

// everywhere sends b on each path it fits on and returns how many took it.
func (t *Trunk) everywhere(paths []Path, b []byte, now time.Time) (took int) {
	for _, path := range paths {
		name := path.Name()
		s := t.out.paths[name]
		if s == nil {
			if len(t.out.paths) >= 2*MaxPaths {
				continue
			}
			s = new(pathOut)
			t.out.paths[name] = s
		}
		s.last = now
		if mtu(path) < len(b) || path.Datagram(b) != nil {
			s.failed++
			continue
		}
		s.sent++
		took++
	}
	return took
}

// earlier returns what goes along with p: at most level packets before it, as
// many as fit into room bytes, the oldest first and never an empty place first.
func (o *ours) earlier(p *rtp.Packet, level, room int, blocks *[redMost]block) []block {
	for d := 1; d <= level; d++ {
		b := &blocks[redMost-d]
		*b = block{}
		s := &o.past[(p.SequenceNumber-uint16(d))%(redMost+1)]
		if age := p.Timestamp - s.ts; s.any && s.seq == p.SequenceNumber-uint16(d) && age > 0 && age <= redOffset && len(s.payload) <= redLength {
			*b = block{offset: age, payload: s.payload}
		}
	}
	out := blocks[redMost-level:]
	for len(out) > 0 && (len(out[0].payload) == 0 || redSize(out) > room) {
		out = out[1:]
	}
	return out
}

func (o *ours) keep(p *rtp.Packet) {
	o.speech = true
	s := &o.past[p.SequenceNumber%(redMost+1)]
	s.any, s.seq, s.ts = true, p.SequenceNumber, p.Timestamp
	s.payload = append(s.payload[:0], p.Payload...)
}

// appendPacket appends p with earlier ones before it, if there are any.
func appendPacket(b []byte, p *rtp.Packet, earlier []block) []byte {
	kind := p.PayloadType
	if len(earlier) > 0 {
		kind = RED
	}
	if p.Marker {
		kind |= 0x80
	}
	b = append(b, 2<<6, kind)
	b = binary.BigEndian.AppendUint16(b, p.SequenceNumber)
	b = binary.BigEndian.AppendUint32(b, p.Timestamp)
	b = binary.BigEndian.AppendUint32(b, p.SSRC)
	if len(earlier) > 0 {
		return appendRED(b, earlier, p.Payload)
	}
	return append(b, p.Payload...)
}
