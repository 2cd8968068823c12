package station

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"parley"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/store"
	"parley/internal/wire"
)

// heldRecord gives a line's record to those who export and prove (record.Source), as
// it stood when Logs was called.
type heldRecord struct {
	l *liveLine
}

func (h heldRecord) Founding() ([]byte, error) { return h.l.founding.Encode(), nil }

// Logs lists the generations in the order of their acceptance.
func (h heldRecord) Logs() ([]record.Log, error) {
	var out []record.Log
	for _, s := range h.l.runner.Status().Logs {
		x := record.Log{Certificate: s.Cert, Size: s.Size}
		ev, err := h.evidence(s)
		if err != nil {
			return nil, err
		}
		x.Evidence = ev
		if x.Witnesses, err = h.cosigned(s); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (h heldRecord) evidence(s line.LogStatus) ([]*wire.Evidence, error) {
	if !s.Disputed {
		return nil, nil
	}
	kvs, err := h.l.store.Values("evidence/" + s.Gen.String())
	if err != nil {
		return nil, err
	}
	var out []*wire.Evidence
	for _, kv := range kvs {
		f, err := wire.Parse(kv.Value)
		if ev, ok := f.(*wire.Evidence); err == nil && ok {
			out = append(out, ev)
		}
	}
	return out, nil
}

func (h heldRecord) Entries(gen parley.GenerationID, from uint64, n int) ([]record.Entry, error) {
	es, err := h.l.store.Entries(gen, from, n)
	if err != nil {
		return nil, err
	}
	out := make([]record.Entry, len(es))
	for i, e := range es {
		out[i] = record.Entry{Bytes: e.Bytes, Key: e.Key}
	}
	return out, nil
}

func (h heldRecord) Hashes(gen parley.GenerationID, indexes []int64) ([][32]byte, error) {
	return h.l.store.Hashes(gen, indexes)
}

func (h heldRecord) Head(gen parley.GenerationID, size uint64) (wire.Head, bool, error) {
	s, ok, err := h.l.store.Head(gen, size)
	return headOf(s), ok, err
}

func (h heldRecord) Receipt(gen, holder parley.GenerationID, size uint64) (wire.Receipt, bool, error) {
	r, ok, err := h.l.store.Receipt(gen, holder, size)
	return wire.Receipt{Gen: r.Gen, Size: r.Size, Holder: r.Holder, Time: r.Time, Ed: r.Ed, ML: r.ML}, ok, err
}

// Export writes the record of a line for anybody to verify offline; with open
// it gives every key along. It is audited.
func (s *Station) Export(_ context.Context, by Officer, name string, open bool, w io.Writer) (int, error) {
	if err := seatFor(by, "export the record", parley.Archivist, parley.Administrator, parley.Envoy, parley.Watch); err != nil {
		return 0, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return 0, err
	}
	if err := s.audit(by, "export", l.id.String(), fmt.Sprintf("texts opened: %v", open)); err != nil {
		return 0, err
	}
	return record.WriteExport(w, heldRecord{l}, open)
}

// Proof returns a proof file of one entry: it opens that entry, or its header
// alone, to whoever has the file, and nothing else. It is audited.
func (s *Station) Proof(_ context.Context, by Officer, name, id string, headerOnly bool) ([]byte, error) {
	l, row, err := s.provable(by, name, id, "prove an entry")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := record.WriteProof(&b, heldRecord{l}, row.Ref(), headerOnly); err != nil {
		return nil, err
	}
	return b.Bytes(), s.audit(by, "proof", id, fmt.Sprintf("header only: %v", headerOnly))
}

// SilenceProof returns a file that shows that a request of ours was stored and
// not answered by now, and opens no text of theirs. It is audited.
func (s *Station) SilenceProof(_ context.Context, by Officer, name, id string) ([]byte, error) {
	l, row, err := s.provable(by, name, id, "prove silence")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := record.WriteSilence(&b, heldRecord{l}, row.Ref(), 0); err != nil {
		return nil, err
	}
	return b.Bytes(), s.audit(by, "proof of silence", id, "")
}

func (s *Station) provable(by Officer, name, id, act string) (*liveLine, store.Row, error) {
	if err := seatFor(by, act, parley.Archivist, parley.Administrator, parley.Envoy, parley.Watch); err != nil {
		return nil, store.Row{}, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return nil, store.Row{}, err
	}
	row, err := l.find(id)
	if err != nil {
		return nil, store.Row{}, err
	}
	if row.Waiting() {
		return nil, store.Row{}, parley.Errorf(parley.Unavailable, "%s waits to be sent: nothing of it is signed yet", id)
	}
	return l, row, nil
}
