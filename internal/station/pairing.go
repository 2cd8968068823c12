package station

import (
	"context"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/key"
	"parley/internal/pair"
	"parley/internal/store"
)

// foundingArmour and certificateArmour name the two other files that go from
// hand to hand: the founding of a line, which each party keeps a copy of, and
// the certificate of a new generation, for a station that cannot connect before
// its new TLS key is known.
const (
	foundingArmour    = "PARLEY FOUNDING"
	certificateArmour = "PARLEY CERTIFICATE"
)

func (s *Station) pairings() *pairings {
	ps := pairingsOf(s.cfg, s.storage, s.store, s.tls.hash())
	ps.now = s.now
	return ps
}

// pairingsOf returns the pairings of a data directory whose store is open and
// whose TLS key has the hash self.
func pairingsOf(cfg Config, storage *key.Storage, st store.Store, self [32]byte) *pairings {
	return &pairings{dir: cfg.path(pairingDir), storage: storage, store: st, us: parley.PartyCode(cfg.Party),
		root: func() (key.Public, error) { return loadRoot(cfg) }, tls: self, addresses: cfg.addresses(), rand: cryptoRand, now: time.Now}
}

// Invite starts a pairing under a charter and an annex. The view's file is what
// to hand over. Errors: NotAllowed, WrongParty when the charter does not name
// this station as it calls itself, and those of the documents.
func (s *Station) Invite(ctx context.Context, by Officer, ch charter.Charter, an charter.Annex) (PairingView, error) {
	if err := seatFor(by, "start a pairing", parley.Administrator); err != nil {
		return PairingView{}, err
	}
	p, err := s.pairings().invite(ch, an)
	if err != nil {
		return PairingView{}, fmt.Errorf("inviting: %w", err)
	}
	s.audit(by, "pairing invited", p.line().String(), strings.Join(p.names(ch.Codes()), ", "))
	s.hub.emit("line", p.line().String(), "")
	return p.view()
}

