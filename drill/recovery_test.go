package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley"
	"parley/internal/station"
)

// restoresPerWorld and lossesPerWorld bound how many generations one line sees:
// each party may open four a day. Of three losses one party has two.
const (
	restoresPerWorld = 3
	lossesPerWorld   = 3
)

// TestRestores puts stations back to what they were: from a backup, from an
// image of the whole directory, from one with the high-water mark gone as well;
// with an outbox that was sent since, or was not. No fork, nothing twice, and
// when officers have compared the words every text is readable again.
func TestRestores(t *testing.T) {
	recoveries(t, *restores, restoresPerWorld, 3000, func(w *world, s *side, i int) { w.setBack(s, []string{"backup", "image", "image without mark"}[i%3]) })
}

// TestLosses loses stations altogether: directory, mark, officers. What is left
// is the root key and the founding.
func TestLosses(t *testing.T) {
	recoveries(t, *losses, lossesPerWorld, 4000, func(w *world, s *side, _ int) { w.lose(s) })
}

func recoveries(t *testing.T, total, each int, stream uint64, do func(w *world, s *side, i int)) {
	if total == 0 {
		t.Skip("none asked for")
	}
	slots := make(chan struct{}, *pairs)
	t.Run("worlds", func(t *testing.T) {
		for from := 0; from < total; from += each {
			t.Run(fmt.Sprint(from), func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				rng := rand.New(rand.NewPCG(*seed, stream+uint64(from)))
				w := newWorld(t, rng, "alder", "birch")
				n := min(each, total-from)
				for i := range n {
					do(w, w.sides[(from+i)%2], from+i)
				}
				w.noFork()
				w.finish()
				t.Logf("%d to %d of %d, %d acknowledged, seed %d", from+1, from+n, total, w.book.acked(), *seed)
			})
		}
	})
}

// traffic lets both sides send, and waits until all of it is everywhere.
func (w *world) traffic(n int) {
	w.t.Helper()
	for range n {
		for i, s := range w.sides {
			w.release(s, w.sides[(i+1)%len(w.sides)], w.rng)
		}
	}
	w.allHold()
}

func (w *world) others(s *side) (out []*side) {
	for _, o := range w.sides {
		if o != s {
			out = append(out, o)
		}
	}
	return out
}

// setBack puts one side back to an earlier state.
func (w *world) setBack(s *side, how string) {
	w.t.Helper()
	other := w.others(s)[0]
	w.traffic(2)
	if w.rng.IntN(2) == 0 { // with an outbox
		w.cut(true, w.sides...)
		for range 1 + w.rng.IntN(3) {
			w.release(s, other, w.rng)
		}
	}
	kept := filepath.Join(w.dir, fmt.Sprintf("%s-%d", s.code, time.Now().UnixNano()))
	if how == "backup" {
		if out, err := s.parley("", "backup", "-o", kept); err != nil {
			w.t.Fatalf("backup: %v\n%s", err, out)
		}
	} else {
		w.imageOf(s, kept)
	}
	if w.rng.IntN(3) > 0 { // what waited is sent, and more
		w.cut(false, w.sides...)
		w.traffic(2)
	}
	s.kill()
	w.cut(false, w.sides...)
	if err := os.RemoveAll(s.dir); err != nil {
		w.t.Fatal(err)
	}
	if how == "backup" {
		share := filepath.Join(w.dir, s.code+".share")
		if err := os.WriteFile(share, []byte(strings.Join(s.share, " ")), 0o600); err != nil {
			w.t.Fatal(err)
		}
		s.must("restore", kept, s.dir, "--share-file", share, "--high-water", s.mark)
		s.must("recover", "start", w.line, "--root-key", s.rootAt)
	} else if err := copyTree(kept, s.dir); err != nil {
		w.t.Fatal(err)
	}
	if how == "image without mark" {
		if err := os.RemoveAll(s.mark); err != nil {
			w.t.Fatal(err)
		}
	}
	s.start()
	w.recovered(s, how)
}

// imageOf copies a running station's directory while it stands still, as an
// image of its disk does.
func (w *world) imageOf(s *side, to string) {
	w.t.Helper()
	syscall.Kill(s.proc.pid(), syscall.SIGSTOP)
	defer syscall.Kill(s.proc.pid(), syscall.SIGCONT)
	if err := copyTree(s.dir, to); err != nil {
		w.t.Fatal(err)
	}
}

