package station

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/own"
)

// Contact is a call or a meeting that is asked for, as people see it.
type Contact struct {
	ID        string          `json:"id"` // of its first request
	Line      string          `json:"line"`
	State     contact.State   `json:"state"`
	Sentence  string          `json:"sentence"` // in English
	Level     string          `json:"level"`
	Medium    string          `json:"medium"`
	Topics    []string        `json:"topics"`
	Parties   []string        `json:"parties"`
	Initiated []string        `json:"initiated"` // who asked; two where their requests crossed
	Ours      bool            `json:"ours"`      // our side asked
	Asked     time.Time       `json:"asked"`
	Start     time.Time       `json:"start,omitzero"` // of what is agreed
	End       time.Time       `json:"end,omitzero"`
	Agreed    string          `json:"agreed,omitempty"` // the request that is agreed
	Other     string          `json:"other,omitempty"`  // the one that crossed with it
	Exercise  string          `json:"exercise,omitempty"`
	Crossed   bool            `json:"crossed,omitempty"` // it was called off without knowledge of the acceptance
	Off       *ContactOff     `json:"off,omitempty"`
	Terms     []ContactOffer  `json:"terms"`
	Points    []ContactPoint  `json:"points,omitempty"`
	Held      []RegisterRow   `json:"held,omitempty"`
	Waiting   []string        `json:"waiting,omitempty"`   // items of ours about it in the outbox
	Arrange   []LevelRule     `json:"arrange,omitempty"`   // who arranges contacts now; left out in lists
	Documents []PointDocument `json:"documents,omitempty"` // attachments on the record that its file may name; left out in lists
	Stays     []TopicStays    `json:"stays,omitempty"`     // at which levels its topics have been; left out in lists
}

// TopicStays is at which levels a topic was to be spoken of.
type TopicStays struct {
	Topic  string `json:"topic"`
	Levels []Stay `json:"levels"` // from the lowest
}

// ContactOff is what called a contact off.
type ContactOff struct {
	ContactSeat
	ID     string    `json:"id"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Text   string    `json:"text,omitempty"`
	Next   time.Time `json:"next,omitzero"`
}

// ContactSeat is the office in which somebody arranged.
type ContactSeat struct {
	Office  string `json:"office"`
	Outside bool   `json:"outside,omitempty"`           // outside what was agreed: for that level, or of recordings
	Tape    bool   `json:"outside_recording,omitempty"` // it is of a call that each side records, and the charter does not let calls be recorded
}

// ContactOffer is one offer of terms with what was answered.
type ContactOffer struct {
	ContactTerms
	ContactSeat
	ID      string         `json:"id"`
	Instead string         `json:"instead,omitempty"` // of which request
	By      string         `json:"by"`
	Ours    bool           `json:"ours"`
	At      time.Time      `json:"at"`
	Open    bool           `json:"open"`            // it waits for an answer
	Waits   []string       `json:"waits,omitempty"` // of whom
	Asked   bool           `json:"asked,omitempty"` // it waits for ours
	Overdue bool           `json:"overdue,omitempty"`
	Agreed  bool           `json:"agreed,omitempty"`
	Replies []ContactWords `json:"replies,omitempty"`
}

// ContactWords is an answer to terms.
type ContactWords struct {
	ContactReply
	ContactSeat
	ID   string    `json:"id"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Late bool      `json:"late,omitempty"` // written after the time the request names
}

// ContactPoint is a point of a contact's file.
type ContactPoint struct {
	Kind      string          `json:"kind"`
	State     string          `json:"state"` // "agreed", "proposed", "done", "dropped"
	Text      string          `json:"text"`
	Owner     string          `json:"owner,omitempty"`
	Due       time.Time       `json:"due,omitzero"`
	Overdue   bool            `json:"overdue,omitempty"`
	Role      string          `json:"role,omitempty"`
	By        string          `json:"by"`
	ID        string          `json:"id"` // of the proposal that is shown
	Document  *PointDocument  `json:"document,omitempty"`
	Proposals []ContactChange `json:"proposals,omitempty"`
}

// ContactChange is a proposal for a point that waits for an answer.
type ContactChange struct {
	ID    string    `json:"id"`
	By    string    `json:"by"`
	Ours  bool      `json:"ours"`
	Text  string    `json:"text"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`

	Document *PointDocument `json:"document,omitempty"`
}

