package bearer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley"
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
	own := []byte("g")
	r.Give(own)
	if got, _ := r.TryTake(nil); string(got) != "f" {
		t.Errorf("got %q", got)
	}
	if got, _ := r.TryTake(nil); &got[0] != &own[0] {
		t.Error("Give copied")
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

func TestRingTake(t *testing.T) {
	r, life := NewRing(8, 0), NewLife()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	got := make(chan string, 4)
	for range 4 { // each token wakes one, and who is woken wakes the next
		wg.Go(func() {
			b, err := r.Take(context.Background(), life)
			if err != nil {
				t.Error(err)
			}
			got <- string(b)
		})
	}
	time.Sleep(10 * time.Millisecond)
	for _, s := range []string{"a", "b", "c", "d"} {
		r.Put([]byte(s))
	}
	wg.Wait()
	if len(got) != 4 {
		t.Errorf("%d came", len(got))
	}
	wg.Go(func() {
		if _, err := r.Take(ctx, life); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
	time.Sleep(10 * time.Millisecond)
	stop()
	wg.Wait()
	reason := parley.Errorf(parley.Quota, "enough")
	wg.Go(func() {
		if _, err := r.Take(context.Background(), life); !errors.Is(err, reason) {
			t.Errorf("got %v, want the reason", err)
		}
	})
	time.Sleep(10 * time.Millisecond)
	life.End(reason)
	wg.Wait()
	r.Put([]byte("late"))
	if _, err := r.Take(context.Background(), life); !errors.Is(err, reason) {
		t.Errorf("after the end: %v", err)
	}
}
