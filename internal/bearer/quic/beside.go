package quic

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"parley/internal/bearer"
	"parley/internal/call/pace"
	"parley/internal/udp"
)

// Small datagrams, which are voice, go beside the connection: as SRTP between the
// same two ports, under keys of the connection (spec/sessions.md, 8). QUIC takes
// random loss for congestion and then lets two packets be under way, too few for
// speech (docs/decisions/0012-calls.md). They go in the connection while the other
// side does not say that it hears the SRTP, while the path's queues fill, and where
// they are more than voice needs.
const (
	besideLabel = "EXPORTER-parley-v1-srtp"
	besideMark  = 4   // stands before each packet: by RFC 9443 nobody's; the library takes RTP's own first byte for QUIC
	besideType  = 100 // payload type
	besideAsks  = 101 // of an empty one that asks whether it is heard
	besideSSRC  = 1
	mkiSize     = 8
	rocSize     = 4
	besideAdds  = 1 + 12 + 16 + mkiSize + rocSize // to each datagram
	udpAdds     = 28                              // to each packet, at least
	replayed    = 1024                            // packets in which a copy is known

	believed    = 2 * time.Second // that the other side hears us, without its word; and what we say of it
	doubted     = 8 * time.Second // since that word: so long it goes both ways
	judgedAfter = time.Second     // and of so many packets, what share of them opens
	judgedFrom  = 10
	cutFor      = 1200 * time.Millisecond // of silence: a path that was cut, which says nothing of how much opens
	lateBy      = time.Second             // over the least delay: somebody held it back
	beginsBy    = 2 * time.Second         // between both sides' beginnings of a connection, and under way, at most
	answerAfter = 200 * time.Millisecond  // of saying nothing, at most five times in a second
	besideRate  = 2_000_000 / 8           // bytes in a second, with all that is added; twice that is looked at
	besideBurst = 32 << 10
	fullFor     = 3 * time.Second        // after the path's queues were last seen to fill
	fullEvery   = 20 * time.Millisecond  // how often is looked
	apart       = 100 * time.Millisecond // two samples of the round trip; those that come at once are of one stall
	baseFor     = 10 * time.Second       // and once or twice as long the shortest round trip is believed: routes change
)

// base is the shortest round trip of late.
type base struct {
	since       time.Time
	now, before time.Duration
}

// of takes a sample in.
func (b *base) of(rtt time.Duration, at time.Time) time.Duration {
	if age := at.Sub(b.since); age > baseFor {
		if b.before = b.now; age > 2*baseFor {
			b.before = rtt
		}
		b.now, b.since = rtt, at
	}
	b.now = min(b.now, rtt)
	return min(b.now, b.before)
}

// rise is what two samples of the round trip say: one alone may be of a machine that
// stood still, or of a path that was cut, on which what came before the cut is
// acknowledged after it.
type rise struct {
	newest, before time.Duration
	at             time.Time
}

// of takes a sample in, or the same again.
func (r *rise) of(rtt time.Duration, at time.Time) time.Duration {
	if rtt != r.newest {
		if at.Sub(r.at) >= apart {
			r.before, r.at = r.newest, at
		}
		r.newest = rtt
	}
	return min(r.newest, r.before)
}

// delay is the least by which packets came after their timestamps. It is never
// forgotten, else what was held back for long enough would be taken; it grows by a
// thousandth of the time, for clocks that run apart.
type delay struct {
	least time.Duration
	at    time.Time
}

// late takes one in, and reports whether it is too great for a packet that nobody held.
func (d *delay) late(now time.Time, by time.Duration) bool {
	least := d.least + now.Sub(d.at)/1000
	if by < least {
		d.least, d.at = by, now
	}
	return by > least+lateBy
}

// share judges how many of the packets that went to us open, again and again.
type share struct {
	from, newest uint64 // with the rollover counter: up to where it is judged, and the greatest that opened
	since, last  time.Time
	opened       uint64 // from there on
	poor         bool
}

// open is told of one that opened. Less than half is poor; afterwards three quarters
// are wanted, so that a path on the verge does not go to and fro. After a silence as
// long as a cut it is judged from there on: of two cuts of 2 s, a second apart, the
// first would else count against what comes well in between and after them.
func (s *share) open(n uint64, now time.Time) {
	s.newest = max(s.newest, n)
	if now.Sub(s.last) >= cutFor && !s.last.IsZero() {
		s.from, s.opened, s.since = s.newest-1, 0, now
	}
	s.last = now
	s.opened++
	due := s.newest - s.from
	if due < judgedFrom || now.Sub(s.since) < judgedAfter {
		return
	}
	poor := 2*s.opened < due
	if s.poor {
		poor = 4*s.opened < 3*due
	}
	*s = share{from: s.newest, newest: s.newest, since: now, last: now, poor: poor}
}