// RegisterRow is a contact that took place.
type RegisterRow struct {
	ID        string    `json:"id"` // of the entry
	Number    int       `json:"row"`
	By        string    `json:"by"`
	Ours      bool      `json:"ours"`
	Date      string    `json:"date"`
	Level     string    `json:"level"`
	Medium    string    `json:"medium"`
	OurSide   string    `json:"our_side"` // who of our side, whoever entered it
	TheirSide string    `json:"their_side"`
	Asked     string    `json:"asked,omitempty"`
	Minutes   int       `json:"minutes,omitempty"`
	Topics    []string  `json:"topics,omitempty"`
	Place     string    `json:"place,omitempty"`
	Source    string    `json:"source"`
	Next      string    `json:"next,omitempty"`
	Began     time.Time `json:"began,omitzero"`
	Contact   string    `json:"contact,omitempty"`
	Confirmed []string  `json:"confirmed,omitempty"`
	Disputed  []string  `json:"disputed,omitempty"` // who, and in what words
	TakenBack bool      `json:"taken_back,omitempty"`

	Participants []ContactPerson `json:"participants,omitempty"` // of the side that entered it
}

// ContactBook is all that is known of a line's contacts as of a day.
type ContactBook struct {
	Line     string           `json:"line"`
	AsOf     time.Time        `json:"as_of"`
	Contacts []Contact        `json:"contacts"` // newest first
	Rows     []RegisterRow    `json:"rows"`     // newest first
	Levels   []ContactSummary `json:"levels"`   // from the highest, those with any contact
	Arrange  []LevelRule      `json:"arrange"`  // who arranges contacts now, from the highest level
}

// ContactSummary is how contacts of a level stand.
type ContactSummary struct {
	Level       string       `json:"level"`
	Voice       int          `json:"voice"`
	Video       int          `json:"video"`
	InPerson    int          `json:"in_person"`
	Minutes     int          `json:"minutes"`
	LastCall    *RegisterRow `json:"last_call,omitempty"`
	LastMeeting *RegisterRow `json:"last_meeting,omitempty"`
	LongestGap  int          `json:"longest_gap_days"`
	Topics      []TopicTimes `json:"topics,omitempty"`
	Next        string       `json:"next,omitempty"` // date by which a next contact was promised
	NextOverdue bool         `json:"next_overdue,omitempty"`
	Terms       []TermCount  `json:"terms,omitempty"` // of the principals in office on that day
}

// TopicTimes is how often a topic came up.
type TopicTimes struct {
	Topic string `json:"topic"`
	Times int    `json:"times"`
}

// TermCount is how many contacts an incumbent has had since taking office.
type TermCount struct {
	Party    string    `json:"party"`
	Person   string    `json:"person"`
	Since    time.Time `json:"since"`
	Calls    int       `json:"calls"`
	Meetings int       `json:"meetings"`
}

// Contacts returns a line's contacts as of the end of a day; zero is today.
func (s *Station) Contacts(_ context.Context, name string, asOf time.Time) (ContactBook, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return ContactBook{}, err
	}
	b, err := l.book()
	if err != nil {
		return ContactBook{}, err
	}
	now := s.now()
	if asOf.IsZero() || asOf.After(now) {
		asOf = now
	}
	terms, err := l.principals()
	if err != nil {
		return ContactBook{}, err
	}
	v := ContactBook{Line: l.id.String(), AsOf: asOf, Arrange: l.levelRules()}
	for _, c := range slices.Backward(b.Contacts) {
		v.Contacts = append(v.Contacts, unread(l.contactView(c, now)))
	}
	for _, h := range slices.Backward(b.Rows) {
		if !h.Day.After(asOf) {
			v.Rows = append(v.Rows, l.rowView(h))
		}
	}
	for level := contact.Leader; ; level-- {
		if x, ok := l.summary(b, level, terms, asOf); ok {
			v.Levels = append(v.Levels, x)
		}
		if level == contact.Working {
			return v, nil
		}
	}
}

// unread leaves out of a contact what is read in it alone, where that is audited.
func unread(c Contact) Contact {
	if c.Off != nil {
		c.Off.Text = ""
	}
	for i := range c.Terms {
		c.Terms[i].Text = ""
		for j := range c.Terms[i].Replies {
			c.Terms[i].Replies[j].Text = ""
		}
	}
	return c
}

