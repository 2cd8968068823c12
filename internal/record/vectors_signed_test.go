package record_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/record"
	"parley/internal/record/recordtest"
	"parley/internal/wire"
)

func signedParts() []part {
	return []part{
		{name: "document", about: "A signature of a pair over a document with a label (conventions.md).", run: runDocument, make: makeDocument},
		{name: "checkpoint", about: "Both signatures of a log over a checkpoint (log.md).", run: runCheckpoint, make: makeCheckpoint},
		{name: "receipt", about: "Both halves of a holder's cosignature (log.md).", run: runReceipt, make: makeReceipt},
		{name: "witness", about: "A witness's cosignature as a note line (C2SP tlog-cosignature).", run: runWitness, make: makeWitness},
		{name: "fork", about: "Evidence that a log signed two histories: for different sizes the proof begins with the root, at the smaller size, of the tree of the larger checkpoint (log.md, Forks).", run: runFork, make: makeFork},
		{name: "certificate", about: "The certificate of a generation, judged by the founding and the certificates accepted before (log.md).", run: runCertificate, make: makeCertificate},
		{name: "pairing", about: "The commitment to a reveal, and the words over all reveals (pairing.md).", run: runPairing, make: makePairing},
		{name: "founding", about: "What a line rests on (pairing.md, charter.md).", run: runFounding, make: makeFounding},
	}
}

func (i input) public(k string) (p key.Public) {
	l := i.all(k)
	copy(p.Ed[:], l[0])
	copy(p.ML[:], l[1])
	return p
}

func publicHex(p key.Public) []any { return []any{hexOf(p.Ed[:]), hexOf(p.ML[:])} }

// sized refuses signatures and hashes of another length, as a decoder does.
func (i input) sized(lengths map[string]int) error {
	for k, n := range lengths {
		if len(i.bytes(k)) != n {
			return parley.Errorf(parley.BadSignature, "%s of %d bytes", k, len(i.bytes(k)))
		}
	}
	return nil
}

func runDocument(in input) (object, error) {
	if err := in.sized(map[string]int{"ed": 64, "ml": 2420}); err != nil {
		return nil, err
	}
	sig := key.Signature{Ed: [64]byte(in.bytes("ed")), ML: [2420]byte(in.bytes("ml"))}
	return object{"ok": true}, key.VerifyDocument(in.public("public"), in.text("label"), in.bytes("document"), sig)
}

func edited(in object, change func(object)) object {
	out := maps.Clone(in)
	change(out)
	return out
}

// flipped changes a bit of a hexadecimal field.
func flipped(in object, k string, at int) object {
	return edited(in, func(o object) {
		s := []byte(o[k].(string))
		if s[2*at] == '0' {
			s[2*at] = '1'
		} else {
			s[2*at] = '0'
		}
		o[k] = string(s)
	})
}

func makeDocument(m *maker) {
	p := recordtest.Pair("document")
	doc := []byte("a document")
	sig, err := key.SignDocument(p, "certificate", doc)
	if err != nil {
		m.t.Fatal(err)
	}
	good := object{"public": publicHex(p.Public()), "label": "certificate", "document": hexOf(doc), "ed": hexOf(sig.Ed[:]), "ml": hexOf(sig.ML[:])}
	m.ok("both halves", good)
	m.bad(parley.BadSignature, "another label", edited(good, func(o object) { o["label"] = "charter" }))
	m.bad(parley.BadSignature, "another document", flipped(good, "document", 2))
	m.bad(parley.BadSignature, "the Ed25519 half altered", flipped(good, "ed", 9))
	m.bad(parley.BadSignature, "the ML-DSA half altered", flipped(good, "ml", 1000))
	m.bad(parley.BadSignature, "the ML-DSA half missing", edited(good, func(o object) { o["ml"] = strings.Repeat("00", 2420) }))
	m.bad(parley.BadSignature, "another key", edited(good, func(o object) { o["public"] = publicHex(recordtest.Pair("other").Public()) }))
}

