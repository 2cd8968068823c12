package sip

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/internal/call/sip/siptest"
)

// hand is a phone of which we write every byte.
type hand struct {
	t    *testing.T
	e    *echo
	conn *net.UDPConn
	n    int
	name string
	pass string
}

func newHand(t *testing.T, e *echo, from, name, pass string) *hand {
	t.Helper()
	c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(e.at)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &hand{t: t, e: e, conn: c, name: name, pass: pass}
}

func (h *hand) message(method, uri string, more []string, body string) string {
	h.n++
	host := h.conn.LocalAddr().String()
	lines := []string{method + " " + uri + " SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%d.%d;rport", host, h.n, rand.Uint64()), fmt.Sprintf("From: <sip:%s@%s>;tag=f%s", h.name, h.e.at, h.name),
		"Call-ID: c" + h.name, fmt.Sprintf("CSeq: %d %s", h.n, method), fmt.Sprintf("Contact: <sip:%s@%s>", h.name, host), "Max-Forwards: 70"}
	if method == "REGISTER" {
		lines = append(lines, fmt.Sprintf("To: <sip:%s@%s>", h.name, h.e.at))
	}
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	return strings.Join(append(append(lines, more...), fmt.Sprintf("Content-Length: %d", len(body))), "\r\n") + "\r\n\r\n" + body
}

// ask sends a message and returns the first answer that is final, or 180.
func (h *hand) ask(m string) string {
	h.t.Helper()
	if _, err := h.conn.Write([]byte(m)); err != nil {
		h.t.Fatal(err)
	}
	return h.answer()
}

func (h *hand) answer() string {
	h.t.Helper()
	b := make([]byte, 4096)
	for {
		h.conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		n, err := h.conn.Read(b)
		if err != nil {
			return ""
		}
		if s := string(b[:n]); !strings.HasPrefix(s, "SIP/2.0 100") {
			return s
		}
	}
}

var nonceIn = regexp.MustCompile(`nonce="([^"]+)"`)

func (h *hand) credentials(method, uri, nonce, alg, nc string) string {
	var x hash.Hash = sha256.New()
	if alg == "MD5" {
		x = md5.New()
	}
	of := func(s string) string { x.Reset(); x.Write([]byte(s)); return hex.EncodeToString(x.Sum(nil)) }
	a := of(h.name + ":parley:" + h.pass)
	r := of(a + ":" + nonce + ":" + nc + ":cn:auth:" + of(method+":"+uri))
	return fmt.Sprintf(`Authorization: Digest username="%s", realm="parley", nonce="%s", uri="%s", response="%s", algorithm=%s, qop=auth, nc=%s, cnonce="cn"`, h.name, nonce, uri, r, alg, nc)
}

func (h *hand) nonce() string {
	h.t.Helper()
	r := h.ask(h.message("REGISTER", "sip:station", nil, ""))
	m := nonceIn.FindStringSubmatch(r)
	if !strings.HasPrefix(r, "SIP/2.0 401") || m == nil {
		h.t.Fatalf("asked for a nonce: %q", r)
	}
	return m[1]
}

func (h *hand) register(expires int) string {
	h.t.Helper()
	n := h.nonce()
	return h.ask(h.message("REGISTER", "sip:station", []string{h.credentials("REGISTER", "sip:station", n, "SHA-256", "00000001"), fmt.Sprint("Expires: ", expires)}, ""))
}

func code(s string) string {
	if len(s) < 11 {
		return "none"
	}
	return s[8:11]
}

func two() []Phone {
	return []Phone{{Name: "red", Password: "secret-enough", Role: "watch", Line: "x"}, {Name: "blue", Password: "other-secret", Role: "watch", Line: "x"}}
}

