package key

import (
	"sync"
	"weak"

	"filippo.io/mldsa"
)

// An ML-DSA key in the form that signs is 96 kB, made of 32 bytes in a fraction of
// the time that a signature takes. A station has two for each line, and most lines
// are silent: one that nobody signed with goes with the next collection of garbage,
// and is made again when it is asked for. Those made last stay, so that a line that
// is alone, or busy, makes none again.
const expandedKept = 8

var expandedLast struct {
	sync.Mutex
	keys [expandedKept]*mldsa.PrivateKey
	next int
}

func keepExpanded(k *mldsa.PrivateKey) {
	l := &expandedLast
	l.Lock()
	defer l.Unlock()
	l.keys[l.next] = k
	l.next = (l.next + 1) % expandedKept
}

// expanded returns the key of seed, which is now k.
func expanded(seed behind[[]byte], k *mldsa.PrivateKey) behind[*mldsa.PrivateKey] {
	var mu sync.Mutex
	at := weak.Make(k)
	keepExpanded(k)
	return func() *mldsa.PrivateKey {
		mu.Lock()
		defer mu.Unlock()
		if k := at.Value(); k != nil {
			return k
		}
		k, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed())
		if err != nil {
			panic(err) // k came of the same seed
		}
		at = weak.Make(k)
		keepExpanded(k)
		return k
	}
}
