package stage

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"parley"
	"parley/internal/station"
)

// past is what Alder held of Birch's log before something happened to Birch.
type past struct {
	log  station.Log
	line station.Line
}

func (y *Story) past(ctx context.Context) (past, error) {
	l, err := y.d.Alder.line(ctx)
	if err != nil {
		return past{}, err
	}
	g, ok := current(l, y.d.Birch)
	if !ok {
		return past{}, parley.Errorf(parley.Internal, "Alder holds no log of Birch")
	}
	return past{g, l}, nil
}

// current is the generation in force of a side's log, as a line shows it.
func current(l station.Line, s *Side) (station.Log, bool) {
	for _, g := range l.Logs {
		if string(g.Party) == s.Code && g.Current {
			return g, true
		}
	}
	return station.Log{}, false
}

// oldBackup puts an early copy of Birch's data in place of the present one,
// private keys and all. The station must notice, never fork, and go on in a new
// generation with its whole past.
func (y *Story) oldBackup(ctx context.Context) (string, error) {
	b := y.d.Birch
	before, err := y.past(ctx)
	if err != nil {
		return "", err
	}
	b.halt()
	if err := b.putBack(); err != nil {
		return "", err
	}
	b.newAudit()
	if err := b.start(ctx); err != nil {
		return "", err
	}
	why, took, err := y.reopened(ctx, before)
	if err != nil {
		return "", err
	}
	n, words, err := y.readable(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Birch came up with an old copy; new generation after %s (%s); the old one is closed at %d, same root, no fork; words equal (%s); %d of %d dispatches there and readable",
		seconds(took), why, before.log.Size, words, n, n), b.keepCopy()
}

// reopened waits until Alder holds a new generation of Birch's log, the old one
// is as it was, and Birch holds all of it again.
func (y *Story) reopened(ctx context.Context, before past) (why string, took time.Duration, err error) {
	took, err = await(ctx, 30*time.Second, "Birch goes on in a new generation and has its past again", func() (bool, error) {
		here, err := y.d.Alder.line(ctx)
		if err != nil {
			return false, err
		}
		g, ok := current(here, y.d.Birch)
		if !ok || g.Gen == before.log.Gen {
			return false, nil
		}
		why = g.Reason
		if err := unforked(here, before); err != nil {
			return false, err
		}
		there, err := y.d.Birch.line(ctx)
		if err != nil || there.State != "active" {
			return false, err
		}
		return complete(here, there), nil
	})
	return why, took, err
}

// unforked refuses a line on which a log is disputed, or the old generation is
// not what it was.
func unforked(l station.Line, before past) error {
	for _, g := range l.Logs {
		if g.Disputed {
			return parley.Errorf(parley.Fork, "generation %s of %s is disputed", g.Gen, g.Party)
		}
		if g.Gen == before.log.Gen && (g.Size < before.log.Size || g.Size == before.log.Size && g.Root != before.log.Root) {
			return parley.Errorf(parley.Fork, "the closed generation has %d entries, had %d", g.Size, before.log.Size)
		}
	}
	return nil
}

// complete reports whether there holds every log that here holds, to the same
// size and root.
func complete(here, there station.Line) bool {
	held := map[string]station.Log{}
	for _, g := range there.Logs {
		held[g.Gen] = g
	}
	for _, g := range here.Logs {
		h := held[g.Gen]
		if h.Size < g.Size || h.Size == g.Size && h.Root != g.Root {
			return false
		}
	}
	return true
}

// readable compares the recovery words on both sides, has Alder's officer
// confirm them, and waits until Birch reads every dispatch that Alder reads.
func (y *Story) readable(ctx context.Context) (n int, words string, err error) {
	a, b, line := y.d.Alder, y.d.Birch, y.d.Line()
	var ours, theirs []string
	if _, err := await(ctx, 15*time.Second, "both sides show recovery words", func() (bool, error) {
		if ours, err = a.client.RecoveryWords(ctx, line); err != nil {
			return false, err
		}
		theirs, err = b.client.RecoveryWords(ctx, line)
		return err == nil, err
	}); err != nil {
		return 0, "", err
	}
	if strings.Join(ours, " ") != strings.Join(theirs, " ") {
		return 0, "", parley.Errorf(parley.NotAllowed, "the recovery words are not equal: %v, %v", ours, theirs)
	}
	if err := a.as(a.Envoy).ConfirmRecovery(ctx, line, theirs); err != nil {
		return 0, "", fmt.Errorf("confirming the recovery: %w", err)
	}
	_, err = await(ctx, 30*time.Second, "every text is readable at Birch again", func() (bool, error) {
		n, err = y.sameTexts(ctx)
		return err == nil, err
	})
	return n, strings.Join(theirs, " "), err
}