func (i input) checkpoint() journal.Checkpoint {
	return journal.Checkpoint{Origin: i.text("origin"), Size: i.uint("size"), Root: i.hash("root")}
}

func (i input) verifier(k string) *key.Verifier {
	v, err := key.NewVerifier(i.public(k))
	if err != nil {
		i.t.Fatal(err)
	}
	return v
}

func runCheckpoint(in input) (object, error) {
	if err := in.sized(map[string]int{"ed": 64, "ml": 2420}); err != nil {
		return nil, err
	}
	c := in.checkpoint()
	h := wire.Head{Size: c.Size, Root: c.Root, Ed: [64]byte(in.bytes("ed")), ML: in.bytes("ml")}
	ed, ml := journal.LogMessages(c)
	return object{"ok": true, "text": string(ed), "cosigned_message": hexOf(ml)}, journal.Verify(in.verifier("public"), c, h)
}

func headObject(origin string, p key.Public, h wire.Head) object {
	return object{"origin": origin, "size": h.Size, "root": hexOf(h.Root[:]), "public": publicHex(p), "ed": hexOf(h.Ed[:]), "ml": hexOf(h.ML)}
}

func makeCheckpoint(m *maker) {
	s := recordtest.NewStory(nil)
	g := s.Alder
	good := headObject(g.Origin(), g.Sign.Public(), g.Heads[1])
	m.ok("both signatures", good)
	big := journal.Checkpoint{Origin: g.Origin(), Size: 1<<48 - 1, Root: g.Heads[0].Root}
	h, err := journal.Sign(g.Sign, big)
	if err != nil {
		m.t.Fatal(err)
	}
	m.ok("a great size", headObject(g.Origin(), g.Sign.Public(), h))
	m.bad(parley.BadSignature, "another size", edited(good, func(o object) { o["size"] = uint64(3) }))
	m.bad(parley.BadSignature, "another root", flipped(good, "root", 0))
	m.bad(parley.BadSignature, "another log", edited(good, func(o object) { o["origin"] = s.Birch.Origin() }))
	m.bad(parley.BadSignature, "the Ed25519 half altered", flipped(good, "ed", 0))
	m.bad(parley.BadSignature, "the ML-DSA half altered", flipped(good, "ml", 2419))
	m.bad(parley.BadSignature, "halves of two checkpoints", edited(good, func(o object) { o["ml"] = hexOf(g.Heads[0].ML) }))
	m.bad(parley.BadSignature, "the receipt key's signatures", edited(good, func(o object) { o["public"] = publicHex(g.Held.Public()) }))
}

func runReceipt(in input) (object, error) {
	if err := in.sized(map[string]int{"ed": 64, "ml": 2420}); err != nil {
		return nil, err
	}
	holder := in.text("holder")
	if !strings.HasSuffix(holder, "/held") {
		holder = parley.HolderName(holder)
	}
	return object{"ok": true}, journal.VerifyCosignature(in.verifier("public"), holder, in.checkpoint(), in.uint("time"), [64]byte(in.bytes("ed")), in.bytes("ml"))
}

