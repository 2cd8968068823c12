package station

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/pair"
	"parley/internal/store"
	"parley/internal/wire"
)

// pairings are the pairings of a station: one sealed file per line id, kept
// for ever, since a station never reveals twice for one. What a step hands out
// or signs is durable before; every step can be repeated after a crash.
type pairings struct {
	dir       string
	storage   *key.Storage
	store     store.Store
	us        parley.PartyCode
	root      func() (key.Public, error) // the public half of our root key
	tls       [32]byte
	addresses []string
	rand      io.Reader
	now       func() time.Time
	persisted func(step string) // after each durable step; tests stop the process there
}

// pairing is one of them.
type pairing struct {
	state *pair.State
	keys  *line.Keys // nil once they are in the store
	cert  []byte     // of our founding generation, once the words were equal
	done  bool       // the line is in the store with its keys
	agree bool       // our assent to the charter is filed
}

// pairingFile is a pairing as it is kept, sealed under the storage key.
type pairingFile struct {
	State     []byte              `cbor:"1,keyasint"`
	Gen       parley.GenerationID `cbor:"2,keyasint"`
	Log       []byte              `cbor:"3,keyasint,omitempty"` // seeds; gone when the store has them
	Held      []byte              `cbor:"4,keyasint,omitempty"`
	Receiving []byte              `cbor:"5,keyasint,omitempty"`
	Cert      []byte              `cbor:"6,keyasint,omitempty"`
	Done      bool                `cbor:"7,keyasint,omitempty"`
	Agreed    bool                `cbor:"8,keyasint,omitempty"`
}

func (p *pairing) line() parley.LineID { return p.state.File.Line }

func (ps *pairings) path(id parley.LineID) string { return filepath.Join(ps.dir, id.String()) }

func sealName(id parley.LineID) string { return "pairing " + id.String() }

// save makes p durable.
func (ps *pairings) save(p *pairing, step string) error {
	f := pairingFile{State: p.state.Encode(), Cert: p.cert, Done: p.done, Agreed: p.agree}
	if p.keys != nil {
		f.Gen, f.Log, f.Held, f.Receiving = p.keys.Gen, p.keys.Log.Seed(), p.keys.Held.Seed(), p.keys.Receiving.Seed()
	}
	plain := wire.Encode(&f)
	defer clear(plain)
	if err := os.MkdirAll(ps.dir, 0o700); err != nil {
		return diskError("making", ps.dir, err)
	}
	if err := replaceFile(ps.path(p.line()), ps.storage.Seal(sealName(p.line()), plain)); err != nil {
		return fmt.Errorf("keeping the pairing: %w", err)
	}
	ps.did(step)
	return nil
}

func (ps *pairings) did(step string) {
	if ps.persisted != nil {
		ps.persisted(step)
	}
}

// load reads a pairing. The error is NotFound, or Corrupt for one that does not
// open: then nothing may go on with that line id.
func (ps *pairings) load(id parley.LineID) (*pairing, error) {
	sealed, err := os.ReadFile(ps.path(id))
	if os.IsNotExist(err) {
		return nil, parley.Errorf(parley.NotFound, "no pairing %s", id).WithHint("list them: parley line list")
	}
	if err != nil {
		return nil, diskError("reading", ps.path(id), err)
	}
	p, err := ps.open(id, sealed)
	if err != nil {
		return nil, parley.Errorf(parley.Corrupt, "reading pairing %s: %v", id, err).
			WithHint("do not go on with this line: tell the other side, and start a new invitation")
	}
	return p, nil
}

func (ps *pairings) open(id parley.LineID, sealed []byte) (*pairing, error) {
	plain, err := ps.storage.Open(sealName(id), sealed)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	var f pairingFile
	if err := wire.Decode(plain, &f); err != nil {
		return nil, err
	}
	p := &pairing{cert: f.Cert, done: f.Done, agree: f.Agreed}
	if p.state, err = pair.ParseState(f.State); err != nil {
		return nil, err
	}
	if p.line() != id {
		return nil, parley.Errorf(parley.Corrupt, "it is of line %s", p.line())
	}
	if len(f.Log) == 0 {
		return p, nil
	}
	p.keys = &line.Keys{Gen: f.Gen}
	if p.keys.Log, err = key.PairFromSeed(f.Log); err != nil {
		return nil, err
	}
	if p.keys.Held, err = key.PairFromSeed(f.Held); err != nil {
		return nil, err
	}
	p.keys.Receiving, err = key.ReceivingFromSeed(f.Receiving)
	return p, err
}

