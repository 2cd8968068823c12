package drill

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Faults are put below a real station by strace, which makes its calls to the
// kernel fail, or late: nothing in the station knows, and nothing has to be
// mounted.

var canTrace = sync.OnceValue(func() error {
	if _, err := exec.LookPath("strace"); err != nil {
		return fmt.Errorf("strace is not installed: %w; make deps installs it (Debian package strace)", err)
	}
	sleep := exec.Command("sleep", "5")
	if err := sleep.Start(); err != nil {
		return err
	}
	defer func() { sleep.Process.Kill(); sleep.Wait() }()
	cmd := exec.Command("timeout", "-s", "INT", "1", "strace", "-qq", "-e", "trace=none", "-p", fmt.Sprint(sleep.Process.Pid))
	out, err := cmd.CombinedOutput()
	if len(strings.TrimSpace(string(out))) > 0 {
		return fmt.Errorf("ptrace is refused here: %s (%v); run as root, or with CAP_SYS_PTRACE, and kernel.yama.ptrace_scope at most 2", strings.TrimSpace(string(out)), err)
	}
	return nil
})

// needTrace fails the test where no process can be traced: a fault that is not
// put in shows nothing.
func needTrace(t testing.TB) {
	t.Helper()
	if err := canTrace(); err != nil {
		t.Fatal(err)
	}
}

// tracer is strace on a running station.
type tracer struct {
	s   *side
	cmd *exec.Cmd
	log string
}

// inject attaches strace with flags to the side's station, and returns when
// every thread is held: from then on the faults are there.
func (s *side) inject(flags ...string) *tracer {
	s.t.Helper()
	log := filepath.Join(s.w.dir, fmt.Sprintf("%s-%d.trace", s.code, time.Now().UnixNano()))
	pid := s.proc.pid()
	cmd := exec.Command("strace", append(append([]string{"-f", "-qq", "-y", "-o", log}, flags...), "-p", fmt.Sprint(pid))...)
	var errs strings.Builder
	cmd.Stderr = &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	started := make(chan error)
	nursery() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
	tr := &tracer{s, cmd, log}
	for end := time.Now().Add(10 * time.Second); !traced(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tr.clear()
			s.t.Fatalf("strace does not attach to %s: %s", s.code, errs.String())
		}
	}
	return tr
}

// traced reports whether every thread of a process has a tracer.
func traced(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, f := range tasks {
		b, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(b), "\nTracerPid:\t0\n") {
			return false
		}
	}
	return len(tasks) > 0
}

// clear takes the faults away: strace lets the station go.
func (tr *tracer) clear() {
	tr.cmd.Process.Signal(syscall.SIGINT)
	done := make(chan struct{})
	go func() { tr.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		tr.cmd.Process.Kill()
		<-done
	}
}

// fail attaches faults to the station's calls on one file; path "": on any.
func (s *side) fail(path, calls, how string) *tracer {
	s.t.Helper()
	var only []string
	if path != "" {
		only = []string{"-P", path}
	}
	return s.inject(append(only, "-e", "trace="+calls, "-e", "signal=none", "-e", "inject="+calls+":"+how)...)
}

// injected counts the calls that were made to fail or wait.
func (tr *tracer) injected() int {
	b, err := os.ReadFile(tr.log)
	if err != nil {
		tr.s.t.Fatal(err)
	}
	return strings.Count(string(b), "(INJECTED)") + strings.Count(string(b), "(DELAYED)")
}
