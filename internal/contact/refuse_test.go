package contact

import (
	"strings"
	"testing"

	"parley"
	"parley/internal/form"
	"parley/internal/table"
)

func good() map[string]form.Form {
	w := []Window{{Start: 1_800_000_000, End: 1_800_003_600}, {Start: 1_800_007_200, End: 1_800_010_800}}
	return map[string]form.Form{
		"request":  &Request{Level: Leader, Topics: []string{"strait"}, Windows: w, Zone: "Asia/Shanghai", Languages: []string{"zh"}, Participants: []Participant{{Name: "A", Title: "President"}}},
		"reply":    &Reply{Phase: Accept, Window: 1},
		"calloff":  &CallOff{Reason: NotNow},
		"point":    &Point{Kind: Agenda, Step: Propose, Text: "the strait"},
		"register": &Register{Phase: Enter, Rows: []Row{{Date: "2024-04-02", Level: Leader, Ours: "A", Theirs: "B", Source: "a newspaper"}}},
		"stance":   &Stance{Topic: "strait", Stand: Contested},
		"ask":      &Ask{Sort: Clarification, Topic: "strait", Text: "Is it meant?", Quote: "words", Source: "a newspaper", Said: "2024-04-02"},
		"answer":   &Answer{Outcome: Authoritative},
	}
}

func TestRefused(t *testing.T) {
	for name, f := range good() {
		if err := f.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		what, text string
		f          form.Form
		change     func(f form.Form)
	}{
		{"no topic", "at least one topic", good()["request"], func(f form.Form) { f.(*Request).Topics = nil }},
		{"a topic twice", "twice", good()["request"], func(f form.Form) { f.(*Request).Topics = []string{"a", "a"} }},
		{"a topic that hides its end", "topic", good()["request"], func(f form.Form) { f.(*Request).Topics = []string{"a\u202eb"} }},
		{"no window", "0 windows", good()["request"], func(f form.Form) { f.(*Request).Windows = nil }},
		{"a window that ends first", "window 1", good()["request"], func(f form.Form) { f.(*Request).Windows[0].End = 5 }},
		{"windows that overlap", "before window 1 ends", good()["request"], func(f form.Form) { f.(*Request).Windows[1].Start = 1_800_000_001 }},
		{"a window of a year", "longer than 31 days", good()["request"], func(f form.Form) { f.(*Request).Windows[1].End += 366 * 86400 }},
		{"a window at the end of time", "is none", good()["request"], func(f form.Form) { f.(*Request).Windows[1].End = 1 << 60 }},
		{"a zone that is none", "time zone", good()["request"], func(f form.Form) { f.(*Request).Zone = "Europe/Pa ris" }},
		{"level 4", "no level 4", good()["request"], func(f form.Form) { f.(*Request).Level = 4 }},
		{"a language that is none", "language", good()["request"], func(f form.Form) { f.(*Request).Languages = []string{"english_uk"} }},
		{"a call of two days", "minutes", good()["request"], func(f form.Form) { f.(*Request).Minutes = 2880 }},
		{"role 9", "no role 9", good()["request"], func(f form.Form) { f.(*Request).Participants[0].Role = 9 }},
		{"an acceptance of nothing", "names a window", good()["reply"], func(f form.Form) { f.(*Reply).Window = 0 }},
		{"an acceptance with a reason", "one that declines a reason", good()["reply"], func(f form.Form) { f.(*Reply).Reason = NotNow }},
		{"declined without a reason", "no reason 0", good()["reply"], func(f form.Form) { *f.(*Reply) = Reply{Phase: Decline} }},
		{"declined for another reason, unsaid", "needs a text", good()["reply"], func(f form.Form) { *f.(*Reply) = Reply{Phase: Decline, Reason: OtherReason} }},
		{"called off for another reason, unsaid", "needs a text", good()["calloff"], func(f form.Form) { f.(*CallOff).Reason = OtherReason }},
		{"a point without words", "has a text", good()["point"], func(f form.Form) { f.(*Point).Text = "" }},
		{"agreed, with an owner", "where a point is proposed", good()["point"], func(f form.Form) { *f.(*Point) = Point{Step: Agree, Owner: "x"} }},
		{"an attachment of the agenda", "where a document is proposed", good()["point"], func(f form.Form) { f.(*Point).Document = &Attached{Index: 1} }},
		{"an attachment agreed to", "where a document is proposed", good()["point"], func(f form.Form) { *f.(*Point) = Point{Kind: Document, Step: Agree, Document: &Attached{Index: 1}} }},
		{"a date that is none", "2024-02-30", good()["register"], func(f form.Form) { f.(*Register).Rows[0].Date = "2024-02-30" }},
		{"a date before 1800", "1800 to 2199", good()["register"], func(f form.Form) { f.(*Register).Rows[0].Date = "1799-12-31" }},
		{"a date after 2199", "1800 to 2199", good()["register"], func(f form.Form) { f.(*Register).Rows[0].Date = "2200-01-01" }},
		{"no source", "source", good()["register"], func(f form.Form) { f.(*Register).Rows[0].Source = "" }},
		{"confirmed, with rows", "have rows", good()["register"], func(f form.Form) { f.(*Register).Phase = Confirm }},
		{"disputed without words", "what is wrong", good()["register"], func(f form.Form) { *f.(*Register) = Register{Phase: Dispute} }},
		{"numbers that fall", "rise", good()["register"], func(f form.Form) { *f.(*Register) = Register{Phase: Confirm, Which: []uint64{2, 1}} }},
		{"a demand that quotes", "it alone", good()["ask"], func(f form.Form) { f.(*Ask).Sort = Demand }},
		{"a clarification of nothing", "it alone", good()["ask"], func(f form.Form) { f.(*Ask).Quote = "" }},
		{"answered without words", "has a text", good()["answer"], func(f form.Form) { f.(*Answer).Outcome = Answered }},
	} {
		c.change(c.f)
		err := c.f.Check()
		if parley.KindOf(err) != parley.BadForm || err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "has rows", "have rows"), c.text) {
			t.Errorf("%s: %v, want %q", c.what, err, c.text)
		}
	}
}

