package charter

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/wire"
)

func TestDefaultCharter(t *testing.T) {
	c := DefaultCharter(alder, birch, cedar)
	back, err := Parse(c.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash() != c.Hash() {
		t.Error("read back it is another charter")
	}
	if got := back.Objective(parley.Flash); got != 10*time.Minute {
		t.Errorf("objective of FLASH: got %v", got)
	}
	if !back.TwoHands(parley.Flash) || back.TwoHands(parley.Routine) {
		t.Error("two hands: want FLASH only, of the two")
	}
	if !back.Promises("birch", parley.Opened) || back.Promises("birch", parley.Translated) || !back.Promises("cedar", parley.Stored) {
		t.Error("promises: want stored and opened only")
	}
	if !back.HasOffice(parley.Watch) || back.HasOffice("cook") || back.StationOffice() != parley.Watch {
		t.Error("offices are not the usual ones")
	}
	if _, ok := back.Party("dogwood"); ok {
		t.Error("a party nobody named")
	}
}

func TestCharterRefused(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*Charter)
		text   string
	}{
		"version 0":                      {func(c *Charter) { c.Version = 0 }, "version 0"},
		"version 2 of nothing":           {func(c *Charter) { c.Version = 2 }, "supersedes"},
		"version 1 that supersedes":      {func(c *Charter) { c.Supersedes = new([32]byte) }, "supersedes"},
		"nobody":                         {func(c *Charter) { c.Parties, c.Rungs = nil, nil }, "0 parties"},
		"one party":                      {func(c *Charter) { c.Parties = c.Parties[:1] }, "1 parties"},
		"eleven parties":                 {func(c *Charter) { c.Parties = make([]Party, 11) }, "11 parties"},
		"a code twice":                   {func(c *Charter) { c.Parties[1].Code = "alder" }, "two parties have the code"},
		"a code in capitals":             {func(c *Charter) { c.Parties[1].Code = "Birch" }, "party code"},
		"a nameless party":               {func(c *Charter) { c.Parties[1].Name = "" }, "empty"},
		"a name that turns round":        {func(c *Charter) { c.Parties[1].Name = "Bir\u202ech" }, "U+202E"},
		"a name of two lines":            {func(c *Charter) { c.Parties[1].Name = "Bir\nch" }, "U+000A"},
		"a party without a language":     {func(c *Charter) { c.Parties[1].Languages = nil }, "0 languages"},
		"a language that is none":        {func(c *Charter) { c.Parties[1].Languages = []string{"chinese language"} }, "language"},
		"a language twice":               {func(c *Charter) { c.Parties[1].Languages = []string{"zh", "zh"} }, "twice"},
		"no office":                      {func(c *Charter) { c.Offices = nil }, "0 offices"},
		"an office twice":                {func(c *Charter) { c.Offices = append(c.Offices, parley.Watch) }, "twice"},
		"an office with a space":         {func(c *Charter) { c.Offices[0] = "the watch" }, "office"},
		"a stranger's promise":           {func(c *Charter) { c.Rungs["cedar"] = nil }, "not a party"},
		"a promise of stored":            {func(c *Charter) { c.Rungs["birch"] = []parley.Rung{parley.Stored} }, "rung 2"},
		"a promise of rung 7":            {func(c *Charter) { c.Rungs["birch"] = []parley.Rung{7} }, "rung 7"},
		"a promise twice":                {func(c *Charter) { c.Rungs["birch"] = []parley.Rung{3, 3} }, "rising"},
		"a test every 9 s":               {func(c *Charter) { c.TestInterval = 9 * time.Second }, "test interval"},
		"a test every 25 h":              {func(c *Charter) { c.TestInterval = 25 * time.Hour }, "test interval"},
		"a test of a part of a second":   {func(c *Charter) { c.TestInterval = 10*time.Second + 1 }, "whole seconds"},
		"an objective of nothing":        {func(c *Charter) { c.Objectives[parley.Flash] = 0 }, "objective"},
		"an objective of a year":         {func(c *Charter) { c.Objectives[parley.Routine] = 365 * 24 * time.Hour }, "objective"},
		"an objective of precedence 4":   {func(c *Charter) { c.Objectives[4] = time.Hour }, "precedence 4"},
		"FLASH slower than IMMEDIATE":    {func(c *Charter) { c.Objectives[parley.Flash] = time.Hour }, "slower"},
		"FLASH slower than a default":    {func(c *Charter) { c.Objectives = map[parley.Precedence]time.Duration{parley.Flash: time.Hour} }, "slower"},
		"a release rule there is not":    {func(c *Charter) { c.Release[parley.Flash] = 3 }, "release rule 3"},
		"a release rule of precedence 9": {func(c *Charter) { c.Release[9] = 0 }, "precedence 9"},
		"a check call at 24:00":          {func(c *Charter) { c.CheckCalls = []CheckCall{{Hour: 24, Days: 1}} }, "check call"},
		"a check call at 8:60":           {func(c *Charter) { c.CheckCalls = []CheckCall{{Hour: 8, Minute: 60, Days: 1}} }, "check call"},
		"a check call on no day":         {func(c *Charter) { c.CheckCalls = []CheckCall{{Hour: 8}} }, "check call"},
		"a check call on an eighth day":  {func(c *Charter) { c.CheckCalls = []CheckCall{{Hour: 8, Days: 128}} }, "check call"},
		"a check call twice":             {func(c *Charter) { c.CheckCalls = []CheckCall{{Hour: 8, Days: 1}, {Hour: 8, Days: 1}} }, "twice"},
		"a form in capitals":             {func(c *Charter) { c.Forms = []string{"Agreement"} }, "form"},
		"a form twice":                   {func(c *Charter) { c.Forms = []string{"agreement", "agreement"} }, "twice"},
		"nothing on recording":           {func(c *Charter) { c.Recording = "" }, "recording"},
		"recording in two lines":         {func(c *Charter) { c.Recording = "a\nb" }, "recording"},
	} {
		ch := DefaultCharter(alder, birch)
		c.change(&ch)
		err := ch.Validate()
		if parley.KindOf(err) != parley.BadForm || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want bad-form with %q", what, err, c.text)
		}
		if strings.Contains(what, "part of a second") || strings.HasPrefix(what, "a stranger") {
			continue // not to be told from the bytes, or refused before
		}
		if _, err := Parse(ch.Encode()); err == nil {
			t.Errorf("%s: read from bytes it is accepted", what)
		}
	}
}

