package record_test

import (
	"bytes"
	"encoding/base64"
	"strings"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/record/recordtest"
	"parley/internal/seal"
	"parley/internal/wire"
)

func stationParts() []part {
	return []part{
		{name: "epoch", about: "Opening an epoch's secret with a receiving key, given by its 32-byte seed (sealing.md).", station: true, run: runEpoch, make: makeEpoch},
		{name: "note", about: "A signed note over a checkpoint, and both signatures of its log (C2SP; log.md).", station: true, run: runNote, make: makeNote},
		{name: "reveal", about: "A reveal by itself (pairing.md).", station: true, run: runReveal, make: makeReveal},
		{name: "charter", about: "A charter (charter.md).", station: true, run: runCharter, make: makeCharter},
		{name: "annex", about: "An annex (charter.md, bounds.md).", station: true, run: runAnnex, make: makeAnnex},
		chainPart(),
		{name: "form", about: "Header and body of an entry by themselves, without the rules that need other entries (entry.md, forms.md).", station: true, run: runForm, make: makeForm},
		{name: "frame", about: "Frames (frames.md, frames.cddl). A frame of an unknown type is passed over.", station: true, run: runFrame, make: makeFrame},
	}
}

func runEpoch(in input) (object, error) {
	b, err := seal.ParseEpoch(in.bytes("body"))
	if err != nil {
		return nil, err
	}
	r, err := key.ReceivingFromSeed(in.bytes("receiving_seed"))
	if err != nil {
		return nil, err
	}
	ctx := seal.EpochContext{Line: parley.LineID(in.bytes("line")), Origin: in.text("origin"), Epoch: in.uint("epoch"), Founding: in.hash("founding")}
	secret, err := b.Open(ctx, parley.PartyCode(in.text("party")), r)
	pub, id := r.Public(), r.ID()
	sum := key.Hash("receiving key", pub[:])
	return object{"secret": hexOf(secret[:]), "receiving_id": hexOf(id[:]), "public_hash": hexOf(sum[:])}, err
}

func makeEpoch(m *maker) {
	l := recordtest.New(nil, "alder", "birch", "cedar")
	a, hash := l.Parties[0].First, l.Hash()
	a.Announce(recordtest.Start, nil)
	e, err := seal.Parse(a.Entries[0])
	if err != nil {
		m.t.Fatal(err)
	}
	good := object{"line": hexOf(l.ID[:]), "origin": a.Origin(), "epoch": 0, "founding": hexOf(hash[:]), "party": "birch",
		"receiving_seed": hexOf(l.Parties[1].First.Receiving.Seed()), "body": hexOf(e.Body)}
	m.ok("birch", good)
	m.ok("cedar", edited(good, func(o object) { o["party"], o["receiving_seed"] = "cedar", hexOf(l.Parties[2].First.Receiving.Seed()) }))
	m.bad(parley.Unreadable, "another party's key", edited(good, func(o object) { o["party"] = "cedar" }))
	m.bad(parley.Unreadable, "a party it is not sealed to", edited(good, func(o object) { o["party"] = "alder" }))
	m.bad(parley.Unreadable, "another epoch", edited(good, func(o object) { o["epoch"] = 1 }))
	m.bad(parley.Unreadable, "another line", flipped(good, "line", 0))
	m.bad(parley.Unreadable, "another founding", flipped(good, "founding", 0))
	m.bad(parley.Unreadable, "another origin", edited(good, func(o object) { o["origin"] = testOrigin }))
	m.bad(parley.BadCommitment, "another commitment", flipped(good, "body", 4))
	m.bad(parley.Malformed, "cut", edited(good, func(o object) { o["body"] = hexOf(e.Body[:100]) }))
}

func runNote(in input) (object, error) {
	n, err := c2sp.ParseNote([]byte(in.text("note")))
	if err != nil {
		return nil, err
	}
	if in.has("public") {
		if err := n.VerifyLog(in.public("public")); err != nil {
			return nil, err
		}
	}
	lines := []any{}
	for _, l := range n.Lines {
		lines = append(lines, object{"name": l.Name, "id": l.ID, "bytes": len(l.Sig)})
	}
	return object{"origin": n.Checkpoint.Origin, "size": n.Checkpoint.Size, "root": hexOf(n.Checkpoint.Root[:]), "lines": lines}, nil
}

