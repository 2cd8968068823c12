package record

import (
	"bytes"
	"runtime"
	"sync"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/seal"
	"parley/internal/wire"
)

// pool does the work that needs no order, on every core.
type pool struct {
	jobs chan func()
	wg   sync.WaitGroup
}

func newPool() *pool {
	p := &pool{jobs: make(chan func(), 64)}
	for range runtime.GOMAXPROCS(0) {
		p.wg.Go(func() {
			for job := range p.jobs {
				job()
			}
		})
	}
	return p
}

func (p *pool) do(job func()) { p.jobs <- job }

// close waits for all jobs.
func (p *pool) close() {
	close(p.jobs)
	p.wg.Wait()
}

// Bounds of a batch of entries.
const (
	batchEntries = 256
	batchBytes   = 1 << 20
)

// batch is a run of entries that one worker looks at by themselves.
type batch struct {
	arena []byte
	items []entryItem
	done  chan struct{}
}

// entryItem is one entry of a file, and what can be said of it alone.
type entryItem struct {
	log     *held
	index   uint64
	at      Place
	from    int // in the arena
	to      int
	opening *Opening

	leaf   Hash
	clear  *seal.Entry // nil for another version
	epoch  *seal.EpochBody
	err    error // why it is refused
	header *form.Header
	body   form.Form
	whole  bool  // the body is opened
	fault  error // what its writer did wrong in a sealed part
}

func (b *batch) raw(e *entryItem) []byte { return b.arena[e.from:e.to] }

// work looks at every entry of the batch.
func (b *batch) work() {
	for i := range b.items {
		e := &b.items[i]
		e.look(b.raw(e))
	}
	close(b.done)
}

func (e *entryItem) look(raw []byte) {
	e.leaf = journal.LeafHash(raw)
	c, err := seal.Parse(raw)
	switch {
	case parley.KindOf(err) == parley.Unsupported && err != nil:
		if e.opening != nil {
			e.err = parley.Errorf(parley.Malformed, "a key for an entry of another version")
		}
		return
	case err != nil:
		e.err = err
		return
	}
	e.clear = c
	if c.Announces {
		e.lookEpoch(c)
	}
	if e.opening != nil {
		e.open(c)
	}
}

func (e *entryItem) lookEpoch(c *seal.Entry) {
	b, err := parseEpoch(c.Body)
	if err != nil {
		e.err = err
		return
	}
	e.epoch = b
	switch {
	case (e.index == 0) != (b.Certificate != nil):
		e.err = parley.Errorf(parley.Malformed, "the certificate stands at index 0, and only there")
	case e.index == 0 && string(b.Certificate) != string(e.log.cert.Bytes()):
		e.err = parley.Errorf(parley.Conflict, "the certificate at index 0 is not that of the generation")
	}
}

// parseEpoch reads the body of an epoch entry and refuses one that lacks a part.
func parseEpoch(body []byte) (*seal.EpochBody, error) {
	b, err := seal.ParseEpoch(body)
	switch {
	case err != nil:
		return nil, err
	case len(b.To) == 0:
		return nil, parley.Errorf(parley.Malformed, "an epoch that is sealed to nobody")
	case !bytes.Equal(wire.Encode(b), body):
		return nil, parley.Errorf(parley.Malformed, "an epoch without commitment, or with an empty certificate")
	}
	return b, nil
}

// open opens what the file gives a key for. A key that does not fit is wrong in
// the file; what it then opens is its writer's.
func (e *entryItem) open(c *seal.Entry) {
	header, body, err := e.opening.open(e.log.origin, e.index, c)
	switch kind := parley.KindOf(err); {
	case err == nil:
	case kind == parley.BadCommitment || c.Announces:
		if e.err == nil {
			e.err = err
		}
		return
	default:
		e.fault = err
		return
	}
	h, err := form.ParseHeader(header)
	if err != nil {
		e.fault = err
		return
	}
	if !e.opening.Whole {
		e.header = h
		return
	}
	fields, end, err := form.SplitBody(body)
	if err == nil && end != h.Serial {
		err = parley.Errorf(parley.BadSerial, "the body ends with serial %d, the header has %d", end, h.Serial)
	}
	if err != nil {
		e.fault = err // something was cut off, or put together: nothing of it counts
		return
	}
	e.header, e.whole = h, true
	if e.fault = h.CheckSerial(end); e.fault == nil {
		e.body, e.fault = form.ParseFields(h.Form, fields)
	}
}
