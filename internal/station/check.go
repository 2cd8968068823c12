package station

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"parley"
	"parley/internal/call/sip"
	"parley/internal/form"
	"parley/internal/station/witness"
	"parley/internal/store/sqlite"
)

// Levels of a Finding.
const (
	LevelOK   = "ok"
	LevelWarn = "warn"
	LevelFail = "fail"
)

// Finding is one thing that Check looked at.
type Finding struct {
	Level string `json:"level"`
	What  string `json:"what"`
	Hint  string `json:"hint,omitempty"`
}

// checks collects findings.
type checks struct {
	cfg     Config
	running bool // a station runs on the directory
	found   []Finding
	named   map[string]bool // witnesses that the lines name; empty while a station runs
}

func (c *checks) add(level, hint, format string, args ...any) {
	c.found = append(c.found, Finding{level, fmt.Sprintf(format, args...), hint})
}

func (c *checks) ok(format string, args ...any) { c.add(LevelOK, "", format, args...) }

func (c *checks) fail(err error) { c.add(LevelFail, parley.HintOf(err), "%v", err) }

// Check looks at what a start of the station needs, as the station would, and
// changes nothing. It may be called while the station runs.
func Check(cfg Config) []Finding {
	c := &checks{cfg: cfg, running: held(cfg.path(lockFile)), named: map[string]bool{}}
	for _, f := range []func(){c.dir, c.secrets, c.settings, c.keys, c.mark, c.ports, c.witnesses, c.desk, c.telephones, c.public, c.alarm, c.clock, c.disk} {
		f()
	}
	return c.found
}

// dir checks the data directory and what a cut-off act has left in it.
func (c *checks) dir() {
	st, err := os.Stat(c.cfg.Dir)
	if err != nil {
		c.add(LevelFail, "", "data directory: %v", err)
		return
	}
	if p := st.Mode().Perm(); p&0o077 != 0 {
		c.add(LevelFail, "chmod 700 "+c.cfg.Dir, "others may look into the data directory (mode %04o)", p)
	} else {
		c.ok("data directory %s, for its owner alone", c.cfg.Dir)
	}
	if _, err := os.Lstat(c.cfg.path(unfinished)); err == nil {
		c.add(LevelFail, "run the same parley init or parley restore again", "the station was never finished: something cut its making off")
	}
	if left, _ := filepath.Glob(c.cfg.path(".backup-*")); len(left) > 0 && !c.running {
		c.add(LevelWarn, "remove it: "+left[0], "a backup was cut off and left a copy behind")
	}
}

// secrets checks that nobody else may read what is kept.
func (c *checks) secrets() {
	paths := []string{c.cfg.path(storageFile), c.cfg.path(tlsFile), c.cfg.path(storeFile), c.cfg.path(ownFile)}
	more, _ := filepath.Glob(c.cfg.path(pairingDir) + "/*")
	good := true
	for _, p := range append(paths, more...) {
		st, err := os.Lstat(p)
		switch {
		case err != nil:
			c.add(LevelFail, "restore it from a backup", "%v", err)
			good = false
		case !st.Mode().IsRegular():
			c.add(LevelFail, "", "%s is not a plain file", p)
			good = false
		case st.Mode().Perm()&0o077 != 0:
			c.add(LevelFail, "chmod 600 "+p, "others may use %s (mode %04o)", p, st.Mode().Perm())
			good = false
		}
	}
	if good {
		c.ok("keys and databases are for their owner alone")
	}
}

// settings checks what the configuration says of this party.
func (c *checks) settings() {
	if err := form.CheckLine("name", c.cfg.Name, 100); err != nil {
		c.fail(err)
	}
	bad := false
	for _, l := range strings.Fields(c.cfg.Languages) {
		if err := form.CheckLanguage("a language in parley.conf", l); err != nil {
			c.fail(err)
			bad = true
		}
	}
	if !bad {
		c.ok("party %s, %s, languages %s", c.cfg.Party, c.cfg.Name, strings.Join(c.cfg.langs(), " "))
	}
	if err := form.CheckAddresses(c.cfg.addresses()); err != nil {
		c.fail(err)
	}
}

