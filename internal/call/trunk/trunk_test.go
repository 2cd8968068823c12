package trunk

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"

	"parley"
)

func TestEveryPacketOnce(t *testing.T) {
	w := newWorld(t, 1)
	w.join("one")
	w.join("two")
	w.b.Sources([]uint32{7, 8})
	w.talk(7, 0, 200)
	w.talk(8, 0, 100)
	w.pass(time.Second)
	if a, b := len(w.judge(7)), len(w.judge(8)); a != 200 || b != 100 {
		t.Errorf("%d of 200 and %d of 100 came", a, b)
	}
	for i := range w.b.got[:200] {
		if w.b.got[i].SequenceNumber != uint16(60_000+i) || w.b.got[i].Marker != (i%50 == 0) {
			t.Fatalf("the %d-th is %v", i, &w.b.got[i])
		}
	}
	st := w.b.Stats()
	if st.Expected != 300 || st.Received != 300 || st.Delivered != 300 || st.LostBefore != 0 || st.LostAfter != 0 || st.Rebuilt != 0 || len(st.Dropped) != 0 {
		t.Errorf("%+v", st)
	}
	if len(st.Paths) != 2 || st.Paths[0].Name != "one" || st.Paths[0].Received != 300 || st.Paths[1].Received != 300 ||
		st.Paths[0].Duplicates+st.Paths[1].Duplicates != 300 || st.Paths[0].Lost != 0 {
		t.Errorf("%+v", st.Paths)
	}
	if st := w.a.Stats(); st.Sent != 300 || st.Paths[0].Sent < 300 || st.Paths[0].Failed != 0 {
		t.Errorf("%+v", st)
	}
}

// TestCutPathLosesNothing: one of two paths is cut in mid-sentence.
func TestCutPathLosesNothing(t *testing.T) {
	for _, first := range []bool{true, false} {
		w := newWorld(t, 2)
		one, _ := w.join("one")
		two, _ := w.join("two")
		two.delay = 60 * time.Millisecond
		w.b.Sources([]uint32{7})
		w.talk(7, 0, 500)
		if first {
			one.cut = true
		} else {
			two.cut = true
		}
		w.talk(7, 500, 500)
		one.cut, two.cut = false, false
		w.talk(7, 1000, 500)
		w.pass(time.Second)
		if n := len(w.judge(7)); n != 1500 {
			t.Errorf("%d of 1500 came", n)
		}
		st := w.b.Stats()
		if st.LostAfter != 0 || st.LostBefore != 0 || st.Rebuilt > 4 {
			t.Errorf("%+v", st)
		}
		if n := max(st.Paths[0].Lost, st.Paths[1].Lost); n < 495 || n > 505 {
			t.Errorf("the path that was cut lost %d of 500", n)
		}
		if w.a.Stats().Redundancy != 0 {
			t.Errorf("%d packets go along, though none was lost", w.a.Stats().Redundancy)
		}
	}
}

// TestPictureAndPhone: what has no redundancy passes as it is.
func TestPictureAndPhone(t *testing.T) {
	w := newWorld(t, 3)
	w.join("one")
	w.b.Sources([]uint32{7, 8})
	var sent []*rtp.Packet
	for i := range 100 {
		v := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: VP8, SequenceNumber: uint16(i), Timestamp: uint32(i / 4 * 3000), SSRC: 7, Marker: i%4 == 3}, Payload: bytes.Repeat([]byte{byte(i)}, i*10)}
		g := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: PCMU, SequenceNumber: uint16(i), Timestamp: uint32(i * 160), SSRC: 8}, Payload: bytes.Repeat([]byte{0xff}, 160)}
		for _, p := range []*rtp.Packet{v, g} {
			q := *p
			q.Extension, q.ExtensionProfile, q.CSRC = true, 0xbede, []uint32{1, 2}
			q.SetExtension(1, []byte{1, 2})
			w.send(&q) // of the header only our part goes
			sent = append(sent, p)
		}
		w.pass(20 * time.Millisecond)
	}
	w.pass(time.Second)
	if len(w.b.got) != len(sent) {
		t.Fatalf("%d of %d came", len(w.b.got), len(sent))
	}
	for i, p := range sent {
		got := w.b.got[i]
		if !bytes.Equal(got.Payload, p.Payload) || !reflect.DeepEqual(got.Header, p.Header) {
			t.Fatalf("%v came as %v", p, &got)
		}
	}
}

