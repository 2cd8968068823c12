package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"parley"
	"parley/internal/key"
)

// large prints words so that they can be read aloud across a room.
func large(w io.Writer, words []string) {
	fmt.Fprintln(w)
	for i, x := range words {
		fmt.Fprintf(w, "    %d   %s\n\n", i+1, strings.ToUpper(strings.Join(strings.Split(clean(x), ""), " ")))
	}
}

// spoken splits what was typed into bare words: case, commas and hyphens do
// not count, nor do the numbers in front of a list.
func spoken(t string) []string {
	return strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return !unicode.IsLetter(r) })
}

// sameWords reports whether what was heard is exactly these words in order.
func sameWords(heard string, words []string) bool {
	got := spoken(heard)
	if len(got) != len(words) || len(words) == 0 {
		return false
	}
	for i := range got {
		if got[i] != strings.ToLower(words[i]) {
			return false
		}
	}
	return true
}

// sameDigits is sameWords for the same bits as one number, read in any groups.
func sameDigits(heard, digits string) bool {
	got := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case unicode.IsSpace(r), r == '-', r == '.', r == ',':
			return -1
		}
		return 'x'
	}, strings.TrimSpace(heard))
	return digits != "" && got == digits
}

// rootKey opens a root key file, which stays in this process.
func (s *session) rootKey(path, passFile string) (key.Signer, error) {
	pass, err := secretAt(passFile)
	if err != nil {
		return nil, err
	}
	k, err := s.back.RootKey(path, pass)
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %w", err)
	}
	if k == nil {
		return nil, parley.Errorf(parley.Internal, "opening the root key: no key")
	}
	return k, nil
}
