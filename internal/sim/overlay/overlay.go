// Package overlay makes files for go build -overlay from edits: small changes of
// the product's sources, kept as text beside the simulator, so that the product
// itself has no test hook. An edit that no longer fits the source is an error.
package overlay

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An Edit changes some files of the module.
type Edit struct {
	Name  string
	About string // the lines before the first file
	Files []File
}

// A File is what an edit does to one file, named from the module's root.
type File struct {
	Path  string
	New   string // the whole file, when the edit adds it
	Swaps []Swap
}

// A Swap replaces Old, which stands in the file exactly once, by New.
type Swap struct{ Old, New string }

// Marks of the edit format. Each stands alone on its line; a path follows the
// first two.
const (
	markFile = "== "
	markAdd  = "++ "
	markOld  = "<<<<"
	markMid  = "===="
	markEnd  = ">>>>"
)

// Read reads one edit file.
func Read(path string) (*Edit, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	e, err := parse(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	e.Name = strings.TrimSuffix(filepath.Base(path), ".edit")
	return e, nil
}

func parse(text string) (*Edit, error) {
	e := new(Edit)
	var about, part []string
	in := "" // about, file, add, old, new
	flush := func() string {
		s := strings.Join(part, "\n")
		part = nil
		return s
	}
	file := func() *File { return &e.Files[len(e.Files)-1] }
	for n, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case in == "old" && l == markMid:
			file().Swaps = append(file().Swaps, Swap{Old: flush()})
			in = "new"
		case in == "new" && l == markEnd:
			file().Swaps[len(file().Swaps)-1].New = flush()
			in = "file"
		case in == "old" || in == "new":
			part = append(part, l)
		case strings.HasPrefix(l, markFile), strings.HasPrefix(l, markAdd):
			if in == "add" {
				file().New = flush() + "\n"
			}
			e.Files = append(e.Files, File{Path: l[3:]})
			in = "file"
			if strings.HasPrefix(l, markAdd) {
				in = "add"
			}
		case in == "add":
			part = append(part, l)
		case in == "file" && l == markOld:
			in = "old"
		case in == "file" && l == "":
		case in == "":
			about = append(about, l)
		default:
			return nil, fmt.Errorf("line %d: %q stands where %q or a file is wanted", n+1, l, markOld)
		}
	}
	if in == "add" {
		file().New = flush() + "\n"
	} else if in != "file" {
		return nil, fmt.Errorf("it ends in the middle of an edit")
	}
	e.About = strings.TrimSpace(strings.Join(about, " "))
	return e, nil
}

// Write applies the edits, one after another, to the module at root, writes the
// changed files into dir, and returns the path of the overlay file.
func Write(root, dir string, edits ...*Edit) (string, error) {
	text := map[string]string{}
	for _, e := range edits {
		for i := range e.Files {
			if err := e.Files[i].apply(root, text); err != nil {
				return "", fmt.Errorf("edit %s: %w", e.Name, err)
			}
		}
	}
	replace := map[string]string{}
	for path, s := range text {
		to := filepath.Join(dir, strings.ReplaceAll(path, "/", "+"))
		if err := os.WriteFile(to, []byte(s), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, filepath.FromSlash(path))] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "overlay.json")
	return out, os.WriteFile(out, b, 0o600)
}

func (f *File) apply(root string, text map[string]string) error {
	if f.New != "" {
		text[f.Path] = f.New
		return nil
	}
	s, ok := text[f.Path]
	if !ok {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		s = string(b)
	}
	for _, w := range f.Swaps {
		if n := strings.Count(s, w.Old); n != 1 {
			return fmt.Errorf("%s: what it replaces stands there %d times, not once: %q", f.Path, n, first(w.Old))
		}
		s = strings.Replace(s, w.Old, w.New, 1)
	}
	text[f.Path] = s
	return nil
}

func first(s string) string {
	l, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(l)
}

// Build builds pkg of the module at root with the edits, as the program out.
func Build(root, out, pkg string, edits ...*Edit) error {
	dir, err := os.MkdirTemp("", "overlay")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := Write(root, dir, edits...)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-overlay", file, "-o", out, pkg)
	cmd.Dir = root
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s with %d edits: %w\n%s", pkg, len(edits), err, msg)
	}
	return nil
}

// Root returns the directory of the module that the working directory is in.
func Root() (string, error) {
	b, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