func TestSendRefuses(t *testing.T) {
	w := newWorld(t, 4)
	p := voice(7, 0)
	if err := w.a.Send(p); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("without a path: %v, want unavailable", err)
	}
	w.join("one")
	for _, kind := range []uint8{8, 63, 95, 97, 127} {
		q := *p
		q.PayloadType = kind
		if err := w.a.Send(&q); parley.KindOf(err) != parley.Unsupported {
			t.Errorf("payload type %d: %v, want unsupported", kind, err)
		}
	}
	q := *p
	q.Payload = make([]byte, 1200)
	if err := w.a.Send(&q); parley.KindOf(err) != parley.Oversize {
		t.Errorf("1200 bytes and a header: %v, want oversize", err)
	}
	for i := range uint32(MaxSources) {
		q.Payload, q.SSRC = []byte("x"), 7+i
		w.send(&q)
	}
	q.SSRC = 1
	if err := w.a.Send(&q); parley.KindOf(err) != parley.Quota {
		t.Errorf("a source too many: %v, want quota", err)
	}
	// Whoever comes back is a new source: those that are silent make room, and no
	// others.
	for range 11 {
		w.pass(time.Second)
		q.SSRC = 7
		q.SequenceNumber++
		w.send(&q)
	}
	for i := range uint32(3 * MaxSources) {
		w.pass(time.Second)
		q.SSRC, q.SequenceNumber = 1000+i, 0
		w.send(&q)
		q.SSRC, q.SequenceNumber = 7, uint16(20+i)
		w.send(&q)
	}
	if n := len(w.a.out.sources); n != MaxSources || w.a.out.sources[7] == nil {
		t.Errorf("%d sources, and the one that spoke all the time is one of them: %v", n, w.a.out.sources[7] != nil)
	}
}

// TestRedundancyFits: near the bound of a path the oldest is left out first,
// and a path that is too narrow for the packet alone takes nothing.
func TestRedundancyFits(t *testing.T) {
	w := newWorld(t, 5)
	w.join("one")
	narrow, _ := w.join("narrow")
	narrow.mtu = 50
	w.a.out.red.level = 3
	w.b.Sources([]uint32{7})
	sizes := []int{300, 300, 300, 300, 500, 700, 1000, 40, 1150, 40}
	before := uint64(0)
	var carried []int
	for i, n := range sizes {
		p := voice(7, i)
		p.Payload = make([]byte, n)
		w.send(p)
		w.pass(20 * time.Millisecond)
		now := w.a.Stats().Redundant
		carried = append(carried, int(now-before))
		before = now
	}
	// Beside flow and header 1184 bytes fit, and a block has 1023 at most.
	want := []int{0, 1, 2, 2, 2, 0, 0, 1, 0, 2}
	for i := range want {
		if carried[i] != want[i] {
			t.Errorf("with sizes %v went along %v, want %v", sizes, carried, want)
			break
		}
	}
	if narrow.carried != 0 || w.a.Stats().Paths[0].Failed != uint64(len(sizes)) {
		t.Errorf("the narrow path took %d", narrow.carried)
	}
	w.pass(time.Second)
	if len(w.b.got) != len(sizes) {
		t.Errorf("%d came", len(w.b.got))
	}
}

// TestWide: a path that would take anything still gets no more than a station reads.
func TestWide(t *testing.T) {
	w := newWorld(t, 5)
	one, _ := w.join("TLS")
	one.mtu = 1 << 18
	w.b.Sources([]uint32{7})
	p := voice(7, 0)
	p.Payload = make([]byte, MaxDatagram)
	if err := w.a.Send(p); parley.KindOf(err) != parley.Oversize {
		t.Errorf("%v, want oversize", err)
	}
	p.Payload = p.Payload[:MaxDatagram-16]
	w.send(p)
	w.pass(time.Second)
	if len(w.b.got) != 1 {
		t.Error("the largest did not come")
	}
}

