package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/pair"
	"parley/internal/record"
	"parley/internal/said/page"
	"parley/internal/station"
)

func TestConfigurationsLoad(t *testing.T) {
	for file, want := range map[string]struct{ party, desk string }{
		"alder.conf": {"alder", "127.0.0.1:7101"},
		"birch.conf": {"birch", "10.20.0.5:7102"},
	} {
		c, err := station.LoadConfig(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if c.Party != want.party || c.Desk != want.desk || c.Passphrase != "parley-passphrase" {
			t.Errorf("%s: party %q, desk %q, passphrase %q", file, c.Party, c.Desk, c.Passphrase)
		}
	}
	if c, err := station.LoadConfig("birch.conf"); err == nil && c.Test != 15*time.Minute {
		t.Errorf("birch tests every %v", c.Test)
	}
}

// TestChecksPass puts the settings that do not depend on a machine into a
// fresh station, and asks for no failure.
func TestChecksPass(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a station")
	}
	dir := t.TempDir() + "/alder"
	o := station.InitOptions{Dir: dir, RootKeyPath: t.TempDir() + "/alder.root", Party: "alder", Name: "Alder", Languages: []string{"en"}, Passphrase: []byte("correct horse battery staple")}
	if _, err := station.Init(o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("alder.conf")
	if err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("0.0.0.0:7443", "127.0.0.1:0", "127.0.0.1:7101", "127.0.0.1:0", "/var/lib/parley-mark", dir+".mark").Replace(string(text))
	if err := os.WriteFile(dir+"/"+station.ConfigName, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	creds := t.TempDir()
	if err := os.WriteFile(creds+"/parley-passphrase", []byte("correct horse battery staple\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", creds)
	cfg, err := station.LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range station.Check(cfg) {
		if f.Level == station.LevelFail {
			t.Errorf("parley check fails: %s (%s)", f.What, f.Hint)
		}
	}
}

func TestUnitPassesTheCredential(t *testing.T) {
	b, err := os.ReadFile("parley.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Type=notify\n", "LoadCredential=parley-passphrase:", "parley check --dir /var/lib/parley\n", "ReadWritePaths=/var/lib/parley /var/lib/parley-mark\n"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the unit lacks %q", want)
		}
	}
}

func TestInvitationReads(t *testing.T) {
	b, err := os.ReadFile("alder-birch.pairing")
	if err != nil {
		t.Fatal(err)
	}
	p, err := pair.ParsePairing(b)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := charter.Parse(p.Charter)
	if err != nil {
		t.Fatal(err)
	}
	if !ch.TwoHands(parley.Flash) || !ch.TwoHands(parley.Immediate) || ch.TwoHands(parley.Priority) || ch.Instruct || ch.TestInterval != time.Hour {
		t.Errorf("the charter is not the one examples/README.md describes: %+v", ch)
	}
	if len(p.Commitments) != 1 || len(p.Reveals) != 0 {
		t.Errorf("%d commitments, %d reveals, want 1 and 0", len(p.Commitments), len(p.Reveals))
	}
}

// TestPublishedPageVerifies checks the page under published as a reader would: its
// bytes alone, and a byte turned.
func TestPublishedPageVerifies(t *testing.T) {
	pages, err := filepath.Glob("published/*.html")
	if err != nil || len(pages) != 2 {
		t.Fatalf("%v, %v: want the page in English and Chinese", pages, err)
	}
	for _, name := range pages {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := page.Verify(bytes.NewReader(b), record.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := rep.Err(); err != nil || rep.Kind != page.Joint || rep.Page.Name() != filepath.Base(name) || !bytes.Contains(b, []byte("energy and infrastructure")) {
			t.Fatalf("%s: %v, %s, %s", name, err, rep.Kind, rep.Page.Name())
		}
		for i, p := range rep.Page.Proofs {
			beside, err := os.ReadFile(filepath.Join("published", rep.Page.ProofName(i)))
			if err != nil || !bytes.Equal(beside, p) {
				t.Errorf("%s: proof %d is not what lies beside it: %v", name, i+1, err)
			}
		}
		at := bytes.Index(b, []byte("energy and infrastructure")) + 7
		b[at] ^= 1
		if rep, err = page.Verify(bytes.NewReader(b), record.VerifyOptions{}); err != nil || rep.Bad() != 1 || rep.Errors[0].Byte != int64(at) {
			t.Errorf("%s: byte %d turned: %+v, %v", name, at, rep, err)
		}
	}
}
