package desk

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"parley/internal/form"
)

// A phrase is a sentence of the station, which speaks English, with its
// translations. Slots {0}, {1}... stand for what varies.
type phrase struct {
	start string // what it begins with, looked at before the pattern
	re    *regexp.Regexp
	slots []string
	text  map[string]string // by language
}

// maxSaid is how deep sentences stand in one another, as causes of errors do.
const maxSaid = 4

var slotOf = regexp.MustCompile(`\{\d\}`)

// loadPhrases reads the sentences, those with most words of their own first, so
// that a sentence is taken for the one that says most.
func loadPhrases() ([]phrase, error) {
	b, err := files.ReadFile("locales/phrases.json")
	if err != nil {
		return nil, err
	}
	var list []map[string]string
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("reading phrases: %w", err)
	}
	for _, lang := range languages { // phrases.fr.json and the like: English to the language
		b, err := files.ReadFile("locales/phrases." + lang + ".json")
		if err != nil {
			continue
		}
		var said map[string]string
		if err := json.Unmarshal(b, &said); err != nil {
			return nil, fmt.Errorf("reading phrases of %s: %w", lang, err)
		}
		for _, m := range list {
			if s := said[m["en"]]; s != "" {
				m[lang] = s
			}
		}
	}
	slices.SortStableFunc(list, func(a, b map[string]string) int { return own(b["en"]) - own(a["en"]) })
	var out []phrase
	for _, m := range list {
		out = append(out, newPhrase(m))
	}
	return out, nil
}

func own(s string) int { return len(slotOf.ReplaceAllString(s, "")) }

func newPhrase(m map[string]string) phrase {
	p := phrase{text: m, slots: slotOf.FindAllString(m["en"], -1)}
	pattern := "(?s)^"
	for i, part := range slotOf.Split(m["en"], -1) {
		if i == 0 {
			p.start = part
		} else {
			pattern += "(.+?)"
		}
		pattern += regexp.QuoteMeta(part)
	}
	p.re = regexp.MustCompile(pattern + "$")
	return p
}

// said is a sentence of the station in the language of the catalogue. What the
// catalogue does not know stays English, and is to be marked as English.
func (l *locale) said(english string) coded {
	if l.Lang == "en" || strings.TrimSpace(english) == "" {
		return coded{Text: form.Visible(english)}
	}
	if s, ok := l.sentence(english, maxSaid); ok {
		return coded{Text: s}
	}
	return coded{Text: english, English: true}
}

func (l *locale) sentence(s string, deep int) (string, bool) {
	if deep == 0 {
		return "", false
	}
	if d, err := lengthOf(s); err == nil {
		return l.age(d), true
	}
	for _, k := range []string{"office." + s, "rung." + strings.ReplaceAll(s, " ", "_"), "form." + s, "draft.state_" + s, "contact.level." + s} {
		if l.has(k) {
			return l.text(k), true
		}
	}
	for _, p := range l.phrases {
		if !strings.HasPrefix(s, p.start) {
			continue
		}
		if m := p.re.FindStringSubmatch(s); m != nil {
			return l.filled(p, m[1:], deep), true
		}
	}
	doing, cause, ok := strings.Cut(s, ": ")
	if !ok {
		return "", false
	}
	first, ok1 := l.sentence(doing, deep-1)
	second, ok2 := l.sentence(cause, deep-1)
	return first + ": " + second, ok1 && ok2
}

// filled puts what varies into the translation: sentences of the station in the
// same language, anything else as it is.
func (l *locale) filled(p phrase, args []string, deep int) string {
	var pairs []string
	for i, slot := range p.slots {
		t, ok := l.sentence(args[i], deep-1)
		if !ok {
			t = form.Visible(args[i])
		}
		pairs = append(pairs, slot, l.isolate(t))
	}
	return strings.NewReplacer(pairs...).Replace(p.text[l.Lang])
}

var spans = regexp.MustCompile(`^(\d+) (s|min|h|days)$|^(\d+) h (\d\d) min$`)

// lengthOf reads a length of time as the station writes it.
func lengthOf(s string) (time.Duration, error) {
	m := spans.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no length of time", s)
	}
	if m[2] == "days" {
		var n int64
		_, err := fmt.Sscan(m[1], &n)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(strings.NewReplacer(" min", "m", " ", "").Replace(s))
}
