package station

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"parley"
)

// TestBrokenLineKeepsNobodyWaiting: of three lines of a station two cannot be read, one
// in what its engine needs and one in its founding. The third is up when the station
// has started; the two say what is wrong, where, and what to do, on the board and when
// asked why, with one alarm each; and they come up by themselves when they can be read.
func TestBrokenLineKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b, c, d := newParty(t, "alder"), newParty(t, "birch"), newParty(t, "cedar"), newParty(t, "doric")
	logless, whole, unfounded := pairAll(t, a, b), pairAll(t, a, c), pairAll(t, a, d)
	a.halt()
	id := func(line string) parley.LineID {
		x, err := parley.ParseLineID(line)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	// flip alters the first byte of what the engine of one line is loaded from, and of
	// the founding of another, or makes them whole again.
	flip := func() {
		t.Helper()
		cfg, err := LoadConfig(a.dir)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", "file:"+cfg.path(storeFile)+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		alter := func(line, read, write string) {
			t.Helper()
			x := id(line)
			var key string
			var b []byte
			if err := db.QueryRow(read, x[:]).Scan(&key, &b); err != nil {
				t.Fatal(err)
			}
			b[0] ^= 0x55
			if _, err := db.Exec(write, b, x[:], key); err != nil {
				t.Fatal(err)
			}
		}
		alter(logless, "SELECT key, value FROM kv WHERE line = (SELECT n FROM lines WHERE id = ?) AND key = 'self'", "UPDATE kv SET value = ? WHERE line = (SELECT n FROM lines WHERE id = ?) AND key = ?")
		alter(unfounded, "SELECT n, founding FROM lines WHERE id = ?", "UPDATE lines SET founding = ? WHERE id = ? AND n = ?")
	}
	flip()
	began := time.Now()
	a.start()
	if took := time.Since(began); took > startWithin {
		t.Errorf("the station was ready after %s: it waited for what cannot be read", took)
	}
	a.waitUp(whole)
	board, err := a.st.Lines(ctx)
	if err != nil || len(board) != 3 {
		t.Fatalf("%d lines on the board, %v", len(board), err)
	}
	for _, line := range []string{logless, unfounded} {
		why, err := a.st.Why(ctx, line)
		if err != nil || why.State != LampDown || why.Verdict != VerdictOurs || len(why.Evidence) == 0 || why.Evidence[0].Code != "load-failed" || !strings.Contains(why.Evidence[0].Text, storeFile) || len(why.Try) == 0 || !strings.Contains(why.Try[0], "parley fsck") {
			t.Errorf("why of a line that cannot be read: %+v, %v", why, err)
		}
		for _, l := range board {
			if l.Key == line && (l.Lamp.State != LampDown || l.Lamp.Sentence != why.Sentence) {
				t.Errorf("on the board it is %+v", l.Lamp)
			}
		}
	}
	if _, err := a.st.Record(ctx, unfounded, Filter{}); parley.KindOf(err) == parley.NotFound || err == nil || !strings.Contains(err.Error(), "founding") {
		t.Errorf("the entries of a line without a founding: %v", err)
	}
	told := map[string]int{}
	for end := time.Now().Add(5 * time.Second); told[logless]+told[unfounded] < 2 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		alarms, err := a.st.Alarms(ctx)
		if err != nil {
			t.Fatal(err)
		}
		clear(told)
		for _, x := range alarms {
			if x.Code == "disk" {
				told[x.Line]++
			}
		}
	}
	if told[logless] != 1 || told[unfounded] != 1 || told[whole] != 0 {
		t.Errorf("alarms: %v", told)
	}
	flip()
	a.waitUp(logless)
	a.waitUp(unfounded)
	a.waitUp(whole)
}
