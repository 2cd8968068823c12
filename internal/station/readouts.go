package station

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/own"
	"parley/internal/said"
)

// Readout is what our side means to say of a contact: our side only.
type Readout struct {
	Version  int64            `json:"version"`
	State    string           `json:"state"` // "drafted", "reviewed", "approved"
	Items    []SaidItem       `json:"items"`
	Facts    SaidFacts        `json:"facts"` // approved: as they were then; else as the record has them
	Author   string           `json:"author"`
	Saved    time.Time        `json:"saved"`
	Reviewer string           `json:"reviewer,omitempty"`
	Reviewed time.Time        `json:"reviewed,omitzero"`
	Approver string           `json:"approver,omitempty"`
	Approved time.Time        `json:"approved,omitzero"`
	Note     string           `json:"note,omitempty"`  // why it was returned
	Bytes    int              `json:"bytes"`           // of topics and texts
	Over     int              `json:"over,omitempty"`  // by how many it is too long to be exchanged
	Stale    bool             `json:"stale,omitempty"` // the record says otherwise since it was approved
	Versions []ReadoutVersion `json:"versions"`        // the newest first
	Ready    *ReadoutReady    `json:"ready,omitempty"`

	MayReview  bool `json:"may_review,omitempty"` // whoever looks
	MayApprove bool `json:"may_approve,omitempty"`
}

// ReadoutVersion is one version in the list of them.
type ReadoutVersion struct {
	Version  int64     `json:"version"`
	State    string    `json:"state"`
	Author   string    `json:"author"`
	Saved    time.Time `json:"saved"`
	Reviewer string    `json:"reviewer,omitempty"`
	Approver string    `json:"approver,omitempty"`
}

// ReadoutReady is what our side is bound to.
type ReadoutReady struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Manual  bool      `json:"manual"`
	ID      string    `json:"id,omitempty"` // of the ready; "": on its way
	Shown   bool      `json:"shown"`
	Lost    bool      `json:"lost,omitempty"` // a ready of ours is on the record, and its text is not here
}

// maxReadout bounds our own drafts, which may be longer than what is exchanged.
const maxReadout = 1 << 20

// draftsReadouts are the offices that write and review readouts; envoy and
// principal approve them.
var draftsReadouts = []parley.Office{parley.Envoy, parley.Principal, parley.Watch, parley.Translator}

// SaveReadout keeps our draft as a new version, after the one that its writer saw,
// drafted. Conflict when it was changed meanwhile; Oversize beyond what any draft
// of ours may have.
func (s *Station) SaveReadout(_ context.Context, by Officer, name, id string, version int64, items []SaidItem) (Readout, error) {
	return s.onReadout(by, "write a readout", name, id, draftsReadouts, func(a *afterwards) (string, error) {
		if err := checkReadout(items); err != nil {
			return "", err
		}
		r := own.Readout{Line: a.l.id, Contact: a.root.String(), Version: version, Author: by.ID}
		for _, it := range items {
			x := own.ReadoutItem{Topic: it.Topic}
			for _, t := range it.Texts {
				x.Texts = append(x.Texts, own.ReadoutTongue{Lang: t.Language, Text: t.Text})
			}
			r.Items = append(r.Items, x)
		}
		r, err := s.own.SaveReadout(r)
		return fmt.Sprintf("version %d", r.Version), err
	})
}

// checkReadout refuses what could never be shown; half-written is fine.
func checkReadout(items []SaidItem) error {
	n := 0
	for i, it := range items {
		if err := form.CheckOptionalLine("a topic", it.Topic, 120); err != nil {
			return err
		}
		if slices.ContainsFunc(items[:i], func(o SaidItem) bool { return o.Topic == it.Topic }) {
			return parley.Errorf(parley.BadForm, "the topic %q stands twice", form.Visible(it.Topic))
		}
		n += len(it.Topic)
		for _, t := range it.Texts {
			if err := form.CheckLanguage("a language", t.Language); err != nil {
				return err
			}
			if n += len(t.Text); t.Text != "" {
				if err := form.CheckText("a text", t.Text, maxReadout); err != nil {
					return err
				}
			}
		}
	}
	if n > maxReadout {
		return parley.Errorf(parley.Oversize, "the readout has %d bytes, at most %d are kept", n, maxReadout)
	}
	return nil
}

