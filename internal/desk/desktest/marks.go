package desktest

import (
	"context"
	"fmt"
	"strings"

	"parley"
	"parley/internal/station"
)

// ThreeMarks says what SetThreeMarks set.
func (s *Station) ThreeMarks(context.Context) (bool, error) {
	s.Lock()
	defer s.Unlock()
	return s.Three, nil
}

// SetThreeMarks sets it.
func (s *Station) SetThreeMarks(_ context.Context, _ station.Officer, three bool) error {
	s.Lock()
	defer s.Unlock()
	s.Three = three
	s.did("SetThreeMarks %v", three)
	return nil
}

// translation finds one, of an entry or a test text; the caller holds the lock.
func (s *Station) translation(line, id string, n int64) (*station.Translation, error) {
	list := []station.Translation(nil)
	for i := range s.TextList {
		if s.TextList[i].ID == id {
			list = s.TextList[i].Translations
		}
	}
	if it, err := s.find(line, id); err == nil {
		list = it.Translations
	}
	for i := range list {
		if list[i].ID == n {
			return &list[i], nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "no translation %d", n)
}

// Certify sets the third mark.
func (s *Station) Certify(_ context.Context, by station.Officer, line, id string, translation int64) error {
	s.Lock()
	defer s.Unlock()
	t, err := s.translation(line, id, translation)
	switch {
	case err != nil:
		return err
	case t.Reviewer == "":
		return parley.Errorf(parley.NotAllowed, "a translation is checked before it is certified")
	case t.Maker == by.Name || t.Reviewer == by.Name:
		return parley.Errorf(parley.NotAllowed, "a translation is certified by somebody else than its maker and its reviewer")
	}
	t.State, t.Certifier, t.Certified = "certified", by.Name, s.Now()
	s.did("Certify %s %d", id, translation)
	s.Tell("item", line, id)
	return nil
}

// DisputeWords adds a dispute.
func (s *Station) DisputeWords(_ context.Context, by station.Officer, line, id string, translation int64, words, note string) (station.Dispute, error) {
	s.Lock()
	defer s.Unlock()
	t, err := s.translation(line, id, translation)
	if err != nil {
		return station.Dispute{}, err
	}
	if words == "" || !strings.Contains(t.Text, words) {
		return station.Dispute{}, parley.Errorf(parley.BadForm, "these words do not stand in the translation").WithHint("copy them from it as they stand")
	}
	s.next++
	d := station.Dispute{ID: s.next, Words: words, Note: note, Officer: by.Name, At: s.Now()}
	t.Disputes = append(t.Disputes, d)
	s.did("DisputeWords %s %d %s: %s", id, translation, words, note)
	s.Tell("item", line, id)
	return d, nil
}

// SettleDispute settles one.
func (s *Station) SettleDispute(_ context.Context, by station.Officer, line, id string, translation, dispute int64, how string) error {
	s.Lock()
	defer s.Unlock()
	t, err := s.translation(line, id, translation)
	if err != nil {
		return err
	}
	for i := range t.Disputes {
		if t.Disputes[i].ID == dispute {
			t.Disputes[i].Settled, t.Disputes[i].Closer = how, by.Name
			s.did("SettleDispute %d %s", dispute, how)
			s.Tell("item", line, id)
			return nil
		}
	}
	return parley.Errorf(parley.NotFound, "no dispute %d", dispute)
}

// TestTexts are three.
func (s *Station) TestTexts(_ context.Context, line string) ([]station.TestText, error) {
	s.Lock()
	defer s.Unlock()
	_, err := s.line(line)
	return s.TextList, err
}

// UseTestTexts sets which are in use.
func (s *Station) UseTestTexts(_ context.Context, _ station.Officer, ids []string) error {
	s.Lock()
	defer s.Unlock()
	if len(ids) == 0 {
		return parley.Errorf(parley.BadForm, "a line test carries a text, and none is chosen").WithHint("leave at least one in use")
	}
	s.did("UseTestTexts %v", ids)
	return nil
}

// TranslateTest adds a draft to a test text.
func (s *Station) TranslateTest(_ context.Context, by station.Officer, _, id, language, text string) (station.Translation, error) {
	s.Lock()
	defer s.Unlock()
	for i := range s.TextList {
		if x := &s.TextList[i]; x.ID == id && text != "" {
			s.next++
			t := station.Translation{ID: s.next, Language: language, Text: text, Maker: by.Name, State: "draft", Made: s.Now()}
			x.Translations = append(x.Translations, t)
			s.did("TranslateTest %s %s", id, text)
			return t, nil
		}
	}
	return station.Translation{}, parley.Errorf(parley.NotFound, "no test text %q", id)
}

// FlashShares are 3 of 41 and 9 of 17.
func (s *Station) FlashShares(_ context.Context, line string) ([]station.FlashShare, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil {
		return nil, err
	}
	return []station.FlashShare{{Party: "alder", Flash: 3, All: 41}, {Party: l.Them[0].Code, Flash: 9, All: 17}}, nil
}

// Templates are those kept.
func (s *Station) Templates(context.Context, string) ([]station.Template, error) {
	s.Lock()
	defer s.Unlock()
	return s.Kept, nil
}

// KeepTemplate keeps one.
func (s *Station) KeepTemplate(_ context.Context, by station.Officer, draft int64, title string) (station.Template, error) {
	s.Lock()
	defer s.Unlock()
	d, err := s.draft(draft)
	if err != nil {
		return station.Template{}, err
	}
	if title == "" {
		return station.Template{}, parley.Errorf(parley.BadForm, "the name of the template is empty")
	}
	s.next++
	t := station.Template{ID: s.next, Name: title, Maker: by.Name, Draft: *d}
	t.Draft.ID, t.Draft.Version, t.Draft.State = 0, 0, ""
	s.Kept = append(s.Kept, t)
	s.did("KeepTemplate %d %s", draft, title)
	return t, nil
}

// RemoveTemplate forgets one.
func (s *Station) RemoveTemplate(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	for i, t := range s.Kept {
		if t.ID == id {
			s.Kept = append(s.Kept[:i:i], s.Kept[i+1:]...)
			s.did("RemoveTemplate %d", id)
			return nil
		}
	}
	return parley.Errorf(parley.NotFound, "no template %d", id)
}

// NoteExport notes it.
func (s *Station) NoteExport(_ context.Context, by station.Officer, line, what string) error {
	s.Lock()
	defer s.Unlock()
	s.audit(by, "export", line, what)
	s.did("NoteExport %s", what)
	return nil
}

// prepared is what there is of all this at first.
func (s *Station) prepared() {
	for i, text := range []string{"The lighthouse keeper writes down the hour, the wind and the sea.", "Snow fell until noon; in the afternoon the road was open again.", "Line test: no action is to be taken on this text."} {
		s.TextList = append(s.TextList, station.TestText{ID: fmt.Sprint("test:", i), Text: text, Used: i != 1})
	}
	s.TextList[0].Translations = []station.Translation{{ID: 81, Language: "en", Text: "The keeper of the lighthouse notes hour, wind and sea.", Maker: "陈译员", State: "draft", Made: s.Now()}}
	s.Kept = []station.Template{{ID: 61, Name: "Cable work", Maker: "Lt Ruiz", Draft: station.Draft{Line: Birch, Form: "dispatch", From: "watch", To: []string{"birch/watch"}, Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en",
		Subject: "Cable work on [date]", Text: "Our [which] cable is out of use from [time] to [time]. The line stays up on the other path."}}}
}
