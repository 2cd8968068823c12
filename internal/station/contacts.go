package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a station may run where no time zones are installed

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/store"
)

// answerable are those of them that people write for people to read.
var answerable = []string{"request", "reply", "calloff", "ask", "answer"}

// ContactTerms are what is asked for or offered of a contact.
type ContactTerms struct {
	Level        string          `json:"level"`  // "working", "commander", "minister", "leader"
	Medium       string          `json:"medium"` // "voice", "video", "in-person"
	Topics       []string        `json:"topics"`
	Windows      []ContactWindow `json:"windows"`
	Zone         string          `json:"zone,omitempty"` // the writer's own, of the IANA database
	Languages    []string        `json:"languages,omitempty"`
	Interpreting string          `json:"interpreting,omitempty"` // "none", "consecutive", "simultaneous"
	Interpreters string          `json:"interpreters,omitempty"` // who brings whom
	Participants []ContactPerson `json:"participants,omitempty"` // of the writer's side
	Recording    string          `json:"recording,omitempty"`    // "none", "each-its-own", "notes"
	AnswerBy     time.Time       `json:"answer_by,omitzero"`
	Text         string          `json:"text,omitempty"`
	Minutes      int             `json:"minutes,omitempty"`
	Place        string          `json:"place,omitempty"`
}

// ContactWindow is a time in which a contact may begin.
type ContactWindow struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// ContactPerson takes part in a contact.
type ContactPerson struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Role  string `json:"role,omitempty"` // "principal", "delegate", "interpreter", "note-taker", "listener"
}

// ContactReply answers terms.
type ContactReply struct {
	Accept       bool            `json:"accept"`
	Window       int             `json:"window,omitempty"` // accepted: which, from 1
	Start        time.Time       `json:"start,omitzero"`   // accepted: when within the window; zero: at its start
	Reason       string          `json:"reason,omitempty"` // declined: a word of the agreed list
	Text         string          `json:"text,omitempty"`
	Next         time.Time       `json:"next,omitzero"` // declined: another offer will be made until then
	Zone         string          `json:"zone,omitempty"`
	Participants []ContactPerson `json:"participants,omitempty"`
}

// mayArrange says who enters contacts and works on their files and topics: envoy
// and principal, and whom else an act is for. Who asks for a contact, answers for
// it or calls it off at which level is agreed (seatAt).
func mayArrange(by Officer, act string, more ...parley.Office) error {
	if err := person(by, act); err != nil {
		return err
	}
	return seatFor(by, act, append([]parley.Office{parley.Envoy, parley.Principal}, more...)...)
}

// watchToo are the offices that may do what the watch may do beside the envoy.
var watchToo = []parley.Office{parley.Watch}

// seconds is a time as entries have it; 0 for none.
func seconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.Unix(), 0))
}