// Readout returns our draft, to those who may write it; version 0 is the newest.
// NotFound where there is none.
func (s *Station) Readout(_ context.Context, by Officer, name, id string, version int64) (Readout, error) {
	if err := seatFor(by, "read a readout of ours", draftsReadouts...); err != nil {
		return Readout{}, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return Readout{}, err
	}
	a, err := l.afterwards(id)
	if err != nil {
		return Readout{}, err
	}
	return s.readoutView(by, a, version)
}

// ReviewReadout notes that another officer than its author has reviewed the newest
// version.
func (s *Station) ReviewReadout(_ context.Context, by Officer, name, id string, version int64) (Readout, error) {
	return s.onReadout(by, "review a readout", name, id, draftsReadouts, func(a *afterwards) (string, error) {
		_, err := s.own.ReviewReadout(a.l.id, a.root.String(), version, by.ID)
		return fmt.Sprintf("version %d", version), err
	})
}

// ApproveReadout approves the newest version, which was reviewed, with the facts
// that the record has now: exactly that may be shown and published.
func (s *Station) ApproveReadout(_ context.Context, by Officer, name, id string, version int64) (Readout, error) {
	return s.onReadout(by, "approve a readout", name, id, []parley.Office{parley.Envoy, parley.Principal}, func(a *afterwards) (string, error) {
		r, err := s.own.Readout(a.l.id, a.root.String(), version)
		if err != nil {
			return "", err
		}
		facts, err := a.facts()
		if err != nil {
			return "", err
		}
		st := statementOf(readoutItems(&r), facts)
		_, err = s.own.ApproveReadout(a.l.id, a.root.String(), version, by.ID, st.Encode())
		return fmt.Sprintf("version %d", version), err
	})
}

// ReturnReadout gives the newest version back to its author, with a note.
func (s *Station) ReturnReadout(_ context.Context, by Officer, name, id string, version int64, note string) (Readout, error) {
	return s.onReadout(by, "return a readout", name, id, draftsReadouts, func(a *afterwards) (string, error) {
		if err := form.CheckText("the note", note, 4_000); err != nil {
			return "", err
		}
		_, err := s.own.ReturnReadout(a.l.id, a.root.String(), version, note)
		return fmt.Sprintf("version %d", version), err // the note is kept with it, sealed
	})
}

// onReadout does and audits what concerns our own draft.
func (s *Station) onReadout(by Officer, act, name, id string, offices []parley.Office, do func(*afterwards) (string, error)) (Readout, error) {
	if err := person(by, act); err != nil {
		return Readout{}, err
	}
	if err := seatFor(by, act, offices...); err != nil {
		return Readout{}, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return Readout{}, err
	}
	a, err := l.afterwards(id)
	if err != nil {
		return Readout{}, err
	}
	what, err := do(a)
	if err != nil {
		return Readout{}, err
	}
	s.hub.emit("item", l.id.String(), a.root.String())
	if err := s.audit(by, act, a.root.String(), what); err != nil {
		return Readout{}, err
	}
	return s.readoutView(by, a, 0)
}

// approved is the statement of an approved version of ours, as it may leave, and
// which that is; version 0 is the newest. Conflict where it is not approved, or the record says otherwise since; Oversize
// where it is too long.
func (s *Station) approved(a *afterwards, version int64) (*said.Statement, int64, error) {
	r, err := s.own.Readout(a.l.id, a.root.String(), version)
	if err != nil {
		return nil, 0, err
	}
	if r.State != own.ReadoutApproved {
		return nil, 0, parley.Errorf(parley.Conflict, "version %d of the readout is %s: only what is approved leaves our side", r.Version, r.State)
	}
	facts, err := a.facts()
	if err != nil {
		return nil, 0, err
	}
	st := statementOf(readoutItems(&r), facts)
	if err := st.Fits(); err != nil {
		return nil, 0, err
	}
	if string(st.Encode()) != string(r.Statement) {
		return nil, 0, parley.Errorf(parley.Conflict, "the record says otherwise of the contact since version %d was approved", r.Version).WithHint("approve it again")
	}
	return st, r.Version, st.Check()
}

// readoutItems are the items of our draft.
func readoutItems(r *own.Readout) (out []SaidItem) {
	for _, it := range r.Items {
		x := SaidItem{Topic: it.Topic}
		for _, t := range it.Texts {
			x.Texts = append(x.Texts, SaidText{t.Lang, t.Text})
		}
		out = append(out, x)
	}
	return out
}

