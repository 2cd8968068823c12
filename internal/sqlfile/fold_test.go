package sqlfile

import (
	"errors"
	"testing"

	"parley"
	"parley/internal/sim/simdisk"
)

// TestFoldGoesOn: a disk that was full or failed when the log was to be folded
// does not end the folding.
func TestFoldGoesOn(t *testing.T) {
	for _, v := range []simdisk.Verdict{simdisk.Full, simdisk.Fail} {
		d := simdisk.New(1)
		m := d.Mount()
		c, err := ConnectOn(m.VFS(), "file", m.Dir()+"/file.db", []string{"journal_mode(wal)", "synchronous(full)"})
		ok(t, err)
		w := NewWriter(c)
		ok(t, w.Run(true, func(tx *Tx) error { return tx.Exec("CREATE TABLE rows (who INTEGER)") }))
		f, err := ConnectOn(m.VFS(), "file", m.Dir()+"/file.db", []string{"busy_timeout(0)", "wal_autocheckpoint(0)"})
		ok(t, err)
		folded := func() bool { return len(d.Files()["file.db"]) > 0 }
		was := len(d.Files()["file.db"])
		ok(t, w.fold(f))
		if len(d.Files()["file.db"]) != was {
			t.Error("it is folded before that is due")
		}
		w.pages = foldAfter
		failed := false
		d.Hook(func(x simdisk.Call) simdisk.Verdict {
			if x.Op == simdisk.Write && x.Name == "file.db" {
				failed = true
				return v
			}
			return simdisk.Do
		})
		ok(t, w.fold(f))
		if !failed || w.pages != foldAfter {
			t.Errorf("a write failed: %t; %d pages wait, want %d", failed, w.pages, foldAfter)
		}
		d.Hook(nil)
		ok(t, w.fold(f))
		if !folded() || w.pages != 0 {
			t.Errorf("it is folded: %t; %d pages wait", folded(), w.pages)
		}
		ok(t, errors.Join(f.Close(), w.Close()))
		m.Forget()
		if _, err := ConnectOn(m.VFS(), "file", m.Dir()+"/file.db", nil); parley.KindOf(err) != parley.Unavailable {
			t.Errorf("a disk that is gone: %v", err)
		}
	}
}
