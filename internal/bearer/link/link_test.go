package link

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"parley"
)

func TestShaper(t *testing.T) {
	ms := time.Millisecond
	t0 := time.Unix(1_000_000, 0)
	type packet struct {
		at   time.Duration
		size int
		want time.Duration // -1: no room
	}
	tests := []struct {
		name    string
		o       Options
		chance  float64
		packets []packet
	}{
		{"perfect", Options{}, 0, []packet{{0, 9000, 0}, {0, 9000, 0}, {5 * ms, 1, 5 * ms}}},
		{"delay", Options{Delay: 40 * ms}, 0, []packet{{0, 9, 40 * ms}, {5 * ms, 9, 45 * ms}}},
		{"rate", Options{Rate: 80_000}, 0, []packet{{0, 100, 10 * ms}, {0, 100, 20 * ms}, {100 * ms, 100, 110 * ms}}},
		{"rate and delay", Options{Rate: 80_000, Delay: 50 * ms}, 0, []packet{{0, 100, 60 * ms}, {0, 200, 80 * ms}}},
		{"full queue", Options{Rate: 80_000, Queue: 250}, 0, []packet{{0, 100, 10 * ms}, {0, 100, 20 * ms}, {0, 100, -1}, {10 * ms, 100, 30 * ms}}},
		{"larger than the queue", Options{Rate: 80_000, Queue: 50}, 0, []packet{{0, 100, 10 * ms}, {0, 1, -1}}},
		{"jitter", Options{Jitter: 100 * ms}, 0.5, []packet{{0, 1, 50 * ms}, {1 * ms, 1, 51 * ms}}},
	}
	for _, tt := range tests {
		var s shaper
		for i, p := range tt.packets {
			due, ok := s.enter(t0.Add(p.at), p.size, &tt.o, func() float64 { return tt.chance })
			if got := due.Sub(t0); ok != (p.want >= 0) || (ok && got != p.want) {
				t.Errorf("%s: packet %d comes out after %v, %v, want %v", tt.name, i, got, ok, p.want)
			}
		}
	}
}

func TestShaperKeepsOrderUnlessTold(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		r := rand.New(rand.NewPCG(1, 1))
		o := Options{Jitter: time.Second, Reorder: reorder}
		var s shaper
		var last time.Time
		before := 0
		for i := range 100 {
			due, _ := s.enter(time.Unix(1_000_000, int64(i)), 1, &o, r.Float64)
			if due.Before(last) {
				before++
			}
			last = due
		}
		if (before > 0) != reorder {
			t.Errorf("reorder %v: %d of 100 came before an earlier one", reorder, before)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		network, listen, target string
		want                    parley.Kind
	}{
		{"sctp", "127.0.0.1:0", "127.0.0.1:9", parley.Malformed},
		{"udp", "127.0.0.1:0", "nowhere:9", parley.Malformed},
		{"udp", "127.0.0.1:x", "127.0.0.1:9", parley.Malformed},
		{"tcp", "192.0.2.1:0", "127.0.0.1:9", parley.Unavailable},
		{"udp", "192.0.2.1:0", "127.0.0.1:9", parley.Unavailable},
	}
	for _, tt := range tests {
		if l, err := New(tt.network, tt.listen, tt.target, Options{}); parley.KindOf(err) != tt.want {
			t.Errorf("New(%q, %q, %q): %v, %v, want %v", tt.network, tt.listen, tt.target, l, err, tt.want)
		}
	}
}

// echo answers all it gets at an address of its own.
func echo(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		go func() {
			buf := make([]byte, 65535)
			for {
				n, from, err := c.ReadFrom(buf)
				if err != nil {
					return
				}
				c.WriteTo(buf[:n], from)
			}
		}()
		return c.LocalAddr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	return l.Addr().String()
}

