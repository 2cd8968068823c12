package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// childArg is the hidden argument by which bench starts itself as a station, or
// as one end of the floor.
const childArg = "-child-of-bench"

// child is a process of ours that obeys commands: one JSON object a line, and
// one back. It ends when its standard input does.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	enc *json.Encoder
	dec *json.Decoder
}

type command struct {
	Op   string          `json:"op"`
	Args json.RawMessage `json:"args"`
}

type reply struct {
	Err    string          `json:"err,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
}

// kinds are what a child can be: each adds what it can be asked to do, and returns
// how it ends.
var kinds = map[string]func(ops map[string]handler) (end func()){"station": serveStation, "floor": serveFloor, "relay": serveRelay}

// start runs a child of a kind, its process being changed before it begins.
func (b *bench) start(kind string, change ...func(*exec.Cmd)) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(exe, childArg, kind)}
	c.cmd.Stderr = os.Stderr
	for _, f := range change {
		f(c.cmd)
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a %s: %w", kind, err)
	}
	c.enc, c.dec = json.NewEncoder(c.in), json.NewDecoder(out)
	b.children = append(b.children, c)
	return c, nil
}

// close ends the process and waits for it.
func (c *child) close() {
	if c.in != nil {
		c.in.Close()
		c.cmd.Wait()
		c.in = nil
	}
}

// call asks a child to do op, and waits for what it answers.
func call[R any](c *child, op string, args any) (r R, err error) {
	a, err := json.Marshal(args)
	if err != nil {
		return r, err
	}
	if err := c.enc.Encode(command{op, a}); err != nil {
		return r, fmt.Errorf("%s: %w", op, err)
	}
	var p reply
	if err := c.dec.Decode(&p); err != nil {
		return r, fmt.Errorf("%s: the process ended: %w", op, err)
	}
	if p.Err != "" {
		return r, fmt.Errorf("%s: %s", op, p.Err)
	}
	if len(p.Result) == 0 {
		return r, nil
	}
	return r, json.Unmarshal(p.Result, &r)
}

// do is call for what answers nothing but success.
func do(c *child, op string, args any) error {
	_, err := call[json.RawMessage](c, op, args)
	return err
}

// handler does one command of a child.
type handler func(args json.RawMessage) (any, error)

// on makes a handler of a function over typed arguments.
func on[A, R any](f func(A) (R, error)) handler {
	return func(raw json.RawMessage) (any, error) {
		var a A
		if err := json.Unmarshal(raw, &a); err != nil {
			return nil, err
		}
		return f(a)
	}
}

type nothing struct{}

// serveChild is the life of a child.
func serveChild(args []string) int {
	ops := map[string]handler{"usage": on(usage), "memory": on(memory), "profile": on(profile)}
	serve := kinds[strings.Join(args, " ")]
	if serve == nil {
		fmt.Fprintln(os.Stderr, "bench: a child of an unknown kind")
		return 2
	}
	end := serve(ops)
	defer end()
	defer pprof.StopCPUProfile()
	dec, enc := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var c command
		if err := dec.Decode(&c); err != nil {
			return 0
		}
		if err := enc.Encode(answer(ops, c)); err != nil {
			return 1
		}
	}
}

func answer(ops map[string]handler, c command) (p reply) {
	f := ops[c.Op]
	if f == nil {
		return reply{Err: "unknown operation"}
	}
	v, err := f(c.Args)
	if err == nil {
		p.Result, err = json.Marshal(v)
	}
	if err != nil {
		p.Err = err.Error()
	}
	return p
}

// profiled is where the profiles under way go; "" when none is.
var profiled string

// profile starts profiles of processor, blocking and locks into files that begin
// with path; "" ends them, with one of memory as it is then.
func profile(path string) (nothing, error) {
	pprof.StopCPUProfile()
	if profiled != "" {
		for _, kind := range []string{"block", "mutex", "heap"} {
			f, err := os.Create(profiled + "." + kind + ".pprof")
			if err != nil {
				return nothing{}, err
			}
			err = pprof.Lookup(kind).WriteTo(f, 0)
			if err = errors.Join(err, f.Close()); err != nil {
				return nothing{}, err
			}
		}
	}
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(0)
	if profiled = path; path == "" {
		return nothing{}, nil
	}
	runtime.SetBlockProfileRate(100_000) // nanoseconds blocked for each sample
	runtime.SetMutexProfileFraction(10)
	f, err := os.Create(path + ".cpu.pprof")
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, pprof.StartCPUProfile(f)
}

// used is what a process has taken of the machine.
type used struct {
	RSS int64         // bytes resident
	CPU time.Duration // user and system, since it began
}

func usage(nothing) (u used, err error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return u, err
	}
	for _, l := range strings.Split(string(b), "\n") {
		if v, ok := strings.CutPrefix(l, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			if err != nil {
				return u, err
			}
			u.RSS = kb << 10
		}
	}
	if u.RSS == 0 {
		return u, errors.New("this system does not tell a process its memory")
	}
	u.CPU = processorTime()
	return u, nil
}

// held is what a process of ours holds of memory, by its own count.
type held struct {
	Live       int64 // bytes of the heap that are in use, just after a collection
	Stacks     int64 // bytes of the stacks of goroutines
	Goroutines int
}

// memory collects garbage, and says what is left: that depends on neither the
// moment nor the load, as RSS does.
func memory(nothing) (held, error) {
	runtime.GC()
	runtime.GC() // what the first finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held{int64(m.HeapAlloc), int64(m.StackInuse), runtime.NumGoroutine()}, nil
}