// readTerms takes terms into a request, and refuses those that nobody could
// accept any more.
func readTerms(in ContactTerms, now time.Time) (*contact.Request, error) {
	r := &contact.Request{Topics: in.Topics, Zone: in.Zone, Languages: in.Languages, Brings: in.Interpreters, AnswerBy: seconds(in.AnswerBy), Text: in.Text, Minutes: uint64(max(in.Minutes, 0)), Place: in.Place}
	var err error
	if r.Level, err = contact.ParseLevel(in.Level); err != nil {
		return nil, err
	}
	if r.Medium, err = contact.ParseMedium(in.Medium); err != nil {
		return nil, err
	}
	if r.Interpreting, err = contact.ParseInterpreting(orElse(in.Interpreting, "none")); err != nil {
		return nil, err
	}
	if r.Recording, err = contact.ParseRecording(orElse(in.Recording, "none")); err != nil {
		return nil, err
	}
	if r.Participants, err = readPeople(in.Participants); err != nil {
		return nil, err
	}
	if err := knownZone(in.Zone); err != nil {
		return nil, err
	}
	for i, w := range in.Windows {
		if !w.End.After(now) {
			return nil, parley.Errorf(parley.BadForm, "window %d ended at %s: it lies in the past", i+1, w.End.UTC().Format("2006-01-02 15:04 UTC"))
		}
		if w.Start.Year() > 2199 || w.End.Year() > 2199 {
			return nil, parley.Errorf(parley.BadForm, "window %d lies beyond the year 2199", i+1)
		}
		r.Windows = append(r.Windows, contact.Window{Start: seconds(w.Start), End: seconds(w.End)})
	}
	if !in.AnswerBy.IsZero() && !in.AnswerBy.After(now) {
		return nil, parley.Errorf(parley.BadForm, "an answer is asked for by a time that has passed")
	}
	if n := len(in.Windows); n > 0 && in.AnswerBy.After(in.Windows[n-1].End) {
		return nil, parley.Errorf(parley.BadForm, "an answer is asked for after the last window has ended")
	}
	return r, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func readPeople(in []ContactPerson) (out []contact.Participant, err error) {
	for _, p := range in {
		role, err := contact.ParseRole(orElse(p.Role, "delegate"))
		if err != nil {
			return nil, err
		}
		out = append(out, contact.Participant{Name: p.Name, Title: p.Title, Role: role})
	}
	return out, nil
}

// knownZone refuses a time zone that does not exist.
func knownZone(name string) error {
	if name == "" {
		return nil
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return parley.Errorf(parley.BadForm, "there is no time zone %q", name).WithHint("a name of the IANA database, such as Europe/Paris or Asia/Shanghai")
	}
	return nil
}

// AskContact asks the other parties for a call or a meeting. Conflict where a
// request of ours at that level waits for an answer already.
func (s *Station) AskContact(ctx context.Context, by Officer, name string, in ContactTerms) (string, error) {
	const act = "ask for a contact"
	return s.arrangeAt(ctx, by, name, act, "", func(l *liveLine, b *contact.Book, _ *contact.Contact) (form.Form, []parley.Ref, error) {
		r, err := readTerms(in, s.now())
		if err != nil {
			return nil, nil, err
		}
		for _, c := range b.Contacts {
			st := c.At(s.now())
			if c.First().Party == l.us && c.First().Request.Level == r.Level && c.First().Exercise == l.exercise() && (st == contact.Asked || st == contact.NoAnswer) {
				return nil, nil, parley.Errorf(parley.Conflict, "a contact at the level %s that our side asked for waits for an answer", r.Level).WithHint("offer other terms for it, or call it off first: %s", c.Ref())
			}
		}
		if l.asksAlready(r.Level) {
			return nil, nil, parley.Errorf(parley.Conflict, "a request of ours for a contact at the level %s waits to be sent", r.Level)
		}
		return r, nil, nil
	})
}

// OfferTerms offers other terms for a contact: as an answer to those of the
// other side, in place of our own, or to change what is agreed. id names the
// request that they take the place of.
func (s *Station) OfferTerms(ctx context.Context, by Officer, name, id string, in ContactTerms) (string, error) {
	const act = "offer terms for a contact"
	return s.arrangeAt(ctx, by, name, act, id, func(l *liveLine, _ *contact.Book, c *contact.Contact) (form.Form, []parley.Ref, error) {
		r, err := readTerms(in, s.now())
		if err != nil {
			return nil, nil, err
		}
		t, err := termsOf(c, id, s.now())
		if err != nil {
			return nil, nil, err
		}
		return r, []parley.Ref{t.Ref}, nil
	})
}

// ReplyContact accepts or declines the terms of another party.
func (s *Station) ReplyContact(ctx context.Context, by Officer, name, id string, in ContactReply) (string, error) {
	act := "decline a contact"
	if in.Accept {
		act = "accept a contact"
	}
	return s.arrangeAt(ctx, by, name, act, id, func(l *liveLine, _ *contact.Book, c *contact.Contact) (form.Form, []parley.Ref, error) {
		t, err := termsOf(c, id, s.now())
		if err != nil {
			return nil, nil, err
		}
		if t.Party == l.us {
			return nil, nil, parley.Errorf(parley.NotAllowed, "these are our own terms: the other side answers them")
		}
		if !slices.Contains(c.Open, t) || !slices.Contains(c.Waits(t), l.us) {
			return nil, nil, parley.Errorf(parley.Conflict, "these terms wait for no answer of ours")
		}
		f, err := readReply(in, t, s.now())
		return f, []parley.Ref{t.Ref}, err
	})
}

func readReply(in ContactReply, t *contact.Terms, now time.Time) (*contact.Reply, error) {
	f := &contact.Reply{Phase: contact.Decline, Text: in.Text, Zone: in.Zone, Next: seconds(in.Next)}
	if err := knownZone(in.Zone); err != nil {
		return nil, err
	}
	var err error
	if f.Participants, err = readPeople(in.Participants); err != nil {
		return nil, err
	}
	if !in.Accept {
		f.Reason, err = contact.ParseReason(in.Reason)
		return f, err
	}
	f.Phase, f.Window, f.Start, f.Next = contact.Accept, uint64(max(in.Window, 0)), seconds(in.Start), 0
	if n := len(t.Request.Windows); in.Window < 1 || in.Window > n {
		return nil, parley.Errorf(parley.BadForm, "there is no window %d: the request has %d", in.Window, n)
	}
	if at := contact.StartOf(t.Request, f); !t.Request.Windows[in.Window-1].Until().After(now) || !in.Start.IsZero() && !at.After(now) {
		return nil, parley.Errorf(parley.Conflict, "that time has passed").WithHint("accept another window, or offer other terms")
	}
	return f, nil
}

// CallOffContact withdraws a contact that is not agreed yet, or cancels one that
// is. It is final.
func (s *Station) CallOffContact(ctx context.Context, by Officer, name, id, reason, text string, next time.Time) (string, error) {
	const act = "call off a contact"
	return s.arrangeAt(ctx, by, name, act, id, func(l *liveLine, _ *contact.Book, c *contact.Contact) (form.Form, []parley.Ref, error) {
		why, err := contact.ParseReason(reason)
		if err != nil {
			return nil, nil, err
		}
		switch st := c.At(s.now()); st {
		case contact.Withdrawn, contact.Cancelled:
			return nil, nil, parley.Errorf(parley.Conflict, "the contact is %s already", st)
		case contact.Took:
			return nil, nil, parley.Errorf(parley.Conflict, "the contact took place")
		}
		return &contact.CallOff{Reason: why, Text: text, Next: seconds(next)}, []parley.Ref{c.Ref()}, nil
	})
}

// AddPoint proposes a point of a contact's file; with before, in place of an
// earlier proposal.
func (s *Station) AddPoint(ctx context.Context, by Officer, name, id string, in PointText, before string) (string, error) {
	return s.onFile(ctx, by, name, id, func(l *liveLine, c *contact.Contact) (form.Form, []parley.Ref, error) {
		kind, err := contact.ParseKind(in.Kind)
		if err != nil {
			return nil, nil, err
		}
		f := &contact.Point{Kind: kind, Step: contact.Propose, Text: in.Text, Owner: in.Owner, Due: seconds(in.Due)}
		if in.Role != "" {
			if f.Role, err = contact.ParseRole(in.Role); err != nil {
				return nil, nil, err
			}
		}
		if f.Document, err = l.documentOf(in.Entry, in.File); err != nil {
			return nil, nil, err
		}
		refs := []parley.Ref{c.Ref()}
		if before != "" {
			p, err := proposalOf(c, before)
			if err != nil {
				return nil, nil, err
			}
			refs = append(refs, p.Ref)
		}
		return f, refs, nil
	})
}

// PointText is a point as it is written.
type PointText struct {
	Kind  string    `json:"kind"` // "agenda", "person", "document", "open-item", "announcement", "rehearsal", "next-contact"
	Text  string    `json:"text"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
	Role  string    `json:"role,omitempty"`

	// Of a document: a dispatch on the record, and the name of its attachment.
	Entry string `json:"entry,omitempty"`
	File  string `json:"file,omitempty"`
}

// JudgePoint agrees to a proposal of the other side ("agree"), refuses or takes
// back one ("refuse"), or says that a point is done ("done").
func (s *Station) JudgePoint(ctx context.Context, by Officer, name, id, point, step, text string) (string, error) {
	return s.onFile(ctx, by, name, id, func(l *liveLine, c *contact.Contact) (form.Form, []parley.Ref, error) {
		p, err := proposalOf(c, point)
		if err != nil {
			return nil, nil, err
		}
		f := &contact.Point{Kind: p.Point.Kind, Text: text}
		var before []*contact.Entry
		switch step {
		case "agree":
			f.Step, before = contact.Agree, p.Agrees
		case "refuse":
			f.Step, before = contact.Refuse, p.Refuses
		case "done":
			f.Step = contact.Done
		default:
			return nil, nil, parley.Errorf(parley.BadForm, "a point is agreed, refused or done, not %q", step).WithHint("agree, refuse or done")
		}
		if slices.ContainsFunc(before, func(e *contact.Entry) bool { return e.Party == l.us }) {
			return nil, nil, parley.Errorf(parley.Conflict, "our side has said so already")
		}
		return f, []parley.Ref{c.Ref(), p.Ref}, nil
	})
}

func proposalOf(c *contact.Contact, id string) (*contact.Proposal, error) {
	for _, t := range c.Points {
		for _, p := range t.Proposals {
			if p.Ref.String() == id {
				return p, nil
			}
		}
	}
	return nil, parley.Errorf(parley.NotFound, "%s is no point of this contact", id)
}

func (s *Station) onFile(ctx context.Context, by Officer, name, id string, make func(*liveLine, *contact.Contact) (form.Form, []parley.Ref, error)) (string, error) {
	return s.arrangeAs(ctx, by, name, "work on the file of a contact", id, watchToo, func(l *liveLine, _ *contact.Book, c *contact.Contact) (form.Form, []parley.Ref, error) {
		switch st := c.At(s.now()); st {
		case contact.Withdrawn, contact.Cancelled, contact.Met:
			return nil, nil, parley.Errorf(parley.Conflict, "the contact is %s", st)
		}
		return make(l, c)
	})
}

// termsOf finds the request that is answered or replaced, of a contact that is
// not called off.
func termsOf(c *contact.Contact, id string, now time.Time) (*contact.Terms, error) {
	switch st := c.At(now); st {
	case contact.Withdrawn, contact.Cancelled, contact.Met, contact.Took:
		return nil, parley.Errorf(parley.Conflict, "the contact is %s", st).WithHint("ask for a new one")
	}
	for _, t := range c.Terms {
		if t.Ref.String() == id {
			return t, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "%s is no request of this contact", id)
}

// EnterContacts enters contacts that took place, here or elsewhere; with id, of
// the contact that was arranged by it. It returns the items that hold them.
func (s *Station) EnterContacts(ctx context.Context, by Officer, name, id string, rows []contact.Row) (ids []string, err error) {
	if len(rows) == 0 {
		return nil, parley.Errorf(parley.BadForm, "there is no contact to enter")
	}
	for _, g := range contact.Registers(rows) {
		item, err := s.arrangeAs(ctx, by, name, "enter contacts", id, watchToo, func(_ *liveLine, b *contact.Book, c *contact.Contact) (form.Form, []parley.Ref, error) {
			if err := entered(b, g.Rows); err != nil {
				return nil, nil, err
			}
			if c == nil {
				return g, nil, nil
			}
			return g, []parley.Ref{c.Ref()}, nil
		})
		if err != nil {
			return ids, err
		}
		ids = append(ids, item)
	}
	return ids, nil
}

// entered refuses what stands in the register already, from whichever side.
func entered(b *contact.Book, rows []contact.Row) error {
	for i := range rows {
		r := &rows[i]
		for _, h := range b.Rows {
			if !h.TakenBack && h.Row.Date == r.Date && h.Row.Medium == r.Medium && h.Row.Level == r.Level && h.Row.Source == r.Source {
				return parley.Errorf(parley.Conflict, "row %d, of %s from %q, stands in the register already (%s)", i+1, r.Date, form.Visible(r.Source), h.Ref).WithHint("leave it out")
			}
		}
	}
	return nil
}

// JudgeContacts confirms or disputes what another party entered in the register,
// or takes back what our side entered: "confirm", "dispute", "take-back". which
// are the numbers of rows; none: all.
func (s *Station) JudgeContacts(ctx context.Context, by Officer, name, id, step string, which []int, text string) (string, error) {
	phase := slices.Index([]string{"", "confirm", "dispute", "take-back"}, step)
	if phase < 1 {
		return "", parley.Errorf(parley.BadForm, "what was entered is confirmed, disputed or taken back, not %q", step).WithHint("confirm, dispute or take-back")
	}
	f := &contact.Register{Phase: uint64(phase), Text: text}
	for _, n := range which {
		f.Which = append(f.Which, uint64(max(n, 0)))
	}
	slices.Sort(f.Which)
	return s.fileAbout(ctx, by, name, id, step+" contacts", f)
}

// fileAbout files a contact form that refers to one entry.
func (s *Station) fileAbout(ctx context.Context, by Officer, name, id, act string, f form.Form) (string, error) {
	return s.arrange(ctx, by, name, act, "", func(l *liveLine, _ *contact.Book, _ *contact.Contact) (form.Form, []parley.Ref, error) {
		ref, err := l.refOf(id)
		return f, []parley.Ref{ref}, err
	})
}

// TakeStance says where our side stands on a topic.
func (s *Station) TakeStance(ctx context.Context, by Officer, name, topic, stand, position, release string) (string, error) {
	v, err := contact.ParseStand(stand)
	if err != nil {
		return "", err
	}
	return s.fileTopic(ctx, by, name, "take a stance", &contact.Stance{Topic: topic, Stand: v, Position: position, Release: release})
}

// AskText is a demand, a question, or a clarification that is asked for.
type AskText struct {
	Sort   string    `json:"sort"` // "demand", "question", "clarification"
	Topic  string    `json:"topic"`
	Text   string    `json:"text"`
	By     time.Time `json:"answer_by,omitzero"`
	Quote  string    `json:"quote,omitempty"` // of a clarification, with Source and Said
	Source string    `json:"source,omitempty"`
	Said   string    `json:"said,omitempty"` // YYYY-MM-DD
}

// PutAsk puts a demand or a question, or asks for a clarification.
func (s *Station) PutAsk(ctx context.Context, by Officer, name string, in AskText) (string, error) {
	v, err := contact.ParseSort(in.Sort)
	if err != nil {
		return "", err
	}
	if !in.By.IsZero() && !in.By.After(s.now()) {
		return "", parley.Errorf(parley.BadForm, "an answer is asked for by a time that has passed")
	}
	return s.fileTopic(ctx, by, name, "put a "+in.Sort, &contact.Ask{Sort: v, Topic: in.Topic, Text: in.Text, By: seconds(in.By), Quote: in.Quote, Source: in.Source, Said: in.Said})
}

// AnswerAsk answers what another party asked.
func (s *Station) AnswerAsk(ctx context.Context, by Officer, name, id, outcome, text string) (string, error) {
	v, err := contact.ParseOutcome(outcome)
	if err != nil {
		return "", err
	}
	return s.fileAbout(ctx, by, name, id, "answer", &contact.Answer{Outcome: v, Text: text})
}

func (s *Station) fileTopic(ctx context.Context, by Officer, name, act string, f form.Form) (string, error) {
	return s.arrange(ctx, by, name, act, "", func(*liveLine, *contact.Book, *contact.Contact) (form.Form, []parley.Ref, error) { return f, nil, nil })
}

// arrange does an act of those who arrange contacts; id names an entry of the
// contact it is about, "" none.
func (s *Station) arrange(ctx context.Context, by Officer, name, act, id string, make func(*liveLine, *contact.Book, *contact.Contact) (form.Form, []parley.Ref, error)) (string, error) {
	return s.arrangeAs(ctx, by, name, act, id, nil, make)
}

func (s *Station) arrangeAs(ctx context.Context, by Officer, name, act, id string, more []parley.Office, make func(*liveLine, *contact.Book, *contact.Contact) (form.Form, []parley.Ref, error)) (string, error) {
	if err := mayArrange(by, act, more...); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	return s.arrangeOn(ctx, l, by, act, id, make)
}

// arrangeAt does an act that asks for a contact, answers for it or calls it off,
// by whoever may at its level.
func (s *Station) arrangeAt(ctx context.Context, by Officer, name, act, id string, make func(*liveLine, *contact.Book, *contact.Contact) (form.Form, []parley.Ref, error)) (string, error) {
	if err := person(by, act); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	if err := l.mayEver(by, act); err != nil {
		return "", err
	}
	return s.arrangeOn(ctx, l, by, act, id, make)
}

func (s *Station) arrangeOn(ctx context.Context, l *liveLine, by Officer, act, id string, make func(*liveLine, *contact.Book, *contact.Contact) (form.Form, []parley.Ref, error)) (string, error) {
	l.deciding.Lock()
	defer l.deciding.Unlock()
	b, err := l.book()
	if err != nil {
		return "", err
	}
	var c *contact.Contact
	exercise := l.exercise()
	if id != "" {
		if c, err = l.contactOf(b, id); err != nil {
			return "", err
		}
		exercise = c.First().Exercise
	}
	f, refs, err := make(l, b, c)
	if err != nil {
		return "", err
	}
	if l.filedAlready(f, refs) {
		return "", parley.Errorf(parley.Conflict, "the same is on its way already")
	}
	h := form.Header{From: l.officeOf(by), To: l.everyEnvoy(), Precedence: parley.Priority, Refs: refs, Exercise: exercise}
	if level, arranges := levelOf(c, f, refs); arranges {
		if h.From, h.To, err = l.seatAt(by, act, level); err != nil {
			return "", err
		}
		if err := l.mayAsk(c, f, refs); err != nil {
			return "", err
		}
	}
	n, err := l.fileForm(ctx, &h, f)
	if err != nil {
		return "", err
	}
	l.noteHuman()
	return fmt.Sprintf("filed:%d", n), s.audit(by, act, orElse(id, l.id.String()), f.Name())
}

// contactOf finds the contact that an entry belongs to.
func (l *liveLine) contactOf(b *contact.Book, id string) (*contact.Contact, error) {
	ref, err := l.refOf(id)
	if err != nil {
		return nil, err
	}
	for _, c := range b.Contacts {
		if slices.ContainsFunc(c.Terms, func(t *contact.Terms) bool { return t.Ref == ref }) {
			return c, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "%s is no request for a contact", id)
}

// everyEnvoy addresses every other party: its envoy, where the charter has one.
func (l *liveLine) everyEnvoy() []parley.Address {
	if !l.charter().HasOffice(parley.Envoy) {
		return l.everyWatch()
	}
	var to []parley.Address
	for _, p := range l.others() {
		to = append(to, parley.Address{Party: p, Office: parley.Envoy})
	}
	return to
}

// filedAlready reports whether the same waits in the outbox: a page that was
// sent twice.
func (l *liveLine) filedAlready(f form.Form, refs []parley.Ref) bool {
	rows, err := l.filedForms(f.Name())
	if err != nil {
		return false
	}
	return slices.ContainsFunc(rows, func(r store.Row) bool {
		v, err := l.view(r)
		return err == nil && v.header != nil && v.form != nil && slices.Equal(v.header.Refs, refs) && string(form.EncodeFields(v.form)) == string(form.EncodeFields(f))
	})
}

// asksAlready reports whether a request of ours that begins a contact at a level
// waits in the outbox.
func (l *liveLine) asksAlready(level contact.Level) bool {
	rows, err := l.filedForms("request")
	if err != nil {
		return false
	}
	return slices.ContainsFunc(rows, func(r store.Row) bool {
		v, err := l.view(r)
		f, ok := v.form.(*contact.Request)
		return err == nil && ok && len(v.header.Refs) == 0 && f.Level == level
	})
}

// bookShelf keeps a book until something that contacts are made of is stored, and
// then takes that into it.
type bookShelf struct {
	noted
	mu      sync.Mutex
	reading contactReading
	book    *contact.Book

	rules levelRuling
}

// hear notes an entry that was made durable, or has become readable.
func (k *bookShelf) hear(e *line.StoredEntry) {
	if h := e.Parsed; h == nil && e.Header != nil || h != nil && (h.Form == "opened" || slices.Contains(contact.Forms, h.Form)) {
		k.note(parley.Ref{Gen: e.Gen, Index: e.Index})
	}
}

// book returns what contacts the record amounts to. Nobody changes it.
func (l *liveLine) book() (*contact.Book, error) {
	k := &l.books
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.take() // before they are placed: what comes meanwhile is read the next time
	b, err := k.follow(l, n)
	if err != nil {
		k.give(n)
	}
	return b, err
}

func (k *bookShelf) follow(l *liveLine, n news) (*contact.Book, error) {
	if err := l.place(); err != nil {
		return nil, err
	}
	turns := l.turns.Load()
	if n.none() && k.reading.begun && k.reading.turns == turns {
		return k.book, nil
	}
	logs := l.runner.Status().Logs
	b, err := k.reading.follow(l.store, logs, turns, n)
	if err != nil {
		return nil, err
	}
	k.book = b
	k.reading.begun = len(logs) > 0 // without, the engine is not loaded yet
	return b, nil
}

// principals are who led each side, and when.
func (l *liveLine) principals() (out []contact.Term, _ error) {
	for _, p := range l.rules().Parties() {
		said, err := l.terms(p)
		if err != nil {
			return nil, err
		}
		for _, t := range said[parley.Principal] {
			out = append(out, contact.Term{Party: p, Office: parley.Principal, Person: t.Person, From: t.From, Until: t.Until})
		}
	}
	return out, nil
}

// silentRequests sounds once for each request whose time for an answer has
// passed without one: ours, which they did not answer, and theirs, which we owe.
func (c *clerk) silentRequests() error {
	b, err := c.l.book()
	if err != nil {
		return err
	}
	now := c.l.now()
	for _, x := range b.Contacts {
		if x.At(now) != contact.NoAnswer {
			continue
		}
		for _, t := range x.Open {
			id := t.Ref.String()
			if until := time.Unix(int64(t.Request.AnswerBy), 0).Add(14 * 24 * time.Hour); t.Overdue(now) && !c.silent.has(id) && now.Before(until) {
				c.silent.note(id, until)
				c.sound("", "no-answer", c.silence(x, t), id)
			}
		}
	}
	return nil
}

func (c *clerk) silence(x *contact.Contact, t *contact.Terms) string {
	what := form.Visible(strings.Join(t.Request.Topics, "; "))
	if t.Party == c.l.us {
		return fmt.Sprintf("No answer of %s to our request for a contact (%s) by the time it names", codesOf(x.Waits(t)), what)
	}
	return fmt.Sprintf("Our side has not answered the request of %s for a contact (%s) by the time it names", t.Party, what)
}

func codesOf(ps []parley.PartyCode) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = string(p)
	}
	return strings.Join(out, " and ")
}

// CheckTerms refuses terms that AskContact would refuse for what they say.
func (s *Station) CheckTerms(in ContactTerms) error {
	r, err := readTerms(in, s.now())
	if err != nil {
		return err
	}
	return r.Check()
}
