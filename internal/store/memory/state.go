package memory

import (
	"bytes"
	"maps"
	"slices"
	"sort"

	"parley"
	"parley/internal/line"
	"parley/internal/store"
)

// entry is one stored entry with its place in the index.
type entry struct {
	bytes   []byte
	sealed  []byte
	arrived int64
	filed   uint64
	fault   parley.Kind
	faulty  bool
	item    store.Item
	pos     int64
}

type gen struct {
	party    parley.PartyCode
	entries  []*entry // by index
	hashes   []line.Hash
	heads    []line.StoredHead                            // by size
	receipts map[parley.GenerationID][]line.StoredReceipt // by holder, then size
	cosigned []store.Cosignature                          // as store.LessCosignature
}

type value struct {
	value  []byte // sealed when secret
	secret bool
}

type filed struct {
	precedence parley.Precedence
	at         int64
	sealed     []byte
	item       store.Item
}

// state is all that is kept of one line. What it points to is never changed in
// place, except for positions and the growing of slices.
type state struct {
	founding, meta []byte
	gens           map[parley.GenerationID]*gen
	kv             map[string]value
	outbox         map[uint64]filed
	settled        int64
	journal        []func() // undoes the changes of an apply, last first
}

func newState(founding, meta []byte) *state {
	return &state{founding: founding, meta: meta, gens: map[parley.GenerationID]*gen{},
		kv: map[string]value{}, outbox: map[uint64]filed{}}
}

func (st *state) clone() *state {
	c := &state{founding: st.founding, meta: st.meta, gens: map[parley.GenerationID]*gen{},
		kv: maps.Clone(st.kv), outbox: maps.Clone(st.outbox), settled: st.settled}
	for id, g := range st.gens {
		n := &gen{party: g.party, hashes: slices.Clone(g.hashes), heads: slices.Clone(g.heads), cosigned: slices.Clone(g.cosigned),
			receipts: map[parley.GenerationID][]line.StoredReceipt{}}
		for _, e := range g.entries {
			e := *e
			n.entries = append(n.entries, &e)
		}
		for h, rs := range g.receipts {
			n.receipts[h] = slices.Clone(rs)
		}
		c.gens[id] = n
	}
	return c
}

// begin starts a change and returns what takes it back.
func (st *state) begin() (undo func()) {
	st.journal = st.journal[:0]
	return func() {
		for i := len(st.journal) - 1; i >= 0; i-- {
			st.journal[i]()
		}
	}
}

func (st *state) gen(id parley.GenerationID) *gen {
	g := st.gens[id]
	if g == nil {
		g = &gen{receipts: map[parley.GenerationID][]line.StoredReceipt{}}
		st.gens[id] = g
		st.journal = append(st.journal, func() { delete(st.gens, id) })
	}
	return g
}

func (st *state) apply(l *Line, b *line.Batch) error {
	if b.Expect != nil {
		if err := st.expect(b.Expect); err != nil {
			return err
		}
	}
	for i := range b.Entries {
		if err := st.addEntry(l, &b.Entries[i]); err != nil {
			return err
		}
	}
	for i := range b.Hashes {
		if err := st.addHashes(&b.Hashes[i]); err != nil {
			return err
		}
	}
	for i := range b.Heads {
		if err := st.addHead(&b.Heads[i]); err != nil {
			return err
		}
	}
	for i := range b.Receipts {
		st.addReceipt(&b.Receipts[i])
	}
	for i := range b.Filed {
		if err := st.file(l, &b.Filed[i]); err != nil {
			return err
		}
	}
	for _, id := range b.Unfiled {
		if f, ok := st.outbox[id]; ok {
			delete(st.outbox, id)
			st.journal = append(st.journal, func() { st.outbox[id] = f })
		}
	}
	for _, kv := range b.Keys {
		st.put(l, kv)
	}
	return nil
}

func (st *state) expect(x *line.Expect) error {
	var h line.StoredHead
	if g := st.gens[x.Gen]; g != nil && len(g.heads) > 0 {
		h = g.heads[len(g.heads)-1]
	}
	return store.CheckExpect(x, h)
}

