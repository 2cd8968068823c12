//go:build race

package simdisk_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestMain runs the package without the race detector, under which the engine, a
// translation of C, takes twenty times as long: one goroutine at a time uses a disk
// here. TestModel alone runs with it too, for what it says of pointers.
func TestMain(m *testing.M) {
	flag.Parse()
	cmd := exec.Command("go", "test", "-count=1", "-timeout", "20m", "-run", flag.Lookup("test.run").Value.String(), ".")
	out, err := cmd.CombinedOutput()
	fmt.Printf("without the race detector:\n%s", out)
	if err != nil {
		os.Exit(1)
	}
	if err := flag.Set("test.run", "^TestModel$"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
