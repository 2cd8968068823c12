package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"parley"
	"parley/internal/call"
	"parley/internal/call/tape"
	"parley/internal/contact"
	"parley/internal/form"
	"parley/internal/own"
)

// recordingsDir holds what was recorded of calls: a directory a line, in it one a
// call. It is in no backup.
const recordingsDir = "recordings"

// mayRecord refuses to record a call where the charter in force does not say that
// calls are recorded.
func (l *liveLine) mayRecord() error {
	rule := l.charter().Recording
	if rule == call.CallsAreRecorded {
		return nil
	}
	return parley.Errorf(parley.NotAllowed, "this call would be recorded, and the charter in force does not say %q: it says %q", call.CallsAreRecorded, form.Visible(rule)).
		WithHint("ring without recording, or amend the charter first")
}

// tapeShelf is what a line keeps of its recordings.
type tapeShelf struct {
	looked atomic.Bool // nothing waits to be filed
	busy   atomic.Bool // somebody files
}

// shelf is where the recordings of a call are.
func (s *Station) shelf(l *liveLine, ref parley.Ref) tape.Shelf {
	id := ref.String()
	return tape.Shelf{Dir: filepath.Join(s.cfg.path(recordingsDir), l.id.String(), strings.ReplaceAll(id, ":", "-")), Of: l.id.String() + " " + id, Storage: s.storage}
}

// beginTape begins to record a call that says so, where the charter lets it.
func (s *Station) beginTape(l *liveLine, c *call.Call, lc *liveCall) {
	if lc.recorded = c.Recorded(); !lc.recorded {
		return
	}
	if err := l.mayRecord(); err != nil {
		lc.noTape("the charter in force does not let calls be recorded")
		return
	}
	shelf := s.shelf(l, c.Ring.Ref)
	first, err := nextFile(shelf, c, l.us)
	if err == nil && s.low.Load() {
		err = diskKept()
	}
	var t *tape.Tape
	if err == nil {
		l.tapeShelf.looked.Store(false)
		t, err = tape.New(tape.Options{Shelf: shelf, First: first, Now: s.now, Create: s.calling.create, Failed: func(err error) { s.tapeFails(lc, err) }})
	}
	if err != nil {
		s.tapeFails(lc, err)
		return
	}
	lc.tape = t
}

// nextFile is a number that no file of ours of a call has or had.
func nextFile(shelf tape.Shelf, c *call.Call, us parley.PartyCode) (n uint64, err error) {
	open, filed, err := shelf.List()
	for _, x := range append(open, filed...) {
		n = max(n, x)
	}
	for _, e := range c.Tapings {
		if e.Party != us {
			continue
		}
		for _, v := range e.Form.(*call.Recording).Voices {
			n = max(n, v.File)
		}
	}
	return n + 1, err
}

// noTape says on the page why a call that should be recorded is not, here.
func (c *liveCall) noTape(why string) {
	c.mu.Lock()
	c.untaped = why
	c.mu.Unlock()
	c.line.emit("call", c.line.id.String(), c.ref.String())
}

// tapeFails says that a call is no longer recorded here. The call goes on.
func (s *Station) tapeFails(c *liveCall, err error) {
	c.noTape(err.Error())
	s.alarms(c.line, own.Alarm{Code: "recording", Item: c.ref.String(), Text: fmt.Sprintf("The call is no longer recorded here: %v. It goes on; what was recorded until now is kept. Tell everybody on the call.", err)})
}

// endTape ends the recording of a call here: nothing more of it is written.
func (c *liveCall) endTape() {
	if c.tape != nil {
		c.tape.Close()
		c.line.tapeShelf.looked.Store(false)
	}
}

// lookAtTapes ends the recording of a call that runs when the charter no longer lets
// it, or the disk is kept for our logs, and says so; and files what waits for it.
func (s *Station) lookAtTapes(ctx context.Context, l *liveLine) {
	defer s.fileTapes(ctx, l)
	c, err := s.liveCall(l)
	if err != nil || c.tape == nil || !c.tape.Open() {
		return
	}
	err = l.mayRecord()
	if err == nil && s.low.Load() {
		err = diskKept()
	}
	if err != nil {
		c.endTape()
		s.tapeFails(c, err)
	}
}

