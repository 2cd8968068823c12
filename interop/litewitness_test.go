package interop

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite"

	"parley"
	"parley/internal/c2sp"
	"parley/internal/journal"
)

const litewitnessModule = "filippo.io/torchwood/cmd/litewitness@v0.9.0"

// buildLitewitness installs the unmodified program, with the dependencies it
// pins itself, and returns its path.
func buildLitewitness(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "install", litewitnessModule)
	cmd.Dir = bin // outside of any module
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building litewitness: %v\n%s", err, out)
	}
	return filepath.Join(bin, "litewitness")
}

// litewitness is a running witness with a key of its own.
type litewitness struct {
	t    *testing.T
	url  string
	vkey string // as we write it, type 0x04
	db   *sql.DB
	kill func()
}

// startLitewitness runs the program with its key in an ssh-agent of ours.
func startLitewitness(t *testing.T) *litewitness {
	t.Helper()
	program := buildLitewitness(t)
	dir, err := os.MkdirTemp("", "w") // short: the path of a unix socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	socket := serveAgent(t, dir, private)
	sshKey, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	w := &litewitness{t: t, vkey: c2sp.VKey{Name: witnessName(0), Type: c2sp.TypeCosignedEd, Key: public}.String()}
	path, address := filepath.Join(dir, "w.db"), freeAddress(t)
	w.url = "http://" + address
	w.kill = run(t, exec.Command(program, "-db", path, "-name", witnessName(0), "-key", ssh.FingerprintSHA256(sshKey),
		"-ssh-agent", socket, "-listen", address))
	w.waitUp()
	if w.db, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	return w
}

func serveAgent(t *testing.T, dir string, private ed25519.PrivateKey) (socket string) {
	t.Helper()
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "a.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				agent.ServeAgent(keyring, c) // ends with the connection
			}()
		}
	}()
	return socket
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run starts cmd and ends it with the test, or when kill is called; what it said
// is shown on failure.
func run(t *testing.T, cmd *exec.Cmd) (kill func()) {
	t.Helper()
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait() // killed, so always an error
	})
	t.Cleanup(func() {
		kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), said.String())
		}
	})
	return kill
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (w *litewitness) waitUp() {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.Get(w.url + "/")
		if err == nil {
			r.Body.Close()
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("litewitness does not come up: %v", err)
		}
	}
}

// trust registers a log as the operator of the witness would.
func (w *litewitness) trust(origin string, vkey c2sp.VKey) {
	w.t.Helper()
	empty := base64.StdEncoding.EncodeToString(journal.EmptyRoot[:])
	if _, err := w.db.Exec("INSERT INTO log VALUES (?, 0, ?)", origin, empty); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.db.Exec("INSERT INTO key VALUES (?, ?)", origin, vkey.String()); err != nil {
		w.t.Fatal(err)
	}
}

