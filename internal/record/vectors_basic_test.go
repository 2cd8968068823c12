package record_test

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"os"
	"strconv"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/seal"
	"parley/internal/wire"
)

const testOrigin = "00112233445566778899aabbccddeeff/alder/0123456789abcdef"

func basicParts() []part {
	return []part{
		{name: "cbor", about: "Deterministic CBOR (conventions.md): one item, and what is not one.", run: runCBOR, make: makeCBOR},
		{name: "hash", about: "H(label, data) (conventions.md).", run: runHash, make: makeHash},
		{name: "hkdf", about: "HKDF(key, info) (conventions.md).", run: runHKDF, make: makeHKDF},
		{name: "words", about: "A hash in five words, in 17 digits and in full (pairing.md).", run: runWords, make: makeWords},
		{name: "padding", about: "The padded length of a compressed part with its two bytes of length (entry.md).", run: runPadding, make: makePadding},
		{name: "inflate", about: "Raw DEFLATE with the dictionary of suite 1 (entry.md).", run: runInflate, make: makeInflate},
		{name: "entry-keys", about: "Keys of an entry and the commitment to them (entry.md).", run: runEntryKeys, make: makeEntryKeys},
		{name: "entry", about: "The clear part of an entry (entry.md).", run: runEntry, make: makeEntry},
		{name: "entry-open", about: "Header and body of an entry under its key (entry.md).", run: runEntryOpen, make: makeEntryOpen},
		{name: "tree", about: "RFC 6962 roots and proofs (log.md).", run: runTree, make: makeTree},
		{name: "order", about: "Seen, record order, what is settled and what is late (order.md). Generations stand in the order of acceptance.", run: runOrder, make: makeOrder},
	}
}

// plain shows canonical CBOR as JSON: byte strings in hexadecimal, map keys as
// text, integers beyond 2^53-1 as text.
func plain(b []byte) (v any, rest []byte) {
	major, info := b[0]>>5, uint64(b[0]&31)
	b = b[1:]
	if info >= 24 && major != 7 {
		n := 1 << (info - 24)
		info = 0
		for _, c := range b[:n] {
			info = info<<8 | uint64(c)
		}
		b = b[n:]
	}
	switch major {
	case 0:
		if info > 1<<53-1 {
			return strconv.FormatUint(info, 10), b
		}
		return info, b
	case 1:
		return -1 - int64(info), b
	case 2:
		return hexOf(b[:info]), b[info:]
	case 3:
		return string(b[:info]), b[info:]
	case 4:
		list := []any{}
		for range info {
			var x any
			x, b = plain(b)
			list = append(list, x)
		}
		return list, b
	case 5:
		m := object{}
		for range info {
			var k, x any
			k, b = plain(b)
			x, b = plain(b)
			m[fmt.Sprint(k)] = x
		}
		return m, b
	}
	return map[uint64]any{20: false, 21: true, 22: nil}[info], b
}

func runCBOR(in input) (object, error) {
	b := in.bytes("bytes")
	if err := wire.Canonical(b); err != nil {
		return nil, err
	}
	v, _ := plain(b)
	return object{"ok": true, "value": v, "bytes": hexOf(b)}, nil
}