// lose takes everything away from one side but its root key.
func (w *world) lose(s *side) {
	w.t.Helper()
	ctx := context.Background()
	w.traffic(3)
	b, err := w.others(s)[0].client.FoundingFile(ctx, w.line)
	if err != nil {
		w.t.Fatal(err)
	}
	founding := filepath.Join(w.dir, "line.founding")
	if err := os.WriteFile(founding, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	s.kill()
	for _, dir := range []string{s.dir, s.mark} {
		if err := os.RemoveAll(dir); err != nil {
			w.t.Fatal(err)
		}
	}
	s.make(s.listen, true)
	s.must("recover", "start", w.others(s)[0].code, "--root-key", s.rootAt, "--founding", founding)
	s.start()
	w.enlist(s)
	w.recovered(s, "loss")
}

// must runs a command of the program that has to succeed.
func (s *side) must(args ...string) {
	s.t.Helper()
	if out, err := s.parley("", args...); err != nil {
		s.t.Fatalf("%s: parley %s: %v\n%s", s.code, strings.Join(args, " "), err, out)
	}
}

// recovered waits until the side writes to a new generation, has officers
// compare the words, and checks that all is back.
func (w *world) recovered(s *side, how string) {
	w.t.Helper()
	ctx := context.Background()
	// What only the lost disk held is gone: filed after what was put back, and
	// never handed out. Everything the others hold has to come back.
	w.forget(s)
	eventually(w.t, 60*time.Second, fmt.Sprintf("%s goes on in a new generation after %s", s.code, how), func() bool {
		l, err := s.client.Line(ctx, w.line)
		return err == nil && l.State == "active" && (l.Lamp.State == station.LampUp || l.Lamp.State == station.LampPartly)
	})
	w.compareWords(s)
	a := w.release(s, w.others(s)[0], w.rng)
	if a.err != nil {
		w.t.Errorf("after %s %s cannot send: %v", how, s.code, a.err)
	}
	w.allHold()
	for _, x := range w.sides {
		w.readable(x)
	}
	w.noFork()
	eventually(w.t, 60*time.Second, "nothing waits any more", func() bool {
		l, err := s.client.Line(ctx, w.line)
		return err == nil && len(l.Notices) == 0
	})
	w.allHold()
}

// forget takes from the book what a side acknowledged and nobody else holds:
// a lost disk takes it along. It may still be sent, once.
func (w *world) forget(s *side) {
	w.t.Helper()
	held := map[string]int{}
	for _, o := range w.others(s) {
		items, err := w.dispatches(o)
		if err != nil {
			w.t.Fatal(err)
		}
		for sub := range count(items, true) {
			held[sub]++
		}
	}
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	for _, a := range w.book.acts {
		if a.from == s.code && held[a.subject] == 0 {
			a.acked = false
		}
	}
}

// compareWords has officers of both sides read the words to each other, where
// there are any to compare.
func (w *world) compareWords(s *side) {
	w.t.Helper()
	ctx := context.Background()
	var ours, theirs []string
	eventually(w.t, 60*time.Second, "the words are equal", func() bool {
		var e1, e2 error
		ours, e1 = s.client.RecoveryWords(ctx, w.line)
		theirs, e2 = w.others(s)[0].client.RecoveryWords(ctx, w.line)
		return e1 == nil && e2 == nil && slices.Equal(ours, theirs)
	})
	for _, o := range w.others(s) {
		if err := o.client.As(envoy).ConfirmRecovery(ctx, w.line, ours); err != nil && parley.KindOf(err) != parley.NotAllowed {
			w.t.Fatalf("%s confirms: %v", o.code, err)
		}
	}
}

// readable waits until a side reads every dispatch, and compares the words.
func (w *world) readable(s *side) {
	w.t.Helper()
	sent := map[string]string{}
	for _, a := range w.book.all("") {
		sent[a.subject] = a.text
	}
	var bad string
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		bad = ""
		items, err := w.dispatches(s)
		if err != nil {
			bad = err.Error()
			continue
		}
		for _, it := range items {
			full, err := s.client.As(envoy).Open(context.Background(), w.line, it.ID)
			if err != nil || it.Unreadable || full.Text != sent[it.Subject] {
				bad = fmt.Sprintf("%s %q: %v", it.ID, it.Subject, err)
				break
			}
		}
		if bad == "" {
			return
		}
	}
	w.t.Fatalf("%s does not read everything: %s\n%s", s.code, bad, w.state())
}

// noFork checks that nobody has proof of two histories.
func (w *world) noFork() {
	w.t.Helper()
	for _, s := range w.sides {
		l, err := s.client.Line(context.Background(), w.line)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, g := range l.Logs {
			if g.Disputed {
				w.t.Errorf("%s has proof that %s forked generation %s", s.code, g.Party, g.Gen)
			}
		}
	}
}
