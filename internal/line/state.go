package line

import (
	"encoding/binary"
	"fmt"
	"maps"
	"sort"
	"strings"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/seal"
	"parley/internal/wire"
)

const maxTime = seal.MaxTime

// logState is the durable part of a log besides its entries and heads.
type logState struct {
	Party    string                         `cbor:"1,keyasint"`
	Seen     map[parley.GenerationID]uint64 `cbor:"4,keyasint"`
	Time     uint64                         `cbor:"5,keyasint"`
	Epoch    uint64                         `cbor:"6,keyasint"`
	SealedBy uint64                         `cbor:"7,keyasint"`
	Serial   [2]uint64                      `cbor:"8,keyasint"`
	Disputed bool                           `cbor:"9,keyasint"`
	Closed   bool                           `cbor:"10,keyasint"`
	RecvAt   uint64                         `cbor:"12,keyasint"`
	Receipts map[parley.GenerationID]uint64 `cbor:"13,keyasint"`
	Limit    uint64                         `cbor:"14,keyasint"`
	EpochAt  uint64                         `cbor:"15,keyasint"`
	Unread   uint64                         `cbor:"16,keyasint"`
	Blind    [2]bool                        `cbor:"17,keyasint"`
	Without  map[parley.PartyCode]Without   `cbor:"18,keyasint,omitempty"`
	Shut     uint64                         `cbor:"19,keyasint,omitempty"`
}

// receiving is one of our private receiving keys (spec/sealing.md).
type receiving struct {
	priv    *key.Receiving
	id      key.ReceivingID
	gen     parley.GenerationID
	created int64  // UTC seconds
	at      uint64 // index+1 of the entry that published it; 0: the certificate
}

type receivingState struct {
	Seed    []byte              `cbor:"1,keyasint"`
	Gen     parley.GenerationID `cbor:"2,keyasint"`
	Created int64               `cbor:"3,keyasint"`
	At      uint64              `cbor:"4,keyasint"`
}

// ownEpoch is an epoch we announced.
type ownEpoch struct {
	number  uint64
	index   uint64
	secret  [32]byte
	to      map[parley.PartyCode]key.ReceivingID
	gens    map[parley.PartyCode]parley.GenerationID // whose receiving keys
	created int64                                    // UTC seconds
}

type epochState struct {
	Secret  [32]byte                                 `cbor:"1,keyasint"`
	Index   uint64                                   `cbor:"2,keyasint"`
	Created int64                                    `cbor:"3,keyasint"`
	To      map[parley.PartyCode]key.ReceivingID     `cbor:"4,keyasint,omitempty"`
	Gens    map[parley.PartyCode]parley.GenerationID `cbor:"5,keyasint,omitempty"`
}

type selfState struct {
	Gen   parley.GenerationID `cbor:"1,keyasint"`
	Doubt string              `cbor:"2,keyasint"`
	Why   uint64              `cbor:"3,keyasint"`
	Filed uint64              `cbor:"4,keyasint"`

	Withheld     uint64                         `cbor:"5,keyasint,omitempty"`
	WithheldFrom map[parley.GenerationID]uint64 `cbor:"6,keyasint,omitempty"`
}

// Keys of engine state. Secret ones are left out of backups.
func certKey(g parley.GenerationID) string { return "cert/" + g.String() }
func peerKey(g parley.GenerationID) string { return "recv/" + g.String() }
func logKey(g parley.GenerationID) string  { return "log/" + g.String() }
func signKey(g parley.GenerationID) string { return "secret/log/" + g.String() }
func holdKey(g parley.GenerationID) string { return "secret/held/" + g.String() }
func recvKey(id key.ReceivingID) string    { return fmt.Sprintf("secret/recv/%x", id[:]) }
func epochKey(g parley.GenerationID, n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return fmt.Sprintf("secret/epoch/%s/%x", g, b)
}

const selfKey = "self"

func (e *Engine) put(k string, v any, secret bool) {
	e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: k, Value: wire.Encode(v), Secret: secret})
}

