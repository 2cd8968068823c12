package station

import (
	"time"

	"parley/internal/charter"
)

// nextCheckCall returns the first check call of a charter after t, in UTC; ok is
// false when it has none.
func nextCheckCall(c *charter.Charter, t time.Time) (next time.Time, ok bool) {
	t = t.UTC()
	for _, k := range c.CheckCalls {
		for day := range 8 {
			at := time.Date(t.Year(), t.Month(), t.Day()+day, int(k.Hour), int(k.Minute), 0, 0, time.UTC)
			bit := (int(at.Weekday()) + 6) % 7 // bit 0 is Monday
			if k.Days>>bit&1 == 0 || !at.After(t) {
				continue
			}
			if !ok || at.Before(next) {
				next, ok = at, true
			}
			break
		}
	}
	return next, ok
}
