package sqlite

import (
	"database/sql/driver"
	"sync"

	"parley"
)

const maxGroup = 64

// writer is the one connection that writes. Whoever comes while nobody writes
// leads: it commits for itself and for all who queued behind it meanwhile, in
// one transaction, each in a savepoint of its own. So one sync to disk serves
// many lines, and a lone caller waits for nobody. It starts no goroutine.
type writer struct {
	mu     sync.Mutex
	queue  []*op
	busy   bool // somebody leads
	closed bool
	broken error // the disk failed; what is on it is known only after a restart
	idle   *sync.Cond

	c     *conn // the leader's
	lazy  bool  // the connection commits without sync
	pages int64 // rows' worth of commits since the last fold, roughly
}

func newWriter(c *conn) *writer {
	w := &writer{c: c}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// op is one caller's change.
type op struct {
	do      func(*tx) error
	durable bool
	err     error
	wake    chan bool // true: lead; false: done
}

// tx is a transaction, or the savepoint of one op in it.
type tx struct {
	*conn
	gens  map[genKey]*gen // made here, or given a party here
	after []func()        // run once it is committed
}

// run does one change. With durable it returns after the sync; without, the
// change is in order with all others, and on disk after the next durable one.
func (w *writer) run(durable bool, do func(*tx) error) error {
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
			return o.err
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
		w.commit(group)
	} else {
		fail(group, broken)
	}
	w.pass()
	for _, other := range group {
		if other != o {
			other.wake <- false
		}
	}
	return o.err
}

// pass hands the lead to the first who waits.
func (w *writer) pass() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) > 0 {
		w.queue[0].wake <- true
		return
	}
	w.busy = false
	w.idle.Broadcast()
}

// exclusive gives f the connection, outside any transaction, while all other
// writers wait.
func (w *writer) exclusive(f func(*conn) error) error {
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

func (w *writer) usable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed()
	}
	return nil
}

func (w *writer) usableLocked() error {
	if w.closed {
		return errClosed()
	}
	return w.broken
}

func (w *writer) pagesSince() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.pages
	if n >= 1000 {
		w.pages = 0
	}
	return n
}

// commit does a group in one transaction. If the engine fails it as a whole,
// each op is tried alone, so that one caller's full disk is not another's.
func (w *writer) commit(group []*op) {
	durable := false
	for _, o := range group {
		durable = durable || o.durable
	}
	err := w.sync(durable)
	if err == nil {
		err = w.c.exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		fail(group, err)
		return
	}
	after, hard := w.fill(group)
	if hard == nil {
		hard = w.c.exec("COMMIT")
	}
	if hard == nil {
		for _, f := range after {
			f()
		}
		w.count(len(group))
		return
	}
	w.c.exec("ROLLBACK") // the engine may have done so already
	switch {
	case len(group) == 1:
		group[0].err = hard
		w.condemn(hard)
	case w.condemn(hard):
		fail(group, hard)
	default:
		for i := range group {
			group[i].err = nil
			w.commit(group[i : i+1])
		}
	}
}

// fill runs the ops of a group. Errors of an op alone are its own; an error
// that ends the transaction is returned.
func (w *writer) fill(group []*op) (after []func(), hard error) {
	for _, o := range group {
		t := &tx{conn: w.c}
		if len(group) == 1 {
			if o.err = o.do(t); o.err != nil {
				return nil, o.err
			}
			return t.after, nil
		}
		if err := w.c.exec("SAVEPOINT op"); err != nil {
			return nil, err
		}
		if o.err = o.do(t); o.err == nil {
			after = append(after, t.after...)
		} else if ends(o.err) {
			return nil, o.err
		} else if err := w.c.exec("ROLLBACK TO op"); err != nil {
			return nil, err
		}
		if err := w.c.exec("RELEASE op"); err != nil {
			return nil, err
		}
	}
	return after, nil
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
func (w *writer) condemn(err error) bool {
	if !isIO(err) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
	return true
}

func (w *writer) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages += 16 * int64(n)
}

// sync sets whether commits wait for the disk.
func (w *writer) sync(durable bool) error {
	if w.lazy != durable {
		return nil
	}
	mode := "PRAGMA synchronous = FULL"
	if !durable {
		mode = "PRAGMA synchronous = NORMAL"
	}
	if err := w.c.script(mode); err != nil { // takes effect when compiled, so it is not kept
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

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	for w.busy {
		w.idle.Wait()
	}
	return w.c.close()
}

// num, blob and text read a column; the zero value for NULL.
func num(v driver.Value) int64 { n, _ := v.(int64); return n }

func blob(v driver.Value) []byte { b, _ := v.([]byte); return b }

func text(v driver.Value) string { s, _ := v.(string); return s }
