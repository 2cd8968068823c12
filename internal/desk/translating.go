package desk

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/station"
)

// shown is the translation that stands beside the original: the one that is
// asked for, else one into our own language, of those the newest with most
// marks. A draft is shown at once, and says what it is.
func shown(list []station.Translation, asked, ours string) *station.Translation {
	rank := func(t *station.Translation) int {
		n := map[string]int{"reviewed": 1, "certified": 2}[t.State]
		if base, _, _ := strings.Cut(t.Language, "-"); ours != "" && strings.EqualFold(base, strings.Split(ours, "-")[0]) {
			n += 3
		}
		return n
	}
	var best *station.Translation
	for i := range list {
		t := &list[i]
		if strconv.FormatInt(t.ID, 10) == asked {
			return t
		}
		if best == nil || rank(t) >= rank(best) {
			best = t
		}
	}
	return best
}

// pair is one paragraph of the original and what stands beside it.
type pair struct {
	N           int
	Left, Right template.HTML
}

// side by side, paragraph by paragraph; what one of them lacks is empty.
func beside(original string, t *station.Translation) (out []pair) {
	left, right := paragraphs(original), partsOf(t.Text)
	for i := range max(len(left), len(right)) {
		p := pair{N: i + 1}
		if i < len(left) {
			p.Left = left[i].Text
		}
		if i < len(right) {
			p.Right = disputed(right[i], t.Disputes)
		}
		out = append(out, p)
	}
	return out
}

// partsOf are the paragraphs of a text as paragraphs has them, as they are.
func partsOf(text string) (out []string) {
	text = strings.Trim(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	sep := "\n"
	if strings.Contains(text, "\n\n") {
		sep = "\n\n"
	}
	for part := range strings.SplitSeq(text, sep) {
		if part = strings.Trim(part, "\n"); strings.TrimSpace(part) != "" {
			out = append(out, part)
		}
	}
	return out
}

// disputed shows a text with the words that are disputed marked, each with the
// number of its note.
func disputed(text string, list []station.Dispute) template.HTML {
	var spans [][2]int
	var notes []int
	for n, d := range list {
		if d.Settled != "" {
			continue
		}
		for _, s := range places(text, d.Words) {
			if !slices.ContainsFunc(spans, func(o [2]int) bool { return s[0] < o[1] && o[0] < s[1] }) {
				spans, notes = append(spans, s), append(notes, n+1)
			}
		}
	}
	return spanned(text, spans, func(i int) (string, string) {
		return `<mark class="disputed">`, fmt.Sprintf(`<sup class="note-n">%d</sup></mark>`, notes[i])
	})
}

// places are where words stand in a text, whatever spaces stand between them.
func places(text, words string) (out [][2]int) {
	fields := strings.Fields(words)
	if len(fields) == 0 {
		return nil
	}
	for from := 0; ; {
		i := strings.Index(text[from:], fields[0])
		if i < 0 {
			return out
		}
		at := from + i
		end := at + len(fields[0])
		for _, f := range fields[1:] {
			rest := strings.TrimLeft(text[end:], " \t\n")
			if len(rest) == len(text)-end || !strings.HasPrefix(rest, f) {
				end = -1
				break
			}
			end = len(text) - len(rest) + len(f)
		}
		if end < 0 {
			from = at + len(fields[0])
			continue
		}
		out = append(out, [2]int{at, end})
		from = end
	}
}

// spanned shows a foreign text, inert, with marks around spans that do not
// overlap, in any order. A gap, which is an empty span, stands before what begins
// at its place. Whatever the spans are, every byte of the text is shown once.
func spanned(text string, spans [][2]int, marks func(i int) (before, after string)) template.HTML {
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(spans[a][0], spans[b][0]), cmp.Compare(spans[a][1], spans[b][1]))
	})
	var b strings.Builder
	at := 0
	for _, i := range order {
		from := min(max(spans[i][0], at), len(text))
		to := min(max(spans[i][1], from), len(text))
		before, after := marks(i)
		b.WriteString(string(visible(text[at:from])))
		b.WriteString(before + string(visible(text[from:to])) + after)
		at = to
	}
	b.WriteString(string(visible(text[at:])))
	return template.HTML(b.String())
}

// translationText is what was typed: a text, or paragraph by paragraph. One that
// is left empty keeps its place, so that numbers go together.
func translationText(r *http.Request) string {
	if text := field(r, "text"); text != "" {
		return text
	}
	parts, some := r.PostForm["p"], false
	out := make([]string, len(parts))
	for i, p := range parts {
		p = strings.TrimSpace(form.Normal(p))
		for strings.Contains(p, "\n\n") { // one paragraph stays one
			p = strings.ReplaceAll(p, "\n\n", "\n")
		}
		some = some || p != ""
		if out[i] = p; p == "" {
			out[i] = "…"
		}
	}
	if !some {
		return ""
	}
	return strings.Join(out, "\n\n")
}

