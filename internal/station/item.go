package station

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/sheet"
	"parley/internal/store"
)

// entryView is one row of the store, opened and parsed.
type entryView struct {
	row    store.Row
	header *form.Header // nil when it does not open
	form   form.Form
	end    uint64
}

// view opens a row. What does not open or parse is shown all the same.
func (l *liveLine) view(row store.Row) (entryView, error) { return viewOf(row) }

func viewOf(row store.Row) (entryView, error) {
	c, err := row.Content()
	if err != nil {
		return entryView{row: row}, err
	}
	return viewIn(row, c)
}

// viewIn reads a row of which the content is at hand.
func viewIn(row store.Row, c store.Content) (v entryView, err error) {
	v.row = row
	if c.Header == nil {
		return v, nil
	}
	if v.header, err = form.ParseHeader(c.Header); err != nil {
		return v, nil
	}
	if row.Waiting() {
		v.form, _ = form.ParseFields(v.header.Form, c.Body)
	} else {
		v.form, v.end, _ = form.ParseBody(v.header.Form, c.Body)
	}
	return v, nil
}

// claimed turns the seconds that somebody wrote into a time that every format
// can carry: what is beyond the year 9999 has no JSON, and would take the whole
// page with it. A year is left for what is counted from it, such as an objective.
func claimed(seconds uint64) time.Time {
	return time.Unix(int64(min(seconds, lastClaimed)), 0).UTC()
}

// claimedMillis is claimed of milliseconds.
func claimedMillis(ms uint64) time.Time {
	return time.UnixMilli(int64(min(ms, 1000*lastClaimed))).UTC()
}

const lastClaimed = 253_370_764_799 // 9998-12-31T23:59:59Z

// isTraffic reports whether people wrote it for people: it has a ladder.
func isTraffic(name string) bool {
	return name == "dispatch" || name == "service" || slices.Contains(answerable, name) || slices.Contains(saidTraffic, name)
}

// itemID names an entry, or an item of the outbox.
func itemID(r *store.Row) string {
	if r.Waiting() {
		return "filed:" + strconv.FormatUint(r.Filed, 10)
	}
	return r.Ref().String()
}

// item renders a row without its text: who may read that is for Open to say.
func (l *liveLine) item(row store.Row) (Item, error) {
	raw, c, err := row.Whole()
	if err != nil {
		return Item{}, err
	}
	v, err := viewIn(row, c)
	if err != nil {
		return Item{}, err
	}
	it := Item{ID: itemID(&row), Line: l.id.String(), Party: row.Party, Ours: row.Party == l.us || row.Waiting(), Form: row.Form, Known: form.Known(row.Form) || row.Form == store.EpochForm,
		Serial: row.Serial, Precedence: row.Precedence, PrecedenceText: row.Precedence.String(), Arrived: time.UnixMilli(row.Arrived).UTC(),
		Position: row.Pos, Settled: row.Settled}
	if row.Waiting() {
		it.Party = l.us
	}
	if row.Time > 0 {
		it.Time = claimed(row.Time)
		it.DTG = parley.DTG(it.Time)
		ahead := it.Time.Sub(it.Arrived)
		it.ClockDoubt = !it.Ours && (ahead > l.clockAhead() || ahead < -24*time.Hour)
	} else {
		it.DTG = parley.DTG(it.Arrived)
	}
	if !row.Waiting() {
		h := store.LeafHash(raw)
		it.Hash = hex.EncodeToString(h[:])
	}
	it.Unreadable = row.Faulty && v.header == nil
	if v.header == nil {
		return it, nil
	}
	l.headerItem(&it, &v)
	l.formItem(&it, &v)
	if isTraffic(it.Form) {
		if err := l.ladderItem(&it, &v); err != nil {
			return it, err
		}
	}
	if !row.Settled && !row.Waiting() {
		it.Unconfirmed = l.unconfirmed(&row)
	}
	return it, nil
}

func (l *liveLine) headerItem(it *Item, v *entryView) {
	h := v.header
	if s, ok := form.Series(h.Form); ok {
		it.Series = [...]string{"traffic", "service"}[s&1]
	}
	it.From = parley.Address{Party: it.Party, Office: h.From}
	it.FromText = it.From.String()
	for _, a := range h.To {
		it.To = append(it.To, a.String())
	}
	for _, a := range h.Info {
		it.Info = append(it.Info, a.String())
	}
	it.Marker, it.MarkerText, it.Language, it.Exercise = h.Marker, h.Marker.String(), h.Language, h.Exercise
	for _, r := range h.Refs {
		it.Refs = append(it.Refs, r.String())
	}
	for _, g := range l.runner.Status().Logs {
		if g.Gen == v.row.Gen {
			it.Disputed = g.Disputed
		}
	}
}

