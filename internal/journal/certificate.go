package journal

import (
	"bytes"
	"cmp"
	"fmt"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

// Reasons of a certificate (spec/log.md).
const (
	ReasonFounding = iota
	ReasonRestored
	ReasonLost
	ReasonFork
	ReasonDoubt
)

// Who signed a certificate.
const (
	ByRoot = iota // the party's root key
	ByLog         // the log key of an earlier generation
)

const labelCertificate = "certificate"

// ReceivingPublic is the public half of a receiving key (spec/conventions.md).
type ReceivingPublic = [1216]byte

// Earlier is an earlier generation of the same party, with the last checkpoint
// known of it: size 0 and EmptyRoot when none is.
type Earlier struct {
	_    struct{} `cbor:",toarray"`
	Gen  parley.GenerationID
	Size uint64
	Root Hash
}

// CertificateBody is what a certificate says of a generation.
type CertificateBody struct {
	Line      parley.LineID       `cbor:"1,keyasint"`
	Party     parley.PartyCode    `cbor:"2,keyasint"`
	Gen       parley.GenerationID `cbor:"3,keyasint"`
	Log       key.Public          `cbor:"4,keyasint"`
	Receipt   key.Public          `cbor:"5,keyasint"`
	Receiving ReceivingPublic     `cbor:"6,keyasint"`
	Founding  Hash                `cbor:"7,keyasint"`
	Earlier   []Earlier           `cbor:"8,keyasint"` // empty for the founding generation, and for no other
	Time      uint64              `cbor:"9,keyasint"` // UTC seconds
	Reason    uint64              `cbor:"10,keyasint"`
	TLS       Hash                `cbor:"11,keyasint"` // SHA-256 of the TLS key's SubjectPublicKeyInfo
}

// Compare orders generations from the oldest to the newest (spec/order.md,
// Record order): the founding ones first, then by time, then by id.
func (b *CertificateBody) Compare(o *CertificateBody) int {
	if b.founding() != o.founding() {
		if b.founding() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Time, o.Time), bytes.Compare(b.Gen[:], o.Gen[:]))
}

func (b *CertificateBody) founding() bool { return len(b.Earlier) == 0 }

// Certificate is a party's word on one generation of its log: its keys, and
// which generations it goes on from.
type Certificate struct {
	CertificateBody
	By        uint64              // ByRoot or ByLog
	Signer    parley.GenerationID // the earlier generation, when ByLog
	Signature key.Signature

	body []byte // as signed
}

type certificateWire struct {
	_         struct{} `cbor:",toarray"`
	Body      []byte
	By        uint64
	Signer    []byte
	Signature key.Signature
}

// SignCertificate returns the bytes of a certificate. by is ByRoot, with s the
// root key and signer ignored; or ByLog, with s the log key of generation
// signer. The error is Malformed when the body breaks the rules of spec/log.md.
func SignCertificate(s key.Signer, by uint64, signer parley.GenerationID, body CertificateBody) ([]byte, error) {
	w := certificateWire{Body: wire.Encode(&body), By: by}
	if by == ByLog {
		w.Signer = signer[:]
	}
	if err := body.check(by, signer); err != nil {
		return nil, err
	}
	var err error
	if w.Signature, err = key.SignDocument(s, labelCertificate, w.Body); err != nil {
		return nil, err
	}
	return wire.Encode(&w), nil
}

// ParseCertificate reads a certificate and checks all that needs no key. The
// error is Malformed.
func ParseCertificate(b []byte) (*Certificate, error) {
	var w certificateWire
	if err := wire.Decode(b, &w); err != nil {
		return nil, fmt.Errorf("reading certificate: %w", err)
	}
	c := &Certificate{By: w.By, Signature: w.Signature, body: w.Body}
	switch {
	case w.By == ByRoot && len(w.Signer) == 0:
	case w.By == ByLog && len(w.Signer) == len(c.Signer):
		c.Signer = parley.GenerationID(w.Signer)
	default:
		return nil, parley.Errorf(parley.Malformed, "certificate signed by %d with a signer of %d bytes", w.By, len(w.Signer))
	}
	if err := wire.Decode(w.Body, &c.CertificateBody); err != nil {
		return nil, fmt.Errorf("reading certificate body: %w", err)
	}
	if !bytes.Equal(wire.Encode(&c.CertificateBody), w.Body) {
		return nil, parley.Errorf(parley.Malformed, "certificate of %s: a key is missing", c.Gen)
	}
	if err := c.check(c.By, c.Signer); err != nil {
		return nil, err
	}
	return c, nil
}

