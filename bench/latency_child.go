package main

import (
	"context"
	"time"

	"parley/internal/station"
)

// timed is what one series of dispatches took, in nanoseconds.
type timed struct {
	Stored []time.Duration // from the act to the receipt, durable here
	Act    []time.Duration // the act alone, until it returned
}

type latencyArgs struct {
	Line  string
	Pause time.Duration // between one and the next
}

// latency releases the drafts one by one, each when the one before is stored.
func (h *host) latency(a latencyArgs) (t timed, err error) {
	for _, d := range h.drafts {
		if err := h.timeAct(a, &t, func() error { return h.releaseOne(d) }); err != nil {
			return t, err
		}
	}
	return t, nil
}

type checkCallArgs struct {
	Line  string
	N     int
	Pause time.Duration
}

// checkCalls does the same with check calls: an entry that needs no draft, so
// that what is timed is the line alone.
func (h *host) checkCalls(a checkCallArgs) (t timed, err error) {
	for range a.N {
		err := h.timeAct(latencyArgs{a.Line, a.Pause}, &t, func() error {
			_, err := h.st.CheckCall(context.Background(), h.chief, a.Line, "")
			return err
		})
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// timeAct times one act until what it put on the line is stored over there.
func (h *host) timeAct(a latencyArgs, t *timed, act func() error) error {
	before, err := h.state(a.Line)
	if err != nil {
		return err
	}
	events, stop := h.st.Subscribe()
	defer stop()
	stored := make(chan error, 1)
	var took time.Duration
	began := time.Now()
	go func() { stored <- h.untilStored(a.Line, before.Size, began, &took, events) }()
	if err := act(); err != nil {
		return err
	}
	acted := time.Since(began)
	if err := <-stored; err != nil {
		return err
	}
	t.Stored, t.Act = append(t.Stored, took), append(t.Act, acted)
	time.Sleep(a.Pause)
	return nil
}

// untilStored waits until our log has grown beyond size and all of it is stored.
func (h *host) untilStored(line string, size uint64, began time.Time, took *time.Duration, events <-chan station.Event) error {
	for e := range events {
		if e.Kind != "item" || e.Item != "" {
			continue
		}
		s, err := h.state(line)
		if err != nil {
			return err
		}
		if s.Size > size && s.Stored >= s.Size {
			*took = time.Since(began)
			return nil
		}
	}
	return nil
}
