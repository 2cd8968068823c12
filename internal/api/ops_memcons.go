package api

import (
	"context"

	"parley"
	"parley/internal/station"
)

// Bodies of memcons. Rev is the change of the memcon that the program saw.
type (
	memNoteIn struct {
		Text string `json:"text"`
	}
	memGiveIn struct {
		To int64 `json:"to"` // officer
	}
	memconIn struct {
		station.MemconText
		Rev int64 `json:"rev"`
	}
	memconOpenIn struct {
		Which   string `json:"which,omitempty"`   // "draft", the number of a version, or "over-N"; "" for the newest that the officer may see
		Printed bool   `json:"printed,omitempty"` // it is read to be printed
	}
	memconRevIn struct {
		Rev int64 `json:"rev"`
	}
	memconToIn struct {
		Rev int64 `json:"rev"`
		To  int64 `json:"to"` // officer
	}
	memconReturnIn struct {
		Rev  int64  `json:"rev"`
		Note string `json:"note"`
	}
	memconReaderIn struct {
		Officer int64         `json:"officer,omitempty"` // or an office
		Office  parley.Office `json:"office,omitempty"`
		Writes  bool          `json:"writes,omitempty"`
	}
	inheritIn struct {
		From int64 `json:"from"` // officer who is no longer here
		To   int64 `json:"to"`
	}
	inheritedOut struct {
		Memcons int64 `json:"memcons"`
	}
)

// noting is notes of contacts and calls, and the memcons of them that the officer
// may see.
func noting(st Station) []operation {
	about := []param{line, {"about", "path", "string", "Id of a request of the contact, or of the call."}}
	return []operation{
		get("mem_notes", "/lines/{line}/notes/{about}", "OUR SIDE ONLY. The notes of a contact or a call that the officer wrote or was given.", about, func(ctx context.Context, c *call) ([]station.MemNote, error) {
			return st.MemNotes(ctx, c.by, c.text("line"), c.text("about"))
		}),
		post("take_note", "/lines/{line}/notes/{about}", "OUR SIDE ONLY. Keep a note of a contact or a call, for its memcon.", about, func(ctx context.Context, c *call, in memNoteIn) (none, error) {
			return none{}, st.TakeNote(ctx, c.by, c.text("line"), c.text("about"), in.Text)
		}),
		post("give_notes", "/lines/{line}/notes/{about}/give", "OUR SIDE ONLY. Let another officer merge one's notes.", about, func(ctx context.Context, c *call, in memGiveIn) (none, error) {
			return none{}, st.GiveNotes(ctx, c.by, c.text("line"), c.text("about"), in.To)
		}),
		get("memcons", "/lines/{line}/memcons", "OUR SIDE ONLY. The memcons that the officer may see, without their texts.", []param{line, {"about", "query", "string", "Id of a request of the contact, or of the call; all, if it is left out."}},
			func(ctx context.Context, c *call) ([]station.Memcon, error) {
				return st.Memcons(ctx, c.by, c.text("line"), c.text("about"))
			}),
		post("begin_memcon", "/lines/{line}/memcons/{about}", "OUR SIDE ONLY. Begin a memcon, with the notes that are merged into it.", about, func(ctx context.Context, c *call, in station.MemconText) (station.Memcon, error) {
			return st.BeginMemcon(ctx, c.by, c.text("line"), c.text("about"), in)
		}),
		post("inherit_memcons", "/memcons/inherit", "Give the memcons and notes of an officer who is no longer here to another, without seeing any.", nil, func(ctx context.Context, c *call, in inheritIn) (inheritedOut, error) {
			n, err := st.InheritMemcons(ctx, c.by, in.From, in.To)
			return inheritedOut{n}, err
		}).only(parley.Administrator),
	}
}

// remembering is what is done with one memcon. Who is not on its list gets the
// answer for one that does not exist.
func remembering(st Station) []operation {
	one := []param{{"memcon", "path", "string", "Id of the memcon."}}
	return []operation{
		post("open_memcon", "/memcons/{memcon}/open", "OUR SIDE ONLY. Read a memcon. The reading is audited, and shown to its author.", one, func(ctx context.Context, c *call, in memconOpenIn) (station.Memcon, error) {
			return st.OpenMemcon(ctx, c.by, c.text("memcon"), in.Which, in.Printed)
		}),
		post("save_memcon", "/memcons/{memcon}/save", "OUR SIDE ONLY. Change its text; what was reviewed stays, and the change is a correction. 409 when it was changed meanwhile.", one, func(ctx context.Context, c *call, in memconIn) (station.Memcon, error) {
			return st.SaveMemcon(ctx, c.by, c.text("memcon"), in.Rev, in.MemconText)
		}),
		post("submit_memcon", "/memcons/{memcon}/submit", "OUR SIDE ONLY. Ask another officer, who wrote nothing of it, to review it.", one, func(ctx context.Context, c *call, in memconToIn) (station.Memcon, error) {
			return st.SubmitMemcon(ctx, c.by, c.text("memcon"), in.Rev, in.To)
		}),
		post("return_memcon", "/memcons/{memcon}/return", "OUR SIDE ONLY. Give it back with a note, as the officer who was asked to review it.", one, func(ctx context.Context, c *call, in memconReturnIn) (none, error) {
			return none{}, st.ReturnMemcon(ctx, c.by, c.text("memcon"), in.Rev, in.Note)
		}),
		post("review_memcon", "/memcons/{memcon}/review", "OUR SIDE ONLY. Make its text the next version, as the officer who was asked to review it.", one, func(ctx context.Context, c *call, in memconRevIn) (station.Memcon, error) {
			return st.ReviewMemcon(ctx, c.by, c.text("memcon"), in.Rev)
		}),
		post("discard_memcon", "/memcons/{memcon}/discard", "OUR SIDE ONLY. Forget one that nobody reviewed.", one, func(ctx context.Context, c *call, in memconRevIn) (none, error) {
			return none{}, st.DiscardMemcon(ctx, c.by, c.text("memcon"), in.Rev)
		}),
		post("share_memcon", "/memcons/{memcon}/share", "OUR SIDE ONLY. Put an officer or an office on its list.", one, func(ctx context.Context, c *call, in memconReaderIn) (none, error) {
			return none{}, st.ShareMemcon(ctx, c.by, c.text("memcon"), in.Officer, in.Office, in.Writes)
		}),
		post("unshare_memcon", "/memcons/{memcon}/unshare", "OUR SIDE ONLY. Take an officer or an office off its list.", one, func(ctx context.Context, c *call, in memconReaderIn) (none, error) {
			return none{}, st.UnshareMemcon(ctx, c.by, c.text("memcon"), in.Officer, in.Office)
		}),
		post("hand_memcon", "/memcons/{memcon}/hand", "OUR SIDE ONLY. Make another officer its author.", one, func(ctx context.Context, c *call, in memconToIn) (none, error) {
			return none{}, st.HandMemcon(ctx, c.by, c.text("memcon"), in.Rev, in.To)
		}),
	}
}
