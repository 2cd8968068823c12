package call

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		rang  time.Duration // before now
		heard Heard
		out   bool
	}{
		{"just written", 0, Heard{}, false},
		{"by its time", RingFor + LateSlack + time.Second, Heard{}, true},
		{"within the slack", RingFor + LateSlack, Heard{}, false},
		{"by its time, and it came just now", time.Hour, Heard{}, true},
		{"written ahead, and it came just now", -time.Hour, Heard{}, false},
		{"written ahead, and it has rung here", -time.Hour, Heard{For: RingFor + LateSlack + 1}, true},
		{"written ahead, and it was here at the start", -time.Hour, Heard{Before: true}, true},
		{"a clock a little off, at the start", -LateSlack, Heard{Before: true}, false},
		{"in time, at the start", 20 * time.Second, Heard{Before: true}, false},
		{"in time, and has rung here for long: our clock was set back", 20 * time.Second, Heard{For: 2 * time.Minute}, true},
	} {
		if got := RungOut(tt.heard.Age(now.Add(-tt.rang), now)); got != tt.out {
			t.Errorf("%s: rung out %v", tt.name, got)
		}
	}
}