func (e *Engine) drop(k string) {
	e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: k})
}

// saveDirty puts the state of every log that changed in the batch.
func (e *Engine) saveDirty() {
	for _, l := range e.logsInOrder() {
		if !l.dirty {
			continue
		}
		l.dirty, l.shown, e.shown = false, nil, nil
		e.put(logKey(l.gen), &logState{Party: string(l.party), Seen: l.seen, Time: l.time, Epoch: l.epoch,
			SealedBy: l.sealedBy, Serial: l.serial, Disputed: l.disputed, Closed: l.closed, RecvAt: l.recvAt,
			Receipts: l.receipts, Limit: l.limit, EpochAt: l.epochAt, Unread: l.unread, Blind: l.blind, Without: l.without, Shut: l.shut}, false)
	}
}

func (e *Engine) saveSelf() {
	s := selfState{Doubt: e.doubt, Why: e.why, Filed: e.lastFiled, Withheld: e.withheld.to, WithheldFrom: e.withheld.from}
	if e.own != nil {
		s.Gen = e.own.gen
	}
	e.put(selfKey, &s, false)
}

func (e *Engine) load() error {
	kvs, err := e.cfg.Store.Values("log/")
	if err != nil {
		return err
	}
	for _, kv := range kvs {
		if err := e.loadLog(kv); err != nil {
			return fmt.Errorf("%s: %w", kv.Key, err)
		}
	}
	if err := e.loadSecrets(); err != nil {
		return err
	}
	if err := e.loadChain(); err != nil {
		return err
	}
	if err := e.loadSelf(); err != nil {
		return err
	}
	if e.outbox, err = e.cfg.Store.Filed(); err != nil {
		return err
	}
	for _, f := range e.outbox {
		e.lastFiled = max(e.lastFiled, f.ID)
	}
	for _, l := range e.logs {
		if err := e.loadMarks(l); err != nil {
			return err
		}
		l.asks = l.size // which of them did is not kept: all are answered once more
		if e.own != nil && l.party != e.cfg.Us && l.size > e.own.seen[l.gen] {
			e.settleBy = e.now.Add(e.cfg.SettleAfter)
		}
	}
	return nil
}

func (e *Engine) loadSelf() error {
	kvs, err := e.cfg.Store.Values(selfKey)
	if err != nil || len(kvs) == 0 {
		return err
	}
	var s selfState
	if err := wire.Decode(kvs[0].Value, &s); err != nil {
		return err
	}
	e.doubt, e.why, e.lastFiled = s.Doubt, s.Why, s.Filed
	e.withheld = withheld{to: s.Withheld, from: s.WithheldFrom}
	e.own = e.logs[s.Gen]
	if e.own != nil && e.doubt == "" && (e.sign == nil || e.hold == nil) {
		e.doubt, e.why = "the store holds no private keys for our log: it was restored from a backup", journal.ReasonRestored
	}
	return nil
}

func (e *Engine) loadLog(kv KV) error {
	var s logState
	if err := wire.Decode(kv.Value, &s); err != nil {
		return err
	}
	gen, err := parley.ParseGenerationID(strings.TrimPrefix(kv.Key, "log/"))
	if err != nil {
		return err
	}
	cert, err := e.value(certKey(gen))
	if err != nil {
		return err
	}
	c, err := journal.ParseCertificate(cert)
	if err != nil {
		return err
	}
	l, err := e.newLog(c, cert)
	if err != nil {
		return err
	}
	if s.RecvAt > 0 {
		pub, err := e.value(peerKey(gen))
		if err != nil || len(pub) != len(l.recv) {
			return parley.Errorf(parley.Corrupt, "the receiving key of generation %s: %d bytes, %v", gen, len(pub), err)
		}
		copy(l.recv[:], pub)
	}
	l.time, l.epoch, l.sealedBy, l.serial = s.Time, s.Epoch, s.SealedBy, s.Serial
	l.disputed, l.closed, l.recvAt, l.limit = s.Disputed, s.Closed, s.RecvAt, s.Limit
	l.epochAt, l.unread, l.blind, l.without, l.shut = s.EpochAt, s.Unread, s.Blind, s.Without, s.Shut
	maps.Copy(l.seen, s.Seen)
	maps.Copy(l.receipts, s.Receipts)
	h, ok, err := e.cfg.Store.Head(l.gen, 0)
	if err != nil {
		return err
	}
	if ok {
		l.size = h.Size
	}
	if l.tree, err = journal.NewTree(l.size, e.hashes(l.gen)); err != nil {
		return err
	}
	if ok && l.tree.Root() != h.Root {
		return parley.Errorf(parley.Corrupt, "the tree hashes do not give the root of the stored checkpoint at size %d", h.Size).
			WithHint("run parley fsck")
	}
	e.logs[l.gen], e.ordered = l, nil
	return nil
}

