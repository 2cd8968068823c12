package control_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"parley"
	"parley/internal/control/controltest"
	"parley/internal/station"
)

// tapes is a station that plays what it was given, says that its hash is another, or
// fails in the middle.
type tapes struct {
	*controltest.Fake
	sound   []byte
	claims  []byte // whose hash the record has
	fails   error  // after the sound
	deleted uint64
}

func (s *tapes) PlayRecording(_ context.Context, by station.Officer, _, _ string, file uint64, to func(station.CallVoice, string) io.Writer) error {
	if !by.Holds(parley.Envoy) {
		return parley.Errorf(parley.NotAllowed, "it takes the office of envoy")
	}
	if file != 1 {
		return parley.Errorf(parley.NotFound, "we recorded no file %d of this call", file)
	}
	w := to(station.CallVoice{File: 1, Media: "audio/ogg", Sum: fmt.Sprintf("%x", sha256.Sum256(s.claims))}, ".opus")
	if _, err := w.Write(s.sound); err != nil {
		return err
	}
	return s.fails
}

func (s *tapes) DeleteRecording(_ context.Context, _ station.Officer, _, _ string, file uint64) error {
	s.deleted = file
	return nil
}

// TestRecordings: what is fetched is what the record has the hash of, or an error.
func TestRecordings(t *testing.T) {
	sound := bytes.Repeat([]byte("OggS and what was said. "), 20_000)
	s := &tapes{Fake: controltest.New(), sound: sound, claims: sound}
	c, _ := start(t, s)
	hale := c.As("Amb Hale")
	fetch := func() (string, []byte, error) {
		var b bytes.Buffer
		sum, err := hale.PlayRecording(t.Context(), "birch", "a:1", 1, &b)
		return sum, b.Bytes(), err
	}
	sum, got, err := fetch()
	if err != nil || sum != fmt.Sprintf("%x", sha256.Sum256(sound)) || !bytes.Equal(got, sound) {
		t.Errorf("fetched %d bytes with the hash %s: %v", len(got), sum, err)
	}
	s.claims = sound[1:]
	_, _, err = fetch()
	wantKind(t, err, parley.Corrupt)
	s.fails = parley.Errorf(parley.Corrupt, "the file does not open")
	_, _, err = fetch()
	wantKind(t, err, parley.Corrupt)
	_, err = c.PlayRecording(t.Context(), "birch", "a:1", 1, io.Discard)
	wantKind(t, err, parley.NotAllowed)
	_, err = hale.PlayRecording(t.Context(), "birch", "a:1", 2, io.Discard)
	wantKind(t, err, parley.NotFound)
	if err := hale.DeleteRecording(t.Context(), "birch", "a:1", 7); err != nil || s.deleted != 7 {
		t.Errorf("deleted %d: %v", s.deleted, err)
	}
	plain, _ := start(t, controltest.New())
	wantKind(t, plain.As("Amb Hale").DeleteRecording(t.Context(), "birch", "a:1", 7), parley.Unsupported)
	_, err = plain.Glossary(t.Context(), "birch")
	wantKind(t, err, parley.Unsupported)
}
