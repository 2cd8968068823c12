package station

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/own"
	"parley/internal/store"
)

// mayAlone reports whether an officer may release his own draft under the
// charter's lone-watch rule: a dispatch, by who holds the watch. The record says
// so then (LoneWatchRemark).
func (l *liveLine) mayAlone(by Officer, d *own.Draft, p parley.Precedence) bool {
	return l.charter().Rule(p) == charter.LoneWatch && d.Form == "dispatch" && d.Drafter == by.ID && by.Holds(parley.Watch)
}

// signedOf makes header and form of a draft as they are signed when by releases
// it: the one place that preview and release share.
func (s *Station) signedOf(l *liveLine, by Officer, d *own.Draft) (*form.Header, form.Form, error) {
	h, f, err := s.formOf(l, d, d.Precedence)
	if err != nil {
		return nil, nil, err
	}
	if x, ok := f.(*form.Dispatch); ok && l.mayAlone(by, d, d.Precedence) {
		x.Remarks = LoneWatchRemark
	}
	return h, f, nil
}

// shareFor is how long a counted share is good for.
const shareFor = 20 * time.Second

// shareAtMost bounds how many dispatches of the month are counted.
const shareAtMost = 10_000

// counted are the shares of a line as they were last counted.
type counted struct {
	at     time.Time
	shares []FlashShare
}

// FlashShares says for each party of a line how many of its dispatches this
// month are FLASH, ours first. Both sides count the same entries, those that
// reached them; each by its own clock.
func (s *Station) FlashShares(_ context.Context, name string) ([]FlashShare, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	c := l.shares
	l.mu.Unlock()
	if now := s.now(); c != nil && now.Sub(c.at) < shareFor && now.Month() == c.at.Month() {
		return c.shares, nil
	}
	c = &counted{at: s.now()}
	if c.shares, err = l.countShares(s.now()); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.shares = c
	l.mu.Unlock()
	return c.shares, nil
}

func (l *liveLine) countShares(now time.Time) ([]FlashShare, error) {
	n := map[parley.PartyCode]*FlashShare{}
	out := []FlashShare{{Party: l.us}}
	for _, p := range l.others() {
		out = append(out, FlashShare{Party: p})
	}
	for i := range out {
		n[out[i].Party] = &out[i]
	}
	year, month, _ := now.UTC().Date()
	f := store.Filter{Forms: []string{"dispatch"}, Order: store.ByArrival, Newest: true, Limit: 500, Since: time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).UnixMilli()}
	count := func(rows []store.Row) {
		for _, r := range rows {
			party := r.Party
			if r.Waiting() {
				party = l.us
			}
			x := n[party]
			if x == nil || r.Exercise || r.Form != "dispatch" || r.Arrived < f.Since {
				continue
			}
			if x.All++; r.Precedence == parley.Flash {
				x.Flash++
			}
		}
	}
	filed, err := l.store.FiledItems(shareAtMost)
	if err != nil {
		return nil, err
	}
	count(filed)
	for done := 0; done < shareAtMost; done += f.Limit {
		rows, _, err := l.store.Rows(f)
		if err != nil {
			return nil, err
		}
		count(rows)
		if len(rows) < f.Limit {
			break
		}
		f.Cursor = rows[len(rows)-1].Ref()
	}
	return out, nil
}

// Templates returns what a draft on a line may begin from, as our side has kept
// it.
func (s *Station) Templates(_ context.Context, name string) ([]Template, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	list, err := s.own.Templates(l.id)
	if err != nil {
		return nil, err
	}
	out := make([]Template, 0, len(list))
	for _, t := range list {
		v := Template{ID: t.ID, Name: t.Name}
		if v.Maker, err = s.officerName(t.Officer); err != nil {
			return nil, err
		}
		if v.Draft, err = s.draftView(own.Draft{Line: t.Line, Drafter: t.Officer, DraftText: t.Text}); err != nil {
			return nil, err
		}
		v.Draft.Drafter, v.Draft.DrafterID, v.Draft.State = "", 0, ""
		out = append(out, v)
	}
	return out, nil
}

// maxTemplates bounds the templates of a line: more nobody finds his way in.
const maxTemplates = 100

// KeepTemplate makes a template of a draft that the officer may see, without
// what belongs to that draft only.
func (s *Station) KeepTemplate(_ context.Context, by Officer, draft int64, title string) (Template, error) {
	if err := person(by, "keep a template"); err != nil {
		return Template{}, err
	}
	title = strings.TrimSpace(title)
	if err := form.CheckLine("the name of the template", title, 80); err != nil {
		return Template{}, err
	}
	d, err := s.draftFor(by, draft)
	if err != nil {
		return Template{}, err
	}
	list, err := s.own.Templates(d.Line)
	if err != nil {
		return Template{}, err
	}
	if len(list) >= maxTemplates {
		return Template{}, parley.Errorf(parley.Quota, "the line has %d templates", len(list)).WithHint("remove some that nobody uses")
	}
	t, err := s.own.AddTemplate(own.Template{Line: d.Line, Officer: by.ID, Name: title, Text: d.DraftText})
	if err != nil {
		return Template{}, err
	}
	return Template{ID: t.ID, Name: t.Name, Maker: by.Name}, s.audit(by, "keep template", "template "+strconv.FormatInt(t.ID, 10), title)
}

// UseTemplate saves a new draft with what a template of the line says. Its
// exercise mark is that of the line now, never that of the day the template was
// made.
func (s *Station) UseTemplate(ctx context.Context, by Officer, name string, template int64) (Draft, error) {
	list, err := s.Templates(ctx, name)
	if err != nil {
		return Draft{}, err
	}
	i := slices.IndexFunc(list, func(t Template) bool { return t.ID == template })
	if i < 0 {
		return Draft{}, parley.Errorf(parley.NotFound, "no template %d on this line", template)
	}
	l, err := s.lineOf(name)
	if err != nil {
		return Draft{}, err
	}
	d := list[i].Draft
	d.Exercise = l.exercise()
	if d.From == "" {
		d.From = string(l.officeOf(by))
	}
	return s.SaveDraft(ctx, by, d)
}

// RemoveTemplate forgets a template: who made it, or an administrator.
func (s *Station) RemoveTemplate(_ context.Context, by Officer, id int64) error {
	t, err := s.own.Template(id)
	if err != nil {
		return err
	}
	if t.Officer != by.ID && by.ID != 0 && !by.Holds(parley.Administrator) {
		return parley.Errorf(parley.NotAllowed, "a template is removed by who made it, or by an administrator")
	}
	if err := s.own.RemoveTemplate(id); err != nil {
		return err
	}
	return s.audit(by, "remove template", "template "+strconv.FormatInt(id, 10), t.Name)
}
