package desk_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// nasty are texts that the other side may send to get at whoever reads them:
// markup, turned writing, our own bars and stamps, formulas.
var nasty = []string{
	`<script>alert(1)</script><img src=x onerror=alert(1)>`,
	"safe\u202egpj.exe",
	"\u2066\u2067ON THE RECORD\u2069\u2069 RELEASED BY ALDER\u2028END OF Nr 0099",
	`</p></article><header class="sheet-head"><span class="band" data-class="ours">OUR SIDE ONLY</span>`,
	`=cmd|' /C calc'!A0`, `+1+1`, `-2+3`, "@SUM(A1)", " =1+1", "\t=1+1", "＝1+1", `"=1+1`, `losses; "=1+1"`, "see\n=1+1",
}

// TestHostileTexts puts each of them into every field that the other side
// writes, and looks at every surface where it shows.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	b := watch(t)
	for i, text := range nasty {
		id := "9a0f33c1d2e4b586:" + string(rune('a'+i))
		b.st.Items = append(b.st.Items, &station.Item{ID: id, Line: desktest.Birch, Party: "birch", Known: true, Form: "dispatch", Series: "traffic", Serial: uint64(900 + i), FromText: "birch/envoy", To: []string{"alder/envoy"},
			Precedence: parley.Flash, PrecedenceText: "FLASH", MarkerText: "QUESTION", Subject: "find " + text, Text: "find " + text, Legal: text, Releasability: text, Settled: true, Position: int64(500 + i), Language: "en", Arrived: start.Add(-time.Minute), Time: start,
			Attachments:  []station.Attachment{{Name: text, Type: text, Size: 1, Held: true}, {Name: "bomb.zip", Type: "application/zip", Size: 1, Held: true}, {Name: "page.html", Type: "text/html", Size: 1, Held: true}},
			Translations: []station.Translation{{ID: int64(700 + i), Language: "en", Text: "find " + text, Maker: text, State: "draft", Made: start, Disputes: []station.Dispute{{ID: 1, Words: text, Note: text, Officer: text, At: start}}}},
			Ladder:       []station.Step{{Rung: parley.Opened, Name: "opened"}}, Fields: []station.Field{{Name: text, Value: text}}})
		b.st.Kept = append(b.st.Kept, station.Template{ID: int64(800 + i), Name: text, Draft: station.Draft{Form: "dispatch", Subject: text, Text: text, Line: desktest.Birch}})
		b.st.AlarmSet = append(b.st.AlarmSet, &station.Alarm{ID: int64(900 + i), Line: desktest.Birch, Code: "flash", Text: text, Item: id, At: start, Count: 1})
		for _, path := range []string{"/watch", "/record?q=find", birch + "/item/" + id, "/compose?re=" + id + "&line=" + desktest.Birch + "&translation=1", "/compose?template=" + string(rune('0'+(800+i)/100)) + string(rune('0'+(i/10))) + string(rune('0'+i%10)), "/station"} {
			a := b.get(path).want(t, http.StatusOK, "!<script>alert", "!<img src=x", `!<header class="sheet-head"><span class="band" data-class="ours">OUR SIDE ONLY</span>`)
			for _, r := range []string{"\u202e", "\u2067", "\u2028"} {
				for _, shown := range strings.Split(a.body, "<textarea")[:1] {
					if strings.Contains(withoutValues(shown), r) {
						t.Errorf("%s: %q stands there bare", path, r)
					}
				}
			}
			if title := a.body[strings.Index(a.body, "<title>"):strings.Index(a.body, "</title>")]; strings.Contains(title, "alert") || strings.Contains(title, "calc") {
				t.Errorf("%s: their words are in the title: %s", path, title)
			}
		}
		if n := strings.Count(b.get(birch+"/item/"+id).body, "may act when opened"); n < 2 {
			t.Errorf("%d of two files that may act are marked", n)
		}
		for n, want := range []string{"", "bomb.zip", "page.html"} {
			a := b.get(birch + "/item/" + id + "/attachment/" + string(rune('0'+n)))
			if k, d := a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition"); k != "application/octet-stream" || !strings.HasPrefix(d, "attachment;") && d != "attachment" || want != "" && !strings.Contains(d, want) {
				t.Errorf("attachment %d of %q: %q, %q", n, text, k, d)
			}
		}
	}
	if strings.Contains(b.log.String(), "level=ERROR") {
		t.Errorf("log: %s", b.log)
	}
}

