package form

const maxServiceText = 8 << 10 // bytes

// Service is operators' talk about the line, numbered and on the record.
type Service struct {
	Rest
	Subject string `cbor:"1,keyasint"`
	Text    string `cbor:"2,keyasint"`
}

func serviceForm() Definition {
	return Definition{
		Name: "service", Title: "Service message", About: "Operators' talk about the line itself.",
		Numbered: true, Series: ServiceSeries, Addressed: true, Language: true, Exercise: true,
		Refs: Range{0, MaxRefs},
		Fields: []FieldDef{
			{1, "subject", "tstr", true, "one line, at most 200 characters"},
			{2, "text", "tstr", true, "at most 8 KiB"},
		},
		New: func() Form { return new(Service) },
	}
}

// Name is "service".
func (*Service) Name() string { return "service" }

func (s *Service) Check() error {
	if err := CheckLine("the subject", s.Subject, MaxSubject); err != nil {
		return err
	}
	return CheckText("the text", s.Text, maxServiceText)
}
