package sim

import (
	"math/rand/v2"
	"time"

	"parley"
	"parley/internal/key"
	"parley/internal/store/hwm"
)

// machine is what the lines of one station share: the store, the directory of the
// high-water marks, the clock, power, root and TLS key. Each line has an engine of
// its own on it, with its own keys, outbox and attachments.
type machine struct {
	on        []*station // the engines, the old line's first
	root      *key.Pair
	tls       [32]byte // of the key that its sessions would have
	platter   *platter // nil until a line is founded on it
	markFiles map[string]*markDisk
	clock     clock
	slow      time.Duration // what a commit takes
	downFor   time.Duration // of the crash to come
	off       time.Duration // until when it has no power
	kept      [2]*image     // the last backup, and the last image; nil: none
}

func newMachine() *machine { return &machine{markFiles: map[string]*markDisk{}} }

// marks is the file of a line in the directory of the high-water marks, named as
// the product names it.
func (m *machine) marks(l parley.LineID) *markDisk {
	name := hwm.FileName(l)
	if m.markFiles[name] == nil {
		m.markFiles[name] = &markDisk{point: &m.platter.point}
	}
	return m.markFiles[name]
}

// halt ends the process: every engine of it.
func (m *machine) halt() {
	for _, o := range m.on {
		o.stop()
	}
}

// founded returns the engines whose line is founded here.
func (m *machine) founded() (out []*station) {
	for _, o := range m.on {
		if o.disk != nil && o.keys == nil {
			out = append(out, o)
		}
	}
	return out
}

// dark takes the power from what is kept beside the store for one line.
func (s *station) dark(r *rand.Rand) {
	if s.disk != nil {
		s.markDisk.power(r)
		s.blobs.power(r)
	}
}

// copied makes a backup (0), or takes an image (1), of all that is there.
func (s *station) copied(n int) {
	if s.platter == nil {
		return
	}
	im := s.platter.copy(n == 1)
	s.kept[n] = &im
	for _, o := range s.on {
		if n == 1 {
			o.people.pairing = o.keys // a backup holds no pairing that is under way
		}
		if o.disk == nil {
			continue
		}
		o.people.said.keep(n)
		o.people.blobs[n] = o.blobs.copied(n == 0)
		if n == 1 {
			o.people.mark = o.markDisk.bytes
		}
	}
}

// replace puts other contents on the disk of a station, nil: nothing but what it was
// founded with, and starts it again; own says which of its own side is put beside them
// (saidPeople.setBack).
func (s *station) replace(im *image, own int) {
	s.halt()
	s.off = s.w.now + 5*time.Minute
	for _, o := range s.on {
		o.people.said.setBack(own)
	}
	if s.platter != nil {
		s.platter.power(s.rng)
	}
	for _, o := range s.on {
		if o.disk != nil {
			o.markDisk.power(s.rng)
		}
	}
	if s.platter != nil {
		now := nothing()
		if im != nil {
			now = image{mem: im.mem.Snapshot(), sql: im.sql}
		}
		s.platter.reset(now)
	}
	for _, o := range s.on {
		o.replaced(own)
	}
}

// replaced lets one line of a station go on from what was put on its disk. The keys
// of a pairing that was under way are gone, unless an image had them: then it is
// founded again, with the keys that it was founded with.
func (s *station) replaced(own int) {
	if s.w.label != "" {
		s.keys = nil
		if own == 1 {
			s.keys = s.people.pairing
		}
		s.w.after(6*time.Minute, s.founds)
	}
	if s.disk == nil {
		return
	}
	s.follow()
	s.blobs.blobs = nil
	if own >= 0 {
		s.blobs.blobs = s.people.blobs[own]
	}
	s.blobs.blobs = s.blobs.copied(false)
	s.w.watch.lossy(s)
	s.again(5 * time.Minute)
}
