package desk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// formedActs are what the audit says of acts whose names are put together, with
// the words that the station puts in: see
// where station puts an act together with a step.
var formedActs = []string{
	"exercise begin", "exercise agree", "exercise end", "put a demand", "put a question", "put a clarification",
	"confirm contacts", "dispute contacts", "take-back contacts", "confirm a wording", "deny a wording", "withdraw a wording",
	"sign a joint statement", "withdraw a joint statement", "refuse a joint statement", "agree an embargo", "refuse an embargo",
	"pairing invited", "pairing accepted", "pairing revealed", "pairing words", "pairing confirmed",
	"call: ready", "call: unready", "call: hold", "call: resume", "call: interpret", "call: cast", "call: turn", "call: mute",
}

// TestEveryAuditedActIsSaid reads the station for the acts that it writes into the
// audit, and asks that the desk has words for each, in every language: the audit is
// where a person is held to account.
func TestEveryAuditedActIsSaid(t *testing.T) {
	acts := auditedActs(t, "../station")
	if len(acts) < 120 {
		t.Fatalf("found %d acts: the search is broken", len(acts))
	}
	for _, act := range append(acts, formedActs...) {
		if !books(t)["en"].has("auditact." + act) {
			t.Errorf("the desk has no words for the audited act %q", act)
		}
	}
}

// auditedActs are the words that a package hands to its function audit: at once, by
// a variable called act, or through functions that hand their parameter act on.
func auditedActs(t *testing.T, dir string) (acts []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var funcs []*ast.FuncDecl
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, dir+"/"+e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				funcs = append(funcs, fn)
			}
		}
	}
	at := map[string]int{"audit": 1} // which argument of a function is an act that it audits
	for grown := true; grown; {
		grown = false
		for _, fn := range funcs {
			i := actOf(fn)
			if _, known := at[fn.Name.Name]; known || i < 0 {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if id, ok := actArgument(n, at).(*ast.Ident); ok && id.Name == "act" {
					at[fn.Name.Name], grown = i, true
				}
				return true
			})
		}
	}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && s != "" && !slices.Contains(acts, s) {
				acts = append(acts, s)
			}
		}
	}
	for _, fn := range funcs {
		named := false // it audits what its variable act says
		ast.Inspect(fn, func(n ast.Node) bool {
			a := actArgument(n, at)
			add(a)
			if id, ok := a.(*ast.Ident); ok && id.Name == "act" {
				named = true
			}
			return true
		})
		if !named {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if len(n.Names) == 1 && n.Names[0].Name == "act" && len(n.Values) == 1 {
					add(n.Values[0])
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if id, ok := l.(*ast.Ident); ok && id.Name == "act" && i < len(n.Rhs) {
						add(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	return acts
}

// actOf is the place of a function's parameter act; -1 for none.
func actOf(fn *ast.FuncDecl) int {
	n := 0
	for _, p := range fn.Type.Params.List {
		for _, name := range p.Names {
			if name.Name == "act" {
				return n
			}
			n++
		}
	}
	return -1
}

// actArgument is the act that a call hands to a function that audits it.
func actArgument(n ast.Node, at map[string]int) ast.Expr {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	name := ""
	switch fun := c.Fun.(type) {
	case *ast.SelectorExpr:
		name = fun.Sel.Name
	case *ast.Ident:
		name = fun.Name
	}
	if i, ok := at[name]; ok && i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}
