package said

import (
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
)

// An Entry is an entry of the record that statements are made of: one of this
// package's forms, or an *Opened* receipt of an embargo or a joint statement. One
// without a form is held and cannot be read yet: it may be any of them.
type Entry contact.Entry

// before reports whether a stands before b in the logs of their one party.
func (e *Entry) before(o *Entry) bool {
	return e.Rank < o.Rank || e.Rank == o.Rank && e.Ref.Index < o.Ref.Index
}

// Of is the contact that an entry belongs to.
type Of struct {
	Contact  parley.Ref // its first request
	Parties  []parley.PartyCode
	Exercise string
}

// A Book is what entries add up to. It depends on the set of them alone.
type Book struct {
	Contacts []*Told                     // in order of reference
	Unread   map[parley.PartyCode]*Entry // the first in each party's logs that cannot be read yet
}

// UnreadOf returns the first entry of each of some parties that cannot be read yet.
func (b *Book) UnreadOf(parties []parley.PartyCode) (out []*Entry) {
	for _, p := range parties {
		if e := b.Unread[p]; e != nil {
			out = append(out, e)
		}
	}
	return out
}

// Find returns what is said of a contact; nil where nothing is.
func (b *Book) Find(root parley.Ref) *Told {
	if i, ok := slices.BinarySearchFunc(b.Contacts, root, func(t *Told, r parley.Ref) int { return compareRefs(t.Contact, r) }); ok {
		return b.Contacts[i]
	}
	return nil
}

// Told is what is said of one contact.
type Told struct {
	Of
	Embargo   Lock
	Sides     []*Side     // one a party, in the order of Parties
	Joints    []*Proposal // in order of time and reference
	Published []*Publication
}

// A Lock is the embargo of a contact.
type Lock struct {
	Terms    []*Term // every proposal, a first one before those in its place
	Standing *Term   // what is agreed; nil: nothing
	Open     []*Term // wait for an answer
}

// A Term is one proposal of an embargo.
type Term struct {
	*Entry
	Embargo *Embargo
	Depth   int
	Agrees  []*Entry
	Refuses []*Entry
	Loose   []parley.PartyCode // agreed: who has not read that, and may take it back alone
	Left    []*Entry           // what took it back though all others had agreed

	agreed   bool
	children []*Term
}

// LeftBy returns what took the embargo back for a party, though all others had
// agreed; nil: nothing.
func (t *Term) LeftBy(p parley.PartyCode) *Entry {
	if i := slices.IndexFunc(t.Left, func(e *Entry) bool { return e.Party == p }); i >= 0 {
		return t.Left[i]
	}
	return nil
}

// Until is when the embargo ends.
func (t *Term) Until() time.Time { return clockTime(t.Embargo.Until) }

// A Side is what one party has said.
type Side struct {
	Party   parley.PartyCode
	Bonds   []*Bond    // its readys, in the order of its logs
	Drafts  []*Version // in the order of its logs
	Shown   *Version   // the first draft that opens what the side was bound to; nil: none
	Current *Version   // the newest version that follows it
	Owes    *Bond      // the first that another's draft names, where it is not opened; nil: none
}

// A Bond is a ready.
type Bond struct {
	*Entry
	Ready  *Ready
	Named  []*Version // drafts of other sides that name it, which opened their own
	Opened *Version   // the draft that opens it
}

// A Fault is what is wrong with a draft.
type Fault string

// The faults.
const (
	NoFault   Fault = ""
	NotBound  Fault = "not-bound"  // it is not what its ready was made over
	OtherBond Fault = "other-bond" // it opens another ready than the one that another side's draft names
)

// A Version is one draft of a side.
type Version struct {
	*Entry
	Draft   *Draft
	Number  int   // among those of the side that are no fault, from 1; 0: a fault
	Bond    *Bond // of a first draft; nil: a later version
	Fault   Fault
	Remarks []*Comment
}

// A Comment is a remark on a draft.
type Comment struct {
	*Entry
	Remark *Remark
}

// A JointState is where a joint statement stands.
type JointState string

// The states.
const (
	JointOpen      JointState = "open"      // waits for signatures
	JointSigned    JointState = "signed"    // by all, and not all have read that, or not all can be read, or may still come: it may yet be withdrawn
	JointStands    JointState = "joint"     // for good
	JointWithdrawn JointState = "withdrawn" // a signature was
	JointRefused   JointState = "refused"
	JointReplaced  JointState = "replaced" // another proposal took its place before it stood
)

// A Proposal is a joint statement and what became of it.
type Proposal struct {
	*Entry
	Joint      *Joint
	State      JointState
	Signatures map[parley.PartyCode]*Entry             // its own entry for who proposed it
	Read       map[parley.PartyCode][]parley.PartyCode // by whose signature: the other parties that have read it
	Off        *Entry                                  // what withdrew, refused or replaced it; nil: nothing
	Late       []*Entry                                // withdrawals and refusals that came when it stood, or had been read: they change nothing
	Crossed    bool                                    // it was withdrawn without knowledge of a signature
	Wrong      []*Entry                                // signatures that are not of its words
	Unread     []*Entry                                // signed and read by all, and one of these may take a signature back
	Early      []parley.PartyCode                      // signed and read by all, by these in a generation that is not in force yet

	steps []*Entry
}

// A Publication is something that was published.
type Publication struct {
	*Entry
	Published *Published
	Joint     *Proposal    // kind 1
	Corrects  *Publication // nil: nothing
	Statement *Statement
	Early     *Term // the embargo that its writer knew and did not wait for; nil: none
	Crossed   *Term // one that was agreed, which its writer did not know of
	Left      *Term // one that all others had agreed to, which its writer took back
	Unsigned  bool  // a joint statement that does not stand
}

// When is when it was published: as its writer says, or wrote, whichever is first.
func (p *Publication) When() time.Time {
	if at := clockTime(p.Published.At); at.Before(p.Time) {
		return at
	}
	return p.Time
}

// Side returns what a party has said; nil where it is none of the contact's.
func (t *Told) Side(p parley.PartyCode) *Side {
	if i := slices.IndexFunc(t.Sides, func(s *Side) bool { return s.Party == p }); i >= 0 {
		return t.Sides[i]
	}
	return nil
}

// Bound reports whether every party has filed a ready.
func (t *Told) Bound() bool {
	return !slices.ContainsFunc(t.Sides, func(s *Side) bool { return len(s.Bonds) == 0 })
}

// others are the parties of the contact but one.
func (t *Told) others(p parley.PartyCode) []parley.PartyCode {
	return slices.DeleteFunc(slices.Clone(t.Parties), func(q parley.PartyCode) bool { return q == p })
}

// opening is a receipt: by whom, of what.
type opening struct {
	by parley.PartyCode
	of parley.Ref
}

type openings map[opening]*Entry

// note keeps the first receipt of a party for an entry, and reports whether it was one.
func (o openings) note(e *Entry) (is bool) {
	if _, is := e.Form.(*form.Opened); !is {
		return false
	}
	for _, r := range e.Refs {
		k := opening{e.Party, r}
		if old := o[k]; old == nil || e.before(old) {
			o[k] = e
		}
	}
	return true
}

// hadRead reports whether the writer of e had opened an entry before it wrote e.
func (o openings) hadRead(e *Entry, of parley.Ref) bool {
	r := o[opening{e.Party, of}]
	return r != nil && r.before(e)
}

// has reports whether a party has opened an entry.
func (o openings) has(p parley.PartyCode, of parley.Ref) bool { return o[opening{p, of}] != nil }
