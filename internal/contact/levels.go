package contact

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley"
	"parley/internal/form"
	"parley/internal/wire"
)

// LevelsKey is the key of a charter that says which offices arrange contacts at
// which level. The charter keeps it as one that it does not know: nothing that a
// line has to know depends on it (spec/contacts.md, Levels).
const LevelsKey = 13

// maxOffices is how many offices a level may name, as a charter may.
const maxOffices = 64

// Levels are the offices that arrange contacts at each level, at every side, as
// the parties agreed. nil: they agreed on nothing, and each side sees to it itself.
// A level that Levels do not name is not for contacts of this line.
type Levels map[Level][]parley.Office

// usual is who arranges contacts at a level where nothing was agreed.
func usual(l Level) []parley.Office {
	if l <= Commander {
		return []parley.Office{parley.Envoy, parley.Principal, parley.Watch}
	}
	return []parley.Office{parley.Envoy, parley.Principal}
}

// Offices are those that arrange contacts at a level; none: nobody does.
func (v Levels) Offices(l Level) []parley.Office {
	if v == nil {
		return usual(l)
	}
	return v[l]
}

// Outside reports whether an act of an office at a level is outside what was
// agreed. Where nothing was, nothing is.
func (v Levels) Outside(l Level, o parley.Office) bool {
	return v != nil && !slices.Contains(v[l], o)
}

// Check holds the rule to spec/contacts.md; has reports the offices of the charter.
func (v Levels) Check(has func(parley.Office) bool) error {
	if v != nil && len(v) == 0 {
		return refuse("a rule on levels names at least one level")
	}
	for _, l := range slices.Sorted(maps.Keys(v)) {
		if err := within("level", levelWords, l); err != nil {
			return err
		}
		if n := len(v[l]); n == 0 || n > maxOffices {
			return refuse("the level %s has %d offices, want 1 to %d; leave out a level that is not for this line", l, n, maxOffices)
		}
		for i, o := range v[l] {
			switch {
			case !has(o):
				return refuse("the level %s names the office %q, which the charter does not know", l, o)
			case slices.Contains(v[l][:i], o):
				return refuse("the level %s names the office %s twice", l, o)
			}
		}
	}
	return nil
}

// ReadLevels reads the rule of a charter by what it keeps unread. Errors are
// Malformed and BadForm: such a rule binds nobody.
func ReadLevels(u form.Unknown, has func(parley.Office) bool) (Levels, error) {
	raw, ok := u[LevelsKey]
	if !ok {
		return nil, nil
	}
	v := Levels{}
	if err := wire.Decode(raw, &v); err != nil {
		return nil, fmt.Errorf("reading the rule on levels: %w", err)
	}
	if v == nil { // null
		return nil, refuse("a rule on levels names at least one level")
	}
	if err := v.Check(has); err != nil {
		return nil, err
	}
	return v, nil
}

// Write puts the rule into what a charter keeps unread; nil takes it out. What was
// there is not changed.
func (v Levels) Write(u form.Unknown) form.Unknown {
	out := maps.Clone(u)
	if v == nil {
		delete(out, LevelsKey)
		return out
	}
	if out == nil {
		out = form.Unknown{}
	}
	out[LevelsKey] = wire.Encode(v)
	return out
}

// ParseLevels reads a rule as people write it: the offices of each level by the
// word for it, those without any left out; of nothing at all there is none.
func ParseLevels(in map[string][]string) (Levels, error) {
	v := Levels{}
	for word, offices := range in {
		l, err := ParseLevel(word)
		if err != nil {
			return nil, err
		}
		for _, o := range offices {
			v[l] = append(v[l], parley.Office(strings.TrimSpace(o)))
		}
	}
	if len(v) == 0 {
		return nil, nil
	}
	return v, nil
}

// Words is the rule as people write it.
func (v Levels) Words() map[string][]string {
	if v == nil {
		return nil
	}
	out := map[string][]string{}
	for l, offices := range v {
		for _, o := range offices {
			out[l.String()] = append(out[l.String()], string(o))
		}
	}
	return out
}

// LevelOf is the level of an act that arranges: a request is at its own, or that
// of what it takes the place of where that is higher; a reply at that of the
// request; what calls off at the higher of that of the request it names and of
// what was agreed.
func (c *Contact) LevelOf(e *Entry) (l Level, ok bool) {
	if r, is := e.Form.(*Request); is {
		l, ok = r.Level, true
	}
	for _, t := range c.Terms {
		if len(e.Refs) > 0 && t.Ref == e.Refs[0] {
			l, ok = max(l, t.Request.Level), true
		}
	}
	if _, off := e.Form.(*CallOff); off && c.Agreed != nil {
		l, ok = max(l, c.Agreed.Request.Level), true
	}
	return l, ok
}

// AsksTape reports whether an act asks for a call that each side records, or agrees
// to one.
func (c *Contact) AsksTape(e *Entry) bool {
	tape := func(r *Request) bool { return r.Recording == EachItsOwn && r.Medium != InPerson }
	switch f := e.Form.(type) {
	case *Request:
		return tape(f)
	case *Reply:
		return f.Phase == Accept && slices.ContainsFunc(c.Terms, func(t *Terms) bool { return len(e.Refs) > 0 && t.Ref == e.Refs[0] && tape(t.Request) })
	}
	return false
}
