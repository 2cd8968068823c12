package desktest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/internal/station"
)

// Lines of the fake.
const (
	Birch = "6f0e19c2a4b85d3370f1e2d3c4b5a697"
	Cedar = "c3da9d10b2e7465f8a90b1c2d3e4f506"
)

// Seat tokens of the fake. Each works once.
const (
	WatchToken = "watch-4f2c"
	EnvoyToken = "envoy-77d0"
	AdminToken = "admin-19e4"
)

// Station is a station in memory. Its fields may be set before it is used, and
// under Lock while it is.
type Station struct {
	sync.Mutex
	Now       func() time.Time
	LineList  []station.Line
	Items     []*station.Item
	Texts     map[string]string // of items not opened yet, by id
	DraftMap  map[int64]*station.Draft
	AlarmSet  []*station.Alarm
	People    []station.Officer
	Rows      []station.AuditRow
	Pairs     []station.PairingView
	HandedAt  time.Time
	Keys      []station.Passkey
	Waiting   []station.Return
	Shut      map[string]time.Time      // locked sessions
	Fail      map[string]error          // by method name: the error it returns
	Assented  bool                      // our side has assented to the amendment that waits
	Amended   int                       // how often the charter in force has changed
	Agreed    bool                      // our side has agreed to Birch's exercise
	Left      bool                      // our side has left
	Begun     map[string][]station.Mode // by line: what our side began
	Proposals map[string]bool           // by hash: what our side proposed
	Three     bool                      // translations take three marks
	TextList  []station.TestText
	Kept      []station.Template
	Calls     []string // methods that changed something, with their arguments
	Watch     station.OnWatch
	Shifts    []station.Shift
	Handed    []station.HandOver // newest first
	Called    []station.Callout
	Told      map[string][]station.Told // by item
	Promised  []station.Promise
	Stands    station.Condition
	CallDays  station.CheckCalls
	Levels    map[string][]string // who arranges contacts
	Browsers  map[string][]byte   // key of the browser of a session
	Quiet     string              // offices of Birch that are due for a check call, "party/office, party/office"

	Contacting []station.Contact     // with Birch, the newest first
	tame       bool                  // nothing is there to try the pages: see Scene
	Held       []station.RegisterRow // with Birch, the newest first
	Say        station.Statements    // what is said of the contact Spoken
	Secret     string                // words that are not released
	Quoting    bool                  // what our side says quotes the memcon Hushed
	Subscribed []station.Feed
	Todos      []station.Todo // more to do next
	CalledFor  string         // the contact that the newest call before was rung for
	OnCall     string         // what goes on with Birch: NoCall and the others
	GuestAway  bool           // who has GuestSecret has not joined
	memconRows []*memconRow
	memNotes   []station.MemNote // of Lt Ruiz

	tokens   map[string]seat
	sessions map[string]seat
	subs     map[chan station.Event]bool
	seq      int64
	next     int64
	sat      int // how many sessions there ever were
}

type seat struct {
	officer int64
	office  parley.Office
}

// New returns a station with a busy watch at the given time.
func New(now func() time.Time) *Station {
	s := &Station{Now: now, Texts: map[string]string{}, DraftMap: map[int64]*station.Draft{}, Fail: map[string]error{}, Shut: map[string]time.Time{}, Browsers: map[string][]byte{},
		Begun: map[string][]station.Mode{}, Proposals: map[string]bool{},
		sessions: map[string]seat{}, subs: map[chan station.Event]bool{}, next: 100}
	s.people()
	s.lines()
	s.items()
	s.drafts()
	s.rest()
	s.prepared()
	s.keeping()
	s.contacts()
	s.memcons()
	s.spoken()
	return s
}

// Tell sends an event to everybody who listens.
func (s *Station) Tell(kind, line, item string) {
	s.seq++
	e := station.Event{Seq: s.seq, Kind: kind, Line: line, Item: item, At: s.Now()}
	for ch := range s.subs {
		select {
		case ch <- e:
		default:
		}
	}
}

// Listeners is how many streams listen.
func (s *Station) Listeners() int {
	s.Lock()
	defer s.Unlock()
	return len(s.subs)
}

// did notes a call; the caller holds the lock.
func (s *Station) did(format string, args ...any) {
	s.Calls = append(s.Calls, fmt.Sprintf(format, args...))
}

// Did reports whether a call with this text was made.
func (s *Station) Did(text string) bool {
	s.Lock()
	defer s.Unlock()
	return slices.Contains(s.Calls, text)
}

