package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"parley/internal/record"
	"parley/internal/station"
)

// realVariable tells the re-run test binary to be the real command.
const realVariable = "PARLEY_TEST_REAL"

// TestReal plays the stories under testdata/real with real stations: own
// processes, sockets, disks and keys.
func TestReal(t *testing.T) {
	if testing.Short() {
		t.Skip("real stations take seconds")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/real",
		Setup: func(env *testscript.Env) error {
			env.Setenv(realVariable, "1")
			reader, err := filepath.Abs("../../spec/reader/parley-read.mjs")
			if err != nil {
				return err
			}
			env.Setenv("READER", reader)
			for _, name := range []string{"ALDER", "ALDER2", "BIRCH", "CEDAR", "ALDERDESK", "BIRCHDESK"} {
				addr, err := freePort()
				if err != nil {
					return err
				}
				env.Setenv(name, addr)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":       checkCode,
			"pages":      publicPages,
			"public":     publicFolder,
			"eventually": eventually,
			"shows":      shows,
			"words":      writeWords,
			"words2":     writeRecoveryWords,
			"lineof":     findLine,
			"entry":      findEntry,
			"flip":       flip,
			"founding":   findFounding,
			"scan":       scanOutput,
			"hash":       findHash,
			"inforce":    inForce,
			"exercised":  exercised,
			"unanswered": unanswered,
			"rotated":    rotated,
			"begun":      begunMemcon,
		},
	})
}

// freePort returns a loopback address whose TCP and UDP ports were free just
// now.
func freePort() (string, error) {
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		addr := l.Addr().String()
		u, err := net.ListenPacket("udp", addr)
		l.Close()
		if err == nil {
			return addr, u.Close()
		}
	}
	return "", fmt.Errorf("no port is free")
}

// eventually runs "eventually N command...": within three minutes the command ends with
// code N.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(3 * time.Minute)
	for {
		got := "0"
		if err := ts.Exec(args[1], args[2:]...); err != nil {
			got = strings.TrimPrefix(err.Error(), "exit status ")
		}
		if got == args[0] {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("after three minutes still exit code %s, want %s\n%s", got, args[0], ts.ReadFile("stderr"))
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// shows runs "shows REGEXP command...": within three minutes the command prints a
// match.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(300 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("after three minutes no %q: %v\n%s%s", args[0], err, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
	}
}

// writeWords runs "words DIR FILE": the words that the station in DIR shows.
func writeWords(ts *testscript.TestScript, _ bool, args []string) {
	for _, p := range pairings(ts, args[0]) {
		if p.Stage == "words" {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(p.Words, " ")), 0o600))
			return
		}
	}
	ts.Fatalf("no pairing of %s has words: %s", args[0], ts.ReadFile("stdout"))
}

// writeRecoveryWords runs "words2 DIR FILE [LINE]": the recovery words of the station
// in DIR.
func writeRecoveryWords(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("parley", append([]string{"--dir", args[0], "--json", "recover", "words"}, args[2:]...)...))
	var words []string
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &words))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(words, "\n")), 0o600))
}

// findLine runs "lineof DIR VARIABLE": the line id of the pairing in DIR whose
// words wait.
func findLine(ts *testscript.TestScript, _ bool, args []string) {
	for _, p := range pairings(ts, args[0]) {
		if p.Stage == "words" {
			ts.Setenv(args[1], p.Line)
		}
	}
}

func pairings(ts *testscript.TestScript, dir string) []station.PairingView {
	ts.Check(ts.Exec("parley", "--dir", dir, "--json", "line", "list"))
	var v struct{ Pairings []station.PairingView }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	return v.Pairings
}

// findEntry runs "entry DIR SUBJECT VARIABLE [LINE]": within three minutes the record
// in DIR holds an entry of that subject; the variable is its id.
func findEntry(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		ts.Check(ts.Exec("parley", append([]string{"--dir", args[0], "--json", "record", "-n", "500"}, args[3:]...)...))
		var p station.Page
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &p))
		for _, i := range append(p.Settled, p.Unsettled...) {
			if (i.Subject == args[1] || "form:"+i.Form == args[1]) && !strings.HasPrefix(i.ID, "filed:") {
				ts.Setenv(args[2], i.ID)
				return
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	ts.Fatalf("no entry %q in %s: %s", args[1], args[0], ts.ReadFile("stdout"))
}

// unanswered runs "unanswered DIR VARIABLE": the variable is the request that the
// station in DIR shows as not answered.
func unanswered(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("parley", "--dir", args[0], "--json", "contact", "list"))
	var b station.ContactBook
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &b))
	for _, c := range b.Contacts {
		if c.State == "no-answer" {
			ts.Setenv(args[1], c.ID)
			return
		}
	}
	ts.Fatalf("every request is answered: %s", ts.ReadFile("stdout"))
}

