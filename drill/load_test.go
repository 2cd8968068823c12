package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/internal/station"
)

// act is one dispatch that somebody tried to release.
type act struct {
	from    string
	subject string // tells it from all others
	text    string
	file    []byte // attached; nil: none
	began   time.Time
	ended   time.Time // zero: not yet
	acked   bool      // the program said that it is released
	id      string    // "filed:N", as acknowledged
	err     error
}

// book keeps what was tried and what was acknowledged.
type book struct {
	mu   sync.Mutex
	acts []*act
	n    atomic.Int64
}

func newBook() *book { return &book{} }

func (b *book) begin(a *act) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.began = time.Now()
	b.acts = append(b.acts, a)
}

func (b *book) end(a *act, id string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.ended, a.id, a.err, a.acked = time.Now(), id, err, err == nil
}

// all returns copies of what a side ("": any) has tried so far.
func (b *book) all(from string) []act {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []act
	for _, a := range b.acts {
		if from == "" || a.from == from {
			out = append(out, *a)
		}
	}
	return out
}

func (b *book) acked() (n int) {
	for _, a := range b.all("") {
		if a.acked {
			n++
		}
	}
	return n
}

// release releases one dispatch over the control socket, with hands enough
// for its precedence, and notes it in the book.
func (w *world) release(s *side, to *side, rng *rand.Rand) *act {
	a := w.newAct(s, rng)
	w.try(s, to, a, rng)
	return a
}

func (w *world) try(s, to *side, a *act, rng *rand.Rand) {
	w.book.begin(a)
	id, err := w.bySocket(s, to, a, []string{"ROUTINE", "PRIORITY", "IMMEDIATE"}[rng.IntN(3)])
	w.book.end(a, id, err)
}

func (w *world) newAct(s *side, rng *rand.Rand) *act {
	n := w.book.n.Add(1)
	a := &act{from: s.code, subject: fmt.Sprintf("%s-%05d", s.code, n), text: fmt.Sprintf("text %d %x", n, rng.Uint64())}
	if rng.IntN(3) == 0 {
		a.text = strings.Repeat(a.text+" ", 1+rng.IntN(60))
	}
	a.text = strings.TrimSpace(a.text)
	if rng.IntN(6) == 0 {
		a.file = make([]byte, 1+rng.IntN(300_000))
		for i := range a.file {
			a.file[i] = byte(rng.Uint32())
		}
	}
	return a
}

func (w *world) bySocket(s, to *side, a *act, precedence string) (string, error) {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	d, err := s.client.As(envoy).SaveDraft(ctx, station.Draft{Line: w.line, From: "envoy", To: []string{to.code + "/envoy"}, Subject: a.subject, Text: a.text,
		Precedence: precedence, Marker: "INFORMATION", Language: "en"})
	if err != nil {
		return "", err
	}
	if a.file != nil {
		if d, err = s.client.As(envoy).Attach(ctx, d.ID, a.subject+".bin", "application/octet-stream", strings.NewReader(string(a.file))); err != nil {
			return "", err
		}
	}
	if d, err = s.client.As(envoy).Submit(ctx, d.ID); err != nil {
		return "", err
	}
	return s.client.As(chief).Release(ctx, d.ID, d.Version, precedence)
}

// command releases one dispatch by the command line: exit code 0 is the
// acknowledgement.
func (w *world) command(s, to *side, rng *rand.Rand) {
	a := w.newAct(s, rng)
	args := []string{"--as", envoy, "--json", "send", w.line, "--to", to.code + "/envoy", "-m", "information", "-s", a.subject, "--release"}
	if a.file != nil {
		path := filepath.Join(w.dir, a.subject+".bin")
		if err := os.WriteFile(path, a.file, 0o600); err != nil {
			w.t.Error(err)
			return
		}
		args = append(args, "--attach", path)
	}
	w.book.begin(a)
	out, err := s.parley(a.text, args...)
	var sent struct{ Entry string }
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	} else if e := json.Unmarshal([]byte(out), &sent); e != nil || sent.Entry == "" {
		w.t.Errorf("the command line acknowledges %q: %v", out, e)
	}
	w.book.end(a, sent.Entry, err)
}

// load has senders on every side. They send while there is credit.
type load struct {
	w      *world
	credit chan struct{}
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// startLoad starts n senders on every side.
func (w *world) startLoad(n int) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{w: w, credit: make(chan struct{}, 1024), stop: stop}
	for i, s := range w.sides {
		for range n {
			rng := rand.New(rand.NewPCG(w.rng.Uint64(), uint64(i)))
			l.wg.Go(func() { l.send(ctx, s, rng) })
		}
	}
	return l
}

func (l *load) send(ctx context.Context, s *side, rng *rand.Rand) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.credit:
		}
		to := l.w.sides[rng.IntN(len(l.w.sides))]
		for to == s {
			to = l.w.sides[rng.IntN(len(l.w.sides))]
		}
		if rng.IntN(8) == 0 {
			l.w.command(s, to, rng)
		} else if l.w.release(s, to, rng).err != nil {
			time.Sleep(30 * time.Millisecond) // its station is being killed
		}
		time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
	}
}

// give lets n more dispatches be tried.
func (l *load) give(n int) {
	for range n {
		select {
		case l.credit <- struct{}{}:
		default:
		}
	}
}

// end takes the rest of the credit away and waits for what is under way.
func (l *load) end() {
	l.stop()
	l.wg.Wait()
}
