package quic_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/quic"
)

// middle is a box between a dialer and a listener that knows QUIC from what is none.
type middle struct {
	near          *net.UDPConn
	quic, besides atomic.Int64
	deaf          atomic.Bool // lets QUIC alone through, and keeps the rest
	far           *net.UDPConn

	mu   sync.Mutex
	kept [][]byte // that went to the listener
}

// release puts in what was kept, and returns how many it is.
func (m *middle) release() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.kept {
		m.far.Write(b)
		time.Sleep(time.Millisecond) // they are to come, all of them
	}
	return len(m.kept)
}

func newMiddle(t *testing.T, to string) *middle {
	t.Helper()
	at, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		t.Fatal(err)
	}
	m := &middle{}
	if m.near, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	far, err := net.DialUDP("udp4", nil, at)
	if err != nil {
		t.Fatal(err)
	}
	m.far = far
	t.Cleanup(func() { m.near.Close(); far.Close() })
	var client atomic.Pointer[net.UDPAddr]
	pass := func(b []byte) bool {
		if b[0] < 64 {
			m.besides.Add(1)
			return !m.deaf.Load()
		}
		m.quic.Add(1)
		return true
	}
	go func() {
		for b := make([]byte, 2048); ; {
			n, from, err := m.near.ReadFromUDP(b)
			if err != nil {
				return
			}
			client.Store(from)
			if pass(b[:n]) {
				far.Write(b[:n])
			} else {
				m.mu.Lock()
				m.kept = append(m.kept, bytes.Clone(b[:n]))
				m.mu.Unlock()
			}
		}
	}()
	go func() {
		for b := make([]byte, 2048); ; {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			if pass(b[:n]) {
				m.near.WriteToUDP(b[:n], client.Load())
			}
		}
	}()
	return m
}

