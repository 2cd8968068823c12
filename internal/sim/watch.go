package sim

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/journal"
	"parley/internal/line"
	"parley/internal/sheet"
	"parley/internal/store"
	"parley/internal/wire"
)

// sampleEvery is how often the record is put in order and looked at.
const sampleEvery = 10 * time.Minute

// watch holds the promises against everything that happens. It sees all that is
// said and all that is written, as nobody in the world does.
type watch struct {
	w         *world
	owner     map[parley.GenerationID]*station
	of        map[*station]*watched
	leaf      map[parley.Ref][32]byte // of every entry that was ever spoken or accepted
	signed    map[headID][32]byte     // both halves over it
	content   map[parley.Ref][32]byte // what its writer put in it
	root      map[headID][32]byte     // of every checkpoint that was ever spoken
	entryKeys map[[32]byte]parley.Ref
	promised  map[headGen]uint64 // receipts spoken: holder's generation and log
	given     map[headGen]uint64 // the same, whatever was lost since
	settled   []parley.Ref       // of the whole line, from position 1
	excused   map[parley.Ref]bool
	rules     rules
	saidWatch
	callWatch
	attached  map[[32]byte]*attached
	hashes    [][32]byte // of them, in order
	losses    int        // how often a disk has lost what it had
	corrupted bool       // a frame was altered above the bearer's own protection
	forked    bool       // a twin ran: its party may have two histories
	loose     bool       // a settled entry was lost everywhere: the order may differ after it
}

type headID struct {
	gen  parley.GenerationID
	size uint64
}

type headGen struct{ holder, gen parley.GenerationID }

// watched is what the watch knows of one station.
type watched struct {
	heads  map[headID][32]byte // of its own log, durable
	spoken map[parley.GenerationID]uint64
	fates  []*fate // of what was released, in order
	byID   map[uint64]*fate
	outbox []*fate
	losses int
	opened int64                     // when its generation was, by its own clock
	out    map[parley.PartyCode]bool // by what it holds
	ended  bool                      // it is out itself, or nobody else is on the line
	dirty  bool                      // something was written since the record was last put in order
	told   bool                      // something of a statement was written since it was last looked at
	called bool                      // the same of a call
}

// fate is what became of a released item.
type fate struct {
	*release
	inbox   bool // surely in the outbox
	handed  bool
	ref     parley.Ref
	excused bool // a disk lost it, and nobody else had it
	set     bool // the log was set back since it was filed: it waits until what was sent is known
}

func newWatch(w *world) *watch {
	return &watch{w: w, owner: map[parley.GenerationID]*station{}, of: map[*station]*watched{}, leaf: map[parley.Ref][32]byte{},
		content: map[parley.Ref][32]byte{}, root: map[headID][32]byte{}, signed: map[headID][32]byte{}, entryKeys: map[[32]byte]parley.Ref{},
		promised: map[headGen]uint64{}, given: map[headGen]uint64{}, excused: map[parley.Ref]bool{}, attached: map[[32]byte]*attached{}}
}

func (x *watch) owns(gen parley.GenerationID, s *station) {
	x.owner[gen] = s
	x.at(s)
}

func (x *watch) at(s *station) *watched {
	a := x.of[s]
	if a == nil {
		a = &watched{heads: map[headID][32]byte{}, spoken: map[parley.GenerationID]uint64{}, byID: map[uint64]*fate{}}
		x.of[s] = a
	}
	return a
}

func (x *watch) released(s *station, r *release) {
	a := x.at(s)
	a.fates = append(a.fates, &fate{release: r})
}

// stepped looks at what a step wants a person to notice.
func (x *watch) stepped(s *station, fx *line.Effects) {
	for i := range fx.Alarms {
		x.alarmed(s, &fx.Alarms[i])
	}
	if changes(&fx.Batch) {
		x.ruled(s)
	}
}

