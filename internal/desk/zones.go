package desk

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// sideZone is the local time of one side of a line.
type sideZone struct {
	Name  string // of the party
	Ours  bool
	Known bool // where it is; else UTC is shown alone
	loc   *time.Location
	book  *locale
}

// zonesOf are the local times of our side and the others: as the newest words of
// each say, else as the station is told. Our side says it for all contacts of a
// line.
func (d *desk) zonesOf(r *http.Request, l station.Line, c *station.Contact) (out []sideZone) {
	book := d.bookFor(r)
	said := map[string]string{}
	if c != nil {
		for _, o := range c.Terms {
			said[o.By] = cmp.Or(o.Zone, said[o.By])
			for _, a := range o.Replies {
				said[a.By] = cmp.Or(a.Zone, said[a.By])
			}
		}
	}
	for _, p := range append([]station.Party{l.Us}, l.Them...) {
		if p.Out != "" || c != nil && !contains(c.Parties, string(p.Code)) {
			continue
		}
		z := sideZone{Name: p.Name, Ours: p.Us, book: book}
		if loc := zone(said[string(p.Code)]); loc != nil {
			z.loc = loc
		} else if p.Us {
			z.loc = d.ourZone(r, l)
		} else {
			z.loc = d.cfg.Zones[p.Code]
		}
		z.Known = z.loc != nil
		out = append(out, z)
	}
	return out
}

// ourZone is the zone in which our side last wrote on a line, else that of the
// machine.
func (d *desk) ourZone(r *http.Request, l station.Line) *time.Location {
	b, err := d.st.Contacts(r.Context(), l.Key, time.Time{})
	if err != nil {
		d.log.Error("reading contacts", "err", err)
	}
	for _, c := range b.Contacts { // the newest first
		for _, o := range slices.Backward(c.Terms) {
			if z := zone(o.Zone); o.Ours && z != nil {
				return z
			}
		}
	}
	return d.cfg.Here
}

// zoneTyped is the zone that a form begins with: ours, where it has a name.
func zoneTyped(zones []sideZone) string {
	for _, z := range zones {
		if z.Ours && zone(z.Zone()) != nil {
			return z.Zone()
		}
	}
	return "UTC"
}

// zone is a time zone by its name; nil for none.
func zone(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return loc
}

// Zone is the name of the zone, where it has one.
func (z sideZone) Zone() string {
	if n := z.loc.String(); n != "" && n != "Local" {
		return n
	}
	return ""
}

// At is a time there, with the day of the week.
func (z sideZone) At(t time.Time) string {
	t = t.In(z.loc)
	return z.weekday(t) + z.book.figures(t.Format("2006-01-02 15:04"))
}

func (z sideZone) weekday(t time.Time) string { return z.book.text("day."+t.Format("Mon")) + " " }

// Span is a time from and until there.
func (z sideZone) Span(from, until time.Time) string {
	a, b := from.In(z.loc), until.In(z.loc)
	if a.Format(time.DateOnly) != b.Format(time.DateOnly) {
		return z.At(from) + " – " + z.At(until)
	}
	return z.weekday(a) + z.book.figures(a.Format("2006-01-02 15:04")+" – "+b.Format("15:04"))
}

// utcSpan is a time from and until in UTC, as date-time groups.
func utcSpan(from, until time.Time) string {
	if a, b := from.UTC(), until.UTC(); a.Format(time.DateOnly) == b.Format(time.DateOnly) {
		return parley.DTG(a) + " – " + b.Format("1504Z")
	}
	return parley.DTG(from) + " – " + parley.DTG(until)
}

// usualZones are offered where a zone is typed; any other name is taken too.
var usualZones = []string{"UTC", "Africa/Addis_Ababa", "Africa/Algiers", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Caracas",
	"America/Chicago", "America/Denver", "America/Havana", "America/Lima", "America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Santiago", "America/Sao_Paulo", "America/Toronto", "Asia/Almaty", "Asia/Baghdad", "Asia/Baku",
	"Asia/Bangkok", "Asia/Beirut", "Asia/Colombo", "Asia/Damascus", "Asia/Dhaka", "Asia/Dubai", "Asia/Ho_Chi_Minh", "Asia/Jakarta", "Asia/Jerusalem", "Asia/Kabul", "Asia/Karachi", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Kuala_Lumpur",
	"Asia/Manila", "Asia/Pyongyang", "Asia/Qatar", "Asia/Riyadh", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Taipei", "Asia/Tashkent", "Asia/Tehran", "Asia/Tokyo", "Asia/Ulaanbaatar", "Asia/Vladivostok", "Asia/Yangon",
	"Asia/Yerevan", "Australia/Sydney", "Europe/Athens", "Europe/Berlin", "Europe/Brussels", "Europe/Istanbul", "Europe/Kyiv", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "Europe/Minsk", "Europe/Moscow", "Europe/Oslo", "Europe/Paris",
	"Europe/Rome", "Europe/Stockholm", "Europe/Warsaw", "Europe/Zurich", "Pacific/Auckland", "Pacific/Honolulu"}

// parseLocal reads the value of a datetime-local field in a zone. A time that the
// change of clocks leaves out or repeats there is refused: it names no moment, or
// two.
func parseLocal(s string, loc *time.Location) (time.Time, error) {
	wall, err := parseWhen(s)
	if err != nil {
		return wall, err
	}
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	const layout = "2006-01-02 15:04"
	says := func(t time.Time) string { return t.In(loc).Format(layout) }
	if says(t) != wall.Format(layout) {
		return t, parley.Errorf(parley.BadForm, "%s does not exist in %s: the clocks change", wall.Format(layout), loc).WithHint("choose another time, or give it in UTC")
	}
	if slices.ContainsFunc([]time.Duration{-time.Hour, time.Hour, -30 * time.Minute, 30 * time.Minute}, func(by time.Duration) bool { return says(t.Add(by)) == says(t) }) {
		return t, parley.Errorf(parley.BadForm, "%s comes twice in %s: the clocks change", wall.Format(layout), loc).WithHint("choose another time, or give it in UTC")
	}
	return t.UTC(), nil
}

// linesOf splits what was typed one a line.
func linesOf(s string) (out []string) {
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
