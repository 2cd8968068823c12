package exchange

import (
	"slices"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/call/trunk"
	"parley/internal/contact"
)

// TestHoursOfSilence: a call on which nobody says a word for 25 hours, longer than
// the timestamps of a voice take to come round, by a clock that is moved. Nobody is
// lost meanwhile, no gap is noted and nothing grows; the first word after it is heard
// at the other side, and so is who has joined in the night.
func TestHoursOfSilence(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var a, b *Exchange
	halves, bytes := 0, 0
	make := func(us, them parley.PartyCode, other **Exchange) *Exchange {
		return New(Options{Us: us, Others: []parley.PartyCode{them}, Run: 1, Mode: contact.Consecutive, Flow: 7, Now: func() time.Time { return now },
			Send: func(_ parley.PartyCode, half []byte) {
				halves, bytes = halves+1, max(bytes, len(half))
				if err := (*other).HalfIn(us, slices.Clone(half)); err != nil {
					t.Fatal(err)
				}
			},
			Paths:   func(parley.PartyCode) []trunk.Path { return []trunk.Path{&wire{*other, us}} },
			Changed: func() {}, Through: func(time.Time) {}})
	}
	a, b = make("alder", "birch", &b), make("birch", "alder", &a)
	const beat = 3 * time.Second // less than call.LostAt
	lives := func(d time.Duration) {
		t.Helper()
		for until := now.Add(d); now.Before(until); now = now.Add(beat) {
			for _, x := range []*Exchange{a, b} {
				x.step()
			}
			if len(a.lost) > 0 || len(b.lost) > 0 {
				t.Fatalf("lost at %v: %v, %v", now, a.lost, b.lost)
			}
		}
	}
	principal := call.Person{Name: "P", Role: contact.Principal, Place: call.Floor}
	ia, la := enter(t, a, principal)
	ib, lb := enter(t, b, principal)
	lives(4 * beat)
	for _, x := range []*Exchange{a, b} {
		if err := x.Do(func(r *call.Room) error { return r.SetReady(true) }); err != nil {
			t.Fatal(err)
		}
	}
	lives(10 * beat)
	says := func(n, stamp int, who string) {
		t.Helper()
		p, q := voice(n, who), voice(n, who)
		p.Timestamp, q.Timestamp = uint32(stamp), uint32(stamp)
		a.Voice(ia, la, p, 20)
		b.Voice(ib, lb, q, 20)
	}
	heard := func(when string, l *phone, want string) {
		t.Helper()
		if got := l.whom(); len(got) != 1 || got[0] != want {
			t.Errorf("%s: heard %q, want %q", when, got, want)
		}
	}
	says(1, 960, "evening")
	heard("before it", la, "evening@0")
	heard("before it", lb, "evening@0")

	// Hour after hour, each of them a word: or none for a day.
	stamp := 960
	for i, silence := range []time.Duration{time.Hour, 13 * time.Hour, 25 * time.Hour} {
		before := halves
		lives(silence)
		stamp += int(silence/time.Second) * 48_000
		says(i+2, stamp, "word")
		heard(silence.String(), la, "word@0")
		heard(silence.String(), lb, "word@0")
		if n := halves - before; n < 2*int(silence/beat)-10 || n > 2*int(silence/beat)+10 {
			t.Errorf("%d halves in %v", n, silence)
		}
	}
	id, l := enter(t, a, call.Person{Name: "D", Role: contact.Delegate, Place: call.Floor})
	lives(4 * beat)
	b.Voice(ib, lb, voice(9, "morning"), 20)
	heard("who joined in the night", l, "morning@1")
	if err := a.Leave(id); err != nil {
		t.Fatal(err)
	}
	if _, talk, gaps, people := a.Record(); len(gaps) > 0 || len(people) != 2 || len(talk) > 1 {
		t.Errorf("the record has %v, %d people, gaps %v", talk, len(people), gaps)
	}
	if bytes > 1000 {
		t.Errorf("a half has grown to %d bytes", bytes)
	}
}
