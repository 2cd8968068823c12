package drill

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

// killsPerWorld bounds how large a record grows before a new world is made.
const killsPerWorld = 20

// TestKills kills stations with SIGKILL at random moments while both sides
// send, attachments too: in the middle of commits, of transfers, of starting
// up. After each kill the dead station's store passes fsck, the restarted one
// has all it acknowledged, and soon both have all of both, once.
func TestKills(t *testing.T) {
	var done atomic.Int64
	began := time.Now()
	worlds := (*kills + killsPerWorld - 1) / killsPerWorld
	t.Run("worlds", func(t *testing.T) {
		slots := make(chan struct{}, *pairs)
		for i := range worlds {
			n := min(killsPerWorld, *kills-i*killsPerWorld)
			if worlds == 1 && *pairs > 1 { // the short set: share what there is
				n = *kills
			}
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				rng := rand.New(rand.NewPCG(*seed, uint64(i)))
				w := newWorld(t, rng, "alder", "birch")
				acked := w.killed(n)
				total := done.Add(int64(n))
				t.Logf("world %d: %d kills, %d acknowledged; %d of %d kills in %v, seed %d", i, n, acked, total, *kills, time.Since(began).Round(time.Second), *seed)
			})
		}
	})
	t.Logf("%d kills, nothing lost, nothing twice, every fsck clean: %v", done.Load(), !t.Failed())
	if done.Load() != int64(*kills) && !t.Failed() {
		t.Errorf("%d kills, want %d", done.Load(), *kills)
	}
}

// killed runs one world through n kills and returns how many dispatches were
// acknowledged.
func (w *world) killed(n int) int {
	w.t.Helper()
	l := w.startLoad(2)
	defer l.end()
	for done := 0; done < n; {
		l.give(12)
		time.Sleep(time.Duration(w.rng.IntN(250)) * time.Millisecond)
		victims := w.victims(n - done)
		acts := w.book.all("")
		for _, s := range victims {
			s.proc.kill()
			done++
		}
		for _, s := range victims {
			s.fsck()
			if done < n && w.rng.IntN(4) == 0 { // and again while it starts
				if err := s.launch(); err != nil {
					w.t.Fatal(err)
				}
				time.Sleep(time.Duration(w.rng.IntN(200)) * time.Millisecond)
				s.proc.kill()
				done++
				s.fsck()
			}
			s.start()
			w.ownHolds(s, own(acts, s))
		}
		w.allHold()
	}
	l.end()
	w.quiet()
	w.founding()
	w.finish()
	if w.book.acked() == 0 {
		w.t.Error("nothing was acknowledged: the drill has shown nothing")
	}
	return w.book.acked()
}

// victims draws who is killed: one side, or, when there are kills enough, all.
func (w *world) victims(left int) []*side {
	if left >= len(w.sides) && w.rng.IntN(4) == 0 {
		return w.sides
	}
	i := w.rng.IntN(len(w.sides))
	return w.sides[i : i+1]
}

func own(acts []act, s *side) (out []act) {
	for _, a := range acts {
		if a.from == s.code {
			out = append(out, a)
		}
	}
	return out
}
