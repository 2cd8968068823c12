package station

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/said"
	"parley/internal/store"
)

// saidTraffic are those of them that people write for people to read.
var saidTraffic = []string{"embargo", "draft", "remark", "joint", "published"}

// SaidItem is what is said of a topic in each language; the opening, which stands
// first, has none.
type SaidItem struct {
	Topic string     `json:"topic"`
	Texts []SaidText `json:"texts"`
}

// PublishText is what is published: our readout as it was approved, or a joint
// statement that stands.
type PublishText struct {
	Joint    string       `json:"joint,omitempty"`    // its id; "": our readout
	Version  int64        `json:"version,omitempty"`  // of our readout
	Corrects string       `json:"corrects,omitempty"` // the id of an own publication
	At       time.Time    `json:"at,omitzero"`        // zero: now
	Where    string       `json:"where,omitempty"`
	Text     string       `json:"text,omitempty"`   // on the record, with it
	Insist   string       `json:"insist,omitempty"` // why it is published before the embargo ends: our side only
	Named    []NamedQuote `json:"named,omitempty"`
}

// NamedQuote lets through what a statement quotes of something not released.
type NamedQuote struct {
	Of  string `json:"of"` // as SaidQuote has it
	Why string `json:"why"`
}

// saidShelf keeps a book until something that statements are made of is stored, and
// then takes that into it.
type saidShelf struct {
	noted
	mu       sync.Mutex
	reading  saidReading
	book     *said.Book
	contacts *contact.Book
}

// hear notes an entry that was made durable, or has become readable; one that cannot
// be read may hold up what others amount to.
func (k *saidShelf) hear(e *line.StoredEntry) {
	if h := e.Parsed; e.Faulty || h == nil && e.Header != nil || h != nil && (h.Form == "opened" || slices.Contains(said.Forms, h.Form)) {
		k.note(parley.Ref{Gen: e.Gen, Index: e.Index})
	}
}

// homeOf is the contact that statements of it belong to: of two whose requests
// crossed the one with the smaller reference (spec/statements.md).
func homeOf(c *contact.Contact) *contact.Contact {
	if o := c.Other; o != nil {
		a, b := c.Ref(), o.Ref()
		if cmp.Or(bytes.Compare(b.Gen[:], a.Gen[:]), cmp.Compare(b.Index, a.Index)) < 0 {
			return o
		}
	}
	return c
}

// saidBook returns what is said of the contacts of a line. Nobody changes it.
func (l *liveLine) saidBook() (*said.Book, *contact.Book, error) {
	k := &l.saidShelf
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.take() // before they are placed: what comes meanwhile is read the next time
	b, cb, err := k.follow(l, n)
	if err != nil {
		k.give(n)
	}
	return b, cb, err
}

func (k *saidShelf) follow(l *liveLine, n news) (*said.Book, *contact.Book, error) {
	if err := l.place(); err != nil {
		return nil, nil, err
	}
	turns := l.turns.Load()
	cb, err := l.book()
	if err != nil {
		return nil, nil, err
	}
	if n.none() && k.reading.begun && k.reading.turns == turns && k.contacts == cb {
		return k.book, cb, nil
	}
	logs := l.runner.Status().Logs
	b, err := k.reading.follow(l.store, logs, turns, n, cb)
	if err != nil {
		return nil, nil, err
	}
	k.book, k.contacts = b, cb
	k.reading.begun = len(logs) > 0 // without, the engine is not loaded yet
	return b, cb, nil
}

// SaidBook returns what is said of the contacts of a line. Nobody changes it.
func (s *Station) SaidBook(_ context.Context, name string) (*said.Book, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	b, _, err := l.saidBook()
	return b, err
}

// afterwards is a contact, and what is said of it, as an act finds them.
type afterwards struct {
	l    *liveLine
	c    *contact.Contact // as homeOf has it
	told *said.Told       // never nil
	root parley.Ref

	unread []*said.Entry // one a party: what cannot be read yet, and may be of it
}

func (l *liveLine) afterwards(id string) (*afterwards, error) {
	b, cb, err := l.saidBook()
	if err != nil {
		return nil, err
	}
	c, err := l.contactOf(cb, id)
	if err != nil {
		return nil, err
	}
	return l.afterwardsOf(b, homeOf(c)), nil
}