// value returns one value of engine state. The error is Corrupt when it is not there.
func (e *Engine) value(k string) ([]byte, error) {
	kvs, err := e.cfg.Store.Values(k)
	if err != nil {
		return nil, err
	}
	for _, kv := range kvs {
		if kv.Key == k {
			return kv.Value, nil
		}
	}
	return nil, parley.Errorf(parley.Corrupt, "the engine's state lacks %s", k).WithHint("run parley fsck")
}

// setReceiving notes the newest receiving key of a log, published by entry index.
func (e *Engine) setReceiving(l *log, pub key.ReceivingPublic, index uint64) {
	l.recv, l.recvAt, l.dirty = pub, index+1, true
	e.fx.Batch.Keys = append(e.fx.Batch.Keys, KV{Key: peerKey(l.gen), Value: pub[:]})
}

// newLog makes the state of an empty log from its certificate.
func (e *Engine) newLog(c *journal.Certificate, cert []byte) (*log, error) {
	b := c.CertificateBody
	signed, err := key.NewVerifier(b.Log)
	if err != nil {
		return nil, err
	}
	held, err := key.NewVerifier(b.Receipt)
	if err != nil {
		return nil, err
	}
	l := &log{gen: b.Gen, party: b.Party, origin: parley.Origin(e.line, b.Party, b.Gen), cert: cert, body: c.CertificateBody,
		signed: signed, held: held, recv: b.Receiving, limit: ^uint64(0),
		seen: map[parley.GenerationID]uint64{}, secrets: map[uint64][32]byte{}, receipts: map[parley.GenerationID]uint64{}, early: e.early.Entries(b.Party)}
	l.tree, err = journal.NewTree(0, e.hashes(b.Gen))
	return l, err
}

// hashes adapts the store to what the tree reads.
func (e *Engine) hashes(g parley.GenerationID) journal.Reader {
	return journal.ReaderFunc(func(indexes []int64) ([]Hash, error) {
		out := make([]Hash, len(indexes))
		var at []int
		var missing []int64
		for i, x := range indexes {
			if h, ok := e.unapplied(g, x); ok {
				out[i] = h
			} else {
				at, missing = append(at, i), append(missing, x)
			}
		}
		if len(missing) == 0 {
			return out, nil
		}
		hs, err := e.cfg.Store.Hashes(g, missing)
		if err != nil {
			return nil, err
		}
		for i, h := range hs {
			out[at[i]] = h
		}
		return out, nil
	})
}

// unapplied finds a hash in the batch of the step under way.
func (e *Engine) unapplied(g parley.GenerationID, index int64) (Hash, bool) {
	for _, s := range e.fx.Batch.Hashes {
		if s.Gen == g && index >= s.From && index < s.From+int64(len(s.Hashes)) {
			return s.Hashes[index-s.From], true
		}
	}
	return Hash{}, false
}