func makeNote(m *maker) {
	s := recordtest.NewStory(nil)
	g := s.Alder
	h := g.Heads[2]
	c := journal.Checkpoint{Origin: g.Origin(), Size: h.Size, Root: h.Root}
	r := g.Receipts[1]
	text := string(c2sp.AppendLines(c2sp.Note(c, g.Sign.Public(), h), c2sp.HolderLines(parley.HolderName(s.Birch.Origin()), s.Birch.Held.Public(), r.Time, r.Ed, r.ML)...))
	good := object{"note": text, "public": publicHex(g.Sign.Public())}
	m.ok("both signatures of the log, and a receipt", good)
	lines := strings.Split(text, "\n")
	with := func(change func(l []string) []string) object {
		return object{"note": strings.Join(change(append([]string(nil), lines...)), "\n"), "public": publicHex(g.Sign.Public())}
	}
	set := func(i int, s string) object { return with(func(l []string) []string { l[i] = s; return l }) }
	m.ok("a signature of nobody known besides", set(6, "— nobody.example "+base64.StdEncoding.EncodeToString(make([]byte, 20))))
	m.bad(parley.BadSignature, "the ML-DSA signature left out", with(func(l []string) []string { return append(l[:5:5], l[6:]...) }))
	m.bad(parley.BadSignature, "the Ed25519 signature left out", with(func(l []string) []string { return append(l[:4:4], l[5:]...) }))
	m.bad(parley.BadSignature, "another size", set(1, "2"))
	m.bad(parley.Malformed, "an extension line", with(func(l []string) []string { return append(append(l[:3:3], "more"), l[3:]...) }))
	m.bad(parley.Malformed, "size with a zero before", set(1, "03"))
	m.bad(parley.Malformed, "size with a sign", set(1, "+3"))
	m.bad(parley.Malformed, "size 2^63", set(1, "9223372036854775808"))
	m.bad(parley.Malformed, "root of 31 bytes", set(2, base64.StdEncoding.EncodeToString(make([]byte, 31))))
	m.bad(parley.Malformed, "root in base64 with other last bits", set(2, strings.Repeat("A", 42)+"B="))
	m.bad(parley.Malformed, "root without padding", set(2, strings.TrimRight(lines[2], "=")))
	m.bad(parley.Malformed, "origin with a space", set(0, "a b"))
	m.bad(parley.Malformed, "origin with a plus", set(0, "a+b"))
	m.bad(parley.Malformed, "origin of 256 bytes", set(0, strings.Repeat("a", 256)))
	m.bad(parley.Malformed, "no empty line", with(func(l []string) []string { return append(l[:3:3], l[4:]...) }))
	m.bad(parley.Malformed, "no signature", with(func(l []string) []string { return append(l[:4:4], "") }))
	m.bad(parley.Malformed, "one signature twice", with(func(l []string) []string { return append(append(l[:5:5], l[4]), l[5:]...) }))
	m.bad(parley.Malformed, "a hyphen in place of the dash", set(4, "-"+strings.TrimPrefix(lines[4], "—")))
	m.bad(parley.Malformed, "no newline at the end", object{"note": strings.TrimSuffix(text, "\n")})
	m.bad(parley.Malformed, "carriage returns", object{"note": strings.ReplaceAll(text, "\n", "\r\n")})
}

func runReveal(in input) (object, error) {
	r, err := charter.ParseReveal(in.bytes("reveal"))
	if err != nil {
		return nil, err
	}
	return object{"party": string(r.Party), "name": r.Name, "generation": r.Generation.String(), "addresses": r.Addresses, "root_fingerprint": r.Root.Fingerprint()}, nil
}

