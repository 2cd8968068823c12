package contact

import (
	"slices"

	"parley/internal/form"
)

// A Stance is where a side stands on a topic, in its own words if it chooses.
type Stance struct {
	form.Rest
	Topic    string `cbor:"1,keyasint"`
	Stand    Stand  `cbor:"2,keyasint"`
	Position string `cbor:"3,keyasint,omitempty"`
	Release  string `cbor:"4,keyasint,omitempty"` // to whom it may be shown
}

func stanceForm() form.Definition {
	return form.Definition{
		Name: "stance", Title: "Stance", About: "Says where the writer's side stands on a topic. A later one takes the place of an earlier.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Max: 1}, Of: form.Target{Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "topic", Type: "tstr", Required: true, About: "one line, at most 120 characters"},
			{Key: 2, Code: "stand", Type: "0..2", Required: true, About: "0 cooperate, 1 contested, 2 not open to change"},
			{Key: 3, Code: "position", Type: "tstr", About: "at most 4,000 bytes"},
			{Key: 4, Code: "releasability", Type: "tstr", About: "to whom it may be shown: one line, at most 500 characters"},
		},
		New: func() form.Form { return new(Stance) },
	}
}

// Name is "stance".
func (*Stance) Name() string { return "stance" }

// Check holds it to spec/contacts.md.
func (s *Stance) Check() error {
	return firstError(form.CheckLine("the topic", s.Topic, maxTopic), within("stand", standWords, s.Stand),
		checkNote("the position", s.Position), form.CheckOptionalLine("the releasability", s.Release, maxSource))
}

// An Ask puts a demand, a question, or asks what a public statement is worth.
type Ask struct {
	form.Rest
	Sort  Sort   `cbor:"1,keyasint"`
	Topic string `cbor:"2,keyasint"`
	Text  string `cbor:"3,keyasint"`
	By    uint64 `cbor:"4,keyasint,omitempty"` // answer asked by, UTC seconds
	// Of a clarification: the statement that is meant.
	Quote  string `cbor:"5,keyasint,omitempty"`
	Source string `cbor:"6,keyasint,omitempty"`
	Said   string `cbor:"7,keyasint,omitempty"` // YYYY-MM-DD
}

func askForm() form.Definition {
	return form.Definition{
		Name: "ask", Title: "Demand, question or clarification", About: "Puts a demand or a question, or asks whether a public statement is to be taken as said.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Max: 1}, Of: form.Target{Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "sort", Type: "0..2", Required: true, About: "0 demand, 1 question, 2 clarification of a public statement"},
			{Key: 2, Code: "topic", Type: "tstr", Required: true, About: "one line, at most 120 characters"},
			{Key: 3, Code: "text", Type: "tstr", Required: true, About: "at most 4,000 bytes"},
			{Key: 4, Code: "answer by", Type: "uint", About: "until when an answer is asked for"},
			{Key: 5, Code: "quote", Type: "tstr", About: "there exactly in a clarification: the words, at most 4,000 bytes"},
			{Key: 6, Code: "source", Type: "tstr", About: "there exactly in a clarification: one line, at most 500 characters"},
			{Key: 7, Code: "said on", Type: "tstr", About: "there exactly in a clarification: YYYY-MM-DD"},
		},
		New: func() form.Form { return new(Ask) },
	}
}

// Name is "ask".
func (*Ask) Name() string { return "ask" }

// Check holds it to spec/contacts.md.
func (a *Ask) Check() error {
	quoted := a.Quote != "" && a.Source != "" && a.Said != ""
	bare := a.Quote == "" && a.Source == "" && a.Said == ""
	if a.Sort == Clarification && !quoted || a.Sort != Clarification && !bare {
		return refuse("a clarification, and it alone, quotes a statement with its source and date")
	}
	if quoted {
		if _, err := ParseDate(a.Said); err != nil {
			return err
		}
	}
	return firstError(within("sort", sortWords, a.Sort), form.CheckLine("the topic", a.Topic, maxTopic), form.CheckText("the text", a.Text, maxNote),
		checkTimes("the time", a.By), checkNote("the quote", a.Quote), form.CheckOptionalLine("the source", a.Source, maxSource))
}

// An Answer answers what another party asked.
type Answer struct {
	form.Rest
	Outcome Outcome `cbor:"1,keyasint"`
	Text    string  `cbor:"2,keyasint,omitempty"`
}

func answerForm() form.Definition {
	return form.Definition{
		Name: "answer", Title: "Answer", About: "Answers a demand, a question or a request for clarification. A later one takes the place of an earlier.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Whose: form.Theirs, Forms: []string{"ask"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "outcome", Type: "0..7", Required: true, About: "of a demand: 0 accepted, 1 refused, 2 reserved; of a question: 3 answered, 2 reserved, 1 refused; of a clarification: 4 authoritative, 5 not authoritative, 6 superseded, 7 no comment"},
			{Key: 2, Code: "text", Type: "tstr", About: "at most 4,000 bytes; there when a question is answered"},
		},
		New: func() form.Form { return new(Answer) },
	}
}

// Name is "answer".
func (*Answer) Name() string { return "answer" }

// Check holds it to spec/contacts.md.
func (a *Answer) Check() error {
	if a.Outcome == Answered && a.Text == "" {
		return refuse("an answer to a question has a text")
	}
	return firstError(within("outcome", outcomeWords, a.Outcome), checkNote("the text", a.Text))
}

// Rules holds the outcome to what was asked.
func (a *Answer) Rules(h *form.Header, c form.Context) error {
	e, ok := c.Entry(h.Refs[0])
	if asked, is := e.Form.(*Ask); ok && is && asked.Sort <= Clarification && !slices.Contains(outcomesOf[asked.Sort], a.Outcome) {
		return refuse("a %s is not answered by %s", asked.Sort, a.Outcome)
	}
	return nil
}