// all reads every pairing, in order of line id. What is left of a write that a
// crash cut off is passed over.
func (ps *pairings) all() ([]*pairing, error) {
	names, err := os.ReadDir(ps.dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, diskError("reading", ps.dir, err)
	}
	var out []*pairing
	for _, n := range names {
		id, err := parley.ParseLineID(n.Name())
		if err != nil {
			continue
		}
		p, err := ps.load(id)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// find returns the id of the pairing called name: a line id, or a prefix of at
// least 4 digits that fits one only.
func (ps *pairings) find(name string) (parley.LineID, error) {
	if id, err := parley.ParseLineID(name); err == nil {
		return id, nil
	}
	all, err := ps.all()
	if err != nil {
		return parley.LineID{}, err
	}
	var found []parley.LineID
	for _, p := range all {
		if len(name) >= 4 && strings.HasPrefix(p.line().String(), name) {
			found = append(found, p.line())
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return parley.LineID{}, parley.Errorf(parley.NotFound, "no pairing %q", name).WithHint("list them: parley line list")
	}
	return parley.LineID{}, parley.Errorf(parley.Conflict, "%q may mean %d pairings", name, len(found)).WithHint("give more digits of the line's id")
}

// lock keeps everybody else off one pairing, in this process and others.
func (ps *pairings) lock(ctx context.Context, id parley.LineID) (unlock func(), err error) {
	if err := os.MkdirAll(ps.dir, 0o700); err != nil {
		return nil, diskError("making", ps.dir, err)
	}
	return lockPath(ctx, ps.path(id)+".lock")
}

// reveal makes keys for one line and what is shown of them.
func (ps *pairings) reveal(name string) (*line.Keys, *charter.Reveal, error) {
	root, err := ps.root()
	if err != nil {
		return nil, nil, err
	}
	keys, err := line.NewKeys(ps.rand)
	if err != nil {
		return nil, nil, fmt.Errorf("making the keys of a line: %w", err)
	}
	r := &charter.Reveal{Party: ps.us, Name: name, Root: root, Generation: keys.Gen, Log: keys.Log.Public(), Receipt: keys.Held.Public(),
		Receiving: keys.Receiving.Public(), TLS: ps.tls, Addresses: append([]string{}, ps.addresses...)}
	return keys, r, r.NewNonce(ps.rand)
}

// invite starts a pairing under a new line id.
func (ps *pairings) invite(c charter.Charter, a charter.Annex) (*pairing, error) {
	name, err := ps.named(c)
	if err != nil {
		return nil, err
	}
	var id parley.LineID
	if _, err := io.ReadFull(ps.rand, id[:]); err != nil {
		return nil, fmt.Errorf("making a line id: %w", err)
	}
	keys, r, err := ps.reveal(name)
	if err != nil {
		return nil, err
	}
	state, err := pair.NewInvite(id, c, a, r)
	if err != nil {
		return nil, err
	}
	p := &pairing{state: state, keys: keys}
	return p, ps.save(p, "invited")
}

// named returns what the charter calls us: the name under which we reveal. An
// officer has read it there; the words bind it. The error is WrongParty.
func (ps *pairings) named(c charter.Charter) (string, error) {
	p, ok := c.Party(ps.us)
	if !ok {
		return "", parley.Errorf(parley.WrongParty, "the charter is for %v; this station is %s", c.Codes(), ps.us).
			WithHint("hand the file to the station it is for")
	}
	return p.Name, nil
}

// step takes a file of the other side: it accepts an invitation not seen
// before, takes in what is new to one that was, and reveals once the file holds
// everybody's commitment. An error with burnt means that this step burnt it.
func (ps *pairings) step(file []byte) (p *pairing, burnt bool, err error) {
	f, err := pair.ParsePairing(file)
	if err != nil {
		return nil, false, err
	}
	p, err = ps.load(f.Line)
	if parley.KindOf(err) == parley.NotFound {
		p, err = ps.accept(f)
		return p, false, err
	}
	if err != nil || p.state.Stage() == pair.Confirmed {
		return p, false, err
	}
	before := p.state.Encode()
	wasBurnt := p.state.Burnt() != ""
	err = p.state.Merge(f)
	if err == nil && len(f.Commitments) == len(p.state.Charter().Parties) {
		if err = p.state.AddReveal(); err == nil && p.state.Stage() == pair.Compare {
			_, err = p.state.Complete()
		}
	}
	if p.state.Burnt() != "" {
		p.keys = nil
	}
	if !bytes.Equal(before, p.state.Encode()) {
		if e := ps.save(p, "merged"); e != nil {
			return nil, false, e
		}
	}
	return p, !wasBurnt && p.state.Burnt() != "", err
}

func (ps *pairings) accept(f *pair.Pairing) (*pairing, error) {
	c, err := charter.Parse(f.Charter)
	if err != nil {
		return nil, err
	}
	name, err := ps.named(c)
	if err != nil {
		return nil, err
	}
	if _, _, err := ps.store.Line(f.Line).Founding(); err == nil {
		return nil, parley.Errorf(parley.Conflict, "line %s is founded already", f.Line).WithHint("a line is paired once")
	}
	keys, r, err := ps.reveal(name)
	if err != nil {
		return nil, err
	}
	state, err := pair.Accept(f, r)
	if err != nil {
		return nil, err
	}
	p := &pairing{state: state, keys: keys}
	return p, ps.save(p, "accepted")
}

// burn ends a pairing whose words officers found unequal.
func (ps *pairings) burn(p *pairing, why string) error {
	if p.state.Stage() == pair.Confirmed {
		return parley.Errorf(parley.Conflict, "the words of line %s were confirmed as equal before", p.line()).
			WithHint("if they are not, leave the line: parley line leave")
	}
	p.state.Burn(why)
	p.keys = nil
	return ps.save(p, "burnt")
}

// confirm founds the line of a pairing whose words were equal: root signs the
// certificate of our founding generation, once. It may be repeated.
func (ps *pairings) confirm(p *pairing, how string, root key.Signer) error {
	f, err := p.state.Complete()
	if err != nil {
		return err
	}
	if p.cert == nil {
		if err := ps.certify(p, f, how, root); err != nil {
			return err
		}
	}
	return ps.found(p, f)
}

func (ps *pairings) certify(p *pairing, f *charter.Founding, how string, root key.Signer) error {
	if root == nil {
		return parley.Errorf(parley.NotAllowed, "confirming needs the root key").WithHint("it signs once, from its own medium: parley line confirm --root-key FILE")
	}
	ours, _ := f.Party(ps.us)
	if root.Public() != ours.Root {
		return parley.Errorf(parley.UnknownKey, "this is not the root key that %s showed at this pairing", ps.us).
			WithHint("its fingerprint begins with %s", ours.Root.Fingerprint()[:19])
	}
	if p.keys == nil {
		return parley.Errorf(parley.Corrupt, "the keys of pairing %s are gone", p.line()).WithHint("start a new invitation")
	}
	if _, err := p.state.Confirm(how); err != nil {
		return err
	}
	body := journal.CertificateBody{Line: f.Line, Party: ps.us, Founding: f.Hash(), Earlier: []journal.Earlier{},
		Time: uint64(max(ps.now().Unix(), 1)), Reason: journal.ReasonFounding, TLS: ours.TLS}
	p.keys.Describe(&body)
	cert, err := journal.SignCertificate(root, journal.ByRoot, parley.GenerationID{}, body)
	if err != nil {
		return fmt.Errorf("signing the founding certificate: %w", err)
	}
	p.cert = cert
	return ps.save(p, "certified")
}

// found puts a certified line into the store with its keys, and takes the keys
// out of the pairing.
func (ps *pairings) found(p *pairing, f *charter.Founding) error {
	if p.done {
		return nil
	}
	batch, err := line.Found(line.Config{Founding: f, Us: ps.us, Store: ps.store.Line(f.Line), Rand: ps.rand, TLS: ps.tls}, p.keys, p.cert)
	if err != nil {
		return err
	}
	err = ps.store.CreateLine(f.Line, f.Encode(), nil)
	if err != nil && parley.KindOf(err) != parley.Conflict {
		return err
	}
	ps.did("created")
	l := ps.store.Line(f.Line)
	begun, err := l.Values("self")
	if err != nil {
		return err
	}
	if len(begun) == 0 {
		if err := l.Apply(batch); err != nil {
			return fmt.Errorf("founding line %s: %w", f.Line, err)
		}
		ps.did("begun")
	}
	p.done, p.keys = true, nil
	return ps.save(p, "done")
}

// resume finishes what a crash cut off after the root key had signed.
func (ps *pairings) resume() error {
	all, err := ps.all()
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.cert == nil || p.done {
			continue
		}
		f, err := p.state.Complete()
		if err != nil {
			return err
		}
		if err := ps.found(p, f); err != nil {
			return fmt.Errorf("finishing the pairing of line %s: %w", p.line(), err)
		}
	}
	return nil
}

// names returns the parties of a pairing as people call them.
func (p *pairing) names(codes []parley.PartyCode) []string {
	c, out := p.state.Charter(), []string{}
	for _, code := range codes {
		if party, ok := c.Party(code); ok {
			out = append(out, party.Name)
		}
	}
	sort.Strings(out)
	return out
}
