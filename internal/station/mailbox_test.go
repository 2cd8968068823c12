package station

import (
	"context"
	"sync"
	"testing"
	"time"
)

// TestMailbox: many put, one takes: each thing comes once, those of one sender in
// order, no more than the limit wait, and nobody waits for ever.
func TestMailbox(t *testing.T) {
	t.Parallel()
	const senders, each, limit = 8, 2000, 32
	m := newMailbox[[2]int](limit)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				if !m.put(context.Background(), nil, [2]int{s, i}) {
					t.Error("not put, though nothing ended")
				}
			}
		})
	}
	var next [senders]int
	for got := 0; got < senders*each; {
		select {
		case <-m.ready:
		case <-time.After(10 * time.Second):
			t.Fatalf("nothing is ready after %d of %d", got, senders*each)
		}
		if n := m.len(); n > limit {
			t.Fatalf("%d wait, at most %d may", n, limit)
		}
		for range 5 { // who takes may leave some: it is told of them again
			v, ok := m.take()
			if !ok {
				break
			}
			if v[1] != next[v[0]] {
				t.Fatalf("of sender %d came %d, want %d", v[0], v[1], next[v[0]])
			}
			next[v[0]]++
			got++
		}
	}
	wg.Wait()
	if v, ok := m.take(); ok {
		t.Errorf("%v came twice", v)
	}
	if cap(m.items) > mailboxKept {
		t.Errorf("an empty mailbox keeps room for %d", cap(m.items))
	}
}

// TestMailboxFull: a full one takes nothing, and who waits for it goes when ctx or
// done ends.
func TestMailboxFull(t *testing.T) {
	t.Parallel()
	m := newMailbox[int](1)
	if !m.tryPut(1) || m.tryPut(2) {
		t.Fatal("room for one is room for one")
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	done := make(chan struct{})
	close(done)
	if m.put(ctx, nil, 2) || m.put(context.Background(), done, 3) {
		t.Error("put where there is no room")
	}
	if v, ok := m.take(); !ok || v != 1 {
		t.Errorf("%d, %v", v, ok)
	}
	if _, ok := m.take(); ok {
		t.Error("what was not put in came out")
	}
}
