package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"parley"
	"parley/internal/line"
	"parley/internal/sqlfile"
	"parley/internal/store"
)

const maxFindings = 1000

// checker goes through a store on a connection of its own, in one snapshot.
type checker struct {
	s        *Store
	ctx      context.Context
	c        *sqlfile.Conn
	progress func(store.Progress)
	found    []store.Finding
	refs     int64 // that entries and the outbox make
}

// Check verifies the file, every entry against its leaf hash, the tree hashes,
// the root of every head, that indices are contiguous, that sealed values open
// and that the index says of each entry what is derived from it. Nothing at rest
// vouches for signatures, for times of arrival, for positions that are not settled
// and for values that are not secret. It stops at 1,000 findings.
func (s *Store) Check(ctx context.Context, progress func(store.Progress)) ([]store.Finding, error) {
	if progress == nil {
		progress = func(store.Progress) {}
	}
	c, err := s.connect([]string{"busy_timeout(5000)", "query_only(1)", "cache_size(-32000)"})
	if err != nil {
		return nil, fmt.Errorf("checking the store: %w", err)
	}
	defer c.Close()
	k := &checker{s: s, ctx: ctx, c: c, progress: progress}
	if err := c.Script("BEGIN"); err != nil {
		return nil, fmt.Errorf("checking the store: %w", err)
	}
	for _, step := range []func() error{k.integrity, k.generations, k.values, k.index, k.facets, k.sums} {
		err := step()
		if parley.KindOf(err) == parley.Corrupt && err != nil {
			k.find(parley.Corrupt, "file "+fileName, "%v", err)
			continue
		}
		if err != nil {
			return k.found, fmt.Errorf("checking the store: %w", err)
		}
	}
	return k.found, nil
}

func (k *checker) find(kind parley.Kind, place, format string, args ...any) {
	if len(k.found) < maxFindings {
		k.found = append(k.found, store.Finding{Kind: kind, Place: place, What: fmt.Sprintf(format, args...)})
	}
}

func (k *checker) interrupted() error {
	if k.ctx.Err() != nil {
		return parley.Errorf(parley.Unavailable, "interrupted")
	}
	return nil
}

func (k *checker) integrity() error {
	k.progress(store.Progress{What: "integrity"})
	return k.c.Each(func(row []driver.Value) error {
		if what := text(row[0]); what != "ok" {
			k.find(parley.Corrupt, "file "+fileName, "%s", what)
		}
		return nil
	}, "PRAGMA integrity_check")
}

// generations checks the entries, hashes and heads of each generation.
func (k *checker) generations() error {
	total, err := k.c.Number("SELECT count(*) FROM entries")
	if err != nil {
		return err
	}
	rows, err := k.c.Query("SELECT n, line, id, party FROM gens ORDER BY n")
	if err != nil {
		return err
	}
	p := store.Progress{What: "entries", Total: total}
	for _, row := range rows {
		g := &gen{n: num(row[0]), line: num(row[1]), party: parley.PartyCode(text(row[3]))}
		copy(g.id[:], blob(row[2]))
		t := &treeCheck{checker: k, g: g, id: k.s.lineID(g.line), at: &p}
		t.place = fmt.Sprintf("line %s generation %s", t.id, g.id)
		if err := t.run(); err != nil {
			return err
		}
	}
	return k.strays()
}

// strays looks for rows that belong to no generation or line.
func (k *checker) strays() error {
	for _, table := range []string{"entries", "hashes", "heads"} {
		n, err := k.c.Number("SELECT count(*) FROM " + table + " WHERE id >> 40 NOT IN (SELECT n FROM gens)")
		if err != nil {
			return err
		}
		if n > 0 {
			k.find(parley.Corrupt, "table "+table, "%d rows belong to no generation", n)
		}
	}
	return nil
}

// treeCheck recomputes the tree of one generation from its entries.
type treeCheck struct {
	*checker
	g     *gen
	id    parley.LineID
	place string
	at    *store.Progress

	n      uint64
	heads  map[uint64]line.Hash // stored roots by size
	stored map[int64][]byte     // runs read lately, by first index
	edge   map[int64]tlog.Hash  // hashes of full subtrees that later ones need
	broken bool
}

