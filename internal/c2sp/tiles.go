package c2sp

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"parley/internal/journal"

	"golang.org/x/mod/sumdb/tlog"

	"parley"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	entryLevel = -1 // the level that tlog gives to entry bundles
)

// WriteTiles writes a log as C2SP tlog-tiles: hash tiles, entry bundles and,
// last, the file "checkpoint" holding note. write is given slash-separated
// relative paths, each once; partial tiles are written for the final size only.
// entries yields every entry in order.
//
// Memory does not grow with the log. The error is Malformed when note is not a
// note or an entry is over 65,535 bytes (Oversize), and BadProof when the
// entries do not lead to the note's checkpoint; the checkpoint is then not
// written, so that no reader takes the tiles for the log.
func WriteTiles(write func(path string, data []byte) error, entries iter.Seq2[[]byte, error], note []byte) error {
	n, err := ParseNote(note)
	if err != nil {
		return err
	}
	w := &tileWriter{write: write, tree: &journal.Tree{}}
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("writing tiles: reading entry %d: %w", w.tree.Size(), err)
		}
		if err := w.add(e); err != nil {
			return err
		}
	}
	if w.tree.Size() != n.Checkpoint.Size || w.tree.Root() != n.Checkpoint.Root {
		return parley.Errorf(parley.BadProof, "the %d entries do not lead to checkpoint %s", w.tree.Size(), n.Checkpoint)
	}
	if err := w.finish(); err != nil {
		return err
	}
	return w.put("checkpoint", note)
}

// tileWriter holds the tiles not yet full: the bundle of entries, and one tile
// of hashes for each eighth level.
type tileWriter struct {
	write  func(path string, data []byte) error
	tree   *journal.Tree
	bundle []byte
	levels [][]byte
}

func (w *tileWriter) add(entry []byte) error {
	if len(entry) > math.MaxUint16 {
		return parley.Errorf(parley.Oversize, "entry %d of %d bytes does not fit a tile", w.tree.Size(), len(entry))
	}
	w.bundle = binary.BigEndian.AppendUint16(w.bundle, uint16(len(entry)))
	w.bundle = append(w.bundle, entry...)
	index := w.tree.Size()
	w.tree.Append(journal.LeafHash(entry))
	_, hashes := w.tree.Pending()
	w.tree.Flush()
	if (index+1)%tileWidth == 0 {
		if err := w.put(tilePath(entryLevel, index/tileWidth, tileWidth), w.bundle); err != nil {
			return err
		}
		w.bundle = w.bundle[:0]
	}
	for height, h := range hashes {
		if height%tileHeight != 0 {
			continue
		}
		level := height / tileHeight
		if level == len(w.levels) {
			w.levels = append(w.levels, nil)
		}
		w.levels[level] = append(w.levels[level], h[:]...)
		if n := (index + 1) >> height; n%tileWidth == 0 {
			if err := w.put(tilePath(level, n/tileWidth-1, tileWidth), w.levels[level]); err != nil {
				return err
			}
			w.levels[level] = w.levels[level][:0]
		}
	}
	return nil
}

// finish writes the partial tiles.
func (w *tileWriter) finish() error {
	size := w.tree.Size()
	if width := int(size % tileWidth); width != 0 {
		if err := w.put(tilePath(entryLevel, size/tileWidth, width), w.bundle); err != nil {
			return err
		}
	}
	for level, data := range w.levels {
		if len(data) == 0 {
			continue
		}
		n := size >> (tileHeight * level)
		if err := w.put(tilePath(level, n/tileWidth, len(data)/len(journal.Hash{})), data); err != nil {
			return err
		}
	}
	return nil
}

func (w *tileWriter) put(path string, data []byte) error {
	if err := w.write(path, data); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// tilePath returns the path of tile n of a level, entryLevel being the entry
// bundles; a width below tileWidth makes it a partial one.
func tilePath(level int, n uint64, width int) string {
	t := tlog.Tile{H: tileHeight, L: level, N: int64(n), W: width}
	if level == entryLevel {
		return "tile/entries/" + t.Path()[len("tile/8/data/"):]
	}
	return "tile/" + t.Path()[len("tile/8/"):]
}
