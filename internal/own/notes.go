package own

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/internal/sqlfile"
)

// notes are items known to be filed of which the file does not say so yet.
type notes struct {
	mu    sync.Mutex
	list  []note
	taken int // off the front of list since the start
}

type note struct {
	line parley.LineID
	id   uint64
}

// noteEvery is how long a note waits at the most for a release to go with.
const noteEvery = time.Second

// NoteFiled is MarkFiled in its own time: the note goes with the next release,
// or within a second (Run). Who files many items does not write once for each,
// and none waits.
func (s *Store) NoteFiled(l parley.LineID, id uint64) {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	s.notes.list = append(s.notes.list, note{l, id})
}

// writeNotes writes the notes that there are, in a transaction that is about to
// be committed: a stretch of ids by one statement.
func (s *Store) writeNotes(tx *sqlfile.Tx) error {
	s.notes.mu.Lock()
	ns := slices.Clone(s.notes.list)
	until := s.notes.taken + len(ns)
	s.notes.mu.Unlock()
	if len(ns) == 0 {
		return nil
	}
	tx.After(func() { // another of the same commit may have written the same
		s.notes.mu.Lock()
		defer s.notes.mu.Unlock()
		if n := until - s.notes.taken; n > 0 {
			s.notes.list, s.notes.taken = slices.Clone(s.notes.list[n:]), until
		}
	})
	slices.SortFunc(ns, func(a, b note) int {
		return cmp.Or(bytes.Compare(a.line[:], b.line[:]), cmp.Compare(a.id, b.id))
	})
	for i := 0; i < len(ns); i++ {
		first := ns[i]
		for i+1 < len(ns) && ns[i+1].line == first.line && ns[i+1].id <= ns[i].id+1 {
			i++
		}
		if err := tx.Exec("UPDATE outgoing SET done = 1 WHERE line = ? AND id BETWEEN ? AND ? AND done = 0", first.line[:], int64(first.id), int64(ns[i].id)); err != nil {
			return err
		}
	}
	return nil
}

// flushNotes writes the notes that wait, without waiting for the disk.
func (s *Store) flushNotes() error {
	s.notes.mu.Lock()
	n := len(s.notes.list)
	s.notes.mu.Unlock()
	if n == 0 {
		return nil
	}
	return s.w.Run(false, s.writeNotes)
}

// keepNotes writes notes that no release took along, until ctx ends. What fails
// is tried again, here and by whoever reads them.
func (s *Store) keepNotes(ctx context.Context) {
	t := time.NewTicker(noteEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.flushNotes()
		}
	}
}
