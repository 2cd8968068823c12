package sim

import (
	"fmt"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/hwm"
)

// people is what the officers and operators of a station know and keep: what
// they released, backups and images, and what they are about to do.
type people struct {
	releases []*release
	spoke    int
	blobs    [2]map[store.BlobID]*blobFile // of the backup and of the image
	mark     [hwm.FileSize]byte            // as it was at the image
	doubt    time.Duration                 // since when the log has been in doubt; 0: it is not
	words    map[parley.GenerationID]time.Duration
	probe    *release // the newest line test of ours
	tested   time.Time
	proposed int
	assents  map[[32]byte]*release // the last to each document
	pairing  *line.Keys            // of a pairing that was under way at the image
	citation *release              // the last of ours
	said     saidPeople
}

// release is an item that an officer released: in the station's own store, until
// it is surely in the outbox.
type release struct {
	id    uint64 // 0 until one is reserved
	item  line.Filed
	text  string // what only this item says; "" where others may say the same
	filed bool
}

// say files a dispatch.
func (s *station) say(a Act) {
	if !s.w.watch.at(s).ended {
		s.dispatch(a)
	}
}

func (s *station) dispatch(a Act, files ...form.Attachment) {
	s.people.spoke++
	text := fmt.Sprintf("%s says nr %d of seed %d. %s", s.code, s.people.spoke, s.w.plan.Seed, filler(s.w.plan.Seed, s.people.spoke, min(a.N, 1<<12)))
	p := parley.Precedence(a.X)
	f := &form.Dispatch{Subject: fmt.Sprintf("nr %d", s.people.spoke), Text: text, Attachments: files}
	if p == parley.Flash {
		f.Reason = "it burns"
	}
	s.release(&form.Header{To: s.others(), Precedence: p, Marker: parley.Information, Language: "en", From: parley.Envoy}, f, text)
}

