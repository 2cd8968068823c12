package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/store"
)

// Mode is something that is not as every day, by agreement of all: an exercise,
// or a drill on a single path (spec/forms.md, exercise).
type Mode struct {
	Entry   string    `json:"entry"` // that began it; "filed:NUMBER" while it waits to be sent
	Title   string    `json:"name"`
	Path    string    `json:"path,omitempty"` // "": an exercise; else the one path of a drill
	Until   time.Time `json:"until"`
	Begun   time.Time `json:"begun"`
	By      string    `json:"by"`
	Ours    bool      `json:"ours"`    // our side began it
	Agreed  []string  `json:"agreed"`  // others who have agreed
	Missing []string  `json:"missing"` // whose agreement it waits for
	Asked   bool      `json:"asked"`   // it waits for ours
	State   string    `json:"state"`   // "waiting", "on", "ended", "over" (its time has passed)
	EndedBy string    `json:"ended_by,omitempty"`
	Ended   time.Time `json:"ended"`
	Broken  string    `json:"broken,omitempty"` // a drill that is on: why our station uses every path all the same

	ref parley.Ref
}

// On reports whether it holds now.
func (m *Mode) On() bool { return m.State == "on" }

// modeRows is how many of the newest exercise entries are looked at.
const modeRows = 200

// Modes returns the exercises and drills of a line, newest first.
func (s *Station) Modes(_ context.Context, name string) ([]Mode, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, err
	}
	list, err := l.modes(true)
	for i := range list {
		if d := l.drillOn(); list[i].On() && d != nil && d.ref == list[i].ref {
			list[i].Broken = d.broken
		}
	}
	return list, err
}

// modes reads exercises and drills from the record, newest first; with waiting,
// before them those of ours that wait to be sent, and what of ours waits to end one.
func (l *liveLine) modes(waiting bool) ([]Mode, error) {
	rows, _, err := l.store.Rows(store.Filter{Forms: []string{"exercise"}, Order: store.ByArrival, Newest: true, Limit: modeRows})
	if err != nil {
		return nil, err
	}
	if waiting {
		filed, err := l.filedForms("exercise")
		if err != nil {
			return nil, err
		}
		rows = append(filed, rows...)
	}
	var out []Mode
	ended, agreed := map[parley.Ref]Mode{}, map[parley.Ref][]string{}
	for _, r := range rows {
		v, err := l.view(r)
		if err != nil {
			return nil, err
		}
		x, ok := v.form.(*form.Exercise)
		if !ok || v.header == nil || r.Faulty {
			continue
		}
		by := r.Party
		if r.Waiting() {
			by = l.us
		}
		switch {
		case x.Phase == form.ExerciseBegin:
			m := Mode{Entry: itemID(&r), Title: form.Visible(x.Title), Path: x.Path, Until: claimed(x.Until), Begun: time.UnixMilli(r.Arrived).UTC(), By: string(by), Ours: by == l.us, ref: r.Ref()}
			if !r.Waiting() {
				m.Agreed = agreed[m.ref]
				m.EndedBy, m.Ended = ended[m.ref].EndedBy, ended[m.ref].Ended
			}
			l.modeState(&m, by)
			out = append(out, m)
		case len(v.header.Refs) == 1 && x.Phase == form.ExerciseEnd:
			ended[v.header.Refs[0]] = Mode{EndedBy: string(by), Ended: time.UnixMilli(r.Arrived).UTC()}
		case len(v.header.Refs) == 1 && !r.Waiting(): // one that waits has not been given yet
			agreed[v.header.Refs[0]] = append(agreed[v.header.Refs[0]], string(by))
		}
	}
	return out, nil
}

func (l *liveLine) modeState(m *Mode, by parley.PartyCode) {
	m.State = "on"
	for _, p := range l.rules().Parties() {
		if p != by && !slices.Contains(m.Agreed, string(p)) {
			m.Missing, m.State = append(m.Missing, string(p)), "waiting"
		}
	}
	switch {
	case m.EndedBy != "":
		m.State = "ended"
	case !l.now().Before(m.Until):
		m.State = "over"
	}
	m.Asked = m.State == "waiting" && slices.Contains(m.Missing, string(l.us))
}

// filedForms returns what of one form waits in the outbox, newest first.
func (l *liveLine) filedForms(name string) (out []store.Row, _ error) {
	rows, err := l.store.FiledItems(0)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Backward(rows) {
		if r.Form == name {
			out = append(out, r)
		}
	}
	return out, nil
}

// exercise returns the name of the exercise that is on: the newest that was
// begun, has not ended or run out, and that every other party has agreed to.
func (l *liveLine) exercise() string {
	list, err := l.modes(false)
	if err != nil {
		return ""
	}
	for i := range list {
		if list[i].On() && list[i].Path == "" {
			return list[i].Title
		}
	}
	return ""
}

