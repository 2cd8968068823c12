package rtc

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/pion/webrtc/v4"

	"parley"
)

// Bounds (call.md). An offer over them is refused as it stands.
const (
	Voices   = 8        // audio slots that a desk hears at once
	Pictures = 3        // video slots that a desk sees at once
	Desks    = 64       // connections at once
	MaxOffer = 64 << 10 // bytes of an offer
	maxPart  = 1400     // bytes of an RTP packet of a browser
	sockets  = 4 << 20  // bytes that the port may hold before it is read; the kernel may give less
)

// Payload types of packets as they pass between desks, whatever numbers each
// browser uses for them.
const (
	Opus = 111
	PCMU = 0
	VP8  = 96
)

// Options say where the switch listens.
type Options struct {
	Addr     string       // UDP address, "0.0.0.0:7444" or "127.0.0.1:0"; a loopback one: browsers of this machine alone
	Announce []netip.Addr // named to browsers; empty: Addr, or all addresses of the interfaces where it is unspecified
	Log      *slog.Logger // nil: slog.Default
}

// Switch is one UDP port and the connections on it. Its methods may be called
// from any goroutine.
type Switch struct {
	log      *slog.Logger
	addr     netip.AddrPort
	announce []netip.Addr
	near     *neighbours // not nil: browsers of this machine alone
	mux      *mux
	certs    certificates

	mu      sync.Mutex
	closed  bool
	desks   map[*Desk]struct{}
	sources map[uint32]struct{} // that desks have now
	wg      sync.WaitGroup      // of desks
}

// Listen opens the port. The error is of kind Malformed or Unavailable.
func Listen(o Options) (*Switch, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	for _, a := range o.Announce {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return nil, parley.Errorf(parley.Malformed, "%s is no address that a browser could send to", a)
		}
	}
	at, err := net.ResolveUDPAddr("udp", o.Addr)
	if err != nil {
		return nil, parley.Errorf(parley.Malformed, "the address %q of calls: %v", parley.Clip(o.Addr), err)
	}
	conn, near, err := open(at)
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "the port of calls: %v", err)
	}
	conn.SetReadBuffer(sockets) // as much as the kernel gives
	conn.SetWriteBuffer(sockets)
	s := &Switch{log: o.Log, announce: o.Announce, desks: map[*Desk]struct{}{}, sources: map[uint32]struct{}{}}
	s.addr = conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.addr = netip.AddrPortFrom(s.addr.Addr().Unmap(), s.addr.Port())
	if near {
		own, _ := netip.AddrFromSlice(at.IP)
		s.addr, s.near = netip.AddrPortFrom(own.Unmap(), s.addr.Port()), &neighbours{}
	}
	if _, err := s.certs.get(); err != nil {
		conn.Close()
		return nil, err
	}
	if s.mux, err = newMux(conn, s.near, quiet{o.Log}); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// Addr is where it listens.
func (s *Switch) Addr() netip.AddrPort { return s.addr }

// Close ends all connections and returns when every Gone has been called.
func (s *Switch) Close() error {
	s.mu.Lock()
	s.closed = true
	for d := range s.desks {
		d.end(nil)
	}
	s.mu.Unlock()
	s.wg.Wait()
	return s.mux.Close()
}

// Join takes the offer of a browser and returns its desk and the answer, whole
// and with the addresses of the station. The offer has one audio section whose
// microphone may be heard and up to 7 more to hear by, and up to 3 video sections,
// the first of which may be the camera's; the n-th section of a kind is its slot n.
// ctx bounds the call alone, not the connection. The error is of kind Malformed,
// Unsupported, Oversize, Quota (too many desks) or Unavailable.
func (s *Switch) Join(ctx context.Context, offer string, e Ears) (*Desk, string, error) {
	want, err := readOffer(offer)
	if err != nil {
		return nil, "", err
	}
	d, err := s.admit(e)
	if err != nil {
		return nil, "", err
	}
	answer, err := d.negotiate(ctx, want)
	if err != nil {
		d.end(err) // Gone is not called: nobody has the desk yet
		<-d.over
		return nil, "", err
	}
	d.begun.Store(true)
	return d, answer, nil
}

// admit makes a desk and counts it.
func (s *Switch) admit(e Ears) (*Desk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, parley.Errorf(parley.Unavailable, "the station takes no calls any more")
	}
	if len(s.desks) >= Desks {
		return nil, parley.Errorf(parley.Quota, "%d desks are connected, and there is room for no more", Desks).WithHint("a desk that leaves makes room")
	}
	d := newDesk(s, e)
	s.desks[d] = struct{}{}
	s.wg.Add(1)
	go d.run()
	return d, nil
}

// forget takes a desk off the count.
func (s *Switch) forget(d *Desk) {
	s.mu.Lock()
	delete(s.desks, d)
	delete(s.sources, d.voice.source)
	delete(s.sources, d.picture.source)
	s.mu.Unlock()
	s.wg.Done()
}

// hosts are the addresses that an answer names.
func (s *Switch) hosts() []netip.Addr {
	if len(s.announce) > 0 {
		return s.announce
	}
	if !s.addr.Addr().IsUnspecified() && s.near == nil {
		return []netip.Addr{s.addr.Addr()}
	}
	var out []netip.Addr
	for _, ip := range interfaces() {
		if ip.IsLinkLocalUnicast() || ip.Is6() && s.addr.Addr().Is4() || ip.Is4() && s.near != nil && s.addr.Addr().Is6() {
			continue // a browser elsewhere does not know our interface's name; and the port is of one family
		}
		out = append(out, ip)
	}
	return out
}

var _ io.Closer = (*Switch)(nil)

// connection makes the connection of one desk.
func (s *Switch) connection(d *Desk) (*webrtc.PeerConnection, error) {
	cert, err := s.certs.get()
	if err != nil {
		return nil, err
	}
	api, err := s.api(d)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{*cert}, BundlePolicy: webrtc.BundlePolicyMaxBundle, RTCPMuxPolicy: webrtc.RTCPMuxPolicyRequire, SDPSemantics: webrtc.SDPSemanticsUnifiedPlan})
	if err != nil {
		return nil, parley.Errorf(parley.Unavailable, "a connection for the desk: %v", err)
	}
	return pc, nil
}
