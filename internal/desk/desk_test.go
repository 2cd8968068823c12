package desk_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/desk"
	"parley/internal/desk/desktest"
	"parley/internal/station"
)

// start is when the tests play: 14:12:02 on 23 November 2026.
var start = time.Date(2026, 11, 23, 14, 12, 2, 0, time.UTC)

// bench is a desk with its station and a browser's worth of cookies.
type bench struct {
	t       *testing.T
	st      *desktest.Station
	h       http.Handler
	cookies map[string]string
	log     *strings.Builder
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, st: desktest.New(func() time.Time { return start }), cookies: map[string]string{}, log: &strings.Builder{}}
	b.h = desk.New(desk.Config{Station: b.st, Clock: func() time.Time { return start }, Here: time.UTC, Origin: "http://alder.localhost", Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Zones: map[parley.PartyCode]*time.Location{"birch": time.FixedZone("BST", 8*3600)}})
	return b
}

// sit takes a session for an officer.
func (b *bench) sit(officer int64, office parley.Office) *bench {
	b.cookies["parley-alder-session"] = b.st.Sit(officer, office)
	return b
}

func watch(t *testing.T) *bench { return newBench(t).sit(1, parley.Watch) }
func admin(t *testing.T) *bench { return newBench(t).sit(3, parley.Administrator) }

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

func (b *bench) do(r *http.Request) answer {
	b.t.Helper()
	for n, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: n, Value: v})
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (b *bench) get(path string) answer { return b.do(httptest.NewRequest("GET", path, nil)) }

func (b *bench) post(path string, fields ...string) answer {
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// want checks status and texts; a text that begins with "!" must be absent.
func (a answer) want(t *testing.T, status int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d: %.600s", a.StatusCode, status, a.body)
	}
	for _, s := range texts {
		if not, ok := strings.CutPrefix(s, "!"); ok {
			if strings.Contains(a.body, not) {
				t.Errorf("the page holds %q", not)
			}
		} else if !strings.Contains(a.body, s) {
			t.Errorf("the page lacks %q ", s)
		}
	}
	return a
}

// to checks a redirect.
func (a answer) to(t *testing.T, place string) {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != place {
		t.Errorf("status %d to %q, want a redirect to %q: %.800s", a.StatusCode, a.Header.Get("Location"), place, a.body)
	}
}

const (
	birch       = "/line/" + desktest.Birch
	flash       = birch + "/item/9a0f33c1d2e4b586:41"
	question    = birch + "/item/9a0f33c1d2e4b586:40"
	hostile     = birch + "/item/9a0f33c1d2e4b586:38"
	memconsPath = birch + "/memcons/" + desktest.OurCounter
	ourUrgent   = birch + "/item/41c07d5e88aa9b10:58"
	theirAsk    = birch + "/contact/" + desktest.AskedOfUs
	topicPath   = birch + "/topic?name=Rescue+corridor"
	ourAgreed   = birch + "/contact/" + desktest.OurCounter
)

