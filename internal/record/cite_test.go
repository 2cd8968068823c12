package record_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"parley"
	"parley/internal/record"
	"parley/internal/record/recordtest"
)

// cited returns the citation of a line as a text carries it.
func cited(t *testing.T, src record.Source) (*record.Citation, string) {
	t.Helper()
	c, err := record.Cite(src)
	if err != nil {
		t.Fatal(err)
	}
	text := "Dear colleagues,\nwhat was agreed before stands.\n\n" + c.Text() + "\nAlder\n"
	read, err := record.ParseCitation(text)
	if err != nil {
		t.Fatal(err)
	}
	if read.Text() != c.Text() {
		t.Fatalf("it reads back as\n%s\nwas\n%s", read.Text(), c.Text())
	}
	return read, text
}

// TestCitation: a citation is true of the record it was made of and of every longer
// one; where less is held nobody can tell; one digit of it altered is noticed.
func TestCitation(t *testing.T) {
	s := recordtest.NewStory(nil)
	src := recordtest.Source{Line: s.Line}
	c, text := cited(t, src)
	if unheld, err := c.Check(src); err != nil || len(unheld) > 0 {
		t.Errorf("it is not true of what it was made of: %v, %v", unheld, err)
	}
	if left, err := c.Omits(src); err != nil || len(left) > 0 {
		t.Errorf("a whole citation omits %v, %v", left, err)
	}
	short := *c
	short.Logs = c.Logs[1:]
	if left, err := short.Omits(src); err != nil || len(left) != 1 || left[0] != c.Logs[0] {
		t.Errorf("without its first log it omits %v, %v", left, err)
	}
	if _, err := short.Check(src); err != nil {
		t.Errorf("what it does say is true: %v", err)
	}
	longer := *c
	longer.Logs = append([]record.CitedLog(nil), c.Logs...)
	longer.Logs[1].Size++
	if unheld, err := longer.Check(src); err != nil || len(unheld) != 1 || unheld[0].Gen != c.Logs[1].Gen {
		t.Errorf("more is cited than is held: %v, %v", unheld, err)
	}
	unknown := longer
	unknown.Logs = append([]record.CitedLog(nil), c.Logs...)
	unknown.Logs[0].Gen[0] ^= 1
	if unheld, err := unknown.Check(src); err != nil || len(unheld) != 1 {
		t.Errorf("a log that is not here: %v, %v", unheld, err)
	}
	unknown.Logs[0].Size, unknown.Logs[0].Root = 0, sha256.Sum256(nil) // the root of an empty log, of any
	if unheld, err := unknown.Check(src); err != nil || len(unheld) != 1 {
		t.Errorf("an empty log that is not here: %v, %v", unheld, err)
	}
	for size := range c.Logs[0].Size {
		older := *c
		older.Logs = []record.CitedLog{c.Logs[0]}
		older.Logs[0].Size = size
		if _, err := older.Check(src); parley.KindOf(err) != parley.BadProof {
			t.Errorf("the root of %d entries cited for %d: %v", c.Logs[0].Size, size, err)
		}
	}
	accepted := 0
	for i := strings.Index(text, "goes on"); i < len(text); i++ {
		for _, d := range []byte("07af") {
			if text[i] == d || !strings.ContainsRune("0123456789abcdef", rune(text[i])) {
				continue
			}
			x, err := record.ParseCitation(text[:i] + string(d) + text[i+1:])
			if err != nil || x.Text() == c.Text() {
				continue // not a citation, or the same one
			}
			unheld, err := x.Check(src)
			if err == nil && len(unheld) == 0 {
				t.Errorf("altered at %d to %q it is taken for true:\n%s", i, d, x.Text())
			}
			accepted++
		}
	}
	if accepted < 200 {
		t.Errorf("%d alterations were looked at", accepted)
	}
}

// TestCitationRefuses: what is no citation, or two, is none.
func TestCitationRefuses(t *testing.T) {
	_, text := cited(t, recordtest.Source{Line: recordtest.NewStory(nil).Line})
	lines := strings.SplitAfter(text, "\n")
	var founding, log string
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, "founding "):
			founding = l
		case strings.HasPrefix(l, "log "):
			log = l
		}
	}
	for name, c := range map[string]struct {
		text string
		want parley.Kind
	}{
		"nothing":               {"", parley.NotFound},
		"another text":          {"the founding of towns\nlog of the voyage\n", parley.NotFound},
		"two":                   {text + text, parley.Malformed},
		"no founding":           {strings.Replace(text, founding, "", 1), parley.Malformed},
		"no log":                {text[:strings.Index(text, "\nlog ")] + "\n", parley.Malformed},
		"a line that is none":   {strings.Replace(text, "from line ", "from line x", 1), parley.Malformed},
		"a hash that is none":   {strings.Replace(text, founding, "founding 12\n", 1), parley.Malformed},
		"a log of three parts":  {strings.Replace(text, log, "log alder 00 1\n", 1), parley.Malformed},
		"a size that is none":   {strings.Replace(text, log, "log alder 0011223344556677 -1 "+strings.Repeat("0", 64)+"\n", 1), parley.Malformed},
		"a party that is none":  {strings.Replace(text, log, "log ALDER 0011223344556677 1 "+strings.Repeat("0", 64)+"\n", 1), parley.Malformed},
		"more logs than may be": {text + strings.Repeat(log, 1001), parley.Malformed},
	} {
		if _, err := record.ParseCitation(c.text); parley.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// FuzzParseCitation: what is read says again what it said.
func FuzzParseCitation(f *testing.F) {
	c, err := record.Cite(recordtest.Source{Line: recordtest.NewStory(nil).Line})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Text())
	f.Add("goes on from line \nfounding \nlog a b c d")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := record.ParseCitation(text)
		if err != nil {
			return
		}
		again, err := record.ParseCitation(c.Text())
		if err != nil || again.Text() != c.Text() {
			t.Fatalf("%v: %q", err, c.Text())
		}
	})
}
