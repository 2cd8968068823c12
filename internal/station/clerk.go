package station

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/said"
	"parley/internal/store"
)

// clerk does for one line what follows a commit without an officer: it answers
// line tests, fetches attachments, raises alarms, sends the one automatic
// query when an objective passes. It works behind the owner of the line and
// never holds it up.
type clerk struct {
	s  *Station
	l  *liveLine
	in *mailbox[*applied]

	behind atomic.Int64                   // bytes of entries in in
	waits  map[parley.PartyCode]*heldBack // alarms to be counted; see sound

	clockOff map[parley.PartyCode]*clockWatch
	silent   told                 // of what an alarm told once
	queried  map[string]time.Time // item -> last automatic query
	overdue  map[string]bool      // item -> its alarm was raised
	called   map[string]int64     // item -> who of the call-out list an alarm named last
	down     bool                 // the lamp was down when last looked at
	sounds   []own.Alarm          // of what is being taken, raised together
	sounding time.Time            // when the first of them was put there

	grew             bool      // something was made durable since the last tick
	grewAt           time.Time // when something was last
	unswept          bool      // something was made durable since the last sweep
	swept            time.Time // the last sweep
	again            time.Time // when time alone asks for the next one
	awake            bool      // something happened since the last tick
	exercise         time.Time // when the exercise that is on ends by itself; zero: none is
	modes            bool      // an exercise entry was made durable since they were last read
	calls            bool      // something of a call was made durable since they were last looked at
	uncalled         bool      // something was: the order may say otherwise of them
	callsOn          bool      // one rings, runs or waits for our end, or they could not be read
	callsLooked      time.Time // when they were last looked at
	rang             bool      // a call may have an alarm that sounds
	callsFailed      time.Time // when a log last said that looking at them failed
	statements       bool      // something of what is said was made durable since it was last looked at
	statementsFailed time.Time // when a log last said that looking at it failed
	pager            pager     // what our side published, as pages
	unplaced         bool      // something was made durable since the record was placed
	placed           time.Time
}

func newClerk(s *Station, l *liveLine) *clerk {
	return &clerk{s: s, l: l, in: newMailbox[*applied](4096), queried: map[string]time.Time{}, overdue: map[string]bool{}, silent: told{}, called: map[string]int64{}, waits: map[parley.PartyCode]*heldBack{},
		clockOff: map[parley.PartyCode]*clockWatch{}, unswept: true, modes: true, calls: true, uncalled: true, rang: true, statements: true, unplaced: true}
}

// maxBehind bounds the texts that wait for the clerk. Of what is beyond, only
// the place is kept, and the store has the rest.
const maxBehind = 2 << 20

// commit hands over what was made durable. When the clerk is far behind it
// drops the notice: sweep finds by itself what matters.
func (c *clerk) commit(_ *liveLine, a *applied) {
	if len(a.entries)+len(a.receipts)+len(a.filed) > 0 {
		c.s.worked.Store(time.Now().Unix())
	}
	slim := &applied{alarms: a.alarms, entries: make([]line.StoredEntry, len(a.entries))}
	var n int64
	for i, e := range a.entries {
		n += int64(len(e.Header) + len(e.Body))
		c.l.books.hear(&e)
		c.l.callShelf.note(&e)
		c.l.saidShelf.hear(&e)
		slim.entries[i] = line.StoredEntry{Gen: e.Gen, Index: e.Index, Header: e.Header, Parsed: e.Parsed, Body: e.Body, Arrived: e.Arrived}
	}
	if n += c.behind.Load(); n > maxBehind {
		slim.bare = true
		for i := range slim.entries {
			slim.entries[i].Header, slim.entries[i].Parsed, slim.entries[i].Body = nil, nil, nil
		}
	}
	c.behind.Add(slim.size())
	if !c.in.tryPut(slim) {
		c.behind.Add(-slim.size())
	}
}

// size is the bytes of headers and bodies.
func (a *applied) size() (n int64) {
	for i := range a.entries {
		n += int64(len(a.entries[i].Header) + len(a.entries[i].Body))
	}
	return n
}

