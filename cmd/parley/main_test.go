package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"parley"
	"parley/internal/charter"
	"parley/internal/control"
	"parley/internal/control/controltest"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/pair"
	"parley/internal/station"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"parley": func() {
		if os.Getenv(realVariable) != "" {
			code := Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
			if len(os.Args) > 2 && os.Args[1] == "init" && code == exitOK {
				keepLittle(filepath.Join(os.Args[2], "parley.conf"))
			}
			os.Exit(code)
		}
		os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}, fakeBackend()))
	}})
}

// keepLittle lets a station just made take what peers send whatever is free on
// the disk where tests run.
func keepLittle(conf string) {
	b, err := os.ReadFile(conf)
	if err == nil {
		err = os.WriteFile(conf, bytes.Replace(b, []byte("keep_free = \n"), []byte("keep_free = 1\n"), 1), 0o600)
	}
	if err != nil {
		panic(err)
	}
}

// TestScript plays the stories under testdata/script. Each has Alder's station
// running in $WORK/alder, unless it stops it with "nostation".
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",

		Setup: func(env *testscript.Env) error {
			dir := filepath.Join(env.WorkDir, "alder")
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			env.Setenv("PARLEY_DIR", dir)
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			path := filepath.Join(dir, control.SocketName)
			go func() { done <- control.Serve(ctx, path, controltest.New()) }()
			stop := func() {
				cancel()
				<-done
				done <- nil
			}
			env.Values["stop"] = stop
			env.Defer(stop)
			return waitSocket(path)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"nostation": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Value("stop").(func())() },
			"code":      checkCode,
			"pairing":   writePairing,
		},
	})
}

// checkCode runs "code N parley ARGS...": the command must end with code N.
// "! code N": with another one.
func checkCode(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if (got == args[0]) == neg {
		ts.Fatalf("exit code %s, want %s (negated: %v)", got, args[0], neg)
	}
}

// writePairing runs "pairing FILE": Birch invites Alder, really.
func writePairing(ts *testscript.TestScript, _ bool, args []string) {
	var pub [3]key.Public
	for i := range pub {
		k, err := key.NewPair(rand.Reader)
		ts.Check(err)
		pub[i] = k.Public()
	}
	receiving, err := key.NewReceiving(rand.Reader)
	ts.Check(err)
	r := &charter.Reveal{Party: "birch", Name: "Birch", Root: pub[0], Log: pub[1], Receipt: pub[2], Receiving: receiving.Public(),
		Generation: parley.GenerationID{1}, TLS: [32]byte{1}, Addresses: []string{"quic://192.0.2.7:7443"}}
	ts.Check(r.NewNonce(rand.Reader))
	ch := charter.DefaultCharter(charter.Party{Code: "birch", Name: "Birch", Languages: []string{"zh"}}, charter.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}})
	ch.CheckCalls = []charter.CheckCall{{Hour: 9, Days: charter.EveryDay}, {Hour: 17, Minute: 30, Days: 1}}
	st, err := pair.NewInvite(parley.LineID{0xb1}, ch, charter.DefaultAnnex(), r)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), st.Pairing().Armour(), 0o600))
}

