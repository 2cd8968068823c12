package sqlfile

import (
	"context"
	"sync"
	"time"

	"parley"
)

const maxGroup = 64

// Writer is the one connection that writes. Whoever comes while nobody writes
// leads: it commits for itself and for all who queued behind it meanwhile, in
// one transaction, each in a savepoint of its own. So one sync to disk serves
// many callers, and a lone one waits for nobody. It starts no goroutine.
//
// What can happen to a group when its commit fails:
//
//	the engine refused it (disk full, locked)   nothing of it is on disk; each
//	                                            caller is tried alone
//	the disk failed (read or write error)       what is on it is known only after
//	                                            a restart: every caller is told,
//	                                            and so is everybody after
//
// A change that panics is undone, and panics in its caller's goroutine: whoever
// leads goes on, for callers may survive a panic (a web server's do), and the file
// must not be locked for good.
type Writer struct {
	mu     sync.Mutex
	queue  []*op
	busy   bool // somebody leads
	closed bool
	broken error // the disk failed
	idle   *sync.Cond

	c      *Conn // the leader's
	commit func() error
	lazy   bool  // the connection commits without sync
	pages  int64 // rows' worth of commits since the last fold, roughly
}

// NewWriter makes the writer of a connection, which it closes in the end.
func NewWriter(c *Conn) *Writer {
	w := &Writer{c: c, commit: func() error { return c.Exec("COMMIT") }}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// op is one caller's change.
type op struct {
	do       func(*Tx) error
	durable  bool
	after    []func() // of a change that stands
	err      error
	panicked any
	wake     chan bool // true: lead; false: done
}

// try does the change in t. A panic is kept for the caller, and is an error here.
func (o *op) try(t *Tx) (err error) {
	defer o.caught(&err)
	return o.do(t)
}

// committed does what waited for the commit.
func (o *op) committed() {
	defer o.caught(&o.err)
	for _, f := range o.after {
		f()
	}
}

func (o *op) caught(err *error) {
	if x := recover(); x != nil {
		o.panicked, *err = x, parley.Errorf(parley.Internal, "a change of a file panicked: %v", x)
	}
}

// outcome is what the caller gets.
func (o *op) outcome() error {
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.err
}

// Tx is a transaction, or the savepoint of one caller in it.
type Tx struct {
	*Conn
	after []func()
}

// After has f run once the transaction is committed.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

// Run does one change. With durable it returns after the sync; without, the
// change is in order with all others, and on disk after the next durable one.
//
// do may be called again, in another transaction, when the commit of a group
// failed: it must not build on what its first call left outside the database.
func (w *Writer) Run(durable bool, do func(*Tx) error) error {
	o := &op{do: do, durable: durable, wake: make(chan bool, 1)}
	w.mu.Lock()
	if err := w.usableLocked(); err != nil {
		w.mu.Unlock()
		return err
	}
	w.queue = append(w.queue, o)
	if w.busy {
		w.mu.Unlock()
		if lead := <-o.wake; !lead {
			return o.outcome()
		}
		w.mu.Lock()
	}
	w.busy = true
	n := min(len(w.queue), maxGroup)
	group := w.queue[:n:n]
	w.queue = w.queue[n:]
	broken := w.broken
	w.mu.Unlock()

	if broken == nil {
		w.do(group)
	} else {
		fail(group, broken)
	}
	w.pass()
	for _, other := range group {
		if other != o {
			other.wake <- false
		}
	}
	return o.outcome()
}

// pass hands the lead to the first who waits.
func (w *Writer) pass() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) > 0 {
		w.queue[0].wake <- true
		return
	}
	w.busy = false
	w.idle.Broadcast()
}

// Exclusive gives f the connection, outside any transaction, while all other
// writers wait. What f changes is durable.
func (w *Writer) Exclusive(f func(*Conn) error) error {
	w.mu.Lock()
	for w.busy {
		w.idle.Wait()
	}
	if err := w.usableLocked(); err != nil {
		w.mu.Unlock()
		return err
	}
	w.busy = true
	w.mu.Unlock()
	defer w.pass()
	if err := w.sync(true); err != nil {
		return err
	}
	return f(w.c)
}

// Waiting returns how many callers wait for a commit to end.
func (w *Writer) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// Usable is nil until the writer is closed, then Unavailable.
func (w *Writer) Usable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return Closed(w.c.name)
	}
	return nil
}