func (c *clerk) run(ctx context.Context) {
	if err := c.l.oldRings(ctx); err != nil && ctx.Err() == nil {
		c.l.log.Error("taking back rings that were not sent", "err", err)
	}
	if err := c.l.startRings(); err != nil && ctx.Err() == nil {
		c.l.log.Error("looking for rings that were held before the start", "err", err)
	}
	tick, pause := time.NewTimer(tickEvery), tickEvery
	defer tick.Stop()
	for {
		if pause > tickEvery && c.awake {
			pause = tickEvery
			tick.Reset(pause)
		}
		select {
		case <-ctx.Done():
			return
		case <-c.l.paths:
			c.awake = true
		case <-c.in.ready:
			for began := time.Now(); time.Since(began) < soundWithin; {
				a, ok := c.in.take()
				if !ok {
					break
				}
				c.take(ctx, a)
			}
			c.flush()
		case <-tick.C:
			c.awake = false
			c.tick(ctx)
			c.flush()
			pause = c.pause()
			tick.Reset(pause)
		}
	}
}

// A clerk looks at its line once a second, and less often where all is well and
// nothing but time may ask for something. Whatever is made durable, and a path that
// comes or goes, wakes it. Silence ends a path (quietLimit), so the lamp leaves green
// as soon as it ever does.
const (
	tickEvery = time.Second
	tickRest  = 3 * time.Second
)

// pause is how long nothing needs to be looked at.
func (c *clerk) pause() time.Duration {
	busy := c.awake || time.Since(c.grewAt) < restAfter || c.calls || c.callsOn || c.rang || c.uncalled || c.statements || c.unswept || c.unplaced || c.modes || c.pager.more || !c.exercise.IsZero() || c.l.drillOn() != nil
	for _, w := range c.waits {
		busy = busy || w.next.Count > 0
	}
	now := c.l.now()
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if busy || c.l.lamp.State != LampUp {
		return tickEvery
	}
	return max(tickEvery, min(tickRest, c.l.tests.next.Sub(now), c.again.Sub(now)))
}

// flush raises the alarms gathered so far, in one commit.
func (c *clerk) flush() {
	c.s.alarms(c.l, c.sounds...)
	c.sounds = c.sounds[:0]
}

// Bounds of the alarms that one commit of our own side takes, and of how long
// one waits for others: whoever floods us must not keep an alarm, or what time
// asks for, waiting behind what he sends.
const (
	maxSounds   = 256
	soundWithin = 250 * time.Millisecond
)

// due reports whether the alarms gathered so far are to be raised now.
func (c *clerk) due() bool {
	return len(c.sounds) >= maxSounds || len(c.sounds) > 0 && time.Since(c.sounding) >= soundWithin
}

func (c *clerk) take(ctx context.Context, a *applied) {
	c.grew, c.unswept, c.uncalled, c.unplaced, c.awake = true, true, true, true, true
	c.grewAt = time.Now()
	for _, x := range a.alarms {
		item := ""
		if x.Ref.Gen != (parley.GenerationID{}) {
			item = x.Ref.String()
		}
		c.sound(c.l.causer(x.Party), x.Code, x.Text, item)
		if x.Code == "generation" {
			if err := c.l.pinCertified(); err != nil {
				c.l.log.Error("reading the TLS key of a new generation", "err", err)
			}
			c.s.net.dropUnpinned(c.l)
		}
	}
	for i := range a.entries {
		e := &a.entries[i]
		if a.bare {
			es, err := c.l.store.Entries(e.Gen, e.Index, 1)
			if err != nil || len(es) == 0 {
				c.l.log.Error("reading what was just stored", "gen", e.Gen, "index", e.Index, "err", err)
				continue
			}
			e = &es[0]
		}
		if c.entry(ctx, e); c.due() {
			c.flush()
		}
	}
	c.behind.Add(-a.size())
	if c.calls {
		c.lookAtCalls(ctx)
	}
	if c.statements {
		c.lookAtStatements(ctx)
	}
}

// heldBack is what one peer caused since its last alarm was kept.
type heldBack struct {
	code string    // of that alarm
	at   time.Time // when that was
	next own.Alarm // the newest of those held back; Count is how many
}