// public checks the folder of published pages.
func (c *checks) public() {
	dir := c.cfg.PublicFolder
	if dir == "" {
		return
	}
	st, err := os.Stat(dir)
	switch {
	case err != nil:
		c.add(LevelFail, "make it: mkdir "+dir, "the folder of published pages: %v", err)
	case !st.IsDir():
		c.add(LevelFail, "", "public_folder: %s is no folder", dir)
	case unix.Access(dir, unix.W_OK|unix.X_OK) != nil:
		c.add(LevelFail, "", "the station may not write in the folder of published pages, %s", dir)
	case !filepath.IsAbs(dir):
		c.add(LevelWarn, "write it from / on", "public_folder: %s depends on where the station is started", dir)
	default:
		c.ok("pages of what is published are written to %s", dir)
	}
}

// alarm checks that the alarm command can be started.
func (c *checks) alarm() {
	argv, err := splitCommand(c.cfg.Alarm)
	switch {
	case err != nil:
		c.fail(err)
	case len(argv) == 0:
		c.add(LevelWarn, "set alarm = COMMAND in parley.conf: it rings where no desk is open", "there is no alarm command")
	default:
		path, err := exec.LookPath(argv[0])
		if err != nil {
			c.add(LevelFail, "give its whole path", "the alarm command cannot be started: %v", err)
			return
		}
		if w := meantForShell(argv); w != "" {
			c.add(LevelWarn, "no shell reads the command: put it into a file of its own, and name that", "the alarm command has the word %s", w)
		}
		c.ok("alarm command %s", path)
	}
}

// keys checks that the keys open, and the stores under them.
func (c *checks) keys() {
	if _, err := loadRoot(c.cfg); err != nil {
		c.fail(err)
	}
	storage, seed, err := openKeys(c.cfg)
	if err != nil {
		c.fail(err)
		return
	}
	clear(seed[:])
	if sealed, err := underPassphrase(c.cfg.path(storageFile)); err == nil && !sealed {
		c.add(LevelWarn, "whoever can read the disk can read everything; see passphrase_file", "the storage key is protected by file permissions alone")
	} else {
		c.ok("the storage key opens with its passphrase")
	}
	if c.running {
		c.ok("a station runs on it")
		return
	}
	if _, err := os.Lstat(c.cfg.path(storeFile)); err != nil {
		return // said already
	}
	st, err := sqlite.Open(c.cfg.Dir, storage, sqlite.Options{})
	if err != nil {
		c.fail(err)
		return
	}
	defer st.Close()
	lines, err := st.Lines()
	if err != nil {
		c.fail(err)
		return
	}
	c.ok("the database opens: %d lines", len(lines))
	for _, id := range lines {
		if f, err := foundingOf(st.Line(id)); err == nil {
			for name := range witnessKeys(f.Annex.Witnesses) {
				c.named[name] = true
			}
		}
	}
	if at, yes, err := st.Restored(); err == nil && yes {
		c.add(LevelWarn, "open a new generation on each line: parley recover start LINE --root-key FILE", "it was restored from a backup of %s", at.UTC().Format("021504Z Jan 06"))
	}
}

// mark checks that the high-water mark lies where a backup does not reach.
func (c *checks) mark() {
	dir := c.cfg.HighWater
	if inside(dir, c.cfg.Dir) {
		c.add(LevelFail, "set high_water to a directory outside the data directory and every backup", "the high-water mark lies in the data directory: it would be set back with it")
		return
	}
	if st, err := os.Stat(dir); err == nil {
		if !st.IsDir() {
			c.add(LevelFail, "", "high_water: %s is not a directory", dir)
		} else if unix.Access(dir, unix.W_OK|unix.X_OK) != nil {
			c.add(LevelFail, "make the station's user its owner", "the high-water mark cannot be written in %s", dir)
		} else {
			c.ok("high-water mark in %s", dir)
		}
		return
	}
	if unix.Access(filepath.Dir(dir), unix.W_OK|unix.X_OK) != nil {
		c.add(LevelFail, "make "+dir+" for the station's user, or name another as high_water", "the high-water mark has no directory, and none can be made at %s", dir)
		return
	}
	c.ok("high-water mark in %s, to be made", dir)
}

