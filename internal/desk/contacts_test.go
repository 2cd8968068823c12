package desk_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

func envoy(t *testing.T) *bench { return newBench(t).sit(2, parley.Envoy) }

// call is what an envoy types who asks for a leaders' call.
func call(more ...string) []string {
	return append([]string{"level", "leader", "medium", "voice", "topics", "Strait\n\n Grain ", "zone", "Europe/Paris", "from-1", "2026-11-26T10:00", "until-1", "2026-11-26T12:00",
		"languages", "en, zh", "interpreting", "consecutive", "recording", "none", "minutes", "45", "name-1", "A. Alder", "title-1", "President", "role-1", "principal", "text", "Soon <b>"}, more...)
}

// TestAskForContact: what is typed is shown as it will be signed, in the local
// times of both sides, and nothing is sent before.
func TestAskForContact(t *testing.T) {
	b := envoy(t)
	b.get(birch+"/contacts").want(t, 200, "Ask for a contact</a>")
	b.get(birch+"/contacts/ask").want(t, 200, `name="zone" value="Europe/Paris"`, `value="en, zh"`)
	asked := `AskContact leader voice ["Strait" "Grain"] 2026-11-26T09:00:00Z/2026-11-26T11:00:00Z Europe/Paris "Soon <b>" 1`
	b.post(birch+"/contacts/ask", call("then", "look")...).want(t, 200, "Exactly what will be signed", "Thu 2026-11-26 10:00 – 12:00", "Thu 2026-11-26 17:00 – 19:00", "260900Z NOV 26", "Soon &lt;b&gt;", `name="from-1" value="2026-11-26T10:00"`, "!<textarea")
	b.post(birch+"/contacts/ask", call("then", "edit")...).want(t, 200, "<textarea", `value="2026-11-26T10:00"`, "!Exactly what will be signed")
	if b.st.Did(asked) {
		t.Fatal("it was sent before it was to be")
	}
	b.post(birch+"/contacts/ask", call("then", "send")...).to(t, birch+"/contacts?said=contact_ask")
	if !b.st.Did(asked) {
		t.Errorf("the station did %q", b.st.Calls)
	}
}

// TestTermsThatAreRefused: the error says what and where, and what was typed is
// kept.
func TestTermsThatAreRefused(t *testing.T) {
	b := envoy(t)
	for _, c := range []struct {
		field, value string
		says, where  string
	}{
		{"zone", "Europe/Atlantis", "there is no time zone &#34;Europe/Atlantis&#34;", "zone"},
		{"until-1", "", "window 1 has only one of its two times", "until-1"},
		{"until-1", "2026-11-26T09:00", "window 1 ends before it begins", "until-1"},
		{"from-1", "soon", "is not a date and time", "from-1"},
		{"minutes", "long", "is no number of minutes", "minutes"},
		{"title-2", "Ambassador", "participant 2 has no name", ""},
		{"level", "", "no level is chosen", "level"},
	} {
		in := call("then", "look", c.field, c.value)
		for i := 0; i < len(in)-2; i += 2 {
			if in[i] == c.field {
				in[i+1] = c.value
			}
		}
		a := b.post(birch+"/contacts/ask", in...)
		a.want(t, a.StatusCode, c.says, "Strait", "Soon &lt;b&gt;", "!Exactly what will be signed")
		if a.StatusCode < 400 || c.value != "" && !strings.Contains(a.body, `value="`+c.value+`"`) {
			t.Errorf("%s=%q: status %d, and what was typed is gone", c.field, c.value, a.StatusCode)
		}
		if c.where != "" && strings.Count(a.body, `aria-invalid="true"`) != 1 {
			t.Errorf("%s=%q: %d fields are marked", c.field, c.value, strings.Count(a.body, `aria-invalid="true"`))
		}
	}
	// The clocks of Paris go forward on 28 March 2027 and back on 31 October.
	for when, says := range map[string]string{"2027-03-28T02:30": "2027-03-28 02:30 does not exist in Europe/Paris", "2027-10-31T02:30": "2027-10-31 02:30 comes twice in Europe/Paris"} {
		b.post(birch+"/contacts/ask", call("then", "look", "from-2", when, "until-2", "2027-11-01T10:00")...).want(t, 422, says, `value="`+when+`" aria-invalid="true"`)
	}
}

