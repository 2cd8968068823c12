package recordtest

import (
	"parley"
	"parley/internal/journal"
	"parley/internal/record"
	"parley/internal/wire"
)

// Founding is the founding of the line.
func (l *Line) Founding() ([]byte, error) { return l.Raw, nil }

// Log returns a log by its generation.
func (l *Line) Log(gen parley.GenerationID) *Log {
	for _, g := range l.Logs {
		if g.Gen == gen {
			return g
		}
	}
	return nil
}

// list is every generation, up to its last checkpoint.
func (l *Line) list() []record.Log {
	var out []record.Log
	for _, g := range l.Logs {
		x := record.Log{Certificate: g.Cert, Witnesses: g.Witnesses, Evidence: g.Evidence}
		if n := len(g.Heads); n > 0 {
			x.Size = g.Heads[n-1].Size
		}
		out = append(out, x)
	}
	return out
}

// Source is the line as something to export.
type Source struct{ *Line }

// Logs returns every generation.
func (s Source) Logs() ([]record.Log, error) { return s.list(), nil }

// Entries returns entries with their keys.
func (s Source) Entries(gen parley.GenerationID, from uint64, n int) ([]record.Entry, error) {
	g := s.Log(gen)
	var out []record.Entry
	for i := from; i < g.Size() && len(out) < n; i++ {
		e := record.Entry{Bytes: g.Entries[i]}
		if g.Keys[i] != nil {
			e.Key = g.Keys[i][:]
		}
		out = append(out, e)
	}
	return out, nil
}

// Head returns the least checkpoint over size.
func (s Source) Head(gen parley.GenerationID, size uint64) (wire.Head, bool, error) {
	for _, h := range s.Log(gen).Heads {
		if h.Size >= size {
			return h, true, nil
		}
	}
	return wire.Head{}, false, nil
}

// Receipt returns the least receipt of holder over size.
func (s Source) Receipt(gen, holder parley.GenerationID, size uint64) (wire.Receipt, bool, error) {
	for _, r := range s.Log(gen).Receipts {
		if r.Holder == holder && r.Size >= size {
			return r, true, nil
		}
	}
	return wire.Receipt{}, false, nil
}

// Hashes returns tree hashes.
func (s Source) Hashes(gen parley.GenerationID, indexes []int64) ([]record.Hash, error) {
	hs, err := s.Log(gen).Tree.ReadHashes(indexes)
	out := make([]record.Hash, len(hs))
	for i, h := range hs {
		out[i] = journal.Hash(h)
	}
	return out, err
}