// check refuses what no honest party writes. The error is Malformed.
func (b *CertificateBody) check(by uint64, signer parley.GenerationID) error {
	bad := func(format string, args ...any) error {
		return parley.Errorf(parley.Malformed, "certificate of %s: %s", b.Gen, fmt.Sprintf(format, args...))
	}
	if _, err := parley.ParsePartyCode(string(b.Party)); err != nil {
		return bad("%v", err)
	}
	switch {
	case by > ByLog:
		return bad("signed by a key of kind %d", by)
	case by == ByLog && signer == b.Gen:
		return bad("signed by its own log key")
	case b.Reason > ReasonDoubt || b.Time > wire.MaxNumber:
		return bad("reason %d at time %d", b.Reason, b.Time)
	case (b.Reason == ReasonFounding) != (len(b.Earlier) == 0):
		return bad("reason %d with %d earlier generations", b.Reason, len(b.Earlier))
	}
	seen := map[parley.GenerationID]bool{b.Gen: true}
	for _, e := range b.Earlier {
		if seen[e.Gen] {
			return bad("it names generation %s twice", e.Gen)
		}
		seen[e.Gen] = true
		if e.Size > wire.MaxNumber || e.Size == 0 && e.Root != EmptyRoot {
			return bad("generation %s of size %d has another root, or is too large", e.Gen, e.Size)
		}
	}
	if by == ByLog && !seen[signer] {
		return bad("signed by generation %s, which it does not name", signer)
	}
	return nil
}

// Bytes returns the certificate as SignCertificate gave it.
func (c *Certificate) Bytes() []byte {
	w := certificateWire{Body: c.body, By: c.By, Signature: c.Signature}
	if c.By == ByLog {
		w.Signer = c.Signer[:]
	}
	return wire.Encode(&w)
}

// Origin returns the origin of the generation.
func (c *Certificate) Origin() string { return parley.Origin(c.Line, c.Party, c.Gen) }

// Holder returns the name under which the generation makes receipts.
func (c *Certificate) Holder() string { return parley.HolderName(c.Origin()) }

// Verify checks the signature: by root, or by signerLog, the certified log key
// of generation c.Signer, which is nil when the caller knows of none. The error
// is BadSignature or UnknownKey. Chain order is the caller's: signerLog must
// come from a certificate it accepted before.
func (c *Certificate) Verify(root key.Public, signerLog *key.Public) error {
	pub := root
	if c.By == ByLog {
		if signerLog == nil {
			return parley.Errorf(parley.UnknownKey, "certificate of %s: signed by generation %s, which is not known", c.Gen, c.Signer)
		}
		pub = *signerLog
	}
	if err := key.VerifyDocument(pub, labelCertificate, c.body, c.Signature); err != nil {
		return fmt.Errorf("certificate of %s: %w", c.Gen, err)
	}
	return nil
}

// Check compares the certificate with what the caller knows: WrongLine for
// another line or founding hash, WrongParty for another party. That the
// generation is new to the line (Conflict) is the caller's to check.
func (c *Certificate) Check(line parley.LineID, party parley.PartyCode, founding Hash) error {
	switch {
	case c.Line != line:
		return parley.Errorf(parley.WrongLine, "certificate of %s is for line %s", c.Gen, c.Line)
	case c.Founding != founding:
		return parley.Errorf(parley.WrongLine, "certificate of %s is for another founding of line %s", c.Gen, c.Line)
	case c.Party != party:
		return parley.Errorf(parley.WrongParty, "certificate of %s is of party %s, not %s", c.Gen, c.Party, party)
	}
	return nil
}
