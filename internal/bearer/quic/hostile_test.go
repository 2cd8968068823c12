package quic_test

import (
	"context"
	"net"
	"testing"
	"time"

	quicgo "github.com/quic-go/quic-go"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/quic"
)

func listen(t *testing.T, o bearer.Options) bearer.Listener {
	t.Helper()
	l, err := quic.New(o).Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func accept(t *testing.T, l bearer.Listener) bearer.Conn {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	c, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(nil) })
	return c
}

// TestStreamsOutOfRule: each breach ends the connection, and only it.
func TestStreamsOutOfRule(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	open := func(c *quicgo.Conn, first ...byte) *quicgo.SendStream {
		s, err := c.OpenUniStream()
		if err != nil {
			t.Fatal(err)
		}
		s.Write(first)
		return s
	}
	tests := []struct {
		name   string
		breach func(*quicgo.Conn)
		want   parley.Kind
	}{
		{"no such class", func(c *quicgo.Conn) { open(c, 6) }, parley.Malformed},
		{"no such class by far", func(c *quicgo.Conn) { open(c, 255) }, parley.Malformed},
		{"two streams of a class", func(c *quicgo.Conn) { open(c, 1); open(c, 1) }, parley.Malformed},
		{"ended between frames", func(c *quicgo.Conn) { open(c, 1, 0, 0, 0, 1, 'x').Close() }, parley.Malformed},
		{"ended in a frame", func(c *quicgo.Conn) { open(c, 1, 0, 0, 0, 9, 'x').Close() }, parley.Malformed},
		{"ended at once", func(c *quicgo.Conn) { s, _ := c.OpenUniStream(); s.Close() }, parley.Malformed},
		{"reset", func(c *quicgo.Conn) { open(c, 1, 0, 0).CancelWrite(7) }, parley.Unavailable},
	}
	for _, tt := range tests {
		raw := dialRaw(t, a, l.Addr())
		c := accept(t, l)
		tt.breach(raw)
		select {
		case <-c.Done():
			if parley.KindOf(c.Err()) != tt.want {
				t.Errorf("%s: %v, want %v", tt.name, c.Err(), tt.want)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: the connection lives on", tt.name)
		}
		select {
		case <-raw.Context().Done():
		case <-time.After(5 * time.Second):
			t.Errorf("%s: the peer was not told", tt.name)
		}
	}
}

// TestStreamsBounded: a peer cannot open streams without end, and none both ways.
func TestStreamsBounded(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	raw := dialRaw(t, a, l.Addr())
	accept(t, l)
	n := 0
	for ; n < 1000; n++ {
		if _, err := raw.OpenUniStream(); err != nil {
			break
		}
	}
	if n > 16 {
		t.Errorf("%d streams may be open", n)
	}
	if _, err := raw.OpenStream(); err == nil {
		t.Error("a stream both ways may be open")
	}
}

// TestUnreadIsBounded: what nobody reads is not taken in without end.
func TestUnreadIsBounded(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	raw := dialRaw(t, a, l.Addr())
	accept(t, l)
	total := 0
	for class := range byte(bearer.Classes) {
		s, err := raw.OpenUniStream()
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte{class})
		f := append(bearer.AppendHeader(nil, bearer.MaxFrame), make([]byte, bearer.MaxFrame)...)
		s.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		for {
			n, err := s.Write(f)
			total += n
			if err != nil {
				break
			}
		}
	}
	if total > 10<<20 {
		t.Errorf("%d bytes were taken in", total)
	}
}

// TestRestartIsTold: a station that has restarted at its port lets the other
// side know at once, not after the idle limit.
func TestRestartIsTold(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	// The port of a station that dies: a relay which first reaches one process
	// of it and then, at the same address, the next.
	relay := newRelay(t)
	first := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	relay.to(first.Addr())
	c, err := quic.New(bearer.Options{Identity: a, Allow: bearertest.Only(b)}).Dial(context.Background(), relay.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(nil)
	accept(t, first)
	second := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	relay.to(second.Addr())
	began := time.Now()
	for range 20 { // pings
		c.Send(bearer.Control, make([]byte, 60))
		select {
		case <-c.Done():
			if parley.KindOf(c.Err()) != parley.Unavailable {
				t.Errorf("got %v", c.Err())
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Errorf("not told after %v: %v", time.Since(began), c.Err())
}

// relay passes datagrams on to a target that can be changed.
type relay struct {
	near, far *net.UDPConn
	target    chan *net.UDPAddr
}

func newRelay(t *testing.T) *relay {
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	r := &relay{near: open(), far: open(), target: make(chan *net.UDPAddr, 1)}
	client := make(chan *net.UDPAddr, 1)
	go func() {
		var to *net.UDPAddr
		buf := make([]byte, 2048)
		for known := false; ; {
			n, from, err := r.near.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if !known {
				client <- from
				known = true
			}
			select {
			case to = <-r.target:
			default:
			}
			r.far.WriteToUDP(buf[:n], to)
		}
	}()
	go func() {
		var back *net.UDPAddr
		buf := make([]byte, 2048)
		for {
			n, _, err := r.far.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if back == nil {
				back = <-client
			}
			r.near.WriteToUDP(buf[:n], back)
		}
	}()
	return r
}

func (r *relay) addr() string { return r.near.LocalAddr().String() }

func (r *relay) to(addr string) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		panic(err)
	}
	r.target <- a
}
