package station

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/line"
	"parley/internal/wire"
)

// network owns every connection of a station: it listens, dials what is not
// up, and hands frames between sessions and lines.
type network struct {
	bearers []bearer.Bearer
	listen  map[string]string // bearer name -> address
	log     *slog.Logger
	now     func() time.Time
	life    context.Context // of sessions: it outlives Run's by a goodbye
	end     context.CancelFunc
	ids     atomic.Uint64
	lobby   *lobby

	halfIn  func(l *liveLine, from parley.PartyCode, b []byte) // of calls
	mediaIn func(l *liveLine, from parley.PartyCode, path string, b []byte)
	chatIn  func(l *liveLine, from parley.PartyCode, b []byte)

	mu       sync.Mutex
	lines    map[parley.LineID]*liveLine
	sessions map[line.PathID]*session
	ofLine   map[parley.LineID]map[line.PathID]*session // the same, by line
	cut      map[cutKey]bool
	trouble  map[pathKey]trouble // why a path is down, as measured here
	heardAt  map[pathKey]time.Time
	words    map[parley.LineID]lastWords // why they said they would stop
	bound    map[string]string           // bearer name -> address listened on
	unbound  map[string]error
	arrivals map[[32]byte]*arrivals    // of proved connections, by key
	ends     map[pathKey]chan struct{} // tells whoever dials a path that its session ended
	wg       sync.WaitGroup
}

// Every connection costs a handshake and a session. One whose key comes more
// often than that in a second, for each line that it is pinned on, waits before
// it is welcomed, and holds a seat at the door meanwhile.
const (
	arrivalsAtOnce = 8
	arrivalPause   = 500 * time.Millisecond
)

// arrivals counts the connections of one key in the second from since.
type arrivals struct {
	since time.Time
	n     int
}

// hurry makes a key that connects too often for its lines wait.
func (n *network) hurry(ctx context.Context, k [32]byte, lines int) {
	now := n.now()
	n.mu.Lock()
	a := n.arrivals[k]
	if a == nil || now.Sub(a.since) >= time.Second || now.Before(a.since) {
		if n.arrivals == nil || len(n.arrivals) > 1024 {
			n.arrivals = map[[32]byte]*arrivals{}
		}
		a = &arrivals{since: now}
		n.arrivals[k] = a
	}
	a.n++
	wait := a.n > arrivalsAtOnce*lines
	n.mu.Unlock()
	if wait {
		sleep(ctx, arrivalPause)
	}
}

type cutKey struct {
	line   parley.LineID
	bearer string
}

type pathKey struct {
	line   parley.LineID
	peer   parley.PartyCode
	bearer string
}

type lastWords struct {
	why string
	at  time.Time
}

type trouble struct {
	err error
	at  time.Time
}

// run listens and dials until ctx ends, and waits for every session.
func (n *network) run(ctx context.Context) {
	for _, b := range n.bearers {
		if addr := n.listen[b.Name()]; addr != "" {
			n.wg.Add(1)
			go func() { defer n.wg.Done(); n.accept(ctx, b, addr) }()
		}
	}
	<-ctx.Done()
	n.goodbye()
	time.Sleep(100 * time.Millisecond) // a close flushes nothing
	n.end()
	n.closeAll(errStopped)
	n.wg.Wait()
}

