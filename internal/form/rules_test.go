package form

import (
	"strings"
	"testing"
	"time"

	"parley"
)

func TestEveryFormIsAccepted(t *testing.T) {
	all := samples()
	for _, d := range Definitions() {
		s := all[d.Name].named(t, d.Name)
		if err := Validate(s.form, s.head, newGround()); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

// more entries that are good, each a change to a sample.
func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		form, what string
		change     func(h *Header, f Form, g *ground)
	}{
		{"dispatch", "an answer", func(h *Header, f Form, g *ground) { h.Marker = parley.Answer }},
		{"dispatch", "an answer to an unknown form", func(h *Header, f Form, g *ground) {
			h.Marker, h.Refs = parley.Answer, []parley.Ref{theirUnknown, ourDispatch}
		}},
		{"dispatch", "an instruction the charter allows", func(h *Header, f Form, g *ground) { h.Marker, g.instruct = parley.Instruction, true }},
		{"dispatch", "citing a drill in earnest", func(h *Header, f Form, g *ground) { h.Refs = []parley.Ref{theirDrill} }},
		{"dispatch", "bidi controls in the text", func(h *Header, f Form, g *ground) { f.(*Dispatch).Text = "a\u202eb" }},
		{"dispatch", "a joiner in the subject", func(h *Header, f Form, g *ground) { f.(*Dispatch).Subject = "می\u200cخواهم" }},
		{"dispatch", "the opened entry is not held", func(h *Header, f Form, g *ground) { h.Opened = &parley.Ref{Index: 5} }},
		{"opened", "of a check call", func(h *Header, f Form, g *ground) { h.Refs[0] = theirCall }},
		{"opened", "of an unknown numbered form", func(h *Header, f Form, g *ground) { h.Refs[0] = theirUnknown }},
		{"exercise", "on one path", func(h *Header, f Form, g *ground) { f.(*Exercise).Path = "TLS" }},
		{"opened", "of a drill within it", func(h *Header, f Form, g *ground) { h.Refs[0], h.Exercise = theirDrill, "autumn gale" }},
		{"checkcall", "a call", func(h *Header, f Form, g *ground) { h.Refs = nil; *f.(*CheckCall) = *NewCheckCall(Call) }},
		{"linetest", "a probe", func(h *Header, f Form, g *ground) { h.Refs = nil; f.(*LineTest).Phase = Call }},
		{"exercise", "agreed", func(h *Header, f Form, g *ground) {
			h.Refs = []parley.Ref{theirBegin}
			f.(*Exercise).Phase, f.(*Exercise).Until = ExerciseAgree, 0
		}},
		{"exercise", "our own ended", func(h *Header, f Form, g *ground) {
			h.Refs = []parley.Ref{ourBegin}
			f.(*Exercise).Phase, f.(*Exercise).Until = ExerciseEnd, 0
		}},
		{"assent", "without the document", func(h *Header, f Form, g *ground) { f.(*Assent).Document = nil }},
		{"annex", "the TLS key alone", func(h *Header, f Form, g *ground) { f.(*Annex).Addresses = nil }},
		{"attachments", "of a dispatch not opened here", func(h *Header, f Form, g *ground) {
			e := g.entries[theirDispatch]
			e.Form = nil
			g.entries[theirDispatch] = e
		}},
		{"complaint", "made of any error", func(h *Header, f Form, g *ground) {
			*f.(*Complaint) = *NewComplaint(parley.Errorf(parley.BadForm, "%s\n\u202e\x00", strings.Repeat("é", 3000)))
		}},
	} {
		s := samples()[c.form].named(t, c.form)
		g := newGround()
		c.change(s.head, s.form, g)
		if err := Validate(s.form, s.head, g); err != nil {
			t.Errorf("%s, %s: %v", c.form, c.what, err)
		}
	}
}

type refusal struct {
	form, what string
	kind       parley.Kind
	text       string // part of the error
	change     func(h *Header, f Form, g *ground)
}

