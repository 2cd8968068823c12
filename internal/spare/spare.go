// Package spare keeps what is large, and can be made again of what is small, for as
// long as it is used.
package spare

import (
	"sync"
	"weak"
)

// Of makes a thing of seed, which nobody changes from then on, and returns it with
// what gives it out from then on. A thing that nobody uses goes with the next
// collection of garbage, and is made again when it is asked for; those that were made
// last stay. again is safe for concurrent use. The error is that of the first making:
// a later one is of the same seed.
func Of[T any](seed []byte, make func(seed []byte) (*T, error)) (first *T, again func() *T, _ error) {
	first, err := make(seed)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	at := weak.Make(first)
	last.keep(first)
	return first, func() *T {
		mu.Lock()
		defer mu.Unlock()
		if v := at.Value(); v != nil {
			return v
		}
		v, err := make(seed)
		if err != nil {
			panic(err)
		}
		at = weak.Make(v)
		last.keep(v)
		return v
	}, nil
}

// Kept is how many things stay though nobody may use them: more than one line needs,
// so that a line which is alone, or busy, makes none again.
const Kept = 16

var last ring

type ring struct {
	mu     sync.Mutex
	things [Kept]any
	next   int
}

func (r *ring) keep(v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.things[r.next] = v
	r.next = (r.next + 1) % Kept
}
