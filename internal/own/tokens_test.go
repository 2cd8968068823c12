package own

import (
	"testing"
	"time"

	"parley"
)

func TestTokens(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Watch, parley.Envoy)
	in := f.now.Add(time.Hour)
	for _, c := range []struct {
		office parley.Office
		name   string
		ends   time.Time
		kind   parley.Kind
	}{{parley.Principal, "logger", in, parley.NotAllowed}, {parley.Watch, "", in, parley.Malformed},
		{parley.Watch, "x", f.now, parley.Malformed}, {parley.Watch, "x", f.now.Add(TokenLife + time.Second), parley.Malformed}} {
		_, _, err := f.AddToken(a.ID, c.office, c.name, c.ends)
		refused(t, err, c.kind)
	}
	tok, secret, err := f.AddToken(a.ID, parley.Watch, "logger", in)
	ok(t, err)
	f.reopen(t)
	got, o, err := f.UseToken(secret)
	if err != nil || got.ID != tok.ID || got.Office != parley.Watch || o.ID != a.ID {
		t.Errorf("%+v %+v %v", got, o, err)
	}
	_, _, err = f.UseToken(secret + "x")
	refused(t, err, parley.NotFound)
	if list, err := f.Tokens(); err != nil || len(list) != 1 || list[0].Used.IsZero() || list[0].Name != "logger" {
		t.Errorf("%+v %v", list, err)
	}
	ok(t, f.SetOffices(a.ID, []parley.Office{parley.Envoy}))
	_, _, err = f.UseToken(secret)
	refused(t, err, parley.NotFound) // the office is gone
	ok(t, f.SetOffices(a.ID, []parley.Office{parley.Watch}))
	f.now = in
	_, _, err = f.UseToken(secret)
	refused(t, err, parley.NotFound)
	_, secret, err = f.AddToken(a.ID, parley.Watch, "again", f.now.Add(time.Hour))
	ok(t, err)
	ok(t, f.RemoveToken(tok.ID))
	refused(t, f.RemoveToken(tok.ID), parley.NotFound)
	ok(t, f.RemoveOfficer(a.ID))
	_, _, err = f.UseToken(secret)
	refused(t, err, parley.NotFound)
}

// TestRequestsOnce: a request with a key is done once, and its answer is given
// again; one that a crash cut off says so.
func TestRequestsOnce(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Watch)
	tok, _, err := f.AddToken(a.ID, parley.Watch, "logger", f.now.Add(100*time.Hour))
	ok(t, err)
	sum := [32]byte{1}
	id, before, err := f.BeginRequest(tok.ID, "k1", sum)
	ok(t, err)
	if before != nil {
		t.Error("answered before it was asked")
	}
	f.reopen(t)
	_, _, err = f.BeginRequest(tok.ID, "k1", sum)
	refused(t, err, parley.Conflict)
	ok(t, f.EndRequest(id, &Answer{201, []byte("done")}))
	f.reopen(t)
	_, before, err = f.BeginRequest(tok.ID, "k1", sum)
	if err != nil || before == nil || before.Status != 201 || string(before.Body) != "done" {
		t.Errorf("%+v %v", before, err)
	}
	_, _, err = f.BeginRequest(tok.ID, "k1", [32]byte{2})
	refused(t, err, parley.Conflict)
	id, _, err = f.BeginRequest(tok.ID, "k2", sum)
	ok(t, err)
	ok(t, f.EndRequest(id, nil))
	if _, before, err = f.BeginRequest(tok.ID, "k2", sum); err != nil || before != nil {
		t.Errorf("a request that was not done: %+v %v", before, err)
	}
	f.now = f.now.Add(AnswerLife)
	if _, before, err = f.BeginRequest(tok.ID, "k1", [32]byte{3}); err != nil || before != nil {
		t.Errorf("after a day: %+v %v", before, err)
	}
}
