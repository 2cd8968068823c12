package c2sp

import (
	"bytes"
	"strings"
	"testing"

	"parley"
	"parley/internal/journal"
	"parley/internal/key"
)

func TestAddCheckpointRequest(t *testing.T) {
	got := AddCheckpointRequest(7, []journal.Hash{{}, journal.EmptyRoot}, []byte("note\n"))
	want := "old 7\n" + zeroRoot + "\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nnote\n"
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := AddCheckpointRequest(0, nil, []byte("note\n")); string(got) != "old 0\n\nnote\n" {
		t.Errorf("got %q", got)
	}
}

func TestParseWitnessResponse(t *testing.T) {
	line := SignatureLine{Name: "witness.example/w", ID: 5, Sig: []byte{1, 2}}
	a, err := ParseWitnessResponse(200, []byte(line.String()+"\n"))
	if err != nil || a.Stale || len(a.Lines) != 1 || a.Lines[0].String() != line.String() {
		t.Errorf("got %v, %v", a, err)
	}
	for _, body := range []string{"1000\n", "1000"} {
		a, err = ParseWitnessResponse(409, []byte(body))
		if err != nil || !a.Stale || a.Size != 1000 {
			t.Errorf("got %v, %v", a, err)
		}
	}
	for name, test := range map[string]struct {
		status int
		body   string
		want   parley.Kind
	}{
		"200 empty":           {200, "", parley.Malformed},
		"200 empty line":      {200, "\n", parley.Malformed},
		"200 without newline": {200, line.String(), parley.Malformed},
		"200 with page":       {200, "<html>\n", parley.Malformed},
		"200 with 101 lines":  {200, strings.Repeat(line.String()+"\n", 101), parley.Malformed},
		"409 with text":       {409, "conflict\n", parley.Malformed},
		"409 below zero":      {409, "-1\n", parley.Malformed},
		"409 empty":           {409, "", parley.Malformed},
		"400":                 {400, "invalid input", parley.Malformed},
		"403":                 {403, "invalid signature", parley.UnknownKey},
		"404":                 {404, "unknown log", parley.NotFound},
		"422":                 {422, "bad consistency proof", parley.BadProof},
		"429":                 {429, "", parley.Unavailable},
		"500":                 {500, "", parley.Unavailable},
		"503":                 {503, strings.Repeat("x", 1<<20), parley.Unavailable},
		"302":                 {302, "", parley.Malformed},
		"0":                   {0, "", parley.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseWitnessResponse(test.status, []byte(test.body))
			wantKind(t, err, test.want)
			if len(err.Error()) > 300 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// cosignature returns the two lines of a witness over c at UTC second t.
func cosignature(t *testing.T, name string, p *key.Pair, c journal.Checkpoint, at uint64) []SignatureLine {
	t.Helper()
	ed, ml := journal.CosignMessages(name, c, at)
	k := HolderKeys(name, p.Public())
	se, err := p.SignEd(ed)
	if err != nil {
		t.Fatal(err)
	}
	sm, err := p.SignML(ml)
	if err != nil {
		t.Fatal(err)
	}
	return []SignatureLine{k[0].line(at, se[:]), k[1].line(at, sm)}
}

func TestPolicy(t *testing.T) {
	c, _, _ := testCheckpoint(t, 4)
	other, _, _ := testCheckpoint(t, 5)
	names := []string{"w.example/1", "w.example/2", "w.example/3"}
	var vkeys []string
	lines := map[string][]SignatureLine{}
	for i, name := range names {
		p := testPair(t, name)
		k := HolderKeys(name, p.Public())
		vkeys = append(vkeys, k[0].String(), k[1].String())
		lines[name] = cosignature(t, name, p, c, uint64(1000+i))
	}
	p, err := NewPolicy(2, vkeys)
	if err != nil {
		t.Fatal(err)
	}
	if need, of := p.Quorum(); need != 2 || of != 3 {
		t.Errorf("got %d of %d, want 2 of 3", need, of)
	}
	stranger := cosignature(t, "w.example/9", testPair(t, "w.example/9"), c, 5)
	forged := lines[names[0]][0]
	forged.Sig = flip(forged.Sig, 20)
	for name, test := range map[string]struct {
		lines []SignatureLine
		good  int
		want  parley.Kind
	}{
		"both halves of two":  {append(lines[names[0]][:2:2], lines[names[1]]...), 2, 0},
		"one half of each":    {[]SignatureLine{lines[names[0]][0], lines[names[2]][1]}, 2, 0},
		"two halves of one":   {lines[names[0]], 1, parley.Unavailable},
		"one twice":           {append(lines[names[0]][:1:1], lines[names[0]][0]), 1, parley.Unavailable},
		"strangers":           {append(stranger, lines[names[0]]...), 1, parley.Unavailable},
		"nobody":              {nil, 0, parley.Unavailable},
		"forged":              {append(lines[names[1]][:2:2], forged), 0, parley.BadSignature},
		"of another tree":     {cosignature(t, names[0], testPair(t, names[0]), other, 5), 0, parley.BadSignature},
		"at time 0":           {cosignature(t, names[0], testPair(t, names[0]), c, 0), 0, parley.BadSignature},
		"by another key":      {cosignature(t, names[0], testPair(t, "else"), c, 5), 0, parley.Unavailable},
		"under another name":  {cosignature(t, names[0]+"x", testPair(t, names[0]), c, 5), 0, parley.Unavailable},
		"all three, unsorted": {append(append(lines[names[2]][:1:1], lines[names[0]]...), lines[names[1]][1]), 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Verify(c, test.lines)
			if test.want != 0 {
				wantKind(t, err, test.want)
			} else if err != nil {
				t.Fatal(err)
			}
			if len(got) != test.good {
				t.Errorf("got %d good ones, want %d", len(got), test.good)
			}
		})
	}
	early := cosignature(t, names[0], testPair(t, names[0]), c, 10)
	got, _ := p.Verify(c, []SignatureLine{lines[names[0]][1], early[0]})
	if len(got) != 1 || got[0].Time != 10 || !bytes.Equal(got[0].Line.Sig, early[0].Sig) {
		t.Errorf("got %v, want the earlier time", got)
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	p := testPair(t, "w").Public()
	k := HolderKeys("w.example/1", p)
	log := LogKeys("w.example/1", p)
	for name, test := range map[string]struct {
		quorum int
		keys   []string
		want   parley.Kind
	}{
		"quorum below zero": {-1, nil, parley.Malformed},
		"quorum too large":  {1, nil, parley.Malformed},
		"one witness twice": {2, []string{k[0].String(), k[1].String()}, parley.Malformed},
		"same key twice":    {1, []string{k[0].String(), k[0].String()}, parley.Malformed},
		"a log's key":       {1, []string{log[0].String()}, parley.Unsupported},
		"not a key":         {0, []string{"x"}, parley.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewPolicy(test.quorum, test.keys)
			wantKind(t, err, test.want)
		})
	}
}

func FuzzParseWitnessResponse(f *testing.F) {
	f.Add(200, []byte("— x AAAAAAA=\n"))
	f.Add(409, []byte("17\n"))
	f.Add(503, []byte("later"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := ParseWitnessResponse(status, body)
		if err == nil && a.Stale == (len(a.Lines) > 0) {
			t.Fatalf("got %v of %d %q", a, status, body)
		}
	})
}
