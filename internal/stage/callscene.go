package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/stage/voice"
	"parley/internal/station"
)

// troupe is who of a side speaks on a call.
type troupe struct {
	*Side
	principal, interpreter *voice.Caller
}

// guest has the watch make a link, and somebody without an account join by it.
func (s *Side) guest(ctx context.Context, as station.CallPerson) (*voice.Caller, error) {
	secret, err := s.as(s.Watch).InviteGuest(ctx, s.demo.Line(), as)
	if err != nil {
		return nil, fmt.Errorf("inviting %s: %w", as.Name, err)
	}
	return voice.Join(ctx, as.Name, s.DeskURL()+"call/"+secret)
}

// gather brings the principal and the interpreter into the lobby: he takes the
// booth of the other side's language, and the principal chooses that of his own.
func (s *Side) gather(ctx context.Context) (_ *troupe, err error) {
	t := &troupe{Side: s}
	defer func() {
		if err != nil {
			t.leave()
		}
	}()
	if t.principal, err = s.guest(ctx, s.Principal); err != nil {
		return nil, err
	}
	if t.interpreter, err = s.guest(ctx, s.Interpreter); err != nil {
		return nil, err
	}
	if err := t.interpreter.Booth(ctx, s.Interpreter.Tongue); err != nil {
		return nil, err
	}
	return t, t.principal.Hear(ctx, s.Lang)
}

func (t *troupe) callers() []*voice.Caller { return []*voice.Caller{t.principal, t.interpreter} }

// leave takes both off the call.
func (t *troupe) leave() {
	for _, c := range t.callers() {
		if c != nil {
			c.Close()
		}
	}
}

// speeches are what the principal says, and how the interpreter renders it.
func (s *Side) speeches() (said, rendered *voice.Speech, err error) {
	if said, err = voice.Of(s.Code + "-principal"); err == nil {
		rendered, err = voice.Of(s.Code + "-interpreter")
	}
	return said, rendered, err
}

// behind is how long an interpreter listens before he begins.
const behind = time.Second

// speak lets the principal speak once, and the interpreter render it in his booth.
func (t *troupe) speak(ctx context.Context) error {
	said, rendered, err := t.speeches()
	if err != nil {
		return err
	}
	if err := t.principal.Turn(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var late error
	wg.Go(func() {
		select {
		case <-time.After(behind):
			late = t.interpreter.Say(ctx, rendered)
		case <-ctx.Done():
		}
	})
	err = t.principal.Say(ctx, said)
	wg.Wait()
	if err == nil {
		err = late
	}
	return err
}

// act does something for the whole side.
func (s *Side) act(ctx context.Context, do, what string) error {
	return s.as(s.Watch).ActOnCall(ctx, "side", control.CallAct{Line: s.demo.Line(), Side: &station.SideAct{Do: do, What: what}})
}

// scene is the call of the story: both troupes, Alder's first.
type scene struct{ of [2]*troupe }

func (c *scene) all() []*voice.Caller {
	return slices.Concat(c.of[0].callers(), c.of[1].callers())
}

func (c *scene) forget() {
	for _, x := range c.all() {
		x.Forget()
	}
}

// audience is who is to hear what.
type audience map[*voice.Caller][]*voice.Speech

// judge compares what each has heard with what he was to hear. It is an error when
// somebody has heard anything else, or has not heard something at all.
func (c *scene) judge(when string, want audience) error {
	for _, x := range c.all() {
		if err := only(x.Heard(), want[x]); err != nil {
			return fmt.Errorf("%s: %s %w", when, x.Name, err)
		}
	}
	return nil
}

// only refuses what was heard beside what was to be heard, and what was not heard.
func only(heard map[string]voice.Heard, want []*voice.Speech) error {
	for name, h := range heard {
		if !slices.ContainsFunc(want, func(s *voice.Speech) bool { return s.Name == name }) {
			return parley.Errorf(parley.NotAllowed, "heard %d packets of %s, which are not to be heard there", h.Packets, spoken(name))
		}
	}
	for _, s := range want {
		if heard[s.Name].Told == 0 {
			return parley.Errorf(parley.Unavailable, "did not hear %s", spoken(s.Name))
		}
	}
	return nil
}

// lost counts what did not come of what each was to hear whole.
func lost(want audience) (missing, of int) {
	for x, speeches := range want {
		heard := x.Heard()
		for _, s := range speeches {
			missing, of = missing+s.Told()-heard[s.Name].Told, of+s.Told()
		}
	}
	return missing, of
}

// spoken says whose voice a speech is: "Alder's principal".
func spoken(speech string) string {
	side, role, _ := strings.Cut(speech, "-")
	return strings.ToUpper(side[:1]) + side[1:] + "'s " + role
}
