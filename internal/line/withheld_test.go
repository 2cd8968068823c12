package line_test

import (
	"slices"
	"sort"
	"testing"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
)

// setBack has Alder file two dispatches with the path down, keeps an image,
// lets the path come back (sent) or not, and puts the image back in its place;
// without its private keys it is what a backup holds.
func setBack(t *testing.T, secrets, sent bool) (w *world, a, b *node) {
	t.Helper()
	w = newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b = w.nodes[alder], w.nodes[birch]
	a.dispatch(parley.Routine, "before")
	w.run(3 * time.Second)
	w.disconnect(alder, birch)
	a.dispatch(parley.Routine, "waits 1")
	a.dispatch(parley.Immediate, "waits 2")
	old := a.mem.Snapshot()
	if !secrets {
		old = old.WithoutSecrets()
	}
	if sent {
		w.connect(alder, birch)
		w.run(3 * time.Second)
		a.dispatch(parley.Routine, "after")
		w.run(3 * time.Second)
		if got := b.subjects(alder); len(got) != 4 {
			t.Fatalf("birch reads %v before the restore", got)
		}
	}
	a.down()
	a.use(old)
	a.load()
	if !secrets {
		a.filed = a.e.LastFiled()
		a.dispatch(parley.Routine, "filed in doubt")
		a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
	} else if !sent {
		a.step(line.Doubt{Reason: journal.ReasonRestored, Why: "mark"})
	}
	w.connect(alder, birch)
	w.run(5 * time.Second)
	a.filed = a.e.LastFiled()
	a.dispatch(parley.Routine, "new life")
	w.run(10 * time.Second)
	return w, a, b
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	sort.Strings(s)
	return s
}

// TestOldOutboxIsNotSentTwice puts back stores whose outbox was sent since, or
// was not.
func TestOldOutboxIsNotSentTwice(t *testing.T) {
	for name, c := range map[string]struct {
		secrets, sent bool
		early, end    []string // what birch reads before officers compare words, and after
	}{
		"image, sent":      {true, true, []string{"after", "before", "new life", "waits 1", "waits 2"}, []string{"after", "before", "new life", "waits 1", "waits 2"}},
		"backup, sent":     {false, true, []string{"after", "before", "new life", "waits 1", "waits 2"}, []string{"after", "before", "filed in doubt", "new life", "waits 1", "waits 2"}},
		"image, not sent":  {true, false, []string{"before", "new life", "waits 1", "waits 2"}, []string{"before", "new life", "waits 1", "waits 2"}},
		"backup, not sent": {false, false, []string{"before", "filed in doubt", "new life", "waits 1", "waits 2"}, []string{"before", "filed in doubt", "new life", "waits 1", "waits 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, a, b := setBack(t, c.secrets, c.sent)
			if !a.alarmed("withheld") {
				t.Error("nobody was told that something waits")
			}
			if got := sorted(b.subjects(alder)); !slices.Equal(got, c.early) {
				t.Errorf("before the words birch reads %q, want %q", got, c.early)
			}
			a.load() // what is withheld is so after a restart
			w.connect(alder, birch)
			w.run(5 * time.Second)
			b.step(line.GiveKeys{Gen: a.log(alder).Gen})
			w.run(10 * time.Second)
			for _, n := range []*node{a, b} {
				if got := sorted(n.subjects(alder)); !slices.Equal(got, c.end) {
					t.Errorf("%s reads %q, want %q", n.code, got, c.end)
				}
			}
			if s := a.e.Status(); s.Outbox != 0 || s.Withheld != 0 {
				t.Errorf("%d items wait, %d withheld", s.Outbox, s.Withheld)
			}
			w.wantSame()
		})
	}
}

// TestOfficersSendWhatWaits has an officer decide while nothing can be known.
func TestOfficersSendWhatWaits(t *testing.T) {
	w, a, b := setBack(t, false, true)
	if n := a.e.Status().Withheld; n != 3 {
		t.Fatalf("%d items are withheld, want 3", n)
	}
	a.step(line.SendWithheld{})
	w.run(5 * time.Second)
	want := []string{"after", "before", "filed in doubt", "new life", "waits 1", "waits 1", "waits 2", "waits 2"}
	if got := sorted(b.subjects(alder)); !slices.Equal(got, want) {
		t.Errorf("birch reads %q, want %q", got, want)
	}
}

// TestReleasedBeforeTheLossIsFiledLate files what our own side's store knew to
// be released and the restored one did not.
func TestReleasedBeforeTheLossIsFiledLate(t *testing.T) {
	w := newWorld(t, alder, birch)
	w.connectAll()
	w.run(3 * time.Second)
	a, b := w.nodes[alder], w.nodes[birch]
	old := a.mem.Snapshot().WithoutSecrets()
	then := w.now
	a.dispatch(parley.Routine, "released")
	w.run(3 * time.Second)
	a.down()
	a.use(old)
	a.load()
	a.step(line.OpenGeneration{Root: a.root, Reason: journal.ReasonRestored})
	a.filed = a.e.LastFiled()
	now := w.now
	w.now = then
	a.dispatch(parley.Routine, "released") // again, with the time it had
	w.now = now
	w.connect(alder, birch)
	w.run(5 * time.Second)
	b.step(line.GiveKeys{Gen: a.log(alder).Gen})
	w.run(10 * time.Second)
	if got := b.subjects(alder); !slices.Equal(got, []string{"released"}) {
		t.Errorf("birch reads %q", got)
	}
	if s := a.e.Status(); s.Outbox != 0 {
		t.Errorf("%d items wait", s.Outbox)
	}
}
