package station

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/find"
	"parley/internal/store"
)

// search returns the subjects of a page of the record, newest first.
func (p *party) search(line string, f Filter) (out []string) {
	p.t.Helper()
	pg, err := p.st.Record(context.Background(), line, f)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, it := range append(pg.Unsettled, pg.Settled...) {
		if it.Form == "dispatch" {
			out = append(out, it.Subject)
		}
	}
	return out
}

// TestSearch looks for what two stations have written: before it is settled,
// when it is in the index, after a restart, when the index was damaged or made
// of another record, and by what a translation of ours says.
func TestSearch(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	for _, s := range []string{"Aircraft over the shoal", "贵方一架飞机在该区", "الطائرة في المنطقة", "Самолёт над отмелью", "Un avión y una pêche"} {
		a.send(id, "birch", s, "ROUTINE", "INFORMATION")
	}
	zh := b.waitFor(id, "贵方一架飞机在该区")
	want := func(p *party, f Filter, subjects ...string) {
		t.Helper()
		if got := p.search(id, f); strings.Join(got, "|") != strings.Join(subjects, "|") {
			t.Errorf("%s, %+v: %q, want %q", p.code, f, got, subjects)
		}
	}
	look := func() {
		t.Helper()
		for _, p := range []*party{a, b} {
			want(p, Filter{Query: "AIRCRAFT shoal"}, "Aircraft over the shoal")
			want(p, Filter{Query: "飞机"}, "贵方一架飞机在该区")
			want(p, Filter{Query: "飞区"})
			want(p, Filter{Query: "طَائِرة"}, "الطائرة في المنطقة")
			want(p, Filter{Query: "самолет"}, "Самолёт над отмелью")
			want(p, Filter{Query: "avion peche"}, "Un avión y una pêche")
			want(p, Filter{Query: "avion", Party: "birch"})
			want(p, Filter{Query: "avion", Office: "envoy"}, "Un avión y una pêche")
			want(p, Filter{Query: "avion", Office: "watch"})
			want(p, Filter{Query: "avion", Until: time.Now().Add(-time.Hour)})
			want(p, Filter{Query: "avion", Since: time.Now().Add(-time.Hour)}, "Un avión y una pêche")
			want(p, Filter{Form: "dispatch", Precedence: parley.Immediate})
			want(p, Filter{Query: fmt.Sprintf("%04d", zh.Serial), Form: "dispatch"}, zh.Subject)
		}
	}
	look()
	indexed := func(p *party) {
		t.Helper()
		l, err := p.st.lineOf(id)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 30*time.Second, p.code+" has all in the index", func() bool {
			upto, _, err := l.found.Upto()
			pg, _ := p.st.Record(ctx, id, Filter{Form: "dispatch"})
			return err == nil && len(pg.Unsettled) == 0 && len(pg.Settled) == 5 && upto >= pg.Settled[0].Position
		})
	}
	indexed(a)
	indexed(b)
	look()
	if at, to, ok := Moment(zh.DTG); !ok || to.Sub(at) != 59*time.Second {
		t.Errorf("%q is %v to %v, %v", zh.DTG, at, to, ok)
	} else if got := b.search(id, Filter{Query: zh.DTG}); len(got) == 0 {
		t.Errorf("nothing is found at %s", zh.DTG)
	}
	if got := b.search(id, Filter{Query: "010000Z JAN 20"}); len(got) > 0 {
		t.Errorf("found at another time: %q", got)
	}
	// Our translation finds it on our side, and nothing of it is on theirs.
	if _, err := b.st.Open(ctx, b.watch, id, zh.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.st.Translate(ctx, b.chief, id, zh.ID, "en", "One of your zeppelins is in the area."); err != nil {
		t.Fatal(err)
	}
	want(b, Filter{Query: "zeppelin"}, "贵方一架飞机在该区")
	want(a, Filter{Query: "zeppelin"})
	b.halt()
	nothingInClear(t, b.dir, "zeppelin", "飞机", "shoal", "отмель")
	b.start()
	b.waitUp(id)
	look()
	want(b, Filter{Query: "zeppelin"}, "贵方一架飞机在该区")

	// A damaged row is met by a search, and the index is begun again.
	l, err := b.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.dir, "find.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE terms SET list = zeroblob(40)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	want(b, Filter{Query: "zeppelin"}, "贵方一架飞机在该区")
	l.unfound.Store(true)
	indexed(b)
	look()
	want(b, Filter{Query: "zeppelin"}, "贵方一架飞机在该区")
	b.halt()
	for _, name := range []string{"find.db", "find.db-wal", "find.db-shm"} {
		if err := os.Remove(filepath.Join(b.dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	b.start()
	b.waitUp(id)
	look()
	indexed(b)
	look()
}

// nothingInClear looks through every file of a data directory for words.
func nothingInClear(t *testing.T, dir string, words ...string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		n++
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				t.Errorf("%s holds %q", filepath.Base(path), w)
			}
		}
		return err
	})
	if err != nil || n < 4 {
		t.Fatalf("looked through %d files, %v", n, err)
	}
}

