package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"

	"parley/internal/station"
)

// Bodies of calls. A call that is not named is the one that rings or runs.
type (
	whichCallIn struct {
		Call string `json:"call,omitempty"`
	}
	declineIn struct {
		whichCallIn
		Reason string `json:"reason"`
		Text   string `json:"text,omitempty"`
	}
	offerIn struct {
		Offer string `json:"offer"` // SDP
	}
	sdpOut struct {
		Answer string `json:"answer"` // SDP
	}
	guestOut struct {
		Path string `json:"path"` // at the desk's address; shown this once
	}
	wordingIn struct {
		whichCallIn
		Texts   []station.SaidText `json:"texts"`
		Instead string             `json:"instead,omitempty"` // the wording whose place it takes
	}
	judgeWordingIn struct {
		Step string `json:"step"` // "confirm", "deny" or "withdraw"
		Text string `json:"text,omitempty"`
	}
	renderingIn struct {
		whichCallIn
		Language string `json:"language"`
		Heard    string `json:"heard"`
		Meant    string `json:"meant,omitempty"`
	}
)

// calling rings, answers and ends.
func calling(st Station) []operation {
	at := []param{line}
	return []operation{
		get("calls", "/lines/{line}/calls", "All calls of a line, the newest first.", at, func(ctx context.Context, c *call) ([]station.Call, error) {
			return st.CallList(ctx, c.text("line"))
		}),
		get("one_call", "/lines/{line}/calls/{call}", "One call.", []param{line, {"call", "path", "string", "Id of the call."}}, func(ctx context.Context, c *call) (station.Call, error) {
			return st.Call(ctx, c.text("line"), c.text("call"))
		}),
		get("call", "/lines/{line}/call", "The call that rings or runs.", at, func(ctx context.Context, c *call) (station.Call, error) {
			return st.Call(ctx, c.text("line"), "")
		}),
		post("ring", "/lines/{line}/call", "Ring at the other side.", at, func(ctx context.Context, c *call, in station.RingText) (filedOut, error) {
			id, err := st.Ring(ctx, c.by, c.text("line"), in)
			return filedOut{id}, err
		}),
		post("lift", "/lines/{line}/call/lift", "Accept the call that rings here. Another that runs on the line ends with that.", at, func(ctx context.Context, c *call, in whichCallIn) (none, error) {
			return none{}, st.LiftCall(ctx, c.by, c.text("line"), in.Call)
		}),
		post("decline", "/lines/{line}/call/decline", "Decline the call that rings here, with a reason.", at, func(ctx context.Context, c *call, in declineIn) (none, error) {
			return none{}, st.DeclineCall(ctx, c.by, c.text("line"), in.Call, in.Reason, in.Text)
		}),
		post("hang_up", "/lines/{line}/call/hangup", "End our part in the call, or give up one of ours that rings.", at, func(ctx context.Context, c *call, in whichCallIn) (none, error) {
			return none{}, st.HangUp(ctx, c.by, c.text("line"), in.Call)
		}),
	}
}

// attending is being on a call that runs, as the officer whose token it is.
func attending(st Station) []operation {
	at := []param{line}
	return []operation{
		get("call_room", "/lines/{line}/call/room", "Who is on the call that runs, and, where the officer has joined, what he hears.", at, func(ctx context.Context, c *call) (station.CallRoom, error) {
			seat, err := st.SeatOf(ctx, c.by, c.text("line"))
			if err != nil { // he has not joined; that no call runs the room says itself
				seat = station.CallSeat{Line: c.text("line")}
			}
			return st.CallRoom(ctx, seat)
		}),
		post("join_call", "/lines/{line}/call/join", "Join the call that runs; again, the same place is answered.", at, func(ctx context.Context, c *call, in station.CallPerson) (station.CallSeat, error) {
			return st.JoinCall(ctx, c.by, c.text("line"), in)
		}),
		secret(post("connect_call", "/lines/{line}/call/media", "Connect the voice of the officer, who has joined: a WebRTC offer in, the answer to it out. What was connected before ends with that.", at,
			func(ctx context.Context, c *call, in offerIn) (sdpOut, error) {
				seat, err := st.SeatOf(ctx, c.by, c.text("line"))
				if err != nil {
					return sdpOut{}, err
				}
				answer, err := st.ConnectCall(ctx, seat, in.Offer)
				return sdpOut{answer}, err
			})),
		post("act_on_call", "/lines/{line}/call/do", "Act for oneself: mute, unmute, leave, turn, yield, again, slower, poor, ask, aside, back, air; hear or booth with a language; become with a role.", at,
			func(ctx context.Context, c *call, in station.CallAct) (none, error) {
				seat, err := st.SeatOf(ctx, c.by, c.text("line"))
				if err != nil {
					return none{}, err
				}
				return none{}, st.ActOnCall(ctx, seat, in)
			}),
		post("act_for_side", "/lines/{line}/call/side", "Act for our side: ready, unready, resume; hold with a reason; interpret with a way; cast with a person and a role; remove, turn or mute with a person.", at,
			func(ctx context.Context, c *call, in station.SideAct) (none, error) {
				return none{}, st.ActForSide(ctx, c.by, c.text("line"), in)
			}),
		secret(post("invite_guest", "/lines/{line}/call/guests", "Make the page of somebody without an account. It is shown once, and ends with the call.", at, func(ctx context.Context, c *call, in station.CallPerson) (guestOut, error) {
			key, err := st.InviteGuest(ctx, c.by, c.text("line"), in)
			if err != nil {
				return guestOut{}, err
			}
			return guestOut{"/call/" + key}, nil
		})),
		post("pass_note", "/lines/{line}/call/notes", "Pass a note to the pages of our principals. It never leaves our side.", at, func(ctx context.Context, c *call, in textIn) (none, error) {
			return none{}, st.PassNote(ctx, c.by, c.text("line"), in.Text)
		}),
	}
}

