package main

import (
	"fmt"
	"math"
	"path/filepath"
	"time"
)

// phase is one stretch of dispatches of Alder's log.
type phase struct {
	name     string
	from, to uint64 // of the log
	took     time.Duration
	rate     float64 // dispatches a second
	cpu      [2]time.Duration
}

// throughput times a stretch of dispatches from the first release to the last
// receipt: released live by many officers, and by very many, and drained from an
// outbox.
func throughput(b *bench) (*report, error) {
	n := b.size(24_000, 2000)
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	f, err := b.newFloor()
	if err != nil {
		return nil, err
	}
	var done []phase
	var paths []string // of each
	for _, path := range []string{"QUIC", "TLS"} {
		if err := p.only(path); err != nil {
			return nil, err
		}
		for _, officers := range []int{64, 256} {
			live, err := b.liveReleases(p, path, n*officers/256, officers)
			if err != nil {
				return nil, err
			}
			done, paths = append(done, live), append(paths, path)
		}
		drained, err := b.drain(p, path, n)
		if err != nil {
			return nil, err
		}
		done, paths = append(done, drained), append(paths, path)
	}
	r := &report{Columns: []string{"dispatches", "a second", "a group", "floor a second", "of floor", "cpu us each, sender", "receiver"}}
	if err := p.close(); err != nil {
		return nil, err
	}
	for i, x := range done {
		if err := b.besideFloor(r, p, f, x, paths[i]); err != nil {
			return nil, err
		}
	}
	r.note("released live: so many officers release drafts at once, each the next when the last is filed; each release is kept on our side, filed and sent by commits that wait for the disk")
	r.note("drained: the dispatches were filed while no path stood; timed from the first that is stored after the path is back, so the redial is not in the time")
	r.note("the floor sends groups of the same size, 4 under way at once; target: >= 8,000 a second and >= 0.5x the floor")
	r.Notes = append(r.Notes, missingPeers()...)
	return r, nil
}

// liveReleases lets so many officers release n drafts at once.
func (b *bench) liveReleases(p *pair, path string, n, officers int) (x phase, err error) {
	x.name = fmt.Sprintf("%s released live by %d", path, officers)
	if err := p.draft(n, "Latin", "ROUTINE"); err != nil {
		return x, err
	}
	s, err := p.state()
	if err != nil {
		return x, err
	}
	x.from, x.to = s.Size, s.Size+uint64(n)
	if b.profile != "" {
		if err := p.profile(filepath.Join(b.profile, fmt.Sprintf("live%d-%s", officers, path))); err != nil {
			return x, err
		}
		defer p.profile("")
	}
	cpu, err := p.cpu()
	if err != nil {
		return x, err
	}
	began := time.Now()
	if _, err := call[time.Duration](p.a, "release", releaseArgs{officers}); err != nil {
		return x, err
	}
	if err := do(p.a, "wait", waitArgs{p.line, x.from, x.to}); err != nil {
		return x, err
	}
	x.took = time.Since(began)
	x.rate = perSecond(n, x.took)
	return x, x.used(p, cpu)
}

// drain files n dispatches during an outage, and lets one path up.
func (b *bench) drain(p *pair, path string, n int) (x phase, err error) {
	x.name = path + " drained"
	if err := p.outage(); err != nil {
		return x, err
	}
	if err := p.draft(n, "Latin", "ROUTINE"); err != nil {
		return x, err
	}
	s, err := p.state()
	if err != nil {
		return x, err
	}
	x.from, x.to = s.Size, s.Size+uint64(n)
	if _, err := call[time.Duration](p.a, "release", releaseArgs{1}); err != nil {
		return x, err
	}
	if err := do(p.b, "open", openArgs{Dir: filepath.Join(p.dir, "birch"), Line: p.line}); err != nil {
		return x, err
	}
	if b.profile != "" {
		if err := p.profile(filepath.Join(b.profile, "drain-"+path)); err != nil {
			return x, err
		}
		defer p.profile("")
	}
	cpu, err := p.cpu()
	if err != nil {
		return x, err
	}
	began := time.Now()
	if err := do(p.a, "cut", cutArgs{p.line, path, false}); err != nil {
		return x, err
	}
	w, err := call[waited](p.a, "wait", waitArgs{p.line, x.from, x.to})
	if err != nil {
		return x, err
	}
	x.took = time.Since(began)
	x.rate = perSecond(int(x.to-min(x.to, w.FirstSize)), w.Took-w.First)
	return x, x.used(p, cpu)
}

// outage leaves Birch stopped, and Alder started anew with every path cut.
func (p *pair) outage() error {
	for _, c := range []*child{p.b, p.a} {
		if err := do(c, "close", nothing{}); err != nil {
			return err
		}
	}
	if err := do(p.a, "open", openArgs{Dir: filepath.Join(p.dir, "alder"), Line: p.line}); err != nil {
		return err
	}
	return do(p.a, "cut", cutArgs{Line: p.line, Cut: true})
}

