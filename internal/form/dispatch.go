package form

import (
	"strings"

	"parley"
)

// Bounds of a dispatch (spec/forms.md).
const (
	MaxSubject     = 200      // characters
	MaxText        = 48 << 10 // bytes
	MaxAttachments = 32
	maxReason      = 200 // characters
	maxLegal       = 500
	maxRemarks     = 2_000 // bytes
)

// A Dispatch is a formal written message on the record.
type Dispatch struct {
	Rest
	Subject       string       `cbor:"1,keyasint"`
	Text          string       `cbor:"2,keyasint"`
	Legal         string       `cbor:"3,keyasint,omitempty"`
	Releasability string       `cbor:"4,keyasint,omitempty"`
	Attachments   []Attachment `cbor:"5,keyasint,omitempty"`
	Reason        string       `cbor:"6,keyasint,omitempty"` // why it is FLASH, in one line
	Remarks       string       `cbor:"7,keyasint,omitempty"`
}

func dispatchForm() Definition {
	return Definition{
		Name: "dispatch", Title: "Dispatch", About: "A formal written message between offices.",
		Numbered: true, Series: TrafficSeries, Addressed: true, Language: true, Marked: true, Exercise: true,
		Refs: Range{0, MaxRefs},
		Fields: []FieldDef{
			{1, "subject", "tstr", true, "one line, at most 200 characters"},
			{2, "text", "tstr", true, "at most 48 KiB"},
			{3, "legal reference", "tstr", false, "one line, at most 500 characters"},
			{4, "releasability", "tstr", false, "to whom it may be shown, one line, at most 500 characters"},
			{5, "attachments", "[+ attachment]", false, "at most 32, see below"},
			{6, "reason", "tstr", false, "why it is FLASH, one line, at most 200 characters; there exactly when it is"},
			{7, "remarks", "tstr", false, "at most 2,000 bytes"},
		},
		New: func() Form { return new(Dispatch) },
	}
}

// Name is "dispatch".
func (*Dispatch) Name() string { return "dispatch" }

func (d *Dispatch) Check() error {
	if err := CheckLine("the subject", d.Subject, MaxSubject); err != nil {
		return err
	}
	if err := CheckText("the text", d.Text, MaxText); err != nil {
		return err
	}
	if err := CheckOptionalLine("the legal reference", d.Legal, maxLegal); err != nil {
		return err
	}
	if err := CheckOptionalLine("the releasability", d.Releasability, maxLegal); err != nil {
		return err
	}
	if err := CheckOptionalLine("the reason for FLASH", d.Reason, maxReason); err != nil {
		return err
	}
	if d.Remarks != "" {
		if err := CheckText("the remarks", d.Remarks, maxRemarks); err != nil {
			return err
		}
	}
	return checkAttachments(d.Attachments)
}

func (d *Dispatch) Rules(h *Header, c Context) error {
	if h.Precedence == parley.Flash && d.Reason == "" {
		return refuse("a FLASH dispatch says in one line why it is FLASH")
	}
	if h.Precedence != parley.Flash && d.Reason != "" {
		return refuse("a reason for FLASH is given and the precedence is %s", h.Precedence)
	}
	if h.Marker == parley.Instruction && !c.InstructionAllowed() {
		return parley.Errorf(parley.NotAllowed, "the charter of this line does not allow the marker INSTRUCTION").
			WithHint("use REQUEST")
	}
	if h.Marker == parley.Answer {
		return d.checkAnswer(h, c)
	}
	return nil
}

// checkAnswer holds an answer to what it answers: its first reference.
func (d *Dispatch) checkAnswer(h *Header, c Context) error {
	if len(h.Refs) == 0 {
		return refuse("an ANSWER refers first to the entry it answers")
	}
	e, err := Referred(h.Refs[0], c)
	if err != nil {
		return err
	}
	return Target{Whose: Theirs, Numbered: true, Same: true}.check("dispatch marked ANSWER", h, e, c.Writer())
}

// Answers returns the entry that a dispatch answers; ok is false when it is no
// answer.
func Answers(h *Header) (to parley.Ref, ok bool) {
	if h.Form != "dispatch" || h.Marker != parley.Answer || len(h.Refs) == 0 {
		return parley.Ref{}, false
	}
	return h.Refs[0], true
}

// Words counts the words of a text, for the limit on FLASH: runs of letters
// between spaces; in scripts without spaces every two characters count as one.
func Words(text string) int {
	n := 0
	for _, w := range strings.Fields(text) {
		wide := 0
		for _, r := range w {
			if r >= 0x2e80 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7af || r >= 0x20000 && r <= 0x3ffff || r >= 0x0e00 && r <= 0x0eff {
				wide++
			}
		}
		n += max(1, (wide+1)/2)
	}
	return n
}
