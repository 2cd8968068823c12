package wire

import (
	"parley"
)

// Entry carries one leaf of a log.
type Entry struct {
	Gen   parley.GenerationID
	Index uint64
	Bytes []byte // as in the log; 1 to MaxEntry bytes
}

// Checkpoint is the log's signatures over its size and the root that the
// receiver recomputes.
type Checkpoint struct {
	Gen  parley.GenerationID
	Size uint64
	Ed   [64]byte
	ML   []byte // 2,420 bytes, or nil: the classical half alone, provisional
}

// Receipt is the holder's cosignature: it has the log durably up to Size.
type Receipt struct {
	Gen    parley.GenerationID // the log
	Size   uint64
	Holder parley.GenerationID
	Time   uint64 // UTC seconds, not 0
	Ed     [64]byte
	ML     []byte // 2,420 bytes, or nil: provisional
}

// Certificate is the certificate of a generation whose index 0 the receiver
// may not have.
type Certificate struct{ Bytes []byte }

// Head is a checkpoint with its root in full and both signatures. In CBOR it
// is [size, root, ed, ml].
type Head struct {
	Size uint64
	Root [32]byte
	Ed   [64]byte
	ML   []byte // 2,420 bytes
}

// Shown is a checkpoint in full, so that doubt and forks can be proved.
type Shown struct {
	Gen  parley.GenerationID
	Head Head
}

// Evidence is the proof of a fork: two checkpoints of one generation, the
// smaller first, and for different sizes the consistency proof from the prefix
// held. In CBOR, without the frame, it is [gen, head, head, [* hash]].
type Evidence struct {
	Gen    parley.GenerationID
	First  Head
	Second Head
	Proof  [][32]byte
}

func (*Entry) frameType() uint64       { return TypeEntry }
func (*Checkpoint) frameType() uint64  { return TypeCheckpoint }
func (*Receipt) frameType() uint64     { return TypeReceipt }
func (*Certificate) frameType() uint64 { return TypeCertificate }
func (*Shown) frameType() uint64       { return TypeShown }
func (*Evidence) frameType() uint64    { return TypeEvidence }

func (*Entry) items() int       { return 3 }
func (*Checkpoint) items() int  { return 4 }
func (*Receipt) items() int     { return 6 }
func (*Certificate) items() int { return 1 }
func (*Shown) items() int       { return 5 }
func (*Evidence) items() int    { return 1 }

func (f *Entry) fields(w *walk) {
	w.fixed(f.Gen[:])
	w.number(&f.Index)
	w.bytes(&f.Bytes, 1, MaxEntry)
}

func (f *Checkpoint) fields(w *walk) {
	w.fixed(f.Gen[:])
	w.number(&f.Size)
	w.fixed(f.Ed[:])
	w.ml(&f.ML)
}

func (f *Receipt) fields(w *walk) {
	w.fixed(f.Gen[:])
	w.number(&f.Size)
	w.fixed(f.Holder[:])
	w.positive(&f.Time)
	w.fixed(f.Ed[:])
	w.ml(&f.ML)
}

func (f *Certificate) fields(w *walk) { w.bytes(&f.Bytes, 1, MaxEntry) }

func (f *Shown) fields(w *walk) {
	w.fixed(f.Gen[:])
	f.Head.fields(w)
}

func (f *Evidence) fields(w *walk) {
	at := w.at()
	w.array(4)
	w.fixed(f.Gen[:])
	w.array(4)
	f.First.fields(w)
	w.array(4)
	f.Second.fields(w)
	w.hashes(&f.Proof, MaxProof)
	if f.First.Size > f.Second.Size {
		w.fail(at, "evidence: the larger size stands first")
	}
	if f.First.Size == f.Second.Size && len(f.Proof) > 0 {
		w.fail(at, "evidence: a proof between equal sizes")
	}
}

// fields goes through the four items without the head of an array.
func (h *Head) fields(w *walk) {
	w.number(&h.Size)
	w.fixed(h.Root[:])
	w.fixed(h.Ed[:])
	w.bytes(&h.ML, mlSize, mlSize)
}

// MarshalCBOR returns f as it stands in an exported record. It has the
// receiver of a value so that lists of evidence encode.
func (f Evidence) MarshalCBOR() ([]byte, error) {
	w := &walk{writing: true}
	f.fields(w)
	return w.b, w.err
}

// UnmarshalCBOR reads what MarshalCBOR writes, as strictly as a frame.
func (f *Evidence) UnmarshalCBOR(b []byte) error {
	if err := Canonical(b); err != nil {
		return err
	}
	w := &walk{b: b}
	*f = Evidence{}
	f.fields(w)
	return w.end()
}