// exercised runs "exercised DIR NAME": within three minutes the station in DIR
// says that the exercise is on.
func exercised(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		ts.Check(ts.Exec("parley", "--dir", args[0], "--json", "line", "show"))
		var l station.Line
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &l))
		if l.Exercise == args[1] {
			return
		}
		time.Sleep(300 * time.Millisecond)
	}
	ts.Fatalf("no exercise %q in %s: %s", args[1], args[0], ts.ReadFile("stdout"))
}

// findHash runs "hash DIR VARIABLE": the hash of what is proposed on the line of
// the station in DIR, within three minutes.
func findHash(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		if v := charterOf(ts, args[0]); len(v.Proposed) == 1 && len(v.Proposed[0].By) > 0 {
			ts.Setenv(args[1], v.Proposed[0].Hash)
			return
		}
		time.Sleep(300 * time.Millisecond)
	}
	ts.Fatalf("nothing is proposed in %s: %s", args[0], ts.ReadFile("stdout"))
}

// publicFolder runs "public DIR FOLDER": the station in DIR, which does not run yet,
// is to write the pages of what it publishes into FOLDER.
func publicFolder(ts *testscript.TestScript, _ bool, args []string) {
	cfg, err := station.LoadConfig(ts.MkAbs(args[0]))
	ts.Check(err)
	cfg.PublicFolder = ts.MkAbs(args[1])
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), station.ConfigName), cfg.Text(), 0o600))
}

// publicPages runs "pages FOLDER PAGES PROOFS": there come to be so many pages and
// proof files in FOLDER and nothing else, and each verifies.
func publicPages(ts *testscript.TestScript, _ bool, args []string) {
	var list []os.DirEntry
	for range 200 {
		var err error
		list, err = os.ReadDir(ts.MkAbs(args[0]))
		ts.Check(err)
		count := map[string]int{}
		for _, e := range list {
			count[filepath.Ext(e.Name())]++
		}
		if fmt.Sprint(count[".html"]) == args[1] && fmt.Sprint(count[".proof"]) == args[2] && len(list) == count[".html"]+count[".proof"] {
			for _, e := range list {
				ts.Check(ts.Exec("parley", "verify", filepath.Join(args[0], e.Name())))
			}
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	ts.Fatalf("the folder holds %v", list)
}

// inForce runs "inforce DIR VERSION": within three minutes the charter of that
// version is in force for the station in DIR.
func inForce(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		if v := charterOf(ts, args[0]); fmt.Sprint(v.InForce[0].Version) == args[1] {
			return
		}
		time.Sleep(300 * time.Millisecond)
	}
	ts.Fatalf("charter %s is not in force in %s: %s", args[1], args[0], ts.ReadFile("stdout"))
}

func charterOf(ts *testscript.TestScript, dir string) (v station.CharterView) {
	ts.Check(ts.Exec("parley", "--dir", dir, "--json", "charter"))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	return v
}

// rotated runs "rotated DIR": its TLS key is another within three minutes, and
// every path of the line stands again; the line is never down meanwhile.
func rotated(ts *testscript.TestScript, _ bool, args []string) {
	state := func(cmd ...string) (v struct {
		Key, Next string
		Lamp      station.Lamp
		Paths     []station.Path
	}) {
		ts.Check(ts.Exec("parley", append([]string{"--dir", args[0], "--json"}, cmd...)...))
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
		return v
	}
	first := state("tls").Key
	ts.Check(ts.Exec("parley", "--dir", args[0], "tls", "rotate"))
	for range 600 {
		k, l := state("tls"), state("line", "show")
		if l.Lamp.State == station.LampDown {
			ts.Fatalf("the line is down while the key changes: %s", l.Lamp.Sentence)
		}
		up := len(l.Paths) > 0
		for _, p := range l.Paths {
			up = up && p.Up
		}
		if k.Key != first && k.Next == "" && up {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	ts.Fatalf("the key of %s has not changed: %s", args[0], ts.ReadFile("stdout"))
}

// findFounding runs "founding FILE VARIABLE": the variable is the founding that a
// citation in FILE names.
func findFounding(ts *testscript.TestScript, _ bool, args []string) {
	c, err := record.ParseCitation(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Setenv(args[1], fmt.Sprintf("%x", c.Founding))
}

// flip runs "flip FILE OUT": one bit in the middle is another.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}
