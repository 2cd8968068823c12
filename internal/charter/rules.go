package charter

import (
	"slices"
	"time"

	"parley"
	"parley/internal/form"
)

// Bounds of a charter.
const (
	MinParties      = 2
	MaxParties      = 10 // spec/bounds.md, 14
	MinTestInterval = 10 * time.Second
	MaxTestInterval = 24 * time.Hour
	MinObjective    = 10 * time.Second
	MaxObjective    = 30 * 24 * time.Hour
	maxOffices      = 64
	maxLanguages    = 8
	maxForms        = 64
	maxCheckCalls   = 48
	maxName         = 100 // characters of a party's name
	maxRecording    = 500 // characters
)

// Validate checks the charter against spec/charter.md. The error is BadForm
// and names what is wrong.
func (c Charter) Validate() error {
	for _, check := range []func() error{c.checkParties, c.checkOffices, c.checkRungs, c.checkTimes, c.checkForms} {
		if err := check(); err != nil {
			return err
		}
	}
	if c.Version == 0 {
		return bad("the charter has version 0; the first is 1")
	}
	if (c.Version == 1) != (c.Supersedes == nil) {
		return bad("charter version %d: every version but the first names the charter it supersedes", c.Version)
	}
	return form.CheckLine("the rule on recording", c.Recording, maxRecording)
}

func (c Charter) checkParties() error {
	if n := len(c.Parties); n < MinParties || n > MaxParties {
		return bad("the charter names %d parties; a line has %d to %d", n, MinParties, MaxParties)
	}
	seen := map[parley.PartyCode]bool{}
	for _, p := range c.Parties {
		if _, err := parley.ParsePartyCode(string(p.Code)); err != nil {
			return bad("%v", err)
		}
		if seen[p.Code] {
			return bad("two parties have the code %s", p.Code)
		}
		seen[p.Code] = true
		if err := form.CheckLine("the name of party "+string(p.Code), p.Name, maxName); err != nil {
			return err
		}
		if err := checkLanguages(p); err != nil {
			return err
		}
	}
	return nil
}

func checkLanguages(p Party) error {
	if n := len(p.Languages); n == 0 || n > maxLanguages {
		return bad("party %s has %d languages; want 1 to %d", p.Code, n, maxLanguages)
	}
	for i, tag := range p.Languages {
		if err := form.CheckLanguage("a language of party "+string(p.Code), tag); err != nil {
			return err
		}
		if slices.Contains(p.Languages[:i], tag) {
			return bad("party %s names the language %s twice", p.Code, tag)
		}
	}
	return nil
}

func (c Charter) checkOffices() error {
	if n := len(c.Offices); n == 0 || n > maxOffices {
		return bad("the charter names %d offices; want 1 to %d", n, maxOffices)
	}
	for i, o := range c.Offices {
		if _, err := parley.ParseOffice(string(o)); err != nil {
			return bad("%v", err)
		}
		if slices.Contains(c.Offices[:i], o) {
			return bad("the charter names the office %s twice", o)
		}
	}
	return nil
}

func (c Charter) checkRungs() error {
	for code, rungs := range c.Rungs {
		if _, ok := c.Party(code); !ok {
			return bad("rungs are promised for %q, which is not a party of this charter", code)
		}
		for i, r := range rungs {
			if r < parley.Opened || r > parley.Answered {
				return bad("party %s promises rung %d; only 3 opened, 4 translated, 5 principal informed and 6 answered can be promised", code, r)
			}
			if i > 0 && rungs[i-1] >= r {
				return bad("the rungs party %s promises are not in rising order", code)
			}
		}
	}
	return nil
}

func (c Charter) checkTimes() error {
	if t := c.TestInterval; t < MinTestInterval || t > MaxTestInterval {
		return bad("the test interval is %v; want %v to %v", t, MinTestInterval, MaxTestInterval)
	}
	if c.TestInterval%time.Second != 0 {
		return bad("the test interval %v is not in whole seconds", c.TestInterval)
	}
	for p, d := range c.Objectives {
		if !p.Valid() {
			return bad("an objective is given for precedence %d, which there is not", p)
		}
		if d < MinObjective || d > MaxObjective || d%time.Second != 0 {
			return bad("the objective of %s is %v; want whole seconds from %v to %v", p, d, MinObjective, MaxObjective)
		}
	}
	for p := parley.Priority; p <= parley.Flash; p++ {
		if c.Objective(p) > c.Objective(p-1) {
			return bad("the objective of %s is %v, slower than %v for %s", p, c.Objective(p), c.Objective(p-1), p-1)
		}
	}
	return c.checkCalls()
}

func (c Charter) checkCalls() error {
	if len(c.CheckCalls) > maxCheckCalls {
		return bad("the charter has %d check calls, at most %d are allowed", len(c.CheckCalls), maxCheckCalls)
	}
	for i, k := range c.CheckCalls {
		if k.Hour > 23 || k.Minute > 59 || k.Days == 0 || k.Days > EveryDay {
			return bad("check call [%d, %d, %d]: want an hour to 23, a minute to 59 and days from 1 to %d", k.Hour, k.Minute, k.Days, EveryDay)
		}
		if slices.Contains(c.CheckCalls[:i], k) {
			return bad("check call [%d, %d, %d] stands twice", k.Hour, k.Minute, k.Days)
		}
	}
	return nil
}

func (c Charter) checkForms() error {
	for p, r := range c.Release {
		if !p.Valid() || r > LoneWatch {
			return bad("release rule %d for precedence %d: there is no such rule or precedence", r, p)
		}
	}
	if len(c.Forms) > maxForms {
		return bad("the charter names %d forms, at most %d are allowed", len(c.Forms), maxForms)
	}
	for i, f := range c.Forms {
		if err := form.CheckName(f); err != nil {
			return err
		}
		if slices.Contains(c.Forms[:i], f) {
			return bad("the charter names the form %s twice", f)
		}
	}
	return nil
}

func bad(format string, args ...any) *parley.Error {
	return parley.Errorf(parley.BadForm, format, args...)
}
