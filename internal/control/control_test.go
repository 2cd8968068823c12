package control_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
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
	"parley/internal/control"
	"parley/internal/control/controltest"
	"parley/internal/key"
	"parley/internal/station"
)

// start serves f on a socket until the test ends.
func start(t *testing.T, f control.Station) (*control.Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), control.SocketName)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, path, f) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serving: %v", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after the end the socket is still there: %v", err)
		}
	})
	waitFor(t, path)
	return control.Dial(path), path
}

func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 500 {
		if fi, err := os.Stat(path); err == nil && fi.Mode().Perm() == 0o600 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("no socket at %s", path)
}

func wantKind(t *testing.T, err error, want parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != want {
		t.Fatalf("got error %v (%v), want kind %v", err, parley.KindOf(err), want)
	}
}

func TestSocketIsPrivate(t *testing.T) {
	_, path := start(t, controltest.New())
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := fi.Mode().Perm(); got != 0o600 {
		t.Errorf("socket mode %o, want 600", got)
	}
}

func TestActs(t *testing.T) {
	ctx := t.Context()
	c, _ := start(t, controltest.New())
	ls, err := c.Lines(ctx)
	if err != nil || len(ls) != 1 {
		t.Fatalf("lines: %v, %v", ls, err)
	}
	if ls[0].ID.String() != controltest.Birch {
		t.Errorf("line id is %v: the typed twin was not set again", ls[0].ID)
	}
	i, err := c.Open(ctx, "birch", "00000000000000b1:41")
	if err != nil {
		t.Fatal(err)
	}
	if i.Precedence != parley.Flash || i.Marker != parley.Question || i.From.Office != parley.Envoy || i.Ladder[2].Rung != parley.Opened {
		t.Errorf("typed twins: %v %v %v %v", i.Precedence, i.Marker, i.From, i.Ladder[2].Rung)
	}
	if i.Text == "" || !i.Time.Equal(controltest.Now.Add(-2*time.Minute)) {
		t.Errorf("opened item: text %q, time %v", i.Text, i.Time)
	}
	text, err := c.Cite(ctx, "birch")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.CheckCitation(ctx, "As agreed:\n"+text); err != nil || !v.Ours || len(v.Logs) != 2 || v.Logs[1].Party != "birch" || !v.Logs[1].Held {
		t.Errorf("citation: %+v, %v", v, err)
	}
	if _, err := c.CheckCitation(ctx, "nothing"); parley.KindOf(err) != parley.NotFound {
		t.Errorf("no citation: %v", err)
	}
	d, err := c.As("Lt Ruiz").SaveDraft(ctx, station.Draft{Line: "birch", Form: "dispatch", From: "envoy", To: []string{"birch/envoy"}, Precedence: "ROUTINE", Text: "Ours."})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = c.As("Lt Ruiz").Attach(ctx, d.ID, "map 图.png", "image/png", strings.NewReader("png")); err != nil || d.Attachments[0].Name != "map 图.png" || d.Attachments[0].Size != 3 {
		t.Fatalf("attaching: %+v, %v", d.Attachments, err)
	}
	if _, err = c.As("Lt Ruiz").Release(ctx, d.ID, d.Version, "ROUTINE"); err != nil {
		t.Fatal(err)
	}
}

func TestAuditSaysLocalSocket(t *testing.T) {
	ctx := t.Context()
	c, _ := start(t, controltest.New())
	for _, tt := range []struct{ as, want string }{{"", "local socket"}, {"Lt Ruiz", "Lt Ruiz (local socket)"}, {"lt ruiz", "Lt Ruiz (local socket)"}} {
		if _, err := c.As(tt.as).Open(ctx, "birch", "00000000000000b1:41"); err != nil {
			t.Fatal(err)
		}
		rows, err := c.Audit(ctx, 1)
		if err != nil || len(rows) != 1 {
			t.Fatalf("audit: %v, %v", rows, err)
		}
		if rows[0].Officer != tt.want {
			t.Errorf("as %q the audit says %q, want %q", tt.as, rows[0].Officer, tt.want)
		}
	}
}

