package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

type callRoomCmd struct {
	callLine
	Watch bool `help:"Show it again whenever it changes, until the call ends."`
}

func (callRoomCmd) Help() string {
	return `Who is on the call of both sides, where, and who speaks. The half of the other side is as it declares it. With --watch and --json each line is one object.

Examples:

    parley call room
    parley call room --watch`
}

// Run shows, and again while it changes.
func (c callRoomCmd) Run(s *session) error {
	l, err := s.line(c.Line)
	if err != nil {
		return err
	}
	if c.Watch {
		return c.watch(s, l.Key)
	}
	r, err := s.station().CallRoom(s.ctx, l.Key)
	if err != nil {
		return err
	}
	return s.show(r, func(w io.Writer) { roomLines(w, &r) })
}

// watch shows the room of the call that runs now whenever the station says that
// something of it changed.
func (c callRoomCmd) watch(s *session, line string) error {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	changes, err := s.station().Events(ctx) // before the first look, so that nothing is missed
	if err != nil {
		return err
	}
	before, id := "", ""
	for {
		r, err := s.station().CallRoom(s.ctx, line)
		if id != "" && (parley.KindOf(err) == parley.NotFound || err == nil && r.ID != id) {
			s.say("the call is over")
			return nil
		}
		if err != nil {
			return err
		}
		if now := roomText(&r); now != before {
			before, id = now, r.ID
			if err := s.frame(&r); err != nil {
				return err
			}
		}
		for e := (station.Event{}); e.Kind != "call" || e.Line != line; {
			var open bool
			if e, open = <-changes; !open {
				return stoppedWatching(s)
			}
		}
	}
}

// stoppedWatching is why nothing is told any more: whoever watches ends it, or the
// station did.
func stoppedWatching(s *session) error {
	if s.ctx.Err() != nil {
		return nil
	}
	return parley.Errorf(parley.Unavailable, "the station has stopped")
}

// frame prints a room as it is now, at once.
func (s *session) frame(r *station.CallRoom) error {
	if s.g.JSON {
		b, err := json.Marshal(r)
		if err != nil {
			return parley.Errorf(parley.Internal, "printing json: %v", err)
		}
		fmt.Fprintf(s.out, "%s\n", b)
	} else {
		fmt.Fprintf(s.out, "%s\n", stamp(r.Now))
		roomLines(s.out, r)
		fmt.Fprintln(s.out)
	}
	return s.out.Flush()
}

// roomText is what is compared: a room without what only time changes.
func roomText(r *station.CallRoom) string {
	still := *r
	if r.Turn != nil {
		t := *r.Turn
		t.For, still.Turn = 0, &t
	}
	still.Sides = make([]station.CallSide, len(r.Sides))
	for i, x := range r.Sides {
		x.Lost, x.Loss, x.RTT, x.Talk = min(x.Lost, 1), 0, 0, nil
		still.Sides[i] = x
	}
	var b strings.Builder
	roomLines(&b, &still)
	return b.String()
}

func roomLines(w io.Writer, r *station.CallRoom) {
	if r.Media != "" {
		fmt.Fprintf(w, "desks cannot speak: %s\n", oneLine(r.Media))
	}
	for _, x := range r.Sides {
		fmt.Fprintf(w, "%s: %s\n", x.Party, sideState(&x))
	}
	if r.Turn != nil {
		fmt.Fprintf(w, "turn: %s of %s%s%s\n", oneLine(r.Turn.Name), r.Turn.Party, after(", for ", turnFor(r.Turn)), after(", then ", oneLine(r.Turn.After)))
	}
	if len(r.Booths) > 0 {
		fmt.Fprintf(w, "interpreted into: %s\n", strings.Join(r.Booths, ", "))
	}
	for _, a := range r.Asked {
		fmt.Fprintf(w, "%s of %s asks: %s\n", oneLine(a.Name), a.Party, a.Kind)
	}
	rows := [][]string{{"SIDE", "NUMBER", "NAME", "ROLE", "LANGUAGE", "PLACE", "STATE"}}
	for _, x := range r.Sides {
		for _, p := range x.People {
			rows = append(rows, []string{string(x.Party), strconv.FormatUint(p.ID, 10), p.Name + after(", ", p.Title), p.Role, p.Tongue, p.Place, memberState(&p)})
		}
	}
	if len(rows) == 1 {
		fmt.Fprintln(w, "Nobody has joined yet.")
		return
	}
	table(w, rows)
}

func turnFor(t *station.CallTurn) string {
	if t.For <= 0 {
		return ""
	}
	return t.For.String()
}

// sideState is how a side of a call stands.
func sideState(x *station.CallSide) string {
	var out []string
	switch {
	case x.Through:
		out = append(out, "put through")
	case x.Ready:
		out = append(out, "ready")
	case !x.Known:
		out = append(out, "its station has not said who is there")
	default:
		out = append(out, "gathers its people")
	}
	if x.Hold != "" {
		out = append(out, "on hold: "+oneLine(x.Hold))
	}
	if x.Lost >= time.Second {
		out = append(out, "NOT HEARD for "+x.Lost.String())
	} else if x.Lost > 0 {
		out = append(out, "NOT HEARD")
	}
	return strings.Join(out, ", ")
}