// durable looks at what a station has just made durable, whatever comes of the
// step.
func (x *watch) durable(s *station, b *line.Batch) {
	a := x.at(s)
	a.dirty = true
	x.w.counts.Batches++
	x.keptSecret(s, b)
	for _, kv := range b.Keys {
		if len(kv.Key) > 5 && kv.Key[:5] == "cert/" {
			x.certificate(s, kv.Value)
		}
	}
	if s.own != nil && changes(b) {
		x.leaves(s, b)
		x.follow(s)
	}
	for i := range b.Filed {
		x.boxed(s, a, &b.Filed[i])
	}
	for i := range b.Entries {
		if e := &b.Entries[i]; b.Expect != nil && e.Gen == b.Expect.Gen {
			x.wrote(s, a, e)
		} else {
			x.accepted(s, e)
		}
	}
	for _, id := range b.Unfiled { // taken back, where it was not handed out
		a.outbox = slices.DeleteFunc(a.outbox, func(t *fate) bool { return t.id == id })
	}
	for _, h := range b.Heads {
		id := headID{h.Gen, h.Size}
		if b.Expect != nil && h.Gen == b.Expect.Gen {
			a.heads[id] = h.Root
		} else if r, ok := x.root[id]; (!ok || r != h.Root) && !x.forked {
			x.w.fail("no entry is altered", "%s accepted a checkpoint of %s at size %d that its writer never signed", s.code, x.name(h.Gen), h.Size)
		} else if x.signed[id] != halves(h.Ed, h.ML) && x.w.trace.exact && !x.forked {
			x.w.fail("both signatures count", "%s accepted a checkpoint of %s at size %d under signatures that its writer never made", s.code, x.name(h.Gen), h.Size)
		}
	}
	for _, r := range b.Receipts {
		if x.owner[r.Holder] != s && x.given[headGen{r.Holder, r.Gen}] < r.Size {
			x.w.fail("stored means stored", "%s counts a receipt of %s for %d entries of %s that was never given", s.code, x.name(r.Holder), r.Size, x.name(r.Gen))
		}
	}
}

func (x *watch) name(gen parley.GenerationID) string {
	if s := x.owner[gen]; s != nil {
		return string(s.code) + "/" + gen.String()[:4]
	}
	return "?/" + gen.String()[:4]
}

func (x *watch) certificate(s *station, raw []byte) {
	c, err := journal.ParseCertificate(raw)
	if err != nil || x.owner[c.Gen] != nil {
		return
	}
	if c.Party != s.code {
		x.w.fail("only a party opens its generations", "%s accepted generation %s of %s, which nobody opened", s.code, c.Gen, c.Party)
	}
	x.owns(c.Gen, s)
	x.at(s).opened = int64(c.Time) * 1000
	for _, t := range x.at(s).outbox {
		t.set = true
	}
	x.w.counts.Generations++
	x.w.tell("generation", s.code, "", "%s opens generation %s of its log: %s", s.code, c.Gen.String()[:4], sheet.ReasonText(c.Reason))
	if x.at(s).losses == 0 && !x.forked {
		x.w.fail("an honest log goes on", "%s opened a new generation without a reason", s.code)
	}
}

// boxed notes that an item is surely in the outbox.
func (x *watch) boxed(s *station, a *watched, f *line.Filed) {
	for _, t := range a.fates {
		again := t.excused && (!t.handed || x.excused[t.ref])        // a loss took it, and it is filed once more
		same := t.id == f.ID && bytes.Equal(t.item.Fields, f.Fields) // the number of a ring that was given up before it was filed is given again
		if same && (!t.inbox || again) {
			t.inbox, t.handed, t.excused = true, false, false
			t.set = t.item.At < a.opened
			a.byID[f.ID] = t
			a.outbox = append(a.outbox, t)
			return
		}
	}
	x.w.fail("nothing is sent that was not released", "%s has item %d in its outbox, which nobody released", s.code, f.ID)
}

// wrote looks at an entry that a station has written to its own log.
func (x *watch) wrote(s *station, a *watched, e *line.StoredEntry) {
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	x.content[ref] = contentOf(e)
	x.wroteAct(s, a, e)
	if e.Header != nil {
		h := check(form.ParseHeader(e.Header))
		x.noteSaid(s, a, h.Form, ref, true)
		x.wroteCall(s, h.Form, ref, true)
	}
	x.w.counts.Entries++
	if e.Key != nil {
		k := [32]byte(e.Key)
		if old, ok := x.entryKeys[k]; ok && old != ref {
			x.w.fail("a key seals one entry", "entries %s and %s of %s have one key", old, ref, s.code)
		}
		x.entryKeys[k] = ref
	}
	if e.Filed == 0 {
		return
	}
	t := a.byID[e.Filed]
	for _, o := range a.fates { // a backup of before a loss brought back has the numbers that were given again after it
		if t != nil && o.id == e.Filed && o.inbox && !sameFields(e.Body, t.item.Fields) && sameFields(e.Body, o.item.Fields) {
			t = o
		}
	}
	switch {
	case t == nil:
		x.w.fail("nothing is sent that was not released", "%s sent item %d, which was never in its outbox", s.code, e.Filed)
		return
	case t.handed && !x.excused[t.ref]:
		x.w.fail("nothing is sent twice", "%s sent item %d as entry %s and again as %s", s.code, e.Filed, t.ref, ref)
	case !sameFields(e.Body, t.item.Fields):
		x.w.fail("no entry is altered", "%s sent something else than item %d", s.code, e.Filed)
	}
	x.overtakes(s, a, t)
	t.handed, t.ref = true, ref
}

// sameFields reports whether a body says what was filed: it is the fields with
// the serial after them.
func sameFields(body, fields []byte) bool {
	return len(body) > len(fields) && bytes.Equal(body[1:1+len(fields)], fields)
}

