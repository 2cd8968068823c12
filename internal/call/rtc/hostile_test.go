package rtc_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley"
	"parley/internal/bearer/link"
	"parley/internal/call/rtc"
)

func TestOffersAreRefused(t *testing.T) {
	s := listen(t)
	good := newClient(t, whole).offer()
	section := good[strings.Index(good, "m=audio"):strings.Index(good, "m=video")]
	section = section[:strings.Index(section[1:], "m=audio")+1]
	for _, c := range []struct {
		name string
		sdp  string
		kind parley.Kind
	}{
		{"nothing", "", parley.Malformed},
		{"no description", "hello", parley.Malformed},
		{"bytes", "v=0\r\n\x00\xff", parley.Malformed},
		{"too long", good + strings.Repeat("a=x\r\n", 16<<10), parley.Oversize},
		{"no sections", good[:strings.Index(good, "m=audio")], parley.Malformed},
		{"too many sections", good + strings.Repeat(section, 9), parley.Unsupported},
		{"too many lines", strings.Replace(good, "a=mid:0", strings.Repeat("a=x:1\r\n", 400)+"a=mid:0", 1), parley.Unsupported},
		{"too many formats", strings.Replace(good, " 109 0", strings.Repeat(" 109", 200), 1), parley.Unsupported},
		{"a data channel", good + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n", parley.Unsupported},
		{"text", strings.Replace(good, "m=video", "m=text", 1), parley.Unsupported},
		{"not encrypted", strings.ReplaceAll(good, "UDP/TLS/RTP/SAVPF", "RTP/AVP"), parley.Unsupported},
		{"over TCP", strings.ReplaceAll(good, "UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF"), parley.Unsupported},
		{"no Opus", strings.ReplaceAll(good, "opus/48000/2", "speex/8000"), parley.Unsupported},
		{"no VP8", strings.ReplaceAll(good, "VP8/90000", "H264/90000"), parley.Unsupported},
		{"a second microphone", strings.Replace(good, "a=recvonly", "a=sendrecv", 1), parley.Unsupported},
		{"a microphone that hears nothing", strings.Replace(good, "a=sendrecv", "a=sendonly", 1), parley.Unsupported},
		{"a name twice", strings.Replace(good, "a=mid:1\r\n", "a=mid:0\r\n", 1), parley.Malformed},
		{"a section without a name", strings.Replace(good, "a=mid:1\r\n", "", 1), parley.Malformed},
		{"two bundles", strings.Replace(good, "BUNDLE 0 1", "BUNDLE 0", 1), parley.Malformed},
		{"no fingerprint", strings.Replace(good, "a=fingerprint:", "a=finger:", 1), parley.Malformed},
		{"no password", strings.ReplaceAll(good, "a=ice-pwd:", "a=ice-p:"), parley.Malformed},
		{"pictures alone", good[:strings.Index(good, "m=audio")] + good[strings.Index(good, "m=video"):], parley.Unsupported},
	} {
		if c.sdp == good {
			t.Errorf("%s: the offer is good", c.name)
		}
		d, answer, err := s.Join(context.Background(), c.sdp, newEars())
		if d != nil || answer != "" || parley.KindOf(err) != c.kind {
			t.Errorf("%s: %v of kind %v, want %v", c.name, err, parley.KindOf(err), c.kind)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: %d bytes of error", c.name, len(err.Error()))
		}
	}
}

func TestDesksAreBounded(t *testing.T) {
	s := listen(t)
	offer := newClient(t, shape{voices: 1, mic: true}).offer()
	var first *rtc.Desk
	var gone *ears
	for i := range rtc.Desks + 1 {
		e := newEars()
		d, _, err := s.Join(context.Background(), offer, e)
		switch {
		case i == 0:
			first, gone = d, e
		case i == rtc.Desks && parley.KindOf(err) != parley.Quota:
			t.Fatalf("desk %d: %v", i, err)
		}
		if i < rtc.Desks && err != nil {
			t.Fatal(err)
		}
	}
	first.Close()
	first.Close()
	if err := <-gone.gone; err != nil {
		t.Error(err)
	}
	wait(t, "room again", func() bool {
		_, _, err := s.Join(context.Background(), offer, newEars())
		return err == nil
	})
	if err := first.Play(0, &rtp.Packet{Header: rtp.Header{PayloadType: rtc.Opus}}); parley.KindOf(err) != parley.Unavailable {
		t.Errorf("playing to one that has gone: %v", err)
	}
}

// A browser that floods is heard at the rate of a voice, and one that sends what no
// microphone sends is not heard at all.
func TestFloodIsBounded(t *testing.T) {
	s := listen(t)
	c, e := newClient(t, shape{voices: 2, mic: true}), newEars()
	d := c.join(s, e)
	began := time.Now()
	for i := range 3000 {
		c.speak("flood")
		if i%100 == 0 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	wait(t, "most is refused", func() bool { return d.Stats().Refused > 1500 })
	if most := 100 + int(time.Since(began).Seconds()*200) + 5; e.heard() > most {
		t.Errorf("%d packets were heard, at most %d are a voice", e.heard(), most)
	}
	time.Sleep(500 * time.Millisecond)
	was := e.heard()
	c.speak(strings.Repeat("x", 1390))
	c.speak("short")
	wait(t, "a short one", func() bool { return e.heard() == was+1 })
	if got := string(e.said()[was].Payload); got != "short" {
		t.Errorf("heard %d bytes", len(got))
	}
}

// forger is a track that writes whatever it likes.
type forger struct {
	webrtc.TrackLocal
	out chan webrtc.TrackLocalWriter
}

func (f *forger) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	f.out <- c.WriteStream()
	return f.TrackLocal.Bind(c)
}

// forge joins a client whose microphone is a forger.
func forge(t *testing.T, s *rtc.Switch, mime string) (*rtc.Desk, *ears, webrtc.TrackLocalWriter, uint32) {
	t.Helper()
	c, e := newClient(t, shape{}), newEars()
	inner, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, "audio", "mine")
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{inner, make(chan webrtc.TrackLocalWriter, 1)}
	tr, err := c.pc.AddTransceiverFromTrack(f)
	if err != nil {
		t.Fatal(err)
	}
	d := c.join(s, e)
	return d, e, <-f.out, uint32(tr.Sender().GetParameters().Encodings[0].SSRC)
}

