package record

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/journal"
)

// VerifyOptions say how to verify a file. The zero value compares the founding
// with nothing and stops at the first failure.
type VerifyOptions struct {
	// Founding is the founding hash the checker was given by another way than
	// the file; nil when there is none.
	Founding []byte
	// Progress is told from time to time how many bytes were looked at; total
	// is 0 when it is not known.
	Progress func(done, total int64)
	// All goes on after a failure and gathers what else is wrong.
	All bool
	// List is how many entries at the most the report describes one by one; a
	// longer record is summed up only. 0 means DefaultList.
	List int
}

// DefaultList is how many entries a report describes one by one.
const DefaultList = 2000

// Verify checks an exported record (spec/proofs.md), offline. What does not
// verify is in the report; the error is for a reader that fails, for bytes that
// are no record at all (Malformed, Unsupported), and for a founding other than
// the one given (WrongLine).
func Verify(r io.Reader, opts VerifyOptions) (*Report, error) {
	v := newVerifier(r, opts, titleRecord)
	if err := v.run(); err != nil {
		return nil, err
	}
	return v.report, nil
}

// verifier is one file under verification.
type verifier struct {
	opts     VerifyOptions
	title    string
	scan     *scanner
	report   *Report
	failures failures
	pool     *pool

	founding *charter.Founding
	hash     Hash // of founding
	place    Place
	policy   []c2sp.VKey
	logs     map[parley.GenerationID]*held
	ranks    []*held

	foreign   []Place // certificates that name another founding
	certified bool    // the certificates have been judged
	kind      uint64  // of the last item
	now       *batch
	waiting   []*batch
	closed    bool      // all entries were given
	lastRank  [2]uint64 // of entries, of witnesses
	lastKind  uint64    // of items that rise
	lastKey   [3]uint64
	headsEnd  bool
	order     []Placed
	acts      []charter.Act      // opened assents and leaves
	chain     *charter.Chain     // of a record, once all entries are read
	links     []charter.Document // what came into force, of chain
	question  *question
	referred  []reference                       // silence only
	asked     map[parley.Ref][]parley.PartyCode // silence only: the parties an opened entry is addressed to
	rows      []row
	counts    counts
	whole     bool // the last item was there and fitted
}

func newVerifier(r io.Reader, opts VerifyOptions, title string) *verifier {
	if opts.List == 0 {
		opts.List = DefaultList
	}
	return &verifier{opts: opts, title: title, scan: newScanner(r), report: &Report{}, logs: map[parley.GenerationID]*held{},
		asked: map[parley.Ref][]parley.PartyCode{}}
}

// run reads the file once.
func (v *verifier) run() error {
	v.pool = newPool()
	err := v.items()
	v.drain()
	v.pool.close()
	if err != nil && err != errStop {
		return err
	}
	if v.founding != nil && !v.failures.any() {
		v.settle()
	}
	v.describe()
	v.tell()
	return nil
}

// refuse notes a failure; the error ends the run when it is to stop.
func (v *verifier) refuse(at Place, entry string, err error) error {
	v.failures.add(at, entry, err)
	if v.opts.All {
		return nil
	}
	return errStop
}

func (v *verifier) items() error {
	for {
		raw, kind, at, err := v.scan.next()
		switch {
		case v.scan.err != nil:
			return fmt.Errorf("reading: %w", v.scan.err)
		case err != nil && at.Item == 0:
			return parley.Errorf(parley.Malformed, "byte 0: neither a record nor a proof: %v", err)
		case err != nil:
			v.failures.add(at, "", err) // nothing after it can be told apart
			return errStop
		case raw == nil:
			return v.atEnd(at)
		}
		if err := v.item(raw, kind, at); err != nil {
			return err
		}
		if v.failures.any() && !v.opts.All {
			return errStop
		}
		if at.Item%4096 == 0 {
			v.tell()
		}
	}
}

func (v *verifier) tell() {
	if v.opts.Progress != nil {
		v.opts.Progress(v.scan.off, 0)
	}
}

// atEnd judges what is missing when the file ends.
func (v *verifier) atEnd(at Place) error {
	if err := v.endEntries(); err != nil {
		return err
	}
	if err := v.endHeads(); err != nil {
		return err
	}
	if v.kind != itemHash {
		return v.refuse(at, "", parley.Errorf(parley.Malformed, "the file ends without its hash"))
	}
	return nil
}

