package desk

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parley"
	"parley/internal/charter"
	"parley/internal/station"
)

// amendPage is an amendment of the charter or the annex while it is written: the
// plain fields, and, once they were weighed, what they would change.
type amendPage struct {
	Line    station.Line
	What    string // "charter", "annex", "remove"
	Charter station.CharterText
	Annex   station.AnnexText
	Base    string            // hash of the document it amends, as the page saw it
	Remove  parley.PartyCode  // with "remove": who is to go
	Others  []station.Party   // who could
	Typed   map[string]string // lists as they were typed
	Weighed *station.DocumentView
	Problem *problem
}

// Rules are those on each precedence, most urgent first.
func (p *amendPage) Rules() []station.CharterRule {
	out := slices.Clone(p.Charter.Release)
	slices.Reverse(out)
	return out
}

// RuleWords are the rules on release.
func (p *amendPage) RuleWords() []string { return []string{"one", "two", "lone_watch"} }

// Minutes is a duration of the charter in minutes, as the page asks for it.
func (p *amendPage) Minutes(s string) string { return minutesOf(s) }

// Promises reports whether a party promises a rung.
func (p *amendPage) Promises(x station.CharterParty, rung string) bool {
	return slices.Contains(x.Promises, rung)
}

// Rungs are those that a party may promise.
func (p *amendPage) Rungs() []string {
	var out []string
	for r := parley.Opened; r <= parley.Answered; r++ {
		out = append(out, r.String())
	}
	return out
}

// boundField is a bound of the annex as the page asks for it.
type boundField struct {
	No           string
	Value        uint64
	Set          bool // the annex says it, be it as usual
	Usual, Least uint64
	Bytes        bool
}

// Bounds are those of the annex that may be lowered.
func (p *amendPage) Bounds() (out []boundField) {
	for n := charter.EntryBytes; n <= charter.Addressees; n++ {
		usual, least := charter.Limits(n)
		if usual == least {
			continue
		}
		b := boundField{No: strconv.FormatUint(uint64(n), 10), Usual: usual, Least: least, Bytes: n >= charter.EntryBytesPerDay && n <= charter.BlobBytes}
		b.Value, b.Set = p.Annex.Quotas[b.No]
		if !b.Set {
			b.Value = usual
		}
		out = append(out, b)
	}
	return out
}

// Form is every field as it was posted, for the page that confirms.
func (p *amendPage) Form() string { return p.Typed["form"] }

func (d *desk) amending(r *http.Request) (Amending, *amendPage, station.CharterView, error) {
	a, ok := d.st.(Amending)
	if !ok {
		return nil, nil, station.CharterView{}, errHidden
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return nil, nil, station.CharterView{}, err
	}
	v, err := a.Charter(r.Context(), l.Key)
	if err != nil {
		return nil, nil, v, err
	}
	p := &amendPage{Line: l, Charter: v.Charter, Annex: v.Annex, Typed: map[string]string{}}
	for _, x := range l.Them {
		if x.Out == "" {
			p.Others = append(p.Others, x)
		}
	}
	return a, p, v, nil
}

// base is the hash of the document in force of one kind.
func base(v station.CharterView, what string) string {
	kind := "charter"
	if what == "annex" {
		kind = "annex"
	}
	for _, x := range v.InForce {
		if x.Kind == kind {
			return x.Hash
		}
	}
	return ""
}

func changed(what string) *parley.Error {
	if what == "annex" {
		return parley.Errorf(parley.Conflict, "the annex has changed since this page was made: nothing was done")
	}
	return parley.Errorf(parley.Conflict, "the charter has changed since this page was made: nothing was done")
}

// mayWrite reports whether the seat may write an amendment of this kind.
func mayWrite(s *seat, p *amendPage) bool {
	switch p.What {
	case "annex":
		return s.is(parley.Administrator, parley.Principal)
	case "charter":
		return s.is(parley.Principal, parley.Envoy)
	case "remove":
		return s.is(parley.Principal, parley.Envoy) && len(p.Others) > 1
	}
	return false
}

func (d *desk) amendPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	_, p, v, err := d.amending(r)
	if err != nil {
		return err
	}
	p.What = r.URL.Query().Get("what")
	if !mayWrite(s, p) {
		return errHidden
	}
	p.Base = base(v, p.What)
	d.render(w, r, s, "amend", p)
	return nil
}

