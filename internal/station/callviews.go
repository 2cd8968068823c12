package station

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/call/rtc"
	"parley/internal/contact"
)

// A Call is a call as the record has it.
type Call struct {
	ID           string             `json:"id"`
	Line         string             `json:"line"`
	Phase        call.Phase         `json:"phase"`
	By           parley.PartyCode   `json:"by"` // who rang
	Ours         bool               `json:"ours"`
	Parties      []parley.PartyCode `json:"parties"`
	At           time.Time          `json:"at"`
	Flash        bool               `json:"flash,omitempty"`
	Level        string             `json:"level"`
	Medium       string             `json:"medium"`
	Interpreting string             `json:"interpreting"`
	Recording    string             `json:"recording"`
	Text         string             `json:"text,omitempty"`
	Contact      string             `json:"contact,omitempty"`
	Exercise     string             `json:"exercise,omitempty"`
	Waits        bool               `json:"waits,omitempty"` // rings here, and our side has not answered
	Answers      []CallAnswer       `json:"answers,omitempty"`
	Ends         []CallEnd          `json:"ends,omitempty"`
	Rosters      []CallRoster       `json:"rosters,omitempty"`
	Wordings     []CallWording      `json:"wordings,omitempty"`
	Disputes     []CallDispute      `json:"disputes,omitempty"`
	Tapings      []CallTaping       `json:"recordings,omitempty"`
}

// CallAnswer is how a party answered.
type CallAnswer struct {
	By     parley.PartyCode `json:"by"`
	At     time.Time        `json:"at"`
	Answer string           `json:"answer"` // "accepted", "declined", "busy"
	Reason string           `json:"reason,omitempty"`
	Text   string           `json:"text,omitempty"`
}

// CallEnd is the end of a party's part, as its station measured it.
type CallEnd struct {
	By      parley.PartyCode `json:"by"`
	At      time.Time        `json:"at"`
	Outcome string           `json:"outcome"`
	Began   time.Time        `json:"began,omitzero"`
	Talk    []CallTalk       `json:"talk,omitempty"`
	Gaps    []ContactWindow  `json:"gaps,omitempty"` // in which the other station was not heard
	Text    string           `json:"text,omitempty"`
}

// CallTalk is for how long a side spoke in a language.
type CallTalk struct {
	Language string        `json:"language"`
	For      time.Duration `json:"for"`
}

// CallRoster is who of a side was on a call.
type CallRoster struct {
	By     parley.PartyCode `json:"by"`
	End    bool             `json:"end"` // all until its end; else as it was put through
	People []CallPerson     `json:"people"`
}

// CallWording is a wording and what the sides say of it.
type CallWording struct {
	ID       string                      `json:"id"`
	By       parley.PartyCode            `json:"by"`
	At       time.Time                   `json:"at"`
	Texts    []SaidText                  `json:"texts"`
	Stands   bool                        `json:"stands"`   // confirmed by all
	Replaced bool                        `json:"replaced"` // a later one takes its place
	Words    map[parley.PartyCode]string `json:"words,omitempty"`
	Notes    map[parley.PartyCode]string `json:"notes,omitempty"`
}

// CallDispute is a disputed rendering.
type CallDispute struct {
	By       parley.PartyCode `json:"by"`
	At       time.Time        `json:"at"`
	Language string           `json:"language"`
	Heard    string           `json:"heard"`
	Meant    string           `json:"meant,omitempty"`
}

// CallList is the calls of a line, the newest first.
func (s *Station) CallList(_ context.Context, name string) ([]Call, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	cs, err := l.callBook()
	if err != nil {
		return nil, err
	}
	out := make([]Call, 0, len(cs))
	for _, c := range slices.Backward(cs) {
		out = append(out, s.callView(l, c))
	}
	return out, nil
}

// Call returns one call; id "" is the one that rings or runs.
func (s *Station) Call(_ context.Context, name, id string) (Call, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Call{}, err
	}
	c, err := l.ringing(id)
	if err != nil {
		return Call{}, err
	}
	return s.callView(l, c), nil
}