// afterwardsOf is afterwards of a contact as homeOf has it.
func (l *liveLine) afterwardsOf(b *said.Book, c *contact.Contact) *afterwards {
	a := &afterwards{l: l, c: c, root: c.Ref(), told: b.Find(c.Ref()), unread: b.UnreadOf(c.Parties)}
	if a.told == nil {
		a.told = &said.Told{Of: said.Of{Contact: a.root, Parties: c.Parties, Exercise: c.First().Exercise}}
		for _, p := range c.Parties {
			a.told.Sides = append(a.told.Sides, &said.Side{Party: p})
		}
	}
	return a
}

// us is our side of it; an empty one where our side is no party of the contact.
func (a *afterwards) us() *said.Side {
	if us := a.told.Side(a.l.us); us != nil {
		return us
	}
	return &said.Side{Party: a.l.us}
}

// ours refuses acts on a contact between others of the line.
func (a *afterwards) ours() error {
	if a.told.Side(a.l.us) == nil {
		return parley.Errorf(parley.NotAllowed, "our side is no party of this contact: it is between others of the line")
	}
	return nil
}

// level is the level that rights are asked at: that of what was agreed, else of
// what was asked for, in either of two that crossed.
func (a *afterwards) level() (l contact.Level) {
	for _, c := range []*contact.Contact{a.c, a.c.Other} {
		switch {
		case c == nil:
		case c.Agreed != nil:
			l = max(l, c.Agreed.Request.Level)
		default:
			l = max(l, c.First().Request.Level)
		}
	}
	return l
}

// sayOn does an act that files something of what is said of a contact, by whoever
// may at its level. what is for the audit.
func (s *Station) sayOn(ctx context.Context, by Officer, name, act, id string, make func(*afterwards) (f form.Form, refs []parley.Ref, what string, err error)) (string, error) {
	if err := person(by, act); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	a, err := l.afterwards(id)
	if err == nil {
		err = a.ours()
	}
	if err != nil {
		return "", err
	}
	h := form.Header{Precedence: parley.Priority, Exercise: a.told.Exercise}
	if h.From, h.To, err = l.seatAt(by, act, a.level()); err != nil {
		return "", err
	}
	f, refs, what, err := make(a)
	if err != nil {
		return "", err
	}
	if l.filedAlready(f, refs) {
		return "", parley.Errorf(parley.Conflict, "the same is on its way already")
	}
	h.Refs = refs
	n, err := l.fileForm(ctx, &h, f)
	if err != nil {
		return "", err
	}
	l.noteHuman()
	return fmt.Sprintf("filed:%d", n), s.audit(by, act, a.root.String(), what)
}

// ProposeEmbargo proposes until when neither side publishes; with before, in place
// of an earlier proposal, or of what is agreed.
func (s *Station) ProposeEmbargo(ctx context.Context, by Officer, name, id string, until time.Time, text, before string) (string, error) {
	return s.sayOn(ctx, by, name, "propose an embargo", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		if !until.After(s.now()) {
			return nil, nil, "", parley.Errorf(parley.BadForm, "an embargo until %s has passed", parley.DTG(until))
		}
		refs := []parley.Ref{a.root}
		if before != "" {
			t, err := a.term(before)
			if err != nil {
				return nil, nil, "", err
			}
			refs = append(refs, t.Ref)
		} else if t := a.told.Embargo.Standing; t != nil {
			return nil, nil, "", parley.Errorf(parley.Conflict, "an embargo is agreed until %s", parley.DTG(t.Until())).WithHint("propose another in its place: %s", t.Ref)
		}
		return &said.Embargo{Step: said.Propose, Until: seconds(until), Text: text}, refs, parley.DTG(until), nil
	})
}

func (a *afterwards) term(id string) (*said.Term, error) {
	for _, t := range a.told.Embargo.Terms {
		if t.Ref.String() == id {
			return t, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "%s is no embargo proposed for this contact", id)
}

// JudgeEmbargo agrees to an embargo that the other side proposed ("agree"), or
// refuses one or takes an own one back ("refuse").
func (s *Station) JudgeEmbargo(ctx context.Context, by Officer, name, id, embargo, step, text string) (string, error) {
	n, err := stepOf(step, "an embargo", "agree", "refuse")
	if err != nil {
		return "", err
	}
	return s.sayOn(ctx, by, name, step+" an embargo", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		t, err := a.term(embargo)
		if err != nil {
			return nil, nil, "", err
		}
		switch {
		case t == a.told.Embargo.Standing:
			return nil, nil, "", parley.Errorf(parley.Conflict, "the embargo is agreed").WithHint("propose another in its place: all sides have to agree")
		case !slices.Contains(a.told.Embargo.Open, t):
			return nil, nil, "", parley.Errorf(parley.Conflict, "this proposal waits for no answer")
		case step == "agree" && t.Party == a.l.us:
			return nil, nil, "", parley.Errorf(parley.NotAllowed, "it is our own proposal: the other side agrees to it")
		}
		return &said.Embargo{Step: said.Agree + uint64(n), Text: text}, []parley.Ref{a.root, t.Ref}, embargo, nil
	})
}

