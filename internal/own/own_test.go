package own

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
)

// gcmSealer is a storage key for tests.
type gcmSealer byte

func (k gcmSealer) gcm() cipher.AEAD {
	b, _ := aes.NewCipher(bytes.Repeat([]byte{byte(k)}, 32))
	g, _ := cipher.NewGCMWithRandomNonce(b)
	return g
}

func (k gcmSealer) Seal(name string, p []byte) []byte { return k.gcm().Seal(nil, nil, p, []byte(name)) }

func (k gcmSealer) Open(name string, b []byte) ([]byte, error) {
	return k.gcm().Open(nil, nil, b, []byte(name))
}

type fixture struct {
	*Store
	path string
	now  time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{path: filepath.Join(t.TempDir(), "own.db"), now: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)}
	f.reopen(t)
	t.Cleanup(func() { f.Store.Close() })
	return f
}

func (f *fixture) reopen(t *testing.T) {
	t.Helper()
	if f.Store != nil {
		ok(t, f.Store.Close())
	}
	s, err := OpenWith(f.path, gcmSealer(1), Options{Now: func() time.Time { return f.now }})
	ok(t, err)
	f.Store = s
}

func (f *fixture) officer(t *testing.T, name string, offices ...parley.Office) Officer {
	t.Helper()
	o, err := f.AddOfficer(name, offices)
	ok(t, err)
	return o
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, k parley.Kind) {
	t.Helper()
	if err == nil || parley.KindOf(err) != k {
		t.Errorf("got error %v (%v), want kind %v", err, parley.KindOf(err), k)
	}
}

var line1 = parley.LineID{1}

func TestOfficers(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, " Ada Marsh ", parley.Watch, parley.Envoy, parley.Watch)
	for _, c := range []struct {
		name    string
		offices []parley.Office
	}{{"", nil}, {"  ", nil}, {"x", []parley.Office{"No Office"}}, {"x", []parley.Office{""}}, {strings.Repeat("x", 201), nil}} {
		_, err := f.AddOfficer(c.name, c.offices)
		refused(t, err, parley.Malformed)
	}
	f.reopen(t)
	got, err := f.Officer(a.ID)
	ok(t, err)
	if fmt.Sprint(got) != fmt.Sprint(a) || got.Name != "Ada Marsh" || !got.Holds(parley.Envoy) || got.Holds(parley.Principal) || len(got.Offices) != 2 {
		t.Errorf("got %+v, want %+v", got, a)
	}
	ok(t, f.RemoveOfficer(a.ID))
	if got, _ := f.Officer(a.ID); got.Active {
		t.Error("still active")
	}
	refused(t, f.RemoveOfficer(99), parley.NotFound)
	refused(t, f.SetOffices(99, nil), parley.NotFound)
	_, err = f.Officer(99)
	refused(t, err, parley.NotFound)
}

func TestSeats(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Watch, parley.Envoy)
	_, err := f.AddSeat(a.ID, parley.Principal)
	refused(t, err, parley.NotAllowed)
	_, err = f.AddSeat(7, parley.Watch)
	refused(t, err, parley.NotFound)
	token, err := f.AddSeat(a.ID, parley.Watch)
	ok(t, err)
	_, _, _, err = f.TakeSeat(token + "x")
	refused(t, err, parley.NotFound)
	session, o, office, err := f.TakeSeat(token)
	ok(t, err)
	if o.ID != a.ID || office != parley.Watch {
		t.Errorf("%+v in %s", o, office)
	}
	_, _, _, err = f.TakeSeat(token)
	refused(t, err, parley.NotFound)
	f.reopen(t)
	if at, err := f.Session(session); err != nil || at.Officer.ID != a.ID || at.Office != parley.Watch || at.Way != ByLink || !at.Locked.IsZero() {
		t.Errorf("%+v, %v", at, err)
	}
	if m, err := f.Manned(parley.Watch); err != nil || !m {
		t.Errorf("manned %v, %v", m, err)
	}
	old, err := f.AddSeat(a.ID, parley.Envoy)
	ok(t, err)
	f.now = f.now.Add(SeatLife)
	_, _, _, err = f.TakeSeat(old)
	refused(t, err, parley.NotFound)
	f.now = f.now.Add(SessionLife)
	_, err = f.Session(session)
	refused(t, err, parley.NotFound)

	token, err = f.AddSeat(a.ID, parley.Watch)
	ok(t, err)
	session, _, _, err = f.TakeSeat(token)
	ok(t, err)
	ok(t, f.SetOffices(a.ID, []parley.Office{parley.Envoy}))
	_, err = f.Session(session)
	refused(t, err, parley.NotFound)
	token, err = f.AddSeat(a.ID, parley.Envoy)
	ok(t, err)
	ok(t, f.RemoveOfficer(a.ID))
	_, _, _, err = f.TakeSeat(token)
	refused(t, err, parley.NotFound)
	_, err = f.AddSeat(a.ID, parley.Envoy)
	refused(t, err, parley.NotAllowed)
	ok(t, f.EndSession(session))
}

