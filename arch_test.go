package parley_test

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
)

// The law of the house (docs/architecture.md). Where code and law disagree,
// mend one of them on purpose.

// rank is the direction of imports: a room imports only rooms of lower rank,
// or those named in also.
var rank = map[string]int{
	"": 0, "internal/spare": 0, "internal/squeeze": 1, "internal/udp": 1, "internal/crowd": 1, "internal/keyfile": 2, "internal/wire": 1, "internal/key": 1, "internal/journal": 2, "internal/seal": 2, "internal/form": 2, "internal/wait": 2, "internal/charter": 3, "internal/c2sp": 3, "internal/sheet": 3, "internal/table": 3,
	"internal/line": 4, "internal/sqlfile": 4, "internal/record": 5, "internal/own": 5, "internal/find": 5, "internal/pair": 4, "internal/contact": 4, "internal/glossary": 4,
	"internal/call": 5, "internal/call/pace": 4, "internal/call/trunk": 5, "internal/call/rtc": 5, "internal/call/sip": 5, "internal/call/tape": 5, "internal/call/exchange": 6, "internal/said": 5, "internal/said/compare": 6, "internal/said/page": 6, "internal/bearer": 6, "internal/store": 6,
	"internal/station": 7, "internal/control": 8, "internal/desk": 8, "internal/api": 8, "internal/stage": 9, "internal/sim": 9, "internal/hostile": 9, "cmd/parley": 10, "bench": 10,
}

var also = map[string][]string{
	"internal/wire":  {"internal/key"},
	"internal/store": {"internal/key"},
}

// core is what a hostile reviewer reads; outside the standard library it may
// import these and nothing else.
var core = []string{"", "internal/key", "internal/journal", "internal/seal", "internal/charter", "internal/form", "internal/wire", "internal/line"}

var coreMay = []string{"golang.org/x/", "filippo.io/", "github.com/transparency-dev/formats", "github.com/fxamacker/cbor/v2", "github.com/x448/float16", "parley"}

// coreLines bounds the trusted core, in lines that are neither blank nor
// comment (docs/decisions/0002-size-of-the-core.md).
const coreLines = 9_200

type pkgFile struct {
	path, room string
	test       bool
	file       *ast.File
	fset       *token.FileSet
	src        []byte
}

// sources are all Go files of this module, read and parsed once for all tests: none
// of them changes what it is given.
func sources(t *testing.T) []pkgFile {
	t.Helper()
	out, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var parsed = sync.OnceValues(func() (out []pkgFile, err error) {
	err = filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (p == "interop" || p == "drill" || d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && p != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(p))
		if dir == "." {
			dir = ""
		}
		out = append(out, pkgFile{p, dir, strings.HasSuffix(p, "_test.go"), f, fset, src})
		return nil
	})
	return out, err
})

// room is the ranked room that a directory belongs to.
func room(dir string) (string, bool) {
	for d := dir; ; d = filepath.ToSlash(filepath.Dir(d)) {
		if d == "." {
			d = ""
		}
		if _, ok := rank[d]; ok && (d != "" || dir == "") {
			return d, true
		}
		if d == "" {
			return "", false
		}
	}
}

func TestImportsGoOneWay(t *testing.T) {
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		from, ok := room(f.room)
		if !ok {
			t.Errorf("%s is in no room of the house: give it a rank or move it", f.path)
			continue
		}
		for _, imp := range f.file.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			if path != "parley" && !strings.HasPrefix(path, "parley/") {
				continue
			}
			dir := strings.TrimPrefix(strings.TrimPrefix(path, "parley"), "/")
			to, ok := room(dir)
			switch {
			case !ok:
				t.Errorf("%s imports %s, which is in no room", f.path, path)
			case to == from:
				if strings.HasPrefix(dir, "internal/bearer/") && f.room != dir && strings.HasPrefix(f.room, "internal/bearer/") && !strings.HasSuffix(f.room, "test") {
					t.Errorf("%s imports %s: bearers are strangers to one another", f.path, path)
				}
			case rank[to] < rank[from] || slices.Contains(also[from], to):
			default:
				t.Errorf("%s imports %s: %q (%d) must not know %q (%d)", f.path, path, from, rank[from], to, rank[to])
			}
		}
	}
}

func TestNothingOfOurSideReachesALog(t *testing.T) {
	for _, f := range sources(t) {
		if !slices.Contains(core, f.room) || f.test {
			continue
		}
		for _, imp := range f.file.Imports {
			if strings.Contains(imp.Path.Value, "internal/own") || strings.Contains(imp.Path.Value, "internal/store") {
				t.Errorf("%s imports %s", f.path, imp.Path.Value)
			}
		}
	}
	// What the station does with notes and memcons files nothing, tells no stream of
	// events, and writes no line of the program's log (station: TestMemcons).
	memcons := 0
	for _, f := range sources(t) {
		if f.test || f.room != "internal/station" || !strings.HasPrefix(filepath.Base(f.path), "memcon") {
			continue
		}
		memcons++
		ast.Inspect(f.file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"fileForm", "fileAs", "release", "Release", "emit", "alarms", "log", "slog"}, s.Sel.Name) {
				t.Errorf("%s: a memcon is our side only, and this is %s", f.fset.Position(s.Pos()), s.Sel.Name)
			}
			return true
		})
	}
	if memcons < 3 {
		t.Errorf("%d files of memcons: the search is broken", memcons)
	}
}

