package bearertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/link"
)

// testNoDatagrams: who has none says so.
func testNoDatagrams(t *testing.T, k Kit) {
	a, b := open(t, k, nil).connect(t, "")
	for _, c := range []bearer.Conn{a, b} {
		if n := c.Datagrams(); n != 0 {
			t.Errorf("datagrams of %d bytes fit", n)
		}
		if err := c.SendDatagram([]byte("x")); parley.KindOf(err) != parley.Unsupported {
			t.Errorf("sending where there are no datagrams: %v, want unsupported", err)
		}
		if err := c.HearDatagrams(func([]byte) {}); parley.KindOf(err) != parley.Unsupported {
			t.Errorf("receiving where there are no datagrams: %v, want unsupported", err)
		}
	}
}

// withDatagrams returns a fresh connection over a cable of o, or without one
// when o is nil or no cable fits.
func withDatagrams(t *testing.T, k Kit, o *link.Options, change func(*bearer.Options)) (a, b *Ear) {
	t.Helper()
	e := open(t, k, change)
	addr := ""
	if o != nil && k.Network != "" {
		addr = cable(t, k, e.listener.Addr(), *o).Addr()
	}
	ca, cb := e.connect(t, addr)
	return Hear(ca), Hear(cb)
}

// Ear is a connection with its datagrams one after the other.
type Ear struct {
	bearer.Conn
	ring *bearer.Ring
}

// Hear listens to the datagrams of a connection.
func Hear(c bearer.Conn) *Ear {
	e := &Ear{c, bearer.NewRing(bearer.DatagramsHeld, 0)}
	c.HearDatagrams(e.ring.Put)
	return e
}

// RecvDatagram waits for the next datagram, which the caller owns. The error is ctx's,
// or the connection's after its end.
func (e *Ear) RecvDatagram(ctx context.Context) ([]byte, error) {
	for {
		if err := errors.Join(ctx.Err(), e.Err()); err != nil {
			return nil, err
		}
		if b, ok := e.ring.TryTake(nil); ok {
			return b, nil
		}
		select {
		case <-e.ring.Wake():
		case <-ctx.Done():
		case <-e.Done():
		}
	}
}

func catch(t *testing.T, c *Ear, within time.Duration) ([]byte, bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), within)
	defer stop()
	b, err := c.RecvDatagram(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("receiving a datagram: %v", err)
	}
	return b, err == nil
}

func testDatagrams(t *testing.T, k Kit) {
	a, b := withDatagrams(t, k, nil, nil)
	for _, d := range [][2]*Ear{{a, b}, {b, a}} {
		most := d[0].Datagrams()
		if most < 1200 {
			t.Fatalf("datagrams of %d bytes fit, want 1200 at least", most)
		}
		for _, n := range []int{0, 1, 200, 1200, most} {
			want, came := frame(n, n), false
			for i := 0; i < 10 && !came; i++ {
				buf := bytes.Clone(want)
				if err := d[0].SendDatagram(buf); err != nil {
					t.Fatalf("%d bytes: %v", n, err)
				}
				clear(buf) // it is not kept
				var got []byte
				got, came = catch(t, d[1], time.Second)
				for came && len(got) != n && bytes.Equal(got, frame(len(got), len(got))) { // one of those before, again
					got, came = catch(t, d[1], time.Second)
				}
				if came && !bytes.Equal(got, want) {
					t.Fatalf("%d bytes came as %d others", n, len(got))
				}
			}
			if !came {
				t.Fatalf("none of 10 datagrams of %d bytes came", n)
			}
			for came {
				_, came = catch(t, d[1], 20*time.Millisecond)
			}
		}
		if err := d[0].SendDatagram(make([]byte, 20_000)); parley.KindOf(err) != parley.Oversize {
			t.Errorf("20000 bytes: %v, want oversize", err)
		}
	}
}

