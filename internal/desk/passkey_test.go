package desk_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk"
	"parley/internal/station"
)

// manned is a real station with its desk, and a browser with an authenticator
// that says yes.
type manned struct {
	*live
	st    *station.Station
	token string // of the administrator's first seat
}

func newManned(t *testing.T, require bool) *manned {
	t.Helper()
	m := newUnmanned(t, require)
	m.browse()
	if _, err := chromedp.Call(m.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return m
}

// newUnmanned is one without a browser.
func newUnmanned(t *testing.T, require bool) *manned {
	t.Helper()
	dir := t.TempDir()
	res, err := station.Init(station.InitOptions{Dir: filepath.Join(dir, "alder"), RootKeyPath: filepath.Join(dir, "root.key"), Party: "alder", Name: "Alder",
		Languages: []string{"en"}, HighWater: filepath.Join(dir, "mark"), Administrator: "Admin Stone"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := station.LoadConfig(filepath.Join(dir, "alder"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := station.Open(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- st.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := fmt.Sprintf("http://alder.localhost:%d", ln.Addr().(*net.TCPAddr).Port)
	l := &live{t: t, url: origin}
	l.server = desk.Server(desk.New(desk.Config{Station: st, Here: time.UTC, Origin: origin, RequirePasskey: require, BindSessions: true}), nil)
	go l.server.Serve(ln)
	t.Cleanup(func() { l.server.Close() })
	return &manned{live: l, st: st, token: res.SeatToken}
}

// authenticator gives the browser a new one, without the keys of the last.
func (m *manned) authenticator(old webauthn.AuthenticatorID) webauthn.AuthenticatorID {
	m.t.Helper()
	if old != "" {
		if _, err := chromedp.Call(m.ctx, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: old}); err != nil {
			m.t.Fatal(err)
		}
	}
	res, err := chromedp.Call(m.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		m.t.Fatal(err)
	}
	return res.AuthenticatorID
}

func (m *manned) click(selector string) {
	m.t.Helper()
	m.do(m.ctx, chromedp.Click(chromedp.CSS(selector)))
}

func (m *manned) addPasskey(name string) {
	m.t.Helper()
	m.open(m.ctx, "/access")
	m.do(m.ctx, chromedp.SendKeys(chromedp.CSS("form[data-passkey=add] input"), name))
	m.click("form[data-passkey=add] button")
	m.until(m.ctx, 15*time.Second, "the passkey", fmt.Sprintf(`document.querySelector(".people")?.innerText.includes(%q)`, name))
}

func TestPasskeysInABrowser(t *testing.T) {
	t.Parallel()
	m := newManned(t, true)
	first := m.authenticator("")
	m.open(m.ctx, "/watch")
	m.until(m.ctx, 10*time.Second, "the sign-in page", `document.querySelector("form[data-passkey='sign-in']") !== null`)
	m.open(m.ctx, "/seat/"+m.token)
	m.click("form button.strong")
	m.until(m.ctx, 10*time.Second, "nothing but the passkey page", `location.pathname === "/access" && document.body?.innerText.includes("nothing else opens before")`)
	m.open(m.ctx, "/station/officers")
	m.until(m.ctx, 10*time.Second, "nothing else", `location.pathname === "/access"`)
	m.addPasskey("token one")
	m.click(".menu summary")
	m.click("form[action='/leave'] button")
	m.until(m.ctx, 10*time.Second, "the seat left", `document.body?.dataset.page === "left"`)

	signIn := func() {
		t.Helper()
		m.open(m.ctx, "/sign-in")
		m.click("form[data-passkey='sign-in'] button")
		m.until(m.ctx, 15*time.Second, "the watch board", `location.pathname === "/watch" && document.body?.dataset.page === "watch"`)
	}
	signIn()
	m.click(".menu summary")
	m.click("form[action='/access/lock'] button")
	m.until(m.ctx, 10*time.Second, "the locked desk", `document.body?.dataset.page === "locked" && !document.querySelector(".pages")`)
	m.open(m.ctx, "/station/officers")
	m.until(m.ctx, 10*time.Second, "the locked desk again", `document.body?.dataset.page === "locked"`)
	if got := eval[string](m.live, m.ctx, "document.body.innerText"); strings.Contains(got, "Add an officer") || !strings.Contains(got, "locked") {
		t.Errorf("a locked desk shows %.200q", got)
	}
	m.click("form[data-passkey=unlock] button")
	m.until(m.ctx, 15*time.Second, "the page it was on", `document.body?.dataset.page === "officers"`)

	// Another officer's browser, with no key of this desk: nothing opens.
	m.authenticator(first)
	m.open(m.ctx, "/access")
	m.click("form[action='/access/everywhere'] button")
	m.until(m.ctx, 10*time.Second, "logged out", `document.body?.dataset.page === "left"`)
	m.quietErr = true
	m.open(m.ctx, "/sign-in")
	m.click("form[data-passkey='sign-in'] button")
	m.until(m.ctx, 15*time.Second, "a refusal", `document.querySelector("[data-passkey-problem]")?.hidden === false`)

	// The passkey is lost. One administrator is not enough; two are.
	ctx := context.Background()
	here := station.Officer{Offices: []parley.Office{parley.Administrator}} // at the machine itself
	var admins []station.Officer
	for _, name := range []string{"Reed", "Ortega"} {
		o, err := m.st.AddOfficer(ctx, here, name, []parley.Office{parley.Administrator})
		if err != nil {
			t.Fatal(err)
		}
		admins = append(admins, o)
	}
	if _, err := m.st.SeatLink(ctx, admins[0], 1, parley.Administrator); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("a link around a passkey: %v", err)
	}
	if err := m.st.AskReturn(ctx, admins[0], 1); err != nil {
		t.Fatal(err)
	}
	if _, err := m.st.GrantReturn(ctx, admins[0], 1); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("one administrator twice: %v", err)
	}
	token, err := m.st.GrantReturn(ctx, admins[1], 1)
	if err != nil {
		t.Fatal(err)
	}
	m.open(m.ctx, "/seat/"+token)
	m.click("form button.strong")
	m.until(m.ctx, 10*time.Second, "the seat", `location.pathname === "/access"`)
	m.addPasskey("token two")
	signIn()
	rows, err := m.st.Audit(ctx, station.Officer{}, 50)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, r := range rows {
		acts = append(acts, r.Act)
	}
	for _, want := range []string{"sign in", "add passkey", "lock", "unlock", "log out everywhere", "ask to give access back", "give access back"} {
		if !strings.Contains(strings.Join(acts, ","), want) {
			t.Errorf("the audit does not hold %q: %v", want, acts)
		}
	}
}

// TestPasskeyRefusals: what is not an answer to a question of ours opens nothing,
// and nothing of the station shows in the refusal.
func TestPasskeyRefusals(t *testing.T) {
	m := newManned(t, false)
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/passkey/sign-in/finish", ``, http.StatusBadRequest},
		{"/passkey/sign-in/finish", `{"state":"AAAA","response":{}}`, http.StatusForbidden},
		{"/passkey/sign-in/finish", `{"state":"%","response":{}}`, http.StatusForbidden},
		{"/passkey/sign-in/finish", `[]`, http.StatusBadRequest},
		{"/passkey/unlock/begin", `{}`, http.StatusUnauthorized},
		{"/passkey/add/begin", `{}`, http.StatusUnauthorized},
		{"/access/lock", ``, http.StatusUnauthorized},
	} {
		r, err := http.NewRequest("POST", "http://"+m.server.Addr+strings.Replace(m.url, "alder.localhost", "127.0.0.1", 1)[len("http://"):]+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s %s: got %d, want %d", c.path, c.body, res.StatusCode, c.status)
		}
	}
}
