package record

import (
	"parley"
)

// settle puts the entries in record order (spec/order.md).
func (v *verifier) settle() {
	if !v.closed {
		return // the file ended before its entries did
	}
	seq := NewSequencer(v.founding.Charter.Codes(), 0)
	for _, h := range v.ranks {
		g := Generation{ID: h.cert.Gen, Party: h.cert.Party, Disputed: h.disputed, Time: h.cert.Time, Earlier: map[parley.GenerationID]uint64{}}
		for _, e := range h.cert.Earlier {
			g.Earlier[e.Gen] = e.Size
		}
		seq.AddGeneration(g, 0, nil)
	}
	for _, h := range v.ranks {
		if err := h.feed(seq); err != nil {
			v.failures.add(h.at, "", err)
			return
		}
	}
	settled, unsettled := seq.Order()
	v.report.Settled = len(settled)
	v.report.Unsettled = len(unsettled)
	v.report.Late = v.counts.entries - len(settled) - len(unsettled)
	if len(unsettled) > 0 {
		v.report.Waiting = unsettled[0].Missing
	}
	if v.counts.entries <= v.opts.List {
		v.order = append(settled, unsettled...)
	}
}

// feed gives the entries of a log to the sequencer.
func (h *held) feed(seq *Sequencer) error {
	at := map[parley.GenerationID]int{}
	for i, t := range h.times {
		n := Node{Ref: h.ref(uint64(i)), Time: t}
		for g, steps := range h.steps {
			if k := at[g]; k < len(steps) && steps[k].index == uint64(i) {
				if n.Seen == nil {
					n.Seen = map[parley.GenerationID]uint64{}
				}
				n.Seen[g] = steps[k].size
				at[g]++
			}
		}
		if err := seq.Add(n); err != nil {
			return err
		}
	}
	return nil
}
