package store_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/wire"
)

// clear is a Sealer that seals nothing, to put broken bytes in.
type clear struct{}

func (clear) Seal(_ string, p []byte) []byte { return bytes.Clone(p) }

func (clear) Open(_ string, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errors.New("empty")
	}
	return b, nil
}

func TestContent(t *testing.T) {
	k := bytes.Repeat([]byte{4}, 32)
	for _, c := range []store.Content{
		{}, {Key: k}, {Header: []byte{1, 2}}, {Body: []byte{3}}, {Key: k, Header: []byte{}, Body: []byte{}}, {Key: k, Header: []byte{9}, Body: []byte{8, 7}},
	} {
		got, err := store.OpenContent(clear{}, "x", c.Seal(clear{}, "x"))
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("got %+v, %v, want %+v", got, err, c)
		}
	}
	for _, b := range [][]byte{{}, {0}, {8}, {0xff}, append([]byte{1}, k[:31]...), append([]byte{1}, append(k, 0)...), {2, 0, 0, 0}, {2, 0, 0, 0, 2, 1}, {2, 0, 0, 0, 1, 1, 1}} {
		if _, err := store.OpenContent(clear{}, "x", b); parley.KindOf(err) != parley.Corrupt || parley.HintOf(err) == "" {
			t.Errorf("%x: %v", b, err)
		}
	}
	s := storetest.Sealer()
	sealed := store.Content{Body: []byte("x")}.Seal(s, "one")
	if _, err := store.OpenContent(s, "another", sealed); parley.KindOf(err) != parley.Corrupt {
		t.Errorf("opened under another name: %v", err)
	}
}

func TestDerive(t *testing.T) {
	g := storetest.NewLog(storetest.LineID(1), storetest.GenID(1), "alder")
	s := storetest.Dispatch()
	s.Refs = []parley.Ref{{Gen: storetest.GenID(2), Index: 4}, {Gen: storetest.GenID(2), Index: 4}, {Gen: storetest.GenID(2), Index: store.MaxIndex}}
	s.To = append(s.To, parley.Address{Party: "birch", Office: "watch"}, parley.Address{Party: "birch", Office: "Not An Office"})
	b := g.Batch(parley.GenerationID{}, s)
	it := store.Derive(&b.Entries[1])
	want := store.Item{Form: "dispatch", Serial: 1, Time: uint64(b.Entries[1].Arrived / 1000), Offices: []parley.Office{"envoy", "watch"}, Refs: s.Refs[:1]}
	if !reflect.DeepEqual(it, want) {
		t.Errorf("got  %+v\nwant %+v", it, want)
	}
	if it := store.Derive(&b.Entries[0]); it.Form != store.EpochForm || it.Party != "alder" {
		t.Errorf("first entry: %+v", it)
	}
	for _, e := range []line.StoredEntry{
		{}, {Bytes: []byte{0x88}}, {Bytes: []byte{0x88, 2, 0, 0, 0}}, {Bytes: []byte{0x88, 1, 0, 0x1b}},
		{Bytes: []byte{0x88, 1, 0, 0, 0x40}}, {Bytes: []byte{0x86, 1, 2, 0, 0}},
		{Bytes: b.Entries[1].Bytes[:3], Header: []byte{0xa1}},
	} {
		if it := store.Derive(&e); !reflect.DeepEqual(it, store.Item{}) {
			t.Errorf("%x: %+v", e.Bytes, it)
		}
	}
	long := wire.Encode(map[uint64]any{1: string(bytes.Repeat([]byte("f"), 500)), 2: uint64(1) << 63, 3: "x"})
	if it := store.DeriveHeader(long); len(it.Form) != 64 || it.Serial != 0 {
		t.Errorf("%+v", it)
	}
}

func TestSettle(t *testing.T) {
	p := func(i uint64, pos int64, settled bool) store.Position {
		return store.Position{Index: i, Pos: pos, Settled: settled}
	}
	for i, c := range []struct {
		ps   []store.Position
		from int64
		want int64
	}{
		{nil, 3, 3},
		{[]store.Position{p(1, 2, true), p(0, 1, true)}, 0, 2},
		{[]store.Position{p(0, 1, true), p(1, 2, true), p(9, 9, false)}, 1, 2},
		{[]store.Position{p(0, -1, false), p(1, 0, false)}, 1, 1},
		{[]store.Position{p(0, 3, true)}, 1, -1},
		{[]store.Position{p(0, 1, false)}, 1, -1},
		{[]store.Position{p(0, 0, true)}, 1, -1},
		{[]store.Position{p(0, -1, true)}, 1, -1},
		{[]store.Position{p(0, 2, false), p(1, 2, true)}, 1, -1},
		{[]store.Position{p(0, 5, false), p(0, 6, false)}, 1, -1},
	} {
		got, err := store.Settle(c.ps, c.from)
		if c.want < 0 && parley.KindOf(err) != parley.Conflict || c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("case %d: %d, %v, want %d", i, got, err, c.want)
		}
	}
}

func FuzzOpenContent(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 1, 1})
	f.Add(append([]byte{7}, make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := store.OpenContent(clear{}, "x", b)
		if err == nil && len(b) > 0 && !bytes.Equal(c.Seal(clear{}, "x"), b) {
			t.Errorf("%x is read, and written otherwise", b)
		}
	})
}

func FuzzDerive(f *testing.F) {
	g := storetest.NewLog(storetest.LineID(1), storetest.GenID(1), "alder")
	for _, e := range g.Batch(parley.GenerationID{}, storetest.Dispatch()).Entries {
		f.Add(e.Bytes, e.Header, e.Index)
	}
	f.Add([]byte{0x86, 1, 1, 0x1b, 0, 0, 0, 0, 0, 0, 0, 1, 0x19, 1}, []byte{0xa1, 1, 0x61, 0x78}, uint64(0))
	f.Fuzz(func(t *testing.T, b, h []byte, idx uint64) {
		it := store.Derive(&line.StoredEntry{Bytes: b, Header: h, Index: idx})
		if len(it.Form) > 64 || it.Serial > 1<<62 || it.Time >= 1<<62 {
			t.Errorf("%+v", it)
		}
		if it.Party != "" {
			if _, err := parley.ParsePartyCode(string(it.Party)); err != nil || idx != 0 {
				t.Errorf("party %q at index %d", it.Party, idx)
			}
		}
		for _, r := range it.Refs {
			if r.Index >= store.MaxIndex {
				t.Errorf("%v", r)
			}
		}
	})
}

// FuzzOpenValue opens secret values under names and keys that are not theirs.
func FuzzOpenValue(f *testing.F) {
	f.Add([]byte("a secret"), "epoch/1", uint(0), byte(0), false)
	f.Add([]byte{}, "", uint(3), byte(1), true)
	s, id := storetest.Sealer(), storetest.LineID(1)
	f.Fuzz(func(t *testing.T, v []byte, key string, at uint, flip byte, other bool) {
		b := s.Seal(store.ValueName(id, key), v)
		b[at%uint(len(b))] ^= flip
		l := id
		if other {
			l = storetest.LineID(2)
		}
		got, err := store.OpenValue(s, l, key, b)
		if whole := flip == 0 && !other; whole != (err == nil) || whole && !bytes.Equal(got, v) {
			t.Errorf("whole %v: %x, %v", whole, got, err)
		}
		if err != nil && (parley.KindOf(err) != parley.Corrupt || parley.HintOf(err) == "") {
			t.Errorf("%v", err)
		}
	})
}