func (l *liveLine) formItem(it *Item, v *entryView) {
	switch f := v.form.(type) {
	case *form.Dispatch:
		it.Subject, it.Text, it.Legal, it.Releasability = f.Subject, f.Text, f.Legal, f.Releasability
		for _, a := range f.Attachments {
			it.Attachments = append(it.Attachments, l.attachment(v.row.Ref(), a))
		}
		if f.Reason != "" {
			it.Fields = append(it.Fields, Field{"reason for FLASH", f.Reason})
		}
		if f.Remarks != "" {
			it.Fields = append(it.Fields, Field{"remarks", f.Remarks})
		}
	case *form.Service:
		it.Subject, it.Text = f.Subject, f.Text
	case nil:
	default:
		it.Fields = append(it.Fields, shownFields(sheet.Fields(f))...)
	}
}

// Bounds of what a page shows of a form that we do not know: a mebibyte of it
// would be shown a hundred times over.
const (
	shownAtMost = 64
	shownBytes  = 4 << 10
)

// shownFields makes fields safe and short enough to show. What is left out is
// said, and stands in an export.
func shownFields(fs []sheet.Field) []Field {
	more := len(fs) - min(len(fs), shownAtMost)
	out := make([]Field, 0, len(fs)-more)
	for _, x := range fs[:len(fs)-more] {
		v, cut := x.Value, ""
		if len(v) > shownBytes {
			cut = fmt.Sprintf(" ... (%d bytes in all)", len(v))
			v = strings.ToValidUTF8(v[:shownBytes], "")
		}
		out = append(out, Field{x.Name, form.Visible(v) + cut})
	}
	if more > 0 {
		out = append(out, Field{"more", fmt.Sprintf("%d more fields are not shown", more)})
	}
	return out
}

func (l *liveLine) attachment(ref parley.Ref, a form.Attachment) Attachment {
	out := Attachment{Name: a.Name, Type: a.Type, Size: int64(a.Size), Hash: hex.EncodeToString(a.Hash[:])}
	if n, whole, err := l.blobs.Here(a.Hash); err == nil {
		out.Bytes, out.Held = n, whole
	}
	said, err := l.saidStored(ref, a.Hash)
	out.Theirs = err == nil
	for _, p := range l.others() {
		out.Theirs = out.Theirs && (said[p] || l.blobs.HeldBy(a.Hash, p))
	}
	return out
}

// unconfirmed lists the parties whose word on the order of an entry is missing:
// those that do not hold it, or those that everything before it waits for.
func (l *liveLine) unconfirmed(row *store.Row) []string {
	var out []string
	logs := l.runner.Status().Logs
	for _, p := range append(l.others(), l.us) {
		if p == row.Party {
			continue
		}
		ok := false
		for _, g := range logs {
			ok = ok || g.Party == p && !g.Disputed && g.Seen[row.Gen] > row.Index
		}
		if !ok {
			out = append(out, string(p))
		}
	}
	if len(out) > 0 {
		return out
	}
	l.placing.Lock()
	defer l.placing.Unlock()
	for _, p := range l.placer.Waiting() {
		out = append(out, string(p))
	}
	return out
}

// ladderItem fills in the receipt ladder and what follows from it.
func (l *liveLine) ladderItem(it *Item, v *entryView) error {
	released := it.Arrived
	if !it.Ours {
		released = it.Time
	}
	steps := []Step{{Rung: parley.Filed, At: it.Arrived, Promised: true}, {Rung: parley.Released, Promised: true}}
	if !it.Ours {
		steps = steps[1:]
		steps[0].At = it.Time
	} else if !v.row.Waiting() {
		steps[1].At = it.Time
	}
	reader := l.readerOf(it)
	steps = append(steps, l.storedStep(it, v, reader))
	later, err := l.laterSteps(it, v, reader)
	if err != nil {
		return err
	}
	steps = append(steps, later...)
	for i := range steps {
		steps[i].Name = steps[i].Rung.String()
	}
	it.Ladder = steps
	it.Objective = released.Add(l.objective(it.Precedence))
	opened := steps[len(steps)-4].At
	stored := steps[len(steps)-5].At
	it.NotDelivered = it.Ours && stored.IsZero()
	it.Overdue = opened.IsZero() && !it.NotDelivered && l.now().After(it.Objective)
	return nil
}

