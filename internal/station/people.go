package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/own"
)

// localSocket names in the audit who acts from the machine itself.
const localSocket = "local socket"

func officerView(o own.Officer) Officer {
	return Officer{ID: o.ID, Name: o.Name, Offices: o.Offices, Active: o.Active}
}

// Officers returns every officer, those no longer active too.
func (s *Station) Officers(context.Context) ([]Officer, error) {
	all, err := s.own.Officers()
	if err != nil {
		return nil, err
	}
	out := make([]Officer, 0, len(all))
	for _, o := range all {
		out = append(out, officerView(o))
	}
	return out, nil
}

// Officer returns one officer. The error is NotFound.
func (s *Station) Officer(_ context.Context, id int64) (Officer, error) {
	o, err := s.own.Officer(id)
	return officerView(o), err
}

func (s *Station) officerName(id int64) (string, error) {
	if id == 0 {
		return localSocket, nil
	}
	o, err := s.own.Officer(id)
	if parley.KindOf(err) == parley.NotFound {
		return fmt.Sprintf("officer %d", id), nil
	}
	return o.Name, err
}

// AddOfficer makes an account. Administrators only. The error is Conflict where
// an active officer has the name, and Malformed for an office that is on no line.
func (s *Station) AddOfficer(_ context.Context, by Officer, name string, offices []parley.Office) (Officer, error) {
	if err := seatFor(by, "add officers", parley.Administrator); err != nil {
		return Officer{}, err
	}
	if err := form.CheckLine("the name of an officer", name, 100); err != nil {
		return Officer{}, err
	}
	if err := s.maybeAdded(name, offices); err != nil {
		return Officer{}, err
	}
	o, err := s.own.AddOfficer(name, offices)
	if err != nil {
		return Officer{}, err
	}
	return officerView(o), s.audit(by, "add officer", name, fmt.Sprint(offices))
}

// maybeAdded refuses a name that two active officers would answer to (a second
// pair of hands is told apart by its name), and an office that no line knows.
func (s *Station) maybeAdded(name string, offices []parley.Office) error {
	all, err := s.own.Officers()
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Active && strings.EqualFold(o.Name, strings.TrimSpace(name)) {
			return parley.Errorf(parley.Conflict, "an active officer is called %s already", o.Name).WithHint("give a name that tells them apart")
		}
	}
	known := charter.DefaultCharter().Offices
	s.mu.Lock()
	for _, l := range s.lines {
		known = append(known, l.charter().Offices...)
	}
	s.mu.Unlock()
	for _, o := range offices {
		if !slices.Contains(known, o) {
			return parley.Errorf(parley.Malformed, "no line has an office %q", o).WithHint("the usual offices are principal, envoy, watch, interpreter, translator, archivist and administrator")
		}
	}
	return nil
}

// RemoveOfficer ends an account: it stays in the audit, and opens nothing.
func (s *Station) RemoveOfficer(_ context.Context, by Officer, id int64) error {
	if err := seatFor(by, "remove officers", parley.Administrator); err != nil {
		return err
	}
	name, err := s.officerName(id)
	if err != nil {
		return err
	}
	if err := s.own.RemoveOfficer(id); err != nil {
		return err
	}
	return s.audit(by, "remove officer", name, "")
}

// SeatLink returns a one-time token for a seat. It is shown once.
func (s *Station) SeatLink(_ context.Context, by Officer, officer int64, office parley.Office) (string, error) {
	if err := seatFor(by, "give out seats", parley.Administrator); err != nil {
		return "", err
	}
	name, err := s.officerName(officer)
	if err != nil {
		return "", err
	}
	if err := s.mayLink(by, officer); err != nil {
		return "", err
	}
	token, err := s.own.AddSeat(officer, office)
	if err != nil {
		return "", err
	}
	return token, s.audit(by, "seat link", name, string(office))
}

// TakeSeat consumes a token and begins a session.
func (s *Station) TakeSeat(_ context.Context, token string) (string, Officer, parley.Office, error) {
	session, o, office, err := s.own.TakeSeat(token)
	if err != nil {
		return "", Officer{}, "", err
	}
	by := officerView(o)
	return session, by, office, s.audit(by, "take seat", string(office), "")
}

// EndSession ends a session at once.
func (s *Station) EndSession(_ context.Context, session string) error {
	return s.own.EndSession(session)
}

// audit writes one line of the audit, durably. What cannot be audited is not
// done: callers return the error.
func (s *Station) audit(by Officer, act, object, detail string) error {
	_, err := s.own.AddAudit(own.AuditRow{Officer: by.ID, Name: nameOf(by), Act: act, Object: object, Detail: detail})
	return err
}

func nameOf(o Officer) string {
	if o.ID == 0 {
		return localSocket
	}
	return o.Name
}

