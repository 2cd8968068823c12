package parley_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley"
)

// readBack checks one reader of names: what it takes is written as it was read,
// and what it refuses is Malformed.
func readBack[T fmt.Stringer](t *testing.T, s string, got T, err error) {
	t.Helper()
	switch {
	case err == nil && got.String() != s:
		t.Errorf("%q is read as %v", s, got)
	case err != nil && parley.KindOf(err) != parley.Malformed:
		t.Errorf("%q: %v", s, err)
	}
}

type plain string

func (p plain) String() string { return string(p) }

func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "alder", "alder/envoy", "a/b/c", "envoy", "-", "0123456789abcdef", "0123456789abcdef0123456789abcdef",
		"0123456789abcdef:7", "0123456789abcdef:+7", "0123456789abcdef:07", "0123456789abcdef:18446744073709551616", "0123456789ABCDEF:1", "é", "alder/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := parley.ParsePartyCode(s)
		readBack(t, s, plain(code), err)
		if err == nil && (len(code) < 1 || len(code) > 8) {
			t.Errorf("a code of %d characters", len(code))
		}
		office, err := parley.ParseOffice(s)
		readBack(t, s, plain(office), err)
		if err == nil && (len(office) < 1 || len(office) > 24) {
			t.Errorf("an office of %d characters", len(office))
		}
		id, err := parley.ParseLineID(s)
		readBack(t, s, id, err)
		gen, err := parley.ParseGenerationID(s)
		readBack(t, s, gen, err)
		ref, err := parley.ParseRef(s)
		readBack(t, s, ref, err)
		a, err := parley.ParseAddress(s)
		readBack(t, s, a, err)
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"flash", "ROUTINE", "Immediate", "unknown", "", "fla\u017fh", "as\u212a", "question", "INSTRUCTION", "instruct\u0131on", "principal informed"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parley.ParsePrecedence(s)
		if err == nil && (!p.Valid() || !sameWord(s, p.String()) || p.Objective() <= 0) {
			t.Errorf("%q is read as %v", s, p)
		}
		m, err := parley.ParseMarker(s)
		if err == nil && (!m.Valid() || m == parley.NoMarker || !sameWord(s, m.String())) {
			t.Errorf("%q is read as marker %v", s, m)
		}
		var r parley.Rung
		if err := r.UnmarshalText([]byte(s)); err == nil && r.String() != s {
			t.Errorf("%q is read as rung %v", s, r)
		}
	})
}

// sameWord reports whether s is word in letters of either case, and no others
// that fold to them.
func sameWord(s, word string) bool { return len(s) == len(word) && strings.EqualFold(s, word) }

func FuzzDTG(f *testing.F) {
	for _, n := range []int64{0, 1795000000, -1, 1 << 40, -1 << 62} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, sec int64) {
		at := time.Unix(sec%(250_000*365*86400), 0)
		s := parley.DTG(at)
		if got, err := time.Parse("021504Z Jan 06", s); err != nil || got.Day() != at.UTC().Day() || got.Minute() != at.UTC().Minute() {
			t.Errorf("%v is written %q, which is %v, %v", at.UTC(), s, got, err)
		}
	})
}
