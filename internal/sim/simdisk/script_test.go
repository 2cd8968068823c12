package simdisk_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/sim/simdisk"
	"parley/internal/sqlfile"
	"parley/internal/store"
	"parley/internal/store/memory"
	"parley/internal/store/sqlite"
	"parley/internal/store/storetest"
)

var (
	id1 = storetest.LineID(1)
	us  = storetest.GenID(1)
	the = storetest.GenID(2)
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// step is one thing that a station does to its store.
type step struct {
	what string
	do   func(store.Store) error
	lazy bool // durable only with the next step that is not
	fold bool // folds the write-ahead log; changes nothing
}

func apply(what string, bs ...*line.Batch) step {
	return step{what: what, do: func(s store.Store) error { return s.Line(id1).ApplyAll(bs) }}
}

// script is what is done to a new store: a line is made, both logs grow by small
// batches and large ones, items are filed and handed out, values change and go,
// positions are given, the log is folded in between.
func script() []step {
	ours, theirs := storetest.NewLog(id1, us, "alder"), storetest.NewLog(id1, the, "birch")
	values := func(b *line.Batch, n int) *line.Batch {
		b.Keys = []line.KV{{Key: "k/size", Value: fmt.Append(nil, n)}, {Key: fmt.Sprint("k/", n%3), Value: fmt.Append(nil, storetest.Secret, n), Secret: true}}
		if n%3 == 2 {
			b.Keys = append(b.Keys, line.KV{Key: "k/0"})
		}
		return b
	}
	place := func(from, to int64, settled bool) step {
		var ps []store.Position
		for p := from; p <= to; p++ {
			ps = append(ps, store.Position{Gen: us, Index: uint64(p - 1), Pos: p, Settled: settled})
		}
		return step{what: fmt.Sprintf("place %d to %d", from, to), lazy: true, do: func(s store.Store) error { return s.Line(id1).Place(ps) }}
	}
	fold := step{what: "fold", fold: true}
	filed := &line.Batch{Line: id1}
	for i := range uint64(6) {
		say := storetest.Dispatch()
		say.Refs = []parley.Ref{{Gen: us, Index: 1 + i}}
		filed.Filed = append(filed.Filed, storetest.Filed(i+1, say))
	}
	steps := []step{
		{what: "create the line", do: func(s store.Store) error { return s.CreateLine(id1, []byte("founding"), []byte("meta")) }},
		apply("our log begins", values(ours.Batch(the, storetest.Many(3)...), 0)),
		apply("their log begins", theirs.Batch(us, storetest.Many(2)...)),
		apply("items are filed", filed),
		place(1, 3, true),
	}
	says := storetest.Many(9)
	for i := range says[:4] {
		says[i].Filed, says[i].Refs = uint64(i+1), []parley.Ref{{Gen: us, Index: uint64(1 + i)}}
	}
	out := values(ours.Batch(the, says...), 1)
	out.Unfiled = []uint64{1, 2, 3, 4}
	steps = append(steps, apply("items are handed out", out), fold,
		apply("two at once", values(theirs.Batch(us, storetest.Many(40)...), 2), ours.Batch(the, storetest.Dispatch())),
		place(4, 9, true), place(10, 12, false))
	long := storetest.Dispatch()
	long.Body = strings.Repeat("long and plain ", 2000)
	steps = append(steps, apply("a long text", values(ours.Batch(the, long), 3)),
		step{what: "meta", do: func(s store.Store) error { return s.Line(id1).SetMeta([]byte("other")) }}, fold,
		apply("after a fold", values(theirs.Batch(us, storetest.Many(4)...), 4)), apply("the last", values(ours.Batch(the, storetest.Many(2)...), 5)))
	return steps
}

// dump is all that a store says of itself, in one hash; "" of a store without the
// line.
func dump(s store.Store) (string, error) {
	ls, err := lines(s)
	if err != nil || len(ls) == 0 {
		return "", err
	}
	h := sha256.New()
	for _, l := range ls {
		fmt.Fprintf(h, "%s: %s\n", l.what, l.text)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), nil
}

// said is one thing that a store says.
type said struct{ what, text string }

// lines are all things that a store says of itself; none of a store without the
// line.
func lines(s store.Store) (out []said, err error) {
	ids, err := s.Lines()
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	l := s.Line(id1)
	var errs []error
	put := func(what string, err error, v ...any) {
		out = append(out, said{what, fmt.Sprintf("%x", fmt.Append(nil, v...))})
		errs = append(errs, err)
	}
	founding, meta, err := l.Founding()
	put("founding and meta", err, string(founding), string(meta))
	logLines(l, us, the, put)
	logLines(l, the, us, put)
	fs, err := l.Filed()
	for _, f := range fs {
		put("outbox", nil, f.ID, f.Header, f.Fields)
		put("time and precedence in the outbox", nil, f.Precedence, f.At)
	}
	put("outbox", err, len(fs))
	kvs, err := l.Values("")
	for _, kv := range kvs {
		put(map[bool]string{true: "secret value", false: "value"}[kv.Secret], nil, kv.Key, string(kv.Value))
	}
	put("value", err, len(kvs))
	for _, f := range []store.Filter{{Limit: 500}, {Order: store.ByArrival, Limit: 500}, {Forms: []string{"dispatch"}, Limit: 500}} {
		rs, n, err := l.Rows(f)
		put("row", err, plain(rs), n)
	}
	rs, n, err := l.Unsettled(store.Filter{Limit: 500})
	put("row", err, plain(rs), n)
	for i := range uint64(8) {
		rs, err := l.Referring(us, i)
		put("row", err, plain(rs))
		ref, handed, err := l.Handed(i)
		put("row", err, ref, handed)
	}
	ps, err := l.Pending()
	put("row", err, fmt.Sprintf("%+v", ps))
	c, err := l.Counts()
	put("row", err, fmt.Sprintf("%+v", c))
	return out, errors.Join(errs...)
}

// logLines are what a store says of one log.
func logLines(l store.Line, g, other parley.GenerationID, put func(string, error, ...any)) {
	es, err := store.EntriesUpTo(l, g, store.MaxIndex)
	put("entry", err, len(es))
	for _, e := range es {
		put("entry", nil, e.Gen, e.Index, e.Bytes, e.Key, e.Header, e.Body)
		put("arrival, filing and fault of an entry", nil, e.Arrived, e.Filed, e.Faulty, e.Fault)
	}
	for size := uint64(1); ; {
		h, ok, err := l.Head(g, size)
		put("head", err, h.Size, h.Root)
		put("signature and arrival of a head", nil, h.Ed, h.ML, h.Arrived)
		if !ok {
			break
		}
		size = h.Size + 1
	}
	for size := uint64(1); ; {
		r, ok, err := l.Receipt(g, other, size)
		put("receipt", err, r.Size, r.Time, r.Ed, r.ML, r.Arrived)
		if !ok {
			break
		}
		size = r.Size + 1
	}
	for at := range int64(2 * len(es)) { // the last few are not there: that is an answer too
		hs, err := l.Hashes(g, []int64{at})
		if parley.KindOf(err) == parley.Corrupt && err != nil {
			hs, err = nil, nil
		}
		put("hash", err, hs)
	}
}

// plain is rows as text: what they hold of the store that gave them is left out.
func plain(rs []store.Row) (out []string) {
	for _, r := range rs {
		c, err := r.Content()
		out = append(out, fmt.Sprintf("%s/%d filed %d %s %s %d %d %d time %d arrived %d %t %t %d pos %d %t: %x %x %v", r.Gen, r.Index, r.Filed, r.Party, r.Form, r.Series, r.Serial, r.Precedence,
			r.Time, r.Arrived, r.Exercise, r.Faulty, r.Fault, r.Pos, r.Settled, c.Header, c.Body, err))
	}
	return out
}

// states are the dumps of a store that does the same in memory: before the first
// step, and after each.
func states(t testing.TB, steps []step) []string {
	t.Helper()
	m := memory.New(storetest.Sealer())
	out := []string{""}
	for _, s := range steps {
		if !s.fold {
			ok(t, s.do(m))
		}
		d, err := dump(m)
		ok(t, err)
		out = append(out, d)
	}
	return out
}

// run is a store on a simulated disk, and how far its script has come.
type run struct {
	d     *simdisk.Disk
	m     *simdisk.Mount
	s     *sqlite.Store
	steps []step
	done  int // steps that returned success
	safe  int // of these, up to the last that is durable by contract
}

func open(d *simdisk.Disk) (*simdisk.Mount, *sqlite.Store, error) {
	m := d.Mount()
	s, err := sqlite.Open(m.Dir(), storetest.Sealer(), sqlite.Options{Disk: m})
	if err != nil {
		m.Forget()
		return nil, nil, err
	}
	return m, s, nil
}

// open opens the store again.
func (r *run) open() (err error) {
	r.m, r.s, err = open(r.d)
	return err
}

// close ends the process that has the store open, as a kill does.
func (r *run) close() {
	if r.s != nil {
		r.d.Kill()
		r.s.Close() // it fails: the disk is gone from under it
		r.m.Forget()
		r.s = nil
	}
}

// next does one step.
func (r *run) next() error {
	s := r.steps[r.done]
	var err error
	if s.fold {
		err = fold(r.m)
	} else {
		err = s.do(r.s)
	}
	if err != nil {
		return err
	}
	if r.done++; !s.lazy && !s.fold {
		r.safe = r.done
	}
	return nil
}

// fold does what Store.Run does in idle moments.
func fold(m *simdisk.Mount) error {
	c, err := sqlfile.ConnectOn(m.VFS(), "database", m.Dir()+"/parley.db", []string{"busy_timeout(0)", "wal_autocheckpoint(0)"})
	if err != nil {
		return err
	}
	_, err = c.Query("PRAGMA wal_checkpoint(PASSIVE)")
	return errors.Join(err, c.Close())
}

// all opens the store and does every step, until one fails.
func (r *run) all() error {
	if r.s == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	for r.done < len(r.steps) {
		if err := r.next(); err != nil {
			return err
		}
	}
	return nil
}

// judge opens the store and says what is wrong with it: that it does not open, is
// not sound, or holds anything but the state after one of the steps from safe to
// the one that was under way. It leaves the store open, at that step.
func (r *run) judge(want []string) error {
	least, most := r.safe, min(r.done+1, len(r.steps))
	if err := r.open(); err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	found, err := r.s.Check(context.Background(), nil)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("it is not sound: %v, %v", found, err)
	}
	got, err := dump(r.s)
	if err != nil {
		return fmt.Errorf("it does not read: %w", err)
	}
	for n := most; n >= least; n-- {
		if want[n] == got {
			for n < len(r.steps) && r.steps[n].fold {
				n++
			}
			r.done = n
			return nil
		}
	}
	for n, w := range want {
		if w == got {
			return fmt.Errorf("it is as after %d steps; %d were durable and %d done", n, least, r.done)
		}
	}
	return fmt.Errorf("it is as after no step; %d were durable and %d done", least, r.done)
}
