package control_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/control/controltest"
	"parley/internal/station"
)

// telling is a station that tells of changes.
type telling struct {
	*controltest.Fake
	ch   chan station.Event
	gone chan struct{}
}

func (f *telling) Subscribe() (<-chan station.Event, func()) {
	return f.ch, func() { close(f.gone) }
}

// TestEvents: what changes is told as it does, to whoever listens; the end of the
// reader ends the stream, and so does that of the socket, at once.
func TestEvents(t *testing.T) {
	f := &telling{controltest.New(), make(chan station.Event), make(chan struct{})}
	path := filepath.Join(t.TempDir(), control.SocketName)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, path, f) }()
	waitFor(t, path)
	reads, leave := context.WithCancel(t.Context())
	got, err := control.Dial(path).Events(reads)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"call", "lamp"} {
		f.ch <- station.Event{Seq: 7, Kind: kind, Line: "b1"}
		if e := <-got; e.Kind != kind || e.Line != "b1" || e.Seq != 7 {
			t.Errorf("told %+v, want %s", e, kind)
		}
	}
	leave()
	select {
	case <-f.gone:
	case <-time.After(5 * time.Second):
		t.Error("the stream outlives its reader")
	}
	f.gone = make(chan struct{})
	if got, err = control.Dial(path).Events(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stop()
	if _, open := <-got; open {
		t.Error("something is told after the end")
	}
	if err := <-done; err != nil || time.Since(began) > 3*time.Second {
		t.Errorf("the socket ended after %v, %v", time.Since(began), err)
	}
	c, _ := start(t, controltest.New())
	_, err = c.Events(t.Context())
	wantKind(t, err, parley.Unsupported)
	_, err = c.As("nobody of that name").Events(t.Context())
	wantKind(t, err, parley.NotFound)
}
