package desktest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// terms are two, one of which was checked.
func (s *Station) terms() []station.GlossaryTerm {
	at := s.Now().Add(-3 * day)
	return []station.GlossaryTerm{
		{ID: 1, Words: []station.SaidText{{Language: "en", Text: "barge"}, {Language: "zh", Text: "驳船"}}, Note: "flat, without engine" + s.nasty(" <b>\u202e"), By: "Chen", Added: at, Checker: "Li", Checked: at.Add(time.Hour)},
		{ID: 2, Words: []station.SaidText{{Language: "en", Text: "no-sail zone" + s.nasty(" <i>")}, {Language: "zh", Text: "禁航区"}}, By: "Wu" + s.nasty(" <u>"), Added: at},
	}
}

// script is one piece of two lines.
func (s *Station) script() []station.CallScript {
	return []station.CallScript{{ID: 1, At: s.Now().Add(-40 * time.Minute), By: "Amb Hale", Text: "First the corridor: open at all hours." + s.nasty(" <b>") + "\nThen the barges; not the tariff."}}
}

// Glossary is two terms.
func (s *Station) Glossary(context.Context, string) ([]station.GlossaryTerm, error) {
	s.Lock()
	defer s.Unlock()
	return s.terms(), s.Fail["Glossary"]
}

// GlossaryColumns are those of a line of English and Chinese.
func (s *Station) GlossaryColumns(context.Context, string) ([]string, error) {
	return []string{"en", "zh", "note"}, nil
}

// AddTerm notes it.
func (s *Station) AddTerm(_ context.Context, _ station.Officer, _ string, words []station.SaidText, note string) error {
	return s.gloss("AddTerm", fmt.Sprint(words), note)
}

// ImportTerms notes what it reads.
func (s *Station) ImportTerms(_ context.Context, _ station.Officer, _ string, table io.Reader) (int, error) {
	b, err := io.ReadAll(table)
	if err != nil {
		return 0, err
	}
	if len(b) == 0 {
		return 0, parley.Errorf(parley.Malformed, "the table is empty")
	}
	return 1, s.gloss("ImportTerms", fmt.Sprintf("%q", b))
}

// GlossaryTable writes one.
func (s *Station) GlossaryTable(_ context.Context, _ string, w io.Writer) error {
	_, err := io.WriteString(w, "en,zh,note\nbarge,驳船,\n")
	return err
}

// CheckTerm notes it.
func (s *Station) CheckTerm(_ context.Context, _ station.Officer, _ string, id int64) error {
	return s.gloss("CheckTerm", fmt.Sprint(id))
}

// RemoveTerm notes it.
func (s *Station) RemoveTerm(_ context.Context, _ station.Officer, _ string, id int64) error {
	return s.gloss("RemoveTerm", fmt.Sprint(id))
}

// Script is one piece.
func (s *Station) Script(context.Context, station.Officer, string) ([]station.CallScript, error) {
	s.Lock()
	defer s.Unlock()
	return s.script(), s.Fail["Script"]
}

// PassScript notes it.
func (s *Station) PassScript(_ context.Context, _ station.Officer, _, text string) error {
	return s.gloss("PassScript", fmt.Sprintf("%q", text))
}

// RemoveScript notes it.
func (s *Station) RemoveScript(_ context.Context, _ station.Officer, _ string, id int64) error {
	return s.gloss("RemoveScript", fmt.Sprint(id))
}

// gloss notes an act; the fake asks nobody for his office.
func (s *Station) gloss(act string, said ...any) error {
	s.Lock()
	defer s.Unlock()
	s.did("%s", strings.TrimSpace(act+" "+fmt.Sprintln(said...)))
	return s.Fail[act]
}
