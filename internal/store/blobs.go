package store

import (
	"io"

	"parley"
	"parley/internal/line"
)

// BlobID names a sealed attachment: its line, and SHA-256 of the sealed bytes.
type BlobID struct {
	Line parley.LineID
	Hash line.Hash
}

// Blobs keeps sealed attachments. They come in pieces, in order, and can be
// resumed after a crash. All methods are safe for concurrent use; of one blob
// only one caller at a time writes.
type Blobs interface {
	// Create announces a blob of size bytes from party, and counts it once
	// against the party's quota of the day (parley.Quota); one that is begun or
	// whole already is no error. Oversize above the bound of one attachment.
	Create(id BlobID, from parley.PartyCode, size int64) error
	// WriteAt appends p at offset, which must be what Size says: Conflict. It is
	// durable once Complete has returned.
	WriteAt(id BlobID, p []byte, offset int64) error
	// Size returns how many bytes are here, and whether the blob is whole. It
	// is NotFound when nothing was created.
	Size(id BlobID) (n int64, whole bool, err error)
	// Complete checks the hash and makes the blob whole and durable. When the
	// hash differs the bytes are dropped, and the error is BadProof; Gap when
	// bytes are missing.
	Complete(id BlobID) error
	// Open reads a whole blob; NotFound while it is not.
	Open(id BlobID) (io.ReadSeekCloser, error)
	// Delete removes the blob, whole or not. None is no error.
	Delete(id BlobID) error
	// List returns the blobs of a line, whole or begun, in order of hash.
	List(l parley.LineID) ([]BlobInfo, error)
}

// BlobInfo is what is here of one blob.
type BlobInfo struct {
	ID    BlobID
	Bytes int64
	Size  int64 // announced
	Whole bool
}
