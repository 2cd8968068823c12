package desktest

import (
	"context"
	"fmt"
	"slices"

	"parley"
	"parley/internal/station"
)

// AddFeed makes a calendar address.
func (s *Station) AddFeed(_ context.Context, by station.Officer, name string) (station.Feed, string, error) {
	s.Lock()
	defer s.Unlock()
	if name == "" {
		return station.Feed{}, "", parley.Errorf(parley.Malformed, "say in 1 to 200 bytes which calendar it is for")
	}
	s.next++
	f := station.Feed{ID: s.next, Name: name, Added: s.Now()}
	s.Subscribed = append(s.Subscribed, f)
	s.did("AddFeed %d %s", by.ID, name)
	return f, fmt.Sprintf("secret-%d", f.ID), nil
}

// Feeds are all that were made.
func (s *Station) Feeds(context.Context, station.Officer) ([]station.Feed, error) {
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.Subscribed), nil
}

// RemoveFeed ends one.
func (s *Station) RemoveFeed(_ context.Context, by station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	i := slices.IndexFunc(s.Subscribed, func(f station.Feed) bool { return f.ID == id })
	if i < 0 {
		return parley.Errorf(parley.NotFound, "no calendar address %d", id)
	}
	s.Subscribed = slices.Delete(s.Subscribed, i, i+1)
	s.did("RemoveFeed %d", by.ID)
	return nil
}

// UseFeed reads the calendar.
func (s *Station) UseFeed(ctx context.Context, secret string) (string, error) {
	s.Lock()
	known := slices.ContainsFunc(s.Subscribed, func(f station.Feed) bool { return secret == fmt.Sprintf("secret-%d", f.ID) })
	s.Unlock()
	if !known {
		return "", parley.Errorf(parley.NotFound, "no such calendar address")
	}
	return s.Calendar(ctx, "", "")
}
