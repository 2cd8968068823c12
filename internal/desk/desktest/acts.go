package desktest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/station"
)

// reach sets a rung of an item, in a copy of its ladder, for pages may be
// reading the one before; the caller holds the lock.
func (s *Station) reach(it *station.Item, r parley.Rung, by string) {
	it.Ladder = slices.Clone(it.Ladder)
	for i := range it.Ladder {
		if it.Ladder[i].Rung == r && it.Ladder[i].At.IsZero() {
			it.Ladder[i].At, it.Ladder[i].By = s.Now(), by
		}
	}
}

// change finds an item, does f and tells; it is the way of every act.
func (s *Station) change(name string, by station.Officer, line, id string, f func(*station.Item) error) error {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail[name]; err != nil {
		return err
	}
	it, err := s.find(line, id)
	if err != nil {
		return err
	}
	if err := f(it); err != nil {
		return err
	}
	s.did("%s %s", name, id)
	s.audit(by, name, id, "")
	s.Tell("item", line, id)
	return nil
}

// Open shows the text and silences nothing.
func (s *Station) Open(_ context.Context, by station.Officer, line, id string) (station.Item, error) {
	var out station.Item
	err := s.change("Open", by, line, id, func(it *station.Item) error {
		if text, ok := s.Texts[id]; ok {
			it.Text = text
			delete(s.Texts, id)
		}
		out = *it
		return nil
	})
	return out, err
}

// Acknowledge sets the rung.
func (s *Station) Acknowledge(_ context.Context, by station.Officer, line, id string) error {
	return s.change("Acknowledge", by, line, id, func(it *station.Item) error {
		if it.Ours {
			return parley.Errorf(parley.NotAllowed, "%s is our own", id)
		}
		if Reached(*it, parley.Opened) {
			return parley.Errorf(parley.Conflict, "%s is acknowledged already", id)
		}
		s.reach(it, parley.Opened, by.Name)
		return nil
	})
}

// Silence silences one alarm, or all.
func (s *Station) Silence(_ context.Context, by station.Officer, alarm int64) error {
	s.Lock()
	defer s.Unlock()
	found := alarm == 0
	for _, a := range s.AlarmSet {
		if alarm == 0 || a.ID == alarm {
			a.Silenced, found = true, true
		}
	}
	if !found {
		return parley.Errorf(parley.NotFound, "no alarm %d", alarm)
	}
	s.did("Silence %d", alarm)
	s.Tell("alarm", "", "")
	return nil
}

// Take notes who has it.
func (s *Station) Take(_ context.Context, by station.Officer, line, id string) error {
	return s.change("Take", by, line, id, func(it *station.Item) error {
		if it.TakenBy != "" && it.TakenBy != by.Name {
			return parley.Errorf(parley.Conflict, "%s has taken %s", it.TakenBy, id)
		}
		it.TakenBy, it.TakenAt = by.Name, s.Now()
		return nil
	})
}

// TakeFrom notes who has it, if it still was the other's.
func (s *Station) TakeFrom(_ context.Context, by station.Officer, line, id, from string) error {
	return s.change("TakeFrom", by, line, id, func(it *station.Item) error {
		if it.TakenBy != "" && it.TakenBy != by.Name && it.TakenBy != from {
			return parley.Errorf(parley.Conflict, "another officer has taken this item").WithHint("ask them to give it back, or take it over from them")
		}
		it.TakenBy, it.TakenAt = by.Name, s.Now()
		return nil
	})
}

// GiveBack notes that nobody has it.
func (s *Station) GiveBack(_ context.Context, by station.Officer, line, id string) error {
	return s.change("GiveBack", by, line, id, func(it *station.Item) error {
		if it.TakenBy != by.Name {
			return parley.Errorf(parley.Conflict, "this item is not yours to give back")
		}
		it.TakenBy = ""
		return nil
	})
}

// Translate adds a draft.
func (s *Station) Translate(_ context.Context, by station.Officer, line, id, language, text string) (station.Translation, error) {
	var t station.Translation
	err := s.change("Translate", by, line, id, func(it *station.Item) error {
		if text == "" {
			return parley.Errorf(parley.BadForm, "the translation is empty")
		}
		s.next++
		t = station.Translation{ID: s.next, Language: language, Text: text, Maker: by.Name, State: "draft", Made: s.Now()}
		it.Translations = append(it.Translations, t)
		return nil
	})
	return t, err
}

// Review checks one, by another officer.
func (s *Station) Review(_ context.Context, by station.Officer, line, id string, translation int64) error {
	return s.change("Review", by, line, id, func(it *station.Item) error {
		for i := range it.Translations {
			t := &it.Translations[i]
			if t.ID != translation {
				continue
			}
			if t.Maker == by.Name {
				return parley.Errorf(parley.NotAllowed, "%s made this translation", by.Name).WithHint("another officer checks it")
			}
			t.State, t.Reviewer = "reviewed", by.Name
			s.reach(it, parley.Translated, by.Name)
			return nil
		}
		return parley.Errorf(parley.NotFound, "no translation %d", translation)
	})
}