func makeReceipt(m *maker) {
	s := recordtest.NewStory(nil)
	r := s.Alder.Receipts[1]
	h := s.Alder.Heads[2]
	good := object{"origin": s.Alder.Origin(), "size": r.Size, "root": hexOf(h.Root[:]), "holder": s.Birch.Origin(), "time": r.Time,
		"public": publicHex(s.Birch.Held.Public()), "ed": hexOf(r.Ed[:]), "ml": hexOf(r.ML)}
	m.ok("both halves", good)
	m.ok("the holder by name", edited(good, func(o object) { o["holder"] = parley.HolderName(s.Birch.Origin()) }))
	m.bad(parley.Malformed, "time 0", edited(good, func(o object) { o["time"] = 0 }))
	m.bad(parley.BadSignature, "another time", edited(good, func(o object) { o["time"] = r.Time + 1 }))
	m.bad(parley.BadSignature, "another holder", edited(good, func(o object) {
		o["holder"] = parley.HolderName(s.Birch.Origin()[:35] + "cedar" + s.Birch.Origin()[38:])
	}))
	m.bad(parley.BadSignature, "another size", edited(good, func(o object) { o["size"] = uint64(2) }))
	m.bad(parley.BadSignature, "another root", flipped(good, "root", 31))
	m.bad(parley.BadSignature, "the Ed25519 half altered", flipped(good, "ed", 63))
	m.bad(parley.BadSignature, "the ML-DSA half altered", flipped(good, "ml", 7))
	m.bad(parley.BadSignature, "the log key's signature", edited(good, func(o object) { o["public"] = publicHex(s.Birch.Sign.Public()) }))
}

func runWitness(in input) (object, error) {
	k, err := c2sp.ParseVKey(in.text("vkey"))
	if err != nil {
		return nil, err
	}
	l, err := c2sp.ParseSignatureLine(in.text("note"))
	if err != nil {
		return nil, err
	}
	if l.Name != k.Name || l.ID != k.ID() {
		return nil, parley.Errorf(parley.UnknownKey, "of another witness")
	}
	t, err := k.Verify(in.checkpoint(), l.Sig)
	return object{"by": k.Name, "time": t}, err
}

// witnessLine cosigns a checkpoint as a witness with a key of each type would.
func witnessLine(name string, typ byte, p *key.Pair, c journal.Checkpoint, t uint64) (vkey, line string) {
	ed, ml := journal.CosignMessages(name, c, t)
	pub := p.Public()
	k := c2sp.VKey{Name: name, Type: typ, Key: pub.Ed[:]}
	sig := binary.BigEndian.AppendUint64(nil, t)
	if typ == c2sp.TypeCosignedEd {
		s, _ := p.SignEd(ed)
		sig = append(sig, s[:]...)
	} else {
		k.Key = pub.ML[:]
		s, _ := p.SignML(ml)
		sig = append(sig, s...)
	}
	return k.String(), c2sp.SignatureLine{Name: name, ID: k.ID(), Sig: sig}.String()
}

func makeWitness(m *maker) {
	s := recordtest.NewStory(nil)
	h := s.Alder.Heads[2]
	c := journal.Checkpoint{Origin: s.Alder.Origin(), Size: h.Size, Root: h.Root}
	p := recordtest.Pair("witness")
	for typ, name := range map[byte]string{c2sp.TypeCosignedEd: "Ed25519", c2sp.TypeCosignedML: "ML-DSA-44"} {
		vkey, line := witnessLine("witness.example/w", typ, p, c, recordtest.Start+70)
		good := object{"origin": c.Origin, "size": c.Size, "root": hexOf(c.Root[:]), "note": line, "vkey": vkey}
		m.ok(name, good)
		m.bad(parley.BadSignature, name+": another size", edited(good, func(o object) { o["size"] = c.Size + 1 }))
		m.bad(parley.BadSignature, name+": another root", flipped(good, "root", 3))
		_, later := witnessLine("witness.example/w", typ, p, c, recordtest.Start+71)
		raw := func(l string) []byte {
			b, _ := base64.StdEncoding.DecodeString(l[strings.LastIndex(l, " ")+1:])
			return b
		}
		mixed := append(bytes.Clone(raw(line)[:12]), raw(later)[12:]...)
		m.bad(parley.BadSignature, name+": another time", edited(good, func(o object) {
			o["note"] = line[:strings.LastIndex(line, " ")+1] + base64.StdEncoding.EncodeToString(mixed)
		}))
		m.bad(parley.Malformed, name+": a hyphen in place of the dash", edited(good, func(o object) { o["note"] = "-" + strings.TrimPrefix(line, "—") }))
		m.bad(parley.Malformed, name+": not base64", edited(good, func(o object) { o["note"] = line + "*" }))
		m.bad(parley.Malformed, name+": key id of another key", edited(good, func(o object) {
			w := strings.SplitN(vkey, "+", 3)
			o["vkey"] = w[0] + "+00000000+" + w[2]
		}))
	}
}