// overtakes holds what leaves the outbox to the model of one: of all that waits,
// the most urgent that was filed first.
func (x *watch) overtakes(s *station, a *watched, t *fate) {
	kept := a.outbox[:0]
	for _, o := range a.outbox {
		if !o.set && (o.item.Precedence > t.item.Precedence || o.item.Precedence == t.item.Precedence && o.id < t.id) {
			x.w.fail("the urgent overtakes", "%s sent item %d (%s) before item %d (%s)", s.code, t.id, t.item.Precedence, o.id, o.item.Precedence)
		}
		if o != t {
			kept = append(kept, o)
		}
	}
	a.outbox = kept
}

func contentOf(e *line.StoredEntry) [32]byte {
	if e.Header == nil {
		return [32]byte{}
	}
	h := sha256.New()
	h.Write(e.Header)
	h.Write([]byte{0})
	h.Write(e.Body)
	return [32]byte(h.Sum(nil))
}

// accepted looks at an entry that a station took from others.
func (x *watch) accepted(s *station, e *line.StoredEntry) {
	ref := parley.Ref{Gen: e.Gen, Index: e.Index}
	if e.Header == nil {
		x.at(s).told = true // it may be of a statement
	} else if h, err := form.ParseHeader(e.Header); err == nil {
		x.noteSaid(s, x.at(s), h.Form, ref, false)
		x.wroteCall(s, h.Form, ref, false)
	}
	if x.forked {
		return
	}
	if l, ok := x.leaf[ref]; !ok || l != sha256.Sum256(e.Bytes) {
		x.w.fail("no entry is altered", "%s holds an entry %s of %s that its writer never sent", s.code, ref, x.name(e.Gen))
	}
	if c, ok := x.content[ref]; ok && e.Header != nil && c != contentOf(e) {
		x.w.fail("no entry is altered", "%s reads entry %s of %s otherwise than it was written", s.code, ref, x.name(e.Gen))
	}
	if e.Faulty && x.losses == 0 {
		x.w.fail("what arrives can be read", "%s cannot read entry %s of %s: %s", s.code, ref, x.name(e.Gen), e.Fault)
	}
}

// spoke looks at a frame that leaves a station.
func (x *watch) spoke(s *station, send *line.Send, raw []byte) {
	x.w.said(s, send)
	x.toldSecret(s, send.To, raw)
	switch f := send.Frame.(type) {
	case *wire.Entry:
		x.spokeEntry(s, f)
		x.heldBack(s, send.To, parley.Ref{Gen: f.Gen, Index: f.Index})
	case *wire.Checkpoint:
		x.spokeHead(s, f)
	case *wire.Receipt:
		if x.owner[f.Holder] != s {
			return
		}
		if safe := s.disk.safe[f.Gen]; safe < f.Size && !s.disk.lying {
			x.w.fail("stored means stored", "%s gives a receipt for %d entries of %s, of which %d are durable", s.code, f.Size, x.name(f.Gen), safe)
		}
		k := headGen{f.Holder, f.Gen}
		x.promised[k], x.given[k] = max(x.promised[k], f.Size), max(x.given[k], f.Size)
	}
}

func (x *watch) spokeEntry(s *station, f *wire.Entry) {
	ref := parley.Ref{Gen: f.Gen, Index: f.Index}
	sum := sha256.Sum256(f.Bytes)
	if l, ok := x.leaf[ref]; ok {
		if l != sum && !x.forked {
			x.w.fail("an honest station never forks", "%s says two entries %s", s.code, ref)
		}
	} else {
		x.leaf[ref] = sum
	}
	if x.owner[f.Gen] != s {
		return
	}
	if s.disk.safe[f.Gen] <= f.Index && !s.disk.lying {
		x.w.fail("durable before it is said", "%s says entry %s, which is not durable", s.code, ref)
	}
	a := x.at(s)
	a.spoken[f.Gen] = max(a.spoken[f.Gen], f.Index+1)
}

func (x *watch) spokeHead(s *station, f *wire.Checkpoint) {
	if x.owner[f.Gen] != s {
		return
	}
	id, a := headID{f.Gen, f.Size}, x.at(s)
	r, ok := a.heads[id]
	if !ok {
		h, found, err := s.disk.Head(f.Gen, f.Size)
		must(err)
		if !found || h.Size != f.Size {
			x.w.fail("durable before it is said", "%s says a checkpoint of its log at size %d, which is not durable", s.code, f.Size)
			return
		}
		r = h.Root
		a.heads[id] = r
	}
	if s.disk.safe[f.Gen] < f.Size && !s.disk.lying {
		x.w.fail("durable before it is said", "%s says a checkpoint of its log at size %d, which is not durable", s.code, f.Size)
	}
	if old, ok := x.root[id]; ok && old != r && !x.forked {
		x.w.fail("an honest station never forks", "%s has signed two roots for size %d of %s", s.code, f.Size, x.name(f.Gen))
	}
	x.root[id], x.signed[id] = r, halves(f.Ed, f.ML)
}

