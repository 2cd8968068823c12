package public

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"parley"
	"parley/internal/said/page"
)

// Write puts a page in all languages of the frame, and its proof files, into a
// folder, each whole or not at all, and durable. Proof files come first, so that
// no page stands there without them. It returns the names; what is there already
// is not written again.
func Write(dir string, p *page.Page) (names []string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, folderError(dir, err)
	}
	defer root.Close()
	put := func(name string, b []byte) error {
		wrote, err := writeFile(root, name, b)
		if err == nil && wrote {
			names = append(names, name)
		}
		return err
	}
	for i, b := range p.Proofs {
		if err := put(p.ProofName(i), b); err != nil {
			return names, folderError(dir, err)
		}
	}
	for _, lang := range page.Languages {
		x, err := p.In(lang)
		if err != nil {
			return names, err
		}
		if err := put(x.Name(), x.HTML); err != nil {
			return names, folderError(dir, err)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	d, err := root.Open(".")
	if err != nil {
		return names, folderError(dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return names, folderError(dir, err)
	}
	return names, nil
}

// writeFile puts one file under its name: written beside it, synced, renamed. It
// follows no link, and leaves alone a file that is the same already.
func writeFile(root *os.Root, name string, b []byte) (wrote bool, err error) {
	if old, err := readFile(root, name, int64(len(b))); err == nil && bytes.Equal(old, b) {
		return false, nil
	}
	tmp := "." + name + "." + strings.ToLower(rand.Text()[:10])
	f, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Remove(tmp))
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = root.Rename(tmp, name)
	}
	return err == nil, err
}

// errNotPlain is a file that is none: a link, a directory, a device, or too long.
var errNotPlain = errors.New("not a plain file of a page's size")

// readFile reads a plain file of at most max bytes, and follows no link.
func readFile(root *os.Root, name string, max int64) ([]byte, error) {
	named, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() || named.Size() > max {
		return nil, errNotPlain
	}
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(named, st) {
		return nil, errNotPlain // another stands there since
	}
	b := make([]byte, 0, st.Size()+1)
	for {
		if int64(len(b)) > max {
			return nil, errNotPlain
		}
		n, err := f.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if n == 0 || err != nil {
			break
		}
	}
	return b, nil
}

func folderError(dir string, err error) error {
	kind := parley.Unavailable
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = parley.NotFound
	case errors.Is(err, fs.ErrPermission):
		kind = parley.NotAllowed
	}
	return parley.Errorf(kind, "the folder of published pages, %s: %v", dir, err).WithHint("it must be there, and this program must be able to write in it")
}
