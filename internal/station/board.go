package station

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/store"
)

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
	err := s.keptBoard(ctx, &b, ls)
	if err != nil {
		return b, err
	}
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
		b.DoNext = append(b.DoNext, Todo{Act: "release", Item: strconv.FormatInt(d.ID, 10), Line: d.Line, Text: d.Subject})
	}
	if b.Alarms, err = s.Alarms(ctx); err != nil {
		return b, err
	}
	b.Alarms = sounding(b.Alarms)
	if err := s.memconTodos(o, &b, ls); err != nil {
		return b, err
	}
	sortBoard(&b)
	return b, nil
}

// keptBoard adds what a watch is kept by: who has it, what waits to be taken
// over, gaps ahead, promised contacts.
func (s *Station) keptBoard(ctx context.Context, b *Board, ls []*liveLine) (err error) {
	if b.OnWatch, err = s.OnWatch(ctx); err != nil {
		return err
	}
	if b.HandOver, err = s.sinceWhen(); err != nil {
		return err
	}
	if b.Waiting, err = s.waitingHandOver(); err != nil {
		return err
	}
	if b.Waiting.ID != 0 {
		b.DoNext = append(b.DoNext, Todo{Act: "take-over", Text: b.Waiting.By})
	}
	if b.OnWatch.OfficerID != 0 && b.OnWatch.SoundAt.IsZero() {
		b.DoNext = append(b.DoNext, Todo{Act: "test-sound"})
	}
	w, err := s.WatchList(ctx, 4)
	if err != nil {
		return err
	}
	b.Gaps, b.Hook = w.Gaps, s.hook.view()
	if !b.OnWatch.Until.IsZero() {
		b.Next = append(b.Next, Upcoming{Kind: "shift-ends", Text: b.OnWatch.Officer, At: b.OnWatch.Until})
	}
	ps, err := s.promises()
	if err != nil {
		return err
	}
	for _, p := range ps {
		for _, l := range ls {
			if l.id.String() == p.Line {
				b.Promises = append(b.Promises, p)
				b.Next = append(b.Next, Upcoming{Kind: "promise", Line: p.Line, Text: p.Text, At: p.Due})
			}
		}
	}
	return nil
}

// sinceWhen is from when on what arrived is new to the one who has the watch:
// when the hand-over by which he took it was written. Where nobody ever took one
// over it is the last that was written.
func (s *Station) sinceWhen() (time.Time, error) {
	h, ok, err := s.own.OnWatch()
	if err == nil && !ok {
		h, _, err = s.own.LastHandOver()
	}
	return h.At, err
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
	sort.SliceStable(b.Next, func(i, j int) bool { return b.Next[i].At.Before(b.Next[j].At) })
	sort.SliceStable(b.DoNext, func(i, j int) bool {
		if real := b.DoNext[i].Exercise == ""; real != (b.DoNext[j].Exercise == "") {
			return real
		}
		if rings := b.DoNext[i].Act == "lift-call"; rings != (b.DoNext[j].Act == "lift-call") {
			return rings
		}
		return !b.DoNext[i].Due.IsZero() && (b.DoNext[j].Due.IsZero() || b.DoNext[i].Due.Before(b.DoNext[j].Due))
	})
}

const (
	boardRows  = 100
	boardBack  = 14 * 24 * time.Hour
	boardAsked = 100 // of each kind that others of a line may ask of us; the rest is counted
)

// asked adds what others of the line ask of us to the board, as long as n, which counts
// that, is not over the bound: who asks for ever takes neither the page nor the rest.
func (b *Board) asked(n *int, t Todo) {
	if *n++; *n > boardAsked {
		b.More++
		return
	}
	b.DoNext = append(b.DoNext, t)
}

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
	if err := s.checksOf(l, b); err != nil {
		return err
	}
	if err := s.contactsOf(l, b); err != nil {
		return err
	}
	if err := s.statementsOf(l, b); err != nil {
		return err
	}
	if err := s.callsOn(l, b); err != nil {
		return err
	}
	if err := s.modesAsked(l, b); err != nil {
		return err
	}
	for _, it := range all {
		if it.Form == "dispatch" && it.Arrived.After(b.Last) {
			b.Last = it.Arrived
		}
		if it.Arrived.After(b.HandOver) && !form.IsTechnical(it.Form) && !form.IsReceipt(it.Form) {
			b.Since = append(b.Since, it)
		}
		if b.Now.Sub(it.Arrived) >= boardBack || it.Disregarded != "" {
			continue
		}
		boardItem(b, it, l.wants(&it))
		if escalates(&it) {
			e, err := s.escalation(l, &it)
			if err != nil {
				return err
			}
			b.CallOut = append(b.CallOut, e)
			if e.Next.ID != 0 && !b.Now.Before(e.Due) {
				b.DoNext = append(b.DoNext, Todo{Act: "call-out", Item: it.ID, Line: it.Line, Text: e.Next.Name, Due: e.Due, Exercise: it.Exercise})
			}
		}
	}
	return nil
}

// modesAsked adds the exercises and drills that wait for our agreement.
func (s *Station) modesAsked(l *liveLine, b *Board) error {
	list, err := l.modes(false)
	if err != nil {
		return err
	}
	n := 0
	for _, m := range list {
		if m.Asked && !l.waits(m.ref, "exercise") {
			b.asked(&n, Todo{Act: "agree-exercise", Item: m.Entry, Line: l.id.String(), Text: m.Title, Due: m.Until})
		}
	}
	return nil
}

