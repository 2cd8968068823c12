package station

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// Bounds of memcons.
const (
	maxMemcon        = 800_000 // bytes: 200 pages in any script
	maxMemconTitle   = 200     // characters
	maxMemconReason  = 1_000   // bytes
	maxMemNote       = 4_000   // bytes
	maxMemNotes      = 500     // of an officer, on a contact
	maxMemcons       = 50      // of an officer, on a contact
	maxMemconReaders = 200
	shownReads       = 100
)

// A MemNote is what an officer wrote down of a contact or a call for its memcon:
// our side only, and his own until he gives it to somebody.
type MemNote struct {
	ID    int64     `json:"id"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Yours bool      `json:"yours"`
	Given string    `json:"given,omitempty"` // to whom
	Used  bool      `json:"merged,omitempty"`
	Text  string    `json:"text"`
}

// MemconText is what an author writes, and the notes that are merged into it: each
// is put at the end of the text, with its time and who wrote it.
type MemconText struct {
	Title    string  `json:"title"`
	Language string  `json:"language,omitempty"`
	Text     string  `json:"text,omitempty"`
	Reason   string  `json:"reason,omitempty"` // why it corrects the version before
	Notes    []int64 `json:"notes,omitempty"`
}

// memconRole is what an officer may do with a memcon.
type memconRole struct{ author, writes, reviews, reads bool }

func (r memconRole) none() bool { return r == memconRole{} }

// drafts reports whether he sees what nobody has reviewed yet.
func (r memconRole) drafts() bool { return r.author || r.writes || r.reviews }

// roleOn is what an officer may do with a memcon, by its author and its list.
func roleOn(by Officer, m *own.Memcon, list []own.MemconReader) (r memconRole) {
	if by.ID == 0 {
		return r
	}
	r.author = m.Author == by.ID
	r.reviews = m.State == own.MemconInReview && m.Reviewer == by.ID
	for _, x := range list {
		if x.Officer == by.ID && x.Officer != 0 || x.Officer == 0 && by.Holds(x.Office) {
			r.writes = r.writes || x.Rights == own.MayWrite
			r.reads = r.reads || m.Version > 0
		}
	}
	return r
}

// errNoMemcon is the answer for one that does not exist, and for one that the
// officer may not know to exist.
func errNoMemcon() error { return parley.Errorf(parley.NotFound, "no such memcon") }

// memconFor finds a memcon without its text, and what the officer may do with it.
func (s *Station) memconFor(by Officer, act, key string) (m own.Memcon, list []own.MemconReader, r memconRole, err error) {
	if err = person(by, act); err != nil {
		return m, nil, r, err
	}
	if m, err = s.own.MemconHeadOf(key); err != nil {
		return m, nil, r, err
	}
	if list, err = s.own.MemconReaders(m.ID); err != nil {
		return m, nil, r, err
	}
	if r = roleOn(by, &m, list); r.none() {
		return own.Memcon{}, nil, r, errNoMemcon()
	}
	return m, list, r, nil
}

// authorOf is memconFor for what its author alone does.
func (s *Station) authorOf(by Officer, act, key string) (own.Memcon, []own.MemconReader, error) {
	m, list, r, err := s.memconFor(by, act, key)
	if err == nil && !r.author {
		err = parley.Errorf(parley.NotAllowed, "only the author of a memcon may %s", act)
	}
	return m, list, err
}

// memconAbout names what a memcon is about: a contact by its first request, a call
// that belongs to none by its ring. refs are all by which it was ever named.
func (s *Station) memconAbout(name, id string) (l *liveLine, about string, refs []string, err error) {
	if l, err = s.lineOf(name); err != nil {
		return nil, "", nil, err
	}
	calls, err := l.callBook()
	if err != nil {
		return nil, "", nil, err
	}
	about = id
	for _, c := range calls {
		if c.Ring.Ref.String() == id && id != "" {
			if c.Contact == (parley.Ref{}) {
				return l, id, []string{id}, nil
			}
			about = c.Contact.String()
		}
	}
	b, err := l.book()
	if err != nil {
		return nil, "", nil, err
	}
	c, err := l.contactOf(b, about)
	if err != nil {
		return nil, "", nil, parley.Errorf(parley.NotFound, "%s is neither a contact nor a call", form.Visible(id))
	}
	for _, t := range c.Terms {
		refs = append(refs, t.Ref.String())
	}
	for _, x := range calls {
		if slices.Contains(refs, x.Contact.String()) {
			refs = append(refs, x.Ring.Ref.String())
		}
	}
	return l, c.Ref().String(), refs, nil
}

// TakeNote keeps a note of a contact or a call. It is its writer's own, never
// leaves the station, and outlives the call.
func (s *Station) TakeNote(_ context.Context, by Officer, name, id, text string) error {
	if err := person(by, "take a note"); err != nil {
		return err
	}
	text = form.Normal(text)
	if err := form.CheckText("the note", text, maxMemNote); err != nil {
		return err
	}
	l, about, _, err := s.memconAbout(name, id)
	if err != nil {
		return err
	}
	if n, err := s.own.CountMemNotes(l.id, about, by.ID); err != nil || n >= maxMemNotes {
		if err == nil {
			err = parley.Errorf(parley.Quota, "you have %d notes on this contact", n).WithHint("merge them into a memcon, and write on in its text")
		}
		return err
	}
	_, err = s.own.AddMemNote(own.MemNote{Line: l.id, About: about, Officer: by.ID, Text: text})
	return err
}

// MemNotes returns the notes on a contact or a call that the officer wrote or was
// given, oldest first.
func (s *Station) MemNotes(_ context.Context, by Officer, name, id string) ([]MemNote, error) {
	if err := person(by, "read notes"); err != nil {
		return nil, err
	}
	l, _, refs, err := s.memconAbout(name, id)
	if err != nil {
		return nil, err
	}
	notes, err := s.memNotes(by, l, refs)
	if err != nil {
		return nil, err
	}
	out := make([]MemNote, 0, len(notes))
	for _, n := range notes {
		v := MemNote{ID: n.ID, At: n.At, Yours: n.Officer == by.ID, Used: n.Memcon != 0, Text: n.Text}
		if v.By, err = s.officerName(n.Officer); err == nil && n.Given != 0 {
			v.Given, err = s.officerName(n.Given)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Station) memNotes(by Officer, l *liveLine, refs []string) (out []own.MemNote, _ error) {
	for _, about := range refs {
		list, err := s.own.MemNotes(l.id, about, by.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortStableFunc(out, func(a, b own.MemNote) int { return a.At.Compare(b.At) })
	return out, nil
}

// GiveNotes lets another officer merge the notes of by on a contact or a call that
// nobody merged yet.
func (s *Station) GiveNotes(_ context.Context, by Officer, name, id string, to int64) error {
	if err := person(by, "give notes"); err != nil {
		return err
	}
	if err := s.activeOfficer(to); err != nil {
		return err
	}
	l, _, refs, err := s.memconAbout(name, id)
	if err != nil {
		return err
	}
	var given int64
	for _, about := range refs {
		n, err := s.own.GiveMemNotes(l.id, about, by.ID, to)
		if err != nil {
			return err
		}
		given += n
	}
	if given == 0 {
		return parley.Errorf(parley.Conflict, "you have no notes on this contact that are not merged yet")
	}
	return nil
}

// activeOfficer refuses an officer who is not here.
func (s *Station) activeOfficer(id int64) error {
	o, err := s.own.Officer(id)
	if err == nil && !o.Active {
		err = parley.Errorf(parley.NotAllowed, "officer %d is no longer here", id)
	}
	return err
}

// BeginMemcon begins a memcon of a contact or a call, of which by is the author.
// Nobody else knows of it until he submits it or puts somebody on its list.
func (s *Station) BeginMemcon(_ context.Context, by Officer, name, id string, in MemconText) (Memcon, error) {
	if err := person(by, "begin a memcon"); err != nil {
		return Memcon{}, err
	}
	l, about, refs, err := s.memconAbout(name, id)
	if err != nil {
		return Memcon{}, err
	}
	all, err := s.own.Memcons(l.id, about)
	if err != nil {
		return Memcon{}, err
	}
	if n := len(slices.DeleteFunc(all, func(m own.Memcon) bool { return m.Author != by.ID })); n >= maxMemcons {
		return Memcon{}, parley.Errorf(parley.Quota, "you have %d memcons on this contact", n).WithHint("discard those that nobody reviewed")
	}
	in.Reason = ""
	if in, err = s.memconText(by, l, refs, in, false); err != nil {
		return Memcon{}, err
	}
	m, err := s.own.AddMemcon(own.Memcon{Line: l.id, About: about, Author: by.ID, MemconHead: own.MemconHead{Title: in.Title, Language: in.Language}, Text: in.Text}, in.Notes)
	if err != nil {
		return Memcon{}, err
	}
	if err := s.audit(by, "memcon: begin", m.Key, ""); err != nil {
		return Memcon{}, err
	}
	return s.memconHead(by, &m, nil)
}

// memconText checks what was written, and puts the notes at its end.
func (s *Station) memconText(by Officer, l *liveLine, refs []string, in MemconText, reason bool) (MemconText, error) {
	in.Title, in.Text, in.Reason = strings.TrimSpace(in.Title), form.Normal(in.Text), form.Normal(in.Reason)
	if err := form.CheckLine("the title of the memcon", in.Title, maxMemconTitle); err != nil {
		return in, err
	}
	if in.Language != "" {
		if err := form.CheckLanguage("the language of the memcon", in.Language); err != nil {
			return in, err
		}
	}
	if reason {
		if err := form.CheckText("why the memcon is corrected", in.Reason, maxMemconReason); err != nil {
			return in, err
		}
	}
	if len(in.Notes) > 0 {
		notes, err := s.memNotes(by, l, refs)
		if err != nil {
			return in, err
		}
		if in.Text, err = s.merged(in.Text, notes, in.Notes); err != nil {
			return in, err
		}
	}
	if in.Text == "" {
		return in, nil
	}
	return in, form.CheckText("the memcon", in.Text, maxMemcon)
}

// merged puts the chosen notes at the end of a text, in the order they were taken.
func (s *Station) merged(text string, notes []own.MemNote, chosen []int64) (string, error) {
	var b strings.Builder
	b.WriteString(text)
	for _, n := range notes {
		if !slices.Contains(chosen, n.ID) || n.Memcon != 0 {
			continue
		}
		who, err := s.officerName(n.Officer)
		if err != nil {
			return "", err
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(&b, "%sZ %s: %s", n.At.UTC().Format("1504"), who, n.Text)
	}
	return b.String(), nil
}

// SaveMemcon changes the text of a memcon that stood at rev when by saw it: its
// author, and whoever else may write on it. Conflict when it was changed meanwhile:
// nothing is written over unseen. What was reviewed stays as it was; the change of
// it is a correction, which says why.
func (s *Station) SaveMemcon(_ context.Context, by Officer, key string, rev int64, in MemconText) (Memcon, error) {
	m, list, r, err := s.memconFor(by, "write a memcon", key)
	if err != nil {
		return Memcon{}, err
	}
	if !r.author && !r.writes {
		return Memcon{}, parley.Errorf(parley.NotAllowed, "you may read this memcon, and not write on it").WithHint("ask its author")
	}
	l, _, refs, err := s.memconAbout(m.Line.String(), m.About)
	if err != nil {
		return Memcon{}, err
	}
	if m.Version == 0 {
		in.Reason = ""
	}
	if in, err = s.memconText(by, l, refs, in, m.Version > 0); err != nil {
		return Memcon{}, err
	}
	saved, err := s.own.SaveMemcon(key, rev, by.ID, own.MemconHead{Title: in.Title, Language: in.Language, Reason: in.Reason}, in.Text, in.Notes)
	if err != nil {
		return Memcon{}, err
	}
	if saved.Rev != m.Rev {
		if err := s.audit(by, "memcon: write", key, ""); err != nil {
			return Memcon{}, err
		}
	}
	return s.memconHead(by, &saved, list)
}

// SubmitMemcon asks another officer, who wrote nothing of it, to review a memcon.
func (s *Station) SubmitMemcon(_ context.Context, by Officer, key string, rev, reviewer int64) (Memcon, error) {
	m, list, r, err := s.memconFor(by, "submit a memcon", key)
	if err != nil {
		return Memcon{}, err
	}
	if !r.author && !r.writes {
		return Memcon{}, parley.Errorf(parley.NotAllowed, "you may read this memcon, and not submit it").WithHint("ask its author")
	}
	if err := s.activeOfficer(reviewer); err != nil {
		return Memcon{}, err
	}
	whole, err := s.own.Memcon(key)
	if err != nil {
		return Memcon{}, err
	}
	if strings.TrimSpace(whole.Text) == "" {
		return Memcon{}, parley.Errorf(parley.BadForm, "the memcon is empty")
	}
	if m, err = s.own.SubmitMemcon(key, rev, reviewer); err != nil {
		return Memcon{}, err
	}
	name, err := s.officerName(reviewer)
	if err != nil {
		return Memcon{}, err
	}
	if err := s.audit(by, "memcon: submit", key, name); err != nil {
		return Memcon{}, err
	}
	return s.memconHead(by, &m, list)
}

// ReturnMemcon gives a memcon back to its author with a note, by whoever was asked
// to review it.
func (s *Station) ReturnMemcon(_ context.Context, by Officer, key string, rev int64, note string) error {
	if _, _, _, err := s.memconFor(by, "return a memcon", key); err != nil {
		return err
	}
	note = form.Normal(note)
	if err := form.CheckText("the note", note, maxMemconReason); err != nil {
		return err
	}
	if _, err := s.own.ReturnMemcon(key, rev, by.ID, note); err != nil {
		return err
	}
	return s.audit(by, "memcon: return", key, "")
}

// ReviewMemcon makes what stands at rev the next version, by whoever was asked to
// review it: from now on the list reads it.
func (s *Station) ReviewMemcon(_ context.Context, by Officer, key string, rev int64) (Memcon, error) {
	if _, _, _, err := s.memconFor(by, "review a memcon", key); err != nil {
		return Memcon{}, err
	}
	m, err := s.own.ReviewMemcon(key, rev, by.ID)
	if err != nil {
		return Memcon{}, err
	}
	if err := s.audit(by, "memcon: review", key, "version "+strconv.FormatInt(m.Version, 10)); err != nil {
		return Memcon{}, err
	}
	list, err := s.own.MemconReaders(m.ID)
	if err != nil {
		return Memcon{}, err
	}
	return s.memconHead(by, &m, list)
}

// DiscardMemcon forgets a memcon that nobody reviewed. Its notes are free again.
func (s *Station) DiscardMemcon(_ context.Context, by Officer, key string, rev int64) error {
	if _, _, err := s.authorOf(by, "discard it", key); err != nil {
		return err
	}
	if err := s.own.DiscardMemcon(key, rev); err != nil {
		return err
	}
	return s.audit(by, "memcon: discard", key, "")
}
