package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"

	"github.com/quic-go/quic-go"

	"parley/internal/bearer"
)

// The transports of the floor: one TLS connection, or one stream of one QUIC
// connection, under the station's own TLS settings.

func (f *floorEnd) tls() *tls.Config {
	return bearer.Config(f.id, func(k [32]byte) bool { return k == f.allow })
}

// listen takes connections of a transport, and answers with its address.
func (f *floorEnd) listen(transport string) (addr string, err error) {
	if transport == "TLS" {
		l, err := tls.Listen("tcp", "127.0.0.1:0", f.tls())
		if err != nil {
			return "", err
		}
		f.conns = append(f.conns, l)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go f.serve(c)
			}
		}()
		return l.Addr().String(), nil
	}
	l, err := quic.ListenAddr("127.0.0.1:0", f.tls(), nil)
	if err != nil {
		return "", err
	}
	f.conns = append(f.conns, l)
	go func() {
		for {
			c, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			go func() {
				if s, err := c.AcceptStream(context.Background()); err == nil {
					f.serve(s)
				}
			}()
		}
	}()
	return l.Addr().String(), nil
}

func floorDial(f *floorEnd, a floorArgs) (io.ReadWriteCloser, error) {
	if a.Transport == "TLS" {
		var d net.Dialer
		return tls.DialWithDialer(&d, "tcp", a.Addr, f.tls())
	}
	c, err := quic.DialAddr(context.Background(), a.Addr, f.tls(), nil)
	if err != nil {
		return nil, err
	}
	s, err := c.OpenStreamSync(context.Background())
	if err != nil {
		return nil, err
	}
	return quicStream{s, c}, nil
}

// quicStream ends its connection with itself.
type quicStream struct {
	*quic.Stream
	conn *quic.Conn
}

func (s quicStream) Close() error { return s.conn.CloseWithError(0, "done") }

// floorPair is the floor's two processes.
type floorPair struct {
	send, take *child
}

func (b *bench) newFloor() (*floorPair, error) {
	f := &floorPair{}
	var keys [2]floorKeys
	for i, at := range []**child{&f.send, &f.take} {
		var err error
		if *at, err = b.start("floor"); err != nil {
			return nil, err
		}
		dir, err := b.newDir("floor-")
		if err != nil {
			return nil, err
		}
		if keys[i], err = call[floorKeys](*at, "init", dir); err != nil {
			return nil, err
		}
	}
	if err := do(f.send, "know", keys[1]); err != nil {
		return nil, err
	}
	return f, do(f.take, "know", keys[0])
}

// run runs the floor over a transport.
func (f *floorPair) run(a floorArgs) (t floorTimed, err error) {
	if a.Addr, err = call[string](f.take, "listen", a.Transport); err != nil {
		return t, err
	}
	return call[floorTimed](f.send, "send", a)
}
