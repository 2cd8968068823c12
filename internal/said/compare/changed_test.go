package compare

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"parley/internal/said"
)

// otherwise is a number that differs from another in its last digit, and stays a
// month where that is one.
func otherwise(s string) string {
	b := []byte(s)
	if last := &b[len(b)-1]; *last == '0' || s == "1" {
		*last++
	} else if *last > '0' && *last <= '9' {
		*last--
	}
	return string(b)
}

// TestEveryFigureThatIsChanged takes each number in digits that both sides of all
// pairs give under one topic, changes it for one of them, and looks whether it is
// marked. Nine in ten are; the others stand in words that have nothing in common.
func TestEveryFigureThatIsChanged(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) < 31 {
		t.Fatalf("%d pairs, %v", len(files), err)
	}
	all, found := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f fixture
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		ours, theirs, known := f.Alder.statement(t), f.Birch.statement(t), f.known(t)
		for i, it := range theirs.Items {
			for n, x := range it.Texts {
				mine := map[string]bool{}
				for _, o := range ours.Items {
					for _, k := range tokens(x.Lang, o.Text(x.Lang)) {
						mine[k.key] = mine[k.key] || k.kind == number && o.Topic == it.Topic
					}
				}
				for _, k := range tokens(x.Lang, x.Text) {
					if k.kind != number || !mine[k.key] {
						continue
					}
					all++
					text := x.Text[:k.from] + otherwise(x.Text[k.from:k.to]) + x.Text[k.to:]
					if markedAt(ours, f.Birch.statement(t), known, i, n, text, k) {
						found++
					} else {
						t.Logf("%s: not found in %s: %.90q", filepath.Base(file), x.Lang, text[max(0, k.from-30):])
					}
				}
			}
		}
	}
	t.Logf("%d of %d are found", found, all)
	if all < 80 || found*10 < all*9 {
		t.Errorf("%d of %d changed figures are found, want nine in ten of 80 or more", found, all)
	}
}

// markedAt reports whether a text of their statement is marked where a token of it
// was changed.
func markedAt(ours, theirs said.Statement, known Known, item, n int, text string, at token) bool {
	lang := theirs.Items[item].Texts[n].Lang
	theirs.Items[item].Texts[n].Text = text
	for _, m := range Compare(ours, theirs, known).Marks {
		for _, s := range m.Theirs {
			if m.Lang == lang && s.Item == item && s.From < at.to && s.To > at.from {
				return true
			}
		}
	}
	return false
}
