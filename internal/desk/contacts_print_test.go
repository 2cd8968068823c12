package desk_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"parley"
	"parley/internal/desk/desktest"
)

// TestBrowserPrintsContacts prints the file of a contact, the register and a topic
// on A4, in three scripts: nothing to press, nothing beyond the paper, the class on
// every part, and what was said.
func TestBrowserPrintsContacts(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	l.sit(l.ctx, 2, parley.Envoy)
	l.do(l.ctx, chromedp.EmulateViewport(688, 1000)) // A4 less the margins, at 96 dots an inch
	for _, lang := range []string{"en", "zh", "ar"} {
		l.cookie(l.ctx, "parley-alder-lang", lang)
		for _, c := range []struct {
			path  string
			bands int
			says  []string
			most  int // pages
		}{
			{ourAgreed, 5, []string{"冬季和春季的救援通道", "Chart of the corridor", "chart <b>.pdf", "K. Adeyemi"}, 3},
			{birch + "/contacts", 4, []string{"archive of the ministry", "it lasted <b>40</b> minutes", "L. Ash", "王建国"}, 5},
			{topicPath, 5, []string{"and neither side will attack the energy infrastructure", "需重新测量", "谁负责测量", "Is this to be taken as said?", "新华社"}, 3},
			{said, 11, []string{"energy infrastructure", "能源和基础设施", "此处措辞应与双方确认的一致", "建议只发布这两句"}, 4},
			{birch + "/contact/" + desktest.Unanswered, 5, []string{"Barges"}, 2},
		} {
			l.open(l.ctx, c.path)
			if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
				t.Fatal(err)
			}
			if seen := eval[string](l, l.ctx, `[...document.querySelectorAll("button, input, select, textarea, nav, form, summary, .button, .strip, .lamps")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80)).join("\n")`); seen != "" {
				t.Errorf("%s in %s: on paper stands\n%s", c.path, lang, seen)
			}
			if cut := eval[string](l, l.ctx, `[...document.querySelectorAll("main *")].filter(e => e.checkVisibility() && !e.closest(".unseen") && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map(e => Math.round(e.getBoundingClientRect().right) + " " + e.outerHTML.slice(0, 90)).slice(0, 6).join("\n")`); cut != "" {
				t.Errorf("%s in %s: beyond the paper lies\n%s", c.path, lang, cut)
			}
			if n := eval[int](l, l.ctx, `[...document.querySelectorAll("main .band")].filter(e => e.checkVisibility()).length`); n != c.bands {
				t.Errorf("%s in %s: %d parts say whose they are, want %d", c.path, lang, n, c.bands)
			}
			text := eval[string](l, l.ctx, `document.querySelector("main").innerText`)
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("%s in %s: the paper does not say %q", c.path, lang, want)
				}
			}
			r, err := chromedp.Call(l.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
			if err != nil {
				t.Fatal(err)
			}
			pdf := string(r.Data)
			if n := strings.Count(pdf, "/Type /Page\n"); !strings.HasPrefix(pdf, "%PDF") || n < 1 || n > c.most || !strings.Contains(pdf, "/MediaBox [0 0 595") && !strings.Contains(pdf, "/MediaBox [0 0 594.") {
				t.Errorf("%s in %s: the print is %d bytes of %d pages, at most %d of A4 are wanted", c.path, lang, len(r.Data), n, c.most)
			}
			if _, err := chromedp.Call(l.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.quiet()
}