func (i input) head(k string) (h wire.Head) {
	l := i.list(k)
	h.Size = toUint(l[0])
	copy(h.Root[:], unhex(i.t, l[1].(string)))
	copy(h.Ed[:], unhex(i.t, l[2].(string)))
	h.ML = unhex(i.t, l[3].(string))
	return h
}

func runFork(in input) (object, error) {
	_, _, gen, err := journal.ParseOrigin(in.text("origin"))
	if err != nil {
		return nil, err
	}
	e := &wire.Evidence{Gen: gen, First: in.head("a"), Second: in.head("b")}
	for _, b := range in.all("proof") {
		e.Proof = append(e.Proof, record.Hash(b))
	}
	// Through its bytes, as it comes in frame 10: shapes are refused there.
	raw, err := e.MarshalCBOR()
	if err != nil {
		return nil, err
	}
	if err := e.UnmarshalCBOR(raw); err != nil {
		return nil, err
	}
	return object{"ok": true}, journal.VerifyEvidence(in.text("origin"), in.verifier("public"), e)
}

func headList(h wire.Head) []any {
	return []any{h.Size, hexOf(h.Root[:]), hexOf(h.Ed[:]), hexOf(h.ML)}
}

// forked makes two histories of one log: heads by size of each, and the trees.
func forked(m *maker, common, total int) (g *recordtest.Log, heads [2][]wire.Head, trees [2]*journal.Tree) {
	g = recordtest.NewStory(nil).Alder
	for side := range 2 {
		t, err := journal.NewTree(0, nil)
		if err != nil {
			m.t.Fatal(err)
		}
		heads[side] = append(heads[side], wire.Head{})
		for i := range total {
			leaf := fmt.Sprint(i)
			if i >= common {
				leaf += fmt.Sprint(" of side ", side)
			}
			t.Append(journal.LeafHash([]byte(leaf)))
			h, err := journal.Sign(g.Sign, journal.Checkpoint{Origin: g.Origin(), Size: t.Size(), Root: t.Root()})
			if err != nil {
				m.t.Fatal(err)
			}
			heads[side] = append(heads[side], h)
		}
		trees[side] = t
	}
	return g, heads, trees
}

func makeFork(m *maker) {
	g, heads, trees := forked(m, 2, 7)
	input := func(a, b wire.Head, proof []record.Hash) object {
		list := []any{}
		for _, h := range proof {
			list = append(list, hexOf(h[:]))
		}
		return object{"origin": g.Origin(), "public": publicHex(g.Sign.Public()), "a": headList(a), "b": headList(b), "proof": list}
	}
	evidence := func(a, b int) object {
		e, err := journal.MakeEvidence(g.Gen, heads[0][a], heads[1][b], trees[1])
		if err != nil {
			m.t.Fatal(err)
		}
		return input(e.First, e.Second, e.Proof)
	}
	m.ok("equal sizes, two roots", input(heads[0][5], heads[1][5], nil))
	for _, a := range []int{3, 4, 5, 6} {
		m.ok(fmt.Sprintf("sizes %d and 7", a), evidence(a, 7))
	}
	m.bad(parley.BadProof, "equal sizes, one root", input(heads[0][5], heads[0][5], nil))
	m.bad(parley.Malformed, "equal sizes with a proof", edited(input(heads[0][5], heads[1][5], nil), func(o object) { o["proof"] = evidence(3, 7)["proof"] }))
	m.bad(parley.Malformed, "the larger size first", edited(evidence(3, 7), func(o object) { o["a"], o["b"] = o["b"], o["a"] }))
	m.bad(parley.BadProof, "no proof", input(heads[0][3], heads[1][7], nil))
	root, err := trees[1].RootAt(3)
	if err != nil {
		m.t.Fatal(err)
	}
	steps, err := trees[1].Consistency(3, 7)
	if err != nil {
		m.t.Fatal(err)
	}
	m.bad(parley.BadProof, "the consistency proof without the root", input(heads[0][3], heads[1][7], steps))
	m.bad(parley.BadProof, "one history: the root is that of the smaller checkpoint", input(heads[1][3], heads[1][7], append([]record.Hash{root}, steps...)))
	m.bad(parley.BadProof, "another root", edited(evidence(3, 7), func(o object) {
		o["proof"] = append([]any{hexOf(recordtest.Sum("root"))}, o["proof"].([]any)[1:]...)
	}))
	m.bad(parley.BadProof, "proof too long", edited(evidence(3, 7), func(o object) { o["proof"] = append(o["proof"].([]any), hexOf(recordtest.Sum("x"))) }))
	broken := heads[1][7]
	broken.Ed[0] ^= 1
	m.bad(parley.BadSignature, "the larger checkpoint is not signed", input(heads[0][3], broken, append([]record.Hash{root}, steps...)))
	broken = heads[0][5]
	broken.ML = bytes.Clone(broken.ML)
	broken.ML[9] ^= 1
	m.bad(parley.BadSignature, "the smaller checkpoint is not signed", input(broken, heads[1][5], nil))
}

