package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"crypto/rand"

	"parley"
	"parley/internal/charter"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/store"
	"parley/internal/store/sqlite"
	"parley/internal/wire"
)

type fillArgs struct {
	Dir, Line string // of two stations that are stopped
	Entries   int    // on the record, of both sides together
	Group     int    // entries a checkpoint
	Varied    bool   // texts of many words, as those of varied; else all alike
}

// fillRecords makes a long record by the engines themselves: both lines run in
// this process, frames go from hand to hand, every batch is applied to both
// stores. It is the written path without stations and sockets.
func fillRecords(a fillArgs) (took time.Duration, err error) {
	var sides [2]*side
	for i, x := range parties {
		if sides[i], err = openSide(filepath.Join(a.Dir, string(x.Code)), a.Line, x.Code); err != nil {
			return 0, err
		}
		defer sides[i].files.Close()
		sides[i].varied = a.Varied
	}
	sides[0].other, sides[1].other = sides[1], sides[0]
	for _, s := range sides {
		if err := s.step(line.PathUp{Path: 1, Peer: s.other.code}); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	for done := 0; done < a.Entries; {
		for _, s := range sides {
			if err := s.file(min(a.Group, a.Entries-done)); err != nil {
				return 0, err
			}
			done += a.Group
			if err := settleBoth(sides); err != nil {
				return 0, err
			}
		}
	}
	return time.Since(began), nil
}

// side is one line of a stopped station with its engine.
type side struct {
	code   parley.PartyCode
	files  *sqlite.Store
	store  store.Line
	engine *line.Engine
	other  *side
	in     [][]byte // frames for us
	filed  uint64
	n      int
	varied bool
}

func openSide(dir, id string, us parley.PartyCode) (*side, error) {
	s := &side{code: us}
	var f *charter.Founding
	var err error
	if s.files, s.store, f, err = openLine(dir, id); err != nil {
		return nil, err
	}
	cfg := line.Config{Founding: f, Us: us, Store: s.store, Rand: rand.Reader, Limits: line.Limits{Bytes: math.MaxInt, Rate: 1e9, Burst: 1e12}}
	if s.engine, err = line.Load(cfg, time.Now()); err != nil {
		return nil, err
	}
	s.filed = s.engine.LastFiled()
	return s, nil
}

// step is the rule of the house: step, make durable, speak.
func (s *side) step(events ...line.Event) error {
	fx, err := s.engine.Step(time.Now(), events...)
	if err != nil {
		return err
	}
	if !fx.Batch.Empty() {
		if err := s.store.Apply(&fx.Batch); err != nil {
			return err
		}
	}
	for _, m := range fx.Sends {
		b, err := wire.Marshal(m.Frame)
		if err != nil {
			return err
		}
		s.other.in = append(s.other.in, b)
	}
	return nil
}

// file puts n dispatches in the outbox, and hands them out.
func (s *side) file(n int) error {
	var events []line.Event
	for range n {
		s.n++
		s.filed++
		h := &form.Header{Form: "dispatch", From: "envoy", To: []parley.Address{{Party: s.other.code, Office: "envoy"}}, Marker: parley.Information,
			Language: language("Latin"), Drafted: uint64(time.Now().Unix()), Series: form.TrafficSeries}
		d := &form.Dispatch{Subject: fmt.Sprintf("Dispatch %06d", s.n), Text: form.Normal(text("Latin", s.n))}
		if s.varied {
			d.Text = varied(s.n)
			if s.code == parties[1].Code {
				d.Text = varied(s.n + 1<<24)
			}
		}
		events = append(events, line.File{Item: line.Filed{ID: s.filed, At: time.Now().UnixMilli(), Header: form.EncodeHeader(h), Fields: form.EncodeFields(d)}})
	}
	return s.step(events...)
}

// settleBoth carries frames to and fro until nobody has anything to say.
func settleBoth(sides [2]*side) error {
	for again := true; again; {
		again = false
		for _, s := range sides {
			if len(s.in) == 0 {
				continue
			}
			again = true
			var events []line.Event
			for _, b := range s.in {
				f, err := wire.Parse(b)
				if err != nil {
					return err
				}
				if r, ok := f.(*wire.Refusal); ok {
					return fmt.Errorf("%s was refused: %s", s.code, r.Text)
				}
				events = append(events, line.FrameIn{Path: 1, Frame: f, Size: len(b)})
			}
			s.in = nil
			if err := s.step(events...); err != nil {
				return err
			}
		}
	}
	return nil
}

// filler names a record that is made without stations.
func filler(n, group int) string {
	return fmt.Sprintf("%s entries, %d a checkpoint", thousands(n), group)
}

// thousands writes n as people read it.
func thousands(n int) string {
	s := fmt.Sprint(n)
	var parts []string
	for ; len(s) > 3; s = s[:len(s)-3] {
		parts = append([]string{s[len(s)-3:]}, parts...)
	}
	return strings.Join(append([]string{s}, parts...), ",")
}
