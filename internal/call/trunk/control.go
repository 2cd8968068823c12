package trunk

import "time"

// control chooses how many earlier packets go along, from the loss that the
// other side reports: up at once, down by one after calm.
type control struct {
	level          int
	needed         time.Time // when the level was asked for last
	expected, lost int       // reported and not judged yet
	reported       float64   // share lost when last judged
}

const (
	firstLevel = 1
	sample     = 25               // packets that are judged together, at least
	calm       = 10 * time.Second // without need before the level goes down
)

func newControl(now time.Time) control { return control{level: firstLevel, needed: now} }

// levelFor is what a share of loss asks for.
func levelFor(share float64) int {
	switch {
	case share < 0.01:
		return 0
	case share < 0.05:
		return 1
	case share < 0.15:
		return 2
	}
	return redMost
}

// told takes what was reported of one source since the report before.
func (c *control) told(expected, lost int, now time.Time) {
	c.expected, c.lost = c.expected+expected, c.lost+lost
	if c.expected < sample {
		return
	}
	c.reported = float64(c.lost) / float64(c.expected)
	c.expected, c.lost = 0, 0
	switch want := levelFor(c.reported); {
	case want >= c.level:
		c.level, c.needed = want, now
	case now.Sub(c.needed) >= calm:
		c.level, c.needed = c.level-1, now
	}
}
