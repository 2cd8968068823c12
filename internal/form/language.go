package form

import "strings"

// CheckLanguage checks that tag is syntactically a BCP 47 language tag (RFC
// 5646, 2.1, without grandfathered and private-use-only tags). Whether the
// subtags are registered is not asked. The error is BadForm.
func CheckLanguage(what, tag string) error {
	if tag == "" {
		return refuse("%s is empty", what)
	}
	if len(tag) > 35 || !wellFormed(strings.Split(strings.ToLower(tag), "-")) {
		return refuse("%s %q is not a language tag; want one like en, zh or zh-Hant", what, shorten(tag, 40))
	}
	return nil
}

func wellFormed(parts []string) bool {
	for _, p := range parts {
		if len(p) < 1 || len(p) > 8 || !all(p, alphanumeric) {
			return false
		}
	}
	if n := len(parts[0]); n < 2 || n > 3 || !all(parts[0], letter) {
		return false
	}
	rest := parts[1:]
	for n := 0; n < 3 && len(rest) > 0 && len(rest[0]) == 3 && all(rest[0], letter); n++ {
		rest = rest[1:] // extended languages
	}
	if len(rest) > 0 && len(rest[0]) == 4 && all(rest[0], letter) {
		rest = rest[1:] // script
	}
	if len(rest) > 0 && (len(rest[0]) == 2 && all(rest[0], letter) || len(rest[0]) == 3 && all(rest[0], digit)) {
		rest = rest[1:] // region
	}
	return wellFormedTail(rest)
}

// wellFormedTail checks variants, extensions and private use.
func wellFormedTail(rest []string) bool {
	for len(rest) > 0 && (len(rest[0]) >= 5 || len(rest[0]) == 4 && digit(rest[0][0])) {
		rest = rest[1:]
	}
	seen := map[string]bool{}
	for len(rest) > 0 && len(rest[0]) == 1 {
		single := rest[0]
		if seen[single] || len(rest) < 2 {
			return false
		}
		seen[single] = true
		rest = rest[1:]
		if single == "x" {
			return true // every part has been checked for length and alphabet
		}
		if len(rest[0]) < 2 {
			return false
		}
		for len(rest) > 0 && len(rest[0]) >= 2 {
			rest = rest[1:]
		}
	}
	return len(rest) == 0
}

func letter(c byte) bool       { return c >= 'a' && c <= 'z' }
func digit(c byte) bool        { return c >= '0' && c <= '9' }
func alphanumeric(c byte) bool { return letter(c) || digit(c) }

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
