package simdisk_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/sim/simdisk"
	"parley/internal/station/owner"
	"parley/internal/store/hwm"
	"parley/internal/store/memory"
	"parley/internal/store/storetest"
)

// TestErrorAtEveryPoint fails one call to the disk, at the persist points and the
// reads of the script. The step says so by an error that store.Store states. A
// failed write to the disk is the end of writing; what is there after another
// start is sound, and holds what was acknowledged.
func TestErrorAtEveryPoint(t *testing.T) {
	steps := script()
	want := states(t, steps)
	total := points(t, steps)
	n, stride := seeds()
	errs := map[parley.Kind]int{}
	for _, v := range []simdisk.Verdict{simdisk.Fail, simdisk.Full} {
		for p := 1 + n; p <= total; p += 2 * stride {
			r := &run{d: simdisk.New(1), steps: steps}
			r.d.Hook(func(c simdisk.Call) simdisk.Verdict {
				if c.Op != simdisk.Read && c.N == p {
					return v
				}
				return simdisk.Do
			})
			check(t, r, want, fmt.Sprintf("verdict %d at point %d", v, p), errs)
		}
	}
	for p := 1; p <= 600; p += 4 * stride {
		r := &run{d: simdisk.New(1), steps: steps}
		r.d.Hook(func(c simdisk.Call) simdisk.Verdict {
			if c.Op == simdisk.Read && c.N == p {
				return simdisk.Fail
			}
			return simdisk.Do
		})
		check(t, r, want, fmt.Sprintf("read %d fails", p), errs)
	}
	t.Logf("errors by kind: %v", errs)
	if errs[parley.Unavailable] == 0 {
		t.Error("no error of the disk was seen")
	}
}

// check runs the script to its first error, and on in the same process: nothing
// that was acknowledged is lost, and what fails fails with a kind that is stated.
func check(t *testing.T, r *run, want []string, what string, errs map[parley.Kind]int) {
	t.Helper()
	err := r.all()
	if err != nil && !stated(err) {
		t.Errorf("%s: step %d: an error that is not stated: %v", what, r.done, err)
	}
	if err != nil {
		errs[parley.KindOf(err)]++
		if r.s != nil {
			if err := r.all(); err != nil && !stated(err) {
				t.Errorf("%s: step %d again: %v", what, r.done, err)
			}
		}
	}
	r.close()
	r.d.Hook(nil)
	if err := r.judge(want); err != nil {
		t.Errorf("%s: after another start: %v", what, err)
	}
	r.close()
	r.d.Lose()
	if err := r.judge(want); err != nil {
		t.Errorf("%s: after a loss of power: %v", what, err)
	}
	r.close()
}

// TestFull leaves no more room than the script has taken up to a step: that step
// or a later one is refused with disk full, nothing before it is lost, and once
// there is room the script goes on.
func TestFull(t *testing.T) {
	steps := script()
	want := states(t, steps)
	refused := 0
	for at := range steps {
		for room := int64(0); room <= 20_000; room += 10_000 {
			r := &run{d: simdisk.New(uint64(at)), steps: steps}
			ok(t, r.open())
			for r.done < at {
				ok(t, r.next())
			}
			r.d.Room(r.d.Used() + room)
			if err := r.all(); err != nil {
				refused++
				if parley.KindOf(err) != parley.DiskFull {
					t.Errorf("with %d octets of room, step %d: %v", room, r.done, err)
				}
				if got, err := dump(r.s); err != nil || got != want[r.done] {
					t.Errorf("with %d octets of room, step %d is refused, and something of it is kept: %v", room, r.done, err)
				}
			}
			r.d.Room(0)
			if err := r.all(); err != nil {
				t.Errorf("with room again, step %d: %v", r.done, err)
			}
			r.d.Lose()
			r.close()
			if err := r.judge(want); err != nil {
				t.Errorf("full from step %d with %d octets of room: %v", at, room, err)
			}
			r.close()
		}
	}
	if refused < len(steps) {
		t.Errorf("%d steps were refused", refused)
	}
}

