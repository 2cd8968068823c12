package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"parley"
	"parley/internal/station"
)

// The history of a run, as its users saw it: each dispatch is an object of its
// own, and the settled order of the line is another. porcupine looks for one
// moment within each operation at which it happened, so that all of them
// together follow the model. What an operation's process was killed in has no
// end: it may have happened at any time, or never.

// kind is what a user did or saw.
type kind int

const (
	release  kind = iota // of the dispatch, by its side
	ownRead              // its side looks for it under the id it was acknowledged with
	read                 // a side counts it in its record
	receipt              // its side sees the rung "stored" of another side
	sequence             // a side reads the settled order
)

func (k kind) String() string {
	return [...]string{"release", "ownRead", "read", "receipt", "sequence"}[k]
}

// in is what is asked.
type in struct {
	kind kind
	of   string // the dispatch; "" for the order
	side string
}

// out is what is answered.
type out struct {
	ok    bool // release: acknowledged
	count int  // how often it is there
	order string
}

// object is the state of one dispatch.
type object struct {
	released bool
	holds    string // sides that surely have it, " alder birch"
}

// lineOrder is the state of the settled order.
type lineOrder struct {
	agreed string // what is settled, "subject subject ..."
	known  string // how much of it each side has shown, " alder=12"
}

// model is what Parley promises of one line.
var model = porcupine.Model{
	Partition: func(h []porcupine.Operation) (parts [][]porcupine.Operation) {
		by := map[string][]porcupine.Operation{}
		for _, o := range h {
			by[o.Input.(in).of] = append(by[o.Input.(in).of], o)
		}
		for _, p := range by {
			parts = append(parts, p)
		}
		return parts
	},
	Init: func() any { return nil },
	Step: func(state, input, output any) (bool, any) {
		i, o := input.(in), output.(out)
		if i.kind == sequence {
			s, _ := state.(lineOrder)
			return stepOrder(s, i, o)
		}
		s, _ := state.(object)
		return stepObject(s, i, o)
	},
	Equal: func(a, b any) bool { return a == b },
	DescribeOperation: func(input, output any) string {
		i, o := input.(in), output.(out)
		return fmt.Sprintf("%s %s at %s: ok %v, %d %s", i.kind, i.of, i.side, o.ok, o.count, clip(o.order))
	},
	DescribeState: func(s any) string { return clip(fmt.Sprintf("%+v", s)) },
}

func clip(s string) string {
	if len(s) > 300 {
		return s[:300] + "..."
	}
	return s
}

// stepObject: a dispatch is released once; a side that has shown it, or given a
// receipt for it, has it from then on, once; the side that was told that it is
// released has it.
func stepObject(s object, i in, o out) (bool, any) {
	holds := strings.Contains(s.holds, " "+i.side)
	with := func() object {
		if !holds {
			s.holds += " " + i.side
		}
		return s
	}
	switch i.kind {
	case release:
		if s.released {
			return false, s
		}
		s.released = true
		if o.ok {
			return true, with()
		}
		return true, s
	case read, ownRead:
		if o.count == 0 {
			return !holds, s
		}
		return o.count == 1 && s.released, with()
	case receipt:
		return s.released, with()
	}
	return false, s
}

// stepOrder: what is settled is one sequence, of which each side shows a
// beginning that never shrinks.
func stepOrder(s lineOrder, i in, o out) (bool, any) {
	if !strings.HasPrefix(s.agreed, o.order) {
		if !strings.HasPrefix(o.order, s.agreed) {
			return false, s
		}
		s.agreed = o.order
	}
	var known []string
	for _, k := range strings.Fields(s.known) {
		side, n, _ := strings.Cut(k, "=")
		if side != i.side {
			known = append(known, k)
		} else if number(n) > int64(len(o.order)) {
			return false, s
		}
	}
	known = append(known, fmt.Sprintf("%s=%d", i.side, len(o.order)))
	slices.Sort(known)
	s.known = strings.Join(known, " ")
	return true, s
}

// journal gathers the operations of a run.
type journal struct {
	mu    sync.Mutex
	began time.Time
	ops   []porcupine.Operation
}

func (j *journal) now() int64 { return time.Since(j.began).Nanoseconds() }

func (j *journal) add(client int, i in, o out, from, to int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ops = append(j.ops, porcupine.Operation{ClientId: client, Input: i, Output: o, Call: from, Return: to})
}

// never is the end of an operation that nobody saw end.
const never = int64(1) << 60

