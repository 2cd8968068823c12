package station

import (
	"context"
	"fmt"
	"io"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/seal"
	"parley/internal/store"
)

// formContext lets forms look up what they refer to (form.Context).
type formContext struct {
	l *liveLine
}

func (c formContext) Writer() parley.PartyCode { return c.l.us }
func (c formContext) HasParty(p parley.PartyCode) bool {
	return c.l.rules().In(p)
}
func (c formContext) HasOffice(o parley.Office) bool { return c.l.charter().HasOffice(o) }
func (c formContext) InstructionAllowed() bool       { return c.l.charter().Instruct }

func (c formContext) Entry(r parley.Ref) (form.Entry, bool) {
	row, err := c.l.store.Item(r.Gen, r.Index)
	if err != nil {
		return form.Entry{}, false
	}
	v, err := c.l.view(row)
	if err != nil {
		return form.Entry{}, false
	}
	return form.Entry{Party: row.Party, Header: v.header, Form: v.form}, true
}

func (c formContext) Receipted(to parley.Ref, name string) bool {
	rows, err := c.l.store.Referring(to.Gen, to.Index)
	if err != nil {
		return false
	}
	for _, r := range rows {
		if r.Form == name && (r.Party == c.l.us || r.Waiting()) {
			return true
		}
	}
	return false
}

// fileForm checks a form against its rules and files it.
func (l *liveLine) fileForm(ctx context.Context, h *form.Header, f form.Form) (uint64, error) {
	h.Form = f.Name()
	if s, ok := form.Series(h.Form); ok {
		h.Series = s
	}
	if err := form.Validate(f, h, formContext{l}); err != nil {
		return 0, err
	}
	return l.file(ctx, h, f)
}

// about finds an entry that an officer acts on, and its reference.
func (s *Station) about(name, id string) (*liveLine, Item, parley.Ref, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, Item{}, parley.Ref{}, err
	}
	it, err := s.itemOf(l, id, true)
	if err != nil {
		return nil, Item{}, parley.Ref{}, err
	}
	ref, err := parley.ParseRef(it.ID)
	if err != nil {
		return l, it, ref, parley.Errorf(parley.Unavailable, "%s waits to be sent and has no place in the log yet", id).WithHint("repeat this when the line has taken it")
	}
	return l, it, ref, nil
}

// seatFor refuses officers who hold none of the offices that may do an act.
func seatFor(by Officer, act string, offices ...parley.Office) error {
	if by.ID == 0 { // the local socket: whoever runs the machine
		return nil
	}
	for _, o := range offices {
		if by.Holds(o) {
			return nil
		}
	}
	return parley.Errorf(parley.NotAllowed, "%s may not %s: it takes the office of %s", by.Name, act, offices[0])
}

// person refuses the local socket where an act must bear somebody's name.
func person(by Officer, act string) error {
	if by.ID != 0 {
		return nil
	}
	return parley.Errorf(parley.NotAllowed, "it takes an officer to %s, and no name was given", act).WithHint("say who acts: --as NAME; list the officers with parley officer list")
}

// Open returns an entry with its text, and writes in the audit that the officer
// read it. It sends nothing.
func (s *Station) Open(_ context.Context, by Officer, name, id string) (Item, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Item{}, err
	}
	it, err := s.itemOf(l, id, true)
	if err != nil {
		return Item{}, err
	}
	if err := s.audit(by, "open", it.ID, it.Subject); err != nil {
		return Item{}, err
	}
	if !it.Ours && isTraffic(it.Form) && by.ID != 0 {
		if err := s.own.MarkOpened(l.id, it.ID, by.ID); err != nil {
			return Item{}, err
		}
	}
	return it, nil
}