// pages are all there are, with what each must show in English.
var pages = []struct {
	path  string
	admin bool
	texts []string
}{
	{"/watch", false, []string{"Waiting for us", "Nr 0042", "Do next", "open within", "taken by", "exercise", "not delivered", "231412Z NOV 26"}},
	{"/watch?line=" + desktest.Birch, false, []string{"Nr 0042", "!QUIET HARBOUR</bdi></li>"}},
	{"/record", false, []string{"in record order", "Below this rule the order is not yet confirmed", "order not yet confirmed by", "history disputed"}},
	{"/record?q=aircraft", false, []string{`<mark class="hit">Aircraft</mark>, 14.2N 115.1E`, "!Weekly summary", "/record.csv?line="}},
	{"/record?since=2026-11-23&until=231430Z+NOV+26&precedence=FLASH", false, []string{`value="231430Z NOV 26"`, `<option value="FLASH" selected`}},
	{birch + "/texts", false, []string{"lighthouse", "not in use by us", "not translated yet", "DRAFT, NOT REVIEWED", "!What the administrator decides"}},
	{"/compose?sample=question", false, []string{`<option value="QUESTION" selected`, "Is it yours?", "Begin from a template"}},
	{"/compose?template=61", false, []string{"Our [which] cable", `value="birch/watch" checked`, "3 of 41", "9 of 17", "(53 %)"}},
	{flash, false, []string{"Not opened. The text is shown once you open it", "Open", "!贵方一架飞机"}},
	{question, false, []string{"我方注意到", "Made by", "Checked by", "ORIGINAL, authentic", `class="beside"`, "Dispute words", "Send to the other side", "DRAFT, NOT REVIEWED", "OUR SIDE ONLY", "END OF", "Answer", "Principal informed", "海图 14N115E.pdf", "Witnessed", "witness.example/dove"}},
	{ourUrgent, false, []string{"Ask for it to be read", "Tracer", "Disregard", "late by", "no answer yet"}},
	{flash + "?translation=9", false, []string{"FLASH this month", "9 of 17"}},
	{birch + "/charter", false, []string{"calls are recorded", "⟦U+202E⟧", "&lt;b&gt;", "waits for:", "In force for our side since", "!Put our assent on record"}},
	{hostile, false, []string{"⟦U+202E⟧"}},
	{birch + "/offices", false, []string{"吴敏", "addressed as", "<del><bdi dir=\"auto\">大使先生", "lapsed since", "No sign of life for 30 days", "3 of 4", "after 4 min", "C. Hale &lt;b&gt;", "!Change the incumbent"}},
	{birch + "/brief", false, []string{"What Alder hands on about the line to Birch", "Asked of us, not answered", "Open a rescue corridor until 1800Z", "Weather warning for the strait", "calls are recorded", "AUTUMN GALE", "!我方注意到"}},
	{birch + "/modes", false, []string{"AUTUMN GALE", "Agree for our side", "Refuse it", "single-path drill on TLS", "over: its time has passed", "Begin an exercise"}},
	{birch + "/offices/change?office=envoy", true, []string{"On the record now", "A. Okafor", "Check and release"}},
	{birch + "/charter/change?what=annex", true, []string{"Quotas", "Entries from a peer in a second", `value="10"`, "usual 20, at least 1", "witness.example/dove"}},
	{birch + "/charter/leave", true, []string{"type the code of the other side: birch"}},
	{birch + "/contacts", false, []string{"AGREED", "NO ANSWER", "Agreed for 020800Z DEC 26", "Birch asked; it waits for an answer of Alder", "waits for us", `class="timeline"`, "taken back", "802 d", "calls: 3, meetings: 2", "overdue", "archive of the ministry", "it lasted &lt;b&gt;40", "Enter a contact that took place", "Who arranges contacts", "Ask for a contact</a>"}},
	{birch + "/contacts?asof=2020-06-01", false, []string{`value="2020-06-01"`, ">today</a>", "2019-07-03", "!Exercises"}},
	{theirAsk, false, []string{"⟦U+202E⟧", "Asia/Shanghai", "Sat 2026-11-28 09:00", "Sat 2026-11-28 02:00", "280100Z NOV 26", "国家主席", "!Accept for our side"}},
	{ourAgreed, false, []string{"AGREED", "The corridor in winter", "谁来测量 &lt;script&gt;", "For the calendar", "On its way to the record: 1", "Agreed &lt;i&gt;gladly", "Propose a point", "Enter what took place"}},
	{spokenOf, false, []string{"took place", "What is said", "Prisoners", "Asked for by", "!Publish ours"}},
	{said, false, []string{"What differs", "is not a target of either side", "Side by side", `id="compose"`, "!Sign for our side"}},
	{birch + "/call", false, []string{"no answer", "put through for", "The corridor stays open at all hours.", "过两天", "!Lift"}},
	{memconsPath, false, []string{"OUR SIDE ONLY", "Will answer by Monday. &lt;b&gt;", "⟦U+202E⟧", "“尽快”是他的原话。", "merged", "Version 2", "waits for its review", "Begin a memcon", "!<b>"}},
	{"/memcon/" + desktest.ReviewedMemcon, false, []string{"OUR SIDE ONLY", "<del>will consider 40</del><ins>agreed to 14</ins>", "&lt;script&gt;", "⟦U+202E⟧", "The figure was 14, not 40. &lt;b&gt;", "Who read it", "printed", "Distribution list", "Correct it", "!You are asked to review"}},
	{"/memcon/" + desktest.ReviewedMemcon + "?text=1", false, []string{"40 boats", "Version 1", "!Why it is corrected"}},
	{"/memcon/" + desktest.ReviewedMemcon + "/print?text=2", false, []string{"OUR SIDE ONLY", "copy of <bdi>Lt Ruiz</bdi>", "14 boats", "!<form method=\"post\" action=\"/memcon"}},
	{"/memcon/" + desktest.DraftMemcon, false, []string{"NOT REVIEWED", "Waits for the review of", "&lt;img src=x&gt;", "Ask for the review", "Discard it"}},
	{birch + "/glossary", false, []string{"驳船", "checked by", "checked by nobody", "no-sail zone &lt;i&gt;", "⟦U+202E⟧", "First the corridor", "!I have checked it"}},
	{birch + "/topics", false, []string{"Rescue corridor", "waits for an answer: 2", "can cooperate", "!Say or ask"}},
	{topicPath, false, []string{"Open at all hours &lt;b&gt;.", "⟦U+202E⟧", "需重新测量", "open for 9 d", "谁负责测量？&lt;script&gt;", "新华社", "reserved", "待研究", "waits for us", "!Put our stance"}},
	{"/calendars", false, []string{"Make the address", "None yet."}},
	{"/work", false, []string{"To be released", "My drafts", "Name the windows, and say who asks."}},
	{"/compose", false, []string{"What I write", "Exactly what will be signed", "Not saved yet", "!INSTRUCTION"}},
	{"/compose?line=" + desktest.Birch + "&re=9a0f33c1d2e4b586:40", false, []string{`value="birch/envoy" checked`, `<option value="ANSWER" selected`, "9a0f33c1d2e4b586:40"}},
	{"/draft/12", false, []string{"Cable work on 27 November", "WILL BE ON THE RECORD", `name="version" value="3"`}},
	{"/draft/11", false, []string{"FLASH this month", "3 of 41", "Precedence you release it with", "Envoy Okafor", "Return with a note"}},
	{"/draft/12/release", false, []string{"Release", "Back to writing"}},
	{"/station", false, []string{"measured by us", "said by them", "Test now", "From here nobody can tell", "!Pairing"}},
	{birch, false, []string{"203.0.113.7:7443", "not yet proved post-quantum", "Cut", "disputed", "the old generation was forked", "witness.example/rook", "did not sign at the last test", "49", "!<b>refused"}},
	{"/watch/list", false, []string{"Lt Ruiz", "nobody reads Chinese", "nobody on watch", "+00 555 0142", "Their envoy rings", "!<b>"}},
	{"/watch/takeover", false, []string{"Lt Ruiz</bdi></strong> since", "None yet"}},
	{"/help", false, []string{"Nothing leaves by one keystroke"}},
	{"/access", false, []string{"Log out everywhere", "token in the safe"}},
	{"/sign-in", false, []string{"Sign in with a passkey"}},
	{"/station/audit", true, []string{"acknowledged", "&lt;script&gt;"}},
	{"/station/officers", true, []string{"Lt Ruiz", "Make a seat link", "no longer here", "!<b>Bold</b>"}},
	{"/station/pairing", true, []string{"velvet", "<svg class=\"qr\"", "NOT equal", "01234567890123456"}},
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh", "ar"} {
		for _, p := range pages {
			t.Run(lang+p.path, func(t *testing.T) {
				b := watch(t)
				if p.admin {
					b = admin(t)
				}
				b.cookies["parley-alder-lang"] = lang
				texts := []string{`<html lang="` + lang + `"`}
				if lang == "en" {
					texts = append(texts, p.texts...)
				}
				a := b.get(p.path).want(t, 200, texts...)
				if strings.Contains(a.body, "<script>") || strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "<no value>") {
					t.Errorf("the page holds what it must not")
				}
				if strings.Contains(b.log.String(), "level=ERROR") {
					t.Errorf("log: %s", b.log)
				}
			})
		}
	}
}

// Alarms and evidence on a page name a party as everything else there does.
func TestPagesNamePartiesInAlarms(t *testing.T) {
	b := newBench(t).sit(1, parley.Watch)
	b.st.AlarmSet = []*station.Alarm{{ID: 900, Line: desktest.Birch, Peer: "birch", Code: "violation", Text: "birch broke the protocol and was refused: it is no date", At: start, Count: 1}}
	b.st.LineList[0].Lamp.State = station.LampDown
	b.st.LineList[0].Lamp.Evidence = []station.Evidence{{By: "measured by us", Code: "path-down", Text: "QUIC to birch is down: connection refused", At: start}}
	b.get("/watch").want(t, 200, "Birch broke the protocol and was refused", "QUIC to Birch is down", "!QUIC to birch")
	b.get(birch).want(t, 200, "QUIC to Birch is down", "!QUIC to birch")
}
