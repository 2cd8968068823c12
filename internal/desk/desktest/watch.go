package desktest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/station"
)

// keeping is a watch with a list that has gaps, a call-out list, a promised
// contact and a calendar of check calls with a miss.
func (s *Station) keeping() {
	now := s.Now().UTC().Truncate(time.Minute)
	at := func(h float64) time.Time { return now.Add(time.Duration(h * float64(time.Hour))) }
	s.Watch = station.OnWatch{OfficerID: 1, Officer: "Lt Ruiz", Since: at(-7), Until: at(1), Next: "Envoy Okafor", NextAt: at(1), SoundAt: at(-7), SoundBy: "Lt Ruiz"}
	s.Shifts = []station.Shift{
		{ID: 1, OfficerID: 1, Officer: "Lt Ruiz", Begins: at(-7), Ends: at(1), Languages: []string{"zh", "ar"}},
		{ID: 2, OfficerID: 2, Officer: "Envoy Okafor", Begins: at(1), Ends: at(9), Languages: []string{"ar"}},
		{ID: 3, OfficerID: 4, Officer: "陈译员", Begins: at(3), Ends: at(9), Languages: []string{"zh"}},
		{ID: 4, OfficerID: 5, Officer: "Mx <b>Bold</b>", Gone: true, Begins: at(9), Ends: at(17), Languages: []string{"zh", "ar"}},
	}
	s.Called = []station.Callout{
		{ID: 1, Office: parley.Envoy, Name: "Envoy Okafor", How: "+00 555 0142, at night through the guard", Wait: 10 * time.Minute},
		{ID: 2, Office: parley.Principal, Name: "Private office <b>", How: "+00 555 0100", Wait: 15 * time.Minute},
	}
	s.Told = map[string][]station.Told{ourGen + ":58": {{ID: 1, Who: "Envoy Okafor", At: at(-0.2), By: "Lt Ruiz", Note: "no answer on the first number"}}}
	s.Promised = []station.Promise{{ID: 1, Line: Birch, Due: at(460), Text: "Their envoy rings with the dates of the review", By: "Lt Ruiz"}}
	s.Stands = station.Condition{Free: 41, Reserve: 10, Started: at(-220), HasPhones: true, Phones: []station.PhoneView{{Name: "watch-room", Role: "watch", Line: "birch", At: "192.0.2.9:5060", By: "TLS", Since: at(-90), Up: true}},
		Files: []station.File{{Name: "record", Bytes: 61 << 20}, {Name: "own", Bytes: 4 << 20}, {Name: "attachments", Bytes: 3 << 30}},
		Hook:  station.Hook{Configured: true, Last: at(-0.03), Good: at(-0.03), Again: time.Minute},
		Lines: []station.Keeping{{Line: Birch, Outbox: 1, Keys: []station.KeyAge{{Party: "alder", Kind: "signing", Since: at(-90 * 24)}, {Party: "birch", Kind: "signing", Since: at(-8 * 24)},
			{Party: "alder", Kind: "receiving", Since: at(-27), Last: at(-1)}, {Party: "alder", Kind: "epoch", Since: at(-7)}},
			Bounds: []station.Bound{{Kind: "entries-per-second", Value: 20}, {Kind: "bytes-per-day", Value: 64 << 20}, {Kind: "attachment-bytes-per-day", Value: 1 << 30}},
			Used:   []station.Usage{{Party: "birch", Entries: 60 << 20, Since: at(-9), Attachments: 3 << 20}}},
			{Line: Cedar, Over: []string{"cedar"}}}}
	first := now.Truncate(24 * time.Hour).Add(-20*24*time.Hour + 9*time.Hour)
	for i := range 42 {
		x := station.CheckSlot{At: first.Add(time.Duration(i) * 12 * time.Hour), State: "answered", Called: "alder"}
		x.Answered = x.At.Add(3 * time.Minute)
		switch {
		case x.At.After(now):
			x = station.CheckSlot{At: x.At, State: "ahead"}
		case i == 30:
			x.State, x.Answered, x.Line = "unanswered", time.Time{}, station.LampUp
		case i == 31:
			x.State, x.Called, x.Answered, x.Line = "not-made", "", time.Time{}, station.LampDown
		}
		s.CallDays.Slots = append(s.CallDays.Slots, x)
		if x.State == "ahead" {
			break
		}
	}
	s.CallDays.Streak, s.CallDays.Best = 8, 30
}

