package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/form"
	"parley/internal/station"
	"parley/internal/wire"
)

// TestSlowReader asks for much and reads nothing, on each bearer, while our
// officers write to it.
func TestSlowReader(t *testing.T) {
	for _, name := range []string{"QUIC", "TLS"} {
		t.Run(name, func(t *testing.T) {
			attack{row: "asks for much and reads nothing, " + name, for_: 15 * time.Second, disk: 8 << 20,
				run: func(ctx context.Context, w *world) error {
					c, err := w.two.Dial(ctx, name)
					if err != nil {
						return err
					}
					w.t.Cleanup(func() { c.Close(nil) })
					if _, err := c.Meet(w.two.Hello()); err != nil {
						return err
					}
					n := 0
					return again(ctx, 2*time.Millisecond, func() error {
						if n++; n%50 == 0 {
							w.release(template.two, "birch", noise(150))
						}
						return sayAll(ctx, c, &wire.AskEntries{Gen: w.two.TheirGen, From: 0, To: 1 << 40}, &wire.AskKeys{Gen: w.two.TheirGen}, &wire.Ping{Token: uint64(n), Time: 1},
							&wire.Have{Held: wire.Held{w.two.TheirGen: 0}})
					})
				},
			}.test(t)
		})
	}
}

// TestAskFlood asks for entries, keys and files as fast as it can, and reads
// the answers.
func TestAskFlood(t *testing.T) {
	attack{row: "asks without end", for_: 10 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c := w.open(w.two, "QUIC")
			var h [32]byte
			for i := uint64(0); ctx.Err() == nil; i++ {
				h[0] = byte(i)
				if err := sayAll(ctx, c, &wire.AskEntries{Gen: w.two.TheirGen, From: i % (w.two.TheirSize + 1), To: 1 << 40}, &wire.AskKeys{Gen: w.two.TheirGen, From: i},
					&wire.Want{Blob: h, Offset: i}, &wire.Hello{Version: 1, Line: w.two.Line, Party: birch, Gen: w.two.Gen, Held: wire.Held{}}); err != nil {
					return err
				}
			}
			return nil
		},
	}.test(t)
}

// TestTalkFlood sends what no quota counts: pings, words, proofs, frames of a
// newer protocol.
func TestTalkFlood(t *testing.T) {
	attack{row: "pings, words and proofs without end", for_: 10 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c := w.open(w.two, "QUIC")
			unknown := []byte{0x82, 0x18, 0x63, 0x00} // [99, 0]
			for i := uint64(0); ctx.Err() == nil; i++ {
				if err := sayAll(ctx, c, &wire.Ping{Token: i, Time: i}, &wire.Refusal{Kind: parley.Unavailable, Text: strings.Repeat("x", 500)},
					&wire.Auth{Own: wire.EpochOf{Gen: w.two.Gen, Epoch: 7000}, Theirs: wire.EpochOf{Gen: w.two.TheirGen, Epoch: 7000}}); err != nil {
					return err
				}
				if err := c.Raw(bearer.Control, unknown); err != nil {
					return over(ctx, c, err)
				}
			}
			return nil
		},
	}.test(t)
}

// TestBlobFlood announces files without end: empty ones, giant ones, and sends
// pieces that nobody asked for.
func TestBlobFlood(t *testing.T) {
	attack{row: "floods with attachments", for_: 15 * time.Second, disk: 1 << 30,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for i := 0; i < 1500 && ctx.Err() == nil; i++ {
				var as []form.Attachment
				for j := range form.MaxAttachments {
					a := form.Attachment{Name: fmt.Sprintf("file %d", j), Type: "text/plain", Size: 1, Sealed: 100}
					if i%2 == 1 {
						a.Size, a.Sealed = form.MaxAttachment, form.MaxAttachment+1<<10
					}
					rand.Read(a.Hash[:])
					rand.Read(a.Key[:])
					as = append(as, a)
				}
				if err := sayAll(ctx, c, p.Append(p.Dispatch(p.Size, "see attached", "files", parley.Routine, as...)), p.Sign(),
					&wire.Chunk{Blob: as[0].Hash, Offset: 0, Total: as[0].Sealed, Bytes: make([]byte, 100)}, &wire.Chunk{Blob: [32]byte{1}, Total: 1 << 20, Bytes: make([]byte, wire.MaxChunk)}); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) { w.needs("quota") },
	}.test(t)
}