// stepOf is the number of a step among those that there are.
func stepOf(step, of string, steps ...string) (int, error) {
	n := slices.Index(steps, step)
	if n < 0 {
		return 0, parley.Errorf(parley.Malformed, "%q is nothing to do with %s", form.Visible(step), of).WithHint("one of %q", steps)
	}
	return n, nil
}

// ReadyReadout binds our side to the approved version of its readout. It is shown by
// itself when every side is bound to its own; manual, by ShowReadout. What we are
// bound to is durable before the ready leaves. NotAllowed where it quotes a memcon or
// a note of ours, unless that is named with a reason.
func (s *Station) ReadyReadout(ctx context.Context, by Officer, name, id string, version int64, manual bool, named ...NamedQuote) (string, error) {
	return s.sayOn(ctx, by, name, "be ready to exchange drafts", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		st, version, err := s.approved(a, version)
		if err != nil {
			return nil, nil, "", err
		}
		if err := s.mayBind(a, version); err != nil {
			return nil, nil, "", err
		}
		quotes, err := s.mayQuote(by, a, st, false, named)
		if err != nil {
			return nil, nil, "", err
		}
		nonce := make([]byte, said.NonceSize)
		rand.Read(nonce)
		b := own.Bond{Line: a.l.id, Contact: a.root.String(), Commitment: said.Commitment(a.l.us, nonce, st), Version: version, Officer: by.ID, Manual: manual,
			BondText: own.BondText{Nonce: nonce, Statement: st.Encode()}}
		if _, err := s.own.Bind(b); err != nil {
			return nil, nil, "", err
		}
		return &said.Ready{Commitment: b.Commitment}, []parley.Ref{a.root}, noting(fmt.Sprintf("version %d", version), quotes), nil
	})
}

// mayBind refuses to bind our side where it is bound already. It may bind itself
// anew while another side is not ready: after that the other side's draft may be on
// its way, and it chooses which of our bonds that names.
func (s *Station) mayBind(a *afterwards, version int64) error {
	us := a.us()
	switch {
	case us.Shown != nil:
		return parley.Errorf(parley.Conflict, "our draft is shown").WithHint("show the new version as a later one")
	case us.Owes != nil:
		return parley.Errorf(parley.Conflict, "the other side's draft is here, and names what we are bound to").WithHint("show that; a later version may follow")
	}
	if f, err := a.readyFiled(); err != nil || f != nil {
		if err == nil {
			err = parley.Errorf(parley.Conflict, "our ready waits to be sent")
		}
		return err
	}
	n := len(us.Bonds)
	if n == 0 {
		return nil
	}
	last := us.Bonds[n-1]
	b, ok, err := s.bondOf(a, last)
	if err != nil || !ok { // what is lost is not shown: our side binds itself anew
		return err
	}
	if b.Version == version {
		return parley.Errorf(parley.Conflict, "our side is ready with version %d already", version)
	}
	shown, err := a.l.shows(last.Ref)
	switch {
	case err != nil:
		return err
	case shown:
		return parley.Errorf(parley.Conflict, "our draft is on its way")
	case a.told.Bound():
		return parley.Errorf(parley.Conflict, "every side is ready, and the other side may have shown its draft for what we are bound to").WithHint("show that; a later version may follow")
	}
	return nil
}

// readyFiled is the ready of ours that waits in the outbox; nil: none.
func (a *afterwards) readyFiled() (*said.Ready, error) {
	rows, err := a.l.filedForms("ready")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		v, err := a.l.view(r)
		if f, is := v.form.(*said.Ready); err == nil && is && v.header != nil && len(v.header.Refs) > 0 && v.header.Refs[0] == a.root {
			return f, nil
		}
	}
	return nil, nil
}

