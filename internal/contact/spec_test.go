package contact

import (
	"flag"
	"slices"
	"testing"

	"parley/internal/form"
	"parley/internal/form/formtest"
)

var update = flag.Bool("update", false, "rewrite the tables of spec/contacts.md")

func definitions() []form.Definition {
	return []form.Definition{requestForm(), replyForm(), callOffForm(), pointForm(), registerForm(), stanceForm(), askForm(), answerForm()}
}

// TestSpecTables holds the tables of the specification to the definitions.
func TestSpecTables(t *testing.T) {
	formtest.Tables(t, "../../spec/contacts.md", formtest.Blocks(definitions()), *update)
}

func TestAllAreRegistered(t *testing.T) {
	for _, d := range definitions() {
		if got, ok := form.Find(d.Name); !ok || got.Title != d.Title {
			t.Errorf("%s is not registered", d.Name)
		}
	}
}

func TestFormsAreAll(t *testing.T) {
	var names []string
	for _, d := range definitions() {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, Forms) {
		t.Errorf("Forms are %q, the definitions %q", Forms, names)
	}
}