func makeReveal(m *maker) {
	f, reveals := foundingOf(recordtest.New(nil, "alder", "birch"))
	in := func(b []byte) object { return object{"reveal": hexOf(b)} }
	m.ok("alder", in(reveals[0]))
	with := func(change func(*charter.Reveal)) object { r := f.Reveals[0]; change(&r); return in(r.Encode()) }
	m.ok("no address", with(func(r *charter.Reveal) { r.Addresses = nil }))
	m.bad(parley.BadForm, "a party code in capitals", with(func(r *charter.Reveal) { r.Party = "ALDER" }))
	m.bad(parley.BadForm, "no name", with(func(r *charter.Reveal) { r.Name = "" }))
	m.bad(parley.BadForm, "a name that reads backwards", with(func(r *charter.Reveal) { r.Name = "\u202eredlA" }))
	m.bad(parley.BadForm, "one key for log and receipts", with(func(r *charter.Reveal) { r.Receipt = r.Log }))
	m.bad(parley.BadForm, "root key of zeros", with(func(r *charter.Reveal) { r.Root = key.Public{} }))
	m.bad(parley.BadForm, "nonce of zeros", with(func(r *charter.Reveal) { r.Nonce = [32]byte{} }))
	m.bad(parley.Malformed, "an unknown key", in(append(append([]byte{reveals[0][0] + 1}, reveals[0][1:]...), 0x0b, 0x00)))
	m.bad(parley.Malformed, "a key left out", in(append([]byte{reveals[0][0] - 1}, reveals[0][1:len(reveals[0])-35]...)))
	m.bad(parley.Malformed, "empty", in(nil))
}

func runCharter(in input) (object, error) {
	c, err := charter.Parse(in.bytes("charter"))
	if err != nil {
		return nil, err
	}
	parties := []any{}
	for _, p := range c.Parties {
		parties = append(parties, []any{string(p.Code), p.Name, widen(p.Languages)})
	}
	h := charter.HashCharter(in.bytes("charter"))
	return object{"version": c.Version, "parties": parties, "hash": hexOf(h[:]), "instruction": c.Instruct}, nil
}

func makeCharter(m *maker) {
	base := func() map[uint64]any {
		return map[uint64]any{1: uint64(1), 2: []any{[]any{"alder", "Alder", []string{"en"}}, []any{"birch", "Birch", []string{"zh", "en"}}}, 3: []string{"envoy", "watch"},
			4: map[uint64]uint64{3: 1}, 5: uint64(3600), 6: []string{}, 7: map[string][]uint64{"birch": {3, 6}}, 8: "nothing is recorded", 9: false,
			10: []any{[]uint64{9, 30, 31}}, 11: map[uint64]uint64{3: 600}}
	}
	with := func(k uint64, v any) object { c := base(); c[k] = v; return object{"charter": hexOf(enc(c))} }
	m.ok("two parties", object{"charter": hexOf(enc(base()))})
	m.ok("a key of a newer version", with(77, "new"))
	second := base()
	second[1], second[12] = uint64(2), recordtest.Sum("earlier")
	m.ok("version 2 amends another", object{"charter": hexOf(enc(second))})
	m.bad(parley.BadForm, "version 1 amends another", with(12, recordtest.Sum("earlier")))
	bad := func(kind parley.Kind, name string, k uint64, v any) { m.bad(kind, name, with(k, v)) }
	alder := []any{"alder", "Alder", []string{"en"}}
	bad(parley.BadForm, "one party", 2, []any{alder})
	bad(parley.BadForm, "a party twice", 2, []any{alder, alder})
	bad(parley.BadForm, "a party code in capitals", 2, []any{alder, []any{"B", "Birch", []string{"zh"}}})
	bad(parley.BadForm, "a party without language", 2, []any{alder, []any{"birch", "Birch", []string{}}})
	bad(parley.BadForm, "a language that is none", 2, []any{alder, []any{"birch", "Birch", []string{"chinese!"}}})
	bad(parley.BadForm, "no office", 3, []string{})
	bad(parley.BadForm, "an office twice", 3, []string{"watch", "watch"})
	bad(parley.BadForm, "release rule 3", 4, map[uint64]uint64{0: 3})
	bad(parley.BadForm, "precedence 4", 4, map[uint64]uint64{4: 0})
	bad(parley.BadForm, "a promise of the rung stored", 7, map[string][]uint64{"birch": {2}})
	bad(parley.BadForm, "a promise of nobody", 7, map[string][]uint64{"cedar": {3}})
	bad(parley.BadForm, "rungs out of order", 7, map[string][]uint64{"birch": {6, 3}})
	bad(parley.BadForm, "a check call at 24 o'clock", 10, []any{[]uint64{24, 0, 1}})
	bad(parley.BadForm, "a check call on no day", 10, []any{[]uint64{9, 0, 0}})
	bad(parley.BadForm, "FLASH slower than IMMEDIATE", 11, map[uint64]uint64{3: 3600})
	bad(parley.Malformed, "parties as a map", 2, map[string]string{"alder": "Alder"})
	bad(parley.Malformed, "a party of two items", 2, []any{[]any{"alder", "Alder"}, alder})
	bad(parley.Malformed, "test interval as text", 5, "1h")
	c := base()
	delete(c, 9)
	m.bad(parley.Malformed, "a key left out", object{"charter": hexOf(enc(c))})
}