// TestDoor: who has no right, or shows a right that is old, is not let in.
func TestDoor(t *testing.T) {
	e := newEcho(t, two()...)
	red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
	n := red.nonce()
	try := func(h *hand, user, nonce, alg, nc string) string {
		was := h.name
		c := h.credentials("REGISTER", "sip:station", nonce, alg, nc)
		h.name = user
		defer func() { h.name = was }()
		return code(h.ask(h.message("REGISTER", "sip:station", []string{c}, "")))
	}
	wrong := newHand(t, e, "127.0.0.1", "red", "secret-enougH")
	nobody := newHand(t, e, "127.0.0.1", "green", "secret-enough")
	far := newHand(t, e, "127.0.0.2", "red", "secret-enough")
	for i, c := range []struct{ got, want string }{
		{try(wrong, "red", n, "SHA-256", "00000001"), "403"},
		{try(wrong, "red", n, "MD5", "00000001"), "403"},
		{try(nobody, "green", n, "SHA-256", "00000001"), "403"},
		{try(red, "red", n, "SHA-512-256", "00000001"), "403"},
		{try(far, "red", n, "SHA-256", "00000001"), "401"}, // a nonce of another address
		{try(red, "blue", n, "SHA-256", "00000001"), "403"},
		{try(red, "red", "AAAA", "SHA-256", "00000001"), "401"},
		{try(red, "red", n, "SHA-256", "00000002"), "200"},
		{try(red, "red", n, "SHA-256", "00000002"), "401"}, // again
		{try(red, "red", n, "SHA-256", "00000001"), "401"},
		{try(red, "red", n, "SHA-256", "00000003"), "200"},
		{try(red, "red", n, "MD5", "00000004"), "200"},
	} {
		if c.got != c.want {
			t.Errorf("%d: answered %s, want %s", i, c.got, c.want)
		}
	}
	if p := e.Phones(); len(p) != 1 || p[0].Phone != "red" {
		t.Errorf("registered: %v", p)
	}
	if e.Server.refused.Load() != 5 {
		t.Errorf("%d wrong passwords", e.Server.refused.Load())
	}
}

// TestRegistrationEnds by its time, and by the phone's wish.
func TestRegistrationEnds(t *testing.T) {
	e := newEcho(t, two()...)
	red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
	if r := red.register(60); code(r) != "200" || !strings.Contains(r, "expires=60") {
		t.Fatal(r)
	}
	if r := red.register(1); !strings.Contains(r, "expires=30") {
		t.Errorf("too short: %q", r)
	}
	if r := red.register(1 << 30); !strings.Contains(r, "expires=600") {
		t.Errorf("too long: %q", r)
	}
	if r := red.register(0); code(r) != "200" || len(e.Phones()) != 0 {
		t.Errorf("%q leaves %v", r, e.Phones())
	}
	red.register(60)
	e.Server.mu.Lock()
	old := *e.stays["red"]
	old.until = time.Now().Add(-time.Second)
	e.stays["red"] = &old
	e.Server.mu.Unlock()
	eventually(t, 3*time.Second, "it is forgotten", func() bool { return len(e.Phones()) == 0 })
}

// lifts sends an INVITE with credentials, and returns the answer.
func (h *hand) lifts(body string) string {
	h.t.Helper()
	uri := "sip:hotline@station"
	r := h.ask(h.message("INVITE", uri, []string{"To: <" + uri + ">"}, body))
	m := nonceIn.FindStringSubmatch(r)
	if m == nil {
		return r
	}
	h.conn.Write([]byte(h.message("ACK", uri, []string{"To: <" + uri + ">;tag=x"}, "")))
	return h.ask(h.message("INVITE", uri, []string{"To: <" + uri + ">", h.credentials("INVITE", uri, m[1], "SHA-256", "00000001")}, body))
}

func offerAt(port int) string {
	return strings.Replace(offer, "30000", strconv.Itoa(port), 1)
}

// TestLiftingIsForPhones that registered, from where they did, with a voice that we
// can carry.
func TestLiftingIsForPhones(t *testing.T) {
	e := newEcho(t, two()...)
	red, far := newHand(t, e, "127.0.0.1", "red", "secret-enough"), newHand(t, e, "127.0.0.2", "red", "secret-enough")
	if c := code(red.lifts(offer)); c != "403" {
		t.Errorf("lifted before it registered: %s", c)
	}
	red.register(60)
	if c := code(far.lifts(offer)); c != "403" {
		t.Errorf("lifted from elsewhere: %s", c)
	}
	for _, body := range []string{"", "v=0\r\n", strings.Replace(offer, "0 8 101", "9 18", 1), strings.Replace(offer, "30000", "0", 1), strings.Replace(offer, "30000", "53", 1), strings.Replace(offer, "RTP/AVP", "RTP/SAVP", 1) + "a=crypto:1 " + suite + " inline:" + strings.Repeat("A", 40) + "\r\n"} {
		if c := code(red.lifts(body)); c != "488" {
			t.Errorf("lifted with %q: %s", body, c)
		}
	}
	if e.up != 0 {
		t.Errorf("%d were lifted", e.up)
	}
}