func (r refusal) run(t *testing.T) {
	t.Helper()
	s := samples()[r.form].named(t, r.form)
	g := newGround()
	r.change(s.head, s.form, g)
	err := Validate(s.form, s.head, g)
	if err == nil {
		t.Errorf("%s, %s: accepted", r.form, r.what)
		return
	}
	if got := parley.KindOf(err); got != r.kind || !strings.Contains(err.Error(), r.text) {
		t.Errorf("%s, %s: got %v %q, want %v with %q", r.form, r.what, got, err, r.kind, r.text)
	}
}

func ref1(r parley.Ref) func(*Header, Form, *ground) {
	return func(h *Header, _ Form, _ *ground) { h.Refs = []parley.Ref{r} }
}

func TestHeaderRefused(t *testing.T) {
	const bad = parley.BadForm
	many := make([]parley.Ref, 65)
	for i := range many {
		many[i] = at(uint64(1000 + i))
	}
	for _, r := range []refusal{
		{"dispatch", "another form", bad, "the header says", func(h *Header, f Form, g *ground) { h.Form = "service" }},
		{"dispatch", "no form", bad, "form", func(h *Header, f Form, g *ground) { h.Form = "" }},
		{"dispatch", "capitals", bad, "form", func(h *Header, f Form, g *ground) { h.Form = "Dispatch" }},
		{"dispatch", "no office", bad, "from", func(h *Header, f Form, g *ground) { h.From = "" }},
		{"dispatch", "an office not of the charter", bad, "no such office", func(h *Header, f Form, g *ground) { h.From = "cook" }},
		{"dispatch", "an addressee's office not of the charter", bad, "no such office", func(h *Header, f Form, g *ground) { h.To[0].Office = "cook" }},
		{"dispatch", "a stranger", parley.WrongParty, "not a party", func(h *Header, f Form, g *ground) { h.To[0].Party = "cedar" }},
		{"dispatch", "a stranger informed", parley.WrongParty, "not a party", func(h *Header, f Form, g *ground) { h.Info[0].Party = "cedar" }},
		{"dispatch", "a party code that is none", bad, "party", func(h *Header, f Form, g *ground) { h.To[0].Party = "Birch" }},
		{"dispatch", "nobody", bad, "needs an addressee", func(h *Header, f Form, g *ground) { h.To = nil }},
		{"dispatch", "only ourselves", bad, "needs an addressee", func(h *Header, f Form, g *ground) { h.To[0].Party = "alder" }},
		{"dispatch", "twice the same", bad, "twice", func(h *Header, f Form, g *ground) { h.Info = append(h.Info, h.To[0]) }},
		{"dispatch", "too many addressees", bad, "at most 64", func(h *Header, f Form, g *ground) { h.Info = make([]parley.Address, 64) }},
		{"dispatch", "no marker", bad, "needs a marker", func(h *Header, f Form, g *ground) { h.Marker = 0 }},
		{"dispatch", "marker 9", bad, "no marker 9", func(h *Header, f Form, g *ground) { h.Marker = 9 }},
		{"dispatch", "precedence 4", bad, "no precedence 4", func(h *Header, f Form, g *ground) { h.Precedence = 4 }},
		{"dispatch", "no language", bad, "language", func(h *Header, f Form, g *ground) { h.Language = "" }},
		{"dispatch", "a language that is none", bad, "language", func(h *Header, f Form, g *ground) { h.Language = "english_uk" }},
		{"dispatch", "series 2", bad, "no series 2", func(h *Header, f Form, g *ground) { h.Series = 2 }},
		{"dispatch", "the service series", bad, "in series 0", func(h *Header, f Form, g *ground) { h.Series = 1 }},
		{"service", "the traffic series", bad, "in series 1", func(h *Header, f Form, g *ground) { h.Series = 0 }},
		{"dispatch", "an exercise of two lines", bad, "exercise", func(h *Header, f Form, g *ground) { h.Exercise = "a\nb" }},
		{"dispatch", "a long exercise", bad, "at most 64", func(h *Header, f Form, g *ground) { h.Exercise = strings.Repeat("é", 65) }},
		{"dispatch", "too many references", bad, "at most 64", func(h *Header, f Form, g *ground) { h.Refs = many }},
		{"dispatch", "a reference twice", bad, "twice", func(h *Header, f Form, g *ground) { h.Refs = []parley.Ref{theirDispatch, theirDispatch} }},
		{"dispatch", "a reference out of range", bad, "out of range", ref1(at(1 << 60))},
		{"dispatch", "a reference not held", parley.NotFound, "not held", ref1(notHeld)},
		{"dispatch", "opened an own entry", bad, "own one", func(h *Header, f Form, g *ground) { h.Opened = &ourDispatch }},
		{"dispatch", "drafted after the end of time", bad, "range", func(h *Header, f Form, g *ground) { h.Drafted = 1 << 50 }},
		{"dispatch", "serial out of range", bad, "range", func(h *Header, f Form, g *ground) { h.Serial = 1 << 60 }},
		{"service", "a marker", bad, "no marker", func(h *Header, f Form, g *ground) { h.Marker = parley.Request }},
		{"service", "nobody", bad, "needs an addressee", func(h *Header, f Form, g *ground) { h.To = nil }},
		{"service", "no language", bad, "language", func(h *Header, f Form, g *ground) { h.Language = "" }},
		{"opened", "a marker", bad, "no marker", func(h *Header, f Form, g *ground) { h.Marker = parley.Answer }},
		{"leave", "as an exercise", bad, "never part of an exercise", func(h *Header, f Form, g *ground) { h.Exercise = "autumn gale" }},
		{"assent", "as an exercise", bad, "never part of an exercise", func(h *Header, f Form, g *ground) { h.Exercise = "autumn gale" }},
		{"incumbent", "as an exercise", bad, "never part of an exercise", func(h *Header, f Form, g *ground) { h.Exercise = "autumn gale" }},
		{"exercise", "as an exercise", bad, "never part of an exercise", func(h *Header, f Form, g *ground) { h.Exercise = "autumn gale" }},
		{"seen", "a reference", bad, "refers to no entry", ref1(theirDispatch)},
		{"key", "a reference", bad, "refers to no entry", ref1(theirDispatch)},
	} {
		r.run(t)
	}
}

