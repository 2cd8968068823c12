package station

import (
	"context"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/line"
)

// testState is what the line tests have shown. Guarded by liveLine.mu.
type testState struct {
	sent    map[parley.Ref]time.Time // own probes handed out, not answered
	filed   uint64                   // outbox id of the newest probe, while it waits
	handed  uint64                   // outbox id of the newest probe handed out
	filedAt time.Time
	last    time.Time
	rtt     time.Duration
	next    time.Time
	missed  int
	counted time.Time // the probe whose miss has been counted
	text    uint64
	clock   time.Duration
	waiters []chan TestState
}

// testInterval is the time between tests.
func (l *liveLine) testInterval() time.Duration {
	if l.timings.Test > 0 {
		return l.timings.Test
	}
	return l.charter().TestInterval
}

// probe files a line test. It proves nothing until it is answered in their log.
// NotAllowed on a line that has ended, where one that waits will wait for ever.
func (l *liveLine) probe(ctx context.Context) error {
	if why := l.ended(); why != "" {
		return errEnded(why)
	}
	if waits, err := l.probeWaits(); err != nil || waits { // the line is down, and a second says no more
		return err
	}
	l.mu.Lock()
	l.tests.text = l.nextText(l.tests.text)
	text := l.tests.text
	l.tests.filedAt = l.now()
	l.mu.Unlock()
	f := l.testForm(form.Call, text)
	id, err := l.file(ctx, &form.Header{From: l.stationOffice(), To: l.everyWatch()}, f)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.tests.waits(id)
	l.mu.Unlock()
	return nil
}

// probeWaits reports whether a probe of ours is in the outbox. The outbox is
// asked: what is noted here can be behind it.
func (l *liveLine) probeWaits() (bool, error) {
	l.mu.Lock()
	id := l.tests.filed
	l.mu.Unlock()
	if id == 0 {
		return false, nil
	}
	_, err := l.runner.store.FiledItem(id)
	if parley.KindOf(err) != parley.NotFound || err == nil {
		return err == nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tests.filed == id {
		l.tests.filed = 0
	}
	return false, nil
}

// waits notes that a probe was filed. It may have been handed out, and that
// noted, before whoever filed it comes to say so: then it waits no more.
func (t *testState) waits(id uint64) {
	if t.filed == 0 && id > t.handed {
		t.filed = id
	}
}

// leaves notes that a probe was handed out.
func (t *testState) leaves(id uint64) { t.filed, t.handed = 0, max(t.handed, id) }

func (l *liveLine) stationOffice() parley.Office { return l.charter().StationOffice() }

func (l *liveLine) everyWatch() []parley.Address {
	var to []parley.Address
	for _, p := range l.others() {
		to = append(to, parley.Address{Party: p, Office: l.stationOffice()})
	}
	return to
}

func (l *liveLine) testForm(phase, text uint64) *form.LineTest {
	t := &form.LineTest{Phase: phase, Clock: uint64(l.now().UnixMilli()), Text: text}
	for _, g := range l.runner.Status().Logs {
		if g.Current && len(t.Logs) < 64 {
			t.Logs = append(t.Logs, form.LogHeld{Gen: g.Gen, Size: g.Size, Root: g.Root})
		}
	}
	best := map[string]form.PathSeen{}
	for _, p := range l.pathList() {
		if x, ok := best[p.Name]; !ok || p.Up && (!x.Up || uint64(p.RTT.Microseconds()) < x.RTT) {
			best[p.Name] = form.PathSeen{Name: p.Name, Up: p.Up, RTT: uint64(p.RTT.Microseconds())}
		}
	}
	for _, b := range l.net.bearers {
		if x, ok := best[b.Name()]; ok {
			t.Paths = append(t.Paths, x)
		}
	}
	return t
}

// testIn acts on a line test that was just made durable: ours handed out, a
// probe of theirs, or their answer.
func (l *liveLine) testIn(ctx context.Context, e *line.StoredEntry, h *form.Header, ours bool) {
	f, _, err := form.ParseBody(h.Form, e.Body)
	t, ok := f.(*form.LineTest)
	if err != nil || !ok {
		return
	}
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	switch {
	case ours && t.Phase == form.Call:
		l.mu.Lock()
		if l.tests.sent == nil {
			l.tests.sent = map[parley.Ref]time.Time{}
		}
		l.tests.sent[ref] = l.now()
		l.tests.leaves(e.Filed)
		l.mu.Unlock()
	case !ours && t.Phase == form.Call:
		if l.now().Sub(time.UnixMilli(e.Arrived)) < time.Minute {
			l.file(ctx, &form.Header{From: l.stationOffice(), To: l.everyWatch(), Refs: []parley.Ref{ref}}, l.testForm(form.Answer, t.Text))
		}
	case !ours && t.Phase == form.Answer && len(h.Refs) == 1:
		l.testAnswered(h.Refs[0], t)
	}
}

func (l *liveLine) testAnswered(ref parley.Ref, t *form.LineTest) {
	now := l.now()
	l.mu.Lock()
	sent, ok := l.tests.sent[ref]
	if ok {
		for r, at := range l.tests.sent {
			if !at.After(sent) {
				delete(l.tests.sent, r)
			}
		}
		l.tests.last, l.tests.rtt, l.tests.missed = now, now.Sub(sent), 0
		l.tests.clock = time.UnixMilli(int64(min(t.Clock, 1<<52))).Sub(sent.Add(now.Sub(sent) / 2))
		for _, w := range l.tests.waiters {
			w <- l.testViewLocked()
		}
		l.tests.waiters = nil
	}
	l.mu.Unlock()
	if ok {
		l.proved(now)
		l.changed("test")
	}
}

// testTick files the next test when it is due, and counts one that was not
// answered within a minute or a quarter of the interval.
func (l *liveLine) testTick(ctx context.Context) (missed bool) {
	if l.ended() != "" {
		return false
	}
	now := l.now()
	l.mu.Lock()
	due := !now.Before(l.tests.next)
	if due {
		l.tests.next = now.Add(l.testInterval())
	}
	patience := min(time.Minute, l.testInterval()/2)
	oldest := l.tests.filedAt
	if l.tests.filed == 0 {
		oldest = time.Time{}
	}
	for _, at := range l.tests.sent {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if !oldest.IsZero() && now.Sub(oldest) > patience && now.Sub(l.tests.counted) >= l.testInterval() {
		l.tests.missed++
		l.tests.counted = now
		missed = true
	}
	l.mu.Unlock()
	if due {
		l.probe(ctx)
		if l.witnesses != nil {
			l.witnesses.ask()
		}
	}
	return missed
}

func (l *liveLine) testView() TestState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.testViewLocked()
}

func (l *liveLine) testViewLocked() TestState {
	return TestState{Last: l.tests.last, LastRTT: l.tests.rtt, Next: l.tests.next, Missed: l.tests.missed, Clock: l.tests.clock, HumanAt: l.theirHuman}
}

// testNow files a test and waits for its answer, or until ctx ends.
func (l *liveLine) testNow(ctx context.Context) (TestState, error) {
	w := make(chan TestState, 1)
	l.mu.Lock()
	l.tests.waiters = append(l.tests.waiters, w)
	l.mu.Unlock()
	if err := l.probe(ctx); err != nil {
		return TestState{}, err
	}
	select {
	case t := <-w:
		return t, nil
	case <-ctx.Done():
		if why := l.ended(); why != "" {
			return l.testView(), errEnded(why)
		}
		return l.testView(), parley.Errorf(parley.Unavailable, "the test was not answered: %s", l.look().Sentence).WithHint("ask why: parley why")
	}
}