// TestAnswerContact accepts, declines and offers other terms, each in local time.
func TestAnswerContact(t *testing.T) {
	b := envoy(t)
	b.get(theirAsk).want(t, 200, "Accept for our side", "Decline for our side", "Offer other terms", theirAsk+"/offer", "Call it off for good")
	b.post(theirAsk+"/accept", "about", desktest.AskedOfUs, "window", "2", "start", "2026-11-29T13:30", "zone", "Europe/Paris").to(t, theirAsk+"?said=contact_accept")
	b.post(theirAsk+"/decline", "about", desktest.AskedOfUs, "reason", "not-now", "text", "Later", "next", "2026-12-01T10:00", "zone", "UTC").to(t, theirAsk+"?said=contact_decline")
	for _, want := range []string{"ReplyContact " + desktest.AskedOfUs + " accept 2 Europe/Paris 2026-11-29T12:30:00Z", "ReplyContact " + desktest.AskedOfUs + " not-now 2026-12-01T10:00:00Z Later"} {
		if !b.st.Did(want) {
			t.Errorf("the station did %q, want %q", b.st.Calls, want)
		}
	}
	n := len(b.st.Calls)
	b.post(theirAsk+"/decline", "about", desktest.AskedOfUs, "reason", "", "text", "Kept <i>", "zone", "UTC").want(t, 422, "no reason is chosen", "Kept &lt;i&gt;", `id="decline-`+desktest.AskedOfUs+`" open`)
	b.post(theirAsk+"/accept", "about", desktest.AskedOfUs, "zone", "UTC").want(t, 422, "no window is chosen")
	b.post(theirAsk+"/call-off", "reason", "other", "text", "x", "zone", "UTC").want(t, 422, "not confirmed")
	b.post(theirAsk+"/leap").want(t, 404)
	if len(b.st.Calls) != n {
		t.Errorf("refused acts did %q", b.st.Calls[n:])
	}
	b.post(theirAsk+"/call-off", "reason", "overtaken", "text", "Typhoon", "sure", "yes", "zone", "UTC").to(t, theirAsk+"?said=contact_call-off")
	if !b.st.Did("CallOffContact " + desktest.AskedOfUs + " overtaken Typhoon") {
		t.Errorf("the station did %q", b.st.Calls)
	}
	// The form begins with their terms, in our zone; their people are not ours.
	b.get(theirAsk+"/offer").want(t, 200, `value="2026-11-28T02:00"`, "Rescue corridor", `value="each side its own"`, "!国家主席")
	b.post(theirAsk+"/offer", call("then", "send")...).to(t, theirAsk+"?said=contact_offer")
	if !b.st.Did("OfferTerms " + desktest.AskedOfUs + ` leader voice ["Strait" "Grain"] 2026-11-26T09:00:00Z/2026-11-26T11:00:00Z Europe/Paris "Soon <b>" 1`) {
		t.Errorf("the station did %q", b.st.Calls)
	}
	// An offer of ours that is revised keeps all its windows and people.
	b.st.Lock()
	offer := &b.st.Contacting[2].Terms[0]
	for i := range 9 {
		offer.Windows = append(offer.Windows, station.ContactWindow{Start: start.AddDate(0, 0, 8+i), End: start.AddDate(0, 0, 8+i).Add(time.Hour)})
		offer.Participants = append(offer.Participants, station.ContactPerson{Name: fmt.Sprint("Listener ", i+1), Role: "listener"})
	}
	b.st.Unlock()
	b.get(birch+"/contact/"+desktest.Unanswered+"/offer").want(t, 200, `name="from-10" value="2026-12-09T15:12"`, `name="from-11" value=""`, `value="Listener 9"`, `name="name-11"`)
	// The watch reads, and does not arrange.
	w := watch(t)
	w.get(theirAsk).want(t, 200, "!Accept for our side", "!Call it off for good", "The envoy or the principal answers")
}

