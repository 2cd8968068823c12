package desk

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/station"
)

// contactPage is the file of one contact.
type contactPage struct {
	Line    station.Line
	Contact station.Contact
	Zones   []sideZone
	Problem *problem
	Act     string            // that failed
	About   string            // the entry it was about
	Typed   map[string]string // what was typed into its form
	Calls   []station.Call    // that were rung for it, the newest first
	Memcons []station.Memcon  // that the officer may see
	Said    station.Statements
	Now     time.Time
}

// callEarly is for how long before its start a contact is about to begin.
const callEarly = 15 * time.Minute

// Rings reports whether the other side can be rung for the contact: it is agreed,
// by voice or by video.
func (p *contactPage) Rings() bool {
	return p.Contact.State == contact.Agreed && p.Contact.Medium != "in-person"
}

// Soon reports whether it is about to begin.
func (p *contactPage) Soon() bool { return !p.Now.Before(p.Contact.Start.Add(-callEarly)) }

// pointKinds are the kinds of points, in the order of the page; one that is
// announced stands beside.
var pointKinds = []string{"agenda", "person", "document", "open-item", "rehearsal", "announcement", "next-contact"}

// Kinds are the kinds of points.
func (p *contactPage) Kinds() []string { return pointKinds }

// Of are the points of a kind.
func (p *contactPage) Of(kind string) (out []station.ContactPoint) {
	for _, x := range p.Contact.Points {
		if x.Kind == kind {
			out = append(out, x)
		}
	}
	return out
}

// Over reports whether the contact is called off, or stands in another one: its
// file is closed.
func (p *contactPage) Over() bool {
	switch p.Contact.State {
	case contact.Withdrawn, contact.Cancelled, contact.Met:
		return true
	}
	return false
}

// Says reports whether anything is said of it in public, or is to be: it was spoken,
// or somebody has begun.
func (p *contactPage) Says() bool {
	v := p.Said
	if len(v.Wordings) > 0 || v.Readout != nil || len(v.Joints) > 0 || len(v.Published) > 0 || v.Embargo.ID != "" || len(v.Embargo.Open) > 0 {
		return true
	}
	if slices.ContainsFunc(v.Sides, func(x station.SaidSide) bool { return x.State != "none" }) {
		return true
	}
	return p.Contact.State == contact.Took || p.Contact.State == contact.Past
}

// Down reports whether nothing of theirs can come now.
func (p *contactPage) Down() bool { return p.Line.Lamp.State == station.LampDown }

// LastProofs are the entries whose proofs carry what our side published last.
func (p *contactPage) LastProofs() []string {
	for _, x := range slices.Backward(p.Said.Published) {
		if x.Ours {
			return x.Proofs
		}
	}
	return nil
}

// Settled reports whether nothing is offered for it any more.
func (p *contactPage) Settled() bool { return p.Over() || p.Contact.State == contact.Took }

// Silent are our offers that nobody answered in time, and that is proved.
func (p *contactPage) Silent() (out []string) {
	for _, o := range p.Contact.Terms {
		if o.Ours && o.Open && o.Overdue {
			out = append(out, o.ID)
		}
	}
	return out
}

// Standing is the offer that is agreed, else the newest that waits; nil: none.
func (p *contactPage) Standing() (top *station.ContactOffer) {
	for i := range p.Contact.Terms {
		o := &p.Contact.Terms[i]
		if o.Agreed {
			return o
		}
		if o.Open || top == nil {
			top = o
		}
	}
	return top
}

// A team is who takes part for a side, as it says itself.
type team struct {
	Party  string
	People []station.ContactPerson
}

// Teams are the participants of each side: by the newest words of each that name
// any, and the points of the file that are agreed.
func (p *contactPage) Teams() (out []team) {
	by := map[string][]station.ContactPerson{}
	for _, o := range p.Contact.Terms {
		if len(o.Participants) > 0 {
			by[o.By] = o.Participants
		}
		for _, a := range o.Replies {
			if a.Accept && len(a.Participants) > 0 {
				by[a.By] = a.Participants
			}
		}
	}
	for _, x := range append([]station.Party{p.Line.Us}, p.Line.Them...) {
		if contains(p.Contact.Parties, string(x.Code)) {
			out = append(out, team{string(x.Code), by[string(x.Code)]})
		}
	}
	return out
}

// has reports whether an entry is one of the contact's requests.
func (p *contactPage) has(id string) bool {
	return id == p.Contact.ID || slices.ContainsFunc(p.Contact.Terms, func(o station.ContactOffer) bool { return o.ID == id })
}

