package said

import (
	"fmt"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/sheet"
)

// Steps of an embargo.
const (
	Propose uint64 = iota
	Agree
	Refuse
)

var embargoSteps = []string{"proposed", "agreed", "refused"}

// An Embargo proposes until when neither side publishes, agrees to that, refuses
// it or takes it back. Its first reference is a request of the contact; the
// second, there in all but a first proposal, the proposal that it is about.
type Embargo struct {
	form.Rest
	Step  uint64 `cbor:"1,keyasint"`
	Until uint64 `cbor:"2,keyasint,omitempty"` // UTC seconds; there when proposed
	Text  string `cbor:"3,keyasint,omitempty"`
}

func embargoForm() form.Definition {
	return form.Definition{
		Name: "embargo", Title: "Embargo", About: "Proposes until when neither side publishes what is said of a contact, agrees to that, or refuses it.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 2}, Of: form.Target{Forms: []string{"request", "embargo"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "step", Type: "0..2", Required: true, About: "0 proposed, in place of the second reference where there is one; 1 agreed, another party's; 2 refused or taken back"},
			{Key: 2, Code: "until", Type: "uint", About: "there exactly when proposed: until when nobody publishes"},
			{Key: 3, Code: "text", Type: "tstr", About: "at most 4,000 bytes"},
		},
		New: func() form.Form { return new(Embargo) },
	}
}

// Name is "embargo".
func (*Embargo) Name() string { return "embargo" }

// Check holds it to spec/statements.md.
func (e *Embargo) Check() error {
	switch {
	case e.Step > Refuse:
		return refuse("an embargo has step 0 to 2, not %d", e.Step)
	case (e.Step == Propose) != (e.Until != 0):
		return refuse("who proposes an embargo says until when, nobody else does")
	case e.Until > maxAt:
		return refuse("an embargo beyond the year 2199")
	}
	return checkNote(e.Text)
}

// Rules holds the references to their order, and agreement to another's proposal.
func (e *Embargo) Rules(h *form.Header, c form.Context) error {
	if len(h.Refs) == 1 && e.Step != Propose {
		return refuse("who agrees to an embargo or refuses it refers to it, after the request")
	}
	es, err := referred(h, c, "request", "embargo")
	if err != nil || len(es) < 2 {
		return err
	}
	if o, is := es[1].Form.(*Embargo); is && o.Step != Propose {
		return refuse("only a proposal is changed, agreed to or refused")
	}
	if e.Step == Agree && es[1].Party == c.Writer() {
		return refuse("nobody agrees to an own proposal")
	}
	return nil
}

// Sheet shows the fields (package sheet).
func (e *Embargo) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("step", "step", embargoSteps[min(e.Step, Refuse)])
	s.Add("until", "until", sheet.Clock(e.Until))
	s.Add("text", "text", e.Text)
	return s
}

// A Ready binds its writer to the text of a draft that it does not show yet.
type Ready struct {
	form.Rest
	Commitment [32]byte `cbor:"1,keyasint"`
}

func readyForm() form.Definition {
	return form.Definition{
		Name: "ready", Title: "Ready to exchange drafts", About: "Binds its writer to the text of a draft, which it shows when every side is bound to its own.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 1, Max: 1}, Of: form.Target{Forms: []string{"request"}, Same: true},
		Fields: []form.FieldDef{{Key: 1, Code: "commitment", Type: "bstr .size 32", Required: true, About: "to the draft: see Commitments"}},
		New:    func() form.Form { return new(Ready) },
	}
}

// Name is "ready".
func (*Ready) Name() string { return "ready" }

// Check holds it to spec/statements.md.
func (r *Ready) Check() error {
	if r.Commitment == ([32]byte{}) {
		return refuse("the commitment is all zeros")
	}
	return nil
}

// Sheet shows the fields.
func (r *Ready) Sheet() []sheet.Field {
	var s sheet.List
	s.Add("commitment", "commitment", fmt.Sprintf("%x", r.Commitment))
	return s
}

// A Draft shows what its writer means to say. The first one refers to the request,
// to the ready of its writer that it opens, and to one of every other side; a
// later version to the request and an own draft.
type Draft struct {
	form.Rest
	Statement Statement `cbor:"1,keyasint"`
	Nonce     []byte    `cbor:"2,keyasint,omitempty"`
}

func draftForm() form.Definition {
	return form.Definition{
		Name: "draft", Title: "Draft of a statement", About: "Shows the other sides what its writer means to say of a contact, once all are bound to their drafts; or a later version.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 2, Max: form.MaxRefs}, Of: form.Target{Forms: []string{"request", "ready", "draft"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "statement", Type: "statement", Required: true, About: "see Statements"},
			{Key: 2, Code: "nonce", Type: "bstr .size 32", About: "there exactly in a first draft: what its commitment was made with"},
		},
		New: func() form.Form { return new(Draft) },
	}
}

// Name is "draft".
func (*Draft) Name() string { return "draft" }

