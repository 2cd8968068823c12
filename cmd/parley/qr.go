package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"rsc.io/qr"

	"parley"
)

// A file goes over a screen as one or more QR codes, each with one line of
// text: PARLEY n/m digest data, the digest being of the whole file. Scanned
// lines, in any order, are a file that accept and reveal take. The alphabet is
// that of alphanumeric codes; a code fits into 80 columns.
const (
	qrQuiet   = 4
	qrPart    = 520 // characters of data in one code
	qrParts   = 24
	qrColumns = 80
)

var (
	qrCoding = base32.StdEncoding.WithPadding(base32.NoPadding)
	qrLine   = regexp.MustCompile(`^PARLEY ([1-9][0-9]?)/([1-9][0-9]?) ([0-9A-F]{8}) ([A-Z2-7]+)$`)
)

// qrFlags are of the commands that hand something over.
type qrFlags struct {
	QR      bool `name:"qr" help:"Show what is handed over as QR codes, on a terminal."`
	QRForce bool `name:"qr-force" help:"The same, where the output is no terminal."`
}

// check refuses what would fill a pipe with drawings.
func (f qrFlags) check(s *session) error {
	if f.QR && !f.QRForce && !terminal(s.out) {
		return usagef("for a pipe or a file: --qr-force", "QR codes are drawn on a terminal, and the output is none")
	}
	return nil
}

func (f qrFlags) wanted() bool { return f.QR || f.QRForce }

// showFile draws a file as codes.
func (f qrFlags) showFile(s *session, b []byte) error {
	if !f.wanted() || len(b) == 0 {
		return nil
	}
	parts, err := splitParts(b)
	if err != nil {
		return err
	}
	for i, p := range parts {
		fmt.Fprintf(s.out, "code %d of %d\n", i+1, len(parts))
		if err := drawQR(s.out, p, terminal(s.out)); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.out, "Each code is one line of text. The lines in one file, in any order, are this file.")
	return nil
}

// showText draws one short text.
func (f qrFlags) showText(s *session, what, text string) error {
	if !f.wanted() || text == "" {
		return nil
	}
	fmt.Fprintln(s.out, what)
	return drawQR(s.out, text, terminal(s.out))
}

// splitParts returns the texts of the codes of a file. The error is Oversize.
func splitParts(b []byte) ([]string, error) {
	sum, data := sha256.Sum256(b), qrCoding.EncodeToString(b)
	n := (len(data) + qrPart - 1) / qrPart
	if n > qrParts {
		return nil, parley.Errorf(parley.Oversize, "%s would take %d QR codes, at most %d are shown", size(int64(len(b))), n, qrParts).
			WithHint("hand the file over")
	}
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("PARLEY %d/%d %X %s", i+1, n, sum[:4], data[i*qrPart:min(len(data), (i+1)*qrPart)]))
	}
	return out, nil
}

// joinParts gives back the file of which b holds the lines of all codes; other
// bytes it returns as they are. The error is Malformed.
func joinParts(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte("PARLEY ")) {
		return b, nil
	}
	var parts []string
	digest := ""
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if l == "" {
			continue
		}
		m := qrLine.FindStringSubmatch(l)
		if m == nil {
			return nil, parley.Errorf(parley.Malformed, "this is no line of a QR code of parley: %.40q", l)
		}
		i, _ := strconv.Atoi(m[1])
		n, _ := strconv.Atoi(m[2])
		if parts == nil {
			parts, digest = make([]string, n), m[3]
		}
		if n != len(parts) || i > n || m[3] != digest || parts[i-1] != "" && parts[i-1] != m[4] {
			return nil, parley.Errorf(parley.Malformed, "the codes are of different files").WithHint("scan all codes of one file again")
		}
		parts[i-1] = m[4]
	}
	for i, p := range parts {
		if p == "" {
			return nil, parley.Errorf(parley.Malformed, "code %d of %d is missing", i+1, len(parts)).WithHint("scan it too; the order does not matter")
		}
	}
	out, err := qrCoding.DecodeString(strings.Join(parts, ""))
	if sum := sha256.Sum256(out); err != nil || fmt.Sprintf("%X", sum[:4]) != digest {
		return nil, parley.Errorf(parley.Malformed, "the codes do not give the file they were made of").WithHint("scan all codes of one file again")
	}
	return out, nil
}

// drawQR draws a code with half blocks, two rows of modules in one of text. With
// colours the light modules are white whatever the terminal's are; without,
// they are blanks.
func drawQR(w io.Writer, text string, colours bool) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return parley.Errorf(parley.Oversize, "this is too long for a QR code: %v", err)
	}
	side := code.Size + 2*qrQuiet
	if side > qrColumns {
		return parley.Errorf(parley.Oversize, "the QR code would be %d columns wide", side).WithHint("hand the file over")
	}
	var b strings.Builder
	for y := 0; y < side; y += 2 {
		if colours {
			b.WriteString("\x1b[30;107m")
		}
		for x := range side {
			top, low := code.Black(x-qrQuiet, y-qrQuiet), code.Black(x-qrQuiet, y+1-qrQuiet)
			b.WriteString([]string{" ", "▀", "▄", "█"}[bit(top)+2*bit(low)])
		}
		if colours {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
