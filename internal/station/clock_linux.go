package station

import "golang.org/x/sys/unix"

// clockSynced asks the kernel whether something keeps its clock; known is false
// where it does not say.
func clockSynced() (synced, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t) // with no mode set it reads
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}