// ground answers what rules ask.
type ground struct {
	form.Context
	entries map[parley.Ref]form.Entry
}

func (g ground) Writer() parley.PartyCode                   { return "alder" }
func (g ground) Entry(r parley.Ref) (e form.Entry, ok bool) { e, ok = g.entries[r]; return e, ok }

func TestRulesBetweenEntries(t *testing.T) {
	at := func(n uint64) parley.Ref { return parley.Ref{Index: n} }
	g := ground{entries: map[parley.Ref]form.Entry{}}
	put := func(n uint64, p parley.PartyCode, f form.Form) {
		g.entries[at(n)] = form.Entry{Party: p, Header: &form.Header{Form: f.Name()}, Form: f}
	}
	put(1, "birch", good()["request"])
	put(2, "birch", good()["point"])
	put(3, "alder", good()["point"])
	put(4, "birch", good()["register"])
	put(5, "alder", good()["register"])
	put(6, "birch", good()["ask"])
	put(7, "birch", &Point{Kind: Agenda, Step: Agree})
	put(8, "birch", &form.Dispatch{Attachments: []form.Attachment{{Name: "chart.pdf", Hash: [32]byte{7}}}})
	for _, c := range []struct {
		what, text string // "" is right
		f          form.Form
		refs       []uint64
	}{
		{"accepted", "", &Reply{Phase: Accept, Window: 2, Start: 1_800_007_300}, []uint64{1}},
		{"a window that is not there", "no window 3", &Reply{Phase: Accept, Window: 3}, []uint64{1}},
		{"a start outside", "outside window 1", &Reply{Phase: Accept, Window: 1, Start: 5}, []uint64{1}},
		{"an attachment", "", &Point{Kind: Document, Text: "x", Document: &Attached{Index: 8, File: [32]byte{7}}}, []uint64{1}},
		{"an attachment of what is not here", "", &Point{Kind: Document, Text: "x", Document: &Attached{Index: 98, File: [32]byte{7}}}, []uint64{1}},
		{"an attachment that the dispatch does not have", "no dispatch with such", &Point{Kind: Document, Text: "x", Document: &Attached{Index: 8, File: [32]byte{8}}}, []uint64{1}},
		{"an attachment of a request", "no dispatch with such", &Point{Kind: Document, Text: "x", Document: &Attached{Index: 1, File: [32]byte{7}}}, []uint64{1}},
		{"a new point", "", good()["point"], []uint64{1}},
		{"their point agreed", "", &Point{Kind: Agenda, Step: Agree}, []uint64{1, 2}},
		{"their point as another kind", "cannot become", &Point{Kind: Document, Step: Propose, Text: "x"}, []uint64{1, 2}},
		{"our own point agreed", "own proposal", &Point{Kind: Agenda, Step: Agree}, []uint64{1, 3}},
		{"an agreement agreed", "only a proposal", &Point{Kind: Agenda, Step: Agree}, []uint64{1, 7}},
		{"references in the wrong order", "first", &Point{Kind: Agenda, Step: Agree}, []uint64{2, 1}},
		{"agreed to nothing", "refers to the point", &Point{Kind: Agenda, Step: Agree}, []uint64{1}},
		{"a point not held", "not held", &Point{Kind: Agenda, Step: Agree}, []uint64{1, 99}},
		{"theirs confirmed", "", &Register{Phase: Confirm}, []uint64{4}},
		{"ours confirmed", "own ones taken back", &Register{Phase: Confirm}, []uint64{5}},
		{"theirs taken back", "own ones taken back", &Register{Phase: TakeBack}, []uint64{4}},
		{"a row that is not there", "no row 2", &Register{Phase: Confirm, Which: []uint64{2}}, []uint64{4}},
		{"confirmed, nothing", "refers to what was entered", &Register{Phase: Confirm}, nil},
		{"entered about what was entered", "refers to a request", good()["register"], []uint64{4}},
		{"clarified", "", &Answer{Outcome: NoComment}, []uint64{6}},
		{"a clarification accepted", "is not answered by", &Answer{Outcome: Accepted}, []uint64{6}},
	} {
		h := &form.Header{Form: c.f.Name()}
		for _, n := range c.refs {
			h.Refs = append(h.Refs, at(n))
		}
		err := c.f.Rules(h, g)
		if (c.text == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %q", c.what, err, c.text)
		}
	}
}

