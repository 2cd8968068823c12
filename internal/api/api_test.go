package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"parley"
	"parley/internal/api"
	"parley/internal/station"
	"parley/internal/station/stationtest"
)

// ground is two real stations on a line; Alder's API is tested against its own
// document: every answer is checked to be of the shape that the document says.
type ground struct {
	t            *testing.T
	alder, birch *stationtest.Station
	line         string
	srv          *httptest.Server
	router       routers.Router
	folder       string          // into which Alder publishes
	used         map[string]bool // operations that were called
	doc          *openapi3.T
}

func newGround(t *testing.T) *ground {
	t.Helper()
	dir, folder := t.TempDir(), t.TempDir()
	g := &ground{t: t, folder: folder, alder: stationtest.New(t, dir, "alder", func(c *station.Config) { c.PublicFolder = folder }), birch: stationtest.New(t, dir, "birch"), used: map[string]bool{}}
	g.line = stationtest.Pair(t, g.alder, g.birch)
	g.srv = httptest.NewServer(api.New(tapes{g.alder.St}, nil))
	t.Cleanup(g.srv.Close)
	res, err := http.Get(g.srv.URL + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if g.doc, err = openapi3.NewLoader().LoadFromData(b); err != nil {
		t.Fatalf("the document does not load: %v", err)
	}
	if err := g.doc.Validate(t.Context()); err != nil {
		t.Fatalf("the document is not OpenAPI: %v", err)
	}
	if g.router, err = gorillamux.NewRouter(g.doc); err != nil {
		t.Fatal(err)
	}
	for _, media := range []string{"application/octet-stream", "audio/ogg"} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.FileBodyDecoder)
	}
	return g
}

// token makes one for an officer in one office.
func (g *ground) token(o station.Officer, office parley.Office) string {
	g.t.Helper()
	_, secret, err := g.alder.St.AddToken(context.Background(), station.Officer{}, o.ID, office, "the test", time.Hour)
	if err != nil {
		g.t.Fatal(err)
	}
	return secret
}

// reply is an answer that was checked.
type reply struct {
	*http.Response
	body []byte
}

func (r reply) read(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
}

