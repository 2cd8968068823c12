package keyfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"parley"
)

func TestSecretFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, pass string }{{"plain", ""}, {"sealed", "correct horse"}} {
		t.Run(c.name, func(t *testing.T) {
			path, secret := filepath.Join(dir, c.name), bytes.Repeat([]byte{3, 10}, 32)
			if err := Write(path, "log key", []byte("an earlier one"), nil); err != nil {
				t.Fatal(err)
			}
			if err := Write(path, "log key", secret, []byte(c.pass)); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if marked := bytes.Contains(b, []byte("\nprotection: plain\n")); marked != (c.pass == "") {
				t.Errorf("marked plain: %v", marked)
			}
			got, err := Read(path, "log key", []byte(c.pass))
			if err != nil || !bytes.Equal(got, secret) {
				t.Errorf("got %x, %v", got, err)
			}
		})
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("got %d files, %v; want the two alone", len(left), err)
	}
}

// sealed returns a file under a cheap scrypt, so that tests are quick.
func sealed(t testing.TB, kind, pass string) string {
	t.Helper()
	b, err := armour(kind, bytes.Repeat([]byte{1, 8}, 32), []byte(pass), 2)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReadSecretRefuses(t *testing.T) {
	under, plain := sealed(t, "log key", "pass"), sealed(t, "log key", "")
	for _, c := range []struct {
		name, file, kind, pass string
		want                   parley.Kind
	}{
		{"other kind", under, "root key", "pass", parley.Malformed},
		{"kind changed", strings.Replace(under, "log key", "root key", 1), "root key", "pass", parley.Unreadable},
		{"wrong pass", under, "log key", "Pass", parley.Unreadable},
		{"no pass", under, "log key", "", parley.NotAllowed},
		{"body changed", strings.Replace(under, "\n\n", "\n\nAAAA", 1), "log key", "pass", parley.Unreadable},
		{"body not base64", under + "!", "log key", "pass", parley.Malformed},
		{"cost changed", strings.Replace(under, "scrypt 2 ", "scrypt 3 ", 1), "log key", "pass", parley.Unreadable},
		{"cost of a gigabyte", strings.Replace(under, "scrypt 2 ", "scrypt 20 ", 1), "log key", "pass", parley.Malformed},
		{"cost beyond an int", strings.Replace(under, "scrypt 2 ", "scrypt 99999999999999999999 ", 1), "log key", "pass", parley.Malformed},
		{"cost negative", strings.Replace(under, "scrypt 2 ", "scrypt -1 ", 1), "log key", "pass", parley.Malformed},
		{"marked plain", plainMarked(under), "log key", "", parley.Corrupt},
		{"other protection", strings.Replace(plain, "plain", "rot13", 1), "log key", "", parley.Unsupported},
		{"plain cut", plain[:strings.Index(plain, "\n\n")+6], "log key", "", parley.Malformed},
		{"plain changed", strings.Replace(plain, "\n\n", "\n\nAAAA", 1), "log key", "", parley.Corrupt},
		{"plain of another kind, renamed", strings.Replace(plain, "log key", "root key", 1), "root key", "", parley.Corrupt},
		{"empty", "", "log key", "", parley.Malformed},
		{"other file", "-----BEGIN PRIVATE KEY-----\n\n", "log key", "", parley.Malformed},
		{"other version", strings.Replace(plain, "secret 1", "secret 2", 1), "log key", "", parley.Malformed},
		{"too large", plain + strings.Repeat("\n", maxFile), "log key", "", parley.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path, c.kind, []byte(c.pass))
			wantKind(t, err, c.want)
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not name the file", err)
			}
		})
	}
}

func plainMarked(s string) string {
	i := strings.Index(s, "protection: ")
	j := i + strings.IndexByte(s[i:], '\n')
	return s[:i] + "protection: plain" + s[j:]
}

func TestWriteSecretRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []string{"", "two\nlines", " padded"} {
		wantKind(t, Write(filepath.Join(dir, "k"), kind, nil, nil), parley.Malformed)
	}
	wantKind(t, Write(filepath.Join(dir, "k"), "big", make([]byte, maxSecret+1), nil), parley.Malformed)
	wantKind(t, Write(filepath.Join(dir, "none", "k"), "log key", nil, nil), parley.Unavailable)
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files were left", len(left))
	}
}

func TestPermissions(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := Write(path, "log key", []byte("s"), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode os.FileMode
		ok   bool
	}{{0o600, true}, {0o400, true}, {0o640, false}, {0o604, false}, {0o620, false}, {0o601, false}, {0o644, false}, {0o777, false}} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path, "log key", nil)
		if c.ok {
			if err != nil {
				t.Errorf("%04o: %v", c.mode, err)
			}
			continue
		}
		wantKind(t, err, parley.NotAllowed)
		if want := "chmod 600 " + path; parley.HintOf(err) != want {
			t.Errorf("%04o: got hint %q, want %q", c.mode, parley.HintOf(err), want)
		}
	}
	_, err := Read(filepath.Join(dir, "none"), "log key", nil)
	wantKind(t, err, parley.NotFound)
	_, err = Read(dir, "log key", nil)
	wantKind(t, err, parley.NotAllowed)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Read(pipe, "log key", nil) // and does not hang
	wantKind(t, err, parley.NotAllowed)
}

func TestForeignOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := Write(path, "log key", []byte("s"), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 1234, -1); err != nil {
		t.Fatal(err)
	}
	_, err := Read(path, "log key", nil)
	wantKind(t, err, parley.NotAllowed)
}

func TestPassphrase(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := write("good", "two words \n", 0o600)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	for _, p := range []string{good, "credential:good"} {
		got, err := Passphrase(p)
		if err != nil || string(got) != "two words " {
			t.Errorf("%s: got %q, %v", p, got, err)
		}
	}
	for _, c := range []struct {
		path string
		want parley.Kind
	}{
		{write("empty", "\n", 0o600), parley.Malformed},
		{write("open", "x", 0o604), parley.NotAllowed},
		{filepath.Join(dir, "none"), parley.NotFound},
		{"credential:none", parley.NotFound},
		{"credential:", parley.Malformed},
		{"credential:..", parley.Malformed},
		{"credential:../good", parley.Malformed},
		{"credential:open", parley.NotAllowed},
	} {
		_, err := Passphrase(c.path)
		wantKind(t, err, c.want)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	_, err := Passphrase("credential:good")
	wantKind(t, err, parley.NotFound)
}

func FuzzSecretFile(f *testing.F) {
	f.Add([]byte(sealed(f, "log key", "")), "")
	f.Add([]byte(sealed(f, "log key", "pass")), "pass")
	f.Add([]byte(fileMagic+"\nkind: log key\nprotection: scrypt 1 AAAAAAAAAAAAAAAAAAAAAA==\n\nAAAA\n"), "x")
	f.Fuzz(func(t *testing.T, b []byte, pass string) {
		if bytes.Contains(b, []byte("scrypt 1")) && !bytes.Contains(b, []byte("scrypt 1 ")) {
			return // a dear cost, rightly taken, is not for fuzzing
		}
		secret, err := unarmour(b, "log key", []byte(pass))
		if err != nil {
			if parley.KindOf(err) == parley.Internal {
				t.Errorf("got %v", err)
			}
			return
		}
		if len(secret) > len(b) {
			t.Errorf("%d bytes out of %d", len(secret), len(b))
		}
	})
}

func wantKind(t testing.TB, err error, kind parley.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want %s", kind)
	}
	if got := parley.KindOf(err); got != kind {
		t.Fatalf("got %s (%v), want %s", got, err, kind)
	}
}