// countEvery is how often further alarms of one peer are written down. Each
// write is a flush of the disk that other lines wait for too.
const countEvery = time.Second

// callsOf marks, behind a peer, its calls: they count with calls alone.
const callsOf = " calls"

// sound has an alarm raised with the others of what is being taken. Of what one
// peer causes, more within countEvery is counted together, unless it is more
// urgent.
func (c *clerk) sound(peer parley.PartyCode, code, text, item string) {
	key := peer
	if code == "call" {
		key += callsOf
	}
	w, now := c.waits[key], c.l.now()
	if peer != "" && w != nil && now.Sub(w.at) < countEvery && own.Urgency(code) <= own.Urgency(w.code) {
		w.next = own.Alarm{Peer: peer, Code: code, Text: text, Item: item, Count: w.next.Count + 1}
		return
	}
	n := 1
	if w != nil {
		n += w.next.Count
	}
	c.waits[key] = &heldBack{code: code, at: now}
	if len(c.sounds) == 0 {
		c.sounding = time.Now()
	}
	c.sounds = append(c.sounds, own.Alarm{Peer: peer, Code: code, Text: text, Item: item, Count: n})
}

// soundHeld writes down what sound held back.
func (c *clerk) soundHeld() {
	for _, w := range c.waits {
		if w.next.Count > 0 && c.l.now().Sub(w.at) >= countEvery {
			c.sounds = append(c.sounds, w.next)
			*w = heldBack{code: w.code, at: c.l.now()}
		}
	}
}

// causer is the peer whose doing an alarm is; "" when it is ours.
func (l *liveLine) causer(p parley.PartyCode) parley.PartyCode {
	if p == l.us {
		return ""
	}
	return p
}

// partyOf returns whose log a generation is.
func (l *liveLine) partyOf(g parley.GenerationID) parley.PartyCode {
	for _, s := range l.runner.Status().Logs {
		if s.Gen == g {
			return s.Party
		}
	}
	return ""
}

func (c *clerk) entry(ctx context.Context, e *line.StoredEntry) {
	h := e.Parsed
	if h == nil && e.Header != nil {
		h, _ = form.ParseHeader(e.Header)
	}
	if h == nil {
		return
	}
	party := c.l.partyOf(e.Gen)
	ours := party == c.l.us
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	switch h.Form {
	case "linetest":
		c.l.testIn(ctx, e, h, ours)
	case "exercise":
		c.modes = true
	case "ring", "pickup", "hangup":
		c.calls = true
	case "embargo", "ready", "draft", "joint", "published":
		c.statements = true
	case "opened", "checkcall", "translated", "informed":
		if !ours {
			c.l.noteTheirHuman()
		}
	}
	if breaksDrill(h) {
		c.l.breakDrill(brokenUrgent)
	}
	if ours || !form.Known(h.Form) {
		return
	}
	f, _, err := form.ParseBody(h.Form, e.Body)
	if err != nil {
		return
	}
	switch f := f.(type) {
	case *form.Dispatch:
		c.l.blobs.need(party, ref, f.Attachments)
		c.arrived(h, ref, party, f.Subject)
	case *form.Service:
		c.arrived(h, ref, party, f.Subject)
	case *form.Annex:
		c.l.takeAnnex(party, ref, f)
		if err := c.l.pinCertified(); err != nil {
			c.l.log.Error("pinning the TLS key that a party told", "err", err)
		}
	case *call.Ring:
		c.rings(ctx, h, ref, party, f)
	case *call.Wording, *call.Confirm, *call.Dispute, *form.Query, *form.Tracer, *form.CheckCall, *form.ReadBack,
		*contact.Request, *contact.Reply, *contact.CallOff, *contact.Ask, *contact.Answer,
		*said.Embargo, *said.Ready, *said.Draft, *said.Remark, *said.Joint, *said.Published:
		if h.Exercise != "" {
			c.sound(party, "exercise", fmt.Sprintf("EXERCISE %s: %s from %s", form.Visible(h.Exercise), h.Form, party), ref.String())
			break
		}
		c.sound(party, "priority", fmt.Sprintf("%s from %s", h.Form, party), ref.String())
	}
}

