package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/journal"
	"parley/internal/key"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/record"
	"parley/internal/seal"
	"parley/internal/station/owner"
	"parley/internal/store"
	"parley/internal/store/blob"
	"parley/internal/store/hwm"
	"parley/internal/store/sqlite"
	"parley/internal/wire"
)

// FsckReport is what Fsck found. What is wrong has a place.
type FsckReport struct {
	Party    parley.PartyCode `json:"party"`
	Checked  []FsckLine       `json:"lines"`
	Files    int64            `json:"attachments"`
	Findings []FsckFinding    `json:"findings"`
}

// FsckLine counts what of one line was verified.
type FsckLine struct {
	Line        string `json:"line"`
	Generations int    `json:"generations"`
	Entries     int64  `json:"entries"`
	Opened      int64  `json:"opened"`      // with keys that fit their commitments
	Checkpoints int64  `json:"checkpoints"` // both signatures
	Receipts    int64  `json:"receipts"`    // both signatures
	Witnessed   int64  `json:"witnessed"`   // cosignatures of witnesses
	Settled     int64  `json:"settled"`     // positions computed anew
}

// FsckFinding is one thing that is wrong.
type FsckFinding struct {
	Kind  string `json:"kind"`
	Place string `json:"place"`
	What  string `json:"what"`
}

// Bad counts what is wrong.
func (r *FsckReport) Bad() int { return len(r.Findings) }

// Lines says for people what was verified and what is wrong.
func (r *FsckReport) Lines() []string {
	var out []string
	for _, l := range r.Checked {
		out = append(out, fmt.Sprintf("line %s: %d logs, %d entries (%d opened), %d checkpoints, %d receipts, %d cosignatures, %d positions",
			l.Line[:8], l.Generations, l.Entries, l.Opened, l.Checkpoints, l.Receipts, l.Witnessed, l.Settled))
	}
	out = append(out, fmt.Sprintf("%d attachments", r.Files))
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("WRONG  %s: %s (%s)", f.Place, f.What, f.Kind))
	}
	if len(r.Findings) == 0 {
		return append(out, "everything verified")
	}
	return append(out, fmt.Sprintf("%d findings", len(r.Findings)))
}

const maxFindings = 1000

func (r *FsckReport) find(kind parley.Kind, place, format string, args ...any) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, FsckFinding{kind.String(), place, fmt.Sprintf(format, args...)})
	}
}

// fsck goes through a data directory.
type fsck struct {
	cfg      Config
	us       parley.PartyCode
	storage  *key.Storage
	store    *sqlite.Store
	marks    *hwm.Marks
	report   *FsckReport
	progress func(done, total int64)
	done     int64
	total    int64
}

// Fsck reads everything a stopped station has stored and verifies it: the
// databases, every entry against leaf and root, both signatures of every
// checkpoint and receipt, keys against commitments, certificates, record order,
// our own logs against the high-water mark, attachments and pairings. It
// changes nothing of it. The error says why it could not be checked at all:
// Unavailable while a station runs. progress may be nil.
func Fsck(cfg Config, progress func(done, total int64)) (_ *FsckReport, err error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	f := &fsck{cfg: cfg, us: parley.PartyCode(cfg.Party), progress: progress, report: &FsckReport{Party: parley.PartyCode(cfg.Party), Findings: []FsckFinding{}}}
	storage, tls, err := openKeys(cfg)
	if err != nil {
		return nil, err
	}
	clear(tls[:])
	f.storage = storage
	if f.store, err = sqlite.Open(cfg.Dir, storage, sqlite.Options{}); err != nil {
		if held(cfg.path(lockFile)) {
			return nil, parley.Errorf(parley.Unavailable, "the station of %s runs", cfg.Dir).WithHint("stop it first; parley check looks at a running one")
		}
		return nil, err
	}
	defer f.store.Close()
	if f.marks, err = hwm.Open(cfg.HighWater); err != nil {
		return nil, err
	}
	defer f.marks.Close()
	return f.report, f.all()
}

func (f *fsck) all() error {
	ids, err := f.store.Lines()
	if err != nil {
		return err
	}
	found, err := f.store.Check(context.Background(), func(p store.Progress) {
		if p.What == "entries" {
			f.total = 2 * p.Total
			f.progress(p.Done, f.total)
		}
	})
	if err != nil {
		return err
	}
	for _, x := range found {
		f.report.find(x.Kind, x.Place, "%s", x.What)
	}
	f.done = f.total / 2
	for _, id := range ids {
		if err := f.line(id); err != nil {
			f.report.find(parley.KindOf(err), "line "+id.String(), "%v", err)
		}
	}
	f.files(ids)
	f.others()
	return nil
}

