package bearer

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t0 := time.Unix(1_000_000, 0)
	tests := []struct {
		name string
		rand float64
		want []time.Duration // waits of failures that take no time
	}{
		{"no luck is still one a second", 0, []time.Duration{1 * time.Second, 1 * time.Second, 1 * time.Second, 1 * time.Second, 1 * time.Second, 1 * time.Second, 1 * time.Second}},
		{"half", 0.5, []time.Duration{1 * time.Second, 1 * time.Second, 1 * time.Second, 1 * time.Second, 2 * time.Second, 4 * time.Second, 7500 * time.Millisecond, 7500 * time.Millisecond}},
		{"all", 1, []time.Duration{1 * time.Second, 1 * time.Second, 1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second, 15 * time.Second}},
	}
	for _, tt := range tests {
		b := Backoff{Rand: func() float64 { return tt.rand }}
		now := t0
		for i, want := range tt.want {
			got := b.Next(now)
			if got != want {
				t.Errorf("%s: wait %d is %v, want %v", tt.name, i, got, want)
			}
			now = now.Add(got)
		}
	}
}

func TestBackoffCountsDialTime(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	b := Backoff{Rand: func() float64 { return 0.4 }}
	b.Dialed(now)
	if got, want := b.Next(now.Add(700*time.Millisecond)), 300*time.Millisecond; got != want {
		t.Errorf("after a dial of 0.7 s: %v, want %v", got, want)
	}
	b.Dialed(now)
	if got, want := b.Next(now.Add(10*time.Second)), 200*time.Millisecond; got != want {
		t.Errorf("after a dial of 10 s: %v, want %v", got, want)
	}
}

func TestBackoffReset(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	b := Backoff{Rand: func() float64 { return 1 }}
	for range 10 {
		now = now.Add(b.Next(now))
	}
	b.Reset()
	if got := b.Next(now); got != time.Second {
		t.Errorf("after a reset %v, want 1s", got)
	}
}

// TestBackoffNeverTwiceASecond plays paths with any luck, dials that take any
// time, resets, and a clock that steps back.
func TestBackoffNeverTwiceASecond(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		b := Backoff{Rand: r.Float64}
		now := time.Unix(1_000_000, 0)
		var last time.Time
		for range 100 {
			if !last.IsZero() && now.Sub(last) < time.Second {
				t.Fatalf("two dials %v apart", now.Sub(last))
			}
			last = now
			now = now.Add(time.Duration(r.Float64() * float64(r.IntN(3)) * float64(5*time.Second)))
			if r.IntN(5) == 0 {
				b.Reset()
			}
			if r.IntN(20) == 0 {
				b = Backoff{Rand: r.Float64}
			}
			wait := b.Next(now)
			if wait > backoffCap {
				t.Fatalf("a wait of %v", wait)
			}
			now = now.Add(wait)
		}
	}
}
