package form

import (
	"time"

	"parley"
)

// The receipts that people make. Each says one thing about one entry of another
// party, and in fixed words that it is no consent.
type (
	// Opened says that the entry was opened and acknowledged.
	Opened struct {
		Rest
		Wording string `cbor:"1,keyasint"` // parley.ReceiptWording
		Time    uint64 `cbor:"2,keyasint"` // UTC seconds, to the minute
	}
	// Translated says that a checked translation into Language exists.
	Translated struct {
		Rest
		Wording  string `cbor:"1,keyasint"`
		Time     uint64 `cbor:"2,keyasint"`
		Language string `cbor:"3,keyasint"`
	}
	// Informed says that the principal was informed.
	Informed struct {
		Rest
		Wording string `cbor:"1,keyasint"`
		Time    uint64 `cbor:"2,keyasint"`
	}
)

// Minute returns t as receipts carry it: UTC seconds, cut to the minute.
func Minute(t time.Time) uint64 { return uint64(max(0, t.Unix()/60*60)) }

func receiptForm(name, title, about string, create func() Form) Definition {
	return Definition{
		Name: name, Title: title, About: about, Receipt: true, Exercise: true,
		Refs: Range{1, 1}, Of: Target{Whose: Theirs, Numbered: true, Same: true},
		Fields: []FieldDef{
			{1, "wording", "tstr", true, "exactly: " + parley.ReceiptWording},
			{2, "time", "uint", true, "when it was done, a multiple of 60"},
		},
		New: create,
	}
}

func openedForm() Definition {
	return receiptForm("opened", "Opened", "An officer has opened the entry and acknowledges receipt.", func() Form { return new(Opened) })
}

func translatedForm() Definition {
	d := receiptForm("translated", "Translated", "A checked translation of the entry exists at the writer's side.", func() Form { return new(Translated) })
	d.Fields = append(d.Fields, FieldDef{3, "language", "tstr", true, "language tag of the translation"})
	return d
}

func informedForm() Definition {
	return receiptForm("informed", "Principal informed", "The principal has been informed of the entry.", func() Form { return new(Informed) })
}

// Name is "opened".
func (*Opened) Name() string { return "opened" }

// Name is "translated".
func (*Translated) Name() string { return "translated" }

// Name is "informed".
func (*Informed) Name() string { return "informed" }

func (r *Opened) Check() error   { return checkReceipt(r.Wording, r.Time) }
func (r *Informed) Check() error { return checkReceipt(r.Wording, r.Time) }
func (r *Translated) Check() error {
	if err := checkReceipt(r.Wording, r.Time); err != nil {
		return err
	}
	return CheckLanguage("the language of the translation", r.Language)
}

func checkReceipt(wording string, t uint64) error {
	if wording != parley.ReceiptWording {
		return refuse("a receipt says exactly %q, and nothing else", parley.ReceiptWording)
	}
	if t == 0 || t%60 != 0 || t > MaxTime {
		return refuse("the time of a receipt is %d; want UTC seconds cut to the minute", t)
	}
	return nil
}

func (r *Translated) Rules(h *Header, c Context) error { return afterOpened(h, c) }
func (r *Informed) Rules(h *Header, c Context) error   { return afterOpened(h, c) }

// afterOpened refuses a rung that skips the one everything stands on.
func afterOpened(h *Header, c Context) error {
	if !c.Receipted(h.Refs[0], "opened") {
		return refuse("%s comes after opened, and %s has not said that it opened the entry", h.Form, c.Writer()).
			WithHint("acknowledge the entry first")
	}
	return nil
}

// MaxTime bounds the times in forms: they render as dates everywhere.
const MaxTime = 1 << 40 // UTC seconds
