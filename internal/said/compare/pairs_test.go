package compare

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/contact"
	"parley/internal/said"
)

// A fixture is two statements with differences that were planted in them.
type fixture struct {
	Name     string              `json:"name"`
	Record   fixtureFacts        `json:"record"`
	Wordings []map[string]string `json:"wordings"`
	Alder    fixtureStatement    `json:"alder"`
	Birch    fixtureStatement    `json:"birch"`
	Planted  []planted           `json:"planted"`
}

type fixtureFacts struct {
	Initiator string          `json:"initiator"`
	Start     json.RawMessage `json:"start"`
	End       json.RawMessage `json:"end"`
	Level     string          `json:"level"`
	Medium    string          `json:"medium"`
	People    []struct {
		Party, Name, Title, Role string
	} `json:"people"`
}

type fixtureStatement struct {
	Facts fixtureFacts `json:"facts"`
	Items []struct {
		Topic string            `json:"topic"`
		Texts map[string]string `json:"texts"`
	} `json:"items"`
}

type planted struct{ Kind, Lang, Ours, Theirs string }

func seconds(t *testing.T, raw json.RawMessage) uint64 {
	var n uint64
	if len(raw) == 0 || json.Unmarshal(raw, &n) == nil {
		return n
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(at.Unix())
}

func (f *fixtureFacts) facts(t *testing.T) said.Facts {
	out := said.Facts{Initiator: f.Initiator, Start: seconds(t, f.Start), End: seconds(t, f.End)}
	var err error
	if out.Level, err = contact.ParseLevel(f.Level); err != nil {
		t.Fatal(err)
	}
	if out.Medium, err = contact.ParseMedium(f.Medium); err != nil {
		t.Fatal(err)
	}
	for _, p := range f.People {
		role, err := contact.ParseRole(p.Role)
		if err != nil {
			t.Fatal(err)
		}
		out.People = append(out.People, said.Person{Party: p.Party, Name: p.Name, Title: p.Title, Role: role})
	}
	return out
}

func (f *fixtureStatement) statement(t *testing.T) said.Statement {
	out := said.Statement{Facts: f.Facts.facts(t)}
	for _, it := range f.Items {
		x := said.Item{Topic: it.Topic}
		for _, l := range sortedKeys(it.Texts) {
			x.Texts = append(x.Texts, said.Said{Lang: l, Text: it.Texts[l]})
		}
		out.Items = append(out.Items, x)
	}
	return out
}

func sortedKeys(m map[string]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (f *fixture) known(t *testing.T) Known {
	k := Known{Us: "alder", Them: "birch", Facts: f.Record.facts(t)}
	for _, w := range f.Wordings {
		var l []said.Said
		for _, lang := range sortedKeys(w) {
			l = append(l, said.Said{Lang: lang, Text: w[lang]})
		}
		k.Wordings = append(k.Wordings, l)
	}
	return k
}

// shows reports whether spans of a statement touch the words: all of the text
// where a span marks an item. A statement that has not the words is touched by
// nothing.
func shows(st *said.Statement, lang string, spans []Span, words string) bool {
	for _, s := range spans {
		for _, text := range st.Items[s.Item].Texts {
			if lang != "" && text.Lang != lang {
				continue
			}
			for at := 0; ; {
				i := strings.Index(text.Text[at:], words)
				if i < 0 {
					break
				}
				from, to := at+i, at+i+len(words)
				if s.From < to && s.To > from || s.Empty() && s.From >= from && s.From <= to {
					return true
				}
				at = from + 1
			}
		}
	}
	return false
}

// meant reports whether a mark is of a planted difference: its kind and language,
// and its spans stand in the planted words of each side that has any.
func meant(m Mark, p planted, ours, theirs *said.Statement) bool {
	kind := string(m.Kind)
	if m.Kind == Missing || m.Kind == Reworded {
		kind = "wording"
	}
	if kind != p.Kind || m.Lang != "" && p.Lang != "" && m.Lang != p.Lang {
		return false
	}
	switch m.Kind {
	case Topic:
		st, words, i := ours, p.Ours, 0
		if m.Side == Theirs {
			st, words, i = theirs, p.Theirs, 0
		}
		for _, s := range slices.Concat(m.Ours, m.Theirs) {
			i = s.Item
		}
		return words != "" && (strings.Contains(st.Items[i].Topic, words) || strings.Contains(words, st.Items[i].Topic) || slices.ContainsFunc(st.Items[i].Texts, func(s said.Said) bool { return strings.Contains(s.Text, words) }))
	case Initiator:
		if m.Lang == "" {
			return p.Lang == "" || p.Ours == ours.Facts.Initiator && p.Theirs == theirs.Facts.Initiator
		}
	case Missing:
		if m.Side != Theirs && p.Ours != "" && m.Side != Ours || m.Side == Theirs && p.Theirs != "" || m.Side == Ours && p.Ours != "" {
			return false
		}
		return p.Ours == "" || m.Side == Both || shows(ours, m.Lang, m.Ours, p.Ours) || shows(theirs, m.Lang, m.Theirs, p.Theirs)
	}
	return (p.Ours == "" || shows(ours, m.Lang, m.Ours, p.Ours)) && (p.Theirs == "" || shows(theirs, m.Lang, m.Theirs, p.Theirs))
}

// judge compares a pair and says what was not found and what was marked that is
// not planted.
func judge(t *testing.T, file string) (missed []planted, wrong []Mark) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	ours, theirs := f.Alder.statement(t), f.Birch.statement(t)
	r := Compare(ours, theirs, f.known(t))
	found := make([]bool, len(f.Planted))
	for _, m := range r.Marks {
		ok := false
		for i, p := range f.Planted {
			if meant(m, p, &ours, &theirs) {
				found[i], ok = true, true
			}
		}
		if !ok {
			wrong = append(wrong, m)
		}
	}
	for i, ok := range found {
		if !ok {
			missed = append(missed, f.Planted[i])
		}
	}
	return missed, wrong
}

// TestPairs: all planted differences of the 20 pairs are found, with at most two
// false marks a pair. The pairs were written without reading the comparer.
func TestPairs(t *testing.T) { tryPairs(t, "testdata/pairs/*.json", 20) }

// TestOwnPairs is the same of pairs that were written beside it.
func TestOwnPairs(t *testing.T) { tryPairs(t, "testdata/own/*.json", 11) }

func tryPairs(t *testing.T, glob string, want int) {
	files, err := filepath.Glob(glob)
	if err != nil || len(files) < want {
		t.Fatalf("%d pairs in %s, want %d: %v", len(files), glob, want, err)
	}
	all := 0
	for _, file := range files {
		missed, wrong := judge(t, file)
		all += len(wrong)
		for _, p := range missed {
			t.Errorf("%s: not found: %+v", file, p)
		}
		if len(wrong) > 2 {
			t.Errorf("%s: %d false marks", file, len(wrong))
		}
		for _, m := range wrong {
			t.Logf("%s: false: %s %s %s %q", file, m.Kind, m.Lang, m.Side, m.What)
		}
	}
	t.Logf("%d false marks in %d pairs", all, len(files))
}
