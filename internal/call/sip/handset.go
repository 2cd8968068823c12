package sip

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/pion/rtp"

	"parley"
)

// Why a handset is down.
var (
	errHungUp   = errors.New("the phone hung up")
	errSilent   = errors.New("nothing came from the phone any more")
	errReplaced = errors.New("the phone was lifted again")
)

// A Handset is a phone that is lifted: by dialling, or to answer. It is the leg of
// its person on a call.
type Handset struct {
	s      *Server
	phone  Phone
	number string // that was dialled; "" where it answered
	st     *stream
	key    []byte // with which we encrypt
	id     uint64 // of our session description
	from   netip.Addr
	tls    bool // its SIP comes by TLS

	uas  *sipgo.DialogServerSession // the phone called us
	uac  *sipgo.DialogClientSession // we called the phone
	call string                     // the Call-ID
	ours string                     // our tag, and the phone's
	tag  string

	ctx    context.Context
	stop   context.CancelCauseFunc
	over   chan struct{}
	shut   chan struct{}
	closed sync.Once
	up     chan struct{} // it is lifted for good
	raised sync.Once

	mu       sync.Mutex
	answered bool
	voice    func(p *rtp.Packet, level uint8)
	digit    func(key byte)
	levels   func() [Slots]float32
}

// Phone is whose handset it is.
func (h *Handset) Phone() Phone { return h.phone }

// Number is what was dialled; "" where the phone answered our call.
func (h *Handset) Number() string { return h.number }

// Play, Show, AskPicture and Close make it a leg of an exchange.
func (h *Handset) Play(slot int, p *rtp.Packet) error {
	h.st.mix.take(slot, p, time.Now())
	return nil
}

// Show does nothing: a phone shows no pictures.
func (h *Handset) Show(int, *rtp.Packet) error { return nil }

// AskPicture does nothing: a phone has no camera.
func (h *Handset) AskPicture() {}

// Close says that the exchange has let go of it.
func (h *Handset) Close() { h.closed.Do(func() { close(h.shut) }) }

// Closed is closed with Close.
func (h *Handset) Closed() <-chan struct{} { return h.shut }

// Serve says who takes its voice and its keys, and asks how loud each slot is to be
// heard, ten times a second.
func (h *Handset) Serve(voice func(p *rtp.Packet, level uint8), digit func(key byte), levels func() [Slots]float32) {
	h.mu.Lock()
	h.voice, h.digit, h.levels = voice, digit, levels
	h.mu.Unlock()
}

// Ringing lets the caller hear that it rings at the other side.
func (h *Handset) Ringing() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answered {
		return
	}
	h.st.mix.ring(true)
	if err := h.uas.Respond(180, "Ringing", h.sdp(), sip.NewHeader("Content-Type", "application/sdp")); err != nil {
		h.s.o.Log.Debug("telling a phone that it rings", "phone", h.phone.Name, "err", err)
	}
}

func (h *Handset) sdp() []byte {
	h.st.mu.Lock()
	t := h.st.talk
	h.st.mu.Unlock()
	return description(h.st.at, h.id, t, h.key)
}

// Answer lets the phone hear, and be heard.
func (h *Handset) Answer() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.st.mix.ring(false)
	if h.uac != nil {
		h.raise() // it answered us
	}
	if h.answered {
		return
	}
	h.answered = true
	h.st.heard.Store(time.Now().UnixNano())
	body := h.sdp()
	h.s.wg.Add(1) // the caller is in a request that is waited for
	go func() {
		defer h.s.wg.Done()
		if err := h.uas.RespondSDP(body); err != nil {
			h.s.o.Log.Debug("answering a phone", "phone", h.phone.Name, "err", err)
			h.stop(errHungUp)
			return
		}
		h.raise()
	}()
}

func (h *Handset) raise() { h.raised.Do(func() { close(h.up) }) }

// lift runs a handset until it is down, and hands back what Lifted said.
func (s *Server) lift(h *Handset) error {
	s.mu.Lock()
	old := s.lifted[h.phone.Name]
	s.lifted[h.phone.Name] = h
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		if s.lifted[h.phone.Name] == h {
			delete(s.lifted, h.phone.Name)
		}
		s.mu.Unlock()
		close(h.over)
		s.o.Changed()
	}()
	if old != nil {
		old.stop(errReplaced)
		<-old.over
	}
	h.st.start(h.said, h.press)
	defer h.st.close()
	done := make(chan struct{})
	defer close(done)
	s.spawn(func() { h.look(done) })
	s.o.Changed()
	err := s.o.Lifted(h.ctx, h)
	h.mu.Lock()
	up := h.answered
	h.mu.Unlock()
	if up {
		h.bye()
	}
	return err
}

