package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite"

	"parley/internal/station"
)

// vocabulary is 30,000 made-up words, the common ones first.
var vocabulary = sync.OnceValue(func() []string {
	rng := rand.New(rand.NewPCG(7, 7))
	parts := strings.Fields("ba re mi to ku sal ven dor pir lan gos tek ran ul fi mer kas nod bry wen tha qui zor")
	list := make([]string, 30_000)
	for i := range list {
		var b strings.Builder
		for range 2 + rng.IntN(3) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		list[i] = b.String()
	}
	return list
})

// varied is the text of dispatch i: words as seldom as those of a language are,
// every third one Chinese or Arabic, and one word of its own in 50,000.
func varied(i int) string {
	rng := rand.New(rand.NewPCG(uint64(i), 9))
	if i%3 == 1 {
		return []string{text("Chinese", i), text("Arabic", i)}[i/3%2]
	}
	zipf := rand.NewZipf(rng, 1.1, 4, uint64(len(vocabulary())-1))
	words := make([]string, 30)
	for k := range words {
		words[k] = vocabulary()[zipf.Uint64()]
	}
	if i%50_000 == 3 {
		words[7] = fmt.Sprintf("zeppelin%d", i/50_000)
	}
	return strings.Join(words, " ") + "."
}

// questions are what is looked for: common, rare, together, absent, in scripts
// without spaces, by office, by time.
func questions(mid time.Time) map[string]station.Filter {
	v := vocabulary()
	return map[string]station.Filter{
		"a common word":                    {Query: v[0]},
		"a rare word":                      {Query: "zeppelin3"},
		"two words together":               {Query: v[3] + " " + v[40]},
		"three, one of them rare":          {Query: v[0] + " " + v[9] + " zeppelin5"},
		"a word that is not there":         {Query: "xylophone"},
		"two words, never together":        {Query: v[1] + " zeppelin3 zeppelin4"},
		"Chinese, four characters":         {Query: "巡逻船与"},
		"Chinese, four never in a row":     {Query: "巡逻船只"},
		"Chinese, a pair that is common":   {Query: "海域"},
		"Arabic, without the article":      {Query: "سفينه دوريه"},
		"a word, one party, the old end":   {Query: v[12], Party: "birch", Form: "dispatch", Before: 20_000},
		"an office and a word":             {Query: v[2], Office: "envoy", Plain: true},
		"an office that wrote nothing":     {Query: v[2], Office: "principal"},
		"header times, half of the record": {Until: mid},
		"header times and a word":          {Query: v[5], Until: mid},
	}
}

type searched struct {
	Took  map[string][]time.Duration
	Found map[string]int
}

// searches asks each question N times.
func (h *host) searches(a pagesArgs) (out searched, err error) {
	out = searched{Took: map[string][]time.Duration{}, Found: map[string]int{}}
	whole, err := h.st.Record(context.Background(), a.Line, station.Filter{})
	if err != nil {
		return out, err
	}
	half, err := h.st.Record(context.Background(), a.Line, station.Filter{Before: whole.Total / 2, Limit: 1})
	if err != nil || len(half.Settled) == 0 {
		return out, fmt.Errorf("finding the middle of the record: %v", err)
	}
	qs := questions(half.Settled[0].Time)
	qs["no words: the newest page"] = station.Filter{}
	for range a.N {
		for name, f := range qs {
			began := time.Now()
			pg, err := h.st.Record(context.Background(), a.Line, f)
			if err != nil {
				return out, fmt.Errorf("%s: %w", name, err)
			}
			out.Took[name] = append(out.Took[name], time.Since(began))
			out.Found[name] = len(pg.Settled)
			if pg.Unsearched > 0 {
				return out, fmt.Errorf("%s: %d entries were not looked through", name, pg.Unsearched)
			}
		}
	}
	return out, nil
}

// indexed waits until the whole record is in the search index: the last few
// thousand entries a search reads itself, so it is not enough that nothing is left
// out; what stands nowhere is then found missing at once, too, a few times in a row.
func (h *host) indexed(a pagesArgs) (time.Duration, error) {
	began := time.Now()
	quick, whole := 0, time.Duration(0)
	for time.Since(began) < 2*time.Hour {
		asked := time.Now()
		pg, err := h.st.Record(context.Background(), a.Line, station.Filter{Query: "xylophone"})
		if err != nil {
			return 0, err
		}
		switch took := time.Since(asked); {
		case pg.Unsearched > 0:
			whole = 0
		case whole == 0:
			whole = time.Since(began)
			fallthrough
		default:
			if quick++; took > 10*time.Millisecond {
				quick = 0
			}
		}
		if whole > 0 && (quick >= 3 || time.Since(began) > whole+5*time.Minute) {
			return time.Since(began), nil
		}
		time.Sleep(time.Second)
	}
	return 0, fmt.Errorf("the index is not made after two hours")
}

