package bearertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
)

func testOrder(t *testing.T, k Kit) {
	a, b := pair(t, k)
	const each = 200
	both := [][2]bearer.Conn{{a, b}, {b, a}}
	for _, d := range both {
		for i := range each {
			for c := range bearer.Class(bearer.Classes) {
				f := append([]byte{byte(c)}, frame(i, 1+i*7)...)
				binary.BigEndian.PutUint16(f, uint16(c)<<12|uint16(i))
				send(t, d[0], c, append(f, byte(i)))
			}
		}
	}
	for _, d := range both {
		var next [bearer.Classes]int
		for range each * bearer.Classes {
			f := recv(t, d[1])
			h := binary.BigEndian.Uint16(f)
			c, i := h>>12, int(h&0xfff)
			if i != next[c] {
				t.Fatalf("class %d: frame %d came, %d was next", c, i, next[c])
			}
			want := append([]byte{byte(c)}, frame(i, 1+i*7)...)
			binary.BigEndian.PutUint16(want, h)
			if !bytes.Equal(f, append(want, byte(i))) {
				t.Fatalf("class %d: frame %d is not what was sent", c, i)
			}
			next[c]++
		}
	}
}

func testSizes(t *testing.T, k Kit) {
	a, b := pair(t, k)
	for c := range bearer.Class(bearer.Classes) {
		for _, n := range []int{0, 1, 1200, 16379, 16380, 16381, 65536, bearer.MaxFrame - 1, bearer.MaxFrame} {
			want := frame(n, n)
			send(t, a, c, want)
			if got := recv(t, b); !bytes.Equal(got, want) {
				t.Fatalf("class %s: sent %d bytes, got %d", c, n, len(got))
			}
		}
	}
}

func testNotSent(t *testing.T, k Kit) {
	a, b := pair(t, k)
	if err := a.Send(bearer.Routine, make([]byte, bearer.MaxFrame+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("a frame too large: got %v, want oversize", err)
	}
	for _, c := range []bearer.Class{bearer.Classes, 255} {
		if err := a.Send(c, nil); parley.KindOf(err) != parley.Malformed {
			t.Errorf("class %d: got %v, want malformed", c, err)
		}
		if n := a.Queued(c); n != 0 {
			t.Errorf("class %d: %d bytes queued", c, n)
		}
	}
	send(t, a, bearer.Routine, []byte("after"))
	if got := recv(t, b); string(got) != "after" {
		t.Errorf("then: got %q", got)
	}
}

func testRecvContext(t *testing.T, k Kit) {
	a, b := pair(t, k)
	for i := range 20 {
		ctx, stop := context.WithTimeout(context.Background(), time.Duration(i)*time.Millisecond)
		if _, err := b.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the context's error", err)
		}
		stop()
	}
	done, stop := context.WithCancel(context.Background())
	stop()
	send(t, a, bearer.Flash, []byte("kept"))
	time.Sleep(50 * time.Millisecond)
	if _, err := b.Recv(done); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: got %v", err)
	}
	if got := recv(t, b); string(got) != "kept" {
		t.Errorf("after a cancelled Recv: got %q, want kept", got)
	}
}

// fill queues frames of a class until the queue is full, and returns how many.
func fill(t *testing.T, c bearer.Conn, class bearer.Class) int {
	t.Helper()
	full := 0
	for i := range 4000 {
		err := c.Send(class, frame(i, 32<<10))
		if err == nil {
			full = 0
			continue
		}
		if parley.KindOf(err) != parley.Quota {
			t.Fatalf("got %v, want quota", err)
		}
		if full++; full == 20 { // and the transport takes no more either
			return i + 1 - full
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the queue has no bound")
	return 0
}

func testBackpressure(t *testing.T, k Kit) {
	a, b := pair(t, k)
	began := time.Now()
	fill(t, a, bearer.Bulk)
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("filling took %v: Send blocks", d)
	}
	if n := a.Queued(bearer.Bulk); n < bearer.QueueBytes/2 || n > bearer.QueueBytes {
		t.Errorf("%d bytes queued, bound %d", n, bearer.QueueBytes)
	}
	if n := a.Stats().Queued; n < a.Queued(bearer.Bulk) {
		t.Errorf("stats say %d bytes queued in all", n)
	}
	for a.Queued(bearer.Bulk) > 0 {
		recv(t, b)
	}
	send(t, a, bearer.Bulk, []byte("room"))
	for string(recv(t, b)) != "room" {
	}
}

func testControlOwnQueue(t *testing.T, k Kit) {
	a, b := pair(t, k)
	for c := bearer.Flash; c < bearer.Classes; c++ {
		fill(t, a, c)
	}
	send(t, a, bearer.Control, []byte("ping"))
	for range 4000 {
		if string(recv(t, b)) == "ping" {
			return
		}
	}
	t.Error("control did not come through")
}

func testConcurrency(t *testing.T, k Kit) {
	a, b := pair(t, k)
	const senders, each = 6, 100
	var wg sync.WaitGroup
	for _, c := range []bearer.Conn{a, b} {
		for s := range senders {
			wg.Go(func() {
				for i := range each {
					if err := c.Send(bearer.Class(s), frame(i, i)); err != nil {
						t.Errorf("sending: %v", err)
						return
					}
					c.Stats()
					c.Queued(bearer.Class(s))
				}
			})
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	for _, c := range []bearer.Conn{a, b} {
		got := make(chan struct{}, senders*each)
		rctx, enough := context.WithCancel(ctx)
		for range 3 {
			wg.Go(func() {
				for {
					if _, err := c.Recv(rctx); err != nil {
						return
					}
					got <- struct{}{}
				}
			})
		}
		wg.Go(func() {
			defer enough()
			for i := range senders * each {
				select {
				case <-got:
				case <-ctx.Done():
					t.Errorf("%d of %d frames came", i, senders*each)
					return
				}
			}
		})
	}
	wg.Wait()
}

func testStats(t *testing.T, k Kit) {
	a, b := pair(t, k)
	for range 20 {
		send(t, a, bearer.Routine, frame(1, 10_000))
		recv(t, b)
		send(t, b, bearer.Control, []byte("yes"))
		recv(t, a)
	}
	s := a.Stats()
	for began := time.Now(); s.BytesOut < 200_000 && time.Since(began) < time.Second; s = a.Stats() {
		time.Sleep(time.Millisecond) // the answer may be here before the writing is counted
	}
	if s.BytesOut < 200_000 || s.BytesIn < 60 || s.Rate != 0 || s.OneWay || s.MTU != bearer.MaxFrame || s.Queued != 0 {
		t.Errorf("stats: %+v", s)
	}
	if s.RTT < 0 || s.RTT > time.Second {
		t.Errorf("round trip %v", s.RTT)
	}
}
