package spare

import (
	"errors"
	"runtime"
	"sync"
	"testing"
)

type thing struct {
	of byte
	_  [64 << 10]byte
}

// TestOf: of many things those that nobody uses go, those made last stay, and each is
// given out as it was.
func TestOf(t *testing.T) {
	const n = 100
	var mu sync.Mutex
	made := 0
	var again [n]func() *thing
	for i := range again {
		first, f, err := Of([]byte{byte(i)}, func(seed []byte) (*thing, error) {
			mu.Lock()
			defer mu.Unlock()
			made++
			return &thing{of: seed[0]}, nil
		})
		if err != nil || first.of != byte(i) || f() != first {
			t.Fatalf("thing %d: %v", i, err)
		}
		again[i] = f
	}
	if made != n {
		t.Errorf("%d were made, want %d", made, n)
	}
	runtime.GC()
	runtime.GC()
	for i := n - Kept; i < n; i++ {
		again[i]()
	}
	if made != n {
		t.Errorf("%d of the last %d were made again", made-n, Kept)
	}
	var wg sync.WaitGroup
	for i := range again {
		wg.Go(func() {
			for range 3 {
				if v := again[i](); v.of != byte(i) {
					t.Errorf("%d instead of %d", v.of, i)
				}
			}
		})
	}
	wg.Wait()
	if made < 2*(n-Kept) {
		t.Errorf("%d were made: what nobody used stayed", made)
	}
	if _, _, err := Of(nil, func([]byte) (*thing, error) { return nil, errors.New("no") }); err == nil {
		t.Error("what cannot be made is given out")
	}
}
