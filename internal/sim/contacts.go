package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	stations "parley/internal/station"
	"parley/internal/store"
)

// ContactPlan makes the plan of a seed in which the envoys also arrange contacts,
// each by what has come to it.
func ContactPlan(seed uint64) *Plan {
	p := NewPlan(seed)
	g := &generator{Rand: stream(seed, "contacts"), p: p, length: time.Duration(p.Hours * float64(time.Hour))}
	for range 30 + g.IntN(90) {
		p.Acts = append(p.Acts, Act{At: time.Duration(g.Float64() * float64(g.length)), Kind: Arrange, A: g.who(), N: g.IntN(1 << 30)})
	}
	p.sort()
	return p
}

// arrange lets an envoy do something about a contact, as its desk would let it.
func (s *station) arrange(n int) {
	if s.own == nil || s.w.watch.at(s).ended {
		return
	}
	st := s.own.Engine.Status()
	if blind(&st) {
		return
	}
	b, err := stations.BookOf(s.disk, st.Logs)
	must(err)
	r := rand.New(rand.NewPCG(s.w.plan.Seed, uint64(n)))
	h := &form.Header{From: parley.Envoy, To: s.others(), Precedence: parley.Priority}
	if len(h.To) == 0 {
		return
	}
	if len(b.Contacts) == 0 || r.IntN(8) == 0 {
		s.release(h, s.terms(r), "")
		return
	}
	c := b.Contacts[r.IntN(len(b.Contacts))]
	t := c.Terms[r.IntN(len(c.Terms))]
	h.Refs = []parley.Ref{t.Ref}
	switch theirs := t.Party != s.code; r.IntN(8) {
	case 0:
		s.release(h, &contact.CallOff{Reason: contact.NotNow}, "")
	case 1, 2:
		s.release(h, s.terms(r), "")
	case 3:
		if theirs {
			h.To, h.Precedence = nil, 0
			s.release(h, &form.Opened{Wording: parley.ReceiptWording, Time: form.Minute(s.time())}, "")
		}
	case 4:
		if theirs {
			s.release(h, &contact.Reply{Phase: contact.Decline, Reason: contact.TimeUnsuited}, "")
		}
	case 5:
		h.Refs = []parley.Ref{c.Ref()}
		s.release(h, &contact.Point{Kind: contact.Agenda, Step: contact.Propose, Text: fmt.Sprint("point ", r.IntN(100))}, "")
	default:
		if theirs {
			s.release(h, &contact.Reply{Phase: contact.Accept, Window: uint64(1 + r.IntN(len(t.Request.Windows)))}, "")
		}
	}
}

func (s *station) terms(r *rand.Rand) *contact.Request {
	f := &contact.Request{Level: contact.Leader, Medium: contact.Medium(r.IntN(3)), Topics: []string{"strait"}}
	at := uint64(began.Add(2000 * time.Hour).Unix())
	for range 1 + r.IntN(3) {
		at += uint64(r.IntN(40)) * 3600
		f.Windows = append(f.Windows, contact.Window{Start: at, End: at + 7200})
		at += 7200
	}
	return f
}

// readsAll reports whether a station can read all that it holds.
func (s *station) readsAll() bool {
	faulty, _, err := s.disk.Rows(store.Filter{Faulty: true, Order: store.ByArrival, Limit: 1})
	must(err)
	return len(faulty) == 0
}

// compareContacts holds what every station says of contacts against the first:
// the same state, and the same event in calendars. A station that cannot read all
// that others can says less, and is left out.
func (w *world) compareContacts() {
	first, by := "", parley.PartyCode("")
	for _, s := range w.on() {
		if !s.readsAll() {
			continue
		}
		b, err := stations.BookOf(s.disk, s.own.Engine.Status().Logs)
		must(err)
		said := w.contactsSaid(b)
		if by == "" {
			first, by = said, s.code
			w.counts.Contacts += len(b.Contacts)
			continue
		}
		if said != first {
			w.fail("both sides say the same of a contact", "%s says\n%s%s says\n%s", by, first, s.code, said)
			return
		}
	}
}

func (w *world) contactsSaid(b *contact.Book) string {
	var out strings.Builder
	now := began.Add(w.now)
	for _, c := range b.Contacts {
		ev, live := c.Event("line", now)
		fmt.Fprintf(&out, "  %s asked by %v is %s, %d open, %d points; event %t %t %d %s\n", c.Ref(), c.Initiated(), c.At(now), len(c.Open), len(c.Points), live, ev.Cancelled, ev.Sequence, ev.Start)
		switch st := c.At(now); {
		case live && !ev.Cancelled && st != contact.Agreed && st != contact.Past:
			w.fail("no live event is left", "%s is %s, and its event is live", c.Ref(), st)
		case len(c.CallOffs) > 0 && st != contact.Withdrawn && st != contact.Cancelled:
			w.fail("what was called off stays so", "%s is %s", c.Ref(), st)
		}
	}
	return out.String()
}
