package station

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/store"
)

// Directory is who holds which office on a line, on every side, as the record
// says, and when each was last heard.
type Directory struct {
	Line  string     `json:"line"`
	Sides []SideView `json:"sides"` // ours first
	Tests TestState  `json:"tests"`
	Next  time.Time  `json:"next_check_call"` // zero: none is agreed
}

// SideView is one party's offices.
type SideView struct {
	Party   Party        `json:"party"`
	Offices []OfficeView `json:"offices"` // those of the charter, in its order
}

// OfficeView is one office of one party.
type OfficeView struct {
	Office   parley.Office `json:"office"`
	Now      *Term         `json:"incumbent,omitempty"` // nil: nobody is named, or the term has ended
	Next     []Term        `json:"next,omitempty"`
	Former   []Term        `json:"former,omitempty"` // newest first; their forms of address and challenges have lapsed
	Heard    time.Time     `json:"heard"`            // when a person last wrote from this office
	Asked    time.Time     `json:"asked"`            // last check call to this office
	Answered time.Time     `json:"answered"`         // last check call to it that a person answered
	Took     time.Duration `json:"took"`             // from the one to the other
	Calls    int           `json:"calls"`            // to this office, of those looked at
	Answers  int           `json:"answers"`          // of those
	Due      bool          `json:"due"`              // theirs, and no sign of life for long
}

// Term is a person in an office, as an incumbent entry says.
type Term struct {
	Entry     string    `json:"entry"`
	Person    string    `json:"person"`
	Address   string    `json:"address"` // form of address
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"` // zero: not known
	Languages []string  `json:"languages,omitempty"`
	Hours     string    `json:"hours,omitempty"`
	Deputy    string    `json:"deputy,omitempty"`
	Said      time.Time `json:"said"`   // header time of the entry
	Lapsed    time.Time `json:"lapsed"` // since when forms of address and challenges no longer hold; zero: they do
}

// officeQuiet is how long a sign of life from an office of the other side is
// good for. After that it is due for a check call.
const officeQuiet = 30 * 24 * time.Hour

const (
	termRows  = 500 // incumbent entries of one party that are looked at
	callRows  = 500 // check calls
	heardRows = 20  // entries of one office
)

// Directory returns the offices of both sides.
func (s *Station) Directory(_ context.Context, name string) (Directory, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return Directory{}, err
	}
	view, c := l.render(), l.charter()
	d := Directory{Line: l.id.String(), Tests: view.Tests}
	d.Next, _ = nextCheckCall(c, l.now())
	if err := l.place(); err != nil {
		return d, err
	}
	calls, err := l.checkCalls()
	if err != nil {
		return d, err
	}
	for _, p := range append([]Party{view.Us}, view.Them...) {
		side := SideView{Party: p}
		terms, err := l.terms(p.Code)
		if err != nil {
			return d, err
		}
		for _, o := range c.Offices {
			v := l.officeTerms(o, terms[o])
			last, err := l.officeLife(calls, parley.Address{Party: p.Code, Office: o}, &v)
			if err != nil {
				return d, err
			}
			v.Due = !p.Us && p.Out == "" && l.now().Sub(last) > officeQuiet
			side.Offices = append(side.Offices, v)
		}
		d.Sides = append(d.Sides, side)
	}
	return d, nil
}

// officeLife fills in the signs of life of an office, and returns the last.
func (l *liveLine) officeLife(calls officeCalls, a parley.Address, v *OfficeView) (last time.Time, err error) {
	if v.Heard, err = l.officeHeard(a.Party, a.Office); err != nil {
		return last, err
	}
	calls.of(a, v)
	if last = v.Heard; v.Answered.After(last) {
		last = v.Answered
	}
	return last, nil
}

// Wanted reports whether a check call is to go to an office that is due: it was
// not asked a moment ago.
func (v *OfficeView) Wanted(now time.Time) bool { return v.Due && now.Sub(v.Asked) > askedLately }

// askedLately is how long an office that was asked is not asked for again.
const askedLately = time.Hour

// quiet are the offices that a board names, as they were last looked for.
type quiet struct {
	at      time.Time
	offices []parley.Address
}

// quietFor is how long it is good for.
const quietFor = time.Minute