// Acknowledge files the "opened" receipt: that an officer has opened it, and
// nothing more. Of a joint statement and of an embargo it binds our side: that takes
// whoever may speak at the level of the contact.
func (s *Station) Acknowledge(ctx context.Context, by Officer, name, id string) error {
	if err := person(by, "acknowledge"); err != nil {
		return err
	}
	l, it, ref, err := s.about(name, id)
	if err != nil {
		return err
	}
	if err := l.mayAcknowledge(by, &it); err != nil {
		return err
	}
	if (formContext{l}).Receipted(ref, "opened") {
		return parley.Errorf(parley.Conflict, "%s is acknowledged already", id)
	}
	f := &form.Opened{Wording: parley.ReceiptWording, Time: form.Minute(s.now())}
	if err := s.fileAs(ctx, l, by, &it, f, "acknowledge"); err != nil {
		return err
	}
	if err := s.own.MarkOpened(l.id, it.ID, by.ID); err != nil {
		return err
	}
	if err := s.silenceItem(l, it.ID); err != nil {
		return err
	}
	return s.translatedBefore(ctx, l, by, ref)
}

// fileAs files a form about an item with its precedence and exercise mark, and
// audits it.
func (s *Station) fileAs(ctx context.Context, l *liveLine, by Officer, it *Item, f form.Form, act string) error {
	ref, err := parley.ParseRef(it.ID)
	if err != nil {
		return err
	}
	h := &form.Header{From: l.officeOf(by), Refs: []parley.Ref{ref}, Exercise: it.Exercise}
	if d, ok := form.Find(f.Name()); ok && d.Addressed {
		h.To = l.everyWatch()
		h.Precedence = it.Precedence
	}
	if d, ok := form.Find(f.Name()); ok && d.Language {
		h.Language = l.language()
	}
	if form.IsReceipt(f.Name()) {
		h.Precedence = it.Precedence
	}
	if _, err := l.fileForm(ctx, h, f); err != nil {
		return err
	}
	l.noteHuman()
	return s.audit(by, act, it.ID, f.Name())
}

// officeOf is the office an officer writes from: the first of his that the
// charter knows.
func (l *liveLine) officeOf(by Officer) parley.Office {
	for _, o := range by.Offices {
		if l.charter().HasOffice(o) {
			return o
		}
	}
	return l.stationOffice()
}

// language is our side's own language.
func (l *liveLine) language() string {
	if p, ok := l.charter().Party(l.us); ok && len(p.Languages) > 0 {
		return p.Languages[0]
	}
	return "en"
}

// Take writes on our side who deals with an item. Conflict when another officer
// has it.
func (s *Station) Take(ctx context.Context, by Officer, name, id string) error {
	return s.TakeFrom(ctx, by, name, id, "")
}

// TakeFrom is Take for an officer who saw whose item it is, "" for nobody's, and
// takes it over from that one.
func (s *Station) TakeFrom(_ context.Context, by Officer, name, id, from string) error {
	return s.onItem(by, "take an item", name, id, func(l *liveLine, it *Item) (string, error) {
		seen := int64(0)
		if m, ok, err := s.own.TakenBy(l.id, it.ID); err != nil {
			return "", err
		} else if ok && from != "" && it.TakenBy == from {
			seen = m.Officer
		}
		return "take", s.own.TakeOf(l.id, it.ID, by.ID, seen)
	})
}

// GiveBack notes that an officer no longer deals with an item.
func (s *Station) GiveBack(_ context.Context, by Officer, name, id string) error {
	return s.onItem(by, "give an item back", name, id, func(l *liveLine, it *Item) (string, error) {
		return "give back", s.own.GiveBack(l.id, it.ID, by.ID)
	})
}

// onItem does and audits what concerns our side alone.
func (s *Station) onItem(by Officer, what, name, id string, do func(*liveLine, *Item) (act string, err error)) error {
	if err := person(by, what); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	it, err := s.itemOf(l, id, false)
	if err != nil {
		return err
	}
	act, err := do(l, &it)
	if err != nil {
		return err
	}
	s.hub.emit("item", it.Line, it.ID)
	return s.audit(by, act, it.ID, "")
}