// beside is the SRTP of one connection. Nothing waits in it: who says something sends
// it, and the port's goroutine hears.
type beside struct {
	mki   [mkiSize]byte
	began time.Time                // timestamps count from here
	write func(b []byte) error     // at once or not at all
	full  func(now time.Time) bool // the path's queues fill
	give  func(b []byte)           // what is valid during the call only

	heard, sent       atomic.Int64 // when a packet came, and went
	poor              atomic.Bool  // few of them come
	told              atomic.Bool  // the newest says that we are heard
	unanswered        atomic.Int64 // when the first went that none has said so since; 0: there is none
	toldAt            atomic.Int64 // when one last said so, or the connection began
	bytesIn, bytesOut atomic.Uint64
	refused           atomic.Uint64 // that the socket did not take

	sending               sync.Mutex // of what follows
	out                   *srtp.Context
	seq                   uint16
	plain, sealed, packet []byte

	// Of the port's goroutine that hears.
	in     *srtp.Context
	came   pace.Bucket // before it costs anything
	header rtp.Header
	opened []byte
	delay  delay
	share  share

	mu          sync.Mutex
	pace        pace.Bucket
	asked, held time.Time // when we looked whether it is full, and until when it is taken for that
}

// Bytes of the keys of a connection: two keys, two salts, and what finds it.
const (
	keySize    = 32
	saltSize   = 12
	besideKeys = 2*keySize + 2*saltSize + mkiSize
)

// newBeside takes keys in the order of RFC 5764, 4.2, and behind them the MKI.
func newBeside(b []byte, dialed bool) (m *beside, err error) {
	now := time.Now()
	m = &beside{began: now, delay: delay{beginsBy, now}}
	m.toldAt.Store(now.UnixNano())
	copy(m.mki[:], b[2*keySize+2*saltSize:])
	context := func(i int) (*srtp.Context, error) {
		key, salt := b[i*keySize:(i+1)*keySize], b[2*keySize+i*saltSize:]
		return srtp.CreateContext(key, salt[:saltSize], srtp.ProtectionProfileAeadAes256Gcm,
			srtp.MasterKeyIndicator(m.mki[:]), srtp.RolloverCounterCarryingTransform(srtp.RCCMode3, 1), srtp.SRTPReplayProtection(replayed))
	}
	ours, theirs := 0, 1
	if !dialed {
		ours, theirs = 1, 0
	}
	if m.out, err = context(ours); err == nil {
		m.in, err = context(theirs)
	}
	return m, err
}

// mkiOf finds the connection of a packet; false: it is none.
func mkiOf(b []byte) (mki [mkiSize]byte, ok bool) {
	if len(b) < besideAdds || b[0] != besideMark || b[1] != 2<<6 || b[2]&0x7f != besideType && b[2]&0x7f != besideAsks || binary.BigEndian.Uint32(b[9:]) != besideSSRC {
		return mki, false
	}
	copy(mki[:], b[len(b)-rocSize-mkiSize:])
	return mki, true
}

// takes reports whether one of n bytes goes beside now, and sees to it that the
// other side is asked otherwise.
func (m *beside) takes(n int, now time.Time) bool {
	t := now.UnixNano()
	if first := m.unanswered.Load(); m.told.Load() && (first == 0 || t-first < int64(believed)) {
		if fits, full := m.room(n, now); !full {
			return fits
		}
	}
	m.saySomething(besideAsks, now)
	return false
}

// room reports whether the rate lets one of n bytes go beside, and whether the path's
// queues fill, so that none may.
func (m *beside) room(n int, now time.Time) (fits, full bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isFull(now) {
		return false, true
	}
	return m.pace.Take(float64(n+besideAdds+udpAdds), besideRate, besideBurst, now), false
}

// doubts reports whether one of n bytes that does not go beside alone goes both ways: a
// path that is new, or was cut and is mended, carries voice beside at once, while the
// window of the connection has yet to open and the other side to see that enough opens.
func (m *beside) doubts(n int, now time.Time) bool {
	if now.UnixNano()-m.toldAt.Load() >= int64(doubted) {
		return false
	}
	fits, _ := m.room(n, now)
	return fits
}

// saySomething sends an empty packet of a type, unless something went a moment ago.
func (m *beside) saySomething(kind byte, now time.Time) {
	if now.UnixNano()-m.sent.Load() >= int64(answerAfter) {
		m.send(kind, nil, now)
	}
}

// isFull looks now and then; the lock is held.
func (m *beside) isFull(now time.Time) bool {
	if now.Sub(m.asked) >= fullEvery {
		if m.asked = now; m.full(now) {
			m.held = now.Add(fullFor)
		}
	}
	return now.Before(m.held)
}

// age is the timestamp of now.
func (m *beside) age(now time.Time) uint32 { return uint32(now.Sub(m.began).Milliseconds()) }

