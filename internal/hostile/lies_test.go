package hostile

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/station"
	"parley/internal/wire"
)

// sayAll sends frames, and passes over that the victim hung up.
func sayAll(ctx context.Context, c *Conn, fs ...wire.Frame) error {
	for _, f := range fs {
		if err := c.Say(f); err != nil {
			return over(ctx, c, err)
		}
	}
	return nil
}

// again plays f every so often until ctx ends.
func again(ctx context.Context, every time.Duration, f func() error) error {
	for ctx.Err() == nil {
		if err := f(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
	return nil
}

// TestFork signs two histories, again and again.
func TestFork(t *testing.T) {
	attack{row: "signs two histories", for_: 10 * time.Second, short: 2 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			other := p.Tree.Clone()
			first := p.Append(p.Dispatch(p.Size, "the first history", "one", parley.Routine))
			second := p.Dispatch(first.Index, "the second history", "two", parley.Routine)
			other.Append(journal.LeafHash(second))
			if err := sayAll(ctx, c, first, p.Sign()); err != nil {
				return err
			}
			w.until("the first history is held", func() bool { return w.log(template.two, birch).Size > first.Index })
			return again(ctx, 20*time.Millisecond, func() error {
				return sayAll(ctx, c, &wire.Entry{Gen: p.Gen, Index: first.Index, Bytes: second}, p.SignTree(other), &wire.Shown{Gen: p.Gen, Head: p.Head(other)})
			})
		},
		check: func(w *world) {
			w.needs("fork")
			if !w.log(template.two, birch).Disputed {
				w.t.Error("the log is not disputed")
			}
		},
	}.test(t)
}

// TestEquivocation tells alder one history and cedar another, on a line of
// three. Neither can see it alone.
func TestEquivocation(t *testing.T) {
	var toCedar *Peer
	attack{row: "tells two parties different things", for_: 15 * time.Second,
		prepare: func(w *world) { toCedar = w.turn(w.dir, template.three, cedar) },
		run: func(ctx context.Context, w *world) error {
			a, b := w.open(w.three, "QUIC"), w.open(toCedar, "QUIC")
			if err := sayAll(ctx, a, w.three.Append(w.three.Dispatch(w.three.Size, "to alder", "yes", parley.Routine)), w.three.Sign()); err != nil {
				return err
			}
			if err := sayAll(ctx, b, toCedar.Append(toCedar.Dispatch(toCedar.Size, "to cedar", "no", parley.Routine)), toCedar.Sign()); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			w.needs("fork")
			if !w.log(template.three, birch).Disputed {
				w.t.Error("alder does not know")
			}
			for _, l := range w.cedar.Line(template.three).Logs {
				if l.Party == birch && l.Current && !l.Disputed {
					w.t.Error("cedar does not know")
				}
			}
		},
	}.test(t)
}

// TestGoingBack sends old sizes, old times, old entries and smaller seen, for ever.
func TestGoingBack(t *testing.T) {
	var was uint64
	attack{row: "goes back and replays", for_: 10 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			was = p.Size
			short, _ := journal.NewTree(0, nil)
			short.Append(journal.LeafHash(p.old[0]))
			back := p.Clear()
			back.Time = 1
			less := p.Clear()
			less.Seen = map[parley.GenerationID]uint64{p.TheirGen: 1}
			lies := []seal.Clear{back, less}
			return again(ctx, time.Millisecond, func() error {
				for i, b := range p.old {
					if err := sayAll(ctx, c, &wire.Entry{Gen: p.Gen, Index: uint64(i), Bytes: b}); err != nil {
						return err
					}
				}
				for _, l := range lies {
					b := p.Seal(was, l, form.EncodeHeader(&form.Header{Form: "seen", From: parley.Watch}), form.EncodeBody(&form.Seen{}, 0))
					next := p.Tree.Clone()
					next.Append(journal.LeafHash(b))
					if err := sayAll(ctx, c, &wire.Entry{Gen: p.Gen, Index: was, Bytes: b}, p.SignTree(next)); err != nil {
						return err
					}
				}
				return sayAll(ctx, c, p.SignTree(short), &wire.Shown{Gen: p.Gen, Head: p.Head(short)}, &wire.Have{Held: wire.Held{p.TheirGen: 1, p.Gen: 0}}, p.Hello())
			})
		},
		check: func(w *world) {
			w.needs("violation")
			if l := w.log(template.two, birch); l.Size != was || l.Disputed {
				w.t.Errorf("held %d entries, then %+v", was, l)
			}
		},
	}.test(t)
}

// TestSeenLies claims to have seen more than there is, and to hold more.
func TestSeenLies(t *testing.T) {
	attack{row: "claims to have seen what is not", for_: 14 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			clear := p.Clear()
			clear.Seen = map[parley.GenerationID]uint64{p.TheirGen: p.TheirSize + 1000}
			b := p.Seal(p.Size, clear, form.EncodeHeader(&form.Header{Form: "seen", From: parley.Watch}), form.EncodeBody(&form.Seen{}, 0))
			lie := p.Tree.Clone()
			lie.Append(journal.LeafHash(b))
			return again(ctx, 50*time.Millisecond, func() error {
				return sayAll(ctx, c, &wire.Have{Held: wire.Held{p.TheirGen: p.TheirSize + 1000, {1, 2, 3}: 7}}, &wire.Entry{Gen: p.Gen, Index: p.Size, Bytes: b}, p.SignTree(lie))
			})
		},
		check: func(w *world) {
			w.needs("violation")
			was := w.log(template.two, alder).Size
			w.release(template.two, "birch", "we write all the same")
			w.until("our own log grows on the hostile line", func() bool { return w.log(template.two, alder).Size > was })
		},
	}.test(t)
}

