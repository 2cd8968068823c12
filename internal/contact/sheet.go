package contact

import (
	"fmt"
	"strings"
	"time"

	"parley/internal/form"
	"parley/internal/sheet"
)

// What the forms show, in order (package sheet).

type sheetOf struct{ fields []sheet.Field }

func (s *sheetOf) add(code, name, value string) {
	if value != "" {
		s.fields = append(s.fields, sheet.Field{Code: code, Name: name, Value: value})
	}
}

// Sheet shows what is called off.
func (f *CallOff) Sheet() []sheet.Field {
	var s sheetOf
	s.add("reason", "reason", f.Reason.String())
	s.add("text", "text", f.Text)
	s.add("next", "next offer by", clock(f.Next))
	return s.fields
}

// Sheet shows a point.
func (f *Point) Sheet() []sheet.Field {
	var s sheetOf
	s.add("kind", "kind", f.Kind.String())
	s.add("step", "step", [...]string{"proposed", "agreed", "refused", "done"}[min(f.Step, Done)])
	s.add("text", "text", f.Text)
	s.add("owner", "owner", f.Owner)
	s.add("due", "due", clock(f.Due))
	if f.Role != 0 {
		s.add("role", "role", f.Role.String())
	}
	return s.fields
}

// Sheet shows a stance.
func (f *Stance) Sheet() []sheet.Field {
	var s sheetOf
	s.add("topic", "topic", f.Topic)
	s.add("stand", "stand", f.Stand.String())
	s.add("position", "position", f.Position)
	s.add("releasability", "releasability", f.Release)
	return s.fields
}

// Sheet shows what is asked.
func (f *Ask) Sheet() []sheet.Field {
	var s sheetOf
	s.add("sort", "asks for", f.Sort.String())
	s.add("topic", "topic", f.Topic)
	s.add("text", "text", f.Text)
	s.add("answer by", "answer by", clock(f.By))
	s.add("quote", "quote", f.Quote)
	s.add("source", "source", f.Source)
	s.add("said", "said on", f.Said)
	return s.fields
}

// Sheet shows an answer.
func (f *Answer) Sheet() []sheet.Field {
	var s sheetOf
	s.add("outcome", "outcome", f.Outcome.String())
	s.add("text", "text", f.Text)
	return s.fields
}

// clock shows UTC seconds to the minute.
func clock(t uint64) string {
	switch {
	case t == 0:
		return ""
	case t > form.MaxTime:
		return "out of range"
	}
	return time.Unix(int64(t), 0).UTC().Format("2006-01-02 15:04 UTC")
}

// Sheet shows a request.
func (r *Request) Sheet() []sheet.Field {
	var s sheetOf
	s.add("level", "level", r.Level.String())
	s.add("medium", "medium", r.Medium.String())
	for _, t := range r.Topics {
		s.add("topic", "topic", t)
	}
	for i, w := range r.Windows {
		s.add("window", fmt.Sprintf("window %d", i+1), w.String()+" UTC")
	}
	s.add("zone", "time zone", r.Zone)
	s.add("languages", "languages", strings.Join(r.Languages, ", "))
	if r.Interpreting != NotInterpreted {
		s.add("interpreting", "interpreting", r.Interpreting.String())
	}
	s.add("interpreters", "interpreters", r.Brings)
	s.people(r.Participants)
	if r.Recording != NotRecorded {
		s.add("recording", "recording", r.Recording.String())
	}
	s.add("answer by", "answer by", clock(r.AnswerBy))
	s.add("text", "text", r.Text)
	s.minutes(r.Minutes)
	s.add("place", "place", r.Place)
	return s.fields
}

func (s *sheetOf) people(ps []Participant) {
	for _, p := range ps {
		text := p.Name
		if p.Title != "" {
			text += ", " + p.Title
		}
		s.add("participant", p.Role.String(), text)
	}
}

func (s *sheetOf) minutes(n uint64) {
	if n > 0 {
		s.add("length", "length", fmt.Sprintf("%d min", n))
	}
}

// Sheet shows a reply.
func (r *Reply) Sheet() []sheet.Field {
	var s sheetOf
	s.add("phase", "phase", [...]string{"accepted", "declined"}[min(r.Phase, Decline)])
	if r.Window > 0 {
		s.add("window", "window", fmt.Sprint(r.Window))
	}
	if r.Reason > 0 {
		s.add("reason", "reason", r.Reason.String())
	}
	s.add("text", "text", r.Text)
	s.add("next", "next offer by", clock(r.Next))
	s.people(r.Participants)
	s.add("zone", "time zone", r.Zone)
	s.add("start", "start", clock(r.Start))
	return s.fields
}

// Sheet shows a register entry.
func (r *Register) Sheet() []sheet.Field {
	var s sheetOf
	s.add("phase", "phase", [...]string{"entered", "confirmed", "disputed", "taken back"}[min(r.Phase, TakeBack)])
	for i := range r.Rows {
		x := &r.Rows[i]
		text := fmt.Sprintf("%s, %s, %s: %s and %s; source: %s", x.Date, x.Level, x.Medium, x.Ours, x.Theirs, x.Source)
		if len(x.Topics) > 0 {
			text += "; " + strings.Join(x.Topics, ", ")
		}
		if x.Minutes > 0 {
			text += fmt.Sprintf("; %d min", x.Minutes)
		}
		s.add("row", fmt.Sprintf("contact %d", i+1), text)
	}
	if len(r.Which) > 0 {
		s.add("which", "which", strings.Trim(fmt.Sprint(r.Which), "[]"))
	}
	s.add("text", "text", r.Text)
	return s.fields
}
