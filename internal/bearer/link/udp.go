package link

import (
	"container/heap"
	"net"
	"net/netip"
	"sync"
	"time"

	"parley"
)

const (
	maxFlows    = 1024
	flowIdle    = 2 * time.Minute
	maxDatagram = 65_535
)

// flow is one sender through the cable, with a socket of its own to the target.
type flow struct {
	up   *net.UDPConn
	out  *pipe // towards the target
	back *pipe
}

func (l *Link) startUDP(listen, target string) error {
	to, err := netip.ParseAddrPort(target)
	if err != nil {
		return parley.Errorf(parley.Malformed, "link target %q is not an address and a port in numbers", target)
	}
	at, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return &parley.Error{Kind: parley.Malformed, What: "link", Err: err}
	}
	near, err := net.ListenUDP("udp", at)
	if err != nil {
		return &parley.Error{Kind: parley.Unavailable, What: "link", Err: err}
	}
	near.SetReadBuffer(4 << 20)
	l.addr = near.LocalAddr().String()
	l.shut = append(l.shut, near.Close)
	l.wg.Go(func() { l.serveUDP(near, to) })
	return nil
}

// serveUDP sends what comes in on, each sender's by its own flow.
func (l *Link) serveUDP(near *net.UDPConn, to netip.AddrPort) {
	var mu sync.Mutex
	flows := map[netip.AddrPort]*flow{}
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := near.ReadFromUDPAddrPort(buf)
		if err != nil {
			if l.ctx.Err() != nil {
				return
			}
			continue // an ICMP error of something sent earlier
		}
		mu.Lock()
		f := flows[from]
		if f == nil && len(flows) < maxFlows {
			if f = l.newFlow(near, from, to); f != nil {
				flows[from] = f
				l.wg.Go(func() {
					l.returning(f)
					mu.Lock()
					delete(flows, from)
					mu.Unlock()
				})
			}
		}
		mu.Unlock()
		if f != nil {
			f.out.enter(buf[:n])
		}
	}
}

func (l *Link) newFlow(near *net.UDPConn, from, to netip.AddrPort) *flow {
	up, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil
	}
	up.SetReadBuffer(4 << 20)
	f := &flow{up: up,
		out:  newPipe(l, func(b []byte) { up.Write(b) }),
		back: newPipe(l, func(b []byte) { near.WriteToUDPAddrPort(b, from) })}
	return f
}

// returning carries the target's answers until the flow has been idle for long.
func (l *Link) returning(f *flow) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { f.out.run(stop) })
	wg.Go(func() { f.back.run(stop) })
	wg.Go(func() {
		select {
		case <-l.ctx.Done():
			f.up.Close()
		case <-stop:
		}
	})
	buf := make([]byte, maxDatagram)
	for last := time.Now(); ; {
		f.up.SetReadDeadline(time.Now().Add(flowIdle))
		n, err := f.up.Read(buf)
		if l.ctx.Err() != nil || (err != nil && time.Since(last) > flowIdle) {
			break
		}
		if err != nil { // nobody at the target just now
			time.Sleep(time.Millisecond)
			continue
		}
		last = time.Now()
		f.back.enter(buf[:n])
	}
	close(stop)
	f.up.Close()
	wg.Wait()
}

// pipe is one direction of one flow.
type pipe struct {
	l    *Link
	send func([]byte)
	wake chan struct{}

	mu    sync.Mutex
	shape shaper
	under packets
	seq   uint64
}

func newPipe(l *Link, send func([]byte)) *pipe {
	return &pipe{l: l, send: send, wake: make(chan struct{}, 1)}
}

// enter takes a copy of b, or loses it.
func (p *pipe) enter(b []byte) {
	o := p.l.opts.Load()
	if p.l.IsCut() || (o.Loss > 0 && p.l.chance() < o.Loss) {
		p.l.lost.Add(uint64(len(b)))
		return
	}
	p.mu.Lock()
	due, ok := p.shape.enter(time.Now(), len(b), o, p.l.chance)
	if ok {
		p.seq++
		heap.Push(&p.under, packet{due, p.seq, append([]byte(nil), b...)})
	}
	p.mu.Unlock()
	if !ok {
		p.l.lost.Add(uint64(len(b)))
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run lets packets out when they are due.
func (p *pipe) run(stop <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		wait := time.Hour
		var b []byte
		if len(p.under) > 0 {
			if wait = time.Until(p.under[0].due); wait <= 0 {
				b = heap.Pop(&p.under).(packet).b
			}
		}
		p.mu.Unlock()
		if b != nil {
			if p.l.IsCut() {
				p.l.lost.Add(uint64(len(b)))
				continue
			}
			p.l.passed.Add(uint64(len(b)))
			p.send(b)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-p.wake:
		case <-stop:
			return
		}
	}
}

// packets is a heap, the next one due first.
type packets []packet

type packet struct {
	due time.Time
	seq uint64
	b   []byte
}

func (h packets) Len() int      { return len(h) }
func (h packets) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h packets) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].seq < h[j].seq
	}
	return h[i].due.Before(h[j].due)
}
func (h *packets) Push(x any) { *h = append(*h, x.(packet)) }
func (h *packets) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
