package form

const maxReadBack = 4_000 // bytes

// Steps of a read-back: it is asked for, given in one's own words, and found
// right or wrong by whoever wrote the entry.
const (
	ReadBackAsked uint64 = 0
	ReadBackGiven uint64 = 1
	ReadBackRight uint64 = 2
	ReadBackWrong uint64 = 3
)

// A ReadBack makes sure that an entry was understood. It is neither agreement
// nor answer.
type ReadBack struct {
	Rest
	Step uint64 `cbor:"1,keyasint"`
	Text string `cbor:"2,keyasint,omitempty"` // given: in own words; wrong: what was meant
}

func readBackForm() Definition {
	return Definition{
		Name: "readback", Title: "Read-back", About: "Asks what the other side understood, says it in own words, or finds that right or wrong. Never agreement.",
		Numbered: true, Series: ServiceSeries, Addressed: true, Language: true, Exercise: true,
		Refs: Range{1, 1}, Of: Target{Whose: Anybodys, Forms: []string{"dispatch", "service", "readback"}, Same: true},
		Fields: []FieldDef{
			{1, "step", "0..3", true, "0 asked, of an own entry; 1 given, of another party's; 2 right and 3 wrong, of another party's read-back that was given"},
			{2, "text", "tstr", false, "of 1 and 3 only: at most 4,000 bytes"},
		},
		New: func() Form { return new(ReadBack) },
	}
}

// Name is "readback".
func (*ReadBack) Name() string { return "readback" }

func (r *ReadBack) check() error {
	switch {
	case r.Step > ReadBackWrong:
		return refuse("a read-back has step 0 to 3, not %d", r.Step)
	case r.Step == ReadBackGiven || r.Step == ReadBackWrong:
		return CheckText("the text", r.Text, maxReadBack)
	case r.Text != "":
		return refuse("a read-back of step %d has no text", r.Step)
	}
	return nil
}

func (r *ReadBack) rules(h *Header, c Context) error {
	if len(h.Refs) != 1 {
		return refuse("a read-back refers to one entry")
	}
	e, ok := c.Entry(h.Refs[0])
	if !ok {
		return nil
	}
	back, isBack := e.Form.(*ReadBack)
	switch own := e.Party == c.Writer(); {
	case r.Step >= ReadBackRight && (!isBack || back.Step != ReadBackGiven || own):
		return refuse("what was given by another party is found right or wrong, and nothing else")
	case r.Step < ReadBackRight && isBack:
		return refuse("a read-back is of a dispatch or a service message")
	case r.Step == ReadBackAsked && !own:
		return refuse("a read-back is asked of an own entry")
	case r.Step == ReadBackGiven && own:
		return refuse("a read-back is given of another party's entry")
	}
	return nil
}
