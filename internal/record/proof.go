package record

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wire"
)

// maxProofFile bounds a proof file, in bytes: a founding, a handful of
// certificates and an entry, in base64.
const maxProofFile = 16 << 20

// proofVersion is the first part of a proof file's extra data.
const proofVersion = 1

// WriteProof writes the proof file of one entry (spec/proofs.md): a C2SP
// tlog-proof whose extra data opens that entry and nothing else. With
// headerOnly its body stays sealed. Errors are NotFound when the entry is not
// held, Unreadable when its key is not.
func WriteProof(w io.Writer, src Source, ref parley.Ref, headerOnly bool) error {
	p, err := newProof(src, ref, headerOnly)
	if err != nil {
		return fmt.Errorf("proving entry %s: %w", ref, err)
	}
	b, err := p.file()
	if err != nil {
		return fmt.Errorf("proving entry %s: %w", ref, err)
	}
	_, err = w.Write(b)
	return err
}

// proof is a proof file in the making.
type proof struct {
	x        *export
	log      *exportLog
	ref      parley.Ref
	entry    []byte
	opening  *Opening
	head     wire.Head
	tree     *journal.Tree
	receipts []wire.Receipt
}

func newProof(src Source, ref parley.Ref, headerOnly bool) (*proof, error) {
	x, err := newExport(io.Discard, src, titleRecord)
	if err != nil {
		return nil, err
	}
	p := &proof{x: x, ref: ref}
	for _, l := range x.logs {
		if l.cert.Gen == ref.Gen && ref.Index < l.Size {
			p.log = l
		}
	}
	if p.log == nil {
		return nil, parley.Errorf(parley.NotFound, "it is not held here")
	}
	es, err := src.Entries(ref.Gen, ref.Index, 1)
	if err != nil {
		return nil, err
	}
	if len(es) == 0 {
		return nil, parley.Errorf(parley.Corrupt, "it is not in the store")
	}
	if len(es[0].Key) != len(seal.Key{}) {
		return nil, parley.Errorf(parley.Unreadable, "it cannot be opened here, or has nothing to open")
	}
	p.entry, p.opening = es[0].Bytes, OpenWhole(seal.Key(es[0].Key))
	if headerOnly {
		p.opening = OpenHeader(seal.Key(es[0].Key))
	}
	if err := p.findHead(); err != nil {
		return nil, err
	}
	return p, p.findReceipts()
}

// findHead takes the first checkpoint over the entry: of those that a witness
// cosigned, where there are any.
func (p *proof) findHead() error {
	size := p.ref.Index + 1
	least := ^uint64(0)
	for _, w := range p.log.Witnesses {
		if w.Size >= size && w.Size <= p.log.Size {
			least = min(least, w.Size)
		}
	}
	if least != ^uint64(0) {
		size = least
	}
	h, ok, err := p.x.src.Head(p.ref.Gen, size)
	if err != nil {
		return err
	}
	if !ok || h.Size > p.log.Size {
		return parley.Errorf(parley.Corrupt, "no checkpoint over it is in the store")
	}
	p.head = h
	p.tree, err = journal.NewTree(p.log.Size, journal.ReaderFunc(func(indexes []int64) ([]Hash, error) {
		return p.x.src.Hashes(p.ref.Gen, indexes)
	}))
	return err
}

// findReceipts takes the first receipt of every holder over that checkpoint.
func (p *proof) findReceipts() error {
	for _, h := range p.x.logs {
		if h.cert.Party == p.log.cert.Party {
			continue
		}
		r, ok, err := p.x.src.Receipt(p.ref.Gen, h.cert.Gen, p.head.Size)
		if err != nil {
			return err
		}
		if ok && r.Size <= p.log.Size {
			p.receipts = append(p.receipts, r)
		}
	}
	return nil
}

func (p *proof) file() ([]byte, error) {
	extra, err := p.extra()
	if err != nil {
		return nil, err
	}
	hashes, err := p.tree.Inclusion(p.ref.Index, p.head.Size)
	if err != nil {
		return nil, err
	}
	c := journal.Checkpoint{Origin: p.log.cert.Origin(), Size: p.head.Size, Root: p.head.Root}
	note := c2sp.Note(c, p.log.cert.Log, p.head)
	for _, w := range p.log.Witnesses {
		if l, err := c2sp.ParseSignatureLine(w.Line); err == nil && w.Size == p.head.Size {
			note = c2sp.AppendLines(note, l)
		}
	}
	return c2sp.FormatProof(extra, p.ref.Index, hashes, note), nil
}

