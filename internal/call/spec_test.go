package call

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/form"
	"parley/internal/form/formtest"
)

var update = flag.Bool("update", false, "rewrite the tables of spec/calls.md")

func definitions() []form.Definition {
	return []form.Definition{ringForm(), pickupForm(), hangupForm(), rosterForm(), wordingForm(), confirmForm(), disputeForm(), recordingForm()}
}

// TestSpecTables holds the tables of the specification to the definitions.
func TestSpecTables(t *testing.T) {
	formtest.Tables(t, "../../spec/calls.md", formtest.Blocks(definitions()), *update)
}

func TestAllAreRegistered(t *testing.T) {
	for _, d := range definitions() {
		if got, ok := form.Find(d.Name); !ok || got.Title != d.Title {
			t.Errorf("%s is not registered", d.Name)
		}
	}
}

// TestSpecSaysOurNumbers: what the page says of bounds and times is what we do.
func TestSpecSaysOurNumbers(t *testing.T) {
	b, err := os.ReadFile("../../spec/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("at most %d,%03d bytes (`oversize`), with at most %d people, %d signals, %d languages of talk and %d sides seen", maxHalf/1000, maxHalf%1000, MaxPeople, MaxSignals, MaxTalk, MaxSeen),
		fmt.Sprintf("0..%d  ", maxClock), fmt.Sprintf("of 1 to %d characters", maxName), fmt.Sprintf("a line of at most %d characters", maxReason),
		fmt.Sprintf("every %d ms by a side", Haste.Milliseconds()), fmt.Sprintf("not heard for %d s", LostAt/time.Second),
		fmt.Sprintf("plus %d s, plus twice", leastGap/time.Second), fmt.Sprintf("at most %d s in all", mostGap/time.Second), fmt.Sprintf("by more than %d ms, it follows", moved.Milliseconds()),
		fmt.Sprintf("Of the last %d the one", len(offset{}.last)), fmt.Sprintf("and %d ms, a clock", rounding.Milliseconds()), "more than 2^20 above", fmt.Sprintf("at most %d s after the earlier", RingFor/time.Second),
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if maxLeap != 1<<20 || maxClock != 1<<52 || Beat != time.Second {
		t.Error("the page says other numbers")
	}
	for i, w := range append(append([]string(nil), placeWords...), allPhases...) {
		if !strings.Contains(string(b), w) {
			t.Errorf("word %d, %q, is not on the page", i, w)
		}
	}
}

// allPhases are the phases of a call.
var allPhases = []string{string(Ringing), string(Running), string(Declined), string(WasBusy), string(GivenUp), string(NobodyIn), string(Over), string(BrokenOff), string(Met)}

func TestFormsAreAll(t *testing.T) {
	var names []string
	for _, d := range definitions() {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, Forms) {
		t.Errorf("Forms are %q, the definitions %q", Forms, names)
	}
}
