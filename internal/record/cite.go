package record

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
)

// A Citation says in a dispatch of one line which other line it goes on from: the
// founding of that line, and how far each of its logs had come when it was written.
// Whoever holds the record of that line can check it; anybody else learns by it
// under which founding to verify proof files of it.
type Citation struct {
	Line     parley.LineID
	Founding Hash
	Logs     []CitedLog // in the order of their certificates
}

// CitedLog is one generation of a log, as far as it is cited.
type CitedLog struct {
	Party parley.PartyCode
	Gen   parley.GenerationID
	Size  uint64
	Root  Hash
}

// maxCited bounds the logs of one citation: generations of five parties over many
// years.
const maxCited = 1000

// The first words of a citation's lines, before what they say.
const (
	citesLine     = "goes on from line "
	citesFounding = "founding "
	citesLog      = "log "
)

// Cite cites a line as it is held now. Errors are those of the source, and
// Unavailable where nothing of it is held yet.
func Cite(src Source) (*Citation, error) {
	b, err := src.Founding()
	if err != nil {
		return nil, fmt.Errorf("citing a line: %w", err)
	}
	f, err := charter.ParseFounding(b)
	if err != nil {
		return nil, fmt.Errorf("citing a line: %w", err)
	}
	logs, err := src.Logs()
	if err != nil {
		return nil, fmt.Errorf("citing a line: %w", err)
	}
	if len(logs) == 0 {
		return nil, parley.Errorf(parley.Unavailable, "citing a line: nothing of its logs is here").WithHint("wait until the other stations have given it back")
	}
	c := &Citation{Line: f.Line, Founding: f.Hash()}
	for _, l := range logs {
		x, err := journal.ParseCertificate(l.Certificate)
		if err != nil {
			return nil, fmt.Errorf("citing a line: %w", err)
		}
		root, err := rootAt(src, x.Gen, l.Size, l.Size)
		if err != nil {
			return nil, fmt.Errorf("citing a line: %w", err)
		}
		c.Logs = append(c.Logs, CitedLog{x.Party, x.Gen, l.Size, root})
	}
	return c, nil
}

// rootAt is the root over the first size entries of a log of which held are here.
func rootAt(src Source, gen parley.GenerationID, held, size uint64) (Hash, error) {
	t, err := journal.NewTree(held, journal.ReaderFunc(func(indexes []int64) ([]Hash, error) { return src.Hashes(gen, indexes) }))
	if err != nil {
		return Hash{}, err
	}
	return t.RootAt(size)
}

// Text is the citation as a dispatch says it, to be read and to be checked. It ends
// in a newline.
func (c *Citation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n%s%x\n", citesLine, c.Line, citesFounding, c.Founding)
	for _, l := range c.Logs {
		fmt.Fprintf(&b, "%s%s %s %d %x\n", citesLog, l.Party, l.Gen, l.Size, l.Root)
	}
	return b.String()
}

// ParseCitation reads the one citation that stands in a text; other lines of it are
// passed over. Errors: NotFound when there is none, Malformed.
func ParseCitation(text string) (*Citation, error) {
	var c *Citation
	founded := false
	for _, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		rest, isLine := strings.CutPrefix(l, citesLine)
		var err error
		switch {
		case isLine && c != nil:
			err = parley.Errorf(parley.Malformed, "it cites two lines")
		case isLine:
			c = new(Citation)
			c.Line, err = parley.ParseLineID(rest)
		case c == nil:
		case strings.HasPrefix(l, citesFounding) && !founded:
			founded = true
			err = hexHash(&c.Founding, l[len(citesFounding):])
		case strings.HasPrefix(l, citesLog) && founded:
			err = c.log(strings.Fields(l[len(citesLog):]))
		}
		if err != nil {
			return nil, parley.Errorf(parley.Malformed, "reading a citation: %v", err)
		}
	}
	switch {
	case c == nil:
		return nil, parley.Errorf(parley.NotFound, "the text cites no line").WithHint("a citation has a line that begins with %q", citesLine)
	case !founded || len(c.Logs) == 0:
		return nil, parley.Errorf(parley.Malformed, "reading a citation: it names no founding, or no log")
	}
	return c, nil
}

func (c *Citation) log(part []string) (err error) {
	if len(part) != 4 || len(c.Logs) == maxCited {
		return parley.Errorf(parley.Malformed, "a log of %d parts, the %dth", len(part), len(c.Logs)+1)
	}
	var l CitedLog
	if l.Party, err = parley.ParsePartyCode(part[0]); err != nil {
		return err
	}
	if l.Gen, err = parley.ParseGenerationID(part[1]); err != nil {
		return err
	}
	if l.Size, err = strconv.ParseUint(part[2], 10, 63); err != nil {
		return err
	}
	c.Logs = append(c.Logs, l)
	return hexHash(&c.Logs[len(c.Logs)-1].Root, part[3])
}

func hexHash(to *Hash, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(to) {
		return parley.Errorf(parley.Malformed, "%q is not a hash of 64 digits", s)
	}
	copy(to[:], b)
	return nil
}

// Check holds the citation to a record of the line that it cites. It returns the
// logs of which less is held here than is cited: of these nobody can tell from here.
// Errors: WrongLine when the record is of another line, or founded otherwise;
// BadProof when a log stood otherwise at the size that is cited.
func (c *Citation) Check(src Source) (unheld []CitedLog, err error) {
	here, err := Cite(src)
	if err != nil {
		return nil, err
	}
	if c.Line != here.Line || c.Founding != here.Founding {
		return nil, parley.Errorf(parley.WrongLine, "it cites line %s, founded by %x; this is line %s, founded by %x", c.Line, c.Founding, here.Line, here.Founding)
	}
	for _, l := range c.Logs {
		i := slices.IndexFunc(here.Logs, func(h CitedLog) bool { return h.Gen == l.Gen })
		switch {
		case i >= 0 && here.Logs[i].Party != l.Party:
			return nil, parley.Errorf(parley.BadProof, "it cites log %s as that of %s; it is that of %s", l.Gen, l.Party, here.Logs[i].Party)
		case i < 0 || here.Logs[i].Size < l.Size: // of a log that is not here nothing is known, not even that it is empty
			unheld = append(unheld, l)
			continue
		}
		root, err := rootAt(src, l.Gen, here.Logs[i].Size, l.Size)
		if err != nil {
			return nil, fmt.Errorf("checking a citation: %w", err)
		}
		if root != l.Root {
			return nil, parley.Errorf(parley.BadProof, "at %d entries the root of log %s/%s is %x; it cites %x", l.Size, l.Party, l.Gen, root, l.Root)
		}
	}
	return unheld, nil
}

// Omits returns the logs of the line, as they are held here, of which a citation says
// nothing. One may have begun since; of another its writer chose to be silent.
func (c *Citation) Omits(src Source) (out []CitedLog, err error) {
	here, err := Cite(src)
	if err != nil {
		return nil, err
	}
	for _, h := range here.Logs {
		if !slices.ContainsFunc(c.Logs, func(l CitedLog) bool { return l.Gen == h.Gen }) {
			out = append(out, h)
		}
	}
	return out, nil
}