func (h *Handset) said(p *rtp.Packet, level uint8) {
	h.mu.Lock()
	f := h.voice
	h.mu.Unlock()
	if f != nil {
		f(p, level)
	}
}

func (h *Handset) press(key byte) {
	h.mu.Lock()
	f := h.digit
	h.mu.Unlock()
	if f != nil {
		f(key)
	}
}

// look asks how loud each slot is, and ends what is silent. A phone on hold is
// silent for as long as it likes, while it is registered.
func (h *Handset) look(done <-chan struct{}) {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-t.C:
			h.mu.Lock()
			f, up := h.levels, h.answered
			h.mu.Unlock()
			if f != nil {
				h.st.mix.set(f())
			}
			if up && !(h.st.held() && h.s.isAt(h.phone.Name, h.from)) && h.st.silent(now) > time.Duration(h.s.silent.Load()) {
				h.stop(errSilent)
			}
		}
	}
}

// Lost reports whether the handset is down because nothing came from it any more,
// and not because somebody hung it up.
func (h *Handset) Lost() bool { return errors.Is(context.Cause(h.ctx), errSilent) }

// bye hangs up at the phone, unless it did so itself.
func (h *Handset) bye() {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	var err error
	if h.uas != nil {
		r := sip.NewRequest(sip.BYE, h.uas.InviteRequest.Contact().Address)
		r.SetTransport(h.uas.InviteRequest.Transport())
		h.s.fromOurPort(r)
		err = h.uas.WriteBye(ctx, r)
	} else {
		r := sip.NewRequest(sip.BYE, remote(h.uac))
		h.s.fromOurPort(r)
		err = h.uac.WriteBye(ctx, r)
	}
	if err != nil {
		h.s.o.Log.Debug("hanging up at a phone", "phone", h.phone.Name, "err", err)
	}
}

// remote is where requests within a call of ours go.
func remote(d *sipgo.DialogClientSession) sip.Uri {
	if c := d.InviteResponse.Contact(); c != nil {
		return *c.Address.Clone()
	}
	return *d.InviteRequest.Recipient.Clone()
}

// fromOurPort makes a datagram leave from the port at which we listen.
func (s *Server) fromOurPort(r *sip.Request) {
	if r.Transport() == "UDP" || r.Transport() == "" {
		r.Laddr = sip.Addr{IP: s.host.AsSlice(), Port: int(s.port)}
	}
}

// newHandset opens the media of a phone.
func (s *Server) newHandset(p Phone, from netip.Addr) (*Handset, error) {
	st, err := openStream(s.host, s.mediaPorts(), from)
	if err != nil {
		return nil, err
	}
	h := &Handset{s: s, phone: p, st: st, id: uint64(time.Now().Unix()), from: from, over: make(chan struct{}), shut: make(chan struct{}), up: make(chan struct{})}
	h.ctx, h.stop = context.WithCancelCause(s.run)
	return h, nil
}

// drop lets go of a handset that was never lifted.
func (h *Handset) drop() {
	h.stop(errHungUp)
	h.st.conn.Close()
}

func isTLS(r *sip.Request) bool { return strings.EqualFold(r.Transport(), "TLS") }

// find returns the handset that a request within a call belongs to. What began by TLS
// is not altered in the clear.
func (s *Server) find(r *sip.Request) *Handset {
	to, _ := r.To().Params.Get("tag")
	from, _ := r.From().Params.Get("tag")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.lifted {
		if h.call == string(*r.CallID()) && h.ours == to && h.tag == from && h.from == hostOf(r) && (!h.tls || isTLS(r)) {
			return h
		}
	}
	return nil
}

// codeOf is what a caller is told of an error.
func codeOf(err error) (int, string) {
	switch parley.KindOf(err) {
	case parley.NotAllowed:
		return 403, "Forbidden"
	case parley.NotFound:
		return 404, "Not Found"
	case parley.Conflict:
		return 486, "Busy Here"
	case parley.Malformed, parley.Unsupported, parley.Oversize:
		return 488, "Not Acceptable Here"
	}
	return 480, "Temporarily Unavailable"
}
