package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// officersALine release at once on each line of the measure lines: more than one
// step of a line takes with the next commit, so that each is busy.
const officersALine = 64

// manyLines measures a station with one line and with many: what an idle line
// costs, and dispatches a second with receipts over all of them.
func manyLines(b *bench) (*report, error) {
	lines, watch := b.lines, 30*time.Second
	if lines == 0 {
		lines = 200
	}
	if b.quick {
		lines, watch = min(lines, 10), 10*time.Second
	}
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"lines", "RSS MB", "live MB", "stacks MB", "goroutines", "CPU %", "dispatches", "a second", "cpu us each, sender", "receiver"}}
	one, err := p.idleFor(watch)
	if err != nil {
		return nil, err
	}
	oneHeld, err := call[held](p.a, "memory", nothing{})
	if err != nil {
		return nil, err
	}
	r.add("one idle line", count(1), num(float64(one.RSS)/1e6), num(float64(oneHeld.Live)/1e6), num(float64(oneHeld.Stacks)/1e6), count(oneHeld.Goroutines), num(share(one.CPU, watch)), none, none, none, none)
	n := b.size(60*officersALine, 10*officersALine)
	alone, err := p.releasedOver([]string{p.line}, n)
	if err != nil {
		return nil, err
	}
	ids := []string{p.line}
	for range lines - 1 {
		id, err := p.found()
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	for _, p.line = range ids {
		if err := p.up(2); err != nil {
			return nil, err
		}
	}
	if b.profile != "" {
		if err := p.profile(filepath.Join(b.profile, "lines")); err != nil {
			return nil, err
		}
	}
	many, err := p.idleFor(watch)
	if err != nil {
		return nil, err
	}
	manyHeld, err := call[held](p.a, "memory", nothing{})
	if err != nil {
		return nil, err
	}
	if err := p.profile(""); err != nil { // of memory: what is left after a collection
		return nil, err
	}
	further := float64(lines - 1)
	rss, cpu := float64(many.RSS-one.RSS)/1e3/further, (share(many.CPU, watch)-share(one.CPU, watch))/further
	live, stacks := float64(manyHeld.Live-oneHeld.Live)/1e6/further, float64(manyHeld.Stacks-oneHeld.Stacks)/1e6/further
	r.add("idle lines", count(lines), num(float64(many.RSS)/1e6), num(float64(manyHeld.Live)/1e6), num(float64(manyHeld.Stacks)/1e6), count(manyHeld.Goroutines), num(share(many.CPU, watch)), none, none, none, none)
	r.add("each further idle line", none, num(rss/1e3), num(live), num(stacks), num(float64(manyHeld.Goroutines-oneHeld.Goroutines)/further), num(cpu), none, none, none, none)
	spread, err := p.releasedOver(ids, lines*officersALine)
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		name  string
		lines int
		phase
	}{{"released live on one line", 1, alone}, {"released live on all lines", lines, spread}} {
		n := int(x.to - x.from)
		r.add(x.name, count(x.lines), none, none, none, none, none, count(n), num(x.rate), each(x.cpu[0], n), each(x.cpu[1], n))
	}
	r.atMost("memory of a line", rss, 200, "kB RSS")
	r.atMost("processor of an idle line", cpu, 0.01, "% of a core")
	r.ofFloor(fmt.Sprintf("dispatches/s over %d lines, of one line", lines), spread.rate, alone.rate, 0.8, false)
	r.note("live: bytes of the heap in use just after a collection; with stacks, what the lines need: the rest of RSS is room for garbage, code, and what the runtime keeps")
	r.note("idle: of Alder's process, over %v after 10 s of rest; every line has a QUIC and a TLS path with keep-alive every 2 s; 100 %% is one core", watch)
	r.note("live: %d officers a line release at once, both paths up; timed from the first release until the receipt for the last is durable at the sender", officersALine)
	return r, nil
}

// releasedOver lets officers release n drafts, spread over the lines.
func (p *pair) releasedOver(ids []string, n int) (x phase, err error) {
	for i, id := range ids {
		if err := do(p.a, "draft", draftArgs{Line: id, To: "birch", Script: "Latin", Precedence: "ROUTINE", N: n / len(ids), More: i > 0}); err != nil {
			return x, err
		}
	}
	states, err := call[[]logState](p.a, "states", statesArgs{Lines: ids})
	if err != nil {
		return x, err
	}
	sizes := make([]uint64, len(ids))
	for i := range sizes {
		sizes[i] = states[i].Size + uint64(n/len(ids))
	}
	x.to = uint64(n)
	before, err := p.cpu()
	if err != nil {
		return x, err
	}
	began := time.Now()
	if _, err := call[time.Duration](p.a, "release", releaseArgs{officersALine * len(ids)}); err != nil {
		return x, err
	}
	if _, err := call[[]logState](p.a, "states", statesArgs{ids, sizes}); err != nil {
		return x, err
	}
	x.took = time.Since(began)
	x.rate = perSecond(n, x.took)
	return x, x.used(p, before)
}

// idleFor watches Alder for a while.
func (p *pair) idleFor(d time.Duration) (u used, err error) {
	time.Sleep(10 * time.Second)
	before, err := call[used](p.a, "usage", nothing{})
	if err != nil {
		return u, err
	}
	time.Sleep(d)
	u, err = call[used](p.a, "usage", nothing{})
	u.CPU -= before.CPU
	return u, err
}

func share(cpu, of time.Duration) float64 { return 100 * float64(cpu) / float64(of) }
