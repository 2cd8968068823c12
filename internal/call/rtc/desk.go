package rtc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley"
)

// Ears are told what comes from one browser. Each method is called from one
// goroutine at a time and must not block; packets may be kept and are not to be
// altered. Gone is called once, last of all, and may come before Join returns.
type Ears interface {
	// Voice takes a packet of the microphone: Opus, with the browser's own numbers
	// and times, and an SSRC that no other source of this switch has. level is its
	// loudness in -dBov: 0 the loudest, 127 silence, 255 not known.
	Voice(p *rtp.Packet, level uint8)
	// Picture takes a packet of the camera: VP8.
	Picture(p *rtp.Packet)
	// PictureAsked says that the browser cannot go on in a slot without a whole
	// picture, or that another camera came into it: ask the source.
	PictureAsked(slot int)
	// Gone says that the connection has ended; err is nil after Close.
	Gone(err error)
}

// LossEars are Ears that also want to know what share of the voices in its slots a
// browser did not get, 0 to 1, about once in 5 s.
type LossEars interface{ Loss(fraction float64) }

// Desk is one browser. Its methods may be called from any goroutine, and from Ears.
type Desk struct {
	s    *Switch
	ears Ears
	pc   *webrtc.PeerConnection // set by negotiate, before ready

	voices, pictures []*slot
	voice, picture   source

	ready chan struct{} // closed when the negotiation has ended, well or not
	quit  chan struct{} // closed when the connection is to end
	over  chan struct{} // closed after Gone
	begun atomic.Bool   // somebody has the desk
	live  atomic.Bool

	mu   sync.Mutex
	err  error // why it ends; with quit
	wg   sync.WaitGroup
	done bool // no goroutine may begin any more

	streams atomic.Int32
	telling sync.Mutex // of what several slots say
	counts  counts
}

func newDesk(s *Switch, e Ears) *Desk {
	d := &Desk{s: s, ears: e, ready: make(chan struct{}), quit: make(chan struct{}), over: make(chan struct{})}
	d.voice = source{source: s.newSource(), rate: 200}
	d.picture = source{source: s.newSource(), rate: 1000}
	return d
}

// newSource is a number that no source has; the caller holds the lock.
func (s *Switch) newSource() uint32 {
	for {
		n := rand.Uint32()
		if _, taken := s.sources[n]; !taken && n != 0 {
			s.sources[n] = struct{}{}
			return n
		}
	}
}

// negotiate makes the connection and the answer.
func (d *Desk) negotiate(ctx context.Context, w *wanted) (string, error) {
	defer close(d.ready)
	pc, err := d.s.connection(d)
	if err != nil {
		return "", err
	}
	d.pc = pc
	pc.OnTrack(d.track(w))
	pc.OnConnectionStateChange(d.state)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: w.sdp}); err != nil {
		return "", parley.Errorf(parley.Unsupported, "the offer cannot be taken: %s", parley.Clip(err.Error()))
	}
	if d.voices, err = d.slots(pc, w.voices, webrtc.RTPCodecTypeAudio, "voice"); err != nil {
		return "", err
	}
	if d.pictures, err = d.slots(pc, w.pictures, webrtc.RTPCodecTypeVideo, "picture"); err != nil {
		return "", err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", parley.Errorf(parley.Unsupported, "the offer cannot be answered: %s", parley.Clip(err.Error()))
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", parley.Errorf(parley.Unsupported, "the offer cannot be answered: %s", parley.Clip(err.Error()))
	}
	select {
	case <-gathered:
	case <-d.quit:
		return "", parley.Errorf(parley.Unavailable, "the station takes no calls any more")
	case <-ctx.Done():
		return "", parley.Errorf(parley.Unavailable, "the answer was not ready in time: %v", ctx.Err())
	}
	return finish(pc.LocalDescription().SDP, d.s.hosts(), d.s.addr.Port()), nil
}

// slots gives each section of a kind, in its order, a track of ours.
func (d *Desk) slots(pc *webrtc.PeerConnection, n int, kind webrtc.RTPCodecType, name string) ([]*slot, error) {
	var out []*slot
	for i := range n {
		s := &slot{n: i, kind: kind, name: fmt.Sprintf("%s%d", name, i)}
		sender, err := pc.AddTrack(s)
		if err != nil {
			return nil, parley.Errorf(parley.Unsupported, "slot %d of the offer cannot be filled: %s", i, parley.Clip(err.Error()))
		}
		out = append(out, s)
		d.spawn(func() { d.reports(s, sender) })
	}
	return out, nil
}

// spawn starts a goroutine that the end waits for.
func (d *Desk) spawn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.done {
		d.wg.Go(f)
	}
}

