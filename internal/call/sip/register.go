package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Times of a registration.
const (
	longestStay  = 10 * time.Minute
	shortestStay = 30 * time.Second
)

// stay is a phone that registered, until its time is over.
type stay struct {
	phone     Phone
	contact   sip.Uri
	source    string // where it is: address and port
	transport string
	since     time.Time
	until     time.Time
}

// hostOf is the address that a request comes from.
func hostOf(r *sip.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.Source())
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// admit returns the phone that a request comes from, or answers it.
func (s *Server) admit(r *sip.Request, tx sip.ServerTransaction) *Phone {
	from := hostOf(r)
	challenge := func(old bool) {
		var hs []sip.Header
		lesser := s.door.lesser(s.phone(r.From().Address.User), from.String(), !old)
		for _, c := range s.door.challenges(s.realm, from.String(), old, lesser) {
			hs = append(hs, sip.NewHeader("WWW-Authenticate", c))
		}
		s.reply(r, tx, 401, "Unauthorized", hs...)
	}
	hs := r.GetHeaders("Authorization")
	if len(hs) == 0 {
		challenge(false)
		return nil
	}
	worst := asked
	for _, h := range hs[:min(len(hs), 4)] { // one for each challenge
		c, ok := parseCredentials(h.Value())
		if !ok {
			continue
		}
		p := s.phone(c.user)
		switch e := s.door.judge(c, p, s.realm, string(r.Method), r.Recipient.String(), from.String()); {
		case e == let && r.From().Address.User == p.Name:
			s.door.lesser(p, from.String(), false)
			return p
		case e == let, e == refused:
			s.refused.Add(1)
			s.o.Refused(clip(c.user), from)
			s.reply(r, tx, 403, "Forbidden")
			return nil
		default:
			worst = e
		}
	}
	challenge(worst == stale)
	return nil
}

// clip makes a foreign name fit for a log, and for a header between quotes.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 32)]
}

func (s *Server) onRegister(r *sip.Request, tx sip.ServerTransaction) {
	p := s.admit(r, tx)
	if p == nil {
		return
	}
	if r.To().Address.User != p.Name {
		s.reply(r, tx, 403, "Forbidden")
		return
	}
	c := r.Contact()
	want, ok := wanted(r, c)
	if !ok {
		s.reply(r, tx, 400, "Bad Expires")
		return
	}
	now := time.Now()
	s.mu.Lock()
	old := s.stays[p.Name]
	switch {
	case c == nil: // asks only
	case want == 0:
		if old != nil && (c.Address.Wildcard || old.source == r.Source()) {
			delete(s.stays, p.Name)
		}
	default:
		want = min(max(want, shortestStay), longestStay)
		x := &stay{phone: *p, contact: *c.Address.Clone(), source: r.Source(), transport: strings.ToUpper(r.Transport()), since: now, until: now.Add(want + 10*time.Second)}
		if old != nil && old.source == x.source {
			x.since = old.since
		}
		s.stays[p.Name] = x
	}
	x := s.stays[p.Name]
	s.mu.Unlock()
	var hs []sip.Header
	if x != nil {
		hs = append(hs, sip.NewHeader("Contact", fmt.Sprintf("<%s>;expires=%d", x.contact.String(), int(max(x.until.Sub(now)-10*time.Second, 0).Seconds()))),
			sip.NewHeader("Expires", strconv.Itoa(int(want.Seconds()))))
	}
	s.reply(r, tx, 200, "OK", hs...)
	if (old == nil) != (x == nil) || old != nil && x != nil && old.source != x.source {
		s.o.Changed()
	}
}

// wanted is for how long a phone wants to be registered.
func wanted(r *sip.Request, c *sip.ContactHeader) (time.Duration, bool) {
	text := ""
	if h := r.GetHeader("Expires"); h != nil {
		text = h.Value()
	}
	if c != nil {
		if v, ok := c.Params.Get("expires"); ok {
			text = v
		}
	}
	if text == "" {
		return longestStay, true
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil || c != nil && c.Address.Wildcard && n != 0 {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

// isKnown reports whether a phone is registered from an address.
func (s *Server) isKnown(a netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.stays {
		if addrPort(x.source).Addr() == a {
			return true
		}
	}
	return false
}

// isAt reports whether a phone of a name is registered from an address.
func (s *Server) isAt(name string, a netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.stays[name]
	return x != nil && addrPort(x.source).Addr() == a
}

// isBy reports whether a phone is registered by a connection.
func (s *Server) isBy(source string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.stays {
		if x.source == source && x.transport != "UDP" {
			return true
		}
	}
	return false
}

// cutOff forgets the phone that was reached by a connection which has ended.
func (s *Server) cutOff(source string) {
	s.mu.Lock()
	gone := false
	for name, x := range s.stays {
		if x.source == source && x.transport != "UDP" {
			delete(s.stays, name)
			gone = true
		}
	}
	s.mu.Unlock()
	if gone {
		s.o.Changed()
	}
}

// forget ends registrations whose time is over.
func (s *Server) forget() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-s.run.Done():
			return
		case now := <-t.C:
			gone := false
			s.mu.Lock()
			for name, x := range s.stays {
				if now.After(x.until) {
					delete(s.stays, name)
					gone = true
				}
			}
			s.mu.Unlock()
			if gone {
				s.o.Changed()
			}
		}
	}
}

func (s *Server) onOptions(r *sip.Request, tx sip.ServerTransaction) {
	s.reply(r, tx, 200, "OK", sip.NewHeader("Allow", "INVITE, ACK, CANCEL, BYE, INFO, OPTIONS, REGISTER"), sip.NewHeader("Accept", "application/sdp"))
}
