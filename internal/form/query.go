package form

import (
	"parley"
)

const maxQueryText = 2_000 // bytes

// AutomaticQuery is the text of the one query a station sends by itself.
const AutomaticQuery = "Automatic query: the handling objective of this entry has passed and no receipt says that it was opened."

// asked is what a query or tracer may be about.
var asked = Target{Whose: Own, Forms: []string{"dispatch", "service"}, Same: true}

// A Query asks what became of an own entry.
type Query struct {
	Rest
	Text      string `cbor:"1,keyasint"`
	Automatic bool   `cbor:"2,keyasint,omitempty"` // sent by the station, with the fixed text
}

func queryForm() Definition {
	return Definition{
		Name: "query", Title: "Query", About: "Asks what became of an own entry.",
		Numbered: true, Series: ServiceSeries, Addressed: true, Exercise: true,
		Refs: Range{1, 1}, Of: asked,
		Fields: []FieldDef{
			{1, "text", "tstr", true, "at most 2,000 bytes"},
			{2, "automatic", "bool", false, "true: written by the station, and the text is exactly: " + AutomaticQuery},
		},
		New: func() Form { return new(Query) },
	}
}

// Name is "query".
func (*Query) Name() string { return "query" }

func (q *Query) Check() error {
	if q.Automatic && q.Text != AutomaticQuery {
		return refuse("an automatic query has its fixed text, and no other")
	}
	return CheckText("the text", q.Text, maxQueryText)
}

// A Tracer asks, by an officer, for one missing rung of an own entry to be
// traced: where it was held up, by whom, and why.
type Tracer struct {
	Rest
	Text string `cbor:"1,keyasint"`
	Rung uint64 `cbor:"2,keyasint"` // the first one missing, parley.Stored to parley.Answered
}

func tracerForm() Definition {
	return Definition{
		Name: "tracer", Title: "Tracer", About: "An officer asks for an own entry to be traced.",
		Numbered: true, Series: ServiceSeries, Addressed: true, Exercise: true,
		Refs: Range{1, 1}, Of: asked,
		Fields: []FieldDef{
			{1, "text", "tstr", true, "at most 2,000 bytes"},
			{2, "rung", "uint", true, "the first rung missing: 2 stored, 3 opened, 4 translated, 5 principal informed, 6 answered"},
		},
		New: func() Form { return new(Tracer) },
	}
}

// Name is "tracer".
func (*Tracer) Name() string { return "tracer" }

func (t *Tracer) checkRung() error {
	if t.Rung < uint64(parley.Stored) || t.Rung > uint64(parley.Answered) {
		return refuse("there is no rung %d that could be missing at the other side", t.Rung)
	}
	return nil
}

func (t *Tracer) Check() error {
	if err := t.checkRung(); err != nil {
		return err
	}
	return CheckText("the text", t.Text, maxQueryText)
}
