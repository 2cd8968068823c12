package quic

import (
	"testing"
	"time"
)

// TestPacer: few datagrams wait in the library, half the packets stay free while
// something urgent goes, and rest is not taken for a jam.
func TestPacer(t *testing.T) {
	now, p, sent := time.Unix(0, 0), pacer{}, uint64(100)
	give := func(urgent uint64) (n int) {
		for p.may(sent, urgent, now) {
			p.gave()
			n++
		}
		return n
	}
	if n := give(0); n != ahead {
		t.Errorf("%d at first, want %d", n, ahead)
	}
	sent += 3
	if n := give(0); n != 3 {
		t.Errorf("%d after three packets", n)
	}
	if n := give(sent + 10); n != 0 {
		t.Errorf("%d while all that was given waits and something is urgent", n)
	}
	total := 0
	urgent := sent + 20
	for sent+1 < urgent {
		sent++
		now = now.Add(time.Millisecond)
		total += give(urgent)
	}
	if total < 8 || total > 10 {
		t.Errorf("%d in 20 packets with something urgent", total)
	}
	if n := give(0); n < ahead-1 {
		t.Errorf("%d after it", n)
	}
	// The urgent is sent and nothing follows: datagrams go on.
	p, urgent = pacer{}, sent+18
	if !p.may(sent, urgent, now) {
		t.Error("none after a long time without any")
	}
	p.gave()
	sent++
	if p.may(sent, urgent, now) || p.may(sent, urgent, now.Add(resting/2)) {
		t.Error("it was not waited for the urgent")
	}
	if !p.may(sent, urgent, now.Add(2*resting)) {
		t.Error("nothing goes though all is at rest")
	}
}
