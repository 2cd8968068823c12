package record_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley"
)

var update = flag.Bool("update", false, "write spec/vectors again; a vector once published never changes")

// vectorDir is where the vectors lie. Those in station/ are for stations only;
// readers run the others (spec/vectors/README.md).
const vectorDir = "../../spec/vectors"

// vectorFile is one file of vectors.
type vectorFile struct {
	Part        string       `json:"part"`
	Description string       `json:"description"`
	Cases       []vectorCase `json:"cases"`
}

type vectorCase struct {
	Name  string `json:"name"`
	Input object `json:"input"`
	Want  object `json:"want,omitempty"`
	Error string `json:"error,omitempty"`
}

type object = map[string]any

// part is how one part of the protocol is run, and how its vectors are made.
type part struct {
	name    string
	about   string
	station bool // for stations only
	run     func(in input) (object, error)
	make    func(m *maker)
}

func parts() []part {
	return append(append(append(basicParts(), signedParts()...), fileParts()...), stationParts()...)
}

func (p part) path() string {
	if p.station {
		return filepath.Join(vectorDir, "station", p.name+".json")
	}
	return filepath.Join(vectorDir, p.name+".json")
}

// maker collects the cases of a part. What is wanted is what our code gives;
// what must be refused is named by hand, and our code has to agree.
type maker struct {
	t     *testing.T
	part  part
	cases []vectorCase
}

// ok adds a case that succeeds; only the named fields of the outcome are wanted,
// all where none is named.
func (m *maker) ok(name string, in object, fields ...string) {
	m.t.Helper()
	got, err := m.part.run(input{in, m.t})
	if err != nil {
		m.t.Fatalf("%s, %s: %v", m.part.name, name, err)
	}
	want := got
	if len(fields) > 0 {
		want = object{}
		for _, f := range fields {
			want[f] = got[f]
		}
	}
	m.cases = append(m.cases, vectorCase{Name: name, Input: in, Want: want})
}

// bad adds a case that is refused.
func (m *maker) bad(kind parley.Kind, name string, in object) {
	m.t.Helper()
	if got, err := m.part.run(input{in, m.t}); err == nil || parley.KindOf(err) != kind {
		m.t.Errorf("%s, %s: %v, %v; want %v", m.part.name, name, got, err, kind)
	}
	m.cases = append(m.cases, vectorCase{Name: name, Input: in, Error: kind.String()})
}

// file writes a file beside the vectors and returns what names it.
func (m *maker) file(name string, b []byte) object {
	m.t.Helper()
	path := filepath.Join("files", name)
	if err := os.WriteFile(filepath.Join(vectorDir, path), b, 0o644); err != nil {
		m.t.Fatal(err)
	}
	return object{"file": filepath.ToSlash(path)}
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	for _, p := range parts() {
		t.Run(p.name, func(t *testing.T) { runVectors(t, p) })
	}
}

func writeVectors(t *testing.T) {
	for _, dir := range []string{"files", "station"} {
		if err := os.MkdirAll(filepath.Join(vectorDir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range parts() {
		m := &maker{t: t, part: p}
		p.make(m)
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(vectorFile{p.name, p.about, m.cases}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.path(), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func runVectors(t *testing.T, p part) {
	b, err := os.ReadFile(p.path())
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if f.Part != p.name || len(f.Cases) == 0 {
		t.Fatalf("part %q with %d cases", f.Part, len(f.Cases))
	}
	for _, c := range f.Cases {
		got, err := p.run(input{c.Input, t})
		switch {
		case c.Error != "" && (err == nil || parley.KindOf(err).String() != c.Error):
			t.Errorf("%s: %v, %v; want %s", c.Name, got, err, c.Error)
		case c.Error == "" && err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case c.Error == "":
			compare(t, c, got)
		}
	}
}

// compare holds every wanted field to what came out, as JSON.
func compare(t *testing.T, c vectorCase, got object) {
	t.Helper()
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var plain object
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatal(err)
	}
	for k, want := range c.Want {
		if !reflect.DeepEqual(plain[k], want) {
			t.Errorf("%s: %s: got %v, want %v", c.Name, k, plain[k], want)
		}
	}
}

// input reads the fields of a case.
type input struct {
	in object
	t  testing.TB
}

func (i input) has(k string) bool { _, ok := i.in[k]; return ok }

func (i input) text(k string) string {
	s, _ := i.in[k].(string)
	return s
}

func (i input) bytes(k string) []byte { return unhex(i.t, i.text(k)) }

func (i input) hash(k string) (h [32]byte) {
	copy(h[:], i.bytes(k))
	return h
}

func (i input) uint(k string) uint64 { return toUint(i.in[k]) }

func (i input) list(k string) []any { return toList(i.in[k]) }

func (i input) all(k string) (out [][]byte) {
	for _, x := range i.list(k) {
		out = append(out, unhex(i.t, x.(string)))
	}
	return out
}

func toUint(v any) uint64 {
	switch v := v.(type) {
	case float64:
		return uint64(v)
	case int:
		return uint64(v)
	case uint64:
		return v
	}
	return 0
}

func toList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []string:
		return widen(v)
	case []int:
		return widen(v)
	case []object:
		return widen(v)
	}
	return nil
}

func widen[T any](s []T) []any {
	out := make([]any, len(s))
	for i, x := range s {
		out[i] = x
	}
	return out
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("%.40q is not hexadecimal", s)
	}
	return b
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func hexes(list [][]byte) []any {
	out := make([]any, len(list))
	for i, b := range list {
		out[i] = hexOf(b)
	}
	return out
}

// sortCases puts what was made of a map in order.
func sortCases(m *maker) {
	slices.SortFunc(m.cases, func(a, b vectorCase) int { return strings.Compare(a.Name, b.Name) })
}
