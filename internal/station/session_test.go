package station

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/call"
	"parley/internal/call/exchange"
	"parley/internal/call/trunk"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/said"
	"parley/internal/wire"
)

// cable is a connection over which nothing comes. Its end waits for whoever hears
// its datagrams, as that of a bearer does.
type cable struct {
	bearer.Conn
	sent  func(b []byte) // told of each frame that is sent; nil: nothing can be
	hears func()         // what who hears it does at the moment of its end; nil: nobody does
	once  sync.Once
}

var errCable = parley.Errorf(parley.Unavailable, "the cable was cut")

func (c *cable) Recv(context.Context) ([]byte, error) { return nil, errCable }
func (c *cable) HearDatagrams(func([]byte)) error     { return nil }
func (c *cable) PeerKey() [32]byte                    { return [32]byte{} }
func (c *cable) Done() <-chan struct{}                { return nil }
func (c *cable) Err() error                           { return errCable }
func (c *cable) Queued(bearer.Class) int              { return 0 }
func (c *cable) Send(_ bearer.Class, b []byte) error {
	if c.sent == nil {
		return errCable
	}
	c.sent(b)
	return nil
}
func (c *cable) Close(error) error {
	c.once.Do(func() {
		if c.hears != nil {
			c.hears()
		}
	})
	return nil
}

// cabled is a network with one line, whose owner takes nothing.
func cabled() (*network, *liveLine) {
	n := &network{log: slog.New(slog.DiscardHandler), now: time.Now, sessions: map[line.PathID]*session{}, ofLine: map[parley.LineID]map[line.PathID]*session{},
		trouble: map[pathKey]trouble{}, heardAt: map[pathKey]time.Time{}}
	l := &liveLine{id: parley.LineID{1}, us: "alder", now: time.Now, emit: func(string, string, string) {},
		runner: &runner{in: newMailbox[request](1024), done: make(chan struct{})}}
	return n, l
}

// TestOwnerHearsOfEveryEnd has connections come and go: of each one that came the
// owner of the line hears that it went. Else the engine takes a peer for reached that
// is not, and keeps of every connection that there ever was.
func TestOwnerHearsOfEveryEnd(t *testing.T) {
	t.Parallel()
	n, l := cabled()
	const times = 64
	for range times {
		s := n.open(l, "birch", "QUIC", &cable{}, false)
		n.finish(s, s.serve(context.Background(), nil, 0))
	}
	up, down := 0, 0
	for l.runner.in.len() > 0 {
		q, _ := l.runner.in.take()
		for _, e := range q.events {
			switch e.(type) {
			case line.PathUp:
				up++
			case line.PathDown:
				down++
			}
		}
	}
	if up != times || down != times {
		t.Errorf("%d paths were up and %d down, of %d", up, down, times)
	}
}

// TestAnotherTakesItsPlace has a connection take the place of one whose datagrams are
// being heard: who hears them may ask for the paths of the line, and the end of the
// connection waits for him.
func TestAnotherTakesItsPlace(t *testing.T) {
	t.Parallel()
	n, l := cabled()
	heard := make(chan struct{})
	n.open(l, "birch", "QUIC", &cable{hears: func() {
		go func() { n.trunkPaths(l.id, "birch"); close(heard) }()
		select {
		case <-heard:
		case <-time.After(5 * time.Second):
			t.Error("who hears a datagram waits for the end of its connection, which waits for him")
		}
	}}, false)
	if n.open(l, "birch", "QUIC", &cable{}, false) == nil {
		t.Error("the newer connection went")
	}
	<-heard
	if got := len(n.to(l.id, "birch")); got != 1 {
		t.Errorf("%d sessions of one path", got)
	}
}

