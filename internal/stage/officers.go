package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Officers lets the people of one side act by themselves until ctx ends: the
// watch acknowledges, the translator translates, the second officer reviews and
// releases, the envoy informs the principal and answers. When a person sits at
// the desk, only the translator and the second officer go on.
func (s *Side) Officers(ctx context.Context) {
	o := &officers{s: s, due: map[string]time.Time{}}
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if s.Running() && s.demo.Line() != "" {
			if err := o.look(ctx); err != nil && ctx.Err() == nil {
				o.note(err) // it is tried again
			}
		}
	}
}

type officers struct {
	s      *Side
	said   string               // the last trouble noted
	due    map[string]time.Time // when an item may be acted on next
	seated bool
	asked  time.Time // when the audit was last asked who sits
}

// look does at most one act for each item that asks for one. An item that
// cannot be acted on does not keep the others waiting.
func (o *officers) look(ctx context.Context) error {
	if time.Since(o.asked) > time.Second {
		name, err := o.s.Seated(ctx)
		if err != nil {
			return err
		}
		o.seated, o.asked = name != "", time.Now()
	}
	errs := []error{o.release(ctx)}
	all, err := o.s.dispatches(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Ours || i.Unreadable || i.Disregarded != "" || !o.ready(i.ID) {
			continue
		}
		acted, err := o.act(ctx, i)
		if acted || err != nil {
			o.due[i.ID] = time.Now().Add(o.s.demo.opts.Pause)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", i.Subject, err))
		}
	}
	return errors.Join(append(errs, o.checkCalls(ctx), o.sayings(ctx))...)
}

// note keeps what an officer could not do beside the log of the station, once.
func (o *officers) note(err error) {
	if err.Error() == o.said {
		return
	}
	o.said = err.Error()
	o.s.note(o.said)
}

