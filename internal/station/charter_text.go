package station

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/form"
)

// CharterText is a charter as people write it. It becomes a charter only over
// the one it amends.
type CharterText struct {
	Parties     []CharterParty `json:"parties"`
	Offices     []string       `json:"offices"`
	Release     []CharterRule  `json:"release"`
	Test        string         `json:"test_interval"` // "1h0m0s"
	Forms       []string       `json:"further_forms"`
	Recording   string         `json:"recording"`
	Instruction bool           `json:"instruction_allowed"`
	CheckCalls  []CallTime     `json:"check_calls"`

	// Levels are the offices that arrange contacts at each level, by the word for it;
	// a level that is left out is not for contacts of the line. nil: nothing is agreed.
	Levels map[string][]string `json:"levels,omitempty"`

	// Challenge: nobody is put through on a call before the watches have challenged
	// one another.
	Challenge bool `json:"challenge_before_calls,omitempty"`

	strange []Field // clauses that this station does not know, or cannot read
}

// CharterParty is one party of it.
type CharterParty struct {
	Code      string   `json:"code"`
	Name      string   `json:"name"`
	Languages []string `json:"languages"`
	Promises  []string `json:"promises"` // opened, translated, principal informed, answered
}

// CharterRule is what holds for one precedence.
type CharterRule struct {
	Precedence string `json:"precedence"`
	Rule       string `json:"rule"` // "one", "two", "lone watch"
	Objective  string `json:"open_within"`
}

// CallTime is a check call: at a time, in UTC, on some days.
type CallTime struct {
	At   string   `json:"at"`   // "0800"
	Days []string `json:"days"` // Mon to Sun
}

// AnnexText is the common part of an annex as people write it.
type AnnexText struct {
	Quotas    map[string]uint64 `json:"bounds"` // by number; see spec/bounds.md
	Witnesses []string          `json:"witnesses"`
	KeepAlive uint64            `json:"keep_alive_seconds"` // 0: 4
}

var ruleWords = []string{"one", "two", "lone watch"}

var dayWords = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

func charterText(c *charter.Charter) CharterText {
	t := CharterText{Test: c.TestInterval.String(), Forms: append([]string{}, c.Forms...), Recording: c.Recording, Instruction: c.Instruct, CheckCalls: []CallTime{}}
	for _, p := range c.Parties {
		x := CharterParty{Code: string(p.Code), Name: p.Name, Languages: p.Languages, Promises: []string{}}
		for _, r := range c.Rungs[p.Code] {
			x.Promises = append(x.Promises, r.String())
		}
		t.Parties = append(t.Parties, x)
	}
	for _, o := range c.Offices {
		t.Offices = append(t.Offices, string(o))
	}
	for p := parley.Routine; p <= parley.Flash; p++ {
		t.Release = append(t.Release, CharterRule{p.String(), ruleWords[c.Rule(p)], c.Objective(p).String()})
	}
	for _, k := range c.CheckCalls {
		x := CallTime{At: fmt.Sprintf("%02d%02d", k.Hour, k.Minute)}
		for i, d := range dayWords {
			if k.Days>>i&1 == 1 {
				x.Days = append(x.Days, d)
			}
		}
		t.CheckCalls = append(t.CheckCalls, x)
	}
	levels, err := contact.ReadLevels(c.Unknown, c.HasOffice)
	t.Levels = levels.Words()
	asked, bad := call.ChallengeAsked(c.Unknown)
	t.Challenge = asked
	for _, k := range slices.Sorted(maps.Keys(c.Unknown)) {
		if k == call.ChallengeKey && bad == nil {
			continue
		}
		if k != contact.LevelsKey || err != nil {
			t.strange = append(t.strange, Field{fmt.Sprintf("clause %d", k), fmt.Sprintf("%x", []byte(c.Unknown[k]))})
		}
	}
	return t
}