func makeCBOR(m *maker) {
	for _, s := range []string{"00", "17", "1818", "18ff", "190100", "1a00010000", "1b0000000100000000", "1b001fffffffffffff", "20", "3903e7", "40", "43010203", "60", "63e4b8ad",
		"80", "83010203", "a0", "a201020304", "a2410161614102616b", "f4", "f5", "f6", "8181818181818180", "a301f402f50af6", "a1634b6579820102"} {
		if s == "a2410161614102616b" {
			s = "a24101616141026162"
		}
		m.ok(s, object{"bytes": s})
	}
	for _, c := range [][2]string{{"nothing", ""}, {"two items", "0000"}, {"integer not shortest", "1817"}, {"integer not shortest in 2", "1900ff"}, {"integer not shortest in 4", "1a0000ffff"},
		{"integer not shortest in 8", "1b00000000ffffffff"}, {"length not shortest", "580100"}, {"count not shortest", "980100"}, {"indefinite array", "9fff"}, {"indefinite bytes", "5f4100ff"},
		{"indefinite map", "bfff"}, {"tag", "c000"}, {"float", "f90000"}, {"float in 4", "fa00000000"}, {"float in 8", "fb0000000000000000"}, {"undefined", "f7"}, {"simple value", "f0"}, {"simple in two bytes", "f820"},
		{"break alone", "ff"}, {"reserved length", "1c"}, {"keys out of order", "a202000100"}, {"keys in length order of strings", "a2616200626161004100"}, {"a key twice", "a201000100"},
		{"text is not UTF-8", "61ff"}, {"surrogate in text", "63eda080"}, {"overlong UTF-8", "62c080"}, {"text cut", "6261"}, {"bytes cut", "4201"}, {"array cut", "8201"}, {"map cut", "a101"}, {"head cut", "19ff"},
		{"nine deep", "818181818181818180"}, {"nine deep by maps", "a100a100a100a100a100a100a100a100a0"}, {"a great count", "9b7fffffffffffffff"}, {"a great length", "5b7fffffffffffffff"}} {
		s := strings.ReplaceAll(c[1], "a100", "a100")
		m.bad(parley.Malformed, c[0], object{"bytes": s})
	}
}

func runHash(in input) (object, error) {
	h := key.Hash(in.text("label"), in.bytes("data"))
	return object{"out": hexOf(h[:])}, nil
}

func makeHash(m *maker) {
	for _, c := range [][2]string{{"founding", ""}, {"words", "00"}, {"commitment of key", strings.Repeat("ab", 32)}, {"", "616263"}, {"charter", hexOf(recordtest.Fill(200, "data"))}} {
		m.ok(fmt.Sprintf("%q over %d bytes", c[0], len(c[1])/2), object{"label": c[0], "data": c[1]})
	}
}

func runHKDF(in input) (object, error) {
	k, info := in.hash("key"), []byte(in.text("info"))
	if in.has("info_hex") {
		info = in.bytes("info_hex")
	}
	out := key.Expand(&k, info)
	return object{"out": hexOf(out[:])}, nil
}

func makeHKDF(m *maker) {
	k := hexOf(recordtest.Sum("key"))
	m.ok("header", object{"key": k, "info": "header"})
	m.ok("body", object{"key": k, "info": "body"})
	m.ok("session", object{"key": k, "info": "session"})
	m.ok("no info", object{"key": k, "info": ""})
	m.ok("zero key", object{"key": strings.Repeat("00", 32), "info": "header"})
	m.ok("info with zeros", object{"key": k, "info_hex": "656e74727920610000000000000000000000000000000007"})
}

func runWords(in input) (object, error) {
	h := in.hash("sum")
	w := key.Words(h)
	return object{"words": w[:], "digits": key.Digits(h), "fingerprint": key.Fingerprint(h)}, nil
}

func makeWords(m *maker) {
	m.ok("zeros", object{"sum": strings.Repeat("00", 32)})
	m.ok("ones", object{"sum": strings.Repeat("ff", 32)})
	m.ok("only the 56th bit differs: the same words", object{"sum": "0000000000000100" + strings.Repeat("00", 24)})
	m.ok("the 55th bit", object{"sum": "0000000000000200" + strings.Repeat("00", 24)})
	for i := range 4 {
		m.ok(fmt.Sprintf("hash %d", i), object{"sum": hexOf(recordtest.Sum(fmt.Sprint("words ", i)))})
	}
}

// paddedLength is the formula of entry.md, written apart from the code's.
func paddedLength(n uint64) uint64 {
	if p := (n + 31) / 32 * 32; p <= 512 {
		return p
	}
	e := uint64(bits.Len64(n) - 1)
	s := uint64(bits.Len64(e))
	unit := uint64(1) << (e - s)
	return (n + unit - 1) / unit * unit
}

