package keyfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"os"
	"parley/internal/key"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"

	"parley"
)

// A secret file is text:
//
//	parley secret 1
//	kind: log key
//	protection: scrypt 17 <salt, base64>     (or: plain)
//
//	<base64, 64 columns>
//
// Under a passphrase the body is AES-256-GCM with the head as additional
// data; the key is fresh with the salt, so the nonce is zero. In the plain it
// is the secret and 8 bytes of checksum over head and secret.
const (
	fileMagic   = "parley secret 1"
	scryptLog   = 17 // N = 2^17, r = 8, p = 1: 128 MiB and some tenths of a second
	scryptMost  = 18 // a file that asks for more is refused
	scryptSalt  = 16
	sumSize     = 8
	maxFile     = 64 << 10
	maxSecret   = 32 << 10
	plainMarker = "plain"
)

// Write writes a secret file that Read of the same kind reads,
// sealed under pass, or marked plain when pass is empty. kind is a short name
// of one line. When it returns, the file is whole and durable, readable by its
// owner alone; a file of that name is replaced. After an error the earlier
// file stands as it was.
func Write(path, kind string, secret, pass []byte) error {
	b, err := armour(kind, secret, pass, scryptLog)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer clear(b)
	if err := replaceFile(path, b); err != nil {
		return parley.Errorf(parley.Unavailable, "writing %s: %v", path, err)
	}
	return nil
}

// Read reads a secret file of the given kind. The file is ours or
// root's and open to nobody else. Errors are NotFound, NotAllowed (permissions,
// or a passphrase is needed), Unreadable (wrong passphrase, or a file that
// was changed), Corrupt and Malformed; those that the operator can mend carry
// a hint.
func Read(path, kind string, pass []byte) ([]byte, error) {
	b, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	secret, err := unarmour(b, kind, pass)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return secret, nil
}

func armour(kind string, secret, pass []byte, logN int) ([]byte, error) {
	if kind == "" || strings.TrimSpace(kind) != kind || strings.ContainsAny(kind, "\r\n") || len(secret) > maxSecret {
		return nil, parley.Errorf(parley.Malformed, "secret file: a kind of one line and a secret of at most %d bytes are needed", maxSecret)
	}
	protection, salt := plainMarker, make([]byte, scryptSalt)
	if len(pass) > 0 {
		rand.Read(salt)
		protection = fmt.Sprintf("scrypt %d %s", logN, base64.StdEncoding.EncodeToString(salt))
	}
	head := fileHead(kind, protection)
	var body []byte
	if len(pass) > 0 {
		k, err := stretch(pass, salt, logN)
		if err != nil {
			return nil, err
		}
		body = gcm(k).Seal(nil, make([]byte, 12), secret, head)
	} else {
		sum := checksum(head, secret)
		body = append(bytes.Clone(secret), sum[:]...)
	}
	defer clear(body)
	b := bytes.NewBuffer(head)
	text := base64.StdEncoding.EncodeToString(body)
	for len(text) > 64 {
		b.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	b.WriteString(text + "\n")
	return b.Bytes(), nil
}

func fileHead(kind, protection string) []byte {
	return []byte(fileMagic + "\nkind: " + kind + "\nprotection: " + protection + "\n\n")
}

func unarmour(b []byte, kind string, pass []byte) ([]byte, error) {
	head, text, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) != 3 || lines[0] != fileMagic {
		return nil, parley.Errorf(parley.Malformed, "not a secret file")
	}
	gotKind, ok1 := strings.CutPrefix(lines[1], "kind: ")
	protection, ok2 := strings.CutPrefix(lines[2], "protection: ")
	if !ok1 || !ok2 {
		return nil, parley.Errorf(parley.Malformed, "not a secret file")
	}
	if gotKind != kind {
		return nil, parley.Errorf(parley.Malformed, "it holds a %q where a %q is wanted", gotKind, kind)
	}
	body, err := base64.StdEncoding.Strict().DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "secret file: the body is not base64")
	}
	full := b[:len(head)+2]
	if protection == plainMarker {
		return openPlain(full, body)
	}
	return openSealed(full, body, protection, pass)
}

func openPlain(head, body []byte) ([]byte, error) {
	if len(body) < sumSize {
		return nil, parley.Errorf(parley.Malformed, "secret file: the body is cut off")
	}
	secret, got := body[:len(body)-sumSize], body[len(body)-sumSize:]
	if want := checksum(head, secret); subtle.ConstantTimeCompare(want[:], got) != 1 {
		return nil, parley.Errorf(parley.Corrupt, "secret file: the checksum differs").WithHint("take it from its copy; do not edit it")
	}
	return secret, nil
}

func openSealed(head, body []byte, protection string, pass []byte) ([]byte, error) {
	f := strings.Split(protection, " ")
	if len(f) != 3 || f[0] != "scrypt" {
		return nil, parley.Errorf(parley.Unsupported, "secret file: protection %q is not known", protection)
	}
	logN, err := strconv.Atoi(f[1])
	salt, err2 := base64.StdEncoding.Strict().DecodeString(f[2])
	if err != nil || err2 != nil || logN < 1 || logN > scryptMost || len(salt) != scryptSalt {
		return nil, parley.Errorf(parley.Malformed, "secret file: protection %q does not parse", protection)
	}
	if len(pass) == 0 {
		return nil, parley.Errorf(parley.NotAllowed, "it is under a passphrase, and none is given").
			WithHint("name the file or systemd credential that holds the passphrase in the configuration")
	}
	k, err := stretch(pass, salt, logN)
	if err != nil {
		return nil, err
	}
	secret, err := gcm(k).Open(nil, make([]byte, 12), body, head)
	if err != nil {
		return nil, parley.Errorf(parley.Unreadable, "wrong passphrase, or the file was changed").
			WithHint("one line end after the passphrase does not count; blanks and case do")
	}
	return secret, nil
}

func gcm(k []byte) cipher.AEAD {
	block, err := aes.NewCipher(k)
	if err != nil {
		panic(err) // 32 bytes are a valid key
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return g
}

func stretch(pass, salt []byte, logN int) ([]byte, error) {
	k, err := scrypt.Key(pass, salt, 1<<logN, 8, 1, 32)
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "scrypt: %v", err)
	}
	return k, nil
}

func checksum(head, secret []byte) (sum [sumSize]byte) {
	h := key.Hash("secret file", append(bytes.Clone(head), secret...))
	copy(sum[:], h[:])
	return sum
}

// replaceFile puts b at path, whole and durable or not at all, mode 0600.
func replaceFile(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(b); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
