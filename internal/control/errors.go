package control

import (
	"encoding/json"
	"net/http"

	"parley"
)

// wireError is how an error travels on the socket.
type wireError struct {
	Kind string `json:"kind"`
	What string `json:"what"`
	Hint string `json:"hint,omitempty"`
}

// Status is the HTTP status of a kind.
func Status(k parley.Kind) int {
	switch k {
	case parley.Malformed, parley.BadForm:
		return http.StatusBadRequest
	case parley.NotAllowed:
		return http.StatusForbidden
	case parley.NotFound:
		return http.StatusNotFound
	case parley.Conflict:
		return http.StatusConflict
	case parley.Oversize:
		return http.StatusRequestEntityTooLarge
	case parley.Quota:
		return http.StatusTooManyRequests
	case parley.Unsupported:
		return http.StatusNotImplemented
	case parley.Unavailable:
		return http.StatusServiceUnavailable
	case parley.DiskFull:
		return http.StatusInsufficientStorage
	case parley.BadSignature, parley.BadCommitment, parley.BadProof, parley.Fork, parley.Rewind, parley.Gap, parley.BadSeen,
		parley.WrongLine, parley.WrongParty, parley.UnknownKey, parley.Unreadable, parley.BadSerial:
		return http.StatusUnprocessableEntity
	case parley.Internal, parley.Corrupt:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// encodeError returns err as it travels. The text of every cause goes along:
// the reader is the operator of this machine.
func encodeError(err error) []byte {
	b, _ := json.Marshal(wireError{parley.KindOf(err).String(), err.Error(), parley.HintOf(err)})
	return b
}

// decodeError is the inverse of encodeError. What is not such an error is an
// Internal one that quotes it.
func decodeError(b []byte) error {
	var w wireError
	if err := json.Unmarshal(b, &w); err != nil || w.What == "" {
		return parley.Errorf(parley.Internal, "the station answered something that is not an error: %.200q", b).
			WithHint("is the station of the same version as this command? parley version")
	}
	return &parley.Error{Kind: kindNamed(w.Kind), What: w.What, Hint: w.Hint}
}

// kindNamed finds a kind by its word; Internal for a word from another version.
func kindNamed(s string) parley.Kind {
	for k := parley.Internal; k <= parley.DiskFull; k++ {
		if k.String() == s {
			return k
		}
	}
	return parley.Internal
}
