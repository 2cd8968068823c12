package desk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Saying is what each side says of a contact in public: our readout while it is
// written, the embargo, the exchange of drafts, joint statements, and what was
// published.
type Saying interface {
	Statements(ctx context.Context, by station.Officer, line, contact string) (station.Statements, error)
	StatementsInShort(ctx context.Context, by station.Officer, line, contact string) (station.Statements, error)
	SaveReadout(ctx context.Context, by station.Officer, line, contact string, version int64, items []station.SaidItem) (station.Readout, error)
	ReviewReadout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	ApproveReadout(ctx context.Context, by station.Officer, line, contact string, version int64) (station.Readout, error)
	ReturnReadout(ctx context.Context, by station.Officer, line, contact string, version int64, note string) (station.Readout, error)
	ReadyReadout(ctx context.Context, by station.Officer, line, contact string, version int64, manual bool, named ...station.NamedQuote) (item string, err error)
	ShowReadout(ctx context.Context, by station.Officer, line, contact string, version int64, named ...station.NamedQuote) (item string, err error)
	RemarkOnDraft(ctx context.Context, by station.Officer, line, contact, draft string, item int, text string, named ...station.NamedQuote) (entry string, err error)
	ProposeEmbargo(ctx context.Context, by station.Officer, line, contact string, until time.Time, text, before string) (item string, err error)
	JudgeEmbargo(ctx context.Context, by station.Officer, line, contact, id, step, text string) (item string, err error)
	ProposeJoint(ctx context.Context, by station.Officer, line, contact string, items []station.SaidItem, text, before string, named ...station.NamedQuote) (item string, err error)
	JudgeJoint(ctx context.Context, by station.Officer, line, contact, id, step, text string) (item string, err error)
	OpenJoint(ctx context.Context, by station.Officer, line, contact, id string) error
	QuotesIn(ctx context.Context, by station.Officer, line, contact string, version int64) ([]station.SaidQuote, error)
	Publish(ctx context.Context, by station.Officer, line, contact string, in station.PublishText) (item string, err error)
	PublicPage(ctx context.Context, by station.Officer, line, item, lang string) (name string, html []byte, err error)
}

// sayingPage is what is said of one contact. Where more than two parties share the
// line, With is the one whose readout lies beside ours.
type sayingPage struct {
	Line    station.Line
	Contact station.Contact
	S       station.Statements
	Zones   []sideZone
	Tongues []string // in which our side writes
	With    string
	Beside  besideView
	Problem *problem
	Act     string               // that failed
	About   string               // the entry it was about
	Named   []station.NamedQuote // what it quotes and was refused for, with the reasons typed
	Typed   map[string]string
	Version int64              // that the next save names
	Newer   *station.Readout   // somebody saved it since
	Mine    []station.SaidItem // what was typed over an older one
	More    int                // rows for further topics
}

func sayingURL(line, id string) string { return contactURL(line, id) + "/said" }

// saysOf reads what is said of a contact.
func (d *desk) saysOf(r *http.Request, s *seat, line, id string) (station.Statements, error) {
	return d.st.Statements(r.Context(), s.officer, line, id)
}

// sayingPage is the whole page; sayingBase what it is made of, with nothing laid
// side by side.
func (d *desk) sayingPage(r *http.Request, s *seat) (*sayingPage, error) {
	p, err := d.sayingBase(r, s)
	if err != nil {
		return nil, err
	}
	p.Beside = lay(&d.kept, p.Line, p.S, p.With, p.Tongues)
	return p, nil
}

func (d *desk) sayingBase(r *http.Request, s *seat) (*sayingPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &sayingPage{Line: l, Typed: map[string]string{}}
	if p.Contact, err = d.st.Contact(r.Context(), s.officer, l.Key, r.PathValue("id")); err != nil {
		return nil, err
	}
	if p.S, err = d.saysOf(r, s, l.Key, p.Contact.ID); err != nil {
		return nil, err
	}
	p.Zones, p.Tongues = d.zonesOf(r, l, &p.Contact), tongues(p.S)
	if p.S.Readout != nil {
		p.Version = p.S.Readout.Version
	}
	p.Typed["zone"] = zoneTyped(p.Zones)
	p.More, _ = strconv.Atoi(r.URL.Query().Get("rows"))
	p.With = p.with(r.URL.Query().Get("with"))
	return p, nil
}

// with is the other side whose readout is shown: the one asked for, else the first
// that has shown one, else the first.
func (p *sayingPage) with(asked string) string {
	first, shown := "", false
	for _, x := range p.S.Sides {
		switch {
		case x.Ours:
		case x.Party == asked:
			return asked
		case first == "" || !shown && current(x) != nil:
			first, shown = x.Party, current(x) != nil
		}
	}
	return first
}