// accept listens on one bearer, and again after a second when that fails.
func (n *network) accept(ctx context.Context, b bearer.Bearer, addr string) {
	for ctx.Err() == nil {
		l, err := b.Listen(ctx, addr)
		n.mu.Lock()
		n.unbound[b.Name()] = err
		if err == nil {
			n.bound[b.Name()] = l.Addr()
		}
		n.mu.Unlock()
		if err != nil {
			n.log.Error("cannot listen", "path", b.Name(), "address", addr, "err", err)
			sleep(ctx, time.Second)
			continue
		}
		for {
			c, err := l.Accept(ctx)
			if err != nil {
				break
			}
			n.wg.Add(1)
			go func() { defer n.wg.Done(); n.welcome(ctx, b.Name(), c) }()
		}
		l.Close()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// welcome reads the hello of a connection that came in, and finds its line.
func (n *network) welcome(ctx context.Context, name string, c bearer.Conn) {
	hctx, stop := context.WithTimeout(ctx, helloLimit)
	defer stop()
	lines, leave := n.linesOf(c.PeerKey()), func() {}
	guest := lines == 0
	if guest {
		var ok bool
		if hctx, leave, ok = n.admit(hctx, c); !ok {
			return
		}
	}
	defer func() { leave() }() // it may be told twice
	if !guest {
		n.hurry(ctx, c.PeerKey(), lines)
	}
	h, size, err := readHello(hctx, c)
	if err != nil {
		n.log.Debug("a connection did not begin with a hello", "path", name, "from", c.RemoteAddr(), "err", err)
		c.Close(err)
		return
	}
	l := n.line(h.Line)
	switch {
	case l != nil && l.pinned(h.Party, c.PeerKey()):
		stop()
		leave()
		if s := n.open(l, h.Party, name, c, false); s != nil {
			n.finish(s, s.serve(n.life, h, size))
		}
		return
	case l != nil && slices.Contains(l.peers(), h.Party):
		if !guest { // pinned on another line: a guest on this one
			var ok bool
			if hctx, leave, ok = n.admit(hctx, c); !ok {
				return
			}
		}
		err = n.receive(hctx, l, h, size, c)
	default:
		err = parley.Errorf(parley.WrongLine, "no line of that name with that key")
	}
	n.log.Debug("a connection is of no line of ours", "path", name, "from", c.RemoteAddr(), "line", h.Line, "party", h.Party, "err", err)
	c.Close(err) // a stranger learns no more
}

// admit lets a guest into the lobby; ok is false where it was turned away.
func (n *network) admit(ctx context.Context, c bearer.Conn) (_ context.Context, leave func(), ok bool) {
	gone := n.lobby.come(c.RemoteAddr(), func() { c.Close(parley.Errorf(parley.Quota, "made room for another stranger")) })
	if gone == nil {
		c.Close(parley.Errorf(parley.Quota, "too many strangers from there"))
		return ctx, func() {}, false
	}
	ctx, stop := context.WithTimeout(ctx, guestTime)
	return ctx, func() { stop(); gone() }, true
}

// readHello reads up to a few frames until the hello: what goes before it is
// passed over (spec/frames.md).
func readHello(ctx context.Context, c bearer.Conn) (*wire.Hello, int, error) {
	for range 8 {
		b, err := c.Recv(ctx)
		if err != nil {
			return nil, 0, err
		}
		f, err := wire.Parse(b)
		if err != nil {
			return nil, 0, err
		}
		if h, ok := f.(*wire.Hello); ok {
			return h, len(b), nil
		}
	}
	return nil, 0, parley.Errorf(parley.Malformed, "no hello among the first frames")
}

// dial keeps one path up: it dials when nothing of that bearer is up, at most
// once a second.
func (n *network) dial(ctx context.Context, l *liveLine, peer parley.PartyCode, b bearer.Bearer) {
	back, tries := bearer.Backoff{}, 0
	end := n.endsOf(pathKey{l.id, peer, b.Name()})
	for ctx.Err() == nil {
		if d := n.aliveFor(l.id, peer, b.Name()); d > 0 {
			if sleepUntil(ctx, end, d) { // the other side sees it end as well: not both at once
				sleep(ctx, rand.N(250*time.Millisecond))
			}
			back.Reset()
			continue
		}
		addr := l.address(peer, b.Name())
		if addr == "" || !l.wanted(peer) || n.isCut(l.id, b.Name()) || l.rests(b.Name()) {
			sleep(ctx, 250*time.Millisecond)
			back.Reset()
			continue
		}
		tries++
		dctx, stop := context.WithTimeout(ctx, dialLimits[tries%len(dialLimits)])
		back.Dialed(n.now())
		c, err := b.Dial(dctx, addr)
		stop()
		if err == nil && !l.pinned(peer, c.PeerKey()) {
			if err = n.visit(ctx, l, peer, c); err != errIntroduced {
				n.log.Debug("a station has another key", "peer", peer, "at", addr, "err", err)
				err = parley.Errorf(parley.WrongParty, "the station at %s does not have the key of %s", addr, peer).
					WithHint("if they had to begin anew, their certificate brings the new key: by the line, or handed over as a file")
			}
			c.Close(err)
		}
		if err != nil {
			n.note(pathKey{l.id, peer, b.Name()}, err)
			sleep(ctx, min(redial, back.Next(n.now())))
			continue
		}
		if s := n.open(l, peer, b.Name(), c, true); s != nil {
			n.wg.Add(1)
			go func() { defer n.wg.Done(); n.finish(s, s.serve(n.life, nil, 0)) }()
		}
		sleep(ctx, min(redial, back.Next(n.now())))
	}
}

// redial bounds the wait between dials: a line that comes back is to be found
// within a second or two. dialLimits are how long one dial may take: most are
// short, so that a dial begun while the path was dead is not waited for; some
// are long enough for a satellite.
const redial = 1200 * time.Millisecond

var dialLimits = [...]time.Duration{2 * time.Second, 2 * time.Second, 6 * time.Second}

// aliveFor returns for how long a path needs no dial if nothing more is heard of it,
// and it does not end: 0 where no session was heard from lately. One that has missed
// its pings is dialed beside, and the newer takes its place, on which voice counts once
// it is proved. One on which voice comes is not suspected: after a cut it carries voice
// at once, and frames when the transport says them again, seconds later. It is never
// more than a few seconds, for an annex may change how many.
func (n *network) aliveFor(id parley.LineID, peer parley.PartyCode, name string) time.Duration {
	s := n.find(id, peer, name)
	if s == nil {
		return 0
	}
	s.mu.Lock()
	heard := s.heard
	if s.voiced.After(heard) {
		heard = s.voiced
	}
	s.mu.Unlock()
	return max(0, min(s.line.suspectAfter()-n.now().Sub(heard), minSuspect))
}

// endsOf is told when a session of a path ended.
func (n *network) endsOf(k pathKey) <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ends == nil {
		n.ends = map[pathKey]chan struct{}{}
	}
	if n.ends[k] == nil {
		n.ends[k] = make(chan struct{}, 1)
	}
	return n.ends[k]
}

// sleepUntil sleeps for d, and reports whether end came before.
func sleepUntil(ctx context.Context, end <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-end:
		return true
	case <-t.C:
	}
	return false
}