// readerOf is the party whose rungs the ladder shows: the first addressee of
// ours, or we ourselves.
func (l *liveLine) readerOf(it *Item) parley.PartyCode {
	if !it.Ours {
		return l.us
	}
	for _, t := range it.To {
		if p, _, _ := strings.Cut(t, "/"); parley.PartyCode(p) != l.us {
			return parley.PartyCode(p)
		}
	}
	if o := l.others(); len(o) > 0 {
		return o[0]
	}
	return l.us
}

// storedStep is the rung that their station signs: theirs of ours, ours of theirs.
func (l *liveLine) storedStep(it *Item, v *entryView, reader parley.PartyCode) Step {
	s := Step{Rung: parley.Stored, Promised: true, By: string(reader)}
	if v.row.Waiting() {
		return s
	}
	best := time.Time{}
	for _, g := range l.runner.Status().Logs {
		if g.Party != reader {
			continue
		}
		r, ok, err := l.store.Receipt(v.row.Gen, g.Gen, v.row.Index+1)
		if err != nil || !ok {
			continue
		}
		at := time.UnixMilli(r.Arrived).UTC()
		if best.IsZero() || at.Before(best) {
			best = at
		}
	}
	s.At = best
	return s
}

// laterSteps finds the rungs that people make, in the entries that refer to it.
func (l *liveLine) laterSteps(it *Item, v *entryView, reader parley.PartyCode) ([]Step, error) {
	c := l.charter()
	steps := []Step{{Rung: parley.Opened}, {Rung: parley.Translated}, {Rung: parley.PrincipalInformed}, {Rung: parley.Answered}}
	for i := range steps {
		steps[i].Promised = c.Promises(reader, steps[i].Rung)
	}
	if v.row.Waiting() {
		return steps, nil
	}
	refs, err := l.store.Referring(v.row.Gen, v.row.Index)
	if err != nil {
		return nil, err
	}
	for _, r := range refs {
		party := r.Party
		if r.Waiting() {
			party = l.us
		}
		if r.Form == "disregard" && party == it.Party {
			it.Disregarded = itemID(&r)
		}
		i := -1
		switch r.Form {
		case "opened":
			i = 0
		case "translated":
			i = 1
		case "informed":
			i = 2
		case "dispatch":
			if party != it.Party {
				i = 3
			}
		}
		if i < 0 || party != reader || !steps[i].At.IsZero() {
			continue
		}
		steps[i].At, steps[i].By, steps[i].Ref = l.stepTime(r), l.stepBy(r, party), itemID(&r)
	}
	return steps, nil
}

// stepTime is when a receipt says that it was done; for an answer, its header time.
func (l *liveLine) stepTime(r store.Row) time.Time {
	v, err := l.view(r)
	if err == nil {
		var t uint64
		switch f := v.form.(type) {
		case *form.Opened:
			t = f.Time
		case *form.Translated:
			t = f.Time
		case *form.Informed:
			t = f.Time
		}
		if t > 0 {
			return claimed(t)
		}
	}
	if r.Time > 0 {
		return claimed(r.Time)
	}
	return time.UnixMilli(r.Arrived).UTC()
}

func (l *liveLine) stepBy(r store.Row, party parley.PartyCode) string {
	v, err := l.view(r)
	if err != nil || v.header == nil {
		return string(party)
	}
	return fmt.Sprintf("%s/%s", party, v.header.From)
}

// findFiled returns an outbox item, or the entry it became. One that is handed
// out between the two looks is found by the third.
func (l *liveLine) findFiled(id uint64) (store.Row, error) {
	for look := 0; ; look++ {
		if ref, ok, err := handed(l.store, id); err != nil {
			return store.Row{}, err
		} else if ok {
			return l.store.Item(ref.Gen, ref.Index)
		}
		row, err := l.store.FiledItem(id)
		if parley.KindOf(err) != parley.NotFound || look > 0 {
			return row, err
		}
	}
}

// find returns the row of an item: an entry, or one of the outbox. An outbox
// id that has been handed out finds the entry it became.
func (l *liveLine) find(id string) (store.Row, error) {
	if n, ok := strings.CutPrefix(id, "filed:"); ok {
		num, err := strconv.ParseUint(n, 10, 64)
		if err != nil {
			return store.Row{}, parley.Errorf(parley.Malformed, "item %q: want filed:NUMBER", id)
		}
		return l.findFiled(num)
	}
	ref, err := parley.ParseRef(id)
	if err != nil {
		return store.Row{}, err
	}
	return l.store.Item(ref.Gen, ref.Index)
}
