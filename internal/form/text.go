package form

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley"
)

// CheckLine checks a text of one line, such as a name or a subject: 1 to max
// characters, valid UTF-8, no control characters, no line separators, and none
// of the invisible characters that make a line read as another
// (spec/forms.md, Text). what names it in the error, which is BadForm.
func CheckLine(what, s string, max int) error {
	if s == "" {
		return refuse("%s is empty", what)
	}
	if strings.TrimSpace(s) != s {
		return refuse("%s begins or ends with a space", what)
	}
	if err := checkRunes(what, s, false); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(s); n > max {
		return refuse("%s has %d characters, at most %d are allowed", what, n, max)
	}
	return nil
}

// CheckOptionalLine is CheckLine, but the text may be empty.
func CheckOptionalLine(what, s string, max int) error {
	if s == "" {
		return nil
	}
	return CheckLine(what, s, max)
}

// CheckText checks a text of many lines: 1 to max bytes, valid UTF-8, no control
// characters but newline and tab. Controls of writing direction are kept, for
// the original is authentic; Visible shows them. The error is BadForm.
func CheckText(what, s string, max int) error {
	if strings.TrimSpace(s) == "" {
		return refuse("%s is empty", what)
	}
	if len(s) > max {
		return refuse("%s has %d bytes, at most %d are allowed", what, len(s), max)
	}
	return checkRunes(what, s, true)
}

func checkRunes(what, s string, lines bool) error {
	if !utf8.ValidString(s) {
		return refuse("%s is not valid UTF-8", what)
	}
	for i, r := range s {
		switch {
		case lines && (r == '\n' || r == '\t'):
		case unicode.IsControl(r):
			return refuse("%s has the control character U+%04X at byte %d", what, r, i)
		case lines:
		case hidden(r):
			return refuse("%s has the invisible character U+%04X at byte %d, which makes a line read as another", what, r, i)
		}
	}
	return nil
}

// bidi reports whether r embeds, overrides or isolates a writing direction.
func bidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// hidden reports whether r shows nothing and changes what is read: direction
// controls, separators, zero-width spaces and tag characters. The joiners and
// marks that scripts need (U+200C to U+200F, U+061C) are not among them.
func hidden(r rune) bool {
	switch {
	case bidi(r):
		return true
	case r == 0x00ad, r == 0x200b, r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	case r >= 0x2060 && r <= 0x2065, r >= 0x206a && r <= 0x206f, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// Visible returns s with every character that shows nothing and changes what
// is read replaced by its number in brackets, for display. The text itself is
// never changed.
func Visible(s string) string {
	clean := func(r rune) bool { return r == '\n' || r == '\t' || !unicode.IsControl(r) && !hidden(r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, "⟦byte %02X⟧", s[i])
		case clean(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		}
	}
	return b.String()
}

// Normal returns what an officer typed as it is to be checked and signed: line
// ends become newlines, and spaces and newlines at the end are cut.
func Normal(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.TrimRight(s, " \t\n")
}

// shorten cuts s to at most max characters and says so.
func shorten(s string, max int) string {
	n := 0
	for i := range s {
		if n++; n > max {
			return s[:i] + "…"
		}
	}
	return s
}

func refuse(format string, args ...any) *parley.Error {
	return parley.Errorf(parley.BadForm, format, args...)
}

// lineOf makes one line of any text that passes CheckLine with max.
func lineOf(s string, max int) string {
	s = strings.Join(strings.Fields(Visible(s)), " ")
	if s = shorten(s, max-1); s == "" {
		return "-"
	}
	return s
}
