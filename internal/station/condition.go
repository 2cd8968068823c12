package station

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"parley"
	"parley/internal/charter"
)

// Condition says how the station itself stands: its disk, its keys, its alarm
// command. All of it is measured by us.
func (s *Station) Condition(context.Context) (Condition, error) {
	free, size, err := diskFree(s.cfg.Dir)
	if err != nil {
		return Condition{}, parley.Errorf(parley.Unavailable, "looking at the disk of %s: %v", s.cfg.Dir, err)
	}
	c := Condition{Free: free, Reserve: s.cfg.reserve(size), Low: s.low.Load(), Started: s.started.UTC(), Hook: s.hook.view()}
	c.HasPhones = s.cfg.ListenSIP != ""
	c.Phones, c.NoPhones = s.phoneViews()
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
		k, err := s.keeping(l)
		if err != nil {
			return Condition{}, err
		}
		c.Lines = append(c.Lines, k)
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

func (s *Station) keeping(l *liveLine) (Keeping, error) {
	st := l.runner.Status()
	k := Keeping{Line: l.id.String(), Outbox: st.Outbox}
	for _, g := range st.Logs {
		if g.Current {
			k.Keys = append(k.Keys, KeyAge{Party: string(g.Party), Kind: "signing", Since: g.Created})
		}
	}
	if !st.Receiving.IsZero() {
		k.Keys = append(k.Keys, KeyAge{Party: string(l.us), Kind: "receiving", Since: st.Receiving, Last: st.Receiving.Add(receivingLife)})
	}
	if !st.EpochSince.IsZero() {
		k.Keys = append(k.Keys, KeyAge{Party: string(l.us), Kind: "epoch", Since: st.EpochSince})
	}
	now := l.now()
	for _, u := range st.Used {
		if u.Over {
			k.Over = append(k.Over, string(u.Party))
		}
		announced, err := s.blobs.Today(l.id, u.Party)
		if err != nil {
			return k, err
		}
		x := Usage{Party: string(u.Party), Attachments: uint64(max(0, announced))}
		if !u.Since.IsZero() && !now.Before(u.Since) && now.Sub(u.Since) < 24*time.Hour { // else its day is over
			x.Entries, x.Since = uint64(max(0, u.Bytes)), u.Since.UTC()
		}
		k.Used = append(k.Used, x)
	}
	a := l.annex()
	for _, b := range []struct {
		kind string
		n    charter.Bound
	}{{"entries-per-second", charter.EntriesPerSecond}, {"bytes-per-day", charter.EntryBytesPerDay}, {"attachment-bytes-per-day", charter.BlobBytesPerDay}} {
		k.Bounds = append(k.Bounds, Bound{b.kind, a.Bound(b.n)})
	}
	return k, nil
}