// Parts are the paragraphs of the original for the form of a translation, with
// what was typed beside each.
func (p *itemPage) Parts() (out []part) {
	typed := partsOf(p.Typed["text"])
	for i, text := range paragraphs(p.Item.Text) {
		x := part{N: text.N, Text: text.Text}
		if i < len(typed) {
			x.Typed = typed[i]
		}
		out = append(out, x)
	}
	return out
}

type part struct {
	N     int
	Text  template.HTML
	Typed string
}

// Marks are the three marks of a translation, in order.
func (p *itemPage) Marks(t station.Translation) []mark3 { return marksOf(&t, p.Three) }

type mark3 struct {
	Key  string // of the catalogue
	Name string // "" while it is missing
	At   int64  // UTC seconds
}

func marksOf(t *station.Translation, three bool) []mark3 {
	list := []mark3{{"mark.maker", t.Maker, t.Made.Unix()}, {"mark.reviewer", t.Reviewer, t.Reviewed.Unix()}}
	if three || t.Certifier != "" {
		list = append(list, mark3{"mark.certifier", t.Certifier, t.Certified.Unix()})
	}
	return list
}

// Uneven reports whether the translation has another number of paragraphs.
func (p *itemPage) Uneven() bool {
	return p.Shown != nil && len(partsOf(p.Item.Text)) != len(partsOf(p.Shown.Text))
}

// textsPage is the approved texts of line tests, with their translations.
type textsPage struct {
	Line    station.Line
	Texts   []station.TestText
	Three   bool
	Problem *problem
}

// Marks are those of a translation of a test text.
func (p *textsPage) Marks(t station.Translation) []mark3 { return marksOf(&t, p.Three) }

// Language is the language that test texts are translated into.
func (p *textsPage) Language() string {
	if len(p.Line.Us.Languages) > 0 {
		return p.Line.Us.Languages[0]
	}
	return ""
}

func (d *desk) textsPage(ctx context.Context, line string) (*textsPage, error) {
	l, err := d.st.Line(ctx, line)
	if err != nil {
		return nil, err
	}
	p := &textsPage{Line: l}
	if p.Texts, err = d.st.TestTexts(ctx, l.Key); err != nil {
		return nil, err
	}
	p.Three, err = d.st.ThreeMarks(ctx)
	return p, err
}

func (d *desk) texts(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.textsPage(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	d.render(w, r, s, "texts", p)
	return nil
}

// textActs are the acts of the page of test texts; the administrator's hide from
// others.
var textActs = map[string]func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) error{
	"use": func(ctx context.Context, d *desk, r *http.Request, s *seat, _ string) error {
		if !s.is(parley.Administrator) {
			return errHidden
		}
		return d.st.UseTestTexts(ctx, s.officer, r.PostForm["text"])
	},
	"marks": func(ctx context.Context, d *desk, r *http.Request, s *seat, _ string) error {
		if !s.is(parley.Administrator) {
			return errHidden
		}
		return d.st.SetThreeMarks(ctx, s.officer, r.PostForm.Get("marks") == "3")
	},
	"translate": func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) error {
		_, err := d.st.TranslateTest(ctx, s.officer, line, r.PostForm.Get("item"), field(r, "language"), field(r, "text"))
		return err
	},
	"review": func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) error {
		n, err := number(r.PostForm.Get("translation"))
		if err != nil {
			return err
		}
		return d.st.Review(ctx, s.officer, line, r.PostForm.Get("item"), n)
	},
	"certify": func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) error {
		n, err := number(r.PostForm.Get("translation"))
		if err != nil {
			return err
		}
		return d.st.Certify(ctx, s.officer, line, r.PostForm.Get("item"), n)
	},
}

func (d *desk) actOnTexts(w http.ResponseWriter, r *http.Request, s *seat) error {
	act, ok := textActs[r.PathValue("act")]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	err := act(r.Context(), d, r, s, r.PathValue("line"))
	if err == nil {
		return done(w, r, lineURL(r.PathValue("line"))+"/texts", "texts_"+r.PathValue("act"))
	}
	if err == error(errHidden) {
		return err
	}
	p, lost := d.textsPage(r.Context(), r.PathValue("line"))
	if lost != nil {
		return lost
	}
	if p.Problem = problemOf(err); p.Problem.Status >= http.StatusInternalServerError {
		return err
	}
	d.renderStatus(w, r, s, p.Problem.Status, "texts", "title.texts", p)
	return nil
}
