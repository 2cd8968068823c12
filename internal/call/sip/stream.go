package sip

import (
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"parley"
	"parley/internal/call/pace"
)

// Bounds of what a phone sends.
const (
	maxPacket   = 2048 // bytes of a datagram that is read
	latchFor    = time.Second
	silentFor   = 30 * time.Second // without a packet a session ends, unless the phone is on hold
	packetRate  = 100.0            // a second: twice what a phone sends
	packetBurst = 50.0
	lookRate    = 5000.0 // a second that are looked at, whoever sent them
	lookBurst   = 500.0
	otherAfter  = time.Second // of silence of one source, another is heard in the clear
	maxKeys     = 64          // that a phone has had, or we for it
)

// stream is the media of one handset: a socket of its own.
type stream struct {
	conn  *net.UDPConn
	at    netip.AddrPort // where we are
	from  netip.Addr     // where the phone is: where its SIP comes from
	mix   *mixer
	voice func(p *rtp.Packet, level uint8)
	digit func(key byte)

	mu      sync.Mutex
	talk    *talk
	said    netip.AddrPort // where the phone says that it is
	peer    netip.AddrPort // where it is
	sure    bool           // the peer has sent from its port
	latch   time.Time
	in, out *srtp.Context
	ins     map[string]*srtp.Context // of each key that the phone has had
	outs    map[string]*srtp.Context // of each key that we have had

	heard   atomic.Int64 // when a packet last came, Unix nanoseconds
	refused atomic.Uint64
	ssrc    uint32
	done    chan struct{}
	wg      sync.WaitGroup
}

// openStream opens a socket at a free port of those that media has.
func openStream(host netip.Addr, ports [2]uint16, from netip.Addr) (*stream, error) {
	var b [4]byte
	rand.Read(b[:])
	for p := int(ports[0]); p < int(ports[1]); p += 2 {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, uint16(p))))
		if err == nil {
			return &stream{conn: c, at: netip.AddrPortFrom(host, uint16(p)), from: from.Unmap(), mix: newMixer(), ssrc: binary.BigEndian.Uint32(b[:]),
				ins: map[string]*srtp.Context{}, outs: map[string]*srtp.Context{}, done: make(chan struct{})}, nil
		}
	}
	return nil, parley.Errorf(parley.Unavailable, "no port of %d to %d is free for the voice of a phone", ports[0], ports[1])
}

// agree takes over what the phone says of its media. It may be called again. How far
// a key has been used is kept as long as the stream is, whatever changes: with our key
// from its beginning two packets would be encrypted alike, and with the phone's what
// came already would be taken again.
func (s *stream) agree(t *talk, ourKey []byte, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in, out *srtp.Context
	if t.key != nil {
		var err error
		if in, err = keyed(s.ins, t.key); err == nil {
			out, err = keyed(s.outs, ourKey)
		}
		if err != nil {
			return err
		}
	}
	if s.talk == nil || s.talk.port != t.port {
		s.said = netip.AddrPortFrom(s.from, t.port)
		s.peer, s.sure, s.latch = s.said, false, now.Add(latchFor)
	}
	if s.talk != nil && s.talk.holds() {
		s.heard.Store(now.UnixNano()) // it may have said nothing for long
	}
	s.talk, s.in, s.out = t, in, out
	return nil
}

// keyed returns what there is of a key, or begins it.
func keyed(all map[string]*srtp.Context, key []byte) (*srtp.Context, error) {
	if c := all[string(key)]; c != nil {
		return c, nil
	}
	if len(all) == maxKeys {
		return nil, parley.Errorf(parley.Oversize, "the phone has had %d keys in one call", maxKeys)
	}
	c, err := contextOf(key)
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the phone's key cannot be used: %v", err)
	}
	all[string(key)] = c
	return c, nil
}

func contextOf(key []byte) (*srtp.Context, error) {
	return srtp.CreateContext(key[:16], key[16:], srtp.ProtectionProfileAes128CmHmacSha1_80, srtp.SRTPReplayProtection(64))
}

// start begins to hear and to send.
func (s *stream) start(voice func(p *rtp.Packet, level uint8), digit func(key byte)) {
	s.voice, s.digit = voice, digit
	s.heard.Store(time.Now().UnixNano())
	s.wg.Add(2)
	go func() { defer s.wg.Done(); s.read() }()
	go func() { defer s.wg.Done(); s.send() }()
}

// silent is for how long nothing has come.
func (s *stream) silent(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, s.heard.Load()))
}

// held reports whether the phone is on hold.
func (s *stream) held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.talk != nil && s.talk.holds()
}

func (s *stream) close() {
	close(s.done)
	s.conn.Close()
	s.wg.Wait()
}

// read takes what comes, from the phone alone.
func (s *stream) read() {
	b := make([]byte, maxPacket)
	e := ear{}
	var look pace.Bucket
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			select {
			case <-s.done:
				return
			default:
				continue // an answer of the network to what we sent
			}
		}
		now := time.Now()
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		s.mu.Lock()
		t, in, ours := s.talk, s.in, s.ours(from, now)
		s.mu.Unlock()
		if !ours || !look.Take(1, lookRate, lookBurst, now) {
			s.refused.Add(1)
			continue
		}
		// What is not the phone's, though it bears its address, takes nothing of the
		// phone's rate, and does not move it to another port.
		pkts, key, ok := e.parsePacket(b[:n], t, in, now)
		if !ok || !e.rate.Take(1, packetRate, packetBurst, now) {
			s.refused.Add(1)
			continue
		}
		s.settle(from, now)
		s.heard.Store(now.UnixNano())
		if key != 0 {
			s.digit(key)
		}
		for _, p := range pkts {
			s.voice(p, levelOf(p.Payload))
		}
	}
}

