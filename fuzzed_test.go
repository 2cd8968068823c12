package parley_test

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// readerName is how a function that turns foreign bytes into something is
// called here. One that reads and is called otherwise is mended by its name.
var readerName = regexp.MustCompile(`^(?i:parse|decode|read|unmarshal|open|load|split|unpack|inflate|unarmou?r|scan|verify)([A-Z_0-9].*)?$|From(Share|Bytes|Words|String|JSON)$`)

// readerTypes are the parameters that carry foreign bytes.
var readerTypes = []string{"[]byte", "string", "io.Reader", "io.ReaderAt", "io.ReadSeeker", "*bufio.Reader", "*bytes.Reader", "*http.Request", "*http.Response", "*reader", "*strings.Reader", "[]string"}

// places are parameters that say where something lies or what it is called,
// and are no foreign bytes themselves.
var places = []string{"path", "dir", "name", "id", "network", "kind", "lang", "prefix", "doing"}

// notFuzzed are readers that no fuzz target needs to reach, each with why.
var notFuzzed = map[string]string{
	"cmd/parley.measured.Read":                    "counts what passes and looks at none of it",
	"internal/bearer/tls.wire.Read":               "counts what passes and looks at none of it; frames are read by bearer.ReadFrame",
	"internal/call/rtc.port.ReadFromAddrPort":     "the socket: hands on what comes and looks at none of it",
	"internal/call/rtc.stream.ReadWithAttributes": "a buffer: hands on what comes and looks at none of it",
	"internal/desk.message.UnmarshalJSON":         "reads the catalogues built into the program, which TestCataloguesAreComplete reads whole",
	"internal/keyfile.Read":                       "finds the file and its owner; what is in it goes to unarmour, which FuzzSecretFile gives anything",
	"internal/station.Station.OpenJoint":          "finds a joint statement by its name, and acknowledges it",
	"internal/own.Store.open":                     "hands one sealed value to key.Storage.Open, which FuzzStorageOpen gives anything",
}

// TestEveryReaderIsFuzzed fails for a reader of bytes that no fuzz target of
// its own room reaches: by name in the target's body, or in that of a function
// of the same room which a target reaches. Bytes that come from outside meet
// a parser first, and a parser that was never given nonsense is a guess.
func TestEveryReaderIsFuzzed(t *testing.T) {
	rooms := map[string][]pkgFile{}
	for _, f := range sources(t) {
		rooms[f.room] = append(rooms[f.room], f)
	}
	seen := map[string]bool{}
	for dir, files := range rooms {
		if path.Base(dir) != "parley" && strings.HasSuffix(dir, "test") || dir == "bench" || strings.HasPrefix(dir, "internal/sim") {
			continue // what only tests and measures use
		}
		reached := reachedByFuzz(files)
		for _, f := range files {
			for _, d := range f.file.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || f.test || !isReader(fn) {
					continue
				}
				name := strings.TrimPrefix(dir+"."+funcName(fn), ".")
				seen[name] = true
				_, excused := notFuzzed[name]
				switch hit := called(reached, fn); {
				case hit && excused:
					t.Errorf("%s is reached by a fuzz target: take it from the list", name)
				case !hit && !excused:
					t.Errorf("%s: no fuzz target in %q reaches %s; write one, or say in notFuzzed why not", f.fset.Position(fn.Pos()), dir, name)
				}
			}
		}
	}
	for name := range notFuzzed {
		if !seen[name] {
			t.Errorf("notFuzzed names %s, which is no reader", name)
		}
	}
	if len(seen) < 80 {
		t.Errorf("found %d readers: the search is broken", len(seen))
	}
}

func isReader(fn *ast.FuncDecl) bool {
	if fn.Body == nil || !readerName.MatchString(fn.Name.Name) {
		return false
	}
	return slices.ContainsFunc(fn.Type.Params.List, func(p *ast.Field) bool {
		if !slices.Contains(readerTypes, typeName(p.Type)) {
			return false
		}
		return len(p.Names) == 0 || slices.ContainsFunc(p.Names, func(n *ast.Ident) bool { return !slices.Contains(places, n.Name) })
	})
}

func typeName(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		return "*" + typeName(x.X)
	case *ast.SelectorExpr:
		return typeName(x.X) + "." + x.Sel.Name
	case *ast.ArrayType:
		if x.Len == nil {
			return "[]" + typeName(x.Elt)
		}
	case *ast.IndexExpr:
		return typeName(x.X)
	}
	return "?"
}

// funcName is Type.name of a method and name of a function.
func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	return strings.TrimPrefix(typeName(fn.Recv.List[0].Type), "*") + "." + fn.Name.Name
}

// called reports whether a target reaches fn. What the standard library calls
// through an interface is reached with its type.
func called(reached map[string]bool, fn *ast.FuncDecl) bool {
	if reached[funcKey(fn)] {
		return true
	}
	if fn.Recv == nil || fn.Name.Name != "Read" && !strings.HasPrefix(fn.Name.Name, "Unmarshal") {
		return false
	}
	return reached[strings.TrimPrefix(typeName(fn.Recv.List[0].Type), "*")]
}

// funcKey is what a caller writes: name, or .name of a method.
func funcKey(fn *ast.FuncDecl) string {
	if fn.Recv != nil {
		return "." + fn.Name.Name
	}
	return fn.Name.Name
}

// reachedByFuzz are the keys of all functions of a room that its fuzz targets
// name, directly or through functions of the room.
func reachedByFuzz(files []pkgFile) map[string]bool {
	uses := map[string][]string{}
	var todo []string
	for _, f := range files {
		var imports []string
		for _, imp := range f.file.Imports {
			name := path.Base(strings.Trim(imp.Path.Value, `"`))
			if imp.Name != nil {
				name = imp.Name.Name
			}
			imports = append(imports, name)
		}
		self := strings.TrimSuffix(f.file.Name.Name, "_test")
		for _, d := range f.file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				for _, spec := range g.Specs { // tables of functions
					if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) > 0 {
						uses[v.Names[0].Name] = append(uses[v.Names[0].Name], named(v.Values[0], imports, self)...)
					}
				}
			}
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			key := funcKey(fn)
			uses[key] = append(uses[key], named(fn.Body, imports, self)...)
			if rest, ok := strings.CutPrefix(fn.Name.Name, "Fuzz"); f.test && ok && rest != "" && unicode.IsUpper(rune(rest[0])) {
				todo = append(todo, key)
			}
		}
	}
	reached := map[string]bool{}
	for len(todo) > 0 {
		key := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !reached[key] {
			reached[key] = true
			todo = append(todo, uses[key]...)
		}
	}
	return reached
}

// named are the keys that a body names: functions of the room, whether written
// bare or with the room's own name, and methods of anything.
func named(body ast.Node, imports []string, self string) (keys []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && slices.Contains(imports, id.Name) {
				if id.Name == self {
					keys = append(keys, x.Sel.Name)
				}
				return false
			}
			keys = append(keys, "."+x.Sel.Name)
		case *ast.Ident:
			keys = append(keys, x.Name)
		}
		return true
	})
	return keys
}
