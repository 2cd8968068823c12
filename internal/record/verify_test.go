package record_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"parley"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/wire"
)

func export(t testing.TB, l *recordtest.Line, open bool) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := record.WriteExport(&b, recordtest.Source{Line: l}, open); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func verify(t testing.TB, b []byte, all bool) *record.Report {
	t.Helper()
	r, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{All: all})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStoryVerifies(t *testing.T) {
	s := recordtest.NewStory(nil)
	for _, open := range []bool{true, false} {
		r := verify(t, export(t, s.Line, open), false)
		if r.Bad() != 0 || r.Entries != 6 || r.Checkpoints != 6 || r.Receipts != 4 || len(r.Faults) != 0 {
			t.Fatalf("open %v: %+v\n%s", open, r, strings.Join(r.Lines(), "\n"))
		}
		if want := map[bool]int{true: 4}[open]; r.Headers != want || r.Bodies != want {
			t.Errorf("open %v: %d headers and %d bodies", open, r.Headers, r.Bodies)
		}
		if r.Settled != 4 || r.Unsettled != 2 || fmt.Sprint(r.Waiting) != "[alder]" {
			t.Errorf("open %v: %d settled, %d not, waiting for %v", open, r.Settled, r.Unsettled, r.Waiting)
		}
		if open {
			q := r.List[4]
			if q.Entry != s.Question.String() || q.NotAfter == nil || q.NotAfter.Time != recordtest.Start+61 || q.NotBefore == nil || q.NotBefore.Time != recordtest.Start+3 {
				t.Errorf("the question is reported as %+v", q)
			}
			t.Log("\n" + strings.Join(r.Lines(), "\n"))
		}
	}
}

func TestVerifyComparesTheFounding(t *testing.T) {
	s := recordtest.NewStory(nil)
	b, hash := export(t, s.Line, false), s.Hash()
	r, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{Founding: hash[:]})
	if err != nil || !r.Compared {
		t.Errorf("the right founding: %v", err)
	}
	hash[0] ^= 1
	if _, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{Founding: hash[:]}); parley.KindOf(err) != parley.WrongLine {
		t.Errorf("another founding: %v", err)
	}
}

var every = flag.Bool("every", false, "flip every byte of a small record, which takes minutes")

// TestEveryFlipIsRefused flips one bit of a byte of a small record: of each
// byte with -every, else of every 211th and of those around the start of an item.
func TestEveryFlipIsRefused(t *testing.T) {
	for _, open := range []bool{true, false} {
		s := recordtest.NewStory(nil)
		good := export(t, s.Line, open)
		step, heads := 211, startsOf(t, good)
		if !open {
			step = len(good)
		}
		if testing.Short() {
			step = len(good)
		}
		for i := range good {
			if i%step != 0 && !heads[i] && !*every {
				continue
			}
			b := bytes.Clone(good)
			b[i] ^= 1 << (i % 8)
			r, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{})
			if err != nil {
				if i > 16 {
					t.Errorf("byte %d: %v", i, err)
				}
				continue
			}
			if r.Bad() == 0 {
				t.Fatalf("open %v: byte %d of %d flipped, and verified", open, i, len(good))
			}
			checkPlace(t, good, i, r.Errors[0])
		}
	}
}

// startsOf returns the first bytes of every item.
func startsOf(t *testing.T, b []byte) map[int]bool {
	t.Helper()
	m := map[int]bool{}
	for at := 0; at < len(b); {
		n, err := wire.CanonicalPrefix(b[at:])
		if err != nil {
			t.Fatal(err)
		}
		for i := at; i < min(at+12, at+n); i++ {
			m[i] = true
		}
		at += n
	}
	return m
}

// checkPlace holds a failure to the item in which a byte was flipped, or the
// one that its item is signed by.
func checkPlace(t *testing.T, good []byte, i int, f record.Failure) {
	t.Helper()
	if f.Kind == "internal" || f.Byte > int64(len(good)) {
		t.Errorf("byte %d: %s", i, f)
	}
	if f.Byte > int64(i) && !strings.Contains(f.What, "up to") {
		t.Errorf("byte %d is blamed on a later one: %s", i, f)
	}
}

func TestRandomFlipsOfALargeRecord(t *testing.T) {
	l := large(800)
	good := export(t, l, true)
	if r := verify(t, good, false); r.Bad() != 0 {
		t.Fatal(strings.Join(r.Lines(), "\n"))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		b := bytes.Clone(good)
		i := 40 + rng.IntN(len(b)-40)
		b[i] ^= byte(1 + rng.IntN(255))
		r, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{})
		if err != nil || r.Bad() == 0 {
			t.Fatalf("byte %d: %v", i, err)
		}
		checkPlace(t, good, i, r.Errors[0])
	}
}

func TestTruncatedAndExtended(t *testing.T) {
	good := export(t, recordtest.NewStory(nil).Line, true)
	for n := 0; n < len(good); n += 211 {
		r, err := record.Verify(bytes.NewReader(good[:n]), record.VerifyOptions{})
		if err == nil && r.Bad() == 0 {
			t.Fatalf("the first %d bytes verify", n)
		}
	}
	for name, b := range map[string][]byte{"a byte more": append(bytes.Clone(good), 0), "twice": append(bytes.Clone(good), good...)} {
		if r, err := record.Verify(bytes.NewReader(b), record.VerifyOptions{}); err == nil && r.Bad() == 0 {
			t.Errorf("%s: verifies", name)
		}
	}
}
