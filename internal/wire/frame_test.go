package wire

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"parley"
	"parley/internal/wire/wiretest"
)

var (
	genA = parley.GenerationID{1, 2, 3, 4, 5, 6, 7, 8}
	genB = parley.GenerationID{1, 2, 3, 4, 5, 6, 7, 9}
	ml   = bytes.Repeat([]byte{0xab}, mlSize)
)

func headOf(size uint64) Head { return Head{Size: size, Root: [32]byte{1}, Ed: [64]byte{2}, ML: ml} }

func hello() *Hello {
	return &Hello{Version: 1, Line: parley.LineID{9}, Party: "alder", Gen: genA, Time: 1795000000, Held: Held{genA: 3, genB: 1 << 40}}
}

// samples has one frame of every type and of every shape within.
func samples() []Frame {
	featured := hello()
	featured.Features = []string{"radio", "波"}
	full := Held{}
	for i := range MaxNames {
		full[parley.GenerationID{0: byte(i), 7: byte(i * 3)}] = uint64(i)
	}
	return []Frame{
		hello(), featured,
		&Hello{Version: 1, Party: "b", Held: Held{}},
		&Entry{Gen: genA, Index: 7, Bytes: []byte("leaf")},
		&Entry{Gen: genA, Index: MaxNumber, Bytes: make([]byte, MaxEntry)},
		&Checkpoint{Gen: genA, Size: 8, Ed: [64]byte{1}, ML: ml},
		&Checkpoint{Gen: genA, Size: 0, Ed: [64]byte{1}},
		&Receipt{Gen: genA, Size: 8, Holder: genB, Time: 1795000001, Ed: [64]byte{1}, ML: ml},
		&Receipt{Gen: genA, Size: 8, Holder: genB, Time: 1, Ed: [64]byte{1}},
		&Have{Held: full}, &Have{Held: Held{}},
		&Certificate{Bytes: []byte{1}},
		&Ping{Token: 1<<64 - 1, Time: 1795000000123},
		&Pong{Token: 5, Time: 6, State: PongState{OnWatch: true, LastAnswer: 1795000000, Stopping: "shutdown", StorageOK: true, OverQuota: true}},
		&Pong{Token: 5, Time: 6},
		&Shown{Gen: genA, Head: headOf(4)},
		&Evidence{Gen: genA, First: headOf(4), Second: headOf(6), Proof: [][32]byte{{1}, {2}}},
		&Evidence{Gen: genA, First: headOf(4), Second: headOf(4)},
		&Want{Blob: [32]byte{3}, Offset: 100},
		&Chunk{Blob: [32]byte{3}, Offset: 100, Total: 100 + MaxChunk, Bytes: make([]byte, MaxChunk)},
		&Chunk{Blob: [32]byte{3}, Bytes: []byte{}},
		&Auth{MAC: [32]byte{4}, Own: EpochOf{genA, 3}, Theirs: EpochOf{genB, 300}},
		&AskKeys{Gen: genA, From: 2},
		&Keys{Gen: genA, From: 2, Keys: make([][32]byte, MaxKeys)},
		&Keys{Gen: genA, From: 2},
		&AskEntries{Gen: genA, From: 2, To: 9},
		&Refusal{Kind: parley.WrongLine, Text: "that line is not known here"},
		&Refusal{Kind: parley.Internal},
	}
}

func TestRoundTrip(t *testing.T) {
	seen := map[uint64]bool{}
	for _, f := range samples() {
		b, err := Marshal(f)
		if err != nil {
			t.Errorf("%T: %v", f, err)
			continue
		}
		seen[TypeOf(f)] = true
		got, err := Parse(b)
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("%T: got %+v, %v; want %+v", f, got, err, f)
			continue
		}
		if more, err := Append([]byte("head"), f); err != nil || string(more[:4]) != "head" || !bytes.Equal(more[4:], b) {
			t.Errorf("%T: Append differs from Marshal: %v", f, err)
		}
		clear(b)
		if !reflect.DeepEqual(got, f) {
			t.Errorf("%T: it keeps bytes of the caller", f)
		}
	}
	for typ := uint64(TypeHello); typ <= TypeRefusal; typ++ {
		if !seen[typ] {
			t.Errorf("type %d has no sample", typ)
		}
	}
}

