// Package foxtest drives a Firefox over WebDriver BiDi, as far as the tests of the
// desk need it: tabs with cookies of their own, JavaScript, clicks, keys, what
// the browser complains of, and an authenticator that says yes.
//
// Firefox speaks the protocol itself, over a WebSocket, without a driver beside
// it (https://w3c.github.io/webdriver-bidi/).
package foxtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/websocket"
)

// The browser refuses whoever names another origin than this.
const origin = "http://parley.test"

// limit is how long an answer may take.
const limit = 20 * time.Second

// prefs keep the browser quiet and off the network, and let it answer for
// passkeys without a person.
var prefs = []string{
	`"browser.startup.page", 0`,
	`"browser.startup.homepage_override.mstone", "ignore"`,
	`"browser.newtabpage.enabled", false`,
	`"browser.aboutwelcome.enabled", false`,
	`"browser.shell.checkDefaultBrowser", false`,
	`"browser.safebrowsing.malware.enabled", false`,
	`"browser.safebrowsing.phishing.enabled", false`,
	`"browser.safebrowsing.update.enabled", false`,
	`"browser.search.update", false`,
	`"app.update.disabledForTesting", true`,
	`"app.normandy.enabled", false`,
	`"messaging-system.rsexperimentloader.enabled", false`,
	`"datareporting.policy.dataSubmissionEnabled", false`,
	`"toolkit.telemetry.server", ""`,
	`"services.settings.server", "data:,none"`,
	`"network.captive-portal-service.enabled", false`,
	`"network.connectivity-service.enabled", false`,
	`"network.dns.disablePrefetch", true`,
	`"network.prefetch-next", false`,
	`"extensions.update.enabled", false`,
	`"extensions.getAddons.cache.enabled", false`,
	`"extensions.systemAddon.update.enabled", false`,
	`"media.gmp-manager.updateEnabled", false`,
	`"security.webauth.webauthn_enable_softtoken", true`,
	`"security.webauth.webauthn_enable_usbtoken", false`,
}

// Find returns where Firefox is.
func Find() (string, error) {
	for _, name := range []string{"firefox-esr", "firefox"} {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", errors.New("no firefox-esr in PATH: run `make deps`")
}

// Browser is a Firefox that runs. Its methods may be called from any goroutine.
type Browser struct {
	cmd  *exec.Cmd
	conn *websocket.Conn
	end  chan struct{} // closed once the connection is gone

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	trouble []string
}

// message is whatever comes from the browser.
type message struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
}

// Start runs a browser without a window that keeps everything in home, an empty
// directory, and has the variables of env besides those of this process.
func Start(path, home string, env ...string) (*Browser, error) {
	return StartWith(path, home, nil, env...)
}

// StartWith is Start with preferences of the caller, each `"name", value`, after
// those that every browser has.
func StartWith(path, home string, more []string, env ...string) (*Browser, error) {
	var js strings.Builder
	for _, p := range append(slices.Clone(prefs), more...) {
		fmt.Fprintf(&js, "user_pref(%s);\n", p)
	}
	if err := os.WriteFile(filepath.Join(home, "user.js"), []byte(js.String()), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--remote-debugging-port=0", "--remote-allow-system-access", "--remote-allow-origins="+origin, "--profile", home)
	cmd.Env = append(append(os.Environ(), "HOME="+home, "MOZ_CRASHREPORTER_DISABLE=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the processes it starts end with it
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b := &Browser{cmd: cmd, end: make(chan struct{}), waiting: map[int]chan message{}}
	address, err := addressOf(stderr)
	if err == nil {
		b.conn, err = websocket.Dial(address+"/session", "", origin)
	}
	if err != nil {
		b.kill()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go b.read()
	if err = b.Call("session.new", m{"capabilities": m{}}, nil); err == nil {
		err = b.Call("session.subscribe", m{"events": []string{"log.entryAdded"}}, nil)
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// m is an object of the protocol.
type m = map[string]any

// addressOf reads where the browser listens, and goes on reading what else it
// says, so that it never waits for us.
func addressOf(stderr io.Reader) (string, error) {
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for sc := bufio.NewScanner(stderr); sc.Scan(); {
			if _, at, ok := strings.Cut(sc.Text(), "WebDriver BiDi listening on "); ok {
				found <- strings.TrimSpace(at)
			}
		}
		io.Copy(io.Discard, stderr)
	}()
	select {
	case at, ok := <-found:
		if !ok {
			return "", errors.New("it ended without saying where it listens")
		}
		return at, nil
	case <-time.After(3 * limit):
		return "", errors.New("it does not say where it listens")
	}
}

// Close ends the browser and all it started.
func (b *Browser) Close() {
	b.conn.Close()
	b.kill()
	<-b.end
}

func (b *Browser) kill() {
	syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	b.cmd.Wait() // says only that it was killed
}

// read hands every answer to who waits for it, and keeps complaints.
func (b *Browser) read() {
	defer close(b.end)
	for dec := json.NewDecoder(b.conn); ; {
		var got message
		if err := dec.Decode(&got); err != nil {
			return
		}
		b.mu.Lock()
		if got.Type == "event" {
			b.hear(got)
		} else if c := b.waiting[got.ID]; c != nil {
			delete(b.waiting, got.ID)
			c <- got
		}
		b.mu.Unlock()
	}
}

// hear keeps what is an error or a warning; the caller holds the lock.
func (b *Browser) hear(got message) {
	var entry struct {
		Level, Type, Text string
		StackTrace        struct {
			CallFrames []struct {
				URL        string
				LineNumber int
			}
		}
	}
	if got.Method != "log.entryAdded" {
		return
	}
	if err := json.Unmarshal(got.Params, &entry); err != nil {
		b.trouble = append(b.trouble, err.Error())
		return
	}
	if entry.Level != "error" && entry.Level != "warn" {
		return
	}
	s := entry.Type + " " + entry.Level + ": " + entry.Text
	if f := entry.StackTrace.CallFrames; len(f) > 0 {
		s += fmt.Sprintf(" (%s:%d)", f[0].URL, f[0].LineNumber+1)
	}
	b.trouble = append(b.trouble, s)
}

// Trouble returns the errors, warnings and violations of the policy since it was
// last asked.
func (b *Browser) Trouble() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.trouble
	b.trouble = nil
	return list
}

// Call sends one command and reads its result into out, unless that is nil.
func (b *Browser) Call(method string, params m, out any) error {
	c := make(chan message, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.waiting[id] = c
	b.mu.Unlock()
	if err := websocket.JSON.Send(b.conn, m{"id": id, "method": method, "params": params}); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case got := <-c:
		if got.Type != "success" {
			return fmt.Errorf("%s: %s: %s", method, got.Error, got.Message)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(got.Result, out)
	case <-b.end:
		return fmt.Errorf("%s: the browser has ended", method)
	case <-time.After(limit):
		return fmt.Errorf("%s: no answer within %v", method, limit)
	}
}