// add sends a request over HTTP and reads the answer with our parser.
func (w *litewitness) add(old uint64, proof []journal.Hash, note []byte) (c2sp.Answer, int, error) {
	w.t.Helper()
	body := c2sp.AddCheckpointRequest(old, proof, note)
	r, err := http.Post(w.url+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := c2sp.ParseWitnessResponse(r.StatusCode, b)
	return a, r.StatusCode, err
}

// TestLitewitness is the whole life of a log with an unmodified witness.
func TestLitewitness(t *testing.T) {
	if testing.Short() {
		t.Skip("builds litewitness")
	}
	const n, m = 300, 1000
	w := startLitewitness(t)
	l := newLog(t, m)
	keys, _ := l.vkeys()
	policy, err := c2sp.NewPolicy(1, []string{w.vkey})
	if err != nil {
		t.Fatal(err)
	}

	_, status, err := w.add(0, nil, l.note(n))
	if wantKind(t, err, parley.NotFound); status != 404 {
		t.Errorf("an unknown log: status %d, want 404", status)
	}
	w.trust(l.origin, keys[0])

	for _, step := range [][2]uint64{{0, n}, {n, m}, {m, m}} {
		old, size := step[0], step[1]
		a, status, err := w.add(old, l.consistency(old, size), l.receipt(size))
		if err != nil || status != 200 || a.Stale {
			t.Fatalf("from %d to %d: status %d, %v", old, size, status, err)
		}
		w.checkCosigned(l, policy, size, a.Lines)
	}

	a, status, err := w.add(0, nil, l.note(n))
	if err != nil || status != 409 || !a.Stale || a.Size != m {
		t.Errorf("replay: got %+v, status %d, %v, want 409 with size %d", a, status, err, m)
	}
	w.refusals(l, n, m)
	a, _, err = w.add(m, l.consistency(m, m), l.note(m))
	if err != nil || len(a.Lines) != 1 {
		t.Errorf("after all refusals: got %+v, %v", a, err)
	}
}

// checkCosigned verifies the witness's line with our policy and its author's.
func (w *litewitness) checkCosigned(l *testLog, policy *c2sp.Policy, size uint64, lines []c2sp.SignatureLine) {
	t := w.t
	t.Helper()
	good, err := policy.Verify(l.checkpoint(size), lines)
	if err != nil || len(good) != 1 {
		t.Fatalf("size %d: got %v, %v, want one witness", size, good, err)
	}
	now := uint64(time.Now().Unix())
	if good[0].Time > now+1 || good[0].Time+60 < now {
		t.Errorf("size %d: cosigned at %d, now is %d", size, good[0].Time, now)
	}
	v, err := torchwood.NewCosignatureVerifier(w.vkey)
	if err != nil {
		t.Fatal(err)
	}
	full := c2sp.AppendLines(l.receipt(size), lines...)
	opened, err := note.Open(full, note.VerifierList(v, l.edVerifier()))
	if err != nil || len(opened.Sigs) != 2 {
		t.Fatalf("size %d: the full note: %v", size, err)
	}
	if _, err := c2sp.ParseNote(full); err != nil {
		t.Errorf("size %d: our own parser: %v", size, err)
	}
	_, err = policy.Verify(l.checkpoint(size-1), lines)
	wantKind(t, err, parley.BadSignature)
}

// refusals: nothing makes the witness, at size m, cosign another history.
func (w *litewitness) refusals(l *testLog, n, m uint64) {
	w.t.Helper()
	forked := newLog(w.t, 0)
	forked.origin, forked.pair = l.origin, l.pair
	forked.grow(int(m) + 10)
	other := newLog(w.t, 0)
	other.origin, other.tree = l.origin, l.tree
	bad := forked.consistency(m, m+10)
	for name, test := range map[string]struct {
		old    uint64
		proof  []journal.Hash
		note   []byte
		status int
		want   parley.Kind
	}{
		"rollback":          {m, nil, l.note(n), 400, parley.Malformed},
		"fork, larger":      {m, bad, forked.note(m + 10), 422, parley.BadProof},
		"fork, same size":   {m, nil, forked.note(m), 422, parley.BadProof},
		"another log's key": {m, nil, other.note(m), 403, parley.UnknownKey},
	} {
		a, status, err := w.add(test.old, test.proof, test.note)
		if status != test.status || parley.KindOf(err) != test.want || len(a.Lines) != 0 {
			w.t.Errorf("%s: got %+v, status %d, %v, want %d, %s", name, a, status, err, test.status, test.want)
		}
	}
}

// TestLitewitnessKey: the key we derive is the one litewitness prints.
func TestLitewitnessKey(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := torchwood.NewCosignatureSigner(witnessName(3), private)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c2sp.ParseVKey(s.Verifier().String())
	if err != nil || k.String() != s.Verifier().String() || k.Type != c2sp.TypeCosignedEd {
		t.Errorf("got %v, %v, want %s", k, err, s.Verifier())
	}
	if !strings.HasPrefix(k.String(), fmt.Sprintf("%s+%08x+", witnessName(3), s.KeyHash())) {
		t.Errorf("got id %08x, want %08x", k.ID(), s.KeyHash())
	}
}