func runPadding(in input) (object, error) {
	return object{"padded": paddedLength(in.uint("length"))}, nil
}

func makePadding(m *maker) {
	for _, n := range []int{2, 3, 31, 32, 33, 64, 65, 480, 481, 511, 512, 513, 544, 545, 1000, 1023, 1024, 1025, 2047, 2049, 4097, 9000, 16385, 32769, 40000, 65000, 65535} {
		m.ok(fmt.Sprint(n), object{"length": n})
	}
}

func dictionary() []byte {
	b, err := os.ReadFile("../../spec/dictionary.txt")
	if err != nil {
		panic(err)
	}
	return b
}

func runInflate(in input) (object, error) {
	src := bytes.NewReader(in.bytes("compressed"))
	b, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(src, dictionary()), seal.MaxPlain+1))
	switch {
	case err != nil:
		return nil, parley.Errorf(parley.Malformed, "%v", err)
	case len(b) > seal.MaxPlain:
		return nil, parley.Errorf(parley.Oversize, "more than a mebibyte")
	case src.Len() > 0:
		return nil, parley.Errorf(parley.Malformed, "%d bytes follow", src.Len())
	}
	return object{"plain": hexOf(b)}, nil
}

func deflate(b []byte, level int) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriterDict(&out, level, dictionary())
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func makeInflate(m *maker) {
	text := []byte("Receipt only; neither agreement nor permission.")
	for level, name := range map[int]string{0: "stored", 6: "with the dictionary", -2: "Huffman only"} {
		m.ok(name, object{"compressed": hexOf(deflate(text, level))})
	}
	m.ok("nothing", object{"compressed": hexOf(deflate(nil, 6))})
	m.ok("4 KiB of zeros", object{"compressed": hexOf(deflate(make([]byte, 1<<12), 6))})
	good := deflate(text, 6)
	m.bad(parley.Oversize, "a byte more than a mebibyte", object{"compressed": hexOf(deflate(make([]byte, 1<<20+1), 9))})
	m.bad(parley.Malformed, "a byte more", object{"compressed": hexOf(append(bytes.Clone(good), 0))})
	m.bad(parley.Malformed, "cut", object{"compressed": hexOf(good[:len(good)-1])})
	m.bad(parley.Malformed, "empty", object{"compressed": ""})
	m.bad(parley.Malformed, "reserved block type", object{"compressed": "07"})
	m.bad(parley.Malformed, "stored length differs from its complement", object{"compressed": "010100000061"})
}

func runEntryKeys(in input) (object, error) {
	secret := in.hash("epoch_secret")
	k := seal.EntryKey(&secret, in.text("origin"), in.uint("epoch"), in.uint("index"))
	h, b := k.Header(), k.Body()
	hc, bc, c, ec := h.Com(), b.Com(), k.Commitment(), key.Hash("commitment of epoch", secret[:])
	return object{"entry_key": hexOf(k[:]), "header_key": hexOf(h[:]), "body_key": hexOf(b[:]), "header_com": hexOf(hc[:]), "body_com": hexOf(bc[:]),
		"commitment": hexOf(c[:]), "epoch_commitment": hexOf(ec[:])}, nil
}

func makeEntryKeys(m *maker) {
	secret := hexOf(recordtest.Sum("secret"))
	for _, c := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {300, 70000}, {1 << 40, 1 << 50}} {
		m.ok(fmt.Sprintf("epoch %d, index %d", c[0], c[1]), object{"epoch_secret": secret, "origin": testOrigin, "epoch": c[0], "index": c[1]})
	}
	m.ok("another origin", object{"epoch_secret": secret, "origin": strings.Replace(testOrigin, "alder", "birch", 1), "epoch": 0, "index": 0})
}

func seenOf(s map[parley.GenerationID]uint64) object {
	m := object{}
	for g, n := range s {
		m[g.String()] = n
	}
	return m
}

