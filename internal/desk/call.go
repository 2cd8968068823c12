package desk

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/form"
	"parley/internal/station"
)

// Calling rings, answers, and is what goes on in a call.
type Calling interface {
	CallList(ctx context.Context, line string) ([]station.Call, error)
	Call(ctx context.Context, line, id string) (station.Call, error)
	Ring(ctx context.Context, by station.Officer, line string, in station.RingText) (item string, err error)
	LiftCall(ctx context.Context, by station.Officer, line, id string) error
	DeclineCall(ctx context.Context, by station.Officer, line, id, reason, text string) error
	HangUp(ctx context.Context, by station.Officer, line, id string) error
	PlayRecording(ctx context.Context, by station.Officer, line, id string, file uint64, to func(v station.CallVoice, suffix string) io.Writer) error
	DeleteRecording(ctx context.Context, by station.Officer, line, id string, file uint64) error
}

// Attending is being on a call that runs.
type Attending interface {
	CallRoom(ctx context.Context, at station.CallSeat) (station.CallRoom, error)
	JoinCall(ctx context.Context, by station.Officer, line string, as station.CallPerson) (station.CallSeat, error)
	SeatOf(ctx context.Context, by station.Officer, line string) (station.CallSeat, error)
	InviteGuest(ctx context.Context, by station.Officer, line string, as station.CallPerson) (secret string, err error)
	GuestOf(ctx context.Context, secret string) (as station.CallPerson, on bool, err error)
	JoinAsGuest(ctx context.Context, secret string) (station.CallSeat, error)
	ConnectCall(ctx context.Context, at station.CallSeat, offer string) (answer string, err error)
	ActOnCall(ctx context.Context, at station.CallSeat, a station.CallAct) error
	ActForSide(ctx context.Context, by station.Officer, line string, a station.SideAct) error
	PassNote(ctx context.Context, by station.Officer, line, text string) error
	SayInChat(ctx context.Context, at station.CallSeat, text string) error
}

// Challenging is how watches know one another before anybody is put through.
type Challenging interface {
	CallChallenge(ctx context.Context, by station.Officer, line string) (station.CallChallenge, error)
	Challenges(ctx context.Context, by station.Officer, line string) ([]station.Challenge, error)
	AddChallenge(ctx context.Context, by station.Officer, line, ask, expect string) error
	RemoveChallenge(ctx context.Context, by station.Officer, line string, id int64) error
	JudgeChallenge(ctx context.Context, by station.Officer, line string, id int64, passed bool) error
}

// Wording is what is written down of a call, by both sides.
type Wording interface {
	WriteWording(ctx context.Context, by station.Officer, line, id string, texts []station.SaidText, before string) (item string, err error)
	JudgeWording(ctx context.Context, by station.Officer, line, id, step, text string) error
	DisputeRendering(ctx context.Context, by station.Officer, line, id, tongue, heard, meant string) (item string, err error)
}

// callPage is the call of a line: that which rings or runs, and those before it.
type callPage struct {
	Line    station.Line
	Now     *station.Call     // rings or runs; nil: none
	Room    *station.CallRoom // it runs
	Past    []station.Call
	Proof   station.CallChallenge // of the call that runs
	Kept    []station.Challenge   // shown when they were asked for
	MyNotes []station.MemNote     // of the call, by whoever looks
	Contact string                // that is rung for
	Link    string                // for a guest; shown once
	Problem *problem
	Act     string // that failed
	Typed   map[string]string
	Guest   string // the secret of whoever looks at it without a session
}

// Slots is what the slots of the desk carry, for the script.
func (p *callPage) Slots() string {
	if p.Room == nil || p.Room.You == nil {
		return ""
	}
	b, err := json.Marshal(p.Room.You)
	if err != nil {
		return ""
	}
	return string(b)
}

// Base is the address of acts.
func (p *callPage) Base() string {
	if p.Guest != "" {
		return "/call/" + p.Guest
	}
	return "/line/" + p.Line.Key + "/call"
}

