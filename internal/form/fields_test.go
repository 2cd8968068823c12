package form

import (
	"strings"
	"testing"

	"parley"
)

// TestFieldsRefused is one table, and long because each field of each form has a row.
func TestFieldsRefused(t *testing.T) {
	const bad = parley.BadForm
	dispatch := func(change func(*Dispatch)) func(*Header, Form, *ground) {
		return func(_ *Header, f Form, _ *ground) { change(f.(*Dispatch)) }
	}
	file := func(change func(*Attachment)) func(*Header, Form, *ground) {
		return dispatch(func(d *Dispatch) { change(&d.Attachments[0]) })
	}
	test := func(change func(*LineTest)) func(*Header, Form, *ground) {
		return func(_ *Header, f Form, _ *ground) { change(f.(*LineTest)) }
	}
	person := func(change func(*Incumbent)) func(*Header, Form, *ground) {
		return func(_ *Header, f Form, _ *ground) { change(f.(*Incumbent)) }
	}
	for _, r := range []refusal{
		{"dispatch", "no subject", bad, "subject is empty", dispatch(func(d *Dispatch) { d.Subject = "" })},
		{"dispatch", "a blank subject", bad, "space", dispatch(func(d *Dispatch) { d.Subject = " " })},
		{"dispatch", "a subject of two lines", bad, "control character U+000A", dispatch(func(d *Dispatch) { d.Subject = "a\nb" })},
		{"dispatch", "a long subject", bad, "201 characters", dispatch(func(d *Dispatch) { d.Subject = strings.Repeat("机", 201) })},
		{"dispatch", "a subject that turns round", bad, "U+202E", dispatch(func(d *Dispatch) { d.Subject = "a\u202eb" })},
		{"dispatch", "an isolate in the subject", bad, "U+2066", dispatch(func(d *Dispatch) { d.Subject = "a\u2066b" })},
		{"dispatch", "a zero-width space in the subject", bad, "U+200B", dispatch(func(d *Dispatch) { d.Subject = "a\u200bb" })},
		{"dispatch", "a line separator in the subject", bad, "U+2028", dispatch(func(d *Dispatch) { d.Subject = "a\u2028b" })},
		{"dispatch", "no text", bad, "text is empty", dispatch(func(d *Dispatch) { d.Text = "" })},
		{"dispatch", "a blank text", bad, "text is empty", dispatch(func(d *Dispatch) { d.Text = " \n\t " })},
		{"dispatch", "a long text", bad, "49153 bytes", dispatch(func(d *Dispatch) { d.Text = strings.Repeat("a", 48<<10+1) })},
		{"dispatch", "a carriage return", bad, "U+000D", dispatch(func(d *Dispatch) { d.Text = "a\r\nb" })},
		{"dispatch", "an escape", bad, "U+001B", dispatch(func(d *Dispatch) { d.Text = "a\x1b[31mb" })},
		{"dispatch", "a C1 control", bad, "U+009B", dispatch(func(d *Dispatch) { d.Text = "a\u009bb" })},
		{"dispatch", "a NUL", bad, "U+0000", dispatch(func(d *Dispatch) { d.Text = "a\x00b" })},
		{"dispatch", "no UTF-8", bad, "UTF-8", dispatch(func(d *Dispatch) { d.Text = "a\xffb" })},
		{"dispatch", "FLASH without a reason", bad, "why it is FLASH", dispatch(func(d *Dispatch) { d.Reason = "" })},
		{"dispatch", "a reason without FLASH", bad, "precedence is ROUTINE", func(h *Header, f Form, g *ground) { h.Precedence = parley.Routine }},
		{"dispatch", "an instruction", parley.NotAllowed, "INSTRUCTION", func(h *Header, f Form, g *ground) { h.Marker = parley.Instruction }},
		{"dispatch", "a legal reference of two lines", bad, "legal reference", dispatch(func(d *Dispatch) { d.Legal = "a\nb" })},
		{"dispatch", "a releasability that turns round", bad, "releasability", dispatch(func(d *Dispatch) { d.Releasability = "\u202da" })},
		{"dispatch", "long remarks", bad, "remarks", dispatch(func(d *Dispatch) { d.Remarks = strings.Repeat("a", 2001) })},
		{"dispatch", "33 attachments", bad, "33 attachments", dispatch(func(d *Dispatch) { d.Attachments = make([]Attachment, 33) })},
		{"dispatch", "a file twice", bad, "twice", dispatch(func(d *Dispatch) { d.Attachments = append(d.Attachments, d.Attachments[0]) })},
		{"dispatch", "a file in a folder", bad, "cannot be called", file(func(a *Attachment) { a.Name = "../map" })},
		{"dispatch", "a file in a folder of another system", bad, "cannot be called", file(func(a *Attachment) { a.Name = `a\b` })},
		{"dispatch", "a stream", bad, "cannot be called", file(func(a *Attachment) { a.Name = "a:b" })},
		{"dispatch", "a folder", bad, "cannot be called", file(func(a *Attachment) { a.Name = ".." })},
		{"dispatch", "a nameless file", bad, "empty", file(func(a *Attachment) { a.Name = "" })},
		{"dispatch", "a file name that turns round", bad, "U+202E", file(func(a *Attachment) { a.Name = "map\u202efdp.exe" })},
		{"dispatch", "a long file name", bad, "256 bytes", file(func(a *Attachment) { a.Name = strings.Repeat("é", 128) })},
		{"dispatch", "no media type", bad, "media type", file(func(a *Attachment) { a.Type = "" })},
		{"dispatch", "a media type with parameters", bad, "media type", file(func(a *Attachment) { a.Type = "text/html; charset=x" })},
		{"dispatch", "a media type in capitals", bad, "media type", file(func(a *Attachment) { a.Type = "Text/html" })},
		{"dispatch", "a file too large", bad, "at most 67108864", file(func(a *Attachment) { a.Size = 64<<20 + 1 })},
		{"dispatch", "sealed smaller than it is", bad, "when sealed", file(func(a *Attachment) { a.Sealed = 9 })},
		{"dispatch", "sealed much larger than it is", bad, "when sealed", file(func(a *Attachment) { a.Sealed = 1 << 40 })},
		{"dispatch", "no hash", bad, "no hash", file(func(a *Attachment) { a.Hash = [32]byte{} })},
		{"dispatch", "no key", bad, "no key", file(func(a *Attachment) { a.Key = [32]byte{} })},
		{"opened", "other words", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*Opened).Wording = "We agree." }},
		{"opened", "more words", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*Opened).Wording += " We agree." }},
		{"opened", "no words", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*Opened).Wording = "" }},
		{"opened", "to the second", bad, "minute", func(h *Header, f Form, g *ground) { f.(*Opened).Time++ }},
		{"opened", "no time", bad, "minute", func(h *Header, f Form, g *ground) { f.(*Opened).Time = 0 }},
		{"informed", "other words", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*Informed).Wording = "The principal consents." }},
		{"informed", "after the end of time", bad, "minute", func(h *Header, f Form, g *ground) { f.(*Informed).Time = 60 << 40 }},
		{"translated", "no language", bad, "language", func(h *Header, f Form, g *ground) { f.(*Translated).Language = "" }},
		{"translated", "other words", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*Translated).Wording = "-" }},
		{"service", "no subject", bad, "subject", func(h *Header, f Form, g *ground) { f.(*Service).Subject = "" }},
		{"service", "a long text", bad, "8193 bytes", func(h *Header, f Form, g *ground) { f.(*Service).Text = strings.Repeat("a", 8<<10+1) }},
		{"query", "automatic in other words", bad, "fixed text", func(h *Header, f Form, g *ground) { f.(*Query).Text = "Answer at once." }},
		{"query", "empty", bad, "text", func(h *Header, f Form, g *ground) { f.(*Query).Text, f.(*Query).Automatic = "", false }},
		{"tracer", "a rung of ours", bad, "no rung 1", func(h *Header, f Form, g *ground) { f.(*Tracer).Rung = uint64(parley.Released) }},
		{"tracer", "a rung above all", bad, "no rung 7", func(h *Header, f Form, g *ground) { f.(*Tracer).Rung = 7 }},
		{"tracer", "empty", bad, "text", func(h *Header, f Form, g *ground) { f.(*Tracer).Text = "" }},
		{"readback", "a step above all", bad, "step 0 to 3", func(h *Header, f Form, g *ground) { f.(*ReadBack).Step = 4 }},
		{"readback", "given, without words", bad, "text", func(h *Header, f Form, g *ground) { f.(*ReadBack).Text = "" }},
		{"readback", "too many words", bad, "4001 bytes", func(h *Header, f Form, g *ground) { f.(*ReadBack).Text = strings.Repeat("a", 4001) }},
		{"disregard", "no reason", bad, "reason", func(h *Header, f Form, g *ground) { f.(*Disregard).Reason = "" }},
		{"leave", "no reason", bad, "reason", func(h *Header, f Form, g *ground) { f.(*Leave).Reason = "" }},
		{"checkcall", "phase 2", bad, "phase", func(h *Header, f Form, g *ground) { f.(*CheckCall).Phase = 2 }},
		{"checkcall", "other words", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*CheckCall).Text = "hello" }},
		{"checkcall", "the words of the other phase", bad, "exactly", func(h *Header, f Form, g *ground) { f.(*CheckCall).Text = CheckCallWording }},
		{"linetest", "phase 2", bad, "phase", test(func(x *LineTest) { x.Phase = 2 })},
		{"linetest", "a log twice", bad, "twice", test(func(x *LineTest) { x.Logs = append(x.Logs, x.Logs[0]) })},
		{"linetest", "65 logs", bad, "65 logs", test(func(x *LineTest) { x.Logs = make([]LogHeld, 65) })},
		{"linetest", "17 paths", bad, "17 paths", test(func(x *LineTest) { x.Paths = make([]PathSeen, 17) })},
		{"linetest", "a nameless path", bad, "path", test(func(x *LineTest) { x.Paths[0].Name = "" })},
		{"linetest", "a size out of range", bad, "range", test(func(x *LineTest) { x.Logs[0].Size = 1 << 60 })},
		{"linetest", "a round trip out of range", bad, "range", test(func(x *LineTest) { x.Paths[0].RTT = 1 << 60 })},
		{"linetest", "no clock", bad, "clock", test(func(x *LineTest) { x.Clock = 0 })},
		{"linetest", "a text that is not approved", bad, "no test text 8", test(func(x *LineTest) { x.Text = 8 })},
		{"incumbent", "no office", bad, "office", person(func(x *Incumbent) { x.Office = "" })},
		{"incumbent", "an office not of the charter", bad, "no office cook", person(func(x *Incumbent) { x.Office = "cook" })},
		{"incumbent", "no name", bad, "name", person(func(x *Incumbent) { x.Person = "" })},
		{"incumbent", "a name that turns round", bad, "U+202E", person(func(x *Incumbent) { x.Person = "A\u202eB" })},
		{"incumbent", "no form of address", bad, "form of address", person(func(x *Incumbent) { x.Address = "" })},
		{"incumbent", "no beginning", bad, "term", person(func(x *Incumbent) { x.From = 0 })},
		{"incumbent", "ended before it began", bad, "term", person(func(x *Incumbent) { x.Until = x.From })},
		{"incumbent", "a language twice", bad, "twice", person(func(x *Incumbent) { x.Languages = []string{"en", "en"} })},
		{"incumbent", "a language that is none", bad, "language", person(func(x *Incumbent) { x.Languages = []string{"e"} })},
		{"incumbent", "hours of two lines", bad, "hours", person(func(x *Incumbent) { x.Hours = "0800\n1800" })},
		{"incumbent", "a deputy that turns round", bad, "deputy", person(func(x *Incumbent) { x.Deputy = "A\u202eB" })},
		{"exercise", "a path in small letters", bad, "path", func(h *Header, f Form, g *ground) { f.(*Exercise).Path = "quic" }},
		{"exercise", "a long path", bad, "path", func(h *Header, f Form, g *ground) { f.(*Exercise).Path = "QUICQUICQUICQUICQ" }},
		{"exercise", "a path in an agreement", bad, "path", func(h *Header, f Form, g *ground) {
			f.(*Exercise).Phase, f.(*Exercise).Until, f.(*Exercise).Path = ExerciseAgree, 0, "QUIC"
			h.Refs = []parley.Ref{theirBegin}
		}},
		{"exercise", "phase 3", bad, "phase", func(h *Header, f Form, g *ground) { f.(*Exercise).Phase = 3 }},
		{"exercise", "without an end", bad, "until when", func(h *Header, f Form, g *ground) { f.(*Exercise).Until = 0 }},
		{"exercise", "nameless", bad, "name", func(h *Header, f Form, g *ground) { f.(*Exercise).Title = "" }},
		{"assent", "another document", bad, "not the one", func(h *Header, f Form, g *ground) { f.(*Assent).Document = []byte("another") }},
		{"assent", "the document as another kind", bad, "not the one", func(h *Header, f Form, g *ground) { f.(*Assent).Kind = ToAnnex }},
		{"assent", "kind 2", bad, "charter", func(h *Header, f Form, g *ground) { f.(*Assent).Kind = 2 }},
		{"assent", "to nothing", bad, "names no document", func(h *Header, f Form, g *ground) { *f.(*Assent) = Assent{} }},
		{"assent", "a long document", bad, "at most 32768", func(h *Header, f Form, g *ground) { f.(*Assent).Document = make([]byte, 32<<10+1) }},
		{"annex", "nothing", bad, "changes nothing", func(h *Header, f Form, g *ground) { *f.(*Annex) = Annex{} }},
		{"annex", "an empty TLS key", bad, "TLS", func(h *Header, f Form, g *ground) { f.(*Annex).TLS = new([32]byte) }},
		{"annex", "no address", bad, "not an address", func(h *Header, f Form, g *ground) { f.(*Annex).Addresses[0] = "192.0.2.7" }},
		{"annex", "an address of two words", bad, "not an address", func(h *Header, f Form, g *ground) { f.(*Annex).Addresses[0] = "quic://a b" }},
		{"annex", "an address twice", bad, "twice", func(h *Header, f Form, g *ground) { f.(*Annex).Addresses[1] = f.(*Annex).Addresses[0] }},
		{"attachments", "no file", bad, "0 files", func(h *Header, f Form, g *ground) { f.(*Attachments).Hashes = nil }},
		{"attachments", "a file twice", bad, "twice", func(h *Header, f Form, g *ground) { f.(*Attachments).Hashes = [][32]byte{blob, blob} }},
		{"complaint", "a kind there is not", bad, "no error kind", func(h *Header, f Form, g *ground) { f.(*Complaint).Kind = "annoying" }},
		{"complaint", "the kind unknown", bad, "no error kind", func(h *Header, f Form, g *ground) { f.(*Complaint).Kind = "unknown" }},
		{"complaint", "no text", bad, "text", func(h *Header, f Form, g *ground) { f.(*Complaint).Text = "" }},
		{"key", "empty", bad, "empty", func(h *Header, f Form, g *ground) { *f.(*Key) = Key{} }},
	} {
		r.run(t)
	}
}

