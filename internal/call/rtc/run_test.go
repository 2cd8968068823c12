package rtc

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// feed gives a run one packet and returns where it was placed.
func feed(r *run, source uint32, kind uint8, seq uint16, ts uint32, at time.Time) (h rtp.Header, ok bool) {
	h = rtp.Header{SSRC: source, PayloadType: kind, SequenceNumber: seq, Timestamp: ts}
	ok = r.place(&h, at)
	return h, ok
}

func TestRunKeepsTheOrderOfOneSource(t *testing.T) {
	var r run
	at := time.Unix(1e9, 0)
	first, _ := feed(&r, 1, Opus, 65530, 0xfffffff0, at)
	if !first.Marker {
		t.Error("the first packet has no marker")
	}
	for _, c := range []struct {
		seq  int // after the first
		want bool
	}{{1, true}, {2, true}, {5, true}, {4, true}, {4, false}, {3, true}, {5, false}, {0, false}, {70, true}, {69, true}, {6, true}, {6, false}, {400, true}, {145, true}, {144, false}, {145, false}, {100, false}, {-1, false}, {-40, false}} {
		h, ok := feed(&r, 1, Opus, uint16(65530+c.seq), 0xfffffff0+uint32(960*c.seq), at)
		if ok != c.want {
			t.Errorf("packet %+d: placed %v, want %v", c.seq, ok, c.want)
		}
		if ok && (h.SequenceNumber != first.SequenceNumber+uint16(c.seq) || h.Timestamp != first.Timestamp+uint32(960*c.seq) || h.Marker) {
			t.Errorf("packet %+d: %v after %v", c.seq, h, first)
		}
	}
}

// A source that counts anew a little below where it was is heard again after a
// pause; before that it is a packet that comes late.
func TestRunGoesOnBelow(t *testing.T) {
	var r run
	at := time.Unix(1e9, 0)
	first, _ := feed(&r, 1, Opus, 5000, 0, at)
	for _, c := range []struct {
		seq   uint16
		after time.Duration
		want  bool
	}{{4000, 500 * time.Millisecond, false}, {4900, 1500 * time.Millisecond, false}, {4000, 1500 * time.Millisecond, true}, {4001, 1520 * time.Millisecond, true}} {
		h, ok := feed(&r, 1, Opus, c.seq, uint32(c.seq), at.Add(c.after))
		if ok != c.want {
			t.Errorf("packet %d after %v: placed %v, want %v", c.seq, c.after, ok, c.want)
		}
		if ok && h.SequenceNumber != first.SequenceNumber+c.seq-3999 {
			t.Errorf("packet %d stands at %d, the first at %d", c.seq, h.SequenceNumber, first.SequenceNumber)
		}
	}
}

// A packet that was sent before the first of its run would stand under a number of
// the run before.
func TestRunWritesNoNumberTwice(t *testing.T) {
	var r run
	at := time.Unix(1e9, 0)
	used := map[int64]bool{}
	n, top := 0, int64(0)
	for i := range 20000 {
		source := uint32(1 + i/7%3)
		seq := uint16(i*int(source)) + uint16(i%5*13) - uint16(i%3)
		h, ok := feed(&r, source, []uint8{Opus, PCMU}[i/11%2], seq, uint32(i), at.Add(time.Duration(i)*time.Millisecond))
		if !ok {
			continue
		}
		number := top + int64(int16(h.SequenceNumber-uint16(top))) // without its wraps
		if used[number] {
			t.Fatalf("number %d twice, at step %d", number, i)
		}
		used[number] = true
		top = max(top, number)
		n++
	}
	if n < 10000 {
		t.Errorf("only %d packets were placed", n)
	}
}

