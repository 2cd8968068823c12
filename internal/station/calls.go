package station

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"parley"
	"parley/internal/call"
	"parley/internal/call/exchange"
	"parley/internal/call/rtc"
	"parley/internal/call/tape"
	"parley/internal/call/trunk"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/store"
)

// callShelf keeps the calls of a line until something that they are made of is
// stored.
type callShelf struct {
	stored atomic.Uint64 // how often something was
	mu     sync.Mutex
	of     [2]uint64 // stored, and the turns of the order, when the calls were read
	calls  []*call.Call
	read   map[parley.Ref]call.Entry
}

func (k *callShelf) note(e *line.StoredEntry) {
	if h := e.Parsed; h == nil && e.Header != nil || h != nil && slices.Contains(call.Forms, h.Form) {
		k.stored.Add(1)
	}
}

// callBook returns the calls of the record, by time. Nobody changes them.
func (l *liveLine) callBook() ([]*call.Call, error) {
	k := &l.callShelf
	k.mu.Lock()
	defer k.mu.Unlock()
	stored := k.stored.Load() // before they are placed: what comes meanwhile is read the next time
	if err := l.place(); err != nil {
		return nil, err
	}
	now := [2]uint64{stored, l.turns.Load()}
	if k.calls != nil && k.of == now {
		return k.calls, nil
	}
	if k.read == nil {
		k.read = map[parley.Ref]call.Entry{}
	}
	logs := l.runner.Status().Logs
	entries, err := callEntries(l.store, logs, k.read)
	if err != nil {
		return nil, err
	}
	cs := call.Fold(entries)
	if cs == nil {
		cs = []*call.Call{}
	}
	if len(logs) > 0 { // without, the engine is not loaded yet
		k.calls, k.of = cs, now
	}
	return cs, nil
}

// CallBookOf reads what calls the entries of a line amount to, by time; logs are those
// of the line, in the order of their certificates. The record is placed before.
func CallBookOf(from Rower, logs []line.LogStatus) ([]*call.Call, error) {
	entries, err := callEntries(from, logs, map[parley.Ref]call.Entry{})
	if err != nil {
		return nil, err
	}
	return call.Fold(entries), nil
}

