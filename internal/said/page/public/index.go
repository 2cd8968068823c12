package public

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"parley/internal/said/page"
)

// frame is a page of this server in the look of those it shows.
func frame(f *page.Frame, title, body string, nav []string) []byte {
	css, policy := page.Style()
	var w bytes.Buffer
	fmt.Fprintf(&w, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", f.Lang, f.Dir(), policy)
	fmt.Fprintf(&w, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n</header>\n<main>\n%s</main>\n", title, css, title, body)
	if len(nav) > 0 {
		fmt.Fprint(&w, "<nav>\n")
		for _, a := range nav {
			fmt.Fprintf(&w, "%s\n", a)
		}
		fmt.Fprint(&w, "</nav>\n")
	}
	fmt.Fprint(&w, "</body>\n</html>\n")
	return w.Bytes()
}

// indexPage lists publications, with their titles in the language of the frame.
func indexPage(f *page.Frame, list []*published, n int, more bool) []byte {
	var w bytes.Buffer
	if len(list) == 0 {
		fmt.Fprintf(&w, "<p>%s</p>\n", f.HTML("index_none"))
	} else {
		fmt.Fprintf(&w, "<p class=\"fine\">%s</p>\n", f.HTML("index_about"))
	}
	for _, p := range list {
		lang := f.Lang
		if !slices.Contains(p.langs, lang) {
			lang = p.langs[0]
		}
		fmt.Fprintf(&w, "<section>\n<h2><a href=\"%s.%s.html\" hreflang=\"%s\">%s</a></h2>\n<p class=\"fine\"><time datetime=\"%s\">%s</time> · %s</p>\n</section>\n",
			p.stem, lang, lang, p.titles[f.Lang], p.time.Format(time.RFC3339), p.time.Format("2006-01-02 15:04 UTC"), p.about[f.Lang])
	}
	var nav []string
	if n > 1 {
		nav = append(nav, fmt.Sprintf("<a href=\"%s\" rel=\"prev\">%s</a>", indexAt(f.Lang, n-1), f.HTML("index_newer")))
	}
	if more {
		nav = append(nav, fmt.Sprintf("<a href=\"%s\" rel=\"next\">%s</a>", indexAt(f.Lang, n+1), f.HTML("index_older")))
	}
	for _, lang := range page.Languages {
		if lang != f.Lang {
			nav = append(nav, fmt.Sprintf("<a href=\"%s\" hreflang=\"%s\" lang=\"%s\">%s</a>", indexAt(lang, 1), lang, lang, page.FrameIn(lang).HTML("self")))
		}
	}
	return frame(f, f.Plain("index"), w.String(), nav)
}

func indexAt(lang string, n int) string {
	if n == 1 {
		return "index." + lang + ".html"
	}
	return fmt.Sprintf("index.%s.%d.html", lang, n)
}
