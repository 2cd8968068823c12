package form

import (
	"parley"
	"parley/internal/key"
)

const maxComplaint = 500 // characters

// Key publishes a new receiving key of the writer (spec/sealing.md).
type Key struct {
	Rest
	Public key.ReceivingPublic `cbor:"1,keyasint"`
}

func keyForm() Definition {
	return Definition{
		Name: "key", Title: "Receiving key", About: "Publishes a new receiving key of the writer.", Technical: true,
		Fields: []FieldDef{{1, "key", "bstr .size 1216", true, "the public half"}},
		New:    func() Form { return new(Key) },
	}
}

// Name is "key".
func (*Key) Name() string { return "key" }

func (k *Key) Check() error {
	if k.Public == (key.ReceivingPublic{}) {
		return refuse("the receiving key is empty")
	}
	return nil
}

// Seen says nothing: its clear part says what the writer's station stores.
type Seen struct{ Rest }

func seenForm() Definition {
	return Definition{
		Name: "seen", Title: "Seen", About: "Stored by the station, not read by anyone: carries nothing but the clear part.",
		Technical: true, Quiet: true,
		New: func() Form { return new(Seen) },
	}
}

// Name is "seen".
func (*Seen) Name() string { return "seen" }

func (*Seen) Check() error { return nil }

// A Complaint says that an entry of another party is stored and cannot be used:
// it does not open, or breaks a rule.
type Complaint struct {
	Rest
	Kind string `cbor:"1,keyasint"` // an error kind of spec/errors.md
	Text string `cbor:"2,keyasint"`
}

// NewComplaint complains of an entry that gave err. The text is cut and made
// visible so that it always passes.
func NewComplaint(err error) *Complaint {
	return &Complaint{Kind: parley.KindOf(err).String(), Text: lineOf(err.Error(), maxComplaint)}
}

func complaintForm() Definition {
	return Definition{
		Name: "complaint", Title: "Complaint", About: "An entry of another party is stored and cannot be used.",
		Technical: true, Refs: Range{1, 1}, Of: Target{Whose: Theirs},
		Fields: []FieldDef{
			{1, "kind", "tstr", true, "an error kind of `errors.md`"},
			{2, "text", "tstr", true, "one line, at most 500 characters"},
		},
		New: func() Form { return new(Complaint) },
	}
}

// Name is "complaint".
func (*Complaint) Name() string { return "complaint" }

func (x *Complaint) Check() error {
	if !isKind(x.Kind) {
		return refuse("there is no error kind %q", shorten(Visible(x.Kind), 40))
	}
	return CheckLine("the text", x.Text, maxComplaint)
}

// isKind reports whether name is in the closed list of parley.Kind.
func isKind(name string) bool {
	for k := parley.Internal; k.String() != "unknown"; k++ {
		if k.String() == name {
			return true
		}
	}
	return false
}
