package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"parley"
)

// onInvite is a phone that is lifted and dials, or says anew what it hears.
func (s *Server) onInvite(r *sip.Request, tx sip.ServerTransaction) {
	if tag, ok := r.To().Params.Get("tag"); ok && tag != "" {
		s.again(r, tx)
		return
	}
	p := s.admit(r, tx)
	if p == nil {
		return
	}
	s.mu.Lock()
	x := s.stays[p.Name]
	s.mu.Unlock()
	if x == nil || x.source != r.Source() && addrPort(x.source).Addr() != hostOf(r) {
		s.reply(r, tx, 403, "Register First")
		return
	}
	h, err := s.newHandset(*p, hostOf(r))
	if err != nil {
		s.reply(r, tx, 503, "Service Unavailable")
		return
	}
	if err := h.agree(r.Body(), isTLS(r)); err != nil {
		h.drop()
		s.reply(r, tx, 488, "Not Acceptable Here")
		return
	}
	d, err := s.dialogs(r.Transport()).ReadInvite(r, tx)
	if err != nil {
		h.drop()
		s.reply(r, tx, 400, "Bad Request")
		return
	}
	h.uas, h.number, h.call, h.tls = d, clip(r.Recipient.User), string(*r.CallID()), isTLS(r)
	h.ours, _ = d.InviteRequest.To().Params.Get("tag")
	h.tag, _ = r.From().Params.Get("tag")
	defer context.AfterFunc(d.Context(), func() { h.stop(errHungUp) })()
	err = s.lift(h)
	h.mu.Lock()
	up := h.answered
	h.mu.Unlock()
	if !up && d.Context().Err() == nil {
		if err == nil {
			err = parley.Errorf(parley.Unavailable, "not answered")
		}
		code, reason := codeOf(err)
		if err := d.Respond(code, reason, nil, sip.NewHeader("Warning", fmt.Sprintf("399 parley %q", clip(parley.Clip(err.Error()))))); err != nil {
			s.o.Log.Debug("refusing a phone", "phone", p.Name, "err", err)
		}
	}
	h.stop(nil)
}

// agree takes the phone's session description.
func (h *Handset) agree(body []byte, secure bool) error {
	t, err := parseTalk(body, secure)
	if err != nil {
		return err
	}
	key := h.key
	if t.key == nil {
		key = nil
	} else if key == nil {
		key = newKey()
	}
	if err := h.st.agree(t, key, time.Now()); err != nil {
		return err
	}
	h.key = key
	return nil
}

func (s *Server) dialogs(transport string) *sipgo.DialogUA {
	return &sipgo.DialogUA{Client: s.client, ContactHDR: s.contact(strings.ToUpper(transport)), RewriteContact: true}
}

