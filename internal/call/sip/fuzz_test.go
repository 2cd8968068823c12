package sip

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/pion/rtp"
)

const register = "REGISTER sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKabc;rport\r\nFrom: <sip:red@192.0.2.1>;tag=1\r\nTo: <sip:red@192.0.2.1>\r\nCall-ID: 7\r\nCSeq: 1 REGISTER\r\nContact: <sip:red@192.0.2.9>;expires=60\r\nContent-Length: 0\r\n\r\n"

const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"

func FuzzPhones(f *testing.F) {
	f.Add([]byte("# phones\nred a-good-password watch birch auto\nblue another-secret principal 0a1b md5 auto\n"))
	f.Add([]byte("red short watch birch\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, err := ParsePhones(b)
		if err != nil {
			return
		}
		if len(ps) > MaxPhones {
			t.Fatalf("%d phones", len(ps))
		}
		for i, p := range ps {
			if len(p.Password) < leastPassword || !phoneName.MatchString(p.Name) || p.Line == "" {
				t.Fatalf("phone %d is %+v", i, p)
			}
		}
	})
}

// script and packets are sockets from which one text comes.
type script struct {
	net.Conn
	r io.Reader
}

type packets struct {
	net.PacketConn
	r io.Reader
}

func (s *script) Read(b []byte) (int, error)      { return s.r.Read(b) }
func (s *script) SetReadDeadline(time.Time) error { return nil }
func (s *script) Close() error                    { return nil }
func (s *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := s.r.Read(b)
	if err != nil {
		err = net.ErrClosed
	}
	return n, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 5060}, err
}

// FuzzMessage: what the gate lets through is a whole message that sipgo's layers can
// take apart and answer, by datagram and by stream.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(register))
	f.Add([]byte("\r\n\r\n" + register + register))
	f.Add([]byte(strings.Replace(register, "Content-Length: 0", "l: 5", 1) + "hello"))
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKabc\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 7\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte(strings.ReplaceAll(register, "REGISTER", "INVITE")))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRates(func(netip.Addr) bool { return true })
		d := &datagrams{PacketConn: &packets{r: bytes.NewReader(b)}, rates: r, from: map[netip.AddrPort]bool{}, bad: func() {}}
		buf := make([]byte, 32768)
		if n, _, err := d.ReadFrom(buf); err == nil {
			through(t, buf[:n])
		}
		l := &conns{rates: r, bad: func() {}, gone: func(string) {}, open: map[netip.Addr]int{{}: 1}, all: map[*conn]bool{}}
		c := &conn{Conn: &script{r: bytes.NewReader(b)}, of: l}
		for range 20 {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if n > maxMessage {
				t.Fatalf("a message of %d bytes", n)
			}
			if splitMessage(buf[:n]) != n {
				t.Fatalf("%q is no whole message", buf[:n])
			}
			through(t, buf[:n])
		}
	})
}

func through(t *testing.T, b []byte) {
	m, err := sip.ParseMessage(b)
	if err != nil {
		t.Fatalf("sipgo does not read %q: %v", b, err)
	}
	switch m := m.(type) {
	case *sip.Request:
		m.SetSource("192.0.2.9:5060")
		if _, err := sip.ServerTxKeyMake(m); err != nil {
			t.Fatalf("no transaction of %q: %v", b, err)
		}
		sip.NewResponseFromRequest(m, 200, "OK", nil)
		wanted(m, m.Contact())
		hostOf(m)
	case *sip.Response:
		if _, err := sip.ClientTxKeyMake(m); err != nil {
			t.Fatalf("no transaction of %q: %v", b, err)
		}
	}
}

