package sim

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
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
		if a.Kind == Slowness {
			continue // what is sent has a length that real signatures decide, and on a slow cable a time
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
	bin := built(t)
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
	if out, err := exec.Command(bin, "-all", "-hours", "9", "-seed", "40").CombinedOutput(); err != nil || !strings.Contains(string(out), "joint statements stand") || !strings.Contains(string(out), "put through") {
		t.Errorf("with contacts, statements and calls: %v\n%s", err, out)
	}
	t.Run("somebody joins", func(t *testing.T) { somebodyJoins(t, bin) })
	// Somebody joins: seed 39 loses both lines of a station, and 41 keeps them in SQLite.
	for seed, more := range map[string]string{"39": "-forks=false", "41": "-sqlite"} {
		out, err := exec.Command(bin, "-joins", more, "-hours", "1", "-seed", seed).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "1 newcomers on a new line") || seed == "39" && !strings.Contains(string(out), "2 disks lost what they had") {
			t.Errorf("somebody joins, seed %s: %v\n%s", seed, err, out)
		}
	}
	// Stores in SQLite, and power lost in their own writes; in one of these runs
	// what was being written is there all the same.
	for _, seed := range []string{"12", "14"} {
		out, err := exec.Command(bin, "-sqlite", "-hours", "1", "-seed", seed).CombinedOutput()
		again := out
		if seed == "14" {
			again, _ = exec.Command(bin, "-sqlite", "-hours", "1", "-seed", seed).CombinedOutput()
		}
		if d := digestOf(out); err != nil || d == "" || d != digestOf(again) || strings.Contains(string(out), " 0 losses of power in its own writes") {
			t.Errorf("seed %s on SQLite: %v\n%s\nagain:\n%s", seed, err, out, again)
		}
	}
	// A line of two that stood still for ever, each waiting for the other's
	// epoch; and one that spent the day's bytes on what could not be taken.
	for _, seed := range []string{"100350", "100295"} {
		if out, err := exec.Command(bin, "-hours", "1", "-seed", seed).CombinedOutput(); err != nil {
			t.Errorf("seed %s:\n%s", seed, out)
		}
	}
}

func digestOf(out []byte) string {
	_, d, _ := strings.Cut(string(out), "digest ")
	d, _, _ = strings.Cut(d, "\n")
	return d
}

// TestShrink lets a deliberate fault break a promise, and shrinks the plan that
// showed it to one that a person can read: it still breaks that promise, and
// without the fault it breaks none.
func TestShrink(t *testing.T) {
	bin := built(t, "fault", "faults/reuse-serial")
	file := filepath.Join(t.TempDir(), "plan.json")
	run := func(fault string, args ...string) (string, error) {
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "SIM_FAULT="+fault)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	text, err := run("reuse-serial", "-do", "shrink", "-seed", "1", "-seconds", "20", "-out", file)
	t.Logf("%s", text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePlan(b)
	if err != nil {
		t.Fatal(err)
	}
	from := NewPlan(1)
	if len(p.Acts) > 4 || len(p.Acts) >= len(from.Acts) || p.Parties != 2 || p.Cables != 1 || p.Hours > 1 {
		t.Errorf("from %d acts it shrinks to %d, on %d parties and %d cables, in %g hours", len(from.Acts), len(p.Acts), p.Parties, p.Cables, p.Hours)
	}
	const promise = "what arrives can be read"
	if n := strings.Count(text, "\n"); n > 60 || !strings.Contains(text, "BROKEN: "+promise) {
		t.Errorf("the story has %d lines, and may not say what broke", n)
	}
	if again, err := run("reuse-serial", "-do", "story", "-plan", file); err == nil || !strings.Contains(again, promise) {
		t.Errorf("the shrunk plan: %v\n%s", err, again)
	}
	if kept, err := run("", "-do", "story", "-plan", file); err != nil {
		t.Errorf("the shrunk plan breaks a promise with no fault on: %v\n%s", err, kept)
	}
	if _, err := run("", "-do", "shrink", "-plan", file); err == nil {
		t.Error("there is something to shrink where nothing breaks")
	}
}

// TestPlanFile: a plan reads back as it was written, and one that nobody could
// run is refused.
func TestPlanFile(t *testing.T) {
	for seed := range uint64(40) {
		p := NewPlan(seed)
		q, err := ParsePlan(check(json.Marshal(p)))
		if err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	for _, s := range []string{`{`, `{"Parties": 1, "Cables": 1}`, `{"Parties": 2, "Cables": 1, "Acts": [{"at": "1s", "kind": "say", "a": 2}]}`,
		`{"Parties": 2, "Cables": 1, "Acts": [{"at": "1s", "kind": "sing"}]}`, `{"Parties": 2, "Cables": 1, "Acts": [{"at": "soon", "kind": "say"}]}`} {
		if _, err := ParsePlan([]byte(s)); err == nil {
			t.Errorf("%s is taken", s)
		}
	}
}

// built builds the command with ideal primitives, and further edits.
func built(t *testing.T, more ...string) string {
	t.Helper()
	var edits []*overlay.Edit
	for _, n := range append([]string{"ideal"}, more...) {
		e, err := overlay.Read("testdata/" + n + ".edit")
		if err != nil {
			t.Fatal(err)
		}
		edits = append(edits, e)
	}
	root, err := overlay.Root()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "simulate")
	if err := overlay.Build(root, bin, "./internal/sim/simulate", edits...); err != nil {
		t.Fatal(err)
	}
	return bin
}
