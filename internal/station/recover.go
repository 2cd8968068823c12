package station

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/hwm"
	"parley/internal/store/sqlite"
)

// recoveryDir holds the certificates of recovered lines, one file each, to be
// handed to stations that do not know our new TLS key.
const recoveryDir = "recovery"

// Recover opens a new generation of our log on a line, under the root key, with
// the station stopped: for a restored station, one in doubt, and one that lost
// everything and has only the founding (binary or in armour, with or without
// certificates behind it; nil where the line is in the store). It returns the certificate in armour, which is also left in
// the directory recovery. Errors: NotAllowed when our log is in no doubt,
// UnknownKey for another root key, NotFound for a line that nothing is known of,
// Unavailable while the station runs.
func Recover(cfg Config, name string, root key.Signer, founding []byte) (certificate []byte, err error) {
	r, err := openRecovery(cfg, root)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := r.close(); err == nil {
			err = e
		}
	}()
	return r.recover(name, founding)
}

func (r *recoverer) recover(name string, founding []byte) ([]byte, error) {
	f, err := r.line(name, founding)
	if err != nil {
		return nil, fmt.Errorf("recovering: %w", err)
	}
	cert, err := r.reopen(f)
	if err != nil {
		return nil, fmt.Errorf("recovering line %s: %w", f.Line, err)
	}
	if err := r.unmark(); err != nil {
		return nil, fmt.Errorf("recovering line %s: %w", f.Line, err)
	}
	text := certificateText(cert)
	dir := r.cfg.path(recoveryDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, diskError("making", dir, err)
	}
	return text, replaceFile(filepath.Join(dir, f.Line.String()+".certificate"), text)
}

// recoverer is what Recover works with.
type recoverer struct {
	cfg      Config
	us       parley.PartyCode
	root     key.Signer
	self     [32]byte
	store    *sqlite.Store
	marks    *hwm.Marks
	restored bool
	handed   [][]byte // certificates that came with the founding
	clock    func() time.Time
}

func openRecovery(cfg Config, root key.Signer) (*recoverer, error) {
	storage, seed, err := openKeys(cfg)
	if err != nil {
		return nil, err
	}
	defer clear(seed[:])
	id, err := bearer.NewIdentity(seed)
	if err != nil {
		return nil, err
	}
	r := &recoverer{clock: time.Now, cfg: cfg, us: parley.PartyCode(cfg.Party), root: root, self: bearer.KeyHash(id)}
	if r.store, err = sqlite.Open(cfg.Dir, storage, sqlite.Options{}); err != nil {
		if held(cfg.path(lockFile)) {
			return nil, parley.Errorf(parley.Unavailable, "the station of %s runs", cfg.Dir).WithHint("stop it first: recovery needs the store to itself")
		}
		return nil, err
	}
	if _, r.restored, err = r.store.Restored(); err == nil {
		r.marks, err = hwm.Open(cfg.HighWater)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *recoverer) close() error {
	if r.marks != nil {
		r.marks.Close()
	}
	return r.store.Close()
}

// line finds the line, or makes it from its founding.
func (r *recoverer) line(name string, founding []byte) (*charter.Founding, error) {
	if founding != nil {
		f, certs, err := parseFoundingFile(founding)
		if err != nil {
			return nil, err
		}
		r.handed = certs
		if name != "" && !names(f, r.us, name) {
			return nil, parley.Errorf(parley.WrongLine, "the founding is of line %s, not of %q", f.Line, name)
		}
		return f, r.create(f)
	}
	ids, err := r.store.Lines()
	if err != nil {
		return nil, err
	}
	var found []*charter.Founding
	for _, id := range ids {
		f, err := foundingOf(r.store.Line(id))
		if err != nil {
			return nil, err
		}
		if names(f, r.us, name) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 1:
		return found[0], r.checkRoot(found[0])
	case 0:
		return nil, parley.Errorf(parley.NotFound, "no line %q in this store", name).
			WithHint("a station that lost everything needs the founding of the line: from your own papers, or from the other side")
	}
	return nil, parley.Errorf(parley.Conflict, "%q may mean %d lines", name, len(found)).WithHint("give more digits of the line's id")
}

// names reports whether name means the line: its id, at least 4 digits of it, or
// the code or name of another party.
func names(f *charter.Founding, us parley.PartyCode, name string) bool {
	id := f.Line.String()
	if name == id || len(name) >= 4 && strings.HasPrefix(id, name) {
		return true
	}
	for _, p := range f.Reveals {
		if p.Party != us && (string(p.Party) == name || strings.EqualFold(p.Name, name)) {
			return true
		}
	}
	return false
}

func foundingOf(l store.Line) (*charter.Founding, error) {
	b, _, err := l.Founding()
	if err != nil {
		return nil, err
	}
	return charter.ParseFounding(b)
}

func (r *recoverer) checkRoot(f *charter.Founding) error {
	ours, ok := f.Party(r.us)
	if !ok {
		return parley.Errorf(parley.WrongParty, "%s is not a party of line %s", r.us, f.Line)
	}
	if r.root == nil || r.root.Public() != ours.Root {
		return parley.Errorf(parley.UnknownKey, "this is not the root key of %s on line %s", r.us, f.Line).
			WithHint("its fingerprint begins with %s", ours.Root.Fingerprint()[:19])
	}
	return nil
}

// create makes a line that this store knows nothing of, and takes over its root
// key where the station has no other line.
func (r *recoverer) create(f *charter.Founding) error {
	if err := r.checkRoot(f); err != nil {
		return err
	}
	ids, err := r.store.Lines()
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		if err := replaceFile(r.cfg.path(rootFile), rootText(r.root.Public())); err != nil {
			return err
		}
	}
	err = r.store.CreateLine(f.Line, f.Encode(), nil)
	if parley.KindOf(err) != parley.Conflict {
		return err
	}
	have, _, err := r.store.Line(f.Line).Founding()
	if err == nil && string(have) != string(f.Encode()) {
		err = parley.Errorf(parley.Conflict, "line %s is here with another founding", f.Line)
	}
	return err
}

