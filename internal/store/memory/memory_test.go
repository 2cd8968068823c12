package memory_test

import (
	"errors"
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/memory"
	"parley/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Engine{Open: func(_ string, s store.Sealer) (store.Store, error) { return memory.New(s), nil }})
}

func TestSnapshotAndFaults(t *testing.T) {
	s := memory.New(storetest.Sealer())
	id := storetest.LineID(1)
	if err := s.CreateLine(id, nil, nil); err != nil {
		t.Fatal(err)
	}
	g := storetest.NewLog(id, storetest.GenID(1), "alder")
	b := g.Batch(storetest.GenID(2), storetest.Many(3)...)
	b.Keys = []line.KV{{Key: "secret/x", Value: []byte("x"), Secret: true}, {Key: "plain", Value: []byte("y")}}
	if err := s.Line(id).Apply(b); err != nil {
		t.Fatal(err)
	}
	old, bare := s.Snapshot(), s.WithoutSecrets()
	boom := errors.New("boom")
	s.FailNext(boom, nil, boom)
	b = g.Batch(storetest.GenID(2), storetest.Dispatch())
	for i, want := range []error{boom, nil, boom} {
		if err := s.Line(id).Apply(b); !errors.Is(err, want) {
			t.Errorf("apply %d: %v, want %v", i, err, want)
		}
	}
	for name, c := range map[string]struct {
		s          *memory.Store
		size, keys int
	}{"now": {s, 5, 2}, "old": {old, 4, 2}, "bare": {bare, 4, 1}} {
		es, err := c.s.Line(id).Entries(storetest.GenID(1), 0, 10)
		kvs, _ := c.s.Line(id).Values("")
		if err != nil || len(es) != c.size || len(kvs) != c.keys {
			t.Errorf("%s: %d entries, %d values, %v", name, len(es), len(kvs), err)
		}
	}
	if err := old.Line(id).Apply(b); err != nil {
		t.Error(err)
	}
	if err := s.Line(id).Apply(b); parley.KindOf(err) != parley.Conflict {
		t.Error(err)
	}
}

func TestBlobs(t *testing.T) {
	b := memory.NewBlobs(10_000)
	storetest.RunBlobs(t, false, func(string) (store.Blobs, error) { return b, nil })
}
