package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley"
	"parley/internal/charter"
	"parley/internal/station"
)

// Pairing is what the officers saw when they paired the stations.
type Pairing struct {
	Words [2][]string // at Alder, at Birch
	Line  string
	files int
}

// charterOf is what the two sides agree on.
func (d *Demo) charterOf() charter.Charter {
	var parties []charter.Party
	for _, s := range d.Sides() {
		parties = append(parties, charter.Party{Code: parley.PartyCode(s.Code), Name: s.Name, Languages: []string{s.Lang}})
	}
	ch := charter.DefaultCharter(parties...)
	for _, p := range parties {
		ch.Rungs[p.Code] = []parley.Rung{parley.Opened, parley.Translated, parley.PrincipalInformed}
	}
	ch.Objectives[parley.Flash] = FlashObjective
	return ch
}

// Exchange carries the pairing files from hand to hand until both stations show
// words: commitments first, then keys.
func (d *Demo) Exchange(ctx context.Context) (*Pairing, error) {
	p := &Pairing{}
	v, err := d.Alder.client.Invite(ctx, d.charterOf(), charter.DefaultAnnex())
	if err != nil {
		return nil, fmt.Errorf("inviting: %w", err)
	}
	p.Line = v.Line
	for _, to := range []*Side{d.Birch, d.Alder, d.Birch, d.Alder} {
		if v, err = d.handOver(ctx, p, v.File, to); err != nil {
			return nil, fmt.Errorf("pairing at %s: %w", to.Name, err)
		}
	}
	for i, s := range d.Sides() {
		w, err := s.pairing(ctx, p.Line)
		if err != nil {
			return nil, err
		}
		p.Words[i] = w.Words
	}
	return p, nil
}

// handOver writes a pairing file, as on a stick, and gives it to a side.
func (d *Demo) handOver(ctx context.Context, p *Pairing, file []byte, to *Side) (station.PairingView, error) {
	p.files++
	path := filepath.Join(d.dir, fmt.Sprintf("%d-to-%s.pairing", p.files, to.Code))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return station.PairingView{}, parley.Errorf(parley.Unavailable, "writing a pairing file: %v", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return station.PairingView{}, parley.Errorf(parley.Unavailable, "reading a pairing file: %v", err)
	}
	return to.client.PairingStep(ctx, b)
}

// pairing is how far a pairing has come here.
func (s *Side) pairing(ctx context.Context, line string) (station.PairingView, error) {
	all, err := s.client.Pairings(ctx)
	if err != nil {
		return station.PairingView{}, err
	}
	i := slices.IndexFunc(all, func(v station.PairingView) bool { return v.Line == line })
	if i < 0 || all[i].Stage != "words" {
		return station.PairingView{}, parley.Errorf(parley.Conflict, "%s has no words to compare for line %s", s.Name, line)
	}
	return all[i], nil
}

// Equal compares what both desks show.
func (p *Pairing) Equal() bool {
	return len(p.Words[0]) == 5 && strings.Join(p.Words[0], " ") == strings.Join(p.Words[1], " ")
}

// Confirm says on both sides whether the words were equal. Equal words make the
// line, each side signing with its root key.
func (d *Demo) Confirm(ctx context.Context, p *Pairing) error {
	for _, s := range d.Sides() {
		root, err := s.rootKey()
		if err != nil {
			return err
		}
		if _, err := s.client.As(s.Admin).ConfirmWords(ctx, p.Line, p.Equal(), "in person", root); err != nil {
			return fmt.Errorf("confirming at %s: %w", s.Name, err)
		}
	}
	d.mu.Lock()
	d.line = p.Line
	d.mu.Unlock()
	return nil
}
