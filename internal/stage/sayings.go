package stage

import (
	"context"
	"time"

	"parley/internal/contact"
	"parley/internal/control"
	"parley/internal/station"
)

// sayings does what the other side asks for of what is said of a contact: it
// agrees to an embargo, drafts and binds itself when the other is bound, signs a
// joint statement, and publishes when the other has. It never begins.
func (o *officers) sayings(ctx context.Context) error {
	s := o.s
	if o.seated || s.Asleep() || s.demo.onStage() || !o.ready("sayings") {
		return nil
	}
	o.due["sayings"] = time.Now().Add(2 * time.Second)
	b, err := s.client.Contacts(ctx, s.demo.Line(), time.Time{})
	if err != nil {
		return err
	}
	for _, c := range b.Contacts {
		if c.State == contact.Asked || c.State == contact.Declined || c.State == contact.Withdrawn || c.State == contact.Cancelled {
			continue
		}
		v, err := s.as(s.Envoy).Statements(ctx, s.demo.Line(), c.ID)
		if err != nil {
			return err
		}
		if err := o.say(ctx, c.ID, &v); err != nil {
			return err
		}
	}
	return nil
}

// say does one act for a contact, the first that is due.
func (o *officers) say(ctx context.Context, id string, v *station.Statements) error {
	s := o.s
	for _, e := range v.Embargo.Open {
		if e.Asked {
			_, err := s.file(ctx, s.Envoy, id, "judge-embargo", control.ReadoutAct{ID: e.ID, Step: "agree"})
			return err
		}
	}
	theirs, ours := shownBy(v, s.other.Code), shownBy(v, s.Code)
	if theirs.Ready != "" && ours.Ready == "" && (v.Readout == nil || v.Readout.Ready == nil) {
		version, err := s.drafted(ctx, id)
		if err != nil {
			return err
		}
		_, err = s.file(ctx, s.Envoy, id, "ready", control.ReadoutAct{Version: version})
		return err
	}
	for i := range v.Joints {
		j := &v.Joints[i]
		switch {
		case j.MayOpen:
			return s.as(s.Envoy).AcknowledgeJoint(ctx, s.demo.Line(), id, j.ID)
		case j.MaySign:
			_, err := s.file(ctx, s.Envoy, id, "judge-joint", control.ReadoutAct{ID: j.ID, Step: "sign"})
			return err
		}
	}
	return o.publish(ctx, id, v)
}

// publish follows the other side: the joint statement that it published, or our own
// readout where it published its own.
func (o *officers) publish(ctx context.Context, id string, v *station.Statements) error {
	s := o.s
	if !v.Embargo.Until.IsZero() && !v.Embargo.Over {
		return nil
	}
	kinds := map[string]string{}
	for _, p := range v.Published {
		if p.Ours {
			return nil
		}
		kinds[p.Kind] = p.Joint
	}
	if of, ok := kinds["joint"]; ok {
		_, err := s.file(ctx, s.Envoy, id, "publish", control.ReadoutAct{Publish: &station.PublishText{Joint: of}})
		return err
	}
	if _, ok := kinds["readout"]; ok && v.Readout != nil && v.Readout.State == "approved" && !v.Readout.Stale {
		_, err := s.file(ctx, s.Envoy, id, "publish", control.ReadoutAct{Publish: &station.PublishText{Version: v.Readout.Version}})
		return err
	}
	return nil
}
