// Package siptest starts real phones for tests: Debian's baresip without any
// sound device, which speaks a tone from a file and keeps what it hears in
// another.
package siptest

import (
	"bufio"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are what a phone is made from.
type Options struct {
	Name, Password string
	Server         string  // address and port of the registrar
	Transport      string  // "udp", "tcp", "tls"
	Tone           float64 // hertz that it speaks
	Auto           bool    // it is lifted when it rings
	Codec          string  // "pcmu", "pcma"; "" both
	Secure         bool    // SRTP by SDES
	Info           bool    // keys by SIP INFO
}

// A Phone is a running baresip.
type Phone struct {
	Name string
	t    testing.TB
	o    Options
	dir  string
	cmd  *exec.Cmd
	ctrl net.Conn
	mu   sync.Mutex
	said strings.Builder
}

// Have skips a test where baresip is not installed; make test installs it.
func Have(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("baresip"); err != nil {
		t.Skip("baresip is not installed: sh tools/deps.sh")
	}
}

// Port returns the base of so many free ports in a row.
func Port(t testing.TB, n int) int {
	t.Helper()
	for range 50 {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p := c.LocalAddr().(*net.UDPAddr).Port
		c.Close()
		if p%2 == 0 && p+n < 65000 && free(p, n) {
			return p
		}
	}
	t.Fatal("no free ports")
	return 0
}

func free(p, n int) bool {
	for i := range n {
		c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p+i))
		if err != nil {
			return false
		}
		c.Close()
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p+i))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// Start starts a phone and lets it register.
func Start(t testing.TB, o Options) *Phone {
	t.Helper()
	Have(t)
	p := &Phone{Name: o.Name, t: t, o: o, dir: t.TempDir()}
	ctrl := p.configure(o)
	p.cmd = exec.Command("baresip", "-4", "-f", p.dir, "-s")
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReader(out)
		for {
			l, err := r.ReadString('\n')
			p.mu.Lock()
			if p.said.Len() < 1<<20 {
				p.said.WriteString(l)
			}
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if p.ctrl != nil {
			p.ctrl.Close()
		}
		p.cmd.Process.Kill()
		<-done
		p.cmd.Wait()
		if t.Failed() && os.Getenv("SIPTRACE") != "" {
			t.Logf("%s said\n%s", p.Name, p.Said())
		}
	})
	for range 100 {
		if p.ctrl, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ctrl)); err == nil {
			go io.Copy(io.Discard, p.ctrl)
			return p
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not start: %v\n%s", o.Name, err, p.Said())
	return nil
}