// Media is where the script sends what its browser offers.
func (p *callPage) Media() string { return p.Base() + "/media" }

// Tongues are the languages of the line, each once.
func (p *callPage) Tongues() (out []string) {
	for _, x := range append([]station.Party{p.Line.Us}, p.Line.Them...) {
		for _, l := range x.Languages[:min(1, len(x.Languages))] {
			if !contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

// Booths are the languages that can be chosen to hear: those of the line, and
// those into which somebody interprets.
func (p *callPage) Booths() []string {
	out := p.Tongues()
	if p.Room != nil {
		for _, b := range p.Room.Booths {
			if !contains(out, b) {
				out = append(out, b)
			}
		}
	}
	return out
}

// Staffed reports whether somebody interprets into a language now.
func (p *callPage) Staffed(tongue string) bool {
	return p.Room != nil && contains(p.Room.Booths, tongue)
}

// Through reports whether both sides are put through.
func (p *callPage) Through() bool {
	if p.Room == nil {
		return false
	}
	for _, s := range p.Room.Sides {
		if !s.Through {
			return false
		}
	}
	return true
}

// Whose is whose turn it is: "you", "ours", "theirs", or "free".
func (p *callPage) Whose() string {
	r := p.Room
	switch {
	case r == nil || r.Turn == nil || !p.Through():
		return "free"
	case r.Turn.Party != p.Line.Us.Code:
		return "theirs"
	case r.You != nil && r.You.ID == r.Turn.Person:
		return "you"
	}
	return "ours"
}

// Share is the part of all speaking that was a side's, in percent; -1 while nobody
// has spoken.
func (p *callPage) Share(s station.CallSide) int {
	var all, own time.Duration
	for _, x := range p.Room.Sides {
		for _, t := range x.Talk {
			all += t.For
			if x.Party == s.Party {
				own += t.For
			}
		}
	}
	if all == 0 {
		return -1
	}
	return int((own*100 + all/2) / all)
}

// Open are the wordings that do not stand yet, and Standing those that do.
func (p *callPage) Open() (out []station.CallWording) {
	for _, w := range p.wordings() {
		if !w.Stands && !w.Replaced && w.Words[w.By] == "" {
			out = append(out, w)
		}
	}
	return out
}

// Standing are the wordings that all have confirmed.
func (p *callPage) Standing() (out []station.CallWording) {
	for _, w := range p.wordings() {
		if w.Stands {
			out = append(out, w)
		}
	}
	return out
}

func (p *callPage) wordings() []station.CallWording {
	if p.Now == nil {
		return nil
	}
	return p.Now.Wordings
}

// AtWatch reports whether whoever sits here has the watch's office.
func (f *frame) AtWatch() bool { return f.Seat != nil && f.Seat.is(parley.Watch) }

// PartyName is the name of a party of the line, else its code.
func (p *callPage) PartyName(code parley.PartyCode) string {
	for _, x := range append([]station.Party{p.Line.Us}, p.Line.Them...) {
		if x.Code == code && x.Name != "" {
			return x.Name
		}
	}
	return string(code)
}

// Calls reports whether whoever sits here rings, lifts and puts through.
func (f *frame) Calls() bool {
	return f.Seat != nil && f.Seat.is(parley.Watch, parley.Envoy, parley.Principal)
}

// Challenges reports whether whoever sits here keeps the challenges of a line.
func (f *frame) Challenges() bool {
	return f.Seat != nil && f.Seat.is(parley.Watch, parley.Envoy, parley.Administrator)
}

// Confirms reports whether whoever sits here confirms wordings.
func (f *frame) Confirms() bool { return f.Seat != nil && f.Seat.is(parley.Envoy, parley.Principal) }

// Lasts is a length of time as a clock shows it: 00:14:22.
func (f *frame) Lasts(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	return twoDigits(s/3600) + ":" + twoDigits(s/60%60) + ":" + twoDigits(s%60)
}

// brief is a length of time as it is spoken of while it runs: 1:48, and 1:14:22
// from an hour on. The script of the page goes on with it (clock.js).
func brief(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	if s < 3600 {
		return strconv.Itoa(s/60) + ":" + twoDigits(s%60)
	}
	return strconv.Itoa(s/3600) + ":" + twoDigits(s/60%60) + ":" + twoDigits(s%60)
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func (d *desk) callPage(r *http.Request, s *seat) (*callPage, error) {
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, err
	}
	p := &callPage{Line: l, Typed: map[string]string{}, Contact: r.URL.Query().Get("contact")}
	all, err := d.st.CallList(r.Context(), l.Key)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if ph := all[i].Phase; p.Now == nil && (ph == call.Ringing || ph == call.Running) {
			p.Now = &all[i]
		} else {
			p.Past = append(p.Past, all[i])
		}
	}
	p.Past = p.Past[:min(len(p.Past), 20)]
	if p.Now != nil {
		if p.MyNotes, err = d.st.MemNotes(r.Context(), s.officer, l.Key, p.Now.ID); err != nil {
			return nil, err
		}
	}
	at := station.CallSeat{Line: l.Key}
	if own, err := d.st.SeatOf(r.Context(), s.officer, l.Key); err == nil {
		at = own
	}
	if p.Now != nil && p.Now.Phase == call.Running {
		room, err := d.st.CallRoom(r.Context(), at)
		if err == nil {
			p.Room = &room
			p.Proof, err = d.st.CallChallenge(r.Context(), s.officer, l.Key)
		}
		if err == nil {
			return p, nil
		} else if parley.KindOf(err) != parley.NotFound {
			return nil, err
		}
	}
	return p, nil
}

func (d *desk) call(w http.ResponseWriter, r *http.Request, s *seat) error {
	p, err := d.callPage(r, s)
	if err != nil {
		return err
	}
	d.render(w, r, s, "call", p)
	return nil
}

// callActs are the acts of the page of a call.
var callActs = map[string]func(d *desk, r *http.Request, s *seat, p *callPage) error{
	"ring": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		_, err := d.st.Ring(r.Context(), s.officer, p.Line.Key, station.RingText{Contact: r.PostForm.Get("contact"), Level: r.PostForm.Get("level"), Medium: r.PostForm.Get("medium"),
			Interpreting: r.PostForm.Get("interpreting"), Text: form.Normal(r.PostForm.Get("text")), Recording: r.PostForm.Get("recording"), Override: r.PostForm.Get("override") == "yes"})
		return err
	},
	"lift": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		return d.st.LiftCall(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"))
	},
	"decline": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		why, err := chosen(r, "reason", "who declines a call gives a reason")
		if err != nil {
			return err
		}
		return d.st.DeclineCall(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), why, form.Normal(r.PostForm.Get("text")))
	},
	"hangup": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		return d.st.HangUp(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"))
	},
	"unrecord": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		file, _ := strconv.ParseUint(r.PostForm.Get("file"), 10, 32) // what is none is no file
		return d.st.DeleteRecording(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), file)
	},
	"join": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		_, err := d.st.JoinCall(r.Context(), s.officer, p.Line.Key, readCallPerson(r))
		return err
	},
	"do": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		at, err := d.st.SeatOf(r.Context(), s.officer, p.Line.Key)
		if err != nil {
			return err
		}
		return d.st.ActOnCall(r.Context(), at, readCallAct(r))
	},
	"side": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		a := readCallAct(r)
		id, _ := strconv.ParseUint(r.PostForm.Get("person"), 10, 64) // what is none is nobody's
		return d.st.ActForSide(r.Context(), s.officer, p.Line.Key, station.SideAct{Do: a.Do, What: a.What, Person: id})
	},
	"challenge": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		id, _ := strconv.ParseInt(r.PostForm.Get("about"), 10, 64)
		return d.st.JudgeChallenge(r.Context(), s.officer, p.Line.Key, id, r.PostForm.Get("step") == "right")
	},
	"agree": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		return d.st.AddChallenge(r.Context(), s.officer, p.Line.Key, form.Normal(r.PostForm.Get("ask")), form.Normal(r.PostForm.Get("expect")))
	},
	"forget": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		id, _ := strconv.ParseInt(r.PostForm.Get("about"), 10, 64)
		return d.st.RemoveChallenge(r.Context(), s.officer, p.Line.Key, id)
	},
	"note": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		return d.st.PassNote(r.Context(), s.officer, p.Line.Key, form.Normal(r.PostForm.Get("text")))
	},
	"chat": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		at, err := d.st.SeatOf(r.Context(), s.officer, p.Line.Key)
		if err != nil {
			return err
		}
		return d.st.SayInChat(r.Context(), at, form.Normal(r.PostForm.Get("text")))
	},
	"wording": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		var texts []station.SaidText
		for _, l := range p.Tongues() {
			texts = append(texts, station.SaidText{Language: l, Text: form.Normal(r.PostForm.Get("text-" + l))})
		}
		_, err := d.st.WriteWording(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), texts, r.PostForm.Get("before"))
		return err
	},
	"judge": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		return d.st.JudgeWording(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), r.PostForm.Get("step"), form.Normal(r.PostForm.Get("text")))
	},
	"dispute": func(d *desk, r *http.Request, s *seat, p *callPage) error {
		_, err := d.st.DisputeRendering(r.Context(), s.officer, p.Line.Key, r.PostForm.Get("about"), r.PostForm.Get("language"), form.Normal(r.PostForm.Get("heard")), form.Normal(r.PostForm.Get("meant")))
		return err
	},
}

