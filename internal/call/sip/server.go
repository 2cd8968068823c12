package sip

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"parley"
)

// Ports beside that of SIP.
const (
	tlsAbove   = 1  // the port of TLS
	mediaAbove = 10 // the first port of voices, which are even numbers from there
	mediaPorts = 64
)

// Options are what a server of phones is made from.
type Options struct {
	Addr   string      // address and port, by UDP and TCP; TLS has the next port
	TLS    *tls.Config // nil: no TLS
	Phones []Phone
	// Lifted is called when a phone was lifted, and holds it for as long as it
	// runs. ctx ends when the phone hangs up, or is gone. An error is what the
	// caller is told where he was not answered yet.
	Lifted func(ctx context.Context, h *Handset) error
	// Refused is told of a wrong password.
	Refused func(phone string, from netip.Addr)
	// Changed is told that a phone registered, or is no longer.
	Changed func()
	Log     *slog.Logger
}

// A Server is the registrar and user agent of the phones of a station.
type Server struct {
	o      Options
	host   netip.Addr
	port   uint16
	realm  string
	silent atomic.Int64 // nanoseconds; without a packet for so long, a handset is down
	door   *door
	gate   *rates // of datagrams
	ua     *sipgo.UserAgent
	client *sipgo.Client
	udp    *net.UDPConn
	lists  []*conns
	run    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup

	bad     atomic.Uint64
	refused atomic.Uint64

	mu     sync.Mutex
	stays  map[string]*stay    // by the phone's name
	lifted map[string]*Handset // likewise
}

// Registered is a phone that registered.
type Registered struct {
	Phone string
	Role  string
	Line  string
	At    string // its address
	By    string // "UDP", "TCP", "TLS"
	Since time.Time
	Up    bool // its handset is lifted
}

var quiet sync.Once

// Listen opens the ports of a server. Close ends it.
func Listen(o Options) (*Server, error) {
	at, err := netip.ParseAddrPort(o.Addr)
	if err != nil || at.Addr().IsUnspecified() || at.Port() == 0 || at.Port() > 65535-mediaAbove-mediaPorts {
		return nil, parley.Errorf(parley.Malformed, "phones cannot call %q", o.Addr).WithHint("an address of this machine on the phones' network, and a port: 192.0.2.1:5060")
	}
	quiet.Do(func() { sip.SetDefaultLogger(slog.New(slog.DiscardHandler)) }) // it says whatever comes, and to all
	s := &Server{o: o, host: at.Addr().Unmap(), port: at.Port(), realm: "parley", door: newDoor(time.Now), stays: map[string]*stay{}, lifted: map[string]*Handset{}}
	s.silent.Store(int64(silentFor))
	if s.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)); err != nil {
		return nil, unopened(err)
	}
	s.gate = newRates(s.isKnown)
	streams := newRates(s.isKnown)
	bad := func() { s.bad.Add(1) }
	for i, conf := range []*tls.Config{nil, o.TLS} {
		if i == 1 && conf == nil {
			continue
		}
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(s.host, s.port+uint16(i*tlsAbove))))
		if err != nil {
			s.udp.Close()
			for _, l := range s.lists {
				l.Close()
			}
			return nil, unopened(err)
		}
		s.lists = append(s.lists, &conns{Listener: l, tls: conf, rates: streams, bad: bad, gone: s.cutOff, phone: s.isBy, open: map[netip.Addr]int{}, all: map[*conn]bool{}})
	}
	if err := s.agent(); err != nil {
		return nil, err
	}
	s.run, s.stop = context.WithCancel(context.Background())
	tp := s.ua.TransportLayer()
	s.spawn(func() {
		for s.run.Err() == nil {
			tp.ServeUDP(&datagrams{PacketConn: s.udp, rates: s.gate, from: map[netip.AddrPort]bool{}, bad: bad}) // it ends to begin anew
		}
	})
	for _, l := range s.lists {
		serve := tp.ServeTCP
		if l.tls != nil {
			serve = tp.ServeTLS
		}
		s.spawn(func() { serve(l) }) // it ends with the listener
	}
	s.spawn(s.forget)
	return s, nil
}

