package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/store"
	"parley/internal/wire"
)

type exportArgs struct {
	Line, File string
	Open       bool
}

// export writes the record of a running station to a file.
func (h *host) export(a exportArgs) (int, error) {
	f, err := os.Create(a.File)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := h.st.Export(context.Background(), h.chief, a.Line, a.Open, f)
	if err != nil {
		return n, err
	}
	return n, f.Close()
}

// verify times the verification of exported records beside the hashes and
// signatures alone.
func verify(b *bench) (*report, error) {
	r := &report{Columns: []string{"entries", "signatures", "file MB", "entries a second", "floor", "of floor"}}
	for _, g := range []struct{ n, group int }{{b.size(100_000, 10_000), 128}, {b.size(100_000, 10_000) / 20, 1}} {
		if err := b.verifyRecord(r, g.n, g.group); err != nil {
			return nil, err
		}
	}
	r.note("of every entry: file, canonical bytes, leaf, tree, roots, both signatures of every checkpoint and receipt, certificates, order and settling; and with texts: keys, commitments, opening, forms, serials")
	r.note("floor: SHA-256 of every leaf, the tree, and the signatures of the same checkpoints and receipts, on as many cores (%d); target: >= 0.5x", runtime.GOMAXPROCS(0))
	r.note("the best of 3 runs each, by turns")
	return r, nil
}

func (b *bench) verifyRecord(r *report, n, group int) error {
	p, err := b.newPair(false)
	if err != nil {
		return err
	}
	if err := p.close(); err != nil {
		return err
	}
	if err := do(p.a, "fill", fillArgs{Dir: p.dir, Line: p.line, Entries: n, Group: group}); err != nil {
		return err
	}
	dir := filepath.Join(p.dir, "alder")
	fl, err := loadFloor(dir, p.line)
	if err != nil {
		return err
	}
	if err := do(p.a, "open", openArgs{Dir: dir, Line: p.line}); err != nil {
		return err
	}
	for _, open := range []bool{false, true} {
		file := filepath.Join(p.dir, fmt.Sprintf("record-%v", open))
		if _, err := call[int](p.a, "export", exportArgs{p.line, file, open}); err != nil {
			return err
		}
		if err := verifyFile(r, filler(n, group), file, open, fl); err != nil {
			return err
		}
	}
	return p.closeFirst()
}

// closeFirst stops the one station that runs.
func (p *pair) closeFirst() error { return do(p.a, "close", nothing{}) }

func verifyFile(r *report, name, file string, open bool, fl *hashesAndSignatures) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	best, floor := time.Hour, time.Hour
	for range 3 {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		began := time.Now()
		rep, err := record.Verify(f, record.VerifyOptions{})
		best = min(best, time.Since(began))
		f.Close()
		if err == nil {
			err = rep.Err()
		}
		if err != nil {
			return fmt.Errorf("a record of our own does not verify: %w", err)
		}
		began = time.Now()
		if err := fl.run(); err != nil {
			return err
		}
		floor = min(floor, time.Since(began))
	}
	if open {
		name += ", with texts"
	}
	mine, bare := perSecond(fl.count, best), perSecond(fl.count, floor)
	r.ofFloor("verify, "+name+", entries/s", mine, bare, 0.5, false)
	r.add(name, count(fl.count), count(fl.signatures), num(float64(st.Size())/1e6), num(mine), num(bare), num(mine/bare))
	return nil
}

// hashesAndSignatures is the floor of verification: one line in memory.
type hashesAndSignatures struct {
	logs       []floorLog
	count      int
	signatures int
}

type floorLog struct {
	origin   string
	entries  [][]byte
	heads    []signedAt
	receipts []signedAt
	signed   *key.Verifier
	held     *key.Verifier // of the other side
	holder   string
}

// signedAt is a checkpoint or receipt with its signatures.
type signedAt struct {
	size, time uint64
	ed         [64]byte
	ml         []byte
}

// loadFloor reads a line of a stopped station.
func loadFloor(dir, id string) (*hashesAndSignatures, error) {
	s, l, f, err := openLine(dir, id)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	all := &hashesAndSignatures{}
	for i := range f.Reveals {
		r, o := &f.Reveals[i], &f.Reveals[1-i]
		x := floorLog{origin: parley.Origin(f.Line, r.Party, r.Generation), holder: parley.HolderName(parley.Origin(f.Line, o.Party, o.Generation))}
		if x.signed, err = key.NewVerifier(r.Log); err != nil {
			return nil, err
		}
		if x.held, err = key.NewVerifier(o.Receipt); err != nil {
			return nil, err
		}
		if err := x.load(l, r.Generation, o.Generation); err != nil {
			return nil, err
		}
		all.logs = append(all.logs, x)
		all.count += len(x.entries)
		all.signatures += 2 * (len(x.heads) + len(x.receipts))
	}
	return all, nil
}

func (x *floorLog) load(l store.Line, gen, holder parley.GenerationID) error {
	for at := uint64(0); ; {
		es, err := l.Entries(gen, at, 4096)
		if err != nil {
			return err
		}
		if len(es) == 0 {
			break
		}
		for _, e := range es {
			x.entries = append(x.entries, e.Bytes)
		}
		at += uint64(len(es))
	}
	for size := uint64(0); ; {
		h, ok, err := l.Head(gen, size+1)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		size = h.Size
		x.heads = append(x.heads, signedAt{h.Size, 0, h.Ed, h.ML})
	}
	for size := uint64(0); ; {
		r, ok, err := l.Receipt(gen, holder, size+1)
		if err != nil || !ok {
			return err
		}
		size = r.Size
		x.receipts = append(x.receipts, signedAt{r.Size, r.Time, r.Ed, r.ML})
	}
}

// run hashes and verifies everything, on every core.
func (f *hashesAndSignatures) run() error {
	for i := range f.logs {
		if err := f.logs[i].run(); err != nil {
			return err
		}
	}
	return nil
}

func (x *floorLog) run() error {
	leaves := make([]journal.Hash, len(x.entries))
	everywhere(len(leaves), func(i int) error { leaves[i] = journal.LeafHash(x.entries[i]); return nil })
	roots := map[uint64]journal.Hash{}
	for _, h := range append(append([]signedAt{}, x.heads...), x.receipts...) {
		roots[h.size] = journal.Hash{}
	}
	tree, err := journal.NewTree(0, nil)
	if err != nil {
		return err
	}
	for i, l := range leaves {
		tree.Append(l)
		if _, ok := roots[uint64(i)+1]; ok {
			roots[uint64(i)+1] = tree.Root()
		}
	}
	err = everywhere(len(x.heads), func(i int) error {
		h := &x.heads[i]
		return journal.Verify(x.signed, journal.Checkpoint{Origin: x.origin, Size: h.size, Root: roots[h.size]}, wire.Head{Size: h.size, Root: roots[h.size], Ed: h.ed, ML: h.ml})
	})
	if err != nil {
		return err
	}
	return everywhere(len(x.receipts), func(i int) error {
		r := &x.receipts[i]
		return journal.VerifyCosignature(x.held, x.holder, journal.Checkpoint{Origin: x.origin, Size: r.size, Root: roots[r.size]}, r.time, r.ed, r.ml)
	})
}

// everywhere calls f for 0 to n-1 on every core, and returns an error of it.
func everywhere(n int, f func(int) error) error {
	cores := runtime.GOMAXPROCS(0)
	errs := make([]error, cores)
	var wg sync.WaitGroup
	for c := range cores {
		wg.Go(func() {
			for i := n * c / cores; i < n*(c+1)/cores && errs[c] == nil; i++ {
				errs[c] = f(i)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