// open registers a connection as the session of its path. Of two for one path
// the one dialed by the lesser party code stays; nil means that c went.
func (n *network) open(l *liveLine, peer parley.PartyCode, name string, c bearer.Conn, dialed bool) *session {
	now := n.now()
	if l.rests(name) {
		c.Close(parley.Errorf(parley.Unavailable, "this path rests: a single-path drill is on"))
		return nil
	}
	s := &session{node: n, id: line.PathID(n.ids.Add(1)), conn: c, name: name, line: l, peer: peer, dialed: dialed,
		up: now, heard: now, busy: now, pings: map[uint64]time.Time{}, wants: make(chan *wire.Want, 8)}
	old, err := n.place(s)
	if err != nil {
		c.Close(err)
		return nil
	}
	for _, o := range old {
		o.conn.Close(parley.Errorf(parley.Conflict, "a newer connection took its place"))
	}
	n.log.Debug("a path stands", "path", name, "peer", peer, "dialed", dialed)
	l.pathChanged()
	return s
}

// place takes a session in, and returns those whose place it takes, forgotten: they are
// to be closed. A close waits for whoever hears datagrams, and he may ask for the paths,
// so none may be closed while mu is held.
func (n *network) place(s *session) (old []*session, _ error) {
	l, name := s.line, s.name
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut[cutKey{l.id, name}] {
		return nil, parley.Errorf(parley.Unavailable, "this path is taken down by an officer")
	}
	keep := (l.us < s.peer) == s.dialed // we would keep this one over its twin
	for _, o := range n.ofLine[l.id] {
		if o.peer != s.peer || o.name != name {
			continue
		}
		if o.dialed != s.dialed && !keep {
			return nil, parley.Errorf(parley.Conflict, "this path is up already")
		}
		old = append(old, o)
	}
	for _, o := range old {
		n.forget(o)
	}
	n.sessions[s.id] = s
	if n.ofLine[l.id] == nil {
		n.ofLine[l.id] = map[line.PathID]*session{}
	}
	n.ofLine[l.id][s.id] = s
	delete(n.trouble, pathKey{l.id, s.peer, name})
	return old, nil
}

// forget takes a session out. The caller holds n.mu.
func (n *network) forget(s *session) {
	delete(n.sessions, s.id)
	delete(n.ofLine[s.line.id], s.id)
}

func (n *network) finish(s *session, err error) {
	n.log.Debug("a path ended", "path", s.name, "peer", s.peer, "dialed", s.dialed, "err", err)
	s.conn.Close(err)
	n.mu.Lock()
	k := pathKey{s.line.id, s.peer, s.name}
	if n.sessions[s.id] == s {
		n.forget(s)
		if cerr := s.conn.Err(); cerr != nil {
			err = cerr
		}
		n.trouble[k] = trouble{err, n.now()}
	}
	s.mu.Lock()
	if s.heard.After(n.heardAt[k]) {
		n.heardAt[k] = s.heard
	}
	s.mu.Unlock()
	end := n.ends[k]
	n.mu.Unlock()
	select {
	case end <- struct{}{}:
	default:
	}
	s.line.pathChanged()
}

func (n *network) note(k pathKey, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.trouble[k] = trouble{err, n.now()}
}

func (n *network) line(id parley.LineID) *liveLine {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lines[id]
}

func (n *network) isCut(id parley.LineID, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut[cutKey{id, name}]
}

// find returns the session of a path; nil when it is down.
func (n *network) find(id parley.LineID, peer parley.PartyCode, name string) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.ofLine[id] {
		if s.peer == peer && s.name == name {
			return s
		}
	}
	return nil
}

