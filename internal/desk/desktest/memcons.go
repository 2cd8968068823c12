package desktest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Memcons of the fake: one that was reviewed and corrected, and a draft that waits
// for its review. Both are of Lt Ruiz; the envoy reviews.
const (
	ReviewedMemcon = "q7d2mfkxw3nrb5ta"
	DraftMemcon    = "h4xk6yjv2sewp3cd"
)

// memconRow is a memcon as the fake keeps it.
type memconRow struct {
	station.Memcon
	author, reviewer int64
	shown            []station.MemconShown // versions, then the draft
	reads            []station.MemconRead
}

func (s *Station) memcons() {
	at := func(hours float64) time.Time {
		return s.Now().UTC().Add(-time.Duration(hours * float64(time.Hour)))
	}
	first := "1. The minister asked that the corridor stay open in winter. Birch answered that it will consider 40 boats." + s.nasty("\n<script>window.owned=1</script>\u202e") + "\n2. Both will name who measures.\n3. 对方表示愿意尽快答复。"
	second := strings.Replace(strings.Replace(first, "40 boats", "14 boats", 1), "will consider", "agreed to", 1)
	version := func(n int64, text, reason string, hours float64) station.MemconShown {
		return station.MemconShown{MemconVersion: station.MemconVersion{Which: fmt.Sprint(n), Number: n, Title: "Call of the ministers, rescue corridor", By: "Lt Ruiz", At: at(hours), Reviewer: "Envoy Okafor", Reviewed: at(hours - 1), Reason: reason}, Language: "en", Text: text}
	}
	v1, v2 := version(1, first, "", 40), version(2, second, "The figure was 14, not 40."+s.nasty(" <b>"), 20)
	v2.Before, v2.Changes = 1, station.MemconChanges(first, second)
	s.memconRows = []*memconRow{
		{Memcon: station.Memcon{ID: ReviewedMemcon, Line: Birch, About: OurCounter, Title: v2.Title, Language: "en", Author: "Lt Ruiz", State: "reviewed", Version: 2, Rev: 6, Saved: at(20), SavedBy: "Lt Ruiz",
			Readers: []station.MemconReader{{Officer: 2, Name: "Envoy Okafor", By: "Lt Ruiz", At: at(39)}, {Office: parley.Principal, By: "Lt Ruiz", At: at(38)}, {Officer: 4, Name: "陈译员", Writes: true, By: "Lt Ruiz", At: at(37)}}},
			author: 1, shown: []station.MemconShown{v1, v2}, reads: []station.MemconRead{{At: at(2), Name: "Envoy Okafor", Number: 2, How: "printed"}, {At: at(3), Name: "Envoy Okafor", Number: 2, How: "read"}}},
		{Memcon: station.Memcon{ID: DraftMemcon, Line: Birch, About: OurCounter, Title: "Side talk of the deputies", Author: "Lt Ruiz", State: "review", Rev: 3, Saved: at(1), SavedBy: "Lt Ruiz", Reviewer: "Envoy Okafor"},
			author: 1, reviewer: 2, shown: []station.MemconShown{{MemconVersion: station.MemconVersion{Which: "draft", Title: "Side talk of the deputies", By: "Lt Ruiz", At: at(1)}, Text: "1405Z Lt Ruiz: They ask for a line between the ports." + s.nasty(" <img src=x>")}}},
	}
	s.memNotes = []station.MemNote{{ID: 1, At: at(41), By: "Lt Ruiz", Yours: true, Used: true, Text: "Asked for winter."}, {ID: 2, At: at(1.5), By: "Lt Ruiz", Yours: true, Text: "Will answer by Monday." + s.nasty(" <b>\u202e")}, {ID: 3, At: at(1.4), By: "陈译员", Text: "“尽快”是他的原话。"}}
}

// seen is a memcon as an officer sees it; the caller holds the lock.
func (r *memconRow) seen(by station.Officer) (station.Memcon, bool) {
	m := r.Memcon
	m.Class = parley.OurSideOnly.String()
	m.YouAuthor = r.author == by.ID
	listed := slices.ContainsFunc(m.Readers, func(x station.MemconReader) bool {
		if x.Officer == by.ID && x.Writes {
			m.YouWrite = true
		}
		return x.Officer == by.ID || x.Office != "" && by.Holds(x.Office)
	})
	m.YouReview = m.State == "review" && r.reviewer == by.ID
	m.YouWrite = m.YouWrite || m.YouAuthor
	m.YouDrafts = m.YouWrite || m.YouReview
	if m.YouAuthor {
		m.Reads, m.ReadsAll = r.reads, len(r.reads)
	}
	return m, m.YouAuthor || m.YouReview || listed && m.Version > 0
}