// ports checks that the addresses are free, or ours already.
func (c *checks) ports() {
	if c.cfg.ListenQUIC == "" && c.cfg.ListenTLS == "" {
		c.add(LevelWarn, "set listen_quic or listen_tls, so that the other side can reach us", "the station listens nowhere: it can only dial")
	}
	for _, a := range []struct{ what, network, addr, announced string }{
		{"listen_quic", "udp", c.cfg.ListenQUIC, c.cfg.AnnounceQUIC},
		{"listen_tls", "tcp", c.cfg.ListenTLS, c.cfg.AnnounceTLS},
		{"desk", "tcp", c.cfg.Desk, "-"},
	} {
		if a.addr == "" {
			continue
		}
		c.port(a.what, a.network, a.addr)
		if host, _, err := net.SplitHostPort(a.addr); a.announced == "" && err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
			c.add(LevelWarn, "set "+strings.Replace(a.what, "listen", "announce", 1)+" to the address that the other side dials, before pairing", "%s %s is no address that anybody can dial", a.what, a.addr)
		}
	}
}

func (c *checks) port(what, network, addr string) {
	if c.running {
		c.ok("%s %s, held by the running station", what, addr)
		return
	}
	var err error
	if network == "udp" {
		var p net.PacketConn
		if p, err = net.ListenPacket(network, addr); err == nil {
			p.Close()
		}
	} else {
		var l net.Listener
		if l, err = net.Listen(network, addr); err == nil {
			l.Close()
		}
	}
	if err != nil {
		c.add(LevelFail, "see who has it: ss -lnp; or choose another port", "%s: %v", what, err)
		return
	}
	c.ok("%s %s is free", what, addr)
}