// extra is [1, founding, certificates, entry, key, receipts].
func (p *proof) extra() ([]byte, error) {
	founding, err := p.x.src.Founding()
	if err != nil {
		return nil, err
	}
	certs := p.certificates()
	b := item(nil).array(6).uint(proofVersion).bytes(founding).array(len(certs))
	for _, c := range certs {
		b = b.bytes(c)
	}
	b = b.bytes(p.entry).key(p.opening).array(len(p.receipts))
	for i := range p.receipts {
		r := &p.receipts[i]
		hashes, err := p.tree.Consistency(p.head.Size, r.Size)
		if err != nil {
			return nil, err
		}
		b = b.array(6).uint(r.Size).receipt(r).array(len(hashes))
		for _, h := range hashes {
			b = b.bytes(h[:])
		}
	}
	return b, nil
}

// certificates returns that of the entry's generation, then those of the
// holders, and those that certify them.
func (p *proof) certificates() [][]byte {
	byGen := map[parley.GenerationID]*exportLog{}
	for _, l := range p.x.logs {
		byGen[l.cert.Gen] = l
	}
	var out [][]byte
	done := map[parley.GenerationID]bool{}
	add := func(g parley.GenerationID) {
		for l := byGen[g]; l != nil && !done[l.cert.Gen]; l = byGen[l.cert.Signer] {
			done[l.cert.Gen] = true
			out = append(out, l.Certificate)
			if l.cert.By == journal.ByRoot {
				return
			}
		}
	}
	add(p.ref.Gen)
	for i := range p.receipts {
		add(p.receipts[i].Holder)
	}
	return out
}

// VerifyProof checks a proof file. The errors are as those of Verify; in the
// report's failures the item is the number of the part of the extra data.
func VerifyProof(r io.Reader, opts VerifyOptions) (*Report, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxProofFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	rep, _, err := OpenProof(b, opts)
	if err == nil && opts.Progress != nil {
		opts.Progress(int64(len(b)), int64(len(b)))
	}
	return rep, err
}

// Opened is the entry that a proof file opens.
type Opened struct {
	Ref    parley.Ref
	Party  parley.PartyCode
	Time   uint64       // by its writer's clock
	Header *form.Header // nil where the file does not open it
	Form   form.Form    // nil where the file does not open it, and where its writer sealed it wrongly
}

// OpenProof is VerifyProof of a file in memory. It returns what the file opens as
// well; nil where it does not verify.
func OpenProof(b []byte, opts VerifyOptions) (*Report, *Opened, error) {
	if len(b) > maxProofFile {
		return nil, nil, parley.Errorf(parley.Oversize, "a proof file of more than %d bytes", maxProofFile)
	}
	v := &proofVerifier{opts: opts, text: b, report: &Report{What: "proof", NotProved: notProved}}
	if err := v.run(); err != nil {
		return nil, nil, err
	}
	if v.report.Failures > 0 {
		return v.report, nil, nil
	}
	return v.report, v.opened, nil
}

// proofVerifier is one proof file under verification.
type proofVerifier struct {
	opts   VerifyOptions
	text   []byte
	report *Report
	proof  *c2sp.Proof
	opened *Opened

	founding *charter.Founding
	hash     Hash
	certs    []*journal.Certificate // as they stand
	known    map[parley.GenerationID]*held
	log      *held
	entry    []byte
	opening  *Opening
	receipts []proofReceipt
	at       [6]int // offsets of the parts in the extra data
}

type proofReceipt struct {
	wire.Receipt
	hashes []Hash
}

// errOther is a founding other than the one given.
type errOther struct{ error }

func (v *proofVerifier) run() error {
	part, err := v.verify()
	if err == nil {
		return nil
	}
	if o, ok := err.(errOther); ok {
		return o.error
	}
	var f failures
	f.add(v.place(part), v.entryName(), err)
	v.report.Errors, v.report.Failures = f.sorted(), 1
	v.report.List = nil
	return nil
}

