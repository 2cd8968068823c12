package page

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/record"
)

// Is reports whether a file begins as a page does.
func Is(start []byte) bool { return bytes.HasPrefix(start, []byte("<!DOCTYPE html>")) }

// Result is what VerifyAny finds: a *Report of a page, or a *record.Report.
type Result interface {
	Lines() []string
	Bad() int
}

// VerifyAny checks a file of any kind: a page, an exported record, a proof file,
// a proof of silence.
func VerifyAny(r io.Reader, opts record.VerifyOptions) (Result, error) {
	b := bufio.NewReaderSize(r, 4096)
	start, err := b.Peek(32)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if Is(start) {
		rep, err := Verify(b, opts)
		if err != nil {
			return nil, err
		}
		return rep, nil
	}
	rep, err := record.VerifyAny(b, opts)
	if err != nil {
		return nil, err
	}
	return rep, nil
}

// Report is what a page proves, and what of it does not verify.
type Report struct {
	What      string           `json:"what"`           // "page"
	Language  string           `json:"language"`       // of the frame
	Kind      Kind             `json:"kind,omitempty"` // empty when it does not verify
	Title     string           `json:"title,omitempty"`
	Signed    []string         `json:"signed,omitempty"`   // parties whose signatures are under the text
	Unsigned  []string         `json:"unsigned,omitempty"` // of a joint statement: parties of the line whose are not
	Bytes     int              `json:"bytes"`              // of the page, all compared
	Proofs    []*record.Report `json:"proofs"`
	NotProved []string         `json:"not_proved"`
	Errors    []record.Failure `json:"errors,omitempty"`

	Page *Page `json:"-"` // nil when it does not verify
}

// Bad is how many failures there are.
func (r *Report) Bad() int { return len(r.Errors) }

// Err returns the first failure; nil when there is none.
func (r *Report) Err() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return r.Errors[0].Err()
}

func (r *Report) fail(at int, err error) {
	r.Errors = append(r.Errors, record.NewFailure(record.Place{Byte: int64(at)}, "", err))
}

// notProved is what no page proves.
var notProved = []string{
	"that what is said is true, or that times are right: each is the word of whoever signed it",
	"that nobody has said otherwise since, or taken back a signature: the record shows that, and no page holds it",
	"that the page was to be seen anywhere at any time",
}

// Verify checks a page from its bytes alone: it takes the proof files out of it,
// verifies each, makes the page again from what they open, and compares every
// byte. What fails is named with its place. The error is Oversize, or that the
// founding is not the one given.
func Verify(r io.Reader, opts record.VerifyOptions) (*Report, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if len(b) > maxPage {
		return nil, parley.Errorf(parley.Oversize, "a page of more than %d bytes", maxPage)
	}
	rep := &Report{What: "page", Bytes: len(b), NotProved: notProved}
	f, at, err := frameOf(b)
	if err != nil {
		rep.fail(at, err)
		return rep, nil
	}
	rep.Language = f.Lang
	parts, at, err := find(b)
	if err != nil {
		rep.fail(at, err)
		return rep, nil
	}
	return rep, rep.judge(b, f, parts, opts)
}

func (r *Report) judge(b []byte, f *Frame, parts []part, opts record.VerifyOptions) error {
	var all []*proved
	for i, p := range parts {
		rep, opened, err := record.OpenProof(p.file, opts)
		if parley.KindOf(err) == parley.WrongLine && err != nil {
			return err
		}
		if err != nil {
			r.fail(p.from, err)
			continue
		}
		r.Proofs = append(r.Proofs, rep)
		for _, x := range rep.Errors {
			x.Place = record.Place{Byte: int64(p.place(b, int(x.Byte))), Item: i + 1}
			r.Errors = append(r.Errors, x)
		}
		all = append(all, &proved{opened, rep, p.file})
	}
	if len(r.Errors) > 0 {
		return nil
	}
	c, err := gather(all)
	if err != nil {
		r.fail(parts[0].from, err)
		return nil
	}
	p := c.page(f)
	if at := differ(b, p.HTML); at >= 0 {
		r.fail(at, parley.Errorf(parley.BadProof, "what stands here is not what the proofs of this page make: the text shown is not the text that was signed, or the page was altered"))
		return nil
	}
	r.Kind, r.Title, r.Page = c.kind, p.c.plainTitle(), p
	r.describe(c)
	if opts.Progress != nil {
		opts.Progress(int64(len(b)), int64(len(b)))
	}
	return nil
}

// plainTitle is the title in English, as text.
func (c *content) plainTitle() string {
	f := FrameIn("en")
	return strings.ReplaceAll(f.text["title_"+string(c.kind)], "{0}", form.Visible(f.join(c.whose())))
}

func (r *Report) describe(c *content) {
	if c.kind != Joint {
		r.Signed = []string{string(c.published.Party)}
		return
	}
	for _, p := range c.signed {
		r.Signed = append(r.Signed, string(p.Party))
	}
	for _, p := range c.published.report.Parties {
		if !has(c.signed, p.Code) {
			r.Unsigned = append(r.Unsigned, string(p.Code))
		}
	}
}

