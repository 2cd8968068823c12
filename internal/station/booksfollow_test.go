package station

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/said"
	"parley/internal/store"
)

// TestBooksAreFollowed stores the entries of a line in random parts, some shut at first,
// receipts before what they are for and after: books that read what is new alone say
// what books say that are read anew.
func TestBooksAreFollowed(t *testing.T) {
	shut, late := 0, 0
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := newLongLine(t)
		var contacts contactReading
		var statements saidReading
		todo := news{all: true}
		var held []line.StoredEntry // that do not open yet
		for range 25 {
			es := w.contact()
			refs := make([]parley.Ref, 0, len(es))
			for _, e := range es {
				refs = append(refs, parley.Ref{Gen: e.Gen, Index: e.Index})
			}
			for range r.IntN(4) {
				es = append(es, w.entry(r.IntN(2), w.some(r), refs[r.IntN(len(refs))], refs[r.IntN(len(refs))]))
			}
			var part []line.StoredEntry
			for _, e := range es {
				if r.IntN(8) == 0 {
					held = append(held, e)
					e.Key, e.Header, e.Body, e.Parsed, e.Faulty, e.Fault = nil, nil, nil, nil, true, parley.Unreadable
					shut++
				}
				part = append(part, e)
			}
			for len(held) > 0 && r.IntN(2) == 0 {
				i := r.IntN(len(held))
				part, late = append(part, held[i]), late+1
				held = append(held[:i], held[i+1:]...)
			}
			for _, e := range w.store(part) {
				todo.refs = append(todo.refs, parley.Ref{Gen: e.Gen, Index: e.Index})
			}
			if r.IntN(3) == 0 {
				continue // read together with the next
			}
			r.Shuffle(len(todo.refs), func(i, j int) { todo.refs[i], todo.refs[j] = todo.refs[j], todo.refs[i] })
			b, err := contacts.follow(w.disk, w.logs, 0, todo)
			if err != nil {
				t.Fatal(err)
			}
			s, err := statements.follow(w.disk, w.logs, 0, todo, b)
			if err != nil {
				t.Fatal(err)
			}
			todo = news{}
			wantB, err := BookOf(w.disk, w.logs)
			if err != nil {
				t.Fatal(err)
			}
			wantS, err := SaidBookOf(w.disk, w.logs, wantB)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(b, wantB) {
				t.Fatalf("seed %d: after %d contacts the book that was followed says other than the one read anew", seed, w.n)
			}
			if !reflect.DeepEqual(s.Contacts, wantS.Contacts) || !reflect.DeepEqual(s.Unread, wantS.Unread) {
				t.Fatalf("seed %d: after %d contacts what was followed of statements is other than what is read anew: unread %v, want %v", seed, w.n, s.Unread, wantS.Unread)
			}
		}
	}
	if shut < 70 || late < 35 {
		t.Errorf("%d entries were shut, %d opened later: the test does not reach them", shut, late)
	}
}

// some is a form that books are made of, or none.
func (w *longLine) some(r *rand.Rand) form.Form {
	return []form.Form{
		&form.Opened{Wording: parley.ReceiptWording, Time: w.now / 60 * 60}, &contact.CallOff{Reason: contact.NotNow}, &contact.Reply{Phase: contact.Decline, Reason: contact.NotNow},
		&said.Embargo{Step: said.Refuse}, &call.Hangup{}, &contact.Point{Kind: contact.Agenda, Step: contact.Done},
	}[r.IntN(6)]
}

// counting counts what is read of a line.
type counting struct {
	Rower
	pages, items int
}

func (c *counting) Rows(f store.Filter) ([]store.Row, int64, error) {
	c.pages++
	return c.Rower.Rows(f)
}

func (c *counting) Item(g parley.GenerationID, i uint64) (store.Row, error) {
	c.items++
	return c.Rower.Item(g, i)
}

func (c *counting) Referring(g parley.GenerationID, i uint64) ([]store.Row, error) {
	c.items++
	return c.Rower.Referring(g, i)
}

// TestOneEntryIsReadAlone: on a line of hundreds of entries one more costs the books no
// page of the record.
func TestOneEntryIsReadAlone(t *testing.T) {
	w := newLongLine(t)
	for range 60 {
		w.store(w.contact())
	}
	from := &counting{Rower: w.disk}
	var contacts contactReading
	var statements saidReading
	follow := func(n news) {
		t.Helper()
		b, err := contacts.follow(from, w.logs, 0, n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := statements.follow(from, w.logs, 0, n, b); err != nil {
			t.Fatal(err)
		}
	}
	follow(news{all: true})
	for _, e := range w.store(w.contact()) {
		from.pages, from.items = 0, 0
		follow(news{refs: []parley.Ref{{Gen: e.Gen, Index: e.Index}}})
		if from.pages > 0 || from.items > 4 {
			t.Errorf("after a %s %d pages and %d rows were read", e.Parsed.Form, from.pages, from.items)
		}
	}
}

// BenchmarkBooks says what books of ten thousand entries cost after one more, read
// alone and read anew.
func BenchmarkBooks(b *testing.B) {
	w := newLongLine(b)
	for range 100 {
		var es []line.StoredEntry
		for range 10 {
			es = append(es, w.contact()...)
		}
		w.store(es)
	}
	for name, anew := range map[string]bool{"new": false, "all": true} {
		b.Run(name, func(b *testing.B) {
			var contacts contactReading
			var statements saidReading
			var waiting []line.StoredEntry
			follow := func(n news) {
				book, err := contacts.follow(w.disk, w.logs, 0, n)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := statements.follow(w.disk, w.logs, 0, n, book); err != nil {
					b.Fatal(err)
				}
			}
			for follow(news{all: true}); b.Loop(); {
				b.StopTimer()
				if len(waiting) == 0 {
					waiting = w.store(w.contact())
				}
				n := news{refs: []parley.Ref{{Gen: waiting[0].Gen, Index: waiting[0].Index}}, all: anew}
				waiting = waiting[1:]
				b.StartTimer()
				follow(n)
			}
		})
	}
}
