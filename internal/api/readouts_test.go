package api_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"parley/internal/contact"
	"parley/internal/record"
	"parley/internal/said/page"
	"parley/internal/station"
	"parley/internal/station/stationtest"
)

// statements waits until what is said of a contact is as it should be.
func (g *ground) statements(token, at, what string, is func(*station.Statements) bool) (v station.Statements) {
	g.t.Helper()
	stationtest.Eventually(g.t, 20*time.Second, what, func() bool {
		v = station.Statements{}
		g.ask(token, "GET", at+"/statements", nil, 200).read(g.t, &v)
		return is(&v)
	})
	return v
}

// say drafts what our side says of a contact, agrees to an embargo, exchanges drafts
// with Birch, signs a joint statement and publishes.
func (g *ground) say(is tokens) {
	t, ctx, st := g.t, context.Background(), g.birch.St
	var b station.ContactBook
	g.ask(is.envoy, "GET", "/lines/"+g.line+"/contacts", nil, 200).read(t, &b)
	id := ""
	for _, c := range b.Contacts {
		if c.State == contact.Agreed {
			id = c.ID
		}
	}
	at := "/lines/" + g.line + "/contacts/" + id
	filed := func(_ string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	items := []station.SaidItem{{Topic: "Strait", Texts: []station.SaidText{{Language: "en", Text: "Both sides will keep the strait open for 30 days."}}}}
	other := []station.SaidItem{{Topic: "Strait", Texts: []station.SaidText{{Language: "en", Text: "Both sides will keep the strait open for 90 days."}}}}

	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	g.refused(is.watch, at+"/embargo", dict{"until": until}, "at the level leader")
	g.ask(is.envoy, "POST", at+"/embargo", dict{"until": until.Add(-2 * time.Hour)}, 400)
	g.ask(is.envoy, "POST", at+"/embargo", dict{"until": until}, 200, "Idempotency-Key", "e1")
	g.ask(is.envoy, "POST", at+"/embargo", dict{"until": until}, 200, "Idempotency-Key", "e1")
	asked := g.statements(is.envoy, at, "the embargo is proposed", func(v *station.Statements) bool { return len(v.Embargo.Open) == 1 })
	stationtest.Eventually(t, 20*time.Second, "Birch agrees", func() bool {
		_, err := st.JudgeEmbargo(ctx, g.birch.Envoy, g.line, id, asked.Embargo.Open[0].ID, "agree", "")
		return err == nil
	})
	g.statements(is.envoy, at, "the embargo stands", func(v *station.Statements) bool { return v.Embargo.Until.Equal(until) })
	filed(st.ProposeEmbargo(ctx, g.birch.Envoy, g.line, id, until.Add(time.Hour), "", asked.Embargo.Open[0].ID))
	again := g.statements(is.envoy, at, "Birch asks for a longer one", func(v *station.Statements) bool { return len(v.Embargo.Open) == 1 })
	g.ask(is.envoy, "POST", at+"/embargo/"+again.Embargo.Open[0].ID, dict{"step": "shrug"}, 400)
	g.ask(is.envoy, "POST", at+"/embargo/"+again.Embargo.Open[0].ID, dict{"step": "refuse"}, 200)

	var r station.Readout
	g.ask(is.envoy, "GET", at+"/readout", nil, 404)
	g.ask(is.envoy, "POST", at+"/readout", dict{"version": 0, "items": items}, 200).read(t, &r)
	g.ask(is.envoy, "POST", at+"/readout", dict{"version": 0, "items": items}, 409)
	g.ask(is.envoy, "POST", at+"/readout/quotes", dict{"version": r.Version}, 200)
	g.ask(is.envoy, "POST", at+"/readout/quotes", dict{"items": items}, 400)        // only what is saved is looked through
	g.ask(is.envoy, "POST", at+"/readout/approve", dict{"version": r.Version}, 409) // not reviewed
	g.ask(is.envoy, "POST", at+"/readout/review", dict{"version": r.Version}, 403)
	g.ask(is.chief, "POST", at+"/readout/return", dict{"version": r.Version, "note": "say which strait"}, 200)
	g.ask(is.envoy, "POST", at+"/readout", dict{"version": r.Version, "items": items}, 200).read(t, &r)
	g.ask(is.chief, "POST", at+"/readout/review", dict{"version": r.Version}, 200)
	g.ask(is.chief, "POST", at+"/readout/approve", dict{"version": r.Version}, 200)
	g.ask(is.envoy, "GET", at+"/readout?version=1", nil, 200)
	g.ask(is.envoy, "POST", at+"/readout/ready", dict{"version": r.Version}, 200)
	g.ask(is.envoy, "GET", at+"/comparison", nil, 404)
	theirs, err := st.SaveReadout(ctx, g.birch.Envoy, g.line, id, 0, other)
	if err == nil {
		_, err = st.ReviewReadout(ctx, g.birch.Chief, g.line, id, theirs.Version)
	}
	if err == nil {
		_, err = st.ApproveReadout(ctx, g.birch.Chief, g.line, id, theirs.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	filed(st.ReadyReadout(ctx, g.birch.Envoy, g.line, id, theirs.Version, false))
	both := g.statements(is.envoy, at, "both drafts are here", func(v *station.Statements) bool {
		return len(v.Sides) == 2 && len(v.Sides[0].Drafts) == 1 && len(v.Sides[1].Drafts) == 1
	})
	var c station.Comparison
	g.ask(is.envoy, "GET", at+"/comparison", nil, 200).read(t, &c)
	if len(c.Marks) != 1 || c.Marks[0].Kind != "figure" || len(c.Marks[0].Ours) != 1 || c.Marks[0].Theirs[0].Words != "90 days" {
		t.Errorf("the comparison is %+v", c)
	}
	g.ask(is.envoy, "GET", at+"/comparison?theirs=none", nil, 404)
	g.ask(is.envoy, "POST", at+"/drafts/"+both.Sides[1].Drafts[0].ID+"/remarks", dict{"item": 1, "text": "Thirty was said."}, 200)
	items[0].Texts[0].Text += " The corridor stays open."
	g.ask(is.envoy, "POST", at+"/readout", dict{"version": r.Version, "items": items}, 200).read(t, &r)
	g.ask(is.chief, "POST", at+"/readout/review", dict{"version": r.Version}, 200)
	g.ask(is.chief, "POST", at+"/readout/approve", dict{"version": r.Version}, 200)
	g.ask(is.envoy, "POST", at+"/readout/show", dict{"version": r.Version}, 200)
	g.together(is, at, id, r.Version, items, other)
}

// together signs a joint statement, refuses another, and publishes.
func (g *ground) together(is tokens, at, id string, version int64, items, other []station.SaidItem) {
	t, ctx, st := g.t, context.Background(), g.birch.St
	g.ask(is.envoy, "POST", at+"/joint", dict{"items": items}, 200)
	ours := g.statements(is.envoy, at, "the joint statement is proposed", func(v *station.Statements) bool { return len(v.Joints) == 1 }).Joints[0].ID
	stationtest.Eventually(t, 20*time.Second, "Birch signs", func() bool {
		_, err := st.JudgeJoint(ctx, g.birch.Envoy, g.line, id, ours, "sign", "")
		return err == nil
	})
	g.statements(is.envoy, at, "it is signed", func(v *station.Statements) bool { return v.Joints[0].MayOpen })
	g.ask(is.envoy, "POST", at+"/joint/"+ours+"/read", nil, 204)
	g.statements(is.envoy, at, "it stands", func(v *station.Statements) bool { return v.Joints[0].State == "joint" })
	if _, err := st.ProposeJoint(ctx, g.birch.Envoy, g.line, id, other, "", ""); err != nil {
		t.Fatal(err)
	}
	theirs := ""
	g.statements(is.envoy, at, "Birch proposes another", func(v *station.Statements) bool {
		for _, j := range v.Joints {
			if !j.Ours {
				theirs = j.ID
			}
		}
		return theirs != ""
	})
	g.ask(is.envoy, "POST", at+"/joint/"+theirs, dict{"step": "frown"}, 400)
	g.ask(is.envoy, "POST", at+"/joint/"+theirs, dict{"step": "refuse", "text": "thirty"}, 200)

	g.ask(is.envoy, "POST", at+"/publish", dict{"version": version}, 403) // the embargo
	g.refused(is.watch, at+"/publish", dict{"joint": ours, "insist": "why not"}, "at the level leader")
	early := dict{"joint": ours, "insist": "it is known already", "where": "https://alder.example/7"}
	g.ask(is.envoy, "POST", at+"/publish", early, 200, "Idempotency-Key", "p1")
	g.ask(is.envoy, "POST", at+"/publish", early, 200, "Idempotency-Key", "p1")
	v := g.statements(is.envoy, at, "it is published, once", func(v *station.Statements) bool { return len(v.Published) == 1 && len(v.Waiting) == 0 })
	if p := v.Published[0]; p.Early.IsZero() && p.Crossed.IsZero() || p.Kind != "joint" {
		t.Errorf("published: %+v", p)
	}
	on := "/lines/" + g.line + "/published/" + v.Published[0].ID
	got := g.ask(is.envoy, "GET", on+"/page?language=ar", nil, 200)
	rep, err := page.Verify(bytes.NewReader(got.body), record.VerifyOptions{})
	if err != nil || rep.Bad() > 0 || rep.Language != "ar" || got.Header.Get("Content-Disposition") != `attachment; filename="`+rep.Page.Name()+`"` {
		t.Errorf("the page: %v, %+v, %v", err, rep, got.Header)
	}
	g.ask(is.envoy, "GET", on+"/page?language=tlh", nil, 404)
	g.ask(is.envoy, "GET", "/lines/"+g.line+"/published/"+ours+"/page", nil, 404)
	stationtest.Eventually(t, 20*time.Second, "its pages and proofs are in the folder", func() bool {
		files, err := filepath.Glob(filepath.Join(g.folder, rep.Page.Stem+".*"))
		return err == nil && len(files) == len(page.Languages)+len(rep.Proofs)
	})
	lost := filepath.Join(g.folder, rep.Page.Name())
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	g.ask(is.envoy, "POST", on+"/pages", nil, 200)
	if _, err := os.Stat(lost); err != nil {
		t.Errorf("a page that was lost is not written again: %v", err)
	}
}
