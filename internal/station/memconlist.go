package station

import (
	"context"
	"strings"

	"parley"
	"parley/internal/own"
)

// ShareMemcon puts an officer, or everybody who holds an office, on the list of a
// memcon, or changes what an officer on it may do. By its author.
func (s *Station) ShareMemcon(_ context.Context, by Officer, key string, officer int64, office parley.Office, writes bool) error {
	m, list, err := s.authorOf(by, "change its list", key)
	if err != nil {
		return err
	}
	r := own.MemconReader{Officer: officer, Office: office, Rights: own.MayRead, Adder: by.ID}
	who := string(office)
	switch {
	case (officer == 0) == (office == ""):
		return parley.Errorf(parley.BadForm, "a list takes one officer, or one office, at a time")
	case office != "" && writes:
		return parley.Errorf(parley.BadForm, "an office reads a memcon: who writes on it is named")
	case officer == m.Author:
		return parley.Errorf(parley.Conflict, "its author needs no place on the list")
	case office != "":
		if _, err := parley.ParseOffice(who); err != nil {
			return err
		}
	default:
		if err := s.activeOfficer(officer); err != nil {
			return err
		}
		if who, err = s.officerName(officer); err != nil {
			return err
		}
	}
	if len(list) >= maxMemconReaders {
		return parley.Errorf(parley.Quota, "the list of this memcon has %d names", len(list))
	}
	if writes {
		r.Rights = own.MayWrite
	}
	if err := s.own.SetMemconReader(m.ID, r); err != nil {
		return err
	}
	return s.audit(by, "memcon: share", key, who+": "+r.Rights)
}

// UnshareMemcon takes an officer or an office off the list: for them the memcon is
// not there from now on. That they read it stays.
func (s *Station) UnshareMemcon(_ context.Context, by Officer, key string, officer int64, office parley.Office) error {
	m, _, err := s.authorOf(by, "change its list", key)
	if err != nil {
		return err
	}
	if err := s.own.DropMemconReader(m.ID, officer, office); err != nil {
		return err
	}
	who := string(office)
	if officer != 0 {
		if who, err = s.officerName(officer); err != nil {
			return err
		}
	}
	return s.audit(by, "memcon: unshare", key, who)
}

// HandMemcon makes another officer the author of a memcon. He who was stays on its
// list.
func (s *Station) HandMemcon(_ context.Context, by Officer, key string, rev, to int64) error {
	if _, _, err := s.authorOf(by, "hand it over", key); err != nil {
		return err
	}
	if err := s.activeOfficer(to); err != nil {
		return err
	}
	name, err := s.officerName(to)
	if err != nil {
		return err
	}
	if _, err := s.own.HandMemcon(key, rev, to); err != nil {
		return err
	}
	return s.audit(by, "memcon: hand over", key, name)
}

// InheritMemcons gives whatever memcons and notes an officer who is no longer here
// left to another. An administrator does it without seeing any of them, so never to
// himself, and never without a name: it says how many memcons they were.
func (s *Station) InheritMemcons(_ context.Context, by Officer, from, to int64) (int64, error) {
	const act = "hand on what an officer left"
	if err := person(by, act); err != nil {
		return 0, err
	}
	if err := seatFor(by, act, parley.Administrator); err != nil {
		return 0, err
	}
	if to == by.ID {
		return 0, parley.Errorf(parley.NotAllowed, "nobody hands to himself what an officer left").WithHint("another officer gets it, or another administrator hands it on")
	}
	n, err := s.own.InheritMemcons(from, to)
	if err != nil {
		return 0, err
	}
	old, err := s.officerName(from)
	if err != nil {
		return n, err
	}
	heir, err := s.officerName(to)
	if err != nil {
		return n, err
	}
	return n, s.audit(by, "memcons inherited", old, heir)
}

const memconAct = "memcon: "

// maySeeAudit reports whether a row of the audit is an officer's to see: what was
// done with a memcon is seen by those who may see the memcon, for it would say to
// others that there is one.
func (s *Station) maySeeAudit(by Officer, r *own.AuditRow, known map[string]bool) (bool, error) {
	if !strings.HasPrefix(r.Act, memconAct) {
		return true, nil
	}
	ok, asked := known[r.Object]
	if asked {
		return ok, nil
	}
	_, _, _, err := s.memconFor(by, "read the audit of a memcon", r.Object)
	switch parley.KindOf(err) {
	case parley.NotFound, parley.NotAllowed:
		err = nil
	default:
		ok = err == nil
	}
	known[r.Object] = ok
	return ok, err
}

// memconTodos adds to a board what waits for an officer: to be reviewed, to be
// mended, to be read.
func (s *Station) memconTodos(by Officer, b *Board, ls []*liveLine) error {
	if by.ID == 0 {
		return nil
	}
	of := map[parley.LineID]bool{}
	for _, l := range ls {
		of[l.id] = true
	}
	waiting, err := s.own.MemconsWaiting(by.ID)
	if err != nil {
		return err
	}
	for _, m := range waiting {
		act := map[bool]string{true: "review-memcon", false: "mend-memcon"}[m.State == own.MemconInReview]
		if of[m.Line] {
			b.DoNext = append(b.DoNext, Todo{Act: act, Item: m.Key, Line: m.Line.String(), Text: m.Title})
		}
	}
	unread, err := s.own.MemconsUnread(by.ID, by.Offices, 20)
	if err != nil {
		return err
	}
	for i := range unread {
		m := &unread[i]
		if !of[m.Line] {
			continue
		}
		list, err := s.own.MemconReaders(m.ID)
		if err != nil {
			return err
		}
		v, err := s.memconHead(by, m, list) // the title of what was reviewed
		if err != nil {
			return err
		}
		b.DoNext = append(b.DoNext, Todo{Act: "read-memcon", Item: m.Key, Line: m.Line.String(), Text: v.Title})
	}
	return nil
}
