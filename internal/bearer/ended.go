package bearer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"parley"
)

// Ended puts an error of a transport in words and a kind. Errors that have a
// kind keep it, a refusal of our key is UnknownKey, all others are Unavailable.
func Ended(what string, err error) error {
	var e *parley.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &parley.Error{Kind: parley.Unavailable, What: what + ": no answer", Err: err}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" { // how crypto/tls marks the other side's alert
		alert := uint8(0)
		if op.Err.Error() == tls.AlertError(badCertificate).Error() {
			alert = badCertificate
		}
		return Refused(what, alert, err)
	}
	return &parley.Error{Kind: parley.Unavailable, What: what, Err: err}
}

// badCertificate is the alert of a side whose allow said no (RFC 8446, 6.2).
const badCertificate = 42

// Refused is Ended for a TLS alert that the other side sent.
func Refused(what string, alert uint8, err error) error {
	if alert != badCertificate {
		return &parley.Error{Kind: parley.Unsupported, What: what + ": the other side refused the session", Err: err}
	}
	return &parley.Error{Kind: parley.UnknownKey, What: what + ": the other side does not take our key", Err: err,
		Hint: "their station has our TLS key on no line; if ours has changed, our annex entry has not reached them"}
}
