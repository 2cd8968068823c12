package station

import (
	"fmt"

	"parley"
	"parley/internal/journal"
	"parley/internal/record"
	"parley/internal/seal"
	"parley/internal/store"
)

// placer keeps the sequencer of a line in step with its store.
type placer struct {
	seq  *record.Sequencer
	next map[parley.GenerationID]uint64
	told map[parley.Ref]int64 // provisional positions as the store has them
}

// newPlacer begins where the store left off: after the settled entries.
func newPlacer(l *liveLine) (*placer, error) {
	c, err := l.store.Counts()
	if err != nil {
		return nil, err
	}
	return &placer{seq: record.NewSequencer(l.founding.Charter.Codes(), c.Settled), next: map[parley.GenerationID]uint64{}, told: map[parley.Ref]int64{}}, nil
}

// placeAll brings the positions of a line up to date with what it holds.
func placeAll(l *liveLine) error {
	if l.placer == nil {
		p, err := newPlacer(l)
		if err != nil {
			return err
		}
		if err := p.begin(l); err != nil {
			return err
		}
		l.placer = p
	}
	if err := l.placer.update(l); err != nil {
		l.placer = nil // begin again from the store
		return fmt.Errorf("placing the record: %w", err)
	}
	return nil
}

// begin tells the sequencer how much of each generation is settled already.
// What settled entries had seen is settled too, so it need not be known.
func (p *placer) begin(l *liveLine) error {
	pending, err := l.store.Pending()
	if err != nil {
		return err
	}
	waiting := map[parley.GenerationID]uint64{}
	for _, e := range pending {
		waiting[e.Gen]++
		if e.Pos > 0 {
			p.told[parley.Ref{Gen: e.Gen, Index: e.Index}] = e.Pos
		}
	}
	for _, s := range l.runner.Status().Logs {
		g, err := generation(s.Cert, s.Disputed)
		if err != nil {
			return err
		}
		settled := s.Size - min(s.Size, waiting[s.Gen])
		p.seq.AddGeneration(g, settled, nil)
		p.next[s.Gen] = settled
	}
	return nil
}

func generation(cert []byte, disputed bool) (record.Generation, error) {
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

func (p *placer) update(l *liveLine) error {
	grew := false
	for _, s := range l.runner.Status().Logs {
		g, err := generation(s.Cert, s.Disputed)
		if err != nil {
			return err
		}
		p.seq.AddGeneration(g, 0, nil)
		for at := p.next[s.Gen]; at < s.Size; {
			es, err := l.store.Entries(s.Gen, at, 1024)
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
	return p.tell(l)
}

// tell gives the store the positions that are new or have changed.
func (p *placer) tell(l *liveLine) error {
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
	return l.store.Place(ps)
}
