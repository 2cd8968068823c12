package store

import (
	"slices"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/wire"
)

// Item is what the index keeps of one entry or outbox item.
type Item struct {
	Party      parley.PartyCode // only from the entry at index 0: whose log it is
	Form       string
	Series     uint8
	Serial     uint64
	Precedence parley.Precedence
	Time       uint64
	Exercise   bool
	Offices    []parley.Office // from, to, info; sorted, each once
	Refs       []parley.Ref    // each once
}

// EpochForm is the form shown for epoch entries, which have no header.
const EpochForm = "epoch"

const maxFormName = 64

// header is what the index reads of spec/entry.md's header plaintext.
type header struct {
	Form       string    `cbor:"1,keyasint"`
	Serial     uint64    `cbor:"2,keyasint"`
	From       string    `cbor:"3,keyasint"`
	To         []address `cbor:"4,keyasint"`
	Info       []address `cbor:"5,keyasint"`
	Precedence uint8     `cbor:"6,keyasint"`
	Refs       []ref     `cbor:"8,keyasint"`
	Exercise   *string   `cbor:"10,keyasint"`
	Series     uint8     `cbor:"13,keyasint"`
}

type address struct {
	_      struct{} `cbor:",toarray"`
	Party  string
	Office string
}

type ref struct {
	_     struct{} `cbor:",toarray"`
	Gen   parley.GenerationID
	Index uint64
}

// headers decodes header plaintexts, which the engine has checked already: it
// is three times as fast as package wire, which checks them again.
var headers = sync.OnceValue(func() cbor.DecMode {
	m, err := cbor.DecOptions{IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxNestedLevels: wire.MaxDepth + 1,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
})

// Derive reads what the index keeps of an entry. What does not parse is left
// out: such an entry is in the index all the same.
func Derive(e *line.StoredEntry) Item {
	var it Item
	if h := e.Parsed; h != nil {
		it = deriveParsed(h)
	} else if e.Header != nil {
		it = DeriveHeader(e.Header)
	}
	epoch, time, ok := clearTime(e.Bytes)
	if !ok {
		return it
	}
	it.Time = time
	if epoch {
		it.Form = EpochForm
		if e.Index == 0 {
			it.Party = partyOf(e.Bytes)
		}
	}
	return it
}

// deriveParsed is DeriveHeader of a header that has been read.
func deriveParsed(h *form.Header) Item {
	it := Item{Form: h.Form, Series: uint8(h.Series), Serial: h.Serial, Precedence: h.Precedence, Exercise: h.Exercise != ""}
	it.Form = it.Form[:min(len(it.Form), maxFormName)]
	it.Offices = appendOffice(it.Offices, string(h.From))
	for _, a := range h.To {
		it.Offices = appendOffice(it.Offices, string(a.Office))
	}
	for _, a := range h.Info {
		it.Offices = appendOffice(it.Offices, string(a.Office))
	}
	slices.Sort(it.Offices)
	for _, r := range h.Refs {
		it.addRef(r)
	}
	return it
}

func (it *Item) addRef(r parley.Ref) {
	if r.Index < MaxIndex && !slices.Contains(it.Refs, r) {
		it.Refs = append(it.Refs, r)
	}
}

// DeriveHeader reads what the index keeps of a header plaintext, or of an
// outbox item's.
func DeriveHeader(b []byte) (it Item) {
	var h header
	if err := headers().Unmarshal(b, &h); err != nil {
		return it
	}
	it = Item{Form: h.Form, Series: h.Series, Serial: h.Serial, Precedence: parley.Precedence(h.Precedence), Exercise: h.Exercise != nil}
	if len(it.Form) > maxFormName {
		it.Form = it.Form[:maxFormName]
	}
	if it.Serial > 1<<62 {
		it.Serial = 0
	}
	it.Offices = appendOffice(it.Offices, h.From)
	for _, a := range h.To {
		it.Offices = appendOffice(it.Offices, a.Office)
	}
	for _, a := range h.Info {
		it.Offices = appendOffice(it.Offices, a.Office)
	}
	slices.Sort(it.Offices)
	for _, r := range h.Refs {
		it.addRef(parley.Ref{Gen: r.Gen, Index: r.Index})
	}
	return it
}

func appendOffice(os []parley.Office, s string) []parley.Office {
	o, err := parley.ParseOffice(s)
	if err != nil || slices.Contains(os, o) {
		return os
	}
	return append(os, o)
}

// MaxIndex is above every index, and every tree size, that a store takes.
const MaxIndex = 1 << 39

// clearTime reads the epoch bit and the header time of an entry without
// looking at the rest: [1, bit, epoch, time, ...].
func clearTime(b []byte) (epoch bool, time uint64, ok bool) {
	if len(b) < 5 || b[0]>>5 != 4 || b[1] != 1 || b[2] > 1 {
		return false, 0, false
	}
	_, rest, ok := uintItem(b[3:])
	if !ok {
		return false, 0, false
	}
	time, _, ok = uintItem(rest)
	return b[2] == 1, time, ok && time < 1<<62
}

// uintItem reads one CBOR unsigned integer.
func uintItem(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 || b[0]>>5 != 0 || b[0] > 27 {
		return 0, nil, false
	}
	if b[0] < 24 {
		return uint64(b[0]), b[1:], true
	}
	w := 1 << (b[0] - 24)
	if len(b) < 1+w {
		return 0, nil, false
	}
	for _, c := range b[1 : 1+w] {
		n = n<<8 | uint64(c)
	}
	return n, b[1+w:], true
}

// partyOf reads whose log an epoch entry with a certificate begins; "" when it
// cannot be read. Whether the certificate is good is the engine's question.
func partyOf(entry []byte) parley.PartyCode {
	var e struct {
		_       struct{} `cbor:",toarray"`
		Version uint64
		Bit     uint64
		Epoch   uint64
		Time    uint64
		Seen    map[parley.GenerationID]uint64
		Body    []byte
	}
	if wire.Decode(entry, &e) != nil {
		return ""
	}
	var body struct {
		Certificate []byte `cbor:"3,keyasint"`
	}
	if wire.DecodeLoose(e.Body, &body) != nil {
		return ""
	}
	var c struct {
		_         struct{} `cbor:",toarray"`
		Body      []byte
		By        uint64
		Signer    []byte
		Signature [2][]byte
	}
	if wire.Decode(body.Certificate, &c) != nil {
		return ""
	}
	var who struct {
		Party string `cbor:"2,keyasint"`
	}
	if wire.DecodeLoose(c.Body, &who) != nil {
		return ""
	}
	p, err := parley.ParsePartyCode(who.Party)
	if err != nil {
		return ""
	}
	return p
}
