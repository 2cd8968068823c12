package station

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/call/pace"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/wire"
)

// Keep-alive of spec/sessions.md, 5. How often to ping is the annex's.
const (
	minSuspect = 5 * time.Second
	quietLimit = 10 * time.Second
	helloLimit = 10 * time.Second
)

// session is one connection that carries one line to one peer.
type session struct {
	node   *network
	id     line.PathID
	conn   bearer.Conn
	name   string // of the bearer
	line   *liveLine
	peer   parley.PartyCode
	dialed bool

	lastNo   wire.Refusal // the last refusal logged; owned by serve
	lastNoAt time.Time

	mu     sync.Mutex
	up     time.Time
	heard  time.Time
	voiced time.Time // when a datagram of a call last came; no frame is proved to come by it
	rtt    time.Duration
	clock  time.Duration // their clock less ours
	state  wire.PongState
	said   time.Time           // when they said state
	theirs parley.GenerationID // whose epoch secret they have shown; zero: none yet
	pings  map[uint64]time.Time
	token  uint64
	shown  [2]parley.GenerationID // of our last auth: ours, theirs

	beats   *time.Timer // the next beat; nil before serve
	beating atomic.Bool // one is under way
	done    bool        // our proof is sent; owned by beat
	next    time.Time   // when the next ping is due; under mu, as is what follows
	pinged  time.Time   // when the last went
	busy    time.Time   // when a frame that is neither ping nor pong last came

	wants  chan *wire.Want // served one after the other
	served atomic.Bool     // somebody serves them
	talk   int             // frames besides those of the logs in the second from since
	since  time.Time       // owned by serve, as talk is
	halves pace.Bucket     // likewise: of calls
	chats  pace.Bucket     // likewise
}

// pingEvery is the keep-alive of the annex in force.
func (l *liveLine) pingEvery() time.Duration { return l.annex().KeepAlive() }

// suspectAfter is how long a path may be silent before it is dialed beside.
func (l *liveLine) suspectAfter() time.Duration {
	return max(minSuspect, l.pingEvery()+2*time.Second)
}

// serve runs an accepted or dialed connection until it ends. first is the
// hello when it has been read already.
func (s *session) serve(ctx context.Context, first *wire.Hello, size int) error {
	s.line.runner.tell(ctx, line.PathUp{Path: s.id, Peer: s.peer})
	defer s.line.runner.tell(ctx, line.PathDown{Path: s.id}) // with this ctx: that of the session has ended by then
	if first != nil {
		s.line.runner.hear(ctx, s.peer, line.FrameIn{Path: s.id, Frame: first, Size: size})
	}
	if err := s.line.stands(s.peer, s.conn.PeerKey()); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.keepAlive(ctx)
	defer s.beats.Stop()
	s.hearMedia()
	for {
		b, err := s.conn.Recv(ctx)
		if err != nil {
			return err
		}
		call := isCallFrame(b)
		if s.hears(call); call {
			if err := s.callIn(b); err != nil {
				return err
			}
			continue
		}
		f, err := wire.Parse(b)
		if err != nil {
			return err // a peer that cannot speak is cut off, and may try again
		}
		if err := s.take(ctx, f, len(b)); err != nil {
			return err
		}
	}
}

// hears notes that something came; busy says that it is more than the keep-alive.
func (s *session) hears(busy bool) {
	now := s.node.now()
	s.mu.Lock()
	if s.heard = now; busy {
		s.busy = now
	}
	s.mu.Unlock()
}

// talkative is how many frames besides those of the logs a peer sends in a
// second before each further one costs it talkPause.
const (
	talkative = 200
	talkPause = 10 * time.Millisecond
)

// slow holds back a peer that talks too much of what costs it no quota.
func (s *session) slow(ctx context.Context, f wire.Frame) {
	switch f.(type) {
	case *wire.Ping, *wire.Pong, *wire.Auth, *wire.Want, *wire.Refusal, *wire.Unknown:
	default:
		return
	}
	if now := s.node.now(); now.Sub(s.since) >= time.Second || now.Before(s.since) {
		s.since, s.talk = now, 0
	}
	if s.talk++; s.talk > talkative {
		sleep(ctx, talkPause)
	}
}

// noteBusy notes that something but the keep-alive came.
func (s *session) noteBusy(f wire.Frame) {
	switch f.(type) {
	case *wire.Ping, *wire.Pong:
	default:
		s.hears(true)
	}
}

