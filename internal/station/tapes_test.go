package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"parley"
	"parley/internal/call"
	"parley/internal/call/tape"
	"parley/internal/charter"
	"parley/internal/contact"
	"parley/internal/form"
)

// taped is two stations, everything of which lies under one directory: whose people
// say words that are found wherever they are written.
type taped struct {
	root, line string
	a, b       *party
	archivist  Officer
}

func newTaped(t *testing.T, size int, edit func(*charter.Charter)) *taped {
	t.Helper()
	root, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	t.Setenv("TMPDIR", root) // TempDir of the test, and what anybody else makes
	h := &taped{root: root, a: newParty(t, "alder"), b: newParty(t, "birch")}
	for _, p := range []*party{h.a, h.b} {
		p.words = bytes.Repeat([]byte("said by "+p.code+" to nobody's disk. "), size/32+1)
		p.words = p.words[:len(p.words)/2*2] // so that a packet of two frames is one
	}
	h.line = pairRuled(t, edit, h.a, h.b)
	for _, p := range []*party{h.a, h.b} {
		p.waitUp(h.line)
		l, err := p.st.lineOf(h.line)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "a path is proved", func() bool { return l.reached(context.Background()) })
	}
	if h.archivist, err = h.a.st.AddOfficer(context.Background(), Officer{}, "Ms Ivarsen", []parley.Office{parley.Archivist}); err != nil {
		t.Fatal(err)
	}
	return h
}

func recorded(c *charter.Charter) { c.Recording = call.CallsAreRecorded }

