package api

import (
	"context"
	"net/http"
	"slices"

	"parley"
	"parley/internal/station"
)

// none stands for no body.
type none struct{}

// Bodies of requests and answers that are no view of the station.
type (
	selfOut struct {
		Code parley.PartyCode `json:"code"`
		Name string           `json:"name"`
	}
	textIn struct {
		Text string `json:"text"`
	}
	reasonIn struct {
		Reason string `json:"reason"`
	}
	noteIn struct {
		Note string `json:"note"`
	}
	filedOut struct {
		Item string `json:"item"`
	}
)

// Parameters that several operations have.
var (
	line    = param{"line", "path", "string", "Id of the line, or the other side's code or name."}
	item    = param{"item", "path", "string", "Id of the entry, \"generation:index\"."}
	draft   = param{"draft", "path", "integer", "Id of the draft."}
	filters = []param{
		{"form", "query", "string", "Only entries of this form."},
		{"party", "query", "string", "Only entries of this party."},
		{"office", "query", "string", "Only entries from or to this office."},
		{"query", "query", "string", "Words of what an entry says or of our translations of it; a serial; a date-time group."},
		{"precedence", "query", "string", "Only this precedence and above."},
		{"since", "query", "string", "Only what was written at or after this time, as its writer says: 231412Z NOV 26, 2026-11-23, 2026-11-23T14:12 or 2026-11."},
		{"until", "query", "string", "Only what was written up to this time."},
		{"plain", "query", "boolean", "Leave out what stations write by themselves."},
		{"after", "query", "integer", "Only positions above this one, oldest first."},
		{"before", "query", "integer", "Only positions below this one."},
		{"limit", "query", "integer", "At most so many, 1 to 500; 50 if it is left out."},
	}
)

// operations is the whole API, one table for each thing that people do.
func operations(st Station) []operation {
	return slices.Concat(looking(st), keeping(st), agreeing(st), amending(st), arranging(st), feeding(st), registering(st), calling(st), attending(st), taping(st), glossing(st), wording(st), draftingReadouts(st), exchanging(st), publishing(st), noting(st), remembering(st), reading(st), answering(st), understanding(st), proving(st), writing(st), templates(st))
}

func looking(st Station) []operation {
	return []operation{
		get("self", "/self", "Who this station is.", nil, func(context.Context, *call) (selfOut, error) {
			code, name := st.Self()
			return selfOut{code, name}, nil
		}),
		get("lines", "/lines", "Every line, with its lamp, paths and logs.", nil, func(ctx context.Context, _ *call) ([]station.Line, error) {
			return st.Lines(ctx)
		}),
		get("line", "/lines/{line}", "One line.", []param{line}, func(ctx context.Context, c *call) (station.Line, error) {
			return st.Line(ctx, c.text("line"))
		}),
		get("why", "/lines/{line}/why", "Why the lamp shows what it shows, measured now.", []param{line}, func(ctx context.Context, c *call) (station.Lamp, error) {
			return st.Why(ctx, c.text("line"))
		}),
		post("test", "/lines/{line}/test", "Test the line now.", []param{line}, func(ctx context.Context, c *call, _ none) (station.TestState, error) {
			return st.Test(ctx, c.text("line"))
		}),
		get("board", "/board", "The watch board of one line, or of all.", []param{{"line", "query", "string", "Id of the line; all, if it is left out."}},
			func(ctx context.Context, c *call) (station.Board, error) { return st.Board(ctx, c.by, c.text("line")) }),
		get("alarms", "/alarms", "The newest alarms, silenced ones too.", nil, func(ctx context.Context, _ *call) ([]station.Alarm, error) {
			return st.Alarms(ctx)
		}),
		post("silence", "/alarms/{alarm}/silence", "Silence an alarm here; 0 is all of them. Nothing is sent.", []param{{"alarm", "path", "integer", "Id of the alarm, or 0."}},
			func(ctx context.Context, c *call, _ none) (none, error) {
				n, err := c.number("alarm")
				if err != nil {
					return none{}, err
				}
				return none{}, st.Silence(ctx, c.by, n)
			}),
		get("officers", "/officers", "Officers of this station.", nil, func(ctx context.Context, _ *call) ([]station.Officer, error) {
			return st.Officers(ctx)
		}).only(parley.Administrator),
		get("audit", "/audit", "Who did and read what, the newest first.", []param{{"limit", "query", "integer", "At most so many rows, 1 to 10,000; 500 if it is left out."}},
			func(ctx context.Context, c *call) ([]station.AuditRow, error) {
				n, err := c.count("limit", 500, 10_000)
				if err != nil {
					return nil, err
				}
				return st.Audit(ctx, c.by, n)
			}).only(parley.Administrator, parley.Archivist),
		{id: "events", method: http.MethodGet, path: "/events", media: "text/event-stream",
			about: "What changed, as server-sent events without content: ask again with your own rights. A comment comes every 15 s.", serve: serveEvents(st)},
	}
}