func sideOf(v station.Statements, party string) station.SaidSide {
	for _, x := range v.Sides {
		if x.Party == party {
			return x
		}
	}
	return station.SaidSide{Party: party, State: "none"}
}

// current is the draft of a side that counts; nil: it has shown none.
func current(x station.SaidSide) *station.SaidDraft {
	for i := range x.Drafts {
		if x.Drafts[i].Current {
			return &x.Drafts[i]
		}
	}
	return nil
}

// Ours is our own side; Other the one beside it; Others all but ours.
func (p *sayingPage) Ours() station.SaidSide  { return sideOf(p.S, p.S.Us) }
func (p *sayingPage) Other() station.SaidSide { return sideOf(p.S, p.With) }
func (p *sayingPage) Others() (out []station.SaidSide) {
	for _, x := range p.S.Sides {
		if !x.Ours {
			out = append(out, x)
		}
	}
	return out
}

// Down reports whether nothing of theirs can come now.
func (p *sayingPage) Down() bool { return p.Line.Lamp.State == station.LampDown }

// Can reports whether our readout, as it is approved, can be made ready: nothing
// of ours is bound yet. CanShow whether a later version of it can be shown.
func (p *sayingPage) Can() bool {
	o := p.S.Readout
	return o != nil && o.State == "approved" && o.Over == 0 && !o.Stale && (o.Ready == nil || !o.Ready.Shown && o.Ready.Version != o.Version)
}
func (p *sayingPage) CanShow() bool {
	o := p.S.Readout
	return o != nil && o.State == "approved" && o.Over == 0 && !o.Stale && o.Ready != nil && o.Ready.Shown && o.Ready.Version != o.Version
}

// Held reports whether what our side is bound to waits to be shown by hand.
func (p *sayingPage) Held() bool {
	o := p.S.Readout
	return o != nil && o.Ready != nil && o.Ready.Manual && !o.Ready.Shown
}

// Before is the embargo in whose place another is proposed: the one that is agreed,
// else the newest that waits; "" where there is none.
func (p *sayingPage) Before() string {
	e := p.S.Embargo
	if e.ID != "" || len(e.Open) == 0 {
		return e.ID
	}
	return e.Open[len(e.Open)-1].ID
}

// ZoneTyped is the zone that the page's forms begin with.
func (p *sayingPage) ZoneTyped() map[string]string { return map[string]string{"zone": p.Typed["zone"]} }

// UsualZones are names of zones to choose from.
func (p *sayingPage) UsualZones() []string { return usualZones }

// tongues are the languages of the parties, ours first, and any that something said
// of the contact is in.
func tongues(v station.Statements) []string {
	out := slices.Clone(v.Languages)
	add := func(texts []station.SaidText) {
		for _, t := range texts {
			if !contains(out, t.Language) {
				out = append(out, t.Language)
			}
		}
	}
	for _, w := range v.Wordings {
		add(w.Texts)
	}
	if v.Readout != nil {
		for _, it := range v.Readout.Items {
			add(it.Texts)
		}
	}
	return out
}

// A draftRow is one topic of our draft, as it stands in the form. The first is the
// opening, which has no topic.
type draftRow struct {
	N     int
	Topic string
	Fixed bool // the topic is one of the contact, or none: it is not typed
	Texts map[string]string
}

const mostTopics, spareRows = 64, 1

// Rows are those of our draft: the opening, what is written, the topics of the
// contact of which nothing is, and room for more.
func (p *sayingPage) Rows() []draftRow {
	items := p.Mine
	if items == nil && p.S.Readout != nil {
		items = p.S.Readout.Items
	}
	return rowsFor(items, p.S.Topics, spareRows+min(max(p.More, 0), 8))
}

func rowsFor(items []station.SaidItem, topics []string, more int) []draftRow {
	rows := []draftRow{{Fixed: true, Texts: map[string]string{}}}
	add := func(topic string, texts []station.SaidText) {
		row := draftRow{N: len(rows), Topic: topic, Fixed: contains(topics, topic), Texts: map[string]string{}}
		for _, t := range texts {
			row.Texts[t.Language] = t.Text
		}
		rows = append(rows, row)
	}
	have := func(topic string) bool {
		return slices.ContainsFunc(items, func(it station.SaidItem) bool { return strings.EqualFold(it.Topic, topic) })
	}
	for i, it := range items {
		if it.Topic == "" && i == 0 {
			for _, t := range it.Texts {
				rows[0].Texts[t.Language] = t.Text
			}
			continue
		}
		add(it.Topic, it.Texts)
	}
	for _, t := range topics {
		if !have(t) {
			add(t, nil)
		}
	}
	for range more {
		if len(rows) < mostTopics {
			add("", nil)
		}
	}
	return rows
}

