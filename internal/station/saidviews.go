package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/own"
	"parley/internal/said"
)

// SaidPerson took part in a contact, as the record has it.
type SaidPerson struct {
	Party string `json:"party"`
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Role  string `json:"role"`
}

// SaidFacts are what the record says of a contact.
type SaidFacts struct {
	Initiator string       `json:"initiator,omitempty"` // a party's code, "both", ""
	Start     time.Time    `json:"start,omitzero"`
	End       time.Time    `json:"end,omitzero"`
	Level     string       `json:"level"`
	Medium    string       `json:"medium"`
	People    []SaidPerson `json:"people,omitempty"`
}

// SaidStatement is a statement as people see it.
type SaidStatement struct {
	Facts SaidFacts  `json:"facts"`
	Items []SaidItem `json:"items"`
}

// Statements is all that is said of a contact.
type Statements struct {
	Line      string          `json:"line"`
	Contact   string          `json:"contact"`
	Us        string          `json:"us"`
	Exercise  string          `json:"exercise,omitempty"`
	Level     string          `json:"level"`
	Topics    []string        `json:"topics"`
	Parties   []string        `json:"parties"`
	Languages []string        `json:"languages"` // of the parties, by the charter; ours first
	Record    SaidFacts       `json:"record"`    // what the record says now
	Wordings  []SaidWording   `json:"wordings,omitempty"`
	Embargo   SaidEmbargo     `json:"embargo"`
	Readout   *Readout        `json:"readout,omitempty"` // ours
	Sides     []SaidSide      `json:"sides"`             // ours first
	Joints    []JointView     `json:"joints,omitempty"`
	Published []PublishedView `json:"published,omitempty"`
	Waiting   []string        `json:"waiting,omitempty"` // items of ours about it in the outbox
	Unread    []string        `json:"unread,omitempty"`  // one a party: entries that cannot be read yet, and may be of it
	Insist    bool            `json:"insist,omitempty"`  // to publish now takes a reason
}

// SaidWording is a wording of a call of the contact that every side confirmed.
type SaidWording struct {
	ID    string     `json:"id"`
	Call  string     `json:"call"`
	Texts []SaidText `json:"texts"`
}

// SaidEmbargo is the embargo of a contact.
type SaidEmbargo struct {
	Until   time.Time      `json:"until,omitzero"` // of what is agreed
	ID      string         `json:"id,omitempty"`
	Over    bool           `json:"over,omitempty"`  // agreed, and passed
	Loose   []string       `json:"loose,omitempty"` // agreed: who has not read that, and may take it back alone
	Open    []EmbargoOffer `json:"open,omitempty"`
	History []EmbargoOffer `json:"history,omitempty"`
}

