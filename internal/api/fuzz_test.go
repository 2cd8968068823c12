package api

import (
	"net/http/httptest"
	"strings"
	"testing"

	"parley"
	"parley/internal/station"
)

// FuzzReadJSON hands a request body to the shapes that operations read. What is
// refused is refused as malformed.
func FuzzReadJSON(f *testing.F) {
	f.Add(`{"note":"x"}`)
	f.Add(`{"line":"birch","to":["birch/envoy"],"subject":"s","version":3}`)
	f.Add(`{"at":"2026-11-29T10:00:00Z"} {}`)
	f.Add(`[]`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, body string) {
		for _, v := range []any{new(noteIn), new(station.Draft), new(informedIn), new(releaseIn), new(reviewIn)} {
			if err := readJSON(httptest.NewRequest("POST", "/", strings.NewReader(body)), v); err != nil && parley.KindOf(err) != parley.Malformed {
				t.Fatalf("%T: %v", v, err)
			}
		}
	})
}
