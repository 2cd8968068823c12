package stage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/control"
	"parley/internal/stage/voice"
	"parley/internal/station"
)

// agreedWords are confirmed on the call, in both languages.
var agreedWords = []station.SaidText{{Language: "en", Text: "Both sides will stop strikes on energy and infrastructure for thirty days."}, {Language: "zh", Text: "双方将停止打击能源和基础设施，为期三十天。"}}

// apart is how far apart both sides may be put through.
const apart = 250 * time.Millisecond

// call plays the call that was arranged, and measures who hears whom all along.
func (y *Story) call(ctx context.Context) (string, error) {
	if y.planned == "" {
		return "", parley.Errorf(parley.Conflict, "no call was arranged").WithHint("play the step before")
	}
	y.d.stageCall(true)
	defer y.d.stageCall(false)
	rang, err := y.ring(ctx)
	if err != nil {
		return "", err
	}
	c, over := &scene{}, false
	defer func() {
		for _, t := range c.of {
			if t != nil {
				t.leave()
			}
		}
		if !over { // so that the step can be played again
			y.d.Alder.EndCall(context.WithoutCancel(ctx)) // the error of the step says why
		}
	}()
	for i, s := range y.d.Sides() {
		if c.of[i], err = s.gather(ctx); err != nil {
			return "", err
		}
	}
	shown := []string{rang}
	for _, act := range []func(context.Context, *scene) (string, error){y.lobby, y.putThrough, y.alderSpeaks, y.confirmed, y.birchSpeaks, y.aside, y.hangUp} {
		said, err := act(ctx, c)
		if err != nil {
			return "", err
		}
		shown = append(shown, said)
	}
	over = true
	return strings.Join(shown, "; "), nil
}

// stageCall keeps the officers from calls, or lets them act on calls again.
func (d *Demo) stageCall(on bool) { d.mu.Lock(); d.staged = on; d.mu.Unlock() }

// onStage reports whether the story plays a call.
func (d *Demo) onStage() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.staged }

