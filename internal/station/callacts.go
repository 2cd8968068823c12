package station

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
)

// mayCall says who rings, lifts, hangs up and puts through.
func mayCall(by Officer, act string) error {
	if err := person(by, act); err != nil {
		return err
	}
	return seatFor(by, act, parley.Watch, parley.Envoy, parley.Principal)
}

// RingText is what is rung for.
type RingText struct {
	Contact      string `json:"contact,omitempty"` // the contact it was arranged as; "": none
	Level        string `json:"level,omitempty"`   // "": as arranged, else working
	Medium       string `json:"medium,omitempty"`  // "voice", "video"; "": as arranged, else voice
	Interpreting string `json:"interpreting,omitempty"`
	Text         string `json:"text,omitempty"`
	Recording    string `json:"recording,omitempty"` // "none", "each-its-own", "notes"; "": as arranged, else none
	Override     bool   `json:"override,omitempty"`  // FLASH: rings although the line is busy
}

// Ring rings at the other side: a ringdown call, or one that was arranged.
// Conflict while a call rings or runs on the line, unless it overrides.
func (s *Station) Ring(ctx context.Context, by Officer, name string, in RingText) (string, error) {
	const act = "call the other side"
	if err := mayCall(by, act); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	f, refs, exercise, err := s.readRing(l, in)
	if err != nil {
		return "", err
	}
	if err := s.freeToRing(l, in.Override); err != nil {
		return "", err
	}
	if !l.reached(ctx) {
		return "", l.cannotRing()
	}
	if rows, err := l.filedForms("ring"); err != nil || len(rows) > 0 {
		return "", parley.Errorf(parley.Conflict, "a call of ours waits to be sent")
	}
	h := &form.Header{From: l.officeOf(by), To: l.everyWatch(), Precedence: parley.Immediate, Refs: refs, Exercise: exercise}
	if in.Override {
		h.Precedence = parley.Flash
	}
	n, err := l.fileForm(ctx, h, f)
	if err == nil {
		err = l.leaves(ctx, n)
	}
	if err != nil {
		return "", err
	}
	l.noteHuman()
	return fmt.Sprintf("filed:%d", n), s.audit(by, act, l.id.String(), in.Contact)
}

// proveWithin is how long a path that has just come up may take to be proved, and how
// long ago one may have gone that is looked for again.
const proveWithin = 10 * time.Second

// reached reports whether a path to some other party is proved, or is within a
// moment: one that has just gone is dialed anew.
func (l *liveLine) reached(ctx context.Context) bool {
	for until := l.now().Add(proveWithin); ; sleep(ctx, 100*time.Millisecond) {
		for _, p := range l.others() {
			if len(l.net.provedTo(l.id, p)) > 0 {
				return true
			}
		}
		l.mu.Lock()
		gone := l.now().Sub(l.lastUp) > proveWithin
		l.mu.Unlock()
		if ctx.Err() != nil || l.now().After(until) || gone && len(l.net.to(l.id, "")) == 0 {
			return false
		}
	}
}

// freeToRing refuses a second call on a line.
func (s *Station) freeToRing(l *liveLine, override bool) error {
	cs, err := l.callBook()
	if err != nil {
		return err
	}
	for _, c := range cs {
		switch ph := l.phase(c); {
		case ph == call.Ringing && c.Ring.Party == l.us:
			return parley.Errorf(parley.Conflict, "our call rings at the other side already")
		case ph == call.Ringing:
			return parley.Errorf(parley.Conflict, "the other side is calling").WithHint("lift")
		case ph == call.Running && !override:
			return parley.Errorf(parley.Conflict, "a call runs on this line").WithHint("join it, or ring with precedence")
		}
	}
	return nil
}

