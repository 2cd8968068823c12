package desk

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"parley"
)

func books(t *testing.T) map[string]*locale {
	t.Helper()
	b, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCataloguesHaveEqualKeys(t *testing.T) {
	all := books(t)
	want := all["en"].keys()
	for _, lang := range languages {
		if got := all[lang].keys(); !slices.Equal(got, want) {
			for _, k := range want {
				if !all[lang].has(k) {
					t.Errorf("%s lacks %q", lang, k)
				}
			}
			for _, k := range got {
				if !all["en"].has(k) {
					t.Errorf("%s has %q, which en has not", lang, k)
				}
			}
		}
	}
}

var slot = regexp.MustCompile(`\{\d\}`)

func slots(s string) string {
	list := slot.FindAllString(s, -1)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "")
}

func TestCataloguesAreComplete(t *testing.T) {
	all := books(t)
	for _, lang := range languages {
		for k, m := range all[lang].messages {
			en := all["en"].messages[k]
			if len(en) > 1 {
				for _, class := range pluralClasses(lang) {
					if m[class] == "" {
						t.Errorf("%s: %q lacks the plural form %q", lang, k, class)
					}
				}
			}
			if strings.TrimSpace(m["other"]) == "" {
				t.Errorf("%s: %q is empty", lang, k)
			}
			if got, want := slots(m["other"]), slots(en["other"]); got != want {
				t.Errorf("%s: %q has the slots %q, want %q", lang, k, got, want)
			}
		}
	}
	for _, lang := range []string{"zh", "ar"} {
		same := 0
		for k, m := range all[lang].messages {
			if m["other"] == all["en"].messages[k]["other"] && !strings.HasPrefix(k, "keyname.") && strings.IndexFunc(m["other"], unicode.IsLetter) >= 0 {
				same++
				t.Logf("%s: %q is the English", lang, k)
			}
		}
		if same > 0 {
			t.Errorf("%s: %d messages are the English ones", lang, same)
		}
	}
}

func TestArabicPlurals(t *testing.T) {
	ar := books(t)["ar"]
	for n, want := range map[int]string{0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 102: "other", 103: "few", 111: "many"} {
		if got := pluralClass("ar", int64(n)); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
		if got, form := ar.text("compose.words", n), ar.messages["compose.words"][want]; slot.ReplaceAllString(form, ar.isolate(fmt.Sprint(n))) != got {
			t.Errorf("%d words: %q, want the form %q", n, got, form)
		}
	}
}

// Every word a template shows comes from the catalogue: neither its text nor
// the attributes that people read hold a letter.
func TestTemplatesHoldNoWords(t *testing.T) {
	read := regexp.MustCompile(`(?s)\b(title|placeholder|aria-label|alt|value|content)="([^"]*)"`)
	machine := regexp.MustCompile(`name="viewport" content="[^"]*"|name="color-scheme" content="[^"]*"|(<(button|input|option)\b[^>]*?)\bvalue="[a-z0-9]*"`)
	list, err := fs.Glob(files, "templates/*.html")
	if err != nil || len(list) < 10 {
		t.Fatalf("reading templates: %v, %d files", err, len(list))
	}
	for _, name := range list {
		b, _ := files.ReadFile(name)
		src := regexp.MustCompile(`(?s)\{\{.*?\}\}`).ReplaceAllString(string(b), "\x00")
		src = machine.ReplaceAllString(src, "$1")
		for _, m := range read.FindAllStringSubmatch(src, -1) {
			if strings.IndexFunc(m[2], unicode.IsLetter) >= 0 && !regexp.MustCompile(`^(alarm|back|path|0|1|yes|no|save|submit|release|QUIC)$`).MatchString(m[2]) {
				t.Errorf("%s: attribute %s has the words %q", name, m[1], m[2])
			}
		}
		text := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(src, "\x01")
		text = regexp.MustCompile(`<kbd>g</kbd>|parley line confirm|Nr`).ReplaceAllString(text, "")
		for _, word := range regexp.MustCompile(`[\pL]{2,}`).FindAllString(text, -1) {
			if word != "parley" && word != "line" && word != "confirm" {
				t.Errorf("%s: the text %q is not from the catalogue", name, word)
			}
		}
	}
}

