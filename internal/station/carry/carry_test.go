package carry

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/store/blob"
	"parley/internal/wire"
)

// ground is one side that lacks an attachment of 80 bytes, of which the other
// may announce 100 a day.
type ground struct {
	*Carrier
	t       *testing.T
	now     time.Time
	low     error
	stored  int
	later   []parley.Kind
	refused int
	damaged int
	failed  int
	whole   []byte
	hash    [32]byte
}

func (g *ground) Refused(parley.PartyCode, error) { g.refused++ }
func (g *ground) Damaged(error)                   { g.damaged++ }
func (g *ground) Failed(error)                    { g.failed++ }

func newGround(t *testing.T, sealed int) *ground {
	g := &ground{t: t, now: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC), whole: bytes.Repeat([]byte("x"), sealed)}
	g.hash = sha256.Sum256(g.whole)
	d, err := blob.Open(t.TempDir(), blob.Options{Now: func() time.Time { return g.now }, Daily: func(parley.LineID, parley.PartyCode) int64 { return 100 }})
	if err != nil {
		t.Fatal(err)
	}
	g.Carrier = New(House{Store: d, Trouble: g, Most: func() int64 { return 200 }, Low: func() error { return g.low },
		Stored: func(h [32]byte, _ parley.Ref) {
			if h != g.hash {
				t.Errorf("%x is stored", h[:4])
			}
			g.stored++
		},
		Later: func(_ parley.PartyCode, _ parley.Ref, err error) { g.later = append(g.later, parley.KindOf(err)) }})
	g.Need("birch", parley.Ref{}, []form.Attachment{{Hash: g.hash, Sealed: uint64(sealed)}})
	return g
}

// asked lets time pass, and returns from where on is asked for; -1: not at all.
func (g *ground) asked(d time.Duration) int {
	g.t.Helper()
	g.now = g.now.Add(d)
	asks, _ := g.Due(g.now)
	switch {
	case len(asks) == 0:
		return -1
	case len(asks) > 1 || asks[0].To != "birch" || asks[0].Want.Blob != g.hash:
		g.t.Fatalf("asks %+v", asks)
	}
	return int(asks[0].Want.Offset)
}

// chunk brings bytes from offset on.
func (g *ground) chunk(b []byte, offset int) error {
	return g.Chunk(g.now, "birch", &wire.Chunk{Blob: g.hash, Offset: uint64(offset), Total: uint64(len(g.whole)), Bytes: b}, func(*wire.Want) {})
}

func TestResumesWhereItWasCut(t *testing.T) {
	g := newGround(t, 80)
	if n := g.asked(time.Second); n != 0 {
		t.Fatalf("asks from %d", n)
	}
	g.chunk(g.whole[:30], 0)
	if err := g.chunk(g.whole[:30], 0); err == nil {
		t.Error("a chunk that is repeated is taken")
	}
	if n := g.asked(time.Second); n != -1 {
		t.Errorf("asks again, from %d, while it comes", n)
	}
	if n := g.asked(wantAgain); n != 30 {
		t.Errorf("asks from %d, want 30", n)
	}
	if err := g.Chunk(g.now, "cedar", &wire.Chunk{Blob: g.hash, Offset: 30, Total: 80, Bytes: g.whole[30:]}, nil); err == nil {
		t.Error("a chunk of a party that was not asked is taken")
	}
	g.chunk(g.whole[30:], 30)
	if g.stored != 1 || g.damaged+g.failed+g.refused != 0 {
		t.Errorf("stored %d times, trouble %d %d %d", g.stored, g.damaged, g.failed, g.refused)
	}
	if n := g.asked(time.Hour); n != -1 {
		t.Error("asks for what is here")
	}
}

// TestDamagedOverTheQuota: what came damaged counts anew when it is asked for
// again. Where the bound of the day leaves no room for that, it comes the next.
func TestDamagedOverTheQuota(t *testing.T) {
	g := newGround(t, 80)
	g.asked(time.Second)
	g.chunk(bytes.Repeat([]byte("y"), 80), 0)
	if g.damaged != 1 || g.stored != 0 {
		t.Fatalf("damaged %d, stored %d", g.damaged, g.stored)
	}
	if n := g.asked(time.Second); n != -1 || len(g.later) != 1 || g.later[0] != parley.Quota {
		t.Fatalf("asks from %d, later %v", n, g.later)
	}
	if n := g.asked(24 * time.Hour); n != 0 {
		t.Fatalf("the next day it asks from %d", n)
	}
	g.chunk(g.whole, 0)
	if g.stored != 1 {
		t.Errorf("stored %d times", g.stored)
	}
}

func TestNoRoomNowAndNever(t *testing.T) {
	g := newGround(t, 80)
	g.low = parley.Errorf(parley.DiskFull, "full")
	if n := g.asked(time.Second); n != -1 || len(g.later) != 1 {
		t.Errorf("asks from %d with no room, later %v", n, g.later)
	}
	g.low = nil
	if n := g.asked(laterAgain); n != 0 {
		t.Errorf("asks from %d when there is room", n)
	}
	g = newGround(t, 5000)
	if n := g.asked(time.Second); n != -1 || g.refused != 1 {
		t.Errorf("asks from %d for what is too large, refused %d", n, g.refused)
	}
	if g.asked(24 * time.Hour); g.refused != 1 {
		t.Error("what is never taken is tried again")
	}
}

func TestServesOnlyWhatIsWhole(t *testing.T) {
	g := newGround(t, 80)
	var got []byte
	serve := func(offset uint64) {
		g.Serve("birch", &wire.Want{Blob: g.hash, Offset: offset}, func(c *wire.Chunk) error {
			got = append(got, c.Bytes...)
			return nil
		})
	}
	g.asked(time.Second)
	g.chunk(g.whole[:30], 0)
	if serve(0); len(got) != 0 {
		t.Error("what is not whole is served")
	}
	g.chunk(g.whole[30:], 30)
	if serve(20); !bytes.Equal(got, g.whole[20:]) {
		t.Errorf("serves %d bytes", len(got))
	}
	if g.HeldBy(g.hash, "birch") {
		t.Error("birch has it before it says so")
	}
	if serve(80); !g.HeldBy(g.hash, "birch") {
		t.Error("birch said that it has it whole")
	}
}