// TestVoiceIsThePhones: media is taken from the phone alone, in its bounds, and a
// phone that falls silent is dropped.
func TestVoiceIsThePhones(t *testing.T) {
	e := newEcho(t, two()...)
	e.Server.silent.Store(int64(1500 * time.Millisecond))
	red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
	red.register(60)
	mouth := func(at string) *net.UDPConn {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	own, near, far := mouth("127.0.0.1:0"), mouth("127.0.0.1:0"), mouth("127.0.0.2:0")
	r := red.lifts(offerAt(own.LocalAddr().(*net.UDPAddr).Port))
	m := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(r)
	if code(r) != "180" || m == nil {
		t.Fatal(r)
	}
	port, _ := strconv.Atoi(m[1])
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	eventually(t, 3*time.Second, "it is answered", func() bool { return code(red.answer()) == "200" })
	seq := uint16(0)
	say := func(c *net.UDPConn, loud byte, n int) {
		for range n {
			seq++
			p := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * frame, SSRC: 7}, Payload: []byte(strings.Repeat(string([]byte{loud}), frame))}
			b, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.WriteToUDP(b, to); err != nil {
				t.Fatal(err)
			}
		}
	}
	heard := func(loud byte) int {
		time.Sleep(200 * time.Millisecond)
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.levels[levelOf([]byte{loud})]
	}
	say(own, 0x80, 5)
	say(near, 0x90, 5)
	say(far, 0xa0, 5)
	if a, b, c := heard(0x80), heard(0x90), heard(0xa0); a != 5 || b != 0 || c != 0 {
		t.Errorf("of the phone %d packets were taken, of another port %d, of another address %d", a, b, c)
	}
	for range 200 { // what is none
		b := make([]byte, rand.IntN(1500))
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		if len(b) > 1 && rand.IntN(2) == 0 {
			b[0], b[1] = 0x80, 0
		}
		own.WriteToUDP(b, to)
	}
	time.Sleep(time.Second)
	was := heard(0xc0)
	say(own, 0xc0, 400) // at once: more than is taken
	if n := heard(0xc0) - was; n == 0 || n > packetBurst+packetRate {
		t.Errorf("%d packets of 400 were taken at once", n)
	}
	if !e.isUp("red") {
		t.Fatal("it is down")
	}
	began := time.Now()
	eventually(t, 5*time.Second, "it is dropped", func() bool { return !e.isUp("red") })
	t.Logf("dropped after %v of silence", time.Since(began).Round(100*time.Millisecond))
}

// TestHoldIsNoSilence: a phone on hold that sends nothing is not dropped while it is
// registered; when it speaks again, silence counts from there.
func TestHoldIsNoSilence(t *testing.T) {
	for _, after := range []string{"it resumes", "it is not registered any more"} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			e := newEcho(t, two()...)
			e.Server.silent.Store(int64(time.Second))
			red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
			red.register(60)
			m := regexp.MustCompile(`(?i)to: (.*;tag=.*)\r`).FindStringSubmatch(red.lifts(offer + "a=inactive\r\n"))
			if m == nil {
				t.Fatal("it is not lifted")
			}
			eventually(t, 3*time.Second, "it is answered", func() bool { return code(red.answer()) == "200" })
			e.Server.mu.Lock()
			h := e.Server.lifted["red"]
			e.Server.mu.Unlock()
			for range 20 {
				if time.Sleep(100 * time.Millisecond); h.Lost() {
					t.Fatal("a phone on hold is dropped")
				}
			}
			began := time.Now()
			if after == "it resumes" {
				red.conn.Write([]byte(red.message("INVITE", "sip:hotline@station", []string{"To: " + m[1]}, offer)))
				eventually(t, 3*time.Second, "it is on hold no longer", func() bool { return !h.st.held() })
			} else {
				e.Server.mu.Lock()
				delete(e.Server.stays, "red")
				e.Server.mu.Unlock()
			}
			eventually(t, 3*time.Second, "it is dropped", h.Lost)
			if d := time.Since(began); after == "it resumes" && d < time.Duration(e.Server.silent.Load()) {
				t.Errorf("it is dropped %v after it was on hold", d)
			}
		})
	}
}