// TestContactFile: the points of a file, what took place, and what is handed out.
func TestContactFile(t *testing.T) {
	b := envoy(t)
	b.get(ourAgreed).want(t, 200, "Proposed instead", "!Proposed instead: <bdi dir=\"auto\">The corridor", "Take it back", "overdue", "Who takes part", "A. Alder", "王建国", "Propose a change")
	b.post(ourAgreed+"/point", "kind", "person", "text", "Dr Vega", "role", "interpreter", "due", "", "zone", "UTC").to(t, ourAgreed+"?said=contact_point")
	b.post(ourAgreed+"/judge", "about", "9a0f33c1d2e4b586:64", "step", "agree").to(t, ourAgreed+"?said=contact_judge")
	b.post(ourAgreed+"/enter", "date", "2026-12-02", "level", "minister", "medium", "video", "ours", "A. Alder", "theirs", "王建国", "source", "both stations", "minutes", "40").to(t, ourAgreed+"?said=contact_enter")
	for _, want := range []string{"AddPoint " + desktest.OurCounter + " person Dr Vega  interpreter", "JudgePoint " + desktest.OurCounter + " 9a0f33c1d2e4b586:64 agree", "EnterContacts " + desktest.OurCounter + " 2026-12-02 minister video A. Alder 王建国 40 both stations"} {
		if !b.st.Did(want) {
			t.Errorf("the station did %q, want %q", b.st.Calls, want)
		}
	}
	b.post(ourAgreed+"/enter", "date", "2 April", "level", "minister", "medium", "video", "ours", "Kept <i>").want(t, 422, "is no date such as 2024-04-02", "Kept &lt;i&gt;")
	a := b.get(ourAgreed+"/calendar").want(t, 200, "UID:"+desktest.OurCounter)
	if a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Disposition"), ".ics") {
		t.Errorf("the calendar comes as %q, %q", a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition"))
	}
	b.get(theirAsk+"/calendar").want(t, 404, "nothing was agreed")
	silent := birch + "/contact/" + desktest.Unanswered
	b.get(silent).want(t, 200, "Proof that nobody answered", "/item/"+desktest.Unanswered+"/silence-proof", "No answer of Birch", "Revise our offer", "late by")
	b.get(birch+"/contact/41c07d5e88aa9b10:20").want(t, 200, "LATE", "not now", "待定", "Another offer will be made by", "Offer other terms instead")
	b.get(birch+"/contact/41c07d5e88aa9b10:10").want(t, 200, "cancelled by Birch", "台风", "overtaken by events", "!Propose a point")
	b.get(birch+"/contact/nothing").want(t, 404)
}

