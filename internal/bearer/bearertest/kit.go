package bearertest

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/internal/bearer"
	"parley/internal/bearer/link"
)

// Kit is how the suite makes what it tests.
type Kit struct {
	// New makes a bearer. All made for one test can reach each other.
	New func(t testing.TB, o bearer.Options) bearer.Bearer
	// Listen is the address to listen on; a free port or name is taken.
	Listen string
	// Network is "udp" or "tcp"; "" when no link can be put under the bearer,
	// and no stranger can knock.
	Network string
	// Datagrams says that it carries datagrams.
	Datagrams bool
	// Raw connects to addr with a proved key and returns how to send bytes as
	// they are, in the framing of a class. nil when there are no bytes.
	Raw func(t testing.TB, id bearer.Identity, addr string) func(class byte, b []byte) error
}

// wait is how long anything may take that should happen.
const wait = 10 * time.Second

// ID returns the n-th identity of the tests.
func ID(t testing.TB, n byte) bearer.Identity {
	t.Helper()
	id, err := bearer.NewIdentity([32]byte{n, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Only allows one identity.
func Only(id bearer.Identity) func([32]byte) bool {
	h := bearer.KeyHash(id)
	return func(k [32]byte) bool { return k == h }
}

// ends is two bearers that allow each other, and a listener of the second.
type ends struct {
	kit      Kit
	alder    bearer.Bearer
	birch    bearer.Bearer
	aID, bID bearer.Identity
	listener bearer.Listener
}

func open(t testing.TB, k Kit, change func(*bearer.Options)) *ends {
	t.Helper()
	e := &ends{kit: k, aID: ID(t, 1), bID: ID(t, 2)}
	oa := bearer.Options{Identity: e.aID, Allow: Only(e.bID)}
	ob := bearer.Options{Identity: e.bID, Allow: Only(e.aID)}
	if change != nil {
		change(&oa)
		change(&ob)
	}
	e.alder, e.birch = k.New(t, oa), k.New(t, ob)
	l, err := e.birch.Listen(context.Background(), k.Listen)
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	e.listener = l
	t.Cleanup(func() { l.Close() })
	return e
}

// connect dials through addr, "" being the listener's own.
func (e *ends) connect(t testing.TB, addr string) (dialed, accepted bearer.Conn) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	if addr == "" {
		addr = e.listener.Addr()
	}
	got := make(chan bearer.Conn, 1)
	go func() {
		c, err := e.listener.Accept(ctx)
		if err != nil {
			t.Errorf("accepting: %v", err)
		}
		got <- c
	}()
	d, err := e.alder.Dial(ctx, addr)
	if err != nil {
		t.Fatalf("dialing: %v", err)
	}
	t.Cleanup(func() { d.Close(nil) })
	a := <-got
	if a == nil {
		t.FailNow()
	}
	t.Cleanup(func() { a.Close(nil) })
	return d, a
}

// pair is two ends of one fresh connection.
func pair(t testing.TB, k Kit) (dialed, accepted bearer.Conn) {
	t.Helper()
	return open(t, k, nil).connect(t, "")
}

func send(t testing.TB, c bearer.Conn, class bearer.Class, frame []byte) {
	t.Helper()
	if err := c.Send(class, frame); err != nil {
		t.Fatalf("sending %s: %v", class, err)
	}
}

func recv(t testing.TB, c bearer.Conn) []byte {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	f, err := c.Recv(ctx)
	if err != nil {
		t.Fatalf("receiving: %v", err)
	}
	return f
}

func isEnd(t testing.TB, c bearer.Conn, within time.Duration) error {
	t.Helper()
	select {
	case <-c.Done():
		return c.Err()
	case <-time.After(within):
		t.Fatalf("the connection lives on after %v", within)
		return nil
	}
}

// frame makes n bytes that differ by i.
func frame(i, n int) []byte {
	b := bytes.Repeat([]byte{byte(i), byte(i >> 8), byte(i >> 16), 7}, n/4+1)
	return b[:n]
}

// noLeak fails when goroutines of the bearers are left a while after test.
func noLeak(t *testing.T, test func(t *testing.T)) {
	before := parleys()
	t.Run("run", test)
	deadline := time.Now().Add(5 * time.Second)
	for {
		now := parleys()
		if len(now) <= len(before) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after:\n%s", len(before), len(now), strings.Join(now, "\n\n"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// parleys returns the stacks of goroutines that a bearer or its library runs.
func parleys() []string {
	buf := make([]byte, 1<<22)
	buf = buf[:runtime.Stack(buf, true)]
	var out []string
	for _, g := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(g, "parley/internal/bearer.") || strings.Contains(g, "parley/internal/bearer/") && !strings.Contains(g, "testing.tRunner") ||
			strings.Contains(g, "quic-go") {
			out = append(out, g)
		}
	}
	return out
}

func cable(t testing.TB, k Kit, target string, o link.Options) *link.Link {
	t.Helper()
	l, err := link.New(k.Network, "127.0.0.1:0", target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