// The bytes of spec/frames.md, written out by hand.
func TestBytes(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("00", n) }
	for _, c := range []struct {
		f    Frame
		want string
	}{
		{hello(), "87 01 01 50 09" + zeros(15) + "65 616c646572 48 0102030405060708 1a 6afd86c0" +
			"a2 48 0102030405060708 03 48 0102030405060709 1b 0000010000000000"},
		{&Entry{Gen: genA, Index: 24, Bytes: []byte{0x80}}, "84 02 48 0102030405060708 1818 41 80"},
		{&Checkpoint{Gen: genA, Size: 1}, "85 03 48 0102030405060708 01 5840" + zeros(64) + "f6"},
		{&Receipt{Gen: genA, Size: 1, Holder: genB, Time: 2, ML: make([]byte, mlSize)},
			"87 04 48 0102030405060708 01 48 0102030405060709 02 5840" + zeros(64) + "590974" + zeros(mlSize)},
		{&Have{}, "82 05 a0"},
		{&Certificate{Bytes: []byte{1}}, "82 06 41 01"},
		{&Ping{Token: 1, Time: 2}, "83 07 01 02"},
		{&Pong{Token: 1, Time: 2, State: PongState{StorageOK: true}}, "84 08 01 02 a3 01f4 04f5 05f4"},
		{&Pong{Token: 1, Time: 2, State: PongState{OnWatch: true, LastAnswer: 3, Stopping: "x"}}, "84 08 01 02 a5 01f5 0203 036178 04f4 05f4"},
		{&Want{Offset: 1}, "83 0b 5820" + zeros(32) + "01"},
		{&Chunk{Total: 1, Bytes: []byte{9}}, "85 0c 5820" + zeros(32) + "00 01 41 09"},
		{&Auth{Own: EpochOf{genA, 1}, Theirs: EpochOf{genB, 2}}, "83 0d 5820" + zeros(32) + "82 82 48 0102030405060708 01 82 48 0102030405060709 02"},
		{&AskKeys{Gen: genA, From: 1}, "83 0e 48 0102030405060708 01"},
		{&Keys{Gen: genA, From: 1, Keys: make([][32]byte, 1)}, "84 0f 48 0102030405060708 01 81 5820" + zeros(32)},
		{&AskEntries{Gen: genA, From: 1, To: 2}, "84 10 48 0102030405060708 01 02"},
		{&Refusal{Kind: parley.Gap, Text: "no"}, "83 11 63 676170 62 6e6f"},
	} {
		got, err := Marshal(c.f)
		if want := unhex(t, c.want); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%T: got %x, %v; want %x", c.f, got, err, want)
		}
	}
}