func (f *fixture) draft(t *testing.T, by Officer) Draft {
	t.Helper()
	d, err := f.SaveDraft(Draft{Line: line1, Drafter: by.ID, DraftText: DraftText{Form: "dispatch", From: parley.Envoy, To: []string{"birch/envoy"},
		Precedence: parley.Flash, Subject: "the strait", Text: "Is the exercise over?", Language: "en",
		Attachments: []Attachment{{Name: "map.png", Hash: [32]byte{3}, Key: []byte{1, 2}}}}})
	ok(t, err)
	return d
}

func TestDrafts(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	d := f.draft(t, a)
	if d.ID == 0 || d.Version != 1 || d.State != Drafting || d.Began != f.now {
		t.Errorf("%+v", d)
	}
	f.reopen(t)
	got, err := f.Draft(d.ID)
	ok(t, err)
	if fmt.Sprint(got) != fmt.Sprint(d) {
		t.Errorf("got  %+v\nwant %+v", got, d)
	}
	mine, theirs := got, got
	mine.Text = "mine"
	mine, err = f.SaveDraft(mine)
	ok(t, err)
	theirs.Text = "theirs"
	_, err = f.SaveDraft(theirs)
	refused(t, err, parley.Conflict)
	if got, _ := f.Draft(d.ID); got.Text != "mine" || got.Version != 2 {
		t.Errorf("%q at version %d", got.Text, got.Version)
	}
	mine.State = Released
	_, err = f.SaveDraft(mine)
	refused(t, err, parley.NotAllowed)
	_, err = f.SaveDraft(Draft{ID: 77, Line: line1})
	refused(t, err, parley.NotFound)
	_, err = f.Draft(77)
	refused(t, err, parley.NotFound)
	mine.State = Discarded
	mine, err = f.SaveDraft(mine)
	ok(t, err)
	_, err = f.SaveDraft(mine)
	refused(t, err, parley.Conflict)
	if ds, err := f.Drafts(); err != nil || len(ds) != 0 {
		t.Errorf("%d drafts, %v", len(ds), err)
	}
}

