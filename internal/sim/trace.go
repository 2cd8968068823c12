package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"time"

	"parley"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/wire"
)

// An Event of a story: what happened, to whom, in words.
type Event struct {
	At   time.Duration
	What string
	Who  parley.PartyCode
	Whom parley.PartyCode
	Text string
	Kind string            // of a frame that was said, or of an alarm
	Log  string            // that an alarm is about
	Size map[string]uint64 // of the logs that Who holds, where they grew
}

// trace is the digest of all that happened, and where asked for the story.
type trace struct {
	sum   hash.Hash
	exact bool // signatures and encapsulations are the same in each run
	keep  bool
	story []Event
	buf   [16]byte
}

func newTrace(o Options) *trace { return &trace{sum: sha256.New(), exact: Ideal(), keep: o.Story} }

// Ideal reports whether signatures are idealised (testdata/ideal.edit): real ones
// are hedged with randomness, and differ each time.
func Ideal() bool {
	k := check(key.PairFromSeed(make([]byte, key.SeedSize)))
	a, b := check(k.SignML(nil)), check(k.SignML(nil))
	return string(a) == string(b)
}

func (t *trace) number(n uint64) {
	binary.BigEndian.PutUint64(t.buf[:8], n)
	t.sum.Write(t.buf[:8])
}

func (t *trace) digest() string { return hex.EncodeToString(t.sum.Sum(nil)[:16]) }

// tell notes in words what happened.
func (w *world) tell(what string, who, whom parley.PartyCode, format string, args ...any) {
	t := w.trace
	t.number(uint64(w.now))
	t.sum.Write([]byte(what + "\x00" + string(who) + "\x00" + string(whom)))
	if !t.keep {
		return
	}
	text := fmt.Sprintf(format, args...)
	if w.label != "" {
		text = "(new line) " + text
	}
	t.story = append(t.story, Event{At: w.now, What: what, Who: who, Whom: whom, Text: text})
}

// said notes what left a station, where a person may want to see it leave.
func (w *world) said(s *station, send *line.Send) {
	if !w.trace.keep {
		return
	}
	kind := ""
	switch send.Frame.(type) {
	case *wire.Entry:
		kind = "entry"
	case *wire.Receipt:
		kind = "receipt"
	case *wire.Evidence:
		kind = "evidence"
	case *wire.Certificate:
		kind = "certificate"
	case *wire.Keys:
		kind = "keys"
	default:
		return
	}
	w.trace.story = append(w.trace.story, Event{At: w.now, What: "said", Who: s.code, Whom: send.To, Kind: kind, Text: fmt.Sprintf("%s sends %s: %s", s.code, send.To, kind)})
}

// frame notes a frame that arrived, byte for byte where bytes can repeat. Where
// they cannot, lengths do not either: roots compress to more or to less.
func (t *trace) frame(w *world, s *station, f wire.Frame, raw []byte) {
	t.number(uint64(w.now))
	if t.exact {
		t.number(s.number()<<32 | uint64(len(raw)))
		t.sum.Write(raw)
		return
	}
	t.number(s.number())
	fmt.Fprintf(t.sum, "%T", f)
}

// sizes adds to the last event what a station holds.
func (t *trace) sizes(s *station) {
	if t.keep {
		e := &t.story[len(t.story)-1]
		e.Size = map[string]uint64{}
		for _, l := range s.own.Engine.Status().Logs {
			e.Size[s.w.watch.name(l.Gen)] = l.Size
		}
	}
}

// number tells the engines of a run apart.
func (s *station) number() uint64 {
	if s.w.label != "" {
		return uint64(len(codes) + s.n)
	}
	return uint64(s.n)
}

// step notes what a step did.
func (t *trace) step(s *station, fx *line.Effects) {
	b := &fx.Batch
	t.number(uint64(s.w.now))
	t.number(s.number()<<56 | uint64(len(b.Entries))<<40 | uint64(len(b.Receipts))<<32 | uint64(len(b.Keys))<<16 | uint64(len(fx.Sends)))
	for i := range b.Entries {
		t.sum.Write(b.Entries[i].Gen[:])
		t.number(b.Entries[i].Index)
	}
	for i := range fx.Alarms {
		t.sum.Write([]byte(fx.Alarms[i].Code))
	}
	if !t.keep || len(b.Heads)+len(b.Receipts) == 0 {
		return
	}
	e := Event{At: s.w.now, What: "grew", Who: s.code, Size: map[string]uint64{}}
	for _, h := range b.Heads {
		e.Size[s.w.watch.name(h.Gen)] = h.Size
		e.Text += fmt.Sprintf("%s holds %d of %s. ", s.code, h.Size, s.w.watch.name(h.Gen))
	}
	for _, r := range b.Receipts {
		e.Text += fmt.Sprintf("Receipt of %s for %d of %s. ", s.w.watch.name(r.Holder), r.Size, s.w.watch.name(r.Gen))
	}
	t.story = append(t.story, e)
}
