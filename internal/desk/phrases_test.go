package desk

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"parley"
)

func TestSaid(t *testing.T) {
	zh := books(t)["zh"]
	for _, c := range []struct{ in, want string }{
		{"The line is up, proved 81 min ago.", "线路畅通，1 小时 21 分前已证实。"},
		{"QUIC to birch: connection refused", "QUIC 至 birch：连接被拒绝"},
		{"saving: no such thing", ""},
		{"draft 4: no draft 9", "草稿 4：没有第 9 号草稿"},
		{"T\u202eLS to birch answers in 3ms", "T⟦U+202E⟧LS 至 birch 在 3ms 内应答"},
		{"", ""},
	} {
		got := zh.said(c.in)
		if c.want == "" && (got.Text != c.in || got.English != (c.in != "")) || c.want != "" && (got.Text != c.want || got.English) {
			t.Errorf("%q is said %+v, want %q", c.in, got, c.want)
		}
	}
	if got := books(t)["en"].said("As it is.\u202e"); got.English || got.Text != "As it is.⟦U+202E⟧" {
		t.Errorf("English is said %+v", got)
	}
}

// What the station says of parties by their codes, the desk says by their names, in
// every language; what others wrote stays as it is.
func TestSaidNamesParties(t *testing.T) {
	var known names
	known.Store(&map[parley.PartyCode]string{"birch": "Republic of Birch", "cedar": "Cedar"})
	for lang, book := range books(t) {
		own := *book
		own.names = &known
		for _, c := range []struct {
			in   string
			want []string
		}{
			{"FLASH QUESTION from birch: cedar has left the line", []string{"Republic of Birch", "cedar has left the line"}},
			{"EXERCISE Storm: IMMEDIATE ADVICE from birch: birch", []string{"Republic of Birch", "Storm"}},
			{"checkcall from birch", []string{"Republic of Birch"}},
			{"QUIC to birch answers in 3ms", []string{"QUIC", "Republic of Birch"}},
			{"QUIC to birch is down: connection refused", []string{"Republic of Birch"}},
			{"The line is up, but not to [birch cedar].", []string{"Republic of Birch", "Cedar"}},
			{"birch has signed two histories of its log: proved, kept, and told to all parties", []string{"Republic of Birch"}},
			{"a receipt of birch for the log of alder, brought by cedar, does not fit what we hold (it may hold another history of that log): no", []string{"Republic of Birch", "alder", "Cedar"}},
			{"No answer of birch and cedar to our request for a contact (birch) by the time it names", []string{"Republic of Birch", "Cedar", "birch"}},
			{"The line has ended: cedar has left the line.", []string{"Cedar"}},
		} {
			got := own.said(c.in)
			for _, w := range c.want {
				if !strings.Contains(got.Text, w) || got.English {
					t.Errorf("%s: %q is said %+v, without %q", lang, c.in, got, w)
				}
			}
			if n := strings.Count(got.Text, "birch") + strings.Count(got.Text, "cedar"); n > strings.Count(strings.Join(c.want, " "), "birch")+strings.Count(strings.Join(c.want, " "), "cedar") && !strings.HasSuffix(c.in, ": birch") {
				t.Errorf("%s: %q is said %q, with a code", lang, c.in, got.Text)
			}
		}
	}
}

func TestPhrasesAreComplete(t *testing.T) {
	list, err := loadPhrases()
	if err != nil || len(list) < 100 {
		t.Fatalf("%d phrases, %v", len(list), err)
	}
	for _, p := range list {
		for _, lang := range languages {
			if slots(p.text[lang]) != slots(p.text["en"]) || strings.TrimSpace(p.text[lang]) == "" {
				t.Errorf("%s: %q is %q", lang, p.text["en"], p.text[lang])
			}
		}
	}
}

var verb = regexp.MustCompile(`%[0-9.]*[a-z%]`)

// templateOf writes what an expression says with slots for what varies; ok is
// false for an expression that is no sentence of its own.
func templateOf(e ast.Expr) (s string, ok bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok1 := templateOf(x.X)
		b, ok2 := templateOf(x.Y)
		if !ok1 {
			a = "%s"
		}
		if !ok2 {
			b = "%s"
		}
		return a + b, ok1 || ok2
	case *ast.CallExpr:
		if f, ok := x.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" && len(x.Args) > 0 {
			return templateOf(x.Args[0])
		}
	}
	return "", false
}

// sentences are the expressions that become sentences of a lamp, of evidence,
// of a notice, of an alarm, or of what to do next at a pairing.
func sentences(f *ast.File) (out []ast.Expr) {
	at := func(list []ast.Expr, i int) {
		if i < len(list) {
			out = append(out, list[i])
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CompositeLit:
			if id, ok := x.Type.(*ast.Ident); ok && id.Name == "Evidence" {
				at(x.Elts, 2)
			} else if ok && id.Name == "Notice" {
				at(x.Elts, 1)
			} else if sel, ok := x.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Alarm" {
				for _, e := range x.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Text" {
						out = append(out, kv.Value)
					}
				}
			}
		case *ast.CallExpr:
			if s, ok := x.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "alarm" {
				at(x.Args, len(x.Args)-1-btoi(f.Name.Name == "station"))
				if f.Name.Name == "line" {
					out[len(out)-1] = x.Args[3]
				}
			} else if ok && s.Sel.Name == "sound" {
				at(x.Args, 2)
			}
		case *ast.AssignStmt:
			for i, l := range x.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == "Sentence" {
					at(x.Rhs, i)
				}
			}
		case *ast.FuncDecl:
			if x.Name.Name != "next" || x.Recv == nil {
				return true
			}
			ast.Inspect(x, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok {
					at(r.Results, 0)
				}
				return true
			})
		}
		return true
	})
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestEverySentenceIsTranslated finds what the station and the engine say to
// people and fails for a sentence that the phrases do not hold.
func TestEverySentenceIsTranslated(t *testing.T) {
	list, err := loadPhrases()
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, p := range list {
		known = append(known, p.text["en"])
	}
	found := 0
	for _, dir := range []string{"../station", "../line"} {
		names, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, name, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range sentences(f) {
				s, ok := templateOf(e)
				if !ok || !strings.Contains(s, " ") {
					continue
				}
				n := -1
				s = verb.ReplaceAllStringFunc(s, func(v string) string {
					if v == "%%" {
						return "%"
					}
					n++
					return fmt.Sprintf("{%d}", n)
				})
				if !strings.ContainsFunc(verb.ReplaceAllString(slot.ReplaceAllString(s, ""), ""), unicode.IsLetter) {
					continue // one thing and its cause, each a sentence
				}
				if found++; !slices.Contains(known, s) {
					t.Errorf("%s says %q: put it into locales/phrases.json with its translations", fset.Position(e.Pos()), s)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d sentences: the search is broken", found)
	}
}
