package form

import "parley"

// Other is a form this station does not know. It is kept as it came, shown as
// such, and breaks nothing.
type Other struct {
	Rest
	Form string
	Raw  []byte // the fields, encoded: part of what was read
}

// Generic reads the body of any form without its rules, for showing what
// ParseBody refused with BadForm. Errors are Malformed or Oversize.
func Generic(name string, b []byte) (*Other, error) {
	fields, _, err := SplitBody(b)
	if err != nil {
		return nil, err
	}
	return parseOther(name, fields)
}

func parseOther(name string, fields []byte) (*Other, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	var none struct{}
	unknown, err := DecodeOpen(fields, &none)
	if err != nil {
		return nil, err
	}
	return &Other{Rest: Rest{Unknown: unknown}, Form: name, Raw: fields}, nil
}

// Name is the name the header gave.
func (o *Other) Name() string { return o.Form }

func (o *Other) Check() error { return nil }

// rules refuses to file what this station does not understand. What arrives is
// not held against the peer: Unsupported is no complaint.
func (o *Other) Rules(*Header, Context) error {
	return parley.Errorf(parley.Unsupported, "this station does not know the form %q", o.Form)
}