// ours reports whether a datagram may come from the phone. Within the first second
// after it said its port, that may be another, until something comes from the one that
// it said: a phone that changes its port sends from the old one for a moment. The
// caller holds mu.
func (s *stream) ours(from netip.AddrPort, now time.Time) bool {
	return from == s.peer || from.Addr() == s.from && !now.After(s.latch) && (!s.sure || from == s.said)
}

// settle notes that something of the phone's has come from a port.
func (s *stream) settle(from netip.AddrPort, now time.Time) {
	s.mu.Lock()
	if s.ours(from, now) {
		s.peer, s.sure = from, true
	}
	s.mu.Unlock()
}

// ear reads the packets of a phone.
type ear struct {
	rate  pace.Bucket
	event uint32 // the time stamp of the last telephone event
	any   bool
	voice uint32    // the source whose voice is heard
	came  time.Time // when it last came; zero: nothing has
}

// parsePacket reads one datagram: packets of 20 ms of PCMU, or a key that was
// pressed; ok is false for what is neither. In the clear anybody can send what bears
// the phone's address: there one source is heard as long as it speaks, and only its
// keys count.
func (e *ear) parsePacket(b []byte, t *talk, in *srtp.Context, now time.Time) (out []*rtp.Packet, key byte, ok bool) {
	if t == nil || len(b) < 12 || b[0]>>6 != 2 || b[1]&0x7f >= 64 && b[1]&0x7f < 96 { // RTCP among them
		return nil, 0, false
	}
	if in != nil {
		plain, err := in.DecryptRTP(nil, b, nil)
		if err != nil {
			return nil, 0, false
		}
		b = plain
	}
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil {
		return nil, 0, false
	}
	own := !e.came.IsZero() && p.SSRC == e.voice
	if p.PayloadType == t.events && t.events != 0 {
		if !own && in == nil {
			return nil, 0, false
		}
		key, ok = parseEvent(p.Payload)
		if ok && e.any && e.event == p.Timestamp {
			key = 0 // the same press
		}
		if ok {
			e.event, e.any = p.Timestamp, true
		}
		if ok && own {
			e.came = now // it is silent while a key is down
		}
		return nil, key, ok
	}
	n := len(p.Payload) / frame
	if p.PayloadType != typePCMU && p.PayloadType != typePCMA || n == 0 || n > 6 || len(p.Payload)%frame != 0 {
		return nil, 0, false
	}
	if !own && in == nil && now.Sub(e.came) < otherAfter {
		return nil, 0, false
	}
	e.voice, e.came = p.SSRC, now
	for i := range n {
		mu := make([]byte, frame)
		copy(mu, p.Payload[i*frame:])
		if p.PayloadType == typePCMA {
			for j, x := range mu {
				mu[j] = encodeMu(fromA[x])
			}
		}
		out = append(out, &rtp.Packet{Header: rtp.Header{Version: 2, Marker: p.Marker && i == 0, PayloadType: typePCMU,
			SequenceNumber: p.SequenceNumber*uint16(n) + uint16(i), Timestamp: p.Timestamp + uint32(i*frame), SSRC: p.SSRC}, Payload: mu})
	}
	return out, 0, true
}

// send sends the mix, 20 ms at a time.
func (s *stream) send() {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	h := s.header()
	due := time.Now()
	for {
		select {
		case <-s.done:
			return
		case now := <-t.C:
			if now.Sub(due) > 200*time.Millisecond {
				due = now // the machine stood still: what was missed is past
			}
			for ; !due.After(now); due = due.Add(20 * time.Millisecond) {
				s.sendOne(&h)
			}
		}
	}
}

// header is what our packets begin with. Its number is in the lower half, so that a
// phone which misses the first of them sees where the upper half ends (RFC 3711, 3.3.1).
func (s *stream) header() rtp.Header {
	return rtp.Header{Version: 2, Marker: true, SSRC: s.ssrc, SequenceNumber: uint16(s.ssrc>>7) & 0x7fff}
}

// sendOne sends 20 ms. Only what is sent has a number: from a gap of many neither the
// phone nor we would know how often the numbers have begun anew.
func (s *stream) sendOne(h *rtp.Header) {
	s.mu.Lock()
	t, peer, out := s.talk, s.peer, s.out
	s.mu.Unlock()
	h.Timestamp += frame
	if t == nil || t.deaf {
		s.mix.pass()
		h.Marker = true
		return
	}
	pcm := s.mix.next()
	h.SequenceNumber++
	h.PayloadType = t.codec
	p := rtp.Packet{Header: *h, Payload: make([]byte, frame)}
	for i, v := range pcm {
		if t.codec == typePCMA {
			p.Payload[i] = encodeA(v)
		} else {
			p.Payload[i] = encodeMu(v)
		}
	}
	b, err := p.Marshal()
	if err == nil && out != nil {
		b, err = out.EncryptRTP(nil, b, nil)
	}
	if err == nil {
		if _, err = s.conn.WriteToUDPAddrPort(b, peer); err == nil {
			h.Marker = false
		}
	}
	if err != nil {
		s.refused.Add(1) // it hears a gap; the network may be back with the next
	}
}
