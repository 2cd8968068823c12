package bearer

import (
	"context"
	"time"
)

// Class orders what waits on one path: the lowest goes first. The number is
// the first byte of a QUIC stream (spec/sessions.md, 2).
type Class uint8

// The classes.
const (
	Control Class = iota
	Flash
	Immediate
	Priority
	Routine
	Bulk
)

// Classes is how many classes there are.
const Classes = 6

var classNames = [Classes]string{"control", "flash", "immediate", "priority", "routine", "bulk"}

// String returns the class as it is written in logs.
func (c Class) String() string {
	if c >= Classes {
		return "unknown"
	}
	return classNames[c]
}

// Bounds and times that hold on every bearer.
const (
	MaxFrame       = 262_144          // bytes of one frame (spec/bounds.md, 2)
	QueueBytes     = 4 << 20          // default bound of each class's outbound queue
	HandshakeLimit = 10 * time.Second // from the first packet to a proved key
	IdleLimit      = 15 * time.Second // a connection on which nothing arrives for so long ends
)

// Bearer is one way to carry frames between stations.
type Bearer interface {
	// Name is the path's name on screens: "QUIC", "TLS", "loop".
	Name() string
	// Listen takes incoming connections at addr, "address:port" in numbers; an
	// empty address is every local one, port 0 a free one. ctx bounds only the
	// binding. The error is of kind Unavailable (port taken) or Malformed.
	Listen(ctx context.Context, addr string) (Listener, error)
	// Dial connects to addr, "address:port" in numbers: no name is looked up.
	// It returns when this side has proved the other's key. The other side may
	// still refuse ours; then the connection ends at once. The error is of kind
	// Malformed (address), UnknownKey (the key there is not allowed) or
	// Unavailable.
	Dial(ctx context.Context, addr string) (Conn, error)
}

// Listener hands out connections whose other side has proved an allowed key.
type Listener interface {
	// Accept waits for the next one. After Close the error is of kind Unavailable.
	Accept(ctx context.Context) (Conn, error)
	// Addr is the address bound, with the port in force.
	Addr() string
	// Close stops listening. Connections already accepted go on.
	Close() error
}

// Conn is one live connection of a path. Its methods may be called from any
// goroutine. It ends by Close, by the other side, by a fault, or when nothing
// has arrived for IdleLimit while someone waits for it.
type Conn interface {
	// Send queues frame and never blocks. The frame is kept, not copied: nobody
	// may change it afterwards; one frame may be sent on several connections.
	// Errors: Oversize over MaxFrame, Quota when the queue of that class is
	// full, Unavailable once the connection has ended.
	Send(class Class, frame []byte) error
	// Recv returns the next frame, which the caller owns. Not calling it holds
	// the other side back. After the end it returns Err. When ctx ends it
	// returns ctx's error and no frame is lost.
	Recv(ctx context.Context) ([]byte, error)
	// SendDatagram sends b now or not at all, and never blocks: it may be lost,
	// repeated or overtaken. b is not kept. Errors: Oversize over Datagrams,
	// Unavailable once the connection has ended, Unsupported where there are none.
	SendDatagram(b []byte) error
	// HearDatagrams has f take each datagram that comes from now on, in place of
	// what was given before; what comes while there is none, or nil, is dropped. f is called
	// by goroutines that serve other connections as well, several at once: it must
	// not block, nor keep b. Errors: Unsupported where there are none, Err after the
	// end.
	HearDatagrams(f func(b []byte)) error
	// Datagrams is how many bytes the largest datagram may have now; 0 where
	// there are none. It may grow and shrink while the connection lives.
	Datagrams() int
	// PeerKey is SHA-256 of the other side's SubjectPublicKeyInfo.
	PeerKey() [32]byte
	// Exporter is the session's 32 bytes of spec/sessions.md, 4: equal on both
	// sides, different on every connection.
	Exporter() [32]byte
	Stats() Stats
	// Queued is how many bytes of a class wait and are not yet with the transport.
	Queued(class Class) int
	RemoteAddr() string
	// Close ends the connection at once and flushes nothing. reason becomes Err
	// unless it has ended before; nil is taken as "closed here". It is
	// idempotent, and waits for the connection's goroutines.
	Close(reason error) error
	// Done is closed when the connection has ended.
	Done() <-chan struct{}
	// Err is why it ended, of kind Unavailable if nothing better is known; nil
	// while it lives.
	Err() error
}

// Tapped is a connection that can offer each frame to f, from the goroutine that
// reads, before Recv has it: what f takes spares waking another. While f works
// nothing else is read. A frame that f takes may overtake one that Recv has yet to
// return. Where f reports false, Recv returns the frame.
type Tapped interface {
	Tap(f func(frame []byte) (taken bool))
}

// Corked is a connection on which frames that are sent one after the other may
// wait for one another, so that they go as one. Each Cork needs its Uncork, soon:
// until then nothing need go.
type Corked interface {
	Cork()
	Uncork()
}

// Stats is what a connection knows of itself.
type Stats struct {
	RTT      time.Duration // estimate of the transport; 0 when unknown
	BytesIn  uint64        // of the transport where it tells, else of frames
	BytesOut uint64
	Queued   int   // bytes waiting in all classes
	Rate     int64 // bits per second the bearer is made for; 0: fat, no need to spare
	MTU      int   // largest frame worth sending whole; MaxFrame on fat bearers
	OneWay   bool  // nothing ever comes back
	// DatagramsUnsent is how many datagrams made room or came too late before the
	// transport took them: the path carries less than it is asked to.
	DatagramsUnsent uint64
}

// Options is what every fat bearer is made from.
type Options struct {
	Identity Identity
	// Latest, where it is set, gives the identity of each handshake in place of
	// Identity: a key can change while connections stand. It must not block.
	Latest func() Identity
	// Allow says whether a key may talk to us. It is asked during the handshake,
	// from any goroutine, and must not block.
	Allow func(keyHash [32]byte) bool
	// Lines says for how many lines a key may talk to us: each takes connections
	// of its own. Nil: for one. It is asked as Allow is.
	Lines func(keyHash [32]byte) int
	// QueueBytes bounds each class's queue; 0 is the default QueueBytes.
	QueueBytes int
	// Idle is when silence ends a connection; 0 is IdleLimit.
	Idle time.Duration
}

// Who is the identity of a handshake that begins now.
func (o Options) Who() Identity {
	if o.Latest != nil {
		return o.Latest()
	}
	return o.Identity
}

// Filled returns o with the defaults in place of zeros.
func (o Options) Filled() Options {
	if o.QueueBytes <= 0 {
		o.QueueBytes = QueueBytes
	}
	if o.Idle <= 0 {
		o.Idle = IdleLimit
	}
	if o.Allow == nil {
		o.Allow = func([32]byte) bool { return false }
	}
	if o.Lines == nil {
		o.Lines = func([32]byte) int { return 1 }
	}
	return o
}
