// Package recordtest makes small lines with real keys, for tests and vectors:
// the parties, their logs, and what each signs, written entry by entry by the
// caller, who may also write what no honest party would. Keys come from names,
// so that the same line comes out each time, but for ML-DSA signatures and
// encapsulations, which are random.
package recordtest

import (
	"crypto/hkdf"
	"crypto/sha256"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/seal"
	"parley/internal/wire"
)

// Fill returns n bytes that depend on the name only.
func Fill(n int, name string) []byte {
	b, err := hkdf.Expand(sha256.New, Sum(name), "", n)
	if err != nil {
		panic(err)
	}
	return b
}

// Sum is SHA-256 of the name.
func Sum(name string) []byte {
	s := sha256.Sum256([]byte(name))
	return s[:]
}

// Pair is the signing pair of a name.
func Pair(name string) *key.Pair { return must(key.PairFromSeed(Fill(key.SeedSize, name))) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Line is a line under test; Source makes it one to export.
type Line struct {
	ID      parley.LineID
	Parties []*Party
	Logs    []*Log // in the order of acceptance
	Raw     []byte // founding
	founded *charter.Founding
}

// Party is one side, with its founding log.
type Party struct {
	Code  parley.PartyCode
	Root  *key.Pair
	First *Log
}

// Log is one generation of a party's log.
type Log struct {
	Line      *Line
	Party     *Party
	Gen       parley.GenerationID
	Sign      *key.Pair
	Held      *key.Pair
	Receiving *key.Receiving
	Cert      []byte

	Entries   [][]byte
	Keys      []*seal.Key // nil for epoch entries
	Secrets   [][32]byte  // of its epochs
	Heads     []wire.Head
	Receipts  []wire.Receipt // of others, over this log
	Witnesses []record.Witness
	Evidence  []*wire.Evidence
	Tree      *journal.Tree
	seen      map[parley.GenerationID]uint64
	serial    [2]uint64
}

// New founds a line of the parties; annex may change the annex before.
func New(annex func(*charter.Annex), codes ...parley.PartyCode) *Line {
	l := &Line{ID: parley.LineID(Fill(16, "line"))}
	var named []charter.Party
	f := &charter.Founding{Line: l.ID, Annex: charter.DefaultAnnex()}
	if annex != nil {
		annex(&f.Annex)
	}
	for _, c := range codes {
		p := &Party{Code: c, Root: Pair(string(c) + " root")}
		p.First = l.log(p, string(c)+" 1")
		l.Parties = append(l.Parties, p)
		named = append(named, charter.Party{Code: c, Name: string(c) + " side", Languages: []string{"en"}})
		f.Reveals = append(f.Reveals, charter.Reveal{Party: c, Name: string(c) + " side", Root: p.Root.Public(), Generation: p.First.Gen,
			Log: p.First.Sign.Public(), Receipt: p.First.Held.Public(), Receiving: p.First.Receiving.Public(),
			TLS: [32]byte(Sum(string(c) + " 1 tls")), Addresses: []string{"tls://192.0.2.1:7000"}, Nonce: [32]byte(Sum(string(c) + " nonce"))})
	}
	f.Charter = charter.DefaultCharter(named...)
	l.Raw = f.Encode()
	l.founded = must(charter.ParseFounding(l.Raw))
	for _, p := range l.Parties {
		p.First.Certify(journal.ByRoot, nil, p.First.Body())
		l.Logs = append(l.Logs, p.First)
	}
	return l
}

// Hash is the founding hash.
func (l *Line) Hash() [32]byte { return l.founded.Hash() }

func (l *Line) log(p *Party, name string) *Log {
	return &Log{Line: l, Party: p, Gen: parley.GenerationID(Fill(8, name)), Sign: Pair(name + " log"), Held: Pair(name + " held"),
		Receiving: must(key.ReceivingFromSeed(Fill(32, name+" receiving"))), Tree: must(journal.NewTree(0, nil)), seen: map[parley.GenerationID]uint64{}}
}

// Open opens another generation of a party, which names the logs given, as far
// as they are signed. It is certified by the root key; Certify may change that.
func (l *Line) Open(p *Party, name string, reason uint64, time uint64, earlier ...*Log) *Log {
	g := l.log(p, name)
	b := g.Body()
	b.Reason, b.Time = reason, time
	for _, o := range earlier {
		e := journal.Earlier{Gen: o.Gen, Root: journal.EmptyRoot}
		if n := len(o.Heads); n > 0 {
			e.Size, e.Root = o.Heads[n-1].Size, o.Heads[n-1].Root
		}
		b.Earlier = append(b.Earlier, e)
	}
	b.TLS = [32]byte(Sum(name + " tls"))
	g.Certify(journal.ByRoot, nil, b)
	l.Logs = append(l.Logs, g)
	return g
}

// Body is what the certificate of a founding generation says.
func (g *Log) Body() journal.CertificateBody {
	b := journal.CertificateBody{Line: g.Line.ID, Party: g.Party.Code, Gen: g.Gen, Log: g.Sign.Public(), Receipt: g.Held.Public(),
		Receiving: g.Receiving.Public(), Time: 1_795_000_000, TLS: [32]byte(Sum(string(g.Party.Code) + " 1 tls"))}
	if g.Line.founded != nil {
		b.Founding = g.Line.Hash()
	}
	return b
}

// Certify signs the certificate by the root key, or by an earlier log.
func (g *Log) Certify(by uint64, signer *Log, body journal.CertificateBody) {
	s, gen := key.Signer(g.Party.Root), parley.GenerationID{}
	if signer != nil {
		s, gen = signer.Sign, signer.Gen
	}
	g.Cert = must(journal.SignCertificate(s, by, gen, body))
}

// Origin is the origin of the log.
func (g *Log) Origin() string { return parley.Origin(g.Line.ID, g.Party.Code, g.Gen) }

// Size is how many entries there are.
func (g *Log) Size() uint64 { return uint64(len(g.Entries)) }

// See notes all that is written of other parties' logs as seen by the next
// entry, and returns it.
func (g *Log) See() map[parley.GenerationID]uint64 {
	m := map[parley.GenerationID]uint64{}
	for _, o := range g.Line.Logs {
		if n := o.Size(); o.Party != g.Party && n > g.seen[o.Gen] {
			m[o.Gen] = n
		}
	}
	return m
}

// Put appends an entry as it is.
func (g *Log) Put(raw []byte, k *seal.Key) parley.Ref {
	g.Entries, g.Keys = append(g.Entries, raw), append(g.Keys, k)
	g.Tree.Append(journal.LeafHash(raw))
	if e, err := seal.Parse(raw); err == nil {
		for o, n := range e.Seen {
			g.seen[o] = max(g.seen[o], n)
		}
	}
	return parley.Ref{Gen: g.Gen, Index: g.Size() - 1}
}

// Announce writes the next epoch entry, sealed to the first log of every other
// party or to its newest generation.
func (g *Log) Announce(time uint64, seen map[parley.GenerationID]uint64) parley.Ref {
	n := uint64(len(g.Secrets))
	secret := [32]byte(Sum(g.Origin() + string(rune('0'+n))))
	to := map[parley.PartyCode]key.ReceivingPublic{}
	for _, o := range g.Line.Logs {
		if o.Party != g.Party {
			to[o.Party.Code] = o.Receiving.Public()
		}
	}
	var cert []byte
	if g.Size() == 0 {
		cert = g.Cert
	}
	ctx := seal.EpochContext{Line: g.Line.ID, Origin: g.Origin(), Epoch: n, Founding: g.Line.Hash()}
	body := must(seal.NewEpoch(ctx, &secret, to, cert, nil))
	e := seal.Entry{Clear: seal.Clear{Epoch: n, Time: time, Seen: seen}, Announces: true, Body: body}
	g.Secrets = append(g.Secrets, secret)
	return g.Put(must(e.Marshal()), nil)
}

// Write seals an entry with the serial that comes next and all that is seen.
func (g *Log) Write(time uint64, h form.Header, f form.Form) parley.Ref {
	h.Form = f.Name()
	if s, numbered := form.Series(h.Form); numbered {
		g.serial[s]++
		h.Series, h.Serial = s, g.serial[s]
	}
	if h.From == "" {
		h.From = parley.Watch
	}
	return g.WriteRaw(time, g.See(), form.EncodeHeader(&h), form.EncodeBody(f, h.Serial))
}

// WriteRaw seals any header and body in the newest epoch.
func (g *Log) WriteRaw(time uint64, seen map[parley.GenerationID]uint64, header, body []byte) parley.Ref {
	n := uint64(len(g.Secrets) - 1)
	k := seal.EntryKey(&g.Secrets[n], g.Origin(), n, g.Size())
	return g.Put(must(seal.Seal(k, g.Origin(), g.Size(), seal.Clear{Epoch: n, Time: time, Seen: seen}, header, body)), &k)
}

// Checkpoint signs the log as it is.
func (g *Log) Checkpoint() wire.Head {
	h := must(journal.Sign(g.Sign, journal.Checkpoint{Origin: g.Origin(), Size: g.Size(), Root: g.Tree.Root()}))
	g.Heads = append(g.Heads, h)
	return h
}

// Receive makes the receipt of g for all of another log.
func (g *Log) Receive(o *Log, time uint64) wire.Receipt {
	c := journal.Checkpoint{Origin: o.Origin(), Size: o.Size(), Root: o.Tree.Root()}
	ed, ml, err := journal.Cosign(g.Held, parley.HolderName(g.Origin()), c, time)
	if err != nil {
		panic(err)
	}
	r := wire.Receipt{Gen: o.Gen, Size: o.Size(), Holder: g.Gen, Time: time, Ed: ed, ML: ml}
	o.Receipts = append(o.Receipts, r)
	return r
}