// TestRegister: rows are entered by hand and from a table, judged, and handed out.
func TestRegister(t *testing.T) {
	b := envoy(t)
	b.post(birch+"/contacts/enter", "date", "2020-02-03", "level", "leader", "medium", "in-person", "ours", "A", "theirs", "B", "source", "press").to(t, birch+"/contacts?said=contact_enter")
	b.post(birch+"/contacts/register", "about", "9a0f33c1d2e4b586:3", "row", "1", "step", "dispute", "text", "Not so").to(t, birch+"/contacts?said=contact_register")
	b.post(birch+"/contacts/register", "about", "41c07d5e88aa9b10:2", "row", "3", "step", "takeback").to(t, birch+"/contacts?said=contact_register")
	for _, want := range []string{"EnterContacts  2020-02-03 leader in-person A B 0 press", "JudgeContacts 9a0f33c1d2e4b586:3 dispute [1] Not so", "JudgeContacts 41c07d5e88aa9b10:2 take-back [3]"} {
		if !b.st.Did(want) {
			t.Errorf("the station did %q, want %q", b.st.Calls, want)
		}
	}
	b.post(birch+"/contacts/register", "about", "9a0f33c1d2e4b586:3", "row", "1", "step", "dispute").want(t, 422, "who disputes says what is wrong")
	b.post(birch+"/contacts/leap").want(t, 404)
	n := len(b.st.Calls)
	b.table("date,level,medium,ours,theirs,source\n2020-01-02,leader,voice,A,B,press\n2020-13-01,leader,voice,A,B,press\n").want(t, 400, "line 3:", "2020-13-01", `id="import" open`)
	if len(b.st.Calls) != n {
		t.Errorf("a table with a fault did %q", b.st.Calls[n:])
	}
	b.table("date,level,medium,ours,theirs,source\n2020-01-02,leader,voice,A,B,press\n2020-12-01,working,video,C,D,press\n").to(t, birch+"/contacts?said=contact_import")
	if !b.st.Did("EnterContacts  2020-12-01 working video C D 0 press") {
		t.Errorf("the station did %q", b.st.Calls)
	}
	b.get(birch+"/contacts?asof=yesterday").want(t, 422, "is no date such as")
	if a := b.get(birch+"/contacts.csv").want(t, 200, "leader,voice"); a.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("the table comes as %q", a.Header.Get("Content-Type"))
	}
	b.get(birch+"/contacts.json?asof=2020-06-01").want(t, 200, `"as_of":"2020-06-01T23:59:59Z"`, `"date":"2019-07-03"`, "!2020-08")
}

// table imports a file.
func (b *bench) table(text string) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("file", "contacts.csv")
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	w.Close()
	r := httptest.NewRequest("POST", birch+"/contacts/import", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// TestTopic: a stance, a question and an answer, each on the record of a topic.
func TestTopic(t *testing.T) {
	b := envoy(t)
	b.get(topicPath).want(t, 200, "Put our stance on the record", "Answer for our side", `<option value="answered"`, `<option value="reserved"`, "!<option value=\"authoritative\"")
	at := birch + "/topic?name=Rescue+corridor"
	b.post(birch+"/topics/stance", "topic", "Rescue corridor", "stand", "contested", "position", "As before").to(t, at+"&said=topic_stance")
	b.post(birch+"/topics/ask", "topic", "Rescue corridor", "sort", "question", "text", "Who?", "quote", "dropped", "by", "2026-12-01T10:00").to(t, at+"&said=topic_ask")
	b.post(birch+"/topics/answer", "topic", "Rescue corridor", "about", desktest.AskToUs, "outcome", "answered", "text", "We do").to(t, at+"&said=topic_answer")
	for _, want := range []string{"TakeStance Rescue corridor contested As before", "PutAsk question Rescue corridor Who?", "AnswerAsk " + desktest.AskToUs + " answered We do"} {
		if !b.st.Did(want) {
			t.Errorf("the station did %q, want %q", b.st.Calls, want)
		}
	}
	b.post(birch+"/topics/ask", "topic", "Rescue corridor", "sort", "clarification", "text", "Kept <i>").want(t, 422, "quotes a statement with its source and date", "Kept &lt;i&gt;", `id="put" open`)
	b.post(birch+"/topics/ask", "new", "1", "topic", "New <u>", "sort", "clarification", "text", "Kept").want(t, 422, `value="New &lt;u&gt;"`, `id="new-ask" open`)
	b.post(birch+"/topics/answer", "topic", "Rescue corridor", "about", desktest.AskToUs, "outcome", "").want(t, 422, "no outcome is chosen")
	b.get(birch+"/topic?name=Nothing+said").want(t, 200, "Nothing was asked.")
	b.get(birch+"/topic").want(t, 404)
}

// TestCalendarAddress: it is shown once, needs no session, is for nothing else, and
// is in no log; once ended it says nothing.
func TestCalendarAddress(t *testing.T) {
	b := envoy(t)
	b.post("/calendars/add", "name", "").want(t, 400, "which calendar it is for")
	a := b.post("/calendars/add", "name", "Wall <b>").want(t, 200, "Wall &lt;b&gt;", "http://example.com/calendar/secret-101/contacts.ics", "shown this once")
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("it may be kept: %q", a.Header.Get("Cache-Control"))
	}
	b.get("/calendars").want(t, 200, "Wall &lt;b&gt;", "!secret-101")
	cookies := b.cookies
	b.cookies = nil
	got := b.get("/calendar/secret-101/contacts.ics").want(t, 200, "BEGIN:VCALENDAR", "UID:"+desktest.OurCounter)
	if got.Header.Get("Content-Type") != "text/calendar; charset=utf-8" {
		t.Errorf("it comes as %q", got.Header.Get("Content-Type"))
	}
	b.get("/calendar/secret-999/contacts.ics").want(t, 404, "!VCALENDAR")
	b.st.Lock()
	b.st.Fail["Calendar"] = parley.Errorf(parley.Unavailable, "the store is away")
	b.st.Unlock()
	b.get("/calendar/secret-101/contacts.ics").want(t, 503, "!store")
	b.cookies = cookies
	b.post("/calendars/end", "feed", "101").to(t, "/calendars?said=feed_ended")
	b.post("/calendars/end", "feed", "101").want(t, 404)
	b.cookies = nil
	b.get("/calendar/secret-101/contacts.ics").want(t, 404)
	if strings.Contains(b.log.String(), "secret-") {
		t.Errorf("the log: %s", b.log)
	}
}