func runAnnex(in input) (object, error) {
	a, err := charter.ParseAnnex(in.bytes("annex"))
	if err != nil {
		return nil, err
	}
	h := charter.HashAnnex(in.bytes("annex"))
	return object{"suite": a.Suite, "hash": hexOf(h[:]), "entries_per_second": a.Bound(charter.EntriesPerSecond), "witnesses": len(a.Witnesses)}, nil
}

func makeAnnex(m *maker) {
	base := func() map[uint64]any {
		return map[uint64]any{1: uint64(1), 2: map[uint64]uint64{8: 10}, 3: []string{}, 4: map[uint64]uint64{1: 2}}
	}
	with := func(k uint64, v any) object { a := base(); a[k] = v; return object{"annex": hexOf(enc(a))} }
	m.ok("a bound lowered", object{"annex": hexOf(enc(base()))})
	m.ok("a key of a newer version", with(88, []uint64{1}))
	m.ok("a bound nobody knows", with(2, map[uint64]uint64{99: 1}))
	m.bad(parley.Unsupported, "suite 2", with(1, uint64(2)))
	m.bad(parley.Unsupported, "suite 0", with(1, uint64(0)))
	m.bad(parley.BadForm, "a bound raised", with(2, map[uint64]uint64{8: 21}))
	m.bad(parley.BadForm, "a bound of the format lowered", with(2, map[uint64]uint64{1: 1000}))
	m.bad(parley.BadForm, "a keep-alive of a minute", with(4, map[uint64]uint64{1: 60}))
	m.bad(parley.BadForm, "a witness key that is none", with(3, []string{"witness"}))
	m.bad(parley.BadForm, "a witness twice", with(3, []string{"w+1+2", "w+1+2"}))
	m.bad(parley.Malformed, "suite as text", with(1, "1"))
}

func runForm(in input) (object, error) {
	h, err := form.ParseHeader(in.bytes("header"))
	if err != nil {
		return nil, err
	}
	out := object{"form": h.Form, "known": form.Known(h.Form), "serial": h.Serial, "precedence": int(h.Precedence)}
	if !in.has("body") {
		return out, nil
	}
	f, end, err := form.ParseBody(h.Form, in.bytes("body"))
	if err != nil {
		return nil, err
	}
	v, _ := plain(form.EncodeFields(f))
	out["fields"], out["end"] = v, end
	return out, h.CheckSerial(end)
}

