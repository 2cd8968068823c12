package desk

import (
	"fmt"
	"html/template"
	"slices"
	"sync"
	"text/template/parse"
)

// shared are the templates that all pages share, parsed once for all languages and
// never executed: what is shown is made of copies (pages.named).
var shared = sync.OnceValues(func() (*template.Template, error) {
	base := template.New("").Funcs((&desk{}).funcs(nil))
	for _, pattern := range []string{"templates/layout.html", "templates/part_*.html"} {
		if _, err := base.ParseFS(files, pattern); err != nil {
			return nil, err
		}
	}
	return base, nil
})

// pages are the templates of a desk in one language, each made when it is first
// shown. Each page has a set of its own, so that every one may define "main";
// that named "" has none.
type pages struct {
	funcs template.FuncMap

	mu   sync.Mutex
	made map[string]*template.Template
}

// named returns the set of a page.
func (p *pages) named(name string) (*template.Template, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.made[name]; t != nil {
		return t, nil
	}
	all, err := shared()
	if err != nil {
		return nil, err
	}
	t, err := all.Clone()
	if err != nil {
		return nil, err
	}
	t.Funcs(p.funcs)
	if name != "" {
		if t, err = t.ParseFS(files, "templates/page_"+name+".html"); err == nil {
			t, err = pruned(t, p.funcs)
		}
		if err != nil {
			return nil, fmt.Errorf("the page %q: %w", name, err)
		}
	}
	p.made[name] = t
	return t, nil
}

// frames are the templates that a page is executed by (desk.page).
var frames = []string{"layout", "locked", "bare"}

// pruned returns the part of a set that its frames call: the parsed copies of
// all that pages share take a mebibyte, and each page and language has its own.
func pruned(set *template.Template, funcs template.FuncMap) (*template.Template, error) {
	out := template.New("").Funcs(funcs)
	for todo := slices.Clone(frames); len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if out.Lookup(name) != nil {
			continue
		}
		t := set.Lookup(name)
		if t == nil || t.Tree == nil {
			return nil, fmt.Errorf("no template %q", name)
		}
		if _, err := out.AddParseTree(name, t.Tree); err != nil {
			return nil, err
		}
		todo = callsOf(todo, t.Tree.Root)
	}
	return out, nil
}

// callsOf adds the names of the templates that a part of one calls.
func callsOf(names []string, n parse.Node) []string {
	branch := func(b *parse.BranchNode) []string {
		names = callsOf(names, b.List)
		if b.ElseList != nil {
			names = callsOf(names, b.ElseList)
		}
		return names
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, m := range n.Nodes {
			names = callsOf(names, m)
		}
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.TemplateNode:
		return append(names, n.Name)
	}
	return names
}
