package stage

import (
	"testing"
	"time"

	"parley"
	"parley/internal/stage/voice"
	"parley/internal/station"
)

func speech(t *testing.T, name string) *voice.Speech {
	t.Helper()
	s, err := voice.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOnlyWhatIsForHim: one packet that is not for him fails the step, and so does
// a voice that is not heard.
func TestOnlyWhatIsForHim(t *testing.T) {
	booth, floor := speech(t, "birch-interpreter"), speech(t, "birch-principal")
	heard := map[string]voice.Heard{booth.Name: {Told: 100, Packets: 100}}
	if err := only(heard, []*voice.Speech{booth}); err != nil {
		t.Errorf("what was for him: %v", err)
	}
	if err := only(heard, []*voice.Speech{booth, floor}); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("a voice that he did not hear: %v", err)
	}
	heard[floor.Name] = voice.Heard{Told: 1, Packets: 1}
	if err := only(heard, []*voice.Speech{booth}); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("one packet that was not for him: %v", err)
	}
	if err := only(heard, nil); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("packets where nobody was to be heard: %v", err)
	}
}

// TestTalkIsWhatWasSaid: ends that count the talk in a lobby are refused.
func TestTalkIsWhatWasSaid(t *testing.T) {
	said, rendered := speech(t, "alder-principal").Lasts(), speech(t, "alder-interpreter").Lasts()
	end := func(en, zh time.Duration) []station.CallEnd {
		return []station.CallEnd{{By: "alder", Talk: []station.CallTalk{{Language: "en", For: en}, {Language: "zh", For: zh}}}}
	}
	if err := truly(end(said+200*time.Millisecond, rendered)); err != nil {
		t.Error(err)
	}
	for _, e := range [][]station.CallEnd{end(said+2*time.Second, rendered), end(said, rendered/2)} {
		if truly(e) == nil {
			t.Errorf("%v was believed", e)
		}
	}
}
