package stage

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"parley"
)

// keepCopy sets a copy of the running station's data aside, private keys and
// all, as no backup may be made: it is what a disk image of that moment holds.
// The process stands still meanwhile.
func (s *Side) keepCopy() error {
	s.mu.Lock()
	p := s.proc
	s.mu.Unlock()
	if p == nil || p.ended() {
		return parley.Errorf(parley.Unavailable, "the station of %s does not run", s.Name)
	}
	if err := os.RemoveAll(s.old); err != nil {
		return parley.Errorf(parley.Unavailable, "removing an earlier copy: %v", err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return parley.Errorf(parley.Unavailable, "holding the station of %s still: %v", s.Name, err)
	}
	defer p.cmd.Process.Signal(syscall.SIGCONT)
	return copyDir(s.dir, s.old)
}

// putBack replaces the stopped station's data by the copy set aside. The
// high-water mark lies outside and stays.
func (s *Side) putBack() error {
	if err := os.RemoveAll(s.dir); err != nil {
		return parley.Errorf(parley.Unavailable, "removing the data of %s: %v", s.Name, err)
	}
	return copyDir(s.old, s.dir)
}

// copyDir copies regular files and directories; sockets stay behind.
func copyDir(from, to string) error {
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		switch {
		case e.IsDir():
			return os.MkdirAll(dst, 0o700)
		case e.Type().IsRegular():
			return copyFile(path, dst)
		}
		return nil
	})
	if err != nil {
		return parley.Errorf(parley.Unavailable, "copying %s: %v", from, err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
