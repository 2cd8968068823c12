package station

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/said"
)

// cable is a connection over which nothing comes. Its end waits for whoever hears
// its datagrams, as that of a bearer does.
type cable struct {
	bearer.Conn
	hears func() // what who hears it does at the moment of its end; nil: nobody does
	once  sync.Once
}

var errCable = parley.Errorf(parley.Unavailable, "the cable was cut")

func (c *cable) Recv(context.Context) ([]byte, error) { return nil, errCable }
func (c *cable) HearDatagrams(func([]byte)) error     { return nil }
func (c *cable) PeerKey() [32]byte                    { return [32]byte{} }
func (c *cable) Done() <-chan struct{}                { return nil }
func (c *cable) Err() error                           { return errCable }
func (c *cable) Send(bearer.Class, []byte) error      { return errCable }
func (c *cable) Close(error) error {
	c.once.Do(func() {
		if c.hears != nil {
			c.hears()
		}
	})
	return nil
}

// cabled is a network with one line, whose owner takes nothing.
func cabled() (*network, *liveLine) {
	n := &network{log: slog.New(slog.DiscardHandler), now: time.Now, sessions: map[line.PathID]*session{}, ofLine: map[parley.LineID]map[line.PathID]*session{},
		trouble: map[pathKey]trouble{}, heardAt: map[pathKey]time.Time{}}
	l := &liveLine{id: parley.LineID{1}, us: "alder", now: time.Now, emit: func(string, string, string) {},
		runner: &runner{in: make(chan request, 1024), done: make(chan struct{})}}
	return n, l
}

// TestOwnerHearsOfEveryEnd has connections come and go: of each one that came the
// owner of the line hears that it went. Else the engine takes a peer for reached that
// is not, and keeps of every connection that there ever was.
func TestOwnerHearsOfEveryEnd(t *testing.T) {
	t.Parallel()
	n, l := cabled()
	const times = 64
	for range times {
		s := n.open(l, "birch", "QUIC", &cable{}, false)
		n.finish(s, s.serve(context.Background(), nil, 0))
	}
	up, down := 0, 0
	for len(l.runner.in) > 0 {
		for _, e := range (<-l.runner.in).events {
			switch e.(type) {
			case line.PathUp:
				up++
			case line.PathDown:
				down++
			}
		}
	}
	if up != times || down != times {
		t.Errorf("%d paths were up and %d down, of %d", up, down, times)
	}
}

// TestAnotherTakesItsPlace has a connection take the place of one whose datagrams are
// being heard: who hears them may ask for the paths of the line, and the end of the
// connection waits for him.
func TestAnotherTakesItsPlace(t *testing.T) {
	t.Parallel()
	n, l := cabled()
	heard := make(chan struct{})
	n.open(l, "birch", "QUIC", &cable{hears: func() {
		go func() { n.trunkPaths(l.id, "birch"); close(heard) }()
		select {
		case <-heard:
		case <-time.After(5 * time.Second):
			t.Error("who hears a datagram waits for the end of its connection, which waits for him")
		}
	}}, false)
	if n.open(l, "birch", "QUIC", &cable{}, false) == nil {
		t.Error("the newer connection went")
	}
	<-heard
	if got := len(n.to(l.id, "birch")); got != 1 {
		t.Errorf("%d sessions of one path", got)
	}
}

// TestToldAfterAFailure: what our own side cannot be asked for now is told as soon as it
// can.
func TestToldAfterAFailure(t *testing.T) {
	t.Parallel()
	_, l := cabled()
	storage, err := key.StorageFromSeed(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	open := func() *own.Store {
		s, err := own.Open(filepath.Join(t.TempDir(), "own.db"), storage)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := &Station{own: open()}
	c := newClerk(s, l)
	e := &said.Entry{Ref: parley.Ref{Gen: parley.GenerationID{1}, Index: 1}, Party: "birch", Time: time.Now()}
	s.own.Close()
	if err := c.soundOnce("draft-here", e, "it is here"); err == nil || len(c.sounds) != 0 {
		t.Fatalf("%d sound, %v", len(c.sounds), err)
	}
	s.own = open()
	defer s.own.Close()
	for range 2 {
		if err := c.soundOnce("draft-here", e, "it is here"); err != nil || len(c.sounds) != 1 {
			t.Errorf("%d sound, %v", len(c.sounds), err)
		}
	}
}
