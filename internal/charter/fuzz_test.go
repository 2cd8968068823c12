package charter

import (
	"bytes"
	"testing"

	"parley"
	"parley/internal/wire/wiretest"
)

// refusedWell fails unless err is of a kind a parser may give.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	switch k := parley.KindOf(err); k {
	case parley.Malformed, parley.BadForm, parley.Unsupported, parley.Oversize, parley.BadCommitment, parley.WrongParty, parley.NotAllowed, parley.Conflict, parley.Corrupt:
	default:
		t.Fatalf("kind %v: %v", k, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(DefaultCharter(alder, birch).Encode())
	f.Add(DefaultCharter(cedar, birch, alder).Encode())
	wiretest.Seed(f, "station/charter", "charter")
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b)
		if err != nil {
			refusedWell(t, err)
		} else if !bytes.Equal(c.Encode(), b) {
			t.Fatalf("got %x, want %x", c.Encode(), b)
		}
	})
}

func FuzzParseAnnex(f *testing.F) {
	a := DefaultAnnex()
	f.Add(a.Encode())
	a.Quotas[EpochsPerDay], a.Times[KeepAliveSeconds], a.Witnesses = 3, 2, []string{"a+b+c"}
	f.Add(a.Encode())
	wiretest.Seed(f, "station/annex", "annex")
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAnnex(b)
		if err != nil {
			refusedWell(t, err)
		} else if !bytes.Equal(a.Encode(), b) {
			t.Fatalf("got %x, want %x", a.Encode(), b)
		}
	})
}

func FuzzParseReveal(f *testing.F) {
	f.Add(fakeReveal(seeded(1), alder).Encode())
	wiretest.Seed(f, "station/reveal", "reveal")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseReveal(b)
		if err != nil {
			refusedWell(t, err)
		} else if !bytes.Equal(r.Encode(), b) {
			t.Fatalf("got %x, want %x", r.Encode(), b)
		}
	})
}

// founded is what two found.
func founded(f *testing.F) *Founding {
	f.Helper()
	c, a := DefaultCharter(alder, birch), DefaultAnnex()
	x, err := Found(testLine, c.Encode(), a.Encode(), [][]byte{fakeReveal(seeded(1), alder).Encode(), fakeReveal(seeded(2), birch).Encode()})
	if err != nil {
		f.Fatal(err)
	}
	return x
}

func FuzzParseFounding(f *testing.F) {
	x := founded(f)
	f.Add(x.Encode())
	wiretest.Seed(f, "founding", "founding")
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ParseFounding(b)
		if err != nil {
			refusedWell(t, err)
		} else if !bytes.Equal(x.Encode(), b) {
			t.Fatalf("got %x, want %x", x.Encode(), b)
		}
	})
}
