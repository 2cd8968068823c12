package bearer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestInsist(t *testing.T) {
	refused := errors.New("refused")
	silent := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
	tests := []struct {
		name  string
		limit time.Duration
		dials []func(context.Context) (int, error)
		want  error
		after time.Duration
	}{
		{"answered", time.Minute, []func(context.Context) (int, error){func(context.Context) (int, error) { return 1, nil }}, nil, 0},
		{"refused", time.Minute, []func(context.Context) (int, error){func(context.Context) (int, error) { return 0, refused }}, refused, 0},
		{"silent, then answered", time.Minute, []func(context.Context) (int, error){silent, func(context.Context) (int, error) { return 1, nil }}, nil, 2500 * time.Millisecond},
		{"silent, then refused", time.Minute, []func(context.Context) (int, error){silent, silent, func(context.Context) (int, error) { return 0, refused }}, refused, 5 * time.Second},
		{"silent", time.Minute, []func(context.Context) (int, error){silent, silent, silent}, context.DeadlineExceeded, HandshakeLimit},
		{"silent, and no time", time.Second, []func(context.Context) (int, error){silent}, context.DeadlineExceeded, time.Second},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(context.Background(), tt.limit)
			defer stop()
			n := 0
			began := time.Now()
			c, err := Insist(ctx, func(ctx context.Context) (int, error) {
				n++
				return tt.dials[n-1](ctx)
			})
			if !errors.Is(err, tt.want) || (err == nil) != (c == 1) || n != len(tt.dials) || time.Since(began) != tt.after {
				t.Errorf("%s: %d, %v after %d dials and %v; want %v after %d and %v", tt.name, c, err, n, time.Since(began), tt.want, len(tt.dials), tt.after)
			}
		})
	}
}
