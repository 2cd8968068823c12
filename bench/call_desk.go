package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// desk is a browser that is none: Pion's own end, which speaks numbered packets
// under a letter and notes those that it hears.
type desk struct {
	letter byte
	pc     *webrtc.PeerConnection
	mic    *webrtc.TrackLocalStaticRTP
	up     chan struct{}
	end    chan struct{}
	talk   sync.WaitGroup
	said   atomic.Uint32 // packets
	total  atomic.Int64  // packets heard, of anybody

	mu    sync.Mutex
	keeps bool          // what was heard, not only how much
	since time.Duration // what was said earlier, from epoch, does not count
	heard map[byte]*heard
}

// heard is what a desk has heard of one speaker since it last forgot.
type heard struct {
	first time.Time
	n     int               // packets, each once as far as they are kept
	kept  map[uint32]packet // by their number
}

// packet is one that came: how long it was under way, and what it holds.
type packet struct {
	took time.Duration
	opus []byte
}

// stamp stands before the Opus of each packet: letter, number, time. Stations do
// not look into what a browser says.
const stamp = 1 + 4 + 8

// voiceBytes is a packet of 20 ms at 32 kbit/s.
const voiceBytes = 80

// newDesk makes a browser's end with so many audio sections, the first of which
// also sends.
func newDesk(letter byte, voices int) (*desk, error) {
	m := &webrtc.MediaEngine{}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: opus}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	var e webrtc.SettingEngine
	e.SetIncludeLoopbackCandidate(true)
	e.SetICEMulticastDNSMode(1) // off
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	e.SetSRTPReplayProtectionWindow(1024) // as Chromium has it
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(e)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	d := &desk{letter: letter, pc: pc, up: make(chan struct{}), end: make(chan struct{}), heard: map[byte]*heard{}}
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(d.up) })
		}
	})
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { d.listen(t) })
	for i := range voices {
		if i > 0 {
			_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		} else if d.mic, err = webrtc.NewTrackLocalStaticRTP(opus, "audio", "mine"); err == nil {
			_, err = pc.AddTrack(d.mic)
		}
		if err != nil {
			pc.Close()
			return nil, err
		}
	}
	return d, nil
}

// local waits for the own addresses.
func (d *desk) local(s webrtc.SessionDescription, err error) (string, error) {
	if err != nil {
		return "", err
	}
	done := webrtc.GatheringCompletePromise(d.pc)
	if err := d.pc.SetLocalDescription(s); err != nil {
		return "", err
	}
	<-done
	return d.pc.LocalDescription().SDP, nil
}

func (d *desk) offer() (string, error) { return d.local(d.pc.CreateOffer(nil)) }

// answered takes the answer, and waits until the desk is connected.
func (d *desk) answered(sdp string) error {
	if err := d.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return err
	}
	select {
	case <-d.up:
		return nil
	case <-time.After(10 * time.Second):
		return fmt.Errorf("desk %c is not connected within 10 s", d.letter)
	}
}

// directly connects two desks with nothing between: what the network and Pion
// cost by themselves. Only d speaks.
func (d *desk) directly(to *desk) error {
	offer, err := d.offer()
	if err != nil {
		return err
	}
	if err := to.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return err
	}
	answer, err := to.local(to.pc.CreateAnswer(nil))
	if err != nil {
		return err
	}
	return d.answered(answer)
}

// speaks says a packet every so often, until the desk is closed. What it says is
// opus, one after the other and again; nil is as long a packet of nothing.
func (d *desk) speaks(every time.Duration, opus [][]byte) {
	d.talk.Go(func() {
		nothing := make([]byte, voiceBytes-stamp)
		ticks := uint32(every.Microseconds() * 48 / 1000)
		first := uint16(rand.N(1 << 15)) // as browsers do
		for n, next := uint32(0), time.Now(); ; n++ {
			says := nothing
			if len(opus) > 0 {
				says = opus[int(n)%len(opus)]
			}
			b := append(make([]byte, 0, stamp+len(says)), d.letter)
			b = binary.BigEndian.AppendUint32(b, n)
			b = binary.BigEndian.AppendUint64(b, uint64(time.Since(epoch)))
			if d.mic.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: first + uint16(n), Timestamp: n * ticks}, Payload: append(b, says...)}) != nil {
				return
			}
			d.said.Store(n + 1)
			next = next.Add(every)
			select {
			case <-d.end:
				return
			case <-time.After(time.Until(next)):
			}
		}
	})
}

// epoch is what the stamps count from, by the clock that only runs.
var epoch = time.Now()

func (d *desk) listen(t *webrtc.TrackRemote) {
	buf := make([]byte, 2048)
	var p rtp.Packet
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if p.Unmarshal(buf[:n]) != nil || len(p.Payload) < stamp {
			continue
		}
		d.total.Add(1)
		now := time.Now()
		number := binary.BigEndian.Uint32(p.Payload[1:])
		said := time.Duration(binary.BigEndian.Uint64(p.Payload[5:]))
		d.mu.Lock()
		if said < d.since {
			d.mu.Unlock()
			continue
		}
		h := d.heard[p.Payload[0]]
		if h == nil {
			h = &heard{first: now, kept: map[uint32]packet{}}
			d.heard[p.Payload[0]] = h
		}
		if _, twice := h.kept[number]; !twice {
			h.n++
			if d.keeps {
				h.kept[number] = packet{now.Sub(epoch) - said, append([]byte(nil), p.Payload[stamp:]...)}
			}
		}
		d.mu.Unlock()
	}
}

// firstOf is when somebody was first heard since the desk forgot; false: not yet.
func (d *desk) firstOf(letter byte) (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h := d.heard[letter]; h != nil {
		return h.first, true
	}
	return time.Time{}, false
}

// forget begins anew; what is heard from now on is kept or only counted.
func (d *desk) forget(keep bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard, d.keeps, d.since = map[byte]*heard{}, keep, 0
}

// forgetUntilNow is forget; what was said before does not count, should it still
// come.
func (d *desk) forgetUntilNow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard, d.keeps, d.since = map[byte]*heard{}, false, time.Since(epoch)
}

// of returns what was heard of somebody, and forgets.
func (d *desk) of(letter byte) heard {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.heard[letter]
	d.heard, d.keeps = map[byte]*heard{}, false
	if h == nil {
		return heard{}
	}
	return *h
}

// waitFor waits until somebody is heard.
func (d *desk) waitFor(letter byte, within time.Duration) (at time.Time, err error) {
	for began := time.Now(); time.Since(began) < within; time.Sleep(time.Millisecond) {
		if at, ok := d.firstOf(letter); ok {
			return at, nil
		}
	}
	return at, fmt.Errorf("desk %c does not hear %c within %v", d.letter, letter, within)
}

// silent has the desk say nothing more; it stays connected.
func (d *desk) silent() {
	select {
	case <-d.end:
	default:
		close(d.end)
	}
	d.talk.Wait()
}

func (d *desk) close() {
	d.silent()
	d.pc.Close()
}