func (d *desk) contactPage(r *http.Request, s *seat) (*contactPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &contactPage{Line: l, Typed: map[string]string{}}
	if p.Contact, err = d.st.Contact(r.Context(), s.officer, l.Key, r.PathValue("id")); err != nil {
		return nil, err
	}
	p.Zones, p.Now = d.zonesOf(r, l, &p.Contact), d.now()
	if p.Said, err = d.st.StatementsInShort(r.Context(), s.officer, l.Key, p.Contact.ID); err != nil {
		return nil, err
	}
	calls, err := d.st.CallList(r.Context(), l.Key)
	if err != nil {
		return nil, err
	}
	for _, x := range calls {
		if x.Contact != "" && p.has(x.Contact) {
			p.Calls = append(p.Calls, x)
		}
	}
	p.Memcons, err = d.st.Memcons(r.Context(), s.officer, l.Key, p.Contact.ID)
	return p, err
}

func (d *desk) contactFile(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.contactPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "contact", p)
	return nil
}

// contactAct does one act on a contact. Where it is about one entry of it, that
// is named by the field "about".
type contactAct func(d *desk, r *http.Request, s *seat, p *contactPage) error

var contactActs = map[string]contactAct{
	"accept":   (*desk).acceptContact,
	"decline":  (*desk).declineContact,
	"call-off": (*desk).callOff,
	"point":    (*desk).addPoint,
	"judge":    (*desk).judgePoint,
	"enter":    (*desk).enterForContact,
	"register": (*desk).judgeRegister,
}

func (d *desk) actOnContact(w http.ResponseWriter, r *http.Request, s *seat) error {
	act := r.PathValue("act")
	do, ok := contactActs[act]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := d.contactPage(r, s)
	if err != nil {
		return err
	}
	if err = do(d, r, s, p); err == nil {
		return done(w, r, contactURL(p.Line.Key, p.Contact.ID), "contact_"+act)
	}
	p.Problem, p.Act, p.About, p.Typed = problemOf(err), act, r.PostForm.Get("about"), typed(r)
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("acting on a contact", "act", act, "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "contact", "title.contact", p)
	return nil
}

// typed is what was sent, to be shown again.
func typed(r *http.Request) map[string]string {
	m := map[string]string{}
	for k := range r.PostForm {
		m[k] = r.PostForm.Get(k)
	}
	return m
}

// chosen is a word chosen from a list; without one the error says so.
func chosen(r *http.Request, name, none string) (string, error) {
	v := r.PostForm.Get(name)
	if v == "" {
		return "", parley.Errorf(parley.BadForm, "%s", none)
	}
	return v, nil
}

// typedZone is the zone that a form's times are in.
func typedZone(r *http.Request) (*time.Location, error) {
	loc := zone(field(r, "zone"))
	if loc == nil {
		return nil, parley.Errorf(parley.BadForm, "there is no time zone %q", field(r, "zone")).WithHint("a name of the IANA database, such as Europe/Paris or Asia/Shanghai")
	}
	return loc, nil
}

// timeIn reads a time of a form; zero where nothing was typed.
func timeIn(r *http.Request, name string) (time.Time, error) {
	v := r.PostForm.Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	loc, err := typedZone(r)
	if err != nil {
		return time.Time{}, err
	}
	return parseLocal(v, loc)
}

func (d *desk) acceptContact(r *http.Request, s *seat, p *contactPage) error {
	n, err := strconv.Atoi(r.PostForm.Get("window"))
	if err != nil {
		return parley.Errorf(parley.BadForm, "no window is chosen").WithHint("choose the one in which it is to begin")
	}
	in := station.ContactReply{Accept: true, Window: n, Text: field(r, "text"), Zone: field(r, "zone")}
	if in.Start, err = timeIn(r, "start"); err != nil {
		return err
	}
	if in.Participants, err = peopleOf(r); err != nil {
		return err
	}
	_, err = d.st.ReplyContact(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), in)
	return err
}

func (d *desk) declineContact(r *http.Request, s *seat, p *contactPage) error {
	reason, err := chosen(r, "reason", "no reason is chosen")
	if err != nil {
		return err
	}
	in := station.ContactReply{Reason: reason, Text: field(r, "text"), Zone: field(r, "zone")}
	if in.Next, err = timeIn(r, "next"); err != nil {
		return err
	}
	_, err = d.st.ReplyContact(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), in)
	return err
}

func (d *desk) callOff(r *http.Request, s *seat, p *contactPage) error {
	if r.PostForm.Get("sure") != "yes" {
		return parley.Errorf(parley.BadForm, "it is not confirmed that the contact is called off for good").WithHint("tick that you know it")
	}
	reason, err := chosen(r, "reason", "no reason is chosen")
	if err != nil {
		return err
	}
	next, err := timeIn(r, "next")
	if err != nil {
		return err
	}
	_, err = d.st.CallOffContact(r.Context(), s.officer, p.Line.Key, p.Contact.ID, reason, field(r, "text"), next)
	return err
}

