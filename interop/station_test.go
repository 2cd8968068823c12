package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"parley/internal/c2sp"
)

// program is parley as its users have it, and where two stations of it lie.
type program struct {
	t   *testing.T
	bin string
	dir string
}

func buildParley(t *testing.T) *program {
	t.Helper()
	p := &program{t: t, dir: t.TempDir()}
	p.bin = filepath.Join(p.dir, "parley")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", p.bin, "./cmd/parley")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building parley: %v\n%s", err, out)
	}
	return p
}

// run runs a command of parley in the directory of the test.
func (p *program) run(args ...string) (string, error) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.bin, args...)
	cmd.Dir = p.dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("parley %s: %w: %s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), err
}

func (p *program) must(args ...string) string {
	p.t.Helper()
	out, err := p.run(args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// wait runs f until it is true, and fails after d.
func (p *program) wait(d time.Duration, what string, f func() bool) {
	p.t.Helper()
	for end := time.Now().Add(d); !f(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// set changes one line of a station's configuration.
func (p *program) set(dir, key, value string) {
	p.t.Helper()
	path := filepath.Join(p.dir, dir, "parley.conf")
	b, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	re := regexp.MustCompile(`(?m)^` + key + ` =.*$`)
	if !re.Match(b) {
		p.t.Fatalf("no key %s in the configuration", key)
	}
	if err := os.WriteFile(path, re.ReplaceAllLiteral(b, []byte(key+" = "+value)), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) start(dir string) {
	p.t.Helper()
	cmd := exec.Command(p.bin, "station", dir)
	cmd.Dir = p.dir
	run(p.t, cmd)
	p.wait(20*time.Second, dir+" answers", func() bool { _, err := p.run("--dir", dir, "line", "list"); return err == nil })
}

func freePort(t *testing.T) string {
	t.Helper()
	for range 20 {
		addr := freeAddress(t)
		if u, err := net.ListenPacket("udp", addr); err == nil {
			u.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// shown is what the test reads of `parley line show --json`.
type shown struct {
	ID   string
	Lamp struct{ State, Verdict string }
	Logs []struct {
		Party, Generation string
		Current           bool
		Size              uint64
		Keys              []string `json:"verifier_keys"`
	}
	Witnesses []struct {
		Name, Trouble string
		Logs          []struct {
			Party string
			Size  uint64
		}
	}
	Notices []struct{ Code, Text string }
}

func (p *program) show(dir string) (s shown) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.must("--dir", dir, "--json", "line", "show")), &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

// pair founds a line of alder and birch with a witness in its annex.
func (p *program) pair(vkey string) {
	p.t.Helper()
	p.must("--dir", "alder", "line", "invite", "--with", "birch,Birch,zh", "--witness", vkey, "-o", "1.pairing")
	p.must("--dir", "birch", "line", "accept", "1.pairing", "-o", "2.pairing")
	p.must("--dir", "alder", "line", "reveal", "2.pairing", "-o", "3.pairing")
	p.must("--dir", "birch", "line", "reveal", "3.pairing", "-o", "4.pairing")
	p.must("--dir", "alder", "line", "reveal", "4.pairing")
	var list struct {
		Pairings []struct {
			Stage string
			Words []string
		}
	}
	if err := json.Unmarshal([]byte(p.must("--dir", "alder", "--json", "line", "list")), &list); err != nil {
		p.t.Fatal(err)
	}
	words := ""
	for _, x := range list.Pairings {
		if x.Stage == "words" {
			words = strings.Join(x.Words, " ")
		}
	}
	if err := os.WriteFile(filepath.Join(p.dir, "words"), []byte(words), 0o600); err != nil {
		p.t.Fatal(err)
	}
	for _, s := range []string{"alder", "birch"} {
		p.must("--dir", s, "line", "confirm", "--root-key", s+".root", "--how", "in person", "--words-file", "words")
	}
}

// TestStationIsWitnessed: two real stations whose annex names an unmodified
// litewitness. Its operator trusts both logs; the station has them cosigned at
// test times, shows it, and gives it along in records and proofs, which the
// witness's own author's code verifies. When the witness dies nothing stops.
func TestStationIsWitnessed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds litewitness and runs stations")
	}
	w := startLitewitness(t)
	p := buildParley(t)
	for _, s := range []string{"alder", "birch"} {
		addr := freePort(t)
		p.must("init", s, "--party", s, "--name", strings.ToUpper(s[:1])+s[1:], "--root-key", s+".root", "--listen-quic", addr, "--listen-tls", addr)
		p.set(s, "test_interval", "2s")
	}
	p.set("alder", "witnesses", witnessName(0)+"="+w.url)
	if out := p.must("check", "--dir", "alder"); !strings.Contains(out, "witness "+witnessName(0)+" answers at "+w.url) {
		t.Errorf("parley check says nothing of the witness:\n%s", out)
	}
	p.start("alder")
	p.start("birch")
	p.pair(w.vkey)

	// The operator does not know the logs yet: a notice, and the line is up.
	p.wait(60*time.Second, "alder says that the quorum is missing, and why", func() bool {
		s := p.show("alder")
		for _, n := range s.Notices {
			if n.Code == "witness-missing" && strings.Contains(n.Text, "404") {
				return s.Lamp.Verdict == "up"
			}
		}
		return false
	})
	for _, g := range p.show("alder").Logs {
		k, err := c2sp.ParseVKey(g.Keys[0])
		if err != nil {
			t.Fatal(err)
		}
		w.trust(k.Name, k)
	}
	p.wait(60*time.Second, "both logs are cosigned, again and again", func() bool {
		s := p.show("alder")
		return len(s.Witnesses) == 1 && len(s.Witnesses[0].Logs) == 2 && s.Witnesses[0].Trouble == "" && s.Witnesses[0].Logs[0].Size > 6 && len(s.Notices) == 0
	})
	if out := p.must("--dir", "alder", "line", "show"); !strings.Contains(out, "WITNESSES") || !strings.Contains(out, witnessName(0)) {
		t.Errorf("line show:\n%s", out)
	}
	p.must("--dir", "alder", "export", "-o", "a.record")
	out := p.must("verify", "a.record")
	if m := regexp.MustCompile(`(\d+) witness cosignatures, 0 of witnesses the annex does not name`).FindStringSubmatch(out); m == nil || m[1] == "0" {
		t.Errorf("verify says of witnesses:\n%s", out)
	}
	p.proof(w)
	w.kill()
	p.wait(60*time.Second, "the witness is dead, the quorum is missing, the line is up", func() bool {
		s := p.show("alder")
		return len(s.Notices) == 1 && s.Notices[0].Code == "witness-missing" && s.Lamp.Verdict == "up"
	})
	p.must("--dir", "alder", "test") // and the line answers
}

// proof has one entry proved, and reads the proof with the code of the
// witness's author: entry, inclusion, and the witness's cosignature.
func (p *program) proof(w *litewitness) {
	t := p.t
	t.Helper()
	var page struct {
		Settled, Unsettled []struct{ ID, Form string }
	}
	if err := json.Unmarshal([]byte(p.must("--dir", "alder", "--json", "record", "-n", "500")), &page); err != nil {
		t.Fatal(err)
	}
	id := ""
	for _, i := range append(page.Settled, page.Unsettled...) {
		if i.Form == "assent" {
			id = i.ID
		}
	}
	p.must("--dir", "alder", "proof", id, "-o", "entry.proof")
	// The text names the witness only where its word is the earliest bound.
	var said struct {
		Cosignatures int `json:"cosignatures"`
	}
	out := p.must("--json", "verify", "entry.proof")
	if err := json.Unmarshal([]byte(out), &said); err != nil || said.Cosignatures != 1 {
		t.Errorf("verify counts %d cosignatures of the witness, %v:\n%s", said.Cosignatures, err, out)
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "entry.proof"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := c2sp.ParseProof(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := torchwood.NewCosignatureVerifier(w.vkey)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(ours.Note, note.VerifierList(v)); err != nil || len(n.Sigs) != 1 {
		t.Errorf("torchwood does not verify the cosignature in the proof file: %v", err)
	}
	if p.must("--dir", "alder", "read", id); !strings.Contains(p.must("--dir", "alder", "read", id), "witnessed by "+witnessName(0)) {
		t.Error("read does not say who witnessed the entry")
	}
}
