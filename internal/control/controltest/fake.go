// Package controltest holds a station in memory for tests of the local socket
// and of the command line: Alder's, with one line to Birch. It keeps the rules
// a command must show (two hands, stale versions, cut paths, burnt
// invitations) and does no cryptography.
package controltest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"parley"
	"parley/internal/station"
)

// Birch is the id of the fake's line.
const Birch = "b1c400000000000000000000000000aa"

// Now is the fake's clock, which stands still: 231412Z NOV 26.
var Now = time.Date(2026, 11, 23, 14, 12, 0, 0, time.UTC)

// Fake is a station in memory. Set Fail to make the act of that name fail. The
// zero value is not usable; call New.
type Fake struct {
	mu       sync.Mutex
	Fail     map[string]error
	officers []station.Officer
	audit    []station.AuditRow
	line     station.Line
	items    []station.Item
	drafts   []station.Draft
	pairs    []station.PairingView
	acked    map[string]bool
	seats    int
	tokens   []station.Token
}

// New returns Alder's station: officers Lt Ruiz (watch, envoy), Amb Hale
// (envoy) and a removed Maj Orr; the line to Birch up; one FLASH question from
// Birch waiting.
func New() *Fake {
	f := &Fake{Fail: map[string]error{}, acked: map[string]bool{}}
	f.officers = []station.Officer{
		{ID: 1, Name: "Admin Stone", Offices: []parley.Office{parley.Administrator}, Active: true},
		{ID: 2, Name: "Lt Ruiz", Offices: []parley.Office{parley.Watch, parley.Envoy}, Active: true},
		{ID: 3, Name: "Amb Hale", Offices: []parley.Office{parley.Envoy}, Active: true},
		{ID: 4, Name: "Maj Orr", Offices: []parley.Office{parley.Watch}},
	}
	id, _ := parley.ParseLineID(Birch)
	f.line = station.Line{
		ID: id, Key: Birch, Name: "Birch", State: "active",
		Us:       station.Party{Code: "alder", Name: "Alder", Languages: []string{"en"}, Promises: []parley.Rung{parley.Opened}, Us: true},
		Them:     []station.Party{{Code: "birch", Name: "Birch", Languages: []string{"zh"}, Promises: []parley.Rung{parley.Opened, parley.Translated}}},
		Offices:  []parley.Office{parley.Principal, parley.Envoy, parley.Watch},
		TwoHands: map[string]bool{"FLASH": true, "IMMEDIATE": true},
		Paths: []station.Path{
			{Name: "QUIC", Peer: "birch", Address: "192.0.2.7:7443", Up: true, RTT: 31 * time.Millisecond, Heard: Now, Since: Now.Add(-time.Hour), Proved: true},
			{Name: "TLS", Peer: "birch", Address: "192.0.2.7:7444", Up: true, RTT: 33 * time.Millisecond, Heard: Now, Since: Now.Add(-time.Hour), Proved: true},
		},
		Tests: station.TestState{Last: Now.Add(-12 * time.Minute), LastRTT: 3 * time.Millisecond, Next: Now.Add(48 * time.Minute), HumanAt: Now.Add(-5 * time.Hour)},
	}
	f.items = []station.Item{question()}
	return f
}

func question() station.Item {
	at := Now.Add(-2 * time.Minute)
	return station.Item{
		ID: "00000000000000b1:41", Line: Birch, Party: "birch", Form: "dispatch", Known: true, Series: "traffic", Serial: 42,
		From: parley.Address{Party: "birch", Office: parley.Envoy}, FromText: "birch/envoy", To: []string{"alder/envoy"},
		Precedence: parley.Flash, PrecedenceText: "FLASH", Marker: parley.Question, MarkerText: "QUESTION",
		Subject: "Aircraft, 14.2N 115.1E", Text: "Is the aircraft at 14.2N 115.1E yours?\nAnswer before 1430Z.", Language: "zh",
		Time: at, DTG: parley.DTG(at), Arrived: at.Add(time.Second), Position: 97, Objective: at.Add(10 * time.Minute),
		Ladder: []station.Step{
			{Rung: parley.Released, Name: "released", Promised: true, At: at},
			{Rung: parley.Stored, Name: "stored", Promised: true, At: at.Add(time.Second), By: "alder"},
			{Rung: parley.Opened, Name: "opened", Promised: true},
		},
		Hash: "6b1f7e0000000000000000000000000000000000000000000000000000000000",
	}
}

