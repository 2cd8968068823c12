package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley"
)

// quota counts what each party announced on each line today. A ledger beside
// the blobs, one "party bytes" a line, lets it outlive a restart; it is no
// promise to anybody, so it is not synced.
type quota struct {
	dir   string
	daily func(parley.LineID, parley.PartyCode) int64
	least int64
	now   func() time.Time
	day   string
	used  map[string]int64 // by line and party
}

// take counts size bytes from party. The error is Quota.
func (q *quota) take(l parley.LineID, party parley.PartyCode, size int64) error {
	if q.daily == nil {
		return nil
	}
	daily := q.daily(l, party)
	if daily < 0 {
		return nil
	}
	size = max(size, q.least)
	used, err := q.today(l, party)
	if err != nil {
		return err
	}
	if used+size > daily {
		return parley.Errorf(parley.Quota, "attachments of %s: %d bytes today, %d more are over the %d a day", party, used, size, daily).
			WithHint("more is taken tomorrow, UTC; the annex sets the bound")
	}
	if err := q.note(l, party, size); err != nil {
		return err
	}
	q.used[keyOf(l, party)] = used + size
	return nil
}

func keyOf(l parley.LineID, party parley.PartyCode) string { return l.String() + "/" + string(party) }

// today is what a party announced since midnight, UTC.
func (q *quota) today(l parley.LineID, party parley.PartyCode) (int64, error) {
	if day := q.now().UTC().Format(time.DateOnly); day != q.day {
		q.day = day
		clear(q.used)
	}
	k := keyOf(l, party)
	used, known := q.used[k]
	if known {
		return used, nil
	}
	used, err := q.load(l, party)
	if err == nil {
		q.used[k] = used
	}
	return used, err
}

func (q *quota) ledger(l parley.LineID) string {
	return filepath.Join(q.dir, l.String(), "announced-"+q.day)
}

// load sums up the party's part of today's ledger, and removes older ones.
func (q *quota) load(l parley.LineID, party parley.PartyCode) (int64, error) {
	old, _ := filepath.Glob(filepath.Join(q.dir, l.String(), "announced-*"))
	for _, path := range old {
		if path != q.ledger(l) {
			os.Remove(path) // stays for the next time when it cannot be
		}
	}
	b, err := os.ReadFile(q.ledger(l))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fileError(err)
	}
	return sumLedger(string(b), party), nil
}

// sumLedger sums up what the ledger says of a party. Lines that cannot be read,
// such as one cut off by a crash, count nothing.
func sumLedger(text string, party parley.PartyCode) (sum int64) {
	for entry := range strings.Lines(text) {
		who, n, _ := strings.Cut(strings.TrimSuffix(entry, "\n"), " ")
		if v, err := strconv.ParseInt(n, 10, 64); err == nil && who == string(party) && v > 0 && v <= MaxSize {
			sum += v
		}
	}
	return sum
}

func (q *quota) note(l parley.LineID, party parley.PartyCode, size int64) error {
	f, err := os.OpenFile(q.ledger(l), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fileError(err)
	}
	_, err = fmt.Fprintf(f, "%s %d\n", party, size)
	return fileError(errors.Join(err, f.Close()))
}
