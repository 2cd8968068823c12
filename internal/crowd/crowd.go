// Package crowd bounds the connections of an HTTP server, so that whoever can reach its
// port, and has nothing there, costs it no more than that.
package crowd

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// A Listener has so many connections at once and no more. Where all are in use one
// gives way to whoever comes: of those of whom nothing is known, the eldest of the
// network that has the most of them; where everybody is known, the eldest of whoever
// has the most. So who is known stays connected whatever strangers do, and a stranger
// whose request is short is served while others hold on to what they have.
type Listener struct {
	net.Listener
	most int

	mu   sync.Mutex
	all  map[*conn]bool
	came uint64
}

// Listen bounds a listener to so many connections, at least 1.
func Listen(l net.Listener, most int) *Listener {
	return &Listener{Listener: l, most: most, all: map[*conn]bool{}}
}

// Accept waits for the next connection. It closes another where there is no room.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.came++
	x := &conn{Conn: c, of: l, from: networkOf(c.RemoteAddr()), nr: l.came}
	l.all[x] = true
	var away *conn
	if len(l.all) > l.most {
		away = l.eldest(x)
		delete(l.all, away)
	}
	l.mu.Unlock()
	if away != nil {
		away.Conn.Close() // whoever reads from it learns of it
	}
	return x, nil
}

// Open is how many connections there are.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// eldest is which connection gives way to another, which is none of them. The caller
// holds mu, and there is one.
func (l *Listener) eldest(but *conn) (out *conn) {
	strangers := false
	have := map[string]int{}
	for c := range l.all {
		strangers = strangers || c.who == "" && c != but
		have[c.who+"\x00"+c.from]++
	}
	n := func(c *conn) int { return have[c.who+"\x00"+c.from] }
	for c := range l.all {
		if c != but && (!strangers || c.who == "") && (out == nil || n(c) > n(out) || n(c) == n(out) && c.nr < out.nr) {
			out = c
		}
	}
	return out
}

type conn struct {
	net.Conn
	of   *Listener
	from string // the network that it comes from; "" once it is known whose it is
	nr   uint64
	who  string // "": nobody knows
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.all, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

type key struct{}

// Context is the ConnContext of a server on a Listener.
func Context(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = t.NetConn()
	}
	if x, ok := c.(*conn); ok {
		return context.WithValue(ctx, key{}, x)
	}
	return ctx
}

// Known tells whose the connection of a request is, by the context of the request.
// Behind a proxy it is whose who asked last.
func Known(ctx context.Context, who string) {
	c, ok := ctx.Value(key{}).(*conn)
	if !ok {
		return
	}
	c.of.mu.Lock()
	c.who, c.from = who, ""
	c.of.mu.Unlock()
}

// networkOf is the part of an address that one sender is taken to own: all of it, or 64
// bits of IPv6.
func networkOf(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := at.Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // it has as many
	return p.String()
}
