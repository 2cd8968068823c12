package station

import (
	"fmt"
	"syscall"
)

// reserve is the share of the disk kept for our own logs (spec/bounds.md).
const reserve = 10 // percent

// diskFree returns the free share of the disk of the data directory, in percent.
func diskFree(dir string) (int, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	if st.Blocks == 0 {
		return 100, nil
	}
	return int(st.Bavail * 100 / st.Blocks), nil
}

// lookAtDisk raises an alarm on every line while the disk runs full.
func (s *Station) lookAtDisk() {
	free, err := diskFree(s.cfg.Dir)
	if err != nil || free >= reserve {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		s.alarm(l, "disk", fmt.Sprintf("only %d %% of the disk is free; below %d %% it is kept for our own log", free, reserve), "")
	}
}
