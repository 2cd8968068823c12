package desk

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
)

// A phrase is a sentence of the station, which speaks English, with its
// translations. Slots {0}, {1}... stand for what varies.
type phrase struct {
	start string // what it begins with, looked at before the pattern
	re    *regexp.Regexp
	slots []string
	text  map[string]string // by language

	party  map[string]bool // slots that are the codes of parties
	theirs map[string]bool // slots whose words are not the station's
}

// maxSaid is how deep sentences stand in one another, as causes of errors do.
const maxSaid = 4

var slotOf = regexp.MustCompile(`\{\d\}`)

// loadPhrases reads the sentences, those that quote others first, then those with
// most words of their own, so that a sentence is taken for the one that says most
// and a quotation for no sentence of the station.
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
	slices.SortStableFunc(list, func(a, b map[string]string) int { return weight(b) - weight(a) })
	var out []phrase
	for _, m := range list {
		out = append(out, newPhrase(m))
	}
	return out, nil
}

func weight(m map[string]string) int {
	n := len(slotOf.ReplaceAllString(m["en"], ""))
	if m["theirs"] != "" {
		n += 1 << 10
	}
	return n
}

// codes match one code of a party, or several as the station writes them. Nothing
// else stands for a party: the words of a peer make no sentence of the station.
const codes = `(\[?[a-z0-9]{1,8}(?:(?: and |, | )[a-z0-9]{1,8})*\]?)`

func newPhrase(m map[string]string) phrase {
	p := phrase{text: m, slots: slotOf.FindAllString(m["en"], -1), party: slotsIn(m["party"]), theirs: slotsIn(m["theirs"])}
	pattern, caps := "(?s)^", slotsIn(m["caps"])
	for i, part := range slotOf.Split(m["en"], -1) {
		switch {
		case i == 0:
			p.start = part
		case p.party[p.slots[i-1]]:
			pattern += codes
		case caps[p.slots[i-1]]:
			pattern += "([A-Z]+)"
		default:
			pattern += "(.+?)"
		}
		pattern += regexp.QuoteMeta(part)
	}
	p.re = regexp.MustCompile(pattern + "$")
	return p
}

// slotsIn reads which slots are meant by "0,2".
func slotsIn(numbers string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Split(numbers, ",") {
		m["{"+n+"}"] = true
	}
	return m
}

// said is a sentence of the station in the language of the catalogue, with the
// names of parties in place of their codes. What the catalogue does not know
// stays English, and is to be marked as English.
func (l *locale) said(english string) coded {
	if strings.TrimSpace(english) == "" {
		return coded{}
	}
	if s, ok := l.sentence(english, maxSaid); ok {
		return coded{Text: s}
	}
	if l.Lang == "en" {
		return coded{Text: form.Visible(english)}
	}
	return coded{Text: english, English: true}
}

func (l *locale) sentence(s string, deep int) (string, bool) {
	if deep == 0 {
		return "", false
	}
	if l.Lang != "en" { // English stays as the station says it, but for names
		if d, err := lengthOf(s); err == nil {
			return l.age(d), true
		}
		for _, k := range []string{"office." + s, "rung." + strings.ReplaceAll(s, " ", "_"), "form." + s, "draft.state_" + s, "contact.level." + s} {
			if l.has(k) {
				return l.text(k), true
			}
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
	if l.Lang == "en" && ok1 != ok2 {
		if !ok1 {
			first = form.Visible(doing)
		} else {
			second = form.Visible(cause)
		}
		return first + ": " + second, true
	}
	return first + ": " + second, ok1 && ok2
}

// filled puts what varies into the translation: parties by their names, sentences
// of the station in the same language, anything else as it is.
func (l *locale) filled(p phrase, args []string, deep int) string {
	var pairs []string
	for i, slot := range p.slots {
		t := form.Visible(args[i])
		if p.party[slot] {
			t = l.parties(args[i])
		} else if !p.theirs[slot] {
			if own, ok := l.sentence(args[i], deep-1); ok {
				t = own
			}
		}
		pairs = append(pairs, slot, l.isolate(t))
	}
	return strings.NewReplacer(pairs...).Replace(p.text[l.Lang])
}

// parties names parties: of one code, of "birch and cedar", "birch, cedar" or
// "[birch cedar]", as the station writes them.
func (l *locale) parties(codes string) string {
	all := strings.FieldsFunc(strings.ReplaceAll(codes, " and ", " "), func(r rune) bool { return strings.ContainsRune("[], ", r) })
	for i, c := range all {
		code, err := parley.ParsePartyCode(c)
		if err != nil {
			return form.Visible(codes)
		}
		all[i] = l.isolate(form.Visible(l.named(code)))
	}
	return strings.Join(all, l.text("list.comma"))
}

func (l *locale) named(code parley.PartyCode) string {
	if l.names != nil {
		if m := l.names.Load(); m != nil && (*m)[code] != "" {
			return (*m)[code]
		}
	}
	return string(code)
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
