package sim

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/seal"
	"parley/internal/station/carry"
	"parley/internal/store"
	"parley/internal/wire"
)

// What attachments may cost, by the founding annex: little, so that the bound of
// a day is met.
const (
	blobsPerDay  = 400_000
	blobMost     = 250_000
	bulkWaiting  = 4 << 20 // bytes that wait for one direction of a cable, as bearers bound them
	lookForBlobs = 5 * time.Second
	lookAlone    = time.Minute // with nobody to ask
)

// blobDisk is a store.Blobs on the disk of a station. What is not whole may be
// shorter, or damaged, after a loss of power.
type blobDisk struct {
	disk  *disk
	now   func() time.Time
	daily func() int64
	us    parley.PartyCode
	blobs map[store.BlobID]*blobFile
	used  map[string]int64 // by day and party
}

type blobFile struct {
	from  parley.PartyCode
	bytes []byte
	size  int64
	whole bool
	safe  bool // whole, and it survives a loss of power
}

var _ store.Blobs = (*blobDisk)(nil)

func (d *blobDisk) day(p parley.PartyCode) string {
	return d.now().UTC().Format(time.DateOnly) + " " + string(p)
}

// Create announces a blob.
func (d *blobDisk) Create(id store.BlobID, from parley.PartyCode, size int64) error {
	switch k := d.day(from); {
	case d.blobs[id] != nil:
		return nil
	case d.disk.full:
		return parley.Errorf(parley.DiskFull, "no room on the disk")
	case from != d.us && d.used[k]+size > d.daily():
		return parley.Errorf(parley.Quota, "attachments of %s: %d bytes today, %d more are over the %d a day", from, d.used[k], size, d.daily())
	default:
		d.used[k] += size
	}
	d.blobs[id] = &blobFile{from: from, size: size}
	return nil
}

// WriteAt appends p at offset.
func (d *blobDisk) WriteAt(id store.BlobID, p []byte, offset int64) error {
	b := d.blobs[id]
	switch {
	case b == nil:
		return parley.Errorf(parley.NotFound, "no attachment %x", id.Hash[:8])
	case b.whole || offset != int64(len(b.bytes)) || offset+int64(len(p)) > b.size:
		return parley.Errorf(parley.Conflict, "attachment %x has %d bytes", id.Hash[:8], len(b.bytes))
	case d.disk.full:
		return parley.Errorf(parley.DiskFull, "no room on the disk")
	}
	b.bytes = append(b.bytes[:len(b.bytes):len(b.bytes)], p...)
	return nil
}

// Size returns how many bytes are here.
func (d *blobDisk) Size(id store.BlobID) (int64, bool, error) {
	b := d.blobs[id]
	if b == nil {
		return 0, false, parley.Errorf(parley.NotFound, "no attachment %x", id.Hash[:8])
	}
	return int64(len(b.bytes)), b.whole, nil
}

// Complete checks the hash.
func (d *blobDisk) Complete(id store.BlobID) error {
	b := d.blobs[id]
	switch {
	case b == nil:
		return parley.Errorf(parley.NotFound, "no attachment %x", id.Hash[:8])
	case b.whole:
		return nil
	case int64(len(b.bytes)) < b.size:
		return parley.Errorf(parley.Gap, "attachment %x has %d of %d bytes", id.Hash[:8], len(b.bytes), b.size)
	case d.disk.full:
		return parley.Errorf(parley.DiskFull, "no room on the disk")
	case sha256.Sum256(b.bytes) != id.Hash:
		delete(d.blobs, id)
		return parley.Errorf(parley.BadProof, "attachment %x: its bytes have another hash", id.Hash[:8])
	}
	b.whole, b.safe = true, !d.disk.lying
	return nil
}

type blobReader struct{ *bytes.Reader }

func (blobReader) Close() error { return nil }

// Open reads a whole blob.
func (d *blobDisk) Open(id store.BlobID) (io.ReadSeekCloser, error) {
	if b := d.blobs[id]; b != nil && b.whole {
		return blobReader{bytes.NewReader(b.bytes)}, nil
	}
	return nil, parley.Errorf(parley.NotFound, "attachment %x is not here, or not whole", id.Hash[:8])
}

// Delete removes the blob.
func (d *blobDisk) Delete(id store.BlobID) error {
	delete(d.blobs, id)
	return nil
}

// List returns the blobs in order of hash.
func (d *blobDisk) List(l parley.LineID) (out []store.BlobInfo, err error) {
	for _, id := range d.inOrder() {
		b := d.blobs[id]
		out = append(out, store.BlobInfo{ID: id, Bytes: int64(len(b.bytes)), Size: b.size, Whole: b.whole})
	}
	return out, nil
}

