package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/station"
	"parley/internal/station/stationtest"
)

// refused does a request that the token's office may not do: it is answered with
// a plain sentence that names the act.
func (g *ground) refused(token, path string, body any, sentence string) {
	g.t.Helper()
	var p struct {
		Kind, What, Hint string
	}
	g.ask(token, "POST", path, body, 403).read(g.t, &p)
	if p.Kind != "not-allowed" || !strings.Contains(p.What, sentence) {
		g.t.Errorf("POST %s: refused with %+v, want a sentence with %q", path, p, sentence)
	}
}

type dict = map[string]any

// tokens are one for each office.
type tokens struct{ watch, envoy, chief, translator, principal, admin string }

// keep hands the watch over and takes it, and keeps its lists.
func (g *ground) keep(is tokens) {
	t := g.t
	next, err := g.alder.St.AddOfficer(t.Context(), station.Officer{}, "Next", []parley.Office{parley.Watch})
	if err != nil {
		t.Fatal(err)
	}
	relief := g.token(next, parley.Watch)
	g.ask(is.watch, "POST", "/handover", dict{"note": "one thing is open"}, 204)
	var hs []station.HandOver
	g.ask(relief, "GET", "/handovers?limit=3", nil, 200).read(t, &hs)
	seen := []int64{}
	for _, o := range hs[0].Open {
		seen = append(seen, o.ID)
	}
	take := dict{"hand_over": hs[0].ID, "acknowledged": seen}
	g.refused(is.envoy, "/takeover", take, "may not take the watch")
	g.refused(is.watch, "/takeover", take, "another officer takes over")
	if len(seen) > 0 {
		g.ask(relief, "POST", "/takeover", dict{"hand_over": hs[0].ID}, 409)
	}
	g.ask(relief, "POST", "/takeover", take, 204)
	var b station.Board
	g.ask(relief, "GET", "/board", nil, 200).read(t, &b)
	if b.OnWatch.Officer != "Next" {
		t.Errorf("on watch: %+v", b.OnWatch)
	}
	g.ask(is.watch, "POST", "/takeover", dict{"reason": ""}, 400)

	began := time.Now().Add(time.Hour).UTC().Truncate(time.Minute)
	shift := dict{"officer": next.ID, "begins": began, "ends": began.Add(8 * time.Hour), "languages": []string{"en"}}
	g.refused(is.translator, "/watchlist", shift, "may not keep the watch list")
	g.ask(is.watch, "POST", "/watchlist", shift, 204)
	var w station.WatchList
	g.ask(is.watch, "GET", "/watchlist?days=3", nil, 200).read(t, &w)
	if len(w.Shifts) != 1 || w.Shifts[0].Officer != "Next" {
		t.Fatalf("the watch list: %+v", w)
	}
	g.refused(is.translator, fmt.Sprintf("/watchlist/%d/remove", w.Shifts[0].ID), nil, "may not keep the watch list")
	g.ask(is.watch, "POST", fmt.Sprintf("/watchlist/%d/remove", w.Shifts[0].ID), nil, 204)
	g.ask(is.watch, "POST", fmt.Sprintf("/watchlist/%d/remove", w.Shifts[0].ID), nil, 404)
	g.ask(is.watch, "GET", "/watchlist?days=0", nil, 400)

	g.refused(is.translator, "/callouts", dict{"name": "Duty", "how": "by radio"}, "may not keep the call-out list")
	for _, name := range []string{"First", "Second"} {
		g.ask(is.watch, "POST", "/callouts", dict{"name": name, "how": "bell 3", "wait": 5 * time.Minute}, 204)
	}
	var list []station.Callout
	g.ask(is.watch, "GET", "/callouts", nil, 200).read(t, &list)
	g.refused(is.translator, fmt.Sprintf("/callouts/%d/raise", list[1].ID), nil, "may not keep the call-out list")
	g.ask(is.watch, "POST", fmt.Sprintf("/callouts/%d/raise", list[1].ID), nil, 204)
	g.ask(is.watch, "GET", "/callouts", nil, 200).read(t, &list)
	if list[0].Name != "Second" || list[0].Wait != 5*time.Minute {
		t.Errorf("the call-out list: %+v", list)
	}
	told := "/lines/" + g.line + "/items/" + g.find(is.watch, "From Birch") + "/told"
	g.ask(is.watch, "POST", told, dict{"callout": list[0].ID, "reached": false, "note": "no answer"}, 204)
	g.ask(is.watch, "POST", told, dict{"callout": list[0].ID}, 400)
	g.refused(is.translator, fmt.Sprintf("/callouts/%d/remove", list[1].ID), nil, "may not keep the call-out list")
	g.ask(is.watch, "POST", fmt.Sprintf("/callouts/%d/remove", list[1].ID), nil, 204)

	promise := dict{"due": began.Add(48 * time.Hour), "text": "they ring about the convoy"}
	g.ask(is.watch, "POST", "/lines/"+g.line+"/promises", promise, 204)
	g.ask(is.watch, "GET", "/board", nil, 200).read(t, &b)
	if len(b.Promises) != 1 || b.Promises[0].Text != promise["text"] {
		t.Fatalf("promised: %+v", b.Promises)
	}
	g.ask(is.watch, "POST", fmt.Sprintf("/promises/%d/close", b.Promises[0].ID), nil, 204)
	g.ask(is.watch, "POST", fmt.Sprintf("/promises/%d/close", b.Promises[0].ID), nil, 409)
}