// ring has Alder's watch ring for the agreed contact, and Birch's lift.
func (y *Story) ring(ctx context.Context) (string, error) {
	a, b, line := y.d.Alder, y.d.Birch, y.d.Line()
	began := time.Now()
	if _, err := a.as(a.Watch).FileOfCall(ctx, "ring", control.CallAct{Line: line, Ring: &station.RingText{Contact: y.planned}}); err != nil {
		return "", err
	}
	took, err := await(ctx, 15*time.Second, "it rings at Birch", func() (bool, error) {
		c, err := b.client.Call(ctx, line, "")
		return err == nil && c.Waits && c.Contact == y.planned, err
	})
	if err != nil {
		return "", err
	}
	if err := b.as(b.Watch).ActOnCall(ctx, "lift", control.CallAct{Line: line}); err != nil {
		return "", err
	}
	for _, s := range y.d.Sides() {
		if _, err := await(ctx, 15*time.Second, s.Name+" has its lobby", func() (bool, error) { _, err := s.client.CallRoom(ctx, line); return err == nil, err }); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s rang for it, it rang at Birch after %s, both lobbies open after %s", a.Watch.Name, seconds(took), seconds(time.Since(began))), nil
}

// lobby lets everybody talk in both lobbies: each is heard by his own side alone.
// They go on talking.
func (y *Story) lobby(ctx context.Context, c *scene) (string, error) {
	c.forget()
	want := audience{}
	for _, t := range c.of {
		said, rendered, err := t.speeches()
		if err != nil {
			return "", err
		}
		t.principal.Loop(said)
		t.interpreter.Loop(rendered)
		want[t.principal], want[t.interpreter] = []*voice.Speech{rendered}, []*voice.Speech{said}
	}
	if err := pause(ctx, time.Second); err != nil {
		return "", err
	}
	if err := c.judge("in the lobby", want); err != nil {
		return "", err
	}
	n := 0
	for _, x := range c.all() {
		for _, h := range x.Heard() {
			n += h.Packets
		}
	}
	return fmt.Sprintf("in the lobbies each side heard itself (%d packets) and 0 of the other", n), nil
}

// putThrough has both watches press READY: both sides are put through at one
// moment, and until then nobody hears the other side.
func (y *Story) putThrough(ctx context.Context, c *scene) (string, error) {
	line := y.d.Line()
	for _, t := range c.of {
		if err := t.act(ctx, "ready", ""); err != nil {
			return "", err
		}
	}
	var at [2]time.Time
	if _, err := await(ctx, 15*time.Second, "both sides are put through and hear one another", func() (bool, error) {
		for i, t := range c.of {
			r, err := t.client.CallRoom(ctx, line)
			if err != nil || r.Through.IsZero() {
				return false, err
			}
			at[i] = r.Through
			if t.principal.Heard()[c.of[1-i].Code+"-principal"].Told == 0 {
				return false, nil
			}
		}
		return true, nil
	}); err != nil {
		return "", err
	}
	for _, x := range c.all() {
		x.Hush()
	}
	for i, t := range c.of {
		for _, x := range t.callers() {
			for name, h := range x.Heard() {
				if !strings.HasPrefix(name, t.Code) && h.First.Before(at[i]) {
					return "", parley.Errorf(parley.NotAllowed, "%s heard %s %s before he was put through", x.Name, spoken(name), seconds(at[i].Sub(h.First)))
				}
			}
		}
	}
	by := at[0].Sub(at[1]).Abs()
	if by > apart {
		return "", parley.Errorf(parley.Unavailable, "the sides were put through %s apart", seconds(by))
	}
	return fmt.Sprintf("both READY, put through %s apart", seconds(by)), nil
}

// turn lets one side speak once. during happens in mid-sentence. It returns what
// the other side's principal heard, and how many packets of how many were lost.
func (y *Story) turn(ctx context.Context, c *scene, by int, during func() error) (heard string, missing, of int, err error) {
	speaks, hears := c.of[by], c.of[1-by]
	said, rendered, err := speaks.speeches()
	if err != nil {
		return "", 0, 0, err
	}
	if err := pause(ctx, 300*time.Millisecond); err != nil { // what was said before has arrived
		return "", 0, 0, err
	}
	c.forget()
	done := make(chan error, 1)
	go func() { done <- speaks.speak(ctx) }()
	err = pause(ctx, 2*time.Second)
	if err == nil {
		heard, err = y.listens(ctx, hears, speaks)
	}
	if err == nil && during != nil {
		err = during()
	}
	if spoke := <-done; err == nil {
		err = spoke
	}
	if err != nil {
		return "", 0, 0, err
	}
	want := audience{hears.principal: {said, rendered}, hears.interpreter: {said}, speaks.interpreter: {said}}
	await(ctx, time.Second, "the last has come", func() (bool, error) { n, _ := lost(want); return n == 0, nil }) // what has not come by then is lost
	missing, of = lost(want)
	return heard, missing, of, c.judge(speaks.Name+"'s turn", want)
}

// listens says what a principal hears now as his own page has it: the speaker low,
// and the booth.
func (y *Story) listens(ctx context.Context, hears, speaks *troupe) (string, error) {
	you, err := hears.principal.You(ctx)
	if err != nil {
		return "", err
	}
	low, booth := false, false
	for _, v := range you.Voices {
		switch v.Name {
		case speaks.Principal.Name:
			low = v.Low
		case speaks.Interpreter.Name:
			booth = !v.Low
		}
	}
	if !low || !booth {
		return "", parley.Errorf(parley.Internal, "the page of %s plays %+v", hears.Principal.Name, you.Voices)
	}
	return fmt.Sprintf("%s's principal heard %s's (low) and the %s booth", hears.Name, speaks.Name, language(hears.Lang)), nil
}

func language(code string) string {
	if code == "zh" {
		return "Chinese"
	}
	return "English"
}

// alderSpeaks cuts one path in mid-sentence: no listener misses a packet.
func (y *Story) alderSpeaks(ctx context.Context, c *scene) (string, error) {
	heard, missing, of, err := y.turn(ctx, c, 0, func() error { return y.d.Cut("QUIC", true) })
	if back := y.d.Cut("QUIC", false); err == nil {
		err = back
	}
	if err != nil {
		return "", err
	}
	if missing > 0 {
		return "", parley.Errorf(parley.Unavailable, "with one path cut %d of %d packets were lost to the listeners", missing, of)
	}
	return fmt.Sprintf("%s, QUIC cut in mid-sentence: 0 of %d packets lost", heard, of), nil
}

func (y *Story) birchSpeaks(ctx context.Context, c *scene) (string, error) {
	heard, missing, of, err := y.turn(ctx, c, 1, nil)
	return fmt.Sprintf("%s (%d of %d packets lost)", heard, missing, of), err
}

// confirmed has Alder's envoy write a sentence in both languages, and Birch's
// confirm it.
func (y *Story) confirmed(ctx context.Context, _ *scene) (string, error) {
	a, b, line := y.d.Alder, y.d.Birch, y.d.Line()
	if _, err := a.as(a.Envoy).FileOfCall(ctx, "wording", control.CallAct{Line: line, Texts: agreedWords}); err != nil {
		return "", err
	}
	began := time.Now()
	words := func(s *Side, is func(station.CallWording) bool) (w station.CallWording, err error) {
		_, err = await(ctx, 15*time.Second, s.Name+" has the wording", func() (bool, error) {
			c, err := s.client.Call(ctx, line, "")
			if err != nil || len(c.Wordings) != 1 {
				return false, err
			}
			w = c.Wordings[0]
			return is(w), nil
		})
		return w, err
	}
	w, err := words(b, func(w station.CallWording) bool { return !strings.HasPrefix(w.ID, "filed:") })
	if err != nil {
		return "", err
	}
	if err := b.as(b.Envoy).ActOnCall(ctx, "judge", control.CallAct{Line: line, ID: w.ID, Step: "confirm"}); err != nil {
		return "", err
	}
	for _, s := range y.d.Sides() {
		if w, err = words(s, func(w station.CallWording) bool { return w.Stands }); err != nil {
			return "", err
		}
		if len(w.Texts) != len(agreedWords) || w.Texts[0] != agreedWords[0] || w.Texts[1] != agreedWords[1] {
			return "", parley.Errorf(parley.Internal, "%s has other words: %v", s.Name, w.Texts)
		}
	}
	return fmt.Sprintf("%q / %q confirmed by both in %s", w.Texts[0].Text, w.Texts[1].Text, seconds(time.Since(began))), nil
}

// aside puts Birch in its side room: its people hear one another, Alder's nobody.
func (y *Story) aside(ctx context.Context, c *scene) (string, error) {
	a, b := c.of[0], c.of[1]
	if err := b.act(ctx, "hold", "consulting"); err != nil {
		return "", err
	}
	if _, err := await(ctx, 10*time.Second, "Alder knows that Birch consults", func() (bool, error) {
		r, err := a.client.CallRoom(ctx, y.d.Line())
		return err == nil && len(r.Sides) == 2 && r.Sides[1].Hold != "", err
	}); err != nil {
		return "", err
	}
	said, rendered, err := b.speeches()
	if err != nil {
		return "", err
	}
	c.forget()
	b.principal.Loop(said)
	b.interpreter.Loop(rendered)
	err = pause(ctx, time.Second)
	b.principal.Hush()
	b.interpreter.Hush()
	if err == nil {
		err = c.judge("Birch consults", audience{b.principal: {rendered}, b.interpreter: {said}})
	}
	if err == nil {
		err = b.act(ctx, "resume", "")
	}
	return "nobody at Alder heard Birch's side room", err
}

// hangUp ends the call at Alder; both ends come on both records.
func (y *Story) hangUp(ctx context.Context, _ *scene) (string, error) {
	a, line := y.d.Alder, y.d.Line()
	if err := a.as(a.Watch).ActOnCall(ctx, "hangup", control.CallAct{Line: line}); err != nil {
		return "", err
	}
	var c station.Call
	for _, s := range y.d.Sides() {
		if _, err := await(ctx, 20*time.Second, "both ends, and who was there, are on "+s.Name+"'s record", func() (bool, error) {
			all, err := s.client.Calls(ctx, line)
			if err != nil || len(all) == 0 {
				return false, err
			}
			c = all[0]
			return c.Phase == call.Over && len(c.Ends) == 2 && len(c.Rosters) == 4, nil
		}); err != nil {
			return "", err
		}
	}
	if _, err := y.up(ctx); err != nil {
		return "", err
	}
	if err := truly(c.Ends); err != nil {
		return "", err
	}
	var said []string
	for _, e := range c.Ends {
		var talk []string
		for _, t := range e.Talk {
			talk = append(talk, fmt.Sprintf("%s %s", t.Language, seconds(t.For)))
		}
		said = append(said, fmt.Sprintf("%s %s to %s, spoke %s", e.By, e.Began.Format("1504:05Z"), e.At.Format("1504:05Z"), strings.Join(talk, " and ")))
	}
	people := 0
	for _, r := range c.Rosters {
		if r.End {
			people += len(r.People)
		}
	}
	return fmt.Sprintf("hung up; on both records: %s, %d people on the rosters", strings.Join(said, ", "), people), nil
}

// truly refuses ends that say another time of talk than was spoken on the floor:
// what is said in a lobby or a side room is not counted. Both sides spoke on for a
// moment after they were put through.
func truly(ends []station.CallEnd) error {
	for _, e := range ends {
		for _, t := range e.Talk {
			role := "-interpreter"
			if (t.Language == "en") == (e.By == "alder") {
				role = "-principal"
			}
			s, err := voice.Of(string(e.By) + role)
			if err != nil {
				return err
			}
			if d := t.For - s.Lasts(); d < -s.Lasts()/10 || d > time.Second {
				return parley.Errorf(parley.Internal, "%s filed %s of %s, and %s spoke for %s", e.By, seconds(t.For), t.Language, spoken(s.Name), seconds(s.Lasts()))
			}
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
