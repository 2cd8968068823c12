package hostile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/station"
)

// The bounds of each attack (docs/threats.md). The short run shares its machine
// with others and runs under the race detector: it is given room.
const (
	maxMemory  = 64 << 20
	maxSlower  = 2.0 // p95 of another line, of what it was before
	alarmEvery = time.Minute
	// fixedDisk is what a station takes whatever is sent: the write-ahead logs
	// of its two databases before they are folded in.
	fixedDisk = 80 << 20
)

// floor is the latency below which a ratio says more of the machine than of the
// attack.
func floor() time.Duration {
	if full {
		return 250 * time.Millisecond
	}
	return 2 * time.Second
}

// attack is one row of docs/threats.md.
type attack struct {
	row   string
	for_  time.Duration // at full length
	short time.Duration // in the short run; 0: not in it
	disk  int64         // what of the line's quota it may use up, in bytes
	conf  func(*station.Config)

	prepare func(w *world)                            // before anything is measured
	run     func(ctx context.Context, w *world) error // until ctx ends, or sooner
	own     bool                                      // the station takes nothing of anybody: only its own word is measured
	check   func(w *world)                            // what must have come of it
}

var table struct {
	sync.Mutex
	lines []string
}

const tableHead = "attack                                          memory      disk   other line p95  (before)   desk  alarms  verdict"

func printTable() {
	if len(table.lines) == 0 {
		return
	}
	fmt.Printf("\n%s\n%s\n", tableHead, strings.Join(table.lines, "\n"))
}

// test plays the attack against a station and holds its cost to the bounds.
func (a attack) test(t *testing.T) {
	t.Helper()
	length := a.for_
	if !full {
		if length = a.short; length == 0 {
			t.Skip("played by make hostile")
		}
	}
	var w *world
	if a.conf != nil {
		w = newWorld(t, a.conf)
	} else {
		w = newWorld(t)
	}
	if a.prepare != nil {
		a.prepare(w)
	}
	w.own = a.own
	w.before()
	ctx, stop := context.WithTimeout(w.ctx, length)
	defer stop()
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- a.run(ctx, w) }()
	var during, desk []time.Duration
	ended := false
	for next := time.Now(); !ended || len(during) < 10; {
		during = append(during, w.probe())
		if time.Now().After(next) {
			next = time.Now().Add(500 * time.Millisecond)
			d, err := w.v.Board()
			if err != nil {
				t.Errorf("the desk does not go on: %v", err)
			}
			desk = append(desk, d)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the attack did not go as it should: %v", err)
			}
			ended = true
		case <-time.After(30 * time.Millisecond):
		}
	}
	took := time.Since(began)
	w.goesOn()
	if a.check != nil {
		a.check(w)
	}
	w.account(a, took, during, desk)
	if err := w.v.Stop(); err != nil {
		t.Errorf("the victim: %v", err)
	}
	w.fsck()
}

// before measures what is usual.
func (w *world) before() {
	w.t.Helper()
	for range 5 {
		w.probe() // warm
	}
	if err := w.v.ResetPeak(); err != nil {
		w.t.Fatal(err)
	}
	probes := 40
	if !full {
		probes = 12
	}
	for range probes {
		w.base = append(w.base, w.probe())
		time.Sleep(10 * time.Millisecond)
	}
	for range 3 {
		if _, err := w.v.Board(); err != nil {
			w.t.Fatal(err)
		}
	}
	as, err := w.v.Client.Alarms(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range as {
		w.from = max(w.from, a.ID)
	}
	if w.peak, err = w.v.Peak(); err != nil {
		w.t.Fatal(err)
	}
	if w.disk, err = w.v.Disk(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.v.ResetPeak(); err != nil {
		w.t.Fatal(err)
	}
}

// goesOn checks that our own log, the other line and the desk go on.
func (w *world) goesOn() {
	w.t.Helper()
	w.release(template.other, "cedar", "after the attack")
	w.release(template.two, "birch", "to the hostile peer")
	for began := time.Now(); !w.cedar.Has(template.other, "after the attack"); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			w.t.Error("what the victim says to another party does not arrive within 20 s")
			return
		}
	}
	for _, id := range []string{template.two, template.three, template.other} {
		if l := w.line(id); l.State != "active" {
			w.t.Errorf("line %s is %s: %s", id[:8], l.State, l.Lamp.Sentence)
		}
	}
	if w.log(template.other, cedar).Disputed {
		w.t.Error("an honest party's log is disputed")
	}
}

// account prints the attack's line of the table and holds it to the bounds.
func (w *world) account(a attack, took time.Duration, during, desk []time.Duration) {
	w.t.Helper()
	peak, err := w.v.Peak()
	if err != nil {
		w.t.Fatal(err)
	}
	disk, err := w.v.Disk()
	if err != nil {
		w.t.Fatal(err)
	}
	memory, disk := max(0, peak-w.peak), max(0, disk-w.disk)
	sounded, counted, codes := w.alarms()
	base, now := p95(w.base), p95(during)
	var bad []string
	scale := int64(1)
	if !full {
		scale = 3 // the race detector keeps shadows
	}
	if memory > scale*maxMemory {
		bad = append(bad, "memory")
	}
	if disk > a.disk+fixedDisk {
		bad = append(bad, "disk")
	}
	if now > max(time.Duration(maxSlower*float64(base)), floor()) {
		bad = append(bad, "other line")
	}
	if most := 1 + int(took/alarmEvery); sounded > most {
		bad = append(bad, "alarms")
	}
	slowest := 3 * time.Second
	if !full {
		slowest = 15 * time.Second
	}
	if d := p95(desk); d > slowest {
		bad = append(bad, "desk")
	}
	verdict := "ok"
	if len(bad) > 0 {
		verdict = "OVER: " + strings.Join(bad, ", ")
		w.t.Errorf("%s: over the bounds: %s; alarms %v", a.row, strings.Join(bad, ", "), codes)
	}
	row := fmt.Sprintf("%-46s %5.1f MiB %5.1f MiB  %12s  %9s  %5s  %2d (%d)  %s", a.row, mib(memory), mib(disk), now.Round(100*time.Microsecond), base.Round(100*time.Microsecond),
		p95(desk).Round(time.Millisecond), sounded, counted, verdict)
	w.t.Log(row)
	w.t.Log("alarms: ", codes, " probes: ", len(during), " in ", took.Round(time.Millisecond))
	table.Lock()
	defer table.Unlock()
	table.lines = append(table.lines, row)
}

// fsck verifies all that the victim keeps.
func (w *world) fsck() {
	w.t.Helper()
	cfg, err := station.LoadConfig(w.v.Dir)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := station.Fsck(cfg, nil)
	if err != nil {
		w.t.Fatalf("fsck: %v", err)
	}
	for _, f := range r.Findings {
		w.t.Errorf("fsck: %+v", f)
	}
}

// needs fails unless one of the codes sounded.
func (w *world) needs(codes ...string) {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(50 * time.Millisecond) {
		if slices.ContainsFunc(codes, w.alarmed) {
			return
		}
	}
	_, _, got := w.alarms()
	w.t.Errorf("no alarm %v: %v", codes, got)
}