func (s *Station) audit(by station.Officer, act, object, detail string) {
	s.Rows = append(s.Rows, station.AuditRow{ID: int64(len(s.Rows) + 1), At: s.Now(), Officer: by.Name, Act: act, Object: object, Detail: detail})
}

// Self is Alder.
func (s *Station) Self() (parley.PartyCode, string) { return "alder", "Alder" }

// Lines returns the lines. One that is up was proved two seconds ago.
func (s *Station) Lines(context.Context) ([]station.Line, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail["Lines"]; err != nil {
		return nil, err
	}
	for i := range s.LineList {
		if l := &s.LineList[i].Lamp; l.State == station.LampUp {
			l.Proved = s.Now().Add(-2 * time.Second)
		}
	}
	return slices.Clone(s.LineList), nil
}

// Line finds a line by its id, a prefix of it, or the other side's name.
func (s *Station) Line(_ context.Context, line string) (station.Line, error) {
	s.Lock()
	defer s.Unlock()
	return s.line(line)
}

func (s *Station) line(name string) (station.Line, error) {
	for _, l := range s.LineList {
		if l.Key == name || len(name) >= 4 && strings.HasPrefix(l.Key, name) || strings.EqualFold(l.Name, name) {
			return l, nil
		}
	}
	return station.Line{}, parley.Errorf(parley.NotFound, "no line %q", name)
}

func (s *Station) find(line, id string) (*station.Item, error) {
	if _, err := s.line(line); err != nil {
		return nil, err
	}
	for _, it := range s.Items {
		if it.ID == id && it.Line == line {
			return it, nil
		}
	}
	return nil, parley.Errorf(parley.NotFound, "no entry %q", id)
}

// Board gathers what waits.
func (s *Station) Board(_ context.Context, o station.Officer, line string) (station.Board, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail["Board"]; err != nil {
		return station.Board{}, err
	}
	b := station.Board{Now: s.Now(), HandOver: s.HandedAt}
	s.kept(&b)
	for _, it := range s.Items {
		if line == "" || it.Line == line {
			s.onBoard(&b, *it)
		}
	}
	slices.SortStableFunc(b.WaitingUs, func(x, y station.Item) int { return int(y.Precedence) - int(x.Precedence) })
	slices.SortStableFunc(b.Since, func(x, y station.Item) int { return x.Arrived.Compare(y.Arrived) })
	for _, id := range s.draftIDs() {
		if d := s.DraftMap[id]; d.State == "submitted" {
			b.Drafts = append(b.Drafts, *d)
			b.DoNext = append(b.DoNext, station.Todo{Act: "release", Item: fmt.Sprint(id), Text: d.Subject})
		}
	}
	b.DoNext = append(b.DoNext, s.Todos...)
	slices.SortStableFunc(b.DoNext, func(x, y station.Todo) int { // the real before what is exercise, the due before what is not
		rank := func(t station.Todo) int64 {
			switch {
			case t.Exercise != "":
				return 1 << 62
			case t.Due.IsZero():
				return 1 << 61
			}
			return t.Due.Unix()
		}
		return cmp.Compare(rank(x), rank(y))
	})
	for _, a := range s.AlarmSet {
		if !a.Silenced {
			b.Alarms = append(b.Alarms, *a)
		}
	}
	return b, nil
}

func (s *Station) onBoard(b *station.Board, it station.Item) {
	if it.Series == "traffic" && it.Time.After(b.Last) {
		b.Last = it.Time
	}
	if it.Arrived.After(s.HandedAt) && !it.Ours {
		b.Since = append(b.Since, it)
	}
	if len(it.Ladder) == 0 {
		return
	}
	opened := Reached(it, parley.Opened)
	switch {
	case !it.Ours && !opened:
		b.WaitingUs = append(b.WaitingUs, it)
		b.DoNext = append(b.DoNext, station.Todo{Act: "open", Item: it.ID, Text: it.Subject, Due: it.Objective, Exercise: it.Exercise})
		if it.Precedence == parley.Flash {
			b.Flash = append(b.Flash, it)
		}
	case !it.Ours && it.Marker == parley.Question && !Reached(it, parley.Answered):
		b.WaitingUs = append(b.WaitingUs, it)
		b.DoNext = append(b.DoNext, station.Todo{Act: "answer", Item: it.ID, Text: it.Subject})
	case it.Ours && !opened:
		b.WaitingThem = append(b.WaitingThem, it)
	}
	s.callOut(b, &it)
}