func (r *recoverer) runner(f *charter.Founding) *runner {
	st := r.store.Line(f.Line)
	return &runner{id: f.Line, store: st, mark: lineMark{r.marks, f.Line}, clock: r.clock, log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		cfg:   line.Config{Founding: f, Us: r.us, Store: st, Rand: cryptoRand, TLS: r.self},
		speak: func([]line.Send, []line.Close) {}, heard: func(*applied) {}, reset: func() {}, low: func() bool { return false }}
}

// reopen opens the new generation and returns its certificate.
func (r *recoverer) reopen(f *charter.Founding) ([]byte, error) {
	n := r.runner(f)
	e, err := line.Load(n.cfg, n.clock())
	if err != nil {
		return nil, err
	}
	before := e.Status().Own
	if err := n.start(e); err != nil {
		return nil, err
	}
	if r.restored {
		if err := n.step(e, nil, line.Doubt{Reason: journal.ReasonRestored, Why: "the station was restored from a backup"}); err != nil {
			return nil, err
		}
	}
	s := e.Status()
	if s.Doubt == "" && s.Own != (parley.GenerationID{}) {
		if s.Own != before {
			return certificateOf(s), nil // it had the keys to certify it by itself
		}
		return nil, parley.Errorf(parley.NotAllowed, "our log on this line is in no doubt").WithHint("there is nothing to recover; start the station")
	}
	reason := reasonOf(s, r.us)
	if reason == journal.ReasonLost {
		for _, c := range r.handed { // so that the new one is later than all before it
			if err := n.step(e, nil, line.Handed{Certificate: c}); err != nil {
				return nil, parley.Errorf(parley.KindOf(err), "a certificate behind the founding: %v", err).
					WithHint("ask for the file again, or cut away what stands behind the founding: it is good without")
			}
		}
	}
	if err := n.step(e, nil, line.OpenGeneration{Root: r.root, Reason: reason}); err != nil {
		return nil, err
	}
	return certificateOf(e.Status()), nil
}

// reasonOf says why a new generation is opened (spec/log.md).
func reasonOf(s line.Status, us parley.PartyCode) uint64 {
	reason := uint64(journal.ReasonLost)
	for _, l := range s.Logs {
		if l.Party != us {
			continue
		}
		if l.Disputed {
			return journal.ReasonFork
		}
		reason = journal.ReasonRestored
	}
	return reason
}

func certificateOf(s line.Status) []byte {
	for _, l := range s.Logs {
		if l.Gen == s.Own {
			return l.Cert
		}
	}
	return nil
}

// unmark puts every other line of a restored store in doubt, durably, and then
// forgets that the store was restored: the line just recovered is in none.
func (r *recoverer) unmark() error {
	if !r.restored {
		return nil
	}
	ids, err := r.store.Lines()
	if err != nil {
		return err
	}
	for _, id := range ids {
		f, err := foundingOf(r.store.Line(id))
		if err != nil {
			return err
		}
		n := r.runner(f)
		e, err := line.Load(n.cfg, n.clock())
		if err != nil {
			return err
		}
		if s := e.Status(); s.Own == (parley.GenerationID{}) || !holdsKeys(n.store, s.Own) {
			if err := n.step(e, nil, line.Doubt{Reason: journal.ReasonRestored, Why: "the station was restored from a backup"}); err != nil {
				return err
			}
		}
	}
	return r.store.ClearRestored()
}

// holdsKeys reports whether the store has the private key of a generation.
func holdsKeys(l store.Line, gen parley.GenerationID) bool {
	kvs, err := l.Values("secret/log/" + gen.String())
	return err == nil && len(kvs) > 0
}
