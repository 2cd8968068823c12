package station

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
	"parley/internal/said"
	"parley/internal/said/compare"
	"parley/internal/sheet"
	"parley/internal/store"
)

// SaidQuote is something not released that a statement quotes. Of a memcon or a note
// that whoever looks may not read it says that there is one, under a name that tells
// nothing of it, and not where.
type SaidQuote struct {
	Of    string `json:"of"`             // the entry that is quoted; of a memcon or a note what it is and a name
	Ours  bool   `json:"ours,omitempty"` // a memcon or a note
	What  string `json:"what,omitempty"` // of an entry its form and subject
	Item  int    `json:"item,omitempty"` // of the statement, from 1
	Lang  string `json:"lang,omitempty"` // "": its topic, or a note beside the statement
	From  int    `json:"from,omitempty"` // bytes of the text
	To    int    `json:"to,omitempty"`
	Words string `json:"words,omitempty"`
}

// Quoting is the refusal of what quotes something that is not released.
type Quoting struct {
	Quotes []SaidQuote // what nobody let through; never empty
	Err    *parley.Error
}

// Error says the first of them.
func (q *Quoting) Error() string { return q.Err.Error() }

// Unwrap gives its kind and hint.
func (q *Quoting) Unwrap() error { return q.Err }

// QuotesIn returns what a stored version of our readout quotes of what is not
// released; version 0 is the newest. Nothing else is looked through, and each look is
// audited: who tries out words one by one leaves them, with his name.
func (s *Station) QuotesIn(_ context.Context, by Officer, name, id string, version int64) ([]SaidQuote, error) {
	const act = "look for quotations in a readout"
	if err := person(by, act); err != nil {
		return nil, err
	}
	if err := seatFor(by, act, draftsReadouts...); err != nil {
		return nil, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	a, err := l.afterwards(id)
	if err != nil {
		return nil, err
	}
	r, err := s.own.Readout(l.id, a.root.String(), version)
	if err != nil {
		return nil, err
	}
	if err := s.audit(by, act, a.root.String(), fmt.Sprintf("version %d", r.Version)); err != nil {
		return nil, err
	}
	return s.quotes(by, a, statementOf(readoutItems(&r), said.Facts{}), true)
}

// secretForms are what people wrote for the other side alone.
var secretForms = []string{"dispatch", "service", "remark"}

// lastSecrets bounds how many entries of a line a statement is held to, and how many
// memcons and notes: the newest.
const lastSecrets = 2_000

// A quoted is a text that a statement is held to, or one part of a memcon.
type quoted struct {
	of, what string
	ours     *own.OurText // nil: an entry
	passed   bool         // of a memcon: what was reviewed
	texts    []string
}

// quotes finds what a statement quotes of our own memcons and notes; and where it is
// for the public, of entries that nobody has released, and of what another side wrote
// of the contacts that stands neither published nor jointly. What all confirmed and
// what was published may be quoted; before the other side alone, what both sides have
// shown each other.
func (s *Station) quotes(by Officer, a *afterwards, st *said.Statement, public bool) (out []SaidQuote, _ error) {
	free, err := a.released()
	if err != nil {
		return nil, err
	}
	ours, err := s.ourWords(a.l)
	if err != nil {
		return nil, err
	}
	look := func(secret []quoted, free []string) error {
		found, err := s.held(by, st, secret, free)
		out = append(out, found...)
		return err
	}
	if !public {
		err := look(ours, append(free, a.exchanged()...))
		return out, err
	}
	written, err := a.l.written()
	if err != nil {
		return nil, err
	}
	before, err := s.beforeTheirs(a)
	if err != nil {
		return nil, err
	}
	theirs, err := a.l.theirs()
	if err != nil {
		return nil, err
	}
	if err := look(append(written, ours...), free); err != nil {
		return nil, err
	}
	err = look(theirs, append(free, before...))
	return out, err
}

// held finds what a statement quotes of some texts, as an officer may see it.
func (s *Station) held(by Officer, st *said.Statement, secret []quoted, free []string) (out []SaidQuote, _ error) {
	list := make([]compare.Secret, len(secret))
	for i := range secret {
		list[i] = compare.Secret{Of: strconv.Itoa(i), Texts: secret[i].texts}
	}
	for _, q := range compare.Quotes(topical(st), list, free...) {
		i, err := strconv.Atoi(q.Of)
		if err != nil {
			return nil, err
		}
		from := &secret[i]
		x := SaidQuote{Of: from.of, What: from.what, Ours: from.ours != nil, Item: q.Item + 1, Lang: q.Lang, From: q.From, To: q.To, Words: form.Visible(q.Words)}
		if x.Lang == besides {
			x.Lang = ""
		}
		same := func(o SaidQuote) bool { return o == x }
		if x.Ours {
			reads, err := s.readsOurs(by, from)
			if err != nil {
				return nil, err
			}
			if !reads {
				x = SaidQuote{Of: from.of, Ours: true}
				same = func(o SaidQuote) bool { return o.Of == x.Of }
			}
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, x)
		}
	}
	return out, nil
}

