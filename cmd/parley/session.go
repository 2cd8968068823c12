package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"parley"
	"parley/internal/control"
	"parley/internal/station"
)

// session is what every command works with.
type session struct {
	ctx  context.Context
	in   *bufio.Reader
	out  *bufio.Writer
	err  io.Writer
	back backend
	g    *globals

	rawIn  io.Reader
	rawOut io.Writer
}

func newSession(ctx context.Context, st streams, back backend, g *globals) *session {
	return &session{ctx: ctx, in: bufio.NewReader(st.in), out: bufio.NewWriter(st.out), err: st.err, back: back, g: g, rawIn: st.in, rawOut: st.out}
}

// finish writes out what is buffered; a standard output that fails is an error
// of the command.
func (s *session) finish(err error) error {
	if e := s.out.Flush(); e != nil && err == nil {
		err = parley.Errorf(parley.Unavailable, "writing the output: %v", e)
	}
	return err
}

// station is the client of the running station, acting as --as says.
func (s *session) station() *control.Client {
	return control.Dial(filepath.Join(s.g.Dir, control.SocketName)).As(s.g.As)
}

// show prints v as JSON, or calls text.
func (s *session) show(v any, text func(w io.Writer)) error {
	if !s.g.JSON {
		text(s.out)
		return nil
	}
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return parley.Errorf(parley.Internal, "printing json: %v", err)
	}
	return nil
}

// say prints one line that is not data, on standard error.
func (s *session) say(format string, args ...any) {
	fmt.Fprintln(s.err, clean(fmt.Sprintf(format, args...)))
}

// ask prints a prompt on standard error and reads one line. At the end of the
// input the error names the flag that answers without a person.
func (s *session) ask(prompt, instead string) (string, error) {
	s.out.Flush()
	fmt.Fprint(s.err, prompt)
	line, err := s.in.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	if !terminal(s.rawIn) {
		fmt.Fprintln(s.err) // nobody pressed Enter
	}
	if err != nil {
		return "", usagef(instead, "nobody answered the question on standard input")
	}
	return strings.TrimSpace(line), nil
}

// officer refuses to go on without --as.
func (s *session) officer(what string) error {
	if s.g.As == "" {
		return usagef(`name an officer: --as "Lt Ruiz", or PARLEY_AS; see who there is: parley officer list`, "%s is an officer's act, and no officer is named", what)
	}
	return nil
}

// line finds the line meant: by name, or the only one there is.
func (s *session) line(name string) (station.Line, error) {
	if name != "" {
		return s.station().Line(s.ctx, name)
	}
	all, err := s.station().Lines(s.ctx)
	if err != nil {
		return station.Line{}, err
	}
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return station.Line{}, parley.Errorf(parley.NotFound, "this station has no line yet").WithHint("invite another party: parley line invite --help")
	}
	names := make([]string, len(all))
	for i, l := range all {
		names[i] = l.Name
	}
	return station.Line{}, usagef("name one of: "+strings.Join(names, ", "), "this station has %d lines, and none is named", len(all))
}

// terminal reports whether the stream is a person's screen or keyboard.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