func runCertificate(in input) (object, error) {
	f, err := charter.ParseFounding(in.bytes("founding"))
	if err != nil {
		return nil, err
	}
	c, err := record.AcceptCertificate(f, in.bytes("certificate"), in.all("known"))
	if err != nil {
		return nil, err
	}
	return object{"origin": c.Origin(), "party": string(c.Party), "generation": c.Gen.String(), "reason": c.Reason, "time": c.Time}, nil
}

func makeCertificate(m *maker) {
	s := recordtest.NewStory(nil)
	b := s.Birch
	lost := s.Open(b.Party, "birch 2", journal.ReasonLost, recordtest.Start+500, b)
	third := s.Open(b.Party, "birch 3", journal.ReasonDoubt, recordtest.Start+900, b, lost)
	known := func(logs ...*recordtest.Log) []any {
		out := []any{}
		for _, g := range logs {
			out = append(out, hexOf(g.Cert))
		}
		return out
	}
	input := func(cert []byte, logs ...*recordtest.Log) object {
		return object{"founding": hexOf(s.Raw), "certificate": hexOf(cert), "known": known(logs...)}
	}
	signed := func(by uint64, signer key.Signer, gen parley.GenerationID, change func(*journal.CertificateBody)) []byte {
		body := lost.Body()
		body.Reason, body.Time, body.TLS = journal.ReasonLost, recordtest.Start+500, [32]byte(recordtest.Sum("tls"))
		body.Earlier = []journal.Earlier{{Gen: b.Gen, Size: 1, Root: b.Heads[0].Root}}
		change(&body)
		return forge(signer, by, gen, body)
	}
	root, none := b.Party.Root, parley.GenerationID{}
	same := func(*journal.CertificateBody) {}
	m.ok("founding", input(s.Alder.Cert))
	m.ok("lost, by the root key", input(lost.Cert, s.Alder, b))
	m.ok("a third generation", input(third.Cert, s.Alder, b, lost))
	m.ok("by the log key of the generation before", input(signed(journal.ByLog, b.Sign, b.Gen, func(c *journal.CertificateBody) { c.Reason = journal.ReasonFork }), s.Alder, b))
	m.ok("it knows no checkpoint of the earlier one", input(signed(journal.ByRoot, root, none, func(c *journal.CertificateBody) {
		c.Earlier[0].Size, c.Earlier[0].Root = 0, journal.EmptyRoot
	}), s.Alder, b))
	bad := func(kind parley.Kind, name string, cert []byte, logs ...*recordtest.Log) {
		m.bad(kind, name, input(cert, logs...))
	}
	change := func(f func(*journal.CertificateBody)) []byte { return signed(journal.ByRoot, root, none, f) }
	bad(parley.WrongLine, "another line", change(func(c *journal.CertificateBody) { c.Line[0] ^= 1 }), b)
	bad(parley.WrongLine, "another founding", change(func(c *journal.CertificateBody) { c.Founding[0] ^= 1 }), b)
	bad(parley.WrongParty, "a party that is not on the line", change(func(c *journal.CertificateBody) { c.Party = "cedar" }), b)
	bad(parley.BadSignature, "another party's root key", signed(journal.ByRoot, s.Alder.Party.Root, none, same), b)
	bad(parley.BadSignature, "its own log key", signed(journal.ByRoot, lost.Sign, none, same), b)
	cut := bytes.Clone(lost.Cert)
	cut[len(cut)-1] ^= 1
	bad(parley.BadSignature, "the ML-DSA half altered", cut, b)
	bad(parley.Conflict, "a generation certified already", lost.Cert, s.Alder, b, lost)
	bad(parley.Conflict, "the generation of another party", change(func(c *journal.CertificateBody) { c.Gen = s.Alder.Gen }), b)
	bad(parley.UnknownKey, "signed by a generation that nobody knows", signed(journal.ByLog, b.Sign, b.Gen, same), s.Alder)
	bad(parley.UnknownKey, "signed by a generation no longer in force", signed(journal.ByLog, b.Sign, b.Gen, func(c *journal.CertificateBody) {
		c.Gen, c.Time = parley.GenerationID{9}, c.Time+1
		c.Earlier = append(c.Earlier, journal.Earlier{Gen: lost.Gen, Root: journal.EmptyRoot})
	}), s.Alder, b, lost)
	late := signed(journal.ByLog, b.Sign, b.Gen, func(c *journal.CertificateBody) {
		c.Gen, c.Time, c.Reason = parley.GenerationID{9}, c.Time-1, journal.ReasonDoubt
	})
	m.ok("heard of after the one that superseded it", input(late, s.Alder, b, lost))
	bad(parley.UnknownKey, "older than the generation that signed it", signed(journal.ByLog, lost.Sign, lost.Gen, func(c *journal.CertificateBody) {
		c.Gen, c.Time, c.Reason = parley.GenerationID{9}, c.Time-1, journal.ReasonDoubt
		c.Earlier = append(c.Earlier, journal.Earlier{Gen: lost.Gen, Root: journal.EmptyRoot})
	}), s.Alder, b, lost, third)
	bad(parley.WrongParty, "signed by another party's log", signed(journal.ByLog, s.Alder.Sign, s.Alder.Gen, func(c *journal.CertificateBody) {
		c.Earlier = append(c.Earlier, journal.Earlier{Gen: s.Alder.Gen, Root: journal.EmptyRoot})
	}), s.Alder, b)
	bad(parley.Conflict, "founding with other keys than revealed", forge(s.Alder.Party.Root, journal.ByRoot, none, func() journal.CertificateBody {
		c := s.Alder.Body()
		c.Log = recordtest.Pair("other").Public()
		return c
	}()))
	bad(parley.Conflict, "founding with another TLS key than revealed", forge(s.Alder.Party.Root, journal.ByRoot, none, func() journal.CertificateBody {
		c := s.Alder.Body()
		c.TLS[0] ^= 1
		return c
	}()))
	bad(parley.Conflict, "founding with another receiving key than revealed", forge(s.Alder.Party.Root, journal.ByRoot, none, func() journal.CertificateBody {
		c := s.Alder.Body()
		c.Receiving[0] ^= 1
		return c
	}()))
	bad(parley.Malformed, "time 2^53", change(func(c *journal.CertificateBody) { c.Time = 1 << 53 }), b)
	bad(parley.Malformed, "an earlier size of 2^53", change(func(c *journal.CertificateBody) { c.Earlier[0].Size = 1 << 53 }), b)
	bad(parley.Malformed, "reason 5", change(func(c *journal.CertificateBody) { c.Reason = 5 }), b)
	bad(parley.Malformed, "it names no earlier generation", change(func(c *journal.CertificateBody) { c.Earlier = nil }), b)
	bad(parley.Malformed, "it names one twice", change(func(c *journal.CertificateBody) { c.Earlier = append(c.Earlier, c.Earlier[0]) }), b)
	bad(parley.Malformed, "it names itself", change(func(c *journal.CertificateBody) { c.Earlier[0].Gen = c.Gen }), b)
	bad(parley.Malformed, "size 0 with a root", change(func(c *journal.CertificateBody) { c.Earlier[0].Size = 0 }), b)
	bad(parley.Malformed, "signed by a log it does not name", signed(journal.ByLog, b.Sign, b.Gen, func(c *journal.CertificateBody) { c.Earlier[0].Gen = parley.GenerationID{7} }), b)
	bad(parley.Malformed, "a founding one signed by a log key", forge(b.Sign, journal.ByLog, b.Gen, s.Alder.Body()), b)
	bad(parley.Malformed, "cut", lost.Cert[:len(lost.Cert)-9], b)
	bad(parley.Malformed, "a byte follows", append(bytes.Clone(lost.Cert), 0), b)
	bad(parley.Malformed, "a key nobody knows", forgeRaw(root, journal.ByRoot, none, withKey(lost.Body(), b)), b)
}