func (s *Station) callView(l *liveLine, c *call.Call) Call {
	r := c.Ring.Form.(*call.Ring)
	v := Call{ID: c.Ring.Ref.String(), Line: l.id.String(), Phase: l.phase(c), By: c.Ring.Party, Ours: c.Ring.Party == l.us, Parties: c.Parties, At: c.Ring.Time, Flash: c.Ring.Flash,
		Level: r.Level.String(), Medium: r.Medium.String(), Interpreting: r.Interpreting.String(), Recording: r.Recording.String(), Text: r.Text, Exercise: c.Ring.Exercise}
	if c.Contact != (parley.Ref{}) {
		v.Contact = c.Contact.String()
	}
	v.Waits = l.ringsHere(c)
	for _, e := range byParty(c.Pickups) {
		f := e.Form.(*call.Pickup)
		a := CallAnswer{By: e.Party, At: e.Time, Answer: call.PhaseWord(f.Phase), Text: f.Text}
		if f.Reason != 0 {
			a.Reason = f.Reason.String()
		}
		v.Answers = append(v.Answers, a)
	}
	for _, e := range byParty(c.Hangups) {
		f := e.Form.(*call.Hangup)
		x := CallEnd{By: e.Party, At: e.Time, Outcome: call.OutcomeWord(f.Outcome), Began: timeOrZero(f.Began), Text: f.Text, Talk: talkOf(f.Talk)}
		for _, g := range f.Gaps {
			x.Gaps = append(x.Gaps, ContactWindow{timeOrZero(g.From), timeOrZero(g.Until)})
		}
		v.Ends = append(v.Ends, x)
	}
	for _, e := range c.Rosters {
		f := e.Form.(*call.Roster)
		x := CallRoster{By: e.Party, End: f.Phase == 1}
		for _, p := range f.People {
			x.People = append(x.People, CallPerson{Name: p.Name, Title: p.Title, Role: p.Role.String(), Tongue: p.Tongue})
		}
		v.Rosters = append(v.Rosters, x)
	}
	for _, p := range c.Wordings {
		v.Wordings = append(v.Wordings, wordingView(c, p))
	}
	for _, e := range c.Disputes {
		f := e.Form.(*call.Dispute)
		v.Disputes = append(v.Disputes, CallDispute{e.Party, e.Time, f.Lang, f.Heard, f.Meant})
	}
	v.Tapings = s.tapingsOf(l, c)
	if r.Recording == contact.EachItsOwn && !c.Recorded() {
		v.Recording = contact.NotRecorded.String() // both rang, and one of them otherwise
	}
	return v
}

func wordingView(c *call.Call, p *call.Phrase) CallWording {
	w := CallWording{ID: p.Ref.String(), By: p.Party, At: p.Time, Stands: c.Stands(p), Replaced: p.Replaced, Words: map[parley.PartyCode]string{}, Notes: map[parley.PartyCode]string{}}
	for _, t := range p.Form.(*call.Wording).Texts {
		w.Texts = append(w.Texts, SaidText{t.Lang, t.Text})
	}
	for party, e := range p.Words {
		f := e.Form.(*call.Confirm)
		w.Words[party] = call.ConfirmWord(f.Phase)
		if f.Text != "" {
			w.Notes[party] = f.Text
		}
	}
	return w
}

func byParty(m map[parley.PartyCode]*call.Entry) []*call.Entry {
	out := slices.Collect(maps.Values(m))
	slices.SortFunc(out, func(a, b *call.Entry) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Party, b.Party)) })
	return out
}

func talkOf(ts []call.Talk) (out []CallTalk) {
	for _, t := range ts {
		out = append(out, CallTalk{t.Tongue, time.Duration(t.Millis) * time.Millisecond})
	}
	return out
}

// A CallRoom is a call that runs, as its page shows it.
type CallRoom struct {
	Line    string       `json:"line"`
	ID      string       `json:"id"`
	Medium  string       `json:"medium"`
	Now     time.Time    `json:"now"`
	Through time.Time    `json:"through,omitzero"` // when our people were put through
	Sides   []CallSide   `json:"sides"`            // ours first
	Turn    *CallTurn    `json:"turn,omitempty"`
	Booths  []string     `json:"booths"`
	Asked   []CallSignal `json:"asked,omitempty"` // the newest last
	Notes   []CallNote   `json:"notes,omitempty"`
	You     *CallYou     `json:"you,omitempty"`
	Chat    []CallChat   `json:"chat,omitempty"` // between interpreters; for them alone
	Mode    string       `json:"interpreting"`
	Media   string       `json:"media,omitempty"`        // why desks cannot speak; "": they can
	Taping  string       `json:"recording,omitempty"`    // "on", or "stopped" where each side should record; "": none does
	Untaped string       `json:"not_recorded,omitempty"` // why it is not recorded here, though it should be

	CallBeside
}

