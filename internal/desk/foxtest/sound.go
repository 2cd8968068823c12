package foxtest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Soundless returns the variable that gives Firefox a sound device which nobody
// hears; without any device it plays nothing, and the desk says so.
func Soundless(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("pulseaudio")
	if err != nil {
		t.Fatalf("%v: run `make deps`", err)
	}
	dir, err := os.MkdirTemp("", "parley-sound") // the name of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(path, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket, "-L", "module-null-sink")
	cmd.Env = append(os.Environ(), "HOME="+dir, "PULSE_RUNTIME_PATH="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 250 {
		if _, err := os.Stat(socket); !errors.Is(err, fs.ErrNotExist) {
			return "PULSE_SERVER=unix:" + socket
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("pulseaudio does not begin")
	return ""
}