// TestMalformed sends what is no frame: deep nesting, giant counts, cut off,
// and comes back each time it is cut off.
func TestMalformed(t *testing.T) {
	giant := [][]byte{
		bytes.Repeat([]byte{0x81}, bearer.MaxFrame),
		{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0x83, 0x02, 0x48, 1, 2, 3, 4, 5, 6, 7, 8, 0x5a, 0xff, 0xff, 0xff, 0xff},
		{0xbb, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00},
		append([]byte{0x82, 0x05, 0xb9, 0xff, 0xff}, make([]byte, 200_000)...),
		bytes.Repeat([]byte{0xff}, bearer.MaxFrame),
		{},
	}
	attack{row: "deep nesting, giant counts, garbage", for_: 10 * time.Second,
		run: func(ctx context.Context, w *world) error {
			for i := 0; ctx.Err() == nil; i++ {
				c, err := w.two.Dial(ctx, []string{"QUIC", "TLS"}[i%2])
				if err != nil {
					if ctx.Err() == nil {
						time.Sleep(20 * time.Millisecond)
					}
					continue // its seats at the door are taken by those cut off
				}
				if i%3 > 0 {
					c.Meet(w.two.Hello())
				}
				c.Raw(bearer.Class(i%6), giant[i%len(giant)])
				c.Recv(ctx)
				c.Close(nil)
			}
			return nil
		},
	}.test(t)
}

// TestOtherNames claims to be other parties, on other lines.
func TestOtherNames(t *testing.T) {
	attack{row: "claims another party, another line", for_: 8 * time.Second,
		run: func(ctx context.Context, w *world) error {
			other, err := parley.ParseLineID(template.other)
			if err != nil {
				return err
			}
			for i := 0; ctx.Err() == nil; i++ {
				c, err := w.two.Dial(ctx, "TLS")
				if err != nil {
					time.Sleep(20 * time.Millisecond)
					continue
				}
				h := w.two.Hello()
				switch i % 4 {
				case 0:
					h.Party = cedar
				case 1:
					h.Line = other
				case 2:
					h.Line, h.Party = other, cedar
				case 3:
					h.Party = alder
				}
				if got, err := c.Meet(h); err == nil && got.Line == other {
					w.t.Error("a session of another line was opened for it")
				}
				c.Close(nil)
			}
			return nil
		},
	}.test(t)
}

// TestComesAndGoes connects and leaves, as often as it can.
func TestComesAndGoes(t *testing.T) {
	attack{row: "connects and leaves without end", for_: 12 * time.Second,
		run: func(ctx context.Context, w *world) error {
			for i := 0; ctx.Err() == nil; i++ {
				c, err := w.two.Dial(ctx, []string{"QUIC", "TLS"}[i%2])
				if err != nil {
					time.Sleep(20 * time.Millisecond)
					continue
				}
				c.Meet(w.two.Hello())
				c.Close(nil)
			}
			return nil
		},
	}.test(t)
}

// TestStrangers come to the port with keys of their own, or with none: open
// connections and say nothing, begin handshakes and leave them, finish them
// with a key nobody knows.
func TestStrangers(t *testing.T) {
	attack{row: "strangers: half-open and handshake floods", for_: 12 * time.Second,
		run: func(ctx context.Context, w *world) error {
			strange := *w.two
			var seed [32]byte
			rand.Read(seed[:])
			var err error
			if strange.TLS, err = bearer.NewIdentity(seed); err != nil {
				return err
			}
			var at struct{ quic, tls string }
			for _, a := range w.two.Addresses {
				if x, ok := strings.CutPrefix(a, "quic://"); ok {
					at.quic = x
				} else if x, ok := strings.CutPrefix(a, "tls://"); ok {
					at.tls = x
				}
			}
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					for ctx.Err() == nil {
						dctx, stop := context.WithTimeout(ctx, time.Second)
						if c, err := strange.Dial(dctx, []string{"QUIC", "TLS"}[i%2]); err == nil {
							c.Raw(bearer.Control, []byte{0})
							c.Close(nil)
						}
						stop()
					}
				})
			}
			wg.Go(func() { // half-open
				var open []net.Conn
				for ctx.Err() == nil {
					c, err := net.DialTimeout("tcp", at.tls, time.Second)
					if err != nil {
						time.Sleep(5 * time.Millisecond)
						continue
					}
					c.Write([]byte{0x16, 0x03, 0x01})
					if open = append(open, c); len(open) > 400 {
						open[0].Close()
						open = open[1:]
					}
				}
				for _, c := range open {
					c.Close()
				}
			})
			wg.Go(func() { // datagrams that are nothing
				c, err := net.Dial("udp", at.quic)
				if err != nil {
					return
				}
				defer c.Close()
				b := make([]byte, 1200)
				for ctx.Err() == nil {
					rand.Read(b)
					b[0] |= 0xc0
					copy(b[1:5], []byte{0, 0, 0, 1})
					c.Write(b)
					time.Sleep(100 * time.Microsecond)
				}
			})
			wg.Wait()
			return nil
		},
	}.test(t)
}