// TestTablesWithEveryFault reads what people and spreadsheets make of a table.
func TestTablesWithEveryFault(t *testing.T) {
	const head = "date,level,medium,ours,theirs,source"
	for _, c := range []struct{ what, in, text string }{
		{"good", head + "\n2024-04-02,leader,voice,A,B,s\n", ""},
		{"a mark of order, line ends of Windows, semicolons", "\ufeffdate;level;medium;ours;theirs;source\r\n2024-04-02;leader;voice;A;B;s\r\n\r\n", ""},
		{"tabs, columns in another order, capitals", "Source\tDate\tLevel\tMedium\tOurs\tTheirs\ns\t1815-06-18\tLEADER\tin-person\tA\tB\n", ""},
		{"quotes and line ends within", head + "\n2024-04-02,leader,voice,\"A, \"\"the\"\" first\",B,s\n", ""},
		{"empty", "", "empty"},
		{"no rows", head + "\n", "no rows"},
		{"no first line", "2024-04-02,leader,voice,A,B,s\n", "no column of a register"},
		{"a column missing", "date,level,medium,ours,theirs\n2024-04-02,leader,voice,A,B\n", "source is missing"},
		{"a column twice", head + ",date\n", "stands twice"},
		{"a column nobody knows", head + ",colour\n", "colour"},
		{"a row too short", head + "\n2024-04-02,leader\n", "line 2 has another number"},
		{"a row too long", head + "\n2024-04-02,leader,voice,A,B,s,x\n", "line 2 has another number"},
		{"a quote that is not closed", head + "\n2024-04-02,leader,voice,\"A,B,s\n", "line 2"},
		{"a date the other way round", head + "\n02/04/2024,leader,voice,A,B,s\n", "line 2"},
		{"a date that is none", head + "\n2023-02-29,leader,voice,A,B,s\n", "2023-02-29"},
		{"a level nobody knows", head + "\n2024-04-02,king,voice,A,B,s\n", `level "king"`},
		{"no source in a row", head + "\n2024-04-02,leader,voice,A,B,\n", "source is empty"},
		{"minutes in words", head + ",minutes\n2024-04-02,leader,voice,A,B,s,ninety\n", "no whole number"},
		{"negative minutes", head + ",minutes\n2024-04-02,leader,voice,A,B,s,-5\n", "no whole number"},
		{"a row twice", head + "\n2024-04-02,leader,voice,A,B,s\n2024-04-02,leader,voice,A,B,s\n", "line 3 is line 2 again"},
		{"UTF-16", "\xff\xfed\x00a\x00", "UTF-16"},
		{"Latin-1", head + "\n2024-04-02,leader,voice,Andr\xe9,B,s\n", "line 2 of the table is not UTF-8"},
		{"a zero byte", head + "\n2024-04-02,leader,voice,A\x00,B,s\n", "line 2"},
		{"a name that hides its end", head + "\n2024-04-02,leader,voice,A\u202e,B,s\n", "line 2"},
		{"too large", head + "\n" + strings.Repeat("x", table.MaxBytes), "larger than"},
	} {
		rows, err := ReadCSV(strings.NewReader(c.in))
		if (c.text == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %q", c.what, err, c.text)
		}
		if c.text == "" && len(rows) != 1 {
			t.Errorf("%s: %d rows", c.what, len(rows))
		}
	}
}

// TestFormulasAreInert: what is written opens in a spreadsheet as text.
func TestFormulasAreInert(t *testing.T) {
	rows := []Row{{Date: "2024-04-02", Level: Leader, Ours: "=HYPERLINK(\"http://x\")", Theirs: "@SUM(1)", Source: "+1", Place: "-2"}}
	b := Fold([]Entry{{Party: "alder", Form: &Register{Rows: rows}}})
	var out strings.Builder
	if err := WriteCSV(&out, b.Rows); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"'=HYPERLINK(""http://x"")"`, "'@SUM(1)", "'+1", "'-2"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
}
