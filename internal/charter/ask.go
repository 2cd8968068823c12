package charter

import (
	"slices"
	"time"

	"parley"
)

// DefaultCharter is a first charter for the parties: every usual office, two
// officers for what is urgent, opened promised by all, a test every hour.
func DefaultCharter(parties ...Party) Charter {
	c := Charter{
		Version: 1,
		Parties: parties,
		Offices: []parley.Office{parley.Principal, parley.Envoy, parley.Watch, parley.Interpreter, parley.Translator,
			parley.Archivist, parley.Administrator},
		Release: map[parley.Precedence]ReleaseRule{parley.Routine: OneOfficer, parley.Priority: OneOfficer,
			parley.Immediate: TwoOfficers, parley.Flash: TwoOfficers},
		TestInterval: time.Hour,
		Rungs:        map[parley.PartyCode][]parley.Rung{},
		Recording:    "nothing is recorded",
		Objectives:   map[parley.Precedence]time.Duration{},
	}
	for _, p := range parties {
		c.Rungs[p.Code] = []parley.Rung{parley.Opened}
	}
	for p := parley.Routine; p <= parley.Flash; p++ {
		c.Objectives[p] = p.Objective()
	}
	return c
}

// Party returns the party with the code.
func (c Charter) Party(code parley.PartyCode) (Party, bool) {
	i := slices.IndexFunc(c.Parties, func(p Party) bool { return p.Code == code })
	if i < 0 {
		return Party{}, false
	}
	return c.Parties[i], true
}

// Codes returns the codes of all parties in bytewise order.
func (c Charter) Codes() []parley.PartyCode {
	codes := make([]parley.PartyCode, len(c.Parties))
	for i, p := range c.Parties {
		codes[i] = p.Code
	}
	slices.Sort(codes)
	return codes
}

// HasOffice reports whether every party has the office.
func (c Charter) HasOffice(o parley.Office) bool { return slices.Contains(c.Offices, o) }

// StationOffice is the office under which a station writes what no officer
// writes: watch where there is one, else the first.
func (c Charter) StationOffice() parley.Office {
	if c.HasOffice(parley.Watch) || len(c.Offices) == 0 {
		return parley.Watch
	}
	return c.Offices[0]
}

// Objective is how long after release an entry is to be opened.
func (c Charter) Objective(p parley.Precedence) time.Duration {
	if d, ok := c.Objectives[p]; ok {
		return d
	}
	return p.Objective()
}

// Promises reports whether the party promises to report the rung. Stored is
// promised by everybody: stations do it themselves.
func (c Charter) Promises(party parley.PartyCode, r parley.Rung) bool {
	return r == parley.Stored || slices.Contains(c.Rungs[party], r)
}

// Rule is the release rule for a precedence.
func (c Charter) Rule(p parley.Precedence) ReleaseRule { return c.Release[p] }

// TwoHands reports whether another officer than the drafter must release,
// lone watch aside.
func (c Charter) TwoHands(p parley.Precedence) bool { return c.Release[p] != OneOfficer }