// TestReleaseOnce has many officers release one draft at once.
func TestReleaseOnce(t *testing.T) {
	f := newFixture(t)
	d := f.draft(t, f.officer(t, "Ada Marsh", parley.Envoy))
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []Outgoing
	for i := range 8 {
		wg.Go(func() {
			o, err := f.MarkReleased(d.ID, d.Version, int64(i+2), 40, Outgoing{Precedence: parley.Flash, Header: []byte("head"), Fields: []byte("fields")})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, o)
			} else if parley.KindOf(err) != parley.Conflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 || won[0].ID != 41 || won[0].Line != line1 {
		t.Fatalf("released %d times: %+v", len(won), won)
	}
	f.reopen(t)
	ps, err := f.Pending()
	ok(t, err)
	if len(ps) != 1 || fmt.Sprint(ps[0]) != fmt.Sprint(won[0]) {
		t.Fatalf("pending %+v", ps)
	}
	got, err := f.DraftFiled(line1, 41)
	ok(t, err)
	if got.State != Released || got.Filed != 41 || got.Releaser < 2 {
		t.Errorf("%+v", got)
	}
	got.State = Drafting
	_, err = f.SaveDraft(got)
	refused(t, err, parley.Conflict)
	ok(t, f.MarkFiled(line1, 41))
	ok(t, f.MarkFiled(line1, 41))
	refused(t, f.MarkFiled(line1, 42), parley.NotFound)
	if ps, _ := f.Pending(); len(ps) != 0 {
		t.Errorf("pending %+v", ps)
	}
	if o, err := f.Outgoing(line1, 41); err != nil || !o.Filed || len(o.Header) == 0 || len(o.Fields) == 0 { // it stays
		t.Errorf("%+v, %v", o, err)
	}
	_, err = f.DraftFiled(line1, 0)
	refused(t, err, parley.NotFound)
}

// TestReleaseAll releases many drafts in one act: ids rise in their order, one
// that is refused stands in nobody's way, and the audit has those that went.
func TestReleaseAll(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	var rs []Release
	for range 5 {
		d := f.draft(t, a)
		rs = append(rs, Release{Draft: d.ID, Version: d.Version, Releaser: 2, Item: Outgoing{Precedence: parley.Routine, Header: []byte("h")},
			Audit: AuditRow{Officer: 2, Name: "Ben Holt", Act: "release", Object: fmt.Sprint("draft ", d.ID)}})
	}
	rs[1].Version++   // changed meanwhile
	rs[3].Draft = 999 // never was
	var told []Outcome
	out, err := f.ReleaseAll(7, rs, func(o []Outcome) { told = o })
	ok(t, err)
	if len(told) != len(rs) || fmt.Sprint(told) != fmt.Sprint(out) {
		t.Errorf("told %v, then %v", told, out)
	}
	refused(t, out[1].Err, parley.Conflict)
	refused(t, out[3].Err, parley.NotFound)
	for i, want := range []uint64{8, 0, 9, 0, 10} {
		if out[i].ID != want {
			t.Errorf("release %d is filed as %d, want %d", i, out[i].ID, want)
		}
	}
	f.reopen(t)
	ps, err := f.Pending()
	ok(t, err)
	if len(ps) != 3 || ps[0].Draft != rs[0].Draft || ps[1].Draft != rs[2].Draft || ps[2].Draft != rs[4].Draft {
		t.Errorf("pending %+v", ps)
	}
	rows, err := f.Audit(10)
	ok(t, err)
	if n, _, err := f.CheckAudit(); err != nil || n != 3 || rows[2].Object != rs[0].Audit.Object || rows[0].Object != rs[4].Audit.Object {
		t.Errorf("audit of %d rows, %v: %+v", n, err, rows)
	}
}

// TestRaiseAll raises many alarms in one act as one after the other.
func TestRaiseAll(t *testing.T) {
	f := newFixture(t)
	as := []Alarm{{Line: line1, Code: "routine", Item: "a", Text: "one"}, {Line: line1, Code: "routine", Item: "b", Text: "two"}, {Line: line1, Code: "flash", Item: "c"}}
	got, err := f.RaiseAll(as)
	ok(t, err)
	if len(got) != 3 || !got[0].Sounds || got[1].Sounds || !got[2].Sounds || got[1].ID != got[0].ID || got[1].Count != 2 || got[1].Text != "two" || got[1].Item != "b" || got[2].Count != 1 {
		t.Errorf("%+v", got)
	}
	if all, err := f.Alarms(true, 10); err != nil || len(all) != 2 {
		t.Errorf("%d alarms, %v", len(all), err)
	}
}

func TestReleaseRefusals(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	d := f.draft(t, a)
	_, err := f.MarkReleased(d.ID, d.Version-1, 2, 0, Outgoing{})
	refused(t, err, parley.Conflict)
	_, err = f.MarkReleased(99, 1, 2, 0, Outgoing{})
	refused(t, err, parley.NotFound)
	d.State = Returned
	d, err = f.SaveDraft(d)
	ok(t, err)
	_, err = f.MarkReleased(d.ID, d.Version, 2, 0, Outgoing{})
	refused(t, err, parley.Conflict)
	if ps, _ := f.Pending(); len(ps) != 0 {
		t.Errorf("a refused release reserved %+v", ps)
	}
	d.State = Submitted
	d, err = f.SaveDraft(d)
	ok(t, err)
	o, err := f.MarkReleased(d.ID, d.Version, 2, 0, Outgoing{})
	ok(t, err)
	if o.ID != 1 {
		t.Errorf("id %d", o.ID)
	}
}

func TestIntend(t *testing.T) {
	f := newFixture(t)
	o := Outgoing{Line: line1, Key: "opened 05:6", Header: []byte("h"), Fields: []byte("f")}
	first, fresh, err := f.Intend(9, o)
	ok(t, err)
	again, fresh2, err := f.Intend(20, o)
	ok(t, err)
	if !fresh || fresh2 || first.ID != 10 || fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("%v %+v, then %v %+v", fresh, first, fresh2, again)
	}
	o.Key = "opened 05:7"
	next, _, err := f.Intend(5, o)
	ok(t, err)
	if next.ID != 11 {
		t.Errorf("id %d, want it to rise", next.ID)
	}
}

