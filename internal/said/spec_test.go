package said

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/form/formtest"
	"parley/internal/sheet"
)

var update = flag.Bool("update", false, "rewrite the tables of spec/statements.md")

func definitions() []form.Definition {
	return []form.Definition{embargoForm(), readyForm(), draftForm(), remarkForm(), jointForm(), publishedForm()}
}

// TestSpecTables holds the tables of the specification to the definitions.
func TestSpecTables(t *testing.T) {
	formtest.Tables(t, "../../spec/statements.md", formtest.Blocks(definitions()), *update)
}

// TestSpecSaysOurNumbers: what the page says of bounds and states is what we do.
func TestSpecSaysOurNumbers(t *testing.T) {
	b, err := os.ReadFile("../../spec/statements.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("1 to %d items", MaxItems), fmt.Sprintf("at most %d,%03d bytes of topics and texts", MaxTexts/1000, MaxTexts%1000), fmt.Sprintf("at most %d,%03d bytes encoded", MaxTotal/1000, MaxTotal%1000),
		fmt.Sprintf("at most %d characters, each once", maxTopic), fmt.Sprintf("at most %d people", maxPeople), fmt.Sprintf("1 to %d characters", maxName), fmt.Sprintf("1 to %d languages", maxLangs), "`commitment of draft`", "`" + Both + "`",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, s := range []JointState{JointOpen, JointSigned, JointStands, JointWithdrawn, JointRefused, JointReplaced} {
		if !strings.Contains(string(b), "**"+string(s)+"**") {
			t.Errorf("the state %s is not on the page", s)
		}
	}
	for _, f := range []Fault{NotBound, OtherBond} {
		if !strings.Contains(string(b), "*"+string(f)+"*") {
			t.Errorf("the fault %s is not on the page", f)
		}
	}
}

// filled are the forms of statements with every field.
func filled() map[string]form.Form {
	s := statement(1)
	s.Facts.Medium = contact.Video
	return map[string]form.Form{
		"embargo":   &Embargo{Until: 60, Text: "t"},
		"ready":     &Ready{Commitment: [32]byte{1}},
		"draft":     &Draft{Statement: *s, Nonce: bytes.Repeat([]byte{1}, NonceSize)},
		"remark":    &Remark{Item: 1, Text: "t"},
		"joint":     &Joint{Step: Sign, Statement: s, Text: "t"},
		"published": &Published{Statement: s, At: 60, Where: "https://alder.example/readout", Text: "t"},
	}
}

// TestEveryFormIsShown: what each says is shown in its fields' words, and it is
// registered.
func TestEveryFormIsShown(t *testing.T) {
	if len(filled()) != len(definitions()) {
		t.Errorf("%d forms of %d", len(filled()), len(definitions()))
	}
	for name, f := range filled() {
		if err := f.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d, ok := form.Find(name)
		if !ok || f.Name() != name {
			t.Fatalf("%s is not registered", name)
		}
		got := sheet.Fields(f)
		if len(got) < len(d.Fields) {
			t.Errorf("%s shows %d of its %d fields", name, len(got), len(d.Fields))
		}
		for _, x := range got {
			if x.Code == "" || x.Name == "" || x.Value == "" {
				t.Errorf("%s shows %+v", name, x)
			}
		}
	}
	for name, want := range map[string][]string{
		"embargo": {"step: proposed"}, "ready": {"commitment: 01000000"}, "remark": {"on item: 1"}, "joint": {"step: signed", "text, zh: 粮食。", "topic: Grain"},
		"draft": {"asked for by: alder", "level: leader", "medium: video", "principal: Ada Alder, President (alder)"}, "published": {"kind: readout", "where: https://alder.example/readout"},
	} {
		said := ""
		for _, x := range sheet.Fields(filled()[name]) {
			said += x.Name + ": " + x.Value + "\n"
		}
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s does not show %q:\n%s", name, w, said)
			}
		}
	}
	said := ""
	for _, x := range sheet.Fields(&Remark{Text: "t"}) {
		said += x.Name + ": " + x.Value + "\n"
	}
	if !strings.Contains(said, "on item: the whole") {
		t.Errorf("a remark on the whole shows %s", said)
	}
}

