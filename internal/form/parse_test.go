package form

import (
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"parley"
	"parley/internal/wire"
	"parley/internal/wire/wiretest"
)

const goldenFile = "testdata/encodings.txt"

// TestGolden holds the encoding of a sample of each form, header and body, to
// what was written once, and reads it back.
func TestGolden(t *testing.T) {
	var b strings.Builder
	all := samples()
	for _, d := range Definitions() {
		s := all[d.Name].named(t, d.Name)
		var end uint64
		if d.Numbered {
			s.head.Serial, end = 117, 117
		}
		header, body := EncodeHeader(s.head), EncodeBody(s.form, end)
		fmt.Fprintf(&b, "%s\n\t%x\n\t%x\n", d.Name, header, body)
		h, err := ParseHeader(header)
		if err != nil || !reflect.DeepEqual(h, s.head) {
			t.Errorf("%s: header read back: got %+v, %v; want %+v", d.Name, h, err, s.head)
		}
		f, got, err := ParseBody(d.Name, body)
		if err != nil || got != end || !reflect.DeepEqual(f, s.form) {
			t.Errorf("%s: body read back: got %+v, end %d, %v; want %+v", d.Name, f, got, err, s.form)
		}
		if err := h.CheckSerial(got); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	if *update {
		if err := os.WriteFile(goldenFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("encodings differ from %s; run with -update if that is meant", goldenFile)
	}
}

// TestUnknownKept: fields and header keys of a newer peer survive, are shown and
// hurt nothing.
func TestUnknownKept(t *testing.T) {
	fields := map[uint64]any{1: "a", 2: "b", 40: []any{"x", 1}, 41: map[uint64]any{}}
	raw := wire.Encode(fields)
	f, err := ParseFields("dispatch", raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := EncodeFields(f); string(got) != string(raw) {
		t.Errorf("fields: got %x, want %x", got, raw)
	}
	if u := f.Strange(); len(u) != 2 || string(u[40]) != "\x82ax\x01" || string(u[41]) != "\xa0" {
		t.Errorf("unknown fields: got %x", u)
	}
	head := wire.Encode(map[uint64]any{1: "dispatch", 3: "envoy", 99: "later"})
	h, err := ParseHeader(head)
	if err != nil {
		t.Fatal(err)
	}
	if got := EncodeHeader(h); string(got) != string(head) {
		t.Errorf("header: got %x, want %x", got, head)
	}
}

func TestParseHeaderRefused(t *testing.T) {
	gen := make([]byte, 8)
	base := func(more map[uint64]any) map[uint64]any {
		m := map[uint64]any{1: "dispatch", 3: "envoy"}
		for k, v := range more {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
		return m
	}
	for what, m := range map[string]map[uint64]any{
		"no form":                   base(map[uint64]any{1: nil}),
		"no office":                 base(map[uint64]any{3: nil}),
		"the form as bytes":         base(map[uint64]any{1: []byte("dispatch")}),
		"serial 0":                  base(map[uint64]any{2: 0}),
		"a negative serial":         base(map[uint64]any{2: -1}),
		"precedence 0":              base(map[uint64]any{6: 0}),
		"marker 0":                  base(map[uint64]any{7: 0}),
		"series 0":                  base(map[uint64]any{13: 0}),
		"no addressees":             base(map[uint64]any{4: []any{}}),
		"an empty language":         base(map[uint64]any{9: ""}),
		"an empty exercise":         base(map[uint64]any{10: ""}),
		"an addressee of one part":  base(map[uint64]any{4: []any{[]any{"birch"}}}),
		"an addressee of three":     base(map[uint64]any{4: []any{[]any{"birch", "envoy", "x"}}}),
		"an addressee in text":      base(map[uint64]any{4: []any{"birch/envoy"}}),
		"a generation of 7 bytes":   base(map[uint64]any{8: []any{[]any{gen[:7], 1}}}),
		"a generation of 9 bytes":   base(map[uint64]any{8: []any{[]any{make([]byte, 9), 1}}}),
		"a reference without index": base(map[uint64]any{8: []any{[]any{gen}}}),
		"opened of 7 bytes":         base(map[uint64]any{12: []any{gen[:7], 1}}),
		"a serial in text":          base(map[uint64]any{2: "1"}),
	} {
		if _, err := ParseHeader(wire.Encode(m)); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: got %v, want malformed", what, err)
		}
	}
	for what, x := range map[string]string{
		"nothing": "", "an array": "80", "null": "f6", "text keys": "a1616101", "not shortest": "a2018164", "two items": "a0a0",
		"keys out of order": "a203656e766f7901686469737061746368", "a key twice": "a301656469737001656469737003656e766f79",
		"indefinite": "bf01656469737003656e766f79ff", "a tag": "c1a0", "null for serial": "a3016864697370617463680266f603656e766f79",
	} {
		b, err := hex.DecodeString(x)
		if err != nil {
			t.Fatal(what, err)
		}
		if _, err := ParseHeader(b); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: got %v, want malformed", what, err)
		}
	}
	if _, err := ParseHeader(make([]byte, maxHeader+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("a huge header: got %v, want oversize", err)
	}
	for what, m := range map[string]map[uint64]any{
		"precedence 4": base(map[uint64]any{6: 4}), "precedence 256": base(map[uint64]any{6: 256}), "marker 9": base(map[uint64]any{7: 9}),
		"marker 264": base(map[uint64]any{7: 264}), "series 2": base(map[uint64]any{13: 2}), "an office in capitals": base(map[uint64]any{3: "Envoy"}),
		"a language that is none": base(map[uint64]any{9: "e"}),
	} {
		if _, err := ParseHeader(wire.Encode(m)); parley.KindOf(err) != parley.BadForm {
			t.Errorf("%s: got %v, want bad-form", what, err)
		}
	}
}

func TestParseBodyRefused(t *testing.T) {
	fields := func(m map[uint64]any) any { return []any{m, 1} }
	for _, c := range []struct {
		form, what string
		body       any
	}{
		{"dispatch", "no array", map[uint64]any{}},
		{"dispatch", "one item", []any{map[uint64]any{}}},
		{"dispatch", "three items", []any{map[uint64]any{}, 1, 1}},
		{"dispatch", "fields in an array", []any{[]any{}, 1}},
		{"dispatch", "no fields", []any{nil, 1}},
		{"dispatch", "a negative end", []any{map[uint64]any{1: "a", 2: "b"}, -1}},
		{"dispatch", "no subject", fields(map[uint64]any{2: "b"})},
		{"dispatch", "no text", fields(map[uint64]any{1: "a"})},
		{"dispatch", "no attachments, and says so", fields(map[uint64]any{1: "a", 2: "b", 5: []any{}})},
		{"dispatch", "empty remarks", fields(map[uint64]any{1: "a", 2: "b", 7: ""})},
		{"dispatch", "an attachment of five parts", fields(map[uint64]any{1: "a", 2: "b", 5: []any{[]any{"a", "a/b", 1, 2, make([]byte, 32)}}})},
		{"dispatch", "a hash of 31 bytes", fields(map[uint64]any{1: "a", 2: "b", 5: []any{[]any{"a", "a/b", 1, 2, make([]byte, 31), make([]byte, 32)}}})},
		{"dispatch", "text keys", []any{map[string]any{"subject": "a"}, 1}},
		{"seen", "no fields at all", []any{}},
		{"key", "a key of 1,215 bytes", fields(map[uint64]any{1: make([]byte, 1215)})},
		{"key", "a key of 1,217 bytes", fields(map[uint64]any{1: make([]byte, 1217)})},
		{"key", "no key", fields(map[uint64]any{})},
		{"assent", "a hash of 33 bytes", fields(map[uint64]any{1: make([]byte, 33), 2: 0})},
		{"assent", "an empty document", fields(map[uint64]any{1: make([]byte, 32), 2: 0, 3: []byte{}})},
		{"query", "automatic false", fields(map[uint64]any{1: "a", 2: false})},
		{"query", "automatic in numbers", fields(map[uint64]any{1: "a", 2: 1})},
		{"annex", "null for a TLS key", fields(map[uint64]any{1: []string{"quic://a:1"}, 2: nil})},
		{"agreement", "text keys in a form unknown", []any{map[string]any{"subject": "a"}, 1}},
	} {
		if _, _, err := ParseBody(c.form, wire.Encode(c.body)); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s, %s: got %v, want malformed", c.form, c.what, err)
		}
	}
	if _, err := ReceivingKey(EncodeBody(&Seen{}, 0)); parley.KindOf(err) != parley.Malformed {
		t.Errorf("the key of a body without one: got %v, want malformed", err)
	}
	if _, _, err := ParseBody("Agreement", EncodeBody(&Seen{}, 0)); parley.KindOf(err) != parley.BadForm {
		t.Errorf("a form that cannot be: got %v, want bad-form", err)
	}
	if _, _, err := ParseBody("seen", make([]byte, maxBody+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("a huge body: got %v, want oversize", err)
	}
	body := EncodeBody(&Opened{Wording: "We agree.", Time: 60}, 0)
	if _, _, err := ParseBody("opened", body); parley.KindOf(err) != parley.BadForm {
		t.Errorf("a receipt that consents: got %v, want bad-form", err)
	}
	if g, err := Generic("opened", body); err != nil || len(g.Strange()) != 2 {
		t.Errorf("showing it all the same: got %v, %v", g, err)
	}
}

func FuzzParseHeader(f *testing.F) {
	for name, s := range samples() {
		s.head.Form = name
		f.Add(EncodeHeader(s.head))
	}
	wiretest.Seed(f, "station/form", "header")
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			if k := parley.KindOf(err); k != parley.Malformed && k != parley.BadForm && k != parley.Oversize {
				t.Fatalf("kind %v: %v", k, err)
			}
			return
		}
		if got := EncodeHeader(h); string(got) != string(b) {
			t.Fatalf("got %x, want %x", got, b)
		}
		_ = h.CheckSerial(0)
	})
}

