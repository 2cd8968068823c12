package sip

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/internal/call/pace"
)

// Bounds of what the gate lets through to sipgo.
const (
	maxMessage    = 8 << 10 // bytes of a message
	maxHeaders    = 64
	maxHeader     = 1 << 10          // bytes of a line
	maxSources    = 1024             // addresses that sipgo hears of before it forgets them all
	messageRate   = 20.0             // a second from one address
	messageBurst  = 100.0            // what a phone may say at once
	strangerRate  = 200.0            // a second of all together from where no phone is registered
	maxConns      = 64               // by TCP and TLS
	maxConnsFrom  = 24               // from one address
	firstWithin   = 10 * time.Second // a connection says something
	wholeWithin   = 10 * time.Second // a message that has begun is there
	idleAtMost    = 2 * longestStay  // a connection says nothing
	keepAliveSize = 4
)

var methods = []sip.RequestMethod{sip.INVITE, sip.ACK, sip.BYE, sip.CANCEL, sip.REGISTER, sip.OPTIONS, sip.INFO, sip.UPDATE, sip.MESSAGE, sip.SUBSCRIBE, sip.NOTIFY, sip.PRACK, sip.REFER, sip.PUBLISH}

// parseMessage reads one whole message, and reports whether it is one that
// transactions can be made of. sipgo reads it again: what makes its parser panic
// does so here, where nothing is lost by it.
func parseMessage(b []byte) (m sip.Message, ok bool) {
	defer func() {
		if recover() != nil {
			m, ok = nil, false
		}
	}()
	if len(b) > maxMessage || !fair(b) {
		return nil, false
	}
	m, err := sip.ParseMessage(b)
	if err != nil {
		return nil, false
	}
	via, from, to, id, seq := m.Via(), m.From(), m.To(), m.CallID(), m.CSeq()
	if via == nil || from == nil || to == nil || id == nil || seq == nil || via.Host == "" || len(*id) == 0 {
		return nil, false
	}
	if branch, has := via.Params.Get("branch"); !has || !strings.HasPrefix(branch, sip.RFC3261BranchMagicCookie) || len(branch) < 9 {
		return nil, false
	}
	if tag, has := from.Params.Get("tag"); !has || tag == "" {
		return nil, false
	}
	if via.Port < 0 || via.Port > 65535 || seq.SeqNo > 1<<31-1 || len(m.GetHeaders("Record-Route")) > 0 { // we would send where it says
		return nil, false
	}
	r, request := m.(*sip.Request)
	if !request {
		return m, true
	}
	known := false
	for _, x := range methods {
		known = known || x == r.Method
	}
	if !known || seq.MethodName != r.Method || r.Method == sip.INVITE && r.Contact() == nil {
		return nil, false
	}
	r.SetSource("192.0.2.1:5060")
	sip.NewResponseFromRequest(r, 200, "OK", nil)
	return m, true
}

// fair holds the lines of a message to their bounds.
func fair(b []byte) bool {
	head, _, found := bytes.Cut(b, []byte("\r\n\r\n"))
	if !found || bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	lines := bytes.Split(head, []byte("\r\n"))
	if len(lines) > maxHeaders {
		return false
	}
	for _, l := range lines {
		if len(l) > maxHeader {
			return false
		}
	}
	return true
}

// splitMessage returns the length of the first whole message of a stream; 0 while
// it has not all come, -1 for what can be none.
func splitMessage(b []byte) int {
	i := bytes.Index(b, []byte("\r\n\r\n"))
	if i < 0 {
		if len(b) > maxMessage {
			return -1
		}
		return 0
	}
	body, seen := 0, false
	for _, l := range bytes.Split(b[:i], []byte("\r\n")) {
		name, value, ok := bytes.Cut(l, []byte(":"))
		if n := strings.ToLower(string(bytes.TrimSpace(name))); !ok || n != "content-length" && n != "l" {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 16)
		if err != nil || seen {
			return -1
		}
		body, seen = int(n), true
	}
	n := i + 4 + body
	switch {
	case !seen || n > maxMessage:
		return -1
	case n > len(b):
		return 0
	}
	return n
}

// rates bound the messages of each address, and those of all addresses together
// where no phone is registered: those cannot keep a phone out, whatever addresses
// they bear. Datagrams have rates of their own: anybody can send them in the name of a
// phone that comes by a connection.
type rates struct {
	known func(netip.Addr) bool

	mu        sync.Mutex
	from      map[netip.Addr]*pace.Bucket
	strangers pace.Bucket
}

func newRates(known func(netip.Addr) bool) *rates {
	return &rates{known: known, from: map[netip.Addr]*pace.Bucket{}}
}

func (r *rates) take(a netip.Addr, now time.Time) bool {
	known := r.known(a)
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.from[a]
	if b == nil {
		if !known && len(r.from) >= maxSources {
			for k, x := range r.from {
				if x.Idle(now) > 10*time.Second {
					delete(r.from, k)
				}
			}
			if len(r.from) >= maxSources {
				return false
			}
		}
		b = new(pace.Bucket)
		r.from[a] = b
	}
	return b.Take(1, messageRate, messageBurst, now) && (known || r.strangers.Take(1, strangerRate, 2*strangerRate, now))
}

