// Package hostile is a peer with valid keys that does everything wrong, and the
// harness that measures what that costs a station: a real founding, a real
// station in a process of its own, real QUIC and TLS. Its tests are the rows of
// docs/threats.md.
package hostile

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"parley"
	"parley/internal/bearer"
	"parley/internal/bearer/quic"
	bearertls "parley/internal/bearer/tls"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/store"
	"parley/internal/store/sqlite"
	"parley/internal/wire"
)

// Peer is one party of one line with all the keys of its station, and no
// manners. It goes on from where its station stood when that was halted.
type Peer struct {
	Code     parley.PartyCode
	Victim   parley.PartyCode
	Line     parley.LineID
	Founding *charter.Founding
	Gen      parley.GenerationID
	TheirGen parley.GenerationID // the victim's log
	Log      *key.Pair
	Held     *key.Pair
	TLS      bearer.Identity
	Root     key.Signer

	Tree   *journal.Tree
	Size   uint64
	Time   uint64 // header time of the newest entry
	Epoch  uint64 // that entries are sealed in
	Next   uint64 // the next one to be announced
	Secret [32]byte
	Serial uint64 // of the newest traffic
	Seen   map[parley.GenerationID]uint64

	old [][]byte // the entries of its log that its station wrote

	Theirs     *journal.Tree // the victim's log as our station held it
	TheirSize  uint64
	TheirBytes [][]byte // its entries
	Receiving  map[parley.PartyCode]key.ReceivingPublic
	Addresses  []string // of the victim
	pin        [32]byte // its TLS key
}

// epochState is what the engine keeps of an epoch of its own.
type epochState struct {
	Secret  [32]byte                                 `cbor:"1,keyasint"`
	Index   uint64                                   `cbor:"2,keyasint"`
	Created int64                                    `cbor:"3,keyasint"`
	To      map[parley.PartyCode]key.ReceivingID     `cbor:"4,keyasint,omitempty"`
	Gens    map[parley.PartyCode]parley.GenerationID `cbor:"5,keyasint,omitempty"`
}

