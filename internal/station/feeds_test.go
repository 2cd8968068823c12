package station

import (
	"context"
	"strings"
	"testing"

	"parley"
)

// TestCalendarAddress: making and ending one is audited, without its secret, and
// it reads the calendar for as long as it lives.
func TestCalendarAddress(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a := newParty(t, "alder")
	if _, _, err := a.st.AddFeed(ctx, Officer{}, "nobody's"); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("without a person: %v", err)
	}
	f, secret, err := a.st.AddFeed(ctx, a.envoy, "wall calendar")
	if err != nil {
		t.Fatal(err)
	}
	if cal, err := a.st.UseFeed(ctx, secret); err != nil || !strings.HasPrefix(cal, "BEGIN:VCALENDAR") {
		t.Errorf("%q, %v", cal, err)
	}
	if list, err := a.st.Feeds(ctx, a.watch); err != nil || len(list) != 0 {
		t.Errorf("the watch sees %+v, %v", list, err)
	}
	if err := a.st.RemoveFeed(ctx, a.watch, f.ID); parley.KindOf(err) != parley.NotFound {
		t.Errorf("ended by another: %v", err)
	}
	if err := a.st.RemoveFeed(ctx, a.envoy, f.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.UseFeed(ctx, secret); parley.KindOf(err) != parley.NotFound {
		t.Errorf("once ended: %v", err)
	}
	rows, err := a.st.Audit(ctx, Officer{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	acts := map[string]bool{}
	for _, r := range rows {
		acts[r.Act] = true
		if strings.Contains(r.Object+r.Detail, secret) {
			t.Errorf("the audit holds the secret: %+v", r)
		}
	}
	if !acts["add calendar address"] || !acts["end calendar address"] {
		t.Errorf("the audit has %v", acts)
	}
}
