package quic

import (
	"errors"
	"io"

	"github.com/quic-go/quic-go"

	"parley"
	"parley/internal/bearer"
)

// write sends the frames of one class that wait, in order, on a stream opened with
// the first of them.
func (c *conn) write(class bearer.Class) {
	l := &c.lanes[class]
	var buf []byte
	for {
		_, frame, ok := l.queue.TryTake(bearer.Classes)
		if !ok {
			if c.rest(&l.writing, func() bool { return l.queue.Lowest() < bearer.Classes }) {
				return
			}
			continue
		}
		if l.stream == nil {
			s, err := c.q.OpenUniStreamSync(c.ctx)
			if err != nil {
				c.end(ended("opening a stream", err), codeClosed)
				return
			}
			s.SetPriority(int8(class), false) // the lowest first, in each packet
			buf, l.stream = append(buf, byte(class)), s
		}
		buf = append(bearer.AppendHeader(buf, len(frame)), frame...)
		if err := c.put(class, l.stream, buf); err != nil {
			c.end(ended("writing", err), codeClosed)
			return
		}
		if buf = buf[:0]; cap(buf) > 2*piece {
			buf = nil
		}
	}
}

// put writes b. It returns when all but a packet of it is on its way.
func (c *conn) put(class bearer.Class, s *quic.SendStream, b []byte) error {
	if class < bearer.Routine {
		c.urge(len(b))
		_, err := s.Write(b)
		return err
	}
	for len(b) > 0 {
		n := min(len(b), piece)
		c.pause(class)
		if _, err := s.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// accept takes the streams of the other side; each has its class as first byte.
func (c *conn) accept() {
	for {
		s, err := c.q.AcceptUniStream(c.ctx)
		if err != nil {
			return // the connection has ended; watch says why
		}
		c.wg.Go(func() { c.read(s) })
	}
}

// read takes the frames of one stream. A stream that ends leaves its class
// without one for good: nothing of the protocol does that.
func (c *conn) read(s *quic.ReceiveStream) {
	class, err := c.classOf(s)
	for err == nil {
		var frame []byte
		if frame, err = bearer.ReadFrame(s); err == nil && !c.inbox.Put(c.Done(), class, frame) {
			return
		}
	}
	if c.q.Context().Err() != nil {
		return // watch says why
	}
	if errors.Is(err, io.EOF) {
		err = parley.Errorf(parley.Malformed, "the other side ended a stream")
	}
	c.end(bearer.Ended("reading", err), codeBroken)
}

func (c *conn) classOf(s *quic.ReceiveStream) (bearer.Class, error) {
	var b [1]byte
	if _, err := io.ReadFull(s, b[:]); err != nil {
		return 0, err
	}
	class := bearer.Class(b[0])
	if class >= bearer.Classes {
		return 0, parley.Errorf(parley.Malformed, "a stream of class %d", class)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[class] {
		return 0, parley.Errorf(parley.Malformed, "a second stream of class %s", class)
	}
	c.seen[class] = true
	return class, nil
}