func runEntry(in input) (object, error) {
	e, err := seal.Parse(in.bytes("entry"))
	if err != nil {
		return nil, err
	}
	out := object{"epochEntry": e.Announces, "epoch": e.Epoch, "time": e.Time, "seen": seenOf(e.Seen)}
	if !e.Announces {
		out["C"] = hexOf(e.Commitment[:])
		return out, nil
	}
	b, err := record.ParseEpoch(e.Body)
	if err != nil {
		return nil, err
	}
	out["commitment"] = hexOf(b.Commitment[:])
	return out, nil
}

func enc(v any) []byte { return wire.Encode(v) }

func makeEntry(m *maker) {
	s := recordtest.NewStory(nil)
	hexed := func(b []byte) object { return object{"entry": hexOf(b)} }
	m.ok("first epoch entry, with the certificate", hexed(s.Alder.Entries[0]))
	m.ok("epoch entry that has seen the other log", hexed(s.Birch.Entries[0]))
	m.ok("sealed", hexed(s.Alder.Entries[2]))
	c, h, b := recordtest.Sum("c"), recordtest.Fill(48, "h"), recordtest.Fill(48, "b")
	type seen = map[[8]byte]uint64
	sealed := func(change func(x []any)) []byte {
		x := []any{uint64(1), uint64(0), uint64(0), uint64(1_795_442_400), seen{}, c, h, b}
		change(x)
		return enc(x)
	}
	m.ok("nothing new seen", hexed(sealed(func([]any) {})))
	m.ok("two logs seen", hexed(sealed(func(x []any) { x[4] = seen{{1}: 1, {2}: 1<<53 - 1} })))
	m.ok("empty parts", hexed(sealed(func(x []any) { x[6], x[7] = []byte{}, []byte{} })))
	m.ok("the greatest time", hexed(sealed(func(x []any) { x[3] = uint64(1<<40 - 1) })))
	m.bad(parley.Unsupported, "version 2", hexed(sealed(func(x []any) { x[0] = uint64(2) })))
	m.bad(parley.Unsupported, "version 2 of another shape", hexed(enc([]any{uint64(2), "new"})))
	bad := func(name string, change func(x []any)) { m.bad(parley.Malformed, name, hexed(sealed(change))) }
	bad("epoch bit 2", func(x []any) { x[1] = uint64(2) })
	bad("epoch bit 1 on a sealed entry", func(x []any) { x[1] = uint64(1) })
	bad("commitment of 31 bytes", func(x []any) { x[5] = c[:31] })
	bad("header is text", func(x []any) { x[6] = "header" })
	bad("seen of 2^53", func(x []any) { x[4] = seen{{1}: 1 << 53} })
	bad("epoch 2^53", func(x []any) { x[2] = uint64(1 << 53) })
	m.ok("epoch 2^53-1", hexed(sealed(func(x []any) { x[2] = uint64(1<<53 - 1) })))
	bad("time is negative", func(x []any) { x[3] = -1 })
	bad("seen is a list", func(x []any) { x[4] = []any{} })
	bad("seen names a log of 7 bytes", func(x []any) { x[4] = map[[7]byte]uint64{{1}: 1} })
	m.bad(parley.Malformed, "nine items", hexed(enc([]any{uint64(1), uint64(0), uint64(0), uint64(5), seen{}, c, h, b, uint64(0)})))
	m.bad(parley.Malformed, "seven items", hexed(enc([]any{uint64(1), uint64(0), uint64(0), uint64(5), seen{}, c, h})))
	m.bad(parley.Malformed, "a map", hexed(enc(map[uint64]uint64{1: 1})))
	m.bad(parley.Malformed, "a byte follows", hexed(append(sealed(func([]any) {}), 0)))
	m.bad(parley.Malformed, "cut", hexed(s.Alder.Entries[2][:100]))
	m.bad(parley.Oversize, "65,536 bytes", hexed(enc([]any{uint64(1), uint64(0), uint64(0), uint64(5), seen{}, c, h, make([]byte, 65536-90)})))
	many := seen{}
	for i := range 65 {
		many[[8]byte{byte(i)}] = 1
	}
	m.bad(parley.Oversize, "65 names in seen", hexed(sealed(func(x []any) { x[4] = many })))
	epoch := func(body any) object {
		return hexed(enc([]any{uint64(1), uint64(1), uint64(1), uint64(5), seen{}, enc(body)}))
	}
	share := []any{make([]byte, 8), make([]byte, 1120), make([]byte, 48)}
	to := map[string]any{"birch": share}
	m.ok("epoch body", epoch(map[uint64]any{1: c, 2: to}))
	m.ok("epoch body with the writer's newest receiving key", epoch(map[uint64]any{1: c, 2: to, 4: make([]byte, 1216)}))
	m.bad(parley.Malformed, "epoch with a receiving key of 1,215 bytes", epoch(map[uint64]any{1: c, 2: to, 4: make([]byte, 1215)}))
	m.bad(parley.Malformed, "epoch without commitment", epoch(map[uint64]any{2: to}))
	m.bad(parley.Malformed, "epoch sealed to nobody", epoch(map[uint64]any{1: c, 2: map[string]any{}}))
	m.bad(parley.Malformed, "epoch with an unknown key", epoch(map[uint64]any{1: c, 2: to, 5: uint64(0)}))
	m.bad(parley.Malformed, "epoch sealed to a code that is none", epoch(map[uint64]any{1: c, 2: map[string]any{"BIRCH": share}}))
	m.bad(parley.Malformed, "epoch with a short ciphertext", epoch(map[uint64]any{1: c, 2: map[string]any{"birch": []any{make([]byte, 8), make([]byte, 1120), make([]byte, 47)}}}))
}

