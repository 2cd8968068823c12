package station

import (
	"context"
	"fmt"
	"time"

	"parley/internal/form"
	"parley/internal/own"
)

// A Feed is a secret address at which a calendar program reads when contacts are
// agreed, for one officer.
type Feed struct {
	ID    int64     `json:"id"`
	Name  string    `json:"name"` // which calendar
	Added time.Time `json:"added"`
	Used  time.Time `json:"used,omitzero"` // zero: never
}

func feedView(f own.Feed) Feed { return Feed{f.ID, f.Name, f.Added, f.Used} }

// AddFeed makes a calendar address for the officer who acts. The secret is shown
// once.
func (s *Station) AddFeed(_ context.Context, by Officer, name string) (Feed, string, error) {
	if err := person(by, "make a calendar address"); err != nil {
		return Feed{}, "", err
	}
	if err := form.CheckLine("which calendar it is for", name, 60); err != nil {
		return Feed{}, "", err
	}
	f, secret, err := s.own.AddFeed(by.ID, name)
	if err != nil {
		return Feed{}, "", err
	}
	return feedView(f), secret, s.audit(by, "add calendar address", name, fmt.Sprintf("calendar address %d", f.ID))
}

// Feeds are the calendar addresses of the officer who acts, the oldest first.
func (s *Station) Feeds(_ context.Context, by Officer) ([]Feed, error) {
	list, err := s.own.Feeds(by.ID)
	out := make([]Feed, 0, len(list))
	for _, f := range list {
		out = append(out, feedView(f))
	}
	return out, err
}

// RemoveFeed ends a calendar address of the officer who acts, at once.
func (s *Station) RemoveFeed(_ context.Context, by Officer, id int64) error {
	if err := s.own.RemoveFeed(by.ID, id); err != nil {
		return err
	}
	return s.audit(by, "end calendar address", fmt.Sprintf("calendar address %d", id), "")
}

// UseFeed returns the contacts that were ever agreed, of all lines, as iCalendar,
// to whoever knows the address. NotFound for one that is none, or has ended.
func (s *Station) UseFeed(ctx context.Context, secret string) (string, error) {
	if _, _, err := s.own.UseFeed(secret); err != nil {
		return "", err
	}
	return s.Calendar(ctx, "", "")
}