// TestFormsRefuse: what no form of a statement may say.
func TestFormsRefuse(t *testing.T) {
	with := func(f func(*Statement)) *Draft { s := statement(1); f(s); return &Draft{Statement: *s} }
	long := strings.Repeat("a", maxNote+1)
	many := make([]Person, maxPeople+1)
	for i := range many {
		many[i] = Person{Party: "alder", Name: "x"}
	}
	wide := make([]Person, maxPeople)
	for i := range wide {
		wide[i] = Person{Party: "alder", Name: strings.Repeat("文", maxName), Title: strings.Repeat("文", maxName)}
	}
	for i, f := range []form.Form{
		&Embargo{}, &Embargo{Step: 3, Until: 60}, &Embargo{Step: Agree, Until: 60}, &Embargo{Until: maxAt + 1}, &Embargo{Until: 60, Text: long},
		&Ready{}, &Remark{}, &Remark{Item: MaxItems + 1, Text: "t"}, &Remark{Text: long},
		&Draft{Statement: *statement(1), Nonce: []byte{1}}, &Draft{},
		with(func(s *Statement) { s.Items = make([]Item, MaxItems+1) }), with(func(s *Statement) { s.Items[1].Topic = "" }), with(func(s *Statement) { s.Items = append(s.Items, s.Items[1]) }),
		with(func(s *Statement) { s.Items[0].Texts = nil }), with(func(s *Statement) { s.Items[0].Texts[1].Lang = "en" }), with(func(s *Statement) { s.Items[0].Texts[1].Lang = "e n" }),
		with(func(s *Statement) { s.Items[0].Texts[0].Text = " " }), with(func(s *Statement) { s.Items[0].Texts[0].Text = "a\x00" }), with(func(s *Statement) { s.Items[1].Topic = "a\u202eb" }),
		with(func(s *Statement) { s.Items[0].Texts[0].Text = strings.Repeat("a", MaxTexts) }), with(func(s *Statement) { s.Facts.People = many }),
		with(func(s *Statement) { s.Facts.People = wide; s.Items[0].Texts[0].Text = strings.Repeat("a", 40_000) }),
		with(func(s *Statement) { s.Facts.Level = 4 }), with(func(s *Statement) { s.Facts.Medium = 3 }), with(func(s *Statement) { s.Facts.Start, s.Facts.End = 2, 1 }), with(func(s *Statement) { s.Facts.End = maxAt + 1 }),
		with(func(s *Statement) { s.Facts.Initiator = "no code" }), with(func(s *Statement) { s.Facts.People[0].Party = "" }), with(func(s *Statement) { s.Facts.People[0].Name = "" }), with(func(s *Statement) { s.Facts.People[0].Role = 5 }),
		&Joint{}, &Joint{Step: 4}, &Joint{Step: Withdraw, Statement: statement(1)}, &Joint{Step: Sign}, &Joint{Statement: statement(1), Text: long}, &Joint{Statement: &with(func(s *Statement) { s.Items[1].Texts = s.Items[1].Texts[:1] }).Statement},
		&Published{Statement: statement(1)}, &Published{At: 60}, &Published{Kind: JointStatement, Statement: statement(1), At: 60}, &Published{Kind: 2, At: 60}, &Published{Statement: statement(1), At: maxAt + 1},
		&Published{Statement: statement(1), At: 60, Where: "a\nb"}, &Published{Statement: statement(1), At: 60, Text: long},
	} {
		if f.Check() == nil {
			t.Errorf("%d: %T %+v is taken", i, f, f)
		}
	}
	if err := with(func(s *Statement) { s.Items[0].Texts[0].Text = strings.Repeat("a", MaxTexts) }).Check(); parley.KindOf(err) != parley.Oversize || !strings.Contains(err.Error(), "more than the 48000") {
		t.Errorf("too long: %v", err)
	}
}

// TestMixedScriptsAndDirections: a text of many scripts with controls of direction is
// kept as it was written.
func TestMixedScriptsAndDirections(t *testing.T) {
	d := statement(1)
	d.Items[0].Texts = []Said{{Lang: "ar", Text: "تحدثا عن الحبوب \u2066grain 粮食\u2069 و\u202b12\u202c"}, {Lang: "en", Text: "They spoke of \u2067الحبوب\u2069."}}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	back, err := ParseStatement(d.Encode())
	if err != nil || !back.Equal(d) || d.Equal(statement(1)) {
		t.Errorf("read back: %v", err)
	}
}

// rules is a record by which a form is held to what it refers to.
type rules struct {
	writer  parley.PartyCode
	entries map[parley.Ref]form.Entry
}

func (r rules) Writer() parley.PartyCode                     { return r.writer }
func (rules) HasParty(p parley.PartyCode) bool               { return p == "alder" || p == "birch" }
func (rules) HasOffice(parley.Office) bool                   { return true }
func (rules) InstructionAllowed() bool                       { return false }
func (rules) Receipted(parley.Ref, string) bool              { return true }
func (r rules) Entry(ref parley.Ref) (e form.Entry, ok bool) { e, ok = r.entries[ref]; return e, ok }

