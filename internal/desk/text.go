package desk

import (
	"html"
	"html/template"
	"regexp"
	"strings"

	"parley/internal/form"
)

// mark is what form.Visible puts in place of a character that shows nothing
// and changes what is read.
var mark = regexp.MustCompile(`⟦(?:U\+[0-9A-F]{4,6}|byte [0-9A-F]{2})⟧`)

// visible returns foreign text as HTML: inert, and with every hidden character
// shown by its number.
func visible(s string) template.HTML {
	return marked(form.Visible(s))
}

// marked returns a text that form.Visible has been over as HTML, inert.
func marked(s string) template.HTML {
	return template.HTML(mark.ReplaceAllString(html.EscapeString(s), `<span class="ctl" dir="ltr">$0</span>`))
}

// line is visible for texts of one line: line ends become spaces.
func oneLine(s string) template.HTML { return visible(strings.Join(strings.Fields(s), " ")) }

// paragraph is one numbered paragraph of a dispatch.
type paragraph struct {
	N    int
	Text template.HTML
}

// paragraphs splits a text at empty lines, or at every line end when it has no
// empty line. Line ends within a paragraph are kept by the style sheet.
func paragraphs(text string) []paragraph {
	text = strings.Trim(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	sep := "\n"
	if strings.Contains(text, "\n\n") {
		sep = "\n\n"
	}
	var list []paragraph
	for part := range strings.SplitSeq(text, sep) {
		if part = strings.Trim(part, "\n"); strings.TrimSpace(part) != "" {
			list = append(list, paragraph{N: len(list) + 1, Text: visible(part)})
		}
	}
	return list
}
