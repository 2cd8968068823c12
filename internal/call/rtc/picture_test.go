package rtc_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"parley"
	"parley/internal/bearer/link"
	"parley/internal/call/rtc"
)

// frame is a packet of a picture, a whole one or not.
func frame(source uint32, seq uint16, id int, key bool) *rtp.Packet {
	p := []byte{0x90, 0x80, 0x80 | byte(id>>8), byte(id), 0x01, byte(source), byte(seq)}
	if key {
		p[4] = 0x10
	}
	return &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: rtc.VP8, SSRC: source, SequenceNumber: seq, Timestamp: uint32(seq) * 3000, Marker: true}, Payload: p}
}

func TestPicturesBeginWhole(t *testing.T) {
	s := listen(t)
	c, e := newClient(t, whole), newEars()
	d := c.join(s, e)
	asked := func(slot int) int { e.mu.Lock(); defer e.mu.Unlock(); return e.asked[slot] }
	show := func(p *rtp.Packet) {
		t.Helper()
		if err := d.Show(1, p); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	show(frame(5, 100, 40, false))
	wait(t, "a whole picture is asked for", func() bool { return asked(1) == 1 })
	show(frame(5, 101, 41, true))
	show(frame(5, 102, 42, false))
	show(frame(6, 9000, 7, false)) // another camera, in the middle of a picture
	show(frame(6, 9001, 8, true))
	show(frame(6, 9002, 9, false))
	wait(t, "four packets", func() bool { return len(c.played("picture1")) == 4 })
	list := c.played("picture1")
	for i, want := range []string{"5 101", "5 102", "6 9001", "6 9002"} {
		p := list[i]
		if got := fmt.Sprint(p.Payload[5], " ", 256*int([]uint16{0, 0, 35, 35}[i])+int(p.Payload[6])); got != want {
			t.Errorf("packet %d is of %s, want %s", i, got, want)
		}
		id := int(p.Payload[2]&0x7f)<<8 | int(p.Payload[3])
		first := int(list[0].Payload[2]&0x7f)<<8 | int(list[0].Payload[3])
		if p.SequenceNumber != list[0].SequenceNumber+uint16(i) || id != first+i || p.PayloadType != 120 {
			t.Errorf("packet %d: %v, picture %d after %d", i, p.Header, id, first)
		}
	}
	// The browser asks, and is asked. Wishes within 200 ms are one.
	time.Sleep(250 * time.Millisecond)
	was := asked(1)
	if err := c.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: list[0].SSRC}}); err != nil {
		t.Fatal(err)
	}
	wait(t, "the browser's wish", func() bool { return asked(1) > was })
	cam := frame(1, 1, 1, true)
	for range 5 {
		if err := c.cam.WriteRTP(cam); err != nil {
			t.Fatal(err)
		}
		cam.SequenceNumber++
		time.Sleep(time.Millisecond)
	}
	wait(t, "the camera", func() bool { return len(e.seen()) == 5 })
	if p := e.seen()[0]; p.PayloadType != rtc.VP8 || !bytes.Equal(p.Payload, cam.Payload) {
		t.Errorf("%v %x", p.Header, p.Payload)
	}
	d.AskPicture()
	wait(t, "the station's wish", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.plis > 0 })
	for _, c := range []struct {
		err  error
		kind parley.Kind
	}{
		{d.Show(3, frame(1, 1, 1, true)), parley.NotFound},
		{d.Show(-1, frame(1, 1, 1, true)), parley.NotFound},
		{d.Play(8, &rtp.Packet{Header: rtp.Header{PayloadType: rtc.Opus}}), parley.NotFound},
		{d.Hush(8), parley.NotFound},
		{d.Play(0, frame(1, 1, 1, true)), parley.Unsupported},
		{d.Show(0, &rtp.Packet{Header: rtp.Header{PayloadType: rtc.Opus}}), parley.Unsupported},
		{d.Play(0, &rtp.Packet{Header: rtp.Header{PayloadType: rtc.Opus}, Payload: make([]byte, 1401)}), parley.Oversize},
	} {
		if parley.KindOf(c.err) != c.kind || c.err == nil {
			t.Errorf("%v, want one of kind %v", c.err, c.kind)
		}
	}
}

// A picture that loses a fifth of its packets on the way is mended by asking again.
func TestPicturesAreSentAgain(t *testing.T) {
	s := listen(t)
	c, e := newClient(t, whole), newEars()
	d, l := linked(t, s, c, e, link.Options{Delay: 10 * time.Millisecond})
	l.Set(link.Options{Delay: 10 * time.Millisecond, Loss: 0.2, Seed: 3})
	const n = 400
	for i := range n {
		if err := d.Show(0, frame(5, uint16(i), i, i == 0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	got := func() int {
		seen := map[uint16]bool{}
		for _, p := range c.played("picture0") {
			seen[p.SequenceNumber] = true
		}
		return len(seen)
	}
	wait(t, "what was lost comes again", func() bool { return got() >= n*99/100 })
	t.Logf("%d of %d came, with a loss of 20 %%", got(), n)
}

// A telephone's G.711 goes to a browser as it is, silence ends a voice, and the
// browser's reports say what was lost.
func TestTelephoneAndSilence(t *testing.T) {
	s := listen(t)
	c, e := newClient(t, shape{voices: 2, mic: true}), newEars()
	d := c.join(s, e)
	play := func(source uint32, pt uint8, seq uint16, text string) {
		t.Helper()
		if err := d.Play(1, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SSRC: source, SequenceNumber: seq, Timestamp: uint32(seq) * 160}, Payload: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	play(1, rtc.Opus, 1, "opus")
	play(2, rtc.PCMU, 1, "mu-law")
	play(2, rtc.PCMU, 2, "mu-law")
	if err := d.Hush(1); err != nil {
		t.Fatal(err)
	}
	d.Hush(1) // there is nothing left to end
	d.Hush(0)
	play(2, rtc.PCMU, 3, "mu-law")
	wait(t, "all", func() bool { return len(c.played("voice1")) == 7 })
	list := c.played("voice1")
	for i, want := range []uint8{109, 0, 0, 109, 109, 109, 0} {
		if p := list[i]; p.PayloadType != want || p.SequenceNumber != list[0].SequenceNumber+uint16(i) || p.Marker != (i != 2 && i != 4 && i != 5) {
			t.Errorf("packet %d: %v", i, p.Header)
		}
	}
	if len(c.played("voice0")) > 0 {
		t.Error("something in a slot that held nothing")
	}
	for i := range uint16(100) {
		if i%4 != 0 { // the browser misses what never came
			play(3, rtc.Opus, i, "opus")
		}
		time.Sleep(5 * time.Millisecond)
	}
	wait(t, "a report of loss", func() bool { return d.Stats().Loss > 0.1 })
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.losses) == 0 {
		t.Error("nobody was told")
	}
}
