package station

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"parley"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/station/owner"
	"parley/internal/store"
)

// runner owns the engine of one line: one goroutine steps it, makes its
// batches durable, and only then lets it speak. Everybody else asks it.
type runner struct {
	id    parley.LineID
	cfg   line.Config
	store store.Line
	mark  owner.HighWater
	clock func() time.Time
	low   func() bool // the disk is kept for our own logs
	log   *slog.Logger
	paced bool // peers are held to paceBytes

	speak func(sends []line.Send, closes []line.Close) // to the sessions; never blocks
	heard func(applied *applied)                       // to desks, tests, blobs; never blocks
	reset func()                                       // drops every session: a new engine knows of none
	own   releases

	in   *mailbox[request]
	done chan struct{}

	mu     sync.Mutex
	rooms  map[parley.PartyCode]*room // of frames not stepped yet
	status line.Status
	failed error  // why the line has stopped, once it has
	loaded bool   // the engine was, since the start
	tried  func() // called when it is known for the first time whether it loads; nil: nobody asks
}

// request is what others ask of the owner: events to step, or a function to
// run on the engine between steps.
type request struct {
	events []line.Event
	file   *filing
	ask    func(*line.Engine)
	done   chan error // nil: nobody waits
	room   *room      // given size back once stepped; nil: none
	size   int
}

// releases keeps on our own side, durably, what officers released: own.Store.
type releases interface {
	// ReleaseAll gives each release the id that it is to be filed under.
	ReleaseAll(floor uint64, rs []own.Release, ready func([]own.Outcome)) ([]own.Outcome, error)
	// Pending returns what was released and is not known to be filed.
	Pending() ([]own.Outgoing, error)
	MarkFiled(l parley.LineID, id uint64) error
}

// filing puts an item in the outbox. A release gets its id where it is kept, any
// other item the next.
type filing struct {
	item    line.Filed
	release *own.Release
	id      uint64
}

// applied is what one commit made durable, told to those who act on it.
type applied struct {
	line     parley.LineID
	entries  []line.StoredEntry
	receipts []line.StoredReceipt
	filed    []line.Filed
	unfiled  []uint64
	alarms   []line.Alarm
	bare     bool // entries have their place alone: the store has the rest
}

// Bounds of what one commit may gather: requests, and among them items to be
// filed. More of those than the engine hands out in one step would pass through
// the outbox.
const (
	maxDrain = 256
	maxFiled = 128
)

// The engine is told of time often while something goes on, and seldom once nothing
// did for restAfter: then only days matter to it, and what is asked of it wakes it.
const (
	tickOften  = 250 * time.Millisecond
	tickSeldom = 3 * time.Second // no more than line.Tick allows
	restAfter  = 15 * time.Second
)

// run steps the engine until ctx ends or the store fails for good. The engine
// is loaded, and loaded again after a failed commit.
func (r *runner) run(ctx context.Context) error {
	defer close(r.done)
	for {
		err := r.session(ctx)
		if ctx.Err() != nil {
			r.refuseAll(ctx.Err())
			return nil
		}
		before := r.Failed()
		if r.setFailed(err); before == nil || before.Error() != err.Error() { // it is tried every second, and said once
			r.log.Error("line stopped; loading it again", "line", r.id, "err", err)
			if r.loaded {
				r.heardAlarm("disk", fmt.Sprintf("our store does not take what line %s must keep: %v", r.id, err))
			}
		}
		select {
		case <-ctx.Done():
			r.refuseAll(ctx.Err())
			return nil
		case <-time.After(time.Second):
		}
	}
}

func (r *runner) heardAlarm(code, text string) {
	r.heard(&applied{line: r.id, alarms: []line.Alarm{{Code: code, Text: text}}})
}

func (r *runner) setFailed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed, r.loaded = err, r.loaded || err == nil
	if r.tried != nil {
		r.tried() // once
	}
}

