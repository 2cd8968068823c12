package main

import (
	"path/filepath"
	"time"
)

// pauseBetween keeps one dispatch out of the last one's afterwork.
const pauseBetween = 5 * time.Millisecond

// rounds is how often station and floor take turns: what else the machine does
// then falls on both.
const rounds = 5

// latency times dispatches one after the other, over each path alone.
func latency(b *bench) (*report, error) {
	n := b.size(500, 100)
	p, err := b.newPair(false)
	if err != nil {
		return nil, err
	}
	f, err := b.newFloor()
	if err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"n", "p50 ms", "p95 ms", "p99 ms", "p50 / floor", "p99 / floor", "p50 / least", "p99 / least"}}
	for _, path := range []string{"QUIC", "TLS"} {
		if err := b.latencyOver(r, p, f, path, n); err != nil {
			return nil, err
		}
	}
	r.note("released: an officer's release of a draft until the receipt is verified and durable here; filed: the same for a check call, which needs no draft")
	r.note("floor: the signatures, the fsyncs and the round trip of a station and nothing else: the release kept, entry and checkpoint kept, the mark raised; entries, checkpoint and receipt kept over there; the receipt kept")
	r.note("least floor: without keeping release and receipt, which a program without officers and without a record would not do: 3 fsyncs in place of 5")
	r.note("station and floor take turns %d times; each dispatch waits for the one before; entries of %d octets of text", rounds, textBytes)
	r.Notes = append(r.Notes, missingPeers()...)
	return r, nil
}

func (b *bench) latencyOver(r *report, p *pair, f *floorPair, path string, n int) error {
	if err := p.only(path); err != nil {
		return err
	}
	if b.profile != "" {
		if err := p.profile(filepath.Join(b.profile, "latency-"+path)); err != nil {
			return err
		}
		defer p.profile("")
	}
	var released, filed timed
	var bare, acts []time.Duration
	for i := range rounds + 1 {
		k := n / rounds
		if i == 0 {
			k = min(k, 20) // to warm up; not counted
		}
		if err := p.draft(k, "Latin", "ROUTINE"); err != nil {
			return err
		}
		t, err := call[timed](p.a, "latency", latencyArgs{p.line, pauseBetween})
		if err != nil {
			return err
		}
		u, err := call[timed](p.a, "checkcalls", checkCallArgs{p.line, k, pauseBetween})
		if err != nil {
			return err
		}
		fs := [2]floorTimed{}
		for j := range fs {
			if fs[j], err = f.run(floorArgs{Transport: path, Groups: k, Entries: 1, Bytes: floorEntry, Ahead: 1, Acts: j == 1}); err != nil {
				return err
			}
		}
		if i > 0 {
			released.Stored, released.Act = append(released.Stored, t.Stored...), append(released.Act, t.Act...)
			filed.Stored = append(filed.Stored, u.Stored...)
			bare, acts = append(bare, fs[0].Each...), append(acts, fs[1].Each...)
		}
	}
	p50, p99 := func(ds []time.Duration) time.Duration { return quantile(ds, 0.50) }, func(ds []time.Duration) time.Duration { return quantile(ds, 0.99) }
	for _, x := range []struct {
		name string
		ds   []time.Duration
	}{{" released", released.Stored}, {" filed", filed.Stored}, {" least floor", bare}, {" floor", acts}} {
		r.add(path+x.name, count(len(x.ds)), millis(p50(x.ds)), millis(quantile(x.ds, 0.95)), millis(p99(x.ds)),
			ratio(p50(x.ds), p50(acts)), ratio(p99(x.ds), p99(acts)), ratio(p50(x.ds), p50(bare)), ratio(p99(x.ds), p99(bare)))
	}
	for _, f := range []struct {
		name string
		ds   []time.Duration
	}{{"", acts}, {", least floor", bare}} {
		r.ofFloor(path+" release to stored, p50 ms"+f.name, milli(p50(released.Stored)), milli(p50(f.ds)), 1.5, true)
		r.ofFloor(path+" release to stored, p99 ms"+f.name, milli(p99(released.Stored)), milli(p99(f.ds)), 2, true)
	}
	return nil
}

// floorEntry is how long an entry of the floor is: that of a dispatch of 200
// octets, sealed.
const floorEntry = 400

// profile profiles both stations into files that begin with path; "" ends it.
func (p *pair) profile(path string) error {
	for name, c := range map[string]*child{"-sender": p.a, "-receiver": p.b} {
		to := ""
		if path != "" {
			to = path + name
		}
		if err := do(c, "profile", to); err != nil {
			return err
		}
	}
	return nil
}
