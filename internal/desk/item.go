package desk

import (
	"context"
	"net/http"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// itemPage is one entry, and what may be done with it.
type itemPage struct {
	Line    station.Line
	Item    station.Item
	Closed  bool // theirs and not opened here: the text is not shown
	Problem *problem
	Act     string // the act that failed
	Typed   map[string]string
	Query   string // the query as we word it
	Tracer  string

	Shown  *station.Translation // beside the original; nil: there is none
	Three  bool                 // our side wants three marks
	Shares []share              // of FLASH, where this is one
}

// item shows an entry. Reading the text is audited: an officer who comes to an
// entry that is open already reads it too; a page that only renews itself does
// not.
func (d *desk) item(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.itemPage(r.Context(), r, r.PathValue("line"), r.PathValue("id"))
	if err != nil {
		return err
	}
	if readable(p.Item) && !p.Item.Ours && !live(r) {
		if p.Item, err = d.st.Open(r.Context(), s.officer, p.Line.Key, p.Item.ID); err != nil {
			return err
		}
	}
	p.Shown = shown(p.Item.Translations, r.URL.Query().Get("translation"), p.Language())
	d.render(w, r, s, "item", p)
	return nil
}

func (d *desk) itemPage(ctx context.Context, r *http.Request, line, id string) (*itemPage, error) {
	l, err := d.st.Line(ctx, line)
	if err != nil {
		return nil, err
	}
	it, err := d.st.Item(ctx, l.Key, id)
	if err != nil {
		return nil, err
	}
	book := d.bookOf(l, r)
	p := &itemPage{Line: l, Item: it, Closed: closed(it), Typed: map[string]string{},
		Query: book.text("item.query_text", nr(it.Serial)), Tracer: book.text("item.tracer_text", nr(it.Serial))}
	p.Shown = shown(it.Translations, r.FormValue("translation"), p.Language())
	if it.Ladder != nil {
		if p.Three, err = d.st.ThreeMarks(ctx); err != nil {
			return nil, err
		}
	}
	if it.Form == "dispatch" && it.Precedence == parley.Flash {
		p.Shares, err = d.shares(ctx, l)
	}
	return p, err
}

// bookOf is the catalogue for texts that go on the record: in our language on
// the line, whatever language the officer's desk has.
func (d *desk) bookOf(l station.Line, r *http.Request) *locale {
	if len(l.Us.Languages) > 0 {
		base, _, _ := strings.Cut(strings.ToLower(l.Us.Languages[0]), "-")
		if b, ok := d.books[base]; ok {
			return b
		}
	}
	return d.bookFor(r)
}

// closed reports whether the text of an entry waits to be opened.
func closed(it station.Item) bool {
	return !it.Ours && it.Text == "" && !it.Unreadable && it.Known && len(it.Ladder) > 0
}

func readable(it station.Item) bool { return it.Text != "" }

// Reached is for templates: whether a rung has been reached.
func (p *itemPage) Reached(name string) bool { return reached(p.Item, name) }

// Language is the language a translation of this entry is wanted in: our own.
func (p *itemPage) Language() string {
	if p.Item.Ours || len(p.Line.Us.Languages) == 0 {
		return ""
	}
	return p.Line.Us.Languages[0]
}

// Down reports whether nothing can be sent now.
func (p *itemPage) Down() bool { return p.Line.Lamp.State == station.LampDown }

// itemAct does one act; said is the word for it.
type itemAct func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error

// itemActs are the acts of the item page by the last part of their address.
// Silence is not among them: it is about an alarm.
var itemActs = map[string]itemAct{
	"open": func(ctx context.Context, d *desk, _ *http.Request, by station.Officer, line, id string) error {
		_, err := d.st.Open(ctx, by, line, id)
		return err
	},
	"acknowledge": func(ctx context.Context, d *desk, _ *http.Request, by station.Officer, line, id string) error {
		return d.st.Acknowledge(ctx, by, line, id)
	},
	"take": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		if from := r.PostForm.Get("from"); from != "" {
			return d.st.TakeFrom(ctx, by, line, id, from)
		}
		return d.st.Take(ctx, by, line, id)
	},
	"giveback": func(ctx context.Context, d *desk, _ *http.Request, by station.Officer, line, id string) error {
		return d.st.GiveBack(ctx, by, line, id)
	},
	"translate": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		_, err := d.st.Translate(ctx, by, line, id, field(r, "language"), translationText(r))
		return err
	},
	"certify": onTranslation(func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string, n int64) error {
		return d.st.Certify(ctx, by, line, id, n)
	}),
	"dispute": onTranslation(func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string, n int64) error {
		_, err := d.st.DisputeWords(ctx, by, line, id, n, field(r, "words"), field(r, "note"))
		return err
	}),
	"settle": onTranslation(func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string, n int64) error {
		dispute, err := number(r.PostForm.Get("dispute"))
		if err != nil {
			return err
		}
		return d.st.SettleDispute(ctx, by, line, id, n, dispute, field(r, "how"))
	}),
	"review": onTranslation(func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string, n int64) error {
		return d.st.Review(ctx, by, line, id, n)
	}),
	"informed": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		at, err := d.informedAt(r)
		if err != nil {
			return err
		}
		return d.st.Informed(ctx, by, line, id, at)
	},
	"query": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		return d.st.Query(ctx, by, line, id, field(r, "text"))
	},
	"tracer": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		return d.st.Tracer(ctx, by, line, id, field(r, "text"))
	},
	"disregard": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		return d.st.Disregard(ctx, by, line, id, field(r, "reason"))
	},
	"askreadback": func(ctx context.Context, d *desk, _ *http.Request, by station.Officer, line, id string) error {
		return d.st.AskReadBack(ctx, by, line, id)
	},
	"givereadback": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		return d.st.GiveReadBack(ctx, by, line, id, field(r, "text"))
	},
	"findreadback": func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, _ string) error {
		right := r.PostForm.Get("right")
		if right != "yes" && right != "no" {
			return parley.Errorf(parley.BadForm, "say whether it is right")
		}
		return d.st.FindReadBack(ctx, by, line, r.PostForm.Get("readback"), right == "yes", field(r, "text"))
	},
	"checkcall": func(ctx context.Context, d *desk, _ *http.Request, by station.Officer, line, id string) error {
		_, err := d.st.CheckCall(ctx, by, line, id)
		return err
	},
}

