package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/station/carry"
	"parley/internal/station/owner"
	"parley/internal/store"
	"parley/internal/wire"
)

// How often a station ticks: as often as the real one while something is going
// on, and ever less often while nothing is (docs/simulation.md).
const (
	tickLeast = 250 * time.Millisecond
	tickIdle  = 30 * time.Second // with a session up
	tickAlone = 10 * time.Minute // with none
	tickCalm  = 5 * time.Second  // once the faults have stopped
)

// newEntropy is the source of a station's secrets: it goes on over restarts, and
// never repeats, whatever is put back on the disk.
func newEntropy(seed uint64, what string) io.Reader {
	r := stream(seed, "entropy "+what)
	var s [32]byte
	for i := range s {
		s[i] = byte(r.Uint32())
	}
	return rand.NewChaCha8(s)
}

// station is one party's: its keys, its disk, its clock, and while it runs the
// engine. What an officer or an operator does is in people.go.
type station struct {
	*machine
	w        *world
	n        int
	code     parley.PartyCode
	keys     *line.Keys // of the founding generation; nil once founded
	cert     []byte     // of it
	entropy  io.Reader
	rng      *rand.Rand
	disk     *disk
	markDisk *markDisk

	blobs   *blobDisk
	carrier *carry.Carrier
	wants   map[[32]byte]bool // attachments of others that are not here
	looking bool              // for them, now and then

	own     *owner.Owner // nil while it does not run
	placer  owner.Placer
	life    int // grows whenever it stops
	inbox   []line.Event
	waking  bool
	busy    time.Duration // it does nothing before this
	gap     time.Duration // to the next tick
	tick    int           // which tick is awaited
	tickAt  time.Duration
	refused int // times in a row that its disk was full
	spoken  map[*session]*shown

	people  people
	calling callDesk
}

// clock is what a station takes for the time.
type clock struct {
	at   time.Duration // of the world, when it was last set
	show time.Duration
	rate float64
}

func (c *clock) read(now time.Duration) time.Duration {
	return c.show + time.Duration(float64(now-c.at)*(1+c.rate))
}

func (c *clock) set(now, jump time.Duration, rate float64) {
	c.show, c.at, c.rate = c.read(now)+jump, now, rate
}

func newStation(w *world, n int, m *machine) *station {
	s := &station{w: w, n: n, machine: m, code: codes[n], entropy: newEntropy(w.plan.Seed, w.label+string(codes[n])), rng: stream(w.plan.Seed, w.label+"station "+string(codes[n]))}
	m.on = append(m.on, s)
	return s
}

func (s *station) time() time.Time { return began.Add(s.clock.read(s.w.now)) }
func (s *station) running() bool   { return s.own != nil }

// found makes the line and the founding batch durable, as a confirmed pairing does.
func (s *station) found() error {
	if s.cert == nil {
		body := journal.CertificateBody{Line: s.w.founding.Line, Party: s.code, Founding: s.w.founding.Hash(), Time: uint64(max(s.time().Unix(), 1))}
		s.keys.Describe(&body)
		body.TLS = s.tls
		s.cert = check(journal.SignCertificate(s.root, journal.ByRoot, parley.GenerationID{}, body))
	}
	if err := s.keep(); err != nil {
		return err
	}
	begun, err := s.disk.Values("self")
	must(err)
	if len(begun) == 0 {
		s.w.watch.owns(s.keys.Gen, s)
		b := check(line.Found(s.config(), s.keys, s.cert))
		s.w.watch.keptSecret(s, b)
		if err := s.disk.Apply(b); err != nil {
			return err
		}
	}
	s.follow()
	s.keys = nil
	return nil
}

// keep makes room for the line on the disks of the station: in the store, and what
// is kept beside it.
func (s *station) keep() error {
	if s.disk != nil {
		return nil
	}
	if s.platter == nil {
		s.platter = newPlatter(s.sqlDisk())
	}
	d := &disk{platter: s.platter, id: s.w.founding.Line, founding: s.w.founding.Encode()}
	if err := d.create(); err != nil {
		return err
	}
	s.disk = d
	s.markDisk = s.marks(d.id)
	s.blobs = &blobDisk{disk: s.disk, now: s.time, us: s.code, blobs: map[store.BlobID]*blobFile{}, used: map[string]int64{},
		daily: func() int64 { return int64(s.w.founding.Annex.Bound(charter.BlobBytesPerDay)) }}
	s.disk.placed = func(ps []store.Position) { s.w.watch.placed(s, ps) }
	return nil
}

