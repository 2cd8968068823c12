package line

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/seal"
)

// withheld is the part of the outbox that a store which was set back may have
// sent before: what was filed when a new generation was opened in doubt. It is
// handed out only when the log before is back from everybody and what of it
// stands there already is taken out, or when an officer says so
// (spec/recovery.md, Writing again).
type withheld struct {
	to   uint64                         // the greatest outbox id that waits; 0: none does
	from map[parley.GenerationID]uint64 // how much of our own logs we held then: what we sent after that is above
	at   time.Time                      // when it was last judged
}

// judgeAgain is how often the logs before are read while something of them
// cannot be.
const judgeAgain = 2 * time.Second

// HandedKey is the key under which a store keeps which entry, as text, a
// withheld item of the outbox turned out to be.
func HandedKey(id uint64) string { return fmt.Sprintf("handed/%016x", id) }

// withhold keeps the outbox back when a generation is opened in doubt. What was
// kept back by an earlier doubt stays so, and is looked for from there on.
func (e *Engine) withhold() {
	if len(e.outbox) == 0 {
		return
	}
	if e.withheld.to == 0 {
		e.withheld.from = map[parley.GenerationID]uint64{}
		for _, l := range e.logs {
			if l.party == e.cfg.Us && l != e.own {
				e.withheld.from[l.gen] = l.size
			}
		}
	}
	e.withheld.to = e.outbox[len(e.outbox)-1].ID
	e.alarm("withheld", e.cfg.Us, parley.Ref{}, "%d items that were filed here before wait: our log was set back, and they may have been sent already", e.withheldItems())
}

// withholdLate keeps back an item that was released before our generation was
// opened, and is filed only now: our own side's store was newer than this one.
func (e *Engine) withholdLate(f *Filed) {
	if e.own == nil || len(e.own.body.Earlier) == 0 || f.At >= int64(e.own.body.Time)*1000 {
		return
	}
	if e.withheld.to == 0 {
		e.withheld.from = map[parley.GenerationID]uint64{}
		for _, x := range e.own.body.Earlier {
			e.withheld.from[x.Gen] = x.Size
		}
	}
	e.withheld.to = max(e.withheld.to, f.ID)
}

func (e *Engine) withheldItems() (n int) {
	for n < len(e.outbox) && e.outbox[n].ID <= e.withheld.to {
		n++
	}
	return n
}

// letGo ends the waiting: by an officer's word, or because all is known.
func (e *Engine) letGo() {
	if e.withheld.to != 0 {
		e.withheld = withheld{}
		e.saveSelf()
	}
}

// judgeWithheld takes out of the outbox what our old logs have already, and
// lets the rest go, once they are known whole.
func (e *Engine) judgeWithheld() error {
	if e.withheld.to == 0 || e.own == nil || e.doubt != "" {
		return nil
	}
	if e.withheldItems() == 0 {
		e.letGo()
		return nil
	}
	if !e.pastIsBack() || e.unreadPast() || e.now.Sub(e.withheld.at) < judgeAgain {
		return nil
	}
	e.withheld.at = e.now
	sent, known, err := e.sentBefore()
	if err != nil || !known {
		return err
	}
	all, found := e.withheldItems(), e.found(sent)
	for _, id := range slices.Sorted(maps.Keys(found)) {
		e.unfile(id)
		e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: HandedKey(id), Value: []byte(found[id].String())})
	}
	e.letGo()
	e.alarm("recovered", e.cfg.Us, parley.Ref{}, "of %d items that were filed here before, %d had been sent and are on record; the others are sent now", all, len(found))
	return nil
}

// pastIsBack reports whether every other party has said how much of our old
// logs it holds, and we hold as much.
func (e *Engine) pastIsBack() bool {
	for _, l := range e.logs {
		if l.party != e.cfg.Us || l == e.own {
			continue
		}
		if l.disputed {
			return false // of two histories officers say which one is ours
		}
		for _, p := range e.peers {
			if !e.out(p.code) && p.told[l.gen] > l.size {
				return false
			}
		}
	}
	for _, p := range e.peers {
		if !e.out(p.code) && (p.told == nil || e.unheardOf(p)) {
			e.askCertificates(p, time.Minute)
			return false
		}
	}
	return true
}

// unheardOf reports whether a peer holds a log that we do not know: one of ours
// may be among them.
func (e *Engine) unheardOf(p *peer) bool {
	for g := range p.told {
		if e.logs[g] == nil {
			return true
		}
	}
	return false
}

// unreadPast reports whether entries of our old logs wait for their keys.
func (e *Engine) unreadPast() bool {
	for _, l := range e.logs {
		if l.party == e.cfg.Us && l.unread > 0 {
			return true
		}
	}
	return false
}

// sentBefore returns the entries that this store did not know of when it was
// found set back. known is false while one of them cannot be read.
func (e *Engine) sentBefore() (sent []StoredEntry, known bool, err error) {
	for _, l := range e.logsInOrder() {
		if l.party != e.cfg.Us || l == e.own {
			continue
		}
		for at := e.withheld.from[l.gen]; at < l.size; {
			es, err := e.cfg.Store.Entries(l.gen, at, 1024)
			if err != nil {
				return nil, false, err
			}
			if len(es) == 0 {
				return nil, false, nil // in the batch of this step: the next one sees it
			}
			for _, s := range es {
				if s.Header != nil {
					sent = append(sent, s)
				} else if p, err := seal.Parse(s.Bytes); err != nil || !p.Announces {
					return nil, false, nil
				}
			}
			at += uint64(len(es))
		}
	}
	return sent, true, nil
}

// found pairs withheld items with entries that say the same, each entry once.
func (e *Engine) found(sent []StoredEntry) map[uint64]parley.Ref {
	said := map[string][]parley.Ref{}
	for i := range sent {
		fields, _, err := form.SplitBody(sent[i].Body)
		if k := saying(sent[i].Header, fields); err == nil && k != "" {
			said[k] = append(said[k], parley.Ref{Gen: sent[i].Gen, Index: sent[i].Index})
		}
	}
	out := map[uint64]parley.Ref{}
	for i := range e.outbox {
		f := &e.outbox[i]
		if f.ID > e.withheld.to {
			break
		}
		if k := saying(f.Header, f.Fields); len(said[k]) > 0 {
			out[f.ID], said[k] = said[k][0], said[k][1:]
		}
	}
	return out
}

// saying is what an item and the entry it becomes have in common: the header
// but for what is given when it is handed out, and the fields. It is "" for what
// cannot be read.
func saying(header, fields []byte) string {
	h, err := form.ParseHeader(header)
	if err != nil {
		return ""
	}
	h.Serial, h.Series = 0, 0
	return string(form.EncodeHeader(h)) + string(fields)
}