func makeForm(m *maker) {
	type fields = map[uint64]any
	in := func(header fields, body fields, end uint64) object {
		return object{"header": hexOf(enc(header)), "body": hexOf(enc([]any{body, end}))}
	}
	dispatch := func(k uint64, v any) fields {
		f := fields{1: "dispatch", 2: uint64(1), 3: "envoy", 4: []any{[]any{"birch", "envoy"}}, 7: uint64(4), 9: "en"}
		if k != 0 {
			f[k] = v
		}
		return f
	}
	text := func(k uint64, v any) fields {
		f := fields{1: "Subject", 2: "Text"}
		if k != 0 {
			f[k] = v
		}
		return f
	}
	m.ok("dispatch", in(dispatch(0, nil), text(0, nil), 1))
	m.ok("dispatch with every field of the header", in(fields{1: "dispatch", 2: uint64(1), 3: "envoy", 4: []any{[]any{"birch", "envoy"}}, 5: []any{[]any{"birch", "watch"}}, 6: uint64(3), 7: uint64(5),
		8: []any{[]any{make([]byte, 8), uint64(4)}}, 9: "zh-Hans", 10: "NORTH WIND", 11: uint64(recordtest.Start), 12: []any{make([]byte, 8), uint64(3)}, 99: "new"}, text(6, "Danger to life"), 1))
	m.ok("an unknown field is kept", in(dispatch(0, nil), text(50, []any{true}), 1))
	m.ok("an unknown form is kept", in(fields{1: "novelty", 2: uint64(9), 3: "watch"}, fields{1: []byte{1}}, 9))
	m.ok("opened", in(fields{1: "opened", 3: "watch", 8: []any{[]any{make([]byte, 8), uint64(4)}}}, fields{1: parley.ReceiptWording, 2: uint64(recordtest.Start)}, 0))
	m.ok("seen", in(fields{1: "seen", 3: "watch"}, fields{}, 0))
	for _, f := range []form.Form{&form.Service{Subject: "Path", Text: "QUIC is down here."}} {
		m.ok("service", object{"header": hexOf(form.EncodeHeader(&form.Header{Form: "service", Serial: 3, Series: 1, From: "watch", Language: "en"})), "body": hexOf(form.EncodeBody(f, 3))})
	}
	bad := func(kind parley.Kind, name string, o object) { m.bad(kind, name, o) }
	head := func(kind parley.Kind, name string, k uint64, v any) {
		bad(kind, name, in(dispatch(k, v), text(0, nil), 1))
	}
	body := func(kind parley.Kind, name string, k uint64, v any) {
		bad(kind, name, in(dispatch(0, nil), text(k, v), 1))
	}
	head(parley.BadForm, "a form in capitals", 1, "DISPATCH")
	head(parley.BadForm, "an office with a space", 3, "the envoy")
	head(parley.BadForm, "an addressee twice", 4, []any{[]any{"birch", "envoy"}, []any{"birch", "envoy"}})
	head(parley.BadForm, "precedence 4", 6, uint64(4))
	head(parley.BadForm, "marker 9", 7, uint64(9))
	head(parley.BadForm, "a language that is none", 9, "english!")
	head(parley.BadForm, "a reference twice", 8, []any{[]any{make([]byte, 8), uint64(1)}, []any{make([]byte, 8), uint64(1)}})
	head(parley.Malformed, "precedence 0, which is to be absent", 6, uint64(0))
	head(parley.Malformed, "an empty list of references", 8, []any{})
	head(parley.Malformed, "serial as text", 2, "1")
	head(parley.BadForm, "series 2", 13, uint64(2))
	head(parley.BadSerial, "a dispatch in the service series", 13, uint64(1))
	bad(parley.BadSerial, "the end differs", in(dispatch(0, nil), text(0, nil), 2))
	bad(parley.BadSerial, "a dispatch without serial", in(fields{1: "dispatch", 3: "envoy", 7: uint64(4), 9: "en"}, text(0, nil), 0))
	bad(parley.BadSerial, "a receipt with a serial", in(fields{1: "opened", 2: uint64(1), 3: "watch"}, fields{1: parley.ReceiptWording, 2: uint64(60)}, 1))
	body(parley.BadForm, "a subject of two lines", 1, "a\nb")
	body(parley.BadForm, "a subject with a direction override", 1, "a\u202eb")
	body(parley.BadForm, "a blank text", 2, " \n")
	body(parley.BadForm, "a text with a bell", 2, "a\ab")
	body(parley.Malformed, "an empty remark, which is to be absent", 7, "")
	body(parley.Malformed, "a text of bytes", 2, []byte("text"))
	bad(parley.Malformed, "no text", in(dispatch(0, nil), fields{1: "Subject"}, 1))
	receipt := func(f fields) object { return in(fields{1: "opened", 3: "watch"}, f, 0) }
	bad(parley.BadForm, "a receipt in other words", receipt(fields{1: "We agree.", 2: uint64(60)}))
	bad(parley.BadForm, "a receipt at a second", receipt(fields{1: parley.ReceiptWording, 2: uint64(61)}))
}