func unopened(err error) error {
	return parley.Errorf(parley.Unavailable, "the port of the phones is not open: %v", err)
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

// agent makes sipgo's part. It never dials, and asks no DNS: a phone is reached by
// the way on which it came.
func (s *Server) agent() (err error) {
	never := errors.New("phones are not dialled")
	dialer := func(net.Addr) net.Dialer {
		return net.Dialer{ControlContext: func(context.Context, string, string, syscall.RawConn) error { return never }}
	}
	dns := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, never }}
	tcp := func() *sip.TransportTCP {
		return &sip.TransportTCP{DialerCreate: dialer, WriteTimeout: 5 * time.Second}
	}
	s.ua, err = sipgo.NewUA(sipgo.WithUserAgent("parley"), sipgo.WithUserAgentHostname(s.host.String()), sipgo.WithUserAgentDNSResolver(dns),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerTransports(sip.TransportsConfig{TCP: tcp(), TLS: &sip.TransportTLS{TransportTCP: tcp()}})),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerTerminateOnConnClose()))
	if err != nil {
		return parley.Errorf(parley.Internal, "phones: %v", err)
	}
	srv, err := sipgo.NewServer(s.ua)
	if err != nil {
		return parley.Errorf(parley.Internal, "phones: %v", err)
	}
	if s.client, err = sipgo.NewClient(s.ua, sipgo.WithClientNAT()); err != nil {
		return parley.Errorf(parley.Internal, "phones: %v", err)
	}
	for m, f := range map[sip.RequestMethod]func(*sip.Request, sip.ServerTransaction){
		sip.REGISTER: s.onRegister, sip.INVITE: s.onInvite, sip.ACK: s.onAck, sip.BYE: s.onBye, sip.INFO: s.onInfo, sip.OPTIONS: s.onOptions,
		sip.CANCEL: func(r *sip.Request, tx sip.ServerTransaction) { s.reply(r, tx, 481, "Call/Transaction Does Not Exist") },
	} {
		srv.OnRequest(m, s.safely(f))
	}
	srv.OnNoRoute(s.safely(func(r *sip.Request, tx sip.ServerTransaction) { s.reply(r, tx, 405, "Method Not Allowed") }))
	return nil
}

// safely keeps a request that our handling does not survive from ending the
// station: the line matters more than a phone.
func (s *Server) safely(f func(*sip.Request, sip.ServerTransaction)) sipgo.RequestHandler {
	return func(r *sip.Request, tx sip.ServerTransaction) {
		s.mu.Lock()
		ended := s.run.Err() != nil
		if !ended {
			s.wg.Add(1)
		}
		s.mu.Unlock()
		if ended {
			return
		}
		defer s.wg.Done()
		defer func() {
			if x := recover(); x != nil {
				s.o.Log.Error("a phone's request was not survived", "method", r.Method, "from", r.Source(), "what", x)
			}
		}()
		f(r, tx)
	}
}

func (s *Server) spawn(f func()) {
	s.wg.Add(1)
	go func() { defer s.wg.Done(); f() }()
}

// Close hangs up every phone, and returns when all has ended.
func (s *Server) Close() {
	s.mu.Lock()
	s.stop()
	up := slices.Collect(func(yield func(*Handset) bool) {
		for _, h := range s.lifted {
			if !yield(h) {
				return
			}
		}
	})
	s.mu.Unlock()
	for _, h := range up {
		<-h.over
	}
	for _, l := range s.lists {
		l.Close()
		l.closeAll()
	}
	s.udp.Close()
	s.ua.Close()
	s.wg.Wait()
}

// Phones returns who registered, by name.
func (s *Server) Phones() (out []Registered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.stays {
		out = append(out, Registered{x.phone.Name, x.phone.Role, x.phone.Line, x.source, x.transport, x.since, s.lifted[x.phone.Name] != nil})
	}
	slices.SortFunc(out, func(a, b Registered) int { return cmp.Compare(a.Phone, b.Phone) })
	return out
}

// phone finds a phone of the file.
func (s *Server) phone(name string) *Phone {
	for i := range s.o.Phones {
		if s.o.Phones[i].Name == name {
			return &s.o.Phones[i]
		}
	}
	return nil
}

// contact is where phones reach us, by a transport.
func (s *Server) contact(transport string) sip.ContactHeader {
	u := sip.Uri{Scheme: "sip", User: "hotline", Host: s.host.String(), Port: int(s.port)}
	switch transport {
	case "TCP":
		u.UriParams = sip.HeaderParams{{K: "transport", V: "tcp"}}
	case "TLS":
		u.Port += tlsAbove
		u.UriParams = sip.HeaderParams{{K: "transport", V: "tls"}}
	}
	if s.host.Is6() {
		u.Host = "[" + u.Host + "]"
	}
	return sip.ContactHeader{Address: u}
}

func (s *Server) mediaPorts() [2]uint16 {
	return [2]uint16{(s.port + mediaAbove) &^ 1, (s.port+mediaAbove)&^1 + mediaPorts}
}

func (s *Server) reply(r *sip.Request, tx sip.ServerTransaction, code int, reason string, more ...sip.Header) {
	res := sip.NewResponseFromRequest(r, code, reason, nil)
	for _, h := range more {
		res.AppendHeader(h)
	}
	if err := tx.Respond(res); err != nil {
		s.o.Log.Debug("answering a phone", "to", r.Source(), "err", err)
	}
}
