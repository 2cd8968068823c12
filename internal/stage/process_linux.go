package stage

import "syscall"

// attributes put a child in a group of its own, so that Ctrl-C reaches only us
// and we can stop it in order, and have the kernel end it with us.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