// send seals one datagram and sends it. The marker says that we hear the other side.
func (m *beside) send(kind byte, b []byte, now time.Time) {
	m.sending.Lock()
	defer m.sending.Unlock()
	t := now.UnixNano()
	if t-m.heard.Load() < int64(believed) && !m.poor.Load() {
		kind |= 0x80
	}
	m.seq++
	m.plain = append(m.plain[:0], 2<<6, kind)
	m.plain = binary.BigEndian.AppendUint16(m.plain, m.seq)
	m.plain = binary.BigEndian.AppendUint32(m.plain, m.age(now))
	m.plain = binary.BigEndian.AppendUint32(m.plain, besideSSRC)
	m.plain = append(m.plain, b...)
	sealed, err := m.out.EncryptRTP(m.sealed[:0], m.plain, nil)
	if err == nil {
		m.sealed = sealed
		m.packet = append(append(m.packet[:0], besideMark), sealed...)
		err = m.write(m.packet)
	}
	if err != nil {
		m.refused.Add(1)
		return
	}
	m.sent.Store(t)
	m.unanswered.CompareAndSwap(0, t)
	m.bytesOut.Add(uint64(len(m.packet)))
}

// hear takes a packet that mkiOf found this connection for. What is not sealed by the
// other side, came before, was held back on the way, or is more than that side may send,
// is passed over.
func (m *beside) hear(b []byte, now time.Time) {
	if !m.came.Take(float64(len(b)+udpAdds), 2*besideRate, 2*besideBurst, now) {
		return
	}
	plain, err := m.in.DecryptRTP(m.opened[:0], b[1:], &m.header)
	if err != nil {
		return
	}
	m.opened = plain
	if by := int32(m.age(now) - m.header.Timestamp); m.delay.late(now, time.Duration(by)*time.Millisecond) {
		return
	}
	payload := plain[m.header.MarshalSize():]
	t := now.UnixNano()
	m.heard.Store(t)
	m.bytesIn.Add(uint64(len(b)))
	n := uint64(binary.BigEndian.Uint32(b[len(b)-rocSize:]))<<16 | uint64(m.header.SequenceNumber)
	newest := n > m.share.newest
	m.share.open(n, now)
	m.poor.Store(m.share.poor)
	if newest {
		m.told.Store(m.header.Marker)
		if m.header.Marker {
			m.unanswered.Store(0)
			m.toldAt.Store(t)
		}
	}
	if len(payload) > 0 {
		m.give(payload)
	}
	if len(payload) > 0 || m.header.PayloadType == besideAsks {
		m.saySomething(besideType, now)
	}
}

// besideFrom sends from the address of the connection. A port of every address would
// leave the choice to the system, and a box at the other end then takes it for a stranger.
func (p *port) besideFrom(q *quic.Conn, out *udp.Sender) func(b []byte) error {
	from, _ := q.LocalAddr().(*net.UDPAddr)
	to, ok := q.RemoteAddr().(*net.UDPAddr)
	var oob []byte
	if ok && from != nil && !from.IP.IsUnspecified() && p.udp.LocalAddr().(*net.UDPAddr).IP.IsUnspecified() {
		if to.IP.To4() != nil {
			oob = (&ipv4.ControlMessage{Src: from.IP}).Marshal()
		} else {
			oob = (&ipv6.ControlMessage{Src: from.IP}).Marshal()
		}
	}
	return func(b []byte) error { return out.Send(b, oob, q.RemoteAddr().(*net.UDPAddr).AddrPort()) }
}

// besideOf gives a connection its SRTP; forget ends it.
func (p *port) besideOf(c *conn, cs tls.ConnectionState, dialed bool) (m *beside, forget func(), err error) {
	keys, err := cs.ExportKeyingMaterial(besideLabel, nil, besideKeys)
	if err == nil {
		m, err = newBeside(keys, dialed)
	}
	if err != nil {
		return nil, nil, err
	}
	out, err := udp.NewSender(p.udp)
	if err != nil {
		return nil, nil, err
	}
	m.give = c.hear
	m.write = p.besideFrom(c.q, out)
	var shortest base // m calls one at a time
	var twice rise
	m.full = func(now time.Time) bool {
		s := c.q.ConnectionStats()
		rtt := twice.of(s.LatestRTT, now)
		if s.PacketsSent < c.urgent.large.Load() {
			rtt = s.LatestRTT // one is enough
		}
		return bearer.Hold(bearer.Bulk, rtt, shortest.of(s.LatestRTT, now)) > 0
	}
	p.mu.Lock()
	p.besides[m.mki] = m
	p.mu.Unlock()
	return m, func() {
		p.mu.Lock()
		delete(p.besides, m.mki)
		p.mu.Unlock()
	}, nil
}