// ask does a request, checks it and its answer against the document, and fails
// when the status is another.
func (g *ground) ask(token, method, path string, body any, want int, header ...string) reply {
	g.t.Helper()
	var b []byte
	switch x := body.(type) {
	case nil:
	case []byte:
		b = x
	default:
		var err error
		if b, err = json.Marshal(x); err != nil {
			g.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, g.srv.URL+"/api/v1"+path, bytes.NewReader(b))
	if err != nil {
		g.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if _, file := body.([]byte); file {
		r.Header.Set("Content-Type", "application/octet-stream")
	} else if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	route, params, err := g.router.FindRoute(r)
	if err != nil {
		g.t.Fatalf("%s %s is not in the document: %v", method, path, err)
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(g.t.Context(), in); err != nil && want < 400 {
		g.t.Fatalf("%s %s: the request is not as documented: %v", method, path, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if res.StatusCode != want {
		g.t.Fatalf("%s %s: got %d %s, want %d", method, path, res.StatusCode, got, want)
	}
	err = openapi3filter.ValidateResponse(g.t.Context(), (&openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true}}).SetBodyBytes(got))
	if err != nil {
		g.t.Errorf("%s %s: the answer is not as documented: %v", method, path, err)
	}
	if want < 400 {
		g.used[route.Operation.OperationID] = true
	}
	return reply{res, got}
}

// TestEveryOperation does everything the document names against a real line,
// and fails for an operation it did not do.
func TestEveryOperation(t *testing.T) {
	g := newGround(t)
	watch, envoy, chief := g.token(g.alder.Watch, parley.Watch), g.token(g.alder.Envoy, parley.Envoy), g.token(g.alder.Chief, parley.Envoy)
	translator := g.token(g.alder.Chief, parley.Translator)
	ctx := context.Background()
	boss, err := g.alder.St.AddOfficer(ctx, station.Officer{}, "Admin", []parley.Office{parley.Administrator})
	if err != nil {
		t.Fatal(err)
	}
	admin := g.token(boss, parley.Administrator)
	head, err := g.alder.St.AddOfficer(ctx, station.Officer{}, "Head", []parley.Office{parley.Principal})
	if err != nil {
		t.Fatal(err)
	}
	is := tokens{watch: watch, envoy: envoy, chief: chief, translator: translator, principal: g.token(head, parley.Principal), admin: admin}
	on := "/lines/" + g.line

	g.ask(watch, "GET", "/self", nil, 200)
	g.ask(watch, "GET", "/lines", nil, 200)
	g.ask(watch, "GET", on, nil, 200)
	g.ask(watch, "GET", on+"/why", nil, 200)
	g.ask(watch, "POST", on+"/test", nil, 200)
	g.ask(watch, "GET", "/board", nil, 200)
	g.ask(watch, "GET", "/board?line="+g.line, nil, 200)
	g.ask(watch, "POST", "/handover", map[string]string{"note": "all quiet"}, 204)
	g.ask(admin, "GET", "/officers", nil, 200)
	g.ask(watch, "GET", "/officers", nil, 404)

	// A dispatch is drafted by one officer's program, and released by another's.
	var d station.Draft
	g.ask(envoy, "POST", "/drafts", station.Draft{Line: g.line, From: "envoy", To: []string{"birch/envoy"}, Subject: "By a program", Text: "One.", Precedence: "PRIORITY", Marker: "INFORMATION", Language: "en"}, 200).read(t, &d)
	g.ask(envoy, "POST", fmt.Sprintf("/drafts/%d/attachments?name=map.txt&type=text/plain", d.ID), []byte("here"), 200).read(t, &d)
	g.ask(envoy, "GET", "/drafts", nil, 200)
	g.ask(envoy, "GET", fmt.Sprintf("/drafts/%d", d.ID), nil, 200)
	g.ask(envoy, "GET", fmt.Sprintf("/drafts/%d/preview", d.ID), nil, 200)
	g.ask(envoy, "POST", fmt.Sprintf("/drafts/%d/submit", d.ID), nil, 200).read(t, &d)
	g.ask(chief, "POST", fmt.Sprintf("/drafts/%d/return", d.ID), map[string]string{"note": "shorter"}, 200).read(t, &d)
	g.ask(envoy, "POST", fmt.Sprintf("/drafts/%d/submit", d.ID), nil, 200).read(t, &d)
	var filed struct {
		Item string `json:"item"`
	}
	release := map[string]any{"version": d.Version, "precedence": "PRIORITY"}
	g.ask(chief, "POST", fmt.Sprintf("/drafts/%d/release", d.ID), release, 200, "Idempotency-Key", "r1").read(t, &filed)
	again := g.ask(chief, "POST", fmt.Sprintf("/drafts/%d/release", d.ID), release, 200, "Idempotency-Key", "r1")
	if again.Header.Get("Idempotency-Replayed") != "true" || !strings.Contains(string(again.body), filed.Item) {
		t.Errorf("sent again: %s", again.body)
	}
	stationtest.Eventually(t, 20*time.Second, "Birch has it", func() bool { return g.birch.Has(g.line, "By a program") })
	var waste station.Draft
	g.ask(envoy, "POST", "/drafts", station.Draft{Line: g.line, From: "envoy", To: []string{"birch/envoy"}, Subject: "Not this", Text: "x", Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en"}, 200).read(t, &waste)
	g.prepare(is, waste.ID)
	g.ask(envoy, "POST", fmt.Sprintf("/drafts/%d/discard", waste.ID), nil, 204)

	// Ours, after it is stored: query, tracer, disregard, proofs.
	ours := g.find(watch, "By a program")
	at := on + "/items/" + ours
	g.ask(watch, "GET", at, nil, 200)
	g.ask(watch, "POST", at+"/query", map[string]string{"text": "please read"}, 204)
	g.ask(watch, "POST", at+"/tracer", map[string]string{"text": "where is it"}, 204)
	g.ask(envoy, "GET", at+"/proof", nil, 200)
	g.ask(envoy, "GET", at+"/proof?header_only=true", nil, 200)
	if got := g.ask(envoy, "GET", at+"/attachments/0", nil, 200); string(got.body) != "here" {
		t.Errorf("the attachment: %q", got.body)
	}
	g.ask(envoy, "POST", at+"/disregard", map[string]string{"reason": "sent by a test"}, 204)

	// Theirs: taken, opened, acknowledged, translated, reviewed, the principal told.
	g.birch.Send(g.line, "alder", "From Birch", "IMMEDIATE")
	stationtest.Eventually(t, 20*time.Second, "Alder has it", func() bool { return g.alder.Has(g.line, "From Birch") })
	var alarms []station.Alarm
	g.ask(watch, "GET", "/alarms", nil, 200).read(t, &alarms)
	g.ask(watch, "POST", "/alarms/0/silence", nil, 204)
	theirs := on + "/items/" + g.find(watch, "From Birch")
	g.ask(watch, "POST", theirs+"/take", dict{}, 204)
	g.ask(translator, "POST", theirs+"/take", dict{}, 409)
	g.ask(translator, "POST", theirs+"/take", dict{"from": g.alder.Watch.Name}, 204)
	g.ask(watch, "POST", theirs+"/give_back", nil, 409)
	g.ask(translator, "POST", theirs+"/give_back", nil, 204)
	g.ask(watch, "POST", theirs+"/open", nil, 200)
	g.ask(watch, "POST", theirs+"/acknowledge", nil, 204)
	var tr station.Translation
	g.ask(watch, "POST", theirs+"/translations", map[string]string{"language": "zh", "text": "伯奇来文"}, 200).read(t, &tr)
	g.ask(envoy, "POST", theirs+"/certify", map[string]int64{"translation": tr.ID}, 403)
	g.ask(translator, "POST", theirs+"/review", map[string]int64{"translation": tr.ID}, 204)
	g.ask(translator, "POST", theirs+"/certify", map[string]int64{"translation": tr.ID}, 403)
	g.ask(envoy, "POST", theirs+"/certify", map[string]int64{"translation": tr.ID}, 204)
	if got := g.ask(watch, "GET", on+"/record?query=%E4%BC%AF%E5%A5%87&since=2020-01&precedence=IMMEDIATE", nil, 200); !bytes.Contains(got.body, []byte("From Birch")) {
		t.Errorf("our translation does not find it: %.300s", got.body)
	}
	g.ask(watch, "GET", on+"/record?since=soon", nil, 400)
	g.ask(watch, "POST", theirs+"/informed", map[string]any{"at": time.Now()}, 204)
	g.ask(watch, "POST", on+"/checkcall", map[string]string{}, 200)
	g.ask(watch, "GET", on+"/record?plain=true&limit=10", nil, 200)
	g.ask(envoy, "GET", at+"/silence-proof", nil, 200)
	if got := g.ask(envoy, "GET", on+"/export", nil, 200); len(got.body) < 1000 {
		t.Errorf("an export of %d bytes", len(got.body))
	}
	g.understand(is, at, theirs, tr.ID)
	g.keep(is)
	g.agree(is)
	g.name(is)
	g.arrange(is)
	g.say(is)
	g.call(is)
	g.remember(is)
	g.amend(is)
	var audit []station.AuditRow
	g.ask(admin, "GET", "/audit?limit=400", nil, 200).read(t, &audit)
	g.ask(watch, "GET", "/audit", nil, 404)
	var acts []string
	for _, r := range audit {
		acts = append(acts, r.Officer+" "+r.Act)
	}
	if all := strings.Join(acts, "\n"); !strings.Contains(all, g.alder.Watch.Name+" open") || !strings.Contains(all, "add token") {
		t.Errorf("the audit:\n%s", all)
	}
	g.events(watch)
	g.ask(is.principal, "POST", on+"/leave", map[string]string{"reason": "the test is over"}, 204)
	for path, at := range g.doc.Paths.Map() {
		for method, o := range at.Operations() {
			if !g.used[o.OperationID] {
				t.Errorf("%s %s was not tried", method, path)
			}
		}
	}
}

// find returns the id of the entry with a subject.
func (g *ground) find(token, subject string) string {
	g.t.Helper()
	var p station.Page
	g.ask(token, "GET", "/lines/"+g.line+"/record?form=dispatch", nil, 200).read(g.t, &p)
	for _, it := range append(p.Settled, p.Unsettled...) {
		if it.Subject == subject {
			return it.ID
		}
	}
	g.t.Fatalf("no entry is called %q", subject)
	return ""
}

// events reads the stream until something happens on it.
func (g *ground) events(token string) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), "GET", g.srv.URL+"/api/v1/events", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream" {
		g.t.Fatalf("events: %d %s", res.StatusCode, got)
	}
	g.ask(token, "POST", "/handover", map[string]string{"note": "again"}, 204)
	sc := bufio.NewScanner(res.Body)
	for sc.Scan() {
		if b, ok := strings.CutPrefix(sc.Text(), "data: "); ok {
			var e station.Event
			if err := json.Unmarshal([]byte(b), &e); err != nil || e.Kind == "" {
				g.t.Errorf("event %s: %v", b, err)
			}
			g.used["events"] = true
			return
		}
	}
	g.t.Errorf("the stream ended: %v", sc.Err())
}

func TestRefusals(t *testing.T) {
	g := newGround(t)
	watch := g.token(g.alder.Watch, parley.Watch)
	on := "/lines/" + g.line
	for _, token := range []string{"", "nonsense", watch[1:]} {
		got := g.ask(token, "GET", "/lines", nil, 401)
		if got.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Error("no word of how to sign in")
		}
	}
	g.ask(watch, "GET", "/lines/nowhere", nil, 404)
	g.ask(watch, "GET", on+"/items/none", nil, 400)
	g.ask(watch, "GET", on+"/record?limit=x", nil, 400)
	g.ask(watch, "GET", on+"/record?limit=0", nil, 400)
	g.ask(watch, "GET", on+"/record?limit=501", nil, 400)
	for _, slip := range []string{"party=birch&form=%2", "part=birch", "Party=birch", "party=birch&party=alder", "plain=yes", "limit=5;party=birch"} {
		g.ask(watch, "GET", on+"/record?"+slip, nil, 400) // and not the whole record
	}
	g.ask(watch, "GET", "/drafts?all=true", nil, 400)
	g.ask(watch, "POST", "/handover", map[string]string{"nota": "x"}, 400)
	g.ask(watch, "POST", "/handover", map[string]string{"note": strings.Repeat("x", 2<<20)}, 413)
	g.ask(watch, "POST", "/handover", map[string]string{"note": "x"}, 400, "Idempotency-Key", "two words")
	g.ask(watch, "GET", "/drafts/999999", nil, 404)
	// A watch's token does not release what takes an envoy, whatever else its officer holds.
	both, err := g.alder.St.AddOfficer(context.Background(), station.Officer{}, "Both", []parley.Office{parley.Watch, parley.Administrator})
	if err != nil {
		t.Fatal(err)
	}
	g.ask(g.token(both, parley.Watch), "GET", "/officers", nil, 404)

	res, err := http.Get(g.srv.URL + "/api/v1/nothing")
	if err != nil || res.StatusCode != 404 {
		t.Errorf("no such operation: %v %v", res.StatusCode, err)
	}
	res.Body.Close()
	res, err = http.Get(g.srv.URL + "/metrics")
	if err != nil || res.StatusCode != 401 {
		t.Errorf("metrics without a token: %v %v", res.StatusCode, err)
	}
	res.Body.Close()
	list, err := g.alder.St.Tokens(context.Background(), station.Officer{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.alder.St.RemoveToken(context.Background(), station.Officer{}, list[0].ID); err != nil {
		t.Fatal(err)
	}
	g.ask(watch, "GET", "/lines", nil, 401)
}

// TestSentTwiceIsDoneOnce: many at once under one key make one draft.
func TestSentTwiceIsDoneOnce(t *testing.T) {
	g := newGround(t)
	envoy := g.token(g.alder.Envoy, parley.Envoy)
	body := station.Draft{Line: g.line, From: "envoy", To: []string{"birch/envoy"}, Subject: "Once", Text: "x", Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en"}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ids := make([]int64, 8)
	for i := range ids {
		wg.Go(func() {
			r, err := http.NewRequest("POST", g.srv.URL+"/api/v1/drafts", bytes.NewReader(b))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+envoy)
			r.Header.Set("Idempotency-Key", "k")
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			var d station.Draft
			if err := json.NewDecoder(res.Body).Decode(&d); err != nil || res.StatusCode != 200 {
				t.Errorf("%d %v", res.StatusCode, err)
			}
			ids[i] = d.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == 0 || id != ids[0] {
			t.Fatalf("drafts %v", ids)
		}
	}
	var all []station.Draft
	g.ask(envoy, "GET", "/drafts", nil, 200).read(t, &all)
	if len(all) != 1 {
		t.Errorf("%d drafts", len(all))
	}
	body.Subject = "Other"
	g.ask(envoy, "POST", "/drafts", body, 409, "Idempotency-Key", "k")
}

func TestMetrics(t *testing.T) {
	g := newGround(t)
	r, err := http.NewRequest("GET", g.srv.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+g.token(g.alder.Watch, parley.Watch))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %v: %s", res.StatusCode, err, b)
	}
	for _, want := range []string{`parley_line_up{line="` + g.line + `"} 1`, "parley_path_round_trip_seconds{", `parley_log_entries{line="` + g.line + `",party="birch"}`, "parley_alarms_open", "process_resident_memory_bytes"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%.3000s", want, b)
		}
	}
}
