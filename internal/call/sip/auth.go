package sip

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	nonceFor = 5 * time.Minute // for how long a nonce is good
	maxWords = 32              // parameters of an Authorization header
	maxAuth  = 2 << 10         // bytes of one
)

// credentials are an Authorization header (RFC 8760).
type credentials struct {
	user, realm, nonce, uri, response, algorithm, qop, cnonce, nc string
}

// parseCredentials reads an Authorization header; ok is false for what is none.
func parseCredentials(s string) (c credentials, ok bool) {
	if len(s) > maxAuth {
		return c, false
	}
	scheme, rest, found := strings.Cut(strings.TrimSpace(s), " ")
	if !found || !strings.EqualFold(scheme, "Digest") {
		return c, false
	}
	seen := map[string]bool{}
	for n := 0; ; n++ {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			break
		}
		name, value, found := strings.Cut(rest, "=")
		if name = strings.ToLower(strings.TrimSpace(name)); !found || n == maxWords || seen[name] {
			return c, false
		}
		seen[name] = true
		value = strings.TrimLeft(value, " \t")
		if strings.HasPrefix(value, `"`) {
			i := strings.IndexByte(value[1:], '"')
			if i < 0 || strings.ContainsRune(value[1:i+1], '\\') {
				return c, false
			}
			value, rest = value[1:i+1], value[i+2:]
		} else if i := strings.IndexByte(value, ','); i >= 0 {
			value, rest = strings.TrimSpace(value[:i]), value[i:]
		} else {
			value, rest = strings.TrimSpace(value), ""
		}
		if f := c.field(name); f != nil {
			*f = value
		}
	}
	return c, c.user != "" && c.nonce != "" && c.uri != "" && c.response != ""
}

func (c *credentials) field(name string) *string {
	return map[string]*string{"username": &c.user, "realm": &c.realm, "nonce": &c.nonce, "uri": &c.uri, "response": &c.response,
		"algorithm": &c.algorithm, "qop": &c.qop, "cnonce": &c.cnonce, "nc": &c.nc}[name]
}

// answer is the response that whoever knows the password gives.
func (c *credentials) answer(method, password string) (string, bool) {
	var h hash.Hash
	switch strings.ToUpper(c.algorithm) {
	case "", "MD5":
		h = md5.New()
	case "SHA-256":
		h = sha256.New()
	default:
		return "", false
	}
	of := func(parts ...string) string {
		h.Reset()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	if c.qop != "auth" || c.cnonce == "" {
		return "", false
	}
	return of(of(c.user, c.realm, password), c.nonce, c.nc, c.cnonce, c.qop, of(method, c.uri)), true
}

// door gives out nonces and takes what answers them. It keeps no state of who was
// asked, only of who answered rightly: a nonce says when and for whom it was made.
type door struct {
	key [32]byte
	now func() time.Time

	mu   sync.Mutex
	used map[string]uint64    // nonce -> the last count with it
	left map[string]time.Time // phone and address -> when it left a challenge unanswered
}

func newDoor(now func() time.Time) *door {
	d := &door{now: now, used: map[string]uint64{}, left: map[string]time.Time{}}
	rand.Read(d.key[:])
	return d
}

// nonce is for one address: elsewhere it is no good.
func (d *door) nonce(from string) string {
	b := make([]byte, 16, 48)
	binary.BigEndian.PutUint64(b, uint64(d.now().UnixMilli()))
	rand.Read(b[8:])
	return base64.RawURLEncoding.EncodeToString(append(b, d.sum(b, from)...))
}

func (d *door) sum(b []byte, from string) []byte {
	m := hmac.New(sha256.New, d.key[:])
	m.Write(b)
	m.Write([]byte(from))
	return m.Sum(nil)
}

// fresh reports whether a nonce is one of ours for that address, and not old.
func (d *door) fresh(nonce, from string) bool {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 48 || !hmac.Equal(b[16:], d.sum(b[:16], from)) {
		return false
	}
	age := d.now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b))))
	return age >= 0 && age <= nonceFor
}

// once reports whether a count is greater than all that came with the nonce.
func (d *door) once(nonce, nc string) bool {
	n, err := strconv.ParseUint(nc, 16, 32)
	if err != nil || n == 0 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if n <= d.used[nonce] {
		return false
	}
	if len(d.used) >= 256 { // of phones that know their passwords
		for k := range d.used {
			if b, err := base64.RawURLEncoding.DecodeString(k); err != nil || d.now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b)))) > nonceFor {
				delete(d.used, k)
			}
		}
	}
	d.used[nonce] = n
	return true
}

// An entry says how an answer at the door is taken.
type entry int

const (
	asked   entry = iota // who comes is to answer a challenge first
	stale                // the answer is right, to a challenge that is old
	refused              // the password is wrong, or there is no such phone
	let
)

// judge says whether credentials are those of p; nil: there is no such phone.
func (d *door) judge(c credentials, p *Phone, realm, method, uri, from string) entry {
	password := "\x00" // as long for a phone that is none
	if p != nil {
		password = p.Password
	}
	want, known := c.answer(method, password)
	right := known && subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c.response))) == 1
	switch {
	case !right || p == nil || c.realm != realm:
		return refused
	case !sameURI(c.uri, uri) || !d.fresh(c.nonce, from) || !d.once(c.nonce, c.nc):
		return stale
	}
	return let
}

// sameURI compares what was signed with what was asked for, but for parameters,
// which phones leave out of the one or of the other.
func sameURI(a, b string) bool {
	a, _, _ = strings.Cut(a, ";")
	b, _, _ = strings.Cut(b, ";")
	return strings.EqualFold(strings.TrimSuffix(a, ":5060"), strings.TrimSuffix(b, ":5060"))
}

// challenges are the headers of a refusal, the better algorithm first; or the
// lesser alone, for a phone that gives up where it is shown another.
func (d *door) challenges(realm, from string, stale, lesser bool) (out []string) {
	more := ""
	if stale {
		more = ", stale=true"
	}
	nonce := d.nonce(from)
	for _, alg := range []string{"SHA-256", "MD5"} {
		if lesser && alg != "MD5" {
			continue
		}
		out = append(out, fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"%s`, realm, nonce, alg, more))
	}
	return out
}

// lesser reports whether a phone, by the name that it gives, left the last challenge
// from its address unanswered, and is to be shown MD5 alone. asking notes this
// challenge, as long as it is not answered.
func (d *door) lesser(p *Phone, from string, asking bool) bool {
	if p == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	k := p.Name + " " + from
	if !asking {
		delete(d.left, k)
		return false
	}
	at, was := d.left[k]
	if len(d.left) >= 8*MaxPhones {
		clear(d.left)
	}
	if !was || d.now().Sub(at) > time.Hour {
		d.left[k] = d.now()
	}
	return p.MD5 || was
}
