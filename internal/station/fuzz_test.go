package station

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley"
	"parley/internal/bearer"
	"parley/internal/charter"
	"parley/internal/wire"
)

// refused fails for an error that says nothing to the operator: of no kind, or
// a fault of this program.
func refused(t *testing.T, err error) {
	t.Helper()
	if parley.KindOf(err) == parley.Internal {
		t.Fatalf("%v", err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(Config{Party: "alder", Name: "Alder", Languages: "en zh", ListenQUIC: ":7443", Test: 3600e9, AcceptRate: 7}.Text())
	f.Add([]byte("party = alder\nparty = birch\n"))
	f.Add([]byte("party=a\n# x\n\n\tname =\x00\ntest_interval = -1s\n"))
	f.Add([]byte("party = alder\naccept_rate = 99999999999999999999\n"))
	f.Add([]byte("party = alder\nname = two\rlines\nlanguages = \u2028en\n"))
	f.Add(bytes.Repeat([]byte("x"), 70_000))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseConfig(b, "parley.conf")
		if err != nil {
			refused(t, err)
			return
		}
		again, err := parseConfig(c.Text(), "parley.conf")
		if err != nil {
			t.Fatalf("what is written is not read: %v\n%s", err, c.Text())
		}
		if again != c {
			t.Fatalf("%+v is read again as %+v", c, again)
		}
		if c.Test < 0 || c.Settle < 0 || c.Flash < 0 || c.AcceptRate < 0 || len(c.langs()) == 0 {
			t.Fatalf("%+v", c)
		}
	})
}

// FuzzPairingFile opens what stands in a pairing's file of ours, sealed by
// the right key: an old program, or a bad one, may have written anything.
func FuzzPairingFile(f *testing.F) {
	s := newSide(f, "alder")
	p, err := s.invite(testCharter("alder", "birch"), charter.DefaultAnnex())
	if err != nil {
		f.Fatal(err)
	}
	id := p.line()
	sealed, err := os.ReadFile(s.path(id))
	if err != nil {
		f.Fatal(err)
	}
	plain, err := s.storage.Open(sealName(id), sealed)
	if err != nil {
		f.Fatal(err)
	}
	var file pairingFile
	if err := wire.Decode(plain, &file); err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	file.Log = nil
	f.Add(wire.Encode(&file))
	file.State = []byte{0x80}
	f.Add(wire.Encode(&file))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := s.open(id, s.storage.Seal(sealName(id), b))
		if err != nil {
			refused(t, err)
			return
		}
		if p.line() != id || p.keys != nil && (p.keys.Log == nil || p.keys.Held == nil || p.keys.Receiving == nil) {
			t.Fatalf("%+v", p)
		}
		p.state.Stage()
		if _, err := s.open(parley.LineID{1}, s.storage.Seal(sealName(id), b)); err == nil {
			t.Fatal("it opens as another line's")
		}
	})
}

// FuzzFoundingFile and the files of public root keys: what is taken is written
// as it was read.
func FuzzFoundingFile(f *testing.F) {
	a, b := newSide(f, "alder"), newSide(f, "birch")
	pa, _ := paired(f, a, b)
	x, err := pa.state.Complete()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x.Encode())
	f.Add(foundingText(x.Encode()))
	f.Add(append(foundingText(x.Encode()), certificateText([]byte("x"))...))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: rootArmour, Bytes: wire.Encode(a.root.Public())}))
	f.Add(rootText(a.root.Public()))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, _, err := parseFoundingFile(b); err != nil {
			refused(t, err)
		} else if !bytes.Contains(b, x.Encode()) && !bytes.Contains(b, []byte(foundingArmour)) {
			t.Fatal("a founding is read that is not in the file")
		}
		cfg := Config{Dir: dir}
		if err := os.WriteFile(cfg.path(rootFile), b, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := loadRoot(cfg)
		if err != nil {
			refused(t, err)
			return
		}
		block, _ := pem.Decode(b)
		if again, _ := pem.Decode(rootText(p)); !bytes.Equal(again.Bytes, block.Bytes) {
			t.Fatalf("root key %s was read otherwise", p.Fingerprint())
		}
	})
}