func FuzzParseBody(f *testing.F) {
	for name, s := range samples() {
		f.Add(name, EncodeBody(s.form, 3))
	}
	f.Add("agreement", JoinBody([]byte{0xa0}, 0))
	for _, in := range wiretest.Inputs(f, "station/form", "header", "body") {
		if h, err := ParseHeader(wiretest.Unhex(f, in[0])); err == nil {
			f.Add(h.Form, wiretest.Unhex(f, in[1]))
		}
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		form, end, err := ParseBody(name, b)
		if err != nil {
			if k := parley.KindOf(err); k != parley.Malformed && k != parley.BadForm && k != parley.Oversize {
				t.Fatalf("kind %v: %v", k, err)
			}
			return
		}
		if got := EncodeBody(form, end); string(got) != string(b) {
			t.Fatalf("got %x, want %x", got, b)
		}
		h := &Header{Form: name, From: "envoy", Refs: []parley.Ref{theirDispatch}}
		_ = Validate(form, h, newGround())
		h.Refs = nil
		_ = Validate(form, h, newGround())
	})
}

func FuzzText(f *testing.F) {
	f.Add("a\u202eb\x1b")
	f.Fuzz(func(t *testing.T, s string) {
		v := Visible(s)
		if strings.ContainsFunc(v, func(r rune) bool { return hidden(r) || r == 0x1b || r == '\r' }) {
			t.Fatalf("Visible(%q) hides something: %q", s, v)
		}
		if err := CheckLine("it", lineOf(s, 80), 80); err != nil {
			t.Fatalf("lineOf(%q): %v", s, err)
		}
		_, _ = CheckLanguage("it", s), CheckAddresses([]string{s})
		if CheckFileName(s) == nil && (strings.ContainsAny(s, "/\\\n") || len(s) > 255) {
			t.Fatalf("CheckFileName accepts %q", s)
		}
	})
}
