// Command bench measures the written path of Parley, and its calls, and prints each
// figure beside a bare program that does the same signatures, fsyncs and round
// trips and nothing else, in one run on one machine. README.md holds the figures.
//
//	go run ./bench [flags] [latency throughput queue bytes verify coldstart search parts lines call forwarding]
//
// Without a name it runs them all. Stations are processes of their own, with
// durable stores on disk; peers are tried where their programs are installed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// options are the flags of a run.
type options struct {
	json    bool
	quick   bool
	dir     string // where stations are made; on a real disk
	profile string // directory for profiles; "" means none
	n       int    // size of the measure; 0 means its own default
	lines   int
}

// size returns n as asked for, or the default of a full or a quick run.
func (o options) size(full, quick int) int {
	switch {
	case o.n > 0:
		return o.n
	case o.quick:
		return quick
	}
	return full
}

// measures are what bench knows, in the order of a full run.
var measures = []struct {
	name, what string
	run        func(*bench) (*report, error)
}{
	{"latency", "release to the receipt \"stored\" back at the sender", latency},
	{"throughput", "dispatches a second with receipts, one line", throughput},
	{"queue", "a queue of an outage, from path back to all stored", queue},
	{"bytes", "bytes on the wire of one dispatch", bytesOnWire},
	{"verify", "verification of an exported record", verify},
	{"coldstart", "start of a station with a long record, and its pages", coldStart},
	{"search", "search pages of a long record, by words, offices and times", search},
	{"parts", "the pieces of the written path, each alone", parts},
	{"lines", "many lines: memory and processor of idle ones, dispatches a second over all", manyLines},
	{"call", "a call between two desks through two stations: times, loss, switching, coming back", callMeasures},
	{"forwarding", "a call between desks through two stations: delay and cost of a packet, Galene beside", forwarding},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		os.Exit(serveChild(os.Args[2:]))
	}
	if err := run(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(1)
	}
}

func run(args []string) error {
	var o options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.BoolVar(&o.json, "json", false, "print JSON, one object a measure")
	fs.BoolVar(&o.quick, "quick", false, "smaller sizes, for a look")
	fs.BoolVar(&o.quick, "short", false, "the same as -quick")
	fs.StringVar(&o.dir, "dir", "", "make the stations in `DIR`, on a real disk (default: the temporary directory)")
	fs.StringVar(&o.profile, "profile", "", "write profiles of the stations to `DIR`: processor, blocking, locks")
	fs.IntVar(&o.n, "n", 0, "size of the measure: dispatches, or entries of the record (default: of each measure)")
	fs.IntVar(&o.lines, "lines", 0, "lines of the measure lines (default 200, quick 10)")
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), "usage: bench [flags] [measure...]")
		for _, m := range measures {
			fmt.Fprintf(fs.Output(), "  %-12s %s\n", m.name, m.what)
		}
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	names := fs.Args()
	for _, n := range names {
		if !slices.ContainsFunc(measures, func(m struct {
			name, what string
			run        func(*bench) (*report, error)
		}) bool {
			return m.name == n
		}) {
			return fmt.Errorf("no measure %q; see -help", n)
		}
	}
	var all []judged
	began := time.Now()
	for _, m := range measures {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		js, err := measure(o, m.name, m.what, m.run)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		all = append(all, js...)
	}
	if o.json {
		return nil // each object has its own
	}
	return printJudged(os.Stdout, all, time.Since(began))
}

// measure runs one measure in a directory of its own, which goes afterwards.
func measure(o options, name, what string, f func(*bench) (*report, error)) ([]judged, error) {
	b := &bench{options: o}
	var err error
	if b.dir, err = os.MkdirTemp(o.dir, "bench-"+name+"-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	defer b.stop()
	began := time.Now()
	r, err := f(b)
	if err != nil {
		return nil, err
	}
	r.Measure, r.What, r.Took = name, what, time.Since(began).Seconds()
	r.describe(b.dir, commandLine(o, name))
	return r.Judged, r.print(os.Stdout, o.json)
}

func commandLine(o options, name string) string {
	c := []string{"go run ./bench"}
	if o.quick {
		c = append(c, "-quick")
	}
	if o.n > 0 {
		c = append(c, fmt.Sprintf("-n %d", o.n))
	}
	if o.lines > 0 {
		c = append(c, fmt.Sprintf("-lines %d", o.lines))
	}
	return strings.Join(append(c, name), " ")
}

// bench is one measure under way: its directory and its processes.
type bench struct {
	options
	children []*child
	station  func() (*child, error) // begins a process for a station, where it is not an ordinary one
}

// stop ends every process of the measure.
func (b *bench) stop() {
	for i := len(b.children) - 1; i >= 0; i-- {
		b.children[i].close()
	}
	b.children = nil
}

// peerPrograms are those that the written path is compared with, where they are
// installed.
var peerPrograms = []struct{ name, program string }{
	{"Postfix to Postfix", "postfix"}, {"Prosody to Prosody", "prosody"}, {"NATS JetStream", "nats-server"},
}

// missingPeers says which peers were not measured, and why.
func missingPeers() (notes []string) {
	for _, p := range peerPrograms {
		if _, err := exec.LookPath(p.program); err != nil {
			notes = append(notes, p.name+": not measured, "+p.program+" is not installed")
		} else {
			notes = append(notes, p.name+": not measured, this program has no driver for it yet; none of these peers signs or gives signed receipts")
		}
	}
	return notes
}

// newDir makes a directory of the measure.
func (b *bench) newDir(prefix string) (string, error) { return os.MkdirTemp(b.dir, prefix) }
