package rtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"parley"
)

const (
	levelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level" // RFC 6464
	opusFmtp = "minptime=10;useinbandfec=1;usedtx=0"
	noMDNS   = 1                  // ice.MulticastDNSModeDisabled
	renew    = 7 * 24 * time.Hour // after which the certificate is made anew; pion's live for a month
)

// Times of a connection: a browser that leaves without a word is gone after dead.
const (
	silent = 8 * time.Second  // without a packet: may be lost
	dead   = 8 * time.Second  // after that: is lost
	appear = 20 * time.Second // from the answer to the first packet
)

// api is what every connection is made with: three codecs, one port, no address
// but our own.
func (s *Switch) api(d *Desk) (*webrtc.API, error) {
	m, log := &webrtc.MediaEngine{}, quiet{s.log}
	for _, c := range []struct {
		kind  webrtc.RTPCodecType
		codec webrtc.RTPCodecParameters
	}{
		{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecParameters{PayloadType: Opus, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: opusFmtp}}},
		{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecParameters{PayloadType: PCMU, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: VP8, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{{Type: "ccm", Parameter: "fir"}}}}},
	} {
		if err := m.RegisterCodec(c.codec, c.kind); err != nil {
			return nil, fmt.Errorf("registering a codec: %w", err)
		}
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: levelURI}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("registering the audio level: %w", err)
	}
	// Those of pion's defaults that a call needs: retransmission, reports, and
	// feedback on congestion of pictures. No simulcast: a browser sends one picture.
	r := &interceptor.Registry{}
	for _, register := range []func() error{
		func() error {
			return webrtc.ConfigureNackWithOptions(m, r, []nack.GeneratorOption{nack.WithGeneratorLoggerFactory(log)}, nack.WithResponderLoggerFactory(log))
		},
		func() error {
			return webrtc.ConfigureRTCPReportsWithOptions(r, []report.ReceiverOption{report.WithReceiverLoggerFactory(log)}, report.WithSenderLoggerFactory(log))
		},
		func() error { return congestion(m, r, log) },
	} {
		if err := register(); err != nil {
			return nil, fmt.Errorf("registering an interceptor: %w", err)
		}
	}
	e := webrtc.SettingEngine{LoggerFactory: log}
	e.SetLite(true)
	e.BufferFactory = d.buffer
	e.SetICEUDPMux(s.mux)
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	e.DisableActiveTCP(true)
	e.SetIncludeLoopbackCandidate(true)
	e.SetICEMulticastDNSMode(noMDNS)
	e.SetSRTPReplayProtectionWindow(1024) // pion's 64 are gone before a lost packet of a picture has come again
	e.SetICETimeouts(silent, dead, 2*time.Second)
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r), webrtc.WithSettingEngine(e)), nil
}

// congestion has a browser told how its pictures arrive, from which it takes their
// rate. Voices have one rate, and a note of each would wake a goroutine.
func congestion(m *webrtc.MediaEngine, r *interceptor.Registry, log logging.LoggerFactory) error {
	m.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, webrtc.RTPCodecTypeVideo)
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}, webrtc.RTPCodecTypeVideo); err != nil {
		return err
	}
	notes, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(log))
	if err != nil {
		return err
	}
	r.Add(notes)
	return nil
}

// certificates holds the one that browsers are told to expect. It proves nothing
// by itself: its fingerprint travels in the answer, over the desk's own origin.
type certificates struct {
	mu   sync.Mutex
	cert *webrtc.Certificate
	made time.Time
}

func (c *certificates) get() (*webrtc.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cert != nil && time.Since(c.made) < renew {
		return c.cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "making a key for calls: %v", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, parley.Errorf(parley.Internal, "making a certificate for calls: %v", err)
	}
	c.cert, c.made = cert, time.Now()
	return cert, nil
}

// quiet passes what pion says to our log, at debug level: whoever is at the other
// end can make it complain as often as he likes.
type quiet struct{ log *slog.Logger }

func (q quiet) NewLogger(scope string) logging.LeveledLogger { return quiet{q.log.With("of", scope)} }
func (q quiet) Trace(string)                                 {}
func (q quiet) Tracef(string, ...any)                        {}
func (q quiet) Debug(string)                                 {}
func (q quiet) Debugf(string, ...any)                        {}
func (q quiet) Info(string)                                  {}
func (q quiet) Infof(string, ...any)                         {}
func (q quiet) Warn(msg string)                              { q.log.Debug(msg) }
func (q quiet) Warnf(f string, a ...any)                     { q.log.Debug(fmt.Sprintf(f, a...)) }
func (q quiet) Error(msg string)                             { q.log.Debug(msg) }
func (q quiet) Errorf(f string, a ...any)                    { q.log.Debug(fmt.Sprintf(f, a...)) }
