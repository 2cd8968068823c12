package compare

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/said"
)

// How something was said in public.
type Manner string

// The manners.
const (
	Readout       Manner = "readout"
	Correction    Manner = "correction" // of an own readout or of a joint statement
	JointText     Manner = "joint"
	Announcement  Manner = "announcement"  // the line that both agreed to say of a contact
	Clarification Manner = "clarification" // a public statement whose worth was asked for on the record
)

// A Public is something that was said in public of a topic.
type Public struct {
	Ref     parley.Ref // the entry that says so
	Entry   *contact.Entry
	Contact parley.Ref // the zero one: none
	By      []parley.PartyCode
	Manner  Manner
	At      time.Time   // when it was said
	Texts   []said.Said // of the topic; no language where the record does not say which
	Where   string
	Early   bool            // before the end of an embargo that its writer knew
	Crossed bool            // before the end of one that its writer did not know
	Alone   bool            // a joint statement that does not stand: only its publisher says so
	Asked   *contact.Asking // of a clarification
	Before  int             // which one before it the changes are to; -1: none
	Changes []Change
}

// A Change is what differs between the words of two statements in one language.
type Change struct {
	Lang string
	Was  []Span // of the earlier one
	Now  []Span
}

// Text is what was said in a language; "" where nothing was.
func (p *Public) Text(lang string) string {
	for _, t := range p.Texts {
		if t.Lang == lang {
			return t.Text
		}
	}
	return ""
}

// History lists what was said in public of a topic, the oldest first: readouts
// and their corrections, joint statements, agreed announcements of contacts that
// name the topic, and public statements whose clarification was asked for. What
// one side says is laid beside what it said last, a joint statement beside the
// last joint one, a correction beside what it corrects. Of more than maxPublic the
// newest are listed. It depends on the two books alone.
func History(topic string, told *said.Book, contacts *contact.Book) []Public {
	return history(topic, told, contacts, Words)
}

func history(topic string, told *said.Book, contacts *contact.Book, words func(lang, a, b string) (was, is []Span)) []Public {
	h := historian{topic: topicKey(topic)}
	for _, t := range told.Contacts {
		if t.Exercise == "" {
			h.published(t)
		}
	}
	for _, c := range contacts.Contacts {
		h.announced(c)
	}
	for _, t := range contacts.Topics {
		if topicKey(t.Name) == h.topic {
			h.clarified(t)
		}
	}
	slices.SortFunc(h.out, func(a, b entry) int { return cmp.Or(a.At.Compare(b.At), compareRefs(a.Ref, b.Ref)) })
	h.out = h.out[max(0, len(h.out)-maxPublic):]
	out := make([]Public, len(h.out))
	for i, e := range h.out {
		out[i] = e.Public
		out[i].Before = h.before(i)
		if b := out[i].Before; b >= 0 {
			out[i].Changes = changes(&out[b], &out[i], words)
		}
	}
	return out
}

type entry struct {
	Public
	of *said.Publication // nil: it is none
}

type historian struct {
	topic string
	out   []entry
}

func compareRefs(a, b parley.Ref) int {
	return cmp.Or(bytes.Compare(a.Gen[:], b.Gen[:]), cmp.Compare(a.Index, b.Index))
}

// published takes what was published of a contact. A joint statement that both
// sides publish is one.
func (h *historian) published(t *said.Told) {
	first := map[*said.Proposal]*said.Publication{}
	for _, p := range t.Published {
		if j := p.Joint; j != nil && !p.Unsigned && p.Corrects == nil && (first[j] == nil || p.When().Before(first[j].When())) {
			first[j] = p
		}
	}
	for _, p := range t.Published {
		if p.Statement == nil || p.Joint != nil && first[p.Joint] != nil && first[p.Joint] != p && p.Corrects == nil {
			continue
		}
		x := Public{Ref: p.Ref, Entry: (*contact.Entry)(p.Entry), Contact: t.Contact, By: []parley.PartyCode{p.Party}, Manner: Readout, At: p.When(), Where: p.Published.Where, Early: p.Early != nil, Crossed: p.Crossed != nil, Alone: p.Unsigned}
		switch {
		case p.Corrects != nil:
			x.Manner = Correction
		case p.Joint != nil:
			x.Manner = JointText
			if !p.Unsigned {
				x.By = t.Parties
			}
		}
		for _, it := range p.Statement.Items {
			if topicKey(it.Topic) == h.topic && h.topic != "" {
				x.Texts = it.Texts
			}
		}
		if len(x.Texts) > 0 {
			h.out = append(h.out, entry{x, p})
		}
	}
}

// announced takes the announcement that stands agreed for a contact which names
// the topic.
func (h *historian) announced(c *contact.Contact) {
	top := c.First()
	if c.Agreed != nil {
		top = c.Agreed
	}
	if top.Exercise != "" || !slices.ContainsFunc(top.Request.Topics, func(s string) bool { return topicKey(s) == h.topic }) {
		return
	}
	for _, t := range c.Points {
		p := t.Standing
		if t.Kind != contact.Announcement || p == nil {
			continue
		}
		x := Public{Ref: p.Ref, Entry: p.Entry, Contact: c.Ref(), By: c.Parties, Manner: Announcement, At: p.Time, Texts: []said.Said{{Text: p.Point.Text}}}
		for _, e := range p.Agrees { // it stands when the last one agreed
			if e.Time.After(x.At) {
				x.At = e.Time
			}
		}
		h.out = append(h.out, entry{Public: x})
	}
}

// clarified takes the public statements that were asked about.
func (h *historian) clarified(t *contact.Topic) {
	for _, a := range t.Asks {
		if a.Ask.Sort != contact.Clarification {
			continue
		}
		at, err := contact.ParseDate(a.Ask.Said)
		if err != nil {
			at = a.Time
		}
		h.out = append(h.out, entry{Public: Public{Ref: a.Ref, Entry: a.Entry, By: a.To, Manner: Clarification, At: at, Texts: []said.Said{{Text: a.Ask.Quote}}, Where: a.Ask.Source, Asked: a}})
	}
}

// before is which earlier one the i-th is laid beside.
func (h *historian) before(i int) int {
	x := &h.out[i]
	if x.of == nil {
		return -1
	}
	for j := i - 1; j >= 0; j-- {
		o := &h.out[j]
		switch {
		case o.of == nil || !shareLanguage(&o.Public, &x.Public):
		case x.Manner == Correction:
			if o.of == x.of.Corrects || x.of.Corrects.Joint != nil && o.of.Joint == x.of.Corrects.Joint {
				return j
			}
		case x.Manner == JointText:
			if o.Manner == JointText {
				return j
			}
		case slices.Contains(o.By, x.By[0]):
			return j
		}
	}
	return -1
}

func shareLanguage(a, b *Public) bool {
	return slices.ContainsFunc(a.Texts, func(t said.Said) bool { return b.Text(t.Lang) != "" })
}

func changes(before, now *Public, words func(lang, a, b string) (was, is []Span)) (out []Change) {
	for _, t := range now.Texts {
		if old := before.Text(t.Lang); old != "" {
			was, is := words(t.Lang, old, t.Text)
			out = append(out, Change{t.Lang, was, is})
		}
	}
	return out
}
