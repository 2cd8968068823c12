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

// What a watch is kept by: who has it, who has it next, what the list does not
// cover, and how it goes from one officer to the next. All of it is our side
// only.

// coverAhead is how far ahead gaps in the watch list are shown.
const coverAhead = 72 * time.Hour

// OnWatch returns who has the watch.
func (s *Station) OnWatch(context.Context) (OnWatch, error) {
	h, ok, err := s.own.OnWatch()
	if err != nil {
		return OnWatch{}, err
	}
	now := s.now()
	shifts, err := s.shifts(now.Add(-24*time.Hour), now.Add(coverAhead))
	if err != nil {
		return OnWatch{}, err
	}
	w := OnWatch{}
	if ok {
		w.OfficerID, w.Since, w.Without = h.Taker, h.Taken, h.Taker == h.Officer
		if w.Officer, err = s.officerName(h.Taker); err != nil {
			return w, err
		}
		if w.SoundAt, w.SoundBy, err = s.soundTested(h.Taken); err != nil {
			return w, err
		}
	}
	for _, sh := range shifts {
		switch {
		case sh.Gone:
		case sh.OfficerID == w.OfficerID && !sh.Begins.After(now.Add(shiftSlack)) && sh.Ends.After(w.Since) && sh.Ends.After(w.Until):
			w.Until = sh.Ends
		case w.Next == "" && sh.OfficerID != w.OfficerID && sh.Ends.After(now) && sh.Begins.After(w.Since.Add(-shiftSlack)):
			w.Next, w.NextAt = sh.Officer, sh.Begins
		}
	}
	return w, nil
}

// shiftSlack is how long before its shift a watch may be taken and count as it.
const shiftSlack = time.Hour

const soundSetting = "sound-tested"

// SoundTested notes that an officer heard the sound of a desk.
func (s *Station) SoundTested(_ context.Context, by Officer) error {
	if err := person(by, "test the sound"); err != nil {
		return err
	}
	if err := s.own.SetSetting(soundSetting, fmt.Appendf(nil, "%d %d", s.now().UnixMilli(), by.ID)); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, "test sound", "desk", "")
}

// soundTested returns the last test of the sound, if it was after a time.
func (s *Station) soundTested(since time.Time) (time.Time, string, error) {
	b, ok, err := s.own.Setting(soundSetting)
	if err != nil || !ok {
		return time.Time{}, "", err
	}
	var ms, id int64
	if _, err := fmt.Sscan(string(b), &ms, &id); err != nil {
		return time.Time{}, "", nil // of another version: as good as none
	}
	at := time.UnixMilli(ms).UTC()
	if at.Before(since) {
		return time.Time{}, "", nil
	}
	name, err := s.officerName(id)
	return at, name, err
}

func (s *Station) shifts(from, to time.Time) ([]Shift, error) {
	rows, err := s.own.Shifts(from, to)
	if err != nil {
		return nil, err
	}
	out := make([]Shift, 0, len(rows))
	for _, r := range rows {
		o, err := s.own.Officer(r.Officer)
		if err != nil {
			return nil, err
		}
		out = append(out, Shift{ID: r.ID, OfficerID: r.Officer, Officer: o.Name, Gone: !o.Active, Begins: r.Begins, Ends: r.Ends, Languages: r.Languages})
	}
	return out, nil
}

// WatchList returns the shifts from yesterday on for some days, and what they
// do not cover.
func (s *Station) WatchList(_ context.Context, days int) (WatchList, error) {
	now := s.now()
	w := WatchList{Now: now.UTC(), Languages: s.foreignLanguages()}
	var err error
	if w.Shifts, err = s.shifts(now.Add(-24*time.Hour), now.Add(time.Duration(days)*24*time.Hour)); err != nil {
		return w, err
	}
	w.Gaps = gaps(w.Shifts, w.Languages, now, now.Add(coverAhead))
	return w, nil
}