// itemsOf reads the topics and texts of a form. A draft may be unfinished: a topic
// that was typed stays, one that the form had by itself and nothing was written of
// does not.
func itemsOf(r *http.Request) (out []station.SaidItem) {
	var langs []string
	for k := range r.PostForm {
		if lang, ok := strings.CutPrefix(k, "text-0-"); ok && tagOf(lang) != "" {
			langs = append(langs, lang)
		}
	}
	slices.SortFunc(langs, func(a, b string) int { return langAt(r, a) - langAt(r, b) })
	for n := range mostTopics {
		it := station.SaidItem{Topic: strings.Join(strings.Fields(field(r, fmt.Sprint("topic-", n))), " ")}
		for _, lang := range langs {
			if text := strings.TrimSpace(field(r, fmt.Sprintf("text-%d-%s", n, lang))); text != "" {
				it.Texts = append(it.Texts, station.SaidText{Language: lang, Text: text})
			}
		}
		if len(it.Texts) > 0 || it.Topic != "" && r.PostForm.Get(fmt.Sprint("given-", n)) == "" {
			out = append(out, it)
		}
	}
	return out
}

// langAt is the place of a language in the form, which says its order.
func langAt(r *http.Request, lang string) int {
	if i := slices.Index(strings.Fields(r.PostForm.Get("tongues")), lang); i >= 0 {
		return i
	}
	return mostTopics
}

func (d *desk) saying(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.sayingPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "saying", p)
	return nil
}

// saveReadout keeps what was typed: for a script after every pause in typing, and
// for the button.
func (d *desk) saveReadout(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if by := r.PostForm.Get("officer"); by != "" && by != strconv.FormatInt(s.officer.ID, 10) {
		return parley.Errorf(parley.NotAllowed, "this page was opened by another officer; nothing of it was saved")
	}
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	line, id, items := r.PathValue("line"), r.PathValue("id"), itemsOf(r)
	saved, err := d.st.SaveReadout(r.Context(), s.officer, line, id, version, items)
	if err != nil {
		return d.readoutNotSaved(w, r, s, items, err)
	}
	if !wantsJSON(r) {
		to := sayingURL(line, id)
		if r.PostForm.Get("then") == "more" {
			to += "?rows=2"
		}
		return done(w, r, to, "saying_save")
	}
	p, err := d.sayingBase(r, s) // after every pause in typing, for a fragment that compares nothing
	if err != nil {
		return err
	}
	p.S.Readout, p.Version = &saved, saved.Version
	side, err := d.fragment(r, "saysteps", d.sayingFrame(r, s, p))
	if err != nil {
		return err
	}
	d.writeJSON(w, http.StatusOK, map[string]any{"version": saved.Version, "saved": saved.Saved.Unix(), "side": side})
	return nil
}

func versionOf(r *http.Request) (int64, error) {
	v := r.PostForm.Get("version")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, parley.Errorf(parley.Malformed, "version %q is not a number", v)
	}
	return n, nil
}

func (d *desk) sayingFrame(r *http.Request, s *seat, p *sayingPage) *frame {
	return &frame{Book: d.bookFor(r), Party: d.party, Name: d.name, Seat: s, Now: d.now(), Lines: []station.Line{p.Line}, Body: p, find: d.finder(r), kept: &d.kept}
}

// readoutNotSaved answers a save that was refused. When somebody else saved first,
// what differs is shown, and the next save names the version that was seen.
func (d *desk) readoutNotSaved(w http.ResponseWriter, r *http.Request, s *seat, mine []station.SaidItem, why error) error {
	pr := problemOf(why)
	if pr.Status >= http.StatusInternalServerError {
		return why
	}
	p, err := d.sayingPage(r, s)
	if err != nil {
		return err
	}
	p.Problem, p.Mine = pr, mine
	if parley.KindOf(why) == parley.Conflict {
		p.Newer = p.S.Readout
	}
	if !wantsJSON(r) {
		d.renderStatus(w, r, s, pr.Status, "saying", "title.saying", p)
		return nil
	}
	f := d.sayingFrame(r, s, p)
	answer := map[string]any{"error": f.Book.text(pr.Kind), "detail": f.Book.said(pr.Detail).Text}
	if p.Newer != nil {
		if answer["conflict"], err = d.fragment(r, "sayconflict", f); err != nil {
			return err
		}
		answer["version"] = p.Version
	}
	d.writeJSON(w, pr.Status, answer)
	return nil
}

// sayingAct does one act on what is said of a contact.
type sayingAct func(d *desk, r *http.Request, s *seat, line, id string) error

