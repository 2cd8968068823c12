package station

import (
	"context"
	"os"
	"path/filepath"

	"parley"
	"parley/internal/charter"
)

// Condition says how the station itself stands: its disk, its keys, its alarm
// command. All of it is measured by us.
func (s *Station) Condition(context.Context) (Condition, error) {
	free, err := diskFree(s.cfg.Dir)
	if err != nil {
		return Condition{}, parley.Errorf(parley.Unavailable, "looking at the disk of %s: %v", s.cfg.Dir, err)
	}
	c := Condition{Free: free, Reserve: s.cfg.reserve(), Low: s.low.Load(), Started: s.started.UTC(), Hook: s.hook.view()}
	for _, f := range []struct{ name, path string }{{"record", "parley.db"}, {"own", "own.db"}, {"attachments", "blobs"}} {
		c.Files = append(c.Files, File{Name: f.name, Bytes: sizeOf(s.cfg.path(f.path))})
	}
	s.mu.Lock()
	var ls []*liveLine
	for _, l := range s.lines {
		ls = append(ls, l)
	}
	s.mu.Unlock()
	for _, l := range ls {
		c.Lines = append(c.Lines, l.keeping())
	}
	return c, nil
}

// sizeOf is the size of a file with its log, or of all in a directory. What goes
// while it is looked at counts for nothing.
func sizeOf(path string) (n int64) {
	for _, p := range []string{path, path + "-wal"} {
		_ = filepath.WalkDir(p, func(_ string, d os.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				n += info.Size()
			}
			return nil
		})
	}
	return n
}

func (l *liveLine) keeping() Keeping {
	s := l.runner.Status()
	k := Keeping{Line: l.id.String(), Outbox: s.Outbox}
	for _, p := range s.Over {
		k.Over = append(k.Over, string(p))
	}
	for _, g := range s.Logs {
		if g.Current {
			k.Keys = append(k.Keys, KeyAge{Party: string(g.Party), Kind: "signing", Since: g.Created})
		}
	}
	if !s.Receiving.IsZero() {
		k.Keys = append(k.Keys, KeyAge{Party: string(l.us), Kind: "receiving", Since: s.Receiving, Last: s.Receiving.Add(receivingLife)})
	}
	if !s.EpochSince.IsZero() {
		k.Keys = append(k.Keys, KeyAge{Party: string(l.us), Kind: "epoch", Since: s.EpochSince})
	}
	a := l.annex()
	for _, b := range []struct {
		kind string
		n    charter.Bound
	}{{"entries-per-second", charter.EntriesPerSecond}, {"bytes-per-day", charter.EntryBytesPerDay}, {"attachment-bytes-per-day", charter.BlobBytesPerDay}} {
		k.Bounds = append(k.Bounds, Bound{b.kind, a.Bound(b.n)})
	}
	return k
}