func (st *state) addEntry(l *Line, e *line.StoredEntry) error {
	g := st.gen(e.Gen)
	switch n := uint64(len(g.entries)); {
	case e.Index < n:
		if !bytes.Equal(g.entries[e.Index].bytes, e.Bytes) {
			return store.DifferentEntry(e.Gen, e.Index)
		}
		st.reopen(l, g.entries[e.Index], e)
		return nil
	case e.Index > n:
		return store.EntryGap(e.Gen, e.Index, n)
	}
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	n := &entry{bytes: bytes.Clone(e.Bytes), arrived: e.Arrived, filed: e.Filed, fault: e.Fault, faulty: e.Faulty,
		item: store.Derive(e), sealed: store.ContentOf(e).Seal(l.s.sealer, store.EntryName(l.id, ref))}
	was := g.party
	if e.Index == 0 {
		g.party = n.item.Party
	}
	g.entries = append(g.entries, n)
	st.journal = append(st.journal, func() { g.entries, g.party = g.entries[:len(g.entries)-1], was })
	return nil
}

// reopen gives an entry that did not open the key that came back for it.
func (st *state) reopen(l *Line, old *entry, e *line.StoredEntry) {
	if e.Key == nil || !old.faulty || e.Faulty {
		return
	}
	was := *old
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	old.fault, old.faulty = 0, false
	old.item, old.sealed = store.Derive(e), store.ContentOf(e).Seal(l.s.sealer, store.EntryName(l.id, ref))
	st.journal = append(st.journal, func() { *old = was })
}

func (st *state) addHashes(h *line.StoredHashes) error {
	g := st.gen(h.Gen)
	n := len(g.hashes)
	if h.From < 0 || h.From > int64(n) {
		return store.HashGap(h.Gen, h.From, int64(n))
	}
	for i, x := range h.Hashes {
		at := int(h.From) + i
		if at < n {
			if g.hashes[at] != x {
				return store.DifferentHash(h.Gen, int64(at))
			}
			continue
		}
		g.hashes = append(g.hashes, x)
	}
	st.journal = append(st.journal, func() { g.hashes = g.hashes[:n] })
	return nil
}

func (st *state) addHead(h *line.StoredHead) error {
	g := st.gen(h.Gen)
	i := sort.Search(len(g.heads), func(i int) bool { return g.heads[i].Size >= h.Size })
	if i < len(g.heads) && g.heads[i].Size == h.Size {
		if g.heads[i].Root != h.Root {
			return store.DifferentHead(h.Gen, h.Size)
		}
		return nil
	}
	was, c := g.heads, *h
	c.ML = bytes.Clone(h.ML)
	g.heads = slices.Insert(slices.Clone(g.heads), i, c)
	st.journal = append(st.journal, func() { g.heads = was })
	return nil
}

func (st *state) addReceipt(r *line.StoredReceipt) {
	g := st.gen(r.Gen)
	rs := g.receipts[r.Holder]
	i := sort.Search(len(rs), func(i int) bool { return rs[i].Size >= r.Size })
	if i < len(rs) && rs[i].Size == r.Size {
		return
	}
	c := *r
	c.ML = bytes.Clone(r.ML)
	g.receipts[r.Holder] = slices.Insert(slices.Clone(rs), i, c)
	st.journal = append(st.journal, func() { g.receipts[r.Holder] = rs })
}

func (st *state) file(l *Line, f *line.Filed) error {
	if _, ok := st.outbox[f.ID]; ok || f.ID == 0 {
		return store.FiledTwice(f.ID)
	}
	c := store.Content{Header: f.Header, Body: f.Fields}
	st.outbox[f.ID] = filed{precedence: f.Precedence, at: f.At, item: store.DeriveHeader(f.Header),
		sealed: c.Seal(l.s.sealer, store.FiledName(l.id, f.ID))}
	st.journal = append(st.journal, func() { delete(st.outbox, f.ID) })
	return nil
}

func (st *state) put(l *Line, kv line.KV) {
	old, had := st.kv[kv.Key]
	st.journal = append(st.journal, func() {
		if had {
			st.kv[kv.Key] = old
		} else {
			delete(st.kv, kv.Key)
		}
	})
	if kv.Value == nil {
		delete(st.kv, kv.Key)
		return
	}
	v := value{bytes.Clone(kv.Value), kv.Secret}
	if kv.Secret {
		v.value = l.s.sealer.Seal(store.ValueName(l.id, kv.Key), kv.Value)
	}
	st.kv[kv.Key] = v
}