func (l *liveLine) summary(b *contact.Book, level contact.Level, terms []contact.Term, asOf time.Time) (v ContactSummary, ok bool) {
	s := b.Summarise(level, time.Time{}, asOf)
	if s.LastCall == nil && s.LastMeeting == nil {
		return v, false
	}
	v = ContactSummary{Level: level.String(), Voice: s.Total.Voice, Video: s.Total.Video, InPerson: s.Total.InPerson, Minutes: s.Total.Minutes, LongestGap: int(s.Gap.Hours() / 24)}
	if s.LastCall != nil {
		x := l.rowView(s.LastCall)
		v.LastCall = &x
	}
	if s.LastMeeting != nil {
		x := l.rowView(s.LastMeeting)
		v.LastMeeting = &x
	}
	for _, t := range s.Topics {
		v.Topics = append(v.Topics, TopicTimes{form.Visible(t.Topic), t.Times})
	}
	if s.Next != nil {
		v.Next, v.NextOverdue = s.NextBy.Format(time.DateOnly), asOf.After(s.NextBy.AddDate(0, 0, 1))
	}
	if level != contact.Leader {
		return v, true
	}
	for _, p := range l.rules().Parties() {
		t, ok := contact.Holder(terms, p, parley.Principal, asOf)
		if !ok {
			continue
		}
		n := b.Summarise(level, t.From, asOf).Total
		v.Terms = append(v.Terms, TermCount{string(p), form.Visible(t.Person), t.From, n.Calls(), n.InPerson})
	}
	return v, true
}

// Contact returns one contact with what was said in it; id names any request of
// it. What of the other side an officer sees for the first time is in the audit;
// it sends nothing.
func (s *Station) Contact(_ context.Context, by Officer, name, id string) (Contact, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Contact{}, err
	}
	b, err := l.book()
	if err != nil {
		return Contact{}, err
	}
	c, err := l.contactOf(b, id)
	if err != nil {
		return Contact{}, err
	}
	v := l.contactView(c, s.now())
	v.Arrange = l.levelRules()
	if v.Documents, err = l.documents(); err != nil {
		return Contact{}, err
	}
	for _, t := range b.Topics {
		if slices.ContainsFunc(c.Terms, func(o *contact.Terms) bool { return slices.Contains(o.Request.Topics, t.Name) }) {
			v.Stays = append(v.Stays, TopicStays{form.Visible(t.Name), staysOf(t, s.now())})
		}
	}
	if err := s.readAll(l, by, heard(c)); err != nil {
		return Contact{}, err
	}
	rows, err := l.store.FiledItems(0)
	if err != nil {
		return v, err
	}
	for _, r := range rows {
		x, err := l.view(r)
		if err != nil {
			return v, err
		}
		if x.header != nil && slices.ContainsFunc(c.Terms, func(t *contact.Terms) bool { return slices.Contains(x.header.Refs, t.Ref) }) {
			v.Waiting = append(v.Waiting, itemID(&r))
		}
	}
	return v, nil
}

// heard is what of a contact people write for people to read.
func heard(c *contact.Contact) (out []*contact.Entry) {
	for _, t := range c.Terms {
		out = append(append(out, t.Entry), t.Replies...)
	}
	return append(out, c.CallOffs...)
}

