package desktest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/station"
)

// What goes on with Birch: Station.OnCall.
const (
	NoCall    = ""
	CallRings = "rings" // Birch calls
	CallGoes  = "goes"  // it is put through, and the officer who looks is on it
	CallLobby = "lobby" // it is not put through yet, and he has not joined
	CallAiled = "ailed" // of video, and put through: he is muted, Birch is lost, and our side is on hold
)

// CallWithBirch is the id of the call that rings or runs.
const CallWithBirch = theirGen + ":90"

// RecordedCall is the id of a call before, of which we have a recording.
const RecordedCall = theirGen + ":84"

// GuestSecret opens the page of a guest while a call goes.
const GuestSecret = "GUESTSECRETGUESTSECRETGUEST"

// CallList is those with Birch, the newest first.
func (s *Station) CallList(_ context.Context, line string) ([]station.Call, error) {
	s.Lock()
	defer s.Unlock()
	l, err := s.line(line)
	if err != nil || l.Key != Birch {
		return nil, err
	}
	now := s.Now()
	both := []parley.PartyCode{"birch", "alder"}
	past := []station.Call{
		{ID: ourGen + ":85", Line: Birch, Phase: call.NobodyIn, By: "alder", Ours: true, Parties: both, At: now.Add(-26 * time.Hour), Level: "commander", Medium: "voice", Interpreting: "none", Recording: "none",
			Ends: []station.CallEnd{{By: "alder", At: now.Add(-26*time.Hour + time.Minute), Outcome: "no-answer"}}},
		{ID: theirGen + ":84", Line: Birch, Phase: call.Over, By: "birch", Parties: both, At: now.Add(-50 * time.Hour), Level: "leader", Medium: "voice", Interpreting: "consecutive", Recording: "none",
			Answers: []station.CallAnswer{{By: "alder", At: now.Add(-50*time.Hour + 8*time.Second), Answer: "accepted"}},
			Ends: []station.CallEnd{{By: "alder", At: now.Add(-49 * time.Hour), Outcome: "ended", Began: now.Add(-50*time.Hour + 4*time.Minute), Talk: []station.CallTalk{{Language: "en", For: 19 * time.Minute}}, Gaps: []station.ContactWindow{{Start: now.Add(-49*time.Hour - 20*time.Minute), End: now.Add(-49*time.Hour - 20*time.Minute + 7*time.Second)}}},
				{By: "birch", At: now.Add(-49 * time.Hour), Outcome: "ended", Began: now.Add(-50*time.Hour + 4*time.Minute), Talk: []station.CallTalk{{Language: "zh", For: 22 * time.Minute}}}},
			Tapings:  []station.CallTaping{{By: "alder", Span: station.ContactWindow{Start: now.Add(-50 * time.Hour), End: now.Add(-49 * time.Hour)}, Voices: []station.CallVoice{{File: 1, Name: "A. Alder" + s.nasty(" <b>"), Party: "alder", Language: "en", Media: "audio/ogg", Sum: strings.Repeat("5a", 32), Whole: true, Here: true}, {File: 2, Name: "主席", Party: "birch", Media: "audio/ogg", Sum: strings.Repeat("a5", 32)}}}},
			Wordings: []station.CallWording{{ID: ourGen + ":86", By: "alder", At: now.Add(-49 * time.Hour), Stands: true, Texts: []station.SaidText{{Language: "en", Text: "The corridor stays open at all hours."}, {Language: "zh", Text: "通道全天开放。"}}, Words: map[parley.PartyCode]string{"birch": "confirmed"}}}},
		{ID: ourGen + ":80", Line: Birch, Phase: call.Declined, By: "alder", Ours: true, Parties: both, At: now.Add(-90 * time.Hour), Level: "leader", Medium: "video", Interpreting: "simultaneous", Recording: "none",
			Answers: []station.CallAnswer{{By: "birch", At: now.Add(-90*time.Hour + time.Minute), Answer: "declined", Reason: "not-now", Text: "过两天" + s.nasty("<b>\u202e")}}},
	}
	past[0].Contact = s.CalledFor
	if s.OnCall == NoCall {
		return past, nil
	}
	on := station.Call{ID: CallWithBirch, Line: Birch, Phase: call.Running, By: "birch", Parties: both, At: now.Add(-15 * time.Minute), Level: "leader", Medium: "voice", Interpreting: "simultaneous", Recording: "none", Text: "As arranged" + s.nasty(" <i>")}
	if s.OnCall == CallLobby || s.OnCall == CallAiled {
		on.Recording = "each-its-own"
	}
	if s.OnCall == CallRings {
		on.Phase, on.Waits, on.At = call.Ringing, true, now.Add(-9*time.Second)
	} else {
		on.Wordings = []station.CallWording{
			{ID: theirGen + ":92", By: "birch", At: now.Add(-4 * time.Minute), Texts: []station.SaidText{{Language: "en", Text: "Both sides keep the channel open" + s.nasty(" <u>") + "."}, {Language: "zh", Text: "双方保持渠道畅通。"}}},
			{ID: ourGen + ":91", By: "alder", At: now.Add(-9 * time.Minute), Stands: true, Texts: []station.SaidText{{Language: "en", Text: "Energy infrastructure is not a target."}, {Language: "zh", Text: "能源基础设施不是目标。"}}, Words: map[parley.PartyCode]string{"birch": "confirmed"}}}
		on.Disputes = []station.CallDispute{{By: "birch", At: now.Add(-6 * time.Minute), Language: "zh", Heard: "能源和基础设施", Meant: "能源基础设施"}}
	}
	return append([]station.Call{on}, past...), nil
}

