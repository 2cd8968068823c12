package bearertest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"parley/internal/bearer"
	"parley/internal/bearer/link"
)

const chunk = 64 << 10 // the largest bulk frame of the line, about (spec/frames.md, 12)

// bulky returns options whose queues hold 20 MB of bulk.
func bulky(o *bearer.Options) { o.QueueBytes = 32 << 20 }

var flash = []byte("FLASH")

// race queues 20 MB of bulk, lets the path fill, sends a FLASH and returns how
// long it took, and how much bulk came before it.
func race(t *testing.T, a, b bearer.Conn, settle time.Duration) (took time.Duration, before int) {
	t.Helper()
	for i := range 20 << 20 / chunk {
		send(t, a, bearer.Bulk, frame(i, chunk))
	}
	ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
	defer stop()
	type arrival struct {
		at     time.Time
		before int
	}
	sent := make(chan time.Time, 1)
	got := make(chan arrival, 1)
	go func() {
		n := 0
		var since time.Time
		for {
			f, err := b.Recv(ctx)
			if err != nil {
				return
			}
			if bytes.Equal(f, flash) {
				got <- arrival{time.Now(), n}
				return
			}
			if since.IsZero() {
				select {
				case since = <-sent:
				default:
				}
			}
			if !since.IsZero() {
				n += len(f)
			}
		}
	}()
	time.Sleep(settle)
	now := time.Now()
	sent <- now
	send(t, a, bearer.Flash, flash)
	select {
	case r := <-got:
		return r.at.Sub(now), r.before
	case <-ctx.Done():
		t.Fatal("the flash never came")
		return 0, 0
	}
}

// testOvertake: with nobody slow, a FLASH is ahead of what still waits here.
func testOvertake(t *testing.T, k Kit) {
	a, b := open(t, k, bulky).connect(t, "")
	if took, _ := race(t, a, b, 0); took > 2*time.Second {
		t.Errorf("the flash took %v", took)
	}
}

// testOvertakeSlow: a path of 4 Mbit/s, 131 ms for one chunk, with a short
// queue of its own (32 KiB, 66 ms).
func testOvertakeSlow(t *testing.T, k Kit) {
	e := open(t, k, bulky)
	l := cable(t, k, e.listener.Addr(), link.Options{Rate: 4_000_000, Queue: 32 << 10, Delay: 10 * time.Millisecond})
	a, b := e.connect(t, l.Addr())
	one := time.Duration(chunk * 8 * int(time.Second) / 4_000_000)
	took, before := race(t, a, b, 3*time.Second)
	t.Logf("flash after %v and %d bytes; one chunk takes %v", took, before, one)
	if took > 5*one {
		t.Errorf("the flash took %v, more than five chunks (%v)", took, 5*one)
	}
}

// testOvertakeBloat: a path of 4 Mbit/s whose own queue holds four seconds. It is for
// UDP: a proxy ends the round trip of TCP, so its queue cannot be seen through one.
func testOvertakeBloat(t *testing.T, k Kit) {
	e := open(t, k, bulky)
	l := cable(t, k, e.listener.Addr(), link.Options{Rate: 4_000_000, Queue: 2 << 20, Delay: 10 * time.Millisecond})
	a, b := e.connect(t, l.Addr())
	took, before := race(t, a, b, 6*time.Second)
	t.Logf("flash after %v and %d bytes", took, before)
	if took > 600*time.Millisecond {
		t.Errorf("the flash took %v through a queue of 4 s", took)
	}
}