// agree begins, agrees to and ends an exercise and a drill, over both APIs.
func (g *ground) agree(is tokens) {
	t := g.t
	on := "/lines/" + g.line
	var filed struct {
		Item string `json:"item"`
	}
	exercise := dict{"name": "QUIET HARBOUR", "until": time.Now().Add(time.Hour)}
	g.refused(is.translator, on+"/modes", exercise, "may not begin, agree to or end an exercise")
	g.ask(is.watch, "POST", on+"/modes", dict{"name": "PAST", "until": time.Now().Add(-time.Hour)}, 400)
	g.ask(is.watch, "POST", on+"/modes", exercise, 200, "Idempotency-Key", "m1").read(t, &filed)
	g.ask(is.watch, "POST", on+"/modes", exercise, 200, "Idempotency-Key", "m1")
	var theirs []station.Mode
	stationtest.Eventually(t, 20*time.Second, "Birch is asked", func() bool {
		var err error
		theirs, err = g.birch.St.Modes(t.Context(), g.line)
		return err == nil && len(theirs) == 1 && theirs[0].Asked
	})
	if _, err := g.birch.St.Exercise(t.Context(), g.birch.Watch, g.line, "agree", theirs[0].Entry, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	mode := g.mode(is, "QUIET HARBOUR", "on")
	g.refused(is.translator, on+"/modes/"+mode+"/end", nil, "may not begin, agree to or end an exercise")
	g.refused(is.watch, on+"/modes/"+mode+"/agree", nil, "the others agree to it")
	g.ask(is.watch, "POST", on+"/modes/"+mode+"/end", nil, 200)
	g.mode(is, "QUIET HARBOUR", "ended")

	if _, err := g.birch.St.BeginMode(t.Context(), g.birch.Watch, g.line, "ONE CABLE", "TLS", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	mode = g.mode(is, "ONE CABLE", "waiting")
	g.refused(is.translator, on+"/modes/"+mode+"/agree", nil, "may not begin, agree to or end an exercise")
	g.ask(is.watch, "POST", on+"/modes/"+mode+"/agree", nil, 200)
	g.mode(is, "ONE CABLE", "on")
	g.ask(is.watch, "POST", on+"/modes/"+mode+"/end", nil, 200)
	g.ask(is.watch, "POST", on+"/modes/nothing/end", nil, 400)
}

// mode waits until a mode is in a state, and returns its entry.
func (g *ground) mode(is tokens, title, state string) (entry string) {
	g.t.Helper()
	stationtest.Eventually(g.t, 20*time.Second, title+" is "+state, func() bool {
		var list []station.Mode
		g.ask(is.watch, "GET", "/lines/"+g.line+"/modes", nil, 200).read(g.t, &list)
		for _, m := range list {
			if m.Title == title && m.State == state {
				entry = m.Entry
			}
		}
		return entry != ""
	})
	return entry
}

// name changes an incumbent, by two hands, and asks an office for a sign of life.
func (g *ground) name(is tokens) {
	t := g.t
	on := "/lines/" + g.line
	who := dict{"office": "watch", "person": "Cmdr Ida Okoro", "address": "Commander", "from": time.Now().Add(-time.Minute), "until": time.Time{}}
	g.refused(is.watch, on+"/incumbents", who, "may not draft a change of incumbent")
	g.refused(is.translator, on+"/incumbents", who, "may not draft a change of incumbent")
	var d station.Draft
	g.ask(is.envoy, "POST", on+"/incumbents", who, 200).read(t, &d)
	g.ask(is.envoy, "POST", on+"/incumbents", who, 409) // one waits already
	if d.Form != "incumbent" || d.Incumbent == nil || d.Incumbent.Person != "Cmdr Ida Okoro" {
		t.Fatalf("the draft: %+v", d)
	}
	g.ask(is.envoy, "POST", fmt.Sprintf("/drafts/%d/submit", d.ID), nil, 200).read(t, &d)
	g.ask(is.watch, "POST", fmt.Sprintf("/drafts/%d/release", d.ID), dict{"version": d.Version, "precedence": "ROUTINE"}, 403)
	g.ask(is.chief, "POST", fmt.Sprintf("/drafts/%d/release", d.ID), dict{"version": d.Version, "precedence": "ROUTINE"}, 200)
	stationtest.Eventually(t, 20*time.Second, "the directory names her", func() bool {
		return strings.Contains(string(g.ask(is.watch, "GET", on+"/directory", nil, 200).body), "Cmdr Ida Okoro")
	})
	g.ask(is.watch, "POST", on+"/ping", dict{"to": "alder/watch"}, 400)
	g.ask(is.watch, "POST", on+"/ping", dict{"to": "birch/envoy"}, 200)
	g.ask(is.watch, "POST", on+"/ping", dict{"to": "birch/envoy"}, 409)
	var brief station.Brief
	g.ask(is.envoy, "GET", on+"/brief", nil, 200).read(t, &brief)
	if len(brief.Directory.Sides) != 2 {
		t.Errorf("the brief: %+v", brief)
	}
}

// amend changes the charter by the assents of both sides.
func (g *ground) amend(is tokens) {
	t := g.t
	on := "/lines/" + g.line + "/charter"
	var v station.CharterView
	g.ask(is.envoy, "GET", on, nil, 200).read(t, &v)
	v.Charter.Recording = "calls are not recorded, and nobody says they are"
	p := station.Proposal{Charter: &v.Charter}
	g.refused(is.watch, on+"/weigh", p, "may not propose an amendment")
	var doc station.DocumentView
	g.ask(is.envoy, "POST", on+"/weigh", p, 200).read(t, &doc)
	if len(doc.Changes) != 1 {
		t.Errorf("weighed: %+v", doc.Changes)
	}
	g.refused(is.watch, on+"/propose", dict{"proposal": p, "hash": doc.Hash}, "may not propose an amendment")
	g.ask(is.envoy, "POST", on+"/propose", dict{"proposal": p, "hash": strings.Repeat("0", 64)}, 409)
	g.ask(is.envoy, "POST", on+"/propose", dict{"proposal": p, "hash": doc.Hash}, 200)
	stationtest.Eventually(t, 20*time.Second, "Birch assents", func() bool {
		_, err := g.birch.St.Assent(context.Background(), g.birch.Envoy, g.line, doc.Hash)
		return err == nil
	})
	stationtest.Eventually(t, 20*time.Second, "it is in force", func() bool {
		g.ask(is.envoy, "GET", on, nil, 200).read(t, &v)
		return v.InForce[0].Hash == doc.Hash
	})
	theirs, err := g.birch.St.Charter(t.Context(), g.line)
	if err != nil {
		t.Fatal(err)
	}
	theirs.Charter.Recording = "calls are recorded by both"
	stationtest.Eventually(t, 20*time.Second, "Birch proposes", func() bool {
		doc, err = g.birch.St.Propose(context.Background(), g.birch.Envoy, g.line, station.Proposal{Charter: &theirs.Charter})
		return err == nil
	})
	stationtest.Eventually(t, 20*time.Second, "it is proposed here", func() bool {
		return strings.Contains(string(g.ask(is.envoy, "GET", on, nil, 200).body), doc.Hash)
	})
	g.refused(is.watch, on+"/assent", dict{"hash": doc.Hash}, "may not assent")
	g.ask(is.envoy, "POST", on+"/assent", dict{"hash": doc.Hash[:8]}, 400)
	g.ask(is.principal, "POST", on+"/assent", dict{"hash": doc.Hash}, 200)
	stationtest.Eventually(t, 20*time.Second, "theirs is in force", func() bool {
		g.ask(is.envoy, "GET", on, nil, 200).read(t, &v)
		return v.InForce[0].Hash == doc.Hash
	})
}

// understand disputes words, reads back, and chooses test texts. theirs is the
// path of an entry of Birch, translation one of it.
func (g *ground) understand(is tokens, ours, theirs string, translation int64) {
	t := g.t
	var d station.Dispute
	g.ask(is.watch, "POST", theirs+"/dispute", dict{"translation": translation, "words": "not there", "note": "?"}, 400)
	g.ask(is.watch, "POST", theirs+"/dispute", dict{"translation": translation, "words": "伯奇", "note": "the tree, or the party?"}, 200).read(t, &d)
	settle := dict{"translation": translation, "dispute": d.ID, "how": "the party"}
	g.refused(is.watch, theirs+"/settle", settle, "may not settle disputed words")
	g.ask(is.translator, "POST", theirs+"/settle", settle, 204)

	g.refused(is.admin, theirs+"/readback", dict{"text": "Birch wrote."}, "may not read back")
	g.ask(is.watch, "POST", theirs+"/readback", dict{"text": "Birch wrote."}, 204)
	g.ask(is.watch, "POST", theirs+"/readback", dict{"text": "Birch wrote."}, 409)
	g.refused(is.admin, ours+"/readback/ask", nil, "may not read back")
	g.ask(is.envoy, "POST", ours+"/readback/ask", nil, 204)
	stationtest.Eventually(t, 20*time.Second, "Birch reads back", func() bool {
		id := strings.TrimPrefix(ours, "/lines/"+g.line+"/items/")
		return g.birch.St.GiveReadBack(context.Background(), g.birch.Envoy, g.line, id, "Alder wrote.") == nil
	})
	given := ""
	stationtest.Eventually(t, 20*time.Second, "the read-back is here", func() bool {
		var it station.Item
		g.ask(is.envoy, "GET", ours, nil, 200).read(t, &it)
		for _, r := range it.ReadBacks {
			if r.Step == "given" {
				given = r.ID
			}
		}
		return given != ""
	})
	found := "/lines/" + g.line + "/items/" + given + "/readback/found"
	g.ask(is.envoy, "POST", found, dict{"text": "not said whether"}, 400)
	g.refused(is.admin, found, dict{"right": true}, "may not read back")
	g.ask(is.envoy, "POST", found, dict{"right": true}, 204)

	on := "/lines/" + g.line + "/texts"
	var texts []station.TestText
	g.ask(is.watch, "GET", on, nil, 200).read(t, &texts)
	g.refused(is.admin, on+"/"+texts[1].ID+"/translations", dict{"language": "zh", "text": "雪"}, "may not translate")
	g.ask(is.watch, "POST", on+"/"+texts[1].ID+"/translations", dict{"language": "zh", "text": "雪"}, 200)
	g.refused(is.watch, "/texts", dict{"texts": []string{texts[0].ID}}, "may not choose test texts")
	g.ask(is.admin, "POST", "/texts", dict{"texts": []string{texts[0].ID, texts[1].ID}}, 204)
	g.refused(is.watch, "/marks", dict{"three": true}, "may not say how translations are checked")
	g.ask(is.admin, "POST", "/marks", dict{}, 400)
	g.ask(is.admin, "POST", "/marks", dict{"three": true}, 204)
}

// prepare keeps a template of a draft, begins another from it, and forgets it.
func (g *ground) prepare(is tokens, draft int64) {
	t := g.t
	on := "/lines/" + g.line + "/templates"
	g.ask(is.watch, "POST", fmt.Sprintf("/drafts/%d/template", draft), dict{"title": "x"}, 404) // another's draft hides
	var kept station.Template
	g.ask(is.envoy, "POST", fmt.Sprintf("/drafts/%d/template", draft), dict{"title": "A notice"}, 200).read(t, &kept)
	var list []station.Template
	g.ask(is.watch, "GET", on, nil, 200).read(t, &list)
	if len(list) != 1 || list[0].Name != "A notice" {
		t.Fatalf("templates: %+v", list)
	}
	var d station.Draft
	g.ask(is.chief, "POST", fmt.Sprintf("%s/%d/use", on, kept.ID), nil, 200).read(t, &d)
	if d.ID == draft || d.Subject != "Not this" || d.State != "draft" || d.DrafterID != g.alder.Chief.ID {
		t.Errorf("begun from the template: %+v", d)
	}
	g.ask(is.chief, "POST", on+"/999/use", nil, 404)
	g.refused(is.chief, fmt.Sprintf("/templates/%d/remove", kept.ID), nil, "by who made it, or by an administrator")
	g.ask(is.admin, "POST", fmt.Sprintf("/templates/%d/remove", kept.ID), nil, 204)
}

// TestEveryOfficeIsHeldToItsActs: whatever may not be done at the desk is refused
// in a plain sentence, also where the officer of the token holds the office that
// may, and the token is for another.
func TestEveryOfficeIsHeldToItsActs(t *testing.T) {
	g := newGround(t)
	all, err := g.alder.St.AddOfficer(t.Context(), station.Officer{}, "All", []parley.Office{parley.Watch, parley.Envoy, parley.Principal, parley.Administrator, parley.Translator, parley.Archivist})
	if err != nil {
		t.Fatal(err)
	}
	on := "/lines/" + g.line
	for _, c := range []struct {
		office         parley.Office
		path, sentence string
		body           any
	}{
		{parley.Watch, on + "/leave", "may not leave a line", dict{"reason": "x"}},
		{parley.Envoy, on + "/leave", "may not leave a line", dict{"reason": "x"}},
		{parley.Archivist, on + "/modes", "may not begin, agree to or end an exercise", dict{"name": "X", "until": time.Now().Add(time.Hour)}},
		{parley.Administrator, "/takeover", "may not take the watch", dict{"hand_over": 0, "reason": "x"}},
		{parley.Translator, "/callouts", "may not keep the call-out list", dict{"name": "X", "how": "y"}},
		{parley.Watch, on + "/incumbents", "may not draft a change of incumbent", dict{"office": "watch", "person": "X", "address": "Y", "from": time.Now(), "until": time.Time{}}},
		{parley.Administrator, on + "/charter/weigh", "may not propose an amendment", station.Proposal{Remove: "birch"}},
	} {
		g.refused(g.token(all, c.office), c.path, c.body, c.sentence)
	}
	if got := g.alder.Line(g.line).State; got != "active" {
		t.Errorf("after refusals the line is %s", got)
	}
}