func TestTranslations(t *testing.T) {
	f := newFixture(t)
	a, b := f.officer(t, "Ada Marsh", parley.Translator), f.officer(t, "Ben Holt", parley.Translator)
	tr, err := f.AddTranslation(Translation{Line: line1, Item: "05:6", Language: "en", Text: "We agree to meet.", Maker: a.ID})
	ok(t, err)
	_, err = f.ReviewTranslation(tr.ID, a.ID)
	refused(t, err, parley.NotAllowed)
	_, err = f.ReviewTranslation(99, b.ID)
	refused(t, err, parley.NotFound)
	done, err := f.ReviewTranslation(tr.ID, b.ID)
	ok(t, err)
	_, err = f.ReviewTranslation(tr.ID, b.ID)
	refused(t, err, parley.Conflict)
	f.reopen(t)
	ts, err := f.Translations(line1, "05:6")
	ok(t, err)
	if len(ts) != 1 || ts[0] != done || ts[0].Reviewed != f.now {
		t.Errorf("%+v", ts)
	}
	if ts, _ := f.Translations(parley.LineID{2}, "05:6"); len(ts) != 0 {
		t.Error("another line's")
	}
}

func TestWatch(t *testing.T) {
	f := newFixture(t)
	a, b := f.officer(t, "Ada Marsh"), f.officer(t, "Ben Holt")
	if _, ok, err := f.TakenBy(line1, "i"); ok || err != nil {
		t.Error("taken by nobody")
	}
	ok(t, f.Take(line1, "i", a.ID))
	ok(t, f.Take(line1, "i", b.ID))
	if m, _, err := f.TakenBy(line1, "i"); err != nil || m.Officer != b.ID {
		t.Errorf("%+v, %v", m, err)
	}
	ok(t, f.MarkOpened(line1, "i", b.ID))
	first := f.now
	f.now = f.now.Add(time.Minute)
	ok(t, f.MarkOpened(line1, "i", a.ID))
	ok(t, f.MarkOpened(line1, "i", b.ID))
	if ms, err := f.OpenedBy(line1, "i"); err != nil || len(ms) != 2 || ms[0] != (Mark{b.ID, first}) || ms[1].Officer != a.ID {
		t.Errorf("%+v, %v", ms, err)
	}
	_, err := f.AddNote(Note{Line: line1, Item: "i", Officer: a.ID, Text: "ask again tomorrow"})
	ok(t, err)
	if ns, err := f.Notes(line1, "i"); err != nil || len(ns) != 1 || ns[0].Text != "ask again tomorrow" {
		t.Errorf("%+v, %v", ns, err)
	}
	if _, ok, err := f.LastHandOver(); ok || err != nil {
		t.Error("a hand-over before any")
	}
	_, err = f.AddHandOver(a.ID, "quiet")
	ok(t, err)
	h, err := f.AddHandOver(b.ID, "one open question")
	ok(t, err)
	if got, is, err := f.LastHandOver(); err != nil || !is || got != h {
		t.Errorf("%+v, %v", got, err)
	}
	ok(t, f.SetSetting("desk", []byte("dark")))
	ok(t, f.SetSetting("desk", []byte("light")))
	if v, is, err := f.Setting("desk"); err != nil || !is || string(v) != "light" {
		t.Errorf("%q, %v", v, err)
	}
	ok(t, f.SetSetting("desk", nil))
	if _, is, err := f.Setting("desk"); err != nil || is {
		t.Error("the setting is still there")
	}
}

