package trunk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"
)

// world is two trunks on virtual time, and paths between them that lose,
// repeat, reorder and delay what they are given.
type world struct {
	t    testing.TB
	now  time.Time
	rng  *rand.Rand
	a, b *end
	fly  []flying
}

type end struct {
	*Trunk
	w     *world
	paths []Path
	got   []rtp.Packet // delivered, payloads copied
	asked []uint32
}

type flying struct {
	at   time.Time
	to   *end
	path string
	b    []byte
}

// road is one direction of a path.
type road struct {
	w                    *world
	name                 string
	to                   *end
	mtu                  int
	delay, jitter        time.Duration
	loss, twice, reorder float64
	cut                  bool
	carried              int
	full                 bool // takes every second datagram only
	unsent               uint64
}

func (r *road) Name() string   { return r.name }
func (r *road) MTU() int       { return r.mtu }
func (r *road) Unsent() uint64 { return r.unsent }
func (r *road) Datagram(b []byte) error {
	r.carried++
	if r.full && r.carried%2 == 0 {
		r.unsent++
		return nil
	}
	if r.cut || r.w.rng.Float64() < r.loss {
		return nil
	}
	for n := 1; n > 0; n-- {
		d := r.delay
		if r.jitter > 0 {
			d += time.Duration(r.w.rng.Int64N(int64(r.jitter)))
		}
		if r.w.rng.Float64() < r.reorder {
			d += 45 * time.Millisecond
		}
		if r.w.rng.Float64() < r.twice {
			n++
		}
		r.w.fly = append(r.w.fly, flying{r.w.now.Add(d), r.to, r.name, bytes.Clone(b)})
	}
	return nil
}

const flow = 4711

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{t: t, now: time.Unix(1_795_000_000, 0), rng: rand.New(rand.NewPCG(seed, 1))}
	w.a, w.b = w.end(), w.end()
	return w
}

func (w *world) end() *end {
	e := &end{w: w}
	e.Trunk = New(Options{
		Flow: flow, Paths: func() []Path { return e.paths }, Now: func() time.Time { return w.now },
		Deliver: func(p *rtp.Packet) {
			q := *p
			q.Payload = bytes.Clone(p.Payload)
			e.got = append(e.got, q)
		},
		PictureAsked: func(ssrc uint32) { e.asked = append(e.asked, ssrc) },
	})
	return e
}

// join adds a path and returns both its directions.
func (w *world) join(name string) (ab, ba *road) {
	ab = &road{w: w, name: name, to: w.b, mtu: 1200, delay: 20 * time.Millisecond}
	ba = &road{w: w, name: name, to: w.a, mtu: 1200, delay: 20 * time.Millisecond}
	w.a.paths, w.b.paths = append(w.a.paths, ab), append(w.b.paths, ba)
	return ab, ba
}

// pass lets d go by, in steps of 5 ms, with a tick of both each 200 ms.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(5 * time.Millisecond)
		var left []flying
		fly := w.fly
		w.fly = nil
		for _, f := range fly {
			if f.at.After(w.now) {
				left = append(left, f)
				continue
			}
			f.to.Receive(f.path, f.b)
		}
		w.fly = append(w.fly, left...)
		if w.now.UnixMilli()%200 == 0 {
			w.a.Tick(w.now)
			w.b.Tick(w.now)
		}
	}
}

// voice is the i-th packet of an Opus source: its payload tells which it is.
func voice(ssrc uint32, i int) *rtp.Packet {
	payload := fmt.Appendf(nil, "%d/%d", ssrc, i)
	payload = append(payload, bytes.Repeat([]byte{byte(i)}, 60+i%40)...)
	return &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: Opus, SequenceNumber: uint16(60_000 + i), Timestamp: uint32(4_294_000_000 + 960*i), SSRC: ssrc, Marker: i%50 == 0}, Payload: payload}
}

// talk sends n packets of a voice, one each 20 ms, from the i-th.
func (w *world) talk(ssrc uint32, i, n int) {
	for range n {
		w.send(voice(ssrc, i))
		i++
		w.pass(20 * time.Millisecond)
	}
}

func (w *world) send(p *rtp.Packet) {
	w.t.Helper()
	if err := w.a.Send(p); err != nil {
		w.t.Fatalf("sending: %v", err)
	}
}

// judge fails unless what came is of voice ssrc, whole and nothing twice; it
// returns which came.
func (w *world) judge(ssrc uint32) map[int]bool {
	w.t.Helper()
	seen := map[int]bool{}
	for _, p := range w.b.got {
		if p.SSRC != ssrc {
			continue
		}
		i := int(p.Timestamp-4_294_000_000) / 960
		want := voice(ssrc, i)
		if seen[i] {
			w.t.Fatalf("packet %d was delivered twice", i)
		}
		seen[i] = true
		if !bytes.Equal(p.Payload, want.Payload) || p.Timestamp != want.Timestamp || p.SequenceNumber != want.SequenceNumber || p.PayloadType != Opus || p.Marker && !want.Marker ||
			p.Padding || p.Extension || len(p.CSRC) > 0 || p.Version != 2 {
			w.t.Fatalf("packet %d came as %v, want %v", i, &p, want)
		}
	}
	return seen
}

// raw is a datagram of the flow of RTP with any header byte and payload.
func raw(first, kind byte, seq uint16, ts, ssrc uint32, payload ...byte) []byte {
	b := quicvarint.Append(nil, 2*flow)
	b = append(b, first, kind)
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, ts)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	return append(b, payload...)
}
