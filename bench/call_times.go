package main

import (
	"fmt"
	"slices"
	"time"

	"parley/internal/bearer/link"
	"parley/internal/station"
)

const packetEvery = 20 * time.Millisecond // of a voice

// callTimes measures what somebody on a call waits for.
func callTimes(b *bench, r *report) error {
	w, err := b.newWired(true)
	if err != nil {
		return err
	}
	defer w.away()
	defer w.close()
	w.set(100*time.Millisecond, 0, false)
	if err := w.accepted(r, b.size(8, 3)); err != nil {
		return err
	}
	w.set(150*time.Millisecond, 0, false)
	if err := w.putThrough(r, b.size(20, 3)); err != nil {
		return err
	}
	w.set(100*time.Millisecond, 0, false)
	all, err := w.leaders(packetEvery, 8, nil, func() ([]*member, error) {
		li, err := w.comes(w.a, 'I', 8, station.CallPerson{Name: "Li", Role: "interpreter", Tongue: "zh"})
		if err != nil {
			return nil, err
		}
		wu, err := w.comes(w.b, 'D', 8, station.CallPerson{Name: "Wu", Role: "delegate", Tongue: "zh"})
		if err != nil {
			return []*member{li}, err
		}
		return []*member{li, wu}, nil
	})
	if err != nil {
		return fmt.Errorf("the long call: %w", err)
	}
	if err := w.booth(r, all, b.size(20, 5)); err != nil {
		return fmt.Errorf("booth: %w", err)
	}
	if err := w.cutOne(r, all, b.size(5, 2)); err != nil {
		return fmt.Errorf("cut: %w", err)
	}
	if err := w.reconnects(r, all, b.size(20, 3)); err != nil {
		return fmt.Errorf("rejoin: %w", err)
	}
	if err := w.mends(r, all, b.size(20, 2)); err != nil {
		return fmt.Errorf("mended: %w", err)
	}
	return w.over(all...)
}

// accepted measures from lifting until the watches hear one another, and from the
// second READY until the principals do. The desks of the watches are opened when
// the call runs at their station, as a page does.
func (w *wired) accepted(r *report, n int) error {
	var lifted, apart, first []time.Duration
	for range n {
		if err := w.rings(); err != nil {
			return err
		}
		var watches [2]*member
		comes := func(i int, c *child) error {
			m, err := w.comes(c, "wv"[i], 2, station.CallPerson{Name: []string{"Ruiz", "Lin"}[i], Role: "watch"})
			if err != nil {
				return err
			}
			m.speaks(packetEvery, nil)
			watches[i] = m
			return nil
		}
		began := time.Now()
		err := both(func() error { return comes(0, w.a) }, func() error {
			if err := do(w.b, "lift", w.line); err != nil {
				return err
			}
			return comes(1, w.b)
		})
		if err != nil {
			return err
		}
		there, err := watches[0].waitFor('v', 10*time.Second)
		if err != nil {
			return err
		}
		here, err := watches[1].waitFor('w', 10*time.Second)
		if err != nil {
			return err
		}
		first = append(first, here.Sub(began))
		if there.After(here) {
			here = there
		}
		lifted = append(lifted, here.Sub(began))
		took, _, principals, err := w.through()
		if err != nil {
			return err
		}
		apart = append(apart, took)
		if err := w.over(append(watches[:], principals...)...); err != nil {
			return err
		}
	}
	r.spread("lift to first audio at who lifted, RTT 100 ms", first)
	r.spread("lift to both watches hear, RTT 100 ms", lifted)
	r.spread("second READY to both principals hear, RTT 100 ms", apart)
	r.atMost("lift to first audio, RTT 100 ms, p50", milli(quantile(first, 0.5)), 500, "ms")
	r.note("lifting: the record's round trip, then each desk joins and connects (ICE, DTLS), then the switchboards tell each other the voices; the record is synced before it is told")
	r.note("READY: the moment is set a second ahead, so that both sides have it although copies are lost (internal/call: leastGap); no target")
	return nil
}

