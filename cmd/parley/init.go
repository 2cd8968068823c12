package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"parley"
)

type initCmd struct {
	DataDir        string   `arg:"" name:"dir" type:"path" help:"Data directory to make. It must be empty or not exist."`
	Party          string   `required:"" placeholder:"CODE" help:"Short code of this party: 1 to 8 of a-z and 0-9."`
	Name           string   `required:"" help:"Name of this party, as the other side will see it."`
	Language       []string `default:"en" help:"Languages of this party, its own first (BCP 47)."`
	RootKey        string   `required:"" type:"path" placeholder:"FILE" help:"Where to write the root key. Not in the data directory: it leaves the station."`
	ListenQUIC     string   `name:"listen-quic" placeholder:"ADDR" help:"Address for QUIC, for example 192.0.2.1:7443."`
	ListenTLS      string   `name:"listen-tls" placeholder:"ADDR" help:"Address for TLS over TCP."`
	Desk           string   `placeholder:"ADDR" help:"Address of the desk, the web console."`
	AnnounceQUIC   string   `name:"announce-quic" placeholder:"ADDR" help:"Address that the other side dials for QUIC, if not the one listened on."`
	AnnounceTLS    string   `name:"announce-tls" placeholder:"ADDR" help:"The same for TLS."`
	HighWater      string   `type:"path" placeholder:"DIR" help:"Directory of the high-water mark, outside every backup. Without it: beside the data directory."`
	Administrator  string   `default:"Administrator" help:"Name of the first officer."`
	PassphraseFile string   `type:"path" placeholder:"FILE" help:"Protect the keys by the passphrase in this file (mode 0600)."`
	RootPassFile   string   `name:"root-passphrase-file" type:"path" placeholder:"FILE" help:"Protect the root key file by the passphrase in this file (mode 0600)."`
	KeepRootKey    bool     `help:"The root key file is there already: make a lost station anew."`
}

func (initCmd) Help() string {
	return `Makes the configuration file, the storage key, the root key, the first administrator and a one-time link to the administrator's seat. It prints the paper recovery share once: 24 words that stand for the storage key. Write them down; nothing shows them again.

The root key alone can replace this party's keys. Move its file to a medium that leaves the station; it is needed again to confirm a pairing and to recover.

Examples:

    parley init /var/lib/parley --party alder --name Alder --language en --root-key /media/stick/alder.root
    parley init a --party alder --name Alder --root-key alder.root --listen-quic 127.0.0.1:7443 --listen-tls 127.0.0.1:7443 --desk 127.0.0.1:7101`
}

// Run makes the station.
func (c initCmd) Run(s *session) error {
	if _, err := parley.ParsePartyCode(c.Party); err != nil {
		return usagef("for example: --party alder", "%v", err)
	}
	if inside(c.RootKey, c.DataDir) {
		return usagef("name a file on a medium that can leave the station", "the root key must not be kept in the data directory")
	}
	if st, err := os.Stat(filepath.Dir(c.RootKey)); err != nil || !st.IsDir() {
		return parley.Errorf(parley.NotFound, "there is no directory %s for the root key", filepath.Dir(c.RootKey)).WithHint("make it, or put the medium in; nothing was made yet")
	}
	if _, err := os.Lstat(c.RootKey); err == nil && !c.KeepRootKey {
		return parley.Errorf(parley.Conflict, "the file %s exists already", c.RootKey).WithHint("choose another name: no root key is written over")
	}
	o := initOptions{Dir: c.DataDir, RootKeyPath: c.RootKey, KeepRoot: c.KeepRootKey, Party: c.Party, Name: c.Name, Languages: c.Language,
		ListenQUIC: c.ListenQUIC, ListenTLS: c.ListenTLS, AnnounceQUIC: c.AnnounceQUIC, AnnounceTLS: c.AnnounceTLS,
		Desk: c.Desk, HighWater: c.HighWater, Administrator: c.Administrator, PassphraseFile: c.PassphraseFile}
	var err error
	if o.Passphrase, err = secretAt(c.PassphraseFile); err != nil {
		return err
	}
	if o.RootPassphrase, err = secretAt(c.RootPassFile); err != nil {
		return err
	}
	r, err := s.back.Init(o)
	if err != nil {
		return err
	}
	r.RootKey = c.RootKey
	return s.show(struct {
		initResult
		Seat string `json:"seat"`
	}{r, s.seatURL(c.DataDir, r.SeatToken)}, func(w io.Writer) { c.tell(w, r, s.seatURL(c.DataDir, r.SeatToken)) })
}

func (c initCmd) tell(w io.Writer, r initResult, seat string) {
	fmt.Fprintf(w, "Station of %s (%s) made in %s\n\n", clean(c.Name), c.Party, c.DataDir)
	pairs(w, "configuration", r.Config, "root key", r.RootKey, "first seat", seat)
	fmt.Fprintf(w, "\nMove %s off this machine now. It alone can replace your keys.\nThe seat link works once, within an hour; another one: parley officer seat NAME --office administrator\n", filepath.Base(r.RootKey))
	if len(r.Share) > 0 {
		fmt.Fprintf(w, "\nRecovery share of the storage key. Write it on paper; it is not shown again.\n\n")
		for i := 0; i < len(r.Share); i += 6 {
			fmt.Fprintf(w, "  %2d  %s\n", i+1, strings.Join(r.Share[i:min(i+6, len(r.Share))], "  "))
		}
	}
	fmt.Fprintf(w, "\nNext: parley check --dir %s; parley station %s\n", c.DataDir, c.DataDir)
}

// seatURL is where a seat token is taken; the token alone when no desk is
// configured.
func (s *session) seatURL(dir, token string) string {
	d, err := s.back.Desk(dir)
	if err != nil || d.URL == "" {
		return token
	}
	return d.URL + "/seat/" + token
}

// inside reports whether path lies in dir. Both are cleaned absolute paths.
func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
