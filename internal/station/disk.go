package station

import (
	"fmt"
	"syscall"
	"time"

	"parley"
	"parley/internal/own"
)

// What is kept of the disk for our own logs where the configuration names no share:
// a tenth, and no more than what is enough for long on a large disk (spec/bounds.md,
// docs/decisions/0014-disk-reserve.md).
const (
	usualReserve = 10      // percent
	mostReserve  = 8 << 30 // bytes
)

// diskEvery is how often the disk is looked at.
const diskEvery = 5 * time.Second

// diskFree returns the free share of the disk of a directory, in percent, and how
// many bytes the disk has.
func diskFree(dir string) (percent int, size uint64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	if st.Blocks == 0 {
		return 100, 0, nil
	}
	return int(st.Bavail * 100 / st.Blocks), st.Blocks * uint64(st.Bsize), nil
}

// reserve is the share of a disk of size bytes that is kept for our own logs, in
// percent.
func (c Config) reserve(size uint64) int {
	if c.KeepFree > 0 {
		return c.KeepFree
	}
	if size <= mostReserve {
		return usualReserve
	}
	return int(min(usualReserve, (100*mostReserve+size-1)/size))
}

// lookAtDisk closes the station to what peers send while less than the reserve
// is free, and raises an alarm on every line when that begins and each minute.
// Our own logs go on (spec/bounds.md).
func (s *Station) lookAtDisk() {
	free, size, err := diskFree(s.cfg.Dir)
	if err != nil {
		s.log.Error("looking at the disk", "dir", s.cfg.Dir, "err", err)
		return
	}
	reserve := s.cfg.reserve(size)
	low := free < reserve
	was := s.low.Swap(low)
	if !low {
		if was {
			s.log.Warn("the disk has room again; peers' entries are taken", "free", free)
		}
		return
	}
	s.mu.Lock()
	if len(s.lines) == 0 || was && s.now().Sub(s.lowTold) < time.Minute {
		s.mu.Unlock()
		return
	}
	s.lowTold = s.now()
	lines := make([]*liveLine, 0, len(s.lines))
	for _, l := range s.lines {
		lines = append(lines, l)
	}
	s.mu.Unlock()
	for _, l := range lines {
		s.alarms(l, own.Alarm{Code: "disk", Text: fmt.Sprintf("Only %d %% of the disk of %s is free. Below %d %% it is kept for our own logs: nothing more of a peer is taken in. Free space, or give the data directory a larger disk.",
			free, s.cfg.Dir, reserve)})
	}
}

// roomForFile refuses a file that an officer attaches where it would leave less than
// half of what is kept for our own logs: nobody at a desk, nor whoever has a token,
// takes the room from what is to be said. The error is DiskFull.
func (c Config) roomForFile(n int64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(c.Dir, &st); err != nil || st.Blocks == 0 {
		return nil // what is written says so itself
	}
	size := st.Blocks * uint64(st.Bsize)
	if float64(st.Bavail)*float64(st.Bsize)-float64(n) < float64(size)*float64(c.reserve(size))/200 {
		return parley.Errorf(parley.DiskFull, "the rest of our disk is kept for what our side says").WithHint("free space on the disk of the data directory; a dispatch without a file still goes")
	}
	return nil
}

// diskKept is why something of a peer is not taken.
func diskKept() error {
	return parley.Errorf(parley.DiskFull, "the rest of our disk is kept for our own logs").WithHint("free space on the disk of the data directory")
}