// readsOurs reports whether an officer may read a part of a memcon, or a note.
func (s *Station) readsOurs(by Officer, q *quoted) (bool, error) {
	if q.ours.Key == "" {
		return by.ID != 0 && slices.Contains(q.ours.Hands, by.ID), nil
	}
	_, _, role, err := s.memconFor(by, "look for quotations in a readout", q.ours.Key)
	if k := parley.KindOf(err); err != nil && k != parley.NotFound && k != parley.NotAllowed {
		return false, err
	}
	return err == nil && (q.passed || role.drafts()), nil
}

// ourWords are our memcons and notes of a line: of a memcon first what was reviewed.
func (s *Station) ourWords(l *liveLine) (out []quoted, _ error) {
	all, err := s.own.OurWords(l.id, lastSecrets)
	for i := range all {
		t := &all[i]
		out = append(out, quoted{of: t.Name, ours: t, passed: true, texts: t.Passed}, quoted{of: t.Name, ours: t, texts: t.Draft})
	}
	return out, err
}

// written are the newest entries of the line that people wrote for the other side.
func (l *liveLine) written() (out []quoted, _ error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: secretForms, Order: store.ByArrival, Newest: true, Limit: lastSecrets})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		v, err := l.view(rows[i])
		if err != nil {
			return nil, err
		}
		if v.form == nil {
			continue
		}
		x := quoted{of: itemID(&rows[i])}
		for _, f := range sheet.Fields(v.form) {
			switch f.Code {
			case "subject":
				x.what = form.Visible(f.Value)
				x.texts = append(x.texts, f.Value)
			case "text":
				x.texts = append(x.texts, f.Value)
			}
		}
		x.what = strings.TrimSpace(v.form.Name() + " " + x.what)
		out = append(out, x)
	}
	return out, nil
}

// theirs are the drafts of other sides for the contacts of the line, and joint
// statements that they proposed and that do not stand.
func (l *liveLine) theirs() (out []quoted, _ error) {
	b, _, err := l.saidBook()
	if err != nil {
		return nil, err
	}
	for _, t := range b.Contacts {
		for _, side := range t.Sides {
			for _, v := range side.Drafts {
				if side.Party != l.us {
					out = append(out, quoted{of: v.Ref.String(), what: v.Draft.Name() + " " + string(side.Party), texts: textsOf(&v.Draft.Statement)})
				}
			}
		}
		for _, j := range t.Joints {
			if j.Party != l.us && j.State != said.JointStands {
				out = append(out, quoted{of: j.Ref.String(), what: j.Joint.Name() + " " + string(j.Party), texts: textsOf(j.Joint.Statement)})
			}
		}
	}
	return out, nil
}

// beforeTheirs are the texts that our side was bound to before it saw what another
// wrote of the contact, and those it proposed itself: that both wrote the same quotes
// nobody.
func (s *Station) beforeTheirs(a *afterwards) (out []string, _ error) {
	bonds, err := s.own.Bonds(a.l.id, a.root.String())
	if err != nil {
		return nil, err
	}
	for i := range bonds {
		st, err := said.ParseStatement(bonds[i].Statement)
		if err != nil {
			return nil, err
		}
		out = append(out, textsOf(st)...)
	}
	if us := a.us(); us != nil && us.Shown != nil {
		out = append(out, textsOf(&us.Shown.Draft.Statement)...)
	}
	for _, j := range a.told.Joints {
		if j.Party == a.l.us {
			out = append(out, textsOf(j.Joint.Statement)...)
		}
	}
	return out, nil
}

