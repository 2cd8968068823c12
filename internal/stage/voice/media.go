package voice

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// slots is how many voices a desk hears at once.
const slots = 8

const (
	levelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level" // RFC 6464
	noMDNS   = 1                                             // ice.MulticastDNSModeDisabled
)

// open makes the connection, not yet joined: one microphone and eight slots, on
// this machine's own address alone.
func (c *Caller) open() error {
	m := &webrtc.MediaEngine{}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: opus}, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: levelURI}, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	e := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}}
	e.SetIncludeLoopbackCandidate(true)
	e.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	e.SetICEMulticastDNSMode(noMDNS)
	e.SetSRTPReplayProtectionWindow(1024) // as browsers have it
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(e)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	c.pc = pc
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(c.up) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			c.shut()
		}
	})
	pc.OnTrack(c.hear)
	if c.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "microphone", "mine"); err != nil {
		return err
	}
	tr, err := pc.AddTransceiverFromTrack(c.track)
	if err != nil {
		return err
	}
	for range slots - 1 {
		if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return err
		}
	}
	go c.reports(tr.Sender())
	return nil
}

// reports reads what the desk says of the microphone, for pion.
func (c *Caller) reports(s *webrtc.RTPSender) {
	b := make([]byte, 1500)
	for {
		if _, _, err := s.Read(b); err != nil {
			return
		}
	}
}

// agreed is the number under which the level of the voice goes; 0: none.
func agreed(s *webrtc.RTPSender) uint8 {
	for _, x := range s.GetParameters().HeaderExtensions {
		if x.URI == levelURI {
			return uint8(x.ID)
		}
	}
	return 0
}

// hear reads a slot until the connection ends.
func (c *Caller) hear(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	slot, err := strconv.Atoi(strings.TrimPrefix(t.StreamID(), "voice"))
	if err != nil {
		return // a slot has its number in its name
	}
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		c.listen(slot, p.Payload)
	}
}