// configure writes the files of a phone, and returns the port of its commands.
func (p *Phone) configure(o Options) int {
	p.t.Helper()
	at := filepath.Join(p.dir, "tone.wav")
	if err := os.WriteFile(at, Sine(o.Tone, 120*time.Second), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if o.Transport == "" {
		o.Transport = "udp"
	}
	if o.Transport == "tls" { // at the next port
		a := netip.MustParseAddrPort(o.Server)
		o.Server = netip.AddrPortFrom(a.Addr(), a.Port()+1).String()
	}
	p.o = o
	account := fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;regint=60", o.Name, o.Server, o.Transport, o.Name, o.Password)
	if o.Auto {
		account += ";answermode=auto"
	}
	if o.Codec != "" {
		account += ";audio_codecs=" + o.Codec
	}
	if o.Secure {
		account += ";mediaenc=srtp-mand"
	}
	if o.Info {
		account += ";dtmfmode=info"
	}
	ctrl := Port(p.t, 1)
	conf := []string{"poll_method epoll", "sip_listen 127.0.0.1:0", "sip_trans_bsize 128", "sip_verify_server no", "call_local_timeout 120", "call_max_calls 4",
		"audio_source aufile," + at, "audio_player aufile," + filepath.Join(p.dir, "played.wav"), "audio_alert none,none", "audio_level no", "ausrc_srate 8000", "auplay_srate 8000", "ausrc_channels 1", "auplay_channels 1",
		"audio_buffer 20-160", "rtp_ports 30000-50000", "rtcp_mux no", "jitter_buffer_delay 2-10", "rtp_stats no", "module_path /usr/lib/baresip/modules",
		"module g711.so", "module aufile.so", "module sndfile.so", "module srtp.so", "snd_path " + p.dir, "module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so", fmt.Sprintf("ctrl_tcp_listen 127.0.0.1:%d", ctrl)}
	for name, text := range map[string]string{"config": strings.Join(conf, "\n") + "\n", "accounts": account + "\n", "contacts": "\n"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	return ctrl
}

// Said is what it wrote.
func (p *Phone) Said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// Do gives it a command of its menu.
func (p *Phone) Do(command, params string) {
	p.t.Helper()
	b, err := json.Marshal(map[string]string{"command": command, "params": params, "token": "t"})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.ctrl, "%d:%s,", len(b), b); err != nil {
		p.t.Fatal(err)
	}
}

// Dial lifts it.
func (p *Phone) Dial(number string) {
	p.Do("dial", "sip:"+number+"@"+p.o.Server+";transport="+p.o.Transport)
}

// HangUp puts it down.
func (p *Phone) HangUp() { p.Do("hangup", "") }

// Press presses a key.
func (p *Phone) Press(key byte) { p.Do("sndcode", string(key)) }

// Heard returns what it heard in all its calls so far that have ended, in order.
func (p *Phone) Heard() []float64 {
	p.t.Helper()
	names, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if err != nil {
		p.t.Fatal(err)
	}
	var out []float64
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			p.t.Fatal(err)
		}
		out = append(out, Samples(b)...)
	}
	return out
}

// Samples are those of a WAV file of 16 bits.
func Samples(b []byte) (out []float64) {
	if len(b) < 44 {
		return nil
	}
	for i := 44; i+1 < len(b); i += 2 {
		out = append(out, float64(int16(binary.LittleEndian.Uint16(b[i:])))/32768)
	}
	return out
}

// Sine is a WAV file of a tone, half as loud as can be, at 8 kHz.
func Sine(hz float64, d time.Duration) []byte {
	n := int(d.Seconds() * 8000)
	b := append([]byte("RIFF"), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(36+2*n))
	b = append(b, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, 8000, 16000, 2 | 16<<16} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*n))
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(16384*math.Sin(2*math.Pi*hz*float64(i)/8000))))
	}
	return b
}

// Level is how loud a tone is in what was heard, in decibels of full scale
// (Goertzel's algorithm, under a window).
func Level(pcm []float64, hz float64) float64 {
	if len(pcm) == 0 {
		return -200
	}
	c := 2 * math.Cos(2*math.Pi*hz/8000)
	s1, s2, sum := 0.0, 0.0, 0.0
	for i, v := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		s1, s2 = v*w+c*s1-s2, s1
		sum += w
	}
	p := (s1*s1 + s2*s2 - c*s1*s2) * 4 / (sum * sum)
	return 10 * math.Log10(max(p, 1e-20))
}

//go:embed testdata/tone2018.packets
var tone2018 []byte

// OpusTone is a second of 2018 Hz in fifty packets of Opus, as opusenc 0.2 made them
// (hybrid mode, 32 kbit/s, constant); the fiftieth is followed by the first.
func OpusTone() (out [][]byte) {
	for b := tone2018; len(b) > 2; {
		n := int(binary.BigEndian.Uint16(b))
		out, b = append(out, b[2:2+n]), b[2+n:]
	}
	return out
}

// MuTone is a second of a tone in packets of PCMU.
func MuTone(hz int, encode func(int16) uint8) (out [][]byte) {
	for i := range 50 {
		b := make([]byte, 160)
		for j := range b {
			b[j] = encode(int16(16384 * math.Sin(2*math.Pi*float64(hz)*float64(i*160+j)/8000)))
		}
		out = append(out, b)
	}
	return out
}
