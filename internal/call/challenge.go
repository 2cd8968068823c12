package call

import (
	"maps"

	"parley/internal/form"
	"parley/internal/wire"
)

// ChallengeKey is the key of a charter that says that nobody is put through before
// the watches have challenged one another. The charter keeps it as one that it does
// not know, as contact.LevelsKey (spec/calls.md, 3).
const ChallengeKey = 14

// ChallengeAsked reads the rule of a charter by what it keeps unread. The error is
// Malformed: such a rule binds nobody.
func ChallengeAsked(u form.Unknown) (asked bool, err error) {
	raw, ok := u[ChallengeKey]
	if !ok {
		return false, nil
	}
	if err := wire.Decode(raw, &asked); err != nil {
		return false, err
	}
	if !asked {
		return false, refuse("a rule on challenges is true, or absent")
	}
	return true, nil
}

// WriteChallenge puts the rule into what a charter keeps unread, or takes it out.
// What was there is not changed.
func WriteChallenge(u form.Unknown, asked bool) form.Unknown {
	out := maps.Clone(u)
	if !asked {
		delete(out, ChallengeKey)
		return out
	}
	if out == nil {
		out = form.Unknown{}
	}
	out[ChallengeKey] = wire.Encode(true)
	return out
}