func (d *desk) addPoint(r *http.Request, s *seat, p *contactPage) error {
	in := station.PointText{Kind: r.PostForm.Get("kind"), Text: field(r, "text"), Owner: field(r, "owner"), Role: r.PostForm.Get("role")}
	if in.Kind != "person" {
		in.Role = ""
	}
	if in.Kind == "document" {
		in.Entry, in.File, _ = strings.Cut(r.PostForm.Get("document"), "/")
	}
	var err error
	if in.Due, err = timeIn(r, "due"); err != nil {
		return err
	}
	_, err = d.st.AddPoint(r.Context(), s.officer, p.Line.Key, p.Contact.ID, in, r.PostForm.Get("about"))
	return err
}

func (d *desk) judgePoint(r *http.Request, s *seat, p *contactPage) error {
	_, err := d.st.JudgePoint(r.Context(), s.officer, p.Line.Key, p.Contact.ID, r.PostForm.Get("about"), r.PostForm.Get("step"), field(r, "text"))
	return err
}

func (d *desk) enterForContact(r *http.Request, s *seat, p *contactPage) error {
	row, err := rowOf(r)
	if err != nil {
		return err
	}
	_, err = d.st.EnterContacts(r.Context(), s.officer, p.Line.Key, p.Contact.ID, []contact.Row{row})
	return err
}

func (d *desk) judgeRegister(r *http.Request, s *seat, p *contactPage) error {
	return d.judgeRow(r, s, p.Line.Key)
}

// judgeRow confirms, disputes or takes back one row of the register.
func (d *desk) judgeRow(r *http.Request, s *seat, line string) error {
	n, err := number(r.PostForm.Get("row"))
	if err != nil {
		return err
	}
	step := r.PostForm.Get("step")
	if step == "takeback" {
		step = "take-back"
	}
	_, err = d.st.JudgeContacts(r.Context(), s.officer, line, r.PostForm.Get("about"), step, []int{int(n)}, field(r, "text"))
	return err
}

// calendarFile is one contact for a calendar.
func (d *desk) calendarFile(w http.ResponseWriter, r *http.Request, _ *seat) error {
	text, err := d.st.Calendar(r.Context(), r.PathValue("line"), r.PathValue("id"))
	if err != nil {
		return err
	}
	sendFile(w, fileName(r, ".ics"), "text/calendar; charset=utf-8")
	_, _ = w.Write([]byte(text))
	return nil
}

// EnterPeople number the fields of those who took part.
func (p *contactPage) EnterPeople() []int {
	return rowsOf(p.EnterTyped(), "name-", leastPeople, mostPeople)
}

// UsualZones are names of zones to choose from; People number the fields of those
// who take part.
func (p *contactPage) UsualZones() []string { return usualZones }
func (p *contactPage) People() []int        { return rowsOf(p.Typed, "name-", leastPeople, mostPeople) }

// ZoneTyped is the zone that the page's forms begin with.
func (p *contactPage) ZoneTyped() map[string]string {
	if z := p.Typed["zone"]; z != "" {
		return map[string]string{"zone": z}
	}
	return map[string]string{"zone": zoneTyped(p.Zones)}
}

// Offers are those of the contact, the newest first.
func (p *contactPage) Offers() []station.ContactOffer {
	out := slices.Clone(p.Contact.Terms)
	slices.Reverse(out)
	return out
}

// EnterTyped is what the form for what took place begins with: what was agreed.
func (p *contactPage) EnterTyped() map[string]string {
	if p.Act == "enter" {
		return p.Typed
	}
	m := map[string]string{"level": p.Contact.Level, "medium": p.Contact.Medium, "date": p.Contact.Start.Format(time.DateOnly), "topics": strings.Join(p.Contact.Topics, "\n"), "asked": strings.Join(p.Contact.Initiated, "")}
	if len(p.Contact.Initiated) > 1 {
		m["asked"] = "both"
	}
	if o := p.Standing(); o != nil {
		m["place"] = o.Place
	}
	n := 0
	for _, x := range p.Teams() {
		for _, who := range x.People {
			if x.Party == string(p.Line.Us.Code) {
				n++
				m[fmt.Sprint("name-", n)], m[fmt.Sprint("title-", n)], m[fmt.Sprint("role-", n)] = who.Name, who.Title, who.Role
			}
			if who.Role != "principal" {
				continue
			}
			if x.Party == string(p.Line.Us.Code) {
				m["ours"] = who.Name
			} else {
				m["theirs"] = who.Name
			}
		}
	}
	return m
}
