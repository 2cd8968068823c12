package recordtest

import (
	"parley"
	"parley/internal/charter"
	"parley/internal/form"
)

// Start of every story, UTC seconds: 231400Z NOV 26.
const Start = 1_795_442_400

// Story is a small line of two in which Alder asked, and Birch opened.
type Story struct {
	*Line
	Alder, Birch *Log
	Question     parley.Ref
	Opened       parley.Ref
}

// NewStory plays it: each side has an epoch in effect, Alder asks, Birch says
// that it opened the question. Both have signed everything.
func NewStory(annex func(*charter.Annex)) *Story {
	s := &Story{Line: New(annex, "alder", "birch")}
	s.Alder, s.Birch = s.Parties[0].First, s.Parties[1].First
	a, b := s.Alder, s.Birch
	a.Announce(Start, nil)
	a.Checkpoint()
	b.Receive(a, Start+1)
	b.Announce(Start+1, b.See())
	b.Checkpoint()
	a.Receive(b, Start+1)
	a.Write(Start+2, form.Header{}, &form.Seen{})
	a.Checkpoint()
	b.Write(Start+3, form.Header{}, &form.Seen{})
	b.Checkpoint()
	s.Question = a.Write(Start+60, form.Header{From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}}, Precedence: parley.Immediate,
		Marker: parley.Question, Language: "en"}, &form.Dispatch{Subject: "Your exercise", Text: "Is the exercise in the northern sector yours?"})
	a.Checkpoint()
	b.Receive(a, Start+61)
	s.Opened = b.Write(Start+120, form.Header{Refs: []parley.Ref{s.Question}}, &form.Opened{Wording: parley.ReceiptWording, Time: Start + 120})
	b.Checkpoint()
	a.Receive(b, Start+121)
	return s
}

// Answer lets Birch answer the question, and both sign it.
func (s *Story) Answer(time uint64) parley.Ref {
	r := s.Birch.Write(time, form.Header{From: parley.Envoy, To: []parley.Address{{Party: "alder", Office: parley.Envoy}}, Marker: parley.Answer,
		Language: "zh", Refs: []parley.Ref{s.Question}}, &form.Dispatch{Subject: "答复", Text: "是我们的例行演习。"})
	s.Birch.Checkpoint()
	s.Alder.Receive(s.Birch, time+1)
	return r
}