// sqlDisk is the disk of the real store; nil where the plan is of stores in memory.
func (s *station) sqlDisk() *sqlDisk {
	if !s.w.plan.SQLite {
		return nil
	}
	return &sqlDisk{seed: stream(s.w.plan.Seed, "disk "+string(s.code)).Uint64(), counts: &s.w.counts, broken: func(promise, format string, args ...any) {
		s.w.fail(promise, "%s: "+format, append([]any{s.code}, args...)...)
	}}
}

func (s *station) config() line.Config {
	return line.Config{Founding: s.w.founding, Us: s.code, Store: s.disk, Rand: s.entropy, TLS: s.tls}
}

// start loads the engine from the disk, as the runner of a station does.
func (s *station) start() {
	if s.own != nil || s.disk == nil || s.keys != nil { // the last two: its line is not founded here yet
		return
	}
	e, err := line.Load(s.config(), s.time())
	if err != nil {
		s.w.fail("a station starts from what is on its disk", "%s: %v", s.code, err)
		return
	}
	m := &mark{line: s.w.founding.Line, disk: s.markDisk}
	s.own, s.placer = &owner.Owner{Engine: e, Store: s.disk, Mark: m}, owner.Placer{}
	s.spoken = map[*session]*shown{}
	s.w.watch.ruled(s) // it may have forgotten what ruled it
	events, err := s.own.Start()
	if err != nil {
		s.w.fail("a station starts from what is on its disk", "%s: %v", s.code, err)
		return
	}
	s.w.tell("start", s.code, "", "%s starts, holding %s", s.code, s.sizes())
	s.w.trace.sizes(s)
	s.gap = tickLeast
	s.schedule()
	for _, c := range s.w.cablesOf(s, nil) {
		c.try()
	}
	if s.step(events...) && s.step(s.decided()...) && s.oldRings() {
		s.w.watch.started(s)
		s.refile()
	}
	if s.own != nil {
		s.carries()
		if s.w.watch.rung != nil {
			s.hearsOfCall(time.Second)
		}
	}
}

// sizes tells in words what a station holds.
func (s *station) sizes() string {
	var out []string
	for _, l := range s.own.Engine.Status().Logs {
		out = append(out, fmt.Sprintf("%s/%s: %d", l.Party, l.Gen.String()[:4], l.Size))
	}
	return strings.Join(out, ", ")
}

// stop ends the process: everything not on the disk is gone.
func (s *station) stop() {
	if s.own == nil {
		return
	}
	s.own, s.inbox, s.waking, s.busy, s.calling = nil, nil, false, 0, callDesk{}
	s.w.tell("stop", s.code, "", "%s stops", s.code)
	for _, c := range s.w.cablesOf(s, nil) {
		c.gone(c.end(s))
	}
	s.life++
}

// powerOff stops the station without warning, with every line of it, and starts it
// again after down.
func (s *station) powerOff(down time.Duration) {
	s.halt()
	s.off = s.w.now + down
	lost, spoiled := s.disk.power(s.rng)
	for _, o := range s.on {
		o.dark(s.rng)
	}
	if spoiled { // as by a flipped byte
		s.w.tell("lost", s.code, "", "%s's disk has lied, and what is left on it is of no use", s.code)
		s.damaged()
		return
	}
	for _, o := range s.founded() {
		if n := lost[o.disk.id]; n > 0 {
			o.w.tell("lost", o.code, "", "%s's disk has lost %d batches that it said were there", o.code, n)
			o.w.watch.lossy(o)
		}
		o.again(down)
	}
}

// again starts a stopped station after a while.
func (s *station) again(down time.Duration) {
	life := s.life
	s.w.after(down, func() {
		if s.life == life {
			s.start()
		}
	})
}

