package form

import (
	"parley/internal/key"
)

const (
	maxDocument = 32 << 10 // bytes of a charter or annex
	maxLeave    = 2_000    // bytes
)

// What an assent is to.
const (
	ToCharter uint64 = 0
	ToAnnex   uint64 = 1
)

// An Assent is a party's consent to a charter or annex, named by its hash. It is
// the only form that consents to anything.
type Assent struct {
	Rest
	Hash     [32]byte `cbor:"1,keyasint"`
	Kind     uint64   `cbor:"2,keyasint"` // ToCharter or ToAnnex
	Document []byte   `cbor:"3,keyasint,omitempty"`
}

// NewAssent assents to an encoded charter or annex. The first party to assent
// sends the document along.
func NewAssent(kind uint64, document []byte, send bool) *Assent {
	a := &Assent{Hash: documentHash(kind, document), Kind: kind}
	if send {
		a.Document = document
	}
	return a
}

func documentHash(kind uint64, document []byte) [32]byte {
	if kind == ToAnnex {
		return key.Hash("annex", document)
	}
	return key.Hash("charter", document)
}

func assentForm() Definition {
	return Definition{
		Name: "assent", Title: "Assent", About: "Consents to a charter or annex, named by its hash.",
		Numbered: true, Series: TrafficSeries,
		Fields: []FieldDef{
			{1, "hash", "bstr .size 32", true, `H("charter", document) or H("annex", document)`},
			{2, "kind", "0..1", true, "0 charter, 1 annex"},
			{3, "document", "bstr", false, "the charter or annex, at most 32 KiB, in the first assent to it on the line; its hash is *hash*"},
		},
		New: func() Form { return new(Assent) },
	}
}

// Name is "assent".
func (*Assent) Name() string { return "assent" }

func (a *Assent) Check() error {
	if a.Kind > ToAnnex {
		return refuse("an assent is to a charter (0) or an annex (1), not to %d", a.Kind)
	}
	if len(a.Document) > maxDocument {
		return refuse("the document has %d bytes, at most %d are allowed", len(a.Document), maxDocument)
	}
	if len(a.Document) > 0 && documentHash(a.Kind, a.Document) != a.Hash {
		return refuse("the document is not the one that is assented to")
	}
	if a.Hash == ([32]byte{}) {
		return refuse("the assent names no document")
	}
	return nil
}

// An Annex changes what is the writer's own in the technical annex: where it is
// reached and by which TLS key. It takes nobody's consent.
type Annex struct {
	Rest
	Addresses []string  `cbor:"1,keyasint,omitempty"` // all of them, from now on
	TLS       *[32]byte `cbor:"2,keyasint,omitempty"` // SHA-256 of the SubjectPublicKeyInfo
}

func annexForm() Definition {
	return Definition{
		Name: "annex", Title: "Own annex", About: "Changes the writer's own addresses or TLS key.",
		Numbered: true, Series: TrafficSeries,
		Fields: []FieldDef{
			{1, "addresses", "[+ tstr]", false, "every address of the writer from now on, at most 16, each once"},
			{2, "TLS key hash", "bstr .size 32", false, "SHA-256 of the SubjectPublicKeyInfo; one of the two fields is there"},
		},
		New: func() Form { return new(Annex) },
	}
}

// Name is "annex".
func (*Annex) Name() string { return "annex" }

func (a *Annex) Check() error {
	if len(a.Addresses) == 0 && a.TLS == nil {
		return refuse("the annex changes nothing")
	}
	if a.TLS != nil && *a.TLS == ([32]byte{}) {
		return refuse("the TLS key hash is empty")
	}
	return CheckAddresses(a.Addresses)
}

// Leave ends the writer's part in the line. It is final.
type Leave struct {
	Rest
	Reason string `cbor:"1,keyasint"`
}

func leaveForm() Definition {
	return Definition{
		Name: "leave", Title: "Leave", About: "The writer leaves the line, for good.",
		Numbered: true, Series: TrafficSeries,
		Fields: []FieldDef{{1, "reason", "tstr", true, "at most 2,000 bytes"}},
		New:    func() Form { return new(Leave) },
	}
}

// Name is "leave".
func (*Leave) Name() string { return "leave" }

func (l *Leave) Check() error { return CheckText("the reason", l.Reason, maxLeave) }
