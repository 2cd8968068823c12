package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
)

// signer is the key of a witness.
type signer struct {
	name string
	priv ed25519.PrivateKey
}

func newSigner(name string, seed byte) signer {
	return signer{name, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))}
}

func (s signer) vkey() c2sp.VKey {
	return c2sp.VKey{Name: s.name, Type: c2sp.TypeCosignedEd, Key: s.priv.Public().(ed25519.PublicKey)}
}

func (s signer) line(c journal.Checkpoint, t uint64) string {
	ed, _ := journal.CosignMessages(s.name, c, t)
	sig := append(binary.BigEndian.AppendUint64(nil, t), ed25519.Sign(s.priv, ed)...)
	id := binary.BigEndian.AppendUint32(nil, s.vkey().ID())
	return fmt.Sprintf("— %s %s\n", s.name, base64.StdEncoding.EncodeToString(append(id, sig...)))
}

func testLog(t *testing.T, size int) *Log {
	t.Helper()
	var stored []journal.Hash
	tree, err := journal.NewTree(0, journal.ReaderFunc(func(at []int64) ([]journal.Hash, error) {
		out := make([]journal.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range size {
		tree.Append(journal.LeafHash([]byte{byte(i)}))
	}
	c := journal.Checkpoint{Origin: "00112233445566778899aabbccddeeff/alder/0011223344556677", Size: uint64(size), Root: tree.Root()}
	return &Log{Checkpoint: c, Note: append(c.Text(), "\n— x AAAAAAAA\n"...), Consistency: func(older uint64) ([]journal.Hash, error) { return tree.Consistency(older, c.Size) }}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestCosign(t *testing.T) {
	s, l := newSigner("w.example/1", 1), testLog(t, 7)
	known, asked := uint64(3), 0
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/add-checkpoint" || r.Method != http.MethodPost || !bytes.HasSuffix(b, l.Note) {
			t.Errorf("%s %s: %q", r.Method, r.URL, b)
		}
		if !bytes.HasPrefix(b, fmt.Appendf(nil, "old %d\n", known)) {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprintf(w, "%d\n", known)
			return
		}
		known = 7
		io.WriteString(w, newSigner("w.example/2", 2).line(l.Checkpoint, 900)+s.line(l.Checkpoint, 1234))
	})
	c := New(url, []c2sp.VKey{s.vkey()})
	for i, want := range []int{2, 4, 5} { // 0 is refused, then 3; 0 is refused, then 7; 7 at once
		old := []uint64{0, 0, 7}[i]
		got, err := c.Cosign(context.Background(), old, l)
		if err != nil || len(got) != 1 || got[0].Time != 1234 || got[0].Key.Name != "w.example/1" || got[0].Line+"\n" != s.line(l.Checkpoint, 1234) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if asked != want {
			t.Errorf("asked %d times in all, want %d", asked, want)
		}
	}
}

// TestHostile: whatever a witness answers costs its bounds and a reason, and is
// never taken for a cosignature.
func TestHostile(t *testing.T) {
	s, other, l := newSigner("w.example/1", 1), newSigner("w.example/1", 9), testLog(t, 7)
	wrong := testLog(t, 6)
	giant := strings.Repeat("— w.example/1 AAAAAAAA\n", 1<<20)
	body := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, text)
		}
	}
	for name, x := range map[string]struct {
		h    http.HandlerFunc
		want parley.Kind
	}{
		"nothing":                {body(200, ""), parley.Malformed},
		"another key":            {body(200, other.line(l.Checkpoint, 5)), parley.BadSignature},
		"another checkpoint":     {body(200, s.line(wrong.Checkpoint, 5)), parley.BadSignature},
		"time 0":                 {body(200, s.line(l.Checkpoint, 0)), parley.BadSignature},
		"beyond all time":        {body(200, s.line(l.Checkpoint, 1<<50)), parley.BadSignature},
		"a giant":                {body(200, giant), parley.Oversize},
		"a giant conflict":       {body(409, giant), parley.Oversize},
		"a size that never fits": {body(409, "2\n"), parley.Malformed},
		"a page":                 {body(200, "<html>\n"), parley.Malformed},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusTemporaryRedirect)
		}, parley.Malformed},
		"a log it does not know": {body(404, "unknown log"), parley.NotFound},
		"another history":        {body(422, ""), parley.BadProof},
		"later":                  {body(503, "later"), parley.Unavailable},
		"headers without end":    {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, parley.Unavailable},
		"it hangs up":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, parley.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(serve(t, x.h), []c2sp.VKey{s.vkey()})
			got, err := c.Cosign(context.Background(), 3, l)
			if err == nil || parley.KindOf(err) != x.want || len(got) != 0 {
				t.Errorf("got %v, %v, want kind %v", got, err, x.want)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
	t.Run("it knows more", func(t *testing.T) {
		_, err := New(serve(t, body(409, "12\n")), []c2sp.VKey{s.vkey()}).Cosign(context.Background(), 3, l)
		if a := new(Ahead); !errors.As(err, &a) || a.Size != 12 {
			t.Errorf("got %v", err)
		}
	})
}

// TestSlow: a witness that hangs, or drips, is left when the time is up.
func TestSlow(t *testing.T) {
	var stop chan struct{}
	for name, h := range map[string]http.HandlerFunc{
		"hangs": func(http.ResponseWriter, *http.Request) { <-stop },
		"drips": func(w http.ResponseWriter, _ *http.Request) {
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					io.WriteString(w, "x")
					w.(http.Flusher).Flush()
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			stop = make(chan struct{})
			c := New(serve(t, h), nil)
			defer close(stop) // before the server waits for its handlers
			c.http.Timeout = 200 * time.Millisecond
			began := time.Now()
			if _, err := c.Cosign(context.Background(), 0, testLog(t, 3)); parley.KindOf(err) != parley.Unavailable || err == nil {
				t.Errorf("got %v", err)
			}
			if d := time.Since(began); d > 5*time.Second {
				t.Errorf("left after %v", d)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New("http://192.0.2.1", nil).Cosign(ctx, 0, testLog(t, 3)); parley.KindOf(err) != parley.Unavailable || err == nil {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{"http://192.0.2.1:80/": "http://192.0.2.1:80", "https://w.example/a/b": "https://w.example/a/b"} {
		if got, err := ParseURL(in); err != nil || got != want {
			t.Errorf("%s: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "w.example", "ftp://w.example", "http://", "http://a:b@w.example", "http://w.example/?x=1", "http://w.example/#x", "file:///etc/passwd", "http://[::1"} {
		if got, err := ParseURL(in); parley.KindOf(err) != parley.Malformed || err == nil {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("http://192.0.2.1:80/")
	f.Add("https://w.example/a?b#c")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			return
		}
		if again, err := ParseURL(u); !strings.HasPrefix(u, "http") || err != nil && u != "http:/" && u != "https:/" || err == nil && len(again) > len(u) {
			t.Errorf("%q is read as %q, and that as %q, %v", s, u, again, err)
		}
	})
}
