package line

import (
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/wait"
)

// Limits are bounds per peer, 5 and 8 of spec/bounds.md. What a configuration
// leaves zero is as the annex in force says.
type Limits = wait.Limits

func limitsOf(a *charter.Annex) Limits {
	return Limits{Bytes: int(a.Bound(charter.EntryBytesPerDay)), Rate: float64(a.Bound(charter.EntriesPerSecond)), Burst: charter.EntryBurst}
}

const quotaPrefix = "quota/"

func (e *Engine) loadQuotas() error {
	kvs, err := e.cfg.Store.Values(quotaPrefix)
	if err != nil {
		return err
	}
	for _, kv := range kvs {
		if p := e.peers[parley.PartyCode(kv.Key[len(quotaPrefix):])]; p != nil {
			if p.spent, err = wait.ReadSpent(kv.Value, e.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// saveQuotas puts in the batch what peers have used up.
func (e *Engine) saveQuotas() {
	written := !e.fx.Batch.Empty()
	for _, p := range e.peersInOrder() {
		if b := p.spent.Due(&e.limits, e.now, written); b != nil {
			e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: quotaPrefix + string(p.code), Value: b})
		}
	}
}

func (e *Engine) overQuota(p *peer) {
	if wait.Again(&p.spent.Told, e.now, time.Minute) {
		e.alarm("quota", p.code, parley.Ref{}, "%s sends more than the annex allows; nothing more of it is read until the window moves", p.code)
	}
}