// again is an INVITE within a call: the phone holds, or says anew where it hears.
func (s *Server) again(r *sip.Request, tx sip.ServerTransaction) {
	h := s.find(r)
	if h == nil {
		s.reply(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	h.mu.Lock()
	if len(r.Body()) > 0 {
		if err := h.agree(r.Body(), isTLS(r)); err != nil {
			h.mu.Unlock()
			s.reply(r, tx, 488, "Not Acceptable Here")
			return
		}
	}
	h.id++
	res := sip.NewSDPResponseFromRequest(r, h.sdp())
	h.mu.Unlock()
	c := s.contact(strings.ToUpper(r.Transport()))
	res.AppendHeader(&c)
	if err := tx.Respond(res); err != nil {
		s.o.Log.Debug("answering a phone anew", "phone", h.phone.Name, "err", err)
	}
}

func (s *Server) onAck(r *sip.Request, tx sip.ServerTransaction) {
	if h := s.find(r); h != nil && h.uas != nil {
		h.uas.ReadAck(r, tx) // one of another number is of an INVITE within the call
	}
}

func (s *Server) onBye(r *sip.Request, tx sip.ServerTransaction) {
	h := s.find(r)
	if h == nil {
		s.reply(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	var err error
	if h.uas != nil {
		err = h.uas.ReadBye(r, tx)
	} else {
		err = h.uac.ReadBye(r, tx)
	}
	if err != nil {
		s.reply(r, tx, 400, "Bad Request")
		return
	}
	h.stop(errHungUp)
}

func (s *Server) onInfo(r *sip.Request, tx sip.ServerTransaction) {
	h := s.find(r)
	if h == nil {
		s.reply(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	kind := ""
	if c := r.ContentType(); c != nil {
		kind = c.Value()
	}
	key, ok := parseInfo(kind, r.Body())
	if !ok {
		s.reply(r, tx, 415, "Unsupported Media Type")
		return
	}
	h.press(key)
	s.reply(r, tx, 200, "OK")
}

// Ring rings registered phones until one is lifted, or ctx ends; those that were
// not lifted stop ringing. It reports whether one was lifted, and returns when that
// is known.
func (s *Server) Ring(ctx context.Context, caller string, which func(Phone) bool) bool {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.mu.Lock()
	var all []*stay
	for name, x := range s.stays {
		if s.lifted[name] == nil && which(x.phone) {
			all = append(all, x)
		}
	}
	if s.run.Err() != nil {
		all = nil
	}
	s.wg.Add(len(all))
	s.mu.Unlock()
	end := context.AfterFunc(s.run, stop)
	defer end()
	var won atomic.Bool
	down := make(chan bool, len(all))
	for _, x := range all {
		go func() {
			defer s.wg.Done()
			h := s.ringOne(ctx, x, caller)
			if h == nil {
				down <- false
				return
			}
			if !won.CompareAndSwap(false, true) {
				h.bye()
				h.drop()
				down <- false
				return
			}
			down <- true
			s.lift(h) // it is answered, and nobody is told
			h.stop(nil)
		}()
	}
	for range all {
		select {
		case yes := <-down:
			if yes {
				return true
			}
		case <-ctx.Done():
			return won.Load()
		}
	}
	return false
}

// ringOne rings one phone; nil: it was not lifted. Where a phone that came by TLS
// does not take an encrypted voice, it is offered one in the clear.
func (s *Server) ringOne(ctx context.Context, x *stay, caller string) *Handset {
	for _, secure := range []bool{x.transport == "TLS", false} {
		h, code := s.ringWith(ctx, x, caller, secure)
		if h != nil || !secure || code != 488 && code != 415 && code != 606 {
			return h
		}
	}
	return nil
}

func (s *Server) ringWith(ctx context.Context, x *stay, caller string, secure bool) (_ *Handset, code int) {
	h, err := s.newHandset(x.phone, addrPort(x.source).Addr())
	if err != nil {
		s.o.Log.Error("a phone cannot be rung", "phone", x.phone.Name, "err", err)
		return nil, 0
	}
	if secure {
		h.key = newKey()
	}
	r := sip.NewRequest(sip.INVITE, x.contact)
	r.SetTransport(x.transport)
	r.SetDestination(x.source)
	s.fromOurPort(r)
	from := sip.FromHeader{DisplayName: clip(caller), Address: sip.Uri{Scheme: "sip", User: "hotline", Host: s.contact(x.transport).Address.Host}}
	from.Params.Add("tag", sip.GenerateTagN(16))
	r.AppendHeader(&from)
	r.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	r.AppendHeader(sip.NewHeader("Allow", "INVITE, ACK, CANCEL, BYE, INFO, OPTIONS"))
	r.SetBody(description(h.st.at, h.id, nil, h.key))
	d, err := s.dialogs(x.transport).WriteInvite(ctx, r)
	if err != nil {
		h.drop()
		s.o.Log.Debug("ringing a phone", "phone", x.phone.Name, "err", err)
		return nil, 0
	}
	h.uac = d
	err = d.WaitAnswer(ctx, sipgo.AnswerOptions{})
	if err == nil {
		s.ack(d)
		err = h.agree(d.InviteResponse.Body(), secure)
	} else if d.InviteResponse != nil && d.InviteResponse.IsSuccess() {
		s.ack(d) // it was lifted while we gave up
	} else {
		h.drop()
		if d.InviteResponse != nil {
			code = d.InviteResponse.StatusCode
		}
		return nil, code
	}
	h.call, h.answered, h.tls = string(*r.CallID()), true, x.transport == "TLS"
	h.ours, _ = r.From().Params.Get("tag")
	h.tag, _ = d.InviteResponse.To().Params.Get("tag")
	if err != nil || ctx.Err() != nil {
		h.bye()
		h.drop()
		return nil, 0
	}
	context.AfterFunc(d.Context(), func() { h.stop(errHungUp) })
	return h, 200
}

func (s *Server) ack(d *sipgo.DialogClientSession) {
	r := sip.NewRequest(sip.ACK, remote(d))
	s.fromOurPort(r)
	if err := d.WriteAck(context.Background(), r); err != nil {
		s.o.Log.Debug("acknowledging a phone", "err", err)
	}
}

func addrPort(s string) netip.AddrPort {
	a, _ := netip.ParseAddrPort(s)
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
