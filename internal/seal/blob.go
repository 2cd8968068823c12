package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"

	"parley"
)

// BlobChunk is how much of an attachment one AEAD of a sealed blob holds, in
// bytes (spec/attachments.md).
const BlobChunk = 64 << 10

const blobTag = 16

// SealedBlobSize returns the length of a sealed blob of n bytes.
func SealedBlobSize(n int64) int64 { return n + (n/BlobChunk+1)*blobTag }

// SealBlob reads an attachment from r and writes it sealed under key to w, and
// returns how many bytes it read. key is fresh for every attachment. The error
// is Oversize above limit bytes.
func SealBlob(w io.Writer, r io.Reader, key [32]byte, limit int64) (n int64, err error) {
	g := aead((*PartKey)(&key))
	buf := make([]byte, BlobChunk)
	for i := uint64(0); ; i++ {
		m, err := io.ReadFull(r, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return n, err
		}
		if n += int64(m); n > limit {
			return n, parley.Errorf(parley.Oversize, "an attachment is over the limit of %d MiB", limit>>20)
		}
		if _, err := w.Write(g.Seal(nil, blobNonce(i, last), buf[:m], nil)); err != nil {
			return n, err
		}
		if last {
			return n, nil
		}
	}
}

// blobNonce numbers the chunks and marks the last one, so that none can be
// moved, and the end cannot be cut off. The last chunk is shorter than the
// others, and may be empty.
func blobNonce(i uint64, last bool) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[3:], i)
	if last {
		n[11] = 1
	}
	return n[:]
}

// OpenBlob returns a reader of the attachment sealed in r. It gives out nothing
// of a chunk that does not open, and ends in io.EOF only after the last one;
// else the error is Unreadable.
func OpenBlob(r io.Reader, key [32]byte) io.Reader {
	return &blobReader{r: r, g: aead((*PartKey)(&key)), buf: make([]byte, BlobChunk+blobTag)}
}

type blobReader struct {
	r    io.Reader
	g    cipher.AEAD
	buf  []byte
	rest []byte
	i    uint64
	err  error
}

func (b *blobReader) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.next()
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *blobReader) next() {
	m, err := io.ReadFull(b.r, b.buf)
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		b.err = err
		return
	}
	plain, oerr := b.g.Open(b.buf[:0], blobNonce(b.i, last), b.buf[:m], nil)
	if oerr != nil {
		b.err = parley.Errorf(parley.Unreadable, "attachment: part %d does not open", b.i)
		return
	}
	b.i++
	b.rest = plain
	if last {
		b.err = io.EOF
	}
}