// through brings a principal of each side, presses READY, and returns from then
// until both hear, and how far apart they did first.
func (w *wired) through() (took, apart time.Duration, all []*member, err error) {
	for i, c := range []*child{w.a, w.b} {
		m, err := w.comes(c, "AB"[i], 2, []station.CallPerson{president, chairman}[i])
		if err != nil {
			return 0, 0, all, err
		}
		m.speaks(packetEvery, nil)
		all = append(all, m)
	}
	for _, c := range []*child{w.a, w.b} {
		if err := do(c, "known", knownArgs{w.line, 1}); err != nil {
			return 0, 0, all, err
		}
	}
	began, err := w.ready()
	if err != nil {
		return 0, 0, all, err
	}
	at, err := all[0].waitFor('B', 10*time.Second)
	if err != nil {
		return 0, 0, all, err
	}
	bt, err := all[1].waitFor('A', 10*time.Second)
	if err != nil {
		return 0, 0, all, err
	}
	apart = at.Sub(bt).Abs()
	if bt.After(at) {
		at = bt
	}
	return at.Sub(began), apart, all, nil
}

// putThrough measures how far apart the principals hear first.
func (w *wired) putThrough(r *report, n int) error {
	var skews []time.Duration
	for range n {
		if err := w.rings(); err != nil {
			return err
		}
		if err := do(w.b, "lift", w.line); err != nil {
			return err
		}
		_, apart, all, err := w.through()
		if err != nil {
			return err
		}
		skews = append(skews, apart)
		if err := w.over(all...); err != nil {
			return err
		}
	}
	r.spread("principals put through apart, RTT 150 ms", skews)
	r.atMost("put through apart, RTT 150 ms, worst", milli(quantile(skews, 1)), 250, "ms")
	return nil
}

// booth measures a listener's switch from floor to booth, and an interpreter's
// going into it.
func (w *wired) booth(r *report, all []*member, n int) error {
	li, wu := all[2], all[3]
	li.speaks(packetEvery, nil)
	if _, err := wu.waitFor('I', 5*time.Second); err != nil {
		return err
	}
	var listens, goes []time.Duration
	for range n {
		if err := li.act("booth", "zh"); err != nil {
			return err
		}
		time.Sleep(400 * time.Millisecond) // known there, and what was under way has come
		wu.forget(false)
		began := time.Now()
		if err := wu.act("hear", "zh"); err != nil {
			return err
		}
		at, err := wu.waitFor('I', 5*time.Second)
		if err != nil {
			return err
		}
		listens = append(listens, at.Sub(began))
		if err := wu.act("hear", ""); err != nil {
			return err
		}
		if err := li.act("booth", ""); err != nil {
			return err
		}
		time.Sleep(400 * time.Millisecond)
	}
	if err := wu.act("hear", "zh"); err != nil {
		return err
	}
	for range n {
		// Muted on the floor first: what he says there is heard at once by all.
		if err := li.act("mute", ""); err != nil {
			return err
		}
		time.Sleep(400 * time.Millisecond)
		wu.forget(false)
		began := time.Now()
		if err := li.act("booth", "zh"); err != nil {
			return err
		}
		if err := li.act("unmute", ""); err != nil {
			return err
		}
		at, err := wu.waitFor('I', 5*time.Second)
		if err != nil {
			return err
		}
		goes = append(goes, at.Sub(began))
		if err := li.act("booth", ""); err != nil {
			return err
		}
	}
	if err := wu.act("hear", ""); err != nil {
		return err
	}
	r.spread("listener: floor to booth", listens)
	r.spread("interpreter: floor to booth, heard at the other side, RTT 100 ms", goes)
	r.atMost("listener's switch floor to booth, p99", milli(quantile(listens, 0.99)), 100, "ms")
	r.atMost("interpreter's switch floor to booth, less one way of 50 ms, p99", milli(quantile(goes, 0.99))-50, 100, "ms")
	return nil
}

