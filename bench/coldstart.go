package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"parley/internal/station"
)

type pagesArgs struct {
	Line string
	N    int
}

// paged is how long pages took.
type paged struct {
	Newest, Middle, Plain, Item, Board []time.Duration
	Total                              int64
}

// pages asks for pages of the record as a desk does.
func (h *host) pages(a pagesArgs) (p paged, err error) {
	ctx := context.Background()
	clock := func(into *[]time.Duration, f func() error) {
		if err != nil {
			return
		}
		began := time.Now()
		err = f()
		*into = append(*into, time.Since(began))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range a.N {
		var pg station.Page
		clock(&p.Newest, func() error { pg, err = h.st.Record(ctx, a.Line, station.Filter{}); return err })
		p.Total = max(p.Total, pg.Total)
		before := 60 + rng.Int64N(max(1, p.Total-60))
		clock(&p.Middle, func() error { pg, err = h.st.Record(ctx, a.Line, station.Filter{Before: before}); return err })
		clock(&p.Plain, func() error {
			_, err := h.st.Record(ctx, a.Line, station.Filter{Plain: true, Form: "dispatch", Party: "birch", Before: before})
			return err
		})
		if err == nil && len(pg.Settled) > 0 {
			clock(&p.Item, func() error { _, err := h.st.Item(ctx, a.Line, pg.Settled[0].ID); return err })
		}
		clock(&p.Board, func() error { _, err := h.st.Board(ctx, h.chief, ""); return err })
	}
	return p, err
}

// coldStart starts a station that has a long record, and pages through it.
func coldStart(b *bench) (*report, error) {
	n := b.size(1_000_000, 20_000)
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	if err := p.close(); err != nil {
		return nil, err
	}
	if b.profile != "" {
		if err := do(p.a, "profile", filepath.Join(b.profile, "fill")); err != nil {
			return nil, err
		}
	}
	made, err := call[time.Duration](p.a, "fill", fillArgs{Dir: p.dir, Line: p.line, Entries: n, Group: 128})
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(p.dir, "alder")
	placed, err := b.placeOnce(p, dir)
	if err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"entries", "p50 ms", "p95 ms", "worst ms"}}
	var opens, ready, boards []time.Duration
	runs := 5
	for range runs {
		o, err := b.startCold(p, dir)
		if err != nil {
			return nil, err
		}
		opens, ready, boards = append(opens, o.Open), append(ready, o.Ready), append(boards, o.Board)
	}
	row := func(name string, ds []time.Duration) {
		r.add(name, count(n), millis(quantile(ds, 0.5)), millis(quantile(ds, 0.95)), millis(quantile(ds, 1)))
	}
	row("opened", opens)
	row("the line answers", ready)
	row("the watch board stands", boards)
	r.atMost(fmt.Sprintf("cold start with %d entries, to a usable desk", n), quantile(boards, 0.5).Seconds(), 2, "s")
	pages := 100
	if b.quick {
		pages = 20
	}
	// The last start of the loop is still up.
	if b.profile != "" {
		if err := do(p.a, "profile", filepath.Join(b.profile, "pages")); err != nil {
			return nil, err
		}
	}
	g, err := call[paged](p.a, "pages", pagesArgs{p.line, pages})
	if err != nil {
		return nil, err
	}
	u, err := call[used](p.a, "usage", nothing{})
	if err != nil {
		return nil, err
	}
	pagesAt := slices.Concat(g.Newest, g.Middle, g.Plain, g.Item, g.Board)
	r.atMost(fmt.Sprintf("any page at %d entries, server time, p95", n), milli(quantile(pagesAt, 0.95)), 50, "ms")
	row("page: newest 50", g.Newest)
	row("page: 50 from the middle", g.Middle)
	row("page: 50 dispatches of one party", g.Plain)
	row("one item", g.Item)
	row("board", g.Board)
	r.note("the record was made by both engines in %.0f s (%.0f entries a second, both stores applied and synced); its first placing in record order took %.1f s and is not in the starts", made.Seconds(), perSecond(n, made), placed.Seconds())
	r.note("each of %d starts in a new process, the station's files put out of the page cache first (posix_fadvise); %s of memory when the pages were done; %s of files", runs, megabytes(u.RSS), megabytes(sizeOf(dir)))
	r.note("target: <= 2 s to a usable desk, any page <= 50 ms at p95")
	return r, nil
}

// placeOnce starts the station once, so that its record is in order, as that
// of a station which has lived with it.
func (b *bench) placeOnce(p *pair, dir string) (time.Duration, error) {
	if err := do(p.a, "open", openArgs{Dir: dir, Line: p.line}); err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := call[paged](p.a, "pages", pagesArgs{p.line, 1}); err != nil {
		return 0, err
	}
	return time.Since(began), do(p.a, "close", nothing{})
}

// startCold starts the station in a new process, which takes the place of
// Alder's.
func (b *bench) startCold(p *pair, dir string) (o opened, err error) {
	p.a.close()
	if err := forget(dir); err != nil {
		return o, err
	}
	if p.a, err = b.start("station"); err != nil {
		return o, err
	}
	return call[opened](p.a, "open", openArgs{Dir: dir, Line: p.line})
}

// forget puts the files of a directory out of the page cache.
func forget(dir string) error {
	return filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err != nil || !st.Mode().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
}

func sizeOf(dir string) (n int64) {
	filepath.Walk(dir, func(_ string, st os.FileInfo, err error) error {
		if err == nil && st.Mode().IsRegular() {
			n += st.Size()
		}
		return nil
	})
	return n
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