func waitSocket(path string) error {
	for range 500 {
		if fi, err := os.Stat(path); err == nil && fi.Mode().Perm() == 0o600 {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("no socket at %s", path)
}

// fakeReport is a report of the fakes.
type fakeReport struct {
	Text   []string `json:"lines"`
	Errors []string `json:"errors"`
}

func (r fakeReport) Lines() []string { return append(r.Text, r.Errors...) }
func (r fakeReport) Bad() int        { return len(r.Errors) }

// fakeBackend keeps the contracts of the real one and no station behind them.
func fakeBackend() backend {
	return backend{
		Init: fakeInit,
		Run: func(ctx context.Context, dir string, log *slog.Logger, ready func()) error {
			if _, err := os.Stat(filepath.Join(dir, "config")); err != nil {
				return parley.Errorf(parley.NotFound, "opening the configuration: %s has none", dir).WithHint("make a station: parley init %s ...", dir)
			}
			ready()
			log.Info("station up")
			return nil
		},
		Check: func(dir string) ([]finding, error) {
			if _, err := os.Stat(filepath.Join(dir, "config")); err != nil {
				return []finding{{"fail", "no configuration in this directory", "make a station: parley init"}}, nil
			}
			return []finding{{"ok", "configuration reads", ""}, {"warn", "no high-water mark file yet", "it is made at the first start"}}, nil
		},
		Fsck: func(dir string, progress func(done, total int64)) (reporter, error) {
			progress(1, 2)
			if _, err := os.Stat(filepath.Join(dir, "flipped")); err == nil {
				return fakeReport{Errors: []string{"entry b1:41: leaf hash differs"}}, nil
			}
			return fakeReport{Text: []string{"97 entries, 2 logs: whole"}}, nil
		},
		Backup: func(_ context.Context, dir string, w io.Writer) error {
			if _, err := os.Stat(filepath.Join(dir, "unreadable")); err == nil {
				w.Write([]byte("half"))
				return parley.Errorf(parley.Corrupt, "reading the store: page 7 does not check")
			}
			_, err := w.Write([]byte("backup of alder"))
			return err
		},
		Restore: fakeRestore,
		Recover: func(dir, line string, root key.Signer, founding []byte) ([]byte, error) {
			if line != "birch" && founding == nil {
				return nil, parley.Errorf(parley.NotFound, "no line %q in this store", line)
			}
			return []byte("certificate"), nil
		},
		Verify:  fakeVerify,
		Desk:    func(string) (deskInfo, error) { return deskInfo{"http://alder.localhost:7101", []string{"en"}}, nil },
		RootKey: station.LoadRootKey,
	}
}

func fakeInit(o initOptions) (initResult, error) {
	if err := fakeEmpty(o.Dir); err != nil {
		return initResult{}, err
	}
	root, err := key.NewPair(rand.Reader)
	if err != nil {
		return initResult{}, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return initResult{}, err
	}
	if err := keyfile.Write(o.RootKeyPath, "root key", root.Seed(), o.RootPassphrase); err != nil {
		return initResult{}, err
	}
	cfg := filepath.Join(o.Dir, "config")
	if err := os.WriteFile(cfg, []byte(o.Party), 0o600); err != nil {
		return initResult{}, err
	}
	return initResult{Config: cfg, SeatToken: "first-token", Share: strings.Fields(strings.Repeat("abandon ", 24))}, nil
}

func fakeEmpty(dir string) error {
	if names, _ := os.ReadDir(dir); len(names) > 0 {
		return parley.Errorf(parley.Conflict, "the directory %s is not empty", dir).WithHint("choose another; nothing is written over")
	}
	return nil
}

func fakeRestore(src, dir string, o restoreOptions) error {
	if err := fakeEmpty(dir); err != nil {
		return err
	}
	b, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(b, []byte("backup")) {
		return parley.Errorf(parley.Malformed, "restoring: %s is not a backup", src)
	}
	if len(o.Share) == 0 && len(o.Passphrase) == 0 {
		return parley.Errorf(parley.NotAllowed, "restoring: the storage key is under a passphrase").WithHint("give it: --passphrase-file FILE, or --share-file FILE")
	}
	return os.MkdirAll(dir, 0o700)
}

func fakeVerify(r io.Reader, o verifyOptions) (reporter, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if i := bytes.IndexByte(b, 'X'); i >= 0 {
		return fakeReport{Errors: []string{fmt.Sprintf("byte %d: entry a1:17: bad-signature", i)}}, nil
	}
	if !bytes.HasPrefix(b, []byte("record")) {
		return nil, parley.Errorf(parley.Malformed, "byte 0: neither a record nor a proof")
	}
	if o.Founding != nil && o.Founding[0] != 0xab {
		return nil, parley.Errorf(parley.WrongLine, "the founding hash is another: this is not the line you were told of")
	}
	return fakeReport{Text: []string{"31 entries, 2 logs, verified"}}, nil
}

// TestHelp compares the help of every command with its golden file.
func TestHelp(t *testing.T) {
	for _, args := range commandPaths(t) {
		name := strings.Join(append([]string{"parley"}, args...), "-")
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), append(args, "--help"), streams{strings.NewReader(""), &out, &errs}, fakeBackend()); code != exitOK || errs.Len() > 0 {
				t.Fatalf("exit code %d, standard error %q", code, &errs)
			}
			if len(args) > 0 && !strings.Contains(out.String(), "parley "+strings.Join(args, " ")) {
				t.Errorf("the help of %v names another command:\n%s", args, &out)
			}
			golden := filepath.Join("testdata", "help", name+".txt")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if out.String() != string(want) {
				t.Errorf("help of %v has changed; if on purpose: go test -update\n%s", args, &out)
			}
		})
	}
}
