package sqlite

import (
	"fmt"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// Line is one line of a Store.
type Line struct {
	s  *Store
	id parley.LineID
}

var _ store.Line = (*Line)(nil)

// ID returns the line's id.
func (l *Line) ID() parley.LineID { return l.id }

// Founding returns the founding document and meta.
func (l *Line) Founding() (founding, meta []byte, err error) {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return nil, nil, err
	}
	err = l.s.q.founding.QueryRow(n).Scan(&founding, &meta)
	return founding, meta, dbError(err)
}

// SetMeta replaces meta.
func (l *Line) SetMeta(meta []byte) error {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return err
	}
	return l.s.run(true, func(t *tx) error {
		return t.Exec("UPDATE lines SET meta = ? WHERE n = ?", notNil(meta), n)
	})
}

// Apply makes b durable, whole or not at all.
func (l *Line) Apply(b *line.Batch) error { return l.ApplyAll([]*line.Batch{b}) }

// ApplyAll makes all of bs durable, or none.
func (l *Line) ApplyAll(bs []*line.Batch) error { return l.applyAll(bs, nil) }

// ApplyAfter is Apply, and commits only when kept returned nil, for which it
// waits with everything else done. The record takes nothing else meanwhile.
func (l *Line) ApplyAfter(b *line.Batch, kept func() error) error {
	return l.applyAll([]*line.Batch{b}, kept)
}

// errNotKept undoes one batch and nothing else of a commit: why is for whoever
// gave kept, and is not our disk's doing.
var errNotKept = parley.Errorf(parley.Conflict, "what goes before this batch is not durable")

func (l *Line) applyAll(bs []*line.Batch, kept func() error) error {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return err
	}
	ps := make([]*prepared, 0, len(bs))
	for _, b := range bs {
		if b.Line != l.id {
			return parley.Errorf(parley.WrongLine, "a batch of line %s for line %s", b.Line, l.id)
		}
		if !b.Empty() || b.Expect != nil {
			ps = append(ps, l.prepare(b))
		}
	}
	if len(ps) == 0 {
		return nil
	}
	err = l.s.run(true, func(t *tx) error {
		for _, p := range ps {
			if err := l.apply(t, n, p); err != nil {
				return err
			}
		}
		if kept != nil && kept() != nil {
			return errNotKept
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("applying to line %s: %w", l.id, err)
	}
	return nil
}

// prepared is a batch with everything computed that needs no database, in the
// caller's goroutine.
type prepared struct {
	*line.Batch
	items  []store.Item // of Entries
	sealed [][]byte     // of Entries
	filed  [][]byte     // of Filed
	refs   [][]parley.Ref
	keys   [][]byte               // of Keys; nil deletes
	gone   map[uint64]*store.Item // what an item of Unfiled became, where it is among Entries
	passed map[uint64]bool        // filed and unfiled at once: never in the outbox
}

func (l *Line) prepare(b *line.Batch) *prepared {
	p := &prepared{Batch: b, items: make([]store.Item, len(b.Entries)), sealed: make([][]byte, len(b.Entries)),
		filed: make([][]byte, len(b.Filed)), refs: make([][]parley.Ref, len(b.Filed)), keys: make([][]byte, len(b.Keys))}
	for i := range b.Entries {
		e := &b.Entries[i]
		p.items[i] = store.Derive(e)
		p.sealed[i] = store.ContentOf(e).Seal(l.s.sealer, store.EntryName(l.id, parley.Ref{Gen: e.Gen, Index: e.Index}))
	}
	p.followFiled()
	for i := range b.Filed {
		f := &b.Filed[i]
		if p.passed[f.ID] {
			continue
		}
		c := store.Content{Header: notNil(f.Header), Body: notNil(f.Fields)}
		p.filed[i] = c.Seal(l.s.sealer, store.FiledName(l.id, f.ID))
		p.refs[i] = store.DeriveHeader(f.Header).Refs
	}
	for i, kv := range b.Keys {
		p.keys[i] = kv.Value
		if kv.Secret && kv.Value != nil {
			p.keys[i] = l.s.sealer.Seal(store.ValueName(l.id, kv.Key), kv.Value)
		}
	}
	return p
}

// followFiled finds out what the items that leave the outbox became, so that
// what was sealed there need not be opened to know what they refer to.
func (p *prepared) followFiled() {
	if len(p.Unfiled) == 0 {
		return
	}
	p.gone = make(map[uint64]*store.Item, len(p.Unfiled))
	for _, id := range p.Unfiled {
		p.gone[id] = nil
	}
	for i := range p.Entries {
		if id := p.Entries[i].Filed; id != 0 {
			if _, ok := p.gone[id]; ok {
				p.gone[id] = &p.items[i]
			}
		}
	}
	for i := range p.Filed {
		if _, ok := p.gone[p.Filed[i].ID]; ok {
			if p.passed == nil {
				p.passed = map[uint64]bool{}
			}
			p.passed[p.Filed[i].ID] = true
		}
	}
}
