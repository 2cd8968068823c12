package trunk

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"
)

// TestDropped: what is not as it should be is dropped, for the reason it is.
func TestDropped(t *testing.T) {
	red := func(blocks ...block) []byte { return appendRED(nil, blocks, []byte("xyz")) }
	control := func(b ...byte) []byte { return append(quicvarint.Append(nil, 2*flow+1), b...) }
	long := bytes.Repeat([]byte{1}, MaxDatagram)
	for name, tt := range map[string]struct {
		b    []byte
		want Reason
	}{
		"nothing":                         {nil, OtherFlow},
		"half a flow":                     {[]byte{0x40}, OtherFlow},
		"another call":                    {quicvarint.Append(nil, 2*flow+2), OtherFlow},
		"no header":                       {quicvarint.Append(nil, 2*flow), Malformed},
		"half a header":                   {raw(0x80, Opus, 1, 1, 7)[:13], Malformed},
		"version 1":                       {raw(0x40, Opus, 1, 1, 7, 1), Malformed},
		"version 3":                       {raw(0xc0, Opus, 1, 1, 7, 1), Malformed},
		"contributors that are not there": {raw(0x8f, Opus, 1, 1, 7, 1, 2, 3), Malformed},
		"an extension that is not there":  {raw(0x90, Opus, 1, 1, 7, 0xbe, 0xde, 0, 9, 1, 2), Malformed},
		"half an extension's header":      {raw(0x90, Opus, 1, 1, 7, 0xbe), Malformed},
		"an extension that lies inside":   {raw(0x90, Opus, 1, 1, 7, 0x10, 0, 0, 1, 1, 200, 0, 0), Malformed},
		"padding of nothing":              {raw(0xa0, Opus, 1, 1, 7), Malformed},
		"padding of zero":                 {raw(0xa0, Opus, 1, 1, 7, 1, 0), Malformed},
		"more padding than packet":        {raw(0xa0, Opus, 1, 1, 7, 1, 3), Malformed},
		"a source nobody declared":        {raw(0x80, Opus, 1, 1, 9, 1), Undeclared},
		"G.722":                           {raw(0x80, 9, 1, 1, 7, 1), PayloadType},
		"telephone events":                {raw(0x80, 101, 1, 1, 7, 1), PayloadType},
		"RED without a block":             {raw(0x80, RED, 1, 1, 7), Malformed},
		"RED of video":                    {raw(0x80, RED, 1, 1, 7, VP8, 1), Malformed},
		"RED of RED":                      {raw(0x80, RED, 1, 1, 7, RED, 1), Malformed},
		"RED without a primary":           {raw(0x80, RED, 1, 1, 7, 0x80|Opus, 0xf, 0, 1, 1), Malformed},
		"RED that is cut in a header":     {raw(0x80, RED, 1, 1, 7, 0x80|Opus, 0xf), Malformed},
		"RED longer than the packet":      {raw(0x80, RED, 1, 1, 7, 0x80|Opus, 0xf, 0, 9, Opus, 1), Malformed},
		"RED of now":                      {raw(0x80, RED, 1, 1, 7, red(block{0, []byte("a")})...), Malformed},
		"RED of four":                     {raw(0x80, RED, 1, 1, 7, red(block{4, []byte("a")}, block{3, []byte("a")}, block{2, []byte("a")}, block{1, []byte("a")})...), Malformed},
		"too long":                        {raw(0x80, Opus, 1, 1, 7, long...), TooLarge},
		"RTCP of three bytes":             {control(0x80, 201, 0), Malformed},
		"RTCP longer than it is":          {control(0x80, 201, 0, 2, 0, 0, 0, 1), Malformed},
		"RTCP of version 0":               {control(0, 201, 0, 1, 0, 0, 0, 1), Malformed},
	} {
		w := newWorld(t, 1)
		w.join("one")
		w.b.Sources([]uint32{7})
		w.b.Receive("one", tt.b)
		if st := w.b.Stats(); len(st.Dropped) != 1 || st.Dropped[tt.want.String()] != 1 || st.Delivered != 0 {
			t.Errorf("%s: dropped %v, want %v", name, st.Dropped, tt.want)
		}
		w.b.Receive("one", raw(0x80, Opus, 1, 1, 7, 1)) // and nobody is worse off
		if len(w.b.got) != 1 {
			t.Errorf("%s: what came afterwards was not delivered", name)
		}
	}
}

// TestHeaderIsStripped: what a header may carry besides goes no further.
func TestHeaderIsStripped(t *testing.T) {
	for name, b := range map[string][]byte{
		"padding":      raw(0xa0, Opus, 1, 960, 7, 'x', 'y', 0, 0, 3),
		"contributors": raw(0x82, Opus, 1, 960, 7, 1, 2, 3, 4, 5, 6, 7, 8, 'x', 'y'),
		"extensions":   raw(0x90, Opus, 1, 960, 7, 0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0, 'x', 'y'),
		"everything":   raw(0xb1, Opus, 1, 960, 7, 1, 2, 3, 4, 0x10, 0, 0, 1, 1, 1, 0xaa, 0, 'x', 'y', 1),
	} {
		w := newWorld(t, 1)
		w.b.Sources([]uint32{7})
		w.b.Receive("one", b)
		want := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: Opus, SequenceNumber: 1, Timestamp: 960, SSRC: 7}, Payload: []byte("xy")}
		if len(w.b.got) != 1 || w.b.got[0].String() != want.String() || string(w.b.got[0].Payload) != "xy" || w.b.got[0].Extension || w.b.got[0].Padding {
			t.Errorf("%s: %v", name, w.b.got)
		}
	}
}

