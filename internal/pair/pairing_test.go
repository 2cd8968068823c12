package pair

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/internal/charter"
	"parley/internal/wire"
)

func TestPairing(t *testing.T) {
	for _, parties := range [][]charter.Party{{alder, birch}, {cedar, birch, alder}} {
		states := pair(t, seeded(1), parties...)
		var first *charter.Founding
		for _, s := range states {
			if s.Stage() != Compare || len(s.Waiting()) != 0 {
				t.Fatalf("%s: stage %s, waiting for %v", s.Us, s.Stage(), s.Waiting())
			}
			f, err := s.Confirm(InPerson)
			if err != nil {
				t.Fatal(err)
			}
			if s.Stage() != Confirmed || reload(t, s).Stage() != Confirmed {
				t.Errorf("%s: not confirmed", s.Us)
			}
			if first == nil {
				first = f
			}
			if f.Words() != first.Words() || f.Hash() != first.Hash() || f.Digits() != first.Digits() {
				t.Errorf("%s has other words", s.Us)
			}
			checkFounding(t, f, len(parties))
		}
	}
}

func checkFounding(t *testing.T, f *charter.Founding, n int) {
	t.Helper()
	back, err := charter.ParseFounding(f.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash() != f.Hash() || back.Words() != f.Words() || len(back.Reveals) != n || len(back.Others("alder")) != n-1 {
		t.Error("read back the founding is another")
	}
	if r, ok := back.Party("birch"); !ok || r.Name != "Birch" {
		t.Error("Birch is not in the founding")
	}
	if _, ok := back.Party("dogwood"); ok {
		t.Error("a stranger is in the founding")
	}
	if len(strings.Fields(f.Fingerprint())) != 16 || len(f.Digits()) != 17 {
		t.Errorf("fingerprint %q, digits %q", f.Fingerprint(), f.Digits())
	}
}

func TestStages(t *testing.T) {
	rng := seeded(2)
	a, err := NewInvite(testLine, charter.DefaultCharter(alder, birch), charter.DefaultAnnex(), fakeReveal(rng, alder))
	if err != nil {
		t.Fatal(err)
	}
	want := func(s *State, stage Stage, waiting ...parley.PartyCode) {
		t.Helper()
		if s = reload(t, s); s.Stage() != stage || !slices.Equal(s.Waiting(), waiting) {
			t.Errorf("%s: got %s waiting for %v, want %s for %v", s.Us, s.Stage(), s.Waiting(), stage, waiting)
		}
	}
	want(a, Invited, "birch")
	if err := a.AddReveal(); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("revealing before they committed: got %v, want unavailable", err)
	}
	if _, err := a.Complete(); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("words before reveals: got %v, want unavailable", err)
	}
	b, err := Accept(a.Pairing(), fakeReveal(rng, birch))
	if err != nil {
		t.Fatal(err)
	}
	want(b, Accepted, "alder", "birch")
	if err := a.Merge(b.Pairing()); err != nil {
		t.Fatal(err)
	}
	want(a, Invited, "alder", "birch")
	if bytes.Contains(a.Pairing().Encode(), a.Ours) {
		t.Error("the file holds our reveal before we revealed")
	}
	for range 2 { // again changes nothing
		if err := a.AddReveal(); err != nil {
			t.Fatal(err)
		}
		want(a, Revealed, "birch")
		if err := b.Merge(a.Pairing()); err != nil {
			t.Fatal(err)
		}
		want(b, Accepted, "birch")
	}
	if _, err := b.Confirm(InPerson); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("confirming before revealing: got %v, want unavailable", err)
	}
	if err := b.AddReveal(); err != nil {
		t.Fatal(err)
	}
	want(b, Compare)
	if _, err := b.Confirm(""); parley.KindOf(err) != parley.BadForm {
		t.Errorf("confirming without saying how: got %v, want bad-form", err)
	}
	b.Burn("the words differ")
	want(b, Burnt)
	if _, err := b.Confirm(InPerson); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("confirming a burnt one: got %v, want not-allowed", err)
	}
	if err := b.Merge(a.Pairing()); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("merging into a burnt one: got %v, want not-allowed", err)
	}
	if err := b.AddReveal(); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("revealing in a burnt one: got %v, want not-allowed", err)
	}
	b.Burn("again")
	if b.Burnt() != "the words differ" {
		t.Errorf("burnt for %q", b.Burnt())
	}
}

