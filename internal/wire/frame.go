package wire

import (
	"fmt"

	"parley"
)

// Bounds in bytes and counts (spec/bounds.md, spec/frames.md).
const (
	MaxFrame       = 262144
	MaxEntry       = 65535
	MaxChunk       = 65536
	MaxNames       = 256  // generations in a hello or have
	MaxProof       = 128  // hashes of a consistency proof
	MaxKeys        = 7700 // entry keys in one frame
	MaxFeatures    = 32
	MaxFeatureName = 32
	MaxText        = 500 // of a reason or refusal

	mlSize = 2420 // ML-DSA-44 signature
)

// The frame types of spec/frames.md.
const (
	TypeHello = 1 + iota
	TypeEntry
	TypeCheckpoint
	TypeReceipt
	TypeHave
	TypeCertificate
	TypePing
	TypePong
	TypeShown
	TypeEvidence
	TypeWant
	TypeChunk
	TypeAuth
	TypeAskKeys
	TypeKeys
	TypeAskEntries
	TypeRefusal
)

// Frame is one of the frames of this package, always as a pointer: *Hello,
// *Entry and so on, or *Unknown when a newer peer sends a type we do not know.
type Frame interface{ frameType() uint64 }

// TypeOf returns the number of f's type.
func TypeOf(f Frame) uint64 { return f.frameType() }

// Unknown is a frame of a type that this station does not know: to be ignored
// and counted.
type Unknown struct{ Type uint64 }

func (u *Unknown) frameType() uint64 { return u.Type }

// known is what every frame but Unknown does.
type known interface {
	Frame
	items() int     // of the array, the type not counted
	fields(w *walk) // every item, in order, and the rules between them
}

// Marshal returns the bytes of f. Errors are as Append.
func Marshal(f Frame) ([]byte, error) { return Append(nil, f) }

// Append appends the bytes of f to b. The error is Oversize for a frame above
// MaxFrame and where a part of it is over its bound, else Malformed for a
// frame that Parse would refuse.
func Append(b []byte, f Frame) ([]byte, error) {
	k, ok := f.(known)
	if !ok {
		return b, parley.Errorf(parley.Internal, "a frame of type %d is not for sending", f.frameType())
	}
	n := len(b)
	w := &walk{writing: true, b: appendUint(appendArray(b, 1+k.items()), k.frameType())}
	if k.fields(w); w.err != nil {
		return b, fmt.Errorf("writing a frame of type %d: %w", k.frameType(), w.err)
	}
	if size := len(w.b) - n; size > MaxFrame {
		return b, oversizeFrame(size)
	}
	return w.b, nil
}

// Parse reads one frame. It copies what it keeps, so b can be used again.
// Errors are Oversize, Malformed, and Unsupported for a hello of another
// version.
func Parse(b []byte) (Frame, error) {
	if len(b) > MaxFrame {
		return nil, oversizeFrame(len(b))
	}
	if err := Canonical(b); err != nil {
		return nil, err
	}
	w := &walk{b: b}
	items, typ := w.list(0, 1<<16), uint64(0)
	if w.uint(&typ); w.err != nil {
		return nil, w.err
	}
	k := newFrame(typ)
	if k == nil {
		return &Unknown{Type: typ}, nil
	}
	if h, ok := k.(*Hello); ok {
		h.features = items - 1 - helloItems
	}
	if items != 1+k.items() {
		return nil, malformed(0, "a frame of type %d with %d items, want %d", typ, items, 1+k.items())
	}
	if k.fields(w); w.end() != nil {
		return nil, w.err
	}
	return k, nil
}

func newFrame(typ uint64) known {
	switch typ {
	case TypeHello:
		return new(Hello)
	case TypeEntry:
		return new(Entry)
	case TypeCheckpoint:
		return new(Checkpoint)
	case TypeReceipt:
		return new(Receipt)
	case TypeHave:
		return new(Have)
	case TypeCertificate:
		return new(Certificate)
	case TypePing:
		return new(Ping)
	case TypePong:
		return new(Pong)
	case TypeShown:
		return new(Shown)
	case TypeEvidence:
		return new(Evidence)
	case TypeWant:
		return new(Want)
	case TypeChunk:
		return new(Chunk)
	case TypeAuth:
		return new(Auth)
	case TypeAskKeys:
		return new(AskKeys)
	case TypeKeys:
		return new(Keys)
	case TypeAskEntries:
		return new(AskEntries)
	case TypeRefusal:
		return new(Refusal)
	}
	return nil
}

func oversizeFrame(n int) error {
	return parley.Errorf(parley.Oversize, "a frame of %d bytes is over the limit of %d", n, MaxFrame)
}
