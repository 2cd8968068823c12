package call

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"parley"
)

// Number is the number of the call that a ring began, below 2^28: what its flows on a
// trunk and its halves name it by (spec/calls.md, 4).
func Number(ring parley.Ref) uint32 {
	h := sha256.New()
	h.Write(ring.Gen[:])
	binary.Write(h, binary.BigEndian, ring.Index)
	return binary.BigEndian.Uint32(h.Sum(nil)) & 0x0fffffff
}

// OfCall is the kind of the signal of nobody that names the call of a half: its number
// is that of the call. Stations that do not know it pass it over, as they do every kind
// that they do not know.
const OfCall uint64 = 4

// Call is the number of the call that a half names; ok is false where it names none.
func (h *Half) Call() (number uint64, ok bool) {
	i := slices.IndexFunc(h.Signals, func(s Signal) bool { return s.Kind == OfCall && s.Person == 0 })
	if i < 0 {
		return 0, false
	}
	return h.Signals[i].Number, true
}

// Name says which call the room is of (Number): its half names it from then on, and
// what names another is passed over. Before that it is of any.
func (r *Room) Name(number uint32) { r.call, r.named = uint64(number), true }

// ofAnother reports whether a half is of another call than the room.
func (r *Room) ofAnother(h *Half) bool {
	n, ok := h.Call()
	return ok && r.named && n != r.call
}