// cutOne cuts one of two paths in mid-sentence, each in turn, and counts what is
// not heard of either principal.
func (w *wired) cutOne(r *report, all []*member, n int) error {
	t := table{What: "one of two paths cut for 2 s in mid-sentence", Columns: []string{"cuts", "packets said", "lost to the listener", "latest ms", "longest stall ms"}}
	for _, x := range []struct {
		name   string
		cables []*link.Link
	}{{"QUIC cut", w.udp}, {"TLS cut", w.tcp}} {
		var latest time.Duration
		lost, total := 0, 0
		stalled := watchStalls()
		for range n {
			if err := w.up(2); err != nil {
				return err
			}
			for _, m := range all[:2] {
				m.forget(true)
			}
			time.Sleep(time.Second)
			from := [2]uint32{all[0].said.Load(), all[1].said.Load()}
			w.cut(true, x.cables...)
			time.Sleep(2 * time.Second)
			to := [2]uint32{all[0].said.Load(), all[1].said.Load()}
			time.Sleep(500 * time.Millisecond) // what is under way
			for i, m := range all[:2] {
				h := m.of("BA"[i])
				gone, late := h.missing(from[1-i], to[1-i])
				lost, total, latest = lost+gone, total+int(to[1-i]-from[1-i]), max(latest, late)
			}
			w.cut(false, x.cables...)
		}
		t.add(x.name, count(n), count(total), count(lost), millis(latest), millis(stalled()))
		r.atMost("packets lost to the listener, "+x.name, float64(lost), 0, "packets")
	}
	r.More = append(r.More, t)
	r.note("longest stall: by how much a sleep of 1 ms of this process overran; a station that stands still sends the voice that waited late, and drops it after 100 ms only where it goes in QUIC (internal/bearer: SmallLate)")
	return nil
}

// watchStalls looks how long this process, and so the machine, stands still at the
// worst, until the result is called.
func watchStalls() func() time.Duration {
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			began := time.Now()
			select {
			case <-stop:
				worst <- most
				return
			case <-time.After(time.Millisecond):
			}
			most = max(most, time.Since(began)-time.Millisecond)
		}
	}()
	return func() time.Duration { close(stop); return <-worst }
}

// missing is how many of the numbers from up to to were not heard, and how long
// the slowest of the others was under way.
func (h *heard) missing(from, to uint32) (lost int, latest time.Duration) {
	for n := from; n < to; n++ {
		p, ok := h.kept[n]
		if !ok {
			lost++
		}
		latest = max(latest, p.took)
	}
	return lost, latest
}

// reconnects measures a desk whose connection went silent: from the new offer
// until it hears and is heard.
func (w *wired) reconnects(r *report, all []*member, n int) error {
	if err := w.up(2); err != nil {
		return err
	}
	var took []time.Duration
	for range n {
		old := all[1].desk
		old.silent() // nothing is said of it to the station: it simply is not there
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		d, err := newDesk('B', 8)
		if err != nil {
			return err
		}
		offer, err := d.offer()
		if err != nil {
			return err
		}
		answer, err := call[string](w.b, "reconnect", reconnectArgs{all[1].at, offer})
		if err != nil {
			return err
		}
		if err := d.answered(answer); err != nil {
			return err
		}
		all[1].desk = d
		all[0].forget(false)
		d.speaks(packetEvery, nil)
		at, err := twoWay(all)
		if err != nil {
			return err
		}
		took = append(took, at.Sub(began))
		old.close()
	}
	r.spread("desk drops: new offer to two-way audio, RTT 100 ms", took)
	r.atMost("rejoin of a desk, p95", quantile(took, 0.95).Seconds(), 5, "s")
	r.note("a browser finds out that its connection is gone by itself, which is not in this")
	return nil
}

// twoWay is when both principals heard each other.
func twoWay(all []*member) (time.Time, error) {
	at, err := all[0].waitFor('B', 30*time.Second)
	if err != nil {
		return at, err
	}
	bt, err := all[1].waitFor('A', 30*time.Second)
	if bt.After(at) {
		at = bt
	}
	return at, err
}

// mends measures from the mending of a line, cut for 3 s, until both principals
// hear each other.
func (w *wired) mends(r *report, all []*member, n int) error {
	var took []time.Duration
	for range n {
		if err := w.up(2); err != nil {
			return err
		}
		time.Sleep(time.Second)
		w.cut(true, slices.Concat(w.udp, w.tcp)...)
		time.Sleep(3 * time.Second)
		for _, m := range all[:2] {
			m.forgetUntilNow()
		}
		began := time.Now()
		w.cut(false, slices.Concat(w.udp, w.tcp)...)
		at, err := twoWay(all)
		if err != nil {
			return err
		}
		took = append(took, at.Sub(began))
	}
	r.spread("line cut for 3 s: mended to two-way audio, RTT 100 ms", took)
	r.atMost("two-way again after a cut of 3 s, p95", quantile(took, 0.95).Seconds(), 5, "s")
	return nil
}