// quietOffices are the offices of the other sides to which a check call is to
// go. A line that is younger than the silence it would complain of has none; the
// directory offers the call all the same.
func (l *liveLine) quietOffices(now time.Time) ([]parley.Address, error) {
	if now.Sub(l.began()) <= officeQuiet {
		return nil, nil
	}
	l.mu.Lock()
	q := l.quiet
	l.mu.Unlock()
	if q != nil && now.Sub(q.at).Abs() < quietFor {
		return q.offices, nil
	}
	calls, err := l.checkCalls()
	if err != nil {
		return nil, err
	}
	q = &quiet{at: now}
	for _, p := range l.others() {
		if gone(l.rules(), p) != "" {
			continue
		}
		for _, o := range l.charter().Offices {
			a, v := parley.Address{Party: p, Office: o}, OfficeView{}
			last, err := l.officeLife(calls, a, &v)
			if err != nil {
				return nil, err
			}
			if v.Due = now.Sub(last) > officeQuiet; v.Wanted(now) {
				q.offices = append(q.offices, a)
			}
		}
	}
	l.mu.Lock()
	l.quiet = q
	l.mu.Unlock()
	return q.offices, nil
}

// Incumbents is the directory without signs of life: who holds which office, for
// pages that are asked for often.
func (s *Station) Incumbents(_ context.Context, name string) ([]SideView, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	var out []SideView
	c, r := l.charter(), l.rules()
	for _, p := range append([]parley.PartyCode{l.us}, l.others()...) {
		terms, err := l.terms(p)
		if err != nil {
			return nil, err
		}
		x, _ := c.Party(p)
		side := SideView{Party: Party{Code: p, Name: x.Name, Languages: x.Languages, Promises: c.Rungs[p], Us: p == l.us, Out: gone(r, p)}}
		for _, o := range c.Offices {
			side.Offices = append(side.Offices, l.officeTerms(o, terms[o]))
		}
		out = append(out, side)
	}
	return out, nil
}

// terms reads what a party has said of its incumbents, newest first.
func (l *liveLine) terms(p parley.PartyCode) (map[parley.Office][]Term, error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: []string{"incumbent"}, Party: p, Order: store.ByArrival, Newest: true, Limit: termRows})
	if err != nil {
		return nil, err
	}
	out := map[parley.Office][]Term{}
	for _, r := range rows {
		v, err := l.view(r)
		if err != nil {
			return nil, err
		}
		f, ok := v.form.(*form.Incumbent)
		if !ok || r.Faulty {
			continue
		}
		t := Term{Entry: itemID(&r), Person: f.Person, Address: f.Address, From: claimed(f.From), Languages: f.Languages, Hours: f.Hours, Deputy: f.Deputy, Said: claimed(r.Time)}
		if f.Until != 0 {
			t.Until = claimed(f.Until)
		}
		out[f.Office] = append(out[f.Office], t)
	}
	return out, nil
}

// officeTerms says who holds an office: the last entry whose term has begun
// names the incumbent (spec/forms.md, incumbent). What was said before of other
// persons has lapsed from then on.
func (l *liveLine) officeTerms(o parley.Office, said []Term) OfficeView {
	v, now := OfficeView{Office: o}, l.now()
	var lapsed time.Time // since when whoever comes next in the list no longer holds it
	last := ""
	for _, t := range said {
		switch {
		case now.Before(t.From):
			if lapsed.IsZero() {
				v.Next = append(v.Next, t)
			}
			continue
		case lapsed.IsZero() && (t.Until.IsZero() || now.Before(t.Until)):
			v.Now, lapsed = &t, t.From
		case lapsed.IsZero():
			t.Lapsed, lapsed = t.Until, t.From
			v.Former = append(v.Former, t)
		case t.Person != last:
			t.Lapsed = lapsed
			if !t.Until.IsZero() && t.Until.Before(lapsed) {
				t.Lapsed = t.Until
			}
			lapsed = t.From
			v.Former = append(v.Former, t)
		case t.From.Before(lapsed): // the same person, said again: the term before ended when the first of these began
			lapsed = t.From
		}
		last = t.Person
	}
	slices.Reverse(v.Next)
	return v
}