// CallSide is one side of a call, as it declares itself.
type CallSide struct {
	Party   parley.PartyCode `json:"party"`
	Us      bool             `json:"us"`
	Known   bool             `json:"known"` // its station has said who is there
	People  []CallMember     `json:"people"`
	Ready   bool             `json:"ready"`
	Through bool             `json:"through"`
	Hold    string           `json:"hold,omitempty"`
	Lost    time.Duration    `json:"lost,omitempty"`        // for how long its station has not been heard
	Silent  time.Time        `json:"silent_since,omitzero"` // since when, while it is lost
	Talk    []CallTalk       `json:"talk,omitempty"`
	Paths   int              `json:"paths,omitempty"` // on which it is heard
	Loss    float64          `json:"loss,omitempty"`  // share of what came in that was lost before it was made good
	RTT     time.Duration    `json:"rtt,omitempty"`
}

// CallMember is somebody on a call.
type CallMember struct {
	ID     uint64 `json:"id"`
	Name   string `json:"name"`
	Title  string `json:"title,omitempty"`
	Role   string `json:"role"`
	Tongue string `json:"language,omitempty"`
	Place  string `json:"place"`
	Muted  bool   `json:"muted,omitempty"`
	Away   bool   `json:"away,omitempty"`
	Device bool   `json:"device"` // he can be heard
	Phone  bool   `json:"phone,omitempty"`
	Booth  string `json:"booth,omitempty"`
	OnAir  bool   `json:"on_air,omitempty"`
}

// CallTurn is whose turn it is, and who follows.
type CallTurn struct {
	Party  parley.PartyCode `json:"party"`
	Person uint64           `json:"person"`
	Name   string           `json:"name"`
	For    time.Duration    `json:"for"`
	Since  time.Time        `json:"since"`           // by our clock
	After  string           `json:"after,omitempty"` // the interpreter who follows
}

// CallSignal is what somebody asked of everybody.
type CallSignal struct {
	Party  parley.PartyCode `json:"party"`
	Name   string           `json:"name"`
	Kind   string           `json:"kind"`
	Number uint64           `json:"number"`
}

// CallYou is the place of whoever looks.
type CallYou struct {
	CallMember
	Hears  string     `json:"hears"` // the booth he chose; "": the floor
	Voices []CallSlot `json:"voices"`
	Shows  []CallSlot `json:"pictures"`
}

// CallSlot is what a slot of his desk carries.
type CallSlot struct {
	Slot   int              `json:"slot"`
	Party  parley.PartyCode `json:"party"`
	Person uint64           `json:"person"`
	Name   string           `json:"name"`
	Low    bool             `json:"low,omitempty"`
}

var signalWords = []string{"again", "slower", "poor", "ask"}

// CallRoom returns the call that runs on a line, as somebody on it sees it; person
// 0 is nobody on it. NotFound where none runs.
func (s *Station) CallRoom(_ context.Context, at CallSeat) (CallRoom, error) {
	c, err := s.callOn(at.Line)
	if err != nil {
		return CallRoom{}, err
	}
	v := c.x.View()
	own := v.State.Halves[c.line.us]
	out := CallRoom{Line: c.line.id.String(), ID: c.ref.String(), Medium: c.ring.Medium.String(), Now: s.now().UTC(), Through: v.Through, Mode: own.Mode.String(), Booths: slices.Sorted(maps.Keys(v.State.Booths()))}
	if s.calling.noneOf != nil {
		out.Media = s.calling.noneOf.Error()
	}
	parties := slices.Sorted(maps.Keys(v.Paths))
	for _, p := range append([]parley.PartyCode{c.line.us}, parties...) {
		out.Sides = append(out.Sides, c.sideView(v.State.Halves[p], p, &v))
	}
	if w, since, ok := v.State.Turn(); ok {
		_, p := v.State.Find(w)
		began := claimedMillis(since).Add(-v.Ahead[w.Party])
		t := &CallTurn{Party: w.Party, Person: w.ID, Name: p.Name, Since: began, For: max(s.now().Sub(began), 0).Truncate(time.Second)}
		if after, ok := v.State.After(w); ok && own.Mode == contact.Consecutive {
			_, q := v.State.Find(after)
			t.After = q.Name
		}
		out.Turn = t
	}
	for party, h := range v.State.Halves {
		for _, g := range h.Signals {
			if p := h.Person(g.Person); p != nil && g.Kind < uint64(len(signalWords)) {
				out.Asked = append(out.Asked, CallSignal{party, p.Name, signalWords[g.Kind], g.Number})
			}
		}
	}
	slices.SortFunc(out.Asked, func(a, b CallSignal) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Number, b.Number))
	})
	out.Taping, out.Untaped = c.taping()
	out.Narrow, out.Keys = narrow(v.State), c.line.tongues()
	c.mu.Lock()
	out.Notes = slices.Clone(c.notes)
	c.mu.Unlock()
	if p := own.Person(at.Person); p != nil {
		out.You = c.you(&v, p)
		if p.Role == contact.Interpreter {
			c.mu.Lock()
			out.Chat = slices.Clone(c.chat)
			c.mu.Unlock()
			s.beside(c.line, &out)
		}
	}
	return out, nil
}

