package sqlite

import (
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"parley"
	"parley/internal/store"
)

// Rows returns one page.
func (l *Line) Rows(f store.Filter) ([]store.Row, int64, error) {
	n, settled, err := l.settledTo()
	switch {
	case err != nil:
		return nil, 0, err
	case f.Serial != 0:
		return l.bySerial(n, settled, &f)
	case f.Order == store.ByArrival:
		return l.byArrival(n, settled, &f)
	}
	return l.byPosition(n, settled, &f)
}

// byPosition finds positions in the bitmaps of the facets, then reads the
// page's rows one by one.
func (l *Line) byPosition(n, settled int64, f *store.Filter) ([]store.Row, int64, error) {
	if settled == 0 {
		return nil, 0, nil
	}
	sel, err := l.selection(f)
	if err != nil {
		return nil, 0, err
	}
	if sel.nothing() {
		return nil, map[bool]int64{true: -1}[f.At != nil], nil
	}
	if f.At != nil {
		positions, err := l.among(n, settled, f, sel)
		if err != nil {
			return nil, 0, err
		}
		rows, err := l.rowsAt(n, settled, positions)
		return rows, -1, err
	}
	counts, err := l.chunkCounts(n, settled, sel)
	if err != nil {
		return nil, 0, err
	}
	var total int64
	for _, c := range counts {
		total += int64(c)
	}
	positions, err := l.positions(n, settled, f, sel, counts)
	if err != nil {
		return nil, 0, err
	}
	rows, err := l.rowsAt(n, settled, positions)
	return rows, total, err
}

