package station

import (
	"context"
	"slices"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/said"
	"parley/internal/said/compare"
	"parley/internal/sheet"
	"parley/internal/store"
)

// SaidQuote is something not released that a statement quotes.
type SaidQuote struct {
	Of    string `json:"of"`   // the item that is quoted; "memcon" and "note" of our own
	What  string `json:"what"` // its form and subject
	Item  int    `json:"item"` // of the statement, from 1
	Lang  string `json:"lang"`
	From  int    `json:"from"` // bytes of the text
	To    int    `json:"to"`
	Words string `json:"words"`
}

// QuotesIn returns what items that somebody writes quote of what is not released.
func (s *Station) QuotesIn(_ context.Context, by Officer, name, id string, items []SaidItem) ([]SaidQuote, error) {
	const act = "look for quotations in a readout"
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
	return s.quotes(a, statementOf(items, said.Facts{}))
}

// secretForms are what people wrote for the other side alone.
var secretForms = []string{"dispatch", "service", "remark"}

// lastSecrets bounds how many entries of a line a statement is held to: the newest.
const lastSecrets = 2_000

// quotes finds what a statement quotes of entries that nobody has released, and of
// our own memcons and notes, which it names by nothing but that. What all confirmed
// and what was published may be quoted.
func (s *Station) quotes(a *afterwards, st *said.Statement) (out []SaidQuote, _ error) {
	rows, _, err := a.l.store.Rows(store.Filter{Forms: secretForms, Order: store.ByArrival, Newest: true, Limit: lastSecrets})
	if err != nil {
		return nil, err
	}
	var secret []compare.Secret
	what := map[string]string{}
	for i := range rows {
		v, err := a.l.view(rows[i])
		if err != nil {
			return nil, err
		}
		if v.form == nil {
			continue
		}
		x := compare.Secret{Of: itemID(&rows[i])}
		for _, f := range sheet.Fields(v.form) {
			switch f.Code {
			case "subject":
				what[x.Of] = form.Visible(f.Value)
				x.Texts = append(x.Texts, f.Value)
			case "text":
				x.Texts = append(x.Texts, f.Value)
			}
		}
		what[x.Of] = strings.TrimSpace(v.form.Name() + " " + what[x.Of])
		secret = append(secret, x)
	}
	ours, err := s.own.OurWords(a.l.id, lastSecrets)
	if err != nil {
		return nil, err
	}
	secret = append(secret, compare.Secret{Of: "memcon", Texts: ours["memcon"]}, compare.Secret{Of: "note", Texts: ours["memnote"]})
	what["memcon"], what["note"] = "of our side", "of our side"
	free, err := a.released()
	if err != nil {
		return nil, err
	}
	for _, q := range compare.Quotes(st, secret, free...) {
		out = append(out, SaidQuote{Of: q.Of, What: what[q.Of], Item: q.Item + 1, Lang: q.Lang, From: q.From, To: q.To, Words: form.Visible(q.Words)})
	}
	return out, nil
}

// released are the texts that may be quoted: confirmed wordings, what is published
// of the contact, and joint statements that stand.
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
	add := func(st *said.Statement) {
		for _, it := range st.Items {
			for _, t := range it.Texts {
				out = append(out, t.Text)
			}
		}
	}
	for _, p := range a.told.Published {
		add(p.Statement)
	}
	for _, j := range a.told.Joints {
		if j.State == said.JointStands {
			add(j.Joint.Statement)
		}
	}
	return out, nil
}

// mayQuote refuses a statement that quotes what is not released, but for what the
// officer names with a reason; it returns what the audit says of that.
func (s *Station) mayQuote(a *afterwards, st *said.Statement, named []NamedQuote) (string, error) {
	if st == nil {
		return "", nil
	}
	found, err := s.quotes(a, st)
	if err != nil {
		return "", err
	}
	var note []string
	for _, q := range found {
		i := slices.IndexFunc(named, func(n NamedQuote) bool { return n.Of == q.Of && strings.TrimSpace(n.Why) != "" })
		if i < 0 {
			return "", parley.Errorf(parley.NotAllowed, "item %d quotes %s (%s), which is not released: %q", q.Item, q.Of, q.What, q.Words).WithHint("say it otherwise, or name what is quoted and say why it may be")
		}
		if why := "quotes " + q.Of + ": " + named[i].Why; !slices.Contains(note, why) {
			note = append(note, why)
		}
	}
	return strings.Join(note, ". "), nil
}
