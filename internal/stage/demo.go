package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

// Timings of the demonstration: a person should see in a minute what takes
// hours on a real line.
const (
	TestInterval   = 20 * time.Second
	SettleAfter    = 5 * time.Second
	FlashObjective = 60 * time.Second
)

// DefaultPort is the stage's; the desks of Alder and Birch have the two after.
const DefaultPort = 7100

// Options say how the demonstration is set up.
type Options struct {
	Program string        // the parley binary, run again for each station
	Port    int           // of the stage; the desks have the two after. 0: no stage, and the desks where there is room
	Keep    string        // directory to make and keep; "": a temporary one that goes
	Pause   time.Duration // how long a scripted officer takes for each act
}

// Demo is the whole set: two stations, the cables between them, the officers.
type Demo struct {
	Alder, Birch *Side
	Listener     net.Listener // of the stage page; nil without one

	opts   Options
	dir    string
	keeper *keeper
	sweep  *sweeper
	cables *cables

	closing sync.Once
	closed  error

	mu     sync.Mutex
	line   string // id, once paired
	staged bool   // the story plays a call: the officers leave calls to it
}

// New takes the ports and makes the directory, the cables and both stations'
// data. Nothing runs yet. Close must be called also after an error of a later
// step; after an error here nothing is left.
func New(o Options) (_ *Demo, err error) {
	d := &Demo{opts: o, keeper: newKeeper()}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if o.Port != 0 {
		if d.Listener, err = takePorts(o.Port); err != nil {
			return nil, err
		}
	}
	if err := d.makeDir(); err != nil {
		return nil, err
	}
	d.Alder, d.Birch = newSide(d, alderCast()), newSide(d, birchCast())
	d.Alder.other, d.Birch.other = d.Birch, d.Alder
	if d.cables, err = layCables(d.Alder, d.Birch); err != nil {
		return nil, err
	}
	for i, s := range d.Sides() {
		if o.Port != 0 {
			s.desk = net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port+1+i))
		} else if s.desk, err = freePort(); err != nil { // who is on a call joins it at a desk
			return nil, err
		}
		if err := s.init(false); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// takePorts opens the stage's port and makes sure that those of the desks are
// free.
func takePorts(port int) (net.Listener, error) {
	var first net.Listener
	for i := range 3 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+i)))
		if err != nil {
			if first != nil {
				first.Close()
			}
			return nil, parley.Errorf(parley.Unavailable, "port %d is taken: %v", port+i, errors.Unwrap(err)).
				WithHint("is another demo running? Otherwise: parley demo --port %d", port+100)
		}
		if i == 0 {
			first = l
			continue
		}
		l.Close()
	}
	return first, nil
}

func (d *Demo) makeDir() (err error) {
	if d.opts.Keep != "" {
		if names, err := os.ReadDir(d.opts.Keep); err == nil && len(names) > 0 {
			return parley.Errorf(parley.Conflict, "the directory %s is not empty", d.opts.Keep).WithHint("name one that is not there yet: --keep DIR")
		}
		if d.dir, err = filepath.Abs(d.opts.Keep); err == nil {
			err = os.MkdirAll(d.dir, 0o700)
		}
		if err != nil {
			return parley.Errorf(parley.Unavailable, "making the directory to keep: %v", err)
		}
		return nil
	}
	if d.dir, err = os.MkdirTemp("", sweepPrefix); err != nil {
		return parley.Errorf(parley.Unavailable, "making a temporary directory: %v", err).WithHint("name one that is not there yet: --keep DIR; or set TMPDIR")
	}
	d.sweep, err = startSweeper(d.opts.Program, d.dir)
	return err
}

// Sides are both stations, Alder first.
func (d *Demo) Sides() []*Side {
	if d.Alder == nil {
		return nil
	}
	return []*Side{d.Alder, d.Birch}
}

// Dir is where everything lies.
func (d *Demo) Dir() string { return d.dir }

// Line is the id of the line; "" before pairing.
func (d *Demo) Line() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.line
}

// Close stops both stations, takes the cables and the directory away, and
// waits until all of it is gone. A second call returns what the first did.
func (d *Demo) Close() error {
	d.closing.Do(func() { d.closed = d.close() })
	return d.closed
}

func (d *Demo) close() error {
	var errs []error
	if d.Listener != nil {
		d.Listener.Close()
	}
	var wg sync.WaitGroup
	for _, s := range d.Sides() {
		wg.Go(s.halt)
	}
	wg.Wait()
	if d.cables != nil {
		d.cables.close()
	}
	if d.dir != "" && d.opts.Keep == "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	if d.sweep != nil {
		errs = append(errs, d.sweep.end())
	}
	d.keeper.close()
	return errors.Join(errs...)
}

// Start runs both stations.
func (d *Demo) Start(ctx context.Context) error {
	for _, s := range d.Sides() {
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	for _, s := range d.Sides() {
		if err := s.enlist(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Trouble is what the stations themselves say of lines that are not well; "" for
// nothing. It is for whoever reads that a step failed.
func (d *Demo) Trouble(ctx context.Context) string {
	var said []string
	for _, s := range d.Sides() {
		if !s.Running() {
			continue
		}
		lines, err := s.client.Lines(ctx)
		if err != nil {
			continue // it has said so where it was asked first
		}
		for _, l := range lines {
			if l.Lamp.State != station.LampUp {
				said = append(said, s.Name+" says: "+l.Lamp.Sentence)
			}
		}
	}
	return strings.Join(said, " ")
}

// await asks every tenth of a second until ok, an error or the limit. The error
// at the limit is Unavailable and says what was waited for.
func await(ctx context.Context, limit time.Duration, what string, ok func() (bool, error)) (took time.Duration, err error) {
	began := time.Now()
	for {
		good, err := ok()
		took = time.Since(began)
		switch {
		case good:
			return took, nil
		case err != nil && !passing(err):
			return took, fmt.Errorf("waiting until %s: %w", what, err)
		case took > limit:
			if err != nil {
				return took, fmt.Errorf("waiting until %s: %w", what, err)
			}
			return took, parley.Errorf(parley.Unavailable, "after %s not yet: %s", seconds(limit), what)
		}
		select {
		case <-ctx.Done():
			return took, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// passing are errors of a station that is just starting or stopping.
func passing(err error) bool {
	k := parley.KindOf(err)
	return k == parley.Unavailable || k == parley.NotFound
}

// seconds writes a duration as people say it: "3 ms", "4.2 s".
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 20*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

func dial(dir string) *control.Client { return control.Dial(filepath.Join(dir, control.SocketName)) }