func memberState(p *station.CallMember) string {
	state := "no device yet"
	switch {
	case p.Away:
		state = "away"
	case p.Muted:
		state = "muted"
	case p.Device:
		state = "can be heard"
	}
	if p.Booth != "" {
		state += ", booth " + p.Booth
	}
	if p.OnAir {
		state += ", on air"
	}
	return state
}

type callReadyCmd struct {
	callLine
	Not bool `help:"Our side is not ready yet after all."`
}

func (callReadyCmd) Help() string {
	return `When every side is ready, all are put through at the same moment.

Examples:

    parley --as "Lt Ruiz" call ready`
}

// Run says so.
func (c callReadyCmd) Run(s *session) error {
	if c.Not {
		return c.side(s, station.SideAct{Do: "unready"}, "Our side is not ready yet.")
	}
	return c.side(s, station.SideAct{Do: "ready"}, "Our side is ready. It is put through when the other side is ready too.")
}

type callHoldCmd struct {
	Reason string `arg:"" help:"The reason, which the other side sees."`
	callLine
}

func (callHoldCmd) Help() string {
	return `Our people hear one another and nobody else, and nobody else hears them.

Examples:

    parley --as "Lt Ruiz" call hold consulting`
}

// Run holds.
func (c callHoldCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "hold", What: c.Reason}, "Our side is on hold.")
}

type callResumeCmd struct{ callLine }

func (callResumeCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" call resume`
}

// Run resumes.
func (c callResumeCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "resume"}, "Our side is on the floor again.")
}

type callInterpretCmd struct {
	Way string `arg:"" enum:"none,consecutive,simultaneous" help:"none, consecutive or simultaneous."`
	callLine
}

func (callInterpretCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" call interpret simultaneous`
}

// Run changes it.
func (c callInterpretCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "interpret", What: c.Way}, "Changed for our side.")
}

// callPerson is somebody of our side, by his number.
type callPerson struct {
	Person uint64 `arg:"" help:"His number; see parley call room."`
	callLine
}

type callCastCmd struct {
	callPerson
	Role string `arg:"" enum:"principal,delegate,interpreter,note-taker,listener" help:"principal, delegate, interpreter, note-taker or listener."`
}

func (callCastCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" call cast 3 interpreter`
}

// Run casts.
func (c callCastCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "cast", Person: c.Person, What: c.Role}, "He has that role now.")
}

type callTurnCmd struct{ callPerson }

func (callTurnCmd) Help() string {
	return `The number 0 gives the floor up.

Examples:

    parley --as "Lt Ruiz" call turn 1`
}

// Run gives the floor.
func (c callTurnCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "turn", Person: c.Person}, "The light shows it.")
}

type callMuteCmd struct{ callPerson }

func (callMuteCmd) Help() string {
	return `He himself ends it.

Examples:

    parley --as "Lt Ruiz" call mute 2`
}

// Run mutes.
func (c callMuteCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "mute", Person: c.Person}, "He is muted.")
}

type callRemoveCmd struct{ callPerson }

func (callRemoveCmd) Help() string {
	return `Examples:

    parley --as "Lt Ruiz" call remove 4`
}

// Run removes.
func (c callRemoveCmd) Run(s *session) error {
	return c.side(s, station.SideAct{Do: "remove", Person: c.Person}, "He is off the call.")
}

type callInviteCmd struct {
	callLine
	Name     string `required:"" help:"Who it is."`
	Title    string `help:"His title."`
	Role     string `required:"" enum:"principal,delegate,interpreter,note-taker,listener" help:"principal, delegate, interpreter, note-taker or listener."`
	Language string `help:"That he speaks, such as en or zh."`
}

func (callInviteCmd) Help() string {
	return `Prints the path of his page at the desk's address: to give to him, over a way that nobody else reads. Whoever knows it is he. It is shown this once, and ends with the call.

Examples:

    parley --as "Lt Ruiz" call invite --name "President Alder" --role principal --language en`
}

// Run invites.
func (c callInviteCmd) Run(s *session) error {
	l, err := c.officers(s)
	if err != nil {
		return err
	}
	secret, err := s.station().InviteGuest(s.ctx, l.Key, station.CallPerson{Name: c.Name, Title: c.Title, Role: c.Role, Tongue: c.Language})
	if err != nil {
		return err
	}
	path := "/call/" + secret
	return s.show(map[string]string{"path": path}, func(w io.Writer) { fmt.Fprintln(w, path) })
}

type callNoteCmd struct {
	Text string `arg:"" help:"The note."`
	callLine
}

func (callNoteCmd) Help() string {
	return `It never leaves our side, and is not kept.

Examples:

    parley --as "Lt Ruiz" call note "Ask about the corridor"`
}

// Run passes it.
func (c callNoteCmd) Run(s *session) error {
	return c.act(s, "note", control.CallAct{Text: c.Text}, "Passed. "+parley.OurSideOnly.String()+".")
}
