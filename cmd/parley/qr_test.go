package main

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"parley"
)

// scan reads the codes drawn in text with zbarimg, as a camera would: each is
// drawn as an image first.
func scan(t failer, dir, text string) (lines []string) {
	if _, err := exec.LookPath("zbarimg"); err != nil {
		t.Fatalf("no zbarimg in PATH: run `make deps`")
	}
	var rows [][]rune
	flush := func() {
		if len(rows) > 10 {
			path := filepath.Join(dir, "code.png")
			drawPNG(t, path, rows)
			out, err := exec.Command("zbarimg", "-q", "--raw", path).Output()
			if err != nil {
				t.Fatalf("zbarimg: %v", err)
			}
			lines = append(lines, strings.TrimSuffix(string(out), "\n"))
		}
		rows = nil
	}
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if l == "" || strings.Trim(l, " ▀▄█") != "" {
			flush()
			continue
		}
		rows = append(rows, []rune(l))
	}
	flush()
	return lines
}

func drawPNG(t failer, path string, rows [][]rune) {
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, scale*len(rows[0]), 2*scale*len(rows)))
	for y, row := range rows {
		for x, r := range row {
			for half, black := range []bool{r == '▀' || r == '█', r == '▄' || r == '█'} {
				c := color.Gray{Y: 255}
				if black {
					c.Y = 0
				}
				for i := range scale * scale {
					img.SetGray(x*scale+i%scale, (2*y+half)*scale+i/scale, c)
				}
			}
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatalf("%v", err)
	}
}

// TestQR: what is drawn is read back by a scanner, whatever the size of the
// file, and fits on a terminal.
func TestQR(t *testing.T) {
	for _, n := range []int{1, 100, 326, 900, 2000} {
		b := make([]byte, n)
		rand.Read(b)
		parts, err := splitParts(b)
		if err != nil {
			t.Fatal(err)
		}
		var drawn bytes.Buffer
		for _, p := range parts {
			drawn.WriteString("code\n")
			if err := drawQR(&drawn, p, false); err != nil {
				t.Fatal(err)
			}
		}
		lines := scan(t, t.TempDir(), drawn.String())
		k, _ := rand.Int(rand.Reader, big.NewInt(int64(len(lines))))
		i := int(k.Int64())
		lines = append(lines[i:], lines[:i+1]...) // in another order, and one twice
		got, err := joinParts([]byte(strings.Join(lines, "\r\n") + "\n\n"))
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes in %d codes: %v", n, len(parts), err)
		}
		for l := range strings.Lines(drawn.String()) {
			if len([]rune(l)) > qrColumns+1 {
				t.Errorf("a line of %d columns", len([]rune(l)))
			}
		}
	}
	var colour bytes.Buffer
	if err := drawQR(&colour, "x", true); err != nil || !strings.HasPrefix(colour.String(), "\x1b[30;107m") || !strings.HasSuffix(colour.String(), "\x1b[0m\n") {
		t.Errorf("with colours: %q, %v", colour.String(), err)
	}
}

func TestJoinPartsRefuses(t *testing.T) {
	b := bytes.Repeat([]byte("a file. "), 100)
	p, err := splitParts(b)
	if err != nil || len(p) != 3 {
		t.Fatalf("%d parts, %v", len(p), err)
	}
	other, _ := splitParts(bytes.Repeat([]byte("another "), 100))
	flipped := strings.Replace(p[1], p[1][30:31], map[bool]string{true: "B", false: "A"}[p[1][30] == 'A'], 1)
	for name, lines := range map[string][]string{
		"one missing":  {p[0], p[2]},
		"two files":    {p[0], p[1], other[2]},
		"altered":      {p[0], flipped, p[2]},
		"contradicted": {p[0], p[1], p[2], flipped},
		"junk between": {p[0], "hello", p[1], p[2]},
		"no codes":     {"PARLEY "},
		"beyond":       {p[0], p[1], p[2], strings.Replace(p[2], "3/3", "4/3", 1)},
	} {
		if got, err := joinParts([]byte(strings.Join(lines, "\n"))); parley.KindOf(err) != parley.Malformed || err == nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if got, err := joinParts([]byte("-----BEGIN")); err != nil || string(got) != "-----BEGIN" {
		t.Errorf("another file: %q, %v", got, err)
	}
	if _, err := splitParts(make([]byte, 9000)); parley.KindOf(err) != parley.Oversize || err == nil {
		t.Errorf("too large: %v", err)
	}
}

// scanOutput runs "scan FILE": what the last command drew, as a scanner reads it.
func scanOutput(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(".")
	lines := scan(ts, dir, ts.ReadFile("stdout"))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, "\n")), 0o600))
}

// failer is what fails: a test, or a script of one.
type failer interface {
	Fatalf(format string, args ...any)
}

// FuzzJoinParts: whatever was scanned either is a file whose codes say so, or is
// refused; what was split comes back.
func FuzzJoinParts(f *testing.F) {
	f.Add([]byte("PARLEY 1/1 E3B0C442 A\n"))
	f.Add(bytes.Repeat([]byte("a file. "), 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		joinParts(b)
		parts, err := splitParts(b)
		if err != nil || len(b) == 0 {
			return
		}
		if got, err := joinParts([]byte(strings.Join(parts, "\n"))); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes come back as %d: %v", len(b), len(got), err)
		}
	})
}
