package rtc_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/internal/call/rtc"
)

// to sends a voice to a slot.
func to(d *rtc.Desk, slot int) func(*rtp.Packet, uint8) {
	return func(p *rtp.Packet, _ uint8) { d.Play(slot, p) }
}

// Two real browsers hear each other through a switch, each in the slot that was
// said and in no other, and a slot changes hands without a gap.
func TestBrowsersHearEachOther(t *testing.T) {
	h := newHall(t, listenAt(t, "0.0.0.0:0"))
	a, b := chromium(h, h.url, fakeMic...), firefox(h, h.url)
	da, ea := a.join("a", "{hz: 440}")
	db, eb := b.join("b", "{hz: 700}")
	ea.route(to(db, 3))
	eb.route(to(da, 0))
	b.hears(3, 440)
	a.hears(0, 700)
	eb.route(to(da, 7))
	a.hears(7, 700)

	// A tone of a third takes slot 3 of B and slot 7 of A over.
	c := chromium(h, h.url, fakeMic...)
	_, ec := c.join("c", "{hz: 1100}")
	for _, p := range []struct {
		*page
		d    *rtc.Desk
		slot int
	}{{a, da, 7}, {b, db, 3}} {
		var took atomic.Int64
		ask[bool](p.page, "turned("+string(rune('0'+p.slot))+", 1100)")
		first := func(q *rtp.Packet, _ uint8) {
			took.CompareAndSwap(0, time.Now().UnixMilli())
			p.d.Play(p.slot, q)
		}
		if p.page == a {
			eb.route(nil)
		} else {
			ea.route(nil)
		}
		ec.route(first)
		p.until("the third is heard", "turn > 0")
		gap := ask[int64](p.page, "turn") - took.Load()
		t.Logf("%s hears the third %d ms after its first packet was played", p.name, gap)
		if gap > 400 {
			t.Errorf("%s hears a change after %d ms", p.name, gap)
		}
		p.hears(p.slot, 1100)
		if s := p.d.Stats(); s.RTT > time.Second || s.Played == 0 || s.Refused > 0 {
			t.Errorf("%s: %+v", p.name, s)
		}
	}
	for _, e := range []*ears{ea, eb, ec} {
		e.mu.Lock()
		if l := e.levels[len(e.levels)-1]; l > 40 {
			t.Errorf("the level of a loud tone is -%d dBov", l)
		}
		e.mu.Unlock()
	}
	t.Logf("A: %v, B: %v", ask[any](a, "call.stats()"), ask[any](b, "call.stats()"))
	t.Logf("levels of the own microphone: %v, %v", ask[float64](a, "call.level()"), ask[float64](b, "call.level()"))
}
