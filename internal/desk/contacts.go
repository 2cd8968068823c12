package desk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// Contacting arranges calls and meetings, and keeps the register of those that
// took place.
type Contacting interface {
	Contacts(ctx context.Context, line string, asOf time.Time) (station.ContactBook, error)
	Contact(ctx context.Context, by station.Officer, line, id string) (station.Contact, error)
	CheckTerms(in station.ContactTerms) error
	AskContact(ctx context.Context, by station.Officer, line string, in station.ContactTerms) (item string, err error)
	OfferTerms(ctx context.Context, by station.Officer, line, id string, in station.ContactTerms) (item string, err error)
	ReplyContact(ctx context.Context, by station.Officer, line, id string, in station.ContactReply) (item string, err error)
	CallOffContact(ctx context.Context, by station.Officer, line, id, reason, text string, next time.Time) (item string, err error)
	AddPoint(ctx context.Context, by station.Officer, line, id string, in station.PointText, before string) (item string, err error)
	JudgePoint(ctx context.Context, by station.Officer, line, id, point, step, text string) (item string, err error)
	EnterContacts(ctx context.Context, by station.Officer, line, id string, rows []contact.Row) (items []string, err error)
	JudgeContacts(ctx context.Context, by station.Officer, line, id, step string, which []int, text string) (item string, err error)
	WriteContacts(ctx context.Context, line string, w io.Writer) error
	Calendar(ctx context.Context, line, id string) (string, error)
}

// contactsPage is how contacts of a line stand: those being arranged, and the
// register of those that took place.
type contactsPage struct {
	Line    station.Line
	Book    station.ContactBook
	AsOf    string            // as typed, YYYY-MM-DD; "" is today
	Going   []station.Contact // something is still to be done or to come
	Ended   []station.Contact
	Picture *timeline // nil: there is nothing to draw
	All     bool      // the whole register is shown, not the newest rows
	Problem *problem
	Act     string // that failed
	Typed   map[string]string
}

// People number the fields of those who took part.
func (p *contactsPage) People() []int { return rowsOf(p.Typed, "name-", leastPeople, mostPeople) }

// shownRows is how many rows of the register a page shows unasked.
const shownRows = 200

// Rows are those of the register that the page shows, the newest first.
func (p *contactsPage) Rows() []station.RegisterRow {
	if p.All {
		return p.Book.Rows
	}
	return p.Book.Rows[:min(shownRows, len(p.Book.Rows))]
}

// AllURL is the page with every row; "" where it has them.
func (p *contactsPage) AllURL() string {
	if len(p.Rows()) == len(p.Book.Rows) {
		return ""
	}
	q := url.Values{"rows": {"all"}}
	if p.AsOf != "" {
		q.Set("asof", p.AsOf)
	}
	return contactsURL(p.Line.Key) + "?" + q.Encode()
}

// going are the states in which somebody still has something to do, or to come to.
var going = []contact.State{contact.Asked, contact.NoAnswer, contact.Agreed, contact.Differ, contact.Past}

// Arranges reports whether the seat may keep topics and judge the register. Who asks
// for contacts and answers for them is agreed for each level (MayAt).
func (f *frame) Arranges() bool { return f.Seat != nil && f.Seat.is(parley.Envoy, parley.Principal) }

// Plans reports whether the seat may work on the file of a contact, and enter
// what took place.
func (f *frame) Plans() bool {
	return f.Seat != nil && f.Seat.is(parley.Envoy, parley.Principal, parley.Watch)
}

// MayAt reports whether the seat may arrange contacts at a level of a line.
func (f *frame) MayAt(rules []station.LevelRule, level string) bool {
	return f.Seat != nil && slices.ContainsFunc(rules, func(r station.LevelRule) bool {
		return r.Level == level && slices.Contains(r.Offices, string(f.Seat.office))
	})
}

// MayArrange reports whether it may at any.
func (f *frame) MayArrange(rules []station.LevelRule) bool {
	return slices.ContainsFunc(rules, func(r station.LevelRule) bool { return f.MayAt(rules, r.Level) })
}

// LevelsFor are the levels at which the seat may arrange contacts, from the highest.
func (f *frame) LevelsFor(rules []station.LevelRule) (out []string) {
	for _, r := range rules {
		if f.MayAt(rules, r.Level) {
			out = append(out, r.Level)
		}
	}
	return out
}

// LevelsAgreed reports whether the charter says who arranges contacts.
func (f *frame) LevelsAgreed(rules []station.LevelRule) bool {
	return slices.ContainsFunc(rules, func(r station.LevelRule) bool { return r.Agreed })
}

// dispute is what somebody says against what was entered.
type dispute struct{ By, Text string }

// Dispute reads "code: text", as the station writes it.
func (f *frame) Dispute(s string) dispute {
	code, text, _ := strings.Cut(s, ": ")
	return dispute{f.PartyName(parley.PartyCode(code)), text}
}

func contactsURL(line string) string { return lineURL(line) + "/contacts" }

func contactURL(line, id string) string { return lineURL(line) + "/contact/" + id }

// anyContacts leads to the contacts of the first line.
func (d *desk) anyContacts(w http.ResponseWriter, r *http.Request, s *seat) error {
	lines, err := d.st.Lines(r.Context())
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		d.render(w, r, s, "contacts", &contactsPage{})
		return nil
	}
	http.Redirect(w, r, contactsURL(lines[0].Key), http.StatusSeeOther)
	return nil
}