func TestOtherIsNotFiled(t *testing.T) {
	f, end, err := ParseBody("agreement", JoinBody([]byte{0xa1, 1, 2}, 7))
	if err != nil || end != 7 {
		t.Fatalf("an unknown form: end %d, error %v", end, err)
	}
	if fs := f.Strange(); len(fs) != 1 || string(fs[1]) != "\x02" {
		t.Errorf("its fields: %v", fs)
	}
	err = Validate(f, &Header{Form: "agreement", From: "envoy"}, newGround())
	if parley.KindOf(err) != parley.Unsupported {
		t.Errorf("filing it: got %v, want unsupported", err)
	}
}

func TestLanguage(t *testing.T) {
	for _, tag := range []string{"en", "zh", "zh-Hant", "zh-Hant-TW", "ar", "es-419", "de-1996", "sl-rozaj-biske", "zh-yue-HK", "en-x-parley", "en-u-ca-gregory", "fil"} {
		if err := CheckLanguage("tag", tag); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
	for _, tag := range []string{"", "e", "english", "en_GB", "en-", "-en", "en--GB", "x-parley", "i-klingon", "en-GB-Latn", "en-u", "en-x", "en-a-bb-a-cc",
		"zh-Hant-TW-TW", "en-verylongsubtag", "ën", "en GB", "1n", "en-é", "en-GB-oxendict-u-ca-gregory-x-aaaaaaaa-b"} {
		if err := CheckLanguage("tag", tag); parley.KindOf(err) != parley.BadForm {
			t.Errorf("%q: got %v, want bad-form", tag, err)
		}
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain\n\ttext 中文 \u200f": "plain\n\ttext 中文 \u200f",
		"a\u202eb\u2069":          "a⟦U+202E⟧b⟦U+2069⟧",
		"a\x1b\r":                 "a⟦U+001B⟧⟦U+000D⟧",
		"a\xffb":                  "a⟦byte FF⟧b",
		"\uFFFD":                  "\uFFFD",
		"\U000E0041":              "⟦U+E0041⟧",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q): got %q, want %q", in, got, want)
		}
	}
}

func TestNormal(t *testing.T) {
	if got, want := Normal("a\r\nb\rc \n\n"), "a\nb\nc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]int{"": 0, "one two  three": 3, "两架飞机": 2, "x 两架 y": 3} {
		if got := Words(in); got != want {
			t.Errorf("Words(%q): got %d, want %d", in, got, want)
		}
	}
}
