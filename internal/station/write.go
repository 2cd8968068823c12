package station

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/own"
	"parley/internal/seal"
	"parley/internal/store"
)

// maxAttachment is the bound of one attachment (spec/bounds.md, 7).
const maxAttachment = 64 << 20

// SaveDraft keeps a draft as it is typed. It is durable on return. Conflict
// when d.Version is not the one stored.
func (s *Station) SaveDraft(_ context.Context, by Officer, d Draft) (Draft, error) {
	if err := person(by, "write a draft"); err != nil {
		return Draft{}, err
	}
	l, err := s.lineOf(d.Line)
	if err != nil {
		return Draft{}, err
	}
	if d.ID == 0 && d.Page != "" {
		if err := s.begunBy(by, l, &d); err != nil {
			return Draft{}, err
		}
	}
	o := own.Draft{ID: d.ID, Line: l.id, State: own.Drafting, Drafter: by.ID, Version: d.Version}
	if d.ID != 0 {
		if o, err = s.draftFor(by, d.ID); err != nil {
			return Draft{}, err
		}
		o.Version, o.State = d.Version, own.Drafting
	}
	if err := textOf(&o, d); err != nil {
		return Draft{}, err
	}
	if o.Form == "incumbent" {
		if err := mayName(by, "draft a change of incumbent"); err != nil {
			return Draft{}, err
		}
		if o.Incumbent.From == 0 { // what is signed is what was shown: no time is put in later
			o.Incumbent.From = s.now().Truncate(time.Minute).Unix()
		}
		l.deciding.Lock()
		defer l.deciding.Unlock()
		if err := s.otherChange(&o); err != nil {
			return Draft{}, err
		}
	}
	if o, err = s.own.SaveDraft(o); err != nil {
		return Draft{}, err
	}
	s.hub.emit("draft", l.id.String(), strconv.FormatInt(o.ID, 10))
	return s.draftView(o)
}

// begunBy finds the draft that a page began already: its first save arrived, and
// the answer did not.
func (s *Station) begunBy(by Officer, l *liveLine, d *Draft) error {
	if err := form.CheckLine("the name of the page", d.Page, 64); err != nil {
		return err
	}
	all, err := s.own.Drafts()
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Drafter == by.ID && o.Line == l.id && o.Page == d.Page {
			d.ID, d.Version = o.ID, o.Version
			return nil
		}
	}
	return nil
}

// textOf takes what an officer typed. Half-written is fine; what could never
// be read back is not.
func textOf(o *own.Draft, d Draft) error {
	o.Form, o.From, o.To, o.Info, o.Subject, o.Text = d.Form, parley.Office(d.From), d.To, d.Info, d.Subject, d.Text
	o.Language, o.Legal, o.Releasability, o.Refs, o.Reason, o.Exercise = d.Language, d.Legal, d.Releasability, d.Refs, d.Reason, d.Exercise
	if o.Page == "" {
		o.Page = d.Page
	}
	if o.Form == "" {
		o.Form = "dispatch"
	}
	if o.Form == "incumbent" {
		return incumbentText(o, d.Incumbent)
	}
	if o.Form != "dispatch" && o.Form != "service" {
		return parley.Errorf(parley.BadForm, "a draft is a dispatch or a service message, not %q", d.Form)
	}
	if len(d.Subject) > 4096 {
		return parley.Errorf(parley.Oversize, "the subject is longer than any entry can carry").WithHint("keep it to a line, and write the rest as text")
	}
	if len(d.Text) > 1<<18 {
		return parley.Errorf(parley.Oversize, "the text is longer than any entry can carry").WithHint("send it as an attachment")
	}
	var err error
	o.Precedence, o.Marker = parley.Routine, parley.NoMarker
	if d.Precedence != "" {
		if o.Precedence, err = parley.ParsePrecedence(d.Precedence); err != nil {
			return err
		}
	}
	if d.Marker != "" {
		o.Marker, err = parley.ParseMarker(d.Marker)
	}
	return err
}

// draftFor returns a draft that the officer may see: his own, or one submitted
// for release. Others hide.
func (s *Station) draftFor(o Officer, id int64) (own.Draft, error) {
	d, err := s.own.Draft(id)
	if err != nil {
		return d, err
	}
	if d.State == own.Discarded || d.Drafter != o.ID && d.State != own.Submitted && d.State != own.Released && o.ID != 0 {
		return own.Draft{}, parley.Errorf(parley.NotFound, "no draft %d", id)
	}
	return d, nil
}

