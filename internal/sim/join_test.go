package sim

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// joining is a plan of two parties and a newcomer, and acts: one citation is false,
// which both others find.
func joining(seed uint64, acts ...Act) *Plan {
	p := &Plan{Seed: seed, Parties: 2, Cables: 1, Hours: 5, Acts: []Act{
		{At: time.Minute, Kind: Say, A: 0, N: 100},
		{At: 2 * time.Minute, Kind: Say, A: 1, N: 100},
		{At: 20 * time.Minute, Kind: Join, A: 0},
		{At: 200 * time.Minute, Kind: Say, A: 0, N: 100, Line: 1},
		{At: 201 * time.Minute, Kind: Say, A: 2, N: 100, Line: 1},
		{At: 202 * time.Minute, Kind: Say, A: 1, N: 100},
		{At: 210 * time.Minute, Kind: Disclose, A: 0, N: 0},
		{At: 211 * time.Minute, Kind: Disclose, A: 1, N: 1},
		{At: 220 * time.Minute, Kind: Cite, A: 1, N: 1, Line: 1},
	}}
	p.Acts = append(p.Acts, acts...)
	return p
}

// somebodyJoins: a new line is founded on the stations of the old one, which goes
// on; it cites the old one, truly, and who cites it falsely is found; the newcomer
// verifies what it is given of the old one, and has nothing else of it. In spite of a
// station that loses everything while it keeps both lines, one that loses it while the
// words are compared, one that is set back to before there was a second line, and an
// old line that is left.
func somebodyJoins(t *testing.T, bin string) {
	for name, c := range map[string]struct {
		plan        *Plan
		generations int // on both lines
	}{
		"all goes well":                    {joining(1), 0},
		"both lines are lost":              {joining(2, Act{At: 240 * time.Minute, Kind: Lose, A: 0}), 2},
		"the keys of the pairing are lost": {joining(3, Act{At: 20*time.Minute + time.Second, Kind: Lose, A: 1}), 2},
		"set back to before":               {joining(4, Act{At: 10 * time.Minute, Kind: Backup, A: 1}, Act{At: 240 * time.Minute, Kind: Restore, A: 1}), 2},
		"the old line is left":             {joining(5, Act{At: 230 * time.Minute, Kind: Leave, A: 0}), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.plan.sort()
			file := filepath.Join(t.TempDir(), "plan.json")
			if err := os.WriteFile(file, check(json.Marshal(c.plan)), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(bin, "-do", "story", "-plan", file).CombinedOutput()
			text := string(out)
			if err != nil {
				t.Fatalf("%v\n%s", err, text[max(0, len(text)-2000):])
			}
			for _, want := range []string{"1 newcomers on a new line", "2 proof files verified there", "2 of them false and found so"} {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text[max(0, len(text)-3000):])
				}
			}
			if n := strings.Count(text, " opens generation "); n != c.generations {
				t.Errorf("%d new generations, want %d", n, c.generations)
			}
		})
	}
}

// TestJoinPlans: they read back as they were written, and without those acts they are
// the plans that they were.
func TestJoinPlans(t *testing.T) {
	for seed := range uint64(40) {
		p := MorePlan(seed, WithJoins)
		q, err := ParsePlan(check(json.Marshal(p)))
		if err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// TestSecrets: a secret is found wherever it stands, also one that was kept in CBOR,
// and nothing else is taken for one.
func TestSecrets(t *testing.T) {
	r := newEntropy(1, "secrets")
	random := func(n int) []byte {
		b := make([]byte, n)
		r.Read(b)
		return b
	}
	k := new(secrets)
	alone, seed, within := random(32), random(64), random(32)
	k.add(alone, "alone")
	k.add(seed, "seed")
	k.add(slices.Concat([]byte{0xa5, 0x01, 0x58, 0x20}, within, random(40)), "within")
	for name, b := range map[string][]byte{"alone": alone, "seed": seed[32:], "within": within} {
		for _, before := range []int{0, 1, 33} {
			if found := k.in(slices.Concat(random(before), b, random(7))); len(found) != 1 || found[0] != name {
				t.Errorf("%s after %d bytes: %v", name, before, found)
			}
		}
		if found := k.in(b[:31]); len(found) > 0 {
			t.Errorf("31 bytes of %s: %v", name, found)
		}
		b[7] ^= 1
		if found := k.in(b); len(found) > 0 {
			t.Errorf("%s altered: %v", name, found)
		}
		b[7] ^= 1
	}
	if found := k.in(random(1 << 16)); len(found) > 0 {
		t.Errorf("in noise: %v", found)
	}
}
