package station

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/find"
	"parley/internal/form"
	"parley/internal/sheet"
	"parley/internal/store"
)

// sought is what a search asks of an entry beside what the store can tell.
type sought struct {
	query        *find.Query // nil: nothing
	since, until int64       // header time, UTC seconds, both included; 0: no bound
}

func (w *sought) nothing() bool { return w.query == nil && w.since == 0 && w.until == 0 }

// Record returns a page of the record: settled items, and on the newest page
// those whose order is not confirmed yet.
func (s *Station) Record(_ context.Context, name string, f Filter) (Page, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Page{}, err
	}
	if err := l.place(); err != nil {
		return Page{}, err
	}
	sf, w := soughtBy(&f)
	// What is not settled is read first: an entry that settles in between is in
	// both lists, never in none.
	var un []store.Row
	if f.Before == 0 {
		uf := sf
		uf.After, uf.Quick = 0, true
		if un, _, err = l.store.Unsettled(uf); err != nil {
			return Page{}, err
		}
		if un, err = l.fitting(un, w); err != nil {
			return Page{}, err
		}
	}
	var p Page
	rows := []store.Row(nil)
	if w.nothing() {
		rows, p.Total, err = l.store.Rows(sf)
	} else {
		p.Total = -1
		if rows, p.Unsearched, err = l.search(sf, w); parley.KindOf(err) == parley.Corrupt && err != nil && l.found != nil {
			s.log.Error("a search found the index damaged; it is begun again", "err", err)
			if err = s.resetIndex(); err == nil {
				rows, p.Unsearched, err = l.search(sf, w)
			}
		}
	}
	if err != nil {
		return Page{}, err
	}
	if p.Settled, err = s.items(l, rows, false); err != nil {
		return Page{}, err
	}
	settled := make(map[parley.Ref]bool, len(rows))
	for i := range rows {
		settled[rows[i].Ref()] = true
	}
	un = slices.DeleteFunc(un, func(r store.Row) bool { return settled[r.Ref()] })
	p.Unsettled, err = s.items(l, un, false)
	return p, err
}

// NoteExport audits that entries of a line were handed out as a file.
func (s *Station) NoteExport(_ context.Context, by Officer, name, what string) error {
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	return s.audit(by, "export", l.id.String(), what)
}

// soughtBy parts a filter into what the store selects by and what remains. Words
// that are a number are a serial; a date-time group is the minute it names.
func soughtBy(f *Filter) (store.Filter, *sought) {
	sf := store.Filter{Party: f.Party, Office: f.Office, Precedence: f.Precedence, After: f.After, Before: f.Before, Limit: f.Limit, Newest: f.After == 0}
	if f.Form != "" {
		sf.Forms = []string{f.Form}
	}
	if f.Plain && f.Form == "" {
		sf.Except = technical()
	}
	w := &sought{}
	if !f.Since.IsZero() {
		w.since = max(1, f.Since.Unix())
	}
	if !f.Until.IsZero() {
		w.until = max(1, f.Until.Unix())
	}
	words := strings.TrimSpace(f.Query)
	if n, err := strconv.ParseUint(strings.TrimLeft(words, "0"), 10, 64); err == nil {
		sf.Serial = n
		return sf, w
	}
	if from, to, ok := Moment(words); ok && dtg.MatchString(strings.ToUpper(words)) {
		w.since, w.until = from.Unix(), to.Unix()
		return sf, w
	}
	if q := find.NewQuery(words); !q.Empty() {
		w.query = q
	}
	return sf, w
}

var dtg = regexp.MustCompile(`^\d{6}Z [A-Z]{3} \d{2}$`)