// datagrams is the UDP socket as sipgo sees it: only messages come from it. After
// so many addresses it ends, and with it what sipgo keeps of each of them; it is
// opened again on the same socket.
type datagrams struct {
	net.PacketConn
	rates *rates
	from  map[netip.AddrPort]bool
	bad   func()
}

func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, addr, err := d.PacketConn.ReadFrom(b)
		if err != nil {
			if isClosed(err) {
				return 0, nil, net.ErrClosed
			}
			continue // an answer of the network to what we sent
		}
		u, ok := addr.(*net.UDPAddr)
		if !ok || n <= keepAliveSize {
			continue
		}
		at := u.AddrPort()
		if !d.rates.take(at.Addr().Unmap(), time.Now()) {
			d.bad()
			continue
		}
		if _, ok := parseMessage(b[:n]); !ok {
			d.bad()
			continue
		}
		if !d.from[at] {
			if len(d.from) >= maxSources {
				return 0, nil, net.ErrClosed
			}
			d.from[at] = true
		}
		return n, addr, nil
	}
}

// conns is a listener that bounds connections, and what comes by them.
type conns struct {
	net.Listener
	tls   *tls.Config // nil: in the clear
	rates *rates
	bad   func()
	gone  func(source string)      // a connection has ended
	phone func(source string) bool // a phone is registered by it

	mu   sync.Mutex
	open map[netip.Addr]int
	all  map[*conn]bool
}

func (l *conns) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if isClosed(err) {
				return nil, err
			}
			time.Sleep(50 * time.Millisecond) // no descriptors: others will be given back
			continue
		}
		a := addrOf(c.RemoteAddr()).Addr()
		l.mu.Lock()
		if !l.room(a) {
			l.mu.Unlock()
			c.Close()
			l.bad()
			continue
		}
		x := &conn{Conn: c, of: l, from: a}
		if l.tls != nil {
			x.Conn = tls.Server(c, l.tls)
		}
		l.open[a]++
		l.all[x] = true
		l.mu.Unlock()
		return x, nil
	}
}

// room reports whether one more connection from an address may be had. Where all are
// in use, one gives way of the address that has the most, unless a phone is registered
// by it: who holds many cannot keep out who has few. The caller holds mu.
func (l *conns) room(a netip.Addr) bool {
	if l.open[a] >= maxConnsFrom {
		return false
	}
	if len(l.all) < maxConns {
		return true
	}
	var most *conn
	for c := range l.all {
		if n := l.open[c.from]; n > l.open[a]+1 && (most == nil || n > l.open[most.from]) && !l.phone(c.RemoteAddr().String()) {
			most = c
		}
	}
	if most == nil {
		return false
	}
	l.let(most)
	go most.Close() // it may have something to say yet
	return true
}

// let counts a connection no longer. The caller holds mu.
func (l *conns) let(c *conn) {
	if !l.all[c] {
		return
	}
	delete(l.all, c)
	if l.open[c.from]--; l.open[c.from] == 0 {
		delete(l.open, c.from)
	}
}

func (l *conns) closeAll() {
	l.mu.Lock()
	var all []*conn
	for c := range l.all {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}

// conn is one connection as sipgo sees it: each Read gives one whole message, and
// the first that is none ends it.
type conn struct {
	net.Conn
	of   *conns
	from netip.Addr
	have []byte
	out  []byte    // of a message that did not fit
	said bool      // a whole message
	at   time.Time // when what it is to do began: to say the first, to say the rest; zero: nothing is begun
	part bool      // of a message is there
	once sync.Once
}

func (c *conn) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		c.have = c.have[:copy(c.have, bytes.TrimLeft(c.have, "\r\n"))] // keep-alives between messages
		n := splitMessage(c.have)
		if n < 0 {
			c.of.bad()
			return 0, net.ErrClosed
		}
		if n > 0 {
			m := append([]byte(nil), c.have[:n]...)
			c.have = c.have[:copy(c.have, c.have[n:])]
			if _, ok := parseMessage(m); !ok || !c.of.rates.take(c.from, time.Now()) {
				c.of.bad()
				return 0, net.ErrClosed
			}
			c.out, c.said, c.part, c.at = m, true, false, time.Time{}
			break
		}
		if err := c.Conn.SetReadDeadline(c.until(time.Now())); err != nil {
			return 0, net.ErrClosed
		}
		var b [2048]byte
		k, err := c.Conn.Read(b[:])
		if err != nil {
			return 0, net.ErrClosed
		}
		c.have = append(c.have, b[:k]...)
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// until is by when something is to come: a message that has begun, and the first of
// all, whole within their time, however many bytes of them come one by one.
func (c *conn) until(now time.Time) time.Time {
	part := len(c.have) > 0
	switch {
	case part && !c.part, c.at.IsZero(), c.said && !part:
		c.at = now
	}
	c.part = part
	switch {
	case part:
		return c.at.Add(wholeWithin)
	case !c.said:
		return c.at.Add(firstWithin)
	}
	return now.Add(idleAtMost)
}

func (c *conn) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		c.of.let(c)
		c.of.mu.Unlock()
		c.of.gone(c.RemoteAddr().String())
	})
	return c.Conn.Close()
}

// addrOf is the address of a socket; the zero one where it has none.
func addrOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	case *net.UDPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}