// officeHeard is when a person last wrote from an office.
func (l *liveLine) officeHeard(p parley.PartyCode, o parley.Office) (time.Time, error) {
	f := store.Filter{Party: p, Office: o, Except: append(technical(), "assent", "annex"), Newest: true, Limit: heardRows}
	rows, _, err := l.store.Unsettled(f)
	if err != nil {
		return time.Time{}, err
	}
	settled, _, err := l.store.Rows(f)
	if err != nil {
		return time.Time{}, err
	}
	slices.SortFunc(rows, func(a, b store.Row) int { return cmp.Compare(b.Arrived, a.Arrived) })
	for _, r := range append(rows, settled...) {
		v, err := l.view(r)
		if err != nil {
			return time.Time{}, err
		}
		if q, ok := v.form.(*form.Query); v.header == nil || v.header.From != o || ok && q.Automatic {
			continue
		}
		return time.UnixMilli(r.Arrived).UTC(), nil
	}
	return time.Time{}, nil
}

// officeCall is a check call, and the first answer to it.
type officeCall struct {
	by       parley.PartyCode
	to       []parley.Address
	at       time.Time // on our clock
	answered time.Time
}

type officeCalls []*officeCall // newest first

// checkCalls reads the newest check calls of the record, both ways.
func (l *liveLine) checkCalls() (officeCalls, error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: []string{"checkcall"}, Order: store.ByArrival, Newest: true, Limit: callRows})
	if err != nil {
		return nil, err
	}
	filed, err := l.filedForms("checkcall")
	if err != nil {
		return nil, err
	}
	var out officeCalls
	answers := map[parley.Ref]time.Time{}
	for _, r := range append(filed, rows...) {
		v, err := l.view(r)
		if err != nil {
			return nil, err
		}
		f, ok := v.form.(*form.CheckCall)
		if !ok || r.Faulty || v.header == nil || v.header.Exercise != "" {
			continue
		}
		at, by := time.UnixMilli(r.Arrived).UTC(), r.Party
		if r.Waiting() {
			by = l.us
		} else if by == l.us && r.Time > 0 {
			at = claimed(r.Time) // when it left, not when it was filed
		}
		switch {
		case f.Phase == form.Call:
			out = append(out, &officeCall{by: by, to: v.header.To, at: at, answered: answers[r.Ref()]})
		case len(v.header.Refs) == 1 && !r.Waiting():
			answers[v.header.Refs[0]] = at // the oldest is read last
		}
	}
	return out, nil
}

// of sums up the calls to one office.
func (calls officeCalls) of(a parley.Address, v *OfficeView) {
	for _, c := range calls {
		if c.by == a.Party || !slices.Contains(c.to, a) {
			continue
		}
		v.Calls++
		if v.Asked.IsZero() {
			v.Asked = c.at
		}
		if c.answered.IsZero() {
			continue
		}
		v.Answers++
		if v.Answered.IsZero() {
			v.Answered, v.Took = c.answered, max(0, c.answered.Sub(c.at))
		}
	}
}

// pingAgain is the least time between two check calls to one office that nobody
// has answered.
const pingAgain = 15 * time.Minute

// Ping asks for a sign of life from one office of the other side: a check call
// to it, which a person answers. Conflict while another waits.
func (s *Station) Ping(ctx context.Context, by Officer, name string, to parley.Address) (string, error) {
	if err := person(by, "send a check call"); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	if to.Party == l.us {
		return "", parley.Errorf(parley.WrongParty, "a check call goes to the other side")
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	calls, err := l.checkCalls()
	if err != nil {
		return "", err
	}
	for _, c := range calls {
		if c.by == l.us && c.answered.IsZero() && slices.Contains(c.to, to) && l.now().Sub(c.at) < pingAgain {
			return "", parley.Errorf(parley.Conflict, "a check call to this office waits for its answer since %s: nothing was sent", ago(l.now().Sub(c.at)))
		}
	}
	n, err := l.fileForm(ctx, &form.Header{From: l.officeOf(by), To: []parley.Address{to}, Precedence: parley.Priority, Language: l.language()}, form.NewCheckCall(form.Call))
	if err != nil {
		return "", err
	}
	l.noteHuman()
	l.mu.Lock()
	l.quiet = nil
	l.mu.Unlock()
	return fmt.Sprintf("filed:%d", n), s.audit(by, "check call", to.String(), "")
}

// lapsedAt is since when what an incumbent entry says of a person no longer
// holds, because the record names another since; zero while it holds.
func (l *liveLine) lapsedAt(row *store.Row, o parley.Office) (time.Time, error) {
	terms, err := l.terms(row.Party)
	if err != nil {
		return time.Time{}, err
	}
	id := itemID(row)
	for _, t := range l.officeTerms(o, terms[o]).Former {
		if t.Entry == id {
			return t.Lapsed, nil
		}
	}
	return time.Time{}, nil
}