// others checks what stands beside the store.
func (f *fsck) others() {
	o, err := own.Open(f.cfg.path(ownFile), f.storage)
	if err == nil {
		_, err = o.Officers()
		if e := o.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		f.report.find(parley.KindOf(err), "file "+ownFile, "%v", err)
	}
	ps := &pairings{dir: f.cfg.path(pairingDir), storage: f.storage}
	if _, err := ps.all(); err != nil {
		f.report.find(parley.KindOf(err), "directory "+pairingDir, "%v", err)
	}
	if _, err := loadRoot(f.cfg); err != nil {
		f.report.find(parley.KindOf(err), "file "+rootFile, "%v", err)
	}
}

// files checks every whole attachment against the hash that names it.
func (f *fsck) files(ids []parley.LineID) {
	dir, err := blob.Open(filepath.Join(f.cfg.Dir, blobsDir), blob.Options{})
	if err != nil {
		f.report.find(parley.KindOf(err), "directory "+blobsDir, "%v", err)
		return
	}
	for _, id := range ids {
		list, err := dir.List(id)
		if err != nil {
			f.report.find(parley.KindOf(err), "attachments of line "+id.String(), "%v", err)
		}
		for _, b := range list {
			if !b.Whole {
				continue
			}
			f.report.Files++
			place := blobsDir + "/" + id.String() + "/" + hex.EncodeToString(b.ID.Hash[:])
			if err := f.file(dir, b.ID); err != nil {
				f.report.find(parley.KindOf(err), place, "%v", err)
			}
		}
	}
}

func (f *fsck) file(dir *blob.Dir, id store.BlobID) error {
	r, err := dir.Open(id)
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return parley.Errorf(parley.Unavailable, "reading: %v", err)
	}
	if [32]byte(h.Sum(nil)) != id.Hash {
		return parley.Errorf(parley.Corrupt, "its bytes do not have the hash of its name")
	}
	return nil
}

// fsckLine is the check of one line.
type fsckLine struct {
	*fsck
	id       parley.LineID
	st       store.Line
	founding *charter.Founding
	logs     map[parley.GenerationID]*fsckLog
	count    FsckLine

	positions int64 // settled ones, as the store counts them
}

// fsckLog is one generation: what its certificate says.
type fsckLog struct {
	cert   *journal.Certificate
	signed *key.Verifier
	held   *key.Verifier
	size   uint64
	tree   *journal.Tree
}

func (f *fsck) line(id parley.LineID) error {
	l := &fsckLine{fsck: f, id: id, st: f.store.Line(id), logs: map[parley.GenerationID]*fsckLog{}, count: FsckLine{Line: id.String()}}
	var err error
	if l.founding, err = foundingOf(l.st); err != nil {
		return fmt.Errorf("founding: %w", err)
	}
	if l.founding.Line != id {
		return parley.Errorf(parley.WrongLine, "its founding is of line %s", l.founding.Line)
	}
	e, err := line.Load(line.Config{Founding: l.founding, Us: f.us, Store: l.st, Rand: cryptoRand}, time.Now())
	if err != nil {
		return err
	}
	s := e.Status()
	if err := l.mark(s); err != nil {
		return err
	}
	if err := l.certificates(s); err != nil {
		return err
	}
	for _, g := range s.Logs {
		if err := l.log(l.logs[g.Gen]); err != nil {
			return fmt.Errorf("generation %s: %w", g.Gen, err)
		}
	}
	if err := l.order(s); err != nil {
		return fmt.Errorf("record order: %w", err)
	}
	l.report.Checked = append(l.report.Checked, l.count)
	return nil
}

// mark holds our own log to the high-water mark.
func (l *fsckLine) mark(s line.Status) error {
	m, ok, err := l.marks.Load(l.id)
	if err != nil || !ok {
		return err
	}
	if why, _ := owner.BehindMark(s, m.Gen, m.Size, m.Root); why != "" && s.Doubt == "" {
		l.report.find(parley.Rewind, "line "+l.id.String(), "%s", why)
	}
	return nil
}