// TestToldAfterAFailure: what our own side cannot be asked for now is told as soon as it
// can.
func TestToldAfterAFailure(t *testing.T) {
	t.Parallel()
	_, l := cabled()
	storage, err := key.StorageFromSeed(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	open := func() *own.Store {
		s, err := own.Open(filepath.Join(t.TempDir(), "own.db"), storage)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := &Station{own: open()}
	c := newClerk(s, l)
	e := &said.Entry{Ref: parley.Ref{Gen: parley.GenerationID{1}, Index: 1}, Party: "birch", Time: time.Now()}
	s.own.Close()
	if err := c.soundOnce("draft-here", e, "it is here"); err == nil || len(c.sounds) != 0 {
		t.Fatalf("%d sound, %v", len(c.sounds), err)
	}
	s.own = open()
	defer s.own.Close()
	for range 2 {
		if err := c.soundOnce("draft-here", e, "it is here"); err != nil || len(c.sounds) != 1 {
			t.Errorf("%d sound, %v", len(c.sounds), err)
		}
	}
}

// TestChatStaysOnTheCall: on a line of three what the interpreters of two write goes to
// the other side of the call alone, and what the third writes is not shown.
func TestChatStaysOnTheCall(t *testing.T) {
	t.Parallel()
	n, l := cabled()
	l.founding = &charter.Founding{}
	got := map[parley.PartyCode]int{}
	for _, p := range []parley.PartyCode{"birch", "cedar"} {
		s := n.open(l, p, "QUIC", &cable{sent: func([]byte) { got[p]++ }}, false)
		s.theirs, s.shown[0] = parley.GenerationID{1}, parley.GenerationID{1}
	}
	s := &Station{net: n, now: time.Now, lines: map[parley.LineID]*liveLine{l.id: l}, calling: callDesk{of: map[parley.LineID]*liveCall{}}}
	c := &liveCall{line: l, x: exchange.New(exchange.Options{Us: "alder", Others: []parley.PartyCode{"birch"}, Now: time.Now, Changed: func() {},
		Paths: func(parley.PartyCode) []trunk.Path { return nil }})}
	s.calling.of[l.id] = c
	at := CallSeat{Line: l.id.String()}
	if err := c.x.Do(func(r *call.Room) (err error) {
		at.Person, err = r.Enter(call.Person{Name: "Ada", Role: contact.Interpreter})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.SayInChat(context.Background(), at, "what was that?"); err != nil {
		t.Fatal(err)
	}
	if got["birch"] != 1 || got["cedar"] != 0 {
		t.Errorf("it went to %v", got)
	}
	for i, p := range []parley.PartyCode{"birch", "cedar"} {
		s.chatIn(l, p, wire.Encode(&chatLine{Number: uint64(i + 1), Name: string(p), Text: "hear me", Call: uint64(call.Number(c.ref))}))
	}
	if len(c.chat) != 2 || c.chat[1].Party != "birch" {
		t.Errorf("shown: %+v", c.chat)
	}
	// What comes late of the call before is no line of this one; a station that names
	// no call is taken to mean the one that runs.
	s.chatIn(l, "birch", wire.Encode(&chatLine{Number: 3, Name: "Wu", Text: "of the call before", Call: uint64(call.Number(parley.Ref{Index: 7}))}))
	if len(c.chat) != 2 {
		t.Errorf("a line of another call is shown: %+v", c.chat)
	}
	s.chatIn(l, "birch", wire.Encode(&namelessLine{Number: 4, Name: "Wu", Text: "of no call"}))
	if len(c.chat) != 3 {
		t.Errorf("shown: %+v", c.chat)
	}
}

// TestGuestHoldsUpNobody: somebody who comes with a link while an act on a call waits for
// the disk does not keep packets of calls waiting.
func TestGuestHoldsUpNobody(t *testing.T) {
	t.Parallel()
	_, l := cabled()
	l.founding = &charter.Founding{}
	c := &liveCall{line: l}
	s := &Station{calling: callDesk{of: map[parley.LineID]*liveCall{l.id: c}}}
	c.mu.Lock()
	came := make(chan error, 1)
	go func() { _, err := s.JoinAsGuest(context.Background(), "a link"); came <- err }()
	time.Sleep(50 * time.Millisecond)
	heard := make(chan error, 1)
	go func() { _, err := s.liveCall(l); heard <- err }()
	select {
	case err := <-heard:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("packets wait for an act on the call")
	}
	c.mu.Unlock()
	if err := <-came; parley.KindOf(err) != parley.NotFound {
		t.Errorf("a link that is none: %v", err)
	}
}

// TestTurnOfAGiantYear: a side that claims the floor at a moment that no format can
// carry does not take the page of the call with it.
func TestTurnOfAGiantYear(t *testing.T) {
	t.Parallel()
	_, l := cabled()
	l.founding = &charter.Founding{}
	s := &Station{now: time.Now, lines: map[parley.LineID]*liveLine{l.id: l}, calling: callDesk{of: map[parley.LineID]*liveCall{}}}
	c := &liveCall{line: l, ring: &call.Ring{}, x: exchange.New(exchange.Options{Us: "alder", Others: []parley.PartyCode{"birch"}, Now: time.Now, Changed: func() {},
		Paths: func(parley.PartyCode) []trunk.Path { return nil }})}
	s.calling.of[l.id] = c
	half := &call.Half{Party: "birch", Run: 1, Number: 1, Clock: 1 << 52, Turn: call.Turn{Number: 1, Person: 1, At: 1 << 52},
		People: []call.Person{{ID: 1, Name: "Wu", Role: contact.Principal, Place: call.Floor}}}
	if err := c.x.HalfIn("birch", half.Encode()); err != nil {
		t.Fatal(err)
	}
	r, err := s.CallRoom(context.Background(), CallSeat{Line: l.id.String()})
	if err != nil || r.Turn == nil || r.Turn.Name != "Wu" {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// TestVoiceKeepsPath: a path of which no frame comes is dialed beside, but not while
// voice comes on it.
func TestVoiceKeepsPath(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	a.waitUp(line)
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "QUIC is up", func() bool { return l.net.find(l.id, "birch", "QUIC") != nil })
	s := l.net.find(l.id, "birch", "QUIC")
	alive := func(heard, voiced time.Duration) time.Duration {
		now := l.now()
		s.mu.Lock()
		defer s.mu.Unlock()
		was := s.heard
		defer func() { s.heard, s.voiced = was, time.Time{} }()
		s.heard, s.voiced = now.Add(-heard), now.Add(-voiced)
		s.mu.Unlock()
		defer s.mu.Lock()
		return l.net.aliveFor(l.id, "birch", "QUIC")
	}
	const long = time.Hour
	if d := alive(long, long); d != 0 {
		t.Errorf("of which nothing comes: needs no dial for %v", d)
	}
	if d := alive(long, 0); d <= 0 {
		t.Error("on which voice comes is dialed beside")
	}
	if d := alive(0, long); d <= 0 {
		t.Error("of which frames come is dialed beside")
	}
}