// TestFalseReceipts gives receipts for what does not exist, for other roots,
// for itself, and in another's name.
func TestFalseReceipts(t *testing.T) {
	attack{row: "false receipts", for_: 10 * time.Second, short: 2 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			size := w.log(template.two, alder).Size
			var root [32]byte
			wrong := p.Receipt(size, root, 1)
			own := p.Receipt(p.Size, p.Tree.Root(), 1)
			own.Gen = p.Gen
			return again(ctx, 5*time.Millisecond, func() error {
				rand.Read(root[:])
				stranger := p.Receipt(size+uint64(root[0]), root, 1)
				stranger.Holder = parley.GenerationID(root[:8])
				return sayAll(ctx, c, wrong, p.Receipt(size+1+uint64(root[1]), root, 1), own, stranger)
			})
		},
		check: func(w *world) {
			w.needs("violation")
			if l := w.log(template.two, alder); l.Stored["birch"] >= l.Size {
				w.t.Errorf("a false receipt was taken: %+v", l)
			}
		},
	}.test(t)
}

// TestStoresNothing gives true receipts and keeps nothing: nobody can prevent
// it. What can be shown is that it said so, under its keys.
func TestStoresNothing(t *testing.T) {
	attack{row: "says stored and stores nothing", for_: 5 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			c.Hear(func(f wire.Frame) {
				h, ok := f.(*wire.Entry)
				if ok && h.Gen == p.TheirGen && h.Index == p.TheirSize {
					p.Theirs.Append(journal.LeafHash(h.Bytes))
					p.TheirSize++
					c.Say(p.Receipt(p.TheirSize, p.Theirs.Root(), uint64(time.Now().Unix())))
				}
			})
			w.release(template.two, "birch", "is it stored?")
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			w.until("what it says is kept", func() bool { l := w.log(template.two, alder); return l.Stored["birch"] >= w.two.TheirSize })
		},
	}.test(t)
}

// TestWithholds is there, answers pings, and says nothing else. What waits for
// it must not pile up in memory.
func TestWithholds(t *testing.T) {
	attack{row: "withholds everything", for_: 12 * time.Second,
		run: func(ctx context.Context, w *world) error {
			w.open(w.two, "QUIC")
			return again(ctx, 20*time.Millisecond, func() error { w.release(template.two, "birch", "are you there?"); return nil })
		},
		check: func(w *world) {
			if l := w.log(template.two, alder); l.Stored["birch"] == l.Size {
				w.t.Error("stored, and nobody said so")
			}
		},
	}.test(t)
}

// TestTimes tells times at both ends of time, in every place that has one.
func TestTimes(t *testing.T) {
	ends := []uint64{0, 1, 1 << 31, 1 << 32, seal.MaxTime - 1, 1<<53 - 1}
	attack{row: "clocks at the ends of time", for_: 14 * time.Second,
		run: func(ctx context.Context, w *world) error {
			p := w.two
			c, err := p.Dial(ctx, "QUIC")
			if err != nil {
				return err
			}
			w.t.Cleanup(func() { c.Close(nil) })
			c.Pong = func(f *wire.Ping) *wire.Pong {
				return &wire.Pong{Token: f.Token, Time: 1<<53 - 1, State: wire.PongState{StorageOK: true, LastAnswer: 1<<53 - 1}}
			}
			h := p.Hello()
			h.Time = 1<<53 - 1
			if _, err := c.Meet(h); err != nil {
				return err
			}
			go c.Listen(ctx)
			for _, at := range ends[1:5] {
				p.Time = at
				if at < uint64(time.Now().Unix()) {
					continue
				}
				if err := sayAll(ctx, c, p.Append(p.Dispatch(p.Size, "from the end of time", "soon", parley.Routine)), p.Sign()); err != nil {
					return err
				}
			}
			return again(ctx, 100*time.Millisecond, func() error {
				for _, at := range ends {
					if err := sayAll(ctx, c, &wire.Ping{Token: at, Time: at}); err != nil {
						return err
					}
					if at > 0 {
						if err := sayAll(ctx, c, p.Receipt(p.TheirSize, p.Theirs.Root(), at)); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
		check: func(w *world) {
			w.needs("clock", "immediate", "violation")
			w.readable(template.two)
		},
	}.test(t)
}

// readable fails unless every page of a line's record, and each item, can be
// read over the socket and at the desk.
func (w *world) readable(line string) {
	w.t.Helper()
	pg, err := w.v.Client.Record(w.ctx, line, station.Filter{Limit: 200})
	if err != nil {
		w.t.Errorf("the record of the line cannot be read: %v", err)
	}
	for _, it := range append(pg.Settled, pg.Unsettled...) {
		if _, err := w.v.Client.Item(w.ctx, line, it.ID); err != nil {
			w.t.Errorf("item %s cannot be read: %v", it.ID, err)
		}
	}
	if _, err := w.v.Client.Board(w.ctx, line); err != nil {
		w.t.Errorf("the board cannot be read: %v", err)
	}
	for _, path := range []string{"/watch", "/record", "/line/" + line} {
		if _, err := w.v.Page(path); err != nil {
			w.t.Errorf("the desk: %v", err)
		}
	}
}

// until waits for something that must come true.
func (w *world) until(what string, f func() bool) {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if f() {
			return
		}
	}
	w.t.Errorf("not within 20 s: %s", what)
}
