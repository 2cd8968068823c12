package station

import (
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/own"
)

// IncumbentText is a change of incumbent as it is drafted: who holds an office
// of ours, in a term, and how to address that person.
type IncumbentText struct {
	Office    string    `json:"office"`
	Person    string    `json:"person"`
	Address   string    `json:"address"` // form of address
	From      time.Time `json:"from"`    // zero: from when it is saved
	Until     time.Time `json:"until"`   // zero: not known
	Languages []string  `json:"languages,omitempty"`
	Hours     string    `json:"hours,omitempty"`
	Deputy    string    `json:"deputy,omitempty"`
}

// mayName says who drafts and releases a change of incumbent.
func mayName(by Officer, act string, more ...parley.Office) error {
	return seatFor(by, act, append([]parley.Office{parley.Administrator, parley.Envoy}, more...)...)
}

// incumbentText takes a change of incumbent into a draft.
func incumbentText(o *own.Draft, d *IncumbentText) error {
	if d == nil {
		return parley.Errorf(parley.BadForm, "the draft does not say who holds which office")
	}
	office, err := parley.ParseOffice(d.Office)
	if err != nil {
		return err
	}
	x := own.Incumbent{Office: office, Person: d.Person, Address: d.Address, Languages: d.Languages, Hours: d.Hours, Deputy: d.Deputy}
	if !d.From.IsZero() {
		x.From = d.From.Unix()
	}
	if !d.Until.IsZero() {
		x.Until = d.Until.Unix()
	}
	o.Incumbent, o.Subject = &x, d.Person
	return nil
}

func incumbentView(x *own.Incumbent) *IncumbentText {
	if x == nil {
		return nil
	}
	v := &IncumbentText{Office: string(x.Office), Person: x.Person, Address: x.Address, Languages: x.Languages, Hours: x.Hours, Deputy: x.Deputy}
	if x.From > 0 {
		v.From = time.Unix(x.From, 0).UTC()
	}
	if x.Until > 0 {
		v.Until = time.Unix(x.Until, 0).UTC()
	}
	return v
}

// incumbentForm is what goes on the record when a change is released.
func incumbentForm(x *own.Incumbent) *form.Incumbent {
	return &form.Incumbent{Office: x.Office, Person: x.Person, Address: x.Address, From: uint64(max(0, x.From)), Until: uint64(max(0, x.Until)), Languages: x.Languages, Hours: x.Hours, Deputy: x.Deputy}
}

// otherChange refuses a second change of one office while another waits.
func (s *Station) otherChange(o *own.Draft) error {
	all, err := s.own.Drafts()
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.ID != o.ID && d.Line == o.Line && d.Form == o.Form && d.Incumbent != nil && d.Incumbent.Office == o.Incumbent.Office {
			return parley.Errorf(parley.Conflict, "a change of this office waits already: draft %d", d.ID).WithHint("release it, return it, or discard it first")
		}
	}
	return nil
}
