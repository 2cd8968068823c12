package bearer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"parley"
)

func TestQueueOrder(t *testing.T) {
	q := NewQueue(1 << 20)
	r := rand.New(rand.NewPCG(1, 1))
	var want [Classes][]string
	for i := range 5000 {
		c := Class(r.IntN(Classes))
		f := fmt.Sprint(c, i)
		want[c] = append(want[c], f)
		if err := q.Put(c, []byte(f)); err != nil {
			t.Fatal(err)
		}
	}
	for c, fs := range want {
		for _, f := range fs {
			got, b, err := q.Take(context.Background())
			if err != nil || got != Class(c) || string(b) != f {
				t.Fatalf("got %v %q %v, want %v %q", got, b, err, c, f)
			}
		}
	}
	if n := q.Total(); n != 0 {
		t.Errorf("an empty queue holds %d bytes", n)
	}
}

func TestQueueRefuses(t *testing.T) {
	q := NewQueue(1000)
	tests := []struct {
		name  string
		class Class
		size  int
		want  parley.Kind
	}{
		{"too large", Flash, MaxFrame + 1, parley.Oversize},
		{"no class", Classes, 1, parley.Malformed},
		{"no class by far", 255, 1, parley.Malformed},
	}
	for _, tt := range tests {
		if err := q.Put(tt.class, make([]byte, tt.size)); parley.KindOf(err) != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	for c := range Class(Classes) { // each class has room of its own
		if err := q.Put(c, make([]byte, 900)); err != nil {
			t.Errorf("class %v: %v", c, err)
		}
		if err := q.Put(c, make([]byte, 37)); parley.KindOf(err) != parley.Quota {
			t.Errorf("class %v over its bound: got %v, want quota", c, err)
		}
	}
	if got, want := q.Total(), Classes*900; got != want {
		t.Errorf("%d bytes queued, want %d", got, want)
	}
}

func TestQueueEmptyFramesCount(t *testing.T) {
	q := NewQueue(64 << 10)
	n := 0
	for q.Put(Control, nil) == nil {
		if n++; n > 1024 {
			t.Fatal("empty frames are queued without end")
		}
	}
	if q.Queued(Control) != 0 {
		t.Errorf("empty frames have %d bytes", q.Queued(Control))
	}
}

func TestQueueTakesOneFrameOverItsBound(t *testing.T) {
	q := NewQueue(100)
	if err := q.Put(Bulk, make([]byte, MaxFrame)); err != nil {
		t.Errorf("an empty queue refused a frame: %v", err)
	}
}

func TestQueueClose(t *testing.T) {
	q := NewQueue(1000)
	q.Put(Flash, []byte("x"))
	reason := errors.New("over")
	q.Close(reason)
	if err := q.Put(Flash, nil); !errors.Is(err, reason) {
		t.Errorf("put after close: %v", err)
	}
	if _, _, ok := q.TryTake(Classes); ok || q.Total() != 0 || q.Lowest() != Classes {
		t.Error("a closed queue holds something")
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if _, _, err := q.Take(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("take: %v", err)
	}
}

func TestAwait(t *testing.T) {
	hold := func(c Class) time.Duration {
		if c == Bulk {
			return 400 * time.Millisecond
		}
		return 0
	}
	idle := func() bool { return false }
	take := func(q *Queue) (Class, time.Duration) {
		t.Helper()
		began := time.Now()
		if err := q.Await(context.Background(), hold, idle); err != nil {
			t.Fatal(err)
		}
		c, _, ok := q.TryTake(Classes)
		if !ok {
			t.Fatal("nothing is there")
		}
		return c, time.Since(began)
	}
	q := NewQueue(1000)
	q.Put(Bulk, nil)
	if c, d := take(q); c != Bulk || d < 400*time.Millisecond {
		t.Errorf("bulk alone: class %v after %v", c, d)
	}
	q.Put(Bulk, nil)
	go func() { time.Sleep(20 * time.Millisecond); q.Put(Flash, nil) }()
	if c, d := take(q); c != Flash || d > 350*time.Millisecond {
		t.Errorf("flash while bulk pauses: class %v after %v", c, d)
	}
	if c, _ := take(q); c != Bulk {
		t.Errorf("then class %v", c)
	}
	q.Put(Bulk, nil)
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer stop()
	if err := q.Await(ctx, hold, idle); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended while pausing: %v", err)
	}
	began := time.Now()
	go func() { time.Sleep(20 * time.Millisecond); q.Nudge() }()
	if err := q.Await(context.Background(), hold, func() bool { return true }); err != nil || time.Since(began) > 350*time.Millisecond {
		t.Errorf("something else to do while bulk pauses: %v after %v", err, time.Since(began))
	}
	q.TryTake(Classes)
	q.Nudge()
	if err := q.Await(context.Background(), hold, idle); err != nil {
		t.Errorf("a token for something else: %v", err)
	}
}

func TestHold(t *testing.T) {
	ms := time.Millisecond
	tests := []struct {
		class         Class
		rtt, shortest time.Duration
		want          time.Duration
	}{
		{Flash, 900 * ms, 20 * ms, 0},
		{Priority, 900 * ms, 20 * ms, 0},
		{Routine, 900 * ms, 20 * ms, 780 * ms},
		{Bulk, 120 * ms, 20 * ms, 0},
		{Bulk, 121 * ms, 20 * ms, 1 * ms},
		{Bulk, 600 * ms, 590 * ms, 0}, // far away is not crowded
		{Bulk, 9000 * ms, 20 * ms, 1000 * ms},
		{Bulk, 0, 0, 0},
		{Bulk, 900 * ms, 0, 0},
	}
	for _, tt := range tests {
		if got := Hold(tt.class, tt.rtt, tt.shortest); got != tt.want {
			t.Errorf("Hold(%v, %v, %v) = %v, want %v", tt.class, tt.rtt, tt.shortest, got, tt.want)
		}
	}
}

func TestInboxLowestFirst(t *testing.T) {
	in, life := NewInbox(), NewLife()
	for _, c := range []Class{Bulk, Flash, Routine, Control} {
		in.Put(nil, c, []byte{byte(c)})
	}
	full := make(chan struct{})
	close(full)
	if in.Put(full, Bulk, nil) {
		t.Error("a full slot took more")
	}
	life.End(errors.New("over"))
	for _, want := range []Class{Control, Flash, Routine, Bulk} {
		f, err := in.Get(context.Background(), life)
		if err != nil || f[0] != byte(want) {
			t.Errorf("got %v %v, want class %v", f, err, want)
		}
	}
	if _, err := in.Get(context.Background(), life); err == nil || err.Error() != "over" {
		t.Errorf("then %v, want the end's reason", err)
	}
}
