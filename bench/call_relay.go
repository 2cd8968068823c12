package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"
)

// The floor of forwarding: a bare relay of UDP that opens each packet with AES-GCM
// and seals it anew, as each hop of a call must, and does nothing else.

// relayKey is of AES-128; the floor hides nothing.
var relayKey = []byte("a floor's own key")[:16]

func relayAEAD() cipher.AEAD {
	b, err := aes.NewCipher(relayKey)
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic(err)
	}
	return a
}

// relaySeal seals p under the number n, which goes before it.
func relaySeal(a cipher.AEAD, to []byte, n uint64, p []byte) []byte {
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], n)
	return a.Seal(append(to[:0], nonce[:]...), nonce[:], p, nil)
}

func relayOpen(a cipher.AEAD, to, b []byte) ([]byte, error) {
	if len(b) < 12 {
		return nil, errors.New("too short")
	}
	return a.Open(to[:0], b[:12], b[12:], nil)
}

// serveRelay adds what a relay can be told: relay ADDRESS begins one towards it,
// and says where it listens.
func serveRelay(ops map[string]handler) (end func()) {
	var sockets []*net.UDPConn
	ops["relay"] = on(func(to string) (string, error) {
		at, err := netip.ParseAddrPort(to)
		if err != nil {
			return "", err
		}
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return "", err
		}
		sockets = append(sockets, c)
		go func() {
			a := relayAEAD()
			in, plain, out := make([]byte, 2048), make([]byte, 2048), make([]byte, 2048)
			for n := uint64(0); ; n++ {
				k, _, err := c.ReadFromUDPAddrPort(in)
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err != nil {
					continue
				}
				p, err := relayOpen(a, plain, in[:k])
				if err != nil {
					continue
				}
				if _, err := c.WriteToUDPAddrPort(relaySeal(a, out, n, p), at); err != nil {
					return
				}
			}
		}()
		return c.LocalAddr().String(), nil
	})
	return func() {
		for _, c := range sockets {
			c.Close()
		}
	}
}

// relayed is what a chain of two relays, each its own process, costs at a rate.
func (b *bench) relayed(rate int, lasts time.Duration) (packets int, cpu time.Duration, took []time.Duration, err error) {
	far, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, 0, nil, err
	}
	defer far.Close()
	to := far.LocalAddr().String()
	var chain []*child
	for range 2 {
		c, err := b.start("relay")
		if err != nil {
			return 0, 0, nil, err
		}
		if to, err = call[string](c, "relay", to); err != nil {
			return 0, 0, nil, err
		}
		chain = append(chain, c)
	}
	near, err := net.Dial("udp4", to)
	if err != nil {
		return 0, 0, nil, err
	}
	defer near.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a := relayAEAD()
		in, plain := make([]byte, 2048), make([]byte, 2048)
		for {
			k, err := far.Read(in)
			if err != nil {
				return
			}
			if p, err := relayOpen(a, plain, in[:k]); err == nil {
				took = append(took, time.Since(epoch)-time.Duration(binary.BigEndian.Uint64(p)))
			}
		}
	}()
	before, err := cpuOf(chain...)
	if err != nil {
		return 0, 0, nil, err
	}
	a, buf, p := relayAEAD(), make([]byte, 2048), make([]byte, voiceBytes+12)
	began := time.Now()
	for n := 0; time.Since(began) < lasts; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / time.Duration(rate))))
		binary.BigEndian.PutUint64(p, uint64(time.Since(epoch)))
		if _, err := near.Write(relaySeal(a, buf, uint64(n), p)); err != nil {
			return 0, 0, nil, err
		}
	}
	after, err := cpuOf(chain...)
	if err != nil {
		return 0, 0, nil, err
	}
	time.Sleep(100 * time.Millisecond)
	far.Close()
	<-done
	for _, c := range chain {
		c.close()
	}
	return len(took), after - before, took, nil
}

// cpuOf is what processes have used together.
func cpuOf(cs ...*child) (sum time.Duration, err error) {
	for _, c := range cs {
		u, err := call[used](c, "usage", nothing{})
		if err != nil {
			return 0, err
		}
		sum += u.CPU
	}
	return sum, nil
}