func (s *Station) readRing(l *liveLine, in RingText) (f *call.Ring, refs []parley.Ref, exercise string, err error) {
	f, exercise = &call.Ring{Text: in.Text}, l.exercise()
	if in.Contact != "" {
		b, err := l.book()
		if err != nil {
			return nil, nil, "", err
		}
		c, err := l.contactOf(b, in.Contact)
		if err != nil {
			return nil, nil, "", err
		}
		if c.Agreed == nil || c.Off() != nil {
			return nil, nil, "", parley.Errorf(parley.Conflict, "the contact is %s: only what is agreed is rung for", c.At(s.now()))
		}
		if c.Agreed.Request.Medium == contact.InPerson {
			return nil, nil, "", parley.Errorf(parley.Conflict, "this contact is a meeting in person")
		}
		q := c.Agreed.Request
		f.Level, f.Medium, f.Interpreting, f.Recording = q.Level, q.Medium, q.Interpreting, q.Recording
		refs, exercise = []parley.Ref{c.Ref()}, c.First().Exercise
	}
	if in.Level != "" {
		if f.Level, err = contact.ParseLevel(in.Level); err != nil {
			return nil, nil, "", err
		}
	}
	if in.Medium != "" {
		if f.Medium, err = contact.ParseMedium(in.Medium); err != nil {
			return nil, nil, "", err
		}
	}
	if in.Interpreting != "" {
		if f.Interpreting, err = contact.ParseInterpreting(in.Interpreting); err != nil {
			return nil, nil, "", err
		}
	}
	if in.Recording != "" {
		if f.Recording, err = contact.ParseRecording(in.Recording); err != nil {
			return nil, nil, "", err
		}
	}
	if f.Recording == contact.EachItsOwn {
		if err := l.mayRecord(); err != nil {
			return nil, nil, "", err
		}
	}
	return f, refs, exercise, nil
}

// ringing finds the call that an officer answers or ends; id "" is the newest
// that rings or runs.
func (l *liveLine) ringing(id string) (*call.Call, error) {
	cs, err := l.callBook()
	if err != nil {
		return nil, err
	}
	for i := len(cs) - 1; i >= 0; i-- {
		ph := l.phase(cs[i])
		if id == "" && (ph == call.Ringing || ph == call.Running) || id == cs[i].Ring.Ref.String() {
			return cs[i], nil
		}
	}
	if id == "" {
		return nil, parley.Errorf(parley.NotFound, "no call rings or runs on the line with %s", l.name())
	}
	return nil, parley.Errorf(parley.NotFound, "%s is no call", id)
}

// decideOn finds the call that an officer answers or ends, and keeps other acts on
// the calls of its line waiting until leave is called.
func (s *Station) decideOn(by Officer, act, name, id string) (l *liveLine, c *call.Call, leave func(), err error) {
	if err = mayCall(by, act); err != nil {
		return nil, nil, nil, err
	}
	if l, err = s.lineOf(name); err != nil {
		return nil, nil, nil, err
	}
	l.deciding.Lock()
	if c, err = l.ringing(id); err != nil {
		l.deciding.Unlock()
		return nil, nil, nil, err
	}
	return l, c, l.deciding.Unlock, nil
}

// LiftCall accepts a call that rings here. A call that runs on the line ends with
// that: who rings over it has precedence.
func (s *Station) LiftCall(ctx context.Context, by Officer, name, id string) error {
	return s.answerCall(ctx, by, name, id, "lift", &call.Pickup{Phase: call.Accept})
}

// DeclineCall declines a call that rings here, with a reason of the agreed list.
func (s *Station) DeclineCall(ctx context.Context, by Officer, name, id, reason, text string) error {
	why, err := contact.ParseReason(reason)
	if err != nil {
		return err
	}
	return s.answerCall(ctx, by, name, id, "decline a call", &call.Pickup{Phase: call.Decline, Reason: why, Text: text})
}

func (s *Station) answerCall(ctx context.Context, by Officer, name, id, act string, f *call.Pickup) error {
	l, c, leave, err := s.decideOn(by, act, name, id)
	if err != nil {
		return err
	}
	defer leave()
	switch ph := l.phase(c); {
	case c.Ring.Party == l.us:
		return parley.Errorf(parley.NotAllowed, "it is our call: the other side answers it")
	case c.Pickups[l.us] != nil || ph != call.Ringing && ph != call.Running:
		return parley.Errorf(parley.Conflict, "the call does not ring any more").WithHint("call back")
	}
	if r := c.Ring.Form.(*call.Ring); f.Phase == call.Accept && r.Recording == contact.EachItsOwn {
		if err := l.mayRecord(); err != nil {
			return err
		}
	}
	if f.Phase == call.Accept {
		if on, err := s.liveCall(l); err == nil && on.ref != c.Ring.Ref {
			if err := on.file(ctx, call.Ended, "given up for a call with precedence"); err != nil {
				return err
			}
		}
	}
	if err := l.fileOfCall(ctx, c.Ring.Ref, f); err != nil {
		return err
	}
	l.noteHuman()
	return s.audit(by, act, c.Ring.Ref.String(), "")
}

