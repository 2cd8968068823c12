package find

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/internal/key"
)

func storage(t testing.TB, b byte) *key.Storage {
	t.Helper()
	k, err := key.StorageFromSeed(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func openAt(t testing.TB, path string, b byte) *Index {
	t.Helper()
	x, err := Open(path, storage(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

var lineA, lineB = parley.LineID{1}, parley.LineID{2}

// What finds what, in the six languages of the United Nations.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		query, text string
		want        bool
	}{
		{"aircraft", "Two AIRCRAFT at 14.2N", true},
		{"air", "Two aircraft", true},
		{"craft", "Two aircraft", false},
		{"at", "Two aircraft at dawn", true},
		{"at", "The attack", false},
		{"two dawn", "Two aircraft at dawn", true},
		{"two dusk", "Two aircraft at dawn", false},
		{"fisheries protection", "Protection of fisheries", true},
		{"cooperation", "co-operation", false},
		{"deja vu", "Déjà vu", true},
		{"Français", "francais", true},
		{"coeur", "Cœur", true},
		{"élève", "E\u0301LE\u0300VE", true}, // accents that stand alone
		{"accord", "l'accord", true},
		{"ano", "El año pasado", true},
		{"año", "ano", true},
		{"ёлка", "ЕЛКА", true},
		{"корабл", "Два корабля", true},
		{"самолет", "Самолёты", true},
		{"飞机", "贵方一架飞机在该区", true},
		{"机在", "贵方一架飞机在该区", true},
		{"飞区", "贵方一架飞机在该区", false},
		{"架", "贵方一架飞机", true},
		{"飞机 该区", "该区有一架飞机", true},
		{"ＡＩＲ", "air", true},
		{"طائرة", "الطائرة في المنطقة", true},
		{"الطائرة", "طائرة", true},
		{"طائرة", "طَائِرَةٌ", true},
		{"طَائِرَة", "طائره", true},
		{"اسلحه", "الأسلحة", true},
		{"المنطقة", "والمنطقة", true},
		{"سلام", "ســلام", true},
		{"سلام", "\ufeb3\ufefc\ufee1", true}, // presentation forms: seen, lam-alef, meem
		{"2026", "عام ٢٠٢٦", true},
		{"missile", "mis\u200bsi\u202ele", true}, // hidden characters hide nothing
		{"<script>", "<script>alert(1)</script>", true},
		{"=cmd", "=CMD|' /C calc'!A0", true},
	} {
		q := NewQuery(c.query)
		if got := q.Match(c.text); got != c.want {
			t.Errorf("%q in %q: %v, want %v", c.query, c.text, got, c.want)
		}
		have := termsOf(c.text)
		for _, term := range q.terms() {
			if _, ok := have[term]; c.want && !ok {
				t.Errorf("%q is in %q, and the index has no %q", c.query, c.text, term)
			}
		}
		if got := len(q.Spans(c.text)) > 0; c.want && !got {
			t.Errorf("%q in %q has no place", c.query, c.text)
		}
	}
	if !NewQuery(" .,;\u202e ").Empty() {
		t.Error("punctuation is looked for")
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct{ query, text, want string }{
		{"air tug", "Aircraft, a tug and AIR.", "[Aircraft] [tug] [AIR]"},
		{"飞机", "一架飞机，两架飞机", "[飞机] [飞机]"},
		{"طائرة", "الطّائرة هنا", "[الطّائرة]"},
		{"ee", "ee\u0301 x", "[ee\u0301]"},
	} {
		var got []string
		for _, s := range NewQuery(c.query).Spans(c.text) {
			got = append(got, "["+c.text[s[0]:s[1]]+"]")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q in %q: %q, want %q", c.query, c.text, got, c.want)
		}
	}
}

// reference says which positions must be among the hits.
func reference(es []Entry, a Asked) (out []int64) {
	for _, e := range es {
		if e.Pos <= a.After || a.Before > 0 && e.Pos >= a.Before || a.Since > 0 && e.Time < a.Since || a.Until > 0 && e.Time > a.Until {
			continue
		}
		if a.Query == nil || a.Query.Match(e.Texts...) {
			out = append(out, e.Pos)
		}
	}
	if a.Newest {
		slices.Reverse(out)
	}
	return out
}

func hits(t *testing.T, l *Line, es []Entry, a Asked) (out []int64) {
	t.Helper()
	err := l.Hits(a, func(at []int64) (bool, error) {
		for _, p := range at {
			if e := es[p-1]; a.Query == nil || a.Query.Match(e.Texts...) {
				out = append(out, p)
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestHits compares the index with a look through everything, over the border of
// a stretch, in batches of all sizes, and after the file was opened again.
func TestHits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "find.db")
	x := openAt(t, path, 1)
	words := strings.Fields("aircraft tug lighthouse fisheries cable répété самолёт الطائرة 飞机 海上 电缆检修 patrol patrols patrolling")
	rng := rand.New(rand.NewPCG(1, 2))
	var es []Entry
	const n = stretch + 900
	for i := range n {
		e := Entry{Pos: int64(i + 1), Time: 1_700_000_000 + int64(i)*60 + rng.Int64N(7200)}
		if i > stretch-600 || i < 600 {
			for range rng.IntN(4) {
				e.Texts = append(e.Texts, words[rng.IntN(len(words))])
			}
		}
		es = append(es, e)
	}
	l := x.Line(lineA)
	for at := 0; at < n; {
		k := min(n-at, 1+rng.IntN(20_000))
		if err := l.Add(es[at:at+k], fmt.Sprint(at+k)); err != nil {
			t.Fatal(err)
		}
		at += k
	}
	if err := x.Line(lineB).Add([]Entry{{Pos: 1, Texts: []string{"secret of another line"}}}, "b"); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for _, a := range []Asked{{}, {Query: NewQuery("aircraft")}, {Query: NewQuery("飞机"), Newest: true}, {Query: NewQuery("patrolling tug"), Newest: true}, {Query: NewQuery("secret")},
			{Query: NewQuery("طائرة"), Before: stretch, Newest: true}, {Query: NewQuery("cable"), After: stretch - 100}, {Since: 1_700_000_000 + 60*stretch, Until: 1_700_000_000 + 60*stretch + 3600, Newest: true},
			{Query: NewQuery("repete"), Since: 1_700_000_000 + 60*stretch}, {Until: 1_700_003_000}, {Before: 2}, {After: n}, {Query: NewQuery("самолет"), Before: stretch + 3, After: stretch - 50}} {
			if got, want := hits(t, l, es, a), reference(es, a); !slices.Equal(got, want) {
				t.Errorf("round %d, %+v: %d hits, want %d", round, a, len(got), len(want))
			}
		}
		if pos, last, err := l.Upto(); err != nil || pos != n || last != fmt.Sprint(n) {
			t.Errorf("up to %d %q, %v", pos, last, err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		x = openAt(t, path, 1)
		l = x.Line(lineA)
	}
	if err := l.Add([]Entry{{Pos: n + 2}}, ""); parley.KindOf(err) != parley.Conflict {
		t.Errorf("a gap: %v", err)
	}
	if err := l.More(70, "zeppelin"); err != nil {
		t.Fatal(err)
	}
	es[69].Texts = append(es[69].Texts, "zeppelin")
	if got := hits(t, l, es, Asked{Query: NewQuery("zeppelin")}); !slices.Equal(got, []int64{70}) {
		t.Errorf("a word added later stands at %v", got)
	}
	if err := x.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := hits(t, l, es, Asked{}); len(got) > 0 {
		t.Errorf("%d hits after a reset", len(got))
	}
	x.Close()
}

// TestNothingLiesInClear looks for the words in the file, and opens it with
// another key: it is begun again then.
func TestNothingLiesInClear(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "find.db")
	x := openAt(t, path, 1)
	es := []Entry{{Pos: 1, Texts: []string{"zeppelin lighthouse 飞机"}}, {Pos: 2, Blank: true}, {Pos: 3, Texts: []string{"zeppelin"}}}
	if err := x.Line(lineA).Add(es, "x"); err != nil {
		t.Fatal(err)
	}
	if at, err := x.Line(lineA).Blanks(); err != nil || !slices.Equal(at, []int64{2}) {
		t.Errorf("blanks %v, %v", at, err)
	}
	if err := x.Line(lineA).More(2, "late"); err != nil {
		t.Fatal(err)
	}
	if at, _ := x.Line(lineA).Blanks(); len(at) > 0 {
		t.Errorf("blanks %v after it opened", at)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"zeppelin", "zeppel", "zep", "lightho", "飞机", "飞"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s holds %q", f.Name(), word)
			}
		}
	}
	x = openAt(t, path, 2)
	if pos, _, err := x.Line(lineA).Upto(); err != nil || pos != 0 {
		t.Errorf("under another key it is up to %d, %v", pos, err)
	}
	x.Close()
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	x = openAt(t, path, 2)
	defer x.Close()
	if err := x.Line(lineA).Add(es, "x"); err != nil {
		t.Errorf("after damage: %v", err)
	}
	if got := hits(t, x.Line(lineA), es, Asked{Query: NewQuery("zeppelin"), Newest: true}); !slices.Equal(got, []int64{3, 1}) {
		t.Errorf("hits %v", got)
	}
	if _, err := x.db.Exec("UPDATE terms SET list = zeroblob(40)"); err == nil {
		t.Error("the readers write")
	}
}

// FuzzList: a list that is read back is the one that was written, and whatever
// else stands in a row does no harm.
func FuzzList(f *testing.F) {
	f.Add([]byte{0, 1, 1, 200, 3})
	f.Add(append([]byte{1}, make([]byte, setBytes)...))
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again set
		if !s.merge(b) {
			return
		}
		if !again.merge(s.pack()) || again != s {
			t.Errorf("%x reads back as another list", b)
		}
	})
}

// FuzzQuery: what a text is found by holds for any text, and places lie in it.
func FuzzQuery(f *testing.F) {
	f.Add("aircraft 飞机 طائرة", "Two aircraft, 一架飞机, الطائرة")
	f.Add("\xff\u202e", "a\xffb")
	f.Fuzz(func(t *testing.T, query, text string) {
		q := NewQuery(query)
		last := 0
		for _, s := range q.Spans(text) {
			if s[0] < last || s[1] <= s[0] || s[1] > len(text) {
				t.Fatalf("place %v in %q", s, text)
			}
			last = s[1]
		}
		if !q.Match(text) {
			return
		}
		have := termsOf(text)
		for _, term := range q.terms() {
			if _, ok := have[term]; !ok {
				t.Fatalf("%q is in %q, and the index has no %q", query, text, term)
			}
		}
	})
}
