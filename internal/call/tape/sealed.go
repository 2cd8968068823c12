package tape

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"parley"
	"parley/internal/key"
)

// mostChunk bounds a chunk of a file, sealed.
const mostChunk = 1 << 20

// What a chunk is.
const (
	aboutChunk byte = 'm' // who speaks, in JSON: the first
	audioChunk byte = 'a'
	gapChunk   byte = 'g' // of PCMU: so many samples of silence, in eight bytes
	endChunk   byte = 'z' // nothing follows
)

// about is the first chunk of a file.
type about struct {
	Party  string `json:"party"`
	Person uint64 `json:"person"`
	Name   string `json:"name"`
	Tongue string `json:"language"`
	Kind   uint64 `json:"kind"`
	Zero   int64  `json:"zero"` // when every file of the taping begins, Unix milliseconds
	From   int64  `json:"from"` // when the first sound came
}

// A File is where chunks are written.
type File interface {
	io.Writer
	Truncate(int64) error
	Sync() error
	Close() error
}

// sealed writes the chunks of one file.
type sealed struct {
	storage *key.Storage
	place   string
	f       File
	size    int64
	chunks  uint64
}

// chunkName is what a chunk is sealed for.
func chunkName(place string, chunk uint64) string {
	return fmt.Sprintf("recording %s %d", place, chunk)
}

// filePlace is what a file of a call is sealed for.
func filePlace(of string, n uint64) string { return fmt.Sprintf("%s %d", of, n) }

func (s *sealed) write(kind byte, at time.Time, b []byte) error {
	plain := make([]byte, 0, 9+len(b))
	plain = append(plain, kind)
	plain = binary.BigEndian.AppendUint64(plain, uint64(at.UnixMilli()))
	plain = append(plain, b...)
	c := s.storage.Seal(chunkName(s.place, s.chunks), plain)
	clear(plain)
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(c))), c...)
	if _, err := s.f.Write(out); err != nil {
		return errors.Join(err, s.f.Truncate(s.size)) // what stands is readable
	}
	s.size += int64(len(out))
	s.chunks++
	return nil
}

// walk reads the chunks of a file: whole is whether its end is there. In a file that
// may be cut, what does not open after the first chunk is where a loss of power cut
// it; in any other it is Corrupt.
func walk(storage *key.Storage, path, place string, cut bool, each func(kind byte, at int64, b []byte) error) (whole bool, _ error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, parley.Errorf(parley.NotFound, "the recording is not here").WithHint("it was deleted, or the station was restored from a backup, which holds no recordings")
	}
	if err != nil {
		return false, parley.Errorf(parley.Unavailable, "opening a recording: %v", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	for n := uint64(0); ; n++ {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil // cut by a crash
		} else if err != nil {
			return false, parley.Errorf(parley.Unavailable, "reading a recording: %v", err)
		}
		k := binary.BigEndian.Uint32(size[:])
		if k < key.StorageOverhead+9 || k > mostChunk {
			if cut && n > 0 {
				return false, nil
			}
			return false, parley.Errorf(parley.Corrupt, "a recording: chunk %d is none", n)
		}
		b := make([]byte, k)
		if _, err := io.ReadFull(r, b); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		} else if err != nil {
			return false, parley.Errorf(parley.Unavailable, "reading a recording: %v", err)
		}
		plain, err := storage.Open(chunkName(place, n), b)
		if err != nil && cut && n > 0 {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if len(plain) < 9 || (n == 0) != (plain[0] == aboutChunk) {
			return false, parley.Errorf(parley.Corrupt, "a recording: chunk %d is not what it should be", n)
		}
		if err := each(plain[0], int64(binary.BigEndian.Uint64(plain[1:])), plain[9:]); err != nil {
			return false, err
		}
		if plain[0] == endChunk {
			return true, nil
		}
	}
}

func readAbout(b []byte) (a about, err error) {
	if err := json.Unmarshal(b, &a); err != nil {
		return a, parley.Errorf(parley.Corrupt, "a recording does not say whose it is")
	}
	return a, nil
}
