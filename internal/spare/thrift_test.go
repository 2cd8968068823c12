package spare

import (
	"context"
	"runtime/debug"
	"testing"
	"time"
)

func TestAtRest(t *testing.T) {
	for _, c := range []struct {
		mb   uint64
		want int
	}{{0, 100}, {1, 100}, {8, 100}, {9, 75}, {12, 50}, {16, 50}, {30, 25}, {40, 25}, {4000, 25}} {
		if got := atRest(c.mb << 20); got != c.want {
			t.Errorf("%d MB in use: %d %%, want %d", c.mb, got, c.want)
		}
	}
}

// TestThrift: room is taken back at rest, given again before work has gone on for long,
// and left as it was found.
func TestThrift(t *testing.T) {
	t.Setenv("GOGC", "")
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = 1
	}
	debug.FreeOSMemory() // so that it counts
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); Thrift(ctx, func() bool { return false }) }()
	percent := func() int {
		p := debug.SetGCPercent(restPercent)
		debug.SetGCPercent(p)
		return p
	}
	for began := time.Now(); percent() != restPercent; time.Sleep(time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("at rest garbage may take %d %% of what is in use", percent())
		}
	}
	stop()
	<-done
	if percent() != workPercent {
		t.Errorf("%d %% are left", percent())
	}
	if held[len(held)-1] != 1 {
		t.Error("it is in use")
	}
}
