package hostile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/control"
	"parley/internal/desk"
	"parley/internal/station"
)

// Serve runs the station of a data directory with its socket and its desk, as
// the program does, until in ends. It writes "ready" to out once it answers.
func Serve(dir string, in io.Reader, out io.Writer) error {
	cfg, err := station.LoadConfig(dir)
	if err != nil {
		return err
	}
	level := slog.LevelError
	if os.Getenv("PARLEY_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	st, err := station.Open(cfg, log)
	if err != nil {
		return err
	}
	socket, err := control.Listen(cfg.SocketPath())
	if err != nil {
		return err
	}
	console, err := net.Listen("tcp", cfg.Desk)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if path := os.Getenv("PARLEY_TEST_HEAP"); path != "" {
		go keepHeap(path)
	}
	srv := desk.Server(desk.New(desk.Config{Station: st, Log: log}), log)
	ended := make(chan error, 3)
	go func() { ended <- st.Run(ctx) }()
	go func() { ended <- control.ServeOn(ctx, socket, st) }()
	go func() { srv.Serve(console); ended <- nil }()
	go func() { io.Copy(io.Discard, in); stop() }()
	select {
	case <-st.Ready():
		fmt.Fprintln(out, "ready")
	case err := <-ended:
		return err
	}
	<-ctx.Done()
	srv.Close()
	for range 3 {
		err = errors.Join(err, <-ended)
	}
	return errors.Join(err, st.Close())
}

// keepHeap writes to path the profile of the fullest heap seen, and adds to
// path.txt what the memory was made of whenever more of it was resident.
func keepHeap(path string) {
	log, err := os.Create(path + ".txt")
	if err != nil {
		return
	}
	var heap uint64
	var resident int64
	for ; ; time.Sleep(20 * time.Millisecond) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapInuse > heap+heap/16 {
			heap = m.HeapInuse
			var b bytes.Buffer
			pprof.Lookup("heap").WriteTo(&b, 0)
			os.WriteFile(path, b.Bytes(), 0o600)
		}
		n, _ := statusOf(os.Getpid(), "VmRSS")
		if n > resident+resident/16 {
			resident = n
			file, _ := statusOf(os.Getpid(), "RssFile")
			fmt.Fprintf(log, "%s: resident %.1f MiB, of files %.1f; heap in use %.1f, allocated %.1f, goal %.1f, idle and not given back %.1f; stacks %.1f, rest of the runtime %.1f; %d goroutines\n",
				time.Now().Format("15:04:05.000"), mib(n), mib(file), mib(int64(m.HeapInuse)), mib(int64(m.HeapAlloc)), mib(int64(m.NextGC)), mib(int64(m.HeapIdle-m.HeapReleased)),
				mib(int64(m.StackSys)), mib(int64(m.Sys-m.HeapSys-m.StackSys)), runtime.NumGoroutine())
		}
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// Victim is a station in a process of its own.
type Victim struct {
	Dir    string
	Client *control.Client

	cmd  *exec.Cmd
	in   io.Closer
	http *http.Client
	desk string
}

// StartVictim runs the station of dir in a process: this very program, started
// with env, which must call Serve.
func StartVictim(dir, env string) (*Victim, error) {
	cfg, err := station.LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	v := &Victim{Dir: dir, Client: control.Dial(cfg.SocketPath()), cmd: exec.Command(os.Args[0]), desk: "http://" + cfg.Desk}
	v.cmd.Env = append(os.Environ(), env+"="+dir)
	v.cmd.Stderr = os.Stderr
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := v.cmd.Start(); err != nil {
		return nil, err
	}
	sc := bufio.NewScanner(out)
	if !sc.Scan() || sc.Text() != "ready" {
		v.Kill()
		return nil, parley.Errorf(parley.Unavailable, "the station in %s does not come up: %q", dir, sc.Text())
	}
	return v, nil
}

// Stop ends the process in good order; its error is the station's.
func (v *Victim) Stop() error {
	v.in.Close()
	return v.cmd.Wait()
}

// Kill ends it as a power cut would.
func (v *Victim) Kill() {
	v.cmd.Process.Kill()
	v.cmd.Wait()
}

// ResetPeak begins a new measure of Peak.
func (v *Victim) ResetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", v.cmd.Process.Pid), []byte("5"), 0)
}

// Peak is the most memory that was resident since ResetPeak, in bytes.
func (v *Victim) Peak() (int64, error) { return statusOf(v.cmd.Process.Pid, "VmHWM") }

func statusOf(pid int, name string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(b)) {
		if f := strings.Fields(l); len(f) == 3 && f[0] == name+":" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, parley.Errorf(parley.NotFound, "the kernel does not say %s", name)
}

// Disk is what the data directory takes, in bytes of blocks.
func (v *Victim) Disk() (total int64, err error) {
	err = filepath.WalkDir(v.Dir, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return err
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += (info.Size() + 4095) &^ 4095
		}
		return nil
	})
	return total, err
}

// Sit takes a seat at the desk for the officer.
func (v *Victim) Sit(ctx context.Context, officer int64, office parley.Office) error {
	token, err := v.Client.SeatLink(ctx, officer, office)
	if err != nil {
		return err
	}
	if i := strings.LastIndex(token, "/"); i >= 0 {
		token = token[i+1:]
	}
	jar := &oneJar{}
	v.http = &http.Client{Jar: jar, Timeout: 10 * time.Second}
	res, err := v.http.Post(v.desk+"/seat/"+token, "application/x-www-form-urlencoded", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	if len(jar.cookies) == 0 {
		return parley.Errorf(parley.NotAllowed, "the desk gave no seat: %s", res.Status)
	}
	return nil
}

// Board loads the watch board in the desk, as a browser would.
func (v *Victim) Board() (time.Duration, error) {
	began := time.Now()
	res, err := v.http.Get(v.desk + "/")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		return 0, parley.Errorf(parley.Unavailable, "the desk answers %s", res.Status)
	}
	return time.Since(began), nil
}

// Page loads any page of the desk.
func (v *Victim) Page(path string) (string, error) {
	res, err := v.http.Get(v.desk + path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = parley.Errorf(parley.Unavailable, "the desk answers %s to %s", res.Status, path)
	}
	return string(b), err
}

// oneJar keeps the cookies of the one host there is.
type oneJar struct{ cookies []*http.Cookie }

func (j *oneJar) SetCookies(_ *url.URL, cs []*http.Cookie) { j.cookies = append(j.cookies, cs...) }
func (j *oneJar) Cookies(*url.URL) []*http.Cookie          { return j.cookies }
