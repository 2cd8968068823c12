package control

import (
	"parley"
	"parley/internal/station"
)

// The view types leave typed twins of some texts out of JSON. These functions
// set them again from the texts, so that a caller sees the same value on both
// ends of the socket. A text that does not parse leaves the zero value.

func reviveLine(l *station.Line) {
	if id, err := parley.ParseLineID(l.Key); err == nil {
		l.ID = id
	}
}

func reviveItem(i *station.Item) {
	if a, err := parley.ParseAddress(i.FromText); err == nil {
		i.From = a
	}
	if p, err := parley.ParsePrecedence(i.PrecedenceText); err == nil {
		i.Precedence = p
	}
	if m, err := parley.ParseMarker(i.MarkerText); err == nil {
		i.Marker = m
	}
	for n := range i.Ladder {
		i.Ladder[n].Rung = rungNamed(i.Ladder[n].Name)
	}
}

func reviveItems(lists ...[]station.Item) {
	for _, list := range lists {
		for n := range list {
			reviveItem(&list[n])
		}
	}
}

func rungNamed(s string) parley.Rung {
	for r := parley.Filed; r <= parley.Answered; r++ {
		if r.String() == s {
			return r
		}
	}
	return parley.Filed
}
