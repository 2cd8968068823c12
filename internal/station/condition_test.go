package station

import (
	"testing"
	"time"

	"parley"
	"parley/internal/store"
)

// TestUsage: what a peer has made us read today, and what of its attachments was
// announced, stand beside its bounds; what is ours does not count.
func TestUsage(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	usage := func() Usage {
		t.Helper()
		c, err := a.st.Condition(t.Context())
		if err != nil || len(c.Lines) != 1 || len(c.Lines[0].Used) != 1 || c.Lines[0].Used[0].Party != "birch" {
			t.Fatalf("the station stands as %+v, %v", c, err)
		}
		return c.Lines[0].Used[0]
	}
	before := usage()
	b.send(line, "alder", "Much to read", "ROUTINE", "INFORMATION")
	a.waitFor(line, "Much to read")
	eventually(t, 10*time.Second, "it counts", func() bool { return usage().Entries > before.Entries })
	after := usage()
	if after.Since.IsZero() || time.Since(after.Since) > time.Hour || after.Attachments != before.Attachments {
		t.Errorf("before %+v, after %+v", before, after)
	}
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []parley.PartyCode{"birch", "alder"} {
		if err := a.st.blobs.Create(store.BlobID{Line: l.id, Hash: [32]byte{p[0]}}, p, 100_000); err != nil {
			t.Fatal(err)
		}
	}
	if got := usage().Attachments; got != before.Attachments+100_000 {
		t.Errorf("announced %d; ours count nothing", got)
	}
}