// session loads the engine and steps it until something fails.
func (r *runner) session(ctx context.Context) error {
	e, err := line.Load(r.cfg, r.clock())
	if err != nil {
		return err
	}
	r.reset()
	if err := r.start(e); err != nil {
		return err
	}
	given, err := decided(r.store) // recoveries that officers confirmed before
	if err != nil {
		return err
	}
	if err := r.step(e, nil, given...); err != nil {
		return err
	}
	if err := r.refile(e); err != nil {
		return err
	}
	r.setFailed(nil)
	tick := time.NewTicker(tickOften)
	defer tick.Stop()
	asked, rests, low := time.Now(), false, false
	for {
		var reqs []request
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.in.ready:
			asked = time.Now()
		case <-tick.C:
			reqs = append(reqs, request{events: []line.Event{line.Tick{}}})
		}
		if now := r.low(); now != low || len(reqs) > 0 { // before anything that came is taken in
			low = now
			reqs = append([]request{{events: []line.Event{line.Space{Low: low}}}}, reqs...)
		}
		switch rest := time.Since(asked) >= restAfter; {
		case rest && !rests:
			tick.Reset(tickSeldom)
			rests = true
		case !rest && rests:
			tick.Reset(tickOften)
			rests = false
		}
		if reqs = r.gather(reqs); len(reqs) == 0 {
			continue
		}
		if err := r.handle(e, reqs); err != nil {
			return err
		}
	}
}

// gather adds what others ask for meanwhile. Where something is to be filed it
// gives way to whoever is about to ask: those who were answered just now come
// again with this commit, and not in two halves by turns, each with signatures
// and syncs of its own.
func (r *runner) gather(reqs []request) []request {
	files, gaveWay := 0, false
	for i := range reqs {
		if reqs[i].file != nil {
			files++
		}
	}
	for len(reqs) < maxDrain && files < maxFiled {
		q, ok := r.in.take()
		if !ok {
			if files == 0 || gaveWay {
				return reqs
			}
			runtime.Gosched()
			gaveWay = true
			continue
		}
		if q.file != nil {
			files++
		}
		reqs, gaveWay = append(reqs, q), false
	}
	return reqs
}

