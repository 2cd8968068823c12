package key

import (
	"fmt"

	"parley"
)

// secret, embedded by value, keeps a private key from being compared with ==,
// printed or marshalled. The key itself stands behind a pointer, so that a
// struct with such a field hides it too.
type secret struct{ _ [0]func() }

const hidden = "[private key]"

// String hides the key.
func (secret) String() string { return hidden }

// GoString hides the key.
func (secret) GoString() string { return hidden }

// Format hides the key whatever the verb.
func (secret) Format(f fmt.State, _ rune) { f.Write([]byte(hidden)) }

// MarshalJSON refuses.
func (secret) MarshalJSON() ([]byte, error) { return nil, errMarshal() }

// MarshalText refuses.
func (secret) MarshalText() ([]byte, error) { return nil, errMarshal() }

// MarshalBinary refuses.
func (secret) MarshalBinary() ([]byte, error) { return nil, errMarshal() }

// MarshalCBOR refuses.
func (secret) MarshalCBOR() ([]byte, error) { return nil, errMarshal() }

func errMarshal() error {
	return parley.Errorf(parley.Internal, "a private key is not for marshalling")
}
