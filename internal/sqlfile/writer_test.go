package sqlfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"

	"parley"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens a file with one table, and a writer on it.
func open(t *testing.T, path string) *Writer {
	t.Helper()
	c, err := Connect("file", path, []string{"journal_mode(wal)", "synchronous(full)"})
	ok(t, err)
	ok(t, Migrate(c, 7, []string{"CREATE TABLE rows (id INTEGER PRIMARY KEY, who INTEGER NOT NULL, UNIQUE (who)) STRICT;"}))
	w := NewWriter(c)
	t.Cleanup(func() { w.Close() })
	return w
}

// diskError is what the engine says when the disk does not read: it is asked to
// read what no process can.
func diskError(t *testing.T) error {
	t.Helper()
	c, err := Connect("file", "/proc/self/mem", nil)
	if err == nil {
		err = c.Exec("SELECT * FROM sqlite_master")
		c.Close()
	}
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != codeIO {
		t.Skipf("this system gives no disk error when asked to: %v", err)
	}
	return err
}

// count returns how many rows of who there are.
func count(t *testing.T, path string, who int) int64 {
	t.Helper()
	c, err := Connect("file", path, []string{"busy_timeout(5000)"})
	ok(t, err)
	defer c.Close()
	n, err := c.Number("SELECT count(*) FROM rows WHERE who = ?", who)
	ok(t, err)
	return n
}

// together has n callers insert their row in one commit, and returns what each
// was told.
func together(t *testing.T, w *Writer, n int) []error {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	ok(t, w.Exclusive(func(*Conn) error {
		for i := range n {
			wg.Go(func() {
				errs[i] = w.Run(true, func(tx *Tx) error { return tx.Exec("INSERT INTO rows (who) VALUES (?)", i) })
			})
		}
		for w.Waiting() < n {
			time.Sleep(time.Millisecond)
		}
		return nil
	}))
	wg.Wait()
	return errs
}

// TestCommitFails is the fault table: a commit of a group fails, by a refusal of
// the engine or by the disk, having taken effect or not; once, or again when
// callers are tried alone.
func TestCommitFails(t *testing.T) {
	full := parley.Errorf(parley.DiskFull, "no room")
	io := diskError(t)
	const callers = 5
	for _, c := range []struct {
		name   string
		err    error
		effect bool // the commit is on disk all the same
		times  int
		told   func(i int) error // what the callers are told, in some order
		after  error             // what a later caller is told
	}{
		{name: "refused once, not on disk: all are tried alone and kept", err: full, times: 1, told: func(int) error { return nil }},
		{name: "refused again for one alone: it hears of it, nobody else", err: full, times: 2, told: func(i int) error {
			if i == 0 {
				return full
			}
			return nil
		}},
		{name: "disk failed, not on disk: all hear of it, and so does everybody after", err: io, times: 1, told: func(int) error { return io }, after: io},
		{name: "disk failed, on disk: the same, for nobody knows", err: io, effect: true, times: 1, told: func(int) error { return io }, after: io},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file.db")
			w := open(t, path)
			n := 0
			real := w.commit
			w.commit = func() error {
				if n++; n > c.times {
					return real()
				}
				if c.effect {
					ok(t, real())
				}
				return c.err
			}
			errs := together(t, w, callers)
			refused := 0
			for _, err := range errs {
				if err != nil {
					refused++
				}
			}
			want := 0
			for i := range callers {
				if c.told(i) != nil {
					want++
				}
			}
			if refused != want {
				t.Errorf("%d callers were refused, want %d: %v", refused, want, errs)
			}
			err := w.Run(true, func(tx *Tx) error { return tx.Exec("INSERT INTO rows (who) VALUES (99)") })
			if !errors.Is(err, c.after) {
				t.Errorf("a later caller: %v, want %v", err, c.after)
			}
			for i, err := range errs {
				got := count(t, path, i)
				switch {
				case err == nil && got != 1:
					t.Errorf("caller %d was told it is kept: %d rows", i, got)
				case err != nil && (got == 1) != c.effect:
					t.Errorf("caller %d was refused: %d rows, on disk %v", i, got, c.effect)
				}
			}
		})
	}
}