// TestWebRTCHasTwoRooms: what speaks WebRTC is the station's switch, and the
// callers of the demonstration, who are as browsers are; bench measures it. All else meets packets.
func TestWebRTCHasTwoRooms(t *testing.T) {
	for _, f := range sources(t) {
		dir := filepath.ToSlash(filepath.Dir(f.path))
		if f.test || dir == "internal/call/rtc" || dir == "internal/stage/voice" || dir == "bench" {
			continue
		}
		for _, imp := range f.file.Imports {
			if strings.Contains(imp.Path.Value, "github.com/pion/webrtc") {
				t.Errorf("%s imports %s", f.path, imp.Path.Value)
			}
		}
	}
}

func TestCoreImportsLittle(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || !slices.Contains(core, f.room) {
			continue
		}
		for _, imp := range f.file.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			if !strings.Contains(strings.Split(path, "/")[0], ".") && !strings.HasPrefix(path, "parley") {
				continue // the standard library
			}
			if !slices.ContainsFunc(coreMay, func(p string) bool { return strings.HasPrefix(path, p) }) {
				t.Errorf("%s is of the trusted core and imports %s", f.path, path)
			}
		}
	}
}

func TestEngineIsPure(t *testing.T) {
	banned := []string{"net", "os", "os/exec", "sync", "context", "crypto/rand", "log/slog", "database/sql", "path/filepath"}
	for _, f := range sources(t) {
		if f.room != "internal/line" || f.test {
			continue
		}
		for _, imp := range f.file.Imports {
			if path := strings.Trim(imp.Path.Value, `"`); slices.Contains(banned, path) {
				t.Errorf("%s imports %s: the engine has no clock, socket, file or goroutine", f.path, path)
			}
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine", f.fset.Position(n.Pos()))
			}
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Now" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
					t.Errorf("%s reads the clock", f.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

func TestCoreStaysSmall(t *testing.T) {
	total := 0
	for _, f := range sources(t) {
		if f.test || !slices.Contains(core, f.room) {
			continue
		}
		sc := bufio.NewScanner(bytes.NewReader(f.src))
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			if l := strings.TrimSpace(sc.Text()); l != "" && !strings.HasPrefix(l, "//") {
				total++
			}
		}
	}
	t.Logf("the trusted core has %d lines", total)
	if total > coreLines {
		t.Errorf("the trusted core has %d lines, at most %d are allowed", total, coreLines)
	}
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	for _, f := range sources(t) {
		if n := bytes.Count(f.src, []byte("\n")); n > 800 {
			t.Errorf("%s has %d lines, at most 800 are allowed", f.path, n)
		}
		for _, d := range f.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil || f.test {
				continue
			}
			n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line
			if n > 80 && !strings.Contains(fn.Doc.Text(), "one piece") {
				t.Errorf("%s: %s has %d lines; a function over 80 says in its comment why it is one piece", f.path, fn.Name.Name, n)
			}
		}
	}
}

func TestEveryRoomSaysWhatItIs(t *testing.T) {
	docs := map[string]int{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		if _, ok := docs[f.room]; !ok {
			docs[f.room] = 0
		}
		if f.file.Doc != nil {
			docs[f.room]++
		}
	}
	for dir, n := range docs {
		if n != 1 {
			t.Errorf("%q has %d package comments, want 1", dir, n)
		}
	}
}

// TestModulesAreListed holds the modules linked into the binary to the list in
// docs/modules.txt, each of which docs/dependencies.md gives a line of why.
func TestModulesAreListed(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./cmd/parley").Output()
	if err != nil {
		t.Fatalf("listing modules: %v", err)
	}
	have := map[string]bool{}
	for _, l := range strings.Split(string(out), "\n") {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "parley") {
			have[l] = true
		}
	}
	var list []string
	for l := range have {
		list = append(list, l)
	}
	sort.Strings(list)
	got := strings.Join(list, "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("docs/modules.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("docs/modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the binary links\n%s\ndocs/modules.txt says\n%s\nrun UPDATE=1 go test -run Modules . and give each new one a line in docs/dependencies.md", got, want)
	}
}

// TestFormatted: every file is as gofmt writes it.
func TestFormatted(t *testing.T) {
	for _, f := range sources(t) {
		want, err := format.Source(f.src)
		if err != nil {
			t.Errorf("%s: %v", f.path, err)
			continue
		}
		if !bytes.Equal(want, f.src) {
			t.Errorf("%s: run gofmt -w", f.path)
		}
	}
}