// arrived sounds for what came: each precedence as the desk knows it.
func (c *clerk) arrived(h *form.Header, ref parley.Ref, party parley.PartyCode, subject string) {
	code := map[parley.Precedence]string{parley.Flash: "flash", parley.Immediate: "immediate", parley.Priority: "priority", parley.Routine: "routine"}[h.Precedence]
	text := fmt.Sprintf("%s %s from %s: %s", h.Precedence, h.Marker, party, form.Visible(subject))
	if h.Exercise != "" { // an alarm of its own: it never sounds as what is real
		code, text = "exercise", "EXERCISE "+form.Visible(h.Exercise)+": "+text
	}
	c.sound(party, code, text, ref.String())
}

func (l *liveLine) noteTheirHuman() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.theirHuman = l.now()
}

// tick does what time asks for: tests, the lamp, objectives, the order.
func (c *clerk) tick(ctx context.Context) {
	if c.l.testTick(ctx) {
		c.sound("", "test-missed", fmt.Sprintf("%d line tests in a row were not answered", c.l.testView().Missed), "")
	}
	c.drill()
	c.lampAlarm(c.l.look())
	c.clocks()
	c.soundHeld()
	now, busy := c.l.now(), c.grew
	c.grew = false
	if c.calls || c.callsOn || c.rang || c.uncalled && (!busy || now.Sub(c.callsLooked).Abs() >= busyAgain) || now.Sub(c.callsLooked).Abs() >= sweepAgain {
		c.lookAtCalls(ctx)
	}
	c.s.lookAtTapes(ctx, c.l)
	if c.statements {
		c.lookAtStatements(ctx)
	}
	if now.After(c.again) || c.again.Sub(now) > sweepAgain || c.unswept && (!busy || now.Sub(c.swept).Abs() >= busyAgain) {
		c.unswept, c.swept = false, now
		if err := c.sweep(ctx); err != nil {
			c.unswept = true
			c.l.log.Error("looking for overdue items", "err", err)
		}
	}
	c.lookAtPages()
	if c.unplaced && (!busy || now.Sub(c.placed).Abs() >= busyAgain) {
		c.unplaced, c.placed = false, now
		if err := c.l.place(); err != nil {
			c.unplaced = true
			c.l.log.Error("placing the record", "err", err)
		}
	}
}

// A line is swept when an objective passes, and now and then. What has come is
// looked at and placed when the line comes to rest; a busy one is every few
// seconds, and so are calls, for which all is placed, while none is on. At rest
// they are looked at now and then, for nothing changes them. Whoever reads the
// record has it placed first.
const (
	sweepAgain = time.Minute
	busyAgain  = 5 * time.Second
)

// lampAlarm sounds once when the line goes down and once when it is back.
func (c *clerk) lampAlarm(lamp Lamp) {
	down := lamp.State == LampDown
	if down == c.down {
		return
	}
	c.down = down
	if down {
		c.sound("", "line-down", lamp.Sentence, "")
	} else {
		c.sound("", "line-up", "The line is up again.", "")
	}
}

const sweepRows = 200