// readAll audits what of others' words an officer had not read before.
func (s *Station) readAll(l *liveLine, by Officer, es []*contact.Entry) error {
	for _, e := range es {
		if e.Party == l.us {
			continue
		}
		id := e.Ref.String()
		read, err := s.own.OpenedBy(l.id, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(read, func(m own.Mark) bool { return m.Officer == by.ID }) {
			continue
		}
		if err := s.audit(by, "open", id, e.Form.Name()); err != nil {
			return err
		}
		if by.ID != 0 {
			if err := s.own.MarkOpened(l.id, id, by.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *liveLine) contactView(c *contact.Contact, now time.Time) Contact {
	top := c.First()
	if c.Agreed != nil {
		top = c.Agreed
	} else if n := len(c.Open); n > 0 {
		top = c.Open[n-1]
	}
	r := top.Request
	v := Contact{ID: c.Ref().String(), Line: l.id.String(), State: c.At(now), Level: r.Level.String(), Medium: r.Medium.String(), Topics: visible(r.Topics), Parties: codeList(c.Parties),
		Initiated: codeList(c.Initiated()), Ours: c.First().Party == l.us, Asked: c.First().Time, Exercise: form.Visible(c.First().Exercise), Crossed: c.Crossed()}
	if c.Agreed != nil {
		v.Agreed, v.Start, v.End = c.Agreed.Ref.String(), c.Start, c.End()
	}
	if c.Other != nil {
		v.Other = c.Other.Ref().String()
	}
	if off := c.Off(); off != nil {
		f := off.Form.(*contact.CallOff)
		v.Off = &ContactOff{ContactSeat: l.seatOf(c, off), ID: off.Ref.String(), By: string(off.Party), At: off.Time, Reason: f.Reason.String(), Text: form.Visible(f.Text), Next: timeOrZero(f.Next)}
	}
	for _, t := range c.Terms {
		v.Terms = append(v.Terms, l.offerView(c, t, now))
	}
	for _, t := range c.Points {
		v.Points = append(v.Points, l.pointView(t, now))
	}
	for _, h := range c.Held {
		v.Held = append(v.Held, l.rowView(h))
	}
	v.Sentence = contactSentence(&v, c)
	return v
}

// contactSentence says in one plain sentence, the same at every side, where a
// contact stands.
func contactSentence(v *Contact, c *contact.Contact) string {
	asked := strings.Join(v.Initiated, " and ")
	when := v.Start.Format("2006-01-02 15:04 UTC")
	switch v.State {
	case contact.Agreed:
		s := fmt.Sprintf("Agreed for %s; %s asked for it.", when, asked)
		if len(c.Open) > 0 {
			s += " A change is proposed and not answered."
		}
		return s
	case contact.Withdrawn:
		if v.Crossed {
			return fmt.Sprintf("Withdrawn by %s on %s; the acceptance crossed it. It does not take place.", v.Off.By, v.Off.At.Format("2006-01-02 15:04 UTC"))
		}
		return fmt.Sprintf("Called off by %s on %s before it was agreed.", v.Off.By, v.Off.At.Format("2006-01-02 15:04 UTC"))
	case contact.Cancelled:
		return fmt.Sprintf("It was agreed for %s and cancelled by %s on %s.", when, v.Off.By, v.Off.At.Format("2006-01-02 15:04 UTC"))
	case contact.Met:
		return "Both sides asked at the same time; what is agreed of the other request stands for both."
	case contact.Declined:
		return "Declined, and no other offer is open."
	case contact.Differ:
		return "All have accepted, but not for the same time: it needs another offer."
	case contact.Lapsed:
		return "Every time that was offered has passed without an agreement."
	case contact.Past:
		return fmt.Sprintf("It was agreed for %s, which has passed; nobody has entered whether it took place.", when)
	case contact.Took:
		return "It took place and is in the register."
	}
	waits := map[string]bool{}
	var names []string
	for _, t := range c.Open {
		for _, p := range c.Waits(t) {
			if !waits[string(p)] {
				waits[string(p)], names = true, append(names, string(p))
			}
		}
	}
	who := strings.Join(names, " and ")
	if v.State == contact.NoAnswer {
		return fmt.Sprintf("No answer of %s by the time that was asked for.", who)
	}
	return fmt.Sprintf("%s asked; it waits for an answer of %s.", asked, who)
}

func (l *liveLine) offerView(c *contact.Contact, t *contact.Terms, now time.Time) ContactOffer {
	r := t.Request
	v := ContactOffer{ContactSeat: l.seatOf(c, t.Entry), ID: t.Ref.String(), By: string(t.Party), Ours: t.Party == l.us, At: t.Time, Open: slices.Contains(c.Open, t), Agreed: c.Agreed == t, ContactTerms: ContactTerms{
		Level: r.Level.String(), Medium: r.Medium.String(), Topics: visible(r.Topics), Zone: r.Zone, Languages: r.Languages, Interpreting: r.Interpreting.String(), Interpreters: form.Visible(r.Brings),
		Participants: peopleView(r.Participants), Recording: r.Recording.String(), AnswerBy: timeOrZero(r.AnswerBy), Text: form.Visible(r.Text), Minutes: int(r.Minutes), Place: form.Visible(r.Place)}}
	for _, w := range r.Windows {
		v.Windows = append(v.Windows, ContactWindow{w.From(), w.Until()})
	}
	if len(t.Refs) > 0 {
		v.Instead = t.Refs[0].String()
	}
	if v.Open {
		waits := c.Waits(t)
		v.Waits, v.Asked, v.Overdue = codeList(waits), slices.Contains(waits, l.us), t.Overdue(now)
	}
	for _, e := range t.Replies {
		a := e.Form.(*contact.Reply)
		w := ContactWords{ContactSeat: l.seatOf(c, e), ID: e.Ref.String(), By: string(e.Party), At: e.Time, Late: t.Late(e), ContactReply: ContactReply{Accept: a.Phase == contact.Accept, Window: int(a.Window),
			Text: form.Visible(a.Text), Next: timeOrZero(a.Next), Start: timeOrZero(a.Start), Zone: a.Zone, Participants: peopleView(a.Participants)}}
		if !w.Accept {
			w.Reason = a.Reason.String()
		}
		v.Replies = append(v.Replies, w)
	}
	return v
}

func (l *liveLine) pointView(t *contact.Thread, now time.Time) ContactPoint {
	p := t.Latest()
	v := ContactPoint{Kind: t.Kind.String(), State: "proposed", Text: form.Visible(p.Point.Text), Owner: form.Visible(p.Point.Owner), Due: timeOrZero(p.Point.Due), By: string(p.Party), ID: p.Ref.String()}
	if t.Kind == contact.Person {
		v.Role = p.Point.Role.String()
	}
	v.Document = l.pointDocument(p.Point.Document)
	switch {
	case t.Dropped:
		v.State = "dropped"
	case t.Done != nil:
		v.State = "done"
	case t.Standing != nil:
		v.State = "agreed"
	}
	v.Overdue = v.State != "done" && v.State != "dropped" && !v.Due.IsZero() && now.After(v.Due)
	for _, o := range t.Open {
		v.Proposals = append(v.Proposals, ContactChange{ID: o.Ref.String(), By: string(o.Party), Ours: o.Party == l.us, Text: form.Visible(o.Point.Text), Owner: form.Visible(o.Point.Owner), Due: timeOrZero(o.Point.Due), Document: l.pointDocument(o.Point.Document)})
	}
	return v
}

func (l *liveLine) rowView(h *contact.Held) RegisterRow {
	r := h.Row
	v := RegisterRow{ID: h.Ref.String(), Number: h.Number, By: string(h.Party), Ours: h.Party == l.us, Date: r.Date, Level: r.Level.String(), Medium: r.Medium.String(), OurSide: form.Visible(r.Ours), TheirSide: form.Visible(r.Theirs),
		Asked: form.Visible(r.Asked), Minutes: int(r.Minutes), Topics: visible(r.Topics), Place: form.Visible(r.Place), Source: form.Visible(r.Source), Next: r.Next, Began: timeOrZero(r.Began), Confirmed: codeList(h.Confirmed), TakenBack: h.TakenBack, Participants: peopleView(r.Participants)}
	if !v.Ours {
		v.OurSide, v.TheirSide = v.TheirSide, v.OurSide
	}
	if h.Contact != nil {
		v.Contact = h.Contact.Ref().String()
	}
	for _, e := range h.Disputed {
		v.Disputed = append(v.Disputed, fmt.Sprintf("%s: %s", e.Party, form.Visible(e.Form.(*contact.Register).Text)))
	}
	return v
}

func peopleView(ps []contact.Participant) (out []ContactPerson) {
	for _, p := range ps {
		out = append(out, ContactPerson{form.Visible(p.Name), form.Visible(p.Title), p.Role.String()})
	}
	return out
}

func visible(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = form.Visible(s)
	}
	return out
}

func codeList(ps []parley.PartyCode) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = string(p)
	}
	return out
}

func timeOrZero(t uint64) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return claimed(t)
}

