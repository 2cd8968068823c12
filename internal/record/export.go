package record

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"

	"parley"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wire"
)

// A Source is one line as a station holds it. It gives what was durable when
// Logs was called; entries that come later are passed over.
type Source interface {
	// Founding returns the founding as its bytes stand.
	Founding() ([]byte, error)
	// Logs returns every generation held,
	// as they stand at one moment.
	Logs() ([]Log, error)
	// Entries returns up to n entries of gen from index from on, in order: at
	// least one where there is one, and fewer than n where they are large.
	Entries(gen parley.GenerationID, from uint64, n int) ([]Entry, error)
	// Head returns the stored checkpoint of gen with the least size that is
	// >= size; ok is false when there is none.
	Head(gen parley.GenerationID, size uint64) (h wire.Head, ok bool, err error)
	// Receipt returns holder's receipt for gen with the least size that is
	// >= size; ok is false when there is none.
	Receipt(gen, holder parley.GenerationID, size uint64) (r wire.Receipt, ok bool, err error)
	// Hashes returns tree hashes of gen by stored-hash index.
	Hashes(gen parley.GenerationID, indexes []int64) ([]Hash, error)
}

// Log is one generation of one party's log.
type Log struct {
	Certificate []byte
	Size        uint64           // of its largest checkpoint
	Witnesses   []Witness        // cosignatures of witnesses
	Evidence    []*wire.Evidence // that it forked
}

// Witness is a cosignature of a witness over a stored checkpoint.
type Witness struct {
	Size uint64
	Line string // note signature line, without its newline
}

// Entry is one leaf with its key, nil where there is none or it is not held.
type Entry struct {
	Bytes []byte
	Key   []byte
}

// exportRun is how many entries are asked for at a time.
const exportRun = 256

// WriteExport writes the exported record of a line (spec/proofs.md) and
// returns how many entries it holds. With open, the key of every entry that
// the source has is given along: whoever has the file can then read it all.
func WriteExport(w io.Writer, src Source, open bool) (entries int, err error) {
	x, err := newExport(w, src, titleRecord)
	if err != nil {
		return 0, fmt.Errorf("exporting record: %w", err)
	}
	opening := func(_ *exportLog, _ uint64, k seal.Key) *Opening {
		if !open {
			return nil
		}
		return OpenWhole(k)
	}
	if err := x.write(opening); err != nil {
		return 0, fmt.Errorf("exporting record: %w", err)
	}
	return x.entries, x.finish()
}

// export is one file under way.
type export struct {
	w       *bufio.Writer
	sum     hash.Hash
	src     Source
	logs    []*exportLog
	buf     item
	entries int
}

type exportLog struct {
	Log
	cert *journal.Certificate
}

func newExport(w io.Writer, src Source, title string) (*export, error) {
	founding, err := src.Founding()
	if err != nil {
		return nil, err
	}
	logs, err := src.Logs()
	if err != nil {
		return nil, err
	}
	x := &export{w: bufio.NewWriterSize(w, 1<<18), sum: sha256.New(), src: src}
	for _, l := range logs {
		c, err := journal.ParseCertificate(l.Certificate)
		if err != nil {
			return nil, err
		}
		x.logs = append(x.logs, &exportLog{Log: l, cert: c})
	}
	slices.SortFunc(x.logs, func(a, b *exportLog) int {
		return cmp.Or(cmp.Compare(a.cert.Party, b.cert.Party), a.cert.Compare(&b.cert.CertificateBody))
	})
	x.put(x.start(3, itemTitle).text(title).uint(1))
	x.put(x.start(2, itemFounding).bytes(founding))
	return x, nil
}

// start begins an item of n parts, its kind the first.
func (x *export) start(n int, kind uint64) item { return x.buf[:0].array(n).uint(kind) }

// put writes an item. Errors of the writer come out at finish.
func (x *export) put(b item) {
	x.buf = b
	x.sum.Write(b)
	x.w.Write(b)
}

func (x *export) finish() error {
	x.put(x.start(2, itemHash).bytes(x.sum.Sum(nil)))
	return x.w.Flush()
}

// disclose says what of an entry's key is given along.
type disclose func(l *exportLog, index uint64, k seal.Key) *Opening

// write writes all items but the first two and the last.
func (x *export) write(opening disclose) error {
	for _, l := range x.logs {
		x.put(x.start(2, itemCertificate).bytes(l.Certificate))
	}
	for _, l := range x.logs {
		if err := x.writeEntries(l, opening); err != nil {
			return err
		}
	}
	for _, l := range x.logs {
		if err := x.writeHeads(l); err != nil {
			return err
		}
	}
	for _, l := range x.logs {
		if err := x.writeReceipts(l); err != nil {
			return err
		}
	}
	for _, l := range x.logs {
		for _, v := range l.Witnesses {
			if v.Size <= l.Size {
				x.put(x.start(4, itemWitness).bytes(l.cert.Gen[:]).uint(v.Size).text(v.Line))
			}
		}
	}
	return x.writeEvidence()
}

func (x *export) writeEntries(l *exportLog, opening disclose) error {
	for at := uint64(0); at < l.Size; {
		es, err := x.src.Entries(l.cert.Gen, at, int(min(exportRun, l.Size-at)))
		if err != nil {
			return err
		}
		if len(es) == 0 {
			return parley.Errorf(parley.Corrupt, "entry %d of %s is not in the store", at, l.cert.Origin())
		}
		for i := range es {
			e := &es[i]
			var o *Opening
			if len(e.Key) == len(seal.Key{}) {
				o = opening(l, at, seal.Key(e.Key))
			}
			x.put(x.start(5, itemEntry).ref(parley.Ref{Gen: l.cert.Gen, Index: at}).bytes(e.Bytes).key(o))
			at++
			x.entries++
		}
		if err := x.flushed(); err != nil {
			return err
		}
	}
	return nil
}

// flushed returns an error of the writer, so that a full disk ends the export.
func (x *export) flushed() error {
	_, err := x.w.Write(nil)
	return err
}

func (x *export) writeHeads(l *exportLog) error {
	for size := uint64(0); size < l.Size; {
		h, ok, err := x.src.Head(l.cert.Gen, size+1)
		if err != nil {
			return err
		}
		if !ok || h.Size <= size || h.Size > l.Size {
			return parley.Errorf(parley.Corrupt, "the checkpoint at size %d of %s is not in the store", l.Size, l.cert.Origin())
		}
		size = h.Size
		x.put(x.start(6, itemHead).bytes(l.cert.Gen[:]).head4(h))
	}
	return x.flushed()
}

func (x *export) writeReceipts(l *exportLog) error {
	for _, holder := range x.logs {
		if holder.cert.Party == l.cert.Party {
			continue
		}
		for size := uint64(0); size < l.Size; {
			r, ok, err := x.src.Receipt(l.cert.Gen, holder.cert.Gen, size+1)
			if err != nil {
				return err
			}
			if !ok || r.Size <= size || r.Size > l.Size {
				break
			}
			size = r.Size
			x.put(x.start(7, itemReceipt).bytes(l.cert.Gen[:]).uint(r.Size).receipt(&r))
		}
	}
	return x.flushed()
}

func (x *export) writeEvidence() error {
	var all [][]byte
	for _, l := range x.logs {
		for _, e := range l.Evidence {
			b, err := e.MarshalCBOR()
			if err != nil {
				return err
			}
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil
	}
	b := x.start(2, itemEvidence).array(len(all))
	x.put(append(b, bytes.Join(all, nil)...))
	return nil
}
