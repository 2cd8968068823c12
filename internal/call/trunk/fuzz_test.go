package trunk

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/quic-go/quic-go/quicvarint"
)

// FuzzReceive gives a trunk datagrams that begin with their length, on three
// paths, and looks whether it keeps its promises.
func FuzzReceive(f *testing.F) {
	framed := func(all ...[]byte) (b []byte) {
		for _, x := range all {
			b = append(append(b, byte(len(x))), x...)
		}
		return b
	}
	three := []block{{960, []byte("abc")}, {0, nil}, {480, []byte("d")}}
	f.Add(framed(raw(0x80, Opus, 1, 960, 7, []byte("abc")...), raw(0x80, Opus, 2, 1920, 7, []byte("def")...), raw(0x80, Opus, 1, 960, 7, []byte("abc")...)))
	f.Add(framed(raw(0x80, RED, 4, 9600, 7, appendRED(nil, three, []byte("xyz"))...), raw(0x80, VP8, 9, 0, 8), raw(0x80, PCMU, 9, 0, 8, 1, 2)))
	f.Add(framed(raw(0xa0, Opus, 1, 960, 7, 'a', 0, 2), raw(0xb1, Opus, 2, 1920, 7, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 'x', 1)))
	f.Add(framed(raw(0x80, Opus, 1, 960, 7), raw(0x80, Opus, 40_000, 1, 7), raw(0x80, Opus, 40_001, 2, 7), raw(0x80, Opus, 60_000, 2, 7)))
	rr, _ := (&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 255, TotalLost: 9, LastSequenceNumber: 70}}}).Marshal()
	pli, _ := (&rtcp.PictureLossIndication{MediaSSRC: 7}).Marshal()
	f.Add(framed(append(quicvarint.Append(nil, 2*flow+1), rr...), append(quicvarint.Append(nil, 2*flow+1), append(pli, rr...)...)))
	f.Add(framed([]byte{0xff, 0, 0}, quicvarint.Append(nil, 2*flow), raw(0x40, 1, 2, 3, 4), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newWorld(t, 1)
		w.join("one")
		w.b.Sources([]uint32{7, 8})
		w.send(voice(7, 0))
		type number struct{ ssrc, extended uint64 }
		given := map[number]bool{}
		var tr *Trunk
		tr = New(Options{Flow: flow, Paths: func() []Path { return w.b.paths }, Now: func() time.Time { return w.now },
			Deliver: func(p *rtp.Packet) {
				highest := tr.in.sources[p.SSRC].max
				k := number{uint64(p.SSRC), highest - uint64(uint16(highest)-p.SequenceNumber)}
				if given[k] {
					t.Fatalf("%v was delivered twice", p)
				}
				given[k] = true
				if p.SSRC != 7 && p.SSRC != 8 || p.PayloadType == RED || p.Extension || p.Padding || len(p.CSRC) > 0 || len(p.Payload) > MaxDatagram {
					t.Fatalf("delivered %v", p)
				}
			}})
		tr.Sources([]uint32{7, 8})
		renewed := false
		for i := 0; len(b) > 0; i++ {
			n := min(int(b[0]), len(b)-1)
			x := bytes.Clone(b[1 : 1+n])
			b = b[1+n:]
			path := "one two tri"[i%3*4:][:3]
			Flow(x)
			tr.Receive(path, x)
			w.a.Receive(path, x)
			if i%5 == 4 {
				w.now = w.now.Add(7 * time.Millisecond)
				tr.Tick(w.now)
			}
			for _, s := range tr.in.sources {
				renewed = renewed || s.bad >= 0
			}
			if renewed { // a source that counts anew may say the same again
				clear(given)
			}
		}
		st := tr.Stats()
		if st.Delivered+st.LostAfter < st.Expected || st.Received > st.Expected || st.Rebuilt > st.Delivered {
			t.Fatalf("%+v", st)
		}
		if l := w.a.Stats().Redundancy; l < 0 || l > redMost {
			t.Fatalf("redundancy %d", l)
		}
	})
}

// FuzzRED: what is read as RED is written again as it was.
func FuzzRED(f *testing.F) {
	f.Add(appendRED(nil, nil, []byte("xyz")))
	f.Add(appendRED(nil, []block{{960, []byte("abc")}, {0, nil}, {redOffset, []byte("d")}}, []byte("xyz")))
	f.Add([]byte{0x80 | Opus, 0xff, 0xff, 0xff, Opus})
	f.Add([]byte{0x80 | Opus, 0, 0, 1, Opus, 1, 2})
	f.Add([]byte{0x80 | Opus, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var blocks [redMost + 1]block
		n, ok := readRED(b, &blocks)
		if !ok {
			return
		}
		if again := appendRED(nil, blocks[:n-1], blocks[n-1].payload); !bytes.Equal(again, b) {
			t.Fatalf("%x is written again as %x", b, again)
		}
		if size := redSize(blocks[:n-1]) + len(blocks[n-1].payload); size != len(b) {
			t.Fatalf("%d bytes are reckoned as %d", len(b), size)
		}
	})
}

// FuzzHeader: what we take of a header is what is in it.
func FuzzHeader(f *testing.F) {
	f.Add([]byte{0x80, Opus, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 'x'})
	f.Add([]byte{0xa0, Opus, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 'x', 0, 2})
	f.Add([]byte{0x91, 0x80 | VP8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 'x'})
	f.Add([]byte{0x90, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x10, 0, 0xff, 0xff})
	var h rtp.Header
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, ok := readPacket(b, &h)
		if !ok {
			return
		}
		if len(b) < headerSize || b[0]>>6 != 2 || h.PayloadType != b[1]&0x7f || h.SSRC != uint32(b[8])<<24|uint32(b[9])<<16|uint32(b[10])<<8|uint32(b[11]) {
			t.Fatalf("%x is read as %+v", b, h)
		}
		if len(payload) > len(b)-headerSize-4*int(b[0]&15) || b[0]&0x30 == 0 && len(payload) != len(b)-headerSize-4*int(b[0]&15) {
			t.Fatalf("%x has a payload of %d bytes", b, len(payload))
		}
	})
}

// FuzzControl: RTCP is split into packets that lie one behind the other.
func FuzzControl(f *testing.F) {
	rr, _ := (&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 7}}}).Marshal()
	f.Add(rr)
	f.Add([]byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7})
	f.Add([]byte{0x80, 201, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, packet, ok := splitControl(b)
		if ok && (len(packet) < 4 || len(packet)%4 != 0 || !bytes.HasPrefix(b, packet) || byte(kind) != b[1]) {
			t.Fatalf("%x of %x", packet, b)
		}
	})
}
