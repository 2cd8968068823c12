package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/internal/station"
)

// dispatches reads the whole record of a side: settled ones oldest first, then
// the others. What waits in the outbox may or may not be among them.
func (w *world) dispatches(s *side) ([]station.Item, error) {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	f := station.Filter{Form: "dispatch", Limit: 500}
	first, err := s.client.Record(ctx, w.line, f)
	if err != nil {
		return nil, err
	}
	if len(first.Unsettled) >= 500 {
		return nil, fmt.Errorf("the record of %s has too much that is not settled", s.code)
	}
	settled := first.Settled
	for page := first.Settled; len(page) > 0; {
		f.Before = page[len(page)-1].Position
		p, err := s.client.Record(ctx, w.line, f)
		if err != nil {
			return nil, err
		}
		page = p.Settled
		settled = append(settled, page...)
	}
	slices.Reverse(settled)
	return append(settled, first.Unsettled...), nil
}

// count tells how often each subject stands in a record.
func count(items []station.Item, entriesOnly bool) map[string]int {
	n := map[string]int{}
	for _, it := range items {
		if !entriesOnly || !strings.HasPrefix(it.ID, "filed:") {
			n[it.Subject]++
		}
	}
	return n
}

// lacks returns what was acknowledged and is not there, and fails on what is
// there twice, or was never sent.
func (w *world) lacks(s *side, items []station.Item, acts []act, entriesOnly bool) (missing []string) {
	w.t.Helper()
	have, all := count(items, entriesOnly), count(items, false)
	known := map[string]bool{}
	for _, a := range w.book.all("") {
		known[a.subject] = true
	}
	for sub, n := range all {
		if n > 1 {
			w.t.Errorf("%s has %s %d times", s.code, sub, n)
		}
		if !known[sub] {
			w.t.Errorf("%s has %q, which nobody sent", s.code, sub)
		}
	}
	for _, a := range acts {
		if a.acked && have[a.subject] == 0 {
			missing = append(missing, a.subject)
		}
	}
	return missing
}

// ownHolds checks at once, after a restart, that the side's own record has all
// that was acknowledged before it was killed.
func (w *world) ownHolds(s *side, acts []act) {
	w.t.Helper()
	items, err := w.dispatches(s)
	if err != nil {
		w.t.Fatalf("reading the record of %s: %v", s.code, err)
	}
	missing := w.lacks(s, items, acts, true)
	for _, a := range acts {
		if !slices.Contains(missing, a.subject) {
			continue
		}
		// Not on the record yet: then it waits in the outbox.
		it, err := s.client.Item(context.Background(), w.line, a.id)
		if err != nil || it.Subject != a.subject {
			w.t.Fatalf("%s has lost %s, which it acknowledged as %s: %q, %v", s.code, a.subject, a.id, it.Subject, err)
		}
	}
}

// allHold waits until every record has what was acknowledged so far.
func (w *world) allHold() {
	w.t.Helper()
	acts := w.book.all("")
	for _, s := range w.sides {
		var missing []string
		var err error
		for end := time.Now().Add(60 * time.Second); ; time.Sleep(30 * time.Millisecond) {
			var items []station.Item
			if items, err = w.dispatches(s); err == nil {
				if missing = w.lacks(s, items, acts, true); len(missing) == 0 {
					break
				}
			}
			if time.Now().After(end) {
				w.t.Fatalf("the record of %s lacks %d: %v (%v)\n%s", s.code, len(missing), missing[:min(len(missing), 5)], err, w.state())
			}
		}
	}
}

// state is what every side shows of the line, for failures.
func (w *world) state() string {
	var b strings.Builder
	for _, s := range w.sides {
		l, err := s.client.Line(context.Background(), w.line)
		fmt.Fprintf(&b, "%s: %s, lamp %s (%s), logs %+v, %v\n%s\n", s.code, l.State, l.Lamp.State, l.Lamp.Sentence, l.Logs, err, s.lastWords(6))
	}
	return b.String()
}

// quiet waits until all is delivered, settled alike everywhere, and every
// attachment is whole everywhere, and checks every word of it.
func (w *world) quiet() {
	w.t.Helper()
	w.allHold()
	w.settledAlike()
	for _, s := range w.sides {
		w.words(s)
	}
}

// settledAlike waits until all records have the same dispatches, by hash, in
// the same settled positions.
func (w *world) settledAlike() {
	w.t.Helper()
	var all []string
	eventually(w.t, 60*time.Second, "all agree on all settled positions", func() bool {
		all = nil
		for _, s := range w.sides {
			items, err := w.dispatches(s)
			if err != nil {
				return false
			}
			var b strings.Builder
			for _, it := range items {
				if !it.Settled {
					return false
				}
				fmt.Fprintln(&b, it.Position, it.ID, it.Hash, it.Subject)
			}
			all = append(all, b.String())
		}
		return len(slices.Compact(slices.Clone(all))) == 1
	})
}

// words opens every dispatch at a side and compares text and attachments with
// what was sent.
func (w *world) words(s *side) {
	w.t.Helper()
	sent := map[string]act{}
	for _, a := range w.book.all("") {
		sent[a.subject] = a
	}
	items, err := w.dispatches(s)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, it := range items {
		a := sent[it.Subject]
		full, err := s.client.As(envoy).Open(context.Background(), w.line, it.ID)
		if err != nil || full.Text != a.text {
			w.t.Errorf("%s opens %s as %.60q, %v; sent was %.60q", s.code, it.Subject, full.Text, err, a.text)
		}
		if (a.file != nil) != (len(full.Attachments) == 1) {
			w.t.Errorf("%s has %d attachments of %s", s.code, len(full.Attachments), it.Subject)
			continue
		}
		if a.file == nil {
			continue
		}
		eventually(w.t, 60*time.Second, fmt.Sprintf("%s has the attachment of %s", s.code, it.Subject), func() bool {
			full, err := s.client.Item(context.Background(), w.line, it.ID)
			return err == nil && len(full.Attachments) == 1 && full.Attachments[0].Held && full.Attachments[0].Size == int64(len(a.file))
		})
	}
}

// founding checks that nobody had to open a new generation and nobody saw two
// histories.
func (w *world) founding() {
	w.t.Helper()
	for _, s := range w.sides {
		l, err := s.client.Line(context.Background(), w.line)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, g := range l.Logs {
			if g.Disputed || g.Reason != "founding" {
				w.t.Errorf("%s has generation %s of %s: %s, disputed %v", s.code, g.Gen, g.Party, g.Reason, g.Disputed)
			}
		}
	}
}

// finish stops every station in good order and checks every byte it stored.
func (w *world) finish() {
	w.t.Helper()
	for _, s := range w.sides {
		s.halt()
		s.fsck()
	}
}