func openingOf(in input) (*record.Opening, error) {
	if l := in.list("key"); l != nil {
		o := &record.Opening{Whole: toUint(l[0]) == 0}
		if o.Whole {
			copy(o.Key[:], unhex(in.t, l[1].(string)))
		} else {
			copy(o.Header.HeaderKey[:], unhex(in.t, l[1].(string)))
			copy(o.Header.BodyCom[:], unhex(in.t, l[2].(string)))
		}
		return o, nil
	}
	return record.OpenWhole(seal.Key(in.bytes("key"))), nil
}

func runEntryOpen(in input) (object, error) {
	e, err := seal.Parse(in.bytes("entry"))
	if err != nil {
		return nil, err
	}
	if e.Announces {
		return nil, parley.Errorf(parley.Malformed, "nothing to open")
	}
	o, err := openingOf(in)
	if err != nil {
		return nil, err
	}
	var header, body []byte
	if o.Whole {
		header, body, err = seal.Open(o.Key, in.text("origin"), in.uint("index"), e)
	} else {
		header, err = seal.OpenHeader(o.Header, in.text("origin"), in.uint("index"), e)
	}
	if err != nil {
		return nil, err
	}
	h, err := form.ParseHeader(header)
	if err != nil {
		return nil, err
	}
	v, _ := plain(header)
	out := object{"header": v, "header_cbor": hexOf(header), "body": nil}
	if body == nil {
		return out, nil
	}
	fields, end, err := form.SplitBody(body)
	if err != nil {
		return nil, err
	}
	if end != h.Serial {
		return nil, parley.Errorf(parley.BadSerial, "the body ends with %d", end)
	}
	v, _ = plain(fields)
	out["body"], out["body_cbor"], out["end"] = v, hexOf(body), end
	return out, nil
}

// sealing makes entries for entry-open by hand, also such as no writer makes.
type sealing struct {
	k            seal.Key
	origin       string
	index        uint64
	header, body []byte // plaintexts
	pad          func([]byte) []byte
}

