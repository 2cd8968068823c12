package station

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parley"
	"parley/internal/line"
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
	log   *slog.Logger

	speak func(sends []line.Send, closes []line.Close) // to the sessions; never blocks
	heard func(applied *applied)                       // to desks, tests, blobs; never blocks
	reset func()                                       // drops every session: a new engine knows of none

	in   chan request
	done chan struct{}

	mu     sync.Mutex
	status line.Status
	failed error // why the line has stopped, once it has
}

// request is what others ask of the owner: events to step, or a function to
// run on the engine between steps.
type request struct {
	events []line.Event
	file   *filing
	ask    func(*line.Engine)
	done   chan error // nil: nobody waits
}

// filing puts an item in the outbox. reserve is called just before, with the
// greatest id in use, and gives the item its id; nil takes the next.
type filing struct {
	item    line.Filed
	reserve func(floor uint64) (uint64, error)
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
}

// maxDrain is how many requests one commit may gather.
const maxDrain = 256

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
		r.log.Error("line stopped; loading it again", "line", r.id, "err", err)
		r.setFailed(err)
		r.heardAlarm("disk", fmt.Sprintf("our store does not take what line %s must keep: %v", r.id, err))
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
	r.failed = err
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
	if err := r.step(e, given...); err != nil {
		return err
	}
	r.setFailed(nil)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		var reqs []request
		select {
		case <-ctx.Done():
			return ctx.Err()
		case q := <-r.in:
			reqs = append(reqs, q)
		case <-tick.C:
			reqs = append(reqs, request{events: []line.Event{line.Tick{}}})
		}
	drain:
		for len(reqs) < maxDrain {
			select {
			case q := <-r.in:
				reqs = append(reqs, q)
			default:
				break drain
			}
		}
		if err := r.handle(e, reqs); err != nil {
			return err
		}
	}
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
	return r.step(e, events...)
}

func (r *runner) handle(e *line.Engine, reqs []request) error {
	var events []line.Event
	last := e.LastFiled()
	for i := range reqs {
		q := &reqs[i]
		if f := q.file; f != nil {
			f.id = last + 1
			if f.reserve != nil {
				id, err := f.reserve(last)
				if err != nil {
					answer(q, err)
					continue
				}
				f.id = id
			}
			last = max(last, f.id)
			f.item.ID = f.id
			events = append(events, line.File{Item: f.item})
		}
		events = append(events, q.events...)
	}
	err := r.step(e, events...)
	for i := range reqs {
		if err == nil && reqs[i].ask != nil {
			reqs[i].ask(e)
		}
		answer(&reqs[i], err)
	}
	return err
}

func answer(q *request, err error) {
	if q.done != nil {
		q.done <- err
		q.done = nil
	}
}

// step steps the engine under the rule of the house (owner.Step), and then
// speaks.
func (r *runner) step(e *line.Engine, events ...line.Event) error {
	fx, err := r.owner(e).Step(r.clock(), events...)
	if err != nil {
		return err
	}
	status := e.Status()
	r.mu.Lock()
	r.status = status
	r.mu.Unlock()
	r.speak(fx.Sends, fx.Closes)
	if len(fx.Alarms) > 0 || !fx.Batch.Empty() {
		r.heard(&applied{line: r.id, entries: fx.Batch.Entries, receipts: fx.Batch.Receipts, filed: fx.Batch.Filed, unfiled: fx.Batch.Unfiled, alarms: fx.Alarms})
	}
	return nil
}

// refuseAll answers whoever still waits.
func (r *runner) refuseAll(err error) {
	for {
		select {
		case q := <-r.in:
			answer(&q, err)
		default:
			return
		}
	}
}

// tell hands events to the owner without waiting for them.
func (r *runner) tell(ctx context.Context, events ...line.Event) {
	select {
	case r.in <- request{events: events}:
	case <-ctx.Done():
	case <-r.done:
	}
}

// do hands a request to the owner and waits until it is durable.
func (r *runner) do(ctx context.Context, q request) error {
	q.done = make(chan error, 1)
	if err := r.Failed(); err != nil {
		return err
	}
	select {
	case r.in <- q:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
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
func (r *runner) File(ctx context.Context, item line.Filed, reserve func(floor uint64) (uint64, error)) (uint64, error) {
	f := &filing{item: item, reserve: reserve}
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
