package api_test

import (
	"strings"

	"parley"
	"parley/internal/station"
)

// remember takes notes of a contact, merges, reviews, shares and corrects a memcon,
// each by the officer whose token it is; whoever is not on its list is told that
// there is none.
func (g *ground) remember(is tokens) {
	t, on := g.t, "/lines/"+g.line
	var book station.ContactBook
	g.ask(is.envoy, "GET", on+"/contacts", nil, 200).read(t, &book)
	about := book.Contacts[0].ID
	var people []station.Officer
	g.ask(is.admin, "GET", "/officers", nil, 200).read(t, &people)
	number := func(name string) int64 {
		for _, o := range people {
			if o.Name == name && o.Active {
				return o.ID
			}
		}
		t.Fatalf("no officer %s", name)
		return 0
	}
	envoy := number(g.alder.Envoy.Name)

	g.ask(is.watch, "POST", on+"/notes/"+about, dict{"text": ""}, 400)
	g.ask(is.watch, "POST", on+"/notes/nothing", dict{"text": "x"}, 404)
	g.ask(is.watch, "POST", on+"/notes/"+about, dict{"text": "He asked for time."}, 204)
	var notes []station.MemNote
	g.ask(is.envoy, "GET", on+"/notes/"+about, nil, 200).read(t, &notes)
	if len(notes) != 0 {
		t.Errorf("the envoy reads the watch's notes: %+v", notes)
	}
	g.ask(is.watch, "GET", on+"/notes/"+about, nil, 200).read(t, &notes)
	if len(notes) != 1 || !notes[0].Yours {
		t.Fatalf("notes %+v", notes)
	}
	g.ask(is.watch, "POST", on+"/notes/"+about+"/give", dict{"to": 999}, 404)
	g.ask(is.watch, "POST", on+"/memcons/"+about, dict{"title": ""}, 400)
	var m, again station.Memcon
	begin := dict{"title": "The call", "language": "en", "notes": []int64{notes[0].ID}}
	g.ask(is.watch, "POST", on+"/memcons/"+about, begin, 200, "Idempotency-Key", "b1").read(t, &m)
	g.ask(is.watch, "POST", on+"/memcons/"+about, begin, 200, "Idempotency-Key", "b1").read(t, &again)
	if m.ID == "" || m.ID != again.ID || m.Class != "OUR SIDE ONLY" {
		t.Errorf("begun as %+v and %+v", m, again)
	}
	one := "/memcons/" + m.ID
	none := func(token string) {
		t.Helper()
		for _, path := range []string{one, "/memcons/0000000000000000"} {
			for _, act := range []string{"open", "save", "submit", "return", "review", "discard", "share", "unshare", "hand"} {
				g.ask(token, "POST", path+"/"+act, dict{}, 404)
			}
		}
		var list []station.Memcon
		g.ask(token, "GET", on+"/memcons?about="+about, nil, 200).read(t, &list)
		if len(list) != 0 {
			t.Errorf("a stranger sees %+v", list)
		}
	}
	none(is.envoy)
	none(is.admin)
	open := func(token string, in dict) (x station.Memcon) {
		t.Helper()
		g.ask(token, "POST", one+"/open", in, 200).read(t, &x)
		return x
	}
	if x := open(is.watch, dict{}); !strings.Contains(x.Shown.Text, "He asked for time.") {
		t.Errorf("it reads %+v", x.Shown)
	}
	g.ask(is.watch, "POST", one+"/save", dict{"rev": m.Rev, "title": "The call", "text": "He asked for 40 days."}, 200).read(t, &m)
	g.ask(is.watch, "POST", one+"/save", dict{"rev": m.Rev - 1, "title": "The call", "text": "x"}, 409)
	g.ask(is.watch, "POST", one+"/submit", dict{"rev": m.Rev, "to": envoy}, 200).read(t, &m)
	g.ask(is.envoy, "POST", one+"/return", dict{"rev": m.Rev, "note": "Days?"}, 204)
	m = open(is.watch, dict{})
	g.ask(is.watch, "POST", one+"/submit", dict{"rev": m.Rev, "to": envoy}, 200).read(t, &m)
	g.ask(is.envoy, "POST", one+"/review", dict{"rev": m.Rev}, 200)
	g.ask(is.watch, "POST", one+"/discard", dict{"rev": open(is.watch, dict{}).Rev}, 409)
	g.ask(is.watch, "POST", one+"/share", dict{"office": "principal"}, 204)
	g.ask(is.watch, "POST", one+"/share", dict{"office": "principal", "officer": envoy}, 400)
	if x := open(is.principal, dict{"printed": true}); x.Shown.Number != 1 || x.Rev != 0 {
		t.Errorf("the principal reads %+v", x)
	}
	g.refused(is.principal, one+"/save", dict{"rev": 1, "title": "x", "text": "x"}, "you may read this memcon, and not write on it")
	m = open(is.watch, dict{})
	g.ask(is.watch, "POST", one+"/save", dict{"rev": m.Rev, "title": "The call", "text": "He asked for 14 days."}, 400) // why?
	g.ask(is.watch, "POST", one+"/save", dict{"rev": m.Rev, "title": "The call", "text": "He asked for 14 days.", "reason": "14"}, 200).read(t, &m)
	if x := open(is.watch, dict{}); len(x.Shown.Changes) != 4 || len(x.Reads) == 0 || x.Reads[0].Name == "" {
		t.Errorf("the correction reads %+v", x.Shown)
	}
	g.ask(is.watch, "POST", one+"/unshare", dict{"office": "principal"}, 204)
	none(is.principal)
	g.ask(is.watch, "POST", one+"/hand", dict{"rev": m.Rev, "to": envoy}, 204)
	g.ask(is.watch, "POST", "/memcons/inherit", dict{"from": envoy, "to": envoy}, 404) // no administrator
	g.ask(is.admin, "POST", "/memcons/inherit", dict{"from": envoy, "to": envoy}, 403) // he is here
	gone, err := g.alder.St.AddOfficer(t.Context(), station.Officer{}, "Gone", []parley.Office{parley.Watch})
	if err != nil {
		t.Fatal(err)
	}
	his := g.token(gone, parley.Watch)
	g.ask(his, "POST", on+"/notes/"+about, dict{"text": "Left behind."}, 204)
	g.ask(his, "POST", on+"/notes/"+about+"/give", dict{"to": envoy}, 204)
	var left station.Memcon
	g.ask(his, "POST", on+"/memcons/"+about, dict{"title": "In vain"}, 200).read(t, &left)
	g.ask(his, "POST", "/memcons/"+left.ID+"/discard", dict{"rev": left.Rev}, 204)
	g.ask(his, "POST", on+"/memcons/"+about, dict{"title": "Left"}, 200)
	if err := g.alder.St.RemoveOfficer(t.Context(), station.Officer{}, gone.ID); err != nil {
		t.Fatal(err)
	}
	var n struct{ Memcons int }
	g.ask(is.admin, "POST", "/memcons/inherit", dict{"from": gone.ID, "to": envoy}, 200).read(t, &n)
	if n.Memcons != 1 {
		t.Errorf("%d memcons were left", n.Memcons)
	}
	var rows []station.AuditRow
	g.ask(is.admin, "GET", "/audit?limit=400", nil, 200).read(t, &rows)
	for _, r := range rows {
		if r.Object == m.ID {
			t.Errorf("who may not see it reads in the audit: %+v", r)
		}
	}
}