// bondOf finds the text of a ready of ours. ok is false where it is not here: the
// station was restored from a backup that is older.
func (s *Station) bondOf(a *afterwards, ready *said.Bond) (own.Bond, bool, error) {
	bonds, err := s.own.Bonds(a.l.id, a.root.String())
	i := slices.IndexFunc(bonds, func(b own.Bond) bool { return b.Commitment == ready.Ready.Commitment })
	if err != nil || i < 0 {
		return own.Bond{}, false, err
	}
	return bonds[i], true, nil
}

// ShowReadout shows the draft that our side is bound to; where one is shown, the
// approved version as a later one. NotAllowed where that quotes a memcon or a note of
// ours, unless it is named with a reason.
func (s *Station) ShowReadout(ctx context.Context, by Officer, name, id string, version int64, named ...NamedQuote) (string, error) {
	return s.sayOn(ctx, by, name, "show a draft", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		us := a.us()
		if us.Shown == nil || us.Owes != nil {
			f, refs, err := s.firstDraft(a)
			return f, refs, "as it was bound", err
		}
		st, version, err := s.approved(a, version)
		if err != nil {
			return nil, nil, "", err
		}
		if st.Equal(&us.Current.Draft.Statement) {
			return nil, nil, "", parley.Errorf(parley.Conflict, "the other side has this version already")
		}
		quotes, err := s.mayQuote(by, a, st, false, named)
		return &said.Draft{Statement: *st}, []parley.Ref{a.root, us.Current.Ref}, noting(fmt.Sprintf("version %d", version), quotes), err
	})
}

// firstDraft is the draft that our side is bound to, with what it refers to. Conflict
// while a side is not bound, and where it is on its way; NotFound where its text is
// not here.
func (s *Station) firstDraft(a *afterwards) (*said.Draft, []parley.Ref, error) {
	us := a.us()
	if !a.told.Bound() {
		return nil, nil, parley.Errorf(parley.Conflict, "not every side is ready")
	}
	ready := us.Owes
	if ready == nil {
		ready = us.Bonds[len(us.Bonds)-1]
	}
	b, ok, err := s.bondOf(a, ready)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, parley.Errorf(parley.NotFound, "what our side was bound to is not here: the station was restored from an older backup").WithHint("be ready again with an approved version; the other side sees that it is another")
	}
	if shown, err := a.l.shows(ready.Ref); err != nil || shown {
		if err == nil {
			err = parley.Errorf(parley.Conflict, "our draft is on its way")
		}
		return nil, nil, err
	}
	st, err := said.ParseStatement(b.Statement)
	if err != nil {
		return nil, nil, err
	}
	refs := []parley.Ref{a.root, ready.Ref}
	for _, side := range a.told.Sides {
		switch {
		case side.Party == a.l.us:
		case side.Shown != nil:
			refs = append(refs, side.Shown.Bond.Ref)
		default:
			refs = append(refs, side.Bonds[len(side.Bonds)-1].Ref)
		}
	}
	return &said.Draft{Statement: *st, Nonce: b.Nonce}, refs, nil
}

// shows reports whether a draft of ours that opens a ready is on the record or in
// the outbox.
func (l *liveLine) shows(ready parley.Ref) (bool, error) {
	rows, err := l.store.Referring(ready.Gen, ready.Index)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(rows, func(r store.Row) bool { return r.Form == "draft" && (r.Party == l.us || r.Waiting()) }), nil
}

// RemarkOnDraft comments on a draft, or on one item of it, from 1; 0 is the whole.
// NotAllowed where it quotes a memcon or a note of ours, unless that is named with a
// reason.
func (s *Station) RemarkOnDraft(ctx context.Context, by Officer, name, id, draft string, item int, text string, named ...NamedQuote) (string, error) {
	return s.sayOn(ctx, by, name, "remark on a draft", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		for _, side := range a.told.Sides {
			for _, v := range side.Drafts {
				if v.Ref.String() == draft {
					quotes, err := s.mayQuote(by, a, beside(nil, text), false, named)
					return &said.Remark{Item: uint64(max(item, 0)), Text: text}, []parley.Ref{a.root, v.Ref}, noting(draft, quotes), err
				}
			}
		}
		return nil, nil, "", parley.Errorf(parley.NotFound, "%s is no draft for this contact", draft)
	})
}
