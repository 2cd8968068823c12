package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

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
	translateIn struct {
		Language string `json:"language"`
		Text     string `json:"text"`
	}
	reviewIn struct {
		Translation int64 `json:"translation"`
	}
	informedIn struct {
		At time.Time `json:"at"` // when; now, if it is left out
	}
	checkCallIn struct {
		Answers string `json:"answers,omitempty"` // the check call that this one answers; none: it asks
	}
	releaseIn struct {
		Version    int64  `json:"version"`    // of the draft as it was read
		Precedence string `json:"precedence"` // said again by who releases
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

// operations is the whole API.
func operations(st Station) []operation {
	return append(append(looking(st), reading(st)...), writing(st)...)
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
		get("directory", "/lines/{line}/directory", "The offices of both sides: who holds them, and when each was last heard.", []param{line},
			func(ctx context.Context, c *call) (station.Directory, error) {
				return st.Directory(ctx, c.text("line"))
			}),
		get("modes", "/lines/{line}/modes", "Exercises and single-path drills: on, asked for and past.", []param{line},
			func(ctx context.Context, c *call) ([]station.Mode, error) { return st.Modes(ctx, c.text("line")) }),
		get("charter", "/lines/{line}/charter", "What rules the line, and what is proposed.", []param{line},
			func(ctx context.Context, c *call) (station.CharterView, error) {
				return st.Charter(ctx, c.text("line"))
			}),
		get("board", "/board", "The watch board of one line, or of all.", []param{{"line", "query", "string", "Id of the line; all, if it is left out."}},
			func(ctx context.Context, c *call) (station.Board, error) { return st.Board(ctx, c.by, c.text("line")) }),
		post("handover", "/handover", "Write the hand-over of the watch, with all that is open. Another officer takes over at a desk.", nil, func(ctx context.Context, c *call, in noteIn) (none, error) {
			return none{}, st.HandOver(ctx, c.by, in.Note)
		}),
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
				return st.Audit(ctx, n)
			}).only(parley.Administrator, parley.Archivist),
		{id: "events", method: http.MethodGet, path: "/events", media: "text/event-stream",
			about: "What changed, as server-sent events without content: ask again with your own rights. A comment comes every 15 s.", serve: serveEvents(st)},
	}
}

// reading is one piece: a table of what is done with the record, row by row.
func reading(st Station) []operation {
	at := []param{line, item}
	// on is an act on an entry that answers nothing.
	on := func(id, about string, do func(ctx context.Context, c *call, line, item string) error) operation {
		return post(id, "/lines/{line}/items/{item}/"+id, about, at, func(ctx context.Context, c *call, _ none) (none, error) {
			return none{}, do(ctx, c, c.text("line"), c.text("item"))
		})
	}
	return []operation{
		get("record", "/lines/{line}/record", "A page of the record: settled entries, and apart those whose order is not confirmed yet.", append([]param{line}, filters...),
			func(ctx context.Context, c *call) (station.Page, error) {
				f, err := c.filter()
				if err != nil {
					return station.Page{}, err
				}
				return st.Record(ctx, c.text("line"), f)
			}),
		get("item", "/lines/{line}/items/{item}", "One entry. The text of an entry of the other side that nobody has opened is not in it.", at,
			func(ctx context.Context, c *call) (station.Item, error) {
				return st.Item(ctx, c.text("line"), c.text("item"))
			}),
		post("open", "/lines/{line}/items/{item}/open", "Read an entry. It is audited, and sends nothing.", at, func(ctx context.Context, c *call, _ none) (station.Item, error) {
			return st.Open(ctx, c.by, c.text("line"), c.text("item"))
		}),
		on("take", "Say at every desk of our side that this officer sees to it.", func(ctx context.Context, c *call, line, item string) error { return st.Take(ctx, c.by, line, item) }),
		on("acknowledge", "Tell the other side that it was opened. It is receipt only; neither agreement nor permission.", func(ctx context.Context, c *call, line, item string) error {
			return st.Acknowledge(ctx, c.by, line, item)
		}),
		post("translate", "/lines/{line}/items/{item}/translations", "Keep a translation on our side, not yet reviewed.", at, func(ctx context.Context, c *call, in translateIn) (station.Translation, error) {
			return st.Translate(ctx, c.by, c.text("line"), c.text("item"), in.Language, in.Text)
		}),
		post("review", "/lines/{line}/items/{item}/review", "Check another officer's translation.", at, func(ctx context.Context, c *call, in reviewIn) (none, error) {
			return none{}, st.Review(ctx, c.by, c.text("line"), c.text("item"), in.Translation)
		}),
		post("certify", "/lines/{line}/items/{item}/certify", "Set the third mark on a translation that two other officers made and checked.", at, func(ctx context.Context, c *call, in reviewIn) (none, error) {
			return none{}, st.Certify(ctx, c.by, c.text("line"), c.text("item"), in.Translation)
		}),
		post("informed", "/lines/{line}/items/{item}/informed", "Tell the other side that the principal was informed.", at, func(ctx context.Context, c *call, in informedIn) (none, error) {
			return none{}, st.Informed(ctx, c.by, c.text("line"), c.text("item"), in.At)
		}),
		post("query", "/lines/{line}/items/{item}/query", "Ask for an entry of ours to be read.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.Query(ctx, c.by, c.text("line"), c.text("item"), in.Text)
		}),
		post("tracer", "/lines/{line}/items/{item}/tracer", "Ask where an entry of ours got stuck.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.Tracer(ctx, c.by, c.text("line"), c.text("item"), in.Text)
		}),
		post("disregard", "/lines/{line}/items/{item}/disregard", "Say on the record that an entry of ours is to be disregarded. The original stays.", at,
			func(ctx context.Context, c *call, in reasonIn) (none, error) {
				return none{}, st.Disregard(ctx, c.by, c.text("line"), c.text("item"), in.Reason)
			}),
		post("checkcall", "/lines/{line}/checkcall", "Ask a human of theirs for a sign of life, or answer theirs.", []param{line}, func(ctx context.Context, c *call, in checkCallIn) (filedOut, error) {
			id, err := st.CheckCall(ctx, c.by, c.text("line"), in.Answers)
			return filedOut{id}, err
		}),
		file("proof", "/lines/{line}/items/{item}/proof", "application/octet-stream", "The file that proves one entry to a third party, and nothing else.",
			append(at[:2:2], param{"header_only", "query", "boolean", "Prove from whom to whom it went, not what it says."}), func(ctx context.Context, c *call, w http.ResponseWriter) error {
				b, err := st.Proof(ctx, c.by, c.text("line"), c.text("item"), c.yes("header_only"))
				return write(w, b, err)
			}),
		file("silence_proof", "/lines/{line}/items/{item}/silence-proof", "application/octet-stream", "The file that proves that no answer came as of now.", at,
			func(ctx context.Context, c *call, w http.ResponseWriter) error {
				b, err := st.SilenceProof(ctx, c.by, c.text("line"), c.text("item"))
				return write(w, b, err)
			}),
		file("attachment", "/lines/{line}/items/{item}/attachments/{n}", "application/octet-stream", "One attachment, as a file to keep. Its name and type are the other side's words.",
			append(at[:2:2], param{"n", "path", "integer", "Its place in the entry, from 0."}), func(ctx context.Context, c *call, w http.ResponseWriter) error {
				n, err := c.number("n")
				if err != nil {
					return err
				}
				_, _, body, err := st.Attachment(ctx, c.by, c.text("line"), c.text("item"), int(min(n, 1<<20)))
				if err != nil {
					return err
				}
				defer body.Close()
				_, err = io.Copy(w, body)
				return err
			}),
		file("export", "/lines/{line}/export", "application/octet-stream", "The whole record in a file that anybody can verify.",
			[]param{line, {"open", "query", "boolean", "With the keys that open it."}}, func(ctx context.Context, c *call, w http.ResponseWriter) error {
				_, err := st.Export(ctx, c.by, c.text("line"), c.yes("open"), w)
				return err
			}),
	}
}

