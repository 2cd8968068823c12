package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/record"
	"parley/internal/store"
	"parley/internal/wire"
)

// Nobody joins a line (docs/decisions/0008-amendment.md): a new one is founded, by
// the stations of the old one and the newcomer's, which cites the old one in its
// first dispatch. Here that is a second world on the ground, the machines and the
// cables of the first: each machine keeps both lines in one store, with an engine
// for each, and what goes wrong with it goes wrong with both.

// join is what is known of somebody's joining.
type join struct {
	w        *world // the new line
	newcomer *station
	inviter  *station                // on the new line
	before   map[parley.Ref][32]byte // leaves of the old line that were on its record
	order    []parley.Ref            // what was settled of it, from position 1
	cited    map[string]bool         // citations that were written: whether they are true
	files    []proofFile             // what the newcomer was given
}

// proofFile is a proof file of an entry of the old line, in the newcomer's hands.
type proofFile struct {
	by   parley.PartyCode
	ref  parley.Ref
	text string // of the dispatch that it opens
	b    []byte
}

// confirmsWithin is how long officers take at most to compare the words of a pairing.
const confirmsWithin = 2 * time.Hour

// joins lets all that are on the line, and somebody new, found another. Pairing files
// have gone round by then; each station is founded when its officers have compared
// the words.
func (w *world) joins(s *station, a Act) {
	on := w.on()
	if w.join != nil || len(on) == 0 || w.watch.forked {
		return
	}
	n := &world{ground: w.ground, label: "new line ", began: w.now, rng: stream(w.plan.Seed, "world of the new line")}
	n.watch = newWatch(n)
	j := &join{w: n, before: maps.Clone(w.watch.leaf), order: slices.Clone(w.watch.settled), cited: map[string]bool{}}
	w.join = j
	for _, o := range on {
		x := newStation(n, o.n, o.machine)
		if j.inviter == nil || o == s {
			j.inviter = x
		}
		n.stations = append(n.stations, x)
	}
	j.newcomer = newStation(n, w.plan.Parties, newMachine())
	n.stations = append(n.stations, j.newcomer)
	var parties []charter.Party
	f := &charter.Founding{}
	newEntropy(w.plan.Seed, "new line").Read(f.Line[:])
	for _, x := range n.stations {
		parties = append(parties, charter.Party{Code: x.code, Name: string(x.code), Languages: []string{"en"}})
		f.Reveals = append(f.Reveals, x.reveal())
		n.watch.owns(x.keys.Gen, x)
	}
	n.agreed(f, parties)
	for i, x := range n.stations {
		for _, y := range n.stations[i+1:] {
			for k := range w.plan.Cables {
				c := newCable(n, x, y, k)
				for _, old := range w.cables {
					if old.n == k && old.ends[0].machine == x.machine && old.ends[1].machine == y.machine {
						c.along(old)
					}
				}
				n.cables = append(n.cables, c)
			}
		}
		w.after(time.Duration(x.rng.Int64N(int64(confirmsWithin))), x.founds)
		w.after(time.Minute, x.round)
	}
	w.lines = append(w.lines, n)
	w.after(sampleEvery, n.sample)
	w.after(sampleEvery, n.citing)
	w.counts.Joined++
	n.tell("join", j.inviter.code, j.newcomer.code, "%s joins: %d stations found a line that goes on from the old one", j.newcomer.code, len(n.stations))
}

// founds makes the line at one station, as confirming the words does: again, where
// power failed in it. A station that lost the keys of its pairing is given the
// founding by the others, and has nothing but that and its root key.
func (s *station) founds() {
	soon := 10 * time.Minute
	if s.w.calm {
		soon = time.Minute
	}
	switch {
	case s.disk != nil && s.keys == nil:
		return // done
	case s.w.now < s.off:
		s.w.after(s.off-s.w.now+time.Minute, s.founds)
		return
	}
	lost := s.keys == nil
	err := s.keep()
	if err == nil && !lost {
		err = s.found()
	}
	switch {
	case err == errPower:
		s.powerOff(s.downFor)
		s.w.after(soon, s.founds)
		return
	case parley.KindOf(err) == parley.DiskFull:
		s.w.after(soon, s.founds)
		return
	}
	must(err)
	if lost {
		s.follow()
		s.w.watch.lossy(s)
	}
	s.w.tell("founded", s.code, "", "%s has the new line", s.code)
	s.start()
}

// follow lets the watch see what is written.
func (s *station) follow() { s.disk.applied = func(b *line.Batch) { s.w.watch.durable(s, b) } }

// unfounded says who has not founded the new line yet.
func (g *ground) unfounded() string {
	if g.join == nil {
		return ""
	}
	for _, s := range g.join.w.stations {
		if s.disk == nil || s.keys != nil {
			return string(s.code) + " has not founded the new line"
		}
	}
	if g.join.w.ended() || g.join.first() != nil {
		return ""
	}
	return "the new line does not say which line it goes on from"
}

func (w *world) ended() bool { return len(w.on()) < 2 }

// placed returns the station in the place of a plan's acts; nil when it is not on the
// line.
func (w *world) placed(n int) *station {
	for _, s := range w.stations {
		if s.n == n {
			return s
		}
	}
	return nil
}

// older is the engine of the old line on the same machine; nil at the newcomer.
func (s *station) older() *station {
	if o := s.on[0]; o != s {
		return o
	}
	return nil
}