// Turn takes over the station of a halted data directory: its keys, and what
// it held of one line.
func Turn(dir string, storage *key.Storage, tls [32]byte, root key.Signer, id parley.LineID, us, victim parley.PartyCode) (*Peer, error) {
	st, err := sqlite.Open(dir, storage, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer st.Close()
	l := st.Line(id)
	raw, _, err := l.Founding()
	if err != nil {
		return nil, err
	}
	p := &Peer{Code: us, Victim: victim, Line: id, Root: root, Seen: map[parley.GenerationID]uint64{}, Receiving: map[parley.PartyCode]key.ReceivingPublic{}}
	if p.Founding, err = charter.ParseFounding(raw); err != nil {
		return nil, err
	}
	for _, r := range p.Founding.Reveals {
		p.Receiving[r.Party] = r.Receiving
		switch r.Party {
		case us:
			p.Gen = r.Generation
		case victim:
			p.TheirGen, p.Addresses, p.pin = r.Generation, r.Addresses, r.TLS
		}
	}
	if p.TLS, err = bearer.NewIdentity(tls); err != nil {
		return nil, err
	}
	if err := p.readKeys(l); err != nil {
		return nil, err
	}
	return p, p.readLogs(l)
}

func (p *Peer) readKeys(l line.Reader) error {
	kvs, err := l.Values("secret/")
	if err != nil {
		return err
	}
	for _, kv := range kvs {
		switch kv.Key {
		case "secret/log/" + p.Gen.String():
			p.Log, err = key.PairFromSeed(kv.Value)
		case "secret/held/" + p.Gen.String():
			p.Held, err = key.PairFromSeed(kv.Value)
		}
		if err != nil {
			return err
		}
	}
	if p.Log == nil || p.Held == nil {
		return parley.Errorf(parley.NotFound, "the station has no log keys")
	}
	return nil
}

func (p *Peer) readLogs(l line.Reader) (err error) {
	if p.Tree, err = journal.NewTree(0, nil); err != nil {
		return err
	}
	es, err := store.EntriesUpTo(l, p.Gen, store.MaxIndex)
	if err != nil {
		return err
	}
	for _, s := range es {
		p.Tree.Append(journal.LeafHash(s.Bytes))
		p.old = append(p.old, s.Bytes)
		e, err := seal.Parse(s.Bytes)
		if err != nil {
			return err
		}
		p.Time = e.Time
		for g, n := range e.Seen {
			p.Seen[g] = n
		}
		if e.Announces {
			p.Next = e.Epoch + 1
			continue
		}
		p.Epoch = e.Epoch
		if h, err := form.ParseHeader(s.Header); err == nil && h.Series == form.TrafficSeries {
			p.Serial = max(p.Serial, h.Serial)
		}
	}
	p.Size = uint64(len(es))
	if err := p.readSecret(l); err != nil {
		return err
	}
	if p.Theirs, err = journal.NewTree(0, nil); err != nil {
		return err
	}
	theirs, err := store.EntriesUpTo(l, p.TheirGen, store.MaxIndex)
	for _, s := range theirs {
		p.Theirs.Append(journal.LeafHash(s.Bytes))
		p.TheirBytes = append(p.TheirBytes, s.Bytes)
	}
	p.TheirSize = uint64(len(theirs))
	return err
}

// readSecret takes the newest epoch that the station announced.
func (p *Peer) readSecret(l line.Reader) error {
	kvs, err := l.Values("secret/epoch/" + p.Gen.String() + "/")
	if err != nil {
		return err
	}
	if len(kvs) == 0 {
		return parley.Errorf(parley.NotFound, "the station keeps no epoch of its own")
	}
	var s epochState
	if err := wire.Decode(kvs[len(kvs)-1].Value, &s); err != nil {
		return err
	}
	p.Epoch, p.Secret = p.Next-1, s.Secret
	return nil
}

// Origin is the name of its log.
func (p *Peer) Origin() string { return parley.Origin(p.Line, p.Code, p.Gen) }

// Clear is what an honest next entry says in clear.
func (p *Peer) Clear() seal.Clear {
	p.Time = max(p.Time, uint64(time.Now().Unix()))
	return seal.Clear{Epoch: p.Epoch, Time: p.Time}
}

// Seal makes the entry at an index from header and body as they are.
func (p *Peer) Seal(index uint64, c seal.Clear, header, body []byte) []byte {
	b, err := seal.Seal(seal.EntryKey(&p.Secret, p.Origin(), c.Epoch, index), p.Origin(), index, c, header, body)
	if err != nil {
		panic(err)
	}
	return b
}

// Dispatch makes an honest dispatch, the next of its log by rank'th.
func (p *Peer) Dispatch(index uint64, subject, text string, prec parley.Precedence, as ...form.Attachment) []byte {
	p.Serial++
	h := &form.Header{Form: "dispatch", From: parley.Envoy, To: []parley.Address{{Party: p.Victim, Office: parley.Envoy}}, Precedence: prec,
		Marker: parley.Information, Language: "en", Serial: p.Serial, Drafted: uint64(time.Now().Unix())}
	d := &form.Dispatch{Subject: subject, Text: text, Attachments: as}
	if prec == parley.Flash {
		d.Reason = "none"
	}
	return p.Seal(index, p.Clear(), form.EncodeHeader(h), form.EncodeBody(d, p.Serial))
}

// Announce makes an epoch entry for the given parties alone, whatever the
// rules say, and seals in it from then on.
func (p *Peer) Announce(to ...parley.PartyCode) []byte {
	var secret [32]byte
	rand.Read(secret[:])
	keys := map[parley.PartyCode]key.ReceivingPublic{}
	for _, c := range to {
		keys[c] = p.Receiving[c]
	}
	body, err := seal.NewEpoch(seal.EpochContext{Line: p.Line, Origin: p.Origin(), Epoch: p.Next, Founding: p.Founding.Hash()}, &secret, keys, nil, nil)
	if err != nil {
		panic(err)
	}
	e := seal.Entry{Clear: seal.Clear{Epoch: p.Next, Time: p.Clear().Time}, Announces: true, Body: body}
	b, err := e.Marshal()
	if err != nil {
		panic(err)
	}
	p.Epoch, p.Secret = p.Next, secret
	p.Next++
	return b
}

// Append puts an entry into its log and returns the frame that carries it.
func (p *Peer) Append(b []byte) *wire.Entry {
	p.Tree.Append(journal.LeafHash(b))
	p.Size++
	return &wire.Entry{Gen: p.Gen, Index: p.Size - 1, Bytes: b}
}

// Sign signs its log as it stands.
func (p *Peer) Sign() *wire.Checkpoint { return p.SignTree(p.Tree) }

// SignTree signs any tree as its log.
func (p *Peer) SignTree(t *journal.Tree) *wire.Checkpoint {
	h := p.Head(t)
	return &wire.Checkpoint{Gen: p.Gen, Size: h.Size, Ed: h.Ed, ML: h.ML}
}

// Head is SignTree in full.
func (p *Peer) Head(t *journal.Tree) wire.Head {
	h, err := journal.Sign(p.Log, journal.Checkpoint{Origin: p.Origin(), Size: t.Size(), Root: t.Root()})
	if err != nil {
		panic(err)
	}
	return h
}

// Receipt gives a receipt for any root of the victim's log.
func (p *Peer) Receipt(size uint64, root [32]byte, at uint64) *wire.Receipt {
	cp := journal.Checkpoint{Origin: parley.Origin(p.Line, p.Victim, p.TheirGen), Size: size, Root: root}
	ed, ml, err := journal.Cosign(p.Held, parley.HolderName(p.Origin()), cp, at)
	if err != nil {
		panic(err)
	}
	return &wire.Receipt{Gen: p.TheirGen, Size: size, Holder: p.Gen, Time: at, Ed: ed, ML: ml}
}

// Certify makes a next generation of its log, by its root key, and its keys.
func (p *Peer) Certify(reason uint64) ([]byte, *line.Keys) {
	k, err := line.NewKeys(rand.Reader)
	if err != nil {
		panic(err)
	}
	b := journal.CertificateBody{Line: p.Line, Party: p.Code, Founding: p.Founding.Hash(), Time: uint64(time.Now().Unix()), Reason: reason,
		TLS: sha256.Sum256(p.TLS.Certificate.Leaf.RawSubjectPublicKeyInfo), Earlier: []journal.Earlier{{Gen: p.Gen, Size: p.Size, Root: p.Tree.Root()}}}
	k.Describe(&b)
	c, err := journal.SignCertificate(p.Root, journal.ByRoot, parley.GenerationID{}, b)
	if err != nil {
		panic(err)
	}
	return c, k
}

// Conn is one session of a hostile peer.
type Conn struct {
	bearer.Conn
	p    *Peer
	mu   sync.Mutex
	held wire.Held // what the victim last said it holds
	Pong func(*wire.Ping) *wire.Pong
	on   func(wire.Frame) // told every frame; may be nil

	Refused []string // what the victim refused, in its words
}

// Dial connects over a bearer, "QUIC" or "TLS", without a word.
func (p *Peer) Dial(ctx context.Context, name string) (*Conn, error) {
	o := bearer.Options{Identity: p.TLS, Allow: func(k [32]byte) bool { return k == p.pin }, QueueBytes: 1 << 20}
	var b bearer.Bearer = quic.New(o)
	scheme := "quic://"
	if name == "TLS" {
		b, scheme = bearertls.New(o), "tls://"
	}
	for _, a := range p.Addresses {
		if len(a) > len(scheme) && a[:len(scheme)] == scheme {
			c, err := b.Dial(ctx, a[len(scheme):])
			if err != nil {
				return nil, err
			}
			return &Conn{Conn: c, p: p}, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "the victim has no address for %s", name)
}

// Open dials, says hello as an honest station would, and answers pings.
func (p *Peer) Open(ctx context.Context, name string) (*Conn, error) {
	c, err := p.Dial(ctx, name)
	if err != nil {
		return nil, err
	}
	h, err := c.Meet(p.Hello())
	if err != nil {
		return nil, err
	}
	if n := h.Held[p.Gen]; n < uint64(len(p.old)) && p.Size == uint64(len(p.old)) {
		for i := n; i < p.Size; i++ { // what our station wrote and did not bring across
			if err := c.Say(&wire.Entry{Gen: p.Gen, Index: i, Bytes: p.old[i]}); err != nil {
				return nil, err
			}
		}
		if err := c.Say(p.Sign()); err != nil {
			return nil, err
		}
	}
	go c.Listen(ctx)
	go c.ping(ctx)
	return c, nil
}

// Meet says hello and waits for the victim's: what goes before may overtake it.
func (c *Conn) Meet(h *wire.Hello) (*wire.Hello, error) {
	if err := c.Say(h); err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for {
		b, err := c.Recv(ctx)
		if err != nil {
			return nil, err
		}
		if f, err := wire.Parse(b); err == nil {
			if h, ok := f.(*wire.Hello); ok {
				return h, nil
			}
		}
	}
}

// ping shows that it is there, as an honest station does.
func (c *Conn) ping(ctx context.Context) {
	for n := uint64(1); ; n++ {
		if c.Say(&wire.Ping{Token: n, Time: uint64(time.Now().UnixMilli())}) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-c.Done():
			return
		case <-time.After(2 * time.Second):
		}
	}
}

// Hello is an honest one.
func (p *Peer) Hello() *wire.Hello {
	return &wire.Hello{Version: 1, Line: p.Line, Party: p.Code, Gen: p.Gen, Time: uint64(time.Now().Unix()), Held: wire.Held{p.Gen: p.Size, p.TheirGen: p.TheirSize}}
}

// classOf sends frames as stations do: entries as routine, chunks as bulk.
func classOf(f wire.Frame) bearer.Class {
	switch f.(type) {
	case *wire.Entry, *wire.Checkpoint:
		return bearer.Routine
	case *wire.Chunk:
		return bearer.Bulk
	}
	return bearer.Control
}

// Say sends a frame, waiting while its own queue is full.
func (c *Conn) Say(f wire.Frame) error {
	b, err := wire.Marshal(f)
	if err != nil {
		return err
	}
	return c.Raw(classOf(f), b)
}

// Raw sends any bytes as a frame.
func (c *Conn) Raw(class bearer.Class, b []byte) error {
	for {
		err := c.Send(class, b)
		if parley.KindOf(err) != parley.Quota || err == nil {
			return err
		}
		select {
		case <-c.Done():
			return c.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// Listen reads what the victim says and answers its pings, until the end.
func (c *Conn) Listen(ctx context.Context) error {
	for {
		b, err := c.Recv(ctx)
		if err != nil {
			return err
		}
		f, err := wire.Parse(b)
		if err != nil {
			return err
		}
		c.mu.Lock()
		switch f := f.(type) {
		case *wire.Hello:
			c.held = f.Held
		case *wire.Have:
			c.held = f.Held
		}
		c.mu.Unlock()
		if p, ok := f.(*wire.Ping); ok {
			pong := &wire.Pong{Token: p.Token, Time: uint64(time.Now().UnixMilli()), State: wire.PongState{StorageOK: true}}
			if c.Pong != nil {
				pong = c.Pong(p)
			}
			if err := c.Say(pong); err != nil {
				return err
			}
		}
		if r, ok := f.(*wire.Refusal); ok {
			c.mu.Lock()
			c.Refused = append(c.Refused, r.Text)
			c.mu.Unlock()
		}
		c.mu.Lock()
		on := c.on
		c.mu.Unlock()
		if on != nil {
			on(f)
		}
	}
}

// Hear lets f know every frame that comes.
func (c *Conn) Hear(f func(wire.Frame)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = f
}
