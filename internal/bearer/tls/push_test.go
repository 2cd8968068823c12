package tls

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	stdtls "crypto/tls"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
)

// towards returns a connection of ours and the bare TLS end of the other side,
// whose socket holds little.
func towards(t *testing.T) (*conn, *stdtls.Conn) {
	t.Helper()
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	far := make(chan *stdtls.Conn, 1)
	go func() {
		raw, err := l.Accept()
		if err != nil {
			close(far)
			return
		}
		raw.(*net.TCPConn).SetReadBuffer(16 << 10)
		c := stdtls.Server(raw, bearer.Config(b, bearertest.Only(a)))
		c.Handshake()
		far <- c
	}()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	c, err := New(bearer.Options{Identity: a, Allow: bearertest.Only(b)}).Dial(ctx, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(nil) })
	other := <-far
	if other == nil {
		t.Fatal("nobody came")
	}
	t.Cleanup(func() { other.Close() })
	return c.(*conn), other
}

// TestPush: whoever sends writes by himself what the socket takes, never waits for
// it, and every frame comes once and each sender's in order, however slowly the
// other side reads.
func TestPush(t *testing.T) {
	t.Parallel()
	c, far := towards(t)
	const senders, frames = 4, 150
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			for i := range frames {
				b := make([]byte, 8+(i*i*37)%3000)
				if i%50 == 49 {
					b = make([]byte, 40<<10) // more than a record
				}
				binary.BigEndian.PutUint32(b, uint32(n))
				binary.BigEndian.PutUint32(b[4:], uint32(i))
				if i%10 == 0 {
					c.Cork()
				}
				if err := c.Send(bearer.Class(n), b); err != nil {
					t.Errorf("sender %d, frame %d: %v", n, i, err)
				}
				if i%10 == 9 {
					c.Uncork()
				}
			}
		})
	}
	sent := make(chan struct{})
	go func() { wg.Wait(); close(sent) }()
	select {
	case <-sent: // though nobody has read anything
	case <-time.After(30 * time.Second):
		t.Fatal("sending waits for the reader")
	}
	if writesAtOnce && !c.wire.owes() {
		t.Error("the socket took everything: the test tries nothing")
	}
	var next [senders]uint32
	for range senders * frames {
		b, err := bearer.ReadFrame(far)
		if err != nil {
			t.Fatal(err)
		}
		n, i := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if n >= senders || i != next[n] {
			t.Fatalf("frame %d of sender %d came where %d was due", i, n, next[n])
		}
		next[n]++
	}
	if n := c.queue.Total(); n != 0 || c.wire.owes() {
		t.Errorf("%d bytes still wait", n)
	}
}

// TestPushAlone: on a connection at rest a frame has left when Send returns: no
// other goroutine was needed.
func TestPushAlone(t *testing.T) {
	if !writesAtOnce {
		t.Skip("every write may wait on this system")
	}
	c, far := towards(t)
	for i := range 100 {
		for !c.turn.TryLock() { // the connection's own goroutine may still be at the last
			time.Sleep(time.Millisecond)
		}
		before := c.wire.out.Load()
		c.turn.Unlock()
		want := fmt.Sprint("frame ", i)
		if err := c.Send(bearer.Immediate, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if c.wire.out.Load() == before {
			t.Fatalf("frame %d waits", i)
		}
		if b, err := bearer.ReadFrame(far); err != nil || string(b) != want {
			t.Fatalf("%q, %v; want %q", b, err, want)
		}
	}
	c.Cork()
	before := c.wire.out.Load()
	for range 3 {
		c.Send(bearer.Flash, []byte("together"))
	}
	if n := c.wire.out.Load(); n != before {
		t.Errorf("%d bytes went through a cork", n-before)
	}
	c.Uncork()
	b := make([]byte, 1024)
	if n, err := far.Read(b); err != nil || n != 3*(bearer.HeaderSize+len("together")) {
		t.Errorf("the record has %d bytes, %v", n, err)
	}
}

// TestPushFails: a write that fails ends the connection, whoever made it.
func TestPushFails(t *testing.T) {
	c, _ := towards(t)
	c.raw.CloseWrite()
	c.Send(bearer.Flash, []byte("into nothing"))
	select {
	case <-c.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on")
	}
	if err := c.Send(bearer.Flash, nil); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("after the end: %v", err)
	}
}

// TestKeptIsBounded: what TLS says by itself is not kept without end.
func TestKeptIsBounded(t *testing.T) {
	if !writesAtOnce {
		t.Skip("nothing is kept on this system")
	}
	c, _ := towards(t)
	var err error
	for range 10_000 {
		if _, err = c.wire.Write(make([]byte, 1000)); err != nil {
			break
		}
	}
	if parley.KindOf(err) != parley.Quota {
		t.Fatalf("10 MB that nobody reads: %v", err)
	}
	closed := make(chan struct{})
	go func() { c.Close(nil); close(closed) }()
	select {
	case <-closed: // though what was kept is still being written
	case <-time.After(5 * time.Second):
		t.Error("it cannot be closed")
	}
}
