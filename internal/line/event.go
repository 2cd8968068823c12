package line

import (
	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

// PathID names one live connection to one other station. The runner gives
// them and never uses one twice.
type PathID uint64

// An Event is something that happened.
type Event interface{ event() }

type (
	// PathUp says that a connection to Peer stands, its TLS key being pinned for Peer.
	PathUp struct {
		Path PathID
		Peer parley.PartyCode
	}
	// PathProved says what the two sides have shown of each other on Path by
	// auth frames (spec/sessions.md, 4); a zero generation says nothing new. What
	// the peer has shown is told before any frame that came after it.
	PathProved struct {
		Path   PathID
		Theirs parley.GenerationID // the peer holds an epoch secret of this generation of its own
		Ours   parley.GenerationID // we have shown that we hold one of this generation of ours
	}
	// PathDown says that a connection is gone.
	PathDown struct{ Path PathID }
	// FrameIn is a frame received whole. Size is its length in bytes.
	FrameIn struct {
		Path  PathID
		Frame wire.Frame
		Size  int
	}
	// File puts an item in the outbox. Its ID is new and greater than all before.
	File struct{ Item Filed }
	// Unfile takes an item out of the outbox, if it waits there still: what has a
	// place in our log is never taken back.
	Unfile struct{ ID uint64 }
	// Doubt says that our own log may not be ours to continue (spec/log.md,
	// Generations). It is idempotent for one generation.
	Doubt struct {
		Reason uint64 // of spec/log.md, certificate
		Why    string
		// Superseded says that a later generation of ours exists than we know of:
		// our log key is in force no more, and only the root key opens the next.
		Superseded bool
	}
	// OpenGeneration certifies a new generation of our log by our root key.
	OpenGeneration struct {
		Root   key.Signer
		Reason uint64
	}
	// Handed is the certificate of a generation that came as a file, before the
	// first generation of ours is opened here.
	Handed struct{ Certificate []byte }
	// GiveKeys says that officers of both sides have confirmed the recovery
	// words of Peer's generation Gen: it may have the entry keys.
	GiveKeys struct{ Gen parley.GenerationID }
	// SendWithheld says that officers want what waits since our log was set
	// back to be sent, even if it may have been sent before.
	SendWithheld struct{}
	// Space says whether our disk is so full that the rest is kept for our own
	// logs: while Low is true nothing is taken into anybody else's.
	Space struct{ Low bool }
	// Tick comes at least once a second, and every 3 seconds once nothing else has
	// come for 15.
	Tick struct{}
)

func (PathUp) event()         {}
func (PathProved) event()     {}
func (PathDown) event()       {}
func (FrameIn) event()        {}
func (File) event()           {}
func (Unfile) event()         {}
func (Doubt) event()          {}
func (OpenGeneration) event() {}
func (Handed) event()         {}
func (GiveKeys) event()       {}
func (SendWithheld) event()   {}
func (Space) event()          {}
func (Tick) event()           {}

// Class orders what waits on one path; the lowest goes first. It is never
// said in clear.
type Class uint8

// The classes, as the bearers know them.
const (
	ClassControl Class = iota
	ClassFlash
	ClassImmediate
	ClassPriority
	ClassRoutine
	ClassBulk
)

func classOf(p parley.Precedence) Class { return ClassRoutine - Class(p) }

// A Send is one frame to speak once the batch of its step is durable.
type Send struct {
	To         parley.PartyCode
	Path       PathID // 0: the best live path
	Everywhere bool   // on every live path at once
	Class      Class
	Frame      wire.Frame
}

// An Alarm is something a person must notice.
type Alarm struct {
	Code  string // as station.Alarm
	Party parley.PartyCode
	Ref   parley.Ref // zero when there is no entry
	Text  string
}

// A Close tells the runner to close a path.
type Close struct {
	Path   PathID
	Reason error
}

// Effects is what one step wants: first Batch durable, then the rest.
type Effects struct {
	Batch  Batch
	Sends  []Send
	Alarms []Alarm
	Closes []Close
}
