package drill

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// How much of each drill is done. The defaults are the short set.
var (
	kills     = flag.Int("kills", 8, "kill -9 so many times")
	allFaults = flag.Bool("faults", false, "the whole table of failing disks")
	powers    = flag.Int("powers", 2, "lose power so many times")
	restores  = flag.Int("restores", 1, "restore an old backup so many times")
	losses    = flag.Int("losses", 1, "lose everything so many times")
	runs      = flag.Int("histories", 1, "so many histories for porcupine, with two parties and with three")
	pairs     = flag.Int("pairs", 2, "worlds at the same time")
	seed      = flag.Uint64("seed", 0, "of all random choices; 0: drawn, and printed")
	keep      = flag.String("keep", "", "directory to keep the data of failed worlds in")
	binary    = flag.String("parley", "", "the program to try; built from the directory above when empty")
)

// program is the path of the parley binary that all drills run.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	fmt.Printf("seed %d\n", *seed)
	if program = *binary; program == "" {
		dir, err := os.MkdirTemp("", "drill-bin-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "parley")
		if out, err := exec.Command("go", "build", "-C", "..", "-o", program, "./cmd/parley").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building parley: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}