// markFile is the file of a high-water mark on a disk that does not fail.
type markFile struct{ b [hwm.FileSize]byte }

func (m *markFile) ReadAt(p []byte, off int64) (int, error)  { return copy(p, m.b[off:]), nil }
func (m *markFile) WriteAt(p []byte, off int64) (int, error) { return copy(m.b[off:], p), nil }
func (m *markFile) Sync() error                              { return nil }

// TestLyingSyncs has the disk lie from a step on until it loses power. The mark,
// which lies elsewhere, is raised after each step, as a station does. A store that
// has lost entries of our log is known to be behind the mark by the rule of a
// start (owner.BehindMark); where nothing is behind, all of our log is there.
func TestLyingSyncs(t *testing.T) {
	steps := script()
	want := states(t, steps)
	n, _ := seeds()
	count := map[string]int{}
	for seed := range 2 * n {
		for from := 1; from < len(steps); from++ {
			r := &run{d: simdisk.New(uint64(seed)), steps: steps}
			mark, err := hwm.OpenSlots(new(markFile), id1)
			ok(t, err)
			ok(t, r.open())
			to := from + 1 + seed%(len(steps)-from)
			for r.done < to {
				r.d.Lying(r.done >= from)
				ok(t, r.next())
				if h, is, err := r.s.Line(id1).Head(us, 0); err == nil && is {
					ok(t, mark.Store(hwm.Mark{Gen: us, Size: h.Size, Root: h.Root}))
				}
			}
			r.d.Lose()
			r.close()
			r.safe = 0 // nothing can be promised
			count[lied(t, r, want, mark, fmt.Sprintf("seed %d, from step %d to %d", seed, from, to))]++
			r.close()
		}
	}
	t.Logf("%v", count)
	for _, what := range []string{"all there", "behind the mark"} {
		if count[what] == 0 {
			t.Errorf("never: %s", what)
		}
	}
}

// lied says what is found of a disk that lied.
func lied(t *testing.T, r *run, want []string, slots *hwm.Slots, what string) string {
	done := r.done
	err := r.judge(want)
	if r.s == nil {
		if !stated(err) {
			t.Errorf("%s: %v", what, err)
		}
		return "damaged, found at the start"
	}
	found, checkErr := r.s.Check(context.Background(), nil)
	h, _, headErr := r.s.Line(id1).Head(us, 0)
	if parley.KindOf(headErr) == parley.NotFound {
		headErr = nil
	}
	if headErr != nil || checkErr != nil {
		return "damaged, found by reading"
	}
	if m, is := slots.Mark(); is {
		if why, _ := owner.BehindMark(line.Status{Logs: []line.LogStatus{{Gen: us, Size: h.Size, Root: h.Root}}}, m.Gen, m.Size, m.Root); why != "" {
			return "behind the mark"
		}
	}
	switch {
	case len(found) > 0:
		return "damaged, found by fsck"
	case err == nil && r.done >= done:
		return "all there"
	case err == nil:
		return "what is not of our log is lost"
	}
	return "times are mixed, and nothing tells"
}

// TestFlips turns bits over in the files of a store that was killed. What is read
// then is as it was, or fails with a kind that is stated, or is found by fsck, or
// lacks what the write-ahead log held from that place on; or it is one of the
// values that nothing at rest vouches for, which are named.
func TestFlips(t *testing.T) {
	steps := script()
	want := states(t, steps)
	r := &run{d: simdisk.New(1), steps: steps}
	ok(t, r.all())
	r.d.Kill()
	r.close()
	image := r.d
	m := memory.New(storetest.Sealer())
	for _, s := range steps {
		if !s.fold {
			ok(t, s.do(m))
		}
	}
	truth, err := lines(m)
	ok(t, err)
	n, _ := seeds()
	rng := rand.New(rand.NewPCG(1, 2))
	files := image.Files()
	var names []string
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	count := map[string]int{}
	for range 50 * n {
		name := names[rng.IntN(len(names))]
		if len(files[name]) == 0 {
			continue
		}
		off, bit := rng.Int64N(int64(len(files[name]))), rng.UintN(8)
		d := image.Clone(1)
		if !d.Flip(name, off, bit) {
			t.Fatalf("%s has no octet %d", name, off)
		}
		f := &run{d: d, steps: steps, safe: 0, done: len(steps)}
		what := flipped(t, f, want, truth, fmt.Sprintf("%s, octet %d, bit %d", name, off, bit))
		count[name+": "+what]++
		f.close()
	}
	for _, l := range sorted(count) {
		t.Log(l)
	}
}