func TestOtherSourcesAreNotHeard(t *testing.T) {
	s := listen(t)
	d, e, out, ssrc := forge(t, s, webrtc.MimeTypeOpus)
	write := func(ssrc uint32, pt uint8, seq uint16, payload string) {
		out.WriteRTP(&rtp.Header{Version: 2, PayloadType: pt, SSRC: ssrc, SequenceNumber: seq}, []byte(payload))
	}
	write(ssrc, 109, 1, "mine")
	wait(t, "the microphone", func() bool { return e.heard() == 1 })
	for i := range uint16(20) {
		write(ssrc+1+uint32(i%4), 109, 100+i, "another")
		write(ssrc, 0, 200+i, "another codec")
		write(ssrc, 120, 300+i, "a picture")
		write(ssrc, 77, 400+i, "nothing")
	}
	write(ssrc, 109, 500, "mine again")
	wait(t, "the microphone again", func() bool { return e.heard() >= 2 })
	time.Sleep(100 * time.Millisecond)
	for _, p := range e.said() {
		if !strings.HasPrefix(string(p.Payload), "mine") {
			t.Errorf("heard %q", p.Payload)
		}
	}
	if len(e.seen()) > 0 || d.Stats().Refused == 0 {
		t.Errorf("%d pictures of a camera that was not offered; %+v", len(e.seen()), d.Stats())
	}
	for i := range uint32(200) {
		write(ssrc+100+i, 109, 1, "one more")
	}
	select {
	case err := <-e.gone:
		if parley.KindOf(err) != parley.Quota {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("a browser with 200 streams stays")
	}
}

// A telephone's codec is for telephones.
func TestMicrophoneOfAnotherCodec(t *testing.T) {
	s := listen(t)
	d, e, out, ssrc := forge(t, s, webrtc.MimeTypePCMU)
	for i := range uint16(20) {
		out.WriteRTP(&rtp.Header{Version: 2, PayloadType: 0, SSRC: ssrc, SequenceNumber: i}, []byte("mu-law"))
	}
	wait(t, "refused", func() bool { return d.Stats().Refused >= 15 })
	if e.heard() > 0 {
		t.Errorf("%d packets heard", e.heard())
	}
}

// Nothing that a desk began goes on after it, however it ended.
func TestNothingLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := rtc.Listen(rtc.Options{Addr: "127.0.0.1:0", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	var all []*ears
	t.Run("desks", func(t *testing.T) {
		for i := range 3 {
			c, e := newClient(t, whole), newEars()
			all = append(all, e)
			d := c.join(s, e)
			for range 20 {
				c.speak("voice")
				d.Play(0, &rtp.Packet{Header: rtp.Header{PayloadType: rtc.Opus}, Payload: []byte("x")})
			}
			wait(t, "heard", func() bool { return e.heard() > 0 })
			switch i {
			case 0:
				d.Close()
			case 1:
				c.pc.Close()
			}
		}
		for range 3 { // browsers that never come
			e := newEars()
			all = append(all, e)
			if _, _, err := s.Join(context.Background(), newClient(t, whole).offer(), e); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Join(context.Background(), "nonsense", newEars()); err == nil {
				t.Error("nonsense was taken")
			}
		}
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for i, e := range all {
		select {
		case err := <-e.gone:
			if i != 2 && (err != nil) != (i == 1) { // 2: the station and the browser both end it
				t.Errorf("desk %d: %v", i, err)
			}
		default:
			t.Errorf("desk %d was not told", i)
		}
		if len(e.gone) > 0 {
			t.Errorf("desk %d was told twice", i)
		}
	}
	if _, _, err := s.Join(context.Background(), "", newEars()); err == nil {
		t.Error("a closed switch takes offers")
	}
	for began := time.Now(); runtime.NumGoroutine() > before; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			b := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, b[:runtime.Stack(b, true)])
		}
	}
}

// linked joins a client over a cable.
func linked(t *testing.T, s *rtc.Switch, c *client, e rtc.Ears, o link.Options) (*rtc.Desk, *link.Link) {
	t.Helper()
	l, err := link.New("udp", "127.0.0.1:0", s.Addr().String(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ := strings.Cut(l.Addr(), ":")
	d, answer, err := s.Join(context.Background(), c.offer(), e)
	if err != nil {
		t.Fatal(err)
	}
	answer = strings.ReplaceAll(answer, fmt.Sprintf(" %d typ host", s.Addr().Port()), " "+port+" typ host")
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	c.until("connected over the cable", func() bool { return d.Stats().Live })
	return d, l
}

// A browser that is cut off without a word is given up, and one that never comes,
// too.
func TestSilentBrowserIsGivenUp(t *testing.T) {
	t.Parallel() // it waits, most of its time
	s := listen(t)
	e, never := newEars(), newEars()
	c := newClient(t, shape{voices: 1, mic: true})
	began := time.Now()
	if _, _, err := s.Join(context.Background(), newClient(t, whole).offer(), never); err != nil {
		t.Fatal(err)
	}
	d, l := linked(t, s, c, e, link.Options{})
	time.Sleep(500 * time.Millisecond)
	l.Cut(true)
	for _, g := range []*ears{e, never} {
		select {
		case err := <-g.gone:
			t.Logf("given up after %v: %v", time.Since(began).Round(time.Second), err)
			if parley.KindOf(err) != parley.Unavailable {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("a browser that is cut off stays")
		}
	}
	if d.Stats().Live {
		t.Error("it is called live")
	}
}
