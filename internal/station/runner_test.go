package station

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/line"
)

// TestWritersGoFirst has one processor for all that a step wakes: the writer of
// a path runs before anybody of our side is told, and before the clerk works.
func TestWritersGoFirst(t *testing.T) {
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	a.send(id, "birch", "first", "ROUTINE", "INFORMATION")
	eventually(t, 20*time.Second, "the line is up", func() bool { _, ok := b.got(id, "first"); return ok })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var said, written, told, late atomic.Int64
	wake := make(chan struct{}, 1)
	defer close(wake)
	go func() {
		for range wake {
			written.Store(said.Load())
		}
	}()
	swap := func(speak func([]line.Send, []line.Close), heard func(*applied)) {
		if err := l.runner.do(ctx, request{ask: func(*line.Engine) { l.runner.speak, l.runner.heard = speak, heard }}); err != nil {
			t.Fatal(err)
		}
	}
	speak, heard := l.runner.speak, l.runner.heard
	swap(func(s []line.Send, c []line.Close) {
		speak(s, c)
		if len(s) > 0 {
			said.Add(1)
			wake <- struct{}{}
		}
	}, func(x *applied) {
		if len(x.entries) > 0 {
			if told.Add(1); written.Load() < said.Load() {
				late.Add(1)
			}
		}
		heard(x)
	})
	for range 20 {
		if _, err := a.st.CheckCall(ctx, a.chief, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	swap(speak, heard)
	if n := told.Load(); n < 5 || late.Load() > n/4 {
		t.Errorf("of %d steps %d were told before the writer ran", n, late.Load())
	}
	eventually(t, 20*time.Second, "all are stored there", func() bool {
		ls := l.logs()
		i := slices.IndexFunc(ls, func(g Log) bool { return g.Current && g.Party == l.us })
		return i >= 0 && ls[i].Stored["birch"] == ls[i].Size
	})
}

// TestVKeys asks for the keys of a certificate, of the same again, of another,
// and of what is none.
func TestVKeys(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	l, err := a.st.lineOf(pairAll(t, a, b))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "both logs are known", func() bool { return len(l.runner.Status().Logs) == 2 })
	logs := l.runner.Status().Logs
	var v vkeys
	one, two := v.of(logs[0].Gen, logs[0].Cert), v.of(logs[1].Gen, logs[1].Cert)
	if len(one) != 2 || len(two) != 2 || slices.Equal(one, two) {
		t.Fatalf("keys %q and %q", one, two)
	}
	if again := v.of(logs[0].Gen, logs[0].Cert); &again[0] != &one[0] {
		t.Error("keys are made again for the same certificate")
	}
	if got := v.of(logs[0].Gen, logs[1].Cert); !slices.Equal(got, two) {
		t.Errorf("another certificate of the generation gives %q, want %q", got, two)
	}
	if got := v.of(logs[0].Gen, []byte("none")); got != nil {
		t.Errorf("what is no certificate gives %q", got)
	}
}

// TestGather has one processor, and officers who file again once they run: those
// go with the commit of who filed before them, a frame waits for none of them,
// and no commit takes more than the engine hands out at once.
func TestGather(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r := &runner{in: newMailbox[request](300)}
	come := func(n int) {
		for range n {
			go func() { r.in.tryPut(request{file: &filing{}}) }()
		}
	}
	first := request{file: &filing{}}
	come(20)
	if got := len(r.gather([]request{first})); got != 21 {
		t.Errorf("%d of 21 who file are in one commit", got)
	}
	come(20)
	if got := len(r.gather([]request{{events: []line.Event{line.Tick{}}}})); got != 1 {
		t.Errorf("a step without anything to file waited for %d", got-1)
	}
	for r.in.len() < 20 {
		runtime.Gosched()
	}
	come(200)
	if got := len(r.gather([]request{first})); got != maxFiled {
		t.Errorf("%d are filed in one commit", got)
	}
}
