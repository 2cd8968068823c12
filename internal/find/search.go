package find

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"math/bits"

	"parley/internal/sqlfile"
)

// Asked is what positions are wanted for.
type Asked struct {
	Query        *Query // nil: any words
	Since, Until int64  // header times, UTC seconds, both included; 0: no bound
	Before       int64  // positions below this; 0: to the end
	After        int64  // positions above this
	Newest       bool   // from the end
}

// Hits goes through the positions that may have what is asked for, and calls f
// with those of one stretch at a time, in order, until f says false.
// Words longer than eight letters and characters in a row may be missing from an
// entry it gives: who asks looks at the text.
func (l *Line) Hits(a Asked, f func(positions []int64) (more bool, err error)) error {
	n, upto, _, err := l.at()
	if err != nil || n == 0 {
		return err
	}
	lo, hi := max(a.After+1, 1), upto+1
	if a.Before > 0 {
		hi = min(hi, a.Before)
	}
	if lo >= hi {
		return nil
	}
	var terms []string
	if a.Query != nil {
		terms = a.Query.terms()
	}
	first, last := lo>>stretchBits, (hi-1)>>stretchBits
	for i := first; i <= last; i++ {
		at := i
		if a.Newest {
			at = last - (i - first)
		}
		s, err := l.hits(n, at, terms, &a, full(int(lo-at<<stretchBits), int(min(hi-at<<stretchBits, stretch))))
		if err != nil {
			return err
		}
		more, err := hand(s, at, a.Newest, f)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// hits narrows the positions of one stretch to what is asked for.
func (l *Line) hits(n, at int64, terms []string, a *Asked, in *set) (*set, error) {
	for _, t := range terms {
		row, s := l.x.rowOf(n, at, t), new(set)
		found, err := l.row(row, func(b []byte) error { return l.x.open(row, b, s) })
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, nil
		}
		if in.and(s); in.empty() {
			return nil, nil
		}
	}
	if a.Since == 0 && a.Until == 0 {
		return in, nil
	}
	s, err := l.within(n, at, a)
	if err != nil {
		return nil, err
	}
	in.and(s)
	return in, nil
}

func (l *Line) row(id int64, f func([]byte) error) (found bool, err error) {
	var list []byte
	switch err := l.x.q.term.QueryRow(id).Scan(&list); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, sqlfile.Error(name, err)
	}
	return true, f(list)
}

// within is the positions of a stretch with a header time that is asked for.
func (l *Line) within(n, at int64, a *Asked) (*set, error) {
	s, until := new(set), a.Until
	if until == 0 {
		until = 1 << 61
	}
	rows, err := l.x.q.spans.Query(n, at<<(stretchBits-spanBits), (at+1)<<(stretchBits-spanBits)-1, a.Since, until)
	if err != nil {
		return nil, sqlfile.Error(name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var k, lo, hi int64
		var times sql.RawBytes
		if err := rows.Scan(&k, &lo, &hi, &times); err != nil {
			return nil, sqlfile.Error(name, err)
		}
		base := int((k << spanBits) & (stretch - 1))
		for i := 0; i+8 <= len(times); i += 8 {
			if t := binary.BigEndian.Uint64(times[i:]); t >= uint64(a.Since) && t <= uint64(until) {
				s.add(base + i/8)
			}
		}
	}
	return s, sqlfile.Error(name, rows.Err())
}

// handed is how many positions f gets at a time at most: all of a stretch, for
// what is asked of a store for each call is more than what a list costs.
const handed = stretch

func hand(s *set, at int64, newest bool, f func([]int64) (bool, error)) (more bool, err error) {
	if s == nil {
		return true, nil
	}
	list := make([]int64, 0, s.count())
	give := func(pos int64) (bool, error) {
		if list = append(list, at<<stretchBits+pos); len(list) < handed {
			return true, nil
		}
		more, err := f(list)
		list = list[:0]
		return more, err
	}
	for i := range len(s) {
		if newest {
			i = len(s) - 1 - i
		}
		for w := s[i]; w != 0; {
			b := bits.TrailingZeros64(w)
			if newest {
				b = 63 - bits.LeadingZeros64(w)
			}
			w &^= 1 << b
			if more, err := give(int64(i*64 + b)); err != nil || !more {
				return false, err
			}
		}
	}
	if len(list) > 0 {
		return f(list)
	}
	return true, nil
}