// mayTranslate reports why an officer may not translate; nil when he may.
func mayTranslate(by Officer) error {
	if err := person(by, "translate"); err != nil {
		return err
	}
	return seatFor(by, "translate", parley.Translator, parley.Interpreter, parley.Watch, parley.Envoy)
}

// Translate keeps a translation on our side, as a draft until another officer
// has reviewed it.
func (s *Station) Translate(_ context.Context, by Officer, name, id, language, text string) (Translation, error) {
	if err := mayTranslate(by); err != nil {
		return Translation{}, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return Translation{}, err
	}
	it, err := s.itemOf(l, id, true)
	if err != nil {
		return Translation{}, err
	}
	return s.keepTranslation(l, by, it.ID, language, text)
}

// Review checks a translation, by another officer than its maker, and files the
// "translated" receipt where our side promises that rung and wants no third
// mark.
func (s *Station) Review(ctx context.Context, by Officer, name, id string, translation int64) error {
	if err := person(by, "review a translation"); err != nil {
		return err
	}
	if err := seatFor(by, "review a translation", parley.Translator, parley.Interpreter, parley.Envoy); err != nil {
		return err
	}
	l, ref, err := s.translated(name, id, translation)
	if err != nil {
		return err
	}
	t, err := s.own.ReviewTranslation(translation, by.ID)
	if err != nil {
		return err
	}
	if err := s.audit(by, "review", t.Item, t.Language); err != nil {
		return err
	}
	s.hub.emit("item", l.id.String(), t.Item)
	return s.sayTranslated(ctx, l, by, ref, &t)
}

// Informed files that the principal was informed, at the given time.
func (s *Station) Informed(ctx context.Context, by Officer, name, id string, at time.Time) error {
	if err := seatFor(by, "say that the principal is informed", parley.Watch, parley.Envoy, parley.Principal); err != nil {
		return err
	}
	l, it, ref, err := s.about(name, id)
	if err != nil {
		return err
	}
	if (formContext{l}).Receipted(ref, "informed") {
		return parley.Errorf(parley.Conflict, "the other side is told already that the principal was informed of %s", id)
	}
	if at.IsZero() {
		at = s.now()
	}
	if at.After(s.now().Add(time.Minute)) {
		return parley.Errorf(parley.BadForm, "the principal cannot have been informed at %s: that is still to come", parley.DTG(at))
	}
	return s.fileAs(ctx, l, by, &it, &form.Informed{Wording: parley.ReceiptWording, Time: form.Minute(at)}, "informed")
}

// Query files a query about an own entry, and none again within form.QueryPause
// of the last.
func (s *Station) Query(ctx context.Context, by Officer, name, id, text string) error {
	l, it, ref, err := s.about(name, id)
	if err != nil {
		return err
	}
	if err := s.askedLately(l, ref, "query"); err != nil {
		return err
	}
	return s.fileAs(ctx, l, by, &it, &form.Query{Text: text}, "query")
}

// askedLately refuses a second query or tracer about an entry soon after the
// first: one from a page that was sent twice, too.
func (s *Station) askedLately(l *liveLine, ref parley.Ref, what string) error {
	rows, err := l.store.Referring(ref.Gen, ref.Index)
	if err != nil {
		return err
	}
	pause := form.QueryPause
	if d := l.timings.QueryAgain; d > 0 {
		pause = d
	}
	for _, r := range rows {
		at := time.UnixMilli(r.Arrived)
		if r.Form == what && (r.Party == l.us || r.Waiting()) && s.now().Sub(at) < pause {
			return parley.Errorf(parley.Conflict, "a %s about it went %s ago; none goes again within %s", what, ago(s.now().Sub(at)), ago(pause)).WithHint("call their watch another way, or wait")
		}
	}
	return nil
}

