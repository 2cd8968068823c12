package quic

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
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
		m.give = func(b []byte) { e.got = append(e.got, bytes.Clone(b)) }
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

// asks reports whether an empty packet was sent that was not handed on yet.
func (e *besideEnd) asks() bool {
	return slices.ContainsFunc(e.wrote, func(b []byte) bool { return len(b) == besideAdds })
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
	a.send(besideType, []byte("voice"), time.Now())
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
		total += 600 + besideAdds + udpAdds
	}
	if total < besideBurst-700 || total > besideBurst {
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

// TestRise: one long round trip alone is not believed, nor several of one moment.
func TestRise(t *testing.T) {
	var r rise
	asSampled(t, r.of, time.Millisecond, []sampled{{0, 50, 0}, {200, 51, 50}, {200, 300, 51}, {1, 310, 51}, {20, 320, 51}, {500, 320, 51}, {1, 330, 320}, {200, 60, 60}, {200, 400, 60}})
}

// A sampled round trip comes some time after the one before, and has them think so.
type sampled struct{ after, rtt, want time.Duration }

// asSampled takes each in; unit is that of after.
func asSampled(t *testing.T, of func(rtt time.Duration, at time.Time) time.Duration, unit time.Duration, all []sampled) {
	t.Helper()
	at := time.Unix(1e9, 0)
	for _, tt := range all {
		at = at.Add(tt.after * unit)
		if got := of(tt.rtt, at); got != tt.want {
			t.Errorf("after a round trip of %d: %d, want %d", tt.rtt, got, tt.want)
		}
	}
}

// TestBesideFlood: what nobody can have sent costs no more than twice what he may,
// and then he is heard again.
func TestBesideFlood(t *testing.T) {
	k := newTalk(t)
	k.a.send(besideType, []byte("voice"), k.now)
	forged := bytes.Clone(k.a.wrote[0])
	forged[20] ^= 1
	for range 2000 {
		k.b.hear(forged, k.now)
	}
	got := len(k.b.got)
	k.b.hear(k.a.wrote[0], k.now)
	if len(k.b.got) != got {
		t.Error("all of a flood is looked at")
	}
	k.b.hear(k.a.wrote[0], k.now.Add(20*time.Millisecond))
	if len(k.b.got) != got+1 {
		t.Error("nothing is heard after a flood")
	}
}

// TestBase: the shortest round trip is that of the last 10 to 20 s.
func TestBase(t *testing.T) {
	var b base
	asSampled(t, b.of, time.Second, []sampled{{0, 50, 50}, {1, 5, 5}, {1, 80, 5}, {7, 100, 5}, {5, 100, 5}, {6, 150, 5}, {5, 90, 90}, {60, 300, 300}, {1, 200, 200}})
}

// TestBesideIsSealed: what was altered, came before, is one's own, or of another
// connection is passed over, alone.
func TestBesideIsSealed(t *testing.T) {
	a, b := besidePair(t)
	var sent [][]byte
	for i := range 200 {
		a.send(besideType, fmt.Appendf(nil, "datagram %d", i), time.Now())
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
		a.send(besideType, binary.BigEndian.AppendUint32(nil, uint32(i)), time.Now())
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
		a.send(besideType, []byte("a datagram"), a.began.Add(12_345*time.Millisecond))
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
	if p[0] != 0x80 || p[1] != 100 || !bytes.Equal(ssrc, []byte{0, 0, 0, 1}) || !bytes.Equal(p[len(p)-12:len(p)-4], mki) || binary.BigEndian.Uint32(roc) != 1 || binary.BigEndian.Uint32(p[4:]) != 12_345 || len(p)+1 != len(plain)+besideAdds || a.wrote[0][0] != 4 {
		t.Errorf("%x", p)
	}
}

// talk is two ends that both say something each 20 ms, at times of their own.
type talk struct {
	a, b    *besideEnd
	now     time.Time
	passes  func(fromA bool) bool // what goes beside; else it is kept
	keptA   [][]byte
	besideA int // of what a said, how much went beside
	saidA   int
}

func newTalk(t *testing.T) *talk {
	a, b := besidePair(t)
	k := &talk{a: a, b: b, now: time.Now(), passes: func(bool) bool { return true }}
	k.run(time.Second)
	if k.saidA-k.besideA > 3 {
		t.Fatalf("%d of %d went beside where all passes", k.besideA, k.saidA)
	}
	return k
}

func (k *talk) run(d time.Duration) {
	k.besideA, k.saidA = 0, 0
	for end := k.now.Add(d); k.now.Before(end); k.now = k.now.Add(20 * time.Millisecond) {
		for _, e := range []*besideEnd{k.a, k.b} {
			o := k.b
			if e == k.b {
				o = k.a
			} else {
				k.saidA++
			}
			if e.takes(100, k.now) {
				e.send(besideType, []byte("voice"), k.now)
				if e == k.a {
					k.besideA++
				}
			}
			for _, p := range e.wrote {
				if k.passes(e == k.a) {
					o.hear(p, k.now)
				} else if e == k.a {
					k.keptA = append(k.keptA, p)
				}
			}
			e.wrote = nil
		}
	}
}

// TestBesideHeldBack: what somebody on the way held back is no speech any more when
// he puts it in, nor a word that anybody is heard.
func TestBesideHeldBack(t *testing.T) {
	k := newTalk(t)
	k.passes = func(fromA bool) bool { return !fromA }
	k.run(3 * time.Second)
	k.passes = func(bool) bool { return false }
	k.run(3 * time.Second)
	if k.besideA > 0 {
		t.Fatalf("%d went beside where nothing passes", k.besideA)
	}
	got, heard, first := len(k.b.got), k.b.heard.Load(), k.b.unanswered.Load()
	if len(k.keptA) < 100 {
		t.Fatalf("%d were held back", len(k.keptA))
	}
	k.now = k.now.Add(time.Minute)
	for _, p := range k.keptA {
		k.b.hear(p, k.now)
	}
	if len(k.b.got) != got || k.b.heard.Load() != heard || k.b.unanswered.Load() != first {
		t.Errorf("%d held packets were taken", len(k.b.got)-got)
	}
	// What comes now is taken, as soon as most of it does.
	k.passes = func(bool) bool { return true }
	k.run(4 * time.Second)
	if k.run(time.Second); k.besideA < k.saidA {
		t.Errorf("when all passes again %d of %d go beside", k.besideA, k.saidA)
	}
	// One is held for no longer than a slow path may take.
	k.a.send(besideType, []byte("slow"), k.now)
	k.a.send(besideType, []byte("held"), k.now)
	got = len(k.b.got)
	k.b.hear(k.a.wrote[0], k.now.Add(lateBy-50*time.Millisecond))
	k.b.hear(k.a.wrote[1], k.now.Add(lateBy+50*time.Millisecond))
	if len(k.b.got) != got+1 {
		t.Errorf("%d of two that are late, where one is too late", len(k.b.got)-got)
	}
}

// TestDelay: clocks may run apart by a thousandth. Who holds everything back from the
// beginning wins no more than a beginning may take.
func TestDelay(t *testing.T) {
	at := time.Unix(1e9, 0)
	d := delay{beginsBy, at}
	for _, tt := range []struct {
		after, by time.Duration
		late      bool
	}{
		{0, time.Minute, true},
		{0, beginsBy + lateBy + 1, true},
		{0, beginsBy + lateBy, false},
		{0, 50 * time.Millisecond, false},
		{0, lateBy + 50*time.Millisecond + 1, true},
		{time.Second, lateBy + 51*time.Millisecond, false},
		{999 * time.Second, 2*lateBy + 50*time.Millisecond, false},
		{0, -30 * time.Second, false}, // its clock went on
		{0, -29*time.Second + 1, true},
	} {
		at = at.Add(tt.after)
		if got := d.late(at, tt.by); got != tt.late {
			t.Errorf("by %v: late %v", tt.by, got)
		}
	}
}

// TestBesideDropped: a path that drops much of what is beside is not used for it, one
// that drops a fifth is.
func TestBesideDropped(t *testing.T) {
	for _, drops := range []float64{0.2, 0.7, 0.8, 0.95} {
		k := newTalk(t)
		r := rand.New(rand.NewPCG(1, uint64(100*drops)))
		k.passes = func(bool) bool { return r.Float64() >= drops }
		k.run(2500 * time.Millisecond)
		k.run(20 * time.Second)
		if share := float64(k.besideA) / float64(k.saidA); drops < 0.5 && share < 0.8 || drops > 0.5 && share > 0.1 {
			t.Errorf("of what is beside %.0f %% are dropped, and %.0f %% goes there", 100*drops, 100*share)
		}
		k.passes = func(bool) bool { return true }
		k.run(4 * time.Second)
		if k.run(time.Second); k.besideA < k.saidA {
			t.Errorf("when all passes again %d of %d go beside", k.besideA, k.saidA)
		}
	}
}

// TestBesideOneWay: where one direction alone is dropped and both speak, it is known
// as soon as the other side hears nothing.
func TestBesideOneWay(t *testing.T) {
	k := newTalk(t)
	k.passes = func(fromA bool) bool { return !fromA }
	k.run(believed + answerAfter + 100*time.Millisecond) // the other side asks by then
	if k.run(3 * time.Second); k.besideA > 0 {
		t.Errorf("%d go beside where they are dropped", k.besideA)
	}
}

func FuzzBeside(f *testing.F) {
	a, _ := besidePair(f)
	a.send(besideType, []byte("datagram"), time.Now())
	a.send(besideAsks, nil, time.Now())
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

// TestShareOfACut: a path that is cut again and again, and carries all in between, is
// not one that drops most; one that drops most is, whatever its gaps.
func TestShareOfACut(t *testing.T) {
	const every = 20 * time.Millisecond
	now := time.Unix(1_800_000_000, 0)
	var s share
	n := uint64(0)
	for range 100 {
		n, now = n+1, now.Add(every)
		s.open(n, now)
	}
	for cut := range 6 {
		n, now = n+125, now.Add(125*every)
		for i := range 50 {
			n, now = n+1, now.Add(every)
			if s.open(n, now); s.poor {
				t.Fatalf("after cut %d, packet %d: few open", cut, i)
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	s, n = share{}, 0
	poor, came := 0, 0
	for range 100_000 {
		n, now = n+1, now.Add(every)
		if rng.IntN(50) == 0 { // gaps as long as a cut are common
			s.open(n, now)
			came++
			if s.poor {
				poor++
			}
		}
	}
	if poor < came*95/100 {
		t.Errorf("of %d that came of 50 times as many, %d found the path poor", came, poor)
	}
}