func (t *treeCheck) run() error {
	t.edge, t.heads = map[int64]tlog.Hash{}, map[uint64]line.Hash{}
	lo, hi := t.g.key(0), t.g.key(1<<indexBits-1)
	err := t.c.Each(func(row []driver.Value) error {
		var root line.Hash
		if copy(root[:], blob(row[1])) != len(root) {
			t.find(parley.Corrupt, t.place, "a root of %d bytes", len(blob(row[1])))
		}
		t.heads[uint64(num(row[0]))&(1<<indexBits-1)] = root
		return nil
	}, "SELECT id, root FROM heads WHERE id BETWEEN ? AND ?", lo, hi)
	if err != nil {
		return err
	}
	err = t.c.Each(func(row []driver.Value) error {
		return t.entry(row)
	}, entryQuery, lo, hi)
	if err != nil {
		return err
	}
	if t.broken {
		return nil
	}
	beyond := uint64(0)
	for size := range t.heads {
		beyond = max(beyond, size)
	}
	if beyond > 0 {
		t.find(parley.Corrupt, t.place, "a head of size %d, but %d entries are here", beyond, t.n)
	}
	return t.rest(lo, hi)
}

// entry checks one entry (entryQuery) and the tree up to it.
func (t *treeCheck) entry(row []driver.Value) error {
	if t.n&1023 == 0 {
		if err := t.interrupted(); err != nil {
			return err
		}
		t.progress(*t.at)
	}
	t.at.Done++
	idx := uint64(num(row[0])) & (1<<indexBits - 1)
	place := fmt.Sprintf("%s entry %d", t.place, idx)
	c, err := store.Content{}, error(nil)
	if row[2] != nil {
		c, err = store.OpenContent(t.s.sealer, store.EntryName(t.id, parley.Ref{Gen: t.g.id, Index: idx}), blob(row[2]))
	}
	if err != nil {
		t.find(parley.Corrupt, place, "what is sealed of it does not open")
	} else if err := t.indexed(place, row, c.Header); err != nil {
		return err
	}
	if idx != t.n && !t.broken {
		t.broken = true
		t.find(parley.Gap, place, "entry %d is missing before it", t.n)
	}
	if t.broken {
		return nil
	}
	return t.leaf(place, blob(row[1]))
}

// leaf compares the hashes that the entry adds with the stored ones, and the
// root with a head of that size.
func (t *treeCheck) leaf(place string, entry []byte) error {
	leaf := tlog.Hash(store.LeafHash(entry))
	hs, err := tlog.StoredHashesForRecordHash(int64(t.n), leaf, tlog.HashReaderFunc(t.read))
	if err != nil {
		return err
	}
	at, altered := tlog.StoredHashIndex(0, int64(t.n)), false
	for i, h := range hs {
		t.edge[at+int64(i)] = h
		got, ok, err := t.run126(at + int64(i))
		switch {
		case err != nil:
			return err
		case !ok:
			t.find(parley.Corrupt, place, "tree hash %d is missing", at+int64(i))
		case got == line.Hash(h) || altered: // those above an altered leaf differ with it
		case i == 0:
			altered = true
			t.find(parley.Corrupt, place, "its bytes do not give its leaf hash: it was altered, or the hash was")
		default:
			t.find(parley.Corrupt, place, "tree hash %d differs", at+int64(i))
		}
		if ok {
			t.edge[at+int64(i)] = tlog.Hash(got)
		}
	}
	t.n++
	if root, ok := t.heads[t.n]; ok {
		delete(t.heads, t.n)
		got, err := tlog.TreeHash(int64(t.n), tlog.HashReaderFunc(t.read))
		if err != nil {
			return err
		}
		if line.Hash(got) != root {
			t.find(parley.BadProof, fmt.Sprintf("%s head %d", t.place, t.n), "its root is not that of the tree")
		}
	}
	t.trim()
	return nil
}

