package desk

import (
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
)

// minutesOf is a duration of a charter in whole minutes.
func minutesOf(s string) string {
	t, err := time.ParseDuration(s)
	if err != nil {
		return s
	}
	return strconv.FormatInt(int64(t/time.Minute), 10)
}

// plain is a text field of a form that is encoded in another.
func plain(s string) string { return form.Normal(s) }

// clauseName is the name of a clause of a charter or annex in the language of
// the catalogue. What it does not know stays as the station says it.
func (l *locale) clauseName(name string) coded {
	if k := "clause." + strings.ReplaceAll(name, " ", "_"); l.has(k) {
		return coded{Text: l.text(k)}
	}
	if _, err := parley.ParsePrecedence(name); err == nil {
		return coded{Text: name}
	}
	for _, of := range []string{"receipts promised by ", "contacts at the level ", "clause ", "party ", "bound ", "witness ", "check call "} {
		if rest, ok := strings.CutPrefix(name, of); ok {
			k := "clause." + strings.ReplaceAll(of, " ", "_") + rest
			if l.has(k) {
				return coded{Text: l.text(k)}
			}
			return coded{Text: l.text("clause."+strings.ReplaceAll(strings.TrimSpace(of), " ", "_"), form.Visible(rest))}
		}
	}
	return coded{Text: name, English: true}
}

// clauseValue is what a clause says: the station's words in the language of the
// catalogue, what the parties wrote themselves as they wrote it.
func (l *locale) clauseValue(name, value string) coded {
	switch {
	case value == "":
		return coded{Text: "–"}
	case name == "offices":
		return coded{Text: l.each(value, func(s string) string { return l.office(s) })}
	case strings.HasPrefix(name, "receipts promised by "):
		return coded{Text: l.each(value, func(s string) string { return l.rung(l.none(s)) })}
	case strings.HasPrefix(name, "contacts at the level "):
		return coded{Text: l.each(value, func(s string) string {
			if s == "none" {
				return l.text("contacts.arrange_none")
			}
			return l.office(s)
		})}
	case name == "challenge before calls":
		return coded{Text: l.text("challenge.required")}
	case name == "further forms":
		return coded{Text: l.each(value, l.none)}
	case strings.HasPrefix(name, "check call "):
		var days []string
		for d := range strings.FieldsSeq(value) {
			days = append(days, l.text("day."+d))
		}
		return coded{Text: strings.Join(days, l.text("list.comma"))}
	case name == "Instruction" || name == "line test every" || name == "keep-alive":
		return l.said(value)
	}
	if _, err := parley.ParsePrecedence(name); err == nil {
		return l.said(value)
	}
	return coded{Text: form.Visible(value)} // names, numbers, and what the parties wrote
}

// each writes a list of the station with every word in the language.
func (l *locale) each(list string, word func(string) string) string {
	var out []string
	for s := range strings.SplitSeq(list, ", ") {
		out = append(out, form.Visible(word(s)))
	}
	return strings.Join(out, l.text("list.comma"))
}

// none is the word for an empty list.
func (l *locale) none(s string) string {
	if s == "none" {
		return l.text("clause.none")
	}
	return s
}
