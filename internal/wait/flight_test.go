package wait

import (
	"testing"
	"time"
)

// TestFlightShrinks: a peer that takes nothing for an hour, while its paths flap, is
// sent a few times what it lets be under way and not sixty times, and one that takes
// again soon gets all.
func TestFlightShrinks(t *testing.T) {
	now := time.Unix(1_795_000_000, 0)
	f, sent := NewFlight(), uint64(0)
	push := func(end uint64) {
		for f.Sent < end && !f.Full(64) {
			n := min(f.Sent+16, f.Upto(end))
			sent += n - f.Sent
			f.Went(n, 1000, 1, now)
		}
	}
	for range 3600 {
		push(5000)
		now = now.Add(time.Second)
		f.Resend(now)
		f.Anew(now) // a path flaps
	}
	if sent < 1024 || sent > 4*1024 {
		t.Errorf("%d entries were sent to a peer that takes none", sent)
	}
	for rounds := 0; f.Have < 5000; rounds++ {
		if rounds > 20 {
			t.Fatalf("after %d rounds %d are there", rounds, f.Have)
		}
		push(5000)
		now = now.Add(100 * time.Millisecond)
		f.Progress(f.Sent, now)
	}
}

// TestFlightHoldsHeads: no more checkpoints of a log are under way than a peer lets
// wait, for it drops the others.
func TestFlightHoldsHeads(t *testing.T) {
	now := time.Unix(1_795_000_000, 0)
	f := NewFlight()
	for i := uint64(1); i <= 64; i++ {
		if f.Full(64) {
			t.Fatalf("full at %d", i-1)
		}
		f.Went(i, 300, 1, now)
	}
	if !f.Full(64) {
		t.Error("not full with 64 checkpoints under way")
	}
	if f.Progress(1, now); f.Full(64) {
		t.Error("full though one has come")
	}
}