// TestMergeBurns: what contradicts what was seen burns; what is no good by itself
// changes nothing.
func TestMergeBurns(t *testing.T) {
	rng := seeded(3)
	stranger := fakeReveal(rng, birch)
	other := charter.DefaultCharter(alder, birch)
	other.Recording = "everything is recorded"
	slow := charter.DefaultAnnex()
	slow.Quotas[charter.EpochsPerDay] = 3
	for what, c := range map[string]struct {
		change func(p *Pairing)
		kind   parley.Kind
		burns  bool
	}{
		"another charter":         {func(p *Pairing) { p.Charter = other.Encode() }, parley.Conflict, true},
		"another annex":           {func(p *Pairing) { p.Annex = slow.Encode() }, parley.Conflict, true},
		"another commitment":      {func(p *Pairing) { p.Commitments["birch"] = stranger.Commitment(testLine) }, parley.Conflict, true},
		"another of ours":         {func(p *Pairing) { p.Commitments["alder"] = [32]byte{1} }, parley.Conflict, true},
		"another reveal":          {func(p *Pairing) { p.Reveals["birch"] = stranger.Encode() }, parley.Conflict, true},
		"another reveal of ours":  {func(p *Pairing) { p.Reveals["alder"] = fakeReveal(rng, alder).Encode() }, parley.Conflict, true},
		"another line":            {func(p *Pairing) { p.Line[15]++ }, parley.WrongLine, false},
		"a stranger's commitment": {func(p *Pairing) { p.Commitments["cedar"] = [32]byte{1} }, parley.WrongParty, false},
	} {
		s := pair(t, seeded(4), alder, birch)[0]
		p := s.Pairing()
		c.change(p)
		before := s.Encode()
		err := s.Merge(p)
		if parley.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: got %v, want %v", what, err, c.kind)
		}
		if s = reload(t, s); (s.Stage() == Burnt) != c.burns {
			t.Errorf("%s: burnt is %v", what, s.Stage() == Burnt)
		}
		if !c.burns && !bytes.Equal(before, s.Encode()) {
			t.Errorf("%s: the state changed", what)
		}
		if c.burns && parley.HintOf(err) == "" {
			t.Errorf("%s: no hint", what)
		}
	}
}

func TestMergeRevealsBurn(t *testing.T) {
	rng := seeded(5)
	start := func() (*State, *State) {
		a, err := NewInvite(testLine, charter.DefaultCharter(alder, birch), charter.DefaultAnnex(), fakeReveal(rng, alder))
		if err != nil {
			t.Fatal(err)
		}
		b, err := Accept(a.Pairing(), fakeReveal(rng, birch))
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
	a, b := start()
	p := b.Pairing()
	p.Reveals["birch"] = fakeReveal(rng, birch).Encode()
	if err := a.Merge(p); parley.KindOf(err) != parley.BadCommitment || a.Stage() != Burnt {
		t.Errorf("a reveal that was not committed to: got %v, stage %s", err, a.Stage())
	}
	a, b = start()
	p = b.Pairing()
	p.Reveals["alder"] = a.Ours
	if err := a.Merge(p); parley.KindOf(err) != parley.Conflict || a.Stage() != Burnt {
		t.Errorf("our reveal before we revealed: got %v, stage %s", err, a.Stage())
	}
	a, b = start()
	if err := a.Merge(b.Pairing()); err != nil {
		t.Fatal(err)
	}
	b2, err := Accept(a.Pairing(), fakeReveal(rng, birch))
	if parley.KindOf(err) != parley.Conflict {
		t.Errorf("accepting in somebody's place: got %v %v, want conflict", b2, err)
	}
}

func TestJoinRefused(t *testing.T) {
	rng := seeded(6)
	ch, an := charter.DefaultCharter(alder, birch), charter.DefaultAnnex()
	good := fakeReveal(rng, alder)
	amended := ch
	amended.Version, amended.Supersedes = 2, new([32]byte)
	for what, c := range map[string]struct {
		line parley.LineID
		ch   charter.Charter
		an   charter.Annex
		r    func(r *charter.Reveal)
		kind parley.Kind
	}{
		"no line id":         {parley.LineID{}, ch, an, func(r *charter.Reveal) {}, parley.Malformed},
		"an amended charter": {testLine, amended, an, func(r *charter.Reveal) {}, parley.BadForm},
		"a bad charter":      {testLine, charter.Charter{}, an, func(r *charter.Reveal) {}, parley.BadForm},
		"another suite":      {testLine, ch, charter.Annex{}, func(r *charter.Reveal) {}, parley.Unsupported},
		"a stranger":         {testLine, ch, an, func(r *charter.Reveal) { r.Party, r.Name = "cedar", "Cedar" }, parley.WrongParty},
		"another name":       {testLine, ch, an, func(r *charter.Reveal) { r.Name = "Alder Republic" }, parley.WrongParty},
		"no root key": {testLine, ch, an, func(r *charter.Reveal) {
			r.Root = fakeReveal(rng, alder).Root
			r.Root.Ed = [32]byte{}
			r.Root.ML = [1312]byte{}
		}, parley.BadForm},
		"one key for two ends":  {testLine, ch, an, func(r *charter.Reveal) { r.Log = r.Root }, parley.BadForm},
		"no receiving key":      {testLine, ch, an, func(r *charter.Reveal) { clear(r.Receiving[:]) }, parley.BadForm},
		"no TLS key":            {testLine, ch, an, func(r *charter.Reveal) { clear(r.TLS[:]) }, parley.BadForm},
		"no nonce":              {testLine, ch, an, func(r *charter.Reveal) { clear(r.Nonce[:]) }, parley.BadForm},
		"an address that isn't": {testLine, ch, an, func(r *charter.Reveal) { r.Addresses = []string{"birch"} }, parley.BadForm},
	} {
		r := *good
		c.r(&r)
		if _, err := NewInvite(c.line, c.ch, c.an, &r); parley.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: got %v, want %v", what, err, c.kind)
		}
	}
	if err := good.NewNonce(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a nonce of 31 bytes")
	}
}