// TestGarbage: floods of what is no SIP neither end the server nor keep phones out
// that come from elsewhere.
func TestGarbage(t *testing.T) {
	e := newEcho(t, two()...)
	junk, red := newHand(t, e, "127.0.0.9", "red", "x"), newHand(t, e, "127.0.0.1", "red", "secret-enough")
	rng := rand.New(rand.NewPCG(1, 2))
	whole := junk.message("INVITE", "sip:hotline@station", []string{"To: <sip:hotline@station>"}, offer)
	for range 20000 {
		b := []byte(whole)
		switch rng.IntN(3) {
		case 0:
			for i := range b[:rng.IntN(40)] {
				b[rng.IntN(len(b))] = byte(i)
			}
		case 1:
			b = b[:rng.IntN(len(b))]
		case 2:
			i := rng.IntN(len(b))
			b = append(b[:i:i], append([]byte(strings.Repeat("\r\na: b", rng.IntN(100))), b[i:]...)...)
		}
		junk.conn.Write(b)
	}
	for range 200 { // connections, most of which say nothing
		c, err := net.Dial("tcp", e.at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, strings.Repeat("x", rng.IntN(3)*9000))
	}
	began := time.Now()
	eventually(t, 5*time.Second, "a phone registers", func() bool { // strangers together have a bound, which the flood has used up
		time.Sleep(50 * time.Millisecond)
		r := red.ask(red.message("REGISTER", "sip:station", nil, ""))
		m := nonceIn.FindStringSubmatch(r)
		return m != nil && code(red.ask(red.message("REGISTER", "sip:station", []string{red.credentials("REGISTER", "sip:station", m[1], "SHA-256", "00000001")}, ""))) == "200"
	})
	for i := range 3 { // one that is registered has its own, whoever else comes
		for n := range 3000 {
			spoofed := netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)})
			e.gate.take(spoofed, time.Now())
		}
		if r := red.register(60); code(r) != "200" {
			t.Errorf("registering again, %d: %q", i, r)
		}
	}
	at := netip.MustParseAddrPort(e.at)
	c, err := tls.Dial("tcp", netip.AddrPortFrom(at.Addr(), at.Port()+1).String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	blue := &hand{t: t, e: e, conn: newHand(t, e, "127.0.0.1", "blue", "").conn, name: "blue"}
	fmt.Fprint(c, strings.ReplaceAll(blue.message("OPTIONS", "sip:station", []string{"To: <sip:station>"}, ""), "SIP/2.0/UDP", "SIP/2.0/TLS"))
	if l, err := bufio.NewReader(c).ReadString('\n'); err != nil || code(l) != "200" {
		t.Errorf("by TLS meanwhile: %q, %v", l, err)
	}
	t.Logf("%d messages and connections refused; registered after %v", e.bad.Load(), time.Since(began).Round(time.Millisecond))
	if e.bad.Load() < 1000 {
		t.Errorf("%d were refused", e.bad.Load())
	}
}