// TestReferencesAreHeldToTheirForms: what each form may refer to, in which order,
// and of whom.
func TestReferencesAreHeldToTheirForms(t *testing.T) {
	r := rules{writer: "alder", entries: map[parley.Ref]form.Entry{}}
	n := uint64(0)
	put := func(p parley.PartyCode, f form.Form, name string) parley.Ref {
		n++
		ref := parley.Ref{Index: n}
		r.entries[ref] = form.Entry{Party: p, Header: &form.Header{Form: name, Serial: n}, Form: f}
		return ref
	}
	own := func(f form.Form) parley.Ref { return put("alder", f, f.Name()) }
	theirs := func(f form.Form) parley.Ref { return put("birch", f, f.Name()) }
	req := put("birch", nil, "request")
	mine, other := own(&Embargo{Until: 60}), theirs(&Embargo{Until: 60})
	agreed := theirs(&Embargo{Step: Agree})
	myReady, itsReady := own(&Ready{Commitment: [32]byte{1}}), theirs(&Ready{Commitment: [32]byte{2}})
	first := &Draft{Statement: *statement(1), Nonce: make([]byte, NonceSize)}
	myDraft, itsDraft := own(first), theirs(first)
	myJoint, itsJoint := own(&Joint{Statement: statement(1)}), theirs(&Joint{Statement: statement(1)})
	signed := theirs(&Joint{Step: Sign, Statement: statement(1)})
	myWord, itsWord := own(&Published{Statement: statement(1), At: 60}), theirs(&Published{Statement: statement(1), At: 60})
	type refs = []parley.Ref
	for _, c := range []struct {
		f    form.Form
		refs refs
		good bool
	}{
		{&Embargo{Until: 60}, refs{req}, true}, {&Embargo{Until: 60}, refs{req, other}, true}, {&Embargo{Step: Agree}, refs{req, other}, true}, {&Embargo{Step: Refuse}, refs{req, mine}, true},
		{&Embargo{Step: Agree}, refs{req}, false}, {&Embargo{Step: Agree}, refs{req, mine}, false}, {&Embargo{Step: Agree}, refs{req, agreed}, false}, {&Embargo{Until: 60}, refs{other}, false}, {&Embargo{Until: 60}, refs{other, req}, false}, {&Embargo{Until: 60}, nil, false},
		{&Ready{Commitment: [32]byte{1}}, refs{req}, true}, {&Ready{Commitment: [32]byte{1}}, nil, false}, {&Ready{Commitment: [32]byte{1}}, refs{other}, false},
		{first, refs{req, myReady, itsReady}, true}, {first, refs{req, myReady}, false}, {first, refs{req, itsReady, myReady}, false}, {first, refs{myReady, req, itsReady}, false}, {first, refs{req, myReady, itsReady, itsDraft}, false}, {first, refs{req, myDraft}, false},
		{&Draft{Statement: *statement(1)}, refs{req, myDraft}, true}, {&Draft{Statement: *statement(1)}, refs{req, itsDraft}, false}, {&Draft{Statement: *statement(1)}, refs{req, myReady, itsReady}, false}, {&Draft{Statement: *statement(1)}, refs{req, myDraft, itsDraft}, false},
		{&Remark{Item: 2, Text: "t"}, refs{req, itsDraft}, true}, {&Remark{Item: 3, Text: "t"}, refs{req, itsDraft}, false}, {&Remark{Text: "t"}, refs{req, itsReady}, false}, {&Remark{Text: "t"}, refs{req}, false},
		{&Joint{Statement: statement(1)}, refs{req}, true}, {&Joint{Statement: statement(2)}, refs{req, myJoint}, true}, {&Joint{Step: Sign, Statement: statement(1)}, refs{req, itsJoint}, true}, {&Joint{Step: Withdraw}, refs{req, myJoint}, true}, {&Joint{Step: Decline}, refs{req, itsJoint}, true},
		{&Joint{Step: Sign, Statement: statement(1)}, refs{req, myJoint}, false}, {&Joint{Step: Sign, Statement: statement(2)}, refs{req, itsJoint}, false}, {&Joint{Step: Sign, Statement: statement(1)}, refs{req, signed}, false}, {&Joint{Step: Withdraw}, refs{req}, false}, {&Joint{Step: Withdraw}, refs{req, itsDraft}, false},
		{&Published{Statement: statement(1), At: 60}, refs{req}, true}, {&Published{Statement: statement(1), At: 60}, refs{req, myWord}, true}, {&Published{Kind: JointStatement, At: 60}, refs{req, itsJoint}, true},
		{&Published{Statement: statement(1), At: 60}, refs{req, itsWord}, false}, {&Published{Statement: statement(1), At: 60}, refs{req, itsJoint}, false}, {&Published{Kind: JointStatement, At: 60}, refs{req}, false}, {&Published{Kind: JointStatement, At: 60}, refs{req, signed}, false}, {&Published{Kind: JointStatement, At: 60}, refs{req, myWord}, false},
	} {
		h := &form.Header{Form: c.f.Name(), Serial: 1, From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}}, Refs: c.refs}
		if err := form.Validate(c.f, h, r); (err == nil) != c.good {
			t.Errorf("%s %+v referring to %v: %v", c.f.Name(), c.f, c.refs, err)
		}
	}
	h := &form.Header{Form: "published", Serial: 1, From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}}, Refs: refs{req}, Exercise: "DRILL"}
	r.entries[req] = form.Entry{Party: "birch", Header: &form.Header{Form: "request", Serial: 1, Exercise: "DRILL"}}
	if err := form.Validate(&Published{Statement: statement(1), At: 60}, h, r); err == nil {
		t.Error("something is published in an exercise")
	}
}

func TestFormsAreAll(t *testing.T) {
	var names []string
	for _, d := range definitions() {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, Forms) {
		t.Errorf("Forms are %q, the definitions %q", Forms, names)
	}
}
