package rtc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley/internal/call/rtc"
)

// log says nothing: what pion complains of is looked at when a test fails.
var log = slog.New(slog.NewTextHandler(io.Discard, nil))

func listen(t testing.TB) *rtc.Switch { t.Helper(); return listenAt(t, "127.0.0.1:0") }

func listenAt(t testing.TB, addr string) *rtc.Switch {
	t.Helper()
	s, err := rtc.Listen(rtc.Options{Addr: addr, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ears keep what a desk says, and pass it on where a test wants it.
type ears struct {
	voice   func(*rtp.Packet, uint8)
	picture func(*rtp.Packet)

	mu     sync.Mutex
	voices []*rtp.Packet
	levels []uint8
	views  []*rtp.Packet
	asked  map[int]int
	losses []float64
	gone   chan error
}

func newEars() *ears { return &ears{asked: map[int]int{}, gone: make(chan error, 2)} }

func (e *ears) Voice(p *rtp.Packet, level uint8) {
	e.mu.Lock()
	e.voices, e.levels = append(e.voices, p), append(e.levels, level)
	f := e.voice
	e.mu.Unlock()
	if f != nil {
		f(p, level)
	}
}

func (e *ears) Picture(p *rtp.Packet) {
	e.mu.Lock()
	e.views = append(e.views, p)
	f := e.picture
	e.mu.Unlock()
	if f != nil {
		f(p)
	}
}

func (e *ears) PictureAsked(slot int) { e.mu.Lock(); e.asked[slot]++; e.mu.Unlock() }
func (e *ears) Loss(f float64)        { e.mu.Lock(); e.losses = append(e.losses, f); e.mu.Unlock() }
func (e *ears) Gone(err error)        { e.gone <- err }

// route says where the voice goes from now on.
func (e *ears) route(f func(*rtp.Packet, uint8)) { e.mu.Lock(); e.voice = f; e.mu.Unlock() }

// heard is how many packets of the microphone have come.
func (e *ears) heard() int { e.mu.Lock(); defer e.mu.Unlock(); return len(e.voices) }

// said and seen are what has come of the microphone and the camera.
func (e *ears) said() []*rtp.Packet { e.mu.Lock(); defer e.mu.Unlock(); return slices.Clone(e.voices) }
func (e *ears) seen() []*rtp.Packet { e.mu.Lock(); defer e.mu.Unlock(); return slices.Clone(e.views) }

// client is a browser that is none: pion's own end.
type client struct {
	t    testing.TB
	pc   *webrtc.PeerConnection
	mic  *webrtc.TrackLocalStaticRTP
	cam  *webrtc.TrackLocalStaticRTP
	up   chan struct{}
	mu   sync.Mutex
	got  map[string][]*rtp.Packet // by stream, "voice0" and so on
	plis int
	seq  uint16
}

type shape struct {
	voices, pictures int
	mic, camera      bool
}

// codecs are the numbers that Firefox gives them, which are not ours.
func newClient(t testing.TB, s shape) *client {
	t.Helper()
	m := &webrtc.MediaEngine{}
	for _, c := range []struct {
		pt   webrtc.PayloadType
		mime string
		hz   uint32
		ch   uint16
		kind webrtc.RTPCodecType
		fmtp string
	}{{109, webrtc.MimeTypeOpus, 48000, 2, webrtc.RTPCodecTypeAudio, "minptime=10;useinbandfec=1"}, {0, webrtc.MimeTypePCMU, 8000, 1, webrtc.RTPCodecTypeAudio, ""}, {120, webrtc.MimeTypeVP8, 90000, 0, webrtc.RTPCodecTypeVideo, ""}} {
		err := m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: c.pt, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: c.mime, ClockRate: c.hz, Channels: c.ch, SDPFmtpLine: c.fmtp}}, c.kind)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	var e webrtc.SettingEngine
	e.SetIncludeLoopbackCandidate(true)
	e.SetICEMulticastDNSMode(1)
	e.SetSRTPReplayProtectionWindow(1024) // as Chromium has it
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(e)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, pc: pc, up: make(chan struct{}), got: map[string][]*rtp.Packet{}, seq: 1000}
	t.Cleanup(func() { pc.GracefulClose() })
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c.up) })
		}
	})
	pc.OnTrack(c.listen)
	c.mic = c.section(webrtc.RTPCodecTypeAudio, s.voices, s.mic)
	c.cam = c.section(webrtc.RTPCodecTypeVideo, s.pictures, s.camera)
	return c
}

// section offers n sections of a kind, the first with a track if it sends.
func (c *client) section(kind webrtc.RTPCodecType, n int, sends bool) (track *webrtc.TrackLocalStaticRTP) {
	mime := webrtc.MimeTypeOpus
	if kind == webrtc.RTPCodecTypeVideo {
		mime = webrtc.MimeTypeVP8
	}
	for i := range n {
		var err error
		if i == 0 && sends {
			if track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind.String(), "mine"); err == nil {
				var tr *webrtc.RTPTransceiver
				if tr, err = c.pc.AddTransceiverFromTrack(track); err == nil {
					go c.plied(tr.Sender())
				}
			}
		} else {
			_, err = c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	return track
}

// plied counts wishes for a whole picture.
func (c *client) plied(s *webrtc.RTPSender) {
	for {
		list, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range list {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				c.mu.Lock()
				c.plis++
				c.mu.Unlock()
			}
		}
	}
}

func (c *client) listen(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.got[t.StreamID()] = append(c.got[t.StreamID()], p)
		c.mu.Unlock()
	}
}

func (c *client) offer() string {
	c.t.Helper()
	o, err := c.pc.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(o); err != nil {
		c.t.Fatal(err)
	}
	<-done
	return c.pc.LocalDescription().SDP
}

// join connects it, and waits until it is.
func (c *client) join(s *rtc.Switch, e rtc.Ears) *rtc.Desk {
	c.t.Helper()
	d, answer, err := s.Join(context.Background(), c.offer(), e)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		c.t.Fatalf("%v\n%s", err, answer)
	}
	select {
	case <-c.up:
	case <-time.After(10 * time.Second):
		c.t.Fatalf("not connected within 10 s:\n%s", answer)
	}
	c.until("the station sees it, too", func() bool { return d.Stats().Live })
	return d
}

// speak sends one packet of its microphone.
func (c *client) speak(payload string) {
	c.t.Helper()
	c.seq++
	err := c.mic.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: c.seq, Timestamp: uint32(c.seq) * 960}, Payload: []byte(payload)})
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		c.t.Fatal(err)
	}
}

// played is what came in a slot.
func (c *client) played(stream string) []*rtp.Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*rtp.Packet(nil), c.got[stream]...)
}

func (c *client) until(what string, ok func() bool) {
	c.t.Helper()
	wait(c.t, what, ok)
}

func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within 10 s", what)
}
