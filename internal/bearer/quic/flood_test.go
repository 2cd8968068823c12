package quic_test

import (
	"context"
	"net"
	"testing"
	"time"

	quicgo "github.com/quic-go/quic-go"

	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/quic"
)

// initials returns n first datagrams of handshakes that will not go on.
func initials(t *testing.T, n int) [][]byte {
	t.Helper()
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	var out [][]byte
	for range n {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			quicgo.DialAddr(ctx, sink.LocalAddr().String(), bearer.Config(bearertest.ID(t, 9), func([32]byte) bool { return true }), nil)
		}()
		buf := make([]byte, 2048)
		sink.SetReadDeadline(time.Now().Add(5 * time.Second))
		m, _, err := sink.ReadFromUDP(buf)
		stop()
		<-done
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, buf[:m])
		for sink.SetReadDeadline(time.Now().Add(time.Millisecond)); err == nil; {
			_, _, err = sink.ReadFromUDP(buf)
		}
	}
	return out
}

// TestFloodCostsARetry: when many handshakes hang, a newcomer has to prove its
// address first, and a friend does.
func TestFloodCostsARetry(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: b, Allow: bearertest.Only(a)})
	to, err := net.ResolveUDPAddr("udp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	retries, answered := 0, 0
	for _, b := range initials(t, 40) {
		c, err := net.DialUDP("udp4", nil, to)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Write(b)
		buf := make([]byte, 2048)
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := c.Read(buf); err == nil && n > 0 {
			answered++
			if buf[0]&0xf0 == 0xf0 { // long header, type 3 (RFC 9000, 17.2.5)
				retries++
			}
		}
	}
	if answered < 20 || retries < 20 {
		t.Errorf("%d of 40 strangers were answered, %d with a retry", answered, retries)
	}
	c, err := quic.New(bearer.Options{Identity: a, Allow: bearertest.Only(b)}).Dial(context.Background(), l.Addr())
	if err != nil {
		t.Fatalf("a friend in a flood: %v", err)
	}
	defer c.Close(nil)
	accept(t, l)
}