// onTranslation is an act on one translation of an item, by its number.
func onTranslation(do func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string, n int64) error) itemAct {
	return func(ctx context.Context, d *desk, r *http.Request, by station.Officer, line, id string) error {
		n, err := number(r.PostForm.Get("translation"))
		if err != nil {
			return err
		}
		return do(ctx, d, r, by, line, id, n)
	}
}

// informedAt is when the principal was told, in UTC; now when the field is
// empty.
func (d *desk) informedAt(r *http.Request) (time.Time, error) {
	if v := r.PostForm.Get("at"); v != "" {
		return parseWhen(v)
	}
	return d.now().UTC(), nil
}

// actOnItem does an act. One that is refused shows the page again with why,
// and with what was typed.
func (d *desk) actOnItem(w http.ResponseWriter, r *http.Request, s *seat) error {
	name := r.PathValue("act")
	act, ok := itemActs[name]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	line, id := r.PathValue("line"), r.PathValue("id")
	err := act(r.Context(), d, r, s.officer, line, id)
	if err == nil {
		to := itemURL(station.Item{Line: line, ID: id})
		if b := r.PostForm.Get("back"); b != "" {
			to = back(b)
		}
		return done(w, r, to, name)
	}
	p, lost := d.itemPage(r.Context(), r, line, id)
	if lost != nil {
		return lost
	}
	p.Problem, p.Act = problemOf(err), name
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("acting on an entry", "act", name, "err", err)
	}
	for k := range r.PostForm {
		p.Typed[k] = r.PostForm.Get(k)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "item", "title.item", p)
	return nil
}
