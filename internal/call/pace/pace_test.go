package pace

import (
	"testing"
	"time"
)

// TestBucket: a burst at once, then the rate, and nothing for a clock that goes
// back.
func TestBucket(t *testing.T) {
	var b Bucket
	now := time.Unix(1000, 0)
	passed := func(tries int) (n int) {
		for range tries {
			if b.Take(1, 10, 5, now) {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 5}, {0, 0}, {300 * time.Millisecond, 3}, {-time.Hour, 0}, {200 * time.Millisecond, 2}, {time.Hour, 5}} {
		now = now.Add(step.after)
		if got := passed(20); got != step.want {
			t.Errorf("after %v: %d passed, want %d", step.after, got, step.want)
		}
	}
}