// TestTrickle: neither line ends nor single bytes of a message keep a connection open.
func TestTrickle(t *testing.T) {
	c, began := &conn{}, time.Now()
	at := func(after time.Duration, have string) time.Duration {
		c.have = []byte(have)
		return c.until(began.Add(after)).Sub(began)
	}
	for i, x := range []struct{ got, want time.Duration }{
		{at(0, ""), firstWithin},
		{at(4*time.Second, ""), firstWithin},
		{at(6*time.Second, "R"), 6*time.Second + wholeWithin},
		{at(9*time.Second, "RE"), 6*time.Second + wholeWithin},
	} {
		if x.got != x.want {
			t.Errorf("%d: until %v, want %v", i, x.got, x.want)
		}
	}
	c.said, c.part, c.at = true, false, time.Time{} // the whole came
	for i, x := range []struct{ got, want time.Duration }{
		{at(10*time.Second, ""), 10*time.Second + idleAtMost},
		{at(20*time.Second, ""), 20*time.Second + idleAtMost},
		{at(30*time.Second, "R"), 30*time.Second + wholeWithin},
		{at(35*time.Second, "RE"), 30*time.Second + wholeWithin},
	} {
		if x.got != x.want {
			t.Errorf("afterwards, %d: until %v, want %v", i, x.got, x.want)
		}
	}
}

// TestConnectionsAreShared: a few who hold all connections do not keep another out, nor
// is a connection closed by which a phone is registered.
func TestConnectionsAreShared(t *testing.T) {
	e := newEcho(t, two()...)
	dial := func(from string) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", e.at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	alive := func(c net.Conn, h *hand) bool {
		fmt.Fprint(c, strings.ReplaceAll(h.message("OPTIONS", "sip:station", []string{"To: <sip:station>"}, ""), "SIP/2.0/UDP", "SIP/2.0/TCP"))
		c.SetReadDeadline(time.Now().Add(3 * time.Second))
		b := make([]byte, 4096)
		n, err := c.Read(b)
		return err == nil && code(string(b[:n])) == "200"
	}
	first := dial("127.0.0.2")
	source := first.LocalAddr().String()
	e.Server.mu.Lock()
	e.stays["blue"] = &stay{phone: two()[1], source: source, transport: "TCP", until: time.Now().Add(time.Minute)}
	e.Server.mu.Unlock()
	for i := range 3 * maxConnsFrom {
		dial(fmt.Sprintf("127.0.0.%d", 2+i%3))
	}
	red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
	for range 8 {
		if !alive(dial("127.0.0.1"), red) {
			t.Fatal("who has few connections is kept out")
		}
	}
	if !alive(first, newHand(t, e, "127.0.0.2", "blue", "")) {
		t.Error("the connection of a phone was closed")
	}
	l := e.Server.lists[0]
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := 0
	for _, n := range l.open {
		sum += n
	}
	if len(l.all) > maxConns || sum != len(l.all) {
		t.Errorf("%d connections, %d by address", len(l.all), sum)
	}
}

