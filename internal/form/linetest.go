package form

import (
	"parley"
)

// Bounds of a line test (spec/forms.md).
const (
	maxTestLogs  = 64
	maxTestPaths = 16
	maxPathName  = 24 // characters
)

// TestTexts returns the approved texts of line tests, in English; a test names
// one by its place from 0. They say nothing, and differ in length and script
// use so that a fault in transit would show (spec/forms.md).
func TestTexts() []string {
	return []string{
		"The quick brown fox jumps over the lazy dog 0123456789.",
		"The lighthouse keeper writes down the hour, the wind and the sea.",
		"Between the two villages there is a bridge, and on market days it is full.",
		"Snow fell until noon; in the afternoon the road was open again.",
		"The orchard has forty-one trees, thirty-eight of which bear fruit.",
		"A ferry leaves the north bank every hour and the south bank every half past.",
		"In the library the clock is slow by four minutes, and everybody knows it.",
		"Line test: no action is to be taken on this text.",
	}
}

// A LineTest proves the line, each path and the clocks: a probe, or the answer
// to one. Stations write it by themselves.
type LineTest struct {
	Rest
	Phase uint64     `cbor:"1,keyasint"` // Call is the probe, Answer its answer
	Logs  []LogHeld  `cbor:"2,keyasint"` // every log of the line the writer holds
	Clock uint64     `cbor:"3,keyasint"` // the writer's clock, UTC milliseconds
	Paths []PathSeen `cbor:"4,keyasint,omitempty"`
	Text  uint64     `cbor:"5,keyasint"` // place in TestTexts; the answer repeats the probe's
}

// LogHeld says how much of a log the writer durably holds, and under which
// root: [generation id, size, root].
type LogHeld struct {
	_    struct{} `cbor:",toarray"`
	Gen  parley.GenerationID
	Size uint64
	Root [32]byte
}

// PathSeen is one path as the writer measures it: [name, up, round trip in µs].
type PathSeen struct {
	_    struct{} `cbor:",toarray"`
	Name string
	Up   bool
	RTT  uint64
}

func lineTestForm() Definition {
	return Definition{
		Name: "linetest", Title: "Line test", About: "Stations prove the line, each path and the clocks.",
		Technical: true, Quiet: true, Refs: Range{0, 1}, Of: Target{Whose: Theirs, Forms: []string{"linetest"}},
		Fields: []FieldDef{
			{1, "phase", "0..1", true, "0 probe: no reference; 1 answer: refers to another party's probe"},
			{2, "logs", "[* [bstr .size 8, uint, bstr .size 32]]", true, "generation id, size and root of every log held, at most 64, each once"},
			{3, "clock", "uint", true, "the writer's clock in UTC milliseconds"},
			{4, "paths", "[+ [tstr, bool, uint]]", false, "name, up, round trip in microseconds, at most 16"},
			{5, "text", "uint", true, "number of a test text, from 0; an answer repeats the probe's"},
		},
		New: func() Form { return new(LineTest) },
	}
}

// Name is "linetest".
func (*LineTest) Name() string { return "linetest" }

func (t *LineTest) Check() error {
	if t.Phase > Answer {
		return refuse("a line test has phase 0 or 1, not %d", t.Phase)
	}
	if len(t.Logs) > maxTestLogs || len(t.Paths) > maxTestPaths {
		return refuse("%d logs and %d paths, at most %d and %d are allowed", len(t.Logs), len(t.Paths), maxTestLogs, maxTestPaths)
	}
	if t.Clock > maxNumber {
		return refuse("the clock of a line test is out of range")
	}
	seen := map[parley.GenerationID]bool{}
	for _, l := range t.Logs {
		if seen[l.Gen] {
			return refuse("the log %s stands twice", l.Gen)
		}
		seen[l.Gen] = true
		if l.Size > maxNumber {
			return refuse("the size %d of log %s is out of range", l.Size, l.Gen)
		}
	}
	for _, p := range t.Paths {
		if p.RTT > maxNumber {
			return refuse("the round trip of path %s is out of range", p.Name)
		}
		if err := CheckLine("the name of a path", p.Name, maxPathName); err != nil {
			return err
		}
	}
	if t.Clock == 0 || t.Clock/1000 > MaxTime {
		return refuse("the clock %d is out of range", t.Clock)
	}
	if t.Text >= uint64(len(TestTexts())) {
		return refuse("there is no test text %d", t.Text)
	}
	return nil
}

func (t *LineTest) Rules(h *Header, c Context) error {
	return checkPhase(h, c, t.Phase == Answer, func(f Form) bool {
		probe, ok := f.(*LineTest)
		return !ok || probe.Phase == Call
	})
}