// forge signs a certificate that SignCertificate might refuse to make.
func forge(s key.Signer, by uint64, gen parley.GenerationID, body journal.CertificateBody) []byte {
	return forgeRaw(s, by, gen, wire.Encode(&body))
}

func forgeRaw(s key.Signer, by uint64, gen parley.GenerationID, body []byte) []byte {
	sig, err := key.SignDocument(s, "certificate", body)
	if err != nil {
		panic(err)
	}
	signer := []byte{}
	if by == journal.ByLog {
		signer = gen[:]
	}
	return wire.Encode([]any{body, by, signer, &sig})
}

// withKey is a certificate body with a key 12.
func withKey(c journal.CertificateBody, o *recordtest.Log) []byte {
	c.Reason, c.Earlier = journal.ReasonLost, []journal.Earlier{{Gen: o.Gen, Root: journal.EmptyRoot}}
	b := wire.Encode(&c)
	b[0]++ // a map of twelve
	return append(b, 0x0c, 0x00)
}

func runPairing(in input) (object, error) {
	out := object{}
	if in.has("reveal") {
		r, err := charter.ParseReveal(in.bytes("reveal"))
		if err != nil {
			return nil, err
		}
		c := r.Commitment(parley.LineID(in.bytes("line")))
		out["commitment"] = hexOf(c[:])
	}
	if in.has("reveals") {
		f, err := charter.ParseFounding(enc([]any{in.bytes("line"), in.bytes("charter"), in.bytes("annex"), in.all("reveals")}))
		if err != nil {
			return nil, err
		}
		w := f.Words()
		out["words"], out["digits"] = w[:], f.Digits()
	}
	return out, nil
}

