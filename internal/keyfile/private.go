package keyfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"parley"
)

// CredentialPrefix marks a systemd credential where a path may stand:
// "credential:NAME" is $CREDENTIALS_DIRECTORY/NAME.
const CredentialPrefix = "credential:"

// Passphrase reads a passphrase from the file at path, or from a systemd
// credential when path is "credential:NAME". The file is checked as in
// Read. One line end after the passphrase is not part of it. Errors are
// NotFound, NotAllowed and Malformed.
func Passphrase(path string) ([]byte, error) {
	file, err := resolve(path)
	if err != nil {
		return nil, err
	}
	b, err := readPrivate(file)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) == 0 {
		return nil, parley.Errorf(parley.Malformed, "%s: the passphrase is empty", path)
	}
	return b, nil
}

func resolve(path string) (string, error) {
	name, ok := strings.CutPrefix(path, CredentialPrefix)
	if !ok {
		return path, nil
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", parley.Errorf(parley.NotFound, "%s: systemd has passed no credentials", path).
			WithHint("add LoadCredential=%s:/path or LoadCredentialEncrypted= to the unit", name)
	}
	if name == "" || name != filepath.Base(name) || name == ".." || name == "." {
		return "", parley.Errorf(parley.Malformed, "%s: want credential:NAME without a slash", path)
	}
	return filepath.Join(dir, name), nil
}

// readPrivate reads a file of at most maxFile bytes after checking, on the
// open file, that it is nobody else's to read or write.
func readPrivate(path string) ([]byte, error) {
	f, err := openFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, parley.Errorf(parley.NotFound, "%s: no such file", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, parley.Errorf(parley.NotAllowed, "%s: permission denied", path).WithHint("make the station's user its owner")
	case err != nil:
		return nil, parley.Errorf(parley.Unavailable, "%v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "%v", err)
	}
	if err := checkPrivate(path, info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "%s: %v", path, err)
	}
	if len(b) > maxFile {
		return nil, parley.Errorf(parley.Malformed, "%s: more than %d bytes", path, maxFile)
	}
	return b, nil
}

func checkPrivate(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return parley.Errorf(parley.NotAllowed, "%s: not a plain file", path)
	}
	uid, known := ownerOf(info)
	if known && uid != 0 && uid != os.Geteuid() {
		return parley.Errorf(parley.NotAllowed, "%s: it belongs to another user", path).
			WithHint("chown it to the user who runs the station")
	}
	others := info.Mode().Perm() & 0o077
	if uid == 0 && isCredential(path) {
		others &^= 0o040 // systemd's ACL for our user shows as the group's right to read
	}
	if others != 0 {
		return parley.Errorf(parley.NotAllowed, "%s: others may use this secret (mode %04o)", path, info.Mode().Perm()).
			WithHint("chmod 600 %s", path)
	}
	return nil
}

func isCredential(path string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return dir != "" && filepath.Dir(path) == filepath.Clean(dir)
}
