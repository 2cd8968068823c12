package call

import (
	"strings"
	"testing"

	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/sheet"
)

// filled are the forms of calls with every field.
func filled() map[string]form.Form {
	return map[string]form.Form{
		"ring":      &Ring{Level: contact.Leader, Medium: contact.Video, Interpreting: contact.Simultaneous, Recording: contact.NotesByHands, Text: "t"},
		"pickup":    &Pickup{Phase: Decline, Reason: contact.OtherReason, Text: "t"},
		"hangup":    &Hangup{Outcome: Broken, Began: 60, Talk: []Talk{{Tongue: "en", Millis: 3_723_000}, {Tongue: "zh", Millis: 1}}, Gaps: []Span{{From: 60, Until: 90}}, Text: "t"},
		"roster":    &Roster{Phase: 1, People: []Attended{{Name: "Ada", Title: "Minister", Role: contact.Principal, Tongue: "en"}, {Name: "Bo", Role: contact.NoteTaker}}},
		"wording":   phrase("x"),
		"confirm":   &Confirm{Phase: Denied, Text: "no"},
		"dispute":   &Dispute{Lang: "zh", Heard: "a", Meant: "b", At: 60},
		"recording": &Recording{Began: 60_000, Voices: []Taped{{File: 1, Name: "Ada", Party: "alder", Tongue: "en", From: 61_000, Until: 90_000, Bytes: 7, Sum: make([]byte, 32), Whole: true}}, Text: "t"},
	}
}

// TestEveryFormIsShown: what each says is shown in its fields' words.
func TestEveryFormIsShown(t *testing.T) {
	if len(filled()) != len(definitions()) {
		t.Errorf("%d forms of %d", len(filled()), len(definitions()))
	}
	for name, f := range filled() {
		if err := f.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d, ok := form.Find(name)
		if !ok || f.Name() != name {
			t.Errorf("%s is not registered", name)
		}
		got := sheet.Fields(f)
		if len(got) < len(d.Fields) {
			t.Errorf("%s shows %d of its %d fields", name, len(got), len(d.Fields))
		}
		for _, x := range got {
			if x.Code == "" || x.Name == "" || x.Value == "" {
				t.Errorf("%s shows %+v", name, x)
			}
		}
	}
	for form, want := range map[string][]string{
		"ring": {"level: leader", "medium: video", "interpreting: simultaneous", "recording: notes"}, "pickup": {"answer: declined", "reason: other"},
		"hangup": {"outcome: broken-off", "spoken: en 1:02:03", "spoken: zh 0:00:00"}, "roster": {"as of: end", "principal: Ada, Minister", "note-taker: Bo"},
		"wording": {"language: zh", "text: x", "note: " + WordingNote}, "confirm": {"phase: denied"}, "dispute": {"heard: a", "meant: b"},
	} {
		said := ""
		for _, x := range sheet.Fields(filled()[form]) {
			said += x.Name + ": " + x.Value + "\n"
		}
		for _, w := range want {
			if !strings.Contains(said, w+"\n") {
				t.Errorf("%s does not show %q:\n%s", form, w, said)
			}
		}
	}
}

// TestFormsRefuse: what no form of a call may say.
func TestFormsRefuse(t *testing.T) {
	with := func(f func(*Hangup)) *Hangup { h := &Hangup{}; f(h); return h }
	many := make([]Attended, maxAttended+1)
	for i := range many {
		many[i].Name = "x"
	}
	for i, f := range []form.Form{
		&Ring{Level: 4}, &Ring{Medium: contact.InPerson}, &Ring{Interpreting: 3}, &Ring{Recording: 3}, &Ring{Text: "a\nb"},
		&Pickup{Phase: 3}, &Pickup{Phase: Decline}, &Pickup{Phase: Accept, Reason: 1}, &Pickup{Phase: Busy, Reason: 1}, &Pickup{Phase: Decline, Reason: 9}, &Pickup{Phase: Decline, Reason: contact.OtherReason},
		with(func(h *Hangup) { h.Outcome = 4 }), with(func(h *Hangup) { h.Began = maxAt + 1 }), with(func(h *Hangup) { h.Talk = make([]Talk, MaxTalk+1) }),
		with(func(h *Hangup) { h.Gaps = make([]Span, maxGaps+1) }), with(func(h *Hangup) { h.Gaps = []Span{{From: 2, Until: 1}} }), with(func(h *Hangup) { h.Gaps = []Span{{Until: maxAt + 1}} }),
		with(func(h *Hangup) { h.Talk = []Talk{{Tongue: "e n"}} }), with(func(h *Hangup) { h.Talk = []Talk{{Tongue: "en", Millis: maxClock + 1}} }), with(func(h *Hangup) { h.Text = "\u202e" }),
		&Roster{Phase: 2}, &Roster{People: many}, &Roster{People: []Attended{{Name: ""}}}, &Roster{People: []Attended{{Name: "a", Role: 5}}}, &Roster{People: []Attended{{Name: "a", Tongue: "e n"}}},
		&Wording{Note: WordingNote}, &Wording{Texts: phrase("x").Texts}, &Wording{Texts: []Said{{Lang: "en", Text: "a"}, {Lang: "en", Text: "b"}}, Note: WordingNote}, &Wording{Texts: []Said{{Lang: "en", Text: strings.Repeat("a", maxSentence+1)}}, Note: WordingNote},
		&Wording{Texts: []Said{{Lang: "en", Text: "a"}}, Note: "An agreement."}, &Confirm{Phase: 3}, &Confirm{Phase: Denied}, &Confirm{Text: strings.Repeat("a", maxNote+1)},
		&Dispute{Lang: "zh"}, &Dispute{Lang: "z h", Heard: "x"}, &Dispute{Lang: "zh", Heard: "x", At: maxAt + 1}, &Dispute{Lang: "zh", Heard: "x", Meant: strings.Repeat("a", maxSentence+1)},
	} {
		if f.Check() == nil {
			t.Errorf("%d: %T %+v is taken", i, f, f)
		}
	}
}
