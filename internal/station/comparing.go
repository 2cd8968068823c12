package station

import (
	"context"
	"fmt"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/said"
	"parley/internal/said/compare"
)

// A Comparison is two drafts laid side by side.
type Comparison struct {
	Us        string         `json:"us"`
	Them      string         `json:"them"`
	Ours      string         `json:"ours"`   // the draft
	Theirs    string         `json:"theirs"` // the draft
	Languages []string       `json:"languages"`
	Cut       bool           `json:"cut,omitempty"` // it was too long to be compared whole
	Marks     []ComparedMark `json:"marks"`
}

// A ComparedMark is one difference.
type ComparedMark struct {
	Kind     string       `json:"kind"` // of package compare
	Topic    string       `json:"topic,omitempty"`
	Language string       `json:"language,omitempty"`
	Side     string       `json:"side"` // "ours", "theirs", "both": whose statement it is about
	What     string       `json:"what,omitempty"`
	Wording  string       `json:"wording,omitempty"` // id of the confirmed wording
	Sentence string       `json:"sentence"`
	Ours     []MarkedText `json:"ours,omitempty"`
	Theirs   []MarkedText `json:"theirs,omitempty"`
}

// MarkedText is words that differ, with a little of what stands around them.
type MarkedText struct {
	Item   int    `json:"item"` // of the statement, from 1
	From   int    `json:"from"` // bytes of the text
	To     int    `json:"to"`
	Before string `json:"before,omitempty"`
	Words  string `json:"words,omitempty"`
	After  string `json:"after,omitempty"`
}

// CompareDrafts lays a draft of ours beside one of the other side; "" is the newest
// that was shown. What of theirs an officer sees for the first time is in the audit.
func (s *Station) CompareDrafts(_ context.Context, by Officer, name, contact, ours, theirs string) (Comparison, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Comparison{}, err
	}
	a, err := l.afterwards(contact)
	if err != nil {
		return Comparison{}, err
	}
	var mine, other *said.Version
	for _, side := range a.told.Sides {
		for _, d := range side.Drafts {
			id := d.Ref.String()
			switch us := side.Party == l.us; {
			case us && (id == ours || ours == "" && d == side.Current):
				mine = d
			case !us && (id == theirs || theirs == "" && other == nil && d == side.Current):
				other = d
			}
		}
	}
	if mine == nil || other == nil {
		return Comparison{}, parley.Errorf(parley.NotFound, "there is no draft of each side to lay side by side").WithHint("both sides show theirs once both are bound: parley readout state")
	}
	known := compare.Known{Us: string(l.us), Them: string(other.Party)}
	if known.Facts, err = a.facts(); err != nil {
		return Comparison{}, err
	}
	for _, p := range a.told.Parties {
		if x, ok := l.charter().Party(p); ok {
			known.Parties = append(known.Parties, compare.Name{Party: string(p), Name: x.Name})
		}
	}
	wordings, err := a.wordings()
	if err != nil {
		return Comparison{}, err
	}
	for _, w := range wordings {
		var texts []said.Said
		for _, t := range w.Texts {
			texts = append(texts, said.Said{Lang: t.Language, Text: t.Text})
		}
		known.Wordings = append(known.Wordings, texts)
	}
	r := s.kept.Compare(mine.Draft.Statement, other.Draft.Statement, known)
	out := Comparison{Us: known.Us, Them: known.Them, Ours: mine.Ref.String(), Theirs: other.Ref.String(), Languages: r.Languages, Cut: r.Cut, Marks: []ComparedMark{}}
	for _, m := range r.Marks {
		x := ComparedMark{Kind: string(m.Kind), Topic: m.Topic, Language: m.Lang, Side: m.Side, What: m.What, Ours: lit(&mine.Draft.Statement, m.Lang, m.Ours), Theirs: lit(&other.Draft.Statement, m.Lang, m.Theirs)}
		words := ""
		if m.Wording >= 0 && m.Wording < len(wordings) {
			w := wordings[m.Wording]
			x.Wording = w.ID
			for _, t := range w.Texts {
				if t.Language == m.Lang {
					words = t.Text
				}
			}
		}
		x.Sentence = markSentence(&x, words)
		out.Marks = append(out.Marks, x)
	}
	return out, s.readAll(l, by, a.heard())
}

// around is how many bytes of what stands beside lit words are shown.
const around = 48

func lit(st *said.Statement, lang string, spans []compare.Span) (out []MarkedText) {
	for _, s := range spans {
		if s.Item < 0 || s.Item >= len(st.Items) {
			continue
		}
		text := textIn(&st.Items[s.Item], lang)
		if s.From < 0 || s.To > len(text) || s.From > s.To {
			continue
		}
		out = append(out, MarkedText{Item: s.Item + 1, From: s.From, To: s.To, Before: form.Visible(shortTail(text[:s.From])), Words: form.Visible(text[s.From:s.To]), After: form.Visible(shortHead(text[s.To:]))})
	}
	return out
}

// textIn is the text in a language, or in the same one as it is spoken elsewhere.
func textIn(it *said.Item, lang string) string {
	if s := it.Text(lang); s != "" {
		return s
	}
	base, _, _ := strings.Cut(lang, "-")
	for _, t := range it.Texts {
		if b, _, _ := strings.Cut(t.Lang, "-"); b == base {
			return t.Text
		}
	}
	return ""
}

func shortTail(s string) string {
	if len(s) > around {
		return strings.ToValidUTF8(s[len(s)-around:], "")
	}
	return s
}

func shortHead(s string) string {
	if len(s) > around {
		return strings.ToValidUTF8(s[:around], "")
	}
	return s
}

// markSentence says what a mark is, in English; confirmed are the words of the
// wording that it is about.
func markSentence(m *ComparedMark, confirmed string) string {
	topic := m.Topic
	if topic == "" {
		topic = "the opening"
	}
	where := topic
	if m.Language != "" {
		where += ", " + m.Language
	}
	words := ""
	if confirmed != "" {
		words = fmt.Sprintf(" (%q)", form.Visible(confirmed))
	}
	who := map[string]string{"ours": "our side", "theirs": "the other side", "both": "both sides"}[m.Side]
	switch m.Kind {
	case "topic":
		return fmt.Sprintf("only %s speaks of %s", who, topic)
	case "missing":
		if m.Side == compare.Both {
			return fmt.Sprintf("both sides leave out what both confirmed%s: %s", words, where)
		}
		return fmt.Sprintf("%s leaves out what both confirmed%s: %s", who, words, where)
	case "reworded":
		if m.Side == compare.Both {
			return fmt.Sprintf("both sides reword what both confirmed%s: %s", words, where)
		}
		return fmt.Sprintf("%s rewords what both confirmed%s: %s", who, words, where)
	case "facts":
		return fmt.Sprintf("%s has other facts than the record: %s", who, m.What)
	case "initiator":
		return "who asked for it differs: " + m.What
	case "figure", "date", "name":
		return fmt.Sprintf("%ss differ: %s: %s", m.Kind, m.What, where)
	}
	return fmt.Sprintf("%s: %s: %s", m.Kind, m.What, where)
}