// refile finishes the releases that a crash or a failed step cut off between
// our own side and the outbox (own.Store.MarkReleased). It comes before anything
// else is filed, for ids rise.
func (r *runner) refile(e *line.Engine) error {
	pending, err := r.own.Pending()
	if err != nil {
		return err
	}
	var events []line.Event
	var ids []uint64
	for _, o := range pending {
		if o.Line != r.id {
			continue
		}
		known, err := r.knows(o.ID)
		if err != nil {
			return err
		}
		if !known {
			events = append(events, line.File{Item: line.Filed{ID: o.ID, Precedence: o.Precedence, At: o.At, Header: o.Header, Fields: o.Fields}})
			r.log.Info("filing what was released just before a stop", "item", o.ID)
		}
		ids = append(ids, o.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	if err := r.step(e, nil, events...); err != nil {
		return fmt.Errorf("filing what was released before the stop: %w", err)
	}
	for _, id := range ids {
		if err := r.own.MarkFiled(r.id, id); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether an outbox id was ever filed.
func (r *runner) knows(id uint64) (bool, error) {
	if _, ok, err := handed(r.store, id); err != nil || ok {
		return ok, err
	}
	_, err := r.store.FiledItem(id)
	if parley.KindOf(err) == parley.NotFound {
		return false, nil
	}
	return err == nil, err
}

// owner steps e under the rule of the house.
func (r *runner) owner(e *line.Engine) *owner.Owner {
	return &owner.Owner{Engine: e, Store: r.store, Mark: r.mark}
}

// start holds the loaded engine to the high-water mark. It is told of paths that
// were up before it was loaded as the sessions reconnect.
func (r *runner) start(e *line.Engine) error {
	events, err := r.owner(e).Start()
	if err != nil {
		return err
	}
	return r.step(e, nil, append(events, line.Space{Low: r.low()})...)
}

func (r *runner) handle(e *line.Engine, reqs []request) error {
	events, kept := r.filings(e.LastFiled(), reqs)
	for i := range reqs {
		events = append(events, reqs[i].events...)
	}
	err := r.step(e, kept, events...)
	for i := range reqs {
		reqs[i].leave()
		if err == nil && reqs[i].ask != nil {
			reqs[i].ask(e)
		}
		answer(&reqs[i], err)
	}
	return err
}

// filings gives the items among reqs their ids, above last, and answers those
// that are refused. What officers released is being kept on our own side when
// it returns: kept waits until that is durable. It is nil when there is none.
func (r *runner) filings(last uint64, reqs []request) (events []line.Event, kept func() error) {
	file := func(f *filing, id uint64) {
		f.id, f.item.ID, last = id, id, max(last, id)
		events = append(events, line.File{Item: f.item})
	}
	var released []*request
	var plain []*filing
	for i := range reqs {
		switch f := reqs[i].file; {
		case f == nil:
		case f.release != nil:
			released = append(released, &reqs[i])
		default:
			plain = append(plain, f)
		}
	}
	if len(released) > 0 {
		var outs []own.Outcome
		outs, kept = r.release(last, released)
		for i, o := range outs {
			if o.Err != nil {
				answer(released[i], o.Err)
				continue
			}
			file(released[i].file, o.ID)
		}
	}
	for _, f := range plain {
		file(f, last+1)
	}
	return events, kept
}

// release keeps on our own side what officers released, in one commit, and
// returns as soon as the outcome of each is known. The engine may then be
// stepped while that commit waits for the disk: nothing of the step is made
// durable or said before kept returned nil (owner.Owner.StepAfter).
func (r *runner) release(last uint64, qs []*request) (outs []own.Outcome, kept func() error) {
	rs := make([]own.Release, len(qs))
	for i, q := range qs {
		rs[i] = *q.file.release
	}
	ready, done := make(chan []own.Outcome, 1), make(chan error, 1)
	go func() {
		_, err := r.own.ReleaseAll(last, rs, func(outs []own.Outcome) { ready <- outs })
		done <- err
	}()
	select {
	case outs = <-ready:
		return outs, func() error { return <-done }
	case err := <-done:
		select {
		case outs = <-ready:
			return outs, func() error { return err }
		default: // refused as a whole before anything came of it
		}
		for _, q := range qs {
			answer(q, err)
		}
		return nil, nil
	}
}

// leave gives back the room that a request took.
func (q *request) leave() {
	if q.room != nil {
		q.room.give(q.size)
		q.room = nil
	}
}

func answer(q *request, err error) {
	if q.done != nil {
		q.done <- err
		q.done = nil
	}
}

// step steps the engine under the rule of the house, and then speaks
// (owner.Owner.StepAfter). kept may be nil.
func (r *runner) step(e *line.Engine, kept func() error, events ...line.Event) error {
	fx, err := r.owner(e).StepAfter(r.clock(), kept, events...)
	if err != nil {
		return err
	}
	r.speak(fx.Sends, fx.Closes)
	if len(fx.Sends) > 0 {
		runtime.Gosched() // the paths' writers go first: whoever is told below would keep them waiting
	}
	status := e.Status()
	r.mu.Lock()
	r.status = status
	r.mu.Unlock()
	if len(fx.Alarms) > 0 || !fx.Batch.Empty() {
		r.heard(&applied{line: r.id, entries: fx.Batch.Entries, receipts: fx.Batch.Receipts, filed: fx.Batch.Filed, unfiled: fx.Batch.Unfiled, alarms: fx.Alarms})
	}
	return nil
}

// refuseAll answers whoever still waits.
func (r *runner) refuseAll(err error) {
	for {
		q, ok := r.in.take()
		if !ok {
			return
		}
		q.leave()
		answer(&q, err)
	}
}

// tell hands events to the owner without waiting for them.
func (r *runner) tell(ctx context.Context, events ...line.Event) {
	r.in.put(ctx, r.done, request{events: events})
}

// hear hands a frame of a peer to the owner, and waits while too much of that
// peer's waits already.
func (r *runner) hear(ctx context.Context, p parley.PartyCode, f line.FrameIn) {
	q := request{events: []line.Event{f}, room: r.roomOf(p), size: f.Size + frameCost}
	if !q.room.take(ctx, r.done, q.size) {
		return
	}
	if !r.in.put(ctx, r.done, q) {
		q.leave()
	}
}

// do hands a request to the owner and waits until it is durable.
func (r *runner) do(ctx context.Context, q request) error {
	q.done = make(chan error, 1)
	if err := r.Failed(); err != nil {
		return err
	}
	if !r.in.put(ctx, r.done, q) {
		if err := ctx.Err(); err != nil {
			return err
		}
		return errStopped
	}
	select {
	case err := <-q.done:
		return err
	case <-r.done:
		return errStopped
	}
}

var errStopped = parley.Errorf(parley.Unavailable, "the station is stopping").WithHint("start it again and repeat the act")

// File puts an item in the outbox. When it returns nil the item is durable and
// will be sent, once, whatever happens.
func (r *runner) File(ctx context.Context, item line.Filed) (uint64, error) {
	f := &filing{item: item}
	err := r.do(ctx, request{file: f})
	return f.id, err
}

// Release is File of what an officer released: the release is kept on our own
// side first, in one commit with others that come at the same time.
func (r *runner) Release(ctx context.Context, item line.Filed, rel own.Release) (uint64, error) {
	f := &filing{item: item, release: &rel}
	err := r.do(ctx, request{file: f})
	return f.id, err
}

// Status returns the state of the line after the last step.
func (r *runner) Status() line.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Failed returns why the line stands still; nil when it does not.
func (r *runner) Failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