// kept adds to the board what a watch is kept by; the caller holds the lock.
func (s *Station) kept(b *station.Board) {
	b.OnWatch, b.Promises, b.Hook = s.Watch, s.Promised, s.Stands.Hook
	if len(s.Handed) > 0 && s.Handed[0].Taker == "" {
		b.Waiting = s.Handed[0]
		b.DoNext = append(b.DoNext, station.Todo{Act: "take-over", Text: b.Waiting.By})
	}
	if b.OnWatch.OfficerID != 0 && b.OnWatch.SoundAt.IsZero() {
		b.DoNext = append(b.DoNext, station.Todo{Act: "test-sound"})
	}
	if s.Quiet != "" {
		b.DoNext = append(b.DoNext, station.Todo{Act: "ping", Line: Birch, Text: s.Quiet})
	}
	b.Gaps = s.gaps()
	if !b.OnWatch.Until.IsZero() {
		b.Next = append(b.Next, station.Upcoming{Kind: "shift-ends", Text: b.OnWatch.Officer, At: b.OnWatch.Until})
	}
	for _, x := range s.CallDays.Slots {
		if x.State == "ahead" {
			b.Next = append(b.Next, station.Upcoming{Kind: "check-call", Line: Birch, Text: "Birch", At: x.At})
		}
	}
	for _, p := range s.Promised {
		b.Next = append(b.Next, station.Upcoming{Kind: "promise", Line: p.Line, Text: p.Text, At: p.Due})
	}
}

func (s *Station) gaps() []station.Gap {
	if len(s.Shifts) == 0 {
		return nil
	}
	last := s.Shifts[len(s.Shifts)-1].Begins
	return []station.Gap{{From: s.Shifts[0].Ends, To: s.Shifts[0].Ends.Add(2 * time.Hour), Language: "zh"}, {From: last, To: last.Add(56 * time.Hour)}}
}

// callOut adds an item whose objective has passed; the caller holds the lock.
func (s *Station) callOut(b *station.Board, it *station.Item) {
	if Reached(*it, parley.Opened) || it.NotDelivered || it.Objective.IsZero() || s.Now().Before(it.Objective) || it.Precedence < parley.Immediate || it.Exercise != "" {
		return
	}
	e := station.Escalation{Line: it.Line, Item: it.ID, Ours: it.Ours, Text: fmt.Sprintf("%s Nr %04d %s", it.PrecedenceText, it.Serial, it.Subject), Objective: it.Objective, Told: s.Told[it.ID], Due: it.Objective}
	for _, c := range s.Called {
		if !slices.ContainsFunc(e.Told, func(t station.Told) bool { return t.Who == c.Name }) {
			e.Next = c
			break
		}
	}
	b.CallOut = append(b.CallOut, e)
	if e.Next.ID != 0 {
		b.DoNext = append(b.DoNext, station.Todo{Act: "call-out", Item: it.ID, Line: it.Line, Text: e.Next.Name, Due: e.Due})
	}
}

// HandOver writes one, with what waits for us as open.
func (s *Station) HandOver(ctx context.Context, by station.Officer, note string) error {
	b, err := s.Board(ctx, by, "")
	if err != nil {
		return err
	}
	s.Lock()
	defer s.Unlock()
	s.next++
	h := station.HandOver{ID: s.next, By: by.Name, ByID: by.ID, At: s.Now(), Note: note}
	for _, it := range b.WaitingUs {
		s.next++
		h.Open = append(h.Open, station.Handed{ID: s.next, Kind: "us", Line: it.Line, Item: it.ID, Text: it.PrecedenceText + " " + it.Subject})
	}
	s.Handed = append([]station.HandOver{h}, s.Handed...)
	s.audit(by, "hand over", "", note)
	s.did("HandOver %s", note)
	s.Tell("line", "", "")
	return nil
}

// HandOvers lists them.
func (s *Station) HandOvers(context.Context, int) ([]station.HandOver, error) {
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.Handed), nil
}

// TakeOver gives the watch to an officer.
func (s *Station) TakeOver(_ context.Context, by station.Officer, id int64, acknowledged []int64, why string) error {
	s.Lock()
	defer s.Unlock()
	switch {
	case !by.Holds(parley.Watch):
		return parley.Errorf(parley.NotAllowed, "%s may not take the watch: it takes the office of watch", by.Name)
	case id == 0 && why == "":
		return parley.Errorf(parley.BadForm, "say in a word why there is no written hand-over")
	case id != 0 && (len(s.Handed) == 0 || s.Handed[0].ID != id || s.Handed[0].Taker != ""):
		return parley.Errorf(parley.Conflict, "the watch was taken over already").WithHint("see on the board who has it")
	case id != 0 && s.Handed[0].ByID == by.ID:
		return parley.Errorf(parley.NotAllowed, "you wrote this hand-over: another officer takes over from you")
	}
	if id != 0 {
		h := &s.Handed[0]
		missing := 0
		for i := range h.Open {
			if !slices.Contains(acknowledged, h.Open[i].ID) {
				missing++
			}
		}
		if missing > 0 {
			return parley.Errorf(parley.BadForm, "%d open items are not acknowledged", missing).WithHint("read and tick each of them")
		}
		h.Open = slices.Clone(h.Open)
		for i := range h.Open {
			h.Open[i].By, h.Open[i].At = by.Name, s.Now()
		}
		h.Taker, h.Taken = by.Name, s.Now()
		s.HandedAt = h.At
	}
	s.Watch = station.OnWatch{OfficerID: by.ID, Officer: by.Name, Since: s.Now(), Without: id == 0}
	s.did("TakeOver %d %s", len(acknowledged), why)
	s.Tell("line", "", "")
	return nil
}