func readCallPerson(r *http.Request) station.CallPerson {
	return station.CallPerson{Name: form.Normal(r.PostForm.Get("name")), Title: form.Normal(r.PostForm.Get("title")), Role: r.PostForm.Get("role"), Tongue: r.PostForm.Get("language")}
}

// readCallAct reads an act: the button that was pressed names it, or it and what it
// is about.
func readCallAct(r *http.Request) station.CallAct {
	for _, do := range []string{"hear", "booth", "become", "interpret"} {
		if r.PostForm.Has(do) {
			return station.CallAct{Do: do, What: r.PostForm.Get(do)}
		}
	}
	return station.CallAct{Do: r.PostForm.Get("do"), What: form.Normal(r.PostForm.Get("what"))}
}

func (d *desk) actOnCall(w http.ResponseWriter, r *http.Request, s *seat) error {
	act := r.PathValue("act")
	if act == "media" {
		return d.connectCall(w, r, func() (station.CallSeat, error) {
			return d.st.SeatOf(r.Context(), s.officer, r.PathValue("line"))
		})
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := d.callPage(r, s)
	if err != nil {
		return err
	}
	switch act {
	case "invite":
		return d.inviteToCall(w, r, s, p)
	case "challenges":
		if p.Kept, err = d.st.Challenges(r.Context(), s.officer, p.Line.Key); err == nil {
			d.render(w, r, s, "call", p)
			return nil
		}
		d.callProblem(w, r, s, p, act, err)
		return nil
	}
	do, ok := callActs[act]
	if !ok {
		return errHidden
	}
	if err = do(d, r, s, p); err == nil {
		return done(w, r, "/line/"+p.Line.Key+"/call", "call_"+act)
	}
	d.callProblem(w, r, s, p, act, err)
	return nil
}

func (d *desk) callProblem(w http.ResponseWriter, r *http.Request, s *seat, p *callPage, act string, err error) {
	p.Problem, p.Act, p.Typed = problemOf(err), act, typed(r)
	if p.Problem.Status >= http.StatusInternalServerError {
		d.log.Error("acting on a call", "act", act, "err", err)
	}
	d.renderStatus(w, r, s, p.Problem.Status, "call", "title.call", p)
}

// inviteToCall shows the link of a guest, once.
func (d *desk) inviteToCall(w http.ResponseWriter, r *http.Request, s *seat, p *callPage) error {
	secret, err := d.st.InviteGuest(r.Context(), s.officer, p.Line.Key, readCallPerson(r))
	if err != nil {
		d.callProblem(w, r, s, p, "invite", err)
		return nil
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	p.Link = (&url.URL{Scheme: scheme, Host: r.Host, Path: "/call/" + secret}).String()
	d.render(w, r, s, "call", p)
	return nil
}

// maxOffer bounds what a browser offers, in bytes.
const maxOffer = 64 << 10

// connectCall answers what the browser of somebody on a call offers.
func (d *desk) connectCall(w http.ResponseWriter, r *http.Request, seat func() (station.CallSeat, error)) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/sdp" {
		return parley.Errorf(parley.Malformed, "an offer is of the type application/sdp")
	}
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
	if err != nil {
		return parley.Errorf(parley.Oversize, "an offer of more than %d bytes", maxOffer)
	}
	at, err := seat()
	if err != nil {
		return err
	}
	answer, err := d.st.ConnectCall(r.Context(), at, string(offer))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/sdp")
	_, _ = io.WriteString(w, answer) // the reader has gone: nobody to tell
	return nil
}

