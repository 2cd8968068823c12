// Package hwm keeps the high-water mark of our own logs: how far each was when
// something of it last left the process. It lives outside the store and its
// backups, so that a station which woke up with an older store knows it, and
// opens a new generation instead of forking (spec/log.md, Generations).
package hwm

import (
	"parley"
	"parley/internal/line"
)

// Mark is the largest size of our log of a line that may have left the process.
type Mark struct {
	Gen  parley.GenerationID
	Size uint64
	Root line.Hash
}
