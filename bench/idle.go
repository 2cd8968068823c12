package main

import (
	"path/filepath"
	"time"
)

// idle measures a station that has nothing to do, with one line and with many.
func idle(b *bench) (*report, error) {
	lines := b.lines
	if lines == 0 {
		lines = 50
		if b.quick {
			lines = 10
		}
	}
	watch := 30 * time.Second
	if b.quick {
		watch = 10 * time.Second
	}
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"lines", "RSS MB", "CPU %"}}
	one, err := p.idleFor(watch)
	if err != nil {
		return nil, err
	}
	r.add("one line", count(1), num(float64(one.RSS)/1e6), num(share(one.CPU, watch)))
	for range lines - 1 {
		id, err := p.found()
		if err != nil {
			return nil, err
		}
		p.line = id
	}
	if err := p.up(2); err != nil {
		return nil, err
	}
	if b.profile != "" {
		if err := p.profile(filepath.Join(b.profile, "idle")); err != nil {
			return nil, err
		}
		defer p.profile("")
	}
	many, err := p.idleFor(watch)
	if err != nil {
		return nil, err
	}
	n := float64(lines - 1)
	r.add("many lines", count(lines), num(float64(many.RSS)/1e6), num(share(many.CPU, watch)))
	r.add("each further line", none, num(float64(many.RSS-one.RSS)/1e6/n), num((share(many.CPU, watch)-share(one.CPU, watch))/n))
	r.note("of Alder's process, over %v after 10 s of rest; every line has a QUIC and a TLS path with keep-alive every 2 s; 100 %% is one core; target: <= 0.2 MB and <= 0.01 %% a line at 200 lines", watch)
	return r, nil
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