func TestPairingFileRefused(t *testing.T) {
	states := pair(t, seeded(8), alder, birch)
	whole := states[0].Pairing()
	for what, c := range map[string]struct {
		change func(p *Pairing)
		kind   parley.Kind
	}{
		"no commitment":              {func(p *Pairing) { clear(p.Commitments); clear(p.Reveals) }, parley.Malformed},
		"a stranger's commitment":    {func(p *Pairing) { p.Commitments["cedar"] = [32]byte{1} }, parley.WrongParty},
		"a reveal before all commit": {func(p *Pairing) { delete(p.Commitments, "birch"); delete(p.Reveals, "birch") }, parley.NotAllowed},
		"a reveal not committed to":  {func(p *Pairing) { p.Commitments["birch"] = [32]byte{1} }, parley.BadCommitment},
		"a reveal under another party": {func(p *Pairing) {
			p.Commitments["birch"], p.Reveals["birch"] = p.Commitments["alder"], p.Reveals["alder"]
		}, parley.WrongParty},
		"a reveal of another line": {func(p *Pairing) { p.Line[0]++ }, parley.BadCommitment},
		"no charter":               {func(p *Pairing) { p.Charter = nil }, parley.Malformed},
		"no annex":                 {func(p *Pairing) { p.Annex = nil }, parley.Malformed},
	} {
		p := whole.clone()
		c.change(p)
		if _, err := ParsePairing(p.Encode()); parley.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: got %v, want %v", what, err, c.kind)
		}
	}
	text := whole.Armour()
	twice := append(slices.Clone(text), text...)
	cut := text[:len(text)-20]
	headed := bytes.Replace(text, []byte("-----\n"), []byte("-----\nFrom: birch\n\n"), 1)
	key := bytes.ReplaceAll(text, []byte("PARLEY PAIRING"), []byte("PRIVATE KEY"))
	for what, b := range map[string][]byte{"nothing": nil, "twice": twice, "cut": cut, "with headers": headed, "another thing": key, "an empty map": {0xa0},
		"an unknown key": wire.Encode(map[uint64]any{1: make([]byte, 16), 2: []byte{}, 3: []byte{}, 4: map[string]any{}, 5: map[string]any{}, 6: 1}),
		"a key missing":  wire.Encode(map[uint64]any{1: make([]byte, 16), 2: whole.Charter, 3: whole.Annex, 4: map[string]any{"alder": make([]byte, 32)}})} {
		if _, err := ParsePairing(b); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: got %v, want malformed", what, err)
		}
	}
	if _, err := ParsePairing(make([]byte, 512<<10+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("a huge file: got %v, want oversize", err)
	}
	crlf := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	if p, err := ParsePairing(append(crlf, []byte("-- \r\nA. Ruiz, envoy\r\n")...)); err != nil || !bytes.Equal(p.Encode(), whole.Encode()) {
		t.Errorf("as it comes by mail: got %v", err)
	}
}