// foreignLanguages are those that the other sides of active lines write in and
// that are not our own.
func (s *Station) foreignLanguages() (out []string) {
	s.mu.Lock()
	var ls []*liveLine
	for _, l := range s.lines {
		ls = append(ls, l)
	}
	s.mu.Unlock()
	for _, l := range ls {
		if l.ended() != "" {
			continue
		}
		ours := baseTag(l.language())
		for _, p := range l.others() {
			c, ok := l.charter().Party(p)
			if !ok || len(c.Languages) == 0 {
				continue
			}
			if t := baseTag(c.Languages[0]); t != ours && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	slices.Sort(out)
	return out
}

// baseTag is the language of a tag without script and region.
func baseTag(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base
}

// gaps are the times from now to until in which nobody is on the list, and
// those in which somebody is and nobody of them reads a language. An empty list
// has none: it is not kept.
func gaps(shifts []Shift, languages []string, now, until time.Time) (out []Gap) {
	kept := false
	cuts := []time.Time{now, until}
	for _, sh := range shifts {
		if sh.Ends.After(now) {
			kept = true
		}
		for _, t := range []time.Time{sh.Begins, sh.Ends} {
			if t.After(now) && t.Before(until) {
				cuts = append(cuts, t)
			}
		}
	}
	if !kept {
		return nil
	}
	slices.SortFunc(cuts, time.Time.Compare)
	cuts = slices.CompactFunc(cuts, time.Time.Equal)
	open := map[string]int{} // language -> index in out of the gap that reaches up to here
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1], cuts[i]
		missing := uncovered(shifts, languages, from)
		for lang := range open {
			if !slices.Contains(missing, lang) {
				delete(open, lang)
			}
		}
		for _, lang := range missing {
			if n, ok := open[lang]; ok {
				out[n].To = to
				continue
			}
			open[lang] = len(out)
			out = append(out, Gap{From: from, To: to, Language: lang})
		}
	}
	return out
}

// uncovered are the languages that nobody on watch at t reads; "" alone when
// nobody is.
func uncovered(shifts []Shift, languages []string, t time.Time) (missing []string) {
	anybody, read := false, []string{}
	for _, sh := range shifts {
		if sh.Gone || sh.Begins.After(t) || !sh.Ends.After(t) {
			continue
		}
		anybody = true
		for _, l := range sh.Languages {
			read = append(read, baseTag(l))
		}
	}
	if !anybody {
		return []string{""}
	}
	for _, l := range languages {
		if !slices.Contains(read, l) {
			missing = append(missing, l)
		}
	}
	return missing
}

// AddShift puts an officer on the watch list.
func (s *Station) AddShift(_ context.Context, by Officer, officer int64, begins, ends time.Time, languages []string) error {
	if err := seatFor(by, "keep the watch list", parley.Watch, parley.Administrator, parley.Envoy); err != nil {
		return err
	}
	for _, l := range languages {
		if err := form.CheckLanguage("a language of the watch list", l); err != nil {
			return err
		}
	}
	if len(languages) > 10 {
		return parley.Errorf(parley.BadForm, "a shift names 10 languages at most")
	}
	o, err := s.own.Officer(officer)
	if err != nil {
		return err
	}
	if !o.Active || !o.Holds(parley.Watch) && !o.Holds(parley.Translator) && !o.Holds(parley.Interpreter) {
		return parley.Errorf(parley.NotAllowed, "%s holds no office that keeps a watch", o.Name).WithHint("an administrator gives out the office of watch")
	}
	if _, err := s.own.AddShift(own.Shift{Officer: officer, Begins: begins, Ends: ends, Languages: languages}); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, "add shift", o.Name, parley.DTG(begins)+" to "+parley.DTG(ends))
}

// RemoveShift takes a shift off the watch list.
func (s *Station) RemoveShift(_ context.Context, by Officer, id int64) error {
	if err := seatFor(by, "keep the watch list", parley.Watch, parley.Administrator, parley.Envoy); err != nil {
		return err
	}
	if err := s.own.RemoveShift(id); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, "remove shift", strconv.FormatInt(id, 10), "")
}