func (s sealing) entry() []byte {
	hk, bk, c := s.k.Header(), s.k.Body(), s.k.Commitment()
	clear := []any{uint64(1), uint64(0), uint64(3), uint64(recordtest.Start), map[[8]byte]uint64{{0xb}: 4}, c[:]}
	aad := append([]byte("parley/v1 entry\x00"+s.origin+"\x00"), u64(s.index)...)
	aad = append(aad, enc(clear)...)
	part := func(k seal.PartKey, plain []byte) []byte {
		z := deflate(plain, 6)
		z = append([]byte{byte(len(z) >> 8), byte(len(z))}, z...)
		z = append(z, make([]byte, int(paddedLength(uint64(len(z))))-len(z))...)
		if s.pad != nil {
			z = s.pad(z)
		}
		block, _ := aes.NewCipher(k[:])
		g, _ := cipher.NewGCM(block)
		return g.Seal(nil, make([]byte, 12), z, aad)
	}
	return enc(append(clear, part(hk, s.header), part(bk, s.body)))
}

func u64(n uint64) []byte {
	var b []byte
	for i := 56; i >= 0; i -= 8 {
		b = append(b, byte(n>>i))
	}
	return b
}

func makeEntryOpen(m *maker) {
	base := sealing{k: seal.Key(recordtest.Sum("entry key")), origin: testOrigin, index: 7,
		header: form.EncodeHeader(&form.Header{Form: "dispatch", Serial: 5, From: "envoy", To: []parley.Address{{Party: "birch", Office: "envoy"}}, Precedence: parley.Flash,
			Marker: parley.Warning, Refs: []parley.Ref{{Gen: parley.GenerationID{0xb}, Index: 3}}, Language: "en", Drafted: recordtest.Start - 60}),
		body: form.EncodeBody(&form.Dispatch{Subject: "Unsafe approach", Text: "Your aircraft 4 closed to 30 metres.", Reason: "Danger to life"}, 5)}
	input := func(s sealing) object {
		return object{"origin": s.origin, "index": s.index, "entry": hexOf(s.entry()), "key": hexOf(s.k[:])}
	}
	with := func(change func(*sealing)) object { s := base; change(&s); return input(s) }
	m.ok("dispatch", input(base))
	d := base.k.Disclose()
	headerOnly := input(base)
	headerOnly["key"] = []any{1, hexOf(d.HeaderKey[:]), hexOf(d.BodyCom[:])}
	m.ok("the header alone", headerOnly)
	whole := input(base)
	whole["key"] = []any{0, hexOf(base.k[:])}
	m.ok("the same, key as a list", whole, "end")
	m.ok("a form and fields that nobody knows", with(func(s *sealing) {
		s.header = enc(map[uint64]any{1: "novelty", 3: "watch", 99: "new"})
		s.body = enc([]any{map[uint64]any{1: uint64(7), 77: []any{true, nil}}, uint64(0)})
	}))
	m.ok("long text", with(func(s *sealing) {
		s.body = enc([]any{map[uint64]any{1: "s", 2: hexOf(recordtest.Fill(6000, "long"))}, uint64(5)})
	}), "body", "end")
	bad := func(kind parley.Kind, name string, in object, change ...func(object)) {
		in = maps.Clone(in)
		for _, f := range change {
			f(in)
		}
		m.bad(kind, name, in)
	}
	bad(parley.BadCommitment, "another key", input(base), func(o object) { o["key"] = hexOf(recordtest.Sum("other")) })
	bad(parley.BadCommitment, "another header key", headerOnly, func(o object) { o["key"] = []any{1, hexOf(recordtest.Sum("other")), hexOf(d.BodyCom[:])} })
	bad(parley.BadCommitment, "another commitment of the body", headerOnly, func(o object) { o["key"] = []any{1, hexOf(d.HeaderKey[:]), hexOf(recordtest.Sum("other"))} })
	bad(parley.Unreadable, "another index", input(base), func(o object) { o["index"] = uint64(8) })
	bad(parley.Unreadable, "another log", input(base), func(o object) { o["origin"] = strings.Replace(testOrigin, "alder", "birch", 1) })
	raw := base.entry()
	flip := func(i int) func(object) {
		return func(o object) { b := bytes.Clone(raw); b[i] ^= 1; o["entry"] = hexOf(b) }
	}
	bad(parley.Unreadable, "a byte of the body", input(base), flip(len(raw)-20))
	bad(parley.Unreadable, "a byte of its tag", input(base), flip(len(raw)-1))
	bad(parley.Unreadable, "the time", input(base), flip(8))
	bad(parley.Malformed, "padding is not zero", with(func(s *sealing) { s.pad = func(z []byte) []byte { z[len(z)-1] = 1; return z } }))
	bad(parley.Malformed, "32 bytes of padding too many", with(func(s *sealing) { s.pad = func(z []byte) []byte { return append(z, make([]byte, 32)...) } }))
	bad(parley.Malformed, "a length beyond the end", with(func(s *sealing) { s.pad = func(z []byte) []byte { z[0] = 0xff; return z } }))
	bad(parley.Malformed, "a length one too great", with(func(s *sealing) { s.pad = func(z []byte) []byte { z[1]++; return z } }))
	bad(parley.Malformed, "an epoch entry", object{"origin": base.origin, "index": 0, "entry": hexOf(recordtest.NewStory(nil).Alder.Entries[0]), "key": hexOf(base.k[:])})
	bad(parley.Malformed, "header without office", with(func(s *sealing) { s.header = enc(map[uint64]any{1: "seen"}) }))
	bad(parley.Malformed, "header without form", with(func(s *sealing) { s.header = enc(map[uint64]any{3: "watch"}) }))
	bad(parley.Malformed, "header is a list", with(func(s *sealing) { s.header = enc([]any{"seen"}) }))
	bad(parley.Malformed, "body is a map", with(func(s *sealing) { s.body = enc(map[uint64]any{1: "x"}) }))
	bad(parley.Malformed, "body of three parts", with(func(s *sealing) { s.body = enc([]any{map[uint64]any{}, uint64(5), uint64(5)}) }))
	bad(parley.BadSerial, "the end differs from the serial", with(func(s *sealing) { s.body = form.EncodeBody(&form.Dispatch{Subject: "s", Text: "t", Reason: "r"}, 6) }))
	bad(parley.BadSerial, "an end, and no serial", with(func(s *sealing) {
		s.header = enc(map[uint64]any{1: "seen", 3: "watch"})
		s.body = enc([]any{map[uint64]any{}, uint64(1)})
	}))
	many := []any{}
	for i := range 65 {
		many = append(many, []any{"birch", fmt.Sprintf("office-%d", i)})
	}
	bad(parley.BadForm, "65 addressees", with(func(s *sealing) { s.header = enc(map[uint64]any{1: "dispatch", 2: uint64(5), 3: "envoy", 4: many}) }))
}

