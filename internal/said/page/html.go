package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"parley"
	"parley/internal/said"
)

// The page is written by hand and not by a template: its bytes are part of what
// is checked, so nothing but this package and form.Visible may decide them.

// Parts of a page that Verify looks for.
const (
	begins    = "<!DOCTYPE html>\n<html lang=\""
	carries   = ` href="data:text/plain;charset=utf-8,`
	proofHead = "c2sp.org/tlog-proof@v1%0A"
)

// style is the style sheet with what the policy of a page says of it.
var style = sync.OnceValues(func() (css, policy string) {
	b, err := files.ReadFile("style.css")
	if err != nil {
		panic("page: the style sheet: " + err.Error())
	}
	css = "\n" + string(b)
	sum := sha256.Sum256([]byte(css))
	return css, "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
})

// Style is the style sheet as it stands between its tags, and the content security
// policy under which a page is shown.
func Style() (css, policy string) { return style() }

// writer writes a page in one frame.
type writer struct {
	bytes.Buffer
	f *Frame
}

func (w *writer) put(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// row is one line of a list of names and values; the value is HTML.
func (w *writer) row(name, value string) {
	if value != "" {
		w.put("<dt>%s</dt><dd>%s</dd>\n", name, value)
	}
}

func (w *writer) clock(t uint64) string {
	if t == 0 {
		return ""
	}
	return fmt.Sprintf(`<time datetime="%s">%s</time>`, at(t).Format("2006-01-02T15:04:05Z"), at(t).Format("2006-01-02 15:04:05 UTC"))
}

// html is the page.
func (c *content) html(f *Frame) []byte {
	w := &writer{f: f}
	css, policy := style()
	title := c.title(f)
	w.put("%s%s\" dir=\"%s\" data-parley-page=\"%d\">\n<head>\n<meta charset=\"utf-8\">\n", begins, f.Lang, f.Dir(), Version)
	w.put("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", policy)
	w.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n")
	w.put("<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", title, css)
	c.writeHead(w)
	w.put("<main>\n")
	c.writeFacts(w)
	c.writeWords(w)
	c.writePublication(w)
	c.writeCheck(w)
	w.put("</main>\n")
	c.writeFoot(w)
	w.put("</body>\n</html>\n")
	return w.Bytes()
}

func (c *content) writeHead(w *writer) {
	f := w.f
	var parties []string
	for _, p := range c.published.report.Parties {
		parties = append(parties, p.Name)
	}
	w.put("<header>\n<p class=\"kind\">%s</p>\n<h1>%s</h1>\n<p class=\"line\">%s</p>\n</header>\n",
		f.HTML(string(c.kind)), f.markup("title_"+string(c.kind), f.names(c.whose())), f.markup("line", f.names(parties)))
}

// writeFacts writes what the statement says of the contact: it is the word of whose
// statement it is, as every text is.
func (c *content) writeFacts(w *writer) {
	f, facts := w.f, &c.statement.Facts
	w.put("<section>\n<h2>%s</h2>\n<p class=\"edge stated\">%s</p>\n<dl>\n", f.HTML("contact"), f.markup("stated", f.names(c.whose())))
	w.row(f.HTML("medium"), f.HTML("medium_"+facts.Medium.String()))
	w.row(f.HTML("level"), f.HTML("level_"+facts.Level.String()))
	switch facts.Initiator {
	case "":
	case said.Both:
		w.row(f.HTML("initiator"), f.HTML("both"))
	default:
		w.row(f.HTML("initiator"), "<bdi>"+line(c.published.name(parley.PartyCode(facts.Initiator)))+"</bdi>")
	}
	w.row(f.HTML("began"), w.clock(facts.Start))
	w.row(f.HTML("ended"), w.clock(facts.End))
	people := ""
	for _, p := range facts.People {
		text := p.Name
		if p.Title != "" {
			text += ", " + p.Title
		}
		people += fmt.Sprintf("<p><bdi>%s</bdi>: <bdi>%s</bdi> (%s)</p>", line(c.published.name(parley.PartyCode(p.Party))), line(text), f.HTML("role_"+p.Role.String()))
	}
	w.row(f.HTML("people"), people)
	w.put("</dl>\n</section>\n")
}

// writeWords writes the words of the parties, language by language, each between
// two lines of the frame that say whose they are.
func (c *content) writeWords(w *writer) {
	f, names := w.f, w.f.names(c.whose())
	key := "words"
	if c.kind == Joint {
		key = "words_joint"
	}
	w.put("<p class=\"edge\">%s</p>\n", f.markup(key, names))
	for _, lang := range c.statement.Languages() {
		w.put("<section class=\"words\" lang=\"%s\" dir=\"%s\">\n", line(lang), dirOf(lang))
		own := lang
		if o := FrameIn(lang); o != nil {
			own = o.text["self"]
		}
		w.put("<p class=\"tongue\">%s</p>\n", line(own))
		for _, i := range c.statement.Items {
			text := i.Text(lang)
			if text == "" {
				continue
			}
			if i.Topic != "" {
				w.put("<h3 dir=\"auto\">%s</h3>\n", words(i.Topic, rightToLeftText(i.Topic)))
			}
			w.put("<p class=\"said\">%s</p>\n", words(text, dirOf(lang) == "rtl"))
		}
		w.put("</section>\n")
	}
	w.put("<p class=\"edge\">%s</p>\n", f.markup("words_end", names))
}

func (c *content) writePublication(w *writer) {
	f, p := w.f, c.published
	w.put("<section>\n<h2>%s</h2>\n<dl>\n", f.HTML("publication"))
	w.row(f.HTML("publisher"), "<bdi>"+line(p.name(p.Party))+"</bdi>")
	w.row(f.HTML("at"), w.clock(c.form.At))
	if c.form.Where != "" {
		w.row(f.HTML("where"), "<bdi>"+line(c.form.Where)+"</bdi>")
	}
	w.row(f.HTML("entry"), `<span class="mono">`+p.Ref.String()+"</span>")
	w.row(f.HTML("written"), w.clock(p.Time))
	if c.kind == Correction {
		w.row(f.HTML("replaces"), `<span class="mono">`+p.Header.Refs[1].String()+"</span>")
	}
	for _, s := range c.signed {
		w.row(f.HTML("signed", p.name(s.Party)), w.clock(s.Time))
	}
	for _, s := range p.report.List[0].Stored {
		w.row(f.HTML("stored", p.name(parley.PartyCode(s.By))), w.clock(s.Time))
	}
	if c.form.Text != "" {
		w.row(f.HTML("note"), `<p class="said" dir="auto">`+words(c.form.Text, rightToLeftText(c.form.Text))+"</p>")
	}
	w.put("</dl>\n</section>\n")
}

func (c *content) writeCheck(w *writer) {
	f, stem := w.f, c.stem()
	command := "parley verify " + nameIn(stem, f.Lang)
	w.put("<section>\n<h2>%s</h2>\n<ol>\n", f.HTML("check"))
	w.put("<li>%s</li>\n<li>%s</li>\n<li>%s</li>\n</ol>\n", f.markup("check_page", "<code>"+line(command)+"</code>"), f.HTML("check_print"), f.HTML("check_other"))
	w.put("<h2>%s</h2>\n<p><code class=\"print\" dir=\"ltr\">%s</code></p>\n", f.HTML("fingerprint"), c.published.report.Fingerprint)
	w.put("<h2>%s</h2>\n<ul>\n", f.HTML("proofs"))
	for i, p := range c.proofs() {
		what := "proof_published"
		if i > 0 {
			what = "proof_signature"
		}
		if i == 1 {
			what = "proof_proposal"
		}
		name := proofName(stem, i)
		w.put("<li><a download=\"%s\"%s", name, carries)
		escape(w, p.file)
		w.put("\"><bdi dir=\"ltr\">%s</bdi></a>: %s</li>\n", name, f.HTML(what, p.name(p.Party)))
	}
	w.put("</ul>\n<h2>%s</h2>\n<ul>\n", f.HTML("limits"))
	if c.kind == Joint {
		w.put("<li>%s</li>\n", f.HTML("limit_signed"))
	}
	w.put("<li>%s</li>\n<li>%s</li>\n<li>%s</li>\n</ul>\n</section>\n", f.HTML("limit_true"), f.HTML("limit_time"), f.HTML("limit_since"))
}

func (c *content) writeFoot(w *writer) {
	w.put("<nav aria-label=\"%s\">\n", w.f.Plain("languages"))
	for _, lang := range Languages {
		if lang != w.f.Lang {
			w.put("<a href=\"%s\" hreflang=\"%s\" lang=\"%s\" rel=\"alternate\">%s</a>\n", nameIn(c.stem(), lang), lang, lang, FrameIn(lang).Plain("self"))
		}
	}
	w.put("</nav>\n<footer><p>%s</p></footer>\n", w.f.HTML("made", fmt.Sprint(Version)))
}

// plain reports whether a byte of a proof file stands in its address as it is.
func plain(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~@/+=:", b) >= 0
}

// escape writes a proof file as part of an address: all but the plain bytes as
// %XX.
func escape(w *writer, file []byte) {
	const digits = "0123456789ABCDEF"
	for _, b := range file {
		if plain(b) {
			w.WriteByte(b)
		} else {
			w.Write([]byte{'%', digits[b>>4], digits[b&15]})
		}
	}
}
