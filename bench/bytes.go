package main

import (
	"path/filepath"
	"time"
)

// stretch is one series of dispatches over cables that count.
type stretch struct {
	script, path string
	from, to     uint64
	each         float64 // octets of transport a dispatch, both directions
}

// bytesOnWire counts what one dispatch costs on each path, whole and by parts.
func bytesOnWire(b *bench) (*report, error) {
	n := b.size(40, 10)
	p, err := b.newPair(true)
	if err != nil {
		return nil, err
	}
	var all []stretch
	for _, path := range []string{"QUIC", "TLS"} {
		if err := p.only(path); err != nil {
			return nil, err
		}
		idle, err := p.idleBytes(path)
		if err != nil {
			return nil, err
		}
		for _, script := range []string{"Latin", "Chinese", "Arabic"} {
			s, err := p.countBytes(script, path, n, idle)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	if err := p.close(); err != nil {
		return nil, err
	}
	r := &report{Columns: []string{"octets of text", "entry", "its frame", "checkpoint frame", "receipt frame", "frames", "transport adds", "on the wire", "thin bearer"}}
	for _, s := range all {
		z, err := call[sizes](p.a, "sizes", sizesArgs{Dir: filepath.Join(p.dir, "alder"), Line: p.line, Party: "alder", From: s.from, To: s.to})
		if err != nil {
			return nil, err
		}
		frames := z.EntryFrame + z.HeadFrame + z.ReceiptFrame
		r.add(s.path+" "+s.script, count(z.Text), count(z.EntryBytes), count(z.EntryFrame), count(z.HeadFrame), count(z.ReceiptFrame), count(frames),
			num(s.each-float64(frames)), num(s.each), count(thin(z.ThinEntry, z.ThinReceipt)))
	}
	for _, s := range all {
		if s.script == "Latin" {
			r.atMost("dispatch of 200 octets on the wire over "+s.path+", with checkpoint and receipt", s.each, 6000, "octets")
		}
	}
	r.note("octets on average of %d dispatches sent one by one; each has its own checkpoint and receipt, both under Ed25519 and ML-DSA-44 (2,420 octets a signature)", n)
	r.note("on the wire: what passed through counting cables, both directions, less what keep-alive alone passes in the same time; it is the payload of UDP packets and the TCP stream: IP and UDP headers add 28 octets a packet, IP and TCP 52 a segment")
	r.note("thin bearer: computed by spec/thin.md from the same entry: frames 20 and 21, Ed25519 half, two bundles on radio of MTU 256 filled to 16 and 16 octets of bundle each; not built yet")
	r.note("target: <= 6,000 octets on a fat bearer, <= 512 on a thin one (spec/thin.md, 19: other scripts are more)")
	r.note("Matrix, XMPP and S/MIME: not measured, not installed; none carries a receipt that its holder signed")
	return r, nil
}

// thin is what an entry and its receipt take on a radio of MTU 256 by
// spec/thin.md: bundles of tag 8 and mac 8, filled to 16 octets, and 7 octets of
// frame 18 for each part of a frame that does not fit.
func thin(entry, receipt int) int {
	const mtu, overhead, cutting = 256, 16, 7
	total := 0
	for _, frame := range []int{entry, receipt} {
		for left := frame; left > 0; {
			room := mtu - overhead
			if frame > room {
				room -= cutting
			}
			part := min(left, room)
			left -= part
			if frame > mtu-overhead {
				part += cutting
			}
			total += min((part+15)&^15, mtu-overhead) + overhead
		}
	}
	return total
}

// idleBytes is what a path passes a second with nothing to say.
func (p *pair) idleBytes(path string) (perSecond float64, err error) {
	const long = 6 * time.Second
	time.Sleep(2 * time.Second)
	before, err := p.passed(path)
	if err != nil {
		return 0, err
	}
	time.Sleep(long)
	after, err := p.passed(path)
	return float64(after-before) / long.Seconds(), err
}

// passed is what has gone through the cables of a path to both stations.
func (p *pair) passed(path string) (n uint64, err error) {
	for _, c := range []*child{p.a, p.b} {
		m, err := call[map[string]uint64](c, "passed", nothing{})
		if err != nil {
			return 0, err
		}
		n += m[path]
	}
	return n, nil
}

func (p *pair) countBytes(script, path string, n int, idle float64) (s stretch, err error) {
	s.script, s.path = script, path
	if err := p.draft(n, script, "ROUTINE"); err != nil {
		return s, err
	}
	st, err := p.state()
	if err != nil {
		return s, err
	}
	s.from = st.Size
	before, err := p.passed(path)
	if err != nil {
		return s, err
	}
	began := time.Now()
	if _, err := call[timed](p.a, "latency", latencyArgs{p.line, 50 * time.Millisecond}); err != nil {
		return s, err
	}
	time.Sleep(200 * time.Millisecond) // late acknowledgements of the transport
	after, err := p.passed(path)
	if err != nil {
		return s, err
	}
	s.each = (float64(after-before) - idle*time.Since(began).Seconds()) / float64(n)
	st, err = p.state()
	s.to = st.Size
	return s, err
}
