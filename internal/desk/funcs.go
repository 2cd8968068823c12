package desk

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// funcs is what templates may call. Foreign text goes through visible, line or
// paras; t gives our own words.
func (d *desk) funcs(book *locale) template.FuncMap {
	m := template.FuncMap{
		"clauseName": book.clauseName, "clauseValue": book.clauseValue,
		"t": book.text, "has": book.has, "coded": book.coded, "said": book.said,
		"visible": visible, "marked": marked, "line": oneLine, "paras": paragraphs, "words": form.Words, "clean": form.Visible, "tag": tagOf,
		"asset":   d.assets.url,
		"version": func() string { return d.assets.version },
		"langs":   func() []*locale { return d.bookList() },
		"dict":    dict, "list": func(v ...any) []any { return v },
		"lower": strings.ToLower, "upper": strings.ToUpper, "join": strings.Join,
		"office": book.office, "langname": book.languageName, "rung": book.rung, "tryOf": book.tryOf, "itemURL": itemURL, "nr": nr,
		"qr":      func(s string) template.HTML { return qrSVG(s, book.text("pairing.qr")) },
		"bytes":   byteSize,
		"short":   func(s string) string { return s[:min(8, len(s))] },
		"str":     func(v any) string { return fmt.Sprint(v) },
		"real":    func(l []station.Item) []station.Item { return exercise(l, false) },
		"drill":   func(l []station.Item) []station.Item { return exercise(l, true) },
		"reached": reached,
		"asks":    func(it station.Item) bool { return it.Marker == parley.Question || it.Marker == parley.Request },
		"jswords": book.scriptWords,
		"key":     func(s string) string { return strings.ReplaceAll(s, " ", "_") },
		"beside":  beside, "excerpt": excerpt, "lit": lit, "inc": func(n int) int { return n + 1 },
		"wrong":     wrong,
		"handed":    handed,
		"fieldName": book.fieldName, "fieldValue": book.fieldValue,
		"brief":     brief,
		"partycode": func(s string) parley.PartyCode { return parley.PartyCode(s) },
	}
	for name, f := range d.timeFuncs(book) {
		m[name] = f
	}
	return m
}

func (d *desk) timeFuncs(book *locale) template.FuncMap {
	return template.FuncMap{
		"age":   func(t time.Time) string { return book.age(d.now().Sub(t)) },
		"until": func(t time.Time) string { return book.age(t.Sub(d.now())) },
		"past":  func(t time.Time) bool { return t.Before(d.now()) },
		"over":  func(t time.Time) bool { return t.Add(time.Second).Before(d.now()) }, // by the second that entries have
		"dur":   book.age,
		"unix": func(t time.Time) int64 {
			if t.IsZero() {
				return 0
			}
			return t.Unix()
		},
		"dtg": parley.DTG, "instant": instant, "utcspan": utcSpan,
		"hhmm": func(t time.Time) string { return hhmm(t, d.now()) },
		"zulu": func(t time.Time) string { return t.UTC().Format("1504") + "Z" },
		"both": d.both,
		"rtt":  roundTrip, "signed": signedTrip,
		"when": func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04") },
		"iso":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}
}

func (d *desk) bookList() []*locale {
	var list []*locale
	for _, l := range languages {
		list = append(list, d.books[l])
	}
	return list
}

// tagOf is a language tag for the lang attribute; "" (unknown) for what is none.
func tagOf(s string) string {
	if form.CheckLanguage("language", s) != nil {
		return ""
	}
	return s
}

// wrong marks the field that a refusal is about.
func wrong(where, name string) template.HTMLAttr {
	if where == "" || where != name {
		return ""
	}
	return ` aria-invalid="true" aria-describedby="problem"`
}

// openEntry is what the station says of a numbered entry, in its parts.
type openEntry struct{ Before, Nr, Rest string }

var openNumber = regexp.MustCompile(`^((?:EXERCISE )?(?:FLASH|IMMEDIATE|PRIORITY|ROUTINE)) Nr (\d{4,}) (.*)$`)

// handed reads "PRECEDENCE Nr 0042 subject", as the station writes it of what is open;
// what is otherwise is all Rest.
func handed(s string) openEntry {
	if m := openNumber.FindStringSubmatch(s); m != nil {
		return openEntry{m[1], m[2], m[3]}
	}
	return openEntry{Rest: s}
}

// dict hands several values to a template: name, value, name, value...
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: a name without a value")
	}
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// office is the word for an office; offices a charter adds show as they are.
func (l *locale) office(o any) string {
	if s := fmt.Sprint(o); l.has("office." + s) {
		return l.text("office." + s)
	} else {
		return s
	}
}

// rung is the word for a rung of the ladder.
func (l *locale) rung(name string) string {
	if k := "rung." + strings.ReplaceAll(name, " ", "_"); l.has(k) {
		return l.text(k)
	}
	return name
}

// tryOf is one thing to try: "code: English sentence".
func (l *locale) tryOf(s string) coded {
	code, english, _ := strings.Cut(s, ": ")
	return l.coded("try", code, english)
}

