package record

import (
	"time"

	"parley"
	"parley/internal/form"
)

// Rung is one step of the ladder of a dispatch as one party climbs it.
type Rung struct {
	Rung     parley.Rung
	Promised bool
	At       time.Time        // zero: not yet, or not reported
	By       parley.PartyCode // who said so; "" where At is zero
	Office   parley.Office    // of By, for what people did
	Ref      parley.Ref       // the entry that says so; zero for stored and before
}

// LadderInput is all that the ladder of one entry rests on.
type LadderInput struct {
	Ref      parley.Ref
	Writer   parley.PartyCode
	Header   *form.Header
	Filed    time.Time // zero when it was filed elsewhere
	Released time.Time // when it was handed out; zero while it waits
	Reader   parley.PartyCode
	Stored   []Stored   // receipts over the writer's log
	Later    []Referrer // entries that refer to it, in record order
	Promises func(parley.PartyCode, parley.Rung) bool
}

// Stored says that a party's station had so much of a log at a time.
type Stored struct {
	Party parley.PartyCode
	Size  uint64
	At    time.Time
}

// Referrer is an entry that refers to the one whose ladder is made. Form is nil
// when its body is not opened.
type Referrer struct {
	Ref    parley.Ref
	Party  parley.PartyCode
	Header *form.Header
	Form   form.Form
	At     time.Time // header time
}

// Ladder returns the rungs of an entry from filed to answered, as Reader has
// climbed them. The first word of each rung counts, and a word about a rung
// counts only from the reader itself, about what is real or of the same
// exercise (spec/forms.md, Receipts that people make).
func Ladder(in LadderInput) []Rung {
	rungs := []Rung{
		{Rung: parley.Filed, At: in.Filed},
		{Rung: parley.Released, At: in.Released},
		in.stored(),
	}
	for i := range rungs {
		rungs[i].Promised = true
		if !rungs[i].At.IsZero() && rungs[i].By == "" {
			rungs[i].By = in.Writer
		}
	}
	for r := parley.Opened; r <= parley.Answered; r++ {
		rungs = append(rungs, in.climbed(r))
	}
	return rungs
}

// stored is the earliest receipt of the reader over the entry.
func (in *LadderInput) stored() Rung {
	out := Rung{Rung: parley.Stored}
	for _, s := range in.Stored {
		if s.Party == in.Reader && s.Size > in.Ref.Index && (out.At.IsZero() || s.At.Before(out.At)) {
			out.At, out.By = s.At, s.Party
		}
	}
	return out
}

func (in *LadderInput) climbed(r parley.Rung) Rung {
	out := Rung{Rung: r, Promised: in.Promises != nil && in.Promises(in.Reader, r)}
	for i := range in.Later {
		e := &in.Later[i]
		if e.Party != in.Reader || e.Party == in.Writer || e.Header == nil || e.Header.Exercise != in.Header.Exercise {
			continue
		}
		if at, ok := e.says(r, in.Ref); ok {
			out.At, out.By, out.Office, out.Ref = at, e.Party, e.Header.From, e.Ref
			return out
		}
	}
	return out
}

// says reports whether an entry says that a rung is reached, and since when.
func (e *Referrer) says(r parley.Rung, to parley.Ref) (time.Time, bool) {
	if r == parley.Answered {
		answered, ok := form.Answers(e.Header)
		return e.At, ok && answered == to
	}
	if len(e.Header.Refs) == 0 || e.Header.Refs[0] != to {
		return time.Time{}, false
	}
	at := func(seconds uint64) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	switch f := e.Form.(type) {
	case *form.Opened:
		return at(f.Time), r == parley.Opened
	case *form.Translated:
		return at(f.Time), r == parley.Translated
	case *form.Informed:
		return at(f.Time), r == parley.PrincipalInformed
	}
	return time.Time{}, false
}

// Outstanding returns the lowest rung from stored on that the reader promises
// and has not climbed; ok is false when there is none.
func Outstanding(rungs []Rung) (r parley.Rung, ok bool) {
	for _, x := range rungs {
		if x.Rung >= parley.Stored && x.Promised && x.At.IsZero() {
			return x.Rung, true
		}
	}
	return 0, false
}

// Overdue reports whether an entry that its reader stored was not opened within
// the objective, counted from its release.
func Overdue(rungs []Rung, objective time.Duration, now time.Time) bool {
	var released, stored, opened time.Time
	for _, x := range rungs {
		switch x.Rung {
		case parley.Released:
			released = x.At
		case parley.Stored:
			stored = x.At
		case parley.Opened:
			opened = x.At
		}
	}
	return !released.IsZero() && !stored.IsZero() && opened.IsZero() && now.After(released.Add(objective))
}
