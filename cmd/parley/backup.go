package main

import (
	"fmt"
	"io"
	"strings"

	"parley"
)

type backupCmd struct {
	Output string `short:"o" required:"" type:"path" placeholder:"FILE" help:"File to write. It must not exist."`
}

func (backupCmd) Help() string {
	return `Writes what a station needs to go on elsewhere: its configuration, both sides' logs, drafts, audit and attachments. It may be made while the station runs. A backup holds no log key, no receipt key, no receiving key and no epoch secret: a restored station never resumes its old log, it opens a new generation.

Keep the high-water mark and the root key apart from backups.

Examples:

    parley backup --dir /var/lib/parley -o /mnt/backup/alder-2026-11-23.backup`
}

// Run writes the backup.
func (c backupCmd) Run(s *session) error {
	o, err := s.create(c.Output)
	if err != nil {
		return err
	}
	defer o.discard()
	p := s.progress("backing up, bytes")
	w := &counting{w: o, p: p}
	err = s.back.Backup(s.ctx, s.g.Dir, w)
	p.end()
	if err != nil {
		return err
	}
	if err := o.commit(); err != nil {
		return err
	}
	return s.wrote(c.Output, w.n)
}

// wrote says what file was written.
func (s *session) wrote(path string, n int64) error {
	if path == "" || path == "-" {
		return nil
	}
	return s.show(struct {
		File  string `json:"file"`
		Bytes int64  `json:"bytes"`
	}{path, n}, func(w io.Writer) { fmt.Fprintf(w, "wrote %s, %s\n", clean(path), size(n)) })
}

type restoreCmd struct {
	Backup         string `arg:"" type:"existingfile" help:"Backup to restore from."`
	DataDir        string `arg:"" name:"dir" type:"path" help:"Data directory to make. It must be empty or not exist."`
	PassphraseFile string `type:"path" placeholder:"FILE" help:"Passphrase that protected the keys (mode 0600); with a share, the one to protect them from now on."`
	HighWater      string `type:"path" placeholder:"DIR" help:"Directory of the high-water mark from now on. Without it: as the configuration says."`
	ShareFile      string `type:"path" placeholder:"FILE" help:"File with the paper recovery share, typed in (mode 0600)."`
}

func (restoreCmd) Help() string {
	return `Makes a data directory from a backup. The station does not resume its old logs, since nobody can know what it sent after the backup was made: on its first start it opens a new generation on each line, which needs the root key (parley recover start), and gets what it lost back from the other side.

Never run a restored station and the old one at once.

Examples:

    parley restore alder-2026-11-23.backup /var/lib/parley --passphrase-file pass
    parley restore alder-2026-11-23.backup /var/lib/parley --share-file share`
}

// Run restores.
func (c restoreCmd) Run(s *session) error {
	o := restoreOptions{HighWater: c.HighWater}
	var err error
	if o.Passphrase, err = secretAt(c.PassphraseFile); err != nil {
		return err
	}
	if c.ShareFile != "" {
		b, err := readSecret(c.ShareFile)
		if err != nil {
			return err
		}
		if o.Share = strings.Fields(string(b)); len(o.Share) == 0 {
			return parley.Errorf(parley.Malformed, "the file %s holds no words", c.ShareFile)
		}
	}
	if err := s.back.Restore(c.Backup, c.DataDir, o); err != nil {
		return err
	}
	return s.show(struct {
		Dir string `json:"dir"`
	}{c.DataDir}, func(w io.Writer) {
		fmt.Fprintf(w, "restored to %s\nNext: parley recover start LINE --root-key FILE --dir %s, for each line; then parley station %s\n", c.DataDir, c.DataDir, c.DataDir)
	})
}
