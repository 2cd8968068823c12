package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/contact"
	"parley/internal/form"
)

// someCalls are entries about a few rings of two to four parties, as no desk would let
// anybody write them: at times that often are equal, before what they refer to, twice,
// of an exercise, of no party of the call, of a wording that refers to itself.
func someCalls(r *rand.Rand) (out []call.Entry) {
	parties := codes[:2+r.IntN(3)]
	next := map[parley.PartyCode]uint64{}
	write := func(f form.Form, refs ...parley.Ref) parley.Ref {
		e := call.Entry{Party: parties[r.IntN(len(parties))], Refs: refs, Form: f, Time: began.Add(time.Duration(r.IntN(14)) * 10 * time.Second)}
		for _, p := range parties {
			if p != e.Party && (len(e.To) == 0 || r.IntN(8) > 0) {
				e.To = append(e.To, p)
			}
		}
		if r.IntN(12) == 0 {
			e.Exercise = "autumn gale"
		}
		e.Ref.Gen[0], e.Ref.Index = byte(slices.Index(parties, e.Party)), next[e.Party]
		next[e.Party]++
		out = append(out, e)
		return e.Ref
	}
	var rings, wordings []parley.Ref
	for range 1 + r.IntN(4) {
		rings = append(rings, write(&call.Ring{Recording: contact.Recording(r.IntN(2))}))
	}
	of := func() parley.Ref { return rings[r.IntN(len(rings))] }
	for range r.IntN(16) {
		switch r.IntN(12) {
		case 0, 1, 2:
			write(&call.Pickup{Phase: uint64(r.IntN(5)) % 3}, of())
		case 3, 4:
			write(&call.Hangup{Outcome: uint64(r.IntN(4))}, of())
		case 5:
			write([]form.Form{&call.Roster{}, &call.Dispute{}, &call.Recording{}}[r.IntN(3)], of())
		case 6, 7:
			refs := []parley.Ref{of()}
			if len(wordings) > 0 && r.IntN(2) == 0 {
				refs = append(refs, wordings[r.IntN(len(wordings))])
			}
			wordings = append(wordings, write(&call.Wording{}, refs...))
			if r.IntN(20) == 0 {
				out[len(out)-1].Refs = []parley.Ref{refs[0], out[len(out)-1].Ref}
			}
		default:
			if len(wordings) > 0 {
				write(&call.Confirm{Phase: uint64(r.IntN(6)) % 5 % 3}, wordings[r.IntN(len(wordings))])
			}
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// TestCallModel holds what package call makes of sets of entries against the model,
// and sees that each kind of sentence was among what it was held to.
func TestCallModel(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(8000) {
		es := someCalls(rand.New(rand.NewPCG(seed, 7)))
		got, want := callText(call.Fold(es)), newCallModel(es).text()
		if got != want {
			var all []string
			for _, e := range es {
				all = append(all, fmt.Sprintf("%s %s to %v, %s, %q %+v of %v", e.Ref, e.Party, e.To, e.Time.Format(time.TimeOnly), e.Exercise, e.Form, e.Refs))
			}
			slices.Sort(all)
			t.Fatalf("seed %d:\n%s\npackage call says: %s\nthe model: %s", seed, strings.Join(all, "\n"), without(got, want), without(want, got))
		}
		for _, w := range []string{"is met", "is ringing", "is running", "is declined", "is busy", "is withdrawn", "is no-answer", "is ended", "is broken-off", "recorded true",
			"stands true", "replaced true", "says of wording", "roster of", "dispute of", "recording of", "never"} {
			seen[w] += strings.Count(got, w)
		}
		if m := newCallModel(es); slices.ContainsFunc(m.rings(), func(r *call.Entry) bool { return len(m.met(r)) > 1 }) {
			seen["two met by one"]++
		}
	}
	t.Log(seen)
	for w, n := range seen {
		if n < 20 {
			t.Errorf("%q is said %d times: the test does not reach it", w, n)
		}
	}
	if seen["two met by one"] == 0 {
		t.Error("no ring stands for two")
	}
}