// rowsAt reads the rows at positions, which rise or fall: those close together
// in one go, others one by one.
func (l *Line) rowsAt(n, settled int64, positions []int64) (rows []store.Row, err error) {
	if len(positions) == 0 {
		return nil, nil
	}
	lo, hi := min(positions[0], positions[len(positions)-1]), max(positions[0], positions[len(positions)-1])
	found := make(map[int64]store.Row, len(positions))
	if hi-lo < 3*int64(len(positions)) {
		err = l.readAt(n, settled, lo, hi, found)
	}
	for _, p := range positions {
		if _, ok := found[p]; !ok && err == nil {
			err = l.readAt(n, settled, p, p, found)
		}
		if err != nil {
			return nil, err
		}
		r, ok := found[p]
		if !ok {
			return nil, corrupt("nothing stands at settled position %d of line %s", p, l.id)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (l *Line) readAt(n, settled, lo, hi int64, to map[int64]store.Row) error {
	rows, err := l.s.q.itemsAt.Query(n, lo, hi)
	got, err := l.collect(rows, err, settled, 0, nil)
	for _, r := range got {
		to[r.Pos] = r
	}
	return err
}

// positions returns the page's positions, in its order.
func (l *Line) positions(n, settled int64, f *store.Filter, sel *selection, counts []uint16) (ps []int64, err error) {
	lo, hi := max(f.After+1, 1), settled+1
	if f.Before > 0 {
		hi = min(hi, f.Before)
	}
	for c := range counts {
		chunk := int64(c)
		if f.Newest {
			chunk = int64(len(counts) - 1 - c)
		}
		if counts[chunk] == 0 || (chunk+1)<<chunkBits <= lo || chunk<<chunkBits >= hi {
			continue
		}
		hits, err := l.chunkHits(n, chunk, sel)
		if err != nil {
			return nil, err
		}
		window := between(chunk, lo, hi)
		hits.and(&window)
		for i := range int64(chunkSize) {
			if f.Newest {
				i = chunkSize - 1 - i
			}
			if !hits.has(i) {
				continue
			}
			if ps = append(ps, chunk<<chunkBits+i); len(ps) == f.PageLimit() {
				return ps, nil
			}
		}
	}
	return ps, nil
}

// among returns those of f.At that f selects, a page of them.
func (l *Line) among(n, settled int64, f *store.Filter, sel *selection) (ps []int64, err error) {
	at, hits := int64(-1), bitmap{}
	for _, p := range f.At {
		if p < 1 || p > settled || p <= f.After || f.Before > 0 && p >= f.Before {
			continue
		}
		if chunk := p >> chunkBits; chunk != at {
			if hits, err = l.chunkHits(n, chunk, sel); err != nil {
				return nil, err
			}
			at = chunk
		}
		if !hits.has(p & (chunkSize - 1)) {
			continue
		}
		if ps = append(ps, p); len(ps) == f.PageLimit() {
			break
		}
	}
	return ps, nil
}

// selection is a filter as facet numbers. A facet that does not exist is -1:
// it has no positions.
type selection struct {
	key    string // equal for equal selections
	any    []int64
	except []int64
	all    []int64
}

func (l *Line) selection(f *store.Filter) (*selection, error) {
	s := &selection{}
	var err error
	number := func(name string) int64 {
		n := int64(-1)
		if e := l.s.q.facet.QueryRow(name).Scan(&n); e != nil && !errors.Is(e, sql.ErrNoRows) {
			err = dbError(e)
		}
		return n
	}
	for _, form := range f.Forms {
		s.any = append(s.any, number(facetForm+form))
	}
	for _, form := range f.Except {
		if n := number(facetForm + form); n >= 0 { // of a form that never came there is nothing to leave out
			s.except = append(s.except, n)
		}
	}
	if f.Party != "" {
		s.all = append(s.all, number(facetParty+string(f.Party)))
	}
	if f.Office != "" {
		s.all = append(s.all, number(facetOffice+string(f.Office)))
	}
	if f.Precedence > 0 {
		s.all = append(s.all, number(facetPrecedence+strconv.Itoa(int(f.Precedence))))
	}
	if f.Exercise {
		s.all = append(s.all, number(facetExercise))
	}
	if f.Faulty {
		s.all = append(s.all, number(facetFaulty))
	}
	var b strings.Builder
	for _, part := range [][]int64{s.any, s.except, s.all} {
		slices.Sort(part)
		for _, n := range part {
			b.WriteString(strconv.FormatInt(n, 10) + ",")
		}
		b.WriteByte('/')
	}
	s.key = b.String()
	return s, err
}

// apply computes the hits of one chunk from its facets' bitmaps.
func (s *selection) apply(facets map[int64]*bitmap) (hits bitmap) {
	for i := range hits {
		hits[i] = ^uint64(0)
	}
	if len(s.any) > 0 {
		var some bitmap
		for _, n := range s.any {
			if b := facets[n]; b != nil {
				some.or(b)
			}
		}
		hits.and(&some)
	}
	for _, n := range s.except {
		if b := facets[n]; b != nil {
			hits.andNot(b)
		}
	}
	for _, n := range s.all {
		b := facets[n]
		if b == nil {
			return bitmap{}
		}
		hits.and(b)
	}
	return hits
}

// nothing reports whether no position can be selected: what is asked for never
// came. Without this every page would read every bitmap to find that.
func (s *selection) nothing() bool {
	return slices.Contains(s.all, -1) || len(s.any) > 0 && !slices.ContainsFunc(s.any, func(n int64) bool { return n >= 0 })
}

func (s *selection) uses(n int64) bool {
	return slices.Contains(s.any, n) || slices.Contains(s.except, n) || slices.Contains(s.all, n)
}

func (l *Line) chunkHits(n, chunk int64, sel *selection) (hits bitmap, err error) {
	err = l.eachChunk(n, chunk, chunk, sel, func(_ int64, h bitmap) { hits = h })
	return hits, err
}

// eachChunk calls f with the hits of every chunk from first to last, in order.
func (l *Line) eachChunk(n, first, last int64, sel *selection, f func(chunk int64, hits bitmap)) error {
	rows, err := l.s.q.chunk.Query(n, first, last)
	if err != nil {
		return dbError(err)
	}
	defer rows.Close()
	at, facets := first, map[int64]*bitmap{}
	for rows.Next() {
		var chunk, facet int64
		var raw sql.RawBytes
		if err := rows.Scan(&chunk, &facet, &raw); err != nil {
			return dbError(err)
		}
		for ; at < chunk; at++ {
			f(at, sel.apply(facets))
			clear(facets)
		}
		if !sel.uses(facet) {
			continue
		}
		b := new(bitmap)
		if !b.read(raw) {
			return corrupt("facet %d, chunk %d: %d bytes", facet, chunk, len(raw))
		}
		facets[facet] = b
	}
	if err := rows.Err(); err != nil {
		return dbError(err)
	}
	for ; at <= last; at++ {
		f(at, sel.apply(facets))
		clear(facets)
	}
	return nil
}

// memo remembers how many hits each full chunk has for selections asked for
// lately: settled positions are final, so these seldom change.
type memo struct {
	mu     sync.Mutex
	era    int // rises when what was counted changes
	counts map[memoKey][]uint16
}

type memoKey struct {
	line      int64
	selection string
}

const maxMemo = 64

// get returns what is known, and the era to put back what was counted in.
func (m *memo) get(k memoKey) (counts []uint16, era int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[k], m.era
}

// put keeps counts, unless they were begun in an era that is over.
func (m *memo) put(k memoKey, era int, counts []uint16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if era != m.era {
		return
	}
	if m.counts == nil || len(m.counts) >= maxMemo {
		m.counts = map[memoKey][]uint16{}
	}
	m.counts[k] = counts
}

func (m *memo) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.era++
	m.counts = nil
}

// chunkCounts returns how many hits each chunk has up to the settled position.
func (l *Line) chunkCounts(n, settled int64, sel *selection) ([]uint16, error) {
	k := memoKey{n, sel.key}
	full := (settled + 1) >> chunkBits // chunks that are complete
	known, era := l.s.memo.get(k)
	known = known[:min(int64(len(known)), full):min(int64(len(known)), full)]
	counts := slices.Clone(known)
	err := l.eachChunk(n, int64(len(known)), settled>>chunkBits, sel, func(chunk int64, hits bitmap) {
		window := between(chunk, 1, settled+1)
		hits.and(&window)
		counts = append(counts, uint16(hits.count()))
	})
	if err != nil {
		return nil, err
	}
	if full > int64(len(known)) {
		l.s.memo.put(k, era, counts[:full:full])
	}
	return counts, nil
}

func matches(f *store.Filter, r *store.Row, offices string) bool {
	return (len(f.Forms) == 0 || slices.Contains(f.Forms, r.Form)) && !slices.Contains(f.Except, r.Form) &&
		(f.Party == "" || f.Party == r.Party) && (f.Office == "" || slices.Contains(strings.Fields(offices), string(f.Office))) &&
		r.Precedence >= f.Precedence && (f.Serial == 0 || f.Serial == r.Serial) && (!f.Exercise || r.Exercise) && (!f.Faulty || r.Faulty)
}

// bySerial looks at all rows with the serial: a few for each generation.
func (l *Line) bySerial(n, settled int64, f *store.Filter) ([]store.Row, int64, error) {
	rows, err := l.s.q.serial.Query(n, int64(f.Serial))
	all, err := l.collect(rows, err, settled, 0, func(r *store.Row, offices string) bool {
		return (f.Order == store.ByArrival || r.Settled) && matches(f, r, offices)
	})
	if err != nil {
		return nil, 0, err
	}
	total := int64(len(all))
	return store.CutPage(f, all), total, nil
}

// maxCounted bounds how many unsettled rows are looked at to count those that
// a filter selects.
const maxCounted = 10_000

// Unsettled returns rows that are not settled.
func (l *Line) Unsettled(f store.Filter) ([]store.Row, int64, error) {
	n, settled, err := l.settledTo()
	if err != nil {
		return nil, 0, err
	}
	keep := func(r *store.Row, offices string) bool { return matches(&f, r, offices) }
	// What has no place is read first: an entry that is placed in between is in
	// both lists, never in none.
	rows, err := l.s.q.rowsUnplaced.Query(n)
	unplaced, err := l.collect(rows, err, settled, f.PageLimit(), keep)
	if err != nil {
		return nil, 0, err
	}
	rows, err = l.s.q.rowsPlaced.Query(n, max(settled, f.After))
	out, err := l.collect(rows, err, settled, f.PageLimit(), keep)
	if err != nil {
		return nil, 0, err
	}
	placed := make(map[parley.Ref]bool, len(out))
	for i := range out {
		placed[out[i].Ref()] = true
	}
	for _, r := range unplaced {
		if len(out) < f.PageLimit() && !placed[r.Ref()] {
			out = append(out, r)
		}
	}
	if f.Quick {
		return out, -1, nil
	}
	total, err := l.countUnsettled(n, settled, &f)
	return out, total, err
}

// countUnsettled counts what f selects; -1 when there is too much to look at.
func (l *Line) countUnsettled(n, settled int64, f *store.Filter) (int64, error) {
	c, err := l.Counts()
	if err != nil || c.Placed+c.Unplaced > maxCounted && f.Narrows() {
		return -1, err
	}
	if !f.Narrows() {
		return c.Placed + c.Unplaced, nil
	}
	rows, err := l.s.q.facetsOpen.Query(n, settled)
	if err != nil {
		return 0, dbError(err)
	}
	defer rows.Close()
	total := int64(0)
	for rows.Next() {
		var r store.Row
		var id, precedence, serial int64
		var offices string
		if err := rows.Scan(&id, &r.Form, &precedence, &serial, &r.Exercise, &r.Faulty, &offices); err != nil {
			return 0, dbError(err)
		}
		if g := l.s.genN(id >> indexBits); g != nil {
			r.Party = g.party
		}
		r.Precedence, r.Serial = parley.Precedence(precedence), uint64(serial)
		if matches(f, &r, offices) {
			total++
		}
	}
	return total, dbError(rows.Err())
}