// scriptWords are the messages that scripts show, as JSON.
func (l *locale) scriptWords() (string, error) {
	m := map[string]string{}
	for k, v := range l.messages {
		if strings.HasPrefix(k, "age.") || strings.HasPrefix(k, "js.") || strings.HasPrefix(k, "lamp.") {
			m[k] = v["other"]
		}
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// reached reports whether an item has come to a rung, by its name.
func reached(it station.Item, rung string) bool {
	for _, s := range it.Ladder {
		if s.Name == rung && !s.At.IsZero() {
			return true
		}
	}
	return false
}

func itemURL(it station.Item) string { return "/line/" + it.Line + "/item/" + it.ID }

// nr is a serial as it stands on dispatches; "" for what has none.
func nr(serial uint64) string {
	if serial == 0 {
		return ""
	}
	return fmt.Sprintf("%04d", serial)
}

func byteSize(n any) string {
	var v float64
	if _, err := fmt.Sscan(fmt.Sprint(n), &v); err != nil {
		return ""
	}
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if v < 1024 || unit == "GiB" {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + unit
		}
		v /= 1024
	}
	return ""
}

func exercise(l []station.Item, want bool) []station.Item {
	var out []station.Item
	for _, it := range l {
		if (it.Exercise != "") == want {
			out = append(out, it)
		}
	}
	return out
}

// PartyName is the name of a party as the lines know it, else its code.
func (f *frame) PartyName(code parley.PartyCode) string {
	if code == f.Party {
		return f.Name
	}
	for _, l := range f.Lines {
		for _, p := range l.Them {
			if p.Code == code && p.Name != "" {
				return p.Name
			}
		}
	}
	return string(code)
}

// Address is "party/office" with both in words: "Birch · envoy".
func (f *frame) Address(a string) string {
	party, office, ok := strings.Cut(a, "/")
	if !ok {
		return a
	}
	return f.Book.isolate(f.PartyName(parley.PartyCode(party))) + " · " + f.Book.office(office)
}

// By says who reached a rung: an officer, a party or an office of one.
func (f *frame) By(who string) string {
	if a, err := parley.ParseAddress(who); err == nil {
		return f.Address(a.String())
	}
	return f.PartyName(parley.PartyCode(who))
}

// TodoURL is where a thing to do is done; "" when the board does not say on
// which line it is.
func (f *frame) TodoURL(t station.Todo) string {
	if at := contactTodo(t); at != "" {
		return at
	}
	switch {
	case t.Act == "lift-call", t.Act == "join-call":
		return "/line/" + t.Line + "/call"
	case t.Act == "confirm-wording":
		return "/line/" + t.Line + "/call#wordings"
	case t.Act == "agree-exercise":
		return "/line/" + t.Line + "/modes#mode-" + t.Item
	case t.Act == "take-over":
		return "/watch/takeover"
	case t.Act == "test-sound":
		return "#sound"
	case t.Act == "make-check-call":
		return "/line/" + t.Line
	case t.Item == "":
		return ""
	case t.Act == "release":
		return "/draft/" + t.Item
	case t.Act == "confirm-words":
		return "/station/pairing"
	}
	if t.Line != "" {
		return itemURL(station.Item{Line: t.Line, ID: t.Item})
	}
	for _, list := range [][]station.Item{f.Board.WaitingUs, f.Board.Since, f.Board.Flash, f.Board.WaitingThem} {
		for _, it := range list {
			if it.ID == t.Item {
				return itemURL(it)
			}
		}
	}
	if len(f.Lines) == 1 {
		return itemURL(station.Item{Line: f.Lines[0].Key, ID: t.Item})
	}
	return ""
}

// AlarmOf is the sounding alarm of an item; 0 if there is none.
func (f *frame) AlarmOf(it station.Item) int64 {
	for _, a := range f.Board.Alarms {
		if a.Item == it.ID && a.Line == it.Line && !a.Silenced {
			return a.ID
		}
	}
	return 0
}

// Offices are those that a thing to do names, "party/office".
func (f *frame) Offices(t station.Todo) []string { return strings.Split(t.Text, ", ") }

// Escalated are the objectives that have passed: the real ones, or those of an
// exercise.
func (f *frame) Escalated(list []station.Escalation, drill bool) (out []station.Escalation) {
	for _, e := range list {
		if (e.Exercise != "") == drill {
			out = append(out, e)
		}
	}
	return out
}

// Exercise is the exercise that is on, if any line has one.
func (f *frame) Exercise() string {
	for _, l := range f.Lines {
		if l.Exercise != "" {
			return l.Exercise
		}
	}
	return ""
}

// RealWaits reports whether something of theirs that is no exercise waits to be
// opened while one is on: it breaks the frame.
func (f *frame) RealWaits() bool {
	for _, t := range f.RingsHere() {
		if t.Exercise == "" {
			return true
		}
	}
	for _, it := range exercise(f.Board.WaitingUs, false) {
		if !reached(it, parley.Opened.String()) {
			return true
		}
	}
	return len(exercise(f.Board.Flash, false)) > 0
}

// RingsHere are the calls that ring here.
func (f *frame) RingsHere() (out []station.Todo) {
	for _, t := range f.Board.DoNext {
		if t.Act == "lift-call" {
			out = append(out, t)
		}
	}
	return out
}

// Ring is what sounds now: the highest precedence among alarms not silenced, and
// a call, which sounds beside a FLASH and in place of anything less. Exercise
// alarms ring with their own sign first.
func (f *frame) Ring() string {
	flash, rings := false, false
	for _, a := range f.Board.Alarms {
		flash = flash || a.Code == "flash" && !a.Silenced
		rings = rings || a.Code == "call" && !a.Silenced
	}
	switch {
	case flash && rings:
		return "flash call"
	case rings:
		return "call"
	}
	best := ""
	for _, a := range f.Board.Alarms {
		switch {
		case a.Silenced:
		case a.Code == "flash":
			return "flash"
		case a.Code == "immediate" || a.Code == "line-down" || a.Code == "fork" || a.Code == "doubt" || a.Code == "overdue" || a.Code == "call-out":
			best = "immediate"
		case best == "" && a.Code != "line-up":
			best = "priority"
		}
	}
	return best
}

// RingSeq tells one ringing from the next: the highest alarm not silenced.
func (f *frame) RingSeq() int64 {
	var n int64
	for _, a := range f.Board.Alarms {
		if !a.Silenced {
			n = max(n, a.ID)
		}
	}
	return n
}

// DrillRings reports whether all that rings belongs to an exercise.
func (f *frame) DrillRings() bool {
	rings := false
	for _, a := range f.Board.Alarms {
		if !a.Silenced && a.Code != "exercise" {
			return f.Exercise() != "" && !f.RealWaits()
		}
		rings = rings || !a.Silenced
	}
	return rings && !f.RealWaits() || f.Exercise() != "" && !f.RealWaits()
}

// Mine reports whether an item is taken by whoever sits here.
func (f *frame) Mine(it station.Item) bool {
	return f.Seat != nil && it.TakenBy != "" && it.TakenBy == f.Seat.officer.Name
}

// OnWatch reports whether whoever sits here has the watch.
func (f *frame) OnWatch() bool {
	return f.Seat != nil && f.Board.OnWatch.OfficerID != 0 && f.Board.OnWatch.OfficerID == f.Seat.officer.ID
}

// MayTakeOver reports whether whoever sits here may take the watch.
func (f *frame) MayTakeOver() bool {
	return f.Seat != nil && f.Seat.officer.Holds(parley.Watch) && f.Board.OnWatch.OfficerID != f.Seat.officer.ID && f.Board.Waiting.ByID != f.Seat.officer.ID
}

// Late counts what waits for them beyond its objective, and since when the
// latest of it does.
func (f *frame) Late(list []station.Item) (l struct {
	N     int
	Since time.Time
}) {
	for _, it := range list {
		if it.Overdue && !it.NotDelivered {
			l.N++
			if l.Since.IsZero() || it.Objective.Before(l.Since) {
				l.Since = it.Objective
			}
		}
	}
	return l
}

// Lang is the language of the page, in capitals, for the head line.
func (f *frame) Lang() string { return strings.ToUpper(f.Book.Lang) }

// LanguageName is a language in words where the catalogue has it.
func (f *frame) LanguageName(tag string) string {
	return f.Book.languageName(tag)
}

// languageName is a language in words where the catalogue has it, else its tag
// with every hidden character shown.
func (l *locale) languageName(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if k := "language." + base; l.has(k) {
		return l.text(k)
	}
	return form.Visible(strings.Join(strings.Fields(tag), " "))
}

// Ref is an entry that another one refers to, to show its number instead of its
// identifier; nil if this station does not have it.
func (f *frame) Ref(line, id string) *station.Item {
	if f.find == nil {
		return nil
	}
	it, err := f.find(line, id)
	if err != nil {
		return nil
	}
	return &it
}

// Group sorts the evidence of a lamp into what fails and what is well.
func (f *frame) Group(l station.Lamp) (g struct{ Fails, Well []station.Evidence }) {
	for _, e := range l.Evidence {
		if e.Code == "path-up" || e.Code == "listening" || e.Code == "witnessed" {
			g.Well = append(g.Well, e)
		} else {
			g.Fails = append(g.Fails, e)
		}
	}
	return g
}

// Admin and Archive say what the navigation shows.
func (f *frame) Admin() bool { return f.Seat != nil && f.Seat.is(parley.Administrator) }
func (f *frame) Archive() bool {
	return f.Seat != nil && f.Seat.is(parley.Administrator, parley.Archivist)
}

// Officer and Office are those of the seat, for templates.
func (f *frame) Officer() station.Officer { return f.Seat.officer }
func (f *frame) Office() parley.Office    { return f.Seat.office }