// event hands the station something that happened. What comes at about the same
// time is taken in one step, as the runner does.
func (s *station) event(ev line.Event) {
	if s.own == nil {
		return
	}
	s.inbox = append(s.inbox, ev)
	s.alert()
	if s.waking {
		return
	}
	s.waking = true
	life := s.life
	s.w.after(max(time.Millisecond, s.busy-s.w.now), func() { s.wake(life) })
}

func (s *station) wake(life int) {
	if s.life != life || s.own == nil {
		return
	}
	if s.busy > s.w.now {
		s.w.after(s.busy-s.w.now, func() { s.wake(life) })
		return
	}
	evs := s.inbox
	s.inbox, s.waking = nil, false
	s.step(evs...)
}

// alert makes the next tick come soon: something is going on.
func (s *station) alert() {
	s.gap = tickLeast
	if s.tickAt > s.w.now+tickLeast {
		s.schedule()
	}
}

func (s *station) schedule() {
	s.tick++
	tick, life := s.tick, s.life
	s.tickAt = s.w.now + s.gap
	s.w.after(s.gap, func() {
		if s.tick == tick && s.life == life && s.own != nil {
			s.ticked()
		}
	})
}

func (s *station) ticked() {
	most := tickAlone
	for _, c := range s.w.cablesOf(s, nil) {
		if c.live != nil && c.live.life[c.end(s)] == s.life {
			most = tickIdle
			s.prove(c)
		}
	}
	if s.w.calm {
		most = tickCalm
	}
	s.gap = min(2*s.gap, most)
	if s.busy <= s.w.now && !s.step(line.Tick{}) {
		return
	}
	s.schedule()
}

// step steps the engine under the rule of the house, and speaks. It returns
// false when the station has stopped by it.
func (s *station) step(evs ...line.Event) bool {
	fx, err := s.own.Step(s.time(), evs...)
	s.w.counts.Steps++
	if err != nil {
		s.failed(err)
		return false
	}
	s.w.trace.step(s, fx)
	s.w.watch.stepped(s, fx)
	wrote := !fx.Batch.Empty()
	if wrote {
		s.refused = 0
	}
	if wrote && s.slow > 0 {
		s.busy = s.w.now + s.slow
	}
	if wrote || len(fx.Sends) > 0 {
		s.alert()
	}
	if s.disk.point == pointSilent && wrote {
		s.powerOff(s.downFor)
		return false
	}
	if s.disk.point == pointHalf && len(fx.Sends) > 1 {
		s.speak(fx.Sends[:s.rng.IntN(len(fx.Sends))])
		s.powerOff(s.downFor)
		return false
	}
	s.speak(fx.Sends)
	for _, x := range fx.Closes {
		s.w.tell("close", s.code, "", "%s closes a session: %v", s.code, x.Reason)
		for _, c := range s.w.cablesOf(s, nil) {
			if c.live != nil && c.live.path[c.end(s)] == x.Path {
				c.drop(c.live)
			}
		}
	}
	s.notice(fx)
	return true
}

// notice lets the clerk answer the line tests that a step has made durable, and
// ask for attachments.
func (s *station) notice(fx *line.Effects) {
	for i := range fx.Batch.Entries {
		e := &fx.Batch.Entries[i]
		test, dispatch := bytes.Contains(e.Header, []byte("linetest")), bytes.Contains(e.Header, []byte("dispatch"))
		if !test && !(dispatch && len(s.w.watch.hashes) > 0) || s.w.owner(e.Gen) == s {
			continue
		}
		life := s.life
		s.w.after(10*time.Millisecond, func() {
			if s.life != life || s.own == nil {
				return
			}
			if test {
				s.answer(e)
			} else {
				s.arrives(e)
			}
		})
	}
}

// failed does what the runner does when a step could not be made durable: it
// throws the engine away and loads it again after a second. Only a disk may be
// the reason.
func (s *station) failed(err error) {
	switch {
	case errors.Is(err, errPower):
		s.powerOff(s.downFor)
	case parley.KindOf(err) == parley.DiskFull:
		s.w.counts.Refused++
		s.stop()
		s.again(time.Second << min(s.refused, 6)) // the runner tries each second; it would fail each time
		s.refused++
	default:
		s.w.fail("a station can keep what it has to keep", "%s: %v", s.code, err)
	}
}

