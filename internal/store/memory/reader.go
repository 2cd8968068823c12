package memory

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// Entries returns up to n entries from index from on, and ends early where they
// are large, as the engine on disk does: who asks must ask again.
func (l *Line) Entries(id parley.GenerationID, from uint64, n int) (out []line.StoredEntry, err error) {
	err = l.read(func(st *state) error {
		g := st.gens[id]
		if g == nil {
			return nil
		}
		for i, total := from, 0; i < uint64(len(g.entries)) && len(out) < n && total < store.EntriesBytes; i++ {
			e := g.entries[i]
			c, err := store.OpenContent(l.s.sealer, store.EntryName(l.id, parley.Ref{Gen: id, Index: i}), e.sealed)
			if err != nil {
				return err
			}
			out = append(out, line.StoredEntry{Gen: id, Index: i, Bytes: bytes.Clone(e.bytes), Key: c.Key, Header: c.Header, Body: c.Body,
				Arrived: e.arrived, Filed: e.filed, Fault: e.fault, Faulty: e.faulty})
			total += store.SizeOf(&out[len(out)-1])
		}
		return nil
	})
	return out, err
}

// Leaves returns the bytes of up to n entries from index from on, under the bound
// of Entries.
func (l *Line) Leaves(id parley.GenerationID, from uint64, n int) (out [][]byte, err error) {
	err = l.read(func(st *state) error {
		g := st.gens[id]
		if g == nil {
			return nil
		}
		for i, total := from, 0; i < uint64(len(g.entries)) && len(out) < n && total < store.EntriesBytes; i++ {
			out = append(out, bytes.Clone(g.entries[i].bytes))
			total += len(g.entries[i].bytes)
		}
		return nil
	})
	return out, err
}

// Hashes returns tree hashes by stored-hash index.
func (l *Line) Hashes(id parley.GenerationID, indexes []int64) (out []line.Hash, err error) {
	err = l.read(func(st *state) error {
		g := st.gens[id]
		for _, i := range indexes {
			if g == nil || i < 0 || i >= int64(len(g.hashes)) {
				return store.MissingHash(id, i)
			}
			out = append(out, g.hashes[i])
		}
		return nil
	})
	return out, err
}

// Head returns the least head of size or more; the largest for 0.
func (l *Line) Head(id parley.GenerationID, size uint64) (h line.StoredHead, ok bool, err error) {
	err = l.read(func(st *state) error {
		if g := st.gens[id]; g != nil {
			i := len(g.heads) - 1
			if size > 0 {
				i = sort.Search(len(g.heads), func(i int) bool { return g.heads[i].Size >= size })
			}
			if i >= 0 && i < len(g.heads) {
				h, ok = g.heads[i], true
				h.ML = bytes.Clone(h.ML)
			}
		}
		return nil
	})
	return h, ok, err
}

// Receipt returns holder's least receipt of size or more; the largest for 0.
func (l *Line) Receipt(id, holder parley.GenerationID, size uint64) (r line.StoredReceipt, ok bool, err error) {
	err = l.read(func(st *state) error {
		if g := st.gens[id]; g != nil {
			rs := g.receipts[holder]
			i := len(rs) - 1
			if size > 0 {
				i = sort.Search(len(rs), func(i int) bool { return rs[i].Size >= size })
			}
			if i >= 0 && i < len(rs) {
				r, ok = rs[i], true
				r.ML = bytes.Clone(r.ML)
			}
		}
		return nil
	})
	return r, ok, err
}

// Filed returns the outbox in order of id.
func (l *Line) Filed() (out []line.Filed, err error) {
	err = l.read(func(st *state) error {
		for id, f := range st.outbox {
			c, err := store.OpenContent(l.s.sealer, store.FiledName(l.id, id), f.sealed)
			if err != nil {
				return err
			}
			out = append(out, line.Filed{ID: id, Precedence: f.precedence, At: f.at, Header: c.Header, Fields: c.Body})
		}
		return nil
	})
	slices.SortFunc(out, func(a, b line.Filed) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out, err
}

// Values returns every key with the prefix, in order.
func (l *Line) Values(prefix string) (out []line.KV, err error) {
	err = l.read(func(st *state) error {
		for k, v := range st.kv {
			if !strings.HasPrefix(k, prefix) {
				continue
			}
			kv := line.KV{Key: k, Value: bytes.Clone(v.value), Secret: v.secret}
			if v.secret {
				var err error
				if kv.Value, err = store.OpenValue(l.s.sealer, l.id, k, v.value); err != nil {
					return err
				}
			}
			out = append(out, kv)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b line.KV) int { return strings.Compare(a.Key, b.Key) })
	return out, err
}
