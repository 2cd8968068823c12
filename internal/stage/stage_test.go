package stage

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/record"
	"parley/internal/station"
)

func TestSweepRefusesOtherDirectories(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, dir := range []string{"", "/", ".", os.TempDir(), filepath.Join(os.TempDir(), "mine"), filepath.Join(os.TempDir(), "sub", sweepPrefix+"1"),
		sweepPrefix + "1", filepath.Join(os.TempDir(), sweepPrefix+"1", "..", "mine")} {
		if err := Sweep(strings.NewReader(""), dir); parley.KindOf(err) != parley.NotAllowed {
			t.Errorf("%q: %v, want a refusal", dir, err)
		}
	}
}

func TestSweepWaitsForTheEnd(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := os.MkdirTemp("", sweepPrefix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Sweep(r, dir) }()
	select {
	case err := <-done:
		t.Fatalf("it ended before the pipe did: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err != nil {
		t.Fatal("it swept before the pipe ended")
	}
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestTakePortsNamesTheOneTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if got, err := takePorts(port); parley.KindOf(err) != parley.Unavailable || !strings.Contains(parley.HintOf(err), "--port") {
		t.Errorf("taken port: %v, %v (%s)", got, err, parley.HintOf(err))
	}
}

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{"localhost:7100": true, "localhost": true, "127.0.0.1:7100": true, "[::1]:7100": true, "stage.localhost:1": true,
		"evil.example:7100": false, "localhost.evil.example": false, "192.0.2.1:7100": false, "": false, "127.0.0.1.evil.example:80": false} {
		if got := local(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// TestScriptKeepsTheRules holds the story's texts to the rules of dispatches.
func TestScriptKeepsTheRules(t *testing.T) {
	seen := map[string]bool{}
	for _, x := range script {
		if seen[x.Subject] {
			t.Errorf("two texts have the subject %q: the translator could not tell them apart", x.Subject)
		}
		seen[x.Subject] = true
		if x.Other == "" || !x.Precedence.Valid() || x.Marker == parley.NoMarker {
			t.Errorf("%q has no translation, precedence or marker", x.Subject)
		}
		if (x.Precedence == parley.Flash) != (x.Reason != "") {
			t.Errorf("%q: a reason stands with FLASH and nowhere else", x.Subject)
		}
		if err := form.CheckText("the text", x.Text, 1<<16); err != nil || form.Normal(x.Text) != x.Text {
			t.Errorf("%q: %v", x.Subject, err)
		}
		if scriptOf(x.Subject) != x {
			t.Errorf("%q is not found", x.Subject)
		}
	}
	if scriptOf("something a visitor wrote") != nil {
		t.Error("an unknown subject was found")
	}
	for lang, g := range generic {
		if scriptOf(g.Subject) == nil || unknown[lang] == "" {
			t.Errorf("the general answer in %s cannot be translated back", lang)
		}
	}
}

func logOf(party, gen string, size uint64, root string, current, disputed bool) station.Log {
	return station.Log{Party: parley.PartyCode(party), Gen: gen, Size: size, Root: root, Current: current, Disputed: disputed}
}

func TestUnforked(t *testing.T) {
	before := past{log: logOf("birch", "a", 5, "r5", true, false)}
	for name, tt := range map[string]struct {
		logs []station.Log
		want bool
	}{
		"same":       {[]station.Log{logOf("birch", "a", 5, "r5", false, false), logOf("birch", "b", 1, "x", true, false)}, true},
		"tail found": {[]station.Log{logOf("birch", "a", 6, "r6", false, false)}, true},
		"rewritten":  {[]station.Log{logOf("birch", "a", 5, "other", false, false)}, false},
		"shorter":    {[]station.Log{logOf("birch", "a", 4, "r4", false, false)}, false},
		"disputed":   {[]station.Log{logOf("birch", "a", 5, "r5", false, true)}, false},
	} {
		if err := unforked(station.Line{Logs: tt.logs}, before); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestComplete(t *testing.T) {
	here := station.Line{Logs: []station.Log{logOf("alder", "a", 3, "r", true, false), logOf("birch", "b", 2, "s", true, false)}}
	for name, tt := range map[string]struct {
		logs []station.Log
		want bool
	}{
		"same":         {here.Logs, true},
		"more":         {[]station.Log{logOf("alder", "a", 4, "r4", true, false), here.Logs[1]}, true},
		"one missing":  {here.Logs[:1], false},
		"one shorter":  {[]station.Log{here.Logs[0], logOf("birch", "b", 1, "s", true, false)}, false},
		"another root": {[]station.Log{here.Logs[0], logOf("birch", "b", 2, "z", true, false)}, false},
	} {
		if got := complete(here, station.Line{Logs: tt.logs}); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestSameOrder(t *testing.T) {
	rec := func(founding string, ids ...string) *record.Report {
		r := &record.Report{Founding: founding}
		for _, id := range ids {
			r.List = append(r.List, record.EntryReport{Entry: strings.TrimSuffix(id, "?"), Settled: !strings.HasSuffix(id, "?")})
		}
		return r
	}
	for name, tt := range map[string]struct {
		a, b *record.Report
		same int
		ok   bool
	}{
		"equal":             {rec("f", "1", "2"), rec("f", "1", "2"), 2, true},
		"one is ahead":      {rec("f", "1", "2", "3"), rec("f", "1", "2", "4?"), 2, true},
		"another order":     {rec("f", "1", "2"), rec("f", "2", "1"), 0, false},
		"another line":      {rec("f", "1"), rec("g", "1"), 0, false},
		"no founding":       {rec("", "1"), rec("", "1"), 0, false},
		"unsettled differs": {rec("f", "1", "2?"), rec("f", "1", "3?"), 1, true},
	} {
		if same, err := SameOrder(tt.a, tt.b); same != tt.same || (err == nil) != tt.ok {
			t.Errorf("%s: %d, %v, want %d, %v", name, same, err, tt.same, tt.ok)
		}
	}
}

func TestCopyDirLeavesSockets(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	if err := os.MkdirAll(filepath.Join(from, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "sub", "x"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(from, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := copyDir(from, to); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(to, "sub", "x")); string(b) != "hello" {
		t.Errorf("copied %q, %v", b, err)
	}
	if _, err := os.Lstat(filepath.Join(to, "s")); !os.IsNotExist(err) {
		t.Errorf("the socket was copied: %v", err)
	}
}

// idle is a demo of which nothing runs: the page must show that, and refuse
// what it should.
func idle(t *testing.T) (*Stage, http.Handler) {
	t.Helper()
	d := &Demo{dir: t.TempDir()}
	d.Alder, d.Birch = newSide(d, alderCast()), newSide(d, birchCast())
	d.Alder.other, d.Birch.other = d.Birch, d.Alder
	d.Alder.desk, d.Birch.desk = "127.0.0.1:7101", "127.0.0.1:7102"
	var err error
	if d.cables, err = layCables(d.Alder, d.Birch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.cables.close)
	g, err := NewStage(t.Context(), NewStory(d), []Result{{"1 keys", true, `<script>alert("x")</script>`}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := g.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return g, h
}

func fetch(h http.Handler, method, path, host string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://"+host+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPageOfStoppedStations(t *testing.T) {
	_, h := idle(t)
	w := fetch(h, "GET", "/", "localhost:7100")
	body := w.Body.String()
	if w.Code != 200 || strings.Count(body, `data-lamp="stopped"`) != 2 || strings.Contains(body, `data-lamp="up"`) {
		t.Errorf("status %d, lamps wrong: %s", w.Code, body)
	}
	if strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;") {
		t.Error("hostile text is not escaped")
	}
	if p := w.Header().Get("Content-Security-Policy"); strings.Contains(p, "unsafe") || !strings.Contains(p, "default-src 'none'") || !strings.Contains(p, "http://birch.localhost:7102") {
		t.Errorf("policy %q", p)
	}
	if strings.Contains(body, "style=") || strings.Contains(body, "onclick") {
		t.Error("inline style or script")
	}
}

func TestHandlerRefuses(t *testing.T) {
	g, h := idle(t)
	for _, tt := range []struct {
		method, path, host string
		header             []string
		want               int
	}{
		{"GET", "/", "evil.example", nil, 421},
		{"POST", "/do/cut", "evil.example", nil, 421},
		{"POST", "/do/cut", "localhost:7100", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/do/cut", "localhost:7100", []string{"Origin", "http://evil.example"}, 403},
		{"GET", "/do/cut", "localhost:7100", nil, 405},
		{"POST", "/do/nothing", "localhost:7100", nil, 404},
		{"POST", "/seat/cedar", "localhost:7100", nil, 404},
		{"GET", "/static/../page.go", "localhost:7100", nil, 307},
		{"GET", "/static/none", "localhost:7100", nil, 404},
		{"GET", "/elsewhere", "localhost:7100", nil, 404},
	} {
		if w := fetch(h, tt.method, tt.path, tt.host, tt.header...); w.Code != tt.want {
			t.Errorf("%s %s at %s: %d, want %d", tt.method, tt.path, tt.host, w.Code, tt.want)
		}
	}
	if g.demo.cables.isCut("QUIC") {
		t.Error("a refused request cut a path")
	}
}

func TestQuickActs(t *testing.T) {
	g, h := idle(t)
	do := func(act, arg string) {
		t.Helper()
		if w := fetch(h, "POST", "/do/"+act+"?arg="+arg, "localhost:7100", "Sec-Fetch-Site", "same-origin"); w.Code != 303 {
			t.Fatalf("%s: %d", act, w.Code)
		}
	}
	do("cut", "TLS")
	if c := g.demo.cables; !c.isCut("TLS") || c.isCut("QUIC") {
		t.Error("cutting one path")
	}
	do("cut", "")
	if !g.demo.cables.isCut("QUIC") {
		t.Error("cutting every path")
	}
	do("mend", "")
	if c := g.demo.cables; c.isCut("TLS") || c.isCut("QUIC") {
		t.Error("mending")
	}
	do("sleep", "")
	if !g.demo.Birch.Asleep() {
		t.Error("the watch does not sleep")
	}
	do("rouse", "")
	if g.demo.Birch.Asleep() {
		t.Error("the watch still sleeps")
	}
	do("cut", "RADIO")
	v := g.look(t.Context())
	if len(v.Happened) != 6 || v.Happened[0].OK || !strings.Contains(v.Happened[0].Shown, "RADIO") || !v.Happened[1].OK {
		t.Errorf("what happened: %+v", v.Happened)
	}
}

// TestFailedStep: a step that fails says what was seen, and is next again.
func TestFailedStep(t *testing.T) {
	g, _ := idle(t)
	tries := 0
	g.steps = []Step{{"6 fails once", func(context.Context) (string, error) {
		if tries++; tries == 1 {
			return "", parley.Errorf(parley.Unavailable, "nothing came")
		}
		return "it came", nil
	}}, {"7 later", nil}}
	for i, want := range []struct {
		state, shown, next string
	}{{"failed", "nothing came", "6 fails once"}, {"done", "it came", "7 later"}} {
		g.next()
		g.doing.Wait()
		var v view
		g.tell(&v)
		if s := v.Steps[1]; s.State != want.state || s.Shown != want.shown || v.Next != want.next || v.Busy != "" {
			t.Errorf("try %d: %+v, next %q, busy %q", i+1, s, v.Next, v.Busy)
		}
	}
}

func TestAwait(t *testing.T) {
	ctx := t.Context()
	n := 0
	if _, err := await(ctx, time.Second, "it counts", func() (bool, error) { n++; return n == 3, parley.Errorf(parley.NotFound, "not yet") }); err != nil {
		t.Errorf("an error that passes: %v", err)
	}
	if _, err := await(ctx, time.Minute, "it forks", func() (bool, error) { return false, parley.Errorf(parley.Fork, "two histories") }); parley.KindOf(err) != parley.Fork {
		t.Errorf("an error that stays: %v", err)
	}
	if _, err := await(ctx, 150*time.Millisecond, "the sun rises", func() (bool, error) { return false, nil }); err == nil || !strings.Contains(err.Error(), "the sun rises") {
		t.Errorf("the limit: %v", err)
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err := await(ended, time.Minute, "it ends", func() (bool, error) { return false, nil }); err == nil {
		t.Error("a context that ended")
	}
}

func TestRefusedNeedsARefusal(t *testing.T) {
	if _, err := refused([]byte("no record at all"), 3); err != nil {
		t.Errorf("bytes that are no record: %v", err)
	}
}

func TestStoredFindsOnlyWhatIsThere(t *testing.T) {
	rec := make([]byte, 400)
	for i := range rec {
		rec[i] = byte(i * 7)
	}
	if at := stored(append(make([]byte, 100), rec[150:350]...), rec); at < 100 {
		t.Errorf("found at %d", at)
	}
	if at := stored(make([]byte, 1000), rec); at != -1 {
		t.Errorf("found at %d in zeros", at)
	}
}
