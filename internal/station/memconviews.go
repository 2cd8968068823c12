package station

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/own"
)

// A Memcon is our own memorandum of a contact or a call, as an officer sees it.
type Memcon struct {
	ID         string    `json:"id"`
	Class      string    `json:"class"` // "OUR SIDE ONLY"
	Line       string    `json:"line"`
	About      string    `json:"about"` // the contact, or the call that belongs to none
	Title      string    `json:"title"`
	Language   string    `json:"language,omitempty"`
	Author     string    `json:"author"`
	AuthorGone bool      `json:"author_gone,omitempty"`
	State      string    `json:"state"`             // "draft", "review", "returned" or "reviewed"; for who reads what was reviewed always "reviewed"
	Version    int64     `json:"version,omitempty"` // the newest that was reviewed
	Rev        int64     `json:"rev,omitempty"`     // which a change names; for who may change it
	Saved      time.Time `json:"saved"`
	SavedBy    string    `json:"saved_by"`
	Reviewer   string    `json:"reviewer,omitempty"` // who is asked
	Note       string    `json:"note,omitempty"`     // why it was returned
	Unread     bool      `json:"unread,omitempty"`   // its newest version, by who looks
	YouAuthor  bool      `json:"you_author,omitempty"`
	YouWrite   bool      `json:"you_write,omitempty"`
	YouReview  bool      `json:"you_review,omitempty"`
	YouDrafts  bool      `json:"you_drafts,omitempty"` // sees what nobody has reviewed yet
	Correction bool      `json:"correction,omitempty"` // the draft corrects what was reviewed

	Shown    *MemconShown    `json:"shown,omitempty"` // the text that was opened
	Versions []MemconVersion `json:"versions,omitempty"`
	Readers  []MemconReader  `json:"readers,omitempty"`
	Reads    []MemconRead    `json:"reads,omitempty"`     // newest first; for its author
	ReadsAll int             `json:"reads_all,omitempty"` // how many there are
}

// MemconShown is a text of a memcon, and what is otherwise in it than in the
// version before.
type MemconShown struct {
	MemconVersion
	Language string        `json:"language,omitempty"`
	Text     string        `json:"text"`
	Before   int64         `json:"before,omitempty"` // number of the version before; 0: none
	Changes  []MemconPiece `json:"changes,omitempty"`
}

