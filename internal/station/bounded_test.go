package station

import (
	"bytes"
	"context"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/store"
)

// open seals nothing.
type open struct{}

func (open) Seal(_ string, b []byte) []byte          { return bytes.Clone(b) }
func (open) Open(_ string, b []byte) ([]byte, error) { return b, nil }

// rowOf is an entry as a page of the record has it: what is large is read when
// it is asked for, each time anew.
func rowOf(pos int64, name string, body []byte) store.Row {
	h := form.EncodeHeader(&form.Header{Form: name, From: parley.Envoy, To: []parley.Address{{Party: "alder", Office: parley.Envoy}}, Language: "en"})
	return store.Row{Gen: parley.GenerationID{1}, Index: uint64(pos), Pos: pos, Settled: true, Party: "birch", Form: name}.
		WithContent(open{}, "entry", nil).Lazily(func(use func(raw, sealed []byte) error) error {
		return use(make([]byte, 1000), store.Content{Key: make([]byte, 32), Header: h, Body: body}.Seal(open{}, ""))
	})
}

// bomb is the body of an unknown form: one field of n bytes of text.
func bomb(n int) []byte {
	field := binary.BigEndian.AppendUint32([]byte{0xa1, 0x01, 0x7a}, uint32(n))
	return form.JoinBody(append(field, strings.Repeat("x", n)...), 0)
}

// TestLargeEntriesAreListedCheaply makes the rows of a list out of a hundred
// entries of a mebibyte each. What is taken for one may be given back before the
// next; what is kept is what a list shows.
func TestLargeEntriesAreListedCheaply(t *testing.T) {
	const n, size = 100, 1_000_000
	l := &liveLine{us: "alder", founding: &charter.Founding{}, runner: &runner{}}
	body := bomb(size)
	var before, after runtime.MemStats
	var items []Item
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range int64(n) {
		it, err := l.item(rowOf(i+1, "bomb", body))
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, it)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if taken := (after.TotalAlloc - before.TotalAlloc) / n; taken > 5*size {
		t.Errorf("an entry of %d bytes takes %d to be listed", size, taken)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > size {
		t.Errorf("a list of %d keeps %d bytes", n, kept)
	}
	for _, it := range items {
		if len(it.Fields) != 1 || !strings.HasPrefix(it.Fields[0].Value, `"xxx`) || len(it.Fields[0].Value) > 300 {
			t.Fatalf("shown as %.300v", it.Fields)
		}
	}
	runtime.KeepAlive(items)
}

// aRecord is a store of which only the settled record is read.
type aRecord struct {
	store.Line
	rows []store.Row
}

func (r *aRecord) Rows(f store.Filter) ([]store.Row, int64, error) {
	rest := r.rows[min(f.After, int64(len(r.rows))):]
	return rest[:min(len(rest), f.Limit)], int64(len(r.rows)), nil
}

// TestIndexTakesTextsByBytes reads the record for the search index: few entries
// together where they are large, many where they are small, and each once.
func TestIndexTakesTextsByBytes(t *testing.T) {
	for _, c := range []struct{ n, text, batches int }{{300, 48_000, 7}, {10_000, 10, 3}, {0, 0, 1}, {indexRows, 10, 1}} {
		body := form.EncodeBody(&form.Dispatch{Subject: "s", Text: strings.Repeat("x", c.text)}, 0)
		r := &aRecord{}
		for i := range int64(c.n) {
			r.rows = append(r.rows, rowOf(i+1, "dispatch", body))
		}
		l := &liveLine{us: "alder", store: r, translated: map[string]bool{}}
		upto, batches := int64(0), 0
		for more := true; more; batches++ {
			es, last, again, err := l.indexable(upto)
			if err != nil {
				t.Fatal(err)
			}
			size := 0
			for _, e := range es {
				if upto++; e.Pos != upto || e.Blank {
					t.Fatalf("position %d after %d, blank %v", e.Pos, upto-1, e.Blank)
				}
				for _, x := range e.Texts {
					size += len(x)
				}
			}
			if len(es) > 0 && last != r.rows[upto-1].Ref().String() {
				t.Errorf("the last is %s", last)
			}
			if size > indexBytes+c.text+1 || len(es) > indexBatch {
				t.Errorf("%d entries of %d bytes together", len(es), size)
			}
			more = again
		}
		if upto != int64(c.n) || batches != c.batches {
			t.Errorf("%d of %d entries in %d batches, want %d", upto, c.n, batches, c.batches)
		}
	}
}

// TestAlarmSoundsInAFlood raises an alarm and goes on being told of entries,
// faster than they are read: it must not wait for an end of them.
func TestAlarmSoundsInAFlood(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	var theirs parley.GenerationID
	eventually(t, 10*time.Second, "their log is here", func() bool {
		for _, g := range l.runner.Status().Logs {
			if g.Party == "birch" && g.Size > 0 {
				theirs = g.Gen
			}
		}
		return theirs != parley.GenerationID{}
	})
	c := newClerk(a.st, l)
	c.in.tryPut(&applied{alarms: []line.Alarm{{Code: "fork", Party: "birch", Text: "two histories"}}})
	flood := &applied{bare: true, entries: slices.Repeat([]line.StoredEntry{{Gen: theirs}}, 50)}
	for range 1000 {
		c.in.tryPut(flood) // it is behind when it begins
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan bool)
	go func() { c.run(ctx); close(ended) }()
	go func() {
		for ctx.Err() == nil {
			c.in.put(ctx, nil, flood)
		}
	}()
	eventually(t, 10*time.Second, "it sounds", func() bool {
		as, err := a.st.Alarms(ctx)
		return err == nil && slices.ContainsFunc(as, func(x Alarm) bool { return x.Code == "fork" })
	})
	stop()
	<-ended
}