// sweep looks at the newest traffic for what has passed its objective: one
// alarm each, and for ours one automatic query, none again within ten minutes.
func (c *clerk) sweep(ctx context.Context) error {
	rows, _, err := c.l.store.Rows(store.Filter{Forms: []string{"dispatch", "service"}, Order: store.ByArrival, Newest: true, Limit: sweepRows})
	if err != nil {
		return err
	}
	now := c.l.now()
	c.again = now.Add(sweepAgain)
	late, overdue := "", map[string]bool{}
	for _, r := range rows {
		if now.Sub(time.UnixMilli(r.Arrived)) > 14*24*time.Hour {
			break
		}
		if due := c.l.dueAt(&r); now.Before(due) { // no need to open it yet
			if due.Before(c.again) {
				c.again = due
			}
			continue
		}
		it, err := c.l.item(r)
		if err != nil {
			return err
		}
		if !it.Overdue || it.Disregarded != "" {
			if it.Objective.After(now) && it.Objective.Before(c.again) {
				c.again = it.Objective
			}
			continue
		}
		overdue[it.ID] = true
		if t := now.Add(min(c.queryAgain(), 10*time.Second)); t.Before(c.again) {
			c.again = t
		}
		if it.Ours && it.Precedence >= parley.Immediate && it.Exercise == "" {
			late = fmt.Sprintf("%s Nr %04d is stored there and not opened %s after its objective", it.PrecedenceText, it.Serial, ago(c.l.now().Sub(it.Objective)))
		}
		c.late(ctx, &it)
		if err := c.callOut(&it); err != nil {
			return err
		}
	}
	keepOnly(c.overdue, overdue) // what has left these rows does not come back
	keepOnly(c.called, overdue)
	keepOnly(c.queried, overdue)
	c.silent.forget(now)
	c.l.mu.Lock()
	c.l.late = late
	c.l.mu.Unlock()
	c.statements = true // an embargo may be over
	return c.silentRequests()
}

// queryAgain is the least time between automatic queries about one entry.
func (c *clerk) queryAgain() time.Duration {
	if d := c.l.timings.QueryAgain; d > 0 {
		return d
	}
	return 10 * time.Minute
}

// dueAt is the earliest moment at which a row can be overdue.
func (l *liveLine) dueAt(r *store.Row) time.Time {
	at := time.UnixMilli(r.Arrived)
	if told := claimed(r.Time); r.Time > 0 && told.Before(at) {
		at = told
	}
	return at.Add(l.objective(r.Precedence))
}

func (c *clerk) late(ctx context.Context, it *Item) {
	if !c.overdue[it.ID] {
		c.overdue[it.ID] = true
		who := "They have"
		if !it.Ours {
			who = "We have"
		}
		code, text := "overdue", fmt.Sprintf("%s not opened %s Nr %04d within its objective", who, it.PrecedenceText, it.Serial)
		if it.Exercise != "" {
			code, text = "exercise", "EXERCISE "+form.Visible(it.Exercise)+": "+text
		}
		c.sound("", code, text, it.ID)
	}
	if !it.Ours || !c.queried[it.ID].IsZero() && c.l.now().Sub(c.queried[it.ID]) < c.queryAgain() {
		return
	}
	ref, err := parley.ParseRef(it.ID)
	if err != nil {
		return
	}
	if asked, err := c.queriedBefore(ref); err != nil || asked {
		c.queried[it.ID] = c.l.now()
		return
	}
	c.queried[it.ID] = c.l.now()
	if _, err := c.l.file(ctx, &form.Header{From: c.l.stationOffice(), To: c.l.everyWatch(), Precedence: it.Precedence, Language: "en",
		Refs: []parley.Ref{ref}, Series: form.ServiceSeries, Exercise: it.Exercise}, &form.Query{Text: form.AutomaticQuery, Automatic: true}); err != nil {
		c.l.log.Error("the automatic query is not filed", "err", err)
	}
}

// queriedBefore reports whether the record or the outbox has a query of ours
// about the entry already: one is sent by itself, no more.
func (c *clerk) queriedBefore(ref parley.Ref) (bool, error) {
	rows, err := c.l.store.Referring(ref.Gen, ref.Index)
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		if r.Form == "query" && (r.Party == c.l.us || r.Waiting()) {
			return true, nil
		}
	}
	return false, nil
}

// catchUp takes up after a start what was left: attachments under way, the
// addresses that others have told us.
func (c *clerk) catchUp() error {
	rows, _, err := c.l.store.Rows(store.Filter{Forms: []string{"dispatch"}, Order: store.ByArrival, Newest: true, Limit: 500})
	if err != nil {
		return err
	}
	for i := len(rows) - 1; i >= 0; i-- {
		r := rows[i]
		if r.Party == c.l.us || r.Waiting() {
			continue
		}
		v, err := c.l.view(r)
		if err != nil {
			return err
		}
		if f, ok := v.form.(*form.Dispatch); ok {
			c.l.blobs.need(r.Party, r.Ref(), f.Attachments)
		}
	}
	return c.l.takeAnnexes()
}