func (s *Station) memconOf(by station.Officer, id string) (*memconRow, station.Memcon, error) {
	for _, r := range s.memconRows {
		if m, ok := r.seen(by); r.ID == id && ok {
			return r, m, nil
		}
	}
	return nil, station.Memcon{}, parley.Errorf(parley.NotFound, "no such memcon")
}

// TakeNote keeps a note.
func (s *Station) TakeNote(_ context.Context, by station.Officer, line, id, text string) error {
	s.Lock()
	defer s.Unlock()
	if text == "" {
		return parley.Errorf(parley.BadForm, "the note is empty")
	}
	s.did("note %s %s", id, text)
	s.memNotes = append(s.memNotes, station.MemNote{ID: int64(len(s.memNotes) + 1), At: s.Now(), By: by.Name, Yours: true, Text: text})
	return nil
}

// MemNotes are those of Lt Ruiz.
func (s *Station) MemNotes(_ context.Context, by station.Officer, line, id string) ([]station.MemNote, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return nil, err
	}
	if by.ID != 1 || id == CallWithBirch {
		return nil, nil
	}
	return slices.Clone(s.memNotes), nil
}

// GiveNotes notes that they were given.
func (s *Station) GiveNotes(_ context.Context, by station.Officer, line, id string, to int64) error {
	s.Lock()
	defer s.Unlock()
	s.did("give notes %s %d", id, to)
	return nil
}

// Memcons are those of Birch that an officer may see.
func (s *Station) Memcons(_ context.Context, by station.Officer, line, id string) ([]station.Memcon, error) {
	s.Lock()
	defer s.Unlock()
	var out []station.Memcon
	for _, r := range s.memconRows {
		if m, ok := r.seen(by); ok && m.Line == line && (id == "" || m.About == id) {
			m.Readers, m.Reads = nil, nil
			m.Unread = !m.YouAuthor && m.State == "reviewed"
			out = append(out, m)
		}
	}
	return out, nil
}

// OpenMemcon opens one and audits it.
func (s *Station) OpenMemcon(_ context.Context, by station.Officer, id, which string, printed bool) (station.Memcon, error) {
	s.Lock()
	defer s.Unlock()
	r, m, err := s.memconOf(by, id)
	if err != nil {
		return m, err
	}
	i := len(r.shown) - 1
	if which != "" {
		i = slices.IndexFunc(r.shown, func(x station.MemconShown) bool { return x.Which == which })
	}
	if i < 0 {
		return station.Memcon{}, parley.Errorf(parley.NotFound, "no such version of this memcon")
	}
	x := r.shown[i]
	m.Shown = &x
	for _, v := range r.shown {
		if v.Number > 0 {
			m.Versions = append(m.Versions, v.MemconVersion)
		}
	}
	s.audit(by, map[bool]string{false: "memcon: read", true: "memcon: print"}[printed], id, x.Which)
	return m, nil
}

// BeginMemcon begins one.
func (s *Station) BeginMemcon(_ context.Context, by station.Officer, line, id string, in station.MemconText) (station.Memcon, error) {
	s.Lock()
	defer s.Unlock()
	if in.Title == "" {
		return station.Memcon{}, parley.Errorf(parley.BadForm, "the title of the memcon is empty")
	}
	s.did("begin memcon %s %s %v", id, in.Title, in.Notes)
	r := &memconRow{Memcon: station.Memcon{ID: "begun", Line: line, About: id, Title: in.Title, Author: by.Name, State: "draft", Rev: 1, Saved: s.Now(), SavedBy: by.Name}, author: by.ID,
		shown: []station.MemconShown{{MemconVersion: station.MemconVersion{Which: "draft", Title: in.Title, By: by.Name, At: s.Now()}, Text: in.Text}}}
	s.memconRows = append(s.memconRows, r)
	return r.Memcon, nil
}

// SaveMemcon changes the draft.
func (s *Station) SaveMemcon(_ context.Context, by station.Officer, id string, rev int64, in station.MemconText) (station.Memcon, error) {
	s.Lock()
	defer s.Unlock()
	r, m, err := s.memconOf(by, id)
	switch {
	case err != nil:
		return m, err
	case !m.YouWrite:
		return m, parley.Errorf(parley.NotAllowed, "you may read this memcon, and not write on it").WithHint("ask its author")
	case rev != r.Rev:
		return m, parley.Errorf(parley.Conflict, "the memcon was changed meanwhile: it is at change %d", r.Rev).WithHint("load it again; what you typed is still on your screen")
	}
	last := &r.shown[len(r.shown)-1]
	if last.Number > 0 {
		r.shown = append(r.shown, station.MemconShown{MemconVersion: station.MemconVersion{Which: "draft"}, Before: last.Number})
		last = &r.shown[len(r.shown)-1]
	}
	last.Title, last.Text, last.Reason, last.By, last.At = in.Title, in.Text, in.Reason, by.Name, s.Now()
	if last.Before > 0 {
		last.Changes = station.MemconChanges(r.shown[len(r.shown)-2].Text, in.Text)
	}
	r.Title, r.State, r.SavedBy, r.Saved = in.Title, "draft", by.Name, s.Now()
	r.Rev++
	s.did("save memcon %s %d %v", id, rev, in.Notes)
	return r.Memcon, nil
}

