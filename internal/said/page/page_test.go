package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/said"
)

var update = flag.Bool("update", false, "make the proof files and the pages under testdata again")

const start = recordtest.Start

// world is a small line on which things were published, and more was written that
// no page may carry.
type world struct {
	*recordtest.Story
	readout, correction, joint parley.Ref // publications
	signed                     []parley.Ref
}

const secret = "Not for the public: the corridor is closed."

func statement(texts ...string) *said.Statement {
	s := &said.Statement{Facts: said.Facts{Initiator: "alder", Start: start + 600, End: start + 4500, Level: contact.Leader, Medium: contact.Voice, People: []said.Person{
		{Party: "alder", Name: "Ann Alder", Title: "President", Role: contact.Principal}, {Party: "birch", Name: "白桦", Role: contact.Principal}}}}
	s.Items = append(s.Items, said.Item{Texts: []said.Said{{Lang: "en", Text: "The two leaders spoke today."}, {Lang: "zh", Text: "两位领导人今天通话。"}}})
	for i, t := range texts {
		s.Items = append(s.Items, said.Item{Topic: fmt.Sprintf("Topic %d", i+1), Texts: []said.Said{{Lang: "en", Text: t}, {Lang: "zh", Text: "能源基础设施不是打击目标。"}}})
	}
	return s
}

func newWorld(text string) *world {
	w := &world{Story: recordtest.NewStory(nil)}
	a, b := w.Alder, w.Birch
	to := []parley.Address{{Party: "birch", Office: parley.Envoy}}
	back := []parley.Address{{Party: "alder", Office: parley.Envoy}}
	h := func(to []parley.Address, refs ...parley.Ref) form.Header {
		return form.Header{From: parley.Envoy, To: to, Precedence: parley.Priority, Refs: refs}
	}
	asked := a.Write(start+300, h(to), &contact.Request{Level: contact.Leader, Topics: []string{"Energy"}, Windows: []contact.Window{{Start: start + 400, End: start + 4000}}})
	drafted := a.Write(start+5000, h(to, asked), &said.Draft{Statement: *statement(secret), Nonce: bytes.Repeat([]byte{7}, said.NonceSize)})
	w.readout = a.Write(start+6000, h(to, asked), &said.Published{Statement: statement(text), At: start + 5990, Where: "https://alder.example/readouts/7"})
	w.correction = a.Write(start+6100, h(to, asked, w.readout), &said.Published{Statement: statement(text), At: start + 6090, Text: "The date was wrong."})
	offer := a.Write(start+6200, h(to, asked), &said.Joint{Step: said.Offer, Statement: statement(text)})
	a.Checkpoint()
	b.Receive(a, start+6201)
	sign := b.Write(start+6300, h(back, asked, offer), &said.Joint{Step: said.Sign, Statement: statement(text)})
	b.Write(start+6301, h(back, asked, drafted), &said.Remark{Text: secret})
	b.Checkpoint()
	a.Receive(b, start+6302)
	w.joint = a.Write(start+6400, h(to, asked, offer), &said.Published{Kind: said.JointStatement, At: start + 6400})
	a.Write(start+6500, h(to, asked), &said.Draft{Statement: *statement(secret), Nonce: bytes.Repeat([]byte{8}, said.NonceSize)})
	a.Checkpoint()
	b.Receive(a, start+6501)
	w.signed = []parley.Ref{offer, sign}
	return w
}

func (w *world) proofs(t testing.TB, refs ...parley.Ref) (out [][]byte) {
	t.Helper()
	for _, r := range refs {
		var b bytes.Buffer
		if err := record.WriteProof(&b, recordtest.Source{Line: w.Line}, r, false); err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Bytes())
	}
	return out
}

