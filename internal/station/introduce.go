package station

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/wire"
)

// A station that lost everything comes with a TLS key that nobody has pinned.
// On such a path a station takes two frames, the hello and the certificate of
// the new generation (spec/recovery.md, 3), and nothing else; it pins the key
// when the certificate is under the party's root key and binds it, and closes
// the path: the next one is pinned. Whoever is a stranger learns nothing but
// that somebody listens.

// What a guest, whose key is pinned nowhere, may cost.
const (
	guestsInside   = 4               // at once; the longest inside makes room for the next
	guestsFrom     = 2               // at once from one address (IPv6: one /64)
	guestBurst     = 8               // visits of one address, and
	guestEvery     = 2 * time.Second // one more after each of these
	guestPrefixes  = 1024            // addresses remembered
	guestTime      = 4 * time.Second // of one visit
	guestFrames    = 8
	guestBytes     = 96 << 10 // of all its frames
	introducedADay = 4        // new keys of one party (as spec/bounds.md, 10)
)

// errIntroduced ends a path on which the other side was introduced.
var errIntroduced = parley.Errorf(parley.Unavailable, "introduced: the next connection is let in")

// lobby bounds those who come with a key that is not pinned.
type lobby struct {
	now func() time.Time

	mu     sync.Mutex
	guests []*guest // the longest inside first
	visits map[netip.Prefix]*visits
}

type guest struct {
	from netip.Prefix
	away func()
}

// visits is a bucket of tokens.
type visits struct {
	left float64
	at   time.Time
}

func newLobby(now func() time.Time) *lobby {
	return &lobby{now: now, visits: map[netip.Prefix]*visits{}}
}

// come lets a guest in and returns what to call when it has gone; nil means
// turned away. away ends its connection when it has to make room.
func (b *lobby) come(remote string, away func()) (gone func()) {
	g := &guest{prefixOf(remote), away}
	b.mu.Lock()
	defer b.mu.Unlock()
	same := 0
	for _, o := range b.guests {
		if o.from == g.from {
			same++
		}
	}
	if same >= guestsFrom || !b.spend(g.from) {
		return nil
	}
	if len(b.guests) >= guestsInside {
		oldest := b.guests[0]
		b.remove(oldest)
		go oldest.away() // a close waits for the connection
	}
	b.guests = append(b.guests, g)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.remove(g)
	}
}

func (b *lobby) remove(g *guest) {
	for i, o := range b.guests {
		if o == g {
			b.guests = append(b.guests[:i:i], b.guests[i+1:]...)
			return
		}
	}
}

// spend takes one visit of an address. Addresses whose bucket is full again
// are forgotten; when too many are not, no new one comes in for now.
func (b *lobby) spend(from netip.Prefix) bool {
	now := b.now()
	v := b.visits[from]
	if v == nil {
		if len(b.visits) >= guestPrefixes {
			for p, o := range b.visits {
				if now.Sub(o.at) >= guestBurst*guestEvery {
					delete(b.visits, p)
				}
			}
		}
		if len(b.visits) >= guestPrefixes {
			return false
		}
		v = &visits{left: guestBurst, at: now}
		b.visits[from] = v
	}
	v.left = min(guestBurst, v.left+max(0, now.Sub(v.at).Seconds())/guestEvery.Seconds())
	v.at = now
	if v.left < 1 {
		return false
	}
	v.left--
	return true
}

