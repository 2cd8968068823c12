package sim

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/internal/sim/overlay"
)

// short makes a plan of at most two hours out of one of a seed.
func short(seed uint64) *Plan {
	p := NewPlan(seed)
	const hours = 2
	says := 0
	acts := p.Acts[:0]
	for _, a := range p.Acts {
		if a.Kind == Say {
			if says++; says > 15 {
				continue
			}
		}
		a.At = time.Duration(float64(a.At) * hours / p.Hours)
		a.For = min(a.For, 20*time.Minute)
		acts = append(acts, a)
	}
	p.Acts, p.Hours = acts, hours
	return p
}

// TestReplay runs seeds twice: what happens is the same, and promises are kept.
// Signatures are real here, and so differ in each run; all else must not.
func TestReplay(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		a, b := Run(short(seed), Options{}), Run(short(seed), Options{})
		for _, r := range []*Result{a, b} {
			if r.Broken != nil {
				t.Errorf("seed %d: %v", seed, r.Broken)
			}
		}
		if a.Digest != b.Digest {
			t.Errorf("seed %d: %s, then %s", seed, a.Digest, b.Digest)
		}
		if a.Counts.Entries == 0 || a.Counts.Settled == 0 {
			t.Errorf("seed %d: nothing happens: %+v", seed, a.Counts)
		}
	}
}

// TestSeeds runs whole seeds with ideal signatures, in a program of its own.
func TestSeeds(t *testing.T) {
	bin := ideal(t)
	out, err := exec.Command(bin, "-hours", "150", "-seed", "1").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	again, err := exec.Command(bin, "-hours", "20", "-seed", "1").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	twice, err := exec.Command(bin, "-hours", "20", "-seed", "1").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	if d := digestOf(again); d == "" || d != digestOf(twice) {
		t.Errorf("one seed, two runs:\n%s\n%s", again, twice)
	}
}

func digestOf(out []byte) string {
	_, d, _ := strings.Cut(string(out), "digest ")
	d, _, _ = strings.Cut(d, "\n")
	return d
}

// ideal builds the command with ideal primitives.
func ideal(t *testing.T) string {
	t.Helper()
	e, err := overlay.Read("testdata/ideal.edit")
	if err != nil {
		t.Fatal(err)
	}
	root, err := overlay.Root()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "simulate")
	if err := overlay.Build(root, bin, "./internal/sim/simulate", e); err != nil {
		t.Fatal(err)
	}
	return bin
}
