package control

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"parley"
)

func TestGuard(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	for _, tt := range []struct {
		name string
		peer any
		want int
	}{
		{"own user", uint32(1000), 200},
		{"root", uint32(0), 200},
		{"another user", uint32(1001), 403},
		{"nobody knows", nil, 403},
	} {
		r := httptest.NewRequest("POST", "/v1/lines", nil)
		if tt.peer != nil {
			r = r.WithContext(context.WithValue(r.Context(), peerKey{}, tt.peer))
		}
		w := httptest.NewRecorder()
		guard(1000, next).ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, w.Code, tt.want)
		}
	}
}

func TestDecodeErrorOfAStranger(t *testing.T) {
	for _, s := range []string{"", "{}", "<html>502</html>", `{"kind":"not-found"}`, `[]`} {
		err := decodeError([]byte(s))
		if parley.KindOf(err) != parley.Internal || !strings.Contains(err.Error(), "not an error") {
			t.Errorf("%q: got %v", s, err)
		}
	}
	if err := decodeError([]byte(`{"kind":"from-the-future","what":"new"}`)); parley.KindOf(err) != parley.Internal || err.Error() != "new" {
		t.Errorf("unknown kind: %v", err)
	}
}

func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"line":"birch"}`, `{"line":1}`, `{"line":"a"} x`, `[`, "\xff", `{"line":"a","item":"b","header_only":true}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var v onItem
		err := readJSON(strings.NewReader(s), &v)
		if err != nil && parley.KindOf(err) == parley.Internal {
			t.Errorf("%q: %v is nobody's fault", s, err)
		}
		if err == nil && !utf8.ValidString(v.Line) {
			t.Errorf("%q: line %q is not text", s, v.Line)
		}
	})
}

func FuzzDecodeError(f *testing.F) {
	f.Add([]byte(`{"kind":"not-found","what":"no"}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := decodeError(b); err == nil || err.Error() == "" {
			t.Errorf("%q: no error", b)
		}
	})
}