// EmbargoOffer is a proposal of an embargo.
type EmbargoOffer struct {
	ContactSeat
	ID    string    `json:"id"`
	By    string    `json:"by"`
	Ours  bool      `json:"ours"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	Text  string    `json:"text,omitempty"`
	State string    `json:"state"` // "open", "agreed", "refused", "replaced"
	Waits []string  `json:"waits,omitempty"`
	Asked bool      `json:"asked,omitempty"` // it waits for our answer
	Left  string    `json:"left,omitempty"`  // who took it back though all others had agreed
}

// SaidSide is what a side has said.
type SaidSide struct {
	Party  string      `json:"party"`
	Ours   bool        `json:"ours"`
	State  string      `json:"state"`           // "none", "ready", "shown", "owes"
	Ready  string      `json:"ready,omitempty"` // what it is bound to
	At     time.Time   `json:"at,omitzero"`
	Since  time.Time   `json:"since,omitzero"` // owes: since when another's draft names what it is bound to
	Drafts []SaidDraft `json:"drafts,omitempty"`
}

// SaidDraft is a draft that was shown. Its items are there of the first that was
// shown and of the current one; of others the entry has them.
type SaidDraft struct {
	SaidStatement
	ContactSeat
	ID      string       `json:"id"`
	Number  int          `json:"number"` // its version; 0: a fault
	At      time.Time    `json:"at"`
	Current bool         `json:"current"`
	Fault   string       `json:"fault,omitempty"`   // "not-bound", "other-bond"
	Differs []string     `json:"differs,omitempty"` // facts that the record has otherwise
	Remarks []SaidRemark `json:"remarks,omitempty"`
}

// SaidRemark is a remark on a draft.
type SaidRemark struct {
	ID   string    `json:"id"`
	By   string    `json:"by"`
	Ours bool      `json:"ours"`
	At   time.Time `json:"at"`
	Item int       `json:"item"` // from 1; 0: the whole
	Text string    `json:"text"`
}

// JointView is a joint statement.
type JointView struct {
	SaidStatement
	ID         string           `json:"id"`
	By         string           `json:"by"`
	Ours       bool             `json:"ours"`
	At         time.Time        `json:"at"`
	Text       string           `json:"text,omitempty"`
	State      string           `json:"state"` // said.JointState
	Sentence   string           `json:"sentence"`
	Signatures []JointSignature `json:"signatures"`
	Off        *JointOff        `json:"off,omitempty"`
	Late       []JointOff       `json:"late,omitempty"` // what came too late to change anything
	Crossed    bool             `json:"crossed,omitempty"`
	Unread     []string         `json:"unread,omitempty"` // entries that cannot be read yet: one may withdraw it
	Differs    []string         `json:"differs,omitempty"`

	MaySign     bool `json:"may_sign,omitempty"` // our side, now
	MayWithdraw bool `json:"may_withdraw,omitempty"`
	MayRefuse   bool `json:"may_refuse,omitempty"`
	MayOpen     bool `json:"may_open,omitempty"` // the others' signatures wait to be acknowledged
	MayPublish  bool `json:"may_publish,omitempty"`
}

// JointSignature is the signature of a party, and who has read it.
type JointSignature struct {
	ContactSeat
	Party string    `json:"party"`
	ID    string    `json:"id,omitempty"` // "": not signed
	At    time.Time `json:"at,omitzero"`
	Read  []string  `json:"read,omitempty"`
}

// JointOff is what ended a proposal, or came too late for that.
type JointOff struct {
	ID   string    `json:"id"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Step string    `json:"step"` // "withdrawn", "refused", "replaced"
	Text string    `json:"text,omitempty"`
}

// PublishedView is something that was published.
type PublishedView struct {
	SaidStatement
	ContactSeat
	ID       string    `json:"id"`
	By       string    `json:"by"`
	Ours     bool      `json:"ours"`
	At       time.Time `json:"at"`      // as its writer says
	Entered  time.Time `json:"entered"` // when he wrote that
	Kind     string    `json:"kind"`    // "readout", "joint"
	Joint    string    `json:"joint,omitempty"`
	Corrects string    `json:"corrects,omitempty"`
	Where    string    `json:"where,omitempty"`
	Text     string    `json:"text,omitempty"`
	Early    time.Time `json:"early,omitzero"`     // before this end of an embargo that he knew
	Crossed  time.Time `json:"crossed,omitzero"`   // before this end of one that he did not know
	Left     time.Time `json:"left,omitzero"`      // before this end of one that all others had agreed to, and he took back
	Unsigned bool      `json:"unsigned,omitempty"` // a joint statement that does not stand
	Differs  []string  `json:"differs,omitempty"`
	Proofs   []string  `json:"proofs"` // entries whose proofs carry it
}

// Statements returns all that is said of a contact; id names any request of it. What
// of the other side an officer sees for the first time is in the audit; it sends
// nothing.
func (s *Station) Statements(_ context.Context, by Officer, name, id string) (Statements, error) {
	return s.statements(by, name, id, (*afterwards).heard)
}

// StatementsInShort is Statements for whoever shows of the other side's words only
// what was published: nothing else counts as read.
func (s *Station) StatementsInShort(_ context.Context, by Officer, name, id string) (Statements, error) {
	return s.statements(by, name, id, (*afterwards).heardInPublic)
}