// MemconVersion is a text of a memcon that stays as it is, or its draft.
type MemconVersion struct {
	Which    string    `json:"which"`            // as OpenMemcon takes it
	Number   int64     `json:"number,omitempty"` // 0: not reviewed
	Over     bool      `json:"over,omitempty"`   // another hand wrote over it
	Title    string    `json:"title"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Reviewer string    `json:"reviewer,omitempty"`
	Reviewed time.Time `json:"reviewed,omitzero"`
	Reason   string    `json:"reason,omitempty"`
}

// MemconReader is an officer or an office on the list of a memcon.
type MemconReader struct {
	Officer int64         `json:"officer,omitempty"`
	Name    string        `json:"name,omitempty"`
	Gone    bool          `json:"gone,omitempty"` // no longer here
	Office  parley.Office `json:"office,omitempty"`
	Writes  bool          `json:"writes,omitempty"`
	By      string        `json:"by"`
	At      time.Time     `json:"at"`
}

// MemconRead says that somebody read or printed a memcon.
type MemconRead struct {
	At     time.Time `json:"at"`
	Name   string    `json:"name"`
	Number int64     `json:"version,omitempty"` // 0: the draft
	How    string    `json:"how"`               // "read" or "printed"
}

// memconHead is a memcon as an officer sees it in a list.
func (s *Station) memconHead(by Officer, m *own.Memcon, list []own.MemconReader) (Memcon, error) {
	r := roleOn(by, m, list)
	v := Memcon{ID: m.Key, Class: parley.OurSideOnly.String(), Line: m.Line.String(), About: m.About, Title: m.Title, Language: m.Language, State: string(m.State), Version: m.Version, Rev: m.Rev, Saved: m.Saved,
		Note: m.Note, YouAuthor: r.author, YouWrite: r.author || r.writes, YouReview: r.reviews, YouDrafts: r.drafts(), Correction: m.Version > 0 && m.State != own.MemconReviewed}
	saver := m.Saver
	if !r.drafts() { // what waits for a review is not his to know of
		vs, err := s.own.MemconVersions(m.ID)
		if err != nil {
			return v, err
		}
		i := slices.IndexFunc(vs, func(x own.MemconVersion) bool { return x.Number == m.Version })
		if i < 0 {
			return v, errNoMemcon()
		}
		v.Title, v.Language, v.State, v.Rev, v.Saved, v.Note, v.Correction, saver = vs[i].Title, vs[i].Language, string(own.MemconReviewed), 0, vs[i].At, "", false, vs[i].Officer
	}
	author, err := s.own.Officer(m.Author)
	if err != nil {
		return v, err
	}
	v.Author, v.AuthorGone = author.Name, !author.Active
	if v.SavedBy, err = s.officerName(saver); err != nil {
		return v, err
	}
	if m.Reviewer != 0 && r.drafts() {
		if v.Reviewer, err = s.officerName(m.Reviewer); err != nil {
			return v, err
		}
	}
	if m.Version > 0 && !r.author {
		read, err := s.own.HasRead(m.ID, by.ID, m.Version)
		v.Unread = !read
		return v, err
	}
	return v, nil
}

// Memcons returns the memcons of a contact or a call that an officer may see, or
// with id "" all of the line, without their texts. No reading is noted.
func (s *Station) Memcons(_ context.Context, by Officer, name, id string) ([]Memcon, error) {
	if err := person(by, "look for memcons"); err != nil {
		return nil, err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	var refs []string
	if id != "" {
		if l, _, refs, err = s.memconAbout(name, id); err != nil {
			return nil, err
		}
	}
	all, err := s.own.Memcons(l.id, "")
	if err != nil {
		return nil, err
	}
	out := []Memcon{}
	for i := range all {
		m := &all[i]
		if id != "" && !slices.Contains(refs, m.About) {
			continue
		}
		list, err := s.own.MemconReaders(m.ID)
		if err != nil {
			return nil, err
		}
		if roleOn(by, m, list).none() {
			continue
		}
		v, err := s.memconHead(by, m, list)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// OpenMemcon returns a memcon with one of its texts, and notes the reading in the
// audit and for its author: which is "" for the newest that the officer may see,
// "draft", the number of a version, or "over-N" for one that was written over.
// printed says that it is read to be printed.
func (s *Station) OpenMemcon(_ context.Context, by Officer, key, which string, printed bool) (Memcon, error) {
	m, list, r, err := s.memconFor(by, "read a memcon", key)
	if err != nil {
		return Memcon{}, err
	}
	vs, err := s.own.MemconVersions(m.ID)
	if err != nil {
		return Memcon{}, err
	}
	shown, number, err := s.memconShown(&m, vs, r, which)
	if err != nil {
		return Memcon{}, err
	}
	how := map[bool]string{false: "read", true: "printed"}[printed]
	read := own.MemconRead{Officer: by.ID, Number: number, How: how}
	what := "draft"
	if number > 0 {
		what = "version " + strconv.FormatInt(number, 10)
	}
	row := own.AuditRow{Officer: by.ID, Name: nameOf(by), Act: "memcon: " + map[bool]string{false: "read", true: "print"}[printed], Object: m.Key, Detail: what}
	if err := s.own.ReadMemcon(&m, read, row); err != nil {
		return Memcon{}, err
	}
	return s.memconWhole(by, &m, list, vs, shown)
}

// memconWhole is a memcon with what was opened of it.
func (s *Station) memconWhole(by Officer, m *own.Memcon, list []own.MemconReader, vs []own.MemconVersion, shown *MemconShown) (Memcon, error) {
	v, err := s.memconHead(by, m, list)
	if err != nil {
		return v, err
	}
	v.Shown = shown
	for _, x := range vs {
		if x.Number == 0 && !v.YouWrite {
			continue
		}
		w, err := s.memconVersion(&x)
		if err != nil {
			return v, err
		}
		v.Versions = append(v.Versions, w)
	}
	for _, x := range list {
		w := MemconReader{Officer: x.Officer, Office: x.Office, Writes: x.Rights == own.MayWrite, At: x.At}
		if x.Officer != 0 {
			o, err := s.own.Officer(x.Officer)
			if err != nil {
				return v, err
			}
			w.Name, w.Gone = o.Name, !o.Active
		}
		if w.By, err = s.officerName(x.Adder); err != nil {
			return v, err
		}
		v.Readers = append(v.Readers, w)
	}
	if !v.YouAuthor {
		return v, nil
	}
	reads, all, err := s.own.MemconReads(m.ID, shownReads)
	if err != nil {
		return v, err
	}
	v.ReadsAll = all
	for _, x := range reads {
		w := MemconRead{At: x.At, Number: x.Number, How: x.How}
		if w.Name, err = s.officerName(x.Officer); err != nil {
			return v, err
		}
		v.Reads = append(v.Reads, w)
	}
	return v, nil
}

func (s *Station) memconVersion(x *own.MemconVersion) (w MemconVersion, err error) {
	w = MemconVersion{Which: strconv.FormatInt(x.Number, 10), Number: x.Number, Over: x.Number == 0, Title: x.Title, At: x.At, Reviewed: x.Reviewed, Reason: x.Reason}
	if w.Over {
		w.Which = "over-" + strconv.FormatInt(x.ID, 10)
	}
	if w.By, err = s.officerName(x.Officer); err == nil && x.Reviewer != 0 {
		w.Reviewer, err = s.officerName(x.Reviewer)
	}
	return w, err
}

// memconShown reads the text that was asked for, where the officer may see it, and
// what is otherwise than in the version before.
func (s *Station) memconShown(m *own.Memcon, vs []own.MemconVersion, r memconRole, which string) (*MemconShown, int64, error) {
	draft := m.State != own.MemconReviewed && r.drafts()
	if which == "" {
		if which = "draft"; !draft {
			which = strconv.FormatInt(m.Version, 10)
		}
	}
	out := &MemconShown{}
	var before int64
	if which == "draft" {
		if !draft {
			return nil, 0, noVersion()
		}
		whole, err := s.own.Memcon(m.Key)
		if err != nil {
			return nil, 0, err
		}
		*m = whole // what is shown, and the change it stands at, are of one moment
		out.MemconVersion = MemconVersion{Which: which, Title: m.Title, At: m.Saved, Reason: m.Reason}
		out.Text, out.Language, before = m.Text, m.Language, m.Version
		if out.By, err = s.officerName(m.Saver); err != nil {
			return nil, 0, err
		}
	} else {
		i := slices.IndexFunc(vs, func(x own.MemconVersion) bool {
			if over, ok := strings.CutPrefix(which, "over-"); ok {
				return x.Number == 0 && (r.author || r.writes) && over == strconv.FormatInt(x.ID, 10)
			}
			return x.Number > 0 && which == strconv.FormatInt(x.Number, 10)
		})
		if i < 0 {
			return nil, 0, noVersion()
		}
		x, err := s.own.MemconVersion(m.ID, vs[i].ID)
		if err != nil {
			return nil, 0, err
		}
		if out.MemconVersion, err = s.memconVersion(&x); err != nil {
			return nil, 0, err
		}
		out.Text, out.Language, before = x.Text, x.Language, max(0, x.Number-1)
	}
	if before == 0 {
		return out, out.Number, nil
	}
	i := slices.IndexFunc(vs, func(x own.MemconVersion) bool { return x.Number == before })
	if i < 0 {
		return out, out.Number, nil
	}
	old, err := s.own.MemconVersion(m.ID, vs[i].ID)
	if err != nil {
		return nil, 0, err
	}
	out.Before, out.Changes = before, MemconChanges(old.Text, out.Text)
	return out, out.Number, nil
}

func noVersion() error { return parley.Errorf(parley.NotFound, "no such version of this memcon") }
