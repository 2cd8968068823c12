package station

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"parley"
	"parley/internal/bearer"
	"parley/internal/form"
	"parley/internal/key"
	"parley/internal/keyfile"
	"parley/internal/own"
	"parley/internal/store/sqlite"
)

// InitOptions says what station to make.
type InitOptions struct {
	Dir          string
	RootKeyPath  string // where the root key goes; outside Dir
	KeepRoot     bool   // RootKeyPath holds this party's root key already: a station that was lost is made anew
	Party        string
	Name         string
	Languages    []string // own first
	ListenQUIC   string
	ListenTLS    string
	AnnounceQUIC string
	AnnounceTLS  string
	Desk         string
	HighWater    string

	// Passphrase seals the storage key; with none it is protected by file
	// permissions alone. PassphraseFile is what the configuration names, and is
	// read when Passphrase is empty.
	Passphrase     []byte
	PassphraseFile string
	RootPassphrase []byte // seals the root key file

	Administrator string    // name of the first officer; "" means "Administrator"
	Rand          io.Reader // nil: the system's
}

// InitResult is what Init has to tell, once.
type InitResult struct {
	Config    string   // path of the configuration file
	SeatToken string   // takes the first administrator's seat, once
	Share     []string // recovery share of the storage key, for paper
	Root      key.Public
}

// unfinished marks a directory that Init or Restore has not finished. What is
// in it may be thrown away.
const unfinished = ".unfinished"

// Init makes a station in a directory that is empty or not there: keys,
// configuration, stores, the first administrator and a one-time token for the
// seat. All of it is durable on return; after an error nothing is left behind.
// One that a crash cut off is made again from the start. Errors: Malformed,
// BadForm, Conflict when something stands there already.
func Init(o InitOptions) (res InitResult, err error) {
	if o.Rand == nil {
		o.Rand = cryptoRand
	}
	cfg, err := o.config()
	if err != nil {
		return res, err
	}
	if err := o.checkRootPath(cfg.Dir); err != nil {
		return res, err
	}
	if len(o.Passphrase) == 0 && o.PassphraseFile != "" {
		if o.Passphrase, err = passphrase(cfg); err != nil {
			return res, fmt.Errorf("reading the passphrase: %w", err)
		}
	}
	abandon, err := claim(cfg.Dir)
	if err != nil {
		return res, err
	}
	madeRoot := false
	defer func() {
		if err == nil {
			return
		}
		abandon()
		if madeRoot {
			os.Remove(o.RootKeyPath)
		}
		err = fmt.Errorf("making a station in %s: %w", o.Dir, err)
	}()
	if res, err = o.fill(cfg); err != nil {
		return res, err
	}
	root, made, err := o.rootKey()
	madeRoot = made
	if err != nil {
		return res, err
	}
	res.Root = root
	if err := replaceFile(cfg.path(rootFile), rootText(root)); err != nil {
		return res, err
	}
	if err := replaceFile(res.Config, cfg.Text()); err != nil {
		return res, err
	}
	return res, finish(cfg.Dir)
}