func (p *pair) cpu() (c [2]time.Duration, err error) {
	for i, x := range []*child{p.a, p.b} {
		u, err := call[used](x, "usage", nothing{})
		if err != nil {
			return c, err
		}
		c[i] = u.CPU
	}
	return c, nil
}

func (x *phase) used(p *pair, before [2]time.Duration) error {
	now, err := p.cpu()
	for i := range now {
		x.cpu[i] = now[i] - before[i]
	}
	return err
}

// besideFloor runs the floor at the group size of a phase, and adds both.
func (b *bench) besideFloor(r *report, p *pair, f *floorPair, x phase, path string) error {
	g, err := p.floorOf(f, x, path)
	if err != nil {
		return err
	}
	n := int(x.to - x.from)
	r.add(x.name, count(n), num(x.rate), num(g.group), num(g.rate), num(x.rate/g.rate), each(x.cpu[0], n), each(x.cpu[1], n))
	r.atLeast(x.name+", dispatches/s", x.rate, 8000, "/s")
	r.ofFloor(x.name+", dispatches/s", x.rate, g.rate, 0.5, false)
	return nil
}

// each is processor time by so many dispatches, in microseconds.
func each(d time.Duration, n int) cell { return num(float64(d.Microseconds()) / float64(n)) }

// grouped is the floor at the group size of a phase.
type grouped struct {
	group float64 // entries a checkpoint of the station
	rate  float64 // entries a second of the floor
	took  time.Duration
}

// floorOf runs the floor over as many entries as a phase had, in groups as
// large as the station's were, 4 under way at once.
func (p *pair) floorOf(f *floorPair, x phase, path string) (g grouped, err error) {
	s, err := call[sizes](p.a, "sizes", sizesArgs{Dir: filepath.Join(p.dir, "alder"), Line: p.line, Party: "alder", From: x.from, To: x.to})
	if err != nil {
		return g, err
	}
	g.group = float64(s.Entries) / float64(max(1, s.Heads))
	size := max(1, int(g.group+0.5))
	groups := max(1, int(x.to-x.from)/size)
	t, err := f.run(floorArgs{Transport: path, Groups: groups, Entries: size, Bytes: s.EntryBytes, Ahead: 4})
	g.took, g.rate = t.All, perSecond(groups*size, t.All)
	return g, err
}

// orNever is v when it holds, else more than any target.
func orNever(v float64, holds bool) float64 {
	if holds {
		return v
	}
	return math.Inf(1)
}

// queue files dispatches during an outage, and times the line from the cut
// mended on until all are stored, in order.
func queue(b *bench) (*report, error) {
	n := b.size(10_000, 2000)
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	f, err := b.newFloor()
	if err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"dispatches", "seconds", "a second", "in order", "a group", "floor seconds", "of floor", "cpu us each, sender", "receiver"}}
	paths := []string{"QUIC", "TLS"}
	var done []phase
	for _, path := range paths {
		x, err := b.drain(p, path, n)
		if err != nil {
			return nil, err
		}
		done = append(done, x)
	}
	if err := p.close(); err != nil {
		return nil, err
	}
	for i, x := range done {
		if err := b.addQueue(r, p, f, x, paths[i]); err != nil {
			return nil, err
		}
	}
	r.note("from the path let up until the receipt for the last is verified and durable at the sender: redial (up to 1.2 s), handshake, hello and all; target: <= 3 s")
	r.note("in order: 1 when the receiver's store holds them in the order of release, serials rising one by one")
	r.Notes = append(r.Notes, missingPeers()...)
	return r, nil
}

// addQueue adds a drained queue, with its order as the receiver has it and the
// floor over as many entries in groups of the same size.
func (b *bench) addQueue(r *report, p *pair, f *floorPair, x phase, path string) error {
	ok, err := call[bool](p.b, "order", sizesArgs{Dir: filepath.Join(p.dir, "birch"), Line: p.line, Party: "alder", From: x.from, To: x.to})
	if err != nil {
		return err
	}
	g, err := p.floorOf(f, x, path)
	if err != nil {
		return err
	}
	in := 0
	if ok {
		in = 1
	} else {
		r.note("%s: THE DISPATCHES ARE NOT IN ORDER", x.name)
	}
	n := int(x.to - x.from)
	if n == 10_000 {
		r.atMost("queue of 10,000 over "+path+", path back to all stored, in order", orNever(x.took.Seconds(), ok), 3, "s")
	}
	r.add(x.name, count(n), num(x.took.Seconds()), num(perSecond(n, x.took)), count(in), num(g.group), num(g.took.Seconds()), num(perSecond(n, x.took)/g.rate), each(x.cpu[0], n), each(x.cpu[1], n))
	return nil
}
