package station

import (
	"slices"
	"time"
)

// told is what an alarm told, and until when it may be asked for: after that nobody
// sounds for it any more. It holds maxTold at the most; of more those that end first
// are forgotten, half of all.
type told map[string]time.Time

const maxTold = 1 << 16

func (t told) note(key string, until time.Time) {
	if _, had := t[key]; !had && len(t) >= maxTold {
		ends := make([]time.Time, 0, len(t))
		for _, x := range t {
			ends = append(ends, x)
		}
		slices.SortFunc(ends, time.Time.Compare)
		for k, x := range t {
			if !x.After(ends[len(ends)/2]) {
				delete(t, k)
			}
		}
	}
	t[key] = until
}

func (t told) has(key string) bool {
	_, ok := t[key]
	return ok
}

// forget drops what has ended.
func (t told) forget(now time.Time) {
	for k, until := range t {
		if until.Before(now) {
			delete(t, k)
		}
	}
}

// keepOnly drops what is not among some keys.
func keepOnly[V any](m map[string]V, keys map[string]bool) {
	for k := range m {
		if !keys[k] {
			delete(m, k)
		}
	}
}