func made(t testing.TB, proofs ...[]byte) *Page {
	t.Helper()
	p, err := Make(proofs...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func in(t testing.TB, p *Page, lang string) *Page {
	t.Helper()
	q, err := p.In(lang)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func verify(t testing.TB, html []byte) *Report {
	t.Helper()
	rep, err := Verify(bytes.NewReader(html), record.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

const words1 = "We will not strike energy infrastructure."

func TestPagesVerify(t *testing.T) {
	w := newWorld(words1)
	hash := w.Hash()
	for _, tt := range []struct {
		kind   Kind
		refs   []parley.Ref
		title  string
		signed []string
	}{
		{Readout, []parley.Ref{w.readout}, "Readout of alder side", []string{"alder"}},
		{Correction, []parley.Ref{w.correction}, "Corrected readout of alder side", []string{"alder"}},
		{Joint, append([]parley.Ref{w.joint}, w.signed...), "Joint statement of alder side and birch side", []string{"alder", "birch"}},
	} {
		p := made(t, w.proofs(t, tt.refs...)...)
		for _, lang := range Languages {
			q := in(t, p, lang)
			rep, err := Verify(bytes.NewReader(q.HTML), record.VerifyOptions{Founding: hash[:]})
			if err != nil {
				t.Fatal(err)
			}
			if rep.Bad() != 0 || rep.Kind != tt.kind || rep.Title != tt.title || rep.Language != lang || !slices.Equal(rep.Signed, tt.signed) || len(rep.Unsigned) != 0 || len(rep.Proofs) != len(tt.refs) || !rep.Proofs[0].Compared {
				t.Fatalf("%s in %s: %+v", tt.kind, lang, rep)
			}
			if !bytes.Contains(q.HTML, []byte(words1)) || !bytes.Contains(q.HTML, []byte("能源基础设施不是打击目标。")) || !bytes.Contains(q.HTML, []byte(rep.Proofs[0].Fingerprint)) {
				t.Errorf("%s in %s does not show what was said, or whose line it is", tt.kind, lang)
			}
			if got, err := Proofs(q.HTML); err != nil || len(got) != len(tt.refs) || !bytes.Equal(got[0], q.Proofs[0]) {
				t.Errorf("%s in %s gives %d proofs, %v", tt.kind, lang, len(got), err)
			}
			for _, l := range rep.Lines() {
				if strings.Contains(l, "NOT VERIFIED") {
					t.Error(l)
				}
			}
		}
		other := [32]byte{1}
		if _, err := Verify(bytes.NewReader(p.HTML), record.VerifyOptions{Founding: other[:]}); parley.KindOf(err) != parley.WrongLine {
			t.Errorf("another founding: %v", err)
		}
	}
}

// TestNothingElse looks for what a page may not carry: a script, an address that
// is fetched, a draft, a remark, or any entry but those it names.
func TestNothingElse(t *testing.T) {
	w := newWorld(words1)
	for _, refs := range [][]parley.Ref{{w.readout}, append([]parley.Ref{w.joint}, w.signed...)} {
		p := made(t, w.proofs(t, refs...)...)
		for _, bad := range []string{"<script", "javascript:", " src=", "url(", "@import", "<link", "<img", "<iframe", "<form", "onclick", "http://", secret} {
			if bytes.Contains(p.HTML, []byte(bad)) {
				t.Errorf("the page of %s holds %q", p.Kind, bad)
			}
		}
		got, err := Proofs(p.HTML)
		if err != nil {
			t.Fatal(err)
		}
		var shown []parley.Ref
		for _, b := range got {
			rep, opened, err := record.OpenProof(b, record.VerifyOptions{})
			if err != nil || rep.Bad() > 0 || rep.Entries != 1 {
				t.Fatalf("%v, %+v", err, rep)
			}
			shown = append(shown, opened.Ref)
		}
		if !slices.Equal(shown, refs) {
			t.Errorf("the page of %s opens %v, want %v", p.Kind, shown, refs)
		}
		for _, g := range w.Logs { // no other entry, sealed or not, and no key of one
			for i, e := range g.Entries {
				if slices.Contains(refs, parley.Ref{Gen: g.Gen, Index: uint64(i)}) {
					continue
				}
				for _, b := range got {
					pf, err := extraOf(b)
					if err != nil {
						t.Fatal(err)
					}
					if bytes.Contains(pf, e) || g.Keys[i] != nil && bytes.Contains(pf, g.Keys[i][:]) {
						t.Errorf("the page of %s carries entry %d of %s", p.Kind, i, g.Party.Code)
					}
				}
			}
		}
	}
}

// TestHostileTextIsInert: what a side says cannot become markup, turn a line, or
// pass for our frame.
func TestHostileTextIsInert(t *testing.T) {
	evil := "</p></section><script>alert(1)</script><h1>Signed by birch side</h1>\u202e desrever &amp; \u200b\u2066x\n\n\n\"onmouseover='x'"
	p := made(t, newWorld(evil).proofs(t, newWorld(evil).readout)...)
	for _, lang := range []string{"en", "ar"} {
		b := in(t, p, lang).HTML
		for _, bad := range []string{"<script", "<h1>Signed", "\u202e", "\u200b", "\u2066", "'x'", `"onmouseover`} {
			if bytes.Contains(b, []byte(bad)) {
				t.Errorf("in %s the page holds %q", lang, bad)
			}
		}
		for _, want := range []string{"&lt;script&gt;alert(1)", `<span class="ctl" dir="ltr">⟦U+202E⟧</span>`, "&amp;amp;"} {
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("in %s the page lacks %q", lang, want)
			}
		}
		if rep := verify(t, b); rep.Bad() > 0 {
			t.Errorf("in %s: %v", lang, rep.Errors)
		}
	}
	// Marks of direction and letters that show nothing: marked in a language that has
	// no use for them, wherever the text stands.
	unseen := "Twelve\u200f 12\u200e/\u061c5\u034f\u3164\u115f\u1160\uffa0\u2800end"
	shown := "Twelve⟦U+200F⟧ 12⟦U+200E⟧/⟦U+061C⟧5⟦U+034F⟧⟦U+3164⟧⟦U+115F⟧⟦U+1160⟧⟦U+FFA0⟧⟦U+2800⟧end"
	dark := made(t, newWorld(unseen).proofs(t, newWorld(unseen).readout)...)
	for _, lang := range []string{"en", "ar"} { // the frame's language is not that of the words
		b := in(t, dark, lang).HTML
		if got := strings.NewReplacer(`<span class="ctl" dir="ltr">`, "", "</span>", "").Replace(string(b)); !strings.Contains(got, shown) || strings.ContainsAny(got, "\u200f\u3164") {
			t.Errorf("in %s what shows nothing is not shown", lang)
		}
	}
	for _, x := range []struct {
		s    string
		rtl  bool
		want string
	}{
		{unseen, false, shown},
		{"ا\u200fب\u061c\u3164", true, "ا\u200fب\u061c⟦U+3164⟧"}, // where they are needed
		{"A\u200fB", rightToLeftText("A\u200fB"), "A⟦U+200F⟧B"},
		{"12\u061c/5", rightToLeftText("12\u061c/5"), "12⟦U+061C⟧/5"},
		{"علي\u200f (1)", rightToLeftText("علي\u200f (1)"), "علي\u200f (1)"},
		{"\u202ex", true, "⟦U+202E⟧x"},
	} {
		if got := visible(x.s, x.rtl); got != x.want {
			t.Errorf("%q is shown as %q, want %q", x.s, got, x.want)
		}
	}
	// Elements are balanced, and those of the frame are as many as without the text.
	tame := made(t, newWorld("x").proofs(t, newWorld("x").readout)...)
	count := func(b []byte) map[string]int {
		n := map[string]int{}
		for _, m := range regexp.MustCompile(`</?[a-z0-9]+`).FindAll(b, -1) {
			n[string(m)]++
		}
		delete(n, "<span") // marks of hidden characters, and nothing else
		delete(n, "</span")
		return n
	}
	if a, b := count(tame.HTML), count(p.HTML); !reflect.DeepEqual(a, b) {
		t.Errorf("the text made elements: %v, want %v", b, a)
	}
}

// TestFlippedByteIsNamed turns bits all over a page: each is refused, and its place
// is named: to the byte where the page shows something, and within the part of the
// proof file where it carries one.
func TestFlippedByteIsNamed(t *testing.T) {
	w := newWorld(words1)
	p := made(t, w.proofs(t, append([]parley.Ref{w.joint}, w.signed...)...)...)
	parts, _, err := find(p.HTML)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	flip := func(at int) {
		tried++
		b := bytes.Clone(p.HTML)
		b[at] ^= 1
		rep := verify(t, b)
		if rep.Bad() == 0 {
			t.Fatalf("byte %d was turned, and the page still verifies", at)
		}
		got := int(rep.Errors[0].Byte)
		for _, x := range parts {
			if at >= x.from && at < x.to {
				if got < x.from || got > x.to {
					t.Errorf("byte %d, in a proof file at %d to %d, was turned: refused at %d: %s", at, x.from, x.to, got, rep.Errors[0].What)
				}
				return
			}
		}
		if got != at && !(at >= len(begins) && at < len(begins)+2) { // the language chooses the whole frame
			t.Errorf("byte %d was turned: refused at %d: %s", at, got, rep.Errors[0].What)
		}
	}
	for at := 0; at < parts[0].from; at += 29 {
		flip(at)
	}
	for _, x := range parts {
		for at := x.from - 60; at < x.from+40; at += 3 {
			flip(at)
		}
		for at := x.from; at < x.to; at += 2003 {
			flip(at)
		}
	}
	for at := parts[len(parts)-1].to; at < len(p.HTML); at += 31 {
		flip(at)
	}
	for n := range p.HTML {
		if n%19973 == 0 {
			if rep := verify(t, p.HTML[:n]); rep.Bad() == 0 {
				t.Fatalf("cut at %d it still verifies", n)
			}
		}
	}
	if rep := verify(t, append(bytes.Clone(p.HTML), '\n')); rep.Bad() == 0 {
		t.Error("with a byte more it still verifies")
	}
	t.Logf("%d bytes of %d were turned", tried, len(p.HTML))
}

// TestOtherTextIsRefused shows a text under proofs of another.
func TestOtherTextIsRefused(t *testing.T) {
	w := newWorld(words1)
	p := made(t, w.proofs(t, w.readout)...)
	b := bytes.Replace(p.HTML, []byte("energy infrastructure"), []byte("energy and infrastructure"), 1)
	rep := verify(t, b)
	want := bytes.Index(p.HTML, []byte("energy infrastructure")) + len("energy ")
	if rep.Bad() != 1 || int(rep.Errors[0].Byte) != want || rep.Errors[0].Kind != "bad-proof" {
		t.Errorf("%+v, want it at byte %d", rep.Errors, want)
	}
	if rep.Err() == nil || parley.KindOf(rep.Err()) != parley.BadProof {
		t.Errorf("the error is %v", rep.Err())
	}
}

// TestFrameSaysWhoseWordItIs: the facts of the contact are the word of whose
// statement it is, and a joint page says that a signature may have been taken back.
func TestFrameSaysWhoseWordItIs(t *testing.T) {
	w := newWorld(words1)
	alone, both := made(t, w.proofs(t, w.readout)...), made(t, w.proofs(t, append([]parley.Ref{w.joint}, w.signed...)...)...)
	for _, lang := range Languages {
		f := FrameIn(lang)
		for _, x := range []struct {
			p    *Page
			whos []string
		}{{alone, []string{"alder side"}}, {both, []string{"alder side", "birch side"}}} {
			b := string(in(t, x.p, lang).HTML)
			stated, list := strings.Index(b, f.markup("stated", f.names(x.whos))), strings.Index(b, "<dl>")
			if stated < 0 || list < stated || strings.Contains(b[list:], f.markup("stated", f.names(x.whos))) {
				t.Errorf("%s in %s does not say whose word the facts are", x.p.Kind, lang)
			}
			if strings.Contains(b, f.HTML("limit_signed")) != (x.p.Kind == Joint) {
				t.Errorf("%s in %s: that a signature may have been taken back", x.p.Kind, lang)
			}
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	w := newWorld(words1)
	get := func(refs ...parley.Ref) [][]byte { return w.proofs(t, refs...) }
	other := newWorld("Another text.")
	crossed := append(get(w.joint, w.signed[0]), other.proofs(t, other.signed[1])...)
	var headerOnly bytes.Buffer
	if err := record.WriteProof(&headerOnly, recordtest.Source{Line: w.Line}, w.readout, true); err != nil {
		t.Fatal(err)
	}
	for name, proofs := range map[string][][]byte{
		"nothing":                   nil,
		"no publication":            get(w.Question),
		"a proposal alone":          get(w.signed[0]),
		"a header":                  {headerOnly.Bytes()},
		"a readout and more":        get(w.readout, w.signed[0]),
		"no signature":              get(w.joint, w.signed[0]),
		"no proposal":               get(w.joint, w.signed[1], w.signed[1]),
		"twice":                     get(w.joint, w.signed[0], w.signed[1], w.signed[1]),
		"another order":             get(w.joint, w.signed[1], w.signed[0]),
		"a signature under another": crossed,
		"no proof":                  {[]byte("c2sp.org/tlog-proof@v1\n")},
	} {
		if p, err := Make(proofs...); err == nil {
			t.Errorf("%s makes a page: %s", name, p.Name())
		}
	}
	p := made(t, get(w.readout)...)
	if _, err := p.In("tlh"); parley.KindOf(err) != parley.NotFound {
		t.Errorf("a frame in Klingon: %v", err)
	}
}

func TestFramesAreComplete(t *testing.T) {
	en := FrameIn("en").text
	for _, lang := range Languages {
		f := FrameIn(lang)
		for k, v := range en {
			got := f.text[k]
			if got == "" {
				t.Errorf("%s lacks %s", lang, k)
			}
			if strings.Count(got, "{0}") != strings.Count(v, "{0}") {
				t.Errorf("%s: %s is %q: it wants the places of %q", lang, k, got, v)
			}
			if lang != "en" && got == v && k != "comma" {
				t.Errorf("%s: %s is English", lang, k)
			}
		}
		if len(f.text) != len(en) {
			t.Errorf("%s has %d texts, want %d", lang, len(f.text), len(en))
		}
	}
	for n := contact.Working; n <= contact.Leader; n++ {
		if en["level_"+n.String()] == "" {
			t.Errorf("there is no word for the level %s", n)
		}
	}
	for n := contact.Voice; n <= contact.InPerson; n++ {
		if en["medium_"+n.String()] == "" {
			t.Errorf("there is no word for the medium %s", n)
		}
	}
	for n := contact.Principal; n <= contact.Listener; n++ {
		if en["role_"+n.String()] == "" {
			t.Errorf("there is no word for the role %s", n)
		}
	}
}

// examples are pages of which testdata keeps the proof files, by how many each has.
var examples = map[string]int{"readout": 1, "correction": 1, "joint": 3}

// example makes the page of kept proof files.
func example(t testing.TB, name string) *Page {
	t.Helper()
	var proofs [][]byte
	for i := range examples[name] {
		proofs = append(proofs, kept(t, fmt.Sprintf("%s.%d.proof", name, i+1)))
	}
	return made(t, proofs...)
}

// TestFormatIsFrozen makes the pages of kept proof files again: a page that was
// published years ago must verify, so the bytes of a format never change. Where
// they have to, that is another Version, beside the old one.
func TestFormatIsFrozen(t *testing.T) {
	if *update {
		w := newWorld("We will not strike energy infrastructure.\n\nSecond paragraph: \u202etxet & <b>,\u200f 12\u3164.")
		for name, refs := range map[string][]parley.Ref{"readout": {w.readout}, "correction": {w.correction}, "joint": append([]parley.Ref{w.joint}, w.signed...)} {
			for i, b := range w.proofs(t, refs...) {
				keep(t, fmt.Sprintf("%s.%d.proof", name, i+1), b)
			}
		}
	}
	var sums strings.Builder
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		p := example(t, name)
		for _, lang := range Languages {
			fmt.Fprintf(&sums, "%x  %s.%s\n", sha256.Sum256(in(t, p, lang).HTML), name, lang)
		}
	}
	if *update {
		keep(t, "pages.sha256", []byte(sums.String()))
	}
	if want := string(kept(t, "pages.sha256")); sums.String() != want {
		t.Errorf("the pages are no longer what they were: those that were published would not verify.\nNow:\n%sThey were:\n%s", sums.String(), want)
	}
}

func keep(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll("testdata/v1", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata/v1", name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func kept(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/v1", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSecondReaderOpensTheProof gives the proof files of a page to the reader that
// was written from the pages of the specification alone.
func TestSecondReaderOpensTheProof(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("no node in PATH: run `make deps`")
	}
	files, err := Proofs(in(t, example(t, "joint"), "zh").HTML)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range files {
		name := filepath.Join(t.TempDir(), "x.proof")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		cmd := exec.Command(node, "../../../spec/reader/parley-read.mjs", "proof", name, "--json")
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("proof %d: %v\n%s", i+1, err, errs.String())
		}
		var got struct {
			OK bool
		}
		if err := json.Unmarshal(out, &got); err != nil || !got.OK {
			t.Fatalf("proof %d: %v: %.300s", i+1, err, out)
		}
		if says := strings.Contains(string(out), words1[:len(words1)-1]); says != (i > 0) { // the publication itself names the proposal
			t.Errorf("proof %d: the other reader shows the words: %v\n%.600s", i+1, says, out)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(example(f, "readout").HTML)
	f.Add(in(f, example(f, "joint"), "ar").HTML)
	f.Add(kept(f, "readout.1.proof"))
	f.Add([]byte(begins + `en"` + carries + proofHead + `"`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, err := VerifyAny(bytes.NewReader(b), record.VerifyOptions{})
		if err != nil {
			return
		}
		p, ok := rep.(*Report)
		if !ok {
			return
		}
		if p.Bad() == 0 && !bytes.Equal(p.Page.HTML, b) {
			t.Error("it verifies, and is not what its proofs make")
		}
		for _, x := range p.Errors {
			if x.Byte < 0 || int(x.Byte) > len(b) {
				t.Errorf("a failure at byte %d of %d", x.Byte, len(b))
			}
		}
		p.Lines()
	})
}

// extraOf is what a proof file carries beside the proof.
func extraOf(b []byte) ([]byte, error) {
	p, err := c2sp.ParseProof(b)
	if err != nil {
		return nil, err
	}
	return p.Extra, nil
}
