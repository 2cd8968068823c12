package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"parley/internal/sim"
)

// shrinkFor is how long a plan is shrunk where -seconds does not say.
const shrinkFor = 300

// shrink finds the shortest plan that breaks the same promise, tells it, and
// with -out writes it down.
func shrink(f *flags) error {
	p, err := f.read()
	if err != nil {
		return err
	}
	if f.limit <= 0 {
		f.limit = shrinkFor
	}
	began := time.Now()
	s := sim.Shrink(p, func() bool { return time.Since(began).Seconds() < f.limit })
	if s == nil {
		return fmt.Errorf("seed %d keeps every promise: there is nothing to shrink", p.Seed)
	}
	fmt.Print(s.Text())
	if f.out != "" {
		b, err := json.MarshalIndent(s.To.Plan, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.out, append(b, '\n'), 0o644); err != nil {
			return err
		}
		fmt.Printf("\nwritten: %s (-do story -plan %s tells it all, -do picture plays it)\n", f.out, f.out)
	}
	fmt.Println("digest", s.To.Digest)
	return nil
}
