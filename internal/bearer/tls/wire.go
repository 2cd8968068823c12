package tls

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"parley"
)

// mostKept is how many bytes wire keeps: TLS answers each wish of the other side
// for new keys, and who asks for ever more and reads nothing is cut off.
const mostKept = 512 << 10

// wire is the socket under TLS. It counts, and lets a read wait no longer than
// idle. Once the handshake is over nothing that TLS writes waits: what the socket
// does not take at once is kept, and pay writes it.
type wire struct {
	*net.TCPConn
	idle    time.Duration
	in, out atomic.Uint64
	kept    atomic.Int64 // bytes that pay is to write; below 0: the connection has failed

	mu     sync.Mutex // held for no longer than a write takes that does not wait
	owed   func()     // told when something is kept; nil before begin
	rest   []byte     // goes before all that is written later
	paying bool       // so does what pay has taken
	failed error
}

func (w *wire) Read(b []byte) (int, error) {
	w.SetReadDeadline(time.Now().Add(w.idle))
	n, err := w.TCPConn.Read(b)
	w.in.Add(uint64(n))
	return n, err
}

// begin has Write not wait from now on. owed must not block.
func (w *wire) begin(owed func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owed = owed
}

// Write sends b, or keeps what the socket does not take.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Add(uint64(len(b)))
	switch {
	case w.failed != nil:
		return 0, w.failed
	case w.owed == nil || !writesAtOnce:
		return w.TCPConn.Write(b)
	case len(w.rest)+len(b) > mostKept:
		return 0, w.fails(parley.Errorf(parley.Quota, "the other side reads nothing of what it asks for"))
	}
	n := 0
	if len(w.rest) == 0 && !w.paying {
		var err error
		if n, err = writeSome(w.TCPConn, b); err != nil {
			return n, w.fails(err)
		}
	}
	if n < len(b) {
		w.rest = append(w.rest, b[n:]...)
		w.kept.Add(int64(len(b) - n))
		w.owed()
	}
	return len(b), nil
}

// owes reports whether pay has something to do.
func (w *wire) owes() bool { return w.kept.Load() != 0 }

// pay writes what is kept and waits for the socket. It returns what has failed.
func (w *wire) pay() error {
	if !w.owes() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.failed == nil && len(w.rest) > 0 {
		b := w.rest
		w.rest, w.paying = nil, true
		w.mu.Unlock()
		_, err := w.TCPConn.Write(b)
		w.mu.Lock()
		if w.paying = false; err != nil {
			return w.fails(err)
		}
		w.kept.Add(-int64(len(b)))
	}
	return w.failed
}

// fail has pay return err, unless something failed before.
func (w *wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails(err)
}

func (w *wire) fails(err error) error {
	if w.failed == nil {
		w.failed, w.rest = err, nil
		w.kept.Store(-1)
		if w.owed != nil {
			w.owed()
		}
	}
	return w.failed
}
