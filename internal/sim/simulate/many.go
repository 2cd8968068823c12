package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"time"

	"parley/internal/sim"
)

// many runs seed after seed on every core, until enough hours are simulated. Its
// digest is over those of the seeds, in order: it does not depend on the cores.
func many(f *flags) error {
	if f.prof != "" {
		p, err := os.Create(f.prof)
		if err != nil {
			return err
		}
		defer p.Close()
		if err := pprof.StartCPUProfile(p); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	began := time.Now()
	rs := runSeeds(f, began)
	took := time.Since(began)
	var total sim.Counts
	digest := sim.NewDigest()
	var broken []*sim.Result
	var slowest time.Duration
	for _, r := range rs {
		total.Add(&r.Counts)
		digest.Add(r.Digest)
		slowest = max(slowest, r.Took)
		if r.Broken != nil {
			broken = append(broken, r)
		}
	}
	last := f.seed + uint64(len(rs)) - 1
	fmt.Print(total.Text())
	fmt.Printf("after the last fault  all stored and settled within %s in every run\n", slowest)
	fmt.Printf("seeds                 %d to %d, %s signatures, digest %s\n", f.seed, last, primitives(), digest)
	fmt.Printf("speed                 %.0f line-hours in %s: %.0f line-hours a second\n", total.Hours, took.Round(time.Second), total.Hours/took.Seconds())
	fmt.Printf("broken promises       %d\n", len(broken))
	for _, r := range broken {
		fmt.Printf("  seed %d: %v\n", r.Plan.Seed, r.Broken)
	}
	if len(broken) > 0 {
		fmt.Printf("shrink one to a short story: make sim-shrink SEED=%d\n", broken[0].Plan.Seed)
		return errBroken
	}
	return nil
}

func primitives() string {
	if sim.Ideal() {
		return "ideal"
	}
	return "real"
}

// runSeeds returns the results in order of seed.
func runSeeds(f *flags, began time.Time) []*sim.Result {
	var mu sync.Mutex
	var hours float64
	next := f.seed
	var rs []*sim.Result
	var wg sync.WaitGroup
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if hours >= f.hours || f.limit > 0 && time.Since(began).Seconds() > f.limit {
			return 0, false
		}
		n := next
		next++
		hours += sim.NewPlan(n).Hours
		return n, true
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				n, ok := take()
				if !ok {
					return
				}
				r := sim.Run(f.planOf(n), sim.Options{})
				mu.Lock()
				rs = append(rs, r)
				if r.Broken != nil {
					fmt.Fprintln(os.Stderr, strings.TrimSpace(fmt.Sprintf("seed %d: %v", n, r.Broken)))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	sort.Slice(rs, func(i, j int) bool { return rs[i].Plan.Seed < rs[j].Plan.Seed })
	return rs
}
