package sip

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/internal/call/sip/siptest"
)

// TestLinphone: another maker's phone registers, is lifted, hears the ringing tone and
// then itself, and hangs up.
func TestLinphone(t *testing.T) {
	if _, err := exec.LookPath("linphonec"); err != nil {
		t.Fatalf("%v: run `make deps`", err)
	}
	e := newEcho(t, Phone{Name: "red", Password: "secret-enough", Role: "watch", Line: "x"})
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".local/share/linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"rc": "[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\nmedia_encryption=none\n[rtp]\naudio_rtp_port=-1\n[net]\nmtu=1300\n[misc]\nlog_collection_enabled=0\n", "tone.wav": string(siptest.Sine(1000, 60*time.Second))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("linphonec", "-c", filepath.Join(dir, "rc"), "-d", "0")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+filepath.Join(dir, ".local/share"), "XDG_CONFIG_HOME="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); io.Copy(&out, r) }()
	defer func() {
		cmd.Process.Kill()
		<-done
		cmd.Wait()
		if t.Failed() {
			t.Logf("linphonec said\n%s", out.String())
		}
	}()
	do := func(text string) { fmt.Fprintln(in, text) }
	do("soundcard use files")
	do("play " + filepath.Join(dir, "tone.wav"))
	heard := filepath.Join(dir, "heard.wav")
	do("record " + heard)
	do(fmt.Sprintf("register sip:red@%s %s secret-enough", e.at, e.at))
	eventually(t, 15*time.Second, "it registers", func() bool { return len(e.Phones()) == 1 })
	do("call sip:hotline@" + e.at)
	eventually(t, 5*time.Second, "it is lifted", func() bool { return e.isUp("red") })
	time.Sleep(4 * time.Second)
	do("terminate")
	eventually(t, 5*time.Second, "it is put down", func() bool { return !e.isUp("red") })
	do("quit")
	b, err := os.ReadFile(heard)
	if err != nil {
		t.Fatal(err)
	}
	good, rang := 0, false
	for pcm := siptest.Samples(b); len(pcm) >= 4000; pcm = pcm[4000:] {
		ring, own := siptest.Level(pcm[:4000], 425), siptest.Level(pcm[:4000], 1000)
		rang = rang || ring > -23 && own < -60
		if own > -8 && own-ring > 50 {
			good++
		}
	}
	if !rang || good < 3 {
		t.Errorf("it heard the ringing tone: %v, and itself for %d half seconds", rang, good)
	}
}