// TestSilence: with discontinuous transmission packets are far apart; what is
// too old for the 14 bits of the offset is not carried, and numbers stay right.
func TestSilence(t *testing.T) {
	w := newWorld(t, 6)
	one, _ := w.join("one")
	w.a.out.red.level = 3
	w.b.Sources([]uint32{7})
	at := 0
	var sent []*rtp.Packet
	for i, gap := range []int{1, 1, 1, 17, 1, 18, 1, 1, 1, 400, 1} {
		at += gap
		p := voice(7, i)
		p.Timestamp = uint32(at * 960)
		sent = append(sent, p)
		one.cut = i%2 == 0
		w.send(p)
		w.pass(20 * time.Millisecond)
	}
	w.pass(time.Second)
	// 0 is rebuilt from 1, 2 from 3 (17*960 = 16320 fits), 4 not from 5 (18*960 does not), 6 from 7, 8 not from 9, and nothing is after 10.
	want := []int{0, 1, 2, 3, 5, 6, 7, 9}
	if len(w.b.got) != len(want) {
		t.Fatalf("%d came, want %d", len(w.b.got), len(want))
	}
	for i, k := range want {
		if got := w.b.got[i]; got.SequenceNumber != sent[k].SequenceNumber || got.Timestamp != sent[k].Timestamp || !bytes.Equal(got.Payload, sent[k].Payload) {
			t.Errorf("the %d-th is %v, want %v", i, &got, sent[k])
		}
	}
}

// TestHoles: a number that we never had is kept free, so that what is older is
// rebuilt under its own.
func TestHoles(t *testing.T) {
	w := newWorld(t, 7)
	one, _ := w.join("one")
	w.a.out.red.level = 3
	w.b.Sources([]uint32{7})
	for _, i := range []int{0, 1, 3, 4, 6, 5, 7} { // 2 is missing, 5 and 6 have changed places
		one.cut = i != 0 && i != 3 && i != 7
		w.send(voice(7, i))
		w.pass(20 * time.Millisecond)
	}
	w.pass(time.Second)
	got := w.judge(7)
	for _, i := range []int{0, 1, 3, 4, 5, 6, 7} {
		if !got[i] {
			t.Errorf("%d is missing: %v", i, got)
		}
	}
}

// TestHolesLater: what an older packet left in the place of one we never had
// does not go for it.
func TestHolesLater(t *testing.T) {
	w := newWorld(t, 7)
	one, _ := w.join("one")
	w.a.out.red.level = 3
	w.b.Sources([]uint32{7})
	for _, i := range []int{0, 1, 2, 3, 4, 5, 6, 7, 9, 10} { // 8 is missing
		one.cut = i == 7
		w.send(voice(7, i))
		w.pass(20 * time.Millisecond)
	}
	w.pass(time.Second)
	if got := w.judge(7); len(got) != 10 || got[8] || !got[7] {
		t.Errorf("%v", got)
	}
}

// TestEarlier: no place is kept in front of the first packet that goes along.
func TestEarlier(t *testing.T) {
	var blocks [redMost]block
	o := new(ours)
	if got := o.earlier(voice(7, 3), 3, 1000, &blocks); len(got) != 0 {
		t.Errorf("with the first go along %v", got)
	}
	o.keep(voice(7, 1))
	if got := o.earlier(voice(7, 3), 3, 1000, &blocks); len(got) != 2 || got[0].offset != 1920 || len(got[1].payload) != 0 {
		t.Errorf("with one two packets later go along %v", got)
	}
}

// TestJumps: RFC 3550, A.1.
func TestJumps(t *testing.T) {
	for _, jump := range []int{3100, 20_000, 32_768, 45_000, 60_000, 65_536 - 600} {
		w := newWorld(t, 8)
		w.join("one")
		w.join("two")
		w.b.Sources([]uint32{7})
		w.talk(7, 0, 50)
		w.pass(time.Second) // a source that begins anew has fallen silent
		w.b.got = nil
		w.talk(7, jump, 50)
		w.pass(time.Second)
		if n := len(w.b.got); n != 50 { // the first is rebuilt from the second
			t.Errorf("after a jump of %d came %d of 50", jump, n)
		}
		if st := w.b.Stats(); st.Expected != 100 || st.LostAfter != 0 {
			t.Errorf("after a jump of %d: %+v", jump, st)
		}
	}
	w := newWorld(t, 8)
	w.join("one")
	w.b.Sources([]uint32{7})
	w.talk(7, 0, 50)
	w.talk(7, 3000, 1) // less than a jump: 2950 are lost
	w.send(voice(7, 20_000))
	w.talk(7, 3001, 10) // one that jumps is nobody's new beginning
	w.pass(time.Second)
	if st := w.b.Stats(); st.Delivered != 61 || st.LostAfter != 2950 || st.Dropped["jumped"] != 1 {
		t.Errorf("%+v", st)
	}
}