func TestAudit(t *testing.T) {
	f := newFixture(t)
	for i := range 5 {
		_, err := f.AddAudit(AuditRow{Officer: 1, Name: "Ada Marsh", Act: "open", Object: fmt.Sprint("item ", i), Detail: "read on the screen"})
		ok(t, err)
	}
	rows, err := f.Audit(2)
	ok(t, err)
	if len(rows) != 2 || rows[0].ID != 5 || rows[0].Object != "item 4" || rows[0].Detail != "read on the screen" || rows[0].At != f.now {
		t.Errorf("%+v", rows)
	}
	n, last, err := f.CheckAudit()
	ok(t, err)
	if n != 5 || last != rows[0].Hash {
		t.Errorf("%d rows", n)
	}
	for _, q := range []string{"UPDATE audit SET act = 'x' WHERE id = 3", "DELETE FROM audit WHERE id = 3"} {
		if _, err := f.db.Exec(q); err == nil {
			t.Errorf("%s was let through", q)
		}
	}
	_, err = f.db.Exec("DROP TRIGGER audit_fixed; DROP TRIGGER audit_kept")
	ok(t, err)
	for _, c := range []struct{ spoil, restore string }{
		{"UPDATE audit SET act = 'close' WHERE id = 3", "UPDATE audit SET act = 'open' WHERE id = 3"},
		{"UPDATE audit SET at = at + 1 WHERE id = 3", "UPDATE audit SET at = at - 1 WHERE id = 3"},
		{"UPDATE audit SET name = 'Ben', act = 'Marshopen' WHERE id = 3", ""},
	} {
		_, err = f.db.Exec(c.spoil)
		ok(t, err)
		n, _, err := f.CheckAudit()
		refused(t, err, parley.Corrupt)
		if n != 2 {
			t.Errorf("%s: good up to %d, want 2", c.spoil, n)
		}
		_, err = f.db.Exec(c.restore)
		ok(t, err)
	}
	_, err = f.db.Exec("DELETE FROM audit WHERE id = 3")
	ok(t, err)
	_, _, err = f.CheckAudit()
	refused(t, err, parley.Corrupt)
}

// TestAlarmsOfOnePeer holds one peer to one alarm a minute, whatever it does.
func TestAlarmsOfOnePeer(t *testing.T) {
	f := newFixture(t)
	raise := func(peer parley.PartyCode, code string) (Alarm, bool) {
		a, sounds, err := f.Raise(Alarm{Line: line1, Peer: peer, Code: code, Item: "05:1", Text: code}, false)
		ok(t, err)
		return a, sounds
	}
	first, sounds := raise("birch", "unreadable")
	if !sounds {
		t.Fatal("the first is silent")
	}
	for i, code := range []string{"priority", "quota", "routine", "unreadable"} {
		if a, sounds := raise("birch", code); sounds || a.ID != first.ID || a.Count != i+2 || a.Code != "unreadable" {
			t.Errorf("%s: %+v, %v", code, a, sounds)
		}
	}
	ok(t, f.Silence(first.ID, 3))
	if _, sounds := raise("birch", "quota"); sounds {
		t.Error("a silenced peer sounds again within the minute")
	}
	flash, sounds := raise("birch", "flash")
	if !sounds || flash.Code != "flash" || flash.Count != 7 || !flash.Silenced.IsZero() {
		t.Errorf("a FLASH was kept quiet by what came before: %+v, %v", flash, sounds)
	}
	if a, sounds := raise("birch", "violation"); sounds || a.ID != flash.ID || a.Code != "flash" {
		t.Errorf("%+v, %v", a, sounds)
	}
	if _, sounds := raise("cedar", "quota"); !sounds {
		t.Error("another peer's was swallowed")
	}
	if _, sounds := raise("", "line-down"); !sounds {
		t.Error("one of ours was swallowed")
	}
	as, err := f.Alarms(true, 10)
	ok(t, err)
	if len(as) != 3 {
		t.Errorf("%d alarms: %+v", len(as), as)
	}
	f.now = f.now.Add(AlarmEvery)
	if a, sounds := raise("birch", "quota"); !sounds || a.Count != 1 {
		t.Errorf("a minute later: %+v, %v", a, sounds)
	}
}

