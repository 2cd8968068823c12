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
	silentFor   = 30 * time.Second // without a packet a session ends
	packetRate  = 100.0            // a second: twice what a phone sends
	packetBurst = 50.0
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
	peer    netip.AddrPort
	sure    bool // the peer has sent from its port
	latch   time.Time
	in, out *srtp.Context

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
			return &stream{conn: c, at: netip.AddrPortFrom(host, uint16(p)), from: from.Unmap(), mix: newMixer(), ssrc: binary.BigEndian.Uint32(b[:]), done: make(chan struct{})}, nil
		}
	}
	return nil, parley.Errorf(parley.Unavailable, "no port of %d to %d is free for the voice of a phone", ports[0], ports[1])
}

// agree takes over what the phone says of its media. It may be called again.
func (s *stream) agree(t *talk, ourKey []byte, now time.Time) error {
	var in, out *srtp.Context
	if t.key != nil {
		var err error
		if in, err = contextOf(t.key); err == nil {
			out, err = contextOf(ourKey)
		}
		if err != nil {
			return parley.Errorf(parley.Malformed, "the phone's key cannot be used: %v", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	same := s.talk != nil && s.talk.port == t.port && string(s.talk.key) == string(t.key)
	s.talk = t
	if same {
		return nil
	}
	s.peer, s.sure, s.latch, s.in, s.out = netip.AddrPortFrom(s.from, t.port), false, now.Add(latchFor), in, out
	return nil
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

func (s *stream) close() {
	close(s.done)
	s.conn.Close()
	s.wg.Wait()
}

// read takes what comes, from the phone alone.
func (s *stream) read() {
	b := make([]byte, maxPacket)
	e := ear{}
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
		if !s.ours(from, now) || !e.rate.Take(1, packetRate, packetBurst, now) {
			s.refused.Add(1)
			continue
		}
		s.mu.Lock()
		t, in := s.talk, s.in
		s.mu.Unlock()
		pkts, key, ok := e.parsePacket(b[:n], t, in)
		if !ok {
			s.refused.Add(1)
			continue
		}
		s.heard.Store(now.UnixNano())
		if key != 0 {
			s.digit(key)
		}
		for _, p := range pkts {
			s.voice(p, levelOf(p.Payload))
		}
	}
}

// ours reports whether a datagram comes from the phone. Within the first second
// its port may be another than it said, where nothing has come from that.
func (s *stream) ours(from netip.AddrPort, now time.Time) bool {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	s.mu.Lock()
	defer s.mu.Unlock()
	if from == s.peer {
		s.sure = true
		return true
	}
	if s.sure || from.Addr() != s.from || now.After(s.latch) {
		return false
	}
	s.peer, s.sure = from, true
	return true
}

// ear reads the packets of a phone.
type ear struct {
	rate  pace.Bucket
	event uint32 // the time stamp of the last telephone event
	any   bool
}

// parsePacket reads one datagram: packets of 20 ms of PCMU, or a key that was
// pressed; ok is false for what is neither.
func (e *ear) parsePacket(b []byte, t *talk, in *srtp.Context) (out []*rtp.Packet, key byte, ok bool) {
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
	if p.PayloadType == t.events && t.events != 0 {
		key, ok = parseEvent(p.Payload)
		if ok && e.any && e.event == p.Timestamp {
			key = 0 // the same press
		}
		if ok {
			e.event, e.any = p.Timestamp, true
		}
		return nil, key, ok
	}
	n := len(p.Payload) / frame
	if p.PayloadType != typePCMU && p.PayloadType != typePCMA || n == 0 || n > 6 || len(p.Payload)%frame != 0 {
		return nil, 0, false
	}
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
	h := rtp.Header{Version: 2, Marker: true, SSRC: s.ssrc, SequenceNumber: uint16(s.ssrc >> 7)}
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

func (s *stream) sendOne(h *rtp.Header) {
	pcm := s.mix.next()
	s.mu.Lock()
	t, peer, out := s.talk, s.peer, s.out
	s.mu.Unlock()
	h.SequenceNumber++
	h.Timestamp += frame
	if t == nil || t.deaf {
		return
	}
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