// exchanged are the texts that the sides of a contact have shown each other.
func (a *afterwards) exchanged() (out []string) {
	for _, side := range a.told.Sides {
		for _, v := range side.Drafts {
			out = append(out, textsOf(&v.Draft.Statement)...)
		}
	}
	for _, j := range a.told.Joints {
		out = append(out, textsOf(j.Joint.Statement)...)
	}
	return out
}

// textsOf are the texts of a statement; none of nil.
func textsOf(st *said.Statement) (out []string) {
	if st == nil {
		return nil
	}
	for _, it := range st.Items {
		for _, t := range it.Texts {
			out = append(out, t.Text)
		}
	}
	return out
}

// released are the texts that may be quoted: confirmed wordings of the contact; and
// of all contacts of the line what is published, and joint statements that stand.
func (a *afterwards) released() (out []string, _ error) {
	words, err := a.wordings()
	if err != nil {
		return nil, err
	}
	for _, w := range words {
		for _, t := range w.Texts {
			out = append(out, t.Text)
		}
	}
	b, _, err := a.l.saidBook()
	if err != nil {
		return nil, err
	}
	for _, t := range b.Contacts {
		for _, p := range t.Published {
			out = append(out, textsOf(p.Statement)...)
		}
		for _, j := range t.Joints {
			if j.State == said.JointStands {
				out = append(out, textsOf(j.Joint.Statement)...)
			}
		}
	}
	return out, nil
}

// besides is the language of a text that is said beside a statement, and of a topic.
const besides = "und"

// beside is a statement with what is said beside it, to be looked through together.
func beside(st *said.Statement, text string) *said.Statement {
	out := said.Statement{}
	if st != nil {
		out.Items = slices.Clone(st.Items)
	}
	if text != "" {
		out.Items = append(out.Items, said.Item{Texts: []said.Said{{Lang: besides, Text: text}}})
	}
	return &out
}

// topical is a statement whose items have their topics among their texts: they leave
// with them.
func topical(st *said.Statement) *said.Statement {
	out := said.Statement{Items: slices.Clone(st.Items)}
	for i := range out.Items {
		it := &out.Items[i]
		it.Texts = append(slices.Clone(it.Texts), said.Said{Lang: besides, Text: it.Topic})
	}
	return &out
}

// noting is what the audit says of an act, and of what was let through with it.
func noting(what, quotes string) string {
	if what == "" || quotes == "" {
		return what + quotes
	}
	return what + ". " + quotes
}

// mayQuote refuses words that quote what is not released, but for what the officer
// names with a reason, each thing by itself; it returns what the audit says of that.
// For the public that is all of it; to the other side alone, our own memcons and
// notes. A refusal because of those is audited. A draft that our side was bound to was
// looked through before it was.
func (s *Station) mayQuote(by Officer, a *afterwards, st *said.Statement, public bool, named []NamedQuote) (string, error) {
	if st == nil {
		return "", nil
	}
	found, err := s.quotes(by, a, st, public)
	if err != nil {
		return "", err
	}
	var note []string
	var refused []SaidQuote
	for _, q := range found {
		i := slices.IndexFunc(named, func(n NamedQuote) bool { return n.Of == q.Of && strings.TrimSpace(n.Why) != "" })
		if i < 0 {
			refused = append(refused, q)
		} else if why := "quotes " + q.Of + ": " + named[i].Why; !slices.Contains(note, why) {
			note = append(note, why)
		}
	}
	if len(refused) == 0 {
		return strings.Join(note, ". "), nil
	}
	var ours []string
	for _, q := range refused {
		if q.Ours && !slices.Contains(ours, q.Of) {
			ours = append(ours, q.Of)
		}
	}
	if len(ours) > 0 {
		if err := s.audit(by, "was refused a quotation", a.root.String(), strings.Join(ours, ", ")); err != nil {
			return "", err
		}
	}
	return "", &Quoting{Quotes: refused, Err: refusalOf(&refused[0])}
}

func refusalOf(q *SaidQuote) *parley.Error {
	err := parley.Errorf(parley.NotAllowed, "item %d quotes %s (%s), which is not released: %q", q.Item, q.Of, q.What, q.Words)
	switch {
	case q.Ours && q.Words == "":
		err = parley.Errorf(parley.NotAllowed, "it quotes %s, which is of our side only", q.Of)
	case q.Ours:
		err = parley.Errorf(parley.NotAllowed, "item %d quotes %s, which is of our side only: %q", q.Item, q.Of, q.Words)
	}
	return err.WithHint("say it otherwise, or name what is quoted and say why it may be")
}
