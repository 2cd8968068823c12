package compare

import (
	"cmp"
	"slices"

	"parley/internal/said"
)

// Differs lists what of the facts of a statement is not what the record says:
// "initiator", "start", "end", "level", "medium", "people".
func Differs(f, record *said.Facts) (out []string) {
	for _, x := range []struct {
		what   string
		differ bool
	}{
		{"initiator", f.Initiator != record.Initiator}, {"start", f.Start != record.Start}, {"end", f.End != record.End},
		{"level", f.Level != record.Level}, {"medium", f.Medium != record.Medium}, {"people", !samePeople(f.People, record.People)},
	} {
		if x.differ {
			out = append(out, x.what)
		}
	}
	return out
}

// samePeople compares without their order.
func samePeople(a, b []said.Person) bool {
	sorted := func(l []said.Person) []said.Person {
		l = slices.Clone(l)
		slices.SortFunc(l, func(x, y said.Person) int {
			return cmp.Or(cmp.Compare(x.Party, y.Party), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Title, y.Title), cmp.Compare(x.Role, y.Role))
		})
		return l
	}
	return slices.Equal(sorted(a), sorted(b))
}

// facts marks what a side's facts have otherwise than the record, and otherwise
// than the other's. Who initiated is a mark of its own.
func (c *comparing) facts() {
	a, b := &c.ours.Facts, &c.theirs.Facts
	record := &c.known.Facts
	if record.Initiator == "" && record.Start == 0 && len(record.People) == 0 {
		record = a // nothing is known: the sides are compared with each other
	}
	mine, other := Differs(a, record), Differs(b, record)
	for _, what := range []string{"initiator", "start", "end", "level", "medium", "people"} {
		side := sideOf(slices.Contains(mine, what), slices.Contains(other, what))
		if side == "" {
			continue
		}
		m := Mark{Kind: Facts, Side: side, What: what, Wording: -1}
		if what == "initiator" {
			m.Kind, m.What = Initiator, a.Initiator+" | "+b.Initiator
		}
		c.mark(m)
	}
}
