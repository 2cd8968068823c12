package station

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sort"
	"strings"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/wire"
)

// wordsLife is how long the words of a recovery are good after its certificate
// has come (spec/recovery.md, 9).
const wordsLife = 24 * time.Hour

// Keys under which a line's store keeps what officers decided. They go into
// backups; the engine does not look at them.
const (
	givenKey = "station/given/"  // + generation: its party gets its entry keys again
	burntKey = "station/burnt/"  // + generation: officers heard other words
	pinKey   = "station/pinned/" // + generation: a certificate that was handed over as a file
)

// recovery is a party's generation that goes on after a restore or a loss.
type recovery struct {
	party parley.PartyCode
	gen   parley.GenerationID
	sum   [32]byte
}

// recoverySum is what the words of a recovery are the first 55 bits of. Of the
// old generations the certificate names, the last is the one that the words
// are for; the party gets the keys of all (spec/recovery.md, 8).
func recoverySum(id parley.LineID, cert []byte) (sum [32]byte, ok bool) {
	c, err := journal.ParseCertificate(cert)
	if err != nil || len(c.Earlier) == 0 {
		return sum, false
	}
	old, digest := c.Earlier[len(c.Earlier)-1].Gen, sha256.Sum256(cert)
	return key.Hash("recovery words", wire.Encode([]any{id[:], old[:], digest[:]})), true
}

// recoveries returns what is to be compared on a line, in order of party code.
func recoveries(id parley.LineID, s line.Status) (out []recovery) {
	for _, l := range s.Logs {
		if !l.Current || l.Reason != journal.ReasonRestored && l.Reason != journal.ReasonLost {
			continue
		}
		if sum, ok := recoverySum(id, l.Cert); ok {
			out = append(out, recovery{l.Party, l.Gen, sum})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].party < out[j].party })
	return out
}

// RecoveryWords returns the words that officers of all sides compare before a
// station that was restored or lost gets entry keys back: five for each party
// that recovers, in order of party code. NotFound when none does.
func (s *Station) RecoveryWords(ctx context.Context, name string) ([]string, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, r := range recoveries(l.id, l.runner.Status()) {
		w := key.Words(r.sum)
		words = append(words, w[:]...)
	}
	if len(words) == 0 {
		return nil, parley.Errorf(parley.NotFound, "no station of this line is being recovered")
	}
	return words, nil
}

// ConfirmRecovery says that officers of both sides found the recovery words
// equal: the other side's new generation may have its entry keys again, and
// keeps that right over restarts. Other words than ours burn the recovery: the
// other side must open another generation. Words that cannot be words at all
// burn nothing.
func (s *Station) ConfirmRecovery(ctx context.Context, by Officer, name string, words []string) error {
	if err := seatFor(by, "confirm a recovery", parley.Administrator, parley.Envoy, parley.Watch, parley.Principal); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	want, err := s.RecoveryWords(ctx, name)
	if err != nil {
		return err
	}
	if err := plausible(words, len(want)); err != nil {
		return err
	}
	equal := strings.EqualFold(strings.Join(words, " "), strings.Join(want, " "))
	told := false
	for _, r := range recoveries(l.id, l.runner.Status()) {
		if r.party == l.us {
			continue
		}
		told = true
		if err := s.decide(ctx, by, l, r, equal); err != nil {
			return err
		}
	}
	if !told {
		return parley.Errorf(parley.NotAllowed, "it is our own station that recovers: the other side confirms")
	}
	if !equal {
		return parley.Errorf(parley.NotAllowed, "the words are not equal: nothing is sent, and these words can no longer be confirmed").
			WithHint("somebody may be in between: tell the other side by another way; it opens another generation to try again")
	}
	return nil
}

