package owner

import (
	"bytes"
	"fmt"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/store"
)

// Placer keeps the positions of one line's record, in its store, in step with
// the logs that the store holds. It is not safe for concurrent use. The zero
// Placer begins from the store.
type Placer struct {
	p     *placer
	turns uint64
}

// Place brings the positions up to date with the logs of status, which the
// store holds at least. After an error it begins again from the store. A status
// without logs is that of an engine not loaded yet: there is nothing to place,
// and nothing to begin with.
func (x *Placer) Place(st store.Line, parties []parley.PartyCode, status line.Status) error {
	if len(status.Logs) == 0 {
		return nil
	}
	if x.p == nil {
		p, err := newPlacer(st, parties)
		if err != nil {
			return err
		}
		if err := p.begin(status); err != nil {
			return err
		}
		x.p = p
	}
	turned, err := x.p.update(status)
	if turned || err != nil {
		x.turns++
	}
	if err != nil {
		x.p = nil
		return fmt.Errorf("placing the record: %w", err)
	}
	return nil
}

// Turns rises whenever an entry went off the record or came back to it, and when a
// generation came into force.
func (x *Placer) Turns() uint64 { return x.turns }

// Settled is how many positions the store has as settled, as far as is known here: 0
// before anything was placed.
func (x *Placer) Settled() int64 {
	if x.p == nil {
		return 0
	}
	return x.p.settled
}

// Waiting lists the parties whose word the next position of the record waits for.
func (x *Placer) Waiting() []parley.PartyCode {
	if x.p == nil {
		return nil
	}
	return x.p.waiting
}

type placer struct {
	store   store.Line
	parties []parley.PartyCode
	seq     *record.Sequencer
	settled int64 // positions that the store has as settled
	next    map[parley.GenerationID]uint64
	known   map[parley.GenerationID]known
	told    map[parley.Ref]int64 // entries not settled: their positions as the store has them
	waiting []parley.PartyCode
}

// newPlacer begins where the store left off.
func newPlacer(st store.Line, parties []parley.PartyCode) (*placer, error) {
	c, err := st.Counts()
	if err != nil {
		return nil, err
	}
	return &placer{store: st, parties: parties, settled: c.Settled, next: map[parley.GenerationID]uint64{}, known: map[parley.GenerationID]known{}, told: map[parley.Ref]int64{}}, nil
}

// begin tells the sequencer how much of each generation is settled already.
// What settled entries had seen is settled too, so it need not be known. Where
// a generation waits to come into force, entries are off the record, or a party
// may be out, more of the past counts: then the order is computed anew from the
// first entry.
func (p *placer) begin(status line.Status) error {
	pending, err := p.store.Pending()
	if err != nil {
		return err
	}
	size, waiting := map[parley.GenerationID]uint64{}, map[parley.GenerationID]uint64{}
	for _, s := range status.Logs {
		size[s.Gen] = s.Size
	}
	for _, e := range pending {
		if e.Index >= size[e.Gen] {
			continue // stored since status was taken
		}
		waiting[e.Gen]++
		p.told[parley.Ref{Gen: e.Gen, Index: e.Index}] = e.Pos
	}
	settled, first, off := map[parley.GenerationID]uint64{}, p.settled, -p.settled
	for _, s := range status.Logs {
		settled[s.Gen] = s.Size - min(s.Size, waiting[s.Gen])
		off += int64(settled[s.Gen])
	}
	anew, err := p.anew(status, settled)
	if err != nil {
		return err
	}
	if anew || off != 0 {
		clear(settled)
		first = 0
	}
	p.seq = record.NewSequencer(p.parties, first)
	for _, s := range status.Logs {
		g, err := Generation(s.Cert, s.Disputed)
		if err != nil {
			return err
		}
		n, time := settled[s.Gen], uint64(0)
		if n > 0 {
			if time, err = p.timeOf(s.Gen, n-1); err != nil {
				return err
			}
		}
		p.seq.Resume(g, n, time)
		p.next[s.Gen] = n
	}
	return nil
}

func (p *placer) timeOf(g parley.GenerationID, index uint64) (uint64, error) {
	leaves, err := p.store.Leaves(g, index, 1)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	return record.NodeOf(nil, "", parley.Ref{}, leaves[0]).Time, nil
}