// item takes one item to where it belongs.
func (v *verifier) item(raw []byte, kind uint64, at Place) error {
	if err := v.inOrder(kind, at); err != nil {
		if at.Item == 0 {
			return err
		}
		v.failures.add(at, "", err)
		return errStop
	}
	if kind > itemCertificate {
		if err := v.endCertificates(); err != nil {
			return err
		}
	}
	if kind > itemEntry {
		if err := v.endEntries(); err != nil {
			return err
		}
	}
	if kind > itemHead {
		if err := v.endHeads(); err != nil {
			return err
		}
	}
	if kind == itemHash {
		return v.hashItem(raw, at)
	}
	v.scan.hashed(raw)
	f := &fields{b: raw}
	n := f.list()
	f.head(majorUint)
	if want := itemParts[kind]; n != want {
		f.fail("an item of kind %d with %d parts, want %d", kind, n, want)
	}
	switch kind {
	case itemTitle:
		return v.titleItem(f)
	case itemFounding:
		return v.foundingItem(f, at)
	case itemCertificate:
		return v.certificateItem(f, at)
	case itemEntry:
		return v.entryItem(f, at)
	case itemHead:
		return v.headItem(f, at)
	case itemReceipt:
		return v.receiptItem(f, at)
	case itemWitness:
		return v.witnessItem(f, at)
	case itemEvidence:
		return v.evidenceItem(f, at)
	}
	return v.questionItem(f, at)
}

// itemParts is how many parts an item of each kind has, its kind included.
var itemParts = [itemKinds]uint64{3, 2, 2, 5, 6, 7, 4, 2, 4, 2}

// inOrder refuses items out of their order. The error is Malformed.
func (v *verifier) inOrder(kind uint64, at Place) error {
	once := kind == itemFounding || kind == itemEvidence || kind == itemQuestion || kind == itemHash
	switch {
	case at.Item == 0 && kind != itemTitle, at.Item == 1 && kind != itemFounding:
		return parley.Errorf(parley.Malformed, "byte %d: neither a record nor a proof", at.Byte)
	case at.Item > 0 && (kind < v.kind || kind == v.kind && once || kind == itemTitle):
		return parley.Errorf(parley.Malformed, "an item of kind %d after one of kind %d", kind, v.kind)
	case kind == itemQuestion && v.title != titleSilence:
		return parley.Errorf(parley.Malformed, "a question about silence in a record")
	}
	v.kind = kind
	return nil
}

func (v *verifier) titleItem(f *fields) error {
	title, version := f.text(), f.number()
	switch {
	case f.end() != nil || title != v.title:
		return parley.Errorf(parley.Malformed, "byte 0: not a %s", v.title)
	case version != 1:
		return parley.Errorf(parley.Unsupported, "a %s of version %d; version 1 is known", title, version)
	}
	return nil
}

func (v *verifier) foundingItem(f *fields, at Place) error {
	b := f.bytes()
	err := f.end()
	if err == nil {
		v.founding, err = charter.ParseFounding(b)
	}
	if err != nil {
		v.failures.add(at, "", err)
		return errStop
	}
	v.hash, v.place = v.founding.Hash(), at
	if v.opts.Founding != nil && !bytes.Equal(v.opts.Founding, v.hash[:]) {
		return parley.Errorf(parley.WrongLine, "the founding hash is another: %x", v.hash).
			WithHint("either this file is of another line, or it is a forgery; compare with what you were given")
	}
	v.policy = witnessKeys(v.founding)
	return nil
}

// witnessKeys returns the witnesses of the annex whose keys can be read.
func witnessKeys(f *charter.Founding) (keys []c2sp.VKey) {
	for _, s := range f.Annex.Witnesses {
		if k, err := c2sp.ParseVKey(s); err == nil && k.Type != c2sp.TypeEd25519 {
			keys = append(keys, k)
		}
	}
	return keys
}

