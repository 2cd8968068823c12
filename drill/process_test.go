package drill

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// nursery starts processes from one thread that lives as long as this process:
// the kernel kills a child when the thread that started it ends, and so none
// outlives us, however we end.
var nursery = sync.OnceValue(func() chan<- func() {
	in := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range in {
			f()
		}
	}()
	return in
})

// process is a station's process, alone or below strace, in a process group of
// its own.
type process struct {
	cmd    *exec.Cmd
	traced bool // cmd is strace, and the station its child
	done   chan struct{}
	err    error // after done
}

// spawn starts a command whose output goes to the file log.
func spawn(log string, traced bool, name string, args ...string) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &process{cmd: exec.Command(name, args...), traced: traced, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	nursery() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() { p.err = p.cmd.Wait(); close(p.done) }()
	return p, nil
}

// pid is the station's own process id; 0 when it is gone.
func (p *process) pid() int {
	if !p.traced {
		return p.cmd.Process.Pid
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.cmd.Process.Pid, p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.Fields(string(b) + " 0")[0])
	return pid
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the station as kill -9 does. strace, where there is one, sees it
// end and finishes its log.
func (p *process) kill() {
	if p.traced {
		if pid := p.pid(); pid > 0 {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		select {
		case <-p.done:
			return
		case <-time.After(5 * time.Second):
		}
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// stop asks the station to end in good order, and reports whether it did.
func (p *process) stop(limit time.Duration) bool {
	if pid := p.pid(); pid > 0 {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	select {
	case <-p.done:
		return p.err == nil
	case <-time.After(limit):
		p.kill()
		return false
	}
}
