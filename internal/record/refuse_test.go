package record_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"parley"
	"parley/internal/form"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/wire/wiretest"
)

func TestAllFailuresAreGathered(t *testing.T) {
	s := recordtest.NewStory(nil)
	good := export(t, s.Line, true)
	e := take(good)
	flip := func(kind byte, nth, at int) int {
		i := e.kind(kind, nth)
		e.items[i][(at+len(e.items[i]))%len(e.items[i])] ^= 1
		return i
	}
	want := map[int]string{
		flip(3, 1, -1):  "bad-commitment", // a key
		flip(3, 5, -40): "bad-proof",      // an entry of the other log
		flip(4, 1, -1):  "bad-signature",
		flip(5, 0, -9):  "bad-signature",
	}
	b := e.file()
	r := verify(t, b, true)
	got := map[int]string{}
	for _, f := range r.Errors {
		got[f.Item] = f.Kind
		if f.Byte != offsetOf(e, f.Item) {
			t.Errorf("%s: the item stands at byte %d", f, offsetOf(e, f.Item))
		}
	}
	for item, kind := range want {
		if got[item] != kind {
			t.Errorf("item %d: %q, want %s", item, got[item], kind)
		}
	}
	if r.Bad() != len(want) {
		t.Errorf("%d failures: %v", r.Bad(), r.Errors)
	}
	if r := verify(t, b, false); r.Bad() == 0 || r.Errors[0].Kind == "" {
		t.Errorf("stopping at the first: %v", r.Errors)
	}
}

func offsetOf(e *edit, item int) (n int64) {
	for _, b := range e.items[:item] {
		n += int64(len(b))
	}
	return n
}

func TestFailureNamesEntryAndPlace(t *testing.T) {
	s := recordtest.NewStory(nil)
	e := take(export(t, s.Line, false))
	i := e.kind(3, 2)
	e.items[i][len(e.items[i])-30] ^= 4
	r := verify(t, e.file(), false)
	text := strings.Join(r.Lines(), "\n")
	for _, want := range []string{"item 6: entry alder " + s.Question.String() + ": bad-proof: ", "NOT VERIFIED: 1 failure"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Not proved") {
		t.Error("a record that does not verify ends as if it did")
	}
	raw, err := json.Marshal(r)
	if err != nil || !bytes.Contains(raw, []byte(`"errors":[{"byte":`)) {
		t.Errorf("as JSON: %s, %v", raw, err)
	}
}

func TestFaultsOfTheWriterStopNothing(t *testing.T) {
	seen := form.EncodeHeader(&form.Header{Form: "seen", From: "watch"})
	dispatch := func(serial uint64) []byte {
		return form.EncodeHeader(&form.Header{Form: "dispatch", Serial: serial, From: "envoy", Marker: parley.Warning, Language: "en"})
	}
	body := func(end uint64) []byte { return form.EncodeBody(&form.Dispatch{Subject: "s", Text: "t"}, end) }
	for _, c := range []struct {
		name         string
		header, body []byte
		want         string
	}{
		{"a serial left out", dispatch(3), body(3), "bad-serial"},
		{"a serial again", dispatch(1), body(1), "bad-serial"},
		{"another end", dispatch(2), body(3), "bad-serial"},
		{"no serial", dispatch(0), body(0), "bad-serial"},
		{"header is no map", []byte{0x80}, body(2), "malformed"},
		{"body is no list", seen, []byte{0xa0}, "malformed"},
		{"a subject of two lines", dispatch(2), form.EncodeBody(&form.Dispatch{Subject: "a\nb", Text: "t"}, 2), "bad-form"},
	} {
		s := recordtest.NewStory(nil)
		s.Alder.WriteRaw(recordtest.Start+300, s.Alder.See(), c.header, c.body)
		s.Alder.Checkpoint()
		r := verify(t, export(t, s.Line, true), false)
		if r.Bad() != 0 || len(r.Faults) != 1 || r.Faults[0].Kind != c.want {
			t.Errorf("%s: %d failures, faults %v, want %s", c.name, r.Bad(), r.Faults, c.want)
		}
	}
}

