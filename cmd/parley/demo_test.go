package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/internal/stage"
)

// TestDemo runs "parley demo" as people do, as a program of its own.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("the demo takes seconds")
	}
	program := filepath.Join(t.TempDir(), "parley")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for name, f := range map[string]func(*testing.T, string){
		"story": demoStory, "port taken": demoPortTaken, "keep refuses a full directory": demoKeepRefuses, "killed": demoKilled,
		"interrupted early": demoInterrupted, "kept": demoKept, "stage": demoStage, "call": demoCall,
	} {
		t.Run(name, func(t *testing.T) { f(t, program) })
	}
}

// demo is one run of "parley demo" with a temporary directory of its own, so
// that what it leaves behind is seen.
type demo struct {
	t      *testing.T
	cmd    *exec.Cmd
	tmp    string
	lines  chan string
	stderr bytes.Buffer
}

func startDemo(t *testing.T, program string, args ...string) *demo {
	t.Helper()
	d := &demo{t: t, tmp: t.TempDir(), lines: make(chan string, 1000)}
	d.cmd = exec.Command(program, append([]string{"demo"}, args...)...)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.tmp)
	d.cmd.Stderr = &d.stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.cmd.Process.Kill() })
	go func() {
		defer close(d.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			d.lines <- s.Text()
		}
	}()
	return d
}

// until reads output up to a line that matches, and returns all of it.
func (d *demo) until(pattern string) (all string) {
	d.t.Helper()
	limit := time.After(60 * time.Second)
	for {
		select {
		case l, ok := <-d.lines:
			if !ok {
				d.t.Fatalf("the demo ended before it said %q:\n%s\n%s", pattern, all, d.stderr.String())
			}
			all += l + "\n"
			if regexp.MustCompile(pattern).MatchString(l) {
				return all
			}
		case <-limit:
			d.t.Fatalf("not within a minute: %q\n%s", pattern, all)
		}
	}
}

// end waits for the exit code and the rest of the output.
func (d *demo) end() (code int, rest string) {
	for l := range d.lines {
		rest += l + "\n"
	}
	err := d.cmd.Wait()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		d.t.Fatal(err)
	}
	return d.cmd.ProcessState.ExitCode(), rest
}

// gone fails unless directories and processes are gone within five seconds.
func (d *demo) gone(pids []int) {
	d.t.Helper()
	var left []string
	for range 50 {
		left = nil
		names, err := os.ReadDir(d.tmp)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, n := range names {
			left = append(left, n.Name())
		}
		for _, p := range pids {
			if syscall.Kill(p, 0) == nil {
				left = append(left, fmt.Sprint("process ", p))
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	d.t.Errorf("left behind: %v", left)
}

func pidsIn(out string) (pids []int) {
	for _, m := range regexp.MustCompile(`process (\d+)`).FindAllStringSubmatch(out, -1) {
		n, _ := strconv.Atoi(m[1])
		pids = append(pids, n)
	}
	return pids
}

// freePorts finds three ports in a row that are free just now.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 200 {
		base, ok := 20000+rand.IntN(10000), true
		for i := range 3 {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+i)))
			if ok = ok && err == nil; err == nil {
				l.Close()
			}
		}
		if ok {
			return base
		}
	}
	t.Fatal("no three ports in a row are free")
	return 0
}

func demoStory(t *testing.T, program string) {
	d := startDemo(t, program, "--story", "--json")
	code, out := d.end()
	var steps []stage.Result
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		var r stage.Result
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		if !r.OK || r.Shown == "" {
			t.Errorf("step %s: %v: %s", r.Step, r.OK, r.Shown)
		}
		steps = append(steps, r)
	}
	if code != 0 || len(steps) != 19 {
		t.Errorf("exit code %d after %d steps, want 0 after 19\n%s", code, len(steps), d.stderr.String())
	}
	d.gone(pidsIn(out))
}

func demoPortTaken(t *testing.T, program string) {
	base := freePorts(t)
	for i := range 3 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+i)))
		if err != nil {
			t.Fatal(err)
		}
		d := startDemo(t, program, "--port", strconv.Itoa(base))
		code, _ := d.end()
		l.Close()
		if said := d.stderr.String(); code == 0 || !strings.Contains(said, fmt.Sprintf("port %d is taken", base+i)) || !strings.Contains(said, "--port") {
			t.Errorf("port %d taken: exit code %d, %q", base+i, code, said)
		}
		d.gone(nil)
	}
}

func demoKeepRefuses(t *testing.T, program string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := startDemo(t, program, "--story", "--keep", dir)
	if code, _ := d.end(); code == 0 || !strings.Contains(d.stderr.String(), "not empty") {
		t.Errorf("exit code %d, %q", code, d.stderr.String())
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("the directory now holds %v", names)
	}
}

// demoKilled: a demo that is killed leaves nothing.
func demoKilled(t *testing.T, program string) {
	d := startDemo(t, program, "--port", strconv.Itoa(freePorts(t)))
	pids := pidsIn(d.until("Stage"))
	if len(pids) != 2 {
		t.Fatalf("two stations have processes %v", pids)
	}
	d.cmd.Process.Kill()
	d.end()
	d.gone(pids)
}

func demoInterrupted(t *testing.T, program string) {
	d := startDemo(t, program, "--port", strconv.Itoa(freePorts(t)))
	pids := pidsIn(d.until("1 keys"))
	d.cmd.Process.Signal(os.Interrupt)
	d.end()
	d.gone(pids)
}

// demoKept: what is kept is two stations that run on.
func demoKept(t *testing.T, program string) {
	dir := filepath.Join(t.TempDir(), "kept")
	d := startDemo(t, program, "--port", strconv.Itoa(freePorts(t)), "--keep", dir)
	out := d.until("Ctrl-C")
	d.cmd.Process.Signal(os.Interrupt)
	code, rest := d.end()
	if code != 0 || !regexp.MustCompile(`\d+ entries, 2 logs, verified\. Kept in `).MatchString(rest) {
		t.Errorf("exit code %d: %s%s", code, rest, d.stderr.String())
	}
	d.gone(pidsIn(out))
	for _, side := range []string{"alder", "birch"} {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		if out, err := exec.CommandContext(ctx, program, "fsck", "--dir", filepath.Join(dir, side)).CombinedOutput(); err != nil {
			t.Errorf("fsck of %s: %v\n%s", side, err, out)
		}
		stop()
	}
}
