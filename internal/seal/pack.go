package seal

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/bits"
	"sync"

	"parley"
	"parley/internal/squeeze"
)

// The compressor is free (spec/entry.md): squeeze takes short parts, this one
// long ones. Its state is large, so it is kept.
var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriterDict(io.Discard, flate.DefaultCompression, squeeze.Dictionary)
	if err != nil {
		panic(err)
	}
	return w
}}

var readers = sync.Pool{New: func() any { return flate.NewReaderDict(bytes.NewReader(nil), squeeze.Dictionary) }}

// plains are what parts are decompressed into, to be copied once their length is
// known: else what a peer packed tightly is made several times over.
var plains = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// pack compresses and pads a plaintext. The error is Oversize.
func pack(plain []byte) ([]byte, error) {
	if len(plain) > MaxPlain {
		return nil, parley.Errorf(parley.Oversize, "%d bytes to seal, at most %d are allowed", len(plain), MaxPlain)
	}
	z := make([]byte, 2, len(plain)/2+96)
	if len(plain) <= squeeze.Max {
		z = squeeze.Append(z, plain)
	} else {
		z = deflate(z, plain)
	}
	n := len(z) - 2
	if n > MaxEntry {
		return nil, parley.Errorf(parley.Oversize, "%d bytes compress to %d, more than an entry holds", len(plain), n)
	}
	z[0], z[1] = byte(n>>8), byte(n)
	return append(z, make([]byte, padded(len(z))-len(z))...), nil
}

// deflate appends a long plaintext as one DEFLATE stream.
func deflate(dst, plain []byte) []byte {
	buf := bytes.NewBuffer(dst)
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	w.Reset(buf)
	w.Write(plain) // a bytes.Buffer takes everything
	w.Close()
	return buf.Bytes()
}

// unpack reverses pack and refuses every second encoding but the compressor's
// own freedom. Errors are Malformed and Oversize.
func unpack(z []byte) ([]byte, error) {
	if len(z) < 2 {
		return nil, parley.Errorf(parley.Malformed, "sealed part: %d bytes are too few", len(z))
	}
	n := int(z[0])<<8 | int(z[1])
	if n+2 > len(z) || padded(n+2) != len(z) {
		return nil, parley.Errorf(parley.Malformed, "sealed part: length %d does not fit %d bytes", n, len(z))
	}
	for _, c := range z[n+2:] {
		if c != 0 {
			return nil, parley.Errorf(parley.Malformed, "sealed part: the padding is not zero")
		}
	}
	src := bytes.NewReader(z[2 : 2+n])
	r := readers.Get().(io.ReadCloser)
	defer readers.Put(r)
	if err := r.(flate.Resetter).Reset(src, squeeze.Dictionary); err != nil {
		return nil, err
	}
	plain := plains.Get().(*bytes.Buffer)
	defer plains.Put(plain)
	plain.Reset()
	if _, err := plain.ReadFrom(io.LimitReader(r, MaxPlain+1)); err != nil {
		return nil, parley.Errorf(parley.Malformed, "sealed part: not a whole DEFLATE stream: %v", errors.Unwrap(err))
	}
	if plain.Len() > MaxPlain {
		return nil, parley.Errorf(parley.Oversize, "sealed part: more than %d bytes when decompressed", MaxPlain)
	}
	if src.Len() != 0 {
		return nil, parley.Errorf(parley.Malformed, "sealed part: %d bytes after the DEFLATE stream", src.Len())
	}
	return bytes.Clone(plain.Bytes()), nil
}

// padded returns the length that n bytes are padded to: steps of 32 up to 512,
// then Padmé (spec/entry.md, Padding).
func padded(n int) int {
	if p := (n + 31) &^ 31; p <= 512 {
		return p
	}
	e := bits.Len(uint(n)) - 1
	s := bits.Len(uint(e))
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}
