package owner

import (
	"fmt"

	"parley"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/seal"
	"parley/internal/store"
)

// Placer keeps the positions of one line's record, in its store, in step with
// the logs that the store holds. It is not safe for concurrent use. The zero
// Placer begins from the store.
type Placer struct {
	p *placer
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
	if err := x.p.update(status); err != nil {
		x.p = nil
		return fmt.Errorf("placing the record: %w", err)
	}
	return nil
}

type placer struct {
	store store.Line
	seq   *record.Sequencer
	next  map[parley.GenerationID]uint64
	told  map[parley.Ref]int64 // provisional positions as the store has them
}

// newPlacer begins where the store left off: after the settled entries.
func newPlacer(st store.Line, parties []parley.PartyCode) (*placer, error) {
	c, err := st.Counts()
	if err != nil {
		return nil, err
	}
	return &placer{store: st, seq: record.NewSequencer(parties, c.Settled), next: map[parley.GenerationID]uint64{}, told: map[parley.Ref]int64{}}, nil
}

// begin tells the sequencer how much of each generation is settled already.
// What settled entries had seen is settled too, so it need not be known.
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
		if e.Pos > 0 {
			p.told[parley.Ref{Gen: e.Gen, Index: e.Index}] = e.Pos
		}
	}
	for _, s := range status.Logs {
		g, err := Generation(s.Cert, s.Disputed)
		if err != nil {
			return err
		}
		settled := s.Size - min(s.Size, waiting[s.Gen])
		p.seq.AddGeneration(g, settled, nil)
		p.next[s.Gen] = settled
	}
	return nil
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

func (p *placer) update(status line.Status) error {
	grew := false
	for _, s := range status.Logs {
		g, err := Generation(s.Cert, s.Disputed)
		if err != nil {
			return err
		}
		p.seq.AddGeneration(g, 0, nil)
		for at := p.next[s.Gen]; at < s.Size; {
			es, err := p.store.Entries(s.Gen, at, 1024)
			if err != nil {
				return err
			}
			if len(es) == 0 {
				break
			}
			for _, e := range es {
				n := record.Node{Ref: parley.Ref{Gen: e.Gen, Index: e.Index}}
				if c, err := seal.Parse(e.Bytes); err == nil {
					n.Time, n.Seen = c.Time, c.Seen
				}
				if err := p.seq.Add(n); err != nil {
					return err
				}
			}
			at += uint64(len(es))
			p.next[s.Gen], grew = at, true
		}
	}
	if !grew {
		return nil
	}
	return p.tell()
}

// tell gives the store the positions that are new or have changed.
func (p *placer) tell() error {
	settled, unsettled := p.seq.Order()
	var ps []store.Position
	for _, x := range settled {
		ps = append(ps, store.Position{Gen: x.Ref.Gen, Index: x.Ref.Index, Pos: x.Position, Settled: true})
		delete(p.told, x.Ref)
	}
	for _, x := range unsettled {
		if p.told[x.Ref] != x.Position {
			ps = append(ps, store.Position{Gen: x.Ref.Gen, Index: x.Ref.Index, Pos: x.Position})
			p.told[x.Ref] = x.Position
		}
	}
	if len(ps) == 0 {
		return nil
	}
	return p.store.Place(ps)
}