// HangUp ends our part in a call, or gives up one of ours that rings.
func (s *Station) HangUp(ctx context.Context, by Officer, name, id string) error {
	const act = "hang up"
	l, c, leave, err := s.decideOn(by, act, name, id)
	if err != nil {
		return err
	}
	defer leave()
	lc, live := s.liveCall(l)
	switch ph := l.phase(c); {
	case c.Hangups[l.us] != nil, ph != call.Running && ph != call.Ringing:
		return parley.Errorf(parley.Conflict, "the call is over")
	case ph == call.Ringing && c.Ring.Party != l.us:
		return parley.Errorf(parley.NotAllowed, "it is their call that rings here").WithHint("decline it")
	case ph == call.Ringing:
		err = l.fileOfCall(ctx, c.Ring.Ref, &call.Hangup{Outcome: call.Withdrawn})
	case live == nil && lc.ref == c.Ring.Ref:
		outcome := call.Ended
		if len(lc.x.View().Lost) > 0 {
			outcome = call.Broken
		}
		err = lc.file(ctx, outcome, "")
	default:
		err = l.fileOfCall(ctx, c.Ring.Ref, &call.Hangup{Outcome: call.Ended})
	}
	if err != nil {
		return err
	}
	return s.audit(by, act, c.Ring.Ref.String(), "")
}

// callGuest is somebody who joins by a link, without an account.
type callGuest struct {
	as  CallPerson
	key string
}

// CallPerson is who joins a call, and as what.
type CallPerson struct {
	Name   string `json:"name"`
	Title  string `json:"title,omitempty"`
	Role   string `json:"role"`               // "principal", "delegate", "interpreter", "note-taker", "listener", "watch"
	Tongue string `json:"language,omitempty"` // that he speaks
}

// A CallSeat is somebody's place on a call: which he gives with all he does on it.
type CallSeat struct {
	Line   string `json:"line"`
	Person uint64 `json:"person"`
}

// InviteGuest makes a link for somebody without an account: his page of the call,
// and nothing else. The secret is shown once, and ends with the call.
func (s *Station) InviteGuest(_ context.Context, by Officer, name string, as CallPerson) (secret string, err error) {
	const act = "make a link for a call"
	if err := mayCall(by, act); err != nil {
		return "", err
	}
	c, err := s.callOn(name)
	if err != nil {
		return "", err
	}
	p, err := readPerson(as)
	if err == nil {
		err = p.CheckNames() // he would be refused at the door
	}
	if err != nil {
		return "", err
	}
	secret = rand.Text()
	c.mu.Lock()
	if len(c.guests) >= call.MaxPeople {
		c.mu.Unlock()
		return "", parley.Errorf(parley.Quota, "there are %d links for this call, and no more can be", call.MaxPeople)
	}
	c.guests[secret] = callGuest{as, "guest:" + secret}
	c.mu.Unlock()
	return secret, s.audit(by, act, c.ref.String(), as.Role+" "+as.Name)
}

func (s *Station) callOn(name string) (*liveCall, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	return s.liveCall(l)
}

func readPerson(in CallPerson) (p call.Person, err error) {
	p = call.Person{Name: strings.TrimSpace(in.Name), Title: strings.TrimSpace(in.Title), Tongue: in.Tongue, Place: call.Floor}
	if in.Role == "watch" {
		p.Role, p.Place = contact.Listener, call.Watch
		return p, nil
	}
	p.Role, err = contact.ParseRole(in.Role)
	return p, err
}

// JoinCall puts an officer on the call that runs on a line; again, it returns the
// place that he has.
func (s *Station) JoinCall(_ context.Context, by Officer, name string, as CallPerson) (CallSeat, error) {
	if err := person(by, "join a call"); err != nil {
		return CallSeat{}, err
	}
	c, err := s.callOn(name)
	if err != nil {
		return CallSeat{}, err
	}
	switch as.Role {
	case "principal":
		err = seatFor(by, "join as principal", parley.Principal, parley.Envoy)
	case "watch":
		err = seatFor(by, "join for the watch", parley.Watch)
	}
	if err != nil {
		return CallSeat{}, err
	}
	if as.Name == "" {
		as.Name = by.Name
	}
	at, err := c.join(fmt.Sprintf("officer:%d", by.ID), as)
	if err != nil {
		return at, err
	}
	return at, s.audit(by, "join a call", c.ref.String(), as.Role)
}

