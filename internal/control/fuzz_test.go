package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"parley"
	"parley/internal/control/controltest"
	"parley/internal/key"
	"parley/internal/station"
)

// FuzzRequest asks a station anything, as anybody who may open the socket can:
// every answer is a result or an error of a kind, and none is a fault of ours.
func FuzzRequest(f *testing.F) {
	for act, body := range map[string]string{
		"officers": "", "officer.add": `{"name":"Lt Wei","offices":["watch"]}`, "officer.remove": `{"officer":4}`, "officer.seat": `{"officer":2,"office":"watch"}`,
		"audit": `{"limit":-1}`, "self": "{}", "lines": "{}", "phones": "{}", "line": `{"line":"birch"}`, "board": `{"line":"birch"}`, "record": `{"line":"birch","filter":{"form":"dispatch"}}`,
		"item": `{"line":"birch","item":"00000000000000b1:41"}`, "item.open": `{"line":"birch","item":"x"}`, "draft.save": `{"form":"dispatch","to":["birch/envoy"],"from":"envoy","precedence":"FLASH"}`,
		"draft": `{"draft":9223372036854775807}`, "draft.release": `{"draft":1,"version":1,"precedence":"ROUTINE"}`, "draft.return": `{"draft":1,"note":"no"}`,
		"draft.attach?draft=1&name=a&type=text/plain": "bytes", "export": `{"line":"birch","open":true}`, "pair.invite": `{"charter":"AAAA","annex":"AA=="}`,
		"pair.step": `{"bytes":"AAAA"}`, "recovery.confirm": `{"line":"birch","words":["a"]}`, "why": `{"line":1}`, "none": "{}", "line.leave": `{"line":"birch","reason":""}`,
	} {
		f.Add("POST", act, "Lt%20Ruiz", []byte(body))
		f.Add("GET", act, "%zz", []byte(body+"}"))
	}
	f.Fuzz(func(t *testing.T, method, act, as string, body []byte) {
		u, err := url.Parse("http://station/v1/" + act)
		if err != nil || strings.Contains(act, "confirm") && !strings.HasPrefix(act, "recovery") {
			return // an exchange needs a connection: FuzzConfirm
		}
		st := controltest.New()
		r := &http.Request{Method: method, URL: u, Host: "station", Header: http.Header{asHeader: {as}}, Body: io.NopCloser(bytes.NewReader(body))}
		w := httptest.NewRecorder()
		Handler(st).ServeHTTP(w, r.WithContext(t.Context()))
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable && w.Code != http.StatusNotImplemented && w.Code != http.StatusInsufficientStorage {
			t.Errorf("%s %s: status %d: %s", method, act, w.Code, w.Body)
		}
		if w.Code >= 400 && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			if err := decodeError(w.Body.Bytes()); err.Error() == "" || !utf8.ValidString(err.Error()) {
				t.Errorf("%s %s: %q", method, act, err)
			}
		}
	})
}

// canned answers every request with the same bytes.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		go io.Copy(io.Discard, r.Body)
	}
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(c)), r)
}

// FuzzAnswer gives the command line any answer, as a program that took the
// socket's place could: each act ends, with a result or with an error that
// says something, and the root key signs nothing but a certificate.
func FuzzAnswer(f *testing.F) {
	ok := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
	for _, s := range []string{"", ok, ok + "{}", ok + "[{}]", ok + `{"key":"` + controltest.Birch + `"}`, ok + `{"half":"ed","msg":"cGFybGV5L3YxIGNlcnRpZmljYXRlAA=="}`,
		ok + `{"half":"ml","msg":"AAAA"}` + "\n" + `{"line":{}}`, ok + `{"from":"birch/envoy","precedence":"FLASH","ladder":[{"name":"opened"}]}`,
		"HTTP/1.1 409 Conflict\r\n\r\n" + `{"kind":"conflict","what":"no"}`, "HTTP/1.1 500 x\r\n\r\n<html>",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Parley-Entries\r\n\r\n1\r\nx\r\n0\r\nParley-Entries: 7\r\n\r\n"} {
		f.Add([]byte(s))
	}
	root, err := key.PairFromSeed(make([]byte, 64))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Client{path: "/x", http: &http.Client{Transport: canned(b)}}
		ctx := t.Context()
		for name, act := range map[string]func() error{
			"open":    func() error { _, err := c.Open(ctx, "birch", "x"); return err },
			"lines":   func() error { _, err := c.Lines(ctx); return err },
			"phones":  func() error { _, err := c.Phones(ctx); return err },
			"board":   func() error { _, err := c.Board(ctx, ""); return err },
			"record":  func() error { _, err := c.Record(ctx, "birch", station.Filter{}); return err },
			"pair":    func() error { _, err := c.Pairings(ctx); return err },
			"export":  func() error { _, err := c.Export(ctx, "birch", true, io.Discard); return err },
			"confirm": func() error { _, err := c.ConfirmWords(ctx, "birch", true, "in person", watched{t, root}); return err },
		} {
			if err := act(); err != nil && (err.Error() == "" || err == context.Canceled) {
				t.Errorf("%s: %q", name, err)
			}
		}
	})
}

// watched is a root key that may sign certificates only.
type watched struct {
	t *testing.T
	*key.Pair
}

func (w watched) look(msg []byte) {
	if !bytes.HasPrefix(msg, certificateLabel) {
		w.t.Errorf("the root key is to sign %q", msg)
	}
}

func (w watched) SignEd(msg []byte) ([64]byte, error) { w.look(msg); return w.Pair.SignEd(msg) }
func (w watched) SignML(msg []byte) ([]byte, error)   { w.look(msg); return w.Pair.SignML(msg) }

// FuzzConfirm sends any bytes in the exchange that confirms a pairing.
func FuzzConfirm(f *testing.F) {
	for _, s := range []string{"", "{}", `{"line":"birch","equal":false}`, `{"line":"birch","equal":true,"how":"in person","ed":"","ml":""}`,
		`{"line":"birch","equal":true}` + "\n" + `{"sig":"AAAA"}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x := &remoteSigner{in: json.NewDecoder(bytes.NewReader(b)), out: json.NewEncoder(io.Discard), flush: func() error { return nil }}
		var open confirmation
		if err := x.in.Decode(&open); err != nil {
			return
		}
		if err := x.public(open); err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Errorf("%v", err)
			}
			return
		}
		if sig, err := x.SignEd([]byte("m")); err == nil && sig == ([64]byte{}) {
			t.Log("an empty signature, which verifies nowhere")
		}
		_, _ = x.SignML([]byte("m"))
	})
}
