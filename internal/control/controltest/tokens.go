package controltest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/station"
)

// AddToken is refused for an office the officer does not hold.
func (f *Fake) AddToken(_ context.Context, by station.Officer, id int64, office parley.Office, name string, life time.Duration) (station.Token, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.officers {
		if o.ID == id && o.Holds(office) {
			t := station.Token{ID: int64(len(f.tokens) + 1), Officer: o.Name, Office: office, Name: name, Added: time.Now(), Ends: time.Now().Add(life)}
			f.tokens = append(f.tokens, t)
			f.note(by, "token-add", name)
			return t, fmt.Sprintf("secret-%d", t.ID), nil
		}
	}
	return station.Token{}, "", parley.Errorf(parley.NotAllowed, "the officer does not hold the office %s", office)
}

// Tokens lists them.
func (f *Fake) Tokens(context.Context, station.Officer) ([]station.Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.tokens), nil
}

// RemoveToken forgets one.
func (f *Fake) RemoveToken(_ context.Context, by station.Officer, id int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, t := range f.tokens {
		if t.ID == id {
			f.tokens = slices.Delete(f.tokens, i, i+1)
			f.note(by, "token-remove", t.Name)
			return nil
		}
	}
	return parley.Errorf(parley.NotFound, "no token %d", id)
}