// Pairings lists the pairings under way, confirmed and burnt.
func (s *Station) Pairings(ctx context.Context) ([]PairingView, error) {
	all, err := s.pairings().all()
	if err != nil {
		return nil, err
	}
	out := make([]PairingView, 0, len(all))
	for _, p := range all {
		v, err := p.view()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// PairingStep takes a file of the other side: it accepts or reveals, whatever
// the file and our state allow next. The same file twice does no harm. A file
// that contradicts an earlier one burns the pairing, which is an incident. The
// certificate file of a station that lost everything is taken here too.
func (s *Station) PairingStep(ctx context.Context, by Officer, file []byte) (PairingView, error) {
	if err := seatFor(by, "take in a pairing file", parley.Administrator); err != nil {
		return PairingView{}, err
	}
	if b, _ := pem.Decode(file); b != nil && b.Type == certificateArmour {
		return s.certificateStep(ctx, by, b.Bytes)
	}
	f, err := pair.ParsePairing(file)
	if err != nil {
		return PairingView{}, err
	}
	ps := s.pairings()
	unlock, err := ps.lock(ctx, f.Line)
	if err != nil {
		return PairingView{}, err
	}
	defer unlock()
	p, burnt, err := ps.step(file)
	if burnt {
		s.audit(by, "incident: pairing burnt", f.Line.String(), p.state.Burnt())
	}
	if err != nil {
		return PairingView{}, fmt.Errorf("pairing: %w", err)
	}
	s.audit(by, "pairing "+string(p.state.Stage()), f.Line.String(), "")
	s.hub.emit("line", f.Line.String(), "")
	return p.view()
}

// ConfirmWords says whether officers found the words equal, and how they
// compared them. Equal founds the line: rootKey signs our founding certificate,
// here and once. Not equal burns the pairing for good, which is an incident.
// After a crash it may be repeated.
func (s *Station) ConfirmWords(ctx context.Context, by Officer, name string, equal bool, how string, rootKey key.Signer) (Line, error) {
	if err := seatFor(by, "confirm a pairing", parley.Administrator); err != nil {
		return Line{}, err
	}
	ps := s.pairings()
	id, err := ps.find(name)
	if err != nil {
		return Line{}, err
	}
	unlock, err := ps.lock(ctx, id)
	if err != nil {
		return Line{}, err
	}
	defer unlock()
	p, err := ps.load(id)
	if err != nil {
		return Line{}, err
	}
	if !equal {
		if err := ps.burn(p, "officers found the words unequal"); err != nil {
			return Line{}, err
		}
		s.audit(by, "incident: pairing burnt", id.String(), "the words were not equal; compared: "+how)
		s.hub.emit("line", id.String(), "")
		return Line{ID: id, Key: id.String(), State: string(pair.Burnt)}, nil
	}
	if err := ps.confirm(p, how, rootKey); err != nil {
		return Line{}, fmt.Errorf("confirming the words: %w", err)
	}
	s.audit(by, "pairing confirmed", id.String(), how)
	if err := s.begin(ctx, ps, p); err != nil {
		return Line{}, err
	}
	return s.Line(ctx, id.String())
}

// begin sets a founded line to work, and files our assent to its charter. A
// station that does not run yet does both when it does.
func (s *Station) begin(ctx context.Context, ps *pairings, p *pairing) error {
	s.mu.Lock()
	run, l := s.run, s.lines[p.line()]
	s.mu.Unlock()
	if run == nil {
		return nil
	}
	if l == nil {
		l, err := s.addLine(run, p.line())
		if err == nil {
			err = l.works(ctx)
		}
		if err != nil {
			return fmt.Errorf("starting line %s: %w", p.line(), err)
		}
	}
	return s.agree(ctx, ps, p)
}

// agree files our assent to the charter of a founded line, once.
func (s *Station) agree(ctx context.Context, ps *pairings, p *pairing) error {
	if !p.done || p.agree {
		return nil
	}
	filed, err := hasAssent(ps.store.Line(p.line()), ps.us)
	if err != nil {
		return err
	}
	if !filed {
		if err := s.assent(ctx, p.line()); err != nil {
			return fmt.Errorf("assenting to the charter: %w", err)
		}
	}
	p.agree = true
	return ps.save(p, "agreed")
}

// resumeFoundings finishes foundings that a crash cut off. Run calls it before
// it starts the lines of the store.
func (s *Station) resumeFoundings() error { return s.pairings().resume() }

// resumeAssents files assents that a crash cut off. Run calls it once the lines
// have started.
func (s *Station) resumeAssents(ctx context.Context) error {
	s.mu.Lock()
	s.assented = true // a line that works from here on looks itself
	s.mu.Unlock()
	all, err := s.pairings().all()
	if err != nil {
		return err
	}
	for _, p := range all {
		s.mu.Lock()
		l, shut := s.lines[p.line()], s.shut[p.line()]
		s.mu.Unlock()
		if shut != nil || l != nil && !l.isUp() {
			continue
		}
		if err := s.resumeAssent(ctx, p.line()); err != nil {
			if l == nil || l.failure() == nil {
				return err
			}
			l.log.Error("the assent to the charter is not filed", "err", err)
		}
	}
	return nil
}

// resumeAssent files our assent to the charter of a line, if it was founded here and is
// not filed yet.
func (s *Station) resumeAssent(ctx context.Context, id parley.LineID) error {
	ps := s.pairings()
	unlock, err := ps.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := ps.load(id)
	if parley.KindOf(err) == parley.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return s.agree(ctx, ps, p)
}

// FoundingFile returns the founding of a line, in armour, and behind it the
// certificates of all generations known here: what a party keeps a copy of,
// since a station that lost everything needs it. It is not secret.
func (s *Station) FoundingFile(ctx context.Context, name string) ([]byte, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	text := foundingText(l.founding.Encode())
	for _, g := range l.runner.Status().Logs {
		text = append(text, certificateText(g.Cert)...)
	}
	return text, nil
}

func foundingText(founding []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: foundingArmour, Bytes: founding})
}

// parseFoundingFile reads a founding, binary or in armour, and the certificates
// that stand behind it.
func parseFoundingFile(b []byte) (f *charter.Founding, certificates [][]byte, err error) {
	if block, rest := pem.Decode(b); block != nil {
		if block.Type != foundingArmour {
			return nil, nil, parley.Errorf(parley.Malformed, "a file of %s is no founding", strings.ToLower(block.Type))
		}
		b = block.Bytes
		for block, rest = pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != certificateArmour {
				return nil, nil, parley.Errorf(parley.Malformed, "behind the founding stands a %s", strings.ToLower(block.Type))
			}
			certificates = append(certificates, block.Bytes)
		}
	}
	f, err = charter.ParseFounding(b)
	return f, certificates, err
}
