package form

// The fixed words of check calls.
const (
	CheckCallWording   = "Check call: is an officer on watch?"
	CheckAnswerWording = "Check call answered by an officer on watch."
)

// A phase tells a question from its answer.
const (
	Call   uint64 = 0
	Answer uint64 = 1
)

// A CheckCall asks for a sign of life from a human, or gives it. A station never
// answers one by itself.
type CheckCall struct {
	Rest
	Phase uint64 `cbor:"1,keyasint"` // Call or Answer
	Text  string `cbor:"2,keyasint"` // the fixed words of the phase
}

// NewCheckCall returns a check call of a phase with its fixed words.
func NewCheckCall(phase uint64) *CheckCall {
	if phase == Answer {
		return &CheckCall{Phase: Answer, Text: CheckAnswerWording}
	}
	return &CheckCall{Phase: Call, Text: CheckCallWording}
}

func checkCallForm() Definition {
	return Definition{
		Name: "checkcall", Title: "Check call", About: "Asks for a sign of life from an officer on watch, or gives it.",
		Numbered: true, Series: ServiceSeries, Addressed: true, Exercise: true,
		Refs: Range{0, 1}, Of: Target{Whose: Theirs, Forms: []string{"checkcall"}, Same: true},
		Fields: []FieldDef{
			{1, "phase", "0..1", true, "0 call: no reference; 1 answer: refers to another party's call"},
			{2, "text", "tstr", true, "call, exactly: " + CheckCallWording + " / answer, exactly: " + CheckAnswerWording},
		},
		New: func() Form { return new(CheckCall) },
	}
}

// Name is "checkcall".
func (*CheckCall) Name() string { return "checkcall" }

func (k *CheckCall) Check() error {
	if k.Phase > Answer {
		return refuse("a check call has phase 0 or 1, not %d", k.Phase)
	}
	if want := NewCheckCall(k.Phase).Text; k.Text != want {
		return refuse("a check call of phase %d says exactly %q", k.Phase, want)
	}
	return nil
}

func (k *CheckCall) Rules(h *Header, c Context) error {
	return checkPhase(h, c, k.Phase == Answer, func(f Form) bool {
		asked, ok := f.(*CheckCall)
		return !ok || asked.Phase == Call
	})
}

// checkPhase holds a form with a question and an answer to its reference: a
// question has none, an answer has one, to a question.
func checkPhase(h *Header, c Context, answer bool, question func(Form) bool) error {
	if !answer {
		if len(h.Refs) > 0 {
			return refuse("%s that asks refers to nothing", h.Form)
		}
		return nil
	}
	if len(h.Refs) != 1 {
		return refuse("%s that answers refers to what it answers", h.Form)
	}
	if e, ok := c.Entry(h.Refs[0]); ok && !question(e.Form) {
		return refuse("%s answers a question, never an answer", h.Form)
	}
	return nil
}