// TestHistories runs lines of two and of three parties under kills, cuts and
// restarts, and has porcupine judge what their users saw.
func TestHistories(t *testing.T) {
	d := 5 * time.Second
	if *runs > 1 {
		d = 20 * time.Second
	}
	slots := make(chan struct{}, *pairs)
	for n := range *runs {
		for _, codes := range [][]string{{"alder", "birch"}, {"alder", "birch", "cedar"}} {
			t.Run(fmt.Sprintf("%d-%d", len(codes), n), func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				w := newWorld(t, rand.New(rand.NewPCG(*seed, uint64(5000+10*n+len(codes)))), codes...)
				ops, faults := w.history(d)
				w.judge(ops)
				t.Logf("%d parties: %d operations on %d dispatches under %s; seed %d", len(codes), len(ops), len(w.book.all("")), faults, *seed)
			})
		}
	}
}

// judge fails the test when the history breaks the model, and keeps a picture.
func (w *world) judge(ops []porcupine.Operation) {
	w.t.Helper()
	res, info := porcupine.CheckOperationsVerbose(model, ops, 60*time.Second)
	w.t.Logf("porcupine: %d operations: %s", len(ops), res)
	if res == porcupine.Ok {
		return
	}
	dir := *keep
	if dir == "" {
		dir = os.TempDir()
	}
	os.MkdirAll(dir, 0o755)
	path := filepath.Join(dir, fmt.Sprintf("history-%d.html", time.Now().UnixNano()))
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		w.t.Logf("the picture is not kept: %v", err)
	}
	for _, part := range model.Partition(ops) {
		if porcupine.CheckOperations(model, part) {
			continue
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		for _, o := range part {
			w.t.Logf("%8.3f to %8.3f  %s", float64(o.Call)/1e9, min(float64(o.Return)/1e9, 9999), model.DescribeOperation(o.Input, o.Output))
		}
	}
	w.t.Fatalf("the history breaks the promises (%s); see %s", res, path)
}

// history runs users and faults for a while, then lets all come to rest.
func (w *world) history(d time.Duration) ([]porcupine.Operation, string) {
	w.t.Helper()
	j := &journal{began: time.Now()}
	ctx, stop := context.WithTimeout(context.Background(), d)
	defer stop()
	var wg sync.WaitGroup
	for n, s := range w.sides {
		rng := rand.New(rand.NewPCG(w.rng.Uint64(), 1))
		wg.Go(func() { w.releaser(ctx, j, 3*n, s, rng) })
		wg.Go(func() { w.reader(ctx, j, 3*n+1, s) })
		wg.Go(func() { w.watcher(ctx, j, 3*n+2, s) })
	}
	faults := w.faults(ctx)
	wg.Wait()
	w.quiet()
	w.founding()
	for n, s := range w.sides { // what is there at the end is part of the history
		w.readOnce(j, 3*n+1, s)
		w.watchOnce(j, 3*n+2, s)
	}
	w.finish()
	return j.ops, faults
}

// faults kills, cuts and restarts until ctx ends, and leaves all running.
func (w *world) faults(ctx context.Context) string {
	w.t.Helper()
	kills, stops, cuts := 0, 0, 0
	for ctx.Err() == nil {
		time.Sleep(time.Duration(100+w.rng.IntN(400)) * time.Millisecond)
		s := w.sides[w.rng.IntN(len(w.sides))]
		switch w.rng.IntN(4) {
		case 0, 1:
			s.kill()
			s.start()
			kills++
		case 2:
			s.halt()
			s.start()
			stops++
		case 3:
			w.cut(true, s)
			time.Sleep(time.Duration(w.rng.IntN(800)) * time.Millisecond)
			w.cut(false, s)
			cuts++
		}
	}
	return fmt.Sprintf("%d kills, %d restarts, %d cuts", kills, stops, cuts)
}

func (w *world) releaser(ctx context.Context, j *journal, client int, s *side, rng *rand.Rand) {
	for ctx.Err() == nil {
		time.Sleep(time.Duration(20+rng.IntN(150)) * time.Millisecond)
		others := w.others(s)
		a := w.newAct(s, rng)
		from := j.now()
		w.try(s, others[rng.IntN(len(others))], a, rng)
		to := j.now()
		if a.err != nil {
			to = never
		}
		j.add(client, in{release, a.subject, s.code}, out{ok: a.err == nil}, from, to)
	}
}

func (w *world) reader(ctx context.Context, j *journal, client int, s *side) {
	for ctx.Err() == nil {
		w.readOnce(j, client, s)
		time.Sleep(100 * time.Millisecond)
	}
}

