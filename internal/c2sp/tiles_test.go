package c2sp

import (
	"bytes"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"parley"
)

func testEntries(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			if !yield(testEntry(i), nil) {
				return
			}
		}
	}
}

func tilesOf(t *testing.T, n int) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	note, _ := testNote(t, n)
	err := WriteTiles(func(path string, data []byte) error {
		if _, ok := files[path]; ok {
			t.Errorf("%s written twice", path)
		}
		files[path] = bytes.Clone(data)
		return nil
	}, testEntries(n), note)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestWriteTiles compares each hash tile with the one tlog cuts from the tree.
func TestWriteTiles(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 1000, 65536, 65536 + 300} {
		files := tilesOf(t, n)
		tree := testTree(t, n)
		want := []string{"checkpoint"}
		for _, tile := range tlog.NewTiles(tileHeight, 0, int64(n)) {
			data, err := tlog.ReadTileData(tile, tree)
			if err != nil {
				t.Fatal(err)
			}
			path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
			want = append(want, path)
			if !bytes.Equal(files[path], data) {
				t.Errorf("%d entries: %s differs", n, path)
			}
			if tile.L == 0 {
				want = append(want, strings.Replace(path, "tile/0/", "tile/entries/", 1))
			}
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
			t.Errorf("%d entries: got files %v, want %v", n, got, want)
		}
	}
	files := tilesOf(t, 257)
	if got, want := string(files["tile/entries/001.p/1"]), "\x00\x09entry 256"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriteTilesRefuses(t *testing.T) {
	good, _ := testNote(t, 3)
	broken := errors.New("bad sector")
	one := func(e []byte, err error) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) { yield(e, err) }
	}
	for name, test := range map[string]struct {
		entries iter.Seq2[[]byte, error]
		note    []byte
		want    parley.Kind
	}{
		"not a note":   {testEntries(3), []byte("x"), parley.Malformed},
		"too few":      {testEntries(2), good, parley.BadProof},
		"too many":     {testEntries(4), good, parley.BadProof},
		"another":      {one([]byte("x"), nil), good, parley.BadProof},
		"over 65535":   {one(make([]byte, 65536), nil), good, parley.Oversize},
		"broken store": {one(nil, broken), good, parley.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			err := WriteTiles(func(path string, _ []byte) error {
				if path == "checkpoint" {
					t.Error("the checkpoint was written")
				}
				return nil
			}, test.entries, test.note)
			wantKind(t, err, test.want)
		})
	}
	full := parley.Errorf(parley.DiskFull, "no room")
	for _, fail := range []string{"tile/entries/000.p/3", "tile/0/000.p/3", "checkpoint"} {
		err := WriteTiles(func(path string, _ []byte) error {
			if path == fail {
				return full
			}
			return nil
		}, testEntries(3), good)
		wantKind(t, err, parley.DiskFull)
	}
}