// guestDoor is what somebody sees who has a link, and has not joined.
type guestDoor struct{ Secret, Name string }

// guestPage is the page of somebody on a call who has no account: whoever knows
// its address is he, and sees nothing else of the station. Who is not on the call sees
// one button: a preview of the link puts nobody on a roster.
func (d *desk) guestPage(w http.ResponseWriter, r *http.Request) {
	as, on, err := d.st.GuestOf(r.Context(), r.PathValue("secret"))
	if err != nil {
		d.guestFails(w, r, err)
		return
	}
	if !on {
		d.renderBare(w, r, http.StatusOK, "calldoor", guestDoor{r.PathValue("secret"), as.Name})
		return
	}
	p, err := d.guestOf(r)
	if err != nil {
		d.guestFails(w, r, err)
		return
	}
	d.renderBare(w, r, http.StatusOK, "callguest", p)
}

func (d *desk) guestOf(r *http.Request) (*callPage, error) {
	secret := r.PathValue("secret")
	at, err := d.st.JoinAsGuest(r.Context(), secret)
	if err != nil {
		return nil, err
	}
	room, err := d.st.CallRoom(r.Context(), at)
	if err != nil {
		return nil, err
	}
	l, err := d.st.Line(r.Context(), at.Line)
	if err != nil {
		return nil, err
	}
	return &callPage{Line: l, Room: &room, Guest: secret}, nil
}