// testDatagramsUnread: what nobody listens to is lost, and costs little.
func testDatagramsUnread(t *testing.T, k Kit) {
	a, b := withDatagrams(t, k, nil, nil)
	b.HearDatagrams(nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 20_000
	buf := make([]byte, 1200)
	for i := range n {
		binary.BigEndian.PutUint32(buf, uint32(i))
		if err := a.SendDatagram(buf); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d datagrams that nobody asks for hold %d bytes", n, grown)
	}
	b = Hear(b.Conn)
	if got, ok := catch(t, b, 200*time.Millisecond); ok {
		t.Errorf("%d bytes were kept for who did not listen", len(got))
	}
	came := false
	for i := 0; i < 10 && !came; i++ {
		if err := a.SendDatagram([]byte("now")); err != nil {
			t.Fatal(err)
		}
		_, came = catch(t, b, time.Second)
	}
	if !came {
		t.Error("who listens again hears nothing")
	}
	send(t, a, bearer.Flash, []byte("still here"))
	if got := recv(t, b); string(got) != "still here" {
		t.Errorf("got %q", got)
	}
}

func testDatagramsEnd(t *testing.T, k Kit) {
	a, b := withDatagrams(t, k, nil, nil)
	var after atomic.Int64
	stop := flood(b, 100)
	time.Sleep(20 * time.Millisecond)
	reason := parley.Errorf(parley.Quota, "enough")
	a.Close(reason)
	time.Sleep(20 * time.Millisecond) // what was being heard
	a.HearDatagrams(func([]byte) { after.Add(1) })
	time.Sleep(20 * time.Millisecond)
	stop()
	if n := after.Load(); n > 0 {
		t.Errorf("%d datagrams were heard after the end", n)
	}
	if err := a.HearDatagrams(func([]byte) {}); !errors.Is(err, reason) {
		t.Errorf("listening after the end: %v, want the reason", err)
	}
	if err := a.SendDatagram([]byte("late")); parley.KindOf(err) != parley.Unavailable || !errors.Is(err, reason) {
		t.Errorf("sending after the end: %v, want unavailable", err)
	}
	if n := a.Datagrams(); n != 0 {
		t.Errorf("after the end datagrams of %d bytes fit", n)
	}
}

// flood sends datagrams of n bytes as fast as they are taken until stop is called.
func flood(c bearer.Conn, n int) (stop func()) {
	var wg sync.WaitGroup
	end := make(chan struct{})
	wg.Go(func() {
		for b := make([]byte, n); ; {
			select {
			case <-end:
				return
			default:
			}
			if c.SendDatagram(b) != nil {
				return
			}
			if n := time.Now().UnixNano(); n%8 == 0 {
				runtime.Gosched()
			}
		}
	})
	return sync.OnceFunc(func() { close(end); wg.Wait() })
}

// flashes sends n FLASHes and control frames from a to b, one at a time, and
// returns how long the slowest took.
func flashes(t *testing.T, a, b bearer.Conn, n int) time.Duration {
	t.Helper()
	slowest := time.Duration(0)
	for i := range n {
		began := time.Now()
		send(t, a, bearer.Class(i%2), frame(i, 300))
		recv(t, b)
		slowest = max(slowest, time.Since(began))
		time.Sleep(10 * time.Millisecond)
	}
	return slowest
}

// testDatagramFlood: datagrams go first in every packet, and yet the line's own
// words pass, on a path that is full of them.
func testDatagramFlood(t *testing.T, k Kit) {
	a, b := withDatagrams(t, k, &link.Options{Rate: 4_000_000, Queue: 32 << 10, Delay: 10 * time.Millisecond}, nil)
	size := a.Datagrams()
	stop := flood(a, size)
	defer stop()
	time.Sleep(time.Second)
	slowest := flashes(t, a, b, 40)
	t.Logf("the slowest took %v", slowest)
	if slowest > 300*time.Millisecond {
		t.Errorf("a frame took %v beside a flood of datagrams", slowest)
	}
	stop()
	if got, ok := catch(t, b, time.Second); !ok || len(got) != size {
		t.Errorf("nothing of the flood came")
	}
}

// voices sends datagrams of 200 bytes for two seconds, one each 20 ms, and returns
// the share that came and the delay under which 19 of 20 that came lie.
func voices(t *testing.T, a, b *Ear) (share float64, p95 time.Duration) {
	t.Helper()
	const n = 100
	began := time.Now()
	done := make(chan []time.Duration)
	go func() {
		var took []time.Duration
		seen := map[uint32]bool{}
		for {
			ctx, stop := context.WithTimeout(context.Background(), time.Second)
			got, err := b.RecvDatagram(ctx)
			stop()
			if err != nil {
				done <- took
				return
			}
			if i := binary.BigEndian.Uint32(got); !seen[i] {
				seen[i] = true
				took = append(took, time.Since(began)-time.Duration(binary.BigEndian.Uint64(got[4:])))
			}
		}
	}()
	for i := range n {
		time.Sleep(time.Until(began.Add(time.Duration(i) * 20 * time.Millisecond)))
		buf := binary.BigEndian.AppendUint32(nil, uint32(i))
		buf = binary.BigEndian.AppendUint64(buf, uint64(time.Since(began)))
		if err := a.SendDatagram(append(buf, make([]byte, 188)...)); err != nil {
			t.Fatal(err)
		}
	}
	took := <-done
	if len(took) == 0 {
		t.Fatal("nothing came")
	}
	slices.Sort(took)
	return float64(len(took)) / n, took[len(took)*19/20]
}

func testDatagramsBesideBulk(t *testing.T, k Kit) {
	a, b := withDatagrams(t, k, &link.Options{Rate: 4_000_000, Queue: 32 << 10, Delay: 10 * time.Millisecond}, bulky)
	for i := range 8 << 20 / chunk {
		send(t, a, bearer.Bulk, frame(i, chunk))
	}
	go func() {
		for {
			if _, err := b.Recv(context.Background()); err != nil {
				return
			}
		}
	}()
	time.Sleep(time.Second)
	share, p95 := voices(t, a, b)
	t.Logf("%.0f %% came, 19 of 20 within %v", 100*share, p95)
	if share < 0.8 || p95 > 300*time.Millisecond {
		t.Errorf("beside bulk %.0f %% of datagrams came, 19 of 20 within %v", 100*share, p95)
	}
}

// testDatagramsBesideFlash: nor does a long FLASH keep voice waiting.
func testDatagramsBesideFlash(t *testing.T, k Kit) {
	a, b := withDatagrams(t, k, &link.Options{Rate: 4_000_000, Queue: 32 << 10, Delay: 10 * time.Millisecond}, bulky)
	for i := range 4 << 20 / chunk { // eight seconds of the path
		send(t, a, bearer.Flash, frame(i, chunk))
	}
	go func() {
		for {
			if _, err := b.Recv(context.Background()); err != nil {
				return
			}
		}
	}()
	time.Sleep(time.Second)
	share, p95 := voices(t, a, b)
	t.Logf("%.0f %% came, 19 of 20 within %v", 100*share, p95)
	if share < 0.8 || p95 > 300*time.Millisecond {
		t.Errorf("beside a long flash %.0f %% of datagrams came, 19 of 20 within %v", 100*share, p95)
	}
}
