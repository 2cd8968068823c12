package tls_test

import (
	"context"
	stdtls "crypto/tls"
	"net"
	"testing"
	"time"

	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/tls"
)

// TestFriendPassesFlood: silent strangers from many addresses do not keep out a
// friend at another.
func TestFriendPassesFlood(t *testing.T) {
	a, b := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l, err := tls.New(bearer.Options{Identity: b, Allow: bearertest.Only(a)}).Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	from := func(host byte) *net.Dialer {
		return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, host)}, Timeout: 5 * time.Second}
	}
	for host := byte(2); host < 14; host++ { // 192 want in, 128 may
		for range 16 {
			c, err := from(host).Dial("tcp", l.Addr())
			if err != nil {
				if host == 2 {
					t.Skipf("this system has one loopback address: %v", err)
				}
				continue
			}
			defer c.Close()
		}
	}
	began := time.Now()
	raw, err := from(100).Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := stdtls.Client(raw, bearer.Config(a, bearertest.Only(b)))
	if err := c.Handshake(); err != nil {
		t.Fatalf("a friend's handshake: %v", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	conn, err := l.Accept(ctx)
	if err != nil {
		t.Fatalf("accepting a friend: %v", err)
	}
	conn.Close(nil)
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("a friend waited %v", d)
	}
}

// TestSlowHandshakeEnds: a stranger who drips bytes is not waited for longer
// than HandshakeLimit.
func TestSlowHandshakeEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the whole handshake limit")
	}
	t.Parallel()
	b := bearertest.ID(t, 2)
	l, err := tls.New(bearer.Options{Identity: b, Allow: bearertest.Only(b)}).Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		c.Write([]byte{0x16, 3, 1, 2, 0})
		for range 500 {
			time.Sleep(100 * time.Millisecond)
			if _, err := c.Write([]byte{1}); err != nil {
				return
			}
		}
	}()
	began := time.Now()
	c.SetReadDeadline(began.Add(bearer.HandshakeLimit + 5*time.Second))
	for {
		if _, err := c.Read(make([]byte, 64)); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Errorf("still waited for after %v", time.Since(began))
			}
			return
		}
	}
}