func runTree(in input) (object, error) {
	if in.has("first") {
		start := in.hash("start")
		var proof []record.Hash
		for _, b := range in.all("proof") {
			proof = append(proof, record.Hash(b))
		}
		first, second, err := record.ConsistencyRoots(proof, in.uint("first"), start, in.uint("second"))
		return object{"first": hexOf(first[:]), "second": hexOf(second[:])}, err
	}
	leaves := in.all("leaves")
	for i := range in.uint("leaf_count") {
		leaves = append(leaves, []byte(fmt.Sprint(i)))
	}
	if in.has("proof") {
		return runInclusion(in, leaves[0])
	}
	t, err := journal.NewTree(0, nil)
	if err != nil {
		return nil, err
	}
	roots, leafHashes := []string{hexOf(journal.EmptyRoot[:])}, []string{}
	for _, l := range leaves {
		h := journal.LeafHash(l)
		t.Append(h)
		r := t.Root()
		roots, leafHashes = append(roots, hexOf(r[:])), append(leafHashes, hexOf(h[:]))
	}
	out := object{"root": roots[len(leaves)], "roots": roots, "leaf_hashes": leafHashes}
	if in.has("sizes") {
		some := []string{}
		for _, n := range in.list("sizes") {
			some = append(some, roots[toUint(n)])
		}
		out["roots"] = some
	}
	return out, nil
}

