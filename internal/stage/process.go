package stage

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"parley"
)

// keeper starts processes from one thread that lives as long as this process:
// the kernel ends a child when the thread that started it ends, and so no child
// outlives us, however we end.
type keeper struct {
	in chan func()
}

func newKeeper() *keeper {
	k := &keeper{in: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked while children live
		defer runtime.UnlockOSThread()
		for f := range k.in {
			f()
		}
	}()
	return k
}

func (k *keeper) start(cmd *exec.Cmd) (err error) {
	done := make(chan struct{})
	k.in <- func() { err = cmd.Start(); close(done) }
	<-done
	return err
}

// close ends the thread. No child may be left.
func (k *keeper) close() { close(k.in) }

// process is one running station.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error // after done
}

// run starts "parley station dir", which logs to the file log.
func (k *keeper) run(program, dir, log string) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "opening the log of a station: %v", err)
	}
	defer f.Close()
	p := &process{cmd: exec.Command(program, "station", dir), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = f, f, attributes()
	if err := k.start(p.cmd); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "starting a station: %v", err)
	}
	go func() { p.err = p.cmd.Wait(); close(p.done) }()
	return p, nil
}

// ended reports whether the process has ended by itself or otherwise.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop ends the station in good order, or after limit in any order.
func (p *process) stop(limit time.Duration) {
	p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.done:
	case <-time.After(limit):
		p.kill()
	}
}

// kill ends the station as a power cut does.
func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// lastWords is the end of the station's log, for an error.
func (p *process) lastWords() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}
