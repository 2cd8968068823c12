package storetest

import (
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// Engine is what the suite runs against.
type Engine struct {
	// Open opens the store in dir and makes it when it is new.
	Open func(dir string, s store.Sealer) (store.Store, error)
	// Durable engines give back after Close and Open what was applied.
	Durable bool
}

// Run runs the suite.
func Run(t *testing.T, e Engine) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"Lines", testLines},
		{"ReadBack", testReadBack},
		{"LargeEntries", testLargeEntries},
		{"Empty", testEmpty},
		{"Expect", testExpect},
		{"EntryConflicts", testEntryConflicts},
		{"HashConflicts", testHashConflicts},
		{"HeadConflicts", testHeadConflicts},
		{"AllOrNothing", testAllOrNothing},
		{"ApplyAll", testApplyAll},
		{"Heads", testHeads},
		{"Receipts", testReceipts},
		{"Cosignatures", testCosignatures},
		{"Outbox", testOutbox},
		{"Values", testValues},
		{"ManyWriters", testManyWriters},
		{"Item", testItem},
		{"KeyComesBack", testKeyComesBack},
		{"Referring", testReferring},
		{"HandedOut", testHandedOut},
		{"Place", testPlace},
		{"PlaceRefusals", testPlaceRefusals},
		{"Pages", testPages},
		{"Filters", testFilters},
		{"Arrival", testArrival},
		{"ArrivalOfForms", testArrivalOfForms},
		{"Unsettled", testUnsettled},
		{"CountsLatest", testCounts},
		{"Closed", testClosed},
		{"WrongStorageKey", testWrongKey},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, newFixture(t, e)) })
	}
}

// fixture is one fresh store with one line and its two logs.
type fixture struct {
	e     Engine
	dir   string
	s     store.Store
	l     store.Line
	ours  *Log
	their *Log
}

func newFixture(t *testing.T, e Engine) *fixture {
	t.Helper()
	f := &fixture{e: e, dir: t.TempDir()}
	f.open(t)
	t.Cleanup(func() { f.s.Close() })
	if err := f.s.CreateLine(LineID(1), []byte("founding"), []byte("meta")); err != nil {
		t.Fatal(err)
	}
	f.l = f.s.Line(LineID(1))
	f.ours = NewLog(LineID(1), GenID(1), "alder")
	f.their = NewLog(LineID(1), GenID(2), "birch")
	return f
}

func (f *fixture) open(t *testing.T) {
	t.Helper()
	s, err := f.e.Open(f.dir, Sealer())
	if err != nil {
		t.Fatal(err)
	}
	f.s, f.l = s, s.Line(LineID(1))
}

// reopen closes and opens a durable store; others go on.
func (f *fixture) reopen(t *testing.T) {
	t.Helper()
	if !f.e.Durable {
		return
	}
	if err := f.s.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(t)
}

func (f *fixture) apply(t *testing.T, bs ...*line.Batch) {
	t.Helper()
	for _, b := range bs {
		if err := f.l.Apply(b); err != nil {
			t.Fatal(err)
		}
	}
}

// wantKind fails unless err is of the kind.
func wantKind(t *testing.T, err error, k parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != k {
		t.Errorf("got error %v (%v), want kind %v", err, parley.KindOf(err), k)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