func has(list []*proved, p parley.PartyCode) bool {
	for _, x := range list {
		if x.Party == p {
			return true
		}
	}
	return false
}

// differ is where two files first differ; -1 where they do not.
func differ(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return n
	}
	return -1
}

// frameOf finds the frame of a page. With an error comes its place.
func frameOf(b []byte) (*Frame, int, error) {
	if at := differ(b[:min(len(b), len(begins))], []byte(begins)); at >= 0 {
		return nil, at, parley.Errorf(parley.Malformed, "a page does not begin so")
	}
	lang, _, _ := strings.Cut(string(b[len(begins):min(len(b), len(begins)+8)]), `"`)
	f := FrameIn(lang)
	if f == nil {
		return nil, len(begins), parley.Errorf(parley.Malformed, "a page with its frame in %q, which this program does not have", parley.Clip(lang))
	}
	return f, 0, nil
}

// part is a proof file where it stands in a page.
type part struct {
	from, to int
	file     []byte
}

// place is where in the page byte n of the file stands.
func (p part) place(b []byte, n int) int {
	at := p.from
	for ; n > 0 && at < p.to; n-- {
		if b[at] == '%' {
			at += 2
		}
		at++
	}
	return min(at, p.to)
}

// find takes the proof files out of a page. Each is found by either end of what
// stands before it, so that damage to one of them is named with its place.
func find(b []byte) (parts []part, at int, err error) {
	for from := 0; ; {
		i, j := bytes.Index(b[from:], []byte(carries)), bytes.Index(b[from:], []byte(proofHead))
		if i < 0 && j < 0 {
			break
		}
		start := from + i
		if i < 0 || j >= 0 && j < i {
			start = max(from, from+j-len(carries))
		}
		want := carries + proofHead
		if at := differ(b[start:min(len(b), start+len(want))], []byte(want)); at >= 0 {
			return nil, start + at, parley.Errorf(parley.Malformed, "no proof file begins so")
		}
		p := part{from: start + len(carries)}
		n := bytes.IndexByte(b[p.from:], '"')
		if n < 0 {
			return nil, p.from, parley.Errorf(parley.Malformed, "a proof file without an end")
		}
		p.to = p.from + n
		if p.file, at, err = unescape(b[p.from:p.to]); err != nil {
			return nil, p.from + at, err
		}
		if parts = append(parts, p); len(parts) > maxProofs {
			return nil, p.from, parley.Errorf(parley.Malformed, "more than %d proof files", maxProofs)
		}
		from = p.to
	}
	if len(parts) == 0 {
		return nil, 0, parley.Errorf(parley.Malformed, "no proof file stands in this page: it proves nothing")
	}
	return parts, 0, nil
}

// Proofs takes the proof files out of a page, and verifies nothing.
func Proofs(html []byte) (files [][]byte, err error) {
	parts, _, err := find(html)
	for _, p := range parts {
		files = append(files, p.file)
	}
	return files, err
}

// unescape undoes escape, and takes nothing else.
func unescape(b []byte) (out []byte, at int, err error) {
	out = make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case plain(b[i]):
			out = append(out, b[i])
		case b[i] == '%' && i+2 < len(b) && digit(b[i+1]) >= 0 && digit(b[i+2]) >= 0:
			out = append(out, byte(digit(b[i+1])<<4|digit(b[i+2])))
			i += 2
		default:
			return nil, i, parley.Errorf(parley.Malformed, "no proof file has this byte here")
		}
	}
	return out, 0, nil
}

func digit(b byte) int { return strings.IndexByte("0123456789ABCDEF", b) }

// Lines show the report to people.
func (r *Report) Lines() []string {
	var out []string
	if len(r.Proofs) > 0 {
		p := r.Proofs[0]
		out = append(out, "line "+p.Line, "founding "+p.Fingerprint)
		if p.Compared {
			out = append(out, "  it is the founding hash that was given")
		} else {
			out = append(out, "  NOT COMPARED: compare it with the founding hash that the parties published")
		}
		for _, x := range p.Parties {
			out = append(out, fmt.Sprintf("party %s: %s", x.Code, form.Visible(x.Name)))
		}
	}
	if r.Bad() > 0 {
		for _, f := range r.Errors {
			out = append(out, form.Visible(f.String()))
		}
		return append(out, fmt.Sprintf("NOT VERIFIED: %d of it does not verify", r.Bad()))
	}
	for _, p := range r.Proofs {
		out = append(out, p.Entry()...)
	}
	out = append(out, fmt.Sprintf("%s: signed by %s", r.Title, strings.Join(r.Signed, " and ")))
	if len(r.Unsigned) > 0 {
		out = append(out, fmt.Sprintf("  not signed by %s, who is on the line too", strings.Join(r.Unsigned, " and ")))
	}
	out = append(out, fmt.Sprintf("all %d bytes of the page are what these %d entries make of it: the text shown is the text that was signed", r.Bytes, len(r.Proofs)), "Not proved:")
	for _, s := range r.NotProved {
		out = append(out, "  "+s+".")
	}
	return out
}
