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

func (f *Entry) append(b []byte) []byte {
	b = appendUint(appendBytes(b, f.Gen[:]), f.Index)
	return appendBytes(b, f.Bytes)
}

func (f *Entry) read(r *reader) {
	r.fixed(f.Gen[:])
	f.Index = r.number()
	f.Bytes = r.bytes(1, MaxEntry)
}

func (f *Entry) check() error {
	if err := leafSize("entry", f.Bytes); err != nil {
		return err
	}
	return inRange("entry", f.Index)
}

func (f *Checkpoint) append(b []byte) []byte {
	b = appendUint(appendBytes(b, f.Gen[:]), f.Size)
	return appendML(appendBytes(b, f.Ed[:]), f.ML)
}

func (f *Checkpoint) read(r *reader) {
	r.fixed(f.Gen[:])
	f.Size = r.number()
	r.fixed(f.Ed[:])
	f.ML = r.ml()
}

func (f *Checkpoint) check() error {
	if err := checkML("checkpoint", f.ML, true); err != nil {
		return err
	}
	return inRange("checkpoint", f.Size)
}

func (f *Receipt) append(b []byte) []byte {
	b = appendUint(appendBytes(b, f.Gen[:]), f.Size)
	b = appendUint(appendBytes(b, f.Holder[:]), f.Time)
	return appendML(appendBytes(b, f.Ed[:]), f.ML)
}

func (f *Receipt) read(r *reader) {
	r.fixed(f.Gen[:])
	f.Size = r.number()
	r.fixed(f.Holder[:])
	f.Time = r.number()
	r.fixed(f.Ed[:])
	f.ML = r.ml()
}

func (f *Receipt) check() error {
	if f.Time == 0 {
		return bad("receipt: the time is 0")
	}
	if err := checkML("receipt", f.ML, true); err != nil {
		return err
	}
	return inRange("receipt", f.Size, f.Time)
}

func (f *Certificate) append(b []byte) []byte { return appendBytes(b, f.Bytes) }
func (f *Certificate) read(r *reader)         { f.Bytes = r.bytes(1, MaxEntry) }
func (f *Certificate) check() error           { return leafSize("certificate", f.Bytes) }

func (f *Shown) append(b []byte) []byte { return f.Head.append(appendBytes(b, f.Gen[:])) }

func (f *Shown) read(r *reader) {
	r.fixed(f.Gen[:])
	f.Head.read(r)
}

func (f *Shown) check() error { return f.Head.check() }

func (f *Evidence) append(b []byte) []byte {
	b = appendBytes(appendArray(b, 4), f.Gen[:])
	b = f.First.append(appendArray(b, 4))
	b = f.Second.append(appendArray(b, 4))
	b = appendArray(b, len(f.Proof))
	for i := range f.Proof {
		b = appendBytes(b, f.Proof[i][:])
	}
	return b
}

func (f *Evidence) read(r *reader) {
	r.array(4)
	r.fixed(f.Gen[:])
	r.array(4)
	f.First.read(r)
	r.array(4)
	f.Second.read(r)
	f.Proof = r.hashes(MaxProof)
}

func (f *Evidence) check() error {
	if f.First.Size > f.Second.Size {
		return bad("evidence: the larger size stands first")
	}
	if len(f.Proof) > MaxProof {
		return bad("evidence: a proof of %d hashes, at most %d are allowed", len(f.Proof), MaxProof)
	}
	if f.First.Size == f.Second.Size && len(f.Proof) > 0 {
		return bad("evidence: a proof between equal sizes")
	}
	if err := f.First.check(); err != nil {
		return err
	}
	return f.Second.check()
}

// MarshalCBOR returns f as it stands in an exported record. It has the
// receiver of a value so that lists of evidence encode.
func (f Evidence) MarshalCBOR() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.append(nil), nil
}

// UnmarshalCBOR reads what MarshalCBOR writes, as strictly as a frame.
func (f *Evidence) UnmarshalCBOR(b []byte) error {
	if err := Canonical(b); err != nil {
		return err
	}
	r := &reader{b: b}
	*f = Evidence{}
	f.read(r)
	if err := r.end(); err != nil {
		return err
	}
	return f.check()
}

// append appends the four items without the head of an array.
func (h *Head) append(b []byte) []byte {
	b = appendBytes(appendUint(b, h.Size), h.Root[:])
	return appendML(appendBytes(b, h.Ed[:]), h.ML)
}

func (h *Head) read(r *reader) {
	h.Size = r.number()
	r.fixed(h.Root[:])
	r.fixed(h.Ed[:])
	h.ML = r.bytes(mlSize, mlSize)
}

func (h *Head) check() error {
	if err := checkML("checkpoint in full", h.ML, false); err != nil {
		return err
	}
	return inRange("checkpoint in full", h.Size)
}

func leafSize(what string, b []byte) error {
	if len(b) == 0 {
		return bad("%s: no bytes", what)
	}
	if len(b) > MaxEntry {
		return parley.Errorf(parley.Oversize, "%s: %d bytes are over the limit of %d", what, len(b), MaxEntry)
	}
	return nil
}

// checkML refuses an ML-DSA half of another length; nil passes where the half
// may come later.
func checkML(what string, ml []byte, mayBeNil bool) error {
	if len(ml) == mlSize || ml == nil && mayBeNil {
		return nil
	}
	return bad("%s: an ml-dsa signature of %d bytes, want %d", what, len(ml), mlSize)
}

func appendML(b, ml []byte) []byte {
	if ml == nil {
		return append(b, 0xf6)
	}
	return appendBytes(b, ml)
}

// ml takes an ML-DSA half or null.
func (r *reader) ml() []byte {
	if r.null() {
		return nil
	}
	return r.bytes(mlSize, mlSize)
}

// hashes takes a list of at most most byte strings of 32.
func (r *reader) hashes(most int) [][32]byte {
	n := r.list(most)
	if n == 0 {
		return nil
	}
	list := make([][32]byte, n)
	for i := range list {
		r.fixed(list[i][:])
	}
	return list
}
