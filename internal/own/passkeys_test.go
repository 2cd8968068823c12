package own

import (
	"bytes"
	"path/filepath"
	"testing"

	"parley"
)

func TestPasskeys(t *testing.T) {
	f := newFixture(t)
	a, b := f.officer(t, "Ada Marsh", parley.Watch, parley.Envoy), f.officer(t, "Ben Ortega", parley.Watch)
	handle, err := f.Handle(a.ID)
	ok(t, err)
	again, err := f.Handle(a.ID)
	ok(t, err)
	other, err := f.Handle(b.ID)
	ok(t, err)
	if len(handle) != 64 || !bytes.Equal(handle, again) || bytes.Equal(handle, other) {
		t.Error("handles are not random and lasting")
	}
	if o, err := f.OfficerOf(handle); err != nil || o.ID != a.ID {
		t.Errorf("the handle's officer: %+v, %v", o, err)
	}
	_, err = f.OfficerOf([]byte("nobody"))
	refused(t, err, parley.NotFound)
	link, err := f.AddSeat(a.ID, parley.Watch)
	ok(t, err)
	ok(t, f.AddPasskey(Passkey{Credential: []byte("c1"), Officer: a.ID, Name: "token in the safe", Record: []byte(`{"n":1}`)}))
	_, _, _, err = f.TakeSeat(link)
	refused(t, err, parley.NotFound) // a link would go around the passkey
	refused(t, f.AddPasskey(Passkey{Credential: []byte("c1"), Officer: b.ID, Name: "the same"}), parley.Conflict)
	refused(t, f.AddPasskey(Passkey{Credential: []byte("c2"), Officer: 99}), parley.NotFound)

	_, err = f.UsePasskey([]byte("c9"), nil, parley.Watch)
	refused(t, err, parley.NotFound)
	_, err = f.UsePasskey([]byte("c1"), nil, parley.Principal)
	refused(t, err, parley.NotAllowed)
	session, err := f.UsePasskey([]byte("c1"), []byte(`{"n":2}`), parley.Watch)
	ok(t, err)
	f.reopen(t)
	list, err := f.Passkeys(a.ID)
	ok(t, err)
	if len(list) != 1 || list[0].Name != "token in the safe" || string(list[0].Record) != `{"n":2}` || list[0].Used.IsZero() {
		t.Errorf("passkeys %+v", list)
	}
	at, err := f.Session(session)
	ok(t, err)
	if at.Way != ByPasskey || at.Office != parley.Watch {
		t.Errorf("session %+v", at)
	}

	if len(at.Browser) != 0 {
		t.Errorf("a new session belongs to %x", at.Browser)
	}
	ok(t, f.BindSession(session, []byte("this browser")))
	ok(t, f.BindSession(session, []byte("this browser")))
	refused(t, f.BindSession(session, []byte("another")), parley.NotAllowed)
	refused(t, f.BindSession("no session", []byte("this browser")), parley.NotFound)
	f.reopen(t)
	if at, err := f.Session(session); err != nil || string(at.Browser) != "this browser" {
		t.Errorf("session %+v, %v", at, err)
	}

	ok(t, f.Lock(session))
	if at, _ := f.Session(session); at.Locked.IsZero() {
		t.Error("not locked")
	}
	refused(t, f.ChangeOffice(session, parley.Envoy), parley.NotFound) // not while locked
	ok(t, f.AddPasskey(Passkey{Credential: []byte("c3"), Officer: b.ID, Name: "phone"}))
	refused(t, f.Unlock(session, []byte("c3"), nil), parley.NotAllowed)
	ok(t, f.Unlock(session, []byte("c1"), []byte(`{}`)))
	if at, _ := f.Session(session); !at.Locked.IsZero() {
		t.Error("still locked")
	}
	ok(t, f.ChangeOffice(session, parley.Envoy))
	refused(t, f.ChangeOffice(session, parley.Principal), parley.NotAllowed)

	second, err := f.UsePasskey([]byte("c1"), []byte(`{}`), parley.Watch)
	ok(t, err)
	if n, err := f.EndSessions(a.ID); err != nil || n != 2 {
		t.Errorf("%d sessions ended, %v", n, err)
	}
	for _, s := range []string{session, second} {
		_, err = f.Session(s)
		refused(t, err, parley.NotFound)
	}
	refused(t, f.RemovePasskey(b.ID, list[0].ID), parley.NotFound) // another officer's
	ok(t, f.RemovePasskey(a.ID, list[0].ID))
	if has, err := f.HasPasskey(a.ID); err != nil || has {
		t.Errorf("has one: %v, %v", has, err)
	}
	ok(t, f.RemoveOfficer(b.ID))
	if has, _ := f.HasPasskey(b.ID); has {
		t.Error("a passkey of an officer who left")
	}
	_, err = f.OfficerOf(other)
	refused(t, err, parley.NotFound)
	_, err = f.Handle(b.ID)
	refused(t, err, parley.NotAllowed)
}

// TestAccessGivenBack: it takes two administrators, neither of them the officer,
// within a day; everything the officer had before ends.
func TestAccessGivenBack(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Watch)
	one, two := f.officer(t, "Stone", parley.Administrator), f.officer(t, "Reed", parley.Administrator)
	ok(t, f.AddPasskey(Passkey{Credential: []byte("lost"), Officer: a.ID, Name: "lost"}))
	session, err := f.UsePasskey([]byte("lost"), []byte(`{}`), parley.Watch)
	ok(t, err)
	_, err = f.GrantReturn(a.ID, two.ID, parley.Watch)
	refused(t, err, parley.NotFound)
	ok(t, f.AskReturn(a.ID, one.ID))
	for _, who := range []int64{one.ID, a.ID} {
		_, err = f.GrantReturn(a.ID, who, parley.Watch)
		refused(t, err, parley.NotAllowed)
	}
	f.now = f.now.Add(ReturnLife)
	_, err = f.GrantReturn(a.ID, two.ID, parley.Watch)
	refused(t, err, parley.NotFound)
	if list, err := f.Returns(); err != nil || len(list) != 0 {
		t.Errorf("waiting: %v, %v", list, err)
	}
	ok(t, f.AskReturn(a.ID, one.ID))
	f.reopen(t)
	if list, err := f.Returns(); err != nil || len(list) != 1 || list[0].Asker != one.ID {
		t.Errorf("waiting: %v, %v", list, err)
	}
	token, err := f.GrantReturn(a.ID, two.ID, parley.Watch)
	ok(t, err)
	_, err = f.Session(session)
	refused(t, err, parley.NotFound)
	_, err = f.UsePasskey([]byte("lost"), nil, parley.Watch)
	refused(t, err, parley.NotFound)
	_, o, _, err := f.TakeSeat(token)
	if err != nil || o.ID != a.ID {
		t.Errorf("the seat: %+v, %v", o, err)
	}
	_, err = f.GrantReturn(a.ID, two.ID, parley.Watch)
	refused(t, err, parley.NotFound)
	refused(t, f.AskReturn(99, one.ID), parley.NotFound)

	dst := filepath.Join(t.TempDir(), "copy.db")
	ok(t, f.AskReturn(a.ID, one.ID))
	ok(t, f.Backup(t.Context(), dst))
	c, err := Open(dst, gcmSealer(1))
	ok(t, err)
	defer c.Close()
	if list, _ := c.Returns(); len(list) != 0 {
		t.Error("a backup lets somebody in")
	}
}
