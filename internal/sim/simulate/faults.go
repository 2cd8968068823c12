package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"

	"parley/internal/sim"
	"parley/internal/sim/overlay"
)

// find runs seed after seed until one breaks a promise, and says which.
func find(f *flags) error {
	began := time.Now()
	for n := f.seed; f.limit <= 0 || n == f.seed || time.Since(began).Seconds() < f.limit; n++ {
		if r := sim.Run(f.planOf(n), sim.Options{}); r.Broken != nil {
			fmt.Printf("%d\t%s\t%s\n", n, r.Broken.Promise, r.Broken.What)
			return nil
		}
	}
	return errors.New("no seed broke a promise")
}

// knownAt is where the seed that caught each deliberate fault is kept, with the flags
// of what more has to go on for that: "name seed [flag...]".
const knownAt = "internal/sim/testdata/faults.txt"

// known is how a fault is caught.
type known struct {
	seed uint64
	more []string
}

// faults builds the product with every deliberate fault in it, each behind a
// switch, and shows that a seed catches each: the one that is known, or the
// first that does. With -out the seeds are written down.
func faults(f *flags) error {
	root, err := overlay.Root()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	edits, list, err := faultEdits(root)
	if err != nil {
		return err
	}
	bin := filepath.Join(dir, "simulate")
	if err := overlay.Build(root, bin, self, edits...); err != nil {
		return err
	}
	if out, err := catch(bin, "", known{seed: f.seed}, 0); err == nil {
		return fmt.Errorf("seed %d breaks a promise with no fault on: %s", f.seed, out)
	}
	seeds := readSeeds(filepath.Join(root, knownAt))
	var lines []string
	missed := 0
	for i, e := range list {
		out, err := catchAll(bin, list, seeds, f.limit, i)
		if err != nil {
			missed++
			fmt.Printf("%-24s NOT CAUGHT               %s\n", e.Name, e.About)
			continue
		}
		part := strings.SplitN(strings.TrimSpace(out), "\t", 3)
		fmt.Printf("%-24s seed %-5s %s\n%-35s caught: %s: %s\n", e.Name, part[0], e.About, "", part[1], clip(part[2]))
		lines = append(lines, strings.Join(append([]string{e.Name, part[0]}, seeds[e.Name].more...), " ")+"\n")
	}
	fmt.Printf("%d deliberate faults, %d caught\n", len(list), len(list)-missed)
	if f.out != "" {
		if err := os.WriteFile(f.out, []byte(strings.Join(lines, "")), 0o644); err != nil {
			return err
		}
	}
	if missed > 0 {
		return errors.New("a deliberate fault was not caught")
	}
	return nil
}

// caught is what became of one fault.
type caught struct {
	out  string
	err  error
	done chan struct{}
}

var started []*caught

// catchAll starts every fault, as many at a time as there are cores, when it is
// first called, and returns what became of the i-th.
func catchAll(bin string, list []*overlay.Edit, seeds map[string]known, seconds float64, i int) (string, error) {
	if started == nil {
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		for _, e := range list {
			c := &caught{done: make(chan struct{})}
			started = append(started, c)
			k := seeds[e.Name]
			k.seed = max(1, k.seed)
			go func() {
				slots <- struct{}{}
				c.out, c.err = catchAlone(bin, e.Name, k, seconds)
				<-slots
				close(c.done)
			}()
		}
	}
	<-started[i].done
	return started[i].out, started[i].err
}

func clip(s string) string {
	if len(s) > 110 {
		return s[:110] + "..."
	}
	return s
}

// faultEdits reads the deliberate faults, and returns all that is built with them.
func faultEdits(root string) (edits, list []*overlay.Edit, err error) {
	data := filepath.Join(root, "internal/sim/testdata")
	paths, err := filepath.Glob(filepath.Join(data, "faults", "*.edit"))
	if err != nil {
		return nil, nil, err
	}
	sort.Strings(paths)
	for _, p := range append([]string{filepath.Join(data, "ideal.edit"), filepath.Join(data, "fault.edit")}, paths...) {
		e, err := overlay.Read(p)
		if err != nil {
			return nil, nil, err
		}
		edits = append(edits, e)
	}
	return edits, edits[2:], nil
}

// catchAlone is catch, and goes on to the next seed where the one that broke a
// promise breaks one with no fault on as well: that catches nothing.
func catchAlone(bin, name string, k known, seconds float64) (string, error) {
	began := time.Now()
	for {
		out, err := catch(bin, name, k, seconds-time.Since(began).Seconds())
		if err != nil {
			return out, err
		}
		n, _, _ := strings.Cut(out, "\t")
		if k.seed, err = strconv.ParseUint(n, 10, 64); err != nil {
			return out, fmt.Errorf("reading which seed broke a promise: %w", err)
		}
		if _, err := catch(bin, "", k, 0); err != nil {
			return out, nil
		}
		k.seed++
	}
}

// catch runs one fault until a promise breaks.
func catch(bin, name string, k known, seconds float64) (string, error) {
	args := []string{"-do", "find", "-seed", strconv.FormatUint(k.seed, 10), "-seconds", strconv.FormatFloat(max(seconds, 0.001), 'f', 3, 64)}
	cmd := exec.Command(bin, append(args, k.more...)...)
	cmd.Env = append(os.Environ(), "SIM_FAULT="+name)
	out, err := cmd.Output()
	return string(out), err
}

// readSeeds reads lines of a name, a seed and flags. None is no error.
func readSeeds(path string) map[string]known {
	seeds := map[string]known{}
	b, err := os.ReadFile(path)
	if err != nil {
		return seeds
	}
	for _, l := range strings.Split(string(b), "\n") {
		part := strings.Fields(l)
		if len(part) < 2 {
			continue
		}
		if n, err := strconv.ParseUint(part[1], 10, 64); err == nil {
			seeds[part[0]] = known{n, part[2:]}
		}
	}
	return seeds
}