// state follows the connection.
func (d *Desk) state(now webrtc.PeerConnectionState) {
	switch now {
	case webrtc.PeerConnectionStateConnected:
		d.live.Store(true)
	case webrtc.PeerConnectionStateFailed:
		if !d.live.Load() {
			d.never()
		}
		d.end(parley.Errorf(parley.Unavailable, "nothing comes from the browser any more"))
	case webrtc.PeerConnectionStateClosed:
		d.end(parley.Errorf(parley.Unavailable, "the browser has ended the connection"))
	}
}

// never ends one that did not begin.
func (d *Desk) never() {
	d.end(parley.Errorf(parley.Unavailable, "the browser does not reach the station for its voice").WithHint("it needs UDP port %d of one of %v", d.s.addr.Port(), d.s.hosts()))
}

// end has the connection end, for the first reason given.
func (d *Desk) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.quit:
	default:
		d.err = err
		close(d.quit)
	}
}

// run sees the desk to its end.
func (d *Desk) run() {
	<-d.ready
	late := time.NewTimer(appear)
	defer late.Stop()
	for waits := true; waits; {
		select {
		case <-d.quit:
			waits = false
		case <-late.C:
			if !d.live.Load() {
				d.never()
			}
		}
	}
	d.mu.Lock()
	d.done = true
	d.mu.Unlock()
	if d.pc != nil {
		if err := d.pc.GracefulClose(); err != nil {
			d.s.log.Debug("closing a desk's connection", "err", err)
		}
	}
	d.wg.Wait()
	if d.begun.Load() {
		d.ears.Gone(d.err)
	}
	d.s.forget(d)
	close(d.over)
}

// Close ends the connection. It returns at once; Gone says when it is over.
func (d *Desk) Close() { d.end(nil) }

// Slots says how many voices it hears and pictures it sees at once.
func (d *Desk) Slots() (voices, pictures int) { return len(d.voices), len(d.pictures) }

// Play sends a packet of any source to the browser in an audio slot; a source is
// what has one SSRC. It never blocks: what the port does not take at once is
// dropped and counted, and so is what the browser cannot play. The packet may go to
// other desks, too, and is not altered. The error is of kind NotFound (no such slot),
// Unsupported (no codec of a voice), Oversize, or Unavailable after the end.
func (d *Desk) Play(slot int, p *rtp.Packet) error {
	if p.PayloadType != Opus && p.PayloadType != PCMU {
		return parley.Errorf(parley.Unsupported, "a voice of payload type %d", p.PayloadType)
	}
	return d.put(d.voices, slot, p)
}

// Show is Play for a picture.
func (d *Desk) Show(slot int, p *rtp.Packet) error {
	if p.PayloadType != VP8 {
		return parley.Errorf(parley.Unsupported, "a picture of payload type %d", p.PayloadType)
	}
	return d.put(d.pictures, slot, p)
}

func (d *Desk) put(slots []*slot, n int, p *rtp.Packet) error {
	if n < 0 || n >= len(slots) {
		return parley.Errorf(parley.NotFound, "the desk has no slot %d of %d", n, len(slots))
	}
	if len(p.Payload) > maxPart {
		return parley.Errorf(parley.Oversize, "a packet of %d bytes", len(p.Payload))
	}
	if err := d.gone(); err != nil {
		return err
	}
	now := time.Now()
	switch out, err := slots[n].send(p, now); {
	case err != nil, out == skipped:
		d.counts.dropped.Add(1)
	case out == keyless:
		d.counts.dropped.Add(1)
		d.asked(slots[n], now)
	default:
		d.counts.played.Add(1)
	}
	return nil
}

func (d *Desk) gone() error {
	select {
	case <-d.quit:
		return parley.Errorf(parley.Unavailable, "the desk has gone")
	default:
		return nil
	}
}

// Hush ends what an audio slot holds with silence. Without it a browser goes on for
// a while with what it takes for the voice. The error is of the kinds of Play.
func (d *Desk) Hush(slot int) error {
	if slot < 0 || slot >= len(d.voices) {
		return parley.Errorf(parley.NotFound, "the desk has no slot %d of %d", slot, len(d.voices))
	}
	if err := d.gone(); err != nil {
		return err
	}
	if err := d.voices[slot].hush(time.Now()); err != nil {
		d.counts.dropped.Add(1)
	}
	return nil
}

// AskPicture asks the browser for a whole picture of its camera.
func (d *Desk) AskPicture() {
	if ssrc := d.picture.theirs.Load(); ssrc != 0 && d.gone() == nil {
		d.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}) // one that is lost is asked for again
	}
}