// checkMark refuses to sign what is marked for an exercise that is not on: a
// draft that outlives its exercise is marked anew first.
func (l *liveLine) checkMark(exercise string) error {
	if exercise == "" {
		return nil
	}
	list, err := l.modes(false)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(m Mode) bool { return m.On() && m.Path == "" && m.Title == exercise }) {
		return nil
	}
	return parley.Errorf(parley.Conflict, "the draft is marked EXERCISE %s, and no exercise of that name is on", exercise).
		WithHint("mark it anew before it is released: as real, or with the name of the exercise that is on")
}

// Exercise begins an exercise, until a time; or, about the entry that began one,
// agrees to it or ends it. What is marked with its name is part of it. Conflict
// where that is done already, or too late.
func (s *Station) Exercise(ctx context.Context, by Officer, name, phase, about, title string, until time.Time) (string, error) {
	if phase == "begin" {
		return s.BeginMode(ctx, by, name, title, "", until)
	}
	if err := mayExercise(by); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	if phase != "agree" && phase != "end" {
		return "", parley.Errorf(parley.BadForm, "an exercise is begun, agreed to or ended, not %q", phase)
	}
	ref, err := l.refOf(about)
	if err != nil {
		return "", err
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	list, err := l.modes(true)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(list, func(m Mode) bool { return m.ref == ref })
	if i < 0 {
		return "", parley.Errorf(parley.NotFound, "entry %s begins no exercise", about)
	}
	m := &list[i]
	f := &form.Exercise{Phase: form.ExerciseAgree}
	switch {
	case m.State == "ended" || m.State == "over":
		return "", parley.Errorf(parley.Conflict, "%s is over already", m.Title)
	case phase == "end":
		f.Phase = form.ExerciseEnd
	case m.Ours:
		return "", parley.Errorf(parley.NotAllowed, "our side began %s: the others agree to it", m.Title)
	case !m.Asked || l.waits(ref, "exercise"):
		return "", parley.Errorf(parley.Conflict, "our side has agreed to %s already", m.Title)
	}
	f.Title = m.Title
	return s.fileMode(ctx, l, by, &form.Header{From: l.officeOf(by), To: l.everyWatch(), Refs: []parley.Ref{ref}}, f, phase)
}

// waits reports whether something of ours of one form about an entry is in the
// outbox.
func (l *liveLine) waits(about parley.Ref, name string) bool {
	rows, err := l.filedForms(name)
	if err != nil {
		return false
	}
	for _, r := range rows {
		if v, err := l.view(r); err == nil && v.header != nil && slices.Contains(v.header.Refs, about) {
			return true
		}
	}
	return false
}

func mayExercise(by Officer) error {
	const act = "begin, agree to or end an exercise"
	if err := person(by, act); err != nil {
		return err
	}
	return seatFor(by, act, parley.Envoy, parley.Principal, parley.Watch)
}

// The longest an exercise or drill may be set to last.
const (
	longestExercise = 14 * 24 * time.Hour
	longestDrill    = 24 * time.Hour
)

// BeginMode begins an exercise; with a path, a drill on it alone. It is on when
// every other party has agreed, and ends by itself. Conflict while another of
// its kind is on or asked for.
func (s *Station) BeginMode(ctx context.Context, by Officer, name, title, path string, until time.Time) (string, error) {
	if err := mayExercise(by); err != nil {
		return "", err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return "", err
	}
	path = strings.ToUpper(path)
	longest := longestExercise
	if path != "" {
		longest = longestDrill
		if !slices.ContainsFunc(l.pathList(), func(p Path) bool { return p.Name == path }) {
			return "", parley.Errorf(parley.NotFound, "no path %q", path).WithHint("paths are QUIC and TLS")
		}
	}
	switch now := s.now(); {
	case !until.After(now):
		return "", parley.Errorf(parley.BadForm, "an exercise ends by itself, at a time to come")
	case until.After(now.Add(longest)):
		return "", parley.Errorf(parley.BadForm, "it would last longer than %s", ago(longest))
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	list, err := l.modes(true)
	if err != nil {
		return "", err
	}
	for _, m := range list {
		if (m.Path == "") == (path == "") && (m.On() || m.State == "waiting" && m.Ours) {
			return "", parley.Errorf(parley.Conflict, "%s is on or asked for already", m.Title).WithHint("end it first")
		}
	}
	return s.fileMode(ctx, l, by, &form.Header{From: l.officeOf(by), To: l.everyWatch()},
		&form.Exercise{Phase: form.ExerciseBegin, Title: title, Until: uint64(until.Unix()), Path: path}, "begin")
}

func (s *Station) fileMode(ctx context.Context, l *liveLine, by Officer, h *form.Header, f *form.Exercise, phase string) (string, error) {
	n, err := l.fileForm(ctx, h, f)
	if err != nil {
		return "", err
	}
	l.noteHuman()
	return fmt.Sprintf("filed:%d", n), s.audit(by, "exercise "+phase, l.id.String(), strings.TrimSpace(f.Title+" "+f.Path))
}
