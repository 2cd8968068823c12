package trunk

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestOnset: where a quiet path begins to lose at random, in the middle of what is
// judged together, what goes along is soon as much as that asks for, and stays.
func TestOnset(t *testing.T) {
	for _, voices := range []int{1, 4, 8} {
		bad, worst := 0, 0
		const seeds = 200
		for seed := range uint64(seeds) {
			rng, now := rand.New(rand.NewPCG(seed, 9)), time.Unix(0, 0)
			c := newControl(now)
			began := 30*time.Second + time.Duration(rng.IntN(1000))*time.Millisecond
			low, long := 0, false
			for at := time.Duration(0); at < began+15*time.Second; at += 200 * time.Millisecond {
				now = time.Unix(0, 0).Add(at)
				for range voices {
					lost := 0
					for k := range 10 { // each 20 ms
						if at-200*time.Millisecond+time.Duration(k)*20*time.Millisecond >= began && rng.Float64() < 0.2 {
							lost++
						}
					}
					c.told(10, lost, now)
				}
				c.carried(0, now)
				if at > began+2*time.Second && c.level < 2 {
					low++
				}
				if at > began+9*time.Second && c.level < 2 {
					long = true
				}
			}
			if low > 0 {
				bad++
			}
			if long {
				worst++
			}
		}
		t.Logf("%d voices: in %d of %d too little went along for a while, in %d for long", voices, bad, seeds, worst)
		if bad > seeds/20 || worst > seeds/100 { // by chance a step looks as if it had made things worse
			t.Errorf("%d voices: in %d of %d too little went along for a while, in %d for long", voices, bad, seeds, worst)
		}
	}
}
