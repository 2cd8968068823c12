package station

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/line"
	"parley/internal/own"
)

// startWithin is how long the station waits for its lines before it goes on with
// those that work. One that loads later comes then.
const startWithin = 3 * time.Second

// tryStore is what to do about a line that cannot be read.
const tryStore = "run parley fsck; restore the newest backup, or get the record back from the other side (parley recover)"

// startLines starts all lines, each by itself: one that cannot be read does not stop
// the others, and says so where they say how they are.
func (s *Station) startLines(ctx context.Context, ids []parley.LineID) {
	wait, stop := context.WithTimeout(ctx, startWithin)
	defer stop()
	var ls []*liveLine
	for _, id := range ids {
		l, err := s.addLine(ctx, id)
		if err != nil {
			s.setShut(id, err)
			s.spawn(func() { s.reopen(ctx, id) })
			continue
		}
		ls = append(ls, l)
	}
	for _, l := range ls {
		_ = l.works(wait) // it says itself why it does not work
	}
}

func (s *Station) setShut(id parley.LineID, err error) {
	s.mu.Lock()
	was := s.shut[id]
	if s.shut[id] = err; err == nil {
		delete(s.shut, id)
	}
	s.mu.Unlock()
	if err != nil && (was == nil || was.Error() != err.Error()) {
		s.log.Error("a line cannot be opened: its founding is not readable", "line", id, "err", err)
		s.alarms(&liveLine{id: id}, own.Alarm{Code: "disk", Text: fmt.Sprintf("line %s cannot be opened: its founding in %s is not readable: %v; %s", id, s.cfg.path(storeFile), err, tryStore)})
	}
}

// reopen tries again to open a line whose founding could not be read.
func (s *Station) reopen(ctx context.Context, id parley.LineID) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		_, err := s.addLine(ctx, id)
		if s.setShut(id, err); err == nil {
			return
		}
	}
}

// shutLine finds a line that could not be opened by its id, or a prefix of it. The
// caller holds mu.
func (s *Station) shutLine(name string) (parley.LineID, error) {
	for id, err := range s.shut {
		if len(name) >= 4 && strings.HasPrefix(id.String(), name) {
			return id, err
		}
	}
	return parley.LineID{}, nil
}

// shutView is what can be said of a line whose founding cannot be read.
func shutView(id parley.LineID, file string, why error, now time.Time) Line {
	lamp := Lamp{Since: now}
	unreadable(&lamp, file, why, now)
	return Line{ID: id, Key: id.String(), Name: id.String()[:8], State: "active", Lamp: lamp, TwoHands: map[string]bool{}, Lone: map[string]bool{}}
}

func (s *Station) shutOf(name string) (Line, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, why := s.shutLine(name)
	if why == nil {
		return Line{}, false
	}
	return shutView(id, s.cfg.path(storeFile), why, s.now()), true
}

// isUp reports whether the line has worked since the start.
func (l *liveLine) isUp() bool {
	select {
	case <-l.up:
		return true
	default:
		return false
	}
}

// unreadable says that what we keep of a line cannot be read.
func unreadable(lamp *Lamp, file string, why error, now time.Time) {
	lamp.State, lamp.Verdict = LampDown, VerdictOurs
	lamp.Sentence = "Our own station cannot read what it keeps of this line, so the line is not started. Other lines work."
	lamp.Evidence = append(lamp.Evidence, Evidence{byUs, "load-failed", file + ": " + why.Error(), now})
	lamp.Try = append(lamp.Try, "check-store: "+tryStore)
}