// What may not leave may not come in either; both are tried.
func TestMarshalRefuses(t *testing.T) {
	many := Held{}
	for i := range MaxNames + 1 {
		many[parley.GenerationID{byte(i), byte(i >> 8)}] = 1
	}
	with := func(change func(*Hello)) *Hello { h := hello(); change(h); return h }
	short := headOf(4)
	short.ML = ml[1:]
	none := headOf(4)
	none.ML = nil
	for _, c := range []struct {
		name string
		f    Frame
		want parley.Kind
	}{
		{"version", with(func(h *Hello) { h.Version = 2 }), parley.Unsupported},
		{"no party", with(func(h *Hello) { h.Party = "" }), parley.Malformed},
		{"party in capitals", with(func(h *Hello) { h.Party = "Alder" }), parley.Malformed},
		{"party of 9", with(func(h *Hello) { h.Party = "alderalde" }), parley.Oversize},
		{"hello of too many", with(func(h *Hello) { h.Held = many }), parley.Malformed},
		{"hello out of time", with(func(h *Hello) { h.Time = MaxNumber + 1 }), parley.Malformed},
		{"feature empty", with(func(h *Hello) { h.Features = []string{""} }), parley.Malformed},
		{"feature long", with(func(h *Hello) { h.Features = []string{strings.Repeat("x", 33)} }), parley.Oversize},
		{"feature not text", with(func(h *Hello) { h.Features = []string{"\xff"} }), parley.Malformed},
		{"features", with(func(h *Hello) { h.Features = strings.Split(strings.Repeat("x ", MaxFeatures)+"x", " ") }), parley.Malformed},
		{"have of too many", &Have{Held: many}, parley.Malformed},
		{"have of too much", &Have{Held: Held{genA: MaxNumber + 1}}, parley.Malformed},
		{"empty entry", &Entry{}, parley.Malformed},
		{"entry too large", &Entry{Bytes: make([]byte, MaxEntry+1)}, parley.Oversize},
		{"entry index", &Entry{Bytes: []byte{1}, Index: 1 << 63}, parley.Malformed},
		{"checkpoint size", &Checkpoint{Size: MaxNumber + 1}, parley.Malformed},
		{"checkpoint signature", &Checkpoint{ML: ml[1:]}, parley.Malformed},
		{"checkpoint empty signature", &Checkpoint{ML: []byte{}}, parley.Malformed},
		{"receipt signature", &Receipt{Time: 1, ML: append(bytes.Clone(ml), 0)}, parley.Malformed},
		{"receipt without time", &Receipt{}, parley.Malformed},
		{"receipt size", &Receipt{Time: 1, Size: 1 << 63}, parley.Malformed},
		{"certificate empty", &Certificate{}, parley.Malformed},
		{"certificate large", &Certificate{Bytes: make([]byte, MaxEntry+1)}, parley.Oversize},
		{"ping time", &Ping{Time: 1 << 63}, parley.Malformed},
		{"pong time", &Pong{Time: 1 << 63}, parley.Malformed},
		{"pong reason", &Pong{State: PongState{Stopping: strings.Repeat("x", MaxText+1)}}, parley.Oversize},
		{"pong reason not text", &Pong{State: PongState{Stopping: "\xff"}}, parley.Malformed},
		{"shown signature", &Shown{Head: short}, parley.Malformed},
		{"shown without the half", &Shown{Head: none}, parley.Malformed},
		{"evidence order", &Evidence{First: headOf(5), Second: headOf(4)}, parley.Malformed},
		{"evidence first", &Evidence{First: none, Second: headOf(4)}, parley.Malformed},
		{"evidence second", &Evidence{First: headOf(4), Second: short}, parley.Malformed},
		{"evidence proof of equals", &Evidence{First: headOf(4), Second: headOf(4), Proof: make([][32]byte, 1)}, parley.Malformed},
		{"evidence proof", &Evidence{First: headOf(3), Second: headOf(4), Proof: make([][32]byte, MaxProof+1)}, parley.Malformed},
		{"chunk", &Chunk{Total: 1 << 30, Bytes: make([]byte, MaxChunk+1)}, parley.Oversize},
		{"chunk beyond its total", &Chunk{Offset: 1, Total: 1, Bytes: []byte{1}}, parley.Malformed},
		{"chunk that wraps", &Chunk{Offset: 1<<64 - 1, Total: 1, Bytes: []byte{1}}, parley.Malformed},
		{"want", &Want{Offset: 1 << 63}, parley.Malformed},
		{"auth", &Auth{Own: EpochOf{genA, 1 << 63}}, parley.Malformed},
		{"keys", &Keys{Keys: make([][32]byte, MaxKeys+1)}, parley.Malformed},
		{"entries backwards", &AskEntries{From: 2, To: 1}, parley.Malformed},
		{"entries far", &AskEntries{From: 2, To: 1 << 63}, parley.Malformed},
		{"refusal kind", &Refusal{Kind: 200}, parley.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Append([]byte("head"), c.f)
			wantKind(t, err, c.want)
			if string(b) != "head" {
				t.Errorf("%d bytes were left", len(b)-4)
			}
			k := c.f.(known)
			w := &walk{writing: true, b: appendUint(appendArray(nil, 1+k.items()), k.frameType())}
			k.fields(w)
			_, err = Parse(w.b)
			if err == nil {
				t.Error("Parse takes it")
			}
		})
	}
	_, err := Marshal(&Unknown{Type: 99})
	wantKind(t, err, parley.Internal)
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex string }{
		{"nothing", ""},
		{"not an array", "01"},
		{"no type", "80"},
		{"type is text", "81 6131"},
		{"type is negative", "81 20"},
		{"not canonical", "83 1807 01 02"},
		{"unknown and not canonical", "82 18ff 1801"},
		{"too few", "82 07 01"},
		{"too many", "84 07 01 02 03"},
		{"more bytes", "83 07 01 02 00"},
		{"hello too short", "85 01 01 40 61 61 40"},
		{"text for a number", "83 07 6131 02"},
		{"7 bytes of generation", "83 0e 47 01020304050607 01"},
		{"9 bytes of generation", "83 0e 49 010203040506070809 01"},
		{"31 bytes of hash", "83 0b 581f" + strings.Repeat("00", 31) + "00"},
		{"null for ed25519", "85 03 48 0102030405060708 01 f6 f6"},
		{"63 bytes of ed25519", "85 03 48 0102030405060708 01 583f" + strings.Repeat("00", 63) + "f6"},
		{"false for ml-dsa", "85 03 48 0102030405060708 01 5840" + strings.Repeat("00", 64) + "f4"},
		{"state without key 1", "84 08 01 02 a2 04f5 05f4"},
		{"state without key 5", "84 08 01 02 a2 01f5 04f4"},
		{"state with key 6", "84 08 01 02 a4 01f5 04f4 05f4 06f4"},
		{"state with 0 for no answer", "84 08 01 02 a4 01f5 0200 04f4 05f4"},
		{"state with no reason", "84 08 01 02 a4 01f5 0360 04f4 05f4"},
		{"state with null", "84 08 01 02 a3 01f6 04f4 05f4"},
		{"state is an array", "84 08 01 02 83 f4f5f4"},
		{"have is an array", "82 05 80"},
		{"have of text", "82 05 a1 68 6161616161616161 01"},
		{"have of short names", "82 05 a1 41 00 01"},
		{"evidence cut", "82 0a 83 48 0102030405060708 80 80"},
		{"one epoch in auth", "83 0d 5820" + strings.Repeat("00", 32) + "81 82 48 0102030405060708 01"},
		{"refusal of unknown kind", "83 11 63 6f6f70 60"},
		{"refusal with a long text", "83 11 63 676170 7901f5" + strings.Repeat("78", 501)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := unhex(t, c.hex)
			f, err := Parse(b)
			if err == nil {
				t.Fatalf("got %+v", f)
			}
			if k := parley.KindOf(err); k != parley.Malformed && k != parley.Oversize {
				t.Errorf("got kind %s: %v", k, err)
			}
		})
	}
	_, err := Parse(make([]byte, MaxFrame+1))
	wantKind(t, err, parley.Oversize)
}