// certificates verifies the chain of every party's generations.
func (l *fsckLine) certificates(s line.Status) error {
	for _, g := range s.Logs {
		x := &fsckLog{size: g.Size}
		var err error
		if x.cert, err = journal.ParseCertificate(g.Cert); err != nil {
			return err
		}
		if x.signed, err = key.NewVerifier(x.cert.Log); err != nil {
			return err
		}
		if x.held, err = key.NewVerifier(x.cert.Receipt); err != nil {
			return err
		}
		if x.tree, err = journal.NewTree(g.Size, journal.ReaderFunc(func(at []int64) ([]journal.Hash, error) { return l.st.Hashes(x.cert.Gen, at) })); err != nil {
			return err
		}
		l.logs[g.Gen] = x
		l.count.Generations++
	}
	for gen, x := range l.logs {
		r, ok := l.founding.Party(x.cert.Party)
		if !ok {
			l.report.find(parley.WrongParty, l.place(gen), "%s is not a party of the line", x.cert.Party)
			continue
		}
		var signer *key.Public
		if by := l.logs[x.cert.Signer]; by != nil {
			signer = &by.cert.Log
		}
		err := x.cert.Check(l.id, x.cert.Party, l.founding.Hash())
		if err == nil {
			err = x.cert.Verify(r.Root, signer)
		}
		if err != nil {
			l.report.find(parley.KindOf(err), l.place(gen)+" certificate", "%v", err)
		}
	}
	return nil
}

func (l *fsckLine) place(gen parley.GenerationID) string {
	return fmt.Sprintf("line %s generation %s", l.id, gen)
}

func (l *fsckLine) log(x *fsckLog) error {
	if err := l.heads(x); err != nil {
		return err
	}
	for _, h := range l.logs {
		if h.cert.Party == x.cert.Party {
			continue
		}
		if err := l.receipts(x, h); err != nil {
			return err
		}
	}
	if err := l.witnessed(x); err != nil {
		return err
	}
	return l.entries(x)
}

// witnessed verifies every cosignature of a witness that the annex names. One
// by another key proves nothing and is no fault.
func (l *fsckLine) witnessed(x *fsckLog) error {
	keys := witnessKeys(l.founding.Annex.Witnesses)
	cs, err := l.st.Cosignatures(x.cert.Gen, 0, 0)
	if err != nil {
		return err
	}
	for _, c := range cs {
		root, err := x.tree.RootAt(c.Size)
		if err == nil {
			err = checkCosignature(keys[c.Witness], journal.Checkpoint{Origin: x.cert.Origin(), Size: c.Size, Root: root}, &c)
		}
		if err != nil {
			l.report.find(parley.KindOf(err), fmt.Sprintf("%s cosignature of %s for %d", l.place(x.cert.Gen), c.Witness, c.Size), "%v", err)
		}
		l.count.Witnessed++
	}
	return nil
}

// heads verifies both signatures of every stored checkpoint.
func (l *fsckLine) heads(x *fsckLog) error {
	gen := x.cert.Gen
	for size := uint64(1); ; {
		h, ok, err := l.st.Head(gen, size)
		if err != nil || !ok {
			return err
		}
		c := journal.Checkpoint{Origin: x.cert.Origin(), Size: h.Size, Root: h.Root}
		if err := journal.Verify(x.signed, c, headOf(h)); err != nil {
			l.report.find(parley.KindOf(err), fmt.Sprintf("%s head %d", l.place(gen), h.Size), "%v", err)
		}
		l.count.Checkpoints++
		size = h.Size + 1
	}
}

// receipts verifies both signatures of every receipt of a holder.
func (l *fsckLine) receipts(x, holder *fsckLog) error {
	gen := x.cert.Gen
	for size := uint64(1); ; {
		r, ok, err := l.st.Receipt(gen, holder.cert.Gen, size)
		if err != nil || !ok {
			return err
		}
		place := fmt.Sprintf("%s receipt of %s for %d", l.place(gen), holder.cert.Party, r.Size)
		if root, err := x.tree.RootAt(r.Size); err != nil {
			l.report.find(parley.KindOf(err), place, "%v", err)
		} else if err := journal.VerifyCosignature(holder.held, holder.cert.Holder(), journal.Checkpoint{Origin: x.cert.Origin(), Size: r.Size, Root: root}, r.Time, r.Ed, r.ML); err != nil {
			l.report.find(parley.KindOf(err), place, "%v", err)
		}
		l.count.Receipts++
		size = r.Size + 1
	}
}