// statementOf makes a statement of items that people wrote: texts that are empty
// are left out, and items without any.
func statementOf(items []SaidItem, facts said.Facts) *said.Statement {
	st := &said.Statement{Facts: facts}
	for _, it := range items {
		x := said.Item{Topic: it.Topic}
		for _, t := range it.Texts {
			if text := form.Normal(t.Text); text != "" {
				x.Texts = append(x.Texts, said.Said{Lang: t.Language, Text: text})
			}
		}
		if len(x.Texts) > 0 {
			st.Items = append(st.Items, x)
		}
	}
	return st
}

// facts are what the record says of the contact: who asked, and of its calls when
// they were put through and ended, the level, the medium, who spoke; of a contact
// without a call what the register says, else what was agreed.
func (a *afterwards) facts() (f said.Facts, err error) {
	who := a.c.Initiated()
	if f.Initiator = string(who[0]); len(who) > 1 {
		f.Initiator = said.Both
	}
	agreed := a.c
	if o := a.c.Other; o != nil && (a.c.Agreed == nil || a.c.At(time.Time{}) == contact.Met) {
		agreed = o
	}
	terms := agreed.Agreed
	if terms == nil {
		terms = agreed.First()
	}
	f.Level, f.Medium = terms.Request.Level, terms.Request.Medium
	calls, err := a.calls()
	if err != nil {
		return f, err
	}
	switch {
	case len(calls) > 0:
		factsOfCalls(&f, calls)
	case !factsOfRegister(&f, agreed):
		for _, t := range []*contact.Terms{terms} {
			addPeople(&f, t.Party, t.Request.Participants)
			for _, e := range t.Replies {
				if r := e.Form.(*contact.Reply); r.Phase == contact.Accept {
					addPeople(&f, e.Party, r.Participants)
				}
			}
		}
	}
	return f, nil
}

// calls are those that were held for the contact, by time.
func (a *afterwards) calls() (out []*call.Call, _ error) {
	all, err := a.l.callBook()
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if _, lifted := c.Accepted(); lifted && c.Other == nil && a.has(c.Contact) {
			out = append(out, c)
		}
	}
	return out, nil
}

// has reports whether a request is of the contact, or of the one it crossed with.
func (a *afterwards) has(ref parley.Ref) bool {
	return slices.ContainsFunc([]*contact.Contact{a.c, a.c.Other}, func(c *contact.Contact) bool {
		return c != nil && slices.ContainsFunc(c.Terms, func(t *contact.Terms) bool { return t.Ref == ref })
	})
}

func factsOfCalls(f *said.Facts, calls []*call.Call) {
	for i, c := range calls {
		r := c.Ring.Form.(*call.Ring)
		if i == 0 {
			f.Level, f.Medium = r.Level, r.Medium
			at, _ := c.Accepted()
			f.Start = seconds(at)
			for _, e := range c.Hangups { // both had been put through by the later
				if h := e.Form.(*call.Hangup); h.Began > f.Start {
					f.Start = h.Began
				}
			}
		}
		for _, e := range c.Hangups {
			f.End = max(f.End, seconds(e.Time))
		}
		for _, p := range c.Parties {
			roster := c.Roster(p, 1)
			if roster == nil {
				roster = c.Roster(p, 0)
			}
			if roster == nil {
				continue
			}
			var ps []contact.Participant
			for _, x := range roster.People {
				ps = append(ps, contact.Participant{Name: x.Name, Title: x.Title, Role: x.Role})
			}
			addPeople(f, p, ps)
		}
	}
	if f.End < f.Start {
		f.End = 0
	}
}

// factsOfRegister takes them from the first row of the contact that stands.
func factsOfRegister(f *said.Facts, c *contact.Contact) bool {
	i := slices.IndexFunc(c.Held, func(h *contact.Held) bool { return !h.TakenBack })
	if i < 0 {
		return false
	}
	h := c.Held[i]
	f.Level, f.Medium, f.Start = h.Row.Level, h.Row.Medium, h.Row.Began
	if f.Start != 0 && h.Row.Minutes != 0 {
		f.End = f.Start + h.Row.Minutes*60
	}
	addPeople(f, h.Party, h.Row.Participants)
	return true
}

// addPeople adds who spoke of a party: principals and delegates. Interpreters and
// note-takers are in no public statement.
func addPeople(f *said.Facts, p parley.PartyCode, ps []contact.Participant) {
	for _, x := range ps {
		q := said.Person{Party: string(p), Name: x.Name, Title: x.Title, Role: x.Role}
		if x.Role <= contact.Delegate && len(f.People) < 64 && !slices.Contains(f.People, q) {
			f.People = append(f.People, q)
		}
	}
}