// readOnce reads a side's record: how often each dispatch tried so far is
// there, and the settled order.
func (w *world) readOnce(j *journal, client int, s *side) {
	acts := w.book.all("")
	from := j.now()
	items, err := w.dispatches(s)
	if err != nil {
		return // it is down
	}
	to := j.now()
	have := count(items, true)
	for _, a := range acts {
		if a.from != s.code { // of its own, what waits is in no record yet
			j.add(client, in{read, a.subject, s.code}, out{count: have[a.subject]}, from, to)
		} else if have[a.subject] > 0 {
			j.add(client, in{read, a.subject, s.code}, out{count: have[a.subject]}, from, to)
		}
	}
	var order strings.Builder
	for _, it := range items {
		if it.Settled {
			order.WriteString(it.Subject + " ")
		}
	}
	j.add(client, in{kind: sequence, side: s.code}, out{order: order.String()}, from, to)
}

func (w *world) watcher(ctx context.Context, j *journal, client int, s *side) {
	for ctx.Err() == nil {
		w.watchOnce(j, client, s)
		time.Sleep(50 * time.Millisecond)
	}
}

// watchOnce looks at a side's own dispatches: whether they are there, and who
// has stored them.
func (w *world) watchOnce(j *journal, client int, s *side) {
	for _, a := range w.book.all(s.code) {
		if !a.acked {
			continue
		}
		from := j.now()
		it, err := s.client.Item(context.Background(), w.line, a.id)
		to := j.now()
		switch {
		case parley.KindOf(err) == parley.NotFound:
			j.add(client, in{ownRead, a.subject, s.code}, out{}, from, to)
		case err != nil:
			continue // it is down
		default:
			j.add(client, in{ownRead, a.subject, s.code}, out{count: 1}, from, to)
			for _, by := range storedBy(it) {
				j.add(client, in{receipt, a.subject, by}, out{}, from, to)
			}
		}
	}
}

// storedBy returns the parties that the ladder says have stored an item.
func storedBy(it station.Item) (out []string) {
	for _, step := range it.Ladder {
		if step.Rung != parley.Stored || step.At.IsZero() {
			continue
		}
		for _, to := range it.To {
			party, _, _ := strings.Cut(to, "/")
			out = append(out, party)
		}
	}
	return out
}

// TestModelCanFail doctors a history that is as it should be, one lie at a
// time; each has to be refused.
func TestModelCanFail(t *testing.T) {
	op := func(i in, o out, from, to int64) porcupine.Operation {
		return porcupine.Operation{Input: i, Output: o, Call: from, Return: to}
	}
	good := []porcupine.Operation{
		op(in{release, "a", "alder"}, out{ok: true}, 0, 10),
		op(in{release, "b", "birch"}, out{}, 5, never), // killed in it; it happened
		op(in{release, "c", "birch"}, out{}, 5, never), // killed in it; it did not
		op(in{read, "a", "birch"}, out{}, 11, 12),
		op(in{read, "b", "alder"}, out{}, 11, 12),
		op(in{ownRead, "a", "alder"}, out{count: 1}, 12, 13),
		op(in{receipt, "a", "birch"}, out{}, 14, 15),
		op(in{read, "a", "birch"}, out{count: 1}, 16, 17),
		op(in{read, "b", "alder"}, out{count: 1}, 16, 17),
		op(in{read, "c", "alder"}, out{}, 16, 17),
		op(in{kind: sequence, side: "alder"}, out{order: "a "}, 18, 19),
		op(in{kind: sequence, side: "birch"}, out{order: "a b "}, 18, 19),
		op(in{kind: sequence, side: "alder"}, out{order: "a b "}, 20, 21),
	}
	if porcupine.CheckOperations(model, good) == false {
		t.Fatal("a history that is as it should be is refused")
	}
	lies := map[string]porcupine.Operation{
		"twice at the other side":             op(in{read, "a", "birch"}, out{count: 2}, 30, 31),
		"lost after it was read":              op(in{read, "b", "alder"}, out{}, 30, 31),
		"lost after the receipt":              op(in{read, "a", "birch"}, out{}, 16, 16),
		"lost at its own side":                op(in{ownRead, "a", "alder"}, out{}, 30, 31),
		"read before it was released":         op(in{read, "d", "birch"}, out{count: 1}, 30, 31),
		"a receipt for what was not released": op(in{receipt, "d", "birch"}, out{}, 30, 31),
		"released twice":                      op(in{release, "a", "alder"}, out{ok: true}, 30, 31),
		"another order":                       op(in{kind: sequence, side: "alder"}, out{order: "b a "}, 30, 31),
		"an order that shrinks":               op(in{kind: sequence, side: "birch"}, out{order: "a "}, 30, 31),
	}
	for name, lie := range lies {
		if porcupine.CheckOperations(model, append(slices.Clone(good), lie)) {
			t.Errorf("%s: the doctored history is taken for good", name)
		}
	}
}
