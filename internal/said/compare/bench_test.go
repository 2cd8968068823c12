package compare

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"parley/internal/said"
)

// pages is a text of so many bytes. Its figures, names and dates differ with the
// seed, its sentences do not.
func pages(lang string, bytes int, seed int64) string {
	r, say := rand.New(rand.NewSource(1)), rand.New(rand.NewSource(seed))
	var b strings.Builder
	for b.Len() < bytes {
		n, m := r.Intn(900), say.Intn(100)
		if lang == "zh" {
			fmt.Fprintf(&b, "双方就第%d号水域的航行安全交换意见，商定第%d工作组于2027年%d月%d日开会，参加者%d人，经费%d万元。", n, n/7, m%12+1, m%28+1, n+m/90, n+m%3)
		} else {
			fmt.Fprintf(&b, "The sides exchanged views on the safety of area %d. Working group %d of Delegate Marsh%d meets on %d May 2027 with %d experts and %d million dollars. ", n, n/7, m%40, m%28+1, n+m/90, n+m%3)
		}
	}
	return b.String()
}

func bench(b *testing.B, lang, x, y string) {
	item := func(s string) said.Statement {
		return said.Statement{Items: []said.Item{{Topic: "T", Texts: []said.Said{{Lang: lang, Text: s}}}}}
	}
	ours, theirs := item(x), item(y)
	known := Known{Wordings: wording(lang, "Each side keeps its ships at least five nautical miles apart from those of the other.")}
	b.SetBytes(int64(len(x) + len(y)))
	for b.Loop() {
		Compare(ours, theirs, known)
	}
}

// BenchmarkTwoHundredPages compares 200 pages a side, some twelve times what the
// record takes, and what is worst for each part of the comparer.
func BenchmarkTwoHundredPages(b *testing.B) {
	const size = 600_000
	b.Run("english", func(b *testing.B) { bench(b, "en", pages("en", size, 2), pages("en", size, 3)) })
	b.Run("chinese", func(b *testing.B) { bench(b, "zh", pages("zh", size, 2), pages("zh", size, 3)) })
	b.Run("digits", func(b *testing.B) {
		bench(b, "en", strings.Repeat("1 2 3 ", size/6), strings.Repeat("3 5 7 ", size/6))
	})
	b.Run("one-word", func(b *testing.B) {
		bench(b, "en", strings.Repeat("ship ", size/5), strings.Repeat("ship ", size/5)+"end")
	})
	b.Run("all-different", func(b *testing.B) {
		var x, y strings.Builder
		for i := range size / 12 {
			fmt.Fprintf(&x, "Aa%x Bb%x ", i, i)
			fmt.Fprintf(&y, "Cc%x Dd%x ", i, i)
		}
		bench(b, "en", x.String(), y.String())
	})
	b.Run("record-bound", func(b *testing.B) { bench(b, "en", pages("en", 48_000, 2), pages("en", 48_000, 3)) })
}

// BenchmarkWords lights the words of two texts of 200 pages.
func BenchmarkWords(b *testing.B) {
	x, y := pages("en", 600_000, 2), pages("en", 600_000, 3)
	b.SetBytes(int64(len(x) + len(y)))
	for b.Loop() {
		Words("en", x, y)
	}
}

// BenchmarkQuotes looks in a statement of the record's size for a thousand texts
// of a page each.
func BenchmarkQuotes(b *testing.B) {
	st := statement("en", pages("en", 48_000, 2))
	var secret []Secret
	for i := range 1000 {
		secret = append(secret, Secret{Of: fmt.Sprint(i), Texts: []string{pages("en", 3_000, int64(i))}})
	}
	for b.Loop() {
		Quotes(&st, secret)
	}
}
