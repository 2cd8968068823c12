package bearertest

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
)

// testGarbage: bytes that are no handshake end themselves and nobody else.
func testGarbage(t *testing.T, k Kit) {
	e := open(t, k, nil)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 64 {
		c, err := net.Dial(k.Network, e.listener.Addr())
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1+r.IntN(2000))
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		if i%2 == 0 {
			b[0] = 0x16 // a TLS handshake record, as its first byte says
		} else {
			b[0] |= 0xc0 // a long header
		}
		c.Write(b)
		if i%3 > 0 {
			c.Close()
		} else {
			defer c.Close()
		}
	}
	nobody(t, e.listener)
	if k.Network == "tcp" {
		time.Sleep(100 * time.Millisecond)
	}
	e.connect(t, "")
}

// testSilent: strangers who say nothing do not keep a friend out for long.
func testSilent(t *testing.T, k Kit) {
	e := open(t, k, nil)
	for range 200 {
		c, err := net.Dial("tcp", e.listener.Addr())
		if err != nil {
			continue // turned away already
		}
		defer c.Close()
	}
	time.Sleep(100 * time.Millisecond)
	if n := runtime.NumGoroutine(); n > 200 {
		t.Errorf("%d goroutines for 200 silent strangers", n)
	}
	// The same address may have no more under way; its own friend waits.
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	if c, err := e.alder.Dial(ctx, e.listener.Addr()); err == nil {
		c.Close(nil)
	} else if k := parley.KindOf(err); k != parley.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

// hostile returns a raw peer and the connection the listener has of it.
func hostile(t *testing.T, k Kit) (func(byte, []byte) error, bearer.Conn) {
	t.Helper()
	e := open(t, k, nil)
	say := k.Raw(t, e.aID, e.listener.Addr())
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	// On QUIC the listener sees the key with the handshake's end.
	c, err := e.listener.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(nil) })
	return say, c
}

// testGiant: a length over the bound ends the connection, and nothing is
// allocated for it.
func testGiant(t *testing.T, k Kit) {
	for _, n := range []uint32{bearer.MaxFrame + 1, 1 << 24, 1 << 31, 1<<32 - 1} {
		say, c := hostile(t, k)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		say(byte(bearer.Flash), binary.BigEndian.AppendUint32(nil, n))
		err := isEnd(t, c, wait)
		runtime.ReadMemStats(&after)
		if parley.KindOf(err) != parley.Oversize {
			t.Errorf("length %d: got %v, want oversize", n, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
			t.Errorf("length %d: %d bytes allocated", n, got)
		}
		if _, err := c.Recv(context.Background()); parley.KindOf(err) != parley.Oversize {
			t.Errorf("length %d: Recv got %v", n, err)
		}
	}
}

// testCutFrame: half a frame is never handed out.
func testCutFrame(t *testing.T, k Kit) {
	say, c := hostile(t, k)
	say(byte(bearer.Flash), append(bearer.AppendHeader(nil, 3), "abc"...))
	if got := recv(t, c); string(got) != "abc" {
		t.Errorf("got %q", got)
	}
	say(byte(bearer.Flash), append(bearer.AppendHeader(nil, 5), "ab"...))
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	if f, err := c.Recv(ctx); err == nil {
		t.Errorf("half a frame was handed out: %q", f)
	}
	say(byte(bearer.Flash), []byte("cde"))
	if got := recv(t, c); string(got) != "abcde" {
		t.Errorf("got %q", got)
	}
}