func FuzzTalk(f *testing.F) {
	f.Add([]byte(offer), false)
	f.Add([]byte(strings.Replace(offer, "RTP/AVP", "RTP/SAVP", 1)+"a=crypto:1 "+suite+" inline:"+strings.Repeat("A", 40)+"\r\n"), true)
	f.Add([]byte(strings.Replace(offer, "m=audio", "m=video 40000 RTP/AVP 96\r\nm=audio", 1)), true)
	f.Fuzz(func(t *testing.T, b []byte, secure bool) {
		talk, err := parseTalk(b, secure)
		if err != nil {
			return
		}
		if talk.port < 1024 || talk.codec != typePCMU && talk.codec != typePCMA || talk.key != nil && (!secure || len(talk.key) != suiteKey) {
			t.Fatalf("%+v of %q", talk, b)
		}
		var key []byte
		if talk.key != nil {
			key = newKey()
		}
		// What we answer is read as what was asked for.
		back, err := parseTalk(description(netip.MustParseAddrPort("192.0.2.1:5070"), 1, talk, key), secure)
		if err != nil || back.codec != talk.codec || back.port != 5070 || len(back.media) != len(talk.media) || (back.key == nil) != (key == nil) || back.events != talk.events {
			t.Fatalf("%+v, %v is the answer to %+v of %q", back, err, talk, b)
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add(`Digest username="red", realm="parley", nonce="n", uri="sip:a", response="00", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"`)
	f.Add(`Digest username=red,nonce=,,uri`)
	d := newDoor(time.Now)
	p := &Phone{Name: "red", Password: "a-good-password"}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parseCredentials(s)
		if !ok {
			return
		}
		if e := d.judge(c, p, "parley", "REGISTER", "sip:a", "192.0.2.9"); e == let {
			t.Fatalf("%q is let in", s)
		}
		if e := d.judge(c, nil, "parley", "REGISTER", "sip:a", "192.0.2.9"); e != refused {
			t.Fatalf("%q of nobody is %v", s, e)
		}
	})
}

func FuzzDigits(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"))
	f.Add("application/dtmf", []byte("#"))
	f.Add("", []byte{5, 0x80, 0, 160})
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		for _, read := range []func() (byte, bool){func() (byte, bool) { return parseInfo(kind, b) }, func() (byte, bool) { return parseEvent(b) }} {
			if k, ok := read(); ok && !strings.ContainsRune("0123456789*#ABCD", rune(k)) {
				t.Fatalf("%q is no key", k)
			}
		}
	})
}

func FuzzPacket(f *testing.F) {
	for _, p := range []rtp.Packet{
		{Header: rtp.Header{Version: 2, PayloadType: typePCMU, SequenceNumber: 9}, Payload: make([]byte, frame)},
		{Header: rtp.Header{Version: 2, PayloadType: typePCMA, SequenceNumber: 65535}, Payload: make([]byte, 3*frame)},
		{Header: rtp.Header{Version: 2, PayloadType: eventType}, Payload: []byte{7, 0, 0, 160}},
	} {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, encrypted bool) {
		talk := &talk{codec: typePCMU, events: eventType}
		e := &ear{}
		if encrypted {
			in, err := contextOf(make([]byte, suiteKey))
			if err != nil {
				t.Fatal(err)
			}
			e.parsePacket(b, talk, in, time.Now())
			return
		}
		now := time.Now()
		if len(b) >= 12 {
			e.voice, e.came = binary.BigEndian.Uint32(b[8:]), now // it is the source that is heard
		}
		out, _, _ := e.parsePacket(b, talk, nil, now)
		for _, p := range out {
			if len(p.Payload) != frame || p.PayloadType != typePCMU {
				t.Fatalf("%+v", p)
			}
		}
		if _, key, ok := e.parsePacket(b, talk, nil, now); ok && key != 0 {
			t.Fatal("one press counts twice")
		}
	})
}

// FuzzVoice gives a slot what another side may send: it is heard or not, and never
// louder than full scale once it is mixed.
func FuzzVoice(f *testing.F) {
	f.Add([]byte{0xfc, 0xff, 0xfe}, uint8(typeOpus), uint16(1))
	f.Add([]byte{0x78, 1, 2, 3, 4, 5, 6, 7, 8}, uint8(typeOpus), uint16(65535))
	f.Add(bytes.Repeat([]byte{0x80}, frame), uint8(typePCMU), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, kind uint8, seq uint16) {
		m := newMixer()
		now := time.Now()
		for i := range uint16(4) {
			for _, n := range []int{-1, 0, 3, Slots} {
				m.take(n, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: kind, SequenceNumber: seq + i*i, SSRC: 1}, Payload: b}, now)
			}
			m.next()
			m.next()
		}
	})
}
