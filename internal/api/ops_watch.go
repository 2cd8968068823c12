package api

import (
	"context"
	"time"

	"parley"
	"parley/internal/station"
)

// Bodies of what a watch is kept by.
type (
	takeOverIn struct {
		HandOver     int64   `json:"hand_over"`              // 0: there is none, and reason says why
		Acknowledged []int64 `json:"acknowledged,omitempty"` // ids of what is open in it: every one
		Reason       string  `json:"reason,omitempty"`
	}
	shiftIn struct {
		Officer   int64     `json:"officer"`
		Begins    time.Time `json:"begins"`
		Ends      time.Time `json:"ends"`
		Languages []string  `json:"languages,omitempty"`
	}
	calloutIn struct {
		Office parley.Office `json:"office,omitempty"`
		Name   string        `json:"name"`
		How    string        `json:"how"`            // they are reached
		Wait   time.Duration `json:"wait,omitempty"` // before the next one is told; 0: ten minutes
	}
	toldIn struct {
		Callout int64  `json:"callout"`
		Reached *bool  `json:"reached"`
		Note    string `json:"note,omitempty"`
	}
	promiseIn struct {
		Due  time.Time `json:"due"`
		Text string    `json:"text"`
	}
)

// numbered is an act on one row of a list that answers nothing.
func numbered(id, path, row, about string, do func(ctx context.Context, by station.Officer, id int64) error) operation {
	return post(id, path, about, []param{{row, "path", "integer", "Id of the " + row + "."}}, func(ctx context.Context, c *call, _ none) (none, error) {
		n, err := c.number(row)
		if err != nil {
			return none{}, err
		}
		return none{}, do(ctx, c.by, n)
	})
}

// keeping is how a watch is kept: who has it, how it goes on, who is told.
func keeping(st Station) []operation {
	return []operation{
		get("handovers", "/handovers", "The newest hand-overs of the watch, with what was open.", []param{{"limit", "query", "integer", "At most so many, 1 to 100; 12 if it is left out."}},
			func(ctx context.Context, c *call) ([]station.HandOver, error) {
				n, err := c.count("limit", 12, 100)
				if err != nil {
					return nil, err
				}
				return st.HandOvers(ctx, n)
			}),
		post("handover", "/handover", "Write the hand-over of the watch, with all that is open. Another officer takes over.", nil, func(ctx context.Context, c *call, in noteIn) (none, error) {
			return none{}, st.HandOver(ctx, c.by, in.Note)
		}),
		post("takeover", "/takeover", "Take the watch: over from whoever wrote the hand-over that is named, each open thing in it acknowledged; or, where there is none, for a reason.", nil,
			func(ctx context.Context, c *call, in takeOverIn) (none, error) {
				return none{}, st.TakeOver(ctx, c.by, in.HandOver, in.Acknowledged, in.Reason)
			}),
		get("watchlist", "/watchlist", "The watch list of the days ahead, and what it does not cover.", []param{{"days", "query", "integer", "So many days, 1 to 60; 15 if it is left out."}},
			func(ctx context.Context, c *call) (station.WatchList, error) {
				n, err := c.count("days", 15, 60)
				if err != nil {
					return station.WatchList{}, err
				}
				return st.WatchList(ctx, n)
			}),
		post("add_shift", "/watchlist", "Put an officer on the watch list.", nil, func(ctx context.Context, c *call, in shiftIn) (none, error) {
			return none{}, st.AddShift(ctx, c.by, in.Officer, in.Begins, in.Ends, in.Languages)
		}),
		numbered("remove_shift", "/watchlist/{shift}/remove", "shift", "Take a shift off the watch list.", st.RemoveShift),
		get("callouts", "/callouts", "The call-out list: who is told when an objective passes, one after the other.", nil, func(ctx context.Context, _ *call) ([]station.Callout, error) {
			return st.CallOuts(ctx)
		}),
		post("add_callout", "/callouts", "Put somebody at the end of the call-out list.", nil, func(ctx context.Context, c *call, in calloutIn) (none, error) {
			return none{}, st.AddCallOut(ctx, c.by, in.Office, in.Name, in.How, in.Wait)
		}),
		numbered("remove_callout", "/callouts/{callout}/remove", "callout", "Take somebody off the call-out list.", st.RemoveCallOut),
		numbered("raise_callout", "/callouts/{callout}/raise", "callout", "Move somebody a place up the call-out list.", st.RaiseCallOut),
		post("told", "/lines/{line}/items/{item}/told", "Note that somebody on the call-out list was told of an entry just now, or could not be reached.", []param{line, item},
			func(ctx context.Context, c *call, in toldIn) (none, error) {
				if in.Reached == nil {
					return none{}, parley.Errorf(parley.BadForm, "say whether they were reached")
				}
				return none{}, st.CalledOut(ctx, c.by, c.text("line"), c.text("item"), in.Callout, *in.Reached, in.Note)
			}),
		post("promise", "/lines/{line}/promises", "Write down a contact that was promised. The board lists those that are open.", []param{line}, func(ctx context.Context, c *call, in promiseIn) (none, error) {
			return none{}, st.AddPromise(ctx, c.by, c.text("line"), in.Due, in.Text)
		}),
		numbered("close_promise", "/promises/{promise}/close", "promise", "Note that a promised contact was kept or given up.", st.ClosePromise),
	}
}
