package form

// Disregard says that an own entry is to be disregarded. The original stays on
// the record, readable, with this beside it.
type Disregard struct {
	Rest
	Reason string `cbor:"1,keyasint"`
}

func disregardForm() Definition {
	return Definition{
		Name: "disregard", Title: "Disregard", About: "An own entry is to be disregarded; the original stays on the record.",
		Numbered: true, Series: TrafficSeries, Addressed: true, Exercise: true,
		Refs:   Range{1, 1},
		Of:     Target{Whose: Own, Forms: []string{"dispatch", "service", "query", "tracer", "incumbent"}, Same: true},
		Fields: []FieldDef{{1, "reason", "tstr", true, "at most 2,000 bytes"}},
		New:    func() Form { return new(Disregard) },
	}
}

// Name is "disregard".
func (*Disregard) Name() string { return "disregard" }

func (d *Disregard) Check() error { return CheckText("the reason", d.Reason, maxQueryText) }
