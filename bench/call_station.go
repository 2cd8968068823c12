package main

import (
	"context"
	"fmt"
	"time"

	calls "parley/internal/call"
	"parley/internal/station"
)

// callOps are what a station is asked to do for a call: each as its desk does it.
func (h *host) callOps() map[string]handler {
	return map[string]handler{
		"ring": on(h.ring), "lift": on(h.lift), "hangup": on(h.hangUp), "phase": on(h.phase),
		"seat": on(h.seat), "reconnect": on(h.reconnect), "act": on(h.act), "side": on(h.side), "known": on(h.known),
	}
}

// ring rings at the other side.
func (h *host) ring(line string) (nothing, error) {
	_, err := h.st.Ring(context.Background(), h.chief, line, station.RingText{Level: "leader", Interpreting: "simultaneous"})
	return nothing{}, err
}

func (h *host) lift(line string) (nothing, error) {
	return nothing{}, h.st.LiftCall(context.Background(), h.chief, line, "")
}

func (h *host) hangUp(line string) (nothing, error) {
	return nothing{}, h.st.HangUp(context.Background(), h.chief, line, "")
}

type phaseArgs struct {
	Line  string
	Phase calls.Phase
}

// phase waits until the newest call of a line is so far, and is over in the
// switchboard where it is over.
func (h *host) phase(a phaseArgs) (nothing, error) {
	at := calls.Phase("")
	err := eventually(20*time.Second, func() bool {
		cs, err := h.st.CallList(context.Background(), a.Line)
		if err != nil || len(cs) == 0 {
			return false
		}
		at = cs[0].Phase
		return at == a.Phase
	})
	if err != nil {
		return nothing{}, fmt.Errorf("the call is %q, not %q: %w", at, a.Phase, err)
	}
	return nothing{}, nil
}

type seatArgs struct {
	Line  string
	As    station.CallPerson
	Offer string // of his browser
}

// seated is who has joined, and the answer to his browser.
type seated struct {
	At     station.CallSeat
	Answer string
}

// seat waits for the call to begin here, and puts somebody on it: for the watch
// an officer, others by a link.
func (h *host) seat(a seatArgs) (s seated, err error) {
	ctx := context.Background()
	var last error
	err = eventually(20*time.Second, func() bool {
		if a.As.Role == "watch" {
			s.At, last = h.st.JoinCall(ctx, h.chief, a.Line, a.As)
			return last == nil
		}
		var secret string
		if secret, last = h.st.InviteGuest(ctx, h.chief, a.Line, a.As); last == nil {
			s.At, last = h.st.JoinAsGuest(ctx, secret)
		}
		return last == nil
	})
	if err != nil {
		return s, fmt.Errorf("%s does not come on the call: %w", a.As.Name, last)
	}
	s.Answer, err = h.st.ConnectCall(ctx, s.At, a.Offer)
	return s, err
}

type reconnectArgs struct {
	At    station.CallSeat
	Offer string
}

func (h *host) reconnect(a reconnectArgs) (string, error) {
	return h.st.ConnectCall(context.Background(), a.At, a.Offer)
}

type actArgs struct {
	At  station.CallSeat
	Act station.CallAct
}

func (h *host) act(a actArgs) (nothing, error) {
	return nothing{}, h.st.ActOnCall(context.Background(), a.At, a.Act)
}

type sideArgs struct {
	Line string
	Act  station.SideAct
}

func (h *host) side(a sideArgs) (nothing, error) {
	return nothing{}, h.st.ActForSide(context.Background(), h.chief, a.Line, a.Act)
}

type knownArgs struct {
	Line   string
	People int // of the other side, with a voice
}

// known waits until so many of the other side are known to speak.
func (h *host) known(a knownArgs) (nothing, error) {
	return nothing{}, eventually(20*time.Second, func() bool {
		r, err := h.st.CallRoom(context.Background(), station.CallSeat{Line: a.Line})
		n := 0
		for _, s := range r.Sides {
			for _, m := range s.People {
				if !s.Us && m.Device {
					n++
				}
			}
		}
		return err == nil && n >= a.People
	})
}