func foundingOf(l *recordtest.Line) (f *charter.Founding, reveals [][]byte) {
	f, err := charter.ParseFounding(l.Raw)
	if err != nil {
		panic(err)
	}
	for i := range f.Reveals {
		reveals = append(reveals, f.Reveals[i].Encode())
	}
	return f, reveals
}

func makePairing(m *maker) {
	l := recordtest.New(nil, "alder", "birch", "cedar")
	f, reveals := foundingOf(l)
	for i, r := range reveals {
		m.ok("commitment of "+string(f.Reveals[i].Party), object{"line": hexOf(l.ID[:]), "reveal": hexOf(r)})
	}
	m.ok("commitment on another line", object{"line": hexOf(recordtest.Fill(16, "another line")), "reveal": hexOf(reveals[0])})
	m.ok("words of three", object{"line": hexOf(l.ID[:]), "reveals": hexes(reveals), "charter": hexOf(f.CharterBytes()), "annex": hexOf(f.AnnexBytes())})
	two, reveals := foundingOf(recordtest.New(nil, "alder", "birch"))
	m.ok("words of two", object{"line": hexOf(l.ID[:]), "reveals": hexes(reveals), "charter": hexOf(two.CharterBytes()), "annex": hexOf(two.AnnexBytes())})
}

