package desk

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// age is a length of time in the short words of the language. live.js renders
// the same, so that a page that ticks does not change its words.
func (l *locale) age(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 0:
		s = 0
		fallthrough
	case s < 60:
		return l.text("age.s", s)
	case s < 3600:
		return l.text("age.m", s/60)
	case s < 48*3600:
		return l.text("age.h", s/3600, fmt.Sprintf("%02d", s/60%60))
	}
	return l.text("age.d", s/86400)
}

// instant is a date-time group, with the time to the second where that is not the
// beginning of a minute: who publishes at the minute in which an embargo ends may be
// early.
func instant(t time.Time) string {
	if t.Second() == 0 {
		return parley.DTG(t)
	}
	return parley.DTG(t) + ", " + t.UTC().Format(time.TimeOnly)
}

// localTime is one party's wall clock.
type localTime struct {
	Name string
	Time string // 1512
	Zone string // seconds east, for the ticking clock
}

// clocks are our local time and that of each party whose zone is known.
func (d *desk) clocks(book *locale, lines []station.Line) []localTime {
	now := d.now()
	list := []localTime{clockOf(book.text("clock.here"), now, d.cfg.Here)}
	seen := map[parley.PartyCode]bool{}
	for _, l := range lines {
		for _, p := range l.Them {
			if z := d.cfg.Zones[p.Code]; z != nil && !seen[p.Code] {
				seen[p.Code] = true
				list = append(list, clockOf(p.Name, now, z))
			}
		}
	}
	return list
}

func clockOf(name string, now time.Time, zone *time.Location) localTime {
	t := now.In(zone)
	_, off := t.Zone()
	return localTime{Name: name, Time: t.Format("1504"), Zone: fmt.Sprint(off)}
}

// hhmm is a time of day in UTC; a whole date-time group when it lies more than
// 12 hours off and the time of day alone would not tell the day.
func hhmm(t, now time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case now.Sub(t).Abs() < 12*time.Hour:
		return t.UTC().Format("1504") + "Z"
	}
	return parley.DTG(t)
}

// both is a time as DTG and in the local time of our side.
func (d *desk) both(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return parley.DTG(t) + " · " + t.In(d.cfg.Here).Format("2006-01-02 15:04 MST")
}

// roundTrip is a duration of a path in milliseconds.
func roundTrip(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 10*time.Millisecond:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d)/1e6), ".0") + " ms"
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// signedTrip is how far one clock is from another.
func signedTrip(d time.Duration) string {
	switch s := roundTrip(d.Abs()); {
	case d == 0:
		return "0 ms"
	case d < 0:
		return "\u2212" + s
	default:
		return "+" + s
	}
}

// parseWhen reads the value of a datetime-local field as UTC.
func parseWhen(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, parley.Errorf(parley.Malformed, "the time %q is not a date and time", s)
}