// Calendar returns the contacts of all lines that were ever agreed, or one, as
// iCalendar: with id an invitation, an update or a cancellation, else a feed.
func (s *Station) Calendar(_ context.Context, name, id string) (string, error) {
	names := []string{name}
	if name == "" {
		names = nil
		for _, l := range s.liveLines() {
			names = append(names, l.id.String())
		}
	}
	var events []contact.Event
	for _, n := range names {
		l, err := s.lineOf(n)
		if err != nil {
			return "", err
		}
		b, err := l.book()
		if err != nil {
			return "", err
		}
		for _, c := range b.Contacts {
			ev, ok := c.Event(l.id.String(), s.now())
			if ok && (id == "" || slices.ContainsFunc(c.Terms, func(t *contact.Terms) bool { return t.Ref.String() == id })) {
				events = append(events, ev)
			}
		}
	}
	if id != "" && len(events) == 0 {
		return "", parley.Errorf(parley.NotFound, "nothing was agreed of the contact %s", id).WithHint("a calendar is told of what was accepted")
	}
	return contact.WriteCalendar(events, id == ""), nil
}

// WriteContacts writes the register of a line as a table.
func (s *Station) WriteContacts(_ context.Context, name string, w io.Writer) error {
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	b, err := l.book()
	if err != nil {
		return err
	}
	return contact.WriteCSV(w, b.Rows)
}
