package station

import (
	"testing"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/wire"
)

// TestAskedIsContent: at rest the side that was dialed answers each ping and asks
// itself once in four keep-alives, with an answer; where something else comes, where
// nobody answers it, and on the side that dialed, it is as it was. Who asks too often
// is not asked more often.
func TestAskedIsContent(t *testing.T) {
	t.Parallel()
	const every = charter.DefaultKeepAlive
	for _, c := range []struct {
		name           string
		dialed, busy   bool
		deaf           bool // our pings are not answered
		apart          time.Duration
		pings, answers int // of ours in 240 keep-alives, to a tenth
	}{
		{name: "at rest", apart: every, pings: 60, answers: 240},
		{name: "busy", busy: true, apart: every, pings: 240, answers: 240},
		{name: "dialed", dialed: true, apart: every, pings: 240, answers: 240},
		{name: "nobody answers", deaf: true, apart: every, pings: 240, answers: 240},
		{name: "asked too often", apart: every / 100, pings: 66, answers: 24000},
		{name: "asked too often by the deaf", deaf: true, apart: every / 100, pings: 240, answers: 24000},
		{name: "asked too seldom", apart: 2 * every, pings: 120, answers: 120},
		{name: "not asked", apart: time.Hour, pings: 240},
	} {
		n, l := cabled()
		l.founding, l.diskLow, n.words = &charter.Founding{}, func() bool { return false }, map[parley.LineID]lastWords{}
		l.setPeers()
		now := time.Unix(1e9, 0)
		n.now = func() time.Time { return now }
		var asked []uint64
		pings, answers := 0, 0
		s := n.open(l, "birch", "QUIC", &cable{sent: func(b []byte) {
			f, err := wire.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			switch f := f.(type) {
			case *wire.Ping:
				asked, pings = append(asked, f.Token), pings+1
			case *wire.Pong:
				answers++
			}
		}}, c.dialed)
		now = now.Add(restAfter)
		s.ping(now, now.Add(every))
		pings = 0
		came := now
		for end := now.Add(240 * every); now.Before(end); now = now.Add(every / 100) {
			if !c.deaf {
				for _, tok := range asked {
					s.pong(&wire.Pong{Token: tok, State: wire.PongState{StorageOK: true}})
				}
			}
			asked = nil
			if now.Sub(came) >= c.apart {
				came = now
				if c.busy {
					s.noteBusy(&wire.Have{})
				}
				s.pingIn(&wire.Ping{Token: 1})
			}
			if !now.Before(s.next) { // as beat does
				s.ping(now, now.Add(every))
			}
		}
		if near := func(got, want int) bool { return 10*got >= 9*want && 10*got <= 11*want }; !near(pings, c.pings) || !near(answers, c.answers) {
			t.Errorf("%s: %d pings and %d answers, want some %d and %d", c.name, pings, answers, c.pings, c.answers)
		}
	}
}
