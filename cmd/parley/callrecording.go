package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"parley"
	"parley/internal/station"
)

type callRecordingCmd struct {
	List   recordingListCmd   `cmd:"" help:"Show what was recorded of a call, by whom, and what of it is here."`
	Fetch  recordingFetchCmd  `cmd:"" help:"Write one voice to a file, checked against the hash on the record."`
	Delete recordingDeleteCmd `cmd:"" help:"Delete one voice. Its hash stays on the record."`
}

func (callRecordingCmd) Help() string {
	return `Calls are recorded only where the charter says so and the call was rung with it. Each side keeps its own copy, one file a voice, sealed at rest. Who fetches and who deletes stands in the audit.

Examples:

    parley call recording list
    parley --as "Ms Ivarsen" call recording fetch 1 -o alder.opus
    parley --as "Ms Ivarsen" call recording delete 1`
}

// tapedCall is which call is meant.
type tapedCall struct {
	callLine
	Call string `name:"call" placeholder:"ENTRY" help:"Which call; see parley call list. Without it: the newest that was recorded."`
}

// find returns the call that is meant.
func (c tapedCall) find(s *session) (l station.Line, x station.Call, err error) {
	if l, err = s.line(c.Line); err != nil {
		return l, x, err
	}
	if c.Call != "" {
		x, err = s.station().Call(s.ctx, l.Key, c.Call)
		return l, x, err
	}
	all, err := s.station().Calls(s.ctx, l.Key)
	if err != nil {
		return l, x, err
	}
	i := slices.IndexFunc(all, func(x station.Call) bool { return len(x.Tapings) > 0 })
	if i < 0 {
		return l, x, parley.Errorf(parley.NotFound, "no call was recorded on the line with %s", oneLine(l.Name))
	}
	return l, all[i], nil
}

type recordingListCmd struct{ tapedCall }

func (recordingListCmd) Help() string {
	return `Examples:

    parley call recording list
    parley call recording list --call 93ab40c1ee02d5f7:117 --json`
}

// Run lists.
func (c recordingListCmd) Run(s *session) error {
	_, x, err := c.find(s)
	if err != nil {
		return err
	}
	return s.show(x.Tapings, func(w io.Writer) {
		if len(x.Tapings) == 0 {
			fmt.Fprintf(w, "Of the call %s nothing was recorded, or nothing of it is on the record yet.\n", x.ID)
			return
		}
		fmt.Fprintf(w, "call %s\n", x.ID)
		rows := [][]string{{"RECORDED BY", "FILE", "VOICE", "OF", "FROM", "LASTS", "BYTES", "WHERE", "SHA-256"}}
		for _, t := range x.Tapings {
			for _, v := range t.Voices {
				rows = append(rows, []string{string(t.By), strconv.FormatUint(v.File, 10), v.Name, string(v.Party), stamp(v.Span.Start), v.Span.End.Sub(v.Span.Start).Truncate(time.Second).String(), strconv.FormatUint(v.Bytes, 10), whereTape(&t, &v), v.Sum})
			}
		}
		table(w, rows)
	})
}

// whereTape says where a file is, and what is wrong with it.
func whereTape(t *station.CallTaping, v *station.CallVoice) string {
	where := "kept by that side"
	switch {
	case v.Here:
		where = "here"
	case t.Ours:
		where = "deleted, or not here"
	}
	if !v.Whole {
		where += ", cut short"
	}
	return where
}

type recordingFetchCmd struct {
	File uint64 `arg:"" help:"Number of the file; see parley call recording list."`
	tapedCall
	Output string `short:"o" type:"path" placeholder:"FILE" help:"File to write: .opus is Ogg Opus, .wav the voice of a telephone. Without it: standard output."`
}

func (recordingFetchCmd) Help() string {
	return `Nothing is written under the name of the file unless all of it came and its SHA-256 is the one on the record. Envoy, principal and archivist may.

Examples:

    parley --as "Ms Ivarsen" call recording fetch 1 -o alder.opus`
}

// Run fetches.
func (c recordingFetchCmd) Run(s *session) error {
	if err := s.officer("fetching a recording"); err != nil {
		return err
	}
	l, x, err := c.find(s)
	if err != nil {
		return err
	}
	o, err := s.create(c.Output)
	if err != nil {
		return err
	}
	defer o.discard()
	p := s.progress("fetching, bytes")
	w := &counting{w: o, p: p}
	sum, err := s.station().PlayRecording(s.ctx, l.Key, x.ID, c.File, w)
	p.end()
	if err != nil {
		return err
	}
	if err := o.commit(); err != nil {
		return err
	}
	s.say("as on the record: SHA-256 %s", sum)
	return s.wrote(c.Output, w.n)
}

type recordingDeleteCmd struct {
	File uint64 `arg:"" help:"Number of the file; see parley call recording list."`
	tapedCall
}

func (recordingDeleteCmd) Help() string {
	return `Archivist and administrator may. The other side keeps or deletes its own copy as it likes.

Examples:

    parley --as "Ms Ivarsen" call recording delete 1`
}

// Run deletes.
func (c recordingDeleteCmd) Run(s *session) error {
	if err := s.officer("deleting a recording"); err != nil {
		return err
	}
	l, x, err := c.find(s)
	if err != nil {
		return err
	}
	if err := s.station().DeleteRecording(s.ctx, l.Key, x.ID, c.File); err != nil {
		return err
	}
	return s.show(map[string]uint64{"deleted": c.File}, func(w io.Writer) { fmt.Fprintf(w, "File %d is deleted; its hash stays on the record.\n", c.File) })
}