// TestRefusedInGroup has one caller's change refused among many: the others' are
// kept, in one commit.
func TestRefusedInGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	w := open(t, path)
	ok(t, w.Run(true, func(tx *Tx) error { return tx.Exec("INSERT INTO rows (who) VALUES (2)") }))
	commits := 0
	real := w.commit
	w.commit = func() error { commits++; return real() }
	conflict := parley.Errorf(parley.Conflict, "taken")
	var wg sync.WaitGroup
	errs := make([]error, 4)
	after := make([]bool, 4)
	ok(t, w.Exclusive(func(*Conn) error {
		for i := range errs {
			wg.Go(func() {
				errs[i] = w.Run(true, func(tx *Tx) error {
					tx.After(func() { after[i] = true })
					if err := tx.Exec("INSERT INTO rows (who) VALUES (?)", 10+i); err != nil {
						return err
					}
					if i == 2 {
						return conflict
					}
					return nil
				})
			})
		}
		for w.Waiting() < len(errs) {
			time.Sleep(time.Millisecond)
		}
		return nil
	}))
	wg.Wait()
	for i, err := range errs {
		bad := i == 2
		if (err != nil) != bad || after[i] == bad || (count(t, path, 10+i) == 1) == bad {
			t.Errorf("caller %d: %v, after %v, %d rows", i, err, after[i], count(t, path, 10+i))
		}
	}
	if commits != 1 {
		t.Errorf("%d commits for one group", commits)
	}
}

// TestPanicIsItsCallers: a change that panics, alone or in one commit with others,
// before the commit or after, panics in its caller alone; the others' are kept, and
// whoever comes after is served.
func TestPanicIsItsCallers(t *testing.T) {
	for _, callers := range []int{1, 4} {
		for _, late := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "file.db")
			w := open(t, path)
			var wg sync.WaitGroup
			got := make([]any, callers)
			ok(t, w.Exclusive(func(*Conn) error {
				for i := range callers {
					wg.Go(func() {
						defer func() { got[i] = recover() }()
						ok(t, w.Run(true, func(tx *Tx) error {
							err := tx.Exec("INSERT INTO rows (who) VALUES (?)", i)
							if i == 0 && !late {
								panic("a fault")
							}
							tx.After(func() {
								if i == 0 {
									panic("a fault")
								}
							})
							return err
						}))
					})
				}
				for w.Waiting() < callers {
					time.Sleep(time.Millisecond)
				}
				return nil
			}))
			wg.Wait()
			for i := range callers {
				want := int64(1)
				if i == 0 && !late {
					want = 0
				}
				if n := count(t, path, i); n != want || (got[i] == "a fault") != (i == 0) {
					t.Errorf("%d callers, late %v: caller %d has %d rows, panic %v", callers, late, i, n, got[i])
				}
			}
			done := make(chan error, 1)
			go func() {
				done <- w.Run(true, func(tx *Tx) error { return tx.Exec("INSERT INTO rows (who) VALUES (99)") })
			}()
			select {
			case err := <-done:
				ok(t, err)
			case <-time.After(10 * time.Second):
				t.Fatalf("%d callers, late %v: nobody writes any more", callers, late)
			}
		}
	}
}

// TestLazyIsInOrder: what need not wait for the disk is seen at once, and is
// there after a close.
func TestLazyIsInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	w := open(t, path)
	for i := range 6 {
		ok(t, w.Run(i%2 == 0, func(tx *Tx) error { return tx.Exec("INSERT INTO rows (who) VALUES (?)", i) }))
		if count(t, path, i) != 1 {
			t.Errorf("change %d is not seen", i)
		}
	}
	ok(t, w.Close())
	ok(t, w.Close())
	if err := w.Run(true, func(*Tx) error { return nil }); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("after the close: %v", err)
	}
	if err := w.Usable(); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("after the close: %v", err)
	}
}

func TestScan(t *testing.T) {
	w := open(t, filepath.Join(t.TempDir(), "file.db"))
	type word string
	var (
		n    int64
		u    uint8
		s    word
		b    []byte
		yes  bool
		none = []byte("old")
	)
	ok(t, w.Exclusive(func(c *Conn) error {
		return c.Row("SELECT ?, 200, 'x', x'0102', ?, NULL", -3, true).Scan(&n, &u, &s, &b, &yes, &none)
	}))
	if n != -3 || u != 200 || s != "x" || fmt.Sprint(b) != "[1 2]" || !yes || none != nil {
		t.Errorf("%d %d %s %v %v %v", n, u, s, b, yes, none)
	}
	for _, q := range []string{"SELECT 256", "SELECT -1", "SELECT 'a'", "SELECT NULL", "SELECT 1.5", "SELECT 1, 2", "SELECT 1 WHERE false"} {
		if err := w.Exclusive(func(c *Conn) error { return c.Row(q).Scan(&u) }); err == nil {
			t.Errorf("%s: scanned as %d", q, u)
		}
	}
}