// amend weighs what was typed and shows what it would change; with the first
// digits of its hash it is proposed: exactly what was shown, or nothing.
func (d *desk) amend(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	a, p, v, err := d.amending(r)
	if err != nil {
		return err
	}
	posted := r.PostForm
	if again := posted.Get("form"); again != "" { // confirmed, or back to writing: the fields as they were
		if posted, err = url.ParseQuery(again); err != nil {
			return badForm(err)
		}
	}
	p.What = posted.Get("what")
	if !mayWrite(s, p) {
		return errHidden
	}
	p.Base = base(v, p.What)
	seen := posted.Get("base")
	proposal, err := p.take(posted)
	if err == nil && seen != p.Base {
		err = changed(p.What).WithHint("the fields below are what is in force now; change them again")
		p.Charter, p.Annex, p.Typed = v.Charter, v.Annex, map[string]string{}
	}
	if err == nil && r.PostForm.Get("back") == "" {
		var weighed station.DocumentView
		if weighed, err = a.Weigh(r.Context(), s.officer, p.Line.Key, proposal); err == nil {
			p.Weighed = &weighed
			p.Typed["form"] = posted.Encode()
		}
	}
	if hash := r.PostForm.Get("hash"); err == nil && hash != "" && r.PostForm.Get("back") == "" {
		switch {
		case hash != p.Weighed.Hash:
			err = parley.Errorf(parley.Conflict, "something was proposed meanwhile, and this got another version: look at it again")
		case field(r, "typed") != hash[:min(8, len(hash))]:
			err = parley.Errorf(parley.NotAllowed, "these are not the first 8 digits of its hash: nothing was done")
		default:
			if _, err = a.Propose(r.Context(), s.officer, p.Line.Key, proposal); err == nil {
				return done(w, r, lineURL(p.Line.Key)+"/charter", "proposed")
			}
		}
	}
	status := http.StatusOK
	if err != nil {
		p.Problem = problemOf(err)
		if status = p.Problem.Status; status >= http.StatusInternalServerError {
			return err
		}
	}
	d.renderStatus(w, r, s, status, "amend", "title.amend", p)
	return nil
}

// take reads the fields over what is in force: what the page does not ask for
// stays.
func (p *amendPage) take(f url.Values) (station.Proposal, error) {
	switch p.What {
	case "remove":
		p.Remove = parley.PartyCode(f.Get("party"))
		return station.Proposal{Remove: p.Remove}, nil
	case "annex":
		err := p.takeAnnex(f)
		return station.Proposal{Annex: &p.Annex}, err
	}
	err := p.takeCharter(f)
	return station.Proposal{Charter: &p.Charter}, err
}

func (p *amendPage) takeCharter(f url.Values) error {
	t := &p.Charter
	t.Parties = slices.Clone(t.Parties)
	for i := range t.Parties {
		x := &t.Parties[i]
		x.Name, x.Languages = plain(f.Get("name-"+x.Code)), words(f.Get("languages-"+x.Code))
		x.Promises = append([]string{}, f["promise-"+x.Code]...)
	}
	t.Offices = words(f.Get("offices"))
	t.Release = slices.Clone(t.Release)
	for i := range t.Release {
		x := &t.Release[i]
		x.Rule = strings.ReplaceAll(f.Get("rule-"+x.Precedence), "_", " ")
		n, err := strconv.Atoi(f.Get("open-" + x.Precedence))
		if err != nil || n < 1 || n > 100_000 {
			return parley.Errorf(parley.BadForm, "%s is to be opened within a number of minutes, not %q", x.Precedence, f.Get("open-"+x.Precedence))
		}
		if minutesOf(x.Objective) != strconv.Itoa(n) { // one that is no whole number of minutes stays as it is
			x.Objective = fmt.Sprintf("%dm", n)
		}
	}
	if n, err := strconv.Atoi(f.Get("test")); err != nil || n < 1 || n > 100_000 {
		return parley.Errorf(parley.BadForm, "the line is tested every so many minutes, not %q", f.Get("test"))
	} else if minutesOf(t.Test) != strconv.Itoa(n) {
		t.Test = fmt.Sprintf("%dm", n)
	}
	t.Levels = levelsTyped(f)
	t.Recording, t.Instruction, t.Challenge = plain(f.Get("recording")), f.Get("instruction") == "yes", f.Get("challenge") == "yes"
	return p.takeCalls(f)
}

// levelsTyped are the offices that a form names for each level; nil where it names
// none at all.
func levelsTyped(f url.Values) (out map[string][]string) {
	for _, l := range levelCodes {
		if offices := words(f.Get("level-" + l)); len(offices) > 0 {
			if out == nil {
				out = map[string][]string{}
			}
			out[l] = offices
		}
	}
	return out
}