// search returns the size of all files, and fails where one holds what was said.
func (h *taped) search(t *testing.T) (size int64) {
	t.Helper()
	err := filepath.WalkDir(h.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // gone meanwhile
		}
		b, err := os.ReadFile(path)
		for _, p := range []*party{h.a, h.b} {
			if bytes.Contains(b, p.words[:24]) {
				t.Errorf("%s holds what was said at %s", path, p.code)
			}
		}
		if bytes.Contains(b, []byte("OpusHead")) {
			t.Errorf("%s holds the head of a voice", path)
		}
		size += int64(len(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// played is what the desk of an officer is played of a file.
func played(t *testing.T, p *party, by Officer, line, id string, file uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.st.PlayRecording(context.Background(), by, line, id, file, func(CallVoice, string) io.Writer { return &b }); err != nil {
		t.Fatalf("%s plays %d: %v", p.code, file, err)
	}
	return b.Bytes()
}

// says reports whether what is played holds packet n of a voice, exactly.
func says(b []byte, letter byte, n uint32, words []byte) bool {
	return bytes.Contains(unlaced(b), append(binary.BigEndian.AppendUint32([]byte{letter}, n), words...))
}

// unlaced is the bodies of the pages of an Ogg stream.
func unlaced(b []byte) (out []byte) {
	for len(b) > 27 && len(b) >= 27+int(b[26]) {
		n := int(b[26])
		size := 0
		for _, l := range b[27 : 27+n] {
			size += int(l)
		}
		out = append(out, b[27+n:][:size]...)
		b = b[27+n+size:]
	}
	return out
}

func (h *taped) end(t *testing.T) {
	t.Helper()
	if err := h.b.st.HangUp(context.Background(), h.b.watch, h.line, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*party{h.a, h.b} {
		p.callIs(h.line, call.Over)
	}
}

// tapings waits until a station shows so many recordings of the last call.
func (h *taped) tapings(t *testing.T, p *party, n int) Call {
	t.Helper()
	eventually(t, 20*time.Second, p.code+" has the recordings on the record", func() bool {
		cs, err := p.st.CallList(context.Background(), h.line)
		return err == nil && len(cs) > 0 && len(cs[0].Tapings) == n
	})
	cs, _ := p.st.CallList(context.Background(), h.line)
	return cs[0]
}

// sizes is how large each file is.
func (h *taped) sizes() map[string]int64 {
	out := map[string]int64{}
	filepath.WalkDir(h.root, func(path string, d fs.DirEntry, err error) error {
		if i, e := os.Stat(path); e == nil && !i.IsDir() {
			out[path] = i.Size()
		}
		return nil
	})
	return out
}

// TestNothingOfACallReachesADisk: where a call is not recorded, no file holds what
// was said, and none grows by it.
func TestNothingOfACallReachesADisk(t *testing.T) {
	h := newTaped(t, 1000, recorded) // the charter would let it; the ring does not say so
	pa, pb := putThrough(t, h.line, h.a, h.b, nil)
	eventually(t, 10*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	time.Sleep(4 * time.Second) // until the rosters are filed and receipted
	sizes := h.sizes()
	before, from := h.search(t), pa.said.Load()
	time.Sleep(8 * time.Second)
	after := h.search(t)
	for path, n := range h.sizes() {
		if n != sizes[path] {
			t.Logf("%s grew by %d", path, n-sizes[path])
		}
	}
	was := int64(pa.said.Load()-from) * int64(len(h.a.words)+len(h.b.words))
	t.Logf("%d bytes were said, the files grew by %d", was, after-before)
	if was < 500_000 || after-before > was/3 { // one station alone would keep half of it
		t.Errorf("while %d bytes were said, the files grew by %d", was, after-before)
	}
	h.end(t)
	time.Sleep(time.Second)
	h.search(t)
	for _, p := range []*party{h.a, h.b} {
		if _, err := os.Stat(filepath.Join(p.dir, recordingsDir)); !os.IsNotExist(err) {
			t.Errorf("%s has a directory of recordings: %v", p.code, err)
		}
		if cs, _ := p.st.CallList(context.Background(), h.line); len(cs[0].Tapings) != 0 {
			t.Errorf("%s filed %+v", p.code, cs[0].Tapings)
		}
	}
}

// TestRecordedCall: with recording on each side has every voice of the floor and the
// booths, exactly, and nothing of the lobby, the side room or the watch's end; no
// disk has a word in plain; the record has the hashes; offices that may hear it do,
// and the audit says who did.
func TestRecordedCall(t *testing.T) {
	ctx := context.Background()
	h := newTaped(t, 120, recorded)
	h.a.records = "each-its-own"
	var ia *talker
	pa, pb := putThrough(t, h.line, h.a, h.b, func() {
		h.a.joins(h.line, h.a.watch, 'w', CallPerson{Name: "Ruiz", Role: "watch"})
		ia = h.a.joins(h.line, h.a.chief, 'J', CallPerson{Name: "Li", Role: "interpreter", Tongue: "zh"})
		if err := h.a.st.ActOnCall(ctx, ia.seat, CallAct{"booth", "zh"}); err != nil {
			t.Fatal(err)
		}
		for _, p := range []*party{h.a, h.b} {
			c, _ := p.st.callOn(h.line)
			if r, err := p.st.CallRoom(ctx, CallSeat{Line: h.line}); err != nil || r.Taping != "on" || c.tape == nil {
				t.Errorf("%s: the lobby does not say that it is recorded: %q, %v", p.code, r.Taping, err)
			}
		}
		time.Sleep(500 * time.Millisecond)
	})
	lobby := pa.said.Load()
	eventually(t, 10*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	time.Sleep(time.Second)
	h.search(t)

	// Aside, and back.
	do := func(k *talker, act string) {
		t.Helper()
		if err := h.a.st.ActOnCall(ctx, k.seat, CallAct{act, ""}); err != nil {
			t.Fatal(err)
		}
	}
	do(pa, "aside")
	asideFrom := pa.said.Load() + 2
	time.Sleep(400 * time.Millisecond)
	asideUntil := pa.said.Load() - 2
	do(pa, "back")
	time.Sleep(1500 * time.Millisecond)
	pb.mu.Lock()
	var heard []uint32
	for n := range pb.seen {
		heard = append(heard, n)
	}
	pb.mu.Unlock()
	time.Sleep(500 * time.Millisecond)
	h.end(t)

	for _, p := range []*party{h.a, h.b} {
		c := h.tapings(t, p, 2)
		files := 0
		for _, x := range c.Tapings {
			if x.Text != "" {
				t.Errorf("%s says of its recording: %s", x.By, x.Text)
			}
			var names []string
			for _, v := range x.Voices {
				names = append(names, v.Name)
				if v.Here != (string(x.By) == p.code) || !v.Whole || v.Span.Start.IsZero() || v.Span.End.Before(v.Span.Start) {
					t.Errorf("%s shows %+v", p.code, v)
				}
				if !v.Here {
					continue
				}
				files++
				b := played(t, p, p.envoy, h.line, c.ID, v.File)
				if fmt.Sprintf("%x", sha256.Sum256(b)) != v.Sum || int(v.Bytes) != len(b) {
					t.Errorf("%s: %s is not what the record says", p.code, v.Name)
				}
				if v.Name == "President Alder" {
					for _, n := range heard {
						if !says(b, 'A', n, h.a.words) {
							t.Fatalf("%s: packet %d was heard, and is not on the tape", p.code, n)
						}
					}
					for n := range lobby - 10 {
						if says(b, 'A', n, h.a.words) {
							t.Fatalf("%s: the lobby is on the tape", p.code)
						}
					}
					for n := asideFrom; n < asideUntil; n++ {
						if says(b, 'A', n, h.a.words) {
							t.Fatalf("%s: the side room is on the tape", p.code)
						}
					}
				}
			}
			slices.Sort(names)
			if got := strings.Join(names, ", "); got != "Li, President Alder, 主席" {
				t.Errorf("%s: %s recorded %s", p.code, x.By, got)
			}
		}
		if files != 3 || len(heard) < 100 {
			t.Errorf("%s: %d files, %d packets", p.code, files, len(heard))
		}
	}
	h.search(t)

	// Who may hear it, and who may delete it.
	c := h.tapings(t, h.a, 2)
	none := func(CallVoice, string) io.Writer { t.Error("it is played"); return io.Discard }
	wantKind(t, "the watch plays it", h.a.st.PlayRecording(ctx, h.a.watch, h.line, c.ID, 1, none), parley.NotAllowed, "office of envoy")
	wantKind(t, "nobody plays it", h.a.st.PlayRecording(ctx, Officer{}, h.line, c.ID, 1, none), parley.NotAllowed, "no name was given")
	wantKind(t, "a file that is none", h.a.st.PlayRecording(ctx, h.a.envoy, h.line, c.ID, 99, none), parley.NotFound, "no file 99")
	wantKind(t, "the envoy deletes it", h.a.st.DeleteRecording(ctx, h.a.envoy, h.line, c.ID, 1), parley.NotAllowed, "office of archivist")
	played(t, h.a, h.archivist, h.line, c.ID, 1)
	if err := h.a.st.DeleteRecording(ctx, h.archivist, h.line, c.ID, 1); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "what was deleted", h.a.st.PlayRecording(ctx, h.a.envoy, h.line, c.ID, 1, none), parley.NotFound, "is not here")
	dir := filepath.Join(h.a.dir, recordingsDir, h.line, strings.ReplaceAll(c.ID, ":", "-"))
	if b, err := os.ReadFile(filepath.Join(dir, "2.tape")); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(filepath.Join(dir, "1.tape"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "another file in its place", h.a.st.PlayRecording(ctx, h.a.envoy, h.line, c.ID, 1, func(CallVoice, string) io.Writer { return io.Discard }), parley.Corrupt, "")
	if err := os.Remove(filepath.Join(dir, "1.tape")); err != nil {
		t.Fatal(err)
	}
	for _, x := range h.tapings(t, h.a, 2).Tapings {
		for _, v := range x.Voices {
			if x.By == "alder" && (v.Here != (v.File != 1) || len(v.Sum) != 64) {
				t.Errorf("after the deletion: %+v", v)
			}
		}
	}
	rows, err := h.a.st.own.Audit(500)
	if err != nil {
		t.Fatal(err)
	}
	acts := map[string]int{}
	for _, r := range rows {
		if strings.HasSuffix(r.Act, " a recording") {
			acts[r.Name+" "+r.Act]++
		}
	}
	if acts["Capt Hale play a recording"] != 4 || acts["Ms Ivarsen play a recording"] != 1 || acts["Ms Ivarsen delete a recording"] != 1 {
		t.Errorf("the audit says %v", acts)
	}
}

// TestRecordingNeedsTheCharter: where the charter in force does not say so, nobody
// rings or lifts with recording.
func TestRecordingNeedsTheCharter(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	a.waitUp(line)
	b.waitUp(line)
	_, err := a.st.Ring(ctx, a.watch, line, RingText{Recording: "each-its-own"})
	wantKind(t, "ringing with recording", err, parley.NotAllowed, "the charter in force does not say")
	// A station that does not hold to it rings all the same.
	l, err := a.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.fileForm(ctx, ringHeader(a, l), &call.Ring{Recording: contact.EachItsOwn}); err != nil {
		t.Fatal(err)
	}
	b.callIs(line, call.Ringing)
	wantKind(t, "lifting it", b.st.LiftCall(ctx, b.watch, line, ""), parley.NotAllowed, "the charter in force does not say")
	if err := b.st.DeclineCall(ctx, b.watch, line, "", "not-now", ""); err != nil {
		t.Fatal(err)
	}
	a.callIs(line, call.Declined)
}

// TestRecordingWhenTheDiskIsFull: the recording stops, an alarm and the page say so,
// the call goes on, and what was recorded is on the record.
func TestRecordingWhenTheDiskIsFull(t *testing.T) {
	ctx := context.Background()
	h := newTaped(t, 120, recorded)
	h.a.records = "each-its-own"
	var full atomic.Bool
	h.a.st.calling.create = func(path string) (tape.File, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return &fullFile{f, &full}, err
	}
	pa, pb := putThrough(t, h.line, h.a, h.b, nil)
	eventually(t, 10*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	time.Sleep(2500 * time.Millisecond)
	full.Store(true)
	eventually(t, 10*time.Second, "the page says so", func() bool {
		r, err := h.a.st.CallRoom(ctx, pa.seat)
		return err == nil && r.Taping == "stopped" && strings.Contains(r.Untaped, "no space left")
	})
	eventually(t, 5*time.Second, "an alarm says so", func() bool {
		alarms, err := h.a.st.Alarms(ctx)
		return err == nil && slices.ContainsFunc(alarms, func(x Alarm) bool { return x.Code == "recording" })
	})
	pa.forget()
	pb.forget()
	time.Sleep(300 * time.Millisecond)
	if !pa.hears('B') || !pb.hears('A') {
		t.Error("the call does not go on")
	}
	h.end(t)
	c := h.tapings(t, h.b, 2)
	for _, x := range c.Tapings {
		if (x.Text != "") != (x.By == "alder") || len(x.Voices) != 2 {
			t.Errorf("%s recorded %+v", x.By, x)
		}
	}
	h.tapings(t, h.a, 2)
	if b := played(t, h.a, h.a.envoy, h.line, c.ID, 1); len(b) < 50*len(h.a.words) {
		t.Errorf("only %d bytes are left", len(b))
	}
	h.search(t)
}

// fullFile is on a disk that is full from some moment on.
type fullFile struct {
	*os.File
	full *atomic.Bool
}

func (f *fullFile) Write(b []byte) (int, error) {
	if f.full.Load() {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, syscall.ENOSPC
	}
	return f.File.Write(b)
}

// deadFile is a file of a process that was killed: nothing reaches it any more.
type deadFile struct {
	*os.File
	dead *atomic.Bool
}

func (f *deadFile) Write(b []byte) (int, error) {
	if f.dead.Load() {
		return len(b), nil
	}
	return f.File.Write(b)
}

// TestRecordingAfterAKill: what was sealed before the station was killed in mid-call
// is filed and readable after its start, and the call is recorded on.
func TestRecordingAfterAKill(t *testing.T) {
	h := newTaped(t, 120, recorded)
	h.a.records = "each-its-own"
	var dead atomic.Bool
	h.a.st.calling.create = func(path string) (tape.File, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return &deadFile{f, &dead}, err
	}
	pa, pb := putThrough(t, h.line, h.a, h.b, nil)
	eventually(t, 10*time.Second, "both hear one another", func() bool { return pa.hears('B') && pb.hears('A') })
	time.Sleep(2500 * time.Millisecond)
	dead.Store(true)
	h.a.halt()
	h.a.start()
	h.a.waitUp(h.line)
	eventually(t, 10*time.Second, "the call goes on", func() bool { c, err := h.a.st.callOn(h.line); return err == nil && c.tape != nil && c.tape.Open() })
	c := h.tapings(t, h.a, 1)
	x := c.Tapings[0]
	if x.Text == "" || len(x.Voices) != 2 || x.Voices[0].Whole || !x.Voices[0].Here {
		t.Errorf("what is left: %+v", x)
	}
	for _, v := range x.Voices {
		b := played(t, h.a, h.a.envoy, h.line, c.ID, v.File)
		if len(b) < 40*len(h.a.words) || fmt.Sprintf("%x", sha256.Sum256(b)) != v.Sum {
			t.Errorf("%s: %d bytes are left", v.Name, len(b))
		}
	}
	again := h.a.joins(h.line, Officer{}, 'A', CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"})
	eventually(t, 15*time.Second, "they hear one another again", func() bool { return again.hears('B') })
	time.Sleep(1200 * time.Millisecond)
	h.end(t)
	c = h.tapings(t, h.a, 3)
	numbers := map[uint64]bool{}
	for _, x := range c.Tapings {
		for _, v := range x.Voices {
			if x.By == "alder" && numbers[v.File] {
				t.Errorf("file %d is there twice", v.File)
			}
			if x.By == "alder" {
				numbers[v.File] = true
			}
		}
	}
	if len(numbers) != 4 {
		t.Errorf("the files are %v", numbers)
	}
	h.search(t)
}

func ringHeader(p *party, l *liveLine) *form.Header {
	return &form.Header{From: l.officeOf(p.watch), To: l.everyWatch(), Precedence: parley.Immediate}
}
