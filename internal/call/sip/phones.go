package sip

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"parley"
)

// MaxPhones is how many phones a station has at most.
const MaxPhones = 16

const (
	maxPhonesFile = 64 << 10 // bytes
	leastPassword = 8        // characters
	mostPassword  = 100
)

// A Phone is a telephone that may register, as the phones file has it.
type Phone struct {
	Name     string // by which it registers
	Password string
	Role     string // as which its person joins a call
	Line     string // that it serves
	Auto     bool   // whatever it dials rings the other side
	MD5      bool   // it knows no better digest: baresip 1.0 gives up where it is shown one
}

// Roles are those that a phone's person may have.
var Roles = []string{"principal", "delegate", "interpreter", "note-taker", "listener", "watch"}

var phoneName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,31}$`)

// ReadPhones reads a phones file. It holds passwords: one that others than its
// owner may read is refused.
func ReadPhones(path string) ([]Phone, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, parley.Errorf(parley.NotFound, "the phones file: %v", err).WithHint("one phone a line: name password role line [auto] [md5]")
	case !st.Mode().IsRegular():
		return nil, parley.Errorf(parley.Malformed, "%s is not a plain file", path)
	case st.Mode().Perm()&0o077 != 0:
		return nil, parley.Errorf(parley.NotAllowed, "others may read the passwords in %s (mode %04o)", path, st.Mode().Perm()).WithHint("chmod 600 %s", path)
	case st.Size() > maxPhonesFile:
		return nil, parley.Errorf(parley.Oversize, "%s has %d bytes, at most %d are allowed", path, st.Size(), maxPhonesFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "reading the phones file: %v", err)
	}
	return ParsePhones(b)
}

// ParsePhones reads one phone a line: name password role line [auto] [md5]. # begins a
// comment. Errors name the line, and never hold a password.
func ParsePhones(b []byte) (out []Phone, _ error) {
	for i, text := range strings.Split(string(b), "\n") {
		refuse := func(format string, args ...any) ([]Phone, error) {
			return nil, parley.Errorf(parley.Malformed, "line %d of the phones file: "+format, append([]any{i + 1}, args...)...).WithHint("one phone a line: name password role line [auto] [md5]")
		}
		f := strings.Fields(text)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) < 4 {
			return refuse("want four words, and auto or md5 after them")
		}
		p := Phone{Name: f[0], Password: f[1], Role: f[2], Line: f[3]}
		for _, word := range f[4:] {
			switch {
			case word == "auto" && !p.Auto:
				p.Auto = true
			case word == "md5" && !p.MD5:
				p.MD5 = true
			default:
				return refuse("want four words, and auto or md5 after them")
			}
		}
		switch {
		case !phoneName.MatchString(p.Name):
			return refuse("a phone's name is 1 to 32 of a-z, 0-9, '.', '_' and '-'")
		case slices.ContainsFunc(out, func(o Phone) bool { return o.Name == p.Name }):
			return refuse("there is a phone %s already", p.Name)
		case len(p.Password) < leastPassword || len(p.Password) > mostPassword:
			return refuse("a password has %d to %d characters", leastPassword, mostPassword)
		case strings.ContainsFunc(p.Password, func(r rune) bool { return r <= ' ' || r > '~' }):
			return refuse("a password is of printable ASCII")
		case !slices.Contains(Roles, p.Role):
			return refuse("there is no role of that name: want one of %s", strings.Join(Roles, ", "))
		case len(out) == MaxPhones:
			return refuse("a station has %d phones at most", MaxPhones)
		}
		out = append(out, p)
	}
	return out, nil
}