func TestVerifyAnySniffs(t *testing.T) {
	s := recordtest.NewStory(nil)
	var proof, silence bytes.Buffer
	src := recordtest.Source{Line: s.Line}
	if err := errors.Join(record.WriteProof(&proof, src, s.Question, false), record.WriteSilence(&silence, src, s.Question, 0)); err != nil {
		t.Fatal(err)
	}
	for want, b := range map[string][]byte{"record": export(t, s.Line, true), "proof": proof.Bytes(), "silence": silence.Bytes()} {
		r, err := record.VerifyAny(iotest.OneByteReader(bytes.NewReader(b)), record.VerifyOptions{})
		if err != nil || r.Bad() != 0 || r.What != want {
			t.Errorf("%s: %v, %+v", want, err, r)
		}
	}
	for _, junk := range []string{"", "hello", "c2sp", "\x83", "\x83\x00"} {
		if _, err := record.VerifyAny(strings.NewReader(junk), record.VerifyOptions{}); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%q: %v", junk, err)
		}
	}
}

func TestReaderAndWriterErrorsComeThrough(t *testing.T) {
	s := recordtest.NewStory(nil)
	b := export(t, s.Line, true)
	broken := errors.New("the disk is gone")
	r := io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken))
	if _, err := record.Verify(r, record.VerifyOptions{}); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	if _, err := record.WriteExport(failing{broken}, recordtest.Source{Line: s.Line}, true); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestProofFlips(t *testing.T) {
	s := recordtest.NewStory(nil)
	var b bytes.Buffer
	if err := record.WriteProof(&b, recordtest.Source{Line: s.Line}, s.Question, false); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	step := 97
	if *every {
		step = 1
	}
	for i := 0; i < len(good); i += step {
		x := bytes.Clone(good)
		x[i] ^= 1
		r, err := record.VerifyAny(bytes.NewReader(x), record.VerifyOptions{})
		if err == nil && r.Bad() == 0 {
			t.Fatalf("byte %d of %d flipped, and verified", i, len(good))
		}
	}
}

func TestProofRefuses(t *testing.T) {
	s := recordtest.NewStory(nil)
	src := recordtest.Source{Line: s.Line}
	for name, c := range map[string]struct {
		ref  parley.Ref
		want parley.Kind
	}{
		"an entry that is not there": {parley.Ref{Gen: s.Alder.Gen, Index: 50}, parley.NotFound},
		"a log that is not there":    {parley.Ref{Index: 1}, parley.NotFound},
		"an epoch entry":             {parley.Ref{Gen: s.Alder.Gen}, parley.Unreadable},
	} {
		if err := record.WriteProof(io.Discard, src, c.ref, false); parley.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err := record.WriteSilence(io.Discard, src, c.ref, 0); parley.KindOf(err) != parley.NotFound {
			t.Errorf("silence about %s: %v", name, err)
		}
	}
	if err := record.WriteSilence(io.Discard, src, s.Question, recordtest.Start+9999); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("silence at a time that nobody signed for: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	var proof, silence bytes.Buffer
	s := recordtest.NewStory(nil)
	src := recordtest.Source{Line: s.Line}
	if err := errors.Join(record.WriteProof(&proof, src, s.Question, true), record.WriteSilence(&silence, src, s.Question, 0)); err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{export(f, s.Line, true), export(f, s.Line, false), proof.Bytes(), silence.Bytes(), []byte("c2sp.org/tlog-proof@v1\n"), nil} {
		f.Add(b)
	}
	for _, part := range []string{"record", "proof", "silence"} {
		for n, in := range wiretest.Inputs(f, part, "file") {
			if n%4 == 0 { // each is judged in full by TestVectors; a few reach every part
				f.Add(wiretest.Vectors(f, in[0]))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, all := range []bool{false, true} {
			r, err := record.VerifyAny(bytes.NewReader(b), record.VerifyOptions{All: all})
			if err == nil && r.Bad() == 0 && r.Line == "" {
				t.Fatal("verified, and nothing is known of the line")
			}
			if err == nil {
				r.Lines()
			}
		}
	})
}