// TestContactEntries: an entry of the record that is of a contact is shown in the
// words of the page, and what somebody wrote never as one of them.
func TestContactEntries(t *testing.T) {
	b := watch(t)
	b.cookies["parley-alder-lang"] = "fr"
	b.st.Items = append(b.st.Items,
		&station.Item{ID: desktest.AskedOfUs, Line: desktest.Birch, Party: "birch", Known: true, Form: "request", Series: "traffic", Serial: 60, FromText: "birch/envoy",
			Fields: []station.Field{{Name: "level", Value: "leader"}, {Name: "window 2", Value: "x"}, {Name: "note-taker", Value: "吴敏"}, {Name: "topic", Value: "voice"}, {Name: "strange <b>", Value: "leader"}}},
		&station.Item{ID: "9a0f33c1d2e4b586:61", Line: desktest.Birch, Party: "birch", Known: true, Form: "disregard", Series: "traffic", Serial: 61, FromText: "birch/envoy", Fields: []station.Field{{Name: "reason", Value: "time"}}})
	b.get(birch+"/item/"+desktest.AskedOfUs).want(t, 200, "Demande de contact", `href="`+theirAsk+`"`, "Niveau", "dirigeants", "Créneau 2", "Preneur de notes", "Sujet", ">voice</bdi>", `<bdi lang="en">strange &lt;b&gt;</bdi>`, ">leader</bdi>")
	b.get(birch+"/item/9a0f33c1d2e4b586:61").want(t, 200, ">time</bdi>")
}