func (d *desk) contactsPage(r *http.Request) (*contactsPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &contactsPage{Line: l, AsOf: strings.TrimSpace(r.URL.Query().Get("asof")), All: r.URL.Query().Get("rows") == "all", Typed: map[string]string{}}
	var asOf time.Time
	if p.AsOf != "" {
		day, err := contact.ParseDate(p.AsOf)
		if err != nil {
			p.Problem = problemOf(err)
		} else {
			asOf = day.AddDate(0, 0, 1).Add(-time.Second)
		}
	}
	if p.Book, err = d.st.Contacts(r.Context(), l.Key, asOf); err != nil {
		return nil, err
	}
	for _, c := range p.Book.Contacts {
		if slices.Contains(going, c.State) {
			p.Going = append(p.Going, c)
		} else {
			p.Ended = append(p.Ended, c)
		}
	}
	p.Picture = draw(d.bookFor(r), p.Book)
	return p, nil
}

func (d *desk) contacts(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.contactsPage(r)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.Problem != nil {
		status = p.Problem.Status
	}
	d.renderStatus(w, r, s, status, "contacts", "title.contacts", p)
	return nil
}

// contactsJSON is the page as data.
func (d *desk) contactsJSON(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.contactsPage(r)
	if err != nil {
		return err
	}
	if p.Problem != nil {
		return parley.Errorf(parley.BadForm, "%s", p.Problem.Detail)
	}
	if err := d.st.NoteExport(r.Context(), s.officer, p.Line.Key, "contacts as JSON"); err != nil {
		return err
	}
	sendFile(w, contactsFile(p.Line, ".json"), "application/json")
	d.writeJSON(w, http.StatusOK, p.Book)
	return nil
}

// contactsTable is the register as a table.
func (d *desk) contactsTable(w http.ResponseWriter, r *http.Request, s *seat) error {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	if err := d.st.NoteExport(r.Context(), s.officer, l.Key, "register of contacts"); err != nil {
		return err
	}
	out := &late{w: w, name: contactsFile(l, ".csv"), mediaType: "text/csv; charset=utf-8"}
	if err := d.st.WriteContacts(r.Context(), l.Key, out); err != nil {
		if !out.begun {
			return err
		}
		d.log.Error("writing the register", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func contactsFile(l station.Line, suffix string) string {
	return fmt.Sprintf("%s-contacts%s", l.Key[:min(8, len(l.Key))], suffix)
}

// SayContact is the one sentence that says where a contact stands, in the words
// of the page; it says the same as station.Contact.Sentence.
func (f *frame) SayContact(c station.Contact) string {
	when := func(t time.Time) string { return parley.DTG(t) }
	asked := f.Parties(c.Initiated)
	switch c.State {
	case contact.Agreed:
		s := f.Book.text("contact.say.agreed", when(c.Start), asked)
		if slices.ContainsFunc(c.Terms, func(o station.ContactOffer) bool { return o.Open }) {
			s += " " + f.Book.text("contact.say.change")
		}
		return s
	case contact.Withdrawn:
		if c.Off != nil && c.Crossed {
			return f.Book.text("contact.say.crossed", f.PartyName(parley.PartyCode(c.Off.By)), when(c.Off.At))
		} else if c.Off != nil {
			return f.Book.text("contact.say.withdrawn", f.PartyName(parley.PartyCode(c.Off.By)), when(c.Off.At))
		}
	case contact.Cancelled:
		if c.Off != nil {
			return f.Book.text("contact.say.cancelled", when(c.Start), f.PartyName(parley.PartyCode(c.Off.By)), when(c.Off.At))
		}
	case contact.Past:
		return f.Book.text("contact.say.past", when(c.Start))
	case contact.NoAnswer:
		return f.Book.text("contact.say.no-answer", f.Parties(waitsFor(c)))
	case contact.Asked:
		return f.Book.text("contact.say.asked", asked, f.Parties(waitsFor(c)))
	}
	return f.Book.text("contact.say." + string(c.State))
}

// waitsFor are the parties whose answer open offers wait for, each once.
func waitsFor(c station.Contact) (out []string) {
	for _, o := range c.Terms {
		for _, p := range o.Waits {
			if o.Open && !contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// Parties are the names of parties, in one phrase.
func (f *frame) Parties(codes []string) string {
	out := ""
	for i, c := range codes {
		name := f.PartyName(parley.PartyCode(c))
		if i == 0 {
			out = f.Book.isolate(name)
		} else {
			out = f.Book.text("list.and", out, name)
		}
	}
	return out
}

// DueAt is when the next thing of a contact is due: its beginning, or the time by
// which an answer is asked for; zero: nothing is.
func (f *frame) DueAt(c station.Contact) (at time.Time) {
	if c.State == contact.Agreed {
		return c.Start
	}
	for _, o := range c.Terms {
		if o.Open && !o.AnswerBy.IsZero() && (at.IsZero() || o.AnswerBy.Before(at)) {
			at = o.AnswerBy
		}
	}
	return at
}

// ForUs reports whether a contact waits for something of our side.
func (f *frame) ForUs(c station.Contact) bool {
	return c.State == contact.Past || slices.Contains(going, c.State) && slices.ContainsFunc(c.Terms, func(o station.ContactOffer) bool { return o.Asked })
}

// Acceptable reports whether a window of an offer has not passed.
func (f *frame) Acceptable(o station.ContactOffer) bool {
	return slices.ContainsFunc(o.Windows, func(w station.ContactWindow) bool { return w.End.After(f.Now) })
}
