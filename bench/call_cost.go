package main

import (
	"fmt"
	"path/filepath"
	"time"

	"parley/internal/station"
)

// callCost measures what two stations add to the way of a packet, and what it
// costs them. They reach each other over loopback with no cable between.
func callCost(b *bench, r *report) error {
	w, err := b.newWired(false)
	if err != nil {
		return err
	}
	defer w.close()
	n := b.size(1000, 250)
	through, err := w.delay(n)
	if err != nil {
		return err
	}
	bare, err := bareDelay(n)
	if err != nil {
		return err
	}
	rate, lasts := 1600, 10*time.Second
	if b.quick {
		lasts = 3 * time.Second
	}
	packets, cpu, relayed, err := b.relayed(rate, lasts)
	if err != nil {
		return err
	}
	r.spread("desk to desk: two stations and the trunk, on loopback", through)
	r.spread("desk to desk: directly, on loopback", bare)
	r.spread("floor: two bare relays, on loopback", relayed)
	for _, q := range []float64{0.5, 0.99} {
		r.atMost(fmt.Sprintf("delay added by two stations and the trunk, p%.0f", 100*q), milli(quantile(through, q)-quantile(bare, q)), 5, "ms")
	}
	t := table{What: "cost of forwarding: processor time of both stations; a packet counts for each desk that it comes to", Columns: []string{"desks", "said a second", "heard a second", "of it across", "stations % of a core", "% a desk", "us a packet", "a second and core", "moves a second and core", "client us a packet", "MB RSS a station"}}
	per, err := w.forwarding(b, r, &t, lasts)
	if err != nil {
		return err
	}
	floor := float64(packets) / cpu.Seconds()
	t.add("floor: two bare relays with AES-GCM", none, num(float64(rate)), num(float64(packets)/lasts.Seconds()), num(float64(packets)/lasts.Seconds()), num(share(cpu, lasts)), none, num(float64(cpu.Microseconds())/float64(packets)), num(floor), num(4*floor), none, none)
	r.More = append(r.More, t)
	r.note("packets a second and core: packets heard by desks, each once, by the processor time of both stations together, of which each packet that crosses needs both; the floor's two relays likewise")
	r.note("of the floor, forwarding takes %.2g", per/floor)
	return nil
}

// delay takes how long n packets of Alder's are under way to Birch.
func (w *wired) delay(n int) ([]time.Duration, error) {
	all, err := w.leaders(packetEvery, 2, nil, nil)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	all[1].forget(true)
	time.Sleep(time.Duration(n) * packetEvery)
	h := all[1].of('A')
	return h.times(), w.over(all...)
}

func (h *heard) times() (ds []time.Duration) {
	for _, p := range h.kept {
		ds = append(ds, p.took)
	}
	return ds
}

// bareDelay is the same with nothing between the two desks.
func bareDelay(n int) ([]time.Duration, error) {
	a, err := newDesk('A', 1)
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := newDesk('B', 0)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := a.directly(b); err != nil {
		return nil, err
	}
	a.speaks(packetEvery, nil)
	if _, err := b.waitFor('A', 5*time.Second); err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	b.forget(true)
	time.Sleep(time.Duration(n) * packetEvery)
	h := b.of('A')
	return h.times(), nil
}

// forwarding adds a row for each size of call, and returns packets a second and
// core of the last.
func (w *wired) forwarding(b *bench, r *report, t *table, lasts time.Duration) (per float64, err error) {
	for _, x := range []struct {
		name    string
		each    int // desks of a side
		every   time.Duration
		profile bool
	}{
		{"two desks, 50 a second each", 1, packetEvery, false},
		{"two desks, 100 a second each", 1, packetEvery / 2, false},
		{"eight desks, all speak, 50 a second each", 4, packetEvery, false},
		{"eight desks, all speak, 100 a second each", 4, packetEvery / 2, true},
	} {
		profile := ""
		if x.profile && b.profile != "" {
			profile = filepath.Join(b.profile, "call")
		}
		f := forwarded{name: x.name}
		if f.ours, f.ourMoves, err = w.forwards(t, x.name, x.each, x.every, lasts, profile); err != nil {
			return 0, fmt.Errorf("%s: %w", x.name, err)
		}
		per = f.ours
		r.forwarded = append(r.forwarded, f)
	}
	return per, nil
}

// crossing is how often a packet that crosses is moved between the two stations: it is
// sent over two paths, and received from both.
const crossing = 4

// forwards returns packets heard, and packets received or sent by the stations, a second
// and core (docs/decisions/0015-forwarding.md).
func (w *wired) forwards(t *table, name string, each int, every, lasts time.Duration, profile string) (per, moves float64, err error) {
	all, err := w.leaders(every, 8, nil, func() (ms []*member, err error) {
		for i := 1; i < each; i++ {
			for k, c := range []*child{w.a, w.b} {
				m, err := w.comes(c, "ab"[k]+byte(2*i), 8, station.CallPerson{Name: fmt.Sprint("Delegate ", i), Role: "delegate", Tongue: "en"})
				if err != nil {
					return ms, err
				}
				m.speaks(every, nil)
				ms = append(ms, m)
			}
		}
		return ms, nil
	})
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(2 * time.Second)
	if profile != "" {
		if err := w.profile(profile); err != nil {
			return 0, 0, err
		}
	}
	said, heard := totals(all)
	before, err := cpuOf(w.a, w.b)
	if err != nil {
		return 0, 0, err
	}
	own := processorTime()
	began := time.Now()
	time.Sleep(lasts)
	took := time.Since(began)
	own = processorTime() - own
	after, err := cpuOf(w.a, w.b)
	if err != nil {
		return 0, 0, err
	}
	s, h := totals(all)
	said, heard = s-said, h-heard
	if profile != "" {
		if err := w.profile(""); err != nil {
			return 0, 0, err
		}
	}
	u, err := call[used](w.b, "usage", nothing{})
	if err != nil {
		return 0, 0, err
	}
	cpu := after - before
	us := func(d time.Duration) cell { return num(float64(d.Microseconds()) / float64(max(heard, 1))) }
	per = float64(heard) / cpu.Seconds()
	moves = float64(said+heard+crossing*said) / cpu.Seconds()
	across := float64(each) / float64(2*each-1) // of those that a desk hears
	t.add(name, count(2*each), num(float64(said)/took.Seconds()), num(float64(heard)/took.Seconds()), num(across*float64(heard)/took.Seconds()), num(share(cpu, took)), num(share(cpu, took)/float64(2*each)), us(cpu), num(per), num(moves), us(own), num(float64(u.RSS)/1e6))
	return per, moves, w.over(all...)
}

// totals are packets said and heard by all.
func totals(all []*member) (said, heard int64) {
	for _, m := range all {
		said, heard = said+int64(m.said.Load()), heard+m.total.Load()
	}
	return said, heard
}
