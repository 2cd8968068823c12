package station

import (
	"context"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/said"
)

// ProposeJoint proposes a statement of all sides, and signs it with that; with
// before, in place of another proposal. The facts are those of the record. NotAllowed
// where it quotes a memcon or a note of ours, unless that is named with a reason.
func (s *Station) ProposeJoint(ctx context.Context, by Officer, name, id string, items []SaidItem, text, before string, named ...NamedQuote) (string, error) {
	return s.sayOn(ctx, by, name, "propose a joint statement", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		facts, err := a.facts()
		if err != nil {
			return nil, nil, "", err
		}
		st := statementOf(items, facts)
		if err := st.Fits(); err != nil {
			return nil, nil, "", err
		}
		refs := []parley.Ref{a.root}
		if before != "" {
			j, err := a.joint(before)
			if err != nil {
				return nil, nil, "", err
			}
			refs = append(refs, j.Ref)
		}
		quotes, err := s.mayQuote(by, a, beside(st, text), false, named)
		return &said.Joint{Step: said.Offer, Statement: st, Text: text}, refs, noting(before, quotes), err
	})
}

func (a *afterwards) joint(id string) (*said.Proposal, error) {
	i := slices.IndexFunc(a.told.Joints, func(j *said.Proposal) bool { return j.Ref.String() == id })
	if i < 0 {
		return nil, parley.Errorf(parley.NotFound, "%s is no joint statement proposed for this contact", id)
	}
	return a.told.Joints[i], nil
}

// JudgeJoint signs a joint statement that another side proposed ("sign"), withdraws
// our signature ("withdraw"), or refuses the statement ("refuse"). Who signs
// acknowledges with that what the others signed.
func (s *Station) JudgeJoint(ctx context.Context, by Officer, name, id, joint, step, text string) (string, error) {
	n, err := stepOf(step, "a joint statement", "sign", "withdraw", "refuse")
	if err != nil {
		return "", err
	}
	return s.sayOn(ctx, by, name, step+" a joint statement", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		j, err := a.joint(joint)
		if err != nil {
			return nil, nil, "", err
		}
		f := &said.Joint{Step: said.Sign + uint64(n), Text: text}
		may, why := a.mayJoint(j)
		if !may[step] {
			return nil, nil, "", parley.Errorf(parley.Conflict, "%s", why[step])
		}
		if step == "sign" {
			f.Statement = j.Joint.Statement
			if err := s.openSignatures(ctx, by, a, j); err != nil {
				return nil, nil, "", err
			}
		}
		return f, []parley.Ref{a.root, j.Ref}, joint, nil
	})
}

// OpenJoint acknowledges what the others signed: after that our side cannot
// withdraw, and when all have done so the statement stands.
func (s *Station) OpenJoint(ctx context.Context, by Officer, name, id, joint string) error {
	const act = "acknowledge the signatures of a joint statement"
	if err := person(by, act); err != nil {
		return err
	}
	l, err := s.lineOf(name)
	if err != nil {
		return err
	}
	l.deciding.Lock()
	defer l.deciding.Unlock()
	a, err := l.afterwards(id)
	if err == nil {
		err = a.ours()
	}
	if err != nil {
		return err
	}
	if _, _, err := l.seatAt(by, act, a.level()); err != nil {
		return err
	}
	j, err := a.joint(joint)
	if err != nil {
		return err
	}
	return s.openSignatures(ctx, by, a, j)
}

func (s *Station) openSignatures(ctx context.Context, by Officer, a *afterwards, j *said.Proposal) error {
	for p, e := range j.Signatures {
		if p == a.l.us || (formContext{a.l}).Receipted(e.Ref, "opened") {
			continue
		}
		if err := s.Acknowledge(ctx, by, a.l.id.String(), e.Ref.String()); err != nil && parley.KindOf(err) != parley.Conflict {
			return err
		}
	}
	return nil
}

// mayAcknowledge refuses a receipt to whoever may not give it. Who reads a joint
// statement or an embargo for our side binds it by that, at the level of the contact;
// of one that is not here, at the highest.
func (l *liveLine) mayAcknowledge(by Officer, it *Item) error {
	const act = "acknowledge"
	if it.Form != "joint" && it.Form != "embargo" {
		return seatFor(by, act, parley.Watch, parley.Envoy, parley.Principal, parley.Translator)
	}
	level := contact.Leader
	if len(it.Refs) > 0 {
		a, err := l.afterwards(it.Refs[0])
		switch {
		case err == nil:
			level = a.level()
		case parley.KindOf(err) != parley.NotFound:
			return err
		}
	}
	_, _, err := l.seatAt(by, act, level)
	return err
}