// GuestOf returns for whom a link is, and whether he is on the call. NotFound where the
// link is none, or has ended. It puts nobody on the call.
func (s *Station) GuestOf(_ context.Context, secret string) (as CallPerson, on bool, err error) {
	at, g, err := s.guestOf(secret)
	if err != nil {
		return as, false, err
	}
	at.mu.Lock()
	id, on := at.people[g.key]
	at.mu.Unlock()
	return g.as, on && at.x.View().State.Halves[at.line.us].Person(id) != nil, nil
}

// JoinAsGuest puts who has a link on the call. NotFound where the link is none, or
// has ended.
func (s *Station) JoinAsGuest(_ context.Context, secret string) (CallSeat, error) {
	at, g, err := s.guestOf(secret)
	if err != nil {
		return CallSeat{}, err
	}
	return at.join(g.key, g.as)
}

func (s *Station) guestOf(secret string) (at *liveCall, g callGuest, err error) {
	s.calling.mu.Lock() // whoever hears packets takes it, so nothing is waited for under it
	calls := slices.Collect(maps.Values(s.calling.of))
	s.calling.mu.Unlock()
	for _, c := range calls {
		c.mu.Lock()
		if x, ok := c.guests[secret]; ok {
			at, g = c, x
		}
		c.mu.Unlock()
	}
	if at == nil {
		err = parley.Errorf(parley.NotFound, "this link is for no call that runs")
	}
	return at, g, err
}