// Check holds it to spec/statements.md.
func (d *Draft) Check() error {
	if n := len(d.Nonce); n != 0 && n != NonceSize {
		return refuse("a nonce of %d bytes, want %d", n, NonceSize)
	}
	return d.Statement.Check()
}

// Rules holds the references to their order. Whether the text is the one that its
// writer was bound to is not asked here: a draft that is not is shown as that
// (Fold).
func (d *Draft) Rules(h *form.Header, c form.Context) error {
	if _, err := referred(h, c, "request"); err != nil {
		return err
	}
	own, err := form.Referred(h.Refs[1], c)
	if err != nil {
		return err
	}
	if own.Header == nil || own.Party != c.Writer() {
		return refuse("a draft refers to an own ready or an own draft, after the request")
	}
	switch own.Header.Form {
	case "draft":
		if len(d.Nonce) != 0 || len(h.Refs) != 2 {
			return refuse("a later version refers to the request and an own draft, and has no nonce")
		}
		return nil
	case "ready":
		if len(d.Nonce) == 0 {
			return refuse("a first draft carries the nonce of its commitment")
		}
		return everyReady(h, c)
	}
	return refuse("a draft refers to an own ready or an own draft, after the request")
}

// everyReady holds a first draft to one ready of every other side that it is for.
func everyReady(h *form.Header, c form.Context) error {
	have := map[parley.PartyCode]bool{}
	for _, r := range h.Refs[2:] {
		e, err := form.Referred(r, c)
		if err != nil {
			return err
		}
		if e.Header == nil || e.Header.Form != "ready" || e.Party == c.Writer() || have[e.Party] {
			return refuse("a first draft refers to one ready of every other side, after its own")
		}
		have[e.Party] = true
	}
	for _, a := range h.To {
		if a.Party != c.Writer() && !have[a.Party] {
			return refuse("%s is not bound to its draft yet", a.Party)
		}
	}
	return nil
}

// Sheet shows the fields.
func (d *Draft) Sheet() []sheet.Field {
	var s sheet.List
	d.Statement.sheet(&s)
	if len(d.Nonce) > 0 {
		s.Add("nonce", "nonce", fmt.Sprintf("%x", d.Nonce))
	}
	return s
}

// A Remark comments on a draft, or on one item of it.
type Remark struct {
	form.Rest
	Item uint64 `cbor:"1,keyasint,omitempty"` // from 1; 0: the whole
	Text string `cbor:"2,keyasint"`
}

func remarkForm() form.Definition {
	return form.Definition{
		Name: "remark", Title: "Remark on a draft", About: "Comments on a draft of any side, or on one item of it.",
		Numbered: true, Series: form.TrafficSeries, Addressed: true, Exercise: true,
		Refs: form.Range{Min: 2, Max: 2}, Of: form.Target{Forms: []string{"request", "draft"}, Same: true},
		Fields: []form.FieldDef{
			{Key: 1, Code: "item", Type: "uint", About: "its number, from 1; absent: the whole draft"},
			{Key: 2, Code: "text", Type: "tstr", Required: true, About: "at most 4,000 bytes"},
		},
		New: func() form.Form { return new(Remark) },
	}
}

// Name is "remark".
func (*Remark) Name() string { return "remark" }

// Check holds it to spec/statements.md.
func (r *Remark) Check() error {
	if r.Item > MaxItems {
		return refuse("there is no item %d", r.Item)
	}
	return form.CheckText("the remark", r.Text, maxNote)
}

// Rules holds it to an item that the draft has.
func (r *Remark) Rules(h *form.Header, c form.Context) error {
	es, err := referred(h, c, "request", "draft")
	if err != nil {
		return err
	}
	if d, is := es[1].Form.(*Draft); is && r.Item > uint64(len(d.Statement.Items)) {
		return refuse("the draft has %d items, and no item %d", len(d.Statement.Items), r.Item)
	}
	return nil
}

// Sheet shows the fields.
func (r *Remark) Sheet() []sheet.Field {
	var s sheet.List
	on := "the whole"
	if r.Item > 0 {
		on = fmt.Sprint(r.Item)
	}
	s.Add("item", "on item", on)
	s.Add("text", "text", r.Text)
	return s
}

// referred returns what a header refers to, which is of the forms named, in this
// order; fewer where it refers to fewer, and no more than are named.
func referred(h *form.Header, c form.Context, forms ...string) (out []form.Entry, _ error) {
	for i, want := range forms[:min(len(forms), len(h.Refs))] {
		e, err := form.Referred(h.Refs[i], c)
		if err != nil {
			return nil, err
		}
		if e.Header == nil || e.Header.Form != want {
			return nil, refuse("reference %d of a %s names a %s", i+1, h.Form, want)
		}
		out = append(out, e)
	}
	return out, nil
}

// clockTime is a time of a form.
func clockTime(t uint64) time.Time { return time.Unix(int64(min(t, maxAt)), 0).UTC() }
