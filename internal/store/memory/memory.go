// Package memory keeps a station's lines in memory, with the semantics of the
// real engines: for tests and simulations. A Snapshot is what an old backup or
// a crash leaves; FailNext is a disk that fails.
package memory

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// Store is a store.Store in memory.
type Store struct {
	sealer store.Sealer

	mu     sync.RWMutex
	order  []parley.LineID
	lines  map[parley.LineID]*state
	fail   []error
	closed bool
}

// New returns an empty store whose secrets are sealed by s.
func New(s store.Sealer) *Store {
	return &Store{sealer: s, lines: map[parley.LineID]*state{}}
}

// FailNext makes the next applies fail with these errors, one each, without
// effect. A nil error lets one pass.
func (s *Store) FailNext(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = append(s.fail, errs...)
}

// Snapshot returns a copy of everything applied so far, under the same
// storage key.
func (s *Store) Snapshot() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := New(s.sealer)
	c.order = slices.Clone(s.order)
	for id, st := range s.lines {
		c.lines[id] = st.clone()
	}
	return c
}

// WithoutSecrets returns a Snapshot without secret values: what restoring a
// backup gives.
func (s *Store) WithoutSecrets() *Store {
	c := s.Snapshot()
	for _, st := range c.lines {
		for k, v := range st.kv {
			if v.secret {
				delete(st.kv, k)
			}
		}
	}
	return c
}

// Lines returns the lines in order of creation.
func (s *Store) Lines() ([]parley.LineID, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed()
	}
	return slices.Clone(s.order), nil
}

// CreateLine makes a line.
func (s *Store) CreateLine(id parley.LineID, founding, meta []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed()
	}
	if s.lines[id] != nil {
		return parley.Errorf(parley.Conflict, "line %s is here already", id)
	}
	s.order = append(s.order, id)
	s.lines[id] = newState(bytes.Clone(founding), bytes.Clone(meta))
	return nil
}

// Line returns the line with the id.
func (s *Store) Line(id parley.LineID) store.Line { return &Line{s: s, id: id} }

// Close makes every later call Unavailable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func errClosed() error { return parley.Errorf(parley.Unavailable, "the store is closed") }

// Line is one line of a Store.
type Line struct {
	s  *Store
	id parley.LineID
}

// ID returns the line's id.
func (l *Line) ID() parley.LineID { return l.id }

// read gives f the line's state, not to be changed.
func (l *Line) read(f func(*state) error) error {
	l.s.mu.RLock()
	defer l.s.mu.RUnlock()
	return l.with(f)
}

// write gives f the line's state to change; f checks all before it changes any.
func (l *Line) write(f func(*state) error) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.with(f)
}

func (l *Line) with(f func(*state) error) error {
	if l.s.closed {
		return errClosed()
	}
	st := l.s.lines[l.id]
	if st == nil {
		return parley.Errorf(parley.NotFound, "no line %s in this store", l.id)
	}
	return f(st)
}

// Founding returns the founding document and meta.
func (l *Line) Founding() (founding, meta []byte, err error) {
	err = l.read(func(st *state) error {
		founding, meta = bytes.Clone(st.founding), bytes.Clone(st.meta)
		return nil
	})
	return founding, meta, err
}

// SetMeta replaces meta.
func (l *Line) SetMeta(meta []byte) error {
	return l.write(func(st *state) error { st.meta = bytes.Clone(meta); return nil })
}

// Apply applies b, whole or not at all.
func (l *Line) Apply(b *line.Batch) error { return l.ApplyAll([]*line.Batch{b}) }

// ApplyAll applies all of bs or none.
func (l *Line) ApplyAll(bs []*line.Batch) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if len(l.s.fail) > 0 {
		err := l.s.fail[0]
		l.s.fail = l.s.fail[1:]
		if err != nil {
			return err
		}
	}
	return l.with(func(st *state) error {
		undo := st.begin()
		for _, b := range bs {
			if b.Line != l.id {
				undo()
				return parley.Errorf(parley.WrongLine, "a batch of line %s for line %s", b.Line, l.id)
			}
			if err := st.apply(l, b); err != nil {
				undo()
				return fmt.Errorf("applying to line %s: %w", l.id, err)
			}
		}
		return nil
	})
}