// witnesses checks that every witness of a line has an address, and that
// somebody is there.
func (c *checks) witnesses() {
	urls, err := ParseWitnesses(c.cfg.Witnesses)
	if err != nil {
		c.fail(err)
		return
	}
	for name := range c.named {
		if urls[name] == "" {
			c.add(LevelWarn, "set witnesses = "+name+"=http://...", "no address of witness %s, which a line names", name)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	for name, u := range urls {
		if !c.named[name] && !c.running {
			c.add(LevelWarn, "the name is that of the witness's key in the annex", "no line here names a witness %s", name)
		}
		if err := witness.Reach(ctx, u); err != nil {
			c.add(LevelWarn, "nothing is stopped by it; ask its operator", "witness %s at %s: %v", name, u, err)
			continue
		}
		c.ok("witness %s answers at %s", name, u)
	}
}

// desk checks that the console is not offered in the clear beyond this machine.
func (c *checks) desk() {
	if c.cfg.Desk == "" {
		return
	}
	host, _, err := net.SplitHostPort(c.cfg.Desk)
	if err != nil {
		c.add(LevelFail, "write it like 127.0.0.1:7101", "desk: %v", err)
		return
	}
	ip := net.ParseIP(host)
	loopback := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case c.cfg.DeskCert == "" && !loopback:
		c.add(LevelFail, "name a certificate as desk_certificate, or listen on 127.0.0.1", "desk %s is reached from other machines and has no certificate", c.cfg.Desk)
	case c.cfg.DeskCert != "":
		c.certificate()
	case c.cfg.DeskHost != "" && !ownHost(c.cfg.DeskHost):
		c.add(LevelWarn, "name a certificate as desk_certificate", "browsers reach the desk by plain HTTP at %s: a session is not bound to its browser there, and no passkey and no microphone works", c.cfg.DeskHost)
	}
}

// telephones checks what phones need: their file, and the ports.
func (c *checks) telephones() {
	if c.cfg.ListenSIP == "" {
		if c.cfg.Phones != "" {
			c.add(LevelWarn, "set listen_sip", "phones names a file, and no telephone can register: listen_sip is not set")
		}
		return
	}
	ps, conf, err := c.cfg.readPhones()
	if err != nil {
		c.fail(err)
		return
	}
	at, err := netip.ParseAddrPort(c.cfg.ListenSIP)
	if err != nil || at.Addr().IsUnspecified() || at.Port() == 0 {
		c.add(LevelFail, "an address of this machine on the phones' network, and a port: 192.0.2.1:5060", "listen_sip: phones cannot call %q", c.cfg.ListenSIP)
		return
	}
	c.port("listen_sip", "udp", c.cfg.ListenSIP)
	c.port("listen_sip", "tcp", c.cfg.ListenSIP)
	if conf != nil {
		c.port("listen_sip, TLS,", "tcp", netip.AddrPortFrom(at.Addr(), at.Port()+1).String())
	} else if !at.Addr().IsLoopback() {
		c.add(LevelWarn, "with desk_certificate phones can use TLS and SRTP; else keep them on a network of their own", "what phones say crosses their network in the clear")
	}
	if !slices.ContainsFunc(ps, func(p sip.Phone) bool { return p.Role == "watch" }) {
		c.add(LevelWarn, "give a phone the role watch", "no telephone rings for a call that comes in")
	}
	c.ok("%d telephones in %s", len(ps), c.cfg.Phones)
}

// ownHost reports whether a name is this machine's own, which browsers trust over
// plain HTTP too.
func ownHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func (c *checks) certificate() {
	if st, err := os.Stat(c.cfg.DeskKey); err == nil && st.Mode().Perm()&0o077 != 0 {
		c.add(LevelFail, "chmod 600 "+c.cfg.DeskKey, "others may use the key of the desk (mode %04o)", st.Mode().Perm())
	}
	pair, err := tls.LoadX509KeyPair(c.cfg.DeskCert, c.cfg.DeskKey)
	if err != nil {
		c.add(LevelFail, "desk_certificate and desk_key are PEM files of one pair", "the certificate of the desk: %v", err)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	switch left := time.Until(notAfter(leaf)); {
	case err != nil:
		c.add(LevelFail, "", "the certificate of the desk: %v", err)
	case left <= 0:
		c.add(LevelFail, "renew it", "the certificate of the desk ended on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	case left < 14*24*time.Hour:
		c.add(LevelWarn, "renew it", "the certificate of the desk ends on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	default:
		c.ok("the certificate of the desk is good until %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	}
}

func notAfter(c *x509.Certificate) time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.NotAfter
}

// clock checks that the clock can be right.
func (c *checks) clock() {
	now := time.Now()
	if y := now.UTC().Year(); y < 2026 || y > 2126 {
		c.add(LevelFail, "set the clock", "the clock says %s", now.UTC().Format(time.RFC3339))
		return
	}
	if st, err := os.Stat(c.cfg.path(storeFile)); err == nil && st.ModTime().After(now.Add(time.Minute)) {
		c.add(LevelWarn, "set the clock; entries never go back in time, so those written now carry the later time", "the clock has gone back: the database was written at %s", st.ModTime().UTC().Format(time.RFC3339))
	}
	switch synced, known := clockSynced(); {
	case !known:
		c.ok("clock %s; whether it is synchronised cannot be told here", now.UTC().Format(time.RFC3339))
	case !synced:
		c.add(LevelWarn, "keep time with sources of your own: chrony or ntpd", "the clock is not synchronised")
	default:
		c.ok("clock %s, synchronised", now.UTC().Format(time.RFC3339))
	}
}

// disk checks that there is room: some is kept for our own logs.
func (c *checks) disk() {
	seen := map[unix.Fsid]bool{}
	for _, dir := range []string{c.cfg.Dir, c.cfg.HighWater} {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err != nil || st.Blocks == 0 || seen[st.Fsid] {
			continue
		}
		seen[st.Fsid] = true
		free, percent := st.Bavail*uint64(st.Bsize), 100*st.Bavail/st.Blocks
		reserve := c.cfg.reserve(st.Blocks * uint64(st.Bsize))
		switch {
		case percent < 2:
			c.add(LevelFail, "free space", "%d MB free on the disk of %s, %d %%", free>>20, dir, percent)
		case percent < uint64(reserve):
			c.add(LevelWarn, fmt.Sprintf("free space: below %d %% nothing more of a peer is taken in", reserve), "%d MB free on the disk of %s, %d %%", free>>20, dir, percent)
		default:
			c.ok("%d MB free on the disk of %s, %d %%", free>>20, dir, percent)
		}
	}
}
