package owner

import (
	"strings"
	"testing"

	"parley"
	"parley/internal/line"
)

func TestBehindMark(t *testing.T) {
	old, cur := parley.GenerationID{1}, parley.GenerationID{2}
	s := line.Status{Own: cur, Logs: []line.LogStatus{{Gen: old, Size: 9}, {Gen: cur, Size: 5, Root: [32]byte{5}}}}
	for _, c := range []struct {
		gen        parley.GenerationID
		size       uint64
		root       [32]byte
		why        string
		superseded bool
	}{
		{cur, 5, [32]byte{5}, "", false},
		{cur, 4, [32]byte{4}, "", false},
		{old, 9, [32]byte{}, "", false},
		{cur, 6, [32]byte{6}, "the store knows of 5", false},
		{cur, 5, [32]byte{6}, "disagree", false},
		{parley.GenerationID{3}, 1, [32]byte{}, "does not know", true},
	} {
		why, superseded := BehindMark(s, c.gen, c.size, c.root)
		if (why == "") != (c.why == "") || !strings.Contains(why, c.why) || superseded != c.superseded {
			t.Errorf("mark %s at %d: %q, %t", c.gen, c.size, why, superseded)
		}
	}
}
