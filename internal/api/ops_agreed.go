package api

import (
	"context"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Bodies of what is agreed by all, and of who holds which office.
type (
	modeIn struct {
		Name  string    `json:"name"`
		Until time.Time `json:"until"`          // it ends by itself then
		Path  string    `json:"path,omitempty"` // QUIC or TLS: a drill on it alone; else an exercise
	}
	proposeIn struct {
		Proposal station.Proposal `json:"proposal"`
		Hash     string           `json:"hash"` // as it was weighed: exactly that is proposed, or nothing
	}
	assentIn struct {
		Hash string `json:"hash"` // all 64 digits
	}
	pingIn struct {
		To string `json:"to"` // "party/office"
	}
)

// agreeing is the agreed modes, and the offices of both sides.
func agreeing(st Station) []operation {
	mode := []param{line, {"mode", "path", "string", "Id of the entry that began it."}}
	// phase agrees to a mode or ends it.
	phase := func(id, word, about string) operation {
		return post(id, "/lines/{line}/modes/{mode}/"+word, about, mode, func(ctx context.Context, c *call, _ none) (filedOut, error) {
			n, err := st.Exercise(ctx, c.by, c.text("line"), word, c.text("mode"), "", time.Time{})
			return filedOut{n}, err
		})
	}
	return []operation{
		get("modes", "/lines/{line}/modes", "Exercises and single-path drills: on, asked for and past.", []param{line},
			func(ctx context.Context, c *call) ([]station.Mode, error) { return st.Modes(ctx, c.text("line")) }),
		post("begin_mode", "/lines/{line}/modes", "Begin an exercise, or a drill on a single path. It is on when every other party has agreed.", []param{line},
			func(ctx context.Context, c *call, in modeIn) (filedOut, error) {
				n, err := st.BeginMode(ctx, c.by, c.text("line"), in.Name, in.Path, in.Until)
				return filedOut{n}, err
			}),
		phase("agree_mode", "agree", "Agree to an exercise or drill that another party began."),
		phase("end_mode", "end", "End an exercise or drill."),
		get("directory", "/lines/{line}/directory", "The offices of both sides: who holds them, and when each was last heard.", []param{line},
			func(ctx context.Context, c *call) (station.Directory, error) {
				return st.Directory(ctx, c.text("line"))
			}),
		post("change_incumbent", "/lines/{line}/incumbents", "Draft a change of who holds an office of ours. It goes on the record when it is released, as any draft.", []param{line},
			func(ctx context.Context, c *call, in station.IncumbentText) (station.Draft, error) {
				return st.SaveDraft(ctx, c.by, station.Draft{Line: c.text("line"), Form: "incumbent", From: string(officeOf(c.by)), Precedence: parley.Routine.String(), Incumbent: &in})
			}),
		post("ping", "/lines/{line}/ping", "Send a check call to one office of the other side.", []param{line}, func(ctx context.Context, c *call, in pingIn) (filedOut, error) {
			to, err := parley.ParseAddress(in.To)
			if err != nil {
				return filedOut{}, err
			}
			n, err := st.Ping(ctx, c.by, c.text("line"), to)
			return filedOut{n}, err
		}),
		get("brief", "/lines/{line}/brief", "What an incoming office-holder is told of the line. To make one is audited.", []param{line},
			func(ctx context.Context, c *call) (station.Brief, error) {
				return st.Brief(ctx, c.by, c.text("line"))
			}),
	}
}

// officeOf is the one office of a token.
func officeOf(by station.Officer) parley.Office {
	if len(by.Offices) == 0 {
		return ""
	}
	return by.Offices[0]
}

// amending is what rules the line.
func amending(st Station) []operation {
	return []operation{
		get("charter", "/lines/{line}/charter", "What rules the line, and what is proposed.", []param{line},
			func(ctx context.Context, c *call) (station.CharterView, error) {
				return st.Charter(ctx, c.text("line"))
			}),
		post("weigh", "/lines/{line}/charter/weigh", "What an amendment would change. Nothing is filed.", []param{line},
			func(ctx context.Context, c *call, in station.Proposal) (station.DocumentView, error) {
				return st.Weigh(ctx, c.by, c.text("line"), in)
			}),
		post("propose", "/lines/{line}/charter/propose", "Propose an amendment of the charter or the annex: our assent to it, not taken back. It is in force when all have assented.", []param{line},
			func(ctx context.Context, c *call, in proposeIn) (station.DocumentView, error) {
				v, err := st.Weigh(ctx, c.by, c.text("line"), in.Proposal)
				if err != nil {
					return v, err
				}
				if !strings.EqualFold(v.Hash, in.Hash) {
					return station.DocumentView{}, parley.Errorf(parley.Conflict, "this amendment has the hash %s now, and not the one that is named: nothing was done", v.Hash).
						WithHint("weigh it, look at what it changes, and propose it with the hash that it has")
				}
				return st.Propose(ctx, c.by, c.text("line"), in.Proposal)
			}),
		post("assent", "/lines/{line}/charter/assent", "Assent to what is proposed. It is not taken back.", []param{line}, func(ctx context.Context, c *call, in assentIn) (station.DocumentView, error) {
			if len(in.Hash) != 64 {
				return station.DocumentView{}, parley.Errorf(parley.BadForm, "an assent names the whole hash, 64 digits").WithHint("it stands in the charter of the line, under proposed")
			}
			return st.Assent(ctx, c.by, c.text("line"), in.Hash)
		}),
		post("leave", "/lines/{line}/leave", "Put on record that our side leaves the line, and why. It needs nobody's consent; the record stays.", []param{line},
			func(ctx context.Context, c *call, in reasonIn) (none, error) {
				return none{}, st.Leave(ctx, c.by, c.text("line"), in.Reason)
			}),
	}
}
