package sqlite

import (
	"database/sql"
	"errors"
	"strings"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// lookup returns the line's number and a generation of it; g is nil when
// nothing of the generation is stored.
func (l *Line) lookup(id parley.GenerationID) (n int64, g *gen, err error) {
	if n, err = l.s.lineN(l.id); err != nil {
		return 0, nil, err
	}
	return n, l.s.genOf(n, id), nil
}

// Entries returns up to n entries from index from on, and ends early where they
// are large.
func (l *Line) Entries(id parley.GenerationID, from uint64, n int) (out []line.StoredEntry, err error) {
	_, g, err := l.lookup(id)
	if err != nil || g == nil || n <= 0 || from >= store.MaxIndex {
		return nil, err
	}
	rows, err := l.s.q.entries.Query(g.key(from), g.key(1<<indexBits-1), n)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for total := 0; total < store.EntriesBytes && rows.Next(); {
		e := line.StoredEntry{Gen: id}
		var k, filed, fault int64
		var sealed sql.RawBytes
		if err := rows.Scan(&k, &e.Bytes, &sealed, &e.Arrived, &filed, &fault); err != nil {
			return nil, dbError(err)
		}
		e.Index, e.Filed = uint64(k)&(1<<indexBits-1), uint64(filed)
		if e.Index != from+uint64(len(out)) {
			return nil, corrupt("entry %s:%d is missing", id, from+uint64(len(out)))
		}
		if fault > 0 {
			e.Faulty, e.Fault = true, parley.Kind(fault-1)
		}
		c, err := store.OpenContent(l.s.sealer, store.EntryName(l.id, parley.Ref{Gen: id, Index: e.Index}), sealed)
		if err != nil {
			return nil, err
		}
		e.Key, e.Header, e.Body = c.Key, c.Header, c.Body
		total += store.SizeOf(&e)
		out = append(out, e)
	}
	return out, dbError(rows.Err())
}

// Leaves returns the bytes of up to n entries from index from on, and ends early
// where they are large.
func (l *Line) Leaves(id parley.GenerationID, from uint64, n int) (out [][]byte, err error) {
	_, g, err := l.lookup(id)
	if err != nil || g == nil || n <= 0 || from >= store.MaxIndex {
		return nil, err
	}
	rows, err := l.s.q.leaves.Query(g.key(from), g.key(1<<indexBits-1), n)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for total := 0; total < store.EntriesBytes && rows.Next(); {
		var k int64
		var b []byte
		if err := rows.Scan(&k, &b); err != nil {
			return nil, dbError(err)
		}
		if at := from + uint64(len(out)); uint64(k)&(1<<indexBits-1) != at {
			return nil, corrupt("entry %s:%d is missing", id, at)
		}
		total += len(b)
		out = append(out, b)
	}
	return out, dbError(rows.Err())
}

// Hashes returns tree hashes by stored-hash index.
func (l *Line) Hashes(id parley.GenerationID, indexes []int64) ([]line.Hash, error) {
	_, g, err := l.lookup(id)
	if err != nil {
		return nil, err
	}
	out := make([]line.Hash, len(indexes))
	var first int64 // of the run read last
	var run []byte
	for i, at := range indexes {
		if g == nil || at < 0 || at >= 1<<indexBits {
			return nil, store.MissingHash(id, at)
		}
		h, ok := inRun(g, first, run, at)
		if !ok {
			if err := l.s.q.hash.QueryRow(g.key(uint64(at))).Scan(&first, &run); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, dbError(err)
			}
			if h, ok = inRun(g, first, run, at); !ok {
				return nil, store.MissingHash(id, at)
			}
		}
		out[i] = h
	}
	return out, nil
}

// Head returns the least head of size or more; the largest for 0.
func (l *Line) Head(id parley.GenerationID, size uint64) (h line.StoredHead, ok bool, err error) {
	_, g, err := l.lookup(id)
	if err != nil || g == nil || size >= store.MaxIndex {
		return h, false, err
	}
	q := l.s.q.headNext
	if size == 0 {
		q = l.s.q.headLast
	}
	var k int64
	var root, ed []byte
	switch err := q.QueryRow(g.key(size), g.key(1<<indexBits-1)).Scan(&k, &root, &ed, &h.ML, &h.Arrived); {
	case errors.Is(err, sql.ErrNoRows):
		return h, false, nil
	case err != nil:
		return h, false, dbError(err)
	case len(root) != len(h.Root) || len(ed) != len(h.Ed):
		return h, false, corrupt("head of %s: a root of %d bytes and a signature of %d", id, len(root), len(ed))
	}
	h.Gen, h.Size, h.Root, h.Ed = id, uint64(k)&(1<<indexBits-1), line.Hash(root), [64]byte(ed)
	return h, true, nil
}

// Receipt returns holder's least receipt of size or more; the largest for 0.
func (l *Line) Receipt(id, holder parley.GenerationID, size uint64) (r line.StoredReceipt, ok bool, err error) {
	n, g, err := l.lookup(id)
	if err != nil || g == nil || size >= store.MaxIndex {
		return r, false, err
	}
	h := l.s.genOf(n, holder)
	if h == nil {
		return r, false, nil
	}
	q := l.s.q.receiptNext
	if size == 0 {
		q = l.s.q.receiptLast
	}
	var got, at int64
	var ed []byte
	switch err := q.QueryRow(g.n, h.n, int64(size)).Scan(&got, &at, &ed, &r.ML, &r.Arrived); {
	case errors.Is(err, sql.ErrNoRows):
		return r, false, nil
	case err != nil:
		return r, false, dbError(err)
	case len(ed) != len(r.Ed):
		return r, false, corrupt("receipt of %s for %s: a signature of %d bytes", holder, id, len(ed))
	}
	r.Gen, r.Holder, r.Size, r.Time, r.Ed = id, holder, uint64(got), uint64(at), [64]byte(ed)
	return r, true, nil
}

// Filed returns the outbox in order of id.
func (l *Line) Filed() (out []line.Filed, err error) {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return nil, err
	}
	rows, err := l.s.q.filed.Query(n)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, precedence int64
		var f line.Filed
		var sealed []byte
		if err := rows.Scan(&id, &precedence, &f.At, &sealed); err != nil {
			return nil, dbError(err)
		}
		f.ID, f.Precedence = uint64(id), parley.Precedence(precedence)
		c, err := store.OpenContent(l.s.sealer, store.FiledName(l.id, f.ID), sealed)
		if err != nil {
			return nil, err
		}
		f.Header, f.Fields = c.Header, c.Body
		out = append(out, f)
	}
	return out, dbError(rows.Err())
}

// Values returns every key with the prefix, in bytewise order.
func (l *Line) Values(prefix string) (out []line.KV, err error) {
	n, err := l.s.lineN(l.id)
	if err != nil {
		return nil, err
	}
	rows, err := l.s.q.values.Query(n, prefix)
	if err != nil {
		return nil, dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kv line.KV
		if err := rows.Scan(&kv.Key, &kv.Value, &kv.Secret); err != nil {
			return nil, dbError(err)
		}
		if !strings.HasPrefix(kv.Key, prefix) {
			break
		}
		kv.Value = notNil(kv.Value)
		if kv.Secret {
			if kv.Value, err = store.OpenValue(l.s.sealer, l.id, kv.Key, kv.Value); err != nil {
				return nil, err
			}
		}
		out = append(out, kv)
	}
	return out, dbError(rows.Err())
}