func TestRunGoesOnWithAnother(t *testing.T) {
	var r run
	at := time.Unix(1e9, 0)
	feed(&r, 1, Opus, 10, 1000, at)
	last, _ := feed(&r, 1, Opus, 11, 1960, at.Add(20*time.Millisecond))
	for _, c := range []struct {
		name   string
		source uint32
		kind   uint8
		seq    uint16
		ts     uint32
		after  time.Duration
		ticks  uint32
	}{
		{"another at once", 2, Opus, 60000, 77, 0, 960},
		{"another after 50 ms", 3, Opus, 1, 0xffffff00, 50 * time.Millisecond, 2400},
		{"the first again", 1, Opus, 12, 2920, 20 * time.Millisecond, 960},
		{"a telephone", 4, PCMU, 9, 160, 100 * time.Millisecond, 800},
		{"the same source in another codec", 4, Opus, 9, 160, 100 * time.Millisecond, 4800},
		{"after a long pause", 4, Opus, 509, 480160, 10 * time.Second, 480000},
		{"a source that began anew", 4, Opus, 40000, 5, 20 * time.Millisecond, 960},
	} {
		at = at.Add(c.after)
		if c.name == "another at once" {
			at = at.Add(20 * time.Millisecond)
		}
		h, ok := feed(&r, c.source, c.kind, c.seq, c.ts, at)
		if !ok || h.SequenceNumber != last.SequenceNumber+1 || h.Timestamp != last.Timestamp+c.ticks || !h.Marker {
			t.Errorf("%s: %v, placed %v, after %v; want one number and %d ticks more", c.name, h, ok, last, c.ticks)
		}
		last = h
	}
	// A short loss is a loss, and is shown as one.
	if h, ok := feed(&r, 4, Opus, 40010, 9605, at.Add(200*time.Millisecond)); !ok || h.SequenceNumber != last.SequenceNumber+10 || h.Marker {
		t.Errorf("after a loss of nine: %v", h)
	}
}

func TestViewsGoOnWithAnother(t *testing.T) {
	picture := func(id, base int) []byte {
		return []byte{0x90, 0xe0, 0x80 | byte(id>>8), byte(id), byte(base), 0, 0x10, 9, 9}
	}
	v := views{topID: 32766, topBase: 254}
	want := []struct{ id, base int }{{32767, 255}, {0, 0}, {2, 2}, {1, 1}, {3, 3}, {4, 4}}
	for i, c := range []struct {
		id, base int
		fresh    bool
	}{{5, 9, true}, {6, 10, false}, {8, 12, false}, {7, 11, false}, {32767, 255, true}, {0, 0, false}} {
		b := picture(c.id, c.base)
		d, ok := readPicture(b)
		if !ok || !d.key || d.id != c.id {
			t.Fatalf("%x: %+v", b, d)
		}
		out := v.place(b, d, c.fresh)
		if got, _ := readPicture(out); got.id != want[i].id || int(out[4]) != want[i].base {
			t.Errorf("picture %d: id %d and base %d, want %+v", i, got.id, out[4], want[i])
		}
	}
	for _, b := range [][]byte{nil, {0x10}, {0x80, 0x80}, {0x80, 0x80, 0x80}, {0x80, 0x80, 0x80, 1}, {0x80, 0x40, 1}, {0x80, 0xf0, 0x81, 1, 1}} {
		if d, ok := readPicture(b); ok {
			t.Errorf("%x is taken for a picture: %+v", b, d)
		}
	}
}

// A port for this machine alone hears no other.
func TestNeighbours(t *testing.T) {
	var n neighbours
	for _, own := range append(interfaces(), netip.MustParseAddr("127.0.0.9"), netip.MustParseAddr("::1")) {
		if !n.has(own, time.Now()) {
			t.Errorf("%v is one of this machine", own)
		}
	}
	for _, a := range []string{"203.0.113.9", "10.254.253.252", "2001:db8::9", "0.0.0.0", "::ffff:203.0.113.9"} {
		if n.has(netip.MustParseAddr(a), time.Now()) {
			t.Errorf("%s is taken for one of this machine", a)
		}
	}
}