// filler is text of n letters that no compressor makes much of.
func filler(seed uint64, nr, n int) string {
	r := stream(seed, fmt.Sprint("text ", nr))
	var b strings.Builder
	for b.Len() < n {
		b.WriteByte(byte('a' + r.IntN(26)))
		if r.IntN(6) == 0 {
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

func (s *station) others() []parley.Address {
	var out []parley.Address
	for _, o := range s.w.stations {
		if o != s && !s.w.watch.at(s).out[o.code] {
			out = append(out, parley.Address{Party: o.code, Office: parley.Envoy})
		}
	}
	return out
}

// react does what officers do with what came last: open it, translate it, inform
// the principal, answer, or talk about the line.
func (s *station) react(n int) {
	if s.own == nil || s.w.watch.at(s).ended {
		return
	}
	last, ok := s.lastOfTheirs()
	if !ok {
		return
	}
	h := &form.Header{From: parley.Watch, Refs: []parley.Ref{last}}
	minute := form.Minute(s.time())
	switch n {
	case 0:
		s.release(h, &form.Opened{Wording: parley.ReceiptWording, Time: minute}, "")
	case 1:
		s.release(h, &form.Translated{Wording: parley.ReceiptWording, Time: minute, Language: "en"}, "")
	case 2:
		s.release(h, &form.Informed{Wording: parley.ReceiptWording, Time: minute}, "")
	case 3:
		s.people.spoke++
		text := fmt.Sprintf("%s answers nr %d of seed %d", s.code, s.people.spoke, s.w.plan.Seed)
		h.To, h.Marker, h.Language, h.From = s.others(), parley.Answer, "en", parley.Envoy
		s.release(h, &form.Dispatch{Subject: "answer", Text: text}, text)
	default:
		h.To, h.Language = s.others(), "en"
		s.release(h, &form.Service{Subject: "the line", Text: "how do you read"}, "")
	}
}

func (s *station) lastOfTheirs() (parley.Ref, bool) {
	var best store.Row
	found := false
	for _, o := range s.w.stations {
		if o == s {
			continue
		}
		r, ok, err := s.disk.Latest("dispatch", o.code)
		must(err)
		if ok && (!found || r.Arrived >= best.Arrived) {
			best, found = r, true
		}
	}
	return best.Ref(), found
}

// release puts an item in the station's own store and files it.
func (s *station) release(h *form.Header, f form.Form, text string) *release {
	h.Form = f.Name()
	if series, ok := form.Series(h.Form); ok {
		h.Series = series
	}
	r := &release{text: text, item: line.Filed{Precedence: h.Precedence, At: s.time().UnixMilli(), Header: form.EncodeHeader(h), Fields: form.EncodeFields(f)}}
	s.people.releases = append(s.people.releases, r)
	s.w.watch.released(s, r)
	s.w.counts.Filed++
	s.file(r)
	return r
}

// file puts a released item in the outbox, now or as soon as the station is
// there to take it.
func (s *station) file(r *release) {
	if s.own == nil || r.filed {
		return // refile finds it
	}
	if s.busy > s.w.now {
		life := s.life
		s.w.after(s.busy-s.w.now, func() {
			if s.life == life {
				s.file(r)
			}
		})
		return
	}
	if r.id == 0 {
		r.id = s.own.Engine.LastFiled() + 1
		for _, o := range s.people.releases {
			r.id = max(r.id, o.id+1)
		}
		r.item.ID = r.id
	}
	if s.step(line.File{Item: r.item}) {
		r.filed = true
	}
}

// refile finishes at a start the releases that a stop interrupted, as the
// station does.
func (s *station) refile() {
	kept := s.people.releases[:0]
	for _, r := range s.people.releases {
		if !r.filed {
			kept = append(kept, r)
		}
	}
	s.people.releases = kept
	for _, r := range append([]*release(nil), kept...) {
		if r.id != 0 && s.knows(r.id) {
			r.filed = true
			continue
		}
		s.file(r)
		if s.own == nil {
			return
		}
	}
}

// knows reports whether an outbox id was ever filed.
func (s *station) knows(id uint64) bool {
	if _, ok, err := s.disk.Handed(id); err != nil || ok {
		must(err)
		return true
	}
	_, err := s.disk.FiledItem(id)
	return err == nil
}

// Recovery: what officers and operators do by hand, and how long they take.
const (
	roundEvery = 10 * time.Minute
	handsTake  = 20 * time.Minute
	givenKey   = "station/given/"
)

// round is what officers and operators look at now and then: a log in doubt that
// needs the root key, and recoveries of others whose words are equal.
func (s *station) round() {
	every, wait := roundEvery, handsTake
	if s.w.calm {
		every, wait = time.Minute, 0
	}
	s.w.after(every, s.round)
	if s.own == nil || s.busy > s.w.now {
		return
	}
	st := s.own.Engine.Status()
	if st.Doubt != "" || st.Own == (parley.GenerationID{}) {
		if s.people.doubt == 0 {
			s.people.doubt = s.w.now
		}
		if s.w.now-s.people.doubt >= wait {
			s.w.tell("recover", s.code, "", "%s's administrator opens a new generation with the root key", s.code)
			if !s.step(line.OpenGeneration{Root: s.root, Reason: reasonOf(st, s.code)}) {
				return
			}
			s.people.doubt = 0
		}
		return
	}
	s.people.doubt = 0
	if now := s.time(); now.Sub(s.people.tested) >= s.w.tests() || now.Before(s.people.tested) {
		s.people.tested = now
		s.test()
	}
	if s.own != nil {
		s.confirm(st, wait)
	}
	if s.own != nil && s.w.calm && !s.w.watch.at(s).ended {
		s.assentToBest(&st)
	}
}

// tests is the time between line tests: the charter's usual hour, and in plans
// of weeks half a day until the faults stop.
func (w *world) tests() time.Duration {
	if w.plan.Hours > 48 && !w.calm {
		return 12 * time.Hour
	}
	return time.Hour
}

// test files a line test, unless one waits already.
func (s *station) test() {
	if s.w.watch.at(s).ended {
		return
	}
	if p := s.people.probe; p != nil && (!p.filed || s.waits(p.id)) {
		return
	}
	s.people.probe = s.release(&form.Header{From: parley.Watch, To: s.others()}, s.lineTest(form.Call, 0), "")
}

func (s *station) waits(id uint64) bool {
	_, err := s.disk.FiledItem(id)
	return err == nil
}

func (s *station) lineTest(phase, text uint64) *form.LineTest {
	f := &form.LineTest{Phase: phase, Clock: uint64(max(0, s.time().UnixMilli())), Text: text}
	for _, l := range s.own.Engine.Status().Logs {
		if l.Current {
			f.Logs = append(f.Logs, form.LogHeld{Gen: l.Gen, Size: l.Size, Root: l.Root})
		}
	}
	return f
}

// answer answers a line test that was just made durable, as the clerk does.
func (s *station) answer(e *line.StoredEntry) {
	h, err := form.ParseHeader(e.Header)
	if s.w.watch.at(s).ended || err != nil || h.Form != "linetest" || s.time().Sub(time.UnixMilli(e.Arrived)) >= time.Minute {
		return
	}
	f, _, err := form.ParseBody(h.Form, e.Body)
	if t, ok := f.(*form.LineTest); err == nil && ok && t.Phase == form.Call {
		s.release(&form.Header{From: parley.Watch, To: s.others(), Refs: []parley.Ref{{Gen: e.Gen, Index: e.Index}}}, s.lineTest(form.Answer, t.Text), "")
	}
}

// reasonOf says why a new generation is opened (spec/log.md).
func reasonOf(st line.Status, us parley.PartyCode) uint64 {
	reason := uint64(journal.ReasonLost)
	for _, l := range st.Logs {
		if l.Party == us && l.Disputed {
			return journal.ReasonFork
		}
		if l.Party == us {
			reason = journal.ReasonRestored
		}
	}
	return reason
}

// confirm gives others their entry keys again, once officers have compared words.
func (s *station) confirm(st line.Status, wait time.Duration) {
	if s.people.words == nil {
		s.people.words = map[parley.GenerationID]time.Duration{}
	}
	for _, l := range st.Logs {
		if l.Party == s.code || !l.Current || l.Reason != journal.ReasonRestored && l.Reason != journal.ReasonLost {
			continue
		}
		since, ok := s.people.words[l.Gen]
		if !ok {
			since = s.w.now
			s.people.words[l.Gen] = since
		}
		if since < 0 || s.w.now-since < wait {
			continue
		}
		s.people.words[l.Gen] = -1
		s.w.tell("words", s.code, l.Party, "officers of %s and %s find the recovery words equal", s.code, l.Party)
		if err := s.disk.Apply(&line.Batch{Line: s.disk.id, Keys: []line.KV{{Key: givenKey + l.Gen.String(), Value: []byte("by watch")}}}); err != nil {
			delete(s.people.words, l.Gen)
			s.failed(err)
			return
		}
		if !s.step(line.GiveKeys{Gen: l.Gen}) {
			return
		}
	}
}

// decided is what officers confirmed before a start.
func (s *station) decided() []line.Event {
	kvs, err := s.disk.Values(givenKey)
	must(err)
	var out []line.Event
	for _, kv := range kvs {
		out = append(out, line.GiveKeys{Gen: check(parley.ParseGenerationID(strings.TrimPrefix(kv.Key, givenKey)))})
	}
	return out
}

// act does one act of the plan to this station.
func (s *station) act(a Act) {
	w := s.w
	switch a.Kind {
	case Crash:
		s.crash(a)
	case Full:
		if s.platter != nil {
			s.platter.fill(true)
			w.after(a.For, func() { s.platter.fill(false) })
		}
	case Sluggish:
		s.slow = time.Duration(a.N) * time.Millisecond
		w.after(a.For, func() { s.slow = 0 })
	case Lie:
		if s.disk != nil {
			s.disk.lie()
			w.after(a.For, func() {
				if s.disk.lying {
					s.powerOff(time.Minute)
				}
			})
		}
	case Jump:
		s.clock.set(w.now, a.For, s.clock.rate)
	case Drift:
		s.clock.set(w.now, 0, a.X)
	case Backup:
		s.copied(0)
	case Image:
		s.copied(1)
	case Flip:
		s.damaged()
	case Restore:
		if s.kept[0] != nil {
			s.damaged()
		}
	case PutBack:
		if s.kept[1] != nil {
			s.replace(s.kept[1], 1)
		}
	case Rollback:
		if s.kept[1] != nil {
			w.watch.forked = true
			for _, c := range w.cablesOf(s, w.stations[a.B%len(w.stations)]) {
				c.act(Act{Kind: Cut, N: 3, For: a.For + 5*time.Minute})
			}
			s.replace(s.kept[1], 1)
			s.markDisk.bytes = s.people.mark
		}
	case Lose:
		for _, m := range s.markFiles {
			m.bytes = [len(m.bytes)]byte{}
		}
		s.replace(nil, -1)
	}
}

// damaged does what an operator does whose disk is of no use: the last backup is
// restored, or the station starts from nothing but what it was founded with.
func (s *station) damaged() {
	if b := s.kept[0]; b != nil {
		s.replace(b, 0)
		return
	}
	s.replace(nil, -1)
}

// crash arms a loss of power, and makes sure that it comes.
func (s *station) crash(a Act) {
	if s.own == nil {
		return
	}
	s.downFor = a.For
	if crashPoint(a.N) == pointIdle {
		s.powerOff(a.For)
		return
	}
	s.disk.point = crashPoint(a.N)
	life := s.life
	s.w.after(time.Hour, func() {
		if s.life == life && s.disk.point != pointIdle {
			s.powerOff(a.For)
		}
	})
}
