package bearertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
)

func testAddresses(t *testing.T, k Kit) {
	e := open(t, k, nil)
	for _, addr := range []string{"", "7101", "localhost:7101", "parley.example:7101", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "[::1]"} {
		if c, err := e.alder.Dial(context.Background(), addr); parley.KindOf(err) != parley.Malformed {
			t.Errorf("dialing %q: got %v, %v, want malformed", addr, c, err)
		}
	}
	for _, addr := range []string{"", "7101", "localhost:7101", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"} {
		if l, err := e.alder.Listen(context.Background(), addr); parley.KindOf(err) != parley.Malformed {
			t.Errorf("listening at %q: got %v, %v, want malformed", addr, l, err)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	if _, err := e.alder.Dial(ctx, "127.0.0.1:9"); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("nobody there: got %v, want unavailable", err)
	}
}

func testPortTaken(t *testing.T, k Kit) {
	e := open(t, k, nil)
	if l, err := e.alder.Listen(context.Background(), e.listener.Addr()); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("got %v, %v, want unavailable", l, err)
	}
}

func testClose(t *testing.T, k Kit) {
	a, b := pair(t, k)
	if a.Err() != nil {
		t.Errorf("while it lives: Err %v", a.Err())
	}
	waiting := make(chan error)
	go func() { _, err := a.Recv(context.Background()); waiting <- err }()
	time.Sleep(20 * time.Millisecond)
	reason := parley.Errorf(parley.Quota, "enough")
	if err := a.Close(reason); err != nil {
		t.Errorf("closing: %v", err)
	}
	if err := <-waiting; !errors.Is(err, reason) {
		t.Errorf("a waiting Recv got %v", err)
	}
	if err := a.Close(errors.New("another")); err != nil {
		t.Errorf("closing again: %v", err)
	}
	select {
	case <-a.Done():
	default:
		t.Error("Done is open after Close")
	}
	if !errors.Is(a.Err(), reason) {
		t.Errorf("Err %v, want the first reason", a.Err())
	}
	if err := a.Send(bearer.Flash, []byte("late")); parley.KindOf(err) != parley.Unavailable || !errors.Is(err, reason) {
		t.Errorf("sending after the end: %v, want unavailable", err)
	}
	if a.Queued(bearer.Flash) != 0 {
		t.Error("something is queued after the end")
	}
	a.Stats()
	b.Close(nil)
	if parley.KindOf(b.Err()) != parley.Unavailable {
		t.Errorf("closed without a reason: %v", b.Err())
	}
}

func testCloseSeen(t *testing.T, k Kit) {
	for _, busy := range []bool{false, true} {
		a, b := pair(t, k)
		if busy {
			fill(t, a, bearer.Bulk)
			fill(t, b, bearer.Bulk)
		}
		began := time.Now()
		a.Close(nil)
		if d := time.Since(began); d > time.Second {
			t.Errorf("closing took %v", d)
		}
		go func() { // what came before the end is still handed out
			for {
				if _, err := b.Recv(context.Background()); err != nil {
					return
				}
			}
		}()
		if err := isEnd(t, b, wait); parley.KindOf(err) != parley.Unavailable && !busy {
			t.Errorf("the other side sees %v, want unavailable", err)
		}
	}
}

func testCloseListener(t *testing.T, k Kit) {
	e := open(t, k, nil)
	a, b := e.connect(t, "")
	waiting := make(chan error)
	go func() { _, err := e.listener.Accept(context.Background()); waiting <- err }()
	time.Sleep(20 * time.Millisecond)
	e.listener.Close()
	if err := <-waiting; parley.KindOf(err) != parley.Unavailable {
		t.Errorf("a waiting Accept got %v, want unavailable", err)
	}
	e.listener.Close()
	send(t, a, bearer.Flash, []byte("still here"))
	if got := recv(t, b); string(got) != "still here" {
		t.Errorf("got %q", got)
	}
	ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer stop()
	if c, err := e.alder.Dial(ctx, e.listener.Addr()); err == nil {
		c.Close(nil)
		t.Error("a listener that is closed was reached")
	}
}

func testListenAgain(t *testing.T, k Kit) {
	e := open(t, k, nil)
	a, b := e.connect(t, "")
	addr := e.listener.Addr()
	e.listener.Close()
	l, err := e.birch.Listen(context.Background(), addr)
	if err != nil {
		t.Fatalf("listening again while a connection lives: %v", err)
	}
	defer l.Close()
	e.listener = l
	c, d := e.connect(t, "")
	for _, p := range [][2]bearer.Conn{{a, b}, {c, d}, {b, a}, {d, c}} {
		send(t, p[0], bearer.Flash, []byte("x"))
		recv(t, p[1])
	}
}

func testAcceptContext(t *testing.T, k Kit) {
	e := open(t, k, nil)
	for i := range 3 {
		ctx, stop := context.WithTimeout(context.Background(), time.Duration(i)*5*time.Millisecond)
		if _, err := e.listener.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		stop()
	}
	e.connect(t, "")
}