// taping says how the recording of a call stands: "" it is not to be recorded,
// "on", "stopped" and why.
func (c *liveCall) taping() (state, why string) {
	if !c.recorded {
		return "", ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tape != nil && c.tape.Open() && c.untaped == "" {
		return "on", ""
	}
	return "stopped", c.untaped
}

// fileTapes files what was recorded and does not stand on the record yet: after a
// call, and after a start for what a crash left.
func (s *Station) fileTapes(ctx context.Context, l *liveLine) {
	if l.tapeShelf.looked.Load() || !l.tapeShelf.busy.CompareAndSwap(false, true) {
		return
	}
	s.spawn(func() {
		defer l.tapeShelf.busy.Store(false)
		l.tapeShelf.looked.Store(true)
		cs, err := l.callBook()
		for _, c := range cs {
			if err == nil && c.Ring.Form.(*call.Ring).Recording == contact.EachItsOwn {
				err = s.fileTapesOf(ctx, l, c)
			}
		}
		if err != nil {
			l.tapeShelf.looked.Store(false) // again with the next tick
			if ctx.Err() == nil {
				l.log.Error("filing what was recorded", "err", err)
			}
		}
	})
}

func (s *Station) fileTapesOf(ctx context.Context, l *liveLine, c *call.Call) error {
	shelf := s.shelf(l, c.Ring.Ref)
	lc, live := s.liveCall(l)
	writes := live == nil && lc.ref == c.Ring.Ref && lc.tape != nil && !lc.tape.Closed()
	open, _, err := shelf.List()
	if err != nil {
		return err
	}
	if writes {
		open = slices.DeleteFunc(open, func(n uint64) bool { return n >= lc.tape.First() })
		l.tapeShelf.looked.Store(false) // until it ends
	}
	var of []*call.Recording
	for _, n := range open {
		v, err := shelf.Scan(n)
		if parley.KindOf(err) == parley.Corrupt || err == nil && v.Until.Equal(v.From) && v.Bytes == 0 {
			l.log.Warn("a recording holds no sound", "file", n, "err", err)
			if err := shelf.Drop(n); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		began := uint64(v.Zero.UnixMilli())
		i := slices.IndexFunc(of, func(r *call.Recording) bool { return r.Began == began })
		if i < 0 {
			i, of = len(of), append(of, &call.Recording{Began: began})
		}
		of[i].Voices = append(of[i].Voices, call.Taped{File: v.File, Name: v.Name, Party: string(v.Party), Tongue: v.Tongue, Kind: v.Kind,
			From: uint64(v.From.UnixMilli()), Until: uint64(v.Until.UnixMilli()), Bytes: uint64(v.Bytes), Sum: v.Sum[:], Whole: v.Whole})
		if !v.Whole {
			of[i].Text = "cut short by a crash or an error of the disk"
		}
	}
	for _, r := range of {
		if !tapedAlready(c, l.us, r) {
			if err := l.fileOfCall(ctx, c.Ring.Ref, r); err != nil {
				return err
			}
		}
		for _, v := range r.Voices {
			if err := shelf.Filed(v.File); err != nil {
				return err
			}
		}
	}
	return nil
}

// tapedAlready reports whether a recording of ours stands on the record.
func tapedAlready(c *call.Call, us parley.PartyCode, r *call.Recording) bool {
	return slices.ContainsFunc(c.Tapings, func(e *call.Entry) bool {
		return e.Party == us && string(form.EncodeFields(e.Form)) == string(form.EncodeFields(r))
	})
}

// CallTaping is what a station says that it recorded of a call.
type CallTaping struct {
	By     parley.PartyCode `json:"by"`
	Ours   bool             `json:"ours,omitempty"`
	Span   ContactWindow    `json:"span"` // from when every file begins, until the last sound
	Voices []CallVoice      `json:"voices"`
	Text   string           `json:"text,omitempty"`
}

// CallVoice is one voice of a recording.
type CallVoice struct {
	File     uint64           `json:"file"`
	Name     string           `json:"name"`
	Party    parley.PartyCode `json:"party"`
	Language string           `json:"language,omitempty"`
	Media    string           `json:"media"`
	Span     ContactWindow    `json:"span"`
	Bytes    uint64           `json:"bytes"`
	Sum      string           `json:"sha256"`
	Whole    bool             `json:"whole"`
	Here     bool             `json:"here"` // it is ours, and was not deleted
}

func (s *Station) tapingsOf(l *liveLine, c *call.Call) (out []CallTaping) {
	shelf := s.shelf(l, c.Ring.Ref)
	for _, e := range c.Tapings {
		r := e.Form.(*call.Recording)
		x := CallTaping{By: e.Party, Ours: e.Party == l.us, Span: ContactWindow{Start: timeOrZero(r.Began / 1000)}, Text: r.Text}
		for _, v := range r.Voices {
			if until := timeOrZero(v.Until / 1000); until.After(x.Span.End) {
				x.Span.End = until
			}
			y := voiceView(&v)
			y.Here = e.Party == l.us && shelf.Here(v.File)
			x.Voices = append(x.Voices, y)
		}
		out = append(out, x)
	}
	return out
}

// ourVoice finds a file of ours on the record. NotFound.
func (s *Station) ourVoice(name, id string, file uint64) (*liveLine, *call.Call, *call.Taped, error) {
	l, err := s.lineOf(name)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := l.ringing(id)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range c.Tapings {
		r := e.Form.(*call.Recording)
		for i := range r.Voices {
			if e.Party == l.us && r.Voices[i].File == file {
				return l, c, &r.Voices[i], nil
			}
		}
	}
	return nil, nil, nil, parley.Errorf(parley.NotFound, "we recorded no file %d of this call", file)
}

// PlayRecording plays one voice that we recorded of a call, for the offices that may
// hear it, and writes in the audit who did. to is told what it is, and where it goes.
// Corrupt where what was played is not what the record has the hash of: whoever took
// it throws it away.
func (s *Station) PlayRecording(_ context.Context, by Officer, name, id string, file uint64, to func(v CallVoice, suffix string) io.Writer) error {
	const act = "play a recording"
	if err := person(by, act); err != nil {
		return err
	}
	if err := seatFor(by, act, parley.Envoy, parley.Principal, parley.Archivist); err != nil {
		return err
	}
	l, c, v, err := s.ourVoice(name, id, file)
	if err != nil {
		return err
	}
	shelf := s.shelf(l, c.Ring.Ref)
	if !shelf.Here(file) {
		return parley.Errorf(parley.NotFound, "the recording is not here").WithHint("it was deleted, or the station was restored from a backup, which holds no recordings")
	}
	if err := s.audit(by, act, c.Ring.Ref.String(), fmt.Sprintf("%d: %s", file, v.Name)); err != nil {
		return err
	}
	w := to(voiceView(v), tape.Suffix(v.Kind))
	sum := sha256.New()
	if err := shelf.Play(file, v.Whole, io.MultiWriter(w, sum)); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), v.Sum) {
		return parley.Errorf(parley.Corrupt, "file %d is not what was recorded: its hash is %x, and the record has %x", file, sum.Sum(nil), v.Sum).WithHint("do not use what was played; the record is right")
	}
	return nil
}

func voiceView(v *call.Taped) CallVoice {
	return CallVoice{File: v.File, Name: v.Name, Party: parley.PartyCode(v.Party), Language: v.Tongue, Media: tape.MediaType(v.Kind), Span: ContactWindow{timeOrZero(v.From / 1000), timeOrZero(v.Until / 1000)},
		Bytes: v.Bytes, Sum: fmt.Sprintf("%x", v.Sum), Whole: v.Whole}
}

// DeleteRecording deletes one voice that we recorded of a call. Its hash stays on
// the record.
func (s *Station) DeleteRecording(_ context.Context, by Officer, name, id string, file uint64) error {
	const act = "delete a recording"
	if err := person(by, act); err != nil {
		return err
	}
	if err := seatFor(by, act, parley.Archivist, parley.Administrator); err != nil {
		return err
	}
	l, c, v, err := s.ourVoice(name, id, file)
	if err != nil {
		return err
	}
	if err := s.shelf(l, c.Ring.Ref).Delete(file); err != nil {
		return err
	}
	l.emit("call", l.id.String(), c.Ring.Ref.String())
	return s.audit(by, act, c.Ring.Ref.String(), fmt.Sprintf("%d: %s, SHA-256 %x", file, v.Name, v.Sum))
}