// SendWithheld lets what waits since our log was set back be sent, though it
// may have been sent before: an officer's decision, for the other side may then
// read it twice. The error is NotFound when nothing waits.
func (s *Station) SendWithheld(ctx context.Context, by Officer, name string) error {
	if err := seatFor(by, "send what may have been sent before", parley.Administrator, parley.Envoy, parley.Watch, parley.Principal); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	n := l.runner.Status().Withheld
	if n == 0 {
		return parley.Errorf(parley.NotFound, "nothing waits on this line since a restore")
	}
	if err := s.audit(by, "send what was withheld", l.id.String(), fmt.Sprintf("%d items", n)); err != nil {
		return err
	}
	return l.runner.do(ctx, request{events: []line.Event{line.SendWithheld{}}})
}

// decide keeps what officers decided about one recovery, and acts on it.
func (s *Station) decide(ctx context.Context, by Officer, l *liveLine, r recovery, equal bool) error {
	if !equal {
		s.audit(by, "incident: recovery words differ", l.id.String(), fmt.Sprintf("%s, generation %s", r.party, r.gen))
		return keep(l.store, burntKey+r.gen.String(), signedBy(by))
	}
	burnt, err := l.store.Values(burntKey + r.gen.String())
	if err != nil {
		return err
	}
	if len(burnt) > 0 {
		return parley.Errorf(parley.NotAllowed, "the words for generation %s of %s were found unequal before", r.gen, r.party).
			WithHint("the other side opens another generation to try again")
	}
	if at := since(l, r.gen); s.now().Sub(at) > wordsLife {
		return parley.Errorf(parley.NotAllowed, "the words of %s are from %s; they are good for a day", r.party, at.UTC().Format("021504Z Jan 06")).
			WithHint("the other side opens another generation to try again")
	}
	if err := keep(l.store, givenKey+r.gen.String(), signedBy(by)); err != nil {
		return err
	}
	s.audit(by, "recovery confirmed", l.id.String(), fmt.Sprintf("%s, generation %s", r.party, r.gen))
	return l.runner.do(ctx, request{events: []line.Event{line.GiveKeys{Gen: r.gen}}})
}

// since tells when a generation was accepted here: when its first entry came,
// else when it says that it began.
func since(l *liveLine, gen parley.GenerationID) time.Time {
	if row, err := l.store.Item(gen, 0); err == nil {
		return time.UnixMilli(row.Arrived)
	}
	for _, g := range l.runner.Status().Logs {
		if g.Gen == gen {
			return g.Created
		}
	}
	return time.Time{}
}

// plausible refuses what is a slip of the fingers and not other words.
func plausible(words []string, n int) error {
	if len(words) != n {
		return parley.Errorf(parley.Malformed, "%d words, want %d", len(words), n).WithHint("type them again")
	}
	list := map[string]bool{}
	for i := range 2048 {
		list[key.Words([32]byte{byte(i >> 3), byte(i << 5)})[0]] = true
	}
	for i, w := range words {
		if !list[strings.ToLower(w)] {
			return parley.Errorf(parley.Malformed, "word %d, %q, is not in the list of words", i+1, w).WithHint("type them again")
		}
	}
	return nil
}

func signedBy(by Officer) []byte { return []byte("by " + by.Name) }

func keep(l store.Line, k string, v []byte) error {
	return l.Apply(&line.Batch{Line: l.ID(), Keys: []line.KV{{Key: k, Value: v}}})
}

// decided returns the events that officers' earlier decisions stand for. The
// runner steps them whenever it has loaded the engine.
func decided(l line.Reader) ([]line.Event, error) {
	kvs, err := l.Values(givenKey)
	if err != nil {
		return nil, err
	}
	var events []line.Event
	for _, kv := range kvs {
		gen, err := parley.ParseGenerationID(strings.TrimPrefix(kv.Key, givenKey))
		if err != nil {
			return nil, parley.Errorf(parley.Corrupt, "a recovery that was confirmed: %v", err)
		}
		events = append(events, line.GiveKeys{Gen: gen})
	}
	return events, nil
}
