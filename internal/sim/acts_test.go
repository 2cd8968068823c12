package sim

import (
	"testing"
	"time"

	"parley/internal/form"
)

// kept fails unless a plan keeps every promise.
func kept(t *testing.T, p *Plan) *Result {
	t.Helper()
	p.sort()
	r := Run(p, Options{Story: true})
	if r.Broken != nil {
		t.Errorf("%v", r.Broken)
		for _, e := range r.Story {
			if told[e.What] {
				t.Logf("%s %s", Clock(e.At), e.Text)
			}
		}
	}
	return r
}

// TestAttachmentsUnderFault: one is altered on its way and asked for again, one
// is cut on a slow cable and resumed by a station that lost power meanwhile, and
// more than the bound of a day waits for the next.
func TestAttachmentsUnderFault(t *testing.T) {
	p := &Plan{Seed: 4, Parties: 2, Cables: 1, Hours: 2, Acts: []Act{
		{At: time.Minute, Kind: Noise, A: 0, B: 1, N: noiseCorrupt, X: 1.6, For: 10 * time.Minute},
		{At: 2 * time.Minute, Kind: Attach, A: 0, N: 180_000},
		{At: 30 * time.Minute, Kind: Slowness, A: 0, B: 1, N: 2000, For: 30 * time.Minute},
		{At: 31 * time.Minute, Kind: Attach, A: 0, N: 140_000},
		{At: 32 * time.Minute, Kind: Cut, A: 0, B: 1, N: 3, For: time.Minute},
		{At: 34 * time.Minute, Kind: Crash, A: 1, N: int(pointIdle), For: time.Minute},
	}}
	r := kept(t, p)
	if c := r.Counts; c.Attached != 2 || c.Chunks < 6 || c.Damaged == 0 {
		t.Errorf("%d attached, %d chunks, %d damaged: too little went wrong", c.Attached, c.Chunks, c.Damaged)
	}
	p = &Plan{Seed: 5, Parties: 2, Cables: 1, Hours: 1}
	for i := range 4 {
		p.Acts = append(p.Acts, Act{At: time.Duration(i+1) * time.Minute, Kind: Attach, A: 0, N: 150_000})
	}
	for hours, least := range map[float64]int{1: 4, 14: 8} { // the day ends ten hours after the beginning
		p.Hours = hours
		later := 0
		r := kept(t, p)
		for _, e := range r.Story {
			if e.What == "later" {
				later++
			}
		}
		if c := r.Counts; later == 0 || hours == 1 && c.Chunks > 8 || c.Chunks < least {
			t.Errorf("in %g hours %d chunks come, %d times one waits for the next day", hours, c.Chunks, later)
		}
	}
}

// TestAmendmentsTakeEffect: of two rivals one comes into force; of four parties
// one is put out and one leaves, and the last two go on.
func TestAmendmentsTakeEffect(t *testing.T) {
	p := &Plan{Seed: 6, Parties: 4, Cables: 1, Hours: 3, Acts: []Act{
		{At: time.Minute, Kind: Amend, A: 0},
		{At: time.Minute + 10*time.Millisecond, Kind: Amend, A: 1},
		{At: 20 * time.Minute, Kind: Crash, A: 2, N: int(pointTorn), For: 5 * time.Minute},
		{At: 60 * time.Minute, Kind: Remove, A: 1, B: 3},
		{At: 100 * time.Minute, Kind: Leave, A: 2},
		{At: 110 * time.Minute, Kind: Say, A: 0, N: 100},
		{At: 111 * time.Minute, Kind: Say, A: 1, N: 100},
		{At: 112 * time.Minute, Kind: Say, A: 2, N: 100},
	}}
	for _, at := range []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 70 * time.Minute, 75 * time.Minute} {
		for a := range 4 {
			p.Acts = append(p.Acts, Act{At: at, Kind: Assent, A: a})
		}
	}
	r := kept(t, p)
	if c := r.Counts; c.Amended != 2 || c.Out != 1 || c.Acts == 0 {
		t.Errorf("%d amendments in force, %d parties left, %d acts compared; want 2, 1 and some", c.Amended, c.Out, c.Acts)
	}
	if form.ToCharter != 0 || ofAnnex != 1 {
		t.Error("the bits of an amendment name other documents than the forms do")
	}
}

// TestNobodyAssentsBlind is what seed 80031 shrank to: a station that lost its
// keys assented to a rival of what it could not read, and came under it alone.
func TestNobodyAssentsBlind(t *testing.T) {
	r := kept(t, &Plan{Seed: 80031, Parties: 2, Cables: 1, Hours: 0.16, Acts: []Act{
		{At: 5 * time.Second, Kind: Flip, A: 0},
		{At: 6 * time.Second, Kind: Amend, A: 1, N: ofAnnex | reckless},
		{At: 529 * time.Second, Kind: Cut, A: 1, B: 0, N: 2, For: time.Minute},
		{At: 544 * time.Second, Kind: Amend, A: 1, N: ofAnnex | reckless},
	}})
	if r.Counts.Amended != 1 {
		t.Errorf("%d annexes come into force, want the one that outranks", r.Counts.Amended)
	}
}