func (s *Station) statements(by Officer, name, id string, read func(*afterwards) []*contact.Entry) (Statements, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Statements{}, err
	}
	a, err := l.afterwards(id)
	if err != nil {
		return Statements{}, err
	}
	facts, err := a.facts()
	if err != nil {
		return Statements{}, err
	}
	v := Statements{Line: l.id.String(), Contact: a.root.String(), Us: string(l.us), Exercise: form.Visible(a.told.Exercise), Level: a.level().String(), Parties: codeList(a.told.Parties), Languages: l.sidesTongues(), Record: factsView(&facts)}
	top := a.c.First()
	if a.c.Agreed != nil {
		top = a.c.Agreed
	}
	v.Topics = visible(top.Request.Topics)
	if v.Wordings, err = a.wordings(); err != nil {
		return v, err
	}
	v.Embargo = a.embargoView(s.now())
	if seatFor(by, "", draftsReadouts...) == nil {
		r, err := s.readoutView(by, a, 0)
		switch {
		case err == nil:
			v.Readout = &r
		case parley.KindOf(err) != parley.NotFound:
			return v, err
		}
	}
	for _, side := range a.told.Sides {
		x := a.sideView(side, &facts)
		if side.Party == l.us {
			v.Sides = append([]SaidSide{x}, v.Sides...)
		} else {
			v.Sides = append(v.Sides, x)
		}
	}
	for _, j := range a.told.Joints {
		v.Joints = append(v.Joints, a.jointView(j, &facts))
	}
	for _, p := range a.told.Published {
		v.Published = append(v.Published, a.publishedView(p, &facts))
	}
	end, err := a.embargoEnd()
	if err != nil {
		return v, err
	}
	v.Unread, v.Insist = refList(a.unread), s.now().Before(end) || len(a.unread) > 0
	if v.Waiting, err = a.waiting(); err != nil {
		return v, err
	}
	return v, s.readAll(l, by, read(a))
}

// refList names entries.
func refList(es []*said.Entry) (out []string) {
	for _, e := range es {
		out = append(out, e.Ref.String())
	}
	return out
}

// heard is what of it people wrote for people to read, as it is shown.
func (a *afterwards) heard() (out []*contact.Entry) {
	add := func(es ...*said.Entry) {
		for _, e := range es {
			out = append(out, (*contact.Entry)(e))
		}
	}
	for _, t := range a.told.Embargo.Terms {
		add(t.Entry)
	}
	for _, side := range a.told.Sides {
		for _, v := range side.Drafts {
			add(v.Entry)
			for _, r := range v.Remarks {
				add(r.Entry)
			}
		}
	}
	for _, j := range a.told.Joints {
		add(j.Entry)
		if j.Off != nil {
			add(j.Off)
		}
		add(j.Late...)
	}
	return append(out, a.heardInPublic()...)
}

// heardInPublic is what of it was published.
func (a *afterwards) heardInPublic() (out []*contact.Entry) {
	for _, p := range a.told.Published {
		out = append(out, (*contact.Entry)(p.Entry))
	}
	return out
}

// waiting are the items of ours about it that wait to be sent.
func (a *afterwards) waiting() (out []string, _ error) {
	rows, err := a.l.store.FiledItems(0)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if !slices.Contains(said.Forms, r.Form) {
			continue
		}
		v, err := a.l.view(r)
		if err != nil {
			return nil, err
		}
		if v.header != nil && len(v.header.Refs) > 0 && a.has(v.header.Refs[0]) {
			out = append(out, itemID(&r))
		}
	}
	return out, nil
}

