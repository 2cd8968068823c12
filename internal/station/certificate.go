package station

import (
	"context"
	"encoding/pem"
	"fmt"
	"time"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/wire"
)

// A station that lost everything has a new TLS key, which nobody has pinned.
// Its new generation's certificate, under the root key, binds that key. The
// others take the certificate from a file that is handed over, or as the first
// frame after the hello of a stranger (spec/recovery.md, 3).

// introduced takes the certificate of a generation that is not known yet, and
// pins the TLS key it binds. peerKey is the key that its bearer has proved;
// zero for a certificate from a file. Errors are those of a certificate that is
// not good here; WrongParty when the key is another.
func (l *liveLine) introduced(cert []byte, peerKey [32]byte) (*journal.Certificate, error) {
	c, err := journal.ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	r, ok := l.founding.Party(c.Party)
	if !ok || c.Party == l.us {
		return nil, parley.Errorf(parley.WrongParty, "a certificate of %s is no introduction to line %s", c.Party, l.id)
	}
	if err := c.Check(l.id, c.Party, l.founding.Hash()); err != nil {
		return nil, err
	}
	if c.By != journal.ByRoot || c.Reason == journal.ReasonFounding {
		return nil, parley.Errorf(parley.UnknownKey, "certificate of %s: only a new generation under the root key introduces a new TLS key", c.Gen)
	}
	if err := c.Verify(r.Root, nil); err != nil {
		return nil, err
	}
	if peerKey != ([32]byte{}) && c.TLS != peerKey {
		return nil, parley.Errorf(parley.WrongParty, "certificate of %s binds another TLS key than the one shown", c.Gen)
	}
	if n, err := journal.ParseCertificate(l.newest(c.Party).Cert); err == nil && c.Compare(&n.CertificateBody) < 0 {
		return nil, parley.Errorf(parley.Rewind, "the certificate of generation %s of %s is of %s, and generation %s, of %s, is here already",
			c.Gen, c.Party, stamp(c.Time), n.Gen, stamp(n.Time)).
			WithHint("it knew nothing of that one, and its clock may be wrong: it is told of it, and its root key has to open another")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pins[c.Party][c.TLS] = true
	return c, nil
}

func stamp(seconds uint64) string {
	return time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
}

// newest returns the newest generation of a party that is known.
func (l *liveLine) newest(p parley.PartyCode) line.LogStatus {
	for _, s := range l.runner.Status().Logs {
		if s.Party == p && s.Current {
			return s
		}
	}
	return line.LogStatus{}
}

// pinCertified pins the TLS keys that the others' generations in force bind,
// and those of certificates handed over as files; keys that only a superseded
// generation bound are good no longer. It is called when the line has started
// and when a generation was accepted.
func (l *liveLine) pinCertified() error {
	handed, err := l.store.Values(pinKey)
	if err != nil {
		return err
	}
	for _, kv := range handed {
		if _, err := l.introduced(kv.Value, [32]byte{}); err != nil && parley.KindOf(err) != parley.Rewind {
			return fmt.Errorf("reading a certificate that was handed over: %w", err)
		}
	}
	status := l.runner.Status()
	now, old := boundKeys(status)
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, keys := range old {
		for k := range keys {
			if now[p] != k && p != l.us {
				delete(l.pins[p], k)
			}
		}
	}
	for p, k := range now {
		if p != l.us {
			l.pins[p][k] = true
		}
	}
	for _, p := range l.peers() {
		gen, k := l.bindingOf(p, status)
		l.retire(p, gen, k)
	}
	return nil
}

// boundKeys returns the TLS key that each party's generation in force binds,
// and those that its earlier ones bound.
func boundKeys(s line.Status) (now map[parley.PartyCode][32]byte, old map[parley.PartyCode]map[[32]byte]bool) {
	now, old = map[parley.PartyCode][32]byte{}, map[parley.PartyCode]map[[32]byte]bool{}
	for _, g := range s.Logs {
		c, err := journal.ParseCertificate(g.Cert)
		if err != nil {
			continue
		}
		if g.Current {
			now[g.Party] = c.TLS
			continue
		}
		if old[g.Party] == nil {
			old[g.Party] = map[[32]byte]bool{}
		}
		old[g.Party][c.TLS] = true
	}
	return now, old
}

// introduction returns our certificate in force when others may not know it
// and the TLS key it binds: what a dialer sends after its hello.
func (l *liveLine) introduction() *wire.Certificate {
	if s := l.newest(l.us); s.Cert != nil && s.Reason != journal.ReasonFounding {
		return &wire.Certificate{Bytes: s.Cert}
	}
	return nil
}

// certificateStep takes the certificate file of a station that lost everything.
func (s *Station) certificateStep(ctx context.Context, by Officer, b []byte) (PairingView, error) {
	c, err := journal.ParseCertificate(b)
	if err != nil {
		return PairingView{}, err
	}
	l, err := s.lineOf(c.Line.String())
	if err != nil {
		return PairingView{}, err
	}
	if c, err = l.introduced(b, [32]byte{}); err != nil {
		return PairingView{}, fmt.Errorf("taking a certificate: %w", err)
	}
	if err := keep(l.store, pinKey+c.Gen.String(), b); err != nil {
		return PairingView{}, err
	}
	s.audit(by, "certificate taken", l.id.String(), fmt.Sprintf("%s, generation %s", c.Party, c.Gen))
	v := PairingView{Line: l.id.String(), Stage: "recovery", Parties: l.partyNames(),
		Next: "Their new station is let in. When it has connected, compare the recovery words: parley recover words."}
	if sum, ok := recoverySum(l.id, b); ok {
		w := key.Words(sum)
		v.Words, v.Digits = w[:], key.Digits(sum)
	}
	return v, nil
}

func (l *liveLine) partyNames() (names []string) {
	for _, p := range l.charter().Parties {
		names = append(names, p.Name)
	}
	return names
}

// CertificateFile returns the certificate of our generation in force on a line,
// in armour, to hand to a station that does not know our new TLS key.
func (s *Station) CertificateFile(ctx context.Context, name string) ([]byte, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	c := l.introduction()
	if c == nil {
		return nil, parley.Errorf(parley.NotFound, "our log on this line is the one it was founded with").WithHint("nothing needs to be handed over")
	}
	return certificateText(c.Bytes), nil
}

func certificateText(cert []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certificateArmour, Bytes: cert})
}