func (s *session) take(ctx context.Context, f wire.Frame, size int) error {
	s.slow(ctx, f)
	s.noteBusy(f)
	switch f := f.(type) {
	case *wire.Ping:
		s.pingIn(f)
	case *wire.Pong:
		s.pong(f)
	case *wire.Auth:
		return s.authIn(ctx, f)
	case *wire.Want:
		select {
		case s.wants <- f:
			s.line.blobs.serve(ctx, s)
		default: // it asks again
		}
	case *wire.Chunk:
		s.line.blobs.chunkIn(s, f)
	case *wire.Refusal:
		if f.Kind == parley.Unavailable {
			s.node.noteWords(s.line.id, f.Text, s.node.now())
		}
		s.refused(f)
	case *wire.Unknown:
	default:
		s.line.runner.hear(ctx, s.peer, line.FrameIn{Path: s.id, Frame: f, Size: size})
		if s.line.runner.overQuota(s.peer) {
			sleep(ctx, overPause) // it is passed over; the bearer holds the peer back
		}
	}
	return nil
}

// overPause is how long a session rests after each frame of a peer that is over
// its quota.
const overPause = 50 * time.Millisecond

// refused notes a refusal in the log of the station: one a second, and each once
// a minute, for a peer may repeat itself.
func (s *session) refused(f *wire.Refusal) {
	now := s.node.now()
	if age := now.Sub(s.lastNoAt); age < time.Second || s.lastNo == *f && age < time.Minute {
		return
	}
	s.lastNo, s.lastNoAt = *f, now
	s.node.log.Info("the other station refused something", "peer", s.peer, "kind", f.Kind, "text", f.Text)
}

func (s *session) send(c bearer.Class, f wire.Frame) error {
	b, err := wire.Marshal(f)
	if err != nil {
		return err
	}
	return s.conn.Send(c, b)
}

// keepAlive pings, proves the session once both sides can, and closes what has
// been silent for too long, until ctx ends. It has no goroutine between two beats.
func (s *session) keepAlive(ctx context.Context) {
	s.beats = time.AfterFunc(time.Hour, func() {
		if !s.beating.CompareAndSwap(false, true) {
			return // it says itself when the next is
		}
		defer s.beating.Store(false)
		if wait := s.beat(ctx); wait > 0 && ctx.Err() == nil {
			s.beats.Reset(wait)
		}
	})
	s.beats.Reset(time.Millisecond)
}

// Beats are so far apart at most: until the other side has spoken and has our proof,
// and afterwards, for an annex or a clock may move what the next one waits for.
const (
	beatOften  = 250 * time.Millisecond
	beatSeldom = 2 * time.Second
)

// beat does what is due, and returns when the next is: the next ping, or the end of
// patience. After the end it returns 0.
func (s *session) beat(ctx context.Context) time.Duration {
	now := s.node.now()
	s.mu.Lock()
	quiet, met, next := now.Sub(s.heard), s.heard.After(s.up), s.next
	s.mu.Unlock()
	if ctx.Err() != nil || s.conn.Err() != nil {
		return 0
	}
	if quiet >= quietLimit {
		s.conn.Close(parley.Errorf(parley.Unavailable, "no answer for %d s", int(quiet.Seconds())))
		return 0
	}
	if due := met && !now.Before(next); due || met && !s.done { // the hello goes first
		if due {
			next = now.Add(s.line.pingEvery())
			s.ping(now, next)
		}
		s.done = s.authOut(ctx)
	}
	if !met || !s.done {
		return beatOften
	}
	return min(max(min(next.Sub(now), quietLimit-quiet), 0)+time.Millisecond, beatSeldom)
}

// pingIn answers a ping. At rest the side that dialed asks, and the other is content
// with being asked (spec/sessions.md, 5): it asks by itself only now and then, with an
// answer, and when it is asked no more.
func (s *session) pingIn(f *wire.Ping) {
	now := s.node.now()
	s.send(bearer.Control, &wire.Pong{Token: f.Token, Time: uint64(now.UnixMilli()), State: s.line.sayState()})
	every := s.line.pingEvery()
	s.mu.Lock()
	wait := !s.dialed && now.Sub(s.busy) >= restAfter
	patience := asksEach*every - every/2
	if s.said.Before(s.pinged) { // the last was not answered
		patience = every
	}
	ask := wait && now.Sub(s.pinged) >= patience
	if wait {
		s.next = now.Add(every + every/2)
	}
	next := s.next
	s.mu.Unlock()
	if ask {
		s.ping(now, next)
	}
	if wait && s.beats != nil {
		s.beats.Reset(next.Sub(now))
	}
}

// asksEach is how many keep-alives apart a side that is asked asks itself.
const asksEach = 4

