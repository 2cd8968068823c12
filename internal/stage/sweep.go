package stage

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"parley"
)

// sweepPrefix begins the name of every temporary directory of the demo.
const sweepPrefix = "parley-demo-"

// sweeper is a process that removes the demo's directory when we end without
// having done so ourselves: it waits for the end of a pipe that only we hold.
type sweeper struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

func startSweeper(program, dir string) (*sweeper, error) {
	s := &sweeper{cmd: exec.Command(program, "demo", "--sweep", dir)}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if s.pipe, err = s.cmd.StdinPipe(); err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "starting the sweeper of %s: %v", dir, err)
	}
	return s, nil
}

// end lets the sweeper go, after it has looked once more.
func (s *sweeper) end() error {
	s.pipe.Close()
	return s.cmd.Wait()
}

// Sweep waits until r ends and then removes dir, which must be a temporary
// directory of a demo (NotAllowed otherwise). It is what the hidden flag of
// "parley demo" runs.
func Sweep(r io.Reader, dir string) error {
	if !filepath.IsAbs(dir) || !strings.HasPrefix(filepath.Base(dir), sweepPrefix) || filepath.Dir(filepath.Clean(dir)) != filepath.Clean(os.TempDir()) {
		return parley.Errorf(parley.NotAllowed, "%s is not a directory that a demo made", dir)
	}
	io.Copy(io.Discard, r)
	for range 20 { // a station may be ending just now
		if err := os.RemoveAll(dir); err == nil {
			if _, err := os.Lstat(dir); os.IsNotExist(err) {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return parley.Errorf(parley.Unavailable, "%s could not be removed", dir)
}
