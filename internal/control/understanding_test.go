package control_test

import (
	"testing"

	"parley"
	"parley/internal/control/controltest"
)

// TestUnderstandingIsOptional: a station without templates and disputes says so
// in words; it does not fail. With a real one they are tried by the command
// line's own test.
func TestUnderstandingIsOptional(t *testing.T) {
	c, _ := start(t, controltest.New())
	ruiz := c.As("Lt Ruiz")
	_, err := ruiz.Templates(t.Context(), "birch")
	wantKind(t, err, parley.Unsupported)
	wantKind(t, ruiz.Certify(t.Context(), "birch", flashItem, 1), parley.Unsupported)
}
