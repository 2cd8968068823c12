package form

import (
	"bytes"
	"testing"

	"parley"
	"parley/internal/key"
)

// ground is a line as rules see it: Alder writes unless a test says otherwise.
type ground struct {
	writer   parley.PartyCode
	instruct bool
	entries  map[parley.Ref]Entry
	opened   map[parley.Ref]bool
}

func (g *ground) Writer() parley.PartyCode              { return g.writer }
func (g *ground) HasParty(c parley.PartyCode) bool      { return c == "alder" || c == "birch" }
func (g *ground) HasOffice(o parley.Office) bool        { return o == parley.Envoy || o == parley.Watch }
func (g *ground) InstructionAllowed() bool              { return g.instruct }
func (g *ground) Entry(r parley.Ref) (Entry, bool)      { e, ok := g.entries[r]; return e, ok }
func (g *ground) Receipted(r parley.Ref, n string) bool { return n == "opened" && g.opened[r] }

// Entries of the ground: theirs at even, ours at odd indices.
func at(i uint64) parley.Ref { return parley.Ref{Gen: parley.GenerationID{1, 2, 3}, Index: i} }

var (
	theirDispatch  = at(0)
	ourDispatch    = at(1)
	theirCall      = at(2)
	ourCall        = at(3)
	theirProbe     = at(4)
	theirAnswer    = at(6)
	theirDrill     = at(8) // an EXERCISE dispatch
	ourDrill       = at(9)
	theirReceipt   = at(10)
	ourDisregard   = at(11)
	theirUnopened  = at(12) // nobody could open it
	theirUnknown   = at(14) // of an unknown form, numbered
	theirBegin     = at(16)
	ourBegin       = at(17)
	theirService   = at(18)
	theirUnhandled = at(20) // of an unknown form, unnumbered
	ourAssent      = at(21)
	theirAgree     = at(22)
	notHeld        = at(99)
)

var blob = [32]byte{7}

func newGround() *ground {
	file := Attachment{Name: "map.pdf", Type: "application/pdf", Size: 10, Sealed: 42, Hash: blob, Key: [32]byte{8}}
	h := func(name string, serial uint64) *Header { return &Header{Form: name, Serial: serial, From: "envoy"} }
	drill := h("dispatch", 2)
	drill.Exercise = "autumn gale"
	return &ground{writer: "alder", opened: map[parley.Ref]bool{theirDispatch: true}, entries: map[parley.Ref]Entry{
		theirDispatch:  {"birch", h("dispatch", 1), &Dispatch{Subject: "a", Text: "b", Attachments: []Attachment{file}}},
		ourDispatch:    {"alder", h("dispatch", 1), &Dispatch{Subject: "a", Text: "b"}},
		theirCall:      {"birch", h("checkcall", 1), NewCheckCall(Call)},
		ourCall:        {"alder", h("checkcall", 1), NewCheckCall(Call)},
		theirProbe:     {"birch", h("linetest", 0), &LineTest{Phase: Call}},
		theirAnswer:    {"birch", h("linetest", 0), &LineTest{Phase: Answer}},
		theirDrill:     {"birch", drill, &Dispatch{Subject: "a", Text: "b"}},
		ourDrill:       {"alder", drill, &Dispatch{Subject: "a", Text: "b"}},
		theirReceipt:   {"birch", h("opened", 0), &Opened{}},
		ourDisregard:   {"alder", h("disregard", 3), &Disregard{}},
		theirUnopened:  {"birch", nil, nil},
		theirUnknown:   {"birch", h("agreement", 5), nil},
		theirBegin:     {"birch", h("exercise", 6), &Exercise{Phase: ExerciseBegin, Title: "autumn gale", Until: 1}},
		ourBegin:       {"alder", h("exercise", 6), &Exercise{Phase: ExerciseBegin, Title: "autumn gale", Until: 1}},
		theirService:   {"birch", h("service", 2), &Service{Subject: "a", Text: "b"}},
		theirUnhandled: {"birch", h("whisper", 0), nil},
		ourAssent:      {"alder", h("assent", 7), &Assent{}},
		theirAgree:     {"birch", h("exercise", 7), &Exercise{Phase: ExerciseAgree, Title: "autumn gale"}},
	}}
}

// sample is a valid entry of each form, by Alder.
type sample struct {
	head *Header
	form Form
}