// anew reports whether the settled entries say more than how many they are.
func (p *placer) anew(status line.Status, settled map[parley.GenerationID]uint64) (bool, error) {
	for _, s := range status.Logs {
		if settled[s.Gen] == 0 && p.settled > 0 {
			return true, nil
		}
	}
	if len(p.parties) < 3 {
		return false, nil // an epoch is always sealed to the one other party
	}
	for after := int64(0); ; {
		rows, _, err := p.store.Rows(store.Filter{Forms: []string{store.EpochForm}, After: after, Limit: 500})
		if err != nil || len(rows) == 0 {
			return false, err
		}
		for i := range rows {
			r := &rows[i]
			if len(record.NodeOf(p.parties, r.Party, r.Ref(), r.Bytes).Out) > 0 {
				return true, nil
			}
			after = r.Pos
		}
	}
}

// Generation is what the order needs of a log, from its certificate.
func Generation(cert []byte, disputed bool) (record.Generation, error) {
	c, err := journal.ParseCertificate(cert)
	if err != nil {
		return record.Generation{}, err
	}
	g := record.Generation{ID: c.Gen, Party: c.Party, Time: c.Time, Disputed: disputed, Earlier: map[parley.GenerationID]uint64{}}
	for _, e := range c.Earlier {
		g.Earlier[e.Gen] = e.Size
	}
	return g, nil
}

// known is what the sequencer was told of a generation last.
type known struct {
	cert     []byte
	disputed bool
	g        record.Generation
}

// generation tells the sequencer of a generation that it does not know as it is.
func (p *placer) generation(s *line.LogStatus) (record.Generation, error) {
	if k, ok := p.known[s.Gen]; ok && k.disputed == s.Disputed && bytes.Equal(k.cert, s.Cert) {
		return k.g, nil
	}
	g, err := Generation(s.Cert, s.Disputed)
	if err != nil {
		return g, err
	}
	p.seq.AddGeneration(g)
	p.known[s.Gen] = known{s.Cert, s.Disputed, g}
	return g, nil
}

func (p *placer) update(status line.Status) (turned bool, _ error) {
	grew := false
	for i := range status.Logs {
		s := &status.Logs[i]
		g, err := p.generation(s)
		if err != nil {
			return false, err
		}
		for at := p.next[s.Gen]; at < s.Size; {
			leaves, err := p.store.Leaves(s.Gen, at, int(min(1024, s.Size-at)))
			if err != nil {
				return false, err
			}
			if len(leaves) == 0 {
				break
			}
			for i, b := range leaves {
				n := record.NodeOf(p.parties, g.Party, parley.Ref{Gen: s.Gen, Index: at + uint64(i)}, b)
				if err := p.seq.Add(n); err != nil {
					return false, err
				}
				if _, ok := p.told[n.Ref]; !ok {
					p.told[n.Ref] = 0
				}
			}
			at += uint64(len(leaves))
			p.next[s.Gen], grew = at, true
		}
	}
	if !grew {
		return false, nil
	}
	return p.tell()
}

// tell gives the store the positions that are new or have changed.
func (p *placer) tell() (turned bool, _ error) {
	settled, unsettled := p.seq.Order()
	var ps []store.Position
	for _, x := range settled {
		turned = turned || x.Ref.Index == 0 || p.told[x.Ref] == store.OffRecord
		delete(p.told, x.Ref)
		if x.Position > p.settled {
			ps = append(ps, store.Position{Gen: x.Ref.Gen, Index: x.Ref.Index, Pos: x.Position, Settled: true})
			p.settled = x.Position
		}
	}
	placed := make(map[parley.Ref]bool, len(unsettled))
	p.waiting = nil
	for _, x := range unsettled {
		p.waiting = x.Missing
		placed[x.Ref] = true
		if x.Position > p.settled && p.told[x.Ref] != x.Position {
			turned = turned || p.told[x.Ref] == store.OffRecord
			ps = append(ps, store.Position{Gen: x.Ref.Gen, Index: x.Ref.Index, Pos: x.Position})
			p.told[x.Ref] = x.Position
		}
	}
	for ref, pos := range p.told {
		if !placed[ref] && pos != store.OffRecord {
			ps = append(ps, store.Position{Gen: ref.Gen, Index: ref.Index, Pos: store.OffRecord})
			p.told[ref], turned = store.OffRecord, true
		}
	}
	if len(ps) == 0 {
		return turned, nil
	}
	return turned, p.store.Place(ps) // at once: what is settled may be where another stood for now
}
