package bearertest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/link"
)

func testLossy(t *testing.T, k Kit) {
	e := open(t, k, nil)
	l := cable(t, k, e.listener.Addr(), link.Options{Delay: 5 * time.Millisecond, Jitter: 10 * time.Millisecond, Reorder: true, Loss: 0.05})
	a, b := e.connect(t, l.Addr())
	const n = 100
	for i := range n {
		send(t, a, bearer.Priority, frame(i, 500))
	}
	for i := range n {
		if got := recv(t, b); !bytes.Equal(got, frame(i, 500)) {
			t.Fatalf("frame %d is not what was sent", i)
		}
	}
}

// testVanished: the other side is gone without a word.
func testVanished(t *testing.T, k Kit) {
	const idle = 600 * time.Millisecond
	e := open(t, k, func(o *bearer.Options) { o.Idle = idle })
	l := cable(t, k, e.listener.Addr(), link.Options{})
	a, b := e.connect(t, l.Addr())
	send(t, a, bearer.Control, []byte("ping"))
	recv(t, b)
	l.Cut(true)
	began := time.Now()
	send(t, a, bearer.Control, []byte("anyone?"))
	for _, c := range []bearer.Conn{a, b} {
		if err := isEnd(t, c, 10*time.Second); parley.KindOf(err) != parley.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
	}
	if d := time.Since(began); d < idle/2 || d > 5*time.Second {
		t.Errorf("noticed after %v, want about %v", d, idle)
	}
}

// testCutBack: a cut shorter than the idle limit loses nothing.
func testCutBack(t *testing.T, k Kit) {
	e := open(t, k, nil)
	l := cable(t, k, e.listener.Addr(), link.Options{Delay: 2 * time.Millisecond})
	a, b := e.connect(t, l.Addr())
	send(t, a, bearer.Flash, []byte("before"))
	recv(t, b)
	l.Cut(true)
	send(t, a, bearer.Flash, []byte("meanwhile"))
	time.Sleep(400 * time.Millisecond)
	if n := len(b.RemoteAddr()); n == 0 || b.Err() != nil {
		t.Fatalf("a short cut ended the connection: %v", b.Err())
	}
	l.Cut(false)
	if got := recv(t, b); string(got) != "meanwhile" {
		t.Errorf("got %q", got)
	}
	send(t, b, bearer.Flash, []byte("after"))
	if got := recv(t, a); string(got) != "after" {
		t.Errorf("got %q", got)
	}
}

// testDialBack: a dial under way connects soon after the path has come back.
func testDialBack(t *testing.T, k Kit) {
	e := open(t, k, nil)
	l := cable(t, k, e.listener.Addr(), link.Options{})
	l.Cut(true)
	back := make(chan time.Time, 1)
	go func() {
		time.Sleep(4 * time.Second)
		back <- time.Now()
		l.Cut(false)
	}()
	c, err := e.alder.Dial(context.Background(), l.Addr())
	if err != nil {
		t.Fatalf("dialing: %v", err)
	}
	defer c.Close(nil)
	select {
	case at := <-back:
		if d := time.Since(at); d > 2*time.Second {
			t.Errorf("connected %v after the path came back", d)
		}
	default:
		t.Error("connected through a cut")
	}
}
