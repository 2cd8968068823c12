package store

import (
	"parley"
	"parley/internal/line"
)

// EntriesBytes ends a read of entries: the entry that reaches it, opened, is
// the last of the call. What one call holds in memory is bounded so, whatever
// peers have packed into theirs.
const EntriesBytes = 2 << 20

// SizeOf returns what an entry counts for toward EntriesBytes.
func SizeOf(e *line.StoredEntry) int { return len(e.Bytes) + len(e.Header) + len(e.Body) }

// EntriesUpTo returns the entries of gen from the first up to index end, or to
// the last of the log, in as many reads as it takes. All of them stand in
// memory at once: for logs that are known to be short.
func EntriesUpTo(r line.Reader, gen parley.GenerationID, end uint64) (out []line.StoredEntry, err error) {
	for uint64(len(out)) < end {
		at := uint64(len(out))
		es, err := r.Entries(gen, at, int(min(1024, end-at)))
		if err != nil {
			return nil, err
		}
		if len(es) == 0 {
			break
		}
		out = append(out, es...)
	}
	return out, nil
}