// held gives what a station holds of a line to those who cite and prove
// (record.Source), as the product does.
type held struct{ *station }

func (h held) Founding() ([]byte, error) { return h.w.founding.Encode(), nil }

func (h held) Logs() (out []record.Log, err error) {
	for _, l := range h.own.Engine.Status().Logs {
		out = append(out, record.Log{Certificate: l.Cert, Size: l.Size})
	}
	return out, nil
}

func (h held) Entries(gen parley.GenerationID, from uint64, n int) (out []record.Entry, err error) {
	es, err := h.disk.Entries(gen, from, n)
	for _, e := range es {
		out = append(out, record.Entry{Bytes: e.Bytes, Key: e.Key})
	}
	return out, err
}

func (h held) Hashes(gen parley.GenerationID, indexes []int64) ([][32]byte, error) {
	return h.disk.Hashes(gen, indexes)
}

func (h held) Head(gen parley.GenerationID, size uint64) (wire.Head, bool, error) {
	x, ok, err := h.disk.Head(gen, size)
	return wire.Head{Size: x.Size, Root: x.Root, Ed: x.Ed, ML: x.ML}, ok, err
}

func (h held) Receipt(gen, holder parley.GenerationID, size uint64) (wire.Receipt, bool, error) {
	r, ok, err := h.disk.Receipt(gen, holder, size)
	return wire.Receipt{Gen: r.Gen, Size: r.Size, Holder: r.Holder, Time: r.Time, Ed: r.Ed, ML: r.ML}, ok, err
}

const citing = "the line before"

// citing lets who invited say in the first dispatch which line it goes on from, and
// again while it is not on the record.
func (w *world) citing() {
	again := 10 * time.Minute
	if w.calm {
		again = time.Minute
	}
	w.after(again, w.citing)
	s := w.join.inviter
	if s.own == nil || s.older().own == nil || w.watch.at(s).ended || len(s.citations()) > 0 {
		return
	}
	if r := s.people.citation; r != nil && (!r.filed || s.waits(r.id)) {
		return
	}
	s.cites(false)
}

// cites files a dispatch that cites the old line as it is held here; falsely, with
// one octet of it turned.
func (s *station) cites(falsely bool) {
	o := s.older()
	if s.own == nil || o == nil || o.own == nil || s.w.watch.at(s).ended {
		return
	}
	c, err := record.Cite(held{o})
	if parley.KindOf(err) == parley.Unavailable {
		return // it has lost all, and waits
	}
	must(err)
	if falsely {
		i := s.rng.IntN(len(c.Logs) + 1)
		if i == len(c.Logs) {
			c.Founding[s.rng.IntN(32)] ^= 1
		} else {
			c.Logs[i].Root[s.rng.IntN(32)] ^= 1
		}
	}
	s.people.spoke++
	text := fmt.Sprintf("%s says nr %d: what was agreed before stands.\n%s", s.code, s.people.spoke, c.Text())
	s.w.join.cited[text] = !falsely
	s.people.citation = s.release(&form.Header{To: s.others(), Precedence: parley.Routine, Marker: parley.Information, Language: "en", From: parley.Envoy},
		&form.Dispatch{Subject: citing, Text: text}, text)
}

// citations returns the texts that a station holds on the new line and can read that
// cite another.
func (s *station) citations() (out []string) {
	rows, _, err := s.disk.Rows(store.Filter{Forms: []string{"dispatch"}, Order: store.ByArrival, Limit: 500})
	must(err)
	for _, r := range rows {
		if r.Waiting() {
			continue
		}
		if d := dispatchOf(&r); d != nil && d.Subject == citing {
			out = append(out, d.Text)
		}
	}
	return out
}

func dispatchOf(r *store.Row) *form.Dispatch {
	c := check(r.Content())
	if c.Header == nil || r.Faulty {
		return nil
	}
	f, _, err := form.ParseBody("dispatch", c.Body)
	if err != nil {
		return nil
	}
	return f.(*form.Dispatch)
}

// mayWrite reports whether officers write dispatches: on a new line nobody does before
// he has read which line it goes on from.
func (s *station) mayWrite() bool {
	return s.w.label == "" || s.own != nil && s.disk != nil && len(s.citations()) > 0
}

// discloses makes a proof file of a dispatch of the old line for the newcomer, which
// must be a party of both.
func (s *station) discloses(n int) {
	j := s.w.join
	if j == nil || s.own == nil || j.w.placed(s.n) == nil || len(j.files) >= 8 {
		return
	}
	rows, _, err := s.disk.Rows(store.Filter{Forms: []string{"dispatch"}, Order: store.ByArrival, Limit: 500})
	must(err)
	rows = slices.DeleteFunc(rows, func(r store.Row) bool { return r.Waiting() || dispatchOf(&r) == nil })
	if len(rows) == 0 {
		return
	}
	r := &rows[n%len(rows)]
	var b bytes.Buffer
	if err := record.WriteProof(&b, held{s}, r.Ref(), false); err != nil {
		s.w.fail("what is on the record can be proved", "%s proves entry %s: %v", s.code, r.Ref(), err)
		return
	}
	j.files = append(j.files, proofFile{s.code, r.Ref(), dispatchOf(r).Text, b.Bytes()})
	s.w.tell("disclosed", s.code, j.newcomer.code, "%s gives %s a proof file of entry %s of the old line", s.code, j.newcomer.code, r.Ref())
}
