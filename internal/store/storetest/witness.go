package storetest

import (
	"fmt"
	"reflect"
	"testing"

	"parley"
	"parley/internal/store"
)

// testCosignatures: of one key over one checkpoint the earliest and the latest
// stay; nothing is kept over a checkpoint that is not there; all of it survives.
func testCosignatures(t *testing.T, f *fixture) {
	f.apply(t, f.ours.Batch(GenID(2), Dispatch()), f.ours.Batch(GenID(2), Dispatch()), f.their.Batch(GenID(1), Dispatch())) // heads of 2 and 3; of 2
	a, b := f.ours.Gen, f.their.Gen
	made := int64(0)
	cos := func(gen parley.GenerationID, size uint64, witness string, key uint32, at uint64) store.Cosignature {
		made++
		return store.Cosignature{Gen: gen, Size: size, Witness: witness, Key: key, Time: at, Line: fmt.Sprintf("— %s line %d", witness, made), Arrived: made}
	}
	w5, w9, w7 := cos(a, 2, "w.example/1", 4, 1005), cos(a, 2, "w.example/1", 4, 1009), cos(a, 2, "w.example/1", 4, 1007)
	again, ml := cos(a, 2, "w.example/1", 4, 1005), cos(a, 2, "w.example/1", 6, 1006)
	other, later := cos(a, 2, "v.example/2", 4, 2000), cos(a, 3, "w.example/1", 4, 1008)
	theirs := cos(b, 2, "w.example/1", 4, 900)
	check(t, f.l.Cosign([]store.Cosignature{w5, w9}))
	check(t, f.l.Cosign([]store.Cosignature{w7, again, ml, other, later, theirs}))
	check(t, f.l.Cosign(nil))
	wantKind(t, f.l.Cosign([]store.Cosignature{cos(a, 3, "u.example/3", 4, 1), cos(a, 1, "w.example/1", 4, 1010)}), parley.NotFound)
	wantKind(t, f.l.Cosign([]store.Cosignature{cos(GenID(9), 1, "w.example/1", 4, 1010)}), parley.NotFound)
	wantKind(t, f.s.Line(LineID(7)).Cosign([]store.Cosignature{w5}), parley.NotFound)
	for range 2 {
		for _, x := range []struct {
			gen  parley.GenerationID
			size uint64
			n    int
			want []store.Cosignature
		}{
			{a, 0, 0, []store.Cosignature{other, w5, w9, ml, later}},
			{a, 1, 2, []store.Cosignature{other, w5}},
			{a, 3, 0, []store.Cosignature{later}},
			{a, 4, 0, nil},
			{b, 0, 0, []store.Cosignature{theirs}},
			{GenID(9), 0, 0, nil},
		} {
			got, err := f.l.Cosignatures(x.gen, x.size, x.n)
			check(t, err)
			if len(got)+len(x.want) > 0 && !reflect.DeepEqual(got, x.want) {
				t.Errorf("from %d, %d of them: got %v, want %v", x.size, x.n, got, x.want)
			}
		}
		got, err := f.l.Cosigned(a)
		check(t, err)
		if want := []store.Cosignature{other, w9, ml}; !reflect.DeepEqual(got, want) {
			t.Errorf("latest: got %v, want %v", got, want)
		}
		f.reopen(t)
	}
}
