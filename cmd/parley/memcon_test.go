package main

import (
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

var begunMemconID = regexp.MustCompile(`^Memcon ([a-z2-7]{16}) is begun\.\n$`)

// begunMemcon keeps the id of the memcon that was begun just now in a variable.
func begunMemcon(ts *testscript.TestScript, _ bool, args []string) {
	m := begunMemconID.FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("no memcon was begun: %q", ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], m[1])
}
