package line

import (
	"time"

	"parley"
	"parley/internal/charter"
)

// Limits are bounds per peer, 5 and 8 of spec/bounds.md. What a configuration
// leaves zero is as the annex in force says.
type Limits struct {
	Bytes int     // of entries, per peer and day
	Rate  float64 // entries a second, sustained
	Burst float64 // entries after an outage
}

func (l *Limits) fill(a *charter.Annex) {
	if l.Bytes == 0 {
		l.Bytes = int(a.Bound(charter.EntryBytesPerDay))
	}
	if l.Rate == 0 {
		l.Rate = float64(a.Bound(charter.EntriesPerSecond))
	}
	if l.Burst == 0 {
		l.Burst = charter.EntryBurst
	}
}

// framesPerEntry allows for a checkpoint and a receipt beside each entry.
const framesPerEntry = 3

// quota counts what a peer has made us read. It is held in memory: a restart
// begins a new day.
type quota struct {
	day    time.Time
	bytes  int
	gens   int
	epochs int
	burst  float64
	at     time.Time
	over   bool
	told   time.Time
}

func (q *quota) roll(now time.Time) {
	if q.day.IsZero() || now.Sub(q.day) >= 24*time.Hour || now.Before(q.day) {
		*q = quota{day: now, burst: -1, at: now, told: q.told}
	}
}

// take counts a frame of n bytes; false means that the peer is over a bound
// and nothing more of it is read.
func (q *quota) take(lim *Limits, now time.Time, n int) bool {
	q.roll(now)
	full := lim.Burst * framesPerEntry
	if q.burst < 0 {
		q.burst = full
	}
	q.burst = min(full, q.burst+lim.Rate*framesPerEntry*max(0, now.Sub(q.at).Seconds()))
	q.at = now
	if q.burst < 1 || q.bytes+n > lim.Bytes {
		q.over = true
		return false
	}
	q.over = false
	q.burst--
	q.bytes += n
	return true
}

func (e *Engine) overQuota(p *peer) {
	if e.now.Sub(p.spent.told) < time.Minute {
		return
	}
	p.spent.told = e.now
	e.alarm("quota", p.code, parley.Ref{}, "%s sends more than the annex allows; nothing more of it is read until the window moves", p.code)
}