func TestRefusedOfficers(t *testing.T) {
	f := controltest.New()
	c, _ := start(t, f)
	for _, tt := range []struct {
		as   string
		want parley.Kind
	}{
		{"Nobody", parley.NotFound},
		{"Maj Orr", parley.NotFound}, // removed
		{"Lt Ruiz ", parley.NotFound},
		{"李", parley.NotFound},
		{"%zz", parley.NotFound},
	} {
		_, err := c.As(tt.as).Open(t.Context(), "birch", "00000000000000b1:41")
		wantKind(t, err, tt.want)
		if parley.HintOf(err) == "" {
			t.Errorf("as %q: no hint in %v", tt.as, err)
		}
	}
	if _, err := c.AddOfficer(t.Context(), "lt ruiz", nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.As("LT RUIZ").Lines(t.Context())
	wantKind(t, err, parley.Conflict)
}

func TestErrorsTravel(t *testing.T) {
	f := controltest.New()
	c, _ := start(t, f)
	for k := parley.Internal; k <= parley.DiskFull; k++ {
		f.Fail["Lines"] = parley.Errorf(k, "doing it: because of %d", k).WithHint("try %d", k)
		_, err := c.Lines(t.Context())
		wantKind(t, err, k)
		if got, want := err.Error(), f.Fail["Lines"].Error(); got != want {
			t.Errorf("%v: got %q, want %q", k, got, want)
		}
		if got, want := parley.HintOf(err), parley.HintOf(f.Fail["Lines"]); got != want {
			t.Errorf("%v: hint %q, want %q", k, got, want)
		}
	}
	f.Fail["Lines"] = errors.New("plain")
	_, err := c.Lines(t.Context())
	wantKind(t, err, parley.Internal)
}

func TestEveryKindHasAStatus(t *testing.T) {
	for k := parley.Internal; k <= parley.DiskFull; k++ {
		if s := control.Status(k); s < 400 || s > 599 {
			t.Errorf("%v maps to status %d", k, s)
		}
		if control.Status(k) == http.StatusInternalServerError && k != parley.Internal && k != parley.Corrupt {
			t.Errorf("%v has no status of its own", k)
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	srv := httptest.NewServer(control.Handler(controltest.New()))
	defer srv.Close()
	for _, tt := range []struct {
		name, method, path, body string
		want                     int
	}{
		{"unknown act", "POST", "/v1/nuke", "{}", 404},
		{"get", "GET", "/v1/lines", "", 404},
		{"root", "GET", "/", "", 404},
		{"no json", "POST", "/v1/line", "birch", 400},
		{"unknown field", "POST", "/v1/line", `{"line":"birch","password":"x"}`, 400},
		{"two objects", "POST", "/v1/line", `{"line":"birch"}{}`, 400},
		{"wrong type", "POST", "/v1/draft", `{"draft":"one"}`, 400},
		{"too long", "POST", "/v1/line", `{"line":"` + strings.Repeat("b", 5<<20) + `"}`, 413},
		{"no such line", "POST", "/v1/line", `{"line":"cedar"}`, 404},
		{"empty body, no line", "POST", "/v1/line", ``, 404},
		{"attach without draft", "POST", "/v1/draft.attach", ``, 400},
		{"confirm without object", "POST", "/v1/pair.confirm", ``, 400},
		{"confirm without key", "POST", "/v1/pair.confirm", `{"line":"x","equal":true}`, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, srv.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, _ := io.ReadAll(res.Body)
			var e struct{ Kind, What string }
			if res.StatusCode != tt.want || json.Unmarshal(b, &e) != nil || e.Kind == "" || e.What == "" {
				t.Errorf("got %d %s, want %d and an error", res.StatusCode, b, tt.want)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone", control.SocketName)
	_, err := control.Dial(gone).Lines(t.Context())
	wantKind(t, err, parley.Unavailable)
	if h := parley.HintOf(err); !strings.Contains(h, "parley station") {
		t.Errorf("hint %q does not say how to start", h)
	}
	stale := staleSocket(t, dir)
	_, err = control.Dial(stale).Lines(t.Context())
	wantKind(t, err, parley.Unavailable)
	long := filepath.Join(dir, strings.Repeat("long", 40), control.SocketName)
	_, err = control.Dial(long).Lines(t.Context())
	wantKind(t, err, parley.Unavailable)
}

// staleSocket leaves a socket as a killed station does.
func staleSocket(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, control.SocketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	return path
}

func TestTakesOverAStaleSocketOnly(t *testing.T) {
	c, path := start(t, controltest.New())
	wantKind(t, control.Serve(t.Context(), path, controltest.New()), parley.Conflict)
	if _, err := c.Lines(t.Context()); err != nil {
		t.Errorf("after a second station was refused: %v", err)
	}
	stale := staleSocket(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, stale, controltest.New()) }()
	waitFor(t, stale)
	if _, err := control.Dial(stale).Lines(t.Context()); err != nil {
		t.Errorf("on a socket taken over: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLongDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, control.SocketName)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, path, controltest.New()) }()
	waitFor(t, path)
	if _, err := control.Dial(path).Lines(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	<-done
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestConfirmSignsHere(t *testing.T) {
	root, err := key.NewPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := start(t, controltest.New())
	if _, err := c.PairingStep(t.Context(), []byte("reveal L1")); err != nil {
		t.Fatal(err)
	}
	_, err = c.ConfirmWords(t.Context(), "L2", true, "in person", root)
	wantKind(t, err, parley.NotFound)
	l, err := c.ConfirmWords(t.Context(), "L1", true, "in person", root)
	if err != nil || l.Name != "Cedar" {
		t.Fatalf("confirming: %+v, %v", l, err)
	}
	_, err = c.ConfirmWords(t.Context(), "L1", true, "in person", root)
	wantKind(t, err, parley.Conflict)
}

func TestMismatchBurnsWithoutAKey(t *testing.T) {
	c, _ := start(t, controltest.New())
	if _, err := c.PairingStep(t.Context(), []byte("reveal L1")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ConfirmWords(t.Context(), "L1", false, "in person", nil); err != nil {
		t.Fatal(err)
	}
	ps, err := c.Pairings(t.Context())
	if err != nil || ps[0].Stage != "burnt" {
		t.Fatalf("after a mismatch: %+v, %v", ps, err)
	}
}

// broken is a root key whose token was pulled out.
type broken struct{ *key.Pair }

func (broken) SignML([]byte) ([]byte, error) {
	return nil, parley.Errorf(parley.Unavailable, "the token is gone")
}

// thief asks the root key for something that is not a certificate.
type thief struct{ *controltest.Fake }

func (thief) ConfirmWords(_ context.Context, _ station.Officer, _ string, _ bool, _ string, root key.Signer) (station.Line, error) {
	_, err := root.SignEd([]byte("parley/v1 revocation\x00..."))
	return station.Line{}, err
}

func TestRootKeyRefuses(t *testing.T) {
	root, err := key.NewPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := start(t, controltest.New())
	if _, err := c.PairingStep(t.Context(), []byte("reveal L1")); err != nil {
		t.Fatal(err)
	}
	_, err = c.ConfirmWords(t.Context(), "L1", true, "in person", broken{root})
	wantKind(t, err, parley.Unavailable)

	path := filepath.Join(t.TempDir(), control.SocketName)
	go control.Serve(t.Context(), path, thief{controltest.New()})
	waitFor(t, path)
	_, err = control.Dial(path).ConfirmWords(t.Context(), "L1", true, "in person", root)
	wantKind(t, err, parley.NotAllowed)
}

// cutter fails after the first bytes of an export.
type cutter struct{ *controltest.Fake }

func (cutter) Export(_ context.Context, _ station.Officer, _ string, _ bool, w io.Writer) (int, error) {
	w.Write(bytes.Repeat([]byte{0}, 1<<16))
	return 0, parley.Errorf(parley.Corrupt, "reading entry 17: bad checksum")
}

func TestExport(t *testing.T) {
	c, _ := start(t, controltest.New())
	var b bytes.Buffer
	n, err := c.Export(t.Context(), "birch", true, &b)
	if err != nil || n != 1 || !strings.Contains(b.String(), "parley record") {
		t.Errorf("export: %d entries, %q, %v", n, b.String(), err)
	}
	_, err = c.Export(t.Context(), "cedar", true, io.Discard)
	wantKind(t, err, parley.NotFound)
	_, err = c.As("Nobody").Export(t.Context(), "birch", true, io.Discard)
	wantKind(t, err, parley.NotFound)

	path := filepath.Join(t.TempDir(), control.SocketName)
	go control.Serve(t.Context(), path, cutter{controltest.New()})
	waitFor(t, path)
	_, err = control.Dial(path).Export(t.Context(), "birch", true, io.Discard)
	wantKind(t, err, parley.Corrupt)
}
