package form

// Steps of a read-back: it is asked for, given in one's own words, and found
// right or wrong by whoever wrote the entry.
const ReadBackAsked, ReadBackGiven, ReadBackRight, ReadBackWrong uint64 = 0, 1, 2, 3

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

func (r *ReadBack) Check() error {
	worded := r.Step == ReadBackGiven || r.Step == ReadBackWrong
	if r.Step > ReadBackWrong || !worded && r.Text != "" {
		return refuse("a read-back has step 0 to 3, and words in 1 and 3 alone")
	} else if !worded {
		return nil
	}
	return CheckText("the text", r.Text, 4_000)
}

func (r *ReadBack) Rules(h *Header, c Context) error {
	e, ok := c.Entry(h.Refs[0]) // there is one: see Refs
	back, isBack := e.Form.(*ReadBack)
	fits := (e.Party == c.Writer()) == (r.Step == ReadBackAsked) && isBack == (r.Step >= ReadBackRight) && (!isBack || back.Step == ReadBackGiven)
	if ok && !fits {
		return refuse("a read-back is asked of an own entry, given of another party's entry, and found right or wrong where it was given")
	}
	return nil
}