// callEntries reads what calls are made of; what is in read is not read again.
func callEntries(from Rower, logs []line.LogStatus, read map[parley.Ref]call.Entry) (out []call.Entry, _ error) {
	places, err := placesOf(from, logs)
	if err != nil {
		return nil, err
	}
	f := store.Filter{Forms: call.Forms, Order: store.ByArrival, Limit: 500}
	for {
		rows, _, err := from.Rows(f)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Faulty || r.Waiting() || r.Party == "" || !places.counts(&r) {
				continue
			}
			e, ok := read[r.Ref()]
			if !ok {
				v, err := viewOf(r)
				if err != nil {
					return nil, err
				}
				if v.header == nil || v.form == nil {
					continue
				}
				e = call.Entry{Ref: r.Ref(), Party: r.Party, Refs: v.header.Refs, Form: v.form, Time: claimed(r.Time), Exercise: v.header.Exercise, Flash: v.header.Precedence == parley.Flash}
				for _, a := range v.header.To {
					if a.Party != r.Party && !slices.Contains(e.To, a.Party) {
						e.To = append(e.To, a.Party)
					}
				}
				read[e.Ref] = e
			}
			out = append(out, e)
		}
		if len(rows) < f.Limit {
			return out, nil
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
}

// callDesk is what a station keeps of its calls that run: one a line at most.
type callDesk struct {
	mu     sync.Mutex
	of     map[parley.LineID]*liveCall
	media  *rtc.Switch                          // nil: desks cannot speak
	noneOf error                                // why media is nil
	create func(path string) (tape.File, error) // of recordings; nil: files
}

// liveCall is a call that runs, at this station.
type liveCall struct {
	line *liveLine
	ref  parley.Ref
	ring *call.Ring
	x    *exchange.Exchange
	tape *tape.Tape // nil: it is not recorded here

	recorded bool // each side records it
	stop     context.CancelFunc
	done     chan struct{}

	mu     sync.Mutex
	people map[string]uint64    // who joined -> his number on the call
	guests map[string]callGuest // by the secret of the link
	notes  []CallNote
	chat   []CallChat
	ended  bool // our end of it is filed

	challenge challenged
	untaped   string // why it is not recorded here, though it should be
}

// openMedia opens the port at which desks speak.
func (s *Station) openMedia() {
	if s.cfg.Desk == "" && s.cfg.Media == "" {
		return
	}
	addr, err := s.cfg.mediaAddr()
	if err == nil {
		s.calling.media, err = rtc.Listen(rtc.Options{Addr: addr, Log: s.log})
	}
	if err != nil {
		s.calling.noneOf = err
		s.log.Error("desks cannot speak: the media port is not open", "address", addr, "err", err)
	}
}

// running returns the newest call of a line that runs and that we are on.
func (l *liveLine) running() (*call.Call, error) {
	cs, err := l.callBook()
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(cs) {
		if c.Phase() == call.Running && slices.Contains(c.Members(), l.us) {
			return c, nil
		}
	}
	return nil, nil
}

// syncCalls begins and ends what the record says has begun and ended. The clerk of the
// line calls it, when something of a call was stored, once a second, and after a start.
func (s *Station) syncCalls(ctx context.Context, l *liveLine) error {
	on, err := l.running()
	if err != nil {
		return err
	}
	s.calling.mu.Lock()
	c := s.calling.of[l.id]
	s.calling.mu.Unlock()
	if c != nil && (on == nil || c.ref != on.Ring.Ref) {
		c.endTape() // while it is known to run, so that nobody files half of it
	}
	switch {
	case c != nil && (on == nil || c.ref != on.Ring.Ref):
		s.calling.mu.Lock()
		delete(s.calling.of, l.id)
		s.calling.mu.Unlock()
		c.close()
		l.emit("call", l.id.String(), c.ref.String())
		return s.endedByOthers(ctx, l, c)
	case c == nil && on != nil:
		c = s.beginCall(ctx, l, on) // may wait for the disk: whoever hears packets must not
		s.calling.mu.Lock()
		s.calling.of[l.id] = c
		s.calling.mu.Unlock()
		l.emit("call", l.id.String(), on.Ring.Ref.String())
		return nil
	}
	if c != nil {
		c.x.SetOthers(without(on.Members(), l.us))
		if err := c.holdBack(); err != nil {
			return err
		}
	}
	return s.overdueCalls(ctx, l)
}

// beginCall makes our end of a call.
func (s *Station) beginCall(ctx context.Context, l *liveLine, c *call.Call) *liveCall {
	r := c.Ring.Form.(*call.Ring)
	lc := &liveCall{line: l, ref: c.Ring.Ref, ring: r, done: make(chan struct{}), people: map[string]uint64{}, guests: map[string]callGuest{}}
	s.beginTape(l, c, lc)
	var taped func(tape.Source, *rtp.Packet, uint64)
	if lc.tape != nil {
		taped = lc.tape.Take
	}
	lc.x = exchange.New(exchange.Options{
		Tape: taped,
		Us:   l.us, Others: without(c.Parties, l.us), Run: uint64(s.now().UnixMilli()), Mode: r.Interpreting, Flow: call.Number(c.Ring.Ref), Again: c.Roster(l.us, 0) != nil,
		Send:    func(to parley.PartyCode, half []byte) { s.net.sendHalf(l.id, to, half) },
		Paths:   func(to parley.PartyCode) []trunk.Path { return s.net.trunkPaths(l.id, to) },
		Changed: func() { l.emit("call", l.id.String(), lc.ref.String()) },
		Through: func(time.Time) { s.spawn(func() { lc.putThrough(ctx) }) },
		Now:     s.now,
	})
	lc.x.SetOthers(without(c.Members(), l.us))
	ctx, lc.stop = context.WithCancel(ctx)
	s.spawn(func() { defer close(lc.done); lc.x.Run(ctx); lc.endTape() })
	return lc
}

func (c *liveCall) close() {
	c.stop()
	<-c.done
	c.endTape()
}

// putThrough files who of our side was put through.
func (c *liveCall) putThrough(ctx context.Context) {
	_, _, _, people := c.x.Record()
	if err := c.fileAbout(ctx, &call.Roster{Phase: 0, People: people}); err != nil {
		c.line.log.Error("filing who was put through", "err", err)
	}
}

// fileAbout files a form about the call, on behalf of the station.
func (c *liveCall) fileAbout(ctx context.Context, f form.Form) error {
	return c.line.fileOfCall(ctx, c.ref, f)
}

func (l *liveLine) fileOfCall(ctx context.Context, ref parley.Ref, f form.Form) error {
	refs := []parley.Ref{ref}
	if l.filedAlready(f, refs) {
		return nil
	}
	_, err := l.fileForm(ctx, &form.Header{From: l.stationOffice(), To: l.everyWatch(), Precedence: parley.Immediate, Refs: refs, Exercise: l.exerciseOf(ref)}, f)
	return err
}

// exerciseOf is the mark of the call that an entry began.
func (l *liveLine) exerciseOf(ref parley.Ref) string {
	if c, err := l.callOf(ref); err == nil {
		return c.Ring.Exercise
	}
	return ""
}

// callOf finds the call that a ring began. NotFound.
func (l *liveLine) callOf(ref parley.Ref) (*call.Call, error) {
	cs, err := l.callBook()
	if err != nil {
		return nil, err
	}
	for _, c := range cs {
		if c.Ring.Ref == ref {
			return c, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "%s is no call", ref)
}

// endedByOthers files our end of a call that the other side has ended.
func (s *Station) endedByOthers(ctx context.Context, l *liveLine, lc *liveCall) error {
	c, err := l.callOf(lc.ref)
	if err != nil || c.Hangups[l.us] != nil {
		return err
	}
	outcome := call.Ended
	if c.Phase() == call.BrokenOff {
		outcome = call.Broken
	}
	return lc.file(ctx, outcome, "")
}

// file files the end of our part in the call with what was measured: once.
func (c *liveCall) file(ctx context.Context, outcome uint64, text string) error {
	c.mu.Lock()
	done := c.ended
	c.ended = true
	c.mu.Unlock()
	if done {
		return nil
	}
	c.endTape() // what is said after that was not said on the call
	began, talk, gaps, people := c.x.Record()
	if !began.IsZero() {
		if err := c.fileAbout(ctx, &call.Roster{Phase: 1, People: people}); err != nil {
			return err
		}
	}
	return c.fileAbout(ctx, &call.Hangup{Outcome: outcome, Began: seconds(began), Talk: talk, Gaps: gaps, Text: text})
}

// lately is how many of the newest calls are looked at again.
const lately = 16

// overdueCalls files what time alone brings: the end of a call of ours that
// nobody answered, and our end of one that ended while the station was down.
func (s *Station) overdueCalls(ctx context.Context, l *liveLine) error {
	if l.ended() != "" {
		return nil // nothing can be filed
	}
	cs, err := l.callBook()
	if err != nil {
		return err
	}
	for _, c := range cs[max(0, len(cs)-lately):] {
		switch ph := c.Phase(); {
		case ph == call.Ringing && c.Ring.Party == l.us && l.ageOf(c) >= call.RingFor:
			if err := l.fileOfCall(ctx, c.Ring.Ref, &call.Hangup{Outcome: call.NoAnswer}); err != nil {
				return err
			}
		case (ph == call.Over || ph == call.BrokenOff) && c.Hangups[l.us] == nil && c.Joined(l.us):
			if err := l.fileOfCall(ctx, c.Ring.Ref, &call.Hangup{Outcome: call.Ended}); err != nil {
				return err
			}
		}
	}
	return nil
}

// callsWait reports whether time alone may bring something of a call: one rings or
// runs, or our end of it is not filed.
func (s *Station) callsWait(l *liveLine) (bool, error) {
	if _, err := s.liveCall(l); err == nil {
		return true, nil
	}
	cs, err := l.callBook()
	return slices.ContainsFunc(cs[max(0, len(cs)-lately):], func(c *call.Call) bool {
		ph := c.Phase()
		return ph == call.Ringing || ph == call.Running || c.Joined(l.us) && c.Hangups[l.us] == nil
	}), err
}

// liveCall returns the call that runs on a line. NotFound where none does.
func (s *Station) liveCall(l *liveLine) (*liveCall, error) {
	s.calling.mu.Lock()
	defer s.calling.mu.Unlock()
	if c := s.calling.of[l.id]; c != nil {
		return c, nil
	}
	return nil, parley.Errorf(parley.NotFound, "no call runs on the line with %s", l.name()).WithHint("it begins when the other side lifts")
}

// halfIn and mediaIn hand over what comes from another station.
func (s *Station) halfIn(l *liveLine, from parley.PartyCode, b []byte) {
	if c, err := s.liveCall(l); err == nil {
		if err := c.x.HalfIn(from, b); err != nil {
			l.log.Debug("half a call is none", "peer", from, "err", err)
		}
	}
}

func (s *Station) mediaIn(l *liveLine, from parley.PartyCode, path string, b []byte) {
	if c, err := s.liveCall(l); err == nil {
		c.x.MediaIn(from, path, b)
	}
}

// lookAtCalls does what syncCalls does, and says in the log what fails.
func (c *clerk) lookAtCalls(ctx context.Context) {
	c.calls, c.uncalled, c.callsOn, c.callsLooked = false, false, true, c.l.now()
	err := c.s.syncCalls(ctx, c.l)
	if err == nil {
		err = c.s.ringPhones(ctx, c.l)
	}
	if err == nil {
		c.callsOn, err = c.s.callsWait(c.l)
	}
	if err != nil && ctx.Err() == nil {
		if now := c.l.now(); now.Sub(c.callsFailed).Abs() >= time.Minute {
			c.callsFailed = now
			c.l.log.Error("looking at calls", "err", err)
		}
		return
	}
	if err := c.hush(); err != nil {
		c.l.log.Error("silencing a call that rings no more", "err", err)
	}
}

// hush silences what sounds for calls once none of them rings here.
func (c *clerk) hush() error {
	pending := slices.ContainsFunc(c.sounds, func(a own.Alarm) bool { return a.Code == "call" })
	for _, w := range c.waits {
		pending = pending || w.next.Code == "call" && w.next.Count > 0
	}
	if !c.rang || pending {
		return nil
	}
	cs, err := c.l.callBook()
	if err != nil || slices.ContainsFunc(cs, c.l.ringsHere) {
		return err
	}
	c.rang = false
	if err := c.s.own.SilenceItem(c.l.id, "call", ""); err != nil {
		return err
	}
	c.s.hub.emit("alarm", c.l.id.String(), "")
	return nil
}

// ringsHere reports whether a call of another party waits for our answer. One between
// others of the line does not.
func (l *liveLine) ringsHere(c *call.Call) bool {
	return c.Ring.Party != l.us && slices.Contains(c.Parties, l.us) && c.Pickups[l.us] == nil && l.phase(c) == call.Ringing
}

// callsOn adds to the board what rings here and what runs, and what the other side
// has written that we have not confirmed. Of calls long over nothing is added.
func (s *Station) callsOn(l *liveLine, b *Board) error {
	cs, err := l.callBook()
	if err != nil {
		return err
	}
	for _, c := range cs[max(0, len(cs)-16):] {
		add := func(act string, ref parley.Ref, text string) {
			b.DoNext = append(b.DoNext, Todo{Act: act, Item: ref.String(), Line: l.id.String(), Text: text, Exercise: form.Visible(c.Ring.Exercise)})
		}
		switch {
		case l.ringsHere(c):
			add("lift-call", c.Ring.Ref, l.name())
		case c.Phase() == call.Running && slices.Contains(c.Members(), l.us):
			add("join-call", c.Ring.Ref, l.name())
		}
		if b.Now.Sub(c.Ring.Time) >= boardBack {
			continue
		}
		for _, p := range c.Wordings {
			if p.Party != l.us && !p.Replaced && p.Words[l.us] == nil && p.Words[p.Party] == nil {
				add("confirm-wording", p.Ref, form.Visible(parley.Clip(l.inOurs(p.Form.(*call.Wording)))))
			}
		}
	}
	return nil
}

// inOurs is a wording in our language, else in the first that it has.
func (l *liveLine) inOurs(w *call.Wording) string {
	for _, t := range w.Texts {
		if baseTag(t.Lang) == baseTag(l.language()) {
			return t.Text
		}
	}
	return w.Texts[0].Text
}

// rings sounds for a call that came, and answers it where the line is busy.
func (c *clerk) rings(ctx context.Context, h *form.Header, ref parley.Ref, party parley.PartyCode, f *call.Ring) {
	if x, err := c.l.callOf(ref); err == nil {
		switch ph := c.l.phase(x); {
		case !slices.Contains(x.Parties, c.l.us):
			return // between others of the line
		case ph == missedCall:
			c.sound(party, "priority", fmt.Sprintf("%s rang, and it came too late to ring here", party), ref.String())
			return
		case ph != call.Ringing && (x.Other != nil || len(x.Crossed) > 0):
			return // both rang at the same moment, and so both have lifted
		}
	}
	on, err := c.l.running()
	if err == nil && on != nil && on.Ring.Ref != ref && h.Precedence < parley.Flash {
		if err := c.l.fileOfCall(ctx, ref, &call.Pickup{Phase: call.Busy}); err != nil {
			c.l.log.Error("saying that the line is busy", "err", err)
		}
		return
	}
	if x, err := c.l.callOf(ref); err != nil || x.Phase() != call.Ringing {
		c.sound(party, "priority", fmt.Sprintf("%s rang, and gave up", party), ref.String())
		return // it came late
	}
	c.rang = true
	text := fmt.Sprintf("CALL from %s: %s, %s", party, f.Level, f.Medium)
	if h.Exercise != "" {
		text = fmt.Sprintf("EXERCISE %s: %s", form.Visible(h.Exercise), text)
	}
	c.sound(party, "call", text, ref.String())
}
