package trunk

import "time"

// control chooses how many earlier packets go along, from the loss that the
// other side reports: up at once when a sample is clearly over a bound, down by
// one when the mean of the last seconds is under it.
type control struct {
	level          int
	changed        time.Time
	expected, lost int     // reported and not judged yet
	since          int     // of expected, from the first report of a loss on
	reported       float64 // share lost when last judged
	past           [calmSeconds]second
	most           int       // levels that the paths carry
	widened        time.Time // when most was changed last
	step           step      // the last one up
	sure           time.Time // when the path was last found to lose as much with little as with much
}

// step is one up, until it is judged; or one taken back, until that is.
type step struct {
	from           int
	before         float64 // share lost that asked for it
	at             time.Time
	expected, lost int     // reported of what went after it
	after          float64 // share lost after it, once it is taken back; else 0
}

// second is what was reported in one second.
type second struct {
	at             int64
	expected, lost int
}

const (
	firstLevel  = 1
	sample      = 50 // packets that are judged together, at least: one voice's second
	calmSeconds = 10 // over which the mean is taken, and between two steps down
)

// The shares of loss from which one, two and three packets go along. A small
// sample has to be further over them than the mean, or chance would decide.
var (
	byMean   = [redMost]float64{0.01, 0.05, 0.15}
	bySample = [redMost]float64{0.01, 0.09, 0.20}
)

func newControl(now time.Time) control {
	return control{level: firstLevel, changed: now, most: redMost}
}

func levelFor(share float64, bounds [redMost]float64) (level int) {
	for level < redMost && share >= bounds[level] {
		level++
	}
	return level
}

// told takes what was reported of one source since the report before.
func (c *control) told(expected, lost int, now time.Time) {
	at := now.Unix()
	s := &c.past[uint64(at)%calmSeconds]
	if s.at != at {
		*s = second{at: at}
	}
	s.expected, s.lost = s.expected+expected, s.lost+lost
	if c.expected, c.lost = c.expected+expected, c.lost+lost; c.lost > 0 {
		c.since += expected
	}
	// What is lost already decides, however the rest of the sample comes out.
	if up := min(levelFor(float64(c.lost)/float64(max(c.expected, sample)), bySample), c.most); up > c.level {
		if c.step.at.IsZero() { // else one step more, of those that are judged together
			c.step = step{from: c.level, before: float64(c.lost) / float64(c.since)} // a path may just have begun to lose
		}
		c.step.at, c.step.expected, c.step.lost = now, 0, 0
		c.level, c.changed = up, now
	} else if c.worse(expected, lost, now) {
		return
	}
	if c.expected < sample {
		return
	}
	c.reported = float64(c.lost) / float64(c.expected)
	c.expected, c.lost, c.since = 0, 0, 0
	if now.Sub(c.changed) >= calmSeconds*time.Second && levelFor(c.mean(at), byMean) < c.level {
		c.level, c.changed = c.level-1, now
	}
}

// A step up is judged once: where more is lost after it by displaced, what goes
// along is what the path has no room for, and the step is taken back. That is
// judged as well: where as much is lost without, it was the path that became worse,
// and for a while nothing is taken back.
const (
	displaced = 0.15
	onItsWay  = 500 * time.Millisecond // what went before the step is still reported
	judged    = 2500 * time.Millisecond
	sureFor   = time.Minute
)

// worse takes the last step back when more is lost since, or makes it again.
func (c *control) worse(expected, lost int, now time.Time) bool {
	s := &c.step
	age := now.Sub(s.at)
	if s.at.IsZero() || age < onItsWay {
		return false
	}
	s.expected, s.lost = s.expected+expected, s.lost+lost
	if age < judged || s.expected < sample {
		return false
	}
	share := float64(s.lost) / float64(s.expected)
	next := step{}
	switch {
	case s.after > 0 && share > s.after-displaced:
		c.most, c.level, c.sure = redMost, levelFor(share, bySample), now
	case s.after == 0 && share >= s.before+displaced && c.level > s.from && (c.sure.IsZero() || now.Sub(c.sure) >= sureFor):
		c.most, c.level, c.widened = s.from, s.from, now
		next = step{from: s.from, at: now, after: share}
	default:
		*s = next
		return false
	}
	*s = next
	c.changed, c.expected, c.lost, c.since = now, 0, 0, 0
	return true
}

// mean is the share lost in the last seconds.
func (c *control) mean(now int64) float64 {
	expected, lost := 0, 0
	for _, s := range c.past {
		if now-s.at < calmSeconds {
			expected, lost = expected+s.expected, lost+s.lost
		}
	}
	return float64(lost) / float64(max(expected, 1))
}

// crowded is the share of our packets that a path may drop unsent.
const crowded = 0.1

// carried takes the share of our packets that the best path dropped unsent in
// the last second. What goes along would only displace what it is to replace.
func (c *control) carried(unsent float64, now time.Time) {
	switch {
	case unsent > crowded && c.level > 0:
		c.most, c.level, c.changed, c.widened = c.level-1, c.level-1, now, now
	case c.most < redMost && now.Sub(c.widened) >= calmSeconds*time.Second:
		c.most, c.widened = c.most+1, now
	}
}
