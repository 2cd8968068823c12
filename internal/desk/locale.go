package desk

import (
	"encoding/json"
	"fmt"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"parley"
)

// languages of the desk, in the order they are offered: those that have a
// catalogue.
var languages = catalogues("en", "zh", "ar", "fr", "es", "ru")

func catalogues(langs ...string) (have []string) {
	for _, l := range langs {
		if _, err := files.Open(path.Join("locales", l+".json")); err == nil {
			have = append(have, l)
		}
	}
	return have
}

// A message is one text of the catalogue: one form, or one for each plural
// class of the language under zero, one, two, few, many and other.
type message map[string]string

// UnmarshalJSON reads a string, or an object of plural classes.
func (m *message) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*m = message{"other": s}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	if forms["other"] == "" {
		return fmt.Errorf("message %s has no form \"other\"", b)
	}
	*m = forms
	return nil
}

// locale is the catalogue of one language.
type locale struct {
	Lang     string
	Name     string // in the language itself
	Dir      string // "ltr" or "rtl"
	messages map[string]message
	phrases  []phrase // what the station says
	names    *names   // of the parties; nil: nobody knows any
}

// names are those of the parties by their codes, as a page last read them.
type names = atomic.Pointer[map[parley.PartyCode]string]

// loadLocales reads all catalogues, once: nobody changes them.
var loadLocales = sync.OnceValues(func() (map[string]*locale, error) {
	books := map[string]*locale{}
	phrases, err := loadPhrases()
	if err != nil {
		return nil, err
	}
	for _, lang := range languages {
		b, err := files.ReadFile(path.Join("locales", lang+".json"))
		if err != nil {
			return nil, err
		}
		l := &locale{Lang: lang, Dir: "ltr", phrases: phrases}
		if err := json.Unmarshal(b, &l.messages); err != nil {
			return nil, fmt.Errorf("reading locale %s: %w", lang, err)
		}
		if lang == "ar" {
			l.Dir = "rtl"
		}
		l.Name = l.text("language.self")
		books[lang] = l
	}
	return books, nil
})

// has reports whether the catalogue has the key.
func (l *locale) has(key string) bool { _, ok := l.messages[key]; return ok }

// text returns the message of a key with {0}, {1}... replaced by args. The
// first whole number among args chooses the plural form. A missing key shows
// as itself: tests exclude it for keys that are written in the code.
func (l *locale) text(key string, args ...any) string {
	m, ok := l.messages[key]
	if !ok {
		return key
	}
	s := m["other"]
	if len(m) > 1 {
		if n, ok := firstNumber(args); ok {
			if f, ok := m[pluralClass(l.Lang, n)]; ok {
				s = f
			}
		}
	}
	if len(args) == 0 {
		return s
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", l.isolate(fmt.Sprint(a)))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// isolate keeps a text put into a message from turning the direction of what
// stands around it.
func (l *locale) isolate(s string) string {
	if l.Dir == "ltr" && strings.IndexFunc(s, rightToLeft) < 0 {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// figures keeps a date or a time in its order, from left to right: among Arabic
// words 2026-11-23 would be shown as 23-11-2026.
func (l *locale) figures(s string) string {
	if l.Dir == "ltr" {
		return s
	}
	return "\u2066" + s + "\u2069"
}

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam)
}

func firstNumber(args []any) (int64, bool) {
	for _, a := range args {
		switch n := a.(type) {
		case int:
			return int64(n), true
		case int64:
			return n, true
		case uint64:
			return int64(n), true
		}
	}
	return 0, false
}

// pluralClass is the CLDR plural category of a whole number.
func pluralClass(lang string, n int64) string {
	if n < 0 {
		n = -n
	}
	switch lang {
	case "zh":
		return "other"
	case "ar":
		switch m := n % 100; {
		case n == 0:
			return "zero"
		case n == 1:
			return "one"
		case n == 2:
			return "two"
		case m >= 3 && m <= 10:
			return "few"
		case m >= 11:
			return "many"
		}
		return "other"
	case "fr":
		if n < 2 {
			return "one"
		}
		return "other"
	case "ru":
		switch m := n % 100; {
		case n%10 == 1 && m != 11:
			return "one"
		case n%10 >= 2 && n%10 <= 4 && (m < 12 || m > 14):
			return "few"
		}
		return "many"
	}
	if n == 1 {
		return "one"
	}
	return "other"
}

// pluralClasses are those a message with plural forms must have.
func pluralClasses(lang string) []string {
	switch lang {
	case "zh":
		return []string{"other"}
	case "ar":
		return []string{"zero", "one", "two", "few", "many", "other"}
	case "ru":
		return []string{"one", "few", "many", "other"}
	}
	return []string{"one", "other"}
}

// keys returns every key, sorted.
func (l *locale) keys() []string {
	list := make([]string, 0, len(l.messages))
	for k := range l.messages {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}

// coded is a text for a code of the station: ours in the officer's language
// when the catalogue has the code, else the station's English.
type coded struct {
	Text    string
	English bool // to be marked as English
}

func (l *locale) coded(prefix, code, english string) coded {
	if k := prefix + "." + code; code != "" && l.has(k) {
		return coded{Text: l.text(k)}
	}
	if english == "" {
		return coded{Text: code, English: true}
	}
	return coded{Text: english, English: true}
}