func TestReferencesRefused(t *testing.T) {
	const bad = parley.BadForm
	none := func(h *Header, _ Form, _ *ground) { h.Refs = nil }
	two := func(h *Header, _ Form, _ *ground) { h.Refs = []parley.Ref{theirDispatch, theirService} }
	for _, r := range []refusal{
		{"opened", "nothing", bad, "exactly 1", none},
		{"opened", "two entries", bad, "exactly 1", two},
		{"opened", "an own entry", bad, "never to an own one", ref1(ourDispatch)},
		{"opened", "a receipt", bad, "cannot refer to opened", ref1(theirReceipt)},
		{"opened", "a line test", bad, "cannot refer to linetest", ref1(theirProbe)},
		{"opened", "an entry nobody opened", bad, "nobody could open", ref1(theirUnopened)},
		{"opened", "an unknown unnumbered form", bad, "cannot refer to whisper", ref1(theirUnhandled)},
		{"opened", "a drill, in earnest", bad, "exercise", ref1(theirDrill)},
		{"opened", "a real entry, in a drill", bad, "exercise", func(h *Header, f Form, g *ground) { h.Exercise = "autumn gale" }},
		{"opened", "a drill, in another", bad, "exercise", func(h *Header, f Form, g *ground) { h.Refs[0], h.Exercise = theirDrill, "winter gale" }},
		{"opened", "not held", parley.NotFound, "not held", ref1(notHeld)},
		{"translated", "before opened", bad, "comes after opened", ref1(theirService)},
		{"translated", "an own entry", bad, "never to an own one", ref1(ourDispatch)},
		{"informed", "before opened", bad, "comes after opened", ref1(theirService)},
		{"informed", "two entries", bad, "exactly 1", two},
		{"disregard", "theirs", bad, "refers to an own entry", ref1(theirDispatch)},
		{"disregard", "a disregard", bad, "cannot refer to disregard", ref1(ourDisregard)},
		{"disregard", "an assent", bad, "cannot refer to assent", ref1(ourAssent)},
		{"disregard", "nothing", bad, "exactly 1", none},
		{"disregard", "a drill, in earnest", bad, "exercise", ref1(ourDrill)},
		{"query", "theirs", bad, "refers to an own entry", ref1(theirDispatch)},
		{"query", "a check call", bad, "cannot refer to checkcall", ref1(ourCall)},
		{"tracer", "theirs", bad, "refers to an own entry", ref1(theirDispatch)},
		{"tracer", "nothing", bad, "exactly 1", none},
		{"readback", "of nothing", bad, "exactly 1", none},
		{"readback", "of a check call", bad, "cannot refer to checkcall", ref1(theirCall)},
		{"readback", "given of an own entry", bad, "another party's entry", ref1(ourDispatch)},
		{"readback", "asked with words", bad, "words in 1 and 3 alone", func(h *Header, f Form, g *ground) { h.Refs[0], f.(*ReadBack).Step = ourDispatch, ReadBackAsked }},
		{"readback", "asked of theirs", bad, "asked of an own entry", func(h *Header, f Form, g *ground) { *f.(*ReadBack) = ReadBack{Step: ReadBackAsked} }},
		{"readback", "right, of a dispatch", bad, "found right or wrong", func(h *Header, f Form, g *ground) { *f.(*ReadBack) = ReadBack{Step: ReadBackRight} }},
		{"readback", "a drill, in earnest", bad, "exercise", ref1(theirDrill)},
		{"checkcall", "an answer to nothing", bad, "refers to what it answers", none},
		{"checkcall", "an answer to ourselves", bad, "never to an own one", ref1(ourCall)},
		{"checkcall", "an answer to a dispatch", bad, "cannot refer to dispatch", ref1(theirDispatch)},
		{"checkcall", "an answer to an answer", bad, "never an answer", func(h *Header, f Form, g *ground) {
			e := g.entries[theirCall]
			e.Form = NewCheckCall(Answer)
			g.entries[theirCall] = e
		}},
		{"checkcall", "a call that refers", bad, "refers to nothing", func(h *Header, f Form, g *ground) { *f.(*CheckCall) = *NewCheckCall(Call) }},
		{"linetest", "an answer to an answer", bad, "never an answer", ref1(theirAnswer)},
		{"linetest", "an answer to nothing", bad, "refers to what it answers", none},
		{"linetest", "a probe that refers", bad, "refers to nothing", func(h *Header, f Form, g *ground) { f.(*LineTest).Phase = Call }},
		{"attachments", "a service message", bad, "cannot refer to service", ref1(theirService)},
		{"attachments", "ours", bad, "never to an own one", ref1(ourDispatch)},
		{"attachments", "a file it does not name", bad, "names no file", func(h *Header, f Form, g *ground) { f.(*Attachments).Hashes[0] = [32]byte{1} }},
		{"complaint", "ours", bad, "never to an own one", ref1(ourDispatch)},
		{"complaint", "nothing", bad, "exactly 1", none},
		{"dispatch", "an answer to nothing", bad, "refers first", func(h *Header, f Form, g *ground) { h.Marker, h.Refs = parley.Answer, nil }},
		{"dispatch", "an answer to ourselves", bad, "never to an own one", func(h *Header, f Form, g *ground) { h.Marker, h.Refs = parley.Answer, []parley.Ref{ourDispatch} }},
		{"dispatch", "an answer to a receipt", bad, "cannot refer to opened", func(h *Header, f Form, g *ground) { h.Marker, h.Refs = parley.Answer, []parley.Ref{theirReceipt} }},
		{"dispatch", "a real answer to a drill", bad, "exercise", func(h *Header, f Form, g *ground) { h.Marker, h.Refs = parley.Answer, []parley.Ref{theirDrill} }},
		{"dispatch", "a drill's answer to what is real", bad, "exercise", func(h *Header, f Form, g *ground) { h.Marker, h.Exercise = parley.Answer, "autumn gale" }},
		{"exercise", "agreed to nothing", bad, "refers to what", func(h *Header, f Form, g *ground) { f.(*Exercise).Phase, f.(*Exercise).Until = ExerciseAgree, 0 }},
		{"exercise", "agreed to ourselves", bad, "own exercise", func(h *Header, f Form, g *ground) {
			h.Refs = []parley.Ref{ourBegin}
			f.(*Exercise).Phase, f.(*Exercise).Until = ExerciseAgree, 0
		}},
		{"exercise", "ended under another name", bad, "is not the", func(h *Header, f Form, g *ground) {
			h.Refs = []parley.Ref{theirBegin}
			*f.(*Exercise) = Exercise{Phase: ExerciseEnd, Title: "winter gale"}
		}},
		{"exercise", "ended by an agreement's reference", bad, "never an answer", func(h *Header, f Form, g *ground) {
			h.Refs = []parley.Ref{theirAgree}
			f.(*Exercise).Phase, f.(*Exercise).Until = ExerciseEnd, 0
		}},
		{"exercise", "begun with a reference", bad, "refers to nothing", ref1(theirBegin)},
	} {
		r.run(t)
	}
}

