package station

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"parley"
	"parley/internal/bearer"
)

// ConfigName is the name of the configuration file in a data directory.
const ConfigName = "parley.conf"

// Config is the configuration of a station: one file, `key = value` lines, #
// for comments. A key that is not here is refused. The help tags are the
// manual, and stand in the file that init writes.
type Config struct {
	Dir string // the data directory; from where the file lies, not in it

	Party        string        `conf:"party" help:"Short code of this party, 1 to 8 of a-z and 0-9. Never changes."`
	Name         string        `conf:"name" help:"Name of this party, as the other side sees it at pairing."`
	Languages    string        `conf:"languages" help:"Languages of this party, its own first, separated by spaces (BCP 47)."`
	ListenQUIC   string        `conf:"listen_quic" help:"Address and UDP port to listen on for QUIC, for example 0.0.0.0:7443. Empty: do not listen."`
	ListenTLS    string        `conf:"listen_tls" help:"Address and TCP port to listen on for TLS. Empty: do not listen."`
	AnnounceQUIC string        `conf:"announce_quic" help:"Address that the other side dials for QUIC, if not the one listened on. Numbers: nothing here asks DNS."`
	AnnounceTLS  string        `conf:"announce_tls" help:"The same for TLS."`
	Desk         string        `conf:"desk" help:"Address of the desk, the web console, for example 127.0.0.1:7101. Empty: no desk."`
	DeskHost     string        `conf:"desk_host" help:"Host name in the links to the desk. Empty: that of the address."`
	DeskCert     string        `conf:"desk_certificate" help:"Certificate file (PEM) of the desk. Without one the desk listens on loopback only."`
	DeskKey      string        `conf:"desk_key" help:"Private key file (PEM) of the desk, mode 0600."`
	Media        string        `conf:"listen_media" help:"Address and UDP port at which desks speak and listen in calls, for example 192.0.2.1:7444. Empty: the address of the desk, and a free port."`
	ListenSIP    string        `conf:"listen_sip" help:"Address and port at which telephones register and call by SIP, UDP and TCP, for example 192.0.2.1:5060. With desk_certificate TLS has the next port; voices have the 64 ports from 10 above it on. Empty: no telephones."`
	Phones       string        `conf:"phones" help:"File (mode 0600) of the telephones, one a line: name password role line [auto] [md5]. The role is as on a call: principal, delegate, interpreter, note-taker, listener, watch. Lifting answers or joins what rings or runs on the line; dialling hotline, or with auto anything, rings at the other side. md5 is for a phone that knows no better digest."`
	Passkeys     string        `conf:"passkeys" help:"required: who came in by a seat link can do nothing but add a passkey. It takes a host name in desk_host. Empty: passkeys are offered."`
	PublicFolder string        `conf:"public_folder" help:"Folder into which the pages of what this party publishes are written, with their proof files; parley public serves one. It must be there, and nothing else belongs in it. Empty: none is written."`
	Passphrase   string        `conf:"passphrase_file" help:"File (mode 0600) with the passphrase of the storage key, or the name of a systemd credential. Empty: the key is protected by file permissions alone."`
	HighWater    string        `conf:"high_water" help:"Directory of the high-water mark. It must lie outside every backup. Empty: next to the data directory, with .mark behind its name."`
	Alarm        string        `conf:"alarm" help:"Command run for every alarm, for example: /usr/local/bin/ring-telephone --night. It is started as it stands, split at blanks (quotes keep them together), without a shell, and reads the alarm as one line of JSON from its standard input. Empty: none."`
	AlarmLimit   time.Duration `conf:"alarm_limit" help:"How long the alarm command may run before it is stopped, and counts as failed. Empty: 10s."`
	AlarmAgain   time.Duration `conf:"alarm_repeat" help:"Time after which it is run again for what is urgent, until somebody silences the alarm or opens the entry. Empty: 1m."`
	AlarmUntil   string        `conf:"alarm_until" help:"opened: silencing at a desk does not end the repeats for an entry, opening it does. Empty: either does."`
	Test         time.Duration `conf:"test_interval" help:"Time between line tests, for example 1h. Empty: as the charter says."`
	Witnesses    string        `conf:"witnesses" help:"Where the witnesses of the annexes are asked: name=address for each, separated by spaces, the name being that of its key and the address http://... or https://... . A host name is looked up in DNS, a number is not. They are asked at test times only, and what they say counts under their keys alone."`
	Quorum       int           `conf:"witness_quorum" help:"How many witnesses of a line are to have cosigned our log at the last tests; fewer is shown and stops nothing. Empty: more than half of those that the annex names."`
	Settle       time.Duration `conf:"settle_after" help:"How long the others' entries may wait before we write one only to confirm their order. Empty: 10s."`
	AcceptRate   int           `conf:"accept_rate" help:"Entries a second that this station takes from each peer, where it is to be more than the annex says; the bound of bytes a day is lifted with it. Empty: as the annex says."`
	KeepFree     int           `conf:"keep_free" help:"Share of the disk, in percent, that is kept for our own logs: while less is free nothing more of a peer is taken in. Empty: 10, or what 8 GiB are where that is less."`
	Flash        time.Duration `conf:"flash_objective" help:"Overrides the charter's objective for FLASH, for exercises and demos. Empty: as the charter says."`
}

