package bearer

import (
	"net"
	"net/netip"
	"sync"
)

// How many strangers and friends stand at one door.
const (
	strangersPerAddress = 16  // handshakes under way from one address (IPv6: one /64)
	strangersInAll      = 128 // handshakes under way
	connsPerKey         = 8   // proved connections of one key, for each line that it is for
)

// Door bounds what a listener spends on those who have not proved a key, and on
// those who have and come again and again. When too many strangers stand there
// the one who has stood longest is turned away, so that a flood of silent ones
// does not keep out a friend, whose handshake is short.
type Door struct {
	mu        sync.Mutex
	from      map[netip.Prefix]int
	strangers []*Stranger // the longest standing first
	keys      map[[32]byte]int
}

// Stranger is one handshake under way.
type Stranger struct {
	door *Door
	from netip.Prefix
	away func()
}

// NewDoor returns a door nobody stands at.
func NewDoor() *Door {
	return &Door{from: map[netip.Prefix]int{}, keys: map[[32]byte]int{}}
}

// Come lets a handshake begin; nil means turned away. away ends it when it has
// to make room; it must not block nor call the door.
func (d *Door) Come(remote net.Addr, away func()) *Stranger {
	s := &Stranger{d, prefixOf(remote), away}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.from[s.from] >= strangersPerAddress {
		return nil
	}
	if len(d.strangers) >= strangersInAll {
		oldest := d.strangers[0]
		d.remove(oldest)
		oldest.away()
	}
	d.from[s.from]++
	d.strangers = append(d.strangers, s)
	return s
}

// Gone tells that the handshake is over, well or badly. It may be told again.
func (s *Stranger) Gone() {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	s.door.remove(s)
}

// Crowd is how many handshakes are under way.
func (d *Door) Crowd() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.strangers)
}

// Seat counts a proved connection of key, which is for so many lines, and
// reports false when it has too many. Each true is followed by one Leave.
func (d *Door) Seat(key [32]byte, lines int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys[key] >= connsPerKey*max(lines, 1) {
		return false
	}
	d.keys[key]++
	return true
}

// Leave gives back what Seat counted.
func (d *Door) Leave(key [32]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys[key]--; d.keys[key] <= 0 {
		delete(d.keys, key)
	}
}

func (d *Door) remove(s *Stranger) {
	for i, o := range d.strangers {
		if o == s {
			d.strangers = append(d.strangers[:i], d.strangers[i+1:]...)
			if d.from[s.from]--; d.from[s.from] <= 0 {
				delete(d.from, s.from)
			}
			return
		}
	}
}

// prefixOf is the part of an address one sender is taken to own.
func prefixOf(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}
