package station

import (
	"parley"
	"parley/internal/bearer"
	"parley/internal/call/trunk"
	"parley/internal/wire"
)

// Frames of calls (spec/frames.md): no part of any log, so the engine does not
// know them. They count on paths that have passed auth alone.
const (
	frameHalf  = 64
	frameMedia = 65
	frameChat  = 66
)

// callFrame is a frame of a call: its type and its one item.
type callFrame struct {
	_    struct{} `cbor:",toarray"`
	Type uint64
	Body []byte
}

// isCallFrame reports whether a frame may be one of a call: a list of two whose
// first item is 64 to 66.
func isCallFrame(b []byte) bool {
	return len(b) > 3 && b[0] == 0x82 && b[1] == 0x18 && b[2] >= frameHalf && b[2] <= frameChat
}

// callIn takes in a frame of a call. The error is Malformed.
func (s *session) callIn(b []byte) error {
	var f callFrame
	if err := wire.Decode(b, &f); err != nil {
		return err
	}
	switch {
	case !s.isProved():
	case f.Type == frameHalf:
		if s.halves.Take(1, halfRate, halfRate, s.node.now()) {
			s.node.halfIn(s.line, s.peer, f.Body)
		}
	case f.Type == frameChat:
		if s.chats.Take(1, chatRate, chatRate, s.node.now()) {
			s.node.chatIn(s.line, s.peer, f.Body)
		}
	default:
		s.node.mediaIn(s.line, s.peer, s.name, f.Body)
	}
	return nil
}

// halfRate is how many halves of a call a path takes in a second: what is beyond is
// passed over, for the newest says all (spec/calls.md, 2).
const halfRate = 50

// isProved reports whether the other side has shown a secret of the line on this
// path, and we one of ours.
func (s *session) isProved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.theirs != parley.GenerationID{} && s.shown[0] != parley.GenerationID{}
}

// hearMedia takes in the datagrams of a connection that has such, and voice from
// one that has not, by the goroutine that reads it.
func (s *session) hearMedia() {
	if c, ok := s.conn.(bearer.Tapped); ok {
		c.Tap(s.mediaTap)
	}
	s.conn.HearDatagrams(func(b []byte) {
		if s.isProved() {
			s.mu.Lock()
			s.voiced = s.node.now()
			s.mu.Unlock()
			s.node.mediaIn(s.line, s.peer, s.name, b)
		}
	})
}

// mediaTap takes in b if it is voice or a picture. What is wrong with one that is
// neither is found by who reads the rest.
func (s *session) mediaTap(b []byte) bool {
	if !isCallFrame(b) || b[2] != frameMedia {
		return false
	}
	s.hears(true)
	return s.callIn(b) == nil
}

// maxVoiceQueued is how many bytes of voice may wait on a path without datagrams:
// what is older is worth nothing.
const maxVoiceQueued = 16 << 10

// Name, Datagram, MTU and Unsent make a session a path of a trunk.
func (s *session) Name() string { return s.name }

// MTU is the largest packet in bytes that goes as one.
func (s *session) MTU() int {
	if n := s.conn.Datagrams(); n > 0 {
		return n
	}
	return 1200
}

// Datagram sends one packet now or not at all.
func (s *session) Datagram(b []byte) error {
	if s.conn.Datagrams() > 0 {
		return s.conn.SendDatagram(b)
	}
	if s.conn.Queued(bearer.Immediate) > maxVoiceQueued {
		return parley.Errorf(parley.Quota, "the path is too slow")
	}
	return s.conn.Send(bearer.Immediate, wire.Encode(&callFrame{Type: frameMedia, Body: b}))
}

// Unsent is how many packets the connection took and then dropped, being slower
// than they came.
func (s *session) Unsent() uint64 { return s.conn.Stats().DatagramsUnsent }

// provedTo returns the proved sessions of a line to a peer.
func (n *network) provedTo(id parley.LineID, peer parley.PartyCode) (out []*session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.ofLine[id] {
		if s.peer == peer && s.isProved() {
			out = append(out, s)
		}
	}
	return out
}

// trunkPaths are the paths of a trunk.
func (n *network) trunkPaths(id parley.LineID, peer parley.PartyCode) (out []trunk.Path) {
	for _, s := range n.provedTo(id, peer) {
		out = append(out, s)
	}
	return out
}

// sendHalf sends our half of a call on every path.
func (n *network) sendHalf(id parley.LineID, peer parley.PartyCode, half []byte) {
	b := wire.Encode(&callFrame{Type: frameHalf, Body: half})
	for _, s := range n.provedTo(id, peer) {
		if s.conn.Queued(bearer.Immediate) <= maxVoiceQueued {
			s.conn.Send(bearer.Immediate, b)
		}
	}
}