// halves is a hash of both halves of a signature.
func halves(ed [64]byte, ml []byte) [32]byte { return sha256.Sum256(append(ed[:], ml...)) }

func (x *watch) alarmed(s *station, al *line.Alarm) {
	x.w.tell("alarm", s.code, al.Party, "%s's alarm %s: %s", s.code, al.Code, al.Text)
	if t := x.w.trace; t.keep {
		t.story[len(t.story)-1].Kind, t.story[len(t.story)-1].Log = al.Code, x.name(al.Ref.Gen)
	}
	x.w.counts.Alarms++
	switch al.Code {
	case "violation", "fork":
		if !x.corrupted && !x.forked {
			x.w.fail("honest stations believe one another", "%s: %s", s.code, al.Text)
		}
	case "doubt":
		if x.at(s).losses == 0 && !x.forked {
			x.w.fail("an honest log goes on", "%s: %s", s.code, al.Text)
		}
	case "unreadable":
		if x.losses == 0 {
			x.w.fail("what arrives can be read", "%s: %s", s.code, al.Text)
		}
	}
}

// started holds what a station finds on its disk against what it has said.
func (x *watch) started(s *station) {
	a := x.at(s)
	for gen, n := range a.spoken {
		if s.disk.sizes[gen] < n && a.losses == 0 {
			x.w.fail("durable before it is said", "%s has said %d entries of its log and knows of %d", s.code, n, s.disk.sizes[gen])
		}
	}
	for k, n := range x.promised {
		if x.owner[k.holder] == s && s.disk.sizes[k.gen] < n && a.losses == 0 {
			x.w.fail("stored means stored", "%s gave a receipt for %d entries of %s and holds %d", s.code, n, x.name(k.gen), s.disk.sizes[k.gen])
		}
	}
}

// lossy notes that a disk has lost what it had. Entries that nobody holds any
// more are excused, and so is what waited in an outbox that is gone.
func (x *watch) lossy(s *station) {
	a := x.at(s)
	a.losses++
	x.losses++
	x.w.counts.Losses++
	for ref := range x.content {
		x.excuse(ref)
	}
	for ref := range x.leaf {
		x.excuse(ref)
	}
	a.outbox = nil
	for _, t := range a.fates {
		t.set = true
		if !t.inbox || t.handed && !x.excused[t.ref] {
			continue
		}
		if _, err := s.disk.FiledItem(t.id); err == nil {
			a.outbox = append(a.outbox, t)
		} else {
			t.excused = true
		}
	}
	for k := range x.promised {
		if x.owner[k.holder] == s {
			delete(x.promised, k)
		}
	}
	for _, ref := range x.settled {
		x.loose = x.loose || x.excused[ref]
	}
}

// excuse gives an entry up when no disk holds it.
func (x *watch) excuse(ref parley.Ref) {
	for _, o := range x.w.stations {
		if o.disk != nil && o.disk.sizes[ref.Gen] > ref.Index {
			return
		}
	}
	x.excused[ref] = true
	if r := &x.rules; r.acts[ref] {
		r.loose = true
		if s := x.owner[ref.Gen]; r.left[s] == ref {
			delete(r.left, s)
		}
	}
}

// sample puts the record of each station in order and looks at it.
func (w *world) sample() {
	w.after(sampleEvery, w.sample)
	for _, s := range w.stations {
		if a := w.watch.at(s); s.own != nil && a.dirty && !s.disk.full {
			a.dirty = false
			w.place(s)
			if w.watch.said && a.told {
				w.saidNow(s)
				s.shows()
			}
			if a.called && s.own != nil { // placing may have been its last
				a.called = false
				w.compareCallModel(s)
			}
		}
	}
}

func (w *world) place(s *station) {
	if err := s.placer.Place(s.disk, w.founding.Charter.Codes(), s.own.Engine.Status()); err != nil {
		w.fail("a settled position never changes", "%s: %v", s.code, err)
	}
}

// placed looks at positions that a station has given.
func (x *watch) placed(s *station, ps []store.Position) {
	for _, p := range ps {
		if !p.Settled || x.loose || x.forked {
			continue
		}
		ref := parley.Ref{Gen: p.Gen, Index: p.Index}
		switch n := int64(len(x.settled)); {
		case p.Pos == n+1:
			x.settled = append(x.settled, ref)
			x.w.counts.Settled++
		case p.Pos > n+1 || x.settled[p.Pos-1] != ref:
			x.w.fail("settled prefixes agree", "%s settles %s %s at position %d", s.code, x.name(ref.Gen), ref, p.Pos)
		}
	}
}
