package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"
)

// Text prints the counts as a table.
func (c *Counts) Text() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-21s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("line-hours", "%.0f in %d runs", c.Hours, c.Runs)
	row("said", "%d items filed, %d entries written, %d positions settled, %d batches made durable", c.Filed, c.Entries, c.Settled, c.Batches)
	row("carried", "%d frames, %d MB, over %d sessions", c.Frames, c.Bytes>>20, c.Sessions)
	row("frames", "%d lost, %d repeated, %d out of order, %d altered", c.Lost, c.Repeated, c.Reordered, c.Corrupted)
	if c.Contacts > 0 {
		row("contacts", "%d, each told alike by every station", c.Contacts)
	}
	if c.Said > 0 {
		row("statements", "%d entries of them, told alike by every station; %d joint statements stand; %d sentences against the model", c.Said, c.Joint, c.SaidModel)
	}
	if c.Rings > 0 {
		row("calls", "%d rung, %d ends of one begun, %d put through, %d halves taken in, %d times one is heard by another side; %d sentences against the model", c.Rings, c.Calls, c.Through, c.Halves, c.Heard, c.CallModel)
	}
	if c.Joined > 0 {
		row("joining", "%d newcomers on a new line; %d entries of old records are as they were; %d proof files verified there; citations checked %d times, %d of them false and found so", c.Joined, c.Kept, c.Disclosed, c.Cited, c.False)
	}
	row("the charter", "%d amendments in force, %d parties left the line", c.Amended, c.Out)
	row("attachments", "%d, carried in %d chunks, %d damaged and asked for again", c.Attached, c.Chunks, c.Damaged)
	var fs []string
	for k := range kinds {
		if k.Fault() {
			fs = append(fs, fmt.Sprintf("%s %d", k, c.Faults[k]))
		}
	}
	for i := 0; i < len(fs); i += 8 {
		name := "faults"
		if i > 0 {
			name = ""
		}
		row(name, "%s", strings.Join(fs[i:min(i+8, len(fs))], ", "))
	}
	row("after losses", "%d disks lost what they had, %d new generations, %d items lost with the only disk that had them", c.Losses, c.Generations, c.Excused)
	if c.Folds > 0 {
		row("SQLite", "%d losses of power in its own writes, the batch there all the same in %d; %d folds of the log; %d disks of no use after they lied", c.Inside, c.Survived, c.Folds, c.Spoiled)
	}
	row("against the model", "%d positions and %d assents and leaves compared", c.Compared, c.Acts)
	row("simulated", "%d events, %d steps of engines", c.Events, c.Steps)
	return b.String()
}

// Digest is over the digests of several runs, in order.
type Digest struct{ sum hash.Hash }

// NewDigest returns an empty one.
func NewDigest() *Digest { return &Digest{sha256.New()} }

// Add adds the digest of the next run.
func (d *Digest) Add(s string) { d.sum.Write([]byte(s)) }

// String returns 32 hexadecimal digits.
func (d *Digest) String() string { return hex.EncodeToString(d.sum.Sum(nil)[:16]) }

// Clock shows a time of a run as day, hour, minute and second.
func Clock(t time.Duration) string {
	day := t / (24 * time.Hour)
	s := time.Unix(0, 0).UTC().Add(t % (24 * time.Hour)).Format("15:04:05.000")
	if day == 0 {
		return s
	}
	return fmt.Sprintf("%dd %s", day, s)
}
