package form

import (
	"strings"
	"unicode/utf8"
)

// Bounds of one attachment (spec/bounds.md, spec/forms.md).
const (
	MaxAttachment = 64 << 20 // bytes of plaintext
	MaxFileName   = 255      // bytes
	maxSealed     = MaxAttachment + MaxAttachment/64 + 4096
)

// An Attachment names a sealed file and holds the key that opens it. In CBOR:
// [name, media type, size, sealed size, hash, key].
type Attachment struct {
	_      struct{} `cbor:",toarray"`
	Name   string
	Type   string   // media type, without parameters
	Size   uint64   // bytes of the file
	Sealed uint64   // bytes of the sealed file
	Hash   [32]byte // SHA-256 of the sealed file
	Key    [32]byte // of this file alone
}

func checkAttachments(list []Attachment) error {
	if len(list) > MaxAttachments {
		return refuse("%d attachments, at most %d are allowed", len(list), MaxAttachments)
	}
	hashes := map[[32]byte]bool{}
	for i := range list {
		a := &list[i]
		if err := a.check(); err != nil {
			return err
		}
		if hashes[a.Hash] {
			return refuse("the attachment %q stands twice", a.Name)
		}
		hashes[a.Hash] = true
	}
	return nil
}

func (a *Attachment) check() error {
	if err := CheckFileName(a.Name); err != nil {
		return err
	}
	if err := CheckMediaType(a.Type); err != nil {
		return err
	}
	if a.Size > MaxAttachment {
		return refuse("the attachment %q has %d bytes, at most %d are allowed", a.Name, a.Size, uint64(MaxAttachment))
	}
	if a.Sealed < a.Size || a.Sealed > maxSealed {
		return refuse("the attachment %q of %d bytes cannot be %d bytes when sealed", a.Name, a.Size, a.Sealed)
	}
	if a.Hash == ([32]byte{}) || a.Key == ([32]byte{}) {
		return refuse("the attachment %q has no hash or no key", a.Name)
	}
	return nil
}

// CheckFileName checks the name of an attachment: one line of at most 255
// bytes, no separators of paths, and none of the names that mean a folder. The
// error is BadForm.
func CheckFileName(name string) error {
	if err := CheckLine("the name of an attachment", name, MaxFileName); err != nil {
		return err
	}
	if len(name) > MaxFileName {
		return refuse("the name of an attachment has %d bytes, at most %d are allowed", len(name), MaxFileName)
	}
	if strings.ContainsAny(name, `/\:`) || strings.Trim(name, ".") == "" {
		return refuse("an attachment cannot be called %q: no / \\ : and not only dots", name)
	}
	return nil
}

// CheckMediaType checks that s is type/subtype in lower case (RFC 6838, 4.2),
// without parameters. The error is BadForm.
func CheckMediaType(s string) error {
	kind, sub, ok := strings.Cut(s, "/")
	if !ok || !mediaName(kind) || !mediaName(sub) {
		return refuse("%q is not a media type; want one like application/pdf", shorten(Visible(s), 80))
	}
	return nil
}

func mediaName(s string) bool {
	return len(s) >= 1 && len(s) <= 63 && alphanumeric(s[0]) &&
		all(s, func(c byte) bool { return alphanumeric(c) || strings.IndexByte("!#$&-^_.+", c) >= 0 })
}

// CheckAddresses checks where a station is reached: at most 16 of
// "bearer://host:port", each once. Whether one works is not asked. The error
// is BadForm.
func CheckAddresses(list []string) error {
	if len(list) > 16 {
		return refuse("%d addresses, at most 16 are allowed", len(list))
	}
	seen := map[string]bool{}
	for _, a := range list {
		if err := CheckLine("an address", a, 255); err != nil {
			return err
		}
		bearer, rest, ok := strings.Cut(a, "://")
		if !ok || rest == "" || bearer == "" || !all(bearer, letter) || strings.ContainsAny(rest, " \t") || utf8.RuneCountInString(a) != len(a) {
			return refuse("%q is not an address; want one like quic://192.0.2.7:7100", shorten(a, 80))
		}
		if seen[a] {
			return refuse("the address %s stands twice", a)
		}
		seen[a] = true
	}
	return nil
}

// Attachments says that the files of an entry are whole and durably stored: the
// rung "attachments stored".
type Attachments struct {
	Rest
	Hashes [][32]byte `cbor:"1,keyasint"`
}

func attachmentsForm() Definition {
	return Definition{
		Name: "attachments", Title: "Attachments stored", About: "The named files of a dispatch are whole and durably stored.",
		Technical: true, Refs: Range{1, 1}, Of: Target{Whose: Theirs, Forms: []string{"dispatch"}},
		Fields: []FieldDef{{1, "hashes", "[+ bstr .size 32]", true, "of sealed files the dispatch names, at most 32, each once"}},
		New:    func() Form { return new(Attachments) },
	}
}

// Name is "attachments".
func (*Attachments) Name() string { return "attachments" }

func (a *Attachments) Check() error {
	if n := len(a.Hashes); n == 0 || n > MaxAttachments {
		return refuse("%d files, want 1 to %d", n, MaxAttachments)
	}
	seen := map[[32]byte]bool{}
	for _, h := range a.Hashes {
		if seen[h] {
			return refuse("the file %x stands twice", h)
		}
		seen[h] = true
	}
	return nil
}

func (a *Attachments) Rules(h *Header, c Context) error {
	e, err := Referred(h.Refs[0], c)
	if err != nil {
		return err
	}
	d, ok := e.Form.(*Dispatch)
	if !ok {
		return nil // the body is not opened here: nothing to hold it against
	}
	named := map[[32]byte]bool{}
	for _, x := range d.Attachments {
		named[x.Hash] = true
	}
	for _, x := range a.Hashes {
		if !named[x] {
			return refuse("the dispatch names no file %x", x)
		}
	}
	return nil
}
