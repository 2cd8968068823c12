package control

import (
	"context"
	"net/http"

	"parley"
	"parley/internal/station"
)

// Feeding is the addresses at which calendar programs read without a session.
type Feeding interface {
	AddFeed(ctx context.Context, by station.Officer, name string) (f station.Feed, secret string, err error)
	Feeds(ctx context.Context, by station.Officer) ([]station.Feed, error)
	RemoveFeed(ctx context.Context, by station.Officer, id int64) error
}

type madeFeed struct {
	station.Feed
	Secret string `json:"secret"`
}

type feedAct struct {
	Name string `json:"name,omitempty"`
	ID   int64  `json:"id,omitempty"`
}

func feeding(st Station) (Feeding, error) {
	if f, ok := st.(Feeding); ok {
		return f, nil
	}
	return nil, parley.Errorf(parley.Unsupported, "this station keeps no calendar addresses")
}

func handleFeeds(mux *http.ServeMux, st Station) {
	handle(mux, st, "feed.add", func(ctx context.Context, by station.Officer, in feedAct) (madeFeed, error) {
		f, err := feeding(st)
		if err != nil {
			return madeFeed{}, err
		}
		made, secret, err := f.AddFeed(ctx, by, in.Name)
		return madeFeed{made, secret}, err
	})
	handle(mux, st, "feeds", func(ctx context.Context, by station.Officer, _ none) ([]station.Feed, error) {
		f, err := feeding(st)
		if err != nil {
			return nil, err
		}
		return f.Feeds(ctx, by)
	})
	handle(mux, st, "feed.remove", func(ctx context.Context, by station.Officer, in feedAct) (none, error) {
		f, err := feeding(st)
		if err != nil {
			return none{}, err
		}
		return none{}, f.RemoveFeed(ctx, by, in.ID)
	})
}

// AddFeed makes a calendar address for the officer who acts. The secret is shown
// once.
func (c *Client) AddFeed(ctx context.Context, name string) (station.Feed, string, error) {
	f, err := ask[madeFeed](ctx, c, "feed.add", feedAct{Name: name})
	return f.Feed, f.Secret, err
}

// Feeds lists the officer's calendar addresses, without their secrets.
func (c *Client) Feeds(ctx context.Context) ([]station.Feed, error) {
	return ask[[]station.Feed](ctx, c, "feeds", none{})
}

// RemoveFeed ends one of the officer's calendar addresses at once.
func (c *Client) RemoveFeed(ctx context.Context, id int64) error {
	_, err := ask[none](ctx, c, "feed.remove", feedAct{ID: id})
	return err
}
