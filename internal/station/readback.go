package station

import (
	"context"
	"time"

	"parley"
	"parley/internal/form"
)

// ReadBack is one step of making sure that an entry was understood.
type ReadBack struct {
	ID       string           `json:"id"`
	Step     string           `json:"step"` // "asked", "given", "right", "wrong"
	Party    parley.PartyCode `json:"party"`
	Ours     bool             `json:"ours"`
	Text     string           `json:"text,omitempty"`
	Language string           `json:"language,omitempty"`
	At       time.Time        `json:"at"`   // as the writer says; for ours, when filed
	Open     bool             `json:"open"` // given, and nobody has found it right or wrong
}

var readBackSteps = []string{"asked", "given", "right", "wrong"}

// AskReadBack asks the other side to say in its own words what it understood of
// an own entry.
func (s *Station) AskReadBack(ctx context.Context, by Officer, name, id string) error {
	return s.fileReadBack(ctx, by, name, id, &form.ReadBack{Step: form.ReadBackAsked}, "ask for read-back")
}

// GiveReadBack says in our own words what we understood of an entry of theirs.
func (s *Station) GiveReadBack(ctx context.Context, by Officer, name, id, text string) error {
	return s.fileReadBack(ctx, by, name, id, &form.ReadBack{Step: form.ReadBackGiven, Text: text}, "give read-back")
}

// FindReadBack says whether what they gave of an entry of ours is right; where it
// is not, text says what was meant. id is that of the read-back.
func (s *Station) FindReadBack(ctx context.Context, by Officer, name, id string, right bool, text string) error {
	f := &form.ReadBack{Step: form.ReadBackWrong, Text: text}
	if right {
		f = &form.ReadBack{Step: form.ReadBackRight}
	}
	return s.fileReadBack(ctx, by, name, id, f, "find read-back")
}

func (s *Station) fileReadBack(ctx context.Context, by Officer, name, id string, f *form.ReadBack, act string) error {
	if err := person(by, "read back"); err != nil {
		return err
	}
	if err := seatFor(by, "read back", parley.Watch, parley.Envoy, parley.Principal, parley.Translator); err != nil {
		return err
	}
	l, it, ref, err := s.about(name, id)
	if err != nil {
		return err
	}
	rows, err := l.store.Referring(ref.Gen, ref.Index)
	if err != nil {
		return err
	}
	for _, r := range rows { // a page that was sent twice
		if r.Form != f.Name() || r.Party != l.us && !r.Waiting() {
			continue
		}
		v, err := l.view(r)
		if err != nil {
			return err
		}
		before, ok := v.form.(*form.ReadBack)
		if ok && before.Step == f.Step && before.Text == f.Text && (f.Step >= form.ReadBackRight || s.now().Sub(time.UnixMilli(r.Arrived)) < form.QueryPause) {
			return parley.Errorf(parley.Conflict, "the same read-back is on its way already")
		}
	}
	return s.fileAs(ctx, l, by, &it, f, act)
}

// readBacks lists what was read back of an entry, oldest first.
func (l *liveLine) readBacks(of parley.Ref) (out []ReadBack, _ error) {
	rows, err := l.store.Referring(of.Gen, of.Index)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Form != "readback" {
			continue
		}
		v, err := l.view(r)
		if err != nil {
			return nil, err
		}
		f, ok := v.form.(*form.ReadBack)
		if !ok || v.header == nil || f.Step >= uint64(len(readBackSteps)) {
			continue
		}
		b := ReadBack{ID: itemID(&r), Step: readBackSteps[f.Step], Party: r.Party, Ours: r.Party == l.us || r.Waiting(), Text: f.Text, Language: v.header.Language, At: time.UnixMilli(r.Arrived).UTC()}
		if b.Ours {
			b.Party = l.us
		}
		if r.Time > 0 {
			b.At = claimed(r.Time)
		}
		out = append(out, b)
		if f.Step != form.ReadBackGiven || r.Waiting() {
			continue
		}
		found, err := l.readBacks(r.Ref())
		if err != nil {
			return nil, err
		}
		out[len(out)-1].Open = len(found) == 0
		out = append(out, found...)
	}
	return out, nil
}