// TestSlowPath: one path lies twelve seconds behind, as TLS can. What comes on
// it is late, and no new beginning.
func TestSlowPath(t *testing.T) {
	w := newWorld(t, 9)
	w.join("QUIC")
	slow, _ := w.join("TLS")
	slow.delay = 12 * time.Second
	w.b.Sources([]uint32{7})
	w.talk(7, 0, 2000)
	if n := len(w.judge(7)); n < 1998 {
		t.Errorf("%d of 2000 came", n)
	}
	if st := w.b.Stats(); st.Dropped["late"] < 1000 || st.Dropped["jumped"] > 0 {
		t.Errorf("%+v", st)
	}
}

func TestWrapAround(t *testing.T) {
	w := newWorld(t, 10)
	one, _ := w.join("one")
	one.loss = 0.05
	w.b.Sources([]uint32{7})
	w.talk(7, 0, 70_000)
	w.pass(time.Second)
	st := w.b.Stats()
	if st.Expected < 69_990 || st.Expected > 70_000 || st.Delivered+st.LostAfter != st.Expected || len(st.Dropped) > 0 {
		t.Errorf("%+v", st)
	}
	w.judge(7)
}

func TestPicturesAreAsked(t *testing.T) {
	w := newWorld(t, 11)
	_, back := w.join("one")
	w.join("two")
	w.b.Sources([]uint32{7})
	w.talk(7, 0, 1)
	w.b.AskPicture(99) // nobody's
	for range 30 {
		w.b.AskPicture(7)
		w.pass(100 * time.Millisecond)
	}
	w.pass(time.Second)
	if len(w.a.asked) != 3 || w.a.asked[0] != 7 {
		t.Errorf("asked %v in three seconds, want three times", w.a.asked)
	}
	if back.carried != 4 { // and one report
		t.Errorf("%d RTCP packets for three pictures", back.carried)
	}
	for i := range 50 { // a peer that does not keep the rate
		b, _ := (&rtcp.PictureLossIndication{MediaSSRC: 7}).Marshal()
		w.a.Receive("one", append(quicvarint.Append(nil, 2*flow+1), b...))
		b, _ = (&rtcp.PictureLossIndication{MediaSSRC: uint32(1000 + i)}).Marshal()
		w.a.Receive("one", append(quicvarint.Append(nil, 2*flow+1), b...))
	}
	if len(w.a.asked) != 4 {
		t.Errorf("a flood was told %d times", len(w.a.asked)-3)
	}
}

func TestFlow(t *testing.T) {
	for _, f := range []uint32{0, 1, 31, 32, 8191, 8192, 1 << 20, MaxFlow} {
		for k := range uint64(2) {
			if got, ok := Flow(append(quicvarint.Append(nil, 2*uint64(f)+k), "packet"...)); !ok || got != f {
				t.Errorf("flow %d is read as %d, %v", f, got, ok)
			}
		}
	}
	for _, b := range [][]byte{nil, {0x40}, {0xff}, quicvarint.Append(nil, 2*MaxFlow+2), quicvarint.Append(nil, 1<<40)} {
		if got, ok := Flow(b); ok {
			t.Errorf("%x is read as flow %d", b, got)
		}
	}
}

// TestSourcesChange: who leaves is no longer heard, and who stays keeps his
// place.
func TestSourcesChange(t *testing.T) {
	w := newWorld(t, 12)
	w.join("one")
	w.talk(7, 0, 10)
	w.pass(time.Second)
	if len(w.b.got) != 0 || w.b.Stats().Dropped["undeclared"] != 10 {
		t.Errorf("%d came before any source was declared", len(w.b.got))
	}
	w.b.Sources([]uint32{7, 8})
	w.talk(7, 10, 10)
	w.talk(8, 0, 10)
	w.pass(time.Second)
	w.b.Sources([]uint32{8})
	w.talk(7, 20, 10)
	w.talk(8, 10, 10)
	w.pass(time.Second)
	if a, b := w.judge(7), w.judge(8); a[9] && len(a) != 11 || len(a) < 10 || a[20] || len(b) != 20 {
		t.Errorf("of the one that left came %d, of the other %d", len(a), len(b))
	}
	if st := w.b.Stats(); st.Delivered != uint64(len(w.b.got)) {
		t.Errorf("%+v", st)
	}
	many := make([]uint32, 1000)
	for i := range many {
		many[i] = uint32(i)
	}
	w.b.Sources(many)
	if n := len(w.b.in.sources); n != MaxSources {
		t.Errorf("%d sources are held", n)
	}
}