// config checks the options as far as they can be told alone.
func (o *InitOptions) config() (Config, error) {
	if _, err := parley.ParsePartyCode(o.Party); err != nil {
		return Config{}, err
	}
	if err := form.CheckLine("the name of the party", o.Name, 100); err != nil {
		return Config{}, err
	}
	if len(o.Languages) == 0 {
		o.Languages = []string{"en"}
	}
	for _, l := range o.Languages {
		if err := form.CheckLanguage("a language of the party", l); err != nil {
			return Config{}, err
		}
	}
	for _, a := range []string{o.ListenQUIC, o.ListenTLS} {
		if a == "" {
			continue
		}
		if _, err := bearer.ParseListen(a); err != nil {
			return Config{}, err
		}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil || o.Dir == "" {
		return Config{}, parley.Errorf(parley.Malformed, "no data directory is named")
	}
	return Config{Dir: dir, Party: o.Party, Name: o.Name, Languages: strings.Join(o.Languages, " "), ListenQUIC: o.ListenQUIC, ListenTLS: o.ListenTLS,
		AnnounceQUIC: o.AnnounceQUIC, AnnounceTLS: o.AnnounceTLS, Desk: o.Desk, Passphrase: o.PassphraseFile, HighWater: o.HighWater}, nil
}

func (o *InitOptions) checkRootPath(dir string) error {
	if o.RootKeyPath == "" {
		return parley.Errorf(parley.Malformed, "no place for the root key is named").WithHint("name a file on a medium that leaves the station")
	}
	if inside(o.RootKeyPath, dir) {
		return parley.Errorf(parley.NotAllowed, "the root key must not lie in the data directory").WithHint("name a file on a medium that leaves the station")
	}
	_, err := os.Lstat(o.RootKeyPath)
	switch {
	case o.KeepRoot && err != nil:
		return parley.Errorf(fileKind(err), "reading the root key: %v", err)
	case !o.KeepRoot && err == nil:
		return parley.Errorf(parley.Conflict, "%s exists", o.RootKeyPath).WithHint("choose another name: no root key is written over")
	}
	return nil
}

// fill makes everything in the directory but the configuration.
func (o *InitOptions) fill(cfg Config) (res InitResult, err error) {
	res.Config = cfg.path(ConfigName)
	storage, err := key.NewStorage(o.Rand)
	if err != nil {
		return res, err
	}
	var tls [32]byte
	if _, err := io.ReadFull(o.Rand, tls[:]); err != nil {
		return res, fmt.Errorf("making the TLS key: %w", err)
	}
	defer clear(tls[:])
	if err := writeKeys(cfg.Dir, storage, tls, o.Passphrase); err != nil {
		return res, err
	}
	st, err := sqlite.Open(cfg.Dir, storage, sqlite.Options{})
	if err != nil {
		return res, err
	}
	if err := st.Close(); err != nil {
		return res, err
	}
	res.Share = storage.Share()
	res.SeatToken, err = o.firstSeat(cfg.path(ownFile), storage)
	return res, err
}

// firstSeat adds the first administrator.
func (o *InitOptions) firstSeat(path string, storage *key.Storage) (token string, err error) {
	s, err := own.Open(path, storage)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	name := o.Administrator
	if name == "" {
		name = "Administrator"
	}
	a, err := s.AddOfficer(name, []parley.Office{parley.Administrator})
	if err != nil {
		return "", err
	}
	return s.AddSeat(a.ID, parley.Administrator)
}

// rootKey makes the root key and writes it, or reads the one there is.
func (o *InitOptions) rootKey() (pub key.Public, made bool, err error) {
	if o.KeepRoot {
		k, err := LoadRootKey(o.RootKeyPath, o.RootPassphrase)
		if err != nil {
			return pub, false, err
		}
		return k.Public(), false, nil
	}
	pair, err := key.NewPair(o.Rand)
	if err != nil {
		return pub, false, err
	}
	seed := pair.Seed()
	defer clear(seed)
	if err := keyfile.Write(o.RootKeyPath, rootKind, seed, o.RootPassphrase); err != nil {
		return pub, false, fmt.Errorf("writing the root key: %w", err)
	}
	return pair.Public(), true, nil
}

// claim makes dir ours to fill: it must be empty, not there, or left unfinished.
// abandon takes back all that was put there since.
func claim(dir string) (abandon func(), err error) {
	names, err := os.ReadDir(dir)
	made := os.IsNotExist(err)
	switch {
	case made:
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, diskError("making", dir, err)
		}
	case err != nil:
		return nil, diskError("reading", dir, err)
	case len(names) > 0:
		if _, err := os.Lstat(filepath.Join(dir, unfinished)); err != nil {
			return nil, parley.Errorf(parley.Conflict, "the directory %s is not empty", dir).WithHint("choose another; nothing is written over")
		}
		if err := empty(dir); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, diskError("protecting", dir, err)
	}
	abandon = func() {
		empty(dir)
		if made {
			os.Remove(dir)
		}
	}
	if err := replaceFile(filepath.Join(dir, unfinished), nil); err != nil {
		abandon()
		return nil, err
	}
	if made {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			abandon()
			return nil, err
		}
	}
	return abandon, nil
}

// finish makes what claim began a station.
func finish(dir string) error {
	if err := os.Remove(filepath.Join(dir, unfinished)); err != nil {
		return diskError("finishing", dir, err)
	}
	return syncDir(dir)
}

// empty removes what a directory that was claimed holds, the mark last.
func empty(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return diskError("reading", dir, err)
	}
	for _, n := range names {
		if n.Name() == unfinished {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, n.Name())); err != nil {
			return diskError("emptying", dir, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, unfinished)); err != nil && !os.IsNotExist(err) {
		return diskError("emptying", dir, err)
	}
	return nil
}

// inside reports whether path lies in dir, links followed as far as they exist.
func inside(path, dir string) bool {
	rel, err := filepath.Rel(resolved(dir), resolved(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// resolved is path without links, for the part of it that exists.
func resolved(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for p, rest := abs, ""; ; {
		if r, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(r, rest)
		}
		if p == filepath.Dir(p) {
			return abs
		}
		p, rest = filepath.Dir(p), filepath.Join(filepath.Base(p), rest)
	}
}
