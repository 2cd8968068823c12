package sip

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"parley/internal/call/sip/siptest"
)

func mouthAt(t *testing.T, at string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func portOf(c *net.UDPConn) int { return c.LocalAddr().(*net.UDPAddr).Port }

// secured is an offer of a voice that is encrypted with key.
func secured(port int, key []byte, more string) []byte {
	return []byte(strings.Replace(strings.Replace(offerAt(port), "RTP/AVP", "RTP/SAVP", 1), "a=sendrecv", "a="+more, 1) +
		fmt.Sprintf("a=crypto:1 %s inline:%s\r\n", suite, base64.StdEncoding.EncodeToString(key)))
}

// packet is one of a phone's: 20 ms that are loud, or a key.
func packet(t *testing.T, ssrc uint32, seq uint16, key int) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * frame, SSRC: ssrc}, Payload: []byte(strings.Repeat("\x80", frame))}
	if key >= 0 {
		p.PayloadType, p.Payload = eventType, []byte{byte(key), 0x80, 0, 160}
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKeysGoOn: whatever a phone says anew in a long call, no two packets are encrypted
// alike, both sides hear on, and nothing that came is taken again.
func TestKeysGoOn(t *testing.T) {
	const long, short = 70_000, 500 // packets: the numbers begin anew after 65,536
	host := netip.MustParseAddr("127.0.0.1")
	base := uint16(siptest.Port(t, 2))
	st, err := openStream(host, [2]uint16{base, base + 2}, host)
	if err != nil {
		t.Fatal(err)
	}
	defer st.conn.Close()
	h := &Handset{st: st}
	ears := []*net.UDPConn{mouthAt(t, "127.0.0.1:0"), mouthAt(t, "127.0.0.1:0")}
	keys := [][]byte{newKey(), newKey()}
	contexts := map[string]*srtp.Context{} // of the phone: it goes on with a key that it knows
	context := func(key []byte) *srtp.Context {
		if contexts[string(key)] == nil {
			c, err := contextOf(key)
			if err != nil {
				t.Fatal(err)
			}
			contexts[string(key)] = c
		}
		return contexts[string(key)]
	}
	head, ear, b := st.header(), ear{}, make([]byte, maxPacket)
	seen := map[string]bool{}
	seq := uint16(0)
	var old []byte
	for _, c := range []struct {
		name      string
		port, key int
		packets   int
		held      int
	}{{"at first", 0, 0, long, 0}, {"another port", 1, 0, short, 0}, {"another key", 1, 1, short, 0}, {"both", 0, 0, short, 0}, {"a long hold", 0, 0, short, 40_000}} {
		if c.held > 0 {
			if err := h.agree(secured(portOf(ears[c.port]), keys[c.key], "sendonly"), true); err != nil {
				t.Fatal(err)
			}
			for range c.held {
				st.sendOne(&head)
			}
		}
		if err := h.agree(secured(portOf(ears[c.port]), keys[c.key], "sendrecv"), true); err != nil {
			t.Fatal(err)
		}
		if len(old) > 0 {
			if _, _, ok := ear.parsePacket(old, st.talk, st.in, time.Now()); ok {
				t.Errorf("%s: a packet that came before is taken again", c.name)
			}
		}
		ears[c.port].SetReadDeadline(time.Now().Add(time.Minute))
		for i := range c.packets {
			st.sendOne(&head) // silence: alike unless it is encrypted otherwise
			n, err := ears[c.port].Read(b)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(b[12:n][:frame]); seen[text] {
				t.Fatalf("%s: packet %d is encrypted as one before", c.name, i)
			} else {
				seen[text] = true
			}
			if _, err := context(h.key).DecryptRTP(nil, b[:n], nil); err != nil {
				t.Fatalf("%s: the phone does not hear packet %d: %v", c.name, i, err)
			}
			seq++
			said, err := context(keys[c.key]).EncryptRTP(nil, packet(t, 7, seq, -1), nil)
			if err != nil {
				t.Fatal(err)
			}
			if pkts, _, ok := ear.parsePacket(said, st.talk, st.in, time.Now()); !ok || len(pkts) != 1 {
				t.Fatalf("%s: packet %d of the phone is not heard", c.name, i)
			}
			if c.key == 0 {
				old = said
			}
		}
	}
	for i := range 2 * maxKeys {
		if err = h.agree(secured(5000, newKey(), "sendrecv"), true); err != nil {
			if i < maxKeys-2 {
				t.Errorf("key %d: %v", i, err)
			}
			break
		}
	}
	if err == nil {
		t.Error("a phone may have as many keys as it likes")
	}
}

// TestKeysAreOfTheVoice: in the clear a key counts from the source that is heard alone,
// and another is heard when that has fallen silent. Of what is encrypted, all is the
// phone's.
func TestKeysAreOfTheVoice(t *testing.T) {
	k, now := &talk{codec: typePCMU, events: eventType}, time.Now()
	e, seq := ear{}, uint16(0)
	try := func(what string, in *srtp.Context, b []byte, want bool) {
		t.Helper()
		if pkts, key, ok := e.parsePacket(b, k, in, now); ok != want || want && len(pkts) == 0 && key == 0 {
			t.Errorf("%s: taken %v", what, ok)
		}
	}
	next := func(ssrc uint32, key int) []byte { seq++; return packet(t, ssrc, seq, key) }
	try("a key before any voice", nil, next(7, 1), false)
	try("a voice", nil, next(7, -1), true)
	try("its key", nil, next(7, 1), true)
	try("another's key", nil, next(8, 2), false)
	try("another's voice", nil, next(8, -1), false)
	try("its key after that", nil, next(8, 2), false)
	now = now.Add(otherAfter - time.Millisecond)
	try("another's voice too early", nil, next(8, -1), false)
	try("its key, which is a sign of it", nil, next(7, 3), true)
	now = now.Add(otherAfter - time.Millisecond)
	try("another's voice, still too early", nil, next(8, -1), false)
	now = now.Add(time.Millisecond)
	try("another's key in the silence", nil, next(8, 4), false)
	try("another's voice in the silence", nil, next(8, -1), true)
	try("its key now", nil, next(8, 4), true)
	try("the key of the first", nil, next(7, 5), false)
	key := newKey()
	in, err := contextOf(key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := contextOf(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{next(9, 1), next(9, -1), next(10, -1)} {
		if b, err = out.EncryptRTP(nil, b, nil); err != nil {
			t.Fatal(err)
		}
		try("encrypted", in, b, true)
	}
	try("in the clear where it is to be encrypted", in, next(9, 1), false)
}

// TestHolding: the ways in which a phone says that it does not hear, and our answers.
func TestHolding(t *testing.T) {
	for _, c := range []struct {
		offer, answer string
		deaf          bool
	}{
		{offer, "sendrecv", false},
		{strings.Replace(offer, "a=sendrecv\r\n", "", 1), "sendrecv", false},
		{strings.Replace(offer, "sendrecv", "sendonly", 1), "recvonly", true},
		{strings.Replace(offer, "sendrecv", "inactive", 1), "inactive", true},
		{strings.Replace(offer, "sendrecv", "recvonly", 1), "sendonly", false},
		{strings.Replace(offer, "c=IN IP4 192.0.2.9", "c=IN IP4 0.0.0.0", 1), "recvonly", true},
		{strings.Replace(offer, "m=audio 30000 RTP/AVP 0 8 101\r\n", "m=audio 30000 RTP/AVP 0 8 101\r\nc=IN IP6 ::\r\n", 1), "recvonly", true},
		{strings.Replace(strings.Replace(offer, "192.0.2.9\r\nt=", "0.0.0.0\r\nt=", 1), "a=rtpmap", "c=IN IP4 192.0.2.9\r\na=rtpmap", 1), "sendrecv", false},
	} {
		k, err := parseTalk([]byte(c.offer), false)
		if err != nil {
			t.Errorf("%q: %v", c.offer, err)
			continue
		}
		if got := string(description(netip.MustParseAddrPort("192.0.2.1:5070"), 1, k, nil)); k.deaf != c.deaf || !strings.Contains(got, "a="+c.answer+"\r\n") {
			t.Errorf("%q: deaf %v, and answered %q", c.offer, k.deaf, got)
		}
	}
}

// TestPortIsSaidAnew: a phone that says another port, and sends from the old one for a
// moment, is heard and hears at the new one.
func TestPortIsSaidAnew(t *testing.T) {
	host := netip.MustParseAddr("192.0.2.9")
	s, now := &stream{from: host}, time.Now()
	comes := func(from netip.AddrPort, want bool, peer uint16) {
		t.Helper()
		if s.ours(from, now) != want {
			t.Errorf("from %v: %v", from, !want)
		}
		s.settle(from, now)
		if s.peer != netip.AddrPortFrom(host, peer) {
			t.Errorf("from %v it is at %v, want port %d", from, s.peer, peer)
		}
	}
	at := func(p uint16) netip.AddrPort { return netip.AddrPortFrom(host, p) }
	s.agree(&talk{port: 3000}, nil, now)
	comes(netip.MustParseAddrPort("192.0.2.8:3000"), false, 3000)
	comes(at(4000), true, 4000)
	comes(at(4002), false, 4000)
	comes(at(3000), true, 3000)
	comes(at(4000), false, 3000)
	s.agree(&talk{port: 3000, deaf: true}, nil, now)
	comes(at(4000), false, 3000)
	s.agree(&talk{port: 3002}, nil, now)
	comes(at(3000), true, 3000)
	comes(at(3002), true, 3002)
	comes(at(3000), false, 3002)
	s.agree(&talk{port: 3004}, nil, now)
	now = now.Add(latchFor + time.Millisecond)
	comes(at(3002), false, 3004)
	comes(at(3004), true, 3004)
}

// TestOthersInThePhonesName: what bears the address and the port of a phone, and is of
// another source than its voice, presses no key and takes nothing of its rate.
func TestOthersInThePhonesName(t *testing.T) {
	e := newEcho(t, two()...)
	red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
	red.register(60)
	own := mouthAt(t, "127.0.0.1:0")
	r := red.lifts(offerAt(portOf(own)))
	m := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(r)
	if m == nil {
		t.Fatal(r)
	}
	port, _ := strconv.Atoi(m[1])
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	eventually(t, 3*time.Second, "it is answered", func() bool { return code(red.answer()) == "200" })
	seq := uint16(0)
	send := func(ssrc uint32, key int) {
		seq++
		if _, err := own.WriteToUDP(packet(t, ssrc, seq, key), to); err != nil {
			t.Fatal(err)
		}
	}
	const said = 50
	for range said {
		send(7, -1)
		for range 20 { // a thousand a second
			send(8, -1)
			send(8, 5)
		}
		time.Sleep(20 * time.Millisecond)
	}
	send(7, 1)
	eventually(t, 3*time.Second, "its key comes", func() bool { return e.pressed() != "" })
	time.Sleep(100 * time.Millisecond)
	if got := e.pressed(); got != "1" {
		t.Errorf("keys %q", got)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.levels[levelOf([]byte{0x80})]; n < said-2 || n > said {
		t.Errorf("%d packets of its voice were taken, of %d", n, said)
	}
}
