package quic

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"
)

// ends are both ends of one connection's SRTP; what one writes is kept.
type besideEnd struct {
	*beside
	wrote, got [][]byte
	full       bool
}

func besidePair(t testing.TB) (a, b *besideEnd) {
	t.Helper()
	keys := make([]byte, besideKeys)
	for i := range keys {
		keys[i] = byte(i)
	}
	end := func(dialed bool) *besideEnd {
		m, err := newBeside(keys, dialed)
		if err != nil {
			t.Fatal(err)
		}
		e := &besideEnd{beside: m}
		m.write = func(b []byte) error { e.wrote = append(e.wrote, bytes.Clone(b)); return nil }
		m.give = func(b []byte) { e.got = append(e.got, b) }
		m.full = func(time.Time) bool { return e.full }
		return e
	}
	return end(true), end(false)
}

// to hands all that e wrote to another end.
func (e *besideEnd) to(o *besideEnd) {
	for _, b := range e.wrote {
		o.hear(b, time.Now())
	}
	e.wrote = nil
}

// asks reports whether an empty packet is to be sent, and sends it.
func (e *besideEnd) asks() bool {
	select {
	case kind := <-e.tell:
		e.send(kind, nil)
		return true
	default:
		return false
	}
}

// TestBesideBegins: nothing goes beside before the other side said that it hears.
func TestBesideBegins(t *testing.T) {
	a, b := besidePair(t)
	now := time.Now()
	if a.takes(100, now) {
		t.Fatal("taken before anything was heard")
	}
	if !a.asks() {
		t.Fatal("the other side is not asked")
	}
	a.to(b)
	if !b.asks() {
		t.Fatal("the other side does not answer")
	}
	b.to(a)
	if !a.takes(100, time.Now()) {
		t.Error("not taken though the other side hears")
	}
	if a.asks() {
		t.Error("an answer is answered") // two would go on for ever
	}
	a.send(besideType, []byte("voice"))
	a.to(b)
	if len(b.got) != 1 || string(b.got[0]) != "voice" {
		t.Errorf("%q came", b.got)
	}
	if !b.takes(100, time.Now()) {
		t.Error("the other side does not take, though it was told that it is heard")
	}
	// Nothing was said for long: then it goes beside at once, and no longer once it is
	// not answered, but is asked.
	a.told.Store(true)
	a.unanswered.Store(0)
	later := time.Now().Add(time.Minute)
	if !a.takes(100, later) {
		t.Error("not taken after a pause")
	}
	a.unanswered.Store(later.UnixNano())
	if later = later.Add(believed + time.Millisecond); a.takes(100, later) || !a.asks() {
		t.Error("taken though it is not answered, or not asked again")
	}
}

// TestBesideGivesWay: while the path's queues fill, and over the rate.
func TestBesideGivesWay(t *testing.T) {
	a, b := besidePair(t)
	a.takes(1, time.Now())
	a.asks()
	a.to(b)
	b.asks()
	b.to(a)
	now := time.Now()
	total := 0
	for a.takes(600, now) {
		total += 600
	}
	if total < besideBurst-600 || total > besideBurst {
		t.Errorf("%d bytes at once", total)
	}
	now = now.Add(100 * time.Millisecond)
	a.full = true
	if a.takes(100, now) {
		t.Error("taken though the path's queues fill")
	}
	a.full = false
	if now = now.Add(fullFor - 100*time.Millisecond); a.takes(100, now) {
		t.Error("taken a moment after the path's queues filled")
	}
	if now = now.Add(time.Second); !a.takes(100, now) {
		t.Error("not taken when the path is free again")
	}
}

// TestBase: the shortest round trip is that of the last 10 to 20 s.
func TestBase(t *testing.T) {
	var b base
	at := time.Unix(1e9, 0)
	for _, tt := range []struct {
		after     time.Duration
		rtt, want time.Duration
	}{{0, 50, 50}, {1, 5, 5}, {1, 80, 5}, {7, 100, 5}, {5, 100, 5}, {6, 150, 5}, {5, 90, 90}, {60, 300, 300}, {1, 200, 200}} {
		at = at.Add(tt.after * time.Second)
		if got := b.of(tt.rtt, at); got != tt.want {
			t.Errorf("after a round trip of %d: %d, want %d", tt.rtt, got, tt.want)
		}
	}
}