func TestCheckSerial(t *testing.T) {
	for _, c := range []struct {
		form                string
		serial, series, end uint64
		ok                  bool
	}{
		{"dispatch", 4, 0, 4, true}, {"service", 4, 1, 4, true}, {"opened", 0, 0, 0, true}, {"seen", 0, 0, 0, true},
		{"agreement", 4, 1, 4, true}, {"agreement", 0, 0, 0, true},
		{"dispatch", 4, 0, 5, false}, {"dispatch", 4, 0, 0, false}, {"dispatch", 0, 0, 0, false}, {"dispatch", 4, 1, 4, false},
		{"service", 4, 0, 4, false}, {"opened", 1, 0, 1, false}, {"seen", 0, 0, 1, false}, {"opened", 0, 1, 0, false}, {"agreement", 4, 0, 3, false},
	} {
		h := &Header{Form: c.form, Serial: c.serial, Series: c.series}
		err := h.CheckSerial(c.end)
		if (err == nil) != c.ok || err != nil && parley.KindOf(err) != parley.BadSerial {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestDeadline(t *testing.T) {
	now := time.Unix(1795442000, 0)
	ask := func(p parley.Precedence) time.Duration { return p.Objective() }
	if by, ok := Deadline(&Header{Form: "dispatch", Precedence: parley.Flash}, now, ask); !ok || !by.Equal(now.Add(10*time.Minute)) {
		t.Errorf("FLASH dispatch: got %v %v", by, ok)
	}
	if _, ok := Deadline(&Header{Form: "agreement", Serial: 3}, now, ask); !ok {
		t.Error("an unknown numbered form has no objective")
	}
	for _, name := range []string{"opened", "linetest", "seen", "key", "whisper"} {
		if _, ok := Deadline(&Header{Form: name}, now, ask); ok {
			t.Errorf("%s has an objective", name)
		}
	}
}

func TestClasses(t *testing.T) {
	for name, want := range map[string]struct{ technical, receipt, settles, numbered bool }{
		"dispatch": {false, false, true, true}, "opened": {false, true, true, false}, "linetest": {true, false, false, false},
		"seen": {true, false, false, false}, "key": {true, false, true, false}, "agreement": {false, false, true, false},
	} {
		_, numbered := Series(name)
		if IsTechnical(name) != want.technical || IsReceipt(name) != want.receipt || WantsSettling(name) != want.settles || numbered != want.numbered {
			t.Errorf("%s: technical %v, receipt %v, settles %v, numbered %v", name, IsTechnical(name), IsReceipt(name), WantsSettling(name), numbered)
		}
	}
}