// Call is one of them.
func (s *Station) Call(ctx context.Context, line, id string) (station.Call, error) {
	all, err := s.CallList(ctx, line)
	for _, c := range all {
		if err == nil && (c.ID == id || id == "" && (c.Phase == call.Ringing || c.Phase == call.Running)) {
			return c, nil
		}
	}
	if err == nil {
		err = parley.Errorf(parley.NotFound, "%s is no call", id)
	}
	return station.Call{}, err
}

// CallRoom is the call that goes.
func (s *Station) CallRoom(_ context.Context, at station.CallSeat) (station.CallRoom, error) {
	s.Lock()
	defer s.Unlock()
	if at.Line != Birch || s.OnCall == NoCall || s.OnCall == CallRings {
		return station.CallRoom{}, parley.Errorf(parley.NotFound, "no call runs on the line with Birch")
	}
	now, through := s.Now(), s.OnCall != CallLobby
	place := "lobby"
	if through {
		place = "floor"
	}
	ours := []station.CallMember{
		{ID: 1, Name: "A. Alder", Title: "President", Role: "principal", Tongue: "en", Place: place, Device: true},
		{ID: 2, Name: "Li", Role: "interpreter", Tongue: "zh", Place: place, Device: true, Booth: "zh", OnAir: true},
		{ID: 3, Name: "Osei" + s.nasty(" <b>"), Role: "note-taker", Tongue: "en", Place: place, Device: true, Muted: true},
		{ID: 4, Name: "Lt Ruiz", Role: "watch", Tongue: "en", Place: "watch", Device: true}}
	theirs := []station.CallMember{
		{ID: 1, Name: "主席", Title: "国家主席", Role: "principal", Tongue: "zh", Place: place, Device: true},
		{ID: 2, Name: "Wu" + s.nasty("\u202e"), Role: "interpreter", Tongue: "en", Place: place, Device: true, Booth: "en", OnAir: true},
		{ID: 3, Name: "Chen", Role: "listener", Place: place, Away: true},
		{ID: 4, Name: "Lin", Role: "watch", Place: "watch", Device: true, Phone: true}}
	r := station.CallRoom{Line: Birch, ID: CallWithBirch, Medium: "voice", Now: now, Mode: "simultaneous", Booths: []string{"en", "zh"},
		Sides: []station.CallSide{{Party: "alder", Us: true, Known: true, People: ours, Ready: true, Through: through}, {Party: "birch", Known: true, People: theirs, Through: through, Paths: 2, RTT: 31 * time.Millisecond}},
		Notes: []station.CallNote{{At: now.Add(-time.Minute), By: "Osei", Text: "Barges next."}}}
	switch s.OnCall {
	case CallLobby:
		r.Taping = "on"
	case CallAiled:
		r.Taping, r.Untaped = "stopped", "writing a recording: no space left on device"
	}
	if through {
		r.Through = now.Add(-14*time.Minute - 22*time.Second)
		r.Sides[0].Talk, r.Sides[1].Talk = []station.CallTalk{{Language: "en", For: 6 * time.Minute}}, []station.CallTalk{{Language: "zh", For: 6*time.Minute + 30*time.Second}}
		r.Turn = &station.CallTurn{Party: "birch", Person: 1, Name: "主席", For: 108 * time.Second, Since: now.Add(-108 * time.Second)}
		r.Asked = []station.CallSignal{{Party: "alder", Name: "Li", Kind: "slower", Number: 3}}
	}
	if s.OnCall == CallAiled {
		r.Medium, r.Mode = "video", "consecutive"
		r.Sides[1].Lost, r.Sides[1].Silent, r.Sides[1].Paths = 7*time.Second, now.Add(-7*time.Second), 1
		r.Sides[0].Hold = "consulting" + s.nasty(" <b>\u202e")
		ours[0].Muted, ours[1].Muted = true, true
		ours[1].Booth, ours[1].OnAir = "", false
		r.Turn = &station.CallTurn{Party: "alder", Person: 1, Name: "A. Alder", For: 3 * time.Second, Since: now.Add(-3 * time.Second), After: "Li"}
		r.Asked = append(r.Asked, station.CallSignal{Party: "birch", Name: "Wu" + s.nasty(" <u>"), Kind: "poor", Number: 1})
		r.Notes = append(r.Notes, station.CallNote{At: now, By: "Osei" + s.nasty(" <b>"), Text: "Not the tariff" + s.nasty(" <i>\u202e") + "."})
	}
	r.Keys = []string{"en", "zh"}
	if s.OnCall == CallGoes {
		theirs[1].Phone = true
		r.Narrow = []station.CallNarrow{{Party: "birch", Name: theirs[1].Name, Interprets: true}}
	}
	if at.Person == 2 {
		r.Terms, r.Script = s.terms(), s.script()
		r.Chat = []station.CallChat{{Party: "birch", At: now.Add(-2 * time.Minute), Name: "Wu", Text: "驳船 = barges" + s.nasty(" <b>\u202e")}, {Party: "alder", At: now.Add(-time.Minute), Name: "Li", Text: "Thank you, barges it is."}}
	}
	if at.Person != 0 {
		r.You = &station.CallYou{CallMember: ours[at.Person-1], Hears: "en", Voices: []station.CallSlot{{Slot: 0, Party: "birch", Person: 1, Name: "主席", Low: true}, {Slot: 1, Party: "birch", Person: 2, Name: "Wu"}}}
	}
	return r, nil
}

