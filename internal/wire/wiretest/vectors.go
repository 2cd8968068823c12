// Package wiretest gives tests the cases of spec/vectors as bytes, so that
// every fuzz target starts from what the specification says must be taken and
// what must be refused.
package wiretest

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Vectors returns a file of spec/vectors.
func Vectors(t testing.TB, name string) []byte {
	t.Helper()
	dir := "."
	for range 6 {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			b, err := os.ReadFile(filepath.Join(dir, "spec", "vectors", filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		dir = filepath.Join("..", dir)
	}
	t.Fatal("the tests do not run inside the module")
	return nil
}

// Inputs returns the inputs of every case of one part, accepted and refused,
// in the order of the file: of each, the named fields as they are written.
func Inputs(t testing.TB, part string, fields ...string) [][]string {
	t.Helper()
	var file struct {
		Cases []struct{ Input map[string]any }
	}
	if err := json.Unmarshal(Vectors(t, part+".json"), &file); err != nil {
		t.Fatalf("%s: %v", part, err)
	}
	var out [][]string
	for _, c := range file.Cases {
		var in []string
		for _, f := range fields {
			if s, ok := c.Input[f].(string); ok {
				in = append(in, s)
			}
		}
		if len(in) == len(fields) {
			out = append(out, in)
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no case with %v", part, fields)
	}
	return out
}

// Seed adds the named field of every case of one part to f, from hexadecimal.
func Seed(f *testing.F, part, field string) {
	f.Helper()
	for _, in := range Inputs(f, part, field) {
		f.Add(Unhex(f, in[0]))
	}
}

// Unhex is hexadecimal text as bytes.
func Unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
