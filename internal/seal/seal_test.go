package seal

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"testing"

	"parley"
	"parley/internal/key"
	"parley/internal/squeeze"
	"parley/internal/wire"
	"parley/internal/wire/wiretest"
)

const origin = "00000000000000000000000000000001/alder/0000000000000002"

func TestSealOpens(t *testing.T) {
	var secret [32]byte
	rand.Read(secret[:])
	k := EntryKey(&secret, origin, 3, 7)
	c := Clear{Epoch: 3, Time: 1234, Seen: map[parley.GenerationID]uint64{{9}: 4}}
	for _, n := range []int{0, 1, 31, 200, 500, 5000, 40000} {
		header, body := wire.Encode(map[uint64]string{1: "dispatch"}), []byte(strings.Repeat("x", n))
		b, err := Seal(k, origin, 7, c, header, body)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Parse(b)
		if err != nil {
			t.Fatalf("%d: parse: %v", n, err)
		}
		h, got, err := Open(k, origin, 7, e)
		if err != nil || !bytes.Equal(h, header) || !bytes.Equal(got, body) {
			t.Fatalf("%d: open gives %q, %d bytes, %v", n, h, len(got), err)
		}
		if h, err := OpenHeader(k.Disclose(), origin, 7, e); err != nil || !bytes.Equal(h, header) {
			t.Errorf("%d: the header alone opens to %q, %v", n, h, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	var secret, other [32]byte
	rand.Read(secret[:])
	k := EntryKey(&secret, origin, 0, 0)
	b, err := Seal(k, origin, 0, Clear{Time: 5}, []byte{0xa0}, []byte("body"))
	if err != nil {
		t.Fatal(err)
	}
	open := func(k Key, org string, index uint64, mutate func(*Entry)) error {
		e, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		mutate(e)
		_, _, err = Open(k, org, index, e)
		return err
	}
	same := func(*Entry) {}
	for _, c := range []struct {
		name string
		err  error
		want parley.Kind
	}{
		{"another epoch's key", open(EntryKey(&other, origin, 0, 0), origin, 0, same), parley.BadCommitment},
		{"another index's key", open(EntryKey(&secret, origin, 0, 1), origin, 0, same), parley.BadCommitment},
		{"moved to another index", open(k, origin, 1, same), parley.Unreadable},
		{"moved to another log", open(k, origin+"x", 0, same), parley.Unreadable},
		{"another time", open(k, origin, 0, func(e *Entry) { e.Time++ }), parley.Unreadable},
		{"another epoch", open(k, origin, 0, func(e *Entry) { e.Epoch++ }), parley.Unreadable},
		{"another seen", open(k, origin, 0, func(e *Entry) { e.Seen = map[parley.GenerationID]uint64{{1}: 1} }), parley.Unreadable},
		{"flipped header", open(k, origin, 0, func(e *Entry) { e.Header[0] ^= 1 }), parley.Unreadable},
		{"flipped body", open(k, origin, 0, func(e *Entry) { e.Body[3] ^= 1 }), parley.Unreadable},
		{"header and body swapped", open(k, origin, 0, func(e *Entry) { e.Header, e.Body = e.Body, e.Header }), parley.Unreadable},
		{"flipped commitment", open(k, origin, 0, func(e *Entry) { e.Commitment[0] ^= 1 }), parley.BadCommitment},
	} {
		if got := parley.KindOf(c.err); c.err == nil || got != c.want {
			t.Errorf("%s: %v (%v), want %v", c.name, c.err, got, c.want)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	good, err := pack([]byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	n := int(good[0])<<8 | int(good[1])
	mutate := func(f func([]byte) []byte) []byte { return f(bytes.Clone(good)) }
	bomb, err := pack(make([]byte, MaxPlain))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := unpack(bomb); err != nil || len(p) != MaxPlain {
		t.Fatalf("a mebibyte does not come back: %d, %v", len(p), err)
	}
	for _, c := range []struct {
		name string
		in   []byte
	}{
		{"empty", nil},
		{"one byte", []byte{0}},
		{"length beyond the end", mutate(func(b []byte) []byte { b[0] = 0xff; return b })},
		{"padding not zero", mutate(func(b []byte) []byte { b[len(b)-1] = 1; return b })},
		{"a longer pad", mutate(func(b []byte) []byte { return append(b, make([]byte, 32)...) })},
		{"a shorter pad", mutate(func(b []byte) []byte { return b[:len(b)-1] })},
		{"length one more than the stream", mutate(func(b []byte) []byte { b[1]++; return b })},
		{"length one less than the stream", mutate(func(b []byte) []byte { b[1]--; b[n+1] = 0; return b })},
		{"no final block", unfinished(t)},
	} {
		if p, err := unpack(c.in); err == nil {
			t.Errorf("%s: accepted as %q", c.name, p)
		}
	}
	if _, err := pack(make([]byte, MaxPlain+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("one byte over the bound: %v", err)
	}
}

// unfinished packs a DEFLATE stream that lacks its final block.
func unfinished(t *testing.T) []byte {
	var buf bytes.Buffer
	w, err := flate.NewWriterDict(&buf, flate.DefaultCompression, squeeze.Dictionary)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("text"))
	w.Flush()
	z := append([]byte{0, byte(buf.Len())}, buf.Bytes()...)
	return append(z, make([]byte, padded(len(z))-len(z))...)
}

func TestPackTakesEverySize(t *testing.T) {
	for n := squeeze.Max - 2; n < squeeze.Max+3; n++ {
		plain := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
		z, err := pack(plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unpack(z); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestPadding(t *testing.T) {
	for _, c := range [][2]int{{2, 32}, {32, 32}, {33, 64}, {512, 512}, {513, 544}, {1000, 1024}, {9000, 9216}, {65000, 65536}} {
		if got := padded(c[0]); got != c[1] {
			t.Errorf("padded(%d) = %d, want %d", c[0], got, c[1])
		}
	}
}

func TestEpochOpensForItsRecipientsOnly(t *testing.T) {
	a, _ := key.NewReceiving(rand.Reader)
	b, _ := key.NewReceiving(rand.Reader)
	ctx := EpochContext{Origin: origin, Epoch: 2}
	secret := [32]byte{1, 2, 3}
	raw, err := NewEpoch(ctx, &secret, map[parley.PartyCode]key.ReceivingPublic{"birch": a.Public()}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseEpoch(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Open(ctx, "birch", a); err != nil || got != secret {
		t.Errorf("birch opens %x, %v", got, err)
	}
	for name, f := range map[string]func() error{
		"another key":   func() error { _, err := e.Open(ctx, "birch", b); return err },
		"another party": func() error { _, err := e.Open(ctx, "cedar", a); return err },
		"another epoch": func() error { c := ctx; c.Epoch++; _, err := e.Open(c, "birch", a); return err },
		"another line":  func() error { c := ctx; c.Line[0]++; _, err := e.Open(c, "birch", a); return err },
		"another founding": func() error {
			c := ctx
			c.Founding[0]++
			_, err := e.Open(c, "birch", a)
			return err
		},
		"another commitment": func() error {
			x := *e
			x.Commitment[0]++
			_, err := x.Open(ctx, "birch", a)
			if parley.KindOf(err) != parley.BadCommitment {
				return fmt.Errorf("not a commitment error: %w", err)
			}
			return err
		},
	} {
		if err := f(); err == nil {
			t.Errorf("%s: opens", name)
		}
	}
}

func TestBlob(t *testing.T) {
	key := [32]byte{7}
	for _, n := range []int{0, 1, BlobChunk - 1, BlobChunk, BlobChunk + 1, 3*BlobChunk + 5} {
		plain := make([]byte, n)
		rand.Read(plain)
		var sealed bytes.Buffer
		if m, err := SealBlob(&sealed, bytes.NewReader(plain), key, 1<<20); err != nil || m != int64(n) {
			t.Fatal(m, err)
		}
		if got, want := int64(sealed.Len()), SealedBlobSize(int64(n)); got != want {
			t.Errorf("%d bytes are sealed in %d, want %d", n, got, want)
		}
		got, err := io.ReadAll(OpenBlob(bytes.NewReader(sealed.Bytes()), key))
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes do not come back: %v", n, err)
		}
		for name, bad := range map[string][]byte{
			"cut":     sealed.Bytes()[:sealed.Len()-1],
			"longer":  append(bytes.Clone(sealed.Bytes()), 0),
			"flipped": append(bytes.Clone(sealed.Bytes()[:sealed.Len()-1]), sealed.Bytes()[sealed.Len()-1]^1),
		} {
			if _, err := io.ReadAll(OpenBlob(bytes.NewReader(bad), key)); err == nil {
				t.Errorf("%d bytes, %s: opens", n, name)
			}
		}
		if n > BlobChunk { // a cut at a chunk's end must show too
			if _, err := io.ReadAll(OpenBlob(bytes.NewReader(sealed.Bytes()[:BlobChunk+16]), key)); err == nil {
				t.Errorf("%d bytes cut after a whole chunk: opens", n)
			}
		}
	}
	if _, err := SealBlob(io.Discard, bytes.NewReader(make([]byte, 100)), key, 99); parley.KindOf(err) != parley.Oversize {
		t.Errorf("over the limit: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	b, _ := Seal(Key{1}, origin, 0, Clear{Time: 1}, []byte{0xa0}, []byte{0xa0})
	f.Add(b)
	e := Entry{Clear: Clear{Time: 2}, Announces: true, Body: []byte{0xa0}}
	b, _ = e.Marshal()
	f.Add(b)
	wiretest.Seed(f, "entry", "entry")
	wiretest.Seed(f, "entry-open", "entry")
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Parse(b)
		if err != nil {
			return
		}
		again, err := e.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x is parsed, and written again as %x, %v", b, again, err)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	z, _ := pack([]byte("some text"))
	f.Add(z)
	for _, in := range wiretest.Inputs(f, "inflate", "compressed") {
		z := wiretest.Unhex(f, in[0])
		b := append([]byte{byte(len(z) >> 8), byte(len(z))}, z...)
		f.Add(append(b, make([]byte, padded(len(b))-len(b))...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := unpack(b); err == nil && len(p) > MaxPlain {
			t.Fatal("over the bound")
		}
	})
}

func FuzzParseEpoch(f *testing.F) {
	r, _ := key.NewReceiving(rand.Reader)
	b, _ := NewEpoch(EpochContext{Origin: origin}, &[32]byte{1}, map[parley.PartyCode]key.ReceivingPublic{"birch": r.Public()}, []byte{1}, nil)
	f.Add(b)
	wiretest.Seed(f, "station/epoch", "body")
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEpoch(b)
		if err != nil {
			if k := parley.KindOf(err); k != parley.Malformed && k != parley.Oversize && k != parley.Unsupported {
				t.Fatalf("kind %v: %v", k, err)
			}
			return
		}
		if again := wire.Encode(e); !bytes.Equal(again, b) {
			t.Fatalf("%x is parsed, and written again as %x", b, again)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	header := wire.Encode(map[uint64]any{1: "dispatch", 2: uint64(17), 3: "envoy", 4: [][]string{{"birch", "envoy"}}})
	body := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 5))
	for b.Loop() {
		if _, err := Seal(Key{1}, origin, 0, Clear{Time: 1}, header, body); err != nil {
			b.Fatal(err)
		}
	}
}
