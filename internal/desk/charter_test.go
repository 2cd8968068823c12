package desk_test

import (
	"testing"

	"parley"
	"parley/internal/desk/desktest"
)

// TestAssent: the envoy reads what changes, types the first digits of its hash,
// and our assent is filed, once.
func TestAssent(t *testing.T) {
	b := newBench(t).sit(2, parley.Envoy)
	b.get(birch+"/charter").want(t, 200, "Put our assent on record", "nothing is recorded", "calls are recorded")
	b.post(birch+"/charter", "hash", desktest.Proposed, "typed", desktest.Proposed[:8]).to(t, birch+"/charter?said=assented")
	if n := len(b.st.Calls); n == 0 || b.st.Calls[n-1] != "Assent "+desktest.Proposed[:8] {
		t.Errorf("it did %q", b.st.Calls)
	}
	b.get(birch+"/charter").want(t, 200, "!Put our assent on record", "!waits for:")
}
