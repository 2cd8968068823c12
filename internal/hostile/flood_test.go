package hostile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"testing"
	"time"

	"parley"
	"parley/internal/wire"
)

// noise is a text that no compressor makes smaller than three quarters.
func noise(n int) string {
	b := make([]byte, n*3/4+3)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)[:n]
}

// over reports whether an error only says that the victim hung up, which it may.
func over(ctx context.Context, c *Conn, err error) error {
	if err == nil || ctx.Err() != nil {
		return nil
	}
	if c.Err() != nil {
		<-ctx.Done()
		return nil
	}
	return err
}

// TestEntryFlood sends 64 MiB of true entries as fast as they are taken.
func TestEntryFlood(t *testing.T) {
	attack{row: "64 MiB of entries at once", for_: 20 * time.Second, short: 3 * time.Second, disk: 2 * 64 << 20,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for n := 0; n < 64<<20 && ctx.Err() == nil; {
				for range 32 {
					b := p.Dispatch(p.Size, "flood", noise(48000), parley.Routine)
					n += len(b)
					if err := c.Say(p.Append(b)); err != nil {
						return over(ctx, c, err)
					}
				}
				if err := c.Say(p.Sign()); err != nil {
					return over(ctx, c, err)
				}
			}
			<-ctx.Done()
			return nil
		},
	}.test(t)
}

// TestSmallEntryFlood uses up the burst of entries: each is a dispatch, and
// would sound at the desk.
func TestSmallEntryFlood(t *testing.T) {
	attack{row: "10,000 dispatches at once", for_: 20 * time.Second, disk: 64 << 20,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for n := 0; n < 12000 && ctx.Err() == nil; n += 100 {
				for range 100 {
					if err := c.Say(p.Append(p.Dispatch(p.Size, "flood", "small", parley.Precedence(n/100%4)))); err != nil {
						return over(ctx, c, err)
					}
				}
				if err := c.Say(p.Sign()); err != nil {
					return over(ctx, c, err)
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			if n := w.log(template.two, birch).Size; n < 1000 {
				w.t.Errorf("only %d entries were taken", n)
			}
		},
	}.test(t)
}

// TestUncovered sends entries without end that no checkpoint ever covers.
func TestUncovered(t *testing.T) {
	attack{row: "entries that nothing covers", for_: 10 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			b := make([]byte, 65000)
			for i := uint64(0); ctx.Err() == nil; i++ {
				rand.Read(b)
				if err := c.Say(&wire.Entry{Gen: p.Gen, Index: p.Size + i%4096, Bytes: b}); err != nil {
					return over(ctx, c, err)
				}
			}
			return nil
		},
	}.test(t)
}
