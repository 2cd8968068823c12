package station

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
)

// lookAtStatements shows our draft where every side is bound to its own, and raises
// what officers have to know of statements: each once.
func (c *clerk) lookAtStatements(ctx context.Context) {
	c.statements = false
	b, _, err := c.l.saidBook()
	for i := 0; err == nil && i < len(b.Contacts); i++ {
		t := b.Contacts[i]
		err = errors.Join(c.showDraft(ctx, t), c.tellOf(t))
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	c.statements = true // again at the next tick
	if now := c.l.now(); now.Sub(c.statementsFailed).Abs() >= time.Minute {
		c.statementsFailed = now
		c.l.log.Error("looking at statements", "err", err)
	}
}

// showDraft files our draft by itself when every side's ready is here, our officer
// did not keep the showing for himself, and what is to be shown is what our side was
// bound to last: the other side chooses which of our bonds its draft names, and what
// our side took another text for an officer shows. It finds on the record and in the
// outbox what it did before: a start after a crash does it once.
func (c *clerk) showDraft(ctx context.Context, t *said.Told) error {
	us := t.Side(c.l.us)
	if us == nil || !t.Bound() || us.Shown != nil && us.Owes == nil {
		return nil
	}
	if !c.l.deciding.TryLock() { // an act is under way, and may take its time: nothing waits for it here
		c.statements = true
		return nil
	}
	defer c.l.deciding.Unlock()
	a, err := c.l.afterwards(t.Contact.String())
	if err != nil {
		return err
	}
	ready := a.us().Owes
	if n := len(a.us().Bonds); ready == nil && n > 0 {
		ready = a.us().Bonds[n-1]
	}
	if ready == nil || a.us().Shown != nil && a.us().Owes == nil {
		return nil
	}
	b, ok, err := c.s.bondOf(a, ready)
	if err != nil || ok && (b.Manual || ready != a.us().Bonds[len(a.us().Bonds)-1]) {
		return err
	}
	if !ok {
		return c.soundOnce("draft-lost", ready.Entry, "Our side is bound to a draft whose text is not here: the station was restored from a backup that is older. Be ready again; the other side sees that it is another text")
	}
	f, refs, err := c.s.firstDraft(a)
	if parley.KindOf(err) == parley.Conflict { // it is on its way
		return nil
	}
	if err != nil {
		return err
	}
	h := &form.Header{From: ready.From, To: c.l.addressedAt(a.level()), Precedence: parley.Priority, Refs: refs, Exercise: t.Exercise}
	if !c.l.charter().HasOffice(h.From) {
		h.From = c.l.stationOffice()
	}
	if _, err := c.l.fileForm(ctx, h, f); err != nil {
		return err
	}
	return c.s.audit(Officer{}, "show a draft", a.root.String(), "every side is ready")
}

// statementsOf adds what our side has to do about statements.
func (s *Station) statementsOf(l *liveLine, b *Board) error {
	book, contacts, err := l.saidBook()
	if err != nil {
		return err
	}
	of := make(map[parley.Ref]*contact.Contact, len(contacts.Contacts))
	for _, c := range contacts.Contacts {
		of[c.Ref()] = c
	}
	n := 0
	for _, t := range book.Contacts {
		if t.Side(l.us) == nil || of[t.Contact] == nil {
			continue // between others of the line
		}
		a := l.afterwardsOf(book, of[t.Contact])
		todo := func(act string) {
			b.asked(&n, Todo{Act: act, Item: a.root.String(), Line: l.id.String(), Text: form.Visible(strings.Join(a.c.First().Request.Topics, "; ")), Exercise: form.Visible(t.Exercise)})
		}
		for _, e := range t.Embargo.Open {
			if slices.Contains(t.Waits(e), l.us) {
				todo("answer-embargo")
			}
		}
		if us := a.us(); us.Owes != nil || t.Bound() && us.Shown == nil {
			todo("show-draft")
		}
		for _, j := range t.Joints {
			if j.State != said.JointOpen && j.State != said.JointSigned {
				continue
			}
			if n >= boardAsked { // to look at each would take long
				b.More++
				continue
			}
			switch may, _ := a.mayJoint(j); {
			case may["sign"]:
				todo("sign-joint")
			case may["open"]:
				todo("open-joint")
			}
		}
	}
	return nil
}

// soundOnce sounds for an entry that is not old, unless an alarm of this code was ever
// raised for it. It is nobody's of whom another alarm may have come within the same
// minute: of a code one sounds in that time, and what else comes of it is counted.
func (c *clerk) soundOnce(code string, e *said.Entry, text string) error {
	id := e.Ref.String()
	key := code + " " + id
	until := e.Time.Add(60 * 24 * time.Hour)
	if c.silent.has(key) || c.l.now().After(until) {
		return nil
	}
	raised, err := c.s.own.WasRaised(c.l.id, code, id)
	if err != nil {
		return err // it is looked for again at the next tick
	}
	if c.silent.note(key, until); !raised {
		c.sound("", code, text, id)
	}
	return nil
}

// tellOf sounds, once each: another's draft is here, or is not what it was bound to;
// somebody published before an embargo ended; a joint statement was withdrawn, or
// another took its place when our side had signed; an embargo is over, or was taken
// back by one of those who had agreed to it.
func (c *clerk) tellOf(t *said.Told) error {
	if t.Exercise != "" {
		return nil
	}
	var errs []error
	tell := func(p parley.PartyCode, code string, e *said.Entry, text string, args ...any) {
		if p != c.l.us {
			errs = append(errs, c.soundOnce(code, e, fmt.Sprintf(text, args...)))
		}
	}
	for _, s := range t.Sides {
		if s.Shown != nil {
			tell(s.Party, "draft-here", s.Shown.Entry, "The draft of %s is here", s.Party)
		}
		if n := len(s.Drafts); n > 0 && s.Drafts[n-1].Fault != said.NoFault {
			tell(s.Party, "draft-fault", s.Drafts[n-1].Entry, "A draft of %s is not what it was bound to", s.Party)
		}
	}
	for _, p := range t.Published {
		e := p.Early
		if e == nil && p.Left != nil {
			tell(p.Party, "published-early", p.Entry, "%s published at %s, before the end at %s of an embargo that had been agreed, and that it took back at %s", p.Party, parley.DTG(p.When()), parley.DTG(p.Left.Until()), parley.DTG(p.Left.LeftBy(p.Party).Time))
			continue
		}
		if e == nil {
			e = p.Crossed
		}
		if e != nil {
			tell(p.Party, "published-early", p.Entry, "%s published at %s, before the embargo of %s", p.Party, parley.DTG(p.When()), parley.DTG(e.Until()))
		}
	}
	for _, j := range t.Joints {
		switch {
		case j.State == said.JointWithdrawn:
			tell(j.Off.Party, "joint-withdrawn", j.Off, "%s withdrew its signature from the joint statement", j.Off.Party)
		case j.State == said.JointReplaced && j.Crossed:
			tell(j.Off.Party, "joint-withdrawn", j.Off, "%s put another text in the place of the joint statement that all had signed", j.Off.Party)
		}
	}
	for _, x := range t.Embargo.Terms {
		for _, e := range x.Left {
			tell(e.Party, "embargo-left", e, "%s took back the embargo of %s, to which all others had agreed", e.Party, parley.DTG(x.Until()))
		}
	}
	if e := t.Embargo.Standing; e != nil {
		switch now := c.l.now(); {
		case !now.Before(e.Until()):
			if now.Sub(e.Until()) < 14*24*time.Hour {
				errs = append(errs, c.soundOnce("embargo-over", e.Entry, fmt.Sprintf("The embargo of %s is over", parley.DTG(e.Until()))))
			}
		case e.Until().Before(c.again):
			c.again = e.Until()
		}
	}
	return errors.Join(errs...)
}
