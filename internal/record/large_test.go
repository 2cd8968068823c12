package record_test

import (
	"fmt"

	"parley"
	"parley/internal/form"
	"parley/internal/record/recordtest"
)

// large is a line of two with n dispatches of Alder's, a checkpoint and a
// receipt over every sixteen.
func large(n int) *recordtest.Line {
	s := recordtest.NewStory(nil)
	for i := range n {
		s.Alder.Write(recordtest.Start+200+uint64(i), form.Header{From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}},
			Marker: parley.Information, Language: "en"}, &form.Dispatch{Subject: fmt.Sprintf("Notice %d", i), Text: fmt.Sprintf("Notice to mariners number %d: the light at the north mole is out of order until further notice; keep a distance of %d metres.", i, i%500)})
		if i%16 == 15 || i == n-1 {
			s.Alder.Checkpoint()
			s.Birch.Receive(s.Alder, recordtest.Start+201+uint64(i))
			s.Birch.Write(recordtest.Start+201+uint64(i), form.Header{}, &form.Seen{})
			s.Birch.Checkpoint()
			s.Alder.Receive(s.Birch, recordtest.Start+202+uint64(i))
		}
	}
	return s.Line
}