// Audit returns the newest lines of the audit that by may see, at most limit. What
// was done with a memcon is shown to those who may see it, and to nobody else.
func (s *Station) Audit(_ context.Context, by Officer, limit int) ([]AuditRow, error) {
	known := map[string]bool{}
	limit = max(limit, 0)
	for ask := limit; ; ask *= 2 {
		rows, err := s.own.Audit(ask)
		if err != nil {
			return nil, err
		}
		out := make([]AuditRow, 0, min(limit, len(rows)))
		for i := range rows {
			r := &rows[i]
			ok, err := s.maySeeAudit(by, r, known)
			if err != nil {
				return nil, err
			}
			if ok && len(out) < limit {
				out = append(out, AuditRow{ID: r.ID, At: r.At, Officer: r.Name, Act: r.Act, Object: r.Object, Detail: r.Detail})
			}
		}
		if len(out) == limit || len(rows) < ask {
			return out, nil
		}
	}
}

// Leave puts on record that our side leaves the line, and why. It needs no
// consent; the record stays.
func (s *Station) Leave(ctx context.Context, by Officer, name, reason string) error {
	if err := seatFor(by, "leave a line", parley.Administrator, parley.Principal); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	if filed, err := l.filedForms("leave"); err != nil || len(filed) > 0 {
		if err == nil {
			err = parley.Errorf(parley.Conflict, "our leaving waits to be sent already: nothing was done")
		}
		return err
	}
	_, err = l.fileForm(ctx, &form.Header{From: l.officeOf(by), To: l.everyWatch(), Language: l.language()}, &form.Leave{Reason: reason})
	if err != nil {
		return err
	}
	return s.audit(by, "leave", l.id.String(), reason)
}

// assent files our assent to the charter in force, once, when a line begins.
func (s *Station) assent(ctx context.Context, id parley.LineID) error {
	l, err := s.lineOf(id.String())
	if err != nil {
		return err
	}
	f := form.NewAssent(form.ToCharter, l.founding.CharterBytes(), false)
	_, err = l.fileForm(ctx, &form.Header{From: l.stationOffice(), To: l.everyWatch()}, f)
	return err
}

// alarms keeps alarms of a line in one commit, tells the desks, and runs the
// station's own alarm command: for those that could not be kept too. Peer is
// whose doing one is, "" our own: what one peer causes sounds once a minute,
// and more is counted (own.Store.Raise).
func (s *Station) alarms(l *liveLine, as ...own.Alarm) {
	if len(as) == 0 {
		return
	}
	for i := range as {
		as[i].Line = l.id
	}
	kept, err := s.own.RaiseAll(as)
	if err != nil {
		s.log.Error("alarms could not be kept", "number", len(as), "err", err)
	}
	for i, a := range as {
		r, level := own.Raised{Alarm: a}, slog.LevelWarn
		if err == nil {
			if r = kept[i]; !r.Sounds {
				level = slog.LevelDebug
			}
		}
		s.log.Log(context.Background(), level, "alarm", "line", l.id, "peer", a.Peer, "code", a.Code, "text", a.Text, "count", r.Count)
		s.hub.emit("alarm", l.id.String(), a.Item)
		if r.Sounds {
			s.hook.ring(r.Alarm)
		}
	}
}

// Alarms returns the newest alarms, silenced ones too.
func (s *Station) Alarms(context.Context) ([]Alarm, error) {
	rows, err := s.own.Alarms(true, 200)
	if err != nil {
		return nil, err
	}
	out := make([]Alarm, 0, len(rows))
	for _, a := range rows {
		out = append(out, Alarm{ID: a.ID, Line: a.Line.String(), Peer: string(a.Peer), Code: a.Code, Text: a.Text, Item: a.Item, At: a.At, Count: a.Count, Silenced: !a.Silenced.IsZero()})
	}
	return out, nil
}

// Silence stops the sound of an alarm here; of all for 0. It sends nothing.
func (s *Station) Silence(_ context.Context, by Officer, id int64) error {
	if err := s.own.Silence(id, by.ID); err != nil {
		return err
	}
	s.hub.emit("alarm", "", "")
	return s.audit(by, "silence", fmt.Sprintf("alarm %d", id), "")
}

// silenceItem stops the alarms about an item that was just acknowledged.
func (s *Station) silenceItem(l *liveLine, item string) error {
	var errs []error
	for _, code := range []string{"flash", "immediate", "priority", "routine", "overdue", "exercise"} {
		errs = append(errs, s.own.SilenceItem(l.id, code, item))
	}
	return errors.Join(errs...)
}

// watch looks at the station itself now and then.
func (s *Station) watch(ctx context.Context) {
	t := time.NewTicker(diskEvery)
	defer t.Stop()
	for {
		s.lookAtDisk()
		s.lookAtClock(thisInstant())
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