func writing(st Station) []operation {
	at := []param{draft}
	// of is an act on a draft that answers with it.
	of := func(id, about string, do func(ctx context.Context, c *call, n int64) (station.Draft, error)) operation {
		return post(id, "/drafts/{draft}/"+id, about, at, func(ctx context.Context, c *call, _ none) (station.Draft, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Draft{}, err
			}
			return do(ctx, c, n)
		})
	}
	return []operation{
		get("drafts", "/drafts", "Drafts that this officer may see.", nil, func(ctx context.Context, c *call) ([]station.Draft, error) { return st.Drafts(ctx, c.by) }),
		post("save_draft", "/drafts", "Save a draft: a new one where id is 0, else over the version that is named.", nil, func(ctx context.Context, c *call, d station.Draft) (station.Draft, error) {
			return st.SaveDraft(ctx, c.by, d)
		}),
		get("draft", "/drafts/{draft}", "One draft.", at, func(ctx context.Context, c *call) (station.Draft, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Draft{}, err
			}
			return st.Draft(ctx, c.by, n)
		}),
		get("preview", "/drafts/{draft}/preview", "Exactly what will be signed.", at, func(ctx context.Context, c *call) (station.Item, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Item{}, err
			}
			return st.Preview(ctx, c.by, n)
		}),
		of("submit", "Send a draft to whoever releases it.", func(ctx context.Context, c *call, n int64) (station.Draft, error) { return st.Submit(ctx, c.by, n) }),
		post("return", "/drafts/{draft}/return", "Return a draft to its drafter, with a note.", at, func(ctx context.Context, c *call, in noteIn) (station.Draft, error) {
			n, err := c.number("draft")
			if err != nil {
				return station.Draft{}, err
			}
			return st.Return(ctx, c.by, n, in.Note)
		}),
		post("release", "/drafts/{draft}/release", "Release a draft: it goes on the record, for good. Where the charter says so it takes another officer than its drafter.", at,
			func(ctx context.Context, c *call, in releaseIn) (filedOut, error) {
				n, err := c.number("draft")
				if err != nil {
					return filedOut{}, err
				}
				id, err := st.Release(ctx, c.by, n, in.Version, in.Precedence)
				return filedOut{id}, err
			}),
		post("discard", "/drafts/{draft}/discard", "Throw a draft away.", at, func(ctx context.Context, c *call, _ none) (none, error) {
			n, err := c.number("draft")
			if err != nil {
				return none{}, err
			}
			return none{}, st.Discard(ctx, c.by, n)
		}),
		attach(st),
	}
}

func write(w http.ResponseWriter, b []byte, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}