// TestContactTodos: what is to be done about a contact leads to where it is done,
// and what nobody can do any more is not offered.
func TestContactTodos(t *testing.T) {
	b := envoy(t)
	b.st.Lock()
	b.st.Contacting[0].State = contact.Lapsed
	for i := range b.st.Contacting[0].Terms[0].Windows {
		b.st.Contacting[0].Terms[0].Windows[i] = station.ContactWindow{Start: start.Add(-2 * time.Hour), End: start.Add(-time.Hour)}
	}
	b.st.Contacting[1].State = contact.Past
	b.st.Unlock()
	b.get(theirAsk).want(t, 200, "LAPSED", "passed without an agreement", "!Accept for our side", "Decline for our side", "Offer other terms")
	b.get(ourAgreed).want(t, 200, `id="enter" open`, "nobody has entered whether it took place")
	b.st.Lock()
	b.st.Contacting = b.st.Contacting[:1]
	b.st.Unlock()
	b.get(birch+"/contacts").want(t, 200, "No contact is planned.", "!waits for us")
	for _, c := range []struct{ act, item, text, to string }{
		{"answer-contact", desktest.AskedOfUs, "x", theirAsk}, {"enter-contact", desktest.OurCounter, "x", ourAgreed}, {"answer-ask", desktest.AskToUs, "Rescue corridor", topicPath},
		{"agree-exercise", "41c07d5e88aa9b10:7", "AUTUMN GALE", birch + "/modes#mode-41c07d5e88aa9b10:7"},
	} {
		b.st.Lock()
		b.st.Todos = []station.Todo{{Act: c.act, Item: c.item, Line: desktest.Birch, Text: c.text}}
		b.st.Unlock()
		b.get("/watch").want(t, 200, `href="`+strings.ReplaceAll(c.to, "+", "&#43;")+`"`)
	}
}

// TestLongRegister: a page shows the newest rows, and all when asked.
func TestLongRegister(t *testing.T) {
	b := watch(t)
	b.st.Lock()
	for i := range 250 {
		b.st.Held = append(b.st.Held, station.RegisterRow{ID: "41c07d5e88aa9b10:3", Number: i + 1, By: "alder", Date: fmt.Sprintf("1990-01-%02d", 1+i%28), Level: "working", Medium: "voice", OurSide: "A", TheirSide: "B", Source: fmt.Sprintf("ledger %d.", i)})
	}
	b.st.Unlock()
	b.get(birch+"/contacts").want(t, 200, "The newest 200 of 264 are shown.", `href="`+birch+`/contacts?rows=all"`, "ledger 185.", "!ledger 186.")
	b.get(birch+"/contacts?rows=all").want(t, 200, "ledger 249.", "!Show all")
}

// TestLevelsOfContacts: the page says who arranges contacts at which level, offers
// to each seat what it may do there, and marks what is outside what was agreed.
func TestLevelsOfContacts(t *testing.T) {
	b := envoy(t)
	b.get(birch+"/contacts").want(t, 200, "Who arranges contacts", "As both sides agreed in the charter", "Ask for a contact", "!not on this line")
	refused := birch + "/contact/41c07d5e88aa9b10:20"
	b.get(refused).want(t, 200, `outside what was agreed <span class="unseen">watch</span>`)
	b.get(theirAsk).want(t, 200, "!outside what was agreed", "Levels it has reached", "since", "Accept for our side")
	w := watch(t)
	w.get(birch+"/contacts/ask").want(t, 200, `value="working"`, `value="commander"`, `!value="leader"`, `!value="minister"`)
	w.get(birch+"/contact/"+desktest.Unanswered).want(t, 200, "Revise our offer")
	w.get(theirAsk).want(t, 200, "!Accept for our side")
	w.st.Lock()
	w.st.Levels = map[string][]string{"leader": {"envoy"}}
	w.st.Unlock()
	w.get(birch+"/contacts").want(t, 200, "not on this line", "!Ask for a contact")
	w.get(birch+"/contact/"+desktest.Unanswered).want(t, 200, "!Revise our offer")
	// The amendment asks for it.
	b.get(birch+"/charter/change?what=charter").want(t, 200, `name="level-leader" value="envoy, principal"`, "A level left empty")
	b.get(birch+"/charter").want(t, 200, "Contacts of leaders")
	// So does the page of the single entry, of recordings too.
	for _, x := range []struct {
		seat station.ContactSeat
		want string
	}{
		{station.ContactSeat{Office: "watch"}, "!outside what was agreed"},
		{station.ContactSeat{Office: "watch", Outside: true}, `outside what was agreed <span class="unseen">watch</span>`},
		{station.ContactSeat{Office: "envoy", Outside: true, Tape: true}, "outside what was agreed: Recording"},
	} {
		b.st.Lock()
		it := b.st.Items[0]
		it.Arranged = &x.seat
		b.st.Unlock()
		b.get(birch+"/item/"+it.ID).want(t, 200, x.want)
	}
}