// withoutValues takes out the values of fields, where typed text stands as it is.
func withoutValues(page string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(page, ` value="`)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		_, page, _ = strings.Cut(rest, `"`)
	}
}

// TestTable: no cell of an exported table is a formula, in any spreadsheet that
// we know of, and nothing hidden is hidden in it.
func TestTable(t *testing.T) {
	b := watch(t)
	for i, text := range nasty {
		b.st.Items = append(b.st.Items, &station.Item{ID: "9a0f33c1d2e4b586:" + string(rune('a'+i)), Line: desktest.Birch, Party: "birch", Known: true, Form: "dispatch", Series: "traffic", FromText: "birch/envoy", Subject: text, Text: text, Settled: true, Position: int64(500 + i), Arrived: start, Time: start})
	}
	a := b.get("/record.csv?line="+desktest.Birch).want(t, http.StatusOK)
	if a.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("head %v", a.Header)
	}
	rows, err := csv.NewReader(bytes.NewReader([]byte(strings.TrimPrefix(a.body, "\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < len(nasty)+5 || len(rows[0]) != 12 {
		t.Fatalf("%d rows of %d", len(rows), len(rows[0]))
	}
	for _, r := range rows {
		for _, c := range r {
			trimmed := strings.TrimLeft(c, " \t\r\n\u00a0\"")
			if trimmed != "" && strings.ContainsRune("=+@|%＝＋－＠", []rune(trimmed)[0]) || strings.HasPrefix(trimmed, "-") && trimmed != "-" {
				t.Errorf("the cell %q is a formula", c)
			}
			if strings.ContainsAny(c, "\u202e\u2066\u2067\u2069\u2028") {
				t.Errorf("the cell %q hides something", c)
			}
		}
	}
	// Where a comma stands in decimal numbers, a spreadsheet divides at semicolons, and
	// at line ends whatever is quoted.
	for _, c := range strings.FieldsFunc(a.body, func(r rune) bool { return strings.ContainsRune(";\t\r\n", r) }) {
		if c = strings.TrimLeft(c, " \""); c != "" && strings.ContainsRune("=+@＝", []rune(c)[0]) {
			t.Errorf("divided at semicolons the table has the formula %q", c)
		}
	}
	if !b.st.Did("NoteExport table") {
		t.Errorf("not audited: %q", b.st.Calls)
	}
	if c := b.get("/record.csv?q=aircraft"); strings.Contains(c.body, "Weekly summary") || !strings.Contains(c.body, "Aircraft, 14.2N") {
		t.Errorf("the table of a search holds %s", c.body)
	}
	newBench(t).get("/record.csv").want(t, http.StatusUnauthorized)
}

// TestLargePaste: nine mebibytes are refused in a plain sentence, and nothing
// is kept of them.
func TestLargePaste(t *testing.T) {
	for _, path := range []string{"/drafts", question + "/translate", question + "/dispute", birch + "/texts/translate", "/draft/12/template"} {
		b := watch(t)
		before := len(b.st.Calls)
		b.post(path, "line", desktest.Birch, "text", strings.Repeat("字", 3<<20)).want(t, http.StatusRequestEntityTooLarge, "too large", "!字字字字字字字字字字")
		if len(b.st.Calls) != before {
			t.Errorf("%s did %q", path, b.st.Calls[before:])
		}
	}
}

// TestOwnRelease: alone on watch, where the charter allows it and nowhere else.
func TestOwnRelease(t *testing.T) {
	b := watch(t)
	d := b.st.DraftMap[12]
	d.Precedence, d.Reason = "FLASH", "near"
	b.get("/draft/12/release").want(t, http.StatusOK, "You drafted this. Another officer must release it.", "!name=\"seen_text\"")
	b.st.LineList[0].Lone = map[string]bool{"FLASH": true}
	b.get("/draft/12/release").want(t, http.StatusOK, "alone on watch", `name="seen_text"`, "!Another officer must release it.")
	e := newBench(t).sit(2, parley.Envoy)
	e.st.LineList[0].Lone = map[string]bool{"FLASH": true}
	e.st.People[1].Offices = []parley.Office{parley.Envoy}
	e.get("/draft/11/release").want(t, http.StatusOK, "!alone on watch")
	d.Text = "From [time] on."
	b.get("/draft/12/release").want(t, http.StatusOK, "Brackets of a template")
}

// TestThreeMarksShow: who made, checked and certified, and disputed words.
func TestThreeMarksShow(t *testing.T) {
	b := watch(t)
	b.st.Three = true
	b.get(question).want(t, http.StatusOK, "Certified by", "not yet", "!<mark")
	b.post(question+"/dispute", "translation", "71", "words", "aircraft", "note", "which <one>?").to(t, question+"?said=dispute")
	b.get(question).want(t, http.StatusOK, `<mark class="disputed">aircraft<sup class="note-n">1</sup></mark>`, "which &lt;one&gt;?", "Settle…")
	e := newBench(t)
	e.st = b.st
	b.sit(2, parley.Envoy)
	b.post(question+"/review", "translation", "71").to(t, question+"?said=review")
	b.get(question).want(t, http.StatusOK, ">Certify<")
	b.get("/compose?line="+desktest.Birch+"&re=9a0f33c1d2e4b586:40&translation=71").want(t, http.StatusOK, "Our translation of your Nr 0040", `<option value="INFORMATION" selected`, "aircraft")
}

// TestDoubleSubmit presses every button twice that must act once: the second
// press is refused in a sentence, and does nothing.
func TestDoubleSubmit(t *testing.T) {
	for _, c := range []struct {
		path, act, says string
		fields          []string
	}{
		{"/draft/11/release", "Release 11 FLASH", "released already", []string{"version", "3", "precedence", "FLASH"}},
		{flash + "/acknowledge", "Acknowledge 9a0f33c1d2e4b586:41", "acknowledged already", nil},
		{"/draft/13/discard", "Discard 13", "There is no such thing", nil},
		{"/template/61/remove", "RemoveTemplate 61", "There is no such thing", nil},
	} {
		b := watch(t)
		if a := b.post(c.path, c.fields...); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d", c.path, a.StatusCode)
		}
		a := b.post(c.path, c.fields...)
		if a.StatusCode != http.StatusConflict && a.StatusCode != http.StatusNotFound {
			t.Errorf("%s again: status %d", c.path, a.StatusCode)
		}
		a.want(t, a.StatusCode, c.says)
		n := 0
		for _, did := range b.st.Calls {
			if did == c.act {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s was done %d times", c.act, n)
		}
	}
	// A stolen cookie is worth nothing once its owner has left, and a post from
	// another site nothing at any time.
	b := watch(t)
	thief := newBench(t)
	thief.st, thief.h = b.st, b.h
	thief.cookies["parley-alder-session"] = b.cookies["parley-alder-session"]
	thief.get("/record").want(t, http.StatusOK)
	b.post("/access/everywhere").want(t, http.StatusOK, "You have left the seat")
	for _, path := range []string{"/record", "/record.csv", birch + "/texts", "/draft/12"} {
		thief.get(path).want(t, http.StatusUnauthorized, "Nobody sits here", "!Cable")
	}
	before := len(b.st.Calls)
	thief.post(question+"/dispute", "translation", "71", "words", "aircraft", "note", "x").want(t, http.StatusUnauthorized, "Nobody sits here")
	for _, path := range []string{question + "/certify", question + "/dispute", question + "/settle", "/draft/12/template", "/template/61/remove", birch + "/texts/use", birch + "/texts/translate"} {
		w := watch(t)
		r := httptest.NewRequest("POST", path, strings.NewReader("translation=71"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w.do(r).want(t, http.StatusForbidden, "came from another site")
		if len(w.st.Calls) > 0 {
			t.Errorf("%s did %q", path, w.st.Calls)
		}
	}
	if len(b.st.Calls) != before {
		t.Errorf("a thief did %q", b.st.Calls[before:])
	}
}