func TestMoment(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ in, from, to string }{
		{"231412Z NOV 26", "2026-11-23T14:12:00Z", "2026-11-23T14:12:59Z"},
		{" 231412z nov 26 ", "2026-11-23T14:12:00Z", "2026-11-23T14:12:59Z"},
		{"2026-11-23", "2026-11-23T00:00:00Z", "2026-11-23T23:59:59Z"},
		{"2026-11-23T14:12", "2026-11-23T14:12:00Z", "2026-11-23T14:12:59Z"},
		{"2026-02", "2026-02-01T00:00:00Z", "2026-02-28T23:59:59Z"},
	} {
		from, to, ok := Moment(c.in)
		if !ok || !from.Equal(at(c.from)) || !to.Equal(at(c.to)) {
			t.Errorf("%q: %v to %v, %v", c.in, from, to, ok)
		}
	}
	for _, s := range []string{"", "soon", "321412Z NOV 26", "2026-13", "231412Z", "2026"} {
		if _, _, ok := Moment(s); ok {
			t.Errorf("%q is a moment", s)
		}
	}
}

// TestSearchInVain looks for a word whose beginning is common and which itself
// stands nowhere: the search ends, and says how much it did not look through.
func TestSearchInVain(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	for i := range 3 {
		a.send(id, "birch", fmt.Sprintf("interrogation %d", i), "ROUTINE", "INFORMATION")
	}
	b.waitFor(id, "interrogation 2")
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "all is in the index", func() bool {
		upto, _, err := l.found.Upto()
		pg, _ := a.st.Record(context.Background(), id, Filter{Form: "dispatch"})
		return err == nil && len(pg.Unsettled) == 0 && len(pg.Settled) == 3 && upto >= pg.Settled[0].Position
	})
	if got := a.search(id, Filter{Query: "interrogating"}); len(got) > 0 {
		t.Errorf("found %q", got)
	}
	var out []store.Row
	vain := inVain - 1
	pg, err := a.st.Record(context.Background(), id, Filter{Form: "dispatch"})
	if err != nil {
		t.Fatal(err)
	}
	at := []int64{pg.Settled[0].Position, pg.Settled[1].Position, pg.Settled[2].Position}
	last, err := l.take(&out, store.Filter{Newest: true, Limit: 1}, at, &sought{query: find.NewQuery("interrogating")}, &vain)
	if err != nil || last != at[0] || vain != inVain || len(out) > 0 {
		t.Errorf("it went on to %d with %d in vain: %v", last, vain, err)
	}
	if last, err = l.take(&out, store.Filter{Newest: true, Limit: 2}, at, &sought{query: find.NewQuery("interrogation")}, new(int)); err != nil || last != at[1] || len(out) != 2 {
		t.Errorf("a full page ends at %d with %d rows: %v", last, len(out), err)
	}

	// What a filter selects but seldom is not looked for among the positions of a
	// word; what it does not narrow is.
	for _, c := range []struct {
		f    store.Filter
		upto int64
		few  bool
		want []int64
	}{
		{store.Filter{Office: parley.Principal, Newest: true}, at[0], true, nil},
		{store.Filter{Forms: []string{"dispatch"}, Newest: true}, at[0], true, at},
		{store.Filter{Forms: []string{"dispatch"}, Newest: true}, at[0] - 1, true, at[1:]},
		{store.Filter{Forms: []string{"dispatch"}, Newest: true, Before: at[1], Limit: 1}, at[0], true, at[2:]},
		{store.Filter{Newest: true}, at[0], false, nil},
	} {
		rows, ok, err := l.few(c.f, c.upto)
		var got []int64
		for _, r := range rows {
			got = append(got, r.Pos)
		}
		if err != nil || ok != c.few || !slices.Equal(got, c.want) {
			t.Errorf("%+v up to %d: few %v, at %d, want %d: %v", c.f, c.upto, ok, got, c.want, err)
		}
	}
}
