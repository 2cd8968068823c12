package bearer

import (
	"testing"
	"testing/synctest"
	"time"
)

func drain(r *Ring) (s string) {
	for {
		b, ok := r.TryTake(nil)
		if !ok {
			return s
		}
		s += string(b)
	}
}

func TestRingDropsTheOldest(t *testing.T) {
	r := NewRing(3, 0)
	for _, s := range []string{"a", "b", "c", "d", "e"} {
		r.Put([]byte(s))
	}
	if n, d := r.Held(), r.Dropped(); n != 3 || d != 2 {
		t.Errorf("%d held, %d dropped", n, d)
	}
	if got := drain(r); got != "cde" {
		t.Errorf("got %q", got)
	}
	b := []byte("f")
	r.Put(b)
	b[0] = 'x' // Put copied it
	if got, _ := r.TryTake(nil); string(got) != "f" {
		t.Errorf("got %q", got)
	}
	if _, ok := r.TryTake(nil); ok || r.Held() != 0 {
		t.Error("something is left")
	}
}

func TestRingDropsTheLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(8, 200*time.Millisecond)
		r.Put([]byte("a"))
		time.Sleep(150 * time.Millisecond)
		r.Put([]byte("b"))
		time.Sleep(100 * time.Millisecond)
		r.Put([]byte("c"))
		if got := drain(r); got != "bc" || r.Dropped() != 1 {
			t.Errorf("got %q, %d dropped", got, r.Dropped())
		}
	})
}

// TestRingUsesBuffersAgain: what goes round costs nothing.
func TestRingUsesBuffersAgain(t *testing.T) {
	r, b := NewRing(4, time.Second), make([]byte, 1200)
	var buf []byte
	if n := testing.AllocsPerRun(1000, func() {
		r.Put(b)
		buf, _ = r.TryTake(buf)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