// TestTooFast: a source has a rate, and so has a path.
func TestTooFast(t *testing.T) {
	w := newWorld(t, 1)
	w.b.Sources([]uint32{7, 8, 9})
	for i := range 5000 { // ten seconds at 500 in a second
		w.now = w.now.Add(2 * time.Millisecond)
		w.b.Receive("one", raw(0x80, Opus, uint16(i), uint32(i*96), 7, 1))
		w.b.Receive("one", raw(0x80, VP8, uint16(i), uint32(i*96), 8, 1))
		if i%10 == 0 { // who keeps the rate is not touched by those who do not
			w.b.Receive("one", raw(0x80, Opus, uint16(i/10), uint32(i*96), 9, 1))
		}
	}
	n := map[uint32]int{}
	for _, p := range w.b.got {
		n[p.SSRC]++
	}
	if n[7] < 1200 || n[7] > 1320 || n[8] != 5000 || n[9] != 500 {
		t.Errorf("in ten seconds came %v", n)
	}
	if st := w.b.Stats(); st.Dropped["too-fast"] != uint64(5000-n[7]) {
		t.Errorf("dropped %v of %d", st.Dropped, 5000-n[7])
	}
	// RED does not get round the rate.
	w = newWorld(t, 1)
	w.b.Sources([]uint32{7})
	four := appendRED(nil, []block{{3, []byte("a")}, {2, []byte("b")}, {1, []byte("c")}}, []byte("d"))
	for i := range 5000 {
		w.now = w.now.Add(2 * time.Millisecond)
		w.b.Receive("one", raw(0x80, RED, uint16(4*i+3), uint32(i*96), 7, four...))
	}
	if len(w.b.got) < 1200 || len(w.b.got) > 1320 {
		t.Errorf("of RED came %d in ten seconds", len(w.b.got))
	}
	// Bytes: 1 MiB in a second on each path.
	w = newWorld(t, 1)
	w.b.Sources([]uint32{8})
	big := raw(0x80, VP8, 0, 0, 8, make([]byte, 1400)...)
	for i := range 20_000 { // 28 MB in ten seconds
		w.now = w.now.Add(500 * time.Microsecond)
		big[len(big)-1400-10], big[len(big)-1400-9] = byte(i>>8), byte(i)
		w.b.Receive("one", big)
	}
	if got := len(w.b.got) * len(big); got < 9<<20 || got > 11<<20 {
		t.Errorf("%d bytes came in ten seconds", got)
	}
}

// TestFloodIsBounded: whatever comes, nothing grows.
func TestFloodIsBounded(t *testing.T) {
	w := newWorld(t, 1)
	w.join("one")
	many := make([]uint32, 200)
	for i := range many {
		many[i] = uint32(i)
	}
	w.b.Sources(many)
	w.b.o.Deliver = func(*rtp.Packet) {}
	r := rand.New(rand.NewPCG(1, 1))
	flood := func(n int) {
		for i := range n {
			b := raw(byte(r.Uint32()), []byte{Opus, RED, VP8, PCMU, byte(r.Uint32())}[r.IntN(5)], uint16(r.Uint32()), r.Uint32(), r.Uint32N(100))
			for range r.IntN(40) {
				b = append(b, byte(r.Uint32()))
			}
			if r.IntN(2) == 0 {
				b[len(quicvarint.Append(nil, 2*flow))] = 0x80
			}
			if i%7 == 0 { // RTCP
				b = append(quicvarint.Append(nil, 2*flow+1), 0x80|byte(r.Uint32N(32)), byte(200+r.IntN(8)), 0, byte(r.IntN(12)))
				for range r.IntN(60) {
					b = append(b, byte(r.Uint32()))
				}
			}
			w.b.Receive(string(rune('a'+r.IntN(60))), b)
			if i%100 == 0 {
				w.now = w.now.Add(10 * time.Millisecond)
				w.b.Tick(w.now)
				w.fly = nil
			}
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC() // twice: pools are emptied by the second
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	flood(200_000)
	grown := int64(heap()) - int64(before)
	t.Logf("a flood costs %d bytes", grown)
	if grown > 1<<20 {
		t.Errorf("a flood holds %d bytes", grown)
	}
	if len(w.b.in.sources) > MaxSources || len(w.b.in.paths) > MaxPaths || len(w.b.out.sources) > 0 {
		t.Errorf("%d sources, %d paths", len(w.b.in.sources), len(w.b.in.paths))
	}
	w.now = w.now.Add(time.Minute) // paths that are gone are forgotten
	w.b.Tick(w.now)
	if n := len(w.b.in.paths); n > 0 {
		t.Errorf("%d paths are still held", n)
	}
}

// TestLyingReports: a peer that reports nonsense makes us send three packets
// more with each, and nothing else.
func TestLyingReports(t *testing.T) {
	w := newWorld(t, 1)
	w.join("one")
	w.send(voice(7, 0))
	r := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		w.now = w.now.Add(20 * time.Millisecond)
		b := append(quicvarint.Append(nil, 2*flow+1), 0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 7)
		for range 20 {
			b = append(b, byte(r.Uint32()))
		}
		w.a.Receive("one", b)
		if st := w.a.Stats(); st.Redundancy < 0 || st.Redundancy > redMost || st.Reported < 0 || st.Reported > 1 {
			t.Fatalf("%+v", st)
		}
	}
}
