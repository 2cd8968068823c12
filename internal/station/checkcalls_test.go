package station

import (
	"context"
	"fmt"
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

// TestPastDaysKeepTheirCharter: each check call is asked for by the charter that
// ruled at its time.
func TestPastDaysKeepTheirCharter(t *testing.T) {
	day := func(d, h, m int) time.Time { return time.Date(2026, 11, 23+d, h, m, 0, 0, time.UTC) } // a Monday
	at := func(since time.Time, hours ...uint64) ruled {
		c := charter.DefaultCharter(charter.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}}, charter.Party{Code: "birch", Name: "Birch", Languages: []string{"zh"}})
		for _, h := range hours {
			c.CheckCalls = append(c.CheckCalls, charter.CheckCall{Hour: h, Days: 0x7f})
		}
		return ruled{since, &c}
	}
	for _, c := range []struct {
		name string
		rs   []ruled
		from time.Time
		want string
	}{
		{"one charter", []ruled{at(day(0, 0, 0), 9)}, day(0, 10, 0), "24 0900, 25 0900, 26 0900"},
		{"moved in the afternoon", []ruled{at(day(0, 0, 0), 9), at(day(1, 15, 0), 17)}, day(0, 1, 0), "23 0900, 24 0900, 24 1700, 25 1700"},
		{"moved before the old time", []ruled{at(day(0, 0, 0), 9), at(day(1, 8, 0), 7)}, day(0, 1, 0), "23 0900, 25 0700, 26 0700"},
		{"in force at its very minute", []ruled{at(day(0, 0, 0), 9), at(day(1, 12, 0), 12)}, day(0, 8, 0), "23 0900, 24 0900, 24 1200, 25 1200"},
		{"given up", []ruled{at(day(0, 0, 0), 9), at(day(2, 0, 0))}, day(0, 8, 0), "23 0900, 24 0900"},
		{"taken up again", []ruled{at(day(0, 0, 0), 9), at(day(1, 0, 0)), at(day(3, 0, 0), 6)}, day(0, 8, 0), "23 0900, 26 0600, 27 0600"},
		{"nobody agreed on any", []ruled{at(day(0, 0, 0))}, day(0, 8, 0), ""},
		{"no charter", nil, day(0, 8, 0), ""},
	} {
		got := ""
		n := 0
		for x, ok := nextRuled(c.rs, c.from); ok && n < 4 && x.Before(day(5, 0, 0)); x, ok = nextRuled(c.rs, x) {
			if n++; got != "" {
				got += ", "
			}
			got += fmt.Sprintf("%d %s", x.Day(), x.Format("1504"))
		}
		if len(got) < len(c.want) || got[:len(c.want)] != c.want || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestCharterOfTheDay changes the time of the check call on a real line.
func TestCharterOfTheDay(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	ctx := context.Background()
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	change := func(hour string) {
		t.Helper()
		v, err := a.st.Charter(ctx, line)
		if err != nil {
			t.Fatal(err)
		}
		v.Charter.CheckCalls = []CallTime{{At: hour, Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}}}
		d, err := a.st.Propose(ctx, a.envoy, line, Proposal{Charter: &v.Charter})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 15*time.Second, "birch assents", func() bool { _, err := b.st.Assent(ctx, b.envoy, line, d.Hash); return err == nil })
		eventually(t, 15*time.Second, "it is in force", func() bool {
			v, err := a.st.Charter(ctx, line)
			return err == nil && v.InForce[0].Hash == d.Hash
		})
	}
	change("0900")
	time.Sleep(1100 * time.Millisecond) // header times are whole seconds
	middle := time.Now()
	change("1700")
	rs, err := l.ruledBy()
	if err != nil || len(rs) != 3 || rs[2].since.Before(middle.Add(-time.Second)) || !rs[1].since.Before(rs[2].since) {
		t.Fatalf("ruled by %+v, %v", rs, err)
	}
	for i, want := range []int{0, 9, 17} {
		if c := rs[i].charter.CheckCalls; want == 0 && len(c) != 0 || want != 0 && int(c[0].Hour) != want {
			t.Errorf("charter %d asks for %+v, want %d", i, c, want)
		}
	}
	calls, err := a.st.CheckCalls(ctx, line, 28)
	if err != nil || len(calls.Slots) == 0 || calls.Slots[len(calls.Slots)-1].At.Hour() != 17 || calls.Missed != 0 {
		t.Errorf("the calendar: %+v, %v", calls, err)
	}
}
