package desk

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
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