// contactsOf adds what waits for an answer of ours, and the contacts that are
// agreed.
func (s *Station) contactsOf(l *liveLine, b *Board) error {
	book, err := l.book()
	if err != nil {
		return err
	}
	answers, asks := 0, 0
	for _, c := range book.Contacts {
		text, exercise := form.Visible(strings.Join(c.First().Request.Topics, "; ")), form.Visible(c.First().Exercise)
		switch st := c.At(b.Now); st {
		case contact.Agreed:
			up := Upcoming{Kind: "contact", Line: l.id.String(), Text: text, At: c.Start}
			if exercise != "" {
				up.Text = "EXERCISE " + exercise + ": " + text
			}
			b.Next = append(b.Next, up)
		case contact.Past:
			b.DoNext = append(b.DoNext, Todo{Act: "enter-contact", Item: c.Ref().String(), Line: l.id.String(), Text: text, Exercise: exercise})
		case contact.Withdrawn, contact.Cancelled, contact.Met, contact.Took, contact.Lapsed:
			continue
		}
		for _, t := range c.Open {
			if slices.Contains(c.Waits(t), l.us) {
				b.asked(&answers, Todo{Act: "answer-contact", Item: t.Ref.String(), Line: l.id.String(), Text: text, Due: timeOrZero(t.Request.AnswerBy), Exercise: exercise})
			}
		}
	}
	for _, t := range book.Topics {
		for _, a := range t.Asks {
			if slices.Contains(a.Open(), l.us) {
				b.asked(&asks, Todo{Act: "answer-ask", Item: a.Ref.String(), Line: l.id.String(), Text: form.Visible(t.Name), Due: timeOrZero(a.Ask.By)})
			}
		}
	}
	return nil
}

// checksOf adds the next check call of a line, and whether one is to be made
// now.
func (s *Station) checksOf(l *liveLine, b *Board) error {
	if l.ended() != "" {
		return nil
	}
	if x, due, err := l.checkCallDue(b.Now); err != nil {
		return err
	} else if due {
		b.DoNext = append(b.DoNext, Todo{Act: "make-check-call", Line: l.id.String(), Text: l.name(), Due: x.At.Add(checkLate)})
	}
	due, err := l.quietOffices(b.Now)
	if err != nil {
		return err
	}
	if len(due) > 0 {
		words := make([]string, len(due))
		for i, a := range due {
			words[i] = a.String()
		}
		b.DoNext = append(b.DoNext, Todo{Act: "ping", Line: l.id.String(), Text: strings.Join(words, ", ")})
	}
	if at, ok := nextCheckCall(l.charter(), b.Now); ok {
		b.Next = append(b.Next, Upcoming{Kind: "check-call", Line: l.id.String(), Text: l.name(), At: at})
	}
	return nil
}

// owed is what our side still owes an entry of theirs, beside its rungs.
type owed struct{ translation, review, principal bool }

func (l *liveLine) wants(it *Item) (w owed) {
	if it.Ours || it.Text == "" {
		return w
	}
	if it.Language != "" && baseTag(it.Language) != baseTag(l.language()) {
		w.translation = len(it.Translations) == 0
		w.review = !w.translation
		for _, t := range it.Translations {
			w.review = w.review && t.State == "draft"
		}
	}
	w.principal = it.Precedence >= parley.Immediate && l.charter().Promises(l.us, parley.PrincipalInformed)
	return w
}

// boardItem sorts one item into what waits for us and what for them.
func boardItem(b *Board, it Item, w owed) {
	if it.Form == "checkcall" && !it.Ours && len(it.Refs) == 0 && b.Now.Sub(it.Arrived) < time.Hour {
		b.DoNext = append(b.DoNext, Todo{Act: "check-call", Item: it.ID, Line: it.Line, Text: it.FromText, Due: it.Arrived.Add(15 * time.Minute)})
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
	if !it.Ours && !it.Objective.IsZero() && !opened && it.Objective.After(b.Now) {
		b.Next = append(b.Next, Upcoming{Kind: "objective", Line: it.Line, Item: it.ID, Text: it.Subject, At: it.Objective})
	}
	b.DoNext = append(b.DoNext, todos(&it, step, w, asks && !answered)...)
	if opened && (!asks || answered) {
		return
	}
	b.WaitingUs = append(b.WaitingUs, it)
}

// todos are what is to be done with an entry of theirs: open it, say so, have it
// translated, inform the principal, answer.
func todos(it *Item, step map[parley.Rung]Step, w owed, answer bool) (out []Todo) {
	add := func(act string, due time.Time) {
		out = append(out, Todo{Act: act, Item: it.ID, Line: it.Line, Text: it.Subject, Due: due, Exercise: it.Exercise})
	}
	if it.Text == "" && step[parley.Opened].At.IsZero() {
		add("open", it.Objective)
		return out
	}
	if step[parley.Opened].At.IsZero() {
		add("acknowledge", it.Objective)
	}
	if w.translation {
		add("translate", time.Time{})
	}
	if w.review {
		add("review", time.Time{})
	}
	if w.principal && step[parley.PrincipalInformed].At.IsZero() {
		add("inform", time.Time{})
	}
	if answer {
		add("answer", time.Time{})
	}
	return out
}

func allPromised(ladder []Step) bool {
	for _, s := range ladder {
		if s.Promised && s.At.IsZero() && s.Rung != parley.Answered {
			return false
		}
	}
	return true
}