func (w *Writer) usableLocked() error {
	if w.closed {
		return Closed(w.c.name)
	}
	return w.broken
}

// do commits a group in one transaction. If the engine fails it as a whole,
// each op is tried alone, so that one caller's full disk is not another's.
func (w *Writer) do(group []*op) {
	durable := false
	for _, o := range group {
		durable = durable || o.durable
	}
	err := w.sync(durable)
	if err == nil {
		err = w.c.Exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		fail(group, err)
		return
	}
	hard := w.fill(group)
	if hard == nil {
		hard = w.commit()
	}
	if hard == nil {
		for _, o := range group {
			o.committed()
		}
		w.count(len(group))
		return
	}
	w.c.Exec("ROLLBACK") // the engine may have done so already
	switch {
	case w.condemn(hard):
		fail(group, hard)
	case len(group) == 1:
		group[0].err = hard
	default:
		for i := range group {
			group[i].err, group[i].panicked = nil, nil
			w.mu.Lock()
			broken := w.broken
			w.mu.Unlock()
			if broken != nil {
				group[i].err = broken
				continue
			}
			w.do(group[i : i+1])
		}
	}
}

// fill runs the ops of a group. Errors of an op alone are its own; an error
// that ends the transaction is returned.
func (w *Writer) fill(group []*op) error {
	for _, o := range group {
		t := &Tx{Conn: w.c}
		o.after = nil
		if len(group) == 1 {
			o.err = o.try(t)
			o.after = t.after
			return o.err
		}
		if err := w.c.Exec("SAVEPOINT op"); err != nil {
			return err
		}
		if o.err = o.try(t); o.err == nil {
			o.after = t.after
		} else if ends(o.err) {
			return o.err
		} else if err := w.c.Exec("ROLLBACK TO op"); err != nil {
			return err
		}
		if err := w.c.Exec("RELEASE op"); err != nil {
			return err
		}
	}
	return nil
}

// ends reports whether the engine may have ended the transaction over err.
func ends(err error) bool {
	switch parley.KindOf(err) {
	case parley.DiskFull, parley.Unavailable, parley.Corrupt, parley.Internal:
		return true
	}
	return false
}

// condemn stops all writing after a failed write to disk: what the disk has
// taken of it is known only by reading it anew.
func (w *Writer) condemn(err error) bool {
	if !isIO(err) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
	return true
}

func (w *Writer) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages += 16 * int64(n)
}

// sync sets whether commits wait for the disk.
func (w *Writer) sync(durable bool) error {
	if w.lazy != durable {
		return nil
	}
	mode := "PRAGMA synchronous = FULL"
	if !durable {
		mode = "PRAGMA synchronous = NORMAL"
	}
	if err := w.c.Script(mode); err != nil { // takes effect when compiled, so it is not kept
		return err
	}
	w.lazy = !durable
	return nil
}

func fail(group []*op, err error) {
	for _, o := range group {
		o.err = err
	}
}

// Close waits for the leader and closes the connection.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	for w.busy {
		w.idle.Wait()
	}
	return w.c.Close()
}

// foldAfter is after how many pages' worth of commits the write-ahead log is
// folded into the file.
const foldAfter = 1000

// due takes the pages that were committed since the last fold, where they are
// enough for another.
func (w *Writer) due() (pages int64, yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages < foldAfter {
		return 0, false
	}
	pages, w.pages = w.pages, 0
	return pages, true
}

// Fold folds the write-ahead log into the file in idle moments, by a connection
// of its own, so that commits seldom have to, until ctx ends.
func (w *Writer) Fold(ctx context.Context) error {
	c, err := ConnectOn(w.c.vfs, w.c.name, w.c.path, []string{"busy_timeout(0)", "wal_autocheckpoint(0)"})
	if err != nil {
		return err
	}
	defer c.Close()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := w.fold(c); err != nil {
				return err
			}
		}
	}
}

// fold folds the log once where it is due. A disk that is full or fails now may
// not be later: it is tried again.
func (w *Writer) fold(c *Conn) error {
	n, due := w.due()
	if !due {
		return nil
	}
	_, err := c.Query("PRAGMA wal_checkpoint(PASSIVE)")
	switch {
	case err == nil:
		return nil
	case parley.KindOf(err) == parley.DiskFull || parley.KindOf(err) == parley.Unavailable:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pages += n
		return nil
	}
	return err
}