// LoadConfig reads the configuration of a data directory; path is the
// directory or the file in it. Errors name file, line and what to do.
func LoadConfig(path string) (Config, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() || filepath.Base(path) != ConfigName && os.IsNotExist(err) {
		path = filepath.Join(path, ConfigName)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		if os.IsNotExist(err) {
			return Config{}, parley.Errorf(parley.NotFound, "there is no station in %s", filepath.Dir(path)).WithHint("make one with: parley init DIR --party CODE --name NAME --root-key FILE")
		}
		kind, hint := parley.Unavailable, ""
		if os.IsPermission(err) {
			kind, hint = parley.NotAllowed, "run the command as the station's own user"
		}
		return Config{}, parley.Errorf(kind, "reading the configuration: %v", err).WithHint("%s", hint)
	}
	c, err := parseConfig(b, path)
	if err != nil {
		return Config{}, err
	}
	if c.Dir, err = filepath.Abs(filepath.Dir(path)); err != nil {
		return Config{}, err
	}
	if c.HighWater == "" {
		c.HighWater = c.Dir + ".mark"
	}
	return c, nil
}

func parseConfig(b []byte, path string) (c Config, err error) {
	fields := configFields(&c)
	set := map[string]bool{}
	sc := bufio.NewScanner(bytes.NewReader(b))
	last := 0
	for n := 1; sc.Scan(); n++ {
		last = n
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		k, v, ok := strings.Cut(text, "=")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		f, known := fields[k]
		switch {
		case !ok:
			return c, parley.Errorf(parley.Malformed, "%s:%d: want key = value, have %q", path, n, text)
		case !known:
			return c, parley.Errorf(parley.Malformed, "%s:%d: unknown key %q", path, n, k).WithHint("the keys are explained in the file that parley init writes")
		case strings.ContainsFunc(v, unicode.IsControl):
			return c, parley.Errorf(parley.Malformed, "%s:%d: the value of %q holds a control character", path, n, k).WithHint("write it again, as plain text")
		case set[k]:
			return c, parley.Errorf(parley.Malformed, "%s:%d: %q is set twice", path, n, k)
		}
		set[k] = true
		if err := setField(f, v); err != nil {
			return c, parley.Errorf(parley.Malformed, "%s:%d: %s: %v", path, n, k, err)
		}
	}
	if err := sc.Err(); errors.Is(err, bufio.ErrTooLong) {
		return c, parley.Errorf(parley.Malformed, "%s:%d: the line is longer than %d bytes", path, last+1, bufio.MaxScanTokenSize)
	} else if err != nil {
		return c, parley.Errorf(parley.Malformed, "%s: %v", path, err)
	}
	if _, err := parley.ParsePartyCode(c.Party); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if c.Passkeys != "" && c.Passkeys != PasskeysRequired {
		return c, parley.Errorf(parley.Malformed, "%s: passkeys = %s: want %s, or nothing", path, c.Passkeys, PasskeysRequired)
	}
	if c.AlarmUntil != "" && c.AlarmUntil != AlarmUntilOpened {
		return c, parley.Errorf(parley.Malformed, "%s: alarm_until = %s: want %s, or nothing", path, c.AlarmUntil, AlarmUntilOpened)
	}
	if _, err := splitCommand(c.Alarm); err != nil {
		return c, fmt.Errorf("%s: alarm: %w", path, err)
	}
	if _, err := ParseWitnesses(c.Witnesses); err != nil {
		return c, fmt.Errorf("%s: witnesses: %w", path, err)
	}
	if c.KeepFree > 100 {
		return c, parley.Errorf(parley.Malformed, "%s: keep_free = %d: want a share of the disk in percent, 100 at most", path, c.KeepFree)
	}
	return c, c.checkAddresses(path)
}