// fail returns the error set for an act.
func (f *Fake) fail(act string) error { return f.Fail[act] }

// note adds a row to the audit.
func (f *Fake) note(by station.Officer, act, object string) {
	f.audit = append(f.audit, station.AuditRow{ID: int64(len(f.audit) + 1), At: Now, Officer: by.Name, Act: act, Object: object})
}

// Self is Alder.
func (f *Fake) Self() (parley.PartyCode, string) { return "alder", "Alder" }

// Phones lists one that is registered.
func (f *Fake) Phones(context.Context) ([]station.PhoneView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []station.PhoneView{{Name: "red", Role: "watch", Line: "birch", At: "192.0.2.9:5060", By: "TLS"}}, f.fail("Phones")
}

// Officers lists all four.
func (f *Fake) Officers(context.Context) ([]station.Officer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]station.Officer(nil), f.officers...), f.fail("Officers")
}

func (f *Fake) admin(by station.Officer, what string) error {
	if by.ID != 0 && !by.Holds(parley.Administrator) {
		return parley.Errorf(parley.NotAllowed, "%s: %s is not an administrator", what, by.Name).WithHint("ask an administrator")
	}
	return nil
}

// AddOfficer is for administrators; a name in use is a Conflict.
func (f *Fake) AddOfficer(_ context.Context, by station.Officer, name string, offices []parley.Office) (station.Officer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.admin(by, "adding an officer"); err != nil {
		return station.Officer{}, err
	}
	for _, o := range f.officers {
		if o.Name == name {
			return station.Officer{}, parley.Errorf(parley.Conflict, "adding an officer: %q exists already", name)
		}
	}
	o := station.Officer{ID: int64(len(f.officers) + 1), Name: name, Offices: offices, Active: true}
	f.officers = append(f.officers, o)
	f.note(by, "officer-add", name)
	return o, nil
}

// RemoveOfficer deactivates.
func (f *Fake) RemoveOfficer(_ context.Context, by station.Officer, id int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.admin(by, "removing an officer"); err != nil {
		return err
	}
	for i := range f.officers {
		if f.officers[i].ID == id {
			f.officers[i].Active = false
			f.note(by, "officer-remove", f.officers[i].Name)
			return nil
		}
	}
	return parley.Errorf(parley.NotFound, "no officer has the number %d", id)
}

// SeatLink is refused for an office the officer does not hold.
func (f *Fake) SeatLink(_ context.Context, by station.Officer, id int64, office parley.Office) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.officers {
		if o.ID == id && o.Holds(office) {
			f.seats++
			f.note(by, "seat-link", o.Name)
			return fmt.Sprintf("token-%d", f.seats), nil
		}
	}
	return "", parley.Errorf(parley.NotAllowed, "the officer does not hold the office %s", office)
}

// Audit returns the newest rows first.
func (f *Fake) Audit(_ context.Context, _ station.Officer, limit int) ([]station.AuditRow, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []station.AuditRow
	for i := len(f.audit) - 1; i >= 0 && len(rows) < limit; i-- {
		rows = append(rows, f.audit[i])
	}
	return rows, f.fail("Audit")
}

// Export writes one CBOR item that says what it is, and counts the entries.
func (f *Fake) Export(_ context.Context, by station.Officer, line string, _ bool, w io.Writer) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(line); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(w, "\x83\x00\x6dparley record\x01"); err != nil {
		return 0, err
	}
	f.note(by, "export", line)
	return len(f.items), f.fail("Export")
}
