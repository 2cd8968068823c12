package form

import (
	"fmt"

	"parley"
)

// Bounds of a header (spec/entry.md, spec/bounds.md).
const (
	MaxAddressees = 64 // to and info together
	MaxRefs       = 64
	MaxExercise   = 64        // characters
	maxHeader     = 64 << 10  // bytes
	maxNumber     = 1<<53 - 1 // exact in every language
)

// The series of serials (spec/entry.md, key 13).
const (
	TrafficSeries uint64 = 0
	ServiceSeries uint64 = 1
)

// A Header is the sealed header of an entry (spec/entry.md). The zero value of
// a field other than Form and From means that its key is absent.
type Header struct {
	Form       string
	Serial     uint64 // from 1; 0 for unnumbered forms, and before an entry is handed out
	From       parley.Office
	To         []parley.Address // for action
	Info       []parley.Address // for information
	Precedence parley.Precedence
	Marker     parley.Marker
	Refs       []parley.Ref
	Language   string      // BCP 47 tag of the body's language
	Exercise   string      // name of the exercise; "" is real
	Drafted    uint64      // when drafting began, UTC seconds
	Opened     *parley.Ref // last entry of another party that the drafter had opened
	Series     uint64
	Unknown    Unknown // keys of a newer version
}

// headerWire is the CBOR of spec/entry.md.
type headerWire struct {
	Form       string    `cbor:"1,keyasint"`
	Serial     uint64    `cbor:"2,keyasint,omitempty"`
	From       string    `cbor:"3,keyasint"`
	To         []address `cbor:"4,keyasint,omitempty"`
	Info       []address `cbor:"5,keyasint,omitempty"`
	Precedence uint64    `cbor:"6,keyasint,omitempty"`
	Marker     uint64    `cbor:"7,keyasint,omitempty"`
	Refs       []ref     `cbor:"8,keyasint,omitempty"`
	Language   string    `cbor:"9,keyasint,omitempty"`
	Exercise   string    `cbor:"10,keyasint,omitempty"`
	Drafted    uint64    `cbor:"11,keyasint,omitempty"`
	Opened     *ref      `cbor:"12,keyasint,omitempty"`
	Series     uint64    `cbor:"13,keyasint,omitempty"`
}

type address struct {
	_      struct{} `cbor:",toarray"`
	Party  parley.PartyCode
	Office parley.Office
}

type ref struct {
	_     struct{} `cbor:",toarray"`
	Gen   parley.GenerationID
	Index uint64
}

// ParseHeader reads a header's plaintext and checks each field by itself.
// Errors are Malformed or BadForm. Serial and series are for CheckSerial.
func ParseHeader(b []byte) (*Header, error) {
	if len(b) > maxHeader {
		return nil, parley.Errorf(parley.Oversize, "a header of %d bytes, at most %d are allowed", len(b), maxHeader)
	}
	var w headerWire
	unknown, err := DecodeOpen(b, &w)
	if err != nil {
		return nil, fmt.Errorf("reading header: %w", err)
	}
	h := &Header{Form: w.Form, Serial: w.Serial, From: parley.Office(w.From), To: addresses(w.To), Info: addresses(w.Info),
		Precedence: parley.Precedence(min(w.Precedence, 255)), Marker: parley.Marker(min(w.Marker, 255)), Language: w.Language,
		Exercise: w.Exercise, Drafted: w.Drafted, Series: w.Series, Unknown: unknown}
	for _, r := range w.Refs {
		h.Refs = append(h.Refs, parley.Ref{Gen: r.Gen, Index: r.Index})
	}
	if w.Opened != nil {
		h.Opened = &parley.Ref{Gen: w.Opened.Gen, Index: w.Opened.Index}
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("reading header: %w", err)
	}
	return h, nil
}

func addresses(list []address) (as []parley.Address) {
	for _, a := range list {
		as = append(as, parley.Address{Party: a.Party, Office: a.Office})
	}
	return as
}

