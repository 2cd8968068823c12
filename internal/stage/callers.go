package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/control"
	"parley/internal/stage/voice"
	"parley/internal/station"
)

// LiftAfter is for how long the scripted watch lets a call ring: long enough to be
// seen.
const LiftAfter = 3 * time.Second

// callers are the people of one side on calls, acting by themselves: the watch
// lifts, the principal and the interpreter gather, the watch says READY, both speak
// while the call lasts, the envoy confirms what is written down.
type callers struct {
	s     *Side
	since map[string]time.Time // when something that waits was first seen
	asked time.Time            // when the audit was last asked who sits
	sits  bool

	of    string // the call they are on
	stop  context.CancelFunc
	talks sync.WaitGroup
	retry time.Time // after joining has failed
}

// Callers lets the people of one side act on calls by themselves until ctx ends.
// When a person sits at the desk, he lifts, says READY and confirms. While the
// story plays a call they keep out of it.
func (s *Side) Callers(ctx context.Context) {
	k := &callers{s: s, since: map[string]time.Time{}}
	defer k.leave()
	said := ""
	t := time.NewTicker(250 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if !s.Running() || s.demo.Line() == "" || s.demo.onStage() {
			k.leave()
			continue
		}
		if err := k.look(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.note("on a call: " + said) // it is tried again
		}
	}
}

// look does what the call of the line asks for next.
func (k *callers) look(ctx context.Context) error {
	s := k.s
	if time.Since(k.asked) > time.Second {
		name, err := s.Seated(ctx)
		if err != nil {
			return err
		}
		k.sits, k.asked = name != "", time.Now()
	}
	all, err := s.client.Calls(ctx, s.demo.Line())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(c station.Call) bool { return c.Phase == call.Ringing || c.Phase == call.Running })
	if i < 0 {
		k.leave()
		return nil
	}
	people, c := !k.sits && !s.Asleep(), &all[i]
	switch {
	case c.Phase == call.Ringing:
		k.leave()
		if c.Waits && people && k.waited("ring "+c.ID, LiftAfter) {
			return s.as(s.Watch).ActOnCall(ctx, "lift", control.CallAct{Line: c.Line, ID: c.ID})
		}
		return nil
	case k.of != c.ID || k.gone():
		k.leave()
		if !people || time.Now().Before(k.retry) {
			return nil
		}
		return k.join(ctx, c)
	case people:
		return k.attend(ctx, c)
	}
	return nil
}

// waited reports whether something has been seen for so long.
func (k *callers) waited(what string, d time.Duration) bool {
	if k.since[what].IsZero() {
		k.since[what] = time.Now()
	}
	return time.Since(k.since[what]) >= d
}

// join brings both people into the lobby and lets them speak once all are put
// through. Whatever the call was rung for, our own leader is interpreted in a
// booth: who wants to hear it chooses it.
func (k *callers) join(ctx context.Context, c *station.Call) error {
	s := k.s
	k.retry = time.Now().Add(5 * time.Second)
	if err := s.act(ctx, "interpret", "simultaneous"); err != nil {
		return err
	}
	t, err := s.gather(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.troupe = t
	s.mu.Unlock()
	ctx, k.stop = context.WithCancel(ctx)
	k.of = c.ID
	k.talks.Go(func() { t.converse(ctx) })
	return nil
}

// gone reports whether those who joined are on the call no more.
func (k *callers) gone() bool {
	t := k.s.onCall()
	return t == nil || slices.ContainsFunc(t.callers(), func(c *voice.Caller) bool {
		select {
		case <-c.Over():
			return true
		default:
			return false
		}
	})
}

// leave takes both off the call, if they are on one.
func (k *callers) leave() {
	if k.of == "" {
		return
	}
	k.stop()
	k.talks.Wait()
	k.s.mu.Lock()
	t := k.s.troupe
	k.s.troupe, k.of = nil, ""
	k.s.mu.Unlock()
	t.leave()
}

// onCall is who of the side is on a call by the script; nil: nobody.
func (s *Side) onCall() *troupe { s.mu.Lock(); defer s.mu.Unlock(); return s.troupe }

// attend is the watch's and the envoy's: READY, and what is to be confirmed.
func (k *callers) attend(ctx context.Context, c *station.Call) error {
	s := k.s
	r, err := s.client.CallRoom(ctx, c.Line)
	if err != nil || len(r.Sides) < 2 {
		return err
	}
	if us := r.Sides[0]; !us.Ready && !us.Through && k.waited("ready "+c.ID, s.demo.opts.Pause) {
		return s.act(ctx, "ready", "")
	}
	for _, w := range c.Wordings {
		if string(w.By) == s.Code || w.Replaced || w.Words[parley.PartyCode(s.Code)] != "" || strings.HasPrefix(w.ID, "filed:") || !k.waited("wording "+w.ID, 2*s.demo.opts.Pause) {
			continue
		}
		if err := s.as(s.Envoy).ActOnCall(ctx, "judge", control.CallAct{Line: c.Line, ID: w.ID, Step: "confirm"}); err != nil {
			return err
		}
	}
	return nil
}

// round is from one turn of a side to its next: both sides' sentences have room.
const round = 20 * time.Second

// converse lets them speak, again and again, while the call lasts. Where both sides
// speak by script Alder begins.
func (t *troupe) converse(ctx context.Context) {
	from := time.Time{}
	for from.IsZero() {
		if pause(ctx, 200*time.Millisecond) != nil {
			return
		}
		r, err := t.client.CallRoom(ctx, t.demo.Line())
		if err == nil && !slices.ContainsFunc(r.Sides, func(s station.CallSide) bool { return !s.Through }) {
			from = time.Now()
		}
	}
	if t.Code != "alder" && t.other.onCall() != nil {
		from = from.Add(round / 2)
	}
	for n := time.Duration(0); ; n++ {
		if pause(ctx, time.Until(from.Add(n*round))) != nil {
			return
		}
		if t.speak(ctx) != nil {
			return // the call is over, or is joined anew
		}
	}
}

// RingUs has Birch's watch ring at Alder.
func (s *Side) RingUs(ctx context.Context) error {
	_, err := s.as(s.Watch).FileOfCall(ctx, "ring", control.CallAct{Line: s.demo.Line(), Ring: &station.RingText{Level: "leader", Medium: "voice", Interpreting: "simultaneous", Text: ringText[s.Lang]}})
	return err
}

// EndCall has the watch hang up.
func (s *Side) EndCall(ctx context.Context) error {
	return s.as(s.Watch).ActOnCall(ctx, "hangup", control.CallAct{Line: s.demo.Line()})
}

var ringText = map[string]string{"zh": "我方首长请求现在通话", "en": "Our principal asks to speak now"}

// hears says what those who are on the call by the script hear, as counted.
func (t *troupe) hears() (out []string) {
	for _, c := range t.callers() {
		var whom []string
		for name, h := range c.Heard() {
			whom = append(whom, fmt.Sprintf("%s (%d packets)", spoken(name), h.Packets))
		}
		slices.Sort(whom)
		if len(whom) == 0 {
			whom = []string{"no scripted voice yet"}
		}
		out = append(out, c.Name+" has heard "+strings.Join(whom, " and "))
	}
	return out
}
