package key

import (
	"fmt"

	"parley"
)

// secret, embedded by value, keeps a private key from being printed or
// marshalled.
type secret struct{ _ [0]func() }

// behind keeps a value where no reflection finds it, so that a struct with a
// private key in an unexported field hides it too. A struct with one does not
// compare with ==.
type behind[T any] func() T

func hide[T any](v T) behind[T] { return func() T { return v } }

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
