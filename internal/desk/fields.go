package desk

import (
	"html/template"
	"regexp"
	"slices"
	"strings"

	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
	"parley/internal/station"
)

// wordsOf says, for a field of a form of contacts whose value is a word of a closed list,
// where the catalogue has the words of the list. What people write in any other
// field, or in a field of another form, is never taken for such a word.
var wordsOf = map[string]string{"level": "contact.level.", "medium": "contact.medium.", "interpreting": "contact.interpreting.", "recording": "contact.recording.", "reason": "contact.reason.", "kind": "contact.kind.",
	"role": "contact.role.", "stand": "contact.stand.", "asks for": "contact.sort.", "outcome": "contact.outcome.", "phase": "contact.phase.", "step": "contact.step."}

var numbered = regexp.MustCompile(`^(.+) ([0-9]{1,3})$`)

// wordsOfCalls is what wordsOf is, for the forms of calls.
var wordsOfCalls = map[string]string{"level": "contact.level.", "medium": "contact.medium.", "interpreting": "contact.interpreting.", "recording": "contact.recording.", "reason": "contact.reason.",
	"answer": "callform.answer.", "outcome": "callform.outcome.", "as of": "callform.as_of.", "phase": "callform.phase.", "note": "callform.note."}

// wordsOfSaid is what wordsOf is, for the forms of statements.
var wordsOfSaid = map[string]string{"level": "contact.level.", "medium": "contact.medium.", "step": "saying.step.", "kind": "saying.kindword.", "on item": "saying.onitem."}

// fieldName is the name of a field; one that has a number keeps it. What the
// catalogue does not know is English.
func (l *locale) fieldName(name string) coded {
	if l.has("field." + name) {
		return coded{Text: l.text("field." + name)}
	}
	if m := numbered.FindStringSubmatch(name); m != nil && l.has("field."+m[1]) {
		return coded{Text: l.text("field."+m[1]) + " " + m[2]}
	}
	if lang, ok := strings.CutPrefix(name, "text, "); ok {
		return coded{Text: l.text("field.text") + " · " + l.languageName(lang)}
	}
	return coded{Text: strings.Join(strings.Fields(form.Visible(name)), " "), English: true}
}

// fieldValue is the value of a field of a form, inert.
func (l *locale) fieldValue(formName, name, value string) template.HTML {
	list := ""
	switch {
	case slices.Contains(contact.Forms, formName):
		list = wordsOf[name]
	case slices.Contains(call.Forms, formName):
		list = wordsOfCalls[name]
	case slices.Contains(said.Forms, formName):
		list = wordsOfSaid[name]
	}
	word := strings.ReplaceAll(value, " ", "_")
	if formName == "wording" && value == call.WordingNote {
		word = "fixed"
	}
	if list != "" && l.has(list+word) {
		return marked(l.text(list + word))
	}
	return visible(value)
}

// FileOf is the page of the contact that an entry is of; "" for any other entry.
func (f *frame) FileOf(it station.Item) string {
	switch {
	case it.Form == "request":
		return contactURL(it.Line, it.ID)
	case len(it.Refs) > 0 && (it.Form == "reply" || it.Form == "calloff" || it.Form == "point"):
		return contactURL(it.Line, it.Refs[0])
	case len(it.Refs) > 0 && slices.Contains(said.Forms, it.Form):
		return sayingURL(it.Line, it.Refs[0])
	}
	return ""
}

// TopicOf is the page of the topic that an entry names; "" for one that names none.
func (f *frame) TopicOf(it station.Item) string {
	if it.Form != "stance" && it.Form != "ask" {
		return ""
	}
	for _, x := range it.Fields {
		if x.Name == "topic" {
			return topicURL(it.Line, x.Value)
		}
	}
	return ""
}
