package bearertest

import (
	"context"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
)

func testKeys(t *testing.T, k Kit) {
	e := open(t, k, nil)
	a, b := e.connect(t, "")
	if got, want := a.PeerKey(), bearer.KeyHash(e.bID); got != want {
		t.Errorf("the dialer sees %x, want %x", got, want)
	}
	if got, want := b.PeerKey(), bearer.KeyHash(e.aID); got != want {
		t.Errorf("the listener sees %x, want %x", got, want)
	}
	if a.RemoteAddr() == "" || b.RemoteAddr() == "" {
		t.Error("no remote address")
	}
}

func testExporter(t *testing.T, k Kit) {
	e := open(t, k, nil)
	seen := map[[32]byte]bool{{}: true}
	for range 3 {
		a, b := e.connect(t, "")
		if a.Exporter() != b.Exporter() {
			t.Errorf("the sides export %x and %x", a.Exporter(), b.Exporter())
		}
		if seen[a.Exporter()] {
			t.Error("two connections export the same")
		}
		seen[a.Exporter()] = true
	}
}

// testStrangerDialed: who answers does not have the key we know.
func testStrangerDialed(t *testing.T, k Kit) {
	e := open(t, k, nil)
	c := k.New(t, bearer.Options{Identity: e.aID, Allow: Only(ID(t, 9))})
	conn, err := c.Dial(context.Background(), e.listener.Addr())
	if err == nil {
		conn.Close(nil)
		t.Fatal("a key nobody knows was taken")
	}
	if parley.KindOf(err) != parley.UnknownKey {
		t.Errorf("got %v, want unknown-key", err)
	}
	nobody(t, e.listener)
}

// testStrangerDials: the listener does not know who dials.
func testStrangerDials(t *testing.T, k Kit) {
	e := open(t, k, nil)
	c := k.New(t, bearer.Options{Identity: ID(t, 9), Allow: Only(e.bID)})
	conn, err := c.Dial(context.Background(), e.listener.Addr())
	if err == nil {
		conn.Send(bearer.Flash, []byte("let me in"))
		err = isEnd(t, conn, wait)
		if _, rerr := conn.Recv(context.Background()); rerr == nil {
			t.Error("something came from a listener that does not know us")
		}
		conn.Close(nil)
	}
	if parley.KindOf(err) != parley.UnknownKey {
		t.Errorf("the stranger got %v, want unknown-key", err)
	}
	nobody(t, e.listener)
	a, b := e.connect(t, "")
	send(t, a, bearer.Flash, []byte("friend"))
	if got := recv(t, b); string(got) != "friend" {
		t.Errorf("got %q", got)
	}
}

func nobody(t *testing.T, l bearer.Listener) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	if c, err := l.Accept(ctx); err == nil {
		t.Errorf("a connection of key %x was handed out", c.PeerKey())
		c.Close(nil)
	}
}

// testManyOfOne: one known key cannot hold connections without end.
func testManyOfOne(t *testing.T, k Kit) {
	e := open(t, k, nil)
	var held []bearer.Conn
	for range 40 {
		c, err := e.alder.Dial(context.Background(), e.listener.Addr())
		if err == nil {
			held = append(held, c)
			defer c.Close(nil)
		}
	}
	accepted := 0
	for {
		ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
		c, err := e.listener.Accept(ctx)
		stop()
		if err != nil {
			break
		}
		accepted++
		defer c.Close(nil)
	}
	if accepted < 2 || accepted > 16 {
		t.Errorf("%d connections of one key were handed out", accepted)
	}
	for _, c := range held {
		c.Close(nil)
	}
	var err error
	for deadline := time.Now().Add(wait); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var c bearer.Conn
		if c, err = e.alder.Dial(context.Background(), e.listener.Addr()); err != nil {
			continue
		}
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		var b bearer.Conn
		b, err = e.listener.Accept(ctx)
		stop()
		c.Close(nil)
		if err == nil {
			b.Close(nil)
			return
		}
	}
	t.Errorf("after they had gone none was taken: %v", err)
}