// checkAddresses refuses names where a peer, or a station, would look them up:
// no name service is asked (docs/threats.md).
func (c Config) checkAddresses(path string) error {
	for _, x := range []struct{ key, at string }{{"listen_quic", c.ListenQUIC}, {"listen_tls", c.ListenTLS}, {"listen_media", c.Media}, {"listen_sip", c.ListenSIP}} {
		if x.at == "" {
			continue
		}
		if _, err := bearer.ParseListen(x.at); err != nil {
			return fmt.Errorf("%s: %s: %w", path, x.key, err)
		}
	}
	for _, x := range []struct{ key, at string }{{"announce_quic", c.AnnounceQUIC}, {"announce_tls", c.AnnounceTLS}} {
		if x.at == "" {
			continue
		}
		if _, err := bearer.ParseAddr(x.at); err != nil {
			return fmt.Errorf("%s: %s: %w", path, x.key, err)
		}
	}
	return nil
}

// AlarmUntilOpened is the value of alarm_until with which only opening ends the
// repeats of the alarm command.
const AlarmUntilOpened = "opened"

// PasskeysRequired is the value of passkeys that lets nobody work without one.
const PasskeysRequired = "required"

// DeskOrigin is how browsers reach the desk, "https://desk.example:7101"; "" when
// there is no desk. The error is Malformed.
func (c Config) DeskOrigin() (string, error) {
	if c.Desk == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(c.Desk)
	if err != nil {
		return "", parley.Errorf(parley.Malformed, "desk %q: %v", c.Desk, err)
	}
	if c.DeskHost != "" {
		host = c.DeskHost
	}
	scheme, usual := "http", "80"
	if c.DeskCert != "" {
		scheme, usual = "https", "443"
	}
	if port == usual {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// mediaAddr is where desks speak and listen.
func (c Config) mediaAddr() (string, error) {
	if c.Media != "" {
		return c.Media, nil
	}
	host, _, err := net.SplitHostPort(c.Desk)
	if err != nil {
		return "", parley.Errorf(parley.Malformed, "desk %q: %v", c.Desk, err)
	}
	return net.JoinHostPort(host, "0"), nil
}

func configFields(c *Config) map[string]reflect.Value {
	m := map[string]reflect.Value{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if k := v.Type().Field(i).Tag.Get("conf"); k != "" {
			m[k] = v.Field(i)
		}
	}
	return m
}

func setField(f reflect.Value, s string) error {
	if f.Kind() == reflect.String {
		f.SetString(s)
		return nil
	}
	if s == "" {
		return nil
	}
	if f.Kind() == reflect.Int {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a whole number", s)
		}
		f.SetInt(int64(n))
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a time such as 90s, 10m or 1h", s)
	}
	f.SetInt(int64(d))
	return nil
}

// Text renders the configuration as a file with its manual.
func (c Config) Text() []byte {
	var b bytes.Buffer
	b.WriteString("# Configuration of a Parley station. Check it with: parley check\n")
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		t := v.Type().Field(i)
		k := t.Tag.Get("conf")
		if k == "" {
			continue
		}
		fmt.Fprintf(&b, "\n# %s\n", t.Tag.Get("help"))
		s := v.Field(i).String()
		if n, ok := v.Field(i).Interface().(int); ok {
			if s = ""; n != 0 {
				s = strconv.Itoa(n)
			}
		}
		if d, ok := v.Field(i).Interface().(time.Duration); ok {
			if s = ""; d != 0 {
				s = d.String()
			}
		}
		fmt.Fprintf(&b, "%s = %s\n", k, strings.NewReplacer("\n", " ", "\r", " ").Replace(s))
	}
	return b.Bytes()
}

// langs returns the languages, at least one.
func (c Config) langs() []string {
	if l := strings.Fields(c.Languages); len(l) > 0 {
		return l
	}
	return []string{"en"}
}

// addresses are what the other side is told to dial.
func (c Config) addresses() []string {
	var out []string
	for _, a := range []struct{ scheme, listen, announce string }{{"quic", c.ListenQUIC, c.AnnounceQUIC}, {"tls", c.ListenTLS, c.AnnounceTLS}} {
		if a.announce == "" {
			a.announce = a.listen
		}
		if a.announce != "" {
			out = append(out, a.scheme+"://"+a.announce)
		}
	}
	return out
}

// timings of the lines of this station.
func (c Config) timings() Timings {
	t := Timings{Test: c.Test, SettleAfter: c.Settle}
	if c.Flash > 0 {
		t.Objective = map[parley.Precedence]time.Duration{parley.Flash: c.Flash}
	}
	return t
}

// SocketPath is where the station listens for the command line.
func (c Config) SocketPath() string { return filepath.Join(c.Dir, "parley.sock") }

func (c Config) path(name string) string { return filepath.Join(c.Dir, name) }