// HandOver writes the hand-over of a watch, with all that is open. Whoever comes
// reads it, acknowledges each thing that is open, and takes over; until then the
// one who wrote it has the watch.
func (s *Station) HandOver(ctx context.Context, by Officer, note string) error {
	if err := person(by, "hand over the watch"); err != nil {
		return err
	}
	if len(note) > 16<<10 {
		return parley.Errorf(parley.Oversize, "the note has %d bytes; at most %d are kept", len(note), 16<<10)
	}
	last, ok, err := s.own.LastHandOver()
	if err != nil {
		return err
	}
	if ok && last.Taker == 0 && last.Officer == by.ID && last.Note == note && s.now().Sub(last.At) < time.Minute {
		return parley.Errorf(parley.Conflict, "this hand-over is written already").WithHint("it waits to be taken over")
	}
	b, err := s.Board(ctx, by, "")
	if err != nil {
		return err
	}
	if _, err := s.own.AddHandOver(by.ID, note, openItems(&b)...); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, "hand over", "watch", "")
}

// openItems are what a hand-over names: all that waits.
func openItems(b *Board) (out []own.Handed) {
	add := func(kind, line, item, text string) {
		id, _ := parley.ParseLineID(line) // zero for what belongs to no line
		out = append(out, own.Handed{Kind: kind, Line: id, Item: item, Text: text})
	}
	for _, it := range b.WaitingUs {
		add("us", it.Line, it.ID, handedText(&it))
	}
	for _, it := range b.WaitingThem {
		add("them", it.Line, it.ID, handedText(&it))
	}
	for _, d := range b.Drafts {
		add("draft", d.Line, strconv.FormatInt(d.ID, 10), strings.TrimSpace(d.Precedence+" "+d.Subject))
	}
	for _, p := range b.Promises {
		add("promise", p.Line, strconv.FormatInt(p.ID, 10), parley.DTG(p.Due)+" "+p.Text)
	}
	return out
}

func handedText(it *Item) string {
	text := it.PrecedenceText
	if it.Serial > 0 {
		text += fmt.Sprintf(" Nr %04d", it.Serial)
	}
	if it.Exercise != "" {
		text = "EXERCISE " + text
	}
	return text + " " + it.Subject
}

// handOverView renders a hand-over with what it names.
func (s *Station) handOverView(h own.HandOver) (HandOver, error) {
	v := HandOver{ID: h.ID, ByID: h.Officer, At: h.At, Note: h.Note, Taken: h.Taken}
	var err error
	if v.By, err = s.officerName(h.Officer); err != nil {
		return v, err
	}
	if h.Taker != 0 {
		if v.Taker, err = s.officerName(h.Taker); err != nil {
			return v, err
		}
	}
	open, err := s.own.Handed(h.ID)
	if err != nil {
		return v, err
	}
	for _, o := range open {
		x := Handed{ID: o.ID, Kind: o.Kind, Line: o.Line.String(), Item: o.Item, Text: o.Text, At: o.At}
		if o.Line == (parley.LineID{}) {
			x.Line = ""
		}
		if o.Officer != 0 {
			if x.By, err = s.officerName(o.Officer); err != nil {
				return v, err
			}
		}
		v.Open = append(v.Open, x)
	}
	return v, nil
}