// said sends datagrams of n bytes from a to b for d, one each 10 ms, and returns how
// many were sent and how many came.
func said(t *testing.T, a bearer.Conn, b *bearertest.Ear, n int, d time.Duration) (sent, came int) {
	t.Helper()
	done := make(chan int)
	var over atomic.Bool
	go func() {
		seen := map[uint32]int{}
		for {
			ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
			got, err := b.RecvDatagram(ctx)
			stop()
			if err != nil && !over.Load() {
				continue
			}
			if err != nil {
				done <- len(seen)
				return
			}
			i := binary.BigEndian.Uint32(got)
			if seen[i]++; seen[i] > 2 || len(got) != n { // both ways at most
				t.Errorf("datagram %d of %d bytes came %d times", i, len(got), seen[i])
			}
		}
	}()
	for began := time.Now(); time.Since(began) < d; time.Sleep(10 * time.Millisecond) {
		if err := a.SendDatagram(append(binary.BigEndian.AppendUint32(nil, uint32(sent)), make([]byte, n-4)...)); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	over.Store(true)
	return sent, <-done
}

// TestVoiceGoesBeside: small datagrams go as SRTP beside QUIC, on the same ports,
// large ones in it; and where something between lets QUIC alone through, all in it,
// soon after it began to.
func TestVoiceGoesBeside(t *testing.T) {
	ida, idb := bearertest.ID(t, 1), bearertest.ID(t, 2)
	l := listen(t, bearer.Options{Identity: idb, Allow: bearertest.Only(ida)})
	m := newMiddle(t, l.Addr())
	dialed, err := quic.New(bearer.Options{Identity: ida, Allow: bearertest.Only(idb)}).Dial(t.Context(), m.near.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialed.Close(nil)
	b := bearertest.Hear(accept(t, l))
	a := bearertest.Hear(dialed)

	said(t, a, b, 100, 500*time.Millisecond) // they find out
	said(t, b, a, 100, 100*time.Millisecond)
	for _, d := range [][2]*bearertest.Ear{{a, b}, {b, a}} {
		was := m.besides.Load()
		sent, came := said(t, d[0], d[1], 100, time.Second)
		if n := m.besides.Load() - was; came < sent || n < int64(sent) || n > int64(sent)+10 {
			t.Errorf("%d of %d came, %d went beside", came, sent, n)
		}
	}
	was := m.besides.Load()
	if sent, came := said(t, a, b, bearer.DatagramSmall+1, 500*time.Millisecond); came < sent || m.besides.Load()-was > 5 {
		t.Errorf("large ones: %d of %d came, %d went beside", came, sent, m.besides.Load()-was)
	}

	m.deaf.Store(true)
	sent, came := said(t, a, b, 100, 4*time.Second)
	t.Logf("where QUIC alone passes: %d of %d came", came, sent)
	if came == 0 {
		t.Errorf("where QUIC alone passes, 4 s of voice are lost")
	}
	if sent, came := said(t, a, b, 100, time.Second); came < sent {
		t.Errorf("in the fall-back %d of %d came", came, sent)
	}
	time.Sleep(1200 * time.Millisecond) // what goes both ways meanwhile is held for no more than a slow path takes
	if n := m.release(); n < 50 {
		t.Errorf("%d were held back", n)
	}
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	if _, err := b.RecvDatagram(ctx); err == nil {
		t.Error("what was held back came when it was put in")
	}
	stop()
	m.deaf.Store(false)
	said(t, a, b, 100, 4*time.Second)
	was = m.besides.Load()
	if sent, came := said(t, a, b, 100, 500*time.Millisecond); came < sent || m.besides.Load()-was < int64(sent) {
		t.Errorf("when all passes again: %d of %d came, %d beside", came, sent, m.besides.Load()-was)
	}
	if st := a.Stats(); st.DatagramsUnsent > 0 {
		t.Errorf("%d never left", st.DatagramsUnsent)
	}
}

// TestVoiceFromEveryAddress: a port of every address answers, beside as in QUIC, from
// the address that was dialed: the socket that middle dials with hears no other.
func TestVoiceFromEveryAddress(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the loopback has one address")
	}
	ida, idb := bearertest.ID(t, 1), bearertest.ID(t, 2)
	for _, every := range []string{":0", "0.0.0.0:0"} {
		l, err := quic.New(bearer.Options{Identity: idb, Allow: bearertest.Only(ida)}).Listen(t.Context(), every)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr())
		m := newMiddle(t, "127.0.0.2:"+port)
		a, err := quic.New(bearer.Options{Identity: ida, Allow: bearertest.Only(idb)}).Dial(t.Context(), m.near.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close(nil)
		b := bearertest.Hear(accept(t, l))
		said(t, a, b, 100, 500*time.Millisecond)
		was := m.besides.Load()
		if sent, came := said(t, b, bearertest.Hear(a), 100, 500*time.Millisecond); came < sent || m.besides.Load()-was < int64(sent) {
			t.Errorf("on %s: %d of %d came, %d beside", every, came, sent, m.besides.Load()-was)
		}
	}
}

// TestVoiceOfManyLines: connections between the same two ports are told apart.
func TestVoiceOfManyLines(t *testing.T) {
	ida, idb := bearertest.ID(t, 1), bearertest.ID(t, 2)
	two := func([32]byte) int { return 2 }
	l := listen(t, bearer.Options{Identity: idb, Allow: bearertest.Only(ida), Lines: two})
	ours := quic.New(bearer.Options{Identity: ida, Allow: bearertest.Only(idb), Lines: two})
	own, err := ours.Listen(t.Context(), "127.0.0.1:0") // so that both are dialed from one port
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	var as []bearer.Conn
	var bs []*bearertest.Ear
	for range 2 {
		a, err := ours.Dial(t.Context(), l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close(nil)
		as, bs = append(as, a), append(bs, bearertest.Hear(accept(t, l)))
	}
	for i := range as {
		said(t, as[i], bs[i], 50+i, 300*time.Millisecond)
		if sent, came := said(t, as[i], bs[i], 100+i, 300*time.Millisecond); came < sent {
			t.Errorf("line %d: %d of %d came", i, came, sent)
		}
	}
}
