package desk_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/desk"
	"parley/internal/desk/desktest"
	"parley/internal/key"
)

// fresh is a station that is replaced for every request, so that a desk, which
// is dear to make, is made once.
type fresh struct{ desk.Station }

const formType = "application/x-www-form-urlencoded"

// FuzzRequest sends a seated officer's desk anything a browser can: paths,
// fields, uploads, cookies. Nothing fails inside, no text becomes markup, no
// answer leads off the desk, and every answer has its policy.
func FuzzRequest(f *testing.F) {
	for _, p := range pages {
		f.Add("GET", p.path, "", p.admin, "zh", []byte(nil))
	}
	part := func(kind, text string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../<svg onload=x>\"\r\nContent-Type: " + kind + "\r\n\r\n" + text + "\r\n--b--\r\n"
	}
	for _, s := range []struct{ path, kind, body string }{
		{"/drafts", formType, "line=" + desktest.Birch + "&form=dispatch&from=envoy&to=birch%2Fenvoy&precedence=flash&text=%3Csvg+onload%3Dx%3E%E2%80%AE&subject=a%00b&refs=9a0f33c1d2e4b586:40+x"},
		{"/drafts", formType, "draft=12&version=3&line=" + desktest.Birch + "&then=submit"}, {"/drafts", formType, "draft=-1&version=99999999999999999999"},
		{"/draft/12/release", formType, "version=3&precedence=ROUTINE"}, {"/draft/11/return", formType, "note=%3Csvg+onload%3Dx%3E"}, {"/draft/12/discard", formType, ""},
		{"/draft/12/attach", "multipart/form-data; boundary=b", part("text/plain; x=\"", "text")}, {"/draft/12/attach", "multipart/form-data", "x"},
		{"/draft/12/attach", "multipart/form-data; boundary=b", part("image/svg+xml", "<svg/>")}, {"/draft/12/submit", formType, ""},
		{question + "/translate", formType, "language=en&text=x"}, {flash + "/open", formType, ""}, {flash + "/acknowledge", formType, ""},
		{question + "/informed", formType, "when=2026-11-23T14:12"}, {question + "/informed", formType, "when=9999999-1-1"},
		{birch + "/test", formType, ""}, {birch + "/cut", formType, "path=quic"}, {birch + "/tracer", formType, "a=%"}, {"/handover", formType, "text=%F0%9F"},
		{birch + "/modes/exercise", formType, "name=%3Csvg+onload%3Dx%3E&minutes=60"}, {birch + "/modes/drill", formType, "name=x&path=%E2%80%AE&minutes=-1"}, {birch + "/modes/agree", formType, "about=9a0f33c1d2e4b586:43"},
		{birch + "/offices/ping", formType, "to=birch%2Fenvoy"}, {birch + "/offices/ping", formType, "due=1"}, {birch + "/charter/leave", formType, "reason=x&typed=birch"},
		{"/silence", formType, "alarm=1"}, {"/prefs", formType, "lang=ar&theme=night&back=//evil.example/"}, {"/prefs", formType, "back=%2F%5Cevil"},
		{"/station/officers/add", formType, "name=%3Csvg+onload%3Dx%3E&office=watch"}, {"/station/officers/seat", formType, "officer=1&office=watch"},
		{"/station/pairing/invite", formType, "code=birch&name=Birch&languages=zh"}, {"/station/pairing/step", "multipart/form-data; boundary=b", part("text/plain", "-----BEGIN")},
		{"/station/pairing/confirm", formType, "line=" + desktest.Cedar + "&equal=yes&how=in+person"}, {"/leave", formType, ""}, {"/seat/" + desktest.WatchToken, formType, ""},
	} {
		f.Add("POST", s.path, s.kind, strings.HasPrefix(s.path, "/station"), "ar", []byte(s.body))
	}
	st := &fresh{desktest.New(func() time.Time { return start })}
	var log strings.Builder
	h := desk.New(desk.Config{Station: st, Clock: func() time.Time { return start }, Here: time.UTC, Log: slog.New(slog.NewTextHandler(&log, nil)),
		OpenRoot: func(file, pass []byte) (key.Signer, error) {
			return nil, parley.Errorf(parley.Malformed, "not a root key")
		}})
	f.Fuzz(func(t *testing.T, method, path, kind string, admin bool, cookie string, body []byte) {
		r, err := http.NewRequest(method, "http://alder.localhost"+path, bytes.NewReader(body))
		if err != nil || r.URL.Host != "alder.localhost" {
			return
		}
		now := desktest.New(func() time.Time { return start })
		session := now.Sit(1, parley.Watch)
		if admin {
			session = now.Sit(3, parley.Administrator)
		}
		st.Station = now
		log.Reset()
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Accept-Language", cookie)
		for _, c := range []string{"parley-alder-session=" + session, "parley-alder-lang=" + cookie, "parley-alder-theme=" + cookie} {
			r.Header.Add("Cookie", c)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if r.URL.Path == "/events" {
			cancel() // it would go on as long as somebody listens
		}
		defer cancel()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(ctx))
		if w.Code >= 500 || strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("%s %s: status %d: %s", method, path, w.Code, log.String())
		}
		if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: no policy", method, path)
		}
		if to := w.Header().Get("Location"); to != "" && (to[0] != '/' || len(to) > 1 && (to[1] == '/' || to[1] == '\\')) {
			t.Errorf("%s %s leads to %q", method, path, to)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && strings.Contains(w.Body.String(), "<svg onload") {
			t.Errorf("%s %s: text became markup", method, path)
		}
	})
}
