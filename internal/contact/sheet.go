package contact

import (
	"fmt"
	"strings"

	"parley/internal/sheet"
)

// What the forms show, in order (package sheet).

// Sheet shows what is called off.
func (f *CallOff) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("reason", "reason", f.Reason.String())
	s.Add("text", "text", f.Text)
	s.Add("next", "next offer by", sheet.Clock(f.Next))
	return s
}

// Sheet shows a point.
func (f *Point) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("kind", "kind", f.Kind.String())
	s.Add("step", "step", [...]string{"proposed", "agreed", "refused", "done"}[min(f.Step, Done)])
	s.Add("text", "text", f.Text)
	s.Add("owner", "owner", f.Owner)
	s.Add("due", "due", sheet.Clock(f.Due))
	if f.Role != 0 {
		s.Add("role", "role", f.Role.String())
	}
	if f.Document != nil {
		s.Add("document", "document", fmt.Sprintf("attachment %x of %s", f.Document.File[:8], f.Document.Ref()))
	}
	return s
}

// Sheet shows a stance.
func (f *Stance) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("topic", "topic", f.Topic)
	s.Add("stand", "stand", f.Stand.String())
	s.Add("position", "position", f.Position)
	s.Add("releasability", "releasability", f.Release)
	return s
}

// Sheet shows what is asked.
func (f *Ask) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("sort", "asks for", f.Sort.String())
	s.Add("topic", "topic", f.Topic)
	s.Add("text", "text", f.Text)
	s.Add("answer by", "answer by", sheet.Clock(f.By))
	s.Add("quote", "quote", f.Quote)
	s.Add("source", "source", f.Source)
	s.Add("said", "said on", f.Said)
	return s
}

// Sheet shows an answer.
func (f *Answer) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("outcome", "outcome", f.Outcome.String())
	s.Add("text", "text", f.Text)
	return s
}

// Sheet shows a request.
func (r *Request) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("level", "level", r.Level.String())
	s.Add("medium", "medium", r.Medium.String())
	for _, t := range r.Topics {
		s.Add("topic", "topic", t)
	}
	for i, w := range r.Windows {
		s.Add("window", fmt.Sprintf("window %d", i+1), w.String()+" UTC")
	}
	s.Add("zone", "time zone", r.Zone)
	s.Add("languages", "languages", strings.Join(r.Languages, ", "))
	if r.Interpreting != NotInterpreted {
		s.Add("interpreting", "interpreting", r.Interpreting.String())
	}
	s.Add("interpreters", "interpreters", r.Brings)
	people(&s, r.Participants)
	if r.Recording != NotRecorded {
		s.Add("recording", "recording", r.Recording.String())
	}
	s.Add("answer by", "answer by", sheet.Clock(r.AnswerBy))
	s.Add("text", "text", r.Text)
	minutes(&s, r.Minutes)
	s.Add("place", "place", r.Place)
	return s
}

func people(s *sheet.List, ps []Participant) {
	for _, p := range ps {
		text := p.Name
		if p.Title != "" {
			text += ", " + p.Title
		}
		s.Add("participant", p.Role.String(), text)
	}
}

func minutes(s *sheet.List, n uint64) {
	if n > 0 {
		s.Add("length", "length", fmt.Sprintf("%d min", n))
	}
}

// Sheet shows a reply.
func (r *Reply) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("phase", "phase", [...]string{"accepted", "declined"}[min(r.Phase, Decline)])
	if r.Window > 0 {
		s.Add("window", "window", fmt.Sprint(r.Window))
	}
	if r.Reason > 0 {
		s.Add("reason", "reason", r.Reason.String())
	}
	s.Add("text", "text", r.Text)
	s.Add("next", "next offer by", sheet.Clock(r.Next))
	people(&s, r.Participants)
	s.Add("zone", "time zone", r.Zone)
	s.Add("start", "start", sheet.Clock(r.Start))
	return s
}

// Sheet shows a register entry.
func (r *Register) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("phase", "phase", [...]string{"entered", "confirmed", "disputed", "taken back"}[min(r.Phase, TakeBack)])
	for i := range r.Rows {
		x := &r.Rows[i]
		text := fmt.Sprintf("%s, %s, %s: %s and %s; source: %s", x.Date, x.Level, x.Medium, x.Ours, x.Theirs, x.Source)
		if len(x.Topics) > 0 {
			text += "; " + strings.Join(x.Topics, ", ")
		}
		if x.Minutes > 0 {
			text += fmt.Sprintf("; %d min", x.Minutes)
		}
		for i, p := range x.Participants {
			text += []string{", ", "; taking part: "}[map[bool]int{true: 1}[i == 0]] + p.Name + " (" + p.Role.String() + ")"
		}
		s.Add("row", fmt.Sprintf("contact %d", i+1), text)
	}
	if len(r.Which) > 0 {
		s.Add("which", "which", strings.Trim(fmt.Sprint(r.Which), "[]"))
	}
	s.Add("text", "text", r.Text)
	return s
}