func lay(t *testing.T, network string, o Options) (*Link, net.Conn) {
	t.Helper()
	l, err := New(network, "127.0.0.1:0", echo(t, network), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := net.Dial(network, l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return l, c
}

// ask sends s and returns what comes back within d.
func ask(t *testing.T, c net.Conn, s string, d time.Duration) (string, error) {
	t.Helper()
	if _, err := c.Write([]byte(s)); err != nil {
		return "", err
	}
	return answer(c, d)
}

func answer(c net.Conn, d time.Duration) (string, error) {
	buf := make([]byte, 100)
	c.SetReadDeadline(time.Now().Add(d))
	n, err := c.Read(buf)
	return string(buf[:n]), err
}

func TestDelay(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		_, c := lay(t, network, Options{Delay: 40 * time.Millisecond})
		for range 3 {
			began := time.Now()
			if got, err := ask(t, c, "hello", time.Second); err != nil || got != "hello" {
				t.Fatalf("%s: %q, %v", network, got, err)
			}
			if d := time.Since(began); d < 80*time.Millisecond {
				t.Errorf("%s: there and back took %v, want at least 80ms", network, d)
			}
		}
	}
}

func TestCutUDP(t *testing.T) {
	l, c := lay(t, "udp", Options{Delay: 20 * time.Millisecond})
	if _, err := ask(t, c, "one", time.Second); err != nil {
		t.Fatal(err)
	}
	c.Write([]byte("under way"))
	l.Cut(true)
	if !l.IsCut() {
		t.Error("not cut")
	}
	if got, err := ask(t, c, "two", 200*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("through a cut: %q, %v, want silence", got, err)
	}
	l.Cut(false)
	if got, err := ask(t, c, "three", time.Second); err != nil || got != "three" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
	if _, lost := l.Bytes(); lost != uint64(len("under way")+len("two")) {
		t.Errorf("%d bytes were lost", lost)
	}
}

func TestCutTCP(t *testing.T) {
	l, c := lay(t, "tcp", Options{})
	if _, err := ask(t, c, "one", time.Second); err != nil {
		t.Fatal(err)
	}
	l.Cut(true)
	if got, err := ask(t, c, "two", 200*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("through a cut: %q, %v, want silence", got, err)
	}
	// A connection begun meanwhile hangs too, and is not refused.
	d, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, err := ask(t, d, "new", 200*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a new connection through a cut: %q, %v, want silence", got, err)
	}
	l.Cut(false)
	if got, err := answer(c, time.Second); err != nil || got != "two" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
	if got, err := answer(d, time.Second); err != nil || got != "new" {
		t.Errorf("the new one afterwards: %q, %v", got, err)
	}
}

// TestCutHidesTheEnd: that one side closes is not seen through a cut.
func TestCutHidesTheEnd(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	l, err := New("tcp", "127.0.0.1:0", far.Addr().String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d, err := far.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Cut(true)
	d.Close()
	if _, err := answer(c, 200*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("through a cut: %v, want silence", err)
	}
	l.Cut(false)
	if _, err := answer(c, time.Second); err != io.EOF {
		t.Errorf("afterwards: %v, want the end", err)
	}
}

func TestReset(t *testing.T) {
	l, c := lay(t, "tcp", Options{})
	if _, err := ask(t, c, "one", time.Second); err != nil {
		t.Fatal(err)
	}
	l.Reset()
	if _, err := answer(c, time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after a reset: %v", err)
	}
}

func TestLossUDP(t *testing.T) {
	l, c := lay(t, "udp", Options{Loss: 0.3})
	const n = 400
	for range n {
		c.Write([]byte("x"))
	}
	got := 0
	for {
		if _, err := answer(c, 200*time.Millisecond); err != nil {
			break
		}
		got++
	}
	if got < n*35/100 || got > n*63/100 { // 0.7 squared is 0.49
		t.Errorf("%d of %d came back", got, n)
	}
	if passed, lost := l.Bytes(); passed == 0 || lost == 0 {
		t.Errorf("passed %d, lost %d", passed, lost)
	}
}

func TestRateTCP(t *testing.T) {
	_, c := lay(t, "tcp", Options{Rate: 8_000_000, Loss: 0.001})
	want := bytes.Repeat([]byte("0123456789"), 50_000)
	began := time.Now()
	go c.Write(want)
	got := make([]byte, len(want))
	c.SetReadDeadline(began.Add(10 * time.Second))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("not what was sent: %v", err)
	}
	if d := time.Since(began); d < 450*time.Millisecond || d > 3*time.Second {
		t.Errorf("500 kB at 1 MB/s took %v", d)
	}
}

func TestSetAtRunTime(t *testing.T) {
	l, c := lay(t, "udp", Options{})
	l.Set(Options{Loss: 1})
	if _, err := ask(t, c, "x", 100*time.Millisecond); err == nil {
		t.Error("nothing was lost")
	}
	l.Set(Options{})
	if _, err := ask(t, c, "x", time.Second); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestCloseWhileCut(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		l, c := lay(t, network, Options{Delay: time.Hour})
		c.Write([]byte("for ever under way"))
		l.Cut(true)
		c.Write([]byte("lost"))
		done := make(chan struct{})
		go func() { l.Close(); close(done) }()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: closing hangs", network)
		}
	}
}
