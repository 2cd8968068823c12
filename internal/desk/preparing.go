package desk

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"parley"
	"parley/internal/station"
)

// share is a party's share of FLASH this month, for a page.
type share struct {
	station.FlashShare
	Name string
}

// Percent is the share in whole percent, not rounded down to nothing.
func (s share) Percent() int {
	if s.All == 0 {
		return 0
	}
	return (100*s.Flash + s.All - 1) / s.All
}

func (d *desk) shares(ctx context.Context, l station.Line) (out []share, err error) {
	list, err := d.st.FlashShares(ctx, l.Key)
	for _, x := range list {
		name := string(x.Party)
		for _, p := range append([]station.Party{l.Us}, l.Them...) {
			if p.Code == x.Party && p.Name != "" {
				name = p.Name
			}
		}
		out = append(out, share{x, name})
	}
	return out, err
}

// sample is a template that every desk has, in our language on the line.
type sample struct{ Key, Name string }

var samples = []struct {
	key        string
	marker     parley.Marker
	precedence parley.Precedence
	office     parley.Office
}{
	{"call", parley.Request, parley.Priority, parley.Envoy},
	{"notice", parley.Information, parley.Priority, parley.Watch},
	{"question", parley.Question, parley.Immediate, parley.Watch},
	{"incident", parley.Information, parley.Immediate, parley.Watch},
	{"correction", parley.Information, parley.Priority, parley.Envoy},
	{"greeting", parley.Information, parley.Routine, parley.Envoy},
}

// begin gives a draft that does not exist yet what it may begin from, and fills
// it when the address says so.
func (d *desk) begin(r *http.Request, p *composePage) (err error) {
	if p.Shares, err = d.shares(r.Context(), p.Line); err != nil {
		return err
	}
	if p.Draft.Form == "service" || p.Answered != nil {
		return nil
	}
	if p.Templates, err = d.st.Templates(r.Context(), p.Line.Key); err != nil {
		return err
	}
	book := d.bookFor(r)
	for _, x := range samples {
		p.Samples = append(p.Samples, sample{x.key, book.text("sample." + x.key)})
	}
	q := r.URL.Query()
	if v := q.Get("template"); v != "" {
		for _, t := range p.Templates {
			if strconv.FormatInt(t.ID, 10) == v {
				p.fill(t.Draft)
				return nil
			}
		}
		return errHidden
	}
	if v := q.Get("sample"); v != "" {
		words := d.bookOf(p.Line, r) // what goes on the record is in our own language
		for _, x := range samples {
			if x.key == v {
				p.Draft.Marker, p.Draft.Precedence = x.marker.String(), x.precedence.String()
				p.Draft.Subject, p.Draft.Text = words.text("sample."+x.key+"_subject"), words.text("sample."+x.key+"_text")
				for _, them := range p.Line.Them {
					p.Draft.To = append(p.Draft.To, string(them.Code)+"/"+string(x.office))
				}
				return nil
			}
		}
		return errHidden
	}
	return nil
}

// fill begins a draft from a template. Its exercise mark is that of the line
// now, never that of the day the template was made.
func (p *composePage) fill(t station.Draft) {
	t.Line, t.Exercise, t.Page = p.Draft.Line, p.Draft.Exercise, p.Draft.Page
	if t.From == "" {
		t.From = p.Draft.From
	}
	p.Draft = t
}

// send begins a draft that gives the other side our translation of an entry:
// it is our side only until that is released.
func (p *composePage) send(book *locale, it station.Item, id string) {
	t := shown(it.Translations, id, "")
	if t == nil {
		return
	}
	p.Draft.Marker, p.Draft.Precedence = parley.Information.String(), parley.Routine.String()
	p.Draft.Subject = book.text("translation.subject", nr(it.Serial), t.Language)
	p.Draft.Text, p.Draft.Language = t.Text, t.Language
}

// Unfilled reports whether brackets of a template are left in what is to be
// signed.
func (p *composePage) Unfilled() bool {
	open := strings.IndexAny(p.Draft.Subject+"\n"+p.Draft.Text, "[【")
	return open >= 0 && strings.ContainsAny((p.Draft.Subject + "\n" + p.Draft.Text)[open:], "]】")
}

// seenOf is what a releaser was shown, as his page says; nil when the draft is
// still the same.
func seenOf(r *http.Request, now station.Draft) *station.Draft {
	if r.PostForm.Get("version") == "" || r.PostForm.Get("version") == strconv.FormatInt(now.Version, 10) || !r.PostForm.Has("seen_text") {
		return nil
	}
	f := func(name string) string { return field(r, "seen_"+name) }
	return &station.Draft{Subject: f("subject"), Text: f("text"), Precedence: f("precedence"), Marker: f("marker"), To: strings.Fields(f("to")), Reason: f("reason")}
}

func (d *desk) removeTemplate(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if err := d.st.RemoveTemplate(r.Context(), s.officer, id); err != nil {
		return err
	}
	to := "/compose"
	if l, err := d.st.Line(r.Context(), r.PostForm.Get("line")); err == nil {
		to += "?line=" + l.Key
	}
	return done(w, r, to, "template_removed")
}
