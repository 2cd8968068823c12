package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestPrintedCommandsParse asks that each command line that the help, the
// documents or a hint prints is one that the program takes, so that whoever
// follows it to the letter is not told that there is no such flag. What the
// command then does is shown by TestScript and TestReal.
func TestPrintedCommandsParse(t *testing.T) {
	var c cli
	p, err := kong.New(&c, kong.Name("parley"), groups, kong.Exit(func(int) { panic(exited(0)) }))
	if err != nil {
		t.Fatal(err)
	}
	p.Stdout = new(bytes.Buffer)
	var list []printed
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		_, examples, _ := strings.Cut(n.Detail, "Examples:")
		for l := range strings.Lines(examples) {
			list = append(list, printed{n.Path() + " --help", l, false})
		}
		for _, ch := range n.Children {
			walk(ch)
		}
	}
	walk(p.Model.Node)
	for _, glob := range []string{"../../*.md", "../../docs/*.md", "../../docs/decisions/*.md", "../../examples/*.md", "../../internal/*/*.go", "*.go"} {
		files, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			switch {
			case err != nil:
				t.Fatal(err)
			case strings.HasSuffix(name, ".md"):
				list = append(list, codeOf(name, string(b))...)
			case !strings.HasSuffix(name, "_test.go"):
				list = append(list, hintsOf(name, string(b))...)
			}
		}
	}
	dir, n := t.TempDir(), 0
	for _, x := range list {
		for _, args := range commandsIn(x.line) {
			n++
			if err := parses(p, dir, args); err != nil && !(x.loose && leftOut(err)) {
				t.Errorf("%s prints %q: %v", x.where, strings.TrimSpace(x.line), err)
			}
		}
	}
	if n < 400 {
		t.Errorf("found %d command lines: the search is broken", n)
	}
}

// printed is a line that the program or a page shows. One in running text is
// loose: it may leave out what the reader puts in.
type printed struct {
	where, line string
	loose       bool
}

// leftOut reports whether an error of the parser says only that something is
// missing.
func leftOut(err error) bool {
	return regexp.MustCompile(`missing flags|missing positional|expected [^\n]*but got "(EOL|\.\.\.)|expected "<|expected one of|: expected `).MatchString(err.Error())
}

// codeOf returns the lines of blocks of code, those that go on joined, and what
// stands between backticks and begins with parley.
func codeOf(where, page string) (lines []printed) {
	in, joined := false, ""
	for l := range strings.Lines(page) {
		l = strings.TrimRight(l, "\n")
		switch {
		case strings.HasPrefix(strings.TrimSpace(l), "```"):
			in = !in
		case in && strings.HasSuffix(l, `\`):
			joined += strings.TrimSuffix(l, `\`)
		case in:
			lines = append(lines, printed{where, joined + l, strings.Contains(joined+l, " ... ")})
			joined = ""
		default:
			for _, m := range regexp.MustCompile("`(parley [^`]+)`").FindAllStringSubmatch(l, -1) {
				lines = append(lines, printed{where, m[1], true})
			}
		}
	}
	return lines
}

// hintsOf returns the commands that hints of the program name: what follows
// "parley " up to a mark, or to a word that goes on with the sentence.
func hintsOf(where, src string) (lines []printed) {
	hint := regexp.MustCompile(`(?:WithHint|usagef)\("((?:[^"\\]|\\.)*)"`)
	command := regexp.MustCompile(`parley [^,;:()]+`)
	rest := regexp.MustCompile(`%[a-z]|\\"| (or|and|on|by|with|to|looks|only|in|at|names|writes|holds|from|shows|says|the)( .*)?$`)
	for _, m := range hint.FindAllStringSubmatch(src, -1) {
		for _, c := range command.FindAllString(m[1], -1) {
			lines = append(lines, printed{where, rest.ReplaceAllString(c, " "), true})
		}
	}
	return lines
}

// commandsIn splits a line as a shell would, as far as the documents need it,
// and returns the arguments of each parley in it.
func commandsIn(line string) (cmds [][]string) {
	var words []string
	var word strings.Builder
	quote, has := rune(0), false
	end := func() {
		if has {
			words = append(words, word.String())
		}
		word.Reset()
		has = false
	}
	flush := func() {
		end()
		for i, w := range words {
			if w == "parley" && words[0] != "install" && (i == 0 || words[i-1] != "-u") {
				cmds = append(cmds, words[i+1:])
				break
			}
		}
		words = nil
	}
	line = regexp.MustCompile(`\$\([^)]*\)`).ReplaceAllString(strings.TrimSpace(line), "X")
	for i, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
			if word.String() == "..." { // a word that the reader puts in, and no flags left out
				word.WriteString(" ")
			}
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, has = r, true
		case r == ' ' || r == '\t':
			end()
		case r == '#' && !has: // a comment
			flush()
			return cmds
		case strings.ContainsRune("|;&<>", r):
			if word.String() == "2" && i > 0 {
				word.Reset()
				has = false
			}
			flush()
		default:
			word.WriteRune(r)
			has = true
		}
	}
	flush()
	return cmds
}

// parses gives a command line to the parser; where it asks for a file that is
// not there, it is given one.
func parses(p *kong.Kong, dir string, args []string) error {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "..." })
	if len(args) > 0 && args[0] == "parley" { // sudo -u parley parley
		args = args[1:]
	}
	if len(args) == 0 || args[0] == "COMMAND" || args[0] == "key" { // of the rooms of the trusted core
		return nil
	}
	for range 4 {
		err := parseHelp(p, args)
		if err == nil {
			return nil
		}
		m := regexp.MustCompile(`stat ([^:]+): no such file`).FindStringSubmatch(err.Error())
		if m == nil {
			return err
		}
		there := dir
		if !strings.Contains(err.Error(), "<dir>") {
			there = filepath.Join(dir, "file")
			if err := os.WriteFile(there, nil, 0o600); err != nil {
				return err
			}
		}
		for i, a := range args {
			if filepath.Base(a) == filepath.Base(m[1]) {
				args[i] = there
			}
		}
	}
	return fmt.Errorf("no file that it takes: %q", args)
}

// parseHelp takes --help for parsed.
func parseHelp(p *kong.Kong, args []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exited); !ok {
				panic(r)
			}
			err = nil
		}
	}()
	_, err = p.Parse(args)
	return err
}
