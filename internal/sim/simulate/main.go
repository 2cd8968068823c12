// Command simulate runs the simulator of internal/sim (docs/simulation.md). It
// builds itself again with idealised signatures, unless told to use real ones,
// and runs that.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"parley/internal/sim"
	"parley/internal/sim/overlay"
)

const self = "./internal/sim/simulate"

var errBroken = errors.New("promises were broken")

// flags of the command.
type flags struct {
	do    string
	hours float64
	limit float64
	seed  uint64
	real  bool
	forks bool
	out   string
	prof  string
}

func main() {
	var f flags
	flag.StringVar(&f.do, "do", "run", "run: many seeds; story: tell one; build: build the command with ideal primitives; shrink: find the shortest plan that still breaks; faults: see each deliberate fault caught; picture: write a page that plays one")
	flag.Float64Var(&f.hours, "hours", 1000, "simulated line-hours to run")
	flag.Float64Var(&f.limit, "seconds", 0, "begin no seed after so many seconds; 0: no limit")
	flag.Uint64Var(&f.seed, "seed", 1, "the first seed")
	flag.BoolVar(&f.real, "real", false, "use real signatures and encapsulation")
	flag.BoolVar(&f.forks, "forks", false, "let one station fork its log")
	flag.StringVar(&f.out, "out", "", "file to write")
	flag.StringVar(&f.prof, "profile", "", "write a profile of the processor's time")
	flag.Parse()
	if err := f.run(); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func (f *flags) run() error {
	if f.do == "faults" {
		return faults(f)
	}
	if f.do == "build" {
		return build(f.out)
	}
	if !f.real && !sim.Ideal() {
		return again()
	}
	switch f.do {
	case "run":
		return many(f)
	case "picture":
		return picture(f)
	case "find":
		return find(f)
	case "story":
		return story(f)
	}
	return fmt.Errorf("-do %s: no such thing to do", f.do)
}

// build builds this command with ideal primitives.
func build(bin string) error {
	root, err := overlay.Root()
	if err != nil {
		return err
	}
	ideal, err := overlay.Read(filepath.Join(root, "internal/sim/testdata/ideal.edit"))
	if err != nil {
		return err
	}
	return overlay.Build(root, bin, self, ideal)
}

// again runs this command built with ideal primitives.
func again() error {
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "simulate")
	if err := build(bin); err != nil {
		return err
	}
	cmd := exec.Command(bin, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// one runs one seed, and keeps its story.
func (f *flags) one() *sim.Result {
	p := sim.NewPlan(f.seed)
	if f.forks {
		p = sim.ForkPlan(f.seed)
	}
	return sim.Run(p, sim.Options{Story: true})
}

func story(f *flags) error {
	r := f.one()
	fmt.Printf("Seed %d: %d parties, %d cables between each two, %.1f hours, %d acts.\n", f.seed, r.Plan.Parties, r.Plan.Cables, r.Plan.Hours, len(r.Plan.Acts))
	for _, e := range r.Story {
		fmt.Printf("%14s  %-10s %s\n", sim.Clock(e.At), e.What, strings.TrimSpace(e.Text))
	}
	return end(r)
}

func picture(f *flags) error {
	r := f.one()
	if f.out == "" {
		f.out = fmt.Sprintf("sim-%d.html", f.seed)
	}
	w, err := os.Create(f.out)
	if err != nil {
		return err
	}
	if err := sim.WritePicture(w, r); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Println("written:", f.out)
	return end(r)
}

// end says how a run ended.
func end(r *sim.Result) error {
	fmt.Println("digest", r.Digest)
	if r.Broken != nil {
		return r.Broken
	}
	fmt.Printf("every promise kept; all stored and settled %s after the last fault\n", r.Took)
	return nil
}