// takeCalls reads the check calls: rows of a time and its days; a row without a
// time is none.
func (p *amendPage) takeCalls(f url.Values) error {
	p.Charter.CheckCalls = []station.CallTime{}
	for i := range callRows {
		at := strings.ReplaceAll(plain(f.Get(fmt.Sprintf("call-%d", i))), ":", "")
		if at == "" {
			continue
		}
		days := f[fmt.Sprintf("days-%d", i)]
		if len(days) == 0 {
			return parley.Errorf(parley.BadForm, "the check call at %s is on no day", at)
		}
		p.Charter.CheckCalls = append(p.Charter.CheckCalls, station.CallTime{At: at, Days: days})
	}
	return nil
}

// callRows is how many check calls the page has room for.
const callRows = 6

// callRow is one check call as the page asks for it.
type callRow struct {
	N    int
	At   string // "0800"
	Days []string
}

// Calls are the rows for check calls: those there are, and empty ones.
func (p *amendPage) Calls() (out []callRow) {
	for i := range callRows {
		x := callRow{N: i}
		if i < len(p.Charter.CheckCalls) {
			x.At, x.Days = p.Charter.CheckCalls[i].At, p.Charter.CheckCalls[i].Days
		}
		out = append(out, x)
	}
	return out
}

// Levels are those of contacts, from the highest.
func (p *amendPage) Levels() []string { return levelCodes }

var levelCodes = []string{"leader", "minister", "commander", "working"}

// Week are the days of a check call.
func (p *amendPage) Week() []string {
	return []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
}

// On reports whether a check call is on a day.
func (c callRow) On(day string) bool { return slices.Contains(c.Days, day) }

func (p *amendPage) takeAnnex(f url.Values) error {
	quotas := map[string]uint64{}
	for _, b := range p.Bounds() {
		v := plain(f.Get("bound-" + b.No))
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			return parley.Errorf(parley.BadForm, "bound %s is a number, not %q", b.No, v)
		}
		if b.Set || n != b.Usual {
			quotas[b.No] = n
		}
	}
	p.Annex.Quotas = quotas
	p.Annex.Witnesses = []string{}
	for line := range strings.Lines(f.Get("witnesses")) {
		if line = strings.TrimSpace(line); line != "" {
			p.Annex.Witnesses = append(p.Annex.Witnesses, line)
		}
	}
	n, err := strconv.ParseUint(f.Get("keep-alive"), 10, 64)
	if err != nil {
		return parley.Errorf(parley.BadForm, "the keep-alive is a number of seconds, not %q", f.Get("keep-alive"))
	}
	if p.Annex.KeepAlive != 0 || n != uint64(charter.DefaultKeepAlive.Seconds()) {
		p.Annex.KeepAlive = n
	}
	return nil
}

// KeepAlive is that of the annex in seconds.
func (p *amendPage) KeepAlive() uint64 {
	if p.Annex.KeepAlive != 0 {
		return p.Annex.KeepAlive
	}
	return uint64(charter.DefaultKeepAlive.Seconds())
}

// leaving is the page on which our side leaves a line.
type leaving struct {
	Line    station.Line
	Reason  string
	Problem *problem
}

// Word is what is typed to confirm: the code of the other side, or the first
// of them.
func (p *leaving) Word() string {
	for _, x := range p.Line.Them {
		if x.Out == "" {
			return string(x.Code)
		}
	}
	return string(p.Line.Us.Code)
}

func mayLeave(s *seat) bool { return s.is(parley.Administrator, parley.Principal) }

// Leaves reports whether the seat may leave the line for our side.
func (f *frame) Leaves() bool { return f.Seat != nil && mayLeave(f.Seat) }

func (d *desk) leavePage(w http.ResponseWriter, r *http.Request, s *seat) error {
	if _, ok := d.st.(Amending); !ok || !mayLeave(s) {
		return errHidden
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	d.render(w, r, s, "leaving", &leaving{Line: l})
	return nil
}

// leaveLine puts on record that our side leaves, when the code of the other
// side was typed.
func (d *desk) leaveLine(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	a, ok := d.st.(Amending)
	if !ok || !mayLeave(s) {
		return errHidden
	}
	l, err := d.st.Line(r.Context(), r.PathValue("line"))
	if err != nil {
		return err
	}
	p := &leaving{Line: l, Reason: field(r, "reason")}
	if field(r, "typed") != p.Word() {
		err = parley.Errorf(parley.NotAllowed, "this is not the code %s: nothing was done", p.Word())
	} else {
		err = a.Leave(r.Context(), s.officer, l.Key, p.Reason)
	}
	if err == nil {
		return done(w, r, lineURL(l.Key), "line_left")
	}
	p.Problem = problemOf(err)
	d.renderStatus(w, r, s, p.Problem.Status, "leaving", "title.leaving", p)
	return nil
}