func runFounding(in input) (object, error) {
	f, err := charter.ParseFounding(in.bytes("founding"))
	if err != nil {
		return nil, err
	}
	codes := []string{}
	for i := range f.Reveals {
		codes = append(codes, string(f.Reveals[i].Party))
	}
	h, w := f.Hash(), f.Words()
	return object{"line": f.Line.String(), "hash": hexOf(h[:]), "parties": codes, "words": w[:], "digits": f.Digits(), "fingerprint": f.Fingerprint()}, nil
}

func makeFounding(m *maker) {
	l := recordtest.New(nil, "alder", "birch")
	f, reveals := foundingOf(l)
	m.ok("two parties", object{"founding": hexOf(l.Raw)})
	m.ok("three parties, with a witness", object{"founding": hexOf(recordtest.New(func(a *charter.Annex) {
		pub := recordtest.Pair("witness").Public()
		a.Witnesses = []string{c2sp.VKey{Name: "witness.example/w", Type: c2sp.TypeCosignedEd, Key: pub.Ed[:]}.String()}
	}, "alder", "birch", "cedar").Raw)})
	build := func(change func(x []any)) object {
		x := []any{l.ID[:], f.CharterBytes(), f.AnnexBytes(), reveals}
		change(x)
		return object{"founding": hexOf(enc(x))}
	}
	three, _ := foundingOf(recordtest.New(nil, "alder", "birch", "cedar"))
	m.bad(parley.Malformed, "reveals out of order", build(func(x []any) { x[3] = [][]byte{reveals[1], reveals[0]} }))
	m.bad(parley.WrongParty, "a party of the charter that did not reveal", build(func(x []any) { x[1] = three.CharterBytes() }))
	m.bad(parley.Malformed, "line id of 15 bytes", build(func(x []any) { x[0] = l.ID[:15] }))
	m.bad(parley.Malformed, "charter is not CBOR", build(func(x []any) { x[1] = []byte("charter") }))
	m.bad(parley.Unsupported, "suite 2", build(func(x []any) {
		x[2] = enc(map[uint64]any{1: uint64(2), 2: map[uint64]uint64{}, 3: []string{}, 4: map[uint64]uint64{}})
	}))
	reveal := func(change func(*charter.Reveal)) func(x []any) {
		return func(x []any) {
			r := f.Reveals[1]
			change(&r)
			x[3] = [][]byte{reveals[0], r.Encode()}
		}
	}
	m.bad(parley.Conflict, "two parties with one generation id", build(reveal(func(r *charter.Reveal) { r.Generation = f.Reveals[0].Generation })))
	m.bad(parley.Malformed, "a reveal with an unknown key", build(func(x []any) {
		b := bytes.Clone(reveals[1])
		b[0]++
		x[3] = [][]byte{reveals[0], append(b, 0x0b, 0x00)}
	}))
	m.bad(parley.Malformed, "cut", object{"founding": hexOf(l.Raw[:len(l.Raw)-1])})
	levels := f.Charter // contacts.md, Levels: a key that a reader need not know
	levels.Unknown = form.Unknown{13: enc(map[uint64][]string{1: {"watch", "envoy"}, 3: {"envoy", "principal"}})}
	m.ok("a charter that says who arranges contacts", build(func(x []any) { x[1] = levels.Encode() }))
}