// sameTexts opens every dispatch on both sides. The error is NotFound while
// Birch cannot read one, Internal when a text differs.
func (y *Story) sameTexts(ctx context.Context) (int, error) {
	all, err := y.d.Alder.dispatches(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, i := range all {
		if strings.HasPrefix(i.ID, "filed:") {
			continue
		}
		ours, err := y.d.Alder.client.Open(ctx, i.Line, i.ID)
		if err != nil {
			return n, err
		}
		theirs, err := y.d.Birch.client.Open(ctx, i.Line, i.ID)
		switch {
		case err != nil:
			return n, err
		case theirs.Unreadable || theirs.Text == "":
			return n, parley.Errorf(parley.NotFound, "Birch cannot read %q", ours.Subject)
		case theirs.Text != ours.Text:
			return n, parley.Errorf(parley.Internal, "%q reads otherwise at Birch", ours.Subject)
		}
		n++
	}
	if n == 0 {
		return 0, parley.Errorf(parley.NotFound, "there is no dispatch to read")
	}
	return n, nil
}

// lost takes everything from Birch but its root key, and brings it back with
// the founding that Alder has, a new generation under the root key, and the
// words.
func (y *Story) lost(ctx context.Context) (string, error) {
	a, b := y.d.Alder, y.d.Birch
	before, err := y.past(ctx)
	if err != nil {
		return "", err
	}
	b.halt()
	for _, dir := range []string{b.dir, b.dir + ".mark", b.old} {
		if err := os.RemoveAll(dir); err != nil {
			return "", parley.Errorf(parley.Unavailable, "losing %s: %v", dir, err)
		}
	}
	if err := y.rebuild(ctx); err != nil {
		return "", err
	}
	_, took, err := y.reopened(ctx, before)
	if err != nil {
		return "", err
	}
	unread, err := b.unreadable(ctx)
	if err != nil {
		return "", err
	}
	n, words, err := y.readable(ctx)
	if err != nil {
		return "", err
	}
	id, err := a.send(ctx, after)
	if err != nil {
		return "", err
	}
	if _, _, err := a.delivered(ctx, id, 15*time.Second); err != nil {
		return "", err
	}
	return fmt.Sprintf("Birch lost everything but its root key; new generation after %s with the founding from Alder; %d entries came back sealed; words equal (%s); %d of %d readable again; the line works",
		seconds(took), unread, words, n, n), b.keepCopy()
}

// rebuild makes Birch's station anew. Nobody lets it in at Alder: it introduces
// itself by the certificate of its new generation.
func (y *Story) rebuild(ctx context.Context) error {
	a, b := y.d.Alder, y.d.Birch
	if err := b.init(true); err != nil {
		return err
	}
	b.newAudit()
	founding, err := a.client.FoundingFile(ctx, y.d.Line())
	if err != nil {
		return fmt.Errorf("taking the founding from Alder: %w", err)
	}
	cfg, err := station.LoadConfig(b.dir)
	if err != nil {
		return err
	}
	root, err := b.rootKey()
	if err != nil {
		return err
	}
	if _, err := station.Recover(cfg, y.d.Line(), root, founding); err != nil {
		return err
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	return b.enlist(ctx)
}

// unreadable counts the entries that a side holds and cannot open.
func (s *Side) unreadable(ctx context.Context) (n int, err error) {
	p, err := s.client.Record(ctx, s.demo.Line(), station.Filter{Limit: 500})
	for _, i := range append(p.Settled, p.Unsettled...) {
		if i.Unreadable {
			n++
		}
	}
	return n, err
}

// newAudit forgets who sat at a desk whose audit begins anew.
func (s *Side) newAudit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seatFrom, s.holding = 0, map[int64]bool{}
}
