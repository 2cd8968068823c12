package contact

import (
	"reflect"
	"slices"
	"testing"

	"parley"
	"parley/internal/form"
)

func knownOffice(o parley.Office) bool {
	return slices.Contains([]parley.Office{parley.Watch, parley.Envoy, parley.Principal}, o)
}

// TestLevelsAreRead: a rule is read back as it was written, and says who arranges;
// without one each level is as it always was, and nothing is outside.
func TestLevelsAreRead(t *testing.T) {
	v := Levels{Commander: {parley.Watch}, Leader: {parley.Envoy, parley.Principal}}
	other := form.Unknown{20: {0x01}}
	u := v.Write(other)
	got, err := ReadLevels(u, knownOffice)
	if err != nil || !reflect.DeepEqual(got, v) || len(u) != 2 || len(other) != 1 {
		t.Fatalf("read %v, %v of %v", got, err, u)
	}
	if got, err := ReadLevels(Levels(nil).Write(u), knownOffice); got != nil || err != nil {
		t.Errorf("taken out: %v, %v", got, err)
	}
	if back, err := ParseLevels(v.Words()); err != nil || !reflect.DeepEqual(back, v) {
		t.Errorf("in words %v, back %v, %v", v.Words(), back, err)
	}
	for _, x := range []struct {
		level   Level
		office  parley.Office
		outside bool
	}{{Leader, parley.Watch, true}, {Leader, parley.Envoy, false}, {Commander, parley.Envoy, true}, {Commander, parley.Watch, false}, {Working, parley.Envoy, true}, {Minister, parley.Principal, true}} {
		if v.Outside(x.level, x.office) != x.outside || Levels(nil).Outside(x.level, x.office) {
			t.Errorf("%s at the level %s: outside is %v, without a rule %v", x.office, x.level, !x.outside, Levels(nil).Outside(x.level, x.office))
		}
	}
	if got := Levels(nil).Offices(Minister); slices.Contains(got, parley.Watch) || !slices.Contains(Levels(nil).Offices(Commander), parley.Watch) {
		t.Errorf("without a rule ministers' contacts are arranged by %v", got)
	}
}

// TestLevelsAreRefused: a rule that nobody could keep is none.
func TestLevelsAreRefused(t *testing.T) {
	for name, u := range map[string]form.Unknown{
		"empty":             Levels{}.Write(nil),
		"no office":         Levels{Leader: {}}.Write(nil),
		"unknown office":    Levels{Leader: {"herald"}}.Write(nil),
		"twice":             Levels{Leader: {parley.Envoy, parley.Envoy}}.Write(nil),
		"a fifth level":     Levels{4: {parley.Envoy}}.Write(nil),
		"null":              {LevelsKey: {0xf6}},
		"not a map":         {LevelsKey: {0x01}},
		"offices no list":   {LevelsKey: {0xa1, 0x03, 0x65, 'e', 'n', 'v', 'o', 'y'}},
		"longer than it is": {LevelsKey: {0xa1, 0x18, 0x03, 0x81, 0x65, 'e', 'n', 'v', 'o', 'y'}},
	} {
		if v, err := ReadLevels(u, knownOffice); err == nil || parley.KindOf(err) != parley.BadForm && parley.KindOf(err) != parley.Malformed {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}
