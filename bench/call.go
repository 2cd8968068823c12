package main

import (
	"errors"
	"slices"
	"sync"
	"time"

	"parley/internal/bearer/link"
	calls "parley/internal/call"
	"parley/internal/station"
)

// callMeasures measures a call: two stations, each its own process with its own
// store, over cables with settable delay and loss; desks are Pion clients in this
// process. What is beyond a desk (microphone, jitter buffer, loudspeaker) is not
// in it.
func callMeasures(b *bench) (*report, error) {
	return callReport(b, callTimes, callLoss)
}

// forwarding measures what two stations add to the way of a packet, and what that
// costs them, with Galene beside where there is one.
func forwarding(b *bench) (*report, error) { return callReport(b, callCost, galeneMeasures) }

func callReport(b *bench, parts ...func(*bench, *report) error) (*report, error) {
	r := &report{Columns: []string{"n", "p50 ms", "p95 ms", "p99 ms", "worst ms"}}
	for _, f := range parts {
		if err := f(b, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// wired is a pair of stations over cables of ours; with none of them they reach
// each other as they are.
type wired struct {
	*pair
	udp, tcp []*link.Link
	rang     time.Time
}

func (b *bench) newWired(cables bool) (*wired, error) {
	w := &wired{}
	var err error
	w.pair, err = b.pairOf(func(int) (a initArgs, err error) {
		a.Media = true
		if !cables {
			return a, nil
		}
		if a.QUIC, err = freePort("udp"); err != nil {
			return a, err
		}
		if a.TLS, err = freePort("tcp"); err != nil {
			return a, err
		}
		seed := uint64(len(w.udp) + 1)
		u, err := link.New("udp", "127.0.0.1:0", a.QUIC, link.Options{Seed: seed})
		if err != nil {
			return a, err
		}
		w.udp = append(w.udp, u)
		t, err := link.New("tcp", "127.0.0.1:0", a.TLS, link.Options{Seed: seed + 2})
		if err != nil {
			return a, err
		}
		w.tcp = append(w.tcp, t)
		a.AnnounceQUIC, a.AnnounceTLS = u.Addr(), t.Addr()
		return a, nil
	})
	if err != nil {
		w.away()
		return nil, err
	}
	return w, nil
}

// away takes the cables away.
func (w *wired) away() {
	for _, l := range slices.Concat(w.udp, w.tcp) {
		l.Close()
	}
}

// set changes all cables; loss is of those of QUIC, and of TLS where both is set.
func (w *wired) set(rtt time.Duration, loss float64, both bool) {
	o := link.Options{Delay: rtt / 2, Loss: loss}
	for _, l := range w.udp {
		l.Set(o)
	}
	if !both {
		o.Loss = 0
	}
	for _, l := range w.tcp {
		l.Set(o)
	}
}

func (w *wired) cut(cut bool, cables ...*link.Link) {
	for _, l := range cables {
		l.Cut(cut)
	}
}

// member is somebody on a call, with his desk.
type member struct {
	*desk
	on *child
	at station.CallSeat
}

// comes puts somebody on the call that runs, or begins within 20 s, and connects
// his desk.
func (w *wired) comes(on *child, letter byte, voices int, as station.CallPerson) (*member, error) {
	d, err := newDesk(letter, voices)
	if err != nil {
		return nil, err
	}
	offer, err := d.offer()
	if err == nil {
		var s seated
		if s, err = call[seated](on, "seat", seatArgs{w.line, as, offer}); err == nil {
			if err = d.answered(s.Answer); err == nil {
				return &member{d, on, s.At}, nil
			}
		}
	}
	d.close()
	return nil, err
}

func (m *member) act(act, what string) error {
	return do(m.on, "act", actArgs{m.at, station.CallAct{Do: act, What: what}})
}

// rings lets Alder ring, and waits until it rings at Birch.
func (w *wired) rings() error {
	time.Sleep(time.Until(w.rang.Add(1100 * time.Millisecond))) // the record tells calls of one second apart by their references alone
	w.rang = time.Now()
	if err := do(w.a, "ring", w.line); err != nil {
		return err
	}
	return do(w.b, "phase", phaseArgs{w.line, calls.Ringing})
}

// over hangs up, and closes the desks of all who were on it.
func (w *wired) over(all ...*member) error {
	err := do(w.a, "hangup", w.line)
	for _, m := range all {
		if m != nil {
			m.close()
		}
	}
	for _, c := range []*child{w.a, w.b} {
		err = errors.Join(err, do(c, "phase", phaseArgs{w.line, calls.Over}))
	}
	return err
}

// side does something for both sides, and says when the second was told.
func (w *wired) ready() (at time.Time, err error) {
	for _, c := range []*child{w.a, w.b} {
		at = time.Now()
		if err = do(c, "side", sideArgs{w.line, station.SideAct{Do: "ready"}}); err != nil {
			return at, err
		}
	}
	return at, nil
}

var (
	president = station.CallPerson{Name: "President Alder", Role: "principal", Tongue: "en"}
	chairman  = station.CallPerson{Name: "主席", Role: "principal", Tongue: "zh"}
)

// leaders rings, lifts, and puts both principals through, who speak; more may
// bring others first.
func (w *wired) leaders(every time.Duration, voices int, opus [][]byte, more func() ([]*member, error)) (all []*member, err error) {
	if err := w.rings(); err != nil {
		return nil, err
	}
	if err := do(w.b, "lift", w.line); err != nil {
		return nil, err
	}
	for i, c := range []*child{w.a, w.b} {
		m, err := w.comes(c, "AB"[i], voices, []station.CallPerson{president, chairman}[i])
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
	if more != nil {
		ms, err := more()
		all = append(all, ms...)
		if err != nil {
			return all, err
		}
	}
	for _, m := range all[:2] {
		m.speaks(every, opus)
	}
	if _, err := w.ready(); err != nil {
		return all, err
	}
	if _, err := all[0].waitFor('B', 10*time.Second); err != nil {
		return all, err
	}
	_, err = all[1].waitFor('A', 10*time.Second)
	return all, err
}

// both does two things at once.
func both(f, g func() error) error {
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = f() })
	errs[1] = g()
	wg.Wait()
	return errors.Join(errs[:]...)
}

// spread adds a row of times.
func (r *report) spread(name string, ds []time.Duration) {
	if len(ds) == 0 {
		r.add(name, count(0), none, none, none, none)
		return
	}
	r.add(name, count(len(ds)), millis(quantile(ds, 0.5)), millis(quantile(ds, 0.95)), millis(quantile(ds, 0.99)), millis(quantile(ds, 1)))
}