// TestDocumentsOfContacts: a document of a file is an attachment on the record.
func TestDocumentsOfContacts(t *testing.T) {
	b := envoy(t)
	b.get(ourAgreed).want(t, 200, "chart &lt;b&gt;.pdf", `/item/9a0f33c1d2e4b586:31"`, "an attachment that is not here", `<option value="9a0f33c1d2e4b586:31/chart &lt;b&gt;.pdf">`)
	b.post(ourAgreed+"/point", "kind", "document", "text", "Chart", "document", "9a0f33c1d2e4b586:31/chart <b>.pdf", "zone", "UTC").to(t, ourAgreed+"?said=contact_point")
	b.post(ourAgreed+"/point", "kind", "agenda", "text", "Chart", "document", "9a0f33c1d2e4b586:31/chart <b>.pdf", "zone", "UTC").to(t, ourAgreed+"?said=contact_point")
	for _, want := range []string{"AddPoint " + desktest.OurCounter + " document Chart    9a0f33c1d2e4b586:31 chart <b>.pdf", "AddPoint " + desktest.OurCounter + " agenda Chart"} {
		if !b.st.Did(want) {
			t.Errorf("the station did %q, want %q", b.st.Calls, want)
		}
	}
}

// TestWhoTookPart: a contact that took place is entered with who took part, and the
// register shows it.
func TestWhoTookPart(t *testing.T) {
	b := envoy(t)
	b.get(birch+"/contacts").want(t, 200, "Who took part for our side", "L. Ash", "Desk officer &lt;i&gt;", `name="name-6"`)
	row := []string{"date", "2026-01-02", "level", "working", "medium", "voice", "ours", "A. Alder", "theirs", "王建国", "source", "a note"}
	b.post(birch+"/contacts/enter", append(row, "name-1", "K. Adeyemi", "title-1", "Adviser", "role-1", "delegate", "name-3", "R. Vega", "role-3", "interpreter")...).to(t, birch+"/contacts?said=contact_enter")
	if want := "EnterContacts  2026-01-02 working voice A. Alder 王建国 0 a note K. Adeyemi=delegate, R. Vega=interpreter"; !b.st.Did(want) {
		t.Errorf("the station did %q, want %q", b.st.Calls, want)
	}
	b.post(birch+"/contacts/enter", append(row, "title-2", "Nobody")...).want(t, 422, "participant 2 has no name")
	b.post(birch+"/contacts/enter", append(row, "name-1", "Kept <i>", "role-1", "jester")...).want(t, 400, "Kept &lt;i&gt;")
	// What was agreed fills the form of a contact that has passed.
	b.get(ourAgreed).want(t, 200, `value="A. Alder"`)
}

// TestTopicIsRead: the page of a topic asks the station to note who read it, the
// list does not, and shows no words.
func TestTopicIsRead(t *testing.T) {
	b := envoy(t)
	b.get(birch+"/topics").want(t, 200, "Rescue corridor", "!谁负责测量", "!需重新测量")
	if b.st.Did("Topic ") {
		t.Errorf("the list reads: %q", b.st.Calls)
	}
	b.get(birch+"/topic?name=Rescue+corridor").want(t, 200, "谁负责测量", "需重新测量")
	if !b.st.Did("Topic Rescue corridor") {
		t.Errorf("the station did %q", b.st.Calls)
	}
	b.get(birch+"/topic?name=Nothing+yet").want(t, 200, "Nothing yet")
}