func (s *Station) onCall(act string, by station.Officer, line string, said ...any) error {
	if by.ID != 0 {
		_, err := s.arrange(act, by, line, said...)
		return err
	}
	s.Lock()
	defer s.Unlock()
	s.did("%s", strings.TrimSpace(act+" "+fmt.Sprintln(said...)))
	return s.Fail[act]
}

// Ring notes it.
func (s *Station) Ring(_ context.Context, by station.Officer, line string, in station.RingText) (string, error) {
	return s.arrange("Ring", by, line, in.Contact, in.Level, in.Medium, in.Interpreting, in.Text, in.Recording, in.Override)
}

// PlayRecording plays what it was given as a file.
func (s *Station) PlayRecording(_ context.Context, by station.Officer, line, id string, file uint64, to func(station.CallVoice, string) io.Writer) error {
	if err := s.onCall("PlayRecording", by, line, id, file); err != nil {
		return err
	}
	_, err := io.WriteString(to(station.CallVoice{File: file, Name: "A. Alder", Media: "audio/ogg", Bytes: uint64(len(Played))}, ".opus"), Played)
	return err
}

// Played is what a recording holds.
const Played = "OggS, as it was said"

// DeleteRecording notes it.
func (s *Station) DeleteRecording(_ context.Context, by station.Officer, line, id string, file uint64) error {
	return s.onCall("DeleteRecording", by, line, id, file)
}

// LiftCall notes it.
func (s *Station) LiftCall(_ context.Context, by station.Officer, line, id string) error {
	return s.onCall("LiftCall", by, line, id)
}