// Tracer files a tracer for the first rung that an own entry lacks.
func (s *Station) Tracer(ctx context.Context, by Officer, name, id, text string) error {
	l, it, ref, err := s.about(name, id)
	if err != nil {
		return err
	}
	if err := s.askedLately(l, ref, "tracer"); err != nil {
		return err
	}
	rung := parley.Answered
	for _, st := range it.Ladder {
		if st.At.IsZero() && st.Rung >= parley.Stored {
			rung = st.Rung
			break
		}
	}
	return s.fileAs(ctx, l, by, &it, &form.Tracer{Text: text, Rung: uint64(rung)}, "tracer")
}

// Disregard asks the other side to disregard an own entry. The original stays.
func (s *Station) Disregard(ctx context.Context, by Officer, name, id, reason string) error {
	if err := seatFor(by, "disregard an entry", parley.Envoy, parley.Watch, parley.Principal); err != nil {
		return err
	}
	l, it, _, err := s.about(name, id)
	if err != nil {
		return err
	}
	return s.fileAs(ctx, l, by, &it, &form.Disregard{Reason: reason}, "disregard")
}

// CheckCall asks for a sign of life from an officer of theirs, or answers
// theirs. A station never does this by itself.
func (s *Station) CheckCall(ctx context.Context, by Officer, name, id string) (string, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	h := &form.Header{From: l.officeOf(by), To: l.everyWatch(), Precedence: parley.Priority, Language: l.language()}
	f := form.NewCheckCall(form.Call)
	if id != "" {
		ref, err := parley.ParseRef(id)
		if err != nil {
			return "", err
		}
		if (formContext{l}).Receipted(ref, "checkcall") {
			return "", parley.Errorf(parley.Conflict, "this check call is answered already")
		}
		h.Refs, f = []parley.Ref{ref}, form.NewCheckCall(form.Answer)
	}
	n, err := l.fileForm(ctx, h, f)
	if err != nil {
		return "", err
	}
	l.noteHuman()
	return fmt.Sprintf("filed:%d", n), s.audit(by, "check call", id, "")
}

// Test files a line test and waits for the answer, at most 15 seconds.
func (s *Station) Test(ctx context.Context, name string) (TestState, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return TestState{}, err
	}
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	return l.testNow(ctx)
}

// CutPath takes a path of a line down, or lets it up again; "" means all.
func (s *Station) CutPath(_ context.Context, by Officer, name, path string, cut bool) error {
	if err := seatFor(by, "cut a path", parley.Administrator, parley.Watch); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	if err := s.net.cutPath(l.id, path, cut); err != nil {
		return err
	}
	act := "restore path"
	if cut {
		act = "cut path"
	}
	l.changed("path")
	return s.audit(by, act, l.id.String(), path)
}

// Attachment opens the nth attachment of an entry.
func (s *Station) Attachment(_ context.Context, by Officer, name, id string, n int) (string, string, io.ReadCloser, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return "", "", nil, err
	}
	row, err := l.find(id)
	if err != nil {
		return "", "", nil, err
	}
	v, err := l.view(row)
	if err != nil {
		return "", "", nil, err
	}
	d, ok := v.form.(*form.Dispatch)
	if !ok || n < 0 || n >= len(d.Attachments) {
		return "", "", nil, parley.Errorf(parley.NotFound, "%s has no attachment %d", id, n)
	}
	a := d.Attachments[n]
	f, err := s.blobs.Open(store.BlobID{Line: l.id, Hash: a.Hash})
	if err != nil {
		if parley.KindOf(err) == parley.NotFound {
			return "", "", nil, parley.Errorf(parley.Unavailable, "the attachment %q is not whole here yet", a.Name).WithHint("it comes by itself after all entries, at the lowest precedence")
		}
		return "", "", nil, err
	}
	if err := s.audit(by, "open attachment", id, a.Name); err != nil {
		f.Close()
		return "", "", nil, err
	}
	return a.Name, a.Type, opened{seal.OpenBlob(f, a.Key), f}, nil
}

type opened struct {
	io.Reader
	io.Closer
}
