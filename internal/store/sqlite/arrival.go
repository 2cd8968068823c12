package sqlite

import (
	"database/sql"
	"encoding/json"
	"math"
	"slices"

	"parley"
	"parley/internal/store"
)

// moment is a place in the order of arrival.
type moment struct{ arrived, id int64 }

func (m moment) before(o moment) bool {
	return m.arrived < o.arrived || m.arrived == o.arrived && m.id < o.id
}

// window is what a page of arrivals is taken from: between two moments, both
// left out.
type window struct {
	lo, hi moment
	down   bool // newest first
}

func (l *Line) window(n int64, f *store.Filter) (w window, err error) {
	w = window{lo: moment{f.Since, math.MinInt64}, hi: moment{math.MaxInt64, math.MaxInt64}, down: f.Newest}
	if f.Until > 0 {
		w.hi = moment{f.Until, math.MinInt64}
	}
	if f.Cursor.Gen == (parley.GenerationID{}) {
		return w, nil
	}
	c, err := l.Item(f.Cursor.Gen, f.Cursor.Index)
	if err != nil {
		return w, err
	}
	w.pass(moment{c.Arrived, l.s.genOf(n, f.Cursor.Gen).key(f.Cursor.Index)})
	return w, nil
}

// pass moves the window's near end to m.
func (w *window) pass(m moment) {
	if w.down && m.before(w.hi) {
		w.hi = m
	} else if !w.down && w.lo.before(m) {
		w.lo = m
	}
}

func (w *window) args(n int64, more ...any) []any {
	return append([]any{n, w.lo.arrived, w.lo.id, w.hi.arrived, w.hi.id}, more...)
}

// byArrival returns a page in order of arrival. Where forms are chosen it
// merges the arrivals of each, for the chosen ones may be few among many.
func (l *Line) byArrival(n, settled int64, f *store.Filter) ([]store.Row, int64, error) {
	w, err := l.window(n, f)
	if err != nil {
		return nil, 0, err
	}
	total, err := l.countAll(n, f)
	if err != nil {
		return nil, 0, err
	}
	if len(f.Forms) > 0 || len(f.Except) > 0 {
		forms, err := l.formsOf(f)
		if err != nil {
			return nil, 0, err
		}
		if len(forms) <= maxMerged {
			rows, err := l.merged(n, settled, f, w, forms)
			return rows, total, err
		}
	}
	q := l.s.q.arrivedUp
	if w.down {
		q = l.s.q.arrivedDown
	}
	rows, err := q.Query(w.args(n)...)
	out, err := l.collect(rows, err, settled, f.PageLimit(), func(r *store.Row, offices string) bool { return matches(f, r, offices) })
	return out, total, err
}

// maxMerged is how many forms are merged at most. There are some twenty; more
// are a peer's whim.
const maxMerged = 64

// formsOf returns the forms on the line that f selects.
func (l *Line) formsOf(f *store.Filter) (forms []string, err error) {
	c, err := l.Counts()
	for _, s := range c.Forms {
		r := store.Row{Party: s.Party, Form: s.Form}
		chosen := store.Filter{Forms: f.Forms, Except: f.Except, Party: f.Party}
		if matches(&chosen, &r, "") && !slices.Contains(forms, s.Form) {
			forms = append(forms, s.Form)
		}
	}
	return forms, err
}

// arrivals reads the moments of one form, some at a time.
type arrivals struct {
	form string
	w    window
	next []moment
	done bool
}

// merged takes rows from the arrivals of several forms in their common order.
func (l *Line) merged(n, settled int64, f *store.Filter, w window, forms []string) (out []store.Row, err error) {
	from := make([]*arrivals, len(forms))
	for i, form := range forms {
		from[i] = &arrivals{form: form, w: w}
	}
	for limit := f.PageLimit(); len(out) < limit; {
		ids := make([]int64, 0, limit)
		for len(ids) < limit {
			m, ok, err := l.nextArrival(n, from, limit)
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if g := l.s.genN(m.id >> indexBits); f.Party == "" || g != nil && g.party == f.Party {
				ids = append(ids, m.id)
			}
		}
		if len(ids) == 0 {
			break
		}
		rows, err := l.rowsIn(settled, f, ids)
		if err != nil {
			return nil, err
		}
		out = append(out, rows[:min(len(rows), limit-len(out))]...)
	}
	return out, nil
}

// nextArrival takes the first moment of all.
func (l *Line) nextArrival(n int64, from []*arrivals, limit int) (m moment, ok bool, err error) {
	var best *arrivals
	for _, a := range from {
		if len(a.next) == 0 && !a.done {
			if err := l.readArrivals(n, a, limit); err != nil {
				return m, false, err
			}
		}
		if len(a.next) > 0 && (best == nil || a.next[0].before(best.next[0]) != a.w.down) {
			best = a
		}
	}
	if best == nil {
		return m, false, nil
	}
	m, best.next = best.next[0], best.next[1:]
	return m, true, nil
}

func (l *Line) readArrivals(n int64, a *arrivals, limit int) error {
	q := l.s.q.formUp
	if a.w.down {
		q = l.s.q.formDown
	}
	rows, err := q.Query(a.w.args(n, a.form, limit)...)
	if err != nil {
		return dbError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m moment
		if err := rows.Scan(&m.arrived, &m.id); err != nil {
			return dbError(err)
		}
		a.next = append(a.next, m)
		a.w.pass(m)
	}
	a.done = len(a.next) < limit
	return dbError(rows.Err())
}

// rowsIn reads the rows with these ids that f selects, in the order of ids.
func (l *Line) rowsIn(settled int64, f *store.Filter, ids []int64) ([]store.Row, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	var rows *sql.Rows
	rows, err = l.s.q.itemsIn.Query(string(list))
	out, err := l.collect(rows, err, settled, 0, func(r *store.Row, offices string) bool { return matches(f, r, offices) })
	if err != nil {
		return nil, err
	}
	at := make(map[parley.Ref]int, len(ids))
	for i, id := range ids {
		if g := l.s.genN(id >> indexBits); g != nil {
			at[parley.Ref{Gen: g.id, Index: uint64(id) & (1<<indexBits - 1)}] = i
		}
	}
	place := func(r *store.Row) int { return at[r.Ref()] }
	slices.SortFunc(out, func(a, b store.Row) int { return place(&a) - place(&b) })
	return out, nil
}

// countAll counts all rows held that f selects; -1 when no sum is kept of it.
func (l *Line) countAll(n int64, f *store.Filter) (total int64, err error) {
	if f.Office != "" || f.Precedence > 0 || f.Exercise || f.Faulty {
		return -1, nil
	}
	c, err := l.Counts()
	for _, s := range c.Forms {
		r := store.Row{Party: s.Party, Form: s.Form}
		if matches(f, &r, "") {
			total += s.N
		}
	}
	return total, err
}
