package link

import "io"

// Between lays a cable between two network devices: each read of one gives a whole
// packet, each write of one takes one. It closes them when it is taken away, and
// has no address.
func Between(a, b io.ReadWriteCloser, o Options) *Link {
	l := newLink(o)
	l.shut = []func() error{a.Close, b.Close}
	l.wired(a, b)
	l.wired(b, a)
	return l
}

// wired is one direction.
func (l *Link) wired(from io.Reader, to io.Writer) {
	p := newPipe(l, func(b []byte) { to.Write(b) })
	l.wg.Go(func() { p.run(l.ctx.Done()) })
	l.wg.Go(func() {
		buf := make([]byte, maxDatagram)
		for l.ctx.Err() == nil {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			p.enter(buf[:n])
		}
	})
}