func annexText(a *charter.Annex) AnnexText {
	t := AnnexText{Quotas: map[string]uint64{}, Witnesses: append([]string{}, a.Witnesses...), KeepAlive: a.Times[charter.KeepAliveSeconds]}
	for n, v := range a.Quotas {
		t.Quotas[strconv.FormatUint(uint64(n), 10)] = v
	}
	return t
}

func badText(format string, args ...any) error {
	return parley.Errorf(parley.BadForm, format, args...).WithHint("begin from the one in force: parley charter show --json")
}

// over makes the charter that amends c. Keys of a newer version stay.
func (t CharterText) over(c *charter.Charter, base [32]byte, version uint64) (charter.Charter, error) {
	n := charter.Charter{Version: version, Supersedes: &base, Unknown: c.Unknown, Forms: t.Forms, Recording: t.Recording, Instruct: t.Instruction,
		Release: map[parley.Precedence]charter.ReleaseRule{}, Rungs: map[parley.PartyCode][]parley.Rung{}, Objectives: map[parley.Precedence]time.Duration{}}
	var err error
	if n.TestInterval, err = time.ParseDuration(t.Test); err != nil {
		return n, badText("the test interval %q: want a duration like 1h", t.Test)
	}
	for _, p := range t.Parties {
		code := parley.PartyCode(p.Code)
		n.Parties = append(n.Parties, charter.Party{Code: code, Name: p.Name, Languages: p.Languages})
		rungs := []parley.Rung{}
		for _, w := range p.Promises {
			r, ok := rungOf(w)
			if !ok {
				return n, badText("party %s promises %q; there are opened, translated, principal informed, answered", p.Code, w)
			}
			rungs = append(rungs, r)
		}
		slices.Sort(rungs)
		n.Rungs[code] = rungs
	}
	for _, o := range t.Offices {
		n.Offices = append(n.Offices, parley.Office(o))
	}
	for _, r := range t.Release {
		p, err := parley.ParsePrecedence(r.Precedence)
		if err != nil {
			return n, err
		}
		i := slices.Index(ruleWords, r.Rule)
		if i < 0 {
			return n, badText("the rule %q for %s; there are %s", r.Rule, p, strings.Join(ruleWords, ", "))
		}
		n.Release[p] = charter.ReleaseRule(i)
		if n.Objectives[p], err = time.ParseDuration(r.Objective); err != nil {
			return n, badText("%s to be opened within %q: want a duration like 30m", p, r.Objective)
		}
	}
	n.CheckCalls, err = checkCalls(t.CheckCalls)
	if err != nil {
		return n, err
	}
	levels, err := contact.ParseLevels(t.Levels)
	if err != nil {
		return n, err
	}
	n.Unknown = call.WriteChallenge(levels.Write(c.Unknown), t.Challenge)
	if err := levels.Check(n.HasOffice); err != nil {
		return n, err
	}
	return n, n.Validate()
}

func rungOf(word string) (parley.Rung, bool) {
	for r := parley.Opened; r <= parley.Answered; r++ {
		if r.String() == word {
			return r, true
		}
	}
	return 0, false
}

func checkCalls(list []CallTime) (out []charter.CheckCall, err error) {
	for _, k := range list {
		at, err := time.Parse("1504", k.At)
		if err != nil {
			return nil, badText("a check call at %q: want four digits like 0800", k.At)
		}
		x := charter.CheckCall{Hour: uint64(at.Hour()), Minute: uint64(at.Minute())}
		for _, d := range k.Days {
			i := slices.Index(dayWords, d)
			if i < 0 {
				return nil, badText("a check call on %q; days are %s", d, strings.Join(dayWords, " "))
			}
			x.Days |= 1 << i
		}
		out = append(out, x)
	}
	return out, nil
}

