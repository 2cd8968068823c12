package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley/internal/control"
	"parley/internal/station"
)

// cutsPerRun is at how many other moments of a run the power is cut in images,
// besides its end.
const cutsPerRun = 3

// TestPowerLoss cuts the power of a station at random moments under load. What
// is put in its place is what a disk would hold then. It comes up, fsck finds
// nothing, what it acknowledged and what the other side has its receipts for is
// there, it opens no new generation; and from the last cut of each run the two
// go on, to the same record.
func TestPowerLoss(t *testing.T) {
	needTrace(t)
	rng := rand.New(rand.NewPCG(*seed, 2000))
	cuts := 0
	for n := 0; n < *powers; n += 10 {
		w := newWorld(t, rng, "alder", "birch")
		for i := range min(10, *powers-n) {
			cuts += w.powerCut(w.sides[i%2])
		}
		w.quiet()
		w.founding()
		w.finish()
		t.Logf("%d runs, %d power cuts, %d acknowledged in this world, seed %d", min(n+10, *powers), cuts, w.book.acked(), *seed)
	}
}

// poll is what the other side was seen to know of the victim, at the latest.
type poll struct {
	at     time.Time
	stored uint64 // entries of its own log that the victim has given receipts for
	held   uint64 // entries of the victim's log
}

// powerCut runs the victim under strace, kills it, and cuts the power in
// images of it; the last image takes its place.
func (w *world) powerCut(s *side) (cuts int) {
	w.t.Helper()
	other := w.sides[0]
	if other == s {
		other = w.sides[1]
	}
	s.halt()
	base := newDisk(w.t, s.dir, s.mark)
	log := filepath.Join(w.dir, fmt.Sprintf("%s-%d.calls", s.code, time.Now().UnixNano()))
	s.wrap = recorded(log)
	s.start()
	s.wrap = nil
	stop := w.poll(s, other)
	l := w.startLoad(2)
	l.give(30)
	time.Sleep(time.Duration(300+w.rng.IntN(1200)) * time.Millisecond)
	s.kill()
	l.end()
	polls := stop()
	calls := readCalls(w.t, log)
	os.Remove(log)
	if len(calls) < 100 {
		w.t.Fatalf("strace saw %d calls", len(calls))
	}
	at := map[int]bool{}
	for range cutsPerRun {
		at[len(calls)/8+w.rng.IntN(len(calls)*7/8)] = true
	}
	w.cut(true, other) // images speak to nobody
	for i := range calls {
		if at[i] {
			w.image(s, base, calls[i].at, polls)
			cuts++
		}
		base.play(&calls[i])
	}
	w.replace(s, base)
	s.fsck()
	w.cut(false, other)
	s.start()
	w.holds(s, time.Now(), polls)
	w.allHold()
	return cuts + 1
}

// image starts the victim from what the power left at a moment before now, and
// looks at what it says.
func (w *world) image(s *side, d *disk, at time.Time, polls []poll) {
	w.t.Helper()
	dir, err := os.MkdirTemp(w.dir, "image-")
	if err != nil {
		w.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := &side{t: w.t, w: w, code: s.code, dir: filepath.Join(dir, "d"), mark: filepath.Join(dir, "mark"), rootAt: s.rootAt, log: filepath.Join(dir, "log")}
	files := d.cutPower(w.rng)
	for from, to := range map[string]string{s.dir: c.dir, s.mark: c.mark} {
		if err := writeImage(files, d.dirs, from, to); err != nil {
			w.t.Fatal(err)
		}
	}
	cfg := c.config()
	cfg.HighWater = c.mark
	if err := os.WriteFile(filepath.Join(c.dir, station.ConfigName), cfg.Text(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	c.client = control.Dial(c.config().SocketPath())
	c.fsck()
	c.start()
	defer c.kill()
	w.holds(c, at, polls)
}

// holds checks a station that came up after a power cut at a time.
func (w *world) holds(s *side, at time.Time, polls []poll) {
	w.t.Helper()
	var acts []act
	for _, a := range own(w.book.all(""), s) {
		if a.acked && a.ended.Before(at) {
			acts = append(acts, a)
		}
	}
	w.ownHolds(s, acts)
	var known poll
	for _, p := range polls {
		if p.at.Before(at) {
			known = p
		}
	}
	l, err := s.client.Line(context.Background(), w.line)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, g := range l.Logs {
		want := known.stored
		if string(g.Party) == s.code {
			want = known.held
		}
		if g.Size < want {
			w.t.Errorf("after a power cut %s has %d entries of %s; %d were stored or sent", s.code, g.Size, g.Party, want)
		}
		if g.Reason != "founding" || g.Disputed {
			w.t.Errorf("after a power cut %s has a generation of %s: %s", s.code, g.Party, g.Reason)
		}
	}
	if l.State != "active" {
		w.t.Errorf("after a power cut the line of %s is %s", s.code, l.State)
	}
}

// replace puts what the power left in the place of the victim's files.
func (w *world) replace(s *side, d *disk) {
	w.t.Helper()
	files := d.cutPower(w.rng)
	for _, dir := range []string{s.dir, s.mark} {
		if err := os.RemoveAll(dir); err != nil {
			w.t.Fatal(err)
		}
		if err := writeImage(files, d.dirs, dir, dir); err != nil {
			w.t.Fatal(err)
		}
	}
}

// poll asks the other side again and again what it knows of the victim.
func (w *world) poll(victim, other *side) (stop func() []poll) {
	var polls []poll
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if l, err := other.client.Line(ctx, w.line); err == nil {
				var p poll
				for _, g := range l.Logs {
					if string(g.Party) == victim.code {
						p.held = g.Size
					} else {
						p.stored = g.Stored[victim.code]
					}
				}
				p.at = time.Now()
				polls = append(polls, p)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	return func() []poll { cancel(); wg.Wait(); return polls }
}