var sayingActs = map[string]sayingAct{
	"review": func(d *desk, r *http.Request, s *seat, line, id string) error {
		return onVersion(r, func(v int64) error { _, err := d.st.ReviewReadout(r.Context(), s.officer, line, id, v); return err })
	},
	"approve": func(d *desk, r *http.Request, s *seat, line, id string) error {
		return onVersion(r, func(v int64) error { _, err := d.st.ApproveReadout(r.Context(), s.officer, line, id, v); return err })
	},
	"return": func(d *desk, r *http.Request, s *seat, line, id string) error {
		return onVersion(r, func(v int64) error {
			_, err := d.st.ReturnReadout(r.Context(), s.officer, line, id, v, field(r, "note"))
			return err
		})
	},
	"ready": func(d *desk, r *http.Request, s *seat, line, id string) error {
		return onVersion(r, func(v int64) error {
			_, err := d.st.ReadyReadout(r.Context(), s.officer, line, id, v, r.PostForm.Get("manual") == "yes", named(r)...)
			return err
		})
	},
	"show": func(d *desk, r *http.Request, s *seat, line, id string) error {
		return onVersion(r, func(v int64) error {
			_, err := d.st.ShowReadout(r.Context(), s.officer, line, id, v, named(r)...)
			return err
		})
	},
	"embargo": (*desk).proposeEmbargo,
	"embargo-answer": func(d *desk, r *http.Request, s *seat, line, id string) error {
		step, err := chosen(r, "step", "it is not chosen what to do")
		if err == nil {
			_, err = d.st.JudgeEmbargo(r.Context(), s.officer, line, id, r.PostForm.Get("about"), step, field(r, "text"))
		}
		return err
	},
	"remark": func(d *desk, r *http.Request, s *seat, line, id string) error {
		n, err := strconv.Atoi(r.PostForm.Get("item"))
		if err != nil || n < 0 {
			return parley.Errorf(parley.Malformed, "it is not said which part is meant")
		}
		_, err = d.st.RemarkOnDraft(r.Context(), s.officer, line, id, r.PostForm.Get("about"), n, field(r, "text"), named(r)...)
		return err
	},
	"joint-answer": (*desk).judgeJoint,
}

func (d *desk) judgeJoint(r *http.Request, s *seat, line, id string) error {
	step, err := chosen(r, "step", "it is not chosen what to do")
	if err != nil {
		return err
	}
	about := r.PostForm.Get("about")
	if step == "open" {
		return d.st.OpenJoint(r.Context(), s.officer, line, id, about)
	}
	if step == "sign" {
		if err := sure(r); err != nil {
			return err
		}
	}
	_, err = d.st.JudgeJoint(r.Context(), s.officer, line, id, about, step, field(r, "text"))
	return err
}

// onVersion does what names the version of our readout that was shown.
func onVersion(r *http.Request, do func(version int64) error) error {
	v, err := versionOf(r)
	if err == nil && v == 0 {
		err = parley.Errorf(parley.Malformed, "the act names no version")
	}
	if err != nil {
		return err
	}
	return do(v)
}

func (d *desk) proposeEmbargo(r *http.Request, s *seat, line, id string) error {
	until, err := timeIn(r, "until")
	if err != nil {
		return err
	}
	if until.IsZero() {
		return parley.Errorf(parley.BadForm, "it is not said until when")
	}
	_, err = d.st.ProposeEmbargo(r.Context(), s.officer, line, id, until, field(r, "text"), r.PostForm.Get("about"))
	return err
}

func (d *desk) actOnSaying(w http.ResponseWriter, r *http.Request, s *seat) error {
	act := r.PathValue("act")
	if act == "save" {
		return d.saveReadout(w, r, s)
	}
	do, ok := sayingActs[act]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	line, id := r.PathValue("line"), r.PathValue("id")
	err := do(d, r, s, line, id)
	if err == nil {
		return done(w, r, sayingURL(line, id), "saying_"+act)
	}
	p, lost := d.sayingPage(r, s)
	if lost != nil {
		return lost
	}
	zone := p.Typed["zone"]
	p.Problem, p.Act, p.About, p.Typed = problemOf(err), act, r.PostForm.Get("about"), typed(r)
	p.Named = toName(named(r), err)
	if p.Typed["zone"] == "" {
		p.Typed["zone"] = zone
	}
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("acting on what is said", "act", act, "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "saying", "title.saying", p)
	return nil
}

// WritesReadouts reports whether the seat may write our readout.
func (f *frame) WritesReadouts() bool {
	return f.Seat != nil && f.Seat.is(parley.Envoy, parley.Principal, parley.Watch, parley.Translator)
}

// SpeaksForUs reports whether the seat may bind our side to words: show a readout, agree
// an embargo, sign, publish.
func (f *frame) SpeaksForUs() bool { return f.Arranges() }
