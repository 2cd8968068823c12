package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"parley/internal/form"
)

// Version is that of the format. What a page of a version looks like never
// changes, to the byte: another look is another version (golden_test.go).
const Version = 1

// Languages are those of the frame, in the order in which they are offered.
var Languages = []string{"en", "zh", "ar", "fr", "es", "ru"}

//go:embed locales/*.json style.css
var files embed.FS

// Frame is what stands around the words of the parties, in one language.
type Frame struct {
	Lang string
	text map[string]string
}

var frames = sync.OnceValue(func() map[string]*Frame {
	all := map[string]*Frame{}
	for _, lang := range Languages {
		b, err := files.ReadFile("locales/" + lang + ".json")
		f := &Frame{Lang: lang}
		if err == nil {
			err = json.Unmarshal(b, &f.text)
		}
		if err != nil {
			panic("page: locale " + lang + ": " + err.Error()) // it is part of the program, and a test reads each
		}
		all[lang] = f
	}
	return all
})

// FrameIn returns the frame in a language; nil where there is none.
func FrameIn(lang string) *Frame { return frames()[lang] }

// Dir is the writing direction of the frame.
func (f *Frame) Dir() string { return dirOf(f.Lang) }

// rightToLeft are the languages written so, by their primary subtags.
var rightToLeft = map[string]bool{"ar": true, "arc": true, "ckb": true, "dv": true, "fa": true, "he": true, "nqo": true, "ps": true, "sd": true, "syr": true, "ug": true, "ur": true, "yi": true}

func dirOf(lang string) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if rightToLeft[base] {
		return "rtl"
	}
	return "ltr"
}

// Plain is a text of the frame with words of others put in for {0}, {1}, inert
// and for places without markup, such as a title.
func (f *Frame) Plain(key string, args ...string) string { return f.markup(key, each(args, line)...) }

// HTML is a text of the frame with words of others put in for {0}, {1}: each is
// inert, and cannot turn the direction of what stands around it.
func (f *Frame) HTML(key string, args ...string) string { return f.markup(key, each(args, isolate)...) }

// markup puts in what is HTML already.
func (f *Frame) markup(key string, args ...string) string {
	var pairs []string
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", a)
	}
	return strings.NewReplacer(pairs...).Replace(html.EscapeString(f.text[key]))
}

// names joins names as HTML, each by itself: "A, B and C".
func (f *Frame) names(list []string) string { return f.join(each(list, isolate)) }

func (f *Frame) join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], f.Plain("comma")) + html.EscapeString(f.text["and"]) + list[last]
}

func each(list []string, do func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = do(s)
	}
	return out
}

func isolate(s string) string { return "<bdi>" + line(s) + "</bdi>" }

// mark is what form.Visible puts in place of a character that shows nothing and
// changes what is read.
var mark = regexp.MustCompile(`⟦(?:U\+[0-9A-F]{4,6}|byte [0-9A-F]{2})⟧`)

// words is a text of somebody as HTML: inert, and with every hidden character
// shown by its number. rtl says that it is written from right to left.
func words(s string, rtl bool) string {
	return mark.ReplaceAllString(html.EscapeString(visible(s, rtl)), `<span class="ctl" dir="ltr">$0</span>`)
}

// line is the same on one line and without markup, of a text whose language nobody
// names.
func line(s string) string {
	return html.EscapeString(strings.Join(strings.Fields(visible(s, rightToLeftText(s))), " "))
}

// visible is form.Visible of a text, with more by its number: what shows as nothing
// or as a space, and in a text that is not written from right to left also the marks
// of direction, which turn what stands beside them and have no use there.
func visible(s string, rtl bool) string {
	s = form.Visible(s)
	unseen := func(r rune) bool { return blank(r) || !rtl && turning(r) }
	if strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unseen(r) {
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// blank reports whether r is a letter or sign that shows nothing: the fillers of
// Hangul and the empty Braille pattern.
func blank(r rune) bool {
	return r == 0x115f || r == 0x1160 || r == 0x2800 || r == 0x3164 || r == 0xffa0
}

// turning reports whether r is a mark of direction, or joins letters unseen.
func turning(r rune) bool { return r == 0x034f || r == 0x061c || r == 0x200e || r == 0x200f }

// rightToLeftText reports whether a text has a character written so. The blocks are
// written out: tables that grow would make other pages of the same proofs.
func rightToLeftText(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x0590 && r <= 0x08ff && r != 0x061c || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfefc || r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
	})
}
