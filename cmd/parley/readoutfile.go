package main

import (
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// A draft as a file: "# TOPIC" begins a topic, "@LANGUAGE" a text in it. A line of
// a text that would be taken for one of these, or that begins with a backslash, has
// a backslash before it.

// formatItems writes a draft as text.
func formatItems(items []station.SaidItem) string {
	var b strings.Builder
	for _, x := range items {
		if x.Topic != "" {
			b.WriteString("# " + x.Topic + "\n\n")
		}
		for _, t := range x.Texts {
			b.WriteString("@" + t.Language + "\n")
			for l := range strings.SplitSeq(t.Text, "\n") {
				if strings.HasPrefix(l, "#") || strings.HasPrefix(l, "@") || strings.HasPrefix(l, `\`) {
					l = `\` + l
				}
				b.WriteString(l + "\n")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// parseItems reads what formatItems wrote, or a person.
func parseItems(s string) ([]station.SaidItem, error) {
	var items []station.SaidItem
	bad := func(n int, what string) error {
		return parley.Errorf(parley.Malformed, "line %d of the draft: %s", n, what).WithHint("\"# TOPIC\" begins a topic, \"@LANGUAGE\" a text in it; parley readout draft --help")
	}
	var text *station.SaidText
	item := func() *station.SaidItem {
		if len(items) == 0 {
			items = append(items, station.SaidItem{})
		}
		return &items[len(items)-1]
	}
	s = strings.TrimPrefix(strings.ReplaceAll(s, "\r\n", "\n"), "\ufeff")
	for i, l := range strings.Split(s, "\n") {
		switch {
		case strings.HasPrefix(l, "# "):
			items, text = append(items, station.SaidItem{Topic: strings.TrimSpace(l[2:])}), nil
		case strings.HasPrefix(l, "#"):
			return nil, bad(i+1, "a topic begins with \"# \"")
		case strings.HasPrefix(l, "@"):
			x := item()
			x.Texts = append(x.Texts, station.SaidText{Language: strings.TrimSpace(l[1:])})
			text = &x.Texts[len(x.Texts)-1]
		case text != nil:
			text.Text += strings.TrimPrefix(l, `\`) + "\n"
		case strings.TrimSpace(l) != "":
			return nil, bad(i+1, "a text without a language")
		}
	}
	for i := range items {
		if len(items[i].Texts) == 0 {
			return nil, parley.Errorf(parley.Malformed, "the topic %q of the draft has no text", items[i].Topic)
		}
		for j := range items[i].Texts {
			t := &items[i].Texts[j]
			t.Text = form.Normal(strings.TrimLeft(t.Text, "\n"))
		}
	}
	if len(items) == 0 {
		return nil, parley.Errorf(parley.Malformed, "the draft is empty")
	}
	return items, nil
}
