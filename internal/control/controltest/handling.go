package controltest

import (
	"context"
	"fmt"
	"time"

	"parley"
	"parley/internal/station"
)

// Silence is audited; only alarm 0, all of them, is known.
func (f *Fake) Silence(_ context.Context, by station.Officer, alarm int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if alarm != 0 {
		return parley.Errorf(parley.NotFound, "no alarm %d", alarm)
	}
	f.note(by, "silence", "alarm 0")
	return nil
}

// Translate adds a draft to the item.
func (f *Fake) Translate(_ context.Context, by station.Officer, line, id, language, text string) (station.Translation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.item(line, id); err != nil {
		return station.Translation{}, err
	}
	t := station.Translation{Language: language, Text: text, Maker: by.Name, State: "draft", Made: Now}
	for n := range f.items {
		if f.items[n].ID == id {
			t.ID = int64(len(f.items[n].Translations) + 1)
			f.items[n].Translations = append(f.items[n].Translations, t)
		}
	}
	f.note(by, "translate", id)
	return t, nil
}

// Review refuses the maker of the translation.
func (f *Fake) Review(_ context.Context, by station.Officer, line, id string, translation int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.item(line, id)
	if err != nil {
		return err
	}
	if translation < 1 || int(translation) > len(i.Translations) {
		return parley.Errorf(parley.NotFound, "no translation %d", translation)
	}
	t := &i.Translations[translation-1]
	if t.Maker == by.Name {
		return parley.Errorf(parley.NotAllowed, "%s made this translation; another officer reviews it", by.Name)
	}
	t.State, t.Reviewer = "reviewed", by.Name
	f.note(by, "review", id)
	return nil
}

// Informed takes any time that is not still to come.
func (f *Fake) Informed(_ context.Context, by station.Officer, line, id string, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.item(line, id); err != nil {
		return err
	}
	if at.After(Now) {
		return parley.Errorf(parley.BadForm, "%s is still to come", parley.DTG(at))
	}
	f.note(by, "informed", id)
	return nil
}

// CheckCall begins one or answers theirs.
func (f *Fake) CheckCall(_ context.Context, by station.Officer, line, id string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return "", err
	}
	f.note(by, "check call", id)
	return fmt.Sprintf("filed:%d", len(f.audit)), nil
}