func samples() map[string]sample {
	birch := []parley.Address{{Party: "birch", Office: "envoy"}}
	var pub key.ReceivingPublic
	copy(pub[:], bytes.Repeat([]byte{5}, len(pub)))
	tls := [32]byte{3}
	doc := []byte("a charter")
	return map[string]sample{
		"dispatch": {&Header{From: "envoy", To: birch, Info: []parley.Address{{Party: "alder", Office: "watch"}}, Marker: parley.Question,
			Precedence: parley.Flash, Language: "en", Refs: []parley.Ref{theirDispatch}, Drafted: 1795442000, Opened: &theirDispatch},
			&Dispatch{Subject: "Aircraft, 14.2N 115.1E", Text: "Is it yours?\n\tPlease say.", Legal: "Protocol of 2019, art. 4", Releasability: "both staffs",
				Attachments: []Attachment{{Name: "图.pdf", Type: "application/pdf", Size: 10, Sealed: 42, Hash: blob, Key: [32]byte{8}}},
				Reason:      "two minutes from the border", Remarks: "none"}},
		"disregard":   {&Header{From: "envoy", To: birch, Refs: []parley.Ref{ourDispatch}}, &Disregard{Reason: "sent in error"}},
		"incumbent":   {&Header{From: "envoy"}, &Incumbent{Office: "envoy", Person: "A. Ruiz", Address: "Ambassador", From: 1795442000, Until: 1795443000, Languages: []string{"en", "zh-Hant"}, Hours: "Mon-Fri 0800-1800Z", Deputy: "B. Vega"}},
		"assent":      {&Header{From: "envoy"}, NewAssent(ToCharter, doc, true)},
		"annex":       {&Header{From: "watch"}, &Annex{Addresses: []string{"quic://192.0.2.7:7100", "tls://[2001:db8::7]:7100"}, TLS: &tls}},
		"leave":       {&Header{From: "envoy"}, &Leave{Reason: "the line has ended"}},
		"exercise":    {&Header{From: "envoy", To: birch}, &Exercise{Phase: ExerciseBegin, Title: "autumn gale", Until: 1795443000}},
		"service":     {&Header{From: "watch", To: birch, Language: "en", Series: ServiceSeries}, &Service{Subject: "path", Text: "cable work at noon"}},
		"query":       {&Header{From: "watch", To: birch, Refs: []parley.Ref{ourDispatch}, Series: ServiceSeries}, &Query{Text: AutomaticQuery, Automatic: true}},
		"tracer":      {&Header{From: "watch", To: birch, Refs: []parley.Ref{ourDispatch}, Series: ServiceSeries}, &Tracer{Text: "where is it", Rung: uint64(parley.Opened)}},
		"readback":    {&Header{From: "watch", To: birch, Language: "en", Refs: []parley.Ref{theirDispatch}, Series: ServiceSeries}, &ReadBack{Step: ReadBackGiven, Text: "We are asked whose aircraft it is."}},
		"checkcall":   {&Header{From: "watch", To: birch, Refs: []parley.Ref{theirCall}, Series: ServiceSeries}, NewCheckCall(Answer)},
		"opened":      {&Header{From: "watch", Refs: []parley.Ref{theirDispatch}}, &Opened{Wording: parley.ReceiptWording, Time: 1795442040}},
		"translated":  {&Header{From: "watch", Refs: []parley.Ref{theirDispatch}}, &Translated{Wording: parley.ReceiptWording, Time: 1795442040, Language: "en"}},
		"informed":    {&Header{From: "watch", Refs: []parley.Ref{theirDispatch}}, &Informed{Wording: parley.ReceiptWording, Time: 1795442040}},
		"attachments": {&Header{From: "watch", Refs: []parley.Ref{theirDispatch}}, &Attachments{Hashes: [][32]byte{blob}}},
		"complaint":   {&Header{From: "watch", Refs: []parley.Ref{theirUnopened}}, &Complaint{Kind: "unreadable", Text: "no secret of epoch 3"}},
		"linetest": {&Header{From: "watch", Refs: []parley.Ref{theirProbe}}, &LineTest{Phase: Answer, Logs: []LogHeld{{Gen: parley.GenerationID{1}, Size: 4, Root: [32]byte{9}}},
			Clock: 1795442040123, Paths: []PathSeen{{Name: "QUIC", Up: true, RTT: 31000}, {Name: "TLS"}}, Text: 2}},
		"key":  {&Header{From: "watch"}, &Key{Public: pub}},
		"seen": {&Header{From: "watch"}, &Seen{}},
	}
}

// named gives a sample's header its form's name, as every test starts.
func (s sample) named(t *testing.T, name string) sample {
	t.Helper()
	if s.form == nil {
		t.Fatalf("there is no sample of %s", name)
	}
	s.head.Form = name
	return s
}