// TestBesideIsSealed: what was altered, came before, is one's own, or of another
// connection is passed over, alone.
func TestBesideIsSealed(t *testing.T) {
	a, b := besidePair(t)
	var sent [][]byte
	for i := range 200 {
		a.send(besideType, fmt.Appendf(nil, "datagram %d", i))
	}
	sent, a.wrote = a.wrote, nil
	if bytes.Contains(bytes.Join(sent, nil), []byte("datagram")) {
		t.Error("it can be read on the way")
	}
	hear := func(p []byte) {
		if mki, ok := mkiOf(p); ok && mki == b.mki {
			b.hear(p, time.Now())
		}
	}
	p := sent[0]
	for i := range 8 * len(p) {
		q := bytes.Clone(p)
		q[i/8] ^= 1 << (i % 8)
		hear(q)
	}
	for n := range p {
		hear(p[:n])
		hear(append(bytes.Clone(p[:n]), 0xff))
	}
	if len(b.got) > 0 || b.heard.Load() != 0 {
		t.Fatalf("%d altered packets were taken", len(b.got))
	}
	for _, m := range sent {
		a.hear(m, time.Now()) // thrown back at the sender
	}
	if len(a.got) > 0 {
		t.Errorf("%d of our own were taken", len(a.got))
	}
	slices.Reverse(sent)
	for range 2 {
		for _, p := range sent {
			hear(p)
		}
	}
	if len(b.got) != len(sent) {
		t.Errorf("%d of %d came, each to come once", len(b.got), len(sent))
	}
}

// TestBesideLongGap: the count of packets goes on though more were lost than a
// sequence number can tell.
func TestBesideLongGap(t *testing.T) {
	a, b := besidePair(t)
	for i := range 150_000 {
		a.send(besideType, binary.BigEndian.AppendUint32(nil, uint32(i)))
		if i%70_000 != 0 {
			a.wrote = a.wrote[:0]
			continue
		}
		a.to(b)
	}
	if len(b.got) != 3 {
		t.Errorf("%d of 3 came over gaps of 70,000", len(b.got))
	}
}

// TestBesideAsWritten opens a packet as RFC 3711, 7714 and 4771 have it, with none
// of the code that made it: what spec/sessions.md, 8 says is what is sent.
func TestBesideAsWritten(t *testing.T) {
	a, _ := besidePair(t)
	for range 65_600 { // so that the count has gone over
		a.wrote = a.wrote[:0]
		a.send(besideType, []byte("a datagram"))
	}
	p := a.wrote[0][1:]
	keys := make([]byte, besideKeys)
	for i := range keys {
		keys[i] = byte(i)
	}
	key, salt, mki := keys[:32], keys[64:76], keys[88:]
	derive := func(label byte, n int) []byte { // RFC 3711, 4.3, with a key of 256 bits (RFC 6188)
		var iv [16]byte
		copy(iv[:], salt)
		iv[7] ^= label
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, n)
		cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
		return out
	}
	block, err := aes.NewCipher(derive(0, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	seq, ssrc, roc := p[2:4], p[8:12], p[len(p)-4:]
	nonce := append(append(append([]byte{0, 0}, ssrc...), roc...), seq...)
	for i, s := range derive(2, 12) {
		nonce[i] ^= s
	}
	plain, err := aead.Open(nil, nonce, p[12:len(p)-12], p[:12])
	if err != nil || string(plain) != "a datagram" {
		t.Fatalf("%q, %v", plain, err)
	}
	if p[0] != 0x80 || p[1] != 100 || !bytes.Equal(ssrc, []byte{0, 0, 0, 1}) || !bytes.Equal(p[len(p)-12:len(p)-4], mki) || binary.BigEndian.Uint32(roc) != 1 || len(p)+1 != len(plain)+besideAdds || a.wrote[0][0] != 4 {
		t.Errorf("%x", p)
	}
}

func FuzzBeside(f *testing.F) {
	a, _ := besidePair(f)
	a.send(besideType, []byte("datagram"))
	a.send(besideAsks, nil)
	for _, p := range a.wrote {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		_, b := besidePair(t)
		if _, ok := mkiOf(p); !ok {
			return
		}
		b.hear(p, time.Now())
		genuine := slices.ContainsFunc(a.wrote, func(w []byte) bool { return bytes.Equal(w, p) })
		if !genuine && (len(b.got) > 0 || b.heard.Load() != 0) {
			t.Errorf("%x was taken", p)
		}
	})
}
