package key

import (
	"bytes"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"parley"
)

func storage(t testing.TB, tag byte) *Storage {
	t.Helper()
	s, err := StorageFromSeed(seed(tag, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStorage(t *testing.T) {
	s := storage(t, 1)
	for _, plain := range [][]byte{nil, {0}, seed(2, 32), make([]byte, 100_000)} {
		b := s.Seal("entry key 4", plain)
		if len(b) != len(plain)+StorageOverhead {
			t.Errorf("got %d bytes for %d", len(b), len(plain))
		}
		got, err := s.Open("entry key 4", b)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("got %d bytes, %v; want %d bytes", len(got), err, len(plain))
		}
	}
	if bytes.Equal(s.Seal("a", []byte("x")), s.Seal("a", []byte("x"))) {
		t.Error("two seals of one plaintext are equal")
	}
}

func TestStorageRefuses(t *testing.T) {
	s := storage(t, 1)
	b := s.Seal("epoch 1", []byte("secret"))
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x10
		_, err := s.Open("epoch 1", c)
		wantKind(t, err, parley.Corrupt)
	}
	for n := range b {
		_, err := s.Open("epoch 1", b[:n])
		wantKind(t, err, parley.Corrupt)
	}
	_, err := s.Open("epoch 2", b)
	wantKind(t, err, parley.Corrupt)
	_, err = storage(t, 2).Open("epoch 1", b)
	wantKind(t, err, parley.Corrupt)
	for _, n := range []int{0, 16, 31, 33} {
		_, err := StorageFromSeed(make([]byte, n))
		wantKind(t, err, parley.Malformed)
	}
	if _, err := NewStorage(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a key was made from too little randomness")
	}
}

func TestShare(t *testing.T) {
	s, err := NewStorage(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	words := s.Share()
	if len(words) != ShareWords {
		t.Fatalf("got %d words", len(words))
	}
	short := make([]string, len(words))
	for i, w := range words {
		short[i] = " " + strings.ToUpper(w[:min(4, len(w))])
	}
	for _, written := range [][]string{words, short} {
		got, err := StorageFromShare(written)
		if err != nil || !bytes.Equal(got.Seed(), s.Seed()) {
			t.Errorf("%v: got another key, %v", written, err)
		}
	}
}

// The construction is BIP 39's for 256 bits, so its published vectors hold.
func TestShareVectors(t *testing.T) {
	for b, want := range map[byte]string{
		0x00: strings.Repeat("abandon ", 23) + "art",
		0xff: strings.Repeat("zoo ", 23) + "vote",
		0x7f: "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title",
		0x80: "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
	} {
		s, err := StorageFromSeed(bytes.Repeat([]byte{b}, 32))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Share(), " "); got != want {
			t.Errorf("%#x: got %q, want %q", b, got, want)
		}
	}
}

func TestShareRefuses(t *testing.T) {
	good := storage(t, 5).Share()
	with := func(i int, w string) []string { c := slices.Clone(good); c[i] = w; return c }
	swapped := slices.Clone(good)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	for _, c := range []struct {
		name, says string
		words      []string
	}{
		{"none", "0 words", nil},
		{"one too few", "23 words", good[:23]},
		{"one too many", "25 words", append(slices.Clone(good), "zoo")},
		{"unknown word", "word 8 ", with(7, "parley")},
		{"empty word", "word 1 ", with(0, "")},
		{"three letters", "word 3 ", with(2, "aba")},
		{"wrong fifth letter", "word 4 ", with(3, "abandin")},
		{"other alphabet", "word 5 ", with(4, "的")},
		{"swapped", "checksum", swapped},
		{"other word", "checksum", with(23, map[bool]string{true: "able", false: "zoo"}[good[23] == "zoo"])},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := StorageFromShare(c.words)
			wantKind(t, err, parley.Malformed)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %q, want it to say %q", err, c.says)
			}
		})
	}
}

func FuzzStorageOpen(f *testing.F) {
	s := storage(f, 1)
	f.Add("name", s.Seal("name", []byte("plain")))
	f.Add("", []byte{1})
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		if plain, err := s.Open(name, b); err == nil && !(name == "name" && string(plain) == "plain") {
			t.Errorf("opened %q as %q", b, plain)
		} else if err != nil && parley.KindOf(err) != parley.Corrupt {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzStorageFromShare(f *testing.F) {
	f.Add(strings.Join(storage(f, 1).Share(), " "))
	f.Add("abandon abandon")
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Fields(text)
		s, err := StorageFromShare(words)
		if err != nil {
			if parley.KindOf(err) != parley.Malformed {
				t.Errorf("got %v", err)
			}
			return
		}
		for i, w := range s.Share() {
			if got := strings.ToLower(words[i]); got != w && got != w[:min(4, len(w))] {
				t.Errorf("word %d: %q was read as %q", i+1, words[i], w)
			}
		}
	})
}