func (d *desk) guestFails(w http.ResponseWriter, r *http.Request, err error) {
	if parley.KindOf(err) == parley.NotFound {
		d.plainError(w, r, http.StatusNotFound, "error.call_over")
		return
	}
	d.fail(w, r, nil, err)
}

// guestActs are what a guest does for himself.
var guestActs = []string{"mute", "unmute", "turn", "yield", "again", "slower", "poor", "ask", "hear", "booth", "air"}

func (d *desk) guestAct(w http.ResponseWriter, r *http.Request) {
	secret := r.PathValue("secret")
	seat := func() (station.CallSeat, error) { return d.st.JoinAsGuest(r.Context(), secret) }
	if r.PathValue("act") == "media" {
		if err := d.connectCall(w, r, seat); err != nil {
			d.guestFails(w, r, err)
		}
		return
	}
	err := r.ParseForm()
	if err != nil {
		d.fail(w, r, nil, badForm(err))
		return
	}
	a := readCallAct(r)
	chat, join := r.PathValue("act") == "chat", r.PathValue("act") == "join"
	if !chat && !join && !contains(guestActs, a.Do) {
		d.plainError(w, r, http.StatusNotFound, "error.call_over")
		return
	}
	at, err := seat()
	switch {
	case err != nil, join:
	case chat:
		err = d.st.SayInChat(r.Context(), at, form.Normal(r.PostForm.Get("text")))
	default:
		err = d.st.ActOnCall(r.Context(), at, a)
	}
	if err != nil {
		d.guestFails(w, r, err)
		return
	}
	http.Redirect(w, r, "/call/"+secret, http.StatusSeeOther)
}
