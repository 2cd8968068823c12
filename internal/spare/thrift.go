package spare

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// While a process works, the collector of garbage lets the heap grow to twice what is
// in use before it collects. At rest little garbage comes, and room for so much of it
// is only held: then it collects sooner.
const (
	workPercent = 100
	restPercent = 25
	restRoom    = 8 << 20 // bytes that garbage may take at rest in any case
	lookEvery   = 5 * time.Second
)

// Thrift has the collector of this process keep less room while working reports
// false, until ctx ends. Where GOGC is set it does nothing: somebody has decided.
func Thrift(ctx context.Context, working func() bool) {
	if os.Getenv("GOGC") != "" {
		return
	}
	defer debug.SetGCPercent(workPercent)
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for percent := workPercent; ; {
		want := workPercent
		if !working() {
			want = atRest(inUse())
		}
		if was := percent; want != was {
			debug.SetGCPercent(want)
			if percent = want; want < was && was == workPercent {
				debug.FreeOSMemory() // what the work before took
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// atRest is the percentage for a process in which so many bytes are in use.
func atRest(bytes uint64) int {
	if bytes <= restRoom {
		return workPercent
	}
	p := int(100 * restRoom / bytes)
	return min(workPercent, max(restPercent, p/restPercent*restPercent)) // in steps, so that it is seldom set
}

// inUse is what the last collection left, and stacks: what the percentage is of.
func inUse() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