// over makes the annex that amends a, agreed by the given parties.
func (t AnnexText) over(a *charter.Annex, base [32]byte, version uint64, agree []parley.PartyCode) (charter.Annex, error) {
	n := charter.Annex{Suite: a.Suite, Quotas: map[charter.Bound]uint64{}, Witnesses: append([]string{}, t.Witnesses...), Times: maps.Clone(a.Times),
		Supersedes: &base, Version: version, Agree: agree, Unknown: a.Unknown}
	for k, v := range t.Quotas {
		b, err := strconv.ParseUint(k, 10, 64)
		if err != nil {
			return n, badText("bound %q: want its number in spec/bounds.md", k)
		}
		n.Quotas[charter.Bound(b)] = v
	}
	delete(n.Times, charter.KeepAliveSeconds)
	if t.KeepAlive != 0 {
		n.Times[charter.KeepAliveSeconds] = t.KeepAlive
	}
	return n, n.Validate()
}

// lengthText is a duration of a charter in the words of the station.
func lengthText(s string) string {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return s
	}
	return ago(d)
}

// Clauses shows a charter clause by clause, for reading and for comparing.
func (t CharterText) Clauses() (out []Field) {
	add := func(name, value string) { out = append(out, Field{name, value}) }
	for _, p := range t.Parties {
		add("party "+p.Code, p.Name+"; "+strings.Join(p.Languages, ", "))
		add("receipts promised by "+p.Code, cmp.Or(strings.Join(p.Promises, ", "), "none"))
	}
	add("offices", strings.Join(t.Offices, ", "))
	for _, r := range slices.Backward(t.Release) {
		add(r.Precedence, map[string]string{"one": "one officer releases", "two": "another officer than the drafter releases",
			"lone watch": "another officer releases, or a lone officer on watch who says so on the record"}[r.Rule]+"; to be opened within "+lengthText(r.Objective))
	}
	add("line test every", lengthText(t.Test))
	for _, k := range t.CheckCalls {
		add("check call "+k.At+"Z", strings.Join(k.Days, " "))
	}
	add("recording", t.Recording)
	add("Instruction", map[bool]string{true: "allowed", false: "not allowed"}[t.Instruction])
	add("further forms", cmp.Or(strings.Join(t.Forms, ", "), "none"))
	if t.Challenge {
		add("challenge before calls", "required")
	}
	if t.Levels != nil {
		for level := contact.Leader; ; level-- {
			add("contacts at the level "+level.String(), cmp.Or(strings.Join(t.Levels[level.String()], ", "), "none"))
			if level == contact.Working {
				break
			}
		}
	}
	return append(out, t.strange...)
}

// Clauses shows an annex clause by clause.
func (t AnnexText) Clauses() (out []Field) {
	for _, n := range slices.SortedFunc(maps.Keys(t.Quotas), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
		out = append(out, Field{"bound " + n, strconv.FormatUint(t.Quotas[n], 10)})
	}
	for i, w := range t.Witnesses {
		out = append(out, Field{fmt.Sprintf("witness %d", i+1), w})
	}
	return append(out, Field{"keep-alive", fmt.Sprintf("%d s", cmp.Or(t.KeepAlive, uint64(charter.DefaultKeepAlive/time.Second)))})
}

// Change is one clause that two documents differ in; "" where one has none.
type Change struct {
	Clause string `json:"clause"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// changes lists the clauses in which b differs from a, in the order of b, those
// that a alone has last.
func changes(a, b []Field) []Change {
	out := []Change{}
	had := map[string]string{}
	for _, f := range a {
		had[f.Name] = f.Value
	}
	for _, f := range b {
		if from, ok := had[f.Name]; !ok || from != f.Value {
			out = append(out, Change{f.Name, from, f.Value})
		}
		delete(had, f.Name)
	}
	for _, f := range a {
		if v, ok := had[f.Name]; ok {
			out = append(out, Change{f.Name, v, ""})
		}
	}
	return out
}

// clausesOf reads the clauses of an encoded document.
func clausesOf(kind uint64, raw []byte) ([]Field, error) {
	if kind == form.ToAnnex {
		a, err := charter.ParseAnnex(raw)
		return annexText(&a).Clauses(), err
	}
	c, err := charter.Parse(raw)
	if err != nil {
		return nil, err
	}
	return charterText(&c).Clauses(), nil
}