func runInclusion(in input, leaf []byte) (object, error) {
	h := journal.LeafHash(leaf)
	index, size := in.uint("index"), in.uint("size")
	root, err := record.InclusionRoot(h, index, size, in.all("proof"))
	if err != nil {
		return nil, err
	}
	var proof []record.Hash
	for _, b := range in.all("proof") {
		proof = append(proof, record.Hash(b))
	}
	return object{"root": hexOf(root[:])}, journal.CheckInclusion(proof, size, root, index, h)
}

func makeTree(m *maker) {
	t, _ := journal.NewTree(0, nil)
	var leaves [][]byte
	for i := range 70 {
		leaves = append(leaves, []byte(fmt.Sprint(i)))
		t.Append(journal.LeafHash(leaves[i]))
	}
	m.ok("no leaf", object{"leaves": []any{}})
	m.ok("an empty leaf", object{"leaves": []any{""}})
	m.ok("seven leaves", object{"leaf_count": 7})
	m.ok("1,000 leaves", object{"leaf_count": 1000, "sizes": []any{1, 2, 3, 255, 256, 257, 511, 512, 513, 999, 1000}}, "root", "roots")
	hashes := func(hs []record.Hash, err error) []any {
		out := []any{}
		for _, h := range hs {
			out = append(out, hexOf(h[:]))
		}
		return out
	}
	for _, c := range [][2]uint64{{0, 1}, {0, 2}, {1, 2}, {2, 3}, {6, 7}, {3, 8}, {63, 70}, {69, 70}, {0, 70}} {
		in := object{"leaves": []any{hexOf(leaves[c[0]])}, "index": c[0], "size": c[1], "proof": hashes(t.Inclusion(c[0], c[1]))}
		m.ok(fmt.Sprintf("entry %d of %d", c[0], c[1]), in)
		if c[1] == 70 && c[0] == 63 {
			short, long := maps.Clone(in), maps.Clone(in)
			short["proof"] = in["proof"].([]any)[1:]
			long["proof"] = append(in["proof"].([]any), in["proof"].([]any)...)
			m.bad(parley.BadProof, "inclusion proof too short", short)
			m.bad(parley.BadProof, "inclusion proof too long", long)
		}
	}
	m.bad(parley.BadProof, "index is not below the size", object{"leaves": []any{"30"}, "index": 1, "size": 1, "proof": []any{}})
	for _, c := range [][2]uint64{{1, 2}, {2, 3}, {3, 7}, {4, 8}, {6, 8}, {7, 7}, {64, 70}, {65, 70}, {33, 64}} {
		root, err := t.RootAt(c[0])
		if err != nil {
			m.t.Fatal(err)
		}
		in := object{"first": c[0], "second": c[1], "start": hexOf(root[:]), "proof": hashes(t.Consistency(c[0], c[1]))}
		m.ok(fmt.Sprintf("from %d to %d", c[0], c[1]), in)
		if c == [2]uint64{65, 70} {
			short, long := maps.Clone(in), maps.Clone(in)
			short["proof"] = in["proof"].([]any)[:2]
			long["proof"] = append(in["proof"].([]any), in["proof"].([]any)...)
			m.bad(parley.BadProof, "consistency proof too short", short)
			m.bad(parley.BadProof, "consistency proof too long", long)
		}
	}
	root := hexOf(journal.EmptyRoot[:])
	m.bad(parley.BadProof, "from 0", object{"first": 0, "second": 2, "start": root, "proof": []any{}})
	m.bad(parley.BadProof, "back", object{"first": 3, "second": 2, "start": root, "proof": []any{}})
}
