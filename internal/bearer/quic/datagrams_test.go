package quic_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	quicgo "github.com/quic-go/quic-go"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
)

// TestWithoutDatagrams: a peer that has none is no peer that is gone.
func TestWithoutDatagrams(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	dialRaw(t, a, l.Addr())
	c := accept(t, l)
	if n := c.Datagrams(); n != 0 {
		t.Errorf("datagrams of %d bytes fit", n)
	}
	if err := c.SendDatagram(nil); parley.KindOf(err) != parley.Unsupported {
		t.Errorf("sending: %v, want unsupported", err)
	}
	if err := c.HearDatagrams(func([]byte) {}); parley.KindOf(err) != parley.Unsupported {
		t.Errorf("receiving: %v, want unsupported", err)
	}
	c.Close(nil)
	if err := c.SendDatagram(nil); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("sending after the end: %v, want unavailable", err)
	}
	if err := c.HearDatagrams(func([]byte) {}); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("receiving after the end: %v, want unavailable", err)
	}
}

// TestDatagramFloodOfPeer: a peer that sends datagrams as fast as the library
// lets it, which nobody takes, costs a bounded store; frames pass both ways.
func TestDatagramFloodOfPeer(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	raw, err := quicgo.DialAddr(context.Background(), l.Addr(), bearer.Config(a, func([32]byte) bool { return true }), &quicgo.Config{EnableDatagrams: true})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.CloseWithError(0, "")
	c := accept(t, l)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var sent atomic.Int64
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 1200); ctx.Err() == nil && raw.SendDatagram(b) == nil; {
			sent.Add(1)
		}
	}()
	time.Sleep(2 * time.Second)
	s, err := raw.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s.Write(append(bearer.AppendHeader([]byte{byte(bearer.Flash)}, 5), "flash"...))
	if f, err := c.Recv(ctx); err != nil || string(f) != "flash" {
		t.Fatalf("got %q, %v", f, err)
	}
	t.Logf("a flash through %d datagrams: %v", sent.Load(), time.Since(began))
	began = time.Now()
	if err := c.Send(bearer.Flash, []byte("back")); err != nil {
		t.Fatal(err)
	}
	r, err := raw.AcceptUniStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("our flash took %v", d)
	}
	stop()
	<-done
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d datagrams hold %d bytes", sent.Load(), grown)
	}
	if sent.Load() < 10_000 {
		t.Errorf("only %d datagrams were sent", sent.Load())
	}
}
