package loop_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/loop"
)

func kit() bearertest.Kit {
	n := loop.NewNet(1)
	return bearertest.Kit{Datagrams: true, New: func(_ testing.TB, o bearer.Options) bearer.Bearer { return n.Bearer(o) }}
}

func TestSuite(t *testing.T)      { bearertest.Run(t, kit()) }
func BenchmarkSuite(b *testing.B) { bearertest.Bench(b, kit()) }

// receive returns what comes until nothing has for a while.
func receive(c bearer.Conn) (got []string) {
	for {
		ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
		f, err := c.Recv(ctx)
		stop()
		if err != nil {
			return got
		}
		got = append(got, string(f))
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		faults loop.Faults
		want   []string
	}{
		{"none", loop.Faults{}, []string{"0", "1", "2", "3"}},
		{"drop", loop.Faults{Drop: 1}, nil},
		{"duplicate", loop.Faults{Duplicate: 1}, []string{"0", "0", "1", "1", "2", "2", "3", "3"}},
		{"reorder", loop.Faults{Reorder: 1}, []string{"1", "0", "3", "2"}},
		{"pass", loop.Faults{Pass: func(f []byte) bool { return f[0] != '2' }}, []string{"0", "1", "3"}},
		{"delay", loop.Faults{Delay: func([]byte) time.Duration { return 5 * time.Millisecond }}, []string{"0", "1", "2", "3"}},
	}
	for _, tt := range tests {
		a, b, n := loop.Pair(bearertest.ID(t, 1), bearertest.ID(t, 2), 7)
		n.Fault(tt.faults)
		for i := range 4 {
			if err := a.Send(bearer.Flash, fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		if got := receive(b); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		a.Close(nil)
		b.Close(nil)
	}
}

func TestCorruptTurnsOneBitOfACopy(t *testing.T) {
	a, b, n := loop.Pair(bearertest.ID(t, 1), bearertest.ID(t, 2), 7)
	defer b.Close(nil)
	defer a.Close(nil)
	n.Fault(loop.Faults{Corrupt: 1})
	sent := []byte("unchanged")
	a.Send(bearer.Flash, sent)
	a.Send(bearer.Flash, nil)
	got := receive(b)
	if len(got) != 2 || got[1] != "" || string(sent) != "unchanged" {
		t.Fatalf("got %q, sent is now %q", got, sent)
	}
	bits := 0
	for i := range sent {
		for x := sent[i] ^ got[0][i]; x != 0; x &= x - 1 {
			bits++
		}
	}
	if bits != 1 {
		t.Errorf("%d bits differ, want 1", bits)
	}
}

func TestSeedsRepeat(t *testing.T) {
	run := func(seed uint64) []string {
		a, b, n := loop.Pair(bearertest.ID(t, 1), bearertest.ID(t, 2), seed)
		defer b.Close(nil)
		defer a.Close(nil)
		n.Fault(loop.Faults{Drop: 0.3, Duplicate: 0.3, Reorder: 0.3})
		for i := range 50 {
			a.Send(bearer.Flash, fmt.Append(nil, i))
		}
		return receive(b)
	}
	one, again, other := run(1), run(1), run(2)
	if fmt.Sprint(one) != fmt.Sprint(again) {
		t.Errorf("one seed gave %v and %v", one, again)
	}
	if fmt.Sprint(one) == fmt.Sprint(other) {
		t.Error("two seeds gave the same")
	}
}

func TestCut(t *testing.T) {
	n := loop.NewNet(1)
	a := n.Bearer(bearer.Options{Identity: bearertest.ID(t, 1), Allow: bearertest.Only(bearertest.ID(t, 2))})
	b := n.Bearer(bearer.Options{Identity: bearertest.ID(t, 2), Allow: bearertest.Only(bearertest.ID(t, 1))})
	l, err := b.Listen(context.Background(), "birch")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	x, err := a.Dial(context.Background(), "birch")
	if err != nil {
		t.Fatal(err)
	}
	y, err := l.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close(nil)
	n.Cut(true)
	x.Send(bearer.Flash, []byte("lost"))
	if got := receive(y); got != nil {
		t.Errorf("through a cut came %q", got)
	}
	if c, err := a.Dial(context.Background(), "birch"); err == nil {
		t.Errorf("dialed through a cut: %v", c)
	}
	x.Close(nil)
	if y.Err() != nil {
		t.Errorf("a cut told the other side: %v", y.Err())
	}
}

func TestSameFrameToTwo(t *testing.T) {
	a, b, _ := loop.Pair(bearertest.ID(t, 1), bearertest.ID(t, 2), 1)
	c, d, _ := loop.Pair(bearertest.ID(t, 1), bearertest.ID(t, 2), 1)
	f := []byte("shared")
	a.Send(bearer.Flash, f)
	c.Send(bearer.Flash, f)
	x, _ := b.Recv(context.Background())
	x[0] = 'X' // the receiver owns what it got
	y, _ := d.Recv(context.Background())
	if !bytes.Equal(y, []byte("shared")) || string(f) != "shared" {
		t.Errorf("got %q, sent %q", y, f)
	}
	for _, e := range []bearer.Conn{a, b, c, d} {
		e.Close(nil)
	}
}
