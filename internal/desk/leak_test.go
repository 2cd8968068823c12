package desk_test

import (
	"html"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"parley/internal/desk/desktest"
)

var (
	scripts  = regexp.MustCompile(`(?s)<(script|style|svg)\b.*?</(script|style|svg)>`)
	theirs   = regexp.MustCompile(`(?s)<(bdi|textarea|kbd|option|title)\b[^>]*>.*?</(bdi|textarea|kbd|option|title)>`) // what somebody wrote
	original = regexp.MustCompile(`(?s)<p class="(?:para(?:-plain)?|public-text)".*?</p>|<h2 class="sheet-subject".*?</h2>|<ol class="bigwords".*?</ol>|<q\b.*?</q>|<div class="said-text".*?</div>`)
	spoken   = regexp.MustCompile(`\b(?:title|aria-label|placeholder|alt|data-text|data-late)="([^"]*)"`)
	tags     = regexp.MustCompile(`(?s)<[^>]*>`)
	letters  = regexp.MustCompile(`[A-Za-z][A-Za-z']+`)
	machine  = regexp.MustCompile(`\d{6}Z [A-Z]{3} \d\d|\d{4}Z|[0-9a-f]{4,}(:\d+)?|-?\d+ ?(ms|s|kB|MB|KiB|MiB|GiB|B)\b|U\+[0-9A-F]+|[a-z]+/[a-z0-9.+-]+|\b(en|zh|fr|ar)\b`)
)

// allowed are the words of Latin letters that stand on a page of any language:
// words of the formats and of the command, and the languages' own names; and
// of the example, its parties and what its people wrote outside of a text.
var allowed = strings.Fields(`Parley parley line confirm Nr QUIC TLS DTG UTC UTF CSV JSON ics Europe Paris ROUTINE PRIORITY IMMEDIATE FLASH QR
	ADVICE WARNING INFORMATION QUESTION ANSWER REQUEST INTENTION INSTRUCTION English
	Alder Birch Cedar Dogwood Li alder birch cedar`)

// written are texts of people in the example that stand among the desk's own.
var written = []string{"<b>refused</b>", "maintenance <b>tonight</b>", "token in the safe", "\"><script>", "<b>phone</b>", "<b>unknown field 9</b>"}

// names are the languages' own.
var names = []string{"Français", "Español"}

// leaks are the English words of a page that nobody wrote.
func leaks(page string) []string {
	body := page[strings.Index(page, "<body"):]
	body = scripts.ReplaceAllString(body, " ")
	body = original.ReplaceAllString(body, " ")
	body = theirs.ReplaceAllString(body, " ")
	said := tags.ReplaceAllString(body, "\n")
	for _, m := range spoken.FindAllStringSubmatch(body, -1) {
		said += "\n" + m[1]
	}
	seen := map[string]bool{}
	for _, l := range strings.Split(html.UnescapeString(said), "\n") {
		for _, w := range slices.Concat(written, names) {
			l = strings.ReplaceAll(l, w, " ")
		}
		for _, w := range letters.FindAllString(machine.ReplaceAllString(l, " "), -1) {
			if !slices.Contains(allowed, w) {
				seen[strings.TrimSpace(l)] = true
			}
		}
	}
	var out []string
	for l := range seen {
		out = append(out, l)
	}
	sort.Strings(out)
	return out
}

// TestNoEnglishOnOtherPages walks every page in other scripts. Whatever
// the desk itself says there is in that language; what people and stations
// wrote stands as they wrote it, marked as such.
func TestNoEnglishOnOtherPages(t *testing.T) {
	t.Parallel()
	w, a := watch(t), admin(t)
	for _, lang := range []string{"zh", "ar", "ru"} {
		for _, p := range pages {
			b := w
			if p.admin {
				b = a
			}
			b.cookies["parley-alder-lang"] = lang
			for _, l := range leaks(b.get(p.path).body) {
				t.Errorf("%s %s: %q", lang, p.path, l)
			}
		}
	}
}

// TestNoEnglishInProblems does the same for refusals: the kind, the case and
// what to do.
func TestNoEnglishInProblems(t *testing.T) {
	t.Parallel()
	w, ad := watch(t), admin(t)
	for _, lang := range []string{"zh", "ar"} {
		for _, c := range []struct {
			admin  bool
			path   string
			fields []string
		}{
			{false, "/drafts", []string{"version", "-1"}}, {false, "/draft/12/release", []string{"version", "3"}},
			{false, "/draft/12/release", []string{"precedence", "ROUTINE"}}, {false, "/draft/99/submit", nil}, {false, "/draft/12/attach", nil},
			{false, hostile + "/acknowledge", nil}, {false, question + "/informed", []string{"at", "0"}}, {false, question + "/translate", []string{"language", "en", "text", ""}},
			{false, "/silence", []string{"alarm", "x"}}, {false, "/silence", []string{"alarm", "99"}}, {true, "/station/pairing/step", nil},
			{true, "/station/pairing/confirm", []string{"line", "x"}}, {true, "/station/pairing/invite", []string{"code", "b", "interval", "x"}},
			{true, "/station/officers/remove", []string{"officer", "99"}}, {false, "/line/" + desktest.Birch + "/leap", nil},
			{false, theirAsk + "/decline", []string{"reason", "", "zone", "UTC"}}, {false, theirAsk + "/call-off", []string{"reason", "other", "zone", "UTC"}}, {false, theirAsk + "/accept", []string{"zone", "Mars"}},
			{false, birch + "/contacts/ask", call("then", "look", "from-2", "2027-03-28T02:30", "until-2", "2027-11-01T10:00")}, {false, birch + "/contacts/enter", []string{"date", "x", "level", "leader", "medium", "voice"}},
			{false, birch + "/contacts/register", []string{"about", "9a0f33c1d2e4b586:3", "row", "1", "step", "dispute"}}, {false, birch + "/topics/ask", []string{"topic", "x", "sort", "clarification", "text", "x"}}, {false, "/calendars/add", nil},
			{false, said + "/embargo", []string{"zone", "UTC"}}, {false, said + "/joint-answer", []string{"step", "sign"}}, {false, said + "/joint-answer", nil}, {false, said + "/ready", nil}, {false, said + "/remark", []string{"item", "-1"}},
		} {
			b := w
			if c.admin {
				b = ad
			}
			b.cookies["parley-alder-lang"] = lang
			a := b.post(c.path, c.fields...)
			if a.StatusCode < 400 {
				t.Errorf("%s %v: status %d", c.path, c.fields, a.StatusCode)
			}
			i, j := strings.Index(a.body, `<div class="problem"`), strings.Index(a.body, `<section class="panel door"`)
			body := "<body>" + a.body[max(i, j, 0):]
			if i >= 0 {
				body, _, _ = strings.Cut(body, "</div>")
			}
			for _, l := range leaks(body) {
				t.Errorf("%s %s %v: %q", lang, c.path, c.fields, l)
			}
		}
	}
}