func (c *liveCall) join(key string, as CallPerson) (CallSeat, error) {
	p, err := readPerson(as)
	if err != nil {
		return CallSeat{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, ok := c.people[key]; ok {
		if c.x.View().State.Halves[c.line.us].Person(id) != nil {
			return CallSeat{c.line.id.String(), id}, nil
		}
	}
	var id uint64
	if err := c.x.Do(func(r *call.Room) (err error) { id, err = r.Enter(p); return err }); err != nil {
		return CallSeat{}, err
	}
	c.people[key] = id
	return CallSeat{c.line.id.String(), id}, nil
}

// shut ends the link of a guest who was taken off the call: his page would put him
// back on it.
func (c *liveCall) shut(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.guests, func(_ string, g callGuest) bool { return c.people[g.key] == id })
}

// SeatOf returns the place that an officer has on the call of a line. NotFound
// where he has not joined.
func (s *Station) SeatOf(_ context.Context, by Officer, name string) (CallSeat, error) {
	c, err := s.callOn(name)
	if err != nil {
		return CallSeat{}, err
	}
	c.mu.Lock()
	id, ok := c.people[fmt.Sprintf("officer:%d", by.ID)]
	c.mu.Unlock()
	if !ok || c.x.View().State.Halves[c.line.us].Person(id) == nil {
		return CallSeat{}, parley.Errorf(parley.NotFound, "you have not joined this call")
	}
	return CallSeat{c.line.id.String(), id}, nil
}

// A CallAct is what somebody does on a call, for himself.
//
//	mute, unmute, leave, turn, yield, again, slower, poor, ask, aside, back, air
//	hear LANGUAGE, booth LANGUAGE ("" the floor, out of it)
//	become ROLE
type CallAct struct {
	Do   string `json:"do"`
	What string `json:"what,omitempty"`
}

// ActOnCall does what somebody on a call does for himself. Who holds at is taken
// to be him: desks know whose it is.
func (s *Station) ActOnCall(_ context.Context, at CallSeat, a CallAct) error {
	c, err := s.callOn(at.Line)
	if err != nil {
		return err
	}
	id := at.Person
	switch a.Do {
	case "leave":
		return c.x.Leave(id)
	case "hear":
		if a.What != "" {
			if err := form.CheckLanguage("the language", a.What); err != nil {
				return err
			}
		}
		c.x.Choose(id, a.What)
		return nil
	}
	now := s.now()
	return c.x.Do(func(r *call.Room) error {
		switch a.Do {
		case "mute", "unmute":
			return r.Mute(id, a.Do == "mute")
		case "turn":
			return r.TakeTurn(id, now)
		case "yield":
			return r.TakeTurn(0, now)
		case "again":
			return r.Ask(id, call.SayAgain)
		case "slower":
			return r.Ask(id, call.Slower)
		case "poor":
			return r.Ask(id, call.TooPoor)
		case "ask":
			return r.Ask(id, call.AskFloor)
		case "aside", "back":
			return r.StepAside(id, a.Do == "aside")
		case "booth":
			return r.TakeBooth(id, a.What)
		case "air":
			return r.GoOnAir(id)
		case "become":
			role, err := contact.ParseRole(a.What)
			if err != nil {
				return err
			}
			if role == contact.Principal {
				return parley.Errorf(parley.NotAllowed, "nobody makes himself principal").WithHint("the watch gives roles")
			}
			return r.Cast(id, role, "")
		}
		return parley.Errorf(parley.Malformed, "%q is nothing to do on a call", form.Visible(a.Do))
	})
}

// SideAct is what the watch, the envoy or the principal does for our side.
//
//	ready, unready, hold REASON, resume, interpret WAY
//	cast PERSON ROLE, remove PERSON, turn PERSON, mute PERSON
type SideAct struct {
	Do     string `json:"do"`
	What   string `json:"what,omitempty"`
	Person uint64 `json:"person,omitempty"`
}

// ActForSide does what is done for our whole side on a call.
func (s *Station) ActForSide(_ context.Context, by Officer, name string, a SideAct) error {
	if err := mayCall(by, "act for our side on a call"); err != nil {
		return err
	}
	c, err := s.callOn(name)
	if err != nil {
		return err
	}
	if a.Do == "ready" {
		if err := c.mayPutThrough(); err != nil {
			return err
		}
	}
	if a.Do == "remove" {
		if err := c.x.Leave(a.Person); err != nil {
			return err
		}
		c.shut(a.Person)
		return s.audit(by, "remove from a call", c.ref.String(), fmt.Sprint(a.Person))
	}
	err = c.x.Do(func(r *call.Room) error {
		switch a.Do {
		case "ready", "unready":
			return r.SetReady(a.Do == "ready")
		case "hold":
			if strings.TrimSpace(a.What) == "" {
				return parley.Errorf(parley.BadForm, "a hold has a reason that the other side sees").WithHint("for example: consulting")
			}
			return r.Consult(strings.TrimSpace(a.What))
		case "resume":
			return r.Consult("")
		case "interpret":
			mode, err := contact.ParseInterpreting(a.What)
			if err != nil {
				return err
			}
			return r.Interpret(mode)
		case "cast":
			role, err := contact.ParseRole(a.What)
			if err != nil {
				return err
			}
			return r.Cast(a.Person, role, "")
		case "turn":
			return r.TakeTurn(a.Person, s.now())
		case "mute":
			return r.Mute(a.Person, true)
		}
		return parley.Errorf(parley.Malformed, "%q is nothing to do for a side", form.Visible(a.Do))
	})
	if err != nil {
		return err
	}
	return s.audit(by, "call: "+a.Do, c.ref.String(), a.What)
}

// CallNote is passed to the principal's page: our side only.
type CallNote struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

const (
	maxCallNote  = 500 // characters
	maxCallNotes = 50
)

// PassNote passes a note to the pages of our principals. It never leaves the
// station, and is not kept.
func (s *Station) PassNote(_ context.Context, by Officer, name, text string) error {
	if err := person(by, "pass a note"); err != nil {
		return err
	}
	if err := form.CheckLine("the note", text, maxCallNote); err != nil {
		return err
	}
	c, err := s.callOn(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.notes = append(c.notes, CallNote{s.now().UTC(), by.Name, text})
	c.notes = c.notes[max(0, len(c.notes)-maxCallNotes):]
	c.mu.Unlock()
	c.line.emit("call", c.line.id.String(), c.ref.String())
	return s.audit(by, "pass a note", c.ref.String(), "")
}

// SaidText is a sentence in one language.
type SaidText struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

// WriteWording files a sentence in every language of the line for the other side
// to confirm. before is the wording that it takes the place of; "" none.
func (s *Station) WriteWording(ctx context.Context, by Officer, name, id string, texts []SaidText, before string) (string, error) {
	const act = "write a wording"
	if err := person(by, act); err != nil {
		return "", err
	}
	if err := seatFor(by, act, parley.Envoy, parley.Principal, parley.Watch, parley.Translator, parley.Interpreter); err != nil {
		return "", err
	}
	f := &call.Wording{Note: call.WordingNote}
	for _, t := range texts {
		f.Texts = append(f.Texts, call.Said{Lang: t.Language, Text: t.Text})
	}
	return s.wordOnCall(ctx, by, name, act, id, before, f)
}

func (s *Station) wordOnCall(ctx context.Context, by Officer, name, act, id, before string, f form.Form) (string, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	c, err := l.ringing(id)
	if err != nil {
		return "", err
	}
	refs := []parley.Ref{c.Ring.Ref}
	if before != "" {
		ref, err := l.refOf(before)
		if err != nil {
			return "", err
		}
		refs = append(refs, ref)
	}
	if w, ok := f.(*call.Wording); ok {
		if err := everyTongue(l, w); err != nil {
			return "", err
		}
	}
	n, err := l.fileForm(ctx, &form.Header{From: l.officeOf(by), To: l.everyEnvoy(), Precedence: parley.Priority, Refs: refs, Exercise: c.Ring.Exercise}, f)
	if err != nil {
		return "", err
	}
	l.noteHuman()
	return fmt.Sprintf("filed:%d", n), s.audit(by, act, c.Ring.Ref.String(), f.Name())
}

// everyTongue refuses a wording that lacks a language of the line.
func everyTongue(l *liveLine, w *call.Wording) error {
	for _, p := range l.charter().Codes() {
		x, ok := l.charter().Party(p)
		if !ok || len(x.Languages) == 0 {
			continue
		}
		found := false
		for _, t := range w.Texts {
			found = found || t.Lang == x.Languages[0]
		}
		if !found {
			return parley.Errorf(parley.BadForm, "the wording is not there in %s, the language of %s", x.Languages[0], x.Name).WithHint("a wording stands in the language of every side")
		}
	}
	return nil
}

// JudgeWording confirms a wording of the other side, denies it, or takes back an
// own one: "confirm", "deny", "withdraw".
func (s *Station) JudgeWording(ctx context.Context, by Officer, name, id, step, text string) error {
	act := step + " a wording"
	if err := person(by, act); err != nil {
		return err
	}
	if err := seatFor(by, act, parley.Envoy, parley.Principal); err != nil {
		return err
	}
	f := &call.Confirm{Text: text}
	switch step {
	case "confirm":
	case "deny":
		f.Phase = call.Denied
	case "withdraw":
		f.Phase = call.TakenBack
	default:
		return parley.Errorf(parley.Malformed, "a wording is confirmed, denied or taken back, not %q", step).WithHint("confirm, deny or withdraw")
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	ref, err := l.refOf(id)
	if err != nil {
		return err
	}
	refs := []parley.Ref{ref}
	if l.filedAlready(f, refs) {
		return parley.Errorf(parley.Conflict, "the same is on its way already")
	}
	if _, err := l.fileForm(ctx, &form.Header{From: l.officeOf(by), To: l.everyEnvoy(), Precedence: parley.Priority, Refs: refs, Exercise: l.exerciseOfWording(ref)}, f); err != nil {
		return err
	}
	l.noteHuman()
	return s.audit(by, act, id, "")
}

// exerciseOfWording is the mark of a wording: a word of it under another counts for
// nothing.
func (l *liveLine) exerciseOfWording(ref parley.Ref) string {
	cs, err := l.callBook()
	if err != nil {
		return l.exercise()
	}
	for _, c := range cs {
		for _, p := range c.Wordings {
			if p.Ref == ref {
				return p.Exercise
			}
		}
	}
	return l.exercise()
}

// DisputeRendering says that something was interpreted otherwise than it was said.
func (s *Station) DisputeRendering(ctx context.Context, by Officer, name, id, tongue, heard, meant string) (string, error) {
	const act = "dispute a rendering"
	if err := person(by, act); err != nil {
		return "", err
	}
	return s.wordOnCall(ctx, by, name, act, id, "", &call.Dispute{Lang: tongue, Heard: heard, Meant: meant, At: seconds(s.now())})
}