// Informed sets the rung.
func (s *Station) Informed(_ context.Context, by station.Officer, line, id string, at time.Time) error {
	return s.change("Informed", by, line, id, func(it *station.Item) error {
		if at.After(s.Now()) {
			return parley.Errorf(parley.BadForm, "the time lies ahead")
		}
		s.reach(it, parley.PrincipalInformed, by.Name)
		return nil
	})
}

// Query notes it.
func (s *Station) Query(_ context.Context, by station.Officer, line, id, text string) error {
	return s.change("Query", by, line, id, func(*station.Item) error { return needed(text) })
}

// Tracer notes it.
func (s *Station) Tracer(_ context.Context, by station.Officer, line, id, text string) error {
	return s.change("Tracer", by, line, id, func(*station.Item) error { return needed(text) })
}

func needed(text string) error {
	if text == "" {
		return parley.Errorf(parley.BadForm, "the text is empty")
	}
	return nil
}

// Disregard marks an own item.
func (s *Station) Disregard(_ context.Context, by station.Officer, line, id, reason string) error {
	return s.change("Disregard", by, line, id, func(it *station.Item) error {
		if !it.Ours {
			return parley.Errorf(parley.NotAllowed, "%s is theirs", id)
		}
		it.Disregarded = id
		return needed(reason)
	})
}

// AskReadBack notes it.
func (s *Station) AskReadBack(_ context.Context, by station.Officer, line, id string) error {
	return s.change("AskReadBack", by, line, id, func(it *station.Item) error { return s.backed(it, "asked", "") })
}

// GiveReadBack notes it.
func (s *Station) GiveReadBack(_ context.Context, by station.Officer, line, id, text string) error {
	return s.change("GiveReadBack", by, line, id, func(it *station.Item) error {
		if err := needed(text); err != nil {
			return err
		}
		return s.backed(it, "given", text)
	})
}

// FindReadBack notes it.
func (s *Station) FindReadBack(_ context.Context, _ station.Officer, line, id string, right bool, text string) error {
	s.Lock()
	defer s.Unlock()
	for _, it := range s.Items {
		for i := range it.ReadBacks {
			if it.Line == line && it.ReadBacks[i].ID == id {
				if !right {
					if err := needed(text); err != nil {
						return err
					}
				}
				it.ReadBacks = slices.Clone(it.ReadBacks)
				it.ReadBacks[i].Open = false
				s.did("FindReadBack %s %v", id, right)
				return s.backed(it, map[bool]string{true: "right", false: "wrong"}[right], text)
			}
		}
	}
	return parley.Errorf(parley.NotFound, "no entry %q", id)
}

func (s *Station) backed(it *station.Item, step, text string) error {
	s.next++
	it.ReadBacks = append(slices.Clone(it.ReadBacks), station.ReadBack{ID: fmt.Sprintf("%s:%d", ourGen, s.next), Step: step, Party: "alder", Ours: true, Text: text, Language: "en", At: s.Now()})
	return nil
}

// CheckCall notes it.
func (s *Station) CheckCall(_ context.Context, by station.Officer, line, id string) (string, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return "", err
	}
	s.did("CheckCall %s", id)
	return "filed:7", nil
}

// Test answers at once.
func (s *Station) Test(_ context.Context, line string) (station.TestState, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail["Test"]; err != nil {
		return station.TestState{}, err
	}
	l, err := s.line(line)
	if err == nil {
		s.did("Test %s", l.Name)
	}
	return l.Tests, err
}

// Why returns the lamp.
func (s *Station) Why(_ context.Context, line string) (station.Lamp, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	return l.Lamp, err
}

// CutPath cuts or restores.
func (s *Station) CutPath(_ context.Context, _ station.Officer, line, path string, cut bool) error {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil {
		return err
	}
	for i := range l.Paths {
		if path == "" || l.Paths[i].Name == path {
			l.Paths[i].Cut, l.Paths[i].Up = cut, !cut
		}
	}
	s.did("CutPath %s %v", path, cut)
	s.Tell("path", line, "")
	return nil
}

// RecoveryWords are fixed.
func (s *Station) RecoveryWords(context.Context, string) ([]string, error) {
	return []string{"anchor", "basket", "copper", "dinner", "eleven"}, nil
}

// ConfirmRecovery compares.
func (s *Station) ConfirmRecovery(_ context.Context, _ station.Officer, _ string, words []string) error {
	if fmt.Sprint(words) != "[anchor basket copper dinner eleven]" {
		return parley.Errorf(parley.NotAllowed, "the words differ")
	}
	s.Lock()
	defer s.Unlock()
	s.did("ConfirmRecovery")
	return nil
}
