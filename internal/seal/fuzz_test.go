package seal

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"parley"
)

// FuzzOpen opens entries whose parts were made by the holder of the key, and
// altered by anybody: what opens is what was sealed, under bounds.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{0xa0}, []byte("body"), uint64(7), uint(0), byte(0), false)
	f.Add([]byte{0xa1, 1, 2}, bytes.Repeat([]byte("x"), 600), uint64(1<<40), uint(90), byte(1), false)
	f.Add([]byte{}, []byte{}, uint64(0), uint(3), byte(0x80), true)
	f.Fuzz(func(t *testing.T, header, body []byte, index uint64, at uint, flip byte, partOnly bool) {
		k := Key{9}
		b, err := Seal(k, origin, index, Clear{Time: 5}, header, body)
		if err != nil {
			if parley.KindOf(err) != parley.Oversize {
				t.Fatal(err)
			}
			return
		}
		b[at%uint(len(b))] ^= flip
		e, err := Parse(b)
		if err != nil {
			if flip == 0 {
				t.Fatalf("what was sealed does not parse: %v", err)
			}
			return
		}
		h, err := OpenHeader(k.Disclose(), origin, index, e)
		if err == nil && !bytes.Equal(h, header) {
			t.Fatalf("%x was sealed, %x opens", header, h)
		}
		h, got, err := Open(k, origin, index, e)
		if err == nil && (flip != 0 || !bytes.Equal(h, header) || !bytes.Equal(got, body)) {
			t.Fatalf("flipped by %x: %x and %x open", flip, h, got)
		}
		if err != nil && flip == 0 {
			t.Fatal(err)
		}
		// A key holder may seal anything in a part: the plaintext is hostile too.
		if partOnly {
			hk := k.Header()
			e.Header = aead(&hk).Seal(nil, nonce[:], body, e.aad(origin, index))
			if h, err := OpenHeader(k.Disclose(), origin, index, e); err == nil && len(h) > MaxPlain {
				t.Fatalf("%d bytes", len(h))
			}
		}
	})
}

// FuzzOpenBlob reads attachments cut, lengthened and altered anywhere. It opens
// only what was sealed, and gives out no byte of a part that was touched.
func FuzzOpenBlob(f *testing.F) {
	f.Add([]byte("some bytes"), uint(0), uint(0), byte(0))
	f.Add(bytes.Repeat([]byte("a"), BlobChunk), uint(0), uint(70_000), byte(1))
	f.Add(bytes.Repeat([]byte("b"), BlobChunk+3), uint(19), uint(1), byte(0))
	f.Fuzz(func(t *testing.T, plain []byte, cut, at uint, flip byte) {
		key := [32]byte{7}
		var sealed bytes.Buffer
		if _, err := SealBlob(&sealed, bytes.NewReader(plain), key, 1<<20); err != nil {
			if parley.KindOf(err) != parley.Oversize {
				t.Fatal(err)
			}
			return
		}
		b := sealed.Bytes()
		b[at%uint(len(b))] ^= flip
		b = b[:uint(len(b))-cut%uint(len(b))]
		got, err := io.ReadAll(OpenBlob(iotest.HalfReader(bytes.NewReader(b)), key))
		if !bytes.HasPrefix(plain, got) || len(got)%BlobChunk != 0 && err != nil {
			t.Fatalf("%d bytes came out of a blob that does not open", len(got))
		}
		if whole := flip == 0 && len(b) == sealed.Len(); whole != (err == nil) || whole && !bytes.Equal(got, plain) {
			t.Fatalf("whole %v: %v", whole, err)
		}
		if err != nil && parley.KindOf(err) != parley.Unreadable && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	})
}
