package desk

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"parley/internal/contact"
)

// TestWordsOfContacts: the catalogue has a word for every code of contacts, for
// each form they are made of, and for every field that one shows.
func TestWordsOfContacts(t *testing.T) {
	en := books(t)["en"]
	want := []string{}
	for prefix, word := range map[string]func(uint64) fmt.Stringer{
		"level": func(n uint64) fmt.Stringer { return contact.Level(n) }, "medium": func(n uint64) fmt.Stringer { return contact.Medium(n) },
		"interpreting": func(n uint64) fmt.Stringer { return contact.Interpreting(n) }, "recording": func(n uint64) fmt.Stringer { return contact.Recording(n) },
		"reason": func(n uint64) fmt.Stringer { return contact.Reason(n + 1) }, "role": func(n uint64) fmt.Stringer { return contact.Role(n) },
		"kind": func(n uint64) fmt.Stringer { return contact.Kind(n) }, "stand": func(n uint64) fmt.Stringer { return contact.Stand(n) },
		"sort": func(n uint64) fmt.Stringer { return contact.Sort(n) }, "outcome": func(n uint64) fmt.Stringer { return contact.Outcome(n) },
	} {
		n := uint64(0)
		for ; !strings.HasPrefix(word(n).String(), "unknown"); n++ {
			want = append(want, "contact."+prefix+"."+word(n).String())
		}
		if n < 3 {
			t.Errorf("%d words of %s: the search is broken", n, prefix)
		}
	}
	for _, s := range []contact.State{contact.Asked, contact.NoAnswer, contact.Declined, contact.Agreed, contact.Withdrawn, contact.Cancelled, contact.Lapsed, contact.Met, contact.Past, contact.Took, contact.Differ} {
		want = append(want, "contact.state."+string(s), "contact.say."+string(s))
	}
	for _, f := range contact.Forms {
		want = append(want, "form."+f)
	}
	src, err := os.ReadFile("../contact/sheet.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`s\.Add\("[^"]+", "([^"]+)"`).FindAllStringSubmatch(string(src), -1)
	if len(shown) < 30 {
		t.Errorf("%d fields: the search is broken", len(shown))
	}
	for _, m := range shown {
		want = append(want, "field."+m[1])
	}
	for _, k := range append(pointKinds, "agreed", "proposed", "done", "dropped") {
		if !en.has("contact.kind."+k) && !en.has("contact.point."+k) {
			t.Errorf("no message for the point %q", k)
		}
	}
	for _, act := range []string{"ask", "offer", "import", "enter", "register"} {
		want = append(want, "said.contact_"+act)
	}
	for act := range contactActs {
		want = append(want, "said.contact_"+act)
	}
	for _, k := range want {
		if !en.has(k) {
			t.Errorf("no message %q", k)
		}
	}
}
