package stage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// Promise 7: all paths cut shows on both desks within so long.
const cutShows = 15 * time.Second

// send has the envoy of a side write a dispatch and the second officer release
// it. It returns when the station has filed it.
func (s *Side) send(ctx context.Context, x scripted, refs ...string) (string, error) {
	d, err := s.Draft(ctx, x, refs...)
	if err != nil {
		return "", err
	}
	s.hold(d.ID, true) // this hand is ours, not the officers' loop
	defer s.hold(d.ID, false)
	if d, err = s.as(s.Envoy).Submit(ctx, d.ID); err != nil {
		return "", err
	}
	return s.as(s.Second).Release(ctx, d.ID, d.Version, d.Precedence)
}

// delivered waits until the other side has signed that it stores an item.
func (s *Side) delivered(ctx context.Context, id string, limit time.Duration) (station.Item, time.Duration, error) {
	var i station.Item
	took, err := await(ctx, limit, fmt.Sprintf("%s has stored %s", s.other.Name, id), func() (ok bool, err error) {
		i, err = s.item(ctx, id)
		return err == nil && !i.NotDelivered && !strings.HasPrefix(i.ID, "filed:"), err
	})
	return i, took, err
}

// oneCut pulls the quicker path: the line stays up, and a dispatch from Birch
// goes by the other.
func (y *Story) oneCut(ctx context.Context) (string, error) {
	d := y.d
	if err := d.Cut("QUIC", true); err != nil {
		return "", err
	}
	id, err := d.Birch.send(ctx, notice)
	if err != nil {
		return "", err
	}
	i, took, err := d.Birch.delivered(ctx, id, 15*time.Second)
	if err != nil {
		return "", err
	}
	var down time.Duration
	down, err = await(ctx, 20*time.Second, "both sides show QUIC down and the line up by TLS", func() (bool, error) {
		for _, s := range d.Sides() {
			l, err := s.line(ctx)
			if err != nil || l.Lamp.Verdict != station.VerdictUp {
				return false, err
			}
			for _, p := range l.Paths {
				if p.Up != (p.Name == "TLS") {
					return false, nil
				}
			}
		}
		return true, nil
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("QUIC pulled; %s Nr %04d from Birch stored at Alder after %s by TLS; both lamps: line up, QUIC down (seen within %s)",
		i.PrecedenceText, i.Serial, seconds(took), seconds(took+down)), nil
}

// allCut pulls everything: no lamp stays green, and what is filed waits.
func (y *Story) allCut(ctx context.Context) (string, error) {
	d := y.d
	if err := d.Cut("", true); err != nil {
		return "", err
	}
	began := time.Now()
	var said []string
	left := make([]time.Duration, 2)
	_, err := await(ctx, cutShows, "both lamps have left green", func() (bool, error) {
		said = said[:0]
		for i, s := range d.Sides() {
			l, err := s.line(ctx)
			if err != nil {
				return false, err
			}
			if l.Lamp.State == station.LampUp || l.Lamp.State == station.LampPartly {
				continue
			}
			if left[i] == 0 {
				left[i] = time.Since(began)
			}
			if l.Lamp.Verdict != station.VerdictCannotTell {
				return false, parley.Errorf(parley.Internal, "%s says %q, which it cannot know", s.Name, l.Lamp.Verdict)
			}
			said = append(said, fmt.Sprintf("%s after %s: %q", s.Name, seconds(left[i]), l.Lamp.Sentence))
		}
		return len(said) == 2, nil
	})
	if err != nil {
		return "", err
	}
	if y.waits, err = d.Alder.send(ctx, waiting); err != nil {
		return "", err
	}
	time.Sleep(time.Second)
	i, err := d.Alder.item(ctx, y.waits)
	if err != nil {
		return "", err
	}
	if !i.NotDelivered {
		return "", parley.Errorf(parley.Internal, "a dispatch is shown as delivered over a cut line")
	}
	return strings.Join(said, "; ") + "; a dispatch filed meanwhile: not delivered", nil
}

// mended puts every cable back: what waited is stored.
func (y *Story) mended(ctx context.Context) (string, error) {
	d := y.d
	if err := d.Cut("", false); err != nil {
		return "", err
	}
	began := time.Now()
	shown := ""
	if y.waits != "" {
		i, took, err := d.Alder.delivered(ctx, y.waits, 20*time.Second)
		if err != nil {
			return "", err
		}
		shown = fmt.Sprintf("%s Nr %04d stored at Birch %s after the cables were put back; ", i.PrecedenceText, i.Serial, seconds(took))
	}
	if _, err := y.up(ctx); err != nil {
		return "", err
	}
	return shown + fmt.Sprintf("both lamps UP on %d paths after %s", len(Paths), seconds(time.Since(began))), nil
}
