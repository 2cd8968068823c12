package station

import (
	"testing"
	"time"

	"parley/internal/charter"
)

func TestNextCheckCall(t *testing.T) {
	c := charter.DefaultCharter(charter.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}}, charter.Party{Code: "birch", Name: "Birch", Languages: []string{"zh"}})
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) // a Monday
	if _, ok := nextCheckCall(&c, now); ok {
		t.Error("a check call nobody agreed")
	}
	c.CheckCalls = []charter.CheckCall{{Hour: 8, Days: 1}, {Hour: 9, Minute: 30, Days: 1 << 6}}
	for at, want := range map[time.Time]time.Time{
		now.Add(-time.Second): now,
		now:                   time.Date(2026, 11, 29, 9, 30, 0, 0, time.UTC), // Sunday
		time.Date(2026, 11, 29, 9, 30, 0, 0, time.UTC): now.AddDate(0, 0, 7),
	} {
		if got, ok := nextCheckCall(&c, at); !ok || !got.Equal(want) {
			t.Errorf("after %v: got %v, want %v", at, got, want)
		}
	}
}