func (c *liveCall) sideView(h *call.Half, p parley.PartyCode, v *exchangeView) CallSide {
	x := CallSide{Party: p, Us: p == c.line.us, Known: h != nil, Lost: v.Lost[p].Truncate(time.Second), RTT: v.RTT[p], Paths: v.Paths[p], Loss: v.Loss[p]}
	if d := v.Lost[p]; d > 0 {
		x.Silent = c.line.now().UTC().Add(-d)
	}
	if h == nil {
		return x
	}
	x.Ready, x.Through, x.Hold, x.Talk = h.Ready, h.Through, h.Hold, talkOf(h.Talk)
	for i := range h.People {
		x.People = append(x.People, memberView(h, &h.People[i]))
	}
	return x
}

func memberView(h *call.Half, p *call.Person) CallMember {
	m := CallMember{ID: p.ID, Name: p.Name, Title: p.Title, Role: p.Role.String(), Tongue: p.Tongue, Place: call.Where(h, p).String(), Muted: p.Muted, Away: p.Away, Device: p.Voice != 0 && !p.Away, Phone: p.Phone, Booth: p.Booth, OnAir: p.OnAir}
	if p.Place == call.Watch {
		m.Role = "watch"
	}
	return m
}

func (c *liveCall) you(v *exchangeView, p *call.Person) *CallYou {
	y := &CallYou{CallMember: memberView(v.State.Halves[c.line.us], p), Hears: v.Choice[p.ID]}
	voices, pictures := c.x.Seats(p.ID)
	for _, t := range voices {
		if _, q := v.State.Find(t.Who); q != nil {
			y.Voices = append(y.Voices, CallSlot{t.Slot, t.Who.Party, t.Who.ID, q.Name, t.Sound == call.Low})
		}
	}
	for _, t := range pictures {
		if _, q := v.State.Find(t.Who); q != nil {
			y.Shows = append(y.Shows, CallSlot{t.Slot, t.Who.Party, t.Who.ID, q.Name, false})
		}
	}
	return y
}

// ConnectCall connects the desk of somebody on a call: offer is what his browser
// offers (SDP), and the answer is for it. What he had before ends with that.
func (s *Station) ConnectCall(ctx context.Context, at CallSeat, offer string) (answer string, err error) {
	c, err := s.callOn(at.Line)
	if err != nil {
		return "", err
	}
	if s.calling.media == nil {
		return "", parley.Errorf(parley.Unavailable, "the desks of this station cannot speak: its media port is not open").WithHint("look at listen_media in its configuration")
	}
	e := &ears{c: c, id: at.Person}
	d, answer, err := s.calling.media.Join(ctx, offer, e)
	if err != nil {
		return "", err
	}
	e.desk.Store(d)
	_, pictures := d.Slots()
	if err := c.x.Join(at.Person, d, false, pictures > 0 && c.ring.Medium == contact.Video); err != nil {
		return "", err
	}
	if e.gone.Load() { // before it was known
		c.x.Gone(at.Person, d)
	}
	return answer, nil
}

var _ rtc.Ears = (*ears)(nil)