// entries checks that each entry parses, that its key fits the commitment in
// it, and that what is kept opened is what it says.
func (l *fsckLine) entries(x *fsckLog) error {
	gen := x.cert.Gen
	for at := uint64(0); at < x.size; {
		es, err := l.st.Entries(gen, at, 512)
		if err != nil {
			return err
		}
		if len(es) == 0 {
			l.report.find(parley.Gap, fmt.Sprintf("%s entry %d", l.place(gen), at), "missing: the log has %d entries", x.size)
			return nil
		}
		for i := range es {
			if err := l.entry(x, &es[i]); err != nil {
				l.report.find(parley.KindOf(err), fmt.Sprintf("%s entry %d", l.place(gen), es[i].Index), "%v", err)
			}
		}
		at = es[len(es)-1].Index + 1
		l.done += int64(len(es))
		l.progress(min(l.done, l.total), l.total)
	}
	return nil
}

func (l *fsckLine) entry(x *fsckLog, s *line.StoredEntry) error {
	l.count.Entries++
	e, err := seal.Parse(s.Bytes)
	if err != nil {
		if s.Faulty {
			return nil // came so, under its writer's signature, and is kept so
		}
		return err
	}
	if e.Announces {
		return nil
	}
	if s.Key == nil {
		if !s.Faulty {
			return parley.Errorf(parley.Corrupt, "no key is kept with it, and nothing says why")
		}
		return nil
	}
	if len(s.Key) != len(seal.Key{}) {
		return parley.Errorf(parley.Corrupt, "a key of %d bytes", len(s.Key))
	}
	header, body, err := seal.Open(seal.Key(s.Key), x.cert.Origin(), s.Index, e)
	if err != nil {
		return err
	}
	if s.Faulty && s.Header == nil {
		return nil // kept shut, with its key: it was too much for one step
	}
	if !bytes.Equal(header, s.Header) || !bytes.Equal(body, s.Body) {
		return parley.Errorf(parley.Corrupt, "what is kept as its text is not what it says")
	}
	l.count.Opened++
	return nil
}

// order computes record order anew from all entries, those that are settled
// first, and compares the positions.
func (l *fsckLine) order(s line.Status) error {
	parties := l.founding.Charter.Codes()
	c, err := l.st.Counts()
	if err != nil {
		return err
	}
	l.positions = c.Settled
	seq, told := record.NewSequencer(parties, 0), map[parley.Ref]int64{}
	party, next := map[parley.GenerationID]parley.PartyCode{}, map[parley.GenerationID]uint64{}
	for _, g := range s.Logs {
		r, err := owner.Generation(g.Cert, g.Disputed)
		if err != nil {
			return err
		}
		seq.AddGeneration(r)
		party[r.ID] = r.Party
	}
	add := func(ref parley.Ref, raw []byte) error {
		next[ref.Gen] = ref.Index + 1
		return seq.Add(record.NodeOf(parties, party[ref.Gen], ref, raw))
	}
	for after := int64(0); ; {
		rows, _, err := l.st.Rows(store.Filter{After: after, Limit: 500})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			r := &rows[i]
			raw, err := r.Raw()
			if err != nil {
				return err
			}
			if err := add(r.Ref(), raw); err != nil {
				return fmt.Errorf("position %d: %w", r.Pos, err)
			}
			told[r.Ref()], after = r.Pos, r.Pos
		}
		l.compare(seq, told)
	}
	for _, g := range s.Logs {
		for next[g.Gen] < g.Size {
			es, err := l.st.Entries(g.Gen, next[g.Gen], 512)
			if err != nil {
				return err
			}
			if len(es) == 0 {
				break
			}
			for i := range es {
				if err := add(parley.Ref{Gen: es[i].Gen, Index: es[i].Index}, es[i].Bytes); err != nil {
					return err
				}
			}
		}
	}
	l.compare(seq, told)
	return nil
}

func (l *fsckLine) compare(seq *record.Sequencer, told map[parley.Ref]int64) {
	settled, _ := seq.Order()
	for _, p := range settled {
		at, ok := told[p.Ref]
		if ok && at != p.Position || !ok && p.Position <= l.positions {
			l.report.find(parley.BadSeen, fmt.Sprintf("line %s entry %s", l.id, p.Ref), "it stands at position %d of the record, and belongs at %d", at, p.Position)
		}
		if ok {
			l.count.Settled++
		}
		delete(told, p.Ref)
	}
}

func headOf(h line.StoredHead) wire.Head {
	return wire.Head{Size: h.Size, Root: h.Root, Ed: h.Ed, ML: h.ML}
}
