package form_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"parley/internal/form"
	"parley/internal/form/formtest"
)

// TestSpecTables holds the tables of the specification to the definitions.
func TestSpecTables(t *testing.T) {
	blocks := formtest.Blocks(form.Definitions())
	var b strings.Builder
	for i, s := range form.TestTexts() {
		fmt.Fprintf(&b, "- %d: %s\n", i, s)
	}
	blocks["texts"] = b.String()
	formtest.Tables(t, "../../spec/forms.md", blocks, flag.Lookup("update").Value.String() == "true")
}
