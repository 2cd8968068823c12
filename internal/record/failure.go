package record

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"parley"
)

// Place is where something stands in a file: its byte offset, and the number
// of its item from 0.
type Place struct {
	Byte int64 `json:"byte"`
	Item int   `json:"item"`
}

// Failure is one thing in a file that does not verify.
type Failure struct {
	Place
	Entry string `json:"entry,omitempty"` // "party generation:index", when it is about one
	Kind  string `json:"kind"`            // of spec/errors.md
	What  string `json:"what"`

	kind parley.Kind
}

// String is "byte 18233, item 41: entry alder 5a01...:17: bad-proof: ...".
func (f Failure) String() string {
	entry := ""
	if f.Entry != "" {
		entry = "entry " + f.Entry + ": "
	}
	return fmt.Sprintf("byte %d, item %d: %s%s: %s", f.Byte, f.Item, entry, f.Kind, f.What)
}

// Err returns the failure as an error of its kind.
func (f Failure) Err() error { return &parley.Error{Kind: f.kind, What: f.String()} }

// NewFailure is a failure at a place of a file that holds other files.
func NewFailure(at Place, entry string, err error) Failure {
	kind := parley.KindOf(err)
	return Failure{Place: at, Entry: entry, Kind: kind.String(), What: err.Error(), kind: kind}
}

// maxFailures bounds how many failures are listed; all are counted.
const maxFailures = 1000

// failures gathers what several goroutines find.
type failures struct {
	mu    sync.Mutex
	list  []Failure
	total atomic.Int64
}

func (f *failures) add(at Place, entry string, err error) {
	f.total.Add(1)
	x := NewFailure(at, entry, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, x)
	if len(f.list) > 2*maxFailures {
		f.cut()
	}
}

// cut keeps the failures that stand first in the file.
func (f *failures) cut() {
	slices.SortStableFunc(f.list, func(a, b Failure) int { return cmp.Compare(a.Byte, b.Byte) })
	if len(f.list) > maxFailures {
		f.list = f.list[:maxFailures]
	}
}

func (f *failures) any() bool { return f.total.Load() > 0 }

// sorted returns the failures in the order of the file.
func (f *failures) sorted() []Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut()
	return slices.Clone(f.list)
}

// errStop ends a verification that was to stop at the first failure.
var errStop = errors.New("stopped at the first failure")