func (d *blobDisk) inOrder() []store.BlobID {
	return slices.SortedFunc(maps.Keys(d.blobs), func(a, b store.BlobID) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
}

// power takes the power away: what is not whole may be cut short, or have a byte
// that nobody wrote.
func (d *blobDisk) power(r *rand.Rand) {
	for _, id := range d.inOrder() {
		b := d.blobs[id]
		if b.safe || len(b.bytes) == 0 {
			continue
		}
		b.whole = false
		b.bytes = slices.Clone(b.bytes[:r.IntN(len(b.bytes)+1)])
		if len(b.bytes) > 0 && r.IntN(3) == 0 {
			b.bytes[r.IntN(len(b.bytes))] ^= 1
		}
	}
}

// copied returns what is there now; of a backup only what is whole.
func (d *blobDisk) copied(whole bool) map[store.BlobID]*blobFile {
	out := map[store.BlobID]*blobFile{}
	for id, b := range d.blobs {
		if c := *b; c.whole || !whole {
			c.safe = c.whole
			out[id] = &c
		}
	}
	return out
}

// carries makes the part of a station that carries attachments, when it starts.
func (s *station) carries() {
	s.wants, s.looking = map[[32]byte]bool{}, false
	s.carrier = carry.New(carry.House{Line: s.w.founding.Line, Store: s.blobs, Trouble: s, Stored: s.blobStored,
		Later: func(from parley.PartyCode, ref parley.Ref, err error) {
			s.w.tell("later", s.code, from, "%s fetches an attachment of %s later: %v", s.code, from, err)
		},
		Most: func() int64 { return int64(s.w.founding.Annex.Bound(charter.BlobBytes)) },
		Low: func() error {
			if s.disk.full {
				return parley.Errorf(parley.DiskFull, "no room on the disk")
			}
			return nil
		}})
	rows, _, err := s.disk.Rows(store.Filter{Forms: []string{"dispatch"}, Order: store.ByArrival, Newest: true, Limit: 500})
	must(err)
	for i := range rows {
		if r := &rows[len(rows)-1-i]; r.Party != s.code && !r.Waiting() {
			c := check(r.Content())
			s.needs(r.Party, r.Ref(), c.Body)
		}
	}
}

// Refused, Damaged and Failed are the trouble that a carry.Carrier tells of.
func (s *station) Refused(from parley.PartyCode, err error) {
	s.w.fail("attachments arrive", "%s never takes one of %s: %v", s.code, from, err)
}

// Damaged is told of one whose bytes were not the right ones.
func (s *station) Damaged(err error) {
	s.w.counts.Damaged++
	s.w.tell("damaged", s.code, "", "%s asks for an attachment again: %v", s.code, err)
}

// Failed is told that a disk did not keep one.
func (s *station) Failed(err error) {
	if parley.KindOf(err) != parley.DiskFull {
		s.w.fail("attachments arrive", "%s: %v", s.code, err)
	}
}

// needs notes the attachments of a dispatch of theirs.
func (s *station) needs(from parley.PartyCode, ref parley.Ref, body []byte) {
	f, _, err := form.ParseBody("dispatch", body)
	if err != nil {
		return
	}
	if d := f.(*form.Dispatch); len(d.Attachments) > 0 {
		for _, a := range d.Attachments {
			s.wants[a.Hash] = true
		}
		s.carrier.Need(from, ref, d.Attachments)
		if !s.looking {
			s.looking = true
			s.look(s.life)
		}
	}
}

// arrives notes the attachments of an entry that was just made durable.
func (s *station) arrives(e *line.StoredEntry) {
	o := s.w.owner(e.Gen)
	if h, err := form.ParseHeader(e.Header); err != nil || h.Form != "dispatch" || o == nil {
		return
	}
	s.needs(o.code, parley.Ref{Gen: e.Gen, Index: e.Index}, e.Body)
}

// look asks for what is missing, again after a while, for one life.
func (s *station) look(life int) {
	if s.life != life || s.own == nil {
		return
	}
	if len(s.wants) == 0 {
		s.looking = false
		return
	}
	every := lookAlone
	asks, _ := s.carrier.Due(s.time())
	for _, a := range asks {
		if rs := s.w.route(s, &line.Send{To: a.To}); len(rs) > 0 {
			every = lookForBlobs
			s.carried(rs[0], line.ClassControl, a.Want)
		}
	}
	s.w.after(every, func() { s.look(life) })
}

// carried sends a want or a chunk. The error says that too much waits already.
func (s *station) carried(r *session, class line.Class, f wire.Frame) error {
	i := r.cable.end(s)
	waits := 0
	for _, x := range r.cable.dirs[i].lanes[class] {
		waits += len(x.raw)
	}
	if waits > bulkWaiting {
		return parley.Errorf(parley.Quota, "too much waits for this path")
	}
	r.cable.send(i, r, class, check(wire.Marshal(f)))
	return nil
}

// blobFrame takes a want or a chunk that came.
func (s *station) blobFrame(r *session, f wire.Frame) {
	peer := r.cable.ends[1-r.cable.end(s)]
	switch f := f.(type) {
	case *wire.Want:
		s.carrier.Serve(peer.code, f, func(c *wire.Chunk) error { return s.carried(r, line.ClassBulk, c) }) // it asks again
	case *wire.Chunk:
		s.w.counts.Chunks++
		s.carrier.Chunk(s.time(), peer.code, f, func(w *wire.Want) { s.carried(r, line.ClassControl, w) }) // one that is repeated changes nothing
	}
}

// blobStored puts on record, once, that an attachment is here, as the station does.
func (s *station) blobStored(hash [32]byte, ref parley.Ref) {
	delete(s.wants, hash)
	s.w.watch.blobHere(s, hash)
	rows, err := s.disk.Referring(ref.Gen, ref.Index)
	must(err)
	for i := range rows {
		r := &rows[i]
		if r.Form != "attachments" || r.Party != s.code && !r.Waiting() {
			continue
		}
		f, _, err := form.ParseBody(r.Form, check(r.Content()).Body)
		if x, ok := f.(*form.Attachments); err == nil && ok && slices.Contains(x.Hashes, hash) {
			return
		}
	}
	if !s.w.watch.at(s).ended {
		s.release(&form.Header{From: parley.Watch, Refs: []parley.Ref{ref}}, &form.Attachments{Hashes: [][32]byte{hash}}, "")
	}
}

// attached is an attachment that officers made.
type attached struct {
	by   *station
	size int64
}

// attach files a dispatch with an attachment.
func (s *station) attach(a Act) {
	if s.own == nil || s.disk.full || s.w.watch.at(s).ended {
		return
	}
	r := newEntropy(s.w.plan.Seed, fmt.Sprint("blob ", s.code, s.people.spoke))
	plain := make([]byte, min(a.N, blobMost))
	r.Read(plain)
	f := form.Attachment{Name: "map.bin", Type: "application/octet-stream", Size: uint64(len(plain)), Sealed: uint64(seal.SealedBlobSize(int64(len(plain))))}
	r.Read(f.Key[:])
	var sealed bytes.Buffer
	check(seal.SealBlob(&sealed, bytes.NewReader(plain), f.Key, blobMost))
	f.Hash = sha256.Sum256(sealed.Bytes())
	id := store.BlobID{Line: s.w.founding.Line, Hash: f.Hash}
	must(s.blobs.Create(id, s.code, int64(f.Sealed)))
	must(s.blobs.WriteAt(id, sealed.Bytes(), 0))
	must(s.blobs.Complete(id))
	s.w.watch.attached[f.Hash] = &attached{by: s, size: int64(f.Sealed)}
	s.w.watch.hashes = append(s.w.watch.hashes, f.Hash)
	s.w.counts.Attached++
	s.dispatch(a, f)
}

// blobHere holds what a station says that it has against what was attached.
func (x *watch) blobHere(s *station, hash [32]byte) {
	b := s.blobs.blobs[store.BlobID{Line: x.w.founding.Line, Hash: hash}]
	switch {
	case x.attached[hash] == nil:
		x.w.fail("no attachment is altered", "%s says that it has attachment %x, which nobody made", s.code, hash[:8])
	case b == nil || !b.whole || sha256.Sum256(b.bytes) != hash:
		x.w.fail("stored means stored", "%s says that it has attachment %x, which is not whole", s.code, hash[:8])
	}
}

// missing says which attachment of an entry that a station can read is not whole
// there, though its writer has it and the bound of the day allows it.
func (w *world) missing(s *station) string {
	for _, d := range w.dispatches(s) {
		for _, f := range d.files {
			id := store.BlobID{Line: w.founding.Line, Hash: f.Hash}
			o := d.by
			if mine := s.blobs.blobs[id]; o == s || mine != nil && mine.whole || w.watch.rules.out(o) {
				continue
			}
			if theirs := o.blobs.blobs[id]; theirs == nil || !theirs.whole {
				continue // its writer lost it
			}
			if mine := s.blobs.blobs[id]; mine == nil && s.blobs.used[s.blobs.day(o.code)]+int64(f.Sealed) > s.blobs.daily() {
				continue // it comes tomorrow
			}
			return fmt.Sprintf("%s lacks attachment %x of %s", s.code, f.Hash[:8], o.code)
		}
	}
	return ""
}

type withFiles struct {
	by    *station
	files []form.Attachment
}

// dispatches returns the dispatches with attachments that a station can read.
func (w *world) dispatches(s *station) (out []withFiles) {
	if len(w.watch.hashes) == 0 {
		return nil
	}
	for _, l := range s.own.Engine.Status().Logs {
		es, err := store.EntriesUpTo(s.disk, l.Gen, l.Size)
		must(err)
		for i := range es {
			h, err := form.ParseHeader(es[i].Header)
			if err != nil || h.Form != "dispatch" {
				continue
			}
			f, _, err := form.ParseBody(h.Form, es[i].Body)
			if d, ok := f.(*form.Dispatch); err == nil && ok && len(d.Attachments) > 0 {
				out = append(out, withFiles{w.owner(l.Gen), d.Attachments})
			}
		}
	}
	return out
}
