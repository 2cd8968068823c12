package contact

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
)

// readEvent is an event as another program read it.
type readEvent struct {
	UID, Status, Start, End, Summary, Method string
	Sequence                                 int
}

// readBack has two independent libraries read a calendar; what they say is equal.
func readBack(t *testing.T, cal string) []readEvent {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/read.py")
	cmd.Stdin = strings.NewReader(cal)
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if e, ok := err.(*exec.ExitError); ok {
			stderr = string(e.Stderr)
		}
		t.Fatalf("%v: %s (python3-icalendar and python3-vobject are installed by tools/deps.sh)", err, stderr)
	}
	var both [][]readEvent
	if err := json.Unmarshal(out, &both); err != nil || len(both) != 2 {
		t.Fatalf("%v: %s", err, out)
	}
	if !slices.Equal(both[0], both[1]) {
		t.Errorf("two libraries read one calendar in two ways:\n%+v\n%+v", both[0], both[1])
	}
	return both[0]
}

// TestCalendarsAreReadByOthers: an invitation, its update and its cancellation, and
// a feed, as two programs that are not ours read them; over a change of clocks;
// with every text that could break a reader.
func TestCalendarsAreReadByOthers(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	hostile := "Strait; \\n BEGIN:VALARM, \"quoted\": 海峡的通行 مضيق " + strings.Repeat("longer ", 4) + "end"
	w := newWorld(1, 2)
	// Two o'clock in the afternoon at Paris, before and after clocks change.
	before, after := time.Date(2027, 3, 27, 14, 0, 0, 0, paris), time.Date(2027, 3, 28, 14, 0, 0, 0, paris)
	req := func(at time.Time) *Request {
		return &Request{Level: Leader, Medium: Video, Topics: []string{hostile}, Windows: []Window{{Start: uint64(at.Unix()), End: uint64(at.Add(time.Hour).Unix())}}, Minutes: 45, Place: "Hall; 2, \\ \"A\""}
	}
	event := func() Event {
		ev, ok := Fold(w.all()).Contacts[0].Event("abcd", epoch)
		if !ok {
			t.Fatal("there is no event")
		}
		return ev
	}
	r := w.write("alder", req(before))
	w.write("birch", &Reply{Phase: Accept, Window: 1}, r)
	invited := event()
	got := readBack(t, WriteCalendar([]Event{invited}, false))
	want := readEvent{UID: invited.UID, Status: "CONFIRMED", Start: "2027-03-27T13:00:00+0000", End: "2027-03-27T13:45:00+0000", Summary: strings.ReplaceAll(invited.Summary, `\`, "＼"), Method: "REQUEST", Sequence: invited.Sequence}
	if len(got) != 1 || got[0] != want {
		t.Errorf("an invitation is read as\n%+v, want\n%+v", got, want)
	}
	n := w.write("birch", req(after), r)
	w.write("alder", &Reply{Phase: Accept, Window: 1}, n)
	updated := event()
	got = readBack(t, WriteCalendar([]Event{updated}, false))
	if len(got) != 1 || got[0].UID != invited.UID || got[0].Sequence <= invited.Sequence || got[0].Start != "2027-03-28T12:00:00+0000" {
		t.Errorf("an update is read as %+v", got)
	}
	w.write("alder", &CallOff{Reason: Overtaken}, r)
	off := event()
	got = readBack(t, WriteCalendar([]Event{off}, false))
	if len(got) != 1 || got[0].UID != invited.UID || got[0].Sequence <= updated.Sequence || got[0].Status != "CANCELLED" || got[0].Method != "CANCEL" {
		t.Errorf("a cancellation is read as %+v", got)
	}
	s := w.write("birch", req(after.AddDate(0, 1, 0)))
	w.write("alder", &Reply{Phase: Accept, Window: 1}, s)
	var all []Event
	for _, c := range Fold(w.all()).Contacts {
		if ev, ok := c.Event("abcd", epoch); ok {
			all = append(all, ev)
		}
	}
	if got := readBack(t, WriteCalendar(all, true)); len(got) != 2 || got[0].UID == got[1].UID || got[0].Method != "" {
		t.Errorf("a feed is read as %+v", got)
	}
	for line := range strings.Lines(WriteCalendar(all, true)) {
		if len(line) > 77 || !strings.HasSuffix(line, "\r\n") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
}

// TestNoLiveEventIsLeft follows each side's feed while acts cross: for every UID
// the sequence never falls, what changes has a higher one, and at the end both
// feeds are one, with live events for what is agreed alone.
func TestNoLiveEventIsLeft(t *testing.T) {
	for seed := range uint64(300) {
		w := newWorld(seed, 2)
		last := map[parley.PartyCode]map[string]Event{"alder": {}, "birch": {}}
		look := func(p parley.PartyCode, es []Entry) {
			for _, c := range Fold(es).Contacts {
				ev, ok := c.Event("l", epoch)
				if !ok {
					continue
				}
				old, known := last[p][ev.UID]
				changed := old.Cancelled != ev.Cancelled || !old.Start.Equal(ev.Start) || !old.End.Equal(ev.End)
				if known && (ev.Sequence < old.Sequence || changed && ev.Sequence == old.Sequence) {
					t.Fatalf("seed %d: at %s event %s went from %+v to %+v", seed, p, ev.UID, old, ev)
				}
				last[p][ev.UID] = ev
			}
		}
		for range 25 {
			w.run(3)
			for _, p := range w.codes {
				look(p, w.view(p))
			}
		}
		for _, p := range w.codes {
			look(p, w.all())
		}
		for uid, a := range last["alder"] {
			b, ok := last["birch"][uid]
			if !ok || a.Cancelled != b.Cancelled || !a.Start.Equal(b.Start) || a.Sequence != b.Sequence {
				t.Errorf("seed %d: event %s is %+v at alder and %+v at birch", seed, uid, a, b)
			}
		}
	}
}
