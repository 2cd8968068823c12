package desk

import (
	"fmt"
	"testing"
	"time"

	"parley/internal/station"
)

// TestTimeline: a mark for each contact, once; its place by its day; mirrored where
// people read from the right; as many years as fit.
func TestTimeline(t *testing.T) {
	all := books(t)
	row := func(date, level, medium string, disputed ...string) station.RegisterRow {
		return station.RegisterRow{Date: date, Level: level, Medium: medium, OurSide: "A", TheirSide: "B", Disputed: disputed}
	}
	b := station.ContactBook{AsOf: time.Date(2026, 7, 2, 0, 0, 0, 0, time.UTC), Levels: []station.ContactSummary{{Level: "leader", Next: "2027-03-01"}, {Level: "working"}},
		Rows: []station.RegisterRow{row("2026-07-02", "leader", "voice"), row("2024-01-01", "leader", "in-person", "birch: no"), row("2024-01-01", "leader", "in-person"), row("2025-01-01", "working", "video"), {Date: "2025-05-05", Level: "leader", Medium: "voice", TakenBack: true}}}
	p := draw(all["en"], b)
	if p == nil || p.Count != 3 || len(p.Lanes) != 2 || len(p.Lanes[0].Marks) != 3 || len(p.Lanes[1].Marks) != 1 {
		t.Fatalf("%+v", p)
	}
	marks := p.Lanes[0].Marks
	if marks[0].X != "1.50%" || !marks[0].Disputed || marks[0].Kind != "in-person" || marks[1].X != p.Now || marks[2].Kind != "next" {
		t.Errorf("%+v, now %s", marks, p.Now)
	}
	if r := draw(all["ar"], b); r.Lanes[0].Marks[0].X != "98.50%" || r.Edge != "100%" {
		t.Errorf("from the right: %+v", r.Lanes[0].Marks[0])
	}
	if p.From != 2024 || p.To != 2028 || len(p.Years) != 4 {
		t.Errorf("years %d to %d: %v", p.From, p.To, p.Years)
	}
	for _, first := range []int{2020, 1990, 1950, 1800} {
		b.Rows = append(b.Rows, row(fmt.Sprintf("%d-02-03", first), "leader", "voice"))
		if n := len(draw(all["en"], b).Years); n < 2 || n > 6 {
			t.Errorf("from %d: %d years are named", first, n)
		}
	}
	if draw(all["en"], station.ContactBook{AsOf: b.AsOf}) != nil {
		t.Error("a picture of nothing")
	}
}