// Every key that templates and code name is in the catalogue, with every word
// of the closed lists.
func TestKeysExist(t *testing.T) {
	en := books(t)["en"]
	list, _ := fs.Glob(files, "templates/*.html")
	key := regexp.MustCompile(`\bt "([^"]+)"`)
	for _, name := range list {
		b, _ := files.ReadFile(name)
		for _, m := range key.FindAllStringSubmatch(string(b), -1) {
			if !en.has(m[1]) {
				t.Errorf("%s: no message %q", name, m[1])
			}
		}
	}
	want := []string{"lamp.up", "lamp.partly", "lamp.down", "lamp.unknown", "title.problem"}
	for p := parley.Routine; p <= parley.Flash; p++ {
		want = append(want, "prec."+p.String(), "help.prec_"+p.String())
	}
	for _, m := range parley.Markers() {
		want = append(want, "marker."+m.String())
	}
	for r := parley.Filed; r <= parley.Answered; r++ {
		want = append(want, "rung."+strings.ReplaceAll(r.String(), " ", "_"))
	}
	for k := parley.Internal; k <= parley.DiskFull; k++ {
		want = append(want, "kind."+k.String())
	}
	for _, o := range usualOffices {
		want = append(want, "office."+string(o))
	}
	for act := range itemActs {
		want = append(want, "said."+act)
	}
	for _, k := range want {
		if !en.has(k) {
			t.Errorf("no message %q", k)
		}
	}
}

func TestTemplatesHoldNoStyleOrScript(t *testing.T) {
	list, _ := fs.Glob(files, "templates/*.html")
	for _, name := range list {
		b, _ := files.ReadFile(name)
		for _, bad := range []string{` name="id"`, " style=", "<style", "onclick", "javascript:", "http://", "https://"} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s has %q, which the policy refuses", name, bad)
			}
		}
	}
}

// TestFiguresKeepTheirOrder: among Arabic words a date would be shown from its end.
func TestFiguresKeepTheirOrder(t *testing.T) {
	en, ar := books(t)["en"], books(t)["ar"]
	from := time.Date(2026, 12, 9, 23, 30, 42, 0, time.UTC)
	for _, c := range []struct {
		until time.Time
		want  string
	}{
		{from.Add(15 * time.Minute), ar.text("day.Wed") + " \u20662026-12-09 23:30 – 23:45\u2069"},
		{from.Add(time.Hour), ar.text("day.Wed") + " \u20662026-12-09 23:30\u2069 – " + ar.text("day.Thu") + " \u20662026-12-10 00:30\u2069"},
	} {
		if got := (sideZone{loc: time.UTC, book: ar}).Span(from, c.until); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := (sideZone{loc: time.UTC, book: en}).Span(from, from.Add(15*time.Minute)); got != "Wed 2026-12-09 23:30 – 23:45" {
		t.Errorf("%q", got)
	}
	if a, b := instant(from), instant(from.Truncate(time.Minute)); a != "092330Z DEC 26, 23:30:42" || b != "092330Z DEC 26" {
		t.Errorf("%q, %q", a, b)
	}
}

// TestHandedOver: of what the station says of an open entry the number is said in the
// language of the desk; what it does not write so is shown as it is.
func TestHandedOver(t *testing.T) {
	for in, want := range map[string]openEntry{
		"IMMEDIATE Nr 0119 Open a rescue corridor": {"IMMEDIATE", "0119", "Open a rescue corridor"},
		"EXERCISE FLASH Nr 12345 Storm":            {"EXERCISE FLASH", "12345", "Storm"},
		"ROUTINE A subject Nr 0042 of theirs":      {Rest: "ROUTINE A subject Nr 0042 of theirs"},
		"191600Z DEC 26 Their envoy rings":         {Rest: "191600Z DEC 26 Their envoy rings"},
		"FLASH Nr 0042 \n":                         {Rest: "FLASH Nr 0042 \n"},
	} {
		if got := handed(in); got != want {
			t.Errorf("%q is read as %+v", in, got)
		}
	}
}
