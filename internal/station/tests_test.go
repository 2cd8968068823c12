package station

import "testing"

// TestProbeHandedOutAtOnce: a probe that is handed out before its filing is
// noted does not keep every later test from being made.
func TestProbeHandedOutAtOnce(t *testing.T) {
	var s testState
	s.leaves(7)
	s.waits(7)
	if s.filed != 0 {
		t.Error("a probe that was handed out still waits")
	}
	s.waits(9)
	if s.filed != 9 {
		t.Error("a probe that was filed does not wait")
	}
	s.leaves(9)
	if s.filed != 0 || s.handed != 9 {
		t.Errorf("after it was handed out: %+v", s)
	}
}