// TestAlarmsOfCalls: a call and a FLASH do not keep one another quiet; one that
// rang no more lets the next sound, and one that an officer silenced does not for
// a minute.
func TestAlarmsOfCalls(t *testing.T) {
	f := newFixture(t)
	raise := func(code, item string) (Alarm, bool) {
		a, sounds, err := f.Raise(Alarm{Line: line1, Peer: "birch", Code: code, Item: item, Text: code}, false)
		ok(t, err)
		return a, sounds
	}
	first, sounds := raise("call", "05:1")
	if !sounds {
		t.Fatal("a call is silent")
	}
	if _, sounds := raise("flash", "05:2"); !sounds {
		t.Error("a FLASH is kept quiet by a call")
	}
	if _, sounds := raise("priority", "05:3"); sounds {
		t.Error("beside a FLASH it sounds")
	}
	ok(t, f.SilenceItem(line1, "call", ""))
	f.now = f.now.Add(callAgain - time.Second)
	if a, sounds := raise("call", "05:4"); sounds || a.ID != first.ID {
		t.Errorf("a call sounds again at once: %+v", a)
	}
	f.now = f.now.Add(callAgain)
	second, sounds := raise("call", "05:5")
	if !sounds || second.ID == first.ID || second.Item != "05:5" {
		t.Errorf("the next call: %+v, %v", second, sounds)
	}
	ok(t, f.Silence(second.ID, 3))
	f.now = f.now.Add(AlarmEvery - time.Second)
	if _, sounds := raise("call", "05:6"); sounds {
		t.Error("what an officer silenced sounds again within the minute")
	}
	f.now = f.now.Add(AlarmEvery)
	if _, sounds := raise("call", "05:7"); !sounds {
		t.Error("a minute later a call is silent")
	}
}

func TestAlarms(t *testing.T) {
	f := newFixture(t)
	a := Alarm{Line: line1, Peer: "birch", Code: "flash", Item: "05:1", Text: "FLASH from Birch"}
	first, sounds, err := f.Raise(a, false)
	ok(t, err)
	a.Item = "05:2"
	second, again, err := f.Raise(a, false)
	ok(t, err)
	if !sounds || again || second.ID != first.ID || second.Count != 2 || second.Item != "05:2" {
		t.Errorf("%+v, %+v", first, second)
	}
	other := a
	other.Peer = "cedar"
	if _, sounds, _ := f.Raise(other, false); !sounds {
		t.Error("another peer's was swallowed")
	}
	ok(t, f.Silence(first.ID, 3))
	ok(t, f.Silence(first.ID, 4))
	refused(t, f.Silence(99, 3), parley.NotFound)
	if _, sounds, _ := f.Raise(a, false); sounds {
		t.Error("sounded twice within a minute")
	}
	f.now = f.now.Add(AlarmEvery)
	if al, sounds, _ := f.Raise(a, false); !sounds || al.Count != 1 {
		t.Errorf("after a minute: %+v", al)
	}
	late := Alarm{Line: line1, Code: "overdue", Item: "05:1"}
	for i, want := range []bool{true, false, false} {
		if _, sounds, err := f.Raise(late, true); err != nil || sounds != want {
			t.Errorf("overdue %d: %v, %v", i, sounds, err)
		}
		ok(t, f.SilenceItem(line1, "overdue", "05:1"))
		f.now = f.now.Add(time.Hour)
	}
	late.Item = "05:2"
	if _, sounds, _ := f.Raise(late, true); !sounds {
		t.Error("another entry's was swallowed")
	}
	f.reopen(t)
	as, err := f.Alarms(false, 10)
	ok(t, err)
	if len(as) != 3 || as[0].Code != "overdue" || as[2].Peer != "cedar" {
		t.Errorf("%+v", as)
	}
	ok(t, f.Silence(0, 3))
	if as, _ := f.Alarms(false, 10); len(as) != 0 {
		t.Errorf("%+v", as)
	}
	if as, _ := f.Alarms(true, 10); len(as) != 5 || as[4].Officer != 3 {
		t.Errorf("%+v", as)
	}
}