func TestFoundingRefused(t *testing.T) {
	f, err := pair(t, seeded(9), alder, birch, cedar)[0].Complete()
	if err != nil {
		t.Fatal(err)
	}
	var rs [][]byte
	for i := range f.Reveals {
		rs = append(rs, f.Reveals[i].Encode())
	}
	encode := func(list ...[]byte) []byte {
		return wire.Encode([]any{f.Line, f.CharterBytes(), f.AnnexBytes(), append([][]byte{}, list...)})
	}
	twin := func(change func(r *charter.Reveal)) []byte {
		r := f.Reveals[1]
		change(&r)
		return encode(rs[0], r.Encode(), rs[2])
	}
	for what, c := range map[string]struct {
		b    []byte
		kind parley.Kind
	}{
		"nothing":                {nil, parley.Malformed},
		"a part missing":         {encode(rs[0], rs[1]), parley.WrongParty},
		"a party twice":          {encode(rs[0], rs[1], rs[1]), parley.WrongParty},
		"another order":          {encode(rs[1], rs[0], rs[2]), parley.Malformed},
		"nobody":                 {encode(), parley.WrongParty},
		"another's generation":   {twin(func(r *charter.Reveal) { r.Generation = f.Reveals[0].Generation }), parley.Conflict},
		"another's key":          {twin(func(r *charter.Reveal) { r.Log = f.Reveals[0].Log }), parley.Conflict},
		"another's key, crossed": {twin(func(r *charter.Reveal) { r.Root = f.Reveals[0].Receipt }), parley.Conflict},
		"another name":           {twin(func(r *charter.Reveal) { r.Name = "Birch Union" }), parley.WrongParty},
		"a stranger":             {twin(func(r *charter.Reveal) { r.Party = "dogwood" }), parley.WrongParty},
		"huge":                   {make([]byte, 512<<10+1), parley.Oversize},
		"bytes after it":         {append(f.Encode(), 0), parley.Malformed},
	} {
		if _, err := charter.ParseFounding(c.b); parley.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: got %v, want %v", what, err, c.kind)
		}
	}
}

func TestStateRefused(t *testing.T) {
	s := pair(t, seeded(10), alder, birch)[0]
	for what, change := range map[string]func(s *State){
		"another reveal of ours": func(s *State) { s.Ours = fakeReveal(seeded(11), alder).Encode() },
		"another commitment":     func(s *State) { s.File.Commitments["alder"] = [32]byte{1} },
		"another party":          func(s *State) { s.Us = "birch" },
		"no file":                func(s *State) { s.File = nil },
	} {
		x := reload(t, s)
		change(x)
		if _, err := ParseState(x.Encode()); parley.KindOf(err) != parley.Corrupt {
			t.Errorf("%s: got %v, want corrupt", what, err)
		}
	}
	if _, err := ParseState([]byte{0xa0}); parley.KindOf(err) != parley.Corrupt {
		t.Errorf("an empty map: got %v, want corrupt", err)
	}
}

func TestRevealBytesRefused(t *testing.T) {
	good := fakeReveal(seeded(12), alder).Encode()
	for what, change := range map[string]func(m map[uint64]any){
		"no nonce":                  func(m map[uint64]any) { delete(m, 10) },
		"no name":                   func(m map[uint64]any) { delete(m, 2) },
		"no root key":               func(m map[uint64]any) { delete(m, 3) },
		"no addresses":              func(m map[uint64]any) { delete(m, 9) },
		"a nonce of 31 bytes":       func(m map[uint64]any) { m[10] = make([]byte, 31) },
		"a nonce of 33 bytes":       func(m map[uint64]any) { m[10] = make([]byte, 33) },
		"a generation of 7 bytes":   func(m map[uint64]any) { m[4] = make([]byte, 7) },
		"a receiving key too short": func(m map[uint64]any) { m[7] = make([]byte, 1215) },
		"half a key":                func(m map[uint64]any) { m[5] = []any{make([]byte, 32)} },
		"a classical key too long":  func(m map[uint64]any) { m[5] = []any{make([]byte, 33), make([]byte, 1312)} },
		"an ML-DSA key too short":   func(m map[uint64]any) { m[6] = []any{make([]byte, 32), make([]byte, 1311)} },
		"a key in text":             func(m map[uint64]any) { m[3] = "key" },
		"a key of a newer version":  func(m map[uint64]any) { m[11] = 1 },
	} {
		m := map[uint64]any{}
		if err := wire.DecodeLoose(good, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		if _, err := charter.ParseReveal(wire.Encode(m)); parley.KindOf(err) != parley.Malformed || err == nil {
			t.Errorf("%s: got %v, want malformed", what, err)
		}
	}
	if _, err := charter.ParseReveal(make([]byte, 32<<10+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("a huge reveal: got %v, want oversize", err)
	}
}
