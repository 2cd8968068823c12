package record

import (
	"encoding/binary"
	"slices"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
	"parley/internal/wire"
)

// rising refuses items of one kind that do not rise by (a, b, c).
func (v *verifier) rising(kind uint64, key [3]uint64) error {
	if v.lastKind != kind {
		v.lastKind, v.lastKey = kind, key
		return nil
	}
	if slices.Compare(key[:], v.lastKey[:]) <= 0 {
		return parley.Errorf(parley.Malformed, "items of kind %d are not in their order", kind)
	}
	v.lastKey = key
	return nil
}

// about returns the log and size that a signed item is about.
func (v *verifier) about(g parley.GenerationID, size uint64) (*held, error) {
	h, err := v.logOf(g)
	switch {
	case err != nil:
		return nil, err
	case size == 0:
		return nil, parley.Errorf(parley.Malformed, "a signature over an empty log")
	case size > h.size():
		return nil, parley.Errorf(parley.Gap, "size %d of %s, of which %d entries are here", size, g, h.size())
	}
	return h, nil
}

func (v *verifier) headItem(f *fields, at Place) error {
	var g parley.GenerationID
	f.fixed(g[:])
	head := f.signedHead()
	err := f.end()
	var h *held
	if err == nil {
		h, err = v.about(g, head.Size)
	}
	if err == nil {
		err = v.rising(itemHead, [3]uint64{uint64(h.rank), head.Size})
	}
	if err != nil {
		return v.refuse(at, "", err)
	}
	v.counts.heads++
	root := h.tree.root(head.Size)
	if root != head.Root {
		return v.wrongRoot(h, head, at)
	}
	h.sizes = append(h.sizes, head.Size)
	from := h.covered
	h.covered = head.Size
	v.pool.do(func() {
		if err := journal.Verify(h.log, journal.Checkpoint{Origin: h.origin, Size: head.Size, Root: root}, head); err != nil {
			v.failures.add(at, "", err)
		}
	})
	return v.covered(h, from, head.Size)
}

// endHeads refuses entries that no checkpoint covers, once.
func (v *verifier) endHeads() error {
	if v.headsEnd {
		return nil
	}
	v.headsEnd = true
	for _, h := range v.ranks {
		if n := h.covered; n < h.size() {
			if err := v.refuse(h.place(n), h.name(n), parley.Errorf(parley.Gap, "no checkpoint covers it")); err != nil {
				return err
			}
		}
	}
	return nil
}

// signedHead takes size, root and both signatures.
func (f *fields) signedHead() (h wire.Head) {
	h.Size = f.number()
	f.fixed(h.Root[:])
	f.fixed(h.Ed[:])
	h.ML = make([]byte, mlSize)
	f.fixed(h.ML)
	return h
}

const mlSize = 2420

// covered brings out what is wrong with entries [from, to), now that their log
// has signed for them.
func (v *verifier) covered(h *held, from, to uint64) error {
	if len(h.odd) == 0 {
		return nil
	}
	for _, index := range h.oddIn(from, to) {
		o := h.odd[index]
		delete(h.odd, index)
		if o.fault {
			v.report.Faults = append(v.report.Faults, fault(h, index, o.err))
			continue
		}
		if err := v.refuse(h.place(index), h.name(index), o.err); err != nil {
			return err
		}
	}
	return nil
}

// oddIn returns the entries of [from, to) with which something is wrong.
func (h *held) oddIn(from, to uint64) (list []uint64) {
	for index := range h.odd {
		if index >= from && index < to {
			list = append(list, index)
		}
	}
	slices.Sort(list)
	return list
}

// wrongRoot names what makes a checkpoint differ from the entries: when its
// signatures are good, the entries were altered, else the checkpoint.
func (v *verifier) wrongRoot(h *held, head wire.Head, at Place) error {
	signed := journal.Verify(h.log, journal.Checkpoint{Origin: h.origin, Size: head.Size, Root: head.Root}, head) == nil
	if h.broken && signed {
		h.covered = head.Size // told already
		return nil
	}
	from := h.covered
	if !signed {
		return v.refuse(at, "", parley.Errorf(parley.BadProof, "the entries of %s up to %d do not give this root", h.origin, head.Size))
	}
	h.broken, h.covered = true, head.Size
	suspects := h.oddIn(from, head.Size)
	for _, index := range suspects {
		o := h.odd[index]
		delete(h.odd, index)
		err := parley.Errorf(parley.BadProof, "it is not what its log signed for: %v", o.err)
		if err := v.refuse(h.place(index), h.name(index), err); err != nil {
			return err
		}
	}
	if len(suspects) > 0 {
		return nil
	}
	if head.Size-from == 1 {
		return v.refuse(h.place(from), h.name(from), parley.Errorf(parley.BadProof, "it is not what its log signed for"))
	}
	return v.refuse(h.place(from), h.name(from), parley.Errorf(parley.BadProof, "among this entry and those up to %d, to byte %d, one is not what their log signed for", head.Size-1, h.off[head.Size-1]))
}