// wording is what is written down of a call, by both sides.
func wording(st Station) []operation {
	at := []param{line}
	return []operation{
		post("write_wording", "/lines/{line}/wordings", "Write down what was said in a call, in every language of the line, for the other side to confirm.", at, func(ctx context.Context, c *call, in wordingIn) (filedOut, error) {
			id, err := st.WriteWording(ctx, c.by, c.text("line"), in.Call, in.Texts, in.Instead)
			return filedOut{id}, err
		}),
		post("judge_wording", "/lines/{line}/wordings/{item}", "Confirm or deny a wording of the other side, or take back one of ours.", []param{line, item}, func(ctx context.Context, c *call, in judgeWordingIn) (none, error) {
			return none{}, st.JudgeWording(ctx, c.by, c.text("line"), c.text("item"), in.Step, in.Text)
		}),
		post("dispute_rendering", "/lines/{line}/call/disputes", "Say that something was interpreted otherwise than it was said.", at, func(ctx context.Context, c *call, in renderingIn) (filedOut, error) {
			id, err := st.DisputeRendering(ctx, c.by, c.text("line"), in.Call, in.Language, in.Heard, in.Meant)
			return filedOut{id}, err
		}),
	}
}

// taping is what our station recorded of calls.
func taping(st Station) []operation {
	of := []param{line, {"call", "path", "string", "Id of the call."}}
	voice := append(of[:2:2], param{"n", "path", "integer", "Number of the file, as the recordings of the call have it."})
	return []operation{
		get("recordings", "/lines/{line}/calls/{call}/recordings", "What each side says that it recorded of a call. Of ours: which files are here.", of, func(ctx context.Context, c *call) ([]station.CallTaping, error) {
			x, err := st.Call(ctx, c.text("line"), c.text("call"))
			return x.Tapings, err
		}),
		file("recording", "/lines/{line}/calls/{call}/recordings/{n}", "audio/*", "One voice that our station recorded: Ogg Opus, or WAVE of a telephone. The header Repr-Digest has the SHA-256 that stands on the record; what does not come whole, or is not that, is cut off. Each time is audited.", voice,
			func(ctx context.Context, c *call, w http.ResponseWriter) error {
				n, err := c.number("n")
				if err != nil {
					return err
				}
				out := &begun{w: w}
				err = st.PlayRecording(ctx, c.by, c.text("line"), c.text("call"), uint64(n), func(v station.CallVoice, _ string) io.Writer {
					w.Header().Set("Content-Type", v.Media)
					w.Header().Set("Content-Length", strconv.FormatUint(v.Bytes, 10))
					sum, _ := hex.DecodeString(v.Sum) // the station's own
					w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":")
					return out
				})
				if err != nil && out.any {
					panic(http.ErrAbortHandler) // nobody takes half of it for the whole
				}
				return err
			}),
		post("delete_recording", "/lines/{line}/calls/{call}/recordings/{n}/delete", "Delete one voice that our station recorded. Its hash stays on the record.", voice, func(ctx context.Context, c *call, _ none) (none, error) {
			n, err := c.number("n")
			if err != nil {
				return none{}, err
			}
			return none{}, st.DeleteRecording(ctx, c.by, c.text("line"), c.text("call"), uint64(n))
		}),
	}
}

// begun is an answer that notes whether any of it was written.
type begun struct {
	w   io.Writer
	any bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.any = true
	return b.w.Write(p)
}