func (v *verifier) certificateItem(f *fields, at Place) error {
	b := f.bytes()
	if err := f.end(); err != nil {
		return v.refuse(at, "", err)
	}
	c, err := journal.ParseCertificate(b)
	if err != nil {
		return v.refuse(at, "", err)
	}
	if n := len(v.ranks); n > 0 && cmp.Or(cmp.Compare(v.ranks[n-1].cert.Party, c.Party), v.ranks[n-1].cert.Compare(&c.CertificateBody)) >= 0 {
		return v.refuse(at, "", parley.Errorf(parley.Malformed, "certificates are not in the order of party codes, and of each party from the oldest to the newest"))
	}
	if c.Founding != v.hash || c.Line != v.founding.Line {
		v.foreign = append(v.foreign, at) // see endCertificates
		return nil
	}
	if v.logs[c.Gen] != nil {
		return v.refuse(at, "", certifiedTwice(c))
	}
	h := newHeld(c, len(v.ranks), at)
	v.logs[c.Gen] = h
	v.ranks = append(v.ranks, h)
	return nil
}

// endCertificates judges, once, all certificates. Where they name another
// founding than that of the file, all of them, it is the founding that was
// altered.
func (v *verifier) endCertificates() error {
	if v.certified {
		return nil
	}
	v.certified = true
	foreign := v.foreign
	if len(foreign) > 1 && len(v.ranks) == 0 {
		return v.refuse(v.place, "", parley.Errorf(parley.WrongLine, "this is not the founding that the certificates of the line name"))
	}
	for _, at := range foreign {
		if err := v.refuse(at, "", parley.Errorf(parley.WrongLine, "the certificate is for another founding of line %s", v.founding.Line)); err != nil {
			return err
		}
	}
	for _, h := range v.ranks {
		err := acceptCertificate(h.cert, v.founding, v.hash, v.logs)
		if err == nil {
			err = h.parseKeys()
		}
		if err != nil {
			if err := v.refuse(h.at, "", err); err != nil {
				return err
			}
		}
	}
	return nil
}

func certifiedTwice(c *journal.Certificate) error {
	return parley.Errorf(parley.Conflict, "generation %s is certified already", c.Gen)
}

// acceptCertificate judges a certificate by the founding and all others that
// are known (spec/log.md).
func acceptCertificate(c *journal.Certificate, f *charter.Founding, hash Hash, known map[parley.GenerationID]*held) error {
	if err := c.Check(f.Line, c.Party, hash); err != nil {
		return err
	}
	p, ok := f.Party(c.Party)
	if !ok {
		return parley.Errorf(parley.WrongParty, "%s is not a party of this line", c.Party)
	}
	if h := known[c.Gen]; h != nil && h.cert != c {
		return certifiedTwice(c)
	}
	if err := f.CheckCertificate(c); err != nil {
		return err
	}
	if c.By == journal.ByRoot {
		return c.Verify(p.Root, nil)
	}
	signer := known[c.Signer]
	switch newest := newestOf(c.Party, known, c); {
	case signer == nil:
		return parley.Errorf(parley.UnknownKey, "generation %s is certified by %s, which is not known", c.Gen, c.Signer)
	case signer.cert.Party != c.Party:
		return parley.Errorf(parley.WrongParty, "generation %s of %s is certified by the log of %s", c.Gen, c.Party, signer.cert.Party)
	case newest != signer && newest.cert.Compare(&c.CertificateBody) < 0, signer.cert.Compare(&c.CertificateBody) >= 0:
		return parley.Errorf(parley.UnknownKey, "generation %s is certified by %s, which was not the one in force", c.Gen, c.Signer)
	}
	return c.Verify(p.Root, &signer.cert.Log)
}

// newestOf returns the newest generation known of a party, but for that of c.
func newestOf(p parley.PartyCode, known map[parley.GenerationID]*held, c *journal.Certificate) (newest *held) {
	for _, h := range known {
		if h.cert.Party == p && h.cert != c && (newest == nil || newest.cert.Compare(&h.cert.CertificateBody) < 0) {
			newest = h
		}
	}
	return newest
}

// hashItem compares the hash of all bytes before it.
func (v *verifier) hashItem(raw []byte, at Place) error {
	f := &fields{b: raw}
	f.array(2)
	f.head(majorUint)
	var want Hash
	f.fixed(want[:])
	if err := f.end(); err != nil {
		return v.refuse(at, "", err)
	}
	if v.title == titleSilence && v.question == nil {
		return v.refuse(at, "", parley.Errorf(parley.Malformed, "the file does not say which request it is about"))
	}
	if v.whole = v.scan.fits(want[:]); !v.whole {
		return v.refuse(at, "", parley.Errorf(parley.BadProof, "the hash of the file does not fit its bytes"))
	}
	return nil
}
