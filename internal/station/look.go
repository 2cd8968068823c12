package station

import (
	"context"
	"sort"
	"strconv"
	"time"

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
	s.mu.Unlock()
	out := make([]Line, 0, len(ls))
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
	if v, e := l.view(row); err == nil && e == nil && !row.Waiting() {
		if f, ok := v.form.(*form.Incumbent); ok {
			it.Lapsed, err = l.lapsedAt(&row, f.Office)
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

// Board returns the watch board of a line; of all lines for "".
func (s *Station) Board(ctx context.Context, o Officer, name string) (Board, error) {
	var ls []*liveLine
	if name != "" {
		l, err := s.lineOf(name)
		if err != nil {
			return Board{}, err
		}
		ls = append(ls, l)
	} else {
		s.mu.Lock()
		for _, l := range s.lines {
			ls = append(ls, l)
		}
		s.mu.Unlock()
	}
	b := Board{Now: s.now().UTC()}
	h, _, err := s.own.LastHandOver()
	if err != nil {
		return b, err
	}
	b.HandOver = h.At
	for _, l := range ls {
		if err := s.boardOf(l, &b); err != nil {
			return b, err
		}
	}
	if b.Drafts, err = s.Drafts(ctx, o); err != nil {
		return b, err
	}
	b.Drafts = submitted(b.Drafts)
	for _, d := range b.Drafts {
		b.DoNext = append(b.DoNext, Todo{Act: "release", Item: strconv.FormatInt(d.ID, 10), Text: d.Subject})
	}
	if b.Alarms, err = s.Alarms(ctx); err != nil {
		return b, err
	}
	b.Alarms = sounding(b.Alarms)
	sortBoard(&b)
	return b, nil
}

func submitted(ds []Draft) []Draft {
	var out []Draft
	for _, d := range ds {
		if d.State == "submitted" {
			out = append(out, d)
		}
	}
	return out
}

func sounding(as []Alarm) []Alarm {
	var out []Alarm
	for _, a := range as {
		if !a.Silenced {
			out = append(out, a)
		}
	}
	return out
}

func sortBoard(b *Board) {
	urgent := func(is []Item) func(i, j int) bool {
		return func(i, j int) bool {
			if is[i].Precedence != is[j].Precedence {
				return is[i].Precedence > is[j].Precedence
			}
			return is[i].Arrived.Before(is[j].Arrived)
		}
	}
	sort.SliceStable(b.WaitingUs, urgent(b.WaitingUs))
	sort.SliceStable(b.WaitingThem, urgent(b.WaitingThem))
	sort.SliceStable(b.Flash, urgent(b.Flash))
	sort.SliceStable(b.Since, func(i, j int) bool { return b.Since[i].Arrived.After(b.Since[j].Arrived) })
	sort.SliceStable(b.DoNext, func(i, j int) bool {
		return !b.DoNext[i].Due.IsZero() && (b.DoNext[j].Due.IsZero() || b.DoNext[i].Due.Before(b.DoNext[j].Due))
	})
}

const (
	boardRows = 100
	boardBack = 14 * 24 * time.Hour
)

// boardOf adds one line to the board.
func (s *Station) boardOf(l *liveLine, b *Board) error {
	rows, _, err := l.store.Rows(store.Filter{Except: technical(), Order: store.ByArrival, Newest: true, Limit: boardRows})
	if err != nil {
		return err
	}
	filed, err := l.store.FiledItems(boardRows)
	if err != nil {
		return err
	}
	all, err := s.items(l, append(filed, rows...), false)
	if err != nil {
		return err
	}
	for _, it := range all {
		if it.Form == "dispatch" && it.Arrived.After(b.Last) {
			b.Last = it.Arrived
		}
		if it.Arrived.After(b.HandOver) && !form.IsTechnical(it.Form) && !form.IsReceipt(it.Form) {
			b.Since = append(b.Since, it)
		}
		if b.Now.Sub(it.Arrived) < boardBack && it.Disregarded == "" {
			boardItem(b, it)
		}
	}
	return nil
}

// boardItem sorts one item into what waits for us and what for them.
func boardItem(b *Board, it Item) {
	if it.Form == "checkcall" && !it.Ours && len(it.Refs) == 0 && b.Now.Sub(it.Arrived) < time.Hour {
		b.DoNext = append(b.DoNext, Todo{Act: "check-call", Item: it.ID, Text: it.FromText, Due: it.Arrived.Add(15 * time.Minute)})
		return
	}
	if len(it.Ladder) < 5 {
		return
	}
	step := map[parley.Rung]Step{}
	for _, st := range it.Ladder {
		step[st.Rung] = st
	}
	if it.Ours {
		if it.NotDelivered || !allPromised(it.Ladder) {
			b.WaitingThem = append(b.WaitingThem, it)
		}
		return
	}
	opened := !step[parley.Opened].At.IsZero()
	if !opened && it.Precedence == parley.Flash {
		b.Flash = append(b.Flash, it)
	}
	asks := it.Marker == parley.Question || it.Marker == parley.Request
	answered := !step[parley.Answered].At.IsZero()
	if opened && (!asks || answered) {
		return
	}
	b.WaitingUs = append(b.WaitingUs, it)
	todo := Todo{Act: "open", Item: it.ID, Text: it.Subject, Due: it.Objective}
	if opened {
		todo = Todo{Act: "answer", Item: it.ID, Text: it.Subject}
	}
	b.DoNext = append(b.DoNext, todo)
}

func allPromised(ladder []Step) bool {
	for _, s := range ladder {
		if s.Promised && s.At.IsZero() && s.Rung != parley.Answered {
			return false
		}
	}
	return true
}