// No frame but one without its tail is taken cut short, at any length.
func TestParseCut(t *testing.T) {
	for _, f := range samples() {
		b, err := Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		step := 1 + len(b)/500
		for n := 0; n < len(b); n += step {
			if got, err := Parse(b[:n]); err == nil {
				t.Errorf("%T cut to %d of %d bytes: got %+v", f, n, len(b), got)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	for _, h := range []string{"81 12", "83 1bffffffffffffffff a0 f6", "81 00"} {
		f, err := Parse(unhex(t, h))
		if u, ok := f.(*Unknown); err != nil || !ok {
			t.Errorf("%s: got %+v, %v", h, u, err)
		}
	}
}

func TestRefusalIsCut(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{strings.Repeat("x", 600), strings.Repeat("x", 500)},
		{strings.Repeat("的", 200), strings.Repeat("的", 166)},
		{"good\xffbad", "good"},
		{"\uFFFD kept", "\uFFFD kept"},
		{"\xff", ""},
	} {
		b, err := Marshal(&Refusal{Kind: parley.Quota, Text: c.text})
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(b)
		if err != nil || f.(*Refusal).Text != c.want {
			t.Errorf("%.20q: got %+v, %v", c.text, f, err)
		}
	}
}

// Evidence stands in an exported record as in its frame.
func TestEvidenceInRecord(t *testing.T) {
	e := Evidence{Gen: genA, First: headOf(4), Second: headOf(6), Proof: [][32]byte{{1}}}
	b := Encode([]any{uint64(7), []Evidence{e}})
	frame, err := Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, frame[2:]) {
		t.Error("the bytes differ from the frame's")
	}
	var item struct {
		_    struct{} `cbor:",toarray"`
		Kind uint64
		List []Evidence
	}
	if err := Decode(b, &item); err != nil || !reflect.DeepEqual(item.List, []Evidence{e}) {
		t.Errorf("got %+v, %v", item, err)
	}
	at := bytes.Index(b, []byte{0x84, 0x06, 0x58}) // the second size
	b[at+1] = 3
	wantKind(t, Decode(b, &item), parley.Malformed)
	if _, err := TryEncode([]Evidence{{}}); err == nil {
		t.Error("evidence without signatures encodes")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range samples() {
		b, err := Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 10_000 {
			f.Add(b)
		}
	}
	f.Add([]byte{0x81, 0x12})
	wiretest.Seed(f, "station/frame", "frame")
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse(b)
		if err != nil {
			if k := parley.KindOf(err); k != parley.Malformed && k != parley.Oversize && k != parley.Unsupported {
				t.Errorf("%s: got kind %s: %v", hex.EncodeToString(b), k, err)
			}
			return
		}
		if _, ok := got.(*Unknown); ok {
			return
		}
		again, err := Marshal(got)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x: got %+v, which is %x, %v", b, got, again, err)
		}
	})
}

func FuzzEvidence(f *testing.F) {
	f.Add(Encode(Evidence{First: headOf(1), Second: headOf(2), Proof: [][32]byte{{}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Evidence
		if err := Decode(b, &e); err == nil && !bytes.Equal(Encode(e), b) {
			t.Errorf("%x: got %+v", b, e)
		}
	})
}

func BenchmarkFrames(b *testing.B) {
	for name, f := range map[string]Frame{
		"entry":      &Entry{Gen: genA, Index: 7, Bytes: make([]byte, 600)},
		"checkpoint": &Checkpoint{Gen: genA, Size: 8, ML: ml},
		"receipt":    &Receipt{Gen: genA, Size: 8, Holder: genB, Time: 1795000001, ML: ml},
		"chunk":      &Chunk{Total: MaxChunk, Bytes: make([]byte, MaxChunk)},
	} {
		bytes, err := Marshal(f)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/append", func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, len(bytes))
			for b.Loop() {
				if _, err := Append(buf, f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/parse", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(bytes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