func (s *Station) memconStep(by station.Officer, id string, rev int64, what string, do func(r *memconRow)) (station.Memcon, error) {
	s.Lock()
	defer s.Unlock()
	r, m, err := s.memconOf(by, id)
	if err != nil {
		return m, err
	}
	if rev != 0 && rev != r.Rev {
		return m, parley.Errorf(parley.Conflict, "the memcon was changed meanwhile: it is at change %d", r.Rev).WithHint("load it again; what you typed is still on your screen")
	}
	do(r)
	r.Rev++
	s.did("%s %s", what, id)
	return r.Memcon, nil
}

// SubmitMemcon asks for a review.
func (s *Station) SubmitMemcon(_ context.Context, by station.Officer, id string, rev, reviewer int64) (station.Memcon, error) {
	return s.memconStep(by, id, rev, fmt.Sprint("submit to ", reviewer), func(r *memconRow) {
		r.State, r.reviewer = "review", reviewer
		o, _ := s.officer(reviewer)
		r.Reviewer = o.Name
	})
}

// ReturnMemcon gives it back.
func (s *Station) ReturnMemcon(_ context.Context, by station.Officer, id string, rev int64, note string) error {
	if note == "" {
		return parley.Errorf(parley.BadForm, "the note is empty")
	}
	_, err := s.memconStep(by, id, rev, "return", func(r *memconRow) { r.State, r.Note = "returned", note })
	return err
}

// ReviewMemcon makes the draft a version.
func (s *Station) ReviewMemcon(_ context.Context, by station.Officer, id string, rev int64) (station.Memcon, error) {
	return s.memconStep(by, id, rev, "review", func(r *memconRow) {
		x := &r.shown[len(r.shown)-1]
		r.Version++
		r.State, r.Reviewer, r.reviewer = "reviewed", "", 0
		x.Number, x.Which, x.Reviewer, x.Reviewed = r.Version, fmt.Sprint(r.Version), by.Name, s.Now()
		r.Readers = append(r.Readers, station.MemconReader{Officer: by.ID, Name: by.Name, By: by.Name, At: s.Now()})
	})
}

// DiscardMemcon forgets it.
func (s *Station) DiscardMemcon(_ context.Context, by station.Officer, id string, rev int64) error {
	_, err := s.memconStep(by, id, rev, "discard", func(*memconRow) {
		s.memconRows = slices.DeleteFunc(s.memconRows, func(r *memconRow) bool { return r.ID == id })
	})
	return err
}

// ShareMemcon puts somebody on the list.
func (s *Station) ShareMemcon(_ context.Context, by station.Officer, id string, officer int64, office parley.Office, writes bool) error {
	_, err := s.memconStep(by, id, 0, fmt.Sprint("share ", officer, office, writes), func(r *memconRow) {
		o, _ := s.officer(officer)
		r.Readers = append(r.Readers, station.MemconReader{Officer: officer, Name: o.Name, Office: office, Writes: writes, By: by.Name, At: s.Now()})
	})
	return err
}

// UnshareMemcon takes somebody off the list.
func (s *Station) UnshareMemcon(_ context.Context, by station.Officer, id string, officer int64, office parley.Office) error {
	_, err := s.memconStep(by, id, 0, fmt.Sprint("unshare ", officer, office), func(r *memconRow) {
		r.Readers = slices.DeleteFunc(r.Readers, func(x station.MemconReader) bool { return x.Officer == officer && x.Office == office })
	})
	return err
}

// HandMemcon makes somebody else its author.
func (s *Station) HandMemcon(_ context.Context, by station.Officer, id string, rev, to int64) error {
	_, err := s.memconStep(by, id, rev, fmt.Sprint("hand to ", to), func(*memconRow) {})
	return err
}

// InheritMemcons notes that it was done.
func (s *Station) InheritMemcons(_ context.Context, by station.Officer, from, to int64) (int64, error) {
	s.Lock()
	defer s.Unlock()
	s.did("inherit %d %d", from, to)
	return 2, nil
}
