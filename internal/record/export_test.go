package record

import (
	"github.com/fxamacker/cbor/v2"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/seal"
)

// AcceptCertificate judges a certificate as a reader does who has accepted
// known before, in that order.
func AcceptCertificate(f *charter.Founding, raw []byte, known [][]byte) (*journal.Certificate, error) {
	m := map[parley.GenerationID]*held{}
	for i, b := range known {
		c, err := journal.ParseCertificate(b)
		if err != nil {
			return nil, err
		}
		m[c.Gen] = newHeld(c, i, Place{})
	}
	c, err := journal.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	return c, acceptCertificate(c, f, f.Hash(), m)
}

// Ordered is an order vector's outcome.
type Ordered struct {
	Order, Settled, Late []parley.Ref
	Waiting              []parley.PartyCode
}

// OrderOf checks and orders abstract records: the nodes of each generation, by
// index, in the order of acceptance of their generations.
func OrderOf(parties []parley.PartyCode, gens []Generation, nodes map[parley.GenerationID][]Node) (Ordered, error) {
	return OrderIn(feedRun, parties, gens, nodes)
}

// OrderIn is OrderOf, ordering whenever so many entries are pending.
func OrderIn(each int, parties []parley.PartyCode, gens []Generation, nodes map[parley.GenerationID][]Node) (Ordered, error) {
	var out Ordered
	v := &verifier{logs: map[parley.GenerationID]*held{}}
	seq := NewSequencer(parties, 0)
	for i, g := range gens {
		h := &held{rank: i, cert: &journal.Certificate{CertificateBody: journal.CertificateBody{Party: g.Party, Gen: g.ID}},
			steps: map[parley.GenerationID][]step{}, without: map[uint64][]parley.PartyCode{}, odd: map[uint64]oddity{}}
		v.logs[g.ID], v.ranks = h, append(v.ranks, h)
		seq.AddGeneration(g)
		for k, n := range nodes[g.ID] {
			if n.Ref.Index != uint64(k) {
				return out, parley.Errorf(parley.Gap, "index %d", n.Ref.Index)
			}
			h.tree.append(Hash{})
			if err := h.follow(uint64(k), &seal.Entry{Clear: seal.Clear{Epoch: uint64(k), Time: n.Time, Seen: n.Seen}, Announces: true}); err != nil {
				return out, err
			}
			if len(n.Out) > 0 {
				h.without[uint64(k)] = n.Out
			}
		}
	}
	for _, h := range v.ranks {
		v.checkSeen(h)
		for _, o := range h.odd {
			return out, o.err
		}
	}
	late := map[parley.Ref]bool{}
	st := &settler{v: v, seq: seq, listed: true, each: each}
	for _, h := range v.ranks {
		st.feeds = append(st.feeds, &feed{held: h, at: map[parley.GenerationID]int{}})
		for i := range h.times {
			late[h.ref(uint64(i))] = true
		}
	}
	if err := st.run(); err != nil {
		return out, err
	}
	settled, unsettled := st.order, st.rest
	for i, p := range append(settled, unsettled...) {
		out.Order = append(out.Order, p.Ref)
		if i < len(settled) {
			out.Settled = append(out.Settled, p.Ref)
		}
		delete(late, p.Ref)
	}
	if len(unsettled) > 0 {
		out.Waiting = unsettled[0].Missing
	}
	for _, h := range v.ranks {
		for i := range h.times {
			if r := h.ref(uint64(i)); late[r] {
				out.Late = append(out.Late, r)
			}
		}
	}
	return out, nil
}

// ConsistencyRoots returns both roots that a consistency proof leads to.
func ConsistencyRoots(proof []Hash, older uint64, root Hash, newer uint64) (first, second Hash, err error) {
	return consistencyRoots(proof, older, root, newer)
}

// InclusionRoot returns the root that an inclusion proof leads to. It is
// written apart from journal's, which only compares.
func InclusionRoot(leaf Hash, index, size uint64, proof [][]byte) (Hash, error) {
	bad := parley.Errorf(parley.BadProof, "inclusion proof of the wrong length")
	if index >= size {
		return Hash{}, bad
	}
	fn, sn, h := index, size-1, leaf
	for _, b := range proof {
		p := Hash(b)
		if sn == 0 {
			return Hash{}, bad
		}
		if fn&1 == 1 || fn == sn {
			h = nodeHash(&p, &h)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			h = nodeHash(&h, &p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return Hash{}, bad
	}
	return h, nil
}

// ParseEpoch reads the body of an epoch entry as a record's verifier does.
func ParseEpoch(b []byte) (*seal.EpochBody, error) { return parseEpoch(b) }

// ExtraParts returns the parts of a proof file's extra data, to be changed and
// encoded again.
func ExtraParts(b []byte) ([]any, error) {
	f := &fields{b: b}
	n := f.list()
	parts := []any{f.number()}
	for range n - 1 {
		parts = append(parts, cbor.RawMessage(f.raw()))
	}
	return parts, f.end()
}