// note writes down what somebody by the script could not do.
func (s *Side) note(what string) {
	f, err := os.OpenFile(filepath.Join(s.demo.dir, s.Code+".officers"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%s %s\n", time.Now().UTC().Format(time.TimeOnly), what)
}

// ready reports whether an item has been seen long enough for the next act.
func (o *officers) ready(id string) bool {
	at, seen := o.due[id]
	if !seen {
		o.due[id] = time.Now().Add(o.s.demo.opts.Pause)
		return o.s.demo.opts.Pause == 0
	}
	return time.Now().After(at)
}

// act does what an item of theirs asks for next.
func (o *officers) act(ctx context.Context, i station.Item) (bool, error) {
	s, line := o.s, o.s.demo.Line()
	step := map[parley.Rung]bool{}
	for _, r := range i.Ladder {
		step[r.Rung] = !r.At.IsZero()
	}
	people := !o.seated && !s.Asleep()
	switch {
	case !step[parley.Opened]:
		if !people {
			return false, nil
		}
		return true, o.acknowledge(ctx, i)
	case i.Language != s.Lang && !translated(i):
		return o.translate(ctx, i)
	case !people:
		return false, nil
	case !step[parley.PrincipalInformed]:
		return true, s.as(s.Envoy).Informed(ctx, line, i.ID, time.Time{})
	case asks(i) && !step[parley.Answered]:
		return o.answer(ctx, i)
	}
	return false, nil
}

func asks(i station.Item) bool { return i.Marker == parley.Question || i.Marker == parley.Request }

func translated(i station.Item) bool {
	return slices.ContainsFunc(i.Translations, func(t station.Translation) bool { return t.State == "reviewed" })
}

// acknowledge is the watch's: silence, open, acknowledge. What binds the side once it
// is read is the envoy's.
func (o *officers) acknowledge(ctx context.Context, i station.Item) error {
	w := o.s.as(o.s.Watch)
	if i.Form == "joint" || i.Form == "embargo" {
		w = o.s.as(o.s.Envoy)
	}
	if err := w.Silence(ctx, 0); err != nil {
		return err
	}
	if _, err := w.Open(ctx, i.Line, i.ID); err != nil {
		return err
	}
	return w.Acknowledge(ctx, i.Line, i.ID)
}

// translate makes the translation, or has it reviewed by the second officer.
func (o *officers) translate(ctx context.Context, i station.Item) (bool, error) {
	s := o.s
	if n := len(i.Translations); n > 0 {
		return true, s.as(s.Second).Review(ctx, i.Line, i.ID, i.Translations[n-1].ID)
	}
	if _, err := s.as(s.Translator).Open(ctx, i.Line, i.ID); err != nil {
		return false, err
	}
	text := unknown[s.Lang]
	if x := scriptOf(i.Subject); x != nil && x.Other != "" {
		text = x.Other
	}
	_, err := s.as(s.Translator).Translate(ctx, i.Line, i.ID, s.Lang, text)
	return true, err
}

// answer drafts the answer to a question, once, and submits it.
func (o *officers) answer(ctx context.Context, i station.Item) (bool, error) {
	s := o.s
	x := scriptOf(i.Subject)
	if x != nil && x.Silent {
		return false, nil
	}
	a := generic[s.Lang]
	if x != nil && x.Answer != nil {
		a = *x.Answer
	}
	drafts, err := s.as(s.Envoy).Drafts(ctx)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(drafts, func(d station.Draft) bool { return slices.Contains(d.Refs, i.ID) }) {
		return false, nil
	}
	d, err := s.Draft(ctx, a, i.ID)
	if err != nil {
		return false, err
	}
	_, err = s.as(s.Envoy).Submit(ctx, d.ID)
	return true, err
}

// Draft has the envoy write a dispatch to the other side's envoy.
func (s *Side) Draft(ctx context.Context, x scripted, refs ...string) (station.Draft, error) {
	return s.as(s.Envoy).SaveDraft(ctx, station.Draft{Line: s.demo.Line(), Form: "dispatch", From: string(parley.Envoy), To: []string{s.other.Code + "/envoy"},
		Precedence: x.Precedence.String(), Marker: x.Marker.String(), Subject: x.Subject, Text: x.Text, Language: s.Lang, Refs: refs, Reason: x.Reason})
}

// release is the second officer's: what another has drafted and submitted goes
// on the record, except what is held back for a visitor.
func (o *officers) release(ctx context.Context) error {
	s := o.s
	drafts, err := s.as(s.Second).Drafts(ctx)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		id := fmt.Sprintf("draft %d", d.ID)
		if d.State != "submitted" || s.held(d.ID) || strings.HasPrefix(d.Drafter, s.Second.Name) || !o.ready(id) {
			continue
		}
		if _, err := s.as(s.Second).Release(ctx, d.ID, d.Version, d.Precedence); err != nil {
			return err
		}
	}
	return nil
}

// alarmSounds is how long the scripted watch lets an alarm sound: long enough
// to be seen on the stage.
const alarmSounds = 10 * time.Second

// checkCalls silences what has sounded long enough, and answers their check
// calls.
func (o *officers) checkCalls(ctx context.Context) error {
	s := o.s
	if o.seated || s.Asleep() || !o.ready("check calls") {
		return nil
	}
	o.due["check calls"] = time.Now().Add(2 * time.Second)
	b, err := s.as(s.Watch).Board(ctx, s.demo.Line())
	if err != nil {
		return err
	}
	for _, a := range b.Alarms {
		if time.Since(a.At) > alarmSounds {
			if err := s.as(s.Watch).Silence(ctx, a.ID); err != nil {
				return err
			}
		}
	}
	for _, t := range b.DoNext {
		if t.Act == "check-call" && o.due[t.Item].IsZero() {
			o.due[t.Item] = time.Now()
			if _, err := s.as(s.Watch).CheckCall(ctx, s.demo.Line(), t.Item); err != nil {
				return err
			}
		}
	}
	return nil
}

// Seated names the person who sits at the desk; "" when nobody does. Whoever
// took a seat since the last Stand sits.
func (s *Side) Seated(ctx context.Context) (string, error) {
	rows, err := s.client.Audit(ctx, 200)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows { // newest first or last: the id tells
		if r.Act == "take seat" && r.ID > s.seatFrom {
			return r.Officer, nil
		}
	}
	return "", nil
}

// Stand lets the scripted officers act again, whoever sits.
func (s *Side) Stand(ctx context.Context) error {
	rows, err := s.client.Audit(ctx, 1)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seatFrom = 0
	for _, r := range rows {
		s.seatFrom = max(s.seatFrom, r.ID)
	}
	return nil
}

// Sleep puts the watch to sleep, or wakes it. Nobody opens anything meanwhile.
func (s *Side) Sleep(asleep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asleep = asleep
}

// Asleep reports whether the watch sleeps.
func (s *Side) Asleep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asleep
}

// hold keeps a draft from the second officer, or lets it go.
func (s *Side) hold(draft int64, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held {
		s.holding[draft] = true
	} else {
		delete(s.holding, draft)
	}
}

func (s *Side) held(draft int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holding[draft]
}
