package desktest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/key"
	"parley/internal/station"
)

func (s *Station) draftIDs() []int64 {
	var ids []int64
	for id := range s.DraftMap {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *Station) draft(id int64) (*station.Draft, error) {
	d, ok := s.DraftMap[id]
	if !ok {
		return nil, parley.Errorf(parley.NotFound, "no draft %d", id)
	}
	return d, nil
}

// SaveDraft keeps a draft, unless somebody else did since.
func (s *Station) SaveDraft(_ context.Context, by station.Officer, d station.Draft) (station.Draft, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail["SaveDraft"]; err != nil {
		return station.Draft{}, err
	}
	if _, err := s.line(d.Line); err != nil {
		return station.Draft{}, err
	}
	for _, old := range s.DraftMap {
		if d.ID == 0 && d.Page != "" && old.Page == d.Page && old.DrafterID == by.ID {
			d.ID, d.Version = old.ID, old.Version
		}
	}
	d.Drafter, d.DrafterID, d.State, d.Began = by.Name, by.ID, "draft", s.Now()
	if d.Incumbent != nil {
		d.Subject = d.Incumbent.Person
	}
	if d.ID == 0 {
		s.next++
		d.ID = s.next
	} else {
		old, err := s.draft(d.ID)
		if err != nil {
			return station.Draft{}, err
		}
		if old.Version != d.Version {
			return station.Draft{}, parley.Errorf(parley.Conflict, "draft %d has version %d, you saw %d", d.ID, old.Version, d.Version)
		}
		d.Began, d.Attachments = old.Began, old.Attachments
	}
	d.Version++
	d.Saved = s.Now()
	s.DraftMap[d.ID] = &d
	s.did("SaveDraft %d v%d %q", d.ID, d.Version, d.Text)
	s.Tell("draft", d.Line, fmt.Sprint(d.ID))
	return d, nil
}

// Drafts lists them all.
func (s *Station) Drafts(context.Context, station.Officer) ([]station.Draft, error) {
	s.Lock()
	defer s.Unlock()
	var list []station.Draft
	for _, id := range s.draftIDs() {
		list = append(list, *s.DraftMap[id])
	}
	return list, nil
}

// Draft finds one.
func (s *Station) Draft(_ context.Context, _ station.Officer, id int64) (station.Draft, error) {
	s.Lock()
	defer s.Unlock()
	d, err := s.draft(id)
	if err != nil {
		return station.Draft{}, err
	}
	return *d, nil
}

// Attach reads the file away.
func (s *Station) Attach(_ context.Context, _ station.Officer, draft int64, name, mediaType string, r io.Reader) (station.Draft, error) {
	n, err := io.Copy(io.Discard, r)
	if err != nil {
		return station.Draft{}, err
	}
	s.Lock()
	defer s.Unlock()
	d, err := s.draft(draft)
	if err != nil {
		return station.Draft{}, err
	}
	d.Attachments = append(d.Attachments, station.Attachment{Name: name, Type: mediaType, Size: n, Held: true})
	d.Version++
	s.did("Attach %s %d", name, n)
	return *d, nil
}

// Discard forgets one.
func (s *Station) Discard(_ context.Context, _ station.Officer, id int64) error {
	s.Lock()
	defer s.Unlock()
	if _, err := s.draft(id); err != nil {
		return err
	}
	delete(s.DraftMap, id)
	s.did("Discard %d", id)
	return nil
}

// Preview is what will be signed.
func (s *Station) Preview(_ context.Context, _ station.Officer, id int64) (station.Item, error) {
	s.Lock()
	defer s.Unlock()
	d, err := s.draft(id)
	if err != nil {
		return station.Item{}, err
	}
	if d.Form == "incumbent" {
		return s.incumbentItem(d)
	}
	if len(d.To) == 0 || d.Subject == "" || d.Text == "" {
		return station.Item{}, parley.Errorf(parley.BadForm, "addressee, subject or text is missing").WithHint("fill the five fields")
	}
	p, err := parley.ParsePrecedence(d.Precedence)
	if err != nil {
		return station.Item{}, err
	}
	it := station.Item{Line: d.Line, Party: "alder", Ours: true, Known: true, Form: d.Form, Series: "traffic", FromText: "alder/" + d.From, To: d.To, Info: d.Info,
		Precedence: p, PrecedenceText: p.String(), MarkerText: d.Marker, Subject: d.Subject, Text: d.Text, Language: d.Language, Legal: d.Legal,
		Releasability: d.Releasability, Refs: d.Refs, Attachments: d.Attachments, Exercise: d.Exercise}
	if d.Reason != "" {
		it.Fields = append(it.Fields, station.Field{Name: "reason for FLASH", Value: d.Reason})
	}
	return it, nil
}

// Submit hands a draft to the releaser.
func (s *Station) Submit(_ context.Context, _ station.Officer, id int64) (station.Draft, error) {
	return s.state(id, "submitted", "")
}

// Return gives it back.
func (s *Station) Return(_ context.Context, _ station.Officer, id int64, note string) (station.Draft, error) {
	return s.state(id, "returned", note)
}

func (s *Station) state(id int64, state, note string) (station.Draft, error) {
	s.Lock()
	defer s.Unlock()
	d, err := s.draft(id)
	if err != nil {
		return station.Draft{}, err
	}
	if d.Subject == "" {
		return station.Draft{}, parley.Errorf(parley.BadForm, "the subject is empty")
	}
	d.State, d.Note = state, note
	s.did("%s %d %s", state, id, note)
	s.Tell("draft", d.Line, "")
	return *d, nil
}

// Release signs.
func (s *Station) Release(_ context.Context, by station.Officer, id, version int64, precedence string) (string, error) {
	s.Lock()
	defer s.Unlock()
	d, err := s.draft(id)
	if err != nil {
		return "", err
	}
	l, err := s.line(d.Line)
	if err != nil {
		return "", err
	}
	switch {
	case d.State == "released":
		return "", parley.Errorf(parley.Conflict, "draft %d is released already", id)
	case d.Version != version:
		return "", parley.Errorf(parley.Conflict, "draft %d has version %d, you saw %d", id, d.Version, version)
	case !strings.EqualFold(d.Precedence, precedence):
		return "", parley.Errorf(parley.BadForm, "the draft says %s, you confirmed %s", d.Precedence, precedence)
	case l.TwoHands[d.Precedence] && d.DrafterID == by.ID:
		return "", parley.Errorf(parley.NotAllowed, "another officer than the drafter must release %s", d.Precedence)
	}
	d.State, d.Entry = "released", "filed:12"
	s.Items = append(s.Items, &station.Item{ID: "filed:12", Line: d.Line, Party: "alder", Ours: true, Known: true, Form: d.Form, Series: "traffic",
		FromText: "alder/" + d.From, To: d.To, PrecedenceText: d.Precedence, Subject: d.Subject, Text: d.Text, Arrived: s.Now(), NotDelivered: true,
		Ladder: ladder([]parley.Rung{parley.Opened}, s.Now(), s.Now())})
	s.did("Release %d %s", id, precedence)
	s.Tell("item", d.Line, "filed:12")
	return "filed:12", nil
}

// Invite makes an invitation.
func (s *Station) Invite(_ context.Context, _ station.Officer, ch charter.Charter, _ charter.Annex) (station.PairingView, error) {
	s.Lock()
	defer s.Unlock()
	v := station.PairingView{Line: "aa55aa55aa55aa55aa55aa55aa55aa55", Stage: "invited", Next: "Hand the pairing file over.", File: []byte("invitation")}
	for _, p := range ch.Parties {
		v.Parties = append(v.Parties, p.Name)
		if p.Code != "alder" {
			v.Waiting = append(v.Waiting, string(p.Code))
		}
	}
	s.Pairs = append(s.Pairs, v)
	levels, err := contact.ReadLevels(ch.Unknown, ch.HasOffice)
	if err != nil {
		return v, err
	}
	arranges := ""
	if levels != nil {
		arranges = fmt.Sprint(" ", levels.Words())
	}
	s.did("Invite %s two=%v%s", ch.Parties[1].Code, ch.Release[parley.Flash] == charter.TwoOfficers, arranges)
	return v, nil
}

// Pairings lists them.
func (s *Station) Pairings(context.Context) ([]station.PairingView, error) {
	s.Lock()
	defer s.Unlock()
	return slices.Clone(s.Pairs), nil
}

// PairingStep takes files that begin with "parley".
func (s *Station) PairingStep(_ context.Context, _ station.Officer, file []byte) (station.PairingView, error) {
	s.Lock()
	defer s.Unlock()
	if !strings.HasPrefix(string(file), "parley") {
		return station.PairingView{}, parley.Errorf(parley.Malformed, "this is no pairing file")
	}
	s.did("PairingStep %d", len(file))
	return s.Pairs[0], nil
}

// ConfirmWords confirms or burns.
func (s *Station) ConfirmWords(_ context.Context, _ station.Officer, line string, equal bool, how string, root key.Signer) (station.Line, error) {
	s.Lock()
	defer s.Unlock()
	for i := range s.Pairs {
		if s.Pairs[i].Line != line {
			continue
		}
		s.Pairs[i].Stage = "burnt"
		if equal {
			s.Pairs[i].Stage = "confirmed"
		}
		s.did("ConfirmWords %v %s root=%v", equal, how, root != nil)
		return s.LineList[0], nil
	}
	return station.Line{}, parley.Errorf(parley.NotFound, "no pairing %q", line)
}

// drafts are one of another officer to release, one returned, one of ours.
func (s *Station) drafts() {
	now := s.Now()
	add := func(d station.Draft, age time.Duration) {
		d.Line, d.Form, d.Saved, d.Began, d.Version = Birch, "dispatch", now.Add(-age), now.Add(-age-time.Hour), 3
		s.DraftMap[d.ID] = &d
	}
	add(station.Draft{ID: 11, From: "envoy", To: []string{"birch/envoy"}, Info: []string{"birch/watch"}, Precedence: "FLASH", Marker: "ANSWER", Language: "en",
		Subject: "Aircraft, 14.2N 115.1E: ours, on a rescue flight", Refs: []string{"9a0f33c1d2e4b586:41"}, Reason: "Their question is FLASH and armed aircraft are near.",
		Text:  "The aircraft you ask about is ours.\n\nIt is a search and rescue flight, unarmed, call sign ALDER RESCUE 4. It leaves the area by 1530Z on heading 090.\n\nWe ask that it be let pass.",
		State: "submitted", Drafter: "Envoy Okafor", DrafterID: 2}, 90*time.Second)
	add(station.Draft{ID: 12, From: "watch", To: []string{"birch/watch"}, Precedence: "ROUTINE", Marker: "INFORMATION", Language: "en", Subject: "Cable work on 27 November",
		Text: "Our western cable is out of use from 0100Z to 0400Z. The line stays up on the other path.", State: "draft", Drafter: "Lt Ruiz", DrafterID: 1}, 12*time.Minute)
	add(station.Draft{ID: 13, From: "watch", To: []string{"birch/principal"}, Precedence: "PRIORITY", Marker: "REQUEST", Language: "en", Subject: "Call between principals",
		Text: "We propose a call.", State: "returned", Note: "Name the windows, and say who asks.", Drafter: "Lt Ruiz", DrafterID: 1}, 3*time.Hour)
	add(station.Draft{ID: 14, From: "watch", Precedence: "ROUTINE", State: "draft", Drafter: "Lt Ruiz", DrafterID: 1}, 26*time.Hour)
}

// rest is audit, alarms and a pairing.
func (s *Station) rest() {
	now := s.Now()
	s.HandedAt = now.Add(-7 * time.Hour)
	rows := []string{"Lt Ruiz|take seat||watch", "Lt Ruiz|open|9a0f33c1d2e4b586:38|电缆检修", "Lt Ruiz|acknowledge|9a0f33c1d2e4b586:38|", "陈译员|translate|9a0f33c1d2e4b586:40|en",
		"Envoy Okafor|submit|draft 11|FLASH", "<script>alert(1)</script>|open|x|\u202egnp.exe", "Admin Stone|export|" + Birch + "|open=false"}
	for i, r := range rows {
		f := strings.Split(r, "|")
		s.Rows = append(s.Rows, station.AuditRow{ID: int64(i + 1), At: now.Add(time.Duration(i-20) * time.Minute), Officer: f[0], Act: f[1], Object: f[2], Detail: f[3]})
	}
	s.AlarmSet = []*station.Alarm{
		{ID: 1, Line: Cedar, Code: "line-down", Text: "No path to cedar answers since 1351Z.", At: now.Add(-81 * time.Minute), Count: 1, Silenced: true},
		{ID: 2, Line: Birch, Code: "overdue", Text: "Nr 0119 was not opened within its objective.", Item: ourGen + ":58", At: now.Add(-14 * time.Minute), Count: 1, Silenced: true},
		{ID: 3, Line: Birch, Code: "flash", Text: "FLASH Nr 0042 of birch", Item: theirGen + ":41", At: now.Add(-122 * time.Second), Count: 2},
	}
	s.Pairs = []station.PairingView{{Line: "d41d8cd98f00b204e9800998ecf8427e", Stage: "words", Parties: []string{"Alder", "Dogwood"},
		Words: []string{"anchor", "velvet", "copper", "mosaic", "lantern"}, Digits: "01234567890123456",
		Fingerprint: "9a0f 33c1 d2e4 b586 41d8 cd98 f00b 204e 9800 998e cf84 27e1 55aa 01f2 90c3 77de",
		Next:        "Compare the words with the other side, in person or over two unrelated channels.", File: []byte("parley pairing")}}
}

func ladder(promised []parley.Rung, at ...time.Time) []station.Step {
	var list []station.Step
	for r := parley.Filed; r <= parley.Answered; r++ {
		st := station.Step{Rung: r, Name: r.String(), Promised: r <= parley.Stored || slices.Contains(promised, r)}
		if int(r) < len(at) {
			st.At = at[r]
		}
		list = append(list, st)
	}
	return list
}
