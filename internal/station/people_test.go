package station

import (
	"context"
	"testing"

	"parley"
)

// TestAddOfficerRefusals: two hands are told apart by their names, and an office
// that is on no line is a slip of the fingers.
func TestAddOfficerRefusals(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a := newParty(t, "alder")
	for _, name := range []string{"Lt Ruiz", "lt ruiz", "LT RUIZ"} {
		_, err := a.st.AddOfficer(ctx, Officer{}, name, []parley.Office{parley.Envoy})
		wantKind(t, "a second "+name, err, parley.Conflict, "called Lt Ruiz already")
	}
	_, err := a.st.AddOfficer(ctx, Officer{}, "Joe", []parley.Office{parley.Watch, "wacht"})
	wantKind(t, "an office that there is not", err, parley.Malformed, `no line has an office "wacht"`)
	if err := a.st.RemoveOfficer(ctx, Officer{}, a.watch.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.AddOfficer(ctx, Officer{}, "Lt Ruiz", []parley.Office{parley.Watch}); err != nil {
		t.Errorf("the name of an officer who is gone: %v", err)
	}
}
