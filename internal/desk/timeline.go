package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/internal/contact"
	"parley/internal/station"
)

// A timeline is the picture of a line's contacts: a lane for each level, a mark
// for each contact, years along the axis. Positions along the axis are percents,
// so that text and marks keep their size at every width.
type timeline struct {
	Lanes       []lane
	Years       []dot // Title is the year
	From, To    int   // years
	Count       int
	Height      int
	Axis, Label int    // where the axis is, and the words under it
	Now         string // where the day is that it was drawn for
	Edge        string // where words of lanes begin
}

type lane struct {
	Level string
	Y     int // of its words
	Base  int // its lower edge
	Marks []dot
}

// A dot is the mark of one contact. Its shape says the medium.
type dot struct {
	X        string
	Y        int
	Kind     string // "voice", "video", "in-person"; "next" and "overdue": a promised one
	Disputed bool
	Title    string
}

const laneHeight = 76

// above is how far from the top of a lane the marks of a medium are.
var above = map[string]int{"voice": 34, "video": 48, "in-person": 62, "next": 48, "overdue": 48}

// draw makes the picture; nil where the register holds nothing.
func draw(book *locale, b station.ContactBook) *timeline {
	var first, last time.Time
	days := map[string]time.Time{}
	reach := func(date string) {
		t, err := contact.ParseDate(date)
		if err != nil {
			return
		}
		days[date] = t
		if first.IsZero() || t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	for _, r := range b.Rows {
		reach(r.Date)
	}
	if len(days) == 0 {
		return nil
	}
	for _, l := range b.Levels {
		reach(l.Next)
	}
	if b.AsOf.After(last) {
		last = b.AsOf
	}
	t := &timeline{From: first.Year(), To: last.Year() + 1}
	from, to := yearDay(t.From), yearDay(t.To)
	place := func(at time.Time) string {
		x := 1.5 + 97*at.Sub(from).Hours()/to.Sub(from).Hours()
		if book.Dir == "rtl" {
			x = 100 - x
		}
		return fmt.Sprintf("%.2f%%", x)
	}
	for i, l := range b.Levels {
		n := lane{Level: l.Level, Y: i*laneHeight + 16, Base: (i + 1) * laneHeight}
		seen := map[string]int{} // what both sides entered is one mark
		for _, r := range slices.Backward(b.Rows) {
			at, ok := days[r.Date]
			if !ok || r.Level != l.Level || r.TakenBack {
				continue
			}
			if m, twice := seen[r.Date+r.Medium]; twice {
				n.Marks[m].Disputed = n.Marks[m].Disputed || len(r.Disputed) > 0
			} else {
				seen[r.Date+r.Medium] = len(n.Marks)
				n.Marks = append(n.Marks, dot{X: place(at), Y: i*laneHeight + above[r.Medium], Kind: r.Medium, Disputed: len(r.Disputed) > 0,
					Title: strings.Join([]string{r.Date, book.text("contact.medium." + r.Medium), r.OurSide + " – " + r.TheirSide}, " · ")})
				t.Count++
			}
		}
		if at, ok := days[l.Next]; ok {
			kind := "next"
			if l.NextOverdue {
				kind = "overdue"
			}
			n.Marks = append(n.Marks, dot{X: place(at), Y: i*laneHeight + above[kind], Kind: kind, Title: l.Next + " · " + book.text("contacts."+kind)})
		}
		t.Lanes = append(t.Lanes, n)
	}
	step := yearStep(t.To - t.From)
	for y := t.From + (step-t.From%step)%step; y < t.To; y += step {
		t.Years = append(t.Years, dot{X: place(yearDay(y)), Title: fmt.Sprint(y)})
	}
	t.Axis = len(t.Lanes)*laneHeight + 4
	t.Label, t.Height = t.Axis+20, t.Axis+28
	t.Now = place(b.AsOf)
	t.Edge = "0"
	if book.Dir == "rtl" {
		t.Edge = "100%"
	}
	return t
}

func yearDay(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }

// yearStep is how many years lie between two words of the axis, so that they fit
// a narrow screen.
func yearStep(years int) int {
	for _, s := range []int{1, 2, 5, 10, 20, 50} {
		if years <= 5*s {
			return s
		}
	}
	return 100
}
