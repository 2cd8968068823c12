package crowd

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve answers with what it is asked; who names himself is known.
func serve(t *testing.T, most int) (*Listener, string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(inner, most)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who := r.Header.Get("Who"); who != "" {
			Known(r.Context(), who)
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	s.Listener.Close()
	s.Listener, s.Config.ConnContext = l, Context
	s.Start()
	t.Cleanup(s.Close)
	return l, inner.Addr().String()
}

// from is a connection from 127.0.0.n; ask sends one request by it.
func from(t *testing.T, n byte, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, n)}, Timeout: 5 * time.Second}
	c, err := d.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ask(c net.Conn, who string) bool {
	c.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(c, "GET /x HTTP/1.1\r\nHost: x\r\nWho: %s\r\n\r\n", who)
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.Contains(line, "200")
}

// TestStrangersCostTheirBound: whoever opens connections without end has no more of
// them than there are in all; who is known stays connected, and others are served.
func TestStrangersCostTheirBound(t *testing.T) {
	const most = 20
	l, to := serve(t, most)
	ours, ours2 := from(t, 1, to), from(t, 1, to)
	if !ask(ours, "hale") || !ask(ours2, "hale") {
		t.Fatal("nobody is served")
	}
	for range 5 * most {
		c := from(t, 1, to) // the same address as ours
		fmt.Fprint(c, "GET /x HTTP/1.1\r\nHost")
	}
	quiet := from(t, 3, to)
	for i := range 2 * most {
		if !ask(from(t, 2, to), "") {
			t.Fatalf("stranger %d is not served beside those who hold on", i)
		}
	}
	if n := l.Open(); n > most {
		t.Errorf("%d connections are open, want at most %d", n, most)
	}
	if !ask(ours, "hale") || !ask(ours2, "hale") {
		t.Error("who was known was cut off by strangers")
	}
	if !ask(quiet, "") {
		t.Error("who had one connection was cut off by who had many")
	}
}

// TestKnownCrowd: where all are known, whoever has the most gives way.
func TestKnownCrowd(t *testing.T) {
	const most = 10
	l, to := serve(t, most)
	ours := from(t, 1, to)
	if !ask(ours, "hale") {
		t.Fatal("nobody is served")
	}
	for i := range 3 * most {
		if !ask(from(t, 1, to), "ruiz") {
			t.Fatalf("connection %d is not served", i)
		}
	}
	if !ask(ours, "hale") || l.Open() > most {
		t.Errorf("one officer cut off another; %d are open", l.Open())
	}
}

func TestNetworks(t *testing.T) {
	for a, want := range map[string]string{"192.0.2.1:5": "192.0.2.1/32", "[::ffff:192.0.2.1]:5": "192.0.2.1/32", "[2001:db8::1:2]:5": "2001:db8::/64", "[fe80::1%eth0]:5": "fe80::/64"} {
		at, err := net.ResolveTCPAddr("tcp", strings.Replace(a, "%eth0", "", 1))
		if err != nil || networkOf(at) != want {
			t.Errorf("%s is of %s, want %s", a, networkOf(at), want)
		}
	}
}