// addLine starts a founded line from the store, and does not wait for its engine. The
// error is of its founding, without which nothing can be said of it.
func (s *Station) addLine(ctx context.Context, id parley.LineID) (*liveLine, error) {
	st := s.store.Line(id)
	raw, _, err := st.Founding()
	if err != nil {
		return nil, err
	}
	f, err := charter.ParseFounding(raw)
	if err != nil {
		return nil, err
	}
	us := parley.PartyCode(s.cfg.Party)
	l := &liveLine{id: id, us: us, founding: f, store: st, net: s.net, log: s.log.With("line", id.String()[:8]), now: s.now, timings: s.cfg.timings(), emit: s.hub.emit, paths: make(chan struct{}, 1), diskLow: s.low.Load, path: s.cfg.path(storeFile)}
	l.own, l.nextText = s.own, s.nextText
	if s.finder != nil {
		l.found = s.finder.Line(id)
	}
	l.unfound.Store(true)
	l.setPeers()
	l.blobs = newTransfers(l, s.blobs)
	cfg := line.Config{Founding: f, Us: us, Store: st, Rand: cryptoRand, SettleAfter: l.timings.SettleAfter, TLS: s.tls.hash(), Limits: limitsOf(s.cfg)}
	r := &runner{id: id, cfg: cfg, store: st, mark: lineMark{s.marks, id}, clock: s.now, low: s.low.Load, log: l.log, paced: s.cfg.AcceptRate == 0, in: newMailbox[request](1024), done: make(chan struct{})}
	r.speak = func(sends []line.Send, closes []line.Close) { s.net.speak(l, sends, closes) }
	r.heard = l.heard
	r.own = s.own
	r.reset = func() {
		l.books.forget() // of a step that failed nobody heard, and the store may have it
		l.saidShelf.forget()
		l.callShelf.stored.Add(1)
		s.net.drop(id, parley.Errorf(parley.Unavailable, "the line is loaded again"))
	}
	l.runner = r
	if l.witnesses, err = newWitnesses(l, s.cfg); err != nil {
		return nil, err
	}
	c := newClerk(s, l)
	l.onCommit = c.commit
	s.mu.Lock()
	s.lines[id] = l
	s.mu.Unlock()
	tried := make(chan struct{})
	l.up, l.firstTry, r.tried = make(chan struct{}), tried, sync.OnceFunc(func() { close(tried) })
	s.spawn(func() { r.run(ctx) })
	s.spawn(func() { s.bringUp(ctx, l, c) })
	return l, nil
}

// works waits until a line works, or does not for a reason that is told.
func (l *liveLine) works(ctx context.Context) error {
	select {
	case <-l.up:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.firstTry:
	}
	for {
		if err := l.failure(); err != nil {
			return err
		}
		select {
		case <-l.up:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// failure is why a line does not work; nil where it does.
func (l *liveLine) failure() error {
	if err := l.runner.Failed(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.halted
}

// bringUp sets a line to work once its engine is loaded. What fails is tried again:
// other lines do not wait for it.
func (s *Station) bringUp(ctx context.Context, l *liveLine, c *clerk) {
	told := ""
	for {
		err := l.loaded(ctx) // held to its mark
		if err == nil {
			err = l.takeUp(c)
			l.mu.Lock()
			l.halted = err
			l.mu.Unlock()
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			break
		}
		if err.Error() != told {
			told = err.Error()
			l.log.Error("the line does not start; the others do", "line", l.id, "err", err)
			s.alarms(l, own.Alarm{Code: "disk", Text: fmt.Sprintf("line %s does not start: %s: %v; %s", l.id, l.path, err, tryStore)})
			l.changed("lamp")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
	if l.witnesses != nil {
		s.spawn(func() { l.witnesses.run(ctx) })
	}
	s.spawn(func() { c.run(ctx) })
	s.spawn(func() { l.blobs.run(ctx) })
	s.net.mu.Lock()
	s.net.lines[l.id] = l
	s.net.mu.Unlock()
	for _, p := range l.peers() {
		for _, b := range s.net.bearers {
			s.spawn(func() { s.net.dial(ctx, l, p, b) })
		}
	}
	close(l.up)
	s.hub.emit("line", l.id.String(), "")
	if told != "" {
		l.log.Info("the line has started after all")
	}
	s.mu.Lock()
	late := s.assented
	s.mu.Unlock()
	if !late {
		return
	}
	if err := s.resumeAssent(ctx, l.id); err != nil && ctx.Err() == nil {
		l.log.Error("the assent to the charter is not filed", "err", err)
	}
}

// loaded waits until it is known whether the engine loads; the error is why it does
// not, or does not go on.
func (l *liveLine) loaded(ctx context.Context) error {
	select {
	case <-l.firstTry:
		return l.runner.Failed()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeUp reads what a line knows from before.
func (l *liveLine) takeUp(c *clerk) error {
	if err := c.catchUp(); err != nil {
		return err
	}
	if err := l.pinCertified(); err != nil {
		return err
	}
	if l.witnesses != nil {
		return l.witnesses.load()
	}
	return nil
}