// HandOvers returns the newest hand-overs, those taken over too.
func (s *Station) HandOvers(_ context.Context, limit int) ([]HandOver, error) {
	hs, err := s.own.HandOvers(limit)
	if err != nil {
		return nil, err
	}
	out := make([]HandOver, 0, len(hs))
	for _, h := range hs {
		v, err := s.handOverView(h)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// waitingHandOver is the newest hand-over if nobody has taken over yet; ID 0 if
// there is none.
func (s *Station) waitingHandOver() (HandOver, error) {
	h, ok, err := s.own.LastHandOver()
	if err != nil || !ok || h.Taker != 0 {
		return HandOver{}, err
	}
	return s.handOverView(h)
}

// TakeOver gives the watch to an officer: of a hand-over, each open thing of
// which he acknowledges; of none, with id 0, and then he says why. Items that
// the one before had taken are his now.
func (s *Station) TakeOver(_ context.Context, by Officer, id int64, acknowledged []int64, why string) error {
	if err := person(by, "take the watch"); err != nil {
		return err
	}
	if err := seatFor(by, "take the watch", parley.Watch); err != nil {
		return err
	}
	if id == 0 {
		if err := s.mayTakeWithout(by, why); err != nil {
			return err
		}
	} else if h, ok, err := s.own.LastHandOver(); err != nil {
		return err
	} else if ok && h.ID == id && h.Officer == by.ID {
		return parley.Errorf(parley.NotAllowed, "you wrote this hand-over: another officer takes over from you")
	}
	h, err := s.own.TakeOver(id, by.ID, acknowledged, why)
	if err != nil {
		return err
	}
	if err := s.inherit(h); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	act := "take over watch"
	if id == 0 {
		act = "take watch"
	}
	return s.audit(by, act, "watch", why)
}

// mayTakeWithout refuses to take the watch without a hand-over where one waits,
// where it is one's own already, and where no reason is given for taking it from
// another.
func (s *Station) mayTakeWithout(by Officer, why string) error {
	h, on, err := s.own.OnWatch()
	if err != nil {
		return err
	}
	last, ok, err := s.own.LastHandOver()
	if err != nil {
		return err
	}
	switch {
	case on && h.Taker == by.ID:
		return parley.Errorf(parley.Conflict, "you have the watch already")
	case ok && last.Taker == 0 && last.Officer != by.ID:
		return parley.Errorf(parley.Conflict, "a written hand-over waits").WithHint("read it, acknowledge what is open, and take over")
	case on && strings.TrimSpace(why) == "":
		return parley.Errorf(parley.BadForm, "say in a word why there is no written hand-over")
	case len(why) > 500:
		return parley.Errorf(parley.Oversize, "the reason has %d bytes; at most 500 are kept", len(why))
	}
	return nil
}

// inherit gives the items that the officer before had taken to the one who took
// over.
func (s *Station) inherit(h own.HandOver) error {
	open, err := s.own.Handed(h.ID)
	if err != nil {
		return err
	}
	for _, o := range open {
		if o.Kind != "us" {
			continue
		}
		m, ok, err := s.own.TakenBy(o.Line, o.Item)
		if err != nil {
			return err
		}
		if ok && m.Officer == h.Officer {
			if err := s.own.Take(o.Line, o.Item, h.Taker); err != nil {
				return err
			}
		}
	}
	return nil
}

// promises renders the promised contacts that are open.
func (s *Station) promises() ([]Promise, error) {
	ps, err := s.own.Promises()
	if err != nil {
		return nil, err
	}
	var out []Promise
	for _, p := range ps {
		by, err := s.officerName(p.Officer)
		if err != nil {
			return nil, err
		}
		out = append(out, Promise{ID: p.ID, Line: p.Line.String(), Due: p.Due, Text: p.Text, By: by})
	}
	return out, nil
}

// AddPromise writes down a contact that was promised, by them or by us.
func (s *Station) AddPromise(_ context.Context, by Officer, name string, due time.Time, text string) error {
	if err := person(by, "note a promised contact"); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	if err := form.CheckLine("what was promised", text, 300); err != nil {
		return err
	}
	if due.Before(s.now().Add(-24 * time.Hour)) {
		return parley.Errorf(parley.BadForm, "a promised contact lies ahead; %s is past", parley.DTG(due))
	}
	if _, err := s.own.AddPromise(own.Promise{Line: l.id, Due: due, Officer: by.ID, Text: text}); err != nil {
		return err
	}
	s.hub.emit("line", l.id.String(), "")
	return s.audit(by, "note promise", l.id.String(), parley.DTG(due))
}

// ClosePromise notes that a promised contact was kept or given up.
func (s *Station) ClosePromise(_ context.Context, by Officer, id int64) error {
	if err := person(by, "close a promised contact"); err != nil {
		return err
	}
	if err := s.own.ClosePromise(id, by.ID); err != nil {
		return err
	}
	s.hub.emit("line", "", "")
	return s.audit(by, "close promise", strconv.FormatInt(id, 10), "")
}