// speak sends frames, after the time that the disk took.
func (s *station) speak(sends []line.Send) {
	life := s.life
	for i := range sends {
		x := &sends[i]
		routes := s.w.route(s, x)
		if len(routes) == 0 {
			continue
		}
		raw, err := wire.Marshal(x.Frame)
		if err != nil {
			s.w.fail("what a station says can be said", "%s: %T: %v", s.code, x.Frame, err)
			return
		}
		s.w.watch.spoke(s, x, raw)
		for _, r := range routes {
			if s.busy <= s.w.now {
				r.cable.send(r.cable.end(s), r, x.Class, raw)
				continue
			}
			s.w.after(s.busy-s.w.now, func() {
				if s.life == life {
					r.cable.send(r.cable.end(s), r, x.Class, raw)
				}
			})
		}
	}
}

// shown is what one end of a session has proved of itself (spec/sessions.md, 4).
type shown struct {
	gens  [2]parley.GenerationID
	tries int
	next  time.Duration
}

// prove sends an auth frame where the other side does not know yet that we hold
// the secrets of current epochs, as a session of the station does. Frames may
// be lost here, so it is sent more than once.
func (s *station) prove(c *cable) {
	r, peer := c.live, c.ends[1-c.end(s)]
	x := s.spoken[r]
	if x == nil {
		x = new(shown)
		s.spoken[r] = x
	}
	secret, ours, theirs, ok := s.own.Engine.SessionSecret(peer.code)
	if !ok {
		return
	}
	if g := [2]parley.GenerationID{ours.Gen, theirs.Gen}; g != x.gens {
		x.gens, x.tries, x.next = g, 0, 0
	}
	if s.w.now < x.next || x.tries > 8 {
		return
	}
	x.tries++
	x.next = s.w.now + 2*time.Second<<x.tries
	f := &wire.Auth{MAC: authMAC(secret, s.code, r), Own: wire.EpochOf{Gen: ours.Gen, Epoch: ours.Epoch}, Theirs: wire.EpochOf{Gen: theirs.Gen, Epoch: theirs.Epoch}}
	c.send(c.end(s), r, line.ClassControl, check(wire.Marshal(f)))
	s.event(line.PathProved{Path: r.path[c.end(s)], Ours: ours.Gen})
}

// authMAC stands for the mac of an auth frame: the session is its exporter.
func authMAC(secret [32]byte, by parley.PartyCode, r *session) [32]byte {
	return key.Hash("sim auth", append(secret[:], fmt.Sprint(by, r.path)...))
}

// frame takes a frame that came whole: those of sessions here, the rest by the
// engine.
func (s *station) frame(r *session, f wire.Frame, size int) {
	path := r.path[r.cable.end(s)]
	switch f := f.(type) {
	case *wire.Auth:
		peer := r.cable.ends[1-r.cable.end(s)]
		secret, ok := s.own.Engine.SecretOf(peer.code, line.EpochName{Gen: f.Theirs.Gen, Epoch: f.Theirs.Epoch}, line.EpochName{Gen: f.Own.Gen, Epoch: f.Own.Epoch})
		switch {
		case !ok:
		case authMAC(secret, peer.code, r) != f.MAC:
			if !s.w.watch.corrupted {
				s.w.fail("a session proves itself", "%s does not believe the auth of %s", s.code, peer.code)
			}
			r.cable.drop(r)
		default:
			s.event(line.PathProved{Path: path, Theirs: f.Own.Gen})
		}
	case *wire.Refusal:
		s.w.tell("refusal", s.code, "", "%s is told: %s: %s", s.code, f.Kind, f.Text)
		if f.Kind == parley.BadSignature && !s.w.watch.corrupted && !s.w.watch.forked {
			s.w.fail("honest stations believe one another", "%s was refused: %s", s.code, f.Text)
		}
	case *wire.Want, *wire.Chunk:
		s.blobFrame(r, f)
	case *wire.Unknown, *wire.Ping, *wire.Pong:
	default:
		s.event(line.FrameIn{Path: path, Frame: f, Size: size})
	}
}