// to returns the sessions of a line to a peer, the quickest first.
func (n *network) to(id parley.LineID, peer parley.PartyCode) []*session {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []*session
	rtt := map[*session]time.Duration{}
	for _, s := range n.ofLine[id] {
		if s.peer == peer || peer == "" {
			out = append(out, s)
			s.mu.Lock()
			rtt[s] = s.rtt
			if s.rtt == 0 || n.now().Sub(s.heard) > 2*s.line.pingEvery() {
				rtt[s] = time.Hour
			}
			s.mu.Unlock()
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if rtt[out[i]] != rtt[out[j]] {
			return rtt[out[i]] < rtt[out[j]]
		}
		return out[i].id < out[j].id
	})
	return out
}

// speak sends what a step wants said. It never blocks: what a full queue does
// not take is sent again by the engine.
func (n *network) speak(l *liveLine, sends []line.Send, closes []line.Close) {
	for _, c := range closes {
		n.mu.Lock()
		s := n.sessions[c.Path]
		n.mu.Unlock()
		if s != nil {
			s.conn.Close(c.Reason)
		}
	}
	routes := map[parley.PartyCode][]*session{}
	defer func() {
		for _, ss := range routes {
			eachCorked(ss, bearer.Corked.Uncork)
		}
	}()
	for i := range sends {
		m := &sends[i]
		ss, ok := routes[m.To]
		if !ok {
			ss = n.to(l.id, m.To)
			routes[m.To] = ss
			eachCorked(ss, bearer.Corked.Cork) // what a step says goes together
		}
		b, err := wire.Marshal(m.Frame)
		if err != nil {
			n.log.Error("a frame of ours does not encode", "err", err)
			continue
		}
		for _, s := range ss {
			if m.Path != 0 && s.id != m.Path {
				continue
			}
			err := s.conn.Send(bearer.Class(m.Class), b)
			if !m.Everywhere && (err == nil || m.Path != 0) {
				break
			}
		}
	}
}

func eachCorked(ss []*session, do func(bearer.Corked)) {
	for _, s := range ss {
		if c, ok := s.conn.(bearer.Corked); ok {
			do(c)
		}
	}
}

// cutPath takes the paths of a bearer down, or lets them up again. name ""
// means all.
func (n *network) cutPath(id parley.LineID, name string, cut bool) error {
	known := false
	for _, b := range n.bearers {
		if name != "" && !strings.EqualFold(name, b.Name()) {
			continue
		}
		known = true
		n.mu.Lock()
		n.cut[cutKey{id, b.Name()}] = cut
		var close []*session
		for _, s := range n.ofLine[id] {
			if cut && s.name == b.Name() {
				close = append(close, s)
			}
		}
		n.mu.Unlock()
		for _, s := range close {
			s.conn.Close(parley.Errorf(parley.Unavailable, "taken down by an officer here"))
		}
	}
	if !known {
		return parley.Errorf(parley.NotFound, "no path %q", name).WithHint("paths are QUIC and TLS")
	}
	return nil
}

// dropUnpinned closes the sessions of a line whose key is good no longer: a
// party that opened a generation under its root key has another one.
func (n *network) dropUnpinned(l *liveLine) {
	for _, s := range n.to(l.id, "") {
		if !l.pinned(s.peer, s.conn.PeerKey()) {
			s.conn.Close(parley.Errorf(parley.UnknownKey, "%s has opened a new generation with another TLS key", s.peer))
		}
	}
}

// drop closes every session of a line.
func (n *network) drop(id parley.LineID, why error) {
	for _, s := range n.to(id, "") {
		s.conn.Close(why)
	}
}

func (n *network) closeAll(why error) {
	n.mu.Lock()
	var all []*session
	for _, s := range n.sessions {
		all = append(all, s)
	}
	n.mu.Unlock()
	for _, s := range all {
		s.conn.Close(why)
	}
}

// hostPort reads an address of a reveal: "quic://192.0.2.1:7101".
func hostPort(addr, bearerName string) string {
	rest, ok := strings.CutPrefix(addr, strings.ToLower(bearerName)+"://")
	if !ok {
		return ""
	}
	if _, _, err := net.SplitHostPort(rest); err != nil {
		return ""
	}
	return rest
}

// noteWords keeps what the other side last said of itself.
func (n *network) noteWords(id parley.LineID, stopping string, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.words[id] = lastWords{stopping, at}
}

// goodbye tells every peer that this station stops, so that their lamp can say
// whose silence it is.
func (n *network) goodbye() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sessions {
		s.send(bearer.Control, &wire.Refusal{Kind: parley.Unavailable, Text: "the station was stopped by its administrator"})
	}
}
