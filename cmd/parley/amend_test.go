package main

import (
	"encoding/json"
	"testing"

	"parley"
	"parley/internal/station"
)

// FuzzReadProposal: whatever stands in the file, a proposal is one part that
// differs from what is in force, or a refusal of a kind that names the file.
func FuzzReadProposal(f *testing.F) {
	now := station.CharterView{Charter: station.CharterText{Parties: []station.CharterParty{{Code: "alder", Name: "Alder"}}, Recording: "nothing"}}
	whole, err := json.Marshal(now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"parties": [], "recording": "all"}`))
	f.Add([]byte(`{"bounds": {"8": 10}, "witnesses": [], "keep_alive_seconds": 2}`))
	f.Add([]byte(`{"charter": {"parties": []}, "annex": {"bounds": {"8": 1}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readProposal(b, now)
		switch k := parley.KindOf(err); {
		case err != nil && k != parley.Malformed && k != parley.BadForm:
			t.Fatalf("kind %v: %v", k, err)
		case err == nil && (p.Charter == nil) == (p.Annex == nil):
			t.Fatalf("%q is a proposal of %+v", b, p)
		}
	})
}