// FuzzKeyFiles gives a station's key files any content. The right modes do not
// make a wrong file right.
func FuzzKeyFiles(f *testing.F) {
	m := makeStation(f, "alder", "")
	for _, name := range []string{storageFile, tlsFile} {
		b, err := os.ReadFile(m.cfg.path(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name == tlsFile, b, "")
		f.Add(name == tlsFile, b[:len(b)-9], "pass")
	}
	f.Add(true, []byte("parley secret 1\nkind: tls key\nprotection: plain\n\nAAAA\n"), "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, tls bool, b []byte, pass string) {
		if bytes.Contains(b, []byte("scrypt 1")) {
			return // dear by design; FuzzSecretFile has it
		}
		cfg := Config{Dir: dir}
		for _, name := range []string{storageFile, tlsFile} {
			text, err := os.ReadFile(m.cfg.path(name))
			if err != nil {
				t.Fatal(err)
			}
			if tls == (name == tlsFile) {
				text = b
			}
			if err := os.WriteFile(cfg.path(name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := openKeysWith(cfg, []byte(pass)); err != nil {
			refused(t, err)
		}
		if _, err := LoadRootKey(cfg.path(tlsFile), []byte(pass)); err != nil {
			refused(t, err)
		}
	})
}

// tarOf is a backup of the named members and a true manifest of them.
func tarOf(names []string, all map[string][]byte) []byte {
	manifest := manifestMagic + " 1\n"
	for _, n := range names {
		manifest += fmt.Sprintf("%x  %s\n", sha256.Sum256(all[n]), n)
	}
	manifest += "sealed  00\n"
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, n := range append(names, manifestName) {
		b := all[n]
		if n == manifestName {
			b = []byte(manifest)
		}
		w.WriteHeader(member(n, int64(len(b))))
		w.Write(b)
	}
	w.Close()
	return out.Bytes()
}

// sparse is a member of a few bytes that says it unpacks to a gibibyte.
func sparse(name string) []byte {
	block := func(h *tar.Header, body string) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		h.Mode, h.Format, h.Size = 0o600, tar.FormatPAX, int64(len(body))
		w.WriteHeader(h)
		io.WriteString(w, body)
		w.Flush()
		return out.Bytes()
	}
	records := ""
	for _, kv := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=" + name, "GNU.sparse.realsize=1073741824"} {
		n := len(kv) + 3
		n += len(fmt.Sprint(n)) - 1
		records += fmt.Sprintf("%d %s\n", n, kv)
	}
	var out bytes.Buffer
	out.Write(block(&tar.Header{Name: "PaxHeaders.0/x", Typeflag: tar.TypeReg}, records))
	b := out.Bytes()
	b[156] = tar.TypeXHeader
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return append(b, block(&tar.Header{Name: "x", Typeflag: tar.TypeReg}, "1\n1073741824\n0\n"+strings.Repeat("\x00", 512-15))...)
}

// FuzzUnpack restores backups of any bytes: nothing is written outside the
// directory, nothing more than came, and what is taken is what the manifest
// vouches for.
func FuzzUnpack(f *testing.F) {
	id := parley.LineID{0xa1}.String()
	good := tarOf([]string{ConfigName, pairingDir + "/" + id}, map[string][]byte{ConfigName: []byte("party = alder\n"), pairingDir + "/" + id: []byte("sealed")})
	f.Add(good)
	f.Add(good[:len(good)-1100])
	f.Add(tarOf([]string{"../evil"}, map[string][]byte{"../evil": []byte("x")}))
	f.Add(tarOf([]string{pairingDir + "/../../evil"}, map[string][]byte{}))
	f.Add(append(sparse(storeFile), good...))
	f.Fuzz(func(t *testing.T, b []byte) {
		above := t.TempDir()
		dir := filepath.Join(above, "station")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := unpack(bytes.NewReader(b), dir)
		if err != nil {
			refused(t, err)
		}
		total := int64(0)
		werr := filepath.WalkDir(above, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			fi, err := d.Info()
			if err != nil {
				return err
			}
			total += fi.Size()
			name, err := filepath.Rel(dir, p)
			if err != nil || !memberName(filepath.ToSlash(name)) || !fi.Mode().IsRegular() || fi.Mode().Perm() != 0o600 {
				return fmt.Errorf("%s with mode %v, %v", p, fi.Mode(), err)
			}
			return nil
		})
		if werr != nil {
			t.Fatal(werr)
		}
		if total > int64(len(b)) {
			t.Fatalf("%d bytes were written out of %d", total, len(b))
		}
	})
}

// reel is a connection that gives frames from memory and takes none.
type reel struct {
	bearer.Conn
	r io.Reader
}

func (r reel) Recv(context.Context) ([]byte, error) { return bearer.ReadFrame(r.r) }

func FuzzReadHello(f *testing.F) {
	hello, err := wire.Marshal(&wire.Hello{Version: wire.Version, Line: parley.LineID{1}, Party: "birch", Time: 1795000000})
	if err != nil {
		f.Fatal(err)
	}
	ping, err := wire.Marshal(&wire.Ping{})
	if err != nil {
		f.Fatal(err)
	}
	framed := func(frames ...[]byte) (b []byte) {
		for _, x := range frames {
			b = append(bearer.AppendHeader(b, len(x)), x...)
		}
		return b
	}
	f.Add(framed(hello))
	f.Add(framed(ping, ping, hello))
	f.Add(framed(ping, ping, ping, ping, ping, ping, ping, ping, hello))
	f.Add([]byte{0, 0, 0, 1, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, size, err := readHello(t.Context(), reel{r: bytes.NewReader(b)})
		switch {
		case err == nil && (h == nil || size > len(b)):
			t.Fatalf("%+v of %d bytes", h, size)
		case err != nil && !errors.Is(err, io.EOF):
			refused(t, err)
		}
	})
}

// FuzzChat: a line of a chat is refused or read, and says the same when written.
func FuzzChat(f *testing.F) {
	f.Add(wire.Encode(&chatLine{Number: 1, Name: "Wu", Text: "barges", Call: 104599178}))
	f.Add(wire.Encode(&namelessLine{Number: 1, Name: "Wu", Text: "barges"}))
	f.Add([]byte{0x82, 0x18, 0x42})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, named, err := parseChat(b)
		again := wire.Encode(&c)
		if !named {
			again = wire.Encode(&namelessLine{Number: c.Number, Name: c.Name, Text: c.Text})
		}
		if err == nil && !bytes.Equal(again, b) {
			t.Errorf("% x is written as % x", b, again)
		}
		isCallFrame(b)
	})
}