func TestCharterBytesRefused(t *testing.T) {
	good := map[uint64]any{}
	if err := wire.DecodeLoose(DefaultCharter(alder, birch).Encode(), &good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(map[uint64]any){
		"no parties":             func(m map[uint64]any) { delete(m, 2) },
		"no objectives":          func(m map[uint64]any) { delete(m, 11) },
		"an instruction in text": func(m map[uint64]any) { m[9] = "yes" },
		"a hash of 31 bytes":     func(m map[uint64]any) { m[12] = make([]byte, 31) },
		"a hash of nothing":      func(m map[uint64]any) { m[12] = nil },
		"a party of two parts":   func(m map[uint64]any) { m[2] = []any{[]any{"alder", "Alder"}} },
		"a check call in text":   func(m map[uint64]any) { m[10] = []any{"0800"} },
		"a negative interval":    func(m map[uint64]any) { m[5] = -1 },
	} {
		m := map[uint64]any{}
		for k, v := range good {
			m[k] = v
		}
		change(m)
		if _, err := Parse(wire.Encode(m)); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: got %v, want malformed", what, err)
		}
	}
	for what, b := range map[string][]byte{"nothing": nil, "an empty map": {0xa0}, "an array": {0x80}, "garbage": []byte("charter")} {
		if _, err := Parse(b); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: got %v, want malformed", what, err)
		}
	}
	good[77] = "later"
	b := wire.Encode(good)
	c, err := Parse(b)
	if err != nil {
		t.Fatalf("a key of a newer version: %v", err)
	}
	if !bytes.Equal(c.Encode(), b) || c.Hash() != HashCharter(b) {
		t.Error("a key of a newer version is not kept")
	}
}

func TestAnnex(t *testing.T) {
	a := DefaultAnnex()
	for n, want := range map[Bound]uint64{EntryBytes: 65535, EntryBytesPerDay: 64 << 20, BlobBytes: 64 << 20, EpochsPerDay: 24, 17: 0, 0: 0, 1 << 63: 0} {
		if got := a.Bound(n); got != want {
			t.Errorf("bound %d: got %d, want %d", n, got, want)
		}
	}
	a.Quotas[EntriesPerSecond], a.Quotas[1<<63], a.Times[KeepAliveSeconds] = 5, 7, 2
	a.Witnesses = []string{"witness.example/w1+1234abcd+AQID"}
	back, err := ParseAnnex(a.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if back.Bound(EntriesPerSecond) != 5 || back.KeepAlive() != 2*time.Second || back.Hash() != a.Hash() {
		t.Errorf("read back: %+v", back)
	}
	for what, c := range map[string]struct {
		change func(*Annex)
		kind   parley.Kind
	}{
		"suite 2":               {func(a *Annex) { a.Suite = 2 }, parley.Unsupported},
		"a bound raised":        {func(a *Annex) { a.Quotas[EntryBytesPerDay] = 65 << 20 }, parley.BadForm},
		"a bound of the format": {func(a *Annex) { a.Quotas[EntryBytes] = 100 }, parley.BadForm},
		"no epoch a day":        {func(a *Annex) { a.Quotas[EpochsPerDay] = 0 }, parley.BadForm},
		"no keep-alive":         {func(a *Annex) { a.Times[KeepAliveSeconds] = 0 }, parley.BadForm},
		"a rare keep-alive":     {func(a *Annex) { a.Times[KeepAliveSeconds] = 5 }, parley.BadForm},
		"a keep-alive of ages":  {func(a *Annex) { a.Times[KeepAliveSeconds] = 1 << 63 }, parley.BadForm},
		"no witness key":        {func(a *Annex) { a.Witnesses = []string{"somebody"} }, parley.BadForm},
		"a witness twice":       {func(a *Annex) { a.Witnesses = []string{"a+b+c", "a+b+c"} }, parley.BadForm},
		"seventeen witnesses":   {func(a *Annex) { a.Witnesses = make([]string, 17) }, parley.BadForm},
	} {
		a := DefaultAnnex()
		c.change(&a)
		if _, err := ParseAnnex(a.Encode()); parley.KindOf(err) != c.kind {
			t.Errorf("%s: got %v, want %v", what, err, c.kind)
		}
	}
	for _, b := range [][]byte{nil, {0xa0}, {0xa1, 1, 1}, []byte("annex")} {
		if _, err := ParseAnnex(b); parley.KindOf(err) != parley.Malformed {
			t.Errorf("%x: got %v, want malformed", b, err)
		}
	}
}