// TestCrowdsOut fills on a line of three every place where another party's
// entries, checkpoints and receipts wait. That party's word must get through.
func TestCrowdsOut(t *testing.T) {
	attack{row: "crowds out another party of its line", for_: 14 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.three, "QUIC"), w.three
			var theirs parley.GenerationID
			var size uint64
			for _, l := range w.cedar.Line(template.three).Logs {
				if l.Party == cedar && l.Current {
					var err error
					if theirs, err = parley.ParseGenerationID(l.Gen); err != nil {
						return err
					}
					size = l.Size
				}
			}
			junk := make([]byte, 60000)
			ml := make([]byte, 2420)
			sent := false
			for i := uint64(0); ctx.Err() == nil; i++ {
				rand.Read(junk[:32])
				rand.Read(ml[:32])
				if err := sayAll(ctx, c, &wire.Entry{Gen: theirs, Index: size + i%4000, Bytes: bytes.Clone(junk)}, &wire.Checkpoint{Gen: theirs, Size: size + 1 + i%4000, ML: bytes.Clone(ml), Ed: sha512of(ml)},
					&wire.Receipt{Gen: theirs, Size: size + 1000, Holder: parley.GenerationID(ml[:8]), Time: 1, ML: bytes.Clone(ml), Ed: sha512of(ml)},
					&wire.Receipt{Gen: p.TheirGen, Size: 1 << 40, Holder: theirs, Time: 1, ML: bytes.Clone(ml), Ed: sha512of(ml)}); err != nil {
					return err
				}
				if !sent && i > 300 {
					sent = true
					w.cedar.Send(template.three, "alder", "through the crowd", "ROUTINE")
					w.release(template.three, "cedar", "an answer")
				}
				if sent {
					time.Sleep(20 * time.Millisecond)
				}
			}
			return nil
		},
		check: func(w *world) {
			w.until("cedar's word gets through", func() bool {
				pg, err := w.v.Client.Record(w.ctx, template.three, station.Filter{Form: "dispatch", Limit: 100})
				if err != nil {
					return false
				}
				for _, it := range append(pg.Settled, pg.Unsettled...) {
					if it.Subject == "through the crowd" {
						return true
					}
				}
				return false
			})
			w.until("cedar's receipt gets through", func() bool { l := w.log(template.three, alder); return l.Stored["cedar"] == l.Size })
		},
	}.test(t)
}

func sha512of(b []byte) (out [64]byte) {
	s := sha256.Sum256(b)
	copy(out[:], s[:])
	return out
}

// TestFullDisk floods a station whose disk is kept for its own logs.
func TestFullDisk(t *testing.T) {
	var was uint64
	attack{row: "floods a disk that is full", for_: 8 * time.Second, short: 3 * time.Second,
		conf:    func(c *station.Config) { c.KeepFree = 100 },
		prepare: func(w *world) { was = w.log(template.two, birch).Size },
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			return again(ctx, 10*time.Millisecond, func() error {
				return sayAll(ctx, c, p.Append(p.Dispatch(p.Size, "more", noise(20000), parley.Routine)), p.Sign())
			})
		},
		own: true,
		check: func(w *world) {
			w.until("the alarm about the disk", func() bool {
				as, err := w.v.Client.Alarms(w.ctx)
				return err == nil && slices.ContainsFunc(as, func(a station.Alarm) bool { return a.Code == "disk" && a.Line == template.two })
			})
			if n := w.log(template.two, birch).Size; n != was {
				w.t.Errorf("%d entries were taken on a full disk", n-was)
			}
		},
	}.test(t)
}

// TestQuotaOutlivesRestart uses up the bytes of a day, and comes again after
// the station was killed.
func TestQuotaOutlivesRestart(t *testing.T) {
	if !full {
		t.Skip("played by make hostile; internal/line has the short one")
	}
	w := newWorld(t)
	fill := func(p *Peer) uint64 {
		c := w.open(p, "QUIC")
		ctx, stop := context.WithTimeout(w.ctx, 90*time.Second)
		defer stop()
		from := p.Size
		for n := 0; n < 70<<20 && ctx.Err() == nil; {
			for range 16 {
				b := p.Dispatch(p.Size, "flood", noise(47000), parley.Routine)
				n += len(b)
				if err := c.Say(p.Append(b)); err != nil {
					return w.log(template.two, birch).Size - from
				}
			}
			c.Say(p.Sign())
			if w.alarmed("quota") {
				break
			}
		}
		return w.log(template.two, birch).Size - from
	}
	first := fill(w.two)
	w.needs("quota")
	dir := w.v.Dir
	w.v.Kill()
	w.start(dir)
	size := w.log(template.two, birch).Size
	c := w.open(w.two, "QUIC")
	for range 50 {
		c.Say(w.two.Append(w.two.Dispatch(w.two.Size, "again", noise(47000), parley.Routine)))
	}
	c.Say(w.two.Sign())
	time.Sleep(3 * time.Second)
	if n := w.log(template.two, birch).Size; n > size {
		t.Errorf("after %d entries over the quota, a restart let %d more in", first, n-size)
	}
	w.goesOn()
	if err := w.v.Stop(); err != nil {
		t.Error(err)
	}
	w.fsck()
}