// search measures search pages, beside SQLite's own full text search over the
// same texts in the clear.
func search(b *bench) (*report, error) {
	n := b.size(1_000_000, 20_000)
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	if err := p.close(); err != nil {
		return nil, err
	}
	if _, err := call[time.Duration](p.a, "fill", fillArgs{Dir: p.dir, Line: p.line, Entries: n, Group: 128, Varied: true}); err != nil {
		return nil, err
	}
	dir := filepath.Join(p.dir, "alder")
	if _, err := b.placeOnce(p, dir); err != nil {
		return nil, err
	}
	if _, err := b.startCold(p, dir); err != nil {
		return nil, err
	}
	made, err := call[time.Duration](p.a, "indexed", pagesArgs{p.line, 1})
	if err != nil {
		return nil, err
	}
	rounds := 40
	if b.quick {
		rounds = 10
	}
	if b.profile != "" {
		if err := do(p.a, "profile", filepath.Join(b.profile, "search")); err != nil {
			return nil, err
		}
	}
	g, err := call[searched](p.a, "searches", pagesArgs{p.line, rounds})
	if err != nil {
		return nil, err
	}
	if b.profile != "" {
		if err := do(p.a, "profile", ""); err != nil { // writes it
			return nil, err
		}
	}
	floor, err := floorSearch(filepath.Join(p.dir, "floor.db"), n, rounds)
	if err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"found", "p50 ms", "p95 ms", "worst ms", "floor p50 ms", "floor p95 ms"}}
	var all, bare []time.Duration
	names := make([]string, 0, len(g.Took))
	for name := range g.Took {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		ds, fs := g.Took[name], floor[name]
		all, bare = append(all, ds...), append(bare, fs...)
		f50, f95 := none, none
		if len(fs) > 0 {
			f50, f95 = millis(quantile(fs, 0.5)), millis(quantile(fs, 0.95))
		}
		r.add(name, count(g.Found[name]), millis(quantile(ds, 0.5)), millis(quantile(ds, 0.95)), millis(quantile(ds, 1)), f50, f95)
	}
	r.add("all of them", none, millis(quantile(all, 0.5)), millis(quantile(all, 0.95)), millis(quantile(all, 1)), millis(quantile(bare, 0.5)), millis(quantile(bare, 0.95)))
	r.atMost(fmt.Sprintf("any search page at %d entries, server time, p95", n), milli(quantile(all, 0.95)), 50, "ms")
	r.note("the index was made in %.0f s beside a station at work, resting as long as it works; %s of files", made.Seconds(), megabytes(sizeOf(dir)))
	r.note("the floor is SQLite FTS5 over the same texts in the clear, 50 rowids a page, newest first, with nothing sealed, opened, checked or rendered; where it has no tokens for a script it has no figure")
	r.note("target: any page <= 50 ms at p95")
	return r, nil
}

// floorSearch asks FTS5 the questions that are words alone.
func floorSearch(path string, n, rounds int) (map[string][]time.Duration, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=cache_size(-64000)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if _, err := db.Exec("CREATE VIRTUAL TABLE t USING fts5 (text, content='', tokenize=\"unicode61 remove_diacritics 2\")"); err != nil {
		return nil, err
	}
	for at := 0; at < n; {
		tx, err := db.Begin()
		if err != nil {
			return nil, err
		}
		for end := min(n, at+20_000); at < end; at++ {
			if _, err := tx.Exec("INSERT INTO t (rowid, text) VALUES (?, ?)", at+1, varied(at+2)); err != nil {
				return nil, err
			}
		}
		if err := tx.Commit(); err != nil {
			return nil, err
		}
	}
	out := map[string][]time.Duration{}
	for range rounds {
		for name, f := range questions(time.Now()) {
			if f.Query == "" || f.Party != "" || f.Office != "" || !f.Until.IsZero() || strings.ContainsFunc(f.Query, func(r rune) bool { return r > 0x2e80 }) {
				continue
			}
			began := time.Now()
			rows, err := db.Query("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rowid DESC LIMIT 50", f.Query)
			if err != nil {
				return nil, err
			}
			for rows.Next() {
			}
			if err := rows.Close(); err != nil {
				return nil, err
			}
			out[name] = append(out[name], time.Since(began))
		}
	}
	return out, nil
}
