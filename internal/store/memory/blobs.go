package memory

import (
	"bytes"
	"crypto/sha256"
	"io"
	"slices"
	"sync"

	"parley"
	"parley/internal/form"
	"parley/internal/seal"
	"parley/internal/store"
)

var maxBlob = seal.SealedBlobSize(form.MaxAttachment)

// Blobs is a store.Blobs in memory. Its days never end.
type Blobs struct {
	daily int64

	mu    sync.Mutex
	blobs map[store.BlobID]*blob
	used  map[string]int64
}

type blob struct {
	b     []byte
	size  int64
	whole bool
}

// NewBlobs returns an empty one that takes daily bytes from each party of a
// line; 0: no bound.
func NewBlobs(daily int64) *Blobs {
	return &Blobs{daily: daily, blobs: map[store.BlobID]*blob{}, used: map[string]int64{}}
}

func (s *Blobs) find(id store.BlobID) (*blob, error) {
	if b := s.blobs[id]; b != nil {
		return b, nil
	}
	return nil, parley.Errorf(parley.NotFound, "no attachment %x", id.Hash[:8])
}

// Create announces a blob.
func (s *Blobs) Create(id store.BlobID, from parley.PartyCode, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size < 0 || size > maxBlob {
		return parley.Errorf(parley.Oversize, "an attachment of %d bytes is over the limit of %d", size, maxBlob)
	}
	if s.blobs[id] != nil {
		return nil
	}
	k := id.Line.String() + string(from)
	if s.daily > 0 && s.used[k]+size > s.daily {
		return parley.Errorf(parley.Quota, "attachments of %s are over the %d bytes a day", from, s.daily)
	}
	s.used[k] += size
	s.blobs[id] = &blob{size: size}
	return nil
}

// WriteAt appends p at offset.
func (s *Blobs) WriteAt(id store.BlobID, p []byte, offset int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(id)
	switch {
	case err != nil:
		return err
	case b.whole || offset != int64(len(b.b)):
		return parley.Errorf(parley.Conflict, "attachment %x has %d bytes", id.Hash[:8], len(b.b))
	case offset+int64(len(p)) > b.size:
		return parley.Errorf(parley.Oversize, "attachment %x grows beyond the %d bytes announced", id.Hash[:8], b.size)
	}
	b.b = append(b.b, p...)
	return nil
}

// Size returns how many bytes are here.
func (s *Blobs) Size(id store.BlobID) (int64, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(id)
	if err != nil {
		return 0, false, err
	}
	return int64(len(b.b)), b.whole, nil
}

// Complete checks the hash.
func (s *Blobs) Complete(id store.BlobID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(id)
	switch {
	case err != nil || b.whole:
		return err
	case int64(len(b.b)) < b.size:
		return parley.Errorf(parley.Gap, "attachment %x has %d of %d bytes", id.Hash[:8], len(b.b), b.size)
	case sha256.Sum256(b.b) != id.Hash:
		delete(s.blobs, id)
		return parley.Errorf(parley.BadProof, "attachment %x: its bytes have another hash, and were dropped", id.Hash[:8])
	}
	b.whole = true
	return nil
}

type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }

// Open reads a whole blob.
func (s *Blobs) Open(id store.BlobID) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(id)
	if err != nil || !b.whole {
		return nil, parley.Errorf(parley.NotFound, "attachment %x is not here, or not whole", id.Hash[:8])
	}
	return reader{bytes.NewReader(b.b)}, nil
}

// Delete removes the blob.
func (s *Blobs) Delete(id store.BlobID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blobs, id)
	return nil
}

// List returns the blobs of a line in order of hash.
func (s *Blobs) List(l parley.LineID) (out []store.BlobInfo, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, b := range s.blobs {
		if id.Line == l {
			out = append(out, store.BlobInfo{ID: id, Bytes: int64(len(b.b)), Size: b.size, Whole: b.whole})
		}
	}
	slices.SortFunc(out, func(a, b store.BlobInfo) int { return bytes.Compare(a.ID.Hash[:], b.ID.Hash[:]) })
	return out, nil
}