func (e *Engine) loadSecrets() error {
	kvs, err := e.cfg.Store.Values("secret/")
	if err != nil {
		return err
	}
	self, err := e.cfg.Store.Values(selfKey)
	if err != nil {
		return err
	}
	var s selfState
	if len(self) > 0 {
		if err := wire.Decode(self[0].Value, &s); err != nil {
			return err
		}
	}
	for _, kv := range kvs {
		if err := e.loadSecret(kv, s.Gen); err != nil {
			return fmt.Errorf("%s: %w", kv.Key, err)
		}
	}
	sort.Slice(e.epochs, func(i, j int) bool { return e.epochs[i].number < e.epochs[j].number })
	sort.Slice(e.receiving, func(i, j int) bool { return e.receiving[i].created < e.receiving[j].created })
	return nil
}

func (e *Engine) loadSecret(kv KV, own parley.GenerationID) (err error) {
	part := strings.Split(kv.Key, "/")
	switch {
	case kv.Key == signKey(own):
		e.sign, err = key.PairFromSeed(kv.Value)
	case kv.Key == holdKey(own):
		e.hold, err = key.PairFromSeed(kv.Value)
	case part[1] == "recv":
		var s receivingState
		if err := wire.Decode(kv.Value, &s); err != nil {
			return err
		}
		r, err := key.ReceivingFromSeed(s.Seed)
		if err != nil {
			return err
		}
		e.receiving = append(e.receiving, &receiving{priv: r, id: r.Public().ID(), gen: s.Gen, created: s.Created, at: s.At})
	case part[1] == "epoch" && len(part) == 4:
		gen, err := parley.ParseGenerationID(part[2])
		if err != nil {
			return err
		}
		var n uint64
		if _, err := fmt.Sscanf(part[3], "%x", &n); err != nil {
			return err
		}
		var s epochState
		if err := wire.Decode(kv.Value, &s); err != nil {
			return err
		}
		if gen == own {
			e.epochs = append(e.epochs, &ownEpoch{number: n, index: s.Index, secret: s.Secret, to: s.To, gens: s.Gens, created: s.Created})
		}
		if l := e.logs[gen]; l != nil {
			l.secrets[n] = s.Secret
		}
	}
	return err
}

// loadMarks reads back where seen grew in entries that others may yet cover.
func (e *Engine) loadMarks(l *log) error {
	if len(e.roots) < 3 {
		return nil // closure says nothing on a line of two
	}
	from := l.size
	for _, o := range e.logs {
		if o.party != l.party && !o.closed {
			from = min(from, o.seen[l.gen])
		}
	}
	if from > 0 {
		from--
	}
	return e.each(l, func(s *StoredEntry, grew bool, acc map[parley.GenerationID]uint64) {
		if s.Index >= from && (grew || len(l.marks) == 0) {
			l.addMark(s.Index, acc)
		}
	})
}

// each goes through a log as the store has it. acc is what an entry and those
// before it had seen; it grew with this one, and is changed after the call.
func (e *Engine) each(l *log, do func(s *StoredEntry, grew bool, acc map[parley.GenerationID]uint64)) error {
	acc := map[parley.GenerationID]uint64{}
	for at := uint64(0); at < l.size; {
		es, err := e.cfg.Store.Entries(l.gen, at, 1024)
		if err != nil || len(es) == 0 {
			return err
		}
		for i := range es {
			p, err := seal.Parse(es[i].Bytes)
			if err == nil {
				maps.Copy(acc, p.Seen)
			}
			do(&es[i], err == nil && len(p.Seen) > 0, acc)
		}
		at += uint64(len(es))
	}
	return nil
}

func (l *log) addMark(index uint64, acc map[parley.GenerationID]uint64) {
	l.marks = append(l.marks, mark{index, maps.Clone(acc)})
}

// seenAt returns the accumulated seen at entry index.
func (l *log) seenAt(index uint64) map[parley.GenerationID]uint64 {
	for i := len(l.marks) - 1; i >= 0; i-- {
		if l.marks[i].index <= index {
			return l.marks[i].seen
		}
	}
	return nil
}
