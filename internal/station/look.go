package station

import (
	"context"
	"maps"
	"sort"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/own"
	"parley/internal/store"
)

// Self returns this party's code and name.
func (s *Station) Self() (parley.PartyCode, string) {
	return parley.PartyCode(s.cfg.Party), s.cfg.Name
}

// Lines returns every founded line, by name.
func (s *Station) Lines(context.Context) ([]Line, error) {
	s.mu.Lock()
	var ls []*liveLine
	for _, l := range s.lines {
		ls = append(ls, l)
	}
	shut := maps.Clone(s.shut)
	s.mu.Unlock()
	out := make([]Line, 0, len(ls))
	for id, why := range shut {
		out = append(out, shutView(id, s.cfg.path(storeFile), why, s.now()))
	}
	for _, l := range ls {
		out = append(out, l.render())
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Name != out[j].Name {
			return out[i].Name < out[j].Name
		}
		return out[i].Key < out[j].Key
	})
	return out, nil
}

// Line returns one line, by id, a prefix of it, or the other side's code or
// name.
func (s *Station) Line(_ context.Context, name string) (Line, error) {
	l, err := s.lineOf(name)
	if v, ok := s.shutOf(name); err != nil && ok {
		return v, nil
	}
	if err != nil {
		return Line{}, err
	}
	return l.render(), nil
}

// Logs returns the logs of a line, and what is stored of them: what Line says of
// them, for who asks often.
func (s *Station) Logs(_ context.Context, name string) ([]Log, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	return l.logs(), nil
}

func (l *liveLine) render() Line {
	c := l.charter()
	out := Line{ID: l.id, Key: l.id.String(), Name: l.name(), Offices: c.Offices, TwoHands: map[string]bool{}, Lone: map[string]bool{}, Instruct: c.Instruct, State: "active",
		Lamp: l.look(), Paths: l.pathList(), Logs: l.logs(), Tests: l.testView(), Notices: l.notices(), Witnesses: l.witnessViews()}
	for p := parley.Routine; p <= parley.Flash; p++ {
		out.TwoHands[p.String()] = c.TwoHands(p)
		out.Lone[p.String()] = c.Rule(p) == charter.LoneWatch
	}
	if l.runner.Status().Doubt != "" {
		out.State = "in doubt"
	}
	out.Exercise = l.exercise()
	if l.ended() != "" {
		out.State = "ended"
		if w := gone(l.rules(), l.us); w != "" {
			out.State = w
		}
	}
	for _, first := range l.founding.Charter.Parties {
		p, named := c.Party(first.Code)
		if !named {
			p = first
		}
		v := Party{Code: p.Code, Name: p.Name, Languages: p.Languages, Promises: c.Rungs[p.Code], Us: p.Code == l.us, Out: gone(l.rules(), p.Code)}
		if v.Us {
			out.Us = v
		} else {
			out.Them = append(out.Them, v)
		}
	}
	return out
}

// Why measures the lamp of a line afresh.
func (s *Station) Why(_ context.Context, name string) (Lamp, error) {
	l, err := s.lineOf(name)
	if v, ok := s.shutOf(name); err != nil && ok {
		return v.Lamp, nil
	}
	if err != nil {
		return Lamp{}, err
	}
	return l.look(), nil
}

// Item returns one entry as anybody with a seat may see it: without the text
// of what came and nobody here has opened yet.
func (s *Station) Item(_ context.Context, name, id string) (Item, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Item{}, err
	}
	return s.itemOf(l, id, false)
}

// itemOf renders an item. full gives the text of what nobody has opened.
func (s *Station) itemOf(l *liveLine, id string, full bool) (Item, error) {
	row, err := l.find(id)
	if err != nil {
		return Item{}, err
	}
	if err := l.place(); err != nil {
		return Item{}, err
	}
	if !row.Waiting() { // the position may be newer than the row
		if row, err = l.store.Item(row.Gen, row.Index); err != nil {
			return Item{}, err
		}
	}
	it, err := l.item(row)
	if err == nil && !row.Waiting() {
		it.Witnessed, err = l.witnessedAt(row.Ref())
	}
	if err == nil && !row.Waiting() && isTraffic(it.Form) {
		it.ReadBacks, err = l.readBacks(row.Ref())
	}
	if err == nil && !row.Waiting() && (it.Form == "request" || it.Form == "reply" || it.Form == "calloff") {
		it.Arranged, err = l.arrangedIn(row.Ref())
	}
	if err == nil && it.Form == "incumbent" && !row.Waiting() {
		if v, e := l.view(row); e == nil {
			if f, ok := v.form.(*form.Incumbent); ok {
				it.Lapsed, err = l.lapsedAt(&row, f.Office)
			}
		}
	}
	if err != nil {
		return it, err
	}
	return it, s.ownSide(l, &it, full)
}

// ownSide adds what only our side knows: who took it, who wrote and released
// it, its translations; and hides the text of what nobody has opened.
func (s *Station) ownSide(l *liveLine, it *Item, full bool) error {
	taken, ok, err := s.own.TakenBy(l.id, it.ID)
	if err != nil {
		return err
	}
	if ok {
		it.TakenAt = taken.At
		if it.TakenBy, err = s.officerName(taken.Officer); err != nil {
			return err
		}
	}
	if it.Ours && isTraffic(it.Form) {
		if err := s.hands(l, it); err != nil {
			return err
		}
	}
	opened, err := s.own.OpenedBy(l.id, it.ID)
	if err != nil {
		return err
	}
	if !it.Ours && isTraffic(it.Form) && !full && len(opened) == 0 {
		it.Text = ""
		return nil
	}
	if !l.isTranslated(it.ID) {
		return nil
	}
	ts, err := s.own.Translations(l.id, it.ID)
	if err != nil {
		return err
	}
	for _, t := range ts {
		v, err := s.translationView(t)
		if err != nil {
			return err
		}
		it.Translations = append(it.Translations, v)
	}
	return nil
}

func (s *Station) translationView(t own.Translation) (Translation, error) {
	v := Translation{ID: t.ID, Language: t.Language, Text: t.Text, State: "draft", Made: t.Made, Reviewed: t.Reviewed, Certified: t.Certified}
	var err error
	if v.Maker, err = s.officerName(t.Maker); err != nil {
		return v, err
	}
	if t.Reviewer != 0 {
		v.State = "reviewed"
		if v.Reviewer, err = s.officerName(t.Reviewer); err != nil {
			return v, err
		}
	}
	if t.Certifier != 0 {
		v.State = "certified"
		if v.Certifier, err = s.officerName(t.Certifier); err != nil {
			return v, err
		}
	}
	ds, err := s.own.Disputes(t.ID)
	for _, d := range ds {
		x, err := s.disputeView(d)
		if err != nil {
			return v, err
		}
		v.Disputes = append(v.Disputes, x)
	}
	return v, err
}

func (s *Station) items(l *liveLine, rows []store.Row, full bool) ([]Item, error) {
	out := make([]Item, 0, len(rows))
	for _, r := range rows {
		it, err := l.item(r)
		if err != nil {
			return nil, err
		}
		if err := s.ownSide(l, &it, full); err != nil {
			return nil, err
		}
		out = append(out, it)
	}
	return out, nil
}

// technical lists the forms that stations write by themselves.
func technical() []string {
	out := []string{store.EpochForm}
	for _, d := range form.Definitions() {
		if d.Technical {
			out = append(out, d.Name)
		}
	}
	return out
}
