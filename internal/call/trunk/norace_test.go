//go:build !race

package trunk

import (
	"testing"
	"time"
)

// TestAllocations holds what a packet costs on its whole way to a bound. The race
// detector allocates, and empties pools: it is tried without (Makefile, unraced).
func TestAllocations(t *testing.T) {
	r := testing.Benchmark(BenchmarkForward)
	t.Logf("%v a packet, %d allocations", time.Duration(r.NsPerOp()), r.AllocsPerOp())
	if r.AllocsPerOp() > 0 {
		t.Errorf("a packet costs %d allocations", r.AllocsPerOp())
	}
}
