package tape

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"parley"
)

const (
	// MaxVoices bounds the files of one taping.
	MaxVoices = 128
	mostOpen  = 64 << 10               // bytes that wait to be sealed
	queue     = 4096                   // packets that wait to be taped
	sealEvery = time.Second            // what a crash takes away at most
	syncEvery = 5 * time.Second        // what a power loss takes away at most
	patience  = 200 * time.Millisecond // for a packet that was overtaken
)

// A Source is whose voice it is.
type Source struct {
	Party  parley.PartyCode
	Person uint64
	Name   string
	Tongue string
}

// Options are what a tape is made from.
type Options struct {
	Shelf
	First  uint64 // the number of the first file
	Now    func() time.Time
	Failed func(error)                     // told once, when nothing more can be written; not from Close
	Create func(path string) (File, error) // nil: a new file of this user alone
}

// Tape records one call. Its methods can be called from any goroutine.
type Tape struct {
	o     Options
	zero  time.Time
	in    chan packet
	stop  chan struct{}
	done  chan struct{}
	once  sync.Once
	ended atomic.Bool
	lost  atomic.Int64

	voices map[voiceKey]*voice // of run alone
	next   uint64
	synced time.Time
}

type voiceKey struct {
	party  parley.PartyCode
	person uint64
	name   string // a station that was started anew counts its people anew
	kind   uint64
}

type packet struct {
	from    Source
	kind    uint64
	at      time.Time
	ssrc    uint32
	seq     uint16
	ts      uint32
	payload []byte
}

// New makes the directory and begins to tape.
func New(o Options) (*Tape, error) {
	if o.Create == nil {
		o.Create = func(path string) (File, error) {
			return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, parley.Errorf(parley.Unavailable, "making the directory of a recording: %v", err)
	}
	t := &Tape{o: o, zero: o.Now(), in: make(chan packet, queue), stop: make(chan struct{}), done: make(chan struct{}), voices: map[voiceKey]*voice{}, next: o.First}
	go t.run()
	return t, nil
}

// First is the number of the first file of this taping.
func (t *Tape) First() uint64 { return t.o.First }

// Lost is how many packets could not be taped: the disk was too slow, or there were
// too many voices.
func (t *Tape) Lost() int64 { return t.lost.Load() }

// Take tapes one packet. It never blocks, and keeps nothing of p.
func (t *Tape) Take(from Source, p *rtp.Packet, kind uint64) {
	if t.ended.Load() || len(p.Payload) == 0 {
		return
	}
	select {
	case t.in <- packet{from, kind, t.o.Now(), p.SSRC, p.SequenceNumber, p.Timestamp, slices.Clone(p.Payload)}:
	default:
		t.lost.Add(1)
	}
}

// Close ends the taping: what came before stands whole on the disk when it returns.
func (t *Tape) Close() {
	t.once.Do(func() { t.ended.Store(true); close(t.stop) })
	<-t.done
}

// Open reports whether it still tapes.
func (t *Tape) Open() bool { return !t.ended.Load() }

// Closed reports whether nothing of it is written any more.
func (t *Tape) Closed() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

func (t *Tape) run() {
	defer close(t.done)
	tick := time.NewTicker(patience / 2)
	defer tick.Stop()
	for {
		var err error
		select {
		case p := <-t.in:
			err = t.take(p)
		case <-tick.C:
			err = t.tick(t.o.Now())
		case <-t.stop:
			for len(t.in) > 0 && err == nil {
				err = t.take(<-t.in)
			}
			if err = errors.Join(err, t.finish()); err != nil {
				t.fail(err)
			}
			return
		}
		if err != nil {
			t.fail(err)
			return
		}
	}
}

// fail gives up: what stands stands.
func (t *Tape) fail(err error) {
	t.ended.Store(true)
	for _, v := range t.voices {
		v.out.f.Close()
	}
	t.o.Failed(fmt.Errorf("writing a recording: %w", err))
}

func (t *Tape) take(p packet) error {
	k := voiceKey{p.from.Party, p.from.Person, p.from.Name, p.kind}
	v := t.voices[k]
	if v == nil {
		if len(t.voices) >= MaxVoices {
			t.lost.Add(1)
			return nil
		}
		var err error
		if v, err = t.begin(p); err != nil {
			return err
		}
		t.voices[k] = v
	}
	v.offer(p)
	return v.ripe(p.at, t.zero)
}

func (t *Tape) begin(p packet) (*voice, error) {
	f, err := t.o.Create(t.o.path(t.next, openSuffix))
	if err != nil {
		return nil, err
	}
	v := &voice{kind: p.kind, last: p.at, ogg: ogg{serial: rand.Uint32()}, out: sealed{storage: t.o.Storage, place: filePlace(t.o.Of, t.next), f: f}}
	t.next++
	b, err := json.Marshal(about{string(p.from.Party), p.from.Person, p.from.Name, p.from.Tongue, p.kind, t.zero.UnixMilli(), p.at.UnixMilli()})
	if err == nil {
		err = v.out.write(aboutChunk, p.at, b)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	if v.kind == Opus {
		v.open = v.ogg.head(v.open)
	}
	return v, nil
}

// tick seals what has come, and makes it durable now and then.
func (t *Tape) tick(now time.Time) error {
	durable := now.Sub(t.synced) >= syncEvery
	for _, v := range t.voices {
		if err := v.ripe(now, t.zero); err != nil {
			return err
		}
		if !durable && now.Sub(v.sealed) < sealEvery {
			continue
		}
		if err := v.seal(now, 0); err != nil {
			return err
		}
		if durable { // every file, whenever it was sealed last
			if err := v.out.f.Sync(); err != nil {
				return err
			}
		}
	}
	if durable {
		t.synced = now
	}
	return nil
}

func (t *Tape) finish() (first error) {
	for _, v := range t.voices {
		err := v.ripe(t.o.Now().Add(time.Hour), t.zero)
		if err == nil {
			err = v.seal(t.o.Now(), endOfStream)
		}
		if err == nil {
			err = v.out.write(endChunk, v.last, nil)
		}
		if err == nil {
			err = v.out.f.Sync()
		}
		first = cmp.Or(first, err)
	}
	if first == nil {
		for _, v := range t.voices {
			first = cmp.Or(first, v.out.f.Close())
		}
	}
	return first
}