// Reached reports whether an item has reached a rung.
func Reached(it station.Item, r parley.Rung) bool {
	for _, st := range it.Ladder {
		if st.Rung == r && !st.At.IsZero() {
			return true
		}
	}
	return false
}

// Record pages through the items in record order.
func (s *Station) Record(_ context.Context, line string, f station.Filter) (station.Page, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.line(line); err != nil {
		return station.Page{}, err
	}
	var p station.Page
	for _, it := range s.Items {
		if it.Line != line || !fits(*it, f) {
			continue
		}
		p.Total++
		if !it.Settled {
			p.Unsettled = append(p.Unsettled, *it)
		} else if (f.After == 0 || it.Position > f.After) && (f.Before == 0 || it.Position < f.Before) {
			p.Settled = append(p.Settled, *it)
		}
	}
	slices.SortFunc(p.Settled, func(a, b station.Item) int { return int(a.Position - b.Position) })
	if f.After == 0 {
		slices.Reverse(p.Settled)
	}
	if limit := f.Limit; limit > 0 && len(p.Settled) > limit {
		p.Settled = p.Settled[:limit]
	}
	return p, nil
}

func fits(it station.Item, f station.Filter) bool {
	if f.Form != "" && it.Form != f.Form || f.Party != "" && it.Party != f.Party || f.Office != "" && it.From.Office != f.Office {
		return false
	}
	if f.Plain && it.Series == "" && it.Form != "opened" {
		return false
	}
	return f.Query == "" || strings.Contains(strings.ToLower(it.Subject+" "+it.Text+fmt.Sprintf(" %04d", it.Serial)), strings.ToLower(f.Query))
}

// Item returns an item without audit.
func (s *Station) Item(_ context.Context, line, id string) (station.Item, error) {
	s.Lock()
	defer s.Unlock()
	it, err := s.find(line, id)
	if err != nil {
		return station.Item{}, err
	}
	return *it, nil
}

// Alarms returns every alarm, newest first.
func (s *Station) Alarms(context.Context) ([]station.Alarm, error) {
	s.Lock()
	defer s.Unlock()
	var list []station.Alarm
	for _, a := range s.AlarmSet {
		list = append(list, *a)
	}
	slices.Reverse(list)
	return list, nil
}

// Subscribe listens.
func (s *Station) Subscribe() (<-chan station.Event, func()) {
	s.Lock()
	defer s.Unlock()
	ch := make(chan station.Event, 16)
	s.subs[ch] = true
	return ch, func() {
		s.Lock()
		defer s.Unlock()
		delete(s.subs, ch)
	}
}

// Attachment returns a small file.
func (s *Station) Attachment(_ context.Context, by station.Officer, line, id string, n int) (string, string, io.ReadCloser, error) {
	s.Lock()
	defer s.Unlock()
	it, err := s.find(line, id)
	if err != nil {
		return "", "", nil, err
	}
	if n < 0 || n >= len(it.Attachments) {
		return "", "", nil, parley.Errorf(parley.NotFound, "no attachment %d", n)
	}
	s.audit(by, "open attachment", id, it.Attachments[n].Name)
	a := it.Attachments[n]
	return a.Name, a.Type, io.NopCloser(strings.NewReader("file of " + id)), nil
}

// Proof returns a stand-in.
func (s *Station) Proof(_ context.Context, by station.Officer, line, id string, header bool) ([]byte, error) {
	s.Lock()
	defer s.Unlock()
	it, err := s.find(line, id)
	if err != nil {
		return nil, err
	}
	s.audit(by, "proof", id, "")
	return fmt.Appendf(nil, "proof of %s header=%v", it.ID, header), nil
}

// SilenceProof returns a stand-in.
func (s *Station) SilenceProof(_ context.Context, by station.Officer, line, id string) ([]byte, error) {
	s.Lock()
	defer s.Unlock()
	if _, err := s.find(line, id); err != nil {
		return nil, err
	}
	return []byte("silence of " + id), nil
}

// Export writes one line per item.
func (s *Station) Export(_ context.Context, by station.Officer, line string, open bool, w io.Writer) (int, error) {
	s.Lock()
	defer s.Unlock()
	if err := s.Fail["Export"]; err != nil {
		return 0, err
	}
	s.audit(by, "export", line, fmt.Sprint("open=", open))
	n := 0
	for _, it := range s.Items {
		if it.Line == line {
			n++
			if _, err := fmt.Fprintln(w, it.ID); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