// Moment reads a time as officers write it: a date-time group (231412Z NOV 26),
// a date (2026-11-23), a date and time (2026-11-23T14:12) or a month (2026-11),
// all UTC. It returns the first and the last second that is meant.
func Moment(s string) (from, to time.Time, ok bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	for _, l := range []struct {
		layout string
		next   func(time.Time) time.Time
	}{
		{"021504Z Jan 06", func(t time.Time) time.Time { return t.Add(time.Minute) }},
		{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
		{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
		{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	} {
		if t, err := time.Parse(l.layout, s); err == nil {
			return t, l.next(t).Add(-time.Second), true
		}
	}
	return from, to, false
}

// inVain bounds how many places that the index gives one search opens in vain:
// words with one beginning may be many.
const inVain = 2_000

// unindexed bounds how many entries that are not in the index yet one search
// opens, one by one.
const unindexed = 5_000

// search returns a page of the settled rows that f selects and w fits, and how
// many entries it had no time to look through. The index gives places where
// words may stand; what counts is what the entry says when it is opened.
func (l *liveLine) search(f store.Filter, w *sought) (out []store.Row, left int64, err error) {
	upto := int64(0)
	if l.found != nil {
		if upto, _, err = l.found.Upto(); err != nil {
			return nil, 0, err
		}
	}
	if f.Serial != 0 { // a few rows, whatever else is asked
		rows, _, err := l.store.Rows(f)
		if err != nil {
			return nil, 0, err
		}
		out, err = l.fitting(rows, w)
		return out, 0, err
	}
	tail := func() error {
		t := f
		t.After, t.Limit = max(f.After, upto), 500
		for n := 0; len(out) < f.PageLimit(); n += t.Limit {
			rows, _, err := l.store.Rows(t)
			if err != nil {
				return err
			}
			fit, err := l.fitting(rows, w)
			if err != nil {
				return err
			}
			if out = append(out, fit...); len(rows) < t.Limit {
				return nil
			}
			last := rows[len(rows)-1].Pos
			if t.Newest {
				t.Before = last
			} else {
				t.After = last
			}
			if n+t.Limit >= unindexed {
				left = max(0, last-1-max(f.After, upto))
				return nil
			}
		}
		return nil
	}
	vain := 0
	head := func() error {
		if l.found == nil || len(out) >= f.PageLimit() {
			return nil
		}
		if rows, ok, err := l.few(f, upto); ok || err != nil {
			if err == nil {
				rows, err = l.fitting(rows, w)
			}
			out = append(out, rows...)
			return err
		}
		a := find.Asked{Query: w.query, Since: w.since, Until: w.until, Before: f.Before, After: f.After, Newest: f.Newest}
		return l.found.Hits(a, func(at []int64) (bool, error) {
			last, err := l.take(&out, f, at, w, &vain)
			if vain >= inVain {
				left = max(0, last-1-f.After)
				if !f.Newest {
					left = max(0, upto-last)
				}
				return false, err
			}
			return len(out) < f.PageLimit(), err
		})
	}
	steps := []func() error{head, tail}
	if f.Newest {
		steps = []func() error{tail, head}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, 0, err
		}
	}
	return out[:min(len(out), f.PageLimit())], left, nil
}

// fewRows is how many rows are sooner looked at one by one than found among the
// positions of a word, which may be as many as the record is long.
const fewRows = 100

// few returns all rows up to a position that f selects, where they are few: ok is
// false where they are not, or f leaves nothing out.
func (l *liveLine) few(f store.Filter, upto int64) (rows []store.Row, ok bool, err error) {
	if !f.Narrows() {
		return nil, false, nil
	}
	if f.Before == 0 || f.Before > upto+1 {
		f.Before = upto + 1
	}
	f.Limit = 1
	rows, total, err := l.store.Rows(f)
	if err != nil || total > fewRows {
		return nil, false, err
	}
	if f.Limit = fewRows; total > 1 {
		rows, _, err = l.store.Rows(f)
	}
	return rows, err == nil, err
}

// take appends the rows at these positions that f selects and w fits, until the
// page is full, or too many were looked at that w does not fit. It returns the
// last position that it looked at.
func (l *liveLine) take(out *[]store.Row, f store.Filter, at []int64, w *sought, vain *int) (last int64, err error) {
	for full := f.PageLimit(); len(at) > 0 && len(*out) < full && *vain < inVain; {
		f.At, f.Limit = at, full-len(*out)
		rows, _, err := l.store.Rows(f)
		if err != nil {
			return last, err
		}
		fit, err := l.fitting(rows, w)
		if err != nil {
			return last, err
		}
		*vain += len(rows) - len(fit)
		*out = append(*out, fit...)
		if len(rows) < f.Limit {
			return at[len(at)-1], nil
		}
		last = rows[len(rows)-1].Pos
		at = at[slices.Index(at, last)+1:]
	}
	return last, nil
}

// fitting keeps the rows that w fits.
func (l *liveLine) fitting(rows []store.Row, w *sought) (out []store.Row, err error) {
	if w.nothing() {
		return rows, nil
	}
	for _, r := range rows {
		at := int64(min(r.Time, 1<<62))
		if r.Waiting() {
			at = r.Arrived / 1000
		}
		if w.since > 0 && at < w.since || w.until > 0 && at > w.until {
			continue
		}
		if w.query != nil {
			texts, _, err := l.says(r, true)
			if err != nil {
				return nil, err
			}
			if !w.query.Match(texts...) {
				continue
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// says is all that an entry which people wrote says, field by field, and our
// translations of it where they are asked for. open is false for one that does not open.
func (l *liveLine) says(r store.Row, translated bool) (texts []string, open bool, err error) {
	if form.IsTechnical(r.Form) || r.Form == store.EpochForm { // nobody wrote it
		return nil, true, nil
	}
	v, err := l.view(r)
	if err != nil {
		if parley.KindOf(err) == parley.Corrupt { // it says nothing any more
			return nil, false, nil
		}
		return nil, false, err
	}
	if v.form != nil {
		for _, f := range sheet.Fields(v.form) {
			texts = append(texts, f.Value)
		}
	}
	if translated && l.isTranslated(itemID(&r)) {
		ts, err := l.own.Translations(l.id, itemID(&r))
		if err != nil {
			return nil, false, err
		}
		for _, t := range ts {
			texts = append(texts, t.Text)
		}
	}
	return texts, v.header != nil, nil
}

// isTranslated reports whether our side has a translation of an item: most have
// none, and asking the store of each costs more than opening it.
func (l *liveLine) isTranslated(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.translated == nil {
		m, err := l.own.Translated(l.id)
		if err != nil {
			return true // whoever asks will meet the error
		}
		l.translated = m
	}
	return l.translated[id]
}

// noteTranslated is told of every translation that is kept.
func (l *liveLine) noteTranslated(id string) {
	l.isTranslated(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.translated != nil {
		l.translated[id] = true
	}
}
