package key

import (
	"runtime"
	"testing"
)

// TestExpandedGoes: pairs that nobody signs with take little, and sign as ever.
func TestExpandedGoes(t *testing.T) {
	const n = 200
	var pairs [n]*Pair
	before := inUse()
	for i := range pairs {
		pairs[i] = pair(t, byte(i))
	}
	if each := (inUse() - before) / n; each > 16<<10 {
		t.Errorf("a pair at rest takes %d bytes", each)
	}
	msg := []byte("checkpoint")
	for _, p := range pairs {
		v, err := NewVerifier(p.Public())
		if err != nil {
			t.Fatal(err)
		}
		if ml, err := p.SignML(msg); err != nil || !v.VerifyML(msg, ml) {
			t.Fatalf("a pair that rested signs no more: %v", err)
		}
	}
	again, err := PairFromSeed(pairs[0].Seed())
	if err != nil || again.Public() != pairs[0].Public() {
		t.Errorf("a pair that rested has another seed: %v", err)
	}
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkExpand(b *testing.B) {
	p := pair(b, 1)
	seed := p.Seed()
	for b.Loop() {
		if _, err := PairFromSeed(seed); err != nil {
			b.Fatal(err)
		}
	}
}