func (v *verifier) receiptItem(f *fields, at Place) error {
	var g parley.GenerationID
	r := wire.Receipt{}
	f.fixed(g[:])
	r.Size = f.number()
	f.fixed(r.Holder[:])
	f.signedTime(&r)
	err := f.end()
	var h, by *held
	if err == nil {
		if h, err = v.about(g, r.Size); err == nil {
			by, err = v.logOf(r.Holder)
		}
	}
	if err == nil {
		err = v.rising(itemReceipt, [3]uint64{uint64(h.rank), uint64(by.rank), r.Size})
	}
	if err == nil && by.cert.Party == h.cert.Party {
		err = parley.Errorf(parley.WrongParty, "a receipt of %s for its own log", by.cert.Party)
	}
	if err == nil && r.Time == 0 {
		err = parley.Errorf(parley.Malformed, "a receipt at time 0")
	}
	if err != nil {
		return v.refuse(at, "", err)
	}
	v.counts.receipts++
	if h.broken {
		return nil // its root is not known here
	}
	h.stamps = append(h.stamps, stamp{by: string(by.cert.Party), size: r.Size, time: r.Time})
	c := journal.Checkpoint{Origin: h.origin, Size: r.Size, Root: h.tree.root(r.Size)}
	v.pool.do(func() {
		if err := journal.VerifyCosignature(by.held, by.holder, c, r.Time, r.Ed, r.ML); err != nil {
			v.failures.add(at, "", err)
		}
	})
	return nil
}

// signedTime takes the time and both signatures of a receipt.
func (f *fields) signedTime(r *wire.Receipt) {
	r.Time = f.number()
	f.fixed(r.Ed[:])
	r.ML = make([]byte, mlSize)
	f.fixed(r.ML)
}

func (v *verifier) witnessItem(f *fields, at Place) error {
	var g parley.GenerationID
	f.fixed(g[:])
	size, text := f.number(), f.text()
	err := f.end()
	var h *held
	if err == nil {
		h, err = v.about(g, size)
	}
	if err == nil {
		if _, ok := slices.BinarySearch(h.sizes, size); !ok && !h.broken {
			err = parley.Errorf(parley.Gap, "a cosignature over size %d of %s, of which no checkpoint is here", size, g)
		}
	}
	if err == nil && uint64(h.rank) < v.lastRank[1] {
		err = parley.Errorf(parley.Malformed, "items of kind %d are not in their order", itemWitness)
	}
	var l c2sp.SignatureLine
	if err == nil {
		l, err = c2sp.ParseSignatureLine(text)
	}
	if err != nil {
		return v.refuse(at, "", err)
	}
	v.lastRank[1] = uint64(h.rank)
	if h.broken {
		return nil
	}
	s, known, err := witnessed(v.policy, journal.Checkpoint{Origin: h.origin, Size: size, Root: h.tree.root(size)}, l)
	switch {
	case err != nil:
		return v.refuse(at, "", err)
	case !known:
		v.counts.unknownWitnesses++
	default:
		v.counts.witnessed++
		h.stamps = append(h.stamps, s)
	}
	return nil
}

// witnessed verifies the cosignature of a witness; known is false when the
// annex does not name it. The error is BadSignature.
func witnessed(keys []c2sp.VKey, c journal.Checkpoint, l c2sp.SignatureLine) (s stamp, known bool, err error) {
	for _, k := range keys {
		if k.Name != l.Name || k.ID() != l.ID {
			continue
		}
		t, err := k.Verify(c, l.Sig)
		if err == nil && t == 0 {
			err = parley.Errorf(parley.BadSignature, "witness %s cosigned at time 0", k.Name)
		}
		return stamp{by: k.Name, witness: true, size: c.Size, time: t}, true, err
	}
	return stamp{}, false, nil
}

func (v *verifier) evidenceItem(f *fields, at Place) error {
	for range f.list() {
		var e wire.Evidence
		raw := f.raw()
		if f.err != nil {
			break
		}
		if err := e.UnmarshalCBOR(raw); err != nil {
			return v.refuse(at, "", err)
		}
		h, err := v.logOf(e.Gen)
		if err == nil {
			err = journal.VerifyEvidence(h.origin, h.log, &e)
		}
		if err != nil {
			if err := v.refuse(at, "", err); err != nil {
				return err
			}
			continue
		}
		h.disputed = true
	}
	if err := f.end(); err != nil {
		return v.refuse(at, "", err)
	}
	return nil
}

// timeOf is the time that a cosignature line claims. Its signature has 8 bytes
// and more.
func timeOf(l c2sp.SignatureLine) uint64 { return binary.BigEndian.Uint64(l.Sig) }