func (v *proofVerifier) entryName() string {
	if v.log == nil || v.proof == nil {
		return ""
	}
	return v.log.name(v.proof.Index)
}

// The parts of a proof file that a failure may be in: those of the extra data
// by their numbers, then the rest.
const (
	partFounding     = 1
	partCertificates = 2
	partEntry        = 3
	partKey          = 4
	partReceipts     = 5
	partTree         = 6
	partNote         = 7
)

// place turns a part into a byte offset of the file.
func (v *proofVerifier) place(part int) Place {
	at := func(s string) int64 { return int64(max(0, bytes.Index(v.text, []byte(s)))) }
	switch {
	case part == partTree:
		return Place{Byte: at("\nindex ") + 1, Item: part}
	case part == partNote:
		return Place{Byte: at("\n\n") + 2, Item: part}
	case part > 0:
		return Place{Byte: at("\nextra ") + 7 + int64(v.at[part]/3*4), Item: part}
	}
	return Place{}
}

func (v *proofVerifier) verify() (part int, err error) {
	if v.proof, err = c2sp.ParseProof(v.text); err != nil {
		return v.badLine(), err
	}
	if part, err := v.parse(); err != nil {
		return part, err
	}
	if v.opts.Founding != nil && !bytes.Equal(v.opts.Founding, v.hash[:]) {
		return 0, errOther{parley.Errorf(parley.WrongLine, "the founding hash is another: %x", v.hash)}
	}
	v.report.describeLine(v.founding, v.hash, v.opts.Founding != nil)
	if err := v.accept(); err != nil {
		return partCertificates, err
	}
	n, err := c2sp.ParseNote(v.proof.Note)
	if err != nil {
		return partNote, err
	}
	c := n.Checkpoint
	if c.Origin != v.log.origin {
		return partNote, parley.Errorf(parley.WrongLine, "the checkpoint is of %s, the entry of %s", c.Origin, v.log.origin)
	}
	if err := journal.CheckInclusion(v.proof.Hashes, c.Size, c.Root, v.proof.Index, journal.LeafHash(v.entry)); err != nil {
		return partTree, err
	}
	if err := n.VerifyLog(v.log.cert.Log); err != nil {
		return partNote, err
	}
	keys := witnessKeys(v.founding)
	for _, l := range n.Lines {
		s, known, err := witnessed(keys, c, l)
		if err != nil {
			return partNote, err
		}
		if known {
			v.log.stamps = append(v.log.stamps, s)
			v.report.Cosignatures++
		} else if l.Name != c.Origin {
			v.report.UnknownWitnesses++
		}
	}
	if err := v.checkReceipts(c); err != nil {
		return partReceipts, err
	}
	v.report.Checkpoints = 1
	return v.open()
}

// badLine is the part to blame when the text does not parse.
func (v *proofVerifier) badLine() int {
	head, _, _ := strings.Cut(string(v.text), "\n\n")
	if _, err := c2sp.ParseProof([]byte(head + "\n\n")); err == nil || strings.Contains(err.Error(), "note") {
		return partNote
	}
	return 0
}

// parse takes the extra data apart.
func (v *proofVerifier) parse() (part int, err error) {
	if err := wire.Canonical(v.proof.Extra); err != nil {
		return 1, fmt.Errorf("the extra data: %w", err)
	}
	f := &fields{b: v.proof.Extra}
	f.array(6)
	if n := f.number(); f.err == nil && n != proofVersion {
		return 1, parley.Errorf(parley.Malformed, "extra data of version %d; version %d is known", n, proofVersion)
	}
	v.at[partFounding] = f.i
	founding := f.bytes()
	if f.err != nil {
		return partFounding, f.err
	}
	if v.founding, err = charter.ParseFounding(founding); err != nil {
		return partFounding, err
	}
	v.hash = v.founding.Hash()
	v.at[partCertificates] = f.i
	for range f.list() {
		b := f.bytes()
		if f.err != nil {
			break
		}
		c, err := journal.ParseCertificate(b)
		if err != nil {
			return partCertificates, err
		}
		v.certs = append(v.certs, c)
	}
	v.at[partEntry] = f.i
	v.entry = f.bytes()
	v.at[partKey] = f.i
	if f.err == nil {
		v.opening = f.opening()
	}
	v.at[partReceipts] = f.i
	v.takeReceipts(f)
	switch err := f.end(); {
	case err != nil:
		return partReceipts, err
	case len(v.certs) == 0:
		return partCertificates, parley.Errorf(parley.Malformed, "no certificate")
	case v.opening == nil:
		return partKey, parley.Errorf(parley.Malformed, "no key")
	}
	return 0, nil
}

