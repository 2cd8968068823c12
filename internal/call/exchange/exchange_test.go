package exchange

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// phone is a leg that counts what it is played, by the source.
type phone struct {
	played map[uint32]int
	closed bool
}

func (p *phone) Play(_ int, x *rtp.Packet) error { p.played[x.SSRC]++; return nil }
func (p *phone) Show(int, *rtp.Packet) error     { return nil }
func (p *phone) AskPicture()                     {}
func (p *phone) Close()                          { p.closed = true }

// TestComingBack: who connects anew while his old connection still seems to stand
// is another source, for his browser counts its packets anew; and the old one says
// nothing any more.
func TestComingBack(t *testing.T) {
	x := New(Options{Us: "alder", Others: []parley.PartyCode{"birch"}, Run: 1, Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Send: func(parley.PartyCode, []byte) {}, Paths: func(parley.PartyCode) []trunk.Path { return nil }, Changed: func() {}, Through: func(time.Time) {}})
	var id uint64
	err := x.Do(func(r *call.Room) (err error) {
		id, err = r.Enter(call.Person{Name: "Ruiz", Role: contact.Delegate, Place: call.Floor})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	voice := func() uint64 { return x.View().State.Halves["alder"].Person(id).Voice }
	old, now := &phone{played: map[uint32]int{}}, &phone{played: map[uint32]int{}}
	if err := x.Join(id, old, false, false); err != nil {
		t.Fatal(err)
	}
	was := voice()
	if err := x.Join(id, now, false, false); err != nil {
		t.Fatal(err)
	}
	if v := voice(); v == was || v == 0 {
		t.Errorf("the voice is %d, and was %d", v, was)
	}
	if !old.closed || now.closed {
		t.Errorf("closed: the old one %v, the new one %v", old.closed, now.closed)
	}
	x.Gone(id, old) // late news of the old connection
	if x.View().State.Halves["alder"].Person(id).Away {
		t.Error("he is away for the end of his old connection")
	}
}