// TestDatagramsCutNoConnection: a flood of datagrams in the name of a phone leaves the
// connection by which it comes alone.
func TestDatagramsCutNoConnection(t *testing.T) {
	e := newEcho(t, two()...)
	at := netip.MustParseAddrPort(e.at)
	c, err := tls.Dial("tcp", netip.AddrPortFrom(at.Addr(), at.Port()+1).String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 10_000 {
		e.gate.take(at.Addr(), time.Now())
	}
	blue := newHand(t, e, "127.0.0.1", "blue", "")
	r := bufio.NewReader(c)
	for range 3 {
		fmt.Fprint(c, strings.ReplaceAll(blue.message("OPTIONS", "sip:station", []string{"To: <sip:station>"}, ""), "SIP/2.0/UDP", "SIP/2.0/TLS"))
		l, err := r.ReadString('\n')
		for rest := l; err == nil && rest != "\r\n"; {
			rest, err = r.ReadString('\n')
		}
		if err != nil || code(l) != "200" {
			t.Fatalf("%q, %v", l, err)
		}
	}
}

// TestPhonesRing: a call rings at all phones; the first that is lifted is on it, and
// the others stop. A phone by TLS is offered an encrypted voice, and one in the clear
// where it has none.
func TestPhonesRing(t *testing.T) {
	for _, c := range []struct {
		transport string
		secure    bool
	}{{"udp", false}, {"tls", true}, {"tls", false}} {
		t.Run(fmt.Sprint(c.transport, " ", c.secure), func(t *testing.T) {
			e := newEcho(t, Phone{Name: "red", Password: "secret-enough", MD5: true}, Phone{Name: "blue", Password: "other-secret", MD5: true})
			quiet := siptest.Start(t, siptest.Options{Name: "red", Password: "secret-enough", Server: e.at, Tone: 1000})
			eventually(t, 10*time.Second, "one registers", func() bool { return len(e.Phones()) == 1 })
			ctx, stop := context.WithTimeout(t.Context(), 700*time.Millisecond)
			defer stop()
			if e.Ring(ctx, "birch", func(Phone) bool { return true }) {
				t.Error("it was lifted by nobody")
			}
			eventually(t, 3*time.Second, "it stops ringing", func() bool { return strings.Contains(quiet.Said(), "CANCEL sip:red") })
			siptest.Start(t, siptest.Options{Name: "blue", Password: "other-secret", Server: e.at, Tone: 1000, Auto: true, Transport: c.transport, Secure: c.secure})
			eventually(t, 10*time.Second, "both register", func() bool { return len(e.Phones()) == 2 })
			began := time.Now()
			if !e.Ring(t.Context(), "birch", func(Phone) bool { return true }) {
				t.Fatal("it was not lifted")
			}
			t.Logf("lifted after %v", time.Since(began).Round(time.Millisecond))
			eventually(t, 3*time.Second, "it is heard", func() bool {
				e.mu.Lock()
				defer e.mu.Unlock()
				return e.levels[9]+e.levels[8] > 20
			})
			e.Server.mu.Lock()
			if h := e.Server.lifted["blue"]; h == nil || (h.key != nil) != c.secure {
				t.Errorf("blue is %v", h)
			}
			e.Server.mu.Unlock()
			if e.isUp("red") {
				t.Error("both are up")
			}
			eventually(t, 3*time.Second, "the other stops ringing", func() bool { return strings.Count(quiet.Said(), "CANCEL sip:red") >= 2 })
		})
	}
}

// TestDelay measures from a packet of the phone to the packet that carries its sound
// back: what the station adds to a voice that a phone hears.
func TestDelay(t *testing.T) {
	e := newEcho(t, two()...)
	red := newHand(t, e, "127.0.0.1", "red", "secret-enough")
	red.register(60)
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(red.lifts(offerAt(c.LocalAddr().(*net.UDPAddr).Port)))
	if m == nil {
		t.Fatal("it is not lifted")
	}
	port, _ := strconv.Atoi(m[1])
	eventually(t, 3*time.Second, "it is answered", func() bool { return code(red.answer()) == "200" })
	type sound struct {
		at   time.Time
		loud bool
	}
	in := make(chan sound, 1000)
	go func() {
		b := make([]byte, 2000)
		for {
			n, err := c.Read(b)
			if err != nil {
				close(in)
				return
			}
			var p rtp.Packet
			if p.Unmarshal(b[:n]) == nil && len(p.Payload) == frame {
				in <- sound{time.Now(), levelOf(p.Payload) < 20}
			}
		}
	}()
	var sent []time.Time
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := range 300 { // one packet of 25 is loud
		<-tick.C
		x := byte(0xff)
		if i%25 == 24 {
			x = 0x90
			sent = append(sent, time.Now())
		}
		p := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i) * frame, SSRC: 7}, Payload: []byte(strings.Repeat(string([]byte{x}), frame))}
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WriteToUDP(b, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond)
	c.Close()
	var took []time.Duration
	last := time.Time{}
	for s := range in {
		if !s.loud || s.at.Sub(last) < 100*time.Millisecond {
			continue
		}
		last = s.at
		for _, b := range sent {
			if d := s.at.Sub(b); d >= 0 && d < 400*time.Millisecond {
				took = append(took, d)
				break
			}
		}
	}
	slices.Sort(took)
	if len(took) < 6 {
		t.Fatalf("%d of 12 sounds came back", len(took))
	}
	t.Logf("%d sounds: %v at least, %v in the middle, %v at most", len(took), took[0].Round(time.Millisecond), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if took[len(took)/2] > 150*time.Millisecond {
		t.Errorf("a voice takes %v through the station", took[len(took)/2])
	}
}