func (v *proofVerifier) takeReceipts(f *fields) {
	for range f.list() {
		var r proofReceipt
		f.array(6)
		r.Size = f.number()
		f.fixed(r.Holder[:])
		f.signedTime(&r.Receipt)
		n := f.list()
		if n > wire.MaxProof {
			f.fail("a consistency proof of %d hashes", n)
		}
		for range n {
			var h Hash
			f.fixed(h[:])
			r.hashes = append(r.hashes, h)
			if f.err != nil {
				return
			}
		}
		if f.err != nil {
			return
		}
		v.receipts = append(v.receipts, r)
	}
}

// accept judges the certificates from the oldest to the newest.
func (v *proofVerifier) accept() error {
	v.known = map[parley.GenerationID]*held{}
	order := slices.Clone(v.certs)
	slices.SortStableFunc(order, func(a, b *journal.Certificate) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), a.Compare(&b.CertificateBody))
	})
	for i, c := range order {
		if v.known[c.Gen] != nil {
			return certifiedTwice(c)
		}
		v.known[c.Gen] = newHeld(c, i, Place{})
	}
	for _, c := range order {
		if err := acceptCertificate(c, v.founding, v.hash, v.known); err != nil {
			return err
		}
		if err := v.known[c.Gen].parseKeys(); err != nil {
			return err
		}
	}
	v.log = v.known[v.certs[0].Gen]
	return nil
}

func (v *proofVerifier) checkReceipts(c journal.Checkpoint) error {
	for i := range v.receipts {
		r := &v.receipts[i]
		if r.Size < c.Size {
			continue
		}
		by := v.known[r.Holder]
		if by == nil {
			return parley.Errorf(parley.UnknownKey, "a receipt of %s, of which no certificate is here", r.Holder)
		}
		if by.cert.Party == v.log.cert.Party {
			return parley.Errorf(parley.WrongParty, "a receipt of %s for its own log", by.cert.Party)
		}
		root, err := consistencyRoot(r.hashes, c.Size, c.Root, r.Size)
		if err != nil {
			return err
		}
		grown := journal.Checkpoint{Origin: c.Origin, Size: r.Size, Root: root}
		if err := journal.VerifyCosignature(by.held, by.holder, grown, r.Time, r.Ed, r.ML); err != nil {
			return err
		}
		v.log.stamps = append(v.log.stamps, stamp{by: string(by.cert.Party), size: r.Size, time: r.Time})
		v.report.Receipts++
	}
	return nil
}

// open opens the entry and describes it.
func (v *proofVerifier) open() (part int, err error) {
	e := entryItem{log: v.log, index: v.proof.Index, opening: v.opening}
	c, err := seal.Parse(v.entry)
	if err != nil {
		return partEntry, err
	}
	if c.Announces {
		return partKey, parley.Errorf(parley.Malformed, "a proof file of an epoch entry, which has nothing to open")
	}
	e.clear = c
	if e.open(c); e.err != nil {
		return partKey, e.err
	}
	r := v.report
	r.Entries = 1
	if e.header != nil {
		r.Headers = 1
	}
	if e.whole {
		r.Bodies = 1
	}
	if e.fault != nil {
		r.Faults = append(r.Faults, fault(v.log, e.index, e.fault))
	}
	x := rowOf(v.log, &e)
	s := newSpans(v.log.stamps)
	d := EntryReport{Entry: v.log.ref(e.index).String(), Party: v.log.cert.Party, Time: c.Time, Shown: x.shown, Fields: x.fields,
		Stored: s.stored(e.index), NotAfter: s.notAfter(e.index)}
	d.describeHeader(e.header, v.log.cert.Party)
	r.List = []EntryReport{d}
	v.opened = &Opened{Ref: v.log.ref(e.index), Party: v.log.cert.Party, Time: c.Time, Header: e.header}
	if e.whole && e.fault == nil {
		v.opened.Form = e.body
	}
	return 0, nil
}