// mayJoint says what our side may do with a joint statement now, and why not what
// it may not. What waits in the outbox counts: it is on its way.
func (a *afterwards) mayJoint(j *said.Proposal) (may map[string]bool, why map[string]string) {
	signed, withdrawn := j.Signatures[a.l.us] != nil, false
	if rows, err := a.l.filedForms("joint"); err == nil {
		for _, r := range rows {
			v, err := a.l.view(r)
			if f, is := v.form.(*said.Joint); err == nil && is && v.header != nil && len(v.header.Refs) > 1 && v.header.Refs[1] == j.Ref {
				signed, withdrawn = signed || f.Step == said.Sign, withdrawn || f.Step != said.Sign
			}
		}
	}
	bound := len(j.Signatures) > 0
	for _, p := range a.told.Parties {
		if p != a.l.us {
			e := j.Signatures[p]
			bound = bound && e != nil && (formContext{a.l}).Receipted(e.Ref, "opened")
		}
	}
	unread := slices.ContainsFunc(a.told.Parties, func(p parley.PartyCode) bool {
		e := j.Signatures[p]
		return p != a.l.us && e != nil && !(formContext{a.l}).Receipted(e.Ref, "opened")
	})
	over := j.Off != nil || withdrawn
	may = map[string]bool{"sign": !signed && !over, "withdraw": signed && !over && !bound && j.State != said.JointStands, "refuse": !signed && !over, "open": signed && unread && !over, "publish": j.State == said.JointStands}
	done := "the joint statement is " + string(j.State)
	if withdrawn {
		done = "what ends it is on its way"
	}
	why = map[string]string{"sign": done, "withdraw": done, "refuse": done, "publish": done}
	switch {
	case over:
	case signed:
		why["sign"], why["refuse"] = "our side has signed it", "our side has signed it: withdraw the signature"
		if bound {
			why["withdraw"] = "our side has read every signature: it is bound now"
		}
	default:
		why["withdraw"] = "our side has not signed it: refuse it"
	}
	return may, why
}

// Publish notes on the record that our side publishes a statement, and returns the
// entry that its proof is of. NotAllowed in an exercise, before the embargo ends
// and while something that may be of the contact cannot be read yet, unless the
// officer insists and says why, and where the text quotes what is not released,
// unless he names that and says why; Conflict where a joint statement does not
// stand. Who publishes acknowledges with that what others agreed to of embargoes.
func (s *Station) Publish(ctx context.Context, by Officer, name, id string, in PublishText) (string, error) {
	return s.sayOn(ctx, by, name, "publish", id, func(a *afterwards) (form.Form, []parley.Ref, string, error) {
		if a.told.Exercise != "" {
			return nil, nil, "", parley.Errorf(parley.NotAllowed, "nothing is published in an exercise")
		}
		now := s.now()
		if in.At.IsZero() {
			in.At = now
		}
		if in.At.After(now.Add(time.Minute)) {
			return nil, nil, "", parley.Errorf(parley.BadForm, "it cannot have been published at %s: that is still to come", parley.DTG(in.At))
		}
		f := &said.Published{At: seconds(in.At), Where: in.Where, Text: in.Text}
		refs, err := s.published(a, in, f)
		if err != nil {
			return nil, nil, "", err
		}
		if err := a.onItsWay(f, refs); err != nil {
			return nil, nil, "", err
		}
		what, err := a.mayPublish(now, &in)
		if err != nil {
			return nil, nil, "", err
		}
		quotes, err := s.mayQuote(by, a, beside(f.Statement, in.Text), true, in.Named)
		if err != nil {
			return nil, nil, "", err
		}
		return f, refs, what + quotes, s.openAgreements(ctx, by, a, now)
	})
}

// mayPublish refuses what an embargo holds back, and what something that cannot be
// read yet may hold back, unless the officer insists; it returns what the audit says
// of that.
func (a *afterwards) mayPublish(now time.Time, in *PublishText) (note string, _ error) {
	end, err := a.embargoEnd()
	if err != nil {
		return "", err
	}
	if in.At.Before(end) || now.Before(end) {
		if in.Insist == "" {
			return "", parley.Errorf(parley.NotAllowed, "the embargo ends at %s, %s", parley.DTG(end), end.UTC().Format(time.TimeOnly)).WithHint("wait, or insist and say why: the other side sees both times")
		}
		note = "before the embargo of " + parley.DTG(end) + ": " + in.Insist + ". "
	}
	if len(a.unread) == 0 {
		return note, nil
	}
	list := strings.Join(refList(a.unread), " and ")
	if in.Insist == "" {
		return "", parley.Errorf(parley.NotAllowed, "%s cannot be read here yet, and may be an embargo or a withdrawal", list).WithHint("wait until it can, or insist and say why")
	}
	return note + "before " + list + " can be read: " + in.Insist + ". ", nil
}