// ping asks; next is when the next ping is due.
func (s *session) ping(now, next time.Time) {
	s.mu.Lock()
	s.pinged, s.next = now, next
	s.token++
	tok := s.token
	s.pings[tok] = now
	for t := range s.pings {
		if t+16 < tok {
			delete(s.pings, t)
		}
	}
	s.mu.Unlock()
	s.send(bearer.Control, &wire.Ping{Token: tok, Time: uint64(now.UnixMilli())})
}

func (s *session) pong(f *wire.Pong) {
	now := s.node.now()
	s.mu.Lock()
	sent, ok := s.pings[f.Token]
	if ok {
		delete(s.pings, f.Token)
		s.rtt = now.Sub(sent)
		s.clock = time.UnixMilli(int64(min(f.Time, 1<<52))).Sub(sent.Add(s.rtt / 2))
		s.state, s.said = f.State, now
	}
	clock := s.clock
	s.mu.Unlock()
	if ok {
		s.line.noteClock(s.peer, clock)
		s.node.noteWords(s.line.id, f.State.Stopping, now)
		s.line.proved(now)
	}
}

// authOut proves to the other side that we hold the secrets of current epochs:
// once, and again when a generation has come in force on either side. It reports
// whether that is done.
func (s *session) authOut(ctx context.Context) bool {
	st := s.line.runner.Status()
	theirs := s.line.newest(s.peer).Gen
	s.mu.Lock()
	shown := s.shown == [2]parley.GenerationID{st.Own, theirs}
	s.mu.Unlock()
	if shown {
		return true
	}
	var a *wire.Auth
	err := s.line.runner.do(ctx, request{ask: func(e *line.Engine) {
		secret, ours, theirs, ok := e.SessionSecret(s.peer)
		if ok {
			a = &wire.Auth{MAC: sessionMAC(secret, s.line.us, s.conn.Exporter()),
				Own: wire.EpochOf{Gen: ours.Gen, Epoch: ours.Epoch}, Theirs: wire.EpochOf{Gen: theirs.Gen, Epoch: theirs.Epoch}}
		}
	}})
	if err != nil || a == nil || s.send(bearer.Control, a) != nil {
		return false
	}
	s.mu.Lock()
	s.shown = [2]parley.GenerationID{a.Own.Gen, a.Theirs.Gen}
	s.mu.Unlock()
	s.line.runner.tell(ctx, line.PathProved{Path: s.id, Ours: a.Own.Gen})
	return true
}

// authIn checks the other side's proof. Epochs that we do not hold (yet) prove
// nothing either way; a wrong MAC ends the session. The engine hears of a proof
// before any frame that came after it.
func (s *session) authIn(ctx context.Context, f *wire.Auth) error {
	var want [32]byte
	known := false
	err := s.line.runner.do(ctx, request{ask: func(e *line.Engine) {
		secret, ok := e.SecretOf(s.peer, line.EpochName{Gen: f.Theirs.Gen, Epoch: f.Theirs.Epoch}, line.EpochName{Gen: f.Own.Gen, Epoch: f.Own.Epoch})
		if known = ok; ok {
			want = sessionMAC(secret, s.peer, s.conn.Exporter())
		}
	}})
	if err != nil || !known {
		return err
	}
	if !hmac.Equal(want[:], f.MAC[:]) {
		return parley.Errorf(parley.BadSignature, "%s does not hold the secrets of the line: its session is not what it claims", s.peer)
	}
	s.mu.Lock()
	s.theirs = f.Own.Gen
	s.mu.Unlock()
	s.line.runner.tell(ctx, line.PathProved{Path: s.id, Theirs: f.Own.Gen})
	return nil
}

// sessionMAC is the mac of an auth frame by sender.
func sessionMAC(secret [32]byte, sender parley.PartyCode, exporter [32]byte) (mac [32]byte) {
	k := key.Expand(&secret, []byte("session"))
	m := hmac.New(sha256.New, k[:])
	m.Write(wire.Encode([]any{string(sender), exporter[:]}))
	copy(mac[:], m.Sum(nil))
	return mac
}

// snapshot returns what a desk may show of the session.
func (s *session) snapshot() Path {
	p, st := s.brief(), s.conn.Stats()
	p.Address, p.BytesIn, p.BytesOut = s.conn.RemoteAddr(), st.BytesIn, st.BytesOut
	return p
}

// brief is snapshot without what the connection must be asked for.
func (s *session) brief() Path {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Path{Name: s.name, Peer: s.peer, Up: s.node.now().Sub(s.heard) < quietLimit, RTT: s.rtt, Heard: s.heard, Since: s.up, Proved: s.theirs != parley.GenerationID{}}
}
