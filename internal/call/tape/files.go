package tape

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/internal/key"
)

// How a voice came, and so what its file is.
const (
	Opus uint64 = iota // Ogg Opus
	PCMU               // WAVE, G.711 mu-law
)

// MediaType is the type of a file of a kind, and Suffix the end of its name.
func MediaType(kind uint64) string {
	if kind == PCMU {
		return "audio/wav"
	}
	return "audio/ogg"
}

func Suffix(kind uint64) string {
	if kind == PCMU {
		return ".wav"
	}
	return ".opus"
}

// A Voice is one file, as it can be played.
type Voice struct {
	File   uint64 // its number within the call
	Party  parley.PartyCode
	Person uint64
	Name   string
	Tongue string
	Kind   uint64
	Zero   time.Time // when the file begins, as all of one taping
	From   time.Time // when the first sound came
	Until  time.Time // when the last came
	Bytes  int64
	Sum    [sha256.Size]byte
	Whole  bool // its end is there: it was not cut by a crash or a full disk
}

// A Shelf is the directory of the recordings of one call.
type Shelf struct {
	Dir     string
	Of      string // what its files are sealed for: the line and the call
	Storage *key.Storage
}

// A file is N.part until it stands on the record, then N.tape.
const (
	openSuffix  = ".part"
	filedSuffix = ".tape"
)

func (s Shelf) path(n uint64, suffix string) string {
	return filepath.Join(s.Dir, strconv.FormatUint(n, 10)+suffix)
}

// List returns the numbers of the files: those that do not stand on the record yet,
// and those that do.
func (s Shelf) List() (open, filed []uint64, _ error) {
	names, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, parley.Errorf(parley.Unavailable, "looking for recordings: %v", err)
	}
	for _, e := range names {
		for suffix, to := range map[string]*[]uint64{openSuffix: &open, filedSuffix: &filed} {
			if text, ok := strings.CutSuffix(e.Name(), suffix); ok {
				if n, err := strconv.ParseUint(text, 10, 32); err == nil {
					*to = append(*to, n)
				}
			}
		}
	}
	slices.Sort(open)
	slices.Sort(filed)
	return open, filed, nil
}

// Filed says that a file stands on the record.
func (s Shelf) Filed(n uint64) error {
	if err := os.Rename(s.path(n, openSuffix), s.path(n, filedSuffix)); err != nil {
		return parley.Errorf(parley.Unavailable, "naming a recording: %v", err)
	}
	return nil
}

// Here reports whether a file that stands on the record is here.
func (s Shelf) Here(n uint64) bool {
	_, err := os.Stat(s.path(n, filedSuffix))
	return err == nil
}

// Drop removes a file that holds no sound.
func (s Shelf) Drop(n uint64) error { return os.Remove(s.path(n, openSuffix)) }

// Delete removes a file that stands on the record. NotFound.
func (s Shelf) Delete(n uint64) error {
	err := os.Remove(s.path(n, filedSuffix))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return parley.Errorf(parley.NotFound, "the recording is not here")
	case err != nil:
		return parley.Errorf(parley.Unavailable, "deleting a recording: %v", err)
	}
	return nil
}

// Scan reads a file that does not stand on the record yet, to its end.
func (s Shelf) Scan(n uint64) (Voice, error) {
	h := sha256.New()
	v, err := s.play(n, openSuffix, true, h)
	h.Sum(v.Sum[:0])
	return v, err
}

// Play writes a file that stands on the record as it is played. whole is what the
// record says of it: of one that was cut, what does not open ends it.
func (s Shelf) Play(n uint64, whole bool, w io.Writer) error {
	_, err := s.play(n, filedSuffix, !whole, w)
	return err
}

func (s Shelf) play(n uint64, suffix string, cut bool, w io.Writer) (v Voice, err error) {
	path, place := s.path(n, suffix), filePlace(s.Of, n)
	var sound int64
	if _, err := walk(s.Storage, path, place, cut, func(kind byte, at int64, b []byte) error {
		if kind == aboutChunk {
			a, err := readAbout(b)
			v = Voice{File: n, Party: parley.PartyCode(a.Party), Person: a.Person, Name: a.Name, Tongue: a.Tongue, Kind: a.Kind, Zero: time.UnixMilli(a.Zero), From: time.UnixMilli(a.From), Until: time.UnixMilli(a.From)}
			return err
		}
		switch kind {
		case audioChunk:
			sound += int64(len(b))
			v.Until = time.UnixMilli(at)
		case gapChunk:
			n, err := readGap(b)
			sound += n
			return err
		}
		return nil
	}); err != nil {
		return v, err
	}
	put := func(b []byte) error {
		k, err := w.Write(b)
		v.Bytes += int64(k)
		if err != nil {
			return fmt.Errorf("playing: %w", err)
		}
		return nil
	}
	if v.Kind == PCMU {
		if err := put(wavHead(sound)); err != nil {
			return v, err
		}
	}
	v.Whole, err = walk(s.Storage, path, place, cut, func(kind byte, _ int64, b []byte) error {
		switch kind {
		case audioChunk:
			return put(b)
		case gapChunk:
			return eachStill(b, put)
		}
		return nil
	})
	if err == nil && v.Kind == PCMU && sound%2 == 1 {
		err = put([]byte{0})
	}
	return v, err
}

// readGap reads how many samples of silence a chunk stands for.
func readGap(b []byte) (int64, error) {
	if len(b) != 8 || binary.BigEndian.Uint64(b) > mostGap {
		return 0, parley.Errorf(parley.Corrupt, "a recording has a gap that is none")
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// eachStill writes the silence that a chunk stands for.
func eachStill(b []byte, put func([]byte) error) error {
	n, err := readGap(b)
	for err == nil && n > 0 {
		k := min(n, mostOpen)
		err = put(still(k))
		n -= k
	}
	return err
}
