package desk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// stationPage is every line, and what rang.
type stationPage struct {
	Alarms   []station.Alarm
	Pairings []station.PairingView
	// Condition is zero where the station did not say.
	Condition station.Condition
	Unbound   bool // sessions cannot be bound to their browsers
}

func (d *desk) station(w http.ResponseWriter, r *http.Request, s *seat) error {
	p := stationPage{Unbound: d.unbound}
	var err error
	if p.Alarms, err = d.st.Alarms(r.Context()); err != nil {
		return err
	}
	if p.Condition, err = d.st.Condition(r.Context()); err != nil {
		d.log.Error("reading how the station stands", "err", err)
	}
	if s.is(parley.Administrator) {
		if p.Pairings, err = d.st.Pairings(r.Context()); err != nil {
			return err
		}
	}
	d.render(w, r, s, "station", p)
	return nil
}

// linePage is one line with all that was measured about it.
type linePage struct {
	Line     station.Line
	Recovery []string // words, when the officer asked for them
	Problem  *problem
	Checks   station.CheckCalls
	Keeping  station.Keeping
}

func (d *desk) line(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.linePage(r, s)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("recovery") != "" && s.is(parley.Administrator) {
		if p.Recovery, err = d.st.RecoveryWords(r.Context(), p.Line.Key); err != nil {
			p.Problem = problemOf(err)
		}
	}
	d.render(w, r, s, "line", p)
	return nil
}

func (d *desk) linePage(r *http.Request, _ *seat) (*linePage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &linePage{Line: l}
	if p.Checks, err = d.st.CheckCalls(r.Context(), l.Key, calendarDays); err != nil {
		return nil, err
	}
	p.Checks.Slots = slices.Clone(p.Checks.Slots)
	slices.Reverse(p.Checks.Slots) // the newest first
	c, err := d.st.Condition(r.Context())
	if err != nil {
		d.log.Error("reading how the station stands", "err", err)
	}
	for _, k := range c.Lines {
		if k.Line == l.Key {
			p.Keeping = k
		}
	}
	return p, nil
}

// calendarDays is how far back the calendar of check calls goes.
const calendarDays = 28

// lineAct does one act on a line; said is the word for it.
type lineAct func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) (said string, err error)

var lineActs = map[string]lineAct{
	"test": func(ctx context.Context, d *desk, _ *http.Request, _ *seat, line string) (string, error) {
		_, err := d.st.Test(ctx, line)
		return "tested", err
	},
	"why": func(ctx context.Context, d *desk, _ *http.Request, _ *seat, line string) (string, error) {
		_, err := d.st.Why(ctx, line)
		return "measured", err
	},
	"cut": func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) (string, error) {
		return "cut", d.cutPath(ctx, r, s, line, true)
	},
	"restore": func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) (string, error) {
		return "restored", d.cutPath(ctx, r, s, line, false)
	},
	"checkcall": func(ctx context.Context, d *desk, _ *http.Request, s *seat, line string) (string, error) {
		_, err := d.st.CheckCall(ctx, s.officer, line, "")
		return "checkcall", err
	},
	"recovery": func(ctx context.Context, d *desk, r *http.Request, s *seat, line string) (string, error) {
		if !s.is(parley.Administrator) {
			return "", errHidden
		}
		return "recovered", d.st.ConfirmRecovery(ctx, s.officer, line, strings.Fields(strings.ToLower(field(r, "words"))))
	},
}

// cutPath is for those who keep the line: others do not see the buttons.
func (d *desk) cutPath(ctx context.Context, r *http.Request, s *seat, line string, cut bool) error {
	if !s.is(parley.Administrator, parley.Watch) {
		return errHidden
	}
	return d.st.CutPath(ctx, s.officer, line, r.PostForm.Get("path"), cut)
}

func (d *desk) actOnLine(w http.ResponseWriter, r *http.Request, s *seat) error {
	act, ok := lineActs[r.PathValue("act")]
	if !ok {
		return errHidden
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	ctx, stop := context.WithTimeout(r.Context(), answerTimeout-5*time.Second)
	defer stop()
	said, err := act(ctx, d, r, s, r.PathValue("line"))
	if err == nil {
		return done(w, r, lineURL(r.PathValue("line")), said)
	}
	if err == error(errHidden) {
		return err
	}
	p, lost := d.linePage(r, s)
	if lost != nil {
		return lost
	}
	p.Problem = problemOf(err)
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Warn("acting on a line", "act", r.PathValue("act"), "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "line", "title.line", p)
	return nil
}

func lineURL(line string) string { return "/line/" + line }

// Keeps reports whether the seat may take paths down.
func (f *frame) Keeps() bool {
	return f.Seat != nil && f.Seat.is(parley.Administrator, parley.Watch)
}

// Bound is a bound of a line's annex; 0 when it has none of that kind.
func (f *frame) Bound(k station.Keeping, kind string) uint64 {
	for _, b := range k.Bounds {
		if b.Kind == kind {
			return b.Value
		}
	}
	return 0
}

// Near reports whether four fifths of a bound are used up.
func (f *frame) Near(used, bound uint64) bool { return bound > 0 && used >= bound/5*4 }

// Age of the proof of a lamp, for its first words before scripts tick.
func (f *frame) Proof(l station.Lamp) string {
	if l.Proved.IsZero() {
		return f.Book.text("lamp.never")
	}
	age := f.Book.age(f.Now.Sub(l.Proved))
	if l.State == station.LampUp || l.State == station.LampPartly {
		return f.Book.text("lamp.proved", age)
	}
	return f.Book.text("lamp.last", age)
}

// PathsShort is "QUIC 31 ms, TLS 33 ms" for the paths that are up.
func (f *frame) PathsShort(l station.Line) string {
	var list []string
	for _, p := range l.Paths {
		if p.Up {
			list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s", p.Name, roundTrip(p.RTT))))
		}
	}
	return strings.Join(list, " · ")
}
