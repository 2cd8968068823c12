//go:build unix

package station

import (
	"os/exec"
	"syscall"
)

// wholeGroup has the command stopped with all that it started.
func wholeGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
