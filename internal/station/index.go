package station

import (
	"context"
	"time"

	"parley"
	"parley/internal/find"
	"parley/internal/store"
)

const (
	indexEvery = 2 * time.Second // between looks at lines where something came
	indexBatch = 4_096           // entries that go into the index together,
	indexBytes = 2 << 20         // or texts of so many bytes
	indexRows  = 200             // of the record that are read at once
	busyRests  = 10              // times as long as it worked a line is left alone to which more comes,
	busyRest   = 5 * time.Second // or so long
	blanksEach = 200             // of those that did not open, looked at again each time
)

// keepIndex brings the search index up to the record until ctx ends, a batch of
// each line in turn, so that none waits for another to come to rest. It rests as
// long as it works, and leaves a line to which more comes alone for many times as
// long: people and peers wait for the same disk and processor, and what is not in
// the index yet a search opens one by one.
func (s *Station) keepIndex(ctx context.Context) {
	for s.finder != nil && ctx.Err() == nil {
		pause := indexEvery
		for _, l := range s.unindexed() {
			began := time.Now()
			if wait := l.indexAgain.Sub(began); wait > 0 {
				pause = min(pause, wait)
				continue
			}
			more, err := s.indexLine(l)
			if err != nil && ctx.Err() == nil {
				s.log.Error("keeping the search index", "line", l.id, "err", err)
				if parley.KindOf(err) == parley.Corrupt || parley.KindOf(err) == parley.Conflict {
					if err := s.resetIndex(); err != nil {
						s.log.Error("beginning the search index again", "err", err)
					}
				}
			}
			worked := time.Since(began)
			if l.backlog = more; more {
				pause = 0
				if l.unfound.Load() {
					l.indexAgain = began.Add(min(busyRests*worked, busyRest))
				}
			}
			rest(ctx, worked)
		}
		rest(ctx, pause)
	}
}

// unindexed lists the lines of which something may be on the record that is not in
// the index.
func (s *Station) unindexed() (ls []*liveLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if l.unfound.Load() || l.backlog {
			ls = append(ls, l)
		}
	}
	return ls
}

// resetIndex begins the index again, of every line.
func (s *Station) resetIndex() error {
	s.mu.Lock()
	for _, l := range s.lines {
		l.unfound.Store(true)
	}
	s.mu.Unlock()
	return s.finder.Reset()
}

// indexLine adds a batch of what has been settled since, and what opens now. more
// says that the next batch is there.
func (s *Station) indexLine(l *liveLine) (more bool, _ error) {
	l.unfound.Store(false) // what comes from here on sets it again
	upto, last, err := l.found.Upto()
	if err != nil {
		return false, err
	}
	if upto > 0 {
		rows, _, err := l.store.Rows(store.Filter{At: []int64{upto}})
		if err != nil {
			return false, err
		}
		if len(rows) != 1 || rows[0].Ref().String() != last {
			return false, parley.Errorf(parley.Conflict, "the record of line %s is another than the search index was made of", l.id)
		}
	}
	if err := l.indexBlanks(); err != nil {
		return false, err
	}
	es, last, more, err := l.indexable(upto)
	if err != nil {
		return false, err
	}
	if len(es) > 0 {
		if err := l.found.Add(es, last); err != nil {
			return false, err
		}
	}
	return more, nil // what has yet to settle says so when it is placed
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// indexable reads what follows a position on the record: a batch of it, for a
// peer's texts must not fill the memory. more says that there may be more.
func (l *liveLine) indexable(upto int64) (es []find.Entry, last string, more bool, err error) {
	for bytes := 0; ; {
		rows, _, err := l.store.Rows(store.Filter{After: upto, Limit: indexRows})
		if err != nil {
			return nil, "", false, err
		}
		for _, r := range rows {
			texts, open, err := l.says(r, true)
			if err != nil {
				return nil, "", false, err
			}
			es = append(es, find.Entry{Pos: r.Pos, Time: int64(min(r.Time, 1<<62)), Texts: texts, Blank: !open})
			upto, last = r.Pos, r.Ref().String()
			for _, t := range texts {
				bytes += len(t)
			}
			if bytes >= indexBytes || len(es) >= indexBatch {
				return es, last, true, nil
			}
		}
		if len(rows) < indexRows {
			return es, last, false, nil
		}
	}
}

// indexBlanks looks again at entries that did not open when they came.
func (l *liveLine) indexBlanks() error {
	at, err := l.found.Blanks()
	if err != nil || len(at) == 0 {
		return err
	}
	rows, _, err := l.store.Rows(store.Filter{At: at[:min(len(at), blanksEach)], Limit: blanksEach})
	if err != nil {
		return err
	}
	for _, r := range rows {
		texts, open, err := l.says(r, true)
		if err != nil {
			return err
		}
		if open {
			if err := l.found.More(r.Pos, texts...); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexMore adds a translation to what an entry is found by.
func (l *liveLine) indexMore(id, text string) {
	l.noteTranslated(id)
	if l.found == nil {
		return
	}
	row, err := l.find(id)
	if err == nil && row.Settled {
		err = l.found.More(row.Pos, text)
	}
	if err != nil {
		l.log.Error("adding a translation to the search index", "item", id, "err", err)
	}
}