func runFrame(in input) (object, error) {
	f, err := wire.Parse(in.bytes("frame"))
	if err != nil {
		return nil, err
	}
	_, unknown := f.(*wire.Unknown)
	v, _ := plain(in.bytes("frame"))
	return object{"type": wire.TypeOf(f), "known": !unknown, "items": v}, nil
}

func makeFrame(m *maker) {
	gen, other, line := parley.GenerationID{0xa}, parley.GenerationID{0xb}, parley.LineID(recordtest.Fill(16, "line"))
	ed, ml, root := [64]byte(recordtest.Fill(64, "ed")), recordtest.Fill(2420, "ml"), [32]byte(recordtest.Sum("root"))
	held := wire.Held{gen: 17, other: 4}
	head := func(size uint64) wire.Head { return wire.Head{Size: size, Root: root, Ed: ed, ML: ml} }
	s := recordtest.NewStory(nil)
	for name, f := range map[string]wire.Frame{
		"01 hello": &wire.Hello{Version: 1, Line: line, Party: "alder", Gen: gen, Time: recordtest.Start, Held: held}, "01 hello with features": &wire.Hello{Version: 1, Line: line, Party: "alder", Gen: gen, Time: 1, Features: []string{"a", "b"}},
		"02 entry": &wire.Entry{Gen: gen, Index: 3, Bytes: s.Alder.Entries[1]}, "03 checkpoint": &wire.Checkpoint{Gen: gen, Size: 4, Ed: ed, ML: ml}, "03 checkpoint, half": &wire.Checkpoint{Gen: gen, Size: 4, Ed: ed},
		"04 receipt": &wire.Receipt{Gen: gen, Size: 4, Holder: other, Time: 9, Ed: ed, ML: ml}, "04 receipt, half": &wire.Receipt{Gen: gen, Size: 4, Holder: other, Time: 9, Ed: ed},
		"05 have": &wire.Have{Held: held}, "05 have nothing": &wire.Have{}, "06 certificate": &wire.Certificate{Bytes: s.Alder.Cert}, "07 ping": &wire.Ping{Token: 1<<64 - 1, Time: recordtest.Start * 1000},
		"08 pong": &wire.Pong{Token: 5, Time: 6, State: wire.PongState{OnWatch: true, StorageOK: true}}, "08 pong, stopping": &wire.Pong{Token: 5, Time: 6, State: wire.PongState{LastAnswer: 4, Stopping: "an update", OverQuota: true}},
		"09 shown": &wire.Shown{Gen: gen, Head: head(6)}, "10 evidence, equal sizes": &wire.Evidence{Gen: gen, First: head(6), Second: head(6)}, "10 evidence": &wire.Evidence{Gen: gen, First: head(5), Second: head(6), Proof: [][32]byte{root}},
		"11 want": &wire.Want{Blob: root, Offset: 65536}, "12 chunk": &wire.Chunk{Blob: root, Offset: 2, Total: 5, Bytes: []byte{1, 2, 3}}, "13 auth": &wire.Auth{MAC: root, Own: wire.EpochOf{Gen: gen, Epoch: 1}, Theirs: wire.EpochOf{Gen: other, Epoch: 2}},
		"14 ask for keys": &wire.AskKeys{Gen: gen, From: 7}, "15 keys": &wire.Keys{Gen: gen, From: 7, Keys: [][32]byte{root, {}}}, "16 ask for entries": &wire.AskEntries{Gen: gen, From: 7, To: 9}, "17 refusal": &wire.Refusal{Kind: parley.BadSeen, Text: "entry 4 covers what is not here"},
	} {
		b, err := wire.Marshal(f)
		if err != nil {
			m.t.Fatal(name, err)
		}
		m.ok(name, object{"frame": hexOf(b)}, "type", "known", "items")
	}
	sortCases(m)
	m.ok("a type nobody knows", object{"frame": hexOf(enc([]any{uint64(99), "what"}))}, "type", "known")
	raw := func(kind parley.Kind, name string, items ...any) {
		m.bad(kind, name, object{"frame": hexOf(enc(items))})
	}
	mal := func(name string, items ...any) { raw(parley.Malformed, name, items...) }
	none := map[[8]byte]uint64{}
	raw(parley.Unsupported, "hello of version 2", uint64(1), uint64(2), line[:], "alder", gen[:], uint64(5), none)
	mal("hello of a party in capitals", uint64(1), uint64(1), line[:], "ALDER", gen[:], uint64(5), none)
	mal("hello of a line id of 15 bytes", uint64(1), uint64(1), line[:15], "alder", gen[:], uint64(5), none)
	mal("hello with an empty feature", uint64(1), uint64(1), line[:], "alder", gen[:], uint64(5), none, "")
	mal("an entry without bytes", uint64(2), gen[:], uint64(3), []byte{})
	raw(parley.Oversize, "an entry of 65,536 bytes", uint64(2), gen[:], uint64(3), make([]byte, 65536))
	mal("an index of 2^54", uint64(2), gen[:], uint64(1<<54), []byte{1})
	mal("a checkpoint with half an ML-DSA half", uint64(3), gen[:], uint64(4), ed[:], ml[:1210])
	mal("a checkpoint without the Ed25519 half", uint64(3), gen[:], uint64(4), nil, ml)
	mal("a receipt at time 0", uint64(4), gen[:], uint64(4), other[:], uint64(0), ed[:], ml)
	mal("have as a list", uint64(5), []any{})
	many := map[[8]byte]uint64{}
	for i := range 257 {
		many[[8]byte{byte(i), byte(i >> 8)}] = 1
	}
	mal("have of 257 names", uint64(5), many)
	mal("a ping of four items", uint64(7), uint64(1), uint64(2), uint64(3))
	mal("a pong without its state", uint64(8), uint64(1), uint64(2))
	mal("a pong's state with an unknown key", uint64(8), uint64(1), uint64(2), map[uint64]any{1: true, 4: true, 5: true, 6: true})
	mal("a pong's state without key 4", uint64(8), uint64(1), uint64(2), map[uint64]any{1: true, 5: true})
	mal("shown with half a signature", uint64(9), gen[:], uint64(4), root[:], ed[:], nil)
	h := func(size uint64) []any { return []any{size, root[:], ed[:], ml} }
	mal("evidence with the larger size first", uint64(10), []any{gen[:], h(6), h(5), []any{}})
	mal("evidence of equal sizes with a proof", uint64(10), []any{gen[:], h(6), h(6), []any{root[:]}})
	mal("a chunk beyond the total", uint64(12), root[:], uint64(4), uint64(5), []byte{1, 2})
	mal("keys of 31 bytes", uint64(15), gen[:], uint64(7), []any{make([]byte, 31)})
	mal("ask for entries backwards", uint64(16), gen[:], uint64(9), uint64(7))
	mal("a refusal of a kind that is none", uint64(17), "bad-luck", "")
	mal("a type as text", "hello")
	m.bad(parley.Malformed, "no array", object{"frame": hexOf(enc(map[uint64]uint64{1: 1}))})
	m.bad(parley.Malformed, "empty", object{"frame": ""})
	good, err := wire.Marshal(&wire.Ping{Token: 1, Time: 2})
	if err != nil {
		m.t.Fatal(err)
	}
	m.bad(parley.Malformed, "a byte follows", object{"frame": hexOf(append(bytes.Clone(good), 0))})
	m.bad(parley.Malformed, "cut", object{"frame": hexOf(good[:2])})
}