// DeclineCall notes it.
func (s *Station) DeclineCall(_ context.Context, by station.Officer, line, id, reason, text string) error {
	if _, err := contact.ParseReason(reason); err != nil {
		return err
	}
	return s.onCall("DeclineCall", by, line, id, reason, text)
}

// HangUp notes it.
func (s *Station) HangUp(_ context.Context, by station.Officer, line, id string) error {
	return s.onCall("HangUp", by, line, id)
}

// JoinCall notes it.
func (s *Station) JoinCall(_ context.Context, by station.Officer, line string, as station.CallPerson) (station.CallSeat, error) {
	return station.CallSeat{Line: Birch, Person: 2}, s.onCall("JoinCall", by, line, as.Name, as.Title, as.Role, as.Tongue)
}

// SeatOf is the interpreter's while the call goes.
func (s *Station) SeatOf(_ context.Context, _ station.Officer, line string) (station.CallSeat, error) {
	s.Lock()
	defer s.Unlock()
	if line != Birch || s.OnCall != CallGoes && s.OnCall != CallAiled {
		return station.CallSeat{}, parley.Errorf(parley.NotFound, "you have not joined this call")
	}
	return station.CallSeat{Line: Birch, Person: 2}, nil
}

// InviteGuest notes it.
func (s *Station) InviteGuest(_ context.Context, by station.Officer, line string, as station.CallPerson) (string, error) {
	return GuestSecret, s.onCall("InviteGuest", by, line, as.Name, as.Title, as.Role, as.Tongue)
}

// GuestOf knows GuestSecret while a call goes.
func (s *Station) GuestOf(_ context.Context, secret string) (station.CallPerson, bool, error) {
	s.Lock()
	defer s.Unlock()
	if secret != GuestSecret || s.OnCall == NoCall {
		return station.CallPerson{}, false, parley.Errorf(parley.NotFound, "this link is for no call that runs")
	}
	return station.CallPerson{Name: "A. Alder", Role: "principal"}, !s.GuestAway, nil
}

// JoinAsGuest knows GuestSecret while a call goes.
func (s *Station) JoinAsGuest(_ context.Context, secret string) (station.CallSeat, error) {
	s.Lock()
	defer s.Unlock()
	if secret != GuestSecret || s.OnCall == NoCall {
		return station.CallSeat{}, parley.Errorf(parley.NotFound, "this link is for no call that runs")
	}
	s.GuestAway = false
	return station.CallSeat{Line: Birch, Person: 1}, nil
}

// ConnectCall connects nobody.
func (s *Station) ConnectCall(_ context.Context, at station.CallSeat, _ string) (string, error) {
	return "", parley.Errorf(parley.Malformed, "no offer")
}

// ActOnCall notes it.
func (s *Station) ActOnCall(_ context.Context, at station.CallSeat, a station.CallAct) error {
	return s.onCall("ActOnCall", station.Officer{}, at.Line, at.Person, a.Do, a.What)
}

// ActForSide notes it.
func (s *Station) ActForSide(_ context.Context, by station.Officer, line string, a station.SideAct) error {
	return s.onCall("ActForSide", by, line, a.Do, a.What, fmt.Sprint(a.Person))
}

// PassNote notes it.
func (s *Station) PassNote(_ context.Context, by station.Officer, line, text string) error {
	return s.onCall("PassNote", by, line, text)
}

// SayInChat notes it.
func (s *Station) SayInChat(_ context.Context, at station.CallSeat, text string) error {
	return s.onCall("SayInChat", station.Officer{}, at.Line, at.Person, text)
}

// WriteWording notes it.
func (s *Station) WriteWording(_ context.Context, by station.Officer, line, id string, texts []station.SaidText, before string) (string, error) {
	return s.arrange("WriteWording", by, line, id, fmt.Sprint(texts), before)
}

// JudgeWording notes it.
func (s *Station) JudgeWording(_ context.Context, by station.Officer, line, id, step, text string) error {
	return s.onCall("JudgeWording", by, line, id, step, text)
}

// DisputeRendering notes it.
func (s *Station) DisputeRendering(_ context.Context, by station.Officer, line, id, tongue, heard, meant string) (string, error) {
	return s.arrange("DisputeRendering", by, line, id, tongue, heard, meant)
}