func (s *Station) draftView(o own.Draft) (Draft, error) {
	d := Draft{ID: o.ID, Line: o.Line.String(), Form: o.Form, From: string(o.From), To: o.To, Info: o.Info, Precedence: o.Precedence.String(), Marker: o.Marker.String(),
		Subject: o.Subject, Text: o.Text, Language: o.Language, Legal: o.Legal, Releasability: o.Releasability, Refs: o.Refs, Reason: o.Reason,
		Exercise: o.Exercise, Page: o.Page, State: string(o.State), Note: o.Note, DrafterID: o.Drafter, Began: o.Began, Saved: o.Saved, Version: o.Version,
		Incumbent: incumbentView(o.Incumbent)}
	for _, a := range o.Attachments {
		d.Attachments = append(d.Attachments, Attachment{Name: a.Name, Type: a.Type, Size: a.Size, Hash: hex.EncodeToString(a.Hash[:]), Held: true, Bytes: seal.SealedBlobSize(a.Size)})
	}
	if o.Filed != 0 {
		d.Entry = fmt.Sprintf("filed:%d", o.Filed)
	}
	var err error
	d.Drafter, err = s.officerName(o.Drafter)
	return d, err
}

// Drafts returns the officer's own drafts, and those that wait for a releaser.
func (s *Station) Drafts(_ context.Context, o Officer) ([]Draft, error) {
	all, err := s.own.Drafts()
	if err != nil {
		return nil, err
	}
	var out []Draft
	for _, d := range all {
		if d.Drafter != o.ID && d.State != own.Submitted && o.ID != 0 {
			continue
		}
		v, err := s.draftView(d)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Draft returns one draft. The error is NotFound when the officer may not see it.
func (s *Station) Draft(_ context.Context, o Officer, id int64) (Draft, error) {
	d, err := s.draftFor(o, id)
	if err != nil {
		return Draft{}, err
	}
	return s.draftView(d)
}

// Attach seals a file and adds it to a draft. The file is durable on return.
func (s *Station) Attach(_ context.Context, by Officer, id int64, name, mediaType string, r io.Reader) (Draft, error) {
	d, err := s.draftFor(by, id)
	if err != nil {
		return Draft{}, err
	}
	if err := form.CheckFileName(name); err != nil {
		return Draft{}, err
	}
	if err := form.CheckMediaType(mediaType); err != nil {
		return Draft{}, err
	}
	a, err := s.keepFile(d.Line, name, mediaType, r)
	if err != nil {
		return Draft{}, err
	}
	d.Attachments = append(d.Attachments, a)
	if d, err = s.own.SaveDraft(d); err != nil {
		return Draft{}, err
	}
	return s.draftView(d)
}

// keepFile seals a file into the store of attachments: first beside it, for
// its name is the hash of what was sealed.
func (s *Station) keepFile(l parley.LineID, name, mediaType string, r io.Reader) (own.Attachment, error) {
	a := own.Attachment{Name: name, Type: mediaType, Key: make([]byte, 32)}
	rand.Read(a.Key)
	tmp, err := os.CreateTemp(s.cfg.path("blobs"), attachPrefix+"*")
	if err != nil {
		return a, parley.Errorf(parley.Unavailable, "keeping an attachment: %v", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	sum := sha256.New()
	n, err := seal.SealBlob(io.MultiWriter(tmp, sum), attaching{r, s.cfg}, [32]byte(a.Key), maxAttachment)
	if err != nil {
		if isFull(err) {
			err = diskError("keeping", "an attachment", err)
		}
		return a, err
	}
	a.Size = n
	sum.Sum(a.Hash[:0])
	id := store.BlobID{Line: l, Hash: a.Hash}
	s.filing.Lock() // one at a time, or many at once go beyond what is kept
	defer s.filing.Unlock()
	if err := s.cfg.roomForFile(seal.SealedBlobSize(n)); err != nil {
		return a, err
	}
	if err := s.storeFile(id, tmp, seal.SealedBlobSize(n)); err != nil {
		return a, errors.Join(err, s.blobs.Delete(id)) // what is there of it helps nobody
	}
	return a, nil
}

const attachPrefix = "attach-" // of files that are being sealed

// dropHalves removes what a station that was killed left of them.
func dropHalves(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, attachPrefix+"*"))
	for _, f := range left {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// attaching reads a file while there is room for it. It is not taken to end where
// whoever sends it was cut off: half of a file is none.
type attaching struct {
	io.Reader
	cfg Config
}

func (a attaching) Read(b []byte) (int, error) {
	if err := a.cfg.roomForFile(int64(len(b))); err != nil {
		return 0, err
	}
	n, err := a.Reader.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = parley.Errorf(parley.Malformed, "the file was cut off on its way; nothing of it is kept").WithHint("attach it again")
	}
	return n, err
}

func (s *Station) storeFile(id store.BlobID, f *os.File, size int64) error {
	if err := s.blobs.Create(id, parley.PartyCode(s.cfg.Party), size); err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	for at := int64(0); at < size; {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n == 0 && err != nil {
			return parley.Errorf(parley.Unavailable, "keeping an attachment: %v", err)
		}
		if err := s.blobs.WriteAt(id, buf[:n], at); err != nil {
			return err
		}
		at += int64(n)
	}
	return s.blobs.Complete(id)
}

// Submit hands a draft to the releaser.
func (s *Station) Submit(_ context.Context, by Officer, id int64) (Draft, error) {
	d, err := s.draftFor(by, id)
	if err != nil {
		return Draft{}, err
	}
	l, err := s.lineOf(d.Line.String())
	if err != nil {
		return Draft{}, err
	}
	if err := l.checkMark(d.Exercise); err != nil {
		return Draft{}, err
	}
	if _, _, err := s.formOf(l, &d, d.Precedence); err != nil {
		return Draft{}, err
	}
	return s.setState(by, d, own.Submitted, "", "submit")
}

// Return gives a submitted draft back to its drafter, with a note.
func (s *Station) Return(_ context.Context, by Officer, id int64, note string) (Draft, error) {
	d, err := s.draftFor(by, id)
	if err != nil {
		return Draft{}, err
	}
	if d.State != own.Submitted {
		return Draft{}, parley.Errorf(parley.Conflict, "draft %d does not wait for release: it is %s", id, d.State)
	}
	return s.setState(by, d, own.Returned, note, "return")
}

// Discard puts a draft away for good.
func (s *Station) Discard(_ context.Context, by Officer, id int64) error {
	d, err := s.draftFor(by, id)
	if err != nil {
		return err
	}
	if d.Drafter != by.ID && by.ID != 0 {
		return parley.Errorf(parley.NotAllowed, "only its drafter discards a draft").WithHint("return it with a note")
	}
	_, err = s.setState(by, d, own.Discarded, "", "discard")
	return err
}

func (s *Station) setState(by Officer, d own.Draft, st own.DraftState, note, act string) (Draft, error) {
	d.State, d.Note = st, note
	d, err := s.own.SaveDraft(d)
	if err != nil {
		return Draft{}, err
	}
	s.hub.emit("draft", d.Line.String(), strconv.FormatInt(d.ID, 10))
	if err := s.audit(by, act, fmt.Sprintf("draft %d", d.ID), note); err != nil {
		return Draft{}, err
	}
	return s.draftView(d)
}

// formOf makes header and form of a draft, checked against every rule.
func (s *Station) formOf(l *liveLine, d *own.Draft, p parley.Precedence) (*form.Header, form.Form, error) {
	h := &form.Header{Form: d.Form, From: d.From, Precedence: p, Language: d.Language, Exercise: d.Exercise, Drafted: uint64(d.Began.Unix())}
	if h.From == "" {
		h.From = l.stationOffice()
	}
	if h.Language == "" {
		h.Language = l.language()
	}
	var err error
	if h.To, err = addresses(d.To); err != nil {
		return nil, nil, err
	}
	if h.Info, err = addresses(d.Info); err != nil {
		return nil, nil, err
	}
	for _, r := range d.Refs {
		ref, err := l.refOf(r)
		if err != nil {
			return nil, nil, err
		}
		h.Refs = append(h.Refs, ref)
	}
	if series, ok := form.Series(d.Form); ok {
		h.Series = series
	}
	var f form.Form
	if d.Form == "incumbent" {
		if d.Incumbent == nil {
			return nil, nil, parley.Errorf(parley.BadForm, "the draft does not say who holds which office")
		}
		h.To, h.Exercise, h.Drafted = l.everyWatch(), "", 0
		f = incumbentForm(d.Incumbent)
	} else if d.Form == "service" {
		f = &form.Service{Subject: d.Subject, Text: form.Normal(d.Text)}
	} else {
		h.Marker = d.Marker
		x := &form.Dispatch{Subject: d.Subject, Text: form.Normal(d.Text), Legal: d.Legal, Releasability: d.Releasability}
		if p == parley.Flash {
			x.Reason = d.Reason
		}
		for _, a := range d.Attachments {
			x.Attachments = append(x.Attachments, form.Attachment{Name: a.Name, Type: a.Type, Size: uint64(a.Size), Sealed: uint64(seal.SealedBlobSize(a.Size)), Hash: a.Hash, Key: [32]byte(a.Key)})
		}
		f = x
	}
	return h, f, form.Validate(f, h, formContext{l})
}

func addresses(list []string) ([]parley.Address, error) {
	var out []parley.Address
	for _, t := range list {
		a, err := parley.ParseAddress(t)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// refOf resolves what an officer refers to: an entry, or an item that has been
// handed out since.
func (l *liveLine) refOf(id string) (parley.Ref, error) {
	row, err := l.find(id)
	if err != nil {
		return parley.Ref{}, err
	}
	if row.Waiting() {
		return parley.Ref{}, parley.Errorf(parley.Unavailable, "%s waits to be sent and cannot be referred to yet", id)
	}
	return row.Ref(), nil
}

// Preview shows exactly what will be signed, as the other side will see it.
func (s *Station) Preview(_ context.Context, o Officer, id int64) (Item, error) {
	d, err := s.draftFor(o, id)
	if err != nil {
		return Item{}, err
	}
	l, err := s.lineOf(d.Line.String())
	if err != nil {
		return Item{}, err
	}
	h, f, err := s.signedOf(l, o, &d)
	if err != nil {
		return Item{}, err
	}
	it := Item{Line: l.id.String(), Party: l.us, Ours: true, Form: h.Form, Known: true, Precedence: h.Precedence, PrecedenceText: h.Precedence.String(), Time: s.now().UTC(), DTG: parley.DTG(s.now())}
	v := entryView{header: h, form: f}
	l.headerItem(&it, &v)
	l.formItem(&it, &v)
	return it, nil
}

// Release puts a draft on the record: filed, durable, sent when the line takes
// it. The officer confirms the precedence. Where the charter wants two hands
// the drafter cannot release. Of two officers racing one gets Conflict, and one
// entry is sent, whatever crashes.
func (s *Station) Release(ctx context.Context, by Officer, id, version int64, precedence string) (string, error) {
	if err := person(by, "release"); err != nil {
		return "", err
	}
	d, err := s.draftFor(by, id)
	if err != nil {
		return "", err
	}
	if d.State == own.Released {
		return "", parley.Errorf(parley.Conflict, "draft %d is released already", id)
	}
	if d.Form == "incumbent" {
		if err := mayName(by, "release a change of incumbent", parley.Principal); err != nil {
			return "", err
		}
	}
	p, err := parley.ParsePrecedence(precedence)
	if err != nil {
		return "", err
	}
	l, err := s.lineOf(d.Line.String())
	if err != nil {
		return "", err
	}
	if p != d.Precedence {
		return "", parley.Errorf(parley.BadForm, "draft %d is %s, and %s was confirmed", id, d.Precedence, p).WithHint("what is signed is what was shown: change the draft, or confirm its precedence")
	}
	if l.charter().TwoHands(p) && d.Drafter == by.ID && !l.mayAlone(by, &d, p) {
		return "", parley.Errorf(parley.NotAllowed, "the charter wants two hands for %s: its drafter cannot release it", p).WithHint("submit it; another officer releases it")
	}
	if err := l.checkMark(d.Exercise); err != nil {
		return "", err
	}
	h, f, err := s.signedOf(l, by, &d)
	if err != nil {
		return "", err
	}
	if breaksDrill(h) {
		l.breakDrill(brokenUrgent)
	}
	item := line.Filed{Precedence: p, At: s.now().UnixMilli(), Header: form.EncodeHeader(h), Fields: form.EncodeFields(f)}
	n, err := l.runner.Release(ctx, item, own.Release{Draft: id, Version: version, Releaser: by.ID,
		Item:  own.Outgoing{Line: l.id, Precedence: p, At: item.At, Header: item.Header, Fields: item.Fields},
		Audit: own.AuditRow{Officer: by.ID, Name: nameOf(by), Act: "release", Object: fmt.Sprintf("draft %d", id), Detail: p.String()}})
	if err != nil {
		return "", err
	}
	s.own.NoteFiled(l.id, n)
	l.noteHuman()
	s.hub.emit("draft", l.id.String(), strconv.FormatInt(id, 10))
	return fmt.Sprintf("filed:%d", n), nil
}

// LoneWatchRemark stands on the record where an officer alone on watch released
// what else takes two hands, as the charter's lone-watch rule allows.
const LoneWatchRemark = "Released by a lone officer on watch, without a second hand."

// handed returns the entry that an outbox item became, also one that was found
// on record after the store had been set back.
func handed(st store.Line, id uint64) (ref parley.Ref, ok bool, err error) {
	if ref, ok, err = st.Handed(id); err != nil || ok {
		return ref, ok, err
	}
	kvs, err := st.Values(line.HandedKey(id))
	if err != nil || len(kvs) == 0 {
		return ref, false, err
	}
	ref, err = parley.ParseRef(string(kvs[0].Value))
	return ref, err == nil, err
}

// hands names who drafted and who released an own item.
func (s *Station) hands(l *liveLine, it *Item) error {
	row, err := l.find(it.ID)
	if err != nil || row.Filed == 0 {
		return err
	}
	d, err := s.own.DraftFiled(l.id, row.Filed)
	if parley.KindOf(err) == parley.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if it.Drafter, err = s.officerName(d.Drafter); err != nil {
		return err
	}
	it.Releaser, err = s.officerName(d.Releaser)
	return err
}
