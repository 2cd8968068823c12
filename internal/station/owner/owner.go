// Package owner steps the engine of one line under the rule of the house: step,
// make durable, raise the high-water mark, and only then speak. It has no
// goroutine and no clock, so that a station and a simulation run the same code.
package owner

import (
	"fmt"
	"sync"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
)

// A Store makes the batches of one line durable, whole or not at all.
type Store interface {
	Apply(b *line.Batch) error
}

// Ahead is a Store that can do all but the commit of a batch before something
// else is durable.
type Ahead interface {
	// ApplyAfter is Apply, and commits only when kept, which waits, returned nil.
	// Else nothing of the batch is kept, and the error says no more than that.
	// kept may be called again, and then returns at once.
	ApplyAfter(b *line.Batch, kept func() error) error
}

// HighWater keeps how far our log of one line has gone out, outside its store
// and backups.
type HighWater interface {
	Load() (gen parley.GenerationID, size uint64, root [32]byte, ok bool, err error)
	Store(gen parley.GenerationID, size uint64, root [32]byte) error
}

// Owner steps one engine. After an error it, and the engine with it, must be
// thrown away and loaded again from the store: what was to be said was not.
type Owner struct {
	Engine *line.Engine
	Store  Store
	Mark   HighWater
}

// Step is the rule of the house in one place. What it returns may be said: the
// batch behind it is durable, and the mark is raised.
func (o *Owner) Step(now time.Time, events ...line.Event) (*line.Effects, error) {
	return o.StepAfter(now, nil, events...)
}

// StepAfter is Step, and waits for what must be durable elsewhere before the
// batch is: the engine computes meanwhile, and the store prepares its commit.
// What they made, signatures too, is thrown away when kept fails. kept is called
// once, unless it is nil.
func (o *Owner) StepAfter(now time.Time, kept func() error, events ...line.Event) (*line.Effects, error) {
	fx, err := o.Engine.Step(now, events...)
	if kept == nil {
		kept = func() error { return nil }
	}
	kept = sync.OnceValue(kept)
	var applied error
	if err == nil && !fx.Batch.Empty() {
		applied = o.apply(&fx.Batch, kept)
	}
	if err := kept(); err != nil {
		return nil, fmt.Errorf("keeping on our own side what is to be filed: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if err := applied; err != nil {
		return nil, fmt.Errorf("making a step durable: %w", err)
	}
	if err := o.raise(&fx.Batch); err != nil {
		return nil, fmt.Errorf("raising the high-water mark: %w", err)
	}
	return fx, nil
}

// apply makes b durable after what kept waits for, or not at all.
func (o *Owner) apply(b *line.Batch, kept func() error) error {
	if a, ok := o.Store.(Ahead); ok {
		return a.ApplyAfter(b, kept)
	}
	if err := kept(); err != nil {
		return err
	}
	return o.Store.Apply(b)
}

// raise writes the mark for the head of our own log that is about to be sent.
func (o *Owner) raise(b *line.Batch) error {
	if b.Expect == nil {
		return nil
	}
	for i := len(b.Heads) - 1; i >= 0; i-- {
		if h := b.Heads[i]; h.Gen == b.Expect.Gen {
			return o.Mark.Store(h.Gen, h.Size, h.Root)
		}
	}
	return nil
}

// Start returns what a loaded engine must be told before all else: doubt, where
// it knows less of our log than the high-water mark says has gone out.
func (o *Owner) Start() ([]line.Event, error) {
	gen, size, root, ok, err := o.Mark.Load()
	if err != nil {
		return nil, fmt.Errorf("reading the high-water mark: %w", err)
	}
	s := o.Engine.Status()
	if !ok || s.Doubt != "" {
		return nil, nil
	}
	if why, superseded := BehindMark(s, gen, size, root); why != "" {
		return []line.Event{line.Doubt{Reason: journal.ReasonRestored, Why: why, Superseded: superseded}}, nil
	}
	return nil, nil
}

// BehindMark compares what the store knows of our log with what we are known
// to have said. It returns "" when the store is not behind; superseded when it
// lacks a whole generation of our log.
func BehindMark(s line.Status, gen parley.GenerationID, size uint64, root [32]byte) (why string, superseded bool) {
	for _, l := range s.Logs {
		if l.Gen != gen {
			continue
		}
		switch {
		case l.Size < size:
			return fmt.Sprintf("the high-water mark says that %d entries of our log were sent, the store knows of %d: it was restored", size, l.Size), false
		case l.Size == size && l.Root != root:
			return "the store and the high-water mark disagree about what was sent", false
		}
		return "", false
	}
	return fmt.Sprintf("the high-water mark names generation %s of our log, which the store does not know: it was restored", gen), true
}
