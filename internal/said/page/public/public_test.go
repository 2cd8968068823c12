package public

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/said/page"
)

// kept is a page made of the proof files that page keeps as examples.
func kept(t testing.TB, name string, n int) *page.Page {
	t.Helper()
	var proofs [][]byte
	for i := range n {
		b, err := os.ReadFile(filepath.Join("../testdata/v1", name+"."+string(rune('1'+i))+".proof"))
		if err != nil {
			t.Fatal(err)
		}
		proofs = append(proofs, b)
	}
	p, err := page.Make(proofs...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t testing.TB, dir string, p *page.Page) []string {
	t.Helper()
	names, err := Write(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func opened(t testing.TB, dir string) *Server {
	t.Helper()
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func get(s http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "http://public.example/", nil)
	r.URL.Path = path
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	p := kept(t, "joint", 3)
	names := write(t, dir, p)
	if len(names) != 3+len(page.Languages) || !strings.HasSuffix(names[0], ".1.proof") {
		t.Errorf("wrote %v", names)
	}
	for _, n := range names {
		st, err := os.Stat(filepath.Join(dir, n))
		if err != nil || st.Mode().Perm()&0o133 != 0 {
			t.Errorf("%s: %v, %v", n, st.Mode(), err)
		}
	}
	if again := write(t, dir, p); len(again) != 0 {
		t.Errorf("wrote %v again", again)
	}
	if err := os.WriteFile(filepath.Join(dir, names[1]), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if again := write(t, dir, p); !slices.Equal(again, names[1:2]) {
		t.Errorf("of what was damaged it wrote %v", again)
	}
	// A link under the name is replaced, and what it leads to is left alone.
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, names[0])
	if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, at); err != nil {
		t.Fatal(err)
	}
	write(t, dir, p)
	if st, err := os.Lstat(at); err != nil || !st.Mode().IsRegular() {
		t.Errorf("the link is still there: %v, %v", st, err)
	}
	if b, err := os.ReadFile(other); err != nil || string(b) != "not ours" {
		t.Errorf("what it led to is %q, %v", b, err)
	}
	es, err := os.ReadDir(dir)
	if err != nil || len(es) != len(names) {
		t.Errorf("%d files, %v, want %d", len(es), err, len(names))
	}
	if _, err := Write(filepath.Join(dir, "none"), p); err == nil {
		t.Error("a folder that is not there is written to")
	}
	if os.Getuid() != 0 {
		locked := t.TempDir()
		if err := os.Chmod(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(locked, p); err == nil {
			t.Error("a folder that is locked is written to")
		}
	}
}

// TestServesPagesAndNothingElse lays beside two publications everything that a
// folder may hold, and asks for each of it.
func TestServesPagesAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	r, j := kept(t, "readout", 1), kept(t, "joint", 3)
	names := append(write(t, dir, r), write(t, dir, j)...)
	forged := strings.Replace(r.Name(), "-6.", "-7.", 1)
	if forged == r.Name() {
		forged = regexp.MustCompile(`-\d+\.en`).ReplaceAllString(r.Name(), "-99.en")
	}
	outside := filepath.Join(t.TempDir(), "outside.html")
	lay := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(outside, r.HTML, 0o644); err != nil {
		t.Fatal(err)
	}
	lay("secret.txt", []byte("secret"))
	lay("other.html", []byte("<p>secret</p>"))
	lay(".hidden.html", r.HTML)
	lay("."+r.Name(), r.HTML)
	lay(forged, r.HTML)                                                                               // a page under the name of another
	lay("2026-11-23-birch-0123456789abcdef-4.en.html", []byte("<!DOCTYPE html>\n<html lang=\"en\">")) // no page
	lay("2026-11-23-birch-0123456789abcdef-5.en.html", bytes.Replace(r.HTML, []byte("energy infrastructure"), []byte("energy and infrastructure"), 1))
	link := "2026-11-23-birch-0123456789abcdef-6.en.html"
	if err := os.Symlink(outside, filepath.Join(dir, link)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "2026-11-23-birch-0123456789abcdef-7.en.html"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := opened(t, dir)
	if n, err := s.Count(); err != nil || n != 2 {
		t.Fatalf("%d publications, %v, want 2", n, err)
	}
	for _, n := range names {
		want, err := os.ReadFile(filepath.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		x := get(s, "GET", "/"+n)
		if got := body(t, x); x.StatusCode != 200 || got != string(want) {
			t.Errorf("%s: %d, %d bytes, want %d", n, x.StatusCode, len(got), len(want))
		}
		h := get(s, "HEAD", "/"+n)
		if got := body(t, h); h.StatusCode != 200 || got != "" || h.Header.Get("ETag") == "" || h.Header.Get("ETag") != x.Header.Get("ETag") {
			t.Errorf("HEAD %s: %d, %q, %q", n, h.StatusCode, got, h.Header.Get("ETag"))
		}
		if y := get(s, "GET", "/"+n, "If-None-Match", x.Header.Get("ETag")); y.StatusCode != 304 {
			t.Errorf("%s, which is known: %d", n, y.StatusCode)
		}
	}
	for _, path := range []string{"/secret.txt", "/other.html", "/.hidden.html", "/." + r.Name(), "/" + forged, "/" + link, "/2026-11-23-birch-0123456789abcdef-4.en.html", "/2026-11-23-birch-0123456789abcdef-5.en.html",
		"/2026-11-23-birch-0123456789abcdef-7.en.html", "/..", "/../" + r.Name(), "//" + r.Name(), "/./" + r.Name(), "/" + r.Name() + "/", "/" + r.Stem + ".tlh.html", "/" + r.Stem + ".2.proof", "/" + r.Stem + ".01.proof", "/" + j.Stem + ".4.proof",
		"/" + strings.ToUpper(r.Name()), "/" + r.Name() + "\x00", "/index.html", "/index.xx.html", "/index.en.2.html", "/index.en.0.html", "/index.en.99999.html", "/robots.txt", "", "x"} {
		x := get(s, "GET", path)
		if got := body(t, x); x.StatusCode != 404 || strings.Contains(got, "secret") || strings.Contains(got, "infrastructure") {
			t.Errorf("%q: %d, %.80q", path, x.StatusCode, got)
		}
	}
	for _, m := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		if x := get(s, m, "/"); x.StatusCode != 405 || x.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", m, x.StatusCode)
		}
	}
}

func TestHeaders(t *testing.T) {
	dir := t.TempDir()
	p := kept(t, "readout", 1)
	write(t, dir, p)
	s := opened(t, dir)
	for _, path := range []string{"/", "/" + p.Name(), "/" + p.ProofName(0), "/none", "/index.ar.html"} {
		h := get(s, "GET", path).Header
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", path, csp)
		}
		if h.Get("Set-Cookie") != "" || h.Get("Server") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if h := get(s, "GET", "/"+p.ProofName(0)).Header; h.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		t.Errorf("a proof file comes with %v", h)
	}
}

// TestIndex: newest first, in each language, with links to what is there.
func TestIndex(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	now := time.Now()
	s.shelf.now = func() time.Time { now = now.Add(time.Minute); return now }
	if x := body(t, get(s, "GET", "/")); !strings.Contains(x, "Nothing has been published here.") {
		t.Errorf("an empty folder shows %.300s", x)
	}
	r, j, c := kept(t, "readout", 1), kept(t, "joint", 3), kept(t, "correction", 1)
	for _, p := range []*page.Page{r, j, c} {
		write(t, dir, p)
	}
	if err := os.Remove(filepath.Join(dir, r.Stem+".zh.html")); err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{"en": "Joint statement of alder side and birch side", "zh": "alder side与birch side联合声明", "ar": "بيان مشترك", "fr": "Déclaration commune", "es": "Declaración conjunta", "ru": "Совместное заявление"} {
		got := body(t, get(s, "GET", "/index."+lang+".html"))
		if !strings.Contains(got, want) || !strings.Contains(got, `<html lang="`+lang+`"`) {
			t.Errorf("the index in %s lacks %q:\n%.400s", lang, want, got)
		}
		if a, b, d := strings.Index(got, j.Stem), strings.Index(got, c.Stem), strings.Index(got, r.Stem); a < 0 || a > b || b > d {
			t.Errorf("in %s they stand at %d, %d, %d: want the newest first", lang, a, b, d)
		}
		for _, m := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(got, -1) {
			if x := get(s, "GET", "/"+m[1]); x.StatusCode != 200 {
				t.Errorf("the index in %s links to %s: %d", lang, m[1], x.StatusCode)
			}
		}
		_, policy := page.Style()
		css := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(got)
		if !strings.Contains(got, policy) || css == nil || sha256.Sum256([]byte(css[1])) == [32]byte{} {
			t.Errorf("the index in %s lacks its policy or its style", lang)
		}
	}
	for accept, lang := range map[string]string{"": "en", "zh-CN,zh;q=0.9": "zh", "tlh, ar;q=0.1": "ar", "xx": "en", strings.Repeat("xx,", 40) + "fr": "en"} {
		x := get(s, "GET", "/", "Accept-Language", accept)
		if x.Header.Get("Content-Language") != lang || x.Header.Get("Vary") != "Accept-Language" {
			t.Errorf("%q gets the index in %q", accept, x.Header.Get("Content-Language"))
		}
	}
	// What is damaged afterwards is no longer shown.
	if err := os.WriteFile(filepath.Join(dir, j.Name()), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if x := get(s, "GET", "/"+j.Name()); x.StatusCode != 404 {
		t.Errorf("a damaged page: %d", x.StatusCode)
	}
	if x := get(s, "GET", "/"+j.Stem+".zh.html"); x.StatusCode != 200 {
		t.Errorf("another page of the same publication: %d", x.StatusCode)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if x := get(s, "GET", "/"); x.StatusCode == 200 && strings.Contains(body(t, x), j.Stem) {
		t.Error("a folder that is gone is still shown")
	}
}

// TestServe is the real server: it gives up slow readers, takes few connections,
// and ends when it is told to.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	p := kept(t, "readout", 1)
	write(t, dir, p)
	s := opened(t, dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, "", "") }()
	x, err := http.Get("http://" + l.Addr().String() + "/" + p.Name())
	if err != nil {
		t.Fatal(err)
	}
	if got := body(t, x); got != string(p.HTML) {
		t.Errorf("got %d bytes, want %d", len(got), len(p.HTML))
	}
	x.Body.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 20<<10) + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 64)
	n, _ := c.Read(b)
	if !strings.HasPrefix(string(b[:n]), "HTTP/1.1 431") {
		t.Errorf("headers of 20 KiB: %q", b[:n])
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}

// TestSilentConnections: who opens more connections than there are, and says nothing by
// them, keeps no reader out.
func TestSilentConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- opened(t, t.TempDir()).Serve(ctx, l, "", "") }()
	for range maxConns + 50 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	reader := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := reader.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatalf("a reader is kept out: %v", err)
	}
	r.Body.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
