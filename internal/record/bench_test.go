package record_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"runtime"
	"sync"
	"testing"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/record/recordtest"
)

// benchLine is a line of 4,000 dispatches, a checkpoint and a receipt over every
// sixteen, as under load.
var benchLine = sync.OnceValue(func() *recordtest.Line { return large(4000) })

func BenchmarkVerify(b *testing.B) {
	for _, open := range []bool{false, true} {
		var file bytes.Buffer
		n, err := record.WriteExport(&file, recordtest.Source{Line: benchLine()}, open)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(map[bool]string{false: "sealed", true: "open"}[open], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := record.Verify(bytes.NewReader(file.Bytes()), record.VerifyOptions{})
				if err != nil || r.Bad() > 0 {
					b.Fatal(err, r.Lines())
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkFloor is what no verifier can leave out: the hash of every leaf and
// node, both halves of every signature, on every core.
func BenchmarkFloor(b *testing.B) {
	l := benchLine()
	n := 0
	for _, g := range l.Logs {
		n += len(g.Entries)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := floor(l); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
}

func floor(l *recordtest.Line) error {
	jobs, errs := make(chan func() error, 64), make(chan error, 1)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for job := range jobs {
				if err := job(); err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	for _, g := range l.Logs {
		signs := verifierOf(g.Sign)
		for _, e := range g.Entries {
			sha256.Sum256(e)
			sha256.Sum256(make([]byte, 65))
		}
		for _, h := range g.Heads {
			jobs <- func() error {
				return journal.Verify(signs, journal.Checkpoint{Origin: g.Origin(), Size: h.Size, Root: h.Root}, h)
			}
		}
		for _, r := range g.Receipts {
			o := l.Log(r.Holder)
			holds := verifierOf(o.Held)
			root, err := g.Tree.RootAt(r.Size)
			if err != nil {
				return err
			}
			c := journal.Checkpoint{Origin: g.Origin(), Size: r.Size, Root: root}
			jobs <- func() error {
				return journal.VerifyCosignature(holds, parley.HolderName(o.Origin()), c, r.Time, r.Ed, r.ML)
			}
		}
	}
	close(jobs)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func verifierOf(p *key.Pair) *key.Verifier {
	v, err := key.NewVerifier(p.Public())
	if err != nil {
		panic(err)
	}
	return v
}

func BenchmarkExport(b *testing.B) {
	l := benchLine()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.WriteExport(io.Discard, recordtest.Source{Line: l}, true); err != nil {
			b.Fatal(err)
		}
	}
}
