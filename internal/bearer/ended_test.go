package bearer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"

	"parley"
)

func TestEnded(t *testing.T) {
	remote := func(alert uint8) error { return &net.OpError{Op: "remote error", Err: tls.AlertError(alert)} }
	tests := []struct {
		err  error
		want parley.Kind
	}{
		{parley.Errorf(parley.Oversize, "a frame"), parley.Oversize},
		{fmt.Errorf("handshake: %w", parley.Errorf(parley.UnknownKey, "a key")), parley.UnknownKey},
		{remote(42), parley.UnknownKey},
		{remote(40), parley.Unsupported},
		{remote(120), parley.Unsupported},
		{context.DeadlineExceeded, parley.Unavailable},
		{net.ErrClosed, parley.Unavailable},
		{errors.New("anything"), parley.Unavailable},
	}
	for _, tt := range tests {
		err := Ended("reading", tt.err)
		if parley.KindOf(err) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%v became %v of kind %v, want %v", tt.err, err, parley.KindOf(err), tt.want)
		}
	}
}