// unvouched is what nothing at rest vouches for: signatures are believed only when
// the line verifies them, and the others are our own notes.
var unvouched = map[string]bool{"signature and arrival of a head": true, "receipt": true}

func sorted(m map[string]int) (out []string) {
	for k, n := range m {
		out = append(out, fmt.Sprintf("%4d %s", n, k))
	}
	sort.Strings(out)
	return out
}

func flipped(t *testing.T, r *run, want []string, truth []said, what string) string {
	if err := r.open(); err != nil {
		if !stated(err) && parley.KindOf(err) != parley.Unsupported {
			t.Errorf("%s: opening: %v", what, err)
		}
		return "found at the start"
	}
	found, checkErr := r.s.Check(context.Background(), nil)
	got, err := dump(r.s)
	last := len(want) - 1
	switch {
	case err == nil && got == want[last] && len(found) > 0:
		return "all as it was, and found by fsck"
	case err == nil && got == want[last]:
		return "all as it was"
	case checkErr != nil:
		if !stated(checkErr) {
			t.Errorf("%s: fsck: %v", what, checkErr)
		}
		return "found by fsck, which fails"
	case len(found) > 0:
		return "found by fsck"
	case err != nil:
		if !stated(err) {
			t.Errorf("%s: reading: %v", what, err)
		}
		return "found by reading, and not by fsck: " + parley.KindOf(err).String()
	}
	for _, w := range want {
		if w == got {
			return "the log is shorter"
		}
	}
	ls, err := lines(r.s)
	ok(t, err)
	for i, l := range ls {
		if i >= len(truth) || l != truth[i] {
			if !unvouched[l.what] {
				t.Errorf("%s: a wrong %s, and nothing tells", what, l.what)
			}
			return "wrong, and nothing tells: " + l.what
		}
	}
	t.Errorf("%s: something is missing, and nothing tells", what)
	return ""
}

// TestModel: what the disk keeps is what the words of its package say.
func TestModel(t *testing.T) {
	var all, none, part bool
	for seed := range uint64(40) {
		steps := script()[:2]
		r := &run{d: simdisk.New(seed), steps: steps}
		ok(t, r.open())
		ok(t, r.next())
		before := r.d.Files()["parley.db-wal"]
		r.d.Lying(true)
		ok(t, r.next())
		full := r.d.Files()["parley.db-wal"]
		r.d.Lose()
		r.close()
		after := r.d.Files()["parley.db-wal"]
		grown := make([]byte, len(full))
		copy(grown, before)
		switch {
		case bytes.Equal(after, full):
			all = true
		case bytes.Equal(after, before):
			none = true
		default:
			part = true
			for at := 0; at < len(after); at += simdisk.Sector {
				end := min(at+simdisk.Sector, len(after))
				if s := after[at:end]; !bytes.Equal(s, full[at:end]) && bytes.Equal(s, make([]byte, len(s))) == false && end < len(before) && !bytes.Equal(s, before[at:end]) {
					t.Fatalf("seed %d: a sector is neither what it was nor what was written", seed)
				}
			}
		}
	}
	if !all || !none || !part {
		t.Errorf("all %t, nothing %t, a part %t", all, none, part)
	}
}