// TestSealedAndBackup looks for what people wrote, and for tokens, in the files.
func TestSealedAndBackup(t *testing.T) {
	f := newFixture(t)
	a := f.officer(t, "Ada Marsh", parley.Envoy)
	f.draft(t, a)
	const phrase = "lighthouse-at-the-cape"
	_, err := f.AddTranslation(Translation{Line: line1, Item: "i", Text: phrase, Maker: a.ID})
	ok(t, err)
	_, err = f.AddNote(Note{Line: line1, Officer: a.ID, Text: phrase})
	ok(t, err)
	_, err = f.AddHandOver(a.ID, phrase)
	ok(t, err)
	_, err = f.AddAudit(AuditRow{Detail: phrase})
	ok(t, err)
	_, _, err = f.Raise(Alarm{Text: phrase}, false)
	ok(t, err)
	ok(t, f.SetSetting("x", []byte(phrase)))
	_, _, err = f.Intend(0, Outgoing{Key: "k", Fields: []byte(phrase)})
	ok(t, err)
	seat, err := f.AddSeat(a.ID, parley.Envoy)
	ok(t, err)
	dst := filepath.Join(t.TempDir(), "own-backup.db")
	ok(t, f.Backup(context.Background(), dst))
	refused(t, f.Backup(context.Background(), dst), parley.Conflict)
	for _, path := range []string{f.path, f.path + "-wal", dst} {
		b, err := os.ReadFile(path)
		ok(t, err)
		for _, word := range []string{phrase, "the strait", "Is the exercise over", seat, "map.png"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s holds %q", filepath.Base(path), word)
			}
		}
		if path == dst && bytes.Contains(b, tokenSum(seat)) {
			t.Error("the backup holds a seat")
		}
	}
	c, err := Open(dst, gcmSealer(1))
	ok(t, err)
	defer c.Close()
	if ds, err := c.Drafts(); err != nil || len(ds) != 1 || ds[0].Subject != "the strait" {
		t.Errorf("%+v, %v", ds, err)
	}
	_, _, _, err = c.TakeSeat(seat)
	refused(t, err, parley.NotFound)
}

func TestOpenRefusals(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	ok(t, os.WriteFile(garbage, bytes.Repeat([]byte("not a database "), 1000), 0o600))
	_, err := Open(garbage, gcmSealer(1))
	refused(t, err, parley.Corrupt)
	for name, pragma := range map[string]string{"foreign": "PRAGMA user_version = 1", "newer": fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 99", applicationID)} {
		path := filepath.Join(dir, name+".db")
		db, err := sql.Open("sqlite", path)
		ok(t, err)
		_, err = db.Exec(pragma)
		ok(t, err)
		ok(t, db.Close())
		_, err = Open(path, gcmSealer(1))
		refused(t, err, parley.Unsupported)
	}
	f := newFixture(t)
	d := f.draft(t, f.officer(t, "Ada Marsh"))
	other, err := Open(f.path, gcmSealer(2))
	ok(t, err)
	_, err = other.Draft(d.ID)
	refused(t, err, parley.Corrupt)
	ok(t, other.Close())
	_, err = other.Draft(d.ID)
	refused(t, err, parley.Unavailable)
	_, err = other.SaveDraft(Draft{})
	refused(t, err, parley.Unavailable)
}

func FuzzSplitItem(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 'h', 'f'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, v, ok := splitItem(b); ok && len(h)+len(v)+4 != len(b) {
			t.Errorf("%x: %d + %d bytes", b, len(h), len(v))
		}
	})
}