// prefixOf is the part of an address that one sender is taken to own.
func prefixOf(remote string) netip.Prefix {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// linesOf counts the lines on which a TLS key is pinned.
func (n *network) linesOf(k [32]byte) (count int) {
	n.mu.Lock()
	ls := make([]*liveLine, 0, len(n.lines))
	for _, l := range n.lines {
		ls = append(ls, l)
	}
	n.mu.Unlock()
	for _, l := range ls {
		if slices.ContainsFunc(l.peers(), func(p parley.PartyCode) bool { return l.pinned(p, k) }) {
			count++
		}
	}
	return count
}

// allowed lets every key through the handshake while there is a line: one that
// is pinned nowhere gets no further than the lobby.
func (n *network) allowed(k [32]byte) bool {
	if n.linesOf(k) > 0 {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.lines) > 0
}

// receive takes the introduction of a guest whose hello has been read, and
// introduces us to it in turn where it may not know our key either.
func (n *network) receive(ctx context.Context, l *liveLine, h *wire.Hello, size int, c bearer.Conn) error {
	if err := n.introducedBy(ctx, l, h.Party, guestBytes-size, c); err != nil {
		if parley.KindOf(err) == parley.Rewind {
			n.remind(ctx, l, h.Party, c)
		}
		return err
	}
	n.introduceTo(ctx, l, c)
	return errIntroduced
}

// visit is what a dialer does that finds another key than the pinned one: it
// introduces itself, for they may both have lost everything, and takes the
// other side's introduction. The error is errIntroduced when that was good.
func (n *network) visit(ctx context.Context, l *liveLine, peer parley.PartyCode, c bearer.Conn) error {
	ctx, stop := context.WithTimeout(ctx, guestTime)
	defer stop()
	say(c, l.guestHello())
	if f := l.introduction(); f != nil {
		say(c, f)
	}
	h, size, err := readHello(ctx, c)
	if err == nil && (h.Line != l.id || h.Party != peer) {
		err = parley.Errorf(parley.WrongLine, "it is %s on line %s", h.Party, h.Line)
	}
	if err == nil {
		err = n.introducedBy(ctx, l, peer, guestBytes-size, c)
	}
	if parley.KindOf(err) == parley.Rewind {
		n.remind(ctx, l, peer, c)
	}
	if err != nil {
		return err
	}
	return errIntroduced
}

// introducedBy reads frames of a party's station until its certificate, and
// pins the key of the connection by it.
func (n *network) introducedBy(ctx context.Context, l *liveLine, party parley.PartyCode, left int, c bearer.Conn) error {
	for range guestFrames {
		b, err := c.Recv(ctx)
		if err != nil {
			return err
		}
		if left -= len(b); left < 0 {
			return parley.Errorf(parley.Oversize, "more than a hello and a certificate")
		}
		f, err := wire.Parse(b)
		if err != nil {
			return err
		}
		cert, ok := f.(*wire.Certificate)
		if !ok {
			continue
		}
		if err := l.meet(party, cert.Bytes, c.PeerKey()); err != nil {
			return err
		}
		n.log.Info("a new station was introduced by its root key", "party", party, "from", c.RemoteAddr())
		l.changed("path")
		return nil
	}
	return parley.Errorf(parley.Malformed, "no certificate among the first frames")
}

// meet pins the key that a certificate of party binds, a few times a day.
func (l *liveLine) meet(party parley.PartyCode, cert []byte, key [32]byte) error {
	l.mu.Lock()
	day := l.now().Unix() / 86_400
	if l.metOn != day {
		l.metOn, l.met = day, map[parley.PartyCode]int{}
	}
	n := l.met[party]
	l.mu.Unlock()
	if n >= introducedADay {
		return parley.Errorf(parley.Quota, "%s was introduced %d times today", party, n)
	}
	c, err := l.introduced(cert, key)
	if err != nil {
		return err
	}
	if c.Party != party {
		return parley.Errorf(parley.WrongParty, "a station that says it is %s shows a certificate of %s", party, c.Party)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.met[party]++
	return nil
}

// introduceTo sends our introduction, where we have one.
func (n *network) introduceTo(ctx context.Context, l *liveLine, c bearer.Conn) {
	if f := l.introduction(); f != nil {
		l.tellGuest(ctx, c, f)
	}
}

// remind shows a station its own newer certificate, which a loss made it
// forget: only its root key could have made the one that it came with.
func (n *network) remind(ctx context.Context, l *liveLine, party parley.PartyCode, c bearer.Conn) {
	l.tellGuest(ctx, c, &wire.Certificate{Bytes: l.newest(party).Cert})
}

// tellGuest says hello and one frame, and gives the other side a moment to take
// them: a close flushes nothing.
func (l *liveLine) tellGuest(ctx context.Context, c bearer.Conn, f wire.Frame) {
	say(c, l.guestHello())
	say(c, f)
	select {
	case <-c.Done():
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}

func say(c bearer.Conn, f wire.Frame) {
	if b, err := wire.Marshal(f); err == nil {
		c.Send(bearer.Control, b) // one that does not arrive is said again at the next dial
	}
}

// guestHello says who we are, and nothing of what we hold.
func (l *liveLine) guestHello() *wire.Hello {
	return &wire.Hello{Version: 1, Line: l.id, Party: l.us, Gen: l.runner.Status().Own, Time: uint64(max(1, l.now().Unix())), Held: wire.Held{}}
}
