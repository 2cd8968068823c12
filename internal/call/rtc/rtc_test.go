package rtc_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/internal/call/rtc"
)

var whole = shape{voices: 8, pictures: 3, mic: true, camera: true}

// A's voice reaches B in slot 3 and nowhere else, and B's reaches A in slot 0.
func TestVoicesReachTheirSlots(t *testing.T) {
	s := listen(t)
	a, b := newClient(t, whole), newClient(t, whole)
	ea, eb := newEars(), newEars()
	da, db := a.join(s, ea), b.join(s, eb)
	ea.route(func(p *rtp.Packet, _ uint8) { db.Play(3, p) })
	eb.route(func(p *rtp.Packet, _ uint8) { da.Play(0, p) })
	if v, p := da.Slots(); v != rtc.Voices || p != rtc.Pictures {
		t.Errorf("%d and %d slots", v, p)
	}
	for i := range 50 {
		a.speak(fmt.Sprint("a", i))
		b.speak(fmt.Sprint("b", i))
		time.Sleep(2 * time.Millisecond)
	}
	a.until("B hears A", func() bool { return len(b.played("voice3")) >= 40 })
	a.until("A hears B", func() bool { return len(a.played("voice0")) >= 40 })
	for _, c := range []struct {
		who  *client
		only string
		of   byte
	}{{b, "voice3", 'a'}, {a, "voice0", 'b'}} {
		for i := range rtc.Voices {
			if name := fmt.Sprint("voice", i); name != c.only && len(c.who.played(name)) > 0 {
				t.Errorf("%d packets in %s", len(c.who.played(name)), name)
			}
		}
		list := c.who.played(c.only)
		if !list[0].Marker || list[1].Marker {
			t.Errorf("markers %v %v, want true and false", list[0].Marker, list[1].Marker)
		}
		for i, p := range list {
			if p.Payload[0] != c.of || p.PayloadType != 109 || len(p.GetExtensionIDs()) > 0 {
				t.Errorf("packet %d: %v %q", i, p.Header, p.Payload)
			}
			if i > 0 && (p.SequenceNumber != list[i-1].SequenceNumber+1 || p.Timestamp != list[i-1].Timestamp+960 || p.SSRC != list[0].SSRC) {
				t.Errorf("packet %d follows %v with %v", i, list[i-1].Header, p.Header)
			}
		}
	}
	if got := ea.said()[0]; got.PayloadType != rtc.Opus || got.SSRC == eb.said()[0].SSRC {
		t.Errorf("between desks: %v beside %v", got.Header, eb.said()[0].Header)
	}
	da.Close()
	db.Close()
	for _, e := range []*ears{ea, eb} {
		if err := <-e.gone; err != nil {
			t.Errorf("gone: %v", err)
		}
	}
}

// BenchmarkForward is what one packet costs from the microphone of one desk to the
// slot of another, the clients and the kernel's loopback included; and how long it
// is under way.
func BenchmarkForward(b *testing.B) {
	s := listen(b)
	from, to := newClient(b, shape{voices: 1, mic: true}), newClient(b, shape{voices: 1})
	e := newEars()
	from.join(s, e)
	d := to.join(s, newEars())
	e.route(func(p *rtp.Packet, _ uint8) { d.Play(0, p) })
	payload := strings.Repeat("x", 80) // 20 ms at 32 kbit/s
	from.speak(payload)
	from.until("the first", func() bool { return len(to.played("voice0")) > 0 })
	b.Run("direct", func(b *testing.B) { // from here to the client, as fast as it goes
		p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: rtc.Opus, SSRC: 9}, Payload: []byte(payload)}
		was := d.Stats()
		for b.Loop() {
			p.SequenceNumber++
			p.Timestamp += 960
			q := *p
			d.Play(0, &q)
			for now := d.Stats(); now.Played+now.Dropped+256 < was.Played+was.Dropped+uint64(p.SequenceNumber); now = d.Stats() {
				runtime.Gosched()
			}
			if p.SequenceNumber == 60000 {
				was, p.SequenceNumber = d.Stats(), 0
			}
		}
		now := d.Stats()
		b.ReportMetric(float64(now.Dropped-was.Dropped), "dropped")
	})
	var took []time.Duration
	for range 500 {
		n, at := len(to.played("voice0")), time.Now()
		from.speak(payload)
		for len(to.played("voice0")) == n && time.Since(at) < time.Second {
			time.Sleep(20 * time.Microsecond)
		}
		took = append(took, time.Since(at))
		time.Sleep(5 * time.Millisecond)
	}
	slices.Sort(took)
	b.Logf("from client to client: p50 %v, p99 %v", took[len(took)/2], took[len(took)*99/100])
}