// EncodeHeader returns the plaintext of a header that is valid: one that
// ParseHeader gave, or whose form's Validate passed.
func EncodeHeader(h *Header) []byte {
	w := headerWire{Form: h.Form, Serial: h.Serial, From: string(h.From), Precedence: uint64(h.Precedence), Marker: uint64(h.Marker),
		Language: h.Language, Exercise: h.Exercise, Drafted: h.Drafted, Series: h.Series}
	for _, a := range h.To {
		w.To = append(w.To, address{Party: a.Party, Office: a.Office})
	}
	for _, a := range h.Info {
		w.Info = append(w.Info, address{Party: a.Party, Office: a.Office})
	}
	for _, r := range h.Refs {
		w.Refs = append(w.Refs, ref{Gen: r.Gen, Index: r.Index})
	}
	if h.Opened != nil {
		w.Opened = &ref{Gen: h.Opened.Gen, Index: h.Opened.Index}
	}
	return EncodeOpen(&w, h.Unknown)
}

// check holds every field to spec/entry.md by itself.
func (h *Header) check() error {
	if err := CheckName(h.Form); err != nil {
		return err
	}
	if _, err := parley.ParseOffice(string(h.From)); err != nil {
		return refuse("from: %v", err)
	}
	if !h.Precedence.Valid() {
		return refuse("there is no precedence %d", h.Precedence)
	}
	if !h.Marker.Valid() {
		return refuse("there is no marker %d", h.Marker)
	}
	if h.Series > ServiceSeries {
		return refuse("there is no series %d", h.Series)
	}
	if h.Language != "" {
		if err := CheckLanguage("the language", h.Language); err != nil {
			return err
		}
	}
	if err := CheckOptionalLine("the name of the exercise", h.Exercise, MaxExercise); err != nil {
		return err
	}
	if h.Serial > maxNumber || h.Drafted > MaxTime {
		return refuse("serial %d or drafting time %d is out of range", h.Serial, h.Drafted)
	}
	if err := h.checkAddressees(); err != nil {
		return err
	}
	return h.checkRefs()
}

func (h *Header) checkAddressees() error {
	if n := len(h.To) + len(h.Info); n > MaxAddressees {
		return refuse("%d addressees, at most %d are allowed", n, MaxAddressees)
	}
	seen := map[parley.Address]bool{}
	for _, a := range append(append([]parley.Address(nil), h.To...), h.Info...) {
		if _, err := parley.ParseAddress(a.String()); err != nil {
			return refuse("%v", err)
		}
		if seen[a] {
			return refuse("%s is addressed twice", a)
		}
		seen[a] = true
	}
	return nil
}

func (h *Header) checkRefs() error {
	if len(h.Refs) > MaxRefs {
		return refuse("%d references, at most %d are allowed", len(h.Refs), MaxRefs)
	}
	seen := map[parley.Ref]bool{}
	for _, r := range h.Refs {
		if r.Index > maxNumber {
			return refuse("the reference %s is out of range", r)
		}
		if seen[r] {
			return refuse("entry %s is referred to twice", r)
		}
		seen[r] = true
	}
	if h.Opened != nil && h.Opened.Index > maxNumber {
		return refuse("the reference %s is out of range", *h.Opened)
	}
	return nil
}

// CheckSerial holds an entry that was handed out to its form's series, and its
// end (spec/entry.md, Body plaintext) to its header. The error is BadSerial.
// Of a form this station does not know, only the end is checked.
func (h *Header) CheckSerial(end uint64) error {
	if end != h.Serial {
		return parley.Errorf(parley.BadSerial, "the header carries serial %d, the end of the body %d", h.Serial, end)
	}
	if !Known(h.Form) {
		return nil
	}
	series, numbered := Series(h.Form)
	switch {
	case numbered && h.Serial == 0:
		return parley.Errorf(parley.BadSerial, "%s has a serial, and this one has none", h.Form)
	case !numbered && h.Serial != 0:
		return parley.Errorf(parley.BadSerial, "%s has no serial, and this one has %d", h.Form, h.Serial)
	case h.Series != series:
		return parley.Errorf(parley.BadSerial, "%s is numbered in series %d, not %d", h.Form, series, h.Series)
	}
	return nil
}

// CheckName checks the name of a form: 1 to 24 characters of [a-z0-9-],
// beginning with a letter. The error is BadForm.
func CheckName(s string) error {
	if _, err := parley.ParseOffice(s); err != nil || !letter(s[0]) {
		return refuse("form %q: want 1 to 24 characters of a-z, 0-9 and -, beginning with a letter", shorten(Visible(s), 40))
	}
	return nil
}