// sidesTongues are the languages of the line, ours first.
func (l *liveLine) sidesTongues() (out []string) {
	if p, ok := l.charter().Party(l.us); ok {
		out = slices.Clone(p.Languages)
	}
	for _, t := range l.tongues() {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// wordings are those of its calls that every side confirmed.
func (a *afterwards) wordings() (out []SaidWording, _ error) {
	calls, err := a.calls()
	if err != nil {
		return nil, err
	}
	for _, c := range calls {
		for _, p := range c.Wordings {
			if !c.Stands(p) {
				continue
			}
			w := SaidWording{ID: p.Ref.String(), Call: c.Ring.Ref.String()}
			for _, t := range p.Form.(*call.Wording).Texts {
				w.Texts = append(w.Texts, SaidText{t.Lang, form.Visible(t.Text)})
			}
			out = append(out, w)
		}
	}
	return out, nil
}

func factsView(f *said.Facts) SaidFacts {
	v := SaidFacts{Initiator: f.Initiator, Start: timeOrZero(f.Start), End: timeOrZero(f.End), Level: f.Level.String(), Medium: f.Medium.String()}
	for _, p := range f.People {
		v.People = append(v.People, SaidPerson{p.Party, form.Visible(p.Name), form.Visible(p.Title), p.Role.String()})
	}
	return v
}

func statementView(st *said.Statement) SaidStatement {
	v := SaidStatement{Facts: factsView(&st.Facts)}
	for _, it := range st.Items {
		x := SaidItem{Topic: form.Visible(it.Topic)}
		for _, t := range it.Texts {
			x.Texts = append(x.Texts, SaidText{t.Lang, form.Visible(t.Text)})
		}
		v.Items = append(v.Items, x)
	}
	return v
}

// differs names the facts of a statement that the record has otherwise.
func differs(st *said.Statement, record *said.Facts) (out []string) {
	for _, x := range []struct {
		name string
		same bool
	}{
		{"initiator", st.Facts.Initiator == record.Initiator}, {"start", st.Facts.Start == record.Start}, {"end", st.Facts.End == record.End},
		{"level", st.Facts.Level == record.Level}, {"medium", st.Facts.Medium == record.Medium}, {"people", slices.Equal(st.Facts.People, record.People)},
	} {
		if !x.same {
			out = append(out, x.name)
		}
	}
	return out
}

// seat is the office in which somebody acted on statements, and whether that is
// outside what was agreed for the level of the contact, as of contacts.
func (a *afterwards) seat(e *said.Entry) ContactSeat {
	rule, err := a.l.ruleOver((*contact.Entry)(e))
	if err != nil {
		a.l.log.Error("finding the charter over an entry", "entry", e.Ref.String(), "err", err)
	}
	return ContactSeat{Office: string(e.From), Outside: err == nil && rule.levels.Outside(a.level(), e.From)}
}

// leftBy are the parties that took an embargo back though all others had agreed.
func leftBy(t *said.Term) string {
	var out []string
	for _, e := range t.Left {
		if !slices.Contains(out, string(e.Party)) {
			out = append(out, string(e.Party))
		}
	}
	return strings.Join(out, ", ")
}

func (a *afterwards) embargoView(now time.Time) (v SaidEmbargo) {
	e := &a.told.Embargo
	if t := e.Standing; t != nil {
		v.Until, v.ID, v.Over, v.Loose = t.Until(), t.Ref.String(), !now.Before(t.Until()), codeList(t.Loose)
	}
	for _, t := range e.Terms {
		o := EmbargoOffer{ContactSeat: a.seat(t.Entry), ID: t.Ref.String(), By: string(t.Party), Ours: t.Party == a.l.us, At: t.Time, Until: t.Until(), Text: form.Visible(t.Embargo.Text), State: "replaced"}
		switch {
		case t == e.Standing:
			o.State = "agreed"
		case len(t.Refuses) > 0:
			o.State = "refused"
			o.Left = leftBy(t)
		case slices.Contains(e.Open, t):
			waits := a.told.Waits(t)
			o.State, o.Waits, o.Asked = "open", codeList(waits), slices.Contains(waits, a.l.us)
			v.Open = append(v.Open, o)
		}
		v.History = append(v.History, o)
	}
	return v
}

// mostVersions is how many drafts of a side are listed, the newest, besides the
// first that was shown and the current one: how many there are is up to that side.
const mostVersions = 50

func (a *afterwards) sideView(side *said.Side, record *said.Facts) SaidSide {
	v := SaidSide{Party: string(side.Party), Ours: side.Party == a.l.us, State: "none"}
	if n := len(side.Bonds); n > 0 {
		b := side.Bonds[n-1]
		if side.Shown != nil {
			b = side.Shown.Bond
		}
		if side.Owes != nil {
			b = side.Owes
		}
		v.State, v.Ready, v.At = "ready", b.Ref.String(), b.Time
	}
	switch {
	case side.Owes != nil:
		v.State, v.Since = "owes", side.Owes.Named[0].Time
	case side.Shown != nil:
		v.State = "shown"
	}
	for i, d := range side.Drafts {
		text := SaidStatement{Facts: factsView(&d.Draft.Statement.Facts), Items: []SaidItem{}}
		switch {
		case d == side.Current || d == side.Shown:
			text = statementView(&d.Draft.Statement)
		case i < len(side.Drafts)-mostVersions:
			continue
		}
		x := SaidDraft{SaidStatement: text, ContactSeat: a.seat(d.Entry), ID: d.Ref.String(), Number: d.Number, At: d.Time, Current: d == side.Current, Fault: string(d.Fault), Differs: differs(&d.Draft.Statement, record)}
		for _, r := range d.Remarks {
			x.Remarks = append(x.Remarks, SaidRemark{r.Ref.String(), string(r.Party), r.Party == a.l.us, r.Time, int(r.Remark.Item), form.Visible(r.Remark.Text)})
		}
		v.Drafts = append(v.Drafts, x)
	}
	return v
}

func (a *afterwards) jointView(j *said.Proposal, record *said.Facts) JointView {
	may, _ := a.mayJoint(j)
	v := JointView{SaidStatement: statementView(j.Joint.Statement), ID: j.Ref.String(), By: string(j.Party), Ours: j.Party == a.l.us, At: j.Time, Text: form.Visible(j.Joint.Text), State: string(j.State), Crossed: j.Crossed,
		Unread: refList(j.Unread), Differs: differs(j.Joint.Statement, record), MaySign: may["sign"], MayWithdraw: may["withdraw"], MayRefuse: may["refuse"], MayOpen: may["open"], MayPublish: may["publish"]}
	for _, p := range a.told.Parties {
		x := JointSignature{Party: string(p)}
		if e := j.Signatures[p]; e != nil {
			x.ContactSeat, x.ID, x.At, x.Read = a.seat(e), e.Ref.String(), e.Time, codeList(j.Read[p])
		}
		v.Signatures = append(v.Signatures, x)
	}
	if j.Off != nil {
		o := jointOff(j.Off, string(j.State))
		v.Off = &o
	}
	for _, e := range j.Late {
		v.Late = append(v.Late, jointOff(e, map[uint64]string{said.Offer: "replaced", said.Withdraw: "withdrawn", said.Decline: "refused"}[e.Form.(*said.Joint).Step]))
	}
	v.Sentence = jointSentence(&v, codesOf(j.Early))
	return v
}

func jointOff(e *said.Entry, step string) JointOff {
	return JointOff{ID: e.Ref.String(), By: string(e.Party), At: e.Time, Step: step, Text: form.Visible(e.Form.(*said.Joint).Text)}
}

// jointSentence says in one plain sentence, the same at every side that can read the
// same, where a joint statement stands.
func jointSentence(v *JointView, early string) string {
	var missing, unread []string
	for _, x := range v.Signatures {
		if x.ID == "" {
			missing = append(missing, x.Party)
		}
		for _, o := range v.Signatures {
			if o.Party != x.Party && x.ID != "" && !slices.Contains(x.Read, o.Party) && !slices.Contains(unread, o.Party) {
				unread = append(unread, o.Party)
			}
		}
	}
	switch said.JointState(v.State) {
	case said.JointStands:
		return "Signed by all, and every side has read every signature: it stands."
	case said.JointSigned:
		if len(v.Unread) > 0 {
			return fmt.Sprintf("Signed and read by all; %s cannot be read here yet, and may withdraw it. Nobody publishes it yet.", strings.Join(v.Unread, " and "))
		}
		if early != "" {
			return fmt.Sprintf("Signed and read by all, by %s in a log that is not in force yet: what came before it may still come to light. Nobody publishes it yet.", early)
		}
		return fmt.Sprintf("Signed by all; %s has not read every signature. It may still be withdrawn, and nobody publishes it yet.", strings.Join(unread, " and "))
	case said.JointOpen:
		return fmt.Sprintf("Proposed by %s; it waits for %s.", v.By, strings.Join(missing, " and "))
	}
	s := fmt.Sprintf("%s by %s on %s.", strings.ToUpper(v.State[:1])+v.State[1:], v.Off.By, v.Off.At.Format("2006-01-02 15:04 UTC"))
	if v.Crossed {
		s = strings.TrimSuffix(s, ".") + "; a signature crossed it. Nobody publishes it."
	}
	return s
}

func (a *afterwards) publishedView(p *said.Publication, record *said.Facts) PublishedView {
	v := PublishedView{SaidStatement: statementView(p.Statement), ContactSeat: a.seat(p.Entry), ID: p.Ref.String(), By: string(p.Party), Ours: p.Party == a.l.us, At: timeOrZero(p.Published.At), Entered: p.Time, Kind: "readout", Where: form.Visible(p.Published.Where),
		Text: form.Visible(p.Published.Text), Unsigned: p.Unsigned, Differs: differs(p.Statement, record), Proofs: []string{p.Ref.String()}}
	if p.Joint != nil {
		v.Kind, v.Joint = "joint", p.Joint.Ref.String()
		for _, q := range a.told.Parties {
			if e := p.Joint.Signatures[q]; e != nil {
				v.Proofs = append(v.Proofs, e.Ref.String())
			}
		}
	}
	if p.Corrects != nil {
		v.Corrects = p.Corrects.Ref.String()
	}
	if p.Early != nil {
		v.Early = p.Early.Until()
	}
	if p.Crossed != nil {
		v.Crossed = p.Crossed.Until()
	}
	if p.Left != nil {
		v.Left = p.Left.Until()
	}
	return v
}

// readoutView is our draft as somebody sees it.
func (s *Station) readoutView(by Officer, a *afterwards, version int64) (v Readout, err error) {
	r, err := s.own.Readout(a.l.id, a.root.String(), version)
	if err != nil {
		return v, err
	}
	facts, err := a.facts()
	if err != nil {
		return v, err
	}
	st := statementOf(readoutItems(&r), facts)
	v = Readout{Version: r.Version, State: string(r.State), Items: readoutItems(&r), Facts: factsView(&facts), Saved: r.Saved, Reviewed: r.Reviewed, Approved: r.Approved, Note: form.Visible(r.Note), Bytes: st.Texts()}
	v.Over = max(v.Bytes-said.MaxTexts, len(st.Encode())-said.MaxTotal, 0)
	if r.State == own.ReadoutApproved {
		v.Stale = string(st.Encode()) != string(r.Statement)
		if old, err := said.ParseStatement(r.Statement); err == nil {
			v.Facts = factsView(&old.Facts)
		}
	}
	for _, x := range []struct {
		name *string
		id   int64
	}{{&v.Author, r.Author}, {&v.Reviewer, r.Reviewer}, {&v.Approver, r.Approver}} {
		if x.id != 0 {
			if *x.name, err = s.officerName(x.id); err != nil {
				return v, err
			}
		}
	}
	all, err := s.own.Readouts(a.l.id, a.root.String())
	if err != nil {
		return v, err
	}
	for _, o := range all {
		x := ReadoutVersion{Version: o.Version, State: string(o.State), Saved: o.Saved}
		if x.Author, err = s.officerName(o.Author); err != nil {
			return v, err
		}
		if x.Reviewer, err = s.nameIf(o.Reviewer); err != nil {
			return v, err
		}
		if x.Approver, err = s.nameIf(o.Approver); err != nil {
			return v, err
		}
		v.Versions = append(v.Versions, x)
	}
	newest := r.Version == all[0].Version && r.Author != by.ID && by.ID != 0
	v.MayReview = newest && r.State == own.ReadoutDrafted && seatFor(by, "", draftsReadouts...) == nil
	v.MayApprove = newest && (r.State == own.ReadoutReviewed || v.Stale) && seatFor(by, "", parley.Envoy, parley.Principal) == nil
	v.Ready, err = s.readyView(a)
	return v, err
}

// nameIf is the name of an officer; "" for none.
func (s *Station) nameIf(id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	return s.officerName(id)
}

// readyView is what our side is bound to; nil: nothing.
func (s *Station) readyView(a *afterwards) (*ReadoutReady, error) {
	bonds, err := s.own.Bonds(a.l.id, a.root.String())
	if err != nil {
		return nil, err
	}
	us := a.us()
	view := func(b *own.Bond, ready *said.Bond) (*ReadoutReady, error) {
		v := &ReadoutReady{Version: b.Version, At: b.At, Manual: b.Manual}
		if ready != nil {
			v.ID, v.Shown = ready.Ref.String(), ready.Opened != nil
		}
		v.By, err = s.officerName(b.Officer)
		return v, err
	}
	ready := us.Owes
	if n := len(us.Bonds); ready == nil && n > 0 {
		ready = us.Bonds[n-1]
	}
	if ready == nil {
		filed, err := a.readyFiled()
		if err != nil || filed == nil { // one that was never filed binds nobody
			return nil, err
		}
		for i := range bonds {
			if bonds[i].Commitment == filed.Commitment {
				return view(&bonds[i], nil) // on its way
			}
		}
		return nil, nil
	}
	for i := range bonds {
		if bonds[i].Commitment == ready.Ready.Commitment {
			return view(&bonds[i], ready)
		}
	}
	return &ReadoutReady{At: ready.Time, ID: ready.Ref.String(), Shown: ready.Opened != nil, Lost: ready.Opened == nil}, nil
}
