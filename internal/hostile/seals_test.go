package hostile

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/seal"
	"parley/internal/wire"
)

// TestOneReader seals an epoch to one party of three alone, and writes in it:
// one reads what the other cannot.
func TestOneReader(t *testing.T) {
	attack{row: "entries for one reader only", for_: 8 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.three, "QUIC"), w.three
			for _, to := range []parley.PartyCode{alder, cedar} {
				if err := sayAll(ctx, c, p.Append(p.Announce(to))); err != nil {
					return err
				}
				for i := range 50 {
					if err := sayAll(ctx, c, p.Append(p.Dispatch(p.Size, fmt.Sprintf("for %s alone %d", to, i), "psst", parley.Routine)), p.Sign()); err != nil {
						return err
					}
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			w.needs("unreadable", "violation") // whichever is told first, the other is counted
			w.readable(template.three)
		},
	}.test(t)
}

// TestTwoMeanings writes entries whose commitment is to another key, and
// ciphertext that opens under none.
func TestTwoMeanings(t *testing.T) {
	attack{row: "entries that open two ways, or not at all", for_: 8 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for i := range 300 {
				a := p.Dispatch(p.Size, "one meaning", "yes", parley.Routine)
				b, err := seal.Parse(a)
				if err != nil {
					return err
				}
				switch i % 3 {
				case 0: // committed to another key
					o := seal.Key{byte(i)}
					b.Commitment = o.Commitment()
				case 1: // the body of another entry
					x, err := seal.Parse(p.Dispatch(p.Size+1, "another meaning", "no", parley.Routine))
					if err != nil {
						return err
					}
					b.Body = x.Body
				case 2:
					b.Header[0] ^= 1
				}
				if a, err = b.Marshal(); err != nil {
					return err
				}
				if err := sayAll(ctx, c, p.Append(a), p.Sign()); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			w.needs("unreadable")
			w.readable(template.two)
		},
	}.test(t)
}

// TestBombs packs a mebibyte into each of a thousand entries under one
// checkpoint.
func TestBombs(t *testing.T) {
	var frames []wire.Frame
	attack{row: "compressed bombs", for_: 25 * time.Second, disk: 2 * 64 << 20,
		prepare: func(w *world) {
			p := w.two
			body := form.JoinBody(append([]byte{0xa1, 0x01, 0x7a, 0, 0x0f, 0x42, 0x40}, make([]byte, 1_000_000)...), 0)
			for range 1000 {
				h := &form.Header{Form: "bomb", From: parley.Envoy, To: []parley.Address{{Party: alder, Office: parley.Envoy}}, Language: "en"}
				frames = append(frames, p.Append(p.Seal(p.Size, p.Clear(), form.EncodeHeader(h), body)))
			}
			frames = append(frames, p.Sign())
		},
		run: func(ctx context.Context, w *world) error {
			c := w.open(w.two, "QUIC")
			if err := sayAll(ctx, c, frames...); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			if l := w.log(template.two, birch); l.Size < 1000 {
				w.t.Errorf("only %d entries were taken: the attack did not reach", l.Size)
			}
			w.readable(template.two)
		},
	}.test(t)
}

// TestManyForms invents thousands of forms.
func TestManyForms(t *testing.T) {
	attack{row: "thousands of unknown forms", for_: 15 * time.Second, disk: 32 << 20,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for i := range 4000 {
				h := &form.Header{Form: fmt.Sprintf("form%d", i), From: parley.Envoy, To: []parley.Address{{Party: alder, Office: parley.Envoy}}, Language: "en"}
				if err := sayAll(ctx, c, p.Append(p.Seal(p.Size, p.Clear(), form.EncodeHeader(h), form.JoinBody([]byte{0xa0}, 0)))); err != nil {
					return err
				}
				if i%100 == 99 {
					if err := sayAll(ctx, c, p.Sign()); err != nil {
						return err
					}
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			if l := w.log(template.two, birch); l.Size < 4000 {
				w.t.Errorf("only %d entries were taken", l.Size)
			}
			w.readable(template.two)
		},
	}.test(t)
}

// TestHostileText writes what terminals and browsers might obey.
func TestHostileText(t *testing.T) {
	bad := []string{"\u202e", "\u2066", "\u200b", "\x1b[31m", "\x00", "\x07", "\u2028", "<script>alert(1)</script>", "\ufeff"}
	attack{row: "text with control and direction characters", for_: 6 * time.Second,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for _, x := range bad {
				for _, prec := range []parley.Precedence{parley.Routine, parley.Flash} {
					if err := sayAll(ctx, c, p.Append(p.Dispatch(p.Size, "pay"+x+"load", "text "+x+" end", prec)), p.Sign()); err != nil {
						return err
					}
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			w.readable(template.two)
			for _, path := range []string{"/watch", "/record", "/line/" + template.two} {
				page, err := w.v.Page(path)
				if err != nil {
					w.t.Errorf("%s: %v", path, err)
				}
				for _, x := range bad {
					if strings.Contains(page, "pay"+x) || strings.Contains(page, "text "+x) {
						w.t.Errorf("%s shows %q raw", path, x)
					}
				}
			}
		},
	}.test(t)
}

// TestEpochFlood announces epochs without end.
func TestEpochFlood(t *testing.T) {
	attack{row: "floods with epochs", for_: 10 * time.Second, disk: 16 << 20,
		run: func(ctx context.Context, w *world) error {
			c, p := w.open(w.two, "QUIC"), w.two
			for i := 0; ctx.Err() == nil && i < 2000; i++ {
				if err := sayAll(ctx, c, p.Append(p.Announce(alder)), p.Sign()); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return nil
		},
		check: func(w *world) {
			w.needs("quota")
			if l := w.log(template.two, birch); l.Size > w.two.Size-1000 {
				w.t.Errorf("%d entries were taken", l.Size)
			}
		},
	}.test(t)
}

// TestGenerationFlood opens generations without end, each under its root key.
func TestGenerationFlood(t *testing.T) {
	var certs []wire.Frame
	attack{row: "floods with generations", for_: 10 * time.Second,
		prepare: func(w *world) {
			for range 200 {
				b, _ := w.two.Certify(1)
				certs = append(certs, &wire.Certificate{Bytes: b})
			}
		},
		run: func(ctx context.Context, w *world) error {
			c := w.open(w.two, "QUIC")
			return again(ctx, 50*time.Millisecond, func() error { return sayAll(ctx, c, certs...) })
		},
		check: func(w *world) {
			w.needs("generation", "quota")
			n := 0
			for _, l := range w.line(template.two).Logs {
				if l.Party == birch {
					n++
				}
			}
			if n > 1+4 {
				w.t.Errorf("%d generations were taken, 4 a day are allowed", n)
			}
		},
	}.test(t)
}