// WatchList is the list.
func (s *Station) WatchList(context.Context, int) (station.WatchList, error) {
	s.Lock()
	defer s.Unlock()
	return station.WatchList{Now: s.Now(), Shifts: slices.Clone(s.Shifts), Gaps: s.gaps(), Languages: []string{"ar", "zh"}}, nil
}

// AddShift adds one.
func (s *Station) AddShift(_ context.Context, _ station.Officer, officer int64, begins, ends time.Time, languages []string) error {
	s.Lock()
	defer s.Unlock()
	if !ends.After(begins) || ends.Sub(begins) > 24*time.Hour {
		return parley.Errorf(parley.BadForm, "a shift ends after it begins, and lasts 24 hours at most")
	}
	o, err := s.officer(officer)
	if err != nil {
		return err
	}
	s.next++
	s.Shifts = append(s.Shifts, station.Shift{ID: s.next, OfficerID: officer, Officer: o.Name, Begins: begins, Ends: ends, Languages: languages})
	s.did("AddShift %s %s %v", o.Name, begins.Format("15:04"), languages)
	return nil
}

// RemoveShift removes one.
func (s *Station) RemoveShift(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	n := len(s.Shifts)
	s.Shifts = slices.DeleteFunc(slices.Clone(s.Shifts), func(x station.Shift) bool { return x.ID == id })
	if len(s.Shifts) == n {
		return parley.Errorf(parley.NotFound, "no shift %d", id)
	}
	s.did("RemoveShift %d", id)
	return nil
}

// AddPromise adds one.
func (s *Station) AddPromise(_ context.Context, by station.Officer, line string, due time.Time, text string) error {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return err
	}
	if err := needed(text); err != nil {
		return err
	}
	s.next++
	s.Promised = append(s.Promised, station.Promise{ID: s.next, Line: line, Due: due, Text: text, By: by.Name})
	s.did("AddPromise %s", text)
	return nil
}

// ClosePromise closes one.
func (s *Station) ClosePromise(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	n := len(s.Promised)
	s.Promised = slices.DeleteFunc(slices.Clone(s.Promised), func(x station.Promise) bool { return x.ID == id })
	if len(s.Promised) == n {
		return parley.Errorf(parley.Conflict, "this promised contact is closed already")
	}
	s.did("ClosePromise %d", id)
	return nil
}

// SoundTested notes it.
func (s *Station) SoundTested(_ context.Context, by station.Officer) error {
	s.Lock()
	defer s.Unlock()
	s.Watch.SoundAt, s.Watch.SoundBy = s.Now(), by.Name
	s.did("SoundTested %s", by.Name)
	return nil
}

// CallOuts is the list.
func (s *Station) CallOuts(context.Context) ([]station.Callout, error) {
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.Called), nil
}

// AddCallOut adds one.
func (s *Station) AddCallOut(_ context.Context, _ station.Officer, office parley.Office, name, how string, wait time.Duration) error {
	s.Lock()
	defer s.Unlock()
	if err := needed(name); err != nil {
		return err
	}
	s.next++
	s.Called = append(s.Called, station.Callout{ID: s.next, Office: office, Name: name, How: how, Wait: wait})
	s.did("AddCallOut %s %s", name, wait)
	return nil
}

// RemoveCallOut removes one.
func (s *Station) RemoveCallOut(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	s.Called = slices.DeleteFunc(slices.Clone(s.Called), func(x station.Callout) bool { return x.ID == id })
	s.did("RemoveCallOut %d", id)
	return nil
}

// RaiseCallOut moves one up.
func (s *Station) RaiseCallOut(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	s.did("RaiseCallOut %d", id)
	return nil
}

// Condition is how the station stands.
func (s *Station) Condition(context.Context) (station.Condition, error) {
	s.Lock()
	defer s.Unlock()
	return s.Stands, s.Fail["Condition"]
}

// CheckCalls is the calendar of Birch.
func (s *Station) CheckCalls(_ context.Context, line string, _ int) (station.CheckCalls, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil || l.Key != Birch {
		return station.CheckCalls{}, err
	}
	return s.CallDays, nil
}

// CalledOut notes who was told.
func (s *Station) CalledOut(_ context.Context, by station.Officer, line, id string, callout int64, reached bool, note string) error {
	return s.change("CalledOut", by, line, id, func(it *station.Item) error {
		for _, c := range s.Called {
			if c.ID == callout {
				s.next++
				s.Told[it.ID] = append(s.Told[it.ID][:len(s.Told[it.ID]):len(s.Told[it.ID])], station.Told{ID: s.next, Who: c.Name, At: s.Now(), By: by.Name, Reached: reached, Note: note})
				return nil
			}
		}
		return parley.Errorf(parley.NotFound, "no entry %d on the call-out list", callout)
	})
}
