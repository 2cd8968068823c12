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
	more  sim.More
	sql   bool
	fault string
	plan  string
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
	f.goesOn("contacts", sim.WithContacts, "let envoys arrange contacts all the while")
	f.goesOn("said", sim.WithSaid, "let envoys say something of contacts too: embargoes, drafts, joint statements, what is published")
	f.goesOn("calls", sim.WithCalls, "let stations call one another")
	f.goesOn("joins", sim.WithJoins, "let somebody join: a new line is founded on the stations of the old one, which it cites")
	f.goesOn("all", sim.WithContacts|sim.WithSaid|sim.WithCalls|sim.WithJoins, "all of these")
	flag.BoolVar(&f.sql, "sqlite", false, "keep the stations' records in SQLite, on simulated disks")
	flag.StringVar(&f.fault, "fault", "", "build the product with this deliberate fault in it; all: with every one, of which SIM_FAULT names the one that is on")
	flag.StringVar(&f.plan, "plan", "", "a plan that shrink wrote, in place of a seed's")
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
		return build(f.out, f.fault)
	}
	if !f.real && !sim.Ideal() {
		return f.again()
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
	case "shrink":
		return shrink(f)
	}
	return fmt.Errorf("-do %s: no such thing to do", f.do)
}

// build builds this command with ideal primitives, and with a deliberate fault
// where one is named.
func build(bin, fault string) error {
	root, err := overlay.Root()
	if err != nil {
		return err
	}
	if fault == "all" {
		edits, _, err := faultEdits(root)
		if err != nil {
			return err
		}
		return overlay.Build(root, bin, self, edits...)
	}
	names := []string{"ideal.edit"}
	if fault != "" {
		names = append(names, "fault.edit", filepath.Join("faults", fault+".edit"))
	}
	var edits []*overlay.Edit
	for _, n := range names {
		e, err := overlay.Read(filepath.Join(root, "internal/sim/testdata", n))
		if err != nil {
			return err
		}
		edits = append(edits, e)
	}
	return overlay.Build(root, bin, self, edits...)
}

// again runs this command built with ideal primitives.
func (f *flags) again() error {
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "simulate")
	if err := build(bin, f.fault); err != nil {
		return err
	}
	cmd := exec.Command(bin, os.Args[1:]...)
	cmd.Env = append(os.Environ(), "SIM_FAULT="+f.fault)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// read returns the plan that is meant: of a seed, or kept in a file.
func (f *flags) read() (*sim.Plan, error) {
	switch {
	case f.plan != "":
		b, err := os.ReadFile(f.plan)
		if err != nil {
			return nil, err
		}
		return sim.ParsePlan(b)
	case f.forks:
		p := sim.ForkPlan(f.seed)
		p.SQLite = f.sql
		return p, nil
	}
	return f.planOf(f.seed), nil
}

// planOf is the plan of a seed without a fork.
func (f *flags) planOf(seed uint64) *sim.Plan {
	p := sim.MorePlan(seed, f.more)
	p.SQLite = f.sql
	return p
}

// goesOn makes a flag that lets more go on in a run.
func (f *flags) goesOn(name string, m sim.More, usage string) {
	flag.BoolFunc(name, usage, func(string) error { f.more |= m; return nil })
}

// one runs one plan, and keeps its story.
func (f *flags) one() (*sim.Result, error) {
	p, err := f.read()
	if err != nil {
		return nil, err
	}
	return sim.Run(p, sim.Options{Story: true}), nil
}

func story(f *flags) error {
	r, err := f.one()
	if err != nil {
		return err
	}
	fmt.Printf("Seed %d: %d parties, %d cables between each two, %.1f hours, %d acts.\n", r.Plan.Seed, r.Plan.Parties, r.Plan.Cables, r.Plan.Hours, len(r.Plan.Acts))
	for _, e := range r.Story {
		fmt.Printf("%14s  %-10s %s\n", sim.Clock(e.At), e.What, strings.TrimSpace(e.Text))
	}
	fmt.Print(r.Counts.Text())
	return end(r)
}

func picture(f *flags) error {
	r, err := f.one()
	if err != nil {
		return err
	}
	if f.out == "" {
		f.out = fmt.Sprintf("sim-%d.html", r.Plan.Seed)
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