// trim forgets hashes that no later one needs: all but the roots of the full
// subtrees on the right edge.
func (t *treeCheck) trim() {
	if len(t.edge) < 4096 {
		return
	}
	keep := map[int64]tlog.Hash{}
	for level, n := 0, int64(t.n); n > 0; level, n = level+1, n>>1 {
		if n&1 == 1 {
			i := tlog.StoredHashIndex(level, n-1)
			keep[i] = t.edge[i]
		}
	}
	t.edge = keep
}

func (t *treeCheck) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		h, ok := t.edge[x]
		if !ok {
			return nil, parley.Errorf(parley.Internal, "tree hash %d is not at hand", x)
		}
		out[i] = h
	}
	return out, nil
}

// run126 reads a stored hash; the run it is in is kept for the next ones.
func (t *treeCheck) run126(at int64) (line.Hash, bool, error) {
	for first, run := range t.stored {
		if h, ok := inRun(t.g, first, run, at); ok {
			return h, true, nil
		}
	}
	t.stored = map[int64][]byte{}
	err := t.c.Each(func(row []driver.Value) error {
		t.stored[num(row[0])] = bytes.Clone(blob(row[1]))
		return nil
	}, runQuery, t.g.key(uint64(at)))
	if err != nil {
		return line.Hash{}, false, err
	}
	for first, run := range t.stored {
		if h, ok := inRun(t.g, first, run, at); ok {
			return h, true, nil
		}
	}
	return line.Hash{}, false, nil
}

// rest looks for tree hashes beyond those of the entries.
func (t *treeCheck) rest(lo, hi int64) error {
	want := tlog.StoredHashCount(int64(t.n))
	have := int64(0)
	err := t.c.Each(func(row []driver.Value) error {
		have = num(row[0])&(1<<indexBits-1) + num(row[1])/hashSize
		return nil
	}, "SELECT id, length(run) FROM hashes WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", lo, hi)
	if err == nil && have > want {
		t.find(parley.Corrupt, t.place, "%d tree hashes for %d entries, want %d", have, t.n, want)
	}
	return err
}

// values checks that secret values and the outbox open.
func (k *checker) values() error {
	k.progress(store.Progress{What: "secrets"})
	err := k.c.Each(func(row []driver.Value) error {
		id := k.s.lineID(num(row[0]))
		if _, err := store.OpenValue(k.s.sealer, id, text(row[1]), blob(row[2])); err != nil {
			k.find(parley.Corrupt, fmt.Sprintf("line %s value %s", id, text(row[1])), "it does not open")
		}
		return nil
	}, "SELECT line, key, value FROM kv WHERE secret = 1")
	if err != nil {
		return err
	}
	return k.c.Each(func(row []driver.Value) error {
		id, n := k.s.lineID(num(row[0])), uint64(num(row[1]))
		place := fmt.Sprintf("line %s outbox item %d", id, n)
		c, err := store.OpenContent(k.s.sealer, store.FiledName(id, n), blob(row[2]))
		if err != nil {
			k.find(parley.Corrupt, place, "it does not open")
			return nil
		}
		return k.referred(place, num(row[0]), -num(row[3]), store.DeriveHeader(c.Header).Refs)
	}, "SELECT line, id, secret, n FROM outbox")
}

// index compares the derived index with the entries.
func (k *checker) index() error {
	k.progress(store.Progress{What: "index"})
	for what, q := range map[string]string{
		"entries are not in the index":        "SELECT count(*) FROM entries WHERE id NOT IN (SELECT id FROM items)",
		"rows of the index have no entry":     "SELECT count(*) FROM items WHERE id NOT IN (SELECT id FROM entries)",
		"settled positions are not held once": "SELECT count(*) FROM lines l WHERE settled <> (SELECT count(DISTINCT pos) FROM items WHERE line = l.n AND pos BETWEEN 1 AND l.settled)",
		"settled positions are held twice":    "SELECT count(*) FROM lines l WHERE settled < (SELECT count(*) FROM items WHERE line = l.n AND pos BETWEEN 1 AND l.settled)",
	} {
		n, err := k.c.Number(q)
		if err != nil {
			return err
		}
		if n > 0 {
			k.find(parley.Corrupt, "index", "%d %s; rebuild it", n, what)
		}
	}
	return k.interrupted()
}