// embargoEnd is when the embargo ends that holds our side back: of what is agreed, or
// will be when what our side agreed to leaves the outbox, the later; zero: none.
func (a *afterwards) embargoEnd() (end time.Time, err error) {
	if t := a.told.Embargo.Standing; t != nil {
		end = t.Until()
	}
	rows, err := a.l.filedForms("embargo")
	if err != nil {
		return end, err
	}
	for _, r := range rows {
		v, err := a.l.view(r)
		if err != nil {
			return end, err
		}
		f, is := v.form.(*said.Embargo)
		if !is || f.Step != said.Agree || v.header == nil || len(v.header.Refs) < 2 || !a.has(v.header.Refs[0]) {
			continue
		}
		t, err := a.term(v.header.Refs[1].String())
		if err == nil && len(t.Refuses) == 0 && !slices.ContainsFunc(a.told.Waits(t), func(p parley.PartyCode) bool { return p != a.l.us }) && t.Until().After(end) {
			end = t.Until()
		}
	}
	return end, nil
}

// onItsWay refuses what waits in the outbox already, said to have been published at
// another time.
func (a *afterwards) onItsWay(f *said.Published, refs []parley.Ref) error {
	rows, err := a.l.filedForms("published")
	if err != nil {
		return err
	}
	for _, r := range rows {
		v, err := a.l.view(r)
		if err != nil {
			return err
		}
		o, is := v.form.(*said.Published)
		if !is || v.header == nil || len(v.header.Refs) == 0 || !a.has(v.header.Refs[0]) {
			continue
		}
		if len(refs) > 1 && slices.Contains(v.header.Refs[1:], refs[1]) || f.Statement != nil && o.Statement != nil && o.Statement.Equal(f.Statement) {
			return parley.Errorf(parley.Conflict, "the same is on its way already")
		}
	}
	return nil
}

// openAgreements acknowledges what the others agreed to of embargoes that have not
// ended: the record is to say that our side knew.
func (s *Station) openAgreements(ctx context.Context, by Officer, a *afterwards, now time.Time) error {
	for _, t := range a.told.Embargo.Terms {
		if len(t.Refuses) > 0 || !t.Until().After(now) {
			continue
		}
		for _, e := range t.Agrees {
			if e.Party == a.l.us || (formContext{a.l}).Receipted(e.Ref, "opened") {
				continue
			}
			if err := s.Acknowledge(ctx, by, a.l.id.String(), e.Ref.String()); err != nil && parley.KindOf(err) != parley.Conflict {
				return err
			}
		}
	}
	return nil
}

// published fills in what is published, and returns what it refers to.
func (s *Station) published(a *afterwards, in PublishText, f *said.Published) ([]parley.Ref, error) {
	if in.Joint != "" {
		j, err := a.joint(in.Joint)
		if err != nil {
			return nil, err
		}
		if j.State != said.JointStands && (len(j.Unread) == 0 || len(j.Early) > 0) { // who insists may publish what only something unread holds up
			return nil, parley.Errorf(parley.Conflict, "the joint statement is %s: it is published when every side has signed it and read every signature", j.State)
		}
		if slices.ContainsFunc(a.told.Published, func(p *said.Publication) bool { return p.Party == a.l.us && p.Joint == j }) {
			return nil, parley.Errorf(parley.Conflict, "our side has published it already")
		}
		f.Kind = said.JointStatement
		return []parley.Ref{a.root, j.Ref}, nil
	}
	st, _, err := s.approved(a, in.Version)
	if err != nil {
		return nil, err
	}
	f.Statement = st
	refs := []parley.Ref{a.root}
	for _, p := range a.told.Published {
		if p.Party != a.l.us {
			continue
		}
		same := p.Joint == nil && p.Statement.Equal(st)
		if p.Ref.String() == in.Corrects {
			refs = append(refs, p.Ref)
			same = same || slices.ContainsFunc(a.told.Published, func(o *said.Publication) bool { return o.Corrects == p && o.Statement.Equal(st) })
		} else if in.Corrects != "" {
			same = false
		}
		if same {
			return nil, parley.Errorf(parley.Conflict, "our side has published this already (%s)", p.Ref)
		}
	}
	if in.Corrects != "" && len(refs) == 1 {
		return nil, parley.Errorf(parley.NotFound, "%s is nothing that our side published of this contact", in.Corrects)
	}
	return refs, nil
}
