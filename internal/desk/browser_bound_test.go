package desk_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/desk"
	"parley/internal/desk/desktest"
)

// bound is a bench whose sessions belong to their browsers.
func bound(t *testing.T) *bench {
	b := newBench(t)
	b.h = desk.New(desk.Config{Station: b.st, Clock: func() time.Time { return start }, Here: time.UTC, Origin: "http://alder.localhost", BindSessions: true})
	return b.sit(1, parley.Watch)
}

// browserKey is what a browser keeps.
type browserKey struct{ *ecdsa.PrivateKey }

func newBrowserKey(t *testing.T) browserKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return browserKey{k}
}

func (k browserKey) proof(t *testing.T, at time.Time) string {
	t.Helper()
	ms := fmt.Sprint(at.UnixMilli())
	sum := sha256.Sum256([]byte("parley desk browser\n" + ms))
	r, s, err := ecdsa.Sign(rand.Reader, k.PrivateKey, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return ms + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// show does a request with a proof; "" is none.
func (b *bench) show(method, path, proof string, body []byte) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == "POST" && body == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if proof != "" {
		r.Header.Set("Parley-Proof", proof)
	}
	return b.do(r)
}

// prove asks for a pass, as the page that stands before every other does.
func (b *bench) prove(k browserKey) answer {
	b.t.Helper()
	pub, err := k.PublicKey.Bytes()
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := json.Marshal(map[string][]byte{"browser": pub})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.show("POST", "/prove", k.proof(b.t, start), body)
}

func passOf(a answer) string {
	for _, c := range a.Cookies() {
		if c.Name == "parley-alder-pass" {
			return c.Value
		}
	}
	return ""
}

// TestCookieAloneOpensNothing: whoever has the cookie and not the browser sees
// nothing, does nothing, and is told so in a plain sentence.
func TestCookieAloneOpensNothing(t *testing.T) {
	b := bound(t)
	mine, other := newBrowserKey(t), newBrowserKey(t)
	b.get("/watch").want(t, 401, "One moment", "The desk asks whether", "!Nr 0042", "!Ruiz")
	page := httptest.NewRequest("GET", "/watch", nil)
	page.Header.Set("Sec-Fetch-Dest", "document")
	b.do(page).want(t, 200, "One moment", "!Nr 0042", "!Ruiz")
	b.prove(mine).want(t, 200)
	good := mine.proof(t, start)
	b.show("GET", "/watch", good, nil).want(t, 200, "Nr 0042", "Lt Ruiz")
	b.show("POST", birch+"/item/9a0f33c1d2e4b586:41/take", good, nil).to(t, flash+"?said=take")
	done := len(b.st.Calls)

	for name, proof := range map[string]string{"none": "", "of another browser": other.proof(t, start), "an hour old": mine.proof(t, start.Add(-time.Hour)), "to come": mine.proof(t, start.Add(2*time.Minute)),
		"not one": "1.x", "its time changed": fmt.Sprint(start.UnixMilli()+1) + good[strings.Index(good, "."):]} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/watch", "/record", flash, flash + "/proof", "/line/" + desktest.Birch + "/export", "/record.csv"} {
				b.show("GET", path, proof, nil).want(t, 401, "One moment", "!Nr 0042", "!Ruiz")
			}
			b.show("GET", "/events?proof="+proof, "", nil).want(t, 401, "did not come from the browser")
			a := b.show("POST", flash+"/acknowledge", proof, nil).want(t, 403, "Nothing was done", "!Nr 0042")
			if a.Header.Get("Parley-Now") != fmt.Sprint(start.UnixMilli()) {
				t.Errorf("the time is %q", a.Header.Get("Parley-Now"))
			}
		})
	}
	acts := strings.Join(b.st.Calls[done:], "\n")
	if strings.Contains(acts, "Acknowledge") || strings.Count(acts, "NoteStrangeBrowser Lt Ruiz") != 1 {
		t.Errorf("done: %s", acts)
	}
	b.prove(other).want(t, 403, "belongs to another browser", "tell your administrator")
	if passOf(b.prove(other)) != "" {
		t.Error("another browser got a pass")
	}
	b.post("/leave").want(t, 200) // to end what it opens a cookie is enough
}

// TestPassOpensOnePage: once, in its session, at once.
func TestPassOpensOnePage(t *testing.T) {
	b := bound(t)
	k := newBrowserKey(t)
	with := func(pass, session string) answer {
		b.cookies["parley-alder-pass"], b.cookies["parley-alder-session"] = pass, session
		return b.get("/watch")
	}
	session := b.cookies["parley-alder-session"]
	pass := passOf(b.prove(k))
	a := with(pass, session).want(t, 200, "Nr 0042")
	if c := a.Cookies(); len(c) != 1 || c[0].Name != "parley-alder-pass" || c[0].MaxAge >= 0 {
		t.Errorf("the pass is not taken back: %v", c)
	}
	with(pass, session).want(t, 401, "!Nr 0042")
	// A page that only leads to another hands it on.
	b.cookies["parley-alder-pass"] = passOf(b.prove(k))
	hop := b.get("/")
	hop.to(t, "/watch")
	handed := ""
	for _, c := range hop.Cookies() {
		handed = c.Value
	}
	with(handed, session).want(t, 200, "Nr 0042")
	with(handed, session).want(t, 401)

	pass = passOf(b.prove(k))
	second := b.st.Sit(1, parley.Watch)
	b.cookies["parley-alder-session"] = second
	b.prove(k).want(t, 200)
	with(pass, second).want(t, 401)
	with(pass, session).want(t, 401) // it was tried elsewhere: used up
	pass = passOf(b.prove(k))
	b.cookies["parley-alder-pass"], b.cookies["parley-alder-session"] = pass, session
	b.post(flash+"/acknowledge").want(t, 403, "Nothing was done") // it is for pages, not for acts
	delete(b.cookies, "parley-alder-pass")
	for _, body := range []string{"", "{}", `{"browser":"AAAA"}`, "nonsense"} {
		if a := b.show("POST", "/prove", k.proof(t, start), []byte(body)); a.StatusCode < 400 || passOf(a) != "" {
			t.Errorf("%q: %d", body, a.StatusCode)
		}
	}
}

// TestWhereNoKeysAreMade: a desk that browsers do not trust to make keys goes on
// with cookies alone; every other asks for them.
func TestWhereNoKeysAreMade(t *testing.T) {
	for origin, asks := range map[string]bool{"": false, "http://10.1.2.3:7101": false, "http://desk.example": false, "http://0.0.0.0:7101": false, "http://localhost.example": false,
		"https://desk.example": true, "https://10.1.2.3": true, "http://alder.localhost:7101": true, "http://localhost": true, "http://127.0.0.1:7101": true, "http://[::1]:7101": true} {
		b := newBench(t)
		b.h = desk.New(desk.Config{Station: b.st, Clock: func() time.Time { return start }, Here: time.UTC, Origin: origin, BindSessions: true})
		want := 200
		if asks {
			want = 401
		}
		if got := b.sit(1, parley.Watch).get("/watch").StatusCode; got != want {
			t.Errorf("%q: %d, want %d", origin, got, want)
		}
		if asks {
			continue
		}
		for _, lang := range []string{"en", "zh", "ar", "fr", "es", "ru"} { // and says so
			b.cookies["parley-alder-lang"] = lang
			b.get("/station").want(t, 200, `id="unbound"`, "HTTP", "desk_certificate")
		}
	}
}
